"""Agreement with others: R's glmnet, NIST, closed forms, rational arithmetic, scikit-learn."""

import json
import warnings
from fractions import Fraction
from itertools import product
from pathlib import Path

import certified
import naive
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few, pairwise
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge

from fastreg import ConvergenceWarning, fit_path
from fastreg.estimators.to_sklearn import in_older_words

REFERENCE = Path(__file__).parents[1] / "reference"
GLMNET = {case["name"]: case for case in json.loads((REFERENCE / "glmnet.json").read_text())["cases"]}
NIST = {case["name"]: case for case in json.loads((REFERENCE / "nist.json").read_text())["cases"]}


# R glmnet


@few(6)
@pytest.mark.parametrize("name", GLMNET)
def test_agrees_with_glmnet(name):
    case = GLMNET[name]
    X, y, stored = naive.stored(case)
    words = {"weight": "sample_weight", "factor": "penalty_factor"}
    options = {words.get(word, word): value for word, value in stored.items()}
    given = sp.csc_array(X) if case["sparse"] else X
    path = certified.fit(given, y, alphas=case["alphas"], tol=1e-12, **options)
    # To 1e-6 of each coefficient, absolute below one: a gap of 1e-12 promises no more, its root being 1e-6.
    assert np.allclose(path.coefs.toarray(), np.array(case["coefs"]), rtol=1e-6, atol=1e-6)
    assert np.allclose(path.intercepts, np.array(case["intercepts"]), rtol=1e-6, atol=1e-6)


# NIST's linear least squares, whose columns are powers of x and nearly dependent

DIGITS = {  # floors; double precision columns lose some digits before any solver sees them
    "Norris": 12, "Pontius": 11, "NoInt1": 14, "NoInt2": 14, "Filip": 7, "Longley": 10,
    "Wampler1": 8, "Wampler2": 11, "Wampler3": 8, "Wampler4": 7, "Wampler5": 5.5,
}  # fmt: skip


def nist(name):
    """X of powers, y, whether there is an intercept, and the certified coefficients, the intercept first."""
    case = NIST[name]
    X = np.column_stack([np.array(x, float) ** k for x in case["x"] for k in range(1, case["degree"] + 1)])
    return X, np.array(case["y"]), case["intercept"], np.array(case["certified"], float)


def correct_digits(path, certified_values, fit_intercept):
    """The fewest correct digits of a coefficient, at most 15; of absolute ones where the value is zero."""
    coef, intercept = certified.column(path, -1)
    found = np.r_[intercept, coef] if fit_intercept else coef
    size = np.where(certified_values == 0, 1.0, np.abs(certified_values))
    worst = (np.abs(found - certified_values) / size).max()
    return 15.0 if worst == 0 else min(15.0, -np.log10(worst))


@pytest.mark.parametrize("name", NIST)
def test_nist_least_squares(name):
    X, y, fit_intercept, values = nist(name)
    path = fit_path(X, y, alphas=[0.0], fit_intercept=fit_intercept, tol=1e-6)
    assert path.converged and path.gaps[0] <= 1e-6
    assert correct_digits(path, values, fit_intercept) >= DIGITS[name]


def tiny_ridge(name, share):
    """A path of one alpha, a share of the least column's variance, and its correct digits."""
    X, y, fit_intercept, values = nist(name)
    alpha = share * (X.var(axis=0) if fit_intercept else (X**2).mean(axis=0)).min()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        path = fit_path(X, y, alphas=[alpha], l1_ratio=0.0, fit_intercept=fit_intercept)
    return path, correct_digits(path, values, fit_intercept)


@pytest.mark.parametrize("name", NIST)
def test_nist_with_a_tiny_ridge_keeps_digits(name):
    """Too small a ridge to move a digit that can be had."""
    assert tiny_ridge(name, 1e-20)[1] >= (DIGITS | {"Pontius": 9.5, "Wampler2": 10.5})[name]


