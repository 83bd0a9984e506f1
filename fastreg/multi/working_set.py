"""Working sets of a problem with several responses: the units a solver may move.

`PairSet` holds single coefficients (j, k) of a multinomial problem with an l1 penalty or bounds. To a solver of
quadratic models it looks like a working set of one response, a vector of coefficients and their Hessian:
fastreg.solvers serves it. `RowSet` holds rows of least squares with several responses; its Hessian is one Gram matrix
for all of them.
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from fastreg.multi.class_hessian import hessian_rows
from fastreg.multi.duality_gap import levelled
from fastreg.multi.group_newton import gather
from fastreg.multi.group_penalties import row_steering_gap
from fastreg.multi.line_search import step_length
from fastreg.multi.problem import pseudo_inverse
from fastreg.multi.products import correlate, expand
from fastreg.multi.smooth_newton import NewtonSystem, solve_positive
from fastreg.objective.duality_gap import steering_gap
from fastreg.objective.duality_gap_bounded import bounded_steering_gap
from fastreg.solvers.working_set import PenalisedSet

# Share of the pairs' curvatures that is added to H between the classes of one column. The same step of all classes
# changes no probability, so that H would be singular along it.
DAMPING = 1e-6


class MultiSet(PenalisedSet, ABC):
    """What both share: the columns of X in a block, and the units' correlations."""

    def __init__(self, problem):
        super().__init__()
        self.problem = problem
        self.features = problem.design.working_block(problem.centre)
        self.place = np.full(problem.p, -1, dtype=np.int64)  # of a column of X in the block
        self.columns = np.empty(0, dtype=np.int64)  # the units
        self.contains = np.zeros(problem.unit_norms.size, dtype=bool)
        self.gram = np.empty((0, 0))
        self.model_version = 0

    def extend(self, units, residual):
        """Take more units in, and correlate all with the residual."""
        if units.size:
            self.take_in(units)
            self.correlate_all(residual)

    def take_in(self, units):
        """Take more units in."""
        new = np.unique(self.problem.units.columns_of(units))
        new = new[self.place[new] < 0]
        self.place[new] = self.features.columns.size + np.arange(new.size)
        self.features.extend(new)
        self.problem.work.add(columns=new.size)
        self.columns = np.concatenate([self.columns, units])
        self.contains[units] = True

    def correlate(self, state):
        """Exact correlations of the working set with the residuals."""
        self.correlate_all(state.residual)

    def refresh(self, state):
        """Recompute eta from the coefficients, which are zero outside of the working set, and the correlations."""
        self.problem.refresh(state, self.features)
        self.correlate(state)

    def correlations_with(self, dual):
        """Correlations of the working set with a dual direction (K, n)."""
        return self.problem.correlate_some(dual, self.columns)

    @abstractmethod
    def correlate_all(self, residual):
        """Exact correlations of the working set with the residuals (K, n)."""


