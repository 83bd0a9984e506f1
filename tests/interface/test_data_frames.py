"""to_frame of every result: the right numbers in the documented columns, in pandas and polars."""

import importlib
from dataclasses import is_dataclass

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fastreg
from fastreg.interface.data_frames import frame_of, marks


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.normal(size=(80, 5)), columns=list("abcde"))
    return X, X["a"] - 2.0 * X["c"] + 0.3 * rng.normal(size=80)


@pytest.fixture(scope="module")
def path(data):
    return fastreg.fit_path(*data, n_alphas=8)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_path_has_a_row_for_each_coefficient(path, library):
    frame = path.to_frame(library)
    assert type(frame).__module__.startswith(library)
    assert list(frame.columns) == ["point", "alpha", "name", "estimate"]
    frame = frame if library == "pandas" else frame.to_pandas()
    wide = frame.pivot(index="point", columns="name", values="estimate").fillna(0.0)
    np.testing.assert_array_equal(wide["(intercept)"], path.intercepts)
    np.testing.assert_array_equal(wide[["a", "c"]], path.coefs.toarray()[[0, 2]].T)
    assert len(frame) == path.alphas.size + path.n_nonzero.sum()
    np.testing.assert_array_equal(path.alphas[frame["point"]], frame["alpha"])
    assert frame["point"].is_monotonic_increasing


def test_points_of_a_path(path):
    frame = path.to_frame(what="points")
    np.testing.assert_array_equal(frame["n_nonzero"], np.count_nonzero(path.coefs.toarray(), axis=0))
    np.testing.assert_array_equal(frame[["alpha", "gap"]], np.column_stack([path.alphas, path.gaps]))
    np.testing.assert_array_equal(frame[["deviance_ratio"]].squeeze(), path.deviance_ratio)
    assert frame["reason"].tolist() == path.reasons and frame["n_iter"].tolist() == path.n_iters.tolist()


def test_columns_without_names_and_paths_without_intercept(data):
    X, y = data
    path = fastreg.fit_path(X.to_numpy(), y, n_alphas=4, fit_intercept=False)
    assert set(path.to_frame()["name"]) <= {f"x{j}" for j in range(5)}
    assert len(path.to_frame()) == path.n_nonzero.sum() > 0


@pytest.mark.parametrize("labels", [None, ["low", "mid", "high"], [1, 2, 3]])
def test_several_responses_have_rows_of_their_own(data, labels):
    X, y = data
    thirds = np.digitize(y, np.quantile(y, [0.33, 0.67]))
    target, family = (np.array(labels)[thirds], "multinomial") if labels else (np.column_stack([y, -y, y]), "gaussian")
    path = fastreg.fit_multi_path(X, target, family=family, alphas=[0.1, 0.01])
    frame = path.to_frame()
    assert list(frame.columns) == ["point", "alpha", "response", "name", "estimate"]
    own = path.classes.tolist() if labels else [0, 1, 2]
    for k in range(2):
        coef, intercepts = path.point(k)
        part = frame[frame["point"] == k].pivot(index="name", columns="response", values="estimate").fillna(0.0)
        part = part.reindex(["(intercept)", *"abcde"], fill_value=0.0)[own]
        np.testing.assert_array_equal(part, np.vstack([intercepts, coef]))
    assert frame.equals(path.to_frame("polars").to_pandas().astype(frame.dtypes.to_dict()))


def test_scores_and_folds_of_cross_validation(data):
    found = fastreg.cv_path(*data, cv=3, n_alphas=6, l1_ratio=[0.5, 1.0])
    frame, folds = found.to_frame(), found.to_frame(what="folds")
    assert len(frame) == 12 and len(folds) == 36 and set(frame["l1_ratio"]) == {0.5, 1.0}
    for curve in found.per_l1_ratio:
        own = frame[frame["l1_ratio"] == curve.l1_ratio]
        np.testing.assert_array_equal(own["mean"], curve.mean)
        np.testing.assert_array_equal(own["std_error"], curve.std_error)
        np.testing.assert_array_equal(own["n_nonzero"], curve.path.n_nonzero)
        wide = folds[folds["l1_ratio"] == curve.l1_ratio].pivot(index="fold", columns="alpha", values="score")
        np.testing.assert_array_equal(wide[curve.alphas], curve.fold_scores)
    best = frame[frame["chosen"].str.contains("min")]
    assert best[["l1_ratio", "alpha"]].to_numpy().tolist() == [[found.l1_ratio, found.alpha_min]]
    assert frame[frame["chosen"].str.contains("1se")]["alpha"].tolist() == [found.alpha_1se]
    assert found.n_nonzero.tolist() == found.path.n_nonzero.tolist()


