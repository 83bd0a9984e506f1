"""Families: the loss of one row, bound to the response y and the weights (which sum to one).

A family is a NamedTuple with verbs that kernels call for row i at the linear predictor eta:

    loss        w_i times half the unit deviance, that is the negative log-likelihood less its smallest value; what
                depends on y alone may be left to `constant`
    derivatives (residual, curvature): minus the first, and the second derivative of the loss in eta
    divergence  loss + conjugate at a dual point nu_i, given e = (residual_i - nu_i) / w_i: a row's share of the gap,
                infinite where nu_i lies outside the conjugate's domain

They return numbers and allocate no arrays: kernels call them once a row, in loops that count no references.
`divergence` is a Bregman divergence, computed without cancellation, so a duality gap of 1e-14 is still a number.
With d_i(nu) the infimum of loss + nu eta over eta, it is loss + nu eta - d_i(nu), by Fenchel and Young never negative.
Plain methods serve Python: `mean(eta)`, the inverse link; `check(y)`, which responses the family admits; `constant()`,
if there is one, the sum over rows of what `loss` lacks of half the deviance; `degenerate(y)`, why no intercept can be
fitted to a response, if so; `separates(loss)`, whether a fit without penalty has run away.
"""

import math
from typing import NamedTuple

import numpy as np

from fastreg._jit import inlined_kernel, kernel, verb
from fastreg.elementary import exp, log1p

for _name, _arity in {"loss": 2, "derivatives": 2, "divergence": 3}.items():
    verb(_name, _arity)

# Beyond this |eta| exp() would overflow in products; no certified solution lies there (deviance is then about 1e300).
ETA_LIMIT = 500.0
# Share of the residuals that their sum may be for the intercept's last Newton step to take them along linearly: they
# then miss about its square, and a divergence misses the square of that.
LINEAR = 1e-6
SEPARATED = 1e-3  # share of the null deviance left, below which a logistic fit counts as separated


@inlined_kernel
def _clipped_exp(eta):
    return exp(min(max(eta, -ETA_LIMIT), ETA_LIMIT))


@inlined_kernel
def _bregman(m, e):
    """q log(q / m) - q + m at q = m (1 + e), for m >= 0 and e >= -1; the series keeps digits near e = 0."""
    if abs(e) < 1e-3:
        return m * e * e * (0.5 + e * (-1.0 / 6.0 + e * (1.0 / 12.0 + e * (-1.0 / 20.0 + e / 30.0))))
    if e <= -1.0:
        return m
    return m * ((1.0 + e) * log1p(e) - e)


@inlined_kernel
def kullback(q, m, difference):
    """q log(q / m) - q + m with q = m + difference given separately; infinite where q < 0 or m = 0 < q."""
    if q <= 0.0:
        return m if q >= -1e-14 else math.inf  # rounding of q = 0
    if m <= 0.0:
        return math.inf
    return _bregman(m, difference / m)


class Gaussian(NamedTuple):
    """Least squares: loss (y - eta)^2 / 2, mean eta. y is any real number."""

    y: np.ndarray
    weight: np.ndarray

    name = "gaussian"
    quadratic = True  # the quadratic model is the loss
    admits = "finite numbers"

    def loss(self, i, eta):
        return 0.5 * self.weight[i] * (self.y[i] - eta) ** 2

    def derivatives(self, i, eta):
        return self.weight[i] * (self.y[i] - eta), self.weight[i]

    def divergence(self, i, eta, e):
        return 0.5 * self.weight[i] * e * e

    @staticmethod
    def mean(eta):
        return np.asarray(eta, dtype=float)

    @staticmethod
    def check(y):
        return np.isfinite(y)

    @staticmethod
    def degenerate(y):
        return None

    def separates(self, loss):
        return False


class Binomial(NamedTuple):
    """Logistic regression: loss log(1 + e^eta) - y eta, mean 1 / (1 + e^-eta). y in [0, 1]: classes or proportions."""

    y: np.ndarray
    weight: np.ndarray

    name = "binomial"
    quadratic = False
    admits = "numbers in [0, 1] (classes coded 0 and 1, or proportions)"

    def loss(self, i, eta):
        return self.weight[i] * max(max(eta, 0.0) - self.y[i] * eta + log1p(exp(-abs(eta))), 0.0)

    def constant(self):
        """Sum of w (y log y + (1 - y) log(1 - y)): zero for classes, so that loops over rows need no branch for it."""
        inside = (self.y > 0.0) & (self.y < 1.0)
        y = self.y[inside]
        return float(self.weight[inside] @ (y * np.log(y) + (1.0 - y) * np.log1p(-y)))

    def derivatives(self, i, eta):
        small = exp(-abs(eta))
        upper = 1.0 / (1.0 + small)
        lower = small * upper
        mean, rest = (upper, lower) if eta >= 0.0 else (lower, upper)
        # 1 - mean as it stands for y = 1: subtracting would cancel
        return self.weight[i] * (rest if self.y[i] == 1.0 else self.y[i] - mean), self.weight[i] * upper * lower

    def divergence(self, i, eta, e):
        small = exp(-abs(eta))
        upper, lower = 1.0 / (1.0 + small), small / (1.0 + small)
        mean, rest = (upper, lower) if eta >= 0.0 else (lower, upper)
        return self.weight[i] * (kullback(mean + e, mean, e) + kullback(rest - e, rest, -e))

    @staticmethod
    def mean(eta):
        small = np.exp(-np.abs(eta))
        return np.where(np.asarray(eta) >= 0, 1.0, small) / (1.0 + small)

    @staticmethod
    def check(y):
        return (y >= 0.0) & (y <= 1.0)

    @staticmethod
    def degenerate(y):
        return f"y holds one class only: every value is {y[0]:g}" if np.all(y == y[0]) and y[0] in (0.0, 1.0) else None

    def separates(self, loss):
        """Deviance explained above 0.999: the classes, or the proportions, are reached only at infinity."""
        rate = float(self.weight @ self.y)
        y = np.clip(self.y, 1e-300, 1.0 - 1e-16)
        null = self.weight @ (y * np.log(y / rate) + (1.0 - y) * np.log((1.0 - y) / (1.0 - rate)))
        return loss < SEPARATED * null and bool(np.any((self.y == 0.0) | (self.y == 1.0)))


