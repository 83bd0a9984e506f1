"""A separable penalty of a user's own: an object with rates(p), as fastreg.objective.protocol.Penalty has it."""

import pickle
import warnings
from typing import NamedTuple

import certified
import naive
import numpy as np
import pytest
import scipy.sparse as sp
from grids import examples, few
from hypothesis import given
from hypothesis import strategies as st

import fastreg
from fastreg import fit_path
from fastreg.interface.validation import ParameterError


class Given(NamedTuple):
    """Rates as they are given: arrays, or numbers for all columns."""

    l1: object
    l2: object

    def rates(self, p):
        return self.l1, self.l2


def covariates(p, count=3, ridge=1.0):
    """A ridge on the first columns, the lasso on the others."""
    first = np.arange(p) < count
    return Given(np.where(first, 0.0, 1.0), np.where(first, ridge, 0.0))


@few(2)
@pytest.mark.parametrize(
    ("penalty", "same"),
    [
        (Given(1.0, 0.0), {}),
        (Given(0.25, 0.75), {"l1_ratio": 0.25}),
        (Given(0.0, 1.0), {"l1_ratio": 0.0}),
        (Given(np.arange(12.0), np.zeros(12)), {"penalty_factor": np.arange(12.0)}),
        (Given(np.zeros(12), np.arange(12.0)), {"penalty_factor": np.arange(12.0), "l1_ratio": 0.0}),
    ],
    ids=["lasso", "elastic net", "ridge", "factors", "factors of ridge"],
)
@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_elastic_nets_are_penalties_as_well(penalty, same, family):
    X, y = certified.draw(family, n=40, p=12)
    for more in ({}, {"standardize": True, "lower": 0.0}):
        own = fit_path(X, y, family=family, penalty=penalty, n_alphas=12, **more)
        path = fit_path(X, y, family=family, n_alphas=12, **same, **more)
        assert own.methods == path.methods and np.isnan(own.l1_ratio)
        np.testing.assert_array_equal(own.alphas, path.alphas)
        np.testing.assert_array_equal(own.coefs.toarray(), path.coefs.toarray())
        np.testing.assert_array_equal(own.gaps, path.gaps)


@few(2)
@pytest.mark.parametrize("family", ["gaussian", "binomial", "gamma"])
@pytest.mark.parametrize("more", [{}, {"standardize": True, "fit_intercept": False}, {"lower": -0.1, "upper": 0.1}])
def test_a_grid_begins_where_the_first_column_enters_beside_a_ridge(family, more):
    X, y = certified.draw(family, n=40, p=10)
    options = {"family": family, "penalty": covariates(10), **more}
    words = certified.naive_options(options)
    top = fit_path(X, y, n_alphas=1, **options).alpha_max
    above, below = (naive.solve(X, y, share * top, **words)[0] for share in (1.0 + 1e-6, 1.0 - 1e-3))
    assert np.all(above[3:] == 0.0) and np.any(above[:3] != 0.0) and np.any(below[3:] != 0.0)


def test_a_grid_begins_above_a_column_that_a_covariate_hides():
    """Column 1 is orthogonal to y, and no longer so once column 0 is in: the less its ridge, the more."""
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(np.column_stack([np.ones(50), rng.normal(size=(50, 3))]))
    y, other = 10.0 * basis[:, 1], basis[:, 2]
    X = np.column_stack([basis[:, 1] + other, other])
    penalty = covariates(2, count=1, ridge=0.01)
    path = fit_path(X, y, penalty=penalty, tol=1e-10)
    certified.assert_certified(path, X, y, tol=1e-10, penalty=penalty)
    entered = path.coefs.toarray()[1] != 0.0
    assert not entered[0] and entered[1]
    beyond = fit_path(X, y, penalty=penalty, alphas=path.alpha_max * np.geomspace(1e4, 1.001, 50), tol=1e-10)
    assert np.all(beyond.coefs.toarray()[1] == 0.0)


@few(2)
@pytest.mark.parametrize("ridge", [1e-12, 1e-7, 1e-3, 1e3])
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_ridges_of_any_size_beside_the_lasso(ridge, family):
    X, y = certified.draw(family, n=60, p=20)
    X[:, 1] = X[:, 0] + 1e-3 * X[:, 1]  # nearly dependent covariates
    penalty = covariates(20, ridge=ridge)
    certified.fit(X, y, family=family, penalty=penalty, alpha_min_ratio=1e-3, n_alphas=20, tol=1e-9)


