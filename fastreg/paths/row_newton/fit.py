"""`fit_path` of rows that lie apart: from X, y and options to a certified path."""

import time
from dataclasses import replace
from functools import partial

import numpy as np

from fastreg.design.cluster.rows import parts_of
from fastreg.design.row_sums import RowSums
from fastreg.interface import validation as check
from fastreg.interface.arguments import bundles
from fastreg.interface.encoding import Rules
from fastreg.interface.interrupts import interruptible
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective import rows_apart
from fastreg.objective.bounds import Bounds
from fastreg.objective.own_penalty import rates_of
from fastreg.objective.penalties import ElasticNet
from fastreg.paths.driver import answered, collect, follow
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.grid import alphas_of
from fastreg.paths.row_newton.null import RowsNull
from fastreg.paths.row_newton.problem import RowsProblem
from fastreg.paths.row_newton.strategy import RowNewton
from fastreg.paths.setup import checked, warn_omitted
from fastreg.paths.summed_rows import UnreadColumns, solve_sums

STRATEGIES = {RowNewton.name: RowNewton}  # see fastreg.paths.plan
SOLVERS = ("auto", "newton")  # that solver= may name


def path_of_rows(rows, y, options, watching):
    """`fit_path` for ClusterRows, without its warning; `options` by name."""
    refuse_unused(y, options, watching)
    fit_options, grid, _ = bundles(rows, options)
    return solve_rows(rows, y, fit_options, grid, watching)


def refuse_unused(y, options, watching):
    """Raise where something is given that does not apply to rows that lie apart, or no response is."""
    given = [*(["data"] if options.get("data") is not None else []), *Rules.given(options)]
    given += ["checkpoint"] * (watching.checkpoint is not None)
    if given:
        raise check.ParameterError(
            f"{given[0]} is given, but X lies in blocks of rows, where it does not apply; leave it out. The points of "
            "a fit that ends early are in the exception's path, and alphas= fits the rest"
        )
    if y is None:
        raise check.ParameterError("y is None: pass the response, an array here or a Dask array of the same rows")


@interruptible()
@one_blas_thread()
def solve_rows(rows, y, options, grid, watching):
    """The Path of ClusterRows, without a warning of points that are not certified."""
    begin, options = time.perf_counter(), checked(options)
    held = hold_rows(rows, y, options)
    if options.family.quadratic:
        return path_of_summed(rows, held, options, grid, watching)
    check_solver(options)
    problem = answered_by(posed(rows, options, held, rows.count_read), held)
    warn_omitted(problem, options.feature_names)
    null = RowsNull(problem, partial(answered, problem=problem))
    answered(null.begin(), problem)
    recorder = Recorder(problem, begin, grid.size(), watching.verbose, watching.callback, watching.trace)
    fit = begun(null, alphas_of(grid, null.alpha_max, rows.shape[0] < rows.shape[1]), recorder, options, grid)

    def collected(fit, points):
        return collect(fit, points, problem, options)

    return follow(fit, collected)


def check_solver(options):
    """Raise where a solver is named that rows do not serve."""
    if options.solver not in SOLVERS:
        raise check.ParameterError(
            f"solver={options.solver!r} needs columns, and X lies in blocks of rows; use solver='auto'"
        )


def begun(null, alphas, recorder, options, grid, until=None):
    """The Fit of a null model at some alphas; it ends after the first point of which `until` is true."""
    return Fit(
        null, alphas, recorder, options.tol, options.max_iter, options.solver, automatic=grid.alphas is None,
        strategies=STRATEGIES, until=until,
    )  # fmt: skip


def answered_by(steps, held):
    """The value of a generator of requests (function, *arguments), which is sent the answers of all blocks."""
    found = None
    while True:
        try:
            function, *args = steps.send(found)
        except StopIteration as end:
            return end.value
        found = held.run(function, *args)


def hold_rows(rows, y, options, make=rows_apart.rows_of_block, more=None):
    """What make(block, its number, response, weights, offset, *more of it) returns for every block: the Rows."""

    def parts(values, name):
        if values is None or (name == "offset" and not check.is_offset(values)):
            return [None] * len(rows.lengths)
        if np.ndim(values) == 0:
            values = np.full(rows.shape[0], float(values))
        return parts_of(values, name, rows.lengths, rows.lengths)

    vectors = parts(y, "y"), parts(options.sample_weight, "sample_weight"), parts(options.offset, "offset")
    more = [()] * len(rows.lengths) if more is None else more
    own = [(*some, *others) for some, others in zip(zip(range(len(rows.lengths)), *vectors), more)]
    return rows.place.hold(make, own)


def refuse_degenerate(family, y, weight, fit_intercept):
    """Raise where a response has no solution of its own."""
    degenerate = family.degenerate(y[weight > 0])
    if degenerate and fit_intercept:
        raise ValueError(f"{degenerate}; family {family.name!r} with an intercept has no solution")


def posed(rows, options, held, count_read, refuse=refuse_degenerate):
    """The RowsProblem of rows that are held, and of options from `checked`: a generator of requests (function,
    *arguments), which is sent the answers of all blocks. Reads X once."""
    p, family = rows.shape[1], options.family
    found = yield rows_apart.described, family
    total = float(sum(each[1] for each in found))
    if not total > 0.0:
        raise ValueError("sample_weight is zero everywhere; at least one weight must be positive")
    y, weight = np.concatenate([each[5] for each in found]), np.concatenate([each[6] for each in found])
    refuse(family, y, weight, options.fit_intercept)
    shift = np.mean([each[4] for each in found], axis=0)
    count_read()
    sums, squares = rows_apart.in_order((yield rows_apart.moments, total, shift, options.feature_names))
    (constant,) = rows_apart.in_order([(each,) for each in (yield rows_apart.constant, family, total)])
    limits = check.check_bounds(options.lower, options.upper, p)
    problem = RowsProblem(
        UnreadColumns((y.size, p)),  # type: ignore[arg-type]  # nothing of X is read here
        family(check.read_only(y), check.read_only(weight / weight.sum())), np.zeros(y.size), options.fit_intercept,
        ElasticNet(options.l1_ratio) if options.penalty is None else rates_of(options.penalty, p),
        check.check_factor(options.penalty_factor, p), options.standardize,
        moments=(shift + sums, np.maximum(squares - sums**2, 0.0)), bounds=None if limits is None else Bounds(*limits),
        count_read=count_read, held=held, total=total, constant=constant,
    )  # fmt: skip
    problem.work.add(columns=p)
    return problem


def path_of_summed(rows, held, options, grid, watching):
    """Least squares of ClusterRows from the sums of one read."""
    rows.count_read()
    sums = RowSums.total(held.run(rows_apart.sums, options.feature_names))
    path = solve_sums(sums, options._replace(sample_weight=None, offset=None), grid, watching)
    return replace(path, has_offset=options.has_offset())
