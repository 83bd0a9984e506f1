"""Tables for the command line: which column of a file is the target, a feature and so on, and their numbers."""

import csv
import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fastreg.cli.cells import LIMITS, Column, as_number
from fastreg.cli.complaints import complaint
from fastreg.cli.features import Features, Reading, complete_rows, features_of, identifiers, whole_numbers
from fastreg.cli.formula import asked_by, response_of
from fastreg.cli.new_rows import features_to_predict, known_by, unseen
from fastreg.cli.table_files import PLAIN, TableFile

LISTED = 6  # names or labels shown in a message
OPTIONS = {  # option that names a column, by its role
    "target": "--target",
    "weights": "--weights",
    "groups": "--groups",
    "offset": "--offset",
    "exposure": "--exposure",
}
PLAINLY = Reading()


@dataclass
class Table:
    """Data to fit: features, the target, and other columns, None where none was named.

    Target and groups are numbers or text. If an exposure was named, the offset is its logarithm. `place` names a row
    for messages.
    """

    features: Features
    name: str  # of the target, as a column or an expression of one
    target: np.ndarray
    weights: np.ndarray | None
    groups: np.ndarray | None
    offset: np.ndarray | None
    notes: list[str]
    place: Callable[[int], str]
    at: np.ndarray | None = None  # the rows of X that the target and other columns describe; None: all
    offset_name: str | None = None  # the column of the offset or exposure, where the option names a table, too


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
    file, target, *, weights=None, groups=None, offset=None, drop=(), labels=False, limits=(), dialect=PLAIN,
    reading=PLAINLY, formula=None,
):  # fmt: skip
    """A Table from a CSV or Parquet file. Raises ValueError or OSError with one line for the user.

    `target`, `weights` and `groups` are names of columns, `offset` is an Offset, `drop` holds names of columns to leave
    out; all other columns, or those in the `formula`, are features, read as `reading` says. With `labels` the target
    may be text; without, its numbers must obey `limits`, besides those of every target.
    """
    opened = TableFile(file, dialect)
    header, asked = opened.header, None
    named = {"weights": weights, "groups": groups}
    if offset is not None:
        named["exposure" if offset.is_exposure else "offset"] = offset.column
    if formula is not None:
        asked = asked_by(formula, [name for name in header if name not in {target, *drop, *named.values()}])
        target = _target_of(asked, target, formula)
    named = {role: name for role, name in {"target": target, **named}.items() if name is not None}
    places, features, notes = _choose(header, named, drop)
    if asked is not None:
        features = _of_formula(asked, header, features)
        reading = reading.with_formula(asked)
    _check_named(reading, header, [header[k] for k in features])
    columns: dict[int, Column] = {}
    for role, place in places.items():
        takes = "labels" if role == "groups" or (labels and role == "target") else "numbers"
        limited = () if takes == "labels" else LIMITS.get(OPTIONS[role], ())
        if role == "target" and not labels and (asked is None or asked.response in (None, target)):
            limited += tuple(limits)
        columns[place] = Column(header[place], OPTIONS[role], dialect, takes=takes, limits=limited)
    columns |= {place: reading.column(header[place], dialect) for place in features}
    fill(columns, opened)
    left_out, told = identifiers([columns[place] for place in features], reading)
    chosen = [columns[place] for place in features if columns[place] not in left_out]
    if not chosen:
        raise ValueError(f"no column is left to fit on besides the target: {told[0]}")
    roles = [columns[place] for place in places.values()]
    wrong = complaint([*roles, *chosen], opened.place, reading.takes_text(chosen), reading.may_lack(chosen))
    wrong = wrong or _unlisted(chosen, reading, opened.place)
    if wrong is not None:
        raise ValueError(wrong)
    rows = None
    if not (complete := complete_rows(chosen, reading)).all():
        rows, lost = np.flatnonzero(complete), int(np.count_nonzero(~complete))
        told.append(f"{lost:,} of {complete.size:,} rows are left out, since they lack values (--missing drop)")
        if not rows.size:
            raise ValueError(f"{told[-1]}: none remains; choose --missing mean")
    got = {role: columns[place].labels() for role, place in places.items()}
    got = got if rows is None else {role: values[rows] for role, values in got.items()}
    given = None if offset is None else offset.of(got["exposure" if offset.is_exposure else "offset"])
    place = opened.place if rows is None else lambda row: opened.place(int(rows[row]))
    found = features_of(chosen, reading, rows, None if asked is None else asked.right)
    if asked is not None and asked.response is not None and not labels:
        got["target"] = response_of(asked, got["target"], place)
    name = target if asked is None else asked.response or target
    return Table(found, name, got["target"], got.get("weights"), got.get("groups"), given, notes + told, place)


