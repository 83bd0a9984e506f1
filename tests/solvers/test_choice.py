"""Which solver a working set's model goes to, by what it is expected to cost; whichever it is, points are certified."""

import certified
import numpy as np
import pytest
import scipy.sparse as sp

from fastreg import fit_path
from fastreg.interface.arguments import FitOptions
from fastreg.paths.batched.lasso import LassoBatch
from fastreg.paths.null_model import NullModel
from fastreg.paths.setup import build_problem, checked
from fastreg.solvers import automatic_choice, choice
from fastreg.solvers.automatic_choice import AutomaticChoice
from fastreg.solvers.working_set import WorkingSet

WIDE = {"l1_ratio": 0.05, "n_alphas": 60, "alpha_min_ratio": 0.01}


@pytest.fixture
def descents(monkeypatch):
    """(epochs for which pivots were to be had, epochs taken) of every descent that was chosen."""
    seen, descend = [], AutomaticChoice._descend

    def spy(self, working, state, precision, afforded):
        before = working.problem.work.epochs
        found = descend(self, working, state, precision, afforded)
        seen.append((afforded, working.problem.work.epochs - before))
        return found

    monkeypatch.setattr(AutomaticChoice, "_descend", spy)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("case", ["plain", "weights", "no intercept", "factors", "standardize"])
@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_wide_elastic_nets_leave_the_blocks_for_descents(family, case, descents):
    """Where many more columns are active than there are rows, at a few epochs a point."""
    X, y = certified.draw(family, n=200, p=3000)
    rng = np.random.default_rng(1)
    options = (
        WIDE
        | {
            "plain": {},
            "weights": {"sample_weight": rng.uniform(0.2, 2.0, 200) * (np.arange(200) % 7 > 0)},
            "no intercept": {"fit_intercept": False},
            "factors": {"penalty_factor": rng.uniform(0.5, 2.0, 3000)},
            "standardize": {"standardize": True},
        }[case]
    )
    path = certified.fit(X, y, family=family, **options)
    assert path.n_nonzero[-1] > 300
    assert descents and path.work["epochs"] < 60 * 20
    blocks = certified.fit(X, y, family=family, solver="newton", **options)
    assert blocks.work["epochs"] == 0
    np.testing.assert_allclose(path.deviance_ratio, blocks.deviance_ratio, atol=2.0 * 1e-6**0.5)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_sparse_elastic_nets_descend_within_a_few_epochs(family, descents):
    rng = np.random.default_rng(0)
    X = sp.random_array((1500, 4000), density=4e-3, rng=rng, format="csc")
    eta = X @ np.r_[3.0 * rng.normal(size=300), np.zeros(3700)]
    y = eta + 0.1 * rng.normal(size=1500) if family == "gaussian" else (rng.random(1500) < 1 / (1 + np.exp(-4 * eta)))
    path = certified.fit(X, y.astype(float), family=family, l1_ratio=0.5, n_alphas=40, alpha_min_ratio=0.02)
    assert path.n_nonzero[-1] > 300
    assert len(descents) > 5 and np.mean([taken for _, taken in descents]) < 8


def test_a_descent_that_takes_too_long_is_called_off(descents, monkeypatch):
    """Among columns that are nearly the same a descent takes hundreds of epochs. Pivots go on from where it ended, and
    it is not tried again before twice as many are to be had."""
    monkeypatch.setattr(choice, "FEW", 0)
    monkeypatch.setattr(choice, "EPOCHS", dict.fromkeys(choice.EPOCHS, 1.0))
    monkeypatch.setattr(choice, "READ", {"sparse": 0.03})
    X, y = certified.draw("gaussian", n=120, p=30)
    X = sp.csc_array(np.tile(X, 5) + 0.1 * np.random.default_rng(0).normal(size=(120, 150)))
    path = fit_path(X, y, n_alphas=60, alpha_min_ratio=1e-4, lower=-50.0)  # not by blocks: it has bounds
    certified.assert_certified(path, X, y, tol=1e-6, lower=-50.0)
    long = [afforded for afforded, taken in descents if taken >= choice.PATIENCE * afforded]
    assert long and path.work["pivots"] > 0
    assert all(taken <= np.ceil(choice.PATIENCE * afforded) for afforded, taken in descents)
    assert np.all(np.diff(long) > 0)


