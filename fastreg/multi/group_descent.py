"""Least squares with several responses under a penalty of rows: block coordinate descent, then Newton's method.

On some rows, with G their Gram matrix and C = X'R their correlations, row j's minimiser given the others is

    B_j <- (1 - l1_j / |z|)_+ z / (G_jj + l2_j),    z = G_jj B_j + C_j

Descent visits the rows that are not zero or would not stay so, a part of the working set whose Gram matrix is gathered
once. While the same rows are not zero its epochs are accelerated as those of one response are
(solvers/anderson_descent.py). Where it takes too long Newton's method (group_newton.py) goes on with the rows that are
not zero; the two take turns by the work they cost. Products with X then show which other rows do not stay zero. Rows
of sparse columns descend without G where it would be larger than the columns (row_descent.py).
Sources: Yuan and Lin (2006), JRSS-B 68; Simon, Friedman and Hastie (2013), arXiv:1311.6529.
"""

import math

import numpy as np

from fastreg.multi.group_newton import RowNewton
from fastreg.multi.group_penalties import lengths
from fastreg.multi.row_descent import ROUNDING, SLICE, descend_rows, row_change
from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import allocating_kernel, inner_kernel
from fastreg.solvers.anderson_descent import DEPTH, equations, least_mix, mixed
from fastreg.solvers.choice import FINEST, row_descent_pays, row_newton_cost, rows_descend

# Turns of descent and of Newton's method on one part, and matrices H that a turn of Newton's method may factor.
TURNS, BUILDS = 4, 3
# Rounds in a row that do not halve the gap, and share of the null loss: after so many, a gap below it is rounding.
PATIENCE, NOISE = 3, 1e-10
SINGULAR = 10.0  # factor on the expected cost of Newton steps after an H that was singular: descent goes on longer
PIECE = 0.3  # of the cost of Newton steps, after which descent is weighed against them
SHARE = 0.3  # of the gap wanted, that a part is solved to; less after rounds that do not halve the gap
FINE_SHARE = 0.02  # the same for gaps below FINEST, where Newton's method gains digits at little cost


@allocating_kernel
def row_epochs(gram, l1, l2, coef, correlation, max_epochs, precision):
    """Epochs of block descent until the gap, to first order, is at most `precision` or rounding.

    coef and correlation are (K, rows). Returns (epochs, that gap or 0 where it is reached, operations).
    """
    K, m = coef.shape
    points, correlations, work, kept = np.empty((DEPTH, K * m)), np.empty((DEPTH, K * m)), np.zeros(1), 0
    system, scratch, gap = equations(), (np.empty(K), np.empty(K)), math.inf
    for epoch in range(max_epochs):
        copy_values(coef.reshape(-1), points[kept])
        copy_values(correlation.reshape(-1), correlations[kept])
        kept += 1
        if kept == DEPTH:
            if extrapolate_rows(l1, l2, (points, correlations, system), coef, correlation):
                copy_values(coef.reshape(-1), points[0])
                copy_values(correlation.reshape(-1), correlations[0])
            else:
                copy_values(points[DEPTH - 1], points[0])
                copy_values(correlations[DEPTH - 1], correlations[0])
            kept = 1
        gap, size, steady = row_epoch(gram, l1, l2, coef, correlation, scratch, work)
        if gap <= max(precision, ROUNDING * size):
            return epoch + 1, 0.0, work[0]
        kept = kept if steady else 0
    return max_epochs, gap, work[0]


@inner_kernel
def row_epoch(gram, l1, l2, coef, correlation, scratch, work):
    """One epoch: (gap to first order, size of the l1 part, whether the same rows are zero as before). Adds its
    operations to `work`; `scratch` are two vectors (K,)."""
    (K, m), (c, change) = coef.shape, scratch
    off, excess, size, decrease, steady = 0.0, 0.0, 0.0, 0.0, True
    for j in range(m):
        curvature = gram[j, j]
        if curvature <= 0.0:
            continue
        for k in range(K):
            c[k] = correlation[k, j]
        (beyond, mismatch, gain), length, crossed = row_change(coef, j, c, (l1[j], l2[j], curvature), change)
        excess, size, steady = max(excess, beyond), size + l1[j] * length, steady and not crossed
        if gain == 0.0:
            continue
        off, decrease = off + mismatch, decrease + gain
        for k in range(K):
            if change[k] != 0.0:
                coef[k, j] += change[k]
                row, target = gram[j], correlation[k]
                for a in range(m):
                    target[a] -= change[k] * row[a]
        work[0] += 2.0 * K * m
    return off + excess * size + decrease, size, steady


