"""Responses of K values a row: what a loss says of the whole (K, n) matrix of linear predictors.

The loss couples the K linear predictors of a row, and rows only through the coefficients. All arrays are (K, n), one
response after the other; weights (n,) sum to one. A response answers

    mean(eta)                    the mean of every row
    residual(mean)               minus the derivative of the loss in eta, (K, n)
    loss(mean)                   the negative log-likelihood less its smallest value, summed over rows
    divergence(mean, change)     sum_i w_i times loss + conjugate of a row at the dual point residual - w change
    curve(mean, direction)       H_i direction_i for every row, H_i the K x K second derivative
    intercept_curvature(mean)    sum_i H_i, (K, K)
    balance(eta, intercepts)     fit the intercepts, so that residuals sum to zero; moves both

`divergence` is the rows' share of a duality gap, as in fastreg.families: a sum of terms none of which is negative.
"""

import math

import numpy as np

from fastreg._jit import kernel
from fastreg.families import SEPARATED, kullback


class SquaredError:
    """Least squares: loss |y_i - eta_i|^2 / 2, mean eta."""

    name, quadratic = "gaussian", True

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

    def separates(self, loss, null):
        return False


class Softmax:
    """Multinomial logistic regression: loss log sum_k exp(eta_ik) - sum_k y_ik eta_ik, y_i in the simplex.

    The parametrisation is symmetric: every class has coefficients, and adding a number to all eta of a row changes
    nothing. Where neither penalty nor data decide on that number, class sums are zero.
    """

    name, quadratic = "multinomial", False

    def __init__(self, y, weight):
        self.y, self.weight, self.K = y, weight, y.shape[0]

    def mean(self, eta):
        mean = np.exp(eta - eta.max(axis=0))
        mean /= mean.sum(axis=0)
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
        weighted = mean * self.weight
        return np.diag(weighted.sum(axis=1)) - weighted @ mean.T

    def balance(self, eta, intercepts):
        """Newton steps, shortened so far from a solution that the loss cannot rise; see multi.steps."""
        best, total = math.inf, np.zeros(self.K)
        for _ in range(100):
            mean = self.mean(eta)
            residual = self.residual(mean)
            total, size = residual.sum(axis=1), np.abs(residual).sum()
            worst = np.abs(total).max()
            if worst <= 1e-16 * size or (worst >= best and best <= 1e-11 * size):
                break
            best = min(best, worst)
            step = solve_symmetric(self.intercept_curvature(mean), total)
            step -= step.mean()
            spread = np.ptp(step)
            t = math.log1p(spread) / spread if spread > 0.0 else 1.0
            eta += (t * step)[:, None]
            intercepts += t * step

    def separates(self, loss, null):
        """Deviance explained above 0.999: the classes are reached only at infinity."""
        return loss < SEPARATED * null


def solve_symmetric(curvature, total):
    """The solution of curvature step = total that sums to zero where adding a constant changes nothing."""
    K = curvature.shape[0]
    lift = max(float(np.trace(curvature)), 1e-300) / K
    inverse = np.linalg.pinv(curvature + lift / K, rcond=1e-14, hermitian=True)
    return inverse @ total


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
