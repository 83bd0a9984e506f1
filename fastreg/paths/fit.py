"""Fit: the state, alphas and points of a path while it is fitted. Recorder: what each point cost."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from fastreg.interface.progress import Bar, Progress, listener
from fastreg.interface.reasons import SEPARABLE, reason_for
from fastreg.paths.known import NO_COLUMNS, NOTHING, Known

if TYPE_CHECKING:
    from fastreg.objective.problem import Problem, State
    from fastreg.paths.null_model import NullModel


@dataclass
class Point:
    """A point with its relative gap; `method` is the strategy that found it."""

    columns: np.ndarray
    values: np.ndarray
    intercept: float
    gap: float
    iterations: int
    reason: str
    loss: float
    method: str


def make_point(problem, state, gap, iterations, tol, alpha, columns, method, max_iter=1):
    """The state as a Point, with its relative gap and reason; `gap` is absolute.

    Coefficients outside of `columns` are zero. `max_iter` iterations were allowed, for the reason of a gap above tol.
    """
    columns, relative = columns[state.coef[columns] != 0.0], gap / problem.scale
    loss = problem.loss(state)
    held = problem.bounds is not None and np.all(np.isfinite(problem.bounds.on(columns).distance(state.coef[columns])))
    if (alpha == 0.0 or problem.unbounded) and not held and problem.family.separates(loss):
        reason = SEPARABLE
    else:
        reason = reason_for(relative, tol, iterations, max_iter)
    values = state.coef[columns]
    intercept = problem.fitted_intercept(state.intercept, columns, values)
    return Point(columns, values, intercept, float(relative), iterations, reason, loss, method)


@dataclass
class Fit:
    """The state, alphas and points that strategies share: each updates the state and records points.

    `alphas` decrease. An `automatic` grid ends where a logistic fit separates the classes.
    """

    null: NullModel
    alphas: np.ndarray
    recorder: Recorder
    tol: float
    max_iter: int
    solver: str = "auto"
    strategies: Mapping[str, Any] | None = None  # by name; None: driver.STRATEGIES, for one response
    automatic: bool = False
    beside_others: bool = False  # whether other fits share the sweeps over X, which makes these cheaper
    expected: list | None = None  # for every alpha, the columns that are likely to have coefficients
    until: Any = None  # predicate of a Point; the path ends after the first for which it is true
    alpha: float | None = None  # alpha of the state, about; None at the null model
    changes: float | None = None  # changes of the support per point in the last batches, where known
    working: Any = None  # the working set of the batches before, at the state, if it is of use after them
    ended: bool = False  # whether the path has ended before its last alpha
    known: Known = NOTHING  # of the path at whose solution the fit begins
    checkpoint: Any = None  # the checkpoint.Part that keeps the points

    def __post_init__(self):
        self.problem: Problem = self.null.problem
        self.state: State = self.null.state
        self.points = self.recorder.points

    @property
    def wanted(self) -> float:
        """The gap that a point must reach, absolute."""
        return self.tol * self.problem.scale

    def left(self) -> np.ndarray:
        """The alphas still to be fitted."""
        return self.alphas[self.alphas.size if self.ended else len(self.points) :]

    def resume(self, coef, intercept, alpha, known=NOTHING):
        """Start from these coefficients, near the solution at `alpha`; unusable columns keep zero."""
        self.null.resume(coef, intercept, alpha)
        self.alpha, self.known = alpha, known
        self.expected = self.expected if known.expected is None else known.expected

    def take_alphas(self, alphas):
        """Let the alphas be these, which differ by rounding alone."""
        self.alphas = alphas

    def known_product(self):
        """X'r at the state, a copy, if it is still where the fit began and this was known there; else None."""
        known = self.known
        if len(known.products) and np.array_equal(known.residuals[-1], self.state.residual):
            return known.products[-1].copy()
        return None

    def reach(self, alpha):
        """Note that the state is near the solution at `alpha`."""
        self.alpha = float(alpha)

    def hand_over(self, changes, working):
        """Leave the next strategy the changes of the support to expect per point, and a working set or None."""
        self.changes, self.working = changes, working

    def each(self, alphas):
        """Yield `alphas` one by one until the path ends; the caller adds a point at each."""
        for alpha in alphas.tolist():
            self.recorder.turn_to(alpha)
            yield alpha
            self.alpha = alpha
            if self.ended:
                break
            self.keep(NO_COLUMNS)

    def keep(self, columns=None, at_once=False, swept=((), None)):
        """Let the checkpoint, if there is one, keep the points so far, in the file `at_once`, or when it is time; and
        with them the columns of the working set, `Known.swept` and `previous`, or for None those of the last call."""
        if self.checkpoint is not None:
            self.checkpoint.note(self, columns, at_once, swept)

    def add(self, point, alpha):
        """Record a point."""
        if self.automatic and self.null.separates(point.loss):
            point, self.ended = replace(point, reason=SEPARABLE), True
        self.recorder.add(point, alpha)
        if self.until is not None and self.until(point):
            self.ended = True


