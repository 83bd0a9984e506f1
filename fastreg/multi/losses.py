"""Responses of K values a row: what a loss says of the whole (K, n) matrix of linear predictors.

The loss couples the K linear predictors of a row, and rows only through the coefficients. All arrays are (K, n), one
response after the other; weights (n,) sum to one. A response answers

    mean(eta)                    the mean of every row
    residual(mean)               minus the derivative of the loss in eta, (K, n)
    loss(mean)                   the negative log-likelihood less its smallest value, summed over rows
    divergence(mean, change)     sum_i w_i times loss + conjugate of a row at the dual point residual - w change
    curve(mean, direction)       H_i direction_i for every row, H_i the K x K second derivative
    intercept_curvature(mean)    sum_i H_i, (K, K)
    balance(eta, intercepts)     fit the intercepts, so that residuals sum to zero; moves both, and returns the mean
    level(mean, change)          add to a change of eta (in place) what keeps the sums of residuals, to first order;
                                 returns what it was
    extent(mean, change)         (the largest spread of a row's change over the responses, change'H change)

`divergence` is the rows' share of a duality gap, as in fastreg.objective.families: a sum of terms none of which is
negative.
"""

import math

import numpy as np

from fastreg.numerics.exp_log import exp
from fastreg.numerics.jit import allocating_kernel, kernel
from fastreg.objective.families import LONGEST_STEP, SEPARATED, kullback


class SquaredError:
    """Least squares: loss |y_i - eta_i|^2 / 2, mean eta."""

    name, quadratic, bend, longest = "gaussian", True, 0.0, math.inf

    def __init__(self, y, weight):
        self.y, self.weight, self.K = y, weight, y.shape[0]

    def mean(self, eta):
        return eta

    def residual(self, mean):
        return self.weight * (self.y - mean)

    def loss(self, mean):
        return 0.5 * float(((self.y - mean) ** 2 @ self.weight).sum())

    def divergence(self, mean, change):
        return 0.5 * float((change**2 @ self.weight).sum())

    def curve(self, mean, direction):
        return self.weight * direction

    def intercept_curvature(self, mean):
        return np.eye(self.K)

    def balance(self, eta, intercepts):
        shift = (self.y - eta) @ self.weight
        eta += shift[:, None]
        intercepts += shift
        return eta

    def level(self, mean, change):
        shift = -(change @ self.weight)
        change += shift[:, None]
        return shift

    def separates(self, loss, null):
        return False


class Softmax:
    """Multinomial logistic regression: loss log sum_k exp(eta_ik) - sum_k y_ik eta_ik, y_i in the simplex.

    The parametrisation is symmetric: every class has coefficients, and adding a number to all eta of a row changes
    nothing. Where neither penalty nor data decide on that number, class sums are zero.
    """

    name, quadratic, bend, longest = "multinomial", False, 1.0, LONGEST_STEP

    def __init__(self, y, weight):
        self.y, self.weight, self.K = y, weight, y.shape[0]

    def mean(self, eta):
        mean = np.empty(eta.shape)
        softmax(eta, mean)
        return mean

    def residual(self, mean):
        return self.weight * (self.y - mean)

    def loss(self, mean):
        return simplex_divergence(self.y, mean, self.y - mean, self.weight)

    def divergence(self, mean, change):
        return simplex_divergence(mean + change, mean, change, self.weight)

    def curve(self, mean, direction):
        centred = direction - (mean * direction).sum(axis=0)
        return self.weight * mean * centred

    def intercept_curvature(self, mean):
        curvature = np.empty((self.K, self.K))
        class_curvature(mean, self.weight, curvature)
        return curvature

    def balance(self, eta, intercepts):
        """Fit the intercepts by Newton steps, shortened so that the loss cannot rise (see line_search)."""
        mean = np.empty(eta.shape)
        balance_classes(self.y, self.weight, eta, intercepts, mean)
        return mean

    def level(self, mean, change):
        shift = np.empty(self.K)
        level_classes(mean, self.weight, change, shift)
        return shift

    def extent(self, mean, change):
        return class_extent(mean, self.weight, change)

    def separates(self, loss, null):
        """Deviance explained above 0.999: the classes are reached only at infinity."""
        return loss < SEPARATED * null


@allocating_kernel
def softmax(eta, mean):
    """mean_k = exp(eta_k) / sum_l exp(eta_l), row by row of X."""
    K, n = eta.shape
    top, total = eta[0].copy(), np.zeros(n)
    for k in range(1, K):
        for i in range(n):
            top[i] = max(top[i], eta[k, i])
    for k in range(K):
        for i in range(n):
            mean[k, i] = exp(eta[k, i] - top[i])
            total[i] += mean[k, i]
    for k in range(K):
        for i in range(n):
            mean[k, i] /= total[i]


