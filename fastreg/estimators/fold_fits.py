"""What the estimators with built-in cross-validation share: metadata for splitters and scorers, and one warning."""

import warnings

import numpy as np
from sklearn import get_config
from sklearn.utils.metadata_routing import process_routing

from fastreg.estimators.single_fit import ConvergenceWarning


def routed(estimator, method, params, **given):
    """Metadata by receiver and method: what was asked for in `params`, if scikit-learn's routing is enabled."""
    if get_config()["enable_metadata_routing"]:
        return process_routing(estimator, method, **given, **params)
    if params:
        raise ValueError(
            f"{type(estimator).__name__}.{method} got {sorted(params)}, which is only supported if "
            "enable_metadata_routing=True is set by sklearn.set_config"
        )
    return {}


def names_seen(estimator):
    """The feature names of the fit as a list, or None."""
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else list(names)


def warn_folds(estimator, curves):
    """One warning for all fits of a cross-validation, on all rows and on folds, that are not certified."""
    tol = estimator.tol
    gaps = np.concatenate([np.append(curve.fold_gaps.ravel(), curve.path.gaps) for curve in curves])
    failed = np.count_nonzero(~(gaps <= tol))
    if failed:
        warnings.warn(
            f"{type(estimator).__name__}: {failed} of {gaps.size} fits did not converge to tol={tol:g}: the largest "
            f"relative duality gap is {gaps.max():.1e}. Raise max_iter, loosen tol, or penalise more",
            ConvergenceWarning,
            stacklevel=3,
        )
