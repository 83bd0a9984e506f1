"""The estimators against scikit-learn's own classes, against certificates, and inside its machinery."""

import inspect
import pickle
import subprocess
import sys

import naive
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as peers
from grids import few, pairwise
from own_parameters import BOUNDED
from sklearn.base import ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LinearRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastreg
from fastreg import ElasticNet, Lasso, LogisticRegression, LogisticRegressionCV, Ridge
from fastreg.paths.plan import WIDEST

CLASSES = [Ridge, Lasso, ElasticNet, LogisticRegression]
names_of = [cls.__name__ for cls in CLASSES]
SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


# No check is expected to fail. tol=1e-14 where one compares two fits to seven digits: they may stop at
# different points within tol. Left out on purpose: C=np.inf (the checks' data are separable, so there is no
# minimum to agree on; see test_no_penalty), and classification without an intercept, of which
# check_class_weight_classifiers asks for predictions that only an intercept can give (scikit-learn's own
# class fails it too).
@parametrize_with_checks(
    [
        Lasso(),
        LogisticRegression(),
    ]
)
def test_scikit_learn_checks(estimator, check):
    if SKLEARN < (1, 7) and "sample_weight_equivalence" in str(check) and isinstance(estimator, ClassifierMixin):
        pytest.skip("this check of scikit-learn 1.6 gives a binary classifier two differently coded responses")
    check(estimator)


@pytest.mark.peers
@parametrize_with_checks(
    [
        Ridge(),
        ElasticNet(alpha=0.1),
        Ridge(alpha=0.0),
        Ridge(alpha=10.0, fit_intercept=False, solver="coordinate_descent"),
        Ridge(lower=-1.0, upper=2.0, standardize=True, tol=1e-14),
        Lasso(lower=-1.0, upper=2.0, standardize=True, tol=1e-14),
        LogisticRegression(lower=-1.0, upper=2.0, standardize=True, tol=1e-14),
        Lasso(alpha=0.1),
        ElasticNet(alpha=0.01, l1_ratio=0.0),
        ElasticNet(alpha=0.0, fit_intercept=False),
        LogisticRegression(l1_ratio=1.0, C=10.0, tol=1e-14),
        LogisticRegression(l1_ratio=0.5, class_weight="balanced", tol=1e-14),
        LogisticRegression(solver="coordinate_descent", l1_ratio=0.2, tol=1e-14),
    ]
)
def test_scikit_learn_checks_with_other_parameters(estimator, check):
    if SKLEARN < (1, 7) and "sample_weight_equivalence" in str(check) and isinstance(estimator, ClassifierMixin):
        pytest.skip("this check of scikit-learn 1.6 gives a binary classifier two differently coded responses")
    check(estimator)


def regression(n=60, p=12, targets=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.geomspace(0.5, 2, p) + rng.normal(size=p)
    truth = rng.normal(size=(p, targets) if targets else p)
    truth[5:] = 0.0
    noise = rng.normal(size=(n, targets) if targets else n)
    return X, 1.5 + X @ truth + noise, rng.uniform(0.1, 3, size=n)


def classification(n=80, p=10, seed=1):
    X, eta, weight = regression(n, p, seed=seed)
    rng = np.random.default_rng(seed)
    return X, (eta - np.median(eta) + 3 * rng.logistic(size=n) > 0).astype(int), weight


def close(ours, theirs, rtol=1e-5):
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=rtol, atol=rtol * scale)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=rtol, atol=rtol * scale)
    assert np.shape(ours.coef_) == np.shape(theirs.coef_)
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)


# ---- the same solutions as scikit-learn