class Poisson(NamedTuple):
    """Counts or rates with log link: loss e^eta - y eta, mean e^eta. y >= 0."""

    y: np.ndarray
    weight: np.ndarray

    name = "poisson"
    quadratic = False
    admits = "numbers that are not negative"

    def loss(self, i, eta):
        mean, y = _clipped_exp(eta), self.y[i]
        return self.weight[i] * kullback(y, mean, y - mean)

    def derivatives(self, i, eta):
        mean = _clipped_exp(eta)
        return self.weight[i] * (self.y[i] - mean), self.weight[i] * mean

    def divergence(self, i, eta, e):
        mean = _clipped_exp(eta)
        return self.weight[i] * kullback(mean + e, mean, e)

    @staticmethod
    def mean(eta):
        return np.exp(np.minimum(eta, ETA_LIMIT))

    @staticmethod
    def check(y):
        return (y >= 0.0) & np.isfinite(y)

    @staticmethod
    def degenerate(y):
        return "y is zero everywhere" if not np.any(y) else None

    def separates(self, loss):
        return False


class Gamma(NamedTuple):
    """Positive responses with log link: loss eta + y e^-eta, mean e^eta. y > 0."""

    y: np.ndarray
    weight: np.ndarray

    name = "gamma"
    quadratic = False
    admits = "positive numbers"

    def loss(self, i, eta):
        ratio = self.y[i] * _clipped_exp(-eta)
        return self.weight[i] * kullback(1.0, ratio, 1.0 - ratio)

    def derivatives(self, i, eta):
        ratio = self.y[i] * _clipped_exp(-eta)
        return self.weight[i] * (ratio - 1.0), self.weight[i] * ratio

    def divergence(self, i, eta, e):
        ratio = self.y[i] * _clipped_exp(-eta)
        return self.weight[i] * kullback(ratio - e, ratio, -e)

    @staticmethod
    def mean(eta):
        return np.exp(np.minimum(eta, ETA_LIMIT))

    @staticmethod
    def check(y):
        return (y > 0.0) & np.isfinite(y)

    @staticmethod
    def degenerate(y):
        return None

    def separates(self, loss):
        return False


FAMILIES = {family.name: family for family in (Gaussian, Binomial, Poisson, Gamma)}


def total_loss(family, eta):
    """Half the deviance per unit of weight."""
    return max(sum_of_losses(family, eta) + constant_of(family), 0.0)


def constant_of(family):
    """What the sum of losses lacks of half the deviance, whatever eta."""
    return family.constant() if hasattr(family, "constant") else 0.0


@kernel
def sum_of_losses(family, eta):
    """The loss, summed over rows."""
    loss = 0.0
    for i in range(eta.size):
        loss += family.loss(i, eta[i])
    return loss


@kernel
def linearise(family, eta, residual, curvature):
    """Fill residual and curvature at eta."""
    for i in range(eta.size):
        residual[i], curvature[i] = family.derivatives(i, eta[i])


@kernel
def balance(family, eta, residual, curvature, longest):
    """Newton steps on the intercept until the residuals sum to zero. Updates all three; returns the shift of eta.

    No step is longer than `longest`. A sum of zero makes the residual a feasible dual direction and centring needless:
    x_j'r needs no mean.
    """
    shift, best = 0.0, math.inf
    low, high = -math.inf, math.inf  # the root lies between: the sum falls as the intercept grows
    for iteration in range(100):
        linearise(family, eta, residual, curvature)
        # In a loop of their own: sums beside stores are vectorised or not by how far apart the arrays happen to lie.
        total, slope, size = 0.0, 0.0, 0.0
        for i in range(eta.size):
            total += residual[i]
            slope += curvature[i]
            size += abs(residual[i])
        # At rounding, or no longer improving: one more step would only move noise.
        if abs(total) <= 1e-15 * size or slope <= 0.0 or (abs(total) >= best and best <= 1e-11 * size):
            break
        if iteration == 99:
            break
        if abs(total) <= LINEAR * size:
            step = total / slope
            for i in range(eta.size):
                eta[i] += step
                residual[i] -= step * curvature[i]
            return shift + step
        best = min(best, abs(total))
        if total > 0.0:
            low = shift
        else:
            high = shift
        step = min(max(total / slope, -longest), longest)
        if not low < shift + step < high:
            if math.isinf(low) or math.isinf(high) or high - low <= 1e-15 * abs(shift):
                break
            step = 0.5 * (low + high) - shift
        for i in range(eta.size):
            eta[i] += step
        shift += step
    return shift


@kernel
def row_divergence(family, eta, residual, dual, s):
    """Sum of the rows' divergences at the dual point s * dual. Rows of weight zero have no share."""
    total = 0.0
    for i in range(eta.size):
        if family.weight[i] > 0.0:
            total += family.divergence(i, eta[i], (residual[i] - s * dual[i]) / family.weight[i])
    return total
