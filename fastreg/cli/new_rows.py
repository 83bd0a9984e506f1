"""Rows to predict, read as the fit of a model has decided: the levels, dates and gaps of its encoding."""

import numpy as np

from fastreg.cli.cells import ISO_DATE, Column, text_of
from fastreg.cli.features import matrix_of, pyarrow_module
from fastreg.interface.encoding import ORDERED

LISTED = 6  # levels named in a message
FEATURE = "a feature of the model"  # in a message, in the place of an option


def known_column(column, name, dialect, dates):
    """A Column to read what the fit knew as a column of its encoding, or as numbers where it had none."""
    kind = "number" if column is None else column.kind
    takes = {"number": "numbers", "days": "either"}.get(kind, "labels")
    return Column(name, FEATURE, dialect, takes=takes, dates=dates or ISO_DATE)


def may_lack(column, encoding):
    """Whether new rows may lack the values of a column of an encoding."""
    return column.indicator or (column.kind in ORDERED and encoding.unseen == "zero")


def unseen(columns, encoding, place):
    """The text about a level that the fit did not see, or about a date that is none; None where all is known."""
    for column, known in zip(columns, encoding.columns):
        if known.kind == "days" and not column.is_dated and column.missing < column.rows:
            row = int(np.argmax(~np.isnan(column.numbers())))
            return f"column {column.name!r} holds {column.numbers()[row]:g} in {place(row)}, where the fit had dates"
        if known.kind not in ORDERED:
            continue
        names = {text_of(level) for level in known.levels}
        strange = [level for level in column.levels if level not in names]
        if strange and (encoding.unseen == "error" or not _are_texts(known)):
            row = int(np.argmax(column.coded()[0] == list(column.levels).index(strange[0])))
            more = f" and {len(strange) - 1:,} more levels" if len(strange) > 1 else ", a level"
            return (
                f"column {column.name!r} holds {strange[0]!r} in {place(row)}{more} that the fit did not see; fit with "
                "--unseen zero to let such rows count as none of the levels, or take them out"
            )
    return None


def _are_texts(known):
    return all(isinstance(level, str) for level in known.levels)


def features_to_predict(columns, encoding):
    """X of columns that have been read: an array, or a pyarrow table where there is an encoding."""
    if encoding is None:
        return matrix_of(columns, None)
    pyarrow = pyarrow_module()
    arrays = []
    for column, known in zip(columns, encoding.columns):
        if known.kind == "number":
            arrays.append(pyarrow.array(column.numbers()))
        elif known.kind == "days":
            gaps = np.full(column.rows, "NaT", dtype="datetime64[us]")
            arrays.append(pyarrow.array(column.days() if column.is_dated else gaps))
        else:
            codes, levels = column.coded()
            own = {text_of(level): level for level in known.levels}  # a fit in Python may have had numbers
            values = pyarrow.array([own.get(level, level) for level in levels] or [None], from_pandas=True)
            arrays.append(pyarrow.DictionaryArray.from_arrays(pyarrow.array(codes, mask=codes < 0), values))
    return pyarrow.Table.from_arrays(arrays, names=[column.name for column in columns])
