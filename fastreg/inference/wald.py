"""From a fit at one alpha to the numbers of a table: which columns have a standard error, and which."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from fastreg.inference.covariance import ESTIMATED, information_of
from fastreg.inference.firth import FirthObjective
from fastreg.inference.fitted import RUNAWAY, problem_of, refitted
from fastreg.inference.profile import Profile
from fastreg.inference.smooth_objective import NoMinimum, SmoothObjective, minimise
from fastreg.interface import validation as check
from fastreg.interface.agreement import rows_for
from fastreg.numerics.threads import linalg

FAR = 0.1  # a last step of some row's eta, from which on there is no minimum: towards infinity steps stay near 1
DEPENDENT = 1e-8  # least eigenvalue of the columns' correlations, below which they count as dependent
SHARE = 0.1  # of the largest entry of a null vector: columns with less are not named
LISTED = 6


class Smooth(NamedTuple):
    """A fit without an l1 part at its minimum."""

    fitted: object
    objective: SmoothObjective
    theta: np.ndarray
    best: object  # the Evaluation there
    columns: np.ndarray  # of X, those that have a standard error
    at_bound: np.ndarray


def refuse_l1(fitted):
    """Raise where a column is under an l1 penalty."""
    problem = fitted.problem
    columns = np.flatnonzero(problem.usable)
    under = columns[problem.penalty_at(fitted.alpha).on(columns)[0] > 0.0]
    if under.size:
        raise ValueError(
            f"{under.size} of {problem.p} columns are under an l1 penalty at alpha={fitted.alpha:g}, "
            f"{listed(fitted.names, under)}: what it selects and shrinks has no Wald standard errors. Use "
            "fastreg.debiased (all columns) or fastreg.selective (those selected, least squares); or alpha=0, a path "
            "with l1_ratio=0, or penalty_factor=0 for a fit without it"
        )


def listed(names, columns):
    more = f" and {columns.size - LISTED:,} more" if columns.size > LISTED else ""
    return ", ".join(repr(names[j]) for j in columns[:LISTED]) + more


def smooth_fit(path, X, y, alpha, sample_weight, offset, firth):
    """The Smooth fit of a path at an alpha, without an l1 part and to rounding."""
    y, sample_weight, offset = rows_for(path, X, y=y, sample_weight=sample_weight, offset=offset)
    fitted = problem_of(path, X, y, alpha, sample_weight, offset)
    refuse_l1(fitted)
    return smooth_of(path, fitted, y, sample_weight, offset, firth)


def smooth_of(path, fitted, y, sample_weight, offset, firth=False):
    """The same from what `problem_of` made."""
    try:
        return _firth_fit(fitted) if firth else _plain_fit(path, fitted, y, sample_weight, offset)
    except linalg().LinAlgError:
        raise singular(fitted) from None
    except NoMinimum:
        raise _runaway(fitted) from None


def _plain_fit(path, fitted, y, sample_weight, offset):
    problem, inside = fitted.problem, fitted.problem.usable
    if problem.bounds is None:
        coef, intercept = path.coef(max(fitted.alpha, float(path.alphas[-1])))  # to start from
        fitted = fitted._replace(coef=np.where(inside, coef, 0.0), intercept=intercept)
    else:
        fitted = refitted(path, fitted, y, sample_weight, offset)
        inside = inside & problem.bounds.inside(fitted.coef)
    columns, held = np.flatnonzero(inside), np.flatnonzero(problem.usable & ~inside)
    l2 = problem.penalty_at(fitted.alpha).on(columns)[1]
    objective = SmoothObjective(problem, columns, l2, problem.offset + problem.predict(held, fitted.coef[held]))
    theta, best = minimise(objective, fitted.theta(columns))
    last = objective.eta(theta + best.factor.solve(best.gradient)) - objective.eta(theta)
    if not problem.family.quadratic and np.abs(last).max() > FAR:
        raise _runaway(fitted)
    return Smooth(fitted, objective, theta, best, columns, held)


def _runaway(fitted):
    return ValueError(f"at alpha={fitted.alpha:g} the fit has no finite optimum, and {RUNAWAY}")


def _firth_fit(fitted):
    problem = fitted.problem
    columns = np.flatnonzero(problem.usable)
    if problem.family.name != "binomial":
        raise ValueError(f"correction='firth' is that of logistic regression, this is family {problem.family.name!r}")
    if problem.bounds is not None or np.any(problem.penalty_at(fitted.alpha).on(columns)[1] > 0.0):
        raise ValueError("correction='firth' takes the place of a penalty: pass alpha=0 and a path without bounds")
    objective = FirthObjective(problem, columns, problem.offset, fitted.total)
    theta, best = minimise(objective, objective.start())
    return Smooth(fitted, objective, theta, best, columns, np.empty(0, dtype=int))


def singular(fitted, advice=", or penalise them (l1_ratio=0)"):
    """The ValueError for an information matrix without an inverse: it names the columns that depend on each other, or
    says that there are none, so that curvatures have vanished."""
    problem = fitted.problem
    columns = np.flatnonzero(problem.usable)
    gram = problem.design.gram(columns, problem.weight, problem.centre)
    size = np.sqrt(np.diag(gram))
    values, vectors = np.linalg.eigh(gram / size / size[:, None])
    if values[0] > DEPENDENT:
        return _runaway(fitted)
    blamed = columns[np.abs(vectors[:, 0]) > SHARE * np.abs(vectors[:, 0]).max()]
    return ValueError(
        f"the information matrix is singular: columns {listed(fitted.names, blamed)} are combinations of each other, "
        "or nearly, and their coefficients are not determined; leave one out of the fit (penalty_factor infinite there)"
        + advice
    )


class Request(NamedTuple):
    """What is asked of a table, checked."""

    frequency: bool
    dispersion: object  # None, "pearson", or a number
    observed: bool
    covariance: str
    codes: np.ndarray | None  # group of each row
    ridge: str | None
    test: str | None
    level: float


def covariance_of(smooth, request):
    """(covariance, that of the other convention for ridge or None, dispersion, whether it was estimated, information)
    in theta's coordinates."""
    info = information_of(
        smooth.objective, smooth.theta, smooth.best, smooth.fitted, request.observed, request.frequency
    )
    phi, estimated = dispersion_of(info, smooth.fitted.problem.family, request)
    penalised = bool(np.any(smooth.objective.l2 > 0.0))
    if request.covariance != "model":
        if request.ridge == "posterior":
            raise ValueError("a sandwich is a covariance of estimators: pass ridge='estimator' or covariance='model'")
        if request.covariance == "cluster":
            return info.clustered(request.codes), None, phi, estimated, info
        return info.heteroscedastic(request.frequency, request.covariance == "HC1"), None, phi, estimated, info
    if not penalised:
        return info.posterior(phi), None, phi, estimated, info
    pair = info.posterior(phi), info.estimator(phi)
    return (*(pair[::-1] if request.ridge == "estimator" else pair), phi, estimated, info)


