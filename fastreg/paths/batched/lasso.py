"""The lasso path of least squares by blocks of points: walk them all, then certify them all.

Between grid points the solution on a working set moves along straight lines, which the active set's walk follows from
kink to kink. So one kernel call walks a block of points, and leaves the coefficients of each and their correlations.
A sweep at the block's last point is exact for every other column there; the other points' residuals are nearly
mixtures of those swept, which bounds their correlations within a small radius (certificates.References
has the bound), and the few columns left open are looked at. Where a column violates its threshold the points before it
stand, it joins the working set, and the walk resumes. Nothing of length n is needed for a point that is not swept.

The sweeps are asked for, not made, so that the folds of a cross-validation have theirs made together.
"""

import numpy as np

from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import kernel
from fastreg.objective.correlation_bounds import ENDS, STRIPE, columns_reaching, mixtures
from fastreg.objective.duality_gap import References
from fastreg.objective.families import Gaussian
from fastreg.objective.screening import strong_columns
from fastreg.paths.batched.points import Walked
from fastreg.paths.pointwise import FAR, alphas_between
from fastreg.paths.smooth import Point, SmoothPath, make_point
from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.active_set.homotopy import BUDGET, DONE, EXCHANGE, STUCK
from fastreg.solvers.active_set.pivots import NONE, exchange
from fastreg.solvers.active_set.primal_dual import CROSSED, LEAPT, MET_DEPENDENT, leap_or_walk
from fastreg.solvers.active_set.quadratic_model import INACTIVE, PARKED, make_quadratic
from fastreg.solvers.choice import descent_pays
from fastreg.solvers.working_set import NEGLIGIBLE, WorkingSet

