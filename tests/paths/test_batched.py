"""Paths by batches of points, and folds of tall least squares by subtraction: certified, and as single points are."""

import warnings

import certified
import numpy as np
import pytest
import scipy.sparse as sp
import strategies
from grids import few

from fastreg import cv_path, fit_path
from fastreg.interface.arguments import FitOptions
from fastreg.objective.families import Binomial, Gaussian, Poisson
from fastreg.paths.batched.batches import Batches
from fastreg.paths.batched.lasso import LassoBatch
from fastreg.paths.batched.newton import NewtonBatch
from fastreg.paths.driver import collect
from fastreg.paths.plan import batches_for
from fastreg.paths.setup import build_problem


def pose(X, y, family=Gaussian, l1_ratio=1.0, **options):
    """A Problem with the defaults of fit_path."""
    return build_problem(X, y, FitOptions(family, l1_ratio, **options))


def by_batches(X, y, alphas, tol=1e-10, **more):
    """The path by batches of the lasso, or None where they give up."""
    problem = pose(X, y, **more)
    fit = strategies.begin(problem, alphas, tol)
    assert batches_for(problem, "auto", alphas, 1000) == "batched_lasso"
    points = strategies.points_of(Batches(LassoBatch, fit), alphas)
    return collect(fit, points, problem, strategies.options(tol, **more)) if len(points) == alphas.size else None


@few(2)
@pytest.mark.parametrize("make", [np.asfortranarray, sp.csc_array], ids=["dense", "sparse"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fit_intercept": False},
        {"standardize": True},
        {"sample_weight": np.random.default_rng(1).uniform(0, 2, 40) * (np.arange(40) % 7 > 0)},
        {"offset": np.random.default_rng(2).normal(size=40)},
        {"penalty_factor": np.random.default_rng(3).uniform(0.5, 2, 300)},
    ],
    ids=lambda options: next(iter(options), "plain"),
)
def test_blocks_are_certified_points(options, make):
    X, y = certified.draw("gaussian", n=40, p=300, density=0.6)
    alphas = fit_path(X, y, n_alphas=60, alpha_min_ratio=0.005, **options).alphas
    path = by_batches(make(X), y, alphas, **options)
    certified.assert_certified(path, X, y, tol=1e-10, **options)
    other = fit_path(make(X), y, alphas=alphas, tol=1e-12, **options)
    np.testing.assert_allclose(path.coefs.toarray(), other.coefs.toarray(), atol=1e-5)
    np.testing.assert_allclose(path.deviance_ratio, other.deviance_ratio, atol=1e-8)


def test_far_grids_and_alphas_above_the_top():
    X, y = certified.draw("gaussian", n=50, p=400)
    top = fit_path(X, y, n_alphas=1).alpha_max
    alphas = top * np.array([3.0, 1.0, 0.99, 0.01, 0.002])
    path = by_batches(X, y, alphas)
    certified.assert_certified(path, X, y, tol=1e-10)
    assert path.n_nonzero[0] == path.n_nonzero[1] == 0


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_columns_enter_above_the_grid_of_a_small_l1_part(family):
    """The grid begins as with an l1_ratio of 1e-3, below the alphas at which all coefficients are zero."""
    X, y = certified.draw(family, n=40, p=60)
    path = certified.fit(X, y, family=family, l1_ratio=2e-4, n_alphas=6)
    assert set(path.methods) == {"batched_descent"} and path.n_nonzero[0] > 0
    top = 5.0 * path.alpha_max
    alphas = top * np.array([2.0, 1.01, 0.8, 0.5, 0.2, 0.1])
    path = certified.fit(X, y, family=family, l1_ratio=2e-4, alphas=alphas)
    assert np.array_equal(path.n_nonzero > 0, alphas < top)


@pytest.mark.slow
def test_supports_that_grow_within_a_block_are_left_to_descent():
    """From some hundred columns on pivots cost more than epochs over sparse columns: 35,000 of them, if none stops."""
    rng = np.random.default_rng(0)
    n, p = 2000, 8000
    X = sp.random_array((n, p), density=2e-3, rng=rng, format="csc")
    y = X @ np.r_[rng.normal(size=300), np.zeros(p - 300)] + 0.1 * rng.normal(size=n)
    path = fit_path(X, y, n_alphas=22, alpha_min_ratio=3e-3)
    certified.assert_certified(path, X, y, tol=1e-6)
    assert path.n_nonzero[-1] > 1000
    assert path.work["epochs"] > 0
    assert path.work["pivots"] < 4000


