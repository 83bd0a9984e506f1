"""The quadratic model of a loss whose rows lie apart: its minimiser under the penalty, and dual points.

At a point with the curvatures h, whose sum is T, centred columns Z and s = Z'h, the matrix of the model is

    A = Z_W' diag(h) Z_W - s_W s_W' / T

over the working set W, with the intercept minimised out. The same matrix serves points nearby: with the sum l of their
residuals r, the dual direction nu = r - h l / T sums to zero, and Z'nu = Z'r - s l / T.
"""

import math
from typing import Any

import numpy as np

from fastreg.objective import rows_apart
from fastreg.objective.bounds import unbounded
from fastreg.objective.duality_gap import LEVEL
from fastreg.objective.duality_gap_bounded import NONE, WEAK, bounded_steering_gap, bounded_terms, scales
from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.dual_point import PROJECTIONS, without_limit
from fastreg.solvers.working_set import PenalisedSet

PRECISION = 1e-3  # gap of a model's solution, where pivots get stuck and descent takes over, over the gap wanted


class Curved:
    """The model's matrix at a point, over a working set."""

    def __init__(self, problem, point, within, beside, sums):
        gram, cross, self.slopes, total = sums
        self.at, self.within, self.beside, self.total = (point.at, point.place), within, beside, float(total)
        if problem.fit_intercept:
            gram = gram - np.outer(self.slopes[within], self.slopes[within] / self.total)
            cross = cross - np.outer(self.slopes, self.slopes[beside] / self.total)
        else:
            self.slopes = np.zeros(problem.p)
        cross[problem.left_out] = 0.0
        self.gram, self.cross = np.ascontiguousarray(gram), cross
        self.slopes[problem.left_out] = 0.0

    def levelled(self, problem, point):
        """(Z'nu, the share c of h that is subtracted from r) of a point's dual direction nu = r - h c."""
        level = point.level / self.total if problem.fit_intercept else 0.0
        return point.correlation - self.slopes * level, level


class ModelSet(PenalisedSet):
    """The working set of a model, as solvers of models take it."""

    ages = False  # another matrix is the strategy's choice

    def __init__(self, problem):
        super().__init__()
        self.problem, self.model_version, self.block = problem, 0, self
        self.columns, self.correlation, self.gram = np.empty(0, dtype=np.int64), np.empty(0), np.empty((0, 0))

    def take(self, curved):
        """Let the matrix be this one."""
        self.columns, self.gram, self.model_version = curved.within, curved.gram, self.model_version + 1
        self.bounds = unbounded(0)

    def stand_at(self, correlation, penalty):
        """The correlations of a point, and its penalty."""
        self.correlation = correlation[self.columns]
        self.set_penalty(penalty)

    def wide(self):
        """False: there is a matrix."""
        return False

    def update_gram(self, state, anew):
        """Do nothing: the matrix is given."""


