"""CodedDesign: dense columns beside categories, which are kept as codes and never expanded to columns of 0 and 1.

A factor has a code for each row, the number of its level or -1. Its columns are "level = k" ("one-hot"), or for a
stepped factor "level >= k". The rows sorted by code make both kinds alike: each column is 1 in one run of sorted rows.
Products with many columns of a factor are one scan over the codes with a small table of its levels, since the sums of
steps are sums from the end of those of levels.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from fastreg.design.coded_products import (
    add_at_levels,
    add_by_level,
    add_pairs,
    add_values_by_cell,
    fill_values,
    sort_rows,
)
from fastreg.design.column_products import combine, correlate_some
from fastreg.design.dense_products import TILE, correlate_fives, multiply_rows, sum_of_products
from fastreg.design.row_blocks import blocks_of_rows
from fastreg.design.row_subsets import grams_apart
from fastreg.design.working_columns import FAST, ROUNDING, ROW_BLOCK, SCATTERED, PlainBlock
from fastreg.interface.validation import read_only
from fastreg.numerics.jit import add_in_order
from fastreg.numerics.threads import edges_by_cost, even_edges, over_blocks

FEW_OTHERS = 1e-3  # share of the weights on rows outside of a level below which they are summed one by one
RUN = 4  # rows in their order that are read in the time of a row by its number


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
        """The cost of the Gram matrix of all columns, in passes over X: a scan for each pair of columns or factors."""
        units = len(self.columns) / FAST + len(self.codes)
        return 0.5 * (units + 1.0)

    # ---- products

    def units(self, columns):
        """Some columns as (positions of the dense ones, positions of those of each factor that has any)."""
        factor = self.factor[columns]
        return np.flatnonzero(factor < 0), [(f, np.flatnonzero(factor == f)) for f in np.unique(factor[factor >= 0])]

    def scanned(self, columns):
        """Whether a scan of a factor's codes takes less time than to read the rows of some of its columns."""
        return RUN * self.stored_in(columns) >= self.shape[0]

    def correlate(self, v):
        return self.correlate_some(v, np.arange(self.factor.size))

    def correlate_some(self, v, columns):
        """x_j'v for the columns j in `columns`."""
        out = np.empty(len(columns))
        dense, factors = self.units(columns)
        if dense.size == len(self.columns):
            out[dense] = multiply_rows(self.columns, v)[self.place[columns[dense]]]
        else:
            correlate_into(self, v, columns, dense, out)

        def levels(k, _):
            f, inside = factors[k]
            if self.scanned(columns[inside]):
                sums = np.zeros((1, self.sizes[f] + 1))
                add_by_level(self.codes[f], v[None], sums)
                out[inside] = self.columns_from(f, sums)[0, self.place[columns[inside]]]
            else:
                correlate_into(self, v, columns, inside, out)

        over_blocks(levels, range(len(factors) + 1), len(factors) * v.size)
        return out

    def correlate_each(self, vectors):
        """X'v for every row v of `vectors`, in one pass over X: (vectors, p)."""
        vectors = np.ascontiguousarray(vectors)
        out, (dense, factors) = np.empty((len(vectors), self.factor.size)), self.units(np.arange(self.factor.size))
        found = np.empty((len(vectors), len(self.columns)))
        if dense.size:
            edges = even_edges(*self.columns.shape)
            over_blocks(lambda a, b: correlate_fives(self.columns, vectors, found, a, b), edges, self.columns.size)
            out[:, dense] = found[:, self.place[dense]]

        def levels(k, _):
            f, inside = factors[k]
            sums = np.zeros((len(vectors), self.sizes[f] + 1))
            add_by_level(self.codes[f], vectors, sums)
            out[:, inside] = self.columns_from(f, sums)[:, self.place[inside]]

        over_blocks(levels, range(len(factors) + 1), vectors.size * len(factors))
        return out

    def columns_from(self, f, sums):
        """The products of a factor's columns, (k, levels), from sums over rows by code, (k, levels + 1), -1 first."""
        return np.cumsum(sums[:, :0:-1], axis=1)[:, ::-1] if self.stepped[f] else sums[:, 1:]

    def correlate_many(self, vectors):
        return self.correlate_each(vectors.T).T

    def predict_many(self, coefs):
        return self.predict_rows(slice(0, self.shape[0]), np.arange(self.factor.size), coefs)

    def predict_rows(self, rows, columns, coefs):
        """X C, (rows, k), over some neighbouring rows and the `columns` that the rows of C (columns, k) are for."""
        dense, factors = self.units(columns)
        out = np.ascontiguousarray(self.columns[self.place[columns[dense]], rows].T @ coefs[dense])
        for f, inside in factors:
            add_at_levels(self.codes[f, rows], self.levels_of(f, self.place[columns[inside]], coefs[inside]), out)
        return out

    def levels_of(self, f, levels, coefs):
        """What each code of a factor adds to the linear predictor, (levels + 1, k), -1 first."""
        table = np.zeros((self.sizes[f] + 1, coefs.shape[1]))
        table[levels + 1] = coefs
        return np.cumsum(table, axis=0) if self.stepped[f] else table

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


