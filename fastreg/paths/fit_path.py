"""fit_path: from a user's arrays to a certified path."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.interface.arguments import FitTerms, Grid, Watching
from fastreg.interface.naming import VALUES, explains_names, names_meant
from fastreg.interface.progress import Interrupted, Progress, interruptible
from fastreg.interface.validation import ConvergenceWarning
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective import gram_reduction
from fastreg.objective.bounds import Bounds
from fastreg.objective.families import FAMILIES, completed
from fastreg.objective.problem import Problem
from fastreg.paths.batched.descent import blocks_for
from fastreg.paths.exposure import warn_of_exposure
from fastreg.paths.omitted import warn_omitted
from fastreg.paths.pointwise import PathSolver, alpha_grid, answered
from fastreg.paths.recorder import Record
from fastreg.paths.result import Path
from fastreg.paths.smooth import SmoothPath
from fastreg.solvers import SOLVERS, make_solver
from fastreg.solvers.choice import Cheapest

NOBODY = Watching()


@explains_names
def fit_path(
    X: Any,
    y: ArrayLike,
    *,
    family: str | type = "gaussian",
    l1_ratio: float = 1.0,
    alphas: ArrayLike | None = None,
    n_alphas: int = 100,
    alpha_min_ratio: float | None = None,
    sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    penalty_factor: ArrayLike | None = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    tol: float = 1e-6,
    max_iter: int = 1000,
    solver: str = "auto",
    verbose: bool | int = False,
    callback: Callable[[Progress], Any] | None = None,
    trace: bool = False,
) -> Path:
    """Fit a regularisation path of a penalised generalised linear model, every point with its duality gap.

    For rows i with weight w_i (W their sum), offset o_i and linear predictor eta = b0 + X b + o, each point minimises

        (1/W) sum_i w_i loss(y_i, eta_i)  +  alpha sum_j v_j ( l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 )

    subject to lower_j <= b_j <= upper_j. The intercept b0 is neither penalised nor bounded. For "gaussian" the loss is
    (y - eta)^2 / 2, so that alpha and l1_ratio mean what they mean in scikit-learn's Lasso and ElasticNet.

    Parameters
    ----------
    X : {array, sparse matrix, data frame} of shape (n, p)
        Rows of data, never modified; the names of a data frame's columns are kept (pandas, polars, pyarrow, others by
        narwhals). A Fortran-ordered float64 array or a canonical float64 CSC matrix is used where it lies; anything
        else is converted once.
    y : array-like of shape (n,)
        Response: real ("gaussian"), in [0, 1] ("binomial": classes or proportions), >= 0 ("poisson"), > 0
        ("gamma").
    family : {"gaussian", "binomial", "poisson", "gamma"} or type, default="gaussian"
        The logit is the link of "binomial", the log that of "poisson" and "gamma". A class of one's own is a
        family, too.
    l1_ratio : float, default=1.0
        Share of the l1 part in [0, 1]; 1 is the lasso, 0 is ridge. Between them, for least squares, what a share
        means depends on y's unit, as with scikit-learn: the l1 penalty has that unit, the ridge penalty has none. So
        divide y by its standard deviation, or choose the share by `cv_path`.
    alphas : array-like of shape (k,), default=None
        Decreasing penalties. None is `n_alphas` of them, geometric, from alpha_max (the smallest at which every
        penalised coefficient is zero; computed at l1_ratio 1e-3 if it is less, for ridge least squares with
        the response in units of its spread) down to alpha_max * `alpha_min_ratio`.
    n_alphas : int, default=100
        How many alphas an automatic grid has.
    alpha_min_ratio : float, default=None
        The last alpha of an automatic grid over its first, in (0, 1). None is 1e-2 if n < p, else 1e-4.
    sample_weight : array-like of shape (n,), default=None
        Weights of the rows >= 0, of any scale. An exposure is none, see `offset`: counts ("poisson") that follow
        weights, not all of them whole numbers, as they would an exposure are told in one DataWarning. They do where
        they are far more likely with means proportional to the weights than with equal ones.
    offset : array-like of shape (n,) or float, default=None
        Added to the linear predictor; np.log(exposure) for counts over an exposure. A path fitted with one asks for
        the offset of new rows when it predicts; 0, the number, is no offset, a vector of zeros is one.
    penalty_factor : array-like of shape (p,), default=None
        Factors v_j >= 0; None is 1 for every column. 0 leaves a column unpenalised, infinity leaves it out.
    lower, upper : array-like of shape (p,) or float, default=None
        Bounds of the coefficients, lower <= 0 <= upper, on the scale of X whatever `standardize` says. Infinite
        ones bound nothing; None is infinite; 0 forbids a sign. They hold exactly, and the gap is that of the
        bounded problem.
    fit_intercept : bool, default=True
        Whether b0 is fitted; else it is 0.
    standardize : bool, default=False
        Whether the penalty is measured on columns divided by their weighted standard deviation (1/W, about the
        mean). Coefficients come back on the scale of X.
    tol : float, default=1e-6
        Relative duality gap that every point must reach; see `Path`.
    max_iter : int, default=1000
        Newton or proximal gradient steps allowed at one point; epochs of a cold start by coordinate descent may
        take half of it.
    solver : {"auto", "active_set", "coordinate_descent", "newton", "proximal_gradient", "ridge"}, default="auto"
        How; the answer does not depend on it. See fastreg.solvers.
    verbose : bool or int, default=False
        Whether a fit that takes more than 2 s shows a bar on stderr.
    callback : callable, default=None
        Called with a `fastreg.Progress` after every point: its number, alpha, gap, support, seconds. What it
        raises ends the fit.
    trace : bool, default=False
        Whether every solver step is recorded, in Path.steps (at the cost of the loss and the penalty each).

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
        On Ctrl-C (it is a KeyboardInterrupt). Its `path` holds the points that were done.

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
    terms = FitTerms(
        family, l1_ratio, sample_weight, offset, penalty_factor, lower, upper, fit_intercept, standardize, tol,
        max_iter, solver, check.feature_names_of(X),
    )  # fmt: skip
    warn_of_exposure(y, terms)
    path = solve_path(X, y, terms, Grid(alphas, n_alphas, alpha_min_ratio), Watching(verbose, callback, trace))
    warn_of_points(path)
    return path


