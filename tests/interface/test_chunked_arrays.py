"""Arrays of zarr, h5py, dask and the like in the place of X: read once, by blocks, where they fit; else refused."""

import numpy as np
import pytest

import fastreg
from fastreg.interface.sources.loading import loaded

rng = np.random.default_rng(0)
X = rng.integers(-3, 4, (60, 30)).astype(np.int8)
y = X[:, 0] - X[:, 3] + rng.normal(size=60)


class Chunked:
    """An array by chunks of 16 x 10, which counts how often each value is read."""

    chunks, shape, dtype = (16, 10), X.shape, X.dtype

    def __init__(self):
        self.count, self.largest = np.zeros(X.shape), 0

    def __getitem__(self, place):
        self.count[place] += 1
        self.largest = max(self.largest, X[place].size)
        return X[place]

    def __array__(self, *arguments, **options):
        raise AssertionError("all of it is read at once")


def test_each_value_is_read_once_into_columns_of_its_own_type():
    chunked = Chunked()
    array = loaded(chunked)
    assert array.dtype == np.int8 and array.flags.f_contiguous and np.array_equal(array, X)
    assert (chunked.count == 1).all() and chunked.largest <= X.size / 4


def test_fits_and_predictions_take_them():
    path = fastreg.fit_path(Chunked(), y)
    assert np.array_equal(path.coefs.toarray(), fastreg.fit_path(X, y).coefs.toarray())
    assert np.allclose(path.predict(Chunked(), 0.1), path.predict(X, 0.1))
    assert fastreg.cv_path(Chunked(), y, cv=3).path.converged
    model = fastreg.Lasso(alpha=0.1).fit(Chunked(), y)
    assert np.allclose(model.coef_, fastreg.Lasso(alpha=0.1).fit(X, y).coef_)
    assert np.allclose(model.predict(Chunked()), model.predict(X))


def test_what_would_not_fit_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setenv("FASTREG_MEMORY", "1KB")
    chunked, message = Chunked(), r"shape \(60, 30\) and int8, takes 1.8 kB, .* by fastreg.spool\(X, 'x.npy'\)"
    for fit in (fastreg.fit_path, fastreg.cv_path, fastreg.Lasso().fit):
        with pytest.raises(MemoryError, match=message):
            fit(chunked, y)
    assert not chunked.count.any()


@pytest.mark.parametrize("library", ["zarr", "h5py", "dask"])
def test_libraries_that_have_such_arrays(library, tmp_path):
    package = pytest.importorskip(library)
    if library == "zarr":
        array = package.open(str(tmp_path / "x.zarr"), mode="w", shape=X.shape, chunks=(16, 10), dtype="int8")
        array[:] = X
    elif library == "h5py":
        array = package.File(tmp_path / "x.h5", "w").create_dataset("x", data=X, chunks=(16, 10))
    else:
        array = pytest.importorskip("dask.array").from_array(X, chunks=((20, 40), (30,)))
    assert np.array_equal(loaded(array), X) and loaded(array).dtype == np.int8


def test_an_arrow_table_has_names_of_its_own():
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({f"c{j}": X[:, j] for j in range(30)})
    assert fastreg.fit_path(table, y).feature_names == [f"c{j}" for j in range(30)]
