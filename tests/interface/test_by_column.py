"""Options given by names of columns, and the level of reference of a category without a penalty."""

import numpy as np
import pandas as pd
import pytest
from certified import assert_certified

import fastreg
from fastreg.design import designs
from fastreg.interface.arguments import FitOptions
from fastreg.interface.by_column import by_name
from fastreg.interface.encoding import Rules, learnt

N = 150
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({
    "age": np.where(np.arange(N) % 10 == 0, np.nan, RNG.normal(50, 10, N)),
    "region": pd.Categorical(RNG.choice(["north", "south", "east"], N)),
    "kind": RNG.choice(["a", "b"], N),
})  # fmt: skip
WORDS = {"categories": "text", "missing": "mean"}
NAMES = ["age", "age[missing]", "region[east]", "region[north]", "region[south]", "kind[a]", "kind[b]"]
X = np.column_stack([
    FRAME["age"].fillna(FRAME["age"].mean()), FRAME["age"].isna(),
    *[FRAME["region"] == k for k in ("east", "north", "south")], *[FRAME["kind"] == k for k in "ab"],
]).astype(float)  # fmt: skip
Y = 0.05 * X[:, 0] + X[:, 2] - 0.5 * X[:, 5] + RNG.normal(size=N)
GRID = {"n_alphas": 10, "alpha_min_ratio": 1e-2}
ENCODING = learnt(FRAME, Rules(**WORDS))


@pytest.fixture(autouse=True)
def codes(monkeypatch):
    """Small tables are kept as codes, too."""
    monkeypatch.setattr(designs, "EXPANDED", 0)


def array(given, rest=1.0):
    return by_name("penalty_factor", given, NAMES, ENCODING, rest).tolist()


def test_a_name_of_the_frame_is_all_that_was_made_of_the_column_and_a_level_goes_before():
    assert array({"region": 0.0}) == [1, 1, 0, 0, 0, 1, 1]
    for given in ({"region[east]": 3.0, "region": 0.0}, {"region": 0.0, "region[east]": 3.0}):
        assert array(given) == [1, 1, 3, 0, 0, 1, 1]
    assert array({"age": 0.5, "kind[b]": np.inf}) == [0.5, 0.5, 1, 1, 1, 1, np.inf]
    assert array({"age": 0.5, "age[missing]": 2.0}, -np.inf) == [0.5, 2.0, *[-np.inf] * 5]


def test_names_of_arrays_are_those_given():
    assert by_name("lower", {"b": 0.0}, ["a", "b"], None, -np.inf).tolist() == [-np.inf, 0.0]
    path = fastreg.fit_path(X, Y, feature_names=NAMES, penalty_factor={"age": 0.0}, **GRID)
    np.testing.assert_array_equal(path.penalty_factor, [0, *[1] * 6])


@pytest.mark.parametrize(
    ("names", "given", "words"),
    [
        (NAMES, {"regoin": 1.0}, "penalty_factor names 'regoin', but X has no such column; it has 'age', 'region'"),
        (NAMES, {"region[west]": 1.0}, "names 'region.west.', but X has no such column"),
        (NAMES, {"age": "x"}, "penalty_factor.'age'. must be a number, got 'x'"),
        (None, {"age": 1.0}, "the columns of X have none: pass feature_names"),
    ],
)
def test_names_that_are_none_are_refused(names, given, words):
    with pytest.raises(fastreg.interface.validation.ParameterError, match=words):
        by_name("penalty_factor", given, names, ENCODING if names else None, 1.0)


