"""Elastic nets with more active columns than rows: a semismooth Newton method in the dual, of one variable per row.

With Z = sqrt(h) (X_W - h-means), a working set's model (quadratic_model.py) with every l2_j > 0 has the dual

    minimise  |u|^2 / 2 - b_0'Z'u + sum_j S(c_j + z_j'u, l1_j)^2 / (2 l2_j)        over u, (n,),

where b_0 are the current coefficients and c their correlations. Its gradient is F(u) = u + Z (b(u) - b_0) with
b_j(u) = S(c_j + z_j'u, l1_j) / l2_j. With A = {j: |c_j + z_j'u| > l1_j} a Newton step solves a system in
I + Z_A L2_A^-1 Z_A', which is n x n for any number of active columns. Along a path it changes by one multiplier of L2
and by the few columns that enter or leave. A step that does not change A is exact.

Source: Li, Sun and Toh (2018), SIAM J. Optim. 28, section 3.
"""

import numpy as np

from fastreg.numerics.threads import linalg
from fastreg.solvers.line_search import ARMIJO

STEPS = 15  # Newton steps at most, before another solver takes over
UPDATES = 50  # updates of the matrix, after which it is computed anew
SHORTEST = 1e-3  # shortest step length tried


class Semismooth:
    """Solves models by Newton steps in the dual; keeps Z_A V_A^-1 Z_A' between solves, where L2 = alpha V."""

    def __init__(self):
        self.version, self.updates = None, 0
        self.matrix, self.inside = np.empty((0, 0)), np.empty(0, dtype=bool)
        self.failures = self.waiting = 0  # consecutive failures; solves to skip before the next try

    def ready(self):
        """Whether to try a solve; after failures some are skipped."""
        if self.waiting > 0:
            self.waiting -= 1
            return False
        return True

    def solve(self, working, state, anew):
        """(coefficients (m,), their correlations (m,)), exact; None if the steps do not converge."""
        h, means = working.update_curvature(state, anew)
        rows = Rows(working, np.sqrt(h), means)
        l1, l2, start = working.l1, working.l2, state.coef[working.columns]
        correlation, u = working.correlation.copy(), np.zeros(h.size)
        signs, value = np.sign(start), None  # the last signs are a better guess than these correlations
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
        """Make the matrix that of the active columns, by an update or anew."""
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
    """Products with Z, which is not stored."""

    def __init__(self, working, root, means):
        self.block, self.root, self.means = working.block, root, means
        self.factor = working.l2 / working.ridge_alpha

    def predict(self, steps):
        """Z s, (n,)."""
        return self.root * (self.block.predict(steps) - self.means @ steps)

    def correlate(self, v):
        """Z'v, (m,)."""
        scaled = self.root * v
        return self.block.correlate(scaled) - self.means * scaled.sum()

    def outer(self, columns):
        """Z_C V_C^-1 Z_C' of some columns C, (n, n)."""
        part = (self.block.rows[columns] - self.means[columns, None]) * self.root
        part /= np.sqrt(self.factor[columns])[:, None]
        return part.T @ part


def threshold_signs(correlation, l1):
    """Signs of the correlations beyond their threshold, 0 for the others."""
    return np.where(np.abs(correlation) > l1, np.sign(correlation), 0.0)


def line_search(value, u, step, correlation, toward, terms, slope):
    """The first step length of 1, 1/2, 1/4 ... with the share ARMIJO of the predicted decrease; 0 if none."""
    t, noise = 1.0, 1e-14 * abs(value)
    while t > SHORTEST:
        if dual_value(u + t * step, correlation + t * toward, terms) <= value + ARMIJO * t * slope + noise:
            return t
        t *= 0.5
    return 0.0


def dual_value(u, correlation, terms):
    """The dual objective, up to a constant."""
    l1, l2, start = terms
    over = np.maximum(np.abs(correlation) - l1, 0.0)
    return 0.5 * float(u @ u) - float(start @ correlation) + 0.5 * float(over @ (over / l2))
