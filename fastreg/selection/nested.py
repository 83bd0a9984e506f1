"""Nested cross-validation: what a model chosen by cross-validation is worth on rows that had no part in choosing it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg import validation as check
from fastreg.progress import Interrupted, Progress, Watch
from fastreg.selection.curve import SELECTIONS, averages
from fastreg.selection.folds import held_out_weight, make_folds, training_weight
from fastreg.selection.metrics import Held
from fastreg.selection.relaxed_cv import choose_relaxed, make_task, predictors, warn_relaxed
from fastreg.selection.relaxed_surface import Choice, CVRelaxed
from fastreg.summary import Shown
from fastreg.terms import FitTerms, Grid

OPTIONS = (
    "sample_weight", "offset", "penalty_factor", "fit_intercept", "standardize", "tol", "max_iter", "solver",
)  # fmt: skip


@dataclass
class NestedCV(Shown):
    """Outer folds, each with a model chosen on its training rows alone.

    Attributes
    ----------
    scores : (F,) score of each outer fold's held-out rows by the model chosen without them.
    mean, std_error : of the scores, as in `CVPath`.
    choices : the Choice of each outer fold; its score is that of the inner folds.
    models : the CVRelaxed of each outer fold.
    predictions : (n,) mean response of each row by the fold that held it out; NaN in rows that none held out.
    metric, greater_is_better : name of the score, and which way is up.
    """

    scores: np.ndarray
    mean: float
    std_error: float
    choices: list[Choice]
    models: list[CVRelaxed]
    predictions: np.ndarray
    metric: str
    greater_is_better: bool

    def summary(self) -> str:
        """A table for people: of each outer fold the model that was chosen without it, and its two scores."""
        better = "larger" if self.greater_is_better else "smaller"
        lines = [
            f"{self.metric} ({better} is better) of {self.scores.size} outer folds, {self.mean:.5g} +- "
            f"{self.std_error:.2g}, and of the inner folds that chose",
            "   fold        outer        inner        alpha   gamma      ridge   features",
        ]
        for number, (score, choice, model) in enumerate(zip(self.scores, self.choices, self.models), start=1):
            r, _, k = choice.place
            lines.append(
                f"{number:7d} {score:12.5g} {choice.score:12.5g} {choice.alpha:12.4g} {choice.gamma:7g} "
                f"{choice.ridge:10g} {model.relaxed[r].path.n_features_in[k]:10d}"
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        inner = float(np.mean([choice.score for choice in self.choices]))
        return (
            f"<fastreg.NestedCV: {self.metric} {self.mean:.5g} +- {self.std_error:.2g} over {self.scores.size} outer "
            f"folds\n (the inner folds, which chose the models, say {inner:.5g})>"
        )


def nested_cv_relaxed(
    X: Any,
    y: ArrayLike,
    *,
    outer: Any = 5,
    selection: str = "1se",
    gammas: ArrayLike = (0.0, 0.25, 0.5, 0.75, 1.0),
    ridges: ArrayLike = (0.0,),
    pilot: str | None = None,
    power: float = 1.0,
    cv: Any = 10,
    groups: ArrayLike | None = None,
    metric: Any = "deviance",
    random_state: Any = 0,
    family: str | type = "gaussian",
    l1_ratio: float = 1.0,
    alphas: ArrayLike | None = None,
    n_alphas: int = 100,
    alpha_min_ratio: float | None = None,
    verbose: bool | int = False,
    callback: Callable[[Progress], Any] | None = None,
    **options: Any,
) -> NestedCV:
    """Score `cv_relaxed` as a whole: in every outer fold it chooses on the training rows, and the others judge.

    Grid, pilot, supports, refits and the choice of alpha, gamma and ridge see nothing of an outer fold's held-out rows:
    their weight is zero. X is not copied.

    Parameters
    ----------
    outer : number of outer folds, a scikit-learn splitter, or pairs of (train, test) rows.
    selection : "1se" or "min": which model of the inner folds is judged.
    cv : number of inner folds, or a splitter.
    options : sample_weight, offset, penalty_factor, fit_intercept, standardize, tol, max_iter and solver of `fit_path`.
    gammas, ridges, pilot, power, groups, metric, random_state, family, l1_ratio, alphas, n_alphas, alpha_min_ratio,
    verbose, callback : as for `cv_relaxed`.

    Raises
    ------
    Interrupted (a KeyboardInterrupt) on Ctrl-C: `finished` holds the CVRelaxed of every outer fold that was done with.

    References
    ----------
    Varma and Simon (2006), Bias in error estimation when using cross-validation for model selection, BMC
    Bioinformatics 7, 91.
    """
    check.check_option("selection", selection, SELECTIONS)
    check.check_known("nested_cv_relaxed", options, OPTIONS)
    if not (isinstance(cv, int) or hasattr(cv, "split")):
        raise ValueError(f"cv must be a number of inner folds or a splitter here, got {cv!r}")
    task = make_task(
        X, y, gammas, ridges, pilot, power, metric, Grid(alphas, n_alphas, alpha_min_ratio),
        FitTerms(family, l1_ratio, names=check.feature_names_of(X), **options),
    )  # fmt: skip
    weight, stratify = task.terms.sample_weight, task.response.classes is not None
    labels = None if groups is None else np.asarray(groups)
    predictions, scores, shares = np.full(weight.size, np.nan), [], []
    models: list[CVRelaxed] = []
    outer_folds, watch = make_folds(outer, X, task.response.y, groups, stratify, random_state), Watch(verbose, callback)
    for number, (train, test) in enumerate(outer_folds, start=1):
        inner = _inner_folds(cv, train, task.response.y, labels, stratify, random_state)
        part = task._replace(terms=task.terms._replace(sample_weight=training_weight(train, weight, number)))
        watch.expect(len(outer_folds) * (1 + len(inner)) * (1 + task.ridges.size) * task.grid.count())
        try:
            model = choose_relaxed(part, inner, watch.within(f"outer fold {number} of {len(outer_folds)}"))
        except Interrupted as stop:
            stop.finished = models
            raise
        choice = model.choice(selection)
        eta = predictors(task, model.relaxed[choice.place[0]], choice.gamma, test)[[choice.place[2]]]
        share = held_out_weight(test, weight, f"outer fold {number}")
        held = Held(task.terms.family, task.y[test], weight[test] / share, eta, test, number)
        scores.append(float(task.metric.score(held)[0]))
        shares.append(1.0 if task.metric.equal_folds else share)
        predictions[test] = task.terms.family.mean(eta[0])
        models.append(model)
        warn_relaxed(model)
    mean, error = averages(np.array(scores)[:, None], np.array(shares))
    return NestedCV(
        np.array(scores), float(mean[0]), float(error[0]), [model.choice(selection) for model in models], models,
        predictions, task.metric.name, task.metric.greater_is_better,
    )  # fmt: skip


def _inner_folds(cv, train, y, groups, stratify, random_state):
    """Folds of the training rows, as rows of X."""
    blank = np.zeros((train.size, 1))  # splitters look at its length
    pairs = make_folds(cv, blank, y[train], None if groups is None else groups[train], stratify, random_state)
    return [(train[rows], train[held]) for rows, held in pairs]
