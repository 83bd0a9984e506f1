"""Bounds on coefficients: they hold exactly, and every point is certified as a minimum within them."""

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
from scipy.optimize import lsq_linear, minimize, nnls
from sklearn import linear_model

import fastreg
from fastreg import cv_path, fit_path, relax_path
from fastreg.estimators.to_sklearn import PEER_VERSION
from fastreg.objective.duality_gap_bounded import bounded_terms
from fastreg.objective.families import FAMILIES
from fastreg.paths.plan import SOLVERS

N, P = 30, 9
KINDS = {
    "positive": (0.0, None),
    "negative": (None, 0.0),
    "box": (-0.1, 0.2),
    "each its own": (
        -np.array([0.0, np.inf, 0.05, 0.0, 1.0, 0.02, 0.0, np.inf, 0.1]),
        np.array([0.1, 0.05, np.inf, 0.0, 0.02, 0.0, np.inf, np.inf, 0.1]),
    ),
}


class Case(NamedTuple):
    """A problem with bounds, said in a line."""

    family: str
    kind: str
    seed: int
    l1_ratio: float
    standardize: bool
    fit_intercept: bool
    weighted: bool
    offset: bool
    factors: bool
    twins: bool

    def make(self):
        """X, y and options; alphas from the top, where all penalised coefficients are zero, to a fit of most of y."""
        X, y = certified.draw(self.family, n=N, p=P, seed=self.seed, density=0.8)
        if self.twins:
            X[:, 2] = X[:, 1]
        rng = np.random.default_rng(N)
        weight, offset = rng.integers(0, 5, N) + (np.arange(N) < 5.0), 0.2 * rng.normal(size=N)
        factor = np.r_[0, 0, 0.5, 2, np.inf, 0, np.ones(P - 6)]
        options = certified.options_of(self, sample_weight=weight, offset=offset, penalty_factor=factor)
        options |= dict(zip(("lower", "upper"), KINDS[self.kind]))
        words = certified.naive_options(options) | {"l1_ratio": max(options["l1_ratio"], 0.1)}
        top = naive.alpha_max(X, y, **words)
        top = top if top > 1e-10 else 1.0  # where no column may move, it is zero up to rounding
        return X, y, options | {"alphas": top * np.array([1.0, 0.4, 0.1, 0.01])}


flag = st.booleans()
kinds, families = st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(FAMILIES))
cases = st.builds(
    Case, families, kinds, st.integers(0, 10_000), st.sampled_from([1.0, 0.5, 0.0]), flag, flag, flag, flag, flag, flag
)


def assert_within(path, lower, upper):
    """To the last bit."""
    coefs = path.coefs.toarray().T
    assert lower is None or np.all(coefs >= lower)
    assert upper is None or np.all(coefs <= upper)


@examples(40)
@given(cases, st.sampled_from(["auto", "newton", "coordinate_descent", "proximal_gradient"]), flag)
def test_all_kinds_are_certified_and_keep_to_their_bounds(case, solver, sparse):
    X, y, options = case.make()
    tol = 1e-5 if solver == "proximal_gradient" else 1e-9
    kind = sp.csc_array if sparse else np.asarray
    path = certified.fit(kind(X), y, check=(X, y), tol=tol, solver=solver, max_iter=5000, **options)
    assert_within(path, options["lower"], options["upper"])
    cold = certified.fit(kind(X), y, tol=tol, **options | {"alphas": options["alphas"][-1:]})
    assert_within(cold, options["lower"], options["upper"])


@pytest.mark.slow
@examples(30)
@given(cases)
def test_objectives_are_those_of_the_reference_solver(case):
    X, y, options = case._replace(twins=False, weighted=False).make()
    path = certified.fit(X, y, tol=1e-10, **options)
    words = certified.naive_options(options)
    plain = {name: value for name, value in words.items() if name != "fit_intercept"}
    best = [naive.objective(X, y, *naive.solve(X, y, a, **words), a, **plain) for a in options["alphas"]]
    scale = naive.null_scale(X, y, **words)
    assert np.all(np.abs(certified.objectives(path, X, y, **options) - best) <= 2e-10 * scale)


