"""Estimators that cross-validate several targets or classes, against scikit-learn's own and against certificates."""

import inspect
import pickle
import warnings

import naive_multi as naive
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as peers
from grids import few, spread
from own_parameters import BOUNDED, UNBOUNDED
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import accuracy_score, get_scorer, log_loss
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from test_multi_estimators import MAKE, SKLEARN, assert_pickles, assert_takes_frames, classes, target_of, targets

import fastreg
from fastreg import (
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    RidgeClassifier,
    RidgeClassifierCV,
)

QUIET = {"l1_ratios": (0.0,), "scoring": "neg_log_loss", "use_legacy_attributes": False}


@spread(12)
@parametrize_with_checks([RidgeClassifierCV()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.peers
@parametrize_with_checks(
    [
        MultiTaskLassoCV(alphas=10, tol=1e-12),
        MultiTaskElasticNetCV(alphas=10, tol=1e-12),
        MultiTaskElasticNetCV(l1_ratio=[0.0, 0.5], alphas=[1.0, 0.1], rule="1se", fit_intercept=False),
        RidgeClassifierCV(cv=3, rule="1se", standardize=True),
        RidgeClassifierCV([1.0], scoring="accuracy"),
    ]
)
def test_scikit_learn_checks_with_other_parameters(estimator, check):
    check(estimator)


def test_parameters_and_defaults_are_scikit_learns():
    if SKLEARN < (1, 9):
        pytest.skip("the signatures are those of scikit-learn 1.9")
    for cls in (MultiTaskLassoCV, MultiTaskElasticNetCV, RidgeClassifierCV, LogisticRegressionCV):
        ours = {name: value.default for name, value in inspect.signature(cls).parameters.items()}
        theirs = {n: v.default for n, v in inspect.signature(getattr(peers, cls.__name__)).parameters.items()}
        assert set(ours) - set(theirs) <= {"rule", "selection", "tol", *BOUNDED}
        assert {"rule", "selection", *UNBOUNDED} <= set(ours)
        different = {name for name in theirs if ours[name] != theirs[name]}
        assert different <= {"tol", "solver"}


# ---- several targets


@few(2)
@MAKE
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "name, params",
    [
        ("MultiTaskLassoCV", {"alphas": 8}),
        ("MultiTaskElasticNetCV", {"alphas": 8, "l1_ratio": [0.3, 0.8], "cv": 3}),
        ("MultiTaskElasticNetCV", {"alphas": [0.1, 1.0, 0.3], "l1_ratio": 0.5, "fit_intercept": False}),
    ],
    ids=["lasso", "ratios", "alphas"],
)
def test_multi_task_equals_scikit_learn(name, params, weighted, make):
    if SKLEARN < (1, 9):
        pytest.skip("parameter alphas, and weights, of scikit-learn 1.9")
    X, Y, weight = targets()
    weight = weight if weighted else None
    ours = getattr(fastreg, name)(tol=1e-12, **params).fit(make(X), Y, weight)
    theirs = getattr(peers, name)(tol=1e-10, max_iter=100_000, **params).fit(X, Y, weight)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-5)
    np.testing.assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-9)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-5)
    np.testing.assert_allclose(ours.predict(make(X)), theirs.predict(X), atol=1e-4)
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    assert ours.alpha_ == pytest.approx(theirs.alpha_)
    assert hasattr(ours, "l1_ratio_") == hasattr(theirs, "l1_ratio_")
    if hasattr(ours, "l1_ratio_"):
        assert ours.l1_ratio_ == theirs.l1_ratio_


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_every_fold_of_several_targets_is_certified(l1_ratio):
    X, Y, weight = targets()
    factor = np.ones(12)
    factor[:2] = 0.0, 2.0
    model = MultiTaskElasticNetCV(alphas=5, l1_ratio=l1_ratio, tol=1e-9, cv=KFold(4), penalty_factor=factor)
    path = model.fit(X, Y, weight).cv_path_
    words, left_out = {"family": "gaussian", "l1_ratio": l1_ratio, "factor": factor}, []
    for fold, (train, test) in zip(path.fold_paths, KFold(4).split(X)):
        scale = naive.null_scale(X[train], Y[train], weight=weight[train], **words)
        for k, alpha in enumerate(fold.alphas):
            coef, intercepts = fold.point(k)
            gap = naive.duality_gap(X[train], Y[train], coef, intercepts, alpha, weight=weight[train], **words)
            assert gap <= 1e-9 * scale + 1e-13
            errors = ((Y[test] - X[test] @ coef - intercepts) ** 2).mean(axis=1)
            left_out.append(np.average(errors, weights=weight[test]))
    np.testing.assert_allclose(path.fold_scores.ravel(), left_out, rtol=1e-10)
    np.testing.assert_allclose(path.fold_scores.T, model.mse_path_)
    assert np.all(model.coef_[:, 0] != 0.0)  # not penalised


