"""The columns of a working set that are not kept as float64, for products and Gram matrices by panels of rows."""

from abc import abstractmethod

import numpy as np

from fastreg.design.dense_products import sum_of_products
from fastreg.design.genotypes.packed import as_planes
from fastreg.design.protocol import Design
from fastreg.design.working_columns import ROUNDING, ROW_BLOCK


class Panels:
    """A `WorkingBlock` whose Gram matrices are those of panels: few rows of all columns, as float64.

    Rows are taken in the order of `as_planes` (fastreg.design.genotypes.packed), which changes no sum over all rows.
    """

    form = "packed"

    def __init__(self, design, centre):
        self.design, self.centre = design, centre
        self.columns = np.empty(0, dtype=np.int64)
        self.near: Design | None = None  # copies of the first columns, once a descent has asked for them

    # ---- to be defined

    @abstractmethod
    def extend(self, columns):
        """Append columns that the block does not have yet."""

    @abstractmethod
    def correlate_each(self, vectors):
        """X_W'v for every row v of `vectors`: (vectors, m)."""

    @abstractmethod
    def predict(self, steps):
        """X_W s, (n,), for s (m,)."""

    @abstractmethod
    def panels(self):
        """A function(first byte, last byte) that returns all columns there, centred: (m, 4 (last - first))."""

    @abstractmethod
    def take(self, places):
        """The columns at some positions, centred: (places, n)."""

    # ---- derived from these

    def correlate(self, v, start=0):
        return self.correlate_each(v[None])[0, start:]

    def predict_many(self, steps):
        """(X_W - centre) S, (n, k), for S (m, k)."""
        return np.stack([self.predict(each) for each in np.ascontiguousarray(steps.T)], axis=1)

    def rounding(self, columns, norms):
        """Bound on the rounding error of a product of two centred columns, over the product of their norms."""
        return ROUNDING

    def wide(self):
        """False: solvers always use the Gram matrix, which is smaller than X where these blocks are used."""
        return False

    def respond(self, columns, v, h, steps):
        """x_j'(v - diag(h) X_W s) for some columns j of X and every row s of `steps`: (steps, columns)."""
        return self.design.look(np.array([v - h * self.predict(each) for each in steps]), columns)

    def for_kernels(self):
        """Copies of all columns, refused where they are too large."""
        m = self.columns.size
        if self.near is None or self.near.shape[1] < m:
            self.near = self.design.whole(self.columns)
        return self.near, np.arange(m), np.zeros(m)

    def gram(self, h, start=0):
        """Rows from `start` on of X_W' diag(h) X_W, (m - start, m)."""
        m, panel, weights = self.columns.size, self.panels(), as_planes(h[None])[0]
        weights = np.sqrt(weights) if start == 0 else weights

        def scaled(first, last):
            rows = panel(first, last)
            left = rows[start:] * weights[:, first:last].ravel()
            return left, left if start == 0 else rows

        return sum_of_products(scaled, weights.shape[1], ROW_BLOCK // 4, m - start, m)


class SideBySide(Panels):
    """A working set whose columns are in the blocks of several parts, packed and as numbers."""

    def __init__(self, design, centre, blocks):
        super().__init__(design, centre)
        self.blocks, self.places = blocks, [np.empty(0, dtype=np.int64) for _ in blocks]  # their columns' positions

    def extend(self, columns):
        """Append columns that the block does not have yet."""
        for k, own, places in self.design.split(columns):
            self.blocks[k].extend(own)
            self.places[k] = np.concatenate([self.places[k], self.columns.size + places])
        self.columns = np.concatenate([self.columns, columns])

    def correlate_each(self, vectors):
        out = np.empty((len(vectors), self.columns.size))
        for block, places in zip(self.blocks, self.places):
            out[:, places] = block.correlate_each(vectors)
        return out

    def predict(self, steps):
        return np.sum([block.predict(steps[places]) for block, places in zip(self.blocks, self.places)], axis=0)

    def panels(self):
        parts = [block.panels() if isinstance(block, Panels) else panels_of_rows(block) for block in self.blocks]

        def panel(first, last):
            out = np.empty((self.columns.size, 4 * (last - first)))
            for part, places in zip(parts, self.places):
                out[places] = part(first, last)
            return out

        return panel

    def take(self, places):
        out = np.empty((len(places), self.design.shape[0]))
        for block, own in zip(self.blocks, self.places):
            inside = np.flatnonzero(np.isin(places, own))
            out[inside] = block.take(np.searchsorted(own, np.asarray(places)[inside]))
        return out


def panels_of_rows(block):
    """`panels` of a DenseBlock."""
    planes = as_planes(block.rows[: block.columns.size])
    return lambda first, last: planes[:, :, first:last].reshape(len(planes), -1)