def test_a_gap_that_is_no_number_certifies_nothing(monkeypatch):
    """Should arithmetic ever leave NaN behind, the block is given up, and each point solved and certified anew."""
    X, y = certified.draw("gaussian", n=40, p=60)
    monkeypatch.setattr("fastreg.paths.batched.lasso.lasso_gaps", lambda *arguments: arguments[-1].fill(np.nan))
    path = fit_path(X, y, n_alphas=8, tol=1e-10)
    certified.assert_certified(path, X, y, tol=1e-10)


def test_dependent_columns_are_certified_or_left_to_others():
    """Copies of columns tie; where the walk gets stuck it says so, and cv_path fits the fold point by point."""
    X, y = certified.draw("gaussian", n=40, p=30)
    X = np.hstack([X, X, -X])
    alphas = fit_path(X, y, n_alphas=30).alphas
    found = by_batches(X, y, alphas)
    if found is not None:
        certified.assert_certified(found, X, y, tol=1e-10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = cv_path(X, y, cv=4, n_alphas=30)
    for f, fold in enumerate(result.fold_paths):
        train = result.test_folds != f
        certified.assert_certified(fold, X[train], y[train], tol=1e-6)


def test_constant_response():
    X, _ = certified.draw("gaussian", n=20, p=30)
    path = by_batches(X, np.ones(20), np.geomspace(0.1, 0.01, 5))
    assert path.converged and np.all(path.n_nonzero == 0) and np.allclose(path.intercepts, 1.0)


# ---- folds by subtraction


TALL = {
    "plain": {},
    "no intercept": {"fit_intercept": False, "standardize": True},
    "all": {"sample_weight": "w", "offset": "o", "standardize": True},
    "elastic net": {"l1_ratio": 0.5, "sample_weight": "w"},
    "factors": {"penalty_factor": np.r_[0.0, np.ones(18), np.inf]},
}


def tall(n=12_000, p=20):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) + 2 * rng.normal(size=p)
    return X, X[:, :5] @ rng.normal(size=5) + rng.normal(size=n) + 3, rng.uniform(0.2, 3, n), rng.normal(size=n)