class Model:
    """The model of the last matrix: minimisers, and dual points of points nearby."""

    def __init__(self, problem):
        self.problem, self.working, self.solver = problem, ModelSet(problem), ActiveSet()
        self.curved: Any = None

    def take(self, curved):
        """Let the matrix be this one. A solver goes on from its last active set only over the same columns."""
        if not np.array_equal(curved.within, self.working.columns):
            self.solver = ActiveSet()
        self.curved = curved
        self.working.take(curved)

    def minimiser(self, point, alpha, secants, precision):
        """(coefficients (p,), intercept) that minimise the model at a point, accelerated by its `secants`."""
        problem, working, curved = self.problem, self.working, self.curved
        correlation, level = curved.levelled(problem, point)
        working.stand_at(correlation, problem.penalty_at(alpha))
        columns, before = working.columns, point.coef[working.columns]
        found, reached = self.solver.solve(working, point, False, precision)
        if reached is not None and secants is not None:
            image = working.correlation - reached + working.l2 * (found - before)
            found = found.copy()
            if secants.mix(working.model_version, alpha, before, found, image) and problem.bounds is not None:
                found = working.bounds.clip(found)
        coef = point.coef.copy()
        coef[columns] = found
        return coef, point.intercept + level - float(curved.slopes[columns] @ (found - before)) / curved.total

    def gap(self, point, alpha):
        """The gap to first order, from the columns and the intercept alone."""
        problem = self.problem
        if not math.isfinite(point.loss):
            return math.inf
        some, penalty = problem.columns, problem.penalty_at(alpha)
        correlation, free = point.correlation[some], problem.norms[some] ** 2 * point.curvature
        if self.curved is not None:
            correlation = self.curved.levelled(problem, point)[0][some]
        terms = *penalty.on(some), *problem.bounds_on(some)
        gap = bounded_steering_gap(correlation, point.coef[some], terms, free, problem.scale)
        return gap + 0.5 * point.level**2 / point.curvature if problem.fit_intercept else gap

    def direction(self, point, alpha):
        """(a (U,), c, X'nu) of the dual direction nu = r - h (Z_U a + c), which is orthogonal to columns without a
        penalty, within their bounds; U are the model's columns `beside`."""
        problem, curved = self.problem, self.curved
        beside, mix = curved.beside, np.zeros(curved.beside.size)
        correlation, level = curved.levelled(problem, point)
        l1, l2 = problem.penalty_at(alpha).on(beside)
        weak = (l1 == 0.0) & (l2 <= WEAK * problem.norms[beside] ** 2)
        bounds = problem.bounds_on(beside)
        within = weak & bounds.inside(point.coef[beside])
        rounding = LEVEL * problem.norms[beside] * rounded_size(problem, point)
        for _ in range(PROJECTIONS):
            mix[:] = 0.0
            if within.any():
                own = curved.cross[np.ix_(beside[within], within)] + np.diag(l2[within])
                target = correlation[beside[within]] - l2[within] * point.coef[beside[within]]
                mix[within] = np.linalg.lstsq(own, target, rcond=1e-14)[0]
            found = correlation - curved.cross @ mix
            pulled = weak & ~within & without_limit(bounds, found[beside], l2) & (np.abs(found[beside]) > rounding)
            if not pulled.any():
                break
            within |= pulled
        slope = float(curved.slopes[beside] @ mix) / curved.total
        return mix, level - slope, found

    def certify(self, points, alphas):
        """The duality gaps of points evaluated together, absolute: a generator of requests, which reads at most the
        columns without a penalty."""
        gaps = yield from self._gaps(points, alphas, [self.direction(*each) for each in zip(points, alphas)])
        lost = [k for k, gap in enumerate(gaps) if not math.isfinite(gap)]
        if lost:
            # Curvatures have a least value, so that where rows fit almost perfectly h may be far larger than r, and nu
            # is no dual point. The residuals themselves are one, if they count as levelled; so is zero, in any case.
            none = np.zeros(self.curved.beside.size)
            plain = [(none, 0.0, points[k].correlation) for k in lost]
            again = yield from self._gaps([points[k] for k in lost], [alphas[k] for k in lost], plain, (0.0,))
            for k, gap in zip(lost, again):
                gaps[k] = gap
        return gaps

    def _gaps(self, points, alphas, found, more=()):
        """The least gaps along dual directions `found`, as `direction` has them, at their best scales and at `more`
        scales; infinite where none is proven. A generator of one request."""
        problem, some = self.problem, self.problem.columns
        terms = [(*problem.penalty_at(alpha).on(some), *problem.bounds_on(some)) for alpha in alphas]
        free = [self._free(point, each, correlation[some])
                for point, each, (_, _, correlation) in zip(points, terms, found)]  # fmt: skip
        correlations = [np.where(orthogonal, 0.0, correlation[some])
                        for (orthogonal, _), (_, _, correlation) in zip(free, found)]  # fmt: skip
        along = [[*scales(correlation, each), *more] for correlation, each in zip(correlations, terms)]
        padded = np.full((len(points), max(map(len, along))), np.nan)
        for row, each in zip(padded, along):
            row[: len(each)] = each
        dual = self.curved.beside, np.array([mix for mix, _, _ in found]), np.array([level for _, level, _ in found])
        (sums,) = yield from self._divergences(points, dual, padded)
        gaps = []
        for point, each, correlation, (_, proven), some_scales, row in zip(
            points, terms, correlations, free, padded, sums
        ):
            proven = proven and (not problem.fit_intercept or abs(row[0]) <= LEVEL * row[1])
            values = [rows + bounded_terms(correlation, point.coef[some], each, NONE, scale)
                      for scale, rows in zip(some_scales, row[2:])
                      if (proven or scale == 0.0) and math.isfinite(rows)]  # fmt: skip
            gaps.append(float(min(values, default=math.inf)))
        return gaps

    def _divergences(self, points, dual, padded):
        """The sums of rows_apart.divergences over all rows: a generator of one request."""
        places = [point.place for point in points]
        return (yield (rows_apart.divergences, points[0].at, places, self.curved.at, dual, padded), None)

    def _free(self, point, terms, correlation):
        """(which columns count as orthogonal to the dual direction, whether all are that must be)."""
        problem, some = self.problem, self.problem.columns
        l1, l2 = terms[:2]
        bounds = problem.bounds_on(some)
        small = np.abs(correlation) <= LEVEL * problem.norms[some] * rounded_size(problem, point)
        needed = (l1 == 0.0) & without_limit(bounds, correlation, l2)
        inside = (l1 == 0.0) & (l2 == 0.0) & bounds.inside(point.coef[some]) & small
        return needed | inside, bool(np.all(small[needed]))


def rounded_size(problem, point):
    """The size of a dual direction, in the norm to which rounding errors of its correlations are relative."""
    return max(math.sqrt(max(point.square, 0.0)), 1e-6 * math.sqrt(problem.scale))
