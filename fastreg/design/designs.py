"""DenseDesign and SparseDesign: X in memory, as an array or as compressed sparse columns.

Their methods are described in protocol.py. X is neither centred nor copied: products subtract the columns' means.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from fastreg.design.column_products import correlate_range, correlate_vectors, scatter_columns
from fastreg.design.dense_products import (
    correlate_fives,
    multiply_rows,
    scaled_row_gram,
    sum_of_products,
    sum_over_rows,
    times_vectors,
)
from fastreg.design.protocol import Design, RowBlocks, WorkingBlock
from fastreg.design.row_blocks import DenseRows, SparseRows, in_order
from fastreg.design.row_subsets import grams_apart, part_grams, part_products
from fastreg.design.sparse_gram import stored_parts, stored_values
from fastreg.design.working_columns import ROW_BLOCK, DenseBlock, SparseBlock
from fastreg.interface.compressed import blocks_of
from fastreg.interface.frames import CodedTable, is_storage
from fastreg.interface.narrow import kept
from fastreg.interface.validation import read_only
from fastreg.numerics.jit import add_in_order, inner_kernel, verb
from fastreg.numerics.threads import JOINED, edges_by_cost, even_edges, over_blocks

for _name, _arity in {"column_dot": 2, "column_add": 3, "column_add_weighted": 4, "column_spread": 4}.items():
    verb(_name, _arity)


EXPANDED = 2**18  # values of X up to which a path takes longer over codes than over dense columns of the same
FEW_ZEROS = 1e-3  # share of the weights on the zeros of a sparse column below which they are summed one by one


class DenseDesign(NamedTuple):
    """X in memory, (n, p) in Fortran order, kept as its transpose: `columns[j]` is column j, contiguous.

    A read-only view, never a copy. (A C-ordered transpose has one type for Numba even where n or p is 1.) Its numbers
    are float64 or one of the NARROW types: kernels convert each value that they read, and BLAS gets blocks of rows
    that have been converted. All results are float64.
    """

    columns: np.ndarray

    def column_dot(self, j, v):
        total = 0.0
        for i in range(v.size):
            total += self.columns[j, i] * v[i]
        return total

    def column_add(self, j, step, v):
        for i in range(v.size):
            v[i] += step * self.columns[j, i]

    def column_add_weighted(self, j, step, h, v):
        for i in range(v.size):
            v[i] += step * h[i] * self.columns[j, i]

    def column_spread(self, j, centre, weight, total):
        spread = 0.0
        for i in range(weight.size):
            spread += weight[i] * (self.columns[j, i] - centre) ** 2
        return spread

    @property
    def shape(self):
        return self.columns.shape[::-1]

    def stored_in(self, columns):
        return self.columns.shape[1] * len(columns)

    def part(self, start, stop):
        """The design of neighbouring columns."""
        return DenseDesign(self.columns[start:stop])

    def edges(self):
        return even_edges(*self.columns.shape)

    def edges_among(self, columns):
        return even_edges(len(columns), self.columns.shape[1])

    def correlate(self, v):
        return multiply_rows(self.columns, v)

    def correlate_each(self, vectors):
        """X'v for every row v of `vectors`, in one pass over X: (vectors, p)."""
        out = np.empty((vectors.shape[0], self.columns.shape[0]))
        over_blocks(lambda a, b: correlate_fives(self.columns, vectors, out, a, b), self.edges(), self.columns.size)
        return out

    def gather(self, columns):
        return self.columns[columns].astype(np.float64, copy=False).T

    def gram(self, columns, h, centre):
        """(X - centre)' diag(h) (X - centre) over some columns, (m, m), by blocks of rows, so that X is not copied."""
        everything, root, middle = in_order(columns, self.columns.shape[0]), np.sqrt(h), centre[columns, None]

        def rows(start, stop):
            part = self.columns[:, start:stop]
            part = (part if everything else part[columns]) - middle
            part *= root[start:stop]
            return part, part

        return sum_of_products(rows, h.size, ROW_BLOCK, len(columns), len(columns))

    def part_grams(self, parts, weight, centre, response):
        """U' diag(weight) U of U = (X - centre, response, 1) over each part of the rows: (p + 2, p + 2) each."""
        return part_grams(self.columns, parts, np.sqrt(weight), centre, response)

    def part_products(self, parts, columns, coefs):
        """X coefs[k] over some columns and the rows of part k, for every k: (rows of the part, coefficients) each."""
        return part_products(self.columns, parts, columns, coefs)

    def gram_passes(self):
        """The cost of the Gram matrix of all columns, in passes over X: BLAS does 20 products in the time of one."""
        return self.columns.shape[0] / 20.0

    def correlate_many(self, vectors):
        """X'V, (p, k), for V (n, k), in one pass over X."""
        return times_vectors(self.columns, vectors)

    def predict_many(self, coefs):
        """X C, (n, k), for coefficients C (p, k)."""
        return sum_over_rows(self.columns, lambda some, part: part.T @ coefs[some])

    def row_gram(self, columns, scale, centre):
        """(X - centre) diag(1 / scale) (X - centre)' over some columns, (n, n)."""
        return scaled_row_gram(self.columns, columns, scale, centre)

    def by_rows(self, columns, centre) -> RowBlocks:
        """Some columns, centred, that are read by blocks of rows."""
        return DenseRows(self.columns, columns, centre)

    def working_block(self, centre) -> WorkingBlock:
        return DenseBlock(self, centre)


