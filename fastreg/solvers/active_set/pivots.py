"""The active set and its pivots: columns enter, leave or are exchanged, each by an update of a Cholesky factor."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from fastreg.numerics.cholesky import append_row, delete_row, solve_factored
from fastreg.numerics.jit import inlined_kernel, inner_kernel, kernel
from fastreg.solvers.active_set.quadratic_model import (
    ACTIVE,
    AT_BOUND,
    DEPENDENT,
    INACTIVE,
    hessian_row,
    hessian_times,
    stops_at_zero,
)

NONE = np.int64(-1)  # no column; int64 as column numbers, since another type would compile kernels twice
FEW = 10  # columns that a primal-dual step may change, besides a share of the active ones
BEGIN_BY_STEP, BEGIN, GO_ON = range(3)  # start of a solve: primal-dual step, new homotopy, or homotopy continued
CROSSING = 1e-11  # excess over the threshold, relative to it, that counts as rounding


class Outcome(IntEnum):
    """How a kernel that makes pivots ended, and what the caller does next."""

    DONE = 0  # at the optimum
    STEPPED = 1  # at the optimum, by a primal-dual step alone
    BUDGET = 2  # all pivots are spent: call it again
    EXCHANGE = 3  # a column that depends on the active ones must replace one of them to pass its threshold
    MET_DEPENDENT = 4  # a primal-dual step met a dependent column: factorise anew, and use the homotopy from its start
    CROSSED = 5  # a column marked DEPENDENT ended beyond its threshold: mark it INACTIVE, and go on
    STUCK = 6  # ties prevent progress: use another method
    REBUILD = 7  # in batches: compute the model's matrix anew
    PAUSE = 8  # in batches: return to Python, so that a fit can be interrupted


class PivotResult(NamedTuple):
    """The result of a kernel that makes pivots."""

    outcome: Outcome
    size: int  # active columns
    pivots: int
    column: np.int64  # for EXCHANGE the column, else NONE
    sign: float  # of the threshold that it passes


class Active(NamedTuple):
    """The active columns in the order of the factor's rows, and the state of every column of the working set."""

    columns: np.ndarray
    factor: np.ndarray  # Cholesky factor of H_AA + L2_A
    status: np.ndarray  # INACTIVE, ACTIVE, DEPENDENT, or AT_BOUND at a bound that is not zero
    sign: np.ndarray  # of the coefficient, or of the threshold at which a column entered; 0 if both are allowed
    shift: np.ndarray  # remaining perturbation of columns that are not active
    scratch: np.ndarray  # scratch memory, a row for each of the uses below
    nobody: np.ndarray  # INACTIVE for every column


ROW, SINE, MIX, MOVED, MOVES, DIRECTION, FULL, RESPONSE, SCRATCH_ROWS = range(9)


@inlined_kernel
def numbers_of(result):
    """The numbers of a PivotResult, which a kernel returns to Python."""
    return result.outcome.value, result.size, result.pivots, result.column, result.sign


@inner_kernel
def descent_direction(model, active, size, direction, full, response):
    """Write the step to the optimum for the current signs: by active column (`direction`) and by column (`full`), with
    the decrease of each correlation (`response`). Solves (H_AA + L2_A) direction = slope."""
    slope = active.scratch[ROW]
    for a in range(size):
        j = active.columns[a]
        slope[a] = model.correlation[j] - model.l2[j] * model.coef[j] - model.l1[j] * active.sign[j]
        direction[a] = slope[a]
    solve_factored(active.factor, size, direction)
    full[:] = 0.0
    for a in range(size):
        full[active.columns[a]] = direction[a]
    hessian_times(model, full, active.status, response)
    for a in range(size):  # on active columns from (H + L2) direction = slope
        j = active.columns[a]
        response[j] = slope[a] - model.l2[j] * direction[a]


@inner_kernel
def leave(model, active, size, position, end):
    """Remove the active column at `position`, with coefficient `end`, zero or a bound, at its threshold.

    Dependent columns become inactive, since they may now be independent. Returns the number of active columns.
    """
    j = active.columns[position]
    model.coef[j] = end
    active.status[j] = INACTIVE
    if end != 0.0:
        active.status[j] = AT_BOUND
        active.sign[j] = 1.0 if end > 0.0 else -1.0
    active.shift[j] = model.l1[j] * active.sign[j] + model.l2[j] * end - model.correlation[j]
    delete_row(active.factor, size, position, active.scratch[ROW], active.scratch[SINE])
    for a in range(position, size - 1):
        active.columns[a] = active.columns[a + 1]
    for k in range(active.status.size):
        if active.status[k] == DEPENDENT:
            active.status[k] = INACTIVE
    return size - 1


