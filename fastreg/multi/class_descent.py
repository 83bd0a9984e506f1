"""Coordinate descent on a Newton step's model of the multinomial, over columns of sparse X, without a Hessian.

At probabilities m the model of a step D (columns, classes) and d0 (intercepts) has the residuals

    R_il - w_i sum_k (x_i'D_k + d0_k) m_ik (delta_kl - m_il)

A step of one coefficient changes those of all classes in the rows of its column: K products for each stored value.
Intercepts follow after each epoch. A Hessian of s pairs and its factor take time that grows as s^2 and s^3, descent
that of the stored values. Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1).
"""

import numpy as np

from fastreg.multi.problem import pseudo_inverse
from fastreg.multi.row_descent import SLICE
from fastreg.numerics.jit import allocating_kernel, inner_kernel
from fastreg.objective.penalties import soft_threshold
from fastreg.solvers.coordinate_descent import SUPPORT_EPOCHS, violation

MOST_EPOCHS = 1000  # of one step's model


def descend_classes(working, state, precision):
    """Coefficients of the pairs at which the model of a Newton step from `state` has a gap of about `precision`."""
    problem, response = working.problem, working.problem.response
    columns, classes = np.divmod(working.columns, problem.K)
    curvature = class_curvatures(state.mean, problem.weight)
    if problem.fit_intercept:
        inverse = pseudo_inverse(response.intercept_curvature(state.mean))
    else:
        inverse = np.zeros((problem.K, problem.K))
    coef, residual, epochs, done = state.coef[working.columns], state.residual.copy(), 0, False
    stored = float(problem.design.stored_in(columns))
    at_once = max(int(SLICE / (stored * (1 + problem.K) + residual.size)), SUPPORT_EPOCHS)
    diagonal = np.empty(columns.size)
    while not done and epochs < MOST_EPOCHS:
        problem.stop_if_interrupted()
        ran, done = class_epochs(
            problem.design, (columns, classes, diagonal), working.penalty, curvature, inverse, (coef, residual),
            (at_once, precision, epochs == 0),
        )  # fmt: skip
        epochs += ran
    problem.work.add(epochs=epochs, columns=epochs * columns.size)
    return coef


def class_curvatures(mean, weight):
    """w m_k (delta_kl - m_l) for every row, (K, K, n)."""
    curvature = -(weight * mean)[:, None] * mean
    each = np.arange(mean.shape[0])
    curvature[each, each] += weight * mean
    return curvature


@allocating_kernel
def class_epochs(design, pairs, penalty, curvature, inverse, point, limits):
    """Epochs until the model's gap, to first order, is at most the precision. Returns (epochs, converged).

    `pairs` is (columns, classes, H_jj), which is computed where limits[2]; `inverse` the pseudo-inverse of the
    intercepts' curvature, zero without intercepts; `point` (coefficients, residuals (K, n)), updated; `limits`
    (max_epochs, precision, whether to compute H_jj).
    """
    columns, classes, diagonal = pairs
    max_epochs, precision, first = limits
    if first:
        for q in range(columns.size):
            h = curvature[classes[q], classes[q]]
            diagonal[q] = design.column_spread(columns[q], 0.0, h, 1.0)
    epochs, total = 0, np.empty(inverse.shape[0])
    while epochs < max_epochs:
        largest = 0.0
        for inner in range(SUPPORT_EPOCHS):
            gap, decrease = class_epoch(design, pairs, penalty, curvature, point, inner > 0)
            decrease += level_residuals(curvature, inverse, point[1], total)
            epochs += 1
            if inner == 0 and gap + decrease <= precision:
                return epochs, True
            largest = max(largest, decrease)
            if (inner > 0 and gap + decrease <= 0.1 * precision) or decrease <= 1e-17 * largest:
                break
            if epochs >= max_epochs:
                break
    return epochs, False


@inner_kernel
def class_epoch(design, pairs, penalty, curvature, point, support):
    """One epoch, over the pairs that are not zero alone if `support`: (gap to first order, decrease)."""
    columns, classes, diagonal = pairs
    l1, l2, lower, upper = penalty
    coef, residual = point
    decrease, mismatch, excess, size = 0.0, 0.0, 0.0, 0.0
    for q in range(columns.size):
        old, j, k = coef[q], columns[q], classes[q]
        if (support and old == 0.0) or diagonal[q] <= 0.0:
            continue
        correlation = design.column_dot(j, residual[k])
        mismatch, excess, size = violation(penalty, q, old, correlation, (mismatch, excess, size), False)
        new = soft_threshold(diagonal[q] * old + correlation, l1[q]) / (diagonal[q] + l2[q])
        new = min(max(new, lower[q]), upper[q])
        if new != old:
            coef[q] = new
            for l in range(residual.shape[0]):
                design.column_add_weighted(j, old - new, curvature[k, l], residual[l])
            decrease += 0.5 * (diagonal[q] + l2[q]) * (new - old) ** 2
    return mismatch + excess * size, decrease


@inner_kernel
def level_residuals(curvature, inverse, residual, total):
    """Let the residuals of each class sum to zero by a step of the intercepts; returns the decrease."""
    K, n = residual.shape
    for k in range(K):
        total[k] = 0.0
        for i in range(n):
            total[k] += residual[k, i]
    decrease = 0.0
    for k in range(K):
        step = 0.0
        for l in range(K):
            step += inverse[k, l] * total[l]
        decrease += 0.5 * step * total[k]
        if step != 0.0:
            for l in range(K):
                row, h = residual[l], curvature[k, l]
                for i in range(n):
                    row[i] -= step * h[i]
    return decrease
