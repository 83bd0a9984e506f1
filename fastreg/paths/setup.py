"""From arguments to a Problem: families by name, options in their ranges, arrays that are checked."""

import numpy as np

from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.interface.naming import VALUES, names_meant
from fastreg.objective.bounds import Bounds
from fastreg.objective.families import FAMILIES, completed
from fastreg.objective.least_squares import breach_of_quadratic
from fastreg.objective.own_penalty import check_penalty, rates_of
from fastreg.objective.penalties import ElasticNet
from fastreg.objective.problem import Problem
from fastreg.objective.protocol import Family
from fastreg.paths.omitted import warn_omitted
from fastreg.paths.plan import STRATEGIES
from fastreg.solvers import SOLVERS, check_solver


def checked(options):
    """Options in their ranges, with the family's class; what their solver cannot solve is said before data are read."""
    options = options.checked()
    check.check_option("solver", options.solver, (*SOLVERS, *STRATEGIES))
    options = options._replace(family=family_named(options.family))
    check_penalty(options.penalty, options.l1_ratio)
    has_l1 = options.l1_ratio > 0.0 and options.penalty is None  # of a penalty its rates say so
    check_solver(options.solver, options.family, has_l1, options.bounded())
    return options


def family_named(family) -> type[Family]:
    """A family by name, or a class that answers as fastreg.objective.protocol.WrittenFamily does."""
    if isinstance(family, str):
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


def bound(family, y, weight):
    """A family's class bound to data. Raises ParameterError where one of a user's own is not quadratic, as it says."""
    family = family(check.read_only(y), check.read_only(weight))
    if family.quadratic and type(family) not in FAMILIES.values():
        breach = breach_of_quadratic(family)
        if breach is not None:
            raise check.ParameterError(f"family {family.name!r}: {breach}. See fastreg.testing.check_family")
    return family


def build_problem(X, y, options):
    """A Problem from arrays, which are checked, and options that have been: see `checked`.

    What is wrong with X itself shows in its columns' moments, at no extra pass.
    """
    X = check.check_design(X)
    n, p = X.shape
    y = check.check_response(y, n, options.family)
    weight = check.check_weight(options.sample_weight, n)
    offset = check.check_offset(options.offset, n)
    degenerate = options.family.degenerate(y[weight > 0])
    if degenerate and options.fit_intercept:
        raise ValueError(f"{degenerate}; family {options.family.name!r} with an intercept has no solution")
    factor = check.check_factor(options.penalty_factor, p)
    family = bound(options.family, y, weight)
    limits = check.check_bounds(options.lower, options.upper, p)
    penalty = ElasticNet(options.l1_ratio) if options.penalty is None else rates_of(options.penalty, p)
    bounds = None if limits is None else Bounds(*limits)
    problem = Problem(
        as_design(X), family, np.zeros(n) if offset is None else offset, options.fit_intercept, penalty, factor,
        options.standardize, bounds=bounds,
    )  # fmt: skip
    check_solver(options.solver, options.family, problem.has_l1, options.bounded())
    if not problem.finite:
        raise check.explain_not_finite(X, options.names)
    warn_omitted(problem, options.names)
    return problem
