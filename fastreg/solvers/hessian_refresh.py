"""What is known of the age of a matrix M = H + L2: counts of the steps with it, and the error of its model.

choice.py decides when the matrix is computed anew.
"""

import math

import numpy as np

from fastreg.solvers.choice import renewal_pays, served_long

# Points from which the error of a model is extrapolated: so many at most, and so many whatever their supports.
MOST_POINTS, ANY_SUPPORT = 4, 3


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


class ModelError:
    """The error that the first model of a point is likely to make, from the points before.

    A model with an old H says that c + H b stays the same along a path. It changes, but smoothly with log alpha, so a
    polynomial through the last points predicts its next change. With this added to c, the first step of a point leads
    far closer to its solution: from 5e-3 to 1e-5 in the relative gap instead of 3e-4, on 100,000 x 100.
    """

    def __init__(self):
        self.alpha = np.nan
        self.points: list[tuple[float, np.ndarray, np.ndarray]] = []  # (log alpha, coefficients, correlations), a few

    def begin(self, working, state):
        """The error expected, (m,), at the start of a point; None where it is not known, or within a point."""
        if working.alpha == self.alpha:
            return None
        if self.alpha > 0.0:
            here = math.log(self.alpha), state.coef[working.columns], working.correlation.copy()
            self.points = [*self.points[1 - MOST_POINTS :], here]
        self.alpha = working.alpha
        points, size = self._alike(), working.gram_size
        if len(points) < 2 or size == 0 or not self.alpha > 0.0:
            return None
        weights = extrapolation([log for log, _, _ in points], math.log(self.alpha))
        weights[-1] -= 1.0
        known = min(points[0][1].size, size)
        steps, error = np.zeros(size), np.zeros(working.columns.size)
        for weight, (_, coef, correlation) in zip(weights, points):
            steps[: coef.size] += weight * coef[:size]
            error[:known] += weight * correlation[:known]
        error[:known] += working.gram[:known, :size] @ steps
        return error

    def _alike(self):
        """The last points as far as their alphas decrease, more than ANY_SUPPORT only if they have the same support."""
        count = min(len(self.points), 1)
        while count < len(self.points):
            (above, coef, _), (below, _, _) = self.points[-count - 1], self.points[-count]
            last = self.points[-1][1]
            same = np.array_equal(np.flatnonzero(coef), np.flatnonzero(last))
            if not above > below or not (same or count < ANY_SUPPORT):
                break
            count += 1
        return self.points[len(self.points) - count :]


def extrapolation(places, there):
    """Lagrange's weights, by which values at some places give that of their polynomial `there`."""
    places = np.array(places)
    apart = places[:, None] - places + np.eye(places.size)
    return np.array([np.prod(np.delete(there - places, k) / np.delete(apart[k], k)) for k in range(places.size)])
