"""Relaxed paths: every refit against the naive gap on its own support, and what ties the two ends of a blend."""

import certified
import naive
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

import fastreg
from fastreg import fit_path, relax_path
from fastreg.interface.arguments import FitOptions
from fastreg.objective import gram_reduction
from fastreg.objective.families import FAMILIES as FAMILY_CLASSES
from fastreg.paths.setup import build_problem
from fastreg.selection.relaxed.refits import refit_sets

FAMILIES = ["gaussian", "binomial", "poisson", "gamma"]


def drawn_options(n, seed=1):
    rng = np.random.default_rng(seed)
    return {"sample_weight": rng.random(n) * (rng.random(n) < 0.9), "offset": 0.2 * rng.normal(size=n)}


def assert_refits(relaxed, X, y, *, tol, factor=None, standardize=False, **options):
    """Every refit lies on its support, says "converged", and the naive gap of the problem on the support agrees."""
    path, refit, X = relaxed.path, relaxed.refit, certified.dense(X)
    assert refit.reasons == ["converged"] * path.alphas.size and np.all(refit.gaps <= tol)
    words = certified.naive_options(options)
    for k in range(path.alphas.size):
        support = np.flatnonzero(certified.column(path, k)[0])
        coef, intercept = certified.column(refit, k)
        assert not np.delete(coef, support).any()
        v = (np.ones(X.shape[1]) if factor is None else factor)[support]
        rest = {"factor": v, "standardize": standardize, "l1_ratio": 0.0} | words
        gap = naive.duality_gap(X[:, support], y, coef[support], intercept, relaxed.ridge, **rest)
        assert gap <= tol * path.work["null_loss"] + certified.ROUNDING * path.work["null_loss"]


@few(1)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_refits_are_certified(family, kind, fit_intercept):
    X, y = certified.draw(family, n=50, p=10, density=0.7)
    options = {"family": family, "fit_intercept": fit_intercept} | drawn_options(50)
    path = certified.fit(kind(X), y, n_alphas=25, tol=1e-9, check=(X, y), **options)
    options.pop("family")
    relaxed = relax_path(path, kind(X), y, **options)
    assert relaxed.converged
    assert_refits(relaxed, X, y, tol=1e-9, family=family, **options)


@few(2)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("standardize", [True, False])
def test_refits_with_a_ridge_are_certified(family, standardize):
    X, y = certified.draw(family, n=50, p=10)
    factor = np.array([0, 0.5, 2, 1, 1, 1, 1, 3, 1, np.inf])
    options = {"penalty_factor": factor, "standardize": standardize} | drawn_options(50)
    path = certified.fit(X, y, family=family, n_alphas=15, tol=1e-9, **options)
    relaxed = relax_path(path, X, y, ridge=0.05, tol=1e-13, **options)
    options = {name: value for name, value in options.items() if name not in ("penalty_factor", "standardize")}
    assert_refits(relaxed, X, y, tol=1e-9, family=family, factor=factor, standardize=standardize, **options)
    assert relaxed.ridge == 0.05


@few(2)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("ridge", [0.0, 0.02])
def test_gaps_bound_what_a_refit_has_to_gain(family, ridge):
    X, y = certified.draw(family, n=50, p=10)
    path = fit_path(X, y, family=family, n_alphas=10)
    rough = relax_path(path, X, y, ridge=ridge, tol=1e-2)
    for k in range(1, 10):
        support = np.flatnonzero(certified.column(path, k)[0])
        part, options = X[:, support], {"family": family, "l1_ratio": 0.0}
        exact = certified.fit(part, y, alphas=[ridge], tol=1e-12, penalty_factor=np.ones(support.size), **options)
        best = certified.objectives(exact, part, y, **options)[0]
        coef, intercept = certified.column(rough.refit, k)
        reached = naive.objective(part, y, coef[support], intercept, ridge, **options)
        assert -1e-11 <= reached - best <= rough.refit.gaps[k] * path.work["null_loss"] + 1e-11


@pytest.mark.parametrize("shape", [(40, 120), (2500, 90)], ids=["wide", "tall"])
def test_least_squares_refits_are_those_of_numpy(shape, monkeypatch):
    n, p = shape
    X, y = certified.draw("gaussian", n=n, p=p)
    compressed = []
    original = gram_reduction.compress

    def counting(*given, **sums):
        compressed.append(1)
        return original(*given, **sums)

    monkeypatch.setattr(gram_reduction, "compress", counting)
    weight = np.random.default_rng(2).random(n)
    path = fit_path(X, y, sample_weight=weight, n_alphas=20, alpha_min_ratio=0.05 if n < p else 1e-4)
    compressed.clear()
    relaxed = relax_path(path, X, y, sample_weight=weight)
    assert len(compressed) == (n > 2000)  # rows are compressed where there are many, and only once
    root = np.sqrt(weight)[:, None]
    for k in range(20):
        support = np.flatnonzero(certified.column(path, k)[0])
        A = np.column_stack([np.ones(n), X[:, support]])
        expected = np.linalg.lstsq(root * A, root.ravel() * y, rcond=None)[0]
        coef, intercept = relaxed.coef(path.alphas[k])
        np.testing.assert_allclose(np.append(intercept, coef[support]), expected, rtol=1e-8, atol=1e-10)
    assert relaxed.refit.gaps.max() < 1e-14


