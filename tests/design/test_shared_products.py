"""What folds share, and what is looked at first: the numbers that each would have alone, or bounds on them."""

import numpy as np
import pytest
import scipy.sparse as sp

from fastreg.design.column_products import column_moments, first_of
from fastreg.design.designs import as_design
from fastreg.objective.correlation_bounds import ENDS, TILE, columns_reaching
from fastreg.objective.screening import keep_largest

KEPT = 4


def draw(kind, n, p):
    rng = np.random.default_rng(n + p)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.4)
    return as_design(np.asfortranarray(X) if kind == "dense" else sp.csc_array(X)), X, rng


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("n, p", [(1, 1), (17, 5), (40, 7001), (1201, 9)])
def test_a_product_does_not_depend_on_those_beside_it(kind, n, p):
    design, X, rng = draw(kind, n, p)
    vectors = rng.normal(size=(11, n))
    together = design.correlate_each(vectors)
    np.testing.assert_allclose(together, vectors @ X, rtol=1e-12, atol=1e-12)
    for count in range(1, 11):
        assert np.array_equal(design.correlate_each(vectors[:count]), together[:count])
    assert np.array_equal(design.correlate_each(vectors[3:4]), together[3:4])


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("shift", [0.0, 1e8])
def test_moments_and_first_products_of_folds_are_each_folds_own(kind, shift):
    """Also of columns that are constant in a fold, zero there, or far from zero."""
    n, p = 30, 2500
    _, X, rng = draw(kind, n, p)
    X[:, 7] = np.where(np.arange(n) < 10, rng.normal(size=n), 3.0)
    X[10:, 8] = 0.0
    X[:, 9] = 0.0
    X[:, ::2] += shift
    weights = rng.random((3, n))
    weights[0, :10] = 0.0
    weights[2, 5:] = 0.0
    weights /= weights.sum(axis=1)[:, None]
    design = as_design(np.asfortranarray(X) if kind == "dense" else sp.csc_array(X))
    vectors = rng.normal(size=(2, n))
    means, spreads, products = first_of(design, weights, vectors)
    np.testing.assert_allclose(products, vectors @ X, rtol=1e-12, atol=1e-12 * (1.0 + shift))
    for weight, mean, spread in zip(weights, means, spreads):
        own = column_moments(design, weight)
        np.testing.assert_allclose(mean, own[0], rtol=1e-14, atol=1e-300)
        np.testing.assert_allclose(spread, own[1], rtol=1e-13, atol=1e-30 * (1.0 + shift**2))
    assert spreads[0, 9] == means[0, 9] == 0.0 and spreads[0, 7] <= 1e-28


def reaching(products, known, points, exact, outside):
    sizes, found = np.sqrt(np.diag(products)), np.empty(exact.size, dtype=np.int64)
    room = np.empty((ENDS, KEPT)), np.empty((2, KEPT)), np.empty(TILE)
    return found[: columns_reaching((products, sizes, known), points, exact, outside, room, found)]


@pytest.mark.parametrize("count", [0, 1, 2, 19])
def test_chords_hide_no_column_that_may_violate(count):
    """What is found are the columns whose bound at some point is beyond their threshold, no more and no fewer."""
    rng = np.random.default_rng(count)
    n, p = 30, 1300
    X = rng.normal(size=(n, p))
    residuals = rng.normal(size=(KEPT, n))
    products, known = residuals @ residuals.T, residuals @ X
    t = np.linspace(0.0, 1.0, count)[:, None]
    mixes = np.hstack([1.0 - t, t, 0.3 * t * (1.0 - t), 0.1 * t**2])
    alphas = np.geomspace(20.0, 12.0, count + 1)
    radii, factor, contains = 0.3 * rng.random(count), rng.uniform(0.5, 2.0, p), rng.random(p) < 0.1
    norms = np.linalg.norm(X, axis=0) * (rng.random(p) < 0.9)
    found = reaching(products, known, (mixes, radii, alphas), known[1], (norms, factor, contains))
    bounds = np.vstack([np.abs(mixes @ known) + radii[:, None] * norms, np.abs(known[1])])
    may = (bounds > alphas[:, None] * factor).any(axis=0) & (norms > 0.0) & ~contains
    assert 0 < may.sum() < p / 2
    assert np.array_equal(found, np.flatnonzero(may))


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_radius_that_is_not_finite_settles_nothing_at_other_points(bad):
    rng = np.random.default_rng(0)
    known, products, ones = rng.normal(size=(KEPT, 50)), np.eye(KEPT), np.ones(50)
    mixes, alphas = np.tile([1.0, 0.0, 0.0, 0.0], (3, 1)), np.full(4, 1.5)
    points, outside = (mixes, np.array([0.0, bad, 0.0]), alphas), (ones, ones, np.zeros(50, dtype=bool))
    found = reaching(products, known, points, np.zeros(50), outside)
    assert set(np.flatnonzero(np.abs(known[0]) > 1.5)) <= set(found)


@pytest.mark.parametrize("most", [1, 2, 7, 64])
def test_the_heap_keeps_the_largest(most):
    rng = np.random.default_rng(most)
    estimate, factor, columns = rng.normal(size=900), rng.uniform(0.5, 2.0, 900), np.arange(0, 900, 3)
    estimate[30] = np.nan
    largest = np.full(most, -1)
    keep_largest(estimate, factor, columns, np.full(most, -1.0), largest)
    sizes = np.nan_to_num(np.abs(estimate[columns]) / factor[columns], nan=-1.0)
    assert set(largest) == set(columns[np.argsort(-sizes)[:most]])
