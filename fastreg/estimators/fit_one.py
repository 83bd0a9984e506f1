"""Fits for the estimators: parameters as options, one certified point, its coefficients as attributes, its warning."""

import time
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning as SklearnConvergenceWarning

from fastreg.interface import validation as check
from fastreg.interface.arguments import FitOptions, Grid, Watching
from fastreg.interface.interrupts import interruptible
from fastreg.interface.reasons import STALLED, UNCERTIFIED
from fastreg.multi.driver import solve_classes, solve_multi_path
from fastreg.numerics.threads import one_blas_thread
from fastreg.paths.driver import answered, run
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.null_model import NullModel
from fastreg.paths.setup import build_problem, checked

FLAGS = ("positive", "warm_start", "refit", "copy_X", "dual")  # parameters that are on or off
PEER_SELECTIONS = ("cyclic", "random")  # scikit-learn's values of `selection`, an order of coordinates
MAX_ITER = 1000  # for scikit-learn's max_iter=None
NO_GAP = 1e-100  # relative gap asked for if tol is 0: less than that of any fit, unless rounding makes it 0


class ConvergenceWarning(check.ConvergenceWarning, SklearnConvergenceWarning):
    """A fit is not certified to `tol`. Filters on fastreg's or scikit-learn's class of this name apply."""


def options_of(estimator, alphas=None, **given):
    """FitOptions of a fit at these alphas: those that are parameters of the estimator, and those that are given."""
    for name in FLAGS:
        if hasattr(estimator, name):  # a text such as "no" would count as on
            check.check_flag(name, getattr(estimator, name))
    lower, max_iter = estimator.lower, getattr(estimator, "max_iter", None)
    if estimator.positive:
        if lower is not None:
            raise check.ParameterError("positive=True stands for lower=0; leave one of the two out")
        lower = 0.0
    encoding, names = getattr(estimator, "encoding_", None), getattr(estimator, "feature_names_in_", None)
    if encoding is not None:
        names = encoding.names()
    return FitOptions(
        penalty_factor=estimator.penalty_factor,
        lower=lower,
        upper=estimator.upper,
        fit_intercept=getattr(encoding, "intercept", estimator.fit_intercept),  # a formula says it
        standardize=estimator.standardize,
        tol=max(check.check_number("tol", estimator.tol, 0.0, np.inf, high_open=True), NO_GAP),
        max_iter=MAX_ITER if max_iter is None else max_iter,  # RidgeCV, whose fit is a closed form, has none
        feature_names=None if names is None else list(names),
        encoding=encoding,
        **given,
    ).by_column(alphas)


def is_bounded(estimator):
    """Whether the parameters ask for bounds of coefficients."""
    return estimator.positive or estimator.lower is not None or estimator.upper is not None


class SingleFit(NamedTuple):
    """One fit with its certificate."""

    coef: np.ndarray  # (p,); (p, K) for several responses or classes
    intercept: float | np.ndarray  # (K,) for several
    gap: float  # relative to the null model's loss
    null_loss: float
    iterations: int
    reason: str

    @property
    def excess(self):
        """The gap in units of the loss."""
        return self.gap * self.null_loss


def last_fit(estimator, shape):
    """(coefficients, intercepts (t,)) of the last fit, checked to have the `shape` (t, p); None without warm_start."""
    if not getattr(estimator, "warm_start", False) or not hasattr(estimator, "coef_"):
        return None
    coef = estimator.coef_
    coef = np.atleast_2d(coef.toarray() if hasattr(coef, "toarray") else coef)
    if coef.shape != shape or not np.isfinite(coef).all():
        raise ValueError(
            f"warm_start=True starts from coef_ of the last fit, which must be finite and of shape {shape} now; it has "
            f"shape {coef.shape}. Set warm_start=False to start anew"
        )
    intercepts = np.broadcast_to(getattr(estimator, "intercept_", 0.0), shape[:1])
    return coef.astype(float), np.where(np.isfinite(intercepts), intercepts, 0.0).astype(float)


