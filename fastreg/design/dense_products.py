"""Products of dense arrays with vectors, and their Gram matrices; large ones are shared among threads.

The order of operations depends on the arrays' shapes alone. Products with a vector are kernels: for a few hundred rows
they read memory twice as fast as BLAS does. Products of matrices are computed by BLAS, block by block.
"""

from functools import partial

import numpy as np

from fastreg.design.row_blocks import in_order
from fastreg.interface.validation import read_only
from fastreg.numerics.jit import kernel
from fastreg.numerics.threads import BLOCK, GROUPS, even_edges, over_blocks

TILE = 512  # columns or rows that are processed at a time, so that their sums stay in the fastest cache
FAST = 16  # multiplications by BLAS in the time in which one value is read from memory
CONVERTED = 2**20  # values of narrow rows that are converted to float64 at a time (8 MB)
LONG = 4096  # entries of v: longer vectors do not stay in the fastest cache while a column is read


def multiply_rows(rows, v):
    """rows @ v for a C-ordered array `rows`."""
    out, rows = np.empty(rows.shape[0]), read_only(rows)
    if rows.size <= BLOCK:
        row_dots(rows, v, out)
    else:
        over_blocks(lambda a, b: row_dots(rows[a:b], v, out[a:b]), even_edges(*rows.shape), rows.size, apart=False)
    return out


def wide_rows(rows, start, stop):
    """Rows from start to stop as float64, copied if they are narrower."""
    return rows[start:stop].astype(np.float64, copy=False)


