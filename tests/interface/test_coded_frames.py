"""Fits of frames with categories, gaps and dates are those of the columns that these stand for, in every function."""

import numpy as np
import pandas as pd
import pytest
from certified import assert_certified
from grids import few
from sklearn.model_selection import PredefinedSplit

import fastreg
from fastreg.design import designs
from fastreg.interface.encoding import Rules, learnt

pl = pytest.importorskip("polars")

N = 120
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({
    "age": np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(50, 10, N)),
    "region": RNG.choice(["north", "south", "east"], N),
    "dose": pd.Categorical(RNG.choice(["low", "high", "middle"], N), ["low", "middle", "high"], ordered=True),
    "paid": RNG.random(N) < 0.5,
})  # fmt: skip
Y = 0.05 * FRAME["age"].fillna(50).to_numpy() + (FRAME["region"] == "east") + RNG.normal(size=N)
WORDS = {"categories": "text", "ordered": "step", "missing": "mean"}
NAMES = [
    "age",
    "age[missing]",
    "region[east]",
    "region[north]",
    "region[south]",
    "dose[>=middle]",
    "dose[>=high]",
    "paid",
]
X = np.column_stack([
    FRAME["age"].fillna(FRAME["age"].mean()), FRAME["age"].isna(),
    *[FRAME["region"] == k for k in ("east", "north", "south")],
    FRAME["dose"] >= "middle", FRAME["dose"] >= "high", FRAME["paid"],
]).astype(float)  # fmt: skip
GRID = {"n_alphas": 12, "alpha_min_ratio": 1e-2}
FRAMES = {"pandas": FRAME, "polars": pl.from_pandas(FRAME.astype({"dose": str})).with_columns(
    pl.col("dose").cast(pl.Enum(["low", "middle", "high"])), pl.col("age").fill_nan(None))}  # fmt: skip


@pytest.fixture(autouse=True)
def codes(monkeypatch):
    """Small tables are kept as codes, too."""
    monkeypatch.setattr(designs, "EXPANDED", 0)


def test_small_tables_are_expanded(monkeypatch):
    """To the same columns; larger ones are kept as codes."""
    table = learnt(FRAME, Rules(**WORDS)).read(FRAME)
    assert not isinstance(designs.as_design(table), designs.DenseDesign)
    monkeypatch.setattr(designs, "EXPANDED", X.size)
    np.testing.assert_allclose(designs.as_design(table).columns, X.T, rtol=1e-15)
    path = fastreg.fit_path(FRAME, Y, **WORDS, **GRID)
    assert_certified(path, X, Y, tol=1e-6)
    np.testing.assert_allclose(path.predict(FRAME, 0.5), fastreg.fit_path(X, Y, **GRID).predict(X, 0.5), rtol=1e-6)


@few(2)
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("options", [{}, {"standardize": True, "l1_ratio": 0.5}, {"l1_ratio": 0.0}, {"lower": 0.0}])
def test_paths(frame, options):
    path = fastreg.fit_path(frame, Y, **WORDS, **GRID, **options)
    assert_certified(path, X, Y, tol=1e-6, **options)
    assert path.feature_names == NAMES
    alphas = path.alphas[[3, -1]]
    wanted = fastreg.fit_path(X, Y, **GRID, **options).alphas
    np.testing.assert_allclose(path.alphas, wanted, rtol=1e-9)
    np.testing.assert_allclose(path.predict(frame, alphas), path.predict(X, alphas), rtol=1e-10)
    np.testing.assert_allclose(path.predict(frame, alphas[1]), path.predict(X, alphas[1]), rtol=1e-10)
    assert path.score(frame, Y, alphas[1]) == pytest.approx(path.score(X, Y, alphas[1]))
    turned = frame[frame.columns[::-1]]
    np.testing.assert_array_equal(path.predict(turned, alphas), path.predict(frame, alphas))


def test_what_a_path_is_used_for_reads_frames_as_its_fit_did():
    path, plain = fastreg.fit_path(FRAME, Y, **WORDS, **GRID), fastreg.fit_path(X, Y, **GRID)
    alpha = plain.alphas[5]
    found = path.refit(FRAME, Y, [alpha])
    assert found.encoding == path.encoding
    np.testing.assert_allclose(found.coef(alpha)[0], plain.refit(X, Y, [alpha]).coef(alpha)[0], atol=1e-6)
    ours, theirs = fastreg.information_criteria(path, FRAME, Y), fastreg.information_criteria(plain, X, Y)
    np.testing.assert_allclose(ours.bic, theirs.bic, rtol=1e-5)
    ours, theirs = fastreg.relax_path(path, FRAME, Y), fastreg.relax_path(plain, X, Y)
    np.testing.assert_allclose(ours.predict(FRAME, alpha), theirs.predict(X, alpha), rtol=1e-4)
    ridge = {"l1_ratio": 0.0, "alphas": [0.1]}
    ours = fastreg.table(fastreg.fit_path(FRAME, Y, **WORDS, **ridge), FRAME, Y).to_frame()
    theirs = fastreg.table(fastreg.fit_path(X, Y, **ridge), X, Y).to_frame()
    np.testing.assert_allclose(ours["estimate"], theirs["estimate"], rtol=1e-5)
    assert list(ours.index[1:]) == NAMES


