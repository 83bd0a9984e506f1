"""Families: the loss of one row, bound to the response y and the weights (which sum to one).

The families of fastreg, whose methods are described in objective/protocol.py, and the kernels that loop over rows.
"""

import math
from typing import Any, NamedTuple, cast

import numpy as np

from fastreg.numerics.exp_log import exp, log1p
from fastreg.numerics.jit import inlined_kernel, inner_kernel, kernel, verb
from fastreg.objective.protocol import Family, WrittenFamily

for _name, _arity in {"loss": 2, "derivatives": 2, "divergence": 3, "log_link_parts": 2}.items():
    verb(_name, _arity)

# |eta| beyond which products with exp(eta) overflow: derivatives are those at this eta, and the loss is infinite.
ETA_LIMIT = 500.0
FLAT = 1e-87  # least curvature of a row, per unit of its weight: a Newton step divided by it can still be squared
# Longest change of eta in one step under a log or logit link: the quadratic model of an exponential fails beyond it.
LONGEST_STEP = 5.0
NEAR = 0.25  # share of a row's curvature that may change on the way to a dual point, if its divergence is bounded
UNDERFLOW = 1e-80  # curvature of a row, per unit of its weight, below which it may be FLAT
ROWS = 256  # rows whose divergences are bounded, or else computed, together
# Sum of the residuals over that of their sizes, below which the intercept's last Newton step updates them linearly. The
# error is of the order of this ratio's square, and that of a divergence of its fourth power.
LINEAR = 1e-6
SHORT = 2e-4  # length of such a step over the longest, at most
SEPARATED = 1e-3  # deviance over null deviance, below which the classes of a logistic fit count as separated
STEPS = 200  # Newton or bisection steps for an intercept, at most; a few are usual
# A closed-form shift of eta by more than CUT may have met exponentials cut off at ETA_LIMIT: it is repeated, at most
# SHIFTS times.
CUT, SHIFTS = 100.0, 64


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
    """q log(q / m) - q + m, given `difference` = q - m without cancellation; infinite where q < 0 or m = 0 < q."""
    if q <= 0.0:
        return m if q >= -1e-14 * max(m, abs(difference)) else math.inf  # rounding of q = 0
    if m <= 0.0:
        return math.inf
    return _bregman(m, difference / m)


def no_log_link(family, i, eta):
    """The `log_link_parts` of a family without a closed form."""
    return 0.0, 0.0


def no_start(family):
    """The `start` of a family without one."""
    return 0.0


DEFAULTS: dict[str, Any] = {
    "bend": math.inf,
    "longest": math.inf,
    "tight": True,
    "true_curvature": False,
    "start": no_start,
    "log_link_parts": no_log_link,
}


def completed(family: type[WrittenFamily]) -> type[Family]:
    """The class of a family, with DEFAULTS for the members that it does not define."""
    for name, value in DEFAULTS.items():
        if not hasattr(family, name):
            setattr(family, name, value)
    return cast(type[Family], family)


class Response(NamedTuple):
    """The data of a loss. Families inherit from it, since type checkers take constants in a NamedTuple's own body for
    fields."""

    y: np.ndarray
    weight: np.ndarray


class Gaussian(Response):
    """Least squares: loss (y - eta)^2 / 2, mean eta. y is any real number."""

    name = "gaussian"
    quadratic = True  # residual w (y - eta), curvature w
    bend, longest, true_curvature = 0.0, math.inf, True
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


