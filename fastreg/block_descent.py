"""Elastic-net paths of least squares by blocks of points, by coordinate descent where that is the cheaper.

With a ridge part of some weight coordinate descent takes a few epochs a point, each of which costs 4 n operations a
column, while a pivot or a Newton step costs |A|^2. So where the columns are many for the number of rows, a block is
solved by epochs over the working set, as long as these are as few as they were lately; else, and for finer gaps, as
fastreg.block_newton does, whose points are exact. The certificates are the same.
"""

import numpy as np

from fastreg.block_newton import STEPS, Kept, NewtonPath, Solved, suits_newton
from fastreg.block_path import BlockPath, suits
from fastreg.designs import DenseDesign
from fastreg.solvers.coordinate_descent import SHARE, bounded_epochs, residual_epochs

FINEST = 1e-6  # gap wanted, relative, down to which Newton's method takes hardly longer and is exact
FEWEST = 100  # active columns: with fewer an exact solution costs next to nothing
HOPED = 10.0  # epochs a point, before any have been seen
SOLVES = 30.0  # |A| (|A| + |W|): operations of a point's Newton steps; those of an epoch are 4 n |A|
PATIENCE = 3.0  # times what the steps cost, that a point's descent may cost


def blocks_for(problem, solver, count, lowest, max_iter):
    """The path by blocks that suits `count` alphas down to `lowest`, or None."""
    if suits(problem, solver, count, lowest):
        return BlockPath
    if max_iter < STEPS or not suits_newton(problem, solver, count, lowest):
        return None
    return DescentPath if problem.family.quadratic and problem.l1_ratio < 1.0 and solver == "auto" else NewtonPath


class DescentPath(NewtonPath):
    """Fits a grid of alphas by blocks, for least squares and 0 < l1_ratio < 1."""

    epochs = HOPED

    def _descent_pays(self):
        return self.epochs == np.inf and super()._descent_pays()  # else there is descent of its own

    def _walk(self, alphas):
        support = np.count_nonzero(self.state.coef[self.working.columns])
        budget = SOLVES * (support + self.working.columns.size) / (4.0 * self.problem.n)  # in epochs over |A| columns
        if self.tol > FINEST and support >= FEWEST and self.epochs < budget:
            solved = self._descend(alphas, int(PATIENCE * budget))
            if solved is not None:
                return solved
        return super()._walk(alphas)

    def _descend(self, alphas, most):
        """Solve at every alpha by at most so many epochs a point. A Solved of all points, or of those before one that
        took more, or None."""
        problem, working, state = self.problem, self.working, self.state
        columns, m = working.columns, working.columns.size
        rows, nothing = DenseDesign(working.block.rows[:m]), np.zeros(m)
        quadratic = state.curvature, working.norms**2, nothing, nothing  # the rows are centred
        precision = SHARE * self.share * self.tol * problem.scale
        coef, residual, places = state.coef[columns], state.residual.copy(), np.arange(m)
        coefs, taken, chunk = np.empty((alphas.size, m)), [], bounded_epochs(2 * problem.n * m)
        for alpha in alphas:
            working.set_penalty(problem.penalty(alpha))
            epochs, done = 0, False
            while not done and epochs < most:
                problem.heed()
                left = min(chunk, most - epochs)
                more, done, _, _ = residual_epochs(
                    rows, places, quadratic, working.penalty, coef, residual, 0.0, left, precision, True
                )
                epochs += more
            problem.work.epochs += epochs  # over copies of columns: X itself is not read
            if not done:
                break
            coefs[len(taken)] = coef
            taken.append(epochs)
        self.epochs = np.mean(taken) if len(taken) == alphas.size else np.inf
        return self._solved(coefs[: len(taken)]) if taken else None

    def _solved(self, coefs):
        """The points with these coefficients on the working set."""
        problem, working, state = self.problem, self.working, self.state
        steps = coefs - state.coef[working.columns]
        etas = state.eta + working.block.predict_each(steps)
        residuals = problem.weight * (problem.family.y - etas)
        correlations, none = working.block.correlate_each(residuals), np.zeros(len(coefs))
        return Solved(problem, working, state, Kept(coefs, correlations, etas, residuals, none, none + 1.0))
