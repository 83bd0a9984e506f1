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

DEEP = 0.05  # share of the last alpha: to reach one below it, least squares is solved at alphas between


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
        """Alphas at which a far one is approached.

        Classes have none, since Newton's method takes a third to a tenth of the time without; nor has block descent,
        which takes half of it, unless alpha falls below DEEP times the last.
        """
        near = alpha >= DEEP * self.previous
        return [] if near or not self.problem.family.quadratic else super()._approach(alpha)

    def _all_at_once(self):
        return self.problem.unit_norms.size <= FEWEST

    def _most(self, alpha, tol):
        if alpha == 0.0 or not self.problem.has_l1:
            return self.problem.unit_norms.size
        return max(FEWEST, 2 * self._support().size)

    def _go_on(self, alpha):
        """Move rows to the predicted point. Classes have none: Newton's first step makes one."""
        state, working = self.state, self.working
        if not self.problem.units.together:
            return False
        last = state.matrix[working.columns]
        steps = self.predictor.steps(last.ravel(), alpha)
        if steps is None:
            return False
        rows = np.flatnonzero(steps.reshape(last.shape).any(axis=1))
        working.move(state, rows, last[rows] + steps.reshape(last.shape)[rows])
        working.correlate(state)
        return True

    def _leave(self, alpha, epochs, plain):
        """Store a point's rows and cost in the predictor."""
        if self.problem.units.together:
            self.predictor.leave(alpha, self.state.matrix[self.working.columns].ravel(), epochs, plain)

    def _dual(self, penalty):
        return residual_to_certify(self.problem, self.state, penalty, dual_direction)

    def _gap(self, penalty, dual, units):
        problem, state, correlation = self.problem, self.state, self.problem.by_unit(self.estimate)[units]
        if problem.units.together:
            return row_gap(problem, state, dual, units, correlation, penalty.on(units))
        return bounded_gap(problem, state, penalty, dual, units, correlation)


class EachReferences(References):
    """`References` of each of K responses: they bound correlations with a dual direction (K, n), without reading X."""

    def __init__(self, problem, capacity=3):
        super().__init__(problem.norms, problem.weight, capacity)
        K, n = problem.K, problem.n
        self.residuals = np.zeros((K, capacity, n))  # r / sqrt(w)
        self.correlations = np.zeros((K, capacity, problem.p))
        self.products = np.zeros((K, capacity, capacity)) + np.eye(capacity)
        self.sizes = np.zeros((K, capacity))

    def add(self, dual, correlation):
        """Store duals (K, n) and their correlations (p, K) in place of the oldest."""
        place = self.count % self.capacity
        self.count += 1
        self.residuals[:, place] = dual * self.unit
        self.correlations[:, place] = correlation.T
        row = (self.residuals @ self.residuals[:, place, :, None])[..., 0]
        self.products[:, place], self.products[:, :, place] = row, row
        self.sizes[:, place] = np.sqrt(row[:, place])

    def project(self, dual):
        """(estimates of X'dual (p, K), radii (K,)): entry (j, k) of X'dual is within radii_k N_j of its estimate."""
        k = min(self.count, self.capacity)
        basis, products, scaled = self.residuals[:, :k], self.products[:, :k, :k], dual * self.unit
        jitter = 1e-14 * np.trace(products, axis1=1, axis2=2) + 1e-300
        inner = basis @ scaled[..., None]
        mix = np.linalg.solve(products + jitter[:, None, None] * np.eye(k), inner)
        weights = np.swapaxes(mix, 1, 2)
        rest = np.linalg.norm(scaled - (weights @ basis)[:, 0], axis=1)  # valid for any mix
        radii = rest + self.ROUNDING * (np.abs(mix[..., 0]) * self.sizes[:, :k]).sum(axis=1)
        return np.ascontiguousarray((weights @ self.correlations[:, :k])[:, 0].T), radii