class Binomial(Response):
    """Logistic regression: loss log(1 + e^eta) - y eta, mean 1 / (1 + e^-eta). y in [0, 1]: classes or proportions."""

    name = "binomial"
    quadratic = False
    bend, longest, true_curvature = 1.0, LONGEST_STEP, True
    admits = "numbers in [0, 1] (classes coded 0 and 1, or proportions)"

    def loss(self, i, eta):
        return self.weight[i] * max(max(eta, 0.0) - self.y[i] * eta + log1p(exp(-abs(eta))), 0.0)

    def constant(self):
        """Sum of w (y log y + (1 - y) log(1 - y)), zero for classes; kept out of `loss`, which so needs no branch."""
        inside = (self.y > 0.0) & (self.y < 1.0)
        y = self.y[inside]
        return float(self.weight[inside] @ (y * np.log(y) + (1.0 - y) * np.log1p(-y)))

    def derivatives(self, i, eta):
        small = exp(-abs(eta))
        upper = 1.0 / (1.0 + small)
        lower = small * upper
        mean, rest = (upper, lower) if eta >= 0.0 else (lower, upper)
        # for y = 1, `rest` is 1 - mean without cancellation
        return self.weight[i] * (rest if self.y[i] == 1.0 else self.y[i] - mean), self.weight[i] * max(
            upper * lower, FLAT
        )

    def divergence(self, i, eta, e):
        small = exp(-abs(eta))
        upper, lower = 1.0 / (1.0 + small), small / (1.0 + small)
        mean, rest = (upper, lower) if eta >= 0.0 else (lower, upper)
        return self.weight[i] * (kullback(mean + e, mean, e) + kullback(rest - e, rest, -e))

    def start(self):
        """The logit of the mean response."""
        rate = min(max(float(self.weight @ self.y), 1e-300), 1.0 - 1e-16)
        return math.log(rate) - math.log1p(-rate)

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
        """Whether more than 0.999 of the deviance is explained: the fitted probabilities tend to 0 or 1."""
        rate = float(self.weight @ self.y)
        y = np.clip(self.y, 1e-300, 1.0 - 1e-16)
        null = self.weight @ (y * np.log(y / rate) + (1.0 - y) * np.log((1.0 - y) / (1.0 - rate)))
        return loss < SEPARATED * null and bool(np.any((self.y == 0.0) | (self.y == 1.0)))


class Poisson(Response):
    """Counts or rates with log link: loss e^eta - y eta, mean e^eta. y >= 0."""

    name = "poisson"
    quadratic = False
    bend, longest, true_curvature = 1.0, LONGEST_STEP, True
    admits = "numbers that are not negative"

    def loss(self, i, eta):
        mean, y = _clipped_exp(eta), self.y[i]
        if eta > ETA_LIMIT and self.weight[i] > 0.0:
            return math.inf
        return self.weight[i] * kullback(y, mean, y - mean)

    def log_link_parts(self, i, eta):
        return self.weight[i] * self.y[i], self.weight[i] * _clipped_exp(eta)

    def derivatives(self, i, eta):
        mean = _clipped_exp(eta)
        return self.weight[i] * (self.y[i] - mean), self.weight[i] * max(mean, FLAT)

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


class Gamma(Response):
    """Positive responses with log link: loss eta + y e^-eta, mean e^eta. y > 0."""

    name = "gamma"
    quadratic = False
    bend, longest, true_curvature = 1.0, LONGEST_STEP, True
    admits = "positive numbers"

    def loss(self, i, eta):
        ratio = self.y[i] * _clipped_exp(-eta)
        if -eta > ETA_LIMIT and self.weight[i] > 0.0:
            return math.inf
        return self.weight[i] * kullback(1.0, ratio, 1.0 - ratio)

    def log_link_parts(self, i, eta):
        return self.weight[i] * self.y[i] * _clipped_exp(-eta), self.weight[i]

    def derivatives(self, i, eta):
        ratio = self.y[i] * _clipped_exp(-eta)
        return self.weight[i] * (ratio - 1.0), self.weight[i] * max(ratio, FLAT)

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


WRITTEN: tuple[type[WrittenFamily], ...] = (Gaussian, Binomial, Poisson, Gamma)
FAMILIES = {family.name: completed(family) for family in WRITTEN}


def total_loss(family, eta):
    """Half the deviance per unit of weight."""
    return max(sum_of_losses(family, np.ascontiguousarray(eta)) + constant_of(family), 0.0)


def constant_of(family):
    """Half the deviance less the sum of losses, which does not depend on eta."""
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
    """Write residual and curvature at eta."""
    for i in range(eta.size):
        residual[i], curvature[i] = family.derivatives(i, eta[i])