@inner_kernel
def join(model, active, size, j):
    """Append column j to the factor, or mark it DEPENDENT if it depends on the active ones. Returns their number."""
    row = active.scratch[ROW]
    diagonal = hessian_row(model, j, active.columns, size, row)
    if append_row(active.factor, size, row, diagonal + model.l2[j]):
        active.columns[size] = j
        active.status[j] = ACTIVE
        return size + 1
    active.status[j] = DEPENDENT
    return size


@kernel
def exchange(model, active, size, j, toward):
    """Replace an active column by the dependent column j, x_j = X_A u, at an unchanged fit: b_j + t, b_A - t u.

    At the threshold of j the objective does not change; t grows until an active coefficient reaches zero. That column
    is marked DEPENDENT, since the two could otherwise be exchanged for ever. Returns the number of active columns.
    """
    mix = active.scratch[MIX]
    mixture(model, active, size, j, mix)
    position, amount, largest = NONE, np.inf, 0.0
    for a in range(size):
        largest = max(largest, abs(mix[a]))
    for a in range(size):
        k = active.columns[a]
        b = model.coef[k]
        towards_zero = toward * mix[a] * (1.0 if b > 0.0 else -1.0 if b < 0.0 else active.sign[k])
        if stops_at_zero(model, k) and towards_zero > 1e-8 * largest and abs(b) < amount * towards_zero:
            amount, position = abs(b) / towards_zero, np.int64(a)
    if position < 0:
        return size
    shift_along(model, active, mix, size, j, toward * amount)
    left = active.columns[position]
    size = leave(model, active, size, position, 0.0)
    active.status[left] = DEPENDENT
    size = join(model, active, size, j)
    active.sign[j] = toward if stops_at_zero(model, j) else 0.0
    return size


@kernel
def mixture(model, active, size, j, mix):
    """Write mix = u of the projection X_A u of x_j on the active columns."""
    hessian_row(model, j, active.columns, size, mix)
    solve_factored(active.factor, size, mix)


@kernel
def shift_along(model, active, mix, size, j, amount):
    """b_j += amount, b_A -= amount * mix; correlations change little, as far as the dependence is not exact."""
    m, full, response = model.coef.size, active.scratch[MOVED], active.scratch[MOVES]
    full[:] = 0.0
    full[j] = amount
    for a in range(size):
        full[active.columns[a]] = -amount * mix[a]
    hessian_times(model, full, active.nobody, response)
    for k in range(m):
        model.coef[k] += full[k]
        model.correlation[k] -= response[k]


@inlined_kernel
def rests(model, j):
    """Whether b_j is at a bound that is not zero."""
    return model.coef[j] != 0.0 and (model.coef[j] <= model.lower[j] or model.coef[j] >= model.upper[j])


@kernel
def outdated(model, active):
    """Whether the factor lacks a column of the current support, or a coefficient has changed its sign."""
    for j in range(model.coef.size):
        b = model.coef[j]
        if b * active.sign[j] < 0.0:
            return True
        if active.status[j] == AT_BOUND:
            if not rests(model, j):
                return True
        elif b != 0.0 and active.status[j] != ACTIVE:
            return True
    return False


@kernel
def lay_out(model, active):
    """Mark all columns INACTIVE, or AT_BOUND."""
    for j in range(model.coef.size):
        active.status[j] = AT_BOUND if rests(model, j) else INACTIVE


@kernel
def join_all(model, active, columns):
    """Append columns to an empty factor, one by one. Returns its size."""
    size = np.int64(0)  # a literal 0 would compile `join`, and all that it calls, again
    for j in columns:
        size = join(model, active, size, j)
    return size


@kernel
def set_signs(model, active):
    """Write the sign of each coefficient with a breakpoint at zero or at a bound, else 0."""
    for j in range(model.coef.size):
        kinked = stops_at_zero(model, j) or active.status[j] == AT_BOUND
        active.sign[j] = np.sign(model.coef[j]) if kinked else 0.0
