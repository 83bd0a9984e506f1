"""Paths of problems with several responses: warm starts, a working set of units, a certificate of every point."""

from dataclasses import dataclass

import numpy as np

from fastreg.interface.reasons import SEPARABLE, reason_for
from fastreg.multi.duality_gap import duality_gap, empty_gap, levelled, orthogonal
from fastreg.multi.group_descent import BlockDescent
from fastreg.multi.group_penalties import lengths
from fastreg.multi.proximal_newton import ProximalNewton
from fastreg.multi.smooth_newton import NewtonSystem
from fastreg.multi.working_set import PairSet, RowSet
from fastreg.objective.duality_gap import References
from fastreg.objective.screening import columns_above
from fastreg.paths.grid import top_of_grid

SWEEP_SHARE = 0.15  # when more of the columns would be read one by one, a full sweep is read instead
REFRESH = 10  # points between two recomputations of eta from the coefficients
LOWEST_TARGET = 1e-6  # of the gap wanted, for the gap on the working set
FEWEST = 100  # units that may always enter a working set at once; twice the support may, too
FAR, STRIDE, LOOSE = 0.5, 0.7, 0.01  # a fall of alpha to less than FAR goes by factors of STRIDE, at a gap of LOOSE
ROUNDS = 50  # solve-and-certify rounds a point


@dataclass
class MultiPoint:
    """One certified point of a path."""

    columns: np.ndarray
    values: np.ndarray  # (columns, K)
    intercepts: np.ndarray
    gap: float
    iterations: int
    reason: str
    loss: float


