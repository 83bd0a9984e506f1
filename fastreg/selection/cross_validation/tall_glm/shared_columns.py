"""SharedColumns: the columns that all folds use, and FoldHessians: the Hessian of each fold by subtraction.

The folds of a cross-validation use nearly the same columns W. One copy of them serves all: products with the steps of
ten folds are one product of matrices, and so are those with their residuals.

At one linear predictor rows have the same curvature h_i in all folds, up to the folds' weights: with x about the means
of all rows and sums over the training rows of a fold, those of all rows less those of the rows t that it holds out,

    H_f = [ sum h x x' - (sum h x) (sum h x)' / sum h ] / (1 - w_t),     w_t the held-out weight,

without the second term where there is no intercept. Where every row is held out once, the sums over all rows are those
of all t: the Hessians of ten folds take the work of one.
"""

import numpy as np

from fastreg.design.dense_products import LONG, correlate_fives
from fastreg.design.row_subsets import part_grams
from fastreg.interface.validation import read_only
from fastreg.numerics.threads import even_edges, over_blocks
from fastreg.selection.cross_validation.tall_least_squares import of_the_others


class SharedColumns:
    """Columns W of a problem and their products with vectors of several folds."""

    def __init__(self, problem):
        self.problem = problem
        self.block = problem.design.working_block(problem.centre)
        self.contains = np.zeros(problem.p, dtype=bool)
        self.read = 0  # columns read for several folds at once

    @property
    def columns(self):
        return self.block.columns

    @property
    def rows(self):
        """The columns, centred at the means over all rows, as rows of an array."""
        return self.block.rows[: self.columns.size]

    def count(self, columns):
        """Count columns that were read for several folds."""
        self.read += columns

    def missing(self, columns):
        """The columns that are not shared yet, without repetitions."""
        return np.unique(columns[~self.contains[columns]])

    def extend(self, columns):
        self.contains[columns] = True
        self.block.extend(columns)
        self.read += columns.size

    def predict_each(self, steps):
        """(X_W - centre) s for every row s of `steps`, (steps, n). Trailing columns without a step are not read."""
        moving = np.flatnonzero(steps.any(axis=0))
        last = moving[-1] + 1 if moving.size else 0
        steps, rows, out = steps[:, :last], self.rows[:last], np.empty((len(steps), self.rows.shape[1]))
        self.read += last

        def multiply(start, stop):
            np.matmul(steps, rows[:, start:stop], out=out[:, start:stop])

        over_blocks(multiply, [*range(0, out.shape[1], LONG), out.shape[1]], rows.size)
        return out

    def correlate_each(self, residuals):
        """X_W'r for every row r of `residuals`, which sum to zero under an intercept: (residuals, |W|)."""
        rows, out = read_only(self.rows), np.empty((len(residuals), self.columns.size))
        self.read += self.columns.size
        over_blocks(lambda a, b: correlate_fives(rows, residuals, out, a, b), even_edges(*rows.shape), rows.size)
        return out


class FoldHessians:
    """The Hessian of all rows and of each fold over shared columns, at a curvature of all rows."""

    def __init__(self, shared, tests):
        self.shared, self.tests, problem = shared, [np.sort(test) for test in tests], shared.problem
        self.left = [1.0 - float(problem.weight[test].sum()) for test in self.tests]
        self.whole, self.folds, self.version = np.empty((0, 0)), [np.empty((0, 0))] * len(tests), 0

    def renew(self, h):
        """Compute all Hessians at the curvatures h of the rows."""
        size, about_mean = self.shared.columns.size, self.shared.problem.fit_intercept
        nothing = np.zeros(size)
        sums = part_grams(read_only(self.shared.rows), self.tests, np.sqrt(h), nothing, np.zeros(h.size))
        total = sum(sums)
        for t, left in enumerate(self.left):
            mass = total[-1, -1] - sums[t][-1, -1]
            self.folds[t], _, _ = of_the_others(total, sums[t], about_mean)
            self.folds[t] *= mass / left
        self.whole, _, _ = of_the_others(total, np.zeros_like(total), about_mean)
        self.whole *= total[-1, -1]
        self.version += 1
        self.shared.count(size)
