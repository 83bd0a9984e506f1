"""Sparse columns sorted by row, for Gram matrices that read only the rows that two columns share."""

from typing import NamedTuple

import numpy as np

from fastreg._jit import kernel


class ColumnsByRow(NamedTuple):
    """Stored values of consecutive columns of a working set, row by row; within a row places ascend."""

    first: int  # place of the first column in the working set
    end: int  # place after the last
    values: np.ndarray
    places: np.ndarray
    pointer: np.ndarray


def by_row(design, columns, first):
    """The columns from place `first` on, by row."""
    chosen = columns[first:]
    stored = design.stored_in(chosen)
    pointer = np.zeros(design.n_rows + 1, dtype=np.int64)
    values, places = np.empty(stored), np.empty(stored, dtype=np.int64)
    fill_rows(design, chosen, first, pointer, values, places)
    return ColumnsByRow(first, columns.size, values, places, pointer)


@kernel
def fill_rows(design, columns, first, pointer, values, places):
    """Counting sort of the columns' stored values by row."""
    n = pointer.size - 1
    for k in range(columns.size):
        for q in range(design.indptr[columns[k]], design.indptr[columns[k] + 1]):
            pointer[design.indices[q] + 1] += 1
    for i in range(n):
        pointer[i + 1] += pointer[i]
    for k in range(columns.size):
        for q in range(design.indptr[columns[k]], design.indptr[columns[k] + 1]):
            i = design.indices[q]
            values[pointer[i]] = design.data[q]
            places[pointer[i]] = first + k
            pointer[i] += 1
    for i in range(n, 0, -1):
        pointer[i] = pointer[i - 1]
    pointer[0] = 0


@kernel
def sparse_gram(design, columns, start, part, h, out):
    """out[k - start, l] += x_k' diag(h) x_l for places k >= start and l <= k, l in the part. Reads only rows of x_k."""
    for k in range(max(start, part.first), columns.size):
        line = out[k - start]
        for q in range(design.indptr[columns[k]], design.indptr[columns[k] + 1]):
            i = design.indices[q]
            scaled = h[i] * design.data[q]
            for entry in range(part.pointer[i], part.pointer[i + 1]):
                if part.places[entry] > k:
                    break
                line[part.places[entry]] += scaled * part.values[entry]


@kernel
def stored_values(indptr, columns):
    """How many values some columns store."""
    total = 0
    for j in columns:
        total += indptr[j + 1] - indptr[j]
    return total