@interruptible()
@one_blas_thread()
def solve_path(X, y, terms, grid, watching=NOBODY, start=None):
    """fit_path without its warning, for callers with words of their own: see Path.reasons and Path.gaps.

    `start` = (coefficients, intercept, alpha) is a solution, or nearly one, to begin at instead of the null model.
    """
    begin = time.perf_counter()
    terms = checked(terms)
    return follow_path(build_problem(X, y, terms), terms, grid, watching, begin=begin, start=start)


def checked(terms):
    """Terms in their ranges, with the family's class; what their solver cannot solve is said before data are read."""
    terms = terms.checked()
    check.check_option("solver", terms.solver, SOLVERS)
    terms = terms._replace(family=family_named(terms.family))
    make_solver(terms.solver, terms.family, terms.l1_ratio, terms.bounded())
    return terms


def make_engine(problem, terms, null_correlation=None, first=True):
    """What fits the points of a path: SmoothPath without an l1 part, else PathSolver.

    `first` is whether a cold start may be tried in X itself; a compressed problem has its columns together already.
    """
    solver = make_solver(terms.solver, type(problem.family), problem.l1_ratio, problem.bounds is not None)
    if solver is None:
        return SmoothPath(problem, terms.tol, terms.max_iter)
    first = first and terms.solver == "auto"
    return PathSolver(problem, solver, terms.tol, terms.max_iter, null_correlation, first)


