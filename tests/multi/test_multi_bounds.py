"""Bounds on the coefficients of classes: they hold exactly, and every point is certified as a minimum within them."""

import warnings

import naive_multi as naive
import numpy as np
import pytest
import scipy.sparse as sp
from certified_multi import draw, fit, naive_options
from grids import few
from scipy.optimize import minimize

from fastreg import ConvergenceWarning, cv_path, fit_multi_path, fit_path, load_path
from fastreg.interface.arguments import FitOptions, Grid
from fastreg.multi.driver import solve_classes

P, K = 10, 3
RNG = np.random.default_rng(4)
EACH = np.array([0.0, np.inf, 0.05, 0.0, 1.0, 0.02, 0.0, np.inf, 0.1, 0.0])
KINDS = {
    "positive": (0.0, None),
    "negative": (None, 0.0),
    "box": (-0.1, 0.2),
    "a column each": (-EACH, np.roll(EACH, 3)),  # column 3 is left out by bounds of zero
    "an entry each": tuple(sign * RNG.choice([0.0, 0.05, 0.3, np.inf], (P, K)) for sign in (-1, 1)),
}
FACTOR = np.r_[0.0, 2.0, np.inf, 0.5, np.ones(6)]
OPTIONS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "weights": {"sample_weight": np.r_[0.0, np.linspace(0.2, 3, 39)]},
    "factors": {"penalty_factor": FACTOR},
    "standardize": {"standardize": True},
    "offset": {"offset": RNG.normal(size=(40, K))},
    "all": {
        "sample_weight": np.linspace(0.2, 3, 40),
        "penalty_factor": FACTOR,
        "standardize": True,
        "offset": RNG.normal(size=(40, K)),
    },
}
CLASSES = {"family": "multinomial", "n_alphas": 6, "alpha_min_ratio": 0.03}


def bounds(kind):
    return dict(zip(("lower", "upper"), KINDS[kind]))


def assert_within(path, lower, upper):
    """To the last bit."""
    lower, upper = naive.bounds_of(lower, upper, path.coefs[0].shape[0], len(path.coefs))
    for k in range(path.alphas.size):
        coef = path.point(k)[0]
        assert np.all((lower <= coef) & (coef <= upper))


