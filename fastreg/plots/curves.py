"""plot_cv: the mean score of held-out rows against alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastreg.interface.naming import explains_names
from fastreg.plots.axes import alpha_axis, axes_or_new, count_on_top, mark_places, must_be, points_to_draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastreg.selection.cross_validation.result import CVPath

# Labels of an axis for metrics; a metric that is not here is labelled by its name.
WORDS = {"deviance": "deviance", "mse": "mean squared error", "mae": "mean absolute error",
         "misclassification": "share of rows misclassified", "auc": "area under the ROC curve"}  # fmt: skip


@explains_names
def plot_cv(cv_path: CVPath, ax: Axes | None = None, *, title: str | None = None) -> Axes:
    """Draw the mean score of held-out rows against alpha, which falls to the right as features come in.

    Bars are one standard error of the mean up and down. The chosen alphas are marked: the best, and the largest
    within one standard error of it, whose level is the dotted line. The numbers on top count the features in the
    path on all rows. Points at alpha = 0 are left out.

    Parameters
    ----------
    cv_path : fastreg.CVPath
        What `cv_path` returns.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None is a new figure.
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
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, section 7.10, for the rule.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> found = fastreg.cv_path(X, y, cv=3, n_alphas=10)
    >>> fastreg.plots.plot_cv(found).get_xscale()
    'log'
    """
    must_be("cv_path", cv_path, "CVPath", "alpha_1se", "std_error", "path")
    ax = axes_or_new(ax, plot_cv, (8, 4.5))
    shown = points_to_draw(cv_path.alphas)
    alphas, mean = np.asarray(cv_path.alphas)[shown], np.asarray(cv_path.mean)[shown]
    error = np.nan_to_num(np.asarray(cv_path.std_error)[shown])  # a single fold has none
    alpha_axis(ax, alphas)
    ax.errorbar(
        alphas, mean, yerr=error, fmt="o", color="black", markersize=3, ecolor="0.6", elinewidth=0.9,
        capsize=1.5 if alphas.size <= 150 else 0, zorder=2,
    )  # fmt: skip
    best = cv_path.index_min
    sign = -1.0 if cv_path.greater_is_better else 1.0
    level = cv_path.mean[best] + sign * np.nan_to_num(cv_path.std_error[best])
    ax.axhline(level, color="0.4", linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    chosen = {"1 SE": cv_path.alpha_1se, "best": cv_path.alpha_min}
    if cv_path.alpha_1se == cv_path.alpha_min:
        chosen = {"best and 1 SE": cv_path.alpha_min}
    spare = (alphas[0] / alphas[-1]) ** 0.02  # so that bars at the ends are seen whole
    ax.set_xlim(ax.get_xlim()[0] * spare, ax.get_xlim()[1] / spare)
    mark_places(ax, chosen)
    folds = len(cv_path.fold_scores)
    better = "higher" if cv_path.greater_is_better else "lower"
    bars = "; bars: 1 standard error" if np.any(error) else ""
    ax.set_ylabel(f"{WORDS.get(cv_path.metric, cv_path.metric)}, mean of {folds} folds\n({better} is better{bars})")
    if title:
        ax.set_title(title)
    count_on_top(ax, alphas, np.asarray(cv_path.path.n_nonzero)[shown])
    return ax
