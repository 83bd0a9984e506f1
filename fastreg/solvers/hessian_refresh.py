"""When the matrix M = H + L2 of Newton steps is made anew.

An old matrix costs further steps, a new one its making. Within a point it pays where the steps left at the present pace
would take longer. From point to point it ages, and points take more and more steps: the steps of a point, with its
share of the making, are fewest on the mean if the matrix is replaced when a point first takes more than that mean.
"""

import math

from fastreg.numerics.jit import kernel

FRESH_PACE = 0.02  # share of the gap that a step with a new matrix is expected to leave
CLOSEST = 1e-16  # share of a gap that may be left to go
NEWEST = 2.0  # steps of a point that no new matrix would save
GRAM_RATE = 32.0  # multiplications of a dense Gram matrix in the time of one in a product with a vector, twice,
SPARSE_RATE = 4.0  # and of a sparse one
COPIES = 1.5  # steps in the time that scaling the columns and their weighted sums take
EXPONENTIALS = 15.0  # multiplications in the time that a row's derivatives take
CALL = 6e5  # multiplications in the time that a new matrix takes beside the products


def renewal_in_a_kernel(n, m):
    """What a new matrix costs, in steps that multiply m dense columns with two vectors of n rows, both ways, and are
    no call of their own."""
    return renewal(m) + CALL / (4.0 * n * (m + EXPONENTIALS))


def renewal(columns, form="dense"):
    """What a new matrix costs, in steps that are calls themselves: of so many columns, for sparse ones as many as a row
    has values among them."""
    return COPIES + columns / (GRAM_RATE if form == "dense" else SPARSE_RATE)


@kernel
def renewal_pays(gap, before, target, cost):
    """Whether steps with a new matrix would reach the gap wanted at less cost than more steps with the present one."""
    if not before < math.inf:
        return False
    left, pace = math.log(max(target / gap, CLOSEST)), math.log(gap / before)
    return not pace < 0.0 or left / pace > max(left / math.log(FRESH_PACE), 1.0) + cost


@kernel
def served_long(steps, spent, points):
    """Whether a point that took so many steps took more than the mean of the points so far, which `spent` so many."""
    return steps > max(spent / points, NEWEST)


class Age:
    """The steps and points that the matrix of a working set has served."""

    def __init__(self):
        self.version = self.penalty = None
        self.spent, self.points, self.here, self.old = 0.0, 0, 0, False

    def begin(self, penalty):
        """Whether the matrix has served long, as a point begins with this penalty, or goes on with it."""
        if penalty == self.penalty:
            return False
        last, self.here, self.penalty = self.here, 0, penalty
        if last > 0:
            self.points += 1
            self.old = self.old or served_long(last, self.spent, self.points)
        return self.old

    def step(self, version, cost, gaps, target):
        """Count a step with this version of the matrix, which ended at the last of `gaps`. Whether the next is to have
        a new one, which costs so many steps.

        A step that secants make better than others is followed by a lesser one: so the pace is that of two.
        """
        if version != self.version:
            self.version, self.spent, self.points, self.here, self.old = version, cost, 0, 0, False
        self.spent += 1.0
        self.here += 1
        gap, before = gaps[-1], gaps[-2]
        if len(gaps) > 2 and gap < before:
            before = max(before, math.sqrt(gap * gaps[-3]))
        return bool(gap > target and renewal_pays(gap, before, target, cost))
