"""Cholesky factors to which rows are appended and from which they are deleted: row-major lower triangles."""

import math

from fastreg.numerics.jit import inner_kernel

# Pivot over the diagonal entry, below which a column counts as dependent on those before.
LEAST_PIVOT = 1e-10


@inner_kernel
def append_row(factor, size, row, diagonal):
    """Append a row and its diagonal entry to the factor of `size` rows, in O(size^2). False if it is dependent."""
    new = factor[size]
    square = 0.0
    for i in range(size):
        total = row[i]
        line = factor[i]
        for k in range(i):
            total -= line[k] * new[k]
        new[i] = total / line[i]
        square += new[i] * new[i]
    pivot = diagonal - square
    if pivot <= LEAST_PIVOT * diagonal or diagonal <= 0.0:
        return False
    new[size] = math.sqrt(pivot)
    return True


@inner_kernel
def delete_row(factor, size, place, cosine, sine):
    """Remove row and column `place`, in O(size^2). The rows below move up, and Givens rotations remove the entries that
    are then right of the diagonal. Each row takes the rotations of the rows above, kept in `cosine` and `sine`, so that
    memory is read in order."""
    for i in range(place, size - 1):
        row, below = factor[i], factor[i + 1]
        for k in range(place):
            row[k] = below[k]
        carried = below[place]
        for k in range(place, i):
            right = below[k + 1]
            row[k] = cosine[k] * carried + sine[k] * right
            carried = cosine[k] * right - sine[k] * carried
        length = math.hypot(carried, below[i + 1])
        cosine[i], sine[i] = carried / length, below[i + 1] / length
        row[i] = length


@inner_kernel
def solve_factored(factor, size, x):
    """Solve L L' x = x in place."""
    for i in range(size):
        total, line = x[i], factor[i]
        for k in range(i):
            total -= line[k] * x[k]
        x[i] = total / line[i]
    for i in range(size - 1, -1, -1):  # by rows of L, so that memory is read in order
        line = factor[i]
        x[i] /= line[i]
        for k in range(i):
            x[k] -= line[k] * x[i]