def test_fits_by_names_are_those_of_arrays():
    options = {"penalty_factor": {"age": 0.5}, "upper": {"region[east]": 0.3}, "lower": {"kind": -0.1}}
    arrays = {"penalty_factor": np.array([0.5, 0.5, 1, 1, 1, 1, 1]), "upper": np.r_[[np.inf] * 2, 0.3, [np.inf] * 4],
              "lower": np.r_[[-np.inf] * 5, -0.1, -0.1]}  # fmt: skip
    path = fastreg.fit_path(FRAME, Y, **options, **WORDS, **GRID)
    assert_certified(path, X, Y, tol=1e-6, **arrays)
    for name, wanted in arrays.items():
        np.testing.assert_array_equal(getattr(path, name), wanted)
    ours, theirs = (fastreg.cv_path(Z, Y, cv=3, **given, **GRID)
                    for Z, given in ((FRAME, options | WORDS), (X, arrays)))  # fmt: skip
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-4)
    Z = np.column_stack([Y, -Y])
    ours = fastreg.fit_multi_path(FRAME, Z, penalty_factor={"age": 0.5}, **WORDS, **GRID)
    theirs = fastreg.fit_multi_path(X, Z, penalty_factor=arrays["penalty_factor"], **GRID)
    np.testing.assert_allclose(ours.predict(FRAME, 0.2), theirs.predict(X, 0.2), rtol=1e-3)
    path = fastreg.fit_path(FRAME, Y, penalty_factor={"age": 0.5}, **WORDS, **GRID)
    found = fastreg.information_criteria(path, FRAME, Y, penalty_factor={"age": 0.5})
    assert found.bic.shape == path.alphas.shape


def factor_of(alphas=None, **options):
    """The penalty_factor of a fit of the frame at these alphas."""
    found = FitOptions(**options, feature_names=NAMES, encoding=ENCODING).by_column(alphas).penalty_factor
    return None if found is None else found.tolist()


