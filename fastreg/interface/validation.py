"""Checks of data: what passes is float64, or X of narrower numbers (narrow.py), finite and of matching shapes.

A message names the parameter, the first bad place (row, column or feature) and what is allowed.
"""

import numbers
import os
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

import numpy as np
import scipy.sparse as sp

from fastreg.interface.compressed import check_pointers, check_range, first_disorder
from fastreg.interface.copies import refuse_large_copy
from fastreg.interface.frames import array_of, feature_names_of, keeps_form, label_array, vector_of
from fastreg.interface.narrow import kept
from fastreg.interface.scalars import ParameterError as ParameterError
from fastreg.interface.scalars import check_count as check_count
from fastreg.interface.scalars import check_flag as check_flag
from fastreg.interface.scalars import check_number as check_number
from fastreg.interface.scalars import check_option as check_option
from fastreg.interface.scalars import plain as plain

LARGEST = 1e150  # squares of larger numbers overflow


class DataWarning(UserWarning):
    """Input that was accepted, though it may not be what was meant.

    Examples
    --------
    >>> import fastreg, warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", fastreg.DataWarning)  # refuse such input
    """


class ConvergenceWarning(UserWarning):
    """A point of a path is not certified to the tolerance asked for.

    Examples
    --------
    >>> import fastreg, warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", fastreg.ConvergenceWarning)  # let nothing pass that is not certified
    """


_warned: ContextVar[set[str] | None] = ContextVar("warned", default=None)  # topics of warnings, within `each_once`


@contextmanager
def each_once():
    """Within this, each topic is warned of once, although a call may build and check its problem many times."""
    token = _warned.set(set() if _warned.get() is None else _warned.get())
    try:
        yield
    finally:
        _warned.reset(token)


