"""The driver of several responses: a problem and a grid in, a certified MultiPath out."""

import time
from functools import partial

import numpy as np

from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.interface.interrupts import interruptible
from fastreg.multi.gram_reduction import compress
from fastreg.multi.null_model import MultiNullModel
from fastreg.multi.pointwise import MultiPointwise
from fastreg.multi.result import MultiPath
from fastreg.multi.setup import build_multi_problem, certain_path, places_of, pose_some, shares_of, with_all
from fastreg.multi.smooth import MultiRidge
from fastreg.numerics.threads import one_blas_thread
from fastreg.paths.driver import NOBODY, as_columns, as_reduced, follow, what_all_paths_hold
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.grid import alphas_of
from fastreg.paths.setup import warn_omitted

STRATEGIES = {"ridge": MultiRidge, "pointwise": MultiPointwise}  # see fastreg.paths.plan


@interruptible()
@one_blas_thread()
def solve_multi_path(X, Y, options, grid, watching=NOBODY, *, start=None):
    """`fit_multi_path` without its warning, for callers that warn themselves.

    The solver of `options` is ignored: there is none to choose from.
    `start` = (coefficients (p, K), intercepts (K,)) are near the solution at the first of given alphas.
    """
    begin, options = time.perf_counter(), options.checked()
    problem, classes = build_multi_problem(X, Y, options)
    return follow_multi_path(problem, options, grid, watching, classes, begin=begin, start=start)


@interruptible()
@one_blas_thread()
def solve_classes(X, Y, options, grid, start=None, watching=NOBODY):
    """`solve_multi_path` of the multinomial for classes numbered from 0, all of which occur in Y (n,), or shares.

    The grid is of given alphas. With an intercept the fit of a class without weight is reached at infinity only: its
    coefficients are zeros and its intercept is -inf, and the others' are those of the fit without it.
    """
    begin, options, X, shares = time.perf_counter(), options.checked(), check.check_design(X), shares_of(Y)
    weight, K = check.check_weight(options.sample_weight, X.shape[0]), shares.shape[1]
    places = places_of(shares, weight, options)
    if places.size == 1:
        return with_all(certain_path(X.shape[1], check.check_alphas(grid.alphas), options), places, options, K)
    problem = pose_some(as_design(X), shares, weight, options, places)
    if not problem.finite:
        raise check.explain_not_finite(X, options.feature_names)
    warn_omitted(problem, options.feature_names)
    start = None if start is None else (start[0][:, places], start[1][places])
    completed = partial(with_all, places=places, options=options, K=K)
    return follow_multi_path(problem, options, grid, watching, begin=begin, start=start, completed=completed)


def follow_multi_path(
    problem, options, grid, watching=NOBODY, classes=None, *, begin, start=None, completed=lambda path: path
):
    """The MultiPath of a problem, as `completed` returns it, on the grid given or an automatic one; `start` as for
    solve_multi_path."""
    grid = grid.checked()
    follow_here = partial(
        _follow, options=options, grid=grid, watching=watching, classes=classes, begin=begin, start=start,
        completed=completed,
    )  # fmt: skip
    return as_reduced(problem, options, grid, follow_here, compress)


def _follow(problem, *, options, grid, watching, classes, begin, start, completed):
    """The MultiPath of a problem, or of its reduction."""
    null, posed = MultiNullModel(problem), problem.posed
    alphas = alphas_of(grid, null.alpha_max, posed.n < posed.p)
    recorder = MultiRecorder(problem, begin, grid.size(), watching.verbose, watching.callback, watching.trace)
    fit = begin_fit(null, alphas, options, recorder, grid.alphas is None)
    start = None if start is None else (*start, float(alphas[0]))

    def collected(fit, points):
        return completed(collect_multi(fit, points, options, classes))

    return follow(fit, collected, start)


def begin_fit(null, alphas, options, recorder, automatic=False, **more):
    """A Fit at the null model of several responses."""
    return Fit(
        null, alphas, recorder, options.tol, options.max_iter, strategies=STRATEGIES, automatic=automatic, **more
    )


def collect_multi(fit, points, options, classes):
    """Points of a fit as a MultiPath."""
    problem = fit.problem.posed
    return MultiPath(
        coefs=[_response_coefs(points, k, problem.p) for k in range(problem.K)],
        intercepts=np.stack([point.intercept for point in points], axis=1),
        grouped=problem.units.together,
        classes=classes,
        lower=None if problem.bounds is None else problem.bounds.lower.reshape(problem.p, problem.K),
        upper=None if problem.bounds is None else problem.bounds.upper.reshape(problem.p, problem.K),
        **what_all_paths_hold(fit, points, problem, options),
    )


def _response_coefs(points, k, p):
    """One response's coefficients at all points, (p, points)."""
    kept = [np.flatnonzero(point.values[:, k]) for point in points]
    rows = [point.columns[some] for point, some in zip(points, kept)]
    return as_columns(rows, [point.values[some, k] for point, some in zip(points, kept)], p)


class MultiRecorder(Recorder):
    """A Recorder that counts a column once for all responses."""

    def support(self, state):
        return int(np.count_nonzero(state.matrix.any(axis=1)))

    def penalty(self, state):
        problem = self.problem
        return problem.penalty_at(self.alpha).value(problem.units.sizes(state.matrix))
