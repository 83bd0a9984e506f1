"""MultiTaskLassoCV and MultiTaskElasticNetCV with the parameters and attributes of scikit-learn's classes."""

import numpy as np

from fastreg.estimators.least_squares_cv import ElasticNetCV
from fastreg.estimators.multi_task import SeveralTargets
from fastreg.estimators.parameters import keeps_parameters
from fastreg.multi.result import MultiPath
from fastreg.peer_paths import lasso_path
from fastreg.progress import Watch
from fastreg.selection.metrics import Response
from fastreg.selection.responses import MSE, Targets, cross_validate_responses


class MultiTaskElasticNetCV(SeveralTargets, ElasticNetCV):
    """MultiTaskElasticNet with alpha, and l1_ratio of several, chosen by cross-validation, as scikit-learn's class.

    The path on all rows and that on each fold's training rows have one grid of alphas and minimise the objective of
    `MultiTaskElasticNet`; every fit is certified. What a fold leaves out is scored by the squared error, averaged over
    targets.

    Parameters
    ----------
    l1_ratio, eps, alphas, fit_intercept, max_iter, tol, cv, selection, penalty_factor : as in `ElasticNetCV`.
    verbose : whether a fit that takes more than 2 s shows a bar on stderr.
    copy_X, n_jobs, random_state : no effect; X is never modified and nothing is random.

    Attributes
    ----------
    alpha_ : the alpha chosen.
    l1_ratio_ : the l1_ratio chosen.
    coef_ : (n_targets, n_features) of the fit on all rows; float32 if X was.
    intercept_ : (n_targets,); 0.0 if fit_intercept is False.
    mse_path_ : (n_alphas, n_folds), or (n_l1_ratios, n_alphas, n_folds), mean squared errors.
    alphas_ : (n_alphas,), or (n_l1_ratios, n_alphas) if an automatic grid differs between l1_ratios.
    dual_gap_ : proven bound of how far the objective at alpha_ lies over its minimum.
    n_iter_ : rounds of the solver at alpha_.
    cv_path_ : the `fastreg.CVPath`, whose paths are `fastreg.MultiPath`s, or `fastreg.Path`s for a single target.
    n_features_in_, feature_names_in_ : columns seen in fit; names only if all are strings.

    Notes
    -----
    The mean over folds is not weighted by their size, as in scikit-learn. Fits that are not certified to `tol` are
    counted in one ConvergenceWarning (scikit-learn's and fastreg's).

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20, 231-252.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import MultiTaskElasticNetCV
    >>> X = np.random.default_rng(0).normal(size=(50, 5))
    >>> model = MultiTaskElasticNetCV(l1_ratio=[0.5, 1.0], selection="1se").fit(X, X[:, :2])
    >>> model.coef_.round(1)
    array([[1., 0., 0., 0., 0.],
           [0., 1., 0., 0., 0.]])
    """

    positive = False  # coefficients of several targets have no bounds

    # Defaults are scikit-learn's but for tol and selection, see ElasticNetCV.
    @keeps_parameters
    def __init__(
        self,
        *,
        l1_ratio=0.5,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-6,
        cv=None,
        copy_X=True,
        verbose=0,
        n_jobs=None,
        random_state=None,
        selection="min",
        penalty_factor=None,
    ): ...

    def _checked(self, X, y):
        X, y = self._check_tasks(X, y)
        return X, y, X.dtype

    def _cross_validate(self, X, y, terms, ratios, folds, grid):
        if y.shape[1] == 1:  # the lasso's or elastic net's own problem, whose engine is exact
            return super()._cross_validate(X, y[:, 0], terms, ratios, folds, grid)
        response = Response(X, y, None, terms.sample_weight)
        return cross_validate_responses(X, y, Targets, terms, ratios, folds, MSE, grid, response, Watch(self.verbose))

    def _point(self, path, place):
        if not isinstance(path, MultiPath):
            coef, intercept = super()._point(path, place)
            return coef[None], np.array([intercept])
        coef, intercepts = path.point(place)
        return np.asfortranarray(coef.T), intercepts


class MultiTaskLassoCV(MultiTaskElasticNetCV):
    """MultiTaskLasso with alpha chosen by cross-validation, as scikit-learn's MultiTaskLassoCV.

    That is `MultiTaskElasticNetCV` with l1_ratio = 1: parameters, attributes and errors are its, without l1_ratio.

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

    path = staticmethod(lasso_path)
    l1_ratio = 1.0

    @keeps_parameters
    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-6,
        copy_X=True,
        cv=None,
        verbose=False,
        n_jobs=None,
        random_state=None,
        selection="min",
        penalty_factor=None,
    ): ...
