"""Newton's method for least squares under a penalty of rows, on the rows that are not zero.

There |B_j| is smooth. With u_j = B_j / |B_j| and w_j = l1_j / |B_j| a step solves

    H D = C - L2 B - l1 u,    H = M (x) I_K - U diag(w) U',    M = G + L2 + diag(w),   U = blocks u_j

directly: U has as many columns as there are rows, so by Woodbury's formula H needs the inverse of M and the factor of
one more matrix of its size, 1 / w - M^-1 o (u u'), whatever the number of responses. H is kept, from one alpha to the
next too, while steps with it gain enough: such a step costs a few epochs of descent, a new H fifty or more.
"""

import numpy as np

from fastreg.multi.group_penalties import value
from fastreg.numerics.jit import kernel
from fastreg.numerics.threads import linalg
from fastreg.solvers.choice import STALE
from fastreg.solvers.semismooth_dual import SHORTEST

NEGLIGIBLE = 1e-3  # a row that a step would leave with less than this share of its length, or turn round, becomes zero


class RowNewton:
    """Newton steps on some rows, with an H that may be that of an earlier point."""

    def __init__(self):
        self.columns = np.empty(0, dtype=np.int64)
        self.hessian = None

    def holds(self, columns):
        """Whether the H that is kept is one of the rows of these columns."""
        return self.hessian is not None and np.array_equal(self.columns, columns)

    def descend(self, work, part, inside, precision, builds):
        """Steps on the rows `inside` of a part, none of which is zero, until their mismatch is at most `precision`.

        Ends before that where a row becomes zero, H is singular, or no step helps. At most `builds` new H.
        """
        whole = inside.size == part.l1.size
        gram = part.gram if whole else gather(part.gram, inside)
        terms = gram, part.l1[inside], part.l2[inside]
        start, correlation = (np.ascontiguousarray(each[:, inside].T) for each in (part.coef, part.correlation))
        coef = start.copy()
        self._steps(work, part.columns[inside], terms, coef, correlation, precision, builds)
        part.coef[:, inside] = coef.T
        if whole:
            part.correlation[:] = correlation.T
        else:
            move = np.zeros(part.coef.shape)
            move[:, inside] = (coef - start).T
            part.correlation[:] -= move @ part.gram

    def _steps(self, work, columns, terms, coef, correlation, precision, builds):
        """The steps of `descend`, which update coef and correlation, (rows, K), in place."""
        gram, l1, l2 = terms
        before, fresh = np.inf, False
        while coef.any(axis=1).all():
            length = np.sqrt((coef**2).sum(axis=1))
            pull = l1 / length
            gradient = correlation - (l2 + pull)[:, None] * coef
            mismatch = float(np.sqrt((gradient**2).sum(axis=1)) @ length)
            if mismatch <= precision or not mismatch < (before if fresh else np.inf):
                return
            stale = not self.holds(columns) or mismatch > STALE * before
            if stale and builds == 0:
                return
            if stale:
                self.columns, self.hessian = columns, Hessian.of(gram, coef / length[:, None], pull, l2)
                builds -= 1
                work.add(pivots=1)
            if self.hessian is None:
                return
            before, fresh = mismatch, stale
            if not advance(terms, coef, correlation, self.hessian.solve(gradient)):
                if fresh:
                    return
                before = 0.0  # H is too old


class Hessian:
    """H, in a form that solves: M^-1, and the Cholesky factor of 1 - w^1/2 (M^-1 o u u') w^1/2."""

    def __init__(self, unit, root, inverse, factor):
        self.unit, self.root, self.inverse, self.factor = unit, root, inverse, factor

    @classmethod
    def of(cls, gram, unit, pull, l2):
        """H at the rows' directions u and pulls w, or None where it is singular."""
        lapack, root, middle = linalg().lapack, np.sqrt(pull), gram.copy(order="F")
        middle[np.diag_indices_from(middle)] += l2 + pull
        factor, failed = lapack.dpotrf(middle, lower=1, overwrite_a=1, clean=0)
        if failed:
            return None
        inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
        mirror(inverse)
        side = root[:, None] * unit
        small = side @ side.T
        small *= -inverse
        small[np.diag_indices_from(small)] += 1.0
        factor, failed = lapack.dpotrf(small, lower=1, overwrite_a=1, clean=0)
        return None if failed else cls(unit, root, inverse, factor)

    def solve(self, gradient):
        """H^-1 gradient."""
        first = self.inverse @ gradient
        radial = self.root * (self.unit * first).sum(axis=1)
        radial, _ = linalg().lapack.dpotrs(self.factor, radial, lower=1)
        return first + self.inverse @ ((self.root * radial)[:, None] * self.unit)


def advance(terms, coef, correlation, step):
    """Take the first of a step's 1, 1/2, 1/4 ... that does not raise the objective; whether there is one."""
    gram, l1, l2 = terms
    square, start, t = (coef**2).sum(axis=1), value(coef, l1, l2), 1.0
    while t > SHORTEST:
        new = coef + t * step
        new[(coef * new).sum(axis=1) <= NEGLIGIBLE * square] = 0.0
        move = new - coef
        image = gram @ move
        change = value(new, l1, l2) - start - float((correlation * move).sum()) + 0.5 * float((image * move).sum())
        if change <= 1e-15 * abs(start):
            coef[:] = new
            correlation -= image
            return True
        t *= 0.5
    return False


def gather(gram, rows):
    """The part gram[rows][:, rows] of a symmetric matrix, without the copy between."""
    out = np.empty((rows.size, rows.size))
    gather_rows(gram, rows, out)
    return out


@kernel
def gather_rows(gram, rows, out):
    """out[a, b] = gram[rows[a], rows[b]]."""
    for a in range(rows.size):
        source, target = gram[rows[a]], out[a]
        for b in range(rows.size):
            target[b] = source[rows[b]]


@kernel
def mirror(matrix):
    """Copy the lower triangle of a Fortran-ordered matrix to the upper."""
    for column in range(matrix.shape[0]):
        for row in range(column + 1, matrix.shape[0]):
            matrix[column, row] = matrix[row, column]
