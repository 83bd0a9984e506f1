"""cv_relaxed: selection by L1 and the fit on what it selects, chosen as one model; everything learned is learned in
the fold."""

from __future__ import annotations

from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.arguments import FitOptions, Grid, SelectionOptions, Watching, bundles
from fastreg.interface.frames import columns_of, rows_of
from fastreg.interface.interrupts import ended_early, hold, interruptible
from fastreg.interface.progress import Progress, Watch
from fastreg.interface.reasons import SEPARABLE, UNCERTIFIED, remedy_for
from fastreg.interface.shared_options import takes_options_of
from fastreg.interface.validation import ConvergenceWarning
from fastreg.paths.driver import solve_path
from fastreg.paths.fit_path import fit_path
from fastreg.paths.result import Path
from fastreg.paths.setup import checked, warn_of_exposure
from fastreg.selection.cross_validation.class_labels import coded_response
from fastreg.selection.cross_validation.cv_path import cross_validate, cv_path
from fastreg.selection.cross_validation.folds import Folding, framed_with_folds, make_folds, weighted_folds
from fastreg.selection.cross_validation.metrics import Held, Metric, Response, metric_named
from fastreg.selection.cross_validation.result import averages, warn_of_grid_end
from fastreg.selection.relaxed.adaptive import PILOTS, adaptive_factor, learned_factor
from fastreg.selection.relaxed.relaxed import MAX_ITER, solve_relaxed
from fastreg.selection.relaxed.result import CVRelaxed


@takes_options_of(fit_path, cv_path, adaptive_factor)
def cv_relaxed(
    X: Any,
    y: ArrayLike | str | None = None,
    *,
    gammas: ArrayLike = (0.0, 0.25, 0.5, 0.75, 1.0),
    ridges: ArrayLike = (0.0,),
    pilot: str | None = None,
    power: float = 1.0,
    cv: Any = 10,
    groups: ArrayLike | str | None = None,
    metric: Any = "deviance",
    random_state: Any = 0,
    **options: Unpack[SelectionOptions],
) -> CVRelaxed:
    """Cross-validate relaxed paths: choose alpha, the blend gamma and the ridge of the refits together.

    In every fold the path is fitted to the training rows, refitted on each of its supports (`relax_path`, once for each
    of `ridges`), and all blends of the two predict the held-out rows: selection never sees the rows that judge it. With
    gammas=(0,) and some ridges above 0 this is "select by L1, then refit by L2" as one model. With a `pilot` the
    penalty factors of the adaptive lasso are learned in the fold as well.

    `nested_cv_relaxed` tells what the model so chosen is worth on rows that had no part in choosing it.

    Parameters
    ----------
    X, y : as for `fit_path`
    gammas : array-like, default=(0.0, 0.25, 0.5, 0.75, 1.0)
        Blends in [0, 1]: 1 is the path, 0 the refit.
    ridges : array-like, default=(0.0,)
        Penalties of the refits, each 0 or more.
    pilot : {"ridge", "lasso"}, default=None
        The pilot of `adaptive_factor`, whose alpha is chosen by AICc. None learns no factors.
    power : as for `adaptive_factor`
    cv, groups, metric, random_state : as for `cv_path`
    callback : as for `cv_path`
        The refits of a path are reported together.
    **options : as for `fit_path`

    Returns
    -------
    CVRelaxed
        The scores and the models. Where a fold's refit separates the classes, blends with it have no score and
        are not chosen. Fits that could not be certified for another reason are counted in one
        ConvergenceWarning.

    Raises
    ------
    ValueError
        Where an argument is out of its range, a fold cannot be fitted (one class only) or scored.
    Interrupted
        On Ctrl-C or SIGTERM (it is a KeyboardInterrupt). `path` holds the points done on all rows, `folds` those of
        each fold.

    References
    ----------
    Meinshausen (2007), Relaxed Lasso; Hastie, Tibshirani and Tibshirani (2020); Friedman et al., the glmnet
    vignette on the relaxed lasso, for cross-validating both parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import cv_relaxed
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> found = cv_relaxed(X, y, cv=5, gammas=(0.0, 1.0), n_alphas=20)
    >>> found.support("1se")
    [0, 1]
    """
    X, words, y, groups, cv = framed_with_folds(X, options, cv, y, groups)
    fit_options, grid, watching = bundles(X, words)
    task = make_task(X, y, gammas, ridges, pilot, power, metric, grid, fit_options)
    pairs = make_folds(cv, X, task.response.y, groups, task.response.classes is not None, random_state)
    chosen = choose_relaxed(task, pairs, Watch(watching.verbose, watching.callback))
    warn_relaxed(chosen)
    if grid.automatic():
        warn_of_grid_end(chosen.relaxed[0].path, chosen.choice("min").place[2])
    return chosen


