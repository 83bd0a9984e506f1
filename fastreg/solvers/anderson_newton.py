"""Anderson acceleration of Newton steps with one matrix, by secants kept from step to step and from alpha to alpha.

Let f(b) be the step to the minimum of a model with the matrix M = H + L2 at b. If M is old, steps converge linearly.
But f is nearly affine: two steps at one alpha give a secant, the change dF of f where b changes by dB. The accelerated
point is the one whose next step would be shortest,

    minimise over g  | f - dF g |_M,      b_new = b + f - (dB + dF) g.

It uses the secants of the last two changes, and one of the alpha before, where the error of an old M was similar. M f
follows from the correlations at the model's solution, so acceleration costs a few products of length |W|. Coefficients
that are zero in the model's solution stay zero, and those that would change sign keep the model's value. Source: Walker
and Ni (2011), SIAM J. Numer. Anal. 49, "Anderson acceleration for fixed-point iterations".
"""

from typing import NamedTuple

import numpy as np

from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import inlined_kernel, inner_kernel, kernel

RECENT = 2  # secants of the current alpha that are used
CARRIED, FIRST = RECENT, RECENT + 1  # rows: secant of an earlier alpha, and first secant of the current one
INDEPENDENT = 1e-6  # pivot over squared norm, below which a secant counts as dependent on later ones
STEPS, HAS_CARRIED = range(2)  # steps at this alpha; whether there is a secant of an earlier one


class Secants(NamedTuple):
    """The secants of |W| coefficients, a row each, and scratch memory; updated in place."""

    moves: np.ndarray  # dB
    changes: np.ndarray  # dF
    images: np.ndarray  # M dF
    last: np.ndarray  # the last step of this alpha: b, f and M f
    numbers: np.ndarray  # STEPS, HAS_CARRIED
    order: np.ndarray  # rows in use, the latest first
    mix: np.ndarray  # their weights g
    equations: np.ndarray  # the linear system for g


def no_secants(size):
    """Secants of `size` coefficients, none yet."""
    mixed = RECENT + 1
    moves, changes, images = np.zeros((3, FIRST + 1, size))
    return Secants(
        moves, changes, images, np.zeros((3, size)), np.zeros(2, dtype=np.int64),
        np.zeros(mixed, dtype=np.int64), np.zeros(mixed), np.zeros((mixed, mixed)),
    )  # fmt: skip


def with_more(secants, size):
    """The secants for more coefficients, which have been zero. Their M dF is unknown, and not used (see `weigh`)."""
    grown, old = no_secants(size), secants.last.shape[1]
    for new, known in zip(grown[:4], secants[:4], strict=True):
        new[:, :old] = known
    grown.numbers[:] = secants.numbers
    return grown


class SecantMemory:
    """The secants of a working set whose columns, Hessian and penalty change.

    The ridge part of M changes with alpha, but little from point to point, so that secants are kept.
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
        if more or penalty != self.penalty:  # steps without the new columns are not comparable
            next_alpha(self.secants)
        self.version, self.penalty = version, penalty
        return mix_secants(self.secants, point, solution, image)


@inner_kernel
def forget(secants):
    """Discard all secants, for a new matrix."""
    secants.numbers[STEPS] = secants.numbers[HAS_CARRIED] = 0


@kernel
def next_alpha(secants):
    """Begin a new alpha: keep the first secant of the last one, the longest, or else that of an earlier alpha."""
    if secants.numbers[STEPS] > 1:
        for rows in (secants.moves, secants.changes, secants.images):
            copy_values(rows[FIRST], rows[CARRIED])
        secants.numbers[HAS_CARRIED] = 1
    secants.numbers[STEPS] = 0


@kernel
def mix_secants(secants, point, solution, image):
    """Move `solution`, of the model at `point`, to the accelerated point. `image` is M times the model's step.

    Returns whether it has moved, which it does not without secants.
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
    """Store a step, and its secant with the last step at this alpha."""
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
    """Compute the weights by Gaussian elimination, from the latest secant to the earliest. Returns their number.

    The product of two is that of the earlier dF with the later M dF: where the earlier one lacked coefficients its dF
    is zero, so that unknown entries of M dF are not used. Secants that depend on later ones get weight 0.
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
    """The inner product of two vectors."""
    total = 0.0
    for j in range(first.size):
        total += first[j] * second[j]
    return total
