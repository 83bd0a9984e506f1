"""The duality gap, which certifies a point, and bounds on correlations that do not read X.

At coefficients b, let nu be a dual direction: the generalised residual r (summing to zero when there is an intercept),
projected so that unpenalised columns are orthogonal to it. Every s in [0, 1] gives a dual point s nu, and by Fenchel
and Young the gap is a sum of terms none of which is negative:

    gap(s) = sum_i divergence_i(s nu) + sum_j [ l1_j |b_j| + l2_j b_j^2 / 2 + conj_j(s c_j) - s c_j b_j ],   c = X'nu
    conj_j(z) = (|z| - l1_j)_+^2 / (2 l2_j)  where l2_j > 0;  where l2_j = 0: 0 if |z| <= l1_j, else infinite

With s = 1 and nu = r the rows' sum is zero (tight for l1_ratio < 1); the largest s with every |s c_j| <= l1_j gives
the usual scaled dual point. Terms are summed, instead of a dual value subtracted from a primal one, so that the gap has
full relative precision. Only columns with b_j != 0 or |c_j| > l1_j contribute.

Feasibility is tested at every point: that nu sums to zero (`balanced`) and is orthogonal to unpenalised columns
(`orthogonal`). Where it is not, the gap is that of nu = 0, which is always feasible. A residual that does not sum to
zero, for example because of rounding errors of a large y, is corrected first (`levelled`): its sum is subtracted in
proportion to the curvature, as a step of the intercept would do, and the rows' terms of the gap account for it.
"""

import math

import numpy as np

from fastreg.numerics.jit import inner_kernel, kernel
from fastreg.objective.families import divergence_bound, level_of, row_divergence

LEVEL = 1e-9  # sum of a dual direction, or correlation of a free column, over its bound, that counts as zero
LOST, ROUNDED = 1e-9, 1e-14  # difference of squares, over the squares, with too few digits; rounding error of one


@inner_kernel
def dual_scales(correlation, l1, l2):
    """The largest s <= 1 with |s c_j| <= l1_j: over columns with l2_j = 0 alone, and over all."""
    only_lasso, scale = 1.0, 1.0
    for k in range(correlation.size):
        if l1[k] > 0.0:
            size = abs(correlation[k])
            if size * scale > l1[k]:
                scale = l1[k] / size
            if l2[k] == 0.0 and size * only_lasso > l1[k]:
                only_lasso = l1[k] / size
    return only_lasso, scale


@kernel
def column_terms(correlation, coef, l1, l2, s):
    """The columns' terms of gap(s), summed. Unpenalised columns count as orthogonal to the dual point."""
    total = 0.0
    for k in range(correlation.size):
        b, c = coef[k], s * correlation[k]
        excess = abs(c) - l1[k]
        if l1[k] == 0.0 and l2[k] == 0.0:
            continue
        term = l1[k] * abs(b) - c * b
        if l2[k] > 0.0:  # not 0 b^2, which reordering may turn into 0 inf
            term += 0.5 * l2[k] * b * b
        if excess > 0.0:
            if l2[k] > 0.0:
                if b != 0.0:  # (c - l1 sign(c) - l2 b)^2 / (2 l2), plus 2 l1 |b| if b has the wrong sign
                    sign = 1.0 if c > 0.0 else -1.0
                    term = (excess - l2[k] * b * sign) ** 2 / (2.0 * l2[k]) + l1[k] * (abs(b) - b * sign)
                else:
                    term = excess * excess / (2.0 * l2[k])
            elif excess > 4e-16 * abs(c):
                return math.inf
        total += max(term, 0.0)
    return total


