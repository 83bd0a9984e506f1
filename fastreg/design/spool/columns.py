"""Blocks of values, which come by rows, as the columns of one file of NumPy.

A block of enough rows is written where it belongs: a piece of each column. Pieces of less than a page would be read and
written many times each, so blocks of few rows are turned by way of a second file: written one after the other, each by
columns, they are gathered for a group of columns at a time.
"""

import io
import os

import numpy as np

from fastreg.design.spool.part import read_at, write_at
from fastreg.interface.sources.exact import Refused

PIECE = 2**12  # bytes of a column that are worth a write of their own
GROUP = 4  # sizes of a block, in which columns are gathered: nothing of the source is in memory then
WHOLE, TURNED = "values.npy", "turned"


def header(shape, dtype):
    """The bytes before the values of a file of NumPy in Fortran order."""
    out = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": True, "shape": shape}
    np.lib.format.write_array_header_1_0(out, described)
    return out.getvalue()


class ColumnFile:
    """The file of columns of a `Part`, of a shape and a type."""

    def __init__(self, part, shape, dtype):
        self.part, self.shape, self.dtype = part, shape, dtype
        self.file, head = part.file(WHOLE), header(shape, dtype)
        self.begin = len(head)
        if os.fstat(self.file.fileno()).st_size == 0:
            write_at(self.file, 0, np.frombuffer(head, "u1"), part.path)

    def place(self, row, column):
        return self.begin + (column * self.shape[0] + row) * self.dtype.itemsize

    def put(self, row, column, values):
        """Write a block of whole columns, or of pieces of columns."""
        if values.shape[0] == self.shape[0]:
            write_at(self.file, self.place(row, column), values, self.part.path)
            return
        for j in range(values.shape[1]):
            write_at(self.file, self.place(row, column + j), values[:, j], self.part.path)

    def column(self, j, start, stop):
        """Some values of a column, as they are in the file."""
        out = np.empty(stop - start, self.dtype)
        read_at(self.file, self.place(start, j), out)
        return out


class TurnedFile:
    """Blocks one after the other in a second file of a `Part`, for `turn` to bring them into columns."""

    def __init__(self, part, dtype):
        self.part, self.dtype, self.file = part, dtype, part.file(TURNED)
        self.end = sum(rows * columns for _, rows, _, columns in part.done["blocks"]) * dtype.itemsize

    def put(self, row, column, values):
        write_at(self.file, self.end, np.asfortranarray(values), self.part.path)
        self.end += values.nbytes

    def turn(self, whole, size, tell):
        """Write all blocks into the ColumnFile `whole`, some `size` in bytes at a time; `tell(bytes)` hears of each."""
        blocks, unit = self.part.done["blocks"], self.dtype.itemsize
        places = np.cumsum([0, *(rows * columns * unit for _, rows, _, columns in blocks)]).tolist()
        (n, p), path = whole.shape, self.part.path
        if max(rows for _, rows, _, _ in blocks) * unit >= PIECE:
            for number in range(self.part.done["turned"], len(blocks)):
                row, rows, column, columns = blocks[number]
                values = np.empty((rows, columns), self.dtype, order="F")
                read_at(self.file, places[number], values)
                whole.put(row, column, values)
                self.part.turned(number + 1)
                tell(values.nbytes)
            return
        group = max(GROUP * size // (n * unit), 1)
        for left in range(self.part.done["turned"], p, group):
            right = min(left + group, p)
            out = np.empty((n, right - left), self.dtype, order="F")
            for (row, rows, column, columns), place in zip(blocks, places):
                a, b = max(left, column), min(right, column + columns)
                if a < b:
                    piece = np.empty((rows, b - a), self.dtype, order="F")
                    read_at(self.file, place + (a - column) * rows * unit, piece)
                    out[row : row + rows, a - left : b - left] = piece
            write_at(whole.file, whole.place(0, left), out, path)
            self.part.turned(right)
            tell(out.nbytes)


def fill_with_means(whole, counts, size, name_of):
    """Put the mean of a column's values in the place of those that are NaN, in columns by number.

    Raises Refused for a column without a value.
    """
    n, step = whole.shape[0], max(size // whole.dtype.itemsize, 1)
    for j in map(int, counts):
        total, seen = 0.0, 0
        for start in range(0, n, step):
            there = whole.column(j, start, min(start + step, n))
            there = there[~np.isnan(there)]
            total, seen = total + float(there.sum(dtype=np.float64)), seen + there.size
        if not seen:
            raise Refused(f"column {name_of(j)} of the source has no value in any row; leave it out")
        for start in range(0, n, step):
            values = whole.column(j, start, min(start + step, n))
            absent = np.isnan(values)
            if absent.any():
                values[absent] = total / seen
                write_at(whole.file, whole.place(start, j), values, whole.part.path)