@pairwise
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix, sp.csc_array], ids=["dense", "csr", "csc"])
@pytest.mark.parametrize("n, p", [(60, 12), (20, 40)])
@pytest.mark.parametrize(
    "name, params",
    [
        ("Ridge", {"alpha": 3.0}),
        ("Lasso", {"alpha": 0.1}),
        ("ElasticNet", {"alpha": 0.2, "l1_ratio": 0.3}),
    ],
)
def test_regression_equals_scikit_learn(name, params, n, p, make, fit_intercept, weighted):
    X, y, weight = regression(n, p)
    weight = weight if weighted else None
    ours = getattr(fastreg, name)(**params, fit_intercept=fit_intercept, tol=1e-12)
    theirs = getattr(peers, name)(**params, fit_intercept=fit_intercept, tol=1e-12, max_iter=100_000)
    ours.fit(make(X), y, sample_weight=weight)
    theirs.fit(X, y, sample_weight=weight)
    close(ours, theirs)
    np.testing.assert_allclose(ours.predict(make(X)), theirs.predict(X), rtol=1e-5, atol=1e-5)
    assert ours.score(X, y, weight) == pytest.approx(theirs.score(X, y, weight))


@few(2)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix, sp.csc_array], ids=["dense", "csr", "csc"])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.5}])
def test_logistic_equals_scikit_learn(l1_ratio, class_weight, make, fit_intercept, weighted):
    if SKLEARN < (1, 7) and class_weight == "balanced" and weighted:
        pytest.skip("scikit-learn 1.6 balances counts, not weights")
    X, y, weight = classification()
    X, weight = X / X.std(axis=0), weight if weighted else None  # saga needs columns of one scale
    options = {"C": 0.7, "class_weight": class_weight, "fit_intercept": fit_intercept}
    ours = LogisticRegression(l1_ratio=l1_ratio, tol=1e-12, **options).fit(make(X), y, sample_weight=weight)
    penalty = {"l1_ratio": l1_ratio} if SKLEARN >= (1, 8) else {"penalty": "elasticnet", "l1_ratio": l1_ratio}
    theirs = peers.LogisticRegression(solver="saga", tol=1e-10, max_iter=50_000, **penalty, **options)
    theirs.fit(X, y, sample_weight=weight)
    close(ours, theirs)
    for method in ("decision_function", "predict", "predict_proba", "predict_log_proba"):
        np.testing.assert_allclose(getattr(ours, method)(make(X)), getattr(theirs, method)(X), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


def test_parameters_and_defaults_are_scikit_learns():
    if SKLEARN < (1, 9):
        pytest.skip("the signatures are those of scikit-learn 1.9")
    for cls in CLASSES:
        ours = {name: value.default for name, value in inspect.signature(cls).parameters.items()}
        theirs = {n: v.default for n, v in inspect.signature(getattr(peers, cls.__name__)).parameters.items()}
        assert {name: ours.pop(name) for name in BOUNDED} == BOUNDED
        assert list(ours) == list(theirs)
        different = {name for name in ours if ours[name] != theirs[name]}
        assert different == ({"tol", "solver"} if cls is LogisticRegression else {"tol"})


def test_the_default_tolerance_is_as_accurate_as_scikit_learns():
    X, y, _ = classification(200, 20)
    exact = LogisticRegression(tol=1e-13).fit(X, y)
    ours, theirs = LogisticRegression().fit(X, y), peers.LogisticRegression(max_iter=1000).fit(X, y)
    error = [np.abs(model.coef_ - exact.coef_).max() for model in (ours, theirs)]
    assert error[0] <= max(2 * error[1], 1e-4)


# ---- several responses


@pairwise
@pytest.mark.parametrize("make", [np.asarray, sp.csc_matrix], ids=["dense", "csc"])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize(
    "name, params", [("Ridge", {"alpha": 2.0}), ("Lasso", {"alpha": 0.1}), ("ElasticNet", {"alpha": 0.1})]
)
def test_several_responses(name, params, fit_intercept, make):
    X, Y, _ = regression(targets=3)
    ours = getattr(fastreg, name)(**params, fit_intercept=fit_intercept, tol=1e-12).fit(make(X), Y)
    theirs = getattr(peers, name)(**params, fit_intercept=fit_intercept, tol=1e-12).fit(X, Y)
    close(ours, theirs)
    assert ours.dual_gap_.shape == (3,)
    assert len(ours.n_iter_) == 3
    np.testing.assert_allclose(ours.predict(make(X)), theirs.predict(X), rtol=1e-5, atol=1e-5)
    column = getattr(fastreg, name)(**params).fit(X, Y[:, [0]])
    theirs.set_params(fit_intercept=True).fit(X, Y[:, [0]])
    assert column.coef_.shape == theirs.coef_.shape
    assert column.intercept_.shape == theirs.intercept_.shape
    assert column.predict(X).shape == theirs.predict(X).shape


def test_ridge_takes_a_penalty_for_each_response():
    X, Y, _ = regression(targets=2)
    close(Ridge(alpha=[0.5, 20.0]).fit(X, Y), peers.Ridge(alpha=np.array([0.5, 20.0])).fit(X, Y))
    close(Ridge(alpha=np.array([0.5])).fit(X, Y[:, 0]), peers.Ridge(alpha=0.5).fit(X, Y[:, 0]))
    with pytest.raises(ValueError, match="Number of targets and number of penalties do not correspond: 3 != 2"):
        Ridge(alpha=[1, 2, 3]).fit(X, Y)


# ---- certificates


def engine_options(model, weight):
    """(alpha, keywords) of naive.duality_gap for a fitted model."""
    total = weight.sum()
    if isinstance(model, Ridge):
        return model.alpha / total, {"l1_ratio": 0.0}
    if isinstance(model, LogisticRegression):
        return 1 / (model.C * total), {"l1_ratio": model.l1_ratio, "family": "binomial"}
    return model.alpha, {"l1_ratio": model.l1_ratio}


@few(4)
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("factor", [None, np.r_[0.0, 0.0, 2.0, np.inf, np.ones(6)]], ids=["plain", "factors"])
@pytest.mark.parametrize(
    "model",
    [
        Ridge(alpha=5.0),
        Lasso(alpha=0.1),
        ElasticNet(alpha=0.1),
        LogisticRegression(),
        LogisticRegression(l1_ratio=1.0, C=0.3),
        LogisticRegression(l1_ratio=0.5, C=3.0),
    ],
    ids=str,
)
def test_solutions_are_certified_by_the_naive_checker(model, factor, fit_intercept):
    X, y, weight = classification()
    model = clone(model).set_params(penalty_factor=factor, fit_intercept=fit_intercept)
    model.fit(X, y, sample_weight=weight)
    alpha, options = engine_options(model, weight)
    options.update(weight=weight, factor=factor, fit_intercept=fit_intercept)
    coef, intercept = np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])
    gap = naive.duality_gap(X, y, coef, intercept, alpha, **options)
    assert gap <= model.tol * naive.null_scale(X, y, **{**options, "l1_ratio": 1.0})
    if factor is not None:
        assert coef[3] == 0
        assert np.all(coef[:2] != 0)


