"""Products of columns of codes by scans over rows, as kernels; fastreg.design.categorical says what the arrays are."""

from typing import NamedTuple

import numpy as np

from fastreg.numerics.jit import inlined_kernel, kernel

RUN = 4  # rows in their order that are read in the time of a row by its number
TOGETHER = 4  # factors whose codes are read in one scan


class Scan(NamedTuple):
    """Factors whose codes are read together, and where in an array each has a number for each of its codes."""

    codes: np.ndarray  # (F, n) int32
    factors: np.ndarray  # (k,) int64: which of them
    begins: np.ndarray  # (k,) int64: the place of code -1; the others follow


@kernel
def sort_rows(codes, starts, rows):
    """Sort row numbers by code, by counting; starts[c + 1] is where code c begins, and afterwards where it ends."""
    for i in range(codes.size):
        c = codes[i] + 1
        rows[starts[c]] = i
        starts[c] += 1


@kernel
def add_by_level(scan, v, sums):
    """Add v_i to the number of the code that each factor has in row i.

    Four factors at once: v is read once, and rows of one level that follow each other do not wait for its sum.
    """
    codes, f, begins = scan.codes, scan.factors, scan.begins
    fours = f.size // 4 * 4
    for k in range(0, fours, 4):
        a, b, c, d = codes[f[k]], codes[f[k + 1]], codes[f[k + 2]], codes[f[k + 3]]
        p, q, r, s = begins[k] + 1, begins[k + 1] + 1, begins[k + 2] + 1, begins[k + 3] + 1
        for i in range(v.size):
            value = v[i]
            sums[np.uint64(p + a[i])] += value
            sums[np.uint64(q + b[i])] += value
            sums[np.uint64(r + c[i])] += value
            sums[np.uint64(s + d[i])] += value
    for k in range(fours, f.size):
        a, p = codes[f[k]], begins[k] + 1
        for i in range(v.size):
            sums[np.uint64(p + a[i])] += v[i]


@kernel
def add_at_levels(scan, table, start, out):
    """Add to out[i] the numbers of the codes that the factors have in row start + i; four factors at once."""
    codes, f, begins = scan.codes, scan.factors, scan.begins
    fours = f.size // 4 * 4
    for k in range(0, fours, 4):
        a, b, c, d = codes[f[k], start:], codes[f[k + 1], start:], codes[f[k + 2], start:], codes[f[k + 3], start:]
        p, q, r, s = begins[k] + 1, begins[k + 1] + 1, begins[k + 2] + 1, begins[k + 3] + 1
        for i in range(out.size):
            first = table[np.uint64(p + a[i])] + table[np.uint64(q + b[i])]
            out[i] += first + (table[np.uint64(r + c[i])] + table[np.uint64(s + d[i])])
    for k in range(fours, f.size):
        a, p = codes[f[k], start:], begins[k] + 1
        for i in range(out.size):
            out[i] += table[np.uint64(p + a[i])]


@kernel
def rows_in_cells(codes, cells, rows):
    """Write the rows whose code has a cell above 0, in order. Returns how many there are."""
    count = 0
    for i in range(codes.size):
        rows[count] = i
        if cells[np.uint64(codes[i] + 1)] > 0:
            count += 1
    return count


@kernel
def add_pairs(rows, left, right, h, sums):
    """sums[a, b] += h_i over those of some rows i whose cells by two factors are a and b.

    `left` and `right` are (codes, the cell of each code, -1 first).
    """
    codes, cells = left
    others, other_cells = right
    for k in range(rows.size):
        i = np.uint64(rows[k])
        sums[np.uint64(cells[np.uint64(codes[i] + 1)]), np.uint64(other_cells[np.uint64(others[i] + 1)])] += h[i]


@kernel
def add_values_by_cell(values, weighted, scan, cells, scratch, sums):
    """Add h_i (x_i - centre_k) for dense columns k to the line of row i's cell by each factor, sums (cells, k).

    `values` is (dense columns, which of them, the centre of each), `weighted` (some rows, h), and `cells` has the cell
    of each code of a factor. Some rows at a time are multiplied, into `scratch` (rows, k), so that for every factor all
    columns are added at once.
    """
    columns, places, centre = values
    rows, h = weighted
    for first in range(0, rows.size, scratch.shape[0]):
        count = min(scratch.shape[0], rows.size - first)
        for k in range(places.size):
            x, middle = columns[places[k]], centre[k]
            for r in range(count):
                i = np.uint64(rows[first + r])
                scratch[r, k] = h[i] * (x[i] - middle)
        for f in range(scan.factors.size):
            codes, begin = scan.codes[scan.factors[f]], scan.begins[f] + 1
            for r in range(count):
                code = codes[np.uint64(rows[first + r])]
                add_to(sums[np.uint64(cells[np.uint64(begin + code)])], scratch[r])


@kernel
def scale_values(values, scale, first, out):
    """out[k, i] = scale_r (x_r - centre_k) for row r = first + i and dense columns k; `values` as above."""
    columns, places, centre = values
    for k in range(places.size):
        x, middle = columns[places[k]], centre[k]
        for i in range(out.shape[1]):
            out[k, i] = scale[first + i] * (x[first + i] - middle)


@inlined_kernel
def add_to(line, values):
    """line += values"""
    for k in range(values.size):
        line[k] += values[k]


@kernel
def fill_values(design, columns, centre, rows, out):
    """out[k, i] = x_ij - centre_j for the columns j = columns[k] and the rows numbered by `rows`."""
    for k in range(columns.size):
        j = columns[k]
        f, place, middle = design.factor[j], design.place[j], centre[j]
        for i in range(rows.size):
            if f < 0:
                out[k, i] = design.columns[place, rows[i]] - middle
            else:
                code = design.codes[f, rows[i]]
                inside = code >= place if design.stepped[f] else code == place
                out[k, i] = (1.0 if inside else 0.0) - middle
