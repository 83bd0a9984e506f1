"""X in files: the numbers of the array, the same fits, and errors for files that are not what they should be."""

import ctypes
import os
import pickle
import zipfile
from pathlib import Path

import certified
import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

import fastreg
from fastreg import fit_path
from fastreg.design.files import mapped
from fastreg.design.files.stored import StoredFile

RNG = np.random.default_rng(3)
N, P = 60, 900
DENSE = RNG.integers(-3, 4, size=(N, P))
DENSE[:, RNG.random(P) < 0.2] = 0
SPARSE = sp.csc_array(DENSE * (RNG.random((N, P)) < 0.2))
Y = DENSE[:, :5].sum(axis=1) + RNG.normal(size=N)


def save(folder, kind):
    """(path of a file, the numbers in it as float64)."""
    if kind in ("ones", "folder"):
        path, X = folder / kind, SPARSE.astype(bool) if kind == "ones" else SPARSE
        path.mkdir()
        np.save(path / "shape.npy", X.shape)
        np.save(path / "indices.npy", X.indices.astype(np.int32))
        np.save(path / "indptr.npy", X.indptr.astype(np.int64))
        if kind == "folder":
            np.save(path / "data.npy", X.data.astype(np.float32))
        return path, X.toarray().astype(float)
    if kind == "npz":
        sp.save_npz(folder / "x.npz", SPARSE.astype(float), compressed=False)
        return folder / "x.npz", SPARSE.toarray().astype(float)
    X = np.asfortranarray(DENSE if kind != "bool" else DENSE > 0).astype(kind)
    np.save(folder / "x.npy", X)
    return folder / "x.npy", X.astype(float)


FORMS = ["float64", "int8", "npz", "ones"]
OTHERS = [pytest.param(kind, marks=pytest.mark.slow) for kind in (">f8", "float32", "uint8", "int16", "bool", "folder")]


@few(2)
@pytest.mark.parametrize("kind", FORMS + OTHERS)
def test_products_are_those_of_the_numbers(tmp_path, kind):
    path, X = save(tmp_path, kind)
    design = fastreg.open(path)
    assert design.shape == X.shape and design.price >= 1.0
    weights, vectors, columns = RNG.random((2, N)), RNG.normal(size=(3, N)), np.array([5, 899, 3, 4, 440])
    weights /= weights.sum(axis=1, keepdims=True)
    mean, variance, products = design.first(weights, vectors)
    np.testing.assert_allclose(mean, weights @ X, atol=1e-12)
    np.testing.assert_allclose(variance, [w @ (X - w @ X) ** 2 for w in weights], atol=1e-12)
    np.testing.assert_allclose(products, vectors @ X, atol=1e-12)
    np.testing.assert_allclose(design.correlate(vectors[0]), vectors[0] @ X, atol=1e-12)
    np.testing.assert_allclose(design.look(vectors, columns), vectors @ X[:, columns], atol=1e-12)
    np.testing.assert_array_equal(design.gather(columns), X[:, columns])
    assert design.look(vectors, columns[:0]).shape == (3, 0)
    centre, h, parts = mean[0], RNG.random(N), [np.arange(0, N, 3), np.arange(1, N, 3)]
    Z = (X - centre)[:, columns]
    np.testing.assert_allclose(design.gram(columns, h, centre), (Z.T * h) @ Z, atol=1e-12)
    gram, sums = design.by_rows(columns, centre).sampled_gram(parts[0], h[parts[0]])
    np.testing.assert_allclose(gram, (Z[parts[0]].T * h[parts[0]]) @ Z[parts[0]], atol=1e-12)
    np.testing.assert_allclose(sums, Z[parts[0]].T @ h[parts[0]], atol=1e-12)
    U = np.column_stack([X - centre, Y, np.ones(N)])
    for part, found in zip(parts, design.part_grams(parts, h, centre, Y)):
        np.testing.assert_allclose(found, (U[part].T * h[part]) @ U[part], atol=1e-10)


