"""RidgeClassifierCV with the parameters and attributes of scikit-learn's class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.estimators.ridge_choice import Posed, RidgeChoice
from fastreg.estimators.ridge_classifier import RidgeClassifier
from fastreg.estimators.ridge_cv import RidgeCV
from fastreg.interface.arguments import EstimatorOptions
from fastreg.interface.shared_options import takes_options_of
from fastreg.paths.fit_path import fit_path


@takes_options_of(fit_path, RidgeCV, RidgeClassifier)
class RidgeClassifierCV(RidgeChoice, RidgeClassifier):
    """RidgeClassifier with its penalty chosen by cross-validation, as sklearn.linear_model.RidgeClassifierCV.

    The objective is that of `RidgeClassifier`: a ridge regression on -1 and 1 for each class, or one for two classes.
    Leave-one-out predictions of all classes are exact, the intercept refitted, and come with all alphas from one
    factorisation of size min(n_samples, n_features), as in `RidgeCV`.

    Parameters
    ----------
    alphas, fit_intercept : as for `RidgeCV`
    scoring : str, callable or None, default=None
        A scorer's name, or a function of (estimator, X, y): the larger the better. None is minus the squared
        error of the targets if cv is None, else the accuracy. Scorers see classes and decision values.
    cv : int, splitter, iterable or None, default=None
        A number of folds (stratified), a splitter, or pairs of (train, test) rows. None is leave-one-out.
    class_weight : dict, "balanced" or None, default=None
        {label: weight}, or "balanced": n / (K n_k) for class k, counting rows. It counts in the fits and, as
        the sample weights it multiplies, in the errors and scores.
    store_cv_results, rule, selection, tol : as for `RidgeCV`
    standardize, missing : as for `RidgeCV`
    **options : as for `fit_path`

    Attributes
    ----------
    alpha_ : float
        The alpha chosen, one for all classes.
    best_score_ : float
        The score at alpha_.
    cv_results_ : ndarray of shape (n_samples, n_targets, n_alphas)
        The squared leave-one-out errors of the targets, times the weight; with `scoring`, the leave-one-out
        predictions of the targets.
    classes_, coef_, coef_names_, intercept_ : as for `RidgeClassifier`
    dual_gap_ : float or ndarray of shape (n_classes,)
        Proven bound of how far the objective above lies over its minimum.
    n_features_in_, feature_names_in_, encoding_ : as for `RidgeCV`

    References
    ----------
    Rifkin and Lippert (2007), MIT-CSAIL-TR-2007-025.

    Examples
    --------
    >>> from fastreg import RidgeClassifierCV
    >>> model = RidgeClassifierCV().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]]).tolist()
    ['no', 'yes']
    """

    alpha_: float
    best_score_: float
    cv_results_: np.ndarray

    classifies = True

    def __init__(
        self,
        alphas: ArrayLike = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Callable[..., float] | str | None = None,
        cv: Any = None,
        class_weight: Mapping[Any, float] | str | None = None,
        store_cv_results: bool = False,
        rule: str = "min",
        selection: str | None = None,
        tol: float = 1e-6,
        **options: Unpack[EstimatorOptions],
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.class_weight = class_weight
        self.store_cv_results = store_cv_results
        self.rule = rule
        self.selection = selection
        self.tol = tol

    def _posed(self, *given):
        checked, targets = self._binarised(*given)
        if self._several_labels():
            checked = checked._replace(y=(targets > 0.0).astype(np.intp))
        return Posed(checked, targets, False)

    def _shown(self, predictions, truth, target=None):
        """(stand-in for a fitted model, its decision values, the true labels)."""
        model = PredictedLabels()
        model.classes_, model._label_binarizer = self.classes_, self._label_binarizer
        return model, predictions[:, 0] if predictions.shape[1] == 1 else predictions, truth

    def _usual_scorer(self):
        return "accuracy"


class PredictedLabels(RidgeClassifier):
    """A stand-in for a fitted model, given to scorers: its X are the decision values."""

    def decision_function(self, X: Any, *, offset: Any = None) -> Any:
        return X