@pytest.mark.parametrize("name", NIST)
def test_nist_with_a_tiny_ridge_is_certified(name):
    path, _ = tiny_ridge(name, 1e-16)
    assert path.converged, f"gap {path.gaps[0]:.1e} after {path.n_iters[0]} steps"


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("name", ["Longley", "Norris", "Pontius"])
def test_nist_at_the_end_of_a_lasso_path(name, l1_ratio):
    """The last point of a path, alpha = 0, is as exact as a fit of its own."""
    X, y, fit_intercept, values = nist(name)
    alphas = np.r_[np.geomspace(1, 1e-3, 4) * np.abs((X - X.mean(axis=0)).T @ y).max() / len(y), 0.0]
    path = fit_path(X, y, alphas=alphas, l1_ratio=l1_ratio)
    assert path.converged
    assert correct_digits(path, values, fit_intercept) >= 10


# Closed forms


@pytest.mark.parametrize("kind", [np.array, sp.csc_array])
@pytest.mark.parametrize(("n", "p"), [(40, 7), (12, 30)])
def test_ridge_in_closed_form(n, p, kind):
    X, y = certified.draw("gaussian", n=n, p=p, density=0.6)
    alphas = np.geomspace(10, 1e-4, 7)
    path = certified.fit(kind(X), y, alphas=alphas, l1_ratio=0.0, tol=1e-12)
    centred = X - X.mean(axis=0)
    for k, alpha in enumerate(alphas):
        coef = np.linalg.solve(centred.T @ centred / n + alpha * np.eye(p), centred.T @ (y - y.mean()) / n)
        assert np.allclose(certified.column(path, k)[0], coef, rtol=0, atol=1e-10 * np.abs(coef).max())
        assert np.isclose(path.intercepts[k], y.mean() - X.mean(axis=0) @ coef, rtol=0, atol=1e-10)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.7, 0.3])
@pytest.mark.parametrize("solver", ["auto", "active_set", "coordinate_descent", "proximal_gradient"])
def test_orthonormal_columns_are_soft_thresholded(solver, l1_ratio):
    rng = np.random.default_rng(2)
    X = np.sqrt(30) * np.linalg.qr(rng.normal(size=(30, 9)))[0]
    y = rng.normal(size=30)
    c, alphas = X.T @ y / 30, np.array([0.2, 0.05, 0.001])
    path = certified.fit(X, y, alphas=alphas, l1_ratio=l1_ratio, fit_intercept=False, solver=solver, tol=1e-13)
    wanted = np.maximum(np.abs(c)[:, None] - l1_ratio * alphas, 0) / (1 + (1 - l1_ratio) * alphas)
    # All solvers but this one are exact; a gap says half the squared error, as the columns are orthonormal.
    error = np.sqrt(2 * 1e-13 * naive.null_scale(X, y, fit_intercept=False))
    atol = error if solver == "proximal_gradient" else 1e-12
    assert np.allclose(path.coefs.toarray(), np.sign(c)[:, None] * wanted, rtol=0, atol=atol)


# Rational arithmetic: of all patterns of signs, exactly one satisfies the conditions of an optimum


def exact_lasso(X, y, alpha, l1_ratio, fit_intercept):
    """The elastic net of fractions: solve for each pattern of signs, keep the one that is optimal."""
    n, p = len(X), len(X[0])
    if fit_intercept:
        means = [sum(row[j] for row in X) / n for j in range(p)]
        X = [[row[j] - means[j] for j in range(p)] for row in X]
        y = [v - sum(y) / n for v in y]
    H = [[sum(row[i] * row[j] for row in X) / n for j in range(p)] for i in range(p)]
    q = [sum(row[j] * v for row, v in zip(X, y)) / n for j in range(p)]
    l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
    for signs in product((-1, 0, 1), repeat=p):
        A = [j for j in range(p) if signs[j]]
        b = solve_exactly([[H[i][j] + (l2 if i == j else 0) for j in A] for i in A], [q[i] - l1 * signs[i] for i in A])
        if b is None or any(value * signs[j] <= 0 for value, j in zip(b, A)):
            continue
        c = [q[i] - sum(H[i][j] * value for value, j in zip(b, A)) for i in range(p)]
        if all(abs(c[i]) <= l1 for i in range(p) if not signs[i]):
            found = dict(zip(A, b))
            return [found.get(j, Fraction(0)) for j in range(p)]
    raise AssertionError("no pattern of signs is optimal")


