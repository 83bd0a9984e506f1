"""What a fit of several responses leaves behind beside its coefficients, and where it may end early."""

import warnings

import naive_multi as naive
import numpy as np
import pytest
from certified_multi import draw, fit
from grids import few

from fastreg import Interrupted, fit_multi_path
from fastreg.interface.arguments import FitOptions
from fastreg.multi.driver import MultiRecorder, begin_fit, build_multi_problem
from fastreg.multi.null_model import MultiNullModel
from fastreg.paths.driver import answered, run

FAMILIES = ["gaussian", "multinomial"]


@pytest.mark.parametrize("l1_ratio, method", [(1.0, "pointwise"), (0.5, "pointwise"), (0.0, "ridge")])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_trace_adds_up_to_the_work_and_methods_name_the_strategy(family, l1_ratio, method):
    X, Y = draw(family, n=40, p=60)
    path = fit_multi_path(X, Y, family=family, l1_ratio=l1_ratio, n_alphas=6, alpha_min_ratio=0.1)
    assert path.methods == [method] * 6
    for name in ("columns_read", "sweeps", "iterations", "epochs", "pivots", "grams"):
        assert path.trace[name].shape == (6,) and path.trace[name].sum() == path.work[name]
    assert path.trace["seconds"].min() >= 0.0 and path.steps is None


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4, 0.0])
@pytest.mark.parametrize("family", FAMILIES)
def test_steps_hold_the_objective_of_every_solver_step(family, l1_ratio):
    X, Y = draw(family, n=40, p=12)
    alphas = [0.1, 0.05]
    path = fit_multi_path(X, Y, family=family, l1_ratio=l1_ratio, alphas=alphas, trace=True)
    steps = path.steps
    assert steps["point"].size == path.work["iterations"] and set(steps["point"]) <= {1, 2}
    for number, alpha in enumerate(alphas, start=1):
        here = steps["point"] == number
        best = naive.objective(X, Y, *path.point(number - 1), alpha, family=family, l1_ratio=l1_ratio)
        assert np.all(steps["alpha"][here] == alpha)
        assert np.all(steps["objective"][here] >= best - 1e-12 - path.gaps[number - 1] * path.work["null_loss"])
        assert steps["objective"][here][-1] == pytest.approx(best, rel=1e-9)
        assert steps["support"][here][-1] == path.n_nonzero[number - 1]


def test_options_of_the_fit_are_kept():
    X, Y = draw("gaussian")
    factor, weight = np.r_[2.0, np.ones(9)], np.linspace(1.0, 2.0, 40)
    path = fit_multi_path(X, Y, n_alphas=3, penalty_factor=factor, sample_weight=weight, standardize=True)
    assert path.standardize and path.fit_intercept and path.weighted and not path.has_offset
    np.testing.assert_array_equal(path.penalty_factor, factor)
    assert fit_multi_path(X, Y, n_alphas=3).penalty_factor is None


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fit_may_end_before_its_last_alpha(family):
    X, Y = draw(family, n=40, p=30)
    options = FitOptions(family)
    problem, _ = build_multi_problem(X, Y, options)
    null = MultiNullModel(problem)
    alphas = null.alpha_max * np.geomspace(1.0, 0.1, 10)
    recorder = MultiRecorder(problem, 0.0, 10)
    fit = begin_fit(null, alphas, options, recorder, until=lambda point: point.columns.size >= 3)
    answered(run(fit), problem)
    counts = [point.columns.size for point in fit.points]
    assert counts[-1] >= 3 and all(count < 3 for count in counts[:-1]) and len(counts) < 10


@pytest.mark.parametrize("family", FAMILIES)
def test_a_solution_to_start_from_is_certified_as_it_stands(family):
    from fastreg.interface.arguments import Grid
    from fastreg.multi.driver import solve_multi_path

    X, Y = draw(family, n=40, p=30)
    options = FitOptions(family, tol=1e-6)
    path = solve_multi_path(X, Y, options._replace(tol=1e-9), Grid([0.1]))
    again = solve_multi_path(X, Y, options, Grid([0.1]), start=path.point(0))
    assert again.n_iters.tolist() == [0] and again.converged
    gap = naive.duality_gap(X, Y, *again.point(0), 0.1, family=family)
    assert gap <= 1.001e-6 * again.work["null_loss"]


@few(2)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("share", [0.3, 0.1, 0.02, 0.003])
@pytest.mark.parametrize("family", FAMILIES)
def test_far_alphas_are_reached_at_once_and_certified(family, share, l1_ratio):
    X, Y = draw(family, n=50, p=200)
    top = fit_multi_path(X, Y, family=family, l1_ratio=l1_ratio, n_alphas=1).alpha_max
    cold = fit(X, Y, family=family, l1_ratio=l1_ratio, alphas=[share * top])
    way = fit_multi_path(X, Y, family=family, l1_ratio=l1_ratio, alphas=top * np.geomspace(1.0, share, 12), tol=1e-9)
    if family == "multinomial" or share > 0.05:
        assert cold.work["iterations"] < way.work["iterations"]


def test_columns_without_a_penalty_that_separate_the_classes_are_told():
    X = np.repeat(np.eye(3), 5, axis=0) + 0.01 * np.random.default_rng(0).normal(size=(15, 3))
    X = np.column_stack([X, np.random.default_rng(1).normal(size=15)])
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        path = fit_multi_path(
            X, np.repeat([0, 1, 2], 5), family="multinomial", penalty_factor=[0, 0, 0, 1], alphas=[1.0, 0.5]
        )
    assert set(path.reasons) == {"separable"}


def test_ctrl_c_before_the_first_point_has_no_path():
    X, Y = draw("gaussian")

    class Stops:
        def __array__(self, dtype=None, copy=None):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        fit_multi_path(X, Y, sample_weight=Stops())
    assert caught.value.path is None
