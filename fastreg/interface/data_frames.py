"""Results as data frames of pandas or polars, which are imported when one is asked for."""

import importlib

import numpy as np

from fastreg.interface.scalars import check_option

LIBRARIES = ("pandas", "polars")
INTERCEPT = "(intercept)"


def frame_of(columns, library="pandas", index=None):
    """A data frame of columns by name; pandas has that called `index` as its index, polars as its first column.

    Raises an ImportError that says what to install where the library is missing.
    """
    check_option("library", library, LIBRARIES)
    try:
        package = importlib.import_module(library)
    except ImportError:
        other = LIBRARIES[library == LIBRARIES[0]]
        raise ImportError(
            f"to_frame(library={library!r}) needs {library}: pip install {library}, or ask for library={other!r}"
        ) from None
    columns = {name: _values(values) for name, values in columns.items()}
    frame = package.DataFrame(columns)
    return frame.set_index(index) if index is not None and library == "pandas" else frame


def _values(values):
    """Text as a list, since polars would keep an array of it as objects."""
    array = np.asarray(values)
    return array.tolist() if array.dtype.kind in "OU" else array


def named_columns(feature_names, p):
    """The names of p columns, or "x" and their numbers where they have none."""
    return feature_names or [f"x{j}" for j in range(p)]


def marks(points, chosen):
    """For each of several points the names of the rules that chose it, as in "min, 1se"; empty for most.

    `chosen` are the places of the points by the names of the rules.
    """
    return [", ".join(name for name, place in chosen.items() if place == point) for point in points]
