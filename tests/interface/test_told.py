"""What is told once: columns left out though their values differ, and counts weighted by their exposure."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import few

import fastreg
from fastreg import (
    DataWarning,
    adaptive_factor,
    cv_path,
    cv_relaxed,
    fit_multi_path,
    fit_path,
    nested_cv_relaxed,
    ridge_loo,
    stability_selection,
)


def told(call):
    """(what it returns, the DataWarnings)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out = call()
    assert {each.filename for each in caught if each.category is DataWarning} <= {__file__}
    return out, [str(each.message) for each in caught if issubclass(each.category, DataWarning)]


# Columns that are constant but for rounding.

RNG = np.random.default_rng(5)
N = 90
X = RNG.normal(size=(N, 5))
X[:, 1] = 1e10 + 0.05 * RNG.normal(size=N)
X[:, 3] = 0.1  # truly constant
X[:, 4] = RNG.uniform(size=N) - 3e12
Y = X[:, 0] + RNG.normal(size=N)
TWO, CLASSES, THREE = np.column_stack([Y, -Y]), np.where(Y > 0, "a", "b"), RNG.integers(0, 3, N)
FEW = {"n_alphas": 4, "alpha_min_ratio": 0.1}
FUNCTIONS = {
    "fit_path": lambda X: fit_path(X, Y, **FEW),
    "cv_path": lambda X: cv_path(X, Y, l1_ratio=[0.5, 1.0], cv=3, **FEW),
    "cv_relaxed": lambda X: cv_relaxed(X, Y, cv=3, **FEW),
    "cv_relaxed with a pilot": lambda X: cv_relaxed(X, Y, pilot="ridge", cv=3, **FEW),
    "nested_cv_relaxed": lambda X: nested_cv_relaxed(X, Y, outer=2, cv=2, **FEW),
    "stability_selection": lambda X: stability_selection(X, Y, n_pairs=2, expected_errors=9.0, **FEW),
    "adaptive_factor": lambda X: adaptive_factor(X, Y),
    "ridge_loo": lambda X: ridge_loo(X, Y, **FEW),
    "fit_multi_path": lambda X: fit_multi_path(X, TWO, **FEW),
    "multinomial": lambda X: fit_multi_path(X, THREE, family="multinomial", **FEW),
}
ESTIMATORS = [
    ("Lasso", {}, Y), ("Lasso", {}, TWO), ("Ridge", {}, Y), ("Ridge", {}, TWO), ("ElasticNet", {}, Y),
    ("RidgeCV", {}, Y),
    ("RidgeCV", {"cv": 3}, Y), ("LassoCV", {"cv": 3, "alphas": 4}, Y),
    ("ElasticNetCV", {"l1_ratio": [0.5, 1.0], "cv": 3, "alphas": 4}, Y), ("LogisticRegression", {}, CLASSES),
    ("LogisticRegression", {}, THREE), ("MultiTaskLasso", {}, TWO), ("MultiTaskLassoCV", {"cv": 3, "alphas": 4}, TWO),
    ("RidgeClassifier", {}, THREE), ("RidgeClassifierCV", {"cv": 3}, CLASSES),
    ("GeneralizedLinearModelCV", {"l1_ratio": [0.5, 1.0], "cv": 3, "alphas": 4}, Y),
    (
        "LogisticRegressionCV",
        {"l1_ratios": [0.5, 1.0], "Cs": 2, "cv": 2, "scoring": "accuracy", "use_legacy_attributes": False}, CLASSES,
    ),
]  # fmt: skip
NEAR = r"constant but for rounding: columns 1, 4 of X"


@few(2)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_columns_constant_but_for_rounding_are_named_once(name):
    _, messages = told(lambda: FUNCTIONS[name](X))
    assert len(messages) == 1 and messages[0].startswith(NEAR)
    _, messages = told(lambda: FUNCTIONS[name](X - X.mean(axis=0)))  # as the message advises
    assert messages == []


@few(5)
@pytest.mark.parametrize(("name", "params", "target"), ESTIMATORS)
def test_estimators_name_them_once(name, params, target):
    _, messages = told(lambda: getattr(fastreg, name)(**params).fit(X, target))
    assert len(messages) == 1 and messages[0].startswith(NEAR)


def test_columns_are_named_as_their_frame_does_and_counted():
    _, messages = told(lambda: fit_path(pd.DataFrame(X, columns=list("abcde")), Y, **FEW))
    assert messages[0].startswith(
        "constant but for rounding: columns 1 ('b'), 4 ('e') of X, whose values spread by less"
    )
    _, messages = told(lambda: fit_path(np.repeat(X[:, [0, 1]], [1, 9], axis=1), Y, **FEW))
    assert messages[0].startswith("constant but for rounding: columns 1, 2, 3, 4, 5, 6 and 3 more of X")
    _, messages = told(lambda: fit_path(X[:, :2], Y, **FEW))
    assert messages[0].startswith("constant but for rounding: column 1 of X")


def test_sparse_columns_are_looked_at_as_dense_ones_are():
    _, messages = told(lambda: fit_path(sp.csc_array(X), Y, **FEW))
    assert len(messages) == 1 and messages[0].startswith(NEAR)
    empty = sp.csc_array(np.column_stack([X[:, 0], np.zeros(N), np.full(N, 7.0)]))
    assert told(lambda: fit_path(empty, Y, **FEW))[1] == []


