"""Fits without an l1 part: ridge, or no penalty at all.

For least squares many alphas are solved from one factorisation (solvers/ridge/spectrum.py). Their certificates need
products of X with matrices: coefficients, fitted values and correlations of many points each read X once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastreg.objective.duality_gap import balanced, duality_gap, orthogonal
from fastreg.paths.fit import Fit, make_point
from fastreg.paths.plan import BATCH_VALUES, ridge_form
from fastreg.solvers.ridge.krylov import RidgeKrylov
from fastreg.solvers.ridge.newton import RidgeSystem
from fastreg.solvers.ridge.row_space import SHARE
from fastreg.solvers.ridge.spectrum import RidgeSolutions, ridge_spectrum

if TYPE_CHECKING:
    from fastreg.paths.protocol import Products


class Ridge:
    """Fits points without an l1 part, each from the last, or for least squares many at once."""

    name = "ridge"

    def __init__(self, fit: Fit):
        self.fit, self.problem, self.state = fit, fit.problem, fit.state
        self.system = RidgeSystem(self.problem, self.problem.columns)
        self.spectrum: RidgeSolutions | None = None
        self.grid = np.empty(0)
        self.batch: dict[float, tuple[np.ndarray, float, np.ndarray, np.ndarray]] = {}  # by alpha, see solve_together

    def advance(self, alphas: np.ndarray) -> Products:
        """Fit the points at `alphas`. A generator, as all strategies are, which yields no request."""
        form = None if self.grid.size else ridge_form(self.problem, alphas, self.fit.alpha is not None)
        if form == "krylov":
            self.grid = np.unique(alphas[alphas > 0.0])[::-1]
            self.spectrum = RidgeKrylov(self.problem, SHARE * self.fit.wanted)
        elif form == "spectrum":
            self.factorise(alphas[alphas > 0.0])
        for alpha in self.fit.each(alphas):
            self.fit.add(self.solve(alpha), alpha)
        yield from ()

    def factorise(self, alphas, form="auto"):
        """Factorise for least squares at all of these alphas > 0, however large X is. Returns the factorisation."""
        self.grid = np.unique(alphas)[::-1]
        self.spectrum = ridge_spectrum(self.problem, float(self.grid[-1]), form)
        return self.spectrum

    def solve(self, alpha):
        """Solve at `alpha` with the ridge part of the penalty alone, starting from the last point."""
        problem, state, columns, fit = self.problem, self.state, self.problem.columns, self.fit
        l2 = problem.penalty_at(alpha).on(columns)[1]
        steps = 0
        if alpha in self.grid:
            gap, steps = self._take(alpha, columns, l2), 1
            problem.count_steps(1, state, gap)
            if gap <= fit.wanted:
                return make_point(problem, state, gap, steps, fit.tol, alpha, columns, self.name, fit.max_iter)
        for share in (0.5, 1e-2, 1e-4):  # of the tolerance, as the steering gap is rough for weakly penalised columns
            gap, more = self.system.solve(state, l2, share * fit.wanted, fit.max_iter - steps)
            steps += more
            gap = self.system.proven(state, l2, gap)
            if gap <= fit.wanted or (more == 0 and share < 0.5):
                break
        return make_point(problem, state, gap, steps, fit.tol, alpha, columns, self.name, fit.max_iter)

    def given(self, spectrum, alpha, solved):
        """Set the solution at `alpha`, one of those of `solve_together`."""
        self.spectrum, self.grid, self.batch = spectrum, np.array([alpha]), {alpha: solved}

    def _take(self, alpha, columns, l2):
        """Make the point solved for `alpha` the state. Returns its gap."""
        if alpha not in self.batch:
            self._solve_batch(alpha)
        problem, state = self.problem, self.state
        coef, intercept, eta, correlation = self.batch[alpha]
        state.place(slice(None), coef, intercept)
        state.eta[:] = eta
        problem.linearise(state)
        weak, correlation = self.system.weak(l2), correlation[columns]
        if not weak.any() and balanced(problem, state.residual):
            return self.system.gap(state, correlation, l2)
        free = l2 == 0.0
        if (
            weak.any()
            and np.array_equal(weak, free)
            and orthogonal(problem, state.residual, columns[free], correlation[free])
        ):
            none = np.zeros(columns.size)
            args = state.residual, correlation, state.coef[columns], none, l2
            return duality_gap(problem.family, state, *args)
        return self.system.certify(state, l2)

    def _solve_batch(self, alpha):
        """Coefficients, intercept, eta and correlations at `alpha` and the alphas that follow it."""
        problem, start = self.problem, int(np.flatnonzero(self.grid == alpha)[0])
        alphas = self.grid[start : start + together(problem)]
        points = solve_together(problem, self.spectrum, problem.family.y[:, None], alphas)
        self.batch = dict(zip(alphas.tolist(), points))


def together(problem):
    """Number of points solved at once."""
    return max(1, int(BATCH_VALUES / (2 * problem.p + 3 * problem.n)))


def solve_together(problem, spectrum, responses, alphas):
    """(coef, intercept, eta, correlations) at k alphas, in three passes; responses (n, 1), or one each: (n, k)."""
    weight = problem.weight[:, None]
    coefs, intercepts = spectrum.solve(responses, alphas)
    eta = problem.predict_many(coefs)
    eta += problem.offset[:, None] + intercepts
    residual = weight * (responses - eta)
    if problem.fit_intercept:  # so that residuals sum to zero to rounding
        shift = residual.sum(axis=0)
        eta, intercepts, residual = eta + shift, intercepts + shift, residual - weight * shift
    correlations = problem.correlate_many(residual)
    return list(zip(coefs.T, intercepts.tolist(), eta.T, correlations.T))
