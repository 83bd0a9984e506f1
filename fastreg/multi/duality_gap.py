"""The duality gap of a problem with several responses.

With R the residuals (n, K), made orthogonal to the unpenalised columns, every nu = s R is a dual point for s in
[0, 1]: least squares has no domain to leave, and for the softmax y_i - nu_i / w_i = (1 - s) y_i + s mean_i stays in the
simplex. By Fenchel and Young

    gap(s) = sum_i divergence_i(s nu) + sum_u [ penalty_u(B) + conjugate_u(s c_u) - s c_u'B_u ],    c = X'nu

as in fastreg.objective.duality_gap, where |.| of a unit is an absolute value (entries) or a Euclidean length (rows). A
row's divergence is |e|^2 / 2 for least squares and Kullback and Leibler's for the softmax.
"""

import math

import numpy as np

from fastreg.multi.group_penalties import unit_scale, unit_terms
from fastreg.multi.problem import pseudo_inverse
from fastreg.objective.duality_gap import LEVEL


def duality_gap(problem, state, dual, correlation, coef, l1, l2):
    """The smaller of the gaps at s = 1 (as far as units without l2 allow) and scaled; at s = 0 if both are infinite.

    `correlation` and `coef` are (units, size) for any set of units that holds all that are not zero and all whose
    correlation exceeds its threshold. Absolute, in units of the loss.
    """
    best = math.inf
    scales = {unit_scale(correlation, l1, l2, True), unit_scale(correlation, l1, l2, False)}
    for s in sorted(scales, reverse=True):
        rows = 0.0 if s == 1.0 and dual is state.residual else divergence(problem, state, dual, s)
        best = min(best, rows + unit_terms(correlation, coef, l1, l2, s))
    return float(best) if math.isfinite(best) else empty_gap(problem, state, coef, l1, l2)


def divergence(problem, state, dual, s):
    """The rows' share of the gap at the dual point s * dual."""
    weight = problem.weight
    change = np.zeros(dual.shape)
    np.divide(state.residual - s * dual, weight, out=change, where=weight > 0.0)
    return problem.response.divergence(state.mean, change)


def empty_gap(problem, state, coef, l1, l2):
    """The gap at the dual point zero, which is always feasible: loss plus penalty."""
    return divergence(problem, state, state.residual, 0.0) + unit_terms(np.zeros(coef.shape), coef, l1, l2, 0.0)


def balanced(problem, dual):
    """Whether every response's dual direction sums to zero, up to rounding, as fitted intercepts ask."""
    if not problem.fit_intercept:
        return True
    return bool(np.all(np.abs(dual.sum(axis=1)) <= LEVEL * np.abs(dual).sum(axis=1)))


def levelled(problem, state):
    """The residuals, made to sum to zero if they do not, as certificates.levelled does for one response."""
    dual = state.residual
    if balanced(problem, dual):
        return dual
    inverse = pseudo_inverse(problem.response.intercept_curvature(state.mean))
    for _ in range(2):
        shift = np.broadcast_to((inverse @ dual.sum(axis=1))[:, None], dual.shape)
        dual = dual - problem.response.curve(state.mean, shift)
    return dual


def orthogonal(problem, dual, free, correlation):
    """Whether the dual direction is balanced and orthogonal to the unpenalised columns, up to rounding."""
    if not balanced(problem, dual):
        return False
    if free.size == 0:
        return True
    weight = problem.weight
    square = np.divide(dual**2, weight, out=np.zeros(dual.shape), where=weight > 0.0).sum()
    size = max(math.sqrt(square), 1e-6 * math.sqrt(problem.scale))
    return bool(np.all(np.abs(correlation) <= LEVEL * problem.norms[free, None] * size))
