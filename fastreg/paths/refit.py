"""`Path.refit`: certified solutions between, above or below a path's points, from a warm start."""

from fastreg.interface import validation as check
from fastreg.interface.agreement import columns_for, offset_for, options_for, rows_for, weights_for
from fastreg.interface.arguments import FitOptions, Grid
from fastreg.interface.reasons import warn_of_points
from fastreg.paths.driver import solve_path
from fastreg.paths.known import known_of
from fastreg.paths.setup import warn_of_exposure

TIGHT = 1e-9  # relative duality gap of a refit; with a larger one the interpolated start may be accepted as it is


def refit_path(path, X, y, alphas, *, sample_weight, offset, tol, watching, **options):
    """`Path.refit`. It starts from the path interpolated at the first alpha, or from its nearest end.

    So a refit costs one sweep over X and a correction, instead of a path from alpha_max down; many alphas are fitted by
    batches, whose working sets begin with the path's supports. Every point is certified, whatever the start: with other
    data than the path's own a refit is only slower.
    """
    grid = check.check_alphas(alphas)
    own = options_for(path)
    if path.refit_ridge is not None:
        raise ValueError("this path holds refits on supports; refit the penalised path, and pass that to relax_path")
    y, sample_weight, offset = rows_for(path, X, y=y, sample_weight=sample_weight, offset=offset)
    X = check.check_design(columns_for(path, X, path.coefs.shape[0]))
    tol = min(path.tol, TIGHT) if tol is None else tol
    sample_weight, offset = weights_for(path, sample_weight), offset_for(path, offset, X.shape[0])
    near = min(max(float(grid[0]), float(path.alphas[-1])), float(path.alphas[0]))
    fit_options = FitOptions(
        **own, **options, sample_weight=sample_weight, offset=offset, tol=tol, feature_names=path.feature_names
    ).by_column(grid)
    warn_of_exposure(y, fit_options)
    start = *path.coef(near), near, known_of(path, grid)
    refitted = solve_path(X, y, fit_options, Grid(grid), watching, start=start)
    warn_of_points(refitted)
    return refitted
