"""Checks of a Gram matrix given as `precompute`: it is not used, but errors are reported as in scikit-learn."""

import numpy as np

from fastreg.interface import validation as check


def check_gram(precompute, X, fit_intercept, sample_weight):
    """Raise ValueError where one entry of the Gram matrix `precompute` is not that of a dense X.

    With an intercept it has to be that of centred columns. If X is not centred, a warning says that it is not used.
    """
    check.refuse_masked("precompute", precompute)
    if not hasattr(precompute, "__array__") or not isinstance(X, np.ndarray):
        return
    weight = np.full(len(X), 1.0 / len(X)) if sample_weight is None else sample_weight / sample_weight.sum()
    if fit_intercept and not np.allclose(weight @ X, 0.0):
        check.warn(
            "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix.",
            UserWarning,
        )
        return
    precompute, p = np.asarray(precompute), X.shape[1]
    if precompute.shape != (p, p):
        raise ValueError(f"Gram matrix passed in via 'precompute' has shape {precompute.shape}, but X has {p} columns")
    i, j = p // 2, min(p // 2 + 1, p - 1)
    expected = len(X) * float(weight @ (X[:, i].astype(float) * X[:, j]))
    if not np.isclose(precompute[i, j], expected, rtol=1e-4 if X.dtype == np.float32 else 1e-7, atol=1e-5):
        raise ValueError(
            "Gram matrix passed in via 'precompute' parameter did not pass validation when a single element was "
            f"checked - please check that it was computed properly. For element ({i},{j}) we computed {expected} but "
            f"the user-supplied value was {precompute[i, j]}."
        )
