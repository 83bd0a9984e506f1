"""CVPath: the result of `cv_path`, as plain arrays without a reference to the data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names, meant
from fastreg.interface.summary import mark_of, penalty_shown, shown_points
from fastreg.interface.validation import plain
from fastreg.paths.result import Path
from fastreg.selection.saved import Saved
from fastreg.selection.with_path import WithPath

SELECTIONS = ("min", "1se")
GLMNET = {f"lambda.{name}": name for name in SELECTIONS}  # as its users write them
GROWING = 0.1  # d log(deviance explained) / d log(1 / alpha) at the end of a grid, beyond which it is too short
ROUNDING = 1e-12  # relative: scores closer than this are equal


@explains_names
@dataclass
class CVPath(Saved, WithPath):
    """A cross-validated path: k alphas, F folds, n rows.

    The result of `cv_path`; its parameters are its attributes.

    Parameters
    ----------
    path : Path or MultiPath
        The path on all rows, at the l1_ratio that was chosen; a MultiPath of several responses or classes.
    alphas : ndarray of shape (k,)
        Penalties, decreasing, the same for every fold.
    mean : ndarray of shape (k,)
        Mean over folds of their scores, each weighted by its held-out weight.
    std_error : ndarray of shape (k,)
        Standard error of the mean: the weighted standard deviation of the folds' scores over sqrt(F - 1), as in
        glmnet; with folds of equal weight, their sample standard deviation over sqrt(F). NaN for a single fold.
    fold_scores : ndarray of shape (F, k)
        Score of each fold's held-out rows.
    fold_gaps : ndarray of shape (F, k)
        Relative duality gap of each fold's fit, certified on the fold's own problem.
    index_min : int
        Point of the best mean, the first of equals.
    index_1se : int
        The first point whose mean is within one standard error of the best.
    metric : str
        Name of the score.
    greater_is_better : bool
        Whether a larger score is better.
    predictions : ndarray of shape (n, k), or (n, k, K) of K responses or classes, or None
        Mean response of each row by the fold that held it out (the last, if several did); NaN in rows that no
        fold held out. None unless `cv_path` is asked to keep them by keep_predictions=True.
    test_folds : ndarray of shape (n,) or None
        Number of the fold, from 0, that held a row out; -1 for none. None in an estimator's `cv_path_`, which holds
        nothing of the size of its data.
    l1_ratio : float
        The l1_ratio chosen.
    l1_ratios : list of float
        The l1_ratios tried.
    per_l1_ratio : list of CVPath
        The CVPath of each of several l1_ratios; empty for a single one.
    fold_paths : list of Path or MultiPath
        The path of each fold.
    classes : ndarray, default=None
        The labels of a response of classes, sorted; of two, the first counts as 0, the second as 1.
    work : dict
        "columns_read" by all folds together, a column multiplied for several folds at once counting once, and
        "passes", the same divided by p. The path on all rows counts its own, in path.work.

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, section 7.10.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> X = np.arange(12.0)[:, None]
    >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
    >>> found.alpha_min, found.fold_scores.shape
    (0.1, (3, 2))
    """

    path: Path
    alphas: np.ndarray
    mean: np.ndarray
    std_error: np.ndarray
    fold_scores: np.ndarray
    fold_gaps: np.ndarray
    index_min: int
    index_1se: int
    metric: str
    greater_is_better: bool
    predictions: np.ndarray | None
    test_folds: np.ndarray | None
    l1_ratio: float
    l1_ratios: list[float]
    per_l1_ratio: list[CVPath] = field(default_factory=list)
    fold_paths: list[Path] = field(default_factory=list)
    classes: np.ndarray | None = None
    work: dict[str, float] = field(default_factory=dict)

    @property
    def alpha_min(self) -> float:
        """The alpha of the best mean score.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.alpha_min
        0.1
        """
        return float(self.alphas[self.index_min])

    @property
    def alpha_1se(self) -> float:
        """The largest alpha whose mean score is within one standard error of the best.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.alpha_1se >= found.alpha_min
        True
        """
        return float(self.alphas[self.index_1se])

    def alpha(self, selection: str | float = "1se") -> float:
        """The alpha that a selection stands for.

        Parameters
        ----------
        selection : {"1se", "min"} or float, default="1se"
            The largest alpha within one standard error of the best, the best, or a number, which is itself; glmnet's
            "lambda.1se" and "lambda.min" are the first two.

        Returns
        -------
        float
            The alpha.

        Raises
        ------
        ValueError
            For another text.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.alpha("min"), found.alpha(0.3)
        (0.1, 0.3)
        """
        if isinstance(selection, str):
            selection = as_written_here(selection)
            if selection not in SELECTIONS:
                raise ValueError(
                    f"selection must be 'min', '1se' or a number, got {selection!r}{meant(selection, SELECTIONS)}"
                )
            return self.alpha_min if selection == "min" else self.alpha_1se
        return float(selection)

    def coef(self, selection: str | float = "1se") -> tuple[np.ndarray, float]:
        """Coefficients and intercept of the fit on all rows at the alpha chosen; see `Path.coef`, `MultiPath.coef`.

        Parameters
        ----------
        selection : {"1se", "min"} or float, default="1se"
            The largest alpha within one standard error of the best, the best, or a number, which is itself.

        Returns
        -------
        coef : ndarray of shape (p,)
            Coefficients.
        intercept : float
            Intercept.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.coef("min")[0].shape
        (1,)
        """
        return self.path.coef(self.alpha(selection))

    def predict(self, X: Any, selection: str | float = "1se", offset: ArrayLike | None = None) -> np.ndarray:
        """The mean response at the alpha chosen: the linear predictor, a probability of classes[1], or exp, by family.

        Of several responses or classes a matrix: their linear predictors, or the probabilities of all classes.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p)
            Rows with the columns of the fit.
        selection : {"1se", "min"} or float, default="1se"
            The largest alpha within one standard error of the best, the best, or a number, which is itself.
        offset : array-like of shape (n,) or float, default=None
            Offset of the rows; required if the fit had one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n,) or (n, K)
            A value a row, of K responses or classes K of them.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.predict(X[:5]).shape
        (5,)
        """
        return self.path.predict(X, self.alpha(selection), offset)

    def support(self, selection: str | float = "1se") -> list[str] | list[int]:
        """The columns with a coefficient at the alpha chosen.

        Parameters
        ----------
        selection : {"1se", "min"} or float, default="1se"
            The largest alpha within one standard error of the best, the best, or a number, which is itself.

        Returns
        -------
        list
            Their names, or their numbers if there are no names.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.support()
        [0]
        """
        return self.path.support(self.alpha(selection))

    def summary(self, rows: int = 12) -> str:
        """A table for people: the score, its standard error and the features in.

        The two points that are chosen are always among them, and marked.

        Parameters
        ----------
        rows : int, default=12
            About how many points are shown.

        Returns
        -------
        str
            The table.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.summary().count(chr(10))
        3
        """
        chosen = {"min": self.index_min, "1se": self.index_1se}
        better = "larger" if self.greater_is_better else "smaller"
        folds = self.fold_scores.shape[0]
        lines = [
            f"{self.metric} of held-out rows over {folds} folds ({better} is better), {penalty_shown(self)}",
            "      alpha   features        score   std. error",
        ]
        for i in shown_points(self.alphas.size, rows, chosen.values()):
            lines.append(
                f"{self.alphas[i]:11.4g} {self.path.n_nonzero[i]:10d} {self.mean[i]:12.5g} "
                f"{self.std_error[i]:12.3g}{mark_of(i, chosen)}"
            )
        return "\n".join(lines)

    def to_frame(self, library: str = "pandas", *, what: str = "points") -> Any:
        """The scores as a data frame: a row for each alpha, or for each fold and alpha.

        The coefficients are in `path.to_frame()`. "points" has "l1_ratio", "alpha", "mean", "std_error", "n_nonzero"
        (of the path on all rows) and "chosen", which is "min", "1se", both with a comma, or empty. "folds" has
        "l1_ratio", "fold", "alpha", "score" and "gap". Where several l1_ratios were tried, the rows of all of them
        follow one another.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame.
        what : {"points", "folds"}, default="points"
            What a row is.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            The rows, alphas decreasing.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.to_frame()[["alpha", "n_nonzero", "chosen"]].values.tolist()
        [[0.5, 1, ''], [0.1, 1, 'min, 1se']]
        >>> found.to_frame(what="folds").shape
        (6, 5)
        """
        from fastreg.selection.data_frames import cv_frame

        return cv_frame(self, library, what)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the score against alpha with its standard errors.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None is a new figure.
        **options : dict
            Those of `fastreg.plots.plot_cv`.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.

        Raises
        ------
        ImportError
            Without matplotlib.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.plot().get_xscale()
        'log'
        """
        from fastreg.plots import plot_cv

        return plot_cv(self, ax=ax, **options)

    def __repr__(self) -> str:
        tried = "" if len(self.l1_ratios) == 1 else f" of {[plain(ratio) for ratio in self.l1_ratios]}"
        counts = self.path.n_nonzero
        lines = [
            f"<fastreg.CVPath: {self.metric} over {self.fold_scores.shape[0]} folds, "
            f"{self.path.family}, {penalty_shown(self)}{tried}"
        ]
        for name, i in (("min", self.index_min), ("1se", self.index_1se)):
            lines.append(
                f" {name}: alpha {self.alphas[i]:.4g}, {self.mean[i]:.5g} +- {self.std_error[i]:.2g}, "
                f"{counts[i]} features in"
            )
        return "\n".join(lines) + ">"


