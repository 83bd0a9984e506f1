"""What must not matter, or in a known way: order, signs, scales, repeats, storage, where a fit starts."""

from typing import NamedTuple

import certified
import naive
import numpy as np
import pytest
import scipy.sparse as sp
from grids import each_value, examples, few
from hypothesis import given
from hypothesis import strategies as st

from fastreg import fit_path
from fastreg.objective.families import FAMILIES

N, P, TOL = 30, 7, 1e-11
drawn = examples(25)
families = st.sampled_from(sorted(FAMILIES))
ratios = st.sampled_from([1.0, 0.6, 0.0])


class Case(NamedTuple):
    """A problem with a unique solution, said in a line."""

    family: str
    seed: int
    l1_ratio: float
    standardize: bool
    fit_intercept: bool
    weighted: bool
    offset: bool
    factors: bool

    def make(self):
        """X, y and options."""
        X, y = certified.draw(self.family, n=N, p=P, seed=self.seed, density=0.8)
        rng = np.random.default_rng(N)
        weight, offset = rng.integers(1, 5, N).astype(float), 0.2 * rng.normal(size=N)
        factor = np.r_[0, 0.5, 2, np.ones(P - 3)]
        options = certified.options_of(self, sample_weight=weight, offset=offset, penalty_factor=factor)
        return X, y, options | {"alphas": grid(X, y, options)}


def grid(X, y, options):
    """Two alphas where some columns are in."""
    words = certified.naive_options(options) | {"l1_ratio": max(options["l1_ratio"], 0.2)}
    return naive.alpha_max(X, y, **words) * np.array([0.5, 0.1])


flag = st.booleans()
cases = st.builds(Case, families, st.integers(0, 10_000), ratios, flag, flag, flag, flag, flag)


def assert_close(a, b, X, y, options, transform=lambda coef: coef):
    """Two paths of one problem: a gap of TOL leaves coefficients that agree to about its square root."""
    scale = naive.null_scale(certified.dense(X), y, **certified.naive_options(options))
    size = np.abs(b.coefs.toarray()).max() + 1e-3
    assert np.allclose(transform(a.coefs.toarray()), b.coefs.toarray(), rtol=0, atol=1e-4 * size)
    assert np.allclose(a.intercepts, b.intercepts, rtol=0, atol=1e-3 * (1 + np.abs(b.intercepts).max()))
    excess = certified.objectives(b, X, y, **options)
    moved = [
        naive.objective(
            certified.dense(X), y, coef, intercept, alpha,
            **{k: v for k, v in certified.naive_options(options).items() if k != "fit_intercept"},
        )
        for coef, intercept, alpha in zip(transform(a.coefs.toarray()).T, a.intercepts, options["alphas"])
    ]  # fmt: skip
    assert np.all(np.abs(moved - excess) <= (2 * TOL + certified.ROUNDING) * scale)


def changed(options, **parts):
    """Options with their vectors replaced where they were given."""
    return options | {name: value for name, value in parts.items() if name in options}


def rows_of(options, rows):
    """The options of some rows."""
    return changed(options, **{k: options[k][rows] for k in ("sample_weight", "offset") if k in options})


@drawn
@given(case=cases, seed=st.integers(0, 99))
def test_order_of_rows(case, seed):
    X, y, options = case.make()
    rows = np.random.default_rng(seed).permutation(N)
    a = certified.fit(X[rows], y[rows], tol=TOL, **rows_of(options, rows))
    assert_close(a, certified.fit(X, y, tol=TOL, **options), X, y, options)


@drawn
@given(case=cases, seed=st.integers(0, 99))
def test_order_of_columns(case, seed):
    X, y, options = case.make()
    columns = np.random.default_rng(seed).permutation(P)
    factor = options.get("penalty_factor", np.ones(P))[columns]
    a = certified.fit(X[:, columns], y, tol=TOL, **changed(options, penalty_factor=factor))
    b = certified.fit(X, y, tol=TOL, **options)
    assert_close(a, b, X, y, options, lambda coef: coef[np.argsort(columns)])


@drawn
@given(case=cases, seed=st.integers(0, 99))
def test_signs_of_columns(case, seed):
    X, y, options = case.make()
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], P)
    a = certified.fit(X * signs, y, tol=TOL, **options)
    b = certified.fit(X, y, tol=TOL, **options)
    assert_close(a, b, X, y, options, lambda coef: signs[:, None] * coef)