def test_a_blend_goes_from_the_refit_to_the_path():
    X, y = certified.draw("poisson", n=60, p=8)
    path = fit_path(X, y, family="poisson", n_alphas=12)
    relaxed = relax_path(path, X, y)
    for alpha in (path.alphas[3], 0.4 * path.alphas[5] + 0.6 * path.alphas[6]):
        ends = (relaxed.coef(alpha, 1.0), path.coef(alpha)), (relaxed.coef(alpha), relaxed.refit.coef(alpha))
        for mine, other in ends:
            np.testing.assert_array_equal(mine[0], other[0])
            assert mine[1] == other[1]
        middle, eta = relaxed.coef(alpha, 0.25), 0.1 * np.arange(60.0)
        blend = 0.25 * path.linear_predictor(X, alpha) + 0.75 * relaxed.refit.linear_predictor(X, alpha)
        np.testing.assert_allclose(X @ middle[0] + middle[1], blend)
        np.testing.assert_allclose(relaxed.predict(X, alpha, 0.25, offset=eta), np.exp(blend + eta))
        assert relaxed.support(alpha) == path.support(alpha)
    assert np.all(relaxed.refit.deviance_ratio >= path.deviance_ratio - 1e-8)
    assert "refits" in repr(relaxed) and len(relaxed.summary(5).splitlines()) == 7


def test_dependent_columns_and_perfect_fits_are_certified():
    X, y = certified.draw("gaussian", n=12, p=6)
    X = np.column_stack([X, X, X[:, :1] + X[:, 1:2]])
    path = certified.fit(X, y, l1_ratio=0.5, n_alphas=10)
    assert_refits(relax_path(path, X, y), X, y, tol=1e-6)
    wide, y = certified.draw("gaussian", n=10, p=40)
    path = certified.fit(wide, y, n_alphas=30, alpha_min_ratio=1e-4)
    relaxed = relax_path(path, wide, y)
    assert relaxed.converged and path.n_nonzero[-1] == 9
    np.testing.assert_allclose(relaxed.predict(wide, path.alphas[-1]), y, atol=1e-8)


def test_separated_classes_are_named():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5))
    y = (X[:, 0] > 0).astype(float)
    path = fit_path(X, y, family="binomial", n_alphas=10, alpha_min_ratio=0.05)
    with pytest.warns(fastreg.ConvergenceWarning, match=r"9 of 10 refits are not certified .'separable'"):
        relaxed = relax_path(path, X, y)
    assert relaxed.refit.reasons == ["converged"] + ["separable"] * 9 and not relaxed.converged
    assert np.all(np.isfinite(relaxed.refit.coefs.data))
    assert_refits(relax_path(path, X, y, ridge=1e-3), X, y, tol=1e-6, family="binomial")


def test_a_set_after_one_that_separates_starts_afresh():
    X, y = certified.draw("binomial", n=60, p=6)
    X[:, 0] = y - 0.5 + 0.01 * X[:, 0]
    problem = build_problem(X, y, FitOptions(FAMILY_CLASSES["binomial"], 0.0))
    problem.scale = problem.loss(problem.start())
    sets = [np.array([0, 1, 2, 3]), np.array([1, 2, 3]), np.array([1, 2, 3, 5])]
    points = refit_sets(problem, sets, 0.0, 1e-9, 50)
    assert [point.reason for point in points] == ["separable", "converged", "converged"]
    exact = certified.fit(X[:, 1:4], y, family="binomial", l1_ratio=0.0, alphas=[0.0], tol=1e-12)
    np.testing.assert_allclose(points[1].values, exact.coefs.toarray().ravel(), atol=1e-6)


def test_refits_that_run_out_of_steps_are_named():
    X, y = certified.draw("poisson", n=60, p=8)
    path = fit_path(X, y, family="poisson", n_alphas=5)
    with pytest.warns(fastreg.ConvergenceWarning, match="raise max_iter"):
        relaxed = relax_path(path, X, y, tol=1e-12, max_iter=1)
    assert "max_iter" in relaxed.refit.reasons


def test_an_empty_path_relaxes_to_itself():
    X, y = certified.draw("gaussian")
    path = fit_path(X, y, alphas=[1e3])
    relaxed = relax_path(path, X, y)
    assert relaxed.converged and relaxed.refit.coefs.nnz == 0
    assert relaxed.refit.intercepts[0] == pytest.approx(y.mean())


def test_other_data_than_the_path_s_are_refused():
    X, y = certified.draw("gaussian")
    path = fit_path(X, y, n_alphas=10)
    with pytest.raises(ValueError, match=r"explains .* of the deviance of these data"):
        relax_path(path, X, y[::-1])
    with pytest.raises(ValueError, match="explains"):
        relax_path(path, X, y, sample_weight=np.arange(30))
    with pytest.raises(ValueError, match="fit_intercept is False"):
        relax_path(path, X, y, fit_intercept=False)
    with pytest.raises(ValueError, match="X has 3 columns, but the path was fitted on 8"):
        relax_path(path, X[:, :3], y)
    with pytest.raises(ValueError, match="ridge must be in"):
        relax_path(path, X, y, ridge=-1.0)
    with pytest.raises(ValueError, match="gamma must be in"):
        relax_path(path, X, y).coef(path.alphas[0], 1.5)