def rows_at_once(rows):
    """How many rows are converted to float64 at a time for BLAS: all if they need not be."""
    return max(len(rows) if rows.dtype == np.float64 else CONVERTED // rows.shape[1], 1)


def times_vectors(rows, vectors):
    """rows @ vectors, float64; narrower rows are converted block by block."""
    step = rows_at_once(rows)
    if step >= len(rows):
        return wide_rows(rows, 0, len(rows)) @ vectors
    out = np.empty((len(rows), vectors.shape[1]))
    for start in range(0, len(rows), step):
        np.matmul(wide_rows(rows, start, start + step), vectors, out=out[start : start + step])
    return out


def sum_over_rows(rows, product):
    """The sum of product(slice, these rows as float64) over slices of all rows; one slice unless rows are narrower."""
    step = rows_at_once(rows)
    slices = [slice(start, min(start + step, len(rows))) for start in range(0, len(rows), step)]
    out = product(slices[0], wide_rows(rows, 0, step))
    for some in slices[1:]:
        out += product(some, wide_rows(rows, some.start, some.stop))
    return out


def sum_of_products(factors, length, block, rows, columns):
    """sum of L R' over blocks of `length`, (rows, columns); factors(start, stop) = (L, R) are those of one block.

    L has `rows` and R `columns` rows; R may be L itself. Blocks are summed in a few groups, where the factors are so
    long that this takes little memory, and then the groups in order. Within a block, each thread multiplies some rows
    of L.
    """
    if length <= block and rows <= TILE:
        left, right = factors(0, length)
        return left @ right.T
    groups = max(1, min(GROUPS, length // (4 * max(block, rows, columns))))
    sums = np.zeros((groups, rows, columns))
    ends = [length * k // groups for k in range(groups + 1)]

    def add(done, k, _):
        start = ends[k] + done
        if start < ends[k + 1]:
            left, right = factors(start, min(start + block, ends[k + 1]))
            add_product(left, right, sums[k])

    for done in range(0, -(-length // groups), block):  # short calls, so that a fit can be interrupted
        over_blocks(partial(add, done), range(groups + 1), groups * block * rows * columns // FAST)
    total = sums.sum(axis=0) if groups > 1 else sums[0]
    if rows == columns:  # R is L: only the lower triangle has been computed
        for start in range(TILE, rows, TILE):
            total[:start, start : start + TILE] = total[start : start + TILE, :start].T
    return total


def scaled_row_gram(rows, chosen, scale, centre):
    """(X - centre) diag(1 / scale) (X - centre)', (n, n), over the columns `chosen`; `rows` is the transpose of X."""
    n, factor = rows.shape[1], 1.0 / np.sqrt(scale[:, None])
    everything, plain = in_order(chosen, rows.shape[0]), bool(np.all(factor == 1.0))
    if everything and plain:
        gram = _row_gram_of_all(rows, centre)
        if gram is not None:
            return gram

    def block(start, stop):
        some = chosen[start:stop]
        part = (rows[start:stop] if everything else rows[some]) - centre[some, None]
        if not plain:
            part *= factor[start:stop]
        part = part.T
        return part, part

    return sum_of_products(block, len(chosen), TILE, n, n)


def _row_gram_of_all(rows, centre):
    """`scaled_row_gram` of all columns, unscaled and not copied; None where subtracting the means last loses digits."""
    n, shift = rows.shape[1], float(centre @ centre)

    def block(start, stop):
        part = wide_rows(rows, start, stop).T
        return part, part

    out = sum_of_products(block, rows.shape[0], min(4 * TILE, rows_at_once(rows)), n, n)
    if n * shift > 0.5 * np.trace(out):
        return None
    middle = sum_over_rows(rows, lambda some, part: centre[some] @ part)
    out -= middle[:, None] + middle
    out += shift
    return out


def add_product(left, right, out):
    """out += left @ right'. If `right` is `left`, the lower triangle alone, with the diagonal block of each panel."""
    edges = [*range(0, len(left), TILE), len(left)]

    def panel(k, _):
        a, b = edges[-k - 2], edges[-k - 1]  # the last first: of a triangle it takes longest
        last = b if left is right else len(right)
        for c in range(0, last, TILE):  # a piece at a time, so that a fit can be interrupted
            d = min(c + TILE, last)
            out[a:b, c:d] += left[a:b] @ right[c:d].T

    over_blocks(panel, range(len(edges)), left.size * len(right) // FAST)


@kernel
def row_dots(rows, v, out):
    """out[j] = row j times v. Long rows are multiplied four at a time, so that v is read once for four of them."""
    together = out.size - out.size % 4 if v.size >= LONG else 0
    for j in range(0, together, 4):
        first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
        for i in range(v.size):
            first += rows[j, i] * v[i]
            second += rows[j + 1, i] * v[i]
            third += rows[j + 2, i] * v[i]
            fourth += rows[j + 3, i] * v[i]
        out[j], out[j + 1], out[j + 2], out[j + 3] = first, second, third, fourth
    for j in range(together, out.size):
        total = 0.0
        for i in range(v.size):
            total += rows[j, i] * v[i]
        out[j] = total


@kernel
def correlate_fives(columns, vectors, out, start, stop):
    """out[k, j] = x_j'v for the rows v of `vectors` and columns from `start` to `stop`.

    Ten sums are computed at a time, of five vectors and two columns, so that each value read is used several times. The
    two columns are from either half of the range, so that memory is read in two streams. Where five or two are not
    left, some products are computed twice. No sum depends on the other vectors.
    """
    half, last = (stop - start + 1) // 2, vectors.shape[0] - 1
    for left in range(start, start + half):
        right = min(left + half, stop - 1)
        x, y = columns[left], columns[right]
        for k in range(0, last + 1, 5):
            l, m, n, o = min(k + 1, last), min(k + 2, last), min(k + 3, last), min(k + 4, last)
            a, b, c, d, e = vectors[k], vectors[l], vectors[m], vectors[n], vectors[o]
            xa, xb, xc, xd, xe, ya, yb, yc, yd, ye = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for i in range(x.size):
                xa, ya = xa + x[i] * a[i], ya + y[i] * a[i]
                xb, yb = xb + x[i] * b[i], yb + y[i] * b[i]
                xc, yc = xc + x[i] * c[i], yc + y[i] * c[i]
                xd, yd = xd + x[i] * d[i], yd + y[i] * d[i]
                xe, ye = xe + x[i] * e[i], ye + y[i] * e[i]
            out[k, left], out[l, left], out[m, left], out[n, left], out[o, left] = xa, xb, xc, xd, xe
            out[k, right], out[l, right], out[m, right], out[n, right], out[o, right] = ya, yb, yc, yd, ye