def test_columns_of_one_value_and_those_left_out_on_purpose_are_passed_over():
    free = {"lower": [-np.inf, 0, -np.inf, -np.inf, 0], "upper": [np.inf, 0, np.inf, np.inf, 0]}
    for options in ({"penalty_factor": [1, np.inf, 1, 1, np.inf]}, free, {"fit_intercept": False}):
        assert told(lambda options=options: fit_path(X, Y, **FEW, **options))[1] == []
    weight = np.repeat([0.0, 1.0], [30, N - 30])
    Z = np.column_stack([X[:, 0], np.where(weight > 0, 5.0, 3.0)])  # of one value where rows count
    assert told(lambda: fit_path(Z, Y, sample_weight=weight, **FEW))[1] == []


# Counts weighted by their exposure.

MANY = 2000
A = RNG.normal(size=(MANY, 3))
EXPOSURE = RNG.uniform(0.1, 1.0, MANY)
CLAIMS = RNG.poisson(EXPOSURE * np.exp(0.3 * A[:, 0] - 1.0)).astype(float)
POISSON = {"family": "poisson", "n_alphas": 4, "alpha_min_ratio": 0.1}
COUNTING = {
    "fit_path": lambda **options: fit_path(A, CLAIMS, **POISSON, **options),
    "cv_path": lambda **options: cv_path(A, CLAIMS, cv=3, l1_ratio=[0.5, 1.0], **POISSON, **options),
    "cv_relaxed": lambda **options: cv_relaxed(A, CLAIMS, cv=3, pilot="ridge", **POISSON, **options),
    "nested_cv_relaxed": lambda **options: nested_cv_relaxed(A, CLAIMS, outer=2, cv=2, **POISSON, **options),
    "stability_selection": lambda **options: stability_selection(
        A, CLAIMS, n_pairs=1, expected_errors=9.0, **POISSON, **options
    ),
    "adaptive_factor": lambda **options: adaptive_factor(A, CLAIMS, family="poisson", **options),
    "Path.refit": lambda **options: fit_path(A, CLAIMS, **POISSON).refit(A, CLAIMS, 0.05, **options),
}


@few(1)
@pytest.mark.parametrize("name", COUNTING)
def test_counts_weighted_by_exposure_are_told_once(name):
    _, messages = told(lambda: COUNTING[name](sample_weight=EXPOSURE))
    assert len(messages) == 1
    assert "y holds counts, and they rise with sample_weight as with an exposure" in messages[0]
    assert (
        "offset=np.log(exposure) and no weights, or the rates y / exposure with sample_weight=exposure" in messages[0]
    )
    assert told(lambda: COUNTING[name](offset=np.log(EXPOSURE)))[1] == []


def test_either_remedy_gives_the_rates():
    """Without penalty both are the same model; the counts weighted by exposure are another."""
    options = {"family": "poisson", "alphas": [0.0], "tol": 1e-12}
    offset, messages = told(lambda: fit_path(A, CLAIMS, offset=np.log(EXPOSURE), **options))
    assert messages == []
    rates, messages = told(lambda: fit_path(A, CLAIMS / EXPOSURE, sample_weight=EXPOSURE, **options))
    assert messages == []
    assert rates.coefs.toarray() == pytest.approx(offset.coefs.toarray(), abs=1e-8)
    assert rates.intercepts == pytest.approx(offset.intercepts, abs=1e-8)
    wrong, _ = told(lambda: fit_path(A, CLAIMS, sample_weight=EXPOSURE, **options))
    truth = -1.0
    assert abs(offset.intercepts[0] - truth) < 0.1 < abs(wrong.intercepts[0] - truth)
    assert offset.predict(A, 0.0, np.log(EXPOSURE)).sum() == pytest.approx(CLAIMS.sum())


MONTHS = RNG.integers(1, 13, MANY) / 12
QUIET = {
    "whole numbers": {"sample_weight": RNG.integers(1, 5, MANY).astype(float)},
    "all the same": {"sample_weight": np.full(MANY, 1 / MANY)},
    "a number": {"sample_weight": 0.3},
    "of another kind": {"sample_weight": RNG.uniform(0.2, 3.0, MANY)},
    "normalised, of another kind": {"sample_weight": RNG.dirichlet(np.full(MANY, 3.0))},
    "decaying": {"sample_weight": np.exp(-np.arange(MANY) / 500)},
    "nearly the same": {"sample_weight": RNG.uniform(0.97, 1.03, MANY)},
    "with an offset": {"sample_weight": EXPOSURE, "offset": np.log(EXPOSURE)},
}


@pytest.mark.parametrize("name", QUIET)
def test_other_weights_are_taken_in_silence(name):
    assert told(lambda: fit_path(A, CLAIMS, **POISSON, **QUIET[name]))[1] == []


def test_what_else_counts_as_an_exposure():
    """Months, years beyond one, some of them whole; of rows that count, and in a Series."""
    for exposure in (MONTHS, 5.0 * EXPOSURE, np.where(EXPOSURE > 0.5, np.ceil(3 * EXPOSURE), EXPOSURE)):
        counts = RNG.poisson(exposure * np.exp(0.2 * A[:, 1]))
        for given in (exposure, pd.Series(exposure), np.where(np.arange(MANY) < 9, 0.0, exposure)):
            assert (
                len(told(lambda given=given, counts=counts: fit_path(A, counts, sample_weight=given, **POISSON))[1])
                == 1
            )
    for family in ("gaussian", "gamma"):
        target = CLAIMS + 1.0
        assert (
            told(lambda family=family, y=target: fit_path(A, y, family=family, sample_weight=EXPOSURE, **FEW))[1] == []
        )