def dispersion_of(info, family, request):
    """(dispersion, whether it was estimated)."""
    if request.dispersion == "pearson":
        return info.pearson(), True
    if request.dispersion is not None:
        return check.check_number("dispersion", request.dispersion, 0.0, np.inf, low_open=True, high_open=True), False
    if family.name in ESTIMATED:
        if request.covariance != "model" and info.n <= info.degrees:
            return np.nan, False
        return info.pearson(), True
    if family.name not in ("binomial", "poisson") and request.covariance == "model":
        raise ValueError(
            f"the dispersion of family {family.name!r} is not known; pass dispersion= as a number, or to a table "
            "a covariance that does not need it (covariance='HC0')"
        )
    return 1.0, False


def wald_numbers(estimate, se, half, distribution):
    """(statistic, p, lower, upper), half being the quantile that an interval reaches to."""
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / se
    return statistic, 2.0 * distribution.sf(np.abs(statistic)), estimate - half * se, estimate + half * se


def profile_numbers(smooth, T, se, half, distribution, unit):
    """The same by profiles, for every parameter; `unit` is W / phi."""
    rows = []
    for along, each in zip(T, se):
        profile = Profile(smooth.objective, smooth.theta, smooth.best, along, unit)
        root = -profile.at(0.0)[0] if profile.estimate else 0.0
        rows.append((root, 2.0 * distribution.sf(abs(root)), profile.end(-half, each), profile.end(half, each)))
    return tuple(np.array(rows).T)


def distribution_for(test, estimated, left):
    """(name, SciPy's distribution)."""
    if test == "z" or (test is None and not estimated):
        return "z", stats.norm
    if not left > 0.0:
        raise ValueError("no degrees of freedom are left for a t distribution; pass test='z'")
    return "t", stats.t(left)
