"""WholePath: curvatures of the path on all rows, and errors of its quadratic models, which those of folds resemble."""

import numpy as np

from fastreg.objective.families import linearise
from fastreg.paths.plan import LONGEST


class WholePath:
    """The path on all rows: its residuals and curvatures, and the errors of a quadratic model of it."""

    def __init__(self, shared, path):
        self.shared, self.problem = shared, shared.problem
        self.coefs, self.intercepts, self.count = path.coefs.tocsc(), path.intercepts, path.alphas.size
        self.null_intercept = shared.problem.start().intercept
        self.first = 0  # number of the first point in the arrays below
        self.residuals = self.correlations = np.empty((0, 0))

    def columns_until(self, k):
        """Columns of all supports before the k-th, with repetitions."""
        return self.coefs.indices[: self.coefs.indptr[min(k, self.count)]]

    def coef(self, k):
        """Coefficients of the shared columns at point k; zeros before the first point."""
        out = np.zeros(self.problem.p)
        if k >= 0:
            out[self._support(k)] = self.coefs.data[self.coefs.indptr[k] : self.coefs.indptr[k + 1]]
        return out[self.shared.columns]

    def _support(self, k):
        return self.coefs.indices[self.coefs.indptr[k] : self.coefs.indptr[k + 1]]

    def curvature(self, k):
        """The curvatures at point k, which is evaluated by itself since it lies ahead of the others."""
        return self._evaluate([k])[1][0]

    def error(self, k, hessian):
        """Error of a model with this Hessian in the change of correlations from point k - 1 to point k."""
        if k < 0:
            return np.zeros(self.shared.columns.size)
        self._hold(k)
        here = k - self.first
        change = self.correlations[here] - self.correlations[here - 1]
        return change + hessian @ (self.coef(k) - self.coef(k - 1))

    def _hold(self, k):
        """Evaluate point k, the two before and some after it, unless done; with correlations of all shared columns."""
        if not self.first < k < self.first + len(self.residuals):
            self.first, end = k - 2, k + 1
            while end < min(k + LONGEST, self.count) and self.shared.contains[self._support(end)].all():
                end += 1
            self.residuals, _ = self._evaluate(range(self.first, end))
            self.correlations = np.empty((0, 0))
        if self.correlations.shape != (len(self.residuals), self.shared.columns.size):
            self.correlations = self.shared.correlate_each(self.residuals)

    def _evaluate(self, numbers):
        """(residuals, curvatures) at some points, by number; a negative number is the null model."""
        problem, coefs = self.problem, np.array([self.coef(k) for k in numbers])
        etas, curvatures = self.shared.predict_each(coefs), np.empty((len(numbers), problem.n))
        for place, k in enumerate(numbers):
            intercept = self.null_intercept
            if k >= 0:
                intercept = self.intercepts[k] + float(problem.centre[self.shared.columns] @ coefs[place])
            etas[place] += problem.offset + intercept
            linearise(problem.family, etas[place], etas[place], curvatures[place])
        return etas, curvatures