@pytest.mark.parametrize("name", names_of)
def test_dual_gap_bounds_the_suboptimality_in_units_of_the_class_objective(name):
    X, y, weight = classification()
    params = {} if name == "Lasso" or name == "Ridge" else {"l1_ratio": 0.5}
    if name != "LogisticRegression":
        params["alpha"] = 0.1
    loose = getattr(fastreg, name)(**params, tol=0.3).fit(X, y, weight)
    tight = getattr(fastreg, name)(**params, tol=1e-12).fit(X, y, weight)

    def objective(model):
        alpha, options = engine_options(model, weight)
        value = naive.objective(
            X, y, np.ravel(model.coef_), np.ravel(model.intercept_)[0], alpha, weight=weight, **options
        )
        return 2 * weight.sum() * value if name == "Ridge" else value

    excess = objective(loose) - objective(tight)
    assert excess <= loose.dual_gap_ * (1 + 1e-9) + 1e-14
    assert 0 <= tight.dual_gap_ <= 1e-11 * max(1.0, objective(tight))


# ---- corners of the parameters


def test_alpha_zero_is_least_squares():
    X, y, weight = regression()
    theirs = LinearRegression().fit(X, y, weight)
    for model in (Ridge(alpha=0), Lasso(alpha=0), ElasticNet(alpha=0.0)):
        close(model.fit(X, y, weight), theirs, rtol=1e-9)