@examples(40)
@given(cases, st.sampled_from([1e-2, 1e-4]))
def test_a_gap_is_never_below_the_suboptimality(case, tol):
    X, y, options = case.make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loose, exact = (fit_path(X, y, tol=t, solver="coordinate_descent", **options) for t in (tol, 1e-11))
    excess = certified.objectives(loose, X, y, **options) - certified.objectives(exact, X, y, **options)
    scale = naive.null_scale(X, y, **certified.naive_options(options))
    assert np.all(loose.gaps >= excess / scale - 1e-10)


@examples(40)
@given(cases)
def test_alpha_max_is_where_the_first_column_enters(case):
    X, y, options = case.make()
    top = fit_path(X, y, n_alphas=1, **{name: value for name, value in options.items() if name != "alphas"}).alpha_max
    words = certified.naive_options(options) | {"l1_ratio": max(options["l1_ratio"], 1e-3)}
    scale = naive.null_scale(X, y, **words)
    # Ridge least squares takes y in units of its spread: see fastreg.paths.null_model.
    unit = np.sqrt(2.0 * scale) if options["l1_ratio"] == 0.0 and options["family"] == "gaussian" and scale > 0 else 1.0
    rounding = 1e-10 * scale / unit  # where nothing may move, the null model is fitted to its digits
    assert top == pytest.approx(naive.alpha_max(X, y, **words) / unit, rel=1e-6, abs=rounding)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_where_nothing_can_move(l1_ratio):
    X = np.random.default_rng(0).uniform(1.0, 2.0, (20, 5))
    y = -X.sum(axis=1)
    path = certified.fit(X, y, lower=0.0, l1_ratio=l1_ratio, fit_intercept=False, n_alphas=10)
    assert path.alpha_max == 0.0 and path.coefs.nnz == 0
    least = certified.fit(X, y, lower=0.0, l1_ratio=l1_ratio, fit_intercept=False, alphas=[0.0])
    assert least.coefs.nnz == 0
    assert fit_path(X, y, l1_ratio=l1_ratio, fit_intercept=False, n_alphas=10).coefs.nnz > 0


@examples(25)
@given(cases, st.sampled_from([1e2, 1e6, np.inf]))
def test_bounds_that_nothing_reaches_change_nothing(case, far):
    factors = case.factors and case.family != "binomial"  # free columns might separate the classes
    X, y, options = case._replace(twins=False, factors=factors).make()
    free = options | {"lower": None, "upper": None}
    plain = certified.fit(X, y, tol=1e-11, **free)
    bounded = certified.fit(X, y, tol=1e-11, **options | {"lower": -far, "upper": far})
    assert (bounded.lower is None) == (far == np.inf)
    scale = naive.null_scale(X, y, **certified.naive_options(free))
    values = [certified.objectives(path, X, y, **free) for path in (plain, bounded)]
    assert np.all(np.abs(values[0] - values[1]) <= 3e-11 * scale)


@pytest.mark.slow
@examples(20)
@given(cases)
def test_changing_the_sign_of_X_changes_the_sides(case):
    X, y, options = case._replace(twins=False).make()
    lower, upper = (None if bound is None else -np.asarray(bound) for bound in (options["upper"], options["lower"]))
    one = certified.fit(X, y, tol=1e-11, **options)
    two = certified.fit(-X, y, tol=1e-11, **options | {"lower": lower, "upper": upper})
    assert np.allclose(one.coefs.toarray(), -two.coefs.toarray(), atol=1e-4)


def tall(n=200, p=30):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, p)) + 0.7 * rng.normal(size=(n, 1))
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


