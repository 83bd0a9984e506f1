"""The null model of rows that lie apart."""

from functools import cached_property

import numpy as np

from fastreg.objective.families import FLAT
from fastreg.paths.null_model import LEAST_LOSS, PERFECT, NullModel, falling_root
from fastreg.paths.plan import ROUNDS
from fastreg.paths.row_newton.model import Model
from fastreg.paths.row_newton.strategy import LENGTHS, best_step, renew

SETTLED = 1e-14  # sum of the residuals over that of their sizes, that counts as zero


class RowsNull(NullModel):
    """The NullModel of a RowsProblem, once it has `begun`: `at` is its point, `model` that of the loss there.

    `ask` runs a generator of requests and returns its value.
    """

    def __init__(self, problem, ask):
        self.problem, self.first, self.ask = problem, None, ask
        self.model = Model(problem)

    def begin(self):
        """Fit it: a generator of requests."""
        problem = self.problem
        self.at = yield from fitted_intercept(problem)
        self.loss = self.at.loss
        if not np.isfinite(self.loss):
            raise ValueError(
                "overflow: the loss of the model without columns is not a number of float64; check the offset and the "
                "scale of y"
            )
        if problem.fit_intercept and self.at.curvature <= 2.0 * FLAT:
            raise ValueError(
                "underflow: with its best intercept the model without columns has linear predictors where the loss is "
                "flat to float64: the weighted mean of y is too small, or too near its largest value; rescale y, or "
                "check sample_weight"
            )
        self.floor = PERFECT * self.at.curvature
        problem.measure(max(self.loss, self.floor, LEAST_LOSS))
        (self.at,) = yield from problem.evaluate(self.at.coef[None], [self.at.intercept])
        if problem.unpenalised.size:
            self.at = yield from self._fitted(problem.unpenalised, 0.0)
            problem.measure(max(self.at.loss, self.floor, LEAST_LOSS), self.separates(self.at.loss))
        else:
            yield from renew(problem, self.model, self.at, problem.columns[:0], 0.0)
        self.state = self.at  # of which the fit reads nothing

    def _fitted(self, columns, alpha):
        """The point of the least objective over some columns without an l1 part: a generator of requests."""
        problem, point = self.problem, self.at
        for _ in range(ROUNDS):
            yield from renew(problem, self.model, point, columns, 0.0)
            following = yield from best_step(problem, self.model, point, alpha, PERFECT * problem.scale)
            if following is None:
                break
            point = following
        return point

    @cached_property
    def correlation(self):
        """X'nu of the null model, (p,), orthogonal to columns without a penalty."""
        return self.model.direction(self.at, 0.0)[2] if self.problem.unpenalised.size else self._level()

    def _level(self):
        return self.model.curved.levelled(self.problem, self.at)[0]

    def _beside_ridge(self, rates, held, alpha):
        """The alpha above which columns with an l1 part are zero beside those that have a ridge part alone."""
        problem = self.problem

        def beyond(alpha):
            self.at = self.ask(self._fitted(problem.without_l1, alpha))
            correlation = problem.pull(self.model.direction(self.at, alpha)[2])
            return float((np.abs(correlation[held]) / rates[held]).max()) - alpha

        return falling_root(beyond, alpha), None


def fitted_intercept(problem):
    """The model of the intercept alone: a generator of requests, which read nothing of X."""
    none = np.zeros((1, problem.p))
    start = float(problem.family.start()) if problem.fit_intercept else 0.0
    (point,) = yield from problem.evaluate(none, [start], reads=False)
    while problem.fit_intercept and not abs(point.level) <= SETTLED * point.size:
        step = point.level / point.curvature if point.curvature > 0.0 else np.sign(point.level)
        step = float(np.clip(step, -problem.longest, problem.longest))
        trials = point.intercept + step * np.concatenate([4.0 * LENGTHS[:3], LENGTHS])
        found = yield from problem.evaluate(none.repeat(trials.size, axis=0), trials, reads=False)
        best = min(found, key=lambda each: abs(each.level) if np.isfinite(each.loss) else np.inf)
        if not abs(best.level) < abs(point.level):
            break
        point = best
    return point
