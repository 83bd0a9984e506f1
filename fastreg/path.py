"""Regularisation paths: a grid of alphas, warm starts, a working set, and a certificate of every point."""

from dataclasses import dataclass

import numpy as np

from fastreg.certificates import References, duality_gap, empty_gap
from fastreg.screening import largest_columns, reaching_columns, strong_columns
from fastreg.solvers.ridge import RidgeSystem, dual_direction, orthogonal
from fastreg.solvers.working_set import WorkingSet

SWEEP_SHARE = 0.25  # of X's stored values: when more would be read column by column, a full sweep is read instead
REFRESH = 10  # points between two recomputations of eta from the coefficients
LOWEST_TARGET = 1e-6  # of the gap wanted, for the gap on the working set
FEWEST = 100  # columns that may always enter a working set at once; twice the support may, too
FEW = 20  # the same on the way to a far alpha, where half the support may enter besides
FAR, STRIDE, LOOSE = 0.5, 0.7, 0.01  # a fall of alpha to less than FAR goes by factors of STRIDE, at a gap of LOOSE
ROUNDS = 50  # solve-and-certify rounds a point


@dataclass
class Point:
    """One certified point of a path."""

    columns: np.ndarray
    values: np.ndarray
    intercept: float
    gap: float
    iterations: int
    reason: str
    loss: float


class SmoothPath:
    """Points without an l1 part: ridge, or no penalty at all. Also fits the null model of every path.

    `alpha_max` is where the lasso of the same data, at l1_ratio 1e-3, would be empty: the top of an automatic grid.
    """

    def __init__(self, problem, tol, max_iter):
        self.problem, self.tol, self.max_iter = problem, tol, max_iter
        self.state = state = problem.start()
        self.intercept_loss = problem.loss(state)
        # Below this loss the null model is perfect up to rounding, as for a constant y.
        self.floor = 1e-26 * problem.square_of(state.eta) if problem.family.quadratic else 1e-26
        problem.scale = max(self.intercept_loss, self.floor, 1e-300)
        if problem.free.size:
            none = np.zeros(problem.free.size)
            # To rounding: alpha_max carries the root of the gap that is left.
            RidgeSystem(problem, problem.free).solve(state, none, 1e-28 * problem.scale, 100)
            problem.scale = max(problem.loss(state), self.floor, 1e-300)
            problem.unbounded = problem.family.separates(problem.loss(state))
        self.null_correlation = problem.correlate(state.residual)
        self.alpha_max = self._alpha_max()
        self.system = None

    def _alpha_max(self):
        penalised = self.problem.penalised
        if self.problem.scale <= self.floor or not penalised.any():
            return 0.0
        ratios = np.abs(self.null_correlation[penalised]) / self.problem.lasso_factor[penalised]
        return float(ratios.max() / max(self.problem.l1_ratio, 1e-3))

    def fit(self, alpha):
        """Solve at `alpha` with the ridge part of the penalty alone, starting from the last point."""
        problem, state = self.problem, self.state
        columns = np.flatnonzero(problem.usable)
        if self.system is None:
            self.system = RidgeSystem(problem, columns)
        l2 = problem.penalty(alpha).on(columns)[1]
        wanted, steps = self.tol * problem.scale, 0
        for share in (0.5, 1e-2, 1e-4):  # of the tolerance: with weakly penalised columns the gap to steer by is rough
            gap, more = self.system.solve(state, l2, share * wanted, self.max_iter - steps)
            steps += more
            if np.any(self.system.weak(l2)):
                gap = self.system.certify(state, l2)
            if gap <= wanted or (more == 0 and share < 0.5):
                break
        return make_point(problem, state, gap, steps, self.tol, alpha, columns)


def make_point(problem, state, gap, iterations, tol, alpha, columns):
    """The state as a point, with its relative gap and the reason why it ended; coefficients lie in `columns`."""
    columns, relative = columns[state.coef[columns] != 0.0], gap / problem.scale
    loss = problem.loss(state)
    if (alpha == 0.0 or problem.unbounded) and problem.family.separates(loss):
        reason = "separable"
    else:
        reason = "converged" if relative <= tol else "max_iter"
    intercept = problem.fitted_intercept(state)
    return Point(columns, state.coef[columns], intercept, float(relative), iterations, reason, loss)