def test_one_target_is_the_single_task():
    X, Y, _ = targets()
    several, one = MultiTaskLassoCV().fit(X, Y[:, :1]), fastreg.LassoCV().fit(X, Y[:, 0])
    assert several.alpha_ == one.alpha_
    np.testing.assert_array_equal(several.coef_, one.coef_[None])
    np.testing.assert_array_equal(several.intercept_, [one.intercept_])


def test_constant_targets_have_a_flat_grid():
    X, _, _ = targets()
    for model in (MultiTaskLassoCV(alphas=3), fastreg.LassoCV(alphas=3)):
        y = np.full((50, 2), 5.0) if isinstance(model, MultiTaskLassoCV) else np.full(50, 5.0)
        assert not model.fit(X, y).coef_.any()
        np.testing.assert_array_equal(model.alphas_, [np.finfo(float).resolution] * 3)


# ---- several classes


@few(1)
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("class_weight", [None, "balanced", {"birch": 3.0}], ids=str)
@pytest.mark.parametrize(
    "params",
    [
        {"Cs": 3, "l1_ratios": None},
        {"Cs": [10.0, 0.1, 1.0], "fit_intercept": False, "cv": 3},
        {"Cs": [0.3, 3.0], "scoring": "accuracy"},
    ],
    ids=["number", "unsorted", "accuracy"],
)
def test_classes_equal_scikit_learn(params, class_weight, weighted, refit, legacy):
    if SKLEARN < (1, 8):
        pytest.skip("attributes that are no legacy came with scikit-learn 1.8")
    X, y, weight = classes()
    shared = QUIET | params | {"refit": refit, "class_weight": class_weight, "use_legacy_attributes": legacy}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of l1_ratios=None
        weight = weight if weighted else None
        ours = LogisticRegressionCV(tol=1e-12, **shared).fit(X, y, sample_weight=weight)
        theirs = peers.LogisticRegressionCV(tol=1e-9, max_iter=10_000, **shared).fit(X, y, sample_weight=weight)
    for name in ("scores_", "coefs_paths_", "C_", "l1_ratio_", "Cs_", "coef_", "intercept_", "n_iter_"):
        if name == "l1_ratio_" and params.get("l1_ratios", ()) is None:
            assert np.all(np.equal(ours.l1_ratio_, 0.0))  # where scikit-learn may have None
            continue
        mine, peer = getattr(ours, name), getattr(theirs, name)
        assert type(mine) is type(peer), name
        if isinstance(mine, dict):
            assert list(mine) == list(peer), name
            mine, peer = list(mine.values()), list(peer.values())
        assert np.shape(mine) == np.shape(peer), name
        if name != "n_iter_":
            np.testing.assert_allclose(mine, peer, rtol=1e-3, atol=2e-4, err_msg=name)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-3)


@few(2)
@MAKE
@pytest.mark.parametrize("l1_ratio", [0.0, 0.6, 1.0])
def test_every_fold_of_several_classes_is_certified(l1_ratio, make):
    X, y, weight = classes()
    options = {"Cs": [0.05, 0.5], "l1_ratios": (l1_ratio,), "cv": StratifiedKFold(3), "tol": 1e-9}
    model = LogisticRegressionCV(**QUIET | options).fit(make(X), y, weight)
    codes, words = np.searchsorted(model.classes_, y), {"family": "multinomial", "l1_ratio": l1_ratio}
    for number, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        scale = naive.null_scale(X[train], codes[train], weight=weight[train], **words)
        for k, C in enumerate(model.Cs_):
            coef, intercepts = np.split(model.coefs_paths_[number, 0, k].T, [8])
            alpha = 1.0 / (C * weight[train].sum())
            args = X[train], codes[train], coef, intercepts[0], alpha
            assert naive.duality_gap(*args, weight=weight[train], **words) <= 1e-9 * scale + 1e-13
            mean = naive.Multinomial.mean(X[test] @ coef + intercepts[0])
            loss = log_loss(y[test], mean, sample_weight=weight[test])
            assert model.scores_[number, 0, k] == pytest.approx(-loss)
    assert model.dual_gap_ <= 1e-9 * np.log(3)


