"""Estimators with several targets or classes, against scikit-learn's own and against certificates."""

import inspect
import pickle
import warnings

import joblib
import naive_multi as naive
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as peers
from grids import few, pairwise, spread
from own_parameters import BOUNDED, UNBOUNDED
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastreg
from fastreg import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskElasticNet,
    MultiTaskLasso,
    Ridge,
    RidgeClassifier,
)
from fastreg.estimators.to_sklearn import NOT_GIVEN, in_older_words

SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
MAKE = pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix, sp.csc_array], ids=["dense", "csr", "csc"])


@spread(12)
@parametrize_with_checks([MultiTaskLasso(alpha=0.1, tol=1e-12)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.peers
@parametrize_with_checks(
    [
        MultiTaskElasticNet(alpha=0.1, tol=1e-12),
        MultiTaskElasticNet(alpha=0.1, l1_ratio=0.0),
        MultiTaskLasso(alpha=0.1, standardize=True, tol=1e-13),
        RidgeClassifier(),
        RidgeClassifier(alpha=0.1, standardize=True, upper=2.0, tol=1e-14),
        RidgeClassifier(alpha=0.1, solver="newton"),  # "balanced" counts rows, not weights, as scikit-learn's does
    ]
)
def test_scikit_learn_checks_with_other_parameters(estimator, check):
    check(estimator)


def targets(n=50, p=12, K=3, seed=0):
    rng = np.random.default_rng(seed)
    X, B = rng.normal(size=(n, p)) + 0.3, np.zeros((p, K))
    B[:4] = rng.normal(size=(4, K))
    return X, X @ B + 1.0 + rng.normal(size=(n, K)), rng.uniform(0.2, 2, size=n)


def classes(n=90, p=8, seed=0, names=("ash", "birch", "cedar")):
    X, eta, weight = targets(n, p, len(names), seed)
    return X, np.array(names)[(eta + np.random.default_rng(seed).gumbel(size=eta.shape)).argmax(axis=1)], weight


@MAKE
@pairwise
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("name, params", [("MultiTaskLasso", {}), ("MultiTaskElasticNet", {"l1_ratio": 0.4})])
def test_multi_task_equals_scikit_learn(name, params, fit_intercept, weighted, make):
    if weighted and SKLEARN < (1, 9):
        pytest.skip("scikit-learn's class takes weights from 1.9 on")
    X, Y, weight = targets()
    options = {"alpha": 0.15, "fit_intercept": fit_intercept, "tol": 1e-12, **params}
    fit_options = {"sample_weight": weight} if weighted else {}
    ours = getattr(fastreg, name)(**options).fit(make(X), Y, **fit_options)
    theirs = getattr(peers, name)(max_iter=100_000, **options).fit(X, Y, **fit_options)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    np.testing.assert_allclose(ours.predict(make(X)), theirs.predict(X), atol=1e-5)
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    assert ours.dual_gap_ <= ours.eps_
    assert ours.sparse_coef_.shape == (3, 12)


@MAKE
@few(3)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("class_weight", [None, "balanced", {"birch": 3.0}], ids=str)
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0, 0.5])
def test_multinomial_is_certified_and_ridge_equals_scikit_learns(l1_ratio, class_weight, fit_intercept, weighted, make):
    X, y, weight = classes()
    weight = weight if weighted else None
    options = {"C": 0.8, "class_weight": class_weight, "fit_intercept": fit_intercept}
    tol = 1e-10 if l1_ratio else 1e-12  # at which coefficients are near enough to be compared
    model = LogisticRegression(l1_ratio=l1_ratio, tol=tol, **options).fit(make(X), y, weight)
    rows = np.ones(90) if weight is None else weight
    if class_weight == "balanced":
        sums = {name: rows[y == name].sum() for name in model.classes_}
        rows = np.array([w * rows.sum() / (3 * sums[name]) for w, name in zip(rows, y)])
    elif class_weight:
        rows = rows * np.where(y == "birch", 3.0, 1.0)
    codes = np.searchsorted(model.classes_, y)
    words = {"family": "multinomial", "l1_ratio": l1_ratio, "weight": rows, "fit_intercept": fit_intercept}
    gap = naive.duality_gap(X, codes, model.coef_.T.astype(float), model.intercept_, 1 / (0.8 * rows.sum()), **words)
    assert gap <= tol * naive.null_scale(X, codes, **words) + 1e-13
    assert model.coef_.shape == (3, 8)
    proba = model.predict_proba(make(X))
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(np.log(proba), model.predict_log_proba(make(X)))
    np.testing.assert_array_equal(model.predict(make(X)), model.classes_[proba.argmax(axis=1)])
    if l1_ratio == 0 and (SKLEARN >= (1, 7) or class_weight is None):
        theirs = peers.LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=500, **options)
        theirs.fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(model.coef_, theirs.coef_, atol=1e-6)
        np.testing.assert_allclose(model.intercept_, theirs.intercept_, atol=1e-6)
        np.testing.assert_allclose(model.decision_function(X), theirs.decision_function(X), atol=1e-5)