@drawn
@given(case=cases, seed=st.integers(0, 99), spread=st.sampled_from([1, 6]))
def test_scales_of_columns_that_are_standardised(case, seed, spread):
    X, y, options = case.make()
    options["standardize"] = True
    options["alphas"] = grid(X, y, options)
    scales = 10.0 ** np.random.default_rng(seed).uniform(-spread, spread, P)
    a = certified.fit(X * scales, y, tol=TOL, **options)
    b = certified.fit(X, y, tol=TOL, **options)
    assert_close(a, b, X, y, options, lambda coef: scales[:, None] * coef)


@drawn
@given(case=cases)
def test_a_weight_of_k_is_k_repeats(case):
    X, y, options = case.make()
    weight = np.random.default_rng(7).integers(0, 4, N)  # 0: the row is dropped
    weight[:2] = 1
    options["sample_weight"] = weight.astype(float)
    rows = np.repeat(np.arange(N), weight)
    repeated = rows_of(options, rows)
    del repeated["sample_weight"]
    a = certified.fit(X[rows], y[rows], tol=TOL, **repeated)
    b = certified.fit(X, y, tol=TOL, **options)
    assert_close(a, b, X, y, options)


@drawn
@given(case=cases, kind=st.sampled_from([np.array, sp.csc_array]))
def test_a_row_of_weight_zero_is_no_row(case, kind):
    X, y, options = case.make()
    weight = options.get("sample_weight", np.ones(N)).copy()
    weight[5:12] = 0.0
    rows = np.flatnonzero(weight)
    wild = X.copy()
    wild[5:12] *= 1e6
    options["sample_weight"] = weight
    a = certified.fit(X[rows], y[rows], tol=TOL, **rows_of(options, rows))
    b = certified.fit(kind(wild), y, tol=TOL, **options)
    assert_close(a, b, X, y, options)


@drawn
@given(case=cases)
def test_dense_or_sparse(case):
    X, y, options = case.make()
    a = certified.fit(sp.csc_array(X), y, tol=TOL, **options)
    assert_close(a, certified.fit(X, y, tol=TOL, **options), X, y, options)


@drawn
@given(case=cases)
def test_warm_or_cold(case):
    X, y, options = case.make()
    way = options["alphas"][-1] * np.geomspace(30, 1, 15)
    a = certified.fit(X, y, tol=TOL, **options | {"alphas": way})
    b = certified.fit(X, y, tol=TOL, **options | {"alphas": way[-1:]})
    a.coefs, a.intercepts = a.coefs[:, [-1]], a.intercepts[-1:]
    assert_close(a, b, X, y, options | {"alphas": way[-1:]})


@drawn
@given(case=cases, above=st.sampled_from([1.0, 1.0 + 1e-12, 1.5, 1e6]))
def test_at_alpha_max_and_above_all_penalised_coefficients_are_zero(case, above):
    X, y, options = case.make()
    if options["l1_ratio"] == 0.0:
        options["l1_ratio"] = 1.0
    top = fit_path(X, y, **options).alpha_max
    assert np.isclose(top, naive.alpha_max(X, y, **certified.naive_options(options)), rtol=1e-9)
    alphas = [above * top * (1 + 1e-13), 0.98 * top]
    path = certified.fit(X, y, tol=TOL, **options | {"alphas": alphas})
    held = options.get("penalty_factor", np.ones(P)) > 0
    assert np.all(path.coefs.toarray()[held, 0] == 0)
    assert np.any(path.coefs.toarray()[held, 1] != 0)


@drawn
@given(case=cases, shift=st.sampled_from([-3.0, 0.5, 100.0]))
def test_a_gaussian_offset_is_a_shift_of_y(case, shift):
    X, y, options = case.make()
    y = X @ np.ones(P) + np.sin(np.arange(N))
    offset = shift * np.cos(np.arange(N))
    options |= {"family": "gaussian", "offset": offset}
    plain = {k: v for k, v in options.items() if k != "offset"}
    a = certified.fit(X, y - offset, tol=TOL, **plain)
    assert_close(a, certified.fit(X, y, tol=TOL, **options), X, y, options)