@pytest.mark.parametrize("K", [2, 3])
def test_a_class_that_a_fold_lacks_gets_the_limit_of_its_fit(K):
    if SKLEARN < (1, 7) and K > 2:
        pytest.skip("the Brier score of several classes came with scikit-learn 1.7")
    X, y, _ = classes()
    keep = np.isin(y, ("ash", "birch", "cedar")[:K])
    X, y = X[keep], y[keep]
    rows = np.arange(y.size)
    cv = [(rows[y != label], rows[y == label]) for label in np.unique(y)]
    model = LogisticRegressionCV(**QUIET | {"Cs": [0.1, 1.0], "cv": cv, "scoring": "neg_brier_score"}).fit(X, y)
    lacking = model.coefs_paths_[0, 0, 0]  # of "ash"
    if K == 3:
        two = LogisticRegression(C=0.2).fit(X[cv[0][0]], y[cv[0][0]])
        assert not lacking[0, :-1].any() and lacking[0, -1] == -np.inf
        np.testing.assert_allclose(lacking[2, :-1] - lacking[1, :-1], two.coef_[0], atol=1e-3)
    else:
        assert not lacking[0, :-1].any() and lacking[0, -1] == np.inf
        np.testing.assert_allclose(model.scores_, -1.0)  # certain, and wrong
    assert np.isfinite(model.predict_proba(X)).all()


