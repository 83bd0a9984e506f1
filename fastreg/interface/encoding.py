"""Columns of a data frame as columns of X: numbers, levels of categories, days; decided on the rows of a fit, and kept.

`learnt` reads a frame and decides; the `Encoding` that it returns reads this and any other frame in the same way.
"""

import datetime
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.frames import NUMBERS, CodedTable, frame_view, labels_of, numbers_of, rows_of
from fastreg.interface.levels import coded, days, is_date
from fastreg.interface.scalars import ParameterError, check_option, listed

MISSING, UNSEEN, ORDERED = ("error", "level", "mean", "drop"), ("error", "zero"), ("one-hot", "step")
ABSENT = "missing"  # what the level, or the indicator, of missing values is called


class Rules(NamedTuple):
    """What a user chose about the columns of a frame."""

    categories: Any = None  # None, "text", or names of columns
    dates: str = "error"  # or "days"
    ordered: str = "one-hot"  # or "step"
    missing: Any = "error"  # a word, or words by the names of columns
    unseen: str = "error"  # or "zero"

    @classmethod
    def of(cls, options):
        """Those of the options by name that are such a choice; the rest at their defaults."""
        chosen = {name: options[name] for name in cls._fields if name in options}
        names = chosen.get("categories")
        if isinstance(names, Iterable) and not isinstance(names, str):  # arrays would be compared entry by entry
            chosen["categories"] = tuple(map(str, names)) or None
        return cls(**chosen)

    @classmethod
    def given(cls, options):
        """Those of the options by name that are such a choice, and not the default."""
        chosen, defaults = cls.of(options)._asdict(), cls._field_defaults
        return {name: value for name, value in chosen.items() if value != defaults[name]}

    def checked(self):
        """The same, or a ParameterError."""
        check_option("dates", self.dates, ("error", "days"))
        check_option("ordered", self.ordered, ORDERED)
        check_option("unseen", self.unseen, UNSEEN)
        for word in self.missing.values() if isinstance(self.missing, dict) else [self.missing]:
            check_option("missing", word, MISSING)
        names = self.categories
        if not (names is None or names == "text" or (isinstance(names, Iterable) and not isinstance(names, str))):
            raise ParameterError(
                f"categories must be None, 'text' or a list of names of columns, got {names!r}; "
                f"pass [{names!r}] for the column of that name"
            )
        return self

    def named(self):
        """The columns that are named as categories."""
        return () if self.categories is None or self.categories == "text" else tuple(map(str, self.categories))

    def missing_in(self, name):
        return self.missing.get(name, "error") if isinstance(self.missing, dict) else self.missing

    def refuse_unknown(self, names):
        """Raise a ParameterError where a column is named that the frame lacks."""
        given = {"categories": self.named(), "missing": self.missing if isinstance(self.missing, dict) else ()}
        for option, chosen in given.items():
            for name in chosen:
                if name not in names:
                    raise ParameterError(f"{option} names {name!r}, but X has no such column; it has {listed(names)}")


class Column(NamedTuple):
    """How one column of a frame is read."""

    name: str
    kind: str  # "number", "days", "one-hot" or "step"
    missing: str  # what becomes of missing values, one of MISSING
    levels: tuple = ()  # of a category, in order
    fill: float = 0.0  # a number's mean, where missing values take it
    indicator: bool = False  # whether missing values have a column, or a level, of their own

    def names(self):
        """The names of its columns of X."""
        absent = [f"{self.name}[{ABSENT}]"] if self.indicator else []
        if self.kind in ORDERED:
            sign, levels = ("", self.levels) if self.kind == "one-hot" else (">=", self.levels[1:])
            return [f"{self.name}[{sign}{level}]" for level in levels] + absent
        return [self.name, *absent]


