"""Block coordinate descent for several responses over rows whose columns of X are sparse, without a Gram matrix.

Row j's minimiser given the others is that of group_descent.py; its correlations X_j'R are computed from the residuals,
and its step is added to them: 2 K products for each stored value. An epoch over a Gram matrix of m rows takes K m^2.
"""

import math

import numpy as np

from fastreg.numerics.jit import allocating_kernel, inner_kernel

ROUNDING = 2.0 * np.finfo(float).eps  # share of the penalty: a mismatch below it is rounding
SLICE = 3e7  # additions to correlations or residuals in one kernel call, about, so that a fit can be interrupted
MOST_EPOCHS = 1000  # between two products with X that tell which rows do not stay zero


def descend_rows(working, state, rows, precision):
    """Coefficients (rows, K) of some rows of a working set at which their gap, to first order, is at most `precision`.

    Returns them, and whether they were reached.
    """
    problem, columns = working.problem, working.columns[rows]
    design, places, shift = working.features.for_kernels()
    at = working.place[columns]
    terms = working.l1[rows], working.l2[rows], problem.norms[columns] ** 2, problem.centre[columns] - shift[at]
    coef, residual, lift = np.ascontiguousarray(state.matrix[columns].T), state.residual.copy(), np.zeros(problem.K)
    stored, epochs, done = float(problem.design.stored_in(columns)), 0, False
    at_once = max(int(SLICE / (2.0 * problem.K * stored)), 1)
    while not done and epochs < MOST_EPOCHS:
        problem.stop_if_interrupted()
        ran, done, read = residual_row_epochs(
            design, places[at], np.asarray(problem.weight), terms, (coef, residual, lift), at_once, precision
        )
        epochs += ran
        problem.work.add(epochs=ran, columns=read)
    return coef.T, done


@allocating_kernel
def residual_row_epochs(design, columns, weight, terms, point, max_epochs, precision):
    """Epochs until the gap, to first order, is at most `precision` or rounding. Returns (epochs, converged, columns
    read).

    `terms` is (l1_j, l2_j, G_jj, means of the columns); `point` (coefficients (K, m), residuals times weights (K, n),
    lift (K,)), updated: the residuals of response k are residual_k + lift_k weight, about the columns' means.
    """
    l1, l2, curvatures, mean = terms
    coef, residual, lift = point
    c, change, read = np.empty(lift.size), np.empty(lift.size), 0
    for epoch in range(max_epochs):
        off, excess, size, decrease = 0.0, 0.0, 0.0, 0.0
        for j in range(columns.size):
            if curvatures[j] <= 0.0:
                continue
            for k in range(lift.size):
                c[k] = design.column_dot(columns[j], residual[k]) + lift[k] * mean[j]
            read += lift.size
            (beyond, mismatch, gain), length, _ = row_change(coef, j, c, (l1[j], l2[j], curvatures[j]), change)
            excess, size = max(excess, beyond), size + l1[j] * length
            if gain == 0.0:
                continue
            off, decrease = off + mismatch, decrease + gain
            for k in range(lift.size):
                if change[k] != 0.0:
                    coef[k, j] += change[k]
                    design.column_add_weighted(columns[j], -change[k], weight, residual[k])
                    lift[k] += change[k] * mean[j]
                    read += 1
        if off + excess * size + decrease <= max(precision, ROUNDING * size):
            return epoch + 1, True, read
    return max_epochs, False, read


@inner_kernel
def row_change(coef, j, c, terms, change):
    """The step of row b = coef[:, j] with correlations c (K,) to its minimiser given the others, written to `change`.

    `terms` is (l1_j, l2_j, G_jj). Returns ((excess |c| / l1 - 1 of a row that does not stay zero, mismatch, decrease of
    the model), |b|, whether one of b and the new row is zero and the other is not); without a step the decrease is 0.
    """
    l1, l2, curvature = terms
    reach, length, cc, moved = 0.0, 0.0, 0.0, 0.0
    for k in range(c.size):
        change[k] = curvature * coef[k, j] + c[k]
        reach += change[k] * change[k]
        length += coef[k, j] * coef[k, j]
        cc += c[k] * c[k]
    reach, length = math.sqrt(reach), math.sqrt(length)
    if length == 0.0 and reach <= l1:
        return (0.0, 0.0, 0.0), 0.0, False
    beyond = math.sqrt(cc) / l1 - 1.0 if length == 0.0 and l1 > 0.0 else 0.0
    shrink = max(1.0 - l1 / reach, 0.0) / (curvature + l2) if reach > 0.0 else 0.0
    for k in range(c.size):
        change[k] = shrink * change[k] - coef[k, j]
        moved += change[k] * change[k]
    slope = curvature + l2 + (l1 / length if length > 0.0 else 0.0)
    parts = beyond, slope * math.sqrt(moved) * length, 0.5 * (curvature + l2) * moved
    return parts, length, (length > 0.0) != (shrink > 0.0)
