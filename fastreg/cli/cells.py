"""Columns of a table, read in chunks of rows into numbers or labels, and messages about cells that are neither."""

import re
import shlex
from numbers import Number

import numpy as np

from fastreg.interface.validation import LARGEST

MISSING = {"", "na", "n/a", "nan", "null", "none", "nil", "-", ".", "?", "#n/a"}  # cells without a value
WORDS = {"true": 1.0, "false": 0.0}  # values of truth values
GROUPED = r"[-+]?\d{1,3}([,.' \u00a0\u202f]\d{3})+([.,]\d+)?"  # a number with a mark between thousands
SIGNS = "%$\u00a3\u20ac\u00a5\u2030"  # signs of currency and percent beside a number
LONGEST = 40  # characters of a cell that a message shows


class Column:
    """A column of numbers, read in chunks of rows. Cells that are not numbers are recorded for `complaint`."""

    def __init__(self, name, option=None, comma=False, limits=None):
        """`option` is the option of the command line that names the column, None for a feature.

        With `comma` decimals follow a comma. `limits` are pairs (function that marks forbidden numbers, text for the
        message), by default those of the option.
        """
        self.name, self.option, self.comma = name, option, comma
        self.limits = LIMITS.get(option, ()) if limits is None else limits
        self.parts, self.rows = [], 0
        self.missing, self.first_missing = 0, None
        self.text = self.infinite = self.word = self.outside = None  # (place, value) of the first
        self.asked = None  # what `outside` violates, in words
        self.words = 0

    def add(self, places, values):
        part = _quickly(values, self.comma)
        if part is None:
            part = np.array([self._number(place, value) for place, value in zip(places, values)], dtype=float)
        elif np.isnan(part).any():
            self._note_missing(places, np.isnan(part))
        if self.infinite is None and np.isinf(part).any():
            first = int(np.argmax(np.isinf(part)))
            self.infinite = places[first], part[first]
        for forbidden, asked in self.limits if self.outside is None else ():
            wrong = forbidden(part)
            if self.outside is None and wrong.any():
                first = int(np.argmax(wrong))
                self.outside, self.asked = (places[first], part[first]), asked
        self.rows += part.size
        self.parts.append(part)

    def _note_missing(self, places, holes):
        if self.first_missing is None:
            self.first_missing = places[int(np.argmax(holes))]
        self.missing += int(np.count_nonzero(holes))

    def _number(self, place, value):
        if is_missing(value):
            self._note_missing([place], [True])
            return np.nan
        if isinstance(value, bool | np.bool_) or (isinstance(value, str) and value.strip().lower() in WORDS):
            self.words += 1
            self.word = self.word or (place, value)
            return WORDS[str(value).strip().lower()]
        number = as_number(value, self.comma)
        if number is None and self.text is None:
            self.text = place, value
        return np.nan if number is None else number

    def settle(self):
        """To be called after the last chunk: a True or False among other numbers counts as text."""
        if self.text is None and 0 < self.words < self.rows - self.missing:
            self.text = self.word

    def numbers(self):
        return np.concatenate(self.parts)


# Forbidden numbers and what is required, by option.
TOO_LARGE = (lambda values: np.abs(values) > LARGEST, "its square is beyond the range of numbers: rescale the column")
LIMITS = {
    "--target": (TOO_LARGE,),
    "--weights": ((lambda values: values < 0.0, "--weights must not be negative"),),
    "--exposure": ((lambda values: values <= 0.0, "--exposure must be positive, since its logarithm is taken"),),
    "--offset": (TOO_LARGE,),
}


class Labels(Column):
    """A column that may hold text: labels of two classes or of groups."""

    def __init__(self, name, option, comma=False):
        super().__init__(name, option, comma, limits=())
        self.values, self.places = [], []

    def add(self, places, values):
        if isinstance(values, np.ndarray) and values.dtype == bool:
            values = values.astype(object)  # looked at one by one, as True and False in a text file
        super().add(places, values)
        self.values += list(values)
        self.places += places

    def settle(self):
        self.labelled = self.text is not None or self.words > 0
        self.text = None

    def labels(self):
        """Numbers, or text where any value is not a number."""
        return np.array([str(value).strip() for value in self.values]) if self.labelled else self.numbers()