@kernel
def balance(family, eta, residual, curvature, longest):
    """Fit the intercept: add a number to eta so that the residuals sum to zero. Updates all three; returns the number.

    In closed form where the family has one. Otherwise, and to correct rounding errors, by Newton steps of at most
    `longest`, twice as long after each that was cut. The sum decreases in the intercept; once the root is bracketed,
    bisection replaces steps out of the bracket. A residual with sum zero is a feasible dual direction, and x_j'r is the
    same for centred columns. Certificates test the sum.
    """
    shift, best, rounding = level_in_closed_form(family, eta), math.inf, 0.0
    low, high, reach, stride = -math.inf, math.inf, longest, 1.0  # the bracket: relative to eta, without loss of digits
    for iteration in range(STEPS):
        linearise(family, eta, residual, curvature)
        # In a loop of their own: whether sums beside stores are vectorised depends on the arrays' distance in memory.
        total, slope, size = 0.0, 0.0, 0.0
        for i in range(eta.size):
            total += residual[i]
            slope += curvature[i]
            size += abs(residual[i])
        # The sum is a rounding error, or no longer falls: stop.
        if abs(total) <= 1e-15 * size or (abs(total) >= best and best <= rounding):
            break
        if iteration == STEPS - 1 or not math.isfinite(total):
            break
        step = total / slope if slope > 0.0 else math.inf
        if abs(total) <= LINEAR * size and abs(step) <= SHORT * longest:
            for i in range(eta.size):
                eta[i] += step
                residual[i] -= step * curvature[i]
            return shift + step
        if abs(total) < best:
            best, rounding = abs(total), 1e-11 * size
        if total > 0.0:
            low = 0.0
        else:
            high = 0.0
        if not math.isfinite(step):  # no curvature for the length of a step
            step = stride if total > 0.0 else -stride
            stride *= 2.0
        elif abs(step) > reach:
            step = reach if total > 0.0 else -reach
            reach *= 2.0
        if not low < step < high:
            if math.isinf(low) or math.isinf(high) or high - low <= 1e-15 * abs(shift):
                break
            step = 0.5 * (low + high)
        for i in range(eta.size):
            eta[i] += step
        shift, low, high = shift + step, low - step, high - step
    return shift


def with_intercept(family, offset):
    """The linear predictor (n,) of the model with an offset and a fitted intercept alone."""
    eta, scratch = offset + (family.start() - float(family.weight @ offset)), np.empty(offset.size)
    balance(family, eta, scratch, np.empty(offset.size), family.longest)
    return eta


@inner_kernel
def level_in_closed_form(family, eta):
    """Add s = log(sum of the first `log_link_parts` / sum of the second) to eta; returns s, 0 for families without."""
    shift = 0.0
    for _ in range(SHIFTS):
        first, second = 0.0, 0.0
        for i in range(eta.size):
            falls, grows = family.log_link_parts(i, eta[i])
            first += falls
            second += grows
        if not (first > 0.0 and second > 0.0):
            break
        step = math.log(first) - math.log(second)
        if not math.isfinite(step):
            break
        for i in range(eta.size):
            eta[i] += step
        shift += step
        if abs(step) <= CUT:
            break
    return shift


@kernel
def level_of(dual):
    """(sum, sum of absolute values) of a dual direction; the first is zero where an intercept was fitted."""
    total, size = 0.0, 0.0
    for i in range(dual.size):
        total += dual[i]
        size += abs(dual[i])
    return total, size


@kernel
def row_divergence(family, eta, residual, dual, s):
    """Sum of the rows' divergences at the dual point s * dual, over rows with a weight above zero."""
    return divergence_between(family, eta, residual, dual, s, np.int64(0), eta.size)


@inner_kernel
def divergence_between(family, eta, residual, dual, s, start, stop):
    """`row_divergence` of the rows from `start` to `stop`."""
    total = 0.0
    for i in range(start, stop):
        if family.weight[i] > 0.0:
            total += family.divergence(i, eta[i], (residual[i] - s * dual[i]) / family.weight[i])
    return total


@inner_kernel
def divergence_bound(family, rows, dual, s, bend):
    """A bound on `row_divergence`, too large by two thirds at most, which needs no exponentials where s * dual is near.

    `rows` is (eta, residual, curvature); `bend` is that of the family, infinite where it or the curvature is not exact.
    Where the derivative of a row's loss changes by v, its second derivative h changes by at most bend |v|. So the
    divergence, the integral of (u - v) / h(v) over v from 0 to u = |r - s nu|, is at most u^2 / (2 (h - bend u)). This
    is used for a block of rows if bend u <= NEAR h in all of them.
    """
    eta, residual, curvature = rows
    if not bend < math.inf:
        return divergence_between(family, eta, residual, dual, s, np.int64(0), eta.size)
    total = 0.0
    for start in range(0, eta.size, ROWS):
        stop, part, far = min(start + ROWS, eta.size), 0.0, 0
        for i in range(start, stop):
            u, h = abs(residual[i] - s * dual[i]), curvature[i]
            far += 0 if bend * u + UNDERFLOW * family.weight[i] <= NEAR * h else 1
            part += u * u / (h - bend * u + 1e-300)  # a row of weight zero has neither
        total += 0.5 * part if far == 0 else divergence_between(family, eta, residual, dual, s, start, stop)
    return total
