"""Ridge for every alpha from one factorisation: coefficients, leave-one-out errors and degrees of freedom.

With w the weights (they sum to one), c the columns' weighted means (0 without an intercept), v the penalty factors and
q an orthonormal basis of the unpenalised part (the intercept and columns of factor 0), all weighted, let

    A = (I - q q') sqrt(w) (X - c) / sqrt(v),   z = sqrt(w) (y - offset)

Then for each alpha, with A = U s V' the singular value decomposition and lambda = s^2,

    b = V s / (lambda + alpha) U'z / sqrt(v),   fitted = q q'z + U lambda / (lambda + alpha) U'z,
    leverage of row i   h_i = sum_k q_ik^2 + sum_k U_ik^2 lambda_k / (lambda_k + alpha)

and the error at row i of the fit to all other rows, its intercept refitted, is (y_i - fitted_i) / (1 - h_i), exactly.
Products with 1 / (lambda + alpha) for all alphas at once are matrix products.

    Tall   p < n:   V and lambda of the p x p matrix A'A; rows of U s = A V are computed block by block
    Wide   n <= p:  U and lambda of the n x n matrix A A', which give 1 - h_i without a subtraction

If alpha is so small that squaring A loses digits, V or U are from the singular value decomposition of a triangular
factor of A, computed block by block. X is never copied, centred or made dense as a whole.

Sources: Golub, Heath and Wahba (1979), Technometrics 21(2); Rifkin and Lippert (2007), MIT-CSAIL-TR-2007-025.
"""

import math
from abc import ABC, abstractmethod

import numpy as np

from fastreg.design.dense_products import TILE
from fastreg.numerics.threads import linalg

COARSE = 1e-9  # least eigenvalue plus ridge over the largest, below which eigenvalues of A'A are too inaccurate
DETERMINED = 1e-12  # distance of a row's unpenalised leverage from 1, below which it alone determines a coefficient


def ridge_spectrum(problem, smallest, form="auto"):
    """The factorisation for the shape of X, for alphas down to `smallest`.

    `form`: "eigen", "svd", "auto" (svd if eigenvalues are too inaccurate), or "cholesky", a factor for each alpha,
    which gives coefficients alone.
    """
    rank = np.count_nonzero(problem.weight) - problem.free.size - int(problem.fit_intercept)
    kind = TallSpectrum if np.count_nonzero(problem.penalised) < rank else WideSpectrum
    return kind(problem, smallest, form)


class RidgeSolutions(ABC):
    """Ridge at many alphas: the unpenalised part, and coefficients on the scale of X."""

    def __init__(self, problem):
        self.problem = problem
        self.columns = np.flatnonzero(problem.penalised)
        self.root = np.sqrt(problem.l2_rates[self.columns])
        self._split_off_free()

    @abstractmethod
    def _scaled_coefs(self, rest, alphas):
        """sqrt(v) b of the penalised columns, (columns, k), for `rest` from `centre`."""

    def _split_off_free(self):
        """Set the basis of the unpenalised columns: q = sqrt(w) basis, coefficients = basis_coefs @ (q'residual)."""
        problem = self.problem
        free, root = problem.free, np.sqrt(problem.weight)[:, None]
        values = (problem.design.gather(free) - problem.centre[free]) / problem.norms[free]
        u, s, vt = np.linalg.svd(root * values, full_matrices=False)
        rank = np.count_nonzero(s > np.finfo(float).eps * max(values.shape) * s.max(initial=0.0))
        scaled = vt[:rank].T / s[:rank]
        self.basis_coefs = scaled / problem.norms[free, None]
        # Unweighted rows. u is orthogonal up to rounding, unlike the product, but lacks rows of weight 0.
        self.basis = np.divide(u[:, :rank], root, out=values @ scaled, where=root > 0.0)
        self.overlap = self._correlate(self.basis)  # A'q before q is projected out of A

    def _correlate(self, rows):
        """(X - c)' w rows / sqrt(v) for the penalised columns; rows have weighted mean zero, so that c drops out."""
        if rows.shape[1] == 0:
            return np.zeros((self.columns.size, 0))
        problem = self.problem
        return problem.correlate_many(problem.weight[:, None] * rows)[self.columns] / self.root[:, None]

    @property
    def fixed(self):
        """Leverage of the unpenalised part over the weight, (n,)."""
        return (self.basis**2).sum(axis=1) + float(self.problem.fit_intercept)

    def undetermined(self):
        """Rows without which the unpenalised coefficients have no unique solution."""
        return np.flatnonzero(self.problem.weight * self.fixed >= 1.0 - DETERMINED)

    def centre(self, responses):
        """(responses less offset and mean (n, t), weighted means (t,), 0 without an intercept)."""
        rest = responses - self.problem.offset[:, None]
        means = self.problem.weight @ rest if self.problem.fit_intercept else np.zeros(rest.shape[1])
        return rest - means, means

    def solve(self, responses, alphas):
        """(coefs (p, k), intercepts (k,)) at k alphas, for one response (n, 1), or one for each alpha (n, k)."""
        problem, (rest, means) = self.problem, self.centre(responses)
        scaled = self._scaled_coefs(rest, alphas)
        coefs = np.zeros((problem.p, scaled.shape[1]))
        coefs[self.columns] = scaled / self.root[:, None]
        moments = self.basis.T @ (problem.weight[:, None] * rest)
        coefs[problem.free] = self.basis_coefs @ (moments - self.overlap.T @ scaled)
        return coefs, means - problem.centre @ coefs


