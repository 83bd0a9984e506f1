"""Parts of pictures: axes, the lines of many features, an axis of alphas, counts on top, names of lines, marks."""

import importlib
import inspect

import numpy as np

from fastreg.interface.scalars import ParameterError

NAME_SIZE = 8  # points: font size of names and counts
LONGEST_NAME = 28  # characters of a name that are shown
SHADES = ("#000000", "#0072b2", "#b3460a", "#00745a", "#8a2f73")  # colours that stay dark in grey print
DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)))
RASTER = 2000  # lines or points beyond which they are drawn as pixels, since a vector file would be too large


def matplotlib_module(name):
    """A module of matplotlib, or an ImportError that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'fastreg-engine[plot]'") from None


def axes_or_new(ax, picture, size=(8, 5)):
    """`ax`, or the axes of a new figure if it is None; else a ParameterError with the options of `picture`."""
    if hasattr(ax, "get_xlim") and hasattr(ax, "plot"):
        return ax
    if ax is not None:
        kinds = inspect.signature(picture).parameters.values()
        options = ", ".join(f"{each.name}={each.default!r}" for each in kinds if each.kind is each.KEYWORD_ONLY)
        advice = "pass figure.subplots()" if hasattr(ax, "subplots") else f"its options go by name: {options}"
        raise ParameterError(
            f"ax of {picture.__name__} must be axes of matplotlib, or None for a new figure, got {_shown(ax)}; {advice}"
        )
    return matplotlib_module("matplotlib.pyplot").subplots(figsize=size, layout="constrained")[1]


def _shown(value):
    """A text in quotes, or the type of another value."""
    return repr(value) if isinstance(value, str) else f"a {type(value).__name__}"


def must_be(name, value, kind, *attributes):
    """Raise ParameterError unless `value` has the attributes that a result of this kind has."""
    if not all(hasattr(value, each) for each in attributes):
        raise ParameterError(f"{name} must be a fastreg.{kind}, got {_shown(value)}")


def draw_lines(ax, lines, strongest, ends):
    """Draw polylines: the `strongest` dark and in different styles, from top to bottom, the others grey behind them.

    Returns the strongest in the order of their ends, from the top, and their colours.
    """
    collections = matplotlib_module("matplotlib.collections")
    faint = np.setdiff1d(np.arange(len(lines)), strongest)
    grey = collections.LineCollection(
        [lines[k] for k in faint], colors="0.72", linewidths=0.8, rasterized=faint.size > RASTER, zorder=1.5
    )
    ax.add_collection(grey, autolim=False)
    strongest = strongest[np.argsort(-ends[strongest], kind="stable")]  # so that neighbours differ in style
    shades = [SHADES[k % len(SHADES)] for k in range(strongest.size)]
    dark = collections.LineCollection(
        [lines[k] for k in strongest],
        colors=shades,
        linestyles=[DASHES[k % len(DASHES)] for k in range(strongest.size)],
        linewidths=1.5,
    )
    ax.add_collection(dark, autolim=False)
    return strongest, shades


def alpha_axis(ax, alphas):
    """Make the x axis one of log alpha that falls to the right."""
    ax.set_xlabel("penalty alpha (log scale, falling to the right)")
    ax.set_xscale("log")
    spare = 2.0 if alphas[0] == alphas[-1] else 1.0
    ax.set_xlim(alphas[0] * spare, alphas[-1] / spare)


def points_to_draw(alphas):
    """Positions of the positive alphas, which a logarithmic axis can show."""
    shown = np.flatnonzero(np.asarray(alphas) > 0)
    if not shown.size:
        raise ValueError("no point with alpha > 0 to draw")
    return shown


def count_on_top(ax, places, counts, title="features in"):
    """Add an axis on top with the number of features in at about seven places."""
    scale = np.log if ax.get_xscale() == "log" else np.asarray
    ends = scale(np.array(ax.get_xlim()))
    targets = np.linspace(ends[0], ends[1], 7)[:, None]
    chosen = np.unique(np.abs(scale(places) - targets).argmin(axis=1))
    kept: list[int] = []
    for k in chosen:  # skip those so near to the last that their numbers would touch
        if not kept or abs(scale(places[k]) - scale(places[kept[-1]])) > 0.06 * abs(ends[1] - ends[0]):
            kept.append(k)
    top = ax.secondary_xaxis("top")
    top.minorticks_off()
    top.set_xticks(places[kept], labels=[f"{count:,}" for count in counts[kept]])
    top.tick_params(labelsize=NAME_SIZE, length=3, pad=2)
    top.set_xlabel(title, fontsize=NAME_SIZE)


def mark_places(ax, places):
    """Draw vertical lines at {label: place}, each label along its line, below other labels that it would touch."""
    left, right = ax.get_xlim()
    written: list[tuple[float, float]] = []  # labels, in points: from the left, and down to their ends
    for label, place in places.items():
        if not min(left, right) <= place <= max(left, right):
            continue
        ax.axvline(place, color="0.25", linewidth=1.0, linestyle=(0, (1, 2)), zorder=1.2)
        at = ax.transData.transform((place, ax.get_ylim()[0]))[0] * 72.0 / ax.figure.dpi
        top = max((end for other, end in written if abs(at - other) < 1.6 * NAME_SIZE), default=0.0) + 4.0
        written.append((at, top + 0.7 * NAME_SIZE * len(label)))
        ax.annotate(
            label, xy=(place, 1.0), xycoords=ax.get_xaxis_transform(), xytext=(-3, -top), textcoords="offset points",
            rotation=90, ha="right", va="top", fontsize=NAME_SIZE, color="0.15", zorder=4,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
        )  # fmt: skip


def short_name(names, j):
    """The name of column j, shortened if it is long; its number if there are no names."""
    name = str(names[j]) if names else f"[{j}]"
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def name_ends(ax, names, end, heights, shades):
    """Write names to the right of the axes, moved apart where they would overlap, each joined to its line.

    `heights` are where the lines end, decreasing.
    """
    if not names:
        return
    low, high = ax.get_ylim()
    height = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    gap = 1.3 * NAME_SIZE * (high - low) / max(height, 1.0)
    fit = max(int((high - low) / gap), 1)
    if len(names) > fit:  # a small picture: keep the largest
        keep = np.sort(np.argsort(-np.abs(heights), kind="stable")[:fit])
        names, heights, shades = [names[k] for k in keep], heights[keep], [shades[k] for k in keep]
    places = spread_apart(np.asarray(heights), gap, low, high)
    for name, value, place, shade in zip(names, heights, places, shades):
        ax.annotate(
            name, xy=(end, value), xytext=(1.045, place), textcoords=ax.get_yaxis_transform(),
            color=shade, fontsize=NAME_SIZE, va="center", annotation_clip=False, parse_math=False, arrowprops={
                "arrowstyle": "-", "color": shade, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 0,
                "relpos": (0.0, 0.5),
            },
        )  # fmt: skip


def spread_apart(wanted, gap, low, high):
    """Decreasing places within [low, high], at least `gap` apart, that are closest to `wanted` in least squares.

    With u_k = place_k + k gap the condition is that u decreases: an isotonic regression, solved by pooling adjacent
    violators.
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
