"""The paths of all folds, fitted side by side, so that one read of X serves all of them.

A fold is the problem with the weights of its held-out rows set to zero: X is not copied, and the linear predictor of
its held-out rows is part of the fit.
"""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fastreg.design.column_products import first_of
from fastreg.interface.interrupts import ended_early
from fastreg.interface.progress import Watch
from fastreg.interface.validation import read_only
from fastreg.objective import gram_reduction
from fastreg.objective.problem import Problem, start_of
from fastreg.paths.driver import answered, collect, run
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.grid import FAR
from fastreg.paths.null_model import NullModel
from fastreg.paths.plan import folds_go_together
from fastreg.paths.sweeps import share_null_sweep, share_sweeps, side_by_side
from fastreg.selection.cross_validation.folds import partitions
from fastreg.selection.cross_validation.tall_glm.joint_newton import JointNewton
from fastreg.selection.cross_validation.tall_least_squares import compressed_fold

FOLDS = "the choice of folds (cv, groups or random_state)"  # from which its weights are


@dataclass
class FoldFit:
    """One fold: its problem and grid, and its Fit once that has begun. `expected` are likely columns at each alpha."""

    problem: Problem
    grid: np.ndarray
    test: np.ndarray
    begin: float
    expected: list | None = None
    callback: Any = None  # called with the Progress of each point
    part: Any = None  # of a Checkpoint
    done: bool = False
    fit: Fit | None = None
    whole: Any = None  # the Path, once it has been collected

    @property
    def points(self):
        return [] if self.fit is None else self.fit.points

    def start_fit(self, options) -> Fit:
        """Begin the Fit, at the null model."""
        recorder = Recorder(self.problem, self.begin, self.grid.size, callback=self.callback)
        self.fit = fit = Fit(
            NullModel(self.problem), self.grid, recorder, options.tol, options.max_iter, options.solver,
            beside_others=True, expected=self.expected, checkpoint=self.part,
        )  # fmt: skip
        if not self.problem.is_reduced:
            recorder.show_paths(lambda points: collect(fit, points, self.problem, options))
        return fit

    def go_on(self, options):
        """Go on from the points of a checkpoint, once X'r of the null model is known. Returns whether it has some."""
        if self.fit is None or self.part is None:
            return False
        start = self.part.start_of(self.problem)
        going = self.part.begin(self.fit, self.problem, options, start, weights=FOLDS)
        if going:
            self.fit.resume(*start)
        return going

    def steps(self):
        """Fit the rest of the grid: a generator that asks for products with X, see driver.run."""
        if self.fit is not None:
            yield from run(self.fit)
            self.fit.keep(at_once=True)
        self.done = True

    def fit_reduced(self, options):
        """Fit a problem that is reduced to its Gram matrix. Returns whether it is certified in spite of rounding."""
        small = self.problem
        answered(run(self.start_fit(options)), small)
        whole = self.path(options)
        if not gram_reduction.holds(small, whole, options.tol):
            return False
        self.done, self.whole = True, whole
        return True

    def so_far(self, options):
        """The Path of the points done, or None. A reduced problem has none before it is done and certified."""
        ready = self.done or not self.problem.is_reduced
        return self.path(options) if self.points and ready else None

    def path(self, options):
        """The fold's Path."""
        if self.whole is not None:
            return self.whole
        return collect(self.fit, self.points, self.problem.posed, options)


def fit_folds(problem, folds, grids, options, grams=None, whole=None, watch=None):
    """Fit every fold (its training weights, its held-out rows) on its own grid. Returns (FoldFits, columns read).

    `whole` is the Path on all rows, if there is one. A column read for several folds at once counts once; what a fold
    reads alone is in its problem's `work`. Ctrl-C raises Interrupted with the points of each fold that are done.
    """
    fits: list[FoldFit] = []
    try:
        return fits, _fit_all(fits, problem, folds, grids, options, grams, whole, watch or Watch())
    except BaseException as error:
        for fit in fits:
            if fit.fit is not None:
                fit.fit.keep(at_once=True)
        paths = [fit.so_far(options) for fit in fits]
        points = sum(0 if path is None else path.alphas.size for path in paths)
        message = f"after {points} of {sum(len(grid) for grid in grids)} points of folds"
        raise ended_early(error, message, folds=paths)  # noqa: B904


def _fit_all(fits, problem, folds, grids, options, grams, whole, watch):
    """Append the FoldFits to `fits` and fit them. Returns the number of columns read for several folds at once."""
    begin = time.perf_counter()
    expected = None if whole is None else np.split(whole.coefs.indices, whole.coefs.indptr[1:-1])
    problems = fold_problems(problem, [fold_family(problem, weight) for weight, _ in folds], grams)
    stages = [f"fold {number + 1} of {len(folds)}" for number in range(len(folds))]
    for number, (posed, (_, test), grid) in enumerate(zip(problems, folds, grids)):
        part = None if posed.is_reduced else watch.part_for(stages[number])
        callback, grid = watch.callback_for(stages[number]), np.asarray(grid, dtype=float)
        fits.append(FoldFit(posed, grid, test, begin, expected, callback, part))
    small = [fit for fit in fits if fit.problem.is_reduced]
    tasks = [partial(fit.fit_reduced, options) for fit in small]
    side_by_side(tasks, [fit.problem for fit in small], problem, watch)
    for place, fit in enumerate(fits):
        if fit.problem.is_reduced and not fit.done:  # not certified, because of rounding in its Gram matrix
            posed, part = fold_problem(problem, fit.problem.posed.family), watch.part_for(stages[place])
            fits[place] = FoldFit(posed, fit.grid, fit.test, begin, expected, fit.callback, part)
    waiting = [fit for fit in fits if not fit.done]
    if not waiting:
        return 0
    problems = [fit.problem for fit in waiting]
    read = problem.p * (1 + share_null_sweep([fit.start_fit(options) for fit in waiting]))
    begun = any([fit.go_on(options) for fit in waiting])
    together = whole is not None and folds_go_together(problem, whole, len(folds), options.solver, FAR)
    if together and not begun and partitions(folds, problem.weight):
        read += JointNewton(problem, whole, waiting, watch).fit()
    steps = [fit.steps() for fit in waiting]
    return read + share_sweeps(problems, steps, watch) * problem.p


def fold_family(problem, weight):
    """The problem's family with other weights, of any sum."""
    return type(problem.family)(problem.family.y, read_only(weight / weight.sum()))


def fold_problems(problem, families, grams):
    """The problem of each fold, reduced to its Gram matrix where that is known and precise enough. The moments of the
    others, and X'r of their null models, are computed in one pass over X."""
    small = [None if grams is None else compressed_fold(problem, family, grams, k) for k, family in enumerate(families)]
    others = [family for family, compressed in zip(families, small) if compressed is None]
    found: Any = iter(())
    if others:
        starts = [start_of(family, problem.offset, problem.fit_intercept, 0) for family in others]
        residuals = np.array([state.residual for state in starts])
        found = zip(residuals, *first_of(problem.design, np.array([family.weight for family in others]), residuals))
    return [each or fold_problem(problem, family, *next(found)) for family, each in zip(families, small)]


def fold_problem(problem, family, residual=None, mean=None, variance=None, product=None):
    """The same problem for a family with other weights. What is known is given: the residual at its start, the mean and
    variance of every column, and X'r of that residual."""
    return Problem(
        problem.design,
        family,
        problem.offset,
        problem.fit_intercept,
        problem.penalty,
        problem.factor,
        problem.standardize,
        moments=None if mean is None else (mean, variance),
        bounds=problem.bounds,
        read_first=[] if product is None else [(residual, product)],
    )
