"""cv_path: from a user's arrays to a cross-validated path."""

from __future__ import annotations

import numbers
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.design.row_sums import RowSums
from fastreg.interface import validation as check
from fastreg.interface.arguments import CVOptions, Watching, bundles
from fastreg.interface.encoding import Rules
from fastreg.interface.interrupts import hold, interruptible
from fastreg.interface.progress import Watch
from fastreg.interface.reasons import remedy_for, warn_of_points
from fastreg.interface.shared_options import takes_options_of
from fastreg.interface.validation import ConvergenceWarning
from fastreg.numerics.threads import one_blas_thread
from fastreg.paths.checkpoint import Checkpoint
from fastreg.paths.driver import follow_path
from fastreg.paths.fit_path import fit_path
from fastreg.paths.setup import build_problem, checked, family_named, warn_of_exposure
from fastreg.selection.cross_validation.class_labels import coded_response
from fastreg.selection.cross_validation.fold_fits import fit_folds
from fastreg.selection.cross_validation.folds import (
    Folding,
    framed_with_folds,
    make_folds,
    warn_of_vanishing,
    weighted_folds,
)
from fastreg.selection.cross_validation.metrics import Response, metric_named
from fastreg.selection.cross_validation.out_of_fold import predictions_of
from fastreg.selection.cross_validation.result import CVPath, at_most, fold_reasons, warn_of_grid_end
from fastreg.selection.cross_validation.scoring import curve_of, score_folds
from fastreg.selection.cross_validation.several_metrics import several_metric
from fastreg.selection.cross_validation.several_responses import (
    EveryClass,
    Targets,
    cross_validate_responses,
    several_targets,
)
from fastreg.selection.cross_validation.summed_folds import cv_of_sums
from fastreg.selection.cross_validation.tall_least_squares import fold_grams


