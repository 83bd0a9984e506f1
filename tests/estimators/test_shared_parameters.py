"""What estimators have from the functions: offset, bounds, standardize, penalty_factor; fits and folds are the same."""

import pickle
import warnings

import certified
import certified_multi
import numpy as np
import pytest
from grids import few
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastreg
from fastreg import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)

N, P = 60, 6
RNG = np.random.default_rng(5)
X = RNG.normal(size=(N, P)) * np.array([1.0, 3.0, 0.2, 1.0, 1.0, 5.0])
OFFSET = RNG.normal(size=N)
WEIGHT = RNG.uniform(0.5, 2.0, N)
Y = X @ np.array([1.0, -0.5, 2.0, 0.0, 0.0, 0.1]) + OFFSET + 0.3 * RNG.normal(size=N)
TWO = (Y > 0).astype(float)
FACTOR = np.array([1.0, 0.0, 0.5, 1.0, 2.0, 1.0])
OPTIONS = {"penalty_factor": FACTOR, "standardize": True, "lower": -0.3, "upper": [0.4, 1, 1, 1, 1, 1]}
FREE = {"penalty_factor": FACTOR, "standardize": True}
ROWS = {"sample_weight": WEIGHT, "offset": OFFSET}
QUIET = {"l1_ratios": [0.5], "scoring": "neg_log_loss", "use_legacy_attributes": False}
TOTAL = WEIGHT.sum()


@few(2)
@pytest.mark.parametrize(
    "model, y, options",
    [
        (Lasso(alpha=0.1), Y, {"alphas": [0.1]}),
        (ElasticNet(alpha=0.1, l1_ratio=0.3), Y, {"alphas": [0.1], "l1_ratio": 0.3}),
        (Ridge(alpha=2.0), Y, {"alphas": [2.0 / TOTAL], "l1_ratio": 0.0}),
        (RidgeClassifier(alpha=2.0), TWO, {"alphas": [2.0 / TOTAL], "l1_ratio": 0.0}),
        (
            LogisticRegression(C=2.0, l1_ratio=0.5),
            TWO,
            {"alphas": [0.5 / TOTAL], "l1_ratio": 0.5, "family": "binomial"},
        ),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
def test_a_fit_is_that_of_fit_path(model, y, options):
    target = 2 * y - 1 if isinstance(model, RidgeClassifier) else y
    path = certified.fit(X, target, tol=1e-12, **options, **OPTIONS, **ROWS)
    coef, intercept = certified.column(path, 0)
    model = clone(model).set_params(tol=1e-12, **OPTIONS).fit(X, y, **ROWS)
    np.testing.assert_allclose(np.ravel(model.coef_), coef, atol=1e-6)
    at_bounds = np.isin(coef, [-0.3, 0.4, 1.0])
    assert at_bounds.any() and np.array_equal(np.ravel(model.coef_)[at_bounds], coef[at_bounds])
    eta = X @ coef + intercept + OFFSET
    shown = model.decision_function if hasattr(model, "decision_function") else model.predict
    np.testing.assert_allclose(shown(X, offset=OFFSET), eta, atol=1e-5)
    assert model.score(X, y, offset=OFFSET) > 0.5
    for call in (shown, lambda X: model.score(X, y)):
        with pytest.raises(ValueError, match="fitted with an offset, and none is given"):
            call(X)
    np.testing.assert_allclose(shown(X, offset=0), eta - OFFSET, atol=1e-5)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(model)).predict(X, offset=1.5), model.predict(X, offset=1.5)
    )
    with pytest.raises(ValueError, match="offset, which scikit-learn cannot add; keep it"):
        model.to_sklearn()


@pytest.mark.parametrize("ridge", [Ridge(alpha=1.0, **FREE), Ridge(alpha=[1.0, 5.0], **FREE)])
def test_targets_may_have_offsets_of_their_own(ridge):
    shift = np.c_[OFFSET, 2 * OFFSET[::-1]]
    both = ridge.fit(X, np.c_[Y, TWO], WEIGHT, offset=shift)
    for k, (y, alpha) in enumerate(zip((Y, TWO), np.broadcast_to(ridge.alpha, 2))):
        one = Ridge(alpha=alpha, **FREE).fit(X, y, WEIGHT, offset=shift[:, k])
        np.testing.assert_allclose(both.coef_[k], one.coef_, atol=1e-8)
        np.testing.assert_allclose(both.predict(X, offset=shift)[:, k], one.predict(X, offset=shift[:, k]), atol=1e-8)
    with pytest.raises(ValueError, match="offset"):
        both.predict(X, offset=shift[:, 0])


