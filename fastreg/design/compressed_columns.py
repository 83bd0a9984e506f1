"""csc_design: a sparse X from its parts, in types that SciPy's constructor would copy."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg.design.designs import SparseDesign
from fastreg.interface.compressed import blocks_of, check_pointers, check_range, first_disorder
from fastreg.interface.naming import explains_names
from fastreg.interface.validation import ParameterError, as_float, check_count, read_only

INDEX_TYPES = np.dtype(np.int32), np.dtype(np.int64)


@explains_names
def csc_design(data: ArrayLike | None, indices: ArrayLike, indptr: ArrayLike, n_rows: int) -> SparseDesign:
    """A sparse X from the parts of compressed columns, used as they are: in memory, or mapped files larger than that.

    Column j has the values `data[indptr[j]:indptr[j + 1]]` in the rows `indices[indptr[j]:indptr[j + 1]]`; all others
    are zero. `scipy.sparse.csc_array` takes the same parts, but stores ones and, of more than 2^31 values, copies int32
    rows to int64.

    Parameters
    ----------
    data : array-like of shape (m,) or None
        The values, finite. float64, float32, int8, uint8, int16 and bool are read as they are stored, others and short
        arrays are converted to float64. None: every value is one, and none is stored.
    indices : array-like of shape (m,)
        The rows, int32 or int64, which ascend within each column.
    indptr : array-like of shape (p + 1,)
        Where each column begins, and the last one ends: int32 or int64, from 0 to m.
    n_rows : int
        Number of rows of X.

    Returns
    -------
    SparseDesign
        X, for every function and estimator of fastreg that fits: `fit_path(csc_design(...), y)`. Its arrays must not
        change while it is used.

    Raises
    ------
    ValueError
        Where the parts do not make a matrix, with the first bad place. They are read once for this, block by block.

    Examples
    --------
    >>> import fastreg
    >>> import numpy as np
    >>> words = np.array([0, 2, 1, 2, 3], dtype=np.int32)  # the rows of the ones in three columns
    >>> X = fastreg.csc_design(None, words, np.array([0, 2, 4, 5]), n_rows=4)
    >>> X.shape
    (4, 3)
    >>> fastreg.fit_path(X, [1.0, 0.0, 2.0, 1.0]).converged
    True
    """
    n_rows = check_count("n_rows", n_rows, 1)
    rows, pointer = _whole("indices", indices), _whole("indptr", indptr)
    if pointer.size < 2:
        raise ValueError(f"indptr has {pointer.size} entries, so that X has no columns; it needs p + 1 for p columns")
    check_pointers("indptr", pointer, rows.size)
    rows = rows[: pointer[-1]]
    check_range("indices", rows, n_rows)
    place = first_disorder(rows, pointer)
    if place is not None:
        column = int(np.searchsorted(pointer, place, side="right")) - 1
        raise ValueError(
            f"indices[{place}] = {rows[place]} in column {column} is not above the row before it, {rows[place - 1]}: "
            "sort the rows of each column, with their values, and add up values of the same place"
        )
    if rows.dtype == np.int64 or pointer[-1] <= np.iinfo(np.int32).max:
        pointer = pointer.astype(rows.dtype, copy=False)
    return SparseDesign(read_only(_values(data, rows, pointer)), read_only(rows), read_only(pointer), n_rows)


def _whole(name, array):
    array = np.asarray(array)
    if array.ndim != 1 or array.dtype not in INDEX_TYPES:
        raise ParameterError(
            f"{name} must be a vector of int32 or int64, got shape {array.shape} of {array.dtype}; convert it by "
            f"{name}.astype(np.int64)"
        )
    return array


def _values(data: Any, rows, pointer):
    """The values of X, checked; ones that take no memory if there is no data."""
    if data is None:
        return np.broadcast_to(np.float64(1.0), rows.shape)
    values = as_float("data", data, keep=True)
    if values.ndim != 1 or values.size < rows.size:
        raise ValueError(f"data must be a vector of {rows.size} values, one for each of indices, got {values.shape}")
    values = values[: rows.size]
    for start, part in blocks_of(values) if values.dtype.kind == "f" else ():
        if not np.isfinite(part).all():
            place = start + int(np.flatnonzero(~np.isfinite(part))[0])
            column = int(np.searchsorted(pointer, place, side="right")) - 1
            raise ValueError(f"data[{place}], of X[{rows[place]}, {column}], is {values[place]}, which is not finite")
    return values