class RidgeSpectrum(RidgeSolutions):
    """Base of both factorisations: solutions at all alphas together, and degrees of freedom."""

    values: np.ndarray  # lambda >= 0
    vectors: np.ndarray  # V or U, as columns; neither is computed if there is a `gram`

    def __init__(self, problem, smallest, form):
        super().__init__(problem)
        self.gram: np.ndarray | None = None  # A'A or A A', for a factor at each alpha
        if form == "cholesky":
            self.gram = self._make_gram()
            return
        self._factorise(form == "svd")
        self._set_noise(form == "svd")
        top = self.values.max(initial=0.0)
        if form == "auto" and top > 0.0 and smallest + self.values.min() < COARSE * top:
            self._factorise(True)
            self._set_noise(True)

    @abstractmethod
    def _make_gram(self):
        """A'A or A A', whichever is smaller."""

    @abstractmethod
    def _factorise(self, accurate):
        """Compute `values` and `vectors`: from singular values if `accurate`, else from eigenvalues of the square."""

    def _cholesky(self, gram, sides, alphas):
        """(gram + alpha)^-1 of each column of `sides` (rank, 1 or k) at its alpha > 0."""
        lapack = linalg()
        out = np.empty((gram.shape[0], len(alphas)))
        for alpha in np.unique(alphas):
            where = np.flatnonzero(alphas == alpha)
            system = gram + alpha * np.eye(gram.shape[0])
            out[:, where] = lapack.cho_solve(
                lapack.cho_factor(system, lower=True), sides if sides.shape[1] == 1 else sides[:, where]
            )
        return out

    def degrees_of_freedom(self, alphas):
        """Trace of the hat matrix at each alpha, (k,): intercept and independent unpenalised columns count one each."""
        fixed = self.basis.shape[1] + float(self.problem.fit_intercept)
        return fixed + (self.values[:, None] * self.inverse(alphas)).sum(axis=0)

    def inverse(self, alphas):
        """1 / (lambda + alpha), (rank, k), at alphas > 0."""
        return 1.0 / (self.values[:, None] + np.asarray(alphas, dtype=float))

    def shrink(self, alphas):
        """`inverse`, with 0 in directions of X that are nothing but rounding errors: (rank, k).

        So the solution at alpha = 0, or close to it, is the one of least norm.
        """
        sums = self.values[:, None] + np.asarray(alphas, dtype=float)
        known = (self.values[:, None] > 0.0) & (sums > self.noise)
        return np.divide(1.0, sums, out=np.zeros_like(sums), where=known)

    def _set_noise(self, accurate):
        """Set `noise`, the error of eigenvalues; squared singular values below squared rounding errors become zero."""
        rounding = np.finfo(float).eps * max(self.problem.n, self.problem.p)
        top = self.values.max(initial=0.0)
        self.noise = 0.0 if accurate else rounding * top
        if accurate:
            self.values[self.values <= rounding**2 * top] = 0.0


