"""Cross-validated relaxed paths against loops over the rows of each fold, and against leaking."""

import certified
import naive
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import few
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold

from fastreg import adaptive_factor, cv_relaxed, fit_path, nested_cv_relaxed, relax_path

GAMMAS = (0.0, 0.5, 1.0)


def loop(X, y, pairs, alphas, ridges, family, options, pilot=None):
    """(F, R, G, k) deviances by fits on the rows of each fold, and their squared and log losses written out."""
    weight, offset, factor, rest = options["sample_weight"], options["offset"], options["penalty_factor"], {}
    rest["standardize"] = options["standardize"]
    out = np.zeros((len(pairs), len(ridges), len(GAMMAS), alphas.size))
    for f, (train, test) in enumerate(pairs):
        rows = {"sample_weight": weight[train], "offset": offset[train], **rest}
        own = factor
        if pilot:
            own = adaptive_factor(
                X[train], y[train], pilot=pilot, family=family, penalty_factor=factor, tol=1e-9, **rows
            )
        path = certified.fit(X[train], y[train], family=family, alphas=alphas, penalty_factor=own, tol=1e-9, **rows)
        w = weight[test] / weight[test].sum()
        for r, ridge in enumerate(ridges):
            relaxed = relax_path(path, X[train], y[train], ridge=ridge, penalty_factor=own, **rows)
            for g, gamma in enumerate(GAMMAS):
                for k, alpha in enumerate(alphas):
                    coef, intercept = relaxed.coef(alpha, gamma)
                    eta = X[test] @ coef + intercept + offset[test]
                    loss = naive.FAMILIES[family].slack(y[test], eta, 0.0 * eta)
                    out[f, r, g, k] = 2 * w @ loss
    return out


@few(1)
@pytest.mark.parametrize("family", ["gaussian", "poisson"])
@pytest.mark.parametrize("pilot", [None, "ridge"])
@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array], ids=["dense", "sparse"])
def test_scores_are_those_of_a_loop_over_folds(family, pilot, kind):
    X, y = certified.draw(family, n=60, p=8, density=0.8)
    rng = np.random.default_rng(4)
    options = {"sample_weight": rng.random(60) + 0.2, "offset": 0.1 * rng.normal(size=60),
               "penalty_factor": np.array([0, 2, 1, 1, 1, 1, 1, 1.0]), "standardize": True}  # fmt: skip
    pairs, ridges = list(KFold(4).split(X)), (0.0, 0.05)
    chosen = cv_relaxed(
        kind(X), y, family=family, pilot=pilot, ridges=ridges, gammas=GAMMAS, cv=pairs, n_alphas=8, tol=1e-9,
        alpha_min_ratio=0.05, **options,
    )  # fmt: skip
    expected = loop(X, y, pairs, chosen.alphas, ridges, family, options, pilot)
    np.testing.assert_allclose(chosen.fold_scores, expected, rtol=1e-4)
    share = np.array([options["sample_weight"][test].sum() for _, test in pairs])
    np.testing.assert_allclose(chosen.mean, np.tensordot(share / share.sum(), chosen.fold_scores, 1))
    assert chosen.fold_gaps.shape == (4, 3, 8) and chosen.fold_gaps.max() <= 1e-9
    own = options["penalty_factor"]
    if pilot:
        own = adaptive_factor(X, y, pilot=pilot, family=family, tol=1e-9, **options)
        np.testing.assert_allclose(chosen.penalty_factor, own, rtol=1e-4)
    path = certified.fit(X, y, family=family, alphas=chosen.alphas, tol=1e-9, **options | {"penalty_factor": own})
    np.testing.assert_allclose(chosen.relaxed[1].path.coefs.toarray(), path.coefs.toarray(), atol=1e-4)


def test_the_choice_is_the_best_and_the_sparsest_within_one_error():
    X, y = certified.draw("gaussian", n=80, p=20)
    X = pd.DataFrame(X, columns=[f"x{j}" for j in range(20)])
    chosen = cv_relaxed(X, y, gammas=GAMMAS, ridges=(0.0, 0.1), n_alphas=20)
    best, sparse = chosen.choice("min"), chosen.choice("1se")
    assert best.score == chosen.mean.min() == chosen.mean[best.place]
    within = chosen.mean <= best.score + chosen.std_error[best.place]
    assert sparse.alpha == max(chosen.alphas[k] for k in range(20) if within[:, :, k].any())
    assert sparse.score == chosen.mean[:, :, sparse.place[2]].min()
    coef, intercept = chosen.coef("min")
    expected = chosen.relaxed[list(chosen.ridges).index(best.ridge)].coef(best.alpha, best.gamma)
    np.testing.assert_array_equal(coef, expected[0])
    np.testing.assert_allclose(chosen.predict(X, "min"), X.to_numpy() @ coef + intercept)
    assert chosen.support("min") == [f"x{j}" for j in np.flatnonzero(coef)]
    assert f"1se: alpha {sparse.alpha:.4g}" in repr(chosen)