def test_several_targets_and_classes_are_those_of_fit_multi_path():
    responses, shift = np.c_[Y, X[:, 3]], np.c_[OFFSET, OFFSET**2]
    rows = {"sample_weight": WEIGHT, "offset": shift}
    path = certified_multi.fit(X, responses, alphas=[0.1], l1_ratio=0.5, tol=1e-11, **FREE, **rows)
    model = MultiTaskElasticNet(alpha=0.1, tol=1e-11, **FREE).fit(X, responses, **rows)
    np.testing.assert_allclose(model.coef_.T, path.point(0)[0], atol=1e-6)
    np.testing.assert_allclose(model.predict(X, offset=shift), X @ model.coef_.T + model.intercept_ + shift)

    classes = np.digitize(Y, [-1.0, 1.0])
    shift, bounds = RNG.normal(size=(N, 3)), {"lower": -0.2, "upper": np.full((P, 3), 0.5)}
    rows = {"sample_weight": WEIGHT, "offset": shift}
    kind = {"family": "multinomial", "l1_ratio": 1.0, "alphas": [1.0 / TOTAL]}
    path = certified_multi.fit(X, classes, tol=1e-11, **kind, **FREE, **bounds, **rows)
    model = LogisticRegression(l1_ratio=1.0, tol=1e-11, **FREE, **bounds).fit(X, classes, **rows)
    np.testing.assert_allclose(model.coef_.T, path.point(0)[0], atol=1e-5)
    expected = path.predict(X, path.alphas[0], offset=shift)
    np.testing.assert_allclose(model.predict_proba(X, offset=shift), expected, atol=1e-5)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X, offset=shift)), model.predict_proba(X, offset=shift))


FOLDS = list(KFold(4).split(X))


def test_folds_are_those_of_cv_path():
    asked = {"cv": FOLDS, "l1_ratio": 0.5, "alphas": [0.3, 0.1, 0.03]}
    found = fastreg.cv_path(X, Y, metric="mse", tol=1e-10, **asked, **OPTIONS, **ROWS)
    model = ElasticNetCV(tol=1e-10, rule="1se", **asked, **OPTIONS).fit(X, Y, **ROWS)
    np.testing.assert_allclose(model.mse_path_.T, found.fold_scores, rtol=1e-8)
    assert model.alpha_ == model.cv_path_.alpha_1se
    np.testing.assert_allclose(model.predict(X, offset=OFFSET), model.cv_path_.predict(X, "1se", offset=OFFSET))

    asked = {"cv": FOLDS, "l1_ratio": 0.5}
    found = fastreg.cv_path(X, TWO, family="binomial", metric="neg_log_loss", alphas=[0.1 / TOTAL], **asked,
                            tol=1e-10, **ROWS, **OPTIONS)  # fmt: skip
    model = LogisticRegressionCV(Cs=[10.0], cv=FOLDS, tol=1e-10, **QUIET, **OPTIONS).fit(X, TWO, **ROWS)
    np.testing.assert_allclose(model.coef_[0], found.coef("min")[0], atol=1e-6)
    shares = model.predict_proba(X, offset=OFFSET)
    assert model.score(X, TWO, offset=OFFSET) == pytest.approx(-log_loss(TWO, shares))

    responses, shift = np.c_[Y, X[:, 3]], np.c_[OFFSET, OFFSET**2]
    asked, rows = {"cv": FOLDS, "l1_ratio": 1.0, "alphas": [0.3, 0.1]}, {"offset": shift}
    found = fastreg.cv_path(X, responses, metric="mse", tol=1e-10, **asked, **FREE, **rows)
    model = MultiTaskElasticNetCV(tol=1e-10, **asked, **FREE).fit(X, responses, **rows)
    np.testing.assert_allclose(model.mse_path_.T, found.fold_scores, rtol=1e-6)
    one = MultiTaskElasticNetCV(tol=1e-10, **asked, **FREE).fit(X, responses[:, :1], offset=OFFSET)
    lasso = LassoCV(cv=FOLDS, alphas=[0.3, 0.1], tol=1e-10, **FREE).fit(X, Y, offset=OFFSET)
    np.testing.assert_allclose(one.coef_[0], lasso.coef_, atol=1e-6)


