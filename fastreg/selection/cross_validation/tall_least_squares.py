"""Least squares with many more rows than columns: the Gram matrix of a fold by subtraction.

With u = (x - m, z, 1), where m is the mean of all rows and z = y - offset less its mean, let S_t be the sum of w u u'
over the rows that a fold holds out. Where every row is held out once, S = the sum of all S_t is that over all rows: all
folds and the fit on all rows cost one Gram matrix. S - S_t has for the training rows w_f = sum of w, G = sum of
w (x - m)(x - m)', d = sum of w (x - m), and they have, about their own mean and with weights that sum to one,

    G_f = G / w_f - e e',    mean_f - m = e = d / w_f,    and X'y likewise.

Each fold is then the small problem of fastreg.objective.gram_reduction. Subtracting loses digits where held-out rows
hold nearly all of a column's spread: those of such columns cannot be had so, and a fold with any is not compressed.
"""

from typing import NamedTuple

import numpy as np

from fastreg.numerics.jit import kernel
from fastreg.objective import gram_reduction
from fastreg.objective.problem import Problem
from fastreg.paths.plan import folds_share_grams
from fastreg.selection.cross_validation.folds import partitions

LOST = 1e-6  # share of a column's variance over all rows: a fold with less of it would lose too many digits


class Grams(NamedTuple):
    """S over all rows, and S_t of each fold: (p + 2, p + 2)."""

    total: np.ndarray
    held_out: list

    def sums(self):
        """Gram matrix and X'y of all rows about their means."""
        return self.total[:-2, :-2].copy(), self.total[:-2, -2]


def fold_grams(problem, folds, solver, grid):
    """The Grams where folds are reduced to Gram matrices, else None."""
    shared = folds_share_grams(problem, len(folds), solver, grid.size(), grid.lowest())
    if not (shared and partitions(folds, problem.weight)):
        return None
    response = problem.family.y - problem.start().eta  # offset and intercept taken off
    parts = [np.sort(test) for _, test in folds]
    held_out = problem.design.part_grams(parts, problem.weight, problem.centre, response)
    problem.work.add(grams=1, columns=2 * problem.p)
    total = held_out[0].copy()
    for sums in held_out[1:]:
        total += sums
    return Grams(total, held_out)


def compressed_fold(problem, family, grams, number):
    """The problem of fold `number` reduced to its Gram matrix, or None where subtraction would lose too many digits.

    The matrix overwrites the fold's S_t.
    """
    left = grams.total[-1, -1] - grams.held_out[number][-1, -1]
    gram, target, shift = of_the_others(grams.total, grams.held_out[number], problem.fit_intercept)
    kept, before = np.diag(gram), np.diag(grams.total)[:-2] / left
    spread = kept if problem.fit_intercept else np.minimum(kept, kept - shift**2)
    if np.any(spread[problem.usable] <= LOST * before[problem.usable]):
        return None
    fold = Problem(
        problem.design, family, problem.offset, problem.fit_intercept, problem.penalty, problem.factor,
        problem.standardize, moments=(problem.centre + shift, np.maximum(spread, 0.0)), bounds=problem.bounds,
    )  # fmt: skip
    return gram_reduction.compress(fold, (gram, target))


def of_the_others(total, held, about_mean):
    """(G_f, X'y, e) of the rows that are not held out, centred if `about_mean`; G_f overwrites S_t."""
    p = len(total) - 2
    target, shift, values = np.empty(p), np.empty(p), held.reshape(-1)
    subtract(total, about_mean, target, shift, values)
    return values[: p * p].reshape(p, p), target, shift


@kernel
def subtract(total, about_mean, target, shift, held):
    """From S and the values of S_t: G_f, written in place of S_t without its last rows and columns, X'y and e."""
    p = shift.size
    wide = p + 2
    left = total[p + 1, p + 1] - held[wide * wide - 1]
    response = (total[p + 1, p] - held[wide * (p + 1) + p]) / left
    for j in range(p):
        target[j] = (total[p, j] - held[wide * p + j]) / left
        shift[j] = (total[p + 1, j] - held[wide * (p + 1) + j]) / left
        if about_mean:
            target[j] -= shift[j] * response
    for j in range(p):
        move = shift[j] if about_mean else 0.0
        for k in range(p):
            held[p * j + k] = (total[j, k] - held[wide * j + k]) / left - move * shift[k]