@few(2)
@pytest.mark.parametrize("kind", FORMS + OTHERS)
def test_a_fit_is_certified_and_reads_the_file_a_few_times(tmp_path, kind):
    path, X = save(tmp_path, kind)
    design = fastreg.open(path)
    fitted = certified.fit(design, Y, check=(X, Y), n_alphas=20, alpha_min_ratio=0.05, tol=1e-9)
    wanted = fit_path(np.asfortranarray(X), Y, n_alphas=20, alpha_min_ratio=0.05, tol=1e-9)
    np.testing.assert_allclose(fitted.coefs.toarray(), wanted.coefs.toarray(), atol=1e-7)
    np.testing.assert_allclose(
        fitted.predict(design, wanted.alphas[-1]), wanted.predict(X, wanted.alphas[-1]), atol=1e-6
    )
    assert 0 < design.reads <= 15
    size = sum(each.bytes for each in design.values)
    assert design.reads * size <= design.bytes_read <= (design.reads + 5) * size


def test_blocks_of_sparse_columns_share_the_vectors_and_the_edges(tmp_path, monkeypatch):
    """Otherwise blocks of few values cost as much as vectors of all rows, or edges of all columns, are long."""
    from fastreg.design import column_products, designs
    from fastreg.design.files import mapped_sparse

    def recorded(module, name, place, seen):
        function = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args: (seen.append(args[place]), function(*args))[1])

    weights, by_rows, edges = [], [], []
    recorded(column_products, "first_numbers", 1, weights)
    recorded(designs, "correlate_vectors", 1, by_rows)
    recorded(mapped_sparse, "edges_by_cost", 0, edges)
    monkeypatch.setattr("fastreg.numerics.threads.BLOCK", 100)
    path, X = save(tmp_path, "npz")
    stored, vectors, columns = fastreg.open(path), RNG.normal(size=(2, N)), np.arange(P)[::-1]
    mean, _, products = stored.first(np.full((1, N), 1.0 / N), vectors)
    np.testing.assert_allclose(mean[0], X.mean(axis=0), atol=1e-12)
    for found in (products, stored.correlate_each(vectors), stored.look(vectors, columns)[:, columns]):
        np.testing.assert_allclose(found, vectors @ X, atol=1e-12)
    assert len(weights) > 10 and len({each.ctypes.data for each in weights}) == 1
    assert len(by_rows) > 10 and len({each.ctypes.data for each in by_rows}) <= 2 and len(edges) == 1


@pytest.mark.parametrize("kind", ["float64", "npz"])
def test_tall_files_are_read_by_rows(tmp_path, kind, monkeypatch):
    monkeypatch.setattr("fastreg.design.files.tiles.TILE", 256 * 12)
    X = np.asfortranarray(RNG.normal(size=(1000, 12)))
    if kind == "npz":
        sp.save_npz(path := tmp_path / "x.npz", sp.csc_array(X), compressed=False)
    else:
        np.save(path := tmp_path / "x.npy", X)
    y = X[:, 0] + RNG.normal(size=1000)
    for options in ({}, {"l1_ratio": 0.0}, {"family": "binomial"}):
        response = (y > 0).astype(float) if options.get("family") else y
        design = fastreg.open(path)
        fitted = certified.fit(design, response, check=(X, response), alphas=[0.1, 0.01], tol=1e-8, **options)
        wanted = fit_path(X, response, alphas=[0.1, 0.01], tol=1e-8, **options)
        np.testing.assert_allclose(fitted.coefs.toarray(), wanted.coefs.toarray(), atol=1e-4)


@pytest.mark.parametrize("kind", ["float64", "npz"])
def test_bits_do_not_depend_on_threads(tmp_path, kind):
    n, p = 100, 20_000
    X = RNG.normal(size=(n, p)) * (RNG.random((n, p)) < 0.6)
    if kind == "npz":
        sp.save_npz(path := tmp_path / "x.npz", sp.csc_array(X), compressed=False)
    else:
        np.save(path := tmp_path / "x.npy", np.asfortranarray(X))
    weights, vectors, columns = np.full((1, n), 1.0 / n), RNG.normal(size=(2, n)), RNG.permutation(p)[: p // 2]
    found = []
    for threads in (1, 2, 3):
        fastreg.set_num_threads(threads)
        design = fastreg.open(path)
        parts = *design.first(weights, vectors), design.correlate(vectors[0]), design.look(vectors, columns)
        found.append((*parts, design.gather(columns[:9])))
    fastreg.set_num_threads(None)
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other))


