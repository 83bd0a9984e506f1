"""Anderson acceleration of coordinate descent.

While the support and its signs stay the same, an epoch of coordinate descent is an affine map of the coefficients. From
the points b_0 .. b_K of K consecutive epochs, the affine combination is taken whose change would be smallest in the
norm of the Hessian H:

    minimise over c, sum c = 1     | sum_k c_k (b_k - b_k-1) |_H,      b_new = sum_k c_k b_k.

Residual and correlations are affine in b, so that those of b_new need no read of X. The step is taken only if it lowers
the penalised model and satisfies all bounds. Source: Bertrand and Massias (2021), "Anderson acceleration of coordinate
descent", AISTATS.
"""

import numpy as np

from fastreg.numerics.jit import allocating_kernel, inner_kernel

DEPTH = 5  # points b_0 .. b_K kept, K + 1
RIDGE = 1e-12  # ridge of the equations for c, over their trace
LARGEST = 1e4  # sum of |c_k| at most: a larger one magnifies rounding errors


@allocating_kernel
def equations():
    """Scratch memory: (products of the changes, the weights c, the changes in one row)."""
    size = DEPTH - 1
    return np.empty((size, size)), np.empty(size), np.empty(size)


@inner_kernel
def least_mix(gram, mix):
    """Write the weights c, by Gaussian elimination from the products of the changes, which are overwritten. Returns
    whether the weights are usable."""
    size, trace = mix.size, 0.0
    for a in range(size):
        trace += gram[a, a]
    if not trace > 0.0:
        return False
    for a in range(size):
        gram[a, a] += RIDGE * trace
        mix[a] = 1.0
    for a in range(size):
        if not gram[a, a] > 0.0:
            return False
        for b in range(a + 1, size):
            share = gram[b, a] / gram[a, a]
            mix[b] -= share * mix[a]
            for k in range(a, size):
                gram[b, k] -= share * gram[a, k]
    total, largest = 0.0, 0.0
    for a in range(size - 1, -1, -1):
        for k in range(a + 1, size):
            mix[a] -= gram[a, k] * mix[k]
        mix[a] /= gram[a, a]
        total += mix[a]
    if not abs(total) > 0.0:
        return False
    for a in range(size):
        mix[a] /= total
        largest += abs(mix[a])
    return largest <= LARGEST


@inner_kernel
def mixed(points, mix, j):
    """Entry j of the combination of all points except the first."""
    total = 0.0
    for a in range(mix.size):
        total += mix[a] * points[a + 1, j]
    return total


@inner_kernel
def penalty_change(points, mix, penalty, coef):
    """The penalty at the combination less that at `coef`; infinite if it violates a bound."""
    l1, l2, lower, upper = penalty
    change = 0.0
    for k in range(coef.size):
        here, there = coef[k], mixed(points, mix, k)
        if not lower[k] <= there <= upper[k]:
            return np.inf
        change += l1[k] * (abs(there) - abs(here)) + 0.5 * l2[k] * (there * there - here * here)
    return change


@inner_kernel
def extrapolate_residual(h, penalty, history, coef, residual):
    """Move `coef` and `residual` from the last point to the combination, if it is lower. Returns the lift there.

    `history` is (points, their residuals, their lifts, `equations()`), as in coordinate descent in residual form.
    """
    points, residuals, lifts, (gram, mix, change) = history
    size = DEPTH - 1
    gram[:] = 0.0
    for i in range(h.size):
        if h[i] > 0.0:
            for a in range(size):
                change[a] = residuals[a + 1, i] - residuals[a, i] + (lifts[a + 1] - lifts[a]) * h[i]
                for b in range(a + 1):
                    gram[a, b] += change[a] * change[b] / h[i]
    for a in range(size):
        for b in range(a):
            gram[b, a] = gram[a, b]
    if not least_mix(gram, mix):
        return lifts[size]
    lift = 0.0
    for a in range(size):
        lift += mix[a] * lifts[a + 1]
    higher = penalty_change(points, mix, penalty, coef)
    for i in range(h.size):
        if h[i] > 0.0:
            here, there = residual[i] + lifts[size] * h[i], mixed(residuals, mix, i) + lift * h[i]
            higher += 0.5 * (there - here) * (there + here) / h[i]
    if not higher < 0.0:
        return lifts[size]
    for k in range(coef.size):
        coef[k] = mixed(points, mix, k)
    for i in range(residual.size):
        residual[i] = mixed(residuals, mix, i)
    return lift


@inner_kernel
def extrapolate_correlation(penalty, history, coef, correlation):
    """Move `coef` and `correlation` from the last point to the combination, if it is lower; in Gram form.

    `history` is (points, their correlations, `equations()`).
    """
    points, correlations, (gram, mix, _) = history
    size = DEPTH - 1
    gram[:] = 0.0
    for j in range(coef.size):
        for a in range(size):
            step = points[a + 1, j] - points[a, j]
            if step != 0.0:
                for b in range(size):
                    gram[a, b] -= step * (correlations[b + 1, j] - correlations[b, j])
    if not least_mix(gram, mix):
        return
    higher = penalty_change(points, mix, penalty, coef)
    for j in range(coef.size):
        higher -= 0.5 * (mixed(points, mix, j) - coef[j]) * (mixed(correlations, mix, j) + correlation[j])
    if not higher < 0.0:
        return
    for j in range(coef.size):
        coef[j], correlation[j] = mixed(points, mix, j), mixed(correlations, mix, j)
