"""From arguments to a Problem: checks of the family, options and arrays, and warnings of suspicious data."""

import numpy as np

from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.interface.naming import VALUES, names_meant
from fastreg.objective.bounds import Bounds
from fastreg.objective.families import FAMILIES, Poisson, completed
from fastreg.objective.least_squares import breach_of_quadratic
from fastreg.objective.own_penalty import check_penalty, rates_of
from fastreg.objective.penalties import ElasticNet
from fastreg.objective.problem import CONSTANT, Problem
from fastreg.objective.protocol import Family
from fastreg.paths.plan import SOLVERS, STRATEGIES, check_solver

EVIDENCE = 6.0  # log likelihood ratio; by chance it is exceeded in about one of a thousand data sets
LISTED = 6  # columns named in a message, at most


def checked(options):
    """The options, checked, with the family's class. Raises if the solver does not suit, before data are read."""
    options = options.checked()
    check.check_option("solver", options.solver, (*SOLVERS, *STRATEGIES))
    options = options._replace(family=family_named(options.family))
    if options.penalty is not None:
        check_penalty(options.penalty, options.l1_ratio)
    if options.solver != "auto":
        has_l1 = options.l1_ratio > 0.0 and options.penalty is None  # for a penalty it is known from the rates
        check_solver(options.solver, options.family, has_l1, options.bounded())
    return options


def family_named(family) -> type[Family]:
    """The class of a family, given by name or as a class with the members of objective.protocol.WrittenFamily."""
    if isinstance(family, str):
        if family in FAMILIES:
            return FAMILIES[family]
        if names_meant(family, [*FAMILIES, "multinomial"], VALUES) == ["multinomial"]:
            raise check.ParameterError(f"family {family!r} is one of fit_multi_path's, for several classes")
        check.check_option("family", family, tuple(FAMILIES))
        return FAMILIES[family]
    verbs = ("loss", "derivatives", "divergence", "mean", "check", "degenerate", "separates")
    missing = [name for name in (*verbs, "name", "quadratic", "admits", "y", "weight") if not hasattr(family, name)]
    if missing:
        options = ", ".join(map(repr, FAMILIES))
        lacks = f", which lacks {', '.join(missing)}" if isinstance(family, type) else ""
        raise check.ParameterError(f"family must be one of {options} or a family class, got {family!r}{lacks}")
    if not isinstance(family, type):
        name = type(family).__name__
        raise ValueError(f"family must be a class, not one of its objects: pass family={name}, without calling it")
    return completed(family)


def refuse_another_loss(family):
    """Raise a ParameterError if a user's family with quadratic = True is not least squares."""
    breach = breach_of_quadratic(family)
    if breach is not None:
        raise check.ParameterError(f"family {family.name!r}: {breach}. See fastreg.testing.check_family")


def build_problem(X, y, options, wanted=None):
    """The Problem of arrays, which are checked here, and of options from `checked`. `wanted` as for Problem.

    Values of X that are not finite are found in the columns' moments, without another pass.
    """
    X = check.check_design(X)
    n, p = X.shape
    y = check.check_response(y, n, options.family)
    weight = check.check_weight(options.sample_weight, n)
    offset = check.check_offset(options.offset, n)
    degenerate = options.fit_intercept and options.family.degenerate(y[weight > 0])
    if degenerate:
        raise ValueError(f"{degenerate}; family {options.family.name!r} with an intercept has no solution")
    factor = check.check_factor(options.penalty_factor, p)
    family = options.family(check.read_only(y), check.read_only(weight))
    if family.quadratic and options.family not in FAMILIES.values():
        refuse_another_loss(family)
    limits = check.check_bounds(options.lower, options.upper, p)
    penalty = ElasticNet(options.l1_ratio) if options.penalty is None else rates_of(options.penalty, p)
    bounds = None if limits is None else Bounds(*limits)
    problem = Problem(
        as_design(X), family, np.zeros(n) if offset is None else offset, options.fit_intercept, penalty, factor,
        options.standardize, bounds=bounds, wanted=wanted if np.shape(wanted)[1:] == (n,) else None,
    )  # fmt: skip
    if options.solver != "auto":
        check_solver(options.solver, options.family, problem.has_l1, options.bounded())
    if not problem.finite:
        raise check.explain_not_finite(X, options.feature_names)
    warn_omitted(problem, options.feature_names)
    return problem


