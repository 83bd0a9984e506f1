"""CodedDesign: dense columns beside categories, which are kept as codes and never expanded to columns of 0 and 1.

A factor has a code for each row, the number of its level or -1. Its columns are "level = k" ("one-hot"), or for a
stepped factor "level >= k". The rows sorted by code make both kinds alike: each column is 1 in one run of sorted rows.
Products with many columns of a factor are one scan over the codes with a small table of its levels, since the sums of
steps are sums from the end of those of levels.
"""

from typing import NamedTuple

import numpy as np

from fastreg.design.coded_block import CodedBlock, CodedRows
from fastreg.design.coded_products import (
    RUN,
    TOGETHER,
    Scan,
    add_at_levels,
    add_by_level,
    fill_values,
    sort_rows,
)
from fastreg.design.column_products import correlate_some
from fastreg.design.dense_products import TILE, correlate_fives, multiply_rows, sum_of_products
from fastreg.design.row_subsets import grams_apart
from fastreg.interface.validation import read_only
from fastreg.numerics.jit import add_in_order
from fastreg.numerics.threads import edges_by_cost, even_edges, over_blocks

FEW_OTHERS = 1e-3  # share of the weights on rows outside of a level below which they are summed one by one


class CodedDesign(NamedTuple):
    """X with dense columns and factors; arrays of p give each column of X, in the order in which users have them."""

    columns: np.ndarray  # (D, n) float64: the dense columns
    codes: np.ndarray  # (F, n) int32: the level of each row, -1 for none
    rows: np.ndarray  # (F, n) int32: numbers of rows, sorted by code, then by number
    sizes: np.ndarray  # (F,) int64: numbers of levels
    stepped: np.ndarray  # (F,) bool
    factor: np.ndarray  # (p,) int64: the column's factor, -1 for a dense column
    place: np.ndarray  # (p,) int64: its row of `columns`, or its level
    begin: np.ndarray  # (p,) int64: a factor's column is 1 in its sorted rows from here
    end: np.ndarray  # (p,) int64: to here; a dense column has 0 and n

    # ---- columns

    def column_dot(self, j, v):
        total = 0.0
        if self.factor[j] < 0:
            values = self.columns[self.place[j]]
            for i in range(v.size):
                total += values[i] * v[i]
        else:
            rows = self.rows[self.factor[j]]
            for k in range(self.begin[j], self.end[j]):
                total = add_in_order(total, v[np.uint64(rows[np.uint64(k)])])
        return total

    def column_add(self, j, step, v):
        if self.factor[j] < 0:
            values = self.columns[self.place[j]]
            for i in range(v.size):
                v[i] += step * values[i]
        else:
            rows = self.rows[self.factor[j]]
            for k in range(self.begin[j], self.end[j]):
                v[np.uint64(rows[np.uint64(k)])] += step

    def column_add_weighted(self, j, step, h, v):
        if self.factor[j] < 0:
            values = self.columns[self.place[j]]
            for i in range(v.size):
                v[i] += step * h[i] * values[i]
        else:
            rows = self.rows[self.factor[j]]
            for k in range(self.begin[j], self.end[j]):
                row = np.uint64(rows[np.uint64(k)])
                v[row] += step * h[row]

    def column_spread(self, j, centre, weight, total):
        if self.factor[j] < 0:
            values, spread = self.columns[self.place[j]], 0.0
            for i in range(weight.size):
                spread += weight[i] * (values[i] - centre) ** 2
            return spread
        rows, seen = self.rows[self.factor[j]], 0.0
        for k in range(self.begin[j], self.end[j]):
            seen = add_in_order(seen, weight[np.uint64(rows[np.uint64(k)])])
        rest = total - seen
        if rest <= FEW_OTHERS * total:  # the difference of two sums that are nearly equal has few digits
            rest = 0.0
            for k in range(self.begin[j]):
                rest = add_in_order(rest, weight[np.uint64(rows[np.uint64(k)])])
            for k in range(self.end[j], weight.size):
                rest = add_in_order(rest, weight[np.uint64(rows[np.uint64(k)])])
        return seen * (1.0 - centre) ** 2 + rest * centre**2

    # ---- shape and cost

    @property
    def shape(self):
        return self.columns.shape[1], self.factor.size

    def stored_in(self, columns):
        return int((self.end[columns] - self.begin[columns]).sum())

    def part(self, start, stop):
        """The design of neighbouring columns, with all factors."""
        kept = slice(start, stop)
        return self._replace(
            factor=self.factor[kept], place=self.place[kept], begin=self.begin[kept], end=self.end[kept]
        )

    def edges(self):
        return self.edges_among(np.arange(self.factor.size))

    def edges_among(self, columns):
        return edges_by_cost(np.concatenate([[0], np.cumsum(self.end[columns] - self.begin[columns])]))

    def gram_passes(self):
        """The cost of the Gram matrix of all columns, in passes over X, as measured for 1 to 10 factors.

        In reads of a vector: of a pair of factors, of a factor with all dense columns, and of the dense columns.
        """
        dense, factors = len(self.columns), len(self.codes)
        pairs, mixed, others = (
            1.5 * factors**2,
            factors * (0.7 * dense + 8.0 * (dense > 0)),
            dense * (1.5 + 0.1 * dense),
        )
        return (pairs + mixed + others) / (factors + dense)

    # ---- products

    def units(self, columns):
        """Some columns as (positions of the dense ones, positions of those of each factor that has any)."""
        factor = self.factor[columns]
        return np.flatnonzero(factor < 0), [(f, np.flatnonzero(factor == f)) for f in np.unique(factor[factor >= 0])]

    def scanned(self, columns):
        """Whether a scan of a factor's codes takes less time than to read the rows of some of its columns."""
        return RUN * self.stored_in(columns) >= self.shape[0]

    def apart(self, columns, factors):
        """(those of `factors`, as of `units`, that are scanned, those whose columns are read)."""
        which = [self.scanned(columns[inside]) for _, inside in factors]
        return [u for u, yes in zip(factors, which) if yes], [u for u, yes in zip(factors, which) if not yes]

    def most(self, dense):
        """Whether some dense columns are so many that a product with all of them takes no longer."""
        return 0 < len(self.columns) <= 2 * dense.size

    def scans(self, factors, together=TOGETHER):
        """The `Scan`s of some factors, so many in each."""
        factors = np.array(factors, dtype=np.int64)
        parts = [factors[k : k + together] for k in range(0, factors.size, together)]
        return [Scan(self.codes, part, np.cumsum(self.sizes[part] + 1) - (self.sizes[part] + 1)) for part in parts]

    def scan_size(self, factors):
        """How many numbers the codes of some factors have in a `Scan`."""
        return int((self.sizes[factors] + 1).sum())

    def correlate(self, v):
        return self.correlate_some(v, np.arange(self.factor.size))

    def correlate_some(self, v, columns):
        """x_j'v for the columns j in `columns`."""
        out = np.empty(len(columns))
        dense, factors = self.units(columns)
        if self.most(dense):
            out[dense] = multiply_rows(self.columns, v)[self.place[columns[dense]]]
        else:
            correlate_into(self, v, columns, dense, out)
        scanned, listed = self.apart(columns, factors)
        for _, inside in listed:
            correlate_into(self, v, columns, inside, out)
        for (f, inside), sums in zip(scanned, self.level_sums([f for f, _ in scanned], read_only(v[None]))):
            out[inside] = self.columns_from(f, sums)[0, self.place[columns[inside]]]
        return out

    def correlate_each(self, vectors):
        """X'v for every row v of `vectors`, in one pass over X: (vectors, p)."""
        vectors = read_only(np.ascontiguousarray(vectors))
        out, (dense, factors) = np.empty((len(vectors), self.factor.size)), self.units(np.arange(self.factor.size))
        found = np.empty((len(vectors), len(self.columns)))
        if dense.size:
            edges = even_edges(*self.columns.shape)
            over_blocks(lambda a, b: correlate_fives(self.columns, vectors, found, a, b), edges, self.columns.size)
            out[:, dense] = found[:, self.place[dense]]
        for (f, inside), sums in zip(factors, self.level_sums([f for f, _ in factors], vectors)):
            out[:, inside] = self.columns_from(f, sums)[:, self.place[inside]]
        return out

    def level_sums(self, factors, vectors):
        """Sums of each row of `vectors` over the rows of X by the code of some factors: (vectors, levels + 1) each."""
        scans = self.scans(factors)
        found = [np.zeros((len(vectors), self.scan_size(scan.factors))) for scan in scans]

        def add(k, _):
            for v, sums in zip(vectors, found[k]):
                add_by_level(scans[k], v, sums)

        over_blocks(add, range(len(scans) + 1), vectors.size * len(factors))
        return [
            sums[:, begin : begin + self.sizes[f] + 1]
            for scan, sums in zip(scans, found)
            for f, begin in zip(scan.factors.tolist(), scan.begins.tolist())
        ]

    def columns_from(self, f, sums):
        """The products of a factor's columns, (k, levels), from sums over rows by code, (k, levels + 1), -1 first."""
        return np.cumsum(sums[:, :0:-1], axis=1)[:, ::-1] if self.stepped[f] else sums[:, 1:]

    def correlate_many(self, vectors):
        return self.correlate_each(vectors.T).T

    def predict_many(self, coefs):
        return self.predict_rows(slice(0, self.shape[0]), np.arange(self.factor.size), coefs).T

    def predict_rows(self, rows, columns, coefs):
        """(X C)', (k, rows), over some neighbouring rows and the `columns` that the rows of C (columns, k) are for."""
        dense, factors = self.units(columns)
        out = self.predict_dense(rows, columns[dense], coefs[dense])
        self.add_levels(factors, columns, coefs, rows.start, out)
        return out

    def predict_dense(self, rows, columns, coefs):
        """(X C)', (k, rows), over some neighbouring rows and dense columns."""
        places, out = self.place[columns], np.empty((coefs.shape[1], rows.stop - rows.start))
        steps, values = np.ascontiguousarray(coefs.T), self.columns[:, rows]
        if self.most(places):  # all of them, where they lie
            steps = np.zeros((coefs.shape[1], len(self.columns)))
            steps[:, places] = coefs.T
        edges = even_edges(out.shape[1], max(1, steps.shape[1]))

        def part(a, b):
            block = values[:, a:b]
            np.matmul(steps, block if steps.shape[1] == len(values) else block[places], out=out[:, a:b])

        over_blocks(part, edges, steps.shape[1] * out.size)
        return out

    def add_levels(self, factors, columns, coefs, start, out):
        """Add the columns of factors times C (columns, k) to the rows of X from `start` on, out (k, rows).

        `factors` are (factor, positions of its columns in `columns`).
        """
        scans, tables = self.scans([f for f, _ in factors]), []
        for scan, units in zip(scans, (factors[k : k + TOGETHER] for k in range(0, len(factors), TOGETHER))):
            table = np.zeros((coefs.shape[1], self.scan_size(scan.factors)))
            for (f, inside), begin in zip(units, scan.begins.tolist()):
                part = table[:, begin : begin + self.sizes[f] + 1]
                part[:, self.place[columns[inside]] + 1] = coefs[inside].T
                if self.stepped[f]:
                    np.cumsum(part, axis=1, out=part)
            tables.append(table)

        def add(a, b):
            for scan, table in zip(scans, tables):
                for steps, line in zip(table, out):
                    add_at_levels(scan, steps, np.int64(start + a), line[a:b])

        over_blocks(add, even_edges(out.shape[1], max(1, len(factors))), len(factors) * out.size)

    def gather(self, columns):
        return self.values(columns, np.zeros(self.factor.size), np.arange(self.shape[0])).T

    def values(self, columns, centre, rows):
        """(x_ij - centre_j) of some columns and rows, expanded: (columns, rows)."""
        out = np.empty((len(columns), len(rows)))
        fill_values(self, np.asarray(columns, dtype=np.int64), centre, np.asarray(rows, dtype=np.int64), out)
        return out

    def gram(self, columns, h, centre):
        """(X - centre)' diag(h) (X - centre) over some columns, (m, m), by scans of codes."""
        block = CodedBlock(self, centre)
        block.extend(np.asarray(columns, dtype=np.int64))
        sums, middle = block.correlate(h), np.where(self.factor[columns] < 0, 0.0, centre[columns])
        return block.gram(h) - np.outer(middle, sums) - np.outer(sums, middle) + h.sum() * np.outer(middle, middle)

    def row_gram(self, columns, scale, centre):
        """(X - centre) diag(1 / scale) (X - centre)' over some columns, (n, n), a few of them expanded at a time."""
        every, (n, _) = np.arange(self.shape[0]), self.shape

        def block(start, stop):
            some = columns[start:stop]
            part = self.values(some, centre, every).T / np.sqrt(scale[start:stop])
            return part, part

        return sum_of_products(block, len(columns), TILE, n, n)

    def by_rows(self, columns, centre):
        return CodedRows(self, columns, centre)

    def working_block(self, centre):
        return CodedBlock(self, centre)

    # ---- subsets of rows

    def subset(self, chosen, columns):
        """The design of some rows of some columns, a copy."""
        kept = self.factor[columns], self.place[columns]
        return coded_design(self.columns[:, chosen], self.codes[:, chosen], self.sizes, self.stepped, *kept)

    def part_grams(self, parts, weight, centre, response):
        return grams_apart(self, parts, weight, centre, response)

    def part_products(self, parts, columns, coefs):
        return [self.subset(part, columns).predict_many(each) for part, each in zip(parts, coefs)]


