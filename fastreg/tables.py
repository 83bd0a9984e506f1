"""Tables from files, for the command line: CSV, and Parquet by pyarrow. Errors name the place."""

import csv
import difflib
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

CHUNK = 2000  # rows turned into numbers at a time, so that their text need not all be held
MISSING = {"", "na", "n/a", "nan", "null", "none", "nil", "-", ".", "?", "#n/a"}
LISTED = 6  # names or labels spelled out in a message


@dataclass
class Table:
    """Numbers to fit on: X (n, p) and its columns' names, the target as numbers or text, weights and groups or None."""

    X: np.ndarray
    names: list[str]
    target: np.ndarray
    weights: np.ndarray | None
    groups: np.ndarray | None
    notes: list[str] = field(default_factory=list)


@dataclass
class Wanted:
    """What is read from which column of the file."""

    target: int
    weights: int | None
    groups: int | None
    features: list[int]
    notes: list[str]


def read_table(file, target, weights=None, drop=(), text_target=False, groups=None):
    """A Table from a CSV or Parquet file. Raises ValueError or OSError with one line for the user.

    `target`, `weights` and `groups` name columns, `drop` names columns to leave out; all others are features.
    `text_target` keeps a target that is not numeric as text.
    """
    header, chunks = _open(file)
    wanted = _choose(header, target, weights, drop, groups)
    parts = [_numbers(header, wanted, lines, columns, text_target) for lines, columns in chunks]
    if not parts:
        raise ValueError(f"{file} has column names but no rows")
    return Table(
        _stack([part[0] for part in parts]),
        [header[k] for k in wanted.features],
        _join([part[1] for part in parts]),
        None if wanted.weights is None else np.concatenate([part[2] for part in parts]),
        None if wanted.groups is None else np.concatenate([part[3] for part in parts]),
        wanted.notes,
    )


def read_features(file, names):
    """The columns `names` of a CSV or Parquet file, in that order, as an array; other columns are not looked at."""
    header, chunks = _open(file)
    missing = [name for name in names if name not in header]
    if missing:
        raise ValueError(f"{file} lacks {len(missing):,} of the model's {len(names):,} features: {listed(missing)}")
    parts, places = [], [header.index(name) for name in names]
    for lines, columns in chunks:
        parts.append(np.empty((len(lines), len(names))))
        for place, k in enumerate(places):
            values = _as_numbers(columns[k])
            if values is None:
                raise _explain(header, lines, columns, [k], "a feature of the model")
            parts[-1][:, place] = values
    if not parts:
        raise ValueError(f"{file} has column names but no rows")
    return _stack(parts)


def _open(file):
    """(column names, chunks) of a file, whichever of the two kinds it is."""
    path = Path(file)
    if path.is_dir():
        raise ValueError(f"{file} is a folder; name a CSV or Parquet file")
    with path.open("rb") as opened:
        start = opened.read(4)
    if not start:
        raise ValueError(f"{file} is empty")
    if start == b"PAR1":
        return _parquet(file)
    if start == b"PK\x03\x04":
        raise ValueError(f"{file} looks like a spreadsheet or an archive; save the sheet as CSV first")
    return _csv(file)


def _stack(parts):
    """Chunks of rows as one array, in the order that fits use without a copy."""
    X = np.empty((sum(part.shape[0] for part in parts), parts[0].shape[1]), order="F")
    return np.concatenate(parts, out=X)


def _join(parts):
    """Chunks of a target as one array: text throughout if any of them is text."""
    if all(part.dtype == float for part in parts):
        return np.concatenate(parts)
    return np.concatenate([part.astype(str) for part in parts])


def _csv(file):
    """(column names, chunks): a chunk is (line numbers, columns as tuples of text)."""
    rows = _csv_rows(file)
    header = [name.strip() for name in next(rows)[1]]

    def chunks():
        while block := list(islice(rows, CHUNK)):
            for line, row in block:
                if len(row) != len(header):
                    raise ValueError(
                        f"{file}, line {line}: {len(row)} values, but there are {len(header)} column names"
                    )
            yield [f"line {line}" for line, _ in block], list(zip(*(row for _, row in block)))

    return header, chunks()


