"""The features of a table: which are numbers, categories, dates or identifiers, by the rules of the functions."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fastreg.cli.cells import ISO_DATE, Column, Kind
from fastreg.cli.complaints import notation, quoted
from fastreg.cli.table_files import INSTALL
from fastreg.interface.encoding import Rules, learnt

FEW = 50  # rows below which values that all differ say nothing
CHANCE = 10.0  # whole numbers that would differ by chance with a probability below exp(-10) identify rows
IDENTIFIER = re.compile(r"(.*[\W_])?(id|ids|uuid|guid|rowid)|index|row(_?names?)?|unnamed: 0", re.IGNORECASE)
CAMEL = re.compile(r".*[a-z](Id|ID)")


@dataclass(frozen=True)
class Reading:
    """What the command line says about features; fastreg.fit_path explains the words."""

    text: bool = False  # whether columns of text are categories
    categorical: tuple[str, ...] = ()  # columns that are, whatever they hold
    ordered: dict[str, tuple[str, ...]] = field(default_factory=dict)  # levels in order, by column
    stepped: bool = False  # whether columns of an ordered type are coded by steps
    dates: str | None = None  # "days", or the form in which dates are written
    missing: str = "error"
    missing_of: dict[str, str] = field(default_factory=dict)  # of single columns
    unseen: str = "error"
    keep: tuple[str, ...] = ()  # identifiers that are features all the same

    def with_formula(self, asked):
        """The same for the columns of a formula, which names them."""
        categorical, keep = (*self.categorical, *asked.categories), (*self.keep, *asked.named)
        return replace(self, text=True, categorical=categorical, keep=keep)

    def named(self):
        """The columns that are named as categories."""
        return {*self.ordered, *self.categorical}

    def names_by_option(self):
        """The columns that an option names."""
        named = (self.categorical, self.ordered, self.missing_of, self.keep)
        return dict(zip(("--categorical", "--ordered", "--missing", "--keep"), named))

    def column(self, name, dialect):
        """A Column to read a feature into."""
        takes = "labels" if name in self.named() else "either"
        return Column(name, None, dialect, takes=takes, dates=self.dates or ISO_DATE)

    def missing_in(self, name):
        return self.missing_of.get(name, self.missing)

    def takes_text(self, columns):
        """The names of columns of text or dates that are features as they are."""
        return [column.name for column in columns if column.is_text and self._takes(column)]

    def _takes(self, column):
        if column.takes == "labels":
            return True
        if column.is_dated:
            return self.dates is not None
        return self.text and not notation(column.first[Kind.TEXT][1], column.comma)

    def may_lack(self, columns):
        """The names of columns that may have missing values."""
        words = {True: ("level", "mean", "drop"), False: ("mean", "drop")}
        coded = {column.name: column.is_text and not column.is_dated for column in columns}
        return [name for name, is_category in coded.items() if self.missing_in(name) in words[is_category]]


@dataclass
class Features:
    """Columns of features: X, an array or a pyarrow table; their names; the options of functions that go with X.

    With a `formula` about X functions take that in the place of X, which is then among the options.
    """

    X: Any
    names: list[str]
    options: dict[str, Any]
    about: str  # how many there are
    formula: str | None = None
    kernels: str = "dense"  # the kind of X that a fit of it compiles kernels for: dense, sparse or coded
    stored: Any = None  # what fastreg.open returned, of X in a file

    @property
    def argument(self):
        """The first argument of a function that fits."""
        return self.X if self.formula is None else self.formula


def identifiers(columns, reading):
    """(the columns that identify rows, and are to be left out; a note about each)."""
    wanted, found, notes = reading.named() | {*reading.keep}, [], []
    for column in columns:
        why = None if column.name in wanted else _identifies(column)
        if why is not None:
            found.append(column)
            notes.append(
                f"column {column.name!r} is left out as an identifier ({why}); --keep {quoted([column.name])} keeps it"
            )
    return found, notes


def _identifies(column):
    """Why a column is taken as an identifier, or None."""
    named = IDENTIFIER.fullmatch(column.name) or CAMEL.fullmatch(column.name)
    if column.wrong() is not None or column.is_dated or column.missing == column.rows:
        return None
    if column.is_text:
        codes, levels = column.coded()
        differ = len(levels) == codes.size - column.missing
    else:
        values = column.numbers()
        if not whole_numbers(values[~np.isnan(values)]):
            return None
        differ = column.rows >= FEW and _differ_on_purpose(values)
    if differ and column.rows >= FEW and not column.missing:
        return "it differs in every row"
    return "by its name" if named else None


def _differ_on_purpose(values):
    """Whether whole numbers differ in all rows, and so many drawn from their range would hardly do so by chance."""
    n, span = values.size, float(np.ptp(values)) + 1.0
    if n * n < 2.0 * CHANCE * span or np.unique(values[: 10 * FEW]).size < min(n, 10 * FEW):
        return False
    return np.unique(values).size == n


def whole_numbers(values):
    return bool(np.all(values == np.round(values)))


def complete_rows(columns, reading):
    """(n,) bool: whether a row lacks no value of a column whose rule is to drop such rows."""
    keep = np.ones(columns[0].rows, dtype=bool)
    for column in columns:
        if reading.missing_in(column.name) == "drop" and column.missing:
            keep &= column.coded()[0] >= 0 if column.is_text else ~np.isnan(column.numbers())
    return keep


def features_of(columns, reading, rows=None, formula=None):
    """Features of columns that have been read; of some rows, given by their numbers."""
    names = [column.name for column in columns]
    categories = [column for column in columns if column.is_text and not column.is_dated]
    dates = [column for column in columns if column.is_dated]
    gaps = any(column.missing for column in columns)
    if not categories and not dates and not gaps and formula is None:
        return Features(matrix_of(columns), names, {"feature_names": names}, _counted(names, "feature"))
    stepped = [column for column in categories if _is_stepped(column, reading)]
    options = {
        "missing": {name: reading.missing_in(name) for name in names}, "unseen": reading.unseen,
        "dates": "days" if dates else "error", "ordered": "step" if stepped else "one-hot",
    }  # fmt: skip
    about = _counted(names, "feature") if formula is None else f"{_counted(names, 'column')} in the formula"
    X = _frame(columns, reading, rows)
    if categories:
        levels = sum(len(X[column.name].unique().drop_null()) for column in categories)
        about += f" ({len(categories):,} of them categor{'ies' if len(categories) > 1 else 'y'} with {levels:,} levels)"
    if formula is not None:
        options["data"] = X
    return Features(X, names, options, about, formula, "coded" if categories else "dense")


def _counted(names, what):
    return f"{len(names):,} {what}{'s' * (len(names) != 1)}"


def _is_stepped(column, reading):
    return column.name in reading.ordered or (reading.stepped and column.is_stepped)


def matrix_of(columns):
    """Columns as one Fortran-ordered array, which fits use without a copy; the Columns are emptied."""
    X = np.empty((columns[0].rows, len(columns)), order="F")
    for j, column in enumerate(columns):
        np.concatenate(column.parts, out=X[:, j])
        column.parts.clear()
    return X


def _frame(columns, reading, rows):
    """Columns as a pyarrow table: categories as dictionaries, dates as timestamps."""
    pyarrow = pyarrow_module()
    chosen, arrays = slice(None) if rows is None else rows, []
    for column in columns:
        if not column.is_text:
            arrays.append(pyarrow.array(as_whole(column.numbers()[chosen])))
        elif column.is_dated:
            arrays.append(pyarrow.array(column.days()[chosen]))
        else:
            codes, levels = _in_order(column, reading)
            coded, ordered = codes[chosen], _is_stepped(column, reading)
            indices = pyarrow.array(coded, mask=coded < 0)
            arrays.append(pyarrow.DictionaryArray.from_arrays(indices, pyarrow.array(levels), ordered=ordered))
        column.parts.clear()
    return pyarrow.Table.from_arrays(arrays, names=[column.name for column in columns])


def as_whole(values):
    """Numbers as int64 where all are whole, since formulas may make levels of them."""
    whole = whole_numbers(values) and np.abs(values).max(initial=0.0) < 2.0**53
    return values.astype(np.int64) if whole else values


def _in_order(column, reading):
    """(codes, levels) of a category, its levels in the order that --ordered names."""
    codes, levels = column.coded()
    order = list(reading.ordered.get(column.name, ()))
    if not order:
        return codes, levels
    table = np.array([order.index(level) for level in levels] + [-1], dtype=np.int32)
    return table[codes], order


def encoding_of(features):
    """The encoding that a fit of Features will have; None where they are an array, or in a file."""
    rules = Rules.of(features.options)
    if features.formula is not None:
        from fastreg.interface.formula import formulated

        return formulated(features.formula, features.X, rules, {}, "y", True)[1]
    return None if features.stored is not None or isinstance(features.X, np.ndarray) else learnt(features.X, rules)


def pyarrow_module():
    """pyarrow, or a ValueError that says how to install it."""
    try:
        import pyarrow
    except ModuleNotFoundError:
        needs = "categories, dates and missing values need pyarrow"
        raise ValueError(f"{needs}: {INSTALL} (or leave such columns out with --drop)") from None
    except ImportError as error:
        raise ValueError(f"pyarrow cannot be used here ({error}); leave out categories, dates and gaps") from None
    return pyarrow