def test_no_penalty():
    X, y, weight = classification()
    ours = LogisticRegression(C=np.inf, tol=1e-14).fit(X, y, weight)  # a gap is of the order of a slope's square
    alpha, options = 0.0, {"family": "binomial", "weight": weight}
    assert naive.kkt_violation(X, y, ours.coef_[0], ours.intercept_[0], alpha, **options) < 1e-7


def test_separable_classes_without_a_penalty_warn():
    X = np.arange(6.0)[:, None]
    with pytest.warns(ConvergenceWarning, match="separable.*finite C"):
        model = LogisticRegression(C=np.inf).fit(X, [0, 0, 0, 1, 1, 1])
    assert np.all(np.isfinite(model.coef_))
    np.testing.assert_array_equal(model.predict(X), [0, 0, 0, 1, 1, 1])


def test_a_weak_ridge_signal_is_not_lost():
    X, y, _ = regression()
    close(Ridge(alpha=1e12).fit(X, y), peers.Ridge(alpha=1e12).fit(X, y))


def test_large_weights_scale_ridge_and_not_lasso():
    X, y, weight = regression()
    close(Ridge(alpha=2.0).fit(X, y, 7 * weight), Ridge(alpha=2.0 / 7).fit(X, y, weight), rtol=1e-9)
    close(
        Lasso(alpha=0.1, tol=1e-12).fit(X, y, 7 * weight),
        Lasso(alpha=0.1, tol=1e-12).fit(X, y, weight),
        rtol=1e-9,
    )
    close(Ridge(alpha=2.0).fit(X, y, 3.0), peers.Ridge(alpha=2.0).fit(X, y, 3.0))
    close(
        LogisticRegression(tol=1e-12).fit(X, y > 1, np.full(60, 3)),
        LogisticRegression(tol=1e-12, C=3.0).fit(X, y > 1),
        rtol=1e-9,
    )


