"""MultiPath: what a fit with several responses returns. Plain arrays, no reference to the data."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from fastreg.interface.agreement import columns_for, offset_for, rows_for
from fastreg.interface.naming import explains_names
from fastreg.interface.shared_options import described_by
from fastreg.paths.any_path import AnyPath
from fastreg.paths.prediction import between, times
from fastreg.paths.result import Path


@explains_names
@dataclass(repr=False)
@described_by(Path)
class MultiPath(AnyPath):
    """A certified regularisation path of k points over p columns and K responses (or classes).

    The result of `fit_multi_path`; its parameters are its attributes.

    Parameters
    ----------
    alphas : as for `Path`
    coefs : list of K csc_array of shape (p, k)
        Coefficients, one array a response, on the scale of the X given.
    intercepts : ndarray of shape (K, k)
        Intercepts; 0 if none were fitted. Those of a multinomial sum to zero at each point.
    gaps : ndarray of shape (k,)
        Duality gap of each point divided by the null model's loss: an upper bound of the relative
        suboptimality. The loss is half the deviance, summed over responses; the null model holds the intercepts
        and the columns that are not penalised.
    n_iters : ndarray of shape (k,)
        Newton steps or rounds of block descent that each point took.
    reasons : list of str
        For each point "converged" (gap <= tol), "max_iter" (which was reached first), "stalled" (steps ended before
        it, by rounding or for want of a finite optimum: more do not help), or "separable" (a multinomial fit that
        runs away).
    deviance_ratio, family : as for `Path`
    grouped : bool
        Whether a column serves all responses or none.
    l1_ratio, tol, alpha_max : as for `Path`
    classes : ndarray of shape (K,), default=None
        Labels of a multinomial's classes, sorted; None for least squares.
    feature_names : as for `Path`
    work : dict
        What the fit cost; see `Path`. A column multiplied with K residuals counts K times.
    trace : dict
        What each point cost: arrays of shape (k,) by name, "seconds" and the counts of `work`.
    steps : dict, default=None
        Of a fit with trace=True every solver step; see `Path`.
    encoding : as for `Path`
    methods : list of str, default=None
        The strategy that found each point: "pointwise", or "ridge" for paths with neither an l1 part nor bounds.
    fit_intercept, standardize, penalty_factor : as for `Path`
    lower, upper : ndarray of shape (p, K), default=None
        Bounds of the coefficients that were given; None where there were none.
    has_offset : bool, default=False
        Whether the fit had an offset. Predictions then ask for the offset of their rows; offset=0 leaves it out on
        purpose.
    weighted : bool, default=False
        Whether the rows of the fit had weights that differ.

    Examples
    --------
    >>> import fastreg
    >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
    >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
    >>> path.alphas, path.converged, path.n_nonzero
    (array([0.5, 0.1]), True, array([1, 1]))
    """

    alphas: np.ndarray
    coefs: list[sp.csc_array]
    intercepts: np.ndarray
    gaps: np.ndarray
    n_iters: np.ndarray
    reasons: list[str]
    deviance_ratio: np.ndarray
    family: str
    grouped: bool
    l1_ratio: float
    tol: float
    alpha_max: float
    classes: np.ndarray | None = None
    feature_names: list[str] | None = None
    work: dict[str, float] = field(default_factory=dict)
    trace: dict[str, np.ndarray] = field(default_factory=dict)
    steps: dict[str, np.ndarray] | None = None
    encoding: Any = None
    methods: list[str] | None = None
    fit_intercept: bool = True
    standardize: bool = False
    penalty_factor: np.ndarray | None = None
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    has_offset: bool = False
    weighted: bool = False

    def coef(self, alpha: float) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients and intercepts, interpolated linearly between the path's points.

        Above the top of the grid the first point is kept.

        Parameters
        ----------
        alpha : float
            Penalty, between the path's ends or above.

        Returns
        -------
        coef : ndarray of shape (p, K)
            Coefficients.
        intercepts : ndarray of shape (K,)
            Intercepts.

        Raises
        ------
        ValueError
            Below the last alpha, where nothing was fitted.

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.coef(0.3)[0].shape
        (1, 2)
        """
        low, high, share = self._between(alpha)
        (first, first_intercepts), (second, second_intercepts) = self.point(low), self.point(high)
        return between(first, second, share), between(first_intercepts, second_intercepts, share)

    def point(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients and intercepts of one point.

        Parameters
        ----------
        i : int
            Number of the point, from 0.

        Returns
        -------
        coef : ndarray of shape (p, K)
            Coefficients.
        intercepts : ndarray of shape (K,)
            Intercepts.

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.point(0)[0].shape
        (1, 2)
        """
        return np.column_stack([coef[:, [i]].toarray() for coef in self.coefs]), self.intercepts[:, i].copy()

    def linear_predictor(self, X: Any, alpha: float, offset: ArrayLike | None = None) -> np.ndarray:
        """Linear predictors: offset + intercepts + X coef.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p)
            Rows with the columns of the fit.
        alpha : float
            Penalty, between the path's ends or above.
        offset : array-like of shape (n, K) or float, default=None
            Offset of the rows; required if the fit had one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n, K)
            A column a response.

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.linear_predictor(X, 0.3).shape
        (3, 2)
        """
        coef, intercepts = self.coef(alpha)
        (offset,), X = rows_for(self, X, offset=offset), columns_for(self, X, coef.shape[0])
        shift = offset_for(self, offset, X.shape[0], len(self.coefs))
        eta = times(X, coef, intercepts)
        return eta if shift is None else eta + shift

    @described_by(linear_predictor)
    def predict(self, X: Any, alpha: float, offset: ArrayLike | None = None) -> np.ndarray:
        """The mean responses: the linear predictors themselves, or the probabilities of the classes.

        Parameters
        ----------
        X, alpha, offset : as for `MultiPath.linear_predictor`

        Returns
        -------
        ndarray of shape (n, K)
            A column a response.

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.predict([[3.0]], 0.3).shape
        (1, 2)
        """
        eta = self.linear_predictor(X, alpha, offset)
        if self.family != "multinomial":
            return eta
        mean = np.exp(eta - eta.max(axis=1, keepdims=True))
        return mean / mean.sum(axis=1, keepdims=True)

    def save(self, file: Any) -> None:
        """Write the path as JSON, plain numbers that any language reads; `fastreg.load_path` reads it back.

        Parameters
        ----------
        file : str or path-like
            Name of the file.

        Raises
        ------
        ValueError
            For classes that are neither numbers nor text nor truth values.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path.save(pathlib.Path(folder) / "model.json")
        ...     fastreg.load_path(pathlib.Path(folder) / "model.json").converged
        True
        """
        from fastreg.multi.storage import save_multi_path

        save_multi_path(self, file)

    def _coefs(self):
        return self.coefs

    def _kind(self):
        return f"{self.family}{', grouped' if self.grouped else ''}, {len(self.coefs)} responses"
