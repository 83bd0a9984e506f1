"""Linear predictors of new rows, interpolation between two points of a path, and class probabilities."""

import numpy as np

from fastreg.design.column_products import combine
from fastreg.design.dense_products import TILE
from fastreg.design.designs import as_design
from fastreg.interface.frames import NUMBERS, CodedTable, is_storage
from fastreg.interface.narrow import NARROW, SMALL
from fastreg.numerics.exp_log import LARGEST, exp
from fastreg.numerics.jit import allocating_kernel, kernel


def times(X, coef, intercept):
    """intercept + X coef for coef (p,) or (p, k), for an array or sparse X of any layout and type, a CodedTable, or a
    storage. Of narrower numbers than float64 no copy is made of all.

    If X is stored by columns, of a vector's only those with a nonzero coefficient are read.
    """
    if is_storage(X):
        by_columns = True
    elif isinstance(X, CodedTable):
        by_columns = False
    elif hasattr(X, "format"):
        by_columns = X.format == "csc" and X.dtype.kind in NUMBERS
    else:
        by_columns = X.flags.f_contiguous and X.flags.aligned and X.dtype in (np.dtype(float), *NARROW)
    if by_columns and coef.ndim == 1:
        columns, out = np.flatnonzero(coef), np.full(X.shape[0], float(intercept))
        combine(as_design(X), columns, coef[columns], out)
        return out
    out = as_design(X).predict_many(coef) if by_columns else rows_times(X, coef)
    out += intercept
    return out


def rows_times(X, coef):
    """X coef; an array of narrower numbers is converted some rows at a time."""
    if not isinstance(X, np.ndarray) or X.dtype == np.float64 or X.size <= SMALL:
        return X @ coef
    out, step = np.empty((len(X), *coef.shape[1:])), max(SMALL // X.shape[1], 1)
    for start in range(0, len(X), step):
        out[start : start + step] = X[start : start + step].astype(np.float64) @ coef
    return out


def between(first, second, share):
    """first + share * (second - first), clipped to lie between both, so that rounding cannot violate bounds."""
    lower, upper = np.minimum(first, second), np.maximum(first, second)
    return np.clip(first + share * (second - first), lower, upper)


def probabilities(eta):
    """Probabilities of classes. For eta (n, K): exp(eta_k) over their sum over k, (n, K). For eta (n,), two classes:
    1 / (1 + exp(eta)) and 1 / (1 + exp(-eta)), (n, 2), with full relative precision. float32 if eta is."""
    out, fill = (np.empty((eta.size, 2)), fill_two) if eta.ndim == 1 else (np.empty(eta.shape), fill_several)
    fill(np.ascontiguousarray(eta, dtype=np.float64), out)
    return out.astype(np.float32) if eta.dtype == np.float32 else out


@allocating_kernel
def fill_several(eta, out):
    """Write softmax(eta), for a tile of rows class by class, so that exponentials are vectorised over rows."""
    n, K = eta.shape
    part, top, total = np.empty((K, TILE)), np.empty(TILE), np.empty(TILE)
    for start in range(0, n, TILE):
        size = min(TILE, n - start)
        top[:], total[:] = -np.inf, 0.0
        for k in range(K):
            for i in range(size):
                part[k, i] = eta[start + i, k]
                top[i] = max(top[i], part[k, i])
        for k in range(K):
            for i in range(size):
                below = part[k, i] - top[i]
                part[k, i] = 0.0 if below < -LARGEST else exp(below)  # negligible beside 1
                total[i] += part[k, i]
        for k in range(K):
            for i in range(size):
                out[start + i, k] = part[k, i] / total[i]


@kernel
def fill_two(eta, out):
    for i in range(eta.size):
        small = exp(-abs(eta[i]))
        large = 1.0 / (1.0 + small)
        out[i, 0] = large if eta[i] < 0.0 else small * large
        out[i, 1] = small * large if eta[i] < 0.0 else large
