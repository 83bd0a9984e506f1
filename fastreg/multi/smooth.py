"""Points of several responses without an l1 part: ridge, or no penalty at all."""

import numpy as np

from fastreg.multi.duality_gap import levelled, row_gap
from fastreg.multi.point import make_multi_point
from fastreg.multi.row_space import RowSpace
from fastreg.multi.smooth_newton import NewtonSystem
from fastreg.objective.duality_gap import balanced
from fastreg.solvers.choice import row_space_pays

# Shares of the wanted gap that solvers are run to, one after another until the certificate is reached: their gaps are
# rough where columns are not penalised. FINER is a factor for Newton's method by factorisation, whose last step doubles
# the digits for the cost of one step.
SHARES, FINER = (0.5, 1e-2, 1e-4), 2e-3


class MultiRidge:
    """Points by Newton's method over all columns, or over rows where these are fewer, each from the last."""

    name = "ridge"

    def __init__(self, fit):
        self.fit, self.problem = fit, fit.problem
        self.system = NewtonSystem(self.problem, self.problem.columns)
        self.rows: RowSpace | None = None

    def advance(self, alphas):
        """Fit the points at `alphas`. A generator, as all strategies are, which asks for nothing."""
        for alpha in self.fit.each(alphas):
            self.fit.add(self.solve(alpha), alpha)
        yield from ()

    def solve(self, alpha):
        """The Point at `alpha`, starting from the last."""
        fit, problem, columns = self.fit, self.problem, self.system.columns
        l2, steps = problem.ridge(alpha, columns), 0
        held = bool(np.all(l2 > 0.0))
        if held and row_space_pays(problem, columns.size):
            steps = self._among_rows(alpha)
        for share in SHARES:
            share = share * FINER if self.system.factored else share
            gap, more = self.system.solve(fit.state, l2, share * fit.wanted, fit.max_iter - steps)
            steps += more
            if not (held and balanced(problem, fit.state.residual)):
                gap = self._certify(l2)
            if gap <= fit.wanted or steps >= fit.max_iter:
                break
        return make_multi_point(fit, gap, steps, alpha, self.name)

    def _among_rows(self, alpha):
        """Move the state to the solution at `alpha` in the row space. Returns the steps."""
        fit = self.fit
        if self.rows is None:
            ridge = self.problem.ridge(alpha, self.system.columns)
            if fit.state.matrix.any() and self.system.gradient(fit.state, ridge)[2] <= fit.wanted:
                return 0  # the fit began at a solution
            self.rows = RowSpace(self.problem, self.system.columns, fit.state)
            self.rows.watch(fit.state)
            self.row_system = NewtonSystem(self.rows.small, self.rows.small.columns)
        l2 = np.full(self.row_system.columns.size, alpha)
        _, steps = self.row_system.solve(self.rows.state, l2, SHARES[0] * fit.wanted, fit.max_iter)
        self.rows.place(fit.state)
        return steps

    def _certify(self, l2):
        """The gap, at the residual made orthogonal to what is not penalised.

        A ridge is the same on the entries of a matrix as on its rows.
        """
        problem, state, columns = self.problem, self.fit.state, self.system.columns
        dual = self.system.project(state, l2) if np.any(l2 == 0.0) else levelled(problem, state)
        correlation = np.ascontiguousarray(problem.correlate_columns(dual, columns))
        return row_gap(problem, state, dual, columns, correlation, (np.zeros(columns.size), l2))
