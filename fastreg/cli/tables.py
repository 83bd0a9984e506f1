"""Tables for the command line: which column of a file is the target, a feature and so on, and their numbers."""

import csv
import difflib
import re
from dataclasses import dataclass, field

import numpy as np

from fastreg.cli.cells import Column, Labels, as_number, complaint
from fastreg.cli.table_files import PLAIN, open_table

LISTED = 6  # names or labels shown in a message
OPTIONS = {  # option that names a column, by its role
    "target": "--target",
    "weights": "--weights",
    "groups": "--groups",
    "offset": "--offset",
    "exposure": "--exposure",
}


@dataclass
class Table:
    """Data to fit: X (n, p), the names of its columns, the target, and other columns, None where none was named.

    Target and groups are numbers or text. If an exposure was named, the offset is its logarithm.
    """

    X: np.ndarray
    names: list[str]
    target: np.ndarray
    weights: np.ndarray | None = None
    groups: np.ndarray | None = None
    offset: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)
    places: list[str] | None = None  # names of the rows for messages, where the target may be text


class Named:
    """An array with names of its columns, as a data frame has, so that messages of fits name columns."""

    def __init__(self, values, columns):
        self.values, self.columns, self.shape = values, columns, values.shape

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)

    def to_numpy(self):
        return self.values


@dataclass(frozen=True)
class Offset:
    """The name of the column that holds the offset or, with `is_exposure`, the exposure, whose logarithm it is."""

    column: str
    is_exposure: bool

    @property
    def option(self):
        return OPTIONS["exposure" if self.is_exposure else "offset"]

    def of(self, values):
        return np.log(values) if self.is_exposure else values


def read_table(
    file, target, *, weights=None, groups=None, offset=None, drop=(), labels=False, limits=(), dialect=PLAIN
):
    """A Table from a CSV or Parquet file. Raises ValueError or OSError with one line for the user.

    `target`, `weights` and `groups` are names of columns, `offset` is an Offset, `drop` holds names of columns to leave
    out; all other columns are features. With `labels` the target may be text; without, its numbers must obey `limits`,
    besides those of every target.
    """
    header, chunks = open_table(file, dialect)
    named = {"target": target, "weights": weights, "groups": groups}
    if offset is not None:
        named["exposure" if offset.is_exposure else "offset"] = offset.column
    named = {role: name for role, name in named.items() if name is not None}
    places, features, notes = _choose(header, named, drop)
    columns: dict[int, Column] = {}
    for role, place in places.items():
        text = role == "groups" or (labels and role == "target")
        columns[place] = (Labels if text else Column)(header[place], OPTIONS[role], dialect.comma)
    if not labels:
        columns[places["target"]].limits += tuple(limits)
    columns |= {place: Column(header[place], None, dialect.comma) for place in features}
    _fill(columns, chunks, file)
    read = {role: columns[place] for role, place in places.items()}
    got = {role: each.labels() if isinstance(each, Labels) else each.numbers() for role, each in read.items()}
    X, names, asked = _matrix([columns[place] for place in features]), [header[k] for k in features], read["target"]
    given = None if offset is None else offset.of(got["exposure" if offset.is_exposure else "offset"])
    rows = asked.places if isinstance(asked, Labels) else None
    return Table(X, names, got["target"], got.get("weights"), got.get("groups"), given, notes, rows)


def read_features(file, names, offset=None, dialect=PLAIN):
    """(X, offset) from the columns `names` of a file, in that order, and that of an Offset; others are ignored."""
    header, chunks = open_table(file, dialect)
    _refuse_twice(header, {*names, *([] if offset is None else [offset.column])})
    places = {name: place for place, name in enumerate(header)}
    missing = [name for name in names if name not in places]
    if missing:
        raise ValueError(
            f"{file} lacks {len(missing):,} of the model's {len(names):,} features: {listed(missing)}"
            + _meant(missing, [each for each in header if each not in names], file)
        )
    if offset is not None and offset.column not in places:
        unit = "; a column of ones predicts for an exposure of 1" if offset.is_exposure else ""
        raise ValueError(
            f"{file} lacks column {offset.column!r}: the model was fitted with {offset.option} {offset.column}, so its "
            f"predictions need that of every row. Add the column{unit}{_meant([offset.column], header, file)}"
        )
    if offset is not None and offset.column in names:
        raise ValueError(f"{offset.option} {offset.column}: this column is a feature of the model")
    columns = {places[name]: Column(name, FEATURE, dialect.comma) for name in names}
    extra = {} if offset is None else {places[offset.column]: Column(offset.column, offset.option, dialect.comma)}
    _fill(columns | extra, chunks, file, f"{file}: ")
    X = _matrix(list(columns.values()))
    return X, None if offset is None else offset.of(next(iter(extra.values())).numbers())


FEATURE = "a feature of the model"  # in a message, in the place of an option


def _fill(columns, chunks, file, said=""):
    """Read chunks of rows into columns (position -> Column), or raise a ValueError about cells that are wrong.

    `said` is the beginning of its message: the file, where the command reads two.
    """
    rows = 0
    for lines, values in chunks:
        rows += len(lines)
        for place, column in columns.items():
            column.add(lines, values[place])
    if not rows:
        raise ValueError(f"{file} has column names but no rows")
    wrong = complaint(list(columns.values()))
    if wrong is not None:
        raise ValueError(f"{said}{wrong}")


def _matrix(columns):
    """Columns as one Fortran-ordered array, which fits use without a copy; the Columns are emptied."""
    X = np.empty((columns[0].rows, len(columns)), order="F")
    for j, column in enumerate(columns):
        np.concatenate(column.parts, out=X[:, j])
        column.parts.clear()
    return X


