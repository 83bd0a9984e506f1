"""Least squares with many more rows than columns, as an equivalent problem of at most p rows.

With weights w (summing to one) and centred columns, let G = X'WX, q = X'W(y - offset), and R'R = G its Cholesky
factorisation, with pivoting if it is singular. Then for every b

    sum_i w_i (y_i - o_i - b0 - x_i'b)^2 / 2  =  |z - R b|^2 / 2 + rest,      R'z = q,   b0 minimised out,

so the path is that of (R, z): X is read for one Gram matrix by BLAS, and not again. A dual point of the small problem
is one of the large, so gaps are the same. Several responses share R, each with a z of its own
(multi/gram_reduction.py). Rounding errors of the loss are about 1e-16 (sum_j N_j |b_j|)^2. They matter only where
columns are so dependent that large coefficients cancel; `holds` compares them with the tolerance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastreg.design.designs import as_design
from fastreg.interface.validation import read_only
from fastreg.numerics.cholesky import LEAST_PIVOT
from fastreg.numerics.jit import kernel
from fastreg.numerics.threads import linalg
from fastreg.objective.families import FAMILIES
from fastreg.objective.problem import Problem, Work

SHARED = (
    "spread",
    "l1_rates",
    "l2_rates",
    "usable",
    "columns",
    "left_out",
    "with_l1",
    "without_l1",
    "penalised",
    "free",
    "unpenalised",
    "norms",
    "bounds",
)
ROUNDING = 1e-15  # error of the loss by rounding in the Gram matrix, over the square of sum_j N_j |b_j|


class Reduced:
    """What a reduced problem has of `original`: its coefficients, penalties, gaps, loss and intercepts."""

    is_reduced = True
    norms: Any
    work: Any

    def stand_for(self, original, rest, level, square):
        """Be the reduced problem of `original`: `rest` is what its loss has besides, `level` the weighted mean of
        y - offset, `square` that of the null model's squared linear predictor."""
        self.original, self.rest, self.level, self.square = original, rest, level, square
        for name in SHARED:
            setattr(self, name, getattr(original, name))

    def square_of(self, eta):
        return self.square

    @property
    def posed(self):
        return self.original

    def spent(self):
        """`Work` with the steps taken here and the reads of X by the original."""
        read = self.original.work
        return Work(read.columns, read.sweeps, self.work.iterations, self.work.epochs, self.work.pivots, read.grams)

    def fitted_intercept(self, intercept, columns, values):
        return self.level - self.original.centre[columns] @ values if self.original.fit_intercept else intercept


class Compressed(Reduced, Problem):
    """The problem of (R, z)."""

    def loss_of(self, total):
        return super().loss_of(total) + self.rest


def compress(problem, sums=None):
    """The `Compressed` of a problem. Reads X once, for the Gram matrix, since X'y was read with the moments; not at all
    if `sums` are given, which are both of these.

    The Gram matrix is overwritten.
    """
    state = problem.start()
    factor, z, rest = reduction(problem, state, sums)
    rank = z.size
    small = Compressed(
        as_design(factor),
        FAMILIES["gaussian"](read_only(np.sqrt(rank) * z), read_only(np.full(rank, 1.0 / rank))),
        np.zeros(rank),
        False,
        problem.penalty,
        problem.factor,
        False,
        moments=placeholders(problem),
    )
    small.stand_for(problem, rest, state.intercept, problem.square_of(state.eta))
    return small


def placeholders(problem):
    """Moments of a reduced problem: what depends on them is copied from the original."""
    return np.ones(problem.p), np.ones(problem.p)


def reduction(problem, state, sums=None):
    """(sqrt(rank) R, z, rest) of a problem whose state is that without columns; z has a column for each of several
    responses. `sums` as for `compress`."""
    gram, target = sums or (None, None)
    if gram is None:
        gram = problem.gram(np.arange(problem.p))
    gram[problem.left_out, :] = gram[:, problem.left_out] = 0.0
    target = problem.correlate(state.residual) if target is None else np.where(problem.usable, target, 0.0)
    factor, z = factored(gram, target)
    return factor, z, max(problem.loss(state) - 0.5 * float((z**2).sum()), 0.0)


def factored(gram, target):
    """(sqrt(m) R, z) with R'R = gram up to rounding, R'z = target; R is (m, p), m the rank. Overwrites `gram`.

    Pivots only if columns depend on others: the factorisation without pivoting takes half the time.
    """
    # The transpose of the symmetric matrix is in Fortran order, as LAPACK takes it.
    squares, lapack = np.diag(gram).copy(), linalg().lapack
    factor, failed = lapack.dpotrf(gram.T, lower=0, clean=0, overwrite_a=1)
    if not failed and np.all(np.diag(factor) ** 2 > LEAST_PIVOT * squares):
        z = solved(factor, target)
        scale_triangle(factor.T, np.sqrt(len(target)))
        return factor, z
    restore_triangle(factor.T, squares)
    factor, order, rank, _ = lapack.dpstrf(factor, lower=0, overwrite_a=1)
    order -= 1
    z = solved(factor[:rank, :rank], target[order[:rank]]) if rank else target[:0]
    columns = np.empty((order.size, rank))
    put_back(factor.T, order, np.sqrt(rank), columns)
    return columns.T, z


def solved(factor, target):
    """z of R'z = target, a vector or the columns of a matrix."""
    return linalg().blas.dtrsm(1.0, factor, target.reshape(len(target), -1), trans_a=1).reshape(target.shape)


@kernel
def scale_triangle(rows, scale):
    """Multiply the lower triangle by `scale`, and write zeros above it."""
    for k in range(rows.shape[0]):
        row = rows[k]
        for i in range(k + 1):
            row[i] *= scale
        for i in range(k + 1, row.size):
            row[i] = 0.0


@kernel
def restore_triangle(rows, diagonal):
    """Copy the upper triangle, and `diagonal`, to the lower one."""
    for k in range(rows.shape[0]):
        rows[k, k] = diagonal[k]
        for i in range(k):
            rows[k, i] = rows[i, k]


@kernel
def put_back(pivoted, order, scale, columns):
    """Write scale times the columns of R, undoing the pivoting: row k of `pivoted` is column order[k] of R."""
    rank = columns.shape[1]
    for k in range(order.size):
        column, last = columns[order[k]], min(k + 1, rank)
        for i in range(last):
            column[i] = scale * pivoted[k, i]
        for i in range(last, rank):
            column[i] = 0.0


def holds(small, path, tol):
    """Whether rounding errors of the Gram matrix are well below the tolerance at every point of the path."""
    return precise(small, sizes_of(small, path.coefs), tol)


def precise(small, sizes, tol):
    """`holds`, from the sum_j N_j |b_j| of every point, (points,)."""
    return bool(np.max(rounding(small, sizes)) <= 0.1 * tol)


def rounding(small, sizes):
    """Bounds on the rounding errors of the loss at every point over the null model's loss, from the same sums."""
    return ROUNDING * (np.asarray(sizes) + np.sqrt(2.0 * small.scale)) ** 2 / small.scale


def sizes_of(small, coefs):
    """sum_j N_j |b_j| of every column of `coefs` (p, points); of a list of them, one for each response, the sums."""
    if isinstance(coefs, list):
        return sum(sizes_of(small, each) for each in coefs)
    terms, points = np.abs(coefs.data) * small.norms[coefs.indices], np.arange(coefs.shape[1])
    return np.bincount(np.repeat(points, np.diff(coefs.indptr)), terms, points.size)