@few(2)
@pytest.mark.parametrize("more", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("kind", KINDS)
def test_every_point_is_certified_within_its_bounds(kind, l1_ratio, more):
    X, y = draw("multinomial", density=0.8)
    options = {"l1_ratio": l1_ratio, **CLASSES, **bounds(kind), **more}
    path = fit(X, y, **options)
    assert_within(path, *KINDS[kind])
    assert np.array_equal([path.lower, path.upper], naive.bounds_of(*KINDS[kind], P, K))
    assert_within(fit(sp.csc_array(X), y, **options), *KINDS[kind])
    assert_within(fit(X, y, **options | {"alphas": path.alphas[-1:]}), *KINDS[kind])  # a cold start far down


@few(3)
@pytest.mark.parametrize("more", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_alpha_max_is_where_the_first_coefficient_enters(kind, more):
    X, y = draw("multinomial", density=0.8)
    options = {"family": "multinomial", **bounds(kind), **more}
    words = naive_options(options)
    top = naive.alpha_max(X, y, **words)
    path = fit(X, y, alphas=[1.0001 * top, 0.99 * top], **options)
    assert path.alpha_max == pytest.approx(top, rel=1e-6)
    held = np.ones(P, dtype=bool) if "penalty_factor" not in more else FACTOR > 0
    assert not path.point(0)[0][held].any()
    assert path.point(1)[0][held].any()


@few(3)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_objectives_are_those_of_a_quasi_newton_method_on_split_coefficients(kind, l1_ratio):
    """B = B+ - B-, both >= 0: smooth, within a box, for L-BFGS-B."""
    X, y = draw("multinomial", p=6)
    lower, upper = (np.asarray(bound)[:6] if np.ndim(bound) else bound for bound in KINDS[kind])
    box = naive.bounds_of(lower, upper, 6, K)
    words, alpha = {"family": "multinomial", "l1_ratio": l1_ratio}, 0.02
    problem = naive.prepare(X, y, alpha, **words)
    Z = np.column_stack([np.ones(len(X)), X])

    def value(parts):
        intercepts, plus, minus = parts[:K], parts[K : 7 * K].reshape(6, K), parts[7 * K :].reshape(6, K)
        eta = intercepts + X @ (plus - minus)
        slope = -Z.T @ naive.residual_at(problem, eta)
        ridge = problem.l2[:, None] * (plus - minus)
        penalty = problem.l1 @ (plus + minus).sum(axis=1) + 0.5 * problem.l2 @ ((plus - minus) ** 2).sum(axis=1)
        gradient = [slope[0], (slope[1:] + ridge + problem.l1[:, None]).ravel()]
        gradient.append((-slope[1:] - ridge + problem.l1[:, None]).ravel())
        return problem.weight @ problem.family.loss(problem.Y, eta) + penalty, np.concatenate(gradient)

    limits = [(None, None)] * K + [(0, up) for up in box[1].ravel()] + [(0, -low) for low in box[0].ravel()]
    found = minimize(value, np.zeros(13 * K), jac=True, method="L-BFGS-B", bounds=limits,
                     options={"ftol": 1e-16, "gtol": 1e-10, "maxiter": 10_000})  # fmt: skip
    path = fit(X, y, alphas=[alpha], lower=lower, upper=upper, tol=1e-11, **words)
    reached = naive.objective(X, y, *path.point(0), alpha, lower=lower, upper=upper, **words)
    assert reached <= found.fun + 1e-11
    assert reached == pytest.approx(found.fun, abs=1e-8)
    np.testing.assert_allclose(path.point(0)[0], (found.x[K : 7 * K] - found.x[7 * K :]).reshape(6, K), atol=1e-3)


@few(1)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("tol", [1e-2, 1e-4])
def test_a_gap_is_never_below_the_suboptimality(tol, l1_ratio):
    X, y = draw("multinomial", seed=3)
    for kind in KINDS:
        options = {"l1_ratio": l1_ratio, **CLASSES, **bounds(kind), **OPTIONS["factors"]}
        words = naive_options(options)
        scale = naive.null_scale(X, y, **words)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loose, exact = (fit_multi_path(X, y, tol=t, **options) for t in (tol, 1e-11))
        for k, alpha in enumerate(loose.alphas):
            values = [naive.objective(X, y, *path.point(k), alpha, **words) for path in (loose, exact)]
            assert loose.gaps[k] >= (values[0] - values[1]) / scale - 1e-10


@few(1)
@pytest.mark.parametrize("far", [1e2, 1e6, np.inf])
def test_bounds_that_nothing_reaches_change_nothing(far):
    X, y = draw("multinomial")
    options = CLASSES | {"tol": 1e-11, "alpha_min_ratio": 0.1}
    for more in (OPTIONS["plain"], OPTIONS["all"]):
        plain, bounded = fit(X, y, **options, **more), fit(X, y, lower=-far, upper=far, **options, **more)
        assert (bounded.lower is None) == (far == np.inf)
        np.testing.assert_allclose(bounded.alphas, plain.alphas, rtol=1e-6)
        for k in range(plain.alphas.size):
            np.testing.assert_allclose(
                bounded.predict(X, bounded.alphas[k], more.get("offset")),
                plain.predict(X, plain.alphas[k], more.get("offset")),
                atol=1e-4,
            )


def test_without_a_penalty_and_separable_within_a_box():
    X, y = draw("multinomial", n=40, p=4, seed=2)
    path = fit(X, y, family="multinomial", alphas=[0.1, 0.0], lower=-0.4, upper=0.6)
    assert_within(path, -0.4, 0.6)
    assert np.count_nonzero(np.isin(path.point(1)[0], [-0.4, 0.6])) >= 3
    half = fit(X, y, family="multinomial", alphas=[0.0], lower=[-np.inf, 0.0, 0.0, -np.inf], upper=np.inf)
    assert_within(half, np.array([-np.inf, 0.0, 0.0, -np.inf]), None)
    x, parts = np.arange(12.0)[:, None] - 5.5, np.repeat(np.arange(3), 4)
    with pytest.warns(ConvergenceWarning, match="separable"):
        fit_multi_path(x, parts, family="multinomial", alphas=[0.0])
    path = fit(x, parts, family="multinomial", alphas=[0.0], upper=5.0, lower=-5.0, tol=1e-7)
    assert np.abs(path.point(0)[0]).max() == 5.0


def test_one_bound_a_column_serves_every_class():
    X, y = draw("multinomial")
    lower = np.r_[-np.inf, np.zeros(9)]
    columns = fit(X, y, lower=lower, tol=1e-12, **CLASSES)
    entries = fit(X, y, lower=np.repeat(lower[:, None], K, axis=1), tol=1e-12, **CLASSES)
    for k in range(6):
        np.testing.assert_array_equal(columns.point(k)[0], entries.point(k)[0])


def test_more_columns_than_rows_and_twins():
    X, y = draw("multinomial", n=30, p=80, seed=5)
    X[:, 1] = X[:, 0]
    for l1_ratio in (1.0, 0.5):
        path = fit(X, y, family="multinomial", l1_ratio=l1_ratio, n_alphas=15, lower=-0.2, upper=0.3)
        assert_within(path, -0.2, 0.3)
        assert np.isin(path.point(14)[0], [-0.2, 0.3]).any()


def test_a_saved_path_knows_its_bounds(tmp_path):
    X, y = draw("multinomial")
    path = fit(X, y, **CLASSES, **bounds("an entry each"))
    path.save(tmp_path / "path.json")
    same = load_path(tmp_path / "path.json")
    assert np.array_equal(same.lower, path.lower) and np.array_equal(same.upper, path.upper)
    between = np.sqrt(path.alphas[3] * path.alphas[4])
    assert np.all((same.coef(between)[0] >= path.lower) & (same.coef(between)[0] <= path.upper))
    text = (tmp_path / "path.json").read_text().replace('"lower": [[', '"lower": [[0.0], [')
    (tmp_path / "path.json").write_text(text)
    with pytest.raises(ValueError, match="damaged"):
        load_path(tmp_path / "path.json")


@pytest.mark.parametrize("kind", ["positive", "an entry each"])
def test_folds_of_classes_are_certified_within_the_bounds(kind):
    X, y = draw("multinomial", n=80)
    found = cv_path(X, y, family="multinomial", cv=4, n_alphas=5, tol=1e-9, **bounds(kind))
    assert_within(found.path, *KINDS[kind])
    for fold, path in enumerate(found.fold_paths):
        assert_within(path, *KINDS[kind])
        words = {"family": "multinomial", "weight": np.where(found.test_folds == fold, 0.0, 1.0), **bounds(kind)}
        scale = naive.null_scale(X, y, **words)
        for k, alpha in enumerate(path.alphas):
            assert naive.duality_gap(X, y, *path.point(k), alpha, **words) <= 1.001e-9 * scale


def test_a_class_without_weight_leaves_the_others_their_bounds():
    X, y = draw("multinomial")
    lower, upper = KINDS["an entry each"]
    options = FitOptions("multinomial", sample_weight=np.where(y == 1, 0.0, 1.0), lower=lower, upper=upper, tol=1e-10)
    path = solve_classes(X, y, options, Grid([0.03]))
    kept = y != 1
    two = fit(X[kept], y[kept] // 2, family="multinomial", alphas=[0.03], tol=1e-10, lower=lower[:, [0, 2]],
              upper=upper[:, [0, 2]])  # fmt: skip
    np.testing.assert_allclose(path.point(0)[0][:, [0, 2]], two.point(0)[0], atol=1e-4)
    assert np.array_equal(path.lower, lower) and path.lower.shape == (P, K) and not path.point(0)[0][:, 1].any()


@pytest.mark.parametrize("l1_ratio", [1.0, 0.0])
def test_bounds_on_rows_are_refused_and_the_advice_works(l1_ratio):
    X, Y = draw("gaussian")
    for function in (fit_multi_path, cv_path):
        with pytest.raises(
            ValueError, match=r"lower and upper.*Bound the coefficients of each response.*fit_path\(X, Y"
        ):
            function(X, Y, lower=0.0, l1_ratio=l1_ratio)
    assert fit_path(X, Y[:, 0], lower=0.0, l1_ratio=l1_ratio).coefs.min() >= 0.0
    assert fit_multi_path(X, Y, lower=-np.inf, l1_ratio=l1_ratio, n_alphas=3).lower is None


@pytest.mark.parametrize(
    "options, message",
    [
        ({"lower": 0.1}, r"lower must be 0 or less .*glmnet.*lower\[0\] = 0.1"),
        ({"upper": np.r_[0.0, -1.0, np.zeros(8)]}, r"upper must be 0 or more .*upper\[1\] = -1"),
        ({"upper": np.where(np.arange(30).reshape(10, 3) == 4, -1.0, 1.0)}, r"upper\[1, 1\] = -1"),
        ({"upper": np.nan}, r"upper\[0\] = nan"),
        (
            {"lower": np.zeros(3)},
            r"\(3,\); .* one for each of 10 columns, or of shape \(10, 3\)",
        ),
        ({"lower": np.zeros((3, 10))}, r"lower has shape \(3, 10\)"),
        ({"lower": "none"}, "lower must be numeric"),
    ],
)
def test_bounds_out_of_range(options, message):
    X, y = draw("multinomial")
    with pytest.raises(ValueError, match=message):
        fit_multi_path(X, y, family="multinomial", **options)
