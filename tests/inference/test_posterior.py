"""Posteriors against integrals on a grid (reference/inference.json), closed forms, and the penalty they come from.

Means of draws are compared within Monte Carlo errors, from effective sample sizes; seeds are fixed, so that a test that
passes goes on passing.
"""

import json
from pathlib import Path

import certified
import naive
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import few
from own_families import Fair
from problems import base
from scipy import stats

import fastreg
from fastreg import fit_path, posterior, table
from fastreg.inference import diagnostics, sampling
from fastreg.inference.likelihood import log_likelihood
from fastreg.objective.families import FAMILIES

STORED = json.loads((Path(__file__).parents[1] / "reference" / "inference.json").read_text())
P = base()
TWO = P["X"][:, [0, 6]] - P["X"][:, [0, 6]].mean(axis=0)
ERRORS = 4.5  # Monte Carlo standard errors


def reference(name, draws=4000):
    """(what the reference has, our Posterior of it)."""
    wanted = STORED["posterior"][name]
    if name == "laplace_prior":
        y, options = P["gaussian"] - P["gaussian"].mean(), {"dispersion": wanted["sigma2"]}
    elif name == "gamma_gaussian_prior":
        y, options = P["positive"] / 3, {"prior_sd": wanted["prior_sd"], "dispersion": 1.0 / wanted["shape"]}
    else:
        y, options = P["binary"], {}
    family = {"laplace": "gaussian", "gamma": "gamma", "logistic": "binomial"}[name.split("_")[0]]
    path = fit_path(
        TWO, y, family=family, alphas=[wanted.get("alpha", 0.1)], fit_intercept=False,
        l1_ratio=1.0 if "laplace" in name else 0.0,
    )  # fmt: skip
    return wanted, posterior(path, TWO, y, draws=draws, **options)


def check_mean(draws, expected):
    """That the mean of draws (chains, draws) is the expected one within Monte Carlo errors."""
    error = draws.std() / np.sqrt(diagnostics.ess(diagnostics.split(draws)))
    assert abs(draws.mean() - expected) < ERRORS * error + 1e-6  # the reference's own error


@pytest.mark.parametrize(
    "name",
    [
        "logistic_gaussian_prior",
        pytest.param("gamma_gaussian_prior", marks=pytest.mark.slow),
        "laplace_prior",
        "logistic_laplace_prior",
    ],
)
def test_moments_are_those_of_integrals(name):
    wanted, found = reference(name)
    away = found.draws - np.array(wanted["mean"])
    for j in range(2):
        check_mean(found.draws[:, :, j], wanted["mean"][j])
        check_mean(away[:, :, j] ** 2, wanted["sd"][j] ** 2)
        check_mean((found.draws[:, :, j] > 0.0).astype(float), wanted["probability_positive"][j])
    check_mean(away[:, :, 0] * away[:, :, 1], wanted["correlation"] * wanted["sd"][0] * wanted["sd"][1])
    summary = found.summary()
    assert summary["r_hat"].max() < 1.01 and summary["ess_bulk"].min() > 2000
    assert found.divergent == 0 and np.all(found.acceptance > 0.7)
    assert found.path.gaps[0] <= 1e-9
    ends = [diagnostics.highest_density(found.draws[:, :, j], 0.94) for j in range(2)]
    np.testing.assert_array_equal(np.array(ends), np.column_stack([summary["hdi_3%"], summary["hdi_97%"]]))