def follow_path(problem, terms, grid, watching=NOBODY, *, begin, start=None, sums=None):
    """The Path of a problem, on the grid given or an automatic one.

    Its time counts from `begin`; `start` as for solve_path; `sums` as `compress` has them, if known.
    """
    grid = grid.checked()

    def follow(engine):
        return _follow(engine, problem, terms, grid, start, Record(engine.problem, begin, grid.count(), *watching))

    if (
        terms.solver == "auto"
        and (problem.l1_ratio > 0.0 or problem.bounds is not None)
        and gram_reduction.pays(problem, grid.count(), grid.lowest())
    ):
        small = gram_reduction.compress(problem, sums)
        try:
            path = follow(make_engine(small, terms, first=False))
        except Interrupted as stop:
            if stop.path is not None and not gram_reduction.holds(small, stop.path, terms.tol):
                stop.path = None
            raise
        if gram_reduction.holds(small, path, terms.tol):
            return path
    return follow(make_engine(problem, terms))


def _follow(engine, problem, terms, grid, start, record):
    """The Path of an engine; `problem` is the one posed. An interrupt leaves with the points done."""
    if start is not None:
        engine.resume(*start)
    automatic = grid.alphas is None
    alphas = alphas_of(grid, engine.alpha_max, problem.n < problem.p)
    try:
        if isinstance(engine, SmoothPath):
            engine.expect(alphas)
        if start is not None or not run_blocks(engine, alphas, automatic, record, terms.solver):
            run_grid(engine, alphas[len(record.points) :], automatic, record)
    except KeyboardInterrupt:
        done = len(record.points)
        path = collect(engine, problem, record, alphas, terms) if done else None
        raise Interrupted(f"interrupted after {done} of {alphas.size} points", path) from None
    finally:
        record.close()
    return collect(engine, problem, record, alphas, terms)


def family_named(family):
    """A family by name, or a class with the verbs of fastreg.objective.families."""
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


def build_problem(X, y, terms):
    """A Problem from arrays, which are checked, and terms that have been: see `checked`.

    What is wrong with X itself shows in its columns' moments, at no extra pass.
    """
    X = check.check_design(X)
    n, p = X.shape
    y = check.check_response(y, n, terms.family)
    weight = check.check_weight(terms.sample_weight, n)
    offset = check.check_offset(terms.offset, n)
    degenerate = terms.family.degenerate(y[weight > 0])
    if degenerate and terms.fit_intercept:
        raise ValueError(f"{degenerate}; family {terms.family.name!r} with an intercept has no solution")
    factor = check.check_factor(terms.penalty_factor, p)
    family = terms.family(check.read_only(y), check.read_only(weight))
    limits = check.check_bounds(terms.lower, terms.upper, p)
    bounds = None if limits is None else Bounds(*limits)
    problem = Problem(
        as_design(X), family, np.zeros(n) if offset is None else offset, terms.fit_intercept, terms.l1_ratio, factor,
        terms.standardize, bounds=bounds,
    )  # fmt: skip
    if not problem.finite:
        raise check.explain_not_finite(X, terms.names)
    warn_omitted(problem, terms.names)
    return problem


def alphas_of(grid, alpha_max, wide):
    """The alphas of a checked grid: those given, or from alpha_max down to a share of it, 1e-2 if `wide`, else 1e-4."""
    if grid.alphas is not None:
        return grid.alphas
    ratio = (1e-2 if wide else 1e-4) if grid.alpha_min_ratio is None else grid.alpha_min_ratio
    ratio = check.check_number("alpha_min_ratio", ratio, 0.0, 1.0, low_open=True, high_open=True)
    return alpha_grid(alpha_max, grid.n_alphas, ratio)


def alphas_to_fit(X, y, terms, grid):
    """The alphas at which `solve_path` would fit, if no automatic path ends sooner, for the cost of the null model."""
    terms = checked(terms)
    problem = build_problem(X, y, terms)
    return alphas_of(grid.checked(), make_engine(problem, terms).alpha_max, problem.n < problem.p)


def run_blocks(engine, grid, automatic, record, solver):
    """Fit points by blocks, as far as these go, and leave the engine where it can go on. Returns whether all are."""
    return answered(block_steps(engine, grid, record, solver, automatic=automatic), engine.problem)