def test_the_first_level_of_a_category_without_a_penalty_is_left_out():
    inf = np.inf
    assert factor_of([1.0, 0.1]) is None
    assert factor_of([0.0]) == [1, 1, inf, 1, 1, inf, 1]
    assert factor_of([0.0], fit_intercept=False) == [1, 1, 1, 1, 1, inf, 1]
    assert factor_of([0.1], penalty_factor={"kind": 0.0}) == [1, 1, 1, 1, 1, inf, 0]
    assert factor_of([0.1], penalty_factor={"kind[a]": 0.0}) == [1, 1, 1, 1, 1, 0, 1]
    assert factor_of([0.0], penalty_factor={"region[south]": inf}) == [1, 1, 1, 1, inf, inf, 1]
    assert factor_of([0.0], lower={"kind": 0.0}) == [1, 1, inf, 1, 1, 1, 1]
    assert factor_of([0.0], lower=0.0) is None
    steps = learnt(FRAME.assign(region=FRAME["region"].cat.as_ordered()), Rules(**WORDS, ordered="step"))
    assert FitOptions(feature_names=steps.names(), encoding=steps).by_column(0.0).penalty_factor[2:4].tolist() == [1, 1]


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_tables_of_frames_are_those_of_columns_without_the_first_levels(family):
    """Whether the path was fitted without a penalty, or the table asks for none."""
    y, kept = Y if family == "gaussian" else np.round(np.abs(Y)), [0, 1, 3, 4, 6]
    wanted = fastreg.table(fastreg.fit_path(X[:, kept], y, family=family, alphas=[0.0]), X[:, kept], y)
    path = fastreg.fit_path(FRAME, y, family=family, alphas=[0.0], **WORDS)
    assert_certified(path, X, y, tol=1e-6, family=family, penalty_factor=path.penalty_factor)
    other = fastreg.fit_path(FRAME, y, family=family, **WORDS, **GRID)
    for found in (fastreg.table(path, FRAME, y), fastreg.table(other, FRAME, y, 0.0)):
        places = [found.names.index(name) for name in ("(intercept)", *(NAMES[j] for j in kept))]
        np.testing.assert_allclose(found.estimate[places], wanted.estimate, rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(found.se[places], wanted.se, rtol=1e-5)
        assert np.isnan(found.se[found.names.index("region[east]")])
        assert found.estimate[found.names.index("region[east]")] == 0.0
        assert "the level of reference" in repr(found)
    assert other.refit(FRAME, y, [0.0]).coef(0.0)[0][2] == 0.0


def test_a_category_among_penalised_columns_is_fitted_without_its_first_level():
    path = fastreg.fit_path(FRAME, Y, penalty_factor={"region": 0.0}, **WORDS, **GRID)
    factor = np.array([1, 1, np.inf, 0, 0, 1, 1])
    np.testing.assert_array_equal(path.penalty_factor, factor)
    assert_certified(path, X, Y, tol=1e-6, penalty_factor=factor)
    plain = fastreg.fit_path(X, Y, penalty_factor=[1, 1, 0, 0, 0, 1, 1], **GRID)
    np.testing.assert_allclose(path.deviance_ratio, plain.deviance_ratio, atol=1e-6)


def test_statements_ask_for_a_level_of_reference_and_the_advice_works():
    path = fastreg.fit_path(FRAME, Y, **WORDS, **GRID)
    for method in ("inverse", "nodewise"):
        with pytest.raises(ValueError, match=r"'region\[east\]', .* sum to the intercept.*'region\[east\]': np.inf"):
            fastreg.debiased(path, FRAME, Y, 0.05, method=method)
    numbers = fastreg.debiased(path, FRAME, Y, 0.05, columns=["age", "age[missing]"])  # need no level of reference
    plain = fastreg.fit_path(X[:, [0, 1, 3, 4, 6]], Y, alphas=[0.0])
    np.testing.assert_allclose(numbers.estimate, plain.coef(0.0)[0][:2], rtol=1e-5)
    with pytest.raises(ValueError, match=r"combinations of each other.*leave one out of the fit"):
        fastreg.selective(path, FRAME, Y, path.alphas[-1])
    left = {"region[east]": np.inf, "kind[a]": np.inf}
    path, kept = fastreg.fit_path(FRAME, Y, penalty_factor=left, **WORDS, **GRID), [0, 1, 3, 4, 6]
    plain = fastreg.fit_path(X[:, kept], Y, **GRID)
    for statement in (fastreg.debiased, fastreg.selective):
        found, wanted = statement(path, FRAME, Y, 0.05), statement(plain, X[:, kept], Y, 0.05)
        np.testing.assert_allclose(found.estimate, wanted.estimate, rtol=1e-5)
        np.testing.assert_allclose(found.se, wanted.se, rtol=1e-5)
    with pytest.raises(ValueError, match="draws of a normal distribution, and 'region' of X holds no numbers"):
        fastreg.knockoffs(FRAME, Y)


def test_names_of_the_expanded_columns_are_not_the_users():
    with pytest.raises(ValueError, match=r"this frame are called 'age', 'age.missing.', .* leave feature_names out"):
        fastreg.fit_path(FRAME, Y, feature_names=["a", "b", "c"], **WORDS)
    with pytest.raises(ValueError, match="leave feature_names out"):
        fastreg.cv_path(FRAME, Y, feature_names=list("abcdefg"), **WORDS)
    assert fastreg.fit_path(FRAME, Y, feature_names=NAMES, **WORDS, n_alphas=2).feature_names == NAMES


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"a": pd.Categorical(["x", "y"]), "a[x]": [1.0, 2.0]}), "several columns would be called 'a.x.'"),
        (pd.DataFrame({"a": pd.Categorical(["missing", None])}), "several columns would be called 'a.missing.'"),
        (pd.DataFrame([["x", 1.0]], columns=["a", "a"]), "'a' names several columns of X"),
    ],
)
def test_names_that_would_repeat_are_refused(frame, words):
    with pytest.raises(ValueError, match=words):
        learnt(frame, Rules(categories="text", missing="level"))


@pytest.mark.parametrize("alphas", [[0.05], [0.0]])
def test_a_level_whose_rows_have_no_weight_is_not_in_the_model(alphas):
    weight = np.where(FRAME["region"] == "south", 0.0, 1.0)
    path = fastreg.fit_path(FRAME, Y, sample_weight=weight, alphas=alphas, **WORDS)
    coef = path.coef(alphas[0])[0]
    assert coef[4] == 0.0
    assert_certified(path, X, Y, tol=1e-6, sample_weight=weight, penalty_factor=path.penalty_factor)
