"""GeneralizedLinearModel, PoissonRegressor, GammaRegressor and those with CV: certificates, scikit-learn's own classes,
the functions, and scikit-learn's machinery."""

import pickle
import warnings

import naive
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as peers
from grids import few, pairwise, spread
from own_families import Fair
from sklearn.base import clone
from sklearn.metrics import d2_tweedie_score
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastreg
from fastreg import (
    GammaRegressor,
    GammaRegressorCV,
    GeneralizedLinearModel,
    GeneralizedLinearModelCV,
    PoissonRegressor,
    PoissonRegressorCV,
)

FAMILIES = ["gaussian", "binomial", "poisson", "gamma"]
N, P = 60, 5


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def data(family, rng, n=N):
    """(X, y, weights, offset) of a family."""
    X = rng.normal(size=(n, P)) * np.geomspace(0.5, 2.0, P)
    offset = rng.uniform(-0.5, 0.5, size=n)
    eta = 0.3 + 0.8 * X[:, 0] - 0.4 * X[:, 1] + offset
    draw = {
        "binomial": lambda: (eta + rng.logistic(size=n) > 0).astype(float),
        "poisson": lambda: rng.poisson(np.exp(eta)).astype(float),
        "gamma": lambda: rng.gamma(3.0, np.exp(eta) / 3.0),
    }
    y = draw[family]() if family in draw else eta + rng.normal(size=n)
    return X, y, rng.uniform(0.5, 2.0, size=n), offset


