"""Ridge with the parameters and attributes of scikit-learn's class."""

from __future__ import annotations

from typing import Any, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.estimators.checks import check_fit, less_offset
from fastreg.estimators.fit_one import each_or_one, is_bounded, keep_targets, options_of
from fastreg.estimators.least_squares import ElasticNet, LinearRegressor, TargetByTarget
from fastreg.interface import validation as check
from fastreg.interface.arguments import BoundedOptions
from fastreg.interface.shared_options import described_by, takes_options_of
from fastreg.multi.ridge_responses import fit_targets, ridge_problem, shared_factors
from fastreg.numerics.threads import one_blas_thread
from fastreg.paths.fit_path import fit_path
from fastreg.paths.plan import SOLVERS

RIDGE_SOLVERS = ("svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")  # scikit-learn's names


class RidgeTargetByTarget(TargetByTarget):
    """Base class of Ridge and RidgeClassifier, which fit a ridge regression for each target."""

    alpha: Any
    solver: str
    n_iter_: np.ndarray
    dual_gap_: float | np.ndarray
    solver_: str

    def _fit_ridges(self, given, y):
        """Fit every column of y, and set the fitted attributes."""
        X, dtype, (weight, total) = given.X, given.dtype, given.weights()
        solver = "auto" if self.solver in RIDGE_SOLVERS else self.solver
        alphas, bounded = self._alphas(1 if y.ndim == 1 else y.shape[1]), is_bounded(self)
        self.solver_ = "ridge" if self.solver == "auto" and not bounded else self.solver
        together = alphas.size > 1 or X.shape[1] >= X.shape[0]
        if together and solver in ("auto", "ridge") and not bounded:
            self._fit_together(X, y, alphas, weight, total, dtype)
            return
        fits = self._fit_targets(X, y, dtype, alphas / total, l1_ratio=0.0, sample_weight=weight, solver=solver)
        self.dual_gap_ = each_or_one(np.array([2.0 * total * fit.excess for fit in fits]))
        self.n_iter_ = np.array([fit.iterations for fit in fits], dtype=np.int32)

    @one_blas_thread()
    def _fit_together(self, X, y, alphas, weight, total, dtype):
        """Fit several targets, or one with wide X, by one factorisation; it finds the shortest of many solutions."""
        options = options_of(self, alphas, sample_weight=weight).checked()
        responses = y[:, None] if y.ndim == 1 else y
        problem = ridge_problem(X, responses, options)
        shared = shared_factors(problem, alphas / total)
        fits = fit_targets(problem, responses, alphas / total, options.tol, spectrum=shared, max_iter=options.max_iter)
        keep_targets(self, fits, dtype, single=y.ndim == 1)
        self.dual_gap_ = each_or_one(2.0 * total * fits.dual_gaps)
        self.n_iter_ = np.maximum(fits.n_iters, 1).astype(np.int32)

    def _peer_solvers(self):
        return ("lbfgs", "auto") if self.positive else (*RIDGE_SOLVERS, "auto")

    def _alphas(self, n_targets):
        """A penalty for each target, on the scale of the class's objective."""
        check.refuse_masked("alpha", self.alpha)
        alphas = [check.check_number("alpha", a, 0.0, np.inf, high_open=True) for a in np.ravel(self.alpha)]
        if len(alphas) not in (1, n_targets):
            raise ValueError(
                f"Number of targets and number of penalties do not correspond: {len(alphas)} != {n_targets}"
            )
        return np.broadcast_to(np.array(alphas), n_targets)


def check_ridge_solver(estimator):
    """Raise where there is no such solver, and scikit-learn's errors where it and `positive` do not go together."""
    check.check_option("solver", estimator.solver, (*SOLVERS, *RIDGE_SOLVERS))
    if estimator.solver == "lbfgs" and not estimator.positive:
        raise ValueError("'lbfgs' solver can be used only when positive=True. Please use another solver.")
    if estimator.positive and estimator.solver in RIDGE_SOLVERS and estimator.solver != "lbfgs":
        raise ValueError(
            f"solver='{estimator.solver}' does not support positive fitting. Please set the solver to 'auto' or "
            "'lbfgs', or set `positive=False`"
        )


@takes_options_of(fit_path, ElasticNet)
class Ridge(RidgeTargetByTarget, LinearRegressor):
    """Linear least squares with an l2 penalty, as sklearn.linear_model.Ridge.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        sum_i w_i (y_i - b0 - x_i'b - o_i)^2  +  alpha sum_j v_j b_j^2

    with w_i the sample weights, o_i the offsets and v_j the penalty factors; see `ElasticNet`.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, >= 0; one a target if there are several. Unlike Lasso's it grows with the
        number of rows: in the terms of `fastreg.fit_path` it is alpha / sum(w). 0 is least squares (the
        shortest solution if it is not unique).
    fit_intercept, copy_X : as for `ElasticNet`
    max_iter : int or None, default=None
        Steps of an iterative solver allowed; None is 1000. The closed form takes one.
    tol : float, default=1e-6
        Duality gap that certifies a fit, >= 0, relative to the loss without penalised columns. scikit-learn's
        default of 1e-4 means another thing with each of its solvers; the closed form does not stop there in
        either.
    solver : str, default="auto"
        "auto" (closed form), another of fastreg's ("newton", "coordinate_descent", "active_set",
        "proximal_gradient"), or one of scikit-learn's names, which are accepted and mean "auto".
    positive : bool, default=False
        Whether coefficients must not be negative, as lower=0. The solver is then "auto", "lbfgs" (which means
        "auto", and like in scikit-learn has no meaning without `positive`) or one of fastreg's that knows bounds.
    random_state : as for `ElasticNet`
    **options : as for `fit_path`

    Attributes
    ----------
    coef_, coef_names_, intercept_ : as for `ElasticNet`
    n_iter_ : ndarray of shape (n_targets,)
        Steps taken.
    dual_gap_ : as for `ElasticNet`
    solver_ : str
        The solver named; for "auto" fastreg's name of the one used, but where bounds choose anew by work.
    n_features_in_, feature_names_in_, encoding_ : as for `ElasticNet`

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

    coef_: np.ndarray
    intercept_: float | np.ndarray

    # tol: a gap needs a default of its own. 1e-6 is fit_path's; the closed form is exact whatever it is.
    def __init__(
        self,
        alpha: float | ArrayLike = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-6,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        **options: Unpack[BoundedOptions],
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @described_by(ElasticNet.fit)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> Self:
        """Fit the coefficients of every target.

        Parameters
        ----------
        X, y : as for `ElasticNet.fit`
        sample_weight : array-like of shape (n_samples,) or float, default=None
            Weights >= 0, or one for all rows. Their scale matters: see `alpha`.
        offset : as for `ElasticNet.fit`

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
        >>> from fastreg import Ridge
        >>> Ridge(alpha=1.0).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).coef_.round(4)
        array([0.6667])
        """
        check_ridge_solver(self)
        given = check_fit(self, X, y, sample_weight, offset, multi_output=True, y_numeric=True)
        self._fit_ridges(given, less_offset(self, given.y, given.offset))
        return self