def test_laplace_approximation_and_evidence():
    wanted, rows = STORED["ridge"], {"sample_weight": P["weight"], "offset": P["offset"]}
    X, y = P["X"], P["binary"]
    path = fit_path(X, y, family="binomial", l1_ratio=0.0, alphas=[1.0, wanted["alpha"]], **rows)
    found = posterior(path, X, y, wanted["alpha"], draws=0, **rows)
    np.testing.assert_allclose(found.mode, wanted["coef"], rtol=0, atol=2e-13)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), wanted["se_posterior"], rtol=0, atol=2e-13)
    assert found.log_evidence == pytest.approx(wanted["log_evidence_laplace"], abs=1e-11)
    same = posterior(path, X, y, prior_sd=wanted["prior_sd"], draws=0, **rows)
    np.testing.assert_allclose(same.covariance, found.covariance, rtol=1e-10)
    assert same.log_evidence == pytest.approx(found.log_evidence, abs=1e-10)
    summary = found.summary(level=0.9)
    half = stats.norm.isf(0.05) * np.array(wanted["se_posterior"])
    np.testing.assert_allclose(summary["hdi_5%"], np.array(wanted["coef"]) - half, atol=1e-12)
    assert "Laplace approximation" in repr(found) and found.map["(intercept)"] == found.mode[0]


@pytest.mark.parametrize("weights", ["precision", "frequency"])
def test_evidence_of_least_squares_is_that_of_a_normal_vector(weights):
    X, y = certified.draw("gaussian", n=25, p=4)
    rng = np.random.default_rng(0)
    weight, sd, phi = rng.integers(1, 4, 25).astype(float), np.array([0.5, 1.0, 2.0, 0.3]), 0.7
    path = fit_path(X, y, alphas=[0.1], fit_intercept=False, sample_weight=weight)
    found = posterior(
        path, X, y, prior_sd=sd, draws=0, dispersion=phi, weights=weights, sample_weight=weight
    )  # fmt: skip
    if weights == "frequency":
        X, y, weight = np.repeat(X, weight.astype(int), axis=0), np.repeat(y, weight.astype(int)), 1.0
    covariance = phi * np.eye(y.size) / weight + (X * sd**2) @ X.T
    expected = stats.multivariate_normal(np.zeros(y.size), covariance).logpdf(y)
    assert found.log_evidence == pytest.approx(expected, abs=1e-9)


def test_the_posterior_of_least_squares_is_normal():
    X, y = certified.draw("gaussian", n=50, p=4)
    path = fit_path(X, y, alphas=[0.1], l1_ratio=0.0)
    found = posterior(path, sp.csc_array(X), y, 0.1)
    known = table(path, X, y, 0.1)
    np.testing.assert_allclose(found.covariance, known.covariance, rtol=1e-9, atol=1e-12)
    for j in range(5):
        check_mean(found.draws[:, :, j], known.estimate[j])
        check_mean((found.draws[:, :, j] - known.estimate[j]) ** 2, known.se[j] ** 2)


def test_weights_are_real():
    X, y = certified.draw("poisson", n=60, p=3)
    path = fit_path(X, y, family="poisson", alphas=[0.1], l1_ratio=0.0)
    once, twice = (posterior(path, X, y, draws=0, sample_weight=weight) for weight in (1.0, 2.0))
    np.testing.assert_allclose(twice.covariance, once.covariance / 2.0, rtol=1e-10)
    np.testing.assert_allclose(twice.mode, once.mode, rtol=1e-10)


@few(1)
@pytest.mark.parametrize("standardize", [False, True])
def test_prior_sd_takes_the_place_of_the_penalty(standardize):
    """An infinite one is flat; an excluded column stays excluded; a dispersion is that at the mode under the prior."""
    X, y = certified.draw("gamma", n=80, p=5)
    X[:, 1] *= 30.0
    path = fit_path(
        X, y, family="gamma", n_alphas=5, standardize=standardize, penalty_factor=[1.0, 1.0, np.inf, 1.0, 2.0]
    )  # fmt: skip
    sd = np.array([0.2, 0.01, 1.0, np.inf, 0.5])
    found = posterior(path, X, y, prior_sd=sd, draws=0)
    assert found.names == ["(intercept)", "x0", "x1", "x3", "x4"] and "left out" in repr(found)
    kept = np.array([0, 1, 3, 4])
    A = np.column_stack([np.ones(80), X[:, kept]])
    eta = A @ found.mode
    ratio = y * np.exp(-eta)
    precision = np.r_[0.0, 1.0 / sd[kept] ** 2]
    np.testing.assert_allclose(A.T @ (ratio - 1.0) / found.dispersion, precision * found.mode, rtol=0, atol=1e-8)
    H = (A.T * ratio) @ A / found.dispersion + np.diag(precision)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(H), rtol=1e-8, atol=1e-12)
    free = 80 - np.trace(np.linalg.solve(H, (A.T * ratio) @ A / found.dispersion))
    assert found.dispersion == pytest.approx(np.sum((ratio - 1.0) ** 2) / free, rel=1e-8)


