"""The columns of a working set, or of blocks of rows, of a CodedDesign."""

from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from fastreg.design.coded_products import TOGETHER, add_pairs, add_values_by_cell, rows_in_cells, scale_values
from fastreg.design.column_products import combine
from fastreg.design.dense_products import sum_of_products
from fastreg.design.row_blocks import blocks_of_rows
from fastreg.design.working_columns import ROUNDING, ROW_BLOCK, PlainBlock
from fastreg.interface.validation import read_only
from fastreg.numerics.threads import BLOCK, over_blocks

MANY, SOME = 0.4, 0.1  # shares of the rows from which all are read, and from which those of some levels are searched
WIDE, ROOM = 32, 128  # dense columns, and rows, that are multiplied at a time with factors: they stay in the cache


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
        moving = np.flatnonzero(steps)
        columns, steps = self.columns[moving], steps[moving]
        dense, factors = self.design.units(columns)
        out = self.design.predict_dense(slice(0, self.design.shape[0]), columns[dense], steps[dense, None])[0]
        out -= float(self.centre[columns] @ steps)
        scanned, listed = self.design.apart(columns, factors)
        self.design.add_levels(scanned, columns, steps[:, None], 0, out[None])
        for _, inside in listed:
            combine(self.design, columns[inside], steps[inside], out)
        return out

    def respond(self, columns, v, h, steps):
        """x_j'(v - diag(h) X_W s) for some columns j of X and every row s of `steps`: (steps, columns)."""
        out = np.empty((len(steps), len(columns)))
        for line, each in zip(out, np.ascontiguousarray(steps)):
            line[:] = self.design.correlate_some(v - h * self.predict(each), columns)
        return out

    def stored_values(self, places):
        """(pointer, rows, values) of what the columns at some places store, dense ones centred, as of a CSC matrix."""
        design, columns = self.design, self.columns[places]
        counts = design.end[columns] - design.begin[columns]
        pointer = np.concatenate([[0], np.cumsum(counts)])
        stored = np.arange(pointer[-1]) + np.repeat(design.begin[columns] - pointer[:-1], counts)
        which = np.repeat(columns, counts)
        dense = design.factor[which] < 0
        rows, values = np.where(dense, stored, design.rows[design.factor[which], stored]), np.ones(stored.size)
        values[dense] = design.columns[design.place[which[dense]], stored[dense]] - self.centre[which[dense]]
        return pointer, rows, values

    # ---- Gram matrices: of dense columns by BLAS, of them with factors and of pairs of factors by scans

    def gram(self, h, start=0):
        """Rows from `start` on of X_W' diag(h) X_W, (m - start, m)."""
        every, new, h = self.columns, self.columns[start:], read_only(h)
        out = np.empty((new.size, every.size))
        some, dense = (np.flatnonzero(self.design.factor[columns] < 0) for columns in (new, every))
        theirs = self._units(every)
        ours = self._units(new) if start > 0 else theirs

        def put(rows, columns, found):
            out[np.ix_(rows, columns)] = found
            if start == 0:
                out[np.ix_(columns, rows)] = found.T

        def new_levels(units, part):
            for unit, found in zip(units, self._mixed_gram(units, every[part], h), strict=True):
                put(unit.inside, part, found)

        def new_dense(units, part):
            for unit, found in zip(units, self._mixed_gram(units, new[part], h), strict=True):
                put(part, unit.inside, found.T)

        if some.size:
            out[np.ix_(some, dense)] = self._dense_gram(new[some], every[dense] if start > 0 else None, h)
        tasks = [partial(new_levels, *pair) for pair in self._with_parts(ours, dense)]
        tasks += [partial(new_dense, *pair) for pair in self._with_parts(theirs, some) if start > 0]
        tasks += [
            partial(lambda left, right: put(left.inside, right.inside, self._table(left, right, h)), left, right)
            for left in ours
            for right in theirs
            if left.factor < right.factor or (start > 0 and left.factor > right.factor)
        ]
        over_blocks(lambda k, _: tasks[k](), range(len(tasks) + 1), len(tasks) * h.size)
        coded = np.flatnonzero(self.design.factor[every] >= 0)
        sums = np.zeros(every.size)
        sums[coded] = self.design.correlate_some(h, every[coded])
        for left in ours:
            for right in theirs:
                if left.factor == right.factor:
                    out[np.ix_(left.inside, right.inside)] = self._within(start + left.inside, right, sums)
        return out

    def _within(self, left, right, sums):
        """Products of columns at positions `left` with those of a Unit of their factor, from their sums: those of two
        levels are none, and those of two steps are the sum of the higher."""
        place = self.design.place[self.columns]
        own, other, theirs = place[left][:, None], place[right.inside], sums[right.inside]
        if right.stepped:
            return np.where(own >= other, sums[left][:, None], theirs)
        return np.where(own == other, theirs, 0.0)

    def _units(self, columns):
        return [self._unit(f, inside, columns[inside]) for f, inside in self.design.units(columns)[1]]

    def _unit(self, f, inside, columns):
        """The Unit of columns of a factor, at positions `inside`."""
        design, n = self.design, self.design.shape[0]
        places, stepped = design.place[columns], bool(design.stepped[f])
        order = np.argsort(places)
        cells, take = np.zeros(design.sizes[f] + 1, dtype=np.int64), np.empty(columns.size, dtype=np.int64)
        take[order] = np.arange(columns.size)
        cells[places + 1] = 1 if stepped else take + 1
        if stepped:
            np.cumsum(cells, out=cells)
        first = columns[order[0]]
        stored = int(design.end[first] - design.begin[first]) if stepped else design.stored_in(columns)
        if stored >= MANY * n:
            rows = self.every
        elif stored >= SOME * n:
            rows = np.empty(n, dtype=np.int32)
            rows = rows[: rows_in_cells(design.codes[f], cells, rows)].copy()
        elif stepped:  # its columns end together
            rows = np.sort(design.rows[f, design.begin[first] :])
        else:
            rows = np.sort(np.concatenate([design.rows[f, design.begin[j] : design.end[j]] for j in columns.tolist()]))
        return Unit(f, inside, stepped, take, cells, rows if rows is self.every else read_only(rows))

    @cached_property
    def every(self):
        return read_only(np.arange(self.design.shape[0], dtype=np.int32))

    def _with_parts(self, units, dense):
        """Units that are scanned together, each with a part of the dense columns."""
        scanned = [unit for unit in units if unit.rows is self.every]
        groups = [scanned[k : k + TOGETHER] for k in range(0, len(scanned), TOGETHER)]
        groups += [[unit] for unit in units if unit.rows is not self.every]
        return [(group, dense[k : k + WIDE]) for group in groups for k in range(0, dense.size, WIDE)]

    def _dense_gram(self, left, right, h):
        """X_left' diag(h) X_right of centred dense columns; half as much work where `right` is None, for the same."""
        design, scale = self.design, np.sqrt(h) if right is None else h
        values = design.columns, design.place[left], self.centre[left]
        width = left.size if right is None else right.size

        def rows(first, last):
            block = np.empty((left.size, last - first))
            scale_values(values, scale, np.int64(first), block)
            if right is None:
                return block, block
            return block, design.columns[design.place[right], first:last] - self.centre[right][:, None]

        return sum_of_products(rows, h.size, max(ROW_BLOCK, BLOCK // (left.size + width)), left.size, width)

    def _mixed_gram(self, units, dense, h):
        """X_f' diag(h) X_dense, (its columns, dense), for the columns of each unit; all have the same rows."""
        design, ends = self.design, np.cumsum([0, *(unit.take.size + 1 for unit in units)])
        sums, values = np.zeros((ends[-1], dense.size)), (design.columns, design.place[dense], self.centre[dense])
        scan = design.scans([unit.factor for unit in units], len(units))[0]
        cells = np.concatenate([end + unit.cells for unit, end in zip(units, ends)])
        add_values_by_cell(values, (units[0].rows, h), scan, cells, np.empty((ROOM, dense.size)), sums)
        return [
            unit.from_cells(sums[begin:end])[unit.take] for unit, begin, end in zip(units, ends, ends[1:], strict=False)
        ]

    def _table(self, left, right, h):
        """X_left' diag(h) X_right of columns of two factors."""
        sums, codes = np.zeros((left.take.size + 1, right.take.size + 1)), self.design.codes
        rows = min(left.rows, right.rows, key=len)
        add_pairs(rows, (codes[left.factor], left.cells), (codes[right.factor], right.cells), h, sums)
        return right.from_cells(left.from_cells(sums).T).T[np.ix_(left.take, right.take)]


class Unit(NamedTuple):
    """The columns of one factor in a working set, and the cells into which they part the rows.

    Cells are numbered from 1 by level, and 0 is that of rows in no column. A stepped factor has a cell for the levels
    from one of its columns to the next. Sums over cells give those over columns.
    """

    factor: int
    inside: np.ndarray  # (k,) positions of the columns
    stepped: bool
    take: np.ndarray  # (k,) the cell of each column, less one
    cells: np.ndarray  # (levels + 1,) the cell of each code, -1 first
    rows: np.ndarray  # int32: the rows in any of the columns, in order, or all where that takes less time

    def from_cells(self, sums):
        """Sums over columns, by level, from sums over cells, along the first axis."""
        return np.cumsum(sums[:0:-1], axis=0)[::-1] if self.stepped else sums[1:]


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
            yield rows, self.design.predict_rows(rows, self.columns, factors) - middle

    def sampled_gram(self, rows, h):
        """((X - centre)' diag(h) (X - centre), (X - centre)'h) over some rows; h (rows,)."""
        part = self.design.values(self.columns, self.centre, rows)
        return (part * h) @ part.T, part @ h
