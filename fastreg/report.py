"""What the command line says about a path: table, order of entry, cost; and the coefficients as CSV."""

import csv
import os

import numpy as np

FIRST = 8  # features named in order of entry


def describe(path, seconds):
    """Table, features in order of entry, certificate and cost, as text."""
    entered = [str(name) for name in path.entry_order()]
    first = ", ".join(entered[:FIRST]) if entered else "none"
    if len(entered) > FIRST:
        first += f", ... ({len(entered)} in all)"
    return "\n".join([path.summary(), f"Entering first: {first}.", cost(path, seconds)])


def cost(path, seconds):
    """Two lines: what was certified, and what it took."""
    points, certified = path.alphas.size, np.count_nonzero(path.gaps <= path.tol)
    worst = float(path.gaps.max(initial=0.0))
    read, passes = path.work["columns_read"], path.work["passes"]
    return (
        f"{certified} of {points} points certified to a relative gap of {path.tol:g} (largest {worst:.1e}).\n"
        f"Took {seconds:.2f} s and read {read:,} columns: {passes:.1f} passes over X."
    )


def write_coefficients(path, file):
    """A row per alpha, a column for each feature that is ever in, in order of entry. Returns their number."""
    ever = np.unique(path.coefs.indices)
    order = {name: place for place, name in enumerate(path.entry_order())}
    ever = sorted(ever, key=lambda j: order[path.feature_names[j] if path.feature_names else j])
    values = path.coefs.tocsr()[ever].toarray() if ever else np.zeros((0, path.alphas.size))
    names = [path.feature_names[j] if path.feature_names else f"x{j}" for j in ever]
    with open(file, "w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(["alpha", "features", "deviance_explained", "gap", "reason", "intercept", *names])
        for k, alpha in enumerate(path.alphas):
            numbers = [alpha, int(path.n_features_in[k]), path.deviance_ratio[k], path.gaps[k]]
            fitted = [path.intercepts[k], *values[:, k]]
            writer.writerow([*_plain(numbers), path.reasons[k], *_plain(fitted)])
    return len(ever)


def write_predictions(mean, labels, file):
    """A row for each row predicted: its number, the mean response, and of two `labels` the more likely one."""
    with open(file, "w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        if labels is None:
            writer.writerow(["row", "prediction"])
            writer.writerows([k, text] for k, text in enumerate(_plain(mean), start=1))
            return
        writer.writerow(["row", f"probability of {labels[1]}", "prediction"])
        likely = [labels[int(value > 0.5)] for value in mean]
        writer.writerows([k, *pair] for k, pair in enumerate(zip(_plain(mean), likely), start=1))


def chosen_text(path, alpha, word):
    """One model of a path in words: its alpha, how many features are in, and the largest coefficients."""
    coef, intercept = path.coef(alpha)
    columns = np.flatnonzero(coef)
    columns = columns[np.argsort(-np.abs(coef[columns]), kind="stable")]
    lines = [f"{word}: alpha = {alpha:.4g}, {columns.size:,} features in, intercept {intercept:.4g}"]
    width = max((len(_name_of(path, j)) for j in columns[:FIRST]), default=0)
    lines += [f"  {_name_of(path, j):<{width}}  {coef[j]:+.4g}" for j in columns[:FIRST]]
    if columns.size > FIRST:
        lines.append(f"  ... and {columns.size - FIRST:,} smaller ones")
    return "\n".join(lines)


def _name_of(path, j):
    return path.feature_names[j] if path.feature_names else f"x{j}"


def _plain(values):
    """Numbers as text that reads back to the same bits, zeros short."""
    return ["0" if value == 0 else repr(value.item() if hasattr(value, "item") else value) for value in values]


def check_picture(file):
    """A ValueError for a kind of picture that cannot be written, an ImportError without matplotlib."""
    from fastreg.plots.axes import matplotlib_module

    kinds = matplotlib_module("matplotlib.backend_bases").FigureCanvasBase.get_supported_filetypes()
    kind = os.path.splitext(file)[1][1:].lower()
    if kind and kind not in kinds:
        raise ValueError(f"--plot {file}: a picture ends in .png, .pdf or .svg, not in .{kind}")


def save_picture(fits, titles, file):
    """One panel a path, in one file, and the curve beside a cross-validated one. ImportError without matplotlib."""
    from fastreg.plots import plot_cv, plot_path
    from fastreg.plots.axes import matplotlib_module

    panels = []
    for fit, title in zip(fits, titles):
        panels.append((plot_path, fit, title))
        if hasattr(fit, "alpha_1se"):
            panels.append((plot_cv, fit, "Cross-validation"))
    # A Figure of its own, not pyplot's: no window system is asked for.
    figure = matplotlib_module("matplotlib.figure").Figure(figsize=(1.0 + 6.5 * len(panels), 5.2), layout="constrained")
    for (draw, fit, title), ax in zip(panels, np.atleast_1d(figure.subplots(1, len(panels)))):
        draw(fit, ax=ax, title=title)
    figure.savefig(file, dpi=120)


def told(error):
    """An OSError in a few words: which file, and why."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason[:1].lower()}{reason[1:]}" if error.filename else reason