def test_a_class_without_weight_is_never_predicted():
    X, y, _ = classes()
    model = LogisticRegression(class_weight={"cedar": 0.0}).fit(X, y)
    two = LogisticRegression(C=2.0).fit(X[y != "cedar"], y[y != "cedar"])
    assert set(model.predict(X)) == {"ash", "birch"}
    assert not model.predict_proba(X)[:, 2].any()
    # b shared out to two classes costs half of ridge's penalty
    np.testing.assert_allclose(model.coef_[1] - model.coef_[0], two.coef_[0], atol=1e-3)
    assert not model.coef_[2].any()


@few(2)
@MAKE
@pytest.mark.parametrize("class_weight", [None, "balanced", {"birch": 3.0}], ids=str)
@pytest.mark.parametrize("names", [("ash", "birch"), ("ash", "birch", "cedar")], ids=len)
def test_ridge_classifier_equals_scikit_learns(names, class_weight, make):
    X, y, weight = classes(names=names)
    for options in ({}, {"fit_intercept": False, "alpha": 3.0}):
        ours = RidgeClassifier(class_weight=class_weight, **options).fit(make(X), y, weight)
        theirs = peers.RidgeClassifier(class_weight=class_weight, **options).fit(X, y, weight)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6)
        np.testing.assert_array_equal(ours.predict(make(X)), theirs.predict(X))
        np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-7)
        assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)


def test_ridge_classifier_takes_several_labels_a_row():
    X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    ours, theirs = RidgeClassifier().fit(X, Y), peers.RidgeClassifier().fit(X, Y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.score(X, Y) == theirs.score(X, Y)


def test_parameters_and_defaults_are_scikit_learns():
    if SKLEARN < (1, 9):
        pytest.skip("the signatures are those of scikit-learn 1.9")
    for cls in (MultiTaskLasso, MultiTaskElasticNet, RidgeClassifier):
        ours = {name: value.default for name, value in inspect.signature(cls).parameters.items()}
        theirs = {n: v.default for n, v in inspect.signature(getattr(peers, cls.__name__)).parameters.items()}
        added = {name: BOUNDED[name] for name in ours if name in BOUNDED}
        assert added.keys() == (BOUNDED if cls is RidgeClassifier else UNBOUNDED).keys()
        assert {name: ours.pop(name) for name in added} == added
        assert list(ours) == list(theirs)
        assert {name for name in ours if ours[name] != theirs[name]} == {"tol"}


def test_errors():
    X, Y, _ = targets()
    with pytest.raises(ValueError, match="For mono-task outputs, use Lasso"):
        MultiTaskLasso().fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="For mono-task outputs, use ElasticNet"):
        MultiTaskElasticNet().fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="alpha must be in"):
        MultiTaskLasso(alpha=-1).fit(X, Y)
    X, y, _ = classes()
    with pytest.raises(ValueError, match="'liblinear' solver does not support multiclass"):
        LogisticRegression(solver="liblinear").fit(X, y)
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        LogisticRegression(max_iter=1, tol=1e-12).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="separable"):
        LogisticRegression(C=np.inf).fit(np.eye(3), ["a", "b", "c"])


def test_float32_gives_float32():
    X, Y, _ = targets()
    for model, target in ((MultiTaskLasso(0.1), Y), (LogisticRegression(), Y.argmax(axis=1))):
        fitted = clone(model).fit(X.astype(np.float32), target)
        assert fitted.coef_.dtype == fitted.intercept_.dtype == np.float32
        np.testing.assert_allclose(fitted.coef_, clone(model).fit(X, target).coef_, atol=1e-4)


# ---- to_sklearn


