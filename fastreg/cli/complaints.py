"""Messages about cells that a column does not take: which column, which line, what to do."""

import re
import shlex

from fastreg.cli.cells import Kind, as_number

LONGEST = 40  # characters of a cell that a message shows
GROUPED = r"[-+]?\d{1,3}([,.' \u00a0\u202f]\d{3})+([.,]\d+)?"  # a number with a mark between thousands
SIGNS = "%$\u00a3\u20ac\u00a5\u2030"  # signs of currency and percent beside a number


def complaint(columns, place, takes_text=(), may_lack=()):
    """The text about cells that are neither numbers nor, in `takes_text`, categories or dates; else about missing ones
    outside of `may_lack`; else about numbers beyond limits; or None.

    `place` names a row.
    """
    asked = {*takes_text} | {column.name for column in columns if column.takes == "labels"}  # as of the target
    wrong = [column for column in columns if column.wrong() or (column.is_text and column.name not in asked)]
    if wrong:
        return _of_text(wrong, place)
    holes = [column for column in columns if column.missing and column.name not in may_lack]
    if holes:
        return _of_holes(holes, place)
    empty = [column for column in columns if column.missing == column.rows and column.option is None]
    if empty:
        return f"column {empty[0].name!r} has no value in any row; leave it out: --drop {quoted([empty[0].name])}"
    for column in columns:
        if column.infinite is not None:
            row, value = column.infinite
            message = f"column {column.name!r} holds {value} in {place(row)}; fill it in or remove the row"
            return message + _or_drop([column])
        if column.outside is not None:
            row, value = column.outside
            return f"column {column.name!r} holds {value:g} in {place(row)}, and {column.asked}"
    return None


def _cell(column):
    """(row, value) of the cell that a message is about."""
    return column.wrong() or column.first.get(Kind.TEXT) or column.first[Kind.DATE]


def _of_text(columns, place):
    """The message about text among numbers; columns that an option names are named before features."""
    first = min(columns, key=lambda column: column.option is None)
    (row, value), kind = _cell(first), _kind(first)
    shown = str(value) if len(str(value)) <= LONGEST else str(value)[: LONGEST - 3] + "..."
    message = f"column {first.name!r} holds {kind}: {shown!r} in {place(row)}{notation(value, first.comma)}"
    if first.option == "--target":
        return f"{message}; the target must be numeric, or hold two labels with --family binomial"
    if first.option:
        return f"{message}; {first.option} must be {'numeric' if first.takes == 'numbers' else 'a date, as in the fit'}"
    if len(columns) > 1:
        others = ", ".join(repr(column.name) for column in columns[1:])
        message += f", and so {'do' if len(columns) > 2 else 'does'} {others}"
    kinds = {_kind(column) for column in columns}
    names = quoted([column.name for column in columns])
    drop = f"or leave {'it' if len(columns) == 1 else 'them'} out with --drop {names}"
    if kinds == {"text"}:
        return f"{message}; take columns of text as categories with --categorical text, {drop}"
    if kinds <= {"text", BOTH}:
        return f"{message}; take such columns as categories with --categorical {names}, {drop}"
    if kinds == {DATES}:
        return f"{message}; take dates as numbers of days with --dates days, {drop}"
    if kinds == {DATES, "text"}:
        return f"{message}; take dates as days with --dates days, text as categories with --categorical text, {drop}"
    return f"{message}; leave such columns out with --drop {names}"


BOTH = "both numbers and words"
DATES = "dates or times"


def _kind(column):
    """What a column holds instead of numbers, in a few words."""
    value = _cell(column)[1]
    if column.is_mixed and column.takes == "either" and isinstance(value, str | bool):
        return BOTH
    if Kind.TEXT not in column.first and Kind.DATE in column.first:
        return DATES
    if isinstance(value, str):
        return "text"
    if isinstance(value, list | tuple):
        return "lists"
    return {"bytes": "bytes", "dict": "records"}.get(type(value).__name__, "values of another kind")


def notation(value, comma):
    """Advice where the text of a cell looks like a number in another notation; else no text."""
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


def _of_holes(columns, place):
    advice = "fill them in or remove the rows"
    if all(column.option is None for column in columns):
        advice = "fill them in, or choose a rule by --missing: mean, level or drop"
    if len(columns) == 1 and columns[0].missing == 1:
        advice = advice.replace("them", "it").replace("the rows", "the row")
        message = f"column {columns[0].name!r} has no value in {_first(columns[0], place)}; {advice}"
        return message + _or_drop(columns)
    named = [f"{column.name!r} ({_rows(column)}, first in {_first(column, place)})" for column in columns]
    start = "a column has" if len(columns) == 1 else f"{len(columns):,} columns have"
    return f"{start} missing values: {', '.join(named)}; {advice}{_or_drop(columns)}"


def _first(column, place):
    return place(column.first_missing)


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
