"""BedDesign: X as the packed genotypes of a .bed file, read where they lie."""

from functools import cached_property
from threading import Lock

import numpy as np

from fastreg.design.designs import DenseDesign
from fastreg.design.files.mapped import Mapped
from fastreg.design.files.stored import check_stamps
from fastreg.design.genotypes.bed_file import BedFile, names_of_variants
from fastreg.design.genotypes.packed import Packed, combined, count_codes, mask_of, unpack
from fastreg.design.genotypes.packed_block import PackedBlock
from fastreg.design.genotypes.rare import Columns, Vectors, are_rare, find_rare
from fastreg.design.genotypes.weighting import Weighting
from fastreg.design.outer import SHARE
from fastreg.design.working_columns import DenseBlock
from fastreg.interface.memory import allowance
from fastreg.interface.validation import as_float, read_only

BLOCK = 2**20  # bytes of neighbouring columns that one thread reads at a time
COLUMNS = 32  # columns at least that are read at a time: vectors of many rows come from memory once for them
UNKNOWN = -1  # in place of counts of columns that no product has read yet


class BedDesign(Mapped):
    """Genotypes of a .bed file as X: x_ij is how many copies of variant j's first allele person i has, 0, 1 or 2.

    An unknown genotype counts as the mean of the variant's known ones, over all rows of the file, whatever their
    weights are, or as the number that `means` has for it. Columns of working sets alone are ever unpacked. In memory
    are four counts for each variant and, within a share of the memory allowance, the carriers of rare ones; those that
    have no room are found anew in each read, with the same sums.

    `files` are a BedFile; `fastreg.open` describes the options.
    """

    form = "dense"

    def __init__(self, files, means=None, begin=0, values=None):
        values = files.values if values is None else values
        super().__init__(files.path, [values], begin)
        self.source, self.columns = files, read_only(values.view())
        p, size = self.columns.shape
        self.starts, self.at_once = np.arange(p + 1) * size, max(self.at_once, COLUMNS * size)
        self.step = max(BLOCK // size, COLUMNS)  # columns of a block
        self._counts = np.full((p, 4), UNKNOWN)
        self._room, self._lock = SHARE * allowance(), Lock()  # bytes left for blocks that are kept, and who takes them
        self._blocks: dict[int, Columns] = {}  # by where they begin
        self._places = np.full(
            p, -1, dtype=np.int32
        )  # positions of columns among the rare ones of a block that is kept
        self._given = None if means is None else checked_means(means, p)
        self._means: np.ndarray = np.full(p, np.nan)  # until a column is read
        if self._given is not None:
            self._means = self._given

    def __reduce__(self):
        span, stamp = (self.begin, self.begin + self.shape[1]), self.source.values.file.stamp
        return opened_again, (self.source.path, self.source.tables, self._given, stamp, span)

    # ---- what the files say

    @property
    def shape(self):
        return self.source.shape[0], len(self.columns)

    @cached_property
    def feature_names(self):
        """The variants' names with the counted allele, such as "rs1801133_A", all of them different."""
        return names_of_variants(self.source.variants())[self.begin : self.begin + self.shape[1]]

    @cached_property
    def people(self):
        """The names of the people, the rows of X in their order: the second field of the .fam file."""
        return [name for _, name in self.source.people()]

    @property
    def means(self):
        """The numbers that unknown genotypes count as, (p,)."""
        if np.any(np.isnan(self._means)):
            self._sweep(lambda near, start, stop: None)
        return self._means.copy()

    # ---- products

    stored_as = "packed"

    def stored_in(self, columns):
        return self.shape[0] * len(columns)

    def part(self, start, stop):
        means = None if self._given is None else self._given[start:stop]
        return BedDesign(self.source, means, self.begin + start, self.values[0].between(start, stop))

    def edges(self):
        return [*range(0, len(self.columns), self.step), len(self.columns)]

    def near(self, start, stop):
        """Columns start to stop, of which common ones are read from the map, and rare ones that have not been kept."""
        if start not in self._blocks:
            found = self._columns(self.columns[start:stop], slice(start, stop))
            with self._lock:
                if start in self._blocks or found.bytes > self._room:
                    return found
                self._room -= found.bytes
                self._blocks[start] = found
                self._places[start + found.places] = np.arange(found.places.size)
        return self._blocks[start]

    def picked(self, columns):
        """Copies of some columns, in ascending order."""
        values = self.values[0].pick(self.starts[columns], self.starts[columns + 1])
        return self._with_values(read_only(values.reshape(len(columns), -1)), columns)

    def first(self, weights, vectors):
        p, vectors, weightings = self.shape[1], Vectors(vectors), [Weighting(weight) for weight in weights]
        mean, spread = np.empty((len(weights), p)), np.empty((len(weights), p))
        products = np.empty((len(vectors.plain), p))

        def read(near, start, stop):
            for k, weighting in enumerate(weightings):
                mean[k, start:stop], spread[k, start:stop] = weighting.moments(near, self._counts[start:stop])
            products[:, start:stop] = near.dots(vectors)

        self._sweep(read)
        return mean, spread, products

    def correlate_each(self, vectors):
        out, vectors = np.empty((len(vectors), self.shape[1])), Vectors(vectors)

        def read(near, start, stop):
            out[:, start:stop] = near.dots(vectors)

        self._sweep(read)
        return out

    def look(self, vectors, columns):
        columns = np.asarray(columns)
        out, vectors, places = np.empty((len(vectors), len(columns))), Vectors(vectors), self._places[columns]

        def read(near, some):
            which = columns[others[some]]
            out[:, others[some]] = self._columns(near.packed, which).dots(vectors)

        others, block = np.flatnonzero(places < 0), np.where(places < 0, -1, columns // self.step)
        for number in np.unique(block[places >= 0]).tolist():
            some = np.flatnonzero(block == number)
            kept, own = self._blocks[number * self.step], places[some].astype(np.int64)
            out[:, some] = kept.rare.dots(own, kept.tables[own], vectors)
        self.pick(columns[others], read)
        return out

    def combine(self, columns, steps, out):
        for some in self._pieces(np.flatnonzero(steps)):
            out += combined(self.packed(columns[some]), steps[some], out.size)

    def in_memory(self, columns):
        out = np.empty((len(columns), self.shape[0]))

        def copy(near, places):
            part = np.empty((len(places), self.shape[0]))
            unpack(near.packed, near.tables, part)
            out[places] = part

        self.pick(columns, copy)
        return DenseDesign(read_only(out))

    def working_block(self, centre):
        """As numbers where even as many columns as rows would take little memory, else packed."""
        n, p = self.shape
        return (DenseBlock if 8 * n * min(n, p) <= SHARE * allowance() else PackedBlock)(self, centre)

    def packed(self, columns):
        """Copies of some columns as they are stored."""
        packed, tables = np.empty((len(columns), self.columns.shape[1]), dtype=np.uint8), np.empty((len(columns), 4))

        def copy(near, places):
            packed[places], tables[places] = near

        self.pick(columns, copy)
        return Packed(read_only(packed), tables)

    def _counted(self, packed, which):
        """How many rows have each code, (columns, 4); counted when columns are read for the first time."""
        counts = self._counts[which]
        if np.any(counts[:, 0] == UNKNOWN):
            count_codes(packed, self._everybody, counts)
            self._counts[which] = counts
        return counts

    def _means_of(self, packed, which):
        """The numbers that unknown genotypes of some columns count as."""
        means = self._means[which]
        if np.isnan(means).any():
            means = self._means[which] = mean_copies(self._counted(packed, which))
        return means

    @cached_property
    def _everybody(self):
        return mask_of(np.ones(self.shape[0], dtype=bool))

    def _with_values(self, packed, which):
        """Packed columns with the values of their codes."""
        return Packed(packed, tables_of(self._means_of(packed, which)))

    def _columns(self, packed, which):
        """Packed columns, with the rare ones among them."""
        near, counts = self._with_values(packed, which), self._counted(packed, which)
        rare = are_rare(counts)
        places = np.flatnonzero(rare)
        return Columns(near, np.flatnonzero(~rare), find_rare(packed, places, counts[rare]), places, near.tables[rare])


def tables_of(means):
    """The numbers that the codes of columns stand for, of which unknown genotypes count as `means`."""
    tables = np.empty((len(means), 4))
    tables[:] = 2.0, 0.0, 1.0, 0.0
    tables[:, 1] = means
    return tables


def mean_copies(counts):
    """The mean of the known genotypes of columns with these `counts` of the four codes; 0 where none is known."""
    known = counts[:, 0] + counts[:, 2] + counts[:, 3]
    return (2 * counts[:, 0] + counts[:, 2]) / np.maximum(known, 1)


def checked_means(means, p):
    """`means` as an array, or a ValueError."""
    found = np.array(as_float("means", means))
    if found.shape != (p,) or not np.all((found >= 0.0) & (found <= 2.0)):
        raise ValueError(f"means must hold a number from 0 to 2 for each of the {p:,} variants")
    return found


def opened_again(path, tables, means, stamp, span):
    """The design of a span of columns of a file that was open when it was pickled."""
    files = BedFile(path, *tables)
    check_stamps([files.values.file], [stamp])
    return BedDesign(files, means, span[0], files.values.between(*span))
