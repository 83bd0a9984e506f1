"""Dual points of a path's problems, and the duality gap with bounds.

A dual point must be orthogonal to an unpenalised column whose coefficient is strictly within its bounds; at a bound,
the correlation may push the coefficient against it, not away. So columns within their bounds are projected out of the
residual, and then those that the projection pushes away from a bound. Columns with a very weak ridge are treated alike.
"""

import numpy as np

from fastreg.objective.duality_gap import balanced, rounding_of_correlations
from fastreg.objective.duality_gap_bounded import WEAK, bounded_duality_gap
from fastreg.solvers.ridge.newton import dual_direction

PROJECTIONS = 3  # projections at most, each with more columns at a bound


def residual_to_certify(problem, state, penalty, direction=dual_direction):
    """The residual, with units within their bounds and of little or no penalty projected out.

    `direction` is `dual_direction`, or its counterpart for several responses.
    """
    units = problem.units_of(problem.columns if penalty.alpha == 0.0 else problem.without_l1)
    if units.size == 0:
        return direction(problem, state, units, 0.0)
    l1, l2 = penalty.on(units)
    weak = (l1 == 0.0) & (l2 <= WEAK * problem.unit_norms[units] ** 2)
    units, l2 = units[weak], l2[weak]
    if units.size == 0 or problem.bounds is None:
        return direction(problem, state, units, l2)
    bounds = problem.bounds.on(units)
    within = bounds.inside(state.coef[units])
    for _ in range(PROJECTIONS):
        dual = direction(problem, state, units[within], l2[within])
        correlation = problem.correlate_some(dual, units)
        rounding = rounding_of_correlations(problem, dual, problem.unit_norms[units])
        pulled = without_limit(bounds, correlation, l2) & (np.abs(correlation) > rounding) & ~within
        if not pulled.any():
            break
        within |= pulled
    return dual


def without_limit(bounds, correlation, l2):
    """Which units have neither a ridge nor a bound in the direction of their correlation."""
    return (l2 == 0.0) & np.isinf(bounds.distance(correlation))


def bounded_gap(problem, state, penalty, dual, units, correlation):
    """The duality gap, from units with the support and all violators, and their correlations with `dual`."""
    l1, l2 = penalty.on(units)
    bounds, coef = problem.bounds_on(units), state.coef[units]
    feasible = balanced(problem, dual)
    if not l1.all():
        free = (l1 == 0.0) & without_limit(bounds, correlation, l2)
        orthogonal = np.abs(correlation) <= rounding_of_correlations(problem, dual, problem.unit_norms[units])
        feasible = feasible and bool(np.all(orthogonal[free]))
        # Rounding errors of c_j would be multiplied by the distance to a bound. So coefficients within bounds count as
        # unbounded: the dual value of a problem with fewer bounds is a lower bound as well.
        free |= (l1 == 0.0) & (l2 == 0.0) & bounds.inside(coef) & orthogonal
        correlation = np.where(free, 0.0, correlation)
    if not feasible:
        dual, correlation = np.zeros(dual.shape), np.zeros(units.size)  # zero is always feasible
    terms = l1, l2, *bounds
    return bounded_duality_gap(lambda s: problem.loss_gap(state, dual, s), correlation, coef, terms)
