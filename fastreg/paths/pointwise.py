"""One point after the other, each from the last, on a working set that screening and certificates extend."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fastreg.objective.duality_gap import References, duality_gap, empty_gap, orthogonal
from fastreg.objective.screening import (
    candidate_columns,
    largest_columns,
    reaching_columns,
    rising_columns,
    strong_columns,
)
from fastreg.paths.fit import Fit, make_point
from fastreg.paths.grid import FAR, LOOSE, alphas_between
from fastreg.paths.plan import FEWEST, LOWEST_TARGET, ROUNDS, all_enter_at_once, descends_first
from fastreg.paths.predictor import Predictor
from fastreg.paths.ridge import Ridge
from fastreg.solvers.automatic_choice import make_solver
from fastreg.solvers.choice import sweep_pays
from fastreg.solvers.cold_start import FirstDescent
from fastreg.solvers.dual_point import bounded_gap, residual_to_certify
from fastreg.solvers.support_solve import solve_support
from fastreg.solvers.working_set import WorkingSet

if TYPE_CHECKING:
    from fastreg.paths.protocol import Products

REFRESH = 10  # points from one recomputation of eta from the coefficients to the next
FEW = 20  # columns added at once at an alpha between far ones, at most, besides half the support
FIRST_ROUNDS = 10  # descents of a cold start at most, each over the columns of the last sweep
FINER = {True: 0.7, False: 0.05}  # target gap of a descent over that of the last, for quadratic and other losses
ENOUGH = 0.7  # gap over the gap wanted that a descent aims at, corrected by the last ratio of certified to steering gap


class Pointwise:
    """Fits point after point from the state of a fit, on a working set."""

    name = "pointwise"

    def __init__(self, fit: Fit):
        self.fit, self.problem, self.state = fit, fit.problem, fit.state
        self.tol, self.max_iter = fit.tol, fit.max_iter
        self.done, self.formed, self.resumed = 0, False, False
        self.earlier: tuple[float, Any] = (np.inf, None)  # the alpha of the point before the last, and its correlations
        self.missed = False  # whether the strong rule has missed a column
        self.first = False  # whether cold starts try a descent over X itself
        if fit.alpha is not None:
            self.resumed = True
            self.dual, self.estimate = self.state.residual, self.fit.known_product()
            if self.estimate is None:
                self.estimate = self.problem.correlate(self.state.residual)
            self.previous = fit.alpha
        else:
            self.first = self._descends_first()
            self.dual, self.estimate, self.previous = fit.null.begin()

    @cached_property
    def solver(self) -> Any:
        """The solver of points on a working set."""
        return self._make_solver()

    @cached_property
    def working(self) -> Any:
        """The WorkingSet, made at the first use: a fit of one alpha by descent needs none; or that of batches."""
        if self.fit.working is not None:
            return self.fit.working
        working = self._working_set()
        working.extend(self.problem.units_of(self.problem.without_l1), self.state.residual)
        return working

    @cached_property
    def predictor(self) -> Predictor:
        return Predictor()

    @cached_property
    def references(self) -> Any:
        return self._references()

    @cached_property
    def smooth(self) -> Any:
        """The strategy for alpha = 0."""
        return self._smooth()

    def _make_solver(self) -> Any:
        return make_solver(self.fit.solver, self.fit.changes)

    def _descends_first(self) -> bool:
        """Whether a cold start tries coordinate descent."""
        return descends_first(self.problem, self.fit.solver, self.tol)

    def stand_on(self, working: WorkingSet) -> None:
        """Certify points on a given working set, from the null model on."""
        self.working = working
        self.references.add(self.dual, self.estimate)

    def advance(self, alphas: np.ndarray) -> Products:
        """Fit the points at `alphas`: a generator that yields (dual, columns) and is sent x_j'dual for these columns,
        or for all where `columns` is None."""
        for alpha in self.fit.each(alphas):
            self.fit.add((yield from self.solve(alpha)), alpha)

    def solve(self, alpha):
        """The Point at `alpha`, from the last; if it is far, by loose solutions at alphas between. A generator."""
        if alpha == 0.0 and self.problem.bounds is None:
            return self.smooth.solve(alpha)
        gap, iterations = self._standing(alpha), 0
        if gap > self.fit.wanted:
            gap, iterations = yield from self._reach(alpha)
        return self._point(alpha, gap, iterations)

    def _smooth(self):
        """The strategy for fits without an l1 part."""
        return Ridge(self.fit)

    def _point(self, alpha, gap, iterations):
        """The state as a Point."""
        columns = np.sort(self.working.columns) if self.formed else self.state.coef.nonzero()[0]
        return make_point(self.problem, self.state, gap, iterations, self.tol, alpha, columns, self.name, self.max_iter)

    def _standing(self, alpha):
        """The gap at the coefficients of a resumed fit, which may be small enough; else infinite."""
        if not self.resumed:
            return np.inf
        self.resumed, penalty = False, self.problem.penalty_at(alpha)
        if self._dual(penalty) is not self.state.residual:  # only products of the residual with X are known
            return np.inf
        return self._gap(penalty, self.state.residual, self.problem.units_of(self.problem.columns))

    def _reach(self, alpha):
        """(gap, iterations) at `alpha`: by a descent, or by alphas between and the solver."""
        gap, iterations = np.inf, 0
        if self.first and (self.done == 0 or self._far(alpha)):
            gap, iterations = yield from self._try_descent(alpha)
        if gap == np.inf:
            for middle in self._approach(alpha):
                yield from self._solve(middle, LOOSE)
        if gap > self.fit.wanted:
            gap, iterations = yield from self._solve(alpha, self.tol, iterations)
        return gap, iterations

    def _far(self, alpha):
        """Whether alpha lies far below the last point."""
        return self.problem.has_l1 and 0.0 < alpha < FAR * self.previous

    def _approach(self, alpha):
        """Alphas between the last point and one far below it, since screening is weak over long distances."""
        if self._all_at_once() or not self._far(alpha):
            return []
        return alphas_between(self.previous, alpha)

    def _try_descent(self, alpha):
        """(gap, steps) of `_descend`; if the gap is still large, it is undone, and the gap returned is infinite."""
        state, before = self.state, self.state.copy()
        kept = self.estimate, self.previous, self.formed, self.done
        gap, steps = yield from self._descend(alpha)
        more = not self.problem.has_ridge and np.count_nonzero(state.coef) > self.problem.n  # not unique
        limit = self.tol if more else max(LOOSE, self.tol)
        if gap > limit * self.problem.scale and steps < self.max_iter:
            self.estimate, self.previous, self.formed, self.done = kept
            state.restore(before)
            self.dual, gap = state.residual, np.inf
        return gap, steps

    def _descend(self, alpha):
        """Coordinate descent over the candidate columns of X, without copies: (absolute gap, steps)."""
        problem, state, penalty = self.problem, self.state, self.problem.penalty_at(alpha)
        quadratic = problem.family.quadratic
        if self.done:
            self.estimate = yield state.residual, None
        wanted, steps, gap = self.fit.wanted, 0, np.inf
        columns = self._candidates(penalty)
        loosely = columns.size < problem.columns.size and self._far(alpha)
        target = 0.5 * max(wanted, LOOSE * problem.scale if loosely else 0.0)
        before = problem.scale
        descent, most = FirstDescent(problem, len(self._approach(alpha))), max(self.max_iter // 2, 1)
        for _ in range(FIRST_ROUNDS):
            read = problem.work.columns
            reached, more, known = self._descend_over(descent, columns, alpha, target, most - steps)
            read = problem.work.columns - read
            steps += more
            dual = self._dual(penalty)
            if known is None or dual is not state.residual:
                self.estimate = yield dual, None
            else:
                self.estimate = np.zeros(problem.p)
                self.estimate[columns] = known
            columns = self._candidates(penalty)
            gap = self._gap(penalty, dual, columns)
            support = np.count_nonzero(state.coef)
            if gap <= wanted or steps >= most or not descent.goes_on((before, reached), target, read, support):
                break
            lowest = LOWEST_TARGET * wanted
            if reached <= target:  # solved for these columns, but not certified: a finer target
                lowest = 0.5 * wanted if min(target, reached) > 0.5 * wanted else lowest
                target = FINER[quadratic] * min(target, reached)
            target = max(lowest, min(target, ENOUGH * wanted * reached / gap) if quadratic else target)
            before = reached
        self.dual, self.previous, self.formed = dual, alpha, False
        self.done += 1
        return gap, steps

    def _descend_over(self, descent, columns, alpha, target, steps_left):
        """One descent over some columns, with correlations from the last sweep: (their steering gap, steps, their
        correlations at its end if these are all columns, so that no sweep is needed, else None)."""
        problem, state = self.problem, self.state
        working = WorkingSet.in_place(problem, columns, self.estimate[columns])
        working.set_penalty(problem.penalty_at(alpha))
        if problem.without_l1.size or alpha == 0.0:  # the sweep was of a residual orthogonal to such columns
            working.correlate(state)
        reached, steps = descent.reduce(state, working, target, steps_left)
        near = problem.family.quadratic and reached <= target <= 0.5 * self.fit.wanted
        moved = near and solve_support(working, state)
        return reached, steps, working.correlation if columns is problem.columns and not moved else None

    def _candidates(self, penalty):
        """The columns of a descent: the support and columns near their threshold, or all if these are half of them."""
        everything = self.problem.columns
        if everything.size <= FEWEST:
            return everything
        found = candidate_columns(self.estimate, self.problem, penalty, self.state.coef)
        return found if 2 * found.size < everything.size else everything

    def pass_by(self, alpha):
        """Set the alpha of the last point."""
        self.previous = alpha

    def _form(self):
        """Add the support of a descent to the working set, and its sweep to the references."""
        state = self.state
        self.references.add(self.dual, self.estimate)
        support = self._support()
        self.working.extend(support[~self.working.contains[support]], state.residual)
        self.working.correlate(state)
        self.formed = True

    # ---- overridden for several responses in multi/pointwise.py

    def _references(self):
        return References(self.problem.norms, self.problem.weight)

    def _working_set(self):
        return WorkingSet(self.problem)

    def _support(self):
        """The units with a nonzero coefficient."""
        return np.flatnonzero(self.state.coef)

    def _all_at_once(self):
        """Whether all columns may be added to the working set for a far alpha."""
        return all_enter_at_once(self.problem)

    # ----

    def _solve(self, alpha, tol, iterations=0):
        """Solve at `alpha` to a relative gap of `tol`. Returns (absolute gap, iterations)."""
        if not self.formed:
            self._form()
        problem, state, working = self.problem, self.state, self.working
        penalty = problem.penalty_at(alpha)
        if self.done % REFRESH == REFRESH - 1:
            working.refresh(state)
        most = self._most(alpha, tol)
        expected = strong_columns(self.estimate, problem, penalty, self.previous, working.contains, most)
        working.extend(expected, state.residual)
        if self.missed:
            rising = rising_columns(self.earlier, (self.previous, self.estimate), problem, penalty, working.contains)
            working.extend(largest_columns(rising, self.estimate, problem, most), state.residual)
        self.earlier = self.previous, self.estimate
        working.set_penalty(penalty)
        epochs, plain = problem.work.epochs, not (tol < LOOSE and self._go_on(alpha))
        wanted = tol * problem.scale
        target = 0.5 * wanted
        for _ in range(ROUNDS):
            _, rounds = self.solver.reduce(problem, state, working, target, self.max_iter - iterations)
            iterations += rounds
            gap, violators = yield from self.certify(penalty)
            if gap <= wanted or iterations >= self.max_iter:
                break
            self.missed = self.missed or violators.size > 0
            if violators.size == 0:
                if target < LOWEST_TARGET * wanted:
                    break
                target = min(0.1 * target, 0.5 * working.gap(state))  # the steering gap may be below the certified one
            working.extend(largest_columns(violators, self.estimate, problem, most), state.residual)
            working.set_penalty(penalty)
        if gap > wanted:  # often by rounding errors of eta, to which centred copies add their own
            problem.refresh(state)
            working.correlate(state)
            gap, _ = yield from self.certify(penalty)
        self.previous = alpha
        self.done += 1
        self._leave(alpha, problem.work.epochs - epochs, plain)
        return gap, iterations

    def _leave(self, alpha, epochs, plain):
        """Store a point's coefficients and cost in the predictor."""
        self.predictor.leave(alpha, self.state.coef[self.working.columns], epochs, plain)

    def _go_on(self, alpha):
        """Move the state to the predicted point, if the predictor has one. Returns whether it has."""
        working, state = self.working, self.state
        last = state.coef[working.columns]
        steps = self.predictor.steps(last, alpha)
        if steps is None:
            return False
        coef = last + steps
        working.move(state, coef if self.problem.bounds is None else working.bounds.clip(coef), True)
        working.correlate(state)
        return True

    def _most(self, alpha, tol):
        """Number of columns that may be added to the working set at once; without an l1 part all."""
        if alpha == 0.0 or not self.problem.has_l1 or (self._far(alpha) and self._all_at_once()):
            return self.problem.p
        support = int(np.count_nonzero(self.state.coef[self.working.columns]))
        return FEW + support // 2 if tol >= LOOSE else max(FEWEST, 2 * support)

    def certify(self, penalty):
        """(duality gap over all units, units outside the working set that violate their threshold)."""
        problem, state, working = self.problem, self.state, self.working
        dual = self._dual(penalty)
        inside = working.correlation if dual is state.residual else working.correlations_with(dual)
        self.estimate, radius = self.references.project(dual)
        reaching = reaching_columns(self.estimate, radius, problem, penalty, working.contains)
        if sweep_pays(problem, reaching, self.fit.beside_others):
            self.estimate = yield dual, None
            self.references.add(dual, self.estimate)
            reaching = reaching_columns(self.estimate, 0.0, problem, penalty, working.contains)
        elif reaching.size:
            problem.by_unit(self.estimate)[reaching] = yield dual, reaching
        problem.by_unit(self.estimate)[working.columns] = inside
        sizes = np.abs(problem.pull(problem.by_unit(self.estimate)[reaching], reaching))
        violators = reaching[sizes > penalty.alpha * problem.unit_l1_rates[reaching]]
        columns = np.concatenate([working.columns, violators])
        return self._gap(penalty, dual, columns), violators

    def _dual(self, penalty):
        """The dual direction: the residual, made orthogonal to unpenalised columns."""
        return residual_to_certify(self.problem, self.state, penalty)

    def _gap(self, penalty, dual, columns):
        """The duality gap, from columns with the support and all violators, whose correlations are known."""
        problem, state = self.problem, self.state
        if problem.bounds is not None:
            return bounded_gap(problem, state, penalty, dual, columns, self.estimate[columns])
        l1, l2 = penalty.on(columns)
        correlation, coef = self.estimate[columns], state.coef[columns]
        family, free = problem.family, problem.free
        if not orthogonal(problem, dual, free, self.estimate[free]):
            return empty_gap(family, state.eta, state.residual, coef, l1, l2)
        return duality_gap(family, state, dual, correlation, coef, l1, l2)