@inner_kernel
def weight_between(rows, weight):
    """The sum of the weights of all rows except `rows`, which are in ascending order."""
    total, start = 0.0, 0
    for k in range(rows.size + 1):
        stop = rows[k] if k < rows.size else weight.size
        for i in range(start, stop):
            total += weight[i]
        start = stop + 1
    return total


class SparseDesign(NamedTuple):
    """X as compressed sparse columns: row numbers ascending and unique within a column; int32 or int64 indices.

    Values are float64 or one of the NARROW types; if all are one, `data` is a single number with a stride of zero.
    Beside int32 row numbers there may be int64 pointers, for more than 2^31 values: SciPy would copy the row numbers.
    Kernels turn row numbers into unsigned ones, so that Numba need not test whether they count from the end.
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    n_rows: int

    def column_dot(self, j, v):
        values, rows = self.data[self.indptr[j] : self.indptr[j + 1]], self.indices[self.indptr[j] : self.indptr[j + 1]]
        total = 0.0
        for k in range(values.size):
            total = add_in_order(total, values[k] * v[np.uint64(rows[k])])
        return total

    def column_add(self, j, step, v):
        values, rows = self.data[self.indptr[j] : self.indptr[j + 1]], self.indices[self.indptr[j] : self.indptr[j + 1]]
        for k in range(values.size):
            v[np.uint64(rows[k])] += step * values[k]

    def column_add_weighted(self, j, step, h, v):
        values, rows = self.data[self.indptr[j] : self.indptr[j + 1]], self.indices[self.indptr[j] : self.indptr[j + 1]]
        for k in range(values.size):
            i = np.uint64(rows[k])
            v[i] += step * h[i] * values[k]

    def column_spread(self, j, centre, weight, total):
        values, rows = self.data[self.indptr[j] : self.indptr[j + 1]], self.indices[self.indptr[j] : self.indptr[j + 1]]
        spread, seen = 0.0, 0.0
        for k in range(values.size):
            w = weight[np.uint64(rows[k])]
            spread = add_in_order(spread, w * (values[k] - centre) ** 2)
            seen = add_in_order(seen, w)
        rest = total - seen
        if rest <= FEW_ZEROS * total:  # cancellation: rounding errors in it would be multiplied by the centre's square
            rest = weight_between(rows, weight)
        return spread + rest * centre * centre

    @property
    def shape(self):
        return self.n_rows, self.indptr.size - 1

    def stored_in(self, columns):
        return stored_values(self.indptr, columns)

    def part(self, start, stop):
        """The design of neighbouring columns."""
        return self._replace(indptr=self.indptr[start : stop + 1])

    def edges(self):
        return edges_by_cost(self.indptr)

    def edges_among(self, columns):
        return edges_by_cost(np.concatenate([[0], np.cumsum(self.indptr[columns + 1] - self.indptr[columns])]))

    def correlate(self, v):
        out = np.empty(self.indptr.size - 1)
        over_blocks(
            lambda a, b: correlate_range(self.part(a, b), v, out[a:b]), self.edges(), self.data.size, apart=False
        )
        return out

    def correlate_each(self, vectors):
        """X'v for every row v of `vectors`, in one pass over X: (vectors, p)."""
        out, by_rows = np.empty((vectors.shape[0], self.indptr.size - 1)), np.ascontiguousarray(vectors.T)
        every = np.arange(out.shape[1])
        over_blocks(
            lambda a, b: correlate_vectors(self, by_rows, every[a:b], np.empty(by_rows.shape[1]), out[:, a:b]),
            self.edges(),
            self.data.size,
        )
        return out

    def gather(self, columns):
        out = np.zeros((self.n_rows, len(columns)), order="F")
        scatter_columns(self, np.asarray(columns, dtype=np.int64), out)
        return out

    def gram(self, columns, h, centre):
        """(X - centre)' diag(h) (X - centre) over some columns, (m, m), of which only stored values are read."""
        block = SparseBlock(self, centre)
        block.extend(columns)
        sums, middle = block.correlate(h), centre[columns]
        return block.gram(h) - np.outer(middle, sums) - np.outer(sums, middle) + h.sum() * np.outer(middle, middle)

    def subset(self, chosen, columns):
        """The design of some rows of some columns, a copy."""
        X = joined([part[chosen] for _, part in self.compressed(columns)])
        X.sort_indices()
        return as_design(X)

    def part_grams(self, parts, weight, centre, response):
        """U' diag(weight) U of U = (X - centre, response, 1) over each part of the rows: (p + 2, p + 2) each."""
        return grams_apart(self, parts, weight, centre, response)

    def part_products(self, parts, columns, coefs):
        """X coefs[k] over some columns and the rows of part k, for every k: (rows of the part, coefficients) each."""
        return [self.subset(part, columns).predict_many(each) for part, each in zip(parts, coefs)]

    def gram_passes(self):
        """The cost of the Gram matrix of all columns, in passes over X: half of all products of two values of a row."""
        per_row = np.zeros(self.n_rows)
        for _, rows in blocks_of(self.indices):
            per_row += np.bincount(rows, minlength=self.n_rows)
        return 0.5 * float(per_row @ per_row) / max(self.data.size, 1)

    def row_gram(self, columns, scale, centre):
        """(X - centre) diag(1 / scale) (X - centre)' over some columns, (n, n)."""
        shares = np.zeros(self.shape[1])
        shares[columns] = centre[columns] / scale
        sums, parts = self.predict_many(shares), self.compressed(columns)
        product = added((X @ sp.diags_array(1.0 / scale[some]) @ X.T).toarray() for some, X in parts)
        return product - sums[:, None] - sums + centre @ shares

    def correlate_many(self, vectors):
        return np.concatenate([X.T @ vectors for _, X in self.compressed(np.arange(self.shape[1]))])

    def predict_many(self, coefs):
        return added(X @ coefs[some] for some, X in self.compressed(np.arange(self.shape[1])))

    def by_rows(self, columns, centre) -> RowBlocks:
        return SparseRows(joined([X for _, X in self.compressed(columns)]), centre[columns])

    def compressed(self, columns):
        """Yield (slice of `columns`, a csc_array of these, float64): where SciPy takes the arrays as they are all at
        once, and all of X without a copy; else copies of some columns at a time."""
        if self.data.dtype == np.float64 and self.data.flags.c_contiguous and self.indices.dtype == self.indptr.dtype:
            X = sp.csc_array((self.data, self.indices, self.indptr), shape=self.shape)
            yield slice(0, len(columns)), X if in_order(columns, self.shape[1]) else X[:, columns]
            return
        edges = self.edges_among(columns)
        for start, stop in pairwise([*(edges[:-1:JOINED] or [0]), edges[-1]]):
            pointer, rows, values = stored_parts(self, columns[start:stop])
            yield slice(start, stop), sp.csc_array((values, rows, pointer), shape=(self.n_rows, stop - start))

    def working_block(self, centre) -> WorkingBlock:
        return SparseBlock(self, centre)


def as_design(X) -> Design:
    """The design of a validated X: a Fortran array, canonical CSC, a CodedTable, or a storage of a user's own.

    X is neither copied nor written to; a storage is returned as it is. Of a CodedTable so small that it is expanded,
    dense columns are a copy, as are numbers of another type than those `kept`.
    """
    if isinstance(X, np.ndarray):
        return DenseDesign(read_only(kept(X).T))
    if is_storage(X):
        return X
    if isinstance(X, CodedTable):
        if X.shape[0] * X.shape[1] <= EXPANDED:
            return DenseDesign(read_only(X.expanded()))
        from fastreg.design.categorical import coded_design  # which few fits need

        return coded_design(*X)
    return SparseDesign(read_only(kept(X.data)), read_only(X.indices), read_only(X.indptr), X.shape[0])


def added(parts):
    """The sum of arrays, into the first of them."""
    parts = iter(parts)
    out = next(parts)
    for part in parts:
        out += part
    return out


def joined(parts):
    """One csc_array of several, side by side."""
    return parts[0] if len(parts) == 1 else sp.hstack(parts, format="csc")
