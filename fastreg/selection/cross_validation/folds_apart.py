"""Cross-validation of rows that lie apart, `cv_path(distribute(..., by="rows"), y)`: every read serves all folds.

A fold is the problem with the weights of its held-out rows set to zero, as for rows in memory. The path on all rows and
those of the folds advance together: each asks for sums over blocks of rows, and one task at a block computes those of
all. Least squares need one read of X alone, in which the sums of each fold are taken.
"""

import numbers
import os
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from fastreg.design.row_sums import RowSums
from fastreg.interface import validation as check
from fastreg.interface.arguments import bundles
from fastreg.interface.interrupts import ended_early, interruptible
from fastreg.interface.progress import Watch
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective.rows_apart import in_order, together
from fastreg.paths.driver import answered, collect, run
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.grid import alphas_of
from fastreg.paths.row_newton.fit import begun, check_solver, hold_rows, posed, refuse_degenerate, refuse_unused
from fastreg.paths.row_newton.null import RowsNull
from fastreg.paths.setup import checked, warn_omitted
from fastreg.selection.cross_validation.folds import (
    check_fold_response,
    make_folds,
    partitions,
    training_weight,
    warn_of_vanishing,
)
from fastreg.selection.cross_validation.metrics import METRICS
from fastreg.selection.cross_validation.rows_of_folds import rows_of_folds, scores, sums_of_folds
from fastreg.selection.cross_validation.scoring import Scored, curve_of
from fastreg.selection.cross_validation.summed_folds import SQUARED, cross_validate_sums, curves_of

MEANS = ("deviance", "mse", "mae", "misclassification")  # metrics that are means over rows


@dataclass
class Member:
    """The fit of all rows, or of those that a fold is fitted to, and the generator of requests that it runs."""

    stage: str
    problem: Any = None
    null: Any = None
    fit: Fit | None = None

    def start(self, rows, options, held, refuse):
        """Pose the problem and fit its null model: a generator of requests."""
        self.problem = problem = yield from posed(rows, options, held, held.reads.note, refuse)
        self.null = RowsNull(problem, partial(answered, problem=problem))
        yield from of_all_blocks(self.null.begin(), problem)

    def follow(self, alphas, recorder, options, grid, whole):
        """Fit the alphas, as far as the `whole` path goes if that ends early: a generator of requests."""

        def beyond(_):
            return whole.fit.ended and len(recorder.points) >= len(whole.fit.points)

        self.fit = fit = begun(self.null, alphas, recorder, options, grid, beyond)
        recorder.show_paths(lambda points: collect(fit, points, self.problem, options))
        yield from of_all_blocks(run(fit), self.problem)

    def path(self, options, most=None):
        """The Path of the points done, of `most` of them if that is given, or None."""
        points = [] if self.fit is None else self.fit.points[:most]
        return collect(self.fit, points, self.problem, options) if points else None


class Reads:
    """Counts reads of X of which each serves several fits: those that they `note` between two calls of `settle`."""

    def __init__(self, rows):
        self.rows, self.noted = rows, False

    def note(self):
        """A fit is about to read X."""
        self.noted = True

    def settle(self):
        """All of them have, together."""
        if self.noted:
            self.rows.count_read()
        self.noted = False


class HeldOf:
    """What lies beside the blocks of rows for number k of several fits alone."""

    def __init__(self, held, k, reads):
        self.held, self.k, self.reads = held, k, reads

    def run(self, function, *args):
        """The list of function(what lies beside block b, *args)."""
        found = [each[0] for each in self.held.run(together, [(self.k, function, *args)])]
        self.reads.settle()
        return found


