"""X in a mapped file: `Mapped` is what dense and sparse columns share, `MappedDesign` are dense columns.

Passes over X run over the map in the order of the file, about 1 MB at a time, so that the system's cache serves what
fits into memory. What comes next is asked for ahead: left to the faults of a map, a disk of 1.8 GB/s gave 0.5. Single
columns are read by position, many at once: on a map each of them would bring in a window of some MB.
"""

import mmap
import time
from abc import abstractmethod
from functools import cached_property

import numpy as np

from fastreg.design.column_products import first_of, of_one_type
from fastreg.design.dense_products import add_product
from fastreg.design.designs import DenseDesign
from fastreg.design.files.names import read_names
from fastreg.design.files.stored import verify_all
from fastreg.design.files.tiles import Tiles
from fastreg.design.outer import OuterDesign
from fastreg.design.row_subsets import add_grams
from fastreg.interface.memory import allowance
from fastreg.interface.narrow import kept
from fastreg.interface.validation import read_only
from fastreg.numerics.threads import even_edges, over_blocks

RATE = 1.7e9  # values a second that a pass reads from memory
SAMPLES, LONG = 4, 16  # places where the time to read the file is measured, and blocks of about 1 MB at each
PICKED = 2**19  # values of single columns that one thread reads at a time
LONGEST = 2**20  # rows: of longer columns, one is read at a time
PIECE = 2**25  # bytes of a file that are asked for ahead, and given back, at once
MUCH = 1.5  # size of a file over the allowance, from which its pages are given back where they are not kept