def warn(message, category, topic=None):
    """Warn at the user's line that called fastreg, however deep in the package this is called."""
    warned = _warned.get()
    if topic is not None and warned is not None:
        if topic in warned:
            return
        warned.add(topic)
    level = 1
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("fastreg", "contextlib"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def check_design(X):
    """X as a Fortran array or canonical CSC of the types that are `kept`, a Design or a CodedTable; else copied."""
    if sp.issparse(X):
        return _check_sparse(X)
    if isinstance(X, np.matrix):
        raise ValueError("X is an np.matrix; pass np.asarray(X)")
    X = check_table(X, order="F")
    _check_shape(X.shape)
    ready = not isinstance(X, np.ndarray) or (X.flags.f_contiguous and X.flags.aligned)
    return X if ready else np.asfortranarray(X)


def check_table(X, order="K"):
    """X with two dimensions: what is sparse or keeps its form unchanged, else an array of the types that are `kept`; a
    copy of another type is in `order`."""
    refuse_large_copy(X, by_columns=order == "F")
    plain = isinstance(X, np.ndarray)  # asked first, since it takes least
    if plain or not (sp.issparse(X) or keeps_form(X)):
        X = as_float("X", X if plain else array_of(X), None if plain else feature_names_of(X), order, keep=True)
    if len(X.shape) != 2:
        raise ValueError(f"X must have two dimensions (rows, columns), got an array of shape {X.shape}")
    return X


def is_plain(X, y):
    """Whether X is a table of floats, an array or CSC, and y a vector of numbers, finite and as long."""
    return (
        (type(X) is np.ndarray or (sp.issparse(X) and X.format == "csc"))
        and type(y) is np.ndarray
        and X.dtype in (np.float64, np.float32)
        and y.dtype in (np.float64, np.float32, np.int64)
        and X.ndim == 2
        and y.ndim == 1
        and 0 < y.size == X.shape[0]
        and X.shape[1] > 0
        and bool(np.isfinite(y).all())
    )


def _check_shape(shape):
    if shape[0] == 0:
        raise ValueError(f"X has no rows (shape {shape}); at least 1 is needed")
    if shape[1] == 0:
        raise ValueError(f"X has no columns (shape {shape}); at least 1 is needed")


def as_float(name, values, names=None, order="K", keep=False):
    """An array of float64 in native byte order, or a ValueError that says why not; a copy is in the `order` given. With
    `keep`, narrower types are `kept`."""
    refuse_masked(name, values)
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is not a rectangular array of numbers: {error}") from None
    if array.dtype == np.float64 and array.dtype.isnative:
        return array
    if array.ndim == 0 and array.dtype.kind == "O":
        advice = f"; pass fastreg.open({str(values)!r})" if isinstance(values, os.PathLike) and name == "X" else ""
        raise ValueError(f"{name} is not an array of numbers: got {type(values).__name__}{advice}")
    if np.iscomplexobj(array):
        raise ValueError(f"{name} is complex; Complex data not supported")
    if array.dtype.kind not in "fiubO":
        example = next(iter(array.ravel()[:1].tolist()), None)
        raise ValueError(f"{name} must be numeric, got {array.dtype} (for example {example!r})")
    try:
        return kept(array, order=order) if keep else array.astype(np.float64, order=order)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numeric; {_first_text(name, array, names)}") from None


def refuse_masked(name, values):
    """Raise for a masked array or a list of them: NumPy's functions would ignore the mask."""
    rows = values if isinstance(values, (list, tuple)) else (values,)
    if any(isinstance(row, np.ma.MaskedArray) for row in rows):
        raise ValueError(
            f"{name} is a masked array; fill or drop its masked entries first, and pass what is left by np.asarray"
        )


def _first_text(name, array, names):
    for place, value in np.ndenumerate(array):
        try:
            float(value)
        except (TypeError, ValueError):
            return f"{_place(name, place, names)} is {plain(value)!r}"
    return "it holds values that are not numbers"


def _place(name, place, names=None):
    if len(place) == 1:
        return f"{name}[{place[0]}]"
    column = f" ({names[place[1]]!r})" if names else ""
    return f"{name}[{place[0]}, {place[1]}]{column}"


def _check_sparse(X):
    if np.iscomplexobj(X):
        raise ValueError("X is complex; Complex data not supported")
    if X.dtype.kind not in "fiub":
        raise ValueError(f"X must be numeric, got {X.dtype}")
    if X.ndim != 2:
        raise ValueError(f"X must have two dimensions (rows, columns), got a sparse array of shape {X.shape}")
    _check_shape(X.shape)
    refuse_large_copy(X)
    if X.format in ("csr", "bsr"):
        _check_compressed(X)
    elif X.format == "coo":
        check_range("X.row", X.row, X.shape[0]), check_range("X.col", X.col, X.shape[1])
    if X.format != "csc":
        X = X.tocsc()
    _check_compressed(X)
    if (values := kept(X.data)) is not X.data:
        X = sp.csc_array((values, X.indices, X.indptr), shape=X.shape)
    if first_disorder(X.indices, X.indptr) is not None:
        X = sp.csc_array((X.data.copy(), X.indices.copy(), X.indptr.copy()), shape=X.shape)
        X.sum_duplicates()
    return X


def _check_compressed(X):
    """Raise where pointers or indices are out of range."""
    check_pointers("X.indptr", X.indptr, X.indices.size)
    limit = X.shape[1] if X.format == "csr" else X.shape[0]
    if X.format == "bsr":
        limit = X.shape[1] // X.blocksize[1]
    check_range("X.indices", X.indices, limit)


def explain_not_finite(X, names=None):
    """The ValueError for an X in which a column's moments came out as NaN or infinite."""
    X = X.expanded_numbers() if hasattr(X, "expanded_numbers") else X
    if sp.issparse(X):
        bad = np.flatnonzero(~np.isfinite(X.data))
        if bad.size:
            column = int(np.searchsorted(X.indptr, bad[0], side="right")) - 1
            return ValueError(_not_finite("X", (int(X.indices[bad[0]]), column), X.data[bad[0]], names))
        large = np.flatnonzero(np.abs(X.data) > LARGEST)
        column = int(np.searchsorted(X.indptr, large[0], side="right")) - 1 if large.size else 0
    else:
        columns, largest = X.overflowing() if hasattr(X, "overflowing") else range(X.shape[1]), []
        for column in columns:
            found = X.gather(np.array([column]))[:, 0] if hasattr(X, "gather") else X[:, column]
            if (bad := np.flatnonzero(~np.isfinite(found))).size:
                return ValueError(_not_finite("X", (int(bad[0]), column), found[bad[0]], names))
            largest.append(np.abs(found).max())
        column = columns[int(np.argmax(largest))]
    label = f"column {column} ({names[column]!r}) of X" if names else f"column {column} of X"
    return ValueError(f"overflow: {label} holds values whose squares exceed the range of float64; rescale it")


def _not_finite(name, place, value, names=None):
    what = f"{_place(name, place, names)} is {'NaN' if np.isnan(value) else 'infinity'}"
    return f"Input {name} contains NaN or infinity: {what}"


def check_vector(name, values, n, *, allow_negative=True):
    """A float64 vector of length n, finite."""
    if sp.issparse(values):
        raise ValueError(f"{name} is sparse; pass a dense vector")
    array = as_float(name, vector_of(values))
    if array.ndim == 2 and array.shape[1] == 1:
        warn(f"{name} is a column of shape {array.shape}; a vector was expected, and it is used as one", DataWarning)
        array = array.ravel()
    if array.ndim != 1:
        raise ValueError(f"{name} must be a vector, got an array of shape {array.shape}")
    if array.size != n:
        raise ValueError(f"{name} has {array.size} values, but X has {n} rows: inconsistent numbers of samples")
    if not np.abs(array).max(initial=0.0) <= LARGEST:  # one pass for all of NaN, infinity and overflow
        bad = np.flatnonzero(~np.isfinite(array))
        if bad.size:
            raise ValueError(_not_finite(name, (int(bad[0]),), array[bad[0]]))
        k = int(np.argmax(np.abs(array)))
        if name != "sample_weight":
            raise ValueError(f"overflow: {name}[{k}] = {array[k]:g} is too large to square; rescale {name}")
    if not allow_negative and np.any(array < 0):
        k = int(np.argmax(array < 0))
        raise ValueError(f"{name} must not be negative, but {name}[{k}] = {array[k]:g}")
    return np.ascontiguousarray(array)


def check_response(y, n, family):
    """y as a vector of values that the family allows."""
    if y is None:
        raise ValueError("y is None: this fit requires y to be passed, but the target y is None")
    if family.name == "binomial":
        _refuse_labels(
            y, "labels as they are go into cv_path, fit_multi_path, LogisticRegression and LogisticRegressionCV"
        )
    array = check_vector("y", y, n)
    if family.quadratic:
        refuse_tiny("y", array)
    admitted = family.check(array)
    if not np.asarray(admitted).all():
        bad = np.flatnonzero(~admitted)
        found = f"{array[bad[0]]:g}"
        remedy = f"; of two classes, pass (y == {found}).astype(float)" if family.name == "binomial" else ""
        raise ValueError(f"y must hold {family.admits} for family {family.name!r}, but y[{bad[0]}] = {found}{remedy}")
    return array


def check_numbers(y, n):
    """y as a vector of numbers, where labels are not taken."""
    _refuse_labels(y, "pass (y == {0}).astype(float)")
    return check_vector("y", y, n)


def refuse_tiny(name, array):
    """Raise where the squares of all responses underflow."""
    suspect = array.size > 0 and abs(array.flat[0]) < 1.0 / LARGEST  # one large number is enough
    if suspect and 0.0 < (top := np.abs(array).max()) < 1.0 / LARGEST:
        raise ValueError(f"underflow: {name} is at most {top:g} in size, which is too small to square; rescale {name}")


def _refuse_labels(y, remedy):
    """Raise where y holds labels that are text; in the remedy, {0} stands for the first of them."""
    array = np.asarray(y)
    if array.dtype.kind in "SUO" and array.size and isinstance(array.flat[0], (str, bytes)):
        first = repr(plain(array.flat[0]))
        raise ValueError(f"y must be numeric, with classes coded 0 and 1, but y[0] is {first}; {remedy.format(first)}")


def check_matrix(name, values, n, K=None):
    """A finite float64 matrix (n, K); K is checked if it is given."""
    values = as_float(name, array_of(values, name))
    if values.ndim != 2 or values.shape[1] == 0 or values.shape[1] != (K or values.shape[1]):
        columns = "responses" if K is None else f"{K} responses or classes"
        raise ValueError(f"{name} must be a matrix (rows, {columns}), got an array of shape {values.shape}")
    return np.column_stack([check_vector(f"{name}[:, {k}]", column, n) for k, column in enumerate(values.T)])


def check_targets(name, values):
    """Responses to compare predictions with, as a finite float64 array."""
    array = as_float(name, array_of(values, name))
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        raise ValueError(_not_finite(name, tuple(bad[0].tolist()), array[tuple(bad[0])]))
    return array


def check_labels(name, values, n=None):
    """Labels of rows as an array of one type without missing values, of length n if that is given."""
    refuse_masked(name, values)
    labels = label_array(name, values)
    if n is not None and labels.shape != (n,):
        raise ValueError(f"{name} must hold a label for each of the {n} rows, got an array of shape {labels.shape}")
    return labels


def check_classes(Y, n, weight, fit_intercept):
    """(proportions (n, K), labels) from labels of any type, or from rows that sum to one."""
    Y = check_labels("Y", Y)
    if Y.ndim == 2 and Y.shape[1] > 1:
        shares, labels = check_matrix("Y", Y, n), np.arange(Y.shape[1])
        bad = np.flatnonzero((shares.min(axis=1) < 0.0) | (np.abs(shares.sum(axis=1) - 1.0) > 1e-9))
        if bad.size:
            raise ValueError(f"rows of Y must be proportions that sum to one, but row {bad[0]} is {shares[bad[0]]}")
    else:
        if Y.size != n:
            raise ValueError(f"Y has {Y.size} labels, but X has {n} rows: inconsistent numbers of samples")
        labels, codes = np.unique(Y.ravel(), return_inverse=True)
        shares = np.zeros((n, labels.size))
        shares[np.arange(n), codes.ravel()] = 1.0
    seen = weight @ shares > 0.0
    if labels.size < 2:
        raise ValueError(f"Y holds one class only: {plain(labels[0])!r}")
    if fit_intercept and not seen.all():
        missing = plain(labels[np.flatnonzero(~seen)[0]])
        raise ValueError(f"class {missing!r} has no row of positive weight, so its intercept has no solution")
    return shares, labels


def check_weight(sample_weight, n):
    """Weights of the rows, scaled to a sum of one."""
    if sample_weight is None:
        return np.full(n, 1.0 / n)
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n, sample_weight)
    weight = check_vector("sample_weight", sample_weight, n, allow_negative=False)
    top = weight.max()
    if top <= 0:
        raise ValueError("sample_weight is zero everywhere; at least one weight must be positive")
    weight = weight / top  # first, so that weights near 1e300 or 1e-300 do not overflow in the sum
    return weight / weight.sum()