@pytest.mark.slow
@pytest.mark.parametrize("make", [np.asfortranarray, sp.csc_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("case", TALL)
def test_folds_by_subtraction_are_those_of_the_training_rows(case, make):
    X, y, w, o = tall()
    vectors = {"w": w, "o": o}
    options = {name: vectors[v] if isinstance(v, str) else v for name, v in TALL[case].items()}
    found = cv_path(make(X), y, cv=5, n_alphas=40, tol=1e-10, keep_predictions=True, **options)
    assert found.path.work["grams"] == 1
    assert found.work["passes"] < 1.0  # all that the folds read of X was read for the Gram matrix of all rows
    for f, fold in enumerate(found.fold_paths):
        train, test = found.test_folds != f, found.test_folds == f
        here = {name: v[train] if name in ("sample_weight", "offset") else v for name, v in options.items()}
        certified.assert_certified(fold, X[train], y[train], tol=1e-6, **here)
        alone = fit_path(X[train], y[train], alphas=found.alphas, tol=1e-12, **here)
        np.testing.assert_allclose(fold.coefs.toarray(), alone.coefs.toarray(), atol=2e-3)
        np.testing.assert_allclose(fold.deviance_ratio, alone.deviance_ratio, atol=1e-5)
        eta = X[test] @ fold.coefs.toarray() + fold.intercepts
        eta += options["offset"][test, None] if "offset" in options else 0.0
        np.testing.assert_allclose(found.predictions[test], eta, atol=1e-9)


def test_digits_that_subtraction_would_lose_are_not_lost():
    """A column whose spread lies in one fold's held-out rows: that fold is fitted from its rows."""
    X, y, _, _ = tall()
    found = cv_path(X, y, cv=5, n_alphas=5)
    held = found.test_folds == 2
    X[:, 7] = np.where(held, 1e6 * X[:, 7], 1e-3 * X[:, 7])
    again = cv_path(X, y, cv=5, alphas=[0.1, 0.01])
    np.testing.assert_array_equal(again.test_folds, found.test_folds)
    fold = again.fold_paths[2]
    certified.assert_certified(fold, X[~held], y[~held], tol=1e-6)
    assert fold.work["grams"] == 1  # its own


# ---- what it costs


@few(1)
@pytest.mark.parametrize(
    ("family", "l1_ratio", "n", "p"),
    [
        ("gaussian", 1.0, 60, 3000),
        ("gaussian", 1.0, 200, 5000),
        ("gaussian", 0.5, 60, 3000),
        ("binomial", 1.0, 60, 3000),
    ],
)
def test_a_path_and_its_ten_folds_read_a_wide_X_twenty_times_at_most(family, l1_ratio, n, p):
    X, y = certified.draw(family, n=n, p=p)
    found = cv_path(X, y, family=family, l1_ratio=l1_ratio, alpha_min_ratio=0.05 if family == "binomial" else None)
    assert found.work["passes"] < 20.0
    assert found.path.work["sweeps"] <= 9


@few(2)
@pytest.mark.parametrize(
    "more",
    [
        {"sample_weight": np.random.default_rng(1).uniform(0, 2, 60)},
        {"offset": np.ones(60)},
        {"fit_intercept": False},
        {"standardize": True},
    ],
    ids=lambda more: next(iter(more)),
)
@pytest.mark.parametrize(("family", "cls"), [("gaussian", Gaussian), ("binomial", Binomial), ("poisson", Poisson)])
def test_newton_blocks_are_certified_points(family, cls, more):
    """GLMs and elastic nets by blocks; what is expected of a point may be wrong."""
    X, y = certified.draw(family, n=60, p=200)
    options = {"family": family, "l1_ratio": 0.7} | more
    other = certified.fit(X, y, n_alphas=30, alpha_min_ratio=0.05, tol=1e-9, **options)
    problem = pose(X, y, cls, 0.7, **more)
    expected = [np.array([k, 199 - k]) for k in range(30)]
    fit = strategies.begin(problem, other.alphas, 1e-7, expected=expected)
    assert batches_for(problem, "newton", other.alphas, 1000) == "batched_newton"
    assert len(strategies.points_of(Batches(NewtonBatch, fit), other.alphas)) == other.alphas.size
    path = collect(fit, fit.points, problem, strategies.options(1e-7))
    certified.assert_certified(path, X, y, tol=1e-7, **options)
    np.testing.assert_allclose(path.deviance_ratio, other.deviance_ratio, atol=1e-3)


@few(1)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"sample_weight": np.random.default_rng(1).uniform(0, 2, 40) * (np.arange(40) % 7 > 0)},
        {"offset": np.random.default_rng(2).normal(size=40)},
        {"penalty_factor": np.random.default_rng(4).uniform(0.5, 2, 1200)},
        {"fit_intercept": False, "standardize": True},
    ],
    ids=lambda more: next(iter(more), "plain"),
)
@pytest.mark.parametrize("tol", [1e-3, 1e-5])
def test_elastic_nets_descend_where_more_columns_are_active_than_rows(tol, more):
    """By fewer epochs, and within the gap asked for; and as Newton's method finds them."""
    X, y = certified.draw("gaussian", n=40, p=1200)
    options = {"l1_ratio": 0.1, "n_alphas": 50, "alpha_min_ratio": 0.01} | more
    path = certified.fit(X, y, tol=tol, **options)
    assert path.n_nonzero[-1] > 100
    assert 0 < path.work["epochs"] < 50 * 50
    other = fit_path(X, y, tol=1e-12, solver="newton", **options)
    assert other.work["epochs"] == 0 and set(other.reasons) == {"converged"}
    apart = X @ (path.coefs - other.coefs).toarray() + path.intercepts - other.intercepts
    weight = more.get("sample_weight", np.ones(40))
    # A gap bounds half the mean square by which predictions differ from the optimum's.
    assert np.all(weight @ apart**2 / weight.sum() <= 2.0 * (tol + 1e-12) * path.work["null_loss"] * 1.01)


