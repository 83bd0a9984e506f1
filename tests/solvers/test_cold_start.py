"""A cold start by coordinate descent over columns where they lie: certified, with few reads of X and no Gram matrix."""

import certified
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import few

from fastreg import Lasso, LogisticRegression, fit_path
from fastreg.objective.families import FAMILIES
from fastreg.paths.plan import FINEST, WIDEST
from fastreg.paths.pointwise import WorkingSet


def correlated(n, p, correlation, seed=0):
    """A common factor in every column."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) + np.sqrt(correlation / (1.0 - correlation)) * rng.normal(size=(n, 1))


@few(2)
@pytest.mark.parametrize("kind", [np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_cold_points_of_all_kinds(family, fit_intercept, kind):
    X, y = certified.draw(family, n=300, p=150, density=0.5)
    X[:, 7] = 1.0  # constant: cannot enter under an intercept
    rng = np.random.default_rng(2)
    factor = rng.uniform(0.5, 2.0, 150)
    factor[3], factor[5] = 0.0, np.inf
    options = {
        "family": family, "l1_ratio": 0.7, "fit_intercept": fit_intercept, "penalty_factor": factor,
        "sample_weight": rng.uniform(0.2, 2.0, 300), "offset": 0.1 * rng.normal(size=300),
    }  # fmt: skip
    top = fit_path(X, y, n_alphas=1, **options).alpha_max
    for alphas in ([0.7 * top], [0.05 * top], top * np.array([0.8, 0.2, 0.15, 0.02])):
        path = certified.fit(kind(X), y, check=(X, y), alphas=alphas, **options)
        assert path.coefs[5].nnz == 0


@few(3)
@pytest.mark.parametrize("tol", [1e-6, 1e-10])
@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
def test_work_of_a_cold_fit(share, tol):
    """Nearly independent columns: no pivots, no Gram matrix but of the support, fewer reads than dozens of epochs."""
    X = correlated(2000, 300, 0.0)
    y = X[:, :30] @ np.linspace(-1.0, 1.0, 30) + np.random.default_rng(1).normal(size=2000)
    top = fit_path(X, y, n_alphas=1).alpha_max
    work = certified.fit(X, y, alphas=[share * top], tol=tol).work
    assert work["grams"] <= 1 and work["pivots"] == 0
    assert 0 < work["epochs"] <= 30
    assert work["passes"] <= 40, work


def test_a_descent_that_gets_nowhere_is_finished_by_pivots():
    X = correlated(400, 120, 0.9999)
    y = X[:, :3] @ [1.0, -1.0, 0.5] + 0.1 * np.random.default_rng(1).normal(size=400)
    top = fit_path(X, y, n_alphas=1).alpha_max
    work = certified.fit(X, y, alphas=[1e-5 * top]).work
    assert 0 < work["epochs"] <= 30 and work["grams"] > 0
    assert work["passes"] <= 80, work  # the descent's share is bounded


def autoregressive(n, p, rho, seed=0):
    """Neighbouring columns correlate by rho; a tenth of min(n, p) of them act."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1.0 - rho * rho) * X[:, j]
    y = X[:, :: 10 * max(p // n, 1)] @ rng.normal(size=len(range(0, p, 10 * max(p // n, 1))))
    return X, y + 0.5 * y.std() * rng.normal(size=n)


def cold_work(X, y, share, tol):
    top = fit_path(X, y, n_alphas=1).alpha_max
    return certified.fit(X, y, alphas=[share * top], tol=tol).work


def test_tiny_data_takes_one_descent():
    """Epochs over it cost nothing beside calls and certificates, so one descent may have a hundred."""
    X, y = autoregressive(100, 20, 0.9)
    work = cold_work(X, y, 0.01, 1e-4)
    assert work["epochs"] > 20 and work["sweeps"] <= 4 and work["pivots"] == work["grams"] == 0


def test_nearly_as_many_active_columns_as_rows_are_solved_by_pivots_over_all_columns_at_once():
    """Where the Gram matrix of all costs little there are no alphas on the way, each with a sweep of its own."""
    X, y = autoregressive(100, 500, 0.9)
    work = cold_work(X, y, 0.01, 1e-3)
    assert work["grams"] <= 1 < work["pivots"] < 400 and work["sweeps"] <= 5


def test_a_descent_to_more_columns_than_rows_is_not_gone_on_from():
    """Pivots from there would first have to leave half of them, one by one."""
    X, y = autoregressive(200, 2000, 0.0, seed=3)
    work = cold_work(X, y, 0.01, 1e-4)
    assert work["epochs"] > 0 and 0 < work["pivots"] < 400


@pytest.mark.parametrize("l1_ratio", [1.0, 0.05])
def test_a_certified_descent_stands_however_many_columns_are_active(l1_ratio):
    """Twins share their coefficients, as do all columns under a ridge part."""
    X, y = autoregressive(30, 60, 0.0)
    X = np.hstack([X, X])
    top = fit_path(X, y, n_alphas=1, l1_ratio=l1_ratio).alpha_max
    path = certified.fit(X, y, alphas=[0.1 * top], l1_ratio=l1_ratio, tol=1e-3)
    assert path.work["epochs"] > 0 and path.work["pivots"] == 0
    if l1_ratio < 1.0:
        assert path.n_nonzero[0] > 30


def test_a_descent_goes_on_where_pivots_would_cost_more():
    """Four hundred active of a thousand columns: five rounds of epochs are cheaper than their factor."""
    X, y = autoregressive(1000, 1000, 0.9)
    work = cold_work(X, y, 0.01, 3e-5)
    assert work["epochs"] > 60 and work["pivots"] == work["grams"] == 0


def test_half_of_the_steps_allowed_are_kept_for_pivots():
    X, y = autoregressive(100, 20, 0.9)
    top = fit_path(X, y, n_alphas=1).alpha_max
    path = certified.fit(X, y, alphas=[0.01 * top], max_iter=2)
    assert path.work["epochs"] == 1 and path.work["pivots"] > 0


def test_a_fit_resumed_where_it_is_certified_takes_no_step():
    """Even where the gap is only just small enough, which a solver would better."""
    X, y = autoregressive(50, 200, 0.0)
    top = fit_path(X, y, n_alphas=1).alpha_max
    model = Lasso(alpha=0.1 * top, tol=1e-3, warm_start=True).fit(X, y)
    assert model.dual_gap_ > 1e-8 and model.n_iter_ > 0
    cold, coef = model.dual_gap_, model.coef_
    model.set_params(tol=1.1 * cold / (0.5 * np.var(y))).fit(X, y)
    assert model.n_iter_ == 0 and model.dual_gap_ == pytest.approx(cold, rel=1e-6)
    np.testing.assert_array_equal(model.coef_, coef)


def test_no_descent_below_the_finest_tolerance():
    """There pivots give solutions that are exact to rounding."""
    X, y = certified.draw("gaussian", n=200, p=30)
    path = certified.fit(X, y, alphas=[0.02], tol=FINEST[True] / 10)
    assert path.work["epochs"] == 0 and path.gaps[0] < 1e-13


def test_no_descent_over_many_columns_of_few_rows():
    """Dense and wide, they depend on one another, and an epoch over all costs a sweep."""
    X, y = certified.draw("gaussian", n=50, p=WIDEST * 50 + 1)
    assert certified.fit(X, y, alphas=[0.05]).work["epochs"] == 0


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_small_wide_data_needs_no_pivots(share):
    X = correlated(100, 500, 0.0)
    y = X[:, :10] @ np.linspace(-1.0, 1.0, 10) + 0.5 * np.random.default_rng(1).normal(size=100)
    top = fit_path(X, y, n_alphas=1).alpha_max
    work = certified.fit(X, y, alphas=[share * top]).work
    assert work["epochs"] > 0 and work["pivots"] == work["grams"] == 0


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_a_descent_that_came_to_little_leaves_no_trace(family, monkeypatch):
    """The fit goes on as if there had been none."""
    X = correlated(80, 200, 0.5)
    rng = np.random.default_rng(1)
    y = X[:, :20] @ rng.normal(size=20) + rng.normal(size=80)
    y = (y > 0.0).astype(float) if family == "binomial" else y
    top = fit_path(X, y, n_alphas=1, family=family).alpha_max
    monkeypatch.setattr("fastreg.paths.pointwise.LOOSE", 1e-5)
    for module in ("choice", "cold_start"):
        monkeypatch.setattr(f"fastreg.solvers.{module}.MOST_PASSES", 1)
    monkeypatch.setattr("fastreg.solvers.cold_start.STEPS", 1)
    alphas = [0.005 * top, 0.004 * top]
    tried = certified.fit(X, y, alphas=alphas, family=family)
    monkeypatch.setattr("fastreg.paths.plan.SMALL", 0)
    alone = certified.fit(X, y, alphas=alphas, family=family)
    assert tried.work["epochs"] > alone.work["epochs"] and tried.work["pivots"] == alone.work["pivots"] > 0
    np.testing.assert_array_equal(tried.coefs.toarray(), alone.coefs.toarray())


def test_a_path_after_a_descent_continues_from_its_support(monkeypatch):
    """The working set takes in the support of the descent, and no more than later points need."""
    X, y = certified.draw("gaussian", n=500, p=300)
    top = fit_path(X, y, n_alphas=1).alpha_max
    formed = []
    init = WorkingSet.__init__

    def spy(self, problem, *known):
        init(self, problem, *known)
        formed.append(self)

    monkeypatch.setattr(WorkingSet, "__init__", spy)
    path = certified.fit(X, y, alphas=top * np.array([0.3, 0.25, 0.2]))
    final = formed[-1]
    assert set(path.coefs[:, [2]].indices) <= set(final.columns)
    assert np.unique(final.columns).size == final.columns.size < 300


@pytest.mark.parametrize("model", [Lasso(alpha=0.1), LogisticRegression(C=0.5)])
def test_plain_arrays_are_fitted_as_any_other_input(model):
    X, y = certified.draw("binomial", n=60, p=5)
    frame = pd.DataFrame(X, columns=list("abcde"))
    by_frame = model.fit(frame, y)
    coef, names = by_frame.coef_.copy(), list(by_frame.feature_names_in_)
    assert names == list("abcde")
    for kind in (np.asfortranarray, np.ascontiguousarray, sp.csc_array, sp.csr_array, np.ndarray.tolist):
        model.fit(kind(X), y)
        assert not hasattr(model, "feature_names_in_") and model.n_features_in_ == 5
        np.testing.assert_allclose(model.coef_, coef, atol=1e-9)
    assert model.fit(X.astype(np.float32), y).coef_.dtype == np.float32
    holes = y.copy()
    holes[3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X, holes)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X, y[:-1])
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        model.fit(X[:, :0], y)