class Task(NamedTuple):
    """The data, and the models to choose from; `options` holds the weights."""

    X: Any
    y: np.ndarray
    response: Response
    metric: Metric
    options: FitOptions
    grid: Grid
    gammas: np.ndarray
    ridges: np.ndarray
    pilot: str | None
    power: float

    def factor(self, weight):
        """The penalty factors, learned from the rows of positive weight if there is a pilot."""
        if self.pilot is None:
            return self.options.penalty_factor
        return learned_factor(self.X, self.y, self.options._replace(sample_weight=weight), self.pilot, self.power)

    def path(self, weight, factor, alphas, callback=None):
        """The path on rows of positive weight; `callback` gets the Progress of its points."""
        options, grid = self.options._replace(sample_weight=weight, penalty_factor=factor), self.grid
        return solve_path(self.X, self.y, options, grid._replace(alphas=alphas), Watching(callback=callback))

    def relax(self, path, weight, factor, callback=None):
        """A RelaxedPath for each ridge; `callback` gets one Progress when all are done."""
        options = self.options._replace(sample_weight=weight, penalty_factor=factor)
        options = options._replace(max_iter=max(MAX_ITER, options.max_iter))
        out = [solve_relaxed(path, self.X, self.y, ridge, options) for ridge in self.ridges.tolist()]
        if callback is not None:
            count, gap = path.alphas.size * len(out), max(float(one.refit.gaps.max()) for one in out)
            callback(Progress(count, count, float(path.alphas[-1]), gap, int(path.n_nonzero[-1]), 0.0))
        return out


def make_task(X, y, gammas, ridges, pilot, power, metric, grid, options):
    """A Task from a user's arguments, which are checked."""
    gammas, ridges = check.check_several("gammas", gammas, 0.0, 1.0), check.check_several("ridges", ridges, 0.0, np.inf)
    if pilot is not None:
        check.check_option("pilot", pilot, tuple(PILOTS))
    options, grid = checked(options), grid.checked()
    y, classes = coded_response(y, options.family)
    warn_of_exposure(y, options)
    response = Response(X, y if classes is None else classes[y.astype(int)], classes, options.sample_weight)
    metric = metric_named(metric, options.family, response)
    X = check.check_design(X)  # converted once, for all fits
    weight = check.check_weight(options.sample_weight, X.shape[0])
    y = check.check_response(y, X.shape[0], options.family)
    options = options._replace(sample_weight=weight, offset=check.check_offset(options.offset, X.shape[0]))
    return Task(X, y, response, metric, options, grid, gammas, ridges, pilot, power)


@check.each_once()
@interruptible()
def choose_relaxed(task, pairs, watch):
    """The CVRelaxed of a task on (train, test) pairs of rows."""
    weight = task.options.sample_weight
    folds = weighted_folds(pairs, task.options.family, task.y, weight, weight, task.options.fit_intercept)
    watch.expect((1 + len(pairs)) * (1 + task.ridges.size) * task.grid.size())
    fitted = _paths(task, pairs, folds, watch)
    try:
        return _choose(task, folds, fitted, watch)
    except BaseException as error:
        message = "during the refits; all paths were done"
        raise ended_early(error, message, path=fitted.path, folds=fitted.fold_paths)  # noqa: B904
    finally:
        watch.close()


class Fitted(NamedTuple):
    """The paths on all rows and on the training rows of each fold, and the penalty factors of each."""

    factor: Any
    path: Path
    fold_factors: list
    fold_paths: list[Path]


