"""X in a file that `fastreg.open` takes: the same Table as of a table, whose target is in a table beside X."""

import os
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

import fastreg
from fastreg.cli.beside import Wanted, named, read_tables
from fastreg.cli.features import Features
from fastreg.cli.tables import Table, listed, split_names
from fastreg.design.files.formats import NPY
from fastreg.design.files.opening import BED
from fastreg.interface.data_frames import named_columns
from fastreg.interface.frames import feature_names_of, joined

ENDINGS = (".bed", ".npy", ".npz")
ARRAYS = ("shape.npy", "indptr.npy")  # in a folder of sparse columns
OF_TABLES = ("formula", "drop", "keep", "categorical", "ordered", "missing", "unseen", "dates")  # options
BESIDE = ("target", "weights", "exposure", "offset", "groups", "covariates")  # options that name columns beside X


def is_stored(file):
    """Whether a file or folder holds X as `fastreg.open` takes it, by its name and first bytes."""
    if file is None or os.path.isdir(file):
        return file is not None and any(os.path.isfile(os.path.join(file, name)) for name in ARRAYS)
    if file.lower().endswith(ENDINGS):
        return True
    if not os.path.isfile(file):
        return False
    with open(file, "rb") as opened:
        return opened.read(len(NPY)).startswith((NPY, BED))


def check_stored(options):
    """Raise ValueError for options of a fit that have no meaning for X in a file, or only there."""
    if not is_stored(options.file):
        if options.covariates is not None:
            raise ValueError("--covariates is for X in a file such as genes.bed; in a table every column is a feature")
        return
    for name in OF_TABLES:
        if getattr(options, name):
            raise ValueError(f"--{name} is for tables; of {options.file} all columns are features, as they are")
    if options.target is None:
        raise ValueError(
            f"--target is missing: which column is to be explained, of which table? It has a row for each row of "
            f"{options.file}, and is given as --target TABLE:COLUMN"
        )
    if options.predict is not None:
        for name in ("covariates", "offset", "exposure"):
            if getattr(options, name) is not None:
                raise ValueError(
                    f"--predict with --{name} needs a table of the new rows: fit with --save model.json, then give "
                    f"--load model.json --predict {options.predict} --{name} TABLE:COLUMN"
                )


def files_beside(options):
    """The other files that a command reads, as {what each is: name}."""
    found: dict[str, str] = {}
    for what, file in (("the table to fit", options.file), ("the table to predict", options.predict)):
        if is_stored(file):
            beside = os.path.splitext(file)[0]
            found |= {f"{end} of {what}": f"{beside}{end}" for end in (".bim", ".fam") if file.endswith(".bed")}
    if is_stored(options.file) or (options.load is not None and is_stored(options.predict)):
        for option in BESIDE:
            text = getattr(options, option)
            if text is not None and ":" in text:
                found[f"the table of --{option}"] = named(f"--{option}", text)[0]
    return found


def read_stored(options, offset, labels, limits, dialect):
    """A Table whose X is a file, as the command line asks for. Raises ValueError with one line for the user."""
    X, file = fastreg.open(options.file), options.file
    table, target = named("--target", options.target)
    wanted = {"target": Wanted("--target", table, target, "labels" if labels else "numbers", tuple(limits))}
    for role in ("weights", "groups"):
        if getattr(options, role) is not None:
            where, name = named(f"--{role}", getattr(options, role), table)
            wanted[role] = Wanted(f"--{role}", where, name, "labels" if role == "groups" else "numbers")
    if offset is not None:
        wanted["offset"] = Wanted(offset.option, *named(offset.option, offset.column, table))
    covariates = _covariates(options, table)
    tables, complete = _read([*wanted.values(), *covariates], X, file, dialect)
    at, n = np.flatnonzero(complete), X.shape[0]
    got = {role: tables[each.file].values(each, at) for role, each in wanted.items()}
    notes = [note for each in tables.values() for note in each.notes]
    if at.size < n:
        notes.append(f"the other {n - at.size:,} of {n:,} rows of {file} have weight 0: they do not count")
    some, offset_name = (at if at.size < n else None), wanted["offset"].name if offset else None
    return Table(
        _features(X, covariates, tables, complete), target, got["target"], got.get("weights"), got.get("groups"),
        offset.of(got["offset"]) if offset is not None else None, notes,
        lambda row: tables[table].place(at[row]), some, offset_name,
    )  # fmt: skip


def _covariates(options, table):
    """What --covariates names."""
    if options.covariates is None:
        return []
    file, names = named("--covariates", options.covariates, table)
    return [Wanted("--covariates", file, name) for name in split_names(names)]


def _people_of(X: Any):
    """The (family, name) of each row of genotypes; None of other X."""
    return [*X.source.people()] if hasattr(X, "people") else None


def _read(wanted, X, file, dialect):
    people = _people_of(X)
    of_rows = f"{os.path.splitext(file)[0]}.fam" if people else file
    return read_tables(wanted, X.shape[0], people, file, of_rows, dialect)


def _features(X, covariates, tables, complete):
    p, whole, options = X.shape[1], X, {}
    about = f"{p:,} feature{'s' * (p != 1)}"
    if covariates:
        about += f", {len(covariates):,} covariate{'s' * (len(covariates) > 1)} without a penalty"
        whole = _beside(covariates, tables, complete, X)
        options["penalty_factor"] = np.repeat([0.0, 1.0], [len(covariates), p])
    names = named_columns(feature_names_of(whole), whole.shape[1])
    return Features(whole, names, options, about, kernels=X.form, stored=X)


