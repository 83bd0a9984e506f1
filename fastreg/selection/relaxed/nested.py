"""Nested cross-validation: what a model chosen by cross-validation is worth on rows that had no part in choosing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.arguments import SelectionOptions, bundles
from fastreg.interface.interrupts import hold, interruptible
from fastreg.interface.naming import explains_names
from fastreg.interface.progress import Watch
from fastreg.interface.shared_options import takes_options_of
from fastreg.interface.summary import Shown
from fastreg.paths.fit_path import fit_path
from fastreg.selection.cross_validation.cv_path import cv_path
from fastreg.selection.cross_validation.folds import framed_with_folds, held_out_weight, make_folds, training_weight
from fastreg.selection.cross_validation.metrics import Held
from fastreg.selection.cross_validation.result import SELECTIONS, as_written_here, averages
from fastreg.selection.relaxed.cv_relaxed import choose_relaxed, cv_relaxed, make_task, predictors, warn_relaxed
from fastreg.selection.relaxed.result import Choice, CVRelaxed


@explains_names
@dataclass
class NestedCV(Shown):
    """Outer folds, each with a model chosen on its training rows alone.

    The result of `nested_cv_relaxed`; its parameters are its attributes.

    Parameters
    ----------
    scores : ndarray of shape (F,)
        Score of each outer fold's held-out rows by the model chosen without them.
    mean : float
        Mean of the scores, as in `CVPath`.
    std_error : float
        Its standard error, as in `CVPath`.
    choices : list of Choice
        The choice of each outer fold; its score is that of the inner folds.
    models : list of CVRelaxed
        The models of each outer fold.
    predictions : ndarray of shape (n,)
        Mean response of each row by the fold that held it out; NaN in rows that none held out.
    metric : str
        Name of the score.
    greater_is_better : bool
        Whether a larger score is better.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> X = np.arange(12.0)[:, None]
    >>> judged = fastreg.nested_cv_relaxed(X, X[:, 0], outer=3, cv=2, alphas=[0.5, 0.1])
    >>> judged.scores.shape, judged.predictions.shape
    ((3,), (12,))
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
        """A table for people: of each outer fold the model that was chosen without it, and its two scores.

        Returns
        -------
        str
            The table.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> judged = fastreg.nested_cv_relaxed(X, X[:, 0], outer=3, cv=2, alphas=[0.5, 0.1])
        >>> judged.summary().count(chr(10))
        4
        """
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
                f"{choice.ridge:10g} {model.relaxed[r].path.n_nonzero[k]:10d}"
            )
        return "\n".join(lines)

    def to_frame(self, library: str = "pandas") -> Any:
        """The outer folds as a data frame, a row a fold.

        The columns are "fold" (from 0), "score" (of the rows held out), "inner_score" (of the inner folds, which
        chose), and "alpha", "gamma", "ridge" and "n_nonzero" of the model chosen.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            A row a fold.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> judged = fastreg.nested_cv_relaxed(X, X[:, 0], outer=3, cv=2, alphas=[0.5, 0.1])
        >>> judged.to_frame()["n_nonzero"].tolist()
        [1, 1, 1]
        """
        from fastreg.selection.data_frames import nested_frame

        return nested_frame(self, library)

    def __repr__(self) -> str:
        inner = float(np.mean([choice.score for choice in self.choices]))
        return (
            f"<fastreg.NestedCV: {self.metric} {self.mean:.5g} +- {self.std_error:.2g} over {self.scores.size} outer "
            f"folds\n (the inner folds, which chose the models, say {inner:.5g})>"
        )


