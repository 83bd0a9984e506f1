"""Batches of the lasso of least squares: between grid points the solution on a working set moves along straight lines,
which the active set's homotopy follows from breakpoint to breakpoint. Nothing of length n is needed for a point."""

import numpy as np

from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import kernel
from fastreg.paths.batched.pivoting import EXCHANGES
from fastreg.paths.batched.points import Walked
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
                active.key = None
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
