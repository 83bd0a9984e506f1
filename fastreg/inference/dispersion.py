"""The dispersion as one more unknown: its prior, and draws of it given the coefficients.

In the families that have one the dispersion phi enters the likelihood as -S(b) / phi + c(phi), with S the loss summed
over rows in units of their weights. So its density given b depends on b through the one number S alone: for u = log phi

    log p(u | b) = -S exp(-u) + g(u),   g(u) = c(phi) + log prior(u)

where the prior of sqrt(phi) is half-Cauchy (Gelman 2006, Bayesian Analysis 1, 515-534). g is interpolated once. Draws
are by slices (Neal 2003, Annals of Statistics 31, 705-767), in turn with trajectories of the coefficients.
"""

import math

import numpy as np

from fastreg.inference.likelihood import log_likelihood

DEGREE = 100  # of the polynomial that interpolates g
REACH = 10.0  # standard deviations of log phi to both sides that it covers
STEPS = 100  # of a slice to each side, at most


class Dispersion:
    """The density of log phi given the loss, and draws from it."""

    def __init__(self, family, eta, weight, loss, start, frequency):
        """`weight` are the weights as given, `loss` S at the linear predictor `eta`, `start` an estimate of phi."""
        self.family, self.eta, self.weight, self.frequency, self.loss = family, eta, weight, frequency, loss
        self.scale = prior_scale(family, weight)
        count = float(weight.sum() if frequency else np.count_nonzero(weight))
        self.centre, self.spread = math.log(start), math.sqrt(2.0 / count)
        ends = self.centre - REACH * self.spread, self.centre + REACH * self.spread
        found = np.polynomial.Chebyshev.interpolate(np.vectorize(self._exact), DEGREE, ends)
        self.ends, self.terms = ends, found.coef.tolist()[::-1]

    def _exact(self, u):
        phi = math.exp(u)
        rows = log_likelihood(type(self.family), self.family.y, self.eta, self.weight, phi, self.frequency)
        return float(rows.sum()) + self.loss / phi + 0.5 * u - math.log1p(phi / self.scale**2)

    def own(self, u):
        """g(u)."""
        low, high = self.ends
        if not low <= u <= high:
            return self._exact(u)
        x, ahead, after = 2.0 * (2.0 * u - low - high) / (high - low), 0.0, 0.0
        for term in self.terms:  # Clenshaw's sum, whose last step has half of x
            ahead, after = term + x * ahead - after, ahead
        return ahead - 0.5 * x * after

    def first(self, rng):
        """A log phi to begin with."""
        return self.centre + self.spread * float(rng.standard_normal())

    def drawn(self, u, loss, rng):
        """The next log phi after u, given the loss S of the coefficients."""
        below, place, *shares = rng.random(2 + STEPS).tolist()
        level, width = self._at(u, loss) + math.log1p(-below), 2.0 * self.spread
        low = self._outside(u - place * width, -width, loss, level)
        high = self._outside(u - place * width + width, width, loss, level)
        for share in shares:
            ahead = low + share * (high - low)
            if self._at(ahead, loss) > level:
                return ahead
            low, high = (ahead, high) if ahead < u else (low, ahead)
        return u

    def _outside(self, end, step, loss, level):
        """An end of the slice, moved by steps until the density there is at most the level."""
        for _ in range(STEPS):
            if self._at(end, loss) <= level:
                break
            end += step
        return end

    def _at(self, u, loss):
        return self.own(u) - loss * math.exp(-u)


def prior_scale(family, weight):
    """The scale of the half-Cauchy prior of sqrt(phi): the standard deviation of y, or for "gamma", where sqrt(phi) has
    no unit, 1."""
    if family.name != "gaussian":
        return 1.0
    mean = np.average(family.y, weights=weight)
    return float(np.sqrt(np.average((family.y - mean) ** 2, weights=weight)))
