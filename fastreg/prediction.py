"""X times coefficients for new rows, reading only the columns that have one where X is stored by columns."""

import numpy as np

from fastreg._jit import kernel
from fastreg.columns import combine
from fastreg.designs import as_design
from fastreg.elementary import exp


def times(X, coef, intercept):
    """intercept + X coef, for X an array or sparse, of any layout and numeric type."""
    by_columns = X.format == "csc" if hasattr(X, "format") else X.flags.f_contiguous and X.flags.aligned
    if not by_columns or X.dtype != np.float64:
        out = X @ coef
        out += intercept
        return out
    columns, out = np.flatnonzero(coef), np.full(X.shape[0], float(intercept))
    combine(as_design(X), columns, coef[columns], out)
    return out


def two_probabilities(eta):
    """1 / (1 + e^eta) and 1 / (1 + e^-eta), shape (n, 2), each to its last digits however small; float32 if eta is."""
    out = np.empty((eta.size, 2))
    fill_probabilities(np.ascontiguousarray(eta, dtype=np.float64), out)
    return out.astype(np.float32) if eta.dtype == np.float32 else out


@kernel
def fill_probabilities(eta, out):
    for i in range(eta.size):
        small = exp(-abs(eta[i]))
        large = 1.0 / (1.0 + small)
        out[i, 0] = large if eta[i] < 0.0 else small * large
        out[i, 1] = small * large if eta[i] < 0.0 else large