@few(1)  # each family has kernels of its own
@pytest.mark.parametrize("family", FAMILIES)
def test_chains_are_the_same_bits_for_any_number_of_threads(family, monkeypatch):
    monkeypatch.setattr(sampling, "TUNED", 50)
    X, y = certified.draw(family, n=40, p=4)
    path = fit_path(X, y, family=family, alphas=[0.05], l1_ratio=0.5)
    found = []
    for threads in (1, 2, 4):
        fastreg.set_num_threads(threads)
        try:
            found.append(posterior(path, X, y, draws=60, chains=4))
        finally:
            fastreg.set_num_threads(None)
    np.testing.assert_array_equal(found[0].draws, found[1].draws)
    np.testing.assert_array_equal(found[0].draws, found[2].draws)
    assert len(np.unique(found[0].draws[:, -1, 1])) == 4
    other = posterior(path, X, y, draws=60, chains=4, seed=1)
    assert not np.any(other.draws == found[0].draws)


def test_the_length_of_a_call_of_the_kernel_does_not_cut_the_chain(monkeypatch):
    wanted, found = reference("logistic_gaussian_prior")
    monkeypatch.setattr(sampling, "CALL", 1)  # one trajectory a call
    _, small = reference("logistic_gaussian_prior", 1000)
    for draws in (found.draws, small.draws):
        check_mean(draws[:, :, 0], wanted["mean"][0])


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_failure_of_one_chain_ends_all(error, monkeypatch):
    plain, calls = sampling.sample, []

    def failing(*arguments):
        calls.append(1)
        if len(calls) == 5:
            raise error("enough")
        plain(*arguments)

    monkeypatch.setattr(sampling, "sample", failing)
    monkeypatch.setattr(sampling, "CALL", 1)
    fastreg.set_num_threads(2)
    try:
        with pytest.raises(error, match="enough"):
            reference("logistic_gaussian_prior")
    finally:
        fastreg.set_num_threads(None)
    assert len(calls) < 20


@pytest.mark.slow
def test_gamma_regression_with_weak_priors():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6))
    y = rng.gamma(2.0, np.exp(1.0 + X @ [0.5, -0.3, 0.2, 0.0, 0.0, 0.0]) / 2.0)
    path = fit_path(X, y, family="gamma", alphas=[0.1])
    found = posterior(path, X, y, prior_sd=10.0, draws=1000)
    summary = found.summary()
    assert summary["r_hat"].max() < 1.01 and summary["ess_bulk"].min() > 1500 and summary["ess_tail"].min() > 1000
    assert found.gradients < 6 * 3 * (1000 + sampling.TUNED)
    np.testing.assert_allclose(summary["sd"], np.sqrt(np.diag(found.covariance)), rtol=0.1)
    assert np.all(np.abs(summary["mean"] - found.mode) < 0.2 * summary["sd"])


