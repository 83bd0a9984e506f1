"""CVRelaxed: scores over (ridge, gamma, alpha), and the model that is chosen from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface.naming import explains_names
from fastreg.interface.summary import mark_of, shown_points
from fastreg.interface.validation import check_option
from fastreg.selection.cross_validation.result import SELECTIONS, as_written_here, at_most, first_least
from fastreg.selection.relaxed.relaxed import RelaxedPath
from fastreg.selection.with_path import WithPath


class Choice(NamedTuple):
    """One model of those tried, and its mean score."""

    ridge: float
    gamma: float
    alpha: float
    score: float
    place: tuple[int, int, int]


@explains_names
@dataclass
class CVRelaxed(WithPath):
    """Cross-validated relaxed paths: R ridges, G gammas, k alphas, F folds.

    The result of `cv_relaxed`; its parameters are its attributes.

    Parameters
    ----------
    relaxed : list of RelaxedPath
        One on all rows for each ridge.
    alphas : ndarray of shape (k,)
        Penalties tried, decreasing.
    gammas : ndarray of shape (G,)
        Blends tried.
    ridges : ndarray of shape (R,)
        Ridges tried.
    mean : ndarray of shape (R, G, k)
        Mean over folds of their scores, as in `CVPath`; NaN where a refit of some fold separates the classes.
    std_error : ndarray of shape (R, G, k)
        Its standard error.
    fold_scores : ndarray of shape (F, R, G, k)
        Score of each fold's held-out rows.
    fold_gaps : ndarray of shape (F, 1 + R, k)
        Relative duality gaps of each fold's path and of its refits for each ridge; NaN where a refit separates
        the classes.
    fold_reasons : ndarray of str of shape (F, 1 + R, k)
        Why each of these ended, as in `Path.reasons`.
    metric : str
        Name of the score.
    greater_is_better : bool
        Whether a larger score is better.
    classes : ndarray or None
        The two labels of a response of classes, coded 0 and 1.
    penalty_factor : array-like or None
        Penalty factors of the path on all rows: those that a pilot gave, or those that were passed.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> X = np.arange(12.0)[:, None]
    >>> found = fastreg.cv_relaxed(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
    >>> found.mean.shape, found.support("min")
    ((1, 5, 2), [0])
    """

    relaxed: list[RelaxedPath]
    alphas: np.ndarray
    gammas: np.ndarray
    ridges: np.ndarray
    mean: np.ndarray
    std_error: np.ndarray
    fold_scores: np.ndarray
    fold_gaps: np.ndarray
    fold_reasons: np.ndarray
    metric: str
    greater_is_better: bool
    classes: np.ndarray | None
    penalty_factor: Any

    def _path(self):
        return self.relaxed[0].path

    def _loss(self):
        """The mean scores, smaller being better."""
        return -self.mean if self.greater_is_better else self.mean

    def choice(self, selection: str = "1se") -> Choice:
        """The model that a selection stands for.

        Parameters
        ----------
        selection : {"1se", "min"}, default="1se"
            The largest alpha within one standard error of the best, or the best; glmnet's "lambda.1se" and "lambda.min"
            are the same.

        Returns
        -------
        Choice
            Its place in the arrays, alpha, gamma, ridge and mean score. Among equals the larger alpha, then
            the better score, then the first gamma and ridge are taken.

        Raises
        ------
        ValueError
            For another text.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_relaxed(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.choice("min").gamma
        0.0
        """
        selection = as_written_here(selection)
        check_option("selection", selection, SELECTIONS)
        loss = self._loss()
        if np.all(np.isnan(loss)):
            raise ValueError("no model has a score in every fold, so nothing can be chosen")
        best = np.nanmin(loss)
        if selection == "1se":
            place = np.unravel_index(first_least(loss), loss.shape)
            slack = self.std_error[place]
            within = np.where(at_most(loss, best + (slack if np.isfinite(slack) else 0.0)), loss, np.nan)
            k = int(np.flatnonzero(~np.all(np.isnan(within), axis=(0, 1)))[0])
        else:
            k = int(np.flatnonzero(np.any(at_most(loss, best), axis=(0, 1)))[0])
        r, g = (int(i) for i in np.unravel_index(first_least(loss[:, :, k]), loss.shape[:2]))
        return Choice(
            float(self.ridges[r]), float(self.gammas[g]), float(self.alphas[k]), float(self.mean[r, g, k]), (r, g, k)
        )

    def coef(self, selection: str = "1se") -> tuple[np.ndarray, float]:
        """Coefficients and intercept of the fit chosen.

        Parameters
        ----------
        selection : {"1se", "min"}, default="1se"
            The largest alpha within one standard error of the best, or the best.

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
        >>> found = fastreg.cv_relaxed(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.coef()[0].shape
        (1,)
        """
        choice = self.choice(selection)
        return self.relaxed[choice.place[0]].coef(choice.alpha, choice.gamma)

    def predict(self, X: Any, selection: str = "1se", offset: ArrayLike | None = None) -> np.ndarray:
        """The mean response by the fit chosen: the linear predictor, a probability of classes[1], or exp, by family.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p)
            Rows with the columns of the fit.
        selection : {"1se", "min"}, default="1se"
            The largest alpha within one standard error of the best, or the best.
        offset : array-like of shape (n,) or float, default=None
            Offset of the rows; required if the fit had one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n,)
            A value a row.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_relaxed(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.predict(X[:5]).shape
        (5,)
        """
        choice = self.choice(selection)
        return self.relaxed[choice.place[0]].predict(X, choice.alpha, choice.gamma, offset)

    def support(self, selection: str = "1se") -> list[str] | list[int]:
        """The columns of the fit chosen.

        Parameters
        ----------
        selection : {"1se", "min"}, default="1se"
            The largest alpha within one standard error of the best, or the best.

        Returns
        -------
        list
            Their names, or their numbers if there are no names.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_relaxed(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.support()
        [0]
        """
        choice = self.choice(selection)
        return self.relaxed[choice.place[0]].support(choice.alpha)

    def summary(self, rows: int = 12) -> str:
        """A table for people: the best gamma and ridge and their score, the chosen alphas among them.

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
        >>> found = fastreg.cv_relaxed(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.summary().count(chr(10))
        3
        """
        loss = self._loss()
        chosen = {name: self.choice(name).place[2] for name in SELECTIONS}
        lines = [
            f"{self.metric} of held-out rows over {self.fold_scores.shape[0]} folds "
            f"({'larger' if self.greater_is_better else 'smaller'} is better)",
            "      alpha   features   gamma      ridge        score   std. error",
        ]
        for i in shown_points(self.alphas.size, rows, chosen.values()):
            if np.all(np.isnan(loss[:, :, i])):
                lines.append(f"{self.alphas[i]:11.4g}   no score in every fold")
                continue
            r, g = np.unravel_index(first_least(loss[:, :, i]), loss.shape[:2])
            lines.append(
                f"{self.alphas[i]:11.4g} {self.relaxed[0].path.n_nonzero[i]:10d} {self.gammas[g]:7g} "
                f"{self.ridges[r]:10g} {self.mean[r, g, i]:12.5g} {self.std_error[r, g, i]:12.3g}{mark_of(i, chosen)}"
            )
        return "\n".join(lines)

    def to_frame(self, library: str = "pandas") -> Any:
        """The scores as a data frame: a row for each ridge, gamma and alpha; `relaxed[r].to_frame()` has coefficients.

        The columns are "ridge", "gamma", "alpha", "mean", "std_error", "n_nonzero" and "chosen", which is "min", "1se",
        both with a comma, or empty.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            The rows.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_relaxed(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> frame = found.to_frame()
        >>> frame.shape, frame.loc[frame["chosen"] != "", "alpha"].tolist()
        ((10, 7), [0.5])
        """
        from fastreg.selection.data_frames import cv_relaxed_frame

        return cv_relaxed_frame(self, library)

    def __repr__(self) -> str:
        lines = [
            f"<fastreg.CVRelaxed: {self.metric} over {self.fold_scores.shape[0]} folds, {self.alphas.size} alphas, "
            f"{self.gammas.size} gammas, {self.ridges.size} ridges"
        ]
        for name in SELECTIONS:
            choice = self.choice(name)
            lines.append(
                f" {name}: alpha {choice.alpha:.4g}, gamma {choice.gamma:g}, ridge {choice.ridge:g}, "
                f"{choice.score:.5g} +- {self.std_error[choice.place]:.2g}, {len(self.support(name))} features in"
            )
        return "\n".join(lines) + ">"