class MultiPathSolver:
    """Fits point after point, each from the last."""

    def __init__(self, problem, tol, max_iter):
        self.problem, self.tol, self.max_iter = problem, tol, max_iter
        self.state = problem.start()
        self.intercept_loss = problem.loss(self.state)
        self.floor = 1e-26 * float((self.state.eta**2 @ problem.weight).sum()) if problem.response.quadratic else 1e-26
        problem.scale = max(self.intercept_loss, self.floor, 1e-300)
        if problem.free.size:
            none = np.zeros(problem.free.size)
            NewtonSystem(problem, problem.free).solve(self.state, none, 1e-28 * problem.scale, 100)
            problem.scale = max(problem.loss(self.state), self.floor, 1e-300)
        dual = levelled(problem, self.state)
        self.estimate = problem.correlate(dual)
        self.references = [References(problem.norms, problem.weight) for _ in range(problem.K)]
        self._refer(dual, self.estimate)
        self.previous_l1 = self._null_l1()
        self.alpha_max = top_of_grid(self.previous_l1, problem.l1_ratio, problem.response.quadratic, problem.scale)
        self.working = RowSet(problem) if problem.units.together else PairSet(problem)
        self.solver = BlockDescent() if problem.units.together else ProximalNewton()
        free = np.repeat(problem.free * problem.units.a_column, problem.units.a_column)
        self.working.extend(free + np.arange(free.size) % problem.units.a_column, self.state.residual)
        self.smooth: NewtonSystem | None = None
        self.done = 0

    def _refer(self, residual, correlation):
        for k, references in enumerate(self.references):
            references.add(residual[k], correlation[:, k])

    def _null_l1(self):
        """The least l1 penalty at which every penalised unit is zero."""
        problem = self.problem
        penalised = np.repeat(problem.penalised, problem.units.a_column)
        if problem.scale <= self.floor or not penalised.any():
            return 0.0
        sizes = lengths(problem.units.shaped(self.estimate))[penalised] / problem.unit_factor[penalised]
        return float(sizes.max())

    def resume(self, matrix, intercepts, alpha):
        """Start from these coefficients (p, K), near the solution at `alpha`, instead of the null model."""
        problem, state = self.problem, self.state
        state.matrix[:] = np.where(problem.usable[:, None], matrix, 0.0)
        state.intercepts[:] = intercepts if problem.fit_intercept else 0.0
        if not problem.response.quadratic and alpha * problem.l1_ratio == 0.0:  # as at the solution; eta stays
            state.matrix -= state.matrix.mean(axis=1, keepdims=True)
        problem.refresh(state)
        dual = levelled(problem, state)
        self.estimate = problem.correlate(dual)
        self._refer(dual, self.estimate)
        support = np.flatnonzero(problem.units.shaped(state.matrix).any(axis=1))
        self.working.extend(support[~self.working.contains[support]], state.residual)
        self.working.correlate(state)
        self.previous_l1 = alpha * problem.l1_ratio

    def fit(self, alpha):
        """Solve at `alpha`, starting from the last point; a long way down is taken in loose steps."""
        if alpha * self.problem.l1_ratio == 0.0:
            return self._point(alpha, *self._fit_smooth(alpha))
        for middle in self._approach(alpha):
            self._solve(middle, LOOSE)
        return self._point(alpha, *self._solve(alpha, self.tol))

    def _point(self, alpha, gap, iterations):
        """The state as a point, with its relative gap and the reason why it ended."""
        problem, state = self.problem, self.state
        relative, loss = gap / problem.scale, problem.loss(state)
        if alpha == 0.0 and problem.response.separates(loss, self.intercept_loss):
            reason = SEPARABLE
        else:
            reason = reason_for(relative, self.tol, iterations, self.max_iter)
        columns = np.flatnonzero(state.matrix.any(axis=1))
        values, intercepts = state.matrix[columns], state.intercepts.copy()
        if not problem.response.quadratic:  # along equal steps of all classes, where nothing else decides
            intercepts -= intercepts.mean()
            unpenalised = np.isin(columns, problem.free) if alpha > 0.0 else np.ones(columns.size, dtype=bool)
            values[unpenalised] -= values[unpenalised].mean(axis=1)[:, None]
        return MultiPoint(columns, values, intercepts, float(relative), iterations, reason, loss)

    # ---- without an l1 part

    def _fit_smooth(self, alpha):
        problem, state = self.problem, self.state
        columns = np.flatnonzero(problem.usable)
        smooth = self.smooth = self.smooth or NewtonSystem(problem, columns)
        l2 = problem.penalty(alpha).on(columns)[1]
        wanted, steps, gap = self.tol * problem.scale, 0, np.inf
        for share in (1e-3, 1e-5, 1e-7):  # Newton's last step costs little and doubles the digits
            _, more = smooth.solve(state, l2, share * wanted, self.max_iter - steps)
            steps += more
            gap = self._certify_smooth(smooth, columns, l2)
            if gap <= wanted or steps >= self.max_iter:
                break
        return gap, steps

    def _certify_smooth(self, smooth, columns, l2):
        """The gap, at the residual made orthogonal to what is not penalised; for weak penalties at the Newton dual."""
        problem, state, units = self.problem, self.state, self.problem.units
        free = l2 == 0.0
        coef = units.shaped(state.matrix[columns])
        l1_units, l2_units = np.zeros(coef.shape[0]), np.repeat(l2, units.a_column)
        duals = [levelled(problem, state)] if not free.any() else []
        duals += [smooth.project(state, l2)] if free.any() else []
        best = np.inf
        for dual in duals:
            correlation = problem.correlate_columns(dual, columns)
            if not orthogonal(problem, dual, columns[free], correlation[free]):
                return empty_gap(problem, state, coef, l1_units, l2_units)
            shaped = np.ascontiguousarray(units.shaped(np.ascontiguousarray(correlation)))
            best = min(best, duality_gap(problem, state, dual, shaped, coef, l1_units, l2_units))
        return best

    # ---- with one

    def _approach(self, alpha):
        """Alphas between the last point and one far below it, so that screening sees a short way each time."""
        last = self.previous_l1 / self.problem.l1_ratio
        if not alpha < FAR * last or self.problem.unit_factor.size <= FEWEST:
            return []
        steps = int(np.ceil(np.log(alpha / last) / np.log(STRIDE)))
        return np.geomspace(last, alpha, steps + 1)[1:-1]

    def _solve(self, alpha, tol):
        """Solve at `alpha` to a relative gap of `tol`. Returns the gap (absolute) and the iterations it took."""
        problem, state, working = self.problem, self.state, self.working
        l1 = alpha * problem.l1_ratio
        if self.done % REFRESH == REFRESH - 1:
            problem.refresh(state)
            working.correlate(state)
        sizes = lengths(problem.units.shaped(self.estimate))
        strong = self._reaching(
            sizes, 0.0, np.repeat(problem.norms, problem.units.a_column), 2.0 * l1 - self.previous_l1
        )
        working.extend(self._largest(strong, sizes), state.residual)
        working.set_penalty(alpha)
        wanted, iterations = tol * problem.scale, 0
        target = 0.5 * wanted
        for _ in range(ROUNDS):
            _, rounds = self.solver.reduce(problem, state, working, target, self.max_iter - iterations)
            iterations += rounds
            gap, violators, sizes = self._certify(alpha, l1)
            if gap <= wanted or iterations >= self.max_iter:
                break
            if violators.size == 0:
                if target < LOWEST_TARGET * wanted:
                    break
                target *= 0.1
            working.extend(self._largest(violators, sizes), state.residual)
            working.set_penalty(alpha)
        self.previous_l1 = l1
        self.done += 1
        return gap, iterations

    def _reaching(self, sizes, radius, norms, threshold):
        """Units outside the working set whose bound reaches `threshold` times their factor."""
        found = np.empty(sizes.size, dtype=np.int64)
        factor, contains = self.problem.unit_factor, self.working.contains
        return found[: columns_above(sizes, radius, norms, threshold, factor, contains, found)]

    def _largest(self, units, sizes):
        """As many of them as may enter at once, those with the largest correlations."""
        support = int(np.count_nonzero(self.working.coef_of(self.state).any(axis=1)))
        most = max(FEWEST, 2 * support)
        if units.size <= most:
            return units
        return np.sort(units[np.argpartition(-sizes[units] / self.problem.unit_factor[units], most)[:most]])

    def _certify(self, alpha, l1):
        """(duality gap over all units, the units outside the working set that violate optimality, all sizes)."""
        problem, state, working, units = self.problem, self.state, self.working, self.problem.units
        dual = self._dual()
        parts = [references.project(row) for references, row in zip(self.references, dual)]
        self.estimate = np.stack([estimate for estimate, _ in parts], axis=1)
        shaped = units.shaped(self.estimate)
        radius, norms = units.bounds(problem.norms, np.array([radius for _, radius in parts]))
        reaching = self._reaching(lengths(shaped), radius, norms, l1)
        if units.size * reaching.size > SWEEP_SHARE * problem.p * problem.K:
            self.estimate = problem.correlate(dual)
            self._refer(dual, self.estimate)
            shaped = units.shaped(self.estimate)
            reaching = self._reaching(lengths(shaped), 0.0, norms, l1)
        elif reaching.size:
            shaped[reaching] = problem.correlate_units(dual, reaching)
        if dual is state.residual:
            shaped[working.columns] = working.correlation.reshape(-1, units.size)
        else:
            shaped[working.columns] = problem.correlate_units(dual, working.columns)
        sizes = lengths(shaped)
        violators = reaching[sizes[reaching] > l1 * problem.unit_factor[reaching]]
        chosen = np.concatenate([working.columns, violators])
        terms = units.shaped(state.matrix)[chosen], *problem.unit_penalty(alpha, chosen)
        if not orthogonal(problem, dual, problem.free, self.estimate[problem.free]):
            return empty_gap(problem, state, *terms), violators, sizes
        return duality_gap(problem, state, dual, shaped[chosen], *terms), violators, sizes

    def _dual(self):
        """The residual, made orthogonal to the columns that are not penalised."""
        free = self.problem.free
        if free.size == 0:
            return levelled(self.problem, self.state)
        return NewtonSystem(self.problem, free).project(self.state, np.zeros(free.size))