def warn_omitted(problem, names=None):
    """Warn of columns that are left out because their squares underflow, or because they are constant up to rounding.

    Exactly constant columns and those left out on purpose are not named.
    """
    if problem.left_out.size == 0:
        return
    tiny = np.flatnonzero(problem.tiny)
    if tiny.size:
        label = f" ({names[tiny[0]]!r})" if names else ""
        check.warn(
            f"column {tiny[0]}{label} of X holds values so small that their squares underflow; it counts as "
            f"constant ({tiny.size} such columns); rescale it",
            check.DataWarning,
            topic="tiny columns",
        )
    rows = problem.weight > 0.0
    left = problem.left_out[np.isfinite(problem.factor[problem.left_out]) & ~problem.tiny[problem.left_out]]
    left = left[problem.centre[left] != 0.0]  # a column of mean zero and variance zero is a column of zeros
    if problem.bounds is not None:
        left = left[problem.bounds.movable(problem.p)[left]]
    near = [int(j) for j in left if problem.varies(j, rows)]
    if near:
        listed = ", ".join(f"{j} ({names[j]!r})" if names else str(j) for j in near[:LISTED])
        more = f" and {len(near) - LISTED:,} more" if len(near) > LISTED else ""
        check.warn(
            f"constant but for rounding: column{'s' * (len(near) > 1)} {listed}{more} of X, whose values spread by "
            f"less than {CONSTANT:g} of their mean, left out of the fit; subtract the mean, X - X.mean(axis=0), to "
            "keep what spread there is",
            check.DataWarning,
            topic="constant columns",
        )


def warn_of_exposure(y, options):
    """Warn if y are counts and `sample_weight` looks like their exposure; once, before the fit.

    The mean of counts y_i over an exposure t_i (time at risk, area, policy years) is t_i exp(eta_i). This is fitted
    with an offset log t_i, or to rates y_i / t_i with weights t_i. If counts are fitted with weights t_i, rows of long
    exposure only count more, and rates and effects are wrong.

    The warning is given if the family is Poisson without an offset, y are whole numbers, the weights are neither all
    whole numbers (as for repeated rows) nor all equal, and the likelihood of the counts is at least e^6 times as large
    with means proportional to the weights as with equal means,

        sum_i y_i log(w_i / mean(w)) >= 6 max(1, var(y) / mean(y))    over rows of positive weight,

    where the variance over the mean corrects for overdispersion. Rates are not whole numbers, and counts do not follow
    weights that have nothing to do with exposure.
    """
    poisson = options.family is Poisson or (isinstance(options.family, str) and options.family == "poisson")
    if not poisson or options.sample_weight is None or options.has_offset():
        return
    try:
        counts, weight = (np.asarray(values, dtype=float).ravel() for values in (y, options.sample_weight))
    except (TypeError, ValueError):  # the checks of the fit raise the error
        return
    if counts.shape != weight.shape or not (np.isfinite(counts).all() and np.isfinite(weight).all()):
        return
    counts, weight = counts[weight > 0.0], weight[weight > 0.0]
    if counts.size == 0 or counts.min() < 0.0 or np.any(counts % 1.0) or not np.any(weight % 1.0):
        return
    dispersion = max(1.0, counts.var() / counts.mean()) if counts.any() else 1.0
    if counts @ np.log(weight / weight.mean()) >= EVIDENCE * dispersion:
        check.warn(
            "y holds counts, and they rise with sample_weight as with an exposure, which is no weight: rates and "
            "effects come out wrong. Pass offset=np.log(exposure) and no weights, or the rates y / exposure with "
            "sample_weight=exposure (from a shell: --exposure COLUMN and no --weights). If these are weights of "
            "another kind, nothing is wrong",
            check.DataWarning,
            topic="exposure",
        )
