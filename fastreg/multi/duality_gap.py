"""The duality gap of a problem with several responses.

With R the residuals (K, n), made orthogonal to what is not penalised, every nu = s R is a dual point for s in [0, 1]:
least squares has no domain to leave, and for the softmax y_i - nu_i / w_i = (1 - s) y_i + s mean_i stays in the
simplex. By Fenchel and Young

    gap(s) = sum_i divergence_i(s nu) + sum_u [ penalty_u(B) + conjugate_u(s c_u) - s c_u'B_u ],    c = X'nu

as in fastreg.objective.duality_gap, over the units u of the penalty. A row's divergence is |e|^2 / 2 for least squares
and Kullback and Leibler's for the softmax. Where units are entries, the functions for one response do the rest
(solvers/dual_point.py), within bounds or without; here is what is done otherwise for rows.
"""

import math

import numpy as np

from fastreg.multi.group_penalties import row_scale, row_terms
from fastreg.multi.problem import pseudo_inverse
from fastreg.objective.duality_gap import balanced, orthogonal


def row_gap(problem, state, dual, columns, correlation, penalty):
    """The smaller of the gaps at s = 1 (as far as rows without l2 allow) and scaled; at s = 0 if neither is finite.

    `columns` are any that hold all whose rows are not zero and all whose correlation exceeds its threshold,
    `correlation` (columns, K) theirs with the dual direction, `penalty` their (l1, l2). Absolute, in units of the loss.
    """
    coef = np.ascontiguousarray(state.matrix[columns])
    l1, l2 = penalty
    free = np.flatnonzero((l1 == 0.0) & (l2 == 0.0))
    best = math.inf
    if orthogonal(problem, dual, columns[free], correlation[free]):
        for s in {row_scale(correlation, l1, l2, True), row_scale(correlation, l1, l2, False)}:
            best = min(best, problem.loss_gap(state, dual, s) + row_terms(correlation, coef, l1, l2, s))
    if math.isfinite(best):
        return float(best)
    return float(problem.loss_gap(state, dual, 0.0) + row_terms(np.zeros(coef.shape), coef, l1, l2, 0.0))


def levelled(problem, state):
    """The residuals (K, n); less a Newton step of the intercepts where those of a response do not sum to zero."""
    dual = state.residual
    if balanced(problem, dual):
        return dual
    inverse = pseudo_inverse(problem.response.intercept_curvature(state.mean))
    for _ in range(2):
        shift = np.broadcast_to((inverse @ dual.sum(axis=1))[:, None], dual.shape)
        dual = dual - problem.response.curve(state.mean, shift)
    return dual