def test_ten_folds_share_their_reads(tmp_path):
    path, _ = save(tmp_path, "float64")
    one, both = fastreg.open(path), fastreg.open(path)
    fit_path(one, Y)
    fastreg.cv_path(both, Y, cv=10)
    assert both.reads - one.reads <= 1.6 * one.reads


def test_single_columns_are_read_alone(tmp_path):
    path, _ = save(tmp_path, "float64")
    design = fastreg.open(path)
    design.look(np.ones((2, N)), np.array([7, 800]))
    assert design.bytes_read == 2 * N * 8 and design.reads == 0


@pytest.mark.parametrize("threads", [1, 3])
def test_pages_of_a_file_larger_than_the_allowance_are_given_back(tmp_path, monkeypatch, threads):
    """All but a quarter, a piece behind what is read, the rest at the end of a pass."""
    n, p, piece = 1000, 2000, 2**20
    X = np.asfortranarray(RNG.normal(size=(n, p)))
    np.save(tmp_path / "x.npy", X)
    size = os.path.getsize(tmp_path / "x.npy")
    monkeypatch.setattr(mapped, "allowance", lambda: 2 * n * p)
    monkeypatch.setattr(mapped, "PIECE", piece)
    dropped = []
    monkeypatch.setattr(StoredFile, "drop", lambda self, start, stop: dropped.append((start, stop)))
    fastreg.set_num_threads(threads)
    design = fastreg.open(tmp_path / "x.npy")
    np.testing.assert_allclose(design.correlate(np.ones(n)), X.sum(axis=0), atol=1e-10)
    fastreg.set_num_threads(None)
    assert design.kept == 0.25 and dropped.pop() == (size - 6 * n * p, size)
    assert sorted(dropped) == [(k * piece, (k + 1) * piece) for k in range(4, size // piece - 1)]


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system keeps what it likes")
def test_what_is_given_back_is_not_in_memory(tmp_path):
    np.save(path := tmp_path / "x.npy", np.asfortranarray(np.ones((1000, 1000))))
    with open(path, "rb") as file:
        os.fsync(file.fileno())  # pages that are not on the disk yet cannot be given back
    file = StoredFile(path)
    size = os.path.getsize(path)
    assert np.frombuffer(file.map, dtype=np.uint8)[::4096].sum() > 0
    file.drop(0, size)
    pages = np.empty(-(-size // 4096), dtype=np.uint8)
    content = np.frombuffer(file.map, dtype=np.uint8)
    ctypes.CDLL(None).mincore(*map(ctypes.c_void_p, (content.ctypes.data, size, pages.ctypes.data)))
    assert np.sum(pages & 1) < pages.size / 2


def test_a_pickled_file_is_opened_again(tmp_path):
    path, X = save(tmp_path, "float64")
    stored = pickle.dumps(fastreg.open(path))
    assert len(stored) < 1000
    np.testing.assert_array_equal(pickle.loads(stored).gather(np.arange(3)), X[:, :3])
    os.utime(path, ns=(1, 1))
    with pytest.raises(RuntimeError, match="has changed since it was opened in another process"):
        pickle.loads(stored)


@pytest.mark.process
def test_workers_open_the_file_themselves(tmp_path):
    path, _ = save(tmp_path, "float64")
    design, alphas = fastreg.open(path), [[0.5], [0.2]]
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(fit_path)(design, Y, alphas=each) for each in alphas)
    for path, each in zip(found, alphas):
        np.testing.assert_array_equal(path.coefs.toarray(), fit_path(design, Y, alphas=each).coefs.toarray())


def test_estimators_take_files(tmp_path):
    path, X = save(tmp_path, "float64")
    design = fastreg.open(path)
    fitted, wanted = fastreg.LassoCV(cv=3).fit(design, Y), fastreg.LassoCV(cv=3).fit(X, Y)
    assert fitted.alpha_ == pytest.approx(wanted.alpha_)
    np.testing.assert_allclose(fitted.predict(design), wanted.predict(X), rtol=1e-6, atol=1e-6)
    assert design.reads <= 30


def test_a_file_with_nan_is_told_of_by_place(tmp_path):
    X = np.asfortranarray(DENSE.astype(float))
    X[7, 41] = np.nan
    np.save(path := tmp_path / "x.npy", X)
    with pytest.raises(ValueError, match=r"X\[7, 41\] is NaN"):
        fit_path(fastreg.open(path), Y)
    X[7, 41] = 1e200
    np.save(path, X)
    with pytest.raises(ValueError, match="column 41 of X holds values whose squares exceed"):
        fit_path(fastreg.open(path), Y)


def test_rows_of_a_file_are_refused_with_advice(tmp_path):
    from sklearn.model_selection import GridSearchCV

    path, _ = save(tmp_path, "float64")
    search = GridSearchCV(fastreg.Lasso(), {"alpha": [0.1, 0.2]}, cv=2, error_score="raise")
    with pytest.raises((TypeError, ValueError), match="cv_path or an estimator whose name ends in CV"):
        search.fit(fastreg.open(path), Y)


@pytest.mark.parametrize("kind", ["float64", "npz"])
@pytest.mark.parametrize("change", ["longer", "shorter", "rewritten"])
def test_a_file_that_changes_during_a_fit_is_told_of(tmp_path, kind, change):
    path, _ = save(tmp_path, kind)

    def alter(progress):
        if change == "rewritten":
            content = path.read_bytes()
            path.write_bytes(content)
            os.utime(path, ns=(1, 1))
        else:
            os.truncate(path, os.path.getsize(path) + (100 if change == "longer" else -100))

    with pytest.raises(RuntimeError, match="was changed while it was open"):
        fit_path(fastreg.open(path), Y, n_alphas=30, callback=alter)


@pytest.mark.parametrize("change", ["shorter", "rewritten"])
def test_a_file_of_rows_that_changes_during_a_fit_is_told_of(tmp_path, change):
    path, y = tmp_path / "rows.npy", (Y > 0.0).astype(float)
    np.save(path, np.random.default_rng(0).normal(size=(Y.size, 3)))

    def alter(progress):
        if change == "rewritten":
            os.utime(path, ns=(1, 1))
        else:
            os.truncate(path, 200)

    for rows in (str(path), [path], np.load(path, mmap_mode="r")):
        with pytest.raises(RuntimeError, match=r"rows\.npy was changed while it was open"):
            spread = fastreg.distribute(rows, None, by="rows")
            fit_path(spread, y, family="binomial", n_alphas=30, callback=alter)
        np.save(path, np.random.default_rng(0).normal(size=(Y.size, 3)))


def test_a_file_that_changes_after_the_last_read_is_told_of(tmp_path):
    path, _ = save(tmp_path, "float64")

    def alter(progress):
        if progress.point == progress.n_points:
            os.utime(path, ns=(1, 1))

    with pytest.raises(RuntimeError, match="was changed while it was open"):
        fit_path(fastreg.open(path), Y, n_alphas=30, callback=alter)


def with_part(folder, **parts):
    """A folder of sparse columns with some arrays changed."""
    path, _ = save(folder, "folder")
    for name, values in parts.items():
        np.save(path / f"{name}.npy", values)
    return path


def written(folder, content):
    (folder / "bad").write_bytes(content)
    return folder / "bad"


def array_file(folder, array):
    np.save(folder / "bad.npy", array, allow_pickle=True)
    return folder / "bad.npy"


def cut(folder, kind, end):
    path, _ = save(folder, kind)
    return written(folder, path.read_bytes()[:end])


def compressed(folder):
    sp.save_npz(folder / "bad.npz", SPARSE)
    return folder / "bad.npz"


def rows(folder):
    sp.save_npz(folder / "bad.npz", SPARSE.tocsr(), compressed=False)
    return folder / "bad.npz"


def of_arrays(folder):
    np.savez(folder / "bad.npz", X=DENSE)
    return folder / "bad.npz"


def no_archive(folder):
    with zipfile.ZipFile(folder / "bad", "w") as archive:
        archive.writestr("shape.npy", b"nothing")
        archive.writestr("indptr.npy", b"nothing")
        archive.writestr("indices.npy", b"nothing")
    return folder / "bad"


INDICES = SPARSE.indices.astype(np.int32)
FALLING = INDICES.copy()
FALLING[[0, 1]] = FALLING[[1, 0]]
BAD = {
    "empty": (lambda to: written(to, b""), "is empty"),
    "another kind": (lambda to: written(to, b"a,b\n1,2\n"), "not a file that fastreg opens: it begins with b'a,b"),
    "no such version": (lambda to: written(to, b"\x93NUMPY\x09\x00" + bytes(100)), "not a .npy file that can be read"),
    "header cut short": (lambda to: cut(to, "float64", 40), "not a .npy file that can be read"),
    "cut short": (lambda to: cut(to, "float64", -1), "is cut short: an array of shape .* Write it again"),
    "stored by rows": (
        lambda to: array_file(to, DENSE.astype(float)),
        r"row by row .*write it by columns once, fastreg.spool.*np.load of it fits into memory",
    ),
    "objects": (lambda to: array_file(to, np.array([[1, "a"]], dtype=object)), "never objects"),
    "complex": (lambda to: array_file(to, np.ones((2, 1)) * 1j), "must be numbers"),
    "a vector": (lambda to: array_file(to, np.ones(3)), r"has shape \(3,\); X needs rows and columns"),
    "no columns": (lambda to: array_file(to, np.ones((3, 0))), "at least one of each"),
    "compressed": (compressed, "compressed=False"),
    "rows": (rows, "'csr' format"),
    "no sparse columns": (of_arrays, "has no shape.npy"),
    "no arrays": (no_archive, "not a .npy file that can be read"),
    "zip cut short": (lambda to: cut(to, "npz", -9), "is cut short, or no .npz file"),
    "an empty folder": (lambda to: to, "has no shape.npy"),
    "three sizes": (lambda to: with_part(to, shape=[1, 2, 3]), r"has the shape \[1, 2, 3\]"),
    "too few pointers": (lambda to: with_part(to, shape=[N, P + 1]), f"{P + 2} are needed"),
    "falling pointers": (lambda to: with_part(to, indptr=SPARSE.indptr[::-1]), "indptr of .* is not a rising sequence"),
    "few values": (lambda to: with_part(to, data=np.ones(3)), "row numbers .* and 3 values"),
    "broken row numbers": (lambda to: with_part(to, indices=INDICES + 0.5), "not integers"),
}


@pytest.mark.parametrize("case", BAD)
def test_files_that_cannot_be_read_are_refused(tmp_path, case):
    make, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        fastreg.open(make(tmp_path))


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_in_the_place_of_x_is_answered_by_open(tmp_path, kind):
    path = kind(save(tmp_path, "float64")[0])
    with pytest.raises(ValueError, match=r"pass fastreg.open\("):
        fit_path(path, Y)
    with pytest.raises(ValueError, match=r"pass fastreg.open\("):
        fastreg.Lasso().fit(path, Y)


def test_a_file_that_is_not_there_is_told_of(tmp_path):
    with pytest.raises(FileNotFoundError):
        fastreg.open(tmp_path / "x.npy")


@pytest.mark.parametrize("bad", [INDICES + 1, INDICES - 1, FALLING], ids=["beyond", "negative", "falling"])
def test_row_numbers_are_checked_when_they_are_read(tmp_path, bad):
    design = fastreg.open(with_part(tmp_path, indices=bad))
    with pytest.raises(ValueError, match=r"column \d+ of .* has the row number"):
        fit_path(design, Y)
    with pytest.raises(ValueError, match=r"column \d+ of .* has the row number"):
        design.gather(np.arange(P))
