"""Regularisation paths: a grid of alphas, warm starts, a working set, and a certificate of every point."""

import math
from dataclasses import dataclass

import numpy as np

from fastreg.certificates import References, duality_gap
from fastreg.designs import correlate_some
from fastreg.screening import reaching_columns, strong_columns
from fastreg.solvers.working_set import WorkingSet, solve_working_set

SWEEP_SHARE = 0.15  # when more of the columns would be read one by one, a full sweep is read instead
REFRESH = 10  # points between two recomputations of eta from the coefficients
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


class PathSolver:
    """Fits point after point, each from the last."""

    def __init__(self, problem, inner, tol, max_iter):
        self.problem, self.inner, self.tol, self.max_iter = problem, inner, tol, max_iter
        self.references = References(problem.norms, problem.weight)
        self.working = WorkingSet(problem)
        self.state = problem.start()
        self.intercept_loss = self.state.loss
        floor = 1e-26 * (problem.weight @ self.state.eta**2 if problem.family.quadratic else 1.0)
        problem.scale = max(self.state.loss, floor, 1e-300)
        if problem.free.size:
            self._fit_free()
            problem.scale = max(self.state.loss, floor, 1e-300)
        self.estimate = problem.correlate(self.state.residual)
        self.references.add(self.state.residual, self.estimate)
        self.alpha_max = self._alpha_max(self.state.loss <= floor)
        self.previous_l1 = self.alpha_max * max(problem.l1_ratio, 1e-3)
        self.done = 0

    def _fit_free(self):
        """The null model: intercept and unpenalised columns, to rounding."""
        self.working.extend(self.problem.free)
        self.working.set_penalty(self.problem.penalty(0.0))
        self.working.correlate(self.state)
        solve_working_set(self.problem, self.state, self.working, self.inner, 1e-15 * self.problem.scale, 100)

    def _alpha_max(self, perfect):
        penalised = self.problem.penalised
        if perfect or not penalised.any():
            return 0.0
        ratios = np.abs(self.estimate[penalised]) / self.problem.lasso_factor[penalised]
        return float(ratios.max() / max(self.problem.l1_ratio, 1e-3))

    def fit(self, alpha):
        """Solve at `alpha`, starting from the last point."""
        problem, state, working = self.problem, self.state, self.working
        penalty = problem.penalty(alpha)
        working.extend(strong_columns(self.estimate, problem, penalty, self.previous_l1, working.contains))
        if self.done % REFRESH == 0:
            problem.refresh(state)
        working.set_penalty(penalty)
        working.correlate(state)
        target, iterations, reason = 0.5 * self.tol * problem.scale, 0, "max_iter"
        for _ in range(ROUNDS):
            inside, rounds = solve_working_set(
                problem, state, working, self.inner, target, self.max_iter - iterations
            )
            iterations += rounds
            gap, violators = self._certify(penalty)
            if gap <= self.tol * problem.scale:
                reason = "converged"
                break
            if iterations >= self.max_iter or (violators.size == 0 and rounds == 0):
                break
            if violators.size == 0:
                target *= 0.1
            working.extend(violators)
            working.set_penalty(penalty)
            working.correlate(state)
        self.previous_l1 = penalty.l1
        self.done += 1
        columns = np.flatnonzero(state.coef)
        relative = gap / problem.scale
        return Point(columns, state.coef[columns], state.intercept, relative, iterations, reason, state.loss)

    def _certify(self, penalty):
        """The duality gap over all columns, and the columns outside the working set that violate optimality."""
        problem, state, working = self.problem, self.state, self.working
        self.estimate, radius = self.references.project(state.residual)
        reaching = reaching_columns(self.estimate, radius, problem, penalty, working.contains)
        if reaching.size > SWEEP_SHARE * problem.p:
            self.estimate = problem.correlate(state.residual)
            self.references.add(state.residual, self.estimate)
            reaching = reaching_columns(self.estimate, 0.0, problem, penalty, working.contains)
        elif reaching.size:
            exact = np.empty(reaching.size)
            correlate_some(problem.design, state.residual, reaching, exact)
            problem.work.columns += reaching.size
            self.estimate[reaching] = exact
        self.estimate[working.columns] = working.correlation
        violators = reaching[np.abs(self.estimate[reaching]) > penalty.l1 * problem.lasso_factor[reaching]]
        columns = np.concatenate([working.columns, violators])
        l1, l2 = penalty.on(columns)
        negligible = np.concatenate([working.negligible(state), np.zeros(violators.size)])
        gap = duality_gap(
            problem.family, state.eta, self.estimate[columns], state.coef[columns], l1, l2, negligible
        )
        return gap, violators


def alpha_grid(alpha_max, n_alphas, ratio):
    """Geometric grid from alpha_max down to ratio * alpha_max; from the smallest resolvable number if alpha_max is 0."""
    top = alpha_max if alpha_max > 0 else float(np.finfo(float).resolution)
    return top * np.geomspace(1.0, ratio, n_alphas) if n_alphas > 1 else np.array([top])
