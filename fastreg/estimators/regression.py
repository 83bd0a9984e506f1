"""Ridge, Lasso and ElasticNet with the parameters and attributes of scikit-learn's classes."""

from typing import ClassVar

import numpy as np
from sklearn.base import MultiOutputMixin
from sklearn.utils.metadata_routing import UNUSED

from fastreg import validation as check
from fastreg.estimators.given_gram import check_gram
from fastreg.estimators.linear import LinearPredictor, SparseCoefficients
from fastreg.estimators.parameters import PEER_SELECTIONS, keeps_parameters
from fastreg.estimators.single_fit import (
    check_fit,
    each_or_one,
    fit_point,
    keep_coefficients,
    keep_targets,
    last_fit,
    terms_of,
    total_weight,
    warn_uncertified,
)
from fastreg.peer_paths import enet_path
from fastreg.ridge_targets import fit_targets, ridge_problem, shared_factors
from fastreg.solvers import SOLVERS
from fastreg.threads import one_blas_thread

RIDGE_SOLVERS = ("svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")  # scikit-learn's names


class LinearRegressor(MultiOutputMixin, LinearPredictor):
    """What the three share: a fit of every target."""

    def _check(self, X, y, sample_weight):
        """(X, targets as columns, weights, their sum, dtype of the coefficients), all parameters checked."""
        X, y, dtype = check_fit(self, X, y, multi_output=True, y_numeric=True)
        weight, total = total_weight(sample_weight, X.shape[0])
        return X, y, weight, total, dtype

    def _fit_targets(self, X, y, dtype, alphas, **terms):
        """Fit every column of y, at its own alpha; store coef_ and intercept_. Returns a fit a target."""
        columns = y[:, None] if y.ndim == 1 else y
        terms |= {"family": "gaussian", "lower": 0.0 if self.positive else None}
        start = last_fit(self, (columns.shape[1], X.shape[1]))
        starts = [None] * len(alphas) if start is None else zip(*start)
        fits = [
            fit_point(self, X, column, alpha, start=begin, **terms)
            for column, alpha, begin in zip(columns.T, alphas, starts)
        ]
        coefs, intercepts = np.stack([fit.coef for fit in fits]), np.array([fit.intercept for fit in fits])
        keep_coefficients(self, coefs, intercepts, dtype, single=y.ndim == 1)
        warn_uncertified(self, fits)
        return fits


