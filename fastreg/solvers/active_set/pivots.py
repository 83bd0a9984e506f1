"""The active set and its pivots: a column enters, leaves, or changes places, each an update of a Cholesky factor."""

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

NONE = np.int64(-1)  # no column; as wide as a column's number, or what it is passed to compiles twice
FEW = 10  # columns that a primal-dual step may change, besides a share of the active ones
BEGIN_BY_STEP, BEGIN, GO_ON = range(3)  # how a way to an optimum starts
CROSSING = 1e-11  # of its threshold: how far a column may end beyond it before it counts


class Outcome(IntEnum):
    """How a kernel that makes pivots ended, and what is to be done before it goes on."""

    DONE = 0  # at the optimum
    STEPPED = 1  # at the optimum, by a primal-dual step alone
    BUDGET = 2  # pivots are spent: call it again
    EXCHANGE = 3  # a column that depends on the active ones must change places with one of them to cross its threshold
    MET_DEPENDENT = 4  # a primal-dual step met such a column: factor anew and walk from where the step began
    CROSSED = 5  # a dependent column that was set aside ended beyond its threshold: let it be inactive, and go on
    STUCK = 6  # ties keep it from moving: another method must finish
    REBUILD = 7  # of batches: the model's matrix is too old
    PAUSE = 8  # of batches: time for a breath, so that an interruption is heard


class Way(NamedTuple):
    """What a kernel that makes pivots has done."""

    outcome: Outcome
    size: int  # columns that are active now
    pivots: int
    column: np.int64  # of an EXCHANGE, else NONE,
    sign: float  # and of the threshold that it crosses


class Active(NamedTuple):
    """The active columns in the order of the factor's rows, and the state of every column of the working set."""

    columns: np.ndarray
    factor: np.ndarray  # Cholesky factor of H_AA + L2_A
    status: np.ndarray  # INACTIVE, ACTIVE, DEPENDENT, or AT_BOUND at a bound that is not zero
    sign: np.ndarray  # of the coefficient, or of the threshold at which a column entered; 0 if it may take either
    shift: np.ndarray  # what is left of the perturbation, on columns that are not active
    room: np.ndarray  # a number of every column, by what it is for: see below
    nobody: np.ndarray  # INACTIVE for every column


ROW, SINE, MIX, MOVED, MOVES, DIRECTION, FULL, RESPONSE, ROOMS = range(9)


@inner_kernel
def descent_direction(model, active, size, direction, full, response):
    """The step to the optimum for the present signs, on the active columns in order (`direction`) and by column
    (`full`); `response` is what each correlation loses by it. Solves (H_AA + L2_A) direction = slope."""
    slope = active.room[ROW]
    for a in range(size):
        j = active.columns[a]
        slope[a] = model.correlation[j] - model.l2[j] * model.coef[j] - model.l1[j] * active.sign[j]
        direction[a] = slope[a]
    solve_factored(active.factor, size, direction)
    full[:] = 0.0
    for a in range(size):
        full[active.columns[a]] = direction[a]
    hessian_times(model, full, active.status, response)
    for a in range(size):  # on active columns (H + L2) direction = slope tells
        j = active.columns[a]
        response[j] = slope[a] - model.l2[j] * direction[a]


@inner_kernel
def leave(model, active, size, place, end):
    """Take the column at `place` out, to zero or to the bound `end`; it stays at its threshold there.

    Parked columns get another chance.
    """
    j = active.columns[place]
    model.coef[j] = end
    active.status[j] = INACTIVE
    if end != 0.0:
        active.status[j] = AT_BOUND
        active.sign[j] = 1.0 if end > 0.0 else -1.0
    active.shift[j] = model.l1[j] * active.sign[j] + model.l2[j] * end - model.correlation[j]
    delete_row(active.factor, size, place, active.room[ROW], active.room[SINE])
    for a in range(place, size - 1):
        active.columns[a] = active.columns[a + 1]
    for k in range(active.status.size):
        if active.status[k] == DEPENDENT:
            active.status[k] = INACTIVE
    return size - 1


@inner_kernel
def join(model, active, size, j):
    """Append column j to the factor, or park it where it depends on the active ones."""
    row = active.room[ROW]
    diagonal = hessian_row(model, j, active.columns, size, row)
    if append_row(active.factor, size, row, diagonal + model.l2[j]):
        active.columns[size] = j
        active.status[j] = ACTIVE
        return size + 1
    active.status[j] = DEPENDENT
    return size


@kernel
def exchange(model, active, size, j, toward):
    """Let the dependent column j = X_A u take over from an active one, at an unchanged fit: b_j + t, b_A - t u.

    At its threshold this costs nothing, and some active coefficient reaches zero first. That column is set aside as
    dependent, or the two could change places for ever. Returns the size of the active set.
    """
    mix = active.room[MIX]
    mixture(model, active, size, j, mix)
    place, amount, largest = NONE, np.inf, 0.0
    for a in range(size):
        largest = max(largest, abs(mix[a]))
    for a in range(size):
        k = active.columns[a]
        b = model.coef[k]
        towards_zero = toward * mix[a] * (1.0 if b > 0.0 else -1.0 if b < 0.0 else active.sign[k])
        if stops_at_zero(model, k) and towards_zero > 1e-8 * largest and abs(b) < amount * towards_zero:
            amount, place = abs(b) / towards_zero, np.int64(a)
    if place < 0:
        return size
    shift_along(model, active, mix, size, j, toward * amount)
    left = active.columns[place]
    size = leave(model, active, size, place, 0.0)
    active.status[left] = DEPENDENT
    size = join(model, active, size, j)
    active.sign[j] = toward if stops_at_zero(model, j) else 0.0
    return size


@kernel
def mixture(model, active, size, j, mix):
    """mix = u with x_j = X_A u, as far as column j depends on the active ones."""
    hessian_row(model, j, active.columns, size, mix)
    solve_factored(active.factor, size, mix)


@kernel
def shift_along(model, active, mix, size, j, amount):
    """b_j += amount, b_A -= amount * mix; correlations follow, by what little the dependence is not exact."""
    m, full, response = model.coef.size, active.room[MOVED], active.room[MOVES]
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
    """Whether b_j lies at a bound that is not zero."""
    return model.coef[j] != 0.0 and (model.coef[j] <= model.lower[j] or model.coef[j] >= model.upper[j])


@kernel
def outdated(model, active):
    """Whether the factor lacks a column of the present support, or a coefficient has changed its sign."""
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
    """No column is active, and those at a bound rest."""
    for j in range(model.coef.size):
        active.status[j] = AT_BOUND if rests(model, j) else INACTIVE


@kernel
def join_all(model, active, columns):
    """Let some columns join an empty factor, one by one. Returns its size."""
    size = np.int64(0)  # a plain 0 would have its own signature of `join`, and of all that it calls
    for j in columns:
        size = join(model, active, size, j)
    return size


@kernel
def set_signs(model, active):
    """The sign of each coefficient that has a breakpoint at zero, or rests."""
    for j in range(model.coef.size):
        kinked = stops_at_zero(model, j) or active.status[j] == AT_BOUND
        active.sign[j] = np.sign(model.coef[j]) if kinked else 0.0
