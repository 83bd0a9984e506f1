"""MultiTaskLassoCV and MultiTaskElasticNetCV with the parameters and attributes of scikit-learn's classes."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.estimators.least_squares_cv import ElasticNetCV, LassoCV
from fastreg.estimators.multi_task import SeveralTargets
from fastreg.estimators.sklearn_paths import lasso_path
from fastreg.interface.arguments import EstimatorOptions
from fastreg.interface.progress import Watch
from fastreg.interface.shared_options import takes_options_of
from fastreg.multi.result import MultiPath
from fastreg.paths.fit_path import fit_path
from fastreg.selection.cross_validation.folds import Folding
from fastreg.selection.cross_validation.metrics import Response
from fastreg.selection.cross_validation.several_metrics import MSE
from fastreg.selection.cross_validation.several_responses import Targets, cross_validate_responses


@takes_options_of(fit_path, ElasticNetCV)
class MultiTaskElasticNetCV(SeveralTargets, ElasticNetCV):
    """MultiTaskElasticNet with alpha, and l1_ratio of several, chosen by cross-validation, as scikit-learn's class.

    The path on all rows and that on each fold's training rows have one grid of alphas and minimise the objective of
    `MultiTaskElasticNet`; every fit is certified. What a fold leaves out is scored by the squared error, averaged over
    targets.

    Parameters
    ----------
    l1_ratio, eps, alphas, fit_intercept, max_iter, tol, cv, copy_X, verbose, n_jobs : as for `ElasticNetCV`
    random_state, rule, selection : as for `ElasticNetCV`
    standardize, missing : as for `ElasticNetCV`
    **options : as for `fit_path`

    Attributes
    ----------
    alpha_, l1_ratio_ : as for `ElasticNetCV`
    coef_ : ndarray of shape (n_targets, p)
        Coefficients of the fit on all rows at alpha_; float32 if X was.
    coef_names_ : as for `ElasticNetCV`
    intercept_ : ndarray of shape (n_targets,)
        Its intercept; 0.0 if fit_intercept is False.
    mse_path_, alphas_, dual_gap_ : as for `ElasticNetCV`
    n_iter_ : int
        Rounds of the solver at alpha_.
    cv_path_ : fastreg.CVPath
        Standard errors and the fits of the folds, nothing of the size of the data. Its paths are `fastreg.MultiPath`s,
        or `fastreg.Path`s for a single target.
    n_features_in_, feature_names_in_, encoding_ : as for `ElasticNetCV`

    Notes
    -----
    The mean over folds is not weighted by their size, as in scikit-learn; `fastreg.cv_path` weights it. Fits that are
    not certified to `tol` are counted in one ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20, 231-252.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import MultiTaskElasticNetCV
    >>> X = np.random.default_rng(0).normal(size=(50, 5))
    >>> model = MultiTaskElasticNetCV(l1_ratio=[0.5, 1.0], rule="1se").fit(X, X[:, :2])
    >>> model.coef_.round(1)
    array([[1., 0., 0., 0., 0.],
           [0., 1., 0., 0., 0.]])
    """

    # Defaults are scikit-learn's but for tol and selection, see ElasticNetCV.
    def __init__(
        self,
        *,
        l1_ratio: float | ArrayLike = 0.5,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-6,
        cv: Any = None,
        copy_X: bool = True,
        verbose: bool | int = 0,
        n_jobs: int | None = None,
        random_state: Any = None,
        rule: str = "min",
        selection: str = "cyclic",
        **options: Unpack[EstimatorOptions],
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.rule = rule
        self.selection = selection

    def _checked(self, *given):
        return self._check_tasks(*given)

    def _cross_validate(self, X, y, options, ratios, folds, grid):
        if y.shape[1] == 1:  # the lasso's or elastic net's own problem, whose engine is exact
            offset = None if options.offset is None else options.offset[:, 0]
            return super()._cross_validate(X, y[:, 0], options._replace(offset=offset), ratios, folds, grid)
        response = Response(X, y, None, options.sample_weight)
        watch = Watch(self.verbose)
        return cross_validate_responses(X, y, Targets, options, ratios, Folding(folds), MSE, grid, response, watch)

    def _point(self, path, place):
        if not isinstance(path, MultiPath):
            coef, intercept = super()._point(path, place)
            return coef[None], np.array([intercept])
        coef, intercepts = path.point(place)
        return np.asfortranarray(coef.T), intercepts


@takes_options_of(fit_path, MultiTaskElasticNetCV, LassoCV)
class MultiTaskLassoCV(MultiTaskElasticNetCV):
    """MultiTaskLasso with alpha chosen by cross-validation, as scikit-learn's MultiTaskLassoCV.

    That is `MultiTaskElasticNetCV` with l1_ratio = 1: one grid of alphas for all rows and for each fold, every fit
    certified, what a fold leaves out scored by the squared error, averaged over targets.

    Parameters
    ----------
    eps, alphas, fit_intercept, max_iter, tol, copy_X, cv : as for `MultiTaskElasticNetCV`
    verbose : as for `LassoCV`
    n_jobs, random_state, rule, selection : as for `MultiTaskElasticNetCV`
    standardize, missing : as for `MultiTaskElasticNetCV`
    **options : as for `fit_path`

    Attributes
    ----------
    alpha_, coef_, coef_names_, intercept_ : as for `MultiTaskElasticNetCV`
    mse_path_, alphas_ : as for `LassoCV`
    dual_gap_, n_iter_, cv_path_, n_features_in_, feature_names_in_, encoding_ : as for `MultiTaskElasticNetCV`

    Notes
    -----
    The mean over folds is not weighted by their size, as in scikit-learn; `fastreg.cv_path` weights it. Fits that are
    not certified to `tol` are counted in one ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20, 231-252.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import MultiTaskLassoCV
    >>> X = np.random.default_rng(0).normal(size=(50, 5))
    >>> MultiTaskLassoCV(alphas=20).fit(X, X[:, :2]).coef_.round(1)
    array([[1., 0., 0., 0., 0.],
           [0., 1., 0., 0., 0.]])
    """

    path = staticmethod(lasso_path)  # type: ignore[assignment]  # without l1_ratio
    l1_ratio = 1.0

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-6,
        copy_X: bool = True,
        cv: Any = None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        rule: str = "min",
        selection: str = "cyclic",
        **options: Unpack[EstimatorOptions],
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.rule = rule
        self.selection = selection