@pytest.mark.parametrize("solver", ["svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "ridge", "newton"])
def test_ridge_accepts_scikit_learns_solvers(solver):
    X, y, _ = regression()
    model = Ridge(solver=solver).fit(X, y)
    assert model.solver_ == solver
    close(model, peers.Ridge().fit(X, y))


PEER_SOLVERS = ["lbfgs", "liblinear", "newton-cd", "newton-cd-gram", "newton-cg", "newton-cholesky", "sag", "saga"]


@few(4)
@pytest.mark.parametrize("solver", [*PEER_SOLVERS, "newton", "proximal_gradient"])
def test_logistic_accepts_scikit_learns_solvers(solver):
    X, y, _ = classification()
    model = LogisticRegression(solver=solver, tol=1e-9, max_iter=5000, dual=True, n_jobs=2).fit(X, y)
    np.testing.assert_allclose(model.coef_, LogisticRegression(tol=1e-12).fit(X, y).coef_, rtol=1e-3, atol=1e-4)
    model.to_sklearn().set_params(tol=1e-4, max_iter=5000, dual=False, n_jobs=None).fit(X, y)  # knows its solver


@pytest.mark.parametrize("solver", ["newton-cd", "newton-cd-gram"])
def test_solvers_of_scikit_learn_1_10_with_several_classes_and_folds(solver):
    X, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 3
    assert np.array_equal(LogisticRegression(solver=solver).fit(X, y).coef_, LogisticRegression().fit(X, y).coef_)
    options = {"Cs": 3, "l1_ratios": [0.5], "scoring": "accuracy", "use_legacy_attributes": False}
    both = [LogisticRegressionCV(solver=each, **options).fit(X, y) for each in (solver, "auto")]
    assert np.array_equal(both[0].coef_, both[1].coef_) and both[0].C_ == both[1].C_


@pytest.mark.parametrize(
    "old, new",
    [
        ({"penalty": "l1"}, {"l1_ratio": 1.0}),
        ({"penalty": "l2", "l1_ratio": None}, {}),
        ({"penalty": "elasticnet", "l1_ratio": 0.3}, {"l1_ratio": 0.3}),
        ({"penalty": None}, {"C": np.inf}),
        ({"l1_ratio": None}, {}),
    ],
)
def test_deprecated_penalty(old, new):
    X, y, _ = classification()
    with pytest.warns(FutureWarning, match="deprecated"):
        was = LogisticRegression(**old).fit(X, y)
    np.testing.assert_array_equal(was.coef_, LogisticRegression(**new).fit(X, y).coef_)


def test_parameters_without_effect():
    X, y, _ = regression()
    plain = Lasso(alpha=0.1).fit(X, y)
    before = X.copy()
    other = Lasso(
        alpha=0.1,
        precompute=X.T @ X,
        copy_X=False,
        warm_start=True,
        random_state=0,
        selection="random",
        max_iter=None,
    ).fit(X, y, check_input=False)
    np.testing.assert_array_equal(plain.coef_, other.coef_)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Lasso(positive="no"), "positive must be True or False, got 'no'"),
        (fastreg.LassoCV(positive=1), "positive must be True or False, got 1"),
        (Ridge(positive="no"), "positive must be True or False, got 'no'"),
        (ElasticNet(warm_start="no"), "warm_start must be True or False, got 'no'"),
        (LogisticRegression(warm_start="no"), "warm_start must be True or False, got 'no'"),
        (fastreg.LogisticRegressionCV(l1_ratios=[0.0], refit="no"), "refit must be True or False, got 'no'"),
        (Lasso(selection="1se"), "selection must be one of 'cyclic', 'random', got '1se'"),
        (fastreg.MultiTaskLasso(selection="1se"), "selection must be one of 'cyclic', 'random', got '1se'"),
    ],
)
def test_what_would_be_passed_over_in_silence_is_refused(estimator, message):
    X, y, _ = classification()
    y = np.column_stack([y, 1 - y]) if "Multi" in type(estimator).__name__ else y
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, y)


def test_float32_gives_float32():
    X, y, _ = regression()
    for model in (Ridge(), Lasso(0.1), LogisticRegression(), fastreg.RidgeClassifier()):
        y_ = (y > 1).astype(int) if isinstance(model, ClassifierMixin) else y
        double = clone(model).fit(X, y_)
        model.fit(X.astype(np.float32), y_)
        assert model.coef_.dtype == np.float32
        assert np.asarray(model.intercept_).dtype == np.float32
        assert model.predict(X.astype(np.float32)).dtype == (np.float32 if y_ is y else y_.dtype)
        np.testing.assert_allclose(model.coef_, double.coef_, rtol=1e-4, atol=1e-4)
        if hasattr(model, "predict_proba"):
            assert model.predict_proba(X.astype(np.float32)).dtype == np.float32
            assert model.predict_proba(X).dtype == np.float64


def test_sparse_formats():
    X, y, _ = regression()
    expected = Lasso(0.1).fit(X, y).coef_
    for name in ("csc", "csr", "coo", "lil", "dok", "bsr", "dia"):
        for make in (getattr(sp, f"{name}_array"), getattr(sp, f"{name}_matrix")):
            np.testing.assert_allclose(Lasso(0.1).fit(make(X), y).coef_, expected, rtol=1e-8, atol=1e-12)


