"""RowPart: some rows of X as they are stored, of which a chunk at a time is centred and multiplied."""

import math
import threading
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp

from fastreg.interface.narrow import is_kept
from fastreg.interface.validation import check_table

VALUES = 500_000  # values of a chunk of rows that are centred at a time, about


class Scratch(threading.local):
    """Arrays of this thread, whose memory is used again: Dask's workers give freed memory back to the system at once,
    and getting it anew takes as long as the products."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}

    def room(self, name, *shape):
        """An array of this shape; its contents last until the next call of the same name."""
        size = math.prod(shape)
        if name not in self.arrays or self.arrays[name].size < size:
            self.arrays[name] = np.empty(size)
        return self.arrays[name][:size].reshape(shape)


scratch = Scratch()


class RowPart:
    """Some rows of X as they are stored: an array of any order, of which few rows at a time are copied, or CSR."""

    def __init__(self, values: Any):
        self.values, self.sparse = values, hasattr(values, "tocsr")

    def __sizeof__(self):
        """Bytes, as Dask counts them."""
        parts = (self.values.data, self.values.indices) if self.sparse else (self.values,)
        return sum(getattr(each, "nbytes", 0) for each in parts)

    @property
    def shape(self):
        return self.values.shape

    def chunk_edges(self):
        """Where chunks of rows begin, and the number of rows."""
        n, p = self.shape
        length = max(64, min(8192, VALUES // p))
        return [*range(0, n, length), n] if n else [0]

    def chunks(self):
        """(start, stop) of the chunks of rows."""
        return list(pairwise(self.chunk_edges()))

    def chunk(self, start, stop, centre):
        """Rows start to stop, less `centre` (p,): a DenseChunk or SparseChunk."""
        if self.sparse:
            return SparseChunk(self.values[start:stop], centre)
        room = scratch.room("chunk", stop - start, centre.size)
        return DenseChunk(np.subtract(self.values[start:stop], centre, out=room, dtype=np.float64))


class DenseChunk:
    """Some centred rows Z, copied: (rows, p), until the next chunk of this thread."""

    def __init__(self, values):
        self.values = values

    def values_of(self, columns):
        """Copies of some columns, (rows, columns)."""
        return self.values[:, columns]

    def predict(self, columns, coefs):
        """coefs Z_W', (K, rows), for coefficients (K, columns) of some columns."""
        n, p = self.values.shape
        room = scratch.room("predicted", len(coefs), n)
        if 2 * columns.size < p:
            return np.matmul(coefs, self.values[:, columns].T, out=room)
        return np.matmul(spread(coefs, columns, p), self.values.T, out=room)

    def correlate(self, vectors):
        """vectors Z, (K, p)."""
        return vectors @ self.values

    def grams(self, columns, others, h):
        """(Z_W' h Z_W, Z' h Z_U) of the columns W and U."""
        root = scratch.room("root", len(h), columns.size)
        np.take(self.values, columns, axis=1, out=root)
        root *= np.sqrt(h)[:, None]
        beside = self.values[:, others] * h[:, None]
        return root.T @ root, self.values.T @ beside

    def squares(self, weight):
        """sum_i w_i z_ij^2, (p,)."""
        return weight @ np.multiply(self.values, self.values, out=scratch.room("root", *self.values.shape))


class SparseChunk:
    """Some centred rows Z = X - 1 m', of which what is stored is multiplied."""

    def __init__(self, X, centre):
        self.X, self.centre = X, centre

    def values_of(self, columns):
        return self.X[:, columns].toarray() - self.centre[columns]

    def predict(self, columns, coefs):
        return (self.X @ spread(coefs, columns, self.centre.size).T).T - (coefs @ self.centre[columns])[:, None]

    def correlate(self, vectors):
        return (self.X.T @ vectors.T).T - vectors.sum(axis=1)[:, None] * self.centre

    def grams(self, columns, others, h):
        weighted = self.X.multiply(h[:, None]).tocsr()
        sums, total, m = weighted.sum(axis=0), h.sum(), self.centre

        def product(left, right):
            a, b = sums[left], sums[right]
            out = (self.X[:, left].T @ weighted[:, right]).toarray()
            return out - np.outer(m[left], b) - np.outer(a, m[right]) + total * np.outer(m[left], m[right])

        return product(columns, columns), product(np.arange(m.size), others)

    def squares(self, weight):
        one = self.X.T @ weight
        return self.X.power(2).T @ weight - 2.0 * self.centre * one + weight.sum() * self.centre**2


def spread(coefs, columns, p):
    """Coefficients (K, columns) among zeros, (K, p)."""
    out = np.zeros((len(coefs), p))
    out[:, columns] = coefs
    return out


def part_of(values):
    """The RowPart of a block of rows: an array, a sparse matrix or a data frame of numbers."""
    if hasattr(values, "tocsr"):
        return RowPart(sp.csr_array(values, dtype=np.float64))
    if not isinstance(values, np.ndarray) or not is_kept(values.dtype) or values.ndim != 2:
        values = check_table(values, order="C")
    return RowPart(values)