def duality_gap(family, state, dual, correlation, coef, l1, l2):
    """The smaller of the gaps at s = 1 (as far as pure-lasso columns allow) and scaled; at s = 0 if both are infinite.

    `correlation` = X'dual. The columns are any set with every b_j != 0 and every |c_j| > l1_j; unpenalised ones must be
    orthogonal to `dual`, which must be balanced. Absolute, in units of the loss.
    """
    same, rows = dual is state.residual and family.tight, (state.eta, state.residual, state.curvature)
    best = smaller_gap(family, rows, dual, (correlation, coef, l1, l2), bend_of(family), same)
    return best if math.isfinite(best) else empty_gap(family, state.eta, state.residual, coef, l1, l2)


def bend_of(family):
    """The `bend` by which `divergence_bound` may bound the rows' terms, infinite if it may not."""
    return float(family.bend) if family.true_curvature else math.inf


@kernel
def smaller_gap(family, rows, dual, columns, bend, same):
    """The smaller of gap(s) at the s of `duality_gap`; infinite if both are.

    `rows` and `bend` are those of `divergence_bound`, `columns` is (correlation, coef, l1, l2); `same` says that dual
    is the residual, so that at s = 1 the rows' terms are zero.
    """
    correlation, coef, l1, l2 = columns
    s, scaled = dual_scales(correlation, l1, l2)
    best = math.inf
    while True:
        gap = column_terms(correlation, coef, l1, l2, s)
        if not (same and s == 1.0):
            gap += divergence_bound(family, rows, dual, s, bend)
        if gap < best:
            best = gap
        if s == scaled:
            return best
        s = scaled


def balanced(problem, dual):
    """Whether a dual direction, (n,) or (K, n), is feasible for the intercepts: sums to zero, or there are none."""
    if not problem.fit_intercept:
        return True
    for response in (dual,) if dual.ndim == 1 else dual:
        total, size = level_of(response)
        if not abs(total) <= LEVEL * size:  # true for NaN
            return False
    return True


def levelled(problem, state):
    """The residual if it sums to zero; else less its sum, in proportion to the curvature."""
    residual, curvature = state.residual, state.curvature
    if balanced(problem, residual):
        return residual
    for _ in range(2):  # the second time for rounding errors of the first
        residual = residual - curvature * (residual.sum() / curvature.sum())
    return residual


def orthogonal(problem, dual, free, correlation):
    """Whether a dual direction is balanced and orthogonal to the unpenalised columns `free`, up to rounding.

    Their `correlation` is (free,), or with several responses (free, K).
    """
    if not balanced(problem, dual):
        return False
    if free.size == 0:
        return True
    rounding = rounding_of_correlations(problem, dual, problem.norms[free])
    sizes = np.abs(correlation).T  # of each response
    return bool(np.all(sizes <= rounding))


def rounding_of_correlations(problem, dual, norms):
    """The size up to which correlations of columns of these norms with `dual` count as zero, (columns,)."""
    weight = problem.weight
    square = np.divide(dual**2, weight, out=np.zeros(dual.shape), where=weight > 0.0).sum()
    size = max(math.sqrt(square), 1e-6 * math.sqrt(problem.scale))
    return LEVEL * norms * size


def empty_gap(family, eta, residual, coef, l1, l2):
    """The gap at the dual point zero, which is always feasible: loss plus penalty."""
    none = np.zeros(coef.size)
    return float(row_divergence(family, eta, residual, residual, 0.0) + column_terms(none, coef, l1, l2, 0.0))


