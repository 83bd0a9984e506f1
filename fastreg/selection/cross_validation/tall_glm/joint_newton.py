"""Newton steps of all folds of a tall GLM at once: shared columns, shared products, Hessians by subtraction.

The folds go from alpha to alpha together. With its Hessian H_f fold f expects correlations c_f - H_f d after a step d;
what this misses over the way to the next alpha is called its error,

    e_f = c_f(new) - c_f(old) + H_f (b_f(new) - b_f(old)).

The path on all rows is known, and so is its error e on the way to come. Folds differ from it by a tenth of the rows: so
e_f is expected to be e plus what e_f was more than e on the way before, times the ratio of the ways. The first step to
an alpha takes this into account, and ends so near to the solution that one or two evaluations certify it; without, it
would take three. The Hessians are made at the curvature of the path on all rows a few alphas ahead.

A fold that a step leads astray leaves, and goes on by itself from its last point.
"""

import numpy as np

from fastreg.paths.grid import FAR
from fastreg.paths.plan import FEWEST_FOLDS
from fastreg.paths.sweeps import share_sweeps
from fastreg.selection.cross_validation.tall_glm.newton_fold import NewtonFold
from fastreg.selection.cross_validation.tall_glm.reference_path import WholePath
from fastreg.selection.cross_validation.tall_glm.shared_columns import FoldHessians, SharedColumns
from fastreg.solvers.choice import joint_hessians_pay, joint_renewal, served_long

NEAR = 0.95  # of its threshold when the Hessians will be old, from which a column joins
AHEAD, LONGEST = 8, 20  # alphas that the first Hessians are made for, and the most that others are
SHORTLY = 2  # alphas to go until that at whose curvature Hessians are made, but for those at once in need


class JointNewton:
    """Fits the folds' grids together, as far as that goes; `fits` are FoldFits at their null models."""

    def __init__(self, problem, path, fits, watch):
        self.problem, self.alphas, self.watch = problem, path.alphas, watch
        self.ways = -np.diff([path.alpha_max, path.alpha_max, *path.alphas])  # to each alpha, and before the first
        self.shared = SharedColumns(problem)
        self.hessians = FoldHessians(self.shared, [fit.test for fit in fits])
        self.whole = WholePath(self.shared, path)
        self.folds = [NewtonFold(fit, number, self.shared, self.hessians) for number, fit in enumerate(fits)]
        self.spent, self.points, self.last, self.life, self.sweeps = np.inf, 0, np.inf, AHEAD, 0

    def fit(self):
        """Fit point after point, until none is left or no fold goes on. Returns the columns read for all at once."""
        for k in range(self.alphas.size):
            live = [fold for fold in self.folds if not fold.lost]
            if len(live) < FEWEST_FOLDS or not joint_hessians_pay(self.problem, len(self.folds), self._size(k)):
                break
            self._prepare(k, live)
            self._point(k, live)
        for fold in self.folds:
            fold.hand_back()
        return self.shared.read + self.sweeps * self.problem.p

    def _size(self, k):
        """Columns held by then, with those that the path on all rows is about to have."""
        return self.shared.columns.size + self.shared.missing(self.whole.columns_until(k + self.life)).size

    def _prepare(self, k, live):
        """Hessians for the alphas to come, if the present ones have served long enough or lack columns."""
        if k == 0 or (self.points and served_long(self.last, self.spent, self.points)):
            self.life = min(self.points + 2, LONGEST) if k else AHEAD
            self._renew(k, live, SHORTLY if k else 0)
        elif not self.shared.contains[self.whole.columns_until(k + 1)].all():
            self._renew(k, live)

    def _extend(self, columns, live):
        columns = self.shared.missing(columns)
        if columns.size:
            self.shared.extend(columns)
            for fold in live:
                fold.extend()

    def _renew(self, k, live, ahead=SHORTLY):
        """New Hessians for the alphas from the k-th on, with columns that are likely to enter until they are old.

        Linear predictors are computed anew as well, so that rounding does not pile up.
        """
        end = min(k + self.life, self.alphas.size)
        near = [fold.near(NEAR * fold.alphas[end - 1]) for fold in live]
        self._extend(np.concatenate([self.whole.columns_until(end), *near]), live)
        self.hessians.renew(self.whole.curvature(min(k + ahead, end - 1)))
        for fold, change in zip(live, self.shared.predict_each(np.array([fold.coef() for fold in live]))):
            fold.refresh(change)
        self.spent = joint_renewal(len(self.folds), self.shared.columns.size)
        self.points = 0

    def _point(self, k, live):
        """Take all folds to the k-th alpha."""
        ratio = ratio_of_ways(self.ways[k : k + 2])
        error, before = self.whole.error(k, self.hessians.whole), self.whole.error(k - 1, self.hessians.whole)
        for fold in live:
            fold.begin(k, error + ratio * (fold.error() - before))
        todo = live
        while todo:
            steps = [fold.steps() for fold in todo]
            products = self.shared.predict_each, self.shared.correlate_each
            self.sweeps += share_sweeps([fold.problem for fold in todo], steps, self.watch, products)
            todo = [fold for fold in todo if not (fold.done or fold.lost)]
            if todo:
                here = [fold for fold in live if not fold.lost]
                self._extend(np.concatenate([fold.violators for fold in todo]), here)
                self._renew(k, here, 0)
        taken = [fold.taken for fold in live if not fold.lost]
        self.last = float(np.mean(taken)) if taken else 0.0
        self.spent += self.last
        self.points += 1


def ratio_of_ways(ways):
    """A way over the one before it; zero where that one was so short that nothing can be told from it."""
    return ways[1] / ways[0] if 0.0 < FAR * ways[1] < ways[0] else 0.0
