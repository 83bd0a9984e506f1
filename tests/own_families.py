"""A family of a user's own, as one writes it outside of the package: for the tests of several rooms."""

import math
from typing import NamedTuple

import numpy as np


class Fair(NamedTuple):
    """The "fair" loss of robust regression, |e| - log(1 + |e|) with e = y - eta: quadratic near zero, linear far out.

    Its conjugate at u in (-1, 1) is -|u| - log(1 - |u|).
    """

    y: np.ndarray
    weight: np.ndarray

    name = "fair"
    quadratic = False
    admits = "finite numbers"

    def loss(self, i, eta):
        size = abs(self.y[i] - eta)
        return self.weight[i] * (size - math.log1p(size))

    def derivatives(self, i, eta):
        e = self.y[i] - eta
        return self.weight[i] * e / (1.0 + abs(e)), self.weight[i] / (1.0 + abs(e)) ** 2

    def divergence(self, i, eta, e):
        error = self.y[i] - eta
        u = error / (1.0 + abs(error)) - e  # the dual point over the weight
        if abs(u) >= 1.0:
            return math.inf
        size = abs(error)
        return self.weight[i] * max(size - math.log1p(size) - abs(u) - math.log1p(-abs(u)) - u * error, 0.0)

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
