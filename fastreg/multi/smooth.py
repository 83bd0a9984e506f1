"""Points of several responses without an l1 part: ridge, or no penalty at all."""

import numpy as np

from fastreg.multi.duality_gap import levelled, row_gap
from fastreg.multi.point import make_multi_point
from fastreg.multi.smooth_newton import NewtonSystem

# Shares of the wanted gap that Newton's method is run to, one after another until the certificate is reached. They are
# small, since its last step doubles the digits for the cost of one step.
SHARES = (1e-3, 1e-5, 1e-7)


class MultiRidge:
    """Points by Newton's method over all columns, each from the last."""

    name = "ridge"

    def __init__(self, fit):
        self.fit, self.problem = fit, fit.problem
        self.system = NewtonSystem(self.problem, self.problem.columns)

    def advance(self, alphas):
        """Fit the points at `alphas`. A generator, as all strategies are, which asks for nothing."""
        for alpha in self.fit.each(alphas):
            self.fit.add(self.solve(alpha), alpha)
        yield from ()

    def solve(self, alpha):
        """The Point at `alpha`, starting from the last."""
        fit, l2 = self.fit, self.problem.ridge(alpha, self.system.columns)
        steps, gap = 0, np.inf
        for share in SHARES:
            _, more = self.system.solve(fit.state, l2, share * fit.wanted, fit.max_iter - steps)
            steps += more
            gap = self._certify(l2)
            if gap <= fit.wanted or steps >= fit.max_iter:
                break
        return make_multi_point(fit, gap, steps, alpha, self.name)

    def _certify(self, l2):
        """The gap, at the residual made orthogonal to what is not penalised.

        A ridge is the same on the entries of a matrix as on its rows.
        """
        problem, state, columns = self.problem, self.fit.state, self.system.columns
        dual = self.system.project(state, l2) if np.any(l2 == 0.0) else levelled(problem, state)
        correlation = np.ascontiguousarray(problem.correlate_columns(dual, columns))
        return row_gap(problem, state, dual, columns, correlation, (np.zeros(columns.size), l2))
