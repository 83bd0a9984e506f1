"""Regularisation paths: a grid of alphas, warm starts, a working set, and a certificate of every point."""

import numpy as np

from fastreg.certificates import References, duality_gap, empty_gap
from fastreg.screening import largest_columns, reaching_columns, strong_columns
from fastreg.smooth_path import SmoothPath, make_point
from fastreg.solvers.ridge import dual_direction, orthogonal
from fastreg.solvers.working_set import WorkingSet

SWEEP_SHARE = 0.25  # of X's stored values: when more would be read column by column, a full sweep is read instead
REFRESH = 10  # points between two recomputations of eta from the coefficients
LOWEST_TARGET = 1e-6  # of the gap wanted, for the gap on the working set
FEWEST = 100  # columns that may always enter a working set at once; twice the support may, too
FEW = 20  # the same on the way to a far alpha, where half the support may enter besides
FAR, STRIDE, LOOSE = 0.5, 0.7, 0.01  # a fall of alpha to less than FAR goes by factors of STRIDE, at a gap of LOOSE
ROUNDS = 50  # solve-and-certify rounds a point


class PathSolver:
    """Fits point after point, each from the last, over a working set that screening and certificates extend."""

    sweep_share = SWEEP_SHARE

    def __init__(self, problem, solver, tol, max_iter, null_correlation=None):
        self.problem, self.solver, self.tol, self.max_iter = problem, solver, tol, max_iter
        self.smooth = SmoothPath(problem, tol, max_iter)
        if null_correlation is not None and problem.free.size == 0:
            self.smooth.null_correlation = null_correlation
        self.state, self.alpha_max = self.smooth.state, self.smooth.alpha_max
        self.intercept_loss, self.floor = self.smooth.intercept_loss, self.smooth.floor
        self.estimate = self.smooth.null_correlation
        self.references = References(problem.norms, problem.weight)
        self.references.add(self.state.residual, self.estimate)
        self.working = WorkingSet(problem)
        self.working.extend(problem.free, self.state.residual)
        self.previous_l1 = self.alpha_max * max(problem.l1_ratio, 1e-3)
        self.done = 0

    def resume(self, coef, intercept, alpha):
        """Start from these coefficients, near the solution at `alpha`, instead of the null model."""
        self.smooth.resume(coef, intercept, alpha)
        self.estimate = self.problem.correlate(self.state.residual)
        self.references.add(self.state.residual, self.estimate)
        support = np.flatnonzero(self.state.coef)
        self.working.extend(support[~self.working.contains[support]], self.state.residual)
        self.working.correlate(self.state)
        self.previous_l1 = alpha * self.problem.l1_ratio

    def fit(self, alpha):
        """Solve at `alpha`, starting from the last point; a long way down is taken in loose steps."""
        return answered(self.steps(alpha), self.problem)

    def steps(self, alpha):
        """`fit` as a generator: yields (dual, columns), is sent X'dual on the columns (None: on all), ends in a Point.

        So that fits of the same X can go in lockstep and have their products with X made together.
        """
        if alpha == 0.0:
            return self.smooth.fit(alpha)
        for middle in self._approach(alpha):
            yield from self._solve(middle, LOOSE)
        gap, iterations = yield from self._solve(alpha, self.tol)
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
            gap, violators = yield from self._certify(penalty)
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
        if problem.share_of(reaching) > self.sweep_share:
            self.estimate = yield dual, None
            self.references.add(dual, self.estimate)
            reaching = reaching_columns(self.estimate, 0.0, problem, penalty, working.contains)
        elif reaching.size:
            self.estimate[reaching] = yield dual, reaching
        self.estimate[working.columns] = inside
        violators = reaching[np.abs(self.estimate[reaching]) > penalty.l1 * problem.lasso_factor[reaching]]
        columns = np.concatenate([working.columns, violators])
        l1, l2 = penalty.on(columns)
        correlation, coef = self.estimate[columns], state.coef[columns]
        family, free = problem.family, problem.free
        if not orthogonal(problem, dual, free, self.estimate[free]):
            return empty_gap(family, state.eta, state.residual, coef, l1, l2), violators
        return duality_gap(family, state.eta, state.residual, dual, correlation, coef, l1, l2), violators


def answered(steps, problem):
    """Run the generator `steps`, each product with X made on its own. Returns what it returns."""
    product = None
    while True:
        try:
            dual, columns = steps.send(product)
        except StopIteration as end:
            return end.value
        product = problem.correlate(dual) if columns is None else problem.correlate_some(dual, columns)


def alpha_grid(alpha_max, n_alphas, ratio):
    """Geometric grid from alpha_max down to ratio * alpha_max; if alpha_max is 0, from a number close to it."""
    top = alpha_max if alpha_max > 0 else float(np.finfo(float).resolution)
    return top * np.geomspace(1.0, ratio, n_alphas) if n_alphas > 1 else np.array([top])