def test_saved_paths_read_frames_as_before(tmp_path):
    path = fastreg.fit_path(FRAME, Y, **WORDS, unseen="zero", **GRID)
    path.save(tmp_path / "path.json")
    again = fastreg.load_path(tmp_path / "path.json")
    assert again.encoding == path.encoding
    other = FRAME.assign(region="west")
    np.testing.assert_array_equal(again.predict(other, 0.1), path.predict(other, 0.1))
    np.testing.assert_allclose(
        path.predict(other, 0.1), path.predict(np.where(np.isin(range(8), [2, 3, 4]), 0, X), 0.1)
    )


@pytest.mark.filterwarnings("ignore:missing='drop' leaves out 15 of the 120 rows")
def test_rows_that_lack_values_are_dropped_with_all_that_has_rows():
    keep, weight, offset = FRAME["age"].notna().to_numpy(), RNG.random(N) + 0.1, RNG.normal(size=N)
    words = {"categories": "text", "missing": "drop"}
    path = fastreg.fit_path(FRAME, Y, sample_weight=weight, offset=offset, **words, **GRID)
    part = learnt(FRAME, Rules(**words)).read(FRAME[keep])
    plain = fastreg.fit_path(part, Y[keep], sample_weight=weight[keep], offset=offset[keep], **GRID)
    np.testing.assert_allclose(path.coefs.toarray(), plain.coefs.toarray(), atol=1e-12)
    groups = np.arange(N) % 4
    ours = fastreg.cv_path(FRAME, Y, cv=4, groups=groups, **words, **GRID)
    theirs = fastreg.cv_path(part, Y[keep], cv=4, groups=groups[keep], **GRID)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-9)
    place = np.cumsum(keep) - 1
    pairs = [(np.flatnonzero(groups != k), np.flatnonzero(groups == k)) for k in range(4)]
    renumbered = [tuple(place[rows[keep[rows]]] for rows in pair) for pair in pairs]
    wanted = fastreg.cv_path(part, Y[keep], cv=renumbered, **GRID).mean
    for cv in (pairs, PredefinedSplit(groups)):
        np.testing.assert_allclose(fastreg.cv_path(FRAME, Y, cv=cv, **words, **GRID).mean, wanted, rtol=1e-9)


def test_dropped_rows_are_told_and_decide_nothing():
    """A level that only they have is none, and means are those of the others."""
    frame = FRAME.assign(region=np.where(FRAME["age"].isna(), "west", FRAME["region"]), height=np.arange(N) % 7.0)
    frame.loc[~FRAME["age"].isna() & (np.arange(N) < 9), "height"] = np.nan
    words = {"categories": "text", "missing": {"age": "drop", "height": "mean"}}
    with pytest.warns(fastreg.DataWarning, match="leaves out 15 of the 120 rows of X, .* the first is row 2"):
        path = fastreg.fit_path(frame, Y, **words, **GRID)
    keep = frame["age"].notna()
    assert path.encoding == learnt(frame[keep], Rules(**words))
    assert path.encoding.columns[-1].fill == pytest.approx(frame.loc[keep, "height"].mean())
    assert "region[west]" not in path.feature_names


@pytest.mark.filterwarnings("ignore:the last alpha of the grid")
def test_functions_that_choose():
    """Cross-validation, relaxed fits, stability selection, leave-one-out and adaptive factors."""
    ours, theirs = fastreg.cv_path(FRAME, Y, cv=3, **WORDS, **GRID), fastreg.cv_path(X, Y, cv=3, **GRID)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-4)
    np.testing.assert_allclose(ours.predict(FRAME), theirs.predict(X), rtol=1e-3)
    ours, theirs = fastreg.ridge_loo(FRAME, Y, **WORDS), fastreg.ridge_loo(X, Y)
    np.testing.assert_allclose(ours.errors, theirs.errors, rtol=1e-8)
    words = {"n_pairs": 5, "random_state": 0}
    ours, theirs = fastreg.stability_selection(FRAME, Y, **words, **WORDS), fastreg.stability_selection(X, Y, **words)
    assert ours.feature_names == NAMES
    np.testing.assert_array_equal(ours.selected, [NAMES[j] for j in theirs.selected])
    words = {"cv": 3, "gammas": (0.0, 1.0), **GRID}
    ours, theirs = fastreg.cv_relaxed(FRAME, Y, **words, **WORDS), fastreg.cv_relaxed(X, Y, **words)
    np.testing.assert_allclose(ours.predict(FRAME), theirs.predict(X), rtol=1e-3)
    np.testing.assert_allclose(fastreg.adaptive_factor(FRAME, Y, **WORDS), fastreg.adaptive_factor(X, Y), rtol=1e-3)


