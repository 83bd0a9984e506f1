"""Folds of tall GLMs that go together: certified on their own problems, and the same as folds that go alone."""

import certified
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

from fastreg import Interrupted, LogisticRegressionCV, cv_path, get_num_threads, set_num_threads
from fastreg.interface.arguments import FitOptions
from fastreg.paths import plan
from fastreg.paths.setup import build_problem, checked, family_named
from fastreg.selection.cross_validation import fold_fits
from fastreg.selection.cross_validation.tall_glm import joint_newton
from fastreg.selection.cross_validation.tall_glm.shared_columns import FoldHessians, SharedColumns

FAMILIES = ["binomial", "poisson", "gamma"]
OPTIONS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "weights": {"sample_weight": "w"},
    "standardize": {"standardize": True},
    "offset": {"offset": "o"},
    "elastic net": {"l1_ratio": 0.4},
    "factors": {"penalty_factor": np.r_[np.inf, 2.0, 0.5, np.ones(21)]},
}
N, P = 900, 24


@pytest.fixture
def small(monkeypatch):
    """Let data of a test's size go together, and tell how many folds did, and how many left."""
    monkeypatch.setattr(plan, "SMALLEST_GRAM", 1)
    seen = []
    go = joint_newton.JointNewton.fit

    def fit(self):
        read = go(self)
        seen.append((len(self.folds), sum(fold.lost for fold in self.folds)))
        return read

    monkeypatch.setattr(joint_newton.JointNewton, "fit", fit)
    return seen


def options_for(name, rows=slice(None)):
    rng = np.random.default_rng(5)
    vectors = {"w": rng.integers(0, 3, N) * rng.uniform(0.2, 3.0, N), "o": rng.normal(scale=0.3, size=N)}
    return {key: vectors[value][rows] if isinstance(value, str) else value for key, value in OPTIONS[name].items()}


def assert_folds_certified(found, X, y, tol, case, **options):
    for f, fold in enumerate(found.fold_paths):
        train = np.flatnonzero(found.test_folds != f)
        certified.assert_certified(fold, X[train], y[train], tol=tol, **options_for(case, train), **options)


@few(1)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("case", OPTIONS)
def test_folds_together_are_certified_and_those_alone(family, case, small, monkeypatch):
    X, y = certified.draw(family, n=N, p=P)
    options = {"family": family, "n_alphas": 10, "alpha_min_ratio": 0.01}
    tol = 1e-10
    found = cv_path(X, y, cv=5, tol=tol, **options, **options_for(case))
    assert small == [(5, 0)]
    assert_folds_certified(found, X, y, tol, case, family=family)
    monkeypatch.setattr(fold_fits, "folds_go_together", lambda *_: False)
    alone = cv_path(X, y, cv=5, tol=tol, **options, **options_for(case))
    assert len(small) == 1
    for ours, theirs in zip(found.fold_paths, alone.fold_paths, strict=True):
        np.testing.assert_allclose(ours.coefs.toarray(), theirs.coefs.toarray(), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.mean, alone.mean, rtol=1e-5)
    sparse = cv_path(sp.csc_array(X), y, cv=5, tol=tol, **options, **options_for(case))
    np.testing.assert_allclose(found.mean, sparse.mean, rtol=1e-5)


def test_steps_are_fewer_than_alone(small, monkeypatch):
    X, y = certified.draw("binomial", n=N, p=P)
    options = {"family": "binomial", "n_alphas": 50, "alpha_min_ratio": 0.01, "tol": 1e-6}
    together = cv_path(X, y, **options)
    monkeypatch.setattr(fold_fits, "folds_go_together", lambda *_: False)
    alone = cv_path(X, y, **options)
    taken = [sum(fold.n_iters.sum() for fold in found.fold_paths) for found in (together, alone)]
    assert taken[0] < 0.85 * taken[1]


def test_a_fold_that_steps_lead_astray_goes_on_alone(small, monkeypatch):
    X, y = certified.draw("poisson", n=N, p=P)
    steps = joint_newton.NewtonFold._step

    def astray(self, precision):
        if self.number == 2 and self.k == 7:
            self.expected = self.expected + 10.0
        yield from steps(self, precision)

    monkeypatch.setattr(joint_newton.NewtonFold, "_step", astray)
    found = cv_path(X, y, cv=5, family="poisson", n_alphas=20, alpha_min_ratio=0.01, tol=1e-9)
    assert small == [(5, 1)]
    assert_folds_certified(found, X, y, 1e-9, "plain", family="poisson")


def test_folds_go_alone_where_there_are_too_few_left(small, monkeypatch):
    X, y = certified.draw("binomial", n=N, p=P)
    monkeypatch.setattr(joint_newton.NewtonFold, "_hessian", lambda self: 0.02 * self.hessians.folds[self.number])
    found = cv_path(X, y, cv=5, family="binomial", n_alphas=20, alpha_min_ratio=0.01, tol=1e-9)
    assert small[0][1] > 2
    assert_folds_certified(found, X, y, 1e-9, "plain", family="binomial")


