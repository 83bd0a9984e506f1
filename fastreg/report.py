"""What the command line says about a path: table, order of entry, cost; and the coefficients as CSV."""

import csv

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


def _plain(values):
    """Numbers as text that reads back to the same bits, zeros short."""
    return ["0" if value == 0 else repr(value.item() if hasattr(value, "item") else value) for value in values]


def save_picture(paths, titles, file):
    """One panel a path, side by side, in one file. Raises ImportError without matplotlib."""
    from fastreg.plots import _matplotlib, plot_path

    # A Figure of its own, not pyplot's: no window system is asked for.
    figure = _matplotlib("matplotlib.figure").Figure(figsize=(1.0 + 6.5 * len(paths), 5.2), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(paths)))
    for path, title, ax in zip(paths, titles, axes):
        plot_path(path, ax=ax, title=title)
    figure.savefig(file, dpi=120)