@few(1)
@pytest.mark.parametrize("tol", [1e-4, 1e-8])
def test_elastic_nets_descend_in_gram_form_where_rows_are_many(tol):
    X, y = certified.draw("gaussian", n=300, p=310)
    options = {"l1_ratio": 0.3, "n_alphas": 60, "alpha_min_ratio": 0.01}
    path = certified.fit(X, y, tol=tol, **options)
    assert path.n_nonzero[-1] > 100 and 0 < path.work["epochs"] < 60 * 40
    other = fit_path(X, y, tol=1e-12, solver="newton", **options)
    np.testing.assert_allclose(path.deviance_ratio, other.deviance_ratio, atol=2.0 * tol**0.5)


@pytest.mark.slow
def test_descent_begins_where_the_line_through_two_points_leads(monkeypatch):
    """Fewer epochs than from the last point, and the same path."""
    X, y = certified.draw("gaussian", n=100, p=800)
    options = {"l1_ratio": 0.5, "n_alphas": 100, "alpha_min_ratio": 0.01, "tol": 1e-5}
    path = certified.fit(X, y, **options)
    monkeypatch.setattr("fastreg.paths.predictor.going_on", lambda before, last, alphas: np.zeros(last.size))
    without = certified.fit(X, y, **options)
    assert 0 < path.work["epochs"] < 0.8 * without.work["epochs"]


@pytest.mark.slow
def test_exact_elastic_nets_leave_the_blocks_where_active_columns_are_many():
    """Then steps among the rows solve them: hardly more of these than points, where Newton's method takes several."""
    X, y = certified.draw("gaussian", n=40, p=4000)
    options = {"l1_ratio": 0.05, "n_alphas": 60, "alpha_min_ratio": 0.01, "tol": 1e-10}
    path = certified.fit(X, y, **options)
    other = certified.fit(X, y, solver="newton", **options)
    assert path.n_nonzero[-1] > 300 and path.n_iters[-1] < 3 <= other.n_iters[-1]
    np.testing.assert_allclose(path.coefs.toarray(), other.coefs.toarray(), atol=1e-4)


def test_descent_that_takes_too_long_gives_way():
    """With hardly any ridge part epochs are many: the next points go by Newton's method."""
    X, y = certified.draw("gaussian", n=40, p=1200)
    path = certified.fit(X, y, l1_ratio=0.999, n_alphas=50, alpha_min_ratio=1e-4, tol=1e-5)
    assert path.work["pivots"] > 0 and path.work["epochs"] < 50 * 200


@pytest.mark.parametrize(("shape", "l1_ratio"), [((40, 120), 1.0), ((40, 120), 0.5), ((12_000, 20), 1.0)], ids=str)
def test_paths_know_their_cost_and_how_they_were_posed(shape, l1_ratio):
    """By blocks, point by point and by subtraction: so that a fold's path can be refitted and saved."""
    X, y = certified.draw("gaussian", n=shape[0], p=shape[1])
    factor = np.r_[2.0, np.ones(shape[1] - 1)]
    found = cv_path(X, y, cv=4, n_alphas=12, l1_ratio=l1_ratio, penalty_factor=factor, standardize=True)
    for path, rows in [(found.path, found.test_folds >= 0), (found.fold_paths[1], found.test_folds != 1)]:
        assert path.standardize and path.fit_intercept and np.array_equal(path.penalty_factor, factor)
        assert sorted(path.trace) == sorted(fit_path(X, y, n_alphas=3).trace)
        assert all(values.size == 12 for values in path.trace.values()) and path.trace["seconds"].min() >= 0.0
        alpha = 0.6 * path.alphas[5] + 0.4 * path.alphas[6]
        again = path.refit(X[rows], y[rows], alpha)
        options = {"l1_ratio": l1_ratio, "penalty_factor": factor, "standardize": True}
        certified.assert_certified(again, X[rows], y[rows], tol=1e-9, **options)
        other = fit_path(X[rows], y[rows], alphas=path.alphas, tol=1e-12, **options)
        np.testing.assert_allclose(path.coefs.toarray(), other.coefs.toarray(), atol=2e-3)
