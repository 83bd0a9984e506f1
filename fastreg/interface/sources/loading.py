"""Arrays of zarr, h5py, dask and the like, as users pass them for X: read by blocks into memory, where they fit."""

import numpy as np

from fastreg.interface.memory import room_for
from fastreg.interface.sources.arrays import ArraySource

BLOCK = 2**25  # bytes that are read at once


def loaded(X, name="X"):
    """A two-dimensional array of another library in memory, in Fortran order and as narrow as it is stored.

    Raises MemoryError, before anything is read, where it takes more memory than may be used.
    """
    if len(X.shape) != 2:
        return np.asarray(X)
    source = ArraySource(X)
    size, kind = source.shape[0] * source.shape[1] * source.dtype.itemsize, type(X)
    what = f"{name}, a {kind.__module__.partition('.')[0]} {kind.__name__} of shape {source.shape} and {source.dtype},"
    room_for(
        size, what, f"write it into a file once, by fastreg.spool({name}, 'x.npy'), and pass fastreg.open('x.npy')"
    )
    out = np.empty(source.shape, source.dtype, order="F")
    for _, row, column, values in source.blocks(min(BLOCK, max(size // 8, 1))):
        out[row : row + values.shape[0], column : column + values.shape[1]] = values
    return out
