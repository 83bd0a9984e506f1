"""X of narrower numbers than float64: read where it lies, with the results of its float64 copy."""

import tracemalloc
import warnings

import certified
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import few

import fastreg
from fastreg import csc_design, fit_path
from fastreg.design import dense_products, designs
from fastreg.design.designs import DenseDesign, SparseDesign, as_design
from fastreg.interface.narrow import NARROW, SMALL
from fastreg.interface.validation import check_design, read_only

TYPES = ["int8", "float32", "uint8", "int16", "bool"]
WIDE, TALL = (120, 2400), (2700, 100)  # large enough for fits to read them as they are


def draw(dtype, shape, order="F"):
    """(X of a type, its float64 copy, y)."""
    rng = np.random.default_rng(shape[1])
    X = rng.integers(0, 2 if dtype == "bool" else 4, size=shape)
    X = np.array(X * 0.3 if dtype == "float32" else X, dtype=dtype, order=order)
    copy = np.asfortranarray(X, dtype=float)
    assert X.size > SMALL
    return X, copy, copy[:, :4] @ [1.0, -1.0, 0.5, -0.5] + rng.normal(size=shape[0])


def peak(call):
    """(what a call returns, the memory allocated at its peak, without that of compiling)."""
    call()
    tracemalloc.start()
    try:
        return call(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def assert_in_place(call, X, copy, rtol=1e-9):
    """The numbers that call(X) returns are those of call(copy), and it makes no copy of X."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastreg.DataWarning)
        (expected, most), (found, used) = peak(lambda: call(copy)), peak(lambda: call(X))
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-3 * rtol * np.abs(expected).max())
    assert used < most + 0.25 * copy.nbytes, (used, most)


def coefs(path):
    return path.coefs.toarray()


@few(1)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_a_path_is_certified_and_that_of_the_copy(family, dtype):
    X, copy, y = draw(dtype, WIDE)
    y = y if family == "gaussian" else (y > np.median(y)).astype(float)
    assert_in_place(lambda X: coefs(fit_path(X, y, family=family, n_alphas=12)), X, copy)
    certified.fit(X, y, family=family, n_alphas=12)


ROOM = {
    "cv": lambda X, y: fastreg.cv_path(X, y, n_alphas=8, cv=3).mean,
    "one alpha": lambda X, y: coefs(fit_path(X, y, alphas=[0.3])),
    "ridge": lambda X, y: coefs(fit_path(X, y, alphas=[1.0, 0.1], l1_ratio=0.0)),
    "poisson ridge": lambda X, y: coefs(fit_path(X, y > 0, family="poisson", alphas=[1.0], l1_ratio=0.0)),
    "several": lambda X, y: fastreg.fit_multi_path(X, np.column_stack([y, -y]), n_alphas=4).coefs[0].toarray(),
    "classes": lambda X, y: (
        fastreg.fit_multi_path(X, y > 0, family="multinomial", n_alphas=4, tol=1e-12).coefs[0].toarray()
    ),
    "stability": lambda X, y: fastreg.stability_selection(X, y, n_pairs=2).to_frame().iloc[:, 1].to_numpy(float),
    "adaptive": lambda X, y: 1.0 / fastreg.adaptive_factor(X, y),
    "leave one out": lambda X, y: fastreg.ridge_loo(X, y, alphas=[1.0, 0.1]).errors,
    "lasso": lambda X, y: fastreg.Lasso(alpha=0.1).fit(X, y).coef_,
    "ridge_cv": lambda X, y: fastreg.RidgeCV().fit(X, y).predict(X),
    "logistic": lambda X, y: fastreg.LogisticRegression().fit(X, y > 0).decision_function(X),
    "targets": lambda X, y: fastreg.MultiTaskLasso(alpha=0.2).fit(X, np.column_stack([y, -y])).predict(X),
}


@few(1)
@pytest.mark.parametrize("call", ROOM)
@pytest.mark.parametrize("shape", [WIDE, TALL], ids=["wide", "tall"])
def test_every_function_reads_x_in_place(shape, call, monkeypatch):
    monkeypatch.setattr(dense_products, "CONVERTED", 2**14)
    X, copy, y = draw("int8", shape)
    assert_in_place(lambda X: ROOM[call](X, y), X, copy, rtol=1e-6)  # blocks are added in another order


@pytest.mark.parametrize("order", ["F", "C"])
def test_predictions_and_what_needs_the_data_again(order):
    X, copy, y = draw("int8", WIDE, order)
    path = fit_path(copy, y, n_alphas=12)
    alpha = path.alphas[8]
    for call in (
        lambda X: path.predict(X, alpha),
        lambda X: path.predict(X, path.alphas[:3]),
        lambda X: fastreg.fit_multi_path(copy, np.column_stack([y, -y]), alphas=[0.3]).predict(X, 0.3),
        lambda X: fastreg.relax_path(path, copy, y).predict(X, alpha, 0.5),
    ):
        np.testing.assert_allclose(call(X), call(copy), rtol=1e-10, atol=1e-12)
    if order == "F":
        assert_in_place(lambda X: path.predict(X, alpha), X, copy)
        assert_in_place(lambda X: coefs(path.refit(X, y, alpha)), X, copy)
        assert_in_place(lambda X: coefs(fastreg.relax_path(path, X, y).refit), X, copy)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_products_with_narrow_columns_by_blas(dtype, monkeypatch):
    """Block by block, with the last block shorter than the others, and in one."""
    X, copy, _ = draw(dtype, (180, 1500))
    design, wide, rng = as_design(X), as_design(copy), np.random.default_rng(0)
    V, C, some, centre = (
        rng.normal(size=(180, 3)),
        rng.normal(size=(1500, 2)),
        np.array([7, 3, 1499]),
        copy.mean(axis=0),
    )
    for converted in (2**14, 2**25):
        monkeypatch.setattr(dense_products, "CONVERTED", converted)
        for product in (
            lambda d: d.correlate_many(V),
            lambda d: d.predict_many(C),
            lambda d: d.correlate_each(V.T.copy()),
            lambda d: d.gather(some),
            lambda d: d.gram(some, np.ones(180), centre),
            lambda d: d.row_gram(np.arange(1500), np.ones(1500), centre),
            lambda d: d.row_gram(some, np.array([1.0, 2.0, 3.0]), centre),
            lambda d: np.vstack([block.T for _, block in d.by_rows(some, centre).blocks()]),
        ):
            found = product(design)
            assert found.dtype == np.float64
            np.testing.assert_allclose(found, product(wide), rtol=1e-12, atol=1e-10)


def test_what_is_kept_and_what_is_converted(tmp_path):
    for dtype in map(np.dtype, TYPES):
        X, copy, _ = draw(str(dtype), WIDE)
        assert np.shares_memory(check_design(X), X)
        assert as_design(check_design(X)).columns.dtype == (dtype if dtype in NARROW else np.uint8)
        turned = check_design(np.ascontiguousarray(X))  # of the same type, and one copy
        assert turned.dtype.itemsize == dtype.itemsize and turned.flags.f_contiguous
        assert check_design(X[:, :9]).dtype == np.float64  # sooner done than kernels are compiled
        np.testing.assert_array_equal(check_design(X.astype(dtype.newbyteorder(">"))), copy)
        np.save(tmp_path / "x.npy", X)
        mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
        assert np.shares_memory(check_design(mapped), mapped)
        frame = check_design(pd.DataFrame(X))  # a frame of one type has such an array
        assert frame.dtype.itemsize == dtype.itemsize
    for other in ("float16", "int32", "int64", "uint16"):
        assert check_design(X.astype(other)).dtype == np.float64


def test_nan_in_float32_is_found():
    X, _, y = draw("float32", WIDE)
    X[5, 17] = np.nan
    with pytest.raises(ValueError, match=r"X\[5, 17\] is NaN"):
        fit_path(X, y)
    with pytest.raises(ValueError, match=r"X\[5, 17\] is NaN"):
        fit_path(as_design(X), y)


# ---- sparse


def sparse(n=300, p=2500, kind="float32"):
    """(csc_array of float64, its values in a type, y)."""
    rng = np.random.default_rng(3)
    X = sp.random_array((n, p), density=0.4, format="csc", rng=rng)
    X.data[:] = 1.0 if kind == "ones" else rng.integers(1, 4, size=X.nnz)
    assert X.nnz > SMALL
    return (
        X,
        X.data.astype("float64" if kind == "ones" else kind),
        X[:, :4] @ [1.0, -1.0, 0.5, -0.5] + rng.normal(size=n),
    )


@few(1)
@pytest.mark.parametrize("kind", ["ones", "float32", "int8", "bool"])
def test_sparse_paths_read_narrow_values_in_place(kind):
    X, values, y = sparse(kind=kind)
    if kind == "ones":
        narrow = csc_design(None, X.indices, X.indptr, X.shape[0])
        assert narrow.data.strides == (0,)
    else:
        X = sp.csc_array((values.astype(float), X.indices, X.indptr), shape=X.shape)
        narrow = sp.csc_array((values, X.indices, X.indptr), shape=X.shape)
        assert check_design(narrow) is narrow or kind == "bool"
    (expected, most), (found, used) = (
        peak(lambda each=each: coefs(fit_path(each, y, n_alphas=12))) for each in (X, narrow)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert used < most + 0.25 * X.data.nbytes
    certified.fit(narrow, y, n_alphas=12, check=(X, y))


@few(1)
@pytest.mark.parametrize("kind", ["float32", "ones"])
@pytest.mark.parametrize("pointers", ["int32", "int64"])
def test_products_with_narrow_sparse_columns(kind, pointers, monkeypatch):
    """Where SciPy would convert the arrays, columns are copied some at a time."""
    monkeypatch.setattr(designs, "JOINED", 1)
    X, values, _ = sparse(kind=kind)
    wide, (n, p) = as_design(X), X.shape
    values = np.broadcast_to(1.0, X.nnz) if kind == "ones" else values
    narrow = SparseDesign(*map(read_only, (values, X.indices, X.indptr.astype(pointers))), n)
    rng, every = np.random.default_rng(0), np.arange(p)
    V, C, some, centre = rng.normal(size=(n, 3)), rng.normal(size=(p, 2)), np.array([7, 3, p - 1]), X.mean(axis=0)
    assert len(list(narrow.compressed(every))) > 1 and len(list(wide.compressed(every))) == 1
    none = np.arange(0)
    for product in (
        lambda d: d.correlate(V[:, 0].copy()),
        lambda d: d.correlate_many(V),
        lambda d: d.predict_many(C),
        lambda d: d.correlate_each(V.T.copy()),
        lambda d: d.gather(some),
        lambda d: d.gram(some, np.ones(n), centre),
        lambda d: d.row_gram(every, np.ones(p), centre),
        lambda d: d.row_gram(some, np.array([1.0, 2.0, 3.0]), centre),
        lambda d: d.by_rows(none, centre).X.toarray(),
        lambda d: np.vstack([block.T for _, block in d.by_rows(every, centre).blocks()]),
        lambda d: d.part_products([np.arange(5), np.arange(5, 9)], some, [np.eye(3)] * 2)[1],
        lambda d: d.gram_passes(),
    ):
        np.testing.assert_allclose(product(narrow), product(wide), rtol=1e-12, atol=1e-10)


@pytest.mark.slow
def test_rows_of_32_bits_lie_beyond_the_reach_of_32_bits(tmp_path):
    """The last columns of more than 2^31 values. Files have a hole in the place of those before, and take no room."""
    n, p, first = 40, 300, 2**31 - 1000
    rng = np.random.default_rng(0)
    X = sp.random_array((n, p), density=0.5, format="csc", rng=rng)
    y = X[:, :3] @ [3.0, -2.0, 1.0] + 0.1 * rng.normal(size=n)
    maps = []
    for values, dtype in ((X.data, np.float32), (X.indices, np.int32)):
        maps.append(np.memmap(tmp_path / np.dtype(dtype).name, dtype, mode="w+", shape=(first + X.nnz,)))
        maps[-1][first:] = values
    X.data[:] = X.data.astype(np.float32)
    for values in (maps[0], np.broadcast_to(1.0, first + X.nnz)):
        X.data = X.data if values is maps[0] else np.ones(X.nnz)
        design = SparseDesign(*map(read_only, (values, maps[1], X.indptr + np.int64(first))), n)
        assert design.indptr[-1] > 2**31
        np.testing.assert_array_equal(design.gather(np.array([0, p - 1])), X[:, [0, p - 1]].toarray())
        path = certified.fit(design, y, n_alphas=10, check=(X, y))
        np.testing.assert_allclose(coefs(path), coefs(fit_path(X, y, n_alphas=10)), rtol=1e-9)


def test_parts_that_are_no_matrix_are_refused():
    rows, pointer = np.array([0, 2, 1, 2, 3], dtype=np.int32), np.array([0, 2, 4, 5])
    good = csc_design([1, 2, 3, 4, 5], rows, pointer, 4)
    np.testing.assert_array_equal(good.gather(np.arange(3)).T, [[1, 0, 2, 0], [0, 3, 4, 0], [0, 0, 0, 5]])
    assert good.indptr.dtype == np.int32  # as kernels are compiled for already
    for parts, message in {
        (None, (0, 2, 2, 1, 3), (0, 2, 4, 5), 4): r"indices\[3\] = 1 in column 1 is not above the row before it, 2",
        (None, (0, 2, 1, 1, 3), (0, 2, 4, 5), 4): r"indices\[3\] = 1 in column 1 is not above",
        (None, (0, 2, 1, 2, 4), (0, 2, 4, 5), 4): r"indices\[4\] = 4 is out of range: X allows 0 to 3",
        (None, (0, -2, 1, 2, 3), (0, 2, 4, 5), 4): r"indices\[1\] = -2 is out of range",
        (None, (0, 2, 1, 2, 3), (0, 2, 1, 5), 4): "indptr is not a rising sequence",
        (None, (0, 2, 1, 2, 3), (0, 2, 4, 6), 4): "at most the number of stored values, 5",
        (None, (0, 2, 1, 2, 3), (0,), 4): "has no columns",
        ((1, 2, np.nan, 4, 5), (0, 2, 1, 2, 3), (0, 2, 4, 5), 4): r"data\[2\], of X\[1, 1\], is nan",
        ((1, 2, 3), (0, 2, 1, 2, 3), (0, 2, 4, 5), 4): "a vector of 5 values",
    }.items():
        data, indices, indptr, n = parts
        with pytest.raises(ValueError, match=message):
            csc_design(data, np.array(indices), np.array(indptr), n)
    with pytest.raises(ValueError, match=r"indices must be a vector of int32 or int64.*astype"):
        csc_design(None, rows.astype(float), pointer, 4)


def test_designs_of_narrow_columns_are_used_as_they_are():
    X, copy, y = draw("int8", WIDE)
    design = DenseDesign(read_only(X.T))
    assert as_design(check_design(design)) is design
    assert np.array_equal(coefs(fit_path(design, y, n_alphas=5)), coefs(fit_path(copy, y, n_alphas=5)))
