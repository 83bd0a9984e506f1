"""GeneralizedLinearModelCV, PoissonRegressorCV and GammaRegressorCV: the penalty chosen by held-out rows."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import GroupKFold

from fastreg.estimators.alpha_choice import ChoosesAlpha
from fastreg.estimators.cv_routing import pairs_of, warn_folds
from fastreg.estimators.fit_one import options_of
from fastreg.estimators.generalized import GeneralizedLinearModel
from fastreg.estimators.job_count import uses_its_threads
from fastreg.interface import validation as check
from fastreg.interface.arguments import BoundedOptions
from fastreg.interface.naming import explains_names
from fastreg.interface.progress import Watch
from fastreg.interface.shared_options import described_by, takes_options_of
from fastreg.paths.fit_path import fit_path
from fastreg.selection.cross_validation.cv_path import cross_validate
from fastreg.selection.cross_validation.folds import Folding
from fastreg.selection.cross_validation.metrics import METRICS, OF_CLASSES, Response
from fastreg.selection.cross_validation.result import SELECTIONS, as_written_here, warn_of_grid_end
from fastreg.selection.cross_validation.sklearn_scorers import scorer_metric

LEAST_SHARE = 1e-3  # the l1_ratio whose alpha_max begins the grids of those below it


@takes_options_of(fit_path, GeneralizedLinearModel)
class GeneralizedLinearModelCV(ChoosesAlpha, GeneralizedLinearModel):
    """GeneralizedLinearModel with alpha, and l1_ratio of several, chosen by cross-validation.

    The path on all rows and that on each fold's training rows have one grid of alphas and minimise the objective of
    `GeneralizedLinearModel`; every fit is certified. What a fold leaves out is scored by the deviance of the family.

    Parameters
    ----------
    family, formula : as for `GeneralizedLinearModel`
    l1_ratio : float or array-like, default=0.0
        Share of the l1 part in [0, 1], or several to choose from: 0 is ridge, 1 the lasso.
    penalty : as for `GeneralizedLinearModel`
    eps : float or None, default=None
        The last alpha of an automatic grid over its first, in (0, 1). None is 1e-2 if n < p, else 1e-4; for an l1_ratio
        below 1e-3, whose grid begins at the alpha_max of 1e-3, a thousandth of that.
    alphas : int or array-like, default=100
        The number of alphas of an automatic grid, or their values in any order.
    fit_intercept, solver : as for `GeneralizedLinearModel`
    max_iter : int, default=1000
        Solver steps allowed at each alpha.
    tol : float, default=1e-6
        Relative duality gap that every fit must reach, >= 0.
    cv : int, splitter, iterable or None, default=None
        A number of folds, a splitter, or pairs of (train, test) rows. None is 5. A number cuts the rows in order, with
        classes of "binomial" spread evenly and `groups` kept together.
    scoring : str or callable, default="deviance"
        "deviance", "mse", "mae", of classes "misclassification" and "auc", the name of a scikit-learn scorer, or a
        function of (estimator, X, y), larger being better.
    rule : {"min", "1se"}, default="min"
        "min" takes the alpha of the best mean score, "1se" the largest within one standard error of it.
    n_jobs : int or None, default=None
        Threads that a fit may use: 1 is one, -1 as many as there are CPUs, None what `fastreg.set_num_threads`
        says. Results do not depend on it.
    verbose : as for `GeneralizedLinearModel`
    standardize : as for `fit_path`
        The deviations of a fold are those of its training rows.
    missing : as for `fit_path`
        Means are those of all rows, as levels of categories are; they never depend on y.
    **options : as for `fit_path`

    Attributes
    ----------
    alpha_ : float
        The alpha chosen.
    l1_ratio_ : float
        The l1_ratio chosen; NaN with a penalty of your own.
    coef_, coef_names_, intercept_ : as for `GeneralizedLinearModel`
    deviance_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, n_folds)
        Mean deviances, or what `scoring` says, of what each fold leaves out.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        The grid; one for each l1_ratio if it is automatic and there are several.
    dual_gap_ : float
        Proven bound of how far the objective at alpha_ lies over its minimum.
    n_iter_ : int
        Solver steps at alpha_.
    cv_path_ : fastreg.CVPath
        Standard errors and the fits of the folds; without what has the size of the data.
    n_features_in_, feature_names_in_, encoding_ : as for `GeneralizedLinearModel`

    Notes
    -----
    Folds count by the weight of the rows that they leave out, as in `fastreg.cv_path`. Fits that are not certified to
    `tol` are counted in one ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1), section 2.5.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import GeneralizedLinearModelCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 4))
    >>> y = rng.gamma(2.0, np.exp(X[:, 0]))
    >>> model = GeneralizedLinearModelCV("gamma", l1_ratio=1.0, rule="1se").fit(X, y)
    >>> bool(model.alpha_ >= model.cv_path_.alpha_min), model.deviance_path_.shape
    (True, (100, 5))
    """

    deviance_path_: np.ndarray

    _scores_name = "deviance_path_"
    __metadata_request__fit: ClassVar[dict] = {"groups": True}  # as splitters of groups ask

    def __init__(
        self,
        family: str | type = "gaussian",
        *,
        formula: str | None = None,
        l1_ratio: float | ArrayLike = 0.0,
        penalty: Any = None,
        eps: float | None = None,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        solver: str = "auto",
        max_iter: int = 1000,
        tol: float = 1e-6,
        cv: Any = None,
        scoring: str | Callable[..., float] = "deviance",
        rule: str = "min",
        n_jobs: int | None = None,
        verbose: bool | int = 0,
        **options: Unpack[BoundedOptions],
    ) -> None:
        self.family = family
        self.formula = formula
        self.l1_ratio = l1_ratio
        self.penalty = penalty
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.n_jobs = n_jobs
        self.verbose = verbose

    @uses_its_threads
    @check.each_once()
    @described_by(GeneralizedLinearModel.fit)
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        offset: Any = None,
        groups: ArrayLike | str | None = None,
    ) -> Self:
        """Cross-validate the path and keep the fit on all rows at the alpha chosen.

        Parameters
        ----------
        X, y : as for `GeneralizedLinearModel.fit`
        sample_weight : array-like of shape (n_samples,) or float, default=None
            Weights >= 0, of any scale. They count in the fits, in the scores and in the mean over folds.
        offset : as for `GeneralizedLinearModel.fit`
        groups : array-like of shape (n_samples,) or str, default=None
            Labels of rows that belong together, for a number of folds or a splitter that asks for them. A text, with
            `formula`, is a column.

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
        >>> import numpy as np
        >>> from fastreg import PoissonRegressorCV
        >>> rng = np.random.default_rng(0)
        >>> X, years, driver = rng.normal(size=(60, 2)), rng.uniform(0.5, 2.0, size=60), np.arange(60) // 3
        >>> y = rng.poisson(years * np.exp(1.0 + X[:, 0]))
        >>> PoissonRegressorCV(cv=4).fit(X, y, offset=np.log(years), groups=driver).coef_.round(1)
        array([ 0.9, -0. ])
        """
        rule = check.check_option("rule", as_written_here(self.rule), SELECTIONS)
        grid, ratios = self._grid(), [self._share(ratio) for ratio in self._l1_ratios()]
        given, options = self._checked(X, y, sample_weight, offset, groups=groups)
        X, y = given.X, given.y
        classes = np.array([0.0, 1.0]) if self._family.name == "binomial" and np.isin(y, (0.0, 1.0)).all() else None
        response = Response(X, y, classes, options["sample_weight"])
        folds, metric = Folding(self._folds(given, classes is not None)), self._metric(response)
        asked = folds, metric, response, Watch(self.verbose)
        options = options_of(self, grid.alphas, **options)
        curves = [self._curve(X, y, options, ratio, grid, *asked) for ratio in ratios]
        self._keep(curves, given.dtype, rule)
        warn_folds(self, curves)
        if grid.automatic():
            warn_of_grid_end(self.cv_path_.path, self.cv_path_.index_min)
        return self

    def _curve(self, X, y, options, ratio, grid, folds, metric, response, watch):
        """The CVPath of one l1_ratio."""
        if grid.automatic() and ratio < LEAST_SHARE:
            grid = grid._replace(alpha_min_ratio=LEAST_SHARE * (1e-2 if X.shape[0] < X.shape[1] else 1e-4))
        return cross_validate(X, y, options, [ratio], folds, metric, grid, response, watch)[0]

    def _folds(self, given, classifies):
        """Pairs of (train, test) rows."""

        def split(params):
            groups = params.get("groups")
            return {} if groups is None else {"groups": check.check_labels("groups", groups)}

        numbered = self.cv is None or (isinstance(self.cv, numbers.Integral) and not isinstance(self.cv, bool))
        cv = self.cv
        if numbered and split(given.params):
            cv, given = GroupKFold(5 if cv is None else cv), given._replace(whole=None)
        return pairs_of(cv, given, classifies, split)

    def _metric(self, response):
        known = [name for name in METRICS if response.classes is not None or name not in OF_CLASSES]
        if isinstance(self.scoring, str) and self.scoring in known:
            return METRICS[self.scoring]
        return scorer_metric(self.scoring, response, known)

    def _peer_params(self, params):
        return params | {"alpha": self.alpha_, "l1_ratio": self.l1_ratio_}


@takes_options_of(fit_path)
class OneFamilyCV(GeneralizedLinearModelCV):
    """Base class of the cross-validated models of one family."""

    penalty = None

    def __init__(
        self,
        *,
        l1_ratio: float | ArrayLike = 0.0,
        eps: float | None = None,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        solver: str = "auto",
        max_iter: int = 1000,
        tol: float = 1e-6,
        cv: Any = None,
        scoring: str | Callable[..., float] = "deviance",
        rule: str = "min",
        n_jobs: int | None = None,
        verbose: bool | int = 0,
        **options: Unpack[BoundedOptions],
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.n_jobs = n_jobs
        self.verbose = verbose


@explains_names
@described_by(GeneralizedLinearModelCV)
class PoissonRegressorCV(OneFamilyCV):
    """PoissonRegressor with alpha, and l1_ratio of several, chosen by cross-validation.

    The path on all rows and that on each fold's training rows have one grid of alphas and minimise the objective of
    `PoissonRegressor`; every fit is certified. What a fold leaves out is scored by the poisson deviance. This is
    `GeneralizedLinearModelCV` with family = "poisson".

    Parameters
    ----------
    l1_ratio, eps, alphas, fit_intercept, solver, max_iter, tol, cv : as for `GeneralizedLinearModelCV`
    scoring, rule, n_jobs, verbose : as for `GeneralizedLinearModelCV`
    penalty_factor, lower, upper, standardize : as for `GeneralizedLinearModelCV`
    categories, ordered, dates, missing, unseen : as for `GeneralizedLinearModelCV`

    Attributes
    ----------
    alpha_, l1_ratio_, coef_, coef_names_, intercept_ : as for `GeneralizedLinearModelCV`
    deviance_path_, alphas_, dual_gap_, n_iter_, cv_path_ : as for `GeneralizedLinearModelCV`
    n_features_in_, feature_names_in_, encoding_ : as for `GeneralizedLinearModelCV`

    Notes
    -----
    Folds count by the weight of the rows that they leave out, as in `fastreg.cv_path`. Fits that are not certified to
    `tol` are counted in one ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1), section 2.5.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import PoissonRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 4))
    >>> y = rng.poisson(np.exp(X[:, 0]))
    >>> PoissonRegressorCV(l1_ratio=[0.5, 1.0], rule="1se").fit(X, y).coef_.round(1) + 0.0
    array([0.6, 0. , 0. , 0. ])
    """

    family = "poisson"
    _page = "PoissonRegressor"


@explains_names
@described_by(GeneralizedLinearModelCV)
class GammaRegressorCV(OneFamilyCV):
    """GammaRegressor with alpha, and l1_ratio of several, chosen by cross-validation.

    The path on all rows and that on each fold's training rows have one grid of alphas and minimise the objective of
    `GammaRegressor`; every fit is certified. What a fold leaves out is scored by the gamma deviance. This is
    `GeneralizedLinearModelCV` with family = "gamma".

    Parameters
    ----------
    l1_ratio, eps, alphas, fit_intercept, solver, max_iter, tol, cv : as for `GeneralizedLinearModelCV`
    scoring, rule, n_jobs, verbose : as for `GeneralizedLinearModelCV`
    penalty_factor, lower, upper, standardize : as for `GeneralizedLinearModelCV`
    categories, ordered, dates, missing, unseen : as for `GeneralizedLinearModelCV`

    Attributes
    ----------
    alpha_, l1_ratio_, coef_, coef_names_, intercept_ : as for `GeneralizedLinearModelCV`
    deviance_path_, alphas_, dual_gap_, n_iter_, cv_path_ : as for `GeneralizedLinearModelCV`
    n_features_in_, feature_names_in_, encoding_ : as for `GeneralizedLinearModelCV`

    Notes
    -----
    Folds count by the weight of the rows that they leave out, as in `fastreg.cv_path`. Fits that are not certified to
    `tol` are counted in one ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1), section 2.5.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import GammaRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 4))
    >>> y = rng.gamma(2.0, np.exp(X[:, 0]))
    >>> GammaRegressorCV(l1_ratio=[0.5, 1.0], rule="1se").fit(X, y).coef_.round(1) + 0.0
    array([0.8, 0. , 0. , 0. ])
    """

    family = "gamma"
    _page = "GammaRegressor"
