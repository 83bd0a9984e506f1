"""Products of columns of codes by scans over rows, as kernels; fastreg.design.categorical says what the arrays are."""

import numpy as np

from fastreg.numerics.jit import kernel


@kernel
def sort_rows(codes, starts, rows):
    """Sort row numbers by code, by counting; starts[c + 1] is where code c begins, and afterwards where it ends."""
    for i in range(codes.size):
        c = codes[i] + 1
        rows[starts[c]] = i
        starts[c] += 1


@kernel
def add_by_level(codes, vectors, sums):
    """sums[k, c + 1] += v_i over the rows i of code c, for the rows v of `vectors`."""
    for k in range(vectors.shape[0]):
        v, line = vectors[k], sums[k]
        for i in range(codes.size):
            line[np.uint64(codes[i] + 1)] += v[i]


@kernel
def add_at_levels(codes, table, out):
    """out[i] += table[c + 1] for the code c of each row i."""
    for i in range(codes.size):
        line, target = table[np.uint64(codes[i] + 1)], out[i]
        for k in range(target.size):
            target[k] += line[k]


@kernel
def add_pairs(rows, codes, cells, others, other_cells, h, sums):
    """sums[a, b] += h_i over those of some rows i whose cells by two factors are a and b."""
    for k in range(rows.size):
        i = np.uint64(rows[k])
        sums[np.uint64(cells[np.uint64(codes[i] + 1)]), np.uint64(other_cells[np.uint64(others[i] + 1)])] += h[i]


@kernel
def add_values_by_cell(columns, places, centre, rows, codes, cells, h, sums):
    """sums[k, a] += h_i (x_i - centre_k) over those of some rows i of cell a, for x = columns[places[k]]."""
    for k in range(places.size):
        values, line, middle = columns[places[k]], sums[k], centre[k]
        for r in range(rows.size):
            i = np.uint64(rows[r])
            line[np.uint64(cells[np.uint64(codes[i] + 1)])] += h[i] * (values[i] - middle)


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
