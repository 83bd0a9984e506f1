"""MultiTaskLasso and MultiTaskElasticNet with the parameters and attributes of scikit-learn's classes."""

import numpy as np
from sklearn.utils.validation import check_consistent_length

from fastreg import validation as check
from fastreg.estimators.linear import LinearPredictor, SparseCoefficients
from fastreg.estimators.parameters import PEER_SELECTIONS, keeps_parameters
from fastreg.estimators.single_fit import (
    fit_multi_point,
    last_fit,
    total_weight,
    validated,
    warn_uncertified,
)
from fastreg.peer_paths import enet_path


class SeveralTargets:
    """Estimators for y of two dimensions only."""

    def _check_tasks(self, X, y):
        """X for the engine and y (n, K). Sets n_features_in_ and feature_names_in_."""
        X, y = validated(self, X, y, for_y={"ensure_2d": False, "dtype": [np.float64, np.float32]})
        check_consistent_length(X, y)
        if y.ndim == 1:
            raise ValueError(f"For mono-task outputs, use {type(self).__name__.removeprefix('MultiTask')}")
        return X, y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags


class MultiTaskElasticNet(SeveralTargets, SparseCoefficients, LinearPredictor):
    """Linear least squares of several targets that share their features, as sklearn.linear_model.MultiTaskElasticNet.

    Minimises, over coefficients B (n_features, n_targets) with rows B_j, and intercepts b0 that are not penalised,

        1/(2 W) sum_i w_i |y_i - b0 - B'x_i|_2^2  +  alpha sum_j v_j ( l1_ratio |B_j|_2 + (1 - l1_ratio)/2 |B_j|_2^2 )

    with w_i the sample weights (1 if none), W their sum, and v_j the penalty factors (1 if none). A feature is in for
    all targets or for none.

    Parameters
    ----------
    alpha : float >= 0. 0 is least squares.
    l1_ratio : share of the part that selects in [0, 1]: 1 is the multi-task lasso, 0 is ridge.
    fit_intercept, warm_start, tol, penalty_factor : as in `ElasticNet`.
    copy_X, random_state, selection : no effect; none could change a certified solution.
    max_iter : rounds of descent and Newton's method allowed (None is 1000); one is usually enough.

    Attributes
    ----------
    coef_ : (n_targets, n_features); float32 if X was.
    sparse_coef_ : the same as a CSR matrix.
    intercept_ : (n_targets,); 0.0 if fit_intercept is False.
    dual_gap_ : float, proven bound of how far the objective above lies over its minimum.
    eps_ : float, the gap that was asked for, in the units of dual_gap_: tol times the loss of the null model.
    n_iter_ : int, rounds of the solver.
    n_features_in_, feature_names_in_ : columns seen in fit; names only if all are strings.

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

    path = staticmethod(enet_path)

    @keeps_parameters
    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        copy_X=True,
        max_iter=1000,
        tol=1e-6,
        warm_start=False,
        random_state=None,
        selection="cyclic",
        penalty_factor=None,
    ): ...

    def fit(self, X, y, sample_weight=None):
        """Fit the coefficients of all targets.

        Parameters
        ----------
        X : (n_samples, n_features) array, sparse of any format, or data frame. Fortran-ordered float64 and
            canonical CSC are used where they lie; anything else is converted once.
        y : (n_samples, n_targets).
        sample_weight : None or (n_samples,) weights >= 0, of any scale.

        Returns
        -------
        self

        Raises
        ------
        ValueError where an argument is out of its range, with the first bad place.
        """
        alpha = check.check_number("alpha", self.alpha, 0.0, np.inf, high_open=True)
        check.check_option("selection", self.selection, PEER_SELECTIONS)
        X, y = self._check_tasks(X, y)
        weight, _ = total_weight(sample_weight, X.shape[0])
        terms = {"family": "gaussian", "l1_ratio": self.l1_ratio, "sample_weight": weight}
        fit = fit_multi_point(self, X, y, alpha, start=last_fit(self, (y.shape[1], X.shape[1])), **terms)
        self.coef_ = np.asfortranarray(fit.coef.T, dtype=X.dtype)
        self.intercept_ = fit.intercept.astype(X.dtype) if self.fit_intercept else 0.0
        self.n_iter_ = fit.iterations
        self.dual_gap_ = fit.excess
        self.eps_ = self.tol * fit.null_loss
        warn_uncertified(self, [fit])
        return self


class MultiTaskLasso(MultiTaskElasticNet):
    """Linear least squares of several targets that share their features, as sklearn.linear_model.MultiTaskLasso.

    Minimises, over coefficients B (n_features, n_targets) with rows B_j, and intercepts b0 that are not penalised,

        1/(2 W) sum_i w_i |y_i - b0 - B'x_i|_2^2  +  alpha sum_j v_j |B_j|_2

    Parameters, attributes and errors are those of `MultiTaskElasticNet`, without l1_ratio.

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

    @keeps_parameters
    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=1000,
        tol=1e-6,
        warm_start=False,
        random_state=None,
        selection="cyclic",
        penalty_factor=None,
    ): ...
