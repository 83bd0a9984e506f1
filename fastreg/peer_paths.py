"""lasso_path and enet_path: paths with scikit-learn's signatures and return values."""

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg import validation as check
from fastreg.fitting import solve_path, warn_of_points
from fastreg.multi.fitting import solve_multi_path
from fastreg.terms import FitTerms, Grid


def lasso_path(
    X: Any,
    y: ArrayLike,
    *,
    eps: float = 1e-3,
    n_alphas: int | None = None,
    alphas: int | ArrayLike | None = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple[Any, ...]:
    """The lasso path as sklearn.linear_model.lasso_path gives it, with certified points.

    Each point minimises 1/(2 n) ||y - X b||^2 + alpha |b|_1, without an intercept. Parameters and return
    values are those of `enet_path`, without l1_ratio.
    """
    return _peer_path(X, y, 1.0, eps, n_alphas, alphas, return_n_iter, positive, params)


def enet_path(
    X: Any,
    y: ArrayLike,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    n_alphas: int | None = None,
    alphas: int | ArrayLike | None = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    **params: Any,
) -> tuple[Any, ...]:
    """The elastic-net path as sklearn.linear_model.enet_path gives it, with certified points.

    Each point minimises, without an intercept,

        1/(2 n) ||y - X b||^2 + alpha ( l1_ratio |b|_1 + (1 - l1_ratio)/2 |b|_2^2 )

    Parameters
    ----------
    X : (n, p) array, SciPy sparse of any format, or data frame. Not centred, and never modified.
    y : (n,) response, or (n, K) for the path of scikit-learn's MultiTaskElasticNet: the penalty is then on the
        Euclidean lengths of the rows of b; see `fit_multi_path`.
    l1_ratio : share of the l1 part in [0, 1].
    eps : the last alpha of an automatic grid over its first, in (0, 1).
    alphas : a number of them, geometric from the smallest alpha at which all coefficients are zero (taken at
        l1_ratio = 1e-3 if it is less, where scikit-learn has no such limit), or their values in any order.
        None means 100.
    n_alphas : scikit-learn's older way to give their number.
    return_n_iter : whether the numbers of iterations are returned, too.
    positive : whether coefficients must not be negative; for one response only, as in scikit-learn.
    precompute, Xy, copy_X, coef_init, verbose, check_input : no effect on the result.
    params : tol (default 1e-6, a relative duality gap), max_iter, sample_weight, penalty_factor, lower,
        upper, standardize and solver of `fit_path`; scikit-learn's random_state, selection and do_screening have no
        effect.

    Returns
    -------
    alphas (k,), decreasing; coefs (p, k), or (K, p, k) for K responses, float32 if X is; dual_gaps (k,), absolute, in
    units of the objective; and a list of k iterations if return_n_iter.
    """
    return _peer_path(X, y, l1_ratio, eps, n_alphas, alphas, return_n_iter, positive, params)


PEER_PARAMS = ("tol", "max_iter", "sample_weight", "penalty_factor", "lower", "upper", "standardize", "solver")
WITHOUT_EFFECT = ("random_state", "selection", "do_screening")


def _peer_path(X, y, l1_ratio, eps, n_alphas, alphas, return_n_iter, positive, params):
    """What lasso_path and enet_path return."""
    unexpected = [name for name in params if name not in PEER_PARAMS + WITHOUT_EFFECT]
    if unexpected:
        raise ValueError(f"Unexpected parameters in params: {', '.join(unexpected)}")
    if n_alphas is not None:
        deprecated("'n_alphas' was deprecated in 1.9 and will be removed in 1.11", "alphas")
    elif alphas is None:
        deprecated("'alphas=None' is deprecated and will be removed in 1.11", "alphas=100")
    alphas = n_alphas if n_alphas is not None else 100 if alphas is None else alphas
    if isinstance(alphas, numbers.Integral):
        eps = check.check_number("eps", eps, 0.0, 1.0, low_open=True, high_open=True)
        grid = Grid(None, int(alphas), eps)
    else:
        grid = Grid(-np.sort(-np.asarray(alphas, dtype=float)))
    engine = {name: value for name, value in params.items() if name in PEER_PARAMS}
    several = np.ndim(y) == 2
    if several and engine.pop("solver", "auto") != "auto":
        raise ValueError("solver is for one response; leave it out for several")
    if several and (positive or not {"lower", "upper"}.isdisjoint(engine)):
        raise ValueError("positive=True is not allowed for multi-output (y.ndim != 1), nor are lower and upper")
    if positive:
        engine["lower"] = 0.0
    terms = FitTerms(l1_ratio=l1_ratio, fit_intercept=False, names=check.feature_names_of(X), **engine)
    path: Any = (solve_multi_path if several else solve_path)(X, y, terms, grid)
    warn_of_points(path)
    coefs = np.stack([coef.toarray() for coef in path.coefs]) if several else path.coefs.toarray()
    coefs = coefs.astype(np.float32) if getattr(X, "dtype", None) == np.float32 else coefs
    result = (path.alphas, coefs, path.gaps * path.work["null_loss"])
    return (*result, path.n_iters.tolist()) if return_n_iter else result


def deprecated(what, instead):
    """scikit-learn's FutureWarning."""
    check.warn(f"{what}, as in scikit-learn; use {instead}", FutureWarning)