LONGEST, SHORTEST = 20, 5  # points a block may have, and below which it is not worth it
MOST_VALUES = 10_000_000  # of vectors of length n that a block may need
FEWEST, SHARE = 40, 0.3  # columns, and share of the support, that may enter the working set before a block
FEW = 10  # columns, besides a quarter of the active ones, that a leap may change
EXCHANGES = 100  # of dependent columns, in one block, before it counts as stuck
PATIENCE = 3.0  # times what descent is thought to cost, that a point's pivots may cost
ROUNDS = 30  # walks a block may take
BEGIN_LEAPING, BEGIN, GO_ON = 0, 1, 2  # how the walk to a point starts
NEAR = 0.95  # of its threshold, at which a column joins those that violate theirs
KEPT = 4  # references


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
    """Fits a grid of alphas by blocks. `null_loss` etc. are as PathSolver has them.

    `expected` holds for every alpha columns that are likely to be in there, if that is known: those of the fit on all
    rows where this is a fold.
    """

    more_sweeps = 0  # than one a walk, at most, where bounds leave many columns open: they pay where sweeps are shared

    def __init__(self, problem, tol, max_iter, null_correlation=None, expected=None):
        self.problem, self.tol, self.expected = problem, tol, expected
        self.smooth = SmoothPath(problem, tol, max_iter)
        if null_correlation is not None and problem.free.size == 0:
            self.smooth.null_correlation = null_correlation
        self.state, self.alpha_max = self.smooth.state, self.smooth.alpha_max
        self.intercept_loss, self.floor = self.smooth.intercept_loss, self.smooth.floor
        self.correlation = self.smooth.null_correlation
        self.references = References(problem.norms, problem.weight, KEPT)
        self.references.add(self.state.residual, self.correlation)
        self.working, self.active = WorkingSet(problem), ActiveSet()
        self.previous, self.changes = self.alpha_max, 5.0  # columns that enter or leave at a point,
        self.price = 5.0  # and the pivots that a point has taken, with those of walks in vain

    def steps(self, alphas, record, automatic=False):
        """All points, as a generator of sweeps: yields duals, is sent X'dual, ends in whether it is done.

        The points are added to `record`, those of a block together. It is not done where the walk gets stuck, a gap
        stays above tol or coordinate descent would be cheaper; another solver must then fit the rest. An `automatic`
        grid ends where the classes are separated.
        """
        self.record, self.automatic, self.separated = record, automatic, False
        above = alphas[alphas >= self.alpha_max]
        for alpha in above.tolist():
            none = np.empty(0, dtype=np.intp)
            record.add(make_point(self.problem, self.state, 0.0, 0, self.tol, alpha, none), alpha)
        grid, wanted = with_steps(alphas[above.size :], self.alpha_max)
        places = above.size + np.cumsum(wanted) - 1  # of the grid's points among those asked for
        start = 0
        while start < grid.size:
            end = min(start + longest(self.problem), grid.size)
            expected = None if self.expected is None else self.expected[max(places[start], 0) : places[end - 1] + 1]
            self._extend(self._next_columns(grid[end - 1], expected))
            if not (yield from self._block(grid[start:end], wanted[start:end])):
                return False
            if self.separated:
                break
            start = end
        return True

    def _descent_pays(self):
        support = np.count_nonzero(self.state.coef[self.working.columns])
        return descent_pays(self.price, support, self.working, self.tol)

    def _too_long(self, pivots):
        """Whether a point has taken so many pivots that descent would have solved it for less, by a margin."""
        return descent_pays(pivots / PATIENCE, self.active.size, self.working, self.tol)

    def _next_columns(self, alpha, expected):
        """Columns that the strong rule expects down to `alpha`, as many as may enter at once, and those told."""
        problem, contains = self.problem, self.working.contains
        support = np.count_nonzero(self.state.coef[self.working.columns])
        most = max(FEWEST, int(SHARE * support))
        penalty, before = problem.penalty(alpha), problem.l1_ratio * self.previous
        columns = strong_columns(self.correlation, problem, penalty, before, contains, most)
        if not expected:
            return columns
        joining = np.zeros(problem.p, dtype=bool)
        joining[np.concatenate(expected)] = True
        joining &= problem.usable & ~contains
        joining[columns] = True
        return np.flatnonzero(joining)

    def _extend(self, columns):
        self.working.extend(columns, self.state.residual)

    def _block(self, alphas, wanted):
        """Walk and certify the points at `alphas`, and keep those wanted. Ends in whether all are."""
        done, before, spent = 0, self.problem.work.pivots, 0
        for _ in range(ROUNDS):
            walked = None if self._descent_pays() else self._walk(alphas[done:])
            if walked is None:
                return False
            last, spent = spent, self.problem.work.pivots - before
            self.changes = (spent - last) / walked.size
            here = alphas[done : done + walked.size]
            good, violators = yield from self._check(here, walked)
            gaps = walked.gaps(here[:good])
            wide = np.flatnonzero(~(gaps <= self.tol * self.problem.scale))  # NaN is not closed, either
            if wide.size:
                good = int(wide[0])
                if not self._finer():
                    return False
            if good:
                self._settle(walked, good - 1)
            for k, (gap, alpha, kept) in enumerate(zip(gaps[:good].tolist(), here.tolist(), wanted[done:])):
                if kept:
                    self._keep(walked, k, gap, alpha)
                    if self.separated:
                        return True
            if good and self.problem.watcher is not None and not wanted[done + good - 1]:
                self._settle(walked, good - 1)  # again: the watcher has been shown another one
            done += good
            self.price = spent / max(done, 1)
            if done == alphas.size:
                self.previous = alphas[-1]
                return True
            self._extend(violators)
        return False

    def _keep(self, walked, k, gap, alpha):
        """Add point k to the record; whoever watches sees it as the state."""
        problem, (columns, values), steps, loss = self.problem, walked.support(k), walked.steps_of(k), walked.losses[k]
        self.record.alpha = alpha
        if problem.watcher is not None:
            self._settle(walked, k)
        problem.count_steps(steps, self.state, gap)
        self.separated = self.automatic and problem.family.separates(loss)
        reason = "separable" if self.separated else "converged"
        intercept = problem.fitted_intercept(walked.intercepts[k], columns, values)
        self.record.add(Point(columns, values, intercept, float(gap / problem.scale), steps, reason, loss), alpha)

    def _finer(self):
        """Solve the working set more finely from now on; False if that cannot be."""
        return False

    def _walk(self, alphas):
        """Solve at every alpha on the working set, in bounded kernel calls. A Walked of all points, or of those before
        the walk got stuck; None if that was at the first."""
        working, active, state = self.working, self.active, self.state
        working.set_penalty(self.problem.penalty(alphas[0]))
        model = make_quadratic(working, state, False)
        active._prepare(model, (working.model_version, working.l2_key))
        shape, factor = (alphas.size, model.l1.size), self.problem.lasso_factor[working.columns]
        kept = np.empty(shape), np.empty(shape), (np.empty(shape[1]), np.empty(shape[1]))
        done, exchanges, how, here = 0, 0, BEGIN_LEAPING, 0
        while done < alphas.size:
            self.problem.heed()
            active._make_room(model.l1.size, active.ROOM // 2)
            before = done
            outcome, active.size, done, pivots, column, sign = walk_points(
                model, active.active, active.size, (alphas, factor, done, how), active._budget(model.l1.size), kept
            )
            self.problem.work.pivots += pivots
            here = pivots if done > before else here + pivots
            exchanges += outcome not in (DONE, BUDGET)
            how = self._mend(model, model.coef, outcome, column, sign)
            if outcome == STUCK or exchanges > EXCHANGES or self._too_long(here):
                active.key = None
                if done == 0:
                    return None
                break  # what is done stands; with the columns that it lacks, the rest may be easier
        return Walked(self.problem, working, state, kept[0][:done], kept[1][:done], NEGLIGIBLE * self.tol)

    def _mend(self, model, coef, outcome, column, sign):
        """Do what a kernel left to be done; `coef` are the coefficients it began at. Returns how the walk goes on."""
        active = self.active
        if outcome == EXCHANGE:
            active.size = exchange(model, active.active, active.size, column, sign)
        elif outcome == CROSSED:
            active.active.status[active.active.status == PARKED] = INACTIVE
        elif outcome == MET_DEPENDENT:
            active._refactor(model, np.flatnonzero(coef))
            return BEGIN
        return GO_ON if outcome in (BUDGET, EXCHANGE) else BEGIN_LEAPING

    def _check(self, alphas, walked):
        """(number of leading points without violators, the violators); a generator of sweeps."""
        problem, working, last, l1 = self.problem, self.working, alphas.size - 1, alphas * self.problem.l1_ratio
        exact = yield from self._sweep(walked, last)
        for more in range(self.more_sweeps, -1, -1):
            here, squares = walked.products(self.references, last)
            mixes, radii = np.zeros((last, KEPT)), np.empty(last)
            products, sizes = self.references.products, self.references.sizes
            room = np.empty((ENDS, KEPT)), np.empty((2, KEPT)), np.empty(STRIPE)
            references = products, sizes, min(self.references.count, KEPT)
            mixtures(references, here, squares, np.empty((KEPT, KEPT)), mixes, radii)
            found = np.empty(problem.p, dtype=np.int64)
            outside = problem.norms, problem.lasso_factor, working.contains
            references = products, sizes, self.references.correlations
            count = columns_reaching(references, (mixes, radii, l1), exact, outside, room, found)
            columns = found[:count]
            if more == 0 or last * walked.cost(columns) < problem.stored:
                break
            yield from self._sweep(walked, int(np.argmax(radii)))  # cheaper than so many columns at every point
        problem.work.columns += count
        self.correlation = exact
        if count == 0:
            return alphas.size, columns
        excess = np.empty(count)
        first = first_violated(walked.correlate(columns), exact, columns, l1, problem.lasso_factor, excess)
        if first == alphas.size:
            return first, columns[:0]
        # Whatever violates anywhere in the block, or nearly does: with the first of them in, others may follow.
        support = np.count_nonzero(self.state.coef[working.columns])
        most = max(2 * FEWEST, support)
        near = columns[excess > NEAR]
        if near.size > most:
            near = columns[np.argpartition(-excess, most)[:most]]
        return first, near

    def _sweep(self, walked, k):
        """X'r at point k, exact for every column, which also serves as a reference."""
        residual = walked.residual(k)
        exact = yield residual, None
        self.references.add(residual, exact)
        return exact

    def _settle(self, walked, k):
        """Make point k the state."""
        state = self.state
        state.coef[self.working.columns] = walked.coefs[k]
        state.intercept = walked.intercepts[k]
        self.problem.refresh(state)
        self.working.correlate(state)


def with_steps(alphas, top):
    """The grid with steps added where it falls far at once, and which of its points were asked for."""
    grid, wanted, last = [], [], top
    for alpha in alphas:
        if alpha < FAR * last:
            between = alphas_between(last, alpha)
            grid.extend(between)
            wanted.extend([False] * between.size)
        grid.append(alpha)
        wanted.append(True)
        last = alpha
    return np.array(grid), wanted


@kernel
def first_violated(correlations, exact, columns, l1, factor, excess):
    """The first point at which one of the columns exceeds its threshold, else the number of points; `excess` are their
    largest correlations, over thresholds. At the last point `exact` holds those of all columns."""
    first, last = l1.size, l1.size - 1
    excess[:] = 0.0
    for k in range(last, -1, -1):
        for i in range(columns.size):
            j = columns[i]
            size = abs(exact[j] if k == last else correlations[k, i]) / (l1[k] * factor[j])
            excess[i] = max(excess[i], size)
            if size > 1.0:
                first = k
    return first


@kernel
def walk_points(model, active, size, points, budget, kept):
    """Leap or walk from alpha to alpha until all are done or about `budget` pivots are spent; keep the coefficients and
    their correlations, where `kept` also has room for those of a point's start.

    `points` is (alphas, factors of the columns, points done, how the next starts). Returns (outcome, size, points done,
    pivots, column, sign), as leap_or_walk has them; DONE between points if the budget is spent. Where a leap met a
    dependent column the point's start is back.
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
        most = FEW + size // 4 if how == BEGIN_LEAPING else 0
        left = max(budget - spent, 1)
        outcome, size, pivots, column, sign = leap_or_walk(model, active, size, most, left, how != GO_ON)
        how = BEGIN_LEAPING
        spent += pivots
        if outcome == MET_DEPENDENT:
            copy_values(coef, model.coef)
            copy_values(correlation, model.correlation)
        if outcome not in (DONE, LEAPT):
            return outcome, size, done, spent, column, sign
        copy_values(model.coef, coefs[done])
        copy_values(model.correlation, correlations[done])
        done += 1
    return DONE, size, done, spent, NONE, 0.0