class CodedBlock(PlainBlock):
    """The working set's columns, read from X without copies. Dense ones are centred, those of factors are not."""

    form = "sparse"

    def rounding(self, columns, norms):
        """As of sparse columns; of factors alone, since dense columns are centred before they are multiplied."""
        coded = columns[self.design.factor[columns] >= 0]
        return ROUNDING * (1.0 + float(np.max((self.centre[coded] / norms[coded]) ** 2, initial=0.0)))

    def wide(self):
        """False: the Gram matrix of factors is cheap."""
        return False

    def correlate(self, v, start=0):
        columns = self.columns[start:]
        out = self.design.correlate_some(v, columns)
        dense = self.design.factor[columns] < 0
        out[dense] -= self.centre[columns[dense]] * v.sum()
        return out

    def correlate_each(self, vectors):
        """X_W'v for every row v of `vectors`: (vectors, m)."""
        return np.array([self.correlate(v) for v in np.ascontiguousarray(vectors)])

    def predict(self, steps):
        """X_W s: of factors by a scan of their codes, or where little moves by the rows of the columns that do."""
        out, moving = np.full(self.design.shape[0], -float(self.centre[self.columns] @ steps)), np.flatnonzero(steps)
        columns, steps = self.columns[moving], steps[moving]
        dense, factors = self.design.units(columns)
        combine(self.design, columns[dense], steps[dense], out)
        for f, inside in factors:
            if self.design.scanned(columns[inside]):
                table = self.design.levels_of(f, self.design.place[columns[inside]], steps[inside, None])
                add_at_levels(self.design.codes[f], table, out[:, None])
            else:
                combine(self.design, columns[inside], steps[inside], out)
        return out

    def respond(self, columns, h, steps):
        """x_j' diag(h) X_W s for some columns j of X and every row s of `steps`: (steps, columns)."""
        out = np.empty((len(steps), len(columns)))
        for line, each in zip(out, np.ascontiguousarray(steps)):
            line[:] = self.design.correlate_some(self.predict(each) * h, columns)
        return out

    def response_cost(self, columns):
        """The cost of `respond` for one step, in values of X that a pass reads in that time."""
        return SCATTERED * self.design.stored_in(columns)

    def gram(self, h, start=0):
        """Rows from `start` on of X_W' diag(h) X_W, (m - start, m), by tables of pairs of units."""
        design, new = self.design, self.columns[start:]
        out = np.empty((new.size, self.columns.size))
        (some, ours), (dense, theirs) = design.units(new), design.units(self.columns)
        if some.size:
            out[np.ix_(some, dense)] = self._dense_gram(new[some], self.columns[dense], h)
        tasks = [(left, (None, dense)) for left in ours if dense.size]
        tasks += [((None, some), right) for right in theirs if some.size and start > 0]
        tasks += [(left, right) for left in ours for right in theirs if start > 0 or left[0] <= right[0]]

        def fill(k, _):
            (f, left), (g, right) = tasks[k]
            if g is None:
                found = self._mixed_gram(f, new[left], self.columns[right], h)
            elif f is None:
                found = self._mixed_gram(g, self.columns[right], new[left], h).T
            else:
                found = self._table((f, new[left]), (g, self.columns[right]), h)
            out[np.ix_(left, right)] = found
            if start == 0:
                out[np.ix_(right, left)] = found.T

        over_blocks(fill, range(len(tasks) + 1), len(tasks) * h.size)
        return out

    def _dense_gram(self, left, right, h):
        """X_left' diag(h) X_right of centred dense columns."""
        left, middle = self.design.place[left], self.centre[left][:, None]
        right, other = self.design.place[right], self.centre[right][:, None]

        def rows(first, last):
            return (
                (self.design.columns[left, first:last] - middle) * h[first:last],
                self.design.columns[right, first:last] - other,
            )

        return sum_of_products(rows, h.size, ROW_BLOCK, left.size, right.size)

    def _mixed_gram(self, f, coded, dense, h):
        """X_coded' diag(h) X_dense of columns of a factor and centred dense columns."""
        cells, take = self._cells(f, coded)
        sums, values = np.zeros((dense.size, take.size + 1)), (self.design.columns, self.design.place[dense])
        rows, _ = self._rows(f, coded)
        add_values_by_cell(*values, self.centre[dense], rows, self.design.codes[f], cells, h, sums)
        return self._from_cells(f, sums.T)[take]

    def _table(self, left, right, h):
        """X_left' diag(h) X_right of columns of two factors, which may be the same."""
        (f, ours), (g, theirs) = left, right
        (cells, take), (others, pick) = self._cells(f, ours), self._cells(g, theirs)
        sums = np.zeros((take.size + 1, pick.size + 1))
        rows = min(self._rows(f, ours), self._rows(g, theirs), key=lambda found: found[1])[0]
        add_pairs(rows, self.design.codes[f], cells, self.design.codes[g], others, h, sums)
        return self._from_cells(g, self._from_cells(f, sums).T).T[np.ix_(take, pick)]

    def _rows(self, f, columns):
        """(the rows in which any of a factor's columns is 1, or all rows where that takes less time; the time)."""
        design, n = self.design, self.design.shape[0]
        if design.scanned(columns):
            return self.every, n
        if design.stepped[f]:  # its columns end together
            rows = design.rows[f, design.begin[columns].min() :]
        else:
            rows = np.concatenate([design.rows[f, design.begin[j] : design.end[j]] for j in columns.tolist()])
        return read_only(rows), RUN * rows.size

    @cached_property
    def every(self):
        return read_only(np.arange(self.design.shape[0], dtype=np.int32))

    def _cells(self, f, columns):
        """(the cell of each code, -1 first; each column's cell less one): sums over cells give those over columns.

        Cells are numbered from 1 by level, and 0 is that of rows in no column. A stepped factor has a cell for the
        levels from one of its columns to the next.
        """
        order = np.argsort(self.design.place[columns])
        table, take = np.zeros(self.design.sizes[f] + 1, dtype=np.int64), np.empty(columns.size, dtype=np.int64)
        take[order] = np.arange(columns.size)
        table[self.design.place[columns] + 1] = 1 if self.design.stepped[f] else take + 1
        return np.cumsum(table) if self.design.stepped[f] else table, take

    def _from_cells(self, f, sums):
        """Sums over columns, by level, from sums over cells, along the first axis."""
        return np.cumsum(sums[:0:-1], axis=0)[::-1] if self.design.stepped[f] else sums[1:]


