"""Pictures of paths. matplotlib is imported when one is drawn."""

import numpy as np

NAME_SIZE = 8  # points, of the feature names
LONGEST_NAME = 28  # letters; longer names are cut
SHADES = ("#000000", "#0072b2", "#b3460a", "#00745a", "#8a2f73")  # dark enough to be printed without colour
DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)))
RASTER = 2000  # lines beyond which a vector file would be too large to open


def plot_path(path, ax=None, *, labels=10, title=None):
    """Draw the coefficients of a path against alpha, which falls to the right as features come in.

    Only features that are ever in are drawn. The `labels` features of largest coefficient at the last point
    are drawn dark and named at the ends of their lines; the others are grey. The numbers on top count the
    features in. Points that are not certified carry a cross on the zero line. A point at alpha = 0 has no
    place on the logarithmic axis and is left out.

    Parameters
    ----------
    path : fastreg.Path.
    ax : matplotlib axes to draw on, or None for a new figure.
    labels : how many features to name at most; 0 for none.
    title : text above the picture.

    Returns
    -------
    The axes. Save the picture with ax.figure.savefig("path.png").

    Raises
    ------
    ImportError without matplotlib, naming the extra that brings it.
    """
    collections = _matplotlib("matplotlib.collections")
    if ax is None:
        ax = _matplotlib("matplotlib.pyplot").subplots(figsize=(8, 5), layout="constrained")[1]
    shown = np.flatnonzero(path.alphas > 0)
    alphas = path.alphas[shown]
    features, ends, lines = _lines(path, shown)
    strongest = np.argsort(-np.abs(ends), kind="stable")[: min(labels, np.count_nonzero(ends))]
    faint = np.setdiff1d(np.arange(features.size), strongest)
    _frame(ax, path, alphas, lines, title)
    if alphas.size == 1:
        ax.plot(np.repeat(alphas, features.size), ends, "o", color="0.35", markersize=4)
    grey = collections.LineCollection(
        [lines[k] for k in faint], colors="0.72", linewidths=0.8, rasterized=faint.size > RASTER, zorder=1.5
    )
    ax.add_collection(grey, autolim=False)
    strongest = strongest[np.argsort(-ends[strongest])]  # from top to bottom, so that neighbours differ in style
    styles = [(SHADES[k % len(SHADES)], DASHES[k % len(DASHES)]) for k in range(strongest.size)]
    dark = collections.LineCollection(
        [lines[k] for k in strongest],
        colors=[shade for shade, _ in styles],
        linestyles=[dash for _, dash in styles],
        linewidths=1.5,
    )
    ax.add_collection(dark, autolim=False)
    names = [_name(path, features[k]) for k in strongest]
    _name_ends(ax, names, alphas, ends[strongest], [shade for shade, _ in styles])
    return ax