@pytest.mark.parametrize("y, model", [(Y, RidgeCV), (TWO, RidgeClassifierCV)])
def test_ridges_are_chosen_by_errors_on_the_scale_of_y(y, model):
    """An offset of least squares is a part of y, which scores see whole."""
    alphas = [0.1, 10.0, 1000.0]
    given = model(alphas, store_cv_results=True, **FREE).fit(X, y, **ROWS)
    if model is RidgeCV:
        loo = fastreg.ridge_loo(X, y, alphas=np.array(alphas[::-1]) / TOTAL, keep_predictions=True, **FREE, **ROWS)
        expected = WEIGHT[:, None] * (y[:, None] - loo.predictions[:, ::-1]) ** 2
        np.testing.assert_allclose(given.cv_results_, expected, rtol=1e-7)
        kept = RidgeCV(alphas, scoring="r2", store_cv_results=True, **FREE).fit(X, y, **ROWS)
        np.testing.assert_allclose(kept.cv_results_, loo.predictions[:, ::-1], rtol=1e-7)
    folds, scores = model(alphas, cv=FOLDS, **FREE).fit(X, y, offset=OFFSET), []
    for alpha in alphas:
        base = (Ridge if model is RidgeCV else RidgeClassifier)(alpha, **FREE)
        each = [
            clone(base).fit(X[train], y[train], offset=OFFSET[train]).score(X[test], y[test], offset=OFFSET[test])
            for train, test in FOLDS
        ]
        scores.append(np.mean(each))
    assert folds.best_score_ == pytest.approx(np.max(scores))
    assert folds.score(X, y, offset=OFFSET) > 0.5


def test_a_fold_that_lacks_a_class_has_the_offset_of_its_rows():
    y = np.array([0, 1] * 5 + [0] * 10)
    shift, pairs = np.linspace(-2, 2, 20), [(np.arange(10, 20), np.arange(10)), (np.arange(10), np.arange(10, 20))]
    model = LogisticRegressionCV(Cs=[1.0], cv=pairs, **QUIET).fit(X[:20], y, offset=shift)
    alone = LogisticRegression(C=1.0, l1_ratio=0.5).fit(X[:10], y[:10], offset=shift[:10])
    shares = alone.predict_proba(X[10:20], offset=shift[10:])
    assert model.scores_[1, 0, 0] == pytest.approx(-log_loss(y[10:], shares, labels=[0, 1]), rel=1e-3)


def test_offsets_are_routed():
    """By keyword they are always taken; through scikit-learn's tools with metadata routing."""
    with config_context(enable_metadata_routing=True):
        lasso = Lasso(tol=1e-10).set_fit_request(offset=True).set_predict_request(offset=True)
        search = GridSearchCV(
            make_pipeline(StandardScaler(), lasso.set_score_request(offset=True)),
            {"lasso__alpha": [0.3, 0.01]},
            cv=FOLDS,
        ).fit(X, Y, offset=OFFSET)
        best = search.best_estimator_
        by_hand = Lasso(alpha=0.01, standardize=True, tol=1e-10).fit(X, Y, offset=OFFSET)
        assert search.best_params_ == {"lasso__alpha": 0.01}
        np.testing.assert_allclose(best.predict(X, offset=OFFSET), by_hand.predict(X, offset=OFFSET), atol=1e-5)
        inner = make_pipeline(StandardScaler(), LassoCV(cv=4).set_fit_request(offset=True))
        chosen = inner.fit(X, Y, offset=OFFSET)[-1]
        assert chosen.alpha_ > 0 and chosen.cv_path_.path.has_offset


def test_what_does_not_go_together_is_said():
    with pytest.raises(ValueError, match="positive=True stands for lower=0"):
        Lasso(positive=True, lower=-1.0).fit(X, Y)
    np.testing.assert_array_equal(Ridge(positive=True).fit(X, Y).coef_, Ridge(lower=0).fit(X, Y).coef_)
    for model in (MultiTaskLasso, RidgeCV, RidgeClassifierCV):
        with pytest.raises(TypeError, match=f"{model.__name__}.*'lower'"):
            model(lower=0.0)
    with pytest.raises(ValueError, match="offset"):
        Lasso().fit(X, Y, offset=OFFSET[1:])
    refit = Lasso().fit(X, Y, offset=OFFSET).fit(X, Y)
    np.testing.assert_array_equal(refit.predict(X), X @ refit.coef_ + refit.intercept_)


def test_constructors_keep_what_they_get():
    model = Lasso(standardize=True, lower=FACTOR, missing={"a": "mean"})
    assert model.get_params()["lower"] is FACTOR and clone(model).get_params()["standardize"] is True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = Lasso(alpha=0.0, fit_intercept=False, tol=1e-14).fit(X, Y, offset=OFFSET)
    expected = LinearRegression(fit_intercept=False).fit(X, Y - OFFSET).coef_
    np.testing.assert_allclose(plain.coef_, expected, atol=1e-6)
