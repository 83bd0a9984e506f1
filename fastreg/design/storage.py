"""ColumnStorage: a base class for storages of X, which derives most methods of `Design` from a few."""

import numpy as np

from fastreg.design.column_products import combine, correlate_range, scatter_columns
from fastreg.design.designs import DenseDesign
from fastreg.design.working_columns import DenseBlock
from fastreg.numerics.threads import even_edges, over_blocks


class Multiplied:
    """X @ C by `predict_many`, for predictions."""

    def predict_many(self, coefs: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def __matmul__(self, coefs):
        """X C, (n, k), for C (p, k), or (n,) for (p,)."""
        coefs = np.asarray(coefs)
        return self.predict_many(coefs.reshape(len(coefs), -1)).reshape(-1, *coefs.shape[1:])


class ColumnStorage(Multiplied):
    """A `Design` derived from the methods of single columns. A storage inherits from it and from a NamedTuple:

        class Codes(NamedTuple):
            columns: np.ndarray  # (p, n) int8

        class CodeStorage(Codes, ColumnStorage):
            ...

    It defines `shape`, `stored_in`, `part` and the four `column_` methods. Fits take it in the place of X. The methods
    here call these, or copy the columns that they need (float64): those of working sets, as for arrays, and all columns
    in fits without an l1 part, in least squares with many more rows than columns, and in their folds. A storage that
    can do without the copies overrides these methods.
    """

    # ---- to be defined, with the `column_` methods

    @property
    def shape(self) -> tuple[int, int]:
        raise NotImplementedError

    def stored_in(self, columns: np.ndarray) -> int:
        raise NotImplementedError

    def part(self, start: int, stop: int) -> "ColumnStorage":
        raise NotImplementedError

    # ---- derived from these

    def edges(self):
        n, p = self.shape
        return even_edges(p, n)

    def edges_among(self, columns):
        return even_edges(len(columns), self.shape[0])

    def correlate(self, v):
        out, stored = np.empty(self.shape[1]), self.stored_in(np.arange(self.shape[1]))
        over_blocks(lambda a, b: correlate_range(self.part(a, b), v, out[a:b]), self.edges(), stored, apart=False)
        return out

    def correlate_each(self, vectors):
        return np.array([self.correlate(vector) for vector in np.ascontiguousarray(vectors)])

    def correlate_many(self, vectors):
        return self.correlate_each(vectors.T).T

    def predict_many(self, coefs):
        out = np.zeros((self.shape[0], coefs.shape[1]), order="F")
        for k, coef in enumerate(np.ascontiguousarray(coefs.T)):
            columns = np.flatnonzero(coef)
            combine(self, columns, coef[columns], out[:, k])
        return out

    def gather(self, columns):
        out = np.zeros((self.shape[0], len(columns)), order="F")
        scatter_columns(self, np.asarray(columns, dtype=np.int64), out)
        return out

    def working_block(self, centre):
        return DenseBlock(self, centre)

    def gram(self, columns, h, centre):
        return self._dense(columns).gram(np.arange(len(columns)), h, centre[columns])

    def gram_passes(self):
        return self.shape[1] / 20.0  # as for arrays

    def row_gram(self, columns, scale, centre):
        return self._dense(columns).row_gram(np.arange(len(columns)), scale, centre[columns])

    def by_rows(self, columns, centre):
        return self._dense(columns).by_rows(np.arange(len(columns)), centre[columns])

    def part_grams(self, parts, weight, centre, response):
        return self._dense(np.arange(self.shape[1])).part_grams(parts, weight, centre, response)

    def part_products(self, parts, columns, coefs):
        return self._dense(columns).part_products(parts, np.arange(len(columns)), coefs)

    def _dense(self, columns):
        return DenseDesign(self.gather(columns).T)
