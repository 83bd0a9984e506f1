"""fastreg.spool: what is written is the source to the last bit, whatever is read and however it is interrupted."""

import json
import os
import re
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from grids import few, spread

import fastreg
from fastreg.design.spool import part as parts

X = np.random.default_rng(0).integers(-5, 6, (61, 23))
NAMES = [f"c{j}" for j in range(23)]
SIZES = [2**23, 1500, 8]  # bytes of a block: all of X, several rows, and pieces that have to be turned


class Chunked:
    """An array like those of zarr, by chunks of 8 x 10, which counts reads and fails at those in `failures`."""

    chunks, dtype = (8, 10), np.dtype(np.int64)

    def __init__(self, values=X, failures=None):
        self.values, self.shape, self.reads, self.failures = values, values.shape, 0, failures or {}

    def __getitem__(self, place):
        self.reads += 1
        if self.reads in self.failures:
            raise self.failures[self.reads]
        return self.values[place]


def table():
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.table({name: X[:, j].astype("f4") for j, name in enumerate(NAMES)})


def zarr_array(folder):
    zarr = pytest.importorskip("zarr")
    found = zarr.open(str(folder / "x.zarr"), mode="w", shape=X.shape, chunks=(10, 7), dtype="int8")
    found[:] = X
    return found


def h5py_dataset(folder):
    h5py = pytest.importorskip("h5py")
    return h5py.File(folder / "x.h5", "w").create_dataset("x", data=X.astype("f4"), chunks=(9, 23))


def dask_array(folder):
    return pytest.importorskip("dask.array").from_array(X.astype(float), chunks=((20, 1, 40), (23,)))


def parquet_folder(folder):
    pq, content = pytest.importorskip("pyarrow.parquet"), table()
    (folder / "parts").mkdir()
    pq.write_table(content.slice(0, 20), folder / "parts" / "a.parquet", row_group_size=7)
    pq.write_table(content.slice(20), folder / "parts" / "b.parquet")
    return folder / "parts"


def parquet_file(folder):
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(table(), folder / "x.parquet", row_group_size=10)
    return pq.ParquetFile(folder / "x.parquet")


def feather(folder):
    pytest.importorskip("pyarrow.feather").write_feather(table(), folder / "x.feather")
    return folder / "x.feather"


def csv(folder):
    pytest.importorskip("pyarrow")
    lines = [",".join(NAMES), *(",".join(map(str, row)) for row in X)]
    (folder / "x.csv").write_text("\n".join(lines))
    return folder / "x.csv"


def npy(folder):
    np.save(folder / "rows.npy", X)
    return folder / "rows.npy"


SOURCES = {
    "array": (lambda folder: X, "float64", False),
    "npy": (npy, "float64", False),
    "zarr": (zarr_array, "int8", False),
    "h5py": (h5py_dataset, "float32", False),
    "dask": (dask_array, "float64", False),
    "table": (lambda folder: table(), "float32", True),
    "reader": (lambda folder: table().to_reader(max_chunksize=7), "float32", True),
    "parquet folder": (parquet_folder, "float32", True),
    "parquet file": (parquet_file, "float32", True),
    "feather": (feather, "float32", True),
    "csv": (csv, "float64", True),
    "pandas": (lambda folder: pytest.importorskip("pandas").DataFrame(X, columns=NAMES), "float64", True),
    "polars": (lambda folder: pytest.importorskip("polars").DataFrame(X, schema=NAMES), "float64", True),
    "arrays": (lambda folder: iter([X[:5], X[5:60], X[60:]]), "float64", False),
}


@spread(8)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SOURCES)
def test_what_is_written_is_the_source(name, size, tmp_path):
    make, dtype, named = SOURCES[name]
    path = fastreg.spool(make(tmp_path), tmp_path / "x.npy", block_bytes=size)
    stored = np.load(path, mmap_mode="r")
    assert stored.flags.f_contiguous and stored.dtype == dtype and np.array_equal(stored, X)
    assert fastreg.open(path).feature_names == (NAMES if named else None)
    assert not os.path.exists(path + ".part")


def test_lazy_frames_are_spooled_and_refused_as_X(tmp_path):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(X, schema=NAMES).lazy()
    with pytest.raises(ValueError, match=r"pass X.collect\(\), or, if that is larger than memory, .*fastreg.spool"):
        fastreg.fit_path(frame, X[:, 0])
    if not hasattr(frame, "collect_batches"):
        pytest.skip("this polars gives no batches")
    assert np.array_equal(np.load(fastreg.spool(frame, tmp_path / "x.npy", block_bytes=1500)), X)


