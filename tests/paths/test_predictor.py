"""Points that begin on the line through the last two: certified as ever, for fewer epochs."""

import certified
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

from fastreg.interface.arguments import FitOptions
from fastreg.objective.screening import rising_columns, strong_columns
from fastreg.paths.predictor import Predictor, going_on
from fastreg.paths.setup import build_problem, checked


def test_the_line_leaves_out_what_changes_sign_or_has_just_entered():
    before, last = np.array([1.0, 0.0, 2.0, -1.0, 0.0]), np.array([2.0, 1.0, 0.5, -1.5, 0.0])
    steps = going_on(before, last, (1.0, 0.8, 0.7))
    np.testing.assert_allclose(steps, [0.5, 0.0, 0.0, -0.25, 0.0])


def test_a_predictor_ends_where_it_does_not_help():
    predictor, coef = Predictor(), np.ones(3)
    predictor.leave(1.0, coef, 9, True)
    assert predictor.steps(coef, 0.9) is None  # one point makes no line
    predictor.leave(0.9, 2.0 * coef, 9, True)
    np.testing.assert_allclose(predictor.steps(2.0 * coef, 0.81), 0.9)
    assert predictor.steps(2.0 * coef, 0.5) is None  # too far
    assert predictor.steps(2.0 * coef, 0.9) is None  # the same alpha again
    np.testing.assert_allclose(predictor.steps(np.full(4, 2.0), 0.81), [0.9, 0.9, 0.9, 0.0])  # a column has joined
    predictor.leave(0.81, 3.0 * coef, 9, False)
    assert predictor.steps(3.0 * coef, 0.75) is None  # as many epochs as without
    predictor.leave(0.75, 3.5 * coef, 12, True)
    assert predictor.steps(3.5 * coef, 0.7) is not None
    predictor.leave(0.7, 4.0 * coef, 0, True)
    assert predictor.steps(4.0 * coef, 0.65) is None  # no descent


def test_alphas_that_repeat_or_rise_have_no_line():
    for first, second, alpha in [(0.9, 0.9, 0.8), (0.8, 0.9, 0.85)]:
        predictor, coef = Predictor(), np.ones(2)
        predictor.leave(first, coef, 9, True)
        predictor.leave(second, 2.0 * coef, 9, True)
        assert predictor.steps(2.0 * coef, alpha) is None


@few(2)
@pytest.mark.parametrize("make", [np.asfortranarray, sp.csc_array], ids=["dense", "sparse"])
@pytest.mark.parametrize(
    ("family", "more"),
    [
        ("gaussian", {"l1_ratio": 0.5}),
        ("binomial", {"sample_weight": np.random.default_rng(1).uniform(0, 2, 200)}),
        ("poisson", {"penalty_factor": np.r_[0.0, 2.0, np.ones(78)], "fit_intercept": False}),
        ("gaussian", {"lower": -0.05, "upper": 0.1}),
    ],
    ids=["elastic net", "weights", "factors", "bounds"],
)
def test_descents_take_fewer_epochs_along_the_line(family, more, make, monkeypatch):
    X, y = certified.draw(family, n=200, p=80, density=0.5)
    options = {"family": family, "n_alphas": 60, "alpha_min_ratio": 0.01, "solver": "coordinate_descent", **more}
    path = certified.fit(make(X), y, tol=1e-8, **options)
    monkeypatch.setattr("fastreg.paths.predictor.NEAR", 1.0)
    without = certified.fit(make(X), y, tol=1e-8, **options)
    assert 0 < path.work["epochs"] < without.work["epochs"]


def test_columns_that_rise_fast_are_found_from_two_points():
    """At alphas 1 and 0.9 correlations of 0.5 and 0.69 lead to 0.88 at 0.8; the strong rule keeps those above 0.7."""
    X = np.random.default_rng(0).normal(size=(20, 4))
    problem = build_problem(X, X[:, 0], checked(FitOptions()))
    at, inside = problem.penalty_at(0.8), np.array([False, False, False, True])
    before, last = np.array([0.5, 0.65, -0.4, 0.5]), np.array([0.69, 0.68, -0.62, 0.7])
    found = rising_columns((1.0, before), (0.9, last), problem, at, inside)
    np.testing.assert_array_equal(found, [0, 2])
    assert strong_columns(last, problem, at, 0.9, inside, 4).size == 0
    assert rising_columns((np.inf, None), (0.9, last), problem, at, inside).size == 0  # one point alone
    assert rising_columns((0.95, before), (0.94, last), problem, at, inside).size == 0  # too far away
