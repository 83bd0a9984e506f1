"""Degrees of freedom along a path: the trace of the fit as a function of the response, the intercept included.

With S the support, h the curvatures of the losses at the fit (the weights, for least squares), X_S about the h-means
under an intercept, and L2 = diag(alpha R_j) the ridge part of the penalty:

    lasso        |S| + 1
    elastic net  trace( (X_S' H X_S + L2)^-1 X_S' H X_S ) + 1
    ridge        the same with all columns in S:  sum_i d_i / (d_i + alpha) + 1  over eigenvalues d of one matrix
    refits       of a relaxed path: the same with the refits' support as S and their ridge for alpha

without the 1 where no intercept is fitted; an unpenalised column counts one. For the lasso this is an unbiased
estimate for least squares with normal errors and columns in general position; for other families the trace is that
of the last step of reweighted least squares.

Sources: Zou, Hastie and Tibshirani (2007), On the "degrees of freedom" of the lasso, Annals of Statistics 35,
2173-2192; Tibshirani and Taylor (2012), Degrees of freedom in lasso problems, Annals of Statistics 40, theorem 2 and
its elastic net; Hastie and Tibshirani (1990), section 3.5, and Park and Hastie (2007) for other families.
"""

import numpy as np

from fastreg.objective.families import linearise
from fastreg.selection.active_columns import support_of

RANK = 1e-12  # eigenvalue relative to the largest, below which it counts as zero


def degrees_of_freedom(path, active):
    """Degrees of freedom of the points of a path, (k,); `active` is its ActiveColumns."""
    problem = active.problem
    intercept = 1.0 if problem.fit_intercept else 0.0
    if not problem.has_ridge:
        return path.n_nonzero + intercept
    spectra, out = Spectra(problem), np.empty(path.alphas.size)
    usable = np.flatnonzero(problem.usable)
    for k, alpha in enumerate(path.alphas):
        # Ridge uses every column, also one whose coefficient happens to be zero.
        refits = path.refit_ridge is not None
        columns = usable if not problem.has_l1 and not refits else support_of(path, active.columns, k)
        curvature = problem.weight
        if not problem.family.quadratic:
            curvature = np.empty(problem.n)
            linearise(problem.family, active.predictor(path, k), np.empty(problem.n), curvature)
        rank, values = spectra.of(columns, curvature)
        ridge = path.refit_ridge if refits else alpha
        out[k] = intercept + rank + float(np.sum(values / (values + ridge)))
    return out


class Spectra:
    """For a set of columns: the rank of the unpenalised ones, and eigenvalues for the others.

    These are the eigenvalues of F^-1/2 X' H X F^-1/2, F = diag(R_j), about the h-means and with the unpenalised columns
    projected out; where n is less than the number of columns, of the n x n matrix with the same eigenvalues. What is
    the same at several points is computed once.
    """

    def __init__(self, problem):
        self.problem = problem
        self.done = {}  # least squares: the answer for a set; other families: the n x n product of its columns

    def of(self, columns, h):
        """(rank of the unpenalised columns, positive eigenvalues)."""
        problem, key = self.problem, columns.tobytes()
        if not columns.size:
            return 0, np.empty(0)
        if problem.family.quadratic:
            if key not in self.done:
                self.done[key] = self._compute(columns, h, key)
            return self.done[key]
        return self._compute(columns, h, key)

    def _compute(self, columns, h, key):
        free = columns[self.problem.l2_rates[columns] == 0.0]
        rest = columns[self.problem.l2_rates[columns] > 0.0]
        wide = rest.size > self.problem.n
        matrix, rank = self._by_rows(free, rest, h, key) if wide else self._by_columns(free, rest, h)
        values = np.linalg.eigvalsh(matrix) if rest.size else np.empty(0)
        return rank, values[values > RANK * values.max(initial=0.0)]

    def _by_columns(self, free, rest, h):
        problem, columns = self.problem, np.sort(np.concatenate([free, rest]))
        gram = problem.design.gram(columns, h, problem.centre)
        if problem.fit_intercept:
            sums = problem.correlate_some(h, columns) - h.sum() * problem.centre[columns]
            gram -= np.outer(sums, sums / h.sum())
        factor = problem.l2_rates[columns]
        f, r = np.flatnonzero(factor == 0.0), np.flatnonzero(factor > 0.0)
        unit = 1.0 / np.sqrt(np.where(factor > 0.0, factor, np.diag(gram)))
        gram *= unit * unit[:, None]
        inner, mixed = gram[np.ix_(f, f)], gram[np.ix_(r, f)]
        matrix = gram[np.ix_(r, r)] - mixed @ np.linalg.pinv(inner, rcond=RANK, hermitian=True) @ mixed.T
        return matrix, int(np.linalg.matrix_rank(inner, tol=RANK * f.size, hermitian=True)) if f.size else 0

    def _by_rows(self, free, rest, h, key):
        problem, root = self.problem, np.sqrt(h)
        if key in self.done:
            product = self.done[key]
        else:
            product = problem.design.row_gram(rest, problem.l2_rates[rest], problem.centre)
            if not problem.family.quadratic:
                self.done[key] = product
        fixed = [problem.design.gather(free) - problem.centre[free]] if free.size else []
        fixed += [np.ones((problem.n, 1))] if problem.fit_intercept else []
        matrix = root[:, None] * product * root
        if not fixed:
            return matrix, 0
        basis, sizes, _ = np.linalg.svd(root[:, None] * np.hstack(fixed), full_matrices=False)
        basis = basis[:, sizes > RANK * sizes.max()]
        matrix -= basis @ (basis.T @ matrix)
        matrix -= (matrix @ basis) @ basis.T
        return matrix, basis.shape[1] - int(problem.fit_intercept)