@pytest.mark.parametrize("solver", [name for name in SOLVERS if name not in ("ridge", "proximal_gradient")])
def test_least_squares_within_bounds(solver):
    X, y = tall()
    options = {"alphas": [0.0], "fit_intercept": False, "solver": solver, "tol": 1e-12}
    path = certified.fit(X, y, lower=0.0, **options)
    assert np.allclose(path.coefs.toarray().ravel(), nnls(X, y)[0], atol=1e-6)
    assert np.array_equal(path.coefs.toarray().ravel() == 0.0, nnls(X, y)[0] == 0.0)
    path = certified.fit(X, y, lower=-0.3, upper=0.5, **options)
    reference = lsq_linear(X, y, bounds=(-0.3, 0.5), method="bvls", tol=1e-14).x
    assert np.allclose(path.coefs.toarray().ravel(), reference, atol=1e-6)
    assert np.count_nonzero(path.coefs.toarray() == 0.5) == np.count_nonzero(reference == 0.5) >= 3


@pytest.mark.parametrize("family", FAMILIES)
def test_ridge_within_bounds_against_a_quasi_newton_method(family):
    X, y = certified.draw(family, n=80, p=6)
    words = {"family": family, "l1_ratio": 0.0}

    def value(b):
        return naive.objective(X, y, b[1:], b[0], 0.05, **words)

    bounds = [(None, None)] + [(-0.1, 0.15)] * 6
    found = minimize(value, np.zeros(7), method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-9})
    path = certified.fit(X, y, alphas=[0.05], lower=-0.1, upper=0.15, tol=1e-12, **words)
    assert value(np.r_[path.intercepts[0], path.coefs.toarray().ravel()]) <= found.fun + 1e-12
    assert np.allclose(path.coefs.toarray().ravel(), found.x[1:], atol=1e-4)


@few(1)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_positive_as_in_scikit_learn(fit_intercept):
    X, y = tall(60, 40)
    sparse, weight = sp.csc_array(X * (np.abs(X) > 0.5)), np.random.default_rng(0).uniform(0.5, 2.0, 60)
    for name, params in [("Lasso", {"alpha": 0.1}), ("ElasticNet", {"alpha": 0.1}), ("Ridge", {"alpha": 3.0})]:
        for data, sample_weight in ((X, None), (X, weight), (sparse, None)):
            params |= {"positive": True, "fit_intercept": fit_intercept, "tol": 1e-12}
            ours, theirs = (getattr(library, name)(**params) for library in (fastreg, linear_model))
            theirs.set_params(max_iter=100_000)
            ours, theirs = ours.fit(data, y, sample_weight), theirs.fit(data, y, sample_weight)
            assert np.allclose(ours.coef_, theirs.coef_, atol=1e-5) and ours.coef_.min() == 0.0
            assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-4)
    for path in ("lasso_path", "enet_path"):
        alphas, coefs, _ = getattr(fastreg, path)(X, y, positive=True, tol=1e-10)
        there = getattr(linear_model, path)(X, y, positive=True, tol=1e-10, max_iter=100_000)
        assert np.allclose(alphas, there[0]) and np.allclose(coefs, there[1], atol=1e-4) and coefs.min() == 0.0
        with pytest.raises(ValueError, match="positive=True is not allowed for multi-output"):
            getattr(fastreg, path)(X, np.column_stack([y, y]), positive=True)


@pytest.mark.slow
def test_classes_that_cross_validate_keep_to_positive():
    X, y = tall(80, 12)
    for cls in (fastreg.LassoCV, fastreg.ElasticNetCV):
        model = cls(positive=True, cv=4).fit(X, y)
        peer = getattr(linear_model, cls.__name__)(positive=True, cv=4, tol=1e-8, max_iter=100_000).fit(X, y)
        if PEER_VERSION >= (1, 9):  # grids of older ones begin where a coefficient of either sign enters
            assert model.alpha_ == pytest.approx(peer.alpha_) and np.allclose(model.coef_, peer.coef_, atol=1e-3)
        assert all(fold.coefs.min() >= 0.0 for fold in model.cv_path_.fold_paths)
    labels = np.where(y > 0, "high", "low")
    model = fastreg.RidgeClassifier(positive=True).fit(X, labels)
    assert model.coef_.min() == 0.0 and model.dual_gap_ >= 0.0
    peer = linear_model.RidgeClassifier(positive=True, tol=1e-10).fit(X, labels)
    assert np.allclose(model.coef_, peer.coef_, atol=1e-3)