@drawn
@given(family=families, seed=st.integers(0, 10_000), share=st.sampled_from([0.1, 0.5]))
def test_splitting_a_column_in_two(family, seed, share):
    """With a pure l1 penalty, s x and (1 - s) x hold less than x; x and x share one coefficient."""
    X, y = certified.draw(family, n=N, p=P, seed=seed)
    options = {"family": family, "alphas": np.array([0.4, 0.05]) * naive.alpha_max(X, y, family=family)}
    whole = certified.fit(X, y, tol=TOL, **options)
    twice = certified.fit(np.column_stack([X, X[:, 1]]), y, tol=TOL, **options)
    scaled = certified.fit(np.column_stack([X, share * X[:, 1]]), y, tol=TOL, **options)
    joined = twice.coefs.toarray()
    joined[1] += joined[-1]
    twice.coefs = sp.csc_array(joined[:-1])
    assert_close(twice, whole, X, y, options)
    scaled.coefs = scaled.coefs[:-1]
    assert_close(scaled, whole, X, y, options)


@drawn
@given(seed=st.integers(0, 10_000))
def test_splitting_a_ridge_column_in_two(seed):
    """A ridge on two copies of a column is half the ridge on one."""
    X, y = certified.draw("gaussian", n=N, p=P, seed=seed)
    options = {"l1_ratio": 0.0, "alphas": np.array([1.0, 0.01])}
    halved = options | {"penalty_factor": np.r_[1, 0.5, np.ones(P - 2)]}
    twice = certified.fit(np.column_stack([X, X[:, 1]]), y, tol=TOL, **options)
    joined = twice.coefs.toarray()
    assert np.allclose(joined[1], joined[-1], rtol=1e-6, atol=1e-9)
    joined[1] += joined[-1]
    twice.coefs = sp.csc_array(joined[:-1])
    assert_close(twice, certified.fit(X, y, tol=TOL, **halved), X, y, halved)


# Scales: powers of two, so that scaling itself rounds nothing. 2^496 is about 2e149.


@few(3)
@pytest.mark.parametrize("kind", [np.array, sp.csc_array])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("power", [-496, -300, -40, 40, 300, 496])
def test_scales_of_y(power, l1_ratio, kind):
    X, y = certified.draw("gaussian", n=N, p=P)
    options = {"l1_ratio": l1_ratio}
    alphas = np.array([0.3, 0.03]) * naive.alpha_max(X, y)
    plain = certified.fit(kind(X), y, tol=TOL, alphas=alphas, **options)
    factor = 2.0**power  # the penalty's l2 part does not scale: alpha l2 b^2 and loss both grow by factor^2
    scaled_alphas = alphas * factor if l1_ratio == 1.0 else alphas
    found = fit_path(kind(X), factor * y, tol=TOL, alphas=scaled_alphas, **options)
    assert found.converged
    if l1_ratio in (0.0, 1.0):
        wanted = plain.coefs.toarray()
        assert np.allclose(found.coefs.toarray() / factor, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())
    check_scaled(found, X, y, factor, 1.0, scaled_alphas, l1_ratio)


@few(2)
@pytest.mark.parametrize("kind", [np.array, sp.csc_array])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.0])
@pytest.mark.parametrize("power", [-496, -300, -40, 40, 300, 496])
def test_scales_of_X(power, l1_ratio, family, kind):
    X, y = certified.draw(family, n=N, p=P)
    alphas = np.array([0.3, 0.03]) * naive.alpha_max(X, y, family=family)
    plain = certified.fit(kind(X), y, tol=TOL, alphas=alphas, family=family, l1_ratio=l1_ratio)
    factor = 2.0**power
    scaled = alphas * factor if l1_ratio == 1.0 else alphas * factor * factor
    found = fit_path(kind(factor * X), y, tol=TOL, alphas=scaled, family=family, l1_ratio=l1_ratio)
    assert found.converged
    wanted = plain.coefs.toarray()
    assert np.allclose(found.coefs.toarray() * factor, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())
    assert np.allclose(found.intercepts, plain.intercepts, rtol=0, atol=1e-5)
    gaps = [
        naive.duality_gap(X, y, factor * certified.column(found, k)[0], found.intercepts[k], alpha,
                          family=family, l1_ratio=l1_ratio)
        for k, alpha in enumerate(alphas)
    ]  # fmt: skip
    assert np.all(np.array(gaps) <= (TOL + certified.ROUNDING) * naive.null_scale(X, y, family=family))


