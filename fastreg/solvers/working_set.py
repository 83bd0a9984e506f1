"""The working set: the columns whose coefficients a solver changes, their correlations, penalties and Gram matrix."""

from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from fastreg.design.protocol import WorkingBlock
from fastreg.design.working_columns import PlainBlock
from fastreg.numerics.jit import kernel
from fastreg.objective.bounds import unbounded
from fastreg.objective.duality_gap import steering_gap
from fastreg.objective.duality_gap_bounded import WEAK, bounded_steering_gap
from fastreg.solvers.anderson_newton import SecantMemory
from fastreg.solvers.choice import renewal_from_python
from fastreg.solvers.hessian_refresh import Age, ModelError
from fastreg.solvers.line_search import step_length

NO_BOUNDS = unbounded(0)
NEGLIGIBLE = 1e-3  # error of the gap by rounding of correlations, over the gap wanted, that is accepted


class PenalisedSet:
    """The base of working sets of one and of several responses: penalties, bounds, and secants of past steps.

    Both have `problem`, `columns` (units for several responses), `correlation` and `model_version`.
    """

    problem: Any
    columns: np.ndarray
    correlation: np.ndarray
    model_version: int

    def __init__(self):
        self.bounds = NO_BOUNDS

    @cached_property
    def secants(self):
        """The secants of Newton steps with one matrix."""
        return SecantMemory()

    def set_penalty(self, penalty):
        """Set the penalty of a point, on the columns of the working set."""
        self.l1, self.l2 = penalty.on(self.columns)
        self.alpha, self.ridge_alpha = penalty.alpha, penalty.alpha if self.problem.has_ridge else 0.0
        if self.bounds.lower.size != self.l1.size:
            self.bounds = self.problem.bounds_on(self.columns)

    @property
    def penalty(self):
        """(l1_j, l2_j, lower_j, upper_j), (m,) each, as kernels take them."""
        return self.l1, self.l2, *self.bounds

    @contextmanager
    def expecting(self, error):
        """A context in which the correlations have an expected error added, (m,); None for no error."""
        correlation = self.correlation
        if error is not None:
            self.correlation = correlation + error
        try:
            yield
        finally:
            self.correlation = correlation

    def mix_secants(self, before, coef, correlation):
        """Move the model's solution `coef` to the accelerated point, within bounds. Returns whether it has moved."""
        image = self.correlation - correlation + self.l2 * (coef - before)
        mixed = self.secants.mix(self.model_version, self.alpha, before, coef, image)
        if mixed and self.problem.bounds is not None:
            coef[:] = self.bounds.clip(coef)
        return mixed


