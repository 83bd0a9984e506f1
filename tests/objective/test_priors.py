"""A penalised fit is the mode of a posterior: its density, from scipy.stats, is the largest there and nowhere else."""

import certified
import numpy as np
import pytest
from grids import few
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit

from fastreg import convert_penalty

SIGMA, SHAPE = 1.7, 2.5
LIKELIHOODS = {  # log density of y given eta, and the dispersion phi
    "gaussian": (lambda y, eta: stats.norm.logpdf(y, eta, SIGMA), SIGMA**2),
    "binomial": (lambda y, eta: stats.bernoulli.logpmf(y, expit(eta)), 1.0),
    "poisson": (lambda y, eta: stats.poisson.logpmf(y, np.exp(eta)), 1.0),
    "gamma": (lambda y, eta: stats.gamma.logpdf(y, SHAPE, scale=np.exp(eta) / SHAPE), 1.0 / SHAPE),
}
RELATIVE = np.array([1.0, 2.0, 0.5, 1.0])  # precision of each column's prior over that of the first


def log_prior(kind, coef, scale):
    """Independent priors; the precision, 1 / variance or 1 / scale, of column j is RELATIVE[j] times the first's."""
    if kind == "normal":
        return stats.norm.logpdf(coef, scale=scale / np.sqrt(RELATIVE)).sum()
    if kind == "laplace":
        return stats.laplace.logpdf(coef, scale=scale / RELATIVE).sum()
    return log_prior("normal", coef, scale) + log_prior("laplace", coef, scale)  # up to the norming constant


@few(2)
@pytest.mark.parametrize("scale", [0.1, 0.4])
@pytest.mark.parametrize("kind", ["normal", "laplace", "both"])
@pytest.mark.parametrize("family", LIKELIHOODS)
def test_a_fit_is_the_mode_under_its_prior(family, kind, scale):
    X, y = certified.draw(family, n=40, p=4)
    trials = np.arange(40) % 3 + 1.0  # weights: so many rows of the same kind
    likelihood, dispersion = LIKELIHOODS[family]
    prior = {"l1": dispersion / scale * (kind != "normal"), "l2": dispersion / scale**2 * (kind != "laplace")}
    penalty = convert_penalty(prior, "sum of losses", "fit_path", sample_weight=trials, half_l2=True)
    path = certified.fit(X, y, **penalty, family=family, sample_weight=trials, penalty_factor=RELATIVE, tol=1e-13)
    coef, intercept = certified.column(path, 0)

    def cost(parts):  # b = u - v with u, v >= 0, where the breakpoints at zero are gone
        middle, u, v = parts[0], parts[1:5], parts[5:]
        priors = log_prior(kind, u, scale) + log_prior(kind, v, scale) - log_prior(kind, np.zeros(4), scale)
        return -(trials @ likelihood(y, middle + X @ (u - v))) - priors

    found = np.concatenate([[intercept], np.maximum(coef, 0.0), np.maximum(-coef, 0.0)])
    bounds = [(None, None)] + [(0.0, None)] * 8
    start = np.concatenate([[intercept], np.full(8, 0.05)])
    other = minimize(cost, start, jac="3-point", bounds=bounds, options={"maxiter": 5000, "ftol": 1e-15})
    assert cost(found) <= other.fun + 1e-9 * abs(other.fun)
    assert np.allclose(coef, other.x[1:5] - other.x[5:], rtol=0, atol=1e-3)
    assert np.isclose(intercept, other.x[0], atol=1e-3)
    assert np.count_nonzero(coef) == 4 or kind != "normal"
