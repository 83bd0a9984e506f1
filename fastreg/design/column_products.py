"""Products with columns of a design of any storage, and weighted means and variances, by its `column_` methods."""

import numpy as np

from fastreg.numerics.jit import add_in_order, kernel
from fastreg.numerics.threads import BLOCK, over_blocks

STRIPE = 2**13  # stored values: columns that are read for all weights and vectors in turn, while in the cache


def is_outer(design):
    """Whether X is read by blocks, through the methods of OuterDesign, and not by kernels column by column."""
    return hasattr(design, "look")


def price_of(design):
    """The time to read a value of X in a pass over all of it, over that of a value in memory."""
    return design.price if is_outer(design) else 1.0


def correlate_columns(design, v, columns):
    """x_j'v for the columns j in `columns`, in this order."""
    if is_outer(design):
        return design.look(v[None], columns)[0]
    out, stored = np.empty(len(columns)), design.stored_in(columns)
    if stored <= BLOCK:
        correlate_some(design, v, columns, out)
    else:
        edges = design.edges_among(columns)
        over_blocks(lambda a, b: correlate_some(design, v, columns[a:b], out[a:b]), edges, stored, apart=False)
    return out


def column_moments(design, weight):
    """Weighted mean and weighted variance of every column, two arrays (p,); the weights sum to one."""
    mean, spread, _ = first_of(design, weight[None], np.empty((0, weight.size)))
    return mean[0], spread[0]


def first_of(design, weights, vectors):
    """(weighted means (k, p), weighted variances (k, p), X'v (m, p)) of every column, in one read of X.

    The rows of `weights` (k, n) sum to one each; the products are with the rows v of `vectors` (m, n).
    """
    if is_outer(design):
        return design.first(weights, vectors)
    p, edges = design.shape[1], design.edges()
    weights, vectors = of_one_type(weights), of_one_type(vectors)
    mean, spread, products = (np.empty((count, p)) for count in (len(weights), len(weights), len(vectors)))
    stripe = max(1, STRIPE * p // max(design.stored_in(np.arange(p)), 1))

    def read(a, b):
        found = mean[:, a:b], spread[:, a:b], products[:, a:b]
        first_numbers(design.part(a, b), weights, vectors, stripe, found)

    over_blocks(read, edges, (len(weights) + len(vectors)) * BLOCK * len(edges))
    return mean, spread, products


def of_one_type(vectors, order="C"):
    """Vectors (k, n) as kernels take them, in one order and writeable; copied only where they are not."""
    fits = vectors.dtype == np.float64 and vectors.flags.behaved and vectors.flags[order]
    return vectors if fits else np.array(vectors, np.float64, order=order)


@kernel
def correlate_range(design, v, out):
    """out[j] = x_j'v for every column."""
    for j in range(out.size):
        out[j] = design.column_dot(j, v)


@kernel
def correlate_some(design, v, columns, out):
    """out[k] = x_j'v for the columns j = columns[k]."""
    for k in range(columns.size):
        out[k] = design.column_dot(columns[k], v)


@kernel
def correlate_vectors(design, vectors, columns, total, out):
    """out[k, i] = x_j'v for the vectors v, the columns of `vectors` (n, k), and the sparse columns j = columns[i].

    Five vectors are multiplied at a time. The last five may overlap those before, whose products are then computed
    twice; for fewer than five vectors in all, the sums are kept in `total` (k,). Each sum is added in the order of the
    rows, so that it does not depend on the other vectors.
    """
    count = vectors.shape[1]
    for i in range(columns.size):
        begin, end = np.uint64(design.indptr[columns[i]]), np.uint64(design.indptr[columns[i] + 1])
        for start in range(0, count, 5):
            k = min(start, count - 5)
            if k < 0:
                break
            a, b, c, d, e = 0.0, 0.0, 0.0, 0.0, 0.0
            for q in range(begin, end):
                value, row = design.data[q], vectors[np.uint64(design.indices[q])]
                a, b = add_in_order(a, value * row[k]), add_in_order(b, value * row[k + 1])
                c, d = add_in_order(c, value * row[k + 2]), add_in_order(d, value * row[k + 3])
                e = add_in_order(e, value * row[k + 4])
            out[k, i], out[k + 1, i], out[k + 2, i], out[k + 3, i], out[k + 4, i] = a, b, c, d, e
        if count < 5:
            total[:] = 0.0
            for q in range(begin, end):
                value, row = design.data[q], vectors[np.uint64(design.indices[q])]
                for k in range(count):
                    total[k] = add_in_order(total[k], value * row[k])
            for k in range(count):
                out[k, i] = total[k]


@kernel
def combine_vectors(design, columns, steps, out):
    """out[:, k] += sum_i steps[i, k] x_j over the sparse columns j = columns[i]."""
    for i in range(columns.size):
        step = steps[i]
        for q in range(design.indptr[columns[i]], design.indptr[columns[i] + 1]):
            value, row = design.data[q], out[design.indices[q]]
            for k in range(row.size):
                row[k] += value * step[k]


def combine(design, columns, steps, out):
    """out += sum_k steps[k] x_j over the columns j = columns[k]; columns with a zero step are not read."""
    if is_outer(design):
        design.combine(columns, steps, out)
    else:
        add_columns(design, columns, steps, out)


@kernel
def add_columns(design, columns, steps, out):
    """out += sum_k steps[k] x_j over the columns j = columns[k]; columns with a zero step are not read."""
    for k in range(columns.size):
        if steps[k] != 0.0:
            design.column_add(columns[k], steps[k], out)


@kernel
def scatter_columns(design, columns, out):
    """out[:, k] += x_j for j = columns[k]."""
    for k in range(columns.size):
        design.column_add(columns[k], 1.0, out[:, k])


@kernel
def first_numbers(design, weights, vectors, stripe, found):
    """Write what `first_of` returns to `found`, `stripe` columns at a time, so that they stay in the cache."""
    mean, spread, products = found
    for start in range(0, mean.shape[1], stripe):
        stop = min(start + stripe, mean.shape[1])
        for k in range(weights.shape[0]):
            for j in range(start, stop):
                mean[k, j] = design.column_dot(j, weights[k])
                spread[k, j] = design.column_spread(j, mean[k, j], weights[k], 1.0)
        for k in range(vectors.shape[0]):
            for j in range(start, stop):
                products[k, j] = design.column_dot(j, vectors[k])