class TallSpectrum(RidgeSpectrum):
    """Fewer penalised columns than rows (less one per unpenalised coefficient): eigenvectors V of A'A."""

    def _factorise(self, accurate):
        if accurate:
            self.values, self.vectors = _squares(np.linalg.svd(self._triangle())[1:])
        else:
            values, self.vectors = np.linalg.eigh(self._make_gram())
            self.values = np.maximum(values, 0.0)

    def _make_gram(self):
        """A'A, (columns, columns)."""
        gram = self.problem.gram(self.columns)
        gram /= self.root
        gram /= self.root[:, None]
        gram -= self.overlap @ self.overlap.T
        return gram

    def _triangle(self):
        """R of A = QR, by blocks of rows."""
        problem, weight = self.problem, np.sqrt(self.problem.weight)
        triangle = np.zeros((0, self.columns.size))
        for rows, block in problem.design.by_rows(self.columns, problem.centre).blocks():
            scaled = block.T / self.root - self.basis[rows] @ self.overlap.T
            triangle = triangular(np.vstack([triangle, weight[rows, None] * scaled]))
        problem.work.add(columns=self.columns.size)
        return triangle

    def _moments(self, rest):
        """A'z, (columns, t)."""
        free = self.overlap @ (self.basis.T @ (self.problem.weight[:, None] * rest))
        return self._correlate(rest) - free

    def _scaled_coefs(self, rest, alphas):
        moments = self._moments(rest)
        if self.gram is not None:
            return self._cholesky(self.gram, moments, alphas)
        return self.vectors @ ((self.vectors.T @ moments) * self.shrink(alphas))

    def leave_one_out(self, responses, alphas):
        """Yield for blocks of rows (rows, errors (t, k, rows), 1 - leverage (k, rows)), t responses and k alphas."""
        problem, (rest, _) = self.problem, self.centre(responses)
        weight, fixed = problem.weight, self.fixed
        size = np.sqrt(self.values)
        scale = np.divide(1.0, size, out=np.zeros(size.size), where=size > 0.0)
        left, right = _thin(self.values[:, None] * self.inverse(alphas))
        sides = [left * (moment * scale)[:, None] for moment in (self.vectors.T @ self._moments(rest)).T]
        directions = self.vectors * scale / self.root[:, None]  # with them, (X - c) becomes U / sqrt(w)
        turned = (self.overlap.T @ self.vectors * scale).T
        # 1 - h is at least this share of its value without penalised columns; rounding could make it zero.
        least = np.asarray(alphas) / (np.asarray(alphas) + self.values.max(initial=0.0))
        rest = rest - self.basis @ (self.basis.T @ (weight[:, None] * rest))
        problem.work.add(columns=self.columns.size)
        for rows, product in problem.design.by_rows(self.columns, problem.centre).products(directions):
            product -= turned @ self.basis[rows].T
            errors = np.stack([right.T @ (side.T @ product) for side in sides])
            np.subtract(rest.T[:, None, rows], errors, out=errors)
            np.square(product, out=product)
            kept = right.T @ (left.T @ product)
            kept += fixed[rows]
            kept *= -weight[rows]
            kept += 1.0
            np.maximum(kept, np.outer(least, 1.0 - weight[rows] * fixed[rows]), out=kept)
            errors /= kept
            yield rows, errors, kept


