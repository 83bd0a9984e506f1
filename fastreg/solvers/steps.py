"""How far to go along a Newton direction, without a line search."""

import math

from fastreg._jit import kernel
from fastreg.problem import LONGEST_STEP


def newton_step_length(curvature, change, slope, fit_intercept):
    """t = min(1, log(1 + m |D| / q) / m) with m = max |X d|, q = sum h (X d)^2 and D = `slope`, the first-order change.

    It minimises t D + q (e^(m t) - m t - 1) / m^2, a bound on the change of any loss whose third derivative is at most
    its second: all families here with a log or logit link. The true q is used, so d need not be an exact direction.
    """
    largest, q = extent(curvature, change, fit_intercept)
    if largest == 0.0:
        return 1.0
    if slope >= 0.0:
        return 0.0
    if q <= 0.0:
        return min(1.0, LONGEST_STEP / largest)
    return min(1.0, math.log1p(largest * -slope / q) / largest, LONGEST_STEP / largest)


@kernel
def extent(curvature, change, fit_intercept):
    """(max |change - m|, sum h (change - m)^2), m the h-mean under an intercept. Rows of no curvature have no say."""
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
    return largest, square
