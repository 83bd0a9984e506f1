"""Least squares with several responses under a penalty of rows: block coordinate descent, then Newton's method.

On the working set, with G its Gram matrix and C = X'R its correlations, row j's minimiser given the others is

    B_j <- (1 - l1_j / |z|)_+ z / (G_jj + l2_j),    z = G_jj B_j + C_j

which finds the rows that are not zero; on those Newton's method (row_newton) ends the fit. Descent visits the rows that
are not zero or would not stay so, a part of the working set that is gathered once and left when it is solved; then the
others' correlations follow in one product. At a new alpha a Newton step with the last point's H comes first: to first
order it leads to the new solution, so that few rows are left to find. The two methods take turns by the work they cost.
Sources: Yuan and Lin (2006), JRSS-B 68; Simon, Friedman and Hastie (2013), arXiv:1311.6529.
"""

import math

import numpy as np

from fastreg.multi.group_newton import RowNewton, gather
from fastreg.multi.group_penalties import lengths, row_steering_gap
from fastreg.numerics.jit import allocating_kernel
from fastreg.solvers.choice import CALLS, descent_budget

# Turns of descent and of Newton's method on one part, and matrices H that a turn of Newton's method may factor.
TURNS, BUILDS = 4, 3
MOST_ROUNDS = 2000  # parts that are solved, one after the other
# Rounds in a row that do not halve the gap, and share of the null loss: after so many, a gap below it is rounding.
PATIENCE, NOISE = 3, 1e-10
ROUNDING = 2.0 * np.finfo(float).eps  # share of the penalty: a mismatch below it is rounding
SHARE, INNER = 0.1, 0.5  # shares: of the wanted gap, that the working set is solved to, and of that, for a part of it


@allocating_kernel
def row_epochs(gram, l1, l2, coef, correlation, max_epochs, precision):
    """Epochs of block descent until the gap, to first order, is at most `precision` or rounding.

    coef is (rows, K), correlation (K, rows). Returns (epochs, converged, operations).
    """
    m, K = coef.shape
    z, work = np.empty(K), 0.0
    for epoch in range(max_epochs):
        off, excess, size, decrease = 0.0, 0.0, 0.0, 0.0
        for j in range(m):
            curvature, reach, length, cc = gram[j, j], 0.0, 0.0, 0.0
            if curvature <= 0.0:
                continue
            for k in range(K):
                z[k] = curvature * coef[j, k] + correlation[k, j]
                reach += z[k] * z[k]
                length += coef[j, k] * coef[j, k]
                cc += correlation[k, j] * correlation[k, j]
            reach, length = math.sqrt(reach), math.sqrt(length)
            if length == 0.0:
                if reach <= l1[j]:
                    continue
                excess = max(excess, math.sqrt(cc) / l1[j] - 1.0) if l1[j] > 0.0 else excess
            size += l1[j] * length
            shrink = max(1.0 - l1[j] / reach, 0.0) / (curvature + l2[j]) if reach > 0.0 else 0.0
            moved = 0.0
            for k in range(K):
                change = shrink * z[k] - coef[j, k]
                moved += change * change
                coef[j, k] += change
                if change != 0.0:
                    for a in range(m):
                        correlation[k, a] -= change * gram[j, a]
            if moved > 0.0:
                work += 2.0 * K * m
                slope = curvature + l2[j]
                if length > 0.0:
                    slope += l1[j] / length
                off += slope * math.sqrt(moved) * length
                decrease += 0.5 * (curvature + l2[j]) * moved
        if off + excess * size + decrease <= max(precision, ROUNDING * size):
            return epoch + 1, True, work
    return max_epochs, False, work


class BlockDescent:
    """Solves least squares on a working set of rows."""

    def __init__(self):
        self.newton = RowNewton()

    def reduce(self, problem, state, working, target, max_iter):
        """Iterate until the working set's gap is at most `target` (absolute). Returns (gap, rounds).

        On entry and on return working.correlation is current.
        """
        gap, rounds = working.gap(state), 0
        while gap > target and rounds < max_iter:
            working.update_gram()
            coef = self._solve(working, working.coef_of(state), SHARE * target)
            working.move(state, coef)
            working.correlate(state)
            previous, gap = gap, working.gap(state)
            rounds += 1
            problem.count_steps(1, state, gap)
            if gap >= 0.5 * previous and previous < 1e-10 * problem.scale:
                break  # rounding
        return gap, rounds

    def _solve(self, working, coef, precision):
        """Coefficients at which the working set's gap, computed from its Gram matrix, is at most `precision`."""
        gram, l1, l2 = working.gram, working.l1, working.l2
        correlation = np.ascontiguousarray(working.correlation.T)
        free, noise = np.diag(gram).copy(), NOISE * working.problem.scale
        best, waited = math.inf, 0
        self._follow(working, coef, correlation, INNER * precision)
        for _ in range(MOST_ROUNDS):
            by_row = np.ascontiguousarray(correlation.T)
            gap = row_steering_gap(by_row, coef, l1, l2, free, working.problem.scale)
            waited = 0 if gap < 0.5 * best else waited + 1
            best = min(best, gap)
            if gap <= precision or (waited >= PATIENCE and gap <= noise):
                break
            rows = np.flatnonzero(coef.any(axis=1) | (lengths(by_row) > l1))
            self._reduce_part(working, rows, coef, correlation, INNER * precision)
        return coef

    def _follow(self, working, coef, correlation, precision):
        """Newton steps with the H of the last alpha, if it is of the same rows: the first predicts the new solution."""
        rows = np.flatnonzero(coef.any(axis=1))
        if rows.size and self.newton.holds(working.columns[rows]):
            part = Part(working, rows, coef, correlation)
            self.newton.descend(working.problem.work, part, np.arange(rows.size), precision, 0)
            part.put(working, coef, correlation)

    def _reduce_part(self, working, rows, coef, correlation, precision):
        """Descend in some rows, and go on by Newton's method once that takes less."""
        work, part = working.problem.work, Part(working, rows, coef, correlation)
        budget, epochs_a_call = descent_budget(rows.size), part.epochs_a_call()
        for _ in range(TURNS):
            done, spent = False, 0.0
            while not done and spent < budget:
                epochs, done, more = row_epochs(
                    part.gram, part.l1, part.l2, part.coef, part.correlation, epochs_a_call, precision
                )
                work.add(epochs=epochs)
                spent += max(more, 1.0)
            if done:
                break
            inside = np.flatnonzero(part.coef.any(axis=1))
            if inside.size:
                self.newton.descend(work, part, inside, precision, BUILDS)
        part.put(working, coef, correlation)


class Part:
    """Copies of some rows of a working set, next to each other in memory: coef (rows, K), correlation (K, rows)."""

    def __init__(self, working, rows, coef, correlation):
        self.rows, self.columns = rows, working.columns[rows]
        self.l1, self.l2 = working.l1[rows], working.l2[rows]
        self.gram = gather(working.gram, rows)
        self.coef, self.correlation = coef[rows], np.ascontiguousarray(correlation[:, rows])

    def epochs_a_call(self):
        """The number of epochs that take about a millisecond."""
        return int(max(CALLS / max(2.0 * self.coef.size * self.rows.size, 1.0), 1.0))

    def put(self, working, coef, correlation):
        """Write the rows into the working set's coefficients, and update its correlations by their moves."""
        move = np.zeros(coef.shape)
        move[self.rows] = self.coef - coef[self.rows]
        coef[self.rows] = self.coef
        correlation -= move.T @ working.gram
