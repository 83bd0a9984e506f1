"""Elastic nets with more active columns than rows: a semismooth Newton method in the space of rows.

With Z = sqrt(h) (X_W - h-means), a working set's model (quadratic.py) with every l2_j > 0 has the dual

    minimise  |u|^2 / 2 - b_0'Z'u + sum_j S(c_j + z_j'u, l1_j)^2 / (2 l2_j)        over u, one number a row,

where b_0 are the present coefficients and c their correlations. Its gradient is F(u) = u + Z (b(u) - b_0) with
b_j(u) = S(c_j + z_j'u, l1_j) / l2_j. With A = {j: |c_j + z_j'u| > l1_j} a Newton step solves a system in
I + Z_A L2_A^-1 Z_A': as large as there are rows, however many columns are active, and along a path only one multiplier
of L2 and the few columns that enter or leave change it. Once A stays the same a step is exact.

Source: Li, Sun and Toh (2018), SIAM J. Optim. 28, section 3.
"""

import numpy as np

from fastreg.numerics.threads import linalg
from fastreg.solvers.line_search import ARMIJO

STEPS = 15  # of a solve, before another solver takes over
UPDATES = 50  # of the matrix, before it is built anew
SHORTEST = 1e-3  # share of a step, below which it leads nowhere


class Semismooth:
    """Keeps Z_A V_A^-1 Z_A' between solves, where L2 = alpha V."""

    def __init__(self):
        self.version, self.updates = None, 0
        self.matrix, self.inside = np.empty((0, 0)), np.empty(0, dtype=bool)
        self.failures = self.waiting = 0  # in a row, and solves until the next try

    def ready(self):
        """Whether a solve may be tried: after one that failed some are not."""
        if self.waiting > 0:
            self.waiting -= 1
            return False
        return True

    def solve(self, working, state, anew):
        """(coefficients, their correlations), exact, or None where the steps do not get there."""
        h, means = working.update_curvature(state, anew)
        rows = Rows(working, np.sqrt(h), means)
        l1, l2, start = working.l1, working.l2, state.coef[working.columns]
        correlation, u = working.correlation.copy(), np.zeros(h.size)
        signs, value = np.sign(start), None  # the signs of the last solution tell more than the thresholds of this one
        for _ in range(STEPS):
            self._update(working, rows, signs != 0.0)
            slope = u + rows.predict((correlation - l1 * signs) * (signs != 0.0) / l2 - start)
            step = self._step(slope, working.ridge_alpha)
            toward = rows.correlate(step)
            t = (
                1.0
                if value is None
                else line_search(value, u, step, correlation, toward, (l1, l2, start), slope @ step)
            )
            if t == 0.0:
                break
            u += t * step
            correlation += t * toward
            before, signs = signs, threshold_signs(correlation, l1)
            if t == 1.0 and np.array_equal(signs, before):
                self.failures = 0
                return (correlation - l1 * signs) * (signs != 0.0) / l2, correlation
            value = dual_value(u, correlation, (l1, l2, start))
        self.failures += 1
        self.waiting = 2**self.failures
        return None

    def _step(self, slope, alpha):
        system = self.matrix + np.diag(np.full(slope.size, alpha))
        factor = linalg().cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
        return linalg().cho_solve(factor, -alpha * slope, check_finite=False)

    def _update(self, working, rows, active):
        """The matrix for the columns now active: changed by those that enter and leave, or built anew."""
        old = np.zeros(active.size, dtype=bool)
        old[: self.inside.size] = self.inside
        entering, leaving = np.flatnonzero(active & ~old), np.flatnonzero(old & ~active)
        self.inside = active
        changes = entering.size + leaving.size
        working.problem.work.add(pivots=changes)
        if self.version != working.model_version or self.updates >= UPDATES or 2 * changes > np.count_nonzero(active):
            self.version, self.updates = working.model_version, 0
            self.matrix = rows.outer(np.flatnonzero(active))
        elif changes:
            self.updates += 1
            if entering.size:
                self.matrix += rows.outer(entering)
            if leaving.size:
                self.matrix -= rows.outer(leaving)


class Rows:
    """Products with Z, which is never formed."""

    def __init__(self, working, root, means):
        self.block, self.root, self.means = working.block, root, means
        self.factor = working.l2 / working.ridge_alpha

    def predict(self, steps):
        """Z s."""
        return self.root * (self.block.predict(steps) - self.means @ steps)

    def correlate(self, v):
        """Z'v."""
        scaled = self.root * v
        return self.block.correlate(scaled) - self.means * scaled.sum()

    def outer(self, columns):
        """Z_C V_C^-1 Z_C' of some columns."""
        part = (self.block.rows[columns] - self.means[columns, None]) * self.root
        part /= np.sqrt(self.factor[columns])[:, None]
        return part.T @ part


def threshold_signs(correlation, l1):
    """The sign of the correlations beyond their threshold, 0 for others."""
    return np.where(np.abs(correlation) > l1, np.sign(correlation), 0.0)


def line_search(value, u, step, correlation, toward, terms, slope):
    """The first of 1, 1/2, 1/4 ... that keeps its share of the decrease promised from `value`; 0 if none does."""
    t, noise = 1.0, 1e-14 * abs(value)
    while t > SHORTEST:
        if dual_value(u + t * step, correlation + t * toward, terms) <= value + ARMIJO * t * slope + noise:
            return t
        t *= 0.5
    return 0.0


def dual_value(u, correlation, terms):
    """The dual objective, but for a constant."""
    l1, l2, start = terms
    over = np.maximum(np.abs(correlation) - l1, 0.0)
    return 0.5 * float(u @ u) - float(start @ correlation) + 0.5 * float(over @ (over / l2))