@pytest.mark.slow
def test_gamma_regression_as_it_was_asked():
    """2,000 rows, 20 columns, 3 chains of 2,000 draws: few gradients for as many independent draws."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 20))
    y = rng.gamma(2.0, np.exp(0.3 * X[:, :5].sum(axis=1)) / 2.0)
    found = posterior(fit_path(X, y, family="gamma", alphas=[0.1]), X, y, prior_sd=10.0)
    summary = found.summary()
    assert summary["r_hat"].max() < 1.01 and summary["ess_bulk"].min() > 5000 and summary["ess_tail"].min() > 2500
    assert found.gradients < 5 * 3 * 2500 and found.divergent == 0


@pytest.mark.slow
def test_more_columns_than_rows_under_laplace_priors():
    X, y = certified.draw("gaussian", n=40, p=80)
    path = fit_path(X, y, n_alphas=20)
    found = posterior(path, X, y, path.alphas[8], dispersion=1.0)
    summary = found.summary()
    assert summary["r_hat"].max() < 1.01 and summary["ess_bulk"].min() > 1000 and found.divergent == 0
    assert np.any(found.mode == 0.0) and not np.any(found.draws[:, :, 1:] == 0.0) and "never zero" in repr(found)


def test_the_dispersion_of_a_lasso_counts_its_support():
    X, y = certified.draw("gaussian", n=40, p=10)
    path = fit_path(X, y, n_alphas=10)
    found = posterior(path, X, y, path.alphas[5], draws=10)
    coef, intercept = path.refit(X, y, path.alphas[5]).coef(path.alphas[5])
    left = 40 - 1 - np.count_nonzero(coef)
    assert found.dispersion == pytest.approx(np.sum((y - intercept - X @ coef) ** 2) / left, rel=1e-6)
    assert np.isnan(found.log_evidence)


@few(2)
@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, sp.csr_array], ids=["dense", "frame", "sparse"])
def test_predictions_by_draws(kind):
    X, y = certified.draw("poisson", n=60, p=3)
    offset = np.linspace(-0.5, 0.5, 60)
    path = fit_path(kind(X), y, family="poisson", alphas=[0.1], l1_ratio=0.0, offset=offset)
    found = posterior(path, kind(X), y, draws=300, chains=2, offset=offset)
    eta = found.draws[:, :, :1] + found.draws[:, :, 1:] @ X.T + offset
    np.testing.assert_allclose(found.predict(kind(X), "linear", offset), eta, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.predict(kind(X), "draws", offset), np.exp(eta), rtol=1e-12)
    np.testing.assert_allclose(found.predict(kind(X), offset=offset), np.exp(eta).mean(axis=(0, 1)), rtol=1e-12)
    assert found.predict(kind(X[:7]), "draws", 0.0).shape == (2, 300, 7)
    with pytest.raises(ValueError, match="fitted with an offset"):
        found.predict(kind(X))


@pytest.mark.parametrize("family", FAMILIES)
def test_log_likelihoods_are_the_logarithms_of_densities(family):
    rng = np.random.default_rng(0)
    eta, weight, phi = rng.normal(size=(3, 6)), np.array([1.0, 2.0, 3.0, 1.0, 4.0, 0.0]), 0.6
    mean, w = naive.FAMILIES[family].mean(eta), weight[:5]
    y = {
        "gaussian": rng.normal(size=6), "binomial": np.array([0.0, 0.5, 1.0, 1.0, 0.25, 1.0]),
        "poisson": np.array([0.0, 1.5, 2.0, 3.0, 0.25, 1.0]), "gamma": rng.gamma(2.0, size=6),
    }[family]  # fmt: skip
    if family in ("binomial", "poisson"):
        phi = 1.0
    kept = y[:5], mean[:, :5]
    precise = {
        "gaussian": lambda y, m: stats.norm.logpdf(y, m, np.sqrt(phi / w)),
        "binomial": lambda y, m: stats.binom.logpmf(y * w, w, m),
        "poisson": lambda y, m: stats.poisson.logpmf(y * w, w * m),
        "gamma": lambda y, m: stats.gamma.logpdf(y, w / phi, scale=m * phi / w),
    }[family](*kept)  # fmt: skip
    found = log_likelihood(FAMILIES[family], y, eta, weight, phi, False)
    np.testing.assert_allclose(found[:, :5], precise, rtol=1e-11, atol=1e-11)
    assert np.all(found[:, 5] == 0.0)
    whole = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 1.0]) if family in ("binomial", "poisson") else y
    one = log_likelihood(FAMILIES[family], whole, eta, np.ones(6), phi, True)
    np.testing.assert_allclose(
        log_likelihood(FAMILIES[family], whole, eta, weight, phi, True), weight * one, rtol=1e-12
    )


@pytest.mark.slow
def test_a_family_of_ones_own():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = X[:, 0] + rng.normal(size=60)
    path = fit_path(X, y, family=Fair, alphas=[0.05], l1_ratio=0.0)
    with pytest.raises(ValueError, match=r"dispersion of family 'fair' is not known; pass dispersion= as a number"):
        posterior(path, X, y)
    found = posterior(path, X, y, dispersion=1.0, draws=500)
    assert np.isnan(found.log_evidence) and found.summary()["r_hat"].max() < 1.02
    grid = np.linspace(-0.2, 0.2, 9)

    def energy(theta):
        size = np.abs(y - theta[0] - X @ theta[1:])
        return np.sum(size - np.log1p(size)) + 60 * 0.05 * 0.5 * np.sum(theta[1:] ** 2)

    assert all(energy(found.mode + step * unit) >= energy(found.mode) for step in grid for unit in np.eye(3))


def test_a_summary_prints_and_becomes_a_frame():
    _, found = reference("logistic_gaussian_prior", 200)
    summary, text = found.summary(), repr(found)
    assert "3 chains of 200 draws" in text and "mode certified" in text and "hdi_97%" in text
    names = ["mean", "sd", "hdi_3%", "hdi_97%", "ess_bulk", "ess_tail", "r_hat"]
    frame = summary.to_frame()
    assert [*frame.columns] == names and [*frame.index] == ["x0", "x1"] and frame.index.name == "name"
    assert summary.to_frame("polars").columns == ["name", *names]
    assert "<table>" in found._repr_html_()
    rows = found.to_frame()
    assert [*rows.columns] == ["chain", "draw", "x0", "x1"]
    one = rows[(rows["chain"] == 2) & (rows["draw"] == 17)]
    np.testing.assert_array_equal(one[["x0", "x1"]].to_numpy()[0], found.draws[2, 17])
    assert [*found.summary(level=0.5).columns][2:4] == ["hdi_25%", "hdi_75%"]


def test_divergent_trajectories_are_told(monkeypatch):
    """Here nearly all are, with a step that one trajectory alone has tuned."""
    monkeypatch.setattr(sampling, "TUNED", 1)
    X = np.random.default_rng(0).normal(size=(60, 5))
    y = (X[:, 0] > 0.0).astype(float)
    path = fit_path(X, y, family="binomial", alphas=[0.1], l1_ratio=0.0)
    found = posterior(path, X, y, prior_sd=10.0, draws=500)
    assert found.divergent > 0 and f"{found.divergent:,} of 1,500 trajectories diverged" in repr(found)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("draws", [1, 2, 3, 5])
def test_few_draws_have_no_diagnostics(draws):
    X, y = certified.draw("gaussian", n=40, p=2)
    found = posterior(fit_path(X, y, alphas=[0.1]), X, y, draws=draws, chains=1)
    summary = found.summary()
    assert np.all(np.isfinite(summary["mean"])) and np.isnan(summary["sd"]).all() == (draws == 1)
    if draws < 4:
        assert np.isnan(summary["r_hat"]).all() and np.isnan(summary["ess_bulk"]).all() and "nan" in repr(found)


@pytest.mark.slow
def test_an_intercept_alone():
    X, y = certified.draw("poisson", n=40, p=2)
    X[:] = 1.0
    found = posterior(fit_path(X, y, family="poisson", alphas=[0.1]), X, y)
    assert found.names == ["(intercept)"] and found.summary()["r_hat"][0] < 1.01
    check_mean(np.exp(found.draws[:, :, 0]), y.mean())  # of a gamma distribution with the sum as its shape
    np.testing.assert_allclose(found.predict(X), np.full(40, np.exp(found.draws).mean()), rtol=1e-12)


@few(1)
@pytest.mark.parametrize("log_likelihoods", [False, True])
def test_arviz_takes_the_draws(log_likelihoods):
    arviz = pytest.importorskip("arviz")
    X, y = certified.draw("poisson", n=30, p=3)
    path = fit_path(X, y, family="poisson", alphas=[0.1], l1_ratio=0.0)
    found = posterior(path, X, y, draws=200)
    data = found.to_arviz(X, y) if log_likelihoods else found.to_arviz()
    np.testing.assert_array_equal(data["posterior"]["coef"].values, found.draws)
    assert [*data["posterior"]["coef"].coords["term"].values] == found.names
    frame = arviz.summary(data, round_to="none")
    ours = found.summary()
    for name in ("mean", "sd", "ess_bulk", "r_hat"):  # tails of ArviZ 1.x's summary are those of its interval
        np.testing.assert_allclose(np.asarray(frame[name], dtype=float), ours[name], rtol=1e-8)
    if log_likelihoods:
        rate = np.exp(found.draws[:, :, :1] + found.draws[:, :, 1:] @ X.T)
        expected = stats.poisson.logpmf(y, rate)
        np.testing.assert_allclose(data["log_likelihood"]["y"].values, expected, rtol=1e-10)
        np.testing.assert_array_equal(data["observed_data"]["y"].values, y)
        assert np.isfinite(
            float(arviz.loo(data).elpd if hasattr(arviz.loo(data), "elpd") else arviz.loo(data).elpd_loo)
        )


def test_what_is_refused_says_what_to_do():
    X, y = certified.draw("gaussian", n=40, p=4)
    path = fit_path(X, y, alphas=[0.5, 0.1])
    with pytest.raises(ValueError, match="say at which"):
        posterior(path, X, y)
    with pytest.raises(ValueError, match="pass one of them"):
        posterior(path, X, y, 0.1, prior_sd=1.0)
    for prior_sd in (0.0, -1.0, np.nan, [1.0, 2.0]):
        with pytest.raises(ValueError, match="prior_sd must be above zero, one number or 4"):
            posterior(path, X, y, prior_sd=prior_sd)
    with pytest.raises(ValueError, match="normal approximation at its mode"):
        posterior(path, X, y, 0.1, draws=0)
    with pytest.raises(ValueError, match="draws must be an integer"):
        posterior(path, X, y, 0.1, draws=-1)
    with pytest.raises(TypeError, match="draws"):
        posterior(path, X, y, 0.1, n_samples=10)
    with pytest.raises(ValueError, match="bounds cut the posterior off"):
        posterior(fit_path(X, y, alphas=[0.1], lower=0.0), X, y)
    doubled = np.column_stack([X, X[:, 0]])
    with pytest.raises(ValueError, match="combinations of each other"):
        posterior(fit_path(doubled, y, alphas=[0.1]), doubled, y, 0.0)
    assert posterior(fit_path(doubled, y, alphas=[0.1]), doubled, y, prior_sd=1.0, draws=0).mode.size == 6
    separable = (X[:, 0] > 0.0).astype(float)
    with pytest.raises(ValueError, match="classes are separable"), pytest.warns(fastreg.ConvergenceWarning):
        posterior(fit_path(X, separable, family="binomial", alphas=[0.1]), X, separable, 0.0)
    nothing = posterior(path, X, y, prior_sd=1.0, draws=0)
    for call in (lambda: nothing.predict(X), nothing.to_arviz):
        with pytest.raises(ValueError, match="draws=0 holds no draws"):
            call()
    with pytest.raises(ValueError, match="both of them"):
        posterior(path, X, y, 0.1, draws=10).to_arviz(X)


def gamma_frame(m=4, n=150):
    """A frame with columns x_1 to x_m and a positive y, and their formula."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(rng.normal(size=(n, m)), columns=[f"x_{j}" for j in range(1, m + 1)])
    frame["y"] = rng.gamma(2.0, np.exp(1.0 + 0.5 * frame["x_1"] - 0.3 * frame["x_2"]) / 2.0)
    return frame, "y ~ " + " + ".join(frame.columns[:m])


