"""Pivots, coordinate descent or Newton steps among the rows: whichever takes least work for a working set's model.

What each is expected to cost stands in choice.py; here is what was seen lately, and what is done about it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.choice import PATIENCE, cost_without_descent, epoch_cost, epochs_to_expect, rows_pay
from fastreg.solvers.coordinate_descent import SHARE, CoordinateDescent
from fastreg.solvers.proximal_gradient import ProximalGradient
from fastreg.solvers.proximal_newton import ProximalNewton
from fastreg.solvers.semismooth_dual import Semismooth

if TYPE_CHECKING:
    from fastreg.solvers.protocol import InnerSolver, Solver


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
        if bounded and working.ridge_alpha > 0.0 and not working.l1.any():  # ridge within bounds: all change that may
            self.changes = max(self.changes, 0.25 * old.size)
        by_rows = not bounded and rows_pay(working, support) and self.rows.ready()
        otherwise = cost_without_descent(working, support, self.changes, by_rows, self.descended)
        afforded = otherwise / max(epoch_cost(working), 1.0)
        found = None
        self.descended = epochs_to_expect(working, support, self.changes, precision, self.epochs) < afforded
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

    def _descend(self, working, state, precision, afforded):
        work = working.problem.work
        before, most = work.epochs, PATIENCE * afforded
        share = 1.0 if working.problem.family.quadratic else SHARE  # of least squares the model is the loss itself
        found = self.descent.solve(working, state, False, precision, most, share)
        taken = work.epochs - before
        if taken >= most:
            self.epochs = PATIENCE * taken
        else:
            self.epochs = taken if self.epochs is None else 0.5 * (self.epochs + taken)
        return found


INNER: dict[str, Callable[[], InnerSolver]] = {
    "coordinate_descent": CoordinateDescent,
    "active_set": ActiveSet,
    "newton": ActiveSet,
}


def make_solver(name: str, changes: float | None = None) -> Solver:
    """The solver called `name` for working sets; `changes` are columns that have entered or left lately, if known."""
    if name == "proximal_gradient":
        return ProximalGradient()
    return ProximalNewton(INNER[name]() if name in INNER else AutomaticChoice(changes))