def cv_of_rows(rows, y, options, l1_ratios, folding, metric, kept):
    """A CVPath for each l1_ratio, without warnings of its points; `options` by name."""
    fit_options, grid, watching = bundles(rows, options)
    refuse_unused(y, options, watching)
    if "predictions" in kept:
        raise check.ParameterError(
            "keep_predictions is for rows that are here, and X lies in blocks of rows; predict them block by block "
            "with each of CVPath.fold_paths"
        )
    if not (isinstance(metric, str) and metric in MEANS):
        raise check.ParameterError(
            f"metric={metric!r} needs the predictions of all rows at once, and X lies in blocks of rows; use one of "
            f"{', '.join(map(repr, MEANS))}"
        )
    watch = Watch(watching.verbose, watching.callback)
    return cross_validate_rows(rows, y, fit_options, l1_ratios, folding, metric, grid.checked(), watch)


@check.each_once()
@interruptible()
@one_blas_thread()
def cross_validate_rows(rows, y, options, l1_ratios, folding, metric, grid, watch):
    """`cv_of_rows`, after the first checks."""
    options = checked(options)
    n_folds, labels = folds_of(rows, y, folding)
    watch.expect(len(l1_ratios) * (1 + n_folds) * grid.size())
    if options.family.quadratic:
        return of_squares(rows, y, options, l1_ratios, (n_folds, labels), metric, grid, watch)
    check_solver(options)
    if metric == "misclassification" and options.family.name != "binomial":
        raise check.ParameterError(f"metric={metric!r} needs family='binomial', and here it is {options.family.name!r}")

    def curve(these, within):
        held = hold_rows(rows, y, options, rows_of_folds, labels)
        return of_losses(rows, held, these, n_folds, metric, grid, within)

    return curves_of(curve, options, l1_ratios, watch)


def folds_of(rows, y, folding):
    """(the number of folds, what `rows_of_folds` takes besides a block's rows, for every block)."""
    (n, _), cv, before = rows.shape, folding.cv, np.concatenate([[0], np.cumsum(rows.lengths)[:-1]]).tolist()
    if isinstance(cv, numbers.Integral) and not isinstance(cv, bool) and folding.groups is None:
        from sklearn.utils import check_random_state

        n_folds, seed = check.check_count("cv", cv, 2), int(check_random_state(folding.random_state).randint(2**31 - 1))
        if n_folds > n:
            raise ValueError(f"cv={n_folds} folds need at least {n_folds} rows, but X has {n}")
        return n_folds, [(None, n_folds, seed, first) for first in before]
    far = hasattr(y, "dask") or isinstance(y, str | os.PathLike)
    if far and hasattr(cv, "split"):
        raise check.ParameterError("cv splits by y, which is not here; pass pairs of rows, cv.split(np.zeros(n), y)")
    near, one = np.zeros(n) if far else check.check_numbers(y, n), np.ones(n)
    pairs = make_folds(cv, one[:, None], near, folding.groups, False, folding.random_state)
    if not partitions([(training_weight(train, one, k), test) for k, (train, test) in enumerate(pairs, 1)], one):
        raise check.ParameterError(
            "X lies in blocks of rows, where each row is held out once, and a fold is fitted to all rows but its own; "
            "pass such a cv, or a number of folds"
        )
    labels = np.empty(n, dtype=np.int32)
    for k, (_, test) in enumerate(pairs):
        labels[test] = k
    return len(pairs), [(part, len(pairs), 0, 0) for part in np.split(labels, before[1:])]


def of_squares(rows, y, options, l1_ratios, folds, metric, grid, watch):
    """Least squares, from the sums of each fold's rows, of one read."""
    if metric not in SQUARED:
        raise check.ParameterError(
            f"least squares of rows that lie apart are scored by sums, metric='mse' or 'deviance', got {metric!r}"
        )
    held = hold_rows(rows, y, options, rows_of_folds, folds[1])
    rows.count_read()
    found = held.run(sums_of_folds, options.feature_names)
    parts = [RowSums.total(each) for each in zip(*found)]
    refuse_unscored([part.weight for part in parts])
    without = options._replace(sample_weight=None, offset=None)
    curves = cross_validate_sums(parts, without, grid, l1_ratios, METRICS[metric], watch)
    kept = {"has_offset": options.has_offset()}
    return [
        replace(
            curve, path=replace(curve.path, **kept), fold_paths=[replace(each, **kept) for each in curve.fold_paths]
        )
        for curve in curves
    ]