def test_a_gamma_regression_from_a_formula_with_map_trace_and_summary():
    """Columns x_1 to x_m and y in a frame: the mode with its certificate, 2,000 draws in 3 chains, the summary."""
    pytest.importorskip("formulaic")
    frame, formula = gamma_frame()
    found = posterior(formula, data=frame, family="gamma", prior_sd=10.0, draws=2000, chains=3)
    assert list(found.map) == ["(intercept)", "x_1", "x_2", "x_3", "x_4"] and found.draws.shape == (3, 2000, 5)
    X, y = frame.drop(columns="y"), frame["y"].to_numpy()
    alpha = found.path.alphas[0]
    assert alpha == pytest.approx(found.dispersion / len(y))
    factor = np.full(4, 0.01)
    certified.assert_certified(
        found.path, X.to_numpy(), y, tol=1e-9, family="gamma", l1_ratio=0.0, penalty_factor=factor
    )
    plain = posterior(fit_path(X, y, family="gamma", alphas=[0.1]), X, y, prior_sd=10.0, draws=2000, chains=3)
    np.testing.assert_allclose(found.mode, plain.mode, rtol=1e-9)
    spread = plain.draws.std(axis=(0, 1)).min()  # trajectories amplify by what the modes, and the processor, differ
    np.testing.assert_allclose(found.draws, plain.draws, rtol=0.0, atol=1e-3 * spread)
    summary = found.summary()
    assert summary["r_hat"].max() < 1.01 and summary["ess_bulk"].min() > 2000
    np.testing.assert_allclose(found.predict(frame.head(3)), found.predict(X.head(3).to_numpy()), rtol=1e-12)


