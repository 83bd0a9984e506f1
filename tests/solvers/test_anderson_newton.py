"""Secants of Newton steps with an old matrix: what their mix is, what is carried on, and the steps that they save."""

import certified
import numpy as np
import pytest
import scipy.sparse as sp
import strategies
from grids import few

from fastreg.interface.arguments import FitOptions
from fastreg.objective.families import FAMILIES
from fastreg.paths.pointwise import Pointwise
from fastreg.paths.setup import build_problem
from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.anderson_newton import SecantMemory, mix_secants, next_alpha, no_secants, with_more
from fastreg.solvers.choice import NEWEST, renewal_pays, served_long
from fastreg.solvers.hessian_refresh import Age


def matrices(size, seed=0, off=0.2):
    """A Hessian, and an old one that differs from it by up to such a share in three directions."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(4 * size, size))
    old = factor.T @ factor / (4 * size)
    lean = rng.normal(size=(size, 3))
    return old + off * lean @ lean.T / size, old, rng.normal(size=size)


def step(hessian, old, pull, point):
    """(solution of the model with the old matrix made at the point, old @ (solution - point))."""
    slope = pull - hessian @ point
    return point + np.linalg.solve(old, slope), slope


def go(secants, hessian, old, pull, point):
    solution, image = step(hessian, old, pull, point)
    mix_secants(secants, point, solution, image)
    return solution


def far(hessian, pull, point):
    return np.linalg.norm(pull - hessian @ point) / np.linalg.norm(pull)


def test_the_mix_is_that_of_the_shortest_step():
    size = 7
    hessian, old, pull = matrices(size)
    secants, point, points = no_secants(size), np.ones(size), []
    for _ in range(3):
        points.append(point)
        plain, image = step(hessian, old, pull, point)
        mixed = plain.copy()
        mix_secants(secants, point, mixed, image)
        point = mixed
    b = np.array(points)
    f = np.array([step(hessian, old, pull, each)[0] - each for each in b])
    dB, dF = (b[1:] - b[:-1]).T, (f[1:] - f[:-1]).T
    g = np.linalg.solve(dF.T @ old @ dF, dF.T @ old @ f[-1])
    expected = b[-1] + f[-1] - (dB + dF) @ g
    kept = expected * plain > 0.0
    assert kept.any()
    np.testing.assert_allclose(point, np.where(kept, expected, plain), rtol=1e-8)


def test_the_first_secant_of_an_alpha_serves_at_the_next():
    """Where the pull grows as it did, the same error is about to be made again."""
    size = 9
    hessian, old, _ = matrices(size)
    pull, point = hessian @ np.linspace(2.0, 4.0, size), np.linspace(2.0, 4.0, size)
    secants = no_secants(size)
    for _ in range(4):
        point = go(secants, hessian, old, 1.05 * pull, point)
    plain = go(no_secants(size), hessian, old, 1.1 * pull, point)
    next_alpha(secants)
    carried = go(secants, hessian, old, 1.1 * pull, point)
    assert far(hessian, 1.1 * pull, carried) < 0.3 * far(hessian, 1.1 * pull, plain)


def test_zeros_stay_and_no_coefficient_changes_its_sign():
    secants = no_secants(3)
    secants.numbers[1], row = 1, 2
    old, point = np.eye(3), np.zeros(3)
    secants.moves[row], secants.changes[row] = [1.0, 1.0, 5.0], [-0.1, 0.0, 0.0]
    secants.images[row] = old @ secants.changes[row]
    solution = np.array([2.0, 0.0, 1.0])
    assert mix_secants(secants, point, solution, old @ solution)
    np.testing.assert_allclose(solution, [2.0 + 20.0 * 0.9, 0.0, 1.0 + 20.0 * 5.0])
    solution = np.array([-2.0, 0.0, 1.0])
    next_alpha(secants)
    mix_secants(secants, point, solution, old @ solution)
    np.testing.assert_allclose(solution, [-2.0 - 20.0 * 0.9, 0.0, 1.0])


def test_secants_that_depend_on_each_other_have_a_finite_mix():
    size = 5
    hessian, old, pull = matrices(size)
    secants, point = no_secants(size), np.ones(size)
    for _ in range(40):  # to rounding, where differences are noise or zero
        point = go(secants, hessian, old, pull, point)
        assert np.all(np.isfinite(point))
    assert far(hessian, pull, point) < 1e-12


def test_columns_that_come_were_zero_before():
    """The mix is then that of vectors with zeros, whatever the matrix is in the new rows and columns."""
    small, size = 6, 8
    hessian, old, pull = matrices(size)
    secants, point = no_secants(small), np.ones(small)
    for _ in range(3):
        point = go(secants, hessian[:small, :small], old[:small, :small], pull[:small], point)
    grown = with_more(secants, size)
    next_alpha(grown)
    changes = grown.changes[2].copy()
    assert not changes[small:].any()
    start = np.r_[point, 0.0, 0.0]
    plain, image = step(hessian, old, pull, start)
    mixed = plain.copy()
    mix_secants(grown, start, mixed, image)
    g = (changes @ image) / (changes @ old @ changes)
    expected = plain - g * (grown.moves[2] + changes)
    np.testing.assert_allclose(mixed, np.where(expected * plain > 0.0, expected, plain), rtol=1e-8)


def test_a_new_matrix_forgets_and_a_new_alpha_carries_on():
    memory, point = SecantMemory(), np.ones(4)
    hessian, old, _ = matrices(4)
    pull = hessian @ np.arange(3.0, 7.0)

    def mixed(matrix, alpha):
        plain, image = step(hessian, old, pull, point)
        solution = plain.copy()
        memory.mix(matrix, alpha, point, solution, image)
        return not np.array_equal(solution, plain)

    assert not mixed(1, 0.5)
    point = 1.1 * point
    assert mixed(1, 0.5) and memory.secants.numbers.tolist() == [2, 0]
    assert mixed(1, 0.4) and memory.secants.numbers.tolist() == [1, 1]
    hessian, old, _ = matrices(5)
    pull, point = hessian @ np.arange(3.0, 8.0), np.r_[point, 0.0]
    assert mixed(1, 0.4) and memory.secants.numbers.tolist() == [1, 1]  # a column has come
    assert not mixed(2, 0.4) and memory.secants.numbers.tolist() == [1, 0]


def test_a_matrix_is_replaced_when_that_is_the_cheaper():
    assert not renewal_pays(1e-4, 1e-3, 1e-6, 3.0)  # two more steps at this pace
    assert renewal_pays(1e-4, 1.1e-4, 1e-6, 3.0)
    assert renewal_pays(1e-4, 1e-4, 1e-6, 1e9)
    assert not renewal_pays(1e-4, np.inf, 1e-6, 0.0)
    assert not renewal_pays(1e-4, 1e-3, 0.0, 1e9)
    assert served_long(5, 12.0, 3)
    assert not served_long(4, 12.0, 3)
    assert not served_long(NEWEST, 1.0, 3)


def test_steps_count_for_the_matrix_that_they_were_taken_with():
    """Steps with an old matrix do not age the one that replaced it in the same point."""
    age, cost = Age(), 4.6
    assert not age.begin(1.0)
    for _ in range(5):
        assert age.step(1, cost, [1.0, 1.0], 1e-6)
    for _ in range(2):
        assert not age.step(2, cost, [1.0, 0.01], 1e-6)
    assert not age.begin(0.9)
    for _ in range(12):
        assert not age.step(2, cost, [1.0, 0.01], 1e-6)
    assert not age.begin(0.9)  # the same point goes on
    assert age.begin(0.8)
    assert age.begin(0.7)  # no step was taken since, with this matrix or another
    age.step(3, cost, [1.0, 0.01], 1e-6)
    assert not age.begin(0.6)


def test_pivots_that_get_stuck_try_a_new_matrix_before_descent(monkeypatch):
    X, y = certified.draw("binomial", n=60, p=20)
    problem = build_problem(X, y, FitOptions(family=FAMILIES["binomial"]))
    pivots, failures = ActiveSet._pivot, iter([False, False, True])
    monkeypatch.setattr(ActiveSet, "_pivot", lambda *given: pivots(*given) and not next(failures, False))
    fit = strategies.begin(problem, tol=1e-9, solver="newton")
    points = strategies.points_of(Pointwise(fit), fit.null.alpha_max * np.array([0.5, 0.2, 0.1]))
    assert len(points) == 3 and all(point.gap <= 1e-9 for point in points)
    assert problem.work.epochs == 0 and problem.work.grams > 1 and next(failures, None) is None


PATHS = {
    "wide": ({"n": 120, "p": 400}, 150, 4),
    "elastic net": ({"n": 150, "p": 600}, 100, 1),
    "tall": ({"n": 1500, "p": 60}, 95, 2),
    "sparse": ({"n": 800, "p": 500, "density": 0.1}, 125, 7),
}


@few(2)
@pytest.mark.parametrize("kind", PATHS)
def test_logistic_paths_take_few_steps_and_few_matrices(kind):
    """With secants of one alpha alone, and a new matrix once a step gains little, 193, 111, 128 and 161 steps and 5, 2,
    1 and 8 matrices."""
    shape, steps, matrices = PATHS[kind]
    X, y = certified.draw("binomial", **shape)
    X = sp.csc_array(X) if kind == "sparse" else X
    options = {"l1_ratio": 0.5 if kind == "elastic net" else 1.0, "n_alphas": 60, "alpha_min_ratio": 0.05}
    path = certified.fit(X, y, family="binomial", tol=1e-4, **options)
    assert path.work["iterations"] <= steps
    assert path.work["grams"] <= matrices
