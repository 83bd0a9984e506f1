"""Cross-validation fold by fold: one grid, every fold's path from warm starts of its own.

For several responses or classes, and for two classes where a fold lacks one.
"""

import numpy as np
import scipy.sparse as sp
from scipy.special import softmax

from fastreg.interface import validation as check
from fastreg.interface.arguments import Watching
from fastreg.interface.progress import Interrupted, interruptible
from fastreg.multi.fit_multi_path import solve_multi_path
from fastreg.multi.missing_classes import solve_classes
from fastreg.objective.families import Binomial
from fastreg.paths.driver import solve_path
from fastreg.paths.result import Path
from fastreg.selection.cross_validation.cv_path import curve_of, score_folds
from fastreg.selection.cross_validation.folds import make_folds, training_weight
from fastreg.selection.cross_validation.metrics import Metric
from fastreg.selection.cross_validation.result import CVPath


class Targets:
    """K real responses: fitted by least squares, predicted by eta itself."""

    name = "gaussian"

    @staticmethod
    def solve(X, Y, terms, grid, watching):
        return solve_multi_path(X, Y, terms._replace(family="gaussian"), grid, watching=watching)

    @staticmethod
    def mean(eta):
        return eta


class Classes:
    """Rows' classes, numbered from 0: fitted by the multinomial, predicted by probabilities."""

    name = "multinomial"

    @staticmethod
    def solve(X, codes, terms, grid, watching):
        return solve_classes(X, codes, terms, grid, watching=watching)

    @staticmethod
    def mean(eta):
        return softmax(eta, axis=-1)


class TwoClasses:
    """Rows' classes 0 and 1, one of which may have no weight: coefficients are then zero, the intercept is infinite."""

    name = "binomial"
    mean = staticmethod(Binomial.mean)

    @staticmethod
    def solve(X, codes, terms, grid, watching):
        seen = np.unique(codes[terms.sample_weight > 0.0])
        if seen.size == 2 or not terms.fit_intercept:
            return solve_path(X, codes, terms._replace(family="binomial"), grid, watching)
        k = grid.size()
        return Path(
            alphas=check.check_alphas(grid.alphas), coefs=sp.csc_array((X.shape[1], k)),
            intercepts=np.full(k, np.inf if seen[0] else -np.inf), gaps=np.zeros(k), n_iters=np.zeros(k, dtype=int),
            reasons=["converged"] * k, deviance_ratio=np.zeros(k), family="binomial", l1_ratio=terms.l1_ratio,
            tol=terms.tol, alpha_max=0.0, feature_names=terms.names,
            work={"columns_read": 0, "passes": 0.0, "null_loss": 0.0},
        )  # fmt: skip


def squared_error(held):
    """Weighted mean over rows of the mean squared error over responses."""
    return ((held.eta - held.y) ** 2).mean(axis=2) @ held.weight


def accuracy(held):
    """Weighted share of rows whose class has the largest eta; y holds the classes' numbers."""
    return (held.eta.argmax(axis=2) == held.y) @ held.weight


MSE = Metric("mse", False, squared_error, equal_folds=True)


@check.each_once()
@interruptible()
def cross_validate_responses(X, Y, kind, terms, l1_ratios, pairs, metric, grid, response, watch, kept=()):
    """A CVPath for each l1_ratio, on the same (train, test) `pairs` of rows, without warnings.

    `kind` is Targets, for real Y (n, K), Classes, for Y (n,) of numbers from 0 to K - 1 on a grid of given alphas, or
    TwoClasses; what a class that a fold's training rows lack means is theirs to say. `metric`, `grid`, `response`,
    `watch`, `kept` and `terms` are as for `cross_validation.cross_validate`, but that the family is the kind's.
    """
    X = check.check_design(X)
    n = X.shape[0]
    weight, score_weight = check.check_weight(terms.sample_weight, n), check.check_weight(response.weight, n)
    pairs = make_folds(pairs, X, np.arange(n), None, False, None)
    weighted = [(training_weight(train, weight, number), test) for number, (train, test) in enumerate(pairs, start=1)]
    curves: list[CVPath] = []
    for ratio in l1_ratios:
        terms = terms._replace(l1_ratio=ratio, sample_weight=weight)
        watch.expect(len(l1_ratios) * (1 + len(pairs)) * grid.size())
        try:
            part = watch.within(f"l1_ratio {ratio:g}", len(l1_ratios) > 1)
            path, fold_paths = _fit(X, Y, kind, terms, grid, [fold for fold, _ in weighted], part)
        except Interrupted as stop:
            stop.finished = curves
            raise
        finally:
            watch.close()
        held = ((test, _predictors(fold, X, test)) for fold, (_, test) in zip(fold_paths, weighted))
        scored = score_folds(kind, Y, score_weight, held, metric, kept)
        read = sum(fold.work["columns_read"] for fold in fold_paths)
        curves.append(curve_of(path, fold_paths, scored, metric, response.classes, read, X.shape[1]))
    return curves


def _fit(X, Y, kind, terms, grid, weights, watch):
    """(the path on all rows, a list of those of the folds)."""
    path, fold_paths = kind.solve(X, Y, terms, grid, Watching(callback=watch.hears("all rows"))), []
    try:
        for number, weight in enumerate(weights, start=1):
            alphas = path.alphas / weight.sum() if grid.of_sum else path.alphas
            told = Watching(callback=watch.hears(f"fold {number} of {len(weights)}"))
            on_fold, its_grid = terms._replace(sample_weight=weight), grid._replace(alphas=alphas)
            fold_paths.append(kind.solve(X, Y, on_fold, its_grid, told))
    except Interrupted as stop:
        stop.path, stop.folds = path, [*fold_paths, stop.path]
        raise
    return path, fold_paths


def _predictors(path, X, rows):
    """Linear predictors of some rows of X at every point, from the columns with a coefficient."""
    if isinstance(path, Path):
        columns = np.unique(path.coefs.indices)
        return (X[np.ix_(rows, columns)] @ path.coefs[columns].toarray() + path.intercepts).T
    columns = np.unique(np.concatenate([coef.indices for coef in path.coefs]))
    held = X[np.ix_(rows, columns)]
    eta = np.stack([held @ coef[columns].toarray() for coef in path.coefs], axis=2)
    return np.moveaxis(eta, 1, 0) + path.intercepts.T[:, None, :]
