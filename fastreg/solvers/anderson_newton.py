"""Secants of Newton steps that share one matrix, remembered from step to step and from one alpha to the next.

Let f(b) be the step that a model with the matrix M = H + L2 takes at b. M may be old: the steps then only come near the
solution, each leaving about the same share of the way. But f is nearly affine, so that two steps at one alpha tell how
it changes: by dF where b changes by dB. From such secants follows the mix whose step would be shortest,

    minimise over g  | f - dF g |_M,      b_new = b + f - (dB + dF) g.

Those of the last two changes are taken, and one from the alpha before: a path goes on much as it went, and what an old
M missed there it will miss again. M f is known from the correlations that a model ends with, so a mix costs a few
products of length |W|. Coefficients at zero in the model's solution stay there, and one that the mix would take to the
other side of zero is left where the model has it. Source: Walker and Ni (2011), SIAM J. Numer. Anal. 49, "Anderson
acceleration for fixed-point iterations".
"""

from typing import NamedTuple

import numpy as np

from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import inlined_kernel, inner_kernel, kernel

RECENT = 2  # secants of the present alpha that are mixed
CARRIED, FIRST = RECENT, RECENT + 1  # rows of the one from an alpha before, and of the present alpha's first
INDEPENDENT = 1e-6  # share of a secant's square that must be left beside later ones
STEPS, HAS_CARRIED = range(2)  # steps taken at this alpha; whether there is a secant from one before


class Secants(NamedTuple):
    """Room for the secants of |W| coefficients, a row each, updated in place."""

    moves: np.ndarray  # dB
    changes: np.ndarray  # dF
    images: np.ndarray  # M dF
    last: np.ndarray  # the last step of this alpha: b, f and M f
    numbers: np.ndarray  # STEPS, HAS_CARRIED
    order: np.ndarray  # rows in the mix, the latest first
    mix: np.ndarray  # their weights g, and
    equations: np.ndarray  # the products they follow from


def no_secants(size):
    """For so many coefficients, none yet."""
    mixed = RECENT + 1
    moves, changes, images = np.zeros((3, FIRST + 1, size))
    return Secants(
        moves, changes, images, np.zeros((3, size)), np.zeros(2, dtype=np.int64),
        np.zeros(mixed, dtype=np.int64), np.zeros(mixed), np.zeros((mixed, mixed)),
    )  # fmt: skip


def with_more(secants, size):
    """The same for more coefficients, zero so far. M dF is not known for them, nor asked for: see `weigh`."""
    grown, old = no_secants(size), secants.last.shape[1]
    for new, known in zip(grown[:4], secants[:4], strict=True):
        new[:, :old] = known
    grown.numbers[:] = secants.numbers
    return grown


class SecantMemory:
    """The secants of a working set whose columns, Hessian and penalty change.

    The ridge part of M follows alpha from point to point, and little changes by it: secants stay.
    """

    def __init__(self):
        self.secants = no_secants(0)
        self.version = self.penalty = None

    def mix(self, version, penalty, point, solution, image):
        """`mix_secants`, for a version of the Hessian and a penalty."""
        if version != self.version:
            self.secants = no_secants(point.size)
        more = point.size > self.secants.last.shape[1]
        if more:
            self.secants = with_more(self.secants, point.size)
        if more or penalty != self.penalty:  # steps without the columns that have come tell nothing of those with them
            next_alpha(self.secants)
        self.version, self.penalty = version, penalty
        return mix_secants(self.secants, point, solution, image)


@inner_kernel
def forget(secants):
    """No secant holds where the matrix is new."""
    secants.numbers[STEPS] = secants.numbers[HAS_CARRIED] = 0


@kernel
def next_alpha(secants):
    """Go on with the first secant of the alpha that ends, the longest; if it has none, with the one it began with."""
    if secants.numbers[STEPS] > 1:
        for rows in (secants.moves, secants.changes, secants.images):
            copy_values(rows[FIRST], rows[CARRIED])
        secants.numbers[HAS_CARRIED] = 1
    secants.numbers[STEPS] = 0


@kernel
def mix_secants(secants, point, solution, image):
    """Move `solution`, of the model made at `point`, to the mix, if there are secants. `image` is M times the step.

    Returns whether it has moved.
    """
    remember(secants, point, solution, image)
    size = weigh(secants)
    if size == 0:
        return False
    moves, changes, moved = secants.moves, secants.changes, False
    for j in range(point.size):
        if solution[j] == 0.0:
            continue
        mixed = solution[j]
        for k in range(size):
            row = secants.order[k]
            mixed -= secants.mix[k] * (moves[row, j] + changes[row, j])
        if mixed != solution[j] and mixed * solution[j] > 0.0:
            solution[j], moved = mixed, True
    return moved


@inner_kernel
def remember(secants, point, solution, image):
    """Take in a step, and the secant from the last one at this alpha to it."""
    steps, last = secants.numbers[STEPS], secants.last
    row = steps % RECENT
    for j in range(point.size):
        step = solution[j] - point[j]
        if steps > 0:
            secants.moves[row, j] = point[j] - last[0, j]
            secants.changes[row, j] = step - last[1, j]
            secants.images[row, j] = image[j] - last[2, j]
        last[0, j], last[1, j], last[2, j] = point[j], step, image[j]
    if steps == 1:
        for rows in (secants.moves, secants.changes, secants.images):
            copy_values(rows[row], rows[FIRST])
    secants.numbers[STEPS] = steps + 1


@inner_kernel
def weigh(secants):
    """Find the mix by Gaussian elimination, from the latest secant to the earliest. Returns how many there are.

    A product of two is that of the earlier dF with the later M dF: zeros where the earlier had no coefficients do not
    ask what M was there. Secants that depend on later ones have no weight.
    """
    order, mix, a, size = secants.order, secants.mix, secants.equations, 0
    for k in range(min(secants.numbers[STEPS] - 1, RECENT)):
        order[size] = (secants.numbers[STEPS] - 1 - k) % RECENT
        size += 1
    if secants.numbers[HAS_CARRIED] == 1:
        order[size] = CARRIED
        size += 1
    for k in range(size):
        change = secants.changes[order[k]]
        mix[k] = product(change, secants.last[2])
        for i in range(k + 1):
            a[k, i] = a[i, k] = product(change, secants.images[order[i]])
    for k in range(size):
        square = product(secants.changes[order[k]], secants.images[order[k]])
        if not a[k, k] > INDEPENDENT * square:
            a[k, k] = 0.0
            continue
        for i in range(k + 1, size):
            share = a[i, k] / a[k, k]
            mix[i] -= share * mix[k]
            for t in range(k, size):
                a[i, t] -= share * a[k, t]
    for k in range(size - 1, -1, -1):
        for i in range(k + 1, size):
            mix[k] -= a[k, i] * mix[i]
        mix[k] = mix[k] / a[k, k] if a[k, k] > 0.0 else 0.0
    return size


@inlined_kernel
def product(first, second):
    """Of two vectors."""
    total = 0.0
    for j in range(first.size):
        total += first[j] * second[j]
    return total
