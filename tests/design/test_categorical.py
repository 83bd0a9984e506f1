"""Products of codes are those of the columns of 0 and 1 that they stand for; fits of codes are certified on these."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from certified import fit
from grids import few

import fastreg
from fastreg import cv_path
from fastreg.design.categorical import coded_design
from fastreg.design.column_products import column_moments, correlate_columns
from fastreg.design.designs import as_design

SIZES, STEPPED = (4, 30, 6, 5), (False, False, True, True)


def draw(n=300, missing=True, seed=0):
    """(a CodedDesign, the same columns expanded): numbers, one-hot and stepped factors in mixed order."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(3, n)) + np.array([[0.0], [1.0], [5.0]])
    codes = np.stack([rng.integers(-1 if missing else 0, size, n) for size in SIZES])
    units = [(-1, d) for d in range(3)]
    units += [(f, k) for f, size in enumerate(SIZES) for k in range(STEPPED[f], size)]
    units = np.array(units)[rng.permutation(len(units))]
    expanded = np.stack(
        [
            numbers[k] if f < 0 else (codes[f] >= k if STEPPED[f] else codes[f] == k).astype(float)
            for f, k in units.tolist()
        ],
        axis=1,
    )
    return coded_design(numbers, codes, SIZES, STEPPED, *units.T), expanded


@pytest.fixture(scope="module")
def both():
    return draw()


def test_single_columns(both):
    """Every verb, and moments of any weights, also of columns that are 1 in nearly every row that counts."""
    design, X = both
    rng = np.random.default_rng(1)
    h, v = rng.random(len(X)), rng.normal(size=len(X))
    assert design.shape == X.shape
    coded = design.factor >= 0
    assert design.stored_in(np.flatnonzero(coded)) == np.count_nonzero(X[:, coded])
    for j in range(X.shape[1]):
        assert np.isclose(design.column_dot(j, v), X[:, j] @ v, rtol=1e-12, atol=1e-12)
        for column in (design.column_add, lambda j, step, out: design.column_add_weighted(j, step, h, out)):
            out = v.copy()
            column(j, 0.5, out)
            scale = 1.0 if column == design.column_add else h
            np.testing.assert_allclose(out, v + 0.5 * scale * X[:, j], rtol=1e-12)
    mean, spread = column_moments(design, h / h.sum())
    np.testing.assert_allclose(mean, h @ X / h.sum(), rtol=1e-12)
    np.testing.assert_allclose(spread, h @ (X - mean) ** 2 / h.sum(), rtol=1e-12)
    nearly = np.where(X[:, np.flatnonzero(coded)[0]] > 0, 1.0, 1e-15)
    mean, spread = column_moments(design, nearly / nearly.sum())
    np.testing.assert_allclose(spread, nearly @ (X - mean) ** 2 / nearly.sum(), rtol=1e-9)


def test_products_with_all_columns(both):
    design, X = both
    rng = np.random.default_rng(2)
    v, several, coefs = rng.normal(size=len(X)), rng.normal(size=(7, len(X))), rng.normal(size=(X.shape[1], 3))
    np.testing.assert_allclose(design.correlate(v), X.T @ v, atol=1e-11)
    np.testing.assert_allclose(design.correlate_each(several), several @ X, atol=1e-11)
    np.testing.assert_allclose(design.correlate_many(several.T), X.T @ several.T, atol=1e-11)
    np.testing.assert_allclose(design.predict_many(coefs), X @ coefs, atol=1e-11)
    some = rng.permutation(X.shape[1])[:20]
    np.testing.assert_array_equal(design.gather(some), X[:, some])
    np.testing.assert_allclose(correlate_columns(design, v, some), X[:, some].T @ v, atol=1e-11)
    part = design.part(5, 25)
    np.testing.assert_allclose(part.correlate(v), X[:, 5:25].T @ v, atol=1e-11)
    h, centre = rng.random(len(X)), X.mean(axis=0)
    centred = X[:, some] - centre[some]
    np.testing.assert_allclose(design.gram(some, h, centre), (centred.T * h) @ centred, atol=1e-11)
    scale = rng.random(some.size) + 0.5
    np.testing.assert_allclose(design.row_gram(some, scale, centre), (centred / scale) @ centred.T, atol=1e-11)
    rows = design.by_rows(some, centre)
    np.testing.assert_allclose(np.hstack([block for _, block in rows.blocks()]).T, centred, atol=1e-12)
    factors = coefs[: some.size]
    np.testing.assert_allclose(np.hstack([part for _, part in rows.products(factors)]).T, centred @ factors, atol=1e-11)
    sample = np.sort(rng.permutation(len(X))[:50])
    gram, sums = rows.sampled_gram(sample, h[sample])
    np.testing.assert_allclose(gram, (centred[sample].T * h[sample]) @ centred[sample], atol=1e-11)
    np.testing.assert_allclose(sums, centred[sample].T @ h[sample], atol=1e-11)


