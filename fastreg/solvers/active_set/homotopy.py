"""The homotopy: a penalised quadratic solved exactly, along a path of perturbed problems.

On a working set, minimise  -c'd + d'Hd/2 + sum_j [ l1_j |b_j + d_j| + l2_j (b_j + d_j)^2 / 2 ]  over d. Perturb the
linear term so that the start b is optimal, then take the perturbation away: t from 0 to 1. The solution is piecewise
linear in t; between breakpoints only the active coefficients move, along -(H_AA + L2_A)^-1 times what is left of the
perturbation. At a breakpoint an inactive correlation reaches its threshold (enter), or an active coefficient zero
(leave), or a coefficient comes to rest at a bound or leaves it; each updates a Cholesky factor in O(|A|^2). At t = 1
the answer is exact: least squares needs one such walk a point, a GLM one a Newton step. With l1 falling along a grid
this is the LARS-lasso homotopy, but it starts anywhere.

Sources: Osborne, Presnell and Turlach (2000), IMA J. Numer. Anal. 20; Efron et al. (2004), Ann. Stat. 32;
Best (1996) on parametric quadratic programs.
"""

from typing import NamedTuple

import numpy as np

from fastreg.numerics.jit import inlined_kernel, inner_kernel
from fastreg.solvers.active_set.pivots import (
    CROSSING,
    DIRECTION,
    FULL,
    NONE,
    RESPONSE,
    Outcome,
    Way,
    descent_direction,
    join,
    leave,
)
from fastreg.solvers.active_set.quadratic_model import ACTIVE, AT_BOUND, DEPENDENT, INACTIVE, stops_at_zero, threshold


class Breakpoint(NamedTuple):
    """Where a direction ends to hold."""

    step: float  # <= 1, of the direction
    leaves: np.int64  # place of the active column that leaves, or NONE
    enters: np.int64  # column that enters, or NONE,
    toward: float  # the sign of its threshold, and
    pace: float  # how fast it is reached


@inner_kernel
def walk(model, active, size, budget, begin):
    """Walk from the present coefficients to the optimum; `size` columns are active. Updates model and active set.

    `begin` a walk, or go on with one that ended in BUDGET or EXCHANGE.
    Returns a Way: DONE, BUDGET after `budget` pivots, EXCHANGE or STUCK.
    """
    m = model.l1.size
    direction, full, response = active.room[DIRECTION], active.room[FULL], active.room[RESPONSE]
    if begin:
        perturb(model, active)
    pivots, idle, left, last = 0, 0, NONE, 0.0
    while pivots < budget and size < active.factor.shape[0]:  # a full factor must grow first, outside
        descent_direction(model, active, size, direction, full, response)
        breakpoint = next_breakpoint(model, active, direction, size, response, left, last)
        step, place, enter, toward = breakpoint.step, breakpoint.leaves, breakpoint.enters, breakpoint.toward
        for a in range(size):
            model.coef[active.columns[a]] += step * direction[a]
        for j in range(m):
            model.correlation[j] -= step * response[j]
            active.shift[j] *= 1.0 - step
        if place < 0 and enter < 0:
            return Way(Outcome.DONE, size, pivots, NONE, 0.0)
        pivots += 1
        idle = idle + 1 if step <= 1e-14 else 0
        if idle > 4 * m + 20:
            return Way(Outcome.STUCK, size, pivots, NONE, 0.0)
        left = NONE
        if place >= 0:
            left = active.columns[place]
            last = active.sign[left]
            size = leave(model, active, size, place, barrier(model, active, left, direction[place]))
        else:
            rested = active.status[enter] == AT_BOUND
            size = join(model, active, size, enter)
            active.sign[enter] = toward if stops_at_zero(model, enter) else 0.0
            if rested and active.status[enter] == DEPENDENT:
                return Way(Outcome.STUCK, size, pivots, NONE, 0.0)
            # A dependent column that is only tied stays at its threshold.
            if active.status[enter] == DEPENDENT and breakpoint.pace * (1.0 - step) > CROSSING * model.l1[enter]:
                return Way(Outcome.EXCHANGE, size, pivots, enter, toward)
    return Way(Outcome.BUDGET, size, pivots, NONE, 0.0)


@inner_kernel
def perturb(model, active):
    """Shift the correlations of inactive columns within their thresholds, so that the start is optimal.

    Those beyond it are all shrunk by the same factor, the worst to its threshold: they then enter one after another,
    as they would along a grid, and not all at once, where ties among dependent columns could go round in circles. For
    the same reason those whose threshold is zero on one side are all shifted by the same amount.
    """
    worst, largest = 1.0, 0.0
    for j in range(model.l1.size):
        active.shift[j] = 0.0
        c = model.correlation[j]
        if active.status[j] != ACTIVE and active.status[j] != AT_BOUND and abs(c) > threshold(model, j, c):
            if model.l1[j] > 0.0:
                worst = max(worst, abs(c) / model.l1[j])
            else:
                largest = max(largest, abs(c))
    for j in range(model.l1.size):
        c = model.correlation[j]
        if active.status[j] == AT_BOUND:
            active.shift[j] = max(-held(model, active, j, c), 0.0) * active.sign[j]
        elif active.status[j] != ACTIVE and abs(c) > threshold(model, j, c):
            if model.l1[j] > 0.0:
                active.shift[j] = c / worst - c
            elif stops_at_zero(model, j):
                active.shift[j] = -largest if c > 0.0 else largest
            else:
                active.shift[j] = -c


@inlined_kernel
def held(model, active, j, c):
    """How hard the correlation c presses a column at a bound against its bound; below zero it would come off."""
    return active.sign[j] * (c - model.l2[j] * model.coef[j]) - model.l1[j]


@inlined_kernel
def barrier(model, active, j, direction):
    """Where an active coefficient must stop that moves in this direction: zero, a bound, or nowhere (infinity)."""
    if active.sign[j] * direction < 0.0:
        return 0.0
    return model.upper[j] if direction > 0.0 else model.lower[j]


@inner_kernel
def next_breakpoint(model, active, direction, size, response, left, last):
    """How far the direction holds.

    The column `left` has just left at the threshold of sign `last`, or for a bound; it moves inward, and outward would
    be rounding.
    """
    step, place, enter, toward, pace = 1.0, NONE, NONE, 1.0, 0.0
    for a in range(size):
        j = active.columns[a]
        end = barrier(model, active, j, direction[a])
        if (model.coef[j] + step * direction[a] - end) * direction[a] > 0.0:
            step, place = max((end - model.coef[j]) / direction[a], 0.0), np.int64(a)
    l1, correlation, shift, status = model.l1, model.correlation, active.shift, active.status
    for j in range(response.size):
        speed = -response[j] - shift[j]
        c = correlation[j] + shift[j]
        # One test without branches, which few columns pass: the order of signs and states is as good as random.
        if (status[j] == INACTIVE) & (l1[j] - (c if speed > 0.0 else -c) < step * abs(speed)):
            way = 1.0 if speed > 0.0 else -1.0
            room = threshold(model, j, way) - way * c
            if speed != 0.0 and room < step * abs(speed) and not (j == left and way == last):
                step, place, enter = max(room, 0.0) / abs(speed), NONE, np.int64(j)
                toward, pace = way, abs(speed)
        elif status[j] == AT_BOUND and j != left:
            room, speed = held(model, active, j, c), -speed * active.sign[j]
            if speed > 0.0 and room < step * speed:
                step, place, enter = max(room, 0.0) / speed, NONE, np.int64(j)
                toward, pace = active.sign[j], speed
    return Breakpoint(step, place, enter, toward, pace)
