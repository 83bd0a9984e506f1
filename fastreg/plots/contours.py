"""plot_probability: probabilities of a class over the plane of two features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.plots.axes import NAME_SIZE, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVELS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)  # probabilities of the contours
SIDE = 200  # points along each side of the grid that is evaluated


@explains_names
def plot_probability(
    predict: Callable[[np.ndarray], Any],
    X: Any,
    y: ArrayLike,
    ax: Axes | None = None,
    *,
    feature_names: Sequence[str] | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the probability of class 1 over the plane of two features, and the rows of X on it.

    The contours are 0.01, 0.1, 0.25, 0.5 (heavy), 0.75, 0.9 and 0.99; darker is more probable. Class 1 is drawn as
    filled circles, class 0 as open squares.

    Parameters
    ----------
    predict : callable
        A function of an array (m, 2) that returns m probabilities, or (m, 2) with those of class 1 last, such
        as `model.predict_proba` or `lambda X: path.predict(X, alpha)`.
    X : array-like of shape (n, 2)
        Rows to draw.
    y : array-like of shape (n,)
        Their classes, two labels of any type; the later in order is class 1.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None is a new figure.
    feature_names : sequence of str, default=None
        Names of the two columns; taken from X if it is a data frame.
    title : str, default=None
        Text above the picture.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Save the picture with ax.figure.savefig("path.png").

    Raises
    ------
    ValueError
        Unless X has two columns and y at most two classes.
    ImportError
        Without matplotlib; it names the extra that brings it.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> X = np.random.default_rng(0).normal(size=(40, 2))
    >>> model = fastreg.LogisticRegression().fit(X, X[:, 0] > 0)
    >>> ax = fastreg.plots.plot_probability(model.predict_proba, X, X[:, 0] > 0)
    >>> ax.get_xlabel()
    'column 0'
    """
    names = feature_names if feature_names is not None else getattr(X, "columns", ("column 0", "column 1"))
    X, y = check.check_targets("X", X), check.check_labels("y", y)
    classes = np.unique(y)
    if X.ndim != 2 or X.shape[1] != 2 or classes.size > 2:
        raise ValueError(f"two columns and two classes are drawn, got X of shape {X.shape} and {classes.size} classes")
    ax = axes_or_new(ax, plot_probability, (6, 5))
    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.12 * np.where(high > low, high - low, 1.0)
    sides = [np.linspace(low[k] - margin[k], high[k] + margin[k], SIDE) for k in range(2)]
    plane = np.column_stack([side.ravel() for side in np.meshgrid(*sides)])
    probability = np.asarray(predict(plane))
    probability = (probability[:, -1] if probability.ndim == 2 else probability).reshape(SIDE, SIDE)
    ax.pcolormesh(*sides, probability, cmap="Greys", vmin=-0.05, vmax=1.8, shading="gouraud", rasterized=True)
    lines = ax.contour(
        *sides, probability, levels=LEVELS, colors="black", linewidths=[1.8 if p == 0.5 else 0.7 for p in LEVELS]
    )
    ax.clabel(lines, fmt="%g", fontsize=NAME_SIZE)
    second = y == classes[-1]
    ax.plot(*X[second].T, "o", color="#b3460a", markersize=5, markeredgecolor="white", label=str(classes[-1]))
    if classes.size == 2:
        ax.plot(*X[~second].T, "s", color="#0072b2", markersize=4.5, markerfacecolor="white", label=str(classes[0]))
    ax.set_xlabel(str(names[0]), parse_math=False)
    ax.set_ylabel(str(names[1]), parse_math=False)
    ax.set(xlim=sides[0][[0, -1]], ylim=sides[1][[0, -1]])
    ax.legend(
        frameon=False, fontsize=NAME_SIZE, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1
    )
    if title:
        ax.set_title(title, loc="left", fontsize="medium")
    return ax
