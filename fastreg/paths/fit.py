"""A path under way: what is fitted, where it stands, and what is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastreg.interface.reasons import SEPARABLE
from fastreg.objective.problem import Problem, State
from fastreg.paths.null_model import NullModel
from fastreg.paths.recorder import Recorder


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

    @property
    def problem(self) -> Problem:
        return self.null.problem

    @property
    def state(self) -> State:
        return self.null.state

    @property
    def points(self):
        return self.recorder.points

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

    def each(self, alphas):
        """`alphas` one by one, until the path ends: whoever asks for the next has added a point at the last."""
        for alpha in alphas.tolist():
            self.recorder.alpha = alpha
            yield alpha
            self.alpha = alpha
            if self.ended:
                break

    def add(self, point, alpha):
        """Record a point."""
        if self.automatic and self.null.separates(point.loss):
            point.reason = SEPARABLE
            self.ended = True
        self.recorder.add(point, alpha)
        if self.until is not None and self.until(point):
            self.ended = True