def test_few_active_columns_are_solved_exactly():
    """Least squares of which a pivot costs next to nothing ends at the rounding, not at the gap wanted."""
    X, y = certified.draw("gaussian", n=40, p=2500)
    path = certified.fit(X, y, l1_ratio=0.8, n_alphas=4, tol=1e-3, lower=-1.0)
    assert 0 < max(path.n_nonzero) < 100
    assert path.gaps.max() < 1e-13 and path.work["epochs"] == 0


def test_a_small_matrix_costs_its_calls_in_any_storage():
    """A new Hessian costs about a Newton step where both take little but calls, and its multiplications else."""
    for form in ("dense", "sparse"):
        assert choice.renewal_from_python(100, 10, form) < 1.0
        assert choice.renewal_from_python(1_000_000, 50, form) == pytest.approx(choice.renewal(50, form), rel=0.01)


def test_sparse_and_dense_copies_of_small_data_take_the_same_steps():
    X, y = certified.draw("binomial", n=100, p=25)
    dense = certified.fit(X, y, family="binomial", alphas=[0.01], tol=1e-10)
    sparse = certified.fit(sp.csc_array(X), y, family="binomial", alphas=[0.01], tol=1e-10)
    assert dense.work["iterations"] == sparse.work["iterations"] > 0
    np.testing.assert_allclose(sparse.coefs.toarray(), dense.coefs.toarray(), rtol=1e-7)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_descent_ends_at_the_gap_that_a_certificate_finds(weighted, monkeypatch):
    """Its gap has the excess of active columns, too, which scales the dual point: hardly a point is solved twice. The
    change of eta that it leaves is that of its coefficients, also with rows that do not count."""
    monkeypatch.setattr(choice, "FEW", 0)
    monkeypatch.setattr(choice, "EPOCHS", dict.fromkeys(choice.EPOCHS, 0.01))
    rng = np.random.default_rng(3)
    X = sp.csc_array(rng.normal(size=(300, 400)) * (rng.random((300, 400)) < 0.03))
    y = X @ rng.normal(size=400) + 0.1 * rng.normal(size=300)
    options = {"sample_weight": rng.uniform(0.5, 2.0, 300) * (np.arange(300) > 3)} if weighted else {}
    path = certified.fit(X, y, n_alphas=40, alpha_min_ratio=0.01, solver="pointwise", **options)
    assert path.work["epochs"] > 0 and path.work["iterations"] <= 1.3 * path.alphas.size


def test_a_batch_has_few_more_points_than_the_last_one_certified():
    """Where its pivots cost more than all else; twenty points of few pivots cost nothing."""
    X = sp.random_array((2000, 3000), density=0.01, rng=np.random.default_rng(0), format="csc")
    problem = build_problem(X, np.arange(2000.0), checked(FitOptions()))
    working = WorkingSet(problem)
    working.extend(np.arange(1500), problem.weight)
    assert choice.points_ahead(working, 1000, 800, 20, 4) == 6
    assert choice.points_ahead(working, 1000, 800, 20, 0) == 2
    assert choice.points_ahead(working, 20, 40, 20, 4) > 20


def test_a_path_goes_on_from_the_working_set_of_its_batches(monkeypatch):
    """Its Gram matrix is not computed again where pivots go on point by point."""
    monkeypatch.setattr(LassoBatch, "solve", each_but_the_third(LassoBatch.solve))
    X, y = certified.draw("gaussian", n=300, p=400)
    path = certified.fit(X, y, n_alphas=60, alpha_min_ratio=0.01)
    assert set(path.methods) == {"batched_lasso", "pointwise"} and path.work["grams"] == 1


def each_but_the_third(solve):
    calls = []

    def solved(self, alphas):
        calls.append(alphas)
        return None if len(calls) == 3 else solve(self, alphas)

    return solved


def test_the_first_model_goes_by_the_changes_handed_over_the_next_by_those_seen(monkeypatch):
    """Batches that pivots made too dear hand over many changes; points after the first say how many there are."""
    asked = []
    monkeypatch.setattr(
        automatic_choice, "cost_without_descent", lambda w, s, changes, *_: asked.append(changes) or 0.0
    )
    X, y = certified.draw("gaussian", n=60, p=20)
    problem = build_problem(X, y, checked(FitOptions()))
    state, working, chosen = NullModel(problem).state, WorkingSet(problem), AutomaticChoice(400.0)
    working.extend(np.arange(20), state.residual)
    for alpha in (0.5, 0.4):
        working.set_penalty(problem.penalty_at(alpha))
        chosen.solve(working, state, False, 0.0)
    assert asked[0] == 400.0 and 2.0 <= asked[1] <= 20.0
