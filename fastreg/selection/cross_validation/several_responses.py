"""Cross-validation of several responses or classes, and of two classes where a fold lacks one.

Folds of several responses or classes are fitted side by side (several_folds), those of two classes one after another.
"""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from scipy.special import softmax

from fastreg.interface import validation as check
from fastreg.interface.arguments import Grid, Watching
from fastreg.interface.frames import part_of
from fastreg.interface.interrupts import hold, interruptible
from fastreg.multi.driver import solve_classes, solve_multi_path
from fastreg.multi.setup import shares_of
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective.families import Binomial
from fastreg.paths.driver import solve_path
from fastreg.paths.result import Path
from fastreg.selection.cross_validation.folds import held_out_weight, make_folds, training_weight
from fastreg.selection.cross_validation.metrics import Response
from fastreg.selection.cross_validation.result import CVPath
from fastreg.selection.cross_validation.scoring import curve_of, score_folds
from fastreg.selection.cross_validation.several_folds import fit_several_folds


class Targets:
    """K real responses, fitted by least squares; the mean response is eta itself."""

    name = "gaussian"

    @staticmethod
    def solve(X, Y, options, grid, watching):
        return solve_multi_path(X, Y, options._replace(family="gaussian"), grid, watching=watching)

    @staticmethod
    def solve_folds(X, Y, options, weights, grids, watch):
        """(paths, columns read for several folds at once)."""
        return fit_several_folds(X, Y, options.checked()._replace(family="gaussian"), weights, grids, watch)

    @staticmethod
    def mean(eta):
        return eta


class Classes:
    """Classes, numbered from 0, or proportions of classes, fitted by the multinomial family."""

    name = "multinomial"

    @staticmethod
    def solve(X, Y, options, grid, watching):
        if grid.alphas is None:  # an automatic grid is used only where every class has weight
            return solve_multi_path(X, Y, options._replace(family="multinomial"), grid, watching=watching)
        return solve_classes(X, Y, options, grid, watching=watching)

    @staticmethod
    def solve_folds(X, Y, options, weights, grids, watch):
        """(paths, columns read for several folds at once)."""
        options = options.checked()._replace(family="multinomial")
        return fit_several_folds(X, shares_of(Y), options, weights, grids, watch)

    @staticmethod
    def mean(eta):
        return softmax(eta, axis=-1)


class EveryClass(Classes):
    """Classes all of which the training rows of every fold must have, since their intercepts have no solution else."""

    @staticmethod
    def check_folds(Y, options, weights, classes):
        shares = shares_of(Y)
        for number, weight in enumerate(weights, start=1):
            lacking = np.flatnonzero(~(weight @ shares > 0.0)) if options.fit_intercept else np.empty(0)
            if lacking.size:
                label = check.plain(lacking[0] if classes is None else classes[lacking[0]])
                raise ValueError(
                    f"the training rows of fold {number} lack class {label!r}, so its intercept has no solution there. "
                    "Use fewer or stratified folds"
                )


class TwoClasses:
    """Classes 0 and 1. Where a fold lacks one, its coefficients are zero and its intercept is infinite."""

    name = "binomial"
    mean = staticmethod(Binomial.mean)

    @staticmethod
    def solve(X, codes, options, grid, watching):
        seen = np.unique(codes[options.sample_weight > 0.0])
        if seen.size == 2 or not options.fit_intercept:
            return solve_path(X, codes, options._replace(family="binomial"), grid, watching)
        k = grid.size()
        return Path(
            alphas=check.check_alphas(grid.alphas), coefs=sp.csc_array((X.shape[1], k)),
            intercepts=np.full(k, np.inf if seen[0] else -np.inf), gaps=np.zeros(k), n_iters=np.zeros(k, dtype=int),
            reasons=["converged"] * k, deviance_ratio=np.zeros(k), family="binomial", l1_ratio=options.l1_ratio,
            tol=options.tol, alpha_max=0.0, feature_names=options.feature_names,
            work={"columns_read": 0, "passes": 0.0, "null_loss": 0.0}, has_offset=options.has_offset(),
        )  # fmt: skip

    @staticmethod
    def solve_folds(X, codes, options, weights, grids, watch):
        """Fit the folds one after another; that of a fold with a single class needs no solver."""
        paths = []
        try:
            for number, (weight, alphas) in enumerate(zip(weights, grids), start=1):
                callback = Watching(callback=watch.callback_for(f"fold {number} of {len(weights)}"))
                on_fold = options._replace(sample_weight=weight)
                paths.append(TwoClasses.solve(X, codes, on_fold, Grid(alphas), callback))
        except BaseException as stop:
            hold(stop, folds=[*paths, getattr(stop, "path", None)])
            raise
        return paths, 0