def _choose(header, named, drop):
    """(position of each named column by its role, positions of the features, notes for the user)."""
    notes, skipped = [], set()
    if header and header[0] == "":  # row labels, as pandas writes them
        header[0], skipped = "(row labels)", {0}
        notes.append("the first column has no name: taken as row labels and left out")
    for k, name in enumerate(header):
        if name.startswith("__index_level_"):
            skipped.add(k)
            notes.append(f"column {name!r} holds row labels and is left out")
        elif name == "":
            raise ValueError(f"column {k + 1} has no name in the first line; write one, or take the column out")
    _refuse_twice(header, set(header))
    places: dict[str, int] = {}
    for role, name in named.items():
        place = _find(header, name, OPTIONS[role])
        other = next((each for each in places if places[each] == place), None)
        if other is not None:
            raise ValueError(f"{OPTIONS[other]} and {OPTIONS[role]} both name column {name!r}")
        places[role] = place
    dropped = {_find(header, name if name in header else name.strip(), "--drop") for name in drop}
    for role, place in places.items():
        if place in dropped:
            raise ValueError(f"--drop names column {header[place]!r}, which is also {OPTIONS[role]}")
    features = [k for k in range(len(header)) if k not in {*places.values()} | dropped | skipped]
    if not features:
        raise ValueError("no column is left to fit on besides the target")
    return places, features, notes


def _refuse_twice(header, wanted):
    """Raise ValueError where two columns have the same name, and it is among the `wanted` ones."""
    seen: dict[str, int] = {}
    for k, name in enumerate(header):
        if name in seen and name in wanted:
            raise ValueError(f"columns {seen[name] + 1} and {k + 1} are both called {name!r}; rename one")
        seen.setdefault(name, k)


def _find(header, name, option):
    if name in header:
        return header.index(name)
    near = near_names(name, header)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else f"; the columns are {listed(header)}"
    if not near and all(as_number(other) is not None for other in header):
        hint += " (the first line must hold the columns' names)"
    if len(header) == 1:
        hint += " (columns are set apart by comma, semicolon or tab, or by what --separator names)"
    raise ValueError(f"{option}: there is no column {name!r}{hint}")


def near_names(name, names):
    """The names most like one that is not among them: equal up to case, blanks and punctuation, else similar."""
    alike = [other for other in names if _key(other) == _key(name)]
    keys: dict[str, str] = {}
    for other in names:
        keys.setdefault(other.casefold(), other)
    near = [keys[key] for key in difflib.get_close_matches(name.casefold(), keys, n=3, cutoff=0.5)]
    return alike or near


def _key(name):
    """A name in lower case without blanks and punctuation; the name itself if nothing else is left."""
    return re.sub(r"[\W_]", "", name).casefold() or name


def _meant(missing, header, file):
    """The end of a message about missing columns: those of the file that have similar names."""
    alike = [(name, near_names(name, header)) for name in missing[:LISTED]]
    named = [f"{near[0]!r} for {name!r}" for name, near in alike if near]
    return f". {file} has {', '.join(named)}: names must be the same" if named else ""


def listed(values):
    """Values for a message, the first few if there are many."""
    shown = ", ".join(str(value) for value in values[:LISTED])
    return shown if len(values) <= LISTED else f"{shown}, ... ({len(values)} in all)"


def split_names(text):
    """The names in a text that separates them by commas; double quotes protect commas and blanks at the ends."""
    return [name for name in next(csv.reader([text], skipinitialspace=True), []) if name.strip()]


def classes(target, name, places, positive=None):
    """(y, text about class 1) for a binomial fit, from two labels (text or numbers) or proportions in [0, 1].

    The second label in sorted order is class 1 ("yes" after "no", 1 after 0), unless `positive` names the other.
    `places` are names of the rows for messages.
    """
    labels, counts = np.unique(target, return_counts=True)
    numbers = target.dtype == float
    shares = numbers and labels.size > 1 and labels[0] >= 0.0 and labels[-1] <= 1.0
    if shares and positive is None and not (labels.size == 2 and whole_numbers(labels)):
        return target, "proportions in [0, 1]"
    shown = [f"{label:g}" if numbers else str(label) for label in labels]
    if labels.size == 1:
        raise ValueError(f"column {name!r} holds one class only ({shown[0]!r}); two are needed")
    if labels.size > 2:
        needs = "--family binomial needs two labels, or proportions in [0, 1]"
        if numbers and not whole_numbers(labels):
            first = int(np.argmax((target < 0.0) | (target > 1.0)))
            raise ValueError(f"column {name!r} holds {target[first]:g} in {places[first]}, and {needs}")
        other = target != target[0]
        third = int(np.argmax(other & (target != target[np.argmax(other)])))
        raise ValueError(
            f"column {name!r} holds {labels.size} different values ({listed(shown)}), the third of them first in "
            f"{places[third]}; {needs}"
        )
    if positive is not None and positive not in shown:
        near = near_names(positive, shown)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"--positive {positive}: the labels of column {name!r} are {shown[0]!r} and {shown[1]!r}{hint}"
        )
    one = 1 if positive is None else shown.index(positive)
    named = [f"{shown[k]!r} ({counts[k]:,} rows)" for k in (one, 1 - one)]
    return (target == labels[one]).astype(float), f"class 1 is {named[0]}, class 0 is {named[1]}"


def whole_numbers(values):
    return bool(np.all(values == np.round(values)))
