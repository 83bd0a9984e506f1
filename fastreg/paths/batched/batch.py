"""What all batches have: the active set their pivots work on, what pivots have cost lately, and the points solved."""

import numpy as np

from fastreg.numerics.jit import kernel
from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.choice import PATIENCE, descent_pays

EXCHANGES = 100  # of dependent columns, in one batch, before it counts as stuck


class Pivoting:
    """The active set of a batch, and what pivots cost."""

    def __init__(self, working, tol):
        self.problem, self.working, self.tol, self.active = working.problem, working, tol, ActiveSet()
        self.changes = 5.0  # columns that enter or leave at a point, as seen lately
        self.price = 5.0  # pivots that a point has taken, with those of ways in vain

    def stops(self, state):
        """Whether the next points are left to coordinate descent."""
        support = np.count_nonzero(state.coef[self.working.columns])
        return descent_pays(self.price, support, self.working, self.tol)

    def too_long(self, pivots):
        """Whether a point has taken so many pivots that descent would have solved it for less, by a margin."""
        return descent_pays(pivots / PATIENCE, self.active.size, self.working, self.tol)

    def note_changes(self, changes):
        """Let so many columns have entered or left at a point lately."""
        self.changes = changes

    def note_price(self, price):
        """Let points have taken so many pivots lately."""
        self.price = price

    def mend(self, model, coef, way):
        """Do what a kernel left to be done; `coef` are the coefficients it began at. Returns how the way goes on."""
        self.problem.work.add(pivots=way.pivots)
        return self.active.mend(model, coef, way)


class BatchPoints:
    """Points with coefficients `coefs` in the columns of a working set."""

    def __init__(self, columns, coefs):
        self.coefs, self.size, inside = coefs, len(coefs), np.count_nonzero(coefs)
        ends, self.places = np.empty(self.size + 1, dtype=np.intp), np.empty(inside, dtype=np.intp)
        self.values = np.empty(inside)
        pack_points(coefs, np.argsort(columns), columns, (ends, self.places, self.values))
        self.ends = ends.tolist()

    def support(self, k):
        """(columns, coefficients) of point k, without zeros, by rising number of the column."""
        start, stop = self.ends[k], self.ends[k + 1]
        return self.places[start:stop], self.values[start:stop]


@kernel
def pack_points(coefs, order, columns, packed):
    """Write the coefficients of each point that are not zero one after another; `order` sorts the columns."""
    ends, places, values = packed
    count = 0
    ends[0] = 0
    for k in range(coefs.shape[0]):
        for j in order:
            if coefs[k, j] != 0.0:
                places[count], values[count] = columns[j], coefs[k, j]
                count += 1
        ends[k + 1] = count