def _csv_rows(file):
    """(line number, values) of each row that is not blank; the separator is the one the first line has."""
    try:
        with open(file, newline="", encoding="utf-8-sig") as opened:
            first = next((line for line in opened if line.strip()), "")
            if not first:
                raise ValueError(f"{file} is empty")
            separator = max(",;\t", key=lambda mark: len(next(csv.reader([first], delimiter=mark))))
            opened.seek(0)
            reader = csv.reader(opened, delimiter=separator)
            for row in reader:
                if any(value.strip() for value in row) or len(row) > 1:
                    yield reader.line_num, row
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not a text file in UTF-8, nor Parquet; save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise ValueError(f"{file} cannot be read as CSV: {error}") from None


def _parquet(file):
    """(column names, chunks) as for CSV; columns are arrays."""
    try:
        import pyarrow.parquet as parquet
    except ModuleNotFoundError:
        message = "reading Parquet needs pyarrow: pip install pyarrow (or save the table as CSV)"
        raise ValueError(message) from None
    except ImportError as error:
        raise ValueError(f"pyarrow cannot be used here ({error}); save the table as CSV") from None
    try:
        table = parquet.ParquetFile(file).read()
    except Exception as error:  # pyarrow's errors share no base class; whichever it is, the file is at fault
        raise ValueError(f"{file} cannot be read as Parquet: {str(error).splitlines()[0]}") from None
    columns = []
    for column in table.columns:
        try:
            columns.append(column.to_numpy())
        except Exception:  # a type without an array form, such as a list or a category
            columns.append(np.array(column.to_pylist(), dtype=object))
    lines = [f"row {k + 1}" for k in range(table.num_rows)]
    return list(table.column_names), iter([(lines, columns)] if lines else [])


def _choose(header, target, weights, drop, groups):
    """Which columns are the target, the weights, the groups and the features."""
    notes, skipped = [], set()
    if header and header[0] == "":  # row labels, as pandas writes them
        header[0], skipped = "(row labels)", {0}
        notes.append("the first column has no name: taken as row labels and left out")
    for k, name in enumerate(header):
        if name.startswith("__index_level_"):
            skipped.add(k)
            notes.append(f"column {name!r} holds row labels and is left out")
        elif name == "":
            raise ValueError(f"column {k + 1} has no name in the first line")
        if header.index(name) != k:
            raise ValueError(f"columns {header.index(name) + 1} and {k + 1} are both called {name!r}; rename one")
    place = _find(header, target, "--target")
    weighing = None if weights is None else _find(header, weights, "--weights")
    grouping = None if groups is None else _find(header, groups, "--groups")
    if weighing == place:
        raise ValueError(f"--target and --weights both name column {target!r}")
    for used, option in ((place, "--target"), (weighing, "--weights")):
        if grouping is not None and used == grouping:
            raise ValueError(f"{option} and --groups both name column {groups!r}")
    dropped = {_find(header, name, "--drop") for name in drop}
    for used, option in ((place, "--target"), (weighing, "--weights"), (grouping, "--groups")):
        if used in dropped:
            raise ValueError(f"--drop names column {header[used]!r}, which is also {option}")
    features = [k for k in range(len(header)) if k not in {place, weighing, grouping} | dropped | skipped]
    if not features:
        raise ValueError("no column is left to fit on besides the target")
    return Wanted(place, weighing, grouping, features, notes)


def _find(header, name, option):
    if name in header:
        return header.index(name)
    near = difflib.get_close_matches(name, header, n=3, cutoff=0.5)
    near += [other for other in header if other.lower() == name.lower() and other not in near]
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else f"; the columns are {listed(header)}"
    if not near and all(_number(other) is not None for other in header):
        hint += " (the first line must hold the columns' names)"
    raise ValueError(f"{option}: there is no column {name!r}{hint}")


def listed(values):
    """A few values for a message."""
    shown = ", ".join(str(value) for value in values[:LISTED])
    return shown if len(values) <= LISTED else f"{shown}, ... ({len(values)} in all)"


