"""plot_effect: how the response changes with one column of a data frame, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import stats

from fastreg.design.designs import as_design
from fastreg.inference import diagnostics
from fastreg.interface import validation as check
from fastreg.interface.encoding import Encoding
from fastreg.interface.frames import frame_view, labels_of, numbers_of, rows_of
from fastreg.interface.naming import explains_names
from fastreg.interface.scalars import ParameterError
from fastreg.plots.axes import NAME_SIZE, axes_or_new, must_be
from fastreg.plots.tables import ROW_HEIGHT, draw_intervals, ratio_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 1000  # of X, evenly spaced, over which other columns are averaged
POINTS = 41  # of a curve
ABSENT = "missing"  # label of rows without a value


@explains_names
def plot_effect(
    result: Any,
    X: Any,
    column: str,
    ax: Axes | None = None,
    *,
    reference: Any = None,
    ratios: bool = False,
    rows: int = 40,
    level: float | None = None,
    title: str | None = None,
) -> Axes:
    """Draw how the linear predictor changes with one column, the others held: levels as a list, numbers as a curve.

    The effect of a value v is c(v)'b, with c(v) the mean over the rows of X of what v in place of their own value
    changes in their row of the design, against the `reference`. Intervals are those of this sum of coefficients:
    Wald's, or of a posterior the shortest that hold the share `level` of the draws. An interval of a single coefficient
    is the table's own.

    Parameters
    ----------
    result : Table or Posterior
        What `table`, `debiased`, `selective` or `posterior` returned for a fit to a data frame.
    X : data frame of shape (n, p)
        The frame of the fit, or one with the same columns: it has the values to draw. At most 1,000 of its rows are
        used, evenly spaced.
    column : str
        Name of a column of X.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None is a new figure.
    reference : object, default=None
        The value that all others are compared with. None is the level without a coefficient of its own if there is one,
        and else the mean over the rows, of a number over those that have one.
    ratios : bool, default=False
        Whether exp of all numbers is drawn, on a log axis about 1: odds ratios of "binomial", rate ratios of
        "poisson", ratios of means of "gamma".
    rows : int, default=40
        How many levels are drawn at most: the most frequent ones.
    level : float, default=None
        Coverage of an interval; None is that of the table, and 0.94 for a posterior.
    title : str, default=None
        Text above the picture.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Save the picture with ax.figure.savefig("effect.png").

    Raises
    ------
    ValueError
        Where no coefficient of the result depends on the column, and where an effect needs covariances of several
        coefficients that the table does not have.
    ImportError
        Without matplotlib; it names the extra that brings it.

    References
    ----------
    Fox (1987), Effect displays for generalized linear models, Sociological Methodology 17, 347-361.

    Examples
    --------
    >>> import pandas as pd
    >>> import fastreg
    >>> X, y = pd.DataFrame({"dose": [0.0, 1.0, 2.0, 3.0]}), [0.0, 1.1, 1.9, 3.2]
    >>> found = fastreg.table(fastreg.fit_path(X, y, alphas=[0.0]), X, y)
    >>> fastreg.plots.plot_effect(found, X, "dose").get_xlabel()
    'dose'
    """
    must_be("result", result, "Table or fastreg.Posterior", "names", "covariance")
    check.check_flag("ratios", ratios), check.check_count("rows", rows, 1)
    if level is not None:
        level = check.check_number("level", level, 0.0, 1.0, low_open=True, high_open=True)
    values = _values_of(result, X, column, rows)
    effect = _effect(result, values, reference, level)
    if values.places is None:
        ax = axes_or_new(ax, plot_effect, (6.5, 1.2 + ROW_HEIGHT * len(values.labels)))
        draw_intervals(ax, values.labels, effect.estimate, effect.low, effect.high, ratios)
        ax.set_xlabel(effect.words(ratios))
        ax.set_title(column if title is None else title, parse_math=title is not None)
        return ax
    ax = axes_or_new(ax, plot_effect, (6.5, 4))
    _draw_curve(ax, values, effect, ratios)
    ax.set_xlabel(column, parse_math=False)
    ax.set_ylabel(effect.words(ratios))
    if title:
        ax.set_title(title)
    return ax


class Values(NamedTuple):
    """Values of a column, and the mean row of the design under each."""

    labels: list[str]
    places: np.ndarray | None  # on a number's axis, or None for levels
    seen: np.ndarray  # a number's values in the rows of X
    means: np.ndarray  # (values, p)
    own: np.ndarray  # (p,) with the values that the rows have
    names: list[str]  # of the p columns of the design
    at: Any  # value -> mean row


class Effect(NamedTuple):
    """Estimates of effects with their intervals."""

    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float
    against: str

    def words(self, ratios):
        return f"{'ratio to' if ratios else 'difference from'} {self.against}, {100 * self.level:g} % interval"


def _values_of(result, X, column, rows):
    import narwhals as nw

    labels = labels_of(X)
    if labels is None or frame_view(X, labels) is None:
        raise ParameterError(f"X must be the data frame of the fit, got a {type(X).__name__}; its columns are named")
    known = [str(label) for label in labels]
    if column not in known:
        raise ParameterError(f"column is {column!r}, but X has no such column; it has {', '.join(map(repr, known))}")
    X, j = X if labels == known else X.set_axis(known, axis=1), known.index(column)
    encoding = result.path.encoding if hasattr(result, "path") else result.encoding
    read = _columns_of(encoding)
    rule = max((each for each in read if each.name == column), key=lambda each: len(each.levels), default=None)
    series = frame_view(X, known)[column]
    found = _levels(series, rule, rows)
    X = rows_of(X, np.unique(np.linspace(0, len(series) - 1, ROWS).astype(int)))
    if any(each.missing == "drop" for each in read):
        X = rows_of(X, np.flatnonzero(Encoding(read).kept(X)))
    if found is None:
        places, seen = _points(series, j), _places_of(frame_view(X, known)[column], j)
        X, seen = rows_of(X, np.flatnonzero(~np.isnan(seen))), seen[~np.isnan(seen)]
        values, shown = places.tolist(), []
    else:
        (values, shown), places, seen = found, None, np.empty(0)
    view, own = frame_view(X, known), nw.col(column)
    missing = nw.when(own.is_null() & ~own.is_null()).then(own)  # in every row, of the column's own type

    def at(value):
        given = missing if value is None else nw.lit(value)
        return _mean_row(view.with_columns(given.alias(column)).to_native(), encoding)

    names = encoding.names() if encoding is not None else known
    means = np.array([at(value) for value in values])
    return Values(shown, places, seen, means, _mean_row(X, encoding), names, at)


def _columns_of(encoding):
    """How each column of a frame was read, by the frame's encoding or by that of a formula."""
    parts = [encoding] if hasattr(encoding, "columns") else [*getattr(encoding, "variables", {}).values()]
    return tuple(column for part in parts for column in part.columns)


