"""What cross-validation, relaxed fits and stability selection tell while they run, and what is left when stopped."""

from typing import ClassVar

import certified
import numpy as np
import pytest
from grids import few

from fastreg import (
    Interrupted,
    LassoCV,
    LogisticRegressionCV,
    MultiTaskElasticNetCV,
    cv_path,
    cv_relaxed,
    fit_multi_path,
    nested_cv_relaxed,
    stability_selection,
)
from fastreg.interface import progress

CASES = {
    "blocks": ("gaussian", (40, 90), {}),
    "points": ("gaussian", (60, 12), {"l1_ratio": [0.5, 1.0]}),
    "tall": ("gaussian", (12_000, 20), {}),
    "newton": ("binomial", (40, 90), {}),
}


def stop_at(point):
    """A callback that acts as Ctrl-C does."""

    def callback(progress):
        if progress.point == point:
            raise KeyboardInterrupt

    return callback


@few(2)
@pytest.mark.parametrize("case", CASES)
def test_cross_validation_tells_of_every_point(case):
    family, (n, p), options = CASES[case]
    X, y = certified.draw(family, n=n, p=p)
    options = {"family": family, "cv": 3, "n_alphas": 6, "alpha_min_ratio": 0.1} | options
    heard = []
    found = cv_path(X, y, callback=heard.append, **options)
    np.testing.assert_array_equal(found.fold_scores, cv_path(X, y, **options).fold_scores)
    total = 4 * 6 * len(found.l1_ratios)
    assert [each.point for each in heard] == list(range(1, total + 1)) and {each.n_points for each in heard} == {total}
    stages = {each.stage.split(", ")[-1] for each in heard}
    assert stages == {"all rows", "fold 1 of 3", "fold 2 of 3", "fold 3 of 3"}
    assert all(each.gap <= 1e-6 for each in heard)
    seconds = [each.seconds for each in heard]
    assert seconds == sorted(seconds)


@few(2)
@pytest.mark.parametrize("case", CASES)
def test_an_interrupt_keeps_the_points_of_all_rows_and_of_the_folds(case):
    family, (n, p), options = CASES[case]
    X, y = certified.draw(family, n=n, p=p)
    options = {"family": family, "cv": 3, "n_alphas": 6, "alpha_min_ratio": 0.1} | options
    whole = cv_path(X, y, **options)
    first = whole.per_l1_ratio[0] if whole.per_l1_ratio else whole
    ratio = first.l1_ratio
    with pytest.raises(Interrupted, match="after 3 of 6 points") as caught:
        cv_path(X, y, callback=stop_at(3), **options)
    certified.assert_certified(caught.value.path, X, y, tol=1e-6, family=family, l1_ratio=ratio)
    assert caught.value.path.alphas.size == 3 and caught.value.folds == caught.value.finished == []
    with pytest.raises(Interrupted, match="of folds") as caught:
        cv_path(X, y, callback=stop_at(6 + 15), **options)
    np.testing.assert_array_equal(caught.value.path.coefs.toarray(), first.path.coefs.toarray())
    done = [0 if path is None else path.alphas.size for path in caught.value.folds]
    assert sum(done) == 15 if case != "tall" else done[0] == 6  # a compressed path is certified as a whole
    for fold, path in enumerate(caught.value.folds):
        train = whole.test_folds != fold
        if path is not None:
            certified.assert_certified(path, X[train], y[train], tol=1e-6, family=family, l1_ratio=ratio)


def test_an_interrupt_keeps_the_curves_of_the_l1_ratios_that_are_done():
    X, y = certified.draw("gaussian", n=60, p=12)
    options = {"l1_ratio": [1.0, 0.5], "cv": 3, "n_alphas": 6}
    with pytest.raises(Interrupted) as caught:
        cv_path(X, y, callback=stop_at(24 + 8), **options)
    (curve,) = caught.value.finished
    np.testing.assert_array_equal(curve.mean, cv_path(X, y, **options).per_l1_ratio[0].mean)
    assert caught.value.path.l1_ratio == 0.5


