"""Every solver on every problem it can pose: certified, and with the objective of the reference solver."""

import functools
import warnings

import certified
import naive
import numpy as np
import pytest
import scipy.sparse as sp
import strategies
from grids import each_value, few
from kernels import callable_from_python

from fastreg import fit_path
from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.interface.arguments import FitOptions
from fastreg.numerics import cholesky
from fastreg.objective.families import FAMILIES
from fastreg.paths.plan import SOLVERS
from fastreg.paths.pointwise import Pointwise
from fastreg.paths.setup import build_problem
from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.automatic_choice import make_solver
from fastreg.solvers.coordinate_descent import CoordinateDescent
from fastreg.solvers.proximal_newton import ProximalNewton

SHAPES = {"tall": (40, 12), "wide": (20, 35)}
FRACTIONS = np.array([0.5, 0.1, 0.02])

append_row, delete_row, solve_factored = map(
    callable_from_python, (cholesky.append_row, cholesky.delete_row, cholesky.solve_factored)
)


@functools.cache
def problem_of(family, shape, weighted, fit_intercept, l1_ratio):
    """X, y and options; X has zeros enough to be worth storing sparsely."""
    n, p = SHAPES[shape]
    X, y = certified.draw(family, n=n, p=p, density=0.6)
    options = {"family": family, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept}
    if weighted:
        options["sample_weight"] = np.random.default_rng(1).uniform(0.3, 3, n)
    top = naive.alpha_max(X, y, **certified.naive_options(options | {"l1_ratio": max(l1_ratio, 0.5)}))
    return X, y, options | {"alphas": FRACTIONS * top}


@functools.cache
def best_of(*problem):
    """The least objectives of a problem of `problem_of`, found once."""
    return best_objectives(*problem_of(*problem))


def best_objectives(X, y, options):
    """The least objective at every alpha, by the reference solver."""
    words = certified.naive_options(options)
    plain = {name: value for name, value in words.items() if name != "fit_intercept"}
    return np.array([naive.objective(X, y, *naive.solve(X, y, a, **words), a, **plain) for a in options["alphas"]])


def allowed(family, l1_ratio):
    """The solvers that can pose the problem."""
    for name in SOLVERS:
        if name == "active_set" and family != "gaussian":
            continue
        if name == "ridge" and (family != "gaussian" or l1_ratio > 0):
            continue
        yield name


@each_value
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", FAMILIES)
def test_solvers_agree(family, l1_ratio, shape, weighted, fit_intercept):
    problem = family, shape, weighted, fit_intercept, l1_ratio
    (X, y, options), best = problem_of(*problem), best_of(*problem)
    for solver in allowed(family, l1_ratio):
        for kind in (np.array, sp.csc_array):
            path = certified.fit(kind(X), y, tol=1e-9, max_iter=20_000, solver=solver, **options)
            excess = certified.objectives(path, X, y, **options) - best
            scale = naive.null_scale(X, y, **certified.naive_options(options))
            assert np.all(np.abs(excess) <= 1e-8 * scale), (solver, kind.__name__, excess)


def solve_with(inner, X, y, options, tol):
    """A path point by point with one inner solver, as points."""
    given = {name: value for name, value in options.items() if name != "alphas"}
    problem = build_problem(X, y, FitOptions(**given | {"family": FAMILIES[options["family"]]}))
    pointwise = Pointwise(strategies.begin(problem, tol=tol, solver="pointwise"))
    pointwise.solver = ProximalNewton(inner)
    return strategies.points_of(pointwise, options["alphas"]), problem


