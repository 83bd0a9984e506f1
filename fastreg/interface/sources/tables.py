"""Tables of numbers whose rows are read in order, by way of Arrow: Parquet, IPC, CSV, readers, iterators of frames."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from fastreg.interface.scalars import ParameterError, listed
from fastreg.interface.sources.exact import Refused, copy_exactly, storable

Batches = Callable[[list[str], int, Callable[[int, int], bool]], Iterable[tuple[int, Any]]]


class Chosen(NamedTuple):
    """Which columns of a table are read: those named, or all but those that are to be left out."""

    columns: Any = None
    drop: Any = None

    @property
    def option(self):
        """The option that chooses; None if none does."""
        return "columns" if self.columns is not None else None if self.drop is None else "drop"

    def of(self, schema):
        """The names of the columns to read. Raises for what is repeated, unknown or no number."""
        if self.columns is not None and self.drop is not None:
            raise ParameterError("columns= and drop= both choose columns; give one of them")
        own, named = list(schema.names), self.drop if self.columns is None else self.columns
        if named is not None and (isinstance(named, (str, bytes)) or not np.iterable(named)):
            raise ParameterError(f"{self.option} must be a list of names of columns, got {named!r}")
        named = [] if named is None else [str(name) for name in named]
        if unknown := [name for name in named if name not in own]:
            raise ParameterError(f"{self.option} names {listed(unknown)}, which the source lacks; it has {listed(own)}")
        names = [name for name in own if name not in named] if self.columns is None else named
        if not names:
            raise ParameterError("the source has no columns to read; at least 1 is needed")
        counts = Counter(own)
        if repeated := [name for name, count in Counter(names).items() if count > 1 or counts[name] > 1]:
            raise ParameterError(f"{listed(repeated)} names several columns; give columns names that differ")
        words = [name for name in names if _dtype_of(schema.field(name)) is None]
        if words:
            also = f" (and so {'are' if len(words) > 2 else 'is'} {listed(words[1:])})" if words[1:] else ""
            raise Refused(
                f"column {words[0]!r} of the source is of type {schema.field(words[0]).type}, not of numbers{also}; "
                "leave out by drop= what is no number, or encode it first"
            )
        return names


ALL = Chosen()


class TableSource:
    """Columns of numbers, read by blocks of rows.

    `schema` is Arrow's; `batches(columns, rows, needed)` yields (its first row, a RecordBatch) in order, of some `rows`
    each, and may leave out those with `needed(first row, stop)` False; `n` is the number of rows where that is known
    beforehand. Where columns are stored apart, `apart` of them are read at once.
    """

    def __init__(self, schema, batches: Batches, n=None, dtype=None, chosen=ALL, files=(), named=True, apart=None):
        self.columns = chosen.of(schema)
        self.names = self.columns if named else None
        found = [_dtype_of(schema.field(name)) for name in self.columns]
        own = storable(np.result_type(*set(found))) if dtype is None else dtype
        self.shape, self.dtype, self._batches, self._files = (n, len(self.columns)), own, batches, list(files)
        self._apart = apart or len(self.columns)

    def files(self):
        """The files that hold the values, as far as they are known."""
        return self._files

    def blocks(self, size, wanted=lambda number: True) -> Iterator[tuple[int, int, int, np.ndarray]]:
        """(number, first row, first column, values in Fortran order) of each block of rows that is wanted.

        The array of values is overwritten by the next. Raises Refused for a value that the type cannot hold, and where
        there are other than the n rows that were told of.
        """
        n, p = self.shape
        width, done = min(self._apart, p), 0
        k = max(size // (width * self.dtype.itemsize), 1)
        k = k if n is None else min(k, n)
        buffer = np.empty((k, width), self.dtype, order="F")
        for left in range(0, p, width):
            names = self.columns[left : left + width]
            for number, row, values in self._of_columns(names, left, buffer, lambda at, done=done: wanted(done + at)):
                yield done + number, row, left, values
            done += -(-(n or 0) // k)

    def _of_columns(self, names, left, buffer, wanted):
        """(number, first row, values) of each block of rows of some columns that is wanted."""
        (n, _), k, stop = self.shape, buffer.shape[0], 0

        def needed(first, stop):
            return any(wanted(number) for number in range(first // k, (stop - 1) // k + 1))

        buffer = buffer[:, : len(names)]
        for first, batch in self._batches(names, k, needed):
            taken, stop = 0, first + batch.num_rows
            while taken < batch.num_rows:
                number, inside = divmod(first + taken, k)
                rows = min(batch.num_rows - taken, k - inside)
                if wanted(number):
                    self._copy(batch.slice(taken, rows), names, left, buffer[inside : inside + rows], first + taken)
                    if inside + rows == k:
                        yield number, number * k, buffer
                taken += rows
        if stop % k and wanted(stop // k):
            yield stop // k, stop - stop % k, buffer[: stop % k]
        if n is not None and stop != n and wanted((n - 1) // k):
            raise Refused(f"the source has changed while it was being read: it had {n:,} rows, and {stop:,} came")

    def _copy(self, batch, names, left, out, row):
        for j, name in enumerate(names):
            values = _values(batch.column(batch.schema.get_field_index(name)))
            copy_exactly(values, out[:, j], lambda at, j=j, name=name: f"source[{row + at[0]}, {left + j}] ({name!r})")


def _dtype_of(field):
    """NumPy's type for a column of Arrow's numbers; None for anything else."""
    from pyarrow import types

    kind = field.type
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return np.dtype(kind.to_pandas_dtype())
    return np.dtype(np.float64) if types.is_decimal(kind) or types.is_null(kind) else None


def _values(column):
    """A column of Arrow's numbers as NumPy's, with NaN for missing values."""
    import pyarrow

    kind = pyarrow.types
    if kind.is_decimal(column.type) or kind.is_null(column.type):
        column = column.cast(pyarrow.float64())
    elif column.null_count and kind.is_boolean(column.type):
        column = column.cast(pyarrow.int8())
    return column.to_numpy(zero_copy_only=False)
