"""Active-set solution of a penalised quadratic by following a path of perturbed problems.

On a working set, minimise  -c'd + d'Hd/2 + sum_j [ l1_j |b_j + d_j| + l2_j (b_j + d_j)^2 / 2 ]  over d. Perturb the
linear term so that the start b is optimal, then take the perturbation away: t from 0 to 1. The solution is piecewise
linear in t; between kinks only the active coefficients move, along -(H_AA + L2_A)^-1 times what is left of the
perturbation. A kink is an inactive correlation reaching its threshold (enter) or an active coefficient reaching zero
(leave); each updates a Cholesky factor in O(|A|^2). At t = 1 the answer is exact: least squares needs one such walk a
point, a GLM one a Newton step. With l1 falling along a grid this is the LARS-lasso homotopy, but it starts anywhere.

Sources: Osborne, Presnell and Turlach (2000), IMA J. Numer. Anal. 20; Efron et al. (2004), Ann. Stat. 32;
Best (1996) on parametric quadratic programs.
"""

from typing import NamedTuple

import numpy as np

from fastreg._jit import kernel
from fastreg.solvers.cholesky import DEPENDENT, append_row, delete_row, solve_factored
from fastreg.solvers.coordinate_descent import CoordinateDescent, descend_gram
from fastreg.solvers.quadratic import ACTIVE, INACTIVE, PARKED, hessian_row, hessian_times, make_quadratic

DONE, BUDGET, STUCK, EXCHANGE = 0, 1, 2, 3
NONE = np.int64(-1)  # no column; as wide as a column's number, or what it is passed to compiles twice
CROSSING = 1e-11  # of its threshold: how far a dependent column may end beyond it before it counts


class Active(NamedTuple):
    """The active columns in the order of the factor's rows, and the state of every column of the working set."""

    columns: np.ndarray
    factor: np.ndarray  # Cholesky factor of H_AA + L2_A
    status: np.ndarray  # INACTIVE, ACTIVE or PARKED
    sign: np.ndarray  # of the coefficient, or of the threshold at which a column entered
    shift: np.ndarray  # what is left of the perturbation, on columns that are not active


@kernel
def walk(model, active, size, budget):
    """Walk from the present coefficients to the optimum; `size` columns are active. Updates model and active set.

    Returns (outcome, size, pivots, column, sign): DONE; BUDGET after `budget` pivots (call again to go on); EXCHANGE
    where `column`, dependent on the active ones, must change places with one of them to cross its threshold of that
    sign; STUCK where ties keep it from moving, and another method must finish.
    """
    m = model.l1.size
    direction, slope, full, response = np.empty(m), np.empty(m), np.empty(m), np.empty(m)
    perturb(model, active)
    pivots, idle, left, last = 0, 0, NONE, 0.0
    while pivots < budget and size < active.factor.shape[0]:  # a full factor must grow first, outside
        for a in range(size):
            j = active.columns[a]
            slope[a] = model.correlation[j] - model.l2[j] * model.coef[j] - model.l1[j] * active.sign[j]
            direction[a] = slope[a]
        solve_factored(active.factor, size, direction)
        full[:] = 0.0
        for a in range(size):
            full[active.columns[a]] = direction[a]
        # How correlations fall as the active coefficients move; on active columns (H + L2) direction = slope tells.
        hessian_times(model, full, active.status, response)
        for a in range(size):
            j = active.columns[a]
            response[j] = slope[a] - model.l2[j] * direction[a]
        step, place, enter, toward, pace = next_kink(model, active, direction, size, response, left, last)
        for a in range(size):
            model.coef[active.columns[a]] += step * direction[a]
        for j in range(m):
            model.correlation[j] -= step * response[j]
            active.shift[j] *= 1.0 - step
        if place < 0 and enter < 0:
            return DONE, size, pivots, NONE, 0.0
        pivots += 1
        idle = idle + 1 if step <= 1e-14 else 0
        if idle > 4 * m + 20:
            return STUCK, size, pivots, NONE, 0.0
        left = NONE
        if place >= 0:
            left = active.columns[place]
            last = active.sign[left]
            size = leave(model, active, size, place)
        else:
            size = join(model, active, size, enter)
            active.sign[enter] = toward if model.l1[enter] > 0.0 else 0.0
            # A parked column that is only tied stays at its threshold.
            if active.status[enter] == PARKED and pace * (1.0 - step) > CROSSING * model.l1[enter]:
                return EXCHANGE, size, pivots, enter, toward
    return BUDGET, size, pivots, NONE, 0.0


