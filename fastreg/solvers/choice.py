"""Pivots, coordinate descent or Newton steps among the rows: whichever takes least work for a working set's model.

Work is counted in operations of a pivot, 0.03 to 0.05 ns each where they were timed, on supports of 300 to 1,000:

    pivots    2 c s (s + |W|)    for c columns that enter or leave a support of s: triangular solves, and correlations
                                 along the new direction. A model takes at least as many pivots. Where H + L2 is new,
                                 its factor takes s^3 / 3 more
    descent   4 R E v            for E epochs over the v stored values of the working set, each read twice at the pace
                                 of memory, R times an operation's
    rows      1.2 n^3            see solvers.semismooth_dual

Pivots are exact and need no second round. How many epochs a descent takes cannot be told beforehand, from three to
hundreds: so it may take PATIENCE times those for which the model could have been solved otherwise, and what it took is
expected of the next. Where it is called off, the others go on from where it ended.
"""

import math

import numpy as np

from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.coordinate_descent import SHARE, CoordinateDescent
from fastreg.solvers.semismooth_dual import Semismooth

LARGEST_GRAM = 12_000  # columns of a working set whose Gram matrix is kept (1.2 GB)
EPOCHS = {"sparse": 12.0, "dense": 40.0, "ridge": 5.0}  # that a descent to TYPICAL is thought to take; more to less
TYPICAL = 1e-6
READ = {"sparse": 15.0, "dense": 3.0}  # operations in the time that reading and writing a row takes
NEW_MATRIX = 4e6  # operations in the time that a new H + L2 takes beside its factor
ANOTHER_STEP = 300.0  # operations a row in the time of a Newton step more, as an old Hessian takes; descents have none
ROWS = 1.2  # operations that steps among the rows take, a cube of their number
TINY = 1e-15  # tol that no descent reaches
FEW, FEW_WITH_RIDGE = 500, 100  # supports up to which exact solutions cost next to nothing; H + L2 is new with a ridge
PATIENCE = 2.0


def epoch_cost(working):
    """Of coordinate descent."""
    return 4.0 * READ[working.block.form] * working.stored()


def pivots_cost(changes, support, working):
    """Of so many changes of the support."""
    size = support + changes
    return 2.0 * changes * size * (size + working.columns.size)


def likely_epochs(form, tol):
    """That a descent takes to a gap of `tol`, relative to the null model."""
    return EPOCHS[form] * max(math.log(max(tol, TINY)) / math.log(TYPICAL), 1.0)


def descent_pays(changes, support, working, tol):
    """Whether coordinate descent is likely to be cheaper than pivots for the lasso of least squares."""
    walking = pivots_cost(changes, support, working)
    descending = likely_epochs(working.block.form, tol) * epoch_cost(working)
    return working.columns.size > LARGEST_GRAM or (walking > descending and support + changes > FEW)


class AutomaticChoice:
    """Solves each model by what is expected to take least work."""

    def __init__(self, changes: float | None = None):
        self.pivots, self.rows, self.descent = ActiveSet(), Semismooth(), CoordinateDescent("residual")
        self.changes = 5.0 if changes is None else changes  # columns that enter or leave in one model, as seen lately
        self.epochs: float | None = None  # that descents took lately
        self.descended = False  # then the factor is gone

    def solve(self, working, state, anew, precision):
        """(coefficients, their correlations or None where nothing keeps them)."""
        old = state.coef[working.columns]
        support, bounded = np.count_nonzero(old), working.problem.bounds is not None
        if bounded and working.l2_key > 0.0 and not working.l1.any():  # ridge within bounds: all change that may
            self.changes = max(self.changes, 0.25 * old.size)
        by_rows = not bounded and self.rows.suits(working, support)
        afforded = self._otherwise(working, support, by_rows) / max(epoch_cost(working), 1.0)
        found = None
        self.descended = self._hoped(working, precision, support) < afforded
        if self.descended:
            found = self._descend(working, state, precision, afforded)
        elif by_rows:
            found = self.rows.solve(working, state, anew)
            anew = False  # the curvature is up to date
        if found is None:
            found = self.pivots.solve(working, state, anew, precision)
        changed = float(np.count_nonzero((found[0] != 0.0) != (old != 0.0)))
        self.changes = max(0.9 * self.changes, changed, 2.0)  # a second model at a point changes little
        return found

    def _otherwise(self, working, support, by_rows):
        """What the model costs without descent."""
        n = working.problem.n
        steps = 0.0 if working.problem.family.quadratic else ANOTHER_STEP * n
        if by_rows:
            return ROWS * n**3 + steps
        if working.columns.size > LARGEST_GRAM:
            return np.inf
        cost = pivots_cost(self.changes, support, working) + steps
        if self.descended or working.l2_key > 0.0:
            cost += support**3 / 3.0 + (NEW_MATRIX if working.l2_key > 0.0 else 0.0)
        return cost

    def _hoped(self, working, precision, support):
        """Epochs of a descent, as seen lately; infinite where few columns are active."""
        few = FEW
        if working.l2_key > 0.0:
            few = FEW_WITH_RIDGE if working.problem.family.quadratic else 0
        if support + self.changes <= few and working.columns.size <= LARGEST_GRAM:
            return np.inf
        scale, form = working.problem.scale, "ridge" if working.l2_key > 0.0 else working.block.form
        return self.epochs or likely_epochs(form, precision / scale if scale > 0.0 else TINY)

    def _descend(self, working, state, precision, afforded):
        work = working.problem.work
        before, most = work.epochs, PATIENCE * afforded
        self.descent.share = 1.0 if working.problem.family.quadratic else SHARE  # the model is the loss itself
        found = self.descent.solve(working, state, False, precision, most)
        taken = work.epochs - before
        if taken >= most:
            self.epochs = PATIENCE * taken
        else:
            self.epochs = taken if self.epochs is None else 0.5 * (self.epochs + taken)
        return found
