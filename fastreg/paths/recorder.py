"""What a fit leaves behind beside its coefficients: the cost of every point and, on request, every solver step."""

import math
import time

import numpy as np

from fastreg.interface.progress import Bar, Progress, listener
from fastreg.paths.point import Point


class Recorder:
    """The points of a path as they come, what each cost, and whoever watches.

    Seconds and counts of work are noted after each point, which takes a microsecond. The steps within a point are
    looked at only if there is a bar or a table to show them in.
    """

    COUNTS = ("columns_read", "sweeps", "iterations", "epochs", "pivots", "grams")
    STEP = ("point", "alpha", "objective", "loss", "gap", "support", "columns_read", "seconds")

    def __init__(self, problem, begin, n_points, verbose=False, callback=None, trace=False):
        self.problem, self.begin, self.n_points, self.callback = problem, begin, n_points, listener(callback)
        self.bar = Bar() if verbose else None
        self.points: list[Point] = []
        self.marks: list[tuple[float, ...]] = [(0.0, *[0] * len(self.COUNTS))]
        self.steps: list[tuple] | None = [] if trace else None
        self.alpha = math.nan  # of the point under way
        if verbose or trace:
            problem.watcher = self.step

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
        self.problem.watcher = None
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
