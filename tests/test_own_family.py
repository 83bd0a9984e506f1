"""A family of a user's own: a NamedTuple with the verbs of fastreg.families, defined outside the package."""

import math
from typing import NamedTuple

import numpy as np
import pytest

import fastreg


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


def test_a_family_of_ones_own_is_certified_and_robust():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 10))
    y = X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=80)
    y[:4] += 100.0  # outliers that least squares would follow
    path = fastreg.fit_path(X, y, family=Fair, alphas=[0.1, 0.01, 0.001], tol=1e-12)
    assert path.converged and path.family == "fair"
    coef, intercept = path.coef(0.001)
    error = y - intercept - X @ coef
    residual = error / (1.0 + np.abs(error)) / 80
    correlation = X.T @ residual
    inside = coef != 0.0
    assert abs(residual.sum()) < 1e-12
    assert np.allclose(correlation[inside], 0.001 * np.sign(coef[inside]), atol=1e-9)
    assert np.all(np.abs(correlation) <= 0.001 * (1.0 + 1e-6))
    assert np.allclose(coef[:2], [1.0, -1.0], atol=0.1) and np.allclose(path.predict(X, 0.001), y - error)


def test_a_class_without_the_verbs_is_refused_by_name():
    class Nothing:
        pass

    with pytest.raises(ValueError, match=r"lacks \['loss'"):
        fastreg.fit_path(np.eye(3), np.arange(3.0), family=Nothing)