@few(4)
@pytest.mark.parametrize(
    "model",
    [
        Ridge(), Lasso(0.1), ElasticNet(0.1), Ridge(solver="newton"), LogisticRegression(), RidgeClassifier(),
        LogisticRegression(l1_ratio=0.5, solver="auto", C=0.5), MultiTaskLasso(0.1), MultiTaskElasticNet(0.1),
        LassoCV(), ElasticNetCV(), LogisticRegressionCV(l1_ratios=[0.5], Cs=[0.5, 1.0]),
    ],
    ids=str,
)  # fmt: skip
def test_to_sklearn_predicts_the_same_without_fastreg(model):
    X, Y, _ = targets()
    frame = pd.DataFrame(X, columns=[f"gene{j}" for j in range(12)])
    if hasattr(model, "predict_proba") or isinstance(model, RidgeClassifier):
        kinds = [Y.argmax(axis=1), Y[:, 0] > 1]
    else:
        kinds = [Y] if "MultiTask" in type(model).__name__ else [Y, Y[:, 0]]
    if type(model).__name__.endswith("CV"):
        kinds = kinds[-1:]
    with pytest.raises(NotFittedError):
        clone(model).to_sklearn()
    for target in kinds:
        fitted = clone(model).fit(frame, target)
        converted = fitted.to_sklearn()
        assert type(converted) is getattr(peers, type(model).__name__)
        data = pickle.dumps(converted)
        assert b"fastreg" not in data
        np.testing.assert_array_equal(pickle.loads(data).predict(frame), fitted.predict(frame))
        assert list(converted.feature_names_in_) == list(frame.columns)
        if hasattr(model, "predict_proba"):
            np.testing.assert_allclose(converted.predict_proba(frame), fitted.predict_proba(frame))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn's solvers may want more steps for such a tol
            again = converted.fit(frame, target)
        np.testing.assert_allclose(again.coef_, fitted.coef_, atol=2e-2)


@pytest.mark.parametrize(
    ("given", "older"),
    [
        ({"alphas": 50}, {"n_alphas": 50}),
        ({"scoring": "warn", "cv": 3}, {"cv": 3}),
        ({"alphas": [0.1]}, {"alphas": [0.1]}),
        ({"penalty": "deprecated", "l1_ratio": 0.0}, {"penalty": "l2", "l1_ratio": None}),
        ({"penalty": "deprecated", "l1_ratio": 1}, {"penalty": "l1", "l1_ratio": None}),
        ({"penalty": "deprecated", "l1_ratio": 0.5}, {"penalty": "elasticnet", "l1_ratio": 0.5}),
        ({"penalty": "deprecated", "l1_ratios": None}, {"penalty": "l2", "l1_ratios": None}),
        ({"penalty": "deprecated", "l1_ratios": (0.0, 1.0)}, {"penalty": "elasticnet", "l1_ratios": (0.0, 1.0)}),
    ],
)
def test_to_sklearn_speaks_as_older_releases_do(given, older):
    assert in_older_words(given, (1, 6)) == older
    assert in_older_words(given, (1, 9)) == {name: value for name, value in given.items() if value not in NOT_GIVEN}


# ---- scikit-learn's machinery


def test_grid_search_over_l1_ratio_and_cross_validation():
    X, Y, _ = targets()
    grid = {"multitaskelasticnet__l1_ratio": [0.1, 0.5, 1.0], "multitaskelasticnet__alpha": [0.05, 0.5]}
    ours = GridSearchCV(make_pipeline(StandardScaler(), MultiTaskElasticNet()), grid, cv=3).fit(X, Y)
    theirs = GridSearchCV(make_pipeline(StandardScaler(), peers.MultiTaskElasticNet()), grid, cv=3).fit(X, Y)
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_score_ == pytest.approx(theirs.best_score_, rel=1e-3)
    one = GridSearchCV(ElasticNet(0.1), {"l1_ratio": [0.1, 0.5, 1.0]}, cv=3).fit(X, Y[:, 0])
    peer = GridSearchCV(peers.ElasticNet(0.1), {"l1_ratio": [0.1, 0.5, 1.0]}, cv=3).fit(X, Y[:, 0])
    assert one.best_params_ == peer.best_params_
    iris = load_iris()
    search = GridSearchCV(LogisticRegression(), {"l1_ratio": [0.0, 0.5, 1.0], "C": [0.1, 10.0]}, cv=3)
    assert search.fit(iris.data, iris.target).best_score_ > 0.95
    assert cross_val_score(LogisticRegression(), iris.data, iris.target, cv=5).mean() > 0.95
    assert cross_val_predict(RidgeClassifier(), iris.data, iris.target).shape == (150,)


