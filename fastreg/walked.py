"""The points of a least-squares path on a working set, many at once: their residuals, squares and intercepts."""

import numpy as np

from fastreg._jit import kernel


class Walked:
    """Points of a walk, from their coefficients on the working set.

    Attributes
    ----------
    coefs, correlations : (k, |W|). The correlations are those of the walk, unless what rounding may have added to gaps
        could exceed `negligible` of the null model's loss (WorkingSet.follow has the bound).
    residuals : (n, k), side by side, so that one pass over X multiplies all.
    squares : (k,) sum r^2 / w, twice the loss.
    etas : (k, rows) linear predictors of the rows asked for.
    intercepts : (k,).
    columns, order : the working set in ascending order, and what puts coefs in it.
    """

    def __init__(self, problem, working, state, walk, negligible, rows):
        columns, (self.coefs, self.correlations) = working.columns, walk
        steps = self.coefs - state.coef[columns]
        change = working.block.predict_each(steps)
        before, shift, self.squares = np.zeros((3, len(steps)))
        predicted = change[rows].T
        subtract_each(problem.family.y - state.eta, problem.weight, problem.fit_intercept, change, before, shift)
        square_each(problem.weight, shift, change, self.squares)
        self.residuals, self.intercepts = change, state.intercept - before + shift
        self.etas = state.eta[rows] + predicted + (shift - before)[:, None]
        if problem.fit_intercept:
            self.intercepts -= steps @ problem.centre[columns]
        self.drifts, sizes = working.drift + np.abs(steps) @ working.norms, np.abs(self.coefs) @ working.norms
        if working.rounding * self.drifts.max() * sizes.max() > negligible * problem.scale:
            self.correlations, self.drifts = working.block.correlate_each(self.residuals), np.zeros(len(steps))
            problem.work.columns += columns.size
        self.order = np.argsort(columns)
        self.columns = columns[self.order]


@kernel
def subtract_each(start, weight, fit_intercept, change, middle, shift):
    """change[i, k] becomes w_i (start_i - change_ik + middle_k), the weighted mean of change taken out under an
    intercept; `shift` is the sum of that over the rows, rounding."""
    n, size = change.shape
    if fit_intercept:
        for i in range(n):
            for k in range(size):
                middle[k] += weight[i] * change[i, k]
    for i in range(n):
        for k in range(size):
            change[i, k] = weight[i] * (start[i] - change[i, k] + middle[k])
    if fit_intercept:
        for i in range(n):
            for k in range(size):
                shift[k] += change[i, k]


@kernel
def square_each(weight, shift, residuals, squares):
    """Take the shifts out of the residuals, and sum r^2 / w over the rows with a weight."""
    for i in range(residuals.shape[0]):
        unit = 1.0 / weight[i] if weight[i] > 0.0 else 0.0
        for k in range(squares.size):
            residuals[i, k] -= shift[k] * weight[i]
            squares[k] += residuals[i, k] * residuals[i, k] * unit
