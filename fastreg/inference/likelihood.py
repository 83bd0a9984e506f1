"""Log-likelihoods of rows with all their constants, of fastreg's own families.

A row of weight w has dispersion phi / w where weights are precisions, and stands for w equal rows where they are
frequencies. For "binomial" and "poisson" of precision w, w y is the count: of w trials, or over an exposure of w.
"""

import numpy as np
from scipy.special import gammaln

from fastreg.objective.families import FAMILIES


def is_known(family):
    """Whether the density of a family's class is known."""
    return family in FAMILIES.values()


def log_likelihood(family, y, eta, weight, dispersion, frequency):
    """Of every row, for eta (..., n): the logarithm of its density or probability. Rows without weight have 0."""
    seen = weight > 0.0
    times, unit = (weight[seen], 1.0) if frequency else (1.0, weight[seen])
    out = np.zeros(eta.shape)
    out[..., seen] = times * _DENSITIES[family.name](y[seen], eta[..., seen], unit, dispersion)
    return out


def _gaussian(y, eta, unit, dispersion):
    return -0.5 * (np.log(2.0 * np.pi * dispersion / unit) + unit / dispersion * (y - eta) ** 2)


def _binomial(y, eta, unit, dispersion):
    ways = gammaln(unit + 1.0) - gammaln(unit * y + 1.0) - gammaln(unit * (1.0 - y) + 1.0)
    return (ways + unit * (y * eta - np.logaddexp(0.0, eta))) / dispersion


def _poisson(y, eta, unit, dispersion):
    count = unit * y
    written = np.where(count > 0.0, count * np.log(unit), 0.0)
    return (written + count * eta - unit * np.exp(eta) - gammaln(count + 1.0)) / dispersion


def _gamma(y, eta, unit, dispersion):
    shape = unit / dispersion
    return shape * (np.log(shape) - eta) - gammaln(shape) + (shape - 1.0) * np.log(y) - shape * y * np.exp(-eta)


_DENSITIES = {"gaussian": _gaussian, "binomial": _binomial, "poisson": _poisson, "gamma": _gamma}
