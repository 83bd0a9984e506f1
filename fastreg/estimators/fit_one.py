"""Fits for the estimators: checks of arrays and weights as in scikit-learn, one certified point, and its warning."""

import numbers
import time
from collections import Counter
from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning as SklearnConvergenceWarning
from sklearn.utils.validation import check_array, check_X_y, validate_data

from fastreg.estimators.constructor import check_flags
from fastreg.interface import validation as check
from fastreg.interface.agreement import check_columns
from fastreg.interface.arguments import FitOptions, Grid, Watching
from fastreg.interface.frames import array_of, label_array, labels_of, table_of
from fastreg.interface.progress import interruptible
from fastreg.interface.reasons import STALLED, UNCERTIFIED
from fastreg.multi.driver import solve_classes, solve_multi_path
from fastreg.numerics.threads import one_blas_thread
from fastreg.paths.driver import answered, run
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.null_model import NullModel
from fastreg.paths.setup import build_problem, checked

# Formats that go to the engine unconverted: scikit-learn would convert others without checking their indices.
SPARSE_FORMATS = ("csc", "csr", "coo", "bsr")
FOR_X = {"accept_sparse": SPARSE_FORMATS, "dtype": [np.float64, np.float32], "ensure_all_finite": False}
MAX_ITER = 1000  # for scikit-learn's max_iter=None


class ConvergenceWarning(check.ConvergenceWarning, SklearnConvergenceWarning):
    """A fit is not certified to `tol`. Filters on fastreg's or scikit-learn's class of this name apply."""


def check_fit(estimator, X, y, **options):
    """X for the engine, y, and the dtype for coefficients. Sets n_features_in_ and feature_names_in_.

    The engine looks for NaN and infinity itself, when it first reads X. Plain arrays of floats skip scikit-learn's
    checks, which cost as much as a small fit.
    """
    if check.is_plain(X, y):
        keep_labels(estimator, X)
        estimator.n_features_in_ = X.shape[1]
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
        return X, y, X.dtype
    X, y = validated(estimator, X, y, **options)
    return check.check_design(X), y, X.dtype


def validated(estimator, X, y, for_y=None, **options):
    """X and y, checked as in scikit-learn, y apart from X by the arguments `for_y` if these are given.

    Sets n_features_in_ and feature_names_in_. Of a data frame scikit-learn gets the names only, and then an array: it
    does not read the missing values and truth values of every library.
    """
    check.refuse_masked("X", X)
    check.refuse_masked("y", y)
    keep_labels(estimator, X)
    if is_classifier(estimator) and y is not None:  # scikit-learn refuses numbers in an array of objects as labels
        y = label_array("y", y)
    if labels_of(X) is None:
        separately = {"validate_separately": (FOR_X, for_y)} if for_y else FOR_X | options
        return validate_data(estimator, X, y, **separately)
    refuse_repeated(X)
    validate_data(estimator, table_of(X), y, skip_check_array=True)
    if for_y:
        return tuple(check_array(each, estimator=estimator, **how) for each, how in ((array_of(X), FOR_X), (y, for_y)))
    return check_X_y(array_of(X), y, estimator=estimator, **FOR_X, **options)


def keep_labels(estimator, X):
    """Keep the labels of a frame's columns if they are not text: scikit-learn does not count them as names."""
    labels = labels_of(X) or ()
    if any(not isinstance(label, str) for label in labels):
        estimator._column_labels = [str(label) for label in labels]
    elif hasattr(estimator, "_column_labels"):
        del estimator._column_labels


def refuse_repeated(X):
    """Raise where two columns of a frame have the same name, as newer releases of scikit-learn do."""
    names = [str(label) for label in labels_of(X)]
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        places = ", ".join(str(j) for j, other in enumerate(names) if other == name)
        raise ValueError(
            f"columns {places} of X are all named {name!r}; give columns names that differ, or pass an array "
            "(X.to_numpy())"
        )


def check_labels(estimator, X):
    """Raise where the labels of a frame's columns differ from those of the fit; scikit-learn checks labels of text."""
    labels = labels_of(X)
    fitted = getattr(estimator, "_column_labels", None)
    if labels is not None and not hasattr(estimator, "feature_names_in_"):
        check_columns(Labelled(fitted), X, estimator.n_features_in_)