def _matplotlib(module):
    """A module of matplotlib, or an ImportError that says how to get it."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'fastreg-engine[plot]'") from None


def _lines(path, shown):
    """Features that are ever in, their coefficients at the last point, and a polyline (points, 2) for each.

    A line begins at the zero before a feature enters and ends at the zero after it has left for good.
    """
    rows = path.coefs[:, shown].tocsr()
    rows.sort_indices()
    features = np.flatnonzero(np.diff(rows.indptr))
    last = shown.size - 1
    alphas, ends, lines = path.alphas[shown], np.zeros(features.size), []
    for k, j in enumerate(features):
        part = slice(rows.indptr[j], rows.indptr[j + 1])
        where = rows.indices[part]
        low, high = max(where[0] - 1, 0), min(where[-1] + 1, last)
        values = np.zeros(high - low + 1)
        values[where - low] = rows.data[part]
        ends[k] = values[-1] if high == last else 0.0
        lines.append(np.column_stack([alphas[low : high + 1], values]))
    return features, ends, lines


def _frame(ax, path, alphas, lines, title):
    """Limits and labels, the count of features on top, and crosses at points that are not certified."""
    ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=1)
    ax.set_ylabel("coefficient")
    ax.set_xlabel("penalty alpha (log scale, falling to the right)")
    if title:
        ax.set_title(title)
    values = np.concatenate([line[:, 1] for line in lines]) if lines else np.zeros(1)
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    margin = 0.05 * (high - low) or 1.0
    ax.set_ylim(low - margin, high + margin)
    if not lines:
        message = "no feature is in" if alphas.size else "no point with alpha > 0"
        ax.text(0.5, 0.6, message, transform=ax.transAxes, ha="center", color="0.35")
    if not alphas.size:
        ax.set_xticks([])
        return
    ax.set_xscale("log")
    spare = 2.0 if alphas[0] == alphas[-1] else 1.0
    ax.set_xlim(alphas[0] * spare, alphas[-1] / spare)
    shown = np.flatnonzero(path.alphas > 0)
    failed = [k for k in shown if path.reasons[k] == "max_iter"]
    if failed:
        ax.plot(
            path.alphas[failed],
            np.zeros(len(failed)),
            "x",
            color="black",
            markersize=5,
            label="not certified",
        )
        ax.legend(loc="best", frameon=False, fontsize=NAME_SIZE)
    _count_on_top(ax, alphas, path.n_features_in[shown])


def _count_on_top(ax, alphas, counts):
    """A second axis on top that says how many features are in at about seven points."""
    targets = np.linspace(np.log(alphas[0]), np.log(alphas[-1]), 7)
    places = np.unique(np.abs(np.log(alphas)[:, None] - targets).argmin(axis=0))
    top = ax.secondary_xaxis("top")
    top.minorticks_off()
    top.set_xticks(alphas[places], labels=[f"{count:,}" for count in counts[places]])
    top.tick_params(labelsize=NAME_SIZE, length=3, pad=2)
    top.set_xlabel("features in", fontsize=NAME_SIZE)


def _name(path, j):
    name = str(path.feature_names[j]) if path.feature_names else f"[{j}]"
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _name_ends(ax, names, alphas, ends, shades):
    """Names right of the axes, moved apart where they would overlap, each tied to its line; `ends` fall."""
    if not names:
        return
    low, high = ax.get_ylim()
    height = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    gap = 1.3 * NAME_SIZE * (high - low) / max(height, 1.0)
    fit = max(int((high - low) / gap), 1)
    if len(names) > fit:  # a small picture: keep the largest
        keep = np.sort(np.argsort(-np.abs(ends), kind="stable")[:fit])
        names, ends, shades = [names[k] for k in keep], ends[keep], [shades[k] for k in keep]
    places = spread_apart(np.asarray(ends), gap, low, high)
    for name, end, place, shade in zip(names, ends, places, shades):
        ax.annotate(
            name, xy=(alphas[-1], end), xytext=(1.045, place), textcoords=ax.get_yaxis_transform(),
            color=shade, fontsize=NAME_SIZE, va="center", annotation_clip=False, arrowprops={
                "arrowstyle": "-", "color": shade, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 0,
                "relpos": (0.0, 0.5),
            },
        )  # fmt: skip


def spread_apart(wanted, gap, low, high):
    """Places within [low, high], at least `gap` apart, as near to `wanted` (falling) as least squares allows.

    With u_k = place_k + k gap the condition is that u falls: an isotonic regression, solved by pooling
    neighbours.
    """
    steps = gap * np.arange(wanted.size)
    pools: list[list[float]] = []  # (mean, size)
    for value in wanted + steps:
        pools.append([float(value), 1])
        while len(pools) > 1 and pools[-1][0] > pools[-2][0]:
            mean, size = pools.pop()
            other, count = pools.pop()
            pools.append([(mean * size + other * count) / (size + count), size + count])
    level = np.concatenate([np.full(int(size), mean) for mean, size in pools])
    return np.clip(level, low + steps[-1], high) - steps
