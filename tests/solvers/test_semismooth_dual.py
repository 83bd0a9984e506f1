"""Elastic nets with more active columns than rows, solved among the rows: certified, and as pivots find them."""

import certified
import numpy as np
import pytest
from grids import few

from fastreg import fit_path
from fastreg.objective.families import FAMILIES
from fastreg.paths import plan
from fastreg.solvers import semismooth_dual
from fastreg.solvers.semismooth_dual import Semismooth, line_search


@pytest.fixture(autouse=True)
def point_by_point(monkeypatch):
    """Whole paths on dense X go by blocks; fits of few points come here."""
    monkeypatch.setattr(plan, "batches_for", lambda *args: None)


@pytest.fixture
def found(monkeypatch):
    """What the method returned, solve by solve."""
    results, solve = [], Semismooth.solve

    def spy(self, *args):
        results.append(solve(self, *args))
        return results[-1]

    monkeypatch.setattr(Semismooth, "solve", spy)
    return results


@few(2)
@pytest.mark.parametrize("case", ["plain", "weights", "no intercept", "factors", "standardize"])
@pytest.mark.parametrize("family", FAMILIES)
def test_wide_elastic_nets(family, case, found):
    X, y = certified.draw(family, n=30, p=300)
    rng = np.random.default_rng(1)
    weight = rng.uniform(0.2, 2.0, 30) * (np.arange(30) % 7 > 0)
    options = {
        "plain": {},
        "weights": {"sample_weight": weight, "offset": rng.normal(size=30) / 9},
        "no intercept": {"fit_intercept": False},
        "factors": {"penalty_factor": rng.uniform(0.5, 2.0, 300)},
        "standardize": {"standardize": True},
    }[case]
    path = certified.fit(X, y, family=family, l1_ratio=0.1, n_alphas=30, alpha_min_ratio=0.02, tol=1e-12, **options)
    assert max(path.n_nonzero) > 40
    assert len(found) > 5 and all(result is not None for result in found)
    other = fit_path(X, y, family=family, l1_ratio=0.1, alphas=path.alphas, tol=1e-12, solver="newton", **options)
    np.testing.assert_allclose(path.coefs.toarray(), other.coefs.toarray(), atol=1e-4 * np.abs(other.coefs).max())


def test_exact_for_least_squares():
    X, y = certified.draw("gaussian", n=25, p=400)
    path = certified.fit(X, y, l1_ratio=0.05, n_alphas=40, alpha_min_ratio=0.01)
    assert max(path.gaps) < 1e-13 and max(path.n_nonzero) > 50


def test_the_matrix_is_changed_by_few_columns_and_sometimes_built_anew(found, monkeypatch):
    monkeypatch.setattr(semismooth_dual, "UPDATES", 3)
    X, y = certified.draw("gaussian", n=25, p=300)
    certified.fit(X, y, l1_ratio=0.1, n_alphas=60, alpha_min_ratio=0.05, tol=1e-10)
    assert len(found) > 20


def test_pivots_take_over_where_steps_run_out(found, monkeypatch):
    """Then it is tried again ever more rarely."""
    monkeypatch.setattr(semismooth_dual, "STEPS", 0)
    X, y = certified.draw("gaussian", n=25, p=300)
    path = certified.fit(X, y, l1_ratio=0.1, n_alphas=40, alpha_min_ratio=0.05, tol=1e-10)
    assert 0 < len(found) < 8 and found[0] is None and path.work["epochs"] == 0


def test_columns_without_a_ridge_part_are_left_to_pivots(found):
    X, y = certified.draw("gaussian", n=25, p=200)
    factor = np.ones(200)
    factor[3] = 0.0
    certified.fit(X, y, l1_ratio=0.1, n_alphas=20, penalty_factor=factor)
    assert not found


def test_the_line_search_halves_until_the_dual_falls():
    """A step ten times too long along the only coordinate there is."""
    u, step, correlation, toward = np.array([1.0]), np.array([-10.0]), np.zeros(1), np.zeros(1)
    options = np.ones(1), np.ones(1), np.zeros(1)
    assert line_search(0.5, u, step, correlation, toward, options, -10.0) == 0.125
    assert line_search(0.5, u, -step, correlation, toward, options, 10.0) == 0.0