def coded_design(columns, codes, sizes, stepped, factor, place):
    """A CodedDesign of validated arrays. Level 0 of a stepped factor has no column: it would be 1 throughout."""
    codes, sizes = np.ascontiguousarray(codes, dtype=np.int32), np.asarray(sizes, dtype=np.int64)
    stepped, factor, place = np.asarray(stepped, dtype=bool), np.array(factor, np.int64), np.array(place, np.int64)
    columns = np.ascontiguousarray(columns, dtype=np.float64)
    n, rows = columns.shape[1], np.empty(codes.shape, dtype=np.int32)
    begin, end = np.zeros(factor.size, dtype=np.int64), np.full(factor.size, n, dtype=np.int64)
    for f, size in enumerate(sizes):
        starts = np.zeros(size + 2, dtype=np.int64)
        starts[1:] = np.cumsum(np.bincount(codes[f] + 1, minlength=size + 1))
        own = np.flatnonzero(factor == f)
        begin[own] = starts[place[own] + 1]
        if not stepped[f]:
            end[own] = starts[place[own] + 2]
        sort_rows(codes[f], starts, rows[f])
    arrays = columns, codes, rows, sizes, stepped, factor, place, begin, end
    return CodedDesign(*map(read_only, arrays))


def correlate_into(design, v, columns, places, out):
    """Write x_j'v of the columns at some places into `out` there, column by column."""
    found = np.empty(places.size)
    correlate_some(design, v, columns[places], found)
    out[places] = found
