"""The columns of a data frame as the factors of a formula: by name, with categories and missing values as rules say."""

import difflib
from typing import Any

import numpy as np

from fastreg.interface.encoding import ABSENT, ORDERED, Sheet
from fastreg.interface.formula_columns import Labels, numbers_from
from fastreg.interface.formula_expressions import Expression
from fastreg.interface.frames import frame_view, is_numeric, labels_of, numbers_of
from fastreg.interface.scalars import ParameterError, listed

PLAIN, CATEGORY = "plain", "category"  # how an expression uses a column: as it is, or in C(...)


class Frame:
    """The columns of a data frame by name."""

    def __init__(self, data, name="data"):
        if data is None:
            raise ParameterError(
                "a formula is about a data frame: pass it by name, as data= (for X in a file pass fastreg.open(path))"
            )
        labels, self.sheets = labels_of(data), dict[str, Sheet]()
        view = None if labels is None else frame_view(data, labels)
        if view is None:
            raise ParameterError(
                f"a formula is about a data frame of pandas, polars or pyarrow; {name} is a {type(data).__name__}"
            )
        if not len(view):
            raise ValueError(f"{name} has no rows")
        self.view, self.names, self.name, self.n = view, [str(label) for label in labels], name, len(view)

    def place(self, column, text):
        """The place of a column that an expression names. Raises a ParameterError where there is none, or several."""
        if self.names.count(column) == 1:
            return self.names.index(column)
        where = f"{column!r}," if text in (column, f"`{column}`") else f"{column!r}, in {text!r},"
        if column in self.names:
            raise ParameterError(f"the formula names {where} and several columns of {self.name} are called so")
        near = difflib.get_close_matches(column, self.names, n=1)
        raise ParameterError(
            f"the formula names {where} but {self.name} has no such column; it has "
            f"{listed(self.names)}{f'. Did you mean {near[0]!r}?' if near else ''}"
        )

    def only(self, column, text):
        """One column as a frame whose categories are coded once."""
        if column not in self.sheets:
            own = self.view.columns[self.place(column, text)]
            self.sheets[column] = Sheet(self.view.select(own).rename({own: column}).to_native())
        return self.sheets[column]

    def series(self, column, text):
        return self.view[self.view.columns[self.place(column, text)]]

    def absent(self, column, text):
        """Whether each value of a column is missing."""
        series = self.series(column, text)
        if is_numeric(series.dtype):
            return np.isnan(numbers_of(self.name, series, self.place(column, text), column))
        return series.is_null().to_numpy()

    def row_values(self, text):
        """The value of an expression for each row, as an array: numbers, or labels as they are."""

        def lookup(column):
            series = self.series(column, text)
            if is_numeric(series.dtype):
                return numbers_of(self.name, series, self.place(column, text), column)
            out = np.empty(len(series), dtype=object)
            out[:] = series.to_list()
            return out

        value = np.asarray(Expression(text).value(lookup, {}))
        return np.full(self.n, value) if value.ndim == 0 else value


class Variables:
    """Columns of a frame as the fit reads them."""

    def __init__(self, frame, encodings, unseen):
        self.frame, self.encodings, self.unseen, self.cache = frame, encodings, unseen, dict[Any, Any]()

    def read(self, column, role, text):
        """(values or Labels, the marks of missing values or None)."""
        key = column, role
        if key not in self.cache:
            encoding = self.encodings[key]
            self.cache[key] = self._read(encoding, encoding.read(self.frame.only(column, text)))
        return self.cache[key]

    def marks(self, column, role):
        """1 where a number is missing, in a column of its own; None without such a column."""
        return self.read(column, role, column)[1]

    def _read(self, encoding, found):
        (column,) = encoding.columns
        if column.kind not in ORDERED:
            return found[:, 0], found[:, 1] if column.indicator else None
        codes, marks = found.codes[0], found.numbers[0] if column.indicator else None
        if column.kind == "step" or marks is None:
            return Labels(column.name, codes, column.levels, column.kind == "step", marks=marks), None
        codes = np.where(marks > 0.0, np.int32(len(column.levels)), codes)
        return Labels(column.name, codes, (*column.levels, ABSENT)), None

    def factor(self, text, levels, state):
        """A factor of a term: Numbers or Labels. `levels` of expressions that are categories are learnt, or kept."""
        expression, n = Expression(text), self.frame.n
        inner, reference = expression.category()
        column = expression.column(inner)
        if column is not None:
            value, _ = self.read(column, PLAIN if inner is None else CATEGORY, text)
            if not isinstance(value, Labels):
                return numbers_from(column, value, n)
            return value if reference is None else _without(value, reference, text)

        def lookup(name):
            value, _ = self.read(name, PLAIN, text)
            if not isinstance(value, Labels):
                return value
            categories.append(name)
            return np.array([*value.levels, None], dtype=object)[value.codes]

        categories: list[str] = []
        try:
            value = expression.value(lookup, state, inner)
        except ParameterError as error:
            if not categories:
                raise
            raise ParameterError(f"{error}; {categories[0]!r} is a category, which can be compared alone") from None
        if inner is None:
            return numbers_from(text, value, n)
        found = self._coded(text, np.broadcast_to(value, (n,)), levels)
        return found if reference is None else _without(found, reference, text)

    def _coded(self, text, values, levels):
        seen, codes = np.unique(values, return_inverse=True)
        known = levels.setdefault(text, tuple(seen.tolist()))
        table = np.array([known.index(each) if each in known else -1 for each in seen.tolist()], dtype=np.int32)
        if self.unseen == "error" and np.any(table < 0):
            strange = [each for each, k in zip(seen.tolist(), table) if k < 0]
            raise ValueError(
                f"{text!r} of the formula has {len(strange)} level{'s' * (len(strange) > 1)} that the fit did not see: "
                f"{listed(strange)}; fit with unseen='zero' to let such rows count as none of "
                "the levels"
            )
        return Labels(text, table[codes.ravel()], known)


def _without(labels, reference, text):
    """The category with the level that is left out."""
    if reference not in labels.levels:
        known = listed(labels.levels)
        raise ParameterError(f"{text!r} of the formula leaves out a level that there is not; there are {known}")
    return labels._replace(reference=labels.levels.index(reference))
