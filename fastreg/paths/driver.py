"""The driver: from a problem and a grid to a certified Path.

One loop serves a path of one response or several, the folds of a cross-validation and the halves of a stability
selection: it asks the plan for strategies, and each goes on where the one before stopped. Strategies are generators
that yield vectors and are sent their products with X, so that several fits can share each read of X.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from fastreg.design.column_products import is_outer
from fastreg.interface.arguments import Watching
from fastreg.interface.interrupts import ended_early, hold, interruptible
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective import gram_reduction
from fastreg.objective.families import FAMILIES
from fastreg.objective.own_penalty import Rates
from fastreg.paths.batched.batches import Batches
from fastreg.paths.batched.descent import DescentBatch
from fastreg.paths.batched.lasso import LassoBatch
from fastreg.paths.batched.newton import NewtonBatch
from fastreg.paths.checkpoint import Checkpoint
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.grid import alphas_of
from fastreg.paths.known import with_products
from fastreg.paths.null_model import NullModel
from fastreg.paths.plan import reduces_to_gram, strategies
from fastreg.paths.pointwise import Pointwise
from fastreg.paths.result import Path
from fastreg.paths.ridge import Ridge
from fastreg.paths.setup import build_problem, checked

if TYPE_CHECKING:
    from fastreg.paths.protocol import Products, Strategy

NOBODY = Watching()
STRATEGIES: dict[str, Callable[[Fit], Strategy]] = {
    "ridge": Ridge,
    "pointwise": Pointwise,
    "batched_lasso": partial(Batches, LassoBatch),
    "batched_newton": partial(Batches, NewtonBatch),
    "batched_descent": partial(Batches, DescentBatch),
}


def run(fit: Fit) -> Products:
    """Fit the remaining alphas: a generator that yields (vector, columns) and is sent x_j'vector for these columns, or
    for all where `columns` is None."""
    known = STRATEGIES if fit.strategies is None else fit.strategies
    for name in strategies(fit, known):
        if fit.left().size:
            yield from known[name](fit).advance(fit.left())


def answered(steps, problem):
    """Run the generator `steps`, computing each product when it is asked for. Returns the generator's value."""
    product = None
    while True:
        try:
            vector, columns = steps.send(product)
        except StopIteration as end:
            return end.value
        product = problem.correlate(vector) if columns is None else problem.correlate_some(vector, columns)


@interruptible()
@one_blas_thread()
def solve_path(X, y, options, grid, watching=NOBODY, *, start=None):
    """`fit_path` without its warning of points that are not certified, for callers that warn themselves.

    `start` = (coefficients, intercept, alpha) is a solution, or close to one, that replaces the null model.
    """
    begin, options = time.perf_counter(), checked(options)
    part = None if watching.checkpoint is None else Checkpoint(watching.checkpoint).part()
    problem = build_problem(X, y, options, None if part is None else part.residuals())
    return follow_path(problem, options, grid, watching, begin=begin, start=start, part=part)


def alphas_to_fit(X, y, options, grid):
    """The alphas at which `solve_path` would fit, unless an automatic grid ends early; fits the null model alone."""
    problem = build_problem(X, y, checked(options))
    return alphas_of(grid.checked(), NullModel(problem).alpha_max, problem.n < problem.p)


def follow_path(problem, options, grid, watching=NOBODY, *, begin, start=None, sums=None, part=None, completed=None):
    """The Path of a problem, as `completed`, if given, returns it.

    Its seconds count from `begin`; `start` as for `solve_path`; `sums` as for `gram_reduction.compress`, if known;
    `part` is of a Checkpoint.
    """

    def collected(fit, points):
        path = collect(fit, points, problem.posed, options)
        return path if completed is None else completed(path)

    grid = grid.checked()
    follow_here = partial(
        _follow, options=options, grid=grid, watching=watching, collected=collected, begin=begin, start=start, part=part
    )
    return as_reduced(problem, options, grid, follow_here, partial(gram_reduction.compress, sums=sums), part)


