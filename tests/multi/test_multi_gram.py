"""Least squares of several responses with many more rows than columns: solved on p rows, certified on all of them."""

import numpy as np
import pytest
import scipy.sparse as sp
from certified_multi import fit
from grids import few

from fastreg import fit_multi_path, fit_path
from fastreg.multi import driver
from fastreg.objective import gram_reduction
from fastreg.paths import plan

N, P, K = 150, 12, 3
OPTIONS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "weights and offset": {"sample_weight": np.r_[0.0, np.linspace(0.2, 3, N - 1)], "offset": np.ones((N, K))},
    "factors": {"penalty_factor": np.r_[0.0, np.inf, np.linspace(0.5, 2.0, P - 2)], "standardize": True},
}


@pytest.fixture(autouse=True)
def small_problems_are_reduced(monkeypatch):
    monkeypatch.setattr(plan, "SMALLEST_GRAM", 0)


def draw(twins=False):
    rng = np.random.default_rng(3)
    X = rng.normal(1.0, 1.0, (N, P)) * (rng.uniform(size=(N, P)) < 0.9)
    if twins:
        X[:, 1], X[:, 2] = X[:, 0], 0.0
    return X, X[:, :5] @ rng.normal(size=(5, K)) + rng.normal(size=(N, K))


@few(2)
@pytest.mark.parametrize("more", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("twins", [False, True])
def test_every_point_is_certified_on_all_rows(twins, l1_ratio, more):
    X, Y = draw(twins)
    path = fit(X, Y, l1_ratio=l1_ratio, n_alphas=10, alpha_min_ratio=1e-3, **more)
    assert path.work["grams"] == 1
    assert path.work["columns_read"] <= 3 * P * K  # moments, correlations and the Gram matrix
    assert path.deviance_ratio[-1] > 0.5
    assert fit(sp.csc_array(X), Y, l1_ratio=l1_ratio, n_alphas=5, **more).work["grams"] == 1


def test_the_path_is_that_of_all_rows(monkeypatch):
    X, Y = draw()
    reduced = fit_multi_path(X, Y, tol=1e-10)
    monkeypatch.setattr(driver, "as_reduced", lambda *given: given[3](given[0]))
    whole = fit_multi_path(X, Y, tol=1e-10)
    assert whole.work["columns_read"] > 10 * reduced.work["columns_read"]
    np.testing.assert_allclose(reduced.alphas, whole.alphas, rtol=1e-12)
    np.testing.assert_allclose(reduced.deviance_ratio, whole.deviance_ratio, rtol=1e-8)
    np.testing.assert_allclose(reduced.intercepts, whole.intercepts, atol=1e-4)


def test_one_response_is_that_of_fit_path():
    X, Y = draw()
    several, one = fit_multi_path(X, Y[:, :1], tol=1e-9), fit_path(X, Y[:, 0], tol=1e-9)
    np.testing.assert_allclose(several.coefs[0].toarray(), one.coefs.toarray(), atol=1e-4)


def test_rounding_beyond_the_tolerance_leaves_the_path_to_all_rows(monkeypatch):
    X, Y = draw()
    reduced = fit(X, Y, n_alphas=5)
    monkeypatch.setattr(gram_reduction, "ROUNDING", 1e-8)
    path = fit(X, Y, n_alphas=5)
    assert path.work["columns_read"] > reduced.work["columns_read"] + 5 * K  # what both read, and the working set
    assert fit_multi_path(X, Y, n_alphas=5, tol=1e-2).work["columns_read"] == reduced.work["columns_read"]
