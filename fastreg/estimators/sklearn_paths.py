"""lasso_path and enet_path with scikit-learn's signatures and return values."""

from __future__ import annotations

import inspect
import numbers
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.arguments import FitOptions, Grid
from fastreg.interface.naming import answer, explains_names
from fastreg.interface.reasons import warn_of_points
from fastreg.interface.shared_options import described_by
from fastreg.multi.driver import solve_multi_path
from fastreg.paths.driver import solve_path

WITHOUT_EFFECT = ("random_state", "selection", "do_screening")


class PeerParams(TypedDict, total=False):
    """Keywords of the two functions' `**params`: options of `fit_path`, and scikit-learn's that have no effect."""

    tol: float
    max_iter: int
    sample_weight: ArrayLike | None
    penalty_factor: ArrayLike | None
    lower: ArrayLike | None
    upper: ArrayLike | None
    standardize: bool
    solver: str
    random_state: Any
    selection: str
    do_screening: bool


@explains_names
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
    **params: Unpack[PeerParams],
) -> tuple[Any, ...]:
    """The elastic-net path as sklearn.linear_model.enet_path gives it, with certified points.

    Each point minimises, without an intercept,

        1/(2 n) ||y - X b||^2 + alpha ( l1_ratio |b|_1 + (1 - l1_ratio)/2 |b|_2^2 )

    Parameters
    ----------
    X : {array, sparse matrix, data frame} of shape (n, p)
        Rows of data; not centred, and never modified.
    y : array-like of shape (n,) or (n, K)
        Response, or several for the path of scikit-learn's MultiTaskElasticNet: the penalty is then on the
        Euclidean lengths of the rows of b; see `fit_multi_path`.
    l1_ratio : float, default=0.5
        Share of the l1 part in [0, 1].
    eps : float, default=1e-3
        The last alpha of an automatic grid over its first, in (0, 1).
    n_alphas : int, default=None
        Older way of scikit-learn to give their number.
    alphas : int or array-like, default=100
        A number of them, geometric from the smallest alpha at which all coefficients are zero (taken at
        l1_ratio = 1e-3 if it is less, where scikit-learn has no such limit), or their values in any order. None
        means 100.
    precompute, Xy, copy_X, coef_init, verbose : any
        No effect on the result.
    return_n_iter : bool, default=False
        Whether the numbers of iterations are returned, too.
    positive : bool, default=False
        Whether coefficients must not be negative; for one response only, as in scikit-learn.
    check_input : bool, default=True
        No effect; input is always checked.
    **params : dict
        Arguments tol (default 1e-6, a relative duality gap), max_iter, sample_weight, penalty_factor, lower, upper,
        standardize and solver of `fit_path`; scikit-learn's random_state, selection and do_screening have no
        effect.

    Returns
    -------
    alphas : ndarray of shape (k,)
        The alphas, decreasing.
    coefs : ndarray of shape (p, k) or (K, p, k)
        Coefficients; float32 if X is.
    dual_gaps : ndarray of shape (k,)
        Duality gaps in units of the objective.
    n_iters : list of int
        Iterations of each alpha; only if return_n_iter.

    Raises
    ------
    ValueError
        Where an argument is out of its range, with the first bad place.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import enet_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> alphas, coefs, dual_gaps = enet_path(X, y, l1_ratio=0.5, alphas=10)
    >>> coefs.shape, bool(dual_gaps.max() < 1e-5)
    ((8, 10), True)
    """
    return _peer_path(X, y, l1_ratio, eps, n_alphas, alphas, return_n_iter, positive, params)


@explains_names
@described_by(enet_path)
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
    **params: Unpack[PeerParams],
) -> tuple[Any, ...]:
    """The lasso path as sklearn.linear_model.lasso_path gives it, with certified points.

    Each point minimises 1/(2 n) ||y - X b||^2 + alpha |b|_1, without an intercept.

    Parameters
    ----------
    X, y, eps, n_alphas : as for `enet_path`
    alphas : int or array-like, default=100
        A number of them, geometric from the smallest alpha at which all coefficients are zero, or their values
        in any order. None means 100.
    precompute, Xy, copy_X, coef_init, verbose, return_n_iter, positive, **params : as for `enet_path`

    Returns
    -------
    alphas : ndarray of shape (k,)
        The alphas, decreasing.
    coefs : ndarray of shape (p, k) or (K, p, k)
        Coefficients; float32 if X is.
    dual_gaps : ndarray of shape (k,)
        Duality gaps in units of the objective.
    n_iters : list of int
        Iterations of each alpha; only if return_n_iter.

    Raises
    ------
    ValueError
        Where an argument is out of its range, with the first bad place.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import lasso_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> alphas, coefs, dual_gaps = lasso_path(X, y, alphas=[0.5, 0.1])
    >>> (coefs != 0).sum(axis=0).tolist()[0]
    2
    """
    return _peer_path(X, y, 1.0, eps, n_alphas, alphas, return_n_iter, positive, params)


def _peer_path(X, y, l1_ratio, eps, n_alphas, alphas, return_n_iter, positive, params):
    """The values that lasso_path and enet_path return."""
    unexpected = [name for name in params if name not in PeerParams.__annotations__]
    if unexpected:
        known = [*inspect.signature(enet_path).parameters, *PeerParams.__annotations__]
        advice = answer(unexpected[0], [name for name in known if name != "params"])
        raise ValueError(f"Unexpected parameters in params: {', '.join(unexpected)}{advice}")
    if n_alphas is not None:
        deprecated("'n_alphas' was deprecated in 1.9 and will be removed in 1.11", "alphas")
    elif alphas is None:
        deprecated("'alphas=None' is deprecated and will be removed in 1.11", "alphas=100")
    alphas = n_alphas if n_alphas is not None else 100 if alphas is None else alphas
    if isinstance(alphas, numbers.Integral):
        eps = check.check_number("eps", eps, 0.0, 1.0, low_open=True, high_open=True)
        grid = Grid(None, int(alphas), eps)
    else:
        grid = Grid(-np.sort(-check.check_several("alphas", alphas, 0.0, np.inf)))
    engine = {name: value for name, value in params.items() if name not in WITHOUT_EFFECT}
    several = np.ndim(y) == 2
    if several and engine.pop("solver", "auto") != "auto":
        raise ValueError("solver is for one response; leave it out for several")
    if several and (positive or not {"lower", "upper"}.isdisjoint(engine)):
        raise ValueError("positive=True is not allowed for multi-output (y.ndim != 1), nor are lower and upper")
    if positive:
        engine["lower"] = 0.0
    options = FitOptions(l1_ratio=l1_ratio, fit_intercept=False, feature_names=check.feature_names_of(X), **engine)
    path: Any = (solve_multi_path if several else solve_path)(X, y, options, grid)
    warn_of_points(path)
    coefs = np.stack([coef.toarray() for coef in path.coefs]) if several else path.coefs.toarray()
    coefs = coefs.astype(np.float32) if getattr(X, "dtype", None) == np.float32 else coefs
    result = (path.alphas, coefs, path.gaps * path.work["null_loss"])
    return (*result, path.n_iters.tolist()) if return_n_iter else result


def deprecated(what, instead):
    """Warn as scikit-learn does of a parameter that it will remove or change."""
    check.warn(f"{what}, as in scikit-learn; use {instead}", FutureWarning)