def test_priors_of_a_formula_by_name_by_alpha_and_flat():
    pytest.importorskip("formulaic")
    frame, _ = gamma_frame()
    frame["group"] = np.array(["a", "b", "c"])[np.arange(len(frame)) % 3]
    frame["w"], words = 1.0 + np.arange(len(frame)) % 2, {"data": frame, "family": "gamma", "draws": 0}
    found = posterior("y ~ x_1 + group", prior_sd={"group": 0.5}, sample_weight="w", **words)
    assert found.names[1:] == ["x_1", "group[a]", "group[b]", "group[c]"]  # a prior determines all levels
    precision = found.path.penalty_factor * found.path.alphas[0] * frame["w"].sum() / found.dispersion
    np.testing.assert_allclose(precision, [0.0, 4.0, 4.0, 4.0])
    flat = posterior("y ~ x_1 + group", **words)
    assert flat.names[1:] == ["x_1", "group[b]", "group[c]"] and "flat prior" in flat.title
    np.testing.assert_allclose(flat.mode, table(flat.path, frame).estimate, rtol=1e-6)
    ridge = posterior("y ~ x_1 + group", alpha=0.1, l1_ratio=0.0, **words)
    path = fit_path("y ~ x_1 + group", data=frame, family="gamma", l1_ratio=0.0, alphas=[0.1])
    np.testing.assert_allclose(ridge.mode, posterior(path, frame, draws=0).mode, rtol=1e-9)


def test_what_goes_with_a_formula_is_told():
    frame, _ = gamma_frame()
    path = fit_path(frame[["x_1"]], frame["y"], family="gamma", alphas=[0.1])
    for args, words, message in (
        ((path, frame[["x_1"]], frame["y"]), {"family": "gamma"}, "family is for a formula"),
        ((path,), {}, "X is None"),
        (("y ~ x_1", frame), {}, "a formula is about data=; leave X out"),
        (("y ~ x_1",), {"data": frame, "prior_sd": 1.0, "l1_ratio": 0.5}, "l1_ratio is that of alpha"),
    ):
        with pytest.raises(ValueError, match=message):
            posterior(*args, **words)