@allocating_kernel
def balance_classes(y, weight, eta, intercepts, mean):
    """Add to the intercepts and to eta what makes the residuals of each class sum to zero; write the mean."""
    K, n = eta.shape
    total, curvature = np.empty(K), np.empty((K, K))
    best = math.inf
    for _ in range(100):
        softmax(eta, mean)
        size, worst = 0.0, 0.0
        for k in range(K):
            total[k] = 0.0
            for i in range(n):
                residual = weight[i] * (y[k, i] - mean[k, i])
                total[k] += residual
                size += abs(residual)
            worst = max(worst, abs(total[k]))
        if worst <= 1e-16 * size or (worst >= best and best <= 1e-11 * size):
            break
        best = min(best, worst)
        class_curvature(mean, weight, curvature)
        step = solve_symmetric(curvature, total)
        step -= step.mean()
        spread = step.max() - step.min()
        t = math.log1p(spread) / spread if spread > 0.0 else 1.0
        for k in range(K):
            intercepts[k] += t * step[k]
            for i in range(n):
                eta[k, i] += t * step[k]
    else:
        softmax(eta, mean)


@allocating_kernel
def level_classes(mean, weight, change, shift):
    """Add to each class's change its `shift`, which is written: sum_i H_i (change_i + shift) = 0, sum_k shift_k = 0."""
    K, n = mean.shape
    curvature, middle = np.empty((K, K)), np.zeros(n)
    for k in range(K):
        for i in range(n):
            middle[i] += mean[k, i] * change[k, i]
    for k in range(K):
        shift[k] = 0.0
        for i in range(n):
            shift[k] -= weight[i] * mean[k, i] * (change[k, i] - middle[i])
    class_curvature(mean, weight, curvature)
    shift[:] = solve_symmetric(curvature, shift)
    shift -= shift.mean()
    for k in range(K):
        for i in range(n):
            change[k, i] += shift[k]


@allocating_kernel
def class_extent(mean, weight, change):
    """(largest spread, max_k - min_k, of a row's change among rows with weight, sum_i change_i'H_i change_i)."""
    K, n = mean.shape
    low, high, middle, square = change[0].copy(), change[0].copy(), np.zeros(n), np.zeros(n)
    for k in range(K):
        for i in range(n):
            c = change[k, i]
            low[i], high[i] = min(low[i], c), max(high[i], c)
            middle[i] += mean[k, i] * c
    spread, total = 0.0, 0.0
    for k in range(K):
        for i in range(n):
            square[i] += mean[k, i] * (change[k, i] - middle[i]) ** 2
    for i in range(n):
        if weight[i] > 0.0:
            spread = max(spread, high[i] - low[i])
            total += weight[i] * square[i]
    return spread, total


@kernel
def class_curvature(mean, weight, out):
    """sum_i w_i (diag(mean_i) - mean_i mean_i')."""
    K, n = mean.shape
    for k in range(K):
        for l in range(k):
            total = 0.0
            for i in range(n):
                total += weight[i] * mean[k, i] * mean[l, i]
            out[k, l] = out[l, k] = -total
        total = 0.0
        for i in range(n):
            total += weight[i] * mean[k, i] * (1.0 - mean[k, i])
        out[k, k] = total


@allocating_kernel
def solve_symmetric(curvature, total):
    """A solution of curvature step = total by Cholesky, where adding a constant to the step changes nothing.

    Nor does a class that has no more weight: its component is zero.
    """
    K = total.size
    lift = max(np.trace(curvature), 1e-300) / K**2
    factor, step = np.zeros((K, K)), total.copy()
    for j in range(K):
        for i in range(j, K):
            rest = curvature[i, j] + lift
            for k in range(j):
                rest -= factor[i, k] * factor[j, k]
            if i == j:
                if rest <= 1e-14 * (curvature[j, j] + lift):
                    break
                factor[j, j] = math.sqrt(rest)
            else:
                factor[i, j] = rest / factor[j, j]
    for j in range(K):
        for k in range(j):
            step[j] -= factor[j, k] * step[k]
        step[j] = step[j] / factor[j, j] if factor[j, j] > 0.0 else 0.0
    for j in range(K - 1, -1, -1):
        for k in range(j + 1, K):
            step[j] -= factor[k, j] * step[k]
        step[j] = step[j] / factor[j, j] if factor[j, j] > 0.0 else 0.0
    return step


@kernel
def simplex_divergence(target, mean, difference, weight):
    """sum_i w_i sum_k target log(target / mean): Kullback and Leibler's; infinite outside the simplex.

    `difference` = target - mean, given separately for the digits that subtracting would lose.
    """
    total = 0.0
    for k in range(mean.shape[0]):
        for i in range(mean.shape[1]):
            if weight[i] > 0.0:
                total += weight[i] * kullback(target[k, i], mean[k, i], difference[k, i])
    return total