class WorkingSet(PenalisedSet):
    """Columns of one response, in the order in which they were added, with correlations, penalties and Gram matrix."""

    def __init__(self, problem, block=None, correlation=None):
        """A working set of no columns, or of those of a `block`, whose correlations with the residual are known."""
        super().__init__()
        self.problem = problem
        self.block: WorkingBlock = problem.design.working_block(problem.centre) if block is None else block
        self.contains = np.zeros(problem.p, dtype=bool)
        self.correlation = np.empty(0) if correlation is None else correlation
        self.norms = problem.norms[self.block.columns]
        self.rounding = 0.0
        self.drift = 0.0  # sum of N_j |step_j| since the correlations were last computed from the residual
        self.gram = np.empty((0, 0))
        self.gram_size = 0  # leading rows of `gram` that are valid
        self.curvature = None  # the h of the model
        self.sums = np.empty(0)  # X_W'h, about the block's centre
        self.model_version = 0
        self.ages = not problem.family.quadratic  # whether the matrix of the model changes with the state
        # Whether steering gaps are close to certified ones: those of single descents have further columns to come.
        self.closely = problem.family.quadratic and not problem.has_ridge and block is None
        self.moved = None  # coefficients, and (X - centre) times their change, where a solver knows it

    @cached_property
    def age(self):
        """The counts of steps with one matrix."""
        return Age()

    @cached_property
    def model_error(self):
        """The error of the model at the last point."""
        return ModelError()

    @classmethod
    def in_place(cls, problem, columns, correlation):
        """A working set of columns that are read from X without copies; `correlation` is theirs with the residual.

        Their block is a ColumnBlock alone, which has no Gram matrices: for descents in residual form.
        """
        return cls(problem, PlainBlock(problem.design, problem.centre, columns), correlation)

    def part(self, chosen):
        """The working set of some of these columns, with Gram matrices."""
        problem, columns = self.problem, self.columns[chosen]
        problem.work.add(columns=columns.size)
        block = problem.design.working_block(problem.centre)
        block.extend(columns)
        part = WorkingSet(problem, block, self.correlation[chosen])
        part.set_l1_l2(self.l1[chosen], self.l2[chosen])
        return part

    @property
    def columns(self):  # type: ignore[override]
        return self.block.columns

    def extend(self, columns, residual):
        """Add columns, and compute their correlations with the residual."""
        if columns.size:
            have = self.columns.size
            self.contains[columns] = True
            self.block.extend(columns)
            self.problem.work.add(columns=columns.size)
            self.correlation = np.concatenate([self.correlation, self.block.correlate(residual, have)])
            self.norms = np.concatenate([self.norms, self.problem.norms[columns]])
            self.rounding = max(self.rounding, self.block.rounding(columns, self.problem.norms))

    def stored(self):
        """Values of X that one pass over the working set reads."""
        return self.problem.design.stored_in(self.columns)

    def renewal(self):
        """The cost of a new matrix in Newton steps; with fewer rows than columns the matrix is n x n."""
        n = self.problem.n
        return renewal_from_python(n, min(self.stored() / n, n), self.block.form)

    def set_l1_l2(self, l1, l2):
        """Set the penalties of the columns, (m,) each."""
        self.l1, self.l2 = l1, l2

    def correlations_with(self, dual):
        """Correlations of the working set with a dual direction, (m,)."""
        return self.block.correlate(dual)

    def correlate(self, state):
        """Compute the correlations of the working set with the residual."""
        self.problem.work.add(columns=self.columns.size)
        self.correlation = self.block.correlate(state.residual)
        self.drift = 0.0

    def refresh(self, state):
        """Recompute eta from the coefficients, which are zero outside of the working set, and the correlations."""
        self.problem.refresh(state, self.block)
        self.correlate(state)

    def update_correlation(self, state, correlation, steps, target):
        """Update the correlations after a change of the coefficients by `steps`: to those of the model, if rounding in
        the Gram matrix adds far less than `target` to the gap, else (or for None) from the residual."""
        self.drift += float(self.norms @ np.abs(steps))
        size = float(self.norms @ np.abs(state.coef[self.columns]))
        if correlation is None or self.rounding * self.drift * size > NEGLIGIBLE * target:
            self.correlate(state)
        else:
            self.correlation = correlation

    def gap(self, state):
        """The steering gap: the duality gap of the working set alone, to first order."""
        problem, coef = self.problem, state.coef[self.columns]
        if problem.bounds is not None:
            free = self.norms**2 * state.curvature.sum()
            return bounded_steering_gap(self.correlation, coef, self.penalty, free, problem.scale)
        if problem.without_l1.size == 0:
            return steering_gap(self.correlation, coef, self.l1, self.l2, self.norms, problem.scale, self.closely)
        free = self.norms**2 * state.curvature.sum()
        weak = (self.l1 == 0.0) & (self.l2 <= WEAK * free)  # count as unpenalised
        correlation = np.where(weak, self.correlation - self.l2 * coef, self.correlation)
        return steering_gap(correlation, coef, self.l1, np.where(weak, 0.0, self.l2), free, problem.scale, self.closely)

    def rise(self, state, coef, correlation):
        """A quadratic objective less its value at `coef`, whose correlations were `correlation`.

        The loss changes by -(c + c')'d / 2 along d, where c and c' are the correlations at its ends.
        """
        new = state.coef[self.columns]
        penalty = self.l1 @ (np.abs(new) - np.abs(coef)) + 0.5 * (self.l2 @ (new**2 - coef**2))
        return float(penalty - 0.5 * ((correlation + self.correlation) @ (new - coef)))

    def update_curvature(self, state, anew):
        """(curvature h of the model (n,), h-means of the columns (m,)); h is the state's if `anew`."""
        if anew or self.curvature is None:
            self.curvature, self.sums = state.curvature.copy(), np.empty(0)
            self.model_version += 1
            self.gram_size = 0
        if self.sums.size < self.columns.size and self.problem.fit_intercept:
            self.sums = np.concatenate([self.sums, self.block.correlate(self.curvature, self.sums.size)])
        if not self.problem.fit_intercept:
            self.sums = np.zeros(self.columns.size)
        return self.curvature, self.sums / self.curvature.sum()

    def update_gram(self, state, anew):
        """Compute H for the working set: rows of new columns, or all `anew` at the current curvature."""
        h, means = self.update_curvature(state, anew)
        m, start = self.columns.size, self.gram_size
        if start == m:
            return
        self.problem.work.add(grams=start == 0)
        if self.gram.shape[0] < m:
            grown = np.zeros((m + m // 8, m + m // 8))
            grown[:start, :start] = self.gram[:start, :start]
            self.gram = grown
        put_rows(self.block.gram(h, start), self.sums, means, self.gram, start)
        self.gram_size = m

    def drop_gram(self):
        """Free a Gram matrix that has become larger than the columns."""
        self.gram, self.gram_size = np.empty((0, 0)), 0

    def note_change(self, coef, change):
        """Note (X - centre) times the change of the coefficients to `coef`, which `move` needs."""
        self.moved = coef, change

    def go_back(self, state, coef, intercept):
        """Undo steps: back to the coefficients `coef` and the intercept, with eta and correlations computed anew."""
        state.coef[self.columns], state.intercept = coef, intercept
        self.refresh(state)

    def move(self, state, coef, exact):
        """Step towards the coefficients `coef`, with t = 1 if `exact`. Updates the state; returns the step length t."""
        problem, old = self.problem, state.coef[self.columns]
        steps = coef - old
        if self.moved is not None and self.moved[0] is coef:
            change = self.moved[1]
        else:
            problem.work.add(columns=int(np.count_nonzero(steps)))
            change = self.block.predict(steps)
        self.moved, t = None, 1.0
        if not exact:
            t = step_length(problem, state, self.correlation, old, coef, (self.l1, self.l2), change)
        problem.advance(state, self.columns, steps, change, t)
        if t == 1.0:
            state.coef[self.columns] = coef  # b + (b_new - b) may miss an exact zero
        elif problem.bounds is not None:  # or exceed a bound by rounding
            state.coef[self.columns] = self.bounds.clip(state.coef[self.columns])
        return t


@kernel
def put_rows(fresh, sums, means, gram, start):
    """Write `fresh`, less the h-means' part, to the rows of `gram` from `start` on, and to the columns."""
    for a in range(fresh.shape[0]):
        row, own = gram[start + a], sums[start + a]
        for k in range(fresh.shape[1]):
            row[k] = fresh[a, k] - own * means[k]
        for k in range(start):
            gram[k, start + a] = row[k]
