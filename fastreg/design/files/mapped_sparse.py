"""MappedSparse: compressed sparse columns in files that are mapped."""

from bisect import bisect_left

import numpy as np

from fastreg.design.designs import SparseDesign
from fastreg.design.files.mapped import Mapped, as_numbers
from fastreg.interface.validation import read_only
from fastreg.numerics.threads import edges_by_cost


class MappedSparse(Mapped):
    """Row numbers and values of the columns, one column after another; without values all of them are one.

    Pointers are in memory (8 bytes a column). Blocks have pointers and row numbers of their own, int32 wherever the
    number of rows allows it, however many values there are in all.
    """

    form, order = "sparse", "F"

    def __init__(self, path, n_rows, pointers, rows, values=None, begin=0):
        super().__init__(path, [rows] if values is None else [rows, values], begin)
        self.n_rows, self.starts = n_rows, pointers
        self.rows, self.data = rows.view(), None if values is None else values.view()
        self.cuts = edges_by_cost(pointers)  # once: with millions of columns it takes longer than a block does
        self.sound = np.zeros(len(self.cuts) - 1, dtype=bool)  # blocks whose row numbers have been checked

    @property
    def shape(self):
        return self.n_rows, self.starts.size - 1

    def part(self, start, stop):
        low, high = int(self.starts[start]), int(self.starts[stop])
        rows, *values = [each.between(low, high) for each in self.values]
        pointers = self.starts[start : stop + 1] - low
        return MappedSparse(self.path, self.n_rows, pointers, rows, values[0] if values else None, self.begin + start)

    def kind(self):
        return f"{self.starts[-1]:,} {'ones' if self.data is None else f'values of {self.data.dtype}'}"

    def edges(self):
        return self.cuts

    def near(self, start, stop):
        low, high = int(self.starts[start]), int(self.starts[stop])
        rows, pointers = self.rows[low:high], self.starts[start : stop + 1] - low
        block = bisect_left(self.cuts, start)
        if not self.sound[block]:
            self._check(rows, pointers, np.arange(start, stop))
            self.sound[block] = True
        return self._design(rows, None if self.data is None else self.data[low:high], pointers)

    def picked(self, columns):
        first, last = self.starts[columns], self.starts[columns + 1]
        rows, pointers = self.values[0].pick(first, last), np.concatenate([[0], np.cumsum(last - first)])
        self._check(rows, pointers, columns)
        return self._design(rows, None if self.data is None else self.values[1].pick(first, last), pointers)

    def _kind(self, pointers):
        """The type of row numbers and pointers of columns in memory."""
        return np.int32 if max(self.n_rows, int(pointers[-1])) <= np.iinfo(np.int32).max else np.int64

    def _design(self, rows, values, pointers):
        kind = self._kind(pointers)
        rows = rows if rows.dtype == kind and rows.flags.aligned else rows.astype(kind)
        values = np.broadcast_to(1.0, rows.shape) if values is None else values
        return SparseDesign(
            as_numbers(values, self.starts[-1]), read_only(rows), read_only(pointers.astype(kind)), self.n_rows
        )

    def _check(self, rows, pointers, columns):
        """Raise where row numbers are out of range, for kernels would read beyond arrays, or do not ascend."""
        bad = (rows < 0) | (rows >= self.n_rows)
        falling = rows[1:] <= rows[:-1]
        falling[pointers[(pointers > 0) & (pointers < rows.size)] - 1] = False  # between two columns
        bad[1:] |= falling
        if bad.any():
            place = int(np.argmax(bad))
            column = int(columns[np.searchsorted(pointers, place, side="right") - 1])
            raise ValueError(
                f"column {column} of {self.path} has the row number {rows[place]}, where numbers from 0 to "
                f"{self.n_rows - 1} are expected that ascend within a column; X.sum_duplicates() of SciPy's csc_array "
                "brings them in order"
            )

    def in_memory(self, columns):
        pointers = np.concatenate([[0], np.cumsum(self.starts[columns + 1] - self.starts[columns])])
        kind = self._kind(pointers)
        rows, values = np.empty(pointers[-1], dtype=kind), np.empty(pointers[-1])

        def copy(near, places):
            for k, place in enumerate(places):
                to, there = slice(pointers[place], pointers[place + 1]), slice(near.indptr[k], near.indptr[k + 1])
                rows[to], values[to] = near.indices[there], near.data[there]

        self.pick(columns, copy)
        return SparseDesign(read_only(values), read_only(rows), read_only(pointers.astype(kind)), self.n_rows)
