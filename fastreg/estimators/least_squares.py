"""Lasso and ElasticNet with the parameters and attributes of scikit-learn's classes."""

from __future__ import annotations

from typing import Any, ClassVar, Self, Unpack

import numpy as np
from sklearn.base import MultiOutputMixin
from sklearn.utils.metadata_routing import UNUSED

from fastreg.estimators.checks import check_fit, check_gram, less_offset
from fastreg.estimators.fit_one import (
    PEER_SELECTIONS,
    each_or_one,
    fit_point,
    keep_coefficients,
    last_fit,
    warn_uncertified,
)
from fastreg.estimators.linear import LinearModel, LinearPredictor, SparseCoefficients
from fastreg.estimators.sklearn_paths import enet_path
from fastreg.interface import validation as check
from fastreg.interface.arguments import BoundedOptions
from fastreg.interface.shared_options import takes_options_of
from fastreg.paths.fit_path import fit_path


class TargetByTarget(LinearModel):
    """Base class of estimators that fit each target by itself."""

    @check.each_once()
    def _fit_targets(self, X, y, dtype, alphas, **options):
        """Fit every column of y at its own alpha, and set coef_ and intercept_. Returns a SingleFit for each target."""
        columns = y[:, None] if y.ndim == 1 else y
        start = last_fit(self, (columns.shape[1], X.shape[1]))
        starts = [None] * len(alphas) if start is None else zip(*start)
        fits = [
            fit_point(self, X, column, alpha, start=begin, family="gaussian", **options)
            for column, alpha, begin in zip(columns.T, alphas, starts)
        ]
        coefs, intercepts = np.stack([fit.coef for fit in fits]), np.array([fit.intercept for fit in fits])
        keep_coefficients(self, coefs, intercepts, dtype, single=y.ndim == 1)
        warn_uncertified(self, fits)
        return fits


class LinearRegressor(MultiOutputMixin, LinearPredictor):
    """Base class of estimators that predict one number or several."""


@takes_options_of(fit_path, LinearModel)
class ElasticNet(SparseCoefficients, TargetByTarget, LinearRegressor):
    """Linear least squares with an l1 and an l2 penalty, as sklearn.linear_model.ElasticNet.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        1/(2 W) sum_i w_i (y_i - b0 - x_i'b - o_i)^2  +  alpha sum_j v_j ( l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 )

    with w_i the sample weights (1 if none), W their sum, o_i the offsets (0 if none), and v_j the penalty factors (1 if
    none). p is the number of coefficients: of columns of X, where no column of a data frame is a category.

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
        Whether coefficients must not be negative, as lower=0.
    random_state : int, RandomState or None, default=None
        No effect; nothing is random.
    selection : {"cyclic", "random"}, default="cyclic"
        No effect; an order of coordinates changes no certified solution.
    **options : as for `fit_path`

    Attributes
    ----------
    coef_ : ndarray of shape (p,) or (n_targets, p)
        Coefficients; one row a target if y has several columns. float32 if X was.
    coef_names_ : as for `LinearModel`
    sparse_coef_ : csr_matrix of shape (n_targets, p)
        `coef_` as a sparse matrix.
    intercept_ : float or ndarray of shape (n_targets,)
        b0; 0.0 if fit_intercept is False.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Proven bound of how far the objective above lies over its minimum.
    n_iter_ : int or list of int
        Solver steps of each target, or epochs where coordinate descent was enough.
    n_features_in_, feature_names_in_, encoding_ : as for `LinearModel`

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
        **options: Unpack[BoundedOptions],
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True, *, offset: Any = None) -> Self:
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
        offset : array-like of shape (n_samples,) or (n_samples, n_targets), or float, default=None
            Numbers o_i added to the linear predictor of each row. `predict` and `score` then ask for that of their
            rows. The number 0 is no offset.

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
        given = check_fit(self, X, y, sample_weight, offset, multi_output=True, y_numeric=True)
        y, (weight, _) = less_offset(self, given.y, given.offset), given.weights()
        check_gram(self.precompute, given.X, self.fit_intercept, weight)
        alphas = np.full(1 if y.ndim == 1 else y.shape[1], alpha)
        fits = self._fit_targets(given.X, y, given.dtype, alphas, l1_ratio=self.l1_ratio, sample_weight=weight)
        self.dual_gap_ = each_or_one(np.array([fit.excess for fit in fits]))
        self.n_iter_ = each_or_one([fit.iterations for fit in fits])
        return self


@takes_options_of(fit_path, ElasticNet)
class Lasso(ElasticNet):
    """Linear least squares with an l1 penalty, as sklearn.linear_model.Lasso: ElasticNet with l1_ratio = 1.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        1/(2 W) sum_i w_i (y_i - b0 - x_i'b - o_i)^2  +  alpha sum_j v_j |b_j|

    with w_i, W, o_i, v_j and p as in `ElasticNet`.

    Parameters
    ----------
    alpha, fit_intercept, precompute, copy_X, max_iter, tol, warm_start, positive, random_state : as for `ElasticNet`
    selection : as for `ElasticNet`
    **options : as for `fit_path`

    Attributes
    ----------
    coef_, coef_names_, sparse_coef_, intercept_, dual_gap_, n_iter_ : as for `ElasticNet`
    n_features_in_, feature_names_in_, encoding_ : as for `ElasticNet`

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
        **options: Unpack[BoundedOptions],
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