def _number(value):
    """A value as a float, or None."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _missing(value):
    return value is None or value != value or (isinstance(value, str) and value.strip().lower() in MISSING)


def _numbers(header, wanted, lines, columns, text_target):
    """(X, target, weights, groups) of one chunk; groups are text."""
    X = np.empty((len(lines), len(wanted.features)))
    failed = []
    for place, k in enumerate(wanted.features):
        values = _as_numbers(columns[k])
        if values is None:
            failed.append(k)
        else:
            X[:, place] = values
    if failed:
        raise _explain(header, lines, columns, failed)
    weights = None
    if wanted.weights is not None:
        weights = _as_numbers(columns[wanted.weights])
        if weights is None:
            raise _explain(header, lines, columns, [wanted.weights], "--weights")
        negative = np.flatnonzero(weights < 0.0)
        if negative.size:
            name, first = header[wanted.weights], negative[0]
            raise ValueError(
                f"column {name!r} holds {weights[first]:g} in {lines[first]}, and --weights must not be negative"
            )
    target = _as_numbers(columns[wanted.target])
    if target is None and text_target and not any(map(_missing, columns[wanted.target])):
        target = np.array([str(value).strip() for value in columns[wanted.target]])
    if target is None:
        raise _explain(header, lines, columns, [wanted.target], "--target")
    groups = None
    if wanted.groups is not None:
        for line, value in zip(lines, columns[wanted.groups]):
            if _missing(value):
                raise ValueError(
                    f"column {header[wanted.groups]!r} has no value in {line}; --groups needs one in every row"
                )
        groups = np.array([str(value).strip() for value in columns[wanted.groups]])
    return X, target, weights, groups


def _as_numbers(values):
    """A column as finite floats, or None."""
    if isinstance(values, np.ndarray) and values.dtype.kind not in "fiubO":
        return None
    try:
        array = np.array(values, dtype=float)
    except (TypeError, ValueError):
        return None
    return array if array.ndim == 1 and np.all(np.isfinite(array)) else None


def _explain(header, lines, columns, failed, option=None):
    """The ValueError for columns that are not all finite numbers: text first, then missing values."""
    found, texts = None, []
    for k in failed:
        for line, value in zip(lines, columns[k]):
            if isinstance(value, np.datetime64) or (not _missing(value) and _number(value) is None):
                found = found if texts else (k, line, value)
                texts.append(header[k])
                break
    if texts:
        return ValueError(_text_message(header, *found, texts, option))
    for k in failed:
        for line, value in zip(lines, columns[k]):
            if _missing(value) or not np.isfinite(float(value)):
                what = "has no value" if _missing(value) else f"holds {value}"
                out = "" if option else f" (or leave the column out: --drop {_quoted([header[k]])})"
                return ValueError(f"column {header[k]!r} {what} in {line}; fill it in or remove the row{out}")
    raise AssertionError("a column was refused without a reason")


def _text_message(header, k, line, value, texts, option):
    shown = str(value) if len(str(value)) <= 40 else str(value)[:37] + "..."
    message = f"column {header[k]!r} holds text: {shown!r} in {line}"
    if isinstance(value, str) and _number(value.strip().replace(",", ".", 1)) is not None:
        message += " (write decimals with a point)"
    if option == "--target":
        return f"{message}; the target must be numeric, or hold two labels with --family binomial"
    if option:
        return f"{message}; {option} must be numeric"
    if len(texts) > 1:
        message += f", and so do {listed([repr(name) for name in texts[1:]])}"
    return f"{message}; leave text columns out with --drop {_quoted(texts)}"


def _quoted(names):
    """Names as one value of --drop that a shell passes on unchanged."""
    import shlex

    fields = [f'"{name}"' if "," in name or '"' in name else name for name in names]
    return shlex.quote(",".join(fields))


def split_names(text):
    """Names separated by commas; one that holds a comma stands in double quotes."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), []) if name.strip()]


def classes(target, name, positive=None):
    """(y, what class 1 is) for a binomial fit: two labels of text or number, or proportions in [0, 1].

    Of two labels the later in order is class 1 ("yes" after "no", 1 after 0), unless `positive` names it.
    """
    labels, counts = np.unique(target, return_counts=True)
    if target.dtype == float and positive is None:
        whole = np.all(labels == np.round(labels))
        if not (labels.size == 2 and whole) and labels[0] >= 0.0 and labels[-1] <= 1.0 and labels.size > 1:
            return target, "proportions in [0, 1]"
    shown = [f"{label:g}" if target.dtype == float else str(label) for label in labels]
    if labels.size == 1:
        raise ValueError(f"column {name!r} holds one class only ({shown[0]!r}); two are needed")
    if labels.size > 2:
        raise ValueError(
            f"column {name!r} holds {labels.size} different values ({listed(shown)}); "
            "--family binomial needs two labels, or proportions in [0, 1]"
        )
    if positive is not None and positive not in shown:
        raise ValueError(f"--positive {positive}: the labels of column {name!r} are {shown[0]!r} and {shown[1]!r}")
    one = 1 if positive is None else shown.index(positive)
    told = [f"{shown[k]!r} ({counts[k]:,} rows)" for k in (one, 1 - one)]
    return (target == labels[one]).astype(float), f"class 1 is {told[0]}, class 0 is {told[1]}"
