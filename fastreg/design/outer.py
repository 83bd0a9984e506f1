"""OuterDesign: X that is read by blocks of columns, as from a file, and of which few columns are ever copied.

Kernels read columns of arrays in memory. A file, packed numbers or the memory of other machines are read in larger
pieces, through the six methods that a subclass defines. All that a fit does besides those reads happens on columns
that `in_memory` has copied.
"""

from abc import abstractmethod

import numpy as np
import scipy.sparse as sp

from fastreg.design.column_products import add_columns
from fastreg.design.designs import DenseDesign, SparseDesign
from fastreg.design.sparse_gram import side_by_side
from fastreg.design.storage import Multiplied
from fastreg.design.working_columns import DenseBlock, SparseBlock
from fastreg.interface.memory import allowance, room_for

SHARE = 0.25  # of the memory allowance, for columns that are copied for one product


class OuterDesign(Multiplied):
    """A `Design` derived from a few methods that read X by blocks. Fits take it in the place of X.

    A subclass defines the methods below. It may override others that it can do better. Results must not depend on the
    number of threads. `reads` counts calls that read all of X, and `bytes_read` the bytes that were read, or sent.
    """

    form = "dense"  # or "sparse": of the columns that `in_memory` returns
    stored_as: str | None = None  # "packed": costs of passes over X, see solvers/choice.py; None: those of the form
    price = 1.0  # time to read a value of X in a pass over all of it, over that of a value in memory
    looks_ahead = False  # whether it has `look_ahead`, as ClusterColumns
    reads = 0
    bytes_read = 0

    # ---- to be defined

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """(n, p)."""

    @abstractmethod
    def stored_in(self, columns: np.ndarray) -> int:
        """Number of values that some columns store."""

    @abstractmethod
    def first(self, weights: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(weighted means (k, p), weighted variances (k, p), X'v (m, p)) of every column, in one read of X.

        The rows of `weights` (k, n) sum to one each; the products are with the rows v of `vectors` (m, n).
        """

    @abstractmethod
    def correlate_each(self, vectors: np.ndarray) -> np.ndarray:
        """X'v for every row v of `vectors`, (vectors, p), in one read of X."""

    @abstractmethod
    def look(self, vectors: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """x_j'v for every row v of `vectors` and some columns j: (vectors, columns)."""

    @abstractmethod
    def in_memory(self, columns: np.ndarray) -> DenseDesign | SparseDesign:
        """A design of copies of some columns, in this order, float64."""

    # ---- derived from these

    def verify(self):
        """Raise where X has changed since the fit began, whose certificates would then hold for no data at all."""

    def __getitem__(self, rows):
        """Refused: scikit-learn's searches take rows of X."""
        raise ValueError(
            f"rows cannot be taken from a {type(self).__name__}, which is read by columns; choose alpha by cv_path or "
            "an estimator whose name ends in CV, which weight rows instead, or make one for each part of the rows"
        )

    def __array__(self, dtype=None, copy=None):
        """All of X in memory, which NumPy and others ask for; refused where it does not fit."""
        n, p = self.shape
        room_for(
            8 * n * p, f"a {type(self).__name__} of {n:,} rows and {p:,} columns as an array",
            "pass it as X as it is, fit_path(X, y), which copies few columns, or take some by X.copied(columns)",
        )  # fmt: skip
        if copy is False:
            raise ValueError(f"a {type(self).__name__} becomes an array by a copy alone; leave copy=False out")
        return self.gather(np.arange(p)).astype(dtype, copy=False)

    def __iter__(self):
        raise TypeError(f"a {type(self).__name__} is read by columns, not row by row")

    def beside(self, parts):
        """The design of several parts side by side, this one among them, which users pass as a tuple."""
        from fastreg.design.parts import Parts  # which is made of designs

        return Parts(parts)

    def correlate(self, v):
        return self.correlate_each(v[None])[0]

    def correlate_many(self, vectors):
        return self.correlate_each(np.ascontiguousarray(vectors.T)).T

    def overflowing(self):
        """The columns whose moments are not finite, by one more read: for the message that says why."""
        n = self.shape[0]
        mean, variance, _ = self.first(np.full((1, n), 1.0 / n), np.empty((0, n)))
        return np.flatnonzero(~np.isfinite(mean[0] + variance[0])).tolist()

    def working_block(self, centre):
        return DenseBlock(self, centre) if self.form == "dense" else CopiedBlock(self, centre)

    def gather(self, columns):
        return self.in_memory(columns).gather(np.arange(len(columns)))

    def copied(self, columns):
        """Copies of some columns, an array or a csc_array."""
        near = self.in_memory(columns)
        if isinstance(near, DenseDesign):
            return near.columns.T
        return sp.csc_array((near.data, near.indices, near.indptr), shape=near.shape)

    def combine(self, columns, steps, out):
        """out += sum_k steps[k] x_j over the columns j = columns[k]; columns with a zero step are not read."""
        moving = np.flatnonzero(steps)
        for some in self._pieces(moving):
            add_columns(self.in_memory(columns[some]), np.arange(some.size), steps[some], out)

    def predict_many(self, coefs):
        out, moving = np.zeros((self.shape[0], coefs.shape[1]), order="F"), np.flatnonzero(coefs.any(axis=1))
        for columns in self._pieces(moving):
            out += self.in_memory(columns).predict_many(coefs[columns])
        return out

    def gram(self, columns, h, centre):
        columns = np.asarray(columns)
        pieces = self._pieces(np.arange(len(columns)), parts=2)
        if len(pieces) == 1:
            return self.in_memory(columns).gram(np.arange(len(columns)), h, centre[columns])
        out = np.empty((len(columns), len(columns)))
        for k, left in enumerate(pieces):  # the products of two pieces are in the Gram matrix of both together
            for right in pieces[k + 1 :] or pieces[k:]:
                some = np.union1d(left, right)
                there = self.in_memory(columns[some]).gram(np.arange(some.size), h, centre[columns[some]])
                out[np.ix_(some, some)] = there
        return out

    def gram_passes(self):
        """The cost of the Gram matrix of all columns, in passes over X."""
        p = self.shape[1]
        if len(self._pieces(np.arange(p), parts=2)) > 1:
            return np.inf
        return 1.0 + self.in_memory(np.arange(p)).gram_passes() if self.form == "sparse" else 1.0 + p / 20.0

    def row_gram(self, columns, scale, centre):
        n, columns = self.shape[0], np.asarray(columns)
        out = np.zeros((n, n))
        for some in self._pieces(np.arange(len(columns))):
            near = self.in_memory(columns[some])
            out += near.row_gram(np.arange(some.size), scale[some], centre[columns[some]])
        return out

    def by_rows(self, columns, centre):
        return self.whole(columns).by_rows(np.arange(len(columns)), centre[columns])

    def part_grams(self, parts, weight, centre, response):
        return self.whole(np.arange(self.shape[1])).part_grams(parts, weight, centre, response)

    def part_products(self, parts, columns, coefs):
        columns = np.asarray(columns)
        out = [np.zeros((len(rows), coef.shape[1])) for rows, coef in zip(parts, coefs)]
        for some in self._pieces(np.arange(len(columns))):
            near = self.in_memory(columns[some])
            for total, part in zip(
                out, near.part_products(parts, np.arange(some.size), [each[some] for each in coefs])
            ):
                total += part
        return out

    def _pieces(self, columns, parts=1):
        """Columns in pieces whose copies fit into the memory that one product may use; `parts` pieces at a time."""
        each = self._bytes_of(columns) / max(len(columns), 1)
        size = max(1, int(SHARE * allowance() / (parts * max(each, 1.0))))
        return [columns[start : start + size] for start in range(0, len(columns), size)]

    def _bytes_of(self, columns):
        """Bytes of copies of some columns."""
        return (8 if self.form == "dense" else 16) * self.stored_in(columns)

    def whole(self, columns):
        """Copies of some columns that are needed at once; refused where they take more memory than there is."""
        size = self._bytes_of(columns)
        if size > allowance():
            raise MemoryError(
                f"this fit needs {len(columns):,} columns in memory at once, {size / 1e9:.1f} GB, and may use "
                f"{allowance() / 1e9:.1f} GB (FASTREG_MEMORY); a penalty with an l1 part needs fewer"
            )
        return self.in_memory(columns)


class CopiedBlock:
    """The columns of a working set of a sparse outer design, copied into memory. The methods are those of
    `WorkingBlock`; positions in the copies take the place of the columns' numbers."""

    form = "sparse"

    def __init__(self, design, centre):
        self.outer, self.centre = design, centre
        self.columns = np.empty(0, dtype=np.int64)
        n = design.shape[0]
        nothing = SparseDesign(np.empty(0), np.empty(0, dtype=np.int32), np.zeros(1, dtype=np.int64), n)
        self.copies = Appended(nothing, np.empty(0))

    def extend(self, columns):
        """Append columns that the block does not have yet."""
        self.columns = np.concatenate([self.columns, columns])
        self.copies.append(self.outer.in_memory(columns), self.centre[columns])

    def rounding(self, columns, norms):
        """Bound on the rounding error of a product, over that of the norms; see SparseBlock."""
        return SparseBlock.rounding(self, columns, norms)  # type: ignore[arg-type]

    def wide(self):
        """False: solvers always use the Gram matrix of sparse columns, which is cheap."""
        return False

    def correlate(self, v, start=0):
        return self.copies.correlate(v, start)

    def for_kernels(self):
        """The copies."""
        return self.copies.for_kernels()

    def correlate_each(self, vectors):
        return self.copies.correlate_each(vectors)

    def predict(self, steps):
        return self.copies.predict(steps)

    def predict_many(self, steps):
        """(X_W - centre) S, (n, k), for S (m, k)."""
        return np.stack([self.predict(each) for each in np.ascontiguousarray(steps.T)], axis=1)

    def respond(self, columns, v, h, steps):
        """x_j'(v - diag(h) X_W s) for some columns j of X and every row s of `steps`: (steps, columns)."""
        return self.outer.look(np.array([v - h * self.predict(each) for each in steps]), columns)

    def gram(self, h, start=0):
        return self.copies.gram(h, start)

    def stored_values(self, places):
        """(pointer, rows, values) of the columns at some positions, one after another."""
        return self.copies.stored_values(places)


class Appended(SparseBlock):
    """Sparse columns that are copied one after another into one design."""

    def append(self, more, centre):
        """Append the columns of another design."""
        have = self.design.shape[1]
        self.design = side_by_side(self.design, more)
        self.centre = np.concatenate([self.centre, centre])
        self.extend(np.arange(have, self.design.shape[1]))
