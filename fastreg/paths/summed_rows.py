"""Least squares of which only sums over the rows are known: `fit_path(sums=...)`.

The problem is that of gram_reduction, whose gap follows from the sums. Rounding errors of the loss that they leave are
bounded there, and are part of the gap that is reported.
"""

import time
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from fastreg.design.row_sums import RowSums
from fastreg.interface import validation as check
from fastreg.interface.arguments import bundles
from fastreg.interface.interrupts import interruptible
from fastreg.interface.reasons import reason_for, warn_of_points
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective import gram_reduction
from fastreg.objective.bounds import Bounds
from fastreg.objective.families import FAMILIES, Gaussian
from fastreg.objective.own_penalty import rates_of
from fastreg.objective.penalties import ElasticNet
from fastreg.objective.problem import Problem
from fastreg.paths.driver import NOBODY, follow_path
from fastreg.paths.setup import checked


class UnreadColumns(NamedTuple):
    """The storage of an X of which no value is at hand: its shape alone."""

    shape: tuple[int, int]

    def stored_in(self, columns):
        return self.shape[0] * len(columns)


@dataclass
class SummedRows(Problem):
    """The problem of rows of which only sums are known.

    In their place stand two rows of equal weight whose response is one standard deviation above and below its mean: the
    null model has the loss of all.
    """

    level: float = 0.0  # mean response, which an intercept fits

    def square_of(self, eta):
        return self.level**2


def path_of_sums(sums, given, options, watching):
    """`fit_path` for sums: `given` belongs to rows, so that all of it must be None."""
    refuse_rows(**given)
    fit_options, grid = options_for_sums(sums, options)
    path = solve_sums(sums, fit_options, grid, watching)
    warn_of_points(path)
    return path


def options_for_sums(sums, options):
    """(FitOptions, Grid) of options by name, with the columns' names of the sums."""
    check_sums(sums)
    names = sums.feature_names if options.get("feature_names") is None else options["feature_names"]
    return bundles(sums, {**options, "feature_names": names})[:2]


@interruptible()
@one_blas_thread()
def solve_sums(sums, options, grid, watching=NOBODY):
    """The Path of RowSums, without a warning of points that are not certified. `options` are checked here."""
    begin, options = time.perf_counter(), checked(options)
    if options.family is not Gaussian:
        raise check.ParameterError(
            f"sums hold all that least squares need; family={options.family.name!r} needs the rows themselves: pass X "
            "and y, from a file by fastreg.open where they do not fit into memory"
        )
    small, grid = reduced(sums, options), resolved(grid.checked(), sums)
    return follow_path(
        small, options, grid, watching, begin=begin, completed=lambda path: with_rounding(small, path, sums)
    )


def refuse_rows(**given):
    """Raise where anything but None is given of what belongs to rows, which sums stand for."""
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise check.ParameterError(
            f"sums and {named[0]} are given, but sums stand for the rows: leave {named[0]} out"
            + {"offset": " and subtract it from y in RowSums.add", "sample_weight": " and pass it to RowSums.add"}.get(
                named[0], ""
            )
        )


def check_sums(sums):
    """Raise where these are no sums, or hold no row of positive weight."""
    if not isinstance(sums, RowSums):
        raise check.ParameterError(f"sums must be a fastreg.RowSums, got a {type(sums).__name__}")
    if not sums.weight > 0.0:
        raise ValueError(f"the sums hold {sums.n_rows} rows, none of them of positive weight; add some before the fit")


def reduced(sums, options):
    """The Compressed problem of sums; `options` from `checked`."""
    check_sums(sums)
    p, middle = sums.shape[1], np.zeros(2)
    mean, level, intercept = sums.mean[:p], float(sums.mean[p]), options.fit_intercept
    products = sums.products / sums.weight
    variance, about = np.diag(products).copy(), products[:p, :p]
    target, square = products[:p, p].copy(), variance[p]
    if intercept:
        middle -= level
    else:
        about, target, square = about + np.outer(mean, mean), target + level * mean, square + level**2
    factor, limits = check.check_factor(options.penalty_factor, p), check.check_bounds(options.lower, options.upper, p)
    problem = SummedRows(
        UnreadColumns((2, p)),  # type: ignore[arg-type]  # nothing of X is read
        FAMILIES["gaussian"](
            check.read_only(np.sqrt(square) * np.array([1.0, -1.0])), check.read_only(np.full(2, 0.5))
        ),
        middle,
        intercept,
        ElasticNet(options.l1_ratio) if options.penalty is None else rates_of(options.penalty, p),
        factor,
        options.standardize,
        moments=(mean, variance[:p]),
        bounds=None if limits is None else Bounds(*limits),
        level=level,
    )
    problem.work.add(columns=p, grams=1)
    return gram_reduction.compress(problem, (np.ascontiguousarray(about), target))


def resolved(grid, sums):
    """The grid, with the end that an automatic one has for so many rows."""
    if grid.alphas is not None or grid.alpha_min_ratio is not None:
        return grid
    return grid._replace(alpha_min_ratio=1e-2 if sums.n_rows < sums.shape[1] else 1e-4)


def with_rounding(small, path, sums):
    """The path with bounds on rounding errors in its gaps, which decide what is certified."""
    gaps = path.gaps + gram_reduction.rounding(small, gram_reduction.sizes_of(small, path.coefs))
    reasons = [
        reason_for(gap, path.tol, 0, 1) if reason == "converged" else reason for gap, reason in zip(gaps, path.reasons)
    ]
    return replace(path, gaps=gaps, reasons=reasons, weighted=sums.weighted)