class Sheet:
    """A data frame's columns by name; each category is coded once."""

    def __init__(self, X):
        self.labels, self.codes = labels_of(X), dict[int, Any]()
        self.names, self.view = [str(label) for label in self.labels], frame_view(X, self.labels)
        self.series = [] if self.view is None else list(self.view.iter_columns())
        self.places = {name: j for j, name in enumerate(self.names)}

    def coded(self, j):
        """(codes, levels) of a column."""
        if j not in self.codes:
            self.codes[j] = coded(self.series[j])
        return self.codes[j]

    def values(self, j, kind):
        """A column of numbers, or of dates as days, as float64 with NaN for missing values."""
        return days(self.series[j]) if kind == "days" else numbers_of("X", self.series[j], j, self.labels[j])

    def absent(self, j, kind):
        """Whether each value of a column is missing."""
        return self.coded(j)[0] < 0 if kind in ORDERED else np.isnan(self.values(j, kind))

    def refuse_repeated(self, names):
        """Raise a ValueError where one of these names is that of several columns."""
        if len(self.places) < len(self.names):
            for name in names:
                if self.names.count(name) > 1:
                    raise ValueError(f"{name!r} names several columns of X; give columns names that differ")


class Encoding(NamedTuple):
    """How a frame is read: its columns in order, and whether levels that the fit did not see are 0 in all columns."""

    columns: tuple[Column, ...]
    unseen: str = "error"

    def names(self):
        """The names of the columns of X."""
        return [name for column in self.columns for name in column.names()]

    def names_with(self, given):
        """The names of the columns of X. Raises a ValueError where others are given."""
        names = self.names()
        if given is not None and list(given) != names:
            raise ValueError(
                f"feature_names are for X without categories, dates or gaps; the columns of this frame are called "
                f"{listed(names)}, after its own: leave feature_names out, or rename the columns of X"
            )
        return names

    def places(self):
        """The places in X of what each column of the frame stands for, by its name."""
        ends = np.cumsum([0, *(len(column.names()) for column in self.columns)]).tolist()
        return {column.name: list(range(*span)) for column, span in zip(self.columns, pairwise(ends))}

    def complete(self):
        """The places in X of the columns of each category that sum to one in every row."""
        places = self.places()
        return [places[column.name] for column in self.columns if column.kind == "one-hot"]

    def kept(self, X):
        """Whether each row of a frame is kept: False where a column drops rows of missing values and has one."""
        sheet = X if isinstance(X, Sheet) else Sheet(X)
        keep = np.ones(len(sheet.view), dtype=bool)
        for column in self.columns:
            if column.missing == "drop":
                keep &= ~sheet.absent(sheet.places[column.name], column.kind)
        return keep

    def read(self, X, rows=None):
        """A frame, or some of its rows, as a CodedTable, or as a float64 array (n, p) where no column is a category.

        Columns are found by name. Raises ValueError with the column and the first row of a value that is missing or a
        level that the fit did not see.
        """
        sheet = X if isinstance(X, Sheet) else Sheet(X)
        if lacking := [column.name for column in self.columns if column.name not in sheet.places]:
            raise ValueError(f"X lacks {len(lacking)} of the columns of the fit: {listed(lacking)}")
        sheet.refuse_repeated([column.name for column in self.columns])
        rows, n = (slice(None), len(sheet.view)) if rows is None else (rows, rows.size)
        categories = [column.kind in ORDERED for column in self.columns]
        codes = np.empty((sum(categories), n), dtype=np.int32)
        indicators = sum(column.indicator for column in self.columns)
        numbers, filled = np.empty((len(categories) - sum(categories) + indicators, n)), 0
        units: list[tuple[int, int]] = []
        sizes: list[int] = []
        stepped: list[bool] = []
        for column, is_category in zip(self.columns, categories):
            j = sheet.places[column.name]
            if is_category:
                absent = sheet.coded(j)[0][rows] < 0
                units += [(len(sizes), k) for k in range(column.kind == "step", len(column.levels))]
                codes[len(sizes)] = self._codes(column, sheet.coded(j), rows)
                sizes.append(len(column.levels))
                stepped.append(column.kind == "step")
            else:
                values = sheet.values(j, column.kind)[rows]
                absent = np.isnan(values)
                units.append((-1, filled))
                numbers[filled] = np.where(absent, column.fill, values)
                filled += 1
            if column.indicator:
                units.append((-1, filled))
                numbers[filled] = absent
                filled += 1
            elif absent.any() and (not is_category or self.unseen == "error"):
                _refuse_absent(column, absent)
        if not sizes:
            return numbers.T
        factor, place = zip(*units)
        return CodedTable(numbers, codes, sizes, stepped, list(factor), list(place))

    def _codes(self, column, coded_column, rows):
        """The level of each row, -1 where it has none."""
        found, levels = coded_column
        if tuple(levels) == column.levels:
            return found[rows]
        known = {level: k for k, level in enumerate(column.levels)}
        table = np.array([known.get(level, -1) for level in levels] + [-1], dtype=np.int32)
        codes = table[found[rows]]
        if self.unseen == "error" and np.any(strange := (codes < 0) & (found[rows] >= 0)):
            unseen = [levels[k] for k in np.unique(found[rows][strange])]
            raise ValueError(
                f"column {column.name!r} of X has {len(unseen)} level{'s' * (len(unseen) > 1)} that the fit did not "
                f"see: {listed(unseen)}, first in row {np.flatnonzero(strange)[0]}; fit with unseen='zero' to let "
                "such rows count as none of the levels, or drop them"
            )
        return codes

    def document(self):
        """Plain data for a file."""
        return {
            "unseen": self.unseen,
            "columns": [column._asdict() | {"levels": [_stored(level) for level in column.levels]}
                        for column in self.columns],
        }  # fmt: skip

    @classmethod
    def of_document(cls, stored):
        """The encoding that `document` described. Raises ValueError where it is damaged."""
        check_option("unseen", stored["unseen"], UNSEEN)
        columns = [
            Column(**each)._replace(levels=tuple(_restored(level) for level in each["levels"]))
            for each in stored["columns"]
        ]
        for column in columns:
            check_option("kind", column.kind, ("number", "days", *ORDERED))
            check_option("missing", column.missing, MISSING)
        return cls(tuple(columns), stored["unseen"])


