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

import numpy as np

from fastreg._jit import kernel
from fastreg.solvers.cholesky import DEPENDENT, append_row, delete_row, solve_factored
from fastreg.solvers.coordinate_descent import descend_gram

INACTIVE, ACTIVE, PARKED = 0, 1, 2
DONE, BUDGET, STUCK = 0, 1, 2
NONE = np.int64(-1)  # no column; as wide as a column's number, or what it is passed to compiles twice
CROSSING = 1e-11  # of its threshold: how far a dependent column may end beyond it before it counts


@kernel
def walk(gram, l1, l2, coef, correlation, active, status, sign, factor, size, budget):
    """Walk from coef to the optimum. Updates coef, correlation (c - H d), the active list and its factor.

    Returns (outcome, size, pivots): DONE; BUDGET after `budget` pivots (call again to go on); STUCK where ties or
    dependent columns keep it from moving, and another method must finish.
    """
    m = l1.size
    shift = np.zeros(m)  # what is left of the perturbation, on inactive columns
    direction, response = np.empty(m), np.empty(m)
    for j in range(m):
        if status[j] != ACTIVE:
            status[j] = INACTIVE
            shift[j] = min(max(correlation[j], -l1[j]), l1[j]) - correlation[j]
    pivots, idle, left, last = 0, 0, NONE, 0.0
    while pivots < budget and size < factor.shape[0]:  # a full factor must grow first, outside
        for a in range(size):
            j = active[a]
            direction[a] = correlation[j] - l2[j] * coef[j] - l1[j] * sign[j]
        solve_factored(factor, size, direction)
        respond(gram, active, direction, size, response)
        step, place, enter, pace = 1.0, NONE, NONE, 0.0
        for a in range(size):
            j = active[a]
            if l1[j] > 0.0 and (coef[j] + step * direction[a]) * sign[j] < 0.0:
                step, place = max(-coef[j] / direction[a], 0.0), a
        toward = 1.0
        for j in range(m):
            if status[j] == INACTIVE:
                speed = -response[j] - shift[j]
                way = 1.0 if speed > 0.0 else -1.0
                if j == left and way == last:
                    continue  # a column that has just left moves inward; outward is rounding
                room = l1[j] - way * (correlation[j] + shift[j])
                if speed != 0.0 and room < step * abs(speed):
                    step, place, enter, toward, pace = max(room, 0.0) / abs(speed), NONE, j, way, abs(speed)
        for a in range(size):
            coef[active[a]] += step * direction[a]
        for j in range(m):
            correlation[j] -= step * response[j]
            shift[j] *= 1.0 - step
        if place < 0 and enter < 0:
            return DONE, size, pivots
        pivots += 1
        idle = idle + 1 if step <= 1e-14 else 0
        if idle > 4 * m + 20:
            return STUCK, size, pivots
        left = NONE
        if place >= 0:
            left = active[place]
            last = sign[left]
            size = leave(coef, correlation, shift, l1, active, status, factor, size, place, last)
        else:
            size = join(gram, l2, active, status, factor, size, enter)
            # A parked column that is only tied stays at its threshold; one that would cross it must change places.
            if status[enter] == PARKED and pace * (1.0 - step) > CROSSING * l1[enter]:
                place = exchange(gram, l1, l2, coef, correlation, active, sign, factor, size, enter, toward)
                if place >= 0:
                    left = active[place]
                    last = sign[left]
                    size = leave(coef, correlation, shift, l1, active, status, factor, size, place, last)
                    status[left] = PARKED  # or the two could change places for ever
                    size = join(gram, l2, active, status, factor, size, enter)
            sign[enter] = toward if l1[enter] > 0.0 else 0.0
    return BUDGET, size, pivots


@kernel
def respond(gram, active, direction, size, response):
    """response = H_WA direction: how correlations fall as the active coefficients move."""
    response[:] = 0.0
    for a in range(size):
        row, amount = gram[active[a]], direction[a]
        for j in range(response.size):
            response[j] += amount * row[j]


@kernel
def leave(coef, correlation, shift, l1, active, status, factor, size, place, sign):
    """Take the column at `place` out; it stays at its threshold. Parked columns get another chance."""
    j = active[place]
    coef[j] = 0.0
    shift[j] = l1[j] * sign - correlation[j]
    status[j] = INACTIVE
    delete_row(factor, size, place)
    for a in range(place, size - 1):
        active[a] = active[a + 1]
    for k in range(status.size):
        if status[k] == PARKED:
            status[k] = INACTIVE
    return size - 1


@kernel
def join(gram, l2, active, status, factor, size, j):
    """Append column j to the factor, or park it where it depends on the active ones."""
    row = np.empty(size)
    for a in range(size):
        row[a] = gram[j, active[a]]
    if append_row(factor, size, row, gram[j, j] + l2[j]):
        active[size] = j
        status[j] = ACTIVE
        return size + 1
    status[j] = PARKED
    return size


