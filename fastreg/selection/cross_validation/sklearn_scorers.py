"""scikit-learn's scorers as metrics: they get a stand-in for a fitted model whose predictions are known."""

import inspect

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer

from fastreg.interface.frames import rows_of
from fastreg.interface.naming import meant
from fastreg.selection.cross_validation.metrics import Metric


class Predicted(BaseEstimator):
    """A stand-in for a fitted model: it returns predictions that are known already."""

    def __init__(self, mean=None, eta=None):
        self.mean, self.eta = mean, eta

    def fit(self, X, y):
        """Do nothing."""
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        """The mean response."""
        return self.mean


class PredictedResponse(RegressorMixin, Predicted):
    """Known predictions of a real response."""


class PredictedClasses(ClassifierMixin, Predicted):
    """Known probabilities of classes: of the second of two, or of each of several."""

    def __init__(self, mean=None, eta=None, classes=None):
        super().__init__(mean, eta)
        self.classes = self.classes_ = classes

    def predict(self, X):
        """The most likely class."""
        return self.classes_[(self.eta > 0.0).astype(np.intp) if self.eta.ndim == 1 else self.eta.argmax(axis=1)]

    def predict_proba(self, X):
        """Probabilities of all classes."""
        return np.column_stack([1.0 - self.mean, self.mean]) if self.mean.ndim == 1 else self.mean

    def decision_function(self, X):
        """The linear predictor."""
        return self.eta


def scorer_metric(scorer, response, others=(), parameter="scoring"):
    """A scorer (a name, the result of make_scorer, or a function of (estimator, X, y)) as a Metric. Larger is better.

    `others` are names of fastreg's metrics, for the message about an unknown value of this parameter.
    """
    name = scorer if isinstance(scorer, str) else getattr(scorer, "__name__", None) or str(scorer)
    if isinstance(scorer, str):
        try:
            scorer = get_scorer(scorer)
        except ValueError:
            named = f"{parameter}={name!r} is " + (f"neither one of {', '.join(others)} nor" if others else "not")
            listed = "sklearn.metrics.get_scorer_names() lists those"
            advice = meant(name, [*others, *get_scorer_names()])
            raise ValueError(f"{named} a scorer of scikit-learn ({listed}){advice}") from None
    weight = None if response.weight is None else np.asarray(response.weight)
    function = getattr(scorer, "_score_func", None)
    if weight is not None and function is not None and "sample_weight" not in inspect.signature(function).parameters:
        raise ValueError(f"scorer {name!r} takes no sample_weight, so it cannot score rows of different weight")

    scorer = with_labels(scorer, response.classes)

    def score(held):
        options = {} if weight is None else {"sample_weight": weight[held.rows]}
        # A scorer by make_scorer uses predictions only, so that X need not be copied; another function may use X.
        X = np.zeros((held.rows.size, 1)) if function is not None else rows_of(response.X, held.rows)
        y = response.y[held.rows]
        models = [_predicted(response, mean, eta) for mean, eta in zip(held.family.mean(held.eta), held.eta)]
        try:
            return np.array([float(scorer(model, X, y, **options)) for model in models])
        except ValueError as error:
            raise ValueError(f"scorer {name!r} cannot score the test rows of fold {held.fold}: {error}") from error

    return Metric(name, True, score)


def with_labels(scorer, classes):
    """The scorer with all labels, some of which held-out rows may lack, and the second of two as positive label."""
    function = getattr(scorer, "_score_func", None)
    if classes is None or function is None:
        return scorer
    known = {"labels": classes} | ({"pos_label": classes[-1]} if classes.size == 2 else {})
    known = {name: known[name] for name in inspect.signature(function).parameters if name in known}
    if not known:
        return scorer
    larger, method = scorer._sign == 1, scorer._response_method
    return make_scorer(function, response_method=method, greater_is_better=larger, **known | scorer._kwargs)


def _predicted(response, mean, eta):
    if response.classes is None:
        return PredictedResponse(mean, eta)
    return PredictedClasses(mean, eta, response.classes)