class Ridge(LinearRegressor):
    """Linear least squares with an l2 penalty, as sklearn.linear_model.Ridge.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        sum_i w_i (y_i - b0 - x_i'b)^2  +  alpha sum_j v_j b_j^2

    with w_i the sample weights (1 if none) and v_j the penalty factors (1 if none).

    Parameters
    ----------
    alpha : float >= 0, or array (n_targets,) of them. Unlike Lasso's it grows with the number of rows: in the
        terms of `fastreg.fit_path` it is alpha / sum(w). 0 is least squares (the shortest solution if it is
        not unique).
    fit_intercept : whether b0 is fitted, else it is 0.
    copy_X : no effect; X is never modified.
    max_iter : steps of an iterative solver; None is 1000. The closed form takes one.
    tol : >= 0. Duality gap that certifies a fit, relative to the loss without penalised columns.
        scikit-learn's default of 1e-4 means another thing with each of its solvers; the closed form does not
        stop there in either.
    solver : "auto" (closed form), another of fastreg's ("newton", "coordinate_descent", "active_set",
        "proximal_gradient"), or one of scikit-learn's names, which are accepted and mean "auto".
    positive : whether coefficients must not be negative; solver is then "auto", "lbfgs" (which means "auto", and
        like in scikit-learn has no meaning without `positive`) or one of fastreg's that knows bounds.
    random_state : no effect; nothing is random.
    penalty_factor : (n_features,) v_j >= 0 or None: 0 leaves a column unpenalised, infinity leaves it out.

    Attributes
    ----------
    coef_ : (n_features,), or (n_targets, n_features) if y has several columns; float32 if X was.
    intercept_ : float, or (n_targets,) if y is two-dimensional; 0.0 if fit_intercept is False.
    n_iter_ : (n_targets,) steps taken.
    dual_gap_ : float, or (n_targets,): proven bound of how far the objective above lies over its minimum.
    solver_ : the solver named; for "auto" fastreg's name of the one used, but where `positive` chooses anew by work.
    n_features_in_, feature_names_in_ : columns seen in fit; names only if all are strings.

    Notes
    -----
    A fit that is not certified to `tol` warns with a ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Hoerl and Kennard (1970), Technometrics 12(1), 55-67.

    Examples
    --------
    >>> from fastreg import Ridge
    >>> model = Ridge(alpha=1.0).fit([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], [0.0, 1.0, 3.0])
    >>> model.coef_.round(4)
    array([0.875, 0.375])
    """

    # tol: a gap needs a default of its own. 1e-6 is fit_path's; the closed form is exact whatever it is.
    @keeps_parameters
    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-6,
        solver="auto",
        positive=False,
        random_state=None,
        penalty_factor=None,
    ): ...

    def fit(self, X, y, sample_weight=None):
        """Fit the coefficients of every target.

        Parameters
        ----------
        X : (n_samples, n_features) array, sparse of any format, or data frame. Fortran-ordered float64 and
            canonical CSC are used where they lie; anything else is converted once.
        y : (n_samples,) or (n_samples, n_targets).
        sample_weight : None, (n_samples,) weights >= 0, or a number for all rows. Their scale matters: see
            `alpha`.

        Returns
        -------
        self

        Raises
        ------
        ValueError where an argument is out of its range, with the first bad place.
        """
        check.check_option("solver", self.solver, (*SOLVERS, *RIDGE_SOLVERS))
        self._check_positive()
        solver = "auto" if self.solver in RIDGE_SOLVERS else self.solver
        X, y, weight, total, dtype = self._check(X, y, sample_weight)
        alphas = self._alphas(1 if y.ndim == 1 else y.shape[1])
        self.solver_ = "ridge" if self.solver == "auto" and not self.positive else self.solver
        together = alphas.size > 1 or X.shape[1] >= X.shape[0]
        if together and solver in ("auto", "ridge") and not self.positive:
            return self._fit_together(X, y, alphas, weight, total, dtype)
        fits = self._fit_targets(X, y, dtype, alphas / total, l1_ratio=0.0, sample_weight=weight, solver=solver)
        self.dual_gap_ = each_or_one(np.array([2.0 * total * fit.excess for fit in fits]))
        self.n_iter_ = np.array([fit.iterations for fit in fits], dtype=np.int32)
        return self

    @one_blas_thread()
    def _fit_together(self, X, y, alphas, weight, total, dtype):
        """Several targets, or one on wide X: a factorisation serves all, and finds the shortest of many solutions."""
        terms, responses = terms_of(self, sample_weight=weight).checked(), y[:, None] if y.ndim == 1 else y
        problem = ridge_problem(X, responses, terms)
        shared = shared_factors(problem, alphas / total)
        fits = fit_targets(problem, responses, alphas / total, terms.tol, spectrum=shared, max_iter=terms.max_iter)
        keep_targets(self, fits, dtype, single=y.ndim == 1)
        self.dual_gap_ = each_or_one(2.0 * total * fits.dual_gaps)
        self.n_iter_ = np.maximum(fits.n_iters, 1).astype(np.int32)
        return self

    def _check_positive(self):
        """scikit-learn's errors for solvers that cannot keep coefficients positive, and for the one made for it."""
        if self.solver == "lbfgs" and not self.positive:
            raise ValueError("'lbfgs' solver can be used only when positive=True. Please use another solver.")
        if self.positive and self.solver in RIDGE_SOLVERS and self.solver != "lbfgs":
            raise ValueError(
                f"solver='{self.solver}' does not support positive fitting. Please set the solver to 'auto' or "
                "'lbfgs', or set `positive=False`"
            )

    def _peer_solvers(self):
        return ("lbfgs", "auto") if self.positive else (*RIDGE_SOLVERS, "auto")

    def _alphas(self, n_targets):
        """One penalty a target, on the scale of the objective above."""
        alphas = [check.check_number("alpha", a, 0.0, np.inf, high_open=True) for a in np.ravel(self.alpha)]
        if len(alphas) not in (1, n_targets):
            raise ValueError(
                f"Number of targets and number of penalties do not correspond: {len(alphas)} != {n_targets}"
            )
        return np.broadcast_to(np.array(alphas), n_targets)