def _quickly(values, comma):
    """A column as floats with NaN for missing values, or None where cells must be read one by one."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        return values.astype(float)
    if isinstance(values, np.ndarray | list):
        return None
    joined = "\0".join(values)  # text cells hold no NUL: files with one are refused
    if "_" in joined or (comma and "." in joined):  # Python reads 1_000 as a number
        return None
    try:
        part = np.array(joined.replace(",", ".").split("\0") if comma else values, dtype=float)
    except ValueError:
        return None
    return part


def as_number(value, comma=False):
    """A cell as a float; None for anything that is not a number."""
    if isinstance(value, str):
        if "_" in value or (comma and "." in value):
            return None
        value = value.replace(",", ".", 1) if comma else value
    elif not isinstance(value, Number) or isinstance(value, np.timedelta64):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def is_missing(value):
    if isinstance(value, str):
        return value.strip().lower() in MISSING
    return value is None or (isinstance(value, float | np.floating) and value != value) or _not_a_time(value)


def _not_a_time(value):
    return isinstance(value, np.datetime64 | np.timedelta64) and np.isnat(value)


def complaint(columns):
    """The ValueError for text among numbers, else for missing values, else for numbers beyond limits; or None."""
    for column in columns:
        column.settle()
    texts = [column for column in columns if column.text is not None]
    if texts:
        return ValueError(_of_text(texts))
    holes = [column for column in columns if column.missing]
    if holes:
        return ValueError(_of_holes(holes))
    for column in columns:
        if column.infinite is not None:
            place, value = column.infinite
            message = f"column {column.name!r} holds {value} in {place}; fill it in or remove the row"
            return ValueError(message + _or_drop([column]))
        if column.outside is not None:
            place, value = column.outside
            return ValueError(f"column {column.name!r} holds {value:g} in {place}, and {column.asked}")
    return None


def _of_text(columns):
    """The message about text among numbers; columns that an option names are named before features."""
    first = min(columns, key=lambda column: column.option is None)
    (place, value), kind = first.text, _kind(first)
    shown = str(value) if len(str(value)) <= LONGEST else str(value)[: LONGEST - 3] + "..."
    message = f"column {first.name!r} holds {kind}: {shown!r} in {place}{_hint(value, first.comma)}"
    if first.option == "--target":
        return f"{message}; the target must be numeric, or hold two labels with --family binomial"
    if first.option:
        return f"{message}; {first.option} must be numeric"
    if len(columns) > 1:
        message += f", and so do {', '.join(repr(column.name) for column in columns[1:])}"
    what = "text columns" if all(_kind(column) == "text" for column in columns) else "such columns"
    return f"{message}; leave {what} out with --drop {quoted([column.name for column in columns])}"


def _kind(column):
    """What a column holds instead of numbers, in a few words."""
    value = column.text[1]
    if isinstance(value, str):
        return "both numbers and words" if column.text == column.word else "text"
    if isinstance(value, np.ndarray | list | tuple):
        return "lists"
    return {"bytes": "bytes", "dict": "records"}.get(type(value).__name__, "dates or times")


def _hint(value, comma):
    """Advice where the text of a cell looks like a number in another notation."""
    text = value.strip() if isinstance(value, str) else ""
    bare = text.strip(SIGNS).strip().replace("\u2212", "-")
    if bare != text and as_number(bare, comma) is not None:
        return " (write the number alone, without a sign of currency or percent, and with the minus -)"
    if comma and as_number(text) is not None and "." in text:
        return " (with --decimal comma a point is no part of a number; write thousands without points)"
    grouped, decimal = re.fullmatch(GROUPED, text), "," in text and as_number(text, True) is not None
    if grouped and decimal:
        return " (write thousands without a comma; or is it a decimal comma? then add --decimal comma)"
    if grouped and text.rfind(",") > text.rfind(".") and not comma:
        return " (write thousands without marks between them, and add --decimal comma)"
    if grouped:
        return " (write thousands without marks between them)"
    return " (is it a decimal comma? then add --decimal comma)" if decimal else ""


def _of_holes(columns):
    if len(columns) == 1 and columns[0].missing == 1:
        message = f"column {columns[0].name!r} has no value in {columns[0].first_missing}; fill it in or remove the row"
        return message + _or_drop(columns)
    named = [f"{column.name!r} ({_rows(column)}, first in {column.first_missing})" for column in columns]
    start = "a column has" if len(columns) == 1 else f"{len(columns):,} columns have"
    return f"{start} missing values: {', '.join(named)}; fill them in or remove the rows{_or_drop(columns)}"


def _rows(column):
    return f"{column.missing:,} row{'s' * (column.missing != 1)}"


def _or_drop(columns):
    """Advice to leave columns out, if all of them are features."""
    if any(column.option for column in columns):
        return ""
    what = "column" if len(columns) == 1 else "columns"
    return f" (or leave the {what} out: --drop {quoted([column.name for column in columns])})"


def quoted(names):
    """Names as one value of --drop, quoted for a shell."""
    fields = [f'"{name}"' if "," in name or '"' in name or name != name.strip() else name for name in names]
    return shlex.quote(",".join(fields))
