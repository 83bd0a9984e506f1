"""fit_multi_path: from a user's arrays to a certified path with several responses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.interface.arguments import FitTerms, Grid, Watching
from fastreg.interface.naming import explains_names
from fastreg.interface.progress import Interrupted, Progress, Watch, interruptible
from fastreg.multi.group_penalties import Entries, Rows
from fastreg.multi.losses import Softmax, SquaredError
from fastreg.multi.path import MultiPathSolver, MultiPoint
from fastreg.multi.problem import MultiProblem
from fastreg.multi.result import MultiPath
from fastreg.numerics.threads import one_blas_thread
from fastreg.paths.driver import NOBODY
from fastreg.paths.fit_path import warn_of_points
from fastreg.paths.grid import alphas_of
from fastreg.paths.omitted import warn_omitted

RESPONSES: dict[str, type[SquaredError] | type[Softmax]] = {"gaussian": SquaredError, "multinomial": Softmax}


@explains_names
def fit_multi_path(
    X: Any,
    Y: ArrayLike,
    *,
    family: str = "gaussian",
    l1_ratio: float = 1.0,
    alphas: ArrayLike | None = None,
    n_alphas: int = 100,
    alpha_min_ratio: float | None = None,
    sample_weight: ArrayLike | None = None,
    penalty_factor: ArrayLike | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    tol: float = 1e-6,
    max_iter: int = 1000,
    verbose: bool | int = False,
    callback: Callable[[Progress], Any] | None = None,
) -> MultiPath:
    """Fit a regularisation path with K coefficients a column, every point with its duality gap.

    With coefficients B (p, K), intercepts b0 (K,) that are not penalised, rows' weights w_i (W their sum) and
    eta_i = b0 + B'x_i, each point minimises

        (1/W) sum_i w_i loss(y_i, eta_i)  +  alpha sum_j v_j ( l1_ratio |B_j| + (1 - l1_ratio)/2 |B_j|_2^2 )

    ::

        family          loss(y_i, eta_i)                            |B_j|
        "gaussian"      |y_i - eta_i|_2^2 / 2                       Euclidean length: a column of X serves all
                                                                    responses or none (scikit-learn's
                                                                    MultiTaskElasticNet)
        "multinomial"   log sum_k exp(eta_ik) - sum_k y_ik eta_ik   sum_k |B_jk|

    The multinomial is parametrised symmetrically, with coefficients for every class. Where the penalty leaves the sum
    over classes open (intercepts, columns that are not penalised), it is zero.

    Parameters
    ----------
    X : {array, sparse matrix, data frame} of shape (n, p)
        Rows of data, never modified; the names of a data frame's columns are kept (pandas, polars, pyarrow, others by
        narwhals). A Fortran-ordered float64 array or a canonical float64 CSC matrix is used where it lies; anything
        else is converted once.
    Y : array-like of shape (n, K), or of labels (n,)
        Responses; for "multinomial" labels of any type, or proportions whose rows sum to one.
    family : {"gaussian", "multinomial"}, default="gaussian"
        Loss and penalty, see above.
    l1_ratio : float, default=1.0
        Share of the l1 part in [0, 1]; 0 is ridge.
    alphas : array-like of shape (k,), default=None
        Decreasing penalties. None is `n_alphas` of them, geometric, from alpha_max (the smallest at which every
        penalised coefficient is zero; computed at l1_ratio 1e-3 if it is less, for ridge least squares with
        the response in units of its spread) down to alpha_max * `alpha_min_ratio`.
    n_alphas : int, default=100
        How many alphas an automatic grid has.
    alpha_min_ratio : float, default=None
        The last alpha of an automatic grid over its first, in (0, 1). None is 1e-2 if n < p, else 1e-4.
    sample_weight : array-like of shape (n,), default=None
        Weights of the rows >= 0, of any scale.
    penalty_factor : array-like of shape (p,), default=None
        Factors v_j >= 0; None is 1 for every column. 0 leaves a column unpenalised, infinity leaves it out.
    fit_intercept : bool, default=True
        Whether intercepts are fitted; else they are 0.
    standardize : bool, default=False
        Whether the penalty is measured on columns divided by their weighted standard deviation (1/W, about the
        mean). Coefficients come back on the scale of X. A column that is constant has no deviation: with an intercept
        it gets no coefficient, and without one it stays on its own scale, as if standardize were False for it.
    tol : float, default=1e-6
        Relative duality gap that every point must reach; see `MultiPath`.
    max_iter : int, default=1000
        Newton steps, or rounds of block descent, allowed at one point.
    verbose : bool or int, default=False
        Whether a fit that takes more than 2 s shows a bar on stderr.
    callback : callable, default=None
        Called with a `fastreg.Progress` after every point.

    Returns
    -------
    MultiPath
        The points. Those that could not be certified are marked in `reasons` and named in one
        ConvergenceWarning. An automatic grid of a multinomial path ends once 99.9 % of the deviance is
        explained (reason "separable").

    Raises
    ------
    ValueError
        Where an argument is out of its range, with the first bad place.
    Interrupted
        On Ctrl-C (it is a KeyboardInterrupt). Its `path` holds the points done, each of them certified.

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20, for rows; Friedman, Hastie and Tibshirani
    (2010), Journal of Statistical Software 33(1), for the symmetric multinomial.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import fit_multi_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> path = fit_multi_path(X, np.column_stack([y, X[:, 1]]))
    >>> path.support(0.3), path.coef(0.3)[0].shape
    ([0, 1], (8, 2))
    >>> fit_multi_path(X, np.sign(y.round()), family="multinomial").classes
    array([-1.,  0.,  1.])
    """
    terms = FitTerms(
        family, l1_ratio, sample_weight, penalty_factor=penalty_factor, fit_intercept=fit_intercept,
        standardize=standardize, tol=tol, max_iter=max_iter, names=check.feature_names_of(X),
    )  # fmt: skip
    path = solve_multi_path(X, Y, terms, Grid(alphas, n_alphas, alpha_min_ratio), watching=Watching(verbose, callback))
    warn_of_points(path)
    return path


@interruptible()
@one_blas_thread()
def solve_multi_path(X, Y, terms, grid, start=None, watching=NOBODY):
    """fit_multi_path without its warning, for callers with words of their own: see MultiPath.reasons and gaps.

    `terms` have neither offset nor bounds, and the solver is the only one there is.
    `start` = (coefficients (p, K), intercepts (K,)) are near the solution at the first of given alphas.
    """
    terms = terms.checked()
    family = check.check_option("family", terms.family, tuple(RESPONSES))
    X = check.check_design(X)
    n, p = X.shape
    weight = check.check_weight(terms.sample_weight, n)
    if family == "multinomial":
        y, classes = check.check_classes(Y, n, weight, terms.fit_intercept)
    else:
        y, classes = check.check_responses(Y, n), None
        check.refuse_tiny("Y", y)
    response = RESPONSES[family](check.read_only(np.ascontiguousarray(y.T)), check.read_only(weight))
    units = Rows(response.K) if family == "gaussian" else Entries(response.K)
    factor = check.check_factor(terms.penalty_factor, p)
    problem = MultiProblem(
        as_design(X), response, units, terms.fit_intercept, terms.l1_ratio, factor, terms.standardize
    )
    if not problem.finite:
        raise check.explain_not_finite(X, terms.names)
    warn_omitted(problem, terms.names)
    engine = MultiPathSolver(problem, terms.tol, terms.max_iter)
    alphas = alphas_of(grid.checked(), engine.alpha_max, n < p)
    if start is not None:
        coefs, intercepts = start
        engine.resume(coefs, intercepts, float(alphas[0]))
    return _follow(engine, alphas, grid.alphas is None, classes, terms.names, watching)


def _follow(engine, alphas, automatic, classes, names, watching):
    """The MultiPath of an engine; whoever watches hears of its points. An interrupt leaves with the points done."""
    begin, problem = time.perf_counter(), engine.problem
    points: list[MultiPoint] = []
    watch = Watch(watching.verbose, watching.callback)
    watch.expect(alphas.size)
    told = watch.hears("")

    def standing(number, gap, support):
        return Progress(number, alphas.size, float(alphas[number - 1]), gap, support, time.perf_counter() - begin)

    if watch.bar is not None:  # of a single point there is nothing else to show
        problem.watcher = lambda state, gap: watch.bar.show(
            standing(len(points) + 1, gap / problem.scale, int(np.count_nonzero(state.matrix.any(axis=1))))
        )
    try:
        for point in _points(engine, alphas, automatic):
            points.append(point)
            if told is not None:
                told(standing(len(points), point.gap, point.columns.size))
    except KeyboardInterrupt:
        path = _collect(engine, points, alphas[: len(points)], classes, names) if points else None
        raise Interrupted(f"interrupted after {len(points)} of {alphas.size} points", path) from None
    finally:
        problem.watcher = None
        watch.close()
    return _collect(engine, points, alphas[: len(points)], classes, names)


def _points(engine, alphas, automatic):
    """The points of a path, one after another; an automatic grid ends where a multinomial fit separates the classes."""
    for alpha in alphas:
        point = engine.fit(float(alpha))
        if automatic and engine.problem.response.separates(point.loss, engine.intercept_loss):
            point.reason = "separable"
        yield point
        if point.reason == "separable":
            break


def _collect(engine, points, alphas, classes, names):
    """Points as a MultiPath."""
    problem = engine.problem
    loss = np.array([point.loss for point in points])
    null = engine.intercept_loss
    ratio = np.clip(1.0 - loss / null, 0.0, 1.0) if engine.alpha_max > 0 or null > engine.floor else np.zeros(loss.size)
    work = asdict(problem.work)
    work = {"columns_read": work.pop("columns"), "passes": problem.work.columns / problem.p, **work}
    work["null_loss"] = problem.scale
    return MultiPath(
        alphas=alphas.copy(),
        coefs=[_response_coefs(points, k, problem.p) for k in range(problem.K)],
        intercepts=np.stack([point.intercepts for point in points], axis=1),
        gaps=np.array([point.gap for point in points]),
        n_iters=np.array([point.iterations for point in points]),
        reasons=[point.reason for point in points],
        deviance_ratio=ratio,
        family=problem.response.name,
        grouped=problem.units.together,
        l1_ratio=problem.l1_ratio,
        tol=engine.tol,
        alpha_max=engine.alpha_max,
        classes=classes,
        feature_names=names,
        work=work,
    )


def _response_coefs(points, k, p):
    """One response's coefficients at all points, (p, points)."""
    kept = [np.flatnonzero(point.values[:, k]) for point in points]
    indptr = np.concatenate([[0], np.cumsum([rows.size for rows in kept])]).astype(np.int64)
    indices = np.concatenate([point.columns[rows] for point, rows in zip(points, kept)]).astype(np.int64)
    values = np.concatenate([point.values[rows, k] for point, rows in zip(points, kept)])
    return sp.csc_array((values, indices, indptr), shape=(p, len(points)))
