"""The proof of the house: a family, a penalty and a storage of X, each written here in one place, go through the public
functions.

With the default choice of methods: a certified path, a cross-validation, predictions.
"""

import math
from typing import NamedTuple

import certified
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

from fastreg import cv_path, fit_path, stability_selection
from fastreg.design.storage import ColumnStorage


class Codes(NamedTuple):
    """Columns of small whole numbers in bytes, each with a unit: x_ij = unit_j code_ij."""

    codes: np.ndarray  # (p, n) int8
    units: np.ndarray  # (p,)


class CodeStorage(Codes, ColumnStorage):
    @property
    def shape(self):
        return self.codes.shape[::-1]

    def stored_in(self, columns):
        return self.codes.shape[1] * len(columns)

    def part(self, start, stop):
        return CodeStorage(self.codes[start:stop], self.units[start:stop])

    def column_dot(self, j, v):
        total = 0.0
        for i in range(v.size):
            total += self.codes[j, i] * v[i]
        return self.units[j] * total

    def column_add(self, j, step, v):
        for i in range(v.size):
            v[i] += step * self.units[j] * self.codes[j, i]

    def column_add_weighted(self, j, step, h, v):
        for i in range(v.size):
            v[i] += step * h[i] * self.units[j] * self.codes[j, i]

    def column_spread(self, j, centre, weight, total):
        spread = 0.0
        for i in range(weight.size):
            spread += weight[i] * (self.units[j] * self.codes[j, i] - centre) ** 2
        return spread


class LogCosh(NamedTuple):
    """Robust regression: log cosh(y - eta), quadratic near zero and linear far out; its conjugate lives on (-1, 1)."""

    y: np.ndarray
    weight: np.ndarray

    name = "logcosh"
    quadratic = False
    bend, longest = 2.0, math.inf  # |l'''| = 2 |tanh| l''
    admits = "finite numbers"

    def loss(self, i, eta):
        size = abs(self.y[i] - eta)
        return self.weight[i] * (size + math.log1p(math.exp(-2.0 * size)) - math.log(2.0))

    def derivatives(self, i, eta):
        slope = math.tanh(self.y[i] - eta)
        return self.weight[i] * slope, self.weight[i] * max(1.0 - slope * slope, 1e-6)

    def divergence(self, i, eta, e):
        error = self.y[i] - eta
        u = math.tanh(error) - e
        if abs(u) >= 1.0:
            return math.inf
        size = abs(error)
        loss = size + math.log1p(math.exp(-2.0 * size)) - math.log(2.0)
        conjugate = 0.5 * ((1.0 + u) * math.log1p(u) + (1.0 - u) * math.log1p(-u))
        return self.weight[i] * max(loss + conjugate - u * error, 0.0)

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


class OwnRatios(NamedTuple):
    """An l1_ratio of its own for each column, falling from `first` to `last`."""

    first: float
    last: float

    def rates(self, p):
        ratios = np.linspace(self.first, self.last, p)
        return ratios, 1.0 - ratios


class RidgeOnCovariates(NamedTuple):
    """A ridge on the first columns, which are in the model at every alpha, and the lasso on the others."""

    count: int
    ridge: float

    def rates(self, p):
        covariate = np.arange(p) < self.count
        return np.where(covariate, 0.0, 1.0), np.where(covariate, self.ridge, 0.0)


def draw(n, p):
    rng = np.random.default_rng(3)
    storage = CodeStorage(rng.integers(-2, 3, size=(p, n)).astype(np.int8), rng.uniform(0.5, 2.0, p))
    X = np.asfortranarray((storage.codes * storage.units[:, None]).T)
    return storage, X, X[:, :4] @ np.array([1.0, -1.0, 0.5, 0.5]) + rng.normal(size=n)


@few(2)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"l1_ratio": 0.5},
        {"l1_ratio": 0.0},
        {"family": "binomial", "sample_weight": "w"},
        {"family": "poisson", "offset": "o", "fit_intercept": False},
        {"lower": 0.0, "standardize": True},
        {"penalty_factor": np.r_[0.0, np.ones(19)]},
    ],
    ids=lambda options: ", ".join(options) or "lasso",
)
@pytest.mark.parametrize("n", [60, 15])
def test_a_storage_of_ones_own(n, options):
    """The path of the array that it stands for, certified on that."""
    storage, X, y = draw(n, 20)
    vectors = {"w": np.linspace(0.5, 2.0, n), "o": np.linspace(-0.3, 0.3, n)}
    options = {name: vectors[v] if isinstance(v, str) and v in vectors else v for name, v in options.items()}
    if "family" in options:
        y = (y > 0.0) * 1.0 if options["family"] == "binomial" else np.round(np.exp(0.3 * y))
    path = fit_path(storage, y, n_alphas=15, alpha_min_ratio=0.05, tol=1e-8, **options)
    certified.assert_certified(path, X, y, tol=1e-8, **options)
    other = fit_path(X, y, alphas=path.alphas, tol=1e-12, **options)
    np.testing.assert_allclose(path.coefs.toarray(), other.coefs.toarray(), atol=1e-3)
    offset = {"offset": 0} if "offset" in options else {}
    np.testing.assert_allclose(
        path.predict(storage, path.alphas[5], **offset), path.predict(X, path.alphas[5], **offset)
    )


