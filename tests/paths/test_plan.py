"""What runs on which problem: the choices of fastreg.paths.plan for the problems of the README, and for their like."""

from types import SimpleNamespace

import certified
import numpy as np
import pytest
import scipy.sparse as sp

from fastreg import cv_path, fit_path
from fastreg.design.designs import DenseDesign, as_design
from fastreg.objective.families import FAMILIES
from fastreg.paths import plan

GRID = np.geomspace(1.0, 0.01, 100)


def shape_of(n, p, family="gaussian", l1_ratio=1.0, per_column=None, **more):
    """What a plan asks of a problem, without its data: dense, or sparse with so many values a column."""
    if per_column is None:
        design, stored = DenseDesign(np.broadcast_to(0.0, (p, n))), n * p
    else:
        design, stored = as_design(sp.csc_array((2, 2))), per_column * p
    kind = FAMILIES[family]
    family = kind(np.empty(0), np.empty(0))
    known = {
        "bounds": None, "without_l1": np.empty(0, dtype=int), "penalised": np.ones(p, dtype=bool), "is_reduced": False,
        "in_blocks_of_rows": False, "K": 1,
        "bend": kind.bend, "tight": True, "centre": np.zeros(p), "has_l1": l1_ratio > 0.0, "has_ridge": l1_ratio < 1.0,
    }  # fmt: skip
    return SimpleNamespace(n=n, p=p, family=family, design=design, stored=stored, **known | more)


def first_strategy(problem, solver="auto", alphas=GRID):
    """The strategy that begins, as the driver is told."""
    fit = SimpleNamespace(problem=problem, solver=solver, alphas=alphas, max_iter=1000, alpha=None, points=[])
    return plan.strategies(fit)[0]


README = {  # each row of its table of speed: (shape, first strategy, p rows for all, a cold start by descent)
    "lasso, NCI60": (shape_of(64, 6829), "batched_lasso", False, False),
    "logistic lasso, NCI60": (shape_of(64, 6830, "binomial"), "batched_newton", False, False),
    "lasso, wide": (shape_of(200, 20_000), "batched_lasso", False, False),
    "elastic net, wide": (shape_of(200, 20_000, l1_ratio=0.5), "batched_descent", False, False),
    "logistic lasso, wide": (shape_of(200, 20_000, "binomial"), "batched_newton", False, False),
    "Poisson lasso, wide": (shape_of(200, 20_000, "poisson"), "batched_newton", False, False),
    "lasso, tall": (shape_of(20_000, 500), "batched_lasso", True, True),
    "logistic lasso, tall": (shape_of(20_000, 500, "binomial"), "pointwise", False, True),
    "lasso, sparse": (shape_of(20_000, 100_000, per_column=20), "batched_lasso", False, True),
    "logistic lasso, sparse": (shape_of(20_000, 100_000, "binomial", per_column=20), "pointwise", False, True),
    "lasso, text": (shape_of(63_666, 33_208, per_column=150), "batched_lasso", False, True),
    "logistic lasso, text": (shape_of(63_666, 33_208, "binomial", per_column=150), "pointwise", False, True),
}


@pytest.mark.parametrize("row", README)
def test_the_problems_of_the_readme(row):
    problem, strategy, reduced, descends = README[row]
    assert first_strategy(problem) == strategy
    assert plan.reduces_to_gram(problem, "auto", 100, np.inf) == reduced
    assert plan.descends_first(problem, "auto", 1e-6) == descends


@pytest.mark.parametrize(
    ("more", "solver", "alphas", "strategy"),
    [
        ({}, "coordinate_descent", GRID, "pointwise"),
        ({}, "pointwise", GRID, "pointwise"),
        ({}, "newton", GRID, "batched_newton"),
        ({}, "auto", GRID[:4], "pointwise"),
        ({}, "auto", np.r_[GRID, 0.0], "pointwise"),
        ({"bounds": object()}, "auto", GRID, "pointwise"),
        ({"without_l1": np.array([0])}, "auto", GRID, "pointwise"),
        ({"l1_ratio": 0.0}, "auto", GRID, "ridge"),
        ({"l1_ratio": 0.0, "bounds": object()}, "auto", GRID, "pointwise"),
        ({"family": "poisson", "bend": np.inf}, "auto", GRID, "pointwise"),
    ],
)
def test_what_keeps_batches_away(more, solver, alphas, strategy):
    assert first_strategy(shape_of(100, 1000, **{"l1_ratio": 1.0} | more), solver, alphas) == strategy


@pytest.mark.parametrize(
    ("solver", "family", "l1_ratio", "methods"),
    [
        ("batched_lasso", "gaussian", 1.0, {"batched_lasso"}),
        ("batched_newton", "gaussian", 1.0, {"batched_newton"}),
        ("batched_newton", "binomial", 0.7, {"batched_newton"}),
        ("batched_descent", "gaussian", 0.5, {"batched_descent"}),
        ("pointwise", "poisson", 1.0, {"pointwise"}),
        ("pointwise", "gaussian", 0.0, {"pointwise"}),
        ("auto", "gamma", 0.0, {"ridge"}),
    ],
)
def test_any_strategy_can_be_named(solver, family, l1_ratio, methods):
    """And the path says of every point which found it."""
    X, y = certified.draw(family, n=40, p=80)
    path = certified.fit(X, y, family=family, l1_ratio=l1_ratio, solver=solver, n_alphas=20, alpha_min_ratio=0.1)
    assert set(path.methods) == methods and len(path.methods) == path.alphas.size


@pytest.mark.parametrize(
    ("solver", "options"),
    [
        ("batched_lasso", {"l1_ratio": 0.5}),
        ("batched_lasso", {"family": "poisson"}),
        ("batched_newton", {"penalty_factor": np.r_[0.0, np.ones(29)]}),
        ("batched_newton", {"lower": 0.0}),
        ("batched_descent", {"l1_ratio": 1.0}),
        ("batched_newton", {"alphas": [0.1]}),
    ],
)
def test_a_strategy_that_does_not_suit_is_refused(solver, options):
    X, y = certified.draw("poisson", n=20, p=30)
    with pytest.raises(ValueError, match=f"solver='{solver}' does not suit this problem.*use solver='auto'"):
        fit_path(X, y, solver=solver, **options)


def test_folds_say_how_their_points_were_found():
    X, y = certified.draw("gaussian", n=60, p=100)
    found = cv_path(X, y, cv=4, n_alphas=20)
    assert all(set(fold.methods) == {"batched_lasso"} for fold in found.fold_paths)


def test_elastic_nets_on_a_coarse_grid_are_fitted_point_by_point():
    small, larger = shape_of(200, 4000, l1_ratio=0.5), shape_of(1000, 2000, l1_ratio=0.5)
    for count, first in [(5, "pointwise"), (10, "pointwise"), (30, "pointwise"), (100, "batched_descent")]:
        assert first_strategy(larger, alphas=np.geomspace(1.0, 0.01, count)) == first
    assert first_strategy(small, alphas=np.geomspace(1.0, 0.01, 5)) == "batched_descent"
    assert first_strategy(small, alphas=np.geomspace(1.0, 0.01, 10)) == "pointwise"
    assert first_strategy(larger, "batched_descent", np.geomspace(1.0, 0.01, 10)) == "batched_descent"
    assert first_strategy(shape_of(1000, 2000), alphas=np.geomspace(1.0, 0.01, 10)) == "batched_lasso"