@few(1)
@pytest.mark.parametrize("model", [Ridge(), Lasso(0.1)], ids=["ridge", "lasso"])
def test_wide_indices(model):
    X, y, _ = regression()
    expected = clone(model).fit(X, y).coef_
    wide = sp.csc_array(X)
    wide = sp.csc_array((wide.data, wide.indices.astype(np.int64), wide.indptr.astype(np.int64)), shape=X.shape)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    np.testing.assert_allclose(model.fit(wide, y).coef_, expected, rtol=1e-8, atol=1e-12)
    assert wide.indices.dtype == np.int64


def test_sparse_coef_and_sparsify():
    X, y, _ = regression()
    model = Lasso(0.3).fit(X, y)
    assert model.sparse_coef_.shape == (1, 12)
    np.testing.assert_array_equal(model.sparse_coef_.toarray()[0], model.coef_)
    classifier = LogisticRegression(l1_ratio=1.0, C=0.1).fit(X, y > 1)
    scores = classifier.decision_function(X)
    assert sp.issparse(classifier.sparsify().coef_)
    np.testing.assert_allclose(classifier.decision_function(X), scores)
    np.testing.assert_allclose(classifier.decision_function(sp.csr_array(X)), scores)
    assert not sp.issparse(classifier.densify().coef_)


def test_a_single_fit_far_below_alpha_max_does_not_read_all_columns_at_once():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 60 * WIDEST + 1))
    y = X[:, :5].sum(axis=1) + rng.normal(size=60)
    top = fastreg.fit_path(X, y, n_alphas=1).alpha_max
    path = fastreg.fit_path(X, y, alphas=[0.1 * top])
    assert path.work["pivots"] < 500
    assert path.work["passes"] < 15
    gap = naive.duality_gap(X, y, path.coefs.toarray()[:, 0], path.intercepts[0], 0.1 * top)
    assert gap <= 1e-6 * naive.null_scale(X, y)
    close(Lasso(0.1 * top, tol=1e-12).fit(X, y), peers.Lasso(0.1 * top, tol=1e-12, max_iter=100_000).fit(X, y))


# ---- labels


@pytest.mark.parametrize(
    "labels",
    [("no", "yes"), (False, True), (-1, 1), (2.0, 7.0), ("b", "a"), (10**12, 10**12 + 1)],
    ids=str,
)
def test_labels_of_any_type(labels):
    X, y, _ = classification()
    named = np.array(labels)[y]
    model = LogisticRegression().fit(X, named)
    np.testing.assert_array_equal(model.classes_, np.unique(named))
    assert model.predict(X).dtype == named.dtype
    plain = LogisticRegression().fit(X, y)
    sign = 1 if labels[0] < labels[1] else -1
    np.testing.assert_allclose(model.coef_, sign * plain.coef_, rtol=1e-6)
    assert model.score(X, named) == plain.score(X, y)
    frame = pd.Series(named, dtype="category" if isinstance(labels[0], str) else None)
    np.testing.assert_array_equal(LogisticRegression().fit(X, frame).predict(X), model.predict(X))


@pytest.mark.parametrize("values", [(0.0, 0.5), (0.0, np.inf), (np.nan, 1.0)], ids=str)
def test_two_numbers_that_are_not_whole_are_no_labels(values):
    X, y, _ = classification()
    with pytest.raises(ValueError, match=r"continuous|infinity|NaN"):
        LogisticRegression().fit(X, np.array(values)[y])


def test_class_weight_names_labels():
    X, y, weight = classification()
    named = np.array(["no", "yes"])[y]
    ours = LogisticRegression(class_weight={"yes": 3.0}, tol=1e-12).fit(X, named, weight)
    close(ours, LogisticRegression(tol=1e-12).fit(X, named, weight * np.where(y == 1, 3.0, 1.0)), rtol=1e-9)


# ---- errors