def several_targets(kind, X, y, options):
    """(Y in the form of the kind, the Response for folds and scorers) from a user's y, checked."""
    for name in ("penalty", "solver"):
        asked = getattr(options, name)
        if asked is not None and asked != "auto":
            raise check.ParameterError(f"{name} is for one response; leave it out for several responses or classes")
    n = check.check_design(X).shape[0]
    if kind is Targets:
        Y = check.check_matrix("y", y, n)
        check.refuse_tiny("y", Y)
        return Y, Response(X, Y, None, options.sample_weight)
    weight = check.check_weight(options.sample_weight, n)
    shares, classes = check.check_classes(y, n, weight, check.check_flag("fit_intercept", options.fit_intercept))
    if np.ndim(y) == 2 and np.shape(y)[1] > 1:
        return shares, Response(X, shares, None, options.sample_weight)
    codes = shares.argmax(axis=1)
    return codes, Response(X, classes[codes], classes, options.sample_weight)


@check.each_once()
@interruptible()
@one_blas_thread()
def cross_validate_responses(X, Y, kind, options, l1_ratios, folding, metric, grid, response, watch, kept=()):
    """A CVPath for each l1_ratio, on the same folds, without warnings.

    `kind` is Targets, for real Y (n, K); Classes or EveryClass, for Y (n,) of numbers from 0 to K - 1 or proportions
    (n, K); or TwoClasses. They differ in the treatment of a class that the training rows of a fold lack. Where a class
    has no weight at all, alphas must be given. The other parameters are those of `cross_validate`; the family is that
    of the kind.
    """
    X = check.check_design(X)
    n, classes = X.shape[0], response.classes
    weight, score_weight = check.check_weight(options.sample_weight, n), check.check_weight(response.weight, n)
    pairs = make_folds(folding.cv, response.X, response.y, folding.groups, classes is not None, folding.random_state)
    weights = [training_weight(train, weight, number) for number, (train, _) in enumerate(pairs, start=1)]
    tests = [test for _, test in pairs]
    for number, test in enumerate(tests, start=1):
        held_out_weight(test, score_weight, f"fold {number}")
    if kind is EveryClass:
        kind.check_folds(Y, options, weights, classes)
    curves: list[CVPath] = []
    for ratio in l1_ratios:
        options = options._replace(l1_ratio=ratio, sample_weight=weight)
        watch.expect(len(l1_ratios) * (1 + len(pairs)) * grid.size())
        try:
            part = watch.within(f"l1_ratio {ratio:g}", len(l1_ratios) > 1)
            path, fold_paths, read = _fit(X, Y, kind, options, grid, weights, part)
        except BaseException as stop:
            hold(stop, finished=curves)
            raise
        finally:
            watch.close()
        if issubclass(kind, Classes):
            labels = np.arange(len(path.coefs)) if classes is None else classes
            path, *fold_paths = (replace(each, classes=labels) for each in (path, *fold_paths))
        held = ((test, _predictors(fold, X, test, options.offset)) for fold, test in zip(fold_paths, tests))
        scored = score_folds(kind, Y, score_weight, held, metric, kept)
        read += sum(fold.work["columns_read"] for fold in fold_paths)
        curves.append(curve_of(path, fold_paths, scored, metric, classes, read, X.shape[1]))
    return curves


def _fit(X, Y, kind, options, grid, weights, watch):
    """(the path on all rows, the paths of the folds, the number of columns read for several folds at once)."""
    path = kind.solve(X, Y, options, grid, Watching(callback=watch.callback_for("all rows")))
    grids = [path.alphas / weight.sum() if grid.of_sum else path.alphas for weight in weights]
    try:
        return path, *kind.solve_folds(X, Y, options, weights, grids, watch)
    except BaseException as stop:
        hold(stop, path=path)
        raise


def _predictors(path, X, rows, offset):
    """Linear predictors of some rows of X at every point; only columns with a coefficient are read."""
    if isinstance(path, Path):
        columns, shift = np.unique(path.coefs.indices), check.check_offset(offset, X.shape[0])
        eta = (part_of(X, rows, columns) @ path.coefs[columns].toarray() + path.intercepts).T
        return eta if shift is None else eta + shift[rows]
    columns = np.unique(np.concatenate([coef.indices for coef in path.coefs]))
    held = part_of(X, rows, columns)
    eta = np.stack([held @ coef[columns].toarray() for coef in path.coefs], axis=2)
    eta = np.moveaxis(eta, 1, 0) + path.intercepts.T[:, None, :]
    shift = check.check_offset(offset, X.shape[0], len(path.coefs))
    return eta if shift is None else eta + shift[rows]
