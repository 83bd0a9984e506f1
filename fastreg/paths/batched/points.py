"""The points of a batch on its working set, as arrays of one row a point."""

import numpy as np

from fastreg.numerics.jit import kernel
from fastreg.objective.duality_gap import column_terms, dual_scale


class BatchPoints:
    """Points with coefficients `coefs` in the columns of a working set."""

    def __init__(self, columns, coefs):
        self.coefs, self.size, inside = coefs, len(coefs), np.count_nonzero(coefs)
        ends, self.places = np.empty(self.size + 1, dtype=np.intp), np.empty(inside, dtype=np.intp)
        self.values = np.empty(inside)
        pack_points(coefs, np.argsort(columns), columns, (ends, self.places, self.values))
        self.ends = ends.tolist()

    def support(self, k):
        """(columns, coefficients) of point k, without zeros, by rising number of the column."""
        start, stop = self.ends[k], self.ends[k + 1]
        return self.places[start:stop], self.values[start:stop]


class Walked(BatchPoints):
    """The points of a walk along the lasso path of least squares.

    With d the change of the coefficients since the state, where the residual is r and the correlations are c, and c_k
    those at a point, least squares has |r_k|^2 = |r|^2 - d'(c + c_k) in the metric of the weights: nothing as long as
    a residual is needed for a point but its correlations, which the walk has. Where the rounding of these may matter
    beside `negligible` (relative to the null model's loss) they are computed from the residuals.
    """

    def __init__(self, problem, working, state, coefs, correlations, negligible):
        super().__init__(working.columns, coefs)
        self.problem, self.working, self.state = problem, working, state
        self.steps, fallen, shifts = np.empty(coefs.shape), np.empty(self.size), np.empty(self.size)
        start = state.coef[working.columns], working.correlation, working.norms, problem.centre[working.columns]
        sizes = follow_points(coefs, correlations, start, self.steps, fallen, shifts)
        if working.rounding * sizes > negligible * problem.scale:
            correlations = working.block.correlate_each(np.array([self.residual(k) for k in range(self.size)]))
            follow_points(coefs, correlations, start, self.steps, fallen, shifts)
        self.correlations = correlations
        self.squares = np.maximum(square_in_metric(state.residual, problem.weight) - fallen, 0.0)
        self.losses = np.maximum(problem.loss(state) - 0.5 * fallen, 0.0).tolist()
        self.intercepts = (state.intercept - shifts * problem.fit_intercept).tolist()

    def steps_of(self, k):
        """Models solved for a point."""
        return 1

    def correlate(self, columns):
        """x_j'r for some columns outside the working set, at every point."""
        start = self.problem.correlate_some(self.state.residual, columns)
        return start - self.working.block.respond(columns, self.problem.weight, self.steps)

    def cost(self, columns):
        """Of `correlate`, a point: in values of X read by a sweep."""
        return self.working.block.response_cost(columns)

    def products(self, references, count):
        """(products of the first `count` residuals with the references, squares), in the weights' metric."""
        known = references.correlations[:, self.working.columns]
        start = references.residuals @ (self.state.residual * references.unit)
        return start - self.steps[:count] @ known.T, self.squares[:count]

    def gaps(self, alphas):
        """The absolute duality gaps of the points at `alphas`, which no column outside the working set violates."""
        gaps, factor = np.empty(len(alphas)), self.problem.l1_rates[self.working.columns]
        penalty = np.empty(factor.size), np.zeros(factor.size)
        lasso_gaps(self.squares, self.correlations, self.coefs, alphas, factor, penalty, gaps)
        return gaps

    def residual(self, k):
        """The residual at point k, with the intercept fitted."""
        problem = self.problem
        out = self.state.residual - problem.weight * self.working.block.predict(self.steps[k])
        return out - out.sum() * problem.weight if problem.fit_intercept else out


@kernel
def pack_points(coefs, order, columns, packed):
    """Write the coefficients of each point that are not zero one after another; `order` sorts the columns."""
    ends, places, values = packed
    count = 0
    ends[0] = 0
    for k in range(coefs.shape[0]):
        for j in order:
            if coefs[k, j] != 0.0:
                places[count], values[count] = columns[j], coefs[k, j]
                count += 1
        ends[k + 1] = count


@kernel
def follow_points(coefs, correlations, start, steps, fallen, shifts):
    """The steps to each point, by how much |r|^2 has fallen there, and what the intercept loses.

    `start` are the (coefficients, correlations, norms, centres) of the columns where the batch begins. Returns the
    largest product of a step's size with a point's, each sum_j N_j |.|, that the rounding of correlations grows with.
    """
    coef, correlation, norms, centre = start
    largest = 0.0
    for k in range(coefs.shape[0]):
        drift, size, fall, shift = 0.0, 0.0, 0.0, 0.0
        for j in range(coef.size):
            step = coefs[k, j] - coef[j]
            steps[k, j] = step
            drift += norms[j] * abs(step)
            size += norms[j] * abs(coefs[k, j])
            fall += step * (correlation[j] + correlations[k, j])
            shift += step * centre[j]
        fallen[k], shifts[k] = fall, shift
        largest = max(largest, drift * size)
    return largest


@kernel
def square_in_metric(residual, weight):
    """sum_i r_i^2 / w_i over the rows of positive weight."""
    total = 0.0
    for i in range(weight.size):
        if weight[i] > 0.0:
            total += residual[i] * residual[i] / weight[i]
    return total


@kernel
def lasso_gaps(squares, correlations, coefs, alphas, factor, penalty, gaps):
    """The duality gap of each point at its scaled residual, the columns outside not violating theirs; `penalty` is room
    for l1 and has l2 = 0."""
    l1, none = penalty
    for k in range(gaps.size):
        for j in range(factor.size):
            l1[j] = alphas[k] * factor[j]
        s = dual_scale(correlations[k], l1, none, False)
        gaps[k] = 0.5 * (1.0 - s) ** 2 * squares[k] + column_terms(correlations[k], coefs[k], l1, none, s)
