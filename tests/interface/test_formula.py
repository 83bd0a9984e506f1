"""Fits by a formula are those of the columns that it stands for, in every function, also of saved results."""

import json
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from certified import assert_certified
from grids import few

import fastreg

pytest.importorskip("formulaic")
pl = pytest.importorskip("polars")

N = 120
RNG = np.random.default_rng(0)
DATA = pd.DataFrame({
    "x1": RNG.normal(size=N), "x2": RNG.gamma(2.0, size=N) + 0.1, "group": RNG.choice(["a", "b", "c"], N),
    "sex": pd.Categorical(RNG.choice(["m", "f"], N)), "time": RNG.gamma(2.0, size=N) + 0.5,
    "my age": RNG.normal(size=N),
})  # fmt: skip
DATA["y"] = DATA["x1"] + np.log(DATA["x2"]) + (DATA["group"] == "b") + 0.3 * RNG.normal(size=N)
FRAMES = {"pandas": DATA, "polars": pl.from_pandas(DATA), "pyarrow": pl.from_pandas(DATA).to_arrow()}
GRID = {"n_alphas": 10, "alpha_min_ratio": 1e-2}
FORMULA = "y ~ x1 + np.log(x2) + C(group) + x1:C(group)"
NAMES = ["x1", "np.log(x2)", *(f"group[{k}]" for k in "abc"), *(f"x1:group[{k}]" for k in "abc")]
Y = DATA["y"].to_numpy()
LEVELS = np.column_stack([DATA["group"] == k for k in "abc"]).astype(float)
X1 = DATA["x1"].to_numpy()[:, None]
X = np.column_stack([X1, np.log(DATA["x2"]), LEVELS, LEVELS * X1])


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_path_is_that_of_the_columns(frame):
    path = fastreg.fit_path(FORMULA, data=frame, **GRID)
    assert path.feature_names == NAMES
    assert_certified(path, X, Y, tol=1e-6)
    alpha = path.alphas[-1]
    np.testing.assert_allclose(path.predict(frame, alpha), path.predict(X, alpha), rtol=1e-12)
    assert path.score(frame, None, alpha) == pytest.approx(path.score(X, Y, alpha), rel=1e-12)


def designs():
    """Formulas, options, and the columns that they stand for."""
    female = (DATA["sex"] == "f").to_numpy(float)
    both = np.column_stack([LEVELS * female[:, None], LEVELS * (1.0 - female)[:, None]])
    x1, x2 = DATA["x1"].to_numpy(), DATA["x2"].to_numpy()
    yield "y ~ group:sex - 1", {"fit_intercept": False}, both
    yield "y ~ x1*x2 + I(x1**2) + {x1 + 1}", {}, np.column_stack([x1, x2, x1**2, x1 + 1.0, x1 * x2])
    yield (
        "y ~ 0 + `my age` + np.where(x1 > 0, x1, 0)",
        {"fit_intercept": False},
        np.column_stack([DATA["my age"], np.maximum(x1, 0.0)]),
    )
    yield "y ~ C(x1 > 0) + 2:x2", {}, np.column_stack([x1 <= 0, x1 > 0, 2.0 * x2]).astype(float)
    yield "y ~ {sex == 'f'} + x2:{group == 'a'}", {}, np.column_stack([female, x2 * LEVELS[:, 0]])
    yield "y ~ C(group, Treatment('b')) + x1", {}, np.column_stack([LEVELS[:, [0, 2]], x1])


@pytest.mark.parametrize(
    "formula, options, wanted", list(designs()), ids=lambda each: each if isinstance(each, str) else ""
)
def test_terms(formula, options, wanted):
    path = fastreg.fit_path(formula, data=DATA, alphas=[0.02], tol=1e-10)
    assert path.fit_intercept == options.get("fit_intercept", True)
    plain = fastreg.fit_path(wanted, Y, alphas=[0.02], tol=1e-10, **options)
    np.testing.assert_allclose(path.predict(DATA, 0.02), plain.predict(wanted, 0.02), atol=1e-4)
    assert len(path.feature_names) == wanted.shape[1]


