"""The references are held to account first: by each other, by SciPy, and by arithmetic."""

import json
from itertools import product
from pathlib import Path

import naive
import numpy as np
import pytest
from grids import few
from scipy.optimize import minimize

REFERENCE = Path(__file__).parents[1] / "reference"
N, P = 24, 6


def draw(family, seed=0, weight=False, offset=False, factor=False, standardize=False):
    """A small problem: X, y and the keywords of naive."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P)) * [1, 2, 0.5, 1, 1, 3] + 0.3
    eta = 0.5 * X @ [0.5, -0.2, 0, 0, 0.3, 0.1]
    y = {
        "gaussian": lambda: eta + rng.normal(size=N),
        "binomial": lambda: (rng.random(N) < naive.Binomial.mean(eta)).astype(float),
        "poisson": lambda: rng.poisson(np.exp(eta)).astype(float),
        "gamma": lambda: rng.gamma(2, np.exp(eta) / 2),
    }[family]()
    return X, y, {
        "family": family,
        "weight": np.r_[0, 0, rng.uniform(0.2, 3, N - 2)] if weight else None,
        "offset": 0.3 * rng.normal(size=N) if offset else None,
        "factor": np.array([0, 1, 2, np.inf, 0.5, 1]) if factor else None,
        "standardize": standardize,
    }  # fmt: skip


@few(1)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", naive.FAMILIES)
def test_solve_is_certified(family, l1_ratio, fit_intercept):
    for options in product([False, True], repeat=4):
        X, y, words = draw(family, 0, *options)
        alpha = 0.2 * naive.alpha_max(X, y, l1_ratio=max(l1_ratio, 0.05), fit_intercept=fit_intercept, **words)
        words |= {"l1_ratio": l1_ratio, "fit_intercept": fit_intercept}
        coef, intercept = naive.solve(X, y, alpha, **words)
        scale = naive.null_scale(X, y, **words)
        assert naive.duality_gap(X, y, coef, intercept, alpha, **words) <= 1e-13 * scale
        assert naive.kkt_violation(X, y, coef, intercept, alpha, **words) <= 1e-12
        assert fit_intercept or intercept == 0


@few(1)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", naive.FAMILIES)
def test_gap_bounds_the_suboptimality(family, l1_ratio):
    rng = np.random.default_rng(1)
    for seed, fit_intercept in product(range(3), [True, False]):
        X, y, options = draw(family, seed, *rng.random(4) < 0.5)
        alpha = rng.choice([0.5, 0.05]) * naive.alpha_max(X, y, fit_intercept=fit_intercept, **options)
        options["l1_ratio"] = l1_ratio
        best, best_intercept = naive.solve(X, y, alpha, fit_intercept=fit_intercept, **options)
        least = naive.objective(X, y, best, best_intercept, alpha, **options)
        for size in 10.0 ** np.arange(-6, 1):
            coef = best + size * rng.normal(size=P) * (rng.random(P) < 0.7)
            if options["factor"] is not None:
                coef[np.isinf(options["factor"])] = 0
            intercept = best_intercept + size * rng.normal() if fit_intercept else 0.0
            suboptimality = naive.objective(X, y, coef, intercept, alpha, **options) - least
            gap = naive.duality_gap(X, y, coef, intercept, alpha, fit_intercept=fit_intercept, **options)
            assert -1e-14 * abs(least) <= suboptimality <= gap + 1e-14 * (abs(least) + suboptimality)


@few(5)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", naive.FAMILIES)
def test_slacks_sum_to_primal_minus_dual(family, l1_ratio):
    X, y, options = draw(family, 2, weight=True, offset=True, factor=True)
    alpha = 0.3 * naive.alpha_max(X, y, **options)
    coef, intercept = np.array([0.1, -0.2, 0, 0, 0.3, 0]), 0.2
    problem = naive.prepare(X, y, alpha, l1_ratio=l1_ratio, **options)
    b, eta = naive.on_problem(problem, coef, intercept)
    r = naive.orthogonal_residual(problem, eta, naive.free_columns(problem, True))
    assert abs(r.sum()) < 1e-15 and abs(problem.X[:, 0] @ r) < 1e-15
    value = naive.objective(X, y, coef, intercept, alpha, l1_ratio=l1_ratio, **options)
    shifted = problem.X.T @ r - problem.l2 * b
    shifted[0] = 0
    duals = [naive.dual_value(problem, s * r) for s in naive.scalings(shifted, problem.l1)]
    if l1_ratio == 0.0:
        nu = naive.model_residual(problem, eta, b, naive.free_columns(problem, True), problem.l1 == 0)
        duals.append(np.nan_to_num(naive.dual_value(problem, nu), nan=-np.inf))
    gap = naive.duality_gap(X, y, coef, intercept, alpha, l1_ratio=l1_ratio, **options)
    assert np.isclose(gap, value - max(duals), rtol=0, atol=1e-14)
    assert 0 < gap < value - naive.dual_value(problem, 0 * r)


@pytest.mark.parametrize("family", naive.FAMILIES)
def test_families_agree_with_differences_and_conjugates(family):
    family = naive.FAMILIES[family]
    y, eta, h = np.array([0.2, 0.5, 0.9]), np.array([-1.0, 0.3, 2.0]), 1e-5
    lower, upper = family.loss(y, eta - h), family.loss(y, eta + h)
    assert np.allclose((lower - upper) / (2 * h), family.residual(y, eta), rtol=1e-8)
    assert np.allclose((upper - 2 * family.loss(y, eta) + lower) / h**2, family.curvature(y, eta), rtol=1e-4)
    u = 0.3 * family.residual(y, eta)
    for yi, ui, ei, dual, slack in zip(y, u, eta, family.dual(y, u), family.slack(y, eta, u)):
        grid = np.linspace(-12, 12, 200_001)
        assert np.isclose(dual, np.min(family.loss(yi, grid) + ui * grid), atol=1e-7)
        assert np.isclose(slack, family.loss(yi, ei) + ui * ei - dual, atol=1e-14)


def test_families_do_not_overflow():
    with np.errstate(all="raise", under="ignore"):
        eta = np.array([-800.0, 800.0])
        assert np.array_equal(naive.Binomial.loss(np.array([0.0, 1.0]), eta), [0, 0])
        assert np.array_equal(naive.Binomial.loss(np.array([1.0, 0.0]), eta), [800, 800])
        assert np.array_equal(naive.Binomial.residual(np.array([1.0, 0.0]), eta), [1, -1])
        assert np.array_equal(naive.Binomial.slack(np.array([0.0, 1.0]), eta, np.zeros(2)), [0, 0])
    assert np.isnan(naive.Binomial.dual(0.0, 0.5)) and np.isnan(naive.Poisson.dual(1.0, 1.5))


@few(2)
@pytest.mark.parametrize("family", naive.FAMILIES)
def test_solve_agrees_with_scipy(family):
    X, y, options = draw(family, 3, weight=True, offset=True, standardize=True)
    options["l1_ratio"] = 0.0
    coef, intercept = naive.solve(X, y, 0.1, **options)
    found = minimize(lambda at: naive.objective(X, y, at[1:], at[0], 0.1, **options), np.zeros(P + 1), tol=1e-10)
    assert np.allclose(found.x, np.r_[intercept, coef], atol=1e-4)


def test_lasso_of_orthonormal_columns_is_soft_thresholding():
    rng = np.random.default_rng(0)
    X = np.sqrt(N) * np.linalg.qr(rng.normal(size=(N, P)))[0]
    y = rng.normal(size=N)
    c = X.T @ y / N
    coef, _ = naive.solve(X, y, 0.1, fit_intercept=False)
    assert np.allclose(coef, np.sign(c) * np.maximum(np.abs(c) - 0.1, 0), atol=1e-14)


def test_weights_factors_and_null_models():
    X, y, options = draw("poisson", 4, weight=True, offset=True, factor=True)
    coef, intercept = np.array([0.1, 0, -0.2, 0, 0.3, 0]), 0.1
    value = naive.objective(X, y, coef, intercept, 0.2, **options)
    rescaled = options | {"weight": 1e300 * options["weight"]}
    assert np.isclose(naive.objective(X, y, coef, intercept, 0.2, **rescaled), value, rtol=1e-14)
    dropped = options | {"weight": options["weight"][2:], "offset": options["offset"][2:]}
    assert naive.objective(X[2:], y[2:], coef, intercept, 0.2, **dropped) == value
    assert naive.objective(X, y, np.ones(P), intercept, 0.2, **options) == np.inf
    top = naive.alpha_max(X, y, **options)
    assert np.count_nonzero(naive.solve(X, y, 1.001 * top, **options)[0]) == 1
    assert np.count_nonzero(naive.solve(X, y, 0.999 * top, **options)[0]) == 2
    mean = np.average(y, weights=options["weight"])
    half_deviance = naive.null_scale(X, y, family="gaussian", weight=options["weight"])
    assert np.isclose(half_deviance, 0.5 * np.average((y - mean) ** 2, weights=options["weight"]), rtol=1e-14)


def test_stored_glmnet_solutions_are_certified():
    for case in json.loads((REFERENCE / "glmnet.json").read_text())["cases"]:
        X, y, options = naive.stored(case)
        scale = naive.null_scale(X, y, **options)
        for alpha, coef, intercept in zip(case["alphas"], np.array(case["coefs"]).T, case["intercepts"]):
            gap = naive.duality_gap(X, y, coef, intercept, alpha, **options)
            assert gap <= 1e-13 * scale, (case["name"], alpha, gap / scale)


def test_certified_nist_values_are_the_exact_ones():
    for case in json.loads((REFERENCE / "nist.json").read_text())["cases"]:
        certified, exact = np.array(case["certified"], float), np.array(case["exact"])
        assert np.allclose(certified, exact, rtol=1e-14, atol=0), case["name"]
        columns = [np.array(x, float) ** k for x in case["x"] for k in range(1, case["degree"] + 1)]
        assert len(exact) == len(columns) + case["intercept"]
