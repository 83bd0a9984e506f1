"""Metrics: scores of the predictions of held-out rows, one for each point of the path.

A metric is a function of Held, the held-out rows of one fold, and returns k scores:

    deviance           weighted mean of the unit deviance: the squared error for "gaussian", twice the log loss for
                       "binomial"
    mse, mae           weighted mean of (y - mean)^2 and |y - mean|
    misclassification  weighted share of rows on the wrong side of probability 1/2 ("binomial", classes only)
    auc                area under the ROC curve, ties counting half (the same); larger is better
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fastreg.interface.validation import read_only
from fastreg.objective.families import total_loss


class Held(NamedTuple):
    """The held-out rows of one fold and what the path predicts for them."""

    family: Any  # the class of a family
    y: np.ndarray  # (m,)
    weight: np.ndarray  # (m,) summing to one
    eta: np.ndarray  # (k, m) linear predictor at each point
    rows: np.ndarray  # (m,) row numbers in X
    fold: int  # number of the fold, from 1


class Response(NamedTuple):
    """What scorers get besides predictions: the user's X and y, the labels of classes or None, and the weights."""

    X: Any
    y: np.ndarray
    classes: np.ndarray | None
    weight: Any


class Metric(NamedTuple):
    """A metric; with `equal_folds` folds count equally in the mean over folds, else by their held-out weight."""

    name: str
    greater_is_better: bool
    score: Callable[[Held], np.ndarray]
    equal_folds: bool = False


def deviance(held):
    if held.family.name == "gaussian":
        return mse(held)
    family = held.family(read_only(held.y), read_only(held.weight))
    return np.array([2.0 * total_loss(family, eta) for eta in held.eta])


def mse(held):
    return (held.family.mean(held.eta) - held.y) ** 2 @ held.weight


def mae(held):
    return np.abs(held.family.mean(held.eta) - held.y) @ held.weight


def misclassification(held):
    return ((held.eta > 0.0) != (held.y > 0.5)) @ held.weight


def auc(held):
    """Weighted share of pairs, one row of each class, that the predictor orders rightly; ties count half."""
    positive, negative = held.weight * held.y, held.weight * (1.0 - held.y)
    pairs = positive.sum() * negative.sum()
    if not pairs > 0.0:
        raise ValueError(
            f"auc is not defined in fold {held.fold}: its test rows hold one class only; use fewer or stratified folds"
        )
    return np.array([_ordered(eta, positive, negative) for eta in held.eta]) / pairs


def _ordered(eta, positive, negative):
    order = np.argsort(eta)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(eta[order]) > 0.0]))
    above, below = np.add.reduceat(positive[order], starts), np.add.reduceat(negative[order], starts)
    return above @ (np.cumsum(below) - 0.5 * below)


METRICS = {
    "deviance": Metric("deviance", False, deviance),
    "mse": Metric("mse", False, mse),
    "mae": Metric("mae", False, mae),
    "misclassification": Metric("misclassification", False, misclassification),
    "auc": Metric("auc", True, auc),
}
OF_CLASSES = ("misclassification", "auc")


def metric_named(metric, family_class, response):
    """A Metric from its name, a function or a scorer of scikit-learn."""
    if isinstance(metric, str) and metric in METRICS:
        if metric in OF_CLASSES and response.classes is None:
            raise ValueError(
                f"metric={metric!r} needs classes: family='binomial' and a y of two values; here the family is "
                f"{family_class.name!r}"
            )
        return METRICS[metric]
    if isinstance(metric, str) or hasattr(metric, "_score_func"):
        from fastreg.selection.cross_validation.sklearn_scorers import scorer_metric

        return scorer_metric(metric, response, tuple(METRICS), "metric")
    if callable(metric):
        return _function_metric(metric)
    raise ValueError(
        f"metric must be one of {', '.join(map(repr, METRICS))}, a scikit-learn scorer or a function, got {metric!r}"
    )


def _function_metric(function):
    """A function of (y, mean, weight) as a Metric; smaller is better unless it has an attribute greater_is_better."""

    try:
        inspect.signature(function).bind(None, None, None)
    except TypeError:
        raise ValueError(
            f"a metric is called as metric(y, mean, weight), which {function!r} does not allow. For a function of "
            "sklearn.metrics give its scorer: a name such as 'neg_mean_squared_error', or make_scorer(function)"
        ) from None
    except ValueError:  # functions of compiled modules may have no signature
        pass

    def score(held):
        mean = held.family.mean(held.eta)
        return np.array([float(function(held.y, row, held.weight)) for row in mean])

    name = getattr(function, "__name__", type(function).__name__)
    return Metric(name, bool(getattr(function, "greater_is_better", False)), score)
