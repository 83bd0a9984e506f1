"""Gram matrices and products of sparse columns are those of dense ones, in whatever parts the columns come."""

import numpy as np
import pytest
import scipy.sparse as sp
from numba import typeof

from fastreg import csc_design
from fastreg.design import sparse_gram, working_columns
from fastreg.design.designs import as_design


def draw(indices=np.int32, n=300, p=60):
    """A matrix with empty rows and columns, and columns that store nearly every row."""
    X = sp.random(n, p, 0.05, format="csc", random_state=0).toarray()
    rng = np.random.default_rng(0)
    X[:, :4] = rng.normal(size=(n, 4)) * (rng.random((n, 4)) < 0.95)
    X[:50] = 0.0
    X = sp.csc_array(X)
    X.indices, X.indptr = X.indices.astype(indices), X.indptr.astype(indices)
    return X, rng


@pytest.mark.parametrize("filled", [True, None, False], ids=["by row", "either", "by column"])
@pytest.mark.parametrize("groups", [1, 5])
def test_grams_are_those_of_dense_columns(monkeypatch, filled, groups):
    """From any column on, after any number of extensions, as one sum or as several."""
    if filled is not None:
        monkeypatch.setattr(working_columns.SparseBlock, "_rows_are_filled", lambda self, start: filled)
    monkeypatch.setattr(sparse_gram, "GROUPS", groups)
    monkeypatch.setattr(sparse_gram, "BLOCK", 1)
    monkeypatch.setattr(sparse_gram, "ENTRIES", 0.0)
    monkeypatch.setattr(sparse_gram, "LONGEST", 100)
    X, rng = draw()
    h, order, done = rng.random(300), rng.permutation(60), 0
    block = as_design(X).working_block(np.zeros(60))
    for more in (1, 10, 3, 2, 30, 1, 13):
        block.extend(order[done : done + more])
        dense = X.toarray()[:, order[: done + more]]
        wanted = (dense.T * h) @ dense
        for start in (done, 0, (done + more) // 2):
            np.testing.assert_allclose(block.gram(h, start), wanted[start:], rtol=1e-12, atol=1e-12)
        done += more
    assert done == 60


def test_column_by_column_only_the_rows_of_new_columns_are_read():
    """A few columns more cost a look at their own rows: those of which no weight is known are not touched."""
    X, rng = draw()
    h = rng.random(300)
    block = as_design(X).working_block(np.zeros(60))
    block.extend(np.arange(59))
    block.gram(h)
    block.extend(np.array([59]))
    elsewhere = np.setdiff1d(np.arange(300), X[:, [59]].nonzero()[0])
    known = h.copy()
    known[elsewhere] = np.nan
    dense = X.toarray()
    wanted = (dense[:, 59] * h) @ dense
    np.testing.assert_allclose(block.gram(known, 59)[0], wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("indices", [np.int32, np.int64])
def test_products_and_moments_are_those_of_dense_columns(indices):
    X, rng = draw(indices)
    design, dense = as_design(X), X.toarray()
    v, columns, steps = rng.normal(size=300), rng.permutation(60)[:20], rng.normal(size=20)
    np.testing.assert_allclose(design.correlate(v), dense.T @ v, rtol=1e-12, atol=1e-12)
    block = design.working_block(dense.mean(axis=0))
    block.extend(columns)
    np.testing.assert_allclose(block.correlate(v), dense[:, columns].T @ v, rtol=1e-12, atol=1e-12)
    centred = dense[:, columns] - dense[:, columns].mean(axis=0)
    np.testing.assert_allclose(block.predict(steps), centred @ steps, rtol=1e-12, atol=1e-12)
    for j in range(60):
        spread = design.column_spread(j, 0.1, v**2, float(np.sum(v**2)))
        np.testing.assert_allclose(spread, v**2 @ (dense[:, j] - 0.1) ** 2, rtol=1e-12)
        out = v.copy()
        design.column_add_weighted(j, 2.0, v**2, out)
        np.testing.assert_allclose(out, v + 2.0 * v**2 * dense[:, j], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", [np.float64, np.float32, "ones"])
@pytest.mark.parametrize("indices", [np.int32, np.int64])
def test_kernels_get_copies_of_the_columns_in_the_order_in_which_they_were_added(kind, indices):
    """In the types of X, for which kernels are compiled, and only of what has been added since the last time."""
    X, rng = draw(indices)
    if kind == "ones":
        design = csc_design(None, X.indices, X.indptr, 300)
        X.data[:] = 1.0
    else:
        X = X.astype(kind)
        X.indices, X.indptr = X.indices.astype(indices), X.indptr.astype(indices)
        design = as_design(X)
    block, order, v = design.working_block(np.zeros(60)), rng.permutation(60), rng.normal(size=300)
    for start, stop in ((0, 7), (7, 8), (8, 40)):
        block.extend(order[start:stop])
        near, places, shift = block.for_kernels()
        assert np.array_equal(places, np.arange(stop)) and not shift.any()
        assert [typeof(each) for each in near] == [typeof(each) for each in design]
        np.testing.assert_array_equal(near.correlate(v), design.correlate(v)[order[:stop]])
        assert block.for_kernels()[0] is near
    everything = design.working_block(np.zeros(60))
    everything.extend(np.arange(60))
    assert everything.for_kernels()[0] is design
