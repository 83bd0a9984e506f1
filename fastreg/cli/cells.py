"""Columns of a table: cells, as text or in the types of Parquet, become numbers, labels or dates.

Each different cell is looked at once. What is wrong is counted and its first row kept, for `fastreg.cli.complaints`.
"""

import datetime
import re
from enum import IntEnum
from numbers import Number

import numpy as np

from fastreg.interface.levels import is_date, of_dictionary
from fastreg.interface.validation import LARGEST

MISSING = {"", "na", "n/a", "nan", "null", "-", ".", "?", "#n/a"}  # cells without a value
NONE = {"none", "nil"}  # the same among numbers and dates; a label among text
TRUTHS = {"true": 1.0, "false": 0.0}
WORDY = 5  # letters of the longest of these words
LETTERS = frozenset("abcdefghjklmopqrstuvwxyzABCDEFGHJKLMOPQRSTUVWXYZ")  # with which no number begins: inf and nan do
ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[-+]\d\d:?\d\d)?)?")
ISO_DATE = "days"  # the word of --dates for dates such as 2024-03-31
TOO_LARGE = (lambda values: np.abs(values) > LARGEST, "its square is beyond the range of numbers: rescale the column")
LIMITS = {  # forbidden numbers and what is required, by option
    "--target": (TOO_LARGE,),
    "--weights": ((lambda values: values < 0.0, "--weights must not be negative"),),
    "--exposure": ((lambda values: values <= 0.0, "--exposure must be positive, since its logarithm is taken"),),
    "--offset": (TOO_LARGE,),
}


class Kind(IntEnum):
    """What a cell is."""

    MISSING = 0
    NONE = 1
    NUMBER = 2
    TRUTH = 3
    DATE = 4
    TEXT = 5
    OTHER = 6  # lists, records, bytes


