"""fit_path: from a user's arrays to a certified path. Also scikit-learn's lasso_path and enet_path."""

import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from fastreg import validation as check
from fastreg.designs import as_design
from fastreg.families import FAMILIES
from fastreg.path import PathSolver, SmoothPath, alpha_grid
from fastreg.problem import Problem
from fastreg.result import Path
from fastreg.solvers import SOLVERS, make_solver
from fastreg.validation import ConvergenceWarning


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
    fit_intercept: bool = True,
    standardize: bool = False,
    tol: float = 1e-6,
    max_iter: int = 1000,
    solver: str = "auto",
) -> Path:
    """Fit a regularisation path of a penalised generalised linear model, every point with its duality gap.

    For rows i with weight w_i (W their sum), offset o_i and linear predictor eta = b0 + X b + o, each point minimises

        (1/W) sum_i w_i loss(y_i, eta_i)  +  alpha sum_j v_j ( l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 )

    The intercept b0 is not penalised. For "gaussian" the loss is (y - eta)^2 / 2, so that alpha and l1_ratio mean what
    they mean in scikit-learn's Lasso and ElasticNet.

    Parameters
    ----------
    X : (n, p) array, SciPy sparse of any format, or data frame. Never modified. A Fortran-ordered float64 array or
        a canonical float64 CSC matrix is used where it lies; anything else is converted once.
    y : (n,) response: real ("gaussian"), in [0, 1] ("binomial": classes or proportions), >= 0 ("poisson"), > 0 ("gamma").
    family : "gaussian", "binomial" (logit link), "poisson" or "gamma" (log link), or a family class of one's own.
    l1_ratio : share of the l1 part in [0, 1]; 1 is the lasso, 0 is ridge.
    alphas : decreasing penalties, or None for `n_alphas` of them, geometric, from alpha_max (the smallest at which every
        penalised coefficient is zero; computed at l1_ratio 1e-3 if it is less) down to alpha_max * alpha_min_ratio
        (default 1e-2 if n < p, else 1e-4).
    sample_weight : (n,) weights >= 0, of any scale.
    offset : (n,) added to the linear predictor.
    penalty_factor : (p,) v_j >= 0: 0 leaves a column unpenalised, infinity leaves it out.
    fit_intercept : whether b0 is fitted, else 0.
    standardize : measure the penalty on columns divided by their weighted standard deviation (1/W, about the mean).
        Coefficients come back on the scale of X.
    tol : relative duality gap that every point must reach; see Path.gaps.
    max_iter : Newton or proximal gradient steps allowed at one point.
    solver : "auto", "active_set", "coordinate_descent", "newton", "proximal_gradient" or "ridge"; see fastreg.solvers.

    Returns
    -------
    Path. Points that could not be certified are marked in `reasons` and named in one ConvergenceWarning. An
    automatic grid of a logistic path ends once 99.9 % of the deviance is explained (reason "separable").

    Raises
    ------
    ValueError where an argument is out of its range, with the first bad place.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1), for the problem and its conventions.
    """
    l1_ratio = check.check_number("l1_ratio", l1_ratio, 0.0, 1.0)
    tol = check.check_number("tol", tol, 0.0, np.inf, low_open=True, high_open=True)
    max_iter = check.check_count("max_iter", max_iter, 1)
    check.check_option("solver", solver, SOLVERS)
    family_class = _family_class(family)
    working_set_solver = make_solver(solver, family_class, l1_ratio)
    names = check.feature_names_of(X)
    problem = build_problem(
        X, y, family_class, l1_ratio, sample_weight, offset, penalty_factor,
        check.check_flag("fit_intercept", fit_intercept), check.check_flag("standardize", standardize), names,
    )  # fmt: skip
    engine: SmoothPath | PathSolver
    if working_set_solver is None:
        engine = SmoothPath(problem, tol, max_iter)
    else:
        engine = PathSolver(problem, working_set_solver, tol, max_iter)
    automatic = alphas is None
    if automatic:
        grid = _automatic_grid(engine.alpha_max, n_alphas, alpha_min_ratio, problem)
    else:
        grid = check.check_alphas(alphas)
    points = _run(engine, grid, automatic)
    path = _collect(problem, engine, points, grid[: len(points)], tol, names, family_class)
    _warn(path)
    return path


def _family_class(family):
    """A family by name, or a class with the verbs of fastreg.families."""
    if isinstance(family, str):
        check.check_option("family", family, tuple(FAMILIES))
        return FAMILIES[family]
    verbs = ("loss", "residual", "curvature", "divergence", "mean", "check")
    missing = [verb for verb in verbs if not hasattr(family, verb)]
    if missing:
        raise ValueError(f"family must be a name ({', '.join(FAMILIES)}) or a family class; {family!r} lacks {missing}")
    return family


def build_problem(
    X, y, family_class, l1_ratio, sample_weight, offset, penalty_factor, fit_intercept, standardize, names
):
    """A Problem from checked arrays. What is wrong with X itself shows in its columns' moments, at no extra pass."""
    X = check.check_design(X)
    n, p = X.shape
    y = check.check_response(y, n, family_class)
    weight = check.check_weight(sample_weight, n)
    offset = np.zeros(n) if offset is None else check.check_vector("offset", offset, n)
    degenerate = family_class.degenerate(y[weight > 0])
    if degenerate and fit_intercept:
        raise ValueError(f"{degenerate}; family {family_class.name!r} with an intercept has no solution")
    factor = check.check_factor(penalty_factor, p)
    family = family_class(check.read_only(y), check.read_only(weight))
    problem = Problem(as_design(X), family, offset, fit_intercept, l1_ratio, factor, standardize)
    if not problem.finite:
        raise check.explain_not_finite(X, names)
    check.warn_tiny(np.flatnonzero(problem.tiny), names)
    return problem


