"""Data frames with categories, dates and gaps in estimators: read as by the functions, and alike in prediction."""

import functools
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from grids import spread
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, cross_val_score

import fastreg
from fastreg import (
    ElasticNetCV,
    GeneralizedLinearModelCV,
    Lasso,
    LassoCV,
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)

N = 60
RNG = np.random.default_rng(2)
AGE = RNG.normal(size=N)
TREE = RNG.choice(["ash", "elm", "oak"], N)
SIZE = pd.Categorical(RNG.choice(["s", "m", "l"], N), ["s", "m", "l"], ordered=True)
DAY = pd.date_range("2020-01-01", periods=N)
FRAME = pd.DataFrame({"age": AGE, "tree": TREE, "size": SIZE, "day": DAY})
RULES = {"categories": "text", "ordered": "step", "dates": "days", "unseen": "zero"}
NAMES = ["age", "tree[ash]", "tree[elm]", "tree[oak]", "size[>=m]", "size[>=l]", "day"]
Y = AGE + 2 * (TREE == "elm") + SIZE.codes + 0.2 * RNG.normal(size=N)
TWO = np.where(np.median(Y) < Y, "yes", "no")
QUIET = {"l1_ratios": [1.0], "scoring": "neg_log_loss", "use_legacy_attributes": False}
MODELS = [
    (Lasso(alpha=0.1, tol=1e-10), Y),
    (Ridge(), Y),
    (Ridge(lower=-0.5), Y),
    (RidgeCV(), Y),
    (RidgeCV(cv=3), Y),
    (LassoCV(cv=3, alphas=5), Y),
    (ElasticNetCV(cv=3, alphas=5, rule="1se"), Y),
    (MultiTaskLasso(alpha=0.1), np.c_[Y, AGE]),
    (MultiTaskLassoCV(cv=3, alphas=3), np.c_[Y, AGE]),
    (LogisticRegression(), TWO),
    (LogisticRegression(max_iter=0), TWO),
    (LogisticRegression(), TREE),
    (LogisticRegressionCV(Cs=3, cv=3, refit=False, **QUIET), TWO),
    (RidgeClassifier(), TREE),
    (RidgeClassifierCV(cv=3), TWO),
]


@functools.cache
def path():
    return fastreg.fit_path(FRAME, Y, alphas=[0.1], tol=1e-10, **RULES)


