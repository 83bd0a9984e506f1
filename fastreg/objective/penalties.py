"""The elastic net penalty: sum_j l1_j |b_j| + l2_j b_j^2 / 2. Lasso (l2 = 0), ridge (l1 = 0) and none are values of it.

With alpha, rho = l1_ratio, factor v_j and scale s_j (the standard deviation of column j under `standardize`, else 1):
l1_j = alpha rho v_j s_j and l2_j = alpha (1 - rho) v_j s_j^2. Standardising is thus a change of penalty alone:
coefficients stay on the user's scale and no column is ever rescaled.
"""

from typing import NamedTuple

import numpy as np

from fastreg.numerics.jit import inlined_kernel


@inlined_kernel
def soft_threshold(value, threshold):
    """Minimise (x - value)^2 / 2 + threshold |x|."""
    if value > threshold:
        return value - threshold
    if value < -threshold:
        return value + threshold
    return 0.0


class ElasticNet(NamedTuple):
    """Per-column penalties of one point: l1_j = l1 * lasso_factor_j, l2_j = l2 * ridge_factor_j. A plain value."""

    l1: float  # alpha * l1_ratio
    l2: float  # alpha * (1 - l1_ratio)
    lasso_factor: np.ndarray  # (p,) v_j s_j
    ridge_factor: np.ndarray  # (p,) v_j s_j^2

    def on(self, columns):
        """(l1_j, l2_j) of some columns, as arrays."""
        return self.l1 * self.lasso_factor[columns], self.l2 * self.ridge_factor[columns]

    def value(self, coef):
        columns = np.flatnonzero(coef)
        l1, l2 = self.on(columns)
        return float(l1 @ np.abs(coef[columns]) + 0.5 * (l2 @ coef[columns] ** 2))