class CodedRows:
    """`RowBlocks` of a CodedDesign: one block is expanded at a time."""

    def __init__(self, design, columns, centre):
        self.design, self.columns, self.centre = design, np.asarray(columns, dtype=np.int64), centre

    def blocks(self):
        """Yield (slice of rows, (X - centre)' there: (columns, rows of the block))."""
        for rows in blocks_of_rows(self.design.shape[0], self.columns.size):
            yield rows, self.design.values(self.columns, self.centre, np.arange(rows.start, rows.stop))

    def products(self, factors):
        """Yield (slice of rows, ((X - centre) F)' there: (k, rows of the block)), for F (columns, k)."""
        middle = (self.centre[self.columns] @ factors)[:, None]
        for rows in blocks_of_rows(self.design.shape[0], factors.shape[1]):
            yield rows, self.design.predict_rows(rows, self.columns, factors).T - middle

    def sampled_gram(self, rows, h):
        """((X - centre)' diag(h) (X - centre), (X - centre)'h) over some rows; h (rows,)."""
        part = self.design.values(self.columns, self.centre, rows)
        return (part * h) @ part.T, part @ h


def correlate_into(design, v, columns, places, out):
    """Write x_j'v of the columns at some places into `out` there, column by column."""
    found = np.empty(places.size)
    correlate_some(design, v, columns[places], found)
    out[places] = found
