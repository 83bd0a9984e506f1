"""What the command line prints about a path, and its files: coefficients and predictions as CSV, and pictures."""

import contextlib
import csv
import io
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from fastreg.cli.outputs import COLUMNS, DRAWN, PEOPLE
from fastreg.interface.data_frames import named_columns
from fastreg.interface.memory import shown
from fastreg.interface.writing import whole_file

FIRST = 8  # features named in order of entry
MARKED_BY = {"png": "Software", "pdf": "Creator", "svg": "Creator"}  # entry of the metadata that names fastreg, by kind


def say(text):
    """Print a line. If the reader of a pipe has closed it, as `head` does, the files are written all the same."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def noting():
    """Print the warnings of a block as notes on stderr, each text once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for kind in (DeprecationWarning, PendingDeprecationWarning):
            warnings.simplefilter("ignore", kind)
        yield
    texts = [str(warning.message) for warning in caught]
    lacking = "the picture's font lacks some letters of the names"
    for text in dict.fromkeys(lacking if each.startswith("Glyph ") else each for each in texts):
        print(f"Note: {text}", file=sys.stderr)


def describe(path, seconds):
    """Table, features in order of entry, certificate and cost, as text."""
    entered = [str(name) for name in path.entry_order()]
    first = ", ".join(entered[:FIRST]) if entered else "none"
    if len(entered) > FIRST:
        first += f", ... ({len(entered)} in all)"
    order = [f"Entering first: {first}."] if path.alphas.size > 1 else []
    return "\n".join([path.summary(), *order, cost(path, seconds)])


def cost(path, seconds):
    """Two lines: the points that are certified, and the time and reading that the fit took."""
    certified = np.count_nonzero(path.gaps <= path.tol)
    worst = float(path.gaps.max(initial=0.0))
    read, passes = path.work["columns_read"], path.work["passes"]
    points = f"{path.alphas.size} point{'s' * (path.alphas.size != 1)}"
    return (
        f"{certified} of {points} certified to a relative gap of {path.tol:g} (largest {worst:.1e}).\n"
        f"Took {seconds:.2f} s and read {read:,} columns: {passes:.1f} passes over X."
    )


def reading_text(file, X):
    """How often an OuterDesign was read, as text."""
    return f"{file} was read in full {X.reads:,} times, and columns of it besides: {shown(X.bytes_read)} in all."


def write_coefficients(path, file):
    """Write a row for each alpha, with a column for each feature that is ever in; returns the number of these."""
    order = {name: place for place, name in enumerate(path.entry_order())}
    ever = sorted(
        np.unique(path.coefs.indices).tolist(), key=lambda j: order[path.feature_names[j] if path.feature_names else j]
    )
    names = named_columns(path.feature_names, path.coefs.shape[0])
    values = path.coefs.tocsr()[ever].toarray() if ever else np.zeros((0, path.alphas.size))
    with whole_file(file) as opened:
        writer = csv.writer(opened)
        writer.writerow([*COLUMNS, *_apart([names[j] for j in ever])])
        for k, alpha in enumerate(path.alphas):
            numbers = [alpha, int(path.n_nonzero[k]), path.deviance_ratio[k], path.gaps[k]]
            fitted = [path.intercepts[k], *values[:, k]]
            writer.writerow([*plain(numbers), path.reasons[k], *plain(fitted)])
    return len(ever)


def _apart(names):
    """Names of features as headers of columns, changed where they equal a name in COLUMNS."""
    taken, headers = {*COLUMNS, *names}, []
    for name in names:
        if name in COLUMNS:
            while name in taken:
                name = f"feature {name}"
            taken.add(name)
        headers.append(name)
    return headers


def write_predictions(mean, labels, file, people=None):
    """Write for each row its number, the (family, name) of `people`, the predicted mean, and with two `labels` the more
    likely one; nothing for a mean that is NaN."""
    columns, names = [plain(mean)], ["prediction"]
    if labels is not None:
        columns.append([labels[int(value > 0.5)] if value == value else "" for value in mean])
        names.insert(0, f"probability of {labels[1]}")
    with whole_file(file) as opened:
        writer = csv.writer(opened)
        writer.writerow(["row", *(PEOPLE if people else ()), *names])
        for k, values in enumerate(zip(*columns)):
            writer.writerow([k + 1, *(people[k] if people else ()), *values])


def chosen_text(path, alpha, word):
    """One model of a path as text: its alpha, the number of features in it, and its largest coefficients."""
    coef, intercept = path.coef(alpha)
    columns = np.flatnonzero(coef)
    columns = columns[np.argsort(-np.abs(coef[columns]), kind="stable")]
    lines = [f"{word}: alpha = {alpha:.4g}, {columns.size:,} features in, intercept {intercept:.4g}"]
    names = named_columns(path.feature_names, coef.size)
    width = max((len(names[j]) for j in columns[:FIRST]), default=0)
    lines += [f"  {names[j]:<{width}}  {coef[j]:+.4g}" for j in columns[:FIRST]]
    if columns.size > FIRST:
        lines.append(f"  ... and {columns.size - FIRST:,} smaller ones")
    return "\n".join(lines)


def plain(values):
    """Numbers as text that is read back to the same bits; zeros are "0", and what is not a number is empty."""
    numbers = [value.item() if hasattr(value, "item") else value for value in values]
    return ["0" if value == 0 else "" if value != value else repr(value) for value in numbers]


def _kind_of_picture(file):
    """The kind of picture by the ending of a file's name; png where there is none."""
    return os.path.splitext(file)[1][1:].lower() or "png"


def check_picture(file):
    """Raise ValueError for an unknown kind of picture, ImportError without matplotlib."""
    from fastreg.plots.axes import matplotlib_module

    kind = _kind_of_picture(file)
    if kind not in MARKED_BY:
        raise ValueError(f"--plot {file}: a picture ends in .png, .pdf or .svg, not in .{kind}")
    matplotlib_module("matplotlib")


def picture(shown, file):
    """The content of a picture's file: a panel for each path, table or posterior, given with its title, and one for the
    scores of a cross-validated path.

    Raises ImportError without matplotlib.
    """
    from fastreg.plots import plot_cv, plot_path, plot_table
    from fastreg.plots.axes import matplotlib_module

    panels: list[tuple[Callable[..., Any], Any, str]] = []
    for fit, title in shown:
        panels.append((plot_table if hasattr(fit, "interval") else plot_path, fit, title))
        if hasattr(fit, "alpha_1se"):
            panels.append((plot_cv, fit, "Cross-validation"))
    # A Figure without pyplot, which would need a window system.
    figure = matplotlib_module("matplotlib.figure").Figure(figsize=(1.0 + 6.5 * len(panels), 5.2), layout="constrained")
    for (draw, fit, title), ax in zip(panels, np.atleast_1d(figure.subplots(1, len(panels)))):
        draw(fit, ax=ax, title=title)
    kind, drawn = _kind_of_picture(file), io.BytesIO()
    figure.savefig(drawn, format=kind, metadata={MARKED_BY[kind]: DRAWN}, dpi=120)
    return drawn.getvalue()


def error_text(error):
    """An error as one line; an OSError as its file and reason."""
    if not isinstance(error, OSError):
        return str(error)
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason[:1].lower()}{reason[1:]}" if error.filename else reason
