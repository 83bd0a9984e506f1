"""Anderson extrapolation of epochs: the mix is what it should be, its residual belongs to it, and epochs are saved."""

import certified
import numpy as np
import pytest
from grids import few
from kernels import callable_from_python

from fastreg.objective import penalties
from fastreg.solvers import anderson_descent
from fastreg.solvers.anderson_descent import DEPTH, equations
from fastreg.solvers.coordinate_descent import SUPPORT_EPOCHS, gram_epochs

soft_threshold, extrapolate_correlation, extrapolate_residual, least_mix = map(
    callable_from_python,
    (
        penalties.soft_threshold,
        anderson_descent.extrapolate_correlation,
        anderson_descent.extrapolate_residual,
        anderson_descent.least_mix,
    ),
)
INFINITE = np.full(8, np.inf)


def test_the_mix_solves_its_least_squares_problem():
    rng = np.random.default_rng(0)
    changes = rng.normal(size=(30, DEPTH - 1))
    gram, mix = changes.T @ changes, np.empty(DEPTH - 1)
    expected = np.linalg.solve(gram, np.ones(DEPTH - 1))
    assert least_mix(gram, mix)
    np.testing.assert_allclose(mix, expected / expected.sum(), rtol=1e-8)


@pytest.mark.parametrize("gram", [np.zeros((DEPTH - 1,) * 2), -np.eye(DEPTH - 1), np.diag([1.0, -1.0, 1.0, 1.0])])
def test_there_is_no_mix_of_points_that_do_not_move_or_of_an_indefinite_hessian(gram):
    assert not least_mix(gram.copy(), np.empty(DEPTH - 1))


def epochs_on(H, start, c, rate=0.7):
    """Points of damped gradient steps on the quadratic b'Hb/2 - c'b, and the correlations c - H b there."""
    points, step = [start], rate / np.linalg.eigvalsh(H).max()
    for _ in range(DEPTH - 1):
        points.append(points[-1] + step * (c - H @ points[-1]))
    return np.array(points), np.array([c - H @ b for b in points])


def quadratic(m=8, n=40):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(n, m)) + rng.normal(size=(n, 1)), rng.normal(size=n)
    return X, y, X.T @ X / n, X.T @ y / n


def test_correlations_belong_to_the_coefficients_and_the_model_falls():
    _, _, H, c = quadratic()
    points, correlations = epochs_on(H, np.zeros(8), c)
    coef, correlation = points[-1].copy(), correlations[-1].copy()
    free = np.zeros(8), np.zeros(8), -INFINITE, INFINITE
    extrapolate_correlation(free, (points, correlations, equations()), coef, correlation)
    value = lambda b: 0.5 * b @ H @ b - c @ b  # noqa: E731
    assert value(coef) < value(points[-1])
    assert np.linalg.norm(coef - np.linalg.solve(H, c)) < 0.5 * np.linalg.norm(points[-1] - np.linalg.solve(H, c))
    np.testing.assert_allclose(correlation, c - H @ coef, atol=1e-10)


def test_residuals_belong_to_the_coefficients_and_a_lift_is_carried():
    """The residual is held less lift * h: what is asked for is their sum."""
    X, y, H, c = quadratic()
    points, _ = epochs_on(H, np.zeros(8), c)
    n = y.size
    h, lifts = np.full(n, 1.0 / n), np.linspace(0.3, -0.2, DEPTH)
    totals = np.array([(y - X @ b) / n for b in points])
    residuals = totals - lifts[:, None] * h
    coef, residual = points[-1].copy(), residuals[-1].copy()
    free = np.zeros(8), np.zeros(8), -INFINITE, INFINITE
    lift = extrapolate_residual(h, free, (points, residuals, lifts, equations()), coef, residual)
    assert np.any(coef != points[-1])
    np.testing.assert_allclose(residual + lift * h, (y - X @ coef) / n, atol=1e-12)


@pytest.mark.parametrize("limits", ["bound", "penalty"])
def test_the_mix_is_left_where_it_is_beyond_a_bound_or_costs_more(limits):
    _, _, H, c = quadratic()
    points, correlations = epochs_on(H, np.zeros(8), c)
    coef, correlation = points[-1].copy(), correlations[-1].copy()
    none, size = np.zeros(8), np.abs(points[-1]).max()
    l1, upper = (none, np.maximum(points[-1], 0.0)) if limits == "bound" else (none + 1e3, INFINITE)
    penalty = l1, none, -INFINITE, upper
    extrapolate_correlation(penalty, (points, correlations, equations()), coef, correlation)
    if limits == "bound":
        assert np.all(coef <= penalty[3])
    assert np.abs(coef).sum() <= np.abs(points[-1]).sum() + 1e-12 * size


def plain_epochs(gram, l1, correlation, precision):
    """Epochs over all coefficients until the largest change of the model in one is below `precision`."""
    coef, epochs, decrease = np.zeros(l1.size), 0, np.inf
    while decrease > precision and epochs < 10_000:
        decrease, epochs = 0.0, epochs + 1
        for j in range(l1.size):
            new = soft_threshold(gram[j, j] * coef[j] + correlation[j], l1[j]) / gram[j, j]
            change, coef[j] = new - coef[j], new
            correlation -= change * gram[j]
            decrease += 0.5 * gram[j, j] * change**2
    return coef, epochs


def test_epochs_are_saved_among_correlated_columns():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(200, 30)) + 2.0 * rng.normal(size=(200, 1))
    y = X[:, :10] @ rng.normal(size=10) + rng.normal(size=200)
    H, c, l1 = X.T @ X / 200, X.T @ y / 200, np.full(30, 0.02)
    expected, epochs = plain_epochs(H, l1, c.copy(), 1e-13)
    coef, free = np.zeros(30), (l1, np.zeros(30), np.full(30, -np.inf), np.full(30, np.inf))
    taken, done = gram_epochs(H, free, coef, c.copy(), 10_000, 1e-11, False)
    assert done and taken + SUPPORT_EPOCHS < 0.6 * epochs
    np.testing.assert_allclose(coef, expected, atol=1e-4)


@few(2)
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
@pytest.mark.parametrize("case", ["plain", "bounds", "weights", "no intercept"])
def test_paths_of_descents_are_certified(family, case):
    X, y = certified.draw(family, n=80, p=30)
    X = X + np.random.default_rng(4).normal(size=(80, 1))
    options = {
        "plain": {},
        "bounds": {"lower": -0.05, "upper": 0.1},
        "weights": {"sample_weight": np.arange(80.0) % 5},
        "no intercept": {"fit_intercept": False},
    }[case]
    path = certified.fit(
        X, y, family=family, solver="coordinate_descent", n_alphas=20, alpha_min_ratio=1e-2, tol=1e-9, **options
    )
    assert path.work["epochs"] > 20 * DEPTH and path.work["pivots"] == 0
