"""The mode of a posterior, certified, with the Hessian there and the dispersion: where sampling begins."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fastreg.inference.covariance import information_of
from fastreg.inference.fitted import Fitted, certified_path, problem_of
from fastreg.inference.smooth_objective import Factor, SmoothObjective
from fastreg.inference.wald import dispersion_of, singular, smooth_of
from fastreg.interface import validation as check
from fastreg.numerics.threads import linalg
from fastreg.paths.result import Path

ROUNDS, SETTLED = 50, 1e-10  # for a dispersion beside prior_sd, and its relative change at the end


class Mode(NamedTuple):
    """The mode, and what the density around it is made of."""

    path: Path
    fitted: Fitted
    theta: np.ndarray
    l1: np.ndarray  # (k,) of theta
    l2: np.ndarray
    factor: Factor  # of the Hessian, with the prior variance of l1 parts as that of a Gaussian one
    dispersion: float
    estimated: bool

    @property
    def unit(self):
        return self.fitted.total / self.dispersion


def mode_of(path, start, given, request):
    """The Mode under the path's own penalty."""
    problem, columns = start.problem, np.flatnonzero(start.problem.usable)
    one = certified_path(path, start, *given)
    l1, l2 = problem.penalty_at(start.alpha).on(columns)
    zero = np.zeros(int(problem.fit_intercept))
    rates = np.concatenate([zero, l1]), np.concatenate([zero, l2])
    if not np.any(l1 > 0.0):
        smooth = smooth_of(one, start, *given)
        phi, estimated = _dispersion(smooth.objective, smooth.theta, smooth.best, smooth.fitted, request)
        return Mode(one, smooth.fitted, smooth.theta, *rates, smooth.best.factor, phi, estimated)
    coef, intercept = one.coef(start.alpha)
    fitted = start._replace(coef=coef, intercept=intercept)
    phi, estimated = _dispersion_on_support(fitted, columns[coef[columns] != 0.0], request)
    curved = SmoothObjective(problem, columns, l2 + 0.5 * start.total / phi * l1**2, problem.offset)
    theta = fitted.theta(columns)
    try:
        factor = curved.evaluate(theta).factor
    except linalg().LinAlgError:
        raise singular(fitted) from None
    return Mode(one, fitted, theta, *rates, factor, phi, estimated)


def _dispersion_on_support(fitted, support, request):
    """(dispersion, whether it was estimated) of a fit with an l1 part: its degrees of freedom are those of the columns
    with a coefficient (Zou, Hastie and Tibshirani 2007)."""
    problem = fitted.problem
    objective = SmoothObjective(problem, support, problem.penalty_at(fitted.alpha).on(support)[1], problem.offset)
    theta = fitted.theta(support)
    return _dispersion(objective, theta, objective.evaluate(theta), fitted, request)


def _dispersion(objective, theta, best, fitted, request):
    """(dispersion, whether it was estimated) of a fit at theta, where the Evaluation is `best`."""
    info = information_of(objective, theta, best, fitted, True, request.frequency)
    return dispersion_of(info, fitted.problem.family, request)


def prior_sd_of(prior_sd, p):
    """Standard deviations of priors, one number or p, checked."""
    sd = np.asarray(prior_sd, dtype=float)
    if sd.shape not in ((), (p,)) or not np.all(sd > 0.0):
        raise check.ParameterError(
            f"prior_sd must be above zero, one number or {p}, one for each column of X; an infinite one is a flat prior"
        )
    return sd


def mode_under(path, start, given, request, prior_sd):
    """The Mode under Gaussian priors of given standard deviations: alpha is phi / W, and factors are 1 / sd^2.

    Where the dispersion is estimated, at the mode, both are found in turns.
    """
    sd = prior_sd_of(prior_sd, start.problem.p)
    factor = np.where(np.isinf(start.problem.factor), np.inf, 1.0 / sd**2)  # what was excluded remains so
    ridge = replace(path, l1_ratio=0.0, penalty=None, standardize=False, penalty_factor=factor)
    phi = 1.0
    for _ in range(ROUNDS):
        fitted = problem_of(ridge, start.X, given[0], phi / start.total, given[1], given[2])
        mode = mode_of(ridge, fitted, given, request)
        if abs(mode.dispersion - phi) <= SETTLED * phi:
            return mode
        phi = mode.dispersion
    raise ValueError("the dispersion under prior_sd did not settle; pass dispersion= as a number")
