"""Counts of steps with one matrix M = H + L2; choice.py decides when to compute it anew."""

import math

from fastreg.solvers.choice import renewal_pays, served_long


class Age:
    """The steps and points for which the matrix of a working set has been used."""

    def __init__(self):
        self.version = self.penalty = None
        self.spent, self.points, self.here, self.old = 0.0, 0, 0, False

    def begin(self, penalty):
        """Begin or continue the point of this penalty. Returns whether the matrix is too old for a new point."""
        if penalty == self.penalty:
            return False
        last, self.here, self.penalty = self.here, 0, penalty
        if last > 0:
            self.points += 1
            self.old = self.old or served_long(last, self.spent, self.points)
        return self.old

    def step(self, version, cost, gaps, target):
        """Count a step with this version of the matrix, after which the gap is gaps[-1]. Returns whether a new matrix,
        which costs as much as `cost` steps, pays.

        The rate of convergence is that of two steps, since accelerated steps are often better and worse by turns.
        """
        if version != self.version:
            self.version, self.spent, self.points, self.here, self.old = version, cost, 0, 0, False
        self.spent += 1.0
        self.here += 1
        gap, before = gaps[-1], gaps[-2]
        if len(gaps) > 2 and gap < before:
            before = max(before, math.sqrt(gap * gaps[-3]))
        return bool(gap > target and renewal_pays(gap, before, target, cost))
