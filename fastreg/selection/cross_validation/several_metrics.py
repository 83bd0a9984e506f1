"""Metrics for several responses or classes: scores of the predictions of held-out rows.

    deviance           weighted mean of the unit deviance: the squared errors of all responses of a row, summed; for
                       classes twice the log loss
    mse, mae           weighted mean of squared and absolute errors, over rows and responses, or classes
    misclassification  weighted share of rows whose likeliest class is not theirs (labels only)

`held.eta` is (points, rows, K); `held.y` (rows, K), or numbers of classes (rows,).
"""

import numpy as np
from scipy.special import log_softmax, xlogy

from fastreg.selection.cross_validation.metrics import Metric, metric_named


def deviance(held):
    if held.family.name == "gaussian":
        return held.eta.shape[2] * squared_error(held)
    shares = _targets(held)
    lost = np.where(shares > 0.0, -shares * log_softmax(held.eta, axis=2), 0.0) + xlogy(shares, shares)
    return 2.0 * lost.sum(axis=2) @ held.weight


def squared_error(held):
    """Weighted mean over rows of the mean squared error over responses."""
    return ((held.family.mean(held.eta) - _targets(held)) ** 2).mean(axis=2) @ held.weight


def absolute_error(held):
    return np.abs(held.family.mean(held.eta) - _targets(held)).mean(axis=2) @ held.weight


def accuracy(held):
    """Weighted share of rows whose class has the largest eta; y holds the classes' numbers."""
    return (held.eta.argmax(axis=2) == held.y) @ held.weight


def misclassification(held):
    return (held.eta.argmax(axis=2) != held.y) @ held.weight


def _targets(held):
    """Responses, or shares of classes, (rows, K)."""
    return held.y if held.y.ndim == 2 else np.eye(held.eta.shape[2])[held.y]


MSE = Metric("mse", False, squared_error, equal_folds=True)
METRICS = {
    "deviance": Metric("deviance", False, deviance),
    "mse": Metric("mse", False, squared_error),
    "mae": Metric("mae", False, absolute_error),
    "misclassification": Metric("misclassification", False, misclassification),
}


def several_metric(metric, kind, response):
    """A Metric from its name, a function or a scorer of scikit-learn; `metric_named` does it for one response."""
    if metric == "auc":
        raise ValueError("metric='auc' is for two classes; for several give a scorer, such as 'roc_auc_ovr'")
    if metric == "misclassification" and response.classes is None:
        raise ValueError(
            f"metric='misclassification' needs labels of classes; here the family is {kind.name!r} and y is a matrix"
        )
    named = isinstance(metric, str) and metric in METRICS
    return METRICS[metric] if named else metric_named(metric, kind, response)