def test_products_over_some_rows_are_those_of_sparse_columns(both):
    design, X = both
    twin, rng = as_design(sp.csc_array(X)), np.random.default_rng(3)
    parts = [np.sort(part) for part in np.array_split(rng.permutation(len(X)), 3)]
    weight, centre, y = rng.random(len(X)), X.mean(axis=0), rng.normal(size=len(X))
    for found, wanted in zip(
        design.part_grams(parts, weight, centre, y), twin.part_grams(parts, weight, centre, y), strict=True
    ):
        np.testing.assert_allclose(found, wanted, atol=1e-11)
    some = rng.permutation(X.shape[1])[:9]
    coefs = [rng.normal(size=(some.size, 2)) for _ in parts]
    for found, part, coef in zip(design.part_products(parts, some, coefs), parts, coefs, strict=True):
        np.testing.assert_allclose(found, X[part][:, some] @ coef, atol=1e-11)


def test_working_sets_in_whatever_parts_columns_come(both):
    """Gram matrices and products of a growing block; dense columns are centred, the others are not."""
    design, X = both
    rng, centre = np.random.default_rng(4), X.mean(axis=0)
    order, done, block = rng.permutation(X.shape[1]), 0, design.working_block(X.mean(axis=0))
    shifted, h = X - np.where(design.factor < 0, centre, 0.0), rng.random(len(X))
    for more in (1, 10, 3, 2, 20, 7):
        block.extend(order[done : done + more])
        columns = order[: done + more]
        for start in (0, done, done // 2):
            wanted = (shifted[:, columns].T * h) @ shifted[:, columns]
            np.testing.assert_allclose(block.gram(h, start), wanted[start:], atol=1e-11)
            np.testing.assert_allclose(block.correlate(h, start), shifted[:, columns[start:]].T @ h, atol=1e-11)
        for share in (1.0, 0.1):
            steps = rng.normal(size=columns.size) * (rng.random(columns.size) < share)
            moved = (X - centre)[:, columns] @ steps
            np.testing.assert_allclose(block.predict(steps), moved, atol=1e-11)
        others = order[-4:]
        v = rng.normal(size=h.size)
        wanted = (X[:, others].T @ (v - h * moved))[None]
        np.testing.assert_allclose(block.respond(others, v, h, steps[None]), wanted, atol=1e-10)
        done += more
    assert not block.wide()


CASES = {
    "lasso": {},
    "elastic net, scaled, weights": {"l1_ratio": 0.5, "standardize": True, "sample_weight": True},
    "bounds": {"lower": 0.0},
    "ridge": {"l1_ratio": 0.0},
    "factors, no intercept": {"penalty_factor": True, "fit_intercept": False, "l1_ratio": 0.9},
    "poisson, offset": {"family": "poisson", "offset": True},
    "logistic, bounds, factors": {"family": "binomial", "penalty_factor": True, "upper": 0.5},
    "gamma ridge": {"family": "gamma", "l1_ratio": 0.0},
}


def problem(options, n=200):
    """(design, expanded X, y, options with arrays in the place of True)."""
    design, X = draw(n, seed=5)
    rng = np.random.default_rng(6)
    eta = X[:, ::3] @ rng.normal(size=X[:, ::3].shape[1]) * 0.3
    family = options.get("family", "gaussian")
    y = {
        "gaussian": lambda: eta + rng.normal(size=n),
        "binomial": lambda: (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": lambda: rng.poisson(np.exp(np.clip(eta, -2, 2))).astype(float),
        "gamma": lambda: rng.gamma(2.0, np.exp(np.clip(eta, -2, 2))),
    }[family]()
    arrays = {
        "sample_weight": rng.random(n) + 0.1,
        "offset": rng.normal(size=n) * 0.3,
        "penalty_factor": np.where(rng.random(X.shape[1]) < 0.1, 0.0, 1.0),
    }
    return design, X, y, {name: arrays[name] if value is True and name in arrays else value
                          for name, value in options.items()}  # fmt: skip


@few(2)
@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_fits_are_certified_on_the_expanded_columns(options):
    """And they are those of sparse columns, to the accuracy of both."""
    design, X, y, options = problem(options)
    path = fit(design, y, check=(X, y), tol=1e-9, n_alphas=12, alpha_min_ratio=1e-2, **options)
    twin = fit(sp.csc_array(X), y, tol=1e-9, n_alphas=12, alpha_min_ratio=1e-2, **options)
    np.testing.assert_allclose(path.alphas, twin.alphas, rtol=1e-9)
    np.testing.assert_allclose(path.deviance_ratio, twin.deviance_ratio, atol=1e-7)
    eta = path.predict(design, path.alphas[-1], offset=options.get("offset"))
    np.testing.assert_allclose(eta, path.predict(X, path.alphas[-1], offset=options.get("offset")), rtol=1e-10)


@few(1)
@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_cross_validation_is_that_of_sparse_columns(family):
    design, X, y, _ = problem({"family": family})
    words = {"family": family, "n_alphas": 8, "alpha_min_ratio": 0.05, "cv": 3, "tol": 1e-9}
    ours, theirs = cv_path(design, y, **words), cv_path(sp.csc_array(X), y, **words)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-6)


@few(1)
@pytest.mark.parametrize("options", [{}, {"family": "poisson", "l1_ratio": 0.5}])
def test_columns_are_never_expanded(options):
    """A path needs a small part of the memory of the columns of 0 and 1, even where all of them are in the model."""
    n, size, rng = 40_000, 200, np.random.default_rng(0)
    codes, numbers = rng.integers(0, size, (1, n)), rng.normal(size=(1, n))
    design = coded_design(numbers, codes, [size], [False], [-1, *[0] * size], [0, *range(size)])
    y = rng.poisson(np.exp(rng.normal(size=size)[codes[0]] * 0.3)).astype(float)
    options = {"n_alphas": 5, "alpha_min_ratio": 1e-3} | options
    fastreg.fit_path(design, y, **options)  # so that kernels are compiled
    tracemalloc.start()
    path = fastreg.fit_path(design, y, **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.n_nonzero[-1] > 0.9 * size
    assert peak < 0.25 * 8 * n * size, peak


def test_products_are_the_same_bits_for_any_number_of_threads():
    n, factors, rng = 200_000, 6, np.random.default_rng(0)
    codes = rng.integers(0, 5, (factors, n))
    units = [(-1, 0), (-1, 1), *((f, k) for f in range(factors) for k in range(f == 2, 5))]
    design = coded_design(rng.normal(size=(2, n)), codes, [5] * factors, np.arange(factors) == 2, *np.array(units).T)
    h, centre, coefs = rng.random(n), np.zeros(len(units)), rng.normal(size=(len(units), 2))
    block = design.working_block(centre)
    block.extend(np.arange(len(units)))

    def products():
        return [design.correlate(h), design.correlate_each(h[None]), design.predict_many(coefs), block.gram(h),
                block.predict(coefs[:, 0])]  # fmt: skip

    try:
        fastreg.set_num_threads(1)
        alone = products()
        fastreg.set_num_threads(3)
        for ours, theirs in zip(products(), alone, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    finally:
        fastreg.set_num_threads(None)
    np.testing.assert_allclose(alone[0][:2], design.columns @ h, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(alone[0][2:7], np.bincount(codes[0], h), rtol=1e-9)
    np.testing.assert_allclose(alone[3][2:7, 7:12], [np.bincount(codes[1], h * (codes[0] == k)) for k in range(5)])


@pytest.mark.slow
def test_a_hundred_thousand_levels_take_memory_in_proportion():
    """To the rows and levels, also where thousands of levels are in the model."""
    n, size, rng = 200_000, 100_000, np.random.default_rng(0)
    codes = rng.integers(0, size, (1, n))
    y = rng.normal(size=size)[codes[0]] + rng.normal(size=n)
    design = coded_design(rng.normal(size=(1, n)), codes, [size], [False], [-1, *[0] * size], [0, *range(size)])
    fastreg.fit_path(design, y, alphas=[1e-4])  # so that kernels are compiled
    tracemalloc.start()
    path = fastreg.fit_path(design, y, alphas=[1e-4, 3e-5, 1.5e-5])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.converged and path.n_nonzero[-1] > 1000
    assert peak < 8 * (40 * n + 40 * size), peak
