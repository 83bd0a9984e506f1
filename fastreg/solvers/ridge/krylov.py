"""Ridge for every alpha from one Krylov basis, if both n and p are too large for a factorisation.

With A as in ridge_spectrum, the Lanczos process on G = A'A (or A A', whichever is smaller) builds an orthonormal basis
Q of span{s, G s, G^2 s, ...} and the tridiagonal T = Q'G Q. Shifting G by alpha shifts T and leaves Q as it is, so

    (G + alpha)^-1 s  is approximated by  |s| Q (T + alpha)^-1 e_1     for all alphas at once,

with a residual whose norm is |s| beta_q |e_q'(T + alpha)^-1 e_1|, known without a product. The basis grows until this
bounds the duality gap of every alpha by the target; each product reads X twice. Full orthogonalisation keeps the basis
orthogonal in spite of rounding.

Sources: Golub and Van Loan (2013), Matrix Computations, section 10.3; Frommer and Maass (1999), SIAM Journal on
Scientific Computing 20(5).
"""

import numpy as np

from fastreg.numerics.threads import linalg
from fastreg.solvers.ridge.spectrum import RidgeSolutions

BASIS_VALUES = 2.5e8  # numbers in the basis at most (2 GB)
LONGEST = 1000  # vectors in the basis at most
CHECK = 5  # products from one test of the residuals to the next


class RidgeKrylov(RidgeSolutions):
    """Coefficients of one response at many alphas, to an absolute gap of `target`."""

    def __init__(self, problem, target):
        super().__init__(problem)
        self.target = target
        self.wide = problem.n < self.columns.size
        self.weight = np.sqrt(problem.weight)

    def _scaled_coefs(self, rest, alphas):
        rest = self._project(rest[:, 0])
        side = self.weight * rest if self.wide else self._gather(rest)
        dual = self._solve(side, np.asarray(alphas, dtype=float))
        return self._gather_all(dual) if self.wide else dual

    def _project(self, rows):
        """Values of rows (n,), unweighted, with the unpenalised part projected out."""
        weight = self.problem.weight
        rows = rows - self.basis @ (self.basis.T @ (weight * rows))
        return rows - float(weight @ rows) if self.problem.fit_intercept else rows

    def _gather(self, rows):
        """A' sqrt(w) rows, for values of rows without an unpenalised part."""
        return self.problem.correlate(self.problem.weight * rows)[self.columns] / self.root

    def _gather_all(self, duals):
        """A' duals, (columns, k), for duals (n, k)."""
        return self.problem.correlate_many(self.weight[:, None] * duals)[self.columns] / self.root[:, None]

    def _apply(self, vector):
        """G vector, in two passes over X."""
        if self.wide:
            vector = self.problem.correlate(self.weight * vector)[self.columns] / self.root
        rows = self._project(self.problem.predict(self.columns, vector / self.root))
        return self.weight * rows if self.wide else self._gather(rows)

    def _solve(self, side, alphas):
        """(G + alpha)^-1 side for every alpha, (size, k)."""
        size, length = side.size, float(np.linalg.norm(side))
        longest = int(min(LONGEST, size, max(BASIS_VALUES / size, 2 * CHECK)))
        if length == 0.0:
            return np.zeros((size, alphas.size))
        basis, diagonal, beside = np.empty((longest, size)), [], []
        basis[0] = side / length
        for q in range(longest):
            image = self._apply(basis[q])
            diagonal.append(float(basis[q] @ image))
            for _ in range(2):
                image -= (basis[: q + 1] @ image) @ basis[: q + 1]
            beside.append(float(np.linalg.norm(image)))
            ended = q + 1 == longest or beside[-1] <= 1e-14 * max(diagonal)
            if ended or q % CHECK == CHECK - 1:
                shares, gap = self._shares(np.array(diagonal), np.array(beside), length, alphas)
                if ended or gap <= self.target:
                    break
            basis[q + 1] = image / beside[-1]
        return basis[: q + 1].T @ shares

    def _shares(self, diagonal, beside, length, alphas):
        """(coefficients in the basis (q, k), the largest gap)."""
        values, vectors = linalg().eigh_tridiagonal(diagonal, beside[:-1])
        shares = length * (vectors @ (vectors[0][:, None] / (np.maximum(values, 0.0)[:, None] + alphas)))
        squares = (beside[-1] * shares[-1]) ** 2
        # For A A', a residual rho of the dual system is a gradient A'rho of the coefficients.
        stretch = values[-1] + beside[-1] if self.wide else 1.0
        return shares, float((stretch * squares / (2.0 * alphas)).max())
