"""Two parts of one path, fitted one after the other, as one path: `extend`."""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from fastreg.interface.scalars import ParameterError

SAME = 1e-8  # relative difference of alpha_max and of the null loss, above which the data are others
OPTIONS = (
    "family", "family_class", "l1_ratio", "grouped", "classes", "fit_intercept", "standardize", "penalty_factor",
    "penalty", "lower", "upper", "has_offset", "weighted", "refit_ridge", "feature_names",
)  # fmt: skip
ALONG = ("alphas", "intercepts", "gaps", "n_iters", "deviance_ratio")  # arrays whose last axis is that of the points


def joined(upper, lower):
    """The path of all points of both; an error where they are not of one path, or not in order."""
    if type(lower) is not type(upper):
        raise ParameterError(f"a {type(upper).__name__} is extended by another, got a {type(lower).__name__}")
    differ = [name for name in OPTIONS if not _same(getattr(upper, name, None), getattr(lower, name, None))]
    if [each.shape[0] for each in upper._coefs()] != [each.shape[0] for each in lower._coefs()]:
        differ.append("number of columns")
    if differ:
        raise ParameterError(f"these are not parts of one path: {' and '.join(differ)} differ")
    for name, one, other in (
        ("alpha_max", upper.alpha_max, lower.alpha_max),
        ("loss of the null model", upper.work.get("null_loss"), lower.work.get("null_loss")),
    ):
        if one is not None and other is not None and not abs(one - other) <= SAME * abs(one):
            raise ParameterError(
                f"these are not parts of one path: their {name} is {one:g} and {other:g}, so that the data differ"
            )
    if not lower.alphas[0] < upper.alphas[-1]:
        raise ParameterError(
            f"the other part must lie below this one, which ends at alpha {upper.alphas[-1]:g}; it begins at "
            f"{lower.alphas[0]:g}: fit it at smaller alphas, or extend it by this one"
        )
    along = {name: np.concatenate([getattr(upper, name), getattr(lower, name)], axis=-1) for name in ALONG}
    coefs = [sp.csc_array(sp.hstack(pair, format="csc")) for pair in zip(upper._coefs(), lower._coefs())]
    methods = None if upper.methods is None or lower.methods is None else upper.methods + lower.methods
    return replace(
        upper, **along, methods=methods, coefs=coefs if isinstance(upper.coefs, list) else coefs[0],
        reasons=upper.reasons + lower.reasons, tol=max(upper.tol, lower.tol), work=_added(upper.work, lower.work),
        trace=_below(upper.trace, lower.trace) or {}, steps=_steps(upper, lower),
    )  # fmt: skip


def _same(one, other):
    """Whether two options are equal; NaN is equal to itself."""
    if one is None or other is None:
        return one is other
    if isinstance(one, type | str | list):
        return bool(one == other)
    if hasattr(one, "_fields"):
        return type(one) is type(other) and all(map(_same, one, other))
    one, other = np.asarray(one), np.asarray(other)
    return one.shape == other.shape and bool(np.all((one == other) | ((one != one) & (other != other))))


def _added(one, other):
    """Counts of work of both; the null model's loss is no count."""
    both = {name: one[name] + other[name] for name in one if name in other and name != "null_loss"}
    return both | ({"null_loss": one["null_loss"]} if "null_loss" in one else {})


def _below(one, other):
    """Tables, arrays by name, one below the other; None where they do not have the same columns."""
    if one is None or other is None or one.keys() != other.keys():
        return None
    return {name: np.concatenate([one[name], other[name]]) for name in one}


def _steps(upper, lower):
    """The solver steps of both, with points counted through."""
    if upper.steps is None or lower.steps is None:
        return None
    return _below(upper.steps, {**lower.steps, "point": lower.steps["point"] + upper.alphas.size})
