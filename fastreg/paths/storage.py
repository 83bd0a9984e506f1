"""Paths as JSON files: plain numbers with names, family and version, read back to the same bits.

The parts that Path and MultiPath share are here; MultiPath and `load_path` are in fastreg.multi.storage.
"""

import json
import math
import re
from pathlib import Path as File
from typing import Any

import numpy as np
import scipy.sparse as sp

import fastreg
from fastreg.interface.encoding import Encoding
from fastreg.interface.writing import whole_file
from fastreg.objective.families import FAMILIES
from fastreg.objective.own_penalty import Rates, rates_of
from fastreg.paths.result import Path

FORMAT, SEVERAL, VERSION = "fastreg path", "fastreg path of several responses", 1
RESULTS = ("fastreg cross-validation", "fastreg relaxed path", "fastreg table")  # of fastreg.inference.storage
BEGINNING = rb'\s*\{\s*"format"\s*:\s*"(' + FORMAT.encode() + b"|" + SEVERAL.encode() + b')"'  # of such a file
LOADED = "Only what save of a path or result has written, or --save from a shell, can be loaded"
VECTORS = ("alphas", "gaps", "n_iters", "deviance_ratio")  # one number per point
PLAIN = ("reasons", "family", "l1_ratio", "tol", "alpha_max", "feature_names", "work", "fit_intercept", "standardize")
FLAGS = ("has_offset", "weighted")  # False if absent, as in older files
BOUNDS = ("lower", "upper")  # one number per column, or None
ENTRIES = ("shape", "indptr", "indices", "data")  # of a csc_array
WORDS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}  # not numbers in JSON


def save_path(path: Path, file: Any, extra: dict[str, Any] | None = None) -> None:
    """Write a path to a JSON file.

    The file is an object with "format", "version", fastreg's version, and the fields of Path by name; coefficients
    are compressed columns: "shape", "indptr", "indices", "data". Infinity and NaN are the strings "inf", "-inf" and
    "nan". `extra` are more entries, plain data, which load_path ignores.

    The file is written under another name and then renamed, so that it is either complete or unchanged.

    Raises ValueError for a user's own family, which is code and cannot be stored.
    """
    write_document(path_document(path, extra), file)