@kernel
def perturb(model, active):
    """Shift the correlations of inactive columns to their thresholds, so that the start is optimal."""
    for j in range(model.l1.size):
        active.shift[j] = 0.0
        if active.status[j] != ACTIVE:
            c = model.correlation[j]
            active.shift[j] = min(max(c, -model.l1[j]), model.l1[j]) - c


@kernel
def next_kink(model, active, direction, size, response, left, last):
    """How far the direction holds: (step <= 1, place that leaves or -1, column that enters or -1, its sign, its speed).

    The column `left` has just left at the threshold of sign `last`; it moves inward, and outward would be rounding.
    """
    step, place, enter, toward, pace = 1.0, NONE, NONE, 1.0, 0.0
    for a in range(size):
        j = active.columns[a]
        if model.l1[j] > 0.0 and (model.coef[j] + step * direction[a]) * active.sign[j] < 0.0:
            step, place = max(-model.coef[j] / direction[a], 0.0), np.int64(a)
    for j in range(response.size):
        if active.status[j] == INACTIVE:
            speed = -response[j] - active.shift[j]
            way = 1.0 if speed > 0.0 else -1.0
            if j == left and way == last:
                continue
            room = model.l1[j] - way * (model.correlation[j] + active.shift[j])
            if speed != 0.0 and room < step * abs(speed):
                step, place, enter = max(room, 0.0) / abs(speed), NONE, np.int64(j)
                toward, pace = way, abs(speed)
    return step, place, enter, toward, pace


@kernel
def leave(model, active, size, place):
    """Take the column at `place` out; it stays at its threshold. Parked columns get another chance."""
    j = active.columns[place]
    model.coef[j] = 0.0
    active.shift[j] = model.l1[j] * active.sign[j] - model.correlation[j]
    active.status[j] = INACTIVE
    delete_row(active.factor, size, place)
    for a in range(place, size - 1):
        active.columns[a] = active.columns[a + 1]
    for k in range(active.status.size):
        if active.status[k] == PARKED:
            active.status[k] = INACTIVE
    return size - 1


@kernel
def join(model, active, size, j):
    """Append column j to the factor, or park it where it depends on the active ones."""
    row = np.empty(size)
    diagonal = hessian_row(model, j, active.columns, size, row)
    if append_row(active.factor, size, row, diagonal + model.l2[j]):
        active.columns[size] = j
        active.status[j] = ACTIVE
        return size + 1
    active.status[j] = PARKED
    return size


@kernel
def exchange(model, active, size, j, toward):
    """Let the dependent column j = X_A u take over from an active one, at an unchanged fit: b_j + t, b_A - t u.

    At its threshold this costs nothing, and some active coefficient reaches zero first. That column is parked, or the
    two could change places for ever. Returns the size of the active set.
    """
    mix = mixture(model, active, size, j)
    place, amount, largest = NONE, np.inf, 0.0
    for a in range(size):
        largest = max(largest, abs(mix[a]))
    for a in range(size):
        k = active.columns[a]
        b = model.coef[k]
        towards_zero = toward * mix[a] * (1.0 if b > 0.0 else -1.0 if b < 0.0 else active.sign[k])
        if model.l1[k] > 0.0 and towards_zero > 1e-8 * largest and abs(b) < amount * towards_zero:
            amount, place = abs(b) / towards_zero, np.int64(a)
    if place < 0:
        return size
    shift_along(model, active, mix, size, j, toward * amount)
    left = active.columns[place]
    size = leave(model, active, size, place)
    active.status[left] = PARKED
    size = join(model, active, size, j)
    active.sign[j] = toward if model.l1[j] > 0.0 else 0.0
    return size


@kernel
def mixture(model, active, size, j):
    """u with x_j = X_A u, as far as column j depends on the active ones."""
    mix = np.empty(size)
    hessian_row(model, j, active.columns, size, mix)
    solve_factored(active.factor, size, mix)
    return mix


@kernel
def shift_along(model, active, mix, size, j, amount):
    """b_j += amount, b_A -= amount * mix; correlations follow, by what little the dependence is not exact."""
    m = model.coef.size
    full, response, every = np.zeros(m), np.empty(m), np.zeros(m, dtype=np.int8)
    full[j] = amount
    for a in range(size):
        full[active.columns[a]] = -amount * mix[a]
    hessian_times(model, full, every, response)
    for k in range(m):
        model.coef[k] += full[k]
        model.correlation[k] -= response[k]