@few(1)
@pytest.mark.parametrize(("n", "p", "family"), [(80, 20, "gaussian"), (40, 60, "gaussian"), (80, 20, "binomial")])
def test_a_storage_is_cross_validated(n, p, family):
    storage, X, y = draw(n, p)
    y = (y > 0.0) * 1.0 if family == "binomial" else y
    found, other = (cv_path(each, y, cv=4, n_alphas=20, alpha_min_ratio=0.05, family=family) for each in (storage, X))
    for f, fold in enumerate(found.fold_paths):
        train = found.test_folds != f
        certified.assert_certified(fold, X[train], y[train], tol=1e-6, family=family)
    np.testing.assert_allclose(found.mean, other.mean, rtol=1e-4)
    np.testing.assert_allclose(found.predict(storage, "min"), other.predict(X, "min"), atol=1e-2)


def test_halves_of_a_storage_select():
    storage, X, y = draw(80, 20)
    assert sorted(stability_selection(storage, y, n_pairs=10).selected) == sorted(
        stability_selection(X, y, n_pairs=10).selected
    )


@pytest.mark.slow  # compiles for seconds in every process, as what is defined outside of fastreg does
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_a_family_of_ones_own_on_a_storage_of_ones_own(l1_ratio):
    storage, X, y = draw(60, 20)
    y[:3] += 30.0
    path = fit_path(storage, y, family=LogCosh, l1_ratio=l1_ratio, n_alphas=12, alpha_min_ratio=0.05)
    other = fit_path(X, y, family=LogCosh, l1_ratio=l1_ratio, alphas=path.alphas, tol=1e-10)
    assert path.converged and other.converged
    np.testing.assert_allclose(path.coefs.toarray(), other.coefs.toarray(), atol=1e-2)
    found = cv_path(storage, y, family=LogCosh, l1_ratio=l1_ratio, cv=3, n_alphas=8, alpha_min_ratio=0.1)
    assert found.predict(storage, "min").shape == (60,)


PENALTIES = [OwnRatios(1.0, 0.2), RidgeOnCovariates(3, 1.0), RidgeOnCovariates(5, 1e-7)]


@few(2)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
@pytest.mark.parametrize("shape", [(60, 20), (30, 50)])
@pytest.mark.parametrize("make", [np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize("posed", ["plain", "weights", "bounds", "factors", "standardize"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_penalty_of_ones_own(penalty, family, shape, make, posed, fit_intercept):
    n, p = shape
    X, y = certified.draw(family, n=n, p=p, density=0.7)
    options = {"penalty": penalty, "family": family, "fit_intercept": fit_intercept} | {
        "plain": {},
        "weights": {"sample_weight": np.linspace(0.0, 2.0, n), "offset": np.linspace(-0.3, 0.3, n)},
        "bounds": {"lower": 0.0, "upper": np.r_[0.2, np.full(p - 1, np.inf)]},
        "factors": {"penalty_factor": np.r_[0.0, 2.0, np.ones(p - 3), np.inf]},
        "standardize": {"standardize": True},
    }[posed]
    path = fit_path(make(X), y, n_alphas=12, alpha_min_ratio=0.02, tol=1e-8, **options)
    certified.assert_certified(path, X, y, tol=1e-8, **options)
    assert path.penalty.name == type(penalty).__name__ and path.penalty.name in repr(path)
    l1 = path.penalty.l1 * np.broadcast_to(options.get("penalty_factor", 1.0), p)
    enters = np.abs(path.coefs.toarray()[np.isfinite(l1) & (l1 > 0.0)]).sum(axis=0)
    assert enters[0] == 0.0 and np.all(enters[1:] > 0.0)


@few(1)
@pytest.mark.parametrize("penalty", PENALTIES[:2])
@pytest.mark.parametrize(("n", "p", "family"), [(400, 20, "gaussian"), (40, 60, "gaussian"), (80, 20, "binomial")])
def test_a_penalty_is_cross_validated(penalty, n, p, family):
    X, y = certified.draw(family, n=n, p=p)
    options = {"penalty": penalty, "family": family, "standardize": True}
    found = cv_path(X, y, cv=4, n_alphas=20, alpha_min_ratio=0.05, **options)
    certified.assert_certified(found.path, X, y, tol=1e-6, **options)
    for f, fold in enumerate(found.fold_paths):
        train = found.test_folds != f
        certified.assert_certified(fold, X[train], y[train], tol=1e-6, **options)
    assert found.predict(X, "min").shape == (n,) and type(penalty).__name__ in repr(found)


@pytest.mark.slow
@pytest.mark.parametrize("penalty", PENALTIES[:2])
@pytest.mark.parametrize("n", [60, 15])
def test_family_penalty_and_storage_of_ones_own(penalty, n):
    storage, X, y = draw(n, 20)
    y[:3] += 30.0
    options = {"family": LogCosh, "penalty": penalty, "standardize": True}
    path = fit_path(storage, y, n_alphas=12, alpha_min_ratio=0.05, **options)
    other = fit_path(X, y, alphas=path.alphas, tol=1e-9, solver="coordinate_descent", **options)
    assert path.converged and other.converged
    np.testing.assert_allclose(path.coefs.toarray(), other.coefs.toarray(), atol=1e-2)
    found = cv_path(storage, y, cv=3, n_alphas=8, alpha_min_ratio=0.1, **options)
    assert found.predict(storage, "min").shape == (n,)
