"""RidgeCV with the parameters and attributes of scikit-learn's class: leave-one-out by one factorisation, or folds."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from fastreg.estimators.parameters import keeps_parameters
from fastreg.estimators.regression import LinearRegressor
from fastreg.estimators.ridge_choice import Posed, RidgeChoice
from fastreg.estimators.single_fit import check_fit


class RidgeCV(RidgeChoice, LinearRegressor):
    """Ridge with its penalty chosen by cross-validation, as sklearn.linear_model.RidgeCV.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        sum_i w_i (y_i - b0 - x_i'b)^2  +  alpha sum_j v_j b_j^2

    with w_i the sample weights (1 if none) and v_j the penalty factors (1 if none), at the alpha of best score.
    Leave-one-out predictions are exact, the intercept refitted, and come with all alphas from one factorisation of size
    min(n_samples, n_features). X is never copied as a whole nor made dense.

    Parameters
    ----------
    alphas : array of penalties to choose from, in any order, or one. > 0; 0 is allowed if cv is given.
    fit_intercept : whether b0 is fitted, else it is 0.
    scoring : None, a scorer's name, or a callable scorer(estimator, X, y): the larger the better. None is minus
        the squared error if cv is None, else R^2.
    cv : None for leave-one-out, or folds: their number, a splitter, or an iterable of (train, test) rows.
    gcv_mode : None or "auto" (by the condition of X), "eigen" (of X'X or XX'), or "svd" (of X by blocks, which
        squares no condition number; dense and sparse).
    store_cv_results : whether `cv_results_` is kept; for cv=None only.
    alpha_per_target : whether every target has its own alpha; for cv=None only.
    selection : "min" takes the alpha of best score, of ties the first; "1se" the largest alpha whose score is
        within one standard error of that (over rows for leave-one-out, which then needs scoring=None; over folds).
    tol : >= 0. Duality gap that certifies the final fit, relative to the loss without penalised columns.
    penalty_factor : (n_features,) v_j >= 0 or None: 0 leaves a column unpenalised, infinity leaves it out.

    Attributes
    ----------
    alpha_ : float, or (n_targets,) with alpha_per_target.
    best_score_ : float, or (n_targets,) with alpha_per_target: the score at alpha_.
    cv_results_ : (n_samples, n_alphas) or (n_samples, n_targets, n_alphas): the squared leave-one-out errors,
        times the sample weight; with `scoring`, the leave-one-out predictions.
    coef_ : (n_features,), or (n_targets, n_features) if y has several columns; float32 if X was.
    intercept_ : float, or (n_targets,) if y is two-dimensional; 0.0 if fit_intercept is False.
    dual_gap_ : float, or (n_targets,): proven bound of how far the objective above lies over its minimum.
    n_features_in_, feature_names_in_ : columns seen in fit; names only if all are strings.

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

    # tol: as for Ridge; the factorisation is exact whatever it is.
    @keeps_parameters
    def __init__(
        self,
        alphas=(0.1, 1.0, 10.0),
        *,
        fit_intercept=True,
        scoring=None,
        cv=None,
        gcv_mode=None,
        store_cv_results=False,
        alpha_per_target=False,
        selection="min",
        tol=1e-6,
        penalty_factor=None,
    ): ...

    def _posed(self, X, y, sample_weight):
        X, y, dtype = check_fit(self, X, y, multi_output=True, y_numeric=True)
        responses = np.asarray(y[:, None] if y.ndim == 1 else y, dtype=float)
        return Posed(X, responses, y, sample_weight, dtype, y.ndim == 1)

    def _shown(self, predictions, truth, target=None):
        """(stand-in for a fitted model, what it is to predict, the truth) of all targets, or of one."""
        if target is not None:
            return Predicted(), predictions[:, target], truth[:, target]
        return Predicted(), predictions[:, 0] if truth.ndim == 1 else predictions, truth

    def _usual_scorer(self):
        return "r2"


class Predicted(RegressorMixin, BaseEstimator):
    """What a scorer is given in place of a fitted model: predicts what it is shown."""

    def predict(self, X):
        return X
