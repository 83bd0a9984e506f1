"""The automatic choice of a solver for the model of a working set: pivots, coordinate descent or dual Newton steps.

choice.py has the expected costs; this module keeps recent counts of changes and epochs.
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
    """Solves each model by the solver with the least expected work."""

    def __init__(self, changes: float | None = None):
        self.pivots, self.rows, self.descent = ActiveSet(), Semismooth(), CoordinateDescent("residual")
        self.changes = 5.0 if changes is None else changes  # recent changes of the support per model, first a guess
        self.memory = 0.0  # share of these that the next model keeps at least
        self.epochs: float | None = None  # recent epochs per descent, None at first
        self.descended = False  # whether the last model was solved by descent, which leaves no factor

    def solve(self, working, state, anew, precision):
        """(coefficients (m,), their correlations (m,) or None if the solver does not compute them)."""
        old = state.coef[working.columns]
        support, bounded = np.count_nonzero(old), working.problem.bounds is not None
        if bounded and working.ridge_alpha > 0.0 and not working.l1.any():  # ridge within bounds: many changes
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
        self.changes = max(self.memory * self.changes, changed, 2.0)
        self.memory = 0.9  # a second model at a point changes little
        return found

    def _descend(self, working, state, precision, afforded):
        work = working.problem.work
        before, most = work.epochs, PATIENCE * afforded
        share = 1.0 if working.problem.family.quadratic else SHARE  # for least squares the model is the loss itself
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
    """The solver `name` for working sets; `changes` are the recent changes of the support per model, if known."""
    if name == "proximal_gradient":
        return ProximalGradient()
    return ProximalNewton(INNER[name]() if name in INNER else AutomaticChoice(changes))