def test_scikit_learns_warnings_of_defaults():
    X, y, _ = classes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LogisticRegressionCV(Cs=2).fit(X, y)
    assert [each.category for each in caught] == [FutureWarning] * 3
    assert {each.filename for each in caught} == {__file__}
    for word, each in zip(("l1_ratios", "scoring", "use_legacy_attributes"), caught):
        assert f"default value for {word}" in str(each.message) or f"{word}" in str(each.message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegressionCV(Cs=2, **QUIET).fit(X, y)


# ---- ridge on labels


@few(2)
@MAKE
@pytest.mark.parametrize("names", [("ash", "birch"), ("ash", "birch", "cedar")], ids=len)
@pytest.mark.parametrize(
    "params",
    [
        {"store_cv_results": True},
        {"class_weight": "balanced", "alphas": [3.0, 0.1]},
        {"class_weight": {"birch": 3.0}, "fit_intercept": False},
        {"cv": 4, "alphas": (0.0, 1.0, 50.0)},
        {"cv": KFold(3), "scoring": "neg_mean_squared_error"},
    ],
    ids=["loo", "balanced", "weights", "folds", "splitter"],
)
def test_ridge_classifier_equals_scikit_learn(params, names, make):
    X, y, weight = classes(names=names)
    if params.get("scoring") == "neg_mean_squared_error":
        y, names = np.searchsorted(names, y), None
    weight = None if params.get("cv") is not None else weight  # whose scores scikit-learn does not weigh in folds
    ours = RidgeClassifierCV(**params).fit(make(X), y, weight)
    theirs = peers.RidgeClassifierCV(**params).fit(X, y, weight)
    assert ours.alpha_ == theirs.alpha_
    assert ours.best_score_ == pytest.approx(theirs.best_score_, rel=1e-9)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(ours.predict(make(X)), theirs.predict(X))
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    if hasattr(theirs, "cv_results_"):
        np.testing.assert_allclose(ours.cv_results_, theirs.cv_results_, rtol=1e-7)


@few(1)
@pytest.mark.parametrize("names", [("ash", "birch"), ("ash", "birch", "cedar")], ids=len)
def test_left_out_predictions_are_those_of_fits_without_the_row(names):
    X, y, weight = classes(n=25, names=names)
    alphas, rows = [0.5, 5.0], np.arange(25)
    model = RidgeClassifierCV(alphas, scoring="accuracy", store_cv_results=True).fit(X, y, weight)
    for k, alpha in enumerate(alphas):
        fits = [RidgeClassifier(alpha).fit(X[rows != i], y[rows != i], weight[rows != i]) for i in rows]
        eta = np.array([np.ravel(fit.decision_function(X[[i]])) for i, fit in enumerate(fits)])
        np.testing.assert_allclose(model.cv_results_[:, :, k], eta, atol=1e-9)
    scores = []
    for k in range(2):
        eta = model.cv_results_[:, :, k]
        found = model.classes_[(eta[:, 0] > 0).astype(int) if len(names) == 2 else eta.argmax(axis=1)]
        scores.append(accuracy_score(y, found, sample_weight=weight))
    assert model.best_score_ == pytest.approx(max(scores)) and model.alpha_ == alphas[int(np.argmax(scores))]


def test_ridge_classifier_takes_several_labels_a_row():
    X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    ours, theirs = RidgeClassifierCV().fit(X, Y), peers.RidgeClassifierCV().fit(X, Y)
    assert ours.alpha_ == theirs.alpha_
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    folds = RidgeClassifierCV(cv=KFold(5)).fit(X, Y)
    expected = [cross_val_score(RidgeClassifier(alpha), X, Y, cv=KFold(5)).mean() for alpha in (0.1, 1.0, 10.0)]
    assert folds.best_score_ == pytest.approx(max(expected))
    np.testing.assert_allclose(
        RidgeClassifierCV(cv=LeaveOneOut()).fit(X, Y).best_score_,
        RidgeClassifierCV(scoring="accuracy").fit(X, Y).best_score_,
    )


# ---- what fastreg adds


MODELS = [
    (MultiTaskLassoCV(alphas=15), "several"),
    (MultiTaskElasticNetCV(alphas=15, l1_ratio=[0.5, 0.9]), "several"),
    (LogisticRegressionCV(**QUIET | {"l1_ratios": (1.0,), "Cs": np.logspace(-2, 1, 12)}), "class"),
    (RidgeClassifierCV(np.logspace(-2, 4, 25)), "class"),
]
NAMES = [type(model).__name__ for model, _ in MODELS]


@few(1)
@pytest.mark.parametrize("model, kind", MODELS, ids=NAMES)
def test_one_standard_error_selects_a_stronger_penalty(model, kind):
    X, Y, _ = targets(n=90, p=10)
    y = target_of(kind, Y)
    best, simple = clone(model).fit(X, y), clone(model).set_params(rule="1se").fit(X, y)
    if hasattr(best, "C_"):
        assert simple.C_ < best.C_
    else:
        assert simple.alpha_ > best.alpha_
    if hasattr(best, "cv_path_"):
        path = simple.cv_path_
        np.testing.assert_allclose(simple.coef_.T, path.coef("1se")[0])
        np.testing.assert_allclose(simple.intercept_, path.coef("1se")[1])
        within = path.fold_scores.mean(axis=0)[path.index_1se] - path.fold_scores.mean(axis=0)[path.index_min]
        assert abs(within) <= path.std_error[path.index_min]
    with pytest.raises(ValueError, match="rule must be one of"):
        clone(model).set_params(rule="best").fit(X, y)


@few(1)
@pytest.mark.parametrize("model, kind", MODELS, ids=NAMES)
def test_penalty_factor(model, kind):
    X, Y, _ = targets()
    factor = np.ones(12)
    factor[:2] = 0.0, np.inf
    coef = clone(model).set_params(penalty_factor=factor).fit(X, target_of(kind, Y)).coef_
    assert np.all(coef[:, 0] != 0.0) and not coef[:, 1].any()


@few(1)
@pytest.mark.parametrize("model, kind", MODELS[:3], ids=NAMES[:3])
def test_the_curve_of_cross_validation_reads_as_a_table(model, kind):
    X, Y, _ = targets()
    frame = pd.DataFrame(X, columns=[f"gene{j}" for j in range(12)])
    path = clone(model).fit(frame, target_of(kind, Y)).cv_path_
    table = path.summary()
    assert "<- min" in table.replace("min, 1se", "min") and "5 folds" in table
    assert "5 folds" in repr(path)
    assert set(path.support("min")) <= set(frame.columns)
    assert path.predict(X, "min").shape == (50, 3)
    again = pickle.loads(pickle.dumps(path))
    np.testing.assert_array_equal(again.fold_scores, path.fold_scores)


def test_errors_and_warnings():
    X, Y, _ = targets()
    X3, y, _ = classes()
    for estimator, message in (
        (MultiTaskLassoCV(alphas=[1.0, -1.0]), r"alphas\[1\] == -1.0, must be >= 0.0"),
        (MultiTaskElasticNetCV(l1_ratio=0), "Automatic alpha grid generation is not supported for l1_ratio=0"),
        (MultiTaskElasticNetCV(l1_ratio=2.0), "l1_ratio must be in"),
        (MultiTaskLassoCV(cv=KFold(51)), "n_splits=51"),
    ):
        with pytest.raises(ValueError, match=message):
            estimator.fit(X, Y)
    with pytest.raises(TypeError, match=r"alphas\[0\] must be an instance of"):
        MultiTaskLassoCV(alphas=["1"]).fit(X, Y)
    for kind in (ValueError, TypeError):  # scikit-learn's InvalidParameterError is both
        with pytest.raises(kind, match="max_iter must be an integer"):
            MultiTaskLassoCV(max_iter="many").fit(X, Y)
    with pytest.raises(ValueError, match="For mono-task outputs, use LassoCV"):
        MultiTaskLassoCV().fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="'liblinear' solver does not support multiclass"):
        LogisticRegressionCV(solver="liblinear", **QUIET).fit(X3, y)
    with pytest.raises(ValueError, match="contains only one class"):
        LogisticRegressionCV(**QUIET).fit(X3, np.ones(90))
    with pytest.raises(ValueError, match=r"alphas\[0\] == 0.0, must be > 0.0"):
        RidgeClassifierCV([0.0, 1.0]).fit(X3, y)
    with pytest.raises(ValueError, match="cv!=None and store_cv_results=True"):
        RidgeClassifierCV(cv=3, store_cv_results=True).fit(X3, y)
    with pytest.raises(ValueError, match="the test rows of fold 1 have no weight"):
        MultiTaskLassoCV().fit(X, Y, sample_weight=np.repeat([0.0, 1.0], [10, 40]))
    with pytest.warns(ConvergenceWarning, match="LogisticRegressionCV: .* fits did not converge") as caught:
        LogisticRegressionCV(**QUIET | {"max_iter": 1, "tol": 1e-12}).fit(X3, y)
    assert [each.filename for each in caught] == [__file__]
    with pytest.raises(TypeError, match=r"MultiTaskLassoCV\(\) got an unexpected keyword argument 'l1_ratio'"):
        MultiTaskLassoCV(l1_ratio=0.5)


