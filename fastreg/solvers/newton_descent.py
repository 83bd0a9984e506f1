"""Proximal Newton steps by coordinate descent over the columns of X, several in one kernel call, for small data.

As proximal_newton.py with coordinate descent in residual form, whose calls from Python take longer than the steps
themselves where X is small. The length of a step is 1, if a bound shows that the objective falls enough, or found by a
search on the objective.
"""

from typing import NamedTuple

import numpy as np

from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import allocating_kernel, inner_kernel
from fastreg.objective.duality_gap import steering_gap
from fastreg.objective.families import balance, linearise, sum_of_losses
from fastreg.solvers.anderson_descent import DEPTH, equations
from fastreg.solvers.coordinate_descent import SHARE, descend_by_residual, weighted_columns
from fastreg.solvers.line_search import ARMIJO, LOST_DIGITS, MODERATE, SHORTEST, extent, growth

ROUGH = 0.03  # gap of a model's solution over the gap before
ROUGHER, FINEST = 0.1, 1e-9  # factor by which ROUGH is reduced after a stalled step, and its least value
STALLED = 0.9  # ratio of the gaps after and before a step, above which it has stalled
LOST = 1e-11  # gap over the null model's loss, below which a step of length 0 is due to rounding errors


class Iterate(NamedTuple):
    """The state on a working set, updated in place: coefficients and correlations (m,), eta, residual and h (n,)."""

    coef: np.ndarray
    correlation: np.ndarray
    eta: np.ndarray
    residual: np.ndarray
    curvature: np.ndarray


class Terms(NamedTuple):
    """What does not change in a call: norms of the columns (m,), and numbers as in Problem."""

    norms: np.ndarray
    fit_intercept: bool
    longest: float
    bend: float
    scale: float


@allocating_kernel
def newton_descents(family, design, columns, penalty, terms, iterate, target, limits):
    """Newton steps until the steering gap is at most `target`. Returns (gap, steps, epochs, columns read, intercept's
    change).

    `penalty` is (l1_j, l2_j, lower_j, upper_j), without bounds and with every l1_j > 0; `limits` is (steps, columns
    read by the descent of a step, epochs between two tests of that, whether to accelerate).
    """
    most_steps, most_read, chunk, accelerate = limits
    n, m = iterate.eta.size, columns.size
    coef, moments, residual, change = np.empty(m), np.empty((3, m)), np.empty(n), np.empty(n)
    history = np.empty((DEPTH, m)), np.empty((DEPTH, n)), np.empty(DEPTH), equations()
    h, (curvature, mean, column_h) = iterate.curvature, (moments[0], moments[1], moments[2])
    l1, l2, norms, scale = penalty[0], penalty[1], terms.norms, terms.scale
    gap, share = steering_gap(iterate.correlation, iterate.coef, l1, l2, norms, scale, False), ROUGH
    steps, epochs, read, shift = 0, 0, 0, 0.0
    while gap > target and steps < most_steps:
        total = 0.0
        for i in range(n):
            total += h[i]
        weighted_columns(design, columns, h, total, terms.fit_intercept, curvature, mean, column_h)
        copy_values(iterate.coef, coef)
        copy_values(iterate.residual, residual)
        lift, done, precision, here = 0.0, False, SHARE * max(target, share * gap), 0
        while not done and here < most_read:
            ran, done, lift, looked = descend_by_residual(
                design, columns, (h, curvature, mean, column_h), penalty, coef, residual, lift,
                (chunk, precision, accelerate), False, history,
            )  # fmt: skip
            epochs += ran
            here += looked
        t, moved = step_towards(family, design, columns, penalty, terms, iterate, coef, (change, residual))
        for k in range(m):
            iterate.correlation[k] = design.column_dot(columns[k], iterate.residual)
        shift += moved
        read += here + 4 * m
        steps += 1
        previous, gap = gap, steering_gap(iterate.correlation, iterate.coef, l1, l2, norms, scale, False)
        if t == 0.0 and previous < LOST * scale:
            break  # rounding errors prevent further progress
        share = ROUGH if gap <= STALLED * previous else max(ROUGHER * share, FINEST)
    return gap, steps, epochs, read, shift


@inner_kernel
def step_towards(family, design, columns, penalty, terms, iterate, new, scratch):
    """Step from the coefficients of `iterate` towards `new`, and fit the intercept. Returns (length, the intercept's
    change); the length is 0 if the model predicts no decrease. `scratch` are two vectors (n,)."""
    change, beyond = scratch
    l1, l2, coef, slope, noise = penalty[0], penalty[1], iterate.coef, 0.0, 0.0
    change[:] = 0.0
    for k in range(columns.size):
        old, b, c = coef[k], new[k], iterate.correlation[k]
        if b != old:
            slope += l1[k] * (abs(b) - abs(old)) + 0.5 * l2[k] * (b * b - old * old) - c * (b - old)
            noise += 1e-15 * (l1[k] * (abs(b) + abs(old)) + abs(c * (b - old)))
            design.column_add(columns[k], b - old, change)
    middle, largest, square = extent(iterate.curvature, change, terms.fit_intercept)
    slope, t = (-noise if abs(slope) <= noise else slope), 1.0
    if largest > 0.0:
        t = length(family, terms, iterate, (l1, l2, new), (change, middle, largest, square, slope), beyond)
    for k in range(columns.size):
        b = coef[k] + t * (new[k] - coef[k])
        coef[k] = new[k] if t == 1.0 else b  # b + (b_new - b) may miss an exact zero
    for i in range(change.size):
        iterate.eta[i] += t * (change[i] - middle)
    if not terms.fit_intercept:
        linearise(family, iterate.eta, iterate.residual, iterate.curvature)
        return t, 0.0
    return t, balance(family, iterate.eta, iterate.residual, iterate.curvature, terms.longest) - t * middle


@inner_kernel
def length(family, terms, iterate, coefficients, direction, eta):
    """The first t of 1, 1/2, 1/4 ..., or of a first one that moves no row further than it may, with at least a quarter
    of the predicted decrease. `direction` is (change, middle, largest, square, slope) as in `step_towards`,
    `eta` scratch memory."""
    (l1, l2, new), (change, middle, largest, square, slope) = coefficients, direction
    if slope >= 0.0:
        return 0.0
    t, bend = min(1.0, terms.longest / largest), terms.bend * largest
    if t == 1.0 and bend <= MODERATE and slope + square * growth(bend) <= ARMIJO * slope:
        return t
    before = sum_of_losses(family, iterate.eta)
    for k in range(new.size):
        b = iterate.coef[k]
        before += l1[k] * abs(b) + 0.5 * l2[k] * b * b
    while t > SHORTEST:
        for i in range(change.size):
            eta[i] = iterate.eta[i] + t * (change[i] - middle)
        value = sum_of_losses(family, eta)
        for k in range(new.size):
            b = iterate.coef[k] + t * (new[k] - iterate.coef[k])
            value += l1[k] * abs(b) + 0.5 * l2[k] * b * b
        if value - before <= ARMIJO * t * slope + LOST_DIGITS * terms.scale:
            return t
        t *= 0.5
    return 0.0
