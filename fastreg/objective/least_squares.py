"""Whether a family that says it is quadratic is least squares, which solvers then take for granted.

They use the residual weight * (y - eta) and the curvature weight without asking, in solutions and certificates alike:
of another loss both would be false.
"""

import numpy as np

from fastreg.objective.families import linearise

DISTANCES = 0.01, 1.0, 100.0  # of eta from y, in units of the responses: a loss that is quadratic near y only is not
ROUNDING = 1e-9  # of a residual's terms, or of a curvature


def breach_of_quadratic(family):
    """What a family bound to data, with quadratic = True, returns in place of least squares: words, or None.

    Its derivatives are asked at every row, on both sides of y: two passes over the rows.
    """
    y, weight = family.y, family.weight
    unit = float(np.abs(y).max(initial=0.0)) or 1.0
    residual, curvature = np.empty(y.size), np.empty(y.size)
    for side in (-unit, unit):
        eta = y + side * np.resize(DISTANCES, y.size)
        linearise(family, eta, residual, curvature)
        wanted, room = weight * (y - eta), ROUNDING * weight * (np.abs(y) + np.abs(eta))
        right = (np.abs(residual - wanted) <= room) & (np.abs(curvature - weight) <= ROUNDING * weight)
        if not right.all():
            i = int(np.argmin(right))
            return (
                "quadratic = True says that the loss is weight * (y - eta)^2 / 2, with the residual weight * (y - eta) "
                f"and the curvature weight; but for y = {y[i]:g} and weight {weight[i]:g} at eta = {eta[i]:g} the "
                f"residual is {residual[i]:g} and the curvature {curvature[i]:g}, not {wanted[i]:g} and {weight[i]:g}: "
                "set quadratic = False"
            )
    return None