def block_steps(engine, grid, record, solver, expected=None, more_sweeps=0, automatic=False):
    """`run_blocks` as a generator of sweeps; `expected` and `more_sweeps` as BlockPath has them."""
    problem, max_iter = engine.problem, engine.max_iter
    blocks = blocks_for(problem, solver, grid.size, grid[-1], max_iter) if isinstance(engine, PathSolver) else None
    if blocks is None:
        return False
    path = blocks(problem, engine.tol, max_iter, engine.smooth.null_correlation, expected)
    path.more_sweeps = more_sweeps
    if (yield from path.steps(grid, record, automatic)):
        return True
    done, state = len(record.points), path.state
    if done > 0:
        engine.resume(state.coef, state.intercept, grid[done - 1])
        if isinstance(engine.solver.inner, Cheapest):
            engine.solver.inner.changes = path.changes
    return False


def run_grid(engine, alphas, automatic, record):
    """Fit the points of a path; an automatic grid ends where a logistic fit separates the classes."""
    family = engine.problem.family
    for alpha in alphas.tolist():
        record.alpha = alpha
        point = engine.fit(alpha)
        if automatic and family.separates(point.loss):
            point.reason = "separable"
        record.add(point, alpha)
        if point.reason == "separable":
            break


def collect(engine, problem, record, grid, terms):
    """What has been recorded as a Path of the `problem` posed."""
    points, family_class = record.points, type(problem.family)
    counts = [point.columns.size for point in points]
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    indices = np.concatenate([point.columns for point in points]).astype(np.int64)
    values = np.concatenate([point.values for point in points])
    coefs = sp.csc_array((values, indices, indptr), shape=(problem.p, len(points)))
    loss = np.array([point.loss for point in points])
    null = engine.intercept_loss
    ratio = np.clip(1.0 - loss / null, 0.0, 1.0) if engine.alpha_max > 0 or null > engine.floor else np.zeros(loss.size)
    work = dict(zip(record.COUNTS, engine.problem.spent().counts()))
    work |= {"passes": work["columns_read"] / problem.p, "null_loss": engine.problem.scale}
    return Path(
        alphas=grid[: len(points)].copy(),
        coefs=coefs,
        intercepts=np.array([point.intercept for point in points]),
        gaps=np.array([point.gap for point in points]),
        n_iters=np.array([point.iterations for point in points]),
        reasons=[point.reason for point in points],
        deviance_ratio=ratio,
        family=family_class.name,
        l1_ratio=problem.l1_ratio,
        tol=terms.tol,
        alpha_max=engine.alpha_max,
        feature_names=terms.names,
        work=work,
        family_class=None if family_class in FAMILIES.values() else family_class,
        trace=record.trace(),
        steps=record.table_of_steps(),
        fit_intercept=problem.fit_intercept,
        standardize=problem.standardize,
        penalty_factor=None if terms.penalty_factor is None else problem.factor.copy(),
        lower=None if problem.bounds is None else problem.bounds.lower.copy(),
        upper=None if problem.bounds is None else problem.bounds.upper.copy(),
        has_offset=terms.has_offset(),
        weighted=terms.sample_weight is not None and bool(problem.weight.min() < problem.weight.max()),
    )


def warn_of_points(path):
    """One warning for all points that are not certified, with the remedy."""
    if "separable" in path.reasons:
        k = path.reasons.index("separable")
        check.warn(
            f"the path stops at alpha={path.alphas[k]:.4g}, point {k + 1}: the classes are separable (more than 99.9 % "
            "of the deviance is explained) and coefficients grow without bound as alpha falls; keep a larger alpha",
            ConvergenceWarning,
        )
    failed = [k for k, reason in enumerate(path.reasons) if reason == "max_iter"]
    if failed:
        worst = max(failed, key=lambda k: path.gaps[k])
        check.warn(
            f"{len(failed)} of {path.alphas.size} points are not certified: the largest gap is {path.gaps[worst]:.1e} "
            f"at alpha={path.alphas[worst]:.4g}, tol is {path.tol:g}; raise max_iter, loosen tol or keep to larger "
            "alphas",
            ConvergenceWarning,
        )
