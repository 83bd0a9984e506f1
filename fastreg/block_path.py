"""The lasso path of least squares by blocks of points: walk them all, then certify them all.

Between grid points the solution on a working set moves along straight lines, which the active set's walk follows from
kink to kink. So one kernel call walks a block of points; their residuals and correlations with the working set are
products of matrices; one sweep, at the block's last point, is exact for every other column there, and the points
before it are certified from the residuals at both ends: being nearly a mixture of them, they leave a small radius
(certificates.References has the bound). Where a column violates its threshold the points before it stand, it joins
the working set, and the walk resumes.

The sweeps are asked for, not made, so that the folds of a cross-validation have theirs made together. A block's
residuals are all in memory, so it holds fewer points the more rows there are.
"""

import numpy as np

from fastreg._jit import kernel
from fastreg.certificates import References, column_terms, dual_scale
from fastreg.columns import correlate_vectors_some
from fastreg.families import Gaussian
from fastreg.path import FAR, STRIDE
from fastreg.screening import largest_columns
from fastreg.smooth_path import Point, SmoothPath, make_point
from fastreg.solvers import descent_pays
from fastreg.solvers.active_set import ActiveSet
from fastreg.solvers.leaps import CROSSED, LEAPT, MET_DEPENDENT, leap_or_walk
from fastreg.solvers.pivots import NONE, exchange
from fastreg.solvers.quadratic import INACTIVE, PARKED, make_quadratic
from fastreg.solvers.walks import BUDGET, DONE, EXCHANGE, STUCK
from fastreg.solvers.working_set import NEGLIGIBLE, WorkingSet
from fastreg.walked import Walked

LONGEST, SHORTEST = 20, 5  # points a block may have, and below which it is not worth it
MOST_VALUES = 2_000_000  # of a block's residuals
FEWEST, SHARE = 40, 0.3  # columns, and share of the support, that may enter the working set before a block
FEW = 10  # columns, besides a quarter of the active ones, that a leap may change
STRIPE = 512  # columns whose bounds are taken at all points of a block while they are in the cache
EXCHANGES = 100  # of dependent columns, in one block, before it counts as stuck
ROUNDS = 30  # walks a block may take
BEGIN_LEAPING, BEGIN, GO_ON = 0, 1, 2  # how the walk to a point starts


def suits(problem, solver, count, lowest):
    """Whether a path of `count` alphas down to `lowest` can go by blocks: a lasso of least squares, every column
    penalised, no bounds, alpha > 0."""
    lasso = isinstance(problem.family, Gaussian) and problem.l1_ratio == 1.0 and problem.unpenalised.size == 0
    lasso = lasso and problem.bounds is None
    return lasso and solver in ("auto", "active_set") and lowest > 0.0 and min(count, longest(problem)) >= SHORTEST


