"""How far to go along a Newton direction, without a line search."""

import math

import numpy as np

from fastreg.problem import LONGEST_STEP



def newton_step_length(curvature, change, slope, fit_intercept):
    """t = min(1, log(1 + m |D| / q) / m) with m = max |X d|, q = sum h (X d)^2 and D = `slope`, the first-order change.

    It minimises t D + q (e^(m t) - m t - 1) / m^2, a bound on the change of any loss whose third derivative is at most
    its second: all families here with a log or logit link. The true q is used, so d need not be an exact direction.
    """
    if fit_intercept:
        change = change - (curvature @ change) / curvature.sum()
    change = np.where(curvature > 0.0, change, 0.0)  # rows of weight zero have no say, however far they move
    largest = float(np.abs(change).max(initial=0.0))
    if largest == 0.0:
        return 1.0
    if slope >= 0.0:
        return 0.0
    q = float(curvature @ change**2)
    if q <= 0.0:
        return min(1.0, LONGEST_STEP / largest)
    return min(1.0, math.log1p(largest * -slope / q) / largest, LONGEST_STEP / largest)
