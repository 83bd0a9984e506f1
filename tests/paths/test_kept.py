"""What results keep: nothing of the size of the data that nobody asked for, and no reference to X."""

import pickle
import warnings

import numpy as np
import pytest
from grids import few, spread

import fastreg

FEW, MANY = 60, 6000
COEF = np.array([1.0, -1.0, 0.5])
ALPHAS = [0.3, 0.1, 0.03]


def draw(n):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, X @ COEF + 0.1 * rng.normal(size=n)


def classes(y):
    return np.where(y > 0, "yes", "no")


def two(y):
    return np.column_stack([y, -y])


def positive(y):
    return np.abs(y) + 0.1


ESTIMATORS = {
    "Lasso": ({}, None), "ElasticNet": ({"alpha": 0.1}, None), "Ridge": ({}, None),
    "LassoCV": ({"alphas": ALPHAS}, None),
    "ElasticNetCV": ({"alphas": ALPHAS, "l1_ratio": [0.5, 1.0]}, None), "RidgeCV": ({}, None),
    "RidgeClassifier": ({}, classes), "RidgeClassifierCV": ({}, classes), "LogisticRegression": ({}, classes),
    "LogisticRegressionCV": (
        {"Cs": 3, "l1_ratios": [0.5], "scoring": "accuracy", "use_legacy_attributes": False}, classes,
    ),
    "MultiTaskLasso": ({}, two), "MultiTaskElasticNet": ({}, two), "MultiTaskLassoCV": ({"alphas": ALPHAS}, two),
    "MultiTaskElasticNetCV": ({"alphas": ALPHAS, "l1_ratio": [0.5, 1.0]}, two),
    "GeneralizedLinearModel": ({}, None), "GeneralizedLinearModelCV": ({"alphas": ALPHAS}, None),
    "PoissonRegressor": ({}, positive), "PoissonRegressorCV": ({"alphas": ALPHAS}, positive),
    "GammaRegressor": ({}, positive), "GammaRegressorCV": ({"alphas": ALPHAS}, positive),
}  # fmt: skip

FUNCTIONS = {
    "fit_path": lambda X, y: fastreg.fit_path(X, y, alphas=ALPHAS),
    "weights and offset": lambda X, y: fastreg.fit_path(X, y, alphas=ALPHAS, offset=0.1 * y, sample_weight=1.0 + y**2),
    "fit_multi_path": lambda X, y: fastreg.fit_multi_path(X, two(y), alphas=ALPHAS),
    "relax_path": lambda X, y: fastreg.relax_path(fastreg.fit_path(X, y, alphas=ALPHAS), X, y),
    "information_criteria": lambda X, y: fastreg.information_criteria(fastreg.fit_path(X, y, alphas=ALPHAS), X, y),
    "ridge_loo": lambda X, y: fastreg.ridge_loo(X, y, alphas=ALPHAS),
    "cv_relaxed": lambda X, y: fastreg.cv_relaxed(X, y, cv=3, alphas=ALPHAS),
    "stability_selection": lambda X, y: fastreg.stability_selection(
        X, y, n_pairs=2, alphas=ALPHAS[:2], expected_errors=99.0
    ),
}


def size(n, make):
    X, y = draw(n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return len(pickle.dumps(make(X, y)))


def assert_kept_apart(make):
    """Of a hundred times the rows a pickle is no larger, but for counts that take another byte or a column more."""
    few, many = size(FEW, make), size(MANY, make)
    assert many < few + 2_000, (few, many)


def test_every_estimator_is_here():
    assert set(ESTIMATORS) == {name for name in fastreg.__all__ if hasattr(getattr(fastreg, name), "get_params")}


@spread(4)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_keep_nothing_of_the_size_of_the_data(name):
    params, target = ESTIMATORS[name]
    model = getattr(fastreg, name)(**params)
    assert_kept_apart(lambda X, y: model.fit(X, y if target is None else target(y)))


@few(4)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_keep_nothing_of_the_size_of_the_data(name):
    assert_kept_apart(FUNCTIONS[name])


def test_what_is_asked_for_is_kept():
    X, y = draw(FEW)
    found = fastreg.cv_path(X, y, cv=3, alphas=ALPHAS)
    assert found.predictions is None
    assert found.test_folds.shape == (FEW,)
    asked = fastreg.cv_path(X, y, cv=3, alphas=ALPHAS, l1_ratio=[0.5, 1.0], keep_predictions=True)
    for curve in asked.per_l1_ratio:
        for f, fold in enumerate(curve.fold_paths):
            test = asked.test_folds == f
            np.testing.assert_allclose(curve.predictions[test], fold.predict(X[test], ALPHAS), atol=1e-12)
    with pytest.raises(ValueError, match="keep_predictions must be True or False"):
        fastreg.cv_path(X, y, keep_predictions="all")
    model = fastreg.LassoCV(alphas=ALPHAS, cv=3).fit(X, y)
    assert model.cv_path_.predictions is None and model.cv_path_.test_folds is None
    assert model.cv_path_.predict(X, "min") == pytest.approx(model.predict(X))