@few(1)
@pytest.mark.parametrize("model, kind", MODELS, ids=NAMES)
def test_float32_gives_float32(model, kind):
    X, Y, _ = targets()
    y = target_of(kind, Y)
    fitted = clone(model).fit(X.astype(np.float32), y)
    assert fitted.coef_.dtype == fitted.intercept_.dtype == np.float32
    np.testing.assert_allclose(fitted.coef_, clone(model).fit(X, y).coef_, atol=2e-3)


# ---- scikit-learn's machinery


@few(1)
@pytest.mark.parametrize("model, kind", MODELS, ids=NAMES)
def test_to_sklearn_predicts_the_same_without_fastreg(model, kind):
    X, Y, _ = targets()
    frame, y = pd.DataFrame(X, columns=[f"gene{j}" for j in range(12)]), target_of(kind, Y)
    with pytest.raises(NotFittedError):
        clone(model).to_sklearn()
    fitted = clone(model).fit(frame, y)
    converted = fitted.to_sklearn()
    assert type(converted) is getattr(peers, type(model).__name__)
    data = pickle.dumps(converted)
    assert b"fastreg" not in data
    again = pickle.loads(data)
    np.testing.assert_array_equal(again.predict(frame), fitted.predict(frame))
    assert list(again.feature_names_in_) == list(frame.columns)
    if hasattr(model, "predict_proba"):
        np.testing.assert_allclose(again.predict_proba(frame), fitted.predict_proba(frame))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's solvers may want more steps for such a tol
        anew = clone(converted).fit(frame, y)
    name = "C_" if hasattr(fitted, "C_") else "alpha_"
    assert getattr(anew, name) == pytest.approx(getattr(fitted, name), rel=1e-6)