class Labelled(NamedTuple):
    """A stand-in for a fitted result, for `agreement.check_columns`."""

    feature_names: list[str] | None


def check_predict(estimator, X):
    """X to predict from, checked to have the columns of the fit."""
    check.refuse_masked("X", X)
    for_X = FOR_X | {"ensure_all_finite": True}
    if labels_of(X) is None:
        return validate_data(estimator, X, reset=False, **for_X)
    refuse_repeated(X)
    validate_data(estimator, table_of(X), reset=False, skip_check_array=True)
    check_labels(estimator, X)
    return check_array(array_of(X), estimator=estimator, input_name="X", **for_X)


def total_weight(sample_weight, n):
    """(weights as a vector, or None; their sum). A single number is the weight of every row."""
    if sample_weight is None:
        return None, float(n)
    check.refuse_masked("sample_weight", sample_weight)
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n, sample_weight)
    sample_weight = np.asarray(sample_weight)
    if sample_weight.ndim != 1:
        raise ValueError(f"Sample weights must be 1D array or scalar, got an array of shape {sample_weight.shape}")
    weight = check.check_vector("sample_weight", sample_weight, n, allow_negative=False)
    with np.errstate(over="ignore"):
        total = float(weight.sum())
    if not 0.0 < total < np.inf:
        problem = "zero everywhere; at least one weight must be positive" if total == 0.0 else "too large to sum"
        raise ValueError(f"sample_weight is {problem}")
    return weight, total


def checked_weight(sample_weight, X):
    """Weights of the rows of X for a score, or None."""
    return (
        None if sample_weight is None else total_weight(sample_weight, X.shape[0] if hasattr(X, "shape") else len(X))[0]
    )


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


NO_GAP = 1e-100  # relative gap asked for if tol is 0: less than that of any fit, unless rounding makes it 0


def tolerance(estimator):
    """`tol` for the engine, where it must be positive: 0 becomes NO_GAP."""
    return max(check.check_number("tol", estimator.tol, 0.0, np.inf, high_open=True), NO_GAP)


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


def names_seen(estimator):
    """The feature names of the fit as a list, or None."""
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else list(names)


def options_of(estimator, **options):
    """FitOptions: those that all estimators have are read from their parameters, the others are given."""
    check_flags(estimator)
    max_iter = getattr(estimator, "max_iter", None)  # RidgeCV, whose fit is a closed form, has none
    return FitOptions(
        penalty_factor=estimator.penalty_factor,
        fit_intercept=estimator.fit_intercept,
        tol=tolerance(estimator),
        max_iter=MAX_ITER if max_iter is None else max_iter,
        feature_names=names_seen(estimator),
        **options,
    )


@interruptible()
@one_blas_thread()
def fit_point(estimator, X, y, alpha, *, start=None, **given):
    """The SingleFit at `alpha`, started from `start` = (coefficients, intercept) if given; `given` are FitOptions."""
    options, begin, alpha = checked(options_of(estimator, **given)), time.perf_counter(), float(alpha)
    null, coef = NullModel(build_problem(X, y, options)), np.zeros(X.shape[1])
    recorder = Recorder(null.problem, begin, 1, verbose=verbosity(estimator))
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
    fitted = options_of(estimator, **options)
    solve = solve_classes if fitted.family == "multinomial" else solve_multi_path
    start = None if start is None else (start[0].T, start[1])
    path = solve(X, Y, fitted, Grid([alpha]), start=start, watching=Watching(verbosity(estimator)))
    coef, intercepts = path.point(0)
    steps = counted(path.n_iters[0], start)
    return SingleFit(coef, intercepts, path.gaps[0], path.work["null_loss"], steps, path.reasons[0])


def verbosity(estimator):
    """`verbose` of the estimator, False if it has none."""
    return getattr(estimator, "verbose", False)


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
            "these are finite but arbitrary. Use a finite C"
        )
    elif any(reason in UNCERTIFIED for reason in reasons):
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