class Column:
    """A column that is read in parts, one after the other.

    `takes` is "numbers"; "labels", for text of any kind, numbers too; or "either": numbers, or text or dates where no
    cell is a number. `limits` are pairs (function that marks forbidden numbers, text for the message), by default those
    of `option`, the option of the command line that names the column (None for a feature).
    """

    def __init__(self, name, option=None, dialect=None, *, takes="numbers", limits=None, dates=ISO_DATE):
        self.name, self.option, self.takes, self.dates = name, option, takes, dates
        self.comma = dialect is not None and dialect.comma
        self.limits = LIMITS.get(option, ()) if limits is None else limits
        self.rows = 0
        self.counts = np.zeros(len(Kind), dtype=np.int64)
        self.first: dict[Kind, tuple[int, object]] = {}  # (row, value) of the first cell of a kind
        self.infinite = self.outside = self.asked = None  # (row, value) of the first; what it violates, in words
        self.parts: list[np.ndarray] = []  # numbers, NaN for all else
        self.codes: list[np.ndarray] = []  # of text, places in `levels`; -1 where a cell is missing
        self.levels: dict[str, int] = {}  # text -> its place
        self.dated: dict[str, object] = {}  # text -> its date, or None
        self.is_stepped = False  # whether the levels have an order of their own

    def add(self, cells):
        """Read further cells: texts, a pyarrow array, or a list."""
        quick = None if self.takes == "labels" or self.levels else _numbers(cells, self.comma)
        if quick is None:
            self._look(*self._different(cells))
        else:
            self._count(Kind.MISSING, np.isnan(quick), lambda row: None)
            self.counts[Kind.NUMBER] += quick.size - np.count_nonzero(np.isnan(quick))
            self._keep(quick)

    def _look(self, values, codes):
        """Read cells given as codes, places among different values; -1 is a missing one."""
        read = [self._kind(value) for value in values] + [(Kind.MISSING, np.nan, None)]
        kinds, numbers = np.array([each[0] for each in read]), np.array([each[1] for each in read])
        of_rows = kinds[codes]
        for kind in Kind:
            self._count(kind, of_rows == kind, lambda row: values[codes[row]] if codes[row] >= 0 else None)
        if self.takes == "labels" or (self.takes == "either" and self.counts[[Kind.NONE, Kind.TEXT, Kind.DATE]].any()):
            if not self.codes and self.rows:
                self.codes.append(np.full(self.rows, -1, dtype=np.int32))
            table = np.full(len(read), -1, dtype=np.int32)
            for k, (kind, _, date) in enumerate(read):
                if kind != Kind.MISSING:
                    text = text_of(values[k])
                    table[k] = self.levels.setdefault(text, len(self.levels))
                    self.dated[text] = date
            self.codes.append(table[codes])
        self._keep(numbers[codes])

    def _count(self, kind, where, value):
        count = int(np.count_nonzero(where))
        self.counts[kind] += count
        if count and kind not in self.first:
            row = int(np.argmax(where))
            self.first[kind] = self.rows + row, value(row)

    def _keep(self, part):
        """Keep numbers, and the first that is infinite or forbidden."""
        if self.infinite is None and np.isinf(part).any():
            row = int(np.argmax(np.isinf(part)))
            self.infinite = self.rows + row, part[row]
        for forbidden, asked in self.limits if self.outside is None else ():
            wrong = forbidden(part)
            if self.outside is None and wrong.any():
                row = int(np.argmax(wrong))
                self.outside, self.asked = (self.rows + row, part[row]), asked
        self.rows += part.size
        self.parts.append(part)

    def _different(self, cells):
        """(different values, the place of each cell among them)."""
        if hasattr(cells, "dictionary_encode"):  # a pyarrow array
            return self._of_arrow(cells)
        places: dict[object, int] = {}
        try:
            codes = [places.setdefault(cell, len(places)) for cell in cells]
        except TypeError:  # lists have no place in a dict
            return list(cells), np.arange(len(cells))
        return list(places), np.array(codes, dtype=np.int64)

    def _of_arrow(self, cells):
        import pyarrow
        from pyarrow import types

        typed, kind = types.is_dictionary(cells.type), cells.type
        if types.is_timestamp(kind) or types.is_duration(kind):  # Python's own times end at microseconds
            kind = pyarrow.duration("us") if types.is_duration(kind) else pyarrow.timestamp("us", kind.tz)
            cells = cells.cast(kind, safe=False)
        try:
            if not typed and isinstance(cells, pyarrow.ChunkedArray):
                cells = pyarrow.concat_arrays(cells.chunks)  # to unite dictionaries of many values takes long
            coded = cells if typed else cells.dictionary_encode()
        except (pyarrow.ArrowNotImplementedError, pyarrow.ArrowInvalid):  # lists; more than 2 GB
            return self._different(cells.to_pylist())
        if typed and self.takes == "either":
            self.takes, self.is_stepped = "labels", kind.ordered
        codes, values = of_dictionary(
            coded if isinstance(coded, pyarrow.ChunkedArray) else pyarrow.chunked_array([coded])
        )
        return values, codes

    def _kind(self, value):
        """(kind, number or NaN, date or None) of a cell."""
        if isinstance(value, str):
            text = value.strip()
            word = text.lower() if len(text) <= WORDY else text
            if word in MISSING:
                return Kind.MISSING, np.nan, None
            if word in NONE:
                return (Kind.TEXT if self.takes == "labels" else Kind.NONE), np.nan, None
            number = None if text[0] in LETTERS else as_number(value, self.comma)
            if number is not None:
                return (Kind.NUMBER, number, None) if number == number else (Kind.MISSING, np.nan, None)
            if word in TRUTHS:
                return Kind.TRUTH, TRUTHS[word], None
            date = date_of(text, self.dates)
            return (Kind.TEXT if date is None else Kind.DATE), np.nan, date
        if value is None or value != value:
            return Kind.MISSING, np.nan, None
        if isinstance(value, bool):
            return Kind.TRUTH, float(value), None
        if is_date(value):
            return Kind.DATE, np.nan, value
        number = as_number(value)
        return (Kind.OTHER, np.nan, None) if number is None else (Kind.NUMBER, number, None)

    # --- what has been read

    @property
    def missing(self):
        """How many cells have no value."""
        return int(self.counts[self._gaps()].sum())

    @property
    def first_missing(self):
        """The row of the first cell without a value."""
        return min(self.first[kind][0] for kind in self._gaps() if kind in self.first)

    def _gaps(self):
        return [Kind.MISSING] if self.is_text and not self.is_dated else [Kind.MISSING, Kind.NONE]

    @property
    def is_text(self):
        """Whether what has been read are labels, text or dates."""
        if self.takes == "labels":
            return bool(self.levels)
        return self.takes == "either" and not self.is_mixed and bool(self.counts[Kind.TEXT] + self.counts[Kind.DATE])

    @property
    def is_dated(self):
        """Whether all cells with a value are dates, of a column of which none is needed as a label."""
        return self.takes == "either" and self.is_text and not self.counts[Kind.TEXT]

    @property
    def is_mixed(self):
        """Whether cells are of several kinds, so that the column is neither of numbers nor of text."""
        counts = self.counts.tolist()
        texts = counts[Kind.TEXT] + counts[Kind.DATE]
        return [counts[Kind.NUMBER] > 0, counts[Kind.TRUTH] > 0, texts > 0].count(True) > 1

    def wrong(self):
        """(row, value) of the first cell that the column does not take; None where all are taken."""
        refused = [Kind.OTHER]
        if self.takes == "numbers" or (self.takes == "either" and self.is_mixed):
            refused += [Kind.TEXT, Kind.DATE]
        found = [self.first[kind] for kind in refused if kind in self.first]
        if not found and self.takes != "labels" and self.is_mixed:
            found = [self.first[Kind.TRUTH]]
        return min(found, key=lambda each: each[0]) if found else None

    def numbers(self):
        """(n,) float64, NaN for missing cells."""
        return np.concatenate(self.parts)

    def coded(self):
        """(the place of each cell among the levels, -1 where it is missing; the levels)."""
        return np.concatenate(self.codes), list(self.levels)

    def labels(self):
        """(n,) numbers, or text where any cell is something else."""
        if not self.codes or not self.counts[[Kind.TEXT, Kind.DATE, Kind.TRUTH]].any():
            return self.numbers()
        codes, levels = self.coded()
        return np.array(levels)[codes]

    def row_of(self, level):
        """The first row of a level."""
        return int(np.argmax(self.coded()[0] == self.levels[level]))

    def days(self):
        """(n,) datetime64, NaT for missing cells, in UTC of cells with a time zone; timedelta64 of times of a day."""
        codes, _ = self.coded()
        dates = [_without_zone(date) for date in self.dated.values()]
        kind = "timedelta64[us]" if isinstance(dates[0], datetime.timedelta) else "datetime64[us]"
        return np.array([*dates, None], dtype=kind)[codes]


