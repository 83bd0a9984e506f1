"""The rows' terms of the gap without exponentials: a bound that holds, is close, and is exact where it cannot hold."""

import math

import numpy as np
import pytest
from grids import few

from fastreg.objective.duality_gap import bend_of
from fastreg.objective.families import FAMILIES, NEAR, divergence_bound, row_divergence

RESPONSES = {"gaussian": (-1.0, 2.0), "binomial": (0.0, 1.0), "poisson": (0.0, 3.0), "gamma": (0.5, 2.0)}


def rows_of(name, n=40):
    """(family, eta, residual, curvature) at random rows, one of them without weight."""
    rng = np.random.default_rng(3)
    weight = rng.uniform(0.5, 2.0, n)
    weight[7] = 0.0
    family = FAMILIES[name](rng.choice(RESPONSES[name], n), weight / weight.sum())
    eta = rng.normal(scale=2.0, size=n)
    residual, curvature = np.array([family.derivatives(i, eta[i]) for i in range(n)]).T
    return family, eta, residual.copy(), curvature.copy()


@few(1)
@pytest.mark.parametrize("name", RESPONSES)
def test_a_near_dual_point_has_a_close_bound(name):
    family, eta, residual, curvature = rows_of(name)
    step = NEAR * curvature * np.random.default_rng(4).uniform(-0.99, 0.99, eta.size)
    bound = divergence_bound(family, (eta, residual, curvature), residual - step, 1.0, bend_of(family))
    exact = row_divergence(family, eta, residual, residual - step, 1.0)
    assert (1.0 - 1e-12) * exact <= bound <= 5.0 / 3.0 * exact


@pytest.mark.parametrize("name", RESPONSES)
def test_a_far_dual_point_has_the_divergence_itself(name):
    family, eta, residual, curvature = rows_of(name)
    bend = max(bend_of(family), 1.0)
    bound = divergence_bound(family, (eta, residual, curvature), 0.2 * residual, 1.0, bend)
    assert bound == pytest.approx(row_divergence(family, eta, residual, 0.2 * residual, 1.0), rel=1e-12)


def test_a_family_whose_curvature_is_not_exact_has_the_divergence_itself():
    family, eta, residual, curvature = rows_of("poisson")
    bound = divergence_bound(family, (eta, residual, 100.0 * curvature), 0.99 * residual, 1.0, math.inf)
    assert bound == pytest.approx(row_divergence(family, eta, residual, 0.99 * residual, 1.0), rel=1e-12)