def _mean_row(X, encoding):
    """The mean over rows of what an encoding, or a frame of numbers, has for each coefficient."""
    design = as_design(check.check_design(encoding.read(X) if encoding is not None else check.check_table(X)))
    n = design.shape[0]
    return design.correlate(np.full(n, 1.0 / n))


def _levels(series, rule, rows):
    """(levels in order, labels) of a category, of text and of truth values; None of numbers and dates."""
    import narwhals as nw

    counted = rule is not None and rule.levels
    if not counted and (series.dtype.is_numeric() or series.dtype.is_temporal()):
        return None
    given = series.to_list()
    absent = [value is None or value != value for value in given]
    count: dict[Any, int] = {}
    for value, missing in zip(given, absent):
        value = None if missing else value
        count[value] = count.get(value, 0) + 1
    order = [*rule.levels] if counted else sorted(value for value in count if value is not None)
    levels = [value for value in order if value in count]
    if any(absent) and rule is not None and rule.indicator:
        levels.append(None)
    if series.dtype == nw.Boolean and None in levels:
        levels.remove(None)  # no frame has truth values of which none is known
    most = sorted(levels, key=lambda value: -count[value])[:rows]
    levels = [value for value in levels if value in most]
    return levels, [ABSENT if value is None else str(value) for value in levels]


def _points(series, j):
    """Places evenly apart between the ends of a column of numbers or dates."""
    seen = _places_of(series, j)
    seen = seen[~np.isnan(seen)]
    if seen.dtype.kind == "M":
        return seen.min() + (seen.max() - seen.min()) * np.arange(POINTS) // (POINTS - 1)
    return np.linspace(seen.min(), seen.max(), POINTS)


