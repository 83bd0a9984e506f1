"""The homotopy: a penalised quadratic solved exactly, by following the solutions of perturbed problems.

On a working set, minimise  -c'd + d'Hd/2 + sum_j [ l1_j |b_j + d_j| + l2_j (b_j + d_j)^2 / 2 ]  over d. The linear term
is perturbed so that the start b is optimal, and the perturbation then reduced to zero, for t from 0 to 1. The solution
is piecewise linear in t; between breakpoints only active coefficients change, along -(H_AA + L2_A)^-1 times the
remaining perturbation. At a breakpoint an inactive correlation reaches its threshold (the column enters), an active
coefficient reaches zero (it leaves), or a coefficient reaches or leaves a bound; each updates a Cholesky factor in
O(|A|^2). At t = 1 the solution is exact: least squares needs one homotopy per point, a GLM one per Newton step. With l1
falling along a grid this is the LARS-lasso homotopy, but from any start.

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
    PivotResult,
    descent_direction,
    join,
    leave,
)
from fastreg.solvers.active_set.quadratic_model import ACTIVE, AT_BOUND, DEPENDENT, INACTIVE, stops_at_zero, threshold


class Breakpoint(NamedTuple):
    """The first breakpoint along a direction."""

    step: float  # length along the direction, <= 1
    leaves: np.int64  # position of the active column that leaves, or NONE
    enters: np.int64  # column that enters, or NONE
    toward: float  # sign of the threshold that it reaches
    pace: float  # rate at which its correlation approaches the threshold


@inner_kernel
def run_homotopy(model, active, size, budget, begin):
    """Follow the homotopy from the current coefficients to the optimum, with `size` active columns.

    `begin` a homotopy, or continue one that ended in BUDGET or EXCHANGE. Updates the model and the active set. Returns
    a PivotResult: DONE, BUDGET after `budget` pivots, EXCHANGE or STUCK.
    """
    m = model.l1.size
    direction, full, response = active.scratch[DIRECTION], active.scratch[FULL], active.scratch[RESPONSE]
    if begin:
        perturb(model, active)
    pivots, idle, left, last = 0, 0, NONE, 0.0
    while pivots < budget and size < active.factor.shape[0]:  # a full factor is enlarged by the caller
        descent_direction(model, active, size, direction, full, response)
        breakpoint = next_breakpoint(model, active, direction, size, response, left, last)
        step, position, enter, toward = breakpoint.step, breakpoint.leaves, breakpoint.enters, breakpoint.toward
        for a in range(size):
            model.coef[active.columns[a]] += step * direction[a]
        for j in range(m):
            model.correlation[j] -= step * response[j]
            active.shift[j] *= 1.0 - step
        if position < 0 and enter < 0:
            return PivotResult(Outcome.DONE, size, pivots, NONE, 0.0)
        pivots += 1
        idle = idle + 1 if step <= 1e-14 else 0
        if idle > 4 * m + 20:
            return PivotResult(Outcome.STUCK, size, pivots, NONE, 0.0)
        left = NONE
        if position >= 0:
            left = active.columns[position]
            last = active.sign[left]
            size = leave(model, active, size, position, barrier(model, active, left, direction[position]))
        else:
            rested = active.status[enter] == AT_BOUND
            size = join(model, active, size, enter)
            active.sign[enter] = toward if stops_at_zero(model, enter) else 0.0
            if rested and active.status[enter] == DEPENDENT:
                return PivotResult(Outcome.STUCK, size, pivots, NONE, 0.0)
            # A dependent column whose correlation moves with the others' stays at its threshold.
            if active.status[enter] == DEPENDENT and breakpoint.pace * (1.0 - step) > CROSSING * model.l1[enter]:
                return PivotResult(Outcome.EXCHANGE, size, pivots, enter, toward)
    return PivotResult(Outcome.BUDGET, size, pivots, NONE, 0.0)


@inner_kernel
def perturb(model, active):
    """Shift the correlations of inactive columns to within their thresholds, so that the start is optimal.

    Those beyond their threshold are shrunk by one factor, the worst one to its threshold: columns then enter one after
    another, as along a grid, and not all at once, where ties among dependent columns may cycle. For the same reason
    those whose threshold is zero on one side are shifted by one amount.
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
    """The multiplier of the bound of a column at it, for correlation c; if negative the column leaves the bound."""
    return active.sign[j] * (c - model.l2[j] * model.coef[j]) - model.l1[j]


@inlined_kernel
def barrier(model, active, j, direction):
    """The value at which an active coefficient that moves in this direction stops: zero, a bound or infinity."""
    if active.sign[j] * direction < 0.0:
        return 0.0
    return model.upper[j] if direction > 0.0 else model.lower[j]


@inner_kernel
def next_breakpoint(model, active, direction, size, response, left, last):
    """The first Breakpoint along the direction.

    The column `left` has just left, at the threshold of sign `last` or to a bound, and cannot return there: that would
    be a rounding error.
    """
    step, position, enter, toward, pace = 1.0, NONE, NONE, 1.0, 0.0
    for a in range(size):
        j = active.columns[a]
        end = barrier(model, active, j, direction[a])
        if (model.coef[j] + step * direction[a] - end) * direction[a] > 0.0:
            step, position = max((end - model.coef[j]) / direction[a], 0.0), np.int64(a)
    l1, correlation, shift, status = model.l1, model.correlation, active.shift, active.status
    for j in range(response.size):
        speed = -response[j] - shift[j]
        c = correlation[j] + shift[j]
        # A first test without branches, since branches on signs and states are unpredictable; few columns pass it.
        if (status[j] == INACTIVE) & (l1[j] - (c if speed > 0.0 else -c) < step * abs(speed)):
            side = 1.0 if speed > 0.0 else -1.0
            distance = threshold(model, j, side) - side * c
            if speed != 0.0 and distance < step * abs(speed) and not (j == left and side == last):
                step, position, enter = max(distance, 0.0) / abs(speed), NONE, np.int64(j)
                toward, pace = side, abs(speed)
        elif status[j] == AT_BOUND and j != left:
            distance, speed = held(model, active, j, c), -speed * active.sign[j]
            if speed > 0.0 and distance < step * speed:
                step, position, enter = max(distance, 0.0) / speed, NONE, np.int64(j)
                toward, pace = active.sign[j], speed
    return Breakpoint(step, position, enter, toward, pace)
