"""Parts of the estimators that cross-validate: the rule of the choice, metadata, folds, and one warning."""

import numbers
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from fastreg.estimators.fit_one import PEER_SELECTIONS, ConvergenceWarning
from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.interface.reasons import remedy_for
from fastreg.selection.cross_validation.folds import renumbered
from fastreg.selection.cross_validation.result import SELECTIONS, as_written_here, fold_reasons


def rule_of(estimator):
    """By which rule a cross-validation chooses, "min" or "1se"; with a FutureWarning where `selection` says it."""
    rule, older = estimator.rule, as_written_here(estimator.selection)
    if older in SELECTIONS:
        check.warn(f"selection={estimator.selection!r} is now called rule={older!r}; pass that instead", FutureWarning)
        if rule not in ("min", older):
            raise check.ParameterError(f"rule is {rule!r}, but selection, its older name, {older!r}; leave that out")
        rule = older
    elif older is not None:
        check.check_option("selection", older, PEER_SELECTIONS)
    return check.check_option("rule", as_written_here(rule), SELECTIONS)


def refuse_unrouted(estimator, method, params):
    """Raise where `params`, metadata for splitter or scorer, are given but scikit-learn's routing is not enabled."""
    if params and not get_config()["enable_metadata_routing"]:
        raise ValueError(
            f"{type(estimator).__name__}.{method} got {sorted(params)}, which is only supported if "
            "enable_metadata_routing=True is set by sklearn.set_config"
        )


def routed(estimator, method, params, **given):
    """The metadata `params` by receiver and method if scikit-learn's routing is enabled, else an empty dict."""
    if get_config()["enable_metadata_routing"]:
        return process_routing(estimator, method, **given, **params)
    return {}


def folds_of(estimator, given, classifier=False):
    """(pairs of (train, test) rows by the estimator's `cv`, the metadata as `routed` returns them) of a `Given`."""

    def asked(params):
        return routed(estimator, "fit", params, sample_weight=given.sample_weight)

    def split(params):
        found = asked(params)
        return found["splitter"]["split"] if found else {}

    return pairs_of(estimator.cv, given, classifier, split), asked(given.params)


def pairs_of(cv, given, classifier, split):
    """Pairs of (train, test) rows by `cv`; `split` returns keyword arguments of the splitter from metadata.

    Pairs that are given, and those of a splitter, are of all rows: where missing="drop" left some out, they are
    renumbered. A number of folds, and a splitter beside a formula, are of the rows that are left.
    """
    X, y, params, rows = given.X, given.y, given.params, None
    if given.whole is not None:
        kept, before, params_before = given.whole
        by_formula = params_before is None
        of_left = cv is None or isinstance(cv, numbers.Integral) or (by_formula and hasattr(cv, "split"))
        if not of_left:
            X, y, params, rows = np.zeros((len(before), 1)), before, params_before or {}, kept
    pairs = list(check_cv(cv, y, classifier=classifier).split(X, y, **split(params)))
    for number, pair in enumerate(pairs, start=1):
        for name, part in zip(("train", "test"), pair):
            check.refuse_masked(f"{name} of fold {number}", part)
    return pairs if rows is None else renumbered(pairs, rows, len(y))


def cv_router(estimator, scorer=None, callers=("fit",)):
    """The router of metadata from `fit` to the splitter, and from the methods `callers` to the scorer."""
    router = MetadataRouter(owner=estimator).add_self_request(estimator)
    router.add(splitter=check_cv(estimator.cv), method_mapping=MethodMapping().add(caller="fit", callee="split"))
    if scorer is not None:
        mapping = MethodMapping()
        for caller in callers:
            mapping.add(caller=caller, callee="score")
        router.add(scorer=scorer, method_mapping=mapping)
    return router


@explains_names
class RoutesMetadata:
    """Estimators that hand metadata on to a splitter and a scorer."""

    def get_metadata_routing(self) -> Any:
        """Which metadata the methods hand to splitter and scorer; see scikit-learn's guide on metadata routing.

        Returns
        -------
        MetadataRouter
            What is asked for.

        Examples
        --------
        >>> from fastreg import LassoCV
        >>> type(LassoCV().get_metadata_routing()).__name__
        'MetadataRouter'
        """
        return cv_router(self, *self._scorer_and_callers())

    def _scorer_and_callers(self) -> tuple[Any, ...]:
        """The arguments of `cv_router`."""
        return ()


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
