"""A Cholesky factor that grows and shrinks with the active set. Row-major lower triangles in a larger square."""

import math

from fastreg._jit import kernel

# A pivot below this share of its diagonal entry means a column that depends on the active ones.
DEPENDENT = 1e-10


@kernel
def append_row(factor, size, row, diagonal):
    """Border the factor of size `size` by a row and its diagonal entry. O(size^2). False if the column is dependent."""
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
    if pivot <= DEPENDENT * diagonal or diagonal <= 0.0:
        return False
    new[size] = math.sqrt(pivot)
    return True


@kernel
def delete_row(factor, size, place):
    """Remove row and column `place`: shift the rows below, then rotate away what stands right of the diagonal.
    O(size^2)."""
    for i in range(place, size - 1):
        for k in range(i + 2):
            factor[i, k] = factor[i + 1, k]
    for k in range(place, size - 1):
        a, b = factor[k, k], factor[k, k + 1]
        length = math.hypot(a, b)
        cosine, sine = a / length, b / length
        for i in range(k, size - 1):
            left, right = factor[i, k], factor[i, k + 1]
            factor[i, k] = cosine * left + sine * right
            factor[i, k + 1] = cosine * right - sine * left
        factor[k, k + 1] = 0.0


@kernel
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
