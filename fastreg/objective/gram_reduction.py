"""Least squares with many more rows than columns, as an equivalent problem of at most p rows.

With weights w (summing to one) and centred columns, let G = X'WX, q = X'W(y - offset), and R'R = G its Cholesky
factorisation, with pivoting if it is singular. Then for every b

    sum_i w_i (y_i - o_i - b0 - x_i'b)^2 / 2  =  |z - R b|^2 / 2 + rest,      R'z = q,   b0 minimised out,

so the path is that of (R, z): X is read for one Gram matrix by BLAS, and not again. A dual point of the small problem
is one of the large, so gaps are the same. Rounding errors of the loss are about 1e-16 (sum_j N_j |b_j|)^2. They matter
only where columns are so dependent that large coefficients cancel; `holds` compares them with the tolerance.
"""

from dataclasses import dataclass, field

import numpy as np

from fastreg.design.designs import as_design
from fastreg.interface.validation import read_only
from fastreg.numerics.cholesky import LEAST_PIVOT
from fastreg.numerics.jit import kernel
from fastreg.numerics.threads import linalg
from fastreg.objective.families import FAMILIES
from fastreg.objective.problem import Problem, Work

ROUNDING = 1e-15  # error of the loss by rounding in the Gram matrix, over the square of sum_j N_j |b_j|


@dataclass
class Compressed(Problem):
    """The problem of (R, z), with the coefficients, penalties, gaps, loss and intercept of `original`."""

    original: Problem = field(kw_only=True)
    rest: float = 0.0
    level: float = 0.0  # weighted mean of y - offset
    square: float = 0.0  # of the null model's linear predictor

    is_reduced = True

    def loss_of(self, total):
        return super().loss_of(total) + self.rest

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
        if not self.original.fit_intercept:
            return 0.0
        return self.level - float(self.original.centre[columns] @ values)


def compress(problem, sums=None):
    """The `Compressed` of a problem. Reads X once, for the Gram matrix, since X'y was read with the moments; not at all
    if `sums` are given, which are both of these.

    The Gram matrix is overwritten.
    """
    state = problem.start()
    gram, target = sums or (None, None)
    if gram is None:
        gram = problem.gram(np.arange(problem.p))
    gram[problem.left_out, :] = gram[:, problem.left_out] = 0.0
    target = problem.correlate(state.residual) if target is None else np.where(problem.usable, target, 0.0)
    factor, z = factored(gram, target)
    rank, unknown = z.size, np.ones(problem.p)
    small = Compressed(
        as_design(factor),
        FAMILIES["gaussian"](read_only(np.sqrt(rank) * z), read_only(np.full(rank, 1.0 / rank))),
        np.zeros(rank),
        False,
        problem.penalty,
        problem.factor,
        False,
        moments=(unknown, unknown),  # placeholders: what depends on them is copied below
        original=problem,
        rest=max(problem.loss(state) - 0.5 * float(z @ z), 0.0),
        level=state.intercept,
        square=problem.square_of(state.eta),
    )
    shared = (
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
    )
    for name in (*shared, "bounds"):
        setattr(small, name, getattr(problem, name))
    return small


def factored(gram, target):
    """(sqrt(m) R, z) with R'R = gram up to rounding, R'z = target; R is (m, p), m the rank. Overwrites `gram`.

    Pivots only if columns depend on others: the factorisation without pivoting takes half the time.
    """
    # The transpose of the symmetric matrix is in Fortran order, as LAPACK takes it.
    squares, lapack, blas = np.diag(gram).copy(), linalg().lapack, linalg().blas
    factor, failed = lapack.dpotrf(gram.T, lower=0, clean=0, overwrite_a=1)
    if not failed and np.all(np.diag(factor) ** 2 > LEAST_PIVOT * squares):
        z = blas.dtrsv(factor, target, trans=1)
        scale_triangle(factor.T, np.sqrt(target.size))
        return factor, z
    restore_triangle(factor.T, squares)
    factor, order, rank, _ = lapack.dpstrf(factor, lower=0, overwrite_a=1)
    order -= 1
    z = blas.dtrsv(factor[:rank, :rank], target[order[:rank]], trans=1) if rank else np.empty(0)
    columns = np.empty((order.size, rank))
    put_back(factor.T, order, np.sqrt(rank), columns)
    return columns.T, z


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
    """sum_j N_j |b_j| of every column of `coefs` (p, points)."""
    terms, points = np.abs(coefs.data) * small.norms[coefs.indices], np.arange(coefs.shape[1])
    return np.bincount(np.repeat(points, np.diff(coefs.indptr)), terms, points.size)