@few(2)
@pytest.mark.parametrize(
    "options",
    [
        {"lower": 0.0},
        {"penalty_factor": np.r_[0.0, np.ones(P - 1)]},
        {"solver": "newton"},
        {"cv": 2},
        {"cv": [(np.arange(300, N), np.arange(300)), (np.arange(600), np.arange(600, N))] * 2},
        {"alphas": 0.1 ** np.arange(1, 7.0)},
    ],
    ids=["bounds", "free column", "solver", "two folds", "rows held out twice", "far alphas"],
)
def test_other_folds_go_alone(options, small):
    X, y = certified.draw("binomial", n=N, p=P)
    found = cv_path(X, y, family="binomial", **({"n_alphas": 8, "cv": 4} | options))
    assert small == []
    assert np.all(found.fold_gaps <= 1e-6)


def test_the_number_of_threads_changes_nothing(small):
    X, y = certified.draw("binomial", n=6000, p=40)
    before, found = get_num_threads(), []
    try:
        for threads in (1, 3):
            set_num_threads(threads)
            found.append(cv_path(X, y, family="binomial", n_alphas=12, alpha_min_ratio=0.01))
    finally:
        set_num_threads(before)
    assert len(small) == 2
    np.testing.assert_array_equal(found[0].fold_scores, found[1].fold_scores)


@few(1)
@pytest.mark.parametrize("grid", [np.linspace(3.0, 1.6, 7), np.geomspace(10.0, 0.05, 30)], ids=["all", "the first"])
def test_alphas_above_the_largest_that_matters(grid, small):
    X, y = certified.draw("binomial", n=N, p=P)
    top = certified.fit(X, y, family="binomial", n_alphas=2).alpha_max
    found = cv_path(X, y, cv=5, family="binomial", alphas=grid * top)
    assert small == [(5, 0)]
    assert_folds_certified(found, X, y, 1e-6, "plain", family="binomial")
    assert np.all(found.fold_paths[0].coefs.toarray()[:, 0] == 0.0)


def test_folds_leave_before_hessians_take_more_memory_than_data(small, monkeypatch):
    made, renew = [], FoldHessians.renew
    monkeypatch.setattr(FoldHessians, "renew", lambda self, h: (made.append(self.shared.columns.size), renew(self, h)))
    X, y = certified.draw("binomial", n=N, p=P)
    found = cv_path(X, y, cv=60, family="binomial", n_alphas=20, alpha_min_ratio=0.05)
    assert small == [(60, 0)] and 60 * max(made) ** 2 <= 1.5 * X.size
    assert np.all(found.fold_gaps <= 1e-6)


def test_an_interrupt_keeps_the_points_done(small):
    X, y = certified.draw("binomial", n=N, p=P)

    def stop(progress):
        if progress.stage == "fold 3 of 5" and progress.point > 20 + 3 * 20:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="of 100 points of folds") as caught:
        cv_path(X, y, cv=5, family="binomial", n_alphas=20, alpha_min_ratio=0.01, callback=stop)
    assert small == []
    counts = [fold.alphas.size for fold in caught.value.folds]
    assert min(counts) > 5 and max(counts) < 20 and max(counts) - min(counts) <= 1
    for fold in caught.value.folds:
        assert np.all(fold.gaps <= 1e-6)


def test_a_penalty_on_the_sum_of_losses(small, monkeypatch):
    X, y = certified.draw("binomial", n=N, p=P)
    model = LogisticRegressionCV(
        Cs=np.geomspace(1e-3, 1.0, 12), l1_ratios=(1.0,), cv=5, tol=1e-10, scoring="neg_log_loss",
        use_legacy_attributes=False,
    )  # fmt: skip
    together = model.fit(X, y).scores_
    assert small == [(5, 0)]
    monkeypatch.setattr(fold_fits, "folds_go_together", lambda *_: False)
    np.testing.assert_allclose(together, model.fit(X, y).scores_, rtol=1e-5)
    assert len(small) == 1


@pytest.mark.parametrize("intercept", [True, False])
def test_hessians_are_those_of_the_training_rows(intercept):
    rng = np.random.default_rng(0)
    X, y = certified.draw("binomial", n=5000, p=6)
    X += 3.0
    options = checked(
        FitOptions(family_named("binomial"), fit_intercept=intercept, sample_weight=rng.uniform(1, 2, 5000))
    )
    problem = build_problem(X, y, options)
    shared, columns = SharedColumns(problem), np.array([4, 0, 3])
    shared.extend(columns)
    tests = np.split(rng.permutation(5000), [1200, 3000])
    hessians, h = FoldHessians(shared, tests), rng.uniform(size=5000)
    hessians.renew(h)
    for test, found in [*zip(tests, hessians.folds, strict=True), (np.empty(0, dtype=int), hessians.whole)]:
        train = np.setdiff1d(np.arange(5000), test)
        left, part = h[train] / problem.weight[train].sum(), X[train][:, columns]
        centred = part - (left @ part / left.sum() if intercept else 0.0)
        np.testing.assert_allclose(found, (centred.T * left) @ centred, rtol=1e-10, atol=1e-12 * left.sum())
