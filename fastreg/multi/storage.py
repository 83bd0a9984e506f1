"""Paths of several responses as JSON files, and `load_path`, which reads these and those of one."""

from typing import Any

import numpy as np

from fastreg.interface.naming import explains_names
from fastreg.multi.losses import Softmax, SquaredError
from fastreg.multi.result import MultiPath
from fastreg.paths.result import Path
from fastreg.paths.storage import (
    BOUNDS,
    FORMAT,
    SEVERAL,
    built,
    check_fit,
    coefs_of,
    encoding_of,
    entries_of,
    flag,
    numbers,
    path_of,
    read_document,
    shared_document,
    shared_fields,
    write_document,
)

FAMILIES = (SquaredError.name, Softmax.name)
LABELS = "biufU"  # kinds of arrays whose values JSON holds


def save_multi_path(path: MultiPath, file: Any) -> None:
    """Write a path to a JSON file, as `save_path` does one of a single response.

    "coefs" is a list of compressed columns, one a response; "intercepts" has a list for each.

    Raises ValueError for classes that are neither numbers nor text nor truth values.
    """
    write_document(multi_document(path), file)


def multi_document(path: MultiPath) -> dict[str, Any]:
    """The content of such a file, as a dict."""
    own: dict[str, Any] = {"coefs": [entries_of(coefs) for coefs in path.coefs], "intercepts": path.intercepts}
    own |= {name: getattr(path, name) for name in BOUNDS}
    own |= {"encoding": None if path.encoding is None else path.encoding.document()}
    own |= {"grouped": path.grouped, "classes": stored_labels(path.classes)}
    return shared_document(SEVERAL, path, own)


def stored_labels(classes):
    """Labels as JSON holds them."""
    if classes is None:
        return None
    values = np.array(classes.tolist()) if classes.dtype.kind == "O" else classes
    if values.dtype.kind not in LABELS or (classes.dtype.kind == "O" and values.tolist() != classes.tolist()):
        raise ValueError(
            f"classes such as {classes[0]!r} cannot be saved as JSON, which has numbers, text and truth values; "
            "pickle the path"
        )
    return values.tolist()


@explains_names
def load_path(file: Any) -> Path | MultiPath:
    """Read the path that `Path.save` or `MultiPath.save` has written.

    Parameters
    ----------
    file : str or path-like
        Name of a JSON file.

    Returns
    -------
    Path or MultiPath
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
    return any_path_of(read_document(file, (FORMAT, SEVERAL)), file)


def any_path_of(document, file) -> Path | MultiPath:
    """The path in a document of either kind."""
    return path_of(document, file) if document["format"] == FORMAT else built(_multi_path_of, document, file)


def _multi_path_of(document):
    classes, encoding = document["classes"], document.get("encoding")  # absent in older files
    path = MultiPath(
        encoding=encoding_of(encoding),
        coefs=[coefs_of(stored) for stored in document["coefs"]],
        intercepts=_rows_or_none(document["intercepts"]),
        **{name: _rows_or_none(document.get(name)) for name in BOUNDS},
        grouped=flag(document["grouped"]),
        classes=None if classes is None else read_labels(classes),
        **shared_fields(document),
    )
    shapes, K = {coefs.shape for coefs in path.coefs}, len(path.coefs)
    named = path.classes is None or path.classes.size == K
    if len(shapes) != 1 or len(path.intercepts) != K or not named:
        raise ValueError("its entries do not fit together")
    (p, k), bounds = shapes.pop(), (path.lower, path.upper)
    if any(bound is not None and bound.shape != (p, K) for bound in bounds):
        raise ValueError("its entries do not fit together")
    check_fit(path, (p, k), {row.shape for row in path.intercepts}, FAMILIES)
    return path


def _rows_or_none(rows):
    return None if rows is None else np.array([numbers(row) for row in rows])


def read_labels(values):
    labels = np.array(values)
    if labels.ndim != 1 or labels.dtype.kind not in LABELS or labels.tolist() != values:
        raise ValueError("classes does not hold labels of one kind")
    return labels
