"""Options with a number for each column of X, given by name, and reference levels of categories without a penalty."""

from collections.abc import Mapping

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.scalars import LISTED, ParameterError, plain


def by_name(option, given, names, encoding, rest):
    """A dict by names as an array (p,), with `rest` for columns that it does not name; anything else as it is.

    A name is one of X's columns, or one of a frame's, which stands for all columns that were made of it: for all levels
    of a category. Where both are given, the column of X is the narrower of the two and has its own number.
    """
    if not isinstance(given, Mapping):
        return given
    if names is None:
        lack = "but the columns of X have none: pass feature_names, or a data frame"
        raise ParameterError(f"{option} is a dict by names, {lack}")
    places = {} if encoding is None else encoding.places()
    known = {name: [j] for j, name in enumerate(names)} | places
    out = np.full(len(names), rest)
    for key in sorted(given, key=lambda key: str(key) not in places):  # columns of X last, as they are narrower
        if str(key) not in known:
            some = ", ".join(map(repr, list(places | known)[:LISTED]))
            raise ParameterError(f"{option} names {key!r}, but X has no such column; it has {some}, ...")
        out[known[str(key)]] = _number(option, key, given[key])
    return out


def _number(option, key, value):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ParameterError(f"{option}[{key!r}] must be a number, got {plain(value)!r}") from None


def without_references(options, alphas):
    """FitOptions whose penalty_factor is infinite for the reference level of each category that has no penalty.

    The columns of all levels sum to the intercept, so that without a penalty infinitely many coefficients are as good;
    as in R, that of the first level is zero then. A category has no penalty where its factors, or all `alphas`, are
    zero. Nothing is left out of one with a level that is left out already, or with bounds. Without an intercept the
    first such category keeps all levels, and stands for it.
    """
    if options.encoding is None:
        return options
    names = options.encoding.names()
    free = alphas is not None and not np.any(alphas)
    factor = check.check_factor(options.penalty_factor, len(names))
    whole = [
        places
        for places in options.encoding.complete()
        if np.isfinite(factor[places]).all()
        and (free or not factor[places].any())
        and not _bounded("lower", options.lower, places)
        and not _bounded("upper", options.upper, places)
    ]
    firsts = [places[0] for places in whole[int(not options.fit_intercept) :]]
    factor[firsts] = np.inf
    return options._replace(penalty_factor=factor) if firsts else options


def _bounded(option, given, places):
    """Whether a bound of some columns is finite."""
    if given is None:
        return False
    bound = check.as_float(option, given)
    return bool(np.isfinite(bound if bound.ndim == 0 or len(bound) <= places[-1] else bound[places]).any())