def is_offset(offset):
    """Whether an offset is given; the number 0 means that there is none."""
    return offset is not None and not (np.ndim(offset) == 0 and offset == 0)


def check_offset(offset, n, K=None):
    """The offset as a finite vector (n,), or matrix (n, K) of K responses; None where there is none."""
    if not is_offset(offset):
        return None
    if np.ndim(offset) == 0:
        value = check_number("offset", plain(offset), -LARGEST, LARGEST)
        offset = np.full(n if K is None else (n, K), value)
    return check_vector("offset", offset, n) if K is None else check_matrix("offset", offset, n, K)


def check_factor(penalty_factor, p):
    """Penalty factors (p,), none of them negative; an infinite one leaves its column out."""
    if penalty_factor is None:
        return np.ones(p)
    factor = np.array(as_float("penalty_factor", penalty_factor))
    if factor.shape != (p,):
        raise ValueError(f"penalty_factor has shape {factor.shape}, but X has {p} columns")
    bad = np.flatnonzero(~(factor >= 0))
    if bad.size:
        raise ValueError(
            "penalty_factor must be 0 or more (infinite leaves a column out), "
            f"but penalty_factor[{bad[0]}] = {factor[bad[0]]:g}"
        )
    return factor


def check_bounds(lower, upper, p, K=None):
    """(lower, upper), each (p,) or of K classes (p, K), with lower <= 0 <= upper; None where no bound is finite."""
    if lower is None and upper is None:
        return None
    arrays, shape = [], (p,) if K is None else (p, K)
    for name, given, none in (("lower", lower, -np.inf), ("upper", upper, np.inf)):
        bound = as_float(name, none if given is None else given)
        if bound.shape not in ((), (p,), shape):
            wanted = f"a number or one for each of {p} columns{'' if K is None else f', or of shape {shape}'}"
            raise ValueError(f"{name} has shape {bound.shape}; it must be {wanted}")
        each = np.atleast_1d(bound)
        if (bad := np.argwhere(~(each <= 0.0 if name == "lower" else each >= 0.0))).size:
            raise ValueError(
                f"{name} must be {'0 or less' if name == 'lower' else '0 or more'} (as in glmnet, zero lies within the "
                f"bounds), but {name}[{', '.join(map(str, bad[0]))}] = {each[tuple(bad[0])]:g}"
            )
        arrays.append(np.array(np.broadcast_to(bound if bound.shape in ((), shape) else bound[:, None], shape)))
    return None if np.all(np.isinf(arrays)) else tuple(arrays)


