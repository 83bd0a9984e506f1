"""Lengths of Newton steps: from bounds on the loss, or by search."""

import math

import numpy as np

from fastreg.numerics.jit import inlined_kernel, kernel
from fastreg.objective.families import linearise

SHORT = 0.5  # length of a safe step up to which longer ones are tried
TRIALS, FLAT = 10, 0.1  # trials of a search along a line at most; slope over the first at which it ends
SMALL, MODERATE = 1e-4, 50.0  # m of a step's bound below which its series is used, and up to which it can be finite
ARMIJO = 0.25  # decrease over the predicted one that a longer step must achieve
LOST_DIGITS = 1e-14  # rounding error of the objective, over the objective
SHORTEST = 1e-12  # shortest step length tried


def step_length(problem, state, correlation, old, new, penalty, change):
    """The step length t in (0, 1] from coefficients `old` to `new`; 0 if the model predicts no decrease.

    The step is 1 where a bound shows that the objective falls by a quarter of what the model predicts. Otherwise a safe
    step is t = min(1, log(1 + m |D| / q) / m) with m = M max |X d|, q = sum h (X d)^2 and D the model's
    first-order change. It minimises t D + q (e^(m t) - m t - 1) / m^2, a bound on the change of any loss whose third
    derivative is at most M times its second, M the `bend` of the family. q is that of the current curvature, so d need
    not be an exact direction. Where the safe step is short, as far from a solution, longer ones are tried on the true
    objective; if the bend is infinite there is no safe step. `penalty` is (l1_j, l2_j); `change` is X d.
    """
    l1, l2 = penalty
    steps = new - old
    gain = l1 @ (np.abs(new) - np.abs(old)) + 0.5 * (l2 @ (new**2 - old**2))
    slope = float(gain - correlation @ steps)
    # Coefficients may change a lot at an unchanged fit (duplicate columns), which adds rounding errors to the slope.
    noise = 1e-15 * float(l1 @ (np.abs(new) + np.abs(old)) + np.abs(correlation) @ np.abs(steps))
    slope = -noise if abs(slope) <= noise else slope
    _, largest, q = extent(state.curvature, change, problem.fit_intercept)
    if largest == 0.0:
        return 1.0
    if slope >= 0.0:
        return 0.0
    t, bend = min(1.0, problem.longest / largest), problem.bend * largest
    if t == 1.0 and bend <= MODERATE and slope + q * growth(bend) <= ARMIJO * slope:
        return 1.0
    if math.isinf(bend):
        t = 0.0
    elif q > 0.0:
        t = min(t, math.log1p(bend * -slope / q) / bend if bend > 0.0 else -slope / q)
    return t if t > SHORT else longer_step(problem, state, old, steps, penalty, change, slope, t)


@inlined_kernel
def growth(bend):
    """(e^m - m - 1) / m^2, which times sum h (X d)^2 bounds what a unit step adds to the first-order change."""
    return 0.5 + bend / 6.0 if bend < SMALL else (math.expm1(bend) - bend) / (bend * bend)


def smooth_step_length(problem, state, change, square, product):
    """The t > 0 that minimises the objective along a direction without an l1 part, to a tenth of its slope; 0 if none.

    The ridge adds t product + t^2 square / 2. A trial costs one evaluation of the loss's derivatives, against two
    passes over X for the direction.
    """
    if problem.fit_intercept:
        change = change - (state.curvature @ change) / state.curvature.sum()
    residual, curvature = np.empty(change.size), np.empty(change.size)
    largest = float(np.abs(change).max(initial=0.0))
    if largest == 0.0:
        return 0.0

    def slopes(t):
        linearise(problem.family, state.eta + t * change, residual, curvature)
        slope = product + t * square - float(residual @ change)
        return slope, square + float(curvature @ change**2)

    first = product - float(state.residual @ change), square + float(state.curvature @ change**2)
    return lowest_along(slopes, *first, problem.longest / largest)


def lowest_along(slopes, slope, bend, longest):
    """The t > 0 at which a convex function along a line is least, to a tenth of its slope; 0 if it does not fall.

    `slopes(t)` returns its first and second derivatives, which are `slope` and `bend` at 0. By Newton steps on t, each
    at most `longest`, safeguarded by a bracket of the root of the slope.
    """
    first, t, low, high = slope, 0.0, 0.0, math.inf
    if not slope < 0.0:
        return 0.0
    for _ in range(TRIALS):
        step = -slope / bend if bend > 0.0 else math.inf
        trial = min(t + step, t + longest)
        if not low < trial < high:
            trial = 0.5 * (low + high)
        t = trial
        slope, bend = slopes(t)
        if abs(slope) <= FLAT * -first:
            break
        low, high = (t, high) if slope < 0.0 else (low, t)
    return t if slope < -first else low


def longer_step(problem, state, old, steps, penalty, change, slope, t):
    """The first of 1, 1/2, 1/4 ... above the safe step t with at least a quarter of the predicted decrease; else t.

    A trial costs one evaluation of the loss. Without a safe step (t = 0) rounding errors of the objective are allowed.
    """
    l1, l2 = penalty
    start = problem.loss(state) + l1 @ np.abs(old) + 0.5 * (l2 @ old**2)
    if problem.fit_intercept:
        change = change - (state.curvature @ change) / state.curvature.sum()
    trial, hidden = 1.0, LOST_DIGITS * abs(start) if t == 0.0 else 0.0
    while trial > max(1.5 * t, SHORTEST):
        coef = old + trial * steps
        value = problem.loss_at(state.eta + trial * change) + l1 @ np.abs(coef) + 0.5 * (l2 @ coef**2)
        if value - start <= ARMIJO * trial * slope + hidden:
            return trial
        trial *= 0.5
    return t


@kernel
def extent(curvature, change, fit_intercept):
    """(m, max |change - m|, sum h (change - m)^2) over rows with h > 0; m is the h-mean with an intercept, else 0."""
    total, moved = 0.0, 0.0
    for i in range(change.size):
        total += curvature[i]
        moved += curvature[i] * change[i]
    middle = moved / total if fit_intercept and total > 0.0 else 0.0
    largest, square = 0.0, 0.0
    for i in range(change.size):
        if curvature[i] > 0.0:
            largest = max(largest, abs(change[i] - middle))
            square += curvature[i] * (change[i] - middle) ** 2
    return middle, largest, square
