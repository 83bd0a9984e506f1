"""Results beyond paths as JSON files: cross-validated and relaxed paths, and tables of coefficients."""

from typing import Any

import numpy as np

from fastreg.inference.result import Table
from fastreg.interface.naming import explains_names
from fastreg.multi.result import MultiPath
from fastreg.multi.storage import any_path_of, multi_document, read_labels, stored_labels
from fastreg.paths.result import Path
from fastreg.paths.storage import (
    FORMAT,
    RESULTS,
    SEVERAL,
    WORDS,
    begun,
    built,
    encoding_of,
    flag,
    path_document,
    read_document,
    write_document,
)
from fastreg.selection.cross_validation.result import CVPath
from fastreg.selection.relaxed.relaxed import RelaxedPath

CROSS_VALIDATION, RELAXED, TABLE = RESULTS
ARRAYS = ("alphas", "mean", "std_error", "fold_scores", "fold_gaps")  # of a CVPath
COLUMNS = ("estimate", "se", "statistic", "p_value", "lower", "upper")  # of a Table


def save_result(result: Any, file: Any) -> None:
    """Write a result as JSON: its fields by name, paths in it as `Path.save` writes them.

    Raises a ValueError for a path of a family of one's own, which is code and cannot be stored.
    """
    kinds: dict[type, Any] = {CVPath: _cv_document, RelaxedPath: _relaxed_document, Table: _table_document}
    write_document(kinds[type(result)](result), file)


def _path_document(path):
    return multi_document(path) if isinstance(path, MultiPath) else path_document(path)


def _cv_document(found):
    names = (*ARRAYS, "index_min", "index_1se", "metric", "greater_is_better", "predictions", "test_folds", "l1_ratio")
    document = begun(CROSS_VALIDATION) | {name: getattr(found, name) for name in (*names, "l1_ratios", "work")}
    return document | {
        "classes": stored_labels(found.classes), "path": _path_document(found.path),
        "fold_paths": [_path_document(each) for each in found.fold_paths],
        "per_l1_ratio": [_cv_document(each) for each in found.per_l1_ratio],
    }  # fmt: skip


def _relaxed_document(relaxed):
    paths = {"path": path_document(relaxed.path), "refit": path_document(relaxed.refit)}
    return begun(RELAXED) | paths | {"ridge": relaxed.ridge}


def _table_document(table):
    numbers = {name: getattr(table, name) for name in table.__dataclass_fields__}
    return begun(TABLE) | numbers | {"encoding": None if table.encoding is None else table.encoding.document()}


@explains_names
def load_result(file: Any) -> Path | MultiPath | CVPath | RelaxedPath | Table:
    """Read what `save` of a path, of cross-validation, of a relaxed path or of a table has written.

    Only numbers and text are read; no code is run.

    Parameters
    ----------
    file : str or path-like
        Name of a JSON file.

    Returns
    -------
    Path, MultiPath, CVPath, RelaxedPath or Table
        The same, to the last bit.

    Raises
    ------
    ValueError
        Where the file is not such a result or does not fit together.
    OSError
        Where it cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> import fastreg
    >>> X = np.arange(12.0)[:, None]
    >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found.save(pathlib.Path(folder) / "found.json")
    ...     fastreg.load_result(pathlib.Path(folder) / "found.json").alpha_min
    0.1
    """
    document = read_document(file, (FORMAT, SEVERAL, *RESULTS))
    make = {CROSS_VALIDATION: _cv_of, RELAXED: _relaxed_of, TABLE: _table_of}.get(document["format"])
    return any_path_of(document, file) if make is None else built(make, document, file)


def _path_of(document, *formats):
    if document["format"] not in formats:
        raise ValueError(f"{document['format']!r} is not the format of a path in it")
    return any_path_of(document, "a path in it")


def _cv_of(document):
    folds = document["test_folds"]
    found = CVPath(
        path=_path_of(document["path"], FORMAT, SEVERAL), **{name: _numbers(document[name]) for name in ARRAYS},
        index_min=_count(document["index_min"]), index_1se=_count(document["index_1se"]),
        metric=_text(document["metric"]), greater_is_better=flag(document["greater_is_better"]),
        predictions=_numbers_or_none(document["predictions"]),
        test_folds=None if folds is None else np.array([_count(number) for number in folds], dtype=int),
        l1_ratio=float(_numbers(document["l1_ratio"])), l1_ratios=_numbers(document["l1_ratios"]).tolist(),
        per_l1_ratio=[_cv_of(each) for each in document["per_l1_ratio"]],
        fold_paths=[_path_of(each, FORMAT, SEVERAL) for each in document["fold_paths"]],
        classes=None if document["classes"] is None else read_labels(document["classes"]),
        work={_text(name): float(_numbers(value)) for name, value in document["work"].items()},
    )  # fmt: skip
    (k,), count = found.alphas.shape, len(found.fold_scores)
    sizes = {found.mean.shape, found.std_error.shape, found.path.alphas.shape}
    fits = sizes == {(k,)} and found.fold_scores.shape == found.fold_gaps.shape == (count, k)
    fits &= max(found.index_min, found.index_1se) < k and min(found.index_min, found.index_1se) >= 0
    fits &= len(found.fold_paths) in (0, count) and len(found.per_l1_ratio) in (0, len(found.l1_ratios))
    if found.predictions is not None:
        rows = found.predictions.shape[0] if found.test_folds is None else found.test_folds.size
        fits &= found.predictions.shape[:2] == (rows, k)
    return _fitting(found, fits)


def _relaxed_of(document):
    path, refit = (_path_of(document[name], FORMAT) for name in ("path", "refit"))
    relaxed = RelaxedPath(path, refit, float(_numbers(document["ridge"])))
    return _fitting(relaxed, path.coefs.shape == refit.coefs.shape and np.array_equal(path.alphas, refit.alphas))


def _table_of(document):
    names, notes = ([_text(each) for each in document[part]] for part in ("names", "notes"))
    table = Table(
        names=names, notes=notes, title=_text(document["title"]), test=_text(document["test"]),
        **{name: _numbers(document[name]) for name in COLUMNS},
        level=float(_numbers(document["level"])), dispersion=float(_numbers(document["dispersion"])),
        degrees_left=float(_numbers(document["degrees_left"])),
        covariance=_numbers_or_none(document["covariance"]),
        more={_text(name): _numbers(values) for name, values in document["more"].items()},
        encoding=encoding_of(document.get("encoding")),  # absent in older files
    )  # fmt: skip
    k = len(names)
    fits = {getattr(table, name).shape for name in COLUMNS} | {each.shape for each in table.more.values()} == {(k,)}
    return _fitting(table, fits and (table.covariance is None or table.covariance.shape == (k, k)))


def _fitting(result, fits):
    """The result, if its entries fit together."""
    if not fits:
        raise ValueError("its entries do not fit together")
    return result


def _numbers(values):
    """An array of numbers in nested lists, or of one number; words are infinity and NaN."""

    def number(value):
        if isinstance(value, list):
            return [number(each) for each in value]
        if isinstance(value, bool) or not (isinstance(value, (int, float)) or value in WORDS):
            raise ValueError(f"{value!r} is no number")
        return WORDS[value] if isinstance(value, str) else float(value)

    return np.array(number(values), dtype=float)


def _numbers_or_none(values):
    return None if values is None else _numbers(values)


def _count(value):
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is no whole number")
    return value


def _text(value):
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value