def _choose(task, folds, fitted, watch):
    """Refit all paths and score their blends: the CVRelaxed."""
    weight, (factor, path, fold_factors, fold_paths) = task.options.sample_weight, fitted
    relaxed = task.relax(path, weight, factor, watch.callback_for("refits of all rows"))
    scored, shares, gaps, reasons = [], [], [], []
    for number, ((fold, test), own, its_path) in enumerate(zip(folds, fold_factors, fold_paths), start=1):
        each = task.relax(its_path, fold, own, watch.callback_for(f"refits of fold {number} of {len(folds)}"))
        scored.append([[_score(task, one, gamma, test, number) for gamma in task.gammas] for one in each])
        shares.append(1.0 if task.metric.equal_folds else float(weight[test].sum()))
        gaps.append([its_path.gaps] + [np.where(_separated(one), np.nan, one.refit.gaps) for one in each])
        reasons.append([its_path.reasons, *(one.refit.reasons for one in each)])
    scores = np.array(scored)
    mean, error = averages(scores.reshape(len(folds), -1), np.array(shares))
    shape = scores.shape[1:]
    return CVRelaxed(
        relaxed=relaxed, alphas=path.alphas, gammas=task.gammas, ridges=task.ridges, mean=mean.reshape(shape),
        std_error=error.reshape(shape), fold_scores=scores, fold_gaps=np.array(gaps),
        fold_reasons=np.array(reasons), metric=task.metric.name,
        greater_is_better=task.metric.greater_is_better, classes=task.response.classes, penalty_factor=factor,
    )  # fmt: skip


def _paths(task, pairs, folds, watch):
    """Fit all paths."""
    weight = task.options.sample_weight
    if task.pilot is None:
        curve = cross_validate(
            task.X, task.y, task.options, [task.options.l1_ratio], Folding(pairs), task.metric, task.grid,
            task.response, watch,
        )[0]  # fmt: skip
        factor = task.options.penalty_factor
        return Fitted(factor, curve.path, [factor] * len(folds), curve.fold_paths)
    factor, fold_factors, fold_paths = task.factor(weight), [], []
    path = task.path(weight, factor, task.grid.alphas, watch.callback_for("all rows"))
    try:
        for number, (fold, _) in enumerate(folds, start=1):
            fold_factors.append(task.factor(fold))
            callback = watch.callback_for(f"fold {number} of {len(folds)}")
            fold_paths.append(task.path(fold, fold_factors[-1], path.alphas, callback))
    except BaseException as stop:
        hold(stop, path=path, folds=[*fold_paths, getattr(stop, "path", None)])
        raise
    return Fitted(factor, path, fold_factors, fold_paths)


def _score(task, relaxed, gamma, test, number):
    """Scores of held-out rows, (k,); NaN where the blend contains a refit that separates the classes."""
    weight = task.options.sample_weight[test]
    eta = predictors(task, relaxed, gamma, test)
    scores = task.metric.score(
        Held(task.options.family, task.y[test], weight / weight.sum(), eta, test, number)
    )  # fmt: skip
    return np.where(_separated(relaxed) & (gamma < 1.0), np.nan, scores)


def _separated(relaxed):
    return np.array([reason == SEPARABLE for reason in relaxed.refit.reasons])


def predictors(task, relaxed, gamma, rows):
    """Linear predictors of some rows at every point, (k, m)."""
    path, refit = relaxed.path, relaxed.refit
    used = np.unique(np.concatenate([path.coefs.indices, refit.coefs.indices]))
    part = rows_of(columns_of(task.X, used), rows)
    offset = 0.0 if task.options.offset is None else task.options.offset[rows]
    coefs = (gamma * path.coefs + (1.0 - gamma) * refit.coefs).tocsr()[used].toarray()
    intercepts = gamma * path.intercepts + (1.0 - gamma) * refit.intercepts
    return np.asarray(part @ coefs + intercepts).T + offset


def warn_relaxed(chosen):
    """One warning for the fits and refits that are not certified, other than refits that separate the classes."""
    gaps, tol = chosen.fold_gaps[~np.isnan(chosen.fold_gaps)], chosen.relaxed[0].path.tol
    failed = np.count_nonzero(~(gaps <= tol))
    others = [reason for one in chosen.relaxed for reason in one.path.reasons + one.refit.reasons]
    failed += sum(reason in UNCERTIFIED for reason in others)
    if failed:
        check.warn(
            f"{failed} fits and refits are not certified to tol={tol:g}, the largest gap is {gaps.max():.1e}: "
            f"{remedy_for([*chosen.fold_reasons.ravel().tolist(), *others])}",
            ConvergenceWarning,
        )
