"""Paths as JSON files: plain numbers with names, family and version, read back to the same bits."""

import json
import math
import re
from pathlib import Path as File
from typing import Any

import numpy as np
import scipy.sparse as sp

import fastreg
from fastreg.interface.naming import explains_names
from fastreg.interface.writing import whole_file
from fastreg.objective.families import FAMILIES
from fastreg.paths.result import Path

FORMAT, VERSION = "fastreg path", 1
BEGINNING = rb'\s*\{\s*"format"\s*:\s*"' + FORMAT.encode() + b'"'  # of a file that holds a path, as a pattern
LOADED = "Only what Path.save has written, or --save from a shell, can be loaded"
VECTORS = ("alphas", "intercepts", "gaps", "n_iters", "deviance_ratio")  # a number a point
PLAIN = ("reasons", "family", "l1_ratio", "tol", "alpha_max", "feature_names", "work", "fit_intercept", "standardize")
FLAGS = ("has_offset", "weighted")  # absent, which is False, in files of fastreg before them
OPTIONAL = ("penalty_factor", "lower", "upper")  # a number a column, or None
WORDS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}  # JSON has no numbers for them


def save_path(path: Path, file: Any, extra: dict[str, Any] | None = None) -> None:
    """Write a path to a JSON file.

    The file is an object with "format", "version", fastreg's version, and the fields of Path by name; coefficients
    are compressed columns: "shape", "indptr", "indices", "data". Infinity and NaN are the strings "inf", "-inf" and
    "nan". `extra` holds more entries, plain data, which load_path passes over.

    The file is written beside its place and then renamed: it is whole, or as it was before.

    Raises ValueError for a family of one's own, which is code and cannot be stored.
    """
    if path.family_class is not None:
        raise ValueError(f"a path of a family of one's own ({path.family!r}) cannot be saved as JSON; pickle it")
    coefs = path.coefs
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION, "fastreg": fastreg.__version__}
    document |= {name: getattr(path, name) for name in PLAIN + FLAGS + VECTORS}
    document |= {name: getattr(path, name) for name in OPTIONAL}
    document |= {"refit_ridge": path.refit_ridge, "methods": path.methods}
    document["coefs"] = {name: getattr(coefs, name) for name in ("shape", "indptr", "indices", "data")}
    document |= {"trace": path.trace, "steps": path.steps, **(extra or {})}
    text = json.dumps(_plain(document), allow_nan=False, indent=None, separators=(", ", ": "))
    with whole_file(file) as opened:
        opened.write(text + "\n")


def begins_path(start: bytes) -> bool:
    """Whether the first bytes of a file are those of a saved path."""
    return re.match(BEGINNING, start) is not None


@explains_names
def load_path(file: Any) -> Path:
    """Read the Path that `Path.save` has written.

    Parameters
    ----------
    file : str or path-like
        Name of a JSON file.

    Returns
    -------
    Path
        The same, to the last bit.

    Raises
    ------
    ValueError
        Where the file is not such a path or does not fit together.
    OSError
        Where it cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from fastreg import fit_path, load_path
    >>> path = fit_path(np.eye(4), np.arange(4.0), alphas=[0.5, 0.1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path.save(pathlib.Path(folder) / "model.json")
    ...     same = load_path(pathlib.Path(folder) / "model.json")
    >>> np.array_equal(same.coefs.toarray(), path.coefs.toarray())
    True
    """
    return path_of(read_document(file), file)


def read_document(file):
    """What a saved path's file holds, as dict."""
    try:
        document = json.loads(File(file).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{file} is not a JSON file: {error}. {LOADED}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{file} holds no fastreg path (its format is not {FORMAT!r}). {LOADED}")
    if document.get("version") != VERSION:
        raise ValueError(
            f"{file} is of version {document.get('version')!r}, written by fastreg {document.get('fastreg')}; "
            f"this fastreg ({fastreg.__version__}) reads version {VERSION}"
        )
    return document


def path_of(document, file):
    """The Path in a document; what is missing or does not fit is a ValueError."""
    try:
        stored = document["coefs"]
        parts = _numbers(stored["data"]), _integers(stored["indices"]), _integers(stored["indptr"])
        coefs = sp.csc_array(parts, shape=tuple(stored["shape"]))
        coefs.check_format(full_check=True)
        fields = {name: document[name] for name in PLAIN}
        fields["l1_ratio"] = _number(document["l1_ratio"])
        _check_kinds(fields)
        fields |= {name: _flag(document.get(name, False)) for name in FLAGS}
        fields |= {name: _numbers(document[name]) for name in VECTORS}
        fields["n_iters"] = _integers(document["n_iters"])
        fields["alpha_max"], fields["tol"] = _number(document["alpha_max"]), _number(document["tol"])
        given = {name: document.get(name) for name in OPTIONAL}
        fields |= {name: None if values is None else _numbers(values) for name, values in given.items()}
        ridge = document.get("refit_ridge")  # absent in files of fastreg before it, as the flags are
        fields["refit_ridge"] = None if ridge is None else _number(ridge)
        methods = document.get("methods")
        fields["methods"] = None if methods is None else [str(name) for name in methods]
        fields["trace"] = _table(document["trace"])
        fields["steps"] = None if document["steps"] is None else _table(document["steps"])
        path = Path(coefs=coefs, **fields)
    except KeyError as error:
        raise ValueError(f"{file} lacks the entry {error}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{file} is damaged: {error}") from None
    (p, k), names = coefs.shape, path.feature_names
    sizes = {len(path.reasons), *(getattr(path, name).size for name in VECTORS)}
    if sizes != {k} or k == 0 or path.family not in tuple(FAMILIES) or (names is not None and len(names) != p):
        raise ValueError(f"{file} is damaged: its entries do not fit together")
    return path


def _plain(value):
    """Arrays as lists, numbers that JSON lacks as words."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _flag(value):
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _check_kinds(fields):
    """A ValueError where the entries that are no numbers are of another kind than a Path's."""
    names, reasons, work = (fields[name] for name in ("feature_names", "reasons", "work"))
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str | int) for name in names)):
        raise ValueError("feature_names does not hold names")
    if not (isinstance(reasons, list) and all(isinstance(reason, str) for reason in reasons)):
        raise ValueError("reasons does not hold words")
    if not isinstance(work, dict):
        raise ValueError("work does not hold counts by name")


def _number(value):
    if isinstance(value, str) and value not in WORDS:
        raise ValueError(f"{value!r} is no number")
    return WORDS[value] if isinstance(value, str) else float(value)


def _numbers(values):
    return np.array([_number(value) for value in values])


def _integers(values):
    return np.array(values, dtype=np.int64)


def _table(columns):
    """Arrays by name: integers stay integers."""
    whole = {name: all(isinstance(value, int) for value in values) for name, values in columns.items()}
    return {name: (_integers if whole[name] else _numbers)(values) for name, values in columns.items()}