def as_written_here(selection):
    """A selection, with that of glmnet's names for it in ours."""
    return GLMNET.get(selection, selection) if isinstance(selection, str) else selection


def averages(scores, weights):
    """(mean, standard error) over folds of scores (F, k), each fold with its weight."""
    share = weights / weights.sum()
    mean = share @ scores
    if weights.size < 2:
        return mean, np.full(mean.size, np.nan)
    with np.errstate(invalid="ignore"):  # infinite scores have no distance from their mean
        away = scores - mean
    size = np.nan_to_num(np.abs(away), nan=0.0, posinf=0.0).max(axis=0)
    size = np.where(size > 0.0, size, 1.0)  # squares of scores as large as 1e200 would leave the range of float64
    return mean, size * np.sqrt(share @ (away / size) ** 2 / (weights.size - 1))


def warn_of_grid_end(path, index):
    """Say so where the best point is the last of an automatic grid, and the fit still changes much there."""
    if not 0 < index == path.alphas.size - 1:
        return
    (before, last), (alpha, end) = path.deviance_ratio[-2:], path.alphas[-2:]
    if last > 0.0 and last > before * (alpha / end) ** GROWING:
        mixed = path.family == "gaussian" and 0.0 < path.l1_ratio < 1.0
        check.warn(
            f"the last alpha of the grid, {end:.4g}, is the best, and the fit still improves there: smaller ones may "
            "be better. Let the grid go further down"
            + ", or divide y by its standard deviation: in an elastic net the ridge part of a grid grows with y's unit"
            * mixed,
            check.DataWarning,
        )


def at_most(loss, bound):
    """Where loss <= bound, but for rounding: the same errors summed in another order differ by it."""
    return loss <= bound + (ROUNDING * abs(bound) if np.isfinite(bound) else 0.0)


def first_least(loss):
    """The position of the smallest loss in its flattened array, of equals the first; NaN is passed over."""
    if np.all(np.isnan(loss)):
        raise ValueError("the metric is NaN everywhere, so nothing can be chosen by it")
    return int(np.flatnonzero(at_most(np.ravel(loss), np.nanmin(loss)))[0])


def choose(mean, std_error, greater_is_better):
    """(index of the best mean, index of the largest alpha within one standard error of it).

    Points whose mean is NaN are passed over. Without a standard error both are the best.
    """
    loss = -mean if greater_is_better else mean
    best = first_least(loss)
    slack = std_error[best] if np.isfinite(std_error[best]) else 0.0
    within = np.flatnonzero(at_most(loss, loss[best] + slack))
    return best, int(within[0])


def fold_reasons(curves):
    """Why each fit of a fold ended, in one list."""
    return [reason for curve in curves for fold in curve.fold_paths for reason in fold.reasons]
