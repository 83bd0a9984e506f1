"""RidgeCV with the parameters and attributes of scikit-learn's class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin

from fastreg.estimators.checks import check_fit
from fastreg.estimators.least_squares import LinearRegressor
from fastreg.estimators.ridge import Ridge
from fastreg.estimators.ridge_choice import Posed, RidgeChoice
from fastreg.interface.arguments import EstimatorOptions
from fastreg.interface.shared_options import takes_options_of
from fastreg.paths.fit_path import fit_path


@takes_options_of(fit_path, Ridge)
class RidgeCV(RidgeChoice, LinearRegressor):
    """Ridge with its penalty chosen by cross-validation, as sklearn.linear_model.RidgeCV.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        sum_i w_i (y_i - b0 - x_i'b - o_i)^2  +  alpha sum_j v_j b_j^2

    with w_i the sample weights, o_i the offsets and v_j the penalty factors as in `Ridge`, at the alpha of best score.
    Coefficients have no bounds, with which there is no closed form: use `ElasticNetCV` with l1_ratio=0 for those.
    Leave-one-out predictions are exact, the intercept refitted, and come with all alphas from one factorisation of size
    min(n_samples, n_features). X is never copied as a whole nor made dense.

    Parameters
    ----------
    alphas : array-like or float, default=(0.1, 1.0, 10.0)
        Penalties to choose from, in any order, > 0; 0 is allowed if cv is given.
    fit_intercept : as for `Ridge`
    scoring : str, callable or None, default=None
        A scorer's name, or a function of (estimator, X, y): the larger the better. None is minus the squared
        error if cv is None, else R^2.
    cv : int, splitter, iterable or None, default=None
        A number of folds, a splitter, or pairs of (train, test) rows. None is leave-one-out.
    gcv_mode : {"auto", "eigen", "svd"} or None, default=None
        "eigen" (of X'X or XX'), or "svd" (of X by blocks, which squares no condition number; dense and sparse).
        None or "auto" chooses by the condition of X.
    store_cv_results : bool, default=False
        Whether `cv_results_` is kept; for cv=None only.
    alpha_per_target : bool, default=False
        Whether every target has its own alpha; for cv=None only.
    rule : {"min", "1se"}, default="min"
        "min" takes the alpha of best score, of ties the first; "1se" the largest alpha whose score is within
        one standard error of that (over rows for leave-one-out, which then needs scoring=None; over folds).
    selection : str or None, default=None
        An older name of `rule`, accepted with a FutureWarning.
    tol : float, default=1e-6
        Duality gap that certifies the final fit, >= 0, relative to the loss without penalised columns.
    standardize : as for `fit_path`
        The deviations of a fold are those of its training rows; of leave-one-out, those of all rows.
    missing : as for `fit_path`
        Means are those of all rows, as levels of categories are; they never depend on y.
    **options : as for `fit_path`

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The alpha chosen; one a target with alpha_per_target.
    best_score_ : float or ndarray of shape (n_targets,)
        The score at alpha_.
    cv_results_ : ndarray of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas)
        The squared leave-one-out errors, times the sample weight; with `scoring`, the leave-one-out
        predictions.
    coef_, coef_names_, intercept_, dual_gap_, n_features_in_, feature_names_in_, encoding_ : as for `Ridge`

    References
    ----------
    Allen (1974), Technometrics 16(1), 125-127. Rifkin and Lippert (2007), MIT-CSAIL-TR-2007-025.

    Examples
    --------
    >>> from fastreg import RidgeCV
    >>> model = RidgeCV(alphas=[0.1, 1.0, 10.0]).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2])
    >>> model.alpha_
    0.1
    """

    alpha_: float | np.ndarray
    best_score_: float | np.ndarray
    cv_results_: np.ndarray
    coef_: np.ndarray
    intercept_: float | np.ndarray
    dual_gap_: float | np.ndarray

    # tol: as for Ridge; the factorisation is exact whatever it is.
    def __init__(
        self,
        alphas: ArrayLike = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Callable[..., float] | str | None = None,
        cv: Any = None,
        gcv_mode: str | None = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
        rule: str = "min",
        selection: str | None = None,
        tol: float = 1e-6,
        **options: Unpack[EstimatorOptions],
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target
        self.rule = rule
        self.selection = selection
        self.tol = tol

    def _posed(self, *given):
        checked = check_fit(self, *given, multi_output=True, y_numeric=True)
        y = checked.y
        return Posed(checked, np.asarray(y[:, None] if y.ndim == 1 else y, dtype=float), y.ndim == 1)

    def _shown(self, predictions, truth, target=None):
        """(stand-in for a fitted model, its predictions, the true values) of all targets, or of one."""
        if target is not None:
            return Predicted(), predictions[:, target], truth[:, target]
        return Predicted(), predictions[:, 0] if truth.ndim == 1 else predictions, truth

    def _usual_scorer(self):
        return "r2"


class Predicted(RegressorMixin, BaseEstimator):
    """A stand-in for a fitted model, given to scorers: its X are the predictions."""

    def predict(self, X):
        return X