class WideSpectrum(RidgeSpectrum):
    """More penalised columns than rows: eigenvectors U of A A', over the rows of positive weight."""

    def __init__(self, problem, smallest, form):
        self.rows = np.flatnonzero(problem.weight)
        self.weight = np.sqrt(problem.weight[self.rows])
        super().__init__(problem, smallest, form)

    def _split_off_free(self):
        super()._split_off_free()
        fixed = self.basis[self.rows]
        if self.problem.fit_intercept:
            fixed = np.column_stack([fixed, np.ones(self.rows.size)])
        self.rows_fixed = fixed * self.weight[:, None]  # q

    def _factorise(self, accurate):
        # The unpenalised part is given the largest eigenvalues, which are then dropped.
        if accurate:
            values, vectors = self._from_triangle()
        else:
            gram = self._make_gram()
            gram += 2.0 * max(float(np.trace(gram)), 1e-300) * (self.rows_fixed @ self.rows_fixed.T)
            values, vectors = np.linalg.eigh(gram)
        kept = values.size - self.rows_fixed.shape[1]
        self.values, self.vectors = np.maximum(values[:kept], 0.0), vectors[:, :kept]

    def _make_gram(self):
        """A A' over the rows of positive weight, (rows, rows)."""
        gram = self.problem.row_gram(self.columns, self.root**2)
        if self.rows.size < self.problem.n:
            gram = gram[np.ix_(self.rows, self.rows)]
        gram *= self.weight[:, None]
        gram *= self.weight
        _project(gram, self.rows_fixed)
        _project(gram.T, self.rows_fixed)
        return gram

    def _from_triangle(self):
        """(values, vectors) of A A', from R of A' = QR by blocks of columns."""
        problem, n, fixed = self.problem, self.rows.size, self.rows_fixed
        triangle, square = np.zeros((0, n)), 0.0
        for start in range(0, self.columns.size, TILE):
            some = self.columns[start : start + TILE]
            block = (problem.design.gather(some) - problem.centre[some])[self.rows] * self.weight[:, None]
            block /= self.root[start : start + TILE]
            _project(block, fixed)
            square += float(np.vdot(block, block))
            triangle = triangular(np.vstack([triangle, block.T]))
        problem.work.add(columns=self.columns.size)
        above = math.sqrt(max(2.0 * square, 1e-300))
        values, rows = _squares(np.linalg.svd(np.vstack([triangle, above * fixed.T]), full_matrices=False)[1:])
        return values[::-1], rows[:, ::-1]

    def _scaled_coefs(self, rest, alphas):
        side, dual = self.weight[:, None] * rest[self.rows], np.zeros((self.problem.n, len(alphas)))
        if self.gram is None:
            solved = self.vectors @ ((self.vectors.T @ side) * self.shrink(alphas))
        else:
            _project(side, self.rows_fixed)
            solved = self._cholesky(self.gram, side, alphas)
        dual[self.rows] = solved / self.weight[:, None]
        return self._correlate(dual)

    def leave_one_out(self, responses, alphas):
        """Yield (rows, errors (t, k, rows), 1 - leverage (k, rows)): dual variable over diagonal of the inverse."""
        rest, _ = self.centre(responses)
        inverse = self.inverse(alphas)
        diagonal = inverse.T @ (self.vectors**2).T
        turned = self.vectors.T @ (self.weight[:, None] * rest[self.rows])
        dual = np.stack([(self.vectors @ (each[:, None] * inverse)).T for each in turned.T])
        yield self.rows, dual / diagonal / self.weight, diagonal * np.asarray(alphas)[:, None]
        none = np.flatnonzero(self.problem.weight == 0.0)
        if none.size:  # without a row of weight zero the fit is the same
            errors = []
            for column in responses.T:
                coefs, intercepts = self.solve(column[:, None], alphas)
                fitted = (self.problem.predict_many(coefs) + intercepts)[none]
                errors.append(((column - self.problem.offset)[none, None] - fitted).T)
            yield none, np.stack(errors), np.ones((len(alphas), none.size))


def triangular(matrix: np.ndarray) -> np.ndarray:
    """R of a QR factorisation."""
    return np.asarray(np.linalg.qr(matrix, mode="r"))


def _thin(shares):
    """Thin factors of lambda / (lambda + alpha), (rank, k), exact to rounding: for many alphas its rank is about 20."""
    left, sizes, right = np.linalg.svd(shares, full_matrices=False)
    rank = np.count_nonzero(sizes > np.finfo(float).eps * sizes.max(initial=0.0))
    return left[:, :rank] * sizes[:rank], right[:rank]


def _project(columns, basis):
    """Project the span of an orthonormal basis out of every column, in place."""
    columns -= basis @ (basis.T @ columns)


def _squares(values_and_rows):
    """(squared singular values, right singular vectors as columns), one for every column of the matrix."""
    values, rows = values_and_rows
    return np.concatenate([values**2, np.zeros(rows.shape[0] - values.size)]), rows.T
