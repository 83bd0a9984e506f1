"""Intervals by the profile of an objective: values of one coefficient that the data do not speak against.

With F(v) the least objective where the coefficient is v, the signed root of the likelihood ratio is

    s(v) = sign(v - estimate) sqrt(2 W (F(v) - F) / phi),      ds/dv = W F'(v) / (phi s)

and F'(v) is the multiplier of the constraint. The ends of an interval solve s(v) = +-q by Newton's method within a
bracket; each value is a fit that starts at the last one.
"""

import numpy as np

from fastreg.inference.smooth_objective import minimise

STEPS = 60
SAME = 1e-11  # of q: roots that differ by less are one


class Profile:
    """Of one linear function of theta, `along`'theta."""

    def __init__(self, objective, theta, best, along, unit):
        self.objective, self.theta, self.best, self.along = objective, theta, best, along
        self.unit = unit  # W / phi
        reach = best.factor.solve(along)
        self.reach = reach / (along @ reach)
        self.estimate = float(along @ theta)

    def at(self, value, start=None):
        """(signed root, its slope, theta) where the function has this value."""
        theta = self.theta if start is None else start
        theta, here = minimise(
            self.objective, theta + self.reach * (value - float(self.along @ theta)), along=self.along
        )
        ratio = max(2.0 * self.unit * (here.value - self.best.value), 0.0)
        root = float(np.copysign(np.sqrt(ratio), value - self.estimate))
        reach = here.factor.solve(self.along)
        multiplier = float(here.gradient @ reach) / float(self.along @ reach)
        return root, (self.unit * multiplier / root if root else np.inf), theta

    def end(self, q, se):
        """The value with s(v) = q; `se` is a first guess of how far a unit of s reaches."""
        value, start, low, high = self.estimate + q * se, None, 0.0, np.inf  # distances from the estimate
        for _ in range(STEPS):
            root, slope, start = self.at(value, start)
            if abs(root - q) <= SAME * abs(q):
                break
            distance = abs(value - self.estimate)
            low, high = (distance, high) if abs(root) < abs(q) else (low, distance)
            step = (q - root) / slope if slope > 0.0 else np.inf
            there = abs(value + step - self.estimate)
            if not low < there < high or (value + step - self.estimate) * q <= 0.0:
                there = 2.0 * low if np.isinf(high) else 0.5 * (low + high)
            if abs(there - distance) <= 1e-15 * (abs(self.estimate) + distance):
                break
            value = self.estimate + float(np.copysign(there, q))
        return value
