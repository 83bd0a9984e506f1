"""Columns of a data frame as columns of X: numbers, levels of categories, days; decided on the rows of a fit, and kept.

`learnt` reads a frame and decides; the `Encoding` that it returns reads this and any other frame in the same way.
"""

import datetime
from typing import Any, NamedTuple

import numpy as np

from fastreg.interface.frames import CodedTable, frame_view, labels_of, numbers_of, rows_of, table_of
from fastreg.interface.scalars import ParameterError, check_option

MISSING, UNSEEN, ORDERED = ("error", "level", "mean", "drop"), ("error", "zero"), ("one-hot", "step")
EPOCH = datetime.datetime(1970, 1, 1)
LISTED = 6  # levels named in a message
ABSENT = "missing"  # what the level, or the indicator, of missing values is called


class Rules(NamedTuple):
    """What a user chose about the columns of a frame."""

    categories: Any = None  # None, "text", or names of columns
    dates: str = "error"  # or "days"
    ordered: str = "one-hot"  # or "step"
    missing: Any = "error"  # a word, or words by the names of columns
    unseen: str = "error"  # or "zero"

    def checked(self):
        """The same, or a ParameterError."""
        check_option("dates", self.dates, ("error", "days"))
        check_option("ordered", self.ordered, ORDERED)
        check_option("unseen", self.unseen, UNSEEN)
        for word in self.missing.values() if isinstance(self.missing, dict) else [self.missing]:
            check_option("missing", word, MISSING)
        if isinstance(self.categories, str) and self.categories != "text":
            raise ParameterError(
                f"categories must be None, 'text' or a list of names of columns, got {self.categories!r}; "
                f"pass [{self.categories!r}] for the column of that name"
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
                    raise ParameterError(f"{option} names {name!r}, but X has no such column; it has {_listed(names)}")


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


class Encoding(NamedTuple):
    """How a frame is read: its columns in order, and whether levels that the fit did not see are 0 in all columns."""

    columns: tuple[Column, ...]
    unseen: str = "error"

    def names(self):
        """The names of the columns of X."""
        return [name for column in self.columns for name in column.names()]

    def kept(self, X):
        """Whether each row of a frame is kept: False where a column drops rows of missing values and has one."""
        labels = labels_of(X)
        series, keep = dict(zip(map(str, labels), frame_view(X, labels).iter_columns())), np.ones(len(X), dtype=bool)
        for column in self.columns:
            if column.missing == "drop":
                keep &= ~_absent(column, series[column.name])
        return keep

    def read(self, X):
        """A frame as a CodedTable, or as a float64 array (n, p) where no column is a category.

        Columns are found by name. Raises ValueError with the column and the first row of a value that is missing or a
        level that the fit did not see.
        """
        labels = labels_of(X)
        places, view = {str(label): j for j, label in enumerate(labels)}, frame_view(X, labels)
        if lacking := [column.name for column in self.columns if column.name not in places]:
            raise ValueError(f"X lacks {len(lacking)} of the columns of the fit: {_listed(lacking)}")
        series = list(view.iter_columns())
        numbers: list[np.ndarray] = []
        codes: list[np.ndarray] = []
        units: list[tuple[int, int]] = []
        sizes: list[int] = []
        stepped: list[bool] = []
        for column in self.columns:
            j = places[column.name]
            if column.kind in ORDERED:
                units += [(len(sizes), k) for k in range(column.kind == "step", len(column.levels))]
                absent = _absent(column, series[j])
                codes.append(self._codes(column, series[j], absent))
                sizes.append(len(column.levels))
                stepped.append(column.kind == "step")
            else:
                values = _values(column.kind, series[j], j, labels[j])
                absent = np.isnan(values)
                units.append((-1, len(numbers)))
                numbers.append(np.where(absent, column.fill, values))
            if column.indicator:
                units.append((-1, len(numbers)))
                numbers.append(absent.astype(np.float64))
            elif absent.any() and (column.kind not in ORDERED or self.unseen == "error"):
                _refuse_absent(column, absent)
        n = len(view)
        dense = np.array(numbers, dtype=np.float64).reshape(len(numbers), n)
        if not sizes:
            return dense.T
        factor, place = zip(*units)
        return CodedTable(dense, np.array(codes, dtype=np.int32), sizes, stepped, list(factor), list(place))

    def _codes(self, column, series, absent):
        """The level of each row, -1 where it has none."""
        found, levels = coded(series)
        known = {level: k for k, level in enumerate(column.levels)}
        table = np.array([known.get(level, -1) for level in levels] + [-1], dtype=np.int32)
        codes = table[found]
        if self.unseen == "error" and np.any(strange := (codes < 0) & ~absent):
            unseen = [levels[k] for k in np.unique(found[strange])]
            raise ValueError(
                f"column {column.name!r} of X has {len(unseen)} level{'s' * (len(unseen) > 1)} that the fit did not "
                f"see: {_listed(unseen)}, first in row {np.flatnonzero(strange)[0]}; fit with unseen='zero' to let "
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
    rules, labels = rules.checked(), labels_of(X)
    names = [str(label) for label in labels]
    rules.refuse_unknown(names)
    view = frame_view(X, labels)
    if view is None or not len(view):  # refused where arrays are
        return None
    columns: list[Column] = []
    series_of = list(view.iter_columns())
    kinds = [_kind(name, series, j, rules) for j, (name, series) in enumerate(zip(names, series_of))]
    if {*kinds} <= {"number"} and all(rules.missing_in(name) == "error" for name in names):
        return None
    for j, (name, series, kind) in enumerate(zip(names, series_of, kinds)):
        column = Column(name, kind, rules.missing_in(name))
        columns.append(_with_levels(column, series) if kind in ORDERED else _with_fill(column, series, j, labels[j]))
    return Encoding(tuple(columns), rules.unseen)


def encoded(X, rules, of_rows):
    """(X, its Encoding, `of_rows`): a frame that needs one as `Encoding.read` returns it; anything else as it is.

    Where rows are dropped, those of the vectors and matrices in the dict `of_rows` are dropped with them.
    """
    encoding = None if labels_of(X) is None else learnt(X, rules)
    if encoding is None:
        if labels_of(X) is None and rules.checked() != Rules():
            raise ParameterError("categories, dates, ordered, missing and unseen are about data frames; X is none")
        return X, None, of_rows
    keep = encoding.kept(X)
    if not keep.all():
        rows = np.flatnonzero(keep)
        if not rows.size:
            raise ValueError("X has no row without missing values, so missing='drop' leaves none; choose 'mean'")
        kept = {name: _rows_of(name, values, rows, len(keep)) for name, values in of_rows.items()}
        X, of_rows = rows_of(table_of(X), rows), kept
    return encoding.read(X), encoding, of_rows


def _rows_of(name, values, rows, n):
    """Some rows of a vector or matrix of n rows; anything without rows as it is."""
    if values is None or np.ndim(values) == 0:
        return values
    if len(values) != n:
        raise ValueError(f"{name} has {len(values)} values, but X has {n} rows: inconsistent numbers of samples")
    return rows_of(values, rows)


def _kind(name, series, j, rules):
    """How column j is read: by its type, and what the user chose."""
    import narwhals as nw

    dtype = series.dtype
    if dtype in (nw.Categorical, nw.Enum) or name in rules.named():
        return "step" if rules.ordered == "step" and nw.is_ordered_categorical(series) else "one-hot"
    if dtype == nw.String and rules.categories == "text":
        return "one-hot"
    if dtype.is_temporal() and rules.dates == "days":
        return "days"
    if dtype == nw.String or dtype.is_temporal():
        i = int(np.argmin(series.is_null().to_numpy()))
        advice = "dates='days', for numbers of days"
        if dtype == nw.String:
            advice = f"categories='text', for all columns of text, or categories=[{name!r}]"
        value = series.to_list()[i]
        raise ValueError(
            f"X must be numeric; X[{i}, {j}] ({name!r}) is {value!r}; leave that column out, or pass {advice}"
        )
    return "number"


def _with_levels(column, series):
    """A category with the levels of these rows, in the order of its type, or else sorted."""
    found, levels = coded(series)
    seen = [levels[k] for k in np.unique(found[found >= 0])]
    if not seen:
        raise ValueError(f"column {column.name!r} of X has no value in any row; leave it out")
    absent = bool((found < 0).any())
    if absent and column.missing == "error":
        _refuse_absent(column, found < 0)
    return column._replace(levels=tuple(seen), indicator=absent and column.missing in ("level", "mean"))


def _with_fill(column, series, j, label):
    """A number with the mean of these rows, where missing values take it."""
    absent = np.isnan(values := _values(column.kind, series, j, label))
    if not absent.any() or column.missing == "drop":
        return column
    if column.missing == "error" or column.missing == "level":
        _refuse_absent(column, absent)
    if absent.all():
        raise ValueError(f"column {column.name!r} of X has no value in any row; leave it out")
    return column._replace(fill=float(values[~absent].mean()), indicator=True)


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


def _values(kind, series, j, label):
    """A column of numbers, or of days since 1970, as float64 with NaN for missing values."""
    if kind == "number":
        return numbers_of("X", series, j, label)
    return np.array([np.nan if value is None or value != value else _days(value) for value in series.to_list()])


def _days(value):
    """A date, a time or a duration in days."""
    if isinstance(value, datetime.timedelta):
        return value / datetime.timedelta(days=1)
    if isinstance(value, datetime.datetime):
        epoch = EPOCH if value.tzinfo is None else EPOCH.replace(tzinfo=datetime.UTC)
        return (value - epoch) / datetime.timedelta(days=1)
    if isinstance(value, datetime.time):
        return (value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6) / 86400
    return float((value - EPOCH.date()).days)


def coded(series):
    """(the code of each row, -1 where it is missing; the values that codes stand for, in order)."""
    native = series.to_native()
    if hasattr(native, "cat") and hasattr(native.cat, "codes"):  # pandas keeps codes
        return native.cat.codes.to_numpy().astype(np.int64), native.cat.categories.tolist()
    import narwhals as nw

    values, absent = series.to_list(), series.is_null().to_numpy()
    if isinstance(series.dtype, nw.Enum):
        levels = list(series.dtype.categories)
    else:
        levels = list(dict.fromkeys(value for value, missing in zip(values, absent) if not missing and value == value))
        try:
            levels.sort()
        except TypeError:
            levels.sort(key=str)
    known = {level: k for k, level in enumerate(levels)}
    return np.fromiter((known.get(value, -1) for value in values), dtype=np.int64, count=len(values)), levels


def _absent(column, series):
    """Whether each value of a column is missing."""
    if column.kind in ORDERED:
        return coded(series)[0] < 0
    return np.isnan(_values(column.kind, series, 0, column.name))


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


def _listed(names):
    """Names for a message: the first few, and how many more there are."""
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(map(repr, list(names)[:LISTED])) + more