def solve_exactly(A, b):
    """Gauss-Jordan elimination of fractions; None for a singular matrix."""
    rows = [[*row, value] for row, value in zip(A, b)]
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(len(rows)):
            if i != k:
                rows[i] = [v - rows[i][k] * w for v, w in zip(rows[i], rows[k])]
    return [row[-1] for row in rows]


@few(4)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [Fraction(1), Fraction(1, 2)])
@pytest.mark.parametrize("seed", range(6))
def test_small_lasso_in_rational_arithmetic(seed, l1_ratio, fit_intercept):
    rng = np.random.default_rng(seed)
    n, p = rng.integers(3, 7), rng.integers(2, 5)
    X, y = rng.integers(-8, 9, size=(n, p)), rng.integers(-8, 9, size=n)
    fractions = [[Fraction(int(v)) for v in row] for row in X], [Fraction(int(v)) for v in y]
    alphas = [Fraction(4), Fraction(1), Fraction(1, 8)]
    path = certified.fit(
        X, y, alphas=np.array(alphas, float), l1_ratio=float(l1_ratio), fit_intercept=fit_intercept, tol=1e-12
    )  # fmt: skip
    for k, alpha in enumerate(alphas):
        exact = exact_lasso(*fractions, alpha, l1_ratio, fit_intercept)
        found = certified.column(path, k)[0]
        assert np.allclose(found, [float(b) for b in exact], rtol=1e-9, atol=1e-12)
        assert np.array_equal(found == 0, [b == 0 for b in exact])


# scikit-learn at a tight tolerance

TIGHT = {"tol": 1e-12, "max_iter": 100_000}


@pairwise
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize(("n", "p"), [(50, 8), (20, 40)])
def test_agrees_with_scikit_learn(n, p, l1_ratio, weighted):
    X, y = certified.draw("gaussian", n=n, p=p)
    weight = np.arange(1.0, n + 1) if weighted else None
    path = certified.fit(X, y, alphas=[0.3, 0.05], l1_ratio=l1_ratio, sample_weight=weight, tol=1e-13)
    for k, alpha in enumerate(path.alphas):
        model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, **TIGHT) if l1_ratio < 1 else Lasso(alpha, **TIGHT)
        model.fit(X, y, sample_weight=weight)
        coef, intercept = certified.column(path, k)
        assert np.allclose(coef, model.coef_, rtol=0, atol=1e-6)
        assert np.isclose(intercept, model.intercept_, atol=1e-6)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_agrees_with_scikit_learns_ridge_and_least_squares(fit_intercept):
    X, y = certified.draw("gaussian", n=50, p=8)
    path = certified.fit(X, y, alphas=[0.1, 0.0], l1_ratio=0.0, fit_intercept=fit_intercept, tol=1e-13)
    ridge = Ridge(0.1 * 50, fit_intercept=fit_intercept, solver="svd").fit(X, y)
    plain = LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    for k, model in enumerate((ridge, plain)):
        coef, intercept = certified.column(path, k)
        assert np.allclose(coef, model.coef_, rtol=0, atol=1e-11)
        assert np.isclose(intercept, model.intercept_, atol=1e-11)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_agrees_with_scikit_learns_logistic_regression(l1_ratio):
    X, y = certified.draw("binomial", n=60, p=8)
    path = certified.fit(X, y, family="binomial", alphas=[0.05], l1_ratio=l1_ratio, fit_intercept=False, tol=1e-13)
    solver = {"solver": "lbfgs"} if l1_ratio == 0 else {"solver": "saga"}
    mix = in_older_words({"penalty": "deprecated", "l1_ratio": l1_ratio})
    model = LogisticRegression(C=1 / (0.05 * 60), fit_intercept=False, tol=1e-10, max_iter=20_000, **mix, **solver)
    model.fit(X, y)
    assert np.allclose(certified.column(path, 0)[0], model.coef_[0], rtol=0, atol=1e-6)
