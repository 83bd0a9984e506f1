"""Parts: X in several places side by side, such as covariates in memory and genotypes in a file."""

from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from fastreg.design.column_products import first_of
from fastreg.design.designs import DenseDesign, SparseDesign, as_design
from fastreg.design.outer import OuterDesign
from fastreg.design.panels import Panels, SideBySide
from fastreg.design.working_columns import DenseBlock
from fastreg.interface.frames import feature_names_of
from fastreg.interface.validation import check_design, read_only


class Parts(OuterDesign):
    """Columns of several designs as one: those of the first part, then those of the second, and so on.

    Parts are arrays, sparse matrices, frames of numbers and designs, with the same rows; one of them at least is an
    OuterDesign. Names of columns are those of each part; where only some have names, the columns of others are called x
    and their number in X.
    """

    def __init__(self, parts):
        self.parts = [as_design(check_design(part)) for part in parts]
        rows = [part.shape[0] for part in self.parts]
        if len(set(rows)) > 1:
            raise ValueError(f"the parts of X have {', '.join(f'{n:,}' for n in rows)} rows; all need the same rows")
        self.starts = np.cumsum([0, *(part.shape[1] for part in self.parts)])
        self.feature_names = self._names(parts)
        far = [part for part in self.parts if isinstance(part, OuterDesign)]
        largest = max(far, key=lambda part: part.shape[1])
        self.form, self.stored_as = largest.form, largest.stored_as
        self.price = max(part.price for part in far)

    def _names(self, parts):
        own = [feature_names_of(part) for part in parts]
        if all(names is None for names in own):
            return None
        names = [
            name
            for given, start, stop in zip(own, self.starts, self.starts[1:])
            for name in given or [f"x{j}" for j in range(start, stop)]
        ]
        if len(set(names)) < len(names):
            seen: set[str] = set()
            twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise ValueError(f"{twice!r} names columns of several parts of X; rename them, so that names differ")
        return names

    @property
    def shape(self):
        return self.parts[0].shape[0], int(self.starts[-1])

    @property
    def bytes_read(self):  # type: ignore[override]
        return sum(getattr(part, "bytes_read", 0) for part in self.parts)

    def stored_in(self, columns):
        return sum(self.parts[k].stored_in(own) for k, own, _ in self.split(columns))

    def working_block(self, centre):
        """Packed columns stay packed beside the others; without any, all are copied as for other designs."""
        centres = np.split(centre, self.starts[1:-1])
        blocks = [part.working_block(middle) for part, middle in zip(self.parts, centres)]
        if not any(isinstance(block, Panels) for block in blocks):
            return super().working_block(centre)
        pairs = zip(blocks, self.parts, centres)
        blocks = [each if isinstance(each, Panels) else DenseBlock(part, middle) for each, part, middle in pairs]
        return SideBySide(self, centre, blocks)

    def first(self, weights, vectors):
        self.reads += 1
        found = [first_of(part, weights, vectors) for part in self.parts]
        mean, spread, products = (np.concatenate(each, axis=1) for each in zip(*found))
        return mean, spread, products

    def correlate_each(self, vectors):
        self.reads += 1
        return np.concatenate([part.correlate_each(vectors) for part in self.parts], axis=1)

    def look(self, vectors, columns):
        out = np.empty((len(vectors), len(columns)))
        for k, own, places in self.split(columns):
            part = self.parts[k]
            out[:, places] = part.look(vectors, own) if isinstance(part, OuterDesign) else vectors @ part.gather(own)
        return out

    def in_memory(self, columns):
        if self.form == "dense":
            out = np.empty((len(columns), self.shape[0]))
            for k, own, places in self.split(columns):
                out[places] = self.parts[k].gather(own).T
            return DenseDesign(read_only(out))
        found, order = [], []
        for k, own, places in self.split(columns):
            part = self.parts[k]
            near = part.in_memory(own) if isinstance(part, OuterDesign) else part
            found.append(as_sparse(near, np.arange(own.size) if isinstance(part, OuterDesign) else own))
            order.append(places)
        together = sp.hstack([*found, sp.csc_array((self.shape[0], 0))], format="csc")
        return as_design(check_design(together[:, np.argsort(np.concatenate([*order, []]))]))

    def split(self, columns):
        """Yield (number of a part, which of its columns, their positions in `columns`) where it has some of them."""
        columns = np.asarray(columns)
        for k, (start, stop) in enumerate(pairwise(self.starts.tolist())):
            places = np.flatnonzero((columns >= start) & (columns < stop))
            if places.size:
                yield k, columns[places] - start, places


def as_sparse(near, columns):
    """Some columns of a design in memory as a csc_array."""
    if isinstance(near, SparseDesign):
        return sp.csc_array((near.data, near.indices, near.indptr), shape=near.shape)[:, columns]
    return sp.csc_array(near.gather(columns))
