"""Columns of genotypes, two bits each, and products with them as they are stored.

A byte has the genotypes of four neighbouring rows, the first in its lowest bits. Of the counted allele

    code    00           10          11           01
    copies  2            1           0            unknown

In `planes` (4, bytes) a vector v over the rows is ordered by place within the byte: planes[f, q] = v[4 q + f]. Then
each place of neighbouring bytes meets neighbouring numbers, and loops over bytes are vectorised. Rows beyond the last
one, which fill the last byte, have zeros there.

A column's values are a table of four numbers, those of the codes 00, 01, 10 and 11: (2, mean, 1, 0) less any centre,
or whatever a product wants in their place.
"""

from typing import NamedTuple

import numpy as np

from fastreg.numerics.jit import inlined_kernel, kernel, wide_vectors
from fastreg.numerics.threads import even_edges, over_blocks

TILE = 2**13  # bytes of a column that are read before the next one: their numbers, 256 KB, stay in the second cache
FLUSH = 2**18  # bytes after which sums of 21 bits are added up: each byte adds four at most


class Packed(NamedTuple):
    """Columns in this form, and what their codes stand for."""

    packed: np.ndarray  # (columns, bytes)
    tables: np.ndarray  # (columns, 4)


def as_planes(vectors):
    """The rows of `vectors` (k, n) in the order of places, (k, 4, bytes)."""
    count, n = vectors.shape
    planes = np.zeros((count, 4, -(-n // 4)))
    for place in range(4):
        planes[:, place, : len(range(place, n, 4))] = vectors[:, place::4]
    return planes


def from_planes(planes, n):
    """The vectors (k, n) of `as_planes`."""
    return np.ascontiguousarray(planes.transpose(0, 2, 1)).reshape(len(planes), -1)[:, :n]


def mask_of(rows):
    """One bit in the place of each row that is True in `rows`, (bytes,)."""
    padded = np.zeros(-(-rows.size // 4) * 4, dtype=np.uint8)
    padded[: rows.size] = rows
    return padded.reshape(-1, 4) @ np.array([1, 4, 16, 64], dtype=np.uint8)


def dots(columns, planes, which=None):
    """X'v of `Packed` columns, or those at the positions `which`, for the vectors v of `planes`: (vectors, columns)."""
    which = np.arange(len(columns.packed)) if which is None else which
    out = np.empty((len(planes), len(which)))
    packed_dots(*columns, which, planes, out)
    return out


def shared_dots(columns, planes):
    """`dots`, by several threads."""
    out, size = np.empty((len(planes), len(columns.packed))), columns.packed.shape[1]

    def some(a, b):
        out[:, a:b] = dots(Packed(columns.packed[a:b], columns.tables[a:b]), planes)

    over_blocks(some, even_edges(out.shape[1], size), out.size * size)
    return out


def combined(columns, steps, n):
    """sum_j steps[j] x_j over `Packed` columns, (n,)."""
    plane = np.zeros((1, 4, columns.packed.shape[1]))
    packed_add(columns.packed, columns.tables, steps, plane[0])
    return from_planes(plane, n)[0]


@kernel
def packed_dots(packed, tables, which, planes, out):
    """out[k, i] = x_j'v for the vectors v of `planes` (k, 4, bytes) and the columns j = which[i] of `packed`.

    Each sum is computed in the same order, whatever the other columns and vectors are.
    """
    wide_vectors()
    size = packed.shape[1]
    out[:] = 0.0
    for start in range(0, size, TILE):
        stop = min(start + TILE, size)
        for k in range(planes.shape[0]):
            first, second = planes[k, 0, start:stop], planes[k, 1, start:stop]
            third, fourth = planes[k, 2, start:stop], planes[k, 3, start:stop]
            for i in range(which.size):
                j = which[i]
                column, total = packed[j, start:stop], 0.0
                a, b, c, d = tables[j, 0], tables[j, 1], tables[j, 2], tables[j, 3]
                for q in range(column.size):
                    code = np.uint64(column[q])
                    total += number_of(code, a, b, c, d) * first[q]
                    total += number_of(code >> np.uint64(2), a, b, c, d) * second[q]
                    total += number_of(code >> np.uint64(4), a, b, c, d) * third[q]
                    total += number_of(code >> np.uint64(6), a, b, c, d) * fourth[q]
                out[k, i] += total


@kernel
def packed_add(packed, tables, steps, plane):
    """v += sum_j steps[j] x_j for the vector v of `plane` (4, bytes) and the columns of `packed`."""
    wide_vectors()
    size = packed.shape[1]
    for start in range(0, size, TILE):
        stop = min(start + TILE, size)
        first, second = plane[0, start:stop], plane[1, start:stop]
        third, fourth = plane[2, start:stop], plane[3, start:stop]
        for j in range(packed.shape[0]):
            column, step = packed[j, start:stop], steps[j]
            a, b, c, d = step * tables[j, 0], step * tables[j, 1], step * tables[j, 2], step * tables[j, 3]
            for q in range(column.size):
                code = np.uint64(column[q])
                first[q] += number_of(code, a, b, c, d)
                second[q] += number_of(code >> np.uint64(2), a, b, c, d)
                third[q] += number_of(code >> np.uint64(4), a, b, c, d)
                fourth[q] += number_of(code >> np.uint64(6), a, b, c, d)


@kernel
def unpack(packed, tables, out):
    """out[j, i] = x_ij for the columns of `packed` and their leading rows, as many as `out` has."""
    n = out.shape[1]
    for j in range(packed.shape[0]):
        column, line = packed[j], out[j]
        a, b, c, d = tables[j, 0], tables[j, 1], tables[j, 2], tables[j, 3]
        for q in range(n // 4):
            code = np.uint64(column[q])
            line[4 * q] = number_of(code, a, b, c, d)
            line[4 * q + 1] = number_of(code >> np.uint64(2), a, b, c, d)
            line[4 * q + 2] = number_of(code >> np.uint64(4), a, b, c, d)
            line[4 * q + 3] = number_of(code >> np.uint64(6), a, b, c, d)
        for i in range(n // 4 * 4, n):
            line[i] = number_of(np.uint64(column[i // 4]) >> np.uint64(2 * (i % 4)), a, b, c, d)


@kernel
def unpack_planes(packed, tables, first, last, out):
    """out[j] = x_j in the bytes from `first` to `last`, in the order of planes: (columns, 4 (last - first))."""
    wide_vectors()
    size = last - first
    for j in range(packed.shape[0]):
        column = packed[j, first:last]
        a, b, c, d = tables[j, 0], tables[j, 1], tables[j, 2], tables[j, 3]
        for place in range(4):
            line, shift = out[j, place * size : (place + 1) * size], np.uint64(2 * place)
            for q in range(size):
                line[q] = number_of(np.uint64(column[q]) >> shift, a, b, c, d)


@kernel
def count_codes(packed, mask, out):
    """out[j] = how many of the rows in `mask` (`mask_of`) have the codes 00, 01, 10 and 11 in column j.

    Three sums are kept in one number, of 21 bits each: of first bits, of second bits, and of both at once.
    """
    wide_vectors()
    rows, fields = np.int64(0), np.uint64(2**21 - 1)
    for q in range(mask.size):
        rows += np.int64(ones(np.uint64(mask[q])))
    for j in range(packed.shape[0]):
        low, high, both = np.int64(0), np.int64(0), np.int64(0)
        for start in range(0, mask.size, FLUSH):
            column, some = packed[j, start : min(start + FLUSH, mask.size)], mask[start : min(start + FLUSH, mask.size)]
            sums = np.uint64(0)
            for q in range(some.size):
                code, here = np.uint64(column[q]), np.uint64(some[q])
                first, second = code & here, (code >> np.uint64(1)) & here
                sums += ones(first | (second << np.uint64(21)) | ((first & second) << np.uint64(42)))
            low += np.int64(sums & fields)
            high += np.int64((sums >> np.uint64(21)) & fields)
            both += np.int64(sums >> np.uint64(42))
        out[j, 0], out[j, 1], out[j, 2], out[j, 3] = rows - low - high + both, low - both, high - both, both


@inlined_kernel
def number_of(code, a, b, c, d):
    """That of the four numbers which the lowest two bits of a code stand for."""
    return (d if code & np.uint64(1) else c) if code & np.uint64(2) else (b if code & np.uint64(1) else a)


@inlined_kernel
def ones(bits):
    """How many of the bits 0, 2, 4 and 6 of each of three fields of 21 bits are set; no others are."""
    once, low = np.uint64(0x11 + (0x11 << 21) + (0x11 << 42)), np.uint64(0x0F + (0x0F << 21) + (0x0F << 42))
    pairs = (bits & once) + ((bits >> np.uint64(2)) & once)
    return (pairs & low) + ((pairs >> np.uint64(4)) & low)
