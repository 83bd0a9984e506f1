"""LassoCV and ElasticNetCV with the parameters and attributes of scikit-learn's classes."""

from __future__ import annotations

import numbers
from typing import Any, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import column_or_1d

from fastreg.estimators.alpha_choice import ChoosesAlpha
from fastreg.estimators.checks import check_fit, keep_offset
from fastreg.estimators.cv_routing import RoutesMetadata, folds_of, refuse_unrouted, rule_of, warn_folds
from fastreg.estimators.fit_one import PEER_SELECTIONS, options_of
from fastreg.estimators.job_count import uses_its_threads
from fastreg.estimators.least_squares import ElasticNet
from fastreg.estimators.linear import LinearPredictor
from fastreg.estimators.sklearn_paths import enet_path, lasso_path
from fastreg.interface import validation as check
from fastreg.interface.arguments import BoundedOptions, Grid
from fastreg.interface.progress import Watch
from fastreg.interface.shared_options import described_by, takes_options_of
from fastreg.paths.fit_path import fit_path
from fastreg.selection.cross_validation.cv_path import cross_validate
from fastreg.selection.cross_validation.folds import Folding
from fastreg.selection.cross_validation.metrics import METRICS, Response
from fastreg.selection.cross_validation.result import warn_of_grid_end


@takes_options_of(fit_path, ElasticNet)
class ElasticNetCV(RoutesMetadata, ChoosesAlpha, LinearPredictor):
    """ElasticNet with alpha, and l1_ratio of several, chosen by cross-validation, as sklearn's ElasticNetCV.

    The path on all rows and that on each fold's training rows have one grid of alphas and minimise the objective of
    `ElasticNet`; every fit is certified. What a fold leaves out is scored by the squared error.

    Parameters
    ----------
    l1_ratio : float or array-like, default=0.5
        Share of the l1 part in [0, 1], or several to choose from.
    eps : float, default=1e-3
        The last alpha of an automatic grid over its first, in (0, 1).
    alphas : int or array-like, default=100
        The number of alphas of an automatic grid, or their values in any order.
    fit_intercept : bool, default=True
        Whether an intercept is fitted; else it is 0.
    precompute : "auto", bool or array-like of shape (n_features, n_features), default="auto"
        No effect; the solver decides on Gram matrices.
    max_iter : int or None, default=1000
        Solver steps allowed at each alpha (None is 1000).
    tol : float, default=1e-6
        Relative duality gap that every fit must reach, >= 0.
    cv : int, splitter, iterable or None, default=None
        A number of folds, a splitter, or pairs of (train, test) rows. None is 5 folds of consecutive rows.
    copy_X : bool, default=True
        No effect; X is never modified.
    verbose : bool or int, default=0
        Whether a fit that takes more than 2 s shows a bar on stderr.
    n_jobs : int or None, default=None
        Threads that a fit may use: 1 is one, -1 as many as there are CPUs, None what `fastreg.set_num_threads`
        says. Results do not depend on it.
    positive : bool, default=False
        Whether coefficients must not be negative, in the folds as well.
    random_state : int, RandomState or None, default=None
        No effect; nothing is random.
    rule : {"min", "1se"}, default="min"
        "min" takes the alpha of the smallest mean squared error, "1se" the largest alpha within one standard
        error of it.
    selection : as for `ElasticNet`
        "min" and "1se", the rules' older name, are accepted with a FutureWarning.
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
        The l1_ratio chosen.
    coef_ : ndarray of shape (p,)
        Coefficients of the fit on all rows at alpha_; float32 if X was.
    coef_names_ : as for `ElasticNet`
    intercept_ : float
        Its intercept; 0.0 if fit_intercept is False.
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, n_folds)
        Mean squared errors of what each fold leaves out.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        The grid; one for each l1_ratio if it is automatic and there are several.
    dual_gap_ : float
        Proven bound of how far the objective at alpha_ lies over its minimum.
    n_iter_ : int
        Solver steps at alpha_.
    cv_path_ : fastreg.CVPath
        Standard errors and the fits of the folds; without what has the size of the data (predictions, test_folds),
        for which there is `fastreg.cv_path`.
    n_features_in_, feature_names_in_, encoding_ : as for `ElasticNet`

    Notes
    -----
    The mean over folds is not weighted by their size, as in scikit-learn; `fastreg.cv_path` weights it. Fits that are
    not certified to `tol` are counted in one ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, section 7.10.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import ElasticNetCV
    >>> X = np.random.default_rng(0).normal(size=(50, 5))
    >>> model = ElasticNetCV(l1_ratio=[0.5, 1.0], cv=5, rule="1se").fit(X, X[:, 0])
    >>> model.coef_.round(1)
    array([1., 0., 0., 0., 0.])
    """

    mse_path_: np.ndarray

    path = staticmethod(enet_path)

    # Defaults are scikit-learn's but for tol, see ElasticNet, and selection.
    def __init__(
        self,
        *,
        l1_ratio: float | ArrayLike = 0.5,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int | None = 1000,
        tol: float = 1e-6,
        cv: Any = None,
        copy_X: bool = True,
        verbose: bool | int = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        rule: str = "min",
        selection: str = "cyclic",
        **options: Unpack[BoundedOptions],
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.rule = rule
        self.selection = selection

    @uses_its_threads
    @described_by(ElasticNet.fit)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None, **params: Any) -> Self:
        """Cross-validate the path and keep the fit on all rows at the alpha chosen.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows. Fortran-ordered float64 and canonical CSC are used where they lie; anything else is
            converted once.
        y : array-like of shape (n_samples,)
            Response; for the classes of several targets (n_samples, n_targets).
        sample_weight : array-like of shape (n_samples,) or float, default=None
            Weights >= 0, of any scale. They count in the fits and in each fold's mean squared error.
        offset : as for `ElasticNet.fit`
        **params : Any
            What the splitter asks for (`groups`), with scikit-learn's metadata routing enabled.

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
        >>> from fastreg import LassoCV
        >>> X = np.random.default_rng(0).normal(size=(20, 2))
        >>> LassoCV(alphas=[1.0, 0.1, 0.01]).fit(X, X[:, 0]).alpha_
        0.01
        """
        refuse_unrouted(self, "fit", params)
        check.refuse_masked("precompute", getattr(self, "precompute", None))
        rule, grid, ratios = rule_of(self), self._grid(), self._l1_ratios()
        weight = None if isinstance(sample_weight, numbers.Number) else sample_weight
        given = self._checked(X, y, weight, offset, params)
        X, y, (weight, _) = given.X, given.y, given.weights()
        folds, _ = folds_of(self, given)
        offset = keep_offset(self, given.offset, y.shape)
        options = options_of(self, grid.alphas, family="gaussian", sample_weight=weight, offset=offset)
        if grid.alphas is None and 0.0 in ratios:
            raise ValueError(
                "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by providing "
                "your estimator with the appropriate `alphas=` argument. fastreg.cv_path has one"
            )
        curves = self._cross_validate(X, y, options, ratios, folds, grid)
        if grid.alphas is None and curves[0].path.alpha_max == 0.0:  # y is constant: scikit-learn repeats one alpha
            flat = Grid(np.full(grid.n_alphas, np.finfo(float).resolution))
            curves = self._cross_validate(X, y, options, ratios, folds, flat)
        self._keep(curves, given.dtype, rule)
        warn_folds(self, curves)
        if grid.alphas is None:
            warn_of_grid_end(self.cv_path_.path, self.cv_path_.index_min)
        return self

    def _checked(self, *given):
        """The `Given` of a fit."""
        checked = check_fit(self, *given, multi_output=True, y_numeric=True)
        if checked.y.ndim > 1 and checked.y.shape[1] > 1:
            raise ValueError(f"For multi-task outputs, use MultiTask{type(self).__name__}")
        return checked._replace(y=column_or_1d(checked.y, warn=True))

    def _cross_validate(self, X, y, options, ratios, folds, grid):
        """The CVPath of each l1_ratio."""
        metric, response = METRICS["mse"]._replace(equal_folds=True), Response(X, y, None, options.sample_weight)
        return cross_validate(X, y, options, ratios, Folding(folds), metric, grid, response, Watch(self.verbose))

    def _peer_params(self, params):
        return params if self.selection in PEER_SELECTIONS else params | {"selection": "cyclic"}