def test_select_from_model():
    X, Y, _ = targets(p=30)
    chosen = SelectFromModel(MultiTaskLasso(0.4)).fit(X, Y).get_support()
    np.testing.assert_array_equal(chosen, MultiTaskLasso(0.4).fit(X, Y).coef_.any(axis=0))
    assert 0 < chosen.sum() < 30
    kept = SelectFromModel(LogisticRegression(l1_ratio=1.0, C=0.1)).fit(X, Y.argmax(axis=1)).get_support()
    assert 0 < kept.sum() < 30


FITS = [
    (MultiTaskLasso(0.05), "several"),
    (LogisticRegression(), "class"),
    (RidgeClassifier(), "class"),
    (Lasso(0.05), "one"),
]


def target_of(kind, Y):
    return {"several": Y, "one": Y[:, 0], "class": Y.argmax(axis=1)}[kind]


@pytest.mark.parametrize("model, kind", FITS, ids=str)
def test_metadata_routing(model, kind):
    X, Y, weight = targets()
    y = target_of(kind, Y)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = clone(model).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), routed)
        pipe.fit(X, y, sample_weight=weight)
        scaled = StandardScaler().fit(X, sample_weight=weight).transform(X)
        np.testing.assert_allclose(pipe[-1].coef_, clone(model).fit(scaled, y, weight).coef_)
        assert pipe.score(X, y, sample_weight=weight) == pytest.approx(pipe[-1].score(scaled, y, weight))


def assert_takes_frames(model, kind, library):
    """Frames in, names checked, frames out of a selection by the model."""
    frames = pytest.importorskip(library)
    X, Y, _ = targets()
    names = [f"gene{j}" for j in range(12)]
    frame = frames.DataFrame(dict(zip(names, X.T)))
    y = target_of(kind, Y)
    series = frames.DataFrame(dict(zip("abc", Y.T))) if kind == "several" else frames.Series(y)
    fitted = clone(model).fit(frame, series)
    assert list(fitted.feature_names_in_) == names
    np.testing.assert_allclose(fitted.coef_, clone(model).fit(X, y).coef_)
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[names[::-1]])
    pipe = make_pipeline(StandardScaler(), SelectFromModel(clone(model), threshold=1e-5)).set_output(transform=library)
    out = pipe.fit(frame, y).transform(frame)
    assert isinstance(out, frames.DataFrame)
    assert set(out.columns) <= set(names)


@few(2)
@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("model, kind", FITS, ids=str)
def test_frames_in_and_frames_out(model, kind, library):
    assert_takes_frames(model, kind, library)


def assert_pickles(fitted, X, tmp_path):
    """By pickle and by joblib, it predicts the same."""
    joblib.dump(fitted, tmp_path / "model.joblib")
    for again in (pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "model.joblib")):
        np.testing.assert_array_equal(again.predict(X), fitted.predict(X))


@pytest.mark.parametrize("model, kind", FITS, ids=str)
def test_pickle_and_joblib(model, kind, tmp_path):
    X, Y, _ = targets()
    assert_pickles(clone(model).fit(X, target_of(kind, Y)), X, tmp_path)


@pytest.mark.process
@pytest.mark.parametrize("model, kind", FITS, ids=str)
def test_fits_in_processes(model, kind):
    X, Y, _ = targets()
    several = joblib.Parallel(n_jobs=2)(joblib.delayed(clone(model).fit)(X, target_of(kind, Y)) for _ in range(2))
    np.testing.assert_array_equal(several[0].coef_, several[1].coef_)


@MAKE
def test_paths_of_several_responses_equal_scikit_learns(make):
    X, Y, _ = targets()
    for params in ({"l1_ratio": 0.5, "alphas": 7, "eps": 1e-2}, {"l1_ratio": 1.0, "alphas": [0.1, 1.0]}):
        alphas, coefs, gaps = fastreg.enet_path(make(X), Y, tol=1e-10, **params)
        if SKLEARN < (1, 9) and isinstance(params["alphas"], int):
            params["n_alphas"] = params.pop("alphas")
        theirs = peers.enet_path(X, Y, tol=1e-12, max_iter=100_000, **params)
        np.testing.assert_allclose(alphas, theirs[0])
        np.testing.assert_allclose(coefs, theirs[1], atol=1e-4)
        assert gaps.shape == theirs[2].shape
    with pytest.warns(FutureWarning, match="'n_alphas' was deprecated"):
        fastreg.lasso_path(X, Y, n_alphas=3)
    with pytest.raises(ValueError, match="solver is for one response"):
        fastreg.lasso_path(X, Y, solver="newton")
