"""Some columns of X, centred and read by blocks of neighbouring rows; one block is copied at a time."""

import numpy as np
import scipy.sparse as sp

BLOCK_VALUES = 2**20  # values of X in a block (8 MB)


def in_order(columns, p):
    """Whether `columns` are all p columns in ascending order, so that they need not be taken one by one."""
    return len(columns) == p and bool((columns == np.arange(p)).all())


def blocks_of_rows(n, width):
    """Slices of rows with about BLOCK_VALUES values of `width` columns in each."""
    size = max(256, BLOCK_VALUES // max(width, 1))
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


class DenseRows:
    """`RowBlocks` of dense columns; `transposed` (p, n) is the transpose of X."""

    def __init__(self, transposed, columns, centre):
        self.transposed, self.columns, self.middle = transposed, columns, centre[columns, None]
        self.everything = in_order(columns, transposed.shape[0])

    def _take(self, rows):
        part = self.transposed[:, rows]
        return (part if self.everything else part[self.columns]) - self.middle

    def blocks(self):
        """Yield (slice of rows, (X - centre)' there: (columns, rows of the block))."""
        for rows in blocks_of_rows(self.transposed.shape[1], len(self.columns)):
            yield rows, self._take(rows)

    def products(self, factors):
        """Yield (slice of rows, ((X - centre) F)' there: (k, rows of the block)), for F (columns, k)."""
        for rows, block in self.blocks():
            yield rows, factors.T @ block

    def sampled_gram(self, rows, h):
        """((X - centre)' diag(h) (X - centre), (X - centre)'h) over some rows; h (rows,)."""
        part, root = self._take(rows), np.sqrt(h)
        part *= root
        return part @ part.T, part @ root


class SparseRows:
    """`RowBlocks` of sparse columns; products multiply stored values alone, then subtract the centre."""

    def __init__(self, X, centre):
        self.X, self.centre = X.tocsr(), centre

    def blocks(self):
        """Yield (slice of rows, (X - centre)' there: (columns, rows of the block))."""
        for rows in blocks_of_rows(*self.X.shape):
            yield rows, self.X[rows].toarray().T - self.centre[:, None]

    def products(self, factors):
        """Yield (slice of rows, ((X - centre) F)' there: (k, rows of the block)), for F (columns, k)."""
        middle = (self.centre @ factors)[:, None]
        for rows in blocks_of_rows(*self.X.shape):
            yield rows, (self.X[rows] @ factors).T - middle

    def sampled_gram(self, rows, h):
        """((X - centre)' diag(h) (X - centre), (X - centre)'h) over some rows; h (rows,)."""
        X, middle = self.X[rows], self.centre
        sums = X.T @ h
        gram = (X.T @ (sp.diags_array(h) @ X)).toarray()
        gram -= np.outer(middle, sums) + np.outer(sums, middle)
        gram += h.sum() * np.outer(middle, middle)
        return gram, sums - h.sum() * middle
