"""Scores of the predictions of held-out rows, their averages over folds, and the points that these choose."""

from typing import NamedTuple

import numpy as np

from fastreg.selection.cross_validation.folds import held_out_weight
from fastreg.selection.cross_validation.metrics import Held
from fastreg.selection.cross_validation.result import CVPath, averages, choose


class Scored(NamedTuple):
    """Scores (F, k) and weights (F,) of the folds; predictions and the fold of each row, if they are kept."""

    scores: np.ndarray
    weights: np.ndarray
    predictions: np.ndarray | None
    test_folds: np.ndarray | None


def score_folds(family, y, score_weight, held, metric, kept=()):
    """Score the held-out rows of every fold: `held` yields (rows, linear predictors (k, rows) or (k, rows, K))."""
    predictions, test_folds, scores, weights = None, None, [], []
    if "test_folds" in kept:
        test_folds = np.full(len(y), -1)
    for f, (test, eta) in enumerate(held):
        total = held_out_weight(test, score_weight, f"fold {f + 1}")
        if test_folds is not None:
            test_folds[test] = f
        if "predictions" in kept:
            if predictions is None:
                predictions = np.full((len(y), len(eta), *eta.shape[2:]), np.nan)
            predictions[test] = np.moveaxis(family.mean(eta), 0, 1)
        scores.append(metric.score(Held(family, y[test], score_weight[test] / total, eta, test, f + 1)))
        weights.append(1.0 if metric.equal_folds else total)
    return Scored(np.array(scores), np.array(weights), predictions, test_folds)


def curve_of(path, fold_paths, scored, metric, classes, read, p):
    """The CVPath of a path and its scored folds, which read `read` columns of X in all; X has p."""
    mean, std_error = averages(scored.scores, scored.weights)
    index_min, index_1se = choose(mean, std_error, metric.greater_is_better)
    return CVPath(
        path=path, alphas=path.alphas, mean=mean, std_error=std_error, fold_scores=scored.scores,
        fold_gaps=np.array([fold.gaps for fold in fold_paths]), index_min=index_min, index_1se=index_1se,
        metric=metric.name, greater_is_better=metric.greater_is_better, predictions=scored.predictions,
        test_folds=scored.test_folds, l1_ratio=path.l1_ratio, l1_ratios=[path.l1_ratio], fold_paths=fold_paths,
        classes=classes, work={"columns_read": read, "passes": read / p},
    )  # fmt: skip