class Recorder:
    """Records the points of a path and what each cost, and reports them to the progress bar and the callback.

    Seconds and counts of work are read after each point, which takes a microsecond. Steps within a point are recorded
    only for a progress bar or for `trace`.
    """

    COUNTS = ("columns_read", "sweeps", "iterations", "epochs", "pivots", "grams")
    STEP = ("point", "alpha", "objective", "loss", "gap", "support", "columns_read", "seconds")

    def __init__(self, problem, begin, n_points, verbose=False, callback=None, trace=False):
        self.problem, self.begin, self.n_points = problem, begin, n_points
        self.callback = None if callback is None else listener(callback)
        self.bar = Bar() if verbose else None
        self.points: list[Point] = []
        self.marks: list[tuple[float, ...]] = [(0.0, *[0] * len(self.COUNTS))]
        self.steps: list[tuple] | None = [] if trace else None
        self.alpha = math.nan  # of the current point
        self.collected: Callable[[list[Point]], Any] | None = None
        self.before: tuple[float, ...] | None = None  # the cost of points that were there at the beginning, if any were
        if verbose or trace:
            problem.watch(self.step)

    def go_on(self, points, marks, steps):
        """Begin with points that were recorded before, of which `marks` are the costs up to each and in all."""
        self.points.extend(points)
        self.marks, self.before = marks[: len(points) + 1], marks[-1]
        if self.steps is not None:
            self.steps.extend(steps)

    def spent(self):
        """(seconds, counts of work) of the fit so far."""
        here = time.perf_counter() - self.begin, *self.problem.spent().counts()
        return here if self.before is None else tuple(map(operator.add, self.before, here))

    def show_paths(self, collected):
        """Let Progress.path() return collected(points)."""
        self.collected = collected

    def turn_to(self, alpha):
        """Set the alpha of the current point."""
        self.alpha = alpha

    def add(self, point, alpha):
        """Record a point, and report it."""
        self.points.append(point)
        self.marks.append(self.spent())
        if self.callback is not None or self.bar is not None:
            done, seconds = len(self.points), self.marks[-1][0]
            so_far = None if self.collected is None else partial(self.collected, self.points[:done])
            progress = Progress(done, self.n_points, alpha, point.gap, point.columns.size, seconds, so_far=so_far)
            if self.bar is not None:
                self.bar.show(progress)
            if self.callback is not None:
                self.callback(progress)

    def step(self, state, gap):
        """Record a solver's step within the current point; `gap` is the steering gap of the working set alone."""
        (seconds, read, *_), number, problem = self.spent(), len(self.points) + 1, self.problem
        relative, support = gap / problem.scale, self.support(state)
        if self.steps is not None:
            loss = problem.loss(state)
            objective = loss + self.penalty(state)
            self.steps.append((number, self.alpha, objective, loss, relative, support, read, seconds))
        if self.bar is not None:
            self.bar.show(Progress(number, self.n_points, self.alpha, relative, support, seconds))

    def support(self, state):
        """Number of nonzero coefficients."""
        return int(np.count_nonzero(state.coef))

    def penalty(self, state):
        """The penalty at the current alpha."""
        return self.problem.penalty_at(self.alpha).value(state.coef)

    def close(self):
        """End the recording; called when a path ends, also by an error.

        The fit and its recorder then no longer refer to each other, so that memory is free at once.
        """
        self.collected = None
        if self.problem.watcher is not None:
            self.problem.watch(None)
        if self.bar is not None:
            self.bar.close()

    def trace(self, count):
        """What each of the first `count` points cost, for Path.trace; that of the null model counts for the first."""
        rows = np.diff(np.array(self.marks[: count + 1]), axis=0)
        table = {name: rows[:, k + 1].astype(np.int64) for k, name in enumerate(self.COUNTS)}
        return {"seconds": rows[:, 0], **table}

    def table_of_steps(self):
        """The steps, for Path.steps; None without `trace`."""
        if self.steps is None:
            return None
        columns = zip(*self.steps) if self.steps else [[] for _ in self.STEP]
        return {name: np.array(values) for name, values in zip(self.STEP, columns)}
