"""Folds: which rows are held out together."""

import numbers
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.arguments import framed

VANISHING = 0.1  # of a column's standard deviation over all rows, in a fold in which it hardly varies


class Folding(NamedTuple):
    """The parameters of `cv_path` that set the folds."""

    cv: Any = 10
    groups: Any = None
    random_state: Any = 0


def make_folds(cv, X, y, groups, stratify, random_state):
    """A list of (train rows, test rows) from a number of folds, a scikit-learn splitter, or pairs of rows.

    A number of folds shuffles the rows by `random_state`; `stratify` spreads the classes of y evenly over them, and
    rows of one group stay together.
    """
    n = len(y)
    groups = None if groups is None else check.check_labels("groups", groups, n)
    if isinstance(cv, numbers.Integral) and not isinstance(cv, bool):
        cv = _splitter(check.check_count("cv", cv, 2), y, groups, stratify, random_state)
    if hasattr(cv, "split") and not isinstance(cv, str):
        pairs = list(cv.split(X, y, groups))
    elif isinstance(cv, Iterable) and not isinstance(cv, str):
        pairs = list(cv)
    else:
        raise ValueError(
            f"cv must be a number of folds, a splitter with a split method, or pairs of (train, test), got {cv!r}"
        )
    if not pairs:
        raise ValueError("cv gives no folds at all; at least 2 are needed for a standard error, 1 for a mean")
    return [_rows(pair, number, n) for number, pair in enumerate(pairs, start=1)]


def framed_with_folds(X, options, cv, y, groups):
    """(X, options, y, groups) as `framed` returns them, and `cv` for the rows that are left.

    Where rows are dropped, pairs of rows are renumbered. A splitter splits all rows first, since one with folds of its
    own (PredefinedSplit) has one for each of them; a number of folds, and a splitter beside a formula, are of the rows
    that are left.
    """
    formula = isinstance(X, str)
    whole = options.get("data") if formula else y
    n = len(whole) if hasattr(whole, "__len__") else 0
    X, words, kept_y, kept_groups, rows = framed(X, options, y=y, groups=groups, rows=np.arange(n))
    left = isinstance(cv, numbers.Integral) or (formula and hasattr(cv, "split"))
    if rows.size < n and not left:
        response, groups = (np.zeros(n), None) if formula else (np.asarray(y), groups)  # pairs look at neither
        cv = renumbered(make_folds(cv, np.zeros((n, 1)), response, groups, False, None), rows, n)
    return X, words, kept_y, kept_groups, cv


def renumbered(pairs, rows, n):
    """Pairs of rows, of n, by their places among the `rows` that are left."""
    place = np.full(n, -1)
    place[rows] = np.arange(rows.size)
    return [tuple(place[part][place[part] >= 0] for part in pair) for pair in pairs]


def _splitter(folds, y, groups, stratify, random_state):
    """scikit-learn's splitter for a number of folds; a ValueError where there are too few rows, groups or labels."""
    from sklearn import model_selection as splitters

    if folds > y.size:
        raise ValueError(f"cv={folds} folds need at least {folds} rows, but X has {y.size}")
    if groups is not None and folds > (found := np.unique(groups).size):
        raise ValueError(f"cv={folds} folds need at least {folds} groups, but there are {found}; pass a smaller cv")
    if stratify and folds > (most := np.unique(y, return_counts=True)[1].max()):
        raise ValueError(
            f"cv={folds} folds need a class of at least {folds} rows, but the largest has {most}; pass a smaller cv"
        )
    options = {"n_splits": folds, "shuffle": True, "random_state": random_state}
    if groups is not None:
        return splitters.StratifiedGroupKFold(**options) if stratify else splitters.GroupKFold(**options)
    return splitters.StratifiedKFold(**options) if stratify else splitters.KFold(**options)