def _automatic_grid(alpha_max, n_alphas, ratio, problem):
    n_alphas = check.check_count("n_alphas", n_alphas, 1)
    if ratio is None:
        ratio = 1e-2 if problem.n < problem.p else 1e-4
    ratio = check.check_number("alpha_min_ratio", ratio, 0.0, 1.0, low_open=True, high_open=True)
    return alpha_grid(alpha_max, n_alphas, ratio)


def _run(engine, alphas, automatic):
    """The points of a path; an automatic grid ends where a logistic fit separates the classes."""
    points, family = [], engine.problem.family
    for alpha in alphas:
        points.append(engine.fit(float(alpha)))
        if points[-1].reason == "separable":
            break
        if automatic and family.separates(points[-1].loss):
            points[-1].reason = "separable"
            break
    return points


def _collect(problem, engine, points, alphas, tol, names, family_class):
    """Points as a Path."""
    counts = [point.columns.size for point in points]
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    indices = np.concatenate([point.columns for point in points]).astype(np.int64)
    values = np.concatenate([point.values for point in points])
    coefs = sp.csc_array((values, indices, indptr), shape=(problem.p, len(points)))
    loss = np.array([point.loss for point in points])
    null = engine.intercept_loss
    ratio = np.clip(1.0 - loss / null, 0.0, 1.0) if engine.alpha_max > 0 or null > engine.floor else np.zeros(loss.size)
    work = asdict(problem.work)
    work = {"columns_read": work.pop("columns"), "passes": problem.work.columns / problem.p, **work}
    work["null_loss"] = problem.scale
    return Path(
        alphas=alphas.copy(),
        coefs=coefs,
        intercepts=np.array([point.intercept for point in points]),
        gaps=np.array([point.gap for point in points]),
        n_iters=np.array([point.iterations for point in points]),
        reasons=[point.reason for point in points],
        deviance_ratio=ratio,
        family=family_class.name,
        l1_ratio=problem.l1_ratio,
        tol=tol,
        alpha_max=engine.alpha_max,
        feature_names=names,
        work=work,
        family_class=None if family_class in FAMILIES.values() else family_class,
    )


def _warn(path):
    """One warning for all points that are not certified, with the remedy."""
    if "separable" in path.reasons:
        k = path.reasons.index("separable")
        warnings.warn(
            f"the path stops at alpha={path.alphas[k]:.4g}, point {k + 1}: the classes are separable (more than 99.9 % of the "
            "deviance is explained) and coefficients grow without bound as alpha falls; keep a larger alpha",
            ConvergenceWarning,
            stacklevel=3,
        )
    failed = [k for k, reason in enumerate(path.reasons) if reason == "max_iter"]
    if failed:
        worst = max(failed, key=lambda k: path.gaps[k])
        warnings.warn(
            f"{len(failed)} of {path.alphas.size} points are not certified: the largest gap is {path.gaps[worst]:.1e} at "
            f"alpha={path.alphas[worst]:.4g}, tol is {path.tol:g}; raise max_iter, loosen tol or keep to larger alphas",
            ConvergenceWarning,
            stacklevel=3,
        )


def lasso_path(
    X: Any,
    y: ArrayLike,
    *,
    eps: float = 1e-3,
    alphas: int | ArrayLike | None = 100,
    n_alphas: int | None = None,
    **params: Any,
) -> tuple[np.ndarray, ...]:
    """The lasso path, with scikit-learn's signature and return values; see `enet_path`."""
    return enet_path(X, y, l1_ratio=1.0, eps=eps, alphas=alphas, n_alphas=n_alphas, **params)


def enet_path(
    X: Any,
    y: ArrayLike,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    alphas: int | ArrayLike | None = 100,
    n_alphas: int | None = None,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    **params: Any,
) -> tuple[np.ndarray, ...]:
    """The elastic-net path of (1/2n) ||y - X b||^2 + alpha (l1_ratio |b|_1 + (1 - l1_ratio)/2 |b|^2), no intercept.

    Signature and return values are those of sklearn.linear_model.enet_path: (alphas (k,), coefs (p, k), dual_gaps (k,),
    and n_iters if return_n_iter). `alphas` is a number of them or the values themselves, in any order. `tol` (in params,
    default 1e-6) is fastreg's relative gap; the gaps returned are absolute, as scikit-learn's. `precompute`, `Xy`,
    `copy_X`, `coef_init` and `check_input` steer how scikit-learn computes; here they have no effect on the result and
    are accepted for its sake. `positive` is not supported and raises if True. Other params go to `fit_path`.
    """
    if positive:
        raise ValueError("positive=True is not supported")
    if n_alphas is not None:
        alphas = n_alphas
    fixed: dict[str, Any] = {"l1_ratio": l1_ratio, "fit_intercept": False, "family": "gaussian"}
    if alphas is None or isinstance(alphas, (int, np.integer)):
        fixed.update(n_alphas=100 if alphas is None else int(alphas), alpha_min_ratio=eps)
    else:
        fixed.update(alphas=np.sort(np.asarray(alphas, dtype=float))[::-1])
    path = fit_path(X, y, **fixed, **params)
    scale = path.work["null_loss"]
    result = (path.alphas, path.coefs.toarray(), path.gaps * scale)
    return (*result, path.n_iters) if return_n_iter else result
