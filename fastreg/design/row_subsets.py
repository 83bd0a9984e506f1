"""Products over several subsets of the rows of dense X (parts, such as the held-out rows of folds), in one pass over X.

The rows of a part are scattered, and memory is read in lines of neighbouring rows: to copy one part reads nearly all of
X. So X is cut into panels of neighbouring rows, and all parts of a panel are copied while it is in the cache.
"""

from itertools import pairwise

import numpy as np

from fastreg.design.dense_products import FAST, LONG, TILE
from fastreg.numerics.jit import kernel
from fastreg.numerics.threads import even_edges, over_blocks

ROWS = 1024  # rows of a part, about, that are multiplied at once: products of fewer take longer
SHARE = 4  # rows of X over those that are copied or predicted at once, at most, unless a part has more


def part_grams(columns, parts, root, centre, response):
    """For every part of the rows, U'U over its rows of U = diag(root) (X - centre, response, 1): (p + 2, p + 2) each.

    `parts` are row numbers in ascending order; `columns` (p, n) is the transpose of X.
    """
    p, n, length = centre.size, root.size, min(root.size, ROWS * len(parts))
    together, found, scratch = max(1, round(len(parts) * n / (SHARE * length))), [], np.empty(0)
    for first in range(0, len(parts), together):
        some = parts[first : first + together]
        sums = [np.empty((p + 2, p + 2)) for _ in some]
        which = np.arange(p), np.tile(np.arange(p), (len(some), 1)), np.full(len(some), p + 2), centre
        for number, (rows, ends) in enumerate(panels(some, n, length)):
            copies, scratch = copy_parts(columns, which, (rows, ends, root[rows]), scratch)
            for copy, start, stop in zip(copies, [0, *ends], ends):
                copy[-1] = root[rows[start:stop]]
                copy[-2] = copy[-1] * response[rows[start:stop]]
            add_grams(copies, sums, number == 0)
        found += sums
    return found


def add_grams(copies, sums, first):
    """sums[k] += copies[k] copies[k]', or = if `first`; tile by tile."""
    width = len(sums[0])
    tiles = -(-width // TILE)
    spans = [slice(width * i // tiles, width * (i + 1) // tiles) for i in range(tiles)]
    pairs = [(spans[i], spans[j]) for i in range(tiles) for j in range(i + 1)]

    def add(task, _):
        k, tile = divmod(task, len(pairs))
        copy, out, (down, across) = copies[k], sums[k], pairs[tile]
        if first:
            np.matmul(copy[down], copy[across].T, out=out[down, across])
        else:
            out[down, across] += copy[down] @ copy[across].T
        if down != across:
            out[across, down] = out[down, across].T

    over_blocks(add, range(len(copies) * len(pairs) + 1), copies[0].size * len(copies) * width // FAST)


def part_products(columns, parts, picked, coefs):
    """X coefs[k] over the columns `picked` of X and the rows of part k, for every k: (rows, coefficients) each.

    `columns` (p, n) is the transpose of X.
    """
    orders = [np.argsort(part, kind="stable") for part in parts]
    parts, done = [part[order] for part, order in zip(parts, orders)], [0] * len(parts)
    found, scratch = [np.empty((part.size, each.shape[1])) for part, each in zip(parts, coefs)], np.empty(0)
    places, widths = np.full((len(parts), picked.size), -1), np.empty(len(parts), dtype=np.int64)
    coefs = list(coefs)
    for k, each in enumerate(coefs):  # a part needs only columns with a coefficient that is not zero
        inside = np.flatnonzero(each.any(axis=1))
        coefs[k], places[k, inside], widths[k] = each[inside], np.arange(inside.size), inside.size
    which = picked, places, widths, np.zeros(picked.size)
    n = columns.shape[1]
    for rows, ends in panels(parts, n, min(LONG, -(-n // SHARE))):
        copies, scratch = copy_parts(columns, which, (rows, ends, np.ones(rows.size)), scratch)

        def multiply(k, _, copies=copies):
            start, done[k] = done[k], done[k] + copies[k].shape[1]
            np.matmul(copies[k].T, coefs[k], out=found[k][start : done[k]])

        over_blocks(multiply, range(len(parts) + 1), rows.size * coefs[0].size // FAST)
    return [put_in_order(each, order) for each, order in zip(found, orders)]


def grams_apart(design, parts, weight, centre, response):
    """`part_grams` of a design whose `subset` copies rows in little time: each part is multiplied by itself."""
    found: list = [None] * len(parts)

    def sum_over(k, _):
        rows, h = design.subset(parts[k], np.arange(centre.size)), weight[parts[k]]
        out = found[k] = np.empty((centre.size + 2, centre.size + 2))
        last = np.stack([response[parts[k]], np.ones(h.size)])
        out[:-2, :-2] = rows.gram(np.arange(centre.size), h, centre)
        out[-2:, -2:] = (h * last) @ last.T
        out[-2:, :-2] = rows.correlate_each(h * last) - np.outer(last @ h, centre)
        out[:-2, -2:] = out[-2:, :-2].T

    over_blocks(sum_over, range(len(parts) + 1), design.stored_in(np.arange(centre.size)))
    return found


def put_in_order(rows, order):
    """The array `out` with out[order] = rows; `rows` itself if `order` ascends."""
    if np.all(order[1:] > order[:-1]):
        return rows
    out = np.empty_like(rows)
    out[order] = rows
    return out


def panels(parts, n, length):
    """Yield, for each panel of `length` neighbouring rows of X: (row numbers, part by part; where each part ends)."""
    edges = [*range(0, n, length), n]
    cuts = [np.searchsorted(part, edges) for part in parts]
    for k in range(len(edges) - 1):
        found = [part[cut[k] : cut[k + 1]] for part, cut in zip(parts, cuts)]
        yield np.concatenate(found), np.cumsum([rows.size for rows in found])


def copy_parts(columns, which, parts, scratch):
    """Copies of each part's rows, (columns, rows), and the array of which they are views: `scratch` if large enough.

    `which` and `parts` are described in `take_parts`.
    """
    (picked, _, widths, _), (rows, ends, _) = which, parts
    sizes = np.diff(ends, prepend=0)
    begins = np.concatenate([[0], np.cumsum(widths * sizes)])
    if scratch.size < begins[-1]:
        scratch = np.empty(begins[-1])
    over_blocks(
        lambda a, b: take_parts(columns, which, parts, (a, b), begins, scratch),
        even_edges(picked.size, rows.size),
        picked.size * rows.size,
    )
    spans = zip(pairwise(begins.tolist()), widths.tolist(), sizes.tolist())
    copies = [scratch[a:b].reshape(width, size) for (a, b), width, size in spans]
    return copies, scratch


@kernel
def take_parts(columns, which, parts, span, begins, out):
    """Write root_i (x_ij - centre_j) of each part, column by column, into `out` from begins[part] on.

    `which` is (columns picked, their positions in the copy of each part or -1, number of columns of each part,
    centres), `parts` is (rows, ends, root); `span` is the range of the columns picked that this call copies.
    """
    picked, places, _, centre = which
    rows, ends, root = parts
    for k in range(span[0], span[1]):
        column, middle, start = columns[picked[k]], centre[k], 0
        for part in range(ends.size):
            size, place = ends[part] - start, places[part, k]
            if place >= 0:
                line = out[begins[part] + place * size : begins[part] + (place + 1) * size]
                for i in range(size):
                    line[i] = root[start + i] * (column[np.uint64(rows[start + i])] - middle)
            start = ends[part]