def check_alphas(alphas):
    """The alphas as a decreasing vector."""
    grid = np.atleast_1d(as_float("alphas", alphas))
    if grid.ndim != 1 or grid.size == 0:
        raise ValueError(f"alphas must be a non-empty vector, got an array of shape {grid.shape}")
    if not (grid.min() >= 0.0 and grid.max() < np.inf):
        bad = np.flatnonzero(~((grid >= 0) & np.isfinite(grid)))
        raise ValueError(f"alphas must be finite and not negative, but alphas[{bad[0]}] = {grid[bad[0]]:g}")
    rising = grid[1:] > grid[:-1]
    if rising.any():
        k = int(np.argmax(rising))
        raise ValueError(
            f"alphas must decrease, but alphas[{k}] = {grid[k]:g} < alphas[{k + 1}] = {grid[k + 1]:g}; "
            "sort them with np.sort(alphas)[::-1]"
        )
    return grid


def check_several(name, values, low, high):
    """A vector of one finite number or more, each in [low, high]."""
    array = np.atleast_1d(as_float(name, values))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a number or a non-empty vector, got an array of shape {array.shape}")
    bad = np.flatnonzero(~((array >= low) & (array <= high) & np.isfinite(array)))
    if bad.size:
        raise ValueError(f"{name} must be in [{low:g}, {high:g}] and finite, but {name}[{bad[0]}] = {array[bad[0]]:g}")
    return array


def read_only(array):
    """A read-only view, so that kernels are compiled once for writable, read-only and memory-mapped arrays."""
    array = np.asarray(array)
    view = array.view() if array.flags.writeable else array
    view.flags.writeable = False
    return view
