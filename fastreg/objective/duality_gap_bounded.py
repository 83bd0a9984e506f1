"""The duality gap where coefficients have bounds l <= 0 <= u, by the penalty's conjugate over an interval.

As in duality_gap.py, gap(s) is a sum of nonnegative terms, at the dual point s nu; a column's is

    l1 |b| + l2 b^2 / 2 + conj(z) - z b,    conj(z) = max over l <= x <= u of  z x - l1 |x| - l2 x^2 / 2,    z = s c.

Let m be the distance to the bound in the direction of z (u or -l), and e = |z| - l1. Where e <= 0, conj is 0. Else
the maximum is at |x| = e / l2 if that is at most m, with the term of an unbounded column; and if not, at the bound:

    conj(z) = e m - l2 m^2 / 2,      a term of  l1 (|b| - b') + (m - b') (e - l2 (m + b') / 2),   b' = b sign(z),

zero for a coefficient at its bound. Thus every dual point is feasible for finite bounds, a bound of zero removes the
constraint on its side, and an infinite one leaves |z| <= l1 where l2 = 0.
"""

import math

import numpy as np

from fastreg.numerics.jit import kernel

NONE = np.empty(0)
WEAK = 1e-7  # ridge penalty over a column's curvature, below which it is too weak for its conjugate to bound the gap


@kernel
def bounded_terms(correlation, coef, penalty, free, s):
    """The columns' terms of gap(s), summed; `penalty` is (l1_j, l2_j, lower_j, upper_j).

    A column that is neither penalised nor bounded in the direction of c_j counts as orthogonal to the dual point. For a
    steering gap `free` are the columns' curvatures (else empty): the term of a column with little or no penalty is then
    at most the gain of a Newton step on it alone.
    """
    l1, l2, lower, upper = penalty
    total = 0.0
    for k in range(correlation.size):
        b, c = coef[k], s * correlation[k]
        sign = 1.0 if c > 0.0 else -1.0
        limit = upper[k] if c > 0.0 else -lower[k]
        ahead, excess = b * sign, abs(c) - l1[k]
        curvature = free[k] if free.size > 0 else 0.0
        if excess <= 0.0:
            term = l1[k] * abs(b) - c * b
            if l2[k] > 0.0:  # not 0 b^2, which reordering may turn into 0 inf
                term += 0.5 * l2[k] * b * b
        elif l2[k] > 0.0 and l2[k] * limit >= excess:
            term = (excess - l2[k] * ahead) ** 2 / (2.0 * l2[k]) + l1[k] * (abs(b) - ahead)
        elif limit < math.inf:
            term = l1[k] * (abs(b) - ahead) + (limit - ahead) * (excess - 0.5 * l2[k] * (limit + ahead))
        elif l1[k] == 0.0:
            term = math.inf if curvature > 0.0 else 0.0
        elif excess > 4e-16 * abs(c):
            return math.inf
        else:
            term = l1[k] * abs(b) - c * b
        if l1[k] == 0.0 and l2[k] <= WEAK * curvature and curvature > 0.0:
            term = min(term, (c - l2[k] * b) ** 2 / (2.0 * (curvature + l2[k])))
        total += max(term, 0.0)
    return total


@kernel
def bounded_scale(correlation, penalty, only_lasso, only_infinite):
    """The largest s <= 1 with |s c_j| <= l1_j, over columns that may move in the direction of c_j.

    Only over those with l2_j = 0 if `only_lasso`, only over those without a bound there if `only_infinite`.
    """
    l1, l2, lower, upper = penalty
    scale = 1.0
    for k in range(correlation.size):
        limit = upper[k] if correlation[k] > 0.0 else -lower[k]
        counts = limit == math.inf or (limit > 0.0 and not only_infinite)
        if l1[k] > 0.0 and counts and (l2[k] == 0.0 or not only_lasso):
            size = abs(correlation[k])
            if size * scale > l1[k]:
                scale = l1[k] / size
    return scale


def scales(correlation, penalty):
    """The s at which the gap is computed, the largest first."""
    found = {bounded_scale(correlation, penalty, *which) for which in ((True, True), (False, True), (False, False))}
    return sorted(found, reverse=True)


def bounded_duality_gap(loss_gap, correlation, coef, penalty):
    """The smallest of the gaps at a few s; at s = 0, which is always feasible, if all are infinite.

    `loss_gap(s)` are the rows' terms. The columns are any set with every b_j != 0 and every column that its correlation
    could move; `correlation` is theirs with the dual direction, `penalty` as for `bounded_terms`.
    """

    def gap(s):
        return loss_gap(s) + bounded_terms(correlation, coef, penalty, NONE, s)

    best = min(gap(s) for s in scales(correlation, penalty))
    return float(best if math.isfinite(best) else gap(0.0))


def bounded_steering_gap(correlation, coef, penalty, free, scale):
    """The gap to first order, from the columns alone, as duality_gap.steering_gap for coefficients with bounds."""
    gaps = [
        bounded_terms(correlation, coef, penalty, free, s) + (1.0 - s) ** 2 * scale
        for s in scales(correlation, penalty)
    ]
    return float(min(gaps))
