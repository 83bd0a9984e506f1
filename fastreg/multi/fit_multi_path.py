"""fit_multi_path: from a user's arrays to a certified path with several responses."""

from __future__ import annotations

import time
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.interface.arguments import MultiOptions, bundles
from fastreg.interface.progress import interruptible
from fastreg.interface.shared_options import takes_options_of
from fastreg.multi.group_penalties import Entries, Rows, lengths
from fastreg.multi.losses import Softmax, SquaredError
from fastreg.multi.null_model import MultiNullModel
from fastreg.multi.pointwise import MultiPointwise
from fastreg.multi.problem import MultiProblem
from fastreg.multi.result import MultiPath
from fastreg.multi.smooth import MultiRidge
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective.penalties import ElasticNet
from fastreg.paths.collect import as_columns, what_all_paths_hold
from fastreg.paths.driver import NOBODY, follow
from fastreg.paths.fit import Fit
from fastreg.paths.fit_path import fit_path, warn_of_points
from fastreg.paths.grid import alphas_of
from fastreg.paths.omitted import warn_omitted
from fastreg.paths.recorder import Recorder

RESPONSES: dict[str, type[SquaredError] | type[Softmax]] = {"gaussian": SquaredError, "multinomial": Softmax}
STRATEGIES = {"ridge": MultiRidge, "pointwise": MultiPointwise}  # see fastreg.paths.plan


@takes_options_of(fit_path)
def fit_multi_path(
    X: Any,
    Y: ArrayLike,
    *,
    family: str = "gaussian",
    **options: Unpack[MultiOptions],
) -> MultiPath:
    """Fit a regularisation path with K coefficients a column, every point with its duality gap.

    With coefficients B (p, K), intercepts b0 (K,) that are not penalised, rows' weights w_i (W their sum) and
    eta_i = o_i + b0 + B'x_i (o_i the offset), each point minimises

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
    X : as for `fit_path`
    Y : array-like of shape (n, K), or of labels (n,)
        Responses; for "multinomial" labels of any type, or proportions whose rows sum to one.
    family : {"gaussian", "multinomial"}, default="gaussian"
        Loss and penalty, see above.
    l1_ratio : float, default=1.0
        Share of the l1 part in [0, 1]; 0 is ridge.
    sample_weight : array-like of shape (n,), default=None
        Weights of the rows >= 0, of any scale.
    offset : array-like of shape (n, K) or float, default=None
        Known part o_i of the linear predictors, a column a response or class, the classes in sorted order. What is
        the same for all classes of a row changes nothing. Predictions ask for the offset of their rows.
    fit_intercept : bool, default=True
        Whether intercepts are fitted; else they are 0.
    tol : float, default=1e-6
        Relative duality gap that every point must reach; see `MultiPath`.
    max_iter : int, default=1000
        Newton steps, or rounds of block descent, allowed at one point.
    trace : bool, default=False
        Whether `MultiPath.steps` holds every solver step. `MultiPath.trace` has the cost of each point in any case.
    **options : as for `fit_path`

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
    path = solve_multi_path(X, Y, *bundles(X, options, family=family))
    warn_of_points(path)
    return path


@interruptible()
@one_blas_thread()
def solve_multi_path(X, Y, options, grid, watching=NOBODY, *, start=None):
    """`fit_multi_path` without its warning, for callers that warn themselves.

    Bounds and solver of `options` are ignored: there are none to choose from.
    `start` = (coefficients (p, K), intercepts (K,)) are near the solution at the first of given alphas.
    """
    begin, options = time.perf_counter(), options.checked()
    problem, classes = build_multi_problem(X, Y, options)
    return follow_multi_path(problem, options, grid, watching, classes, begin=begin, start=start)


def follow_multi_path(problem, options, grid, watching=NOBODY, classes=None, *, begin, start=None):
    """The MultiPath of a problem, on the grid given or an automatic one; `start` as for solve_multi_path."""
    grid, null = grid.checked(), MultiNullModel(problem)
    alphas = alphas_of(grid, null.alpha_max, problem.n < problem.p)
    recorder = MultiRecorder(problem, begin, grid.size(), *watching)
    fit = begin_fit(null, alphas, options, recorder, grid.alphas is None)
    start = None if start is None else (*start, float(alphas[0]))
    return follow(fit, lambda fit: collect_multi(fit, options, classes), start)


def begin_fit(null, alphas, options, recorder, automatic=False, **more):
    """A Fit at the null model of several responses."""
    return Fit(
        null, alphas, recorder, options.tol, options.max_iter, strategies=STRATEGIES, automatic=automatic, **more
    )


def build_multi_problem(X, Y, options):
    """(a MultiProblem from arrays, which are checked, and options that have been; the classes, or None)."""
    family = check.check_option("family", options.family, tuple(RESPONSES))
    X = check.check_design(X)
    n = X.shape[0]
    weight = check.check_weight(options.sample_weight, n)
    if family == "multinomial":
        y, classes = check.check_classes(Y, n, weight, options.fit_intercept)
    else:
        y, classes = check.check_matrix("Y", Y, n), None
        check.refuse_tiny("Y", y)
    problem = pose(as_design(X), y, weight, options)
    if not problem.finite:
        raise check.explain_not_finite(X, options.names)
    warn_omitted(problem, options.names)
    return problem, classes


def pose(design, y, weight, options, moments=None):
    """The MultiProblem of responses, or shares of classes, y (n, K), with weights that sum to one.

    `moments` are those of the columns under these weights, if known.
    """
    response = RESPONSES[options.family](check.read_only(np.ascontiguousarray(y.T)), check.read_only(weight))
    units = Rows(response.K) if options.family == "gaussian" else Entries(response.K)
    n, p = design.shape
    offset, factor = check.check_offset(options.offset, n, response.K), check.check_factor(options.penalty_factor, p)
    return MultiProblem(
        design, response, units, options.fit_intercept, ElasticNet(options.l1_ratio), factor, options.standardize,
        offset=None if offset is None else np.ascontiguousarray(offset.T), moments=moments,
    )  # fmt: skip


def collect_multi(fit, options, classes):
    """The points of a fit as a MultiPath."""
    problem = fit.problem
    return MultiPath(
        coefs=[_response_coefs(fit.points, k, problem.p) for k in range(problem.K)],
        intercepts=np.stack([point.intercept for point in fit.points], axis=1),
        grouped=problem.units.together,
        classes=classes,
        **what_all_paths_hold(fit, problem, options),
    )


def _response_coefs(points, k, p):
    """One response's coefficients at all points, (p, points)."""
    kept = [np.flatnonzero(point.values[:, k]) for point in points]
    rows = [point.columns[some] for point, some in zip(points, kept)]
    return as_columns(rows, [point.values[some, k] for point, some in zip(points, kept)], p)


class MultiRecorder(Recorder):
    """A Recorder that counts a column once for all responses."""

    def support(self, state):
        return int(np.count_nonzero(state.matrix.any(axis=1)))

    def penalty(self, state):
        problem = self.problem
        return problem.penalty_at(self.alpha).value(lengths(problem.units.shaped(state.matrix)))