def _without_zone(date):
    """A date; a time in UTC; a time of the day as the duration since midnight."""
    if isinstance(date, datetime.time):
        return datetime.datetime.combine(datetime.date.min, date.replace(tzinfo=None)) - datetime.datetime.min
    if isinstance(date, datetime.datetime) and date.tzinfo is not None:
        return date.astimezone(datetime.UTC).replace(tzinfo=None)
    return date


def text_of(value):
    """A cell as a label: text without blanks at its ends, a whole number without decimals."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def date_of(text, form):
    """The date or time that a text is, as ISO 8601 writes it, or in a `form` such as "%d.%m.%Y"; else None."""
    try:
        if form != ISO_DATE:
            return datetime.datetime.strptime(text, form)
        return datetime.datetime.fromisoformat(text) if ISO.fullmatch(text) else None
    except ValueError:
        return None


def _numbers(cells, comma):
    """Cells as floats with NaN for missing values, or None where they must be looked at one by one."""
    if hasattr(cells, "dictionary_encode"):
        return _numbers_of_arrow(cells, comma)
    if not isinstance(cells, tuple):
        return None
    joined = "\0".join(cells)  # text cells hold no NUL: files with one are refused
    if "_" in joined or (comma and "." in joined):  # Python reads 1_000 as a number
        return None
    try:
        return np.array(joined.replace(",", ".").split("\0") if comma else cells, dtype=float)
    except ValueError:
        return None


def _numbers_of_arrow(cells, comma):
    import pyarrow
    import pyarrow.compute as compute

    kind = cells.type
    text = pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)
    if not (text and not comma) and not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind)):
        return None
    try:  # whole numbers beyond 2**53 are rounded, as in CSV
        return compute.cast(cells, pyarrow.float64(), safe=text).to_numpy()
    except pyarrow.ArrowInvalid:
        return None


def as_number(value, comma=False):
    """A cell as a float; None for anything that is not a number."""
    if isinstance(value, str):
        if "_" in value or (comma and "." in value):
            return None
        value = value.replace(",", ".", 1) if comma else value
    elif not isinstance(value, Number):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