def _rows(pair, number, n):
    """The (train, test) rows of a fold as arrays of row numbers, checked."""
    try:
        train, test = pair
    except (TypeError, ValueError):
        raise ValueError(f"fold {number} of cv is not a pair (train rows, test rows): {pair!r}") from None
    found = []
    for name, rows in (("train", train), ("test", test)):
        check.refuse_masked(f"{name} of fold {number}", rows)
        rows = np.asarray(rows)
        if rows.dtype == bool and rows.shape == (n,):
            rows = np.flatnonzero(rows)
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise ValueError(f"the {name} rows of fold {number} must be row numbers or a mask of {n} True and False")
        if rows.size == 0:
            raise ValueError(f"fold {number} has no {name} rows")
        bad = rows[(rows < -n) | (rows >= n)]
        if bad.size:
            raise ValueError(f"fold {number} names {name} row {bad[0]}, but X has {n} rows")
        found.append(np.where(rows < 0, rows + n, rows).astype(np.intp))
    train, test = found
    trains, tests = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    trains[train] = tests[test] = True
    both = np.flatnonzero(trains & tests)
    if both.size:
        check.warn(
            f"fold {number} tests on row {both[0]}, which it also trains on ({both.size} such rows): its score will be "
            "too good",
            check.DataWarning,
        )
    return train, test


def training_weight(rows, weight, number):
    """The weights of a fold's fit: zero for the rows that it leaves out, double for a row that it lists twice."""
    fitted = weight * np.bincount(rows, minlength=weight.size)
    if not fitted.sum() > 0.0:
        raise ValueError(f"the training rows of fold {number} have no weight")
    return fitted


def weighted_folds(pairs, family_class, y, weight, score_weight, fit_intercept):
    """(weights of the fit, held-out rows) of each fold; a ValueError where one cannot be fitted or scored."""
    folds = []
    for number, (train, test) in enumerate(pairs, start=1):
        fitted = training_weight(train, weight, number)
        check_fold_response(family_class, y, fitted, fit_intercept, number)
        held_out_weight(test, score_weight, f"fold {number}")
        folds.append((fitted, test))
    return folds


def partitions(folds, weight):
    """Whether every row is held out once, and each fold fitted to all rows but those it holds out."""
    held_out = np.bincount(np.concatenate([test for _, test in folds]), minlength=weight.size)
    return bool(np.all(held_out == 1)) and all(np.array_equal(fitted, _without(test, weight)) for fitted, test in folds)


def _without(rows, weight):
    rest = weight.copy()
    rest[rows] = 0.0
    return rest


def held_out_weight(rows, weight, fold):
    """The weight of the held-out rows of a fold; a ValueError if it is zero."""
    total = float(weight[rows].sum())
    if not total > 0.0:
        raise ValueError(f"the test rows of {fold} have no weight, so there is nothing to score")
    return total


def check_fold_response(family_class, y, weight, fit_intercept, number):
    """Raise where a fold's training rows have no solution of their own."""
    degenerate = family_class.degenerate(y[weight > 0.0])
    if degenerate and fit_intercept:
        raise ValueError(
            f"in the training rows of fold {number} {degenerate}: an intercept has no solution there. Use fewer or "
            "stratified folds"
        )


def warn_of_vanishing(problem, fits, paths):
    """Warn of columns with coefficients in folds in which they hardly vary, where columns are standardised.

    So does a rare variant whose carriers are all held out, and whose unknown genotypes count as its mean: divided by
    its tiny standard deviation, a number next to nothing becomes a coefficient that the carriers' predictions blow up.
    """
    found = [
        used[fit.problem.posed.spread[used] < VANISHING * problem.spread[used]]
        for fit, path in zip(fits, paths)
        if (used := np.unique(path.coefs.indices)).size
    ]
    columns = np.unique(np.concatenate([*found, np.empty(0, dtype=np.int64)]))
    if columns.size:
        names = paths[0].feature_names
        first = names[columns[0]] if names else columns[0]
        check.warn(
            f"{columns.size} of the columns of X, such as {first}, vary less in the rows that a fold is fitted to than "
            f"in all, by a factor of {1 / VANISHING:g} or more, as rare variants with unknown genotypes do. "
            "standardize=True makes their coefficients as much larger, so that predictions for held-out rows are poor; "
            "use standardize=False, or leave such columns out",
            check.DataWarning,
            topic="vanishing columns",
        )
