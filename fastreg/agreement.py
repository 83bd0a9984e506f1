"""What meets a fitted result agrees with it: the columns of X, the offset and the weights of rows."""

import numpy as np
import scipy.sparse as sp

from fastreg import validation as check


def offset_for(result, offset, n):
    """The offset of n rows as a vector or a number, or None; `result` says whether its fit had one.

    Raises ValueError where it had and none is given: predictions would be those of rows whose offset is 0.
    """
    if offset is None and result.has_offset:
        raise ValueError(
            "this model was fitted with an offset, and none is given here: pass the offset of these rows (such as "
            "offset=np.log(exposure)), or offset=0 to leave it out on purpose"
        )
    return check.check_offset(offset, n)


def weights_for(path, sample_weight):
    """The weights given. Raises ValueError where the fit had weights that differ, and none are given."""
    if sample_weight is None and path.weighted:
        raise ValueError(
            "this path was fitted with weights, and none are given here: pass sample_weight of these rows, or "
            "sample_weight=1 to weigh them alike on purpose"
        )
    return sample_weight


def check_columns(X, p, names=None):
    """X to predict from, of p columns: sparse as it is, anything else as a float64 array.

    Where the fit knew the columns' `names`, those of a data frame must be the same, in the same order.
    """
    columns = getattr(X, "columns", ())
    if names is not None and all(isinstance(name, str) for name in columns):
        for j, (given, fitted) in enumerate(zip(columns, names)):
            if given != fitted:
                message = f"column {j} of X is {given!r}, but this path was fitted with {fitted!r} there"
                raise ValueError(f"{message}: pass X[path.feature_names]")
    if not sp.issparse(X):
        X = np.asarray(X.to_numpy() if hasattr(X, "to_numpy") else X, dtype=float)
    if X.ndim != 2 or X.shape[1] != p:
        raise ValueError(f"X has shape {X.shape}, but this path was fitted on {p} columns")
    return X