def longest(problem):
    """Points that a block may have."""
    return min(LONGEST, MOST_VALUES // problem.n)


class BlockPath:
    """Fits a grid of alphas by blocks. `null_loss` etc. are as PathSolver has them."""

    def __init__(self, problem, tol, max_iter, null_correlation=None):
        self.problem, self.tol = problem, tol
        self.smooth = SmoothPath(problem, tol, max_iter)
        if null_correlation is not None and problem.free.size == 0:
            self.smooth.null_correlation = null_correlation
        self.state, self.alpha_max = self.smooth.state, self.smooth.alpha_max
        self.intercept_loss, self.floor = self.smooth.intercept_loss, self.smooth.floor
        self.correlation = self.smooth.null_correlation
        self.references = References(problem.norms, problem.weight)
        self.references.add(self.state.residual, self.correlation)
        self.working, self.active = WorkingSet(problem), ActiveSet()
        self.previous, self.changes = self.alpha_max, 5.0  # columns that enter or leave at a point

    def steps(self, alphas, rows, record):
        """All points, as a generator of sweeps: yields duals, is sent X'dual, ends in the eta of `rows` at each.

        The points are added to `record`, those of a block together. There are fewer than alphas where the walk gets
        stuck, a gap stays above tol, or coordinate descent would be cheaper; another solver must then fit the rest.
        """
        self.record, self.rows, self.etas = record, rows, []
        for alpha in alphas[alphas >= self.alpha_max].tolist():
            none = np.empty(0, dtype=np.intp)
            self._keep(make_point(self.problem, self.state, 0.0, 0, self.tol, alpha, none), self.state.eta[rows], alpha)
        grid, wanted = with_steps(alphas[len(self.etas) :], self.alpha_max)
        start = 0
        while start < grid.size:
            end, columns = self._next_block(grid, start)
            self._extend(columns)
            if self._descent_pays() or not (yield from self._block(grid[start:end], wanted[start:end])):
                break
            start = end
        return self.etas

    def _keep(self, point, eta, alpha):
        self.record.add(point, alpha)
        self.etas.append(eta)

    def _descent_pays(self):
        return descent_pays(self.changes, np.count_nonzero(self.state.coef[self.working.columns]), self.working)

    def _next_block(self, grid, start):
        """(end of the next block, columns that the strong rule expects in it), as many as may enter at once."""
        problem = self.problem
        outside = np.flatnonzero((problem.norms > 0.0) & ~self.working.contains)
        size = np.abs(self.correlation[outside]) / problem.lasso_factor[outside]
        support = np.count_nonzero(self.state.coef[self.working.columns])
        most = max(FEWEST, int(SHARE * support))
        points = min(longest(problem), grid.size - start)
        threshold = 2.0 * grid[start + points - 1] - self.previous
        columns = outside[size >= threshold]
        return start + points, largest_columns(columns, self.correlation, problem, most)

    def _extend(self, columns):
        self.working.extend(columns, self.state.residual)

    def _block(self, alphas, wanted):
        """Walk and certify the points at `alphas`, and keep those wanted. Ends in whether all are."""
        done = 0
        for _ in range(ROUNDS):
            walked = self._walk(alphas[done:])
            if walked is None:
                return False
            last, here = walked.residuals[:, -1].copy(), alphas[done : done + len(walked.coefs)]
            exact = yield last, None
            self.references.add(last, exact)
            good, violators = self._check(here, walked, exact)
            gaps = self._gaps(here, walked, good)
            if np.any(gaps > self.tol * self.problem.scale):
                return False
            for k in range(good):
                if wanted[done + k]:
                    self._finish(walked, k, gaps[k], alphas[done + k])
            if good:
                self._settle(walked, good - 1)
            done += good
            if done == alphas.size:
                self.correlation, self.previous = exact, alphas[-1]
                return True
            self._extend(violators)
        return False

    def _walk(self, alphas):
        """Solve at every alpha on the working set, in bounded kernel calls. A Walked of all points, or of those before
        the walk got stuck; None if that was at the first."""
        working, active, state = self.working, self.active, self.state
        working.set_penalty(self.problem.penalty(alphas[0]))
        model = make_quadratic(working, state, False)
        active._prepare(model, (working.model_version, working.l2_key))
        factor = self.problem.lasso_factor[working.columns]
        out = np.empty((2, alphas.size, model.l1.size))
        done, exchanges, how, pivots_before = 0, 0, BEGIN_LEAPING, self.problem.work.pivots
        while done < alphas.size:
            active._make_room(model.l1.size, active.ROOM // 2)
            outcome, active.size, done, pivots, column, sign = walk_points(
                model, active.active, active.size, (alphas, factor, done, how), active._budget(model.l1.size), out
            )
            self.problem.work.pivots += pivots
            exchanges += outcome not in (DONE, BUDGET)
            how = GO_ON if outcome in (BUDGET, EXCHANGE) else BEGIN if outcome == MET_DEPENDENT else BEGIN_LEAPING
            if outcome == EXCHANGE:
                active.size = exchange(model, active.active, active.size, column, sign)
            elif outcome == CROSSED:
                active.active.status[active.active.status == PARKED] = INACTIVE
            elif outcome == MET_DEPENDENT:
                active._refactor(model, np.flatnonzero(model.coef))
            if outcome == STUCK or exchanges > EXCHANGES:
                active.key = None
                if done == 0:
                    return None
                break  # what is done stands; with the columns that it lacks, the rest may be easier
        self.changes = (self.problem.work.pivots - pivots_before) / done
        return Walked(self.problem, working, state, out[:, :done], NEGLIGIBLE * self.tol, self.rows)

    def _check(self, alphas, walked, exact):
        """(number of leading points without violators, the violators)."""
        problem, working = self.problem, self.working
        found, bounds = np.empty(problem.p, dtype=np.int64), self.references.mixtures(walked.residuals)
        bounds = (self.references.correlations, *bounds)
        count = columns_reaching(bounds, exact, alphas, problem.norms, problem.lasso_factor, working.contains, found)
        columns = found[:count]
        sizes = np.zeros((count, alphas.size))
        correlate_vectors_some(problem.design, walked.residuals, columns, sizes)
        problem.work.columns += count
        over = np.abs(sizes.T) > alphas[:, None] * problem.lasso_factor[columns]
        bad = np.flatnonzero(over.any(axis=1))
        good = int(bad[0]) if bad.size else alphas.size
        if not bad.size:
            return good, columns[:0]
        # Those at the first bad point, and at the last, where the rest of the block is going.
        violators = columns[over[good] | over[-1]]
        support = np.count_nonzero(self.state.coef[working.columns])
        return good, largest_columns(violators, exact, problem, max(2 * FEWEST, support))

    def _gaps(self, alphas, walked, good):
        """Absolute duality gaps of the first `good` points, which no column outside the working set violates."""
        gaps, factor = np.empty(good), self.problem.lasso_factor[self.working.columns]
        lasso_gaps(walked.squares, walked.correlations, walked.coefs, alphas, factor, gaps)
        return gaps

    def _finish(self, walked, k, gap, alpha):
        """Keep point k, and let whoever watches see it as the state."""
        problem, coefs = self.problem, walked.coefs[k, walked.order]
        inside = np.flatnonzero(coefs)
        columns, values = walked.columns[inside], coefs[inside]
        intercept = problem.fitted_intercept(walked.intercepts[k], columns, values)
        relative, loss = float(gap / problem.scale), problem.loss_of_squares(walked.squares[k])
        self.record.alpha = alpha
        if problem.watcher is not None:
            self._settle(walked, k)
        problem.count_steps(1, self.state, gap)
        self._keep(Point(columns, values, intercept, relative, 1, "converged", loss), walked.etas[k], alpha)

    def _settle(self, walked, k):
        """Make point k the state."""
        state, columns = self.state, self.working.columns
        state.coef[columns] = walked.coefs[k]
        state.intercept = walked.intercepts[k]
        self.problem.refresh(state)
        self.working.correlation, self.working.drift = walked.correlations[k].copy(), float(walked.drifts[k])


def with_steps(alphas, top):
    """The grid with steps added where it falls far at once, and which of its points were asked for."""
    grid, wanted, last = [], [], top
    for alpha in alphas:
        if alpha < FAR * last:
            steps = int(np.ceil(np.log(alpha / last) / np.log(STRIDE)))
            between = np.geomspace(last, alpha, steps + 1)[1:-1]
            grid.extend(between)
            wanted.extend([False] * between.size)
        grid.append(alpha)
        wanted.append(True)
        last = alpha
    return np.array(grid), wanted


@kernel
def walk_points(model, active, size, points, budget, out):
    """Leap or walk from alpha to alpha until all are done or about `budget` pivots are spent; keep the coefficients
    and correlations, out[0] and out[1].

    `points` is (alphas, factors of the columns, points done, how the next starts). Returns (outcome, size, points done,
    pivots, column, sign), as leap_or_walk has them; DONE between points if the budget is spent. Where a leap met a
    dependent column the point's start is back.
    """
    alphas, factor, done, how = points
    spent, coef, correlation = 0, np.empty(factor.size), np.empty(factor.size)
    while done < alphas.size:
        if spent > budget:
            break
        coef[:], correlation[:] = model.coef, model.correlation
        for j in range(factor.size):
            model.l1[j] = alphas[done] * factor[j]
        most = FEW + size // 4 if how == BEGIN_LEAPING else 0
        left = max(budget - spent, 1)
        outcome, size, pivots, column, sign = leap_or_walk(model, active, size, most, left, how != GO_ON)
        how = BEGIN_LEAPING
        spent += pivots
        if outcome == MET_DEPENDENT:
            model.coef[:], model.correlation[:] = coef, correlation
        if outcome not in (DONE, LEAPT):
            return outcome, size, done, spent, column, sign
        out[0, done], out[1, done] = model.coef, model.correlation
        done += 1
    return DONE, size, done, spent, NONE, 0.0


@kernel
def columns_reaching(bounds, exact, alphas, norms, factor, contains, found):
    """List the columns outside the working set that exceed their threshold at the last point, where they are known
    exactly, or may do so at an earlier one. Returns how many."""
    known, mixes, radii = bounds
    count, last, excess = 0, alphas.size - 1, np.empty(STRIPE)
    for start in range(0, norms.size, STRIPE):
        size = min(STRIPE, norms.size - start)
        first, second, third = known[0, start:], known[1, start:], known[2, start:]
        norm, weight = norms[start:], factor[start:]
        for j in range(size):
            excess[j] = abs(exact[start + j]) - alphas[last] * weight[j]
        for k in range(last):
            a, b, c, radius, alpha = mixes[k, 0], mixes[k, 1], mixes[k, 2], radii[k], alphas[k]
            for j in range(size):
                size_there = abs(a * first[j] + b * second[j] + c * third[j]) + radius * norm[j]
                excess[j] = max(excess[j], size_there - alpha * weight[j])
        for j in range(size):
            if excess[j] > 0.0 and norm[j] > 0.0 and not contains[start + j]:
                found[count] = start + j
                count += 1
    return count


@kernel
def lasso_gaps(squares, correlations, coefs, alphas, factor, gaps):
    """The duality gap of each point at its scaled residual, the columns outside not violating theirs.

    Of least squares, whose rows' share of gap(s) is (1 - s)^2 sum r^2 / (2 w).
    """
    l1, none = np.empty(factor.size), np.zeros(factor.size)
    for k in range(gaps.size):
        for j in range(factor.size):
            l1[j] = alphas[k] * factor[j]
        s = dual_scale(correlations[k], l1, none, False)
        gaps[k] = 0.5 * (1.0 - s) ** 2 * squares[k] + column_terms(correlations[k], coefs[k], l1, none, s)
