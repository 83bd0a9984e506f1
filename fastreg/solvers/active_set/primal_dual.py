"""Primal-dual steps: several pivots at once, where the active set is nearly right already."""

from fastreg.numerics.jit import inlined_kernel, inner_kernel, kernel
from fastreg.solvers.active_set.homotopy import walk
from fastreg.solvers.active_set.pivots import (
    CROSSING,
    DIRECTION,
    FULL,
    NONE,
    RESPONSE,
    Outcome,
    Way,
    descent_direction,
    exchange,
    join,
    leave,
)
from fastreg.solvers.active_set.quadratic_model import (
    ACTIVE,
    AT_BOUND,
    DEPENDENT,
    hessian_times,
    stops_at_zero,
    threshold,
)

MOST_STEPS = 12  # primal-dual steps to an optimum
GAIN = 0.85  # share of the wrong columns that a primal-dual step may leave wrong; else single pivots do better


@kernel
def step_or_walk(model, active, size, most, budget, begin):
    """A primal-dual step that may change `most` columns at once, then a walk unless it was enough: a Way."""
    pivots = 0
    if most > 0:
        way = primal_dual_step(model, active, size, most)
        if way.outcome != Outcome.BUDGET:
            return way
        size, pivots = withdraw(model, active, way.size), way.pivots
    way = walk(model, active, size, budget, begin)
    outcome = way.outcome
    if outcome == Outcome.DONE and count_crossed(model, active, 10.0 * CROSSING) > 0:
        outcome = Outcome.CROSSED
    return Way(outcome, way.size, pivots + way.pivots, way.column, way.sign)


@inner_kernel
def primal_dual_step(model, active, size, most):
    """Change all columns that are on the wrong side at once: solve for the present signs, then see which hold.

    Coefficients of a wrong sign leave, correlations beyond their threshold enter, and so on until none is wrong: then
    the point is the optimum. This need not converge, so it ends as soon as there are more than `most` changes or not
    clearly fewer than before; a walk may start wherever it ends, since no active sign is wrong there. Bounds other than
    zero are not looked at. Returns a Way: STEPPED, MET_DEPENDENT or BUDGET.
    Source: primal-dual active sets are Newton's method, Hintermueller, Ito and Kunisch (2002), SIAM J. Optim. 13.
    """
    m = model.l1.size
    direction, full, response = active.room[DIRECTION], active.room[FULL], active.room[RESPONSE]
    pivots, previous = 0, most / GAIN
    for _ in range(MOST_STEPS):
        descent_direction(model, active, size, direction, full, response)
        flips = count_flips(model, active, full)
        if flips > GAIN * previous:
            return Way(Outcome.BUDGET, size, pivots, NONE, 0.0)
        for j in range(m):
            model.coef[j] += full[j]
            model.correlation[j] -= response[j]
        size = drop_flipped(model, active, size, full, response)
        crossed = count_crossed(model, active, CROSSING)
        pivots += flips
        if flips + crossed == 0:
            return Way(Outcome.STEPPED, size, pivots, NONE, 0.0)
        if flips + crossed > GAIN * previous:
            return Way(Outcome.BUDGET, size, pivots, NONE, 0.0)
        previous = flips + crossed
        for j in range(m):
            c = model.correlation[j]
            if crosses(model, active, j, c, 1.0 + CROSSING):
                if active.status[j] == DEPENDENT:  # it was tied when it came, and is no more
                    size = exchange(model, active, size, j, 1.0 if c > 0.0 else -1.0)
                    pivots += 1
                    if active.status[j] != ACTIVE:
                        return Way(Outcome.MET_DEPENDENT, size, pivots, NONE, 0.0)
                    continue
                if size == active.factor.shape[0]:
                    return Way(Outcome.BUDGET, size, pivots, NONE, 0.0)
                size = join(model, active, size, j)
                active.sign[j] = 0.0 if not stops_at_zero(model, j) else 1.0 if c > 0.0 else -1.0
                pivots += 1
    return Way(Outcome.BUDGET, size, pivots, NONE, 0.0)


@inner_kernel
def withdraw(model, active, size):
    """Take out the columns that entered but have not moved: the walk decides anew which enter."""
    for a in range(size - 1, -1, -1):
        j = active.columns[a]
        if model.coef[j] == 0.0 and stops_at_zero(model, j):
            size = leave(model, active, size, a, 0.0)
    return size


@inner_kernel
def drop_flipped(model, active, size, full, response):
    """Take out the active columns whose coefficient has the wrong sign. Returns the size of the active set."""
    left = size
    full[:] = 0.0
    for a in range(size - 1, -1, -1):
        j = active.columns[a]
        if model.coef[j] * active.sign[j] < 0.0:
            full[j] = -model.coef[j]
            left = leave(model, active, left, a, 0.0)
    if left < size:
        hessian_times(model, full, active.nobody, response)
        for j in range(full.size):
            model.correlation[j] -= response[j]
    return left


@inner_kernel
def count_flips(model, active, full):
    """How many active coefficients would change sign by the step `full`."""
    flips, coef, sign, status = 0, model.coef, active.sign, active.status
    for j in range(full.size):
        flips += (status[j] == ACTIVE) & ((coef[j] + full[j]) * sign[j] < 0.0)
    return flips


@inner_kernel
def count_crossed(model, active, margin):
    """How many other columns are beyond their threshold by more than a share of `margin`."""
    crossed = 0
    for j in range(model.l1.size):
        crossed += crosses(model, active, j, model.correlation[j], 1.0 + margin) and active.status[j] != AT_BOUND
    return crossed


@inlined_kernel
def crosses(model, active, j, c, times):
    """Whether column j is not active and its correlation c beyond `times` its threshold.

    One test without branches, which few columns pass, comes first: the order of signs and states is as good as random.
    """
    beyond = (active.status[j] != ACTIVE) & (abs(c) > model.l1[j] * times)
    return beyond and abs(c) > threshold(model, j, c) * times
