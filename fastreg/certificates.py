"""What makes an answer true: the duality gap, and bounds on correlations that read nothing of X.

At coefficients b, let nu be a dual direction: the generalised residual r (summing to zero when there is an intercept),
projected so that unpenalised columns are orthogonal to it. Every s in [0, 1] gives a dual point s nu, and by Fenchel and
Young the gap is a sum of terms none of which is negative:

    gap(s) = sum_i divergence_i(s nu) + sum_j [ l1_j |b_j| + l2_j b_j^2 / 2 + conj_j(s c_j) - s c_j b_j ],   c = X'nu
    conj_j(z) = (|z| - l1_j)_+^2 / (2 l2_j)  where l2_j > 0;  where l2_j = 0: 0 if |z| <= l1_j, else infinite

With s = 1 and nu = r the rows' sum is zero (form B of the design's mathematics, tight for l1_ratio < 1); the largest s
that makes every |s c_j| <= l1_j is form A. Summing terms instead of subtracting a dual from a primal value keeps digits:
the gap is exact to rounding in its own size. Only columns with b_j != 0 or |c_j| > l1_j contribute.
"""

import math

import numpy as np

from fastreg._jit import kernel
from fastreg.families import row_divergence


@kernel
def dual_scale(correlation, l1, l2, only_lasso):
    """The largest s <= 1 with |s c_j| <= l1_j; over columns with l2_j = 0 alone if `only_lasso`."""
    scale = 1.0
    for k in range(correlation.size):
        if l1[k] > 0.0 and (l2[k] == 0.0 or not only_lasso):
            size = abs(correlation[k])
            if size * scale > l1[k]:
                scale = l1[k] / size
    return scale


@kernel
def column_terms(correlation, coef, l1, l2, free, s):
    """The columns' share of gap(s). An unpenalised column, of curvature free_j, is taken to contribute c_j^2 / (2 free_j):
    what a Newton step on it alone would gain."""
    total = 0.0
    for k in range(correlation.size):
        b, c = coef[k], s * correlation[k]
        excess = abs(c) - l1[k]
        if l1[k] == 0.0 and l2[k] == 0.0:
            if c != 0.0:
                total += c * c / (2.0 * free[k]) if free[k] > 0.0 else math.inf
            continue
        term = l1[k] * abs(b) - c * b
        if l2[k] > 0.0:  # not 0 b^2, which reordering may turn into 0 inf
            term += 0.5 * l2[k] * b * b
        if excess > 0.0:
            if l2[k] > 0.0:
                if b != 0.0:  # a perfect square: (c - l1 sign(c) - l2 b)^2 / (2 l2), plus what a wrong sign costs
                    sign = 1.0 if c > 0.0 else -1.0
                    term = (excess - l2[k] * b * sign) ** 2 / (2.0 * l2[k]) + l1[k] * (abs(b) - b * sign)
                else:
                    term = excess * excess / (2.0 * l2[k])
            elif excess > 4e-16 * abs(c):
                return math.inf
        total += max(term, 0.0)
    return total


def duality_gap(family, eta, residual, dual, correlation, coef, l1, l2, free):
    """The smallest of three gaps: at s = 1 (as far as pure-lasso columns allow), scaled, and at s = 0 if those are infinite.

    `correlation` = X'dual. Columns are any set that holds every b_j != 0 and every |c_j| > l1_j. Absolute, in units of the
    loss. Rigorous where unpenalised columns are orthogonal to `dual`; otherwise see `column_terms`.
    """
    best = math.inf
    shrinks = {dual_scale(correlation, l1, l2, True), dual_scale(correlation, l1, l2, False)}
    for s in sorted(shrinks, reverse=True):
        rows = 0.0 if s == 1.0 and dual is residual else row_divergence(family, eta, residual, dual, s)
        best = min(best, rows + column_terms(correlation, coef, l1, l2, free, s))
    if not math.isfinite(best):
        rows = row_divergence(family, eta, residual, dual, 0.0)
        best = rows + column_terms(correlation, coef, l1, l2, free, 0.0)
    return float(best)


class References:
    """Residual-subspace bounds: |x_j'r| <= |sum_k a_k c_kj| + N_j ||r - sum_k a_k r_k||.

    Keeps a few residuals r_k whose correlations c_k with every column are known. Norms are taken in the metric of the
    weights: N_j = sqrt(sum w (x_j - m_j)^2) and ||v||^2 = sum v^2 / w, rows of weight zero aside, so that Cauchy and
    Schwarz hold as they stand. The relative slack covers the rounding of the products.
    """

    ROUNDING = 1e-13

    def __init__(self, norms, weight, capacity=3):
        self.norms, self.capacity = norms, capacity
        self.unit = np.zeros(weight.size)
        np.divide(1.0, np.sqrt(weight), out=self.unit, where=weight > 0.0)
        self.residuals: list[np.ndarray] = []  # in the metric: r / sqrt(w)
        self.correlations: list[np.ndarray] = []

    def add(self, residual, correlation):
        if len(self.residuals) == self.capacity:
            self.residuals.pop(0), self.correlations.pop(0)
        self.residuals.append(residual * self.unit)
        self.correlations.append(correlation)

    def project(self, residual):
        """(estimate of X'r, radius): every column's correlation is within radius * N_j of its estimate."""
        scaled = residual * self.unit
        basis = np.column_stack(self.residuals)
        mix = np.linalg.lstsq(basis, scaled, rcond=1e-12)[0]
        remainder = np.linalg.norm(scaled - basis @ mix)
        estimate = mix[0] * self.correlations[0]
        for a, c in zip(mix[1:], self.correlations[1:]):
            estimate += a * c
        size = sum(abs(a) * np.linalg.norm(r) for a, r in zip(mix, self.residuals))
        return estimate, remainder + self.ROUNDING * size