class ActiveSet:
    """Solves a working set's quadratic model exactly. The factor is kept while the matrix H + L2 stays the same."""

    ROOM = 100  # columns by which the factor grows
    MOST = 10_000  # pivots before coordinate descent takes over; a kernel call counts as a hundredth of them

    def __init__(self):
        self.size, self.key = 0, None
        nothing = np.empty(0)
        self.active = Active(
            np.empty(0, dtype=np.int64), np.empty((0, 0)), np.empty(0, dtype=np.int8), nothing, nothing
        )

    def solve(self, working, state, anew, precision):
        """Coefficients of the working set that minimise the model. Falls back on Gram coordinate descent if stuck."""
        model = make_quadratic(working, state, anew)
        self._prepare(model, (working.model_version, working.l2_key))
        work, outcome, crossed, spent = working.problem.work, BUDGET, False, 0
        while spent < self.MOST:
            self._make_room(model.l1.size)
            outcome, self.size, pivots, column, sign = walk(model, self.active, self.size, self._budget(model.l1.size))
            work.pivots += pivots
            if outcome == EXCHANGE:
                self.size = exchange(model, self.active, self.size, column, sign)
            spent += pivots + self.MOST // 100
            out = self.active.status != ACTIVE  # a column parked on the way may have ended beyond its threshold
            crossed = np.any(np.abs(model.correlation[out]) > model.l1[out] * (1.0 + 10.0 * CROSSING))
            if outcome == STUCK or (outcome == DONE and not crossed):
                break
            if outcome == DONE:
                self.active.status[out] = INACTIVE
        if outcome != DONE or crossed:
            self.key = None
            return self._descend(model, working, state, precision)
        return model.coef

    def _descend(self, model, working, state, precision):
        """Coordinate descent, from where the walk ended if there is a Gram matrix."""
        if model.gram.size == 0:
            return CoordinateDescent("residual").solve(working, state, False, precision)
        epochs = descend_gram(model.gram, model.l1, model.l2, model.coef, model.correlation, precision)
        working.problem.work.epochs += epochs
        return model.coef

    def _budget(self, m):
        """Pivots a kernel call may take so that it ends within about 0.1 s and an interruption is heard."""
        return int(min(max(5e7 / ((self.size + 25.0) * (self.size + m)), 1), 500))

    def _prepare(self, model, key):
        """Make the factor that of the present support, afresh unless it already is."""
        self._extend(model.l1.size)
        coef, active = model.coef, self.active
        missing = np.any((coef != 0.0) & (active.status != ACTIVE))
        if key != self.key or missing or np.any(coef * active.sign < 0.0):
            self._refactor(model, np.flatnonzero(coef))
            self.key = key

    def _extend(self, m):
        """State for columns that are new in the working set."""
        more, old = m - self.active.status.size, self.active
        if more > 0:
            self.active = old._replace(
                columns=np.concatenate([old.columns, np.zeros(more, dtype=np.int64)]),
                status=np.concatenate([old.status, np.zeros(more, dtype=np.int8)]),
                sign=np.concatenate([old.sign, np.zeros(more)]),
                shift=np.zeros(m),
            )

    def _make_room(self, m):
        """Room in the factor for the columns that one kernel call can bring in, short of the whole working set."""
        old = self.active.factor
        if old.shape[0] <= min(self.size + self.ROOM // 4, m):
            room = min(self.size + self.ROOM, m + 1)
            factor = np.zeros((room, room))
            factor[: self.size, : self.size] = old[: self.size, : self.size]
            self.active = self.active._replace(factor=factor)

    def _refactor(self, model, columns):
        """Factor the active block by LAPACK where it is safely positive definite, else column by column.

        A dependent column hands its coefficient to those it depends on, so that every coefficient left is active.
        """
        self.size = 0
        if self.active.factor.shape[0] <= columns.size:
            self.active = self.active._replace(factor=np.zeros((columns.size + self.ROOM,) * 2))
        active = self.active
        active.status[:] = INACTIVE
        block = model.block(columns) + np.diag(model.l2[columns])
        try:
            lower = np.linalg.cholesky(block)
        except np.linalg.LinAlgError:
            lower = None
        if lower is not None and np.all(np.diag(lower) ** 2 > DEPENDENT * np.diag(block)):
            self.size = columns.size
            active.factor[: self.size, : self.size] = lower
            active.columns[: self.size] = columns
            active.status[columns] = ACTIVE
        else:
            for j in columns:
                self.size = join(model, active, self.size, j)
            for j in columns[active.status[columns] == PARKED]:
                mix = mixture(model, active, self.size, j)
                shift_along(model, active, mix, self.size, j, -model.coef[j])
                model.coef[j] = 0.0
        active.sign[:] = np.where(model.l1 > 0.0, np.sign(model.coef), 0.0)