def learnt(X, rules):
    """The Encoding of a frame by some `Rules`; None where all columns are numbers without missing values.

    Raises ValueError with the first column that no rule can read, or that has missing values and no rule for them.
    """
    sheet = X if isinstance(X, Sheet) else Sheet(X)
    rules.checked().refuse_unknown(sheet.names)
    if sheet.view is None or not len(sheet.view):  # refused where arrays are
        return None
    kinds = [_kind(name, series, j, rules) for j, (name, series) in enumerate(zip(sheet.names, sheet.series))]
    if {*kinds} <= {"number"} and all(rules.missing_in(name) == "error" for name in sheet.names):
        return None
    sheet.refuse_repeated(sheet.names)
    columns = [Column(name, kind, rules.missing_in(name)) for name, kind in zip(sheet.names, kinds)]
    keep = Encoding(tuple(columns)).kept(sheet)
    if not keep.any():
        raise ValueError("X has no row without missing values, so missing='drop' leaves none; choose 'mean'")
    rows = slice(None) if keep.all() else np.flatnonzero(keep)
    for j, column in enumerate(columns):
        columns[j] = (_with_levels if column.kind in ORDERED else _with_fill)(column, sheet, j, rows)
    encoding = Encoding(tuple(columns), rules.unseen)
    if repeated := [name for name, count in Counter(encoding.names()).items() if count > 1]:
        raise ValueError(f"several columns would be called {listed(repeated)}; rename a level, or a column of X")
    return encoding


def encoded(X, rules, of_rows):
    """(X, its Encoding, `of_rows`): a frame that needs one as `Encoding.read` returns it; anything else as it is.

    Where rows are dropped, which a DataWarning says, those of the vectors and matrices in the dict `of_rows` are
    dropped with them.
    """
    if labels_of(X) is None:
        if rules.checked() != Rules():
            raise ParameterError("categories, dates, ordered, missing and unseen are about data frames; X is none")
        return X, None, of_rows
    if rules.checked().missing == "error" and not rules.named() and _has_numbers_only(X):
        return X, None, of_rows
    sheet = Sheet(X)
    encoding = learnt(sheet, rules)
    if encoding is None:
        return X, None, of_rows
    keep = encoding.kept(sheet)
    if keep.all():
        return encoding.read(sheet), encoding, of_rows
    rows, lost = np.flatnonzero(keep), np.flatnonzero(~keep)
    of_rows = {name: rows_chosen(name, values, rows, keep.size) for name, values in of_rows.items()}
    check.warn(
        f"missing='drop' leaves out {lost.size:,} of the {keep.size:,} rows of X, with their values in y, weights, "
        f"offset and groups; the first is row {lost[0]}",
        check.DataWarning,
        topic="dropped rows",
    )
    return encoding.read(sheet, rows), encoding, of_rows


