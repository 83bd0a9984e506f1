"""Exact solutions between, above or below a path's points, from a warm start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.agreement import check_columns, offset_for, options_for, weights_for
from fastreg.interface.arguments import FitOptions, Grid, Watching
from fastreg.interface.progress import Progress
from fastreg.paths.driver import solve_path
from fastreg.paths.exposure import warn_of_exposure
from fastreg.paths.fit_path import warn_of_points
from fastreg.paths.result import Path

TIGHT = 1e-9  # relative gap


def refit_path(
    path: Path,
    X: Any,
    y: ArrayLike,
    alphas: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    tol: float | None = None,
    max_iter: int = 1000,
    solver: str = "auto",
    verbose: bool | int = False,
    callback: Callable[[Progress], Any] | None = None,
    trace: bool = False,
) -> Path:
    """Fit at the given alphas the problem that `path` solves at its own, starting from its solution.

    The start is the path interpolated at the first alpha (its end, if that lies beyond), so that a refit costs a sweep
    over X and a correction instead of a walk down from alpha_max. Every point carries its certificate, whatever the
    start: other data than the path's own only makes a refit slower.

    Parameters
    ----------
    path : Path
        It knows family, l1_ratio, fit_intercept, standardize, penalty_factor and bounds.
    X, y, sample_weight, offset : as for `fit_path`
        The data, which a path does not keep; columns as in the path's fit. What the path knows is not asked for again:
        its own standardize, penalty factors and bounds are used.
    alphas : float or array-like
        A penalty, or several that decrease.
    tol : float, default=None
        Relative duality gap to reach. None is 1e-9, or the path's if smaller: with more, the interpolated start may
        pass for the solution.
    max_iter, solver, verbose, callback, trace : as for `fit_path`
        See there.

    Returns
    -------
    Path
        The points of exactly these alphas.
    """
    grid = check.check_alphas(alphas)
    own = options_for(path)
    if path.refit_ridge is not None:
        raise ValueError("this path holds refits on supports; refit the penalised path, and pass that to relax_path")
    check_columns(path, X, path.coefs.shape[0])
    X = check.check_design(X)
    tol = min(path.tol, TIGHT) if tol is None else tol
    sample_weight, offset = weights_for(path, sample_weight), offset_for(path, offset, X.shape[0])
    near = min(max(float(grid[0]), float(path.alphas[-1])), float(path.alphas[0]))
    options = FitOptions(
        **own, sample_weight=sample_weight, offset=offset, tol=tol, max_iter=max_iter, solver=solver,
        names=path.feature_names,
    )  # fmt: skip
    warn_of_exposure(y, options)
    refitted = solve_path(X, y, options, Grid(grid), Watching(verbose, callback, trace), start=(*path.coef(near), near))
    warn_of_points(refitted)
    return refitted