@spread(12)
@parametrize_with_checks([PoissonRegressor()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.peers
@parametrize_with_checks(
    [
        GammaRegressor(),
        GeneralizedLinearModel(),
        GeneralizedLinearModel("gamma", l1_ratio=0.5, alpha=0.1, standardize=True, tol=1e-14),
        PoissonRegressorCV(alphas=10, cv=3),
        GammaRegressorCV(l1_ratio=[0.0, 0.5], alphas=10, cv=3, rule="1se"),
        GeneralizedLinearModelCV(l1_ratio=1.0, fit_intercept=False),
    ]
)
def test_scikit_learn_checks_of_the_others(estimator, check):
    check(estimator)


# ---- certificates


@few(2)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("has_offset", [True, False])
@pytest.mark.parametrize(
    "options", [{}, {"standardize": True, "penalty_factor": [0.0, 1.0, 2.0, 1.0, 1.0]}, {"lower": 0.0, "upper": 0.5}]
)
def test_fits_are_certified_by_the_naive_checker(family, l1_ratio, fit_intercept, has_offset, options, rng):
    X, y, weight, offset = data(family, rng)
    offset = offset if has_offset else None
    model = GeneralizedLinearModel(family, alpha=0.05, l1_ratio=l1_ratio, fit_intercept=fit_intercept, **options)
    model.fit(X, y, weight, offset=offset)
    words = {"family": family, "l1_ratio": l1_ratio, "weight": weight, "offset": offset, "fit_intercept": fit_intercept}
    words |= {name.removeprefix("penalty_"): np.array(value) for name, value in options.items()}
    most = model.tol * naive.null_scale(X, y, **words)
    assert naive.duality_gap(X, y, model.coef_, model.intercept_, 0.05, **words) <= most >= model.dual_gap_
    path = fastreg.fit_path(
        X, y, family=family, alphas=[0.05], l1_ratio=l1_ratio, fit_intercept=fit_intercept, sample_weight=weight,
        offset=offset, **options,
    )  # fmt: skip
    np.testing.assert_allclose(model.predict(X, offset=offset), path.predict(X, 0.05, offset), rtol=1e-2, atol=1e-3)
    eta = model.linear_predictor(X, offset=offset)
    assert model.score(X, y, weight, offset=offset) == pytest.approx(path.score(X, y, 0.05, weight, offset), abs=1e-4)
    np.testing.assert_allclose(eta, X @ model.coef_ + model.intercept_ + (0.0 if offset is None else offset))


# ---- scikit-learn's classes


@pairwise
@pytest.mark.parametrize("name", ["PoissonRegressor", "GammaRegressor"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix, sp.csc_array], ids=["dense", "csr", "csc"])
def test_the_same_as_scikit_learn(name, make, fit_intercept, weighted, rng):
    X, y, weight, _ = data(name.removesuffix("Regressor").lower(), rng)
    weight = weight if weighted else None
    ours = getattr(fastreg, name)(alpha=0.3, fit_intercept=fit_intercept, tol=1e-13).fit(make(X), y, weight)
    theirs = getattr(peers, name)(alpha=0.3, fit_intercept=fit_intercept, tol=1e-10, solver="newton-cholesky")
    theirs.fit(X, y, weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-5, atol=1e-7)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-5, abs=1e-7)
    assert type(ours.intercept_) is type(theirs.intercept_) and ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_allclose(ours.predict(make(X)), theirs.predict(X), rtol=1e-5)
    assert ours.score(make(X), y, weight) == pytest.approx(theirs.score(X, y, weight))
    power = 1 if name == "PoissonRegressor" else 2
    assert ours.score(X, y) == pytest.approx(d2_tweedie_score(y, ours.predict(X), power=power))
    np.testing.assert_array_equal(ours.to_sklearn().predict(X), ours.predict(X))
    assert ours.__sklearn_tags__().target_tags.positive_only


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cd", "newton-cd-gram", "newton-cg", "newton-cholesky", "newton"])
def test_scikit_learns_solvers_and_those_of_1_10_are_accepted(solver, rng):
    X, y, *_ = data("poisson", rng)
    named = PoissonRegressor(alpha=0.1, l1_ratio=0.5, solver=solver, tol=1e-9).fit(X, y)
    np.testing.assert_allclose(
        named.coef_, PoissonRegressor(alpha=0.1, l1_ratio=0.5, tol=1e-9).fit(X, y).coef_, atol=1e-4
    )
    named.to_sklearn().fit(X, y)  # knows its solver


def test_parameters_and_defaults_are_scikit_learns():
    for name in ("PoissonRegressor", "GammaRegressor"):
        ours, theirs = getattr(fastreg, name)().get_params(), getattr(peers, name)().get_params()
        assert set(theirs) <= set(ours) and ours["l1_ratio"] == 0.0
        assert {key for key in theirs if ours[key] != theirs[key]} == {"solver", "tol"}


def test_models_of_one_family_are_the_general_one(rng):
    for family, kind in (("poisson", PoissonRegressor), ("gamma", GammaRegressor)):
        X, y, weight, offset = data(family, rng)
        one = kind(alpha=0.1, l1_ratio=0.5).fit(X, y, weight, offset=offset)
        general = GeneralizedLinearModel(family, alpha=0.1, l1_ratio=0.5).fit(X, y, weight, offset=offset)
        np.testing.assert_array_equal(one.coef_, general.coef_)


def test_other_families_become_what_scikit_learn_has(rng):
    X, y, *_ = data("gaussian", rng)
    model = GeneralizedLinearModel(alpha=0.1, l1_ratio=0.5).fit(X, y)
    peer = model.to_sklearn()
    assert type(peer) is peers.ElasticNet and peer.l1_ratio == 0.5
    np.testing.assert_array_equal(peer.predict(X), model.predict(X))
    chosen = PoissonRegressorCV(alphas=5, l1_ratio=[0.0, 1.0]).fit(X, np.abs(y))
    assert chosen.to_sklearn().alpha == chosen.alpha_
    with pytest.raises(
        ValueError, match="no regressor of family 'binomial'; those it has are gaussian, poisson, gamma"
    ):
        GeneralizedLinearModel("binomial").fit(X, y > 0).to_sklearn()


# ---- offsets, weights, starts


def test_offsets_are_asked_for_where_the_fit_had_one(rng):
    X, y, _, offset = data("poisson", rng)
    model = PoissonRegressor(alpha=0.1).fit(X, y, offset=offset)
    np.testing.assert_allclose(model.predict(X, offset=offset), model.predict(X, offset=0) * np.exp(offset))
    for call in (model.predict, model.linear_predictor, lambda X: model.score(X, y)):
        with pytest.raises(ValueError, match="fitted with an offset, and none is given"):
            call(X)
    assert model.fit(X, y).predict(X).shape == (N,)  # the last fit had none


def test_offsets_and_weights_travel_by_metadata_routing(rng):
    X, y, weight, offset = data("poisson", rng)
    with sklearn.config_context(enable_metadata_routing=True):
        model = PoissonRegressor(alpha=0.1).set_fit_request(sample_weight=True, offset=True)
        model.set_predict_request(offset=True).set_score_request(offset=True, sample_weight=True)
        routed = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        routed.fit(X, y, sample_weight=weight, offset=offset)
        scaled = StandardScaler().fit_transform(X)
        direct = PoissonRegressor(alpha=0.1).fit(scaled, y, weight, offset=offset)
        np.testing.assert_array_equal(routed.predict(X, offset=offset), direct.predict(scaled, offset=offset))
        scores = cross_val_score(routed, X, y, cv=3, params={"offset": offset, "sample_weight": weight})
    train, test = next(KFold(3).split(X))
    scale = StandardScaler().fit(X[train])
    direct.fit(scale.transform(X[train]), y[train], weight[train], offset=offset[train])
    assert scores[0] == pytest.approx(
        direct.score(scale.transform(X[test]), y[test], weight[test], offset=offset[test])
    )


def test_exposures_given_as_weights_are_told(rng):
    years = np.exp(rng.normal(size=300))
    X, y = rng.normal(size=(300, 2)), rng.poisson(5.0 * years)
    for model in (PoissonRegressor(), PoissonRegressorCV(alphas=3)):
        with pytest.warns(fastreg.DataWarning, match="offset=np.log"):
            model.fit(X, y, sample_weight=years)
        with warnings.catch_warnings():
            warnings.simplefilter("error", fastreg.DataWarning)
            model.set_params(**({"alphas": [0.1]} if hasattr(model, "alphas") else {})).fit(X, y, offset=np.log(years))


def test_a_warm_start_saves_steps(rng):
    X, y, *_ = data("gamma", rng)
    model = GammaRegressor(alpha=0.1, warm_start=True).fit(X, y)
    cold = model.coef_
    assert model.fit(X, y).n_iter_ == 0
    np.testing.assert_array_equal(model.coef_, cold)


def test_separable_classes_and_what_is_not_certified_are_told(rng):
    X = np.arange(6.0)[:, None]
    with pytest.warns(fastreg.ConvergenceWarning, match="separable.*Use an alpha above 0"):
        GeneralizedLinearModel("binomial", alpha=0.0).fit(X, [0, 0, 0, 1, 1, 1])
    X, y, *_ = data("poisson", rng)
    with pytest.warns(fastreg.ConvergenceWarning, match="PoissonRegressor: Objective did not converge"):
        PoissonRegressor(alpha=0.01, max_iter=1, tol=1e-12).fit(X, y)


# ---- cross-validation


@few(2)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("rule", ["min", "1se"])
@pytest.mark.parametrize("l1_ratio", [1.0, [0.0, 0.5]])
@pytest.mark.parametrize("options", [{}, {"standardize": True}, {"lower": 0.0}])
@pytest.mark.parametrize("scoring", ["deviance", "neg_mean_absolute_error"])
def test_cross_validation_is_that_of_the_function(family, rule, l1_ratio, options, scoring, rng):
    X, y, weight, offset = data(family, rng)
    alphas, pairs = [0.3, 0.1, 0.03], list(KFold(3).split(X))
    model = GeneralizedLinearModelCV(
        family, alphas=alphas, l1_ratio=l1_ratio, rule=rule, cv=pairs, scoring=scoring, **options
    )
    model.fit(X, y, weight, offset=offset)
    found = fastreg.cv_path(
        X, y, family=family, alphas=alphas, l1_ratio=l1_ratio, cv=pairs, metric=scoring, sample_weight=weight,
        offset=offset, **options,
    )  # fmt: skip
    assert (model.alpha_, model.l1_ratio_) == (found.alpha(rule), found.l1_ratio)
    np.testing.assert_allclose(model.coef_, found.coef(rule)[0], rtol=1e-6, atol=1e-9)
    several = found.per_l1_ratio or [found]
    np.testing.assert_allclose(np.atleast_3d(model.deviance_path_.T).T, [each.fold_scores.T for each in several])
    np.testing.assert_array_equal(model.alphas_, alphas)
    assert model.dual_gap_ <= model.tol * found.path.work["null_loss"]
    np.testing.assert_allclose(model.predict(X, offset=offset), found.predict(X, rule, offset))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).coef_, model.coef_)


