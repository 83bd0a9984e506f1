"""Least squares through one Gram matrix where rows are many: the same answers, and X is read no more than it takes."""

import functools

import certified
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

from fastreg import fit_path

N, P = 4000, 110
N_SPARSE, DENSITY = 20_000, 0.1
ALPHAS = np.array([0.3, 0.1, 0.03, 0.01])


@functools.cache
def draw(kind):
    n, density = (N, 1.0) if kind is np.asfortranarray else (N_SPARSE, DENSITY)
    X, y = certified.draw("gaussian", n=n, p=P, density=density)
    return kind(X), y


def drawn_options(n, weighted, offset, factors):
    rng = np.random.default_rng(1)
    options = {}
    if weighted:
        options["sample_weight"] = rng.integers(0, 4, n).astype(float)
    if offset:
        options["offset"] = rng.normal(size=n)
    if factors:
        options["penalty_factor"] = np.r_[0.0, 0.0, np.inf, rng.uniform(0.5, 2.0, P - 3)]
    return options


@few(1)
@pytest.mark.parametrize("kind", [np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("offset", [True, False])
@pytest.mark.parametrize("factors", [True, False])
def test_same_path_as_from_the_rows(kind, fit_intercept, standardize, weighted, offset, factors):
    X, y = draw(kind)
    options = drawn_options(y.size, weighted, offset, factors) | {
        "fit_intercept": fit_intercept,
        "standardize": standardize,
    }
    for l1_ratio in (1.0, 0.5):
        options["l1_ratio"] = l1_ratio
        few, many = (
            certified.fit(X, y, alphas=ALPHAS, tol=1e-10, solver=solver, **options) for solver in ("auto", "newton")
        )
        assert few.work["sweeps"] <= 2 and few.work["passes"] <= 3
        np.testing.assert_allclose(few.coefs.toarray(), many.coefs.toarray(), atol=1e-6)
        np.testing.assert_allclose(few.intercepts, many.intercepts, atol=1e-5)
        np.testing.assert_allclose(few.deviance_ratio, many.deviance_ratio, atol=1e-9)


def test_x_is_read_for_the_gram_matrix_and_the_null_model_alone():
    X, y = draw(np.asfortranarray)
    one = certified.fit(X, y, n_alphas=5)
    many = certified.fit(X, y, n_alphas=60)
    assert one.work["columns_read"] == many.work["columns_read"] == 2 * P
    assert many.work["grams"] == 1


def test_dependent_columns_and_constants():
    """Copies, sums and constants among the columns: the factor is as long as the rank, and every point is certified."""
    X, y = draw(np.asfortranarray)
    X[:, 10], X[:, 11], X[:, 12] = X[:, 0], X[:, 1] + X[:, 2], 7.0
    for fit_intercept in (True, False):
        path = certified.fit(X, y, n_alphas=20, tol=1e-9, fit_intercept=fit_intercept)
        assert path.work["passes"] <= 3


def test_constant_response():
    X, _ = draw(np.asfortranarray)
    path = fit_path(X, np.full(N, 3.7))
    assert path.alpha_max == 0.0 and path.coefs.nnz == 0
    np.testing.assert_allclose(path.intercepts, 3.7)


def test_rows_are_used_where_rounding_in_the_gram_matrix_would_show():
    """Two nearly equal columns with huge opposite coefficients: a Gram matrix loses what the rows still hold."""
    X, _ = draw(np.asfortranarray)
    rng = np.random.default_rng(2)
    X[:, 1] = X[:, 0] + 1e-4 * rng.normal(size=N)
    y = 1e4 * (X[:, 1] - X[:, 0]) + 1e-3 * rng.normal(size=N)
    path = certified.fit(X, y, alphas=[1e-9], tol=1e-6, penalty_factor=np.r_[0.0, 0.0, np.ones(P - 2)])
    assert path.work["passes"] > 3