@spread(4)
@pytest.mark.parametrize("model, y", MODELS, ids=[type(model).__name__ for model, _ in MODELS])
def test_frames_are_read_as_the_functions_read_them(model, y):
    model = clone(model).set_params(**RULES).fit(FRAME, y)
    assert model.n_features_in_ == 4 and model.feature_names_in_.tolist() == list(FRAME)
    assert model.coef_names_.tolist() == NAMES == path().feature_names
    assert np.shape(model.coef_)[-1] == len(NAMES) and model.encoding_ == path().encoding
    shown = model.decision_function if hasattr(model, "decision_function") else model.predict
    X = path().encoding.read(FRAME)
    expected = X @ model.coef_.T + model.intercept_
    np.testing.assert_allclose(shown(FRAME), expected.reshape(np.shape(shown(FRAME))), atol=1e-10)
    again = pickle.loads(pickle.dumps(model))
    new = FRAME.iloc[:3].assign(tree="fir")
    np.testing.assert_array_equal(again.predict(new), model.predict(new))
    assert model.score(FRAME, y) == again.score(FRAME, y)
    with pytest.raises(ValueError, match="fitted on a data frame whose columns are not all numbers, and X is none"):
        model.predict(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(FRAME.drop(columns="day"))
    with pytest.raises(ValueError, match="categories, dates or gaps of a data frame, which scikit-learn cannot"):
        model.to_sklearn()
    if hasattr(model, "cv_path_"):
        assert model.cv_path_.path.encoding == path().encoding and model.cv_path_.predict(FRAME).shape[0] == N


def test_a_lasso_is_that_of_fit_path():
    model = Lasso(alpha=0.1, tol=1e-10, **RULES).fit(FRAME, Y)
    np.testing.assert_allclose(model.coef_, path().coef(0.1)[0], atol=1e-8)
    some = FRAME.drop(columns="size")
    coef = clone(model).fit(some, Y).coef_
    for frame in (pl.from_pandas(some), pa.table(some.assign(day=some["day"].astype("datetime64[us]")))):
        other = clone(model).fit(frame, Y)
        np.testing.assert_allclose(other.coef_, coef, atol=1e-9)
        np.testing.assert_allclose(other.predict(frame[:3]), other.predict(some[:3]))
    plain = model.set_params(categories=None, ordered="one-hot", dates="error").fit(FRAME[["age"]], Y)
    assert not hasattr(plain, "encoding_") and plain.coef_names_.tolist() == ["age"]
    assert not hasattr(plain.set_params(unseen="error").fit(AGE[:, None], Y), "coef_names_")
    with pytest.raises(ValueError, match="are about data frames; X is none"):
        Lasso(missing="drop").fit(AGE[:, None], Y)


def test_options_are_taken_by_name():
    free = Lasso(alpha=0.5, penalty_factor={"tree": 0.0}, upper={"age": 0.3}, **RULES).fit(FRAME, Y)
    named = dict(zip(free.coef_names_, free.coef_))
    assert named["tree[ash]"] == 0.0 != named["tree[elm]"] and named["age"] <= 0.3  # the first level is the reference
    assert np.count_nonzero(Ridge(alpha=0.0, **RULES).fit(FRAME, Y).coef_ == 0.0) == 1
    with pytest.raises(ValueError, match="penalty_factor names 'fir', but X has no such column"):
        LassoCV(penalty_factor={"fir": 1.0}, **RULES).fit(FRAME, Y)
    with pytest.raises(ValueError, match="the columns of X have none"):
        Ridge(penalty_factor={"age": 1.0}).fit(AGE[:, None], Y)


GAPS = FRAME.assign(age=np.where(np.arange(N) % 10 == 3, np.nan, AGE))
LEFT = np.flatnonzero(np.arange(N) % 10 != 3)
GROUPS = np.arange(N) // 15


@pytest.mark.filterwarnings("ignore:missing='drop':fastreg.DataWarning")
def test_rows_that_are_dropped_take_all_that_is_theirs_with_them():
    rows = {"sample_weight": RNG.uniform(size=N), "offset": RNG.normal(size=N)}
    left = {name: value[LEFT] for name, value in rows.items()}
    dropping, kept = Lasso(alpha=0.1, missing="drop", **RULES), Lasso(alpha=0.1, **RULES)
    coef = kept.fit(GAPS.iloc[LEFT], Y[LEFT], **left).coef_
    np.testing.assert_array_equal(dropping.fit(GAPS, Y, **rows).coef_, coef)

    pairs = [(train, test) for train, test in KFold(3).split(FRAME)]
    places = {row: k for k, row in enumerate(LEFT)}
    of_left = [tuple(np.array([places[i] for i in part if i in places]) for part in pair) for pair in pairs]
    expected = LassoCV(alphas=[0.1, 0.01], cv=of_left, **RULES).fit(GAPS.iloc[LEFT], Y[LEFT], **left)
    for cv in (pairs, PredefinedSplit(np.repeat([0, 1, 2], N // 3))):
        model = LassoCV(alphas=[0.1, 0.01], cv=cv, missing="drop", **RULES).fit(GAPS, Y, **rows)
        np.testing.assert_allclose(model.mse_path_, expected.mse_path_)
    glm = {"alphas": [0.1, 0.01], "l1_ratio": 1.0, **RULES}
    same = GeneralizedLinearModelCV(cv=of_left, **glm).fit(GAPS.iloc[LEFT], Y[LEFT], **left).cv_path_.fold_scores
    found = GeneralizedLinearModelCV(cv=pairs, missing="drop", **glm).fit(GAPS, Y, **rows).cv_path_.fold_scores
    np.testing.assert_allclose(found, same)
    ridge = RidgeCV(cv=pairs, missing="drop", **RULES).fit(GAPS, Y, **rows)
    same = RidgeCV(cv=of_left, **RULES).fit(GAPS.iloc[LEFT], Y[LEFT], **left)
    assert ridge.best_score_ == pytest.approx(same.best_score_)
    with config_context(enable_metadata_routing=True):
        by_group = LassoCV(alphas=[0.1], cv=GroupKFold(4).set_split_request(groups=True), missing="drop", **RULES)
        found = by_group.fit(GAPS, Y, groups=GROUPS)
        groups = GroupKFold(4).split(FRAME, Y, GROUPS)
        pairs = [tuple(np.array([places[i] for i in part if i in places]) for part in pair) for pair in groups]
        expected = LassoCV(alphas=[0.1], cv=pairs, **RULES).fit(GAPS.iloc[LEFT], Y[LEFT])
        np.testing.assert_allclose(np.ravel(found.mse_path_), np.ravel(expected.mse_path_))
    with pytest.raises(ValueError, match="leave them out here, too"):
        dropping.predict(GAPS, offset=0)


def test_means_and_levels_of_missing_values_are_kept():
    model = Ridge(missing="mean", **RULES).fit(GAPS, Y)
    assert model.coef_names_.tolist()[:2] == ["age", "age[missing]"]
    shown = model.predict(GAPS.assign(age=np.nan).iloc[:2])
    filled = GAPS.iloc[:2].assign(age=np.nanmean(GAPS["age"]))
    np.testing.assert_allclose(shown, model.predict(filled) + model.coef_[1])


def test_searches_fit_each_split_on_the_levels_of_its_rows():
    scores = cross_val_score(Lasso(alpha=0.05, **RULES), FRAME, Y, cv=4)
    assert scores.mean() > 0.5
    rare = FRAME.assign(tree=["fir"] + ["elm"] * (N - 1))
    with pytest.raises(ValueError, match="unseen='zero'"):
        cross_val_score(Lasso(alpha=0.05, **RULES | {"unseen": "error"}), rare, Y, cv=4, error_score="raise")
    kept = make_column_transformer(("passthrough", ["age", "tree"]), verbose_feature_names_out=False)
    table = kept.set_output(transform="pandas").fit_transform(FRAME)
    assert Ridge(categories="text").fit(table, Y).coef_names_.tolist() == NAMES[:4]
