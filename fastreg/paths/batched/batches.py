"""Paths by batches of points: solve many on the working set, then certify them all.

One kernel call solves a batch of points on the working set: it returns the coefficients and correlations of each. A
sweep X'r at the last point gives the correlations of all columns there. The residuals of the other points are close to
linear combinations of residuals with known products, which bounds all correlations (duality_gap.References); for the
few columns whose bound exceeds their threshold, correlations are computed. Where a column violates its threshold, the
points before the first violation are kept and the column is added to the working set. The next batch begins after the
last point that was kept.

A BatchSolver (paths/protocol.py) solves the points: lasso.py, newton.py or descent.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from fastreg.design.dense_products import TILE
from fastreg.numerics.jit import kernel
from fastreg.objective.correlation_bounds import ENDS, columns_reaching, mixtures
from fastreg.objective.duality_gap import References
from fastreg.objective.screening import largest_columns, strong_columns
from fastreg.paths.batched.batch import Pivoting
from fastreg.paths.fit import Fit, Point, make_point
from fastreg.paths.grid import with_steps
from fastreg.paths.known import residuals_of
from fastreg.paths.plan import AT_FIRST, ROUNDS, longest_batch
from fastreg.solvers.choice import SAVED, columns_at_once, second_residual_pays
from fastreg.solvers.working_set import WorkingSet

if TYPE_CHECKING:
    from fastreg.paths.protocol import BatchSolver, Products

SHARE = 0.3  # columns that are always added to the working set beside AT_FIRST, over the support
NEAR = 0.95  # correlation over threshold, from which columns are added together with violators


class Batches:
    """Fits a grid of alphas from the null model or a known solution on, batch by batch, as long as that pays."""

    def __init__(self, solver: Callable[[Fit, WorkingSet, Pivoting], BatchSolver], fit: Fit):
        self.fit, self.problem, self.state, self.tol = fit, fit.problem, fit.state, fit.tol
        self.correlation = fit.null.correlation
        self.references = References(self.problem.norms, self.problem.weight, capacity=4)
        self.references.add(fit.null.residual, self.correlation)
        self.working = WorkingSet(self.problem)
        self.pivoting = Pivoting(self.working, self.tol)
        self.solver = solver(fit, self.working, self.pivoting)
        self.looked = 0.0  # share of X that is likely to be looked at after a sweep for one residual
        self.previous = fit.null.entry  # the alpha of `correlation`
        self.violators = np.empty(0, dtype=np.intp)  # columns that are to be added
        self.following = 0.0  # the last alpha of the next batch, if this one has no violators

    @property
    def name(self) -> str:
        return self.solver.name

    def advance(self, alphas: np.ndarray) -> Products:
        """Fit the leading points at `alphas`: a generator that yields (dual, None) and is sent X'dual.

        The points of a batch are recorded together. Ends early if the solver gets stuck or does not pay, or a gap stays
        above tol.
        """
        fit = self.fit
        above = alphas[alphas >= fit.null.entry]
        for alpha in above.tolist():
            none = np.empty(0, dtype=np.intp)
            fit.add(make_point(self.problem, self.state, 0.0, 0, self.tol, alpha, none, self.solver.name), alpha)
        if fit.alpha is not None:
            yield from self._begin_at_state()
        grid, wanted = with_steps(alphas[above.size :], self.previous, self.problem.n < self.problem.p)
        places = above.size + np.cumsum(wanted) - 1  # of the grid's points in `alphas`
        start, idle = 0, 0
        again = int(grid.size > 0 and grid[0] == fit.alpha)  # the last point of a checkpoint is certified anew
        while start < grid.size and idle < ROUNDS and not fit.ended:
            longest = min(longest_batch(self.problem), self.pivoting.longest)
            end = min(start + longest + again * (start == 0), grid.size)
            expected = None if fit.expected is None else fit.expected[max(places[start], 0) : places[end - 1] + 1]
            self.working.extend(self._next_columns(grid[end - 1], expected), self.state.residual)
            self.following = grid[min(end + longest, grid.size) - 1]
            done = yield from self._batch(grid[start:end], wanted[start:end])
            if done is None:
                break
            start, idle = start + done, 0 if done else idle + 1
        matrix = self.problem.family.quadratic and not self.working.block.wide()  # and not only its factors
        changes = self.pivoting.expected_changes(self.state)
        fit.hand_over(changes, self.working if matrix and fit.left().size else None)

    def _begin_at_state(self):
        """Begin at the state of the fit, with the solutions known as references."""
        fit, state, known = self.fit, self.state, self.fit.known
        residuals, products = known.residuals, known.products
        if len(products) == 0:
            residuals = residuals_of(fit.null, known, state.residual)
            answer = yield np.array(residuals), None
            products = list(np.ascontiguousarray(answer.T))
        for residual, product in zip(residuals, products):
            self.references.add(residual, product)
        self.correlation = products[-1]
        self.previous = fit.alpha if known.previous is None else known.previous
        likely = np.union1d(np.flatnonzero(state.coef), known.columns)
        self.working.extend(likely[self.problem.usable[likely]], state.residual)

    def _next_columns(self, alpha, expected):
        """Violators of the last batch, columns that the strong rule keeps at `alpha`, and the `expected` ones."""
        problem, contains = self.problem, self.working.contains
        columns = self._strong_columns(alpha, self.previous, self._support())
        if not (expected or self.violators.size):
            return columns
        joining = np.zeros(problem.p, dtype=bool)
        joining[np.concatenate([self.violators, *(expected or ())])] = True
        joining &= problem.usable & ~contains
        joining[columns] = True
        return np.flatnonzero(joining)

    def _strong_columns(self, alpha, previous, support):
        """The columns that the strong rule adds at `alpha`, where correlations are those at `previous`."""
        most = max(AT_FIRST, int(SHARE * support))
        penalty = self.problem.penalty_at(alpha)
        return strong_columns(self.correlation, self.problem, penalty, previous, self.working.contains, most)

    def _support(self):
        """The number of nonzero coefficients of the state."""
        return int(np.count_nonzero(self.state.coef[self.working.columns]))

    def _batch(self, alphas, wanted):
        """Solve and certify the points at `alphas`, and record those `wanted` of the leading ones that are certified.
        Returns their number; None if the solver gets stuck, or a gap stays above tol."""
        before = self.problem.work.pivots
        solved = self.solver.solve(alphas)
        if solved is None:
            return None
        here = alphas[: solved.size]
        good, self.violators = yield from self._check(here, solved)
        self.previous = here[-1]
        gaps = solved.gaps(here[:good])
        wide = np.flatnonzero(~(gaps <= self.fit.wanted))  # true for NaN, too
        if wide.size:
            good = int(wide[0])
            if not self.solver.refine():
                return None
        if good:
            self._settle(solved, good - 1)
            self.fit.reach(here[good - 1])
        for k, (gap, alpha, kept) in enumerate(zip(gaps[:good].tolist(), here.tolist(), wanted)):
            if kept:
                self._keep(solved, k, gap, alpha)
                if self.fit.ended:
                    return good
        if good and self.problem.watcher is not None and not wanted[good - 1]:
            self._settle(solved, good - 1)  # again: a later point was set for the watcher
        self._note(np.concatenate([self.working.columns, self.violators]), self.previous)
        self.pivoting.note(self.state, self.problem.work.pivots - before, solved.size, good)
        return good

    def _note(self, columns, alpha):
        """Let a checkpoint have the points so far at once, which costs less than a read of X, with the columns that are
        in the working set next, and the references, of which the last is at `alpha`."""
        if self.fit.checkpoint is not None:
            kept, count = self.references.capacity, self.references.count
            order = [place % kept for place in range(max(count - kept, 0), count)]
            residuals = self.references.residuals[order] * np.sqrt(self.problem.weight)
            self.fit.keep(columns, at_once=True, swept=(residuals, float(alpha)))

    def _keep(self, solved, k, gap, alpha):
        """Record point k; for a watcher it is made the state."""
        problem, (columns, values), steps, loss = self.problem, solved.support(k), solved.steps_of(k), solved.losses[k]
        self.fit.recorder.turn_to(alpha)
        if problem.watcher is not None:
            self._settle(solved, k)
        problem.count_steps(steps, self.state, gap)
        intercept = problem.fitted_intercept(solved.intercepts[k], columns, values)
        relative = float(gap / problem.scale)
        self.fit.add(Point(columns, values, intercept, relative, steps, "converged", loss, self.solver.name), alpha)

    def _check(self, alphas, solved):
        """(number of leading points without violators, the violators); a generator that requests sweeps."""
        problem, working, last = self.problem, self.working, alphas.size - 1
        two = last > 1 and second_residual_pays(working, last, self.looked, self.fit.beside_others)
        self.correlation = exact = yield from self._sweep(solved, [last // 2, last] if two else [last])
        kept = self.references.capacity
        here, squares = solved.products(self.references, last)
        mixes, radii = np.zeros((last, kept)), np.empty(last)
        products, sizes = self.references.products, self.references.sizes
        scratch = np.empty((ENDS, kept)), np.empty((2, kept)), np.empty(TILE)
        references = products, sizes, min(self.references.count, kept)
        mixtures(references, here, squares, np.empty((kept, kept)), mixes, radii)
        found = np.empty(problem.p, dtype=np.int64)
        outside = problem.norms, problem.l1_rates, working.contains
        swept = products, sizes, self.references.correlations
        count = columns_reaching(swept, (mixes, radii, alphas), exact, outside, scratch, found)
        columns = found[:count]
        problem.work.add(columns=count)
        self.looked = problem.share_of(columns) / (1.0 - SAVED if two else 1.0)
        if count == 0:
            return alphas.size, columns
        support = self._support()
        worth = columns_at_once(working, support, self.pivoting.changes, self.solver.products)
        most, excess = max(2 * AT_FIRST, support, worth), np.empty(count)
        looked = self._look(solved, columns, alphas, most)
        first = first_violated(looked, exact, columns, alphas, problem.l1_rates, excess)
        if first == alphas.size:
            return first, columns[:0]
        near = columns[excess > NEAR]  # all columns that violate, or nearly do, at any point of the batch
        if near.size > most:
            near = columns[np.argpartition(-excess, most)[:most]]
        return first, near

    def _look(self, solved, columns, alphas, most):
        """x_j'r for some columns at every point of a batch, at least those before the last: (points, columns)."""
        design, last, rates = self.problem.design, alphas.size - 1, self.problem.l1_rates[columns]
        if not getattr(design, "looks_ahead", False):
            return solved.correlate(columns)
        limits, residuals = NEAR * alphas, np.array([solved.residual(k) for k in range(last)])
        near = columns[np.abs(self.correlation[columns]) > limits[last] * rates]
        likely = np.union1d(
            largest_columns(near, self.correlation, self.problem, most),
            self._strong_columns(self.following, alphas[last], np.count_nonzero(solved.coefs[last])),
        )
        return design.look_ahead(residuals, columns, limits[:last], rates, most, likely)  # type: ignore[attr-defined]

    def _sweep(self, solved, points):
        """X'r at the last of some points, exact for every column; all of them become references."""
        residuals = [solved.residual(k) for k in points]
        if len(points) == 1:
            products = [(yield residuals[0], None)]
        else:
            products = np.ascontiguousarray((yield np.array(residuals), None).T)  # type: ignore[assignment]
        for residual, product in zip(residuals, products):
            self.references.add(residual, product)
        return products[-1]

    def _settle(self, solved, k):
        """Make point k the state."""
        state = self.state
        state.place(self.working.columns, solved.coefs[k], solved.intercepts[k])
        self.working.refresh(state)


@kernel
def first_violated(correlations, exact, columns, alphas, rates, excess):
    """The first point at which a column exceeds its threshold, else the number of points. Writes to `excess` each
    column's largest correlation over threshold. `exact` (p,) are the correlations at the last point."""
    first, last = alphas.size, alphas.size - 1
    excess[:] = 0.0
    for k in range(last, -1, -1):
        for i in range(columns.size):
            j = columns[i]
            size = abs(exact[j] if k == last else correlations[k, i]) / (alphas[k] * rates[j])
            excess[i] = max(excess[i], size)
            if size > 1.0:
                first = k
    return first
