"""Refits: the problem without an l1 part, solved on several sets of columns, each with its certificate.

On a set S of columns, with l2_j = alpha v_j s_j^2 (alpha = 0: no penalty at all), Newton's method solves

    (H + L2) d = X_S'r - L2 b_S,      H = X_S' diag(h) X_S about the h-means

by a Cholesky factor of the columns scaled to unit length, and steps along d. The same direction gives the certificate:
the dual point r - h X d is orthogonal to every unpenalised column, and the duality gap there is the Newton decrement,
exactly for least squares. For least squares H is one block of a Gram matrix that all sets share; with many more rows
than columns the rows are compressed to it (fastreg.objective.gram_reduction). Sets of dependent columns are solved by
the QR form of fastreg.solvers.ridge.newton.
"""

import numpy as np

from fastreg.numerics.cholesky import LEAST_PIVOT
from fastreg.numerics.threads import linalg
from fastreg.objective import gram_reduction
from fastreg.objective.duality_gap import duality_gap, empty_gap, levelled, orthogonal
from fastreg.paths.fit import make_point
from fastreg.paths.plan import LARGEST_GRAM, refits_share_gram
from fastreg.solvers.line_search import step_length
from fastreg.solvers.ridge.newton import RidgeSystem

POLISH = 1e-3  # gap aimed at, over tol, where steps converge quadratically and the last one costs little


def refit_sets(problem, sets, alpha, tol, max_iter):
    """A certified Point for each set of columns (sorted numbers), all with the ridge penalty of `alpha`.

    Equal sets are solved once. Gaps are relative to `problem.scale`.
    """
    if refits_share_gram(problem, len(sets)):
        small = gram_reduction.compress(problem)
        small.measure(problem.scale)
        points = _each(Refits(small, tol, max_iter), sets, alpha)
        if gram_reduction.precise(small, [small.norms[each.columns] @ np.abs(each.values) for each in points], tol):
            return points
    return _each(Refits(problem, tol, max_iter), sets, alpha)


def _each(refits, sets, alpha):
    done = {}
    for columns in sets:
        key = columns.tobytes()
        if key not in done:
            done[key] = refits.fit(columns, alpha)
    return [done[columns.tobytes()] for columns in sets]


class Refits:
    """Fits sets of columns one after another, each from the coefficients of the last."""

    def __init__(self, problem, tol, max_iter):
        self.problem, self.tol, self.max_iter = problem, tol, max_iter
        self.state = problem.start()
        self.null = problem.loss(self.state)
        self.gram = None
        if problem.family.quadratic and problem.p <= LARGEST_GRAM:
            self.gram = problem.design.gram(np.arange(problem.p), problem.weight, problem.centre)

    def fit(self, columns, alpha):
        """The Point of one set."""
        problem, state = self.problem, self.state
        l2 = problem.penalty_at(alpha).on(columns)[1]
        kept = np.zeros(problem.p, dtype=bool)
        kept[columns] = True
        state.coef[~kept] = 0.0
        problem.refresh(state)
        if problem.loss(state) > self.null:  # the last set separated the classes, and its coefficients mislead
            self.state = problem.start()
        try:
            gap, steps = self._newton(columns, l2, alpha)
        except linalg().LinAlgError:
            gap, steps = self._dependent(columns, l2)
        return make_point(problem, self.state, gap, steps, self.tol, alpha, columns, "refit", self.max_iter)

    def _newton(self, columns, l2, alpha):
        """Newton's method to a gap of `tol`. Returns (absolute gap, steps)."""
        problem, state, steps, t = self.problem, self.state, 0, 1.0
        wanted = self.tol * problem.scale
        required = 1 if problem.family.quadratic else 0  # for least squares the first step is the answer
        target = wanted if problem.family.quadratic else POLISH * wanted
        factor, gap = None, np.inf
        while True:
            if factor is None or not problem.family.quadratic:
                factor = self._factor(columns, l2)
            correlation, coef = problem.correlate_some(state.residual, columns), state.coef[columns]
            direction = factor.solve(correlation - l2 * coef)
            change = problem.predict(columns, direction)
            previous, gap = gap, self._certify(columns, l2, factor, direction, change)
            done = gap <= target or (gap <= wanted and gap > 0.5 * previous)
            runaway = alpha == 0.0 and problem.family.separates(problem.loss(state))
            if (done and steps >= required) or steps == self.max_iter or t == 0.0 or runaway:
                return gap, steps
            if not problem.family.quadratic:
                penalty = (np.zeros(coef.size), l2)
                t = step_length(problem, state, correlation, coef, coef + direction, penalty, change)
            problem.advance(state, columns, direction, change, t)
            steps += 1

    def _factor(self, columns, l2):
        problem, h = self.problem, self.state.curvature
        if self.gram is not None:
            gram = self.gram[np.ix_(columns, columns)]
        else:
            gram = problem.design.gram(columns, h, problem.centre)
            if problem.fit_intercept:  # from about the weighted means to about the h-means
                sums = problem.correlate_some(h, columns) - h.sum() * problem.centre[columns]
                gram -= np.outer(sums, sums / h.sum())
        return ScaledFactor(gram + np.diag(l2))

    def _certify(self, columns, l2, factor, direction, change):
        """The duality gap at the dual point to which the Newton step leads."""
        problem, state = self.problem, self.state
        coef, dual, none = state.coef[columns], levelled(problem, state), np.zeros(columns.size)
        for _ in range(2):  # the second time for the rounding that the first leaves
            dual = dual - state.curvature * self._about_mean(change)
            correlation = problem.correlate_some(dual, columns)
            change = problem.predict(columns, factor.solve(correlation - l2 * (coef + direction)))
        free = l2 == 0.0
        if not orthogonal(problem, dual, columns[free], correlation[free]):
            return empty_gap(problem.family, state.eta, state.residual, coef, none, l2)
        return duality_gap(problem.family, state, dual, correlation, coef, none, l2)

    def _about_mean(self, change):
        h = self.state.curvature
        return change - (h @ change) / h.sum() if self.problem.fit_intercept else change

    def _dependent(self, columns, l2):
        """As `_newton`, for columns of which some are combinations of others: the shortest of the solutions."""
        problem = self.problem
        system, wanted, steps = RidgeSystem(problem, columns), self.tol * problem.scale, 0
        gap, more = system.solve(self.state, l2, 1e-4 * wanted, self.max_iter)
        steps += more
        return system.proven(self.state, l2, gap), steps


class ScaledFactor:
    """The Cholesky factor of a positive definite matrix whose rows and columns are scaled to a unit diagonal.

    Raises LinAlgError where a pivot is so small that the columns count as dependent.
    """

    def __init__(self, matrix):
        lapack = linalg()
        size = np.sqrt(np.diag(matrix))
        if np.any(size == 0.0):
            raise lapack.LinAlgError("a column without spread")
        self.size, self.lapack = size, lapack
        self.factor = lapack.cho_factor(matrix / size / size[:, None], lower=True, check_finite=False)
        if np.any(np.diag(self.factor[0]) ** 2 < LEAST_PIVOT):
            raise lapack.LinAlgError("dependent columns")

    def solve(self, target):
        """The solution for one right-hand side."""
        if target.size == 0:
            return target
        return self.lapack.cho_solve(self.factor, target / self.size, check_finite=False) / self.size