@pytest.mark.slow
def test_an_interrupt_of_relaxed_and_nested_cross_validation():
    X, y = certified.draw("gaussian", n=60, p=12)
    options, heard = {"cv": 3, "n_alphas": 6, "ridges": (0.0, 0.1)}, []
    whole = cv_relaxed(X, y, callback=heard.append, **options)
    assert heard[-1].point == heard[-1].n_points == 4 * 6 * 3 and heard[-1].stage == "refits of fold 3 of 3"
    with pytest.raises(Interrupted, match="refits") as caught:
        cv_relaxed(X, y, callback=stop_at(24 + 12), **options)
    np.testing.assert_array_equal(caught.value.path.coefs.toarray(), whole.relaxed[0].path.coefs.toarray())
    assert len(caught.value.folds) == 3
    for pilot in (None, "ridge"):
        with pytest.raises(Interrupted) as caught:
            nested_cv_relaxed(X, y, outer=3, pilot=pilot, callback=stop_at(72 + 6 + 9), **options)
        (model,), path = caught.value.finished, caught.value.path
        assert path.alphas.size == 6 and len(caught.value.folds) >= 1
        chosen = nested_cv_relaxed(X, y, outer=3, pilot=pilot, **options).models[0]
        np.testing.assert_array_equal(model.mean, chosen.mean)


def test_stability_selection_tells_and_keeps_the_pairs_that_are_done():
    X, y = certified.draw("gaussian", n=60, p=30)
    options, heard = {"n_pairs": 8, "n_alphas": 20, "expected_errors": 3.0}, []
    stable = stability_selection(X, y, callback=heard.append, **options)
    assert heard[0].stage == "all rows" and heard[-1].point == heard[-1].n_points and "of 16" in heard[-1].stage

    def stop(progress):
        if progress.stage == "half 12 of 16":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="after 5 of 8 pairs") as caught:
        stability_selection(X, y, callback=stop, **options)
    (part,) = caught.value.finished
    assert part.n_pairs == 5 and part.converged and part.counts.max() <= 10
    k = min(part.alphas.size, stable.alphas.size)
    np.testing.assert_array_equal(part.gaps[:, :k], stable.gaps[:10, :k])
    with pytest.raises(Interrupted) as caught:
        stability_selection(X, y, callback=stop_at(25), **options)
    assert caught.value.finished == [] and caught.value.path.alphas.size == 20


def test_bars_are_shown_and_say_which_fit_it_is(monkeypatch, capsys):
    X, y = certified.draw("gaussian", n=60, p=30)
    monkeypatch.setattr("fastreg.interface.progress.WAIT", 0.0)
    monkeypatch.setattr("fastreg.interface.progress.QUIET_PAUSE", 0.0)
    for fit, word in [
        (cv_path, "fold 2 of 3"),
        (cv_relaxed, "refits of fold 3 of 3"),
        (nested_cv_relaxed, "outer fold"),
    ]:
        capsys.readouterr()
        fit(X, y, cv=3, n_alphas=5, verbose=1)
        assert word in capsys.readouterr().err
    stability_selection(X, y, n_pairs=2, n_alphas=5, verbose=1, expected_errors=5.0)
    assert "half 4 of 4" in capsys.readouterr().err