@each_value
@pytest.mark.parametrize("form", ["gram", "residual", "pivots"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("family", FAMILIES)
def test_forms_of_the_inner_solver_agree(family, l1_ratio, shape, form):
    problem = family, shape, True, True, l1_ratio
    (X, y, options), best = problem_of(*problem), best_of(*problem)
    words = certified.naive_options(options)
    scale = naive.null_scale(X, y, **words)
    for kind in (np.array, sp.csc_array):
        inner = ActiveSet() if form == "pivots" else CoordinateDescent(form)
        points, problem = solve_with(inner, kind(X), y, options, 1e-9)
        assert (problem.work.pivots > 0) == (form == "pivots")
        assert problem.work.epochs == 0 if form == "pivots" else problem.work.epochs > 0
        for point, alpha, least in zip(points, options["alphas"], best):
            coef = np.zeros(X.shape[1])
            coef[point.columns] = point.values
            assert point.reason == "converged" and 0 <= point.gap <= 1e-9
            gap = naive.duality_gap(X, y, coef, point.intercept, alpha, enough=0.99e-9 * scale, **words)
            assert gap <= (1e-9 + certified.ROUNDING) * scale
            plain = {name: value for name, value in words.items() if name != "fit_intercept"}
            assert abs(naive.objective(X, y, coef, point.intercept, alpha, **plain) - least) <= 1e-8 * scale


def test_without_an_l1_part_no_alpha_is_far():
    """Nothing enters on the way down, so there is no way to be taken in steps."""
    X, y = certified.draw("gaussian", n=60, p=150)
    path = certified.fit(X, y, l1_ratio=0.0, alphas=[5.0, 0.5], solver="coordinate_descent")
    assert path.n_iters.max() <= 2


@pytest.mark.parametrize("family", FAMILIES)
def test_a_solver_says_by_name_what_it_cannot_pose(family):
    X, y = certified.draw(family)
    with pytest.raises(ValueError, match="solver='ridge' is for family='gaussian' with l1_ratio=0"):
        fit_path(X, y, family=family, l1_ratio=0.5, solver="ridge")
    if family != "gaussian":
        with pytest.raises(ValueError, match=r"'active_set'.*least squares.*solver='newton'"):
            fit_path(X, y, family=family, solver="active_set")
        with pytest.raises(ValueError, match="solver='ridge' is for family='gaussian'"):
            fit_path(X, y, family=family, l1_ratio=0.0, solver="ridge")


@few(2)
@pytest.mark.parametrize("solver", ["auto", "newton", "coordinate_descent", "proximal_gradient"])
@pytest.mark.parametrize("family", FAMILIES)
def test_offsets_factors_and_scales(family, solver):
    X, y = certified.draw(family, n=40, p=10, density=0.7)
    rng = np.random.default_rng(5)
    options = {
        "family": family, "l1_ratio": 0.7, "standardize": True, "offset": 0.3 * rng.normal(size=40),
        "penalty_factor": np.array([0, 1, 2, np.inf, 0.5, 1, 1, 0, 3, 1]),
    }  # fmt: skip
    options["alphas"] = FRACTIONS * naive.alpha_max(X, y, **certified.naive_options(options))
    best = best_objectives(X, y, options)
    scale = naive.null_scale(X, y, **certified.naive_options(options))
    for kind in (np.array, sp.csc_array):
        path = certified.fit(kind(X), y, tol=1e-9, max_iter=20_000, solver=solver, **options)
        assert path.coefs[[3]].nnz == 0
        assert np.all(np.abs(certified.objectives(path, X, y, **options) - best) <= 1e-8 * scale)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_dependent_columns_do_not_stop_the_active_set(l1_ratio):
    """Duplicates, sums of others and sign flips: coefficients are not unique, the objective is."""
    X, y = certified.draw("gaussian", n=25, p=6)
    X = np.column_stack([X, X[:, :3], -X[:, 3], X[:, 0] + X[:, 1], X @ np.ones(6)])
    options = {"l1_ratio": l1_ratio, "alphas": np.geomspace(1, 1e-3, 12)}
    best = best_objectives(X, y, options)
    scale = naive.null_scale(X, y)
    for solver in ("active_set", "coordinate_descent", "newton", "auto"):
        path = certified.fit(X, y, tol=1e-9, solver=solver, **options)
        assert np.all(certified.objectives(path, X, y, **options) - best <= 1e-9 * scale)


def test_ties_at_alpha_max_enter_together():
    X = np.tile(np.eye(6), (2, 1)) * np.sqrt(2)
    y = np.r_[1.0, 1, -1, 1, -1, 1, 1, 1, -1, 1, -1, 1]
    for solver in ("active_set", "coordinate_descent", "proximal_gradient"):
        options = {"alphas": [0.3, 0.1], "fit_intercept": False, "solver": solver}
        path = certified.fit(X, y, tol=1e-9, **options)
        assert np.array_equal(path.n_nonzero, [0, 6] if path.alpha_max <= 0.3 else [6, 6])


def test_a_factor_that_grows_and_shrinks_is_that_of_the_matrix():
    rng = np.random.default_rng(3)
    gram = np.cov(rng.normal(size=(12, 40)))
    factor, active = np.zeros((15, 15)), []
    for step in range(60):
        free = [j for j in range(12) if j not in active]
        if free and (len(active) < 3 or rng.random() < 0.6):
            j = int(rng.choice(free))
            assert append_row(factor, len(active), gram[j, active], gram[j, j])
            active.append(j)
        else:
            place = int(rng.integers(len(active)))
            delete_row(factor, len(active), place, *np.empty((2, len(active))))
            active.pop(place)
        size, block = len(active), gram[np.ix_(active, active)]
        lower = np.tril(factor[:size, :size])
        assert np.allclose(lower @ lower.T, block, rtol=0, atol=1e-12), step
        wanted = rng.normal(size=size)
        found = block @ wanted
        solve_factored(factor, size, found)
        assert np.allclose(found, wanted, rtol=0, atol=1e-10)
    duplicate = gram[0].copy()
    factor = np.zeros((3, 3))
    assert append_row(factor, 0, duplicate[:0], gram[0, 0])
    assert not append_row(factor, 1, duplicate[:1], gram[0, 0])


@pytest.mark.parametrize("kind", [np.array, sp.csc_array])
def test_verbs_of_a_design_are_those_of_the_matrix(kind):
    rng = np.random.default_rng(4)
    X, v, h = certified.draw("gaussian", n=30, p=9, density=0.5)[0], rng.normal(size=30), rng.random(30)
    design, some = as_design(check.check_design(kind(X))), np.array([4, 0, 7])
    centre = h @ X / h.sum()
    centred = X - centre
    close = {"rtol": 1e-12, "atol": 1e-12}
    assert np.allclose(design.correlate(v), X.T @ v, **close)
    assert np.array_equal(design.gather(some), X[:, some])
    assert np.allclose(design.gram(some, h, centre), (centred[:, some].T * h) @ centred[:, some], **close)
    scale = rng.uniform(0.5, 2, 3)
    assert np.allclose(design.row_gram(some, scale, centre), centred[:, some] / scale @ centred[:, some].T, **close)
    block = design.working_block(centre)
    block.extend(some[:1])
    block.extend(some[1:])
    balanced = v - v.mean()
    assert np.allclose(block.correlate(balanced), X[:, some].T @ balanced, **close)
    assert np.allclose(block.predict(scale), centred[:, some] @ scale, **close)


def test_a_loose_solver_is_not_called_converged():
    X, y = certified.draw("poisson", n=30, p=10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = fit_path(X, y, family="poisson", alphas=[0.05], tol=1e-12, max_iter=1)
    assert path.reasons == ["max_iter"] and path.gaps[0] > 1e-12
    assert not path.converged and isinstance(make_solver("auto"), ProximalNewton)


@few(4)
@pytest.mark.parametrize("kind", ["normal", "signs", "zeros and ones", "twins"])
@pytest.mark.parametrize("seed", range(5))
def test_walks_among_dependent_columns_reach_the_optimum(seed, kind):
    """A cold start far below alpha_max on more columns than rows: the active ones soon span all rows, and any other
    that enters must change places with one of them. Walks never go round in circles, or hand over to descents."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(3, 30)), int(rng.integers(30, 150))
    X = rng.normal(size=(n, p))
    if kind == "signs":
        X = np.sign(X)
    elif kind == "zeros and ones":
        X = 1.0 * (rng.random((n, p)) < 0.3)
    elif kind == "twins":
        X[:, p // 2 :] = X[:, : p - p // 2]
    y = rng.normal(size=n)
    top = fit_path(X, y, n_alphas=1).alpha_max
    for ratio in (0.3, 1e-2, 1e-4):
        path = certified.fit(X, y, alphas=[ratio * top], solver="active_set", tol=1e-7)
        assert path.work["epochs"] == 0 and path.work["pivots"] <= 5 * p


@few(1)
@pytest.mark.parametrize("max_iter", [5, 50])
def test_steps_that_rounding_leads_astray_are_taken_back(max_iter):
    """30 powers of t far below alpha_max: Gram matrices of theirs are indefinite by rounding, and steps run away.

    How far below alpha_max points can be certified depends on the rounding. Those that cannot are marked, and are no
    worse than where they began, which is at the point before.
    """
    t = np.linspace(0.0, 1.0, 200)
    X, y = np.vander(t, 30), np.sin(20.0 * t)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = fit_path(X, y, tol=1e-10, n_alphas=50, alpha_min_ratio=1e-8, max_iter=max_iter)
    assert path.reasons.count("converged") >= 35
    assert set(path.reasons) <= {"converged", "max_iter"}
    np.testing.assert_allclose(certified.proven_gaps(path, X, y), path.gaps, atol=1e-5)
    size = naive.null_scale(X, y)
    objectives = certified.objectives(path, X, y)
    for k, alpha in enumerate(path.alphas[1:], start=1):
        start = naive.objective(X, y, *certified.column(path, k - 1), alpha)
        assert objectives[k] <= start + 1e-6 * size, alpha
        assert path.gaps[k] <= objectives[k] / size + 1e-6  # that at the dual point zero, which is always allowed