def path_document(path: Path, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """The content of a path's file, as a dict."""
    if path.family_class is not None:
        raise ValueError(f"a path of a family of one's own ({path.family!r}) cannot be saved as JSON; pickle it")
    own = {name: getattr(path, name) for name in ("intercepts", "refit_ridge", *BOUNDS)}
    own["encoding"] = None if path.encoding is None else path.encoding.document()
    own["penalty"] = None if path.penalty is None else path.penalty._asdict()
    return shared_document(FORMAT, path, {**own, "coefs": entries_of(path.coefs)}) | (extra or {})


def shared_document(format, path, own):
    """The entries that all paths share, and the `own` ones of this kind of path."""
    document = begun(format)
    document |= {name: getattr(path, name) for name in (*PLAIN, *FLAGS, *VECTORS, "penalty_factor", "methods")}
    return document | own | {"trace": path.trace, "steps": path.steps}


def begun(format) -> dict[str, Any]:
    """The first entries of a file."""
    return {"format": format, "version": VERSION, "fastreg": fastreg.__version__}


def write_document(document, file):
    """Write a document as JSON, completely or not at all."""
    text = json.dumps(_plain(document), allow_nan=False, indent=None, separators=(", ", ": "))
    with whole_file(file) as opened:
        opened.write(text + "\n")


def entries_of(coefs):
    """The arrays and the shape of a csc_array, by name."""
    return {name: getattr(coefs, name) for name in ENTRIES}


def path_begun(start: bytes) -> str | None:
    """The format of a saved path, from the first bytes of a file; None for other files."""
    found = re.match(BEGINNING, start)
    return None if found is None else found[1].decode()


def read_document(file, formats=(FORMAT,)):
    """The content of a saved path's file, as a dict."""
    try:
        document = json.loads(File(file).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{file} is not a JSON file: {error}. {LOADED}") from None
    found = document.get("format") if isinstance(document, dict) else None
    if found == SEVERAL and SEVERAL not in formats:
        raise ValueError(
            f"{file} holds a path of several responses or classes; the command line takes one response. In Python "
            "fastreg.load_path reads it"
        )
    if found in RESULTS and found not in formats:
        raise ValueError(
            f"{file} holds a {found.removeprefix('fastreg ')}, no path; in Python fastreg.load_result reads it"
        )
    if found not in formats:
        raise ValueError(f"{file} holds no fastreg path (its format is not {FORMAT!r}). {LOADED}")
    if document.get("version") != VERSION:
        raise ValueError(
            f"{file} is of version {document.get('version')!r}, written by fastreg {document.get('fastreg')}; "
            f"this fastreg ({fastreg.__version__}) reads version {VERSION}"
        )
    return document


def path_of(document, file):
    """The Path in a document. Raises ValueError if entries are missing or inconsistent."""
    return built(_path_of, document, file)


def built(make, document, file):
    """make(document). Raises a ValueError that names the file if entries are missing or inconsistent."""
    try:
        return make(document)
    except KeyError as error:
        raise ValueError(f"{file} lacks the entry {error}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{file} is damaged: {error}") from None


def _path_of(document):
    ridge, penalty, encoding = map(document.get, ("refit_ridge", "penalty", "encoding"))  # absent in older files
    path = Path(
        coefs=coefs_of(document["coefs"]),
        intercepts=numbers(document["intercepts"]),
        refit_ridge=None if ridge is None else _number(ridge),
        encoding=encoding_of(encoding),
        penalty=None if penalty is None else _penalty_of(penalty, document["coefs"]["shape"][0]),
        **{name: _numbers_or_none(document.get(name)) for name in BOUNDS},
        **shared_fields(document),
    )
    check_fit(path, path.coefs.shape, {path.intercepts.shape}, FAMILIES)
    return path


def encoding_of(stored):
    """The Encoding, or FormulaEncoding, of a stored entry; None without one."""
    if stored is None:
        return None
    if "terms" not in stored:
        return Encoding.of_document(stored)
    from fastreg.interface.formula import FormulaEncoding

    return FormulaEncoding.of_document(stored)


def _penalty_of(stored, p):
    """The Rates of p columns from their stored entries."""
    return rates_of(Rates(str(stored["name"]), numbers(stored["l1"]), numbers(stored["l2"])), p)


def coefs_of(stored):
    """The csc_array of stored entries."""
    parts = numbers(stored["data"]), _integers(stored["indices"]), _integers(stored["indptr"])
    coefs = sp.csc_array(parts, shape=tuple(stored["shape"]))
    coefs.check_format(full_check=True)
    return coefs


def shared_fields(document):
    """The fields that all paths share, by name."""
    fields = {name: document[name] for name in PLAIN}
    _check_kinds(fields)
    fields |= {name: _number(document[name]) for name in ("l1_ratio", "alpha_max", "tol")}
    fields |= {name: flag(document.get(name, False)) for name in FLAGS}
    fields |= {name: numbers(document[name]) for name in VECTORS}
    fields["n_iters"] = _integers(document["n_iters"])
    fields["penalty_factor"] = _numbers_or_none(document.get("penalty_factor"))
    methods = document.get("methods")
    fields["methods"] = None if methods is None else [str(name) for name in methods]
    fields["trace"] = _table(document["trace"])
    fields["steps"] = None if document["steps"] is None else _table(document["steps"])
    return fields


def check_fit(path, shape, intercepts, families):
    """Raise a ValueError if a path's entries do not fit coefficients of a shape (p, k); `intercepts` are shapes."""
    (p, k), names = shape, path.feature_names
    sizes = {len(path.reasons), *(getattr(path, name).size for name in VECTORS)}
    fits = sizes == {k} and intercepts == {(k,)} and (names is None or len(names) == p)
    if not fits or k == 0 or path.family not in tuple(families):
        raise ValueError("its entries do not fit together")


def _plain(value):
    """Data for JSON: arrays as lists, infinity and NaN as strings."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def flag(value):
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _check_kinds(fields):
    """Raise a ValueError if names, reasons or work have the wrong type."""
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


def numbers(values):
    return np.array([_number(value) for value in values])


def _numbers_or_none(values):
    return None if values is None else numbers(values)


def _integers(values):
    return np.array(values, dtype=np.int64)


def _table(columns):
    """Arrays by name; integers are kept as integers."""
    whole = {name: all(isinstance(value, int) for value in values) for name, values in columns.items()}
    return {name: (_integers if whole[name] else numbers)(values) for name, values in columns.items()}
