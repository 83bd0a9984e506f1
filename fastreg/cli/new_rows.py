"""Rows to predict, read as the fit of a model has decided: the levels, dates and gaps of its encoding."""

from typing import Any, NamedTuple

import numpy as np

from fastreg.cli.cells import ISO_DATE, Column, text_of
from fastreg.cli.features import as_whole, matrix_of, pyarrow_module
from fastreg.interface.encoding import ORDERED

FEATURE = "a feature of the model"  # in a message, in the place of an option


class Known(NamedTuple):
    """What the fit knows of its columns: by name a Column of its encoding, or None where it has none."""

    columns: dict[str, Any]
    unseen: str
    has_encoding: bool

    def column(self, name, dialect, dates):
        """A Column to read one into."""
        kind = "number" if self.columns[name] is None else self.columns[name].kind
        takes = {"number": "numbers", "days": "either"}.get(kind, "labels")
        return Column(name, FEATURE, dialect, takes=takes, dates=dates or ISO_DATE)

    def may_lack(self, name):
        """Whether new rows may lack the values of a column."""
        known = self.columns[name]
        return known is not None and (known.indicator or (known.kind in ORDERED and self.unseen == "zero"))


def known_by(wanted):
    """What is Known by names alone, by an Encoding, or by that of a formula."""
    if isinstance(wanted, list):
        return Known(dict.fromkeys(wanted), "error", False)
    if not hasattr(wanted, "variables"):
        return Known({column.name: column for column in wanted.columns}, wanted.unseen, True)
    from fastreg.interface.formula_expressions import Expression

    columns: dict[str, Any] = {}
    for (name, _), encoding in wanted.variables.items():
        (column,) = encoding.columns
        if column.kind not in ORDERED or name not in columns:  # a number may be a category in another place
            columns[name] = column
    offset = Expression(wanted.of_rows["offset"]).columns() if "offset" in wanted.of_rows else []
    return Known(dict.fromkeys(offset) | columns, wanted.unseen, True)


def unseen(columns, known_by_fit, place):
    """The text about a level that the fit did not see, or about a date that is none; None where all is known."""
    for column, known in zip(columns, known_by_fit.columns.values()):
        if known is None:
            continue
        if known.kind == "days" and not column.is_dated and column.missing < column.rows:
            row = int(np.argmax(~np.isnan(column.numbers())))
            return f"column {column.name!r} holds {column.numbers()[row]:g} in {place(row)}, where the fit had dates"
        if known.kind not in ORDERED:
            continue
        names = {text_of(level) for level in known.levels}
        strange = [level for level in column.levels if level not in names]
        if strange and (known_by_fit.unseen == "error" or not _are_texts(known)):
            row = column.row_of(strange[0])
            more = f" and {len(strange) - 1:,} more levels" if len(strange) > 1 else ", a level"
            return (
                f"column {column.name!r} holds {strange[0]!r} in {place(row)}{more} that the fit did not see; fit with "
                "--unseen zero to let such rows count as none of the levels, or take them out"
            )
    return None


def _are_texts(known):
    return all(isinstance(level, str) for level in known.levels)


def features_to_predict(columns, known_by_fit):
    """X of columns that have been read: an array, or a pyarrow table where there is an encoding."""
    if not known_by_fit.has_encoding:
        return matrix_of(columns)
    pyarrow = pyarrow_module()
    arrays = []
    for column, known in zip(columns, known_by_fit.columns.values()):
        if known is None or known.kind == "number":
            arrays.append(pyarrow.array(as_whole(column.numbers())))
        elif known.kind == "days":
            gaps = np.full(column.rows, "NaT", dtype="datetime64[us]")
            arrays.append(pyarrow.array(column.days() if column.is_dated else gaps))
        else:
            codes, levels = column.coded()
            own = {text_of(level): level for level in known.levels}  # a fit in Python may have had numbers
            values = pyarrow.array([own.get(level, level) for level in levels] or [None], from_pandas=True)
            arrays.append(pyarrow.DictionaryArray.from_arrays(pyarrow.array(codes, mask=codes < 0), values))
    return pyarrow.Table.from_arrays(arrays, names=[column.name for column in columns])
