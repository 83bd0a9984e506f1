"""plot_convergence: how a fit converges, solver step by solver step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.plots.axes import NAME_SIZE, SHADES, axes_or_new, must_be

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastreg.paths.result import Path

X_AXES = {"step": "solver step", "seconds": "seconds", "columns_read": "columns of X read"}
Y_AXES = {
    "gap": "relative duality gap",
    "objective": "objective: loss + penalty",
    "loss": "loss",
    "support": "features in",
}
SMALLEST = 1e-16  # relative gap at which smaller ones are drawn
MANY = 12  # points of a path beyond which none is labelled


@explains_names
def plot_convergence(
    path: Path, ax: Axes | None = None, *, x: str = "step", y: str = "gap", title: str | None = None
) -> Axes:
    """Draw the gap, objective, loss or support after every solver step of a path fitted with trace=True.

    Small circles are solver steps, joined within a point of the path; its end is a black square, labelled with its
    alpha if there are few. For y="gap" the circles are the gaps that the solver steers by, on its working set, and the
    squares the certificates over all columns; the dotted line is the tolerance. Gaps are relative to the null model's
    loss, and those below 1e-16 are drawn there.

    Parameters
    ----------
    path : fastreg.Path
        A path of `fit_path(..., trace=True)`.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None is a new figure.
    x : {"step", "seconds", "columns_read"}, default="step"
        From the beginning of the fit.
    y : {"gap", "objective", "loss", "support"}, default="gap"
        The objective is at the point's alpha; the loss is half the deviance: cross-entropy, for classes.
    title : str, default=None
        Text above the picture.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Save the picture with ax.figure.savefig("path.png").

    Raises
    ------
    ValueError
        If the path holds no steps, or for an unknown x or y.
    ImportError
        Without matplotlib; it names the extra that brings it.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1], trace=True)
    >>> fastreg.plots.plot_convergence(path).get_yscale()
    'log'
    """
    must_be("path", path, "Path", "steps", "alphas")
    if path.steps is None:
        raise ValueError("this path holds no steps; fit it with fit_path(..., trace=True)")
    for name, value, known in (("x", x, X_AXES), ("y", y, Y_AXES)):
        check.check_option(name, value, known)
    ax = axes_or_new(ax, plot_convergence, (8, 4.5))
    points, count = path.steps["point"], path.alphas.size
    values = np.maximum(path.steps["gap"], SMALLEST) if y == "gap" else path.steps[y]
    where = np.arange(1, points.size + 1) if x == "step" else path.steps[x]
    for k in range(count):
        own = points == k + 1
        ax.plot(
            where[own], values[own], "o-", color=SHADES[1] if k % 2 else "0.45", markersize=3, linewidth=0.9,
            markerfacecolor="white",
        )  # fmt: skip
    ended, places, ends = _ends(path, points, where, values, x, y)
    ax.plot(places, ends, "s", color="black", markersize=4 if count <= MANY else 2.5, linestyle="none", zorder=3)
    for k in range(ended.size if count <= MANY else 0):
        ax.annotate(
            f"{path.alphas[ended[k]]:.3g}", (places[k], ends[k]), xytext=(0, -5), textcoords="offset points",
            ha="center", va="top", fontsize=NAME_SIZE, color="0.25",
        )  # fmt: skip
    ax.set(xlabel=X_AXES[x], ylabel=Y_AXES[y])
    if y == "gap":
        _gap_axis(ax, path.tol, np.concatenate([values, ends]))
    else:
        ax.margins(y=0.12)
        ax.locator_params(axis="y", integer=y == "support")
    _explain(ax, "certificate of a point" if y == "gap" else "end of a point", count <= MANY)
    if title:
        ax.set_title(title, loc="left", fontsize="medium")
    return ax


def _ends(path, points, where, values, x, y):
    """(points that have an end to draw, where, and its height)."""
    taken = np.searchsorted(points, np.arange(1, path.alphas.size + 1), side="right")
    if y != "gap":
        ended = np.flatnonzero(np.diff(taken, prepend=0))  # a point that took no step has nothing but its gap
        return ended, where[taken[ended] - 1], values[taken[ended] - 1]
    places = taken if x == "step" else np.cumsum(path.trace[x])
    return np.arange(taken.size), places, np.maximum(path.gaps, SMALLEST)


def _gap_axis(ax, tol, gaps):
    """A logarithmic axis with the tolerance."""
    ax.axhline(tol, color="0.3", linewidth=0.9, linestyle=(0, (1, 2)))
    ax.annotate(
        f"tol {tol:g}", (1.0, tol), xycoords=ax.get_yaxis_transform(), xytext=(4, 0), textcoords="offset points",
        va="center", fontsize=NAME_SIZE, color="0.25", annotation_clip=False,
    )  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(gaps.min() / 20.0, 10.0 * max(gaps.max(), tol))


def _explain(ax, end, labelled):
    """The two marks in words, above the picture."""
    ax.plot([], [], "o-", color="0.45", markersize=3, markerfacecolor="white", label="solver step")
    text = f"{end}, with its alpha" if labelled else end
    ax.plot([], [], "s", color="black", markersize=4, linestyle="none", label=text)
    ax.legend(
        frameon=False, fontsize=NAME_SIZE, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1
    )