@few(2)
@pytest.mark.parametrize("formula", [
    "x1 + C(group)*sex + bs(x2, df=5)", "0 + group:sex + x1:group", "x1 + x1:group", "group:sex + poly(x1, 2)",
    "center(x1) + scale(time) + x2:sex:group", "0 + group + sex + cr(x2, df=4)",
])  # fmt: skip
def test_without_a_penalty_coding_has_full_rank_as_formulaic_has(formula):
    """Without a penalty a level of each category is left out, so that a table has numbers for all coefficients."""
    from formulaic import model_matrix

    path = fastreg.fit_path(f"y ~ {formula}", data=DATA, alphas=[0.0])
    other = np.asarray(model_matrix(formula, DATA), dtype=float)
    assert len(path.feature_names) + path.fit_intercept == other.shape[1]
    fitted = other @ np.linalg.lstsq(other, Y, rcond=None)[0]
    np.testing.assert_allclose(path.predict(DATA, 0.0), fitted, atol=1e-8)
    if "cr(" not in formula:  # which holds the intercept
        assert np.all(np.isfinite(fastreg.table(path, DATA).se))
    for new in (DATA.iloc[:7], pl.from_pandas(DATA.iloc[:7])):
        np.testing.assert_allclose(path.predict(new, 0.0), fitted[:7], atol=1e-8)


def test_numbers_in_a_tuple_are_numbers():
    y = tuple(DATA["y"].tolist())
    path = fastreg.fit_path("y ~ x1", data=DATA, sample_weight=(2.0,) * N, **GRID)
    assert_certified(path, DATA[["x1"]].to_numpy(), DATA["y"].to_numpy(), tol=1e-6)
    other = fastreg.fit_path("~ x1", y, data=DATA, **GRID)
    np.testing.assert_array_equal(other.coefs.toarray(), path.coefs.toarray())


def test_weights_offset_and_groups_by_name():
    frame = DATA.assign(y=np.random.default_rng(1).poisson(DATA["time"]), id=np.arange(N) % 20)
    words = {"sample_weight": "x2", "offset": "np.log(time)"}
    plain = {"sample_weight": frame["x2"].to_numpy(), "offset": np.log(frame["time"].to_numpy())}
    options = {"family": "poisson", **GRID}
    path = fastreg.fit_path(FORMULA, data=frame, **words, **options)
    other = fastreg.fit_path(X, frame["y"], **plain, **options)
    assert_certified(path, X, frame["y"].to_numpy(), tol=1e-6, family="poisson", **plain)
    alpha = path.alphas[-1]
    np.testing.assert_allclose(path.predict(frame, alpha), path.predict(X, alpha, offset=plain["offset"]), rtol=1e-12)
    np.testing.assert_allclose(path.predict(frame, alpha, offset=0), path.predict(X, alpha, offset=0), rtol=1e-12)
    np.testing.assert_allclose(other.alphas, path.alphas, rtol=1e-9)
    refit = path.refit(frame, None, alpha)
    assert_certified(refit, X, frame["y"].to_numpy(), tol=1e-9, family="poisson", **plain)
    inside = fastreg.fit_path(f"{FORMULA} + offset(np.log(time))", data=frame, sample_weight="x2", **options)
    np.testing.assert_array_equal(inside.coefs.toarray(), path.coefs.toarray())
    found = fastreg.cv_path(FORMULA, data=frame, cv=3, groups="id", **words, **options)
    wanted = fastreg.cv_path(X, frame["y"].to_numpy(), cv=3, groups=frame["id"], **plain, **options)
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-5)
    np.testing.assert_allclose(found.predict(frame.head(4), "min"), found.path.predict(frame.head(4), found.alpha_min))


