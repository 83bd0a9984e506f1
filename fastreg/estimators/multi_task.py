"""MultiTaskLasso and MultiTaskElasticNet with the parameters and attributes of scikit-learn's classes."""

from __future__ import annotations

from typing import Any, Self, Unpack

import numpy as np
from sklearn.base import BaseEstimator

from fastreg.estimators.checks import check_fit, less_offset
from fastreg.estimators.fit_one import PEER_SELECTIONS, fit_multi_point, last_fit, warn_uncertified
from fastreg.estimators.least_squares import ElasticNet
from fastreg.estimators.linear import LinearPredictor, SparseCoefficients
from fastreg.estimators.sklearn_paths import enet_path
from fastreg.interface import validation as check
from fastreg.interface.arguments import EstimatorOptions
from fastreg.interface.shared_options import described_by, takes_options_of
from fastreg.paths.fit_path import fit_path


class SeveralTargets(BaseEstimator):
    """Base class of estimators that take y with two dimensions only."""

    def _check_tasks(self, *given):
        """The `Given` of a fit, whose y is (n, K)."""
        checked = check_fit(self, *given, for_y={"ensure_2d": False, "dtype": [np.float64, np.float32]})
        if checked.y.ndim == 1:
            raise ValueError(f"For mono-task outputs, use {type(self).__name__.removeprefix('MultiTask')}")
        return checked

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags


@takes_options_of(fit_path, ElasticNet)
class MultiTaskElasticNet(SeveralTargets, SparseCoefficients, LinearPredictor):
    """Linear least squares of several targets that share their features, as sklearn.linear_model.MultiTaskElasticNet.

    Minimises, over coefficients B (n_features, n_targets) with rows B_j, and intercepts b0 that are not penalised,

        1/(2 W) sum_i w_i |y_i - b0 - B'x_i - o_i|_2^2
            +  alpha sum_j v_j ( l1_ratio |B_j|_2 + (1 - l1_ratio)/2 |B_j|_2^2 )

    with w_i, W, o_i, v_j and p as in `ElasticNet`. A feature is in for all targets or for none. Single coefficients
    have no bounds: the penalty is on the lengths of rows of B. `Lasso` and `ElasticNet` have them for each target.

    Parameters
    ----------
    alpha : as for `ElasticNet`
    l1_ratio : float, default=0.5
        Share of the part that selects in [0, 1]: 1 is the multi-task lasso, 0 is ridge.
    fit_intercept, copy_X : as for `ElasticNet`
    max_iter : int or None, default=1000
        Rounds of descent and Newton's method allowed (None is 1000); one is usually enough.
    tol : float, default=1e-6
        Duality gap that certifies a fit, >= 0, relative to the loss without penalised columns.
    warm_start, random_state, selection : as for `ElasticNet`
    **options : as for `fit_path`

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, p)
        Coefficients; float32 if X was.
    coef_names_, sparse_coef_ : as for `ElasticNet`
    intercept_ : ndarray of shape (n_targets,)
        b0; 0.0 if fit_intercept is False.
    dual_gap_ : float
        Proven bound of how far the objective above lies over its minimum.
    eps_ : float
        The gap that was asked for, in the units of dual_gap_: tol times the loss of the null model.
    n_iter_ : int
        Rounds of the solver.
    n_features_in_, feature_names_in_, encoding_ : as for `ElasticNet`

    Notes
    -----
    A fit that is not certified to `tol` warns with a ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20, 231-252.

    Examples
    --------
    >>> from fastreg import MultiTaskElasticNet
    >>> model = MultiTaskElasticNet(alpha=0.1).fit([[0, 0], [1, 1], [2, 2]], [[0, 0], [1, 1], [2, 2]])
    >>> model.coef_.round(2)
    array([[0.46, 0.46],
           [0.46, 0.46]])
    """

    coef_: np.ndarray
    intercept_: float | np.ndarray
    dual_gap_: float
    eps_: float
    n_iter_: int

    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-6,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        **options: Unpack[EstimatorOptions],
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection

    @described_by(ElasticNet.fit)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> Self:
        """Fit the coefficients of all targets.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows. Fortran-ordered float64 and canonical CSC are used where they lie; anything else is
            converted once.
        y : array-like of shape (n_samples, n_targets)
            Responses.
        sample_weight, offset : as for `ElasticNet.fit`

        Returns
        -------
        Self
            The estimator, fitted.

        Raises
        ------
        ValueError
            Where an argument is out of its range, with the first bad place.

        Examples
        --------
        >>> from fastreg import MultiTaskLasso
        >>> MultiTaskLasso(alpha=0.1).fit([[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]).coef_.shape
        (2, 1)
        """
        alpha = check.check_number("alpha", self.alpha, 0.0, np.inf, high_open=True)
        check.check_option("selection", self.selection, PEER_SELECTIONS)
        given = self._check_tasks(X, y, sample_weight, offset)
        X, y = given.X, less_offset(self, given.y, given.offset)
        options = {"family": "gaussian", "l1_ratio": self.l1_ratio, "sample_weight": given.weights()[0]}
        fit = fit_multi_point(self, X, y, alpha, start=last_fit(self, (y.shape[1], X.shape[1])), **options)
        self.coef_ = np.asfortranarray(fit.coef.T, dtype=given.dtype)
        self.intercept_ = fit.intercept.astype(given.dtype) if self.fit_intercept else 0.0
        self.n_iter_ = fit.iterations
        self.dual_gap_ = fit.excess
        self.eps_ = self.tol * fit.null_loss
        warn_uncertified(self, [fit])
        return self


@takes_options_of(fit_path, MultiTaskElasticNet)
class MultiTaskLasso(MultiTaskElasticNet):
    """Linear least squares of several targets that share their features, as sklearn.linear_model.MultiTaskLasso.

    Minimises, over coefficients B (n_features, n_targets) with rows B_j, and intercepts b0 that are not penalised,

        1/(2 W) sum_i w_i |y_i - b0 - B'x_i - o_i|_2^2  +  alpha sum_j v_j |B_j|_2

    with w_i, W, o_i, v_j and p as in `ElasticNet`. A feature is in for all targets or for none.

    Parameters
    ----------
    alpha, fit_intercept, copy_X, max_iter, tol, warm_start, random_state, selection : as for `MultiTaskElasticNet`
    **options : as for `fit_path`

    Attributes
    ----------
    coef_, coef_names_, sparse_coef_, intercept_, dual_gap_, eps_, n_iter_ : as for `MultiTaskElasticNet`
    n_features_in_, feature_names_in_, encoding_ : as for `MultiTaskElasticNet`

    Notes
    -----
    A fit that is not certified to `tol` warns with a ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20, 231-252.

    Examples
    --------
    >>> from fastreg import MultiTaskLasso
    >>> model = MultiTaskLasso(alpha=0.1).fit([[0, 1], [1, 0], [2, 2]], [[0, 0], [1, 1], [2, 3]])
    >>> bool(model.dual_gap_ < 1e-6)
    True
    """

    l1_ratio = 1.0

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-6,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        **options: Unpack[EstimatorOptions],
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection
