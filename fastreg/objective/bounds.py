"""Bounds on coefficients, lower_j <= b_j <= upper_j with lower_j <= 0 <= upper_j, on the scale of X.

A bound of zero forbids a sign, an infinite one is none. Zero is always feasible, and so is the null model.
"""

from typing import NamedTuple

import numpy as np

ROUNDING = 1e-12  # distance from a bound, over the coefficient, within which it counts as at the bound


class Bounds(NamedTuple):
    """Bounds of some columns, (columns,) each."""

    lower: np.ndarray
    upper: np.ndarray

    def on(self, columns):
        """The bounds of a subset of the columns."""
        return Bounds(self.lower[columns], self.upper[columns])

    def clip(self, coef):
        """The nearest coefficients within the bounds."""
        return np.minimum(np.maximum(coef, self.lower), self.upper)

    def pull(self, correlation):
        """The correlations, with 0 in the place of those whose sign is forbidden to the coefficient."""
        allowed = np.where(correlation > 0.0, self.upper > 0.0, self.lower < 0.0)
        return np.where(allowed, correlation, 0.0)

    def inside(self, coef):
        """Which coefficients lie within their bounds by more than rounding."""
        margin = ROUNDING * np.abs(coef)
        return (coef - self.lower > margin) & (self.upper - coef > margin)

    def distance(self, direction):
        """Distance from zero to the bound in the direction of these signs."""
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
        """Whether any bound is neither zero nor infinite."""
        finite_lower, finite_upper = np.isfinite(self.lower), np.isfinite(self.upper)
        return bool(np.any(finite_lower & (self.lower != 0.0)) or np.any(finite_upper & (self.upper != 0.0)))


def unbounded(size):
    """Infinite bounds for `size` columns."""
    return Bounds(np.full(size, -np.inf), np.full(size, np.inf))