@pytest.mark.parametrize("offset", ["np.log(time)", None])
def test_files_and_pickles_read_frames_as_the_fit_did(tmp_path, offset):
    formula = "y ~ . - time + poly(x1, 2) + scale(x2) + bs(x2, df=4) + cs(x1, df=4, constraints='center') + group:sex"
    frame = DATA if offset is None else DATA.drop(columns="time").assign(time=DATA["time"])
    path = fastreg.fit_path(formula, data=frame, offset=offset, n_alphas=5)
    assert {"x1", "my age", "sex[f]"} <= {*path.feature_names} and "time" not in path.feature_names
    path.save(tmp_path / "path.json")
    new, alpha = DATA.iloc[3:9].drop(columns="y"), path.alphas[-1]
    for other in (fastreg.load_path(tmp_path / "path.json"), pickle.loads(pickle.dumps(path))):
        np.testing.assert_array_equal(other.predict(new, alpha), path.predict(new, alpha))
        assert other.encoding.names() == path.feature_names
    relaxed = fastreg.relax_path(path, frame)
    np.testing.assert_allclose(relaxed.predict(frame, alpha, 1.0), path.predict(frame, alpha), rtol=1e-9)


@pytest.mark.parametrize("text", ["__import__('os').system('true')", "np.load('x')", "np.add.reduce(x1)", "lambda: x1",
                                  "x1.__class__", "[x for x in x1]", "open('x')", "f'{x1}'"])  # fmt: skip
def test_a_formula_in_a_file_cannot_run_code(tmp_path, text):
    path = fastreg.fit_path("y ~ x1 + np.log(x2)", data=DATA, n_alphas=3)
    path.save(tmp_path / "path.json")
    document = json.loads((tmp_path / "path.json").read_text())
    document["encoding"]["terms"][0] = [text]
    (tmp_path / "path.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"formulas know no|no expression"):
        fastreg.load_path(tmp_path / "path.json").predict(DATA, path.alphas[-1])


def test_every_function_takes_a_formula():
    options = {"n_alphas": 6, "alpha_min_ratio": 0.1, "data": DATA}
    plain = {"n_alphas": 6, "alpha_min_ratio": 0.1}
    found, wanted = fastreg.ridge_loo(FORMULA, **options), fastreg.ridge_loo(X, Y, **plain)
    np.testing.assert_allclose(found.errors, wanted.errors, rtol=1e-8)
    found, wanted = (
        fastreg.stability_selection(*args, n_pairs=3, threshold=0.9, **each)
        for args, each in (((FORMULA,), options), ((X, Y), plain))
    )
    np.testing.assert_allclose(found.probabilities, wanted.probabilities)
    weights = fastreg.adaptive_factor(FORMULA, data=DATA)
    np.testing.assert_allclose(weights, fastreg.adaptive_factor(X, Y), rtol=1e-5)
    found, wanted = (fastreg.cv_relaxed(*args, cv=3, **each) for args, each in (((FORMULA,), options), ((X, Y), plain)))
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-4)
    several = fastreg.fit_multi_path("y + time ~ x1 + group", **options)
    assert several.predict(DATA, several.alphas[-1]).shape == (N, 2)
    path = fastreg.fit_path(FORMULA, data=DATA, **plain)
    other = fastreg.fit_path(X, Y, **plain)
    alpha = path.alphas[2]
    np.testing.assert_allclose(
        fastreg.debiased(path, DATA, alpha=alpha, columns=["x1"], method="nodewise").estimate,
        fastreg.debiased(other, X, Y, alpha=alpha, columns=[0], method="nodewise").estimate, rtol=1e-6,
    )  # fmt: skip
    np.testing.assert_allclose(
        fastreg.information_criteria(path, DATA).bic, fastreg.information_criteria(other, X, Y).bic, rtol=1e-5
    )


def test_missing_values_and_levels_follow_the_rules():
    frame = DATA.assign(x2=DATA["x2"].where(DATA["x2"] < 3.0), group=DATA["group"].where(DATA["x1"] < 1.0, None))
    gone = frame["x2"].isna().to_numpy(float)
    mean = {"x2": "mean", "group": "level"}
    path = fastreg.fit_path("y ~ np.log(x2) + group:x1", data=frame, missing=mean, **GRID)
    filled = np.log(frame["x2"].fillna(frame["x2"].mean()))
    absent = frame["group"].isna().to_numpy(float)[:, None]
    levels = np.column_stack([frame["group"] == k for k in "abc"]) * 1.0
    wanted = np.column_stack([filled, np.hstack([levels, absent]) * X1, gone])
    assert path.feature_names[-2:] == ["group[missing]:x1", "x2[missing]"]
    assert_certified(path, wanted, Y, tol=1e-6)
    with pytest.warns(fastreg.DataWarning, match=f"leaves out {int(gone.sum())} of the {N} rows"):
        dropped = fastreg.fit_path("y ~ np.log(x2) + x1", data=frame, missing="drop", **GRID)
    keep = gone == 0.0
    assert_certified(dropped, np.column_stack([filled, X1])[keep], Y[keep], tol=1e-6)
    with pytest.raises(ValueError, match=r"column 'x2' of X lacks .* choose one by missing="):
        fastreg.fit_path("y ~ x2", data=frame)
    new = DATA.head(3).assign(group=["a", "z", "b"])
    with pytest.raises(ValueError, match="level that the fit did not see: 'z'"):
        fastreg.fit_path(FORMULA, data=DATA, **GRID).predict(new, 1.0)
    lenient = fastreg.fit_path(FORMULA, data=DATA, unseen="zero", **GRID)
    alpha = lenient.alphas[-1]
    row = np.r_[X[1, :2], np.zeros(6)]
    assert lenient.predict(new, alpha)[1] == pytest.approx(lenient.predict(row[None, :], alpha)[0])


def test_many_levels_are_never_dense():
    import scipy.sparse as sp

    from fastreg.interface.encoding import Rules
    from fastreg.interface.formula import formulated

    frame = DATA.assign(shop=np.arange(N) % 30)
    read = formulated("y ~ x1 + C(shop)", frame, Rules(), {}, "y", True)[0]
    assert read.codes.shape == (1, N) and read.shape == (N, 31)
    read = formulated("y ~ x1 + C(shop) + x1:C(shop)", frame, Rules(), {}, "y", True)[0]
    assert sp.issparse(read) and read.shape == (N, 61) and read.nnz == 3 * N
    path = fastreg.fit_path("y ~ x1 + C(shop) + x1:C(shop)", data=frame, **GRID)
    assert_certified(path, read.toarray(), Y, tol=1e-6)


@pytest.mark.parametrize("formula, message", [
    ("y ~ x1 + tiem", "names 'tiem', but data has no such column; it has 'x1', .* Did you mean 'time'"),
    ("y ~ log(x0)", "names 'x0', in 'log\\(x0\\)', but data"),
    ("y ~ x1 +", "cannot be read: Operator `\\+`"),
    ("y ~ x1 | x2", "several parts"),
    ("y ~ 1", "no column besides the intercept"),
    ("x1 + x2", "y is None: pass the response"),
    ("y ~ np.log(group)", "'np.log\\(group\\)' of the formula has no value: .*'group' is a category"),
    ("y ~ np.mean(x1)", "formulas know no 'np.mean'"),
    ("y ~ x1.mean()", "formulas know no 'x1.mean'"),
    ("y ~ C(group, contr.sum)", "Treatment\\('level'\\) alone"),
    ("y ~ C(group, Treatment('q'))", "leaves out a level that there is not; there are 'a', 'b', 'c'"),
    ("y ~ group + C(group)", "makes several columns 'group\\[a\\]'"),
    ("y ~ np.log(x1 - 100)", "X contains NaN or infinity: .*'np.log\\(x1 - 100\\)'"),
])  # fmt: skip
def test_messages(formula, message):
    with pytest.raises(ValueError, match=message):
        fastreg.fit_path(formula, data=DATA)


