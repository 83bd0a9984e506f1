"""fit_path: from a user's arrays to a certified path."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import ArrayLike

from fastreg.design.row_sums import RowSums
from fastreg.interface.arguments import Watching, bundles, framed
from fastreg.interface.encoding import Rules
from fastreg.interface.naming import explains_names
from fastreg.interface.progress import Progress
from fastreg.interface.reasons import warn_of_points
from fastreg.paths.driver import solve_path
from fastreg.paths.result import Path
from fastreg.paths.setup import warn_of_exposure
from fastreg.paths.summed_rows import path_of_sums


@explains_names
def fit_path(
    X: Any = None,
    y: ArrayLike | str | None = None,
    *,
    family: str | type = "gaussian",
    l1_ratio: float = 1.0,
    penalty: Any = None,
    alphas: ArrayLike | None = None,
    n_alphas: int = 100,
    alpha_min_ratio: float | None = None,
    sample_weight: ArrayLike | str | None = None,
    offset: ArrayLike | str | None = None,
    penalty_factor: ArrayLike | dict[str, float] | None = None,
    lower: ArrayLike | dict[str, float] | None = None,
    upper: ArrayLike | dict[str, float] | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    tol: float = 1e-6,
    feature_names: Sequence[str] | None = None,
    data: Any = None,
    categories: str | Sequence[str] | None = None,
    ordered: str = "one-hot",
    dates: str = "error",
    missing: str | dict[str, str] = "error",
    unseen: str = "error",
    max_iter: int = 1000,
    solver: str = "auto",
    verbose: bool | int = False,
    callback: Callable[[Progress], Any] | None = None,
    trace: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
    sums: RowSums | None = None,
) -> Path:
    """Fit a regularisation path of a penalised generalised linear model, every point with its duality gap.

    For rows i with weight w_i (W their sum), offset o_i and linear predictor eta = b0 + X b + o, each point minimises

        (1/W) sum_i w_i loss(y_i, eta_i)  +  alpha sum_j v_j ( l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 )

    subject to lower_j <= b_j <= upper_j. The intercept b0 is neither penalised nor bounded. For "gaussian" the loss is
    (y - eta)^2 / 2, so that alpha and l1_ratio mean what they mean in scikit-learn's Lasso and ElasticNet.

    Parameters
    ----------
    X : {array, sparse matrix, data frame} of shape (n, p), or str, default=None
        Rows of data, never modified; the names of a data frame's columns are kept (pandas, polars, pyarrow, others by
        narwhals). A Fortran-ordered array or a canonical CSC matrix of float64, or a large one of float32, int8, uint8,
        int16 or bool, is used where it lies; anything else is converted once. Text is a formula about the frame `data`,
        "y ~ x1 + np.log(x2) + C(group)", in the grammar of formulaic (the extra "formula"); it says whether there is an
        intercept ("- 1" for none). A file is opened by `open`. A tuple of such a file and other parts, each
        (n, columns), is X with their columns side by side. Rows on a cluster or in files: see `distribute`.
    y : array-like of shape (n,), default=None
        Response: real ("gaussian"), in [0, 1] ("binomial": classes or proportions), >= 0 ("poisson"), > 0
        ("gamma"). None is that of a formula.
    family : {"gaussian", "binomial", "poisson", "gamma"} or type, default="gaussian"
        The loss. The link is the logit for "binomial", the log for "poisson" and "gamma". A class of your own is a
        family, too.
    l1_ratio : float, default=1.0
        Share of the l1 part in [0, 1]; 1 is the lasso, 0 is ridge. For least squares a share between them depends on
        the unit of y, as in scikit-learn: the l1 penalty has that unit, the ridge penalty has none. So divide y by its
        standard deviation, or choose the share by `cv_path`.
    penalty : object, default=None
        A separable penalty of your own in place of the elastic net, alpha sum_j v_j ( l1_j |b_j| + l2_j/2 b_j^2 ):
        any object whose method rates(p) returns (l1, l2), the rates of p columns, each an array of shape (p,) or one
        number. A column of l1_j = 0 is in the model at every alpha.
    alphas : array-like of shape (k,), default=None
        Decreasing penalties. None is an automatic grid: `n_alphas` of them in a geometric sequence from alpha_max down
        to alpha_max * `alpha_min_ratio`, with alpha_max the smallest alpha at which every penalised coefficient is
        zero. For an l1_ratio below 1e-3 that of 1e-3 is taken, for ridge least squares with y in units of its spread.
    n_alphas : int, default=100
        Number of alphas of an automatic grid.
    alpha_min_ratio : float, default=None
        The last alpha of an automatic grid over its first, in (0, 1). None is 1e-2 if n < p, else 1e-4.
    sample_weight : array-like of shape (n,), default=None
        Weights of the rows >= 0, of any scale. An exposure is not a weight, see `offset`: a DataWarning says so where
        counts ("poisson") are far more likely with means proportional to the weights than with equal means, and the
        weights are not all whole numbers.
    offset : array-like of shape (n,) or float, default=None
        Added to the linear predictor, such as np.log(exposure) for counts over an exposure. Predictions of a path that
        was fitted with an offset ask for that of their rows. The number 0 is no offset; a vector of zeros is one.
    penalty_factor : array-like of shape (p,) or dict, default=None
        Factors v_j >= 0; None is 1 for every column. 0 leaves a column unpenalised, infinity leaves it out. A dict has
        them by name, and 1 for columns that it does not name. The name of a category stands for all of its levels,
        "name[level]" for one.
    lower, upper : array-like of shape (p,), float or dict, default=None
        Bounds of the coefficients, lower <= 0 <= upper, on the scale of X whatever `standardize` says. None and
        infinity are no bound, 0 forbids a sign. Bounds hold exactly, and the gap is that of the bounded problem. A dict
        has them by name, as for `penalty_factor`.
    fit_intercept : bool, default=True
        Whether the intercept b0 is fitted; else it is 0.
    standardize : bool, default=False
        Whether the penalty applies to the coefficients of columns divided by their weighted standard deviation (1/W,
        about the mean). Those that are returned are on the scale of X. The deviation of a constant column is 0: with an
        intercept its coefficient is 0, and without one the column is not divided.
    tol : float, default=1e-6
        Relative duality gap that every point must reach; see `Path`.
    feature_names : list of str of length p, default=None
        Names of the columns of an array, a sparse matrix or a pandas frame whose columns are numbered, all of them
        different: for supports, tables, frames, pictures and messages. None is the names of a data frame. What predicts
        from a data frame compares them with its names.
    data : data frame of n rows, default=None
        The frame of a formula. sample_weight, offset and groups may then be texts, too: names of columns, or
        expressions of them such as "np.log(exposure)".
    categories : {"text"} or list of str, default=None
        Which columns of a data frame are categories beside those whose type says so (pandas Categorical, polars Enum
        and Categorical, Arrow dictionaries): all of text, or those named here, of whatever type. Text is not taken
        unasked, since a column of text is often an identifier. A category has a column "name[level]" of zeros and ones
        for each level of these rows, kept as one code a row. Without a penalty (where all alphas, or its factors, are
        0) these would be too many, as they sum to the intercept: the first level's coefficient is 0 then.
    ordered : {"one-hot", "step"}, default="one-hot"
        The columns of a category whose type is ordered. "step": "name[>=level]" for each level but the first, so that
        coefficients are the changes from a level to the next; the lasso then merges neighbours, and lower=0 makes the
        effect rise.
    dates : {"error", "days"}, default="error"
        What becomes of dates, times and durations: an error, or the number of days, since 1970-01-01 for dates.
    missing : {"error", "mean", "level", "drop"} or dict, default="error"
        What becomes of missing values of a data frame, or by name of each column. "mean": of numbers, the mean of the
        others, and a column "name[missing]" that marks them; of categories, as "level". "level": a category has a level
        "name[missing]"; an error for numbers. "drop": such rows are left out, which a DataWarning says, with their y,
        weights, offset and groups; results have the rows that are left. All is decided on these rows and kept for
        prediction, where rows that were to be dropped are an error.
    unseen : {"error", "zero"}, default="error"
        What becomes, in prediction, of a level of which the fit had no row: an error, or zero in all of its columns.
    max_iter : int, default=1000
        Newton or proximal gradient steps allowed at one point; epochs of a cold start by coordinate descent may
        take half of it.
    solver : str, default="auto"
        The method; the solution does not depend on it. A solver of fastreg.solvers ("active_set", "coordinate_descent",
        "newton", "proximal_gradient", "ridge") or a strategy of fastreg.paths.plan ("pointwise", "batched_lasso",
        "batched_newton", "batched_descent"); "auto" chooses by the table there.
    verbose : bool or int, default=False
        Whether a fit that takes more than 2 s shows a bar on stderr.
    callback : callable, default=None
        Called with a `fastreg.Progress` after every point: its number, alpha, gap, support, seconds. What it
        raises ends the fit.
    trace : bool, default=False
        Whether `Path.steps` holds every solver step, which costs a computation of loss and penalty for each.
    checkpoint : str or path-like, default=None
        A file (.npz) that keeps the points while the fit runs. If it exists, the fit goes on from there, so that the
        same call may be repeated after the process has been killed; the points are those of an unbroken fit to `tol`.
        A ValueError says what differs if it is of other data or options. Where it cannot be written, a RuntimeWarning
        says so, and the fit goes on.
    sums : RowSums, default=None
        In place of X and y, and of all else that belongs to rows: sums over them, for least squares. Gaps then contain
        a bound on the rounding errors of the sums.

    Returns
    -------
    Path
        The points. Those that could not be certified are marked in `reasons` and named in one
        ConvergenceWarning. An automatic grid of a logistic path ends once 99.9 % of the deviance is explained
        (reason "separable").

    Raises
    ------
    ValueError
        Where an argument is out of its range, with the first bad place.
    Interrupted
        On Ctrl-C or SIGTERM (it is a KeyboardInterrupt). Its `path` holds the points that were done.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1), for the problem and its
    conventions.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import fit_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> path = fit_path(X, y)
    >>> path.converged, path.support(0.5)
    (True, [0, 1])
    >>> coef, intercept = path.coef(alpha=0.5)
    >>> coef.shape
    (8,)
    """
    shared = {
        "family": family, "l1_ratio": l1_ratio, "penalty_factor": penalty_factor, "lower": lower, "upper": upper,
        "standardize": standardize, "tol": tol, "max_iter": max_iter, "solver": solver, "penalty": penalty,
        "n_alphas": n_alphas, "alpha_min_ratio": alpha_min_ratio,
    }  # fmt: skip
    frames = {"categories": categories, "ordered": ordered, "dates": dates, "missing": missing, "unseen": unseen}
    watching = Watching(verbose, callback, trace, checkpoint)
    if sums is not None:
        of_rows = {"X": X, "y": y, "sample_weight": sample_weight, "offset": offset, "data": data}
        words = {"alphas": alphas, "fit_intercept": fit_intercept, "feature_names": feature_names}
        given = of_rows | Rules.given(frames) | {"checkpoint": checkpoint}
        return path_of_sums(sums, given, words | shared, watching)
    if getattr(X, "in_blocks_of_rows", False):
        from fastreg.paths.row_newton.fit import path_of_rows  # which few fits need

        words = {
            "alphas": alphas, "fit_intercept": fit_intercept, "feature_names": feature_names, "offset": offset,
            "sample_weight": sample_weight, "data": data,
        }  # fmt: skip
        path = path_of_rows(X, y, words | frames | shared, watching)
        warn_of_points(path)
        return path
    X, words, y = framed(X, {
        "data": data, "alphas": alphas, "sample_weight": sample_weight, "offset": offset,
        "fit_intercept": fit_intercept, "feature_names": feature_names, **frames,
    }, y=y)  # fmt: skip
    options, grid, _ = bundles(X, words, **shared)
    warn_of_exposure(y, options)
    path = solve_path(X, y, options, grid, watching)
    warn_of_points(path)
    return path
