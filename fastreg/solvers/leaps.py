"""Leaps: several pivots at once, where the active set is nearly right already."""

import numpy as np

from fastreg._jit import kernel
from fastreg.solvers.pivots import CROSSING, descent_direction, join, leave
from fastreg.solvers.quadratic import ACTIVE, PARKED, hessian_times

LEAPS = 12
GAIN = 0.85  # share of the wrong columns that a leap may leave wrong; else single pivots do better


@kernel
def leap(model, active, size, most):
    """Change all columns that are on the wrong side at once: solve for the present signs, then see which hold.

    Coefficients of a wrong sign leave, correlations beyond their threshold enter, and so on until none is wrong: then
    the point is the optimum. This need not converge, so it ends as soon as there are more than `most` changes or not
    clearly fewer than before; a walk may start wherever it ends, since no active sign is wrong there. Returns (whether
    optimal, size, changes).
    Source: primal-dual active sets are Newton's method, Hintermueller, Ito and Kunisch (2002), SIAM J. Optim. 13.
    """
    m = model.l1.size
    direction, full, response = np.empty(m), np.empty(m), np.empty(m)
    pivots, previous = 0, most / GAIN
    for _ in range(LEAPS):
        descent_direction(model, active, size, direction, full, response)
        flips = count_flips(model, active, full)
        if flips > GAIN * previous:
            return False, size, pivots
        for j in range(m):
            model.coef[j] += full[j]
            model.correlation[j] -= response[j]
        size = drop_flipped(model, active, size, full, response)
        crossed = count_crossed(model, active)
        pivots += flips
        if flips + crossed == 0:
            return True, size, pivots
        if flips + crossed > GAIN * previous:
            return False, size, pivots
        previous = flips + crossed
        for j in range(m):
            c = model.correlation[j]
            if active.status[j] != ACTIVE and abs(c) > model.l1[j] * (1.0 + CROSSING):
                if active.status[j] == PARKED or size == active.factor.shape[0]:
                    return False, size, pivots
                size = join(model, active, size, j)
                active.sign[j] = 0.0 if model.l1[j] == 0.0 else 1.0 if c > 0.0 else -1.0
                pivots += 1
    return False, size, pivots


@kernel
def drop_flipped(model, active, size, full, response):
    """Take out the active columns whose coefficient has the wrong sign. Returns the size of the active set."""
    left = size
    full[:] = 0.0
    for a in range(size - 1, -1, -1):
        j = active.columns[a]
        if model.l1[j] > 0.0 and model.coef[j] * active.sign[j] < 0.0:
            full[j] = -model.coef[j]
            left = leave(model, active, left, a)
    if left < size:
        hessian_times(model, full, np.zeros(full.size, dtype=np.int8), response)
        for j in range(full.size):
            model.correlation[j] -= response[j]
    return left


@kernel
def count_flips(model, active, full):
    """How many active coefficients would change sign by the step `full`."""
    flips = 0
    for j in range(full.size):
        if active.status[j] == ACTIVE and model.l1[j] > 0.0:
            flips += (model.coef[j] + full[j]) * active.sign[j] < 0.0
    return flips


@kernel
def count_crossed(model, active):
    """How many other columns are beyond their threshold."""
    crossed = 0
    for j in range(model.l1.size):
        if active.status[j] != ACTIVE:
            crossed += abs(model.correlation[j]) > model.l1[j] * (1.0 + CROSSING)
    return crossed
