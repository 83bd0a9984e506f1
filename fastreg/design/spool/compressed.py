"""Sparse columns written as the folder of arrays that `fastreg.open` reads."""

import os
import shutil
import zlib
from zipfile import BadZipFile

import numpy as np
from scipy.sparse import load_npz

from fastreg.design.spool.part import told
from fastreg.interface.sources.exact import Refused, copy_exactly, storable
from fastreg.interface.validation import check_design

BLOCK = 2**20  # values that are converted at once


def is_sparse_file(source):
    """Whether a source is the path of a file of a sparse matrix."""
    return isinstance(source, (str, os.PathLike)) and os.fspath(source).endswith(".npz")


def sparse_in(path):
    """The sparse matrix of SciPy in a file, in memory."""
    try:
        return load_npz(path)
    except (ValueError, KeyError, TypeError, BadZipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a file that scipy.sparse.save_npz wrote, or is damaged: {error}") from None


def write_sparse(X, path, dtype):
    """Write a sparse matrix of SciPy as a folder of the arrays of its columns, which appears when it is complete.

    Values that are all 1 are left out, and row numbers are int32 where the number of rows allows it. Raises Refused for
    a value that is not finite or that the type does not hold.
    """
    kept, part = storable(X.dtype) if dtype is None else dtype, f"{path}.part"
    X = check_design(X)
    rows = np.int32 if X.shape[0] <= np.iinfo(np.int32).max else np.int64
    with told(path):
        os.mkdir(part)
    try:
        _save(part, path, "shape", [np.array(X.shape, dtype=np.int64)])
        _save(part, path, "indptr", [X.indptr], np.int64)
        _save(part, path, "indices", _blocks(X.indices), rows, X.indices.size)
        if not (X.data == 1).all():
            _save(part, path, "data", _narrowed(X, kept), kept, X.data.size)
        with told(path):
            if os.path.isdir(path):
                os.rename(path, part + ".old")
            os.rename(part, path)
            shutil.rmtree(part + ".old", ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_replaced(path):
    """Raise a FileExistsError where `path` is anything but a folder of sparse columns: what else is in it would go."""
    if os.path.lexists(path) and not os.path.exists(os.path.join(path, "indptr.npy")):
        raise FileExistsError(f"{path} exists and is no folder of sparse columns; choose another path")


def _save(folder, path, name, blocks, dtype=np.int64, size=None):
    """Write the blocks of a vector as an array of NumPy."""
    with told(path), open(os.path.join(folder, f"{name}.npy"), "wb") as file:
        blocks = list(blocks) if size is None else blocks
        size = sum(block.size for block in blocks) if size is None else size
        described = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": (size,)}
        np.lib.format.write_array_header_1_0(file, described)
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype=dtype).tobytes())
        file.flush()
        os.fsync(file.fileno())


def _blocks(values):
    return (values[start : start + BLOCK] for start in range(0, values.size, BLOCK))


def _narrowed(X, dtype):
    """The stored values by blocks, in another type."""

    def place(start, k):
        column = int(np.searchsorted(X.indptr, start + k, side="right")) - 1
        return f"source[{X.indices[start + k]}, {column}]"

    for start, values in zip(range(0, X.data.size, BLOCK), _blocks(X.data)):
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            raise Refused(f"{place(start, wrong[0])} is NaN or infinite; replace such values first")
        out = np.empty(values.size, dtype)
        copy_exactly(values, out, lambda at, start=start: place(start, at[0]))
        yield out
