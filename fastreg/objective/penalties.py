"""Separable penalties, and their values at one alpha.

At alpha the objective has  sum_j l1_j |b_j| + l2_j b_j^2 / 2  with  l1_j = alpha L_j,  l2_j = alpha R_j. A penalty has
rates l1 and l2 for every column; with the column's factor v_j and scale s_j (its standard deviation under
`standardize`, else 1) a `Problem` computes

    L_j = l1_j v_j s_j,      R_j = l2_j v_j s_j^2

once for all alphas. Thus standardising changes the penalty alone: coefficients are on the user's scale, and columns are
not rescaled.
"""

from typing import NamedTuple

import numpy as np

from fastreg.numerics.jit import inlined_kernel


@inlined_kernel
def soft_threshold(value, threshold):
    """The minimiser of (x - value)^2 / 2 + threshold |x|."""
    if value > threshold:
        return value - threshold
    if value < -threshold:
        return value + threshold
    return 0.0


class ElasticNet(NamedTuple):
    """The elastic net, with one l1_ratio for all columns: 1 is the lasso, 0 is ridge."""

    l1_ratio: float

    def rates(self, p):
        """(l1, l2) of p columns: l1_ratio and 1 - l1_ratio."""
        return np.full(p, self.l1_ratio), np.full(p, 1.0 - self.l1_ratio)


class PenaltyAt(NamedTuple):
    """The penalty at one alpha: l1_j = alpha L_j, l2_j = alpha R_j."""

    alpha: float
    l1_rates: np.ndarray  # (p,) L_j; for several responses (units,)
    l2_rates: np.ndarray  # (p,) R_j

    def on(self, columns):
        """(l1_j, l2_j) of some columns, as arrays."""
        return self.alpha * self.l1_rates[columns], self.alpha * self.l2_rates[columns]

    def value(self, coef):
        """The penalty of coefficients (p,)."""
        columns = np.flatnonzero(coef)
        l1, l2 = self.on(columns)
        return float(l1 @ np.abs(coef[columns]) + 0.5 * (l2 @ coef[columns] ** 2))
