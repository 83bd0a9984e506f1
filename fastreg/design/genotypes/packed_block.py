"""PackedBlock: the columns of a working set as packed genotypes, for data of many people."""

import numpy as np

from fastreg.design.genotypes.packed import (
    Packed,
    as_planes,
    combined,
    shared_dots,
    unpack,
    unpack_planes,
)
from fastreg.design.panels import Panels
from fastreg.interface.validation import read_only


class PackedBlock(Panels):
    """Copies of the working set's columns, two bits a genotype; centres are in their tables of values."""

    def __init__(self, design, centre):
        super().__init__(design, centre)
        self.packed, self.tables = np.empty((0, -(-design.shape[0] // 4)), dtype=np.uint8), np.empty((0, 4))

    def extend(self, columns):
        """Append columns that the block does not have yet."""
        have, size = self.columns.size, self.columns.size + columns.size
        if size > len(self.packed):
            grown = np.empty((max(size, have + have // 2), self.packed.shape[1]), dtype=np.uint8)
            grown[:have] = self.packed[:have]
            self.packed = grown
        new = self.design.packed(columns)
        self.packed[have:size] = new.packed
        self.tables = np.concatenate([self.tables, new.tables - self.centre[columns, None]])
        self.columns = np.concatenate([self.columns, columns])

    def _all(self):
        return Packed(read_only(self.packed[: self.columns.size]), self.tables)

    def correlate(self, v, start=0):
        found = self._all()
        return shared_dots(Packed(found.packed[start:], found.tables[start:]), as_planes(v[None]))[0]

    def correlate_each(self, vectors):
        return shared_dots(self._all(), as_planes(vectors))

    def predict(self, steps):
        return combined(self._all(), np.ascontiguousarray(steps), self.design.shape[0])

    def panels(self):
        columns = self._all()

        def panel(first, last):
            out = np.empty((len(columns.packed), 4 * (last - first)))
            unpack_planes(*columns, first, last, out)
            return out

        return panel

    def take(self, places):
        columns, out = self._all(), np.empty((len(places), self.design.shape[0]))
        unpack(read_only(columns.packed[places]), columns.tables[places], out)
        return out