@examples(40)
@given(
    family=st.sampled_from(sorted(naive.FAMILIES)),
    shape=st.sampled_from([(40, 12), (25, 40)]),
    seed=st.integers(0, 10_000),
    bounded=st.booleans(),
    factors=st.booleans(),
    standardize=st.booleans(),
    fit_intercept=st.booleans(),
)
def test_any_rates_are_certified(family, shape, seed, bounded, factors, standardize, fit_intercept):
    (n, p), rng = shape, np.random.default_rng(seed)
    X, y = certified.draw(family, n=n, p=p, seed=seed)
    l1, l2 = rng.choice([0.0, 1e-6, 0.1, 1.0, 100.0], p), rng.choice([0.0, 1e-9, 1e-3, 1.0, 1e3], p)
    l1[np.flatnonzero(l1 + l2 == 0.0)[3:]] = 1.0  # more unpenalised columns might interpolate
    options = {"family": family, "penalty": Given(l1, l2), "standardize": standardize, "fit_intercept": fit_intercept}
    options |= {"lower": -np.abs(rng.normal(size=p)) * (rng.random(p) < 0.7)} if bounded else {}
    options |= {"penalty_factor": rng.choice([0.5, 1.0, 2.0], p)} if factors else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = fit_path(X, y, n_alphas=6, alpha_min_ratio=1e-2, tol=1e-7, **options)
    said = np.array(path.reasons) == "converged"
    np.testing.assert_array_equal(said, path.gaps <= path.tol)
    proven = certified.proven_gaps(path, X, y, enough=0.99 * path.tol, **options)
    assert np.all(proven[said] <= path.tol + certified.ROUNDING)


@pytest.mark.parametrize("solver", ["active_set", "coordinate_descent", "newton", "proximal_gradient", "pointwise"])
def test_solvers_beside_a_ridge(solver):
    X, y = certified.draw("gaussian", n=60, p=20)
    for penalty in (covariates(20), Given(np.linspace(0.1, 1.0, 20), np.linspace(1.0, 0.0, 20))):
        certified.fit(X, y, penalty=penalty, solver=solver, n_alphas=10, max_iter=20_000)


def test_alphas_above_the_top_and_zero():
    X, y = certified.draw("poisson", n=60, p=20)
    options = {"family": "poisson", "penalty": covariates(20)}
    top = fit_path(X, y, n_alphas=1, **options).alpha_max
    path = certified.fit(X, y, alphas=top * np.array([100.0, 2.0, 0.5, 1e-3, 0.0]), tol=1e-8, **options)
    np.testing.assert_array_equal(path.n_nonzero[[0, 1, -1]], [3, 3, 20])


def test_folds_share_gram_matrices():
    X, y = certified.draw("gaussian", n=12_000, p=20)
    for penalty in (covariates(20), Given(np.linspace(0.1, 1.0, 20), np.linspace(1.0, 0.0, 20))):
        found = fastreg.cv_path(X, y, penalty=penalty, cv=4, n_alphas=12, standardize=True)
        assert found.work["passes"] == 0.0
        for f, fold in enumerate(found.fold_paths):
            train = found.test_folds != f
            certified.assert_certified(fold, X[train], y[train], tol=1e-6, penalty=penalty, standardize=True)


def test_what_is_saved_is_what_was_fitted(tmp_path):
    X, y = certified.draw("binomial", n=40, p=12)
    rates = np.linspace(0.0, 1.0, 12), np.linspace(1.0, 0.0, 12)
    options = {"family": "binomial", "penalty": Given(*rates), "standardize": True}
    path = fit_path(X, y, n_alphas=10, **options)
    rates[0][:] = 7.0  # the path has its own
    options["penalty"] = Given(np.linspace(0.0, 1.0, 12), rates[1])
    path.save(tmp_path / "path.json")
    for again in (path, fastreg.load_path(tmp_path / "path.json"), pickle.loads(pickle.dumps(path))):
        assert again.penalty.name == "Given" and "binomial, penalty Given, 10 alphas" in repr(again)
        assert "penalty Given" in again._repr_html_()
        np.testing.assert_array_equal(again.penalty.l1, np.linspace(0.0, 1.0, 12))
        certified.assert_certified(again, X, y, tol=1e-6, **options)
        refit = again.refit(X, y, [0.5 * path.alphas[3]])
        certified.assert_certified(refit, X, y, tol=1e-9, **options)
        assert refit.penalty.name == "Given" and again.score(X, y, path.alphas[5]) > 0.0
    text = (tmp_path / "path.json").read_text().replace('"l1": [0.0', '"l1": [-1.0')
    (tmp_path / "path.json").write_text(text)
    with pytest.raises(ValueError, match=r"is damaged: Given.rates\(12\) returned l1\[0\] = -1"):
        fastreg.load_path(tmp_path / "path.json")


