"""lasso_path and enet_path against scikit-learn's functions of the same names."""

import warnings

import naive
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as peers
from grids import few

import fastreg

SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def data(n=40, p=8, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ np.r_[2.0, -1.0, 0.5, np.zeros(p - 3)] + rng.normal(size=n)


def peer(name, X, y, **params):
    """scikit-learn's answer, to the limit of accuracy; before 1.9 a number of alphas was called n_alphas."""
    if isinstance(params.get("alphas"), int) and SKLEARN < (1, 9):
        params["n_alphas"] = params.pop("alphas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations, and rounding at this tol
        return getattr(peers, name)(X, y, tol=1e-12, max_iter=100_000, **params)


@few(3)
@pytest.mark.parametrize("make", [np.asarray, sp.csc_matrix, sp.csr_array], ids=["dense", "csc", "csr"])
@pytest.mark.parametrize(
    "params",
    [
        {"alphas": 100},
        {"alphas": None},
        {"alphas": 7, "eps": 1e-2},
        {"alphas": 1},
        {"alphas": [0.01, 1.0, 0.1]},
        {"alphas": (0.3, 0.3, 0.5)},
        {"alphas": np.array([0.2])},
    ],
    ids=str,
)
@pytest.mark.parametrize("name, ratio", [("lasso_path", {}), ("enet_path", {}), ("enet_path", {"l1_ratio": 0.9})])
def test_paths_equal_scikit_learns(name, ratio, params, make):
    X, y = data()
    alphas, coefs, gaps, iterations = getattr(fastreg, name)(make(X), y, return_n_iter=True, **ratio, **params)
    theirs = peer(name, X, y, return_n_iter=True, **ratio, **params)
    np.testing.assert_allclose(alphas, theirs[0])
    np.testing.assert_allclose(coefs, theirs[1], rtol=1e-5, atol=1e-5)
    assert gaps.shape == theirs[2].shape
    assert isinstance(iterations, list)
    assert len(iterations) == len(theirs[3])
    assert len(getattr(fastreg, name)(X, y, **ratio, **params)) == 3


def test_dual_gaps_are_absolute_and_certified():
    X, y = data()
    alphas, coefs, gaps = fastreg.lasso_path(X, y, alphas=10, tol=1e-3, solver="coordinate_descent", standardize=False)
    best = fastreg.lasso_path(X, y, alphas=alphas, tol=1e-13)[1]
    for k, alpha in enumerate(alphas):
        excess = naive.objective(X, y, coefs[:, k], 0.0, alpha) - naive.objective(X, y, best[:, k], 0.0, alpha)
        assert excess <= gaps[k] + 1e-14
        assert gaps[k] <= 1e-3 * 0.5 * np.mean(y**2)
        proven = naive.duality_gap(X, y, best[:, k], 0.0, alpha, fit_intercept=False)
        assert proven <= 1e-12 * np.mean(y**2)


def test_ridge_path_with_given_alphas():
    X, y = data()
    ours = fastreg.enet_path(X, y, l1_ratio=0.0, alphas=[1.0, 0.1])
    for k, alpha in enumerate(ours[0]):
        expected = peers.Ridge(alpha=40 * alpha, fit_intercept=False).fit(X, y).coef_
        np.testing.assert_allclose(ours[1][:, k], expected, rtol=1e-9)


def test_parameters_without_effect():
    X, y = data()
    plain = fastreg.enet_path(X, y, alphas=5)
    before = X.copy()
    other = fastreg.enet_path(
        X, y, n_alphas=5, precompute=X.T @ X, Xy=X.T @ y, copy_X=False, coef_init=np.ones(8), verbose=2,
        check_input=False, random_state=0, selection="random", do_screening=False,
    )  # fmt: skip
    for one, two in zip(plain, other):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(X, before)


def test_params_reach_the_engine():
    X, y = data()
    weight, factor = np.linspace(0.5, 2, 40), np.r_[0.0, np.ones(7)]
    alphas, coefs, _ = fastreg.lasso_path(X, y, alphas=4, sample_weight=weight, penalty_factor=factor)
    path = fastreg.fit_path(
        X,
        y,
        n_alphas=4,
        alpha_min_ratio=1e-3,
        sample_weight=weight,
        penalty_factor=factor,
        fit_intercept=False,
    )
    np.testing.assert_array_equal(alphas, path.alphas)
    np.testing.assert_array_equal(coefs, path.coefs.toarray())
    assert np.all(coefs[0] != 0)


def test_types_of_input():
    X, y = data()
    expected = fastreg.lasso_path(X, y, alphas=5)[1]
    np.testing.assert_array_equal(fastreg.lasso_path(pd.DataFrame(X), pd.Series(y), alphas=5)[1], expected)
    np.testing.assert_array_equal(fastreg.lasso_path(X.tolist(), y.tolist(), alphas=5)[1], expected)
    single = fastreg.lasso_path(X.astype(np.float32), y, alphas=5)[1]
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"eps": 2.0}, r"eps must be in .* got 2.0"),
        ({"alphas": 0}, "n_alphas must be an integer of at least 1, got 0"),
        ({"alphas": [1.0, -1.0]}, r"in \[0, inf\] and finite, but alphas\[1\] = -1"),
        ({"tolerance": 1.0}, "Unexpected parameters in params: tolerance"),
        ({"fit_intercept": True}, "Unexpected parameters in params: fit_intercept"),
    ],
)
def test_errors(params, message):
    X, y = data()
    with pytest.raises(ValueError, match=message):
        fastreg.lasso_path(X, y, **params)


@pytest.mark.parametrize("name", ["lasso_path", "enet_path"])
def test_the_warning_points_at_the_caller(name):
    X, y = data()
    with pytest.warns(fastreg.ConvergenceWarning, match="not certified") as caught:
        getattr(fastreg, name)(X, y, alphas=3, solver="proximal_gradient", max_iter=1, tol=1e-12)
    assert caught[0].filename == __file__
