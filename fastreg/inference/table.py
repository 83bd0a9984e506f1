"""table: standard errors, tests and intervals of a fit without an l1 part."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg.inference.result import Table
from fastreg.inference.wald import (
    Request,
    covariance_of,
    distribution_for,
    profile_numbers,
    smooth_fit,
    wald_numbers,
)
from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.numerics.threads import one_blas_thread
from fastreg.paths.result import Path

COVARIANCES = ("model", "HC0", "HC1", "cluster")


@explains_names
@one_blas_thread()
def table(
    path: Path,
    X: Any,
    y: ArrayLike | None = None,
    alpha: float | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    weights: str = "precision",
    dispersion: float | str | None = None,
    information: str = "expected",
    covariance: str = "model",
    groups: ArrayLike | None = None,
    ridge: str | None = None,
    interval: str = "wald",
    correction: str | None = None,
    test: str | None = None,
    level: float = 0.95,
) -> Table:
    """Standard errors, tests and intervals of a fit without an l1 part: unpenalised, ridge, or Firth's.

    The fit at alpha is made anew on the data given, to rounding. With H the information of its coefficients, intercept
    included, divided by W, the sum of the weights, phi the dispersion, and L2 = diag(alpha (1 - l1_ratio) v_j s_j^2)::

        phi / W (H + L2)^-1                      the model's; of ridge the "posterior" convention
        phi / W (H + L2)^-1 H (H + L2)^-1        of ridge the "estimator" convention
        (H + L2)^-1 (sum s_i s_i') (H + L2)^-1   "HC0": scores s_i, weights summing to one; "HC1": times n / (n - k)
        the same with sums of s_i by groups      "cluster": times G / (G - 1) (n - 1) / (n - k) for G groups

    **Weights are real here**: elsewhere in fastreg their scale has no effect, but in a table of a family without a
    dispersion twice the weights are twice the information.

    Parameters
    ----------
    path : Path
        What `fit_path` returned; its family, penalty, bounds and other options are used.
    X : {array, sparse matrix, data frame} of shape (n, p)
        The rows, with the columns of the fit.
    y : array-like of shape (n,), default=None
        Their response. None is that of the formula of a fit by one, from a data frame X.
    alpha : float, default=None
        At which penalty; it need not be on the path. 0 is none. None is the only alpha of a path of one.
    sample_weight, offset : as given to the path's fit
        A path does not keep them.
    weights : {"precision", "frequency"}, default="precision"
        What weights are. A row of precision w has variance phi V / w and counts as one observation: R's weights,
        statsmodels' var_weights. A row of frequency w stands for w equal rows.
    dispersion : float or "pearson", default=None
        A known dispersion; or Pearson's statistic over n - k, k the degrees of freedom. None is "pearson" for
        "gaussian" and "gamma", and 1 for "binomial" and "poisson".
    information : {"expected", "observed"}, default="expected"
        Of the fit, or the Hessian of its loss. They differ for "gamma". R and statsmodels have the expected one.
    covariance : {"model", "HC0", "HC1", "cluster"}, default="model"
        Whether the model's variance is relied on.
    groups : array-like of shape (n,), default=None
        Labels of groups of rows that depend on each other, for covariance="cluster".
    ridge : {"posterior", "estimator"}, default=None
        Which convention is that of tests and intervals; both standard errors are shown. "posterior": of the
        coefficients given the data under the Gaussian prior that ridge is; its intervals cover on average over
        coefficients (mgcv's Vp). "estimator": of the estimates about their mean, which is not the coefficients
        (mgcv's Ve). None is "posterior", and "estimator" for a sandwich.
    interval : {"wald", "profile"}, default="wald"
        Estimate +- quantile times standard error; or the values that a likelihood ratio does not reject, with
        the ratio's signed root as the statistic. A profile refits for every value, a handful for each end.
    correction : {"firth"}, default=None
        Firth's bias reduction of an unpenalised logistic fit, which is finite for separable classes as well; use it
        with interval="profile" there.
    test : {"t", "z"}, default=None
        Distribution of the statistics. None is "t" where the dispersion is estimated, as in R, else "z".
    level : float, default=0.95
        Coverage of an interval.

    Returns
    -------
    Table
        A row for the intercept and every column. Coefficients at a bound, and columns left out, have no standard
        error; those of others are given that they stay there.

    Raises
    ------
    ValueError
        Where a column is under an l1 penalty, where columns depend on each other, where classes are
        separable, and where arguments do not go together.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, 2nd edition, for information and dispersion. White (1980),
    Econometrica 48, 817-838, and MacKinnon and White (1985) for HC0 and HC1. Liang and Zeger (1986), Biometrika 73,
    13-22, for groups. Wood (2017), Generalized Additive Models, 2nd edition, section 6.10, for both conventions of
    ridge. Venzon and Moolgavkar (1988), Applied Statistics 37, 87-94, for profiles. Firth (1993), Biometrika 80, 27-38.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import fit_path, table
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> y = rng.poisson(np.exp(0.5 + 0.4 * X[:, 0]))
    >>> path = fit_path(X, y, family="poisson", alphas=[0.0])
    >>> found = table(path, X, y)
    >>> found.names[found.p_value.argmin()], found.test
    ('(intercept)', 'z')
    """
    check.check_option("weights", weights, ("precision", "frequency"))
    check.check_option("information", information, ("expected", "observed"))
    check.check_option("covariance", covariance, COVARIANCES)
    check.check_option("interval", interval, ("wald", "profile"))
    for name, given, allowed in (
        ("ridge", ridge, ("posterior", "estimator")), ("correction", correction, ("firth",)),
        ("test", test, ("t", "z")),
    ):  # fmt: skip
        if given is not None:
            check.check_option(name, given, allowed)
    if isinstance(dispersion, str):
        check.check_option("dispersion", dispersion, ("pearson",))
    if (covariance == "cluster") != (groups is not None):
        raise ValueError("covariance='cluster' needs groups=, a label for each row, and nothing else takes them")
    if interval == "profile" and covariance != "model":
        raise ValueError("a profile is of the model's own likelihood: interval='profile' needs covariance='model'")
    level = check.check_number("level", level, 0.0, 1.0, low_open=True, high_open=True)
    with check.each_once():
        smooth = smooth_fit(path, X, y, alpha, sample_weight, offset, correction == "firth")
    codes = None
    if groups is not None:
        codes = np.unique(check.check_labels("groups", groups, smooth.fitted.problem.n), return_inverse=True)[1].ravel()
    request = Request(
        weights == "frequency", dispersion, information == "observed", covariance, codes, ridge, test, level
    )
    return _table_of(smooth, request, interval, correction, path.encoding)


def _table_of(smooth, request, interval, correction, encoding):
    if interval == "profile" and smooth.fitted.problem.bounds is not None:
        raise ValueError("interval='profile' does not know bounds; use interval='wald', or a path without bounds")
    matrix, other, phi, estimated, info = covariance_of(smooth, request)
    T, left = smooth.objective.to_user(), info.n - info.degrees
    matrix = T @ matrix @ T.T
    estimate, se = T @ smooth.theta, np.sqrt(np.diag(matrix))
    estimate[: int(smooth.fitted.problem.fit_intercept)] -= _centre_of_held(smooth)
    name, distribution = distribution_for(request.test, estimated, left)
    half = float(distribution.isf(0.5 * (1.0 - request.level)))
    if interval == "profile":
        numbers = profile_numbers(smooth, T, se, half, distribution, smooth.fitted.total / phi)
    else:
        numbers = wald_numbers(estimate, se, half, distribution)
    more = {}
    if other is not None:
        label = "posterior" if request.ridge == "estimator" else "estimator"
        more[f"se_{label}"] = np.sqrt(np.diag(T @ other @ T.T))
    title = _title(smooth, request, phi, estimated, correction)
    return _spread(smooth, request, title, (estimate, se, *numbers), more, matrix, (
        "root" if interval == "profile" else name, phi, left, _notes(smooth, request, interval, correction), encoding,
    ))  # fmt: skip


def _centre_of_held(smooth):
    """What the intercept lacks of that at the data's zero: the centres of the columns at their bounds."""
    held = smooth.at_bound
    return float(smooth.fitted.problem.centre[held] @ smooth.fitted.coef[held])


def _spread(smooth, request, title, numbers, more, matrix, rest):
    """The Table of all columns, from the numbers of those that have a standard error."""
    fitted, first = smooth.fitted, int(smooth.fitted.problem.fit_intercept)
    places = np.r_[np.arange(first), first + smooth.columns].astype(int)
    k = first + fitted.problem.p

    def full(values):
        out = np.full(k, np.nan)
        out[places] = values
        return out

    estimate, *others = map(full, numbers)
    free = np.isnan(estimate)
    estimate[free] = np.r_[np.zeros(first), fitted.coef][free]
    everything = np.full((k, k), np.nan)
    everything[np.ix_(places, places)] = matrix
    test, phi, left, notes, encoding = rest
    se, statistic, p_value, lower, upper = others
    return Table(
        [*["(intercept)"] * first, *fitted.names], estimate, se, statistic, p_value, lower, upper, request.level,
        title, notes, test, phi, left, everything, {name: full(values) for name, values in more.items()}, encoding,
    )  # fmt: skip


def _title(smooth, request, phi, estimated, correction):
    fitted = smooth.fitted
    penalised = np.any(smooth.objective.l2 > 0.0)
    kind = f"ridge at alpha {fitted.alpha:g}" if penalised else correction.capitalize() if correction else "unpenalised"
    count = f"{fitted.rows:,} rows" + (f" for {fitted.total:,.10g} observations" if request.frequency else "")
    scale = "" if np.isnan(phi) else f", dispersion {phi:.4g}{' (Pearson)' if estimated else ''}"
    groups = ""
    if request.codes is not None:
        groups = f" of {np.unique(request.codes[fitted.problem.weight > 0.0]).size:,} groups"
    return (
        f"{fitted.problem.family.name}, {kind}, {count}{scale}, covariance: {request.covariance}{groups} "
        f"({'observed' if request.observed else 'expected'} information)"
    )


def _notes(smooth, request, interval, correction):
    """What the numbers rest on."""
    notes, problem = [], smooth.fitted.problem
    if np.any(smooth.objective.l2 > 0.0):
        if request.ridge == "estimator" or request.covariance != "model":
            notes.append("se is that of the ridge estimates about their own mean, not about the coefficients")
        else:
            notes.append("se is posterior: intervals cover on average over coefficients drawn from ridge's prior")
    if interval == "profile":
        notes.append("tests and intervals by the profile of the " + ("penalised " if correction else "") + "likelihood")
    left_out = "left out, being constant, excluded or the level of reference"
    for columns, words in ((smooth.at_bound, "at a bound"), (problem.left_out, left_out)):
        if columns.size:
            some = ", ".join(smooth.fitted.names[j] for j in columns[:6]) + (" ..." if columns.size > 6 else "")
            notes.append(f"{words}, so that they have no standard error: {some}")
    return notes