def test_relaxing_pays_where_signals_are_strong():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 200))
    y = X[:, :5] @ np.full(5, 2.0) + rng.normal(size=150)
    chosen = cv_relaxed(X, y, cv=5)
    assert chosen.choice("min").gamma < 1.0 and chosen.mean[0, -1].min() > 1.05 * chosen.mean.min()
    assert chosen.support("1se") == [0, 1, 2, 3, 4]


def test_blends_with_separated_refits_are_not_chosen():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 30))
    y = np.where(X[:, 0] + 0.3 * rng.normal(size=60) > 0, "yes", "no")
    chosen = cv_relaxed(X, y, family="binomial", ridges=(0.0, 0.01), gammas=GAMMAS, cv=4)
    assert np.isnan(chosen.mean[0, 0]).any() and not np.isnan(chosen.mean[0, 2]).any()
    assert not np.isnan(chosen.mean[1]).any()
    assert np.isfinite(chosen.choice("min").score) and chosen.classes.tolist() == ["no", "yes"]
    wrong = np.mean((chosen.predict(X, "min") > 0.5) != (y == "yes"))
    assert wrong < 0.2


def test_nested_choices_are_those_of_the_training_rows_alone():
    X, y = certified.draw("gaussian", n=60, p=12)
    options = {"gammas": GAMMAS, "ridges": (0.0, 0.1), "pilot": "ridge", "n_alphas": 6}
    outer = list(KFold(3).split(X))
    nested = nested_cv_relaxed(X, y, outer=outer, cv=3, selection="min", **options)
    for f, (train, test) in enumerate(outer):
        alone = cv_relaxed(X[train], y[train], cv=3, **options)
        np.testing.assert_allclose(nested.models[f].mean, alone.mean, rtol=1e-3)
        assert nested.choices[f].place == alone.choice("min").place
        np.testing.assert_allclose(nested.predictions[test], alone.predict(X[test], "min"), rtol=1e-3, atol=1e-3)
        assert nested.scores[f] == pytest.approx(np.mean((y[test] - nested.predictions[test]) ** 2))
    assert nested.mean == pytest.approx(nested.scores.mean())
    assert nested.std_error == pytest.approx(nested.scores.std(ddof=1) / np.sqrt(3))
    assert "3 outer folds" in repr(nested)


def test_held_out_rows_of_the_outer_fold_do_not_matter():
    X, y = certified.draw("gaussian", n=50, p=10)
    outer = [(np.arange(40), np.arange(40, 50))]
    one = nested_cv_relaxed(X, y, outer=outer, cv=3, n_alphas=10, pilot="lasso")
    changed, other = X.copy(), y.copy()
    changed[40:] *= -3.0
    other[40:] += 100.0
    two = nested_cv_relaxed(changed, other, outer=outer, cv=3, n_alphas=10, pilot="lasso")
    np.testing.assert_allclose(one.models[0].mean, two.models[0].mean, rtol=1e-9)
    np.testing.assert_allclose(one.models[0].coef()[0], two.models[0].coef()[0], rtol=1e-9)
    assert one.scores[0] != two.scores[0]


@pytest.mark.slow
def test_noise_scores_no_better_than_chance_only_when_nested():
    """Selecting on all rows and judging on them looks good on noise; nested cross-validation is not taken in."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 200)), np.arange(60) % 2
    nested = nested_cv_relaxed(X, y, family="binomial", ridges=(0.05,), gammas=(0.0,), metric="auc", cv=4, n_alphas=20)
    assert abs(nested.mean - 0.5) < 0.15
    path = fit_path(X, y, family="binomial", alphas=[0.12])
    leaking = relax_path(path, X, y, ridge=0.05).predict(X, 0.12)
    assert roc_auc_score(y, leaking) > 0.85


def test_groups_stay_together_and_errors_name_the_argument():
    X, y = certified.draw("gaussian", n=40, p=6)
    groups = np.repeat(np.arange(10), 4)
    nested = nested_cv_relaxed(X, y, groups=groups, cv=3, outer=3, n_alphas=5)
    assert np.all(np.isfinite(nested.predictions))
    for options, message in [
        ({"gammas": [0.5, 1.5]}, r"gammas must be in \[0, 1\] and finite, but gammas\[1\] = 1.5"),
        ({"ridges": []}, "ridges must be a number or a non-empty vector"),
        ({"pilot": "ols"}, "pilot must be one of"),
        ({"l1_ratio": 2.0}, "l1_ratio must be in"),
    ]:
        with pytest.raises(ValueError, match=message):
            cv_relaxed(X, y, **options)
    with pytest.raises(ValueError, match="selection must be one of 'min', '1se'"):
        nested_cv_relaxed(X, y, selection="max")
    with pytest.raises(TypeError, match=r"nested_cv_relaxed\(\) got an unexpected keyword argument 'lower'"):
        nested_cv_relaxed(X, y, lower=0.0)
    with pytest.raises(ValueError, match="cv must be a number of inner folds or a splitter"):
        nested_cv_relaxed(X, y, cv=[(np.arange(20), np.arange(20, 40))])
