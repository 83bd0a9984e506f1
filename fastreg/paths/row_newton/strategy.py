"""RowNewton: points of a GLM whose rows lie apart, several at a time, each with its certificate.

The quadratic model at a point nearby gives candidates for the next alphas, all of which one read of X evaluates. Each
is then improved by Newton steps with the same matrix, which every read serves for all; a new matrix is computed, in the
middle of the points that are left, where the gaps fall slowly. A point that goes astray is solved alone, with a new
matrix at every step and the best of several step lengths, which one read compares.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fastreg.paths.fit import Fit, make_point
from fastreg.paths.grid import FAR
from fastreg.paths.plan import FEWEST, ROUNDS
from fastreg.paths.pointwise import ENOUGH
from fastreg.paths.row_newton.model import PRECISION, Curved
from fastreg.solvers.anderson_newton import SecantMemory

if TYPE_CHECKING:
    from fastreg.paths.protocol import Products

TOGETHER = 10  # points that are evaluated by one read of X, at most
SLOW = 0.1  # ratio of the gaps after and before a round, above which a new matrix is computed
LENGTHS = 0.5 ** np.arange(10.0)  # of steps, from which the best is taken
LOST = 1e-13  # rise of the objective, over its value, that may be rounding


class RowNewton:
    """Fits point after point, or several together, from the null model on."""

    name = "row_newton"

    def __init__(self, fit: Fit):
        self.fit = fit
        self.problem: Any = fit.problem  # a RowsProblem
        null: Any = fit.null  # and its RowsNull
        self.model, self.at, self.previous = null.model, null.at, null.entry
        self.size = TOGETHER

    def advance(self, alphas: np.ndarray) -> Products:
        """Fit the points at `alphas`: a generator of requests, see RowsProblem."""
        fit = self.fit
        while (left := fit.left()).size:
            count = leading(left[: self.size], self.previous)
            if left[0] >= fit.null.entry > 0.0 and self.problem.without_l1.size == self.problem.unpenalised.size:
                found = yield from self._null_point(float(left[0]))
            elif count < 2:
                found = yield from self._alone(float(left[0]))
                self.size = min(2 * self.size, TOGETHER)
            else:
                found = yield from self._together(left[:count])
                self.size = min(2 * self.size, TOGETHER) if len(found) == count else max(len(found), 1)
            for point, alpha, gap, steps in found:
                self._add(point, alpha, gap, steps)
                if fit.ended:
                    break

    def _add(self, point, alpha, gap, steps):
        fit, problem = self.fit, self.problem
        fit.recorder.turn_to(alpha)
        columns = np.flatnonzero(point.coef)
        fit.add(make_point(problem, point, gap, steps, fit.tol, alpha, columns, self.name, fit.max_iter), alpha)
        fit.reach(alpha)
        self.at, self.previous = point, alpha

    def _null_point(self, alpha):
        """The null model, which is the solution at an alpha above `entry`."""
        (gap,) = yield from self.model.certify([self.at], [alpha])
        return [(self.at, alpha, gap, 0)]

    def _together(self, alphas):
        """Points at the leading `alphas` that could be certified, (point, alpha, gap, steps) each."""
        problem, model, wanted = self.problem, self.model, self.fit.wanted
        yield from self._cover(self.at, self._likely(self.at, float(alphas[-1])))
        alphas, count = alphas.tolist(), len(alphas)
        secants, astray = [SecantMemory() for _ in alphas], {count}
        done: dict[int, Any] = {}
        targets = [ENOUGH * wanted] * count
        trials = [model.minimiser(self.at, alpha, None, PRECISION * wanted) for alpha in alphas]
        points = yield from problem.evaluate(*zip(*trials))
        gaps, todo = [model.gap(*each) for each in zip(points, alphas)], list(range(count))
        before = gaps
        for steps in range(1, ROUNDS + 1):
            ready = [k for k in todo if gaps[k] <= targets[k] and k < min(astray)]
            if ready:
                proven = yield from model.certify([points[k] for k in ready], [alphas[k] for k in ready])
                done |= {k: (points[k], alphas[k], gap, steps) for k, gap in zip(ready, proven) if gap <= wanted}
                for k in ready:
                    targets[k] = 0.1 * min(targets[k], gaps[k])
            problem.count_steps(1, points[todo[0]], gaps[todo[0]])
            astray |= {k for k in todo if not math.isfinite(gaps[k])}
            todo = [k for k in todo if k not in done and k < min(astray)]
            if not todo or steps >= self.fit.max_iter:
                break
            middle = points[todo[len(todo) // 2]]
            violators = self._violators([points[k] for k in todo], [alphas[k] for k in todo])
            slow = steps > 1 and any(gaps[k] > SLOW * before[k] for k in todo)
            if slow or violators.size:
                yield from self._renew(middle, np.union1d(violators, self._likely(middle, alphas[todo[-1]])))
            before = list(gaps)
            trials = [model.minimiser(points[k], alphas[k], secants[k], PRECISION * targets[k]) for k in todo]
            moved = yield from problem.evaluate(*zip(*trials))
            for k, new in zip(todo, moved):
                astray |= {k} if self._astray(points[k], new, alphas[k]) else set()
                points[k], gaps[k] = new, model.gap(new, alphas[k])
        return [done[k] for k in range(next((k for k in range(count) if k not in done), count))]

    def _alone(self, alpha):
        """The point at `alpha`, [(point, alpha, gap, steps)], by Newton steps with a new matrix each."""
        problem, wanted = self.problem, self.fit.wanted
        point, target, gap = self.at, ENOUGH * wanted, math.inf
        for steps in range(self.fit.max_iter + 1):
            yield from self._renew(point, self._likely(point, alpha), alpha)
            steering = self.model.gap(point, alpha)
            if steering <= target or steps == self.fit.max_iter:
                (gap,) = yield from self.model.certify([point], [alpha])
                if gap <= wanted or steps == self.fit.max_iter:
                    break
                target = 0.1 * min(target, steering)
            following = yield from best_step(problem, self.model, point, alpha, wanted)
            if following is None:  # rounding errors prevent progress
                (gap,) = yield from self.model.certify([point], [alpha])
                break
            point = following
            problem.count_steps(1, point, steering)
        return [(point, alpha, gap, steps)]

    def _likely(self, point, alpha):
        """Columns that may have coefficients at `alpha`, by the strong rule from a point; all where they are few."""
        problem = self.problem
        if problem.columns.size <= FEWEST or alpha == 0.0:
            return problem.columns
        last = self.previous if alpha >= FAR * self.previous else alpha
        size = np.abs(problem.pull(point.correlation))
        near = size >= (2.0 * alpha - last) * problem.l1_rates
        return np.flatnonzero(problem.usable & (near | ~problem.with_l1 | (point.coef != 0.0)))

    def _violators(self, points, alphas):
        """Columns outside of the model whose correlation exceeds their threshold at some point."""
        problem, found = self.problem, np.zeros(self.problem.p, dtype=bool)
        for point, alpha in zip(points, alphas):
            correlation, _ = self.model.curved.levelled(problem, point)
            found |= problem.usable & (np.abs(problem.pull(correlation)) > alpha * problem.l1_rates)
        found[self.model.curved.within] = False
        return np.flatnonzero(found)

    def _cover(self, point, columns):
        """Renew the matrix at a point if the model lacks some of the columns."""
        curved = self.model.curved
        if curved is None or not np.isin(columns, curved.within).all():
            yield from self._renew(point, columns)

    def _renew(self, point, columns, alpha=1.0):
        """Let the model be that at a point, over these columns and those of the last that are in use."""
        problem = self.problem
        within = np.union1d(columns, np.flatnonzero((point.coef != 0.0) | (self.at.coef != 0.0)))
        yield from renew(problem, self.model, point, within, alpha)

    def _astray(self, before, after, alpha):
        """Whether a step has raised the objective."""
        return not objective(self.problem, after, alpha) <= objective(self.problem, before, alpha) * (1.0 + LOST)


def leading(alphas, previous):
    """How many of the leading alphas follow each other, and `previous`, closely; at least one."""
    near = alphas >= FAR * np.concatenate([[previous], alphas[:-1]])
    return near.size if near.all() else max(int(np.argmin(near)), 1)


def objective(problem, point, alpha):
    """The objective at a point."""
    return point.loss + problem.penalty_at(alpha).value(point.coef)


def renew(problem, model, point, within, alpha):
    """Let the model be that at a point, over some columns: a generator of one request."""
    beside = within if not problem.has_l1 or alpha == 0.0 else problem.without_l1
    beside = np.intersect1d(beside, within)
    model.take(Curved(problem, point, within, beside, (yield from problem.curve(point, within, beside))))


def best_step(problem, model, point, alpha, wanted):
    """The point of the least objective among steps of several lengths towards the model's minimiser; None if none of
    them lowers it, or the gap where rounding hides the objective."""
    coef, intercept = model.minimiser(point, alpha, None, PRECISION * wanted)
    lengths = LENGTHS[:, None]
    coefs = point.coef + lengths * (coef - point.coef)
    coefs[0] = coef
    if problem.bounds is not None:
        coefs = problem.bounds.clip(coefs)
    found = yield from problem.evaluate(coefs, point.intercept + LENGTHS * (intercept - point.intercept))
    values = [objective(problem, each, alpha) for each in found]
    values = [value if math.isfinite(value) else math.inf for value in values]
    best, here = found[int(np.argmin(values))], objective(problem, point, alpha)
    if min(values) < here * (1.0 - LOST):
        return best
    hidden = min(values) <= here * (1.0 + LOST) and model.gap(found[0], alpha) < model.gap(point, alpha)
    return found[0] if hidden else None