class PairSet(MultiSet):
    """Coefficients B_jk of a multinomial, numbered j K + k, and the Hessian H of the loss in them.

    H is that at an earlier point as long as the solver does not ask for a new one.
    """

    ages = True  # H is not that of the present point
    mean: Any = None  # (K, n) probabilities at the point whose H it is

    @property
    def block(self):
        """What solvers ask for the form of the model; see `wide`."""
        return self

    def wide(self):
        """Whether the model is better held by its columns than by H: never, of several classes."""
        return False

    def gap(self, state):
        """Duality gap of the problem restricted to the working set, to steer by."""
        problem, coef, columns = self.problem, state.coef[self.columns], self.columns // self.problem.K
        free = problem.norms[columns] ** 2
        if problem.bounds is None:
            return steering_gap(self.correlation, coef, self.l1, self.l2, free, problem.scale, False)
        return bounded_steering_gap(self.correlation, coef, self.penalty, free, problem.scale)

    def correlate_all(self, residual):
        """Exact correlations of the pairs with the residuals (K, n), (pairs,)."""
        K = self.problem.K
        self.problem.work.add(columns=self.features.columns.size * K)
        every = correlate(self.features, residual)
        self.correlation = every[self.place[self.columns // K], self.columns % K]

    def update_gram(self, state, anew):
        """Let H hold all pairs: at the present point if `anew`, else extended by new pairs."""
        problem, m = self.problem, self.columns.size
        if anew or self.mean is None:
            self.begin_model(state)
        start = self.gram.shape[0]
        if start == m:
            return
        problem.work.add(grams=start == 0)
        fresh = self.rows_of_hessian(start)
        new = np.arange(start, m)
        diagonal = fresh[new - start, new]
        damped = np.sqrt(np.outer(diagonal, np.concatenate([np.diag(self.gram), diagonal])))
        places = self.place[self.columns // problem.K]
        fresh += (places[new][:, None] == places) * (DAMPING * damped)
        self.gram = extended(self.gram, fresh)

    def begin_model(self, state):
        """Begin an H at the present probabilities, of no pairs yet."""
        self.mean, self.gram = state.mean, np.empty((0, 0))  # advancing a state replaces its mean
        self.intercepts = pseudo_inverse(self.problem.response.intercept_curvature(self.mean))
        self.model_version += 1

    def rows_of_hessian(self, start):
        """The rows of H from `start` on."""
        places, classes = self.place[self.columns // self.problem.K], self.columns % self.problem.K
        return hessian_rows(self.problem, self.features, places, classes, self.mean, self.intercepts, start)

    def move(self, state, coef):
        """Step from the current coefficients towards `coef`. Updates the state; returns the length of the step."""
        problem, old = self.problem, state.coef[self.columns]
        move = coef - old
        steps = self.as_matrix(move)
        problem.work.add(columns=int(np.count_nonzero(steps)))
        change, shift = problem.along(state.mean, expand(self.features, steps))

        def penalty(t):
            at = old + t * move
            return float(self.l1 @ np.abs(at) + 0.5 * (self.l2 @ at**2))

        # term by term: the difference of two sums would lose the digits of a short step
        rise = self.l1 * (np.abs(coef) - np.abs(old)) + 0.5 * self.l2 * (coef + old) * move - self.correlation * move
        slope = float(rise.sum())
        noise = 1e-15 * float(self.l1 @ (np.abs(coef) + np.abs(old)) + np.abs(self.correlation) @ np.abs(move))
        if slope >= 0.0 and slope <= noise:  # coefficients may move far at an unchanged fit; what that adds is rounding
            slope = -noise
        t = step_length(problem, state, change, slope, penalty)
        problem.advance(state, self.features.columns, steps, (change, shift), t)
        if t == 1.0:
            state.coef[self.columns] = coef  # b + (b_new - b) may miss an exact zero
        elif problem.bounds is not None:  # or pass a bound by its rounding
            state.coef[self.columns] = self.bounds.clip(state.coef[self.columns])
        return t

    def as_matrix(self, move):
        """Steps of the units as steps of the block's columns, (columns, K)."""
        K = self.problem.K
        steps = np.zeros((self.features.columns.size, K))
        steps[self.place[self.columns // K], self.columns % K] = move
        return steps


class RowSet(MultiSet):
    """Rows of the coefficients of least squares with several responses."""

    def __init__(self, problem):
        super().__init__(problem)
        self.held = problem.design.working_block(problem.centre)  # the columns of the Gram matrix
        self.held_at = np.full(problem.p, -1, dtype=np.int64)  # of a column of X among these

    def coef_of(self, state):
        """(rows, K) coefficients."""
        return state.matrix[self.columns]

    def gap(self, state):
        """Duality gap of the problem restricted to the working set, to steer by."""
        problem, free = self.problem, self.problem.norms[self.columns] ** 2
        gap = row_steering_gap(self.correlation, self.coef_of(state), self.l1, self.l2, free, problem.scale)
        return float(gap)

    def correlate_all(self, residual):
        """Exact correlations of the columns with the residuals (K, n), (columns, K)."""
        self.problem.work.add(columns=self.columns.size * self.problem.K)
        self.correlation = np.ascontiguousarray(correlate(self.features, residual))

    def gram_of(self, rows):
        """The Gram matrix of some rows, weighted and about the means.

        That of all rows which have been asked for is kept: far fewer than the working set has, most of which stay zero.
        """
        new = rows[self.held_at[self.columns[rows]] < 0]
        if new.size:
            self._hold(self.columns[new])
        return gather(self.gram, self.held_at[self.columns[rows]])

    def _hold(self, columns):
        """Extend the Gram matrix by columns."""
        problem, start = self.problem, self.gram.shape[0]
        problem.work.add(grams=start == 0, columns=columns.size)
        self.held_at[columns] = start + np.arange(columns.size)
        self.held.extend(columns)
        fresh = self.held.gram(problem.weight, start)
        if problem.fit_intercept:  # zero already for columns that are held centred
            sums = self.held.correlate(np.asarray(problem.weight))
            fresh -= np.outer(sums[start:], sums)
        self.gram = extended(self.gram, fresh)

    def move(self, state, rows, coef):
        """Let the coefficients of some rows be `coef`, in the state as well."""
        problem, columns = self.problem, self.columns[rows]
        held = bool((self.held_at[columns] >= 0).all())  # these are fewer
        block, place = (self.held, self.held_at) if held else (self.features, self.place)
        steps = np.zeros((block.columns.size, problem.K))
        steps[place[columns]] = coef - state.matrix[columns]
        problem.work.add(columns=int(np.count_nonzero(steps)))
        change, shift = problem.along(state.mean, expand(block, steps))
        problem.advance(state, block.columns, steps, (change, shift), 1.0)
        state.matrix[columns] = coef


def dual_direction(problem, state, units, l2):
    """The residuals, less what some units still explain of them: R - H_i (X D)_i, with D a Newton step of these units.

    For units without a penalty (l2 = 0) this makes the dual point orthogonal to them, for weakly penalised ones it is
    the dual point at which the gap is the Newton decrement. With bounds the units are single coefficients, else all of
    some columns.
    """
    if units.size == 0:
        return levelled(problem, state)
    if problem.bounds is None:
        columns = np.unique(problem.units.columns_of(units))
        return NewtonSystem(problem, columns).project(state, np.zeros(columns.size))
    pairs, coef, dual = PairSet(problem), state.coef[units], levelled(problem, state)
    pairs.take_in(units)
    pairs.begin_model(state)
    hessian = pairs.rows_of_hessian(0) + np.diag(l2)
    for _ in range(2):  # the first leaves rounding of its own size
        move = solve_positive(hessian, problem.correlate_some(dual, units) - l2 * coef)
        change, _ = problem.along(state.mean, expand(pairs.features, pairs.as_matrix(move)))
        dual, coef = dual - problem.response.curve(state.mean, change), coef + move
    return dual


def extended(gram, fresh):
    """A symmetric matrix from its leading rows and columns and from its last rows."""
    m, start = fresh.shape[1], gram.shape[0]
    whole = np.empty((m, m))
    whole[:start, :start] = gram
    whole[start:] = fresh
    whole[:start, start:] = fresh[:, :start].T
    return whole