def test_ridge_has_a_grid_that_goes_as_far_down_as_the_lassos(rng):
    X, y, *_ = data("poisson", rng)
    model = PoissonRegressorCV(l1_ratio=[0.0, 1.0], alphas=20).fit(X, y)
    assert model.alphas_.shape == (2, 20)
    np.testing.assert_allclose(model.alphas_[0, -1], model.alphas_[1, -1])
    np.testing.assert_allclose(model.alphas_[0, 0], 1000.0 * model.alphas_[1, 0])
    wide = PoissonRegressorCV(l1_ratio=1.0, alphas=3, eps=0.1).fit(X, y).alphas_
    np.testing.assert_allclose(wide[-1] / wide[0], 0.1)


def test_groups_stay_together(rng):
    X, y, *_ = data("poisson", rng)
    groups, alphas = np.arange(N) // 4, [0.3, 0.1, 0.03]
    pairs = list(GroupKFold(5).split(X, y, groups))
    expected = PoissonRegressorCV(alphas=alphas, cv=pairs).fit(X, y).deviance_path_
    for cv in (None, 5, GroupKFold(5)):
        model = PoissonRegressorCV(alphas=alphas, cv=cv).fit(X, y, groups=groups)
        np.testing.assert_array_equal(model.deviance_path_, expected)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = make_pipeline(StandardScaler(with_mean=False, with_std=False), PoissonRegressorCV(alphas=alphas))
        np.testing.assert_allclose(routed.fit(X, y, groups=groups)[-1].deviance_path_, expected)