@few(1)
@pytest.mark.parametrize("n, p", [(60, 12), (4000, 60)])  # folds by weights, and by Gram matrices
def test_folds_are_certified_within_the_bounds(n, p):
    X, y = tall(n, p)
    curve = cv_path(X, y, cv=4, n_alphas=8, lower=-0.2, upper=0.4, tol=1e-9)
    for fold, path in enumerate(curve.fold_paths):
        assert_within(path, -0.2, 0.4)
        kept = np.where(curve.test_folds == fold, 0.0, 1.0)
        gaps = certified.proven_gaps(path, X, y, enough=0.99e-9, sample_weight=kept, lower=-0.2, upper=0.4)
        assert gaps.max() <= 1e-9 + certified.ROUNDING


@few(1)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("lower, upper", [(0.0, None), (-0.2, 0.4)])
def test_many_rows_take_one_gram_matrix(lower, upper, l1_ratio):
    X, y = certified.draw("gaussian", n=4000, p=110)
    factor = np.r_[0.0, 0.0, np.ones(108)]
    options = {"lower": lower, "upper": upper, "l1_ratio": l1_ratio, "penalty_factor": factor, "standardize": True}
    path = certified.fit(X, y, alphas=[0.3, 0.1, 0.01], tol=1e-10, **options)
    assert path.work["passes"] <= 3 and path.work["grams"] == 1
    assert_within(path, lower, upper)


@few(1)
@pytest.mark.parametrize("bounds", [{"lower": 0.0}, {"lower": -1.0, "upper": 1.0}])
def test_pivots_serve_bounds(bounds):
    """Without a single epoch of descent: coefficients come to rest at a bound and come off it along a path."""
    X, y = tall(50, 80)
    path = certified.fit(X, y, tol=1e-12, solver="active_set", n_alphas=60, **bounds)
    assert path.work["epochs"] == 0 and path.work["pivots"] > 0
    if "upper" in bounds:
        changes = np.diff(np.isin(path.coefs.toarray(), list(bounds.values())).astype(int), axis=1)
        assert np.any(changes > 0) and np.any(changes < 0)


def test_dependent_columns_within_a_box():
    X, y = tall(40, 6)
    X = np.column_stack([X, X, X[:, :3] + X[:, 3:6]])
    for solver in ("active_set", "coordinate_descent"):
        for l1_ratio in (1.0, 0.5):
            certified.fit(X, y, lower=-0.2, upper=0.3, solver=solver, l1_ratio=l1_ratio, tol=1e-9, n_alphas=10)
            certified.fit(X, y, lower=0.0, solver=solver, l1_ratio=l1_ratio, tol=1e-9, n_alphas=10)


def test_separable_classes_within_a_box_have_a_solution():
    X, y = np.arange(10.0)[:, None] - 4.5, (np.arange(10) >= 5).astype(float)
    with pytest.warns(fastreg.ConvergenceWarning, match="separable"):
        fit_path(X, y, family="binomial", alphas=[0.0])
    path = certified.fit(X, y, family="binomial", alphas=[0.0], upper=30.0, lower=-30.0)
    assert path.coefs.toarray().item() == 30.0