@takes_options_of(fit_path)
def cv_path(
    X: Any = None,
    y: ArrayLike | str | None = None,
    *,
    sums: Sequence[RowSums] | None = None,
    cv: Any = 10,
    groups: ArrayLike | str | None = None,
    metric: str | Callable[..., float] = "deviance",
    l1_ratio: float | list[float] = 1.0,
    random_state: Any = 0,
    keep_predictions: bool = False,
    **options: Unpack[CVOptions],
) -> CVPath:
    """Cross-validate a regularisation path: one grid, every fold's path on its training rows, scores of the others.

    The grid is that of `fit_path` on all rows. Fold f solves the problem of `fit_path` at every alpha with the
    weights of its held-out rows set to zero, so that means, scales (`standardize`) and null model are learned from the
    training rows alone; each point is certified on that problem. X is never copied. Folds advance together, and
    products with X are made for all of them at once.

    Parameters
    ----------
    X : {array, sparse matrix, data frame} of shape (n, p), or str, default=None
        Rows of data, never modified, or a formula about `data`; see `fit_path`. Or rows that lie apart,
        `distribute(..., by="rows")`: folds are then drawn block by block, class by class where the response has two,
        their scores are means over rows ("deviance", "mse", "mae", "misclassification"), and every read of X serves all
        folds.
    y : array-like of shape (n,) or (n, K), default=None
        Response, as for `fit_path`. With family="binomial" it may also hold any two labels. K > 1 responses with
        "gaussian", and labels (or shares of classes) with "multinomial", are as for `fit_multi_path`.
    sums : list of RowSums, default=None
        In place of X, y, `cv` and all else that belongs to rows: sums over the rows of each fold, for least squares.
        Each fold is fitted to the sums of the others.
    cv : int, splitter or iterable, default=10
        A number of folds (at most n), a scikit-learn splitter, or pairs of (train, test) rows. A number
        shuffles the rows; classes are then spread evenly over the folds and groups kept together.
    groups : array-like of shape (n,), default=None
        Labels of rows that belong together, for a number of folds or a splitter that asks for them.
    metric : str or callable, default="deviance"
        "deviance", "mse", "mae", "misclassification", "auc" (see fastreg.selection.cross_validation.metrics), the name
        of a scikit-learn scorer ("neg_log_loss", "r2", ...) or one made by make_scorer, or a function of (y, mean,
        weight); smaller is better for a function unless it has an attribute greater_is_better. Its y is coded 0 and 1
        for classes, 0 to K - 1 for several, and the weights sum to one. With several responses the deviance of a row
        is summed over them, "mse" and "mae" are averaged; with several classes there is no "auc".
    l1_ratio : float or list of float, default=1.0
        A number in [0, 1], or several; each has its own grid, and the one whose best mean is best is chosen.
    random_state : int, RandomState or None, default=0
        Seed of the shuffle; None draws another each time.
    keep_predictions : bool, default=False
        Whether CVPath.predictions holds what each fold predicts for the rows that it leaves out: n x n_alphas
        numbers for every l1_ratio, K times as many for K responses or classes.
    family : as for `fit_path`
        And "multinomial", as for `fit_multi_path`.
    sample_weight : as for `fit_path`
        They count in the fits, in the scores and in the mean over folds.
    offset : as for `fit_path`
        Several responses or classes have one of shape (n, K).
    penalty : as for `fit_path`
        Several responses or classes have none.
    lower, upper : as for `fit_path`
        Several classes may have one for each column and class, (p, K); several responses have none.
    solver : as for `fit_path`
        Several responses or classes have one solver, "auto".
    callback : callable, default=None
        Called with a `fastreg.Progress` after every point of every fit: `stage` says of which, `point` and
        `n_points` count over all of them.
    checkpoint : as for `fit_path`
        It has the points of every fold, too. The folds must be the same again: pass a number as `random_state`, or
        pairs of rows. Several responses or classes have none.
    **options : as for `fit_path`

    Returns
    -------
    CVPath
        The scores and the path on all rows. Fold fits that could not be certified are counted in one
        ConvergenceWarning.

    Raises
    ------
    ValueError
        Where an argument is out of its range, a fold cannot be fitted (one class only) or scored.
    Interrupted
        On Ctrl-C or SIGTERM (it is a KeyboardInterrupt). `path` holds the points done on all rows, `folds` those of
        each fold, `finished` a CVPath for every l1_ratio that was done with.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1), section 2.5 and cv.glmnet for the
    weighting of folds and the one-standard-error rule.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import cv_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> found = cv_path(X, y, cv=5)
    >>> found.mean.shape, found.predict(X[:3], "1se").shape
    ((100,), (3,))
    >>> bool(found.alpha_1se >= found.alpha_min)
    True
    >>> species = np.array(["ash", "birch", "cedar"])[np.digitize(y, [-0.5, 0.5])]
    >>> cv_path(X, species, family="multinomial", cv=5, n_alphas=20).predict(X[:3]).shape
    (3, 3)
    """
    kept = ("test_folds", "predictions") if check.check_flag("keep_predictions", keep_predictions) else ("test_folds",)
    if sums is not None:
        given = {"X": X, "y": y, "groups": groups, "keep_predictions": keep_predictions or None}
        given |= {name: options.get(name) for name in ("sample_weight", "offset", "data", "checkpoint")}
        given |= Rules.given(options)
        automatic = options.get("alphas") is None and options.get("alpha_min_ratio") is None
        return chosen(cv_of_sums(sums, given, options, _l1_ratios(l1_ratio), metric), automatic)
    if getattr(X, "in_blocks_of_rows", False):
        from fastreg.selection.cross_validation.folds_apart import cv_of_rows  # which few fits need

        folding, grid, watching = Folding(cv, groups, random_state), *bundles(X, options)[1:]
        return chosen(cv_of_rows(X, y, options, _l1_ratios(l1_ratio), folding, metric, kept), grid.automatic())
    X, words, y, groups, cv = framed_with_folds(X, options, cv, y, groups)
    fit_options, grid, watching = bundles(X, words)
    several, checkpoint = kind_of(y, fit_options.family), None
    if watching.checkpoint is not None:
        if several is not None:
            raise check.ParameterError("checkpoint is for one response; leave it out for several responses or classes")
        checkpoint = Checkpoint(watching.checkpoint)
    run = _one_response if several is None else partial(_several_responses, several)
    curves = run(
        X, y, fit_options, metric, l1_ratios=_l1_ratios(l1_ratio), folding=Folding(cv, groups, random_state),
        grid=grid, watch=Watch(watching.verbose, watching.callback, checkpoint), kept=kept,
    )  # fmt: skip
    return chosen(curves, grid.automatic())


def chosen(curves, automatic):
    """The best of the curves, after warnings of what is not certified and of an `automatic` grid that is too short."""
    best = best_of(curves)
    for curve in curves:
        warn_of_points(curve.path)
    warn_folds(curves)
    if automatic:
        warn_of_grid_end(best.path, best.index_min)
    return best


def kind_of(y, family):
    """How several responses are fitted: Targets for real ones, EveryClass for classes; None for one response."""
    if isinstance(family, str) and family == "multinomial":
        return EveryClass
    shape = np.shape(y)
    several = isinstance(family, str) and family == "gaussian" and len(shape) == 2 and shape[1] > 1
    return Targets if several else None


