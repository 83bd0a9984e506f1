"""plot_stability: how often each feature is selected, against alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastreg.interface.naming import explains_names
from fastreg.plots.axes import (
    NAME_SIZE,
    alpha_axis,
    axes_or_new,
    draw_lines,
    must_be,
    name_ends,
    points_to_draw,
    short_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@explains_names
def plot_stability(stability: Any, ax: Axes | None = None, *, labels: int = 10, title: str | None = None) -> Axes:
    """Draw each feature's probability of selection against alpha, which falls to the right.

    Features that reach the threshold somewhere are drawn dark, and the `labels` most probable of them are named; the
    others are grey, as far as they are ever selected. The dotted line is the threshold.

    Parameters
    ----------
    stability : fastreg.StabilityPath
        What `stability_selection` returns, or an object with alphas (k,), probabilities (p, k), threshold and
        feature_names (p names or None).
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None is a new figure.
    labels : int, default=10
        How many features to name at most.
    title : str, default=None
        Text above the picture.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Save the picture with ax.figure.savefig("path.png").

    Raises
    ------
    ImportError
        Without matplotlib; it names the extra that brings it.

    References
    ----------
    Meinshausen and Buehlmann (2010), JRSS-B 72, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> found = fastreg.stability_selection(X, y, n_pairs=5)
    >>> fastreg.plots.plot_stability(found).get_ylabel()
    'probability of selection'
    """
    must_be("stability", stability, "StabilityPath", "alphas", "probabilities", "threshold", "feature_names")
    ax = axes_or_new(ax, plot_stability)
    shown = points_to_draw(stability.alphas)
    alphas = np.asarray(stability.alphas)[shown]
    probabilities = np.asarray(stability.probabilities)[:, shown]
    features = np.flatnonzero(probabilities.any(axis=1))
    lines = [np.column_stack([alphas, probabilities[j]]) for j in features]
    ends, peaks = probabilities[features, -1], probabilities[features].max(axis=1)
    stable = np.flatnonzero(peaks >= stability.threshold)
    stable = stable[np.lexsort((-ends[stable], -peaks[stable]))]
    alpha_axis(ax, alphas)
    ax.set_ylim(0.0, 1.03)
    ax.set_ylabel("probability of selection")
    ax.axhline(stability.threshold, color="0.3", linewidth=0.9, linestyle=(0, (1, 2)))
    ax.annotate(
        f"{stable.size:,} of {len(probabilities):,} features reach the threshold of {stability.threshold:g}",
        (0.0, 1.0), xycoords="axes fraction", xytext=(0, 4), textcoords="offset points", fontsize=NAME_SIZE,
        color="0.25",
    )  # fmt: skip
    order, shades = draw_lines(ax, lines, stable, ends)
    if title:
        ax.set_title(title, pad=18)
    named = [k for k, feature in enumerate(order) if feature in set(stable[:labels])]
    names = [short_name(stability.feature_names, features[order[k]]) for k in named]
    name_ends(ax, names, alphas[-1], ends[order[named]], [shades[k] for k in named])
    return ax