@kernel
def steering_gap(correlation, coef, l1, l2, free, scale, closely):
    """The gap to first order, from the columns alone, by which solvers decide when to compute a certificate; `closely`
    if active columns shall limit s, too, as in a certificate.

    The smaller of gap(1) and the scaled gap, with (1 - s)^2 `scale` for the rows' terms, as at the null model. The term
    of an unpenalised column of curvature free_j is c_j^2 / (2 free_j), the gain of a Newton step on it alone.
    """
    mismatch, size, gain, s = 0.0, 0.0, 0.0, 1.0
    for k in range(correlation.size):
        b, c = coef[k], correlation[k]
        if l1[k] == 0.0 and l2[k] == 0.0:
            gain += c * c / (2.0 * free[k]) if free[k] > 0.0 else 0.0
        elif l1[k] == 0.0:
            mismatch += (c - l2[k] * b) ** 2 / (2.0 * l2[k])
        elif b != 0.0:
            sign = 1.0 if b > 0.0 else -1.0
            mismatch += abs(b * (c - l1[k] * sign - l2[k] * b))
            size += l1[k] * abs(b)
            if closely and abs(c) * s > l1[k]:
                s = l1[k] / abs(c)
        elif abs(c) * s > l1[k]:
            s = l1[k] / abs(c)
    scaled = mismatch + (1.0 - s) * size + (1.0 - s) ** 2 * scale
    return gain + min(column_terms(correlation, coef, l1, l2, 1.0), scaled)


class References:
    """Residual-subspace bounds: |x_j'r| <= |sum_k a_k c_kj| + N_j ||r - sum_k a_k r_k||, for any coefficients a.

    Keeps a few residuals r_k whose correlations c_k with every column are known. The norms are those of the weights:
    N_j = sqrt(sum w (x_j - m_j)^2) and ||v||^2 = sum v^2 / w over rows with w > 0, so that the Cauchy-Schwarz
    inequality applies. The radius includes the rounding errors of the products.
    """

    ROUNDING = 1e-13

    def __init__(self, norms, weight, capacity=3):
        self.norms, self.capacity, self.count = norms, capacity, 0
        self.unit = np.zeros(weight.size)
        np.divide(1.0, np.sqrt(weight), out=self.unit, where=weight > 0.0)
        self.residuals = np.zeros((capacity, weight.size))  # r / sqrt(w)
        self.correlations = np.zeros((capacity, norms.size))
        self.products = np.eye(capacity)
        self.sizes = np.zeros(capacity)

    def add(self, residual, correlation):
        """Store a residual and its correlations in place of the oldest."""
        place = self.count % self.capacity
        self.count += 1
        self.residuals[place] = residual * self.unit
        self.correlations[place] = correlation
        row = self.residuals @ self.residuals[place]
        self.products[place, :], self.products[:, place] = row, row
        self.sizes[place] = math.sqrt(row[place])

    def project(self, residual):
        """(estimate of X'r, radius): every column's correlation is within radius * N_j of its estimate."""
        k = min(self.count, self.capacity)
        basis, products, inner = self.residuals[:k], self.products[:k, :k], np.empty(k)
        square = scaled_products(residual, self.unit, basis, inner)
        jitter = 1e-14 * np.trace(products) + 1e-300
        mix = np.linalg.solve(products + jitter * np.eye(k), inner)
        rest = square - 2.0 * (mix @ inner) + mix @ products @ mix  # valid for any mix
        largest = square + float(np.abs(mix) @ self.sizes[:k]) ** 2
        if rest > LOST * largest:
            rest += ROUNDED * largest
        else:
            rest = square_of_rest(residual, self.unit, basis, mix)
        return mix @ self.correlations[:k], math.sqrt(rest) + self.ROUNDING * float(np.abs(mix) @ self.sizes[:k])


@kernel
def scaled_products(residual, unit, basis, inner):
    """inner[k] = sum_i basis_ki unit_i residual_i. Returns the sum of (unit_i residual_i)^2."""
    square = 0.0
    for i in range(unit.size):
        square += (unit[i] * residual[i]) ** 2
    for k in range(inner.size):
        total = 0.0
        for i in range(unit.size):
            total += basis[k, i] * (unit[i] * residual[i])
        inner[k] = total
    return square


@kernel
def square_of_rest(residual, unit, basis, mix):
    """|unit residual - sum_k mix_k basis_k|^2, summed over rows, without cancellation."""
    square = 0.0
    for i in range(unit.size):
        rest = unit[i] * residual[i]
        for k in range(mix.size):
            rest -= mix[k] * basis[k, i]
        square += rest * rest
    return square