@kernel
def exchange(gram, l1, l2, coef, correlation, active, sign, factor, size, j, toward):
    """Let the dependent column j = X_A u take over from active ones, at an unchanged fit: b_j + t, b_A - t u.

    At its threshold this costs nothing, and some active coefficient reaches zero first. Returns its place, or -1.
    """
    mix = np.empty(size)
    for a in range(size):
        mix[a] = gram[j, active[a]]
    solve_factored(factor, size, mix)
    place, amount, largest = NONE, np.inf, 0.0
    for a in range(size):
        largest = max(largest, abs(mix[a]))
    for a in range(size):
        k = active[a]
        towards_zero = toward * mix[a] * (1.0 if coef[k] > 0.0 else -1.0 if coef[k] < 0.0 else sign[k])
        if l1[k] > 0.0 and towards_zero > 1e-8 * largest and abs(coef[k]) < amount * towards_zero:
            amount, place = abs(coef[k]) / towards_zero, a
    if place < 0:
        return place
    shift_along(gram, l2, coef, correlation, active, mix, size, j, toward * amount)
    coef[active[place]] = 0.0
    return place


@kernel
def shift_along(gram, l2, coef, correlation, active, mix, size, j, amount):
    """b_j += amount, b_A -= amount * mix; correlations follow, by what little the dependence is not exact."""
    coef[j] += amount
    for k in range(correlation.size):
        correlation[k] -= amount * gram[j, k]
    for a in range(size):
        i = active[a]
        coef[i] -= amount * mix[a]
        for k in range(correlation.size):
            correlation[k] += amount * mix[a] * gram[i, k]


class ActiveSet:
    """Solves a working set's quadratic model exactly. The factor is kept while the matrix H + diag(l2) stays the
    same."""

    BUDGET = 500  # pivots a kernel call, so that an interruption is heard soon
    ROOM = 100  # columns by which the factor grows
    WALKS = 20  # calls before coordinate descent takes over

    def __init__(self):
        self.size, self.key = 0, None
        self.active = np.empty(0, dtype=np.int64)
        self.status = np.empty(0, dtype=np.int8)
        self.sign = np.empty(0)
        self.factor = np.empty((0, 0))

    def solve(self, working, state, anew, precision):
        """Coefficients of the working set that minimise the model. Falls back on Gram coordinate descent if stuck."""
        working.update_gram(state, anew)
        coef, correlation = state.coef[working.columns], working.correlation.copy()
        gram, l1, l2 = working.gram, working.l1, working.l2
        self._prepare(gram, l1, l2, coef, correlation, (working.gram_version, working.l2_key))
        work, outcome, crossed = working.problem.work, BUDGET, False
        for _ in range(self.WALKS):
            self._grow_factor(l1.size)
            outcome, self.size, pivots = walk(
                gram,
                l1,
                l2,
                coef,
                correlation,
                self.active,
                self.status,
                self.sign,
                self.factor,
                self.size,
                self.BUDGET,
            )
            work.pivots += pivots
            blocked = self.status == PARKED
            crossed = np.any(np.abs(correlation[blocked]) > l1[blocked] * (1.0 + 10.0 * CROSSING))
            if outcome == STUCK or (outcome == DONE and not crossed):
                break
        if outcome != DONE or crossed:
            self.key = None
            work.epochs += descend_gram(gram, l1, l2, coef, correlation, precision)
        return coef

    def _prepare(self, gram, l1, l2, coef, correlation, key):
        """Make the factor that of the present support, afresh unless it already is."""
        self._fit_to(l1.size)
        active = self.status == ACTIVE
        current = key == self.key and not np.any((coef != 0.0) & ~active) and not np.any(coef * self.sign < 0.0)
        if not current:
            self._refactor(gram, l1, l2, np.flatnonzero(coef), coef, correlation)
            self.key = key

    def _fit_to(self, m):
        have = self.status.size
        if m <= have:
            return
        self.active = np.concatenate([self.active, np.zeros(m - have, dtype=np.int64)])
        self.status = np.concatenate([self.status, np.zeros(m - have, dtype=np.int8)])
        self.sign = np.concatenate([self.sign, np.zeros(m - have)])

    def _grow_factor(self, m):
        """Room for the columns that one kernel call can bring in, short of the whole working set."""
        if self.factor.shape[0] <= min(self.size + self.ROOM // 4, m):
            room = min(self.size + self.ROOM, m + 1)
            grown = np.zeros((room, room))
            grown[: self.size, : self.size] = self.factor[: self.size, : self.size]
            self.factor = grown

    def _refactor(self, gram, l1, l2, columns, coef, correlation):
        """Factor the active block by LAPACK where it is safely positive definite, else column by column.

        A dependent column hands its coefficient to those it depends on, so that every coefficient left is active.
        """
        self.status[:] = INACTIVE
        block = gram[np.ix_(columns, columns)] + np.diag(l2[columns])
        if self.factor.shape[0] <= columns.size:
            self.factor = np.zeros((columns.size + self.ROOM, columns.size + self.ROOM))
        self.size = 0
        try:
            lower = np.linalg.cholesky(block)
        except np.linalg.LinAlgError:
            lower = None
        if lower is not None and np.all(np.diag(lower) ** 2 > DEPENDENT * np.diag(block)):
            self.size = columns.size
            self.factor[: self.size, : self.size] = lower
            self.active[: self.size] = columns
            self.status[columns] = ACTIVE
        else:
            for j in columns:
                self.size = join(gram, l2, self.active, self.status, self.factor, self.size, j)
            for j in columns[self.status[columns] == PARKED]:
                mix = gram[j, self.active[: self.size]].copy()
                solve_factored(self.factor, self.size, mix)
                shift_along(gram, l2, coef, correlation, self.active, mix, self.size, j, -coef[j])
                coef[j] = 0.0
        self.sign[:] = np.where(l1 > 0.0, np.sign(coef), 0.0)
