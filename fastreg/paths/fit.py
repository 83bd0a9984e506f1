"""A path under way: what is fitted, where it stands, the points that are done, and what each of them cost."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fastreg.interface.progress import Bar, Progress, listener
from fastreg.interface.reasons import SEPARABLE, reason_for

if TYPE_CHECKING:
    from fastreg.objective.problem import Problem, State
    from fastreg.paths.null_model import NullModel


@dataclass
class Point:
    """A point and its certificate; `method` is the strategy that found it."""

    columns: np.ndarray
    values: np.ndarray
    intercept: float
    gap: float
    iterations: int
    reason: str
    loss: float
    method: str


def make_point(problem, state, gap, iterations, tol, alpha, columns, method, max_iter=1):
    """The state as a point, with its relative gap and the reason why it ended; coefficients lie in `columns`.

    `max_iter` is how many iterations were allowed, which matters where the gap is above tol.
    """
    columns, relative = columns[state.coef[columns] != 0.0], gap / problem.scale
    loss = problem.loss(state)
    held = problem.bounds is not None and np.all(np.isfinite(problem.bounds.on(columns).room(state.coef[columns])))
    if (alpha == 0.0 or problem.unbounded) and not held and problem.family.separates(loss):
        reason = SEPARABLE
    else:
        reason = reason_for(relative, tol, iterations, max_iter)
    values = state.coef[columns]
    intercept = problem.fitted_intercept(state.intercept, columns, values)
    return Point(columns, values, intercept, float(relative), iterations, reason, loss, method)


@dataclass
class Fit:
    """What every strategy works on: it moves the state and records points, and the next strategy goes on from there.

    `alphas` decrease. An `automatic` grid ends where a logistic fit separates the classes.
    """

    null: NullModel
    alphas: np.ndarray
    recorder: Recorder
    tol: float
    max_iter: int
    solver: str = "auto"
    strategies: Mapping[str, Any] | None = None  # by name, those for this kind of problem; None: one response's
    automatic: bool = False
    beside_others: bool = False  # whether other fits share the sweeps over X, which then cost each of them less
    expected: list | None = None  # for every alpha, columns that are likely to be in
    until: Any = None  # called with every point; the path ends where it is true
    alpha: float | None = None  # where the state is, or nearly; None at the null model
    changes: float | None = None  # columns that have entered or left at a point lately, where that is known
    ended: bool = False  # before its last alpha

    def __post_init__(self):
        self.problem: Problem = self.null.problem
        self.state: State = self.null.state
        self.points = self.recorder.points

    @property
    def wanted(self) -> float:
        """The absolute gap asked for."""
        return self.tol * self.problem.scale

    def left(self) -> np.ndarray:
        """The alphas still to be fitted."""
        return self.alphas[self.alphas.size if self.ended else len(self.points) :]

    def resume(self, coef, intercept, alpha):
        """Start from these coefficients, near the solution at `alpha`; columns that cannot enter stay out."""
        self.null.resume(coef, intercept, alpha)
        self.alpha = alpha

    def reach(self, alpha):
        """Be near the solution at `alpha`."""
        self.alpha = float(alpha)

    def expect(self, changes):
        """Let `changes` of the support be expected at a point."""
        self.changes = changes

    def each(self, alphas):
        """`alphas` one by one, until the path ends: whoever asks for the next has added a point at the last."""
        for alpha in alphas.tolist():
            self.recorder.turn_to(alpha)
            yield alpha
            self.alpha = alpha
            if self.ended:
                break

    def add(self, point, alpha):
        """Record a point."""
        if self.automatic and self.null.separates(point.loss):
            point, self.ended = replace(point, reason=SEPARABLE), True
        self.recorder.add(point, alpha)
        if self.until is not None and self.until(point):
            self.ended = True


class Recorder:
    """The points of a path as they come, what each cost, and whoever watches.

    Seconds and counts of work are noted after each point, which takes a microsecond. The steps within a point are
    looked at only if there is a bar or a table to show them in.
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
        self.alpha = math.nan  # of the point under way
        if verbose or trace:
            problem.watch(self.step)

    def turn_to(self, alpha):
        """Be at the point of this alpha, from now on."""
        self.alpha = alpha

    def add(self, point, alpha):
        """Keep a point that has been fitted, and tell of it."""
        self.points.append(point)
        self.marks.append((time.perf_counter() - self.begin, *self.problem.spent().counts()))
        if self.callback is not None or self.bar is not None:
            done, seconds = len(self.points), self.marks[-1][0]
            progress = Progress(done, self.n_points, alpha, point.gap, point.columns.size, seconds)
            if self.bar is not None:
                self.bar.show(progress)
            if self.callback is not None:
                self.callback(progress)

    def step(self, state, gap):
        """Look at a solver's step within the present point. Its gap, by first order, is the working set's alone."""
        seconds, number, problem = time.perf_counter() - self.begin, len(self.points) + 1, self.problem
        relative, support = gap / problem.scale, self.support(state)
        if self.steps is not None:
            loss = problem.loss(state)
            objective, read = loss + self.penalty(state), problem.spent().columns
            self.steps.append((number, self.alpha, objective, loss, relative, support, read, seconds))
        if self.bar is not None:
            self.bar.show(Progress(number, self.n_points, self.alpha, relative, support, seconds))

    def support(self, state):
        """How many columns have a coefficient."""
        return int(np.count_nonzero(state.coef))

    def penalty(self, state):
        """The penalty at the alpha under way."""
        return self.problem.penalty_at(self.alpha).value(state.coef)

    def close(self):
        """To be called when a path ends, however it does."""
        if self.problem.watcher is not None:
            self.problem.watch(None)
        if self.bar is not None:
            self.bar.close()

    def trace(self):
        """What each point cost, as Path.trace holds it: what was needed before the first is the first's."""
        rows = np.diff(np.array(self.marks), axis=0)
        table = {name: rows[:, k + 1].astype(np.int64) for k, name in enumerate(self.COUNTS)}
        return {"seconds": rows[:, 0], **table}

    def table_of_steps(self):
        """The steps as Path.steps holds them, or None if they were not asked for."""
        if self.steps is None:
            return None
        columns = zip(*self.steps) if self.steps else [[] for _ in self.STEP]
        return {name: np.array(values) for name, values in zip(self.STEP, columns)}
