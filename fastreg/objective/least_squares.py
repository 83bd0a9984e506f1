"""A check that a family with quadratic = True is least squares.

Solvers and certificates then use the residual weight * (y - eta) and the curvature weight without calling the family,
which would be wrong for any other loss.
"""

import numpy as np

from fastreg.objective.families import linearise

DISTANCES = 0.01, 1.0, 100.0  # distances of eta from y, over the largest |y|: a Huber loss is quadratic near y only
ROUNDING = 1e-9  # error allowed to a residual, over its terms, and to a curvature, over itself


def breach_of_quadratic(family):
    """The text of an error if a family with quadratic = True, bound to data, is not least squares; else None.

    Its derivatives are tested at every row, on both sides of y, in two passes over the rows.
    """
    y, weight = family.y, family.weight
    unit = float(np.abs(y).max(initial=0.0)) or 1.0
    residual, curvature = np.empty(y.size), np.empty(y.size)
    for side in (-unit, unit):
        eta = y + side * np.resize(DISTANCES, y.size)
        linearise(family, eta, residual, curvature)
        wanted, margin = weight * (y - eta), ROUNDING * weight * (np.abs(y) + np.abs(eta))
        right = (np.abs(residual - wanted) <= margin) & (np.abs(curvature - weight) <= ROUNDING * weight)
        if not right.all():
            i = int(np.argmin(right))
            return (
                "quadratic = True says that the loss is weight * (y - eta)^2 / 2, with the residual weight * (y - eta) "
                f"and the curvature weight; but for y = {y[i]:g} and weight {weight[i]:g} at eta = {eta[i]:g} the "
                f"residual is {residual[i]:g} and the curvature {curvature[i]:g}, not {wanted[i]:g} and {weight[i]:g}: "
                "set quadratic = False"
            )
    return None
