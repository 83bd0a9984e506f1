"""Cross-validation of least squares from the sums of each fold's rows: `cv_path(sums=[...])`.

The training rows of a fold are those of all other folds, whose sums are added: nothing is subtracted, and no digit is
lost. The error of its held-out rows follows from their own sums: with means m, products S and weight W of (x, y),

    (1/W) sum_i w_i (y_i - b0 - x_i'b)^2  =  (1/W) (b, -1)' S (b, -1)  +  (m_y - b0 - m_x'b)^2.
"""

from typing import Any

import numpy as np

from fastreg.design.row_sums import RowSums
from fastreg.interface import validation as check
from fastreg.interface.arguments import Watching
from fastreg.interface.interrupts import hold, interruptible
from fastreg.interface.progress import Watch
from fastreg.paths.summed_rows import check_sums, options_for_sums, refuse_rows, solve_sums
from fastreg.selection.cross_validation.metrics import METRICS
from fastreg.selection.cross_validation.scoring import Scored, curve_of

SQUARED = ("deviance", "mse")  # metrics that follow from sums


def cv_of_sums(sums, given, options, l1_ratios, metric):
    """A CVPath for each l1_ratio; `given` belongs to rows, so that all of it must be None. Nothing is warned of."""
    refuse_rows(**given)
    parts = checked_parts(sums)
    if metric not in SQUARED:
        raise check.ParameterError(
            f"of sums the squared error of held-out rows is known, metric='mse' or 'deviance', got {metric!r}"
        )
    fit_options, grid = options_for_sums(parts[0], options)
    watch = Watch(options.get("verbose", False), options.get("callback"))
    watch.expect(len(l1_ratios) * (1 + len(parts)) * grid.size())
    return cross_validate_sums(parts, fit_options, grid, l1_ratios, METRICS[metric], watch)


def checked_parts(sums):
    """The sums of the folds, each of which has rows of positive weight."""
    if isinstance(sums, RowSums) or not np.iterable(sums):
        raise check.ParameterError("sums must be a list of RowSums, one for the rows of each fold")
    parts = list(sums)
    if len(parts) < 2:
        raise check.ParameterError(f"sums must hold those of at least 2 folds, got {len(parts)}")
    for part in parts:
        check_sums(part)
    return parts


@interruptible()
def cross_validate_sums(parts, options, grid, l1_ratios, metric, watch):
    """`cv_of_sums`, after the checks."""
    total = RowSums.total(parts)

    def curve(these, within):
        path = solve_sums(total, these, grid, Watching(callback=within.callback_for("all rows")))
        folds = fold_paths(parts, path, these, grid, within)
        scores = np.array([errors(part, fold) for part, fold in zip(parts, folds)])
        scored = Scored(scores, np.array([part.weight for part in parts]), None, None)
        return curve_of(path, folds, scored, metric, None, 0, total.shape[1])

    return curves_of(curve, options, l1_ratios, watch)


def curves_of(curve, options, l1_ratios, watch):
    """The list of curve(options, watch) for each l1_ratio; what ends one carries those that are done."""
    curves = list[Any]()
    try:
        for ratio in l1_ratios:
            within = watch.within(f"l1_ratio {ratio:g}", len(l1_ratios) > 1)
            curves.append(curve(options._replace(l1_ratio=ratio), within))
    except BaseException as stop:
        hold(stop, finished=curves)
        raise
    finally:
        watch.close()
    return curves


def fold_paths(parts, path, options, grid, watch):
    """The Path of each fold at the alphas of `path`; an interrupt carries those that are done."""
    done = []
    for number in range(len(parts)):
        callback = watch.callback_for(f"fold {number + 1} of {len(parts)}")
        training = RowSums.total(parts[:number] + parts[number + 1 :])
        try:
            done.append(solve_sums(training, options, grid._replace(alphas=path.alphas), Watching(callback=callback)))
        except BaseException as stop:
            hold(stop, path=path, folds=[*done, getattr(stop, "path", None)])
            raise
    return done


def errors(part, path):
    """Weighted mean squared errors of a path's points on summed rows, (points,)."""
    coefs = np.vstack([path.coefs.toarray(), np.full((1, path.alphas.size), -1.0)])
    spread = np.einsum("jk,jk->k", coefs, part.products @ coefs) / part.weight
    return spread + (path.intercepts + part.mean @ coefs) ** 2
