"""Copies of X that its form makes necessary: how large they are, and their refusal where they would not fit."""

import numpy as np

from fastreg.interface.frames import labels_of
from fastreg.interface.memory import room_for
from fastreg.interface.narrow import is_kept

LITTLE = 2**26  # bytes of a copy that fits anywhere: what is free is asked for only beyond it
NUMBER, INDEX = 8, 4  # bytes of a float64, and of a row number


SPOOL = (
    "write X to a file of columns once, fastreg.spool(X, 'columns.npy'), and pass fastreg.open('columns.npy') in its "
    "place. FASTREG_MEMORY=... says how much may be used"
)


def refuse_large_copy(X, by_columns=True):
    """Raise MemoryError, before anything is copied, where the copy that X's form makes necessary takes more memory than
    there is: `by_columns` for a fit, else for a prediction, which reads rows as well."""
    if hasattr(X, "nnz"):
        _refuse_large_sparse_copy(X)
    elif isinstance(X, np.ndarray):
        if X.ndim != 2 or (is_kept(X.dtype) and (X.flags.f_contiguous or not by_columns)):
            return
        order = "Fortran" if X.flags.f_contiguous else "C"
        what, kind = f"an array of {X.dtype} in {order} order", _type_of_copy(X)
        _refuse(f"{what}, where {kind} by columns is needed", X.size * kind.itemsize, SPOOL)
    elif len(shape := tuple(getattr(X, "shape", ()))) == 2 and labels_of(X) is not None and not _one_block(X):
        _refuse("a data frame, where columns in one array are needed", shape[0] * shape[1] * NUMBER, SPOOL)


def _refuse_large_sparse_copy(X):
    if X.format == "csc" and is_kept(X.dtype):
        return
    remedy = (
        "where there is more memory, scipy.sparse.save_npz(path, X.tocsc(), compressed=False) writes columns, which "
        "fastreg.open(path) reads where they lie"
    )
    what, kind = f"a sparse array of {X.dtype} in {X.format} format", _type_of_copy(X)
    size = X.nnz * (kind.itemsize if X.format == "csc" else kind.itemsize + INDEX)
    _refuse(f"{what}, where {kind} by columns is needed", size, remedy)


def _type_of_copy(X):
    return X.dtype if is_kept(X.dtype) else np.dtype(float)


def _refuse(what, size, remedy):
    if size > LITTLE:
        room_for(size, f"X is {what}: a copy", remedy)


def _one_block(X):
    """Whether a frame of pandas has one array of numbers of a type that is used as it is."""
    types = set(getattr(X, "dtypes", [None]))
    return (
        hasattr(X, "iloc") and len(types) == 1 and all(isinstance(each, np.dtype) and is_kept(each) for each in types)
    )
