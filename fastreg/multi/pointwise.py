"""Point after point of several responses: the loop of one response over units, which are entries or rows."""

from typing import Any

import numpy as np

from fastreg.multi.duality_gap import row_gap
from fastreg.multi.group_descent import BlockDescent
from fastreg.multi.point import make_multi_point
from fastreg.multi.proximal_newton import ProximalNewton
from fastreg.multi.smooth import MultiRidge
from fastreg.multi.working_set import PairSet, RowSet, dual_direction
from fastreg.objective.duality_gap import References
from fastreg.paths.plan import FEWEST
from fastreg.paths.pointwise import Pointwise
from fastreg.solvers.dual_point import bounded_gap, residual_to_certify

DEEP = 0.05  # of the last alpha: below it least squares goes by alphas between


class MultiPointwise(Pointwise):
    """Pointwise over the units of a MultiProblem: `estimate` (p, K) holds correlations, duals are (K, n)."""

    problem: Any  # a MultiProblem
    state: Any  # and its MultiState

    def _make_solver(self):
        return BlockDescent() if self.problem.units.together else ProximalNewton()

    def _descends_first(self):
        return False

    def _smooth(self):
        return MultiRidge(self.fit)

    def _point(self, alpha, gap, iterations):
        return make_multi_point(self.fit, gap, iterations, alpha, self.name)

    def _references(self):
        return EachReferences(self.problem)

    def _working_set(self):
        return RowSet(self.problem) if self.problem.units.together else PairSet(self.problem)

    def _support(self):
        if self.problem.units.together:
            return np.flatnonzero(self.state.matrix.any(axis=1))
        return super()._support()

    def _approach(self, alpha):
        """Nothing between: Newton's method on pairs finds a far solution from where it is in a third to a tenth of the
        time, block descent in half of it if the fall is not very deep."""
        near = alpha >= DEEP * self.previous
        return [] if near or not self.problem.family.quadratic else super()._approach(alpha)

    def _all_at_once(self):
        return self.problem.unit_norms.size <= FEWEST

    def _most(self, alpha, tol):
        if alpha == 0.0 or not self.problem.has_l1:
            return self.problem.unit_norms.size
        return max(FEWEST, 2 * self._support().size)

    def _go_on(self, alpha):
        """Points begin at the last: Newton's steps see the way by themselves."""
        return False

    def _leave(self, alpha, epochs, plain):
        """Nothing of it is kept."""

    def _dual(self, penalty):
        return residual_to_certify(self.problem, self.state, penalty, dual_direction)

    def _gap(self, penalty, dual, units):
        problem, state, correlation = self.problem, self.state, self.problem.by_unit(self.estimate)[units]
        if problem.units.together:
            return row_gap(problem, state, dual, units, correlation, penalty.on(units))
        return bounded_gap(problem, state, penalty, dual, units, correlation)


class EachReferences:
    """References of each response's residual: see fastreg.objective.duality_gap."""

    def __init__(self, problem):
        self.each = [References(problem.norms, problem.weight) for _ in range(problem.K)]

    def add(self, dual, correlation):
        """Take in duals (K, n) and their correlations (p, K)."""
        for references, row, column in zip(self.each, dual, correlation.T):
            references.add(row, column)

    def project(self, dual):
        """(estimates (p, K), radii (K,)): see References.project."""
        parts = [references.project(row) for references, row in zip(self.each, dual)]
        return np.stack([estimate for estimate, _ in parts], axis=1), np.array([radius for _, radius in parts])
