"""Products of rows in parts: those of the rows themselves, however the parts are cut and lie."""

from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

from fastreg import set_num_threads
from fastreg.design import row_subsets
from fastreg.design.designs import as_design
from fastreg.objective.gram_reduction import factored

N, P = 700, 23
KINDS = pytest.mark.parametrize("kind", [np.asfortranarray, sp.csc_array], ids=["dense", "sparse"])
SIZES = pytest.mark.parametrize(("rows", "tile", "panel"), [(1024, 512, 4096), (40, 10, 64), (1, 1, 1)])


def draw(monkeypatch, rows=1024, tile=512, panel=4096):
    """Data, and parts of it: not in order, one with rows twice, one of a single row; panels as small as is said."""
    monkeypatch.setattr(row_subsets, "ROWS", rows)
    monkeypatch.setattr(row_subsets, "TILE", tile)
    monkeypatch.setattr(row_subsets, "LONG", panel)
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(N, P)) + 3.0) * (rng.random((N, P)) < 0.6)
    order = rng.permutation(N)
    return rng, X, [order[:200], order[200:650], rng.integers(0, N, 90), np.array([5])]


@few(1)
@KINDS
@SIZES
def test_grams_of_parts_are_those_of_their_rows(kind, rows, tile, panel, monkeypatch):
    rng, X, parts = draw(monkeypatch, rows, tile, panel)
    weight, centre, response = rng.uniform(0.0, 2.0, N), X.mean(axis=0), rng.normal(size=N)
    weight[::7] = 0.0
    parts = [np.sort(part) for part in parts]
    for part, found in zip(parts, as_design(kind(X)).part_grams(parts, weight, centre, response)):
        U = np.column_stack([X - centre, response, np.ones(N)])[part]
        np.testing.assert_allclose(found, (U.T * weight[part]) @ U, rtol=1e-12, atol=1e-10)


@KINDS
@SIZES
def test_products_of_parts_are_those_of_their_rows(kind, rows, tile, panel, monkeypatch):
    rng, X, parts = draw(monkeypatch, rows, tile, panel)
    columns = np.array([0, 3, 4, 9, 22])
    coefs = [rng.normal(size=(5, points)) for points in (4, 1, 3, 7)]
    coefs[1][2], coefs[3][:] = 0.0, 0.0  # a column that one part lacks; a part without any
    for part, each, found in zip(parts, coefs, as_design(kind(X)).part_products(parts, columns, coefs)):
        np.testing.assert_allclose(found, X[part][:, columns] @ each, rtol=1e-12, atol=1e-12)
    none = as_design(kind(X)).part_products(parts, columns[:0], [each[:0] for each in coefs])
    assert all(
        np.array_equal(found, np.zeros((part.size, each.shape[1]))) for found, part, each in zip(none, parts, coefs)
    )


def test_parts_have_the_same_bits_for_any_number_of_threads():
    rng = np.random.default_rng(1)
    X = as_design(np.asfortranarray(rng.normal(size=(6000, 180))))
    parts, weight, response = np.split(np.arange(6000), 6), rng.uniform(0.5, 1.5, 6000), rng.normal(size=6000)
    coefs = [rng.normal(size=(180, 20)) for _ in parts]
    found = []
    try:
        for threads in (1, 3):
            set_num_threads(threads)
            grams = X.part_grams(parts, weight, np.zeros(180), response)
            found.append([*grams, *X.part_products(parts, np.arange(180), coefs)])
    finally:
        set_num_threads(None)
    for one, other in combinations(found, 2):
        assert all(np.array_equal(a, b) for a, b in zip(one, other))


def dependent(X):
    X[:, 7] = X[:, 3]


def nearly_dependent(X):
    X[:, 7] = X[:, 3] + 1e-7 * X[:, 8]


@pytest.mark.parametrize(("change", "ranks"), [(dependent, {11}), (nearly_dependent, {11, 12}), (None, {12})])
def test_factors_multiply_to_the_gram_matrix(change, ranks):
    """To rounding in the Gram matrix. It alone says whether a column with 1e-14 of its square left counts as one."""
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(300, 12)), rng.normal(size=300)
    if change is not None:
        change(X)
    gram, target = X.T @ X, X.T @ y
    R, z = factored(gram.copy(), target)
    rank = z.size
    assert R.shape == (rank, 12) and rank in ranks
    np.testing.assert_allclose(R.T @ R / rank, gram, atol=1e-10)
    lost = 1e-7 * np.linalg.norm(X[:, 8]) * np.linalg.norm(y) if change is nearly_dependent else 1e-10
    np.testing.assert_allclose(R.T @ z / np.sqrt(rank), target, atol=lost)