@examples(200)
@given(
    st.floats(0, 2), st.floats(0, 2), st.floats(-3, 3), st.floats(0, 1), st.floats(0, 2), st.floats(0, 2), flag, flag
)
def test_a_columns_share_of_the_gap_is_its_conjugate(l1, l2, c, share, below, above, no_l1, no_l2):
    """Against the maximum over a fine grid of the interval, from which it differs by the grid's step."""
    l1, l2 = 0.0 if no_l1 else l1, 0.0 if no_l2 else l2
    x = np.linspace(-below, above, 20_001)
    b = -below + share * (below + above)
    gains = c * x - l1 * np.abs(x) - 0.5 * l2 * x**2
    direct = l1 * abs(b) + 0.5 * l2 * b**2 - c * b + max(gains.max(), 0.0)
    terms = [np.array([value]) for value in (l1, l2, -below, above)]
    assert bounded_terms(np.array([c]), np.array([b]), tuple(terms), np.empty(0), 1.0) == pytest.approx(
        direct, abs=1e-3
    )


def test_a_path_knows_its_bounds(tmp_path):
    X, y = tall(60, 8)
    path = certified.fit(X, y, n_alphas=5, upper=0.3, lower=-np.inf)
    assert np.all(path.upper == 0.3) and np.all(path.lower == -np.inf)
    refitted = path.refit(X, y, 0.5 * path.alphas[2])
    certified.assert_certified(refitted, X, y, tol=1e-6, upper=0.3)
    assert refitted.coefs.max() == 0.3
    path.save(tmp_path / "path.json")
    loaded = fastreg.load_path(tmp_path / "path.json")
    assert np.array_equal(loaded.upper, path.upper) and np.array_equal(loaded.lower, path.lower)
    with pytest.raises(ValueError, match="bounds on its coefficients"):
        relax_path(path, X, y)
    with pytest.raises(ValueError, match="bounds on its coefficients"):
        fastreg.information_criteria(path, X, y)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"lower": 0.1}, r"lower must be 0 or less .*glmnet.*lower\[0\] = 0.1"),
        ({"upper": [0.0, -1.0, 1.0]}, r"upper must be 0 or more .*upper\[1\] = -1"),
        ({"upper": np.nan}, r"upper\[0\] = nan"),
        ({"lower": [0.0, 0.0]}, r"lower has shape \(2,\); it must be a number or one for each of 3 columns"),
        ({"lower": "none"}, "lower must be numeric"),
        ({"lower": 0.0, "l1_ratio": 0.0, "solver": "ridge"}, "solver='ridge' is a closed form, which knows no bounds"),
    ],
)
def test_bounds_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        fit_path(np.eye(4, 3), np.arange(4.0), **options)


def test_a_column_bounded_to_zero_is_left_out():
    X, y = tall(60, 8)
    upper = np.r_[0.0, np.full(7, np.inf)]
    path = certified.fit(X, y, n_alphas=5, lower=-upper, upper=upper)
    without = certified.fit(X, y, alphas=path.alphas, penalty_factor=np.r_[np.inf, np.ones(7)])
    assert path.coefs[[0]].nnz == 0 and np.allclose(path.coefs.toarray(), without.coefs.toarray(), atol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_a_dependent_support_at_its_bounds_is_left_within_few_steps(seed):
    """A cold descent leaves more columns in than there are rows, which pivots hand back while bounds hold them; the
    gap is then far above the objective itself, and a model solved to a share of that gap would gain nothing."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(5, 60)), np.array([2.0, 2.0, 0.0, 1.0, 1.0])
    path = certified.fit(X, y, family="poisson", lower=0.0, n_alphas=5, alpha_min_ratio=1e-4)
    assert path.n_iters.max() <= 50, path.n_iters


def test_bounds_hold_between_the_points_of_a_path():
    """0.9 times a share and the rest of it may be more than 0.9 by rounding."""
    X, y = certified.draw("gaussian", n=100, p=20)
    path = certified.fit(X, y, n_alphas=20, lower=-0.7, upper=0.1)
    assert np.any(path.coefs.toarray() == 0.1)
    for alpha in np.geomspace(path.alphas[0], path.alphas[-1], 500):
        coef, _ = path.coef(alpha)
        assert np.all(coef >= -0.7) and np.all(coef <= 0.1)
