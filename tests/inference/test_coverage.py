"""How often intervals hold the truth, by simulation: the figures of docs/inference.md."""

import certified
import numpy as np
import pytest

from fastreg import fit_path, table

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

    assert covered(300, make)[2] < 0.7
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
