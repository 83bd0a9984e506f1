"""Diagnostics of draws against ArviZ 0.23's numbers on chains of problems.Lcg, and against what theory says."""

import numpy as np
import pytest
from grids import few
from problems import Lcg

from fastreg.inference import diagnostics

# Of `chains(*key)`: az.ess(method="bulk"), az.ess(method="tail"), az.rhat, both ends of az.hdi(hdi_prob=0.94).
ARVIZ = {
    (0.7, 0.0, 500): [
        321.12220914736844, 684.5020262540431, 1.0197147987974169, -2.5726507858181464, 2.3967859724970406,
    ],
    (-0.6, 0.0, 400): [
        5126.591972249479, 1402.4307140804656, 0.9991482040239177, -2.29356366512453, 2.350024104919485,
    ],
    (0.3, 1.0, 301): [
        7.699286173904492, 84.42241312884418, 1.4882734854372726, -1.3558494071290152, 3.976767552126801,
    ],
    (0.0, 0.0, 40): [
        163.37895236565942, 156.14243550921844, 0.9993280258182036, -1.8860254734754562, 1.8639261350035667,
    ],
}  # fmt: skip


def chains(rho, shift, count):
    """Four autoregressive chains, each `shift` above the one before."""
    noise = Lcg(7).normal(4, count)
    out = noise.copy()
    for t in range(1, count):
        out[:, t] = rho * out[:, t - 1] + noise[:, t]
    return out + shift * np.arange(4)[:, None]


def all_of(draws):
    ends = diagnostics.highest_density(draws, 0.94)
    return [diagnostics.ess_bulk(draws), diagnostics.ess_tail(draws), diagnostics.r_hat(draws), *ends]


@pytest.mark.parametrize("case", ARVIZ, ids=lambda case: f"rho{case[0]}-shift{case[1]}")
def test_numbers_are_those_of_arviz(case):
    np.testing.assert_allclose(all_of(chains(*case)), ARVIZ[case], rtol=1e-12)


@pytest.mark.parametrize("case", ARVIZ, ids=lambda case: f"rho{case[0]}-shift{case[1]}")
def test_numbers_are_those_of_the_arviz_at_hand(case):
    """Of whichever version is installed."""
    arviz = pytest.importorskip("arviz")
    draws = chains(*case)
    tail = arviz.ess(draws, method="tail", prob=(0.05, 0.95))
    found = [arviz.ess(draws, method="bulk"), tail, arviz.rhat(draws)]
    np.testing.assert_allclose(all_of(draws)[:3], np.array(found, dtype=float), rtol=1e-8)


@few(2)
@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.5, 0.9])
def test_the_sample_size_of_an_autoregression(rho):
    """N (1 - rho) / (1 + rho) draws."""
    rng = np.random.default_rng(0)
    draws, count = rng.normal(size=(8, 20000)), 20000
    draws[:, 0] /= np.sqrt(1.0 - rho**2)
    for t in range(1, count):
        draws[:, t] += rho * draws[:, t - 1]
    assert diagnostics.ess(draws) == pytest.approx(8 * count * (1.0 - rho) / (1.0 + rho), rel=0.1)


def test_chains_that_differ_in_place_or_scale_are_told():
    draws = np.random.default_rng(0).normal(size=(4, 1000))
    assert 0.99 < diagnostics.r_hat(draws) < 1.01
    assert diagnostics.r_hat(draws + np.array([[0.0], [0.0], [0.0], [2.0]])) > 1.2
    assert diagnostics.r_hat(draws * np.array([[1.0], [1.0], [1.0], [5.0]])) > 1.1
    drift = draws + np.linspace(-2.0, 2.0, 1000)  # seen by halves of a chain alone
    assert diagnostics.r_hat(drift) > 1.2


def test_the_shortest_interval_is_not_the_equal_tailed_one():
    draws = np.random.default_rng(0).exponential(size=(2, 50000))
    low, high = diagnostics.highest_density(draws, 0.94)
    assert low < 0.01 and high == pytest.approx(-np.log(0.06), abs=0.05)


def test_degenerate_draws():
    assert diagnostics.ess(np.ones((3, 100))) == 300.0
    assert np.isnan(diagnostics.r_hat(np.ones((3, 100))))
    assert np.isnan(diagnostics.ess(np.ones((3, 2)))) and np.isnan(diagnostics.r_hat(np.zeros((3, 2))))
    assert np.isnan(diagnostics.ess(np.full((3, 100), np.nan)))