@interruptible()
@one_blas_thread()
def fit_point(estimator, X, y, alpha, *, start=None, **given):
    """The SingleFit at `alpha`, started from `start` = (coefficients, intercept) if given; `given` are FitOptions."""
    options, begin, alpha = checked(options_of(estimator, [alpha], **given)), time.perf_counter(), float(alpha)
    null, coef = NullModel(build_problem(X, y, options)), np.zeros(X.shape[1])
    recorder = Recorder(null.problem, begin, 1, verbose=getattr(estimator, "verbose", False))
    fit = Fit(null, np.array([alpha]), recorder, options.tol, options.max_iter, options.solver)
    if start is not None:
        fit.resume(start[0], start[1], alpha)
    try:
        answered(run(fit), fit.problem)
    finally:
        recorder.close()
    point = fit.points[0]
    coef[point.columns] = point.values
    steps = counted(point.iterations, start)
    return SingleFit(coef, point.intercept, point.gap, fit.problem.scale, steps, point.reason)


def fit_multi_point(estimator, X, Y, alpha, *, start=None, **options):
    """`fit_point` for several responses (family "gaussian") or classes numbered from 0 ("multinomial")."""
    fitted = options_of(estimator, [alpha], **options)
    solve = solve_classes if fitted.family == "multinomial" else solve_multi_path
    start = None if start is None else (start[0].T, start[1])
    path = solve(X, Y, fitted, Grid([alpha]), start=start, watching=Watching(getattr(estimator, "verbose", False)))
    coef, intercepts = path.point(0)
    steps = counted(path.n_iters[0], start)
    return SingleFit(coef, intercepts, path.gaps[0], path.work["null_loss"], steps, path.reasons[0])


def counted(iterations, start):
    """The number of solver steps. As in scikit-learn a fit without a warm start takes 1 at least."""
    return max(int(iterations), 1 if start is None else 0)


def each_or_one(values):
    """The values of several targets; of a single one its value."""
    return values if len(values) > 1 else values[0]


def keep_coefficients(estimator, coefs, intercepts, dtype, single):
    """Set coef_ and intercept_ from (t, p) and (t,) of t targets; `single` is whether y was a vector."""
    estimator.coef_ = each_or_one(coefs).astype(dtype, copy=False)
    intercepts = intercepts.astype(dtype, copy=False)
    if not estimator.fit_intercept:
        estimator.intercept_ = 0.0
    else:
        estimator.intercept_ = intercepts[0] if single else intercepts


def keep_targets(estimator, fits, dtype, single):
    """Set coef_ and intercept_ from RidgeTargets; one warning for the targets that are not certified."""
    keep_coefficients(estimator, fits.coefs, fits.intercepts, dtype, single)
    warn_of_fits(estimator, fits.reasons, fits.gaps, np.maximum(fits.n_iters, 1))


def warn_uncertified(estimator, fits):
    """One warning for all SingleFits that are not certified."""
    reasons, gaps = [fit.reason for fit in fits], [fit.gap for fit in fits]
    warn_of_fits(estimator, reasons, gaps, [fit.iterations for fit in fits])


def warn_of_fits(estimator, reasons, gaps, steps):
    """One warning, with advice, for fits that are not certified, from the reasons, relative gaps and steps of all."""
    name = type(estimator).__name__
    if "separable" in reasons:
        message = (
            f"{name}: the classes are separable, so without a penalty the coefficients grow without bound; "
            f"these are finite but arbitrary. Use {'a finite C' if hasattr(estimator, 'C') else 'an alpha above 0'}"
        )
    elif {*reasons} & {*UNCERTIFIED}:
        worst = int(np.argmax(gaps))
        advice = "You might want to increase the number of iterations. After"
        more = "a larger tol or a stronger penalty helps, too"
        if reasons[worst] == STALLED:
            advice = "Steps stopped before max_iter, by rounding or since no finite optimum exists. After"
            more = "a larger tol or a stronger penalty helps, more iterations do not"
        message = (
            f"{name}: Objective did not converge. {advice} {steps[worst]} of them the relative duality gap is "
            f"{gaps[worst]:.1e}, tol is {estimator.tol:g}; {more}"
        )
    else:
        return
    check.warn(message, ConvergenceWarning)
