"""RidgeClassifierCV with the parameters and attributes of scikit-learn's class."""

import numpy as np

from fastreg.estimators.parameters import keeps_parameters
from fastreg.estimators.ridge_choice import Posed, RidgeChoice
from fastreg.estimators.ridge_classifier import RidgeClassifier


class RidgeClassifierCV(RidgeChoice, RidgeClassifier):
    """RidgeClassifier with its penalty chosen by cross-validation, as sklearn.linear_model.RidgeClassifierCV.

    The objective is that of `RidgeClassifier`: a ridge regression on -1 and 1 for each class, or one for two classes.
    Leave-one-out predictions of all classes are exact, the intercept refitted, and come with all alphas from one
    factorisation of size min(n_samples, n_features), as in `RidgeCV`.

    Parameters
    ----------
    alphas, fit_intercept, selection, store_cv_results, tol, penalty_factor : as in `RidgeCV`.
    scoring : None, a scorer's name, or a callable scorer(estimator, X, y): the larger the better. None is minus the
        squared error of the targets if cv is None, else the accuracy. Scorers see classes and decision values.
    cv : None for leave-one-out, or folds: their number (stratified), a splitter, or an iterable of (train, test) rows.
    class_weight : None, "balanced" (n / (K n_k) for class k, counting rows), or {label: weight}. It counts in the fits
        and, as the sample weights it multiplies, in the errors and scores.

    Attributes
    ----------
    alpha_ : the alpha chosen, one for all classes.
    best_score_ : the score at alpha_.
    cv_results_ : (n_samples, n_targets, n_alphas): the squared leave-one-out errors of the targets, times the weight;
        with `scoring`, the leave-one-out predictions of the targets.
    classes_ : (K,) the labels, sorted.
    coef_ : (n_features,) for two classes, else (K, n_features).
    intercept_ : (1,) or (K,); 0.0 if fit_intercept is False.
    dual_gap_ : float, or (K,): proven bound of how far the objective lies over its minimum.
    n_features_in_, feature_names_in_ : columns seen in fit; names only if all are strings.

    References
    ----------
    Rifkin and Lippert (2007), MIT-CSAIL-TR-2007-025.

    Examples
    --------
    >>> from fastreg import RidgeClassifierCV
    >>> model = RidgeClassifierCV().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]])
    array(['no', 'yes'], dtype='<U3')
    """

    classifies = True

    @keeps_parameters
    def __init__(
        self,
        alphas=(0.1, 1.0, 10.0),
        *,
        fit_intercept=True,
        scoring=None,
        cv=None,
        class_weight=None,
        store_cv_results=False,
        selection="min",
        tol=1e-6,
        penalty_factor=None,
    ): ...

    def _posed(self, X, y, sample_weight):
        X, labels, targets, weight, dtype = self._binarised(X, y, sample_weight)
        truth = (targets > 0.0).astype(np.intp) if self._several_labels() else labels
        return Posed(X, targets.astype(float), truth, weight, dtype, False)

    def _shown(self, predictions, truth, target=None):
        """(stand-in for a fitted model, what it is to predict, the truth)."""
        model = PredictedLabels()
        model.classes_, model._label_binarizer = self.classes_, self._label_binarizer
        return model, predictions[:, 0] if predictions.shape[1] == 1 else predictions, truth

    def _usual_scorer(self):
        return "accuracy"


class PredictedLabels(RidgeClassifier):
    """What a scorer is given in place of a fitted model: classifies by the decision values it is shown."""

    def decision_function(self, X):
        return X
