"""The columns of a working set, dense or sparse, stored for products and Gram matrices."""

import numpy as np

from fastreg.design.column_products import combine, combine_vectors, correlate_columns, correlate_vectors, is_outer
from fastreg.design.dense_products import multiply_rows, sum_of_products
from fastreg.design.row_blocks import in_order
from fastreg.design.sparse_gram import (
    add_column_products,
    by_row,
    gram_by_row,
    merged,
    mirror,
    picked,
    side_by_side,
    stored_parts,
)
from fastreg.interface.validation import read_only
from fastreg.numerics.jit import kernel
from fastreg.numerics.threads import edges_by_cost, over_blocks

ROUNDING = 1e-14  # generous bound on the rounding error of x_j'x_k, over ||x_j|| ||x_k||, of centred dense columns
ROW_BLOCK, LONGEST_GATHER = 2048, 10_000_000  # rows that are scaled at once; values that one kernel call copies

NO_COLUMNS = np.empty(0, dtype=np.int64)


class DenseBlock:
    """Centred copies of the working set's columns, each contiguous, as rows of one array, for products by BLAS."""

    form = "dense"

    def __init__(self, design, centre):
        self.design, self.centre = design, centre
        self.columns = NO_COLUMNS
        self.rows = np.empty((0, design.shape[0]))

    def extend(self, columns):
        """Append columns that the block does not have yet."""
        have, size, n = self.columns.size, self.columns.size + columns.size, self.rows.shape[1]
        if size > self.rows.shape[0]:
            spare = have // 2 if have * n < LONGEST_GATHER else have // 8
            grown = np.empty((max(size, have + spare), n))
            grown[:have] = self.rows[:have]
            self.rows = grown
        self.columns, step = np.concatenate([self.columns, columns]), max(1, LONGEST_GATHER // n)
        for k in range(0, columns.size, step):
            some, out = columns[k : k + step], self.rows[have + k : size]
            if is_outer(self.design):
                gather_centred(self.design.in_memory(some), np.arange(some.size), self.centre[some], out)
            else:
                gather_centred(self.design, some, self.centre, out)

    def for_kernels(self):
        """X itself, or where it is read by blocks, the copies."""
        m = self.columns.size
        if not is_outer(self.design):
            return self.design, self.columns, np.zeros(m)
        from fastreg.design.designs import DenseDesign  # which imports this module

        return DenseDesign(read_only(self.rows[:m])), np.arange(m), self.centre[self.columns]

    def rounding(self, columns, norms):
        """Bound on the rounding error of a product of two centred columns, over the product of their norms."""
        return ROUNDING

    def take(self, places):
        """The columns at some positions, centred: (places, n)."""
        return self.rows[places]

    def wide(self):
        """Whether a Gram matrix would have more numbers than the columns."""
        return self.columns.size > self.rows.shape[1]

    def correlate(self, v, start=0):
        """X_W'v, from position `start` on, (m - start,)."""
        return multiply_rows(self.rows[start : self.columns.size], v)

    def correlate_each(self, vectors):
        """X_W'v for every row v of `vectors`: (vectors, m)."""
        return vectors @ self.rows[: self.columns.size].T

    def predict(self, steps):
        return steps @ self.rows[: self.columns.size]

    def predict_each(self, steps):
        """X_W s for every row s of `steps`: (steps, n)."""
        return steps @ self.rows[: self.columns.size]

    def respond(self, columns, v, h, steps):
        """x_j'(v - diag(h) X_W s) for some columns j of X and every row s of `steps`: (steps, columns)."""
        return correlate_vectors_some(self.design, v - h * self.predict(steps), columns)

    def gram(self, h, start=0):
        """Rows from `start` on of X_W' diag(h) X_W, (m - start, m)."""
        rows, m = self.rows[: self.columns.size], self.columns.size
        scale = np.sqrt(h) if start == 0 else h

        def scaled(first, last):
            left = rows[start:, first:last] * scale[first:last]
            return left, left if start == 0 else rows[:, first:last]

        return sum_of_products(scaled, h.size, ROW_BLOCK, m - start, m)


class PlainBlock:
    """The working set's columns, of any storage, read from X without copies."""

    def __init__(self, design, centre, columns=NO_COLUMNS):
        self.design, self.centre, self.columns = design, centre, columns

    def extend(self, columns):
        self.columns = np.concatenate([self.columns, columns])

    def correlate(self, v, start=0):
        return correlate_columns(self.design, v, self.columns[start:])

    def predict(self, steps):
        out = np.full(self.design.shape[0], -float(self.centre[self.columns] @ steps))
        combine(self.design, self.columns, steps, out)
        return out

    def for_kernels(self):
        """X itself."""
        return self.design, self.columns, np.zeros(self.columns.size)


class SparseBlock(PlainBlock):
    """Sparse columns, read from X for single products, and for many or for Gram matrices from copies.

    Coordinate descent reads every column again and again. Columns that lie apart in X are seldom in the cache then:
    descents over copies of them, one after another, take 0.25 to 0.6 of the time where columns store 20 to 100 values.

    Copies for Gram matrices are sorted by row, in parts, each of columns that were added together. A part is merged
    with the one before it once it has half as many values, so that a value is copied a few times on a path, not
    whenever columns are added.
    """

    form = "sparse"

    def __init__(self, design, centre):
        super().__init__(design, centre)
        self.copies = None  # of the leading columns, a SparseDesign
        self.parts = []

    def for_kernels(self):
        """Copies, which are kept, unless these are all columns of X, in order."""
        m = self.columns.size
        if in_order(self.columns, self.design.shape[1]):
            return super().for_kernels()
        have = 0 if self.copies is None else self.copies.shape[1]
        if self.copies is None or have < m:
            more = picked(self.design, self.columns[have:])
            self.copies = more if have == 0 else side_by_side(self.copies, more)
        return self.copies, np.arange(m), np.zeros(m)

    def rounding(self, columns, norms):
        """Bound on the rounding error of a product, over that of the norms; it grows with the mean, subtracted last."""
        return ROUNDING * (1.0 + float(np.max((self.centre[columns] / norms[columns]) ** 2, initial=0.0)))

    def wide(self):
        """False: solvers always use the Gram matrix of sparse columns, which is cheap."""
        return False

    def stored_values(self, places):
        """(pointer, rows, values) of the columns at some positions, one after another."""
        return stored_parts(self.design, self.columns[places])

    def correlate_each(self, vectors):
        """X_W'v for every row v of `vectors`: (vectors, m)."""
        return np.array([self.correlate(v) for v in vectors])

    def respond(self, columns, v, h, steps):
        """x_j'(v - diag(h) X_W s) for some columns j of X and every row s of `steps`: (steps, columns)."""
        moving = np.flatnonzero(steps.any(axis=0))
        change = np.tile(steps @ self.centre[self.columns], (h.size, 1))
        combine_vectors(self.design, self.columns[moving], np.ascontiguousarray(-steps[:, moving].T), change)
        change *= h[:, None]
        change += v[:, None]
        out = np.empty((len(steps), columns.size))
        correlate_vectors(self.design, change, columns, np.empty(len(steps)), out)
        return out

    def gram(self, h, start=0):
        """Rows from `start` on of X_W' diag(h) X_W, (m - start, m)."""
        self._sort_rows()
        m = self.columns.size
        out = np.zeros((m - start, m))
        if self._rows_are_filled(start):
            while len(self.parts) > 1:
                self._merge()
            gram_by_row(self.parts[0], h, start, out)
        else:
            self._add_by_column(h, start, out)
        mirror(out, start)
        return out

    def _rows_are_filled(self, start):
        """Whether the columns from `start` on store a value in each row, on average."""
        return self.design.stored_in(self.columns[start:]) >= self.design.n_rows

    def _add_by_column(self, h, start, out):
        """Add the lower triangle of `gram`, column by column from `start` on."""

        def lines(a, b):
            for part in self.parts:
                add_column_products(self.design, self.columns[: start + b], start + a, part, h, out[a:b])

        # A stored value is multiplied with those before it in its row: on average `met` of them.
        met, last = sum(part.values.size for part in self.parts) / (2 * self.design.n_rows), self.columns[start:]
        work = np.concatenate([[0.0], np.cumsum((self.design.indptr[last + 1] - self.design.indptr[last]) * met)])
        over_blocks(lines, edges_by_cost(work), work[-1])

    def _sort_rows(self):
        """Append the columns that `parts` lacks."""
        first = self.parts[-1].end if self.parts else 0
        if first < self.columns.size:
            self.parts.append(by_row(self.design, self.columns, first))
            while len(self.parts) > 1 and 2 * self.parts[-1].values.size >= self.parts[-2].values.size:
                self._merge()

    def _merge(self):
        last = self.parts.pop()
        self.parts.append(merged(self.parts.pop(), last))


def correlate_vectors_some(design, vectors, columns):
    """x_j'v for the rows v of `vectors` and some columns j: (vectors, columns)."""
    if is_outer(design):
        return design.look(vectors, columns)
    out = np.empty((len(vectors), columns.size))

    def multiply(start, stop):
        np.matmul(vectors, design.gather(columns[start:stop]), out=out[:, start:stop])

    over_blocks(multiply, design.edges_among(columns), design.stored_in(columns))
    return out


@kernel
def gather_centred(design, columns, centre, out):
    """out[k] = x_j - centre_j for j = columns[k]."""
    for k in range(columns.size):
        for i in range(out.shape[1]):
            out[k, i] = -centre[columns[k]]
        design.column_add(columns[k], 1.0, out[k])
