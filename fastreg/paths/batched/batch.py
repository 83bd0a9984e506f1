"""Shared by all batches: the active set of their pivots, the recent cost of pivots, and the points solved."""

import numpy as np

from fastreg.numerics.jit import kernel
from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.choice import PATIENCE, descent_pays, points_ahead

EXCHANGES = 100  # exchanges of dependent columns in one batch, after which it counts as stuck


class Pivoting:
    """The active set of a batch, and the cost of its pivots."""

    def __init__(self, working, tol):
        self.problem, self.working, self.tol, self.active = working.problem, working, tol, ActiveSet()
        self.changes = 5.0  # changes of the support per point in the last batch
        self.price = 5.0  # pivots per certified point of the last batch, with those of batches before that had none
        self.spent = 0  # pivots since a point was last certified
        self.longest = np.inf  # points of the next batch at most, by the cost of pivots

    def stops(self, state):
        """Whether coordinate descent is cheaper for the next points."""
        return descent_pays(self.price, self._support(state), self.working, self.tol)

    def _support(self, state):
        return int(np.count_nonzero(state.coef[self.working.columns]))

    def too_long(self, pivots):
        """Whether a point has taken so many pivots that descent would have cost clearly less."""
        return descent_pays(pivots / PATIENCE, self.active.size, self.working, self.tol)

    def expected_changes(self, state):
        """Changes of the support that a point by itself is likely to make: where pivots were too dear for batches, as
        many as made them so, but no more than the support has columns."""
        return max(self.changes, min(self.price, self._support(state)))

    def note(self, state, pivots, points, certified):
        """Note the pivots of a batch of so many points, of which some are certified; the last of these is the state."""
        self.longest = points_ahead(self.working, self._support(state), pivots, points, certified)
        self.changes = pivots / points
        self.spent += pivots
        self.price = self.spent / max(certified, 1)
        if certified:
            self.spent = 0

    def mend(self, model, coef, result):
        """Do what a kernel left to Python, see ActiveSet.mend; `coef` are its initial coefficients."""
        self.problem.work.add(pivots=result.pivots)
        return self.active.mend(model, coef, result)


class BatchPoints:
    """Points with coefficients `coefs` in the columns of a working set."""

    def __init__(self, columns, coefs):
        self.coefs, self.size, inside = coefs, len(coefs), np.count_nonzero(coefs)
        ends, self.places = np.empty(self.size + 1, dtype=np.intp), np.empty(inside, dtype=np.intp)
        self.values = np.empty(inside)
        pack_points(coefs, np.argsort(columns), columns, (ends, self.places, self.values))
        self.ends = ends.tolist()

    def support(self, k):
        """(columns, nonzero coefficients) of point k, columns in ascending order."""
        start, stop = self.ends[k], self.ends[k + 1]
        return self.places[start:stop], self.values[start:stop]


@kernel
def pack_points(coefs, order, columns, packed):
    """Write the nonzero coefficients of each point one after another; `order` sorts the columns."""
    ends, places, values = packed
    count = 0
    ends[0] = 0
    for k in range(coefs.shape[0]):
        for j in order:
            if coefs[k, j] != 0.0:
                places[count], values[count] = columns[j], coefs[k, j]
                count += 1
        ends[k + 1] = count
