"""A certificate is never below the truth: gaps against suboptimality, bounds against correlations."""

import warnings
from typing import NamedTuple

import certified
import naive
import numpy as np
import pytest
import scipy.sparse as sp
from grids import examples, few
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fastreg import fit_path
from fastreg.design.designs import as_design
from fastreg.objective.duality_gap import References
from fastreg.objective.families import FAMILIES, total_loss
from fastreg.objective.penalties import ElasticNet
from fastreg.objective.problem import Problem

ROUNDING = 1e-13  # of the null model's loss


class Case(NamedTuple):
    """A small problem of any family, said in a line."""

    family: str
    shape: tuple
    seed: int
    l1_ratio: float
    standardize: bool
    fit_intercept: bool
    weighted: bool
    offset: bool
    factors: bool

    def make(self):
        """X, y and options."""
        n, p = self.shape
        X, y = certified.draw(self.family, n=n, p=p, seed=self.seed, density=0.8)
        rng = np.random.default_rng(n + p)
        weight, offset = rng.uniform(0.2, 4, n), 0.3 * rng.normal(size=n)
        factor = np.r_[0, np.inf, 0.5, 2, np.ones(p - 4)]
        return X, y, certified.options_of(self, sample_weight=weight, offset=offset, penalty_factor=factor)


flag = st.booleans()
shapes, ratios = st.sampled_from([(25, 6), (15, 4), (10, 14)]), st.sampled_from([1.0, 0.9, 0.5, 0.1, 0.0])
cases = st.builds(
    Case,
    st.sampled_from(sorted(FAMILIES)),
    shapes,
    st.integers(0, 10_000),
    ratios,
    flag,
    flag,
    flag,
    flag,
    flag,
)