@takes_options_of(fit_path, cv_path, cv_relaxed)
@check.each_once()
@interruptible()
def nested_cv_relaxed(
    X: Any,
    y: ArrayLike | str | None = None,
    *,
    outer: Any = 5,
    selection: str = "1se",
    gammas: ArrayLike = (0.0, 0.25, 0.5, 0.75, 1.0),
    ridges: ArrayLike = (0.0,),
    pilot: str | None = None,
    power: float = 1.0,
    cv: Any = 10,
    groups: ArrayLike | str | None = None,
    metric: Any = "deviance",
    random_state: Any = 0,
    **options: Unpack[SelectionOptions],
) -> NestedCV:
    """Score `cv_relaxed` as a whole: in every outer fold it chooses on the training rows, and the others judge.

    Grid, pilot, supports, refits and the choice of alpha, gamma and ridge see nothing of an outer fold's held-out rows:
    their weight is zero. X is not copied.

    Parameters
    ----------
    X, y : as for `fit_path`
    outer : int, splitter or iterable, default=5
        A number of outer folds, a scikit-learn splitter, or pairs of (train, test) rows.
    selection : {"1se", "min"}, default="1se"
        Which model of the inner folds is judged.
    gammas, ridges, pilot, power : as for `cv_relaxed`
    cv : int or splitter, default=10
        A number of inner folds, or a splitter.
    groups, metric, random_state : as for `cv_path`
    callback : as for `cv_path`
    **options : as for `fit_path`

    Returns
    -------
    NestedCV
        The scores of the outer folds, and the model chosen in each.

    Raises
    ------
    ValueError
        Where an argument is out of its range, a fold cannot be fitted or scored.
    Interrupted
        On Ctrl-C or SIGTERM (it is a KeyboardInterrupt). `finished` holds the CVRelaxed of every outer fold that was
        done with.

    References
    ----------
    Varma and Simon (2006), Bias in error estimation when using cross-validation for model selection, BMC
    Bioinformatics 7, 91.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import nested_cv_relaxed
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> judged = nested_cv_relaxed(X, y, outer=3, cv=3, gammas=(0.0, 1.0), n_alphas=10)
    >>> judged.scores.shape, len(judged.models)
    ((3,), 3)
    """
    selection = as_written_here(selection)
    check.check_option("selection", selection, SELECTIONS)
    if not (isinstance(cv, int) or hasattr(cv, "split")):
        raise ValueError(f"cv must be a number of inner folds or a splitter here, got {cv!r}")
    X, words, y, groups, outer = framed_with_folds(X, options, outer, y, groups)
    fit_options, grid, watching = bundles(X, words)
    task = make_task(X, y, gammas, ridges, pilot, power, metric, grid, fit_options)
    weight, stratify = task.options.sample_weight, task.response.classes is not None
    labels = None if groups is None else np.asarray(groups)
    predictions, scores, shares = np.full(weight.size, np.nan), [], []
    models: list[CVRelaxed] = []
    outer_folds = make_folds(outer, X, task.response.y, groups, stratify, random_state)
    watch = Watch(watching.verbose, watching.callback)
    for number, (train, test) in enumerate(outer_folds, start=1):
        inner = _inner_folds(cv, train, task.response.y, labels, stratify, random_state)
        part = task._replace(options=task.options._replace(sample_weight=training_weight(train, weight, number)))
        watch.expect(len(outer_folds) * (1 + len(inner)) * (1 + task.ridges.size) * task.grid.size())
        try:
            model = choose_relaxed(part, inner, watch.within(f"outer fold {number} of {len(outer_folds)}"))
        except BaseException as stop:
            hold(stop, finished=models)
            raise
        choice = model.choice(selection)
        eta = predictors(task, model.relaxed[choice.place[0]], choice.gamma, test)[[choice.place[2]]]
        share = held_out_weight(test, weight, f"outer fold {number}")
        held = Held(task.options.family, task.y[test], weight[test] / share, eta, test, number)
        scores.append(float(task.metric.score(held)[0]))
        shares.append(1.0 if task.metric.equal_folds else share)
        predictions[test] = task.options.family.mean(eta[0])
        models.append(model)
        warn_relaxed(model)
    mean, error = averages(np.array(scores)[:, None], np.array(shares))
    return NestedCV(
        np.array(scores), float(mean[0]), float(error[0]), [model.choice(selection) for model in models], models,
        predictions, task.metric.name, task.metric.greater_is_better,
    )  # fmt: skip


def _inner_folds(cv, train, y, groups, stratify, random_state):
    """Folds of the training rows, as rows of X."""
    blank = np.zeros((train.size, 1))  # splitters use the length of X only
    pairs = make_folds(cv, blank, y[train], None if groups is None else groups[train], stratify, random_state)
    return [(train[rows], train[held]) for rows, held in pairs]