def test_classes_are_spread_over_folds_and_paths_that_end_early_are_kept(rng):
    X = rng.normal(size=(40, 3))
    y = np.sort(X[:, 0] > 0.3).astype(float)
    X[:, 0] = np.sort(X[:, 0])
    model = GeneralizedLinearModelCV("binomial", l1_ratio=[0.5, 1.0], cv=3).fit(X, y)
    assert model.deviance_path_.shape == (2, model.alphas_.shape[1], 3)
    ended = np.isnan(model.alphas_)
    assert ended.any() and np.isnan(model.deviance_path_[ended]).all()
    assert np.isfinite(model.alpha_) and np.isfinite(model.coef_).all()


class RidgeOnTheFirst:
    """A ridge on the first column beside the lasso on the others."""

    def rates(self, p):
        first = np.arange(p) == 0
        return np.where(first, 0.0, 1.0), np.where(first, 1.0, 0.0)


def test_a_penalty_of_ones_own_is_that_of_the_functions(rng):
    X, y, *_ = data("poisson", rng)
    options = {"family": "poisson", "penalty": RidgeOnTheFirst()}
    path = fastreg.fit_path(X, y, alphas=[0.3, 0.1], **options)
    model = GeneralizedLinearModel(alpha=0.1, tol=1e-12, **options).fit(X, y)
    np.testing.assert_allclose(model.coef_, path.coef(0.1)[0], rtol=1e-2, atol=1e-3)
    assert model.coef_[0] != 0.0
    chosen = GeneralizedLinearModelCV(alphas=[0.3, 0.1], cv=3, **options).fit(X, y)
    np.testing.assert_allclose(chosen.coef_, path.coef(chosen.alpha_)[0], rtol=1e-6, atol=1e-9)
    with pytest.raises(ValueError, match="penalties of one's own"):
        model.to_sklearn()
    with pytest.raises(ValueError, match=r"penalty and l1_ratio=0\.5 are given"):
        GeneralizedLinearModel(l1_ratio=0.5, **options).fit(X, y)


