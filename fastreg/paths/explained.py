"""The share of the deviance of rows that a linear predictor explains."""

import numpy as np

from fastreg.interface import validation as check
from fastreg.objective.families import total_loss, with_intercept


def deviance_explained(family_class, eta, y, sample_weight=None, offset=None):
    """1 - deviance / that of an intercept fitted to y beside the offset (n,), None for none; NaN where that is 0."""
    response, weight = check.check_response(y, eta.size, family_class), check.check_weight(sample_weight, eta.size)
    if family_class.degenerate(response[weight > 0]):
        return float("nan")
    family = family_class(check.read_only(response), check.read_only(weight))
    worst = total_loss(family, with_intercept(family, np.zeros(eta.size) if offset is None else offset))
    return float(1.0 - total_loss(family, eta) / worst) if worst > 0.0 else float("nan")
