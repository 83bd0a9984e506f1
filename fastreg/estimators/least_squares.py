"""Lasso and ElasticNet with the parameters and attributes of scikit-learn's classes."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import MultiOutputMixin
from sklearn.utils.metadata_routing import UNUSED

from fastreg.estimators.constructor import PEER_SELECTIONS
from fastreg.estimators.fit_one import (
    check_fit,
    each_or_one,
    fit_point,
    keep_coefficients,
    last_fit,
    total_weight,
    warn_uncertified,
)
from fastreg.estimators.gram_check import check_gram
from fastreg.estimators.linear import LinearPredictor, SparseCoefficients
from fastreg.estimators.sklearn_paths import enet_path
from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.interface.shared_options import described_by


class LinearRegressor(MultiOutputMixin, LinearPredictor):
    """Base class of Ridge, Lasso and ElasticNet, which fit each target by itself."""

    def _check(self, X, y, sample_weight):
        """(X, y, weights, their sum, dtype of the coefficients), all checked."""
        X, y, dtype = check_fit(self, X, y, multi_output=True, y_numeric=True)
        weight, total = total_weight(sample_weight, X.shape[0])
        return X, y, weight, total, dtype

    @check.each_once()
    def _fit_targets(self, X, y, dtype, alphas, **options):
        """Fit every column of y at its own alpha, and set coef_ and intercept_. Returns a SingleFit for each target."""
        columns = y[:, None] if y.ndim == 1 else y
        options |= {"family": "gaussian", "lower": 0.0 if self.positive else None}
        start = last_fit(self, (columns.shape[1], X.shape[1]))
        starts = [None] * len(alphas) if start is None else zip(*start)
        fits = [
            fit_point(self, X, column, alpha, start=begin, **options)
            for column, alpha, begin in zip(columns.T, alphas, starts)
        ]
        coefs, intercepts = np.stack([fit.coef for fit in fits]), np.array([fit.intercept for fit in fits])
        keep_coefficients(self, coefs, intercepts, dtype, single=y.ndim == 1)
        warn_uncertified(self, fits)
        return fits


@explains_names
class ElasticNet(SparseCoefficients, LinearRegressor):
    """Linear least squares with an l1 and an l2 penalty, as sklearn.linear_model.ElasticNet.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        1/(2 W) sum_i w_i (y_i - b0 - x_i'b)^2  +  alpha sum_j v_j ( l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 )

    with w_i the sample weights (1 if none), W their sum, and v_j the penalty factors (1 if none).

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, >= 0. 0 is least squares, and as accurate as any other value.
    l1_ratio : float, default=0.5
        Share of the l1 part in [0, 1]: 1 is the lasso, 0 is ridge.
    fit_intercept : bool, default=True
        Whether b0 is fitted; else it is 0.
    precompute : bool or array-like of shape (n_features, n_features), default=False
        No effect: the solver decides on Gram matrices. One that is given is checked at one entry, as in
        scikit-learn, and not used.
    max_iter : int or None, default=1000
        Solver steps allowed (None is 1000), far fewer of which are needed than passes of coordinate descent.
    copy_X : bool, default=True
        No effect; X is never modified.
    tol : float, default=1e-6
        Duality gap that certifies a fit, >= 0, relative to the loss without penalised columns. The unit is
        scikit-learn's (there: relative to the mean of y^2); its default of 1e-4 is looser.
    warm_start : bool, default=False
        Whether a further fit starts from the `coef_` and `intercept_` at hand. It saves steps, and changes no
        certified solution by more than tol.
    positive : bool, default=False
        Whether coefficients must not be negative. `fastreg.fit_path` takes other bounds.
    random_state : int, RandomState or None, default=None
        No effect; nothing is random.
    selection : {"cyclic", "random"}, default="cyclic"
        No effect; an order of coordinates changes no certified solution.
    penalty_factor : array-like of shape (n_features,), default=None
        Factors v_j >= 0; None is 1 for every column. 0 leaves a column unpenalised, infinity leaves it out.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients; one row a target if y has several columns. float32 if X was.
    sparse_coef_ : csr_matrix of shape (n_targets, n_features)
        The same as a sparse matrix.
    intercept_ : float or ndarray of shape (n_targets,)
        b0; 0.0 if fit_intercept is False.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Proven bound of how far the objective above lies over its minimum.
    n_iter_ : int or list of int
        Solver steps of each target, or epochs where coordinate descent was enough.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names; only if all are strings.

    Notes
    -----
    A fit that is not certified to `tol` warns with a ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Zou and Hastie (2005), Journal of the Royal Statistical Society B 67(2), 301-320.

    Examples
    --------
    >>> from fastreg import ElasticNet
    >>> model = ElasticNet(alpha=0.1).fit([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], [0.0, 1.0, 3.0])
    >>> bool(model.dual_gap_ < 1e-6)
    True
    """

    coef_: np.ndarray
    intercept_: float | np.ndarray
    dual_gap_: float | np.ndarray
    n_iter_: int | list[int]

    path = staticmethod(enet_path)
    __metadata_request__fit: ClassVar[dict] = {"check_input": UNUSED}

    # tol: 1e-6 costs little more than scikit-learn's 1e-4, where coefficients can still be off in their second
    # digit. It is also the default of fit_path.
    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int | None = 1000,
        copy_X: bool = True,
        tol: float = 1e-6,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: ArrayLike | None = None,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor

    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> Self:
        """Fit the coefficients of every target.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows. Fortran-ordered float64 and canonical CSC are used where they lie; anything else is
            converted once.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Responses.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights >= 0, of any scale.
        check_input : bool, default=True
            No effect; input is always checked, in the pass that the fit needs anyway.

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
        >>> from fastreg import Lasso
        >>> Lasso(alpha=0.1).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).coef_.round(4)
        array([0.85])
        """
        alpha = check.check_number("alpha", self.alpha, 0.0, np.inf, high_open=True)
        check.check_option("selection", self.selection, PEER_SELECTIONS)
        X, y, weight, _, dtype = self._check(X, y, sample_weight)
        check_gram(self.precompute, X, self.fit_intercept, weight)
        alphas = np.full(1 if y.ndim == 1 else y.shape[1], alpha)
        fits = self._fit_targets(X, y, dtype, alphas, l1_ratio=self.l1_ratio, sample_weight=weight)
        self.dual_gap_ = each_or_one(np.array([fit.excess for fit in fits]))
        self.n_iter_ = each_or_one([fit.iterations for fit in fits])
        return self


@explains_names
@described_by(ElasticNet)
class Lasso(ElasticNet):
    """Linear least squares with an l1 penalty, as sklearn.linear_model.Lasso: ElasticNet with l1_ratio = 1.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        1/(2 W) sum_i w_i (y_i - b0 - x_i'b)^2  +  alpha sum_j v_j |b_j|

    with w_i the sample weights (1 if none), W their sum, and v_j the penalty factors (1 if none).

    Parameters
    ----------
    alpha, fit_intercept, precompute, copy_X, max_iter, tol, warm_start, positive, random_state : as for `ElasticNet`
    selection, penalty_factor : as for `ElasticNet`

    Attributes
    ----------
    coef_, sparse_coef_, intercept_, dual_gap_, n_iter_, n_features_in_, feature_names_in_ : as for `ElasticNet`

    Notes
    -----
    A fit that is not certified to `tol` warns with a ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Tibshirani (1996), Journal of the Royal Statistical Society B 58(1), 267-288.

    Examples
    --------
    >>> from fastreg import Lasso
    >>> model = Lasso(alpha=0.1).fit([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], [0.0, 1.0, 2.0])
    >>> model.predict([[3.0, 3.0]]).round(3)
    array([2.7])
    """

    l1_ratio = 1.0

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-6,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: ArrayLike | None = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