@takes_options_of(fit_path, ElasticNetCV)
class LassoCV(ElasticNetCV):
    """Lasso with alpha chosen by cross-validation, as sklearn's LassoCV: ElasticNetCV with l1_ratio = 1.

    The path on all rows and that on each fold's training rows have one grid of alphas and minimise the objective of
    `Lasso`; every fit is certified. What a fold leaves out is scored by the squared error.

    Parameters
    ----------
    eps, alphas, fit_intercept, precompute, max_iter, tol, copy_X, cv : as for `ElasticNetCV`
    verbose : bool or int, default=False
        Whether a fit that takes more than 2 s shows a bar on stderr.
    n_jobs, positive, random_state, rule, selection : as for `ElasticNetCV`
    standardize, missing : as for `ElasticNetCV`
    **options : as for `fit_path`

    Attributes
    ----------
    alpha_, coef_, coef_names_, intercept_ : as for `ElasticNetCV`
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared errors of what each fold leaves out.
    alphas_ : ndarray of shape (n_alphas,)
        The grid.
    dual_gap_, n_iter_, cv_path_, n_features_in_, feature_names_in_, encoding_ : as for `ElasticNetCV`

    Notes
    -----
    The mean over folds is not weighted by their size, as in scikit-learn; `fastreg.cv_path` weights it. Fits that are
    not certified to `tol` are counted in one ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Tibshirani (1996), Journal of the Royal Statistical Society B 58(1), 267-288.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import LassoCV
    >>> X = np.random.default_rng(0).normal(size=(50, 5))
    >>> LassoCV(cv=5).fit(X, X[:, 0]).coef_.round(1)
    array([1., 0., 0., 0., 0.])
    """

    path = staticmethod(lasso_path)  # type: ignore[assignment]  # without l1_ratio
    l1_ratio = 1.0

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int | None = 1000,
        tol: float = 1e-6,
        copy_X: bool = True,
        cv: Any = None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        rule: str = "min",
        selection: str = "cyclic",
        **options: Unpack[BoundedOptions],
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.rule = rule
        self.selection = selection