@pytest.mark.parametrize(
    "model, message",
    [
        (Ridge(alpha=-1), r"alpha must be in \[0, inf\), got -1"),
        (Lasso(alpha="much"), r"alpha must be a number in \[0, inf\), got 'much'"),
        (Lasso(alpha=np.inf), r"alpha must be in \[0, inf\), got inf"),
        (ElasticNet(l1_ratio=1.5), r"l1_ratio must be in \[0, 1\], got 1.5"),
        (ElasticNet(tol=-1), r"tol must be in \[0, inf\), got -1"),
        (ElasticNet(max_iter=0), "max_iter must be an integer of at least 1, got 0"),
        (Ridge(fit_intercept=2), "fit_intercept must be True or False, got 2"),
        (Ridge(solver="magic"), "solver must be one of .*'svd'.*got 'magic'"),
        (LogisticRegression(C=0), r"C must be in \(0, inf\], got 0"),
        (LogisticRegression(C=-1.0), r"C must be in \(0, inf\], got -1.0"),
        (LogisticRegression(penalty="l3"), "penalty must be one of 'l1', 'l2', 'elasticnet', got 'l3'"),
        (LogisticRegression(penalty="elasticnet", l1_ratio=None), "l1_ratio must be specified"),
        (LogisticRegression(solver="active_set"), "active_set.*least squares"),
        (LogisticRegression(class_weight="even"), "class_weight must be one of 'balanced', got 'even'"),
        (LogisticRegression(class_weight=3), "class_weight must be None, 'balanced' or a dict"),
        (LogisticRegression(class_weight={5: 2.0}), r"class_weight names \[5\].*classes are \[0, 1\]"),
        (Ridge(positive=True, solver="svd"), "solver='svd' does not support positive fitting"),
        (Ridge(positive=True, solver="ridge"), "solver='ridge' is a closed form, which knows no bounds"),
        (Ridge(solver="lbfgs"), "'lbfgs' solver can be used only when positive=True"),
        (Lasso(penalty_factor=[1, 2]), r"penalty_factor has shape \(2,\), but X has 10 columns"),
        (Ridge(penalty_factor=-np.ones(10)), r"penalty_factor\[0\] = -1"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_parameters(model, message):
    X, y, _ = classification()
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


@pytest.mark.parametrize("cls", CLASSES, ids=names_of)
def test_bad_data(cls):
    X, y, weight = classification()
    frame = pd.DataFrame(X.copy(), columns=[f"gene{j}" for j in range(10)])
    frame.iloc[3, 4] = np.nan
    with pytest.raises(ValueError, match=r"X contains NaN or infinity: X\[3, 4\] \('gene4'\) is NaN"):
        cls().fit(frame, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        cls().fit(X, y[:-1])
    with pytest.raises(ValueError, match=r"sample_weight must not be negative, but sample_weight\[2\]"):
        cls().fit(X, y, np.where(np.arange(80) == 2, -1.0, 1.0))
    with pytest.raises(ValueError, match="sample_weight is zero everywhere"):
        cls().fit(X, y, np.zeros(80))
    with pytest.raises(ValueError, match="sample_weight has 79 values, but X has 80 rows"):
        cls().fit(X, y, weight[1:])
    with pytest.raises(ValueError, match="too large to sum"):
        cls().fit(X, y, np.full(80, 1e308))
    with pytest.raises(ValueError, match="requires y to be passed"):
        cls().fit(X, None)
    with pytest.raises(ValueError, match=r"X has 9 features, but .* is expecting 10 features"):
        cls().fit(X, y).predict(X[:, 1:])
    broken = sp.csr_matrix(X)
    broken.indices[5] = 1000
    with pytest.raises(ValueError, match=r"X.indices\[5\] = 1000 is out of range"):
        cls().fit(broken, y)


def test_bad_labels():
    X, y, _ = classification()
    with pytest.raises(ValueError, match=r"at least 2 classes.*only one class: 1"):
        LogisticRegression().fit(X, np.ones(80, dtype=int))
    with pytest.raises(ValueError, match="one class only"):
        LogisticRegression().fit(X, y, sample_weight=y)
    with pytest.raises(ValueError, match="Unknown label type"):
        LogisticRegression().fit(X, np.linspace(0, 1, 80))
    with pytest.warns(DataConversionWarning):
        LogisticRegression().fit(X, y[:, None])


def test_one_warning_if_not_certified():
    X, y, _ = regression(targets=3)
    for category in (ConvergenceWarning, fastreg.ConvergenceWarning):
        with pytest.warns(category, match="did not converge.* iterations.* gap is .*tol is 1e-12") as caught:
            Ridge(max_iter=1, tol=1e-12, solver="proximal_gradient").fit(X, y)
        assert len(caught) == 1
        assert caught[0].filename == __file__


# ---- scikit-learn's machinery


def test_pipeline_grid_search_and_cross_validation():
    X, y, _ = regression()
    search = GridSearchCV(make_pipeline(StandardScaler(), Lasso()), {"lasso__alpha": [1.0, 0.1, 0.01]}, cv=3)
    peer = GridSearchCV(make_pipeline(StandardScaler(), peers.Lasso()), {"lasso__alpha": [1.0, 0.1, 0.01]}, cv=3)
    assert search.fit(X, y).best_params_ == peer.fit(X, y).best_params_
    assert search.best_score_ == pytest.approx(peer.best_score_, rel=1e-3)
    labels = np.where(y > 1, "high", "low")
    ours = cross_val_score(LogisticRegression(), X, labels, cv=4, scoring="neg_log_loss")
    np.testing.assert_allclose(
        ours, cross_val_score(peers.LogisticRegression(), X, labels, cv=4, scoring="neg_log_loss"), rtol=1e-2
    )
    assert log_loss(labels, LogisticRegression(C=100).fit(X, labels).predict_proba(X)) < 0.5


def test_select_from_model():
    X, y, _ = regression()
    for model in (Lasso(0.2), LogisticRegression(l1_ratio=1.0, C=0.2)):
        target = y if isinstance(model, Lasso) else y > 1
        chosen = SelectFromModel(model).fit(X, target).get_support()
        np.testing.assert_array_equal(chosen, np.ravel(clone(model).fit(X, target).coef_) != 0)
        assert 0 < chosen.sum() < 12


@pytest.mark.parametrize("cls", CLASSES, ids=names_of)
def test_metadata_routing(cls):
    X, y, weight = classification()
    with sklearn.config_context(enable_metadata_routing=True):
        model = cls().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        routed = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), model)
        routed.fit(X, y, sample_weight=weight)
        scaled = StandardScaler().fit(X, sample_weight=weight).transform(X)
        np.testing.assert_allclose(routed[-1].coef_, cls().fit(scaled, y, weight).coef_)
        assert routed.score(X, y, sample_weight=weight) == pytest.approx(routed[-1].score(scaled, y, weight))


def test_one_model_a_class():
    X, _, _ = classification()
    y = np.array(["a", "b", "c"])[np.digitize(X[:, 0] + X[:, 1], [-0.5, 1.5])]
    model = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    assert model.score(X, y) > 0.6


@few(2)
@pytest.mark.parametrize("cls", CLASSES, ids=names_of)
def test_names_pickle_and_clone(cls):
    X, y, _ = classification()
    frame = pd.DataFrame(X, columns=[f"gene{j}" for j in range(10)])
    model = cls(penalty_factor=np.arange(10.0)).fit(frame, y)
    assert list(model.feature_names_in_) == list(frame.columns)
    assert model.n_features_in_ == 10
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    fresh = clone(model)
    assert not hasattr(fresh, "coef_")
    np.testing.assert_array_equal(fresh.fit(frame, y).coef_, model.coef_)
    assert fresh._repr_html_()


def test_import_of_fastreg_loads_neither_scikit_learn_nor_matplotlib():
    script = "import sys, fastreg; dir(fastreg); sys.exit(bool({'sklearn', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