def of_losses(rows, held, options, n_folds, metric, grid, watch):
    """The CVPath of another family than least squares: the path on all rows and all folds, together."""
    begin, reads = time.perf_counter(), Reads(rows)
    before = rows.reads
    whole, folds = Member("all rows"), [Member(f"fold {k} of {n_folds}") for k in range(1, n_folds + 1)]
    members = [whole, *folds]
    checks = [refuse_degenerate, *(partial(check_fold_response, number=k) for k in range(1, n_folds + 1))]
    views = [HeldOf(held, k, reads) for k in range(1 + n_folds)]
    try:
        in_step(held, [each.start(rows, options, *more) for each, *more in zip(members, views, checks)], reads)
        refuse_unscored([whole.problem.total - each.problem.total for each in folds])
        warn_omitted(whole.problem, options.feature_names)
        alphas = alphas_of(grid, whole.null.alpha_max, rows.shape[0] < rows.shape[1])
        steps = [
            each.follow(
                alphas,
                Recorder(each.problem, begin, grid.size(), callback=watch.callback_for(each.stage)),
                options, grid if each is whole else grid._replace(alphas=alphas), whole,
            )
            for each in members
        ]  # fmt: skip
        in_step(held, steps, reads)
    except BaseException as error:
        path, *paths = [each.path(options) for each in members]
        points = sum(0 if each is None else each.alphas.size for each in (path, *paths))
        raise ended_early(error, f"after {points} of {len(members) * grid.size()} points", path=path, folds=paths)  # noqa: B904
    path = whole.path(options)
    paths = [each.path(options, path.alphas.size) for each in folds]
    if options.standardize:
        warn_of_vanishing(whole.problem, folds, paths)
    scored = score_rows(held, paths, options.family, metric)
    rows.count_read()
    read = (rows.reads - before) * rows.shape[1]
    return curve_of(path, paths, scored, METRICS[metric], None, read, rows.shape[1])


def in_step(held, steps, reads):
    """Run generators of requests (function, *arguments), of which number k is about what lies beside the rows for the
    k-th fit. All go on as far as they can, and one call of the blocks then answers what all have asked for."""
    answers = dict.fromkeys(range(len(steps)))
    while answers:
        asked = {}
        for k, answer in answers.items():
            with suppress(StopIteration):
                asked[k] = steps[k].send(answer)
        found = held.run(together, [(k, *request) for k, request in asked.items()]) if asked else ()
        answers = dict(zip(asked, zip(*found)))
        reads.settle()


def of_all_blocks(steps, problem):
    """The requests of a strategy, which is sent sums over all rows, as those of all blocks."""
    found = None
    while True:
        try:
            asked, _ = steps.send(found)
        except StopIteration as end:
            return end.value
        found = in_order((yield problem.request(asked)))


def score_rows(held, paths, family, metric):
    """The Scored of the folds' paths on the rows that these hold out; reads X once."""
    requests = []
    for k, path in enumerate(paths, 1):
        columns = np.unique(path.coefs.indices)
        requests.append((k, scores, family, metric, columns, path.coefs[columns].toarray().T, path.intercepts))
    found = [in_order(each) for each in zip(*held.run(together, requests))]
    weights = np.array([float(weight) for _, weight in found])
    return Scored(np.array([sums for sums, _ in found]) / weights[:, None], weights, None, None)


def refuse_unscored(weights):
    """Raise where the rows that a fold holds out have no weight."""
    for number, weight in enumerate(weights, 1):
        if not weight > 0.0:
            raise ValueError(f"the test rows of fold {number} have no weight, so there is nothing to score")
