"""LassoCV, ElasticNetCV and LogisticRegressionCV against scikit-learn's own classes, and inside its machinery."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as peers
from grids import few, spread
from own_parameters import BOUNDED
from sklearn import config_context
from sklearn.base import clone
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from test_estimators import classification, regression

import fastreg
from fastreg import ElasticNetCV, LassoCV, LogisticRegressionCV, RidgeCV
from fastreg.estimators.to_sklearn import in_older_words

SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
TIGHT = {"tol": 1e-12}


def clear_classes(n=120, p=10):
    """Classes that the first columns tell apart well."""
    X, eta, _ = regression(n, p)
    return X, (eta > np.median(eta)).astype(int)


# No check is expected to fail. tol=1e-14 where one compares two fits to seven digits.
@spread(12)
@parametrize_with_checks([LassoCV()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.peers
@parametrize_with_checks(
    [
        ElasticNetCV(),
        LassoCV(rule="1se", fit_intercept=False),
        LassoCV(standardize=True, lower=-1.0, upper=2.0, rule="1se"),
        ElasticNetCV(l1_ratio=[0.0, 0.5, 1.0], alphas=np.geomspace(10.0, 0.1, 10)),
        LogisticRegressionCV(cv=3, tol=1e-14),  # 3 folds: one check has 3 rows a class
        LogisticRegressionCV(l1_ratios=[0.5, 1.0], Cs=4, cv=3, rule="1se", tol=1e-14),
        LogisticRegressionCV(Cs=4, cv=3, class_weight="balanced", refit=False, use_legacy_attributes=False, tol=1e-14),
    ]
)
def test_scikit_learn_checks_with_other_parameters(estimator, check):
    check(estimator)


def same_parameters(ours, theirs):
    """Ours beyond theirs; theirs are all there."""
    names = set(ours().get_params()) - set(theirs().get_params())
    assert set(theirs().get_params()) <= set(ours().get_params())
    return names


def test_parameters_are_those_of_scikit_learn():
    if SKLEARN < (1, 9):
        pytest.skip("the signatures are those of scikit-learn 1.9")
    for cls in (LassoCV, ElasticNetCV):
        assert same_parameters(cls, getattr(peers, cls.__name__)) == {"rule", *BOUNDED}
    assert same_parameters(LogisticRegressionCV, peers.LogisticRegressionCV) == {"rule", "selection", *BOUNDED}


@few(2)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix, sp.csc_array], ids=["dense", "csr", "csc"])
@pytest.mark.parametrize(
    "name, params",
    [
        ("LassoCV", {"alphas": 20}),
        ("LassoCV", {"alphas": [0.01, 0.5, 0.1], "cv": 3}),
        ("ElasticNetCV", {"alphas": 10, "cv": KFold(4, shuffle=True, random_state=0)}),
        ("ElasticNetCV", {"l1_ratio": [0.3, 0.9], "alphas": 10, "eps": 0.01}),
        ("ElasticNetCV", {"l1_ratio": [0.3, 0.9], "alphas": [0.01, 0.5, 0.1]}),
    ],
)
def test_regression_equals_scikit_learn(name, params, make, fit_intercept, weighted):
    X, y, weight = regression(53, 12)  # folds of unequal size
    weight = weight if weighted else None
    ours = getattr(fastreg, name)(**params, **TIGHT, fit_intercept=fit_intercept).fit(make(X), y, sample_weight=weight)
    theirs = getattr(peers, name)(**in_older_words(params), fit_intercept=fit_intercept, tol=1e-12, max_iter=100_000)
    theirs.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-5)
    np.testing.assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-10)
    assert ours.alpha_ == pytest.approx(theirs.alpha_)
    if name == "ElasticNetCV":
        assert ours.l1_ratio_ == theirs.l1_ratio_
    else:
        assert not hasattr(ours, "l1_ratio_")
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.predict(make(X)), theirs.predict(X), rtol=1e-5, atol=1e-5)
    assert 0.0 <= ours.dual_gap_ < 1e-9 and ours.n_iter_ >= 1


@few(1)
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize(
    "params",
    [
        {"Cs": 5, "l1_ratios": None},
        {"Cs": [10.0, 0.1, 1.0], "l1_ratios": (0.0,), "fit_intercept": False, "cv": 3},
        {"Cs": [0.3, 3.0], "l1_ratios": np.array([0.0, 1.0]), "scoring": "neg_log_loss"},
    ],
)
def test_classification_equals_scikit_learn(params, class_weight, weighted, refit, legacy):
    if SKLEARN < (1, 8):
        pytest.skip("attributes that are no legacy came with scikit-learn 1.8")
    X, y, weight = classification()
    X, weight = X / X.std(axis=0), weight if weighted else None  # saga needs columns of one scale
    labels = np.where(y > 0, "yes", "no")
    shared = {"scoring": "accuracy"} | params | {"refit": refit, "class_weight": class_weight}
    shared["use_legacy_attributes"] = legacy
    ours = LogisticRegressionCV(**shared, **TIGHT).fit(X, labels, sample_weight=weight)
    solver = {"solver": "saga" if np.size(params["l1_ratios"]) == 2 else "lbfgs", "max_iter": 100_000}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = peers.LogisticRegressionCV(**shared, **solver, tol=1e-9).fit(X, labels, sample_weight=weight)
    for name in ("scores_", "coefs_paths_", "C_", "l1_ratio_", "Cs_", "coef_", "intercept_", "n_iter_"):
        if name == "l1_ratio_" and params["l1_ratios"] is None:
            assert ours.l1_ratio_ == 0.0  # where scikit-learn has None
            continue
        mine, peer = getattr(ours, name), getattr(theirs, name)
        assert type(mine) is type(peer), name
        mine, peer = (mine["yes"], peer["yes"]) if isinstance(mine, dict) else (mine, peer)
        assert np.shape(mine) == np.shape(peer), name
        if name != "n_iter_":
            np.testing.assert_allclose(mine, peer, rtol=1e-3, atol=1e-4, err_msg=name)
    assert ours.score(X, labels) == pytest.approx(theirs.score(X, labels), abs=1e-3)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)


def test_deprecated_penalty_decides():
    X, y, _ = classification()
    with pytest.warns(FutureWarning, match="'penalty' was deprecated"):
        lasso = LogisticRegressionCV(penalty="l1", Cs=3).fit(X, y)
    np.testing.assert_array_equal(lasso.coef_, LogisticRegressionCV(l1_ratios=(1.0,), Cs=3).fit(X, y).coef_)
    with pytest.raises(ValueError, match="penalty must be one of"):
        LogisticRegressionCV(penalty="l3").fit(X, y)


@few(1)
@pytest.mark.parametrize(("seed", "refit"), [(3, False), (5, True), (14, False), (18, False)])
def test_of_equal_accuracies_the_same_is_chosen_as_by_scikit_learn(seed, refit):
    if SKLEARN < (1, 8):
        pytest.skip("attributes that are no legacy came with scikit-learn 1.8")
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 90))
    X, y = rng.normal(size=(n, 5)), rng.integers(2 + seed % 2, size=n)
    y = y + (X[:, 0] > 1)
    for cv in (3, 5):
        options = {"Cs": 8, "cv": cv, "refit": refit, "scoring": "accuracy", "use_legacy_attributes": False}
        ours = LogisticRegressionCV(**options, l1_ratios=(0.0,)).fit(X, y)
        theirs = peers.LogisticRegressionCV(**options, l1_ratios=(0.0,), tol=1e-8, max_iter=10_000).fit(X, y)
        np.testing.assert_allclose(ours.scores_, theirs.scores_, rtol=1e-12)
        assert pytest.approx(theirs.C_) == ours.C_
        assert ours.n_iter_.dtype == theirs.n_iter_.dtype


@few(1)
@pytest.mark.parametrize("estimator", [LassoCV(cv=5), LogisticRegressionCV(l1_ratios=(1.0,), scoring="neg_log_loss")])
def test_one_standard_error_selects_a_stronger_penalty(estimator):
    X, y = clear_classes() if "Logistic" in type(estimator).__name__ else regression()[:2]
    best, simple = clone(estimator).fit(X, y), clone(estimator).set_params(rule="1se").fit(X, y)
    path = best.cv_path_
    assert path.alpha_1se > path.alpha_min
    np.testing.assert_allclose(np.ravel(best.coef_), path.coef("min")[0])
    np.testing.assert_allclose(np.ravel(simple.coef_), path.coef("1se")[0])
    if hasattr(best, "C_"):
        assert simple.C_[0] < best.C_[0]
        assert simple.C_[0] == pytest.approx(1.0 / (path.alpha_1se * y.size))


def test_order_of_coordinates_is_accepted():
    X, y, _ = regression()
    for word in ("cyclic", "random"):
        np.testing.assert_array_equal(LassoCV(selection=word).fit(X, y).coef_, LassoCV().fit(X, y).coef_)
    with pytest.raises(ValueError, match="selection must be one of 'cyclic', 'random', got 'best'"):
        LassoCV(selection="best").fit(X, y)


@few(2)
@pytest.mark.parametrize("model", [LassoCV(alphas=5), RidgeCV(), RidgeCV(cv=3)])
def test_rules_are_accepted_under_their_older_name(model):
    X, y, _ = regression()
    for name in ("1se", "min", "lambda.1se"):
        with pytest.warns(FutureWarning, match=f"now called rule='{name.removeprefix('lambda.')}'"):
            older = clone(model).set_params(selection=name).fit(X, y)
        assert older.alpha_ == clone(model).set_params(rule=name).fit(X, y).alpha_
    with pytest.warns(FutureWarning), pytest.raises(ValueError, match="rule is '1se', but selection"):
        clone(model).set_params(selection="min", rule="1se").fit(X, y)


@few(1)
@pytest.mark.parametrize("estimator", [LassoCV(), LogisticRegressionCV(l1_ratios=(1.0,))])
def test_penalty_factor(estimator):
    X, y, _ = classification() if "Logistic" in type(estimator).__name__ else regression()
    factor = np.ones(X.shape[1])
    factor[:2] = 0.0, np.inf
    coef = np.ravel(estimator.set_params(penalty_factor=factor).fit(X, y).coef_)
    assert coef[0] != 0.0 and coef[1] == 0.0


@pytest.mark.parametrize(
    "estimator, message",
    [
        (LassoCV(eps=2.0), r"eps must be in \(0, 1\), got 2"),
        (LassoCV(alphas=[1.0, -1.0]), r"alphas\[1\] == -1.0, must be >= 0.0"),
        (ElasticNetCV(l1_ratio=[0.0, 0.5]), "Automatic alpha grid generation is not supported for l1_ratio=0"),
        (LassoCV(cv=100), "n_splits=100"),
        (LassoCV(alphas=None), "alphas must be how many, an integer, or their values, got None"),
        (LassoCV(alphas=[]), "alphas must be a non-empty vector"),
        (ElasticNetCV(l1_ratio=[0.5, 3.0]), r"l1_ratio must be in \[0, 1\], got 3"),
        (LogisticRegressionCV(Cs=[]), "Cs is empty"),
        (LogisticRegressionCV(Cs=[0.0]), r"Cs\[0\] must be in \(0, inf\]"),
        (LogisticRegressionCV(l1_ratios=0.5), r"l1_ratios must be an array-like of numbers .* \(l1_ratios=0.5\)"),
        (LogisticRegressionCV(scoring="best"), "scoring='best' is not a scorer of scikit-learn"),
        (LogisticRegressionCV(rule="cyclic"), "rule must be one of 'min', '1se'"),
    ],
)
def test_errors(estimator, message):
    X, y, _ = classification()
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, y)


def test_several_targets_are_refused():
    X, y, _ = regression(targets=2)
    with pytest.raises(ValueError, match="For multi-task outputs, use MultiTaskLassoCV"):
        LassoCV().fit(X, y)


def test_one_warning_for_fits_that_are_not_certified():
    X, y, _ = classification()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scoring = {"scoring": "accuracy", "use_legacy_attributes": False}
        LogisticRegressionCV(l1_ratios=(1.0,), max_iter=1, Cs=[1.0, 10.0], **scoring).fit(X, y)
    assert [each.filename for each in caught] == [__file__]
    assert "LogisticRegressionCV:" in str(caught[0].message) and "of 12 fits did not converge" in str(caught[0].message)


def test_groups_travel_by_metadata_routing():
    X, y, weight = regression()
    groups = np.repeat(np.arange(10), 6)
    with pytest.raises(ValueError, match="only supported if enable_metadata_routing=True"):
        LassoCV(cv=GroupKFold(5)).fit(X, y, groups=groups)
    with config_context(enable_metadata_routing=True):
        cv = GroupKFold(5).set_split_request(groups=True)
        found = LassoCV(cv=cv).fit(X, y, sample_weight=weight, groups=groups)
        labels = y > np.median(y)
        scored = LogisticRegressionCV(cv=cv, scoring="neg_log_loss").fit(X, labels, groups=groups)
        assert np.isfinite(scored.score(X, labels))
    pairs = list(GroupKFold(5).split(X, y, groups))
    np.testing.assert_allclose(found.mse_path_, LassoCV(cv=pairs).fit(X, y, sample_weight=weight).mse_path_)


def test_inside_scikit_learn():
    pd = pytest.importorskip("pandas")
    X, y = clear_classes()
    table = pd.DataFrame(X, columns=[f"gene {j}" for j in range(X.shape[1])])
    model = make_pipeline(StandardScaler(), LogisticRegressionCV(l1_ratios=(1.0,), scoring="roc_auc"))
    assert cross_val_score(model, table, y, cv=3).mean() > 0.6
    kept = SelectFromModel(LassoCV(rule="1se")).fit(table, y).get_feature_names_out()
    assert 0 < kept.size < X.shape[1]
    fitted = LogisticRegressionCV(l1_ratios=(1.0,)).fit(table, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(table), fitted.predict_proba(table))
    assert set(fitted.cv_path_.support("min")) <= set(table.columns)


def test_float32_stays_float32():
    X, y, _ = regression()
    assert LassoCV().fit(X.astype(np.float32), y).coef_.dtype == np.float32
    assert LogisticRegressionCV().fit(X.astype(np.float32), y > 0).coef_.dtype == np.float32
