"""How far to go along a Newton direction of the softmax."""

import math

import numpy as np

from fastreg.solvers.line_search import ARMIJO, SHORT, lowest_along


def step_length(problem, state, change, slope, penalty):
    """A step t in (0, 1] along `change` (of eta, intercepts included); 0 if the model promises no decrease.

    The safe step is t = log(1 + m |D| / q) / m with q = sum_i change_i'H_i change_i, D = `slope` the first-order change
    of the objective and m the largest spread, max_k - min_k, of a row's change: along a line the third derivative of a
    log-sum-exp, a third central moment, is at most the spread times its second, the variance. `penalty(t)` is the
    penalty at step t. Where the safe step is short the true objective is asked for a longer one.
    """
    if problem.response.quadratic:
        return 1.0
    spread, q = problem.response.extent(state.mean, change)
    if spread == 0.0:
        return 1.0
    if slope >= 0.0:
        return 0.0
    t = min(1.0, math.log1p(spread * -slope / q) / spread) if q > 0.0 else min(1.0, 1.0 / spread)
    if t > SHORT:
        return t
    start, trial = problem.loss(state) + penalty(0.0), 1.0
    while trial > 1.5 * t:
        value = problem.response.loss(problem.response.mean(state.eta + trial * change)) + penalty(trial)
        if value - start <= ARMIJO * trial * slope:
            return trial
        trial *= 0.5
    return t


def smooth_step_length(problem, state, change, square, product):
    """The t > 0 that minimises the objective along a direction without an l1 part, to a tenth of its slope; 0 if none.

    The ridge adds t product + t^2 square / 2.
    """
    response, largest = problem.response, float(np.abs(change).max(initial=0.0))
    if largest == 0.0:
        return 0.0

    def slopes(t):
        mean = response.mean(state.eta + t * change)
        slope = product + t * square - float((response.residual(mean) * change).sum())
        return slope, square + float((change * response.curve(mean, change)).sum())

    slope = product - float((state.residual * change).sum())
    return lowest_along(slopes, slope, -slope, response.longest / largest)  # the first trial is 1
