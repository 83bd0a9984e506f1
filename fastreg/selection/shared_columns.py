"""Columns that several folds hold together, and the Hessian of each fold by subtraction.

The folds of a cross-validation use nearly the same columns W. One copy of them serves all: a product with the steps of
ten folds is one product of matrices, as is one with their residuals.

At one linear predictor rows have the same curvature h_i in all folds, up to the folds' weights. So with sums over the
held-out rows t, centred at the means of all rows,

    G_t = sum h x x',  s_t = sum h x,  q_t = sum h,      H_f = (G - G_t) / (1 - w_t) - s_f s_f' / q_f

with s_f = (s - s_t) / (1 - w_t), q_f likewise, w_t the held-out weight; the last term is the intercept's. Where every
row is held out once, G is the sum of all G_t: the Hessians of ten folds take the work of one.
"""

import numpy as np

from fastreg._jit import kernel
from fastreg.threads import over_blocks

PANEL = 4096  # rows whose products are summed at a time, each fold's own: they stay in the cache
COLUMNS = 128  # rows of a product that one thread makes


class SharedColumns:
    """Columns W of a problem and their products with vectors of several folds."""

    def __init__(self, problem):
        self.problem = problem
        self.block = problem.design.working_block(problem.centre)
        self.contains = np.zeros(problem.p, dtype=bool)
        self.read = 0  # columns, for several folds at once

    @property
    def columns(self):
        return self.block.columns

    @property
    def rows(self):
        """The columns, centred at the means of all rows, each a row."""
        return self.block.rows[: self.columns.size]

    def extend(self, columns):
        self.contains[columns] = True
        self.block.extend(columns)
        self.read += columns.size

    def predict_each(self, steps):
        """(X_W - centre) s for every row s of `steps`: (steps, n). Columns that came last and do not move are left."""
        moving = np.flatnonzero(steps.any(axis=0))
        last = moving[-1] + 1 if moving.size else 0
        steps, rows, out = steps[:, :last], self.rows[:last], np.empty((len(steps), self.rows.shape[1]))
        self.read += last

        def multiply(start, stop):
            np.matmul(steps, rows[:, start:stop], out=out[:, start:stop])

        over_blocks(multiply, edges_of(out.shape[1], PANEL), rows.size)
        return out

    def correlate_each(self, residuals):
        """X_W'r for every row r of `residuals`, which sum to zero under an intercept: (residuals, |W|)."""
        out = np.empty((len(residuals), self.columns.size))
        self.read += self.columns.size

        def multiply(start, stop):
            np.matmul(residuals, self.rows[start:stop].T, out=out[:, start:stop])

        over_blocks(multiply, edges_of(self.columns.size, COLUMNS), self.rows.size)
        return out


class FoldHessians:
    """The Hessian of all rows and of each fold over shared columns, at a curvature of all rows."""

    def __init__(self, shared, tests):
        self.shared, self.tests, problem = shared, [np.sort(test) for test in tests], shared.problem
        self.left = [1.0 - float(problem.weight[test].sum()) for test in self.tests]
        self.whole, self.folds, self.version = np.empty((0, 0)), [np.empty((0, 0))] * len(tests), 0

    def renew(self, h):
        """Make all of them, at the curvature h of every row."""
        shared, problem, size = self.shared, self.shared.problem, self.shared.columns.size
        grams, sums = np.zeros((len(self.tests), size, size)), np.zeros((len(self.tests), size))
        root = np.sqrt(h)
        for first in range(0, problem.n, PANEL):
            last = min(first + PANEL, problem.n)

            def add(start, stop, first=first, last=last):
                for t in range(start, stop):
                    a, b = np.searchsorted(self.tests[t], (first, last))
                    part = np.empty((size, b - a))
                    scaled_rows(shared.rows, self.tests[t][a:b], root, part)
                    grams[t] += part @ part.T
                    sums[t] += part @ root[self.tests[t][a:b]]

            over_blocks(add, range(len(self.tests) + 1), (last - first) * size)
        totals = np.array([float(h[test].sum()) for test in self.tests])
        gram, total, mass = grams.sum(axis=0), sums.sum(axis=0), float(totals.sum())
        self.whole = self._centred(gram.copy(), total, mass)
        for t, left in enumerate(self.left):
            own = np.subtract(gram, grams[t], out=grams[t])
            own /= left
            self.folds[t] = self._centred(own, (total - sums[t]) / left, (mass - totals[t]) / left)
        self.version += 1
        shared.read += size

    def _centred(self, gram, sums, mass):
        if self.shared.problem.fit_intercept:
            gram -= np.outer(sums, sums / mass)
        return gram


def edges_of(size, step):
    return [*range(0, size, step), size]


@kernel
def scaled_rows(rows, chosen, root, out):
    """out[j, i] = root_k rows[j, k] for k = chosen[i]."""
    for j in range(out.shape[0]):
        row, line = rows[j], out[j]
        for i in range(chosen.size):
            line[i] = root[chosen[i]] * row[chosen[i]]
