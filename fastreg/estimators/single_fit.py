"""One fit as scikit-learn poses it: its arrays in, one certified point out, or one warning."""

import numbers
import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning as SklearnConvergenceWarning
from sklearn.utils.validation import validate_data

from fastreg import validation as check
from fastreg.fitting import make_engine, pose
from fastreg.multi.fitting import solve_multi_path
from fastreg.progress import interruptible
from fastreg.threads import one_blas_thread

# What the engine accepts without an intermediate conversion by scikit-learn, which would not check indices.
SPARSE_FORMATS = ("csc", "csr", "coo", "bsr")
MAX_ITER = 1000  # for scikit-learn's max_iter=None


class ConvergenceWarning(check.ConvergenceWarning, SklearnConvergenceWarning):
    """A fit is not certified to `tol`. Filters on fastreg's or scikit-learn's class of this name apply."""


def check_fit(estimator, X, y, **terms):
    """X for the engine, y, and the dtype for coefficients. Sets n_features_in_ and feature_names_in_.

    The engine looks for NaN and infinity on its way through X, and names row and column of the first. It takes plain
    arrays as they are; scikit-learn's checks, which say what is wrong with others, cost as much as a small fit.
    """
    if check.is_plain(X, y):
        estimator.n_features_in_ = X.shape[1]
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
        return X, y, X.dtype
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse=SPARSE_FORMATS,
        dtype=[np.float64, np.float32],
        ensure_all_finite=False,
        **terms,
    )
    return check.check_design(X), y, X.dtype


def check_predict(estimator, X):
    """X with the columns of the fit."""
    return validate_data(estimator, X, accept_sparse=SPARSE_FORMATS, dtype=[np.float64, np.float32], reset=False)


def total_weight(sample_weight, n):
    """(weights as a vector, or None; their sum). A single number is the weight of every row."""
    if sample_weight is None:
        return None, float(n)
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


class SingleFit(NamedTuple):
    """One certified fit."""

    coef: np.ndarray  # (p,), or (p, K) of several responses or classes
    intercept: float | np.ndarray  # (K,)
    gap: float  # relative to the null model's loss
    null_loss: float
    iterations: int  # at least 1, as scikit-learn counts: certifying the null model is one
    reason: str

    @property
    def excess(self):
        """The gap in units of the loss."""
        return self.gap * self.null_loss


@interruptible()
@one_blas_thread()
def fit_point(estimator, X, y, alpha, **terms):
    """The fit at `alpha`: the `terms` of fit_path, and those that all estimators take from themselves."""
    names = getattr(estimator, "feature_names_in_", None)
    terms = pose(
        X,
        y,
        penalty_factor=estimator.penalty_factor,
        fit_intercept=estimator.fit_intercept,
        tol=estimator.tol,
        max_iter=MAX_ITER if estimator.max_iter is None else estimator.max_iter,
        names=None if names is None else list(names),
        **terms,
    )
    engine = make_engine(*terms)
    point, coef = engine.fit(float(alpha)), np.zeros(X.shape[1])
    coef[point.columns] = point.values
    steps = max(int(point.iterations), 1)
    return SingleFit(coef, point.intercept, point.gap, engine.problem.scale, steps, point.reason)


def fit_multi_point(estimator, X, Y, alpha, **terms):
    """As `fit_point`, with several responses or classes."""
    names = getattr(estimator, "feature_names_in_", None)
    path = solve_multi_path(
        X,
        Y,
        alphas=[alpha],
        penalty_factor=estimator.penalty_factor,
        fit_intercept=estimator.fit_intercept,
        tol=estimator.tol,
        max_iter=MAX_ITER if estimator.max_iter is None else estimator.max_iter,
        names=None if names is None else list(names),
        **terms,
    )
    coef, intercepts = path.point(0)
    steps, null_loss = max(int(path.n_iters[0]), 1), path.work["null_loss"]
    return SingleFit(coef, intercepts, path.gaps[0], null_loss, steps, path.reasons[0])


def warn_uncertified(estimator, fits):
    """One warning for all targets of a fit that are not certified, with the remedy."""
    reasons, gaps = [fit.reason for fit in fits], [fit.gap for fit in fits]
    warn_of_fits(estimator, reasons, gaps, [fit.iterations for fit in fits], stacklevel=5)


def warn_of_fits(estimator, reasons, gaps, steps, stacklevel=4):
    """The same from what became of each fit, its relative gap and the steps it took."""
    name = type(estimator).__name__
    if "separable" in reasons:
        message = (
            f"{name}: the classes are separable, so without a penalty the coefficients grow without bound; "
            "these are finite but arbitrary. Use a finite C"
        )
    elif "max_iter" in reasons:
        worst = int(np.argmax(gaps))
        message = (
            f"{name} did not converge to tol={estimator.tol:g}: after {steps[worst]} iterations the "
            f"relative duality gap is {gaps[worst]:.1e}. Raise max_iter, loosen tol, or penalise more"
        )
    else:
        return
    warnings.warn(message, ConvergenceWarning, stacklevel=stacklevel)
