"""A prediction of the next point of a path, by linear extrapolation of the last two.

Between breakpoints the lasso of least squares is linear in alpha, and other paths nearly are. Solvers by pivots need no
prediction; coordinate descent saves a third of its epochs if it starts at one.
"""

import numpy as np

NEAR = 0.8  # alpha over an earlier one, below which that one's point and Hessian are too old to be used


class Predictor:
    """The last two points of a path on a working set, to which columns are only appended.

    Where a model interpolates the rows, descents stop far from the solution, and extrapolation is poor. So predictions
    stop after a point that took no fewer epochs with one than the last point without.
    """

    def __init__(self):
        self.points, self.plainly, self.helps = [], 0, False

    def leave(self, alpha, coef, epochs, plain):
        """Store a point and the epochs it took; `plain` says that it started without a prediction."""
        self.points = [*self.points[-1:], (alpha, coef)]
        self.helps = epochs > 0 if plain else 0 < epochs < self.plainly
        if plain:
            self.plainly = epochs

    def steps(self, last, alpha):
        """The predicted change of the coefficients from `last`, those of the last point, to `alpha`; None for none."""
        if len(self.points) < 2 or not self.helps:
            return None
        (first, before), (second, _) = self.points
        if not (NEAR * first < second < first and NEAR * second < alpha < second):
            return None
        return going_on(np.r_[before, np.zeros(last.size - before.size)], last, (first, second, alpha))


def going_on(before, last, alphas):
    """The linear extrapolation of coefficients at two alphas to a third, less `last`; 0 for columns that would change
    sign and for those that were zero at the first."""
    steps = (last - before) * ((alphas[2] - alphas[1]) / (alphas[1] - alphas[0]))
    steps[(before == 0.0) | ((last + steps) * last <= 0.0)] = 0.0
    return steps
