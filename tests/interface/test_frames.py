"""Data frames of every library as X: their numbers and names in fits, their columns checked ever after."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest
from grids import few, spread

import fastreg
from fastreg import (
    cv_path,
    cv_relaxed,
    fit_multi_path,
    fit_path,
    information_criteria,
    relax_path,
)
from fastreg.interface import frames

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

RNG = np.random.default_rng(3)
N = 60
NAMES = ["age", "dose", "smokes", "visits"]
COLUMNS = {
    "age": RNG.normal(size=N), "dose": RNG.normal(size=N), "smokes": RNG.normal(size=N) > 0,
    "visits": RNG.integers(0, 5, N),
}  # fmt: skip
X = np.column_stack([COLUMNS[name].astype(float) for name in NAMES])
Y = X @ [1.0, -2.0, 0.7, 0.3] + 0.1 * RNG.normal(size=N)
CLASSES = np.where(np.median(Y) < Y, "yes", "no")
ALPHAS = np.geomspace(0.5, 1e-3, 6)
CLASSIFIERS = ["RidgeClassifier", "RidgeClassifierCV", "LogisticRegression"]


def table(columns):
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def batch(columns):
    return pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in columns.items()})


def nullable(columns):
    return pd.DataFrame(columns).convert_dtypes()


KINDS = {"pandas": pd.DataFrame, "nullable": nullable, "polars": pl.DataFrame, "pyarrow": table, "batch": batch}
each_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())


def taken(columns, names):
    return {name: columns[name] for name in names}


def assert_same(found, wanted):
    """But for the rounding of other orders in memory."""
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)


# What fits make of frames.


@few(2)
@each_kind
def test_functions_take_every_frame(make):
    frame, wanted = make(COLUMNS), fit_path(X, Y, alphas=ALPHAS)
    for path in (fit_path(frame, Y, alphas=ALPHAS), cv_path(frame, Y, cv=3, alphas=ALPHAS).path):
        assert path.feature_names == NAMES
        assert_same(path.coefs.toarray(), wanted.coefs.toarray())
        assert_same(path.predict(frame, ALPHAS[3]), wanted.predict(X, ALPHAS[3]))
    responses = np.column_stack([Y, X[:, 0]])
    multi = fit_multi_path(frame, make({"y": Y, "age": X[:, 0]}), alphas=ALPHAS)
    assert multi.feature_names == NAMES
    assert_same(multi.predict(frame, ALPHAS[3]), fit_multi_path(X, responses, alphas=ALPHAS).predict(X, ALPHAS[3]))
    relaxed = relax_path(wanted, frame, Y)
    assert_same(relaxed.predict(frame, ALPHAS[3]), relax_path(wanted, X, Y).predict(X, ALPHAS[3]))


ESTIMATORS = [
    "Lasso", "LassoCV", "ElasticNet", "Ridge", "RidgeCV", "LogisticRegression", "RidgeClassifier", "MultiTaskLasso",
]  # fmt: skip


@spread(8)
@each_kind
@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_take_every_frame(name, make):
    target = CLASSES if "Classifier" in name or "Logistic" in name else Y
    target = np.column_stack([Y, Y]) if name.startswith("Multi") else target
    frame, model, plain = make(COLUMNS), getattr(fastreg, name)(), getattr(fastreg, name)().fit(X, target)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(frame, target)
        assert list(model.feature_names_in_) == NAMES
        assert_same(model.coef_, plain.coef_)
        if target is CLASSES:
            assert np.array_equal(model.predict(frame), plain.predict(X))
        else:
            assert_same(model.predict(frame), plain.predict(X))
    with pytest.raises(ValueError, match="feature names should match those that were passed during fit"):
        model.predict(make(taken(COLUMNS, NAMES[::-1])))


def test_missing_values_are_named_whatever_stands_for_them():
    missing = {"age": [1.0, None, 2.0], "smokes": [True, False, None], "visits": [1, 2, None]}
    for make in KINDS.values():
        for names, place in (
            (["age"], r"X\[1, 0\] \('age'\) is NaN"),
            (["visits", "smokes"], r"X\[2, 0\] \('visits'\)"),
        ):
            with pytest.raises(ValueError, match=place):
                fit_path(make(taken(missing, names)), [1.0, 2.0, 3.0])
            with pytest.raises(ValueError, match="NaN"):
                fastreg.Lasso().fit(make(taken(missing, names)), [1.0, 2.0, 3.0])


NOT_NUMBERS = {
    "text": ["7", "wet", "dry"],
    "dates": [datetime.date(2020, 1, day) for day in (1, 2, 3)],
    "times": [datetime.datetime(2020, 1, day) for day in (1, 2, 3)],
    "lists": [[1, 2], [3], [4]],
}


@pytest.mark.parametrize("kind", NOT_NUMBERS)
@each_kind
def test_a_column_that_is_no_number_is_named(make, kind):
    frame = make({"age": [1.0, 2.0, 3.0], "other": NOT_NUMBERS[kind]})
    for fit in (fit_path, fastreg.Lasso().fit):
        with pytest.raises(ValueError, match=r"X must be numeric; X\[0, 1\] \('other'\) is .*leave that column out"):
            fit(frame, [1.0, 2.0, 3.0])


def test_categories_of_numbers_are_numbers_in_arrays_and_levels_to_fits():
    frame = pd.DataFrame({"a": pd.Categorical([3, 1, 2]), "b": pd.Series([True, False, True], dtype="boolean")})
    assert np.array_equal(frames.array_of(frame), [[3, 1], [1, 0], [2, 1]])
    assert fastreg.Lasso().fit(frame, [1.0, 2.0, 3.0]).coef_names_.tolist() == ["a[1]", "a[2]", "a[3]", "b"]


def test_lazy_frames_are_refused_with_advice():
    lazy = pl.DataFrame(COLUMNS).lazy()
    with pytest.raises(ValueError, match=r"polars LazyFrame, whose rows are yet to be computed; pass X.collect\(\)"):
        fit_path(lazy, Y)
    assert fit_path(lazy.collect(), Y, alphas=ALPHAS).feature_names == NAMES


def test_a_frame_of_floats_is_used_where_it_lies():
    frame = pd.DataFrame(np.asfortranarray(X), columns=NAMES)
    assert np.shares_memory(frames.array_of(frame), frame.to_numpy())


class Looking:
    """A scorer that looks at X, which those of make_scorer do not."""

    _score_func = None

    def __init__(self, function):
        self.function = function

    def __call__(self, *args):
        return self.function(*args)


def test_scorers_see_rows_of_the_frame():
    seen = []

    def scorer(model, held, y):
        seen.append(type(held))
        return -float(np.mean((model.mean - y) ** 2))

    for make, kind in ((pd.DataFrame, pd.DataFrame), (pl.DataFrame, pl.DataFrame), (table, pa.Table)):
        cv_path(make(COLUMNS), Y, cv=3, alphas=ALPHAS, metric=Looking(scorer))
        assert set(seen) == {kind}
        seen.clear()


# Columns that are not those of the fit.


def results(frame):
    """Every result that X can meet again, with a call that lets it."""
    path, found = fit_path(frame, Y, alphas=ALPHAS), cv_path(frame, Y, cv=3, alphas=ALPHAS)
    multi, relaxed = fit_multi_path(frame, np.column_stack([Y, Y]), alphas=ALPHAS), relax_path(path, frame, Y)
    chosen = cv_relaxed(frame, Y, cv=3, alphas=ALPHAS)
    return [
        (path, lambda X: path.predict(X, ALPHAS[3])),
        (path, lambda X: path.predict(X, ALPHAS[:2])),
        (path, lambda X: path.linear_predictor(X, ALPHAS[3])),
        (path, lambda X: path.score(X, Y, ALPHAS[3])),
        (path, lambda X: path.refit(X, Y, ALPHAS[3]).coefs.toarray()),
        (path, lambda X: relax_path(path, X, Y).refit.coefs.toarray()),
        (path, lambda X: information_criteria(path, X, Y).df),
        (multi, lambda X: multi.predict(X, ALPHAS[3])),
        (multi, lambda X: multi.linear_predictor(X, ALPHAS[3])),
        (found, lambda X: found.predict(X)),
        (relaxed, lambda X: relaxed.predict(X, ALPHAS[3])),
        (relaxed, lambda X: relaxed.linear_predictor(X, ALPHAS[3], 0.5)),
        (chosen, lambda X: chosen.predict(X)),
    ]


def followed(error, X, result):
    """X after what the message advises, to the letter; `path` is the result."""
    advice = str(error.value).rpartition(": pass ")[2]
    return eval(advice, {"X": X, "path": result, "str": str})


NUMBERED = {
    "numbered": [3, 1, 2, 0],
    "mixed": ["age", 1, ("a", 2), 2.5],
    "levels": pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1), ("b", 2)]),
}


@few(2)
@each_kind
def test_columns_in_another_order_or_besides_are_refused_and_the_advice_works(make):
    frame, other = make(COLUMNS), make(taken(COLUMNS, ["dose", "age", "visits", "smokes"]))
    more = make(COLUMNS | {"extra": X[:, 0], "id": np.arange(N)})
    for result, call in results(frame):
        wanted = call(frame)
        with pytest.raises(
            ValueError, match=r"column 0 of X is 'dose', but this path was fitted with 'age' there"
        ) as e:
            call(other)
        assert_same(call(followed(e, other, result)), wanted)
        with pytest.raises(ValueError, match=r"X has 2 columns that this path was not fitted on: 'extra', 'id'") as e:
            call(more)
        assert_same(call(followed(e, more, result)), wanted)
        with pytest.raises(
            ValueError, match=r"X lacks 1 of the 4 columns .* fitted on: 'smokes', and has 'smoke' inst"
        ):
            call(make({"smoke" if name == "smokes" else name: values for name, values in COLUMNS.items()}))
        with pytest.raises(ValueError, match=r"X lacks 2 of the 4 columns that this path was fitted on: 'dose', 'vis"):
            call(make(taken(COLUMNS, ["age", "smokes"])))


@pytest.mark.parametrize("labels", NUMBERED.values(), ids=NUMBERED.keys())
def test_labels_that_are_no_text_are_names_too(labels):
    frame = pd.DataFrame(X, columns=labels)
    path = fit_path(frame, Y, alphas=ALPHAS)
    assert path.feature_names == [str(label) for label in frame.columns]
    other = frame[frame.columns[::-1]]
    with pytest.raises(ValueError, match=r"column 0 of X is .*: pass X") as error:
        path.predict(other, ALPHAS[3])
    given = followed(error, other, path)
    assert_same(path.predict(given, ALPHAS[3]), path.predict(frame, ALPHAS[3]))


def test_a_frame_with_numbers_for_names_that_the_fit_did_not_have_has_none():
    frame = pd.DataFrame(X, columns=NAMES)
    path = fit_path(frame, Y, alphas=ALPHAS)
    assert_same(path.predict(pd.DataFrame(X), ALPHAS[3]), path.predict(frame, ALPHAS[3]))
    numbered = fit_path(pd.DataFrame(X)[[2, 0, 1, 3]], Y, alphas=ALPHAS)
    with pytest.raises(ValueError, match="column 0 of X is '0', but this path was fitted with '2' there"):
        numbered.predict(pd.DataFrame(X), ALPHAS[3])


def test_arrays_and_fits_without_names_have_only_their_number_checked():
    frame = pd.DataFrame(X, columns=NAMES)
    named, nameless = fit_path(frame, Y, alphas=ALPHAS), fit_path(X, Y, alphas=ALPHAS)
    for path in (named, nameless):
        assert_same(path.predict(X, ALPHAS[3]), nameless.predict(X, ALPHAS[3]))
        with pytest.raises(ValueError, match="X has 3 columns, but the path was fitted on 4 columns"):
            path.predict(X[:, :3], ALPHAS[3])
        with pytest.raises(ValueError, match="X must have two dimensions"):
            path.predict(X[0], ALPHAS[3])
    assert_same(nameless.predict(frame[NAMES], ALPHAS[3]), nameless.predict(X, ALPHAS[3]))


def test_names_that_stand_several_times():
    frame = pd.DataFrame(X, columns=["a", "a", "b", "c"])
    path = fit_path(frame, Y, alphas=ALPHAS)
    assert_same(path.predict(frame, ALPHAS[3]), path.predict(X, ALPHAS[3]))
    with pytest.raises(ValueError, match=r"column 1 of X is 'b', .*'a' names several; give columns names that differ"):
        path.predict(pd.DataFrame(X, columns=["a", "b", "a", "c"]), ALPHAS[3])
    with pytest.raises(ValueError, match=r"X lacks 1 of the 4 columns .* fitted on: 'a'"):
        path.predict(pd.DataFrame(X[:, :3], columns=["a", "b", "c"]), ALPHAS[3])
    assert path.support(path.alphas[-1]).count("a") <= 2 and path.feature_names == ["a", "a", "b", "c"]
    mixed = pd.DataFrame(COLUMNS).set_axis(["a", "a", "b", "c"], axis=1)
    assert np.array_equal(frames.array_of(mixed), X)
    assert np.array_equal(frames.array_of(table(COLUMNS).rename_columns(["a", "a", "b", "c"])), X)


def test_columns_to_predict_from_that_stand_several_times():
    """Selecting the names of the fit would take all columns of a name."""
    frame = pd.DataFrame(X, columns=NAMES)
    path, first = fit_path(frame, Y, alphas=ALPHAS), NAMES[0]
    more = pd.concat([frame, frame[[first]]], axis=1)
    with pytest.raises(ValueError, match=rf"1 columns that .*, and {first!r} names several; keep the one of the fit"):
        path.predict(more, ALPHAS[3])
    assert_same(path.predict(more.loc[:, ~more.columns.duplicated()], ALPHAS[3]), path.predict(X, ALPHAS[3]))
    others = pd.concat([frame, pd.DataFrame(X[:, :2], columns=["z", "z"])], axis=1)  # not of the fit: selecting works
    with pytest.raises(ValueError, match=r"2 columns that .*: pass X\[path\.feature_names\]"):
        path.predict(others, ALPHAS[3])
    assert_same(path.predict(others[path.feature_names], ALPHAS[3]), path.predict(X, ALPHAS[3]))


@pytest.mark.parametrize("model", ["Lasso", "Ridge", "LogisticRegression", "LassoCV", "MultiTaskLasso"])
def test_estimators_refuse_columns_of_one_name_in_fits_and_predictions(model):
    y = {"MultiTaskLasso": np.column_stack([Y, Y])}.get(model, CLASSES if model in CLASSIFIERS else Y)
    estimator, frame = getattr(fastreg, model)(), pd.DataFrame(X, columns=["a", "b", "a", "c"])
    with pytest.raises(ValueError, match=r"columns 0, 2 of X are all named 'a'; give columns names that differ"):
        estimator.fit(frame, y)
    estimator.fit(pd.DataFrame(X, columns=["a", "b", "d", "c"]), y)
    with pytest.raises(ValueError, match=r"columns 0, 2 of X are all named 'a'"):
        estimator.predict(frame)
    assert estimator.fit(frame.to_numpy(), y).n_features_in_ == 4


def test_a_series_of_terms_for_columns_of_one_name_is_asked_for_as_an_array():
    frame = pd.DataFrame(X, columns=["a", "a", "b", "c"])
    factor = pd.Series([1.0, 2.0, 3.0, 4.0], index=["c", "a", "a", "b"])
    with pytest.raises(ValueError, match="in another order; pass an array in the order of X"):
        fit_path(frame, Y, penalty_factor=factor)


@pytest.mark.parametrize("call", ["predict", "score", "refit"])
def test_masked_and_text_are_refused_after_a_fit_as_in_it(call):
    path = fit_path(X, Y, alphas=ALPHAS)
    go = {
        "predict": lambda X: path.predict(X, ALPHAS[3]), "score": lambda X: path.score(X, Y, ALPHAS[3]),
        "refit": lambda X: path.refit(X, Y, ALPHAS[3]),
    }[call]  # fmt: skip
    with pytest.raises(ValueError, match="X is a masked array"):
        go(np.ma.masked_array(X, X > 1))
    with pytest.raises(ValueError, match=r"X must be numeric; X\[0, 0\] \('age'\) is 'young'"):
        go(pl.DataFrame(COLUMNS).with_columns(age=pl.lit("young")))


# Masks, which NumPy's functions drop.

MASK = np.arange(N) == 3


@few(2)
@pytest.mark.parametrize("name", [*ESTIMATORS, "ElasticNetCV", "MultiTaskLassoCV", "RidgeClassifierCV"])
def test_masked_arrays_are_refused_by_estimators(name):
    target = (CLASSES == "yes") * 1.0 if "Classifier" in name or "Logistic" in name else Y
    target = np.column_stack([Y, Y]) if name.startswith("Multi") else target
    model = getattr(fastreg, name)()
    masked = np.ma.masked_array(X, np.broadcast_to(MASK[:, None], X.shape))
    hidden = np.ma.masked_array(target, np.broadcast_to(MASK.reshape(-1, *[1] * (target.ndim - 1)), target.shape))
    with pytest.raises(ValueError, match="X is a masked array; fill or drop"):
        model.fit(masked, target)
    with pytest.raises(ValueError, match="y is a masked array; fill or drop"):
        model.fit(X, hidden)
    with pytest.raises(ValueError, match="sample_weight is a masked array; fill or drop"):
        model.fit(X, target, sample_weight=np.ma.masked_array(np.ones(N), MASK))
    with pytest.raises(ValueError, match="X is a masked array; fill or drop"):
        model.fit(X, target).predict(masked)


def test_masked_arrays_are_refused_by_functions():
    hidden = np.ma.masked_array(Y, MASK)
    for options in ({"sample_weight": np.ma.masked_array(np.ones(N), MASK)}, {"offset": hidden}):
        with pytest.raises(ValueError, match="is a masked array"):
            fit_path(X, Y, **options)
    for fit in (fit_path, cv_path, cv_relaxed):
        with pytest.raises(ValueError, match="y is a masked array"):
            fit(X, hidden)
        with pytest.raises(ValueError, match="y is a masked array"):
            fit(X, np.ma.masked_array(CLASSES == "yes", MASK), family="binomial")
    for family, target in (("gaussian", np.column_stack([Y, Y])), ("multinomial", CLASSES)):
        hidden = np.ma.masked_array(target, np.broadcast_to(MASK.reshape(-1, *[1] * (target.ndim - 1)), target.shape))
        with pytest.raises(ValueError, match="Y is a masked array"):
            fit_multi_path(X, hidden, family=family)


MISSING = {
    "none": np.array([None, *CLASSES[1:]], dtype=object),
    "nan": np.array([np.nan, *(CLASSES[1:] == "yes")]),
    "pandas": pd.Series([None, *CLASSES[1:]], dtype="string"),
    "polars": pl.Series([None, *CLASSES[1:]]),
    "pyarrow": pa.array([None, *CLASSES[1:]]),
}


@pytest.mark.parametrize("held", MISSING)
@pytest.mark.parametrize(
    "fit",
    [
        lambda y: fit_multi_path(X, y, family="multinomial", n_alphas=2),
        lambda y: cv_path(X, y, family="binomial", n_alphas=2, cv=3),
        lambda y: cv_relaxed(X, y, family="binomial", n_alphas=2, cv=3),
        lambda y: fastreg.LogisticRegression().fit(X, y),
        lambda y: fastreg.RidgeClassifier().fit(X, y),
    ],
)
def test_a_label_that_is_missing_is_no_class_and_its_row_is_named(fit, held):
    with pytest.raises(ValueError, match=r"contains NaN or other missing values: [yY]\[0\] is"):
        fit(MISSING[held])


@pytest.mark.parametrize("kind", [bool, int, str])
def test_labels_that_came_as_objects_are_labels(kind):
    y = np.array([kind(label == "yes") for label in CLASSES], dtype=object)
    path = cv_path(X, y, family="binomial", n_alphas=3, cv=3)
    np.testing.assert_allclose(path.mean, cv_path(X, CLASSES, family="binomial", n_alphas=3, cv=3).mean, rtol=1e-12)
    np.testing.assert_array_equal(fit_multi_path(X, y, family="multinomial", n_alphas=2).classes, np.unique(y))


def test_vectors_of_pyarrow_are_read_whatever_their_type():
    truth = CLASSES == "yes"
    path = fit_path(X, truth, family="binomial", offset=Y, sample_weight=np.arange(N), alphas=ALPHAS)
    other = fit_path(
        X, pa.array(truth), family="binomial", offset=pa.array(Y), sample_weight=pa.array(range(N)), alphas=ALPHAS
    )
    np.testing.assert_array_equal(other.coefs.toarray(), path.coefs.toarray())
    with pytest.raises(ValueError, match=r"y\[0\] is NaN"):
        fit_path(X, pa.array([None, *truth[1:]]), family="binomial")
    with pytest.raises(ValueError, match=r"offset\[1\] is NaN"):
        fit_path(X, Y, offset=pa.array([0.0, None, *Y[2:]]))


@pytest.mark.parametrize("term", ["penalty_factor", "lower", "upper"])
def test_a_series_of_terms_in_another_order_than_the_columns_is_refused(term):
    frame, sign = pd.DataFrame(X, columns=NAMES), -1.0 if term == "lower" else 1.0
    series = sign * pd.Series({name: float(k) for k, name in enumerate(reversed(NAMES))})
    for fit in (fit_path, cv_path, *([cv_relaxed, fit_multi_path] if term == "penalty_factor" else [])):
        response = np.column_stack([Y, Y]) if fit is fit_multi_path else Y
        with pytest.raises(ValueError, match=rf"{term} is labelled by .* pass {term}\.reindex\(X\.columns\)"):
            fit(frame, response, **{term: series})
    path = fit_path(frame, Y, alphas=ALPHAS, **{term: series.reindex(frame.columns)})
    plain = fit_path(X, Y, alphas=ALPHAS, **{term: sign * np.arange(4.0)[::-1]})
    np.testing.assert_array_equal(path.coefs.toarray(), plain.coefs.toarray())


@few(3)
@pytest.mark.parametrize(
    "model",
    [
        "Lasso",
        "LassoCV",
        "Ridge",
        "RidgeCV",
        "RidgeClassifier",
        "RidgeClassifierCV",
        "LogisticRegression",
        "MultiTaskLasso",
    ],
)
def test_estimators_refuse_factors_in_another_order_than_the_columns(model):
    frame, factor = pd.DataFrame(X, columns=NAMES), pd.Series(1.0, index=NAMES[::-1])
    y = {"MultiTaskLasso": np.column_stack([Y, Y])}.get(model, CLASSES if model in CLASSIFIERS else Y)
    with pytest.raises(ValueError, match="penalty_factor is labelled by the columns of X in another order"):
        getattr(fastreg, model)(penalty_factor=factor).fit(frame, y)
    getattr(fastreg, model)(penalty_factor=factor.reindex(frame.columns)).fit(frame, y)
