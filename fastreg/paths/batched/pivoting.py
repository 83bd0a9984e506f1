"""Pivots of a batch: the active set they work on, what they have cost lately, and what a kernel leaves to be done."""

import numpy as np

from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.active_set.pivots import BEGIN, BEGIN_BY_STEP, GO_ON, Outcome, exchange
from fastreg.solvers.active_set.quadratic_model import DEPENDENT, INACTIVE
from fastreg.solvers.choice import PATIENCE, descent_pays

EXCHANGES = 100  # of dependent columns, in one batch, before it counts as stuck


class Pivoting:
    """The active set of a batch, and what pivots cost."""

    def __init__(self, working, tol):
        self.problem, self.working, self.tol, self.active = working.problem, working, tol, ActiveSet()
        self.changes = 5.0  # columns that enter or leave at a point, as seen lately
        self.price = 5.0  # pivots that a point has taken, with those of ways in vain

    def stops(self, state):
        """Whether the next points are left to coordinate descent."""
        support = np.count_nonzero(state.coef[self.working.columns])
        return descent_pays(self.price, support, self.working, self.tol)

    def too_long(self, pivots):
        """Whether a point has taken so many pivots that descent would have solved it for less, by a margin."""
        return descent_pays(pivots / PATIENCE, self.active.size, self.working, self.tol)

    def mend(self, model, coef, way):
        """Do what a kernel left to be done; `coef` are the coefficients it began at. Returns how the way goes on."""
        active, outcome = self.active, way.outcome
        active.size = way.size
        self.problem.work.pivots += way.pivots
        if outcome == Outcome.EXCHANGE:
            active.size = exchange(model, active.active, active.size, way.column, way.sign)
        elif outcome == Outcome.CROSSED:
            active.active.status[active.active.status == DEPENDENT] = INACTIVE
        elif outcome == Outcome.MET_DEPENDENT:
            active._refactor(model, np.flatnonzero(coef))
            return BEGIN
        return GO_ON if outcome in (Outcome.BUDGET, Outcome.EXCHANGE) else BEGIN_BY_STEP