def test_columns_are_chosen_by_name(tmp_path):
    content = table().append_column("city", [["Oslo"] * 61])
    advice = r"column 'city' of the source is of type string, not of numbers; leave out by drop= what is no number"
    with pytest.raises(ValueError, match=advice):
        fastreg.spool(content, tmp_path / "x.npy")
    path = fastreg.spool(content, tmp_path / "x.npy", dtype="int8", columns=["c3", "c1"])
    assert fastreg.open(path).feature_names == ["c3", "c1"]
    assert np.load(path).dtype == np.int8 and np.array_equal(np.load(path), X[:, [3, 1]])
    with pytest.raises(ValueError, match="columns names 'c99', which the source lacks; it has 'c0', 'c1'"):
        fastreg.spool(content, tmp_path / "y.npy", columns=["c99"])
    fastreg.spool(content, path, drop=["city", "c0"], overwrite=True)
    assert fastreg.open(path).feature_names == NAMES[1:] and np.array_equal(np.load(path), X[:, 1:])
    with pytest.raises(ValueError, match="drop names 'town', which the source lacks"):
        fastreg.spool(content, tmp_path / "y.npy", drop=["town"])
    with pytest.raises(ValueError, match="columns= and drop= both choose columns; give one of them"):
        fastreg.spool(content, tmp_path / "y.npy", columns=["c1"], drop=["city"])
    assert sorted(os.listdir(tmp_path)) == ["x.npy", "x.npy.names.json"]


@pytest.mark.parametrize("kind", ["h5", "zarr"])
def test_an_array_of_several_is_named(kind, tmp_path):
    source = tmp_path / f"x.{kind}"
    if kind == "h5":
        with pytest.importorskip("h5py").File(source, "w") as file:
            file["a/counts"], file["b"], file["y"] = X, -X, X[:, 0]
            file["nothing"] = pytest.importorskip("h5py").SoftLink("/lost")
    else:
        group = pytest.importorskip("zarr").open_group(str(source), mode="w")
        for name, values in {"a/counts": X, "b": -X, "y": X[:, 0]}.items():
            group.create_array(name, shape=values.shape, dtype=values.dtype)[...] = values
    for name, values in {"a/counts": X, "/b": -X}.items():
        path = fastreg.spool(source, tmp_path / "x.npy", dataset=name, overwrite=True)
        assert np.array_equal(np.load(path), values)
    for name, message in {
        None: "holds 2 arrays; name one by dataset=, of 'a/counts', 'b'",
        "c": "holds no array 'c'",
    }.items():
        with pytest.raises(ValueError, match=message):
            fastreg.spool(source, tmp_path / "y.npy", dataset=name)
    with pytest.raises(ValueError, match="dataset names an array of an HDF5 file or a zarr store"):
        fastreg.spool(X, tmp_path / "y.npy", dataset="a")


def test_a_path_fitted_to_the_file_has_the_names(tmp_path):
    path = fastreg.spool(table(), tmp_path / "x.npy")
    y = X[:, 2] + 0.1 * X[:, 5]
    found = fastreg.fit_path(fastreg.open(path), y, n_alphas=5)
    assert found.feature_names == NAMES and found.converged
    assert np.allclose(found.coefs.toarray(), fastreg.fit_path(table(), y, n_alphas=5).coefs.toarray())
    (tmp_path / "x.npy.names.json").write_text(json.dumps(NAMES[1:]))
    with pytest.raises(ValueError, match=r"x.npy.names.json must be a list of 23 texts"):
        fastreg.fit_path(fastreg.open(path), y)


def test_a_sparse_matrix_becomes_a_folder_of_columns(tmp_path):
    S = sp.random_array((40, 30), density=0.1, format="csr", random_state=np.random.default_rng(0))
    path = fastreg.spool(S, tmp_path / "x", dtype="float32")
    assert {np.load(tmp_path / "x" / f"{each}.npy").dtype.name for each in ("indices", "data")} == {"int32", "float32"}
    assert np.array_equal(fastreg.open(path).copied(np.arange(30)).toarray(), S.astype("f4").toarray())
    ones = (S != 0).astype(np.int8)
    fastreg.spool(ones, path, overwrite=True)
    assert sorted(os.listdir(path)) == ["indices.npy", "indptr.npy", "shape.npy"]
    assert np.array_equal(fastreg.open(path).copied(np.arange(30)).toarray(), ones.toarray())
    with pytest.raises(ValueError, match=r"source\[\d+, \d+\] is 0.\d+, which int8 cannot hold exactly"):
        fastreg.spool(S, path, dtype="int8", overwrite=True)
    with pytest.raises(FileExistsError, match="is no folder of sparse columns"):
        fastreg.spool(S, tmp_path, overwrite=True)
    assert os.listdir(tmp_path) == ["x"]