class Covariates(np.ndarray):
    """Columns in memory, with their names as `feature_names`."""

    def __new__(cls, columns, names):
        self = columns.view(cls)
        self.feature_names = names
        return self


def _beside(covariates, tables, complete, X):
    """X with covariates before it; rows that lack any value have the mean of the others, and weight 0."""
    columns = np.empty((X.shape[0], len(covariates)), order="F")
    rows = np.flatnonzero(complete)
    for j, each in enumerate(covariates):
        values = tables[each.file].values(each, rows)
        columns[:, j] = values.mean()
        columns[rows, j] = values
    return joined((Covariates(columns, [each.name for each in covariates]), X))


def over_all_rows(table):
    """A Table over all rows of X: those that its columns do not describe get weight 0."""
    if table.at is None:
        return table
    n = table.features.X.shape[0]

    def spread(values, rest):
        out = np.full(n, rest, dtype=values.dtype)
        out[table.at] = values
        return out

    weights = np.ones(table.at.size) if table.weights is None else table.weights
    groups = None if table.groups is None else spread(table.groups, table.groups[0])
    offset = None if table.offset is None else spread(table.offset, 0.0)
    target = spread(table.target, table.target[0])  # any that the family admits
    return replace(table, target=target, weights=spread(weights, 0.0), groups=groups, offset=offset)


class NewRows(NamedTuple):
    """Rows to predict: X, their offset, which of them can be predicted (None: all), and (family, name) of each."""

    X: Any
    offset: np.ndarray | None
    complete: np.ndarray | None = None
    people: list[tuple[str, str]] | None = None


def read_new(options, names, offset, means, dialect):
    """(NewRows of the file of --predict, notes) for a model whose features are called `names`."""
    if not isinstance(names, list):
        raise ValueError(f"{options.predict} holds numbers, and the model has categories, dates or gaps: give a table")
    file, X = options.predict, fastreg.open(options.predict)
    if hasattr(X, "means") and means is not None and means.size == X.shape[1]:  # else it is refused below
        X = fastreg.open(file, means=means)
    p, lead = len(names), len(names) - X.shape[1]  # covariates come first
    covariates = _covariates(options, None)
    if lead > 0 and not covariates:
        raise ValueError(
            f"{file} has {X.shape[1]:,} columns, and the model {p:,} features, the first of them "
            f"{listed(names[:lead])}: are these covariates? Then give --covariates TABLE:COLUMN,COLUMN"
        )
    given = [each.name for each in covariates]
    if lead < 0 or given != names[:lead]:
        has = f"{file} has {X.shape[1]:,} columns, and the model {p:,} features"
        order = f", the first of them {listed(names[:lead])}" if lead > 0 else ""
        raise ValueError(f"{has}{order}; --covariates names {listed(given) or 'none'}: give the same, in this order")
    _check_names(file, feature_names_of(X), names, lead)
    wanted, table = [*covariates], covariates[0].file if covariates else None
    if offset is not None:
        wanted.append(Wanted(offset.option, *named(offset.option, offset.column, table)))
    people = _people_of(X)
    if not wanted:
        return NewRows(X, None, None, people), []
    tables, complete = _read(wanted, X, file, dialect)
    notes = [note for each in tables.values() for note in each.notes]
    if not complete.all():
        notes.append(f"{np.count_nonzero(~complete):,} of {complete.size:,} rows of {file} have no prediction")
    whole, given_offset = X, None
    if covariates:
        whole = _beside(covariates, tables, complete, X)
    if offset is not None:
        given_offset = np.zeros(X.shape[0])
        given_offset[complete] = offset.of(tables[wanted[-1].file].values(wanted[-1], np.flatnonzero(complete)))
    return NewRows(whole, given_offset, complete, people), notes


def _check_names(file, own, names, lead):
    """Raise ValueError where the columns of a file have names that are not those of the model."""
    if own is None or own == names[lead:]:
        return
    j = next(j for j, pair in enumerate(zip(own, names[lead:])) if pair[0] != pair[1])
    advice = ""
    if file.endswith(".bed"):
        advice = " (a name ends in the allele that is counted, A1 of the .bim)"
    raise ValueError(
        f"column {j + 1} of {file} is {own[j]!r}, where the model has {names[lead + j]!r}; the same columns are "
        f"needed, in the same order{advice}"
    )


def kept_of(X, path):
    """What a saved path keeps of genotypes: the number of covariates before them, and what unknown ones count as, of
    the variants that are ever in; None for other X."""
    if not hasattr(X, "means"):
        return None
    covariates = path.coefs.shape[0] - X.shape[1]
    return {"covariates": covariates, "means": X.means[_ever_in(path, covariates)].tolist()}


def means_of(kept, path, file=None):
    """The numbers that unknown genotypes count as, by what was kept with a path, in a file; None if nothing was."""
    if kept is None:
        return None
    try:
        means = np.zeros(path.coefs.shape[0] - kept["covariates"])  # variants that are never in count as nothing
        ever = _ever_in(path, kept["covariates"])
        means[ever] = np.array(kept["means"], dtype=float).reshape(ever.shape)
    except (KeyError, TypeError, ValueError, IndexError):
        raise ValueError(f"{file} is damaged: its entry 'genotypes' does not hold a mean for each variant") from None
    return means


def _ever_in(path, covariates):
    ever = np.unique(path.coefs.indices) - covariates
    return ever[ever >= 0]
