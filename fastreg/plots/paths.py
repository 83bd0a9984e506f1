"""plot_path: coefficients against alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.interface.reasons import UNCERTIFIED
from fastreg.plots.axes import (
    NAME_SIZE,
    alpha_axis,
    axes_or_new,
    count_on_top,
    draw_lines,
    mark_places,
    must_be,
    name_ends,
    short_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastreg.multi.result import MultiPath
    from fastreg.paths.result import Path
    from fastreg.selection.cross_validation.result import CVPath

AXES = {"deviance": "share of the deviance explained", "norm": "sum of the sizes of the coefficients"}


@explains_names
def plot_path(
    path: Path | MultiPath | CVPath,
    ax: Axes | None = None,
    *,
    x: str = "alpha",
    labels: int = 10,
    chosen: dict[str, float] | float | None = None,
    title: str | None = None,
    response: Any = None,
) -> Axes:
    """Draw the coefficients of a path against alpha, which falls to the right as features come in.

    Only features that are ever in are drawn. The `labels` features of largest coefficient at the last point
    are drawn dark and named at the ends of their lines; the others are grey. The numbers on top count the
    features in. Points that are not certified carry a cross on the zero line. A point at alpha = 0 has no
    place on the logarithmic axis and is left out.

    Parameters
    ----------
    path : fastreg.Path, fastreg.MultiPath or fastreg.CVPath
        What is drawn; the two choices of a CVPath are marked.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None is a new figure.
    x : {"alpha", "deviance", "norm"}, default="alpha"
        "deviance" is the share explained, "norm" the sum of |b_j| (columns should share a scale).
    labels : int, default=10
        How many features to name at most; 0 for none.
    chosen : dict or float, default=None
        {label: alpha} to mark by vertical lines, or one alpha; {} for none.
    title : str, default=None
        Text above the picture.
    response : label or int, default=None
        Of a MultiPath, which response to draw: a class, or a number from 0. None draws for each column the
        Euclidean norm of its coefficients over all responses.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Save the picture with ax.figure.savefig("path.png").

    Raises
    ------
    ValueError
        For an unknown x or response.
    ImportError
        Without matplotlib; it names the extra that brings it.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> ax = fastreg.plots.plot_path(fastreg.fit_path(X, y))
    >>> ax.get_xscale()
    'log'
    """
    check.check_option("x", x, ("alpha", *AXES))
    drawn, marked = _path_and_choices(path, chosen)
    must_be("path", drawn, "Path, MultiPath or CVPath", "coefs", "alphas", "reasons")
    drawn = _drawn(drawn, response)
    ax = axes_or_new(ax, plot_path)
    shown = np.flatnonzero(drawn.alphas > 0) if x == "alpha" else np.arange(drawn.alphas.size)
    places = _places(drawn, x)[shown]
    features, ends, lines = _lines(drawn, shown, places)
    strongest = np.argsort(-np.abs(ends), kind="stable")[: min(labels, np.count_nonzero(ends))]
    _frame(ax, drawn, x, shown, places, lines)
    if title:
        ax.set_title(title)
    if shown.size == 1:
        ax.plot(np.repeat(places, features.size), ends, "o", color="0.35", markersize=4)
    strongest, shades = draw_lines(ax, lines, strongest, ends)
    if shown.size:
        at = {label: np.interp(-alpha, -drawn.alphas[shown], places) for label, alpha in marked.items()}
        mark_places(ax, marked if x == "alpha" else at)
    names = [short_name(drawn.feature_names, features[k]) for k in strongest]
    name_ends(ax, names, places[-1] if shown.size else 0.0, ends[strongest], shades)
    return ax


def _path_and_choices(path, chosen):
    """(the path, {label: alpha}): the alphas to mark are `chosen`, by default those that cross-validation chose."""
    if chosen is None:
        chosen = {}
        if hasattr(path, "alpha_1se"):
            chosen = {"1 SE": path.alpha_1se, "best": path.alpha_min}
            if path.alpha_1se == path.alpha_min:
                chosen = {"best and 1 SE": path.alpha_min}
    elif not hasattr(chosen, "items"):
        chosen = {f"alpha = {float(chosen):.3g}": float(chosen)}
    return getattr(path, "path", path), chosen


class Drawn(NamedTuple):
    """The parts of a path that are drawn."""

    alphas: np.ndarray
    coefs: Any  # (p, k), sparse
    label: str  # what the coefficients are
    n_nonzero: np.ndarray
    deviance_ratio: np.ndarray
    reasons: list[str]
    feature_names: list[str] | None


def _drawn(path, response):
    """A Drawn with the coefficients of a path; of several responses, those of one or their norms over all."""
    coefs, label = path.coefs, "coefficient"
    if isinstance(coefs, list):
        if response is None:
            coefs, label = sum(each.power(2) for each in coefs).sqrt(), f"norm of {len(coefs)} coefficients"
        else:
            labels = list(range(len(coefs))) if path.classes is None else path.classes.tolist()
            if response not in labels:
                raise ValueError(f"response must be one of {', '.join(map(repr, labels))}, got {response!r}")
            coefs, label = coefs[labels.index(response)], f"coefficient for {response}"
    elif response is not None:
        raise ValueError(f"response={response!r} is for a path of several responses; this one has a single one")
    rest = path.n_nonzero, path.deviance_ratio, path.reasons, path.feature_names
    return Drawn(path.alphas, coefs, label, *rest)


def _places(path, x):
    """The x coordinate of each point of the path."""
    if x == "alpha":
        return path.alphas
    # Both increase as alpha decreases; the maximum removes decreases by rounding.
    values = path.deviance_ratio if x == "deviance" else np.asarray(abs(path.coefs).sum(axis=0)).ravel()
    return np.maximum.accumulate(values)


def _lines(path, shown, places):
    """(features with a coefficient at any point, those at the last point, a polyline (points, 2) for each).

    A line begins at the last zero before a feature enters and ends at the first zero after it leaves for good.
    """
    rows = path.coefs[:, shown].tocsr()
    rows.sort_indices()
    features = np.flatnonzero(np.diff(rows.indptr))
    last = shown.size - 1
    ends, lines = np.zeros(features.size), []
    for k, j in enumerate(features):
        part = slice(rows.indptr[j], rows.indptr[j + 1])
        where = rows.indices[part]
        low, high = max(where[0] - 1, 0), min(where[-1] + 1, last)
        values = np.zeros(high - low + 1)
        values[where - low] = rows.data[part]
        ends[k] = values[-1] if high == last else 0.0
        lines.append(np.column_stack([places[low : high + 1], values]))
    return features, ends, lines


def _frame(ax, path, x, shown, places, lines):
    """Set limits and labels, count features on top, and draw crosses at points that are not certified."""
    ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=1)
    ax.set_ylabel(path.label)
    values = np.concatenate([line[:, 1] for line in lines]) if lines else np.zeros(1)
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    margin = 0.05 * (high - low) or 1.0
    ax.set_ylim(low - margin, high + margin)
    if not lines:
        message = "no feature is in" if shown.size else "no point with alpha > 0"
        ax.text(0.5, 0.6, message, transform=ax.transAxes, ha="center", color="0.35")
    if not shown.size:
        ax.set_xticks([])
        return
    if x == "alpha":
        alpha_axis(ax, places)
    else:
        ax.set_xlabel(AXES[x])
        ax.set_xlim(places[0], places[-1] if places[-1] > places[0] else places[0] + 1.0)
    failed = [k for k, point in enumerate(shown) if path.reasons[point] in UNCERTIFIED]
    if failed:
        ax.plot(places[failed], np.zeros(len(failed)), "x", color="black", markersize=5, label="not certified")
        ax.legend(loc="best", frameon=False, fontsize=NAME_SIZE)
    count_on_top(ax, places, path.n_nonzero[shown])
