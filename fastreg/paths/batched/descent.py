"""Batches of elastic nets, by coordinate descent where that is cheaper than Newton steps.

If the ridge part is not small, coordinate descent takes a few epochs per point, while a pivot or a Newton step costs
|A|^2. So points of least squares are solved by epochs over the working set, in Gram form or in residual form, whichever
reads less, as long as few epochs are needed; else, and for smaller gaps, by newton.py. Batches end where Newton steps
cost much more than points by themselves (by solvers.semismooth_dual, or for other families by descent). Certificates
are the same.
"""

import numpy as np

from fastreg.design.designs import DenseDesign
from fastreg.paths.batched.newton import Kept, NewtonBatch, NewtonPoints
from fastreg.paths.predictor import Predictor
from fastreg.solvers.choice import EPOCHS, batch_costs, batch_descends, newton_batch_pays
from fastreg.solvers.coordinate_descent import SHARE, bounded_epochs, gram_epochs, residual_epochs


class DescentBatch:
    """Solves batches for 0 < l1_ratio < 1, by coordinate descent or by a NewtonBatch."""

    name = "batched_descent"
    products = 100.0  # of a column of the working set with vectors, in a batch, about

    def __init__(self, fit, working, pivoting):
        self.fit, self.problem, self.state = fit, fit.problem, fit.state
        self.working, self.pivoting, self.newton = working, pivoting, NewtonBatch(fit, working, pivoting)
        self.epochs = EPOCHS["ridge"]
        self.entered = 0.0  # changes of the support per point in the last descent

    def refine(self):
        return self.newton.refine()

    def solve(self, alphas):
        """NewtonPoints at `alphas`, or at those before one got stuck; None if batches do not pay."""
        if self.epochs == np.inf and self.pivoting.stops(self.state):
            return None  # descent point by point is cheaper, and in a batch took too long
        support = np.count_nonzero(self.state.coef[self.working.columns])
        changes = max(self.pivoting.changes, self.entered)
        costs = batch_costs(self.working, self.fit.tol, max(support, 1), changes)
        most = batch_descends(self.problem, self.fit.tol, support, self.epochs, costs)
        if most is not None:
            solved = self._descend(alphas, most)
            if solved is not None:
                return solved
        self.entered = 0.0
        return self.newton.step_through(alphas) if newton_batch_pays(costs) else None

    def _descend(self, alphas, most):
        """Solve at every alpha by at most `most` epochs a point: NewtonPoints of all, or of those before one that
        needs more; None for none."""
        problem, working, coef = self.problem, self.working, self.state.coef[self.working.columns]
        precision = SHARE * self.newton.share * self.fit.wanted
        model = (GramForm if coef.size < problem.n else ResidualForm)(working, self.state, coef)
        coefs, taken, chunk = np.empty((alphas.size, coef.size)), [], bounded_epochs(2 * problem.n * coef.size)
        predictor = Predictor()
        for k, alpha in enumerate(alphas):
            working.set_penalty(problem.penalty_at(alpha))
            steps = predictor.steps(coef, alpha)
            if steps is not None:
                model.move(steps)
            epochs, done = 0, False
            while not done and epochs < most:
                problem.stop_if_interrupted()
                more, done = model.epochs(working.penalty, min(chunk, most - epochs), precision)
                epochs += more
            problem.work.add(epochs=epochs)  # over copies of columns, without reading X
            if not done:
                break
            coefs[k] = coef
            taken.append(epochs)
            predictor.leave(alpha, coefs[k], epochs, steps is None)
        self.epochs = float(np.mean(taken)) if len(taken) == alphas.size else np.inf
        return self._solved(coefs[: len(taken)]) if taken else None

    def _solved(self, coefs):
        """NewtonPoints with these coefficients, (points, m)."""
        problem, working, state = self.problem, self.working, self.state
        start = state.coef[working.columns]
        inside = np.vstack([start, coefs]) != 0.0
        self.entered = np.count_nonzero(inside[1:] != inside[:-1]) / len(coefs)
        etas = state.eta + working.block.predict_each(coefs - start)
        residuals = problem.weight * (problem.family.y - etas)
        correlations, none = working.block.correlate_each(residuals), np.zeros(len(coefs))
        return NewtonPoints(problem, working, state, Kept(coefs, correlations, etas, residuals, none, none + 1.0))


class GramForm:
    """Epochs that update the correlations of a working set, by its Gram matrix; `coef` is updated in place."""

    def __init__(self, working, state, coef):
        working.update_gram(state, False)
        self.gram, self.coef = working.gram[: coef.size, : coef.size], coef
        self.correlation = working.block.correlate(state.residual)

    def epochs(self, penalty, most, precision):
        """(number of epochs run, whether the solution is precise enough)."""
        return gram_epochs(self.gram, penalty, self.coef, self.correlation, most, precision, True)

    def move(self, steps):
        self.coef += steps
        self.correlation -= self.gram @ steps


class ResidualForm:
    """Epochs that update the residual, for n <= m; `coef` is updated in place."""

    def __init__(self, working, state, coef):
        nothing = np.zeros(coef.size)
        self.rows, self.places = DenseDesign(working.block.rows[: coef.size]), np.arange(coef.size)
        self.quadratic = state.curvature, working.norms**2, nothing, nothing  # zeros, since the columns are centred
        self.working, self.coef, self.residual = working, coef, state.residual.copy()

    def epochs(self, penalty, most, precision):
        """(number of epochs run, whether the solution is precise enough)."""
        limits = most, precision, True
        return residual_epochs(
            self.rows, self.places, self.quadratic, penalty, self.coef, self.residual, 0.0, limits, True
        )[:2]

    def move(self, steps):
        self.coef += steps
        self.residual -= self.quadratic[0] * self.working.block.predict(steps)
