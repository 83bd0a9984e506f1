"""Primal-dual steps: many pivots at once, for an active set that is nearly optimal."""

from fastreg.numerics.jit import inlined_kernel, inner_kernel, kernel
from fastreg.solvers.active_set.homotopy import run_homotopy
from fastreg.solvers.active_set.pivots import (
    CROSSING,
    DIRECTION,
    FULL,
    NONE,
    RESPONSE,
    Outcome,
    PivotResult,
    descent_direction,
    exchange,
    join,
    leave,
    numbers_of,
)
from fastreg.solvers.active_set.quadratic_model import (
    ACTIVE,
    AT_BOUND,
    DEPENDENT,
    hessian_times,
    stops_at_zero,
    threshold,
)

MOST_STEPS = 12  # primal-dual steps of a solve at most
GAIN = 0.85  # ratio of wrong columns after and before a step, above which single pivots are used


@kernel
def pivot_to_minimum_once(model, active, size, most, budget, begin):
    """`pivot_to_minimum` for Python: the numbers of its PivotResult."""
    return numbers_of(pivot_to_minimum(model, active, size, most, budget, begin))


@inner_kernel
def pivot_to_minimum(model, active, size, most, budget, begin):
    """Primal-dual steps that may change `most` columns at once, then the homotopy if these did not suffice.

    Returns a PivotResult."""
    pivots = 0
    if most > 0:
        result = primal_dual_step(model, active, size, most)
        if result.outcome != Outcome.BUDGET:
            return result
        size, pivots = withdraw(model, active, result.size), result.pivots
    result = run_homotopy(model, active, size, budget, begin)
    outcome = result.outcome
    if outcome == Outcome.DONE and count_crossed(model, active, 10.0 * CROSSING) > 0:
        outcome = Outcome.CROSSED
    return PivotResult(outcome, result.size, pivots + result.pivots, result.column, result.sign)


@inner_kernel
def primal_dual_step(model, active, size, most):
    """Solve for the current signs, change all columns that violate optimality at once, and repeat until none does.

    Columns whose coefficient has the wrong sign leave, columns beyond their threshold enter. This need not converge, so
    it ends if changes are more than `most` or not clearly fewer than before; the homotopy may start at its end, where
    no active sign is wrong. Bounds other than zero are ignored. Returns a PivotResult: STEPPED, MET_DEPENDENT or
    BUDGET.
    Source: primal-dual active sets are Newton's method, Hintermueller, Ito and Kunisch (2002), SIAM J. Optim. 13.
    """
    m = model.l1.size
    direction, full, response = active.scratch[DIRECTION], active.scratch[FULL], active.scratch[RESPONSE]
    pivots, previous = 0, most / GAIN
    for _ in range(MOST_STEPS):
        descent_direction(model, active, size, direction, full, response)
        flips = count_flips(model, active, full)
        if flips > GAIN * previous:
            return PivotResult(Outcome.BUDGET, size, pivots, NONE, 0.0)
        for j in range(m):
            model.coef[j] += full[j]
            model.correlation[j] -= response[j]
        size = drop_flipped(model, active, size, full, response)
        crossed = count_crossed(model, active, CROSSING)
        pivots += flips
        if flips + crossed == 0:
            return PivotResult(Outcome.STEPPED, size, pivots, NONE, 0.0)
        if flips + crossed > GAIN * previous:
            return PivotResult(Outcome.BUDGET, size, pivots, NONE, 0.0)
        previous = flips + crossed
        for j in range(m):
            c = model.correlation[j]
            if crosses(model, active, j, c, 1.0 + CROSSING):
                if active.status[j] == DEPENDENT:  # its correlation no longer moves with the others'
                    size = exchange(model, active, size, j, 1.0 if c > 0.0 else -1.0)
                    pivots += 1
                    if active.status[j] != ACTIVE:
                        return PivotResult(Outcome.MET_DEPENDENT, size, pivots, NONE, 0.0)
                    continue
                if size == active.factor.shape[0]:
                    return PivotResult(Outcome.BUDGET, size, pivots, NONE, 0.0)
                size = join(model, active, size, j)
                active.sign[j] = 0.0 if not stops_at_zero(model, j) else 1.0 if c > 0.0 else -1.0
                pivots += 1
    return PivotResult(Outcome.BUDGET, size, pivots, NONE, 0.0)


@inner_kernel
def withdraw(model, active, size):
    """Remove columns that entered with coefficients still zero: the homotopy decides anew which enter."""
    for a in range(size - 1, -1, -1):
        j = active.columns[a]
        if model.coef[j] == 0.0 and stops_at_zero(model, j):
            size = leave(model, active, size, a, 0.0)
    return size


@inner_kernel
def drop_flipped(model, active, size, full, response):
    """Remove the active columns whose coefficient has the wrong sign. Returns the number of active columns."""
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
    """Number of active coefficients that the step `full` would change the sign of."""
    flips, coef, sign, status = 0, model.coef, active.sign, active.status
    for j in range(full.size):
        flips += (status[j] == ACTIVE) & ((coef[j] + full[j]) * sign[j] < 0.0)
    return flips


@inner_kernel
def count_crossed(model, active, margin):
    """Number of other columns beyond their threshold by a factor of more than 1 + `margin`."""
    crossed = 0
    for j in range(model.l1.size):
        crossed += crosses(model, active, j, model.correlation[j], 1.0 + margin) and active.status[j] != AT_BOUND
    return crossed


@inlined_kernel
def crosses(model, active, j, c, times):
    """Whether column j is not active and its correlation c beyond `times` its threshold.

    A first test has no branches, since branches on signs and states are unpredictable; few columns pass it.
    """
    beyond = (active.status[j] != ACTIVE) & (abs(c) > model.l1[j] * times)
    return beyond and abs(c) > threshold(model, j, c) * times
