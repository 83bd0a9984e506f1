"""Least squares with many more rows than columns: the Gram matrix of a fold by subtraction.

With the Gram matrix of the held-out rows about the mean m of all rows, G_t = sum over them of w (x - m)(x - m)', and
d_t = sum of w (x - m), w_t = sum of w, the training rows have, about their own mean and with weights that sum to one,

    G_f = (G - G_t) / (1 - w_t) - e e',    mean_f - m = e = -d_t / (1 - w_t),    and X'y likewise.

Where every row is held out once, G is the sum of the G_t: all folds and the fit on all rows cost one Gram matrix. Each
fold is then the small problem of fastreg.compression. Subtracting loses digits where held-out rows hold nearly all of
a column's spread: those of such columns cannot be had so, and a fold with any is not compressed.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fastreg import compression
from fastreg.problem import Problem
from fastreg.threads import over_blocks

LOST = 1e-6  # of a column's spread over all rows: if less is left to a fold, its digits are gone


@dataclass
class Grams:
    """Gram matrix and X'y of all rows about their means, and the Held of each fold."""

    gram: np.ndarray
    target: np.ndarray
    held_out: list


class Held(NamedTuple):
    """Sums over the held-out rows of a fold, about the means of all rows; z = y - offset less its mean."""

    gram: np.ndarray  # w (x - m)(x - m)'
    target: np.ndarray  # w (x - m) z
    columns: np.ndarray  # w (x - m)
    response: float  # w z
    weight: float  # w


def fold_grams(problem, folds, solver, grid):
    """The Grams where folds are to be compressed, else None."""
    affordable = len(folds) * problem.p <= problem.n  # the matrices of all folds are no larger than X
    held_once = np.bincount(np.concatenate([test for _, test in folds]), minlength=problem.n)
    complement = all(np.array_equal(weight, _outside(test, problem)) for weight, test in folds)
    if (
        solver != "auto"
        or problem.l1_ratio == 0.0
        or not (affordable and complement)
        or np.any(held_once != 1)
        or not compression.pays(problem, grid.count(), grid.lowest())
    ):
        return None
    response = problem.family.y - problem.start().eta  # offset and intercept taken off
    held_out: list = [None] * len(folds)

    def sum_over(start, stop):
        for number in range(start, stop):
            held_out[number] = _held_out(problem, response, folds[number][1])

    over_blocks(sum_over, range(len(folds) + 1), problem.stored)
    problem.work.columns += 2 * problem.p
    problem.work.grams += 1
    return Grams(sum(held.gram for held in held_out), sum(held.target for held in held_out), held_out)


def _outside(test, problem):
    """The weights of a fold that trains on all rows but those it holds out."""
    weight = problem.weight.copy()
    weight[test] = 0.0
    return weight


def _held_out(problem, response, test):
    """The Held of some rows, which are copied for as long as this takes."""
    rows, weight = problem.design.rows(test, np.arange(problem.p)), problem.weight[test]
    gram = rows.gram(np.arange(problem.p), weight, problem.centre)
    weighted = weight * response[test]
    columns, target = rows.correlate_each(np.stack([weight, weighted]))
    total, sum_of_response = float(weight.sum()), float(weighted.sum())
    return Held(
        gram, target - sum_of_response * problem.centre, columns - total * problem.centre, sum_of_response, total
    )


def compressed_fold(problem, family, grams, number):
    """The small problem of fold `number`, or None where subtraction would lose too many digits."""
    held = grams.held_out[number]
    left = 1.0 - held.weight
    shift = (sum(each.columns for each in grams.held_out) - held.columns) / left  # the mean, from problem.centre
    gram, target = (grams.gram - held.gram) / left, (grams.target - held.target) / left
    if problem.fit_intercept:
        gram -= np.outer(shift, shift)
        target += shift * (held.response / left)
    kept, before = np.diag(gram), np.diag(grams.gram) / left
    spread = kept if problem.fit_intercept else np.minimum(kept, kept - shift**2)
    if np.any(spread[problem.usable] <= LOST * before[problem.usable]):
        return None
    fold = Problem(
        problem.design, family, problem.offset, problem.fit_intercept, problem.l1_ratio, problem.factor,
        problem.standardize, moments=(problem.centre + shift, np.maximum(spread, 0.0)), bounds=problem.bounds,
    )  # fmt: skip
    return compression.compress(fold, gram, target)
