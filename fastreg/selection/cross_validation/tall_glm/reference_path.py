"""The path on all rows as a guide for the folds: its curvature, and what a model of it misses from alpha to alpha."""

import numpy as np

from fastreg.objective.families import linearise

LONGEST = 20  # points that are evaluated at once


class WholePath:
    """The path on all rows: its residuals and curvature, and how its correlations differ from those of a model."""

    def __init__(self, shared, path):
        self.shared, self.problem = shared, shared.problem
        self.coefs, self.intercepts, self.count = path.coefs.tocsc(), path.intercepts, path.alphas.size
        self.null_intercept = shared.problem.start().intercept
        self.first = 0  # points from it on are held in
        self.residuals = self.correlations = np.empty((0, 0))

    def columns_until(self, k):
        """Columns of all supports before the k-th, some of them several times."""
        return self.coefs.indices[: self.coefs.indptr[min(k, self.count)]]

    def coef(self, k):
        """Over the shared columns; zeros before the first point."""
        out = np.zeros(self.problem.p)
        if k >= 0:
            out[self._support(k)] = self.coefs.data[self.coefs.indptr[k] : self.coefs.indptr[k + 1]]
        return out[self.shared.columns]

    def _support(self, k):
        return self.coefs.indices[self.coefs.indptr[k] : self.coefs.indptr[k + 1]]

    def curvature(self, k):
        """At point k, which is evaluated by itself: it lies ahead of those held."""
        return self._evaluate([k])[1][0]

    def error(self, k, hessian):
        """What the correlations' change from point k - 1 to point k is more than a model with this Hessian expects."""
        if k < 0:
            return np.zeros(self.shared.columns.size)
        self._hold(k)
        here = k - self.first
        change = self.correlations[here] - self.correlations[here - 1]
        return change + hessian @ (self.coef(k) - self.coef(k - 1))

    def _hold(self, k):
        """Have point k, and the two before it, among those held; with correlations of all shared columns."""
        if not self.first < k < self.first + len(self.residuals):
            self.first, end = k - 2, k + 1
            while end < min(k + LONGEST, self.count) and self.shared.contains[self._support(end)].all():
                end += 1
            self.residuals, _ = self._evaluate(range(self.first, end))
            self.correlations = np.empty((0, 0))
        if self.correlations.shape != (len(self.residuals), self.shared.columns.size):
            self.correlations = self.shared.correlate_each(self.residuals)

    def _evaluate(self, numbers):
        """(residuals, curvatures) at some points; before the first it is the null model."""
        problem, coefs = self.problem, np.array([self.coef(k) for k in numbers])
        etas, curvatures = self.shared.predict_each(coefs), np.empty((len(numbers), problem.n))
        for place, k in enumerate(numbers):
            intercept = self.null_intercept
            if k >= 0:
                intercept = self.intercepts[k] + float(problem.centre[self.shared.columns] @ coefs[place])
            etas[place] += problem.offset + intercept
            linearise(problem.family, etas[place], etas[place], curvatures[place])
        return etas, curvatures
