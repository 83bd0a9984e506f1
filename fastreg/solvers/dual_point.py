"""Dual points of a path's problems, and the gap within bounds.

A column of no penalty asks the dual point to be orthogonal to it, as long as its coefficient lies within its bounds; at
a bound the correlation may press it on, but not pull it off. So those within are projected out of the residual, and
those that this leaves pulled off a bound as well. Columns of a ridge too weak to condition them are treated alike.
"""

import numpy as np

from fastreg.objective.duality_gap import balanced, empty_gap, levelled, rounding_of_correlations
from fastreg.objective.duality_gap_bounded import WEAK, bounded_duality_gap
from fastreg.solvers.ridge.newton import dual_direction

PROJECTIONS = 3  # each with the columns that the one before left pulled off a bound


def residual_to_certify(problem, state, penalty):
    """The residual, less what columns within their bounds and of little or no penalty explain of it."""
    columns = problem.columns if penalty.alpha == 0.0 else problem.without_l1
    l1, l2 = penalty.on(columns)
    weak = (l1 == 0.0) & (l2 <= WEAK * problem.norms[columns] ** 2)
    columns, l2 = columns[weak], l2[weak]
    if columns.size == 0:
        return levelled(problem, state)
    if problem.bounds is None:
        return dual_direction(problem, state, columns, l2)
    bounds = problem.bounds.on(columns)
    within = bounds.inside(state.coef[columns])
    for _ in range(PROJECTIONS):
        dual = dual_direction(problem, state, columns[within], l2[within])
        correlation = problem.correlate_some(dual, columns)
        rounding = rounding_of_correlations(problem, dual, columns)
        pulled = without_limit(bounds, correlation, l2) & (np.abs(correlation) > rounding) & ~within
        if not pulled.any():
            break
        within |= pulled
    return dual


def without_limit(bounds, correlation, l2):
    """Which columns of no ridge could follow their correlation for ever: a dual point must be orthogonal to these."""
    return (l2 == 0.0) & np.isinf(bounds.room(correlation))


def bounded_gap(problem, state, penalty, dual, columns, correlation):
    """The duality gap, from columns that hold the support and all violators, and their correlations with `dual`."""
    l1, l2 = penalty.on(columns)
    bounds, coef = problem.bounds.on(columns), state.coef[columns]
    orthogonal = np.abs(correlation) <= rounding_of_correlations(problem, dual, columns)
    free = (l1 == 0.0) & without_limit(bounds, correlation, l2)
    if np.any(free & ~orthogonal) or not balanced(problem, dual):
        return empty_gap(problem.family, state.eta, state.residual, coef, l1, l2)
    # Within bounds that are far away, rounding of c_j would count with that distance; without them, not at all, and the
    # dual value of a problem of fewer bounds is a bound as well.
    free |= (l1 == 0.0) & (l2 == 0.0) & bounds.inside(coef) & orthogonal
    correlation, terms = np.where(free, 0.0, correlation), (l1, l2, *bounds)
    return bounded_duality_gap(problem.family, state.eta, state.residual, dual, correlation, coef, terms)