def _has_numbers_only(X):
    """Whether all columns of a pandas frame are numbers or truth values, told at once: there may be thousands."""
    dtypes = set(X.dtypes) if hasattr(X, "iloc") else {None}
    return all(getattr(dtype, "kind", "O") in NUMBERS for dtype in dtypes)


def rows_chosen(name, values, rows, n, where="X"):
    """Some rows of a vector or matrix of the n rows of `where`; anything without rows as it is."""
    if values is None or np.ndim(values) == 0:
        return values
    if len(values) != n:
        raise ValueError(f"{name} has {len(values)} values, but {where} has {n} rows: inconsistent numbers of samples")
    return rows_of(values, rows)


def _kind(name, series, j, rules):
    """How column j is read: by its type, and what the user chose."""
    import narwhals as nw

    dtype = series.dtype
    if dtype in (nw.Categorical, nw.Enum) or name in rules.named():
        return "step" if rules.ordered == "step" and nw.is_ordered_categorical(series) else "one-hot"
    if dtype == nw.String and rules.categories == "text":
        return "one-hot"
    dated = dtype.is_temporal() or (dtype == nw.Object and is_date(_first(series)[1]))
    if dated and rules.dates == "days":
        return "days"
    if dtype == nw.String or dated:
        advice = "dates='days', for numbers of days"
        if dtype == nw.String:
            advice = f"categories='text', for all columns of text, or categories=[{name!r}]"
        i, value = _first(series)
        raise ValueError(
            f"X must be numeric; X[{i}, {j}] ({name!r}) is {value!r}; leave that column out, or pass {advice}"
        )
    return "number"


def _first(series):
    """(row, value) of the first value that is not missing; (0, None) where all are."""
    there = series.drop_nulls()
    return (int(np.argmin(series.is_null().to_numpy())), there.to_list()[0]) if len(there) else (0, None)


def _with_levels(column, sheet, j, rows):
    """A category with the levels that some rows have, in the order of its type, or else sorted."""
    found, levels = sheet.coded(j)
    codes = found[rows]
    absent = bool((codes < 0).any())
    if absent and column.missing == "error":
        _refuse_absent(column, found < 0)
    if isinstance(rows, np.ndarray):  # some levels may be those of other rows alone
        levels = [levels[k] for k in np.unique(codes) if k >= 0]
    if not levels:
        raise ValueError(f"column {column.name!r} of X has no value in any row; leave it out")
    return column._replace(levels=tuple(levels), indicator=absent and column.missing in ("level", "mean"))


def _with_fill(column, sheet, j, rows):
    """A number with the mean over some rows, where missing values take it."""
    values = sheet.values(j, column.kind)
    some = values[rows]
    there = ~np.isnan(some)
    if there.all():
        return column
    if column.missing != "mean":
        _refuse_absent(column, np.isnan(values))
    if not there.any():
        raise ValueError(f"column {column.name!r} of X has no value in any row; leave it out")
    return column._replace(fill=float(some[there].mean()), indicator=True)


def _refuse_absent(column, absent):
    """Raise a ValueError for the first missing value of a column."""
    category, n = column.kind in ORDERED, int(absent.sum())
    place = f"column {column.name!r} of X lacks {n} value{'s' * (n > 1)}, first in row {np.flatnonzero(absent)[0]}"
    if column.missing == "drop":
        raise ValueError(f"{place}, and the fit left out such rows; leave them out here, too")
    words = "'level' makes them a level, 'drop' leaves such rows out"
    if not category:
        words = "'mean' puts the mean in their place and adds a column that marks them, 'drop' leaves such rows out"
    raise ValueError(f"{place}, and the fit has no rule for them; choose one by missing= of the fit: {words}")


def _stored(level):
    """A level as [its kind, plain data]."""
    if isinstance(level, datetime.datetime):
        return ["datetime", level.isoformat()]
    if isinstance(level, datetime.date):
        return ["date", level.isoformat()]
    if not isinstance(level, str | bool | int | float):
        raise ValueError(f"a level is {level!r}, which a file cannot hold; make it text")
    return [type(level).__name__, level]


def _restored(stored):
    kind, value = stored
    dates = {"datetime": datetime.datetime, "date": datetime.date}
    if kind in dates:
        return dates[kind].fromisoformat(value)
    return {"str": str, "bool": bool, "int": int, "float": float}[kind](value)