def _places_of(series, j):
    """A column of numbers as float64, of dates as datetime64 of microseconds."""
    if series.dtype.is_temporal():
        return np.array(series.to_list(), dtype="datetime64[us]")
    return numbers_of("X", series, j, series.name)


def _effect(result, values, reference, level):
    """Differences from the reference, with intervals."""
    moved = np.flatnonzero(np.ptp(np.vstack([values.means, values.own]), axis=0) > 0.0)
    place = {name: k for k, name in enumerate(result.names)}
    kept = [j for j in moved if values.names[j] in place]
    if not kept:
        raise ValueError("no coefficient of the result depends on this column")
    used = np.array([place[values.names[j]] for j in kept])
    free = ~np.isnan(result.lower[used]) if hasattr(result, "lower") else np.ones(used.size, dtype=bool)
    own, against = values.own, "the mean"
    if reference is not None:
        own, against = values.at(reference), str(reference)
    elif values.places is None:
        without = np.flatnonzero(~np.any(values.means[:, np.array(kept)[free]], axis=1))
        if without.size:
            own, against = values.means[without[0]], values.labels[without[0]]
    D = values.means[:, kept] - own[kept]
    if hasattr(result, "path"):
        level = 0.94 if level is None else level
        estimate, low, high = _of_posterior(result, D, used, level)
    else:
        level = result.level if level is None else level
        estimate, low, high = _of_table(result, D, used, free, level)
    return Effect(estimate, low, high, level, against)


def _of_posterior(result, D, used, level):
    if not result.draws.size:
        covariance = result.covariance[np.ix_(used, used)]
        return _wald(D @ result.mode[used], D, covariance, stats.norm.isf(0.5 * (1.0 - level)))
    draws = result.draws[:, :, used].reshape(-1, used.size) @ D.T
    ends = np.array([diagnostics.highest_density(each, level) for each in draws.T])
    return draws.mean(axis=0), ends[:, 0], ends[:, 1]


def _of_table(result, D, used, free, level):
    estimate = D @ result.estimate[used]
    D, used = D[:, free], used[free]
    if level == result.level and np.all(np.count_nonzero(D, axis=1) <= 1):  # a multiple of one coefficient's interval
        one = np.abs(D).argmax(axis=1)
        factor = D[np.arange(len(D)), one]
        ends = np.sort([_times(factor, result.lower[used[one]]), _times(factor, result.upper[used[one]])], axis=0)
        fixed = estimate - factor * result.estimate[used[one]]
        return estimate, ends[0] + fixed, ends[1] + fixed
    if result.covariance is None:
        raise ValueError(
            "this table has no covariances, which differences between several coefficients need; "
            "plot_table shows each coefficient with its own interval"
        )
    law = stats.t(result.degrees_left) if result.test == "t" else stats.norm
    return _wald(estimate, D, result.covariance[np.ix_(used, used)], law.isf(0.5 * (1.0 - level)))


def _wald(estimate, D, covariance, quantile):
    """(estimates, ends) of sums of coefficients D b, whose intervals reach to a quantile of standard errors."""
    half = quantile * np.sqrt(np.einsum("ij,jk,ik->i", D, covariance, D))
    return estimate, estimate - half, estimate + half


def _times(factor, end):
    """Products, with zero times infinity as zero."""
    return np.where(factor == 0.0, 0.0, factor * np.where(factor == 0.0, 0.0, end))


def _draw_curve(ax, values, effect, ratios):
    """A line in its band, and ticks at the values that rows have."""
    unit = np.exp if ratios else np.asarray
    ax.fill_between(values.places, unit(effect.low), unit(effect.high), color="0.85", linewidth=0.0, zorder=1)
    ax.axhline(float(unit(0.0)), color="0.6", linewidth=0.8, zorder=1.5)
    ax.plot(values.places, unit(effect.estimate), color="black", linewidth=1.8, zorder=2)
    ax.set_xlim(values.places[0], values.places[-1])
    if ratios:
        ax.set_yscale("log")
        ax.minorticks_off()
        ticks = ratio_ticks(*ax.get_ylim())
        ax.set_yticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    ax.plot(
        values.seen, np.full(values.seen.size, 0.02), "|", color="0.35", markersize=7, markeredgewidth=0.5, alpha=0.5,
        transform=ax.get_xaxis_transform(), clip_on=False, rasterized=True, zorder=3,
    )  # fmt: skip
    ax.tick_params(labelsize=NAME_SIZE + 1)
