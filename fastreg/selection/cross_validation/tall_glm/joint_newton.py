"""Newton steps of all folds of a tall GLM at once: shared columns, shared products, Hessians by subtraction.

All folds are fitted at one alpha before the next. The quadratic model of fold f, with Hessian H_f, predicts the
correlations c_f - H_f d after a step d. Its error from one alpha to the next is

    e_f = c_f(new) - c_f(old) + H_f (b_f(new) - b_f(old)).

The path on all rows is known, and with it the error e of its model up to the next alpha. Folds lack about a tenth of
the rows, so that e_f is close to e: it is predicted as e plus the last difference e_f - e, times the ratio of the last
two decreases of alpha. The first step at an alpha corrects for this error, and one or two evaluations then certify the
point; it would take three without. Hessians are computed at the curvature of the path on all rows a few alphas ahead.

A fold whose step increases its gap a lot is taken out, and fitted by itself from its last point.
"""

import numpy as np

from fastreg.paths.batched.batches import NEAR
from fastreg.paths.grid import FAR
from fastreg.paths.plan import FEWEST_FOLDS, LONGEST
from fastreg.paths.sweeps import share_sweeps
from fastreg.selection.cross_validation.tall_glm.newton_fold import NewtonFold
from fastreg.selection.cross_validation.tall_glm.reference_path import WholePath
from fastreg.selection.cross_validation.tall_glm.shared_columns import FoldHessians, SharedColumns
from fastreg.solvers.choice import joint_hessians_pay, joint_renewal, served_long

AHEAD = 8  # alphas for which the first Hessians are computed
SHORTLY = 2  # alphas ahead at which the curvature of Hessians is taken, unless they are needed at once


class JointNewton:
    """Fits the grids of all folds together as long as that pays; `fits` are FoldFits at their null models."""

    def __init__(self, problem, path, fits, watch):
        self.problem, self.alphas, self.watch = problem, path.alphas, watch
        self.drops = -np.diff([path.alpha_max, path.alpha_max, *path.alphas])  # decrease of alpha to each point
        self.shared = SharedColumns(problem)
        self.hessians = FoldHessians(self.shared, [fit.test for fit in fits])
        self.whole = WholePath(self.shared, path)
        self.folds = [NewtonFold(fit, number, self.shared, self.hessians) for number, fit in enumerate(fits)]
        self.spent, self.points, self.last, self.life, self.sweeps = np.inf, 0, np.inf, AHEAD, 0

    def fit(self):
        """Fit point after point, to the end or while it pays. Returns the columns read for all folds at once."""
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
        """Number of columns that the folds will share by the time that the Hessians are computed anew."""
        return self.shared.columns.size + self.shared.missing(self.whole.columns_until(k + self.life)).size

    def _prepare(self, k, live):
        """Compute new Hessians for the next alphas if the present ones are old or lack columns."""
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
        """Compute new Hessians for the alphas from the k-th on, with the columns that are likely to enter meanwhile.

        Linear predictors are computed anew as well, so that rounding errors do not accumulate.
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
        """Fit all folds at the k-th alpha."""
        ratio = ratio_of_drops(self.drops[k : k + 2])
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


def ratio_of_drops(drops):
    """A decrease of alpha over the one before; zero where that one was so small that it predicts nothing."""
    return drops[1] / drops[0] if 0.0 < FAR * drops[1] < drops[0] else 0.0
