"""What cross-validation, relaxed fits and stability selection tell while they run, and what is left when stopped."""

import certified
import numpy as np
import pytest

from fastreg import Interrupted, cv_path, cv_relaxed, nested_cv_relaxed, stability_selection

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
    monkeypatch.setattr("fastreg.progress.WAIT", 0.0)
    monkeypatch.setattr("fastreg.progress.QUIET_PAUSE", 0.0)
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
