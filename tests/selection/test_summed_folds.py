"""cv_path(sums=[...]): cross-validation from sums over the rows of each fold is that of the rows."""

import certified
import numpy as np
import pytest
from grids import few

import fastreg
from fastreg import RowSums, cv_path

X, y = certified.draw("gaussian", n=90, p=5, seed=2)
X, y = X - 3.0, y + 7.0
WEIGHT = np.random.default_rng(5).uniform(0.5, 2.0, size=90)
FOLDS = np.arange(90) % 4
PAIRS = [(np.flatnonzero(k != FOLDS), np.flatnonzero(k == FOLDS)) for k in range(4)]


def parts(weight=None):
    out = []
    for _, test in PAIRS:
        sums = RowSums(list("abcde"))
        sums.add(X[test], y[test], None if weight is None else weight[test])
        out.append(sums)
    return out


OPTIONS: list[dict] = [{}, {"l1_ratio": [0.5, 1.0], "standardize": True}, {"fit_intercept": False}]


@few(2)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_scores_and_fits_are_those_of_the_rows(options):
    found = cv_path(sums=parts(WEIGHT), tol=1e-10, n_alphas=20, **options)
    other = cv_path(X, y, sample_weight=WEIGHT, cv=PAIRS, tol=1e-10, n_alphas=20, **options)
    np.testing.assert_allclose(found.fold_scores, other.fold_scores, rtol=1e-6)
    np.testing.assert_allclose(found.std_error, other.std_error, rtol=1e-5)
    assert (found.index_min, found.index_1se, found.l1_ratio) == (other.index_min, other.index_1se, other.l1_ratio)
    words = {"standardize": options.get("standardize", False), "fit_intercept": options.get("fit_intercept", True)}
    for path, (train, _) in zip(found.fold_paths, PAIRS):
        certified.assert_certified(
            path, X[train], y[train], tol=1e-10, sample_weight=WEIGHT[train], l1_ratio=found.l1_ratio, **words
        )
    assert found.fold_gaps.max() <= 1e-10 and found.test_folds is None and found.path.feature_names == list("abcde")


def test_what_does_not_go_with_sums_is_refused():
    for words, message in [
        ({"metric": "mae"}, "metric='mse' or 'deviance', got 'mae'"), ({"y": y}, "sums and y are given"),
        ({"groups": FOLDS}, "sums and groups"), ({"unseen": "zero"}, "sums and unseen"),
        ({"keep_predictions": True}, "sums and keep_predictions"),
        ({"family": "poisson"}, "needs the rows themselves"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            cv_path(sums=parts(), **words)
    with pytest.raises(ValueError, match="a list of RowSums"):
        cv_path(sums=parts()[0])
    with pytest.raises(ValueError, match="at least 2 folds, got 1"):
        cv_path(sums=parts()[:1])
    with pytest.raises(ValueError, match="none of them of positive weight"):
        cv_path(sums=[*parts(), RowSums()])


def test_progress_counts_all_fits_and_an_interrupt_keeps_the_folds():
    seen = []
    cv_path(sums=parts(), n_alphas=3, callback=seen.append)
    assert [each.point for each in seen] == list(range(1, 16)) and seen[-1].stage == "fold 4 of 4"

    def stop(progress):
        if progress.stage.startswith("fold 2"):
            raise KeyboardInterrupt

    with pytest.raises(fastreg.Interrupted) as stopped:
        cv_path(sums=parts(), n_alphas=3, callback=stop)
    assert stopped.value.path.alphas.size == 3
    assert [fold.alphas.size for fold in stopped.value.folds] == [3, 1]