def test_contradictions_are_told():
    for words, message in (
        ({"fit_intercept": False}, "end it with '- 1'"),
        ({"y": Y}, "y is given, and the formula 'y ~ x1' has one, too"),
        ({"data": None}, "pass it by name, as data="),
        ({"data": {"x1": [1.0]}}, "data is a dict"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            fastreg.fit_path("y ~ x1", **{"data": DATA, **words})
    with pytest.raises(ValueError, match="data is the frame of a formula"):
        fastreg.fit_path(X, Y, data=DATA)
    with pytest.raises(ValueError, match="offset is given, and the formula"):
        fastreg.fit_path("y ~ x1 + offset(x2)", data=DATA, offset="x2")
    path = fastreg.fit_path("y ~ x1 + time", data=DATA, offset="x2", n_alphas=3)
    with pytest.raises(ValueError, match="names 'x2', but X has no such column"):
        path.predict(DATA[["x1", "time"]], 1.0)
    one_sided = fastreg.fit_path("x1", Y, data=DATA, n_alphas=3)
    with pytest.raises(ValueError, match="y is None"):
        fastreg.table(one_sided, DATA)


def test_without_formulaic_the_message_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "formulaic", None)
    with pytest.raises(ImportError, match=r"pip install 'fastreg-engine\[formula\]'"):
        fastreg.fit_path("y ~ x1", data=DATA)


def test_options_by_name_are_about_terms_and_their_columns():
    path = fastreg.fit_path(
        FORMULA, data=DATA, penalty_factor={"group": 0.0, "x1:group": 2.0, "x1": 0.5}, lower={"x1": 0.0}, **GRID
    )
    factor = [0.5, 1.0, np.inf, 0.0, 0.0, 2.0, 2.0, 2.0]  # the first level of an unpenalised category is left out
    np.testing.assert_array_equal(path.penalty_factor, factor)
    assert_certified(path, X, Y, tol=1e-6, penalty_factor=factor, lower=np.r_[0.0, np.full(7, -np.inf)])
    with pytest.raises(ValueError, match="penalty_factor names 'age', but X has no such column"):
        fastreg.fit_path(FORMULA, data=DATA, penalty_factor={"age": 0.0})
    with pytest.raises(ValueError, match="leave feature_names out"):
        fastreg.fit_path(FORMULA, data=DATA, feature_names=["a"])


def test_folds_given_as_rows_are_those_of_the_whole_frame():
    frame = DATA.assign(x2=DATA["x2"].where(DATA["x2"] < 3.0))
    folds = np.arange(N) % 3
    pairs = [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(3)]
    keep = frame["x2"].notna().to_numpy()
    with pytest.warns(fastreg.DataWarning, match="leaves out"):
        found = fastreg.cv_path("y ~ x2", data=frame, missing="drop", cv=pairs, groups="group", n_alphas=5)
    renumbered = [tuple(np.flatnonzero(np.isin(np.flatnonzero(keep), part)) for part in pair) for pair in pairs]
    wanted = fastreg.cv_path(frame.loc[keep, ["x2"]], Y[keep], cv=renumbered, n_alphas=5)
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-12)


def test_ordered_levels_by_steps():
    sizes = pd.Categorical(RNG.choice(["S", "M", "L"], N), ["S", "M", "L"], ordered=True)
    frame = DATA.assign(size=pd.Series(sizes).where(DATA["x1"] < 1.0))
    path = fastreg.fit_path("y ~ x2 + size", data=frame, ordered="step", missing="level", **GRID)
    assert path.feature_names == ["x2", "size[>=M]", "size[>=L]", "size[missing]"]
    rank = frame["size"].cat.codes.to_numpy()
    assert_certified(path, np.column_stack([DATA["x2"], rank >= 1, rank >= 2, rank < 0]).astype(float), Y, tol=1e-6)
    with pytest.raises(ValueError, match="pass ordered='one-hot' for this formula"):
        fastreg.fit_path("y ~ x2:size", data=frame, ordered="step", missing="level")
