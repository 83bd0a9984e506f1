"""RowsProblem: a problem of which sums over blocks of rows are asked, and the points at which they are known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from fastreg.objective import rows_apart
from fastreg.objective.problem import Problem
from fastreg.objective.rows_apart import At, in_order


class Evaluated(NamedTuple):
    """A point, and the sums over all rows that are known of it."""

    coef: np.ndarray  # (p,)
    intercept: float  # of centred columns
    correlation: np.ndarray  # X'r, (p,)
    loss: float
    level: float  # sum of the residuals r
    size: float  # sum of |r|
    curvature: float  # sum of the curvatures h
    square: float  # sum of r^2 / w
    at: At
    place: int  # among the points of `at`


@dataclass
class RowsProblem(Problem):
    """The problem of rows that lie apart, for which a sample of them stands where the family is asked.

    A strategy yields (function of rows_apart, its arguments after those of the model) and is sent the sums.
    """

    count_read: Callable[[], Any] = field(kw_only=True)  # called for each read of X
    held: Any = field(kw_only=True)  # the Rows of each block
    total: float = field(kw_only=True)  # of the weights
    constant: float = field(kw_only=True, default=0.0)  # of the loss
    number: int = 0  # of evaluations so far

    in_blocks_of_rows = True

    def __post_init__(self):
        super().__post_init__()
        self.loss_constant = self.constant

    def correlate(self, residual):
        """The sums that a strategy asks for: `residual` is (function, arguments)."""
        return in_order(self.held.run(*self.request(residual)))

    def request(self, asked):
        """(function, all of its arguments) of what a strategy asks for."""
        function, *args = asked
        return function, type(self.family), self.total, self.centre, *args

    def varies(self, j, rows):
        """Whether column j has distinct values in rows with a weight, by one read of it."""
        found = self.held.run(rows_apart.extremes, type(self.family), self.total, self.centre, np.array([j]))
        return min(low[0] for low, _ in found) < max(high[0] for _, high in found)

    def fitted_intercept(self, intercept, columns, values):
        return float(intercept) - float(self.centre[columns] @ values)

    def loss(self, state):
        return state.loss

    def evaluate(self, coefs, intercepts, reads=True):
        """The Evaluated of points (K, p): a generator of requests. X is read once; not at all without `reads` where no
        point has coefficients."""
        coefs, intercepts = np.asarray(coefs), np.asarray(intercepts, dtype=float)
        columns = np.flatnonzero(coefs.any(axis=0))
        self.number += 1
        at = At(self.number, columns, np.ascontiguousarray(coefs[:, columns]), intercepts)
        if reads or columns.size:
            self.work.add(columns=self.p, sweeps=1)
            self.count_read()
        products, numbers = yield (rows_apart.evaluate, at, reads), None
        if reads:
            products[:, self.left_out] = 0.0
        losses = [self.loss_of(total) for total in numbers[0]]
        return [
            Evaluated(coefs[k], float(intercepts[k]), products[k], losses[k], level, size, curvature, square, at, k)
            for k, (level, size, curvature, square) in enumerate(numbers[1:].T.tolist())
        ]

    def curve(self, point, within, beside):
        """(Z_W' h Z_W, Z' h Z_U, Z'h, sum of h) at a point: a generator of one request, which reads X."""
        self.work.add(columns=self.p, grams=1)
        self.count_read()
        return (yield (rows_apart.curve, point.at, point.place, within, beside), None)