@inner_kernel
def extrapolate_rows(l1, l2, history, coef, correlation):
    """Move coef and correlation, (K, rows), from the last point to the best combination of the points, if the objective
    is lower there; see solvers/anderson_descent.py. Returns whether it is.

    `history` is (points, their correlations, `equations()`).
    """
    points, correlations, (gram, mix, _) = history
    (K, m), size = coef.shape, DEPTH - 1
    gram[:] = 0.0
    for a in range(size):
        for b in range(size):
            for j in range(K * m):
                step = points[a + 1, j] - points[a, j]
                gram[a, b] -= step * (correlations[b + 1, j] - correlations[b, j])
    if not least_mix(gram, mix):
        return False
    higher = 0.0
    for j in range(m):
        here, there = 0.0, 0.0
        for k in range(K):
            new, c = mixed(points, mix, k * m + j), mixed(correlations, mix, k * m + j)
            here += coef[k, j] * coef[k, j]
            there += new * new
            higher -= 0.5 * (new - coef[k, j]) * (c + correlation[k, j])
        higher += l1[j] * (math.sqrt(there) - math.sqrt(here)) + 0.5 * l2[j] * (there - here)
    if not higher < 0.0:
        return False
    for k in range(K):
        for j in range(m):
            coef[k, j] = mixed(points, mix, k * m + j)
            correlation[k, j] = mixed(correlations, mix, k * m + j)
    return True


class BlockDescent:
    """Solves least squares on a working set of rows."""

    def __init__(self):
        self.newton = RowNewton()

    def reduce(self, problem, state, working, target, max_iter):
        """Iterate until the working set's gap is at most `target` (absolute). Returns (gap, rounds).

        On entry and on return working.correlation is current.
        """
        gap, rounds, waited = working.gap(state), 0, 0
        best, share = gap, SHARE if target > FINEST * problem.scale else FINE_SHARE
        while gap > target and rounds < max_iter:
            rows = np.flatnonzero(working.coef_of(state).any(axis=1) | (lengths(working.correlation) > working.l1))
            if rows_descend(problem, working.columns[rows]):
                coef, solved = descend_rows(working, state, rows, share * target)
            else:
                part = Part(working, state, rows)
                coef, solved = part.coef.T, self._reduce_part(problem.work, part, share * target)
            working.move(state, rows, np.ascontiguousarray(coef))
            working.correlate(state)
            before, gap = gap, working.gap(state)
            if solved and gap > 0.5 * before:
                share = max(0.1 * share, ROUNDING)
            rounds += 1
            problem.count_steps(1, state, gap)
            waited = 0 if gap < 0.5 * best else waited + 1
            best = min(best, gap)
            if waited >= PATIENCE and gap <= NOISE * problem.scale:
                break
        return gap, rounds

    def _reduce_part(self, work, part, precision):
        """Descend in a part, and go on by Newton's method once that takes less. Returns whether the part is solved."""
        best, newton = math.inf, row_newton_cost(part.rows.size)
        for _ in range(TURNS):
            gaps, spent, pays = (math.inf, math.inf), 0.0, True
            while pays and gaps[1] > 0.0:
                epochs, gap, more = row_epochs(
                    part.gram, part.l1, part.l2, part.coef, part.correlation, part.epochs_a_call(newton), precision
                )
                work.add(epochs=epochs)
                gaps, spent = (gaps[1], gap), spent + more
                pays = row_descent_pays(newton, gaps, precision, more, spent)
            if gaps[1] == 0.0 or gaps[1] > 0.5 * best:  # reached, or no more is
                break
            best = gaps[1]
            inside = np.flatnonzero(part.coef.any(axis=0))
            if inside.size:
                self.newton.descend(work, part, inside, precision, BUILDS)
                newton *= SINGULAR if self.newton.hessian is None else 1.0
        return gaps[1] == 0.0


class Part:
    """Rows of a working set that are not zero or would not stay so, with their Gram matrix; coef and correlation are
    (K, rows)."""

    def __init__(self, working, state, rows):
        self.rows, self.columns = rows, working.columns[rows]
        self.l1, self.l2 = working.l1[rows], working.l2[rows]
        self.gram = working.gram_of(rows)
        self.coef = np.ascontiguousarray(state.matrix[self.columns].T)
        self.correlation = np.ascontiguousarray(working.correlation[rows].T)

    def epochs_a_call(self, newton):
        """The number of epochs that take some milliseconds, or a part of the time of Newton steps."""
        return int(max(min(SLICE, PIECE * newton) / max(2.0 * self.coef.size * self.rows.size, 1.0), DEPTH))
