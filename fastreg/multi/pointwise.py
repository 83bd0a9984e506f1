"""Point after point of several responses: the loop of one response over units, which are entries or rows."""

from typing import Any

import numpy as np

from fastreg.multi.duality_gap import duality_gap, empty_gap, levelled, orthogonal
from fastreg.multi.group_descent import BlockDescent
from fastreg.multi.group_penalties import lengths
from fastreg.multi.point import make_multi_point
from fastreg.multi.proximal_newton import ProximalNewton
from fastreg.multi.smooth import MultiRidge
from fastreg.multi.smooth_newton import NewtonSystem
from fastreg.multi.working_set import PairSet, RowSet
from fastreg.objective.duality_gap import References
from fastreg.objective.screening import columns_above
from fastreg.paths.plan import FEWEST
from fastreg.paths.pointwise import Pointwise
from fastreg.solvers.choice import sweep_pays

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

    def _everything(self):
        return self.problem.units_of(self.problem.columns)

    def _without_l1(self):
        return self.problem.units_of(self.problem.without_l1)

    def _support(self):
        return np.flatnonzero(self._shaped(self.state.matrix).any(axis=1))

    def _approach(self, alpha):
        """Nothing between: Newton's method on pairs finds a far solution from where it is in a third to a tenth of the
        time, block descent in half of it if the fall is not very deep."""
        near = alpha >= DEEP * self.previous
        return [] if near or not self.problem.family.quadratic else super()._approach(alpha)

    def _all_at_once(self):
        return self.problem.unit_l1_rates.size <= FEWEST

    def _most(self, alpha, tol):
        return max(FEWEST, 2 * np.count_nonzero(self.working.coef_of(self.state).any(axis=1)))

    def _go_on(self, alpha):
        """Points begin at the last: Newton's steps see the way by themselves."""
        return False

    def _leave(self, alpha, epochs, plain):
        """Nothing of it is kept."""

    def _strong(self, penalty, most):
        return self._largest(self._reaching(0.0, self.problem.unit_norms, 2.0 * penalty.alpha - self.previous), most)

    def _largest(self, units, most):
        if units.size <= most:
            return units
        sizes = lengths(self._shaped(self.estimate)[units]) / self.problem.unit_l1_rates[units]
        return np.sort(units[np.argpartition(-sizes, most)[:most]])

    def _shaped(self, matrix):
        return self.problem.units.shaped(matrix)

    def _reaching(self, radius, norms, alpha):
        """Units outside the working set whose bound reaches their threshold at `alpha`."""
        sizes = lengths(self._shaped(self.estimate))
        found = np.empty(sizes.size, dtype=np.int64)
        rates, contains = self.problem.unit_l1_rates, self.working.contains
        return found[: columns_above(sizes, radius, norms, alpha, rates, contains, found)]

    def certify(self, penalty):
        """The duality gap over all units, and the units outside the working set that violate optimality."""
        problem, state, working = self.problem, self.state, self.working
        dual = self._dual(penalty)
        self.estimate, radii = self.references.project(dual)
        radius, norms = problem.units.bounds(problem.norms, radii)
        reaching = self._reaching(radius, norms, penalty.alpha)
        if sweep_pays(problem, reaching, self.fit.beside_others):
            self.estimate = yield dual, None
            self.references.add(dual, self.estimate)
            reaching = self._reaching(0.0, norms, penalty.alpha)
        elif reaching.size:
            self._shaped(self.estimate)[reaching] = yield dual, reaching
        shaped = self._shaped(self.estimate)
        if dual is state.residual:
            shaped[working.columns] = working.correlation.reshape(-1, problem.units.size)
        else:
            shaped[working.columns] = problem.correlate_some(dual, working.columns)
        violators = reaching[lengths(shaped[reaching]) > penalty.alpha * problem.unit_l1_rates[reaching]]
        return self._gap(penalty, dual, np.concatenate([working.columns, violators])), violators

    def _dual(self, penalty):
        """The residual, made orthogonal to the columns that are not penalised."""
        free = self.problem.free
        if free.size == 0:
            return levelled(self.problem, self.state)
        return NewtonSystem(self.problem, free).project(self.state, np.zeros(free.size))

    def _gap(self, penalty, dual, columns):
        """The duality gap, from units that hold the support and all violators; their correlations are known."""
        problem, state = self.problem, self.state
        terms = self._shaped(state.matrix)[columns], *penalty.on(columns)
        if not orthogonal(problem, dual, problem.free, self.estimate[problem.free]):
            return empty_gap(problem, state, *terms)
        return duality_gap(problem, state, dual, self._shaped(self.estimate)[columns], *terms)


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
