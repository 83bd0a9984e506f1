"""Rare variants: columns in which nearly all rows have one code, kept as the rows that have another.

Rows of the usual code are never stored: of a vector v, their sum is that of all rows less those of the other codes. So
a product costs as much as the few others are, whichever code is usual, and unknown genotypes are a code like others.
"""

from typing import NamedTuple

import numpy as np

from fastreg.design.genotypes.packed import Packed, as_planes, dots
from fastreg.numerics.jit import add_in_order, kernel, lowest_bit

# Share of the rows that have another code than the usual one, up to which a column counts as rare. At 1/32 its rows,
# of 4 bytes each, take half of the memory of two bits a genotype, and a product takes 0.12 (of 100,000 rows) to 0.5
# (of 500,000) of the time; at 1/16 both are as large, and at 1/100 it takes 0.04 to 0.13 of the time.
RARE = 1 / 32
COPIED = 2**16  # bytes that are copied as numbers of 64 bits at a time: larger arrays would be new pages of memory


class Rare(NamedTuple):
    """Rare columns: the rows of codes 00, 01, 10 and 11 of the first column, then those of the second, and so on."""

    rows: np.ndarray  # (values,) int32, ascending within a code
    pointers: np.ndarray  # (4 columns + 1,) int32: where the rows of each code begin; the usual one has none
    usual: np.ndarray  # (columns,): the code that is not stored

    def dots(self, columns, tables, vectors):
        """X'v of some columns, whose codes stand for the numbers in `tables`: (vectors, columns)."""
        out = np.empty((len(vectors.plain), len(columns)))
        rare_dots(self, columns, tables, vectors.plain, vectors.totals, out)
        return out


class Vectors:
    """Vectors over the rows, (k, n), in the orders in which packed and rare columns are multiplied with them."""

    def __init__(self, vectors):
        self.plain = np.array(vectors, dtype=float, order="C")
        self.planes, self.totals = as_planes(self.plain), self.plain.sum(axis=1)


class Columns(NamedTuple):
    """Columns of a file. All are in `packed`, which is read at the `common` ones alone; the others are rare."""

    packed: Packed
    common: np.ndarray  # their positions
    rare: Rare
    places: np.ndarray  # the positions of the rare ones
    tables: np.ndarray  # what their codes stand for

    def dots(self, vectors):
        """X'v for every vector v: (vectors, columns)."""
        out = np.empty((len(vectors.plain), len(self.packed.packed)))
        if self.places.size:
            out[:, self.places] = self.rare.dots(np.arange(self.places.size), self.tables, vectors)
        if self.common.size:
            out[:, self.common] = dots(self.packed, vectors.planes, self.common)
        return out

    @property
    def bytes(self):
        """Memory that is taken where they are kept."""
        return sum(each.nbytes for each in (*self.rare, *self[1::2], self.tables, self.packed.tables))


def are_rare(counts):
    """Which columns with these `counts` of codes, (columns, 4), are rare."""
    n = counts.sum(axis=1)
    return n - counts.max(axis=1) <= RARE * n


def find_rare(packed, which, counts):
    """The columns `which` of `packed` (columns, bytes) as Rare; `counts` are how many rows of each have each code."""
    usual, others, size = counts.argmax(axis=1), counts.copy(), packed.shape[1]
    np.put_along_axis(others, usual[:, None], 0, axis=1)
    pointers = np.concatenate([[0], np.cumsum(others)]).astype(np.int32)
    rows, places, step = np.empty(pointers[-1], dtype=np.int32), pointers[:-1].copy(), max(1, COPIED // size)
    words = np.empty((min(step, len(which)), -(-size // 8)), dtype=np.uint64)
    for start in range(0, len(which) if rows.size else 0, step):
        some = which[start : start + step]
        words.view(np.uint8)[: some.size, :size] = packed[some]
        find_rows(words[: some.size], usual[start:], int(counts[0].sum()), places[4 * start :], rows)
    return Rare(rows, pointers, usual)


@kernel
def find_rows(words, usual, n, places, rows):
    """Write the rows below n of all codes but the usual one, those of each code from its place in `places` on.

    `words` are the columns as uint64 numbers, of 32 genotypes each; the lowest bits are those of the first row. Bytes
    beyond the last row may be anything.
    """
    every, one = np.uint64(0x5555555555555555), np.uint64(1)  # the first bit of each code
    for j in range(len(words)):
        column, place = words[j], places[4 * j : 4 * j + 4]
        for q in range(column.size):
            others = column[q] ^ (every * np.uint64(usual[j]))
            if others:
                others = (others | (others >> one)) & every
                while others:
                    bit = lowest_bit(others)
                    others &= others - one
                    row, code = 32 * q + np.int64(bit >> one), (column[q] >> bit) & np.uint64(3)
                    if row < n:
                        rows[place[code]] = row
                        place[code] += 1


@kernel
def rare_dots(rare, columns, tables, vectors, totals, out):
    """out[k, i] = x_j'v for vector k and the column j = columns[i], whose codes stand for the numbers in tables[i].

    `totals` are the sums of the vectors. Each sum is added in the order of the rows, whatever the other columns and
    vectors are.
    """
    for k in range(len(vectors)):
        v = vectors[k]
        for i in range(columns.size):
            j, others, product = columns[i], 0.0, 0.0
            for code in range(4):
                total = 0.0
                for q in range(np.uint64(rare.pointers[4 * j + code]), np.uint64(rare.pointers[4 * j + code + 1])):
                    total = add_in_order(total, v[np.uint64(rare.rows[q])])
                others = add_in_order(others, total)
                product = add_in_order(product, tables[i, code] * total)
            out[k, i] = product + tables[i, rare.usual[j]] * (totals[k] - others)
