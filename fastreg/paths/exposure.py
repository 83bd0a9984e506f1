"""Counts that are weighted by their exposure, which is no weight: recognised, and told with the remedy.

Of counts y_i over an exposure t_i (time at risk, area, policy years) the mean is t_i exp(eta_i). That is what an offset
log t_i says, or rates y_i / t_i with weights t_i. Counts with weights t_i say another thing, that rows of long exposure
matter more, and rates are then too large and effects wrong.
"""

import numpy as np

from fastreg.interface import validation as check
from fastreg.objective.families import Poisson

EVIDENCE = 6.0  # logarithm of the ratio of likelihoods: by chance it is as large once in some thousand data sets


def warn_of_exposure(y, options):
    """Warn where y are counts and `sample_weight` looks like their exposure; once, before the fit.

    It does if the family is Poisson without an offset, y holds whole numbers, the weights are not all whole numbers (as
    repeated rows have them) nor all equal, and the counts follow them: their likelihood is at least e^6 times as large
    if means are proportional to weights as if they are all the same,

        sum_i y_i log(w_i / mean(w)) >= 6 max(1, var(y) / mean(y))    over rows of positive weight,

    where the variance over the mean makes up for counts that vary more than Poisson's. Rates are not whole numbers, and
    weights that have nothing to do with exposure are not followed.
    """
    poisson = options.family is Poisson or (isinstance(options.family, str) and options.family == "poisson")
    if not poisson or options.sample_weight is None or options.has_offset():
        return
    try:
        counts, weight = (np.asarray(values, dtype=float).ravel() for values in (y, options.sample_weight))
    except (TypeError, ValueError):  # the checks of the fit say what is wrong
        return
    if counts.shape != weight.shape or not (np.isfinite(counts).all() and np.isfinite(weight).all()):
        return
    counts, weight = counts[weight > 0.0], weight[weight > 0.0]
    if counts.size == 0 or counts.min() < 0.0 or np.any(counts % 1.0) or not np.any(weight % 1.0):
        return
    dispersion = max(1.0, counts.var() / counts.mean()) if counts.any() else 1.0
    if counts @ np.log(weight / weight.mean()) >= EVIDENCE * dispersion:
        check.warn(
            "y holds counts, and they rise with sample_weight as with an exposure, which is no weight: rates and "
            "effects come out wrong. Pass offset=np.log(exposure) and no weights, or the rates y / exposure with "
            "sample_weight=exposure (from a shell: --exposure COLUMN and no --weights). If these are weights of "
            "another kind, nothing is wrong",
            check.DataWarning,
            topic="exposure",
        )