WRONG = {
    "NaN": (np.nan, {}, "column 3 of the source, row 40, is missing .NaN.; fill such values, or pass missing='mean'"),
    "infinity": (np.inf, {"missing": "mean"}, "column 3 of the source, row 40, is infinite; replace such values"),
    "too large": (1e39, {"dtype": "float32"}, r"source\[40, 3\] is 1e\+39, which float32 cannot hold"),
    "not whole": (0.5, {"dtype": "int8"}, r"source\[40, 3\] is 0.5, which int8 cannot hold exactly"),
    "NaN, of whole numbers": (np.nan, {"dtype": "int8"}, r"source\[40, 3\] is missing .NaN., which int8 cannot hold"),
    "a large whole number": (2**53 + 1, {}, r"source\[40, 3\] is 9007199254740993, which float64 cannot hold exactly"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("size", SIZES[:2])
def test_values_that_cannot_be_stored_are_named_and_nothing_is_left(name, size, tmp_path):
    value, options, message = WRONG[name]
    wrong = X.astype(type(value))
    wrong[40, 3] = value
    with pytest.raises(ValueError, match=message):
        fastreg.spool(wrong, tmp_path / "x.npy", block_bytes=size, **options)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("size", SIZES)
def test_missing_values_take_the_mean(size, tmp_path):
    gaps = X.astype(float)
    gaps[[5, 40, 41], [2, 3, 3]] = np.nan
    with pytest.warns(fastreg.DataWarning, match=r"3 values in 2 columns, most of them \(2\) in column 3"):
        path = fastreg.spool(gaps, tmp_path / "x.npy", missing="mean", block_bytes=size)
    assert np.allclose(np.load(path), np.where(np.isnan(gaps), np.nanmean(gaps, axis=0), gaps), rtol=1e-15)
    gaps[:, 7] = np.nan
    with pytest.raises(ValueError, match="column 7 of the source has no value in any row; leave it out"):
        fastreg.spool(gaps, tmp_path / "y.npy", missing="mean", block_bytes=size)
    assert os.listdir(tmp_path) == ["x.npy"]


@few(2)
@pytest.mark.parametrize("size", SIZES[1:])
@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError("the network is down")], ids=type)
def test_an_interrupted_spool_goes_on_where_it_stopped(failure, size, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PAUSE", 0.0)
    whole = Chunked()
    fastreg.spool(whole, tmp_path / "whole.npy", block_bytes=size)
    with pytest.raises(type(failure)) as stopped:
        fastreg.spool(Chunked(failures={whole.reads - 2: failure}), tmp_path / "x.npy", block_bytes=size)
    assert "x.npy.part holds what is done, and the same call goes on from there" in stopped.value.__notes__[0]
    assert sorted(os.listdir(tmp_path)) == ["whole.npy", "x.npy.part"]
    rest = Chunked()
    fastreg.spool(rest, tmp_path / "x.npy", block_bytes=size)
    assert rest.reads == 3 + 2  # the first block and the last one are compared
    assert np.array_equal(np.load(tmp_path / "x.npy"), X)
    assert sorted(os.listdir(tmp_path)) == ["whole.npy", "x.npy"]


def test_turning_goes_on_where_it_stopped(tmp_path, monkeypatch):
    turned, calls = parts.Part.turned, []

    def stop(self, count):
        turned(self, count)
        calls.append(count)
        if len(calls) == 10:
            raise KeyboardInterrupt

    monkeypatch.setattr(parts.Part, "turned", stop)
    with pytest.raises(KeyboardInterrupt):
        fastreg.spool(Chunked(), tmp_path / "x.npy", block_bytes=8)
    monkeypatch.undo()
    rest = Chunked()
    path = fastreg.spool(rest, tmp_path / "x.npy", block_bytes=8)
    assert rest.reads == 1 and np.array_equal(np.load(path), X) and not os.path.exists(path + ".part")


def test_a_part_of_another_source_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PAUSE", 0.0)
    with pytest.raises(KeyboardInterrupt):
        fastreg.spool(Chunked(failures={5: KeyboardInterrupt()}), tmp_path / "x.npy", block_bytes=1500)
    with pytest.raises(
        ValueError, match=r"another spool \(block 0 of the source holds other values\); delete that folder"
    ):
        fastreg.spool(Chunked(X + 1), tmp_path / "x.npy", block_bytes=1500)
    with pytest.raises(ValueError, match=r"another spool \(its dtype is 'float64', that of this call is 'int8'\)"):
        fastreg.spool(Chunked(), tmp_path / "x.npy", dtype="int8", block_bytes=1500)
    with parts.Part(str(tmp_path / "y.npy"), {}), pytest.raises(BlockingIOError, match="another process spools"):
        fastreg.spool(X, tmp_path / "y.npy")
    shutil.rmtree(tmp_path / "x.npy.part")
    fastreg.spool(Chunked(), tmp_path / "x.npy", dtype="int8", block_bytes=1500)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of the size of files")
@pytest.mark.parametrize("size", SIZES)
def test_a_full_disk_leaves_nothing(size, tmp_path):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
    try:
        with pytest.raises(OSError, match="nothing of it is left: free some space") as refused:
            fastreg.spool(X, tmp_path / "x.npy", block_bytes=size)
        with pytest.raises(OSError, match="nothing of it is left"):
            fastreg.spool(sp.csc_array(X), tmp_path / "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert refused.value.filename == str(tmp_path / "x.npy") and os.listdir(tmp_path) == []


def test_a_disk_that_is_too_small_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2 * 10**9))
    source = Chunked(np.broadcast_to(np.int64(1), (10**6, 10**3)))
    with pytest.raises(OSError, match=r"8 GB are still to be written, and the disk has .* free; choose a path"):
        fastreg.spool(source, tmp_path / "x.npy")
    assert source.reads == 1 and os.listdir(tmp_path) == []


