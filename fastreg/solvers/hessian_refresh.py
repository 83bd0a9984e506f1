"""How long the matrix M = H + L2 of Newton steps has served. When it is made anew is decided in choice.py."""

import math

from fastreg.solvers.choice import renewal_pays, served_long


class Age:
    """The steps and points that the matrix of a working set has served."""

    def __init__(self):
        self.version = self.penalty = None
        self.spent, self.points, self.here, self.old = 0.0, 0, 0, False

    def begin(self, penalty):
        """Whether the matrix has served long, as a point begins with this penalty, or goes on with it."""
        if penalty == self.penalty:
            return False
        last, self.here, self.penalty = self.here, 0, penalty
        if last > 0:
            self.points += 1
            self.old = self.old or served_long(last, self.spent, self.points)
        return self.old

    def step(self, version, cost, gaps, target):
        """Count a step with this version of the matrix, which ended at the last of `gaps`. Whether the next is to have
        a new one, which costs so many steps.

        A step that secants make better than others is followed by a lesser one: so the pace is that of two.
        """
        if version != self.version:
            self.version, self.spent, self.points, self.here, self.old = version, cost, 0, 0, False
        self.spent += 1.0
        self.here += 1
        gap, before = gaps[-1], gaps[-2]
        if len(gaps) > 2 and gap < before:
            before = max(before, math.sqrt(gap * gaps[-3]))
        return bool(gap > target and renewal_pays(gap, before, target, cost))