# ---- inside scikit-learn


def test_names_clones_and_families_of_ones_own(rng):
    X, y, *_ = data(Fair, rng)
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = GeneralizedLinearModel(Fair, alpha=0.1, penalty_factor=np.arange(5.0)).fit(frame, y)
    assert list(model.feature_names_in_) == list(frame.columns) and clone(model).family is Fair
    np.testing.assert_array_equal(clone(model).fit(frame, y).coef_, model.coef_)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(frame), model.predict(frame))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])
    assert model.fit(X.astype(np.float32), y).predict(X.astype(np.float32)).dtype == np.float32


def test_frames_with_categories_and_gaps_are_read_as_by_the_functions(rng):
    X, y, weight, offset = data("poisson", rng)
    frame = pd.DataFrame({"age": np.where(np.arange(N) % 9 == 4, np.nan, X[:, 0]), "region": list("nse") * (N // 3)})
    options = {"categories": "text", "missing": "drop", "lower": {"age": 0.0}}
    groups, kept = np.arange(N) // 4, frame["age"].notna().to_numpy()
    with pytest.warns(fastreg.DataWarning, match="leaves out"):
        model = PoissonRegressor(alpha=0.1, l1_ratio=1.0, **options).fit(frame, y, weight, offset=offset)
    with pytest.warns(fastreg.DataWarning, match="leaves out"):
        chosen = PoissonRegressorCV(alphas=[0.3, 0.1], **options).fit(frame, y, weight, offset=offset, groups=groups)
    assert model.coef_names_.tolist() == ["age", "region[e]", "region[n]", "region[s]"] and model.coef_[0] >= 0.0
    path = fastreg.fit_path(
        frame[kept], y[kept], family="poisson", alphas=[0.1], offset=offset[kept], sample_weight=weight[kept],
        categories="text", lower={"age": 0.0},
    )  # fmt: skip
    np.testing.assert_allclose(model.coef_, path.coef(0.1)[0], rtol=1e-6, atol=1e-9)
    pairs = GroupKFold(5).split(frame[kept], y[kept], groups[kept])
    plain = PoissonRegressorCV(alphas=[0.3, 0.1], cv=list(pairs), categories="text", lower={"age": 0.0})
    plain.fit(frame[kept], y[kept], weight[kept], offset=offset[kept])
    np.testing.assert_allclose(chosen.deviance_path_, plain.deviance_path_)
    with pytest.warns(fastreg.DataWarning, match="leaves out"):  # the folds of a splitter are of all rows
        chosen.set_params(cv=GroupKFold(5)).fit(frame, y, weight, offset=offset, groups=groups)
    place = np.cumsum(kept) - 1
    pairs = [[place[part[kept[part]]] for part in pair] for pair in GroupKFold(5).split(frame, y, groups)]
    plain.set_params(cv=pairs).fit(frame[kept], y[kept], weight[kept], offset=offset[kept])
    np.testing.assert_allclose(chosen.deviance_path_, plain.deviance_path_)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (GeneralizedLinearModel("tweedie"), "family must be one of"),
        (GeneralizedLinearModel("gamma"), r"y must hold positive numbers for family 'gamma', but y\[0\] = -1"),
        (PoissonRegressor(alpha=-1.0), r"alpha must be in \[0, inf\), got -1"),
        (PoissonRegressor(l1_ratio=2.0), r"l1_ratio must be in \[0, 1\], got 2"),
        (PoissonRegressor(solver="sag"), "solver must be one of .*'lbfgs'.*got 'sag'"),
        (PoissonRegressor(warm_start="no"), "warm_start must be True or False, got 'no'"),
        (PoissonRegressor(standardize=1), "standardize must be True or False, got 1"),
        (PoissonRegressor(lower=0.5), "lower must be 0 or less"),
        (PoissonRegressorCV(rule="best"), "rule must be one of 'min', '1se', got 'best'. Did you mean 'min'?"),
        (PoissonRegressorCV(scoring="auc"), "scoring='auc' is neither one of deviance, mse, mae nor a scorer"),
        (PoissonRegressorCV(eps=2.0), r"eps must be in \(0, 1\), got 2"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_errors(model, message, rng):
    X = rng.normal(size=(20, 3))
    with pytest.raises(ValueError, match=message):
        model.fit(
            X, np.where(np.arange(20) == 0, -1.0, 2.0) if "y must" in message else np.full(20, 2.0) + X[:, 0] ** 2
        )


def test_a_formula_reads_the_frame_in_fit_predict_and_score():
    pytest.importorskip("formulaic")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"age": rng.uniform(20, 60, 90), "region": rng.choice(["n", "s"], 90), "id": np.arange(90) // 5}
    )
    frame["years"], frame["w"] = rng.uniform(0.5, 2.0, 90), rng.uniform(0.5, 1.5, 90)
    frame["claims"] = rng.poisson(frame["years"] * np.exp(0.02 * frame["age"] - (frame["region"] == "n")))
    formula, rows = "claims ~ np.log(age) + region + age:region", {"sample_weight": "w", "offset": "np.log(years)"}
    model = GeneralizedLinearModel("poisson", formula=formula, alpha=0.01, l1_ratio=0.5).fit(frame, **rows)
    path = fastreg.fit_path(formula, data=frame, family="poisson", l1_ratio=0.5, alphas=[0.01], **rows)
    np.testing.assert_allclose(model.coef_, path.coefs.toarray()[:, 0], atol=1e-3)
    assert model.coef_names_.tolist() == path.feature_names and model.dual_gap_ < 1e-6
    assert model.feature_names_in_.tolist() == ["age", "region"]
    new = frame.drop(columns="claims").head(5)
    np.testing.assert_allclose(model.predict(new), path.predict(new, 0.01), rtol=1e-3)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(new[["region", "years", "age"]]), model.predict(new))
    assert model.score(frame, sample_weight="w") == pytest.approx(path.score(frame, None, 0.01, "w"), rel=1e-5)
    found = GeneralizedLinearModelCV("poisson", formula=formula, cv=3, alphas=8).fit(frame, groups="id", **rows)
    assert found.deviance_path_.shape == (8, 3) and found.predict(new).shape == (5,)
    flat = clone(model).set_params(formula="claims ~ region - 1", alpha=0.0).fit(frame)
    means = frame.groupby("region")["claims"].mean()
    np.testing.assert_allclose(flat.predict(frame), means[frame["region"]], rtol=1e-3)
    assert flat.intercept_ == 0.0 and flat.coef_.shape == (2,)
    with pytest.raises(ValueError, match="fit_intercept is False, but the formula"):
        clone(model).set_params(fit_intercept=False).fit(frame)
    with pytest.raises(ValueError, match="a formula is about a data frame"):
        clone(model).fit(np.ones((5, 2)), np.ones(5))
    with pytest.raises(ValueError, match="pass a frame with the columns"):
        model.predict(np.ones((5, 5)))
