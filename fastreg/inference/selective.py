"""selective: tests and intervals for the columns that a lasso selected, given that it selected them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.special import log_ndtr

from fastreg.inference.fitted import fit_at
from fastreg.inference.result import Table
from fastreg.inference.smooth_objective import Factor, SmoothObjective
from fastreg.inference.wald import singular
from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.numerics.threads import linalg, one_blas_thread
from fastreg.paths.result import Path

TOL = 1e-12  # relative duality gap
EXACT = 1e-9  # share of a threshold by which a correlation may pass it
FARTHEST = 1e5  # standard deviations: an end of an interval beyond is reported as infinite

NOTES = [
    "given the columns selected and the signs of their coefficients, for independent normal errors of known sigma and "
    "an alpha that was fixed beforehand: one that cross-validation chose on these rows is not covered",
    "estimates are those of the selected columns fitted without a penalty; each test is about that model's coefficient",
]


@explains_names
@one_blas_thread()
def selective(
    path: Path,
    X: Any,
    y: ArrayLike | None = None,
    alpha: float | None = None,
    *,
    sigma: float | None = None,
    sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    level: float = 0.95,
) -> Table:
    """Tests and intervals for the columns selected by a lasso of least squares, given their selection.

    Of the selected columns M, with signs s, the target is the coefficient of j in the fit of all of M without a
    penalty, estimated by x = (X_M'X_M)^-1 X_M'y. Which y lead to the same M and s is a polyhedron, and along the
    direction of x an interval [low, high]: there x is normal about its target, cut off at both ends. With F its
    distribution function::

        p = 2 min(F(x; 0), 1 - F(x; 0)),   interval: targets with (1 - level) / 2 <= F(x; target) <= (1 + level) / 2

    Columns are about their weighted means, elastic nets and penalty factors move the polyhedron, and a column without a
    penalty has no sign to be conditioned on.

    **Conditions.** Errors are independent and normal, of standard deviation sigma; alpha was fixed beforehand. An alpha
    that cross-validation chose on the same rows is not covered. Intervals can be very long where x is near an end, and
    one beyond 1e5 standard deviations is infinite.

    Parameters
    ----------
    path : Path
        What `fit_path` returned with family "gaussian" and l1_ratio > 0; its options are used.
    X : {array, sparse matrix, data frame} of shape (n, p)
        The rows, with the columns of the fit.
    y : array-like of shape (n,), default=None
        Their response. None is that of the formula of a fit by one, from a data frame X.
    alpha : float, default=None
        At which penalty. None is the only alpha of a path of one.
    sigma : float, default=None
        Standard deviation of the errors, of a row of weight 1. None estimates it from the fit of all columns without
        a penalty, which takes p < n / 2 and makes the numbers approximate.
    sample_weight, offset : as given to the path's fit
        A path does not keep them. A row of weight w has errors of variance sigma^2 / w.
    level : float, default=0.95
        Coverage of an interval.

    Returns
    -------
    Table
        A row for each column selected: x, its standard deviation without the selection (se), the lasso's own
        coefficient, and the ends low and high.

    Raises
    ------
    ValueError
        For another family, bounds, columns that depend on each other, and where nothing is selected.

    References
    ----------
    Lee, Sun, Sun and Taylor (2016), Exact post-selection inference, with application to the lasso, Annals of Statistics
    44, 907-927.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import fit_path, selective
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 20))
    >>> y = X[:, 0] + rng.normal(size=100)
    >>> found = selective(fit_path(X, y, alphas=[0.2]), X, y, sigma=1.0)
    >>> found.names[found.p_value.argmin()]
    'x0'
    """
    level = check.check_number("level", level, 0.0, 1.0, low_open=True, high_open=True)
    if sigma is not None:
        sigma = check.check_number("sigma", sigma, 0.0, np.inf, low_open=True, high_open=True)
    with check.each_once():
        fitted = fit_at(path, X, y, alpha, sample_weight, offset, TOL)
    problem = fitted.problem
    if not problem.family.quadratic or problem.bounds is not None:
        raise ValueError("selective tests are for least squares without bounds; debiased has other families")
    try:
        if sigma is None:
            sigma, words = _sigma(fitted), " (estimated: approximate)"
        else:
            words = ""
        selection = _selection(fitted)
    except linalg().LinAlgError:
        raise singular(fitted, "") from None
    unit = sigma / np.sqrt(fitted.total)
    rows = [_test(selection, k, unit, level) for k in range(selection.columns.size)]
    estimate, se, p, lower, upper, low, high = np.array(rows).T
    none = np.full(estimate.size, np.nan)
    title = (
        f"gaussian, {selection.columns.size} of {problem.p:,} columns selected at alpha {fitted.alpha:g}, "
        f"{fitted.rows:,} rows, sigma {sigma:.4g}{words}"
    )
    more = {"lasso": selection.coef, "low": low, "high": high}
    return Table(
        [fitted.names[j] for j in selection.columns], estimate, se, none, p, lower, upper, level, title, NOTES,
        "truncated normal", sigma**2, float("nan"), None, more, path.encoding,
    )  # fmt: skip


class Selection(NamedTuple):
    """What a lasso selected, in sums over rows weighted to one. m columns are in it, the others are out."""

    columns: np.ndarray  # (m,) numbers in X
    coef: np.ndarray  # (m,)
    estimate: np.ndarray  # (m,) without a penalty
    inverse: np.ndarray  # (m, m) of the Gram matrix
    shrunk: np.ndarray  # (m, m) of the Gram matrix with the ridge part
    signs: np.ndarray  # (m,) 0 where there is no l1 penalty
    outside: np.ndarray  # (rest,) correlations of the other columns with the residual
    thresholds: np.ndarray  # (rest,) which they stay below
    slopes: np.ndarray  # (rest, m) how they move with the estimate of each column


def _selection(fitted):
    """The Selection of a fit, exact. Raises a ValueError where it is empty, or a matter of rounding."""
    problem = fitted.problem
    l1, l2 = problem.penalty_at(fitted.alpha).on(np.arange(problem.p))
    inside = problem.usable & ((fitted.coef != 0.0) | (l1 == 0.0))
    columns, rest = np.flatnonzero(inside), np.flatnonzero(problem.usable & ~inside)
    if not columns.size:
        raise ValueError(f"no column is selected at alpha={fitted.alpha:g}; take a smaller one")
    centred = problem.design.gather(columns) - problem.centre[columns]
    weighted = problem.weight[:, None] * centred
    gram = centred.T @ weighted
    response = problem.family.y - problem.offset
    response = response - (problem.weight @ response if problem.fit_intercept else 0.0)
    correlation = weighted.T @ response
    inverse = shrunk = Factor(gram).inverse()
    if np.any(l2[columns] > 0.0):  # else nothing outside moves, to the last digit
        shrunk = Factor(gram + np.diag(l2[columns])).inverse()
    signs = np.where(l1[columns] > 0.0, np.sign(fitted.coef[columns]), 0.0)
    coef = shrunk @ (correlation - l1[columns] * signs)
    cross = problem.design.correlate_many(weighted)[rest]
    outside = problem.design.correlate(problem.weight * response)[rest] - cross @ coef
    if np.any(signs * coef < 0.0) or np.any(np.abs(outside) > l1[rest] * (1.0 + EXACT)):
        raise ValueError(
            f"at alpha={fitted.alpha:g} which columns are selected is a matter of rounding: move alpha by a thousandth"
        )
    return Selection(
        columns, coef, inverse @ correlation, inverse, shrunk, signs, outside, l1[rest], cross @ (inverse - shrunk)
    )


def _test(selection, k, unit, level):
    """(estimate, sd, p, lower, upper, low, high) of the k-th column selected; `unit` is sigma / sqrt(W)."""
    scale = selection.inverse[k, k]  # a move of the estimate by 1 moves correlations within by 1 / scale at k
    x, sd = selection.estimate[k], unit * np.sqrt(scale)
    # Linear in the move: each of these stays at or below zero.
    values = np.concatenate([
        -selection.signs * selection.coef, selection.outside - selection.thresholds,
        -selection.outside - selection.thresholds,
    ])  # fmt: skip
    slope = selection.slopes[:, k] / scale
    slopes = np.concatenate([-selection.signs * selection.shrunk[:, k] / scale, slope, -slope])
    moves = np.divide(-np.minimum(values, 0.0), slopes, out=np.full(values.size, np.nan), where=slopes != 0.0)
    low = x + max(moves[slopes < 0.0], default=-np.inf)
    high = x + min(moves[slopes > 0.0], default=np.inf)

    def odds(target):
        """log F(x) - log(1 - F(x)), falling in the target."""
        at = (x - target) / sd
        return log_between((low - target) / sd, at) - log_between(at, (high - target) / sd)

    share = 1.0 / (1.0 + np.exp(abs(odds(0.0))))
    bound = float(np.log1p(level) - np.log1p(-level))
    return x, sd, 2.0 * share, _target(odds, bound, x, -sd), _target(odds, -bound, x, sd), low, high


def log_between(a, b):
    """log(Phi(b) - Phi(a)), a < b, in the tail that keeps digits; as scipy.stats.truncnorm, in a tenth of its time."""
    if a > 0.0:
        a, b = -b, -a
    upper = float(log_ndtr(b))
    fall = float(log_ndtr(a)) - upper
    return upper + (np.log(-np.expm1(fall)) if fall > -0.7 else np.log1p(-np.exp(fall)))


def _target(odds, wanted, x, sd):
    """Where `odds` are as wanted, sought in steps of sd, which double; infinite beyond FARTHEST of them."""
    reach = 1.0
    while (odds(x + reach * sd) - wanted) * sd > 0.0:
        reach *= 2.0
        if reach > FARTHEST:
            return float(np.copysign(np.inf, sd))
    inner = x if reach == 1.0 else x + 0.5 * reach * sd
    while (odds(inner) - wanted) * sd < 0.0:  # x near an end: both ends lie on one side of it
        inner -= reach * sd
        reach *= 2.0
        if reach > FARTHEST:
            return float(np.copysign(np.inf, -sd))
    return float(optimize.brentq(lambda target: odds(target) - wanted, inner, x + reach * sd, xtol=1e-12 * abs(sd)))


def _sigma(fitted):
    """Of the fit of all columns without a penalty."""
    problem = fitted.problem
    left = fitted.rows - problem.columns.size - float(problem.fit_intercept)
    if problem.columns.size >= fitted.rows / 2:
        raise ValueError(
            f"{fitted.rows} rows are too few for {problem.columns.size} columns to estimate sigma from; give sigma="
        )
    objective = SmoothObjective(problem, problem.columns, np.zeros(problem.columns.size), problem.offset)
    start = np.zeros(objective.l2.size)
    here = objective.evaluate(start)
    _, residual, _ = objective.linearised(start - here.factor.solve(here.gradient))
    seen = problem.weight > 0.0
    return float(np.sqrt(fitted.total * np.sum(residual[seen] ** 2 / problem.weight[seen]) / left))
