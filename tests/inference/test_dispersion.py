"""A dispersion that is drawn with the coefficients: exact moments by quadrature, families, weights, refusals."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fastreg
from fastreg import fit_path, posterior

RNG = np.random.default_rng(3)
N = 25
X = RNG.normal(size=(N, 2))
Y = 1.0 + X @ [0.8, 0.0] + 1.5 * RNG.normal(size=N)
GRID = np.linspace(-4.0, 6.0, 1001)  # of log phi


def normalised(log_density):
    """Masses from the logarithm of a density on a grid."""
    mass = np.exp(log_density - log_density.max())
    return mass / mass.sum()


def moments(mass, values):
    """(mean, sd) of values with these masses."""
    mean = mass @ values
    return mean, np.sqrt(mass @ values**2 - mean**2)


def half_cauchy(scale):
    return 0.5 * GRID - np.log1p(np.exp(GRID) / scale**2)


def assert_moments(draws, mean, sd):
    """Within five standard errors of as many independent draws as a tenth."""
    assert abs(draws.mean() - mean) < 5.0 * sd / np.sqrt(draws.size / 10)
    assert abs(draws.std() / sd - 1.0) < 0.12


@pytest.mark.parametrize("prior_sd", [None, pytest.param(0.7, marks=pytest.mark.slow)])
def test_gaussian_draws_have_the_moments_of_the_conjugate_posterior(prior_sd):
    """Given phi the coefficients are normal, and integrated out exactly: with flat priors (n - k) / 2 powers of phi."""
    path = fit_path(X, Y, alphas=[0.0])
    found = posterior(path, X, Y, prior_sd=prior_sd, alpha=None if prior_sd else 0.0, dispersion="sample", draws=1500)
    ones = np.column_stack([np.ones(N), X])
    precision = np.diag([0.0, *np.full(2, 0.0 if prior_sd is None else prior_sd**-2.0)])
    log_density, means, squares = [], [], []
    for phi in np.exp(GRID):
        H = ones.T @ ones / phi + precision
        mean = np.linalg.solve(H, ones.T @ Y / phi)
        left = Y @ Y / phi - mean @ H @ mean
        log_density.append(-0.5 * (N * np.log(phi) + np.linalg.slogdet(H)[1] + left))
        means.append(mean)
        squares.append(np.diag(np.linalg.inv(H)) + mean**2)
    mass = normalised(np.array(log_density) + half_cauchy(Y.std()))
    assert_moments(found.dispersions, *moments(mass, np.exp(GRID)))
    expected = mass @ np.array(means)
    for j, each in enumerate(np.sqrt(mass @ np.array(squares) - expected**2)):
        assert_moments(found.draws[:, :, j], expected[j], each)
    table = found.summary()
    assert table.names[-1] == "(dispersion)" and table["r_hat"].max() < 1.01
    assert found.to_frame().shape == (4500, 6) and np.isnan(found.log_evidence)


@pytest.mark.parametrize("weights", ["precision", pytest.param("frequency", marks=pytest.mark.slow)])
def test_gamma_draws_have_the_moments_of_quadrature(weights):
    """An intercept alone: its density and that of phi on a grid of two dimensions."""
    from scipy.special import gammaln

    rng = np.random.default_rng(5)
    y, w = rng.gamma(2.0, 1.5, size=15), rng.integers(1, 4, size=15).astype(float)
    column = np.ones((15, 1))
    path = fit_path(column, y, family="gamma", alphas=[0.0], fit_intercept=False, sample_weight=w)
    found = posterior(
        path, column, y, prior_sd=5.0, sample_weight=w, weights=weights, dispersion="sample", draws=1500, seed=1
    )
    phi = np.exp(GRID)[:, None]
    times, unit = (w, 1.0) if weights == "frequency" else (1.0, w)
    b = np.linspace(-0.5, 3.0, 301)
    shape = unit / phi
    fixed = (times * (shape * np.log(shape) - gammaln(shape) + (shape - 1.0) * np.log(y))).sum(axis=1)
    total = (times * shape) @ np.ones(15) if weights == "precision" else w.sum() / phi[:, 0]
    spread = (times * shape) @ y if weights == "precision" else (w @ y) / phi[:, 0]
    joint = fixed[:, None] - total[:, None] * b - spread[:, None] * np.exp(-b) - 0.5 * (b / 5.0) ** 2
    joint += half_cauchy(1.0)[:, None]
    mass = normalised(joint)
    assert_moments(found.dispersions, *moments(mass.sum(axis=1), np.exp(GRID)))
    assert_moments(found.draws[:, :, 0], *moments(mass.sum(axis=0), b))


def test_the_number_of_threads_changes_no_bit():
    path = fit_path(X, Y, alphas=[0.0])
    words = {"alpha": 0.0, "dispersion": "sample", "draws": 50}
    one, before = posterior(path, X, Y, **words), fastreg.get_num_threads()
    try:
        fastreg.set_num_threads(2)
        two = posterior(path, X, Y, **words)
    finally:
        fastreg.set_num_threads(before)
    np.testing.assert_array_equal(one.draws, two.draws)
    np.testing.assert_array_equal(one.dispersions, two.dispersions)


@pytest.mark.parametrize("family, words, message", [
    ("poisson", {"alpha": 0.0}, "is for 'gaussian' and 'gamma', not for 'poisson'"),
    ("gaussian", {"alpha": 0.1}, "pass prior_sd=, or alpha=0"),
    ("gaussian", {"prior_sd": 1.0, "draws": 0}, "draws=0 draws nothing"),
])  # fmt: skip
def test_what_it_is_not_for(family, words, message):
    y = np.round(np.abs(Y))
    path = fit_path(X, y, family=family, l1_ratio=0.0, alphas=[0.1])
    with pytest.raises(ValueError, match=message):
        posterior(path, X, y, dispersion="sample", **words)


def test_arviz_gets_the_dispersion_and_the_response_of_a_formula(monkeypatch):
    """A stand-in for ArviZ shows what it is given; log-likelihoods are those under each draw's own dispersion."""
    pytest.importorskip("formulaic")
    monkeypatch.setitem(
        sys.modules, "arviz", SimpleNamespace(__version__="1.0", from_dict=lambda groups, **names: groups)
    )
    frame = pd.DataFrame({"a": X[:, 0], "y": Y})
    found = posterior("y ~ a", data=frame, dispersion="sample", draws=50)
    groups = found.to_arviz(frame)
    np.testing.assert_array_equal(groups["posterior"]["dispersion"], found.dispersions)
    sd = np.sqrt(found.dispersions)[:, :, None]
    expected = stats.norm.logpdf(Y, found.predict(frame, "linear"), sd)
    np.testing.assert_allclose(groups["log_likelihood"]["y"], expected, rtol=1e-10)