@few(1)
@pytest.mark.parametrize("model, kind", MODELS, ids=NAMES)
def test_weights_and_groups_by_metadata_routing(model, kind):
    X, Y, weight = targets()
    y, groups = target_of(kind, Y), np.repeat(np.arange(10), 5)
    if isinstance(model, LogisticRegressionCV):
        y = np.tile([0, 1, 2, 1, 0], 10)
    with pytest.raises(ValueError, match="only supported if enable_metadata_routing=True"):
        clone(model).set_params(cv=GroupKFold(5)).fit(X, y, groups=groups)
    pairs = list(GroupKFold(5).split(X, y, groups))
    with sklearn.config_context(enable_metadata_routing=True):
        cv = GroupKFold(5).set_split_request(groups=True)
        estimator = clone(model).set_params(cv=cv).set_fit_request(sample_weight=True)
        if isinstance(model, LogisticRegressionCV):
            scorer = get_scorer("neg_log_loss").set_score_request(sample_weight=True)
            estimator.set_params(scoring=scorer)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), estimator)
        pipe.fit(X, y, sample_weight=weight, groups=groups)
    scaled = StandardScaler().fit(X, sample_weight=weight).transform(X)
    expected = clone(model).set_params(cv=pairs).fit(scaled, y, sample_weight=weight)
    np.testing.assert_allclose(pipe[-1].coef_, expected.coef_)


@few(1)
@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("model, kind", MODELS, ids=NAMES)
def test_frames_in_and_frames_out(model, kind, library):
    assert_takes_frames(model, kind, library)


@few(1)
@pytest.mark.parametrize("model, kind", MODELS, ids=NAMES)
def test_pickle_and_joblib(model, kind, tmp_path):
    X, Y, _ = targets()
    assert_pickles(clone(model).fit(X, target_of(kind, Y)), X, tmp_path)


