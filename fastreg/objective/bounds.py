"""Bounds on coefficients, lower_j <= b_j <= upper_j with lower_j <= 0 <= upper_j, on the scale of X.

An infinite bound is none, and a bound of zero forbids a sign. Zero always lies within, so that the null model of a
penalised column is a feasible one.
"""

from typing import NamedTuple

import numpy as np

ROUNDING = 1e-12  # of a coefficient: one that is nearer to its bound lies at it


class Bounds(NamedTuple):
    """The bounds of some columns."""

    lower: np.ndarray
    upper: np.ndarray

    def on(self, columns):
        """Those of some of the columns."""
        return Bounds(self.lower[columns], self.upper[columns])

    def clip(self, coef):
        """The nearest coefficients within the bounds."""
        return np.minimum(np.maximum(coef, self.lower), self.upper)

    def pull(self, correlation):
        """Correlations as far as they could move a coefficient away from zero: 0 where that sign is forbidden."""
        allowed = np.where(correlation > 0.0, self.upper > 0.0, self.lower < 0.0)
        return np.where(allowed, correlation, 0.0)

    def inside(self, coef):
        """Which coefficients lie within their bounds by more than rounding."""
        margin = ROUNDING * np.abs(coef)
        return (coef - self.lower > margin) & (self.upper - coef > margin)

    def room(self, direction):
        """The bound that lies ahead of zero in the direction of these signs, as a length."""
        return np.where(direction > 0.0, self.upper, -self.lower)

    def infinite(self):
        """Which columns have no bound at all."""
        return np.isinf(self.lower) & np.isinf(self.upper)

    def movable(self, p):
        """Which of p columns may have a coefficient; a column has one bound, or one for each class."""
        return (self.lower < self.upper).reshape(p, -1).any(axis=1)

    def absent(self, p):
        """Which of p columns have no bound at all."""
        return self.infinite().reshape(p, -1).all(axis=1)

    def boxed(self):
        """Whether any bound but zero and infinity is among them."""
        finite_lower, finite_upper = np.isfinite(self.lower), np.isfinite(self.upper)
        return bool(np.any(finite_lower & (self.lower != 0.0)) or np.any(finite_upper & (self.upper != 0.0)))


def unbounded(size):
    """Bounds of so many columns that hold nothing back."""
    return Bounds(np.full(size, -np.inf), np.full(size, np.inf))
