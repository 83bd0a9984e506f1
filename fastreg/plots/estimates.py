"""plot_estimates: true and estimated coefficients, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.plots.axes import NAME_SIZE, RASTER, axes_or_new, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY = 60  # columns beyond which the axis shows numbers instead of names


@explains_names
def plot_estimates(
    true: ArrayLike,
    estimated: ArrayLike,
    ax: Axes | None = None,
    *,
    feature_names: Sequence[str] | None = None,
    title: str | None = None,
) -> Axes:
    """Draw true coefficients (rings) and estimated ones (filled points on stems), column by column.

    Columns where both are zero are left blank. A line of text says how many columns with a true coefficient have an
    estimated one, and how many others have.

    Parameters
    ----------
    true, estimated : array-like of shape (p,)
        Coefficients.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None is a new figure.
    feature_names : sequence of str, default=None
        Names of the columns for the axis; they are shown for at most 60.
    title : str, default=None
        Text above the picture.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Save the picture with ax.figure.savefig("path.png").

    Raises
    ------
    ValueError
        If the two are not equally long.
    ImportError
        Without matplotlib; it names the extra that brings it.

    Examples
    --------
    >>> import fastreg
    >>> fastreg.plots.plot_estimates([1.0, 0.0, 2.0], [0.9, 0.0, 1.8]).get_ylabel()
    'coefficient'
    """
    true, estimated = _vector("true", true), _vector("estimated", estimated)
    if true.shape != estimated.shape:
        raise ValueError(f"true holds {true.size} coefficients, estimated {estimated.size}")
    ax = axes_or_new(ax, plot_estimates, (8, 4))
    meant, found = np.flatnonzero(true), np.flatnonzero(estimated)
    ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=1)
    ax.vlines(found, 0.0, estimated[found], color="0.35", linewidth=1.0, zorder=1.5, rasterized=found.size > RASTER)
    ax.plot(
        found, estimated[found], "o", color="black", markersize=3.5, label="estimated", rasterized=found.size > RASTER
    )
    ax.plot(
        meant, true[meant], "o", color="#b3460a", markerfacecolor="none", markersize=8, markeredgewidth=1.2,
        label="true", rasterized=meant.size > RASTER,
    )  # fmt: skip
    spare = max(1.0, 0.015 * true.size)  # so that rings at the ends are seen whole
    ax.set_xlim(-spare, true.size - 1 + spare)
    ax.set_ylabel("coefficient")
    ax.set_xlabel("column")
    if feature_names is not None and true.size <= MANY:
        names = [short_name(list(feature_names), j) for j in range(true.size)]
        ax.set_xticks(np.arange(true.size), labels=names, rotation=90, fontsize=NAME_SIZE, parse_math=False)
        ax.set_xlabel("")
    both = np.intersect1d(meant, found).size
    text = f"{both:,} of {meant.size:,} found, {found.size - both:,} others in, {true.size:,} columns"
    ax.annotate(
        text, (0.0, 1.0), xycoords="axes fraction", xytext=(0, 4), textcoords="offset points", fontsize=NAME_SIZE,
        color="0.25",
    )  # fmt: skip
    ax.legend(
        frameon=False, fontsize=NAME_SIZE, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1
    )
    if title:
        ax.set_title(title, pad=20)
    return ax


def _vector(name: str, values: ArrayLike) -> np.ndarray:
    return check.check_targets(name, values).ravel()