def test_several_responses(tmp_path):
    Z = np.column_stack([Y, Y + X[:, 7]])
    ours, theirs = fastreg.fit_multi_path(FRAME, Z, **WORDS, **GRID), fastreg.fit_multi_path(X, Z, **GRID)
    alpha = theirs.alphas[5]
    np.testing.assert_allclose(ours.predict(FRAME, alpha), theirs.predict(X, alpha), rtol=1e-4)
    ours, theirs = fastreg.cv_path(FRAME, Z, cv=3, **WORDS, **GRID), fastreg.cv_path(X, Z, cv=3, **GRID)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-3)
    signs, words = np.digitize(Y, np.quantile(Y, [0.3, 0.7])), {"family": "multinomial", **GRID}
    ours, theirs = fastreg.fit_multi_path(FRAME, signs, **words, **WORDS), fastreg.fit_multi_path(X, signs, **words)
    alpha = theirs.alphas[5]
    np.testing.assert_allclose(ours.predict(FRAME, alpha), theirs.predict(X, alpha), rtol=1e-3)
    ours.save(tmp_path / "several.json")
    again = fastreg.load_path(tmp_path / "several.json")
    np.testing.assert_array_equal(again.predict(FRAME, alpha), ours.predict(FRAME, alpha))


def test_posteriors_and_nested_choice_read_frames():
    ridge, words = {"l1_ratio": 0.0, "alphas": [0.1]}, {"draws": 20, "chains": 2, "seed": 0}
    found = fastreg.posterior(fastreg.fit_path(FRAME, Y, **WORDS, **ridge), FRAME, Y, **words)
    assert found.names[1:] == NAMES
    np.testing.assert_allclose(found.predict(FRAME), found.predict(X), rtol=1e-10)
    words = {"outer": 3, "cv": 3, "gammas": (0.0, 1.0), "n_alphas": 8}
    ours = fastreg.nested_cv_relaxed(FRAME, Y, **words, **WORDS)
    np.testing.assert_allclose(ours.scores, fastreg.nested_cv_relaxed(X, Y, **words).scores, rtol=1e-3)


def test_a_value_that_is_not_finite_is_named():
    with pytest.raises(ValueError, match=r"X\[3, 7\] \('paid'\) is infinity"):
        fastreg.fit_path(FRAME.assign(paid=np.where(np.arange(N) == 3, np.inf, 1.0)), Y, **WORDS)


@few(2)
@pytest.mark.parametrize("options", [{}, {"l1_ratio": 0.0}, {"fit_intercept": False}, {"family": "poisson"}])
def test_a_frame_of_categories_alone(options):
    frame, y = FRAME[["region"]], np.round(np.abs(Y))
    path = fastreg.fit_path(frame, y, categories="text", **options, **GRID)
    assert_certified(path, X[:, 2:5], y, tol=1e-6, **options)
    found = fastreg.cv_path(frame, y, categories=["region"], cv=3, **GRID).mean
    np.testing.assert_allclose(found, fastreg.cv_path(X[:, 2:5], y, cv=3, **GRID).mean, rtol=1e-4)


def test_options_about_frames_are_refused_for_arrays():
    with pytest.raises(fastreg.interface.validation.ParameterError, match="are about data frames; X is none"):
        fastreg.fit_path(X, Y, missing="mean")


@pytest.mark.parametrize("kind", [pd.Index, np.array, pd.Series, iter])
def test_categories_are_named_by_whatever_holds_names(kind):
    """As `frame.select_dtypes("object").columns` does; one that holds none says nothing."""
    frame, how = FRAME.drop(columns="age"), {"ordered": "step"}
    path = fastreg.fit_path(frame, Y, categories=kind(["region", "dose"]), **how, **GRID)
    assert list(path.feature_names) == NAMES[2:]
    assert_certified(path, X[:, 2:], Y, tol=1e-6)
    if kind is not iter:
        model = fastreg.Lasso(0.01, categories=kind(["region", "dose"]), **how).fit(frame, Y)
        assert model.coef_.size == len(NAMES[2:])
    fastreg.fit_path(X, Y, categories=kind([]), **GRID)
    with pytest.raises(ValueError, match="are about data frames; X is none"):
        fastreg.fit_path(X, Y, categories=kind(["age"]), **GRID)
    with pytest.raises(ValueError, match="list of names of columns, got 5"):
        fastreg.fit_path(FRAME, Y, categories=5, **GRID)