def check_scaled(path, X, y, factor_y, factor_x, alphas, l1_ratio):
    """The certificate after the scales are taken out: b = b' factor_y / factor_x."""
    for k, alpha in enumerate(alphas):
        coef, intercept = certified.column(path, k)
        b, b0 = coef / factor_y * factor_x, intercept / factor_y
        l1 = alpha * l1_ratio / factor_y / factor_x
        l2 = alpha * (1 - l1_ratio) / factor_x / factor_x
        total = l1 + l2
        gap = naive.duality_gap(X, y, b, b0, total, l1_ratio=l1 / total)
        assert gap <= (TOL + certified.ROUNDING) * naive.null_scale(X, y)


@pytest.mark.parametrize("power_y", [-496, 0, 496])
@pytest.mark.parametrize("power_x", [-496, 0, 496])
def test_automatic_paths_at_extreme_scales(power_x, power_y):
    X, y = certified.draw("gaussian", n=N, p=P)
    options = {"n_alphas": 5, "tol": TOL}
    plain = certified.fit(X, y, **options)
    found = fit_path(2.0**power_x * X, 2.0**power_y * y, **options)
    assert found.converged
    assert np.allclose(found.alphas * 2.0**-power_x * 2.0**-power_y, plain.alphas, rtol=1e-9)
    scaled = found.coefs.toarray() * 2.0**-power_y * 2.0**power_x
    assert np.allclose(scaled, plain.coefs.toarray(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("family", ["poisson", "gamma"])
@pytest.mark.parametrize("power", [-60, -20, 20, 60])
def test_scales_of_a_positive_y_move_the_intercept(family, power):
    """With a log link, y times f is an intercept of log f more; a poisson loss grows by f as well."""
    X, y = certified.draw(family, n=N, p=P)
    factor = 2.0**power
    options = {"family": family, "tol": TOL}
    alphas = np.array([0.3, 0.03]) * naive.alpha_max(X, y, family=family)
    plain = certified.fit(X, y, alphas=alphas, **options)
    scaled = alphas * factor if family == "poisson" else alphas
    found = fit_path(X, factor * y, alphas=scaled, **options)
    assert found.converged
    assert np.allclose(found.coefs.toarray(), plain.coefs.toarray(), rtol=0, atol=1e-5)
    assert np.allclose(found.intercepts - np.log(factor), plain.intercepts, rtol=0, atol=1e-5)


@each_value
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("unstored", ["no row", "rows of weight zero", "one row of little weight"])
def test_a_full_sparse_column_has_the_spread_of_a_dense_one(unstored, fit_intercept):
    """What its few other rows weigh is not what rounding leaves of one: under a large mean that would be a spread."""
    rng = np.random.default_rng(4)
    X, y, weight = rng.normal(size=(30, 6)), rng.normal(size=30), rng.random(30)
    X[:, 4], X[:, 5] = 3.0, 1e5 + X[:, 5]
    if unstored != "no row":
        X[:5, 4:], weight[1:5] = 0.0, 0.0
        weight[0] = 0.0 if unstored == "rows of weight zero" else 1e-12
    options = {
        "sample_weight": weight,
        "fit_intercept": fit_intercept,
        "standardize": True,
        "alpha_min_ratio": 0.1,
        "n_alphas": 20,
    }
    dense = certified.fit(X, y, **options)
    sparse = certified.fit(sp.csc_array(X), y, check=(X, y), **options)
    assert np.allclose(dense.alphas, sparse.alphas, rtol=1e-12, atol=0)


@pytest.mark.parametrize("value", [3.0, -1e3])
def test_a_constant_column_keeps_its_scale_where_others_are_standardized_without_intercept(value):
    X, y = certified.draw("gaussian", n=40, p=4)
    X[:, 1] = value
    deviations = X.std(axis=0)
    alphas, options = [0.3, 0.01], {"fit_intercept": False, "tol": 1e-12}
    path = certified.fit(X, y + 1.0, alphas=alphas, standardize=True, **options)
    other = certified.fit(
        X, y + 1.0, alphas=alphas, penalty_factor=np.where(deviations > 0, deviations, 1.0), **options
    )
    assert path.coefs[[1]].toarray().any()
    np.testing.assert_allclose(path.coefs.toarray(), other.coefs.toarray(), rtol=1e-5, atol=1e-9)
    assert not fit_path(X, y + 1.0, alphas=alphas, standardize=True).coefs[[1]].toarray().any()