def _target_of(asked, target, formula):
    """The column to explain, which either --target or the formula names."""
    if (asked.target is None) == (target is None):
        names = "both name the" if target is not None else "name no"
        raise ValueError(f"--target and --formula {formula} {names} column to explain; write it left of ~")
    return target or asked.target


def _of_formula(asked, header, features):
    """The places of the columns of a formula. Raises ValueError for one that there is not, or that is no feature."""
    for name in asked.columns:
        if find(header, name, "--formula") not in features:
            raise ValueError(f"--formula names column {name!r}, which has another purpose here, or is left out")
    return [k for k in features if header[k] in asked.columns]


def _check_named(reading, header, features):
    """Raise ValueError where an option is about a column that is no feature."""
    for option, names in reading.names_by_option().items():
        for name in names:
            find(header, name, option)
            if name not in features:
                raise ValueError(f"{option} names column {name!r}, which is no feature here")


def _unlisted(columns, reading, place):
    """The text about a level that --ordered does not list; None where all are listed."""
    for column in columns:
        order = reading.ordered.get(column.name)
        strange = [level for level in column.levels if order is not None and level not in order]
        if strange:
            row = column.row_of(strange[0])
            return (
                f"column {column.name!r} holds {strange[0]!r} in {place(row)}, which is not among the levels of "
                f"--ordered {column.name}: {listed(order)}"
            )
    return None


def read_features(file, wanted, offset=None, dialect=PLAIN, dates=None):
    """(X, offset) from a file: the features `wanted` by a model, and the column of an Offset; others are ignored.

    `wanted` are names, for an array with columns in that order, or the encoding of a path, for a pyarrow table.
    """
    known = known_by(wanted)
    names = list(known.columns)
    opened = TableFile(file, dialect)
    header = opened.header
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
    columns = {places[name]: known.column(name, dialect, dates) for name in names}
    extra = {} if offset is None else {places[offset.column]: Column(offset.column, offset.option, dialect)}
    fill(columns | extra, opened)
    read = list(columns.values())
    dated = [column.name for column in read if column.is_dated]
    lacking = [name for name in names if known.may_lack(name)]
    wrong = complaint([*read, *extra.values()], opened.place, dated, lacking) or unseen(read, known, opened.place)
    if wrong is not None:
        raise ValueError(f"{file}: {wrong}")
    X = features_to_predict(read, known)
    return X, None if offset is None else offset.of(next(iter(extra.values())).numbers())


def fill(columns, opened):
    """Read an open table into columns (position -> Column)."""
    for cells in opened.chunks([*columns]):
        for place, column in columns.items():
            column.add(cells[place])
    if not next(iter(columns.values())).rows:
        raise ValueError(f"{opened.file} has column names but no rows")


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
        place = find(header, name, OPTIONS[role])
        other = next((each for each in places if places[each] == place), None)
        if other is not None:
            raise ValueError(f"{OPTIONS[other]} and {OPTIONS[role]} both name column {name!r}")
        places[role] = place
    dropped = {find(header, name if name in header else name.strip(), "--drop") for name in drop}
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


def find(header, name, option):
    """The place of a column that an option names; a ValueError where there is none, or several."""
    if name in header:
        _refuse_twice(header, {name})
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


def classes(target, name, place, positive=None):
    """(y, text about class 1) for a binomial fit, from two labels (text or numbers) or proportions in [0, 1].

    The second label in sorted order is class 1 ("yes" after "no", 1 after 0), unless `positive` names the other.
    `place` names a row for messages.
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
            raise ValueError(f"column {name!r} holds {target[first]:g} in {place(first)}, and {needs}")
        other = target != target[0]
        third = int(np.argmax(other & (target != target[np.argmax(other)])))
        raise ValueError(
            f"column {name!r} holds {labels.size} different values ({listed(shown)}), the third of them first in "
            f"{place(third)}; {needs}"
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
