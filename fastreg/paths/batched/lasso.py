"""Batches of the lasso of least squares: the solution on a working set is piecewise linear in alpha, and the homotopy
follows it from breakpoint to breakpoint. Points need no vectors of length n."""

import numpy as np

from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import kernel
from fastreg.objective.duality_gap import column_terms, dual_scales
from fastreg.paths.batched.batch import EXCHANGES, BatchPoints
from fastreg.solvers.active_set.pivots import BEGIN_BY_STEP, FEW, GO_ON, NONE, Outcome, PivotResult, numbers_of
from fastreg.solvers.active_set.primal_dual import pivot_to_minimum
from fastreg.solvers.active_set.quadratic_model import make_quadratic
from fastreg.solvers.working_set import NEGLIGIBLE


class LassoBatch:
    """Solves batches for least squares with an l1 penalty alone, exactly."""

    name = "batched_lasso"
    products = 2.0  # of a column of the working set with vectors, in a batch, about

    def __init__(self, fit, working, pivoting):
        self.fit, self.problem, self.state = fit, fit.problem, fit.state
        self.working, self.pivoting = working, pivoting

    def refine(self):
        return False

    def solve(self, alphas):
        """LassoPoints of the working set at `alphas`, or at those before the homotopy got stuck; None if at the first.
        Kernel calls are short, so that a fit can be interrupted."""
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
            active._enlarge_factor(model.l1.size, active.GROWTH // 2)
            before = done
            done, numbers = lasso_points(
                model, active.active, active.size, (alphas, factor, done, how), active._budget(model.l1.size), kept
            )
            result = PivotResult(*numbers)
            here = result.pivots if done > before else here + result.pivots
            exchanges += result.outcome not in (Outcome.DONE, Outcome.BUDGET)
            how = self.pivoting.mend(model, model.coef, result)
            if result.outcome == Outcome.STUCK or exchanges > EXCHANGES or self.pivoting.too_long(here):
                active.forget()
                if done == 0:
                    return None
                break  # the rest may be easier with columns still to be added
        return LassoPoints(self.problem, working, state, kept[0][:done], kept[1][:done], NEGLIGIBLE * self.fit.tol)


@kernel
def lasso_points(model, active, size, points, budget, kept):
    """Solve at alpha after alpha, by primal-dual steps or homotopy, until all are done or about `budget` pivots spent.

    `points` is (alphas, l1 rates of the columns, points done, how the next starts); `kept` is (coefficients of the
    points, their correlations, scratch memory for a point's start). Returns (points done, the numbers of
    the PivotResult of them all), DONE if the budget is spent. If a primal-dual step met a dependent column, the point's
    start is restored.
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
        result = pivot_to_minimum(model, active, size, most, left, how != GO_ON)
        how, size = BEGIN_BY_STEP, result.size
        spent += result.pivots
        if result.outcome == Outcome.MET_DEPENDENT:
            copy_values(coef, model.coef)
            copy_values(correlation, model.correlation)
        if result.outcome not in (Outcome.DONE, Outcome.STEPPED):
            return done, numbers_of(PivotResult(result.outcome, size, spent, result.column, result.sign))
        copy_values(model.coef, coefs[done])
        copy_values(model.correlation, correlations[done])
        done += 1
    return done, numbers_of(PivotResult(Outcome.DONE, size, spent, NONE, 0.0))


class LassoPoints(BatchPoints):
    """The points of a lasso path of least squares.

    Let r be the residual and c the correlations at the state, d the change of the coefficients from there to a point,
    and c_k the correlations there. Then |r_k|^2 = |r|^2 - d'(c + c_k) in the norm of the weights, so that a point needs
    its correlations alone, which the homotopy returns. Where their rounding error may exceed `negligible` (relative to
    the null model's loss), they are computed from residuals instead.
    """

    def __init__(self, problem, working, state, coefs, correlations, negligible):
        super().__init__(working.columns, coefs)
        self.problem, self.working, self.state = problem, working, state
        self.steps, fallen, shifts = np.empty(coefs.shape), np.empty(self.size), np.empty(self.size)
        start = state.coef[working.columns], working.correlation, working.norms, problem.centre[working.columns]
        sizes = changes_of_points(coefs, correlations, start, self.steps, fallen, shifts)
        if working.rounding * sizes > negligible * problem.scale:
            correlations = working.block.correlate_each(np.array([self.residual(k) for k in range(self.size)]))
            changes_of_points(coefs, correlations, start, self.steps, fallen, shifts)
        self.correlations = correlations
        self.squares = np.maximum(square_in_metric(state.residual, problem.weight) - fallen, 0.0)
        self.losses = np.maximum(problem.loss(state) - 0.5 * fallen, 0.0).tolist()
        self.intercepts = (state.intercept - shifts * problem.fit_intercept).tolist()

    def steps_of(self, k):
        """1: a point is one quadratic model."""
        return 1

    def correlate(self, columns):
        """x_j'r for some columns outside the working set, at every point: (size, columns)."""
        return self.working.block.respond(columns, self.state.residual, self.problem.weight, self.steps)

    def products(self, references, count):
        """(inner products of the first `count` residuals with the references, squared norms), as in References."""
        known = references.correlations[:, self.working.columns]
        start = references.residuals @ (self.state.residual * references.unit)
        return start - self.steps[:count] @ known.T, self.squares[:count]

    def gaps(self, alphas):
        """The absolute duality gaps of the leading points, at `alphas`, if no other column violates its threshold."""
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
def changes_of_points(coefs, correlations, start, steps, fallen, shifts):
    """Write, for each point, the change of coefficients (`steps`), the decrease of |r|^2 and of the intercept.

    `start` is (coefficients, correlations, norms, centres) of the columns at the state. Returns the largest product of
    sum_j N_j |d_j| and sum_j N_j |b_j| of a point, to which rounding errors of the correlations are proportional.
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
    """Write the duality gap of each point at its scaled residual, if no other column violates its threshold. `penalty`
    is scratch memory for l1, and l2 = 0."""
    l1, none = penalty
    for k in range(gaps.size):
        for j in range(factor.size):
            l1[j] = alphas[k] * factor[j]
        s = dual_scales(correlations[k], l1, none)[1]
        gaps[k] = 0.5 * (1.0 - s) ** 2 * squares[k] + column_terms(correlations[k], coefs[k], l1, none, s)
