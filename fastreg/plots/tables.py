"""plot_table: estimates with their intervals, a row a coefficient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.plots.axes import NAME_SIZE, axes_or_new, matplotlib_module, must_be, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_HEIGHT = 0.26  # inches


@explains_names
def plot_table(
    table: Any,
    ax: Axes | None = None,
    *,
    rows: int = 40,
    intercept: bool = False,
    ratios: bool = False,
    title: str | None = None,
) -> Axes:
    """Draw a forest plot: estimates as points, intervals as lines, in the order of the table from the top.

    Intervals that hold no effect, zero, are grey. An interval that is infinite, or goes beyond the picture, ends in an
    arrow. Coefficients without an interval, such as those at a bound, are left out.

    Parameters
    ----------
    table : Table or PosteriorSummary
        What `fastreg.table`, `fastreg.debiased`, `fastreg.selective` or `Posterior.summary` returned.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None is a new figure.
    rows : int, default=40
        How many coefficients are drawn at most: those of the smallest p-values, or of a posterior those whose means are
        the most standard deviations away from zero.
    intercept : bool, default=False
        Whether the intercept is drawn.
    ratios : bool, default=False
        Whether exp of all numbers is drawn, on a log axis about 1: odds ratios of "binomial", rate ratios of
        "poisson", ratios of means of "gamma".
    title : str, default=None
        Text above the picture.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Save the picture with ax.figure.savefig("table.png").

    Raises
    ------
    ValueError
        Where no coefficient has an interval.
    ImportError
        Without matplotlib; it names the extra that brings it.

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
    >>> found = fastreg.table(fastreg.fit_path(X, y, alphas=[0.0]), X, y)
    >>> fastreg.plots.plot_table(found).get_xlabel()
    'coefficient, 95 % interval'
    """
    must_be("table", table, "Table", "names", "interval", "level")
    rows = check.check_count("rows", rows, 1)
    check.check_flag("intercept", intercept), check.check_flag("ratios", ratios)
    (low, high), estimate = table.interval.T, table.estimate if hasattr(table, "estimate") else table["mean"]
    others = ["(dispersion)"] if intercept else ["(dispersion)", "(intercept)"]
    known = ~np.isnan(low) & ~np.isin(table.names, others)
    places = np.flatnonzero(known)
    if not places.size:
        raise ValueError("no coefficient of this table has an interval to draw")
    doubt = table.p_value if hasattr(table, "p_value") else -np.abs(estimate) / table["sd"]
    places = np.sort(places[np.argsort(doubt[places], kind="stable")[:rows]])
    ax = axes_or_new(ax, plot_table, (6.5, 1.2 + ROW_HEIGHT * places.size))
    draw_intervals(
        ax, [short_name(table.names, j) for j in places], estimate[places], low[places], high[places], ratios
    )
    ax.set_xlabel(f"{'ratio' if ratios else 'coefficient'}, {100 * table.level:g} % interval")
    if title:
        ax.set_title(title)
    return ax


def draw_intervals(ax, names, estimate, low, high, ratios):
    """Draw points and their intervals, a row each from the top, about a line at no effect; of ratios exp of all."""
    left, right = _limits(estimate, low, high)
    unit = np.exp if ratios else np.asarray
    height = np.arange(len(names))
    shades = np.where((low > 0.0) | (high < 0.0), "black", "0.55")
    ax.axvline(float(unit(0.0)), color="0.6", linewidth=0.8, zorder=1)
    ax.hlines(height, unit(np.maximum(low, left)), unit(np.minimum(high, right)), color=shades, linewidth=1.6, zorder=2)
    for end, beyond, mark in ((left, low < left, "<"), (right, high > right, ">")):
        ax.scatter(np.full(beyond.sum(), unit(end)), height[beyond], marker=mark, color=shades[beyond], s=26, zorder=3)
    ax.scatter(unit(estimate), height, color=shades, s=22, zorder=3)
    spare = 0.03 * (right - left)
    ends = float(unit(left - spare)), float(unit(right + spare))
    if ratios:
        ax.set_xscale("log")
        ax.minorticks_off()
        ticks = ratio_ticks(*ends)
        ax.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    ax.set_xlim(*ends)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_yticks(height, labels=names, fontsize=NAME_SIZE, parse_math=False)
    ax.tick_params(axis="y", length=0)


def ratio_ticks(low, high):
    """Round numbers between two ratios: evenly apart within a decade, else powers of ten or of a thousand."""
    ticker = matplotlib_module("matplotlib.ticker")
    if high < 10.0 * low:
        found = ticker.MaxNLocator(8, steps=[1, 2, 5, 10]).tick_values(low, high)
    else:
        found = ticker.LogLocator(numticks=8).tick_values(low, high)
    return [float(f"{place:.6g}") for place in found if low <= place <= high]


def _limits(estimate, low, high):
    """The ends of the axis: all intervals and zero, but no more than four times as far as the estimates reach."""
    reach = 4.0 * max(float(np.ptp(np.append(estimate, 0.0))), float(np.median(np.minimum(high - low, 1e300))), 1e-300)
    ends = np.concatenate([[0.0], low[np.isfinite(low)], high[np.isfinite(high)], estimate])
    return max(float(ends.min()), float(estimate.min()) - reach), min(float(ends.max()), float(estimate.max()) + reach)