class ElasticNet(SparseCoefficients, LinearRegressor):
    """Linear least squares with an l1 and an l2 penalty, as sklearn.linear_model.ElasticNet.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        1/(2 W) sum_i w_i (y_i - b0 - x_i'b)^2  +  alpha sum_j v_j ( l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 )

    with w_i the sample weights (1 if none), W their sum, and v_j the penalty factors (1 if none).

    Parameters
    ----------
    alpha : float >= 0. 0 is least squares, and as accurate as any other value.
    l1_ratio : share of the l1 part in [0, 1]: 1 is the lasso, 0 is ridge.
    fit_intercept : whether b0 is fitted, else it is 0.
    warm_start : whether a further fit starts from the `coef_` and `intercept_` at hand. It saves steps, and
        changes no certified solution by more than tol.
    precompute, copy_X, random_state, selection : no effect. The solver decides on Gram matrices, never modifies
        X and draws nothing at random; none of these could change a certified solution. A Gram matrix given as
        precompute is checked at one entry, as scikit-learn does, and not used.
    max_iter : solver steps allowed (None is 1000), far fewer of which are needed than passes of coordinate
        descent.
    tol : >= 0. Duality gap that certifies a fit, relative to the loss without penalised columns. The unit is
        that of scikit-learn (there: relative to the mean of y^2), the default is stricter: 1e-6 instead of
        1e-4.
    positive : whether coefficients must not be negative. Bounds of other kinds: `fastreg.fit_path`.
    penalty_factor : (n_features,) v_j >= 0 or None: 0 leaves a column unpenalised, infinity leaves it out.

    Attributes
    ----------
    coef_ : (n_features,), or (n_targets, n_features) if y has several columns; float32 if X was.
    sparse_coef_ : the same as a CSR matrix of shape (n_targets, n_features).
    intercept_ : float, or (n_targets,) if y is two-dimensional; 0.0 if fit_intercept is False.
    dual_gap_ : float, or (n_targets,): proven bound of how far the objective above lies over its minimum.
    n_iter_ : int, or a list of one a target: solver steps, or epochs where coordinate descent was enough.
    n_features_in_, feature_names_in_ : columns seen in fit; names only if all are strings.

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

    path = staticmethod(enet_path)
    __metadata_request__fit: ClassVar[dict] = {"check_input": UNUSED}

    # tol: 1e-6 costs little more than scikit-learn's 1e-4, where coefficients can still be off in their second
    # digit. It is also the default of fit_path.
    @keeps_parameters
    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        precompute=False,
        max_iter=1000,
        copy_X=True,
        tol=1e-6,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
        penalty_factor=None,
    ): ...

    def fit(self, X, y, sample_weight=None, check_input=True):
        """Fit the coefficients of every target.

        Parameters
        ----------
        X : (n_samples, n_features) array, sparse of any format, or data frame. Fortran-ordered float64 and
            canonical CSC are used where they lie; anything else is converted once.
        y : (n_samples,) or (n_samples, n_targets).
        sample_weight : None or (n_samples,) weights >= 0, of any scale.
        check_input : no effect; input is always checked, in the pass that the fit needs anyway.

        Returns
        -------
        self

        Raises
        ------
        ValueError where an argument is out of its range, with the first bad place.
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


class Lasso(ElasticNet):
    """Linear least squares with an l1 penalty, as sklearn.linear_model.Lasso: ElasticNet with l1_ratio = 1.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        1/(2 W) sum_i w_i (y_i - b0 - x_i'b)^2  +  alpha sum_j v_j |b_j|

    with w_i the sample weights (1 if none), W their sum, and v_j the penalty factors (1 if none).
    Parameters, attributes and errors are those of `ElasticNet`, without l1_ratio.

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

    @keeps_parameters
    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        precompute=False,
        copy_X=True,
        max_iter=1000,
        tol=1e-6,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
        penalty_factor=None,
    ): ...
