"""Batches of the lasso of least squares: between grid points the solution on a working set moves along straight lines,
which the active set's homotopy follows from breakpoint to breakpoint. Nothing of length n is needed for a point."""

import numpy as np

from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import kernel
from fastreg.objective.duality_gap import column_terms, dual_scales
from fastreg.paths.batched.batch import EXCHANGES, BatchPoints
from fastreg.solvers.active_set.pivots import BEGIN_BY_STEP, FEW, GO_ON, NONE, Outcome, Way
from fastreg.solvers.active_set.primal_dual import step_or_walk
from fastreg.solvers.active_set.quadratic_model import make_quadratic
from fastreg.solvers.working_set import NEGLIGIBLE


class LassoBatch:
    """Solves batches for least squares with an l1 penalty alone: exact, so that it cannot be refined."""

    name = "batched_lasso"

    def __init__(self, fit, working, pivoting):
        self.fit, self.problem, self.state = fit, fit.problem, fit.state
        self.working, self.pivoting = working, pivoting

    def refine(self):
        return False

    def solve(self, alphas):
        """Solve at every alpha on the working set, in bounded kernel calls. A Walked of all points, or of those before
        the walk got stuck; None if that was at the first."""
        working, active, state = self.working, self.pivoting.active, self.state
        if self.pivoting.stops(state):
            return None
        working.set_penalty(self.problem.penalty_at(alphas[0]))
        model = make_quadratic(working, state, False)
        active._prepare(model, (working.model_version, working.ridge_alpha))
        shape, factor = (alphas.size, model.l1.size), self.problem.l1_rates[working.columns]
        kept = np.empty(shape), np.empty(shape), (np.empty(shape[1]), np.empty(shape[1]))
        done, exchanges, how, here = 0, 0, BEGIN_BY_STEP, 0
        while done < alphas.size:
            self.problem.stop_if_interrupted()
            active._make_room(model.l1.size, active.ROOM // 2)
            before = done
            done, way = walk_points(
                model, active.active, active.size, (alphas, factor, done, how), active._budget(model.l1.size), kept
            )
            here = way.pivots if done > before else here + way.pivots
            exchanges += way.outcome not in (Outcome.DONE, Outcome.BUDGET)
            how = self.pivoting.mend(model, model.coef, way)
            if way.outcome == Outcome.STUCK or exchanges > EXCHANGES or self.pivoting.too_long(here):
                active.forget()
                if done == 0:
                    return None
                break  # what is done stands; with the columns that it lacks, the rest may be easier
        return Walked(self.problem, working, state, kept[0][:done], kept[1][:done], NEGLIGIBLE * self.fit.tol)


@kernel
def walk_points(model, active, size, points, budget, kept):
    """Step or walk from alpha to alpha until all are done or about `budget` pivots are spent; keep the coefficients and
    their correlations, where `kept` also has room for those of a point's start.

    `points` is (alphas, factors of the columns, points done, how the next starts). Returns (points done, the Way of
    them all); DONE between points if the budget is spent. Where a primal-dual step met a dependent column, the point's
    start is back.
    """
    alphas, factor, done, how = points
    coefs, correlations, (coef, correlation) = kept
    spent = 0
    while done < alphas.size:
        if spent > budget:
            break
        copy_values(model.coef, coef)
        copy_values(model.correlation, correlation)
        for j in range(factor.size):
            model.l1[j] = alphas[done] * factor[j]
        most = FEW + size // 4 if how == BEGIN_BY_STEP else 0
        left = max(budget - spent, 1)
        way = step_or_walk(model, active, size, most, left, how != GO_ON)
        how, size = BEGIN_BY_STEP, way.size
        spent += way.pivots
        if way.outcome == Outcome.MET_DEPENDENT:
            copy_values(coef, model.coef)
            copy_values(correlation, model.correlation)
        if way.outcome not in (Outcome.DONE, Outcome.STEPPED):
            return done, Way(way.outcome, size, spent, way.column, way.sign)
        copy_values(model.coef, coefs[done])
        copy_values(model.correlation, correlations[done])
        done += 1
    return done, Way(Outcome.DONE, size, spent, NONE, 0.0)


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
        s = dual_scales(correlations[k], l1, none)[1]
        gaps[k] = 0.5 * (1.0 - s) ** 2 * squares[k] + column_terms(correlations[k], coefs[k], l1, none, s)
