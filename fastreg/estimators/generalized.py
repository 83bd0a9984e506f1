"""GeneralizedLinearModel: a penalised model of any family in scikit-learn's form."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, Self, Unpack

import numpy as np
from sklearn.base import RegressorMixin

from fastreg.estimators.checks import check_fit, checked_weight, keep_offset, of_formula
from fastreg.estimators.fit_one import (
    fit_point,
    keep_coefficients,
    last_fit,
    warn_uncertified,
)
from fastreg.estimators.linear import LinearModel
from fastreg.estimators.to_sklearn import PEER_VERSION
from fastreg.interface import validation as check
from fastreg.interface.arguments import BoundedOptions, FitOptions
from fastreg.interface.shared_options import described_by, takes_options_of
from fastreg.paths.explained import deviance_explained
from fastreg.paths.fit_path import fit_path
from fastreg.paths.plan import SOLVERS
from fastreg.paths.setup import family_named, warn_of_exposure

# scikit-learn's names: before 1.10; since then, for l1 parts; and all of 1.10
SMOOTH_SOLVERS, L1_SOLVERS = ("lbfgs", "newton-cholesky"), ("newton-cd", "newton-cd-gram")
GLM_SOLVERS = (*SMOOTH_SOLVERS, *L1_SOLVERS, "newton-cg")
PEERS = {"gaussian": "ElasticNet", "poisson": "PoissonRegressor", "gamma": "GammaRegressor"}


@takes_options_of(fit_path)
class GeneralizedLinearModel(RegressorMixin, LinearModel):
    """A penalised generalised linear model of any family, one of your own too, at one alpha.

    Minimises, over coefficients b and an intercept b0 that is not penalised,

        1/W sum_i w_i loss(y_i, o_i + b0 + x_i'b)  +  alpha sum_j v_j ( l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 )

    subject to bounds on b if there are any, with w_i the sample weights (1 if none), W their sum, o_i the offset (0 if
    none), v_j the penalty factors (1 if none), and loss half the unit deviance of the family. This is the objective of
    `fastreg.fit_path`; alpha and l1_ratio are those of scikit-learn's PoissonRegressor, GammaRegressor and ElasticNet.

    Parameters
    ----------
    family : {"gaussian", "binomial", "poisson", "gamma"} or family class, default="gaussian"
        The loss. The link is the logit for "binomial", the log for "poisson" and "gamma". A class of your own is a
        family, too.
    formula : str, default=None
        A formula about the data frame that `fit` gets as X, "claims ~ age + C(region)", in the grammar of formulaic
        (the extra "formula"). It has the response, says whether there is an intercept, and lets offset and weights be
        names of columns, see `fastreg.fit_path`. `predict` reads frames by it.
    alpha : float, default=1.0
        Strength of the penalty, >= 0. 0 is maximum likelihood.
    l1_ratio : float, default=0.0
        Share of the l1 part in [0, 1]: 0 is ridge, 1 the lasso.
    penalty : object, default=None
        A separable penalty of your own in place of the elastic net, as for `fastreg.fit_path`.
    fit_intercept : bool, default=True
        Whether b0 is fitted; else it is 0.
    solver : str, default="auto"
        "auto", another of fastreg's ("newton", "coordinate_descent", "proximal_gradient", for "gaussian" more), or one
        of scikit-learn's names ("lbfgs", "newton-cholesky", and "newton-cg", "newton-cd" and "newton-cd-gram" of 1.10),
        which are accepted and mean "auto". The solution does not depend on it.
    max_iter : int, default=1000
        Solver steps allowed.
    tol : float, default=1e-6
        Duality gap that certifies a fit, >= 0, relative to the loss without penalised columns.
    warm_start : bool, default=False
        Whether a further fit starts from the `coef_` and `intercept_` at hand. It saves steps, and changes no
        certified solution by more than tol.
    verbose : bool or int, default=0
        Whether a fit that takes more than 2 s shows a bar on stderr.
    **options : as for `fit_path`

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Coefficients; float32 if X was. p is the number of columns of X, where no column of a frame is a category.
    coef_names_ : ndarray of shape (p,)
        Their names; only of a data frame.
    intercept_ : float
        b0; 0.0 if fit_intercept is False.
    dual_gap_ : float
        Proven bound of how far the objective above lies over its minimum.
    n_iter_ : int
        Solver steps.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names; only if all are strings.
    encoding_ : object
        How categories, dates and missing values of a data frame were read; only if it has such columns.

    Notes
    -----
    A fit that is not certified to `tol` warns with a ConvergenceWarning (scikit-learn's and fastreg's). `predict` of
    "binomial" returns probabilities; `LogisticRegression` takes labels and predicts them. To unpickle a model of a
    family of your own its class has to be importable.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models. Friedman, Hastie and Tibshirani (2010), Journal of
    Statistical Software 33(1).

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import GeneralizedLinearModel
    >>> X, claims, years = [[0.0], [1.0], [2.0], [3.0]], [1, 3, 9, 5], np.array([1.0, 1.0, 2.0, 0.5])
    >>> model = GeneralizedLinearModel("poisson", alpha=0.0).fit(X, claims, offset=np.log(years))
    >>> model.predict([[4.0]], offset=0.0).round(1)
    array([19.2])
    """

    coef_: np.ndarray
    intercept_: float
    dual_gap_: float
    n_iter_: int

    _page = "TweedieRegressor"  # whose parameters mean the same, in scikit-learn's documentation

    def __init__(
        self,
        family: str | type = "gaussian",
        *,
        formula: str | None = None,
        alpha: float = 1.0,
        l1_ratio: float = 0.0,
        penalty: Any = None,
        fit_intercept: bool = True,
        solver: str = "auto",
        max_iter: int = 1000,
        tol: float = 1e-6,
        warm_start: bool = False,
        verbose: bool | int = 0,
        **options: Unpack[BoundedOptions],
    ) -> None:
        self.family = family
        self.formula = formula
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.penalty = penalty
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, offset: Any = None) -> Self:
        """Fit the coefficients.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows. Fortran-ordered float64 and canonical CSC are used where they lie; anything else is
            converted once.
        y : array-like of shape (n_samples,), default=None
            Response: real numbers for "gaussian", 0 and 1 or proportions for "binomial", not negative for "poisson",
            positive for "gamma". None is that of `formula`.
        sample_weight : array-like of shape (n_samples,), float or str, default=None
            Weights >= 0, of any scale. An exposure is not a weight, see `offset`. A text, with `formula`, is a column.
        offset : array-like of shape (n_samples,), float or str, default=None
            Added to the linear predictor, such as np.log(exposure) for counts over an exposure. `predict` and `score`
            then ask for that of their rows. The number 0 is no offset. A text, with `formula`, is an expression of
            columns, "np.log(exposure)", which they apply themselves.

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
        >>> from fastreg import GeneralizedLinearModel
        >>> model = GeneralizedLinearModel("gamma", alpha=0.0).fit([[0.0], [1.0], [2.0]], [1.0, 2.0, 4.0])
        >>> model.predict([[3.0]]).round(2)
        array([8.])
        """
        alpha = check.check_number("alpha", self.alpha, 0.0, np.inf, high_open=True)
        given, options = self._checked(X, y, sample_weight, offset)
        start = last_fit(self, (1, given.X.shape[1]))
        start = None if start is None else (start[0][0], start[1][0])
        fit = fit_point(self, given.X, given.y, alpha, start=start, l1_ratio=self._share(self.l1_ratio), **options)
        keep_coefficients(self, fit.coef[None], np.array([fit.intercept]), given.dtype, single=True)
        self.dual_gap_, self.n_iter_ = float(fit.excess), fit.iterations
        warn_uncertified(self, [fit])
        return self

    def _share(self, l1_ratio):
        """The l1_ratio for the engine, which asks to leave it out where there is a penalty of one's own."""
        return 1.0 if self.penalty is not None and l1_ratio == 0.0 else l1_ratio

    def _checked(self, X, y, sample_weight, offset, **of_rows):
        """(the `Given` of a fit, FitOptions by name)."""
        check.check_option("solver", self.solver, (*SOLVERS, *GLM_SOLVERS))
        self._family = family_named(self.family)
        given = check_fit(self, X, y, sample_weight, offset, of_rows, y_numeric=True)
        options = {
            "family": self._family, "penalty": self.penalty, "sample_weight": given.weights()[0],
            "offset": keep_offset(self, given.offset, given.y.shape),
            "solver": "auto" if self.solver in GLM_SOLVERS else self.solver,
        }  # fmt: skip
        warn_of_exposure(given.y, FitOptions(**options))
        return given, options

    def linear_predictor(self, X: Any, *, offset: Any = None) -> np.ndarray:
        """Linear predictors: offset + intercept_ + X coef_, on the scale of the link.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows, with the columns seen in fit.
        offset : array-like of shape (n_samples,) or float, default=None
            Offset of the rows; required if the fit had one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n_samples,)
            A value a row.

        Examples
        --------
        >>> from fastreg import PoissonRegressor
        >>> model = PoissonRegressor(alpha=0.0).fit([[0.0], [1.0], [2.0]], [1, 2, 4])
        >>> model.linear_predictor([[3.0]]).round(4)
        array([2.0794])
        """
        return self._linear_predictor(X, offset)

    @described_by(linear_predictor)
    def predict(self, X: Any, *, offset: Any = None) -> np.ndarray:
        """The mean response: the inverse link of the linear predictor.

        Parameters
        ----------
        X, offset : as for `GeneralizedLinearModel.linear_predictor`

        Returns
        -------
        ndarray of shape (n_samples,)
            A value a row: for "binomial" the probability of 1; for "poisson" and "gamma" exp of the linear predictor.

        Examples
        --------
        >>> from fastreg import PoissonRegressor
        >>> PoissonRegressor(alpha=0.0).fit([[0.0], [1.0], [2.0]], [1, 2, 4]).predict([[3.0]]).round(4)
        array([8.])
        """
        eta = self._linear_predictor(X, offset)
        return np.asarray(self._family.mean(eta), dtype=eta.dtype)

    @described_by(linear_predictor)
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, offset: Any = None) -> float:
        """D squared: the share of the deviance of y that is explained; R squared for "gaussian".

        Parameters
        ----------
        X : as for `GeneralizedLinearModel.linear_predictor`
        y : array-like of shape (n_samples,), default=None
            Their responses. None is that of `formula`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        offset : as for `GeneralizedLinearModel.linear_predictor`

        Returns
        -------
        float
            1 is perfect, 0 is as good as an intercept fitted to y (beside the offset), less is worse; nan if the
            deviance with that intercept is zero.

        Raises
        ------
        ValueError
            Where the family does not admit y, and where a weight is missing, negative or infinite.

        Examples
        --------
        >>> from fastreg import PoissonRegressor
        >>> X, y = [[0.0], [1.0], [2.0]], [1, 2, 4]
        >>> round(PoissonRegressor(alpha=0.0).fit(X, y).score(X, y), 6)
        1.0
        """
        y, sample_weight, offset = of_formula(self, X, y=y, sample_weight=sample_weight, offset=offset)
        eta = np.asarray(self._linear_predictor(X, offset), dtype=float)
        weight, shift = checked_weight(sample_weight, X), check.check_offset(offset, eta.size)
        return deviance_explained(self._family, eta, y, weight, shift)

    def _doc_link_url_param_generator(self, *_):
        return {"estimator_module": "sklearn.linear_model", "estimator_name": self._page}

    def _peer_name(self):
        name = self._family.name
        if self.penalty is not None:
            raise ValueError("scikit-learn has no penalties of one's own; keep this model as it is, or pickle it")
        if name not in PEERS:
            raise ValueError(f"scikit-learn has no regressor of family {name!r}; those it has are {', '.join(PEERS)}")
        return PEERS[name]

    def _peer_solvers(self):
        if PEER_VERSION < (1, 10):
            return SMOOTH_SOLVERS
        return L1_SOLVERS if getattr(self, "l1_ratio_", self.l1_ratio) else GLM_SOLVERS

    def _peer_solver(self):
        return self._peer_solvers()[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        with suppress(ValueError, TypeError):  # `fit` says what is wrong with a family
            positive = not family_named(self.family).check(np.array([-1.0]))[0]
            tags = replace(tags, target_tags=replace(tags.target_tags, positive_only=positive))
        return tags
