"""Weights of the rows, for means and variances of columns of genotypes."""

import numpy as np

from fastreg.design.genotypes.packed import Packed, count_codes, dots, mask_of
from fastreg.design.genotypes.rare import Vectors
from fastreg.interface.validation import read_only

FEW = 1e-3  # share of the weights on the usual code of a rare column below which they are not taken as a difference


class Weighting:
    """Weights of the rows: where they are equal or zero, as in folds, moments follow from counts, which are exact."""

    def __init__(self, weight):
        rows = weight > 0.0
        self.total, self.everybody = float(weight.sum()), bool(rows.all())
        self.equal = bool(np.all(weight[rows] == weight[rows][0]))
        self.vectors = Vectors(rows[None] if self.equal else weight[None])
        self.mask = mask_of(rows)

    def moments(self, near, counts):
        """(weighted means, weighted variances) of `Columns`, of which all rows have these counts of codes."""
        if self.equal and self.everybody:
            return self._of_counts(counts, near.packed.tables)
        mean, spread = np.empty(len(counts)), np.empty(len(counts))
        mean[near.places], spread[near.places], sure = self._of_rare(near.rare, near.tables)
        rest = np.concatenate([near.common, near.places[~sure]])
        if rest.size:
            columns = Packed(read_only(near.packed.packed[rest]), near.packed.tables[rest])
            mean[rest], spread[rest] = self._of_packed(columns)
        return mean, spread

    def _of_counts(self, counts, tables):
        share = self.total * counts / counts.sum(axis=1, keepdims=True)
        mean = (share * tables).sum(axis=1)
        return mean, (share * (tables - mean[:, None]) ** 2).sum(axis=1)

    def _of_rare(self, rare, tables):
        """The moments of rare columns, and where they are sure: weights of the usual code are those of all rows less
        those of the others, a difference that is exact for numbers of rows, and else loses digits where it is small."""
        factor, every = self.total / self.vectors.totals[0], np.arange(len(tables))
        usual = rare.dots(every, np.eye(4)[rare.usual], self.vectors)[0]
        mean = factor * rare.dots(every, tables, self.vectors)[0]
        spread = factor * rare.dots(every, (tables - mean[:, None]) ** 2, self.vectors)[0]
        return mean, spread, self.equal | (factor * usual > FEW * self.total)

    def _of_packed(self, columns):
        if self.equal:
            counts = np.empty((len(columns.packed), 4), dtype=np.int64)
            count_codes(columns.packed, self.mask, counts)
            return self._of_counts(counts, columns.tables)
        mean = dots(columns, self.vectors.planes)[0]
        return mean, dots(Packed(columns.packed, (columns.tables - mean[:, None]) ** 2), self.vectors.planes)[0]
