"""X times coefficients for new rows, reading only the columns that have one where X is stored by columns."""

import numpy as np

from fastreg.columns import combine
from fastreg.designs import as_design


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
