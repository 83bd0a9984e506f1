"""What the estimators with built-in cross-validation share: metadata for splitters and scorers, and one warning."""

import numpy as np
from sklearn import get_config
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from fastreg.estimators.fit_one import ConvergenceWarning
from fastreg.interface import validation as check
from fastreg.interface.reasons import remedy_for
from fastreg.selection.cross_validation.cv_path import fold_reasons


def refuse_unrouted(estimator, method, params):
    """Raise where there are `params`, metadata for splitter or scorer, without scikit-learn's routing of metadata."""
    if params and not get_config()["enable_metadata_routing"]:
        raise ValueError(
            f"{type(estimator).__name__}.{method} got {sorted(params)}, which is only supported if "
            "enable_metadata_routing=True is set by sklearn.set_config"
        )


def routed(estimator, method, params, **given):
    """Metadata by receiver and method: what was asked for in `params`, if scikit-learn's routing is enabled."""
    if get_config()["enable_metadata_routing"]:
        return process_routing(estimator, method, **given, **params)
    return {}


def folds_of(estimator, X, y, params, sample_weight, classifier=False):
    """(pairs of (train, test) rows by the estimator's `cv`, the metadata asked for as in `routed`)."""
    asked = routed(estimator, "fit", params, sample_weight=sample_weight)
    split = asked["splitter"]["split"] if asked else {}
    return pairs_of(estimator.cv, X, y, classifier, split), asked


def pairs_of(cv, X, y, classifier, split):
    """Pairs of (train, test) rows by `cv`, as scikit-learn reads it; `split` is for its splitter. None are masked."""
    pairs = list(check_cv(cv, y, classifier=classifier).split(X, y, **split))
    for number, pair in enumerate(pairs, start=1):
        for name, rows in zip(("train", "test"), pair):
            check.refuse_masked(f"{name} of fold {number}", rows)
    return pairs


def cv_router(estimator, scorer=None, callers=("fit",)):
    """Which metadata the methods `callers` hand to the scorer, and `fit` to the splitter."""
    router = MetadataRouter(owner=estimator).add_self_request(estimator)
    router.add(splitter=check_cv(estimator.cv), method_mapping=MethodMapping().add(caller="fit", callee="split"))
    if scorer is not None:
        mapping = MethodMapping()
        for caller in callers:
            mapping.add(caller=caller, callee="score")
        router.add(scorer=scorer, method_mapping=mapping)
    return router


def warn_folds(estimator, curves):
    """One warning for all fits of a cross-validation, on all rows and on folds, that are not certified."""
    tol = estimator.tol
    gaps = np.concatenate([np.append(curve.fold_gaps.ravel(), curve.path.gaps) for curve in curves])
    failed = np.count_nonzero(~(gaps <= tol))
    if failed:
        reasons = [*fold_reasons(curves), *(reason for curve in curves for reason in curve.path.reasons)]
        remedy = remedy_for(reasons, larger="penalise more")
        check.warn(
            f"{type(estimator).__name__}: {failed} of {gaps.size} fits did not converge to tol={tol:g}: the largest "
            f"relative duality gap is {gaps.max():.1e}. {remedy[:1].upper()}{remedy[1:]}",
            ConvergenceWarning,
        )