class Shrinking(Chunked):
    """An array that loses a row when it has been read twice."""

    def __getitem__(self, place):
        self.shape = (self.shape[0] - (self.reads == 2), self.shape[1])
        return super().__getitem__(place)


def test_a_source_that_changes_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"the source has changed its shape, which was \(61, 23\), while it was being"):
        fastreg.spool(Shrinking(), tmp_path / "x.npy", block_bytes=1500)
    finished, rows = parts.Part.finished, csv(tmp_path)

    def changed(self, *arguments):
        finished(self, *arguments)
        rows.write_text(rows.read_text() + "\n" + ",".join("1" * 23))

    monkeypatch.setattr(parts.Part, "finished", changed)
    with pytest.raises(ValueError, match="a file of the source has changed while it was being read"):
        fastreg.spool(rows, tmp_path / "x.npy")
    assert os.listdir(tmp_path) == ["x.csv"]


def test_what_is_refused_at_once(tmp_path):
    path = tmp_path / "x.npy"
    for arguments, message in [
        ((X, "x.dat"), "path must be that of a file, and end in '.npy'"),
        ((3, path), "source is a builtins.int; spool reads arrays"),
        ((X[0], path), "X must have two dimensions"),
        ((X[:0], path), r"the source has the shape \(0, 23\)"),
        ((X * 1j, path), "the source holds values of type complex128"),
        ((tmp_path / "absent.csv", path), "there is no file"),
        ((X, tmp_path / "no" / "x.npy"), "there is no folder .*no to write x.npy into"),
    ]:
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            fastreg.spool(*arguments)
    with pytest.raises(ValueError, match="dtype must be None or one of bool, int8, uint8, int16, float32, float64"):
        fastreg.spool(X, path, dtype="int32")
    with pytest.raises(ValueError, match="missing='mean' needs dtype='float32' or 'float64'"):
        fastreg.spool(X, path, dtype="int8", missing="mean")
    with pytest.raises(ValueError, match="columns names columns of tables"):
        fastreg.spool(X, path, columns=["a"])
    assert os.listdir(tmp_path) == []
    fastreg.spool(X, path)
    with pytest.raises(FileExistsError, match="pass overwrite=True to replace it"):
        fastreg.spool(X, path)
    fastreg.spool(-X, path, overwrite=True)
    assert np.array_equal(np.load(path), -X)


def test_files_that_cannot_be_read_are_named(tmp_path):
    pytest.importorskip("pyarrow")
    for name, content in {
        "a.parquet": b"PAR1 cut short",
        "b.feather": b"nothing",
        "c.csv": b"",
        "e.npy": b"\x93NUMPY",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(
            ValueError, match=re.escape(name) + " (cannot be read|is cut short, or no .npy file of numbers): "
        ):
            fastreg.spool(tmp_path / name, tmp_path / "x.npy")
    (tmp_path / "d.csv").write_text("a,b\n" + "1,2\n" * 300_000 + "1,two\n")
    with pytest.raises(ValueError, match=r"d\.csv cannot be read: .*two"):
        fastreg.spool(tmp_path / "d.csv", tmp_path / "x.npy")
    assert sorted(os.listdir(tmp_path)) == ["a.parquet", "b.feather", "c.csv", "d.csv", "e.npy"]


def test_a_bar_tells_how_far_it_is(tmp_path, monkeypatch, capsys):
    from fastreg.interface import progress

    monkeypatch.setattr(progress, "WAIT", 0.0)
    fastreg.spool(X, tmp_path / "x.npy", verbose=True)
    assert re.search(r"100% \[#{24}\] 0.00 of 0.00 GB, \d+ MB/s, 0 s", capsys.readouterr().err)