def fit_loosely(X, y, options, **how):
    """A path whose points need not be certified."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_path(X, y, **options, **how)


@examples(150)
@example(  # a step of the reference solver whose gain its rounding hides
    case=Case("poisson", (25, 6), 3372, 1.0, True, True, True, False, False),
    share=0.05,
    how={"tol": 1e-9},
    solver="auto",
)
@given(
    case=cases,
    share=st.sampled_from([0.9, 0.3, 0.05]),
    how=st.sampled_from([{"tol": 1e-2}, {"tol": 1e-2, "max_iter": 1}, {"max_iter": 1}, {"tol": 1e-9}]),
    solver=st.sampled_from(["auto", "coordinate_descent", "proximal_gradient"]),
)
def test_a_gap_is_never_below_the_suboptimality(case, share, how, solver):
    X, y, options = case.make()
    words = certified.naive_options(options)
    top = naive.alpha_max(X, y, **words | {"l1_ratio": max(options["l1_ratio"], 0.1)})
    scale = naive.null_scale(X, y, **words)
    assume(scale > 1e-8)  # else an unpenalised column separates the classes, and there is no solution
    path = fit_loosely(X, y, options, alphas=[share * top], solver=solver, **how)
    alpha, plain = share * top, {k: v for k, v in words.items() if k != "fit_intercept"}
    best = naive.objective(X, y, *naive.solve(X, y, alpha, **words), alpha, **plain)
    suboptimality = certified.objectives(path, X, y, **options)[0] - best
    assert path.gaps[0] >= 0
    assert path.gaps[0] * scale >= suboptimality - ROUNDING * max(scale, abs(best))
    assert (path.reasons[0] == "converged") == (path.gaps[0] <= path.tol)
    assert np.all(np.isfinite(path.coefs.data)) and np.isfinite(path.intercepts[0])


@examples(60)
@given(case=cases, kind=st.sampled_from([np.array, sp.csc_array]))
def test_every_point_of_an_automatic_path_is_certified(case, kind):
    X, y, options = case.make()
    assume(naive.null_scale(X, y, **certified.naive_options(options)) > 1e-8)
    path = fit_loosely(kind(X), y, options, n_alphas=6, alpha_min_ratio=0.02)
    k = path.reasons.index("separable") if "separable" in path.reasons else path.alphas.size
    assert path.reasons[:k] == ["converged"] * k
    assert np.all(path.gaps >= 0) and np.all(path.gaps[:k] <= 1e-6)
    proven = certified.proven_gaps(path, X, y, enough=0.99e-6, **options)
    assert np.all(proven[:k] <= 1e-6 + certified.ROUNDING)


@examples(100)
@given(
    seed=st.integers(0, 10_000),
    known=st.integers(1, 4),
    near=st.sampled_from([0.0, 1e-8, 1e-3, 1.0, 100.0]),
    zero_weights=st.booleans(),
    fit_intercept=st.booleans(),
    stretch=st.sampled_from([0.0, 3.0, 8.0]),
)
@example(seed=0, known=3, near=0.0, zero_weights=True, fit_intercept=True, stretch=8.0)
def test_bounds_of_correlations_hold(seed, known, near, zero_weights, fit_intercept, stretch):
    """|x_j'r - estimate_j| <= radius N_j, up to rounding of the product x_j'r itself."""
    rng = np.random.default_rng(seed)
    n, p = 20, 15
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-stretch, stretch, p) + rng.normal(size=p)
    weight = rng.uniform(0.01, 1, n)
    if zero_weights:
        weight[rng.random(n) < 0.3] = 0.0
        weight[0] = 1.0
    weight /= weight.sum()
    family = FAMILIES["gaussian"](rng.normal(size=n), weight)
    design = as_design(np.asfortranarray(X))
    problem = Problem(design, family, np.zeros(n), fit_intercept, ElasticNet(1.0), np.ones(p), False)

    def residual_near(r=None):
        r = rng.normal(size=n) * weight if r is None else r + near * rng.normal(size=n) * weight
        return r - weight * r.sum() if fit_intercept else r

    references = References(problem.norms, weight)
    first = residual_near()
    for r in [first] + [residual_near(first) for _ in range(known - 1)]:
        references.add(r, problem.correlate(r))
    r = residual_near(first)
    estimate, radius = references.project(r)
    usable = problem.usable
    exact = np.array([float(np.sum(column * r)) for column in X.T])
    noise = 1e-15 * (np.abs(X).T @ np.abs(r))
    assert np.all(np.abs(exact - estimate)[usable] <= (radius * problem.norms + noise)[usable])


@few(6)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_a_gap_falls_to_rounding(family, l1_ratio):
    """The certificate itself does not stand in the way of 1e-13."""
    X, y = certified.draw(family, n=40, p=6)
    options = {"family": family, "l1_ratio": l1_ratio}
    alphas = naive.alpha_max(X, y, family=family) * np.array([0.3, 0.03])
    path = certified.fit(X, y, alphas=alphas, tol=1e-13, **options)
    assert np.all(path.gaps <= 1e-13)


@pytest.mark.parametrize("family", FAMILIES)
def test_verbs_of_a_family_are_its_formulas(family):
    """Among them the Bregman form of a row's share of the gap, against loss and conjugate in naive.py."""
    X, y = certified.draw(family, n=30, p=4)
    reference = naive.FAMILIES[family]
    weight = np.random.default_rng(0).uniform(0.5, 2, 30)
    weight /= weight.sum()
    bound = FAMILIES[family](y, weight)
    eta = 0.3 * X @ np.ones(4)
    residual, curvature = np.array([bound.derivatives(i, eta[i]) for i in range(30)]).T
    loss = np.array([bound.loss(i, eta[i]) for i in range(30)])
    close = {"rtol": 1e-11, "atol": 1e-15}
    assert np.allclose(residual, weight * reference.residual(y, eta), **close)
    assert np.allclose(curvature, weight * reference.curvature(y, eta), **close)
    assert np.allclose(loss, weight * reference.slack(y, eta, np.zeros(30)), **close)
    assert np.allclose(bound.mean(eta), reference.mean(eta), **close)
    for s in (0.0, 0.3, 1 - 1e-5):
        u = s * residual / weight
        share = [bound.divergence(i, eta[i], (1 - s) * residual[i] / weight[i]) for i in range(30)]
        assert np.allclose(share, weight * reference.slack(y, eta, u), rtol=1e-9, atol=1e-16)


def test_the_loss_of_proportions_counts_from_their_own_entropy():
    """Half the deviance: zero where the means are the proportions; for classes no constant is needed."""
    y = np.array([0.0, 1.0, 0.25, 0.5, 1e-300, 1.0 - 1e-16])
    weight = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 1.0]) / 16.0
    eta = np.array([-0.3, 1.0, 2.0, -1.0, 0.5, 0.1])
    bound, reference = FAMILIES["binomial"](y, weight), naive.FAMILIES["binomial"]
    assert total_loss(bound, eta) == pytest.approx(weight @ reference.slack(y, eta, np.zeros(6)), rel=1e-13)
    fitted = np.array([-800.0, 800.0, np.log(1.0 / 3.0), 0.0, -800.0, np.log(y[5] / (1.0 - y[5]))])
    assert total_loss(bound, fitted) <= 4.0 * np.finfo(float).eps
    assert FAMILIES["binomial"](np.round(y), weight).constant() == 0.0