class Mapped(OuterDesign):
    """Columns in files that are mapped. A subclass defines `shape`, and the methods below."""

    def __init__(self, path, values, begin=0):
        self.path, self.values = path, values  # Values, of as many bytes as make up the columns
        self.begin = begin  # the first column's number in the file
        self.files = list({id(each.file): each.file for each in values}.values())
        size = sum(each.bytes for each in values)
        self.kept = 1.0 if size <= MUCH * allowance() else allowance() / size  # share of the file that stays in memory
        self.reads = self.bytes_read = 0

    at_once = PICKED  # values of single columns that one thread reads at a time
    order = "C"  # of vectors (k, n) as blocks of columns are multiplied with them, so that no block copies them
    starts: np.ndarray  # (p + 1,): where each column's values start, and where the last one's end

    @abstractmethod
    def part(self, start, stop):
        """The design of columns start to stop, which reads these from the file."""

    @abstractmethod
    def edges(self):
        """Where to cut the columns into blocks of a pass, from 0 to p."""

    @abstractmethod
    def near(self, start, stop):
        """The design of columns start to stop, read from the map."""

    @abstractmethod
    def picked(self, columns):
        """The design of copies of some columns, in ascending order, read by position."""

    @cached_property
    def feature_names(self):
        """The names of the columns, from the file beside; None without one."""
        return read_names(self.path, self.shape[1])

    # ---- the methods of OuterDesign

    def stored_in(self, columns):
        starts = self.starts
        return int(np.sum(starts[np.asarray(columns) + 1] - starts[columns]))

    def first(self, weights, vectors):
        counts = len(weights), len(weights), len(vectors)
        weights, vectors = of_one_type(weights), of_one_type(vectors)  # here, and not for each block of columns
        out = [np.empty((count, self.shape[1])) for count in counts]

        def read(near, start, stop):
            for found, here in zip(out, first_of(near, weights, vectors)):
                found[:, start:stop] = here

        self._sweep(read)
        return tuple(out)

    def correlate_each(self, vectors):
        out, vectors = np.empty((len(vectors), self.shape[1])), of_one_type(vectors, self.order)

        def read(near, start, stop):
            out[:, start:stop] = products_with(near, vectors)

        self._sweep(read)
        return out

    def look(self, vectors, columns):
        out, vectors = np.empty((len(vectors), len(columns))), of_one_type(vectors, self.order)

        def read(near, places):
            out[:, places] = products_with(near, vectors)

        self.pick(columns, read)
        return out

    def pick(self, columns, use):
        """Call use(design of some of the columns, their positions) for batches of columns, by several threads."""
        order = np.argsort(columns, kind="stable")
        columns = np.asarray(columns)[order]

        def read(start, stop):
            use(self.picked(columns[start:stop]), order[start:stop])

        sizes = self.starts[columns + 1] - self.starts[columns]
        over_blocks(read, batches(sizes, self.at_once), int(sizes.sum()))
        self.bytes_read += sum(int(sizes.sum()) * each.dtype.itemsize for each in self.values)
        self.verify()

    def _sweep(self, read):
        """Call read(design of columns start to stop, start, stop) for all columns, in their order in the file."""

        def block(start, stop):
            self.verify()
            read(self.near(start, stop), start, stop)
            self._go_on(int(self.starts[start]), int(self.starts[stop]))

        for each in self.values:
            each.file.ahead(each.offset, 2 * PIECE)
        over_blocks(block, self.edges(), int(self.starts[-1]))
        for each in self.values if self.kept < 1.0 else ():
            each.file.drop(*each.range(int(self.kept * each.size), each.size))
        self.count_read()

    def _go_on(self, start, stop):
        """Where a piece of a file ends between two values that have been read: ask for the piece after the next, and
        give back the one before, unless it is kept; other threads may be reading these two."""
        for each in self.values:
            low, high = each.range(start, stop)
            for number in range(low // PIECE, high // PIECE):
                each.file.ahead((number + 2) * PIECE, PIECE)
                if self.kept < 1.0 and (number - 1) * PIECE >= self.kept * each.bytes:
                    each.file.drop((number - 1) * PIECE, number * PIECE)

    def count_read(self):
        """Count a read of all of X, and make sure that the file stood still."""
        self.reads += 1
        self.bytes_read += sum(each.bytes for each in self.values)
        self.verify()

    def verify(self):
        """Raise RuntimeError if a file has changed since it was opened."""
        verify_all(self.files)

    @cached_property
    def price(self):  # type: ignore[override]  # measured when it is first asked for
        """Time to read a value in a pass, over that of a value in memory: measured on blocks spread over the file."""
        edges, step = self.edges(), max(LONG, (len(self.edges()) - 1) // SAMPLES)
        spans = [(edges[k], edges[min(k + LONG, len(edges) - 1)]) for k in range(0, len(edges) - 1, step)]
        number = sum(self.stored_in(np.arange(start, stop)) for start, stop in spans)
        self.verify()
        return 1.0 + max(0.0, self._touch(spans) - self._touch(spans)) * RATE / max(number, 1)

    def _touch(self, spans):
        """Seconds until a byte of every page of some columns has been read: from the second time on, from memory."""
        begin = time.perf_counter()
        for start, stop in spans:
            for each in self.values:
                low, high = each.range(int(self.starts[start]), int(self.starts[stop]))
                each.file.ahead(low, high - low)
                content = np.frombuffer(each.file.map, dtype=np.uint8, count=high - low, offset=low)
                content[:: mmap.PAGESIZE].max(initial=0)
        return time.perf_counter() - begin

    def __reduce__(self):
        from fastreg.design.files.opening import reopened

        return reopened, (self.path, [file.stamp for file in self.files], self.begin, self.begin + self.shape[1])

    def kind(self):
        """What the columns are made of, in a few words."""
        return str(self.values[0].dtype)

    def __repr__(self):
        n, p = self.shape
        return f"<fastreg.open({self.path!r}): {n:,} rows, {p:,} columns of {self.kind()}>"


def products_with(near, vectors):
    """X'v of a design in memory for every row v of `vectors`: (vectors, p)."""
    return near.correlate(vectors[0])[None] if len(vectors) == 1 else near.correlate_each(vectors)


def batches(sizes, most):
    """Edges of batches of columns with about `most` values each."""
    ends = np.cumsum(sizes)
    cuts = np.searchsorted(ends, np.arange(most, ends[-1] if ends.size else 0, most), side="right")
    return np.unique(np.concatenate([[0], cuts, [len(sizes)]])).tolist()


class MappedDesign(Mapped):
    """Dense columns, one after another in a file; `numbers` are their Values, (p, n)."""

    form = "dense"

    def __init__(self, path, numbers, begin=0):
        super().__init__(path, [numbers], begin)
        self.columns = numbers.view()
        self.starts = np.arange(numbers.shape[0] + 1) * numbers.shape[1]

    @property
    def shape(self):
        return self.columns.shape[::-1]

    def part(self, start, stop):
        return MappedDesign(self.path, self.values[0].between(start, stop), self.begin + start)

    def edges(self):
        p, n = self.columns.shape
        return even_edges(p, n) if n <= LONGEST else range(p + 1)

    def near(self, start, stop):
        return DenseDesign(as_numbers(self.columns[start:stop], self.starts[-1]))

    def picked(self, columns):
        values = self.values[0].pick(self.starts[columns], self.starts[columns + 1])
        return DenseDesign(as_numbers(values.reshape(len(columns), -1), self.starts[-1]))

    def in_memory(self, columns):
        out = np.empty((len(columns), self.columns.shape[1]))

        def copy(near, places):
            out[places] = near.columns

        self.pick(columns, copy)
        return DenseDesign(read_only(out))

    # ---- by blocks of rows, of which one is in memory at a time

    def by_rows(self, columns, centre):
        return Tiles(self, np.asarray(columns), centre)

    def gram(self, columns, h, centre):
        out = np.zeros((len(columns), len(columns)))
        for rows, block in self.by_rows(columns, centre).blocks():
            block *= np.sqrt(h[rows])
            add_product(block, block, out)
        return np.tril(out) + np.tril(out, -1).T

    def gram_passes(self):
        return 1.0 + self.shape[1] / (20.0 * self.price)  # BLAS does 20 products in the time of one from memory

    def part_grams(self, parts, weight, centre, response):
        p, root = self.shape[1], np.sqrt(weight)
        sums = [np.zeros((p + 2, p + 2)) for _ in parts]
        for rows, block in self.by_rows(np.arange(p), centre).blocks():
            inside = [part[np.searchsorted(part, rows.start) : np.searchsorted(part, rows.stop)] for part in parts]
            whole = np.vstack([block, response[rows], np.ones(block.shape[1])]) * root[rows]
            add_grams([whole[:, each - rows.start] for each in inside], sums, first=False)
        return sums


def as_numbers(array, all_values):
    """An array as kernels can take it, read-only; copied where its type is not `kept`, or it is not aligned.

    `all_values` is the number of values in the file: a small one is not worth kernels for another type.
    """
    return read_only(kept(array if array.flags.aligned else array.copy(), all_values))
