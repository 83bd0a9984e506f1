"""Two-dimensional arrays of any library, read by rectangles of whole chunks: zarr, h5py, dask, xarray, NumPy."""

import math
from itertools import accumulate, product

import numpy as np

from fastreg.interface.sources.exact import Refused, copy_exactly, storable


def mapped_array(path):
    """The array of a .npy file, mapped. Raises a ValueError where that is cut short, or no such file."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is cut short, or no .npy file of numbers: {error}") from None


class ArraySource:
    """An array that is read by rectangles."""

    names: list[str] | None = None

    def __init__(self, X, dtype=None):
        if len(X.shape) != 2:
            raise ValueError(f"X must have two dimensions (rows, columns), got an array of shape {tuple(X.shape)}")
        if any(size != size for size in X.shape):
            raise ValueError("the number of rows of this dask array is unknown; call X.compute_chunk_sizes() first")
        self.X, self.shape = X, tuple(int(size) for size in X.shape)
        self.dtype = storable(np.dtype(X.dtype)) if dtype is None else dtype

    def files(self):
        """The files that hold the values, as far as they are known."""
        file = getattr(self.X, "filename", None) or getattr(getattr(self.X, "file", None), "filename", None)
        return [file] if isinstance(file, str) or hasattr(file, "__fspath__") else []

    def rectangles(self, size):
        """((first row, stop), (first column, stop)) of rectangles of some `size` in bytes, in the order of reading.

        They are whole chunks, as many rows of them as possible. A chunk that is larger than `size` is one.
        """
        (n, p), values = self.shape, max(size // self.dtype.itemsize, 1)
        tall, wide = self._chunks(values)
        width = wide if isinstance(wide, int) else max(wide)
        rows = _spans(n, tall, max(values // width, 1))
        columns = _spans(p, wide, max(values // max(stop - start for start, stop in rows), 1))
        return product(rows, columns)

    def _chunks(self, values):
        """The rows and columns of a chunk: a number, or those of each. What has none is read by near squares."""
        chunks = getattr(self.X, "chunks", None)
        if chunks is not None:
            return tuple(each if isinstance(each, tuple) else int(each) for each in chunks)
        (n, p), flags = self.shape, getattr(self.X, "flags", None)
        if getattr(flags, "f_contiguous", False):
            return min(n, values), 1
        return 1, min(p, max(math.isqrt(values), 1))

    def blocks(self, size, wanted=lambda number: True):
        """(number, first row, first column, values in Fortran order) of each rectangle that is wanted.

        The array of values is overwritten by the next. Raises Refused for a value that the type cannot hold, and where
        the array changes its shape meanwhile.
        """
        buffer = np.empty(0, self.dtype)
        for number, ((top, bottom), (left, right)) in enumerate(self.rectangles(size)):
            if not wanted(number):
                continue
            values = np.asarray(self.X[top:bottom, left:right])
            shape = bottom - top, right - left
            if values.shape != shape or tuple(self.X.shape) != self.shape:
                raise Refused(f"the source has changed its shape, which was {self.shape}, while it was being read")
            if buffer.size < values.size:
                buffer = np.empty(values.size, self.dtype)
            out = buffer[: values.size].reshape(shape, order="F")
            copy_exactly(values, out, lambda at, top=top, left=left: f"source[{top + at[0]}, {left + at[1]}]")
            del values
            yield number, top, left, out


def _spans(size, chunk, limit):
    """(start, stop) of neighbouring chunks, of `limit` or less in all but where one chunk is longer."""
    if isinstance(chunk, int):
        step = max(limit // chunk, 1) * chunk
        return [(start, min(start + step, size)) for start in range(0, size, step)]
    spans: list[tuple[int, int]] = []
    for start, stop in zip(accumulate(chunk, initial=0), accumulate(chunk)):
        if spans and stop - spans[-1][0] <= limit:
            spans[-1] = spans[-1][0], stop
        elif stop > start:
            spans.append((start, stop))
    return spans