@pytest.mark.process
@pytest.mark.parametrize("model, kind", MODELS, ids=NAMES)
def test_nested_cross_validation_in_processes(model, kind):
    X, Y, _ = targets()
    y = target_of(kind, Y)
    alone, together = (cross_val_score(clone(model), X, y, cv=3, n_jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(alone, together)


# ---- warm starts


WARM = [
    (fastreg.Lasso(0.05), "one"),
    (fastreg.ElasticNet(0.05), "several"),
    (MultiTaskLasso(0.05), "several"),
    (MultiTaskElasticNet(0.05, l1_ratio=0.0), "several"),
    (LogisticRegression(C=0.5), "class"),
    (LogisticRegression(C=0.5, l1_ratio=1.0), "class"),
    (LogisticRegression(C=0.5, l1_ratio=0.5), "two"),
]


@few(2)
@MAKE
@pytest.mark.parametrize("model, kind", WARM, ids=str)
def test_a_warm_start_saves_steps_and_is_certified(model, kind, make):
    X, Y, weight = targets()
    y = {"one": Y[:, 0], "two": Y[:, 0] > 1, "several": Y, "class": Y.argmax(axis=1)}[kind]
    warm = clone(model).set_params(warm_start=True, tol=1e-9).fit(make(X), y, weight)
    first, steps = warm.coef_.copy(), np.sum(warm.n_iter_)
    warm.fit(make(X), y, weight)
    one = isinstance(model, MultiTaskElasticNet) and model.l1_ratio == 0.0  # solved anew: a single system
    assert np.sum(warm.n_iter_) == one <= steps
    np.testing.assert_allclose(warm.coef_, first, atol=1e-12)
    name = "C" if hasattr(warm, "C") else "alpha"
    warm.set_params(**{name: 0.1}).fit(make(X), y, weight)
    cold = clone(warm).set_params(warm_start=False).fit(make(X), y, weight)
    assert np.abs(cold.coef_ - first).max() > 1e-2
    np.testing.assert_allclose(warm.coef_, cold.coef_, atol=2e-4)
    assert np.max(warm.dual_gap_) <= 1e-8 * np.var(y if kind in ("one", "several") else 1.0) + 1e-8


def test_a_warm_start_from_far_off_ends_at_the_solution():
    X, Y, _ = targets()
    rng = np.random.default_rng(0)
    for model, y in ((fastreg.Lasso(0.1), Y[:, 0]), (MultiTaskLasso(0.1), Y), (LogisticRegression(), Y.argmax(axis=1))):
        cold = clone(model).set_params(tol=1e-13).fit(X, y)
        warm = clone(model).set_params(tol=1e-13, warm_start=True)
        warm.coef_ = 10.0 * rng.normal(size=cold.coef_.shape)
        np.testing.assert_allclose(warm.fit(X, y).coef_, cold.coef_, atol=1e-4)
        with pytest.raises(ValueError, match="warm_start=True starts from coef_ of the last fit"):
            warm.fit(X[:, :5], y)


def test_no_iterations_give_the_start():
    X, y, _ = classes()
    with pytest.warns(ConvergenceWarning, match="After 0 of them"):
        model = LogisticRegression(max_iter=0).fit(X, y)
    assert not model.coef_.any() and not model.intercept_.any() and model.n_iter_ == 0
    assert model.dual_gap_ == np.inf
    np.testing.assert_allclose(model.predict_proba(X), 1 / 3)
    fitted = LogisticRegression(warm_start=True).fit(X, y)
    coef = fitted.coef_
    with pytest.warns(ConvergenceWarning):
        np.testing.assert_array_equal(fitted.set_params(max_iter=0).fit(X, y).coef_, coef)
    with pytest.raises(ValueError, match="NaN"), np.errstate(all="ignore"):
        LogisticRegression(max_iter=0).fit(X * np.nan, y)


def test_the_shortest_of_many_solutions():
    X, Y, weight = targets(n=15, p=40)
    for fit_intercept in (True, False):
        for alpha in (0.0, 1e-14):
            model = fastreg.Ridge(alpha, fit_intercept=fit_intercept).fit(X, Y, weight)
            root = np.sqrt(weight)[:, None]
            A, B = X - fit_intercept * np.average(X, axis=0, weights=weight), Y
            B = B - fit_intercept * np.average(Y, axis=0, weights=weight)
            np.testing.assert_allclose(model.coef_, (np.linalg.pinv(root * A) @ (root * B)).T, atol=1e-9)
            one = fastreg.Ridge(alpha, fit_intercept=fit_intercept).fit(sp.csr_array(X), Y[:, 0], weight)
            np.testing.assert_allclose(one.coef_, model.coef_[0], atol=1e-9)
            assert one.dual_gap_ < 1e-9 and one.coef_.shape == (40,)


def test_a_gram_matrix_is_checked_and_not_used():
    X, Y, _ = targets()
    centred, y = X - X.mean(axis=0), Y[:, 0]
    plain = fastreg.Lasso(0.1).fit(centred, y).coef_
    np.testing.assert_array_equal(fastreg.Lasso(0.1, precompute=centred.T @ centred).fit(centred, y).coef_, plain)
    with pytest.raises(ValueError, match="Gram matrix passed in via 'precompute' parameter did not pass validation"):
        fastreg.Lasso(0.1, precompute=centred.T @ centred + 1.0).fit(centred, y)
    with pytest.raises(ValueError, match="has shape"):
        fastreg.Lasso(0.1, precompute=np.eye(3)).fit(centred, y)
    with pytest.warns(UserWarning, match="Gram matrix was provided but X was centered"):
        fastreg.Lasso(0.1, precompute=X.T @ X).fit(X, y)


@few(2)
@pytest.mark.parametrize(
    "model",
    [
        fastreg.Ridge(tol=0), fastreg.RidgeCV(tol=0), RidgeClassifierCV(tol=0), RidgeClassifier(tol=0),
        fastreg.Lasso(0.1, tol=0), LogisticRegression(max_iter=1, tol=0), fastreg.LassoCV(max_iter=1, tol=0),
        MultiTaskLasso(0.1, tol=0, max_iter=1),
    ],
    ids=lambda model: type(model).__name__,
)  # fmt: skip
def test_warnings_name_the_place_of_the_fit(model):
    for n in (12, 50):
        X, Y, _ = targets(n=n, p=20)
        y = {"R": Y[:, 0], "L": Y[:, 0]}.get(type(model).__name__[0], Y)
        if "Classifier" in type(model).__name__ or "Logistic" in type(model).__name__:
            y = y > np.median(y)
        with pytest.warns(ConvergenceWarning) as caught:
            model.fit(X, y)
        assert [each.filename for each in caught] == [__file__]


def test_tol_of_nothing_warns_where_a_digit_is_missing():
    X, Y, _ = targets()
    loose = fastreg.Lasso(0.1, tol=1e-14).fit(X, Y[:, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        exact = fastreg.Lasso(0.1, tol=0).fit(X, Y[:, 0])
    np.testing.assert_allclose(exact.coef_, loose.coef_, atol=1e-6)
    with pytest.raises(ValueError, match="tol must be in"):
        fastreg.Lasso(0.1, tol=-1.0).fit(X, Y[:, 0])
