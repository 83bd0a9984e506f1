"""How often intervals hold the truth, by simulation: the figures of docs/inference.md and docs/after_selection.md."""

import certified
import numpy as np
import pytest
from scipy import stats

from fastreg import cv_path, debiased, fit_path, knockoffs, selective, table

TRUTH = np.array([0.2, 0.5, -0.4, 0.3, 0.2])  # the intercept, and what certified.draw makes responses of


def covered(runs, make):
    """How many of `runs` intervals hold each coefficient; `make` is called with the number of the run."""
    tables = [make(run) for run in range(runs)]
    return np.mean([(each.lower < truth) & (truth < each.upper) for each, truth in tables], axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("interval", ["wald", "profile"])
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson", "gamma"])
def test_intervals_of_fits_without_a_penalty_cover(family, interval):
    def make(run):
        X, y = certified.draw(family, n=150, p=4, seed=run)
        return table(fit_path(X, y, family=family, alphas=[0.0]), X, y, interval=interval), TRUTH

    assert np.all(np.abs(covered(400, make) - 0.95) < 0.04)  # three and a half standard errors


@pytest.mark.slow
def test_sandwiches_by_groups_cover_where_the_model_does_not():
    def make(run, **options):
        rng = np.random.default_rng(run)
        group = rng.integers(0, 80, 1500)
        X = np.column_stack([rng.normal(size=1500), (rng.random(80) < 0.4)[group]])
        y = rng.poisson(rng.gamma(4.0, 0.25, 80)[group] * np.exp(X @ [0.3, 0.2]))
        options = options | ({"groups": group} if options else {})
        return table(fit_path(X, y, family="poisson", alphas=[0.0]), X, y, **options), np.array([0.0, 0.3, 0.2])

    assert covered(300, make)[2] == pytest.approx(0.54, abs=0.02)
    assert np.all(np.abs(covered(300, lambda run: make(run, covariance="cluster")) - 0.95) < 0.05)


@pytest.mark.slow
def test_posterior_intervals_of_ridge_cover_on_average_over_coefficients():
    def make(run):
        rng = np.random.default_rng(run)
        X, coef = rng.normal(size=(100, 30)), rng.normal(size=30) * 0.3
        y = X @ coef + rng.normal(size=100)
        path = fit_path(X, y, l1_ratio=0.0, alphas=[1.0 / (100 * 0.09)], fit_intercept=False)
        return table(path, X, y), coef

    assert covered(200, make).mean() == pytest.approx(0.95, abs=0.01)


def neighbours(rng, n, p):
    """Columns correlated by 0.5^|i - j|."""
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * X[:, j]
    return np.asfortranarray(X)


@pytest.mark.slow
def test_firths_estimates_are_less_biased_and_their_profiles_cover():
    truth, plain, firth, held, endless = np.array([-2.0, 1.0, 0.5, 0.0]), [], [], [], 0
    for run in range(200):
        rng = np.random.default_rng(run)
        X = np.column_stack([rng.normal(size=60), rng.random(60) < 0.3, rng.normal(size=60)]).astype(float)
        y = (rng.random(60) < 1 / (1 + np.exp(-truth[0] - X @ truth[1:]))).astype(float)
        path = fit_path(X, y, family="binomial", alphas=[0.1])
        found = table(path, X, y, 0.0, correction="firth", interval="profile")
        firth.append(found.estimate[1])
        held.append((found.lower < truth) & (truth < found.upper))
        try:
            plain.append(table(path, X, y, 0.0).estimate[1])
        except ValueError:
            endless += 1
    assert endless == pytest.approx(5, abs=1)
    assert np.mean(plain) - 1.0 == pytest.approx(0.16, abs=0.01)
    assert np.mean(firth) - 1.0 == pytest.approx(0.0, abs=0.01)
    assert np.all(np.abs(np.mean(held, axis=0) - 0.95) < 0.03)


@pytest.mark.slow
def test_tables_on_other_rows_cover_where_those_of_the_rows_that_chose_do_not():
    """200 rows, 50 columns, 5 of which matter; alpha by cross-validation."""

    def checked(X, mean, y, columns):
        found = table(fit_path(X[:, columns], y, alphas=[0.0]), X[:, columns], y)
        target = np.linalg.lstsq(np.column_stack([np.ones(len(X)), X[:, columns]]), mean, rcond=None)[0][1:]
        held.extend((found.lower[1:] < target) & (target < found.upper[1:]))
        false.extend(found.p_value[1:][columns > 5] < 0.05)

    every, halves = np.arange(200), (np.arange(100), np.arange(100, 200))
    for parts, cover, wrong in (((every, every), 0.82, 0.28), (halves, 0.95, 0.04)):
        held, false = [], []
        for run in range(300):
            rng = np.random.default_rng(run)
            X = neighbours(rng, 200, 50)
            mean = X[:, :5] @ np.full(5, 0.3)
            y = mean + rng.normal(size=200)
            first, second = parts
            columns = np.flatnonzero(cv_path(X[first], y[first], cv=5, n_alphas=40).coef("min")[0])
            if columns.size:
                checked(X[second], mean[second], y[second], columns)
        assert np.mean(held) == pytest.approx(cover, abs=0.015) and np.mean(false) == pytest.approx(wrong, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("family, n, p, method, active, others", [
    ("gaussian", 100, 200, "nodewise", 0.94, 0.97),
    ("binomial", 300, 100, "inverse", 0.84, 0.99),
    ("binomial", 300, 100, "nodewise", 0.57, 0.98),
])  # fmt: skip
def test_debiased_intervals_cover_as_their_docstring_says(family, n, p, method, active, others):
    found = []
    for run in range(200):
        rng = np.random.default_rng(run)
        X, coef = neighbours(rng, n, p), np.zeros(p)
        five = rng.choice(p, 5, replace=False)
        coef[five] = 1.0
        eta, share = X @ coef, 0.7 if family == "gaussian" else 0.3
        y = eta + rng.normal(size=n) if family == "gaussian" else (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
        columns = np.r_[five, np.setdiff1d(np.arange(p), five)[:: p // 10]]
        path = fit_path(X, y, family=family, alphas=[share * np.sqrt(2 * np.log(p) / n)])
        each = debiased(path, X, y, columns=columns, method=method)
        found.append((each.lower < coef[columns]) & (coef[columns] < each.upper))
    rates = np.array(found)
    assert rates[:, :5].mean() == pytest.approx(active, abs=0.03)
    assert rates[:, 5:].mean() == pytest.approx(others, abs=0.02)


@pytest.mark.slow
def test_selective_tests_are_uniform_where_naive_ones_reject():
    """Nothing matters: 30 columns, 60 rows, and alpha such that a few are selected."""
    p_values, naive = [], []
    for run in range(300):
        rng = np.random.default_rng(run)
        X, y = neighbours(rng, 60, 30), rng.normal(size=60)
        path = fit_path(X, y, alphas=[0.2])
        if path.n_nonzero[0] == 0:
            continue
        found = selective(path, X, y, sigma=1.0)
        p_values.extend(found.p_value)
        naive.extend(2 * stats.norm.sf(np.abs(found.estimate / found.se)))
    assert len(p_values) > 700 and stats.kstest(p_values, "uniform").pvalue > 0.01
    assert np.mean(np.array(naive) < 0.05) == pytest.approx(0.33, abs=0.03)


@pytest.mark.slow
def test_selective_intervals_cover_the_coefficients_of_the_selected_model():
    held, infinite = [], []
    for run in range(300):
        rng = np.random.default_rng(run)
        X, coef = neighbours(rng, 100, 50), np.r_[np.ones(3), np.zeros(47)]
        mean = X @ coef
        y = mean + rng.normal(size=100)
        found = selective(fit_path(X, y, alphas=[0.25]), X, y, sigma=1.0, level=0.9)
        M = [int(name[1:]) for name in found.names]
        target = np.linalg.lstsq(np.column_stack([np.ones(100), X[:, M]]), mean, rcond=None)[0][1:]
        held.extend((found.lower < target) & (target < found.upper))
        infinite.extend(np.isinf(found.interval).any(axis=1))
    assert np.mean(held) == pytest.approx(0.9, abs=0.02) and np.mean(infinite) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("options, rate, power", [
    ({}, 0.17, 0.93),
    ({"statistic": "entry"}, 0.15, 0.71),
    ({"family": "binomial", "alpha": 0.02}, 0.15, 0.92),
])  # fmt: skip
def test_knockoffs_select_few_false_columns(options, rate, power):
    """300 rows, 60 columns, 12 of which matter, at fdr=0.2."""
    false, found = [], []
    for run in range(150):
        rng = np.random.default_rng(run)
        X, coef = neighbours(rng, 300, 60), np.zeros(60)
        coef[rng.choice(60, 12, replace=False)] = 0.3 * rng.choice([-1.0, 1.0], 12)
        y = X @ coef + rng.normal(size=300)
        if "family" in options:
            y = (rng.random(300) < 1 / (1 + np.exp(-3.0 * X @ coef))).astype(float)
        chosen = knockoffs(X, y, fdr=0.2, random_state=run, **options).columns
        false.append(np.count_nonzero(coef[chosen] == 0.0) / max(chosen.size, 1))
        found.append(np.count_nonzero(coef[chosen]) / 12)
    assert np.mean(false) < 0.2
    assert np.mean(false) == pytest.approx(rate, abs=0.03) and np.mean(found) == pytest.approx(power, abs=0.06)