def _one_response(X, y, options, metric, **asked):
    options = options._replace(family=family_named(options.family))
    targets, classes = coded_response(y, options.family)
    response = Response(X, targets if classes is None else classes[targets.astype(int)], classes, options.sample_weight)
    warn_of_exposure(targets, options)
    metric = metric_named(metric, options.family, response)
    return cross_validate(X, targets, options, metric=metric, response=response, **asked)


def _several_responses(kind, X, y, options, metric, **asked):
    Y, response = several_targets(kind, X, y, options)
    metric = several_metric(metric, kind, response)
    return cross_validate_responses(X, Y, kind, options, metric=metric, response=response, **asked)


@check.each_once()
@interruptible()
@one_blas_thread()
def cross_validate(X, y, options, l1_ratios, folding, metric, grid, response, watch=None, kept=()):
    """A CVPath for each l1_ratio, on the same folds, without warnings of its points. y is coded for the family.

    `kept` names the attributes of n rows that are kept: "test_folds", "predictions".
    """
    watch = Watch() if watch is None else watch
    grid, all_options = grid.checked(), [checked(options._replace(l1_ratio=ratio)) for ratio in l1_ratios]
    user_X, X = X, check.check_design(X)
    folds, curves = None, list[CVPath]()
    for options in all_options:
        problem = build_problem(X, y, options)
        if folds is None:
            stratify = response.classes is not None
            pairs = make_folds(folding.cv, user_X, response.y, folding.groups, stratify, folding.random_state)
            score_weight = check.check_weight(response.weight, problem.n)
            folds = weighted_folds(
                pairs, options.family, problem.family.y, problem.weight, score_weight, options.fit_intercept
            )
            watch.expect(len(l1_ratios) * (1 + len(folds)) * grid.size())
        try:
            path, fits, read = _fit(
                problem, folds, options, grid, watch.within(f"l1_ratio {options.l1_ratio:g}", len(l1_ratios) > 1)
            )
        except BaseException as stop:
            hold(stop, finished=curves)
            raise
        finally:
            watch.close()
        fold_paths = [fit.path(options) for fit in fits]
        if options.standardize:
            warn_of_vanishing(problem, fits, fold_paths)
        read += sum(fit.problem.spent().columns for fit in fits)
        held = predictions_of(problem, [fit.points for fit in fits], [test for _, test in folds])
        scored = score_folds(options.family, problem.family.y, score_weight, held, metric, kept)
        curves.append(curve_of(path, fold_paths, scored, metric, response.classes, read, problem.p))
    return curves


def _fit(problem, folds, options, grid, watch):
    """(the Path on all rows, the FoldFits, columns read by the folds)."""
    begin = time.perf_counter()
    grams = fold_grams(problem, folds, options.solver, grid)
    path = follow_path(
        problem, options, grid, Watching(callback=watch.callback_for("all rows")), begin=begin,
        sums=None if grams is None else grams.sums(), part=watch.part_for("all rows"),
    )  # fmt: skip
    grids = [path.alphas / weight.sum() if grid.of_sum else path.alphas for weight, _ in folds]
    try:
        fits, read = fit_folds(problem, folds, grids, options, grams, path, watch)
    except BaseException as stop:
        hold(stop, path=path)
        raise
    return path, fits, read


def best_of(curves):
    """The CVPath of the best mean score, the first of equals; of several, with all of them in `per_l1_ratio`."""
    best = curves[0]
    for curve in curves[1:]:
        here, there = curve.mean[curve.index_min], best.mean[best.index_min]
        if not (at_most(-there, -here) if curve.greater_is_better else at_most(there, here)):
            best = curve
    if len(curves) == 1:
        return best
    fields = {name: getattr(best, name) for name in best.__dataclass_fields__}
    return CVPath(**fields | {"l1_ratios": [curve.l1_ratio for curve in curves], "per_l1_ratio": curves})


def warn_folds(curves):
    """One warning for all fold fits that are not certified."""
    gaps = np.concatenate([curve.fold_gaps.ravel() for curve in curves])
    tol = curves[0].path.tol
    failed = np.count_nonzero(~(gaps <= tol))
    if failed:
        check.warn(
            f"{failed} of the {gaps.size} fits of folds are not certified: the largest gap is {gaps.max():.1e}, tol is "
            f"{tol:g}; {remedy_for(fold_reasons(curves))}. CVPath.fold_gaps says where",
            ConvergenceWarning,
        )


def _l1_ratios(l1_ratio):
    """A list of numbers in [0, 1]."""
    several = [l1_ratio] if isinstance(l1_ratio, numbers.Number) or np.ndim(l1_ratio) == 0 else list(l1_ratio)
    if not several:
        raise ValueError("l1_ratio is an empty list; give a number in [0, 1] or several")
    return [check.check_number("l1_ratio", check.plain(ratio), 0.0, 1.0) for ratio in several]