@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_paths_of_several_responses_tell_and_keep_their_points(family):
    X, y = certified.draw("gaussian", n=40, p=15)
    Y = np.column_stack([y, X[:, 1] - y]) if family == "gaussian" else np.digitize(y, np.quantile(y, [0.3, 0.7]))
    heard = []
    whole = fit_multi_path(X, Y, family=family, n_alphas=6, callback=heard.append)
    assert [each.point for each in heard] == [1, 2, 3, 4, 5, 6] and {each.n_points for each in heard} == {6}
    assert [each.alpha for each in heard] == whole.alphas.tolist()
    assert [each.gap for each in heard] == whole.gaps.tolist()
    assert [each.support for each in heard] == [np.any([c[:, [k]].toarray() for c in whole.coefs], axis=0).sum()
                                                for k in range(6)]  # fmt: skip
    with pytest.raises(Interrupted, match="after 3 of 6 points") as caught:
        fit_multi_path(X, Y, family=family, n_alphas=6, callback=stop_at(3))
    path = caught.value.path
    assert path.alphas.size == 3 and np.all(path.gaps <= 1e-6)
    for coef, same in zip(path.coefs, whole.coefs):
        np.testing.assert_array_equal(coef.toarray(), same[:, :3].toarray())
    with pytest.raises(Interrupted) as caught:
        fit_multi_path(X, Y, family=family, n_alphas=6, callback=stop_at(1), tol=1e-9)
    assert caught.value.path.alphas.size == 1


class Listener:
    """In the place of the bar: it hears, and acts as Ctrl-C does at one point."""

    heard: ClassVar[list] = []
    last: ClassVar[int | None] = None

    def show(self, told):
        self.heard.append(told)
        if told.point == self.last:
            raise KeyboardInterrupt

    def close(self):
        pass


@few(2)
@pytest.mark.parametrize("kind", ["lasso", "two classes", "a class missing", "three classes", "tasks"])
def test_estimators_show_a_bar_and_keep_what_was_done(kind, monkeypatch):
    X, y = certified.draw("gaussian", n=45, p=6)
    logistic = LogisticRegressionCV(Cs=4, cv=3, l1_ratios=[0.5, 1.0], scoring="accuracy", use_legacy_attributes=False)
    thirds, whole = np.digitize(y, np.quantile(y, [0.3, 0.7])), [(np.r_[:15], np.r_[15:45]), (np.r_[5:45], np.r_[:5])]
    model, target = {
        "lasso": lambda: (LassoCV(alphas=4, cv=3), y),
        "two classes": lambda: (logistic, y > np.median(y)),
        "a class missing": lambda: (logistic.set_params(cv=whole), np.arange(45) >= 15),
        "three classes": lambda: (logistic, thirds),
        "tasks": lambda: (MultiTaskElasticNetCV(alphas=4, cv=3, l1_ratio=[0.5, 1.0]), np.column_stack([y, X[:, 0]])),
    }[kind]()
    monkeypatch.setattr(progress, "Bar", Listener)
    monkeypatch.setattr(Listener, "heard", [])
    quiet = model.fit(X, target).cv_path_
    assert not Listener.heard
    loud = model.set_params(verbose=1).fit(X, target).cv_path_
    np.testing.assert_array_equal(quiet.fold_scores, loud.fold_scores)
    ratios, folds = len(getattr(model, "l1_ratios", None) or np.atleast_1d(getattr(model, "l1_ratio", 1.0))), 3
    if kind == "a class missing":  # its first fold has nothing to fit
        folds = 1
    numbers = [each.point for each in Listener.heard]
    assert numbers == list(range(1, 4 * ratios * (1 + folds) + 1))
    monkeypatch.setattr(Listener, "last", 4 + 3)
    with pytest.raises(Interrupted) as caught:
        model.fit(X, target)
    kept = caught.value
    assert kept.path.alphas.size == 4 and np.all(kept.path.gaps <= 1e-6) and kept.finished == []
    done = [0 if path is None else path.alphas.size for path in kept.folds]
    assert sum(done) == (3 if kind != "a class missing" else 7)
    if ratios > 1:
        monkeypatch.setattr(Listener, "last", 4 * (1 + folds) + 2)
        with pytest.raises(Interrupted) as caught:
            model.fit(X, target)
        assert len(caught.value.finished) == 1 and caught.value.path.alphas.size == 2