def test_degrees_of_freedom_and_candidates():
    """The trace of the hat matrix by moving the response, on a support that stays."""
    X, y = certified.draw("gaussian", n=60, p=12)
    penalty = Given(np.r_[0.0, 0.0, np.ones(10)], np.r_[2.0, 0.0, np.linspace(0.0, 1.0, 10)])
    alphas = [0.05]
    path = fit_path(X, y, penalty=penalty, alphas=alphas, tol=1e-13)
    criteria = fastreg.information_criteria(path, X, y)
    step = 1e-4
    moved = [fit_path(X, y + step * row, penalty=penalty, alphas=alphas, tol=1e-13) for row in np.eye(60)]
    trace = sum((other.predict(X, 0.05)[i] - path.predict(X, 0.05)[i]) / step for i, other in enumerate(moved))
    assert criteria.df[0] == pytest.approx(trace, rel=1e-5)
    assert criteria.n_candidates == 10 and criteria.features[0] == path.n_nonzero[0] - 2
    relaxed = fastreg.relax_path(path, X, y)
    assert fastreg.information_criteria(relaxed.refit, X, y).n_candidates == 10
    assert relaxed.refit.reasons == ["converged"] and "l1_ratio 0" in repr(relaxed.refit)


def test_what_chooses_takes_it():
    X, y = certified.draw("gaussian", n=60, p=12)
    penalty = covariates(12, count=2)
    options = {"penalty": penalty, "n_alphas": 10}
    stable = fastreg.stability_selection(X, y, n_pairs=5, **options)
    assert stable.n_candidates == 10 and not {0, 1} & set(stable.selected)
    chosen = fastreg.cv_relaxed(X, y, cv=3, pilot="ridge", **options)
    path = chosen.relaxed[0].path
    certified.assert_certified(path, X, y, tol=1e-6, penalty=penalty, penalty_factor=chosen.penalty_factor)
    assert np.all(path.coefs.toarray()[:2] != 0.0)
    plain = fastreg.cv_relaxed(X, y, cv=3, **options)
    certified.assert_certified(plain.relaxed[0].path, X, y, tol=1e-6, penalty=penalty)
    with pytest.raises(ValueError, match="the l1 rates of the penalty are all 0, so that every feature is selected"):
        fastreg.stability_selection(X, y, penalty=Given(0.0, 1.0))


class Named:
    name = "a name"

    def rates(self, p):
        return np.ones(p), 0.0


@pytest.mark.parametrize(
    ("penalty", "more", "message"),
    [
        (Named, {}, r"penalty must be an object, not its class: pass penalty=Named\(...\)"),
        ("l1", {}, r"object whose method rates\(p\) returns .* got 'l1'; strengths are alphas, the lasso, .* l1_ratio"),
        (np.ones(5), {}, r"factors of columns penalty_factor"),
        (Named(), {"l1_ratio": 0.5}, r"penalty and l1_ratio=0.5 are given, .* leave one out"),
        (Given(np.ones(4), 0.0), {}, r"Given.rates\(5\) returned l1 of shape \(4,\), but X has 5 columns: .* \(5,\)"),
        (Given(1.0, np.ones((5, 1))), {}, r"returned l2 of shape \(5, 1\)"),
        (Given(1.0, [0, 1, -2, 0, 0]), {}, r"returned l2\[2\] = -2, and rates must be finite and 0 or more"),
        (Given([0, 1, np.inf, 0, 0], 0), {}, r"returned l1\[2\] = inf, .* \(penalty_factor=inf leaves a column out\)"),
        (Given(1.0, "much"), {}, r"must return numbers, but its l2 is 'much'"),
        (type("One", (), {"rates": lambda self, p: np.ones(p)})(), {}, r"One.rates\(5\) must return two arrays, \(l1"),
        (Named(), {"solver": "ridge"}, r"solver='ridge' .* l1_ratio=0, or a penalty whose l1 rates are 0"),
        (covariates(5, 1), {"solver": "batched_lasso"}, r"batches need an l1 part of every column"),
    ],
)  # fmt: skip
def test_what_is_no_penalty_is_said(penalty, more, message):
    X, y = certified.draw("gaussian", n=20, p=5)
    for run in (fit_path, fastreg.cv_path):
        with pytest.raises(ValueError, match=message):
            run(X, y, penalty=penalty, **more)


def test_penalties_are_for_one_response():
    X, y = certified.draw("gaussian", n=20, p=5)
    with pytest.raises(ParameterError, match="penalty is for one response; leave it out for several responses"):
        fastreg.cv_path(X, np.c_[y, y], penalty=Named())
    for function, response in ((fastreg.fit_multi_path, np.c_[y, y]), (fastreg.adaptive_factor, y)):
        with pytest.raises(
            TypeError, match=r"factors of columns; fastreg.fit_path and fastreg.cv_path take a penalty of"
        ):
            function(X, response, penalty=Named())


def test_ridge_in_closed_form_and_sparse_columns():
    X, y = certified.draw("gaussian", n=60, p=20, density=0.3)
    penalty = Given(0.0, np.linspace(0.5, 2.0, 20))
    certified.fit(X, y, penalty=penalty, solver="ridge", n_alphas=10, tol=1e-9)
    mixed = certified.fit(sp.csc_array(X), y, penalty=covariates(20), n_alphas=10, check=(X, y), standardize=True)
    assert mixed.converged