class PathSolver:
    """Fits point after point, each from the last, over a working set that screening and certificates extend."""

    def __init__(self, problem, solver, tol, max_iter):
        self.problem, self.solver, self.tol, self.max_iter = problem, solver, tol, max_iter
        self.smooth = SmoothPath(problem, tol, max_iter)
        self.state, self.alpha_max = self.smooth.state, self.smooth.alpha_max
        self.intercept_loss, self.floor = self.smooth.intercept_loss, self.smooth.floor
        self.estimate = self.smooth.null_correlation
        self.references = References(problem.norms, problem.weight)
        self.references.add(self.state.residual, self.estimate)
        self.working = WorkingSet(problem)
        self.working.extend(problem.free, self.state.residual)
        self.previous_l1 = self.alpha_max * max(problem.l1_ratio, 1e-3)
        self.done = 0

    def fit(self, alpha):
        """Solve at `alpha`, starting from the last point; a long way down is taken in loose steps."""
        if alpha == 0.0:
            return self.smooth.fit(alpha)
        for middle in self._approach(alpha):
            self._solve(middle, LOOSE)
        gap, iterations = self._solve(alpha, self.tol)
        columns = np.sort(self.working.columns)
        return make_point(self.problem, self.state, gap, iterations, self.tol, alpha, columns)

    def _approach(self, alpha):
        """Alphas between the last point and one far below it, so that screening sees a short way each time."""
        last = self.previous_l1 / self.problem.l1_ratio if self.problem.l1_ratio > 0.0 else 0.0
        if not alpha < FAR * last or self.problem.p <= FEWEST:
            return []
        steps = int(np.ceil(np.log(alpha / last) / np.log(STRIDE)))
        return np.geomspace(last, alpha, steps + 1)[1:-1]

    def _solve(self, alpha, tol):
        """Solve at `alpha` to a relative gap of `tol`. Returns the gap (absolute) and the iterations it took."""
        problem, state, working = self.problem, self.state, self.working
        penalty = problem.penalty(alpha)
        if self.done % REFRESH == REFRESH - 1:
            problem.refresh(state)
            working.correlate(state)
        most = self._most(penalty, tol)
        strong = strong_columns(self.estimate, problem, penalty, self.previous_l1, working.contains, most)
        working.extend(strong, state.residual)
        working.set_penalty(penalty)
        wanted, iterations = tol * problem.scale, 0
        target = 0.5 * wanted
        for _ in range(ROUNDS):
            _, rounds = self.solver.reduce(problem, state, working, target, self.max_iter - iterations)
            iterations += rounds
            gap, violators = self._certify(penalty)
            if gap <= wanted or iterations >= self.max_iter:
                break
            if violators.size == 0:
                if target < LOWEST_TARGET * wanted:
                    break
                target *= 0.1
            working.extend(largest_columns(violators, self.estimate, problem, most), state.residual)
            working.set_penalty(penalty)
        self.previous_l1 = penalty.l1
        self.done += 1
        return gap, iterations

    def _most(self, penalty, tol):
        """How many columns may enter the working set at once. Without an l1 part all belong in it."""
        if penalty.l1 == 0.0:
            return self.problem.p
        support = int(np.count_nonzero(self.state.coef[self.working.columns]))
        return FEW + support // 2 if tol >= LOOSE else max(FEWEST, 2 * support)

    def _certify(self, penalty):
        """The duality gap over all columns, and the columns outside the working set that violate optimality."""
        problem, state, working = self.problem, self.state, self.working
        dual = dual_direction(problem, state, problem.free, np.zeros(problem.free.size))
        inside = working.correlation if dual is state.residual else working.block.correlate(dual)
        self.estimate, radius = self.references.project(dual)
        reaching = reaching_columns(self.estimate, radius, problem, penalty, working.contains)
        if problem.share_of(reaching) > SWEEP_SHARE:
            self.estimate = problem.correlate(dual)
            self.references.add(dual, self.estimate)
            reaching = reaching_columns(self.estimate, 0.0, problem, penalty, working.contains)
        elif reaching.size:
            self.estimate[reaching] = problem.correlate_some(dual, reaching)
        self.estimate[working.columns] = inside
        violators = reaching[np.abs(self.estimate[reaching]) > penalty.l1 * problem.lasso_factor[reaching]]
        columns = np.concatenate([working.columns, violators])
        l1, l2 = penalty.on(columns)
        correlation, coef = self.estimate[columns], state.coef[columns]
        family, free = problem.family, problem.free
        if not orthogonal(problem, dual, free, self.estimate[free]):
            return empty_gap(family, state.eta, state.residual, coef, l1, l2), violators
        return duality_gap(family, state.eta, state.residual, dual, correlation, coef, l1, l2), violators


def alpha_grid(alpha_max, n_alphas, ratio):
    """Geometric grid from alpha_max down to ratio * alpha_max; if alpha_max is 0, from a number close to it."""
    top = alpha_max if alpha_max > 0 else float(np.finfo(float).resolution)
    return top * np.geomspace(1.0, ratio, n_alphas) if n_alphas > 1 else np.array([top])