def test_path_and_refits_are_told_apart_by_gamma(data, path):
    relaxed = fastreg.relax_path(path, *data)
    frame = relaxed.to_frame()
    for gamma, own in ((1.0, relaxed.path), (0.0, relaxed.refit)):
        assert frame[frame["gamma"] == gamma].drop(columns="gamma").reset_index(drop=True).equals(own.to_frame())
    points = relaxed.to_frame("polars", what="points")
    np.testing.assert_array_equal(
        points["deviance_ratio"], np.r_[relaxed.path.deviance_ratio, relaxed.refit.deviance_ratio]
    )


def test_scores_of_relaxed_cross_validation(data):
    found = fastreg.cv_relaxed(*data, cv=3, n_alphas=4, gammas=(0.0, 1.0), ridges=(0.0, 0.1))
    frame = found.to_frame()
    assert len(frame) == 16
    for row in frame.itertuples():
        place = (found.ridges == row.ridge, found.gammas == row.gamma, found.alphas == row.alpha)
        np.testing.assert_array_equal(found.mean[np.ix_(*place)].item(), row.mean)
        for name in ("min", "1se"):
            choice = found.choice(name)
            assert (name in row.chosen.split(", ")) == ((row.ridge, row.gamma, row.alpha) == choice[:3])


def test_outer_folds(data):
    judged = fastreg.nested_cv_relaxed(*data, outer=2, cv=2, n_alphas=4, gammas=(0.0, 1.0))
    frame = judged.to_frame()
    assert frame["score"].tolist() == judged.scores.tolist()
    assert frame[["ridge", "gamma", "alpha", "inner_score"]].to_numpy().tolist() == [
        list(choice[:4]) for choice in judged.choices
    ]


def test_criteria_and_what_they_choose(data, path):
    criteria = fastreg.information_criteria(path, *data)
    frame = criteria.to_frame()
    for name in ("aic", "aicc", "bic", "ebic"):
        np.testing.assert_array_equal(frame[name], getattr(criteria, name))
        chosen = [name in words.split(", ") for words in frame["chosen"]]
        assert np.flatnonzero(chosen).tolist() == [criteria.index_best(name)]


def test_stability_by_feature_and_by_point(data):
    stable = fastreg.stability_selection(*data, n_pairs=5, n_alphas=6)
    frame, points = stable.to_frame(), stable.to_frame(what="points")
    assert frame["name"].tolist() == list("abcde")
    np.testing.assert_array_equal(frame["probability"], stable.largest)
    assert set(frame.loc[frame["selected"], "name"]) == set(stable.selected)
    wide = points.pivot(index="name", columns="point", values="probability").fillna(0.0)
    wide = wide.reindex(index=list("abcde"), columns=range(stable.alphas.size), fill_value=0.0)
    np.testing.assert_allclose(wide, stable.probabilities, rtol=1e-15)


def test_leave_one_out_errors(data):
    found = fastreg.ridge_loo(*data, n_alphas=7)
    frame = found.to_frame()
    for column, own in (("error", found.errors), ("standard_error", found.standard_errors), ("gcv", found.gcv)):
        np.testing.assert_array_equal(frame[column], own)
    for name in ("min", "1se", "gcv"):
        chosen = [name in words.split(", ") for words in frame["chosen"]]
        assert frame.loc[chosen, "alpha"].tolist() == [getattr(found, f"alpha_{name}")]


def test_knockoffs(data):
    found = fastreg.knockoffs(*data, fdr=0.5, alpha=0.1)
    frame = found.to_frame("polars")
    assert frame["name"].to_list() == list("abcde") and frame["statistic"].to_list() == found.statistics.tolist()
    assert frame.filter(pl.col("selected"))["name"].to_list() == found.selected


def test_every_result_has_to_frame():
    results = [getattr(fastreg, name) for name in fastreg.__all__ if name[0].isupper()]
    results = [each for each in results if is_dataclass(each) and hasattr(each, "summary")]
    assert len(results) >= 10
    assert [each.__name__ for each in results if not hasattr(each, "to_frame")] == []


def test_what_is_missing_or_wrong_is_told(path, monkeypatch):
    with pytest.raises(ValueError, match="library must be one of 'pandas', 'polars', got 'excel'"):
        path.to_frame("excel")
    with pytest.raises(ValueError, match="what must be one of 'coefficients', 'points', got 'point'"):
        path.to_frame(what="point")
    real = importlib.import_module

    def without(name, *rest):
        if name == "polars":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(ImportError, match=r"needs polars: pip install polars, or ask for library='pandas'"):
        path.to_frame("polars")


def test_no_library_is_imported_before_it_is_asked_for(monkeypatch):
    asked = []
    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", lambda name: asked.append(name) or real(name))
    frame_of({"a": [1.0]}, "polars")
    assert asked == ["polars"]


def test_marks_name_every_rule():
    assert marks(range(3), {"min": 2, "1se": 0, "gcv": 2}) == ["1se", "", "min, gcv"]


def test_the_old_name_of_n_nonzero_still_works(path):
    with pytest.warns(FutureWarning, match="use n_nonzero"):
        assert path.n_features_in.tolist() == path.n_nonzero.tolist()