def as_reduced(problem, options, grid, follow_here, compress, part=None):
    """The path follow_here(problem), or where that takes less and rounding allows, follow_here(compress(problem))."""
    reduces = reduces_to_gram(problem, options.solver, grid.size(), grid.lowest())
    if reduces and (part is None or part.stands_for(reduced=True)):
        small = compress(problem)
        try:
            path = follow_here(small)
        except BaseException as stop:
            done = getattr(stop, "path", None)
            if hasattr(done, "coefs") and not gram_reduction.holds(small, done, options.tol):
                hold(stop, path=None)
            raise
        if gram_reduction.holds(small, path, options.tol):
            return path
        if part is not None:
            part.begin_anew()
    return follow_here(problem)


def _follow(problem, *, options, grid, watching, collected, begin, start, part):
    """The Path of a problem, or of its reduction. What ends it early has the points done."""
    posed = problem.posed
    null = NullModel(problem)
    stored = None if part is None else part.start_of(problem)
    start = start if stored is None else stored
    if start is not None:
        start = with_products(null, *start)
    alphas = alphas_of(grid, null.alpha_max, posed.n < posed.p)
    recorder = Recorder(problem, begin, grid.size(), watching.verbose, watching.callback, watching.trace)
    fit = Fit(
        null, alphas, recorder, options.tol, options.max_iter, options.solver, automatic=grid.alphas is None,
        checkpoint=part,
    )  # fmt: skip
    if part is not None and not part.begin(fit, posed, options, stored):
        start = None
    return follow(fit, collected, start)


def follow(fit, collected, start=None):
    """Run a fit to its end, from `start` if given. Returns collected(fit, points), which an exception carries, too."""
    fit.recorder.show_paths(partial(collected, fit))
    try:
        if start is not None:
            fit.resume(*start)
        answered(run(fit), fit.problem)
    except BaseException as error:
        points = fit.points
        path = collected(fit, points) if points else None
        raise ended_early(error, f"after {len(points)} of {len(fit.alphas)} points", path=path)  # noqa: B904
    finally:
        fit.recorder.close()
        fit.keep(at_once=True)
    return collected(fit, fit.points)


def collect(fit, points, problem, options):
    """Points of a fit as a Path of the user's `problem`."""
    family_class = type(problem.family)
    return Path(
        coefs=as_columns([point.columns for point in points], [point.values for point in points], problem.p),
        intercepts=np.array([point.intercept for point in points]),
        family_class=None if family_class in FAMILIES.values() else family_class,
        penalty=problem.penalty if isinstance(problem.penalty, Rates) else None,
        lower=None if problem.bounds is None else problem.bounds.lower.copy(),
        upper=None if problem.bounds is None else problem.bounds.upper.copy(),
        **what_all_paths_hold(fit, points, problem, options),
    )


def what_all_paths_hold(fit, points, problem, options):
    """The fields that Path and MultiPath share, by name."""
    recorder, null = fit.recorder, fit.null
    if is_outer(problem.design):
        problem.design.verify()
    work = dict(zip(recorder.COUNTS, recorder.spent()[1:]))
    work |= {"passes": work["columns_read"] / problem.p, "null_loss": fit.problem.scale}
    return {
        "alphas": fit.alphas[: len(points)].copy(),
        "gaps": np.array([point.gap for point in points]),
        "n_iters": np.array([point.iterations for point in points]),
        "reasons": [point.reason for point in points],
        "deviance_ratio": null.explained(np.array([point.loss for point in points])),
        "family": problem.family.name,
        "l1_ratio": getattr(problem.penalty, "l1_ratio", np.nan),
        "tol": options.tol,
        "alpha_max": null.alpha_max,
        "feature_names": options.feature_names,
        "encoding": options.encoding,
        "methods": [point.method for point in points],
        "work": work,
        "trace": recorder.trace(len(points)),
        "steps": recorder.table_of_steps(),
        "fit_intercept": problem.fit_intercept,
        "standardize": problem.standardize,
        "penalty_factor": None if options.penalty_factor is None else problem.factor.copy(),
        "has_offset": options.has_offset(),
        "weighted": options.sample_weight is not None and bool(problem.weight.min() < problem.weight.max()),
    }


def as_columns(rows, values, p):
    """A sparse (p, k) array from the rows and values of each of its k columns."""
    indptr = np.concatenate([[0], np.cumsum([part.size for part in rows])]).astype(np.int64)
    parts = np.concatenate(values), np.concatenate(rows).astype(np.int64), indptr
    return sp.csc_array(parts, shape=(p, len(rows)))
