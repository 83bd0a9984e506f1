"""Data that disagree with a fitted result are refused, with advice that works: offset, weights, columns, options."""

import json
import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fastreg
from fastreg import (
    cv_path,
    cv_relaxed,
    fit_path,
    information_criteria,
    load_path,
    relax_path,
    ridge_loo,
    stability_selection,
)

RNG = np.random.default_rng(17)
N = 400
X = RNG.normal(size=(N, 4))
EXPOSURE = RNG.uniform(0.1, 1.0, N)
OFFSET = np.log(EXPOSURE)
CLAIMS = RNG.poisson(EXPOSURE * np.exp(0.3 * X[:, 0] - 0.2)).astype(float)
WEIGHT = RNG.uniform(0.5, 2.0, N)
ALPHAS = np.geomspace(0.05, 1e-6, 8)
OPTIONS = {"family": "poisson", "alphas": ALPHAS}


@pytest.fixture(scope="module")
def path():
    return fit_path(X, CLAIMS, offset=OFFSET, **OPTIONS)


@pytest.fixture(scope="module")
def found():
    return cv_path(X, CLAIMS, offset=OFFSET, cv=3, **OPTIONS)


@pytest.fixture(scope="module")
def relaxed(path):
    return relax_path(path, X, CLAIMS, offset=OFFSET)


# An offset that was forgotten.

FORGETFUL = {
    "linear_predictor": lambda path, **offset: path.linear_predictor(X, ALPHAS[3], **offset),
    "predict": lambda path, **offset: path.predict(X, ALPHAS[3], **offset),
    "predict at several": lambda path, **offset: path.predict(X, ALPHAS[:3], **offset),
    "score": lambda path, **offset: path.score(X, CLAIMS, ALPHAS[3], **offset),
    "refit": lambda path, **offset: path.refit(X, CLAIMS, ALPHAS[3], **offset),
}
GIVEN_DATA = {
    "relax_path": lambda path, **offset: relax_path(path, X, CLAIMS, **offset),
    "information_criteria": lambda path, **offset: information_criteria(path, X, CLAIMS, **offset),
}


@pytest.mark.parametrize("name", [*FORGETFUL, *GIVEN_DATA])
def test_a_forgotten_offset_is_refused(path, name):
    call = (FORGETFUL | GIVEN_DATA)[name]
    with pytest.raises(ValueError, match=r"fitted with an offset.*pass the offset of these rows.*or offset=0"):
        call(path)
    call(path, offset=OFFSET)


@pytest.mark.parametrize("name", FORGETFUL)
def test_the_advice_to_say_so_works(path, name):
    FORGETFUL[name](path, offset=0)
    FORGETFUL[name](path, offset=0.0)


def test_totals_are_those_observed(path, found):
    """The score equation of the intercept: fitted and observed counts sum to the same, with the offset alone."""
    total, last = CLAIMS.sum(), ALPHAS[-1]
    assert path.predict(X, last, OFFSET).sum() == pytest.approx(total, rel=1e-9)
    assert found.predict(X, last, offset=OFFSET).sum() == pytest.approx(total, rel=1e-9)
    without = path.predict(X, last, offset=0)
    assert without.sum() > 1.5 * total
    assert path.predict(X, last, offset=np.zeros(N)) == pytest.approx(without, rel=1e-15)
    assert path.predict(X, last, offset=1.5) == pytest.approx(without * np.exp(1.5), rel=1e-12)


def test_results_that_hold_a_path_refuse_as_it_does(found, relaxed):
    for call in (
        lambda **offset: found.predict(X, **offset),
        lambda **offset: relaxed.predict(X, ALPHAS[3], 0.5, **offset),
        lambda **offset: relaxed.linear_predictor(X, ALPHAS[3], **offset),
        lambda **offset: found.fold_paths[0].predict(X, ALPHAS[3], **offset),
    ):
        with pytest.raises(ValueError, match="fitted with an offset"):
            call()
        assert np.all(np.isfinite(call(offset=0)))
        assert call(offset=OFFSET) != pytest.approx(call(offset=0))


def test_every_result_remembers():
    few = {"family": "poisson", "alphas": ALPHAS[:3], "offset": OFFSET}
    chosen = cv_relaxed(X, CLAIMS, cv=3, **few)
    with pytest.raises(ValueError, match="fitted with an offset"):
        chosen.predict(X, "min")
    assert np.all(chosen.predict(X, "min", offset=OFFSET) > 0)
    assert stability_selection(X, CLAIMS, n_pairs=2, expected_errors=2.0, **few).path.has_offset
    assert ridge_loo(X, CLAIMS, offset=OFFSET).path.has_offset
    assert chosen.relaxed[0].refit.has_offset


def test_what_counts_as_an_offset():
    """A vector does, though of zeros; the number 0 says that there is none; another number serves every row."""
    assert fit_path(X, CLAIMS, offset=np.zeros(N), **OPTIONS).has_offset
    plain = fit_path(X, CLAIMS, **OPTIONS)
    none = fit_path(X, CLAIMS, offset=0, **OPTIONS)
    assert not plain.has_offset and not none.has_offset
    assert np.array_equal(plain.coefs.toarray(), none.coefs.toarray())
    number, vector = fit_path(X, CLAIMS, offset=2.5, **OPTIONS), fit_path(X, CLAIMS, offset=np.full(N, 2.5), **OPTIONS)
    assert number.has_offset
    assert np.array_equal(number.coefs.toarray(), vector.coefs.toarray())
    assert np.array_equal(number.intercepts, vector.intercepts)
    one, other = (cv_relaxed(X, CLAIMS, cv=3, offset=o, **OPTIONS) for o in (2.5, np.full(N, 2.5)))
    assert np.array_equal(one.mean, other.mean)


def test_an_offset_is_checked(path):
    for wrong, message in (
        (OFFSET[:5], "offset has 5 values, but X has 400 rows"),
        (np.where(np.arange(N) == 7, np.nan, OFFSET), r"offset\[7\] is NaN"),
        (np.nan, r"offset must be in"),
        ("log", "offset must be a number"),
        (np.ma.masked_array(OFFSET, OFFSET > 1), "offset is a masked array"),
    ):
        for call in (
            lambda o: fit_path(X, CLAIMS, offset=o, **OPTIONS),
            lambda o: path.predict(X, ALPHAS[2], offset=o),
            lambda o: path.score(X, CLAIMS, ALPHAS[2], offset=o),
        ):
            with pytest.raises(ValueError, match=message):
                call(wrong)


def test_a_path_without_an_offset_takes_one():
    plain = fit_path(X, CLAIMS, **OPTIONS)
    assert plain.predict(X, ALPHAS[2], OFFSET) == pytest.approx(plain.predict(X, ALPHAS[2]) * EXPOSURE, rel=1e-12)


def test_files_remember_the_offset_and_old_ones_load(path, tmp_path):
    path.save(tmp_path / "new.json")
    loaded = load_path(tmp_path / "new.json")
    assert loaded.has_offset and not loaded.weighted
    with pytest.raises(ValueError, match="fitted with an offset"):
        loaded.predict(X, ALPHAS[2])
    document = json.loads((tmp_path / "new.json").read_text())
    damaged = document | {"has_offset": "yes"}
    del document["has_offset"], document["weighted"]
    (tmp_path / "old.json").write_text(json.dumps(document))
    assert not load_path(tmp_path / "old.json").has_offset
    (tmp_path / "damaged.json").write_text(json.dumps(damaged))
    with pytest.raises(ValueError, match="is damaged: 'yes' is neither true nor false"):
        load_path(tmp_path / "damaged.json")


# Weights that were forgotten.


def test_a_weighted_path_asks_for_weights_where_it_is_fitted_again():
    weighted = fit_path(X, CLAIMS, sample_weight=WEIGHT, **OPTIONS)
    assert weighted.weighted
    assert not fit_path(X, CLAIMS, sample_weight=np.full(N, 3.3), **OPTIONS).weighted
    assert fit_path(X, CLAIMS, sample_weight=np.arange(N) % 2, **OPTIONS).weighted
    folds = cv_path(X, CLAIMS, cv=3, **OPTIONS).fold_paths
    assert not any(fold.weighted for fold in folds)  # of their training rows, which count alike
    for call in (
        lambda **options: weighted.refit(X, CLAIMS, ALPHAS[3], **options),
        lambda **options: relax_path(weighted, X, CLAIMS, **options),
        lambda **options: information_criteria(weighted, X, CLAIMS, **options),
    ):
        with pytest.raises(ValueError, match=r"fitted with weights.*pass sample_weight of these rows, or sample_wei"):
            call()
        call(sample_weight=WEIGHT)
    alike = weighted.refit(X, CLAIMS, ALPHAS[3], sample_weight=1)
    assert not alike.weighted
    plain = fit_path(X, CLAIMS, family="poisson", alphas=[ALPHAS[3]], tol=1e-9)
    assert alike.coefs.toarray() == pytest.approx(plain.coefs.toarray(), abs=1e-6)
    assert np.isfinite(weighted.score(X, CLAIMS, ALPHAS[3]))  # of other rows, which may count alike


# Options of the fit that need not be repeated.

SCALES = np.array([1.0, 5.0, 0.2, 1.0])
FACTOR = np.array([1.0, 0.5, 2.0, 0.0])
Y = X[:, 0] + X[:, 1] + RNG.normal(size=N)
OWN = [
    {"standardize": True, "penalty_factor": FACTOR},
    {"standardize": True, "fit_intercept": False},
    {"penalty_factor": FACTOR, "family": "poisson"},
]


def fitted_by(own, **more):
    y = CLAIMS if own.get("family") == "poisson" else Y
    return y, fit_path(X * SCALES, y, l1_ratio=0.5, alphas=np.geomspace(0.3, 1e-3, 10), **own, **more)


@pytest.mark.parametrize("own", OWN)
def test_a_path_s_options_are_those_of_what_follows_it(own):
    """Degrees of freedom by their definition, refits by the objective that they minimise."""
    y, path = fitted_by(own)
    found = information_criteria(path, X * SCALES, y)
    repeated = {name: value for name, value in own.items() if name != "family"}
    assert np.array_equal(found.df, information_criteria(path, X * SCALES, y, **repeated).df)
    factor, scale = own.get("penalty_factor", np.ones(4)), np.ones(4)
    if own.get("standardize"):
        scale = (X * SCALES).std(axis=0)
    with_intercept = own.get("fit_intercept", True)
    for k, alpha in enumerate(path.alphas):
        coef, _ = path.coef(alpha)
        support = np.flatnonzero(coef)
        mean = path.predict(X * SCALES, alpha)
        h = mean if path.family == "poisson" else np.ones(N)
        Z = (X * SCALES)[:, support]
        if with_intercept:
            Z = np.column_stack([np.ones(N), Z])
        ridge = N * alpha * 0.5 * factor[support] * scale[support] ** 2
        penalty = np.diag(np.concatenate([[0.0], ridge]) if with_intercept else ridge)
        gram = Z.T @ (h[:, None] * Z)
        assert found.df[k] == pytest.approx(np.trace(np.linalg.solve(gram + penalty, gram)), rel=1e-6), k
    assert found.n_candidates == np.count_nonzero(factor)
    relaxed = relax_path(path, X * SCALES, y, ridge=0.2)
    again = relax_path(path, X * SCALES, y, ridge=0.2, **repeated)
    assert np.array_equal(relaxed.refit.coefs.toarray(), again.refit.coefs.toarray())
    alone = fit_path(
        X * SCALES, y, l1_ratio=0.0, alphas=[0.2], tol=1e-10,
        **own | {"penalty_factor": np.where(path.coefs[:, [-1]].toarray().ravel() != 0.0, factor, np.inf)},
    )  # fmt: skip
    assert relaxed.refit.coefs[:, [-1]].toarray() == pytest.approx(alone.coefs.toarray(), abs=1e-5)


@pytest.mark.parametrize("function", [relax_path, information_criteria])
def test_another_term_than_the_path_s_is_an_error_that_names_both(function):
    _, path = fitted_by(OWN[0])
    for given, message in (
        ({"standardize": False}, "standardize is False, but the path was fitted with standardize=True; leave it out"),
        ({"fit_intercept": False}, "fit_intercept is False, but the path was fitted with fit_intercept=True; leave"),
        ({"penalty_factor": np.ones(4)}, r"penalty_factor\[1\] is 1, but the path was fitted with 0.5 there; leave it"),
        ({"penalty_factor": np.ones(3)}, r"penalty_factor has shape \(3,\), but X has 4 columns"),
        ({"standardize": "yes"}, "standardize must be True or False"),
    ):
        with pytest.raises(ValueError, match=message):
            function(path, X * SCALES, Y, **given)
    plain = fit_path(X * SCALES, Y, n_alphas=5)
    function(plain, X * SCALES, Y, penalty_factor=np.ones(4), standardize=False, fit_intercept=True)
    with pytest.raises(ValueError, match=r"penalty_factor\[0\] is 2, but the path was fitted with 1 there"):
        function(plain, X * SCALES, Y, penalty_factor=np.full(4, 2.0))


def test_a_refit_repeats_the_path_s_options():
    for own in OWN:
        y, path = fitted_by(own)
        again = path.refit(X * SCALES, y, path.alphas[4:7])
        assert again.coefs.toarray() == pytest.approx(path.coefs[:, 4:7].toarray(), abs=2e-4)
        for name in ("standardize", "fit_intercept", "l1_ratio", "family"):
            assert getattr(again, name) == getattr(path, name)


def test_a_saved_path_keeps_its_options(tmp_path):
    y, path = fitted_by(OWN[0])
    path.save(tmp_path / "path.json")
    loaded = load_path(tmp_path / "path.json")
    wanted = information_criteria(path, X * SCALES, y).df
    assert np.array_equal(information_criteria(loaded, X * SCALES, y).df, wanted)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_refits_on_supports_have_degrees_of_freedom_of_their_own(ridge):
    y, path = fitted_by(OWN[0])
    refit = relax_path(path, X * SCALES, y, ridge=ridge).refit
    found = information_criteria(refit, X * SCALES, y).df
    for k in range(path.alphas.size):
        support = np.flatnonzero(refit.coefs[:, [k]].toarray())
        Z = (X * SCALES)[:, support]
        gram = Z.T @ Z - np.outer(Z.sum(axis=0), Z.sum(axis=0)) / N
        penalty = np.diag(N * ridge * FACTOR[support] * Z.var(axis=0))
        assert found[k] == pytest.approx(1.0 + np.trace(np.linalg.solve(gram + penalty, gram)), rel=1e-8), k
    with pytest.raises(ValueError, match="holds refits on supports; refit the penalised path"):
        refit.refit(X * SCALES, y, 0.1)


def test_results_that_hold_a_path_are_asked_for_it(found):
    for function in (relax_path, information_criteria):
        with pytest.raises(TypeError, match=r"path must be a fastreg.Path, got a CVPath; pass its .path"):
            function(found, X, CLAIMS, offset=OFFSET)
        assert function(found.path, X, CLAIMS, offset=OFFSET) is not None
        with pytest.raises(TypeError, match=r"path must be a fastreg.Path, got a ndarray"):
            function(X, X, CLAIMS)


def test_saved_refits_are_refits(tmp_path):
    y, path = fitted_by(OWN[0])
    refit = relax_path(path, X * SCALES, y, ridge=0.3).refit
    refit.save(tmp_path / "refit.json")
    assert load_path(tmp_path / "refit.json").refit_ridge == 0.3
    path.save(tmp_path / "path.json")
    assert load_path(tmp_path / "path.json").refit_ridge is None


ARRAY = np.random.default_rng(8).normal(size=(60, 4))
TARGET = ARRAY @ [1.0, -2.0, 0.5, 0.0] + 1.0
SHUFFLED = [2, 0, 3, 1]


def same(first, second):
    """But for rounding, which the layout of X decides on."""
    return np.allclose(first, second, rtol=1e-9, atol=1e-12)


def frames_numbered_otherwise():
    """Frames of ARRAY whose columns were moved, and what the advice of the message makes of them."""
    number = "lambda name: int(name.removeprefix('column_'))"
    yield pd.DataFrame(ARRAY)[SHUFFLED], "X[sorted(X.columns, key=int)]"
    yield pd.DataFrame(ARRAY, columns=[*"0123"])[[str(j) for j in SHUFFLED]], "X[sorted(X.columns, key=int)]"
    moved = pl.DataFrame(ARRAY).select([f"column_{j}" for j in SHUFFLED])
    yield moved, f"X.select(sorted(X.columns, key={number}))"
    yield moved.to_arrow(), f"X.select(sorted(X.column_names, key={number}))"


def results_of_arrays():
    """Whatever predicts from columns by their place, fitted on ARRAY."""
    path = fit_path(ARRAY, TARGET, alphas=[0.1, 0.01])
    yield "Path", lambda X: path.predict(X, 0.05)
    yield "score", lambda X: path.score(X, TARGET, 0.05)
    yield "refit", lambda X: path.refit(X, TARGET, 0.05).coefs.toarray()
    yield "relax", lambda X: fastreg.relax_path(path, X, TARGET).refit.coefs.toarray()
    yield "criteria", lambda X: fastreg.information_criteria(path, X, TARGET).bic
    relaxed = fastreg.relax_path(path, ARRAY, TARGET)
    yield "RelaxedPath", lambda X: relaxed.predict(X, 0.05)
    cv = fastreg.cv_path(ARRAY, TARGET, cv=3, alphas=[0.1, 0.01])
    yield "CVPath", cv.predict
    several = fastreg.fit_multi_path(ARRAY, np.c_[TARGET, -TARGET], alphas=[0.1, 0.01])
    yield "MultiPath", lambda X: several.predict(X, 0.05)
    for model in (fastreg.Lasso(alpha=0.01), fastreg.Ridge(), fastreg.LassoCV(cv=3)):
        yield type(model).__name__, model.fit(ARRAY, TARGET).predict
    yield "MultiTaskLasso", fastreg.MultiTaskLasso(alpha=0.01).fit(ARRAY, np.c_[TARGET, -TARGET]).predict
    yield "LogisticRegression", fastreg.LogisticRegression().fit(ARRAY, TARGET > 1.0).predict_proba


@pytest.mark.filterwarnings("ignore:X has feature names")
def test_numbered_columns_in_another_order_than_the_array_of_the_fit():
    for name, use in results_of_arrays():
        right = use(ARRAY)
        for frame in (pd.DataFrame(ARRAY), pl.DataFrame(ARRAY), pd.DataFrame(ARRAY, columns=[*"dcba"])):
            assert same(use(frame), right), name
        for frame, advised in frames_numbered_otherwise():
            told = f"column 0 of X is number 2, but this model was fitted on an array, .* Pass {re.escape(advised)} for"
            with pytest.raises(ValueError, match=told):
                use(frame)
            assert same(use(eval(advised, {"X": frame})), right), (name, advised)


@pytest.mark.parametrize("model", [fastreg.Lasso(alpha=0.01), fastreg.RidgeCV(), fastreg.LassoCV(cv=3)], ids=str)
def test_estimators_compare_columns_that_are_numbered(model):
    frame = pd.DataFrame(ARRAY, columns=[10, 20, 30, 40])
    model = model.fit(frame, TARGET)
    right = model.predict(frame)
    assert same(model.predict(ARRAY), right)
    assert same(pickle.loads(pickle.dumps(model)).predict(frame), right)
    with pytest.raises(ValueError, match="column 0 of X is '20', but this path was fitted with '10' there"):
        model.predict(frame[[20, 10, 30, 40]])
    with pytest.raises(ValueError, match="X lacks 1 of the 4 columns that this path was fitted on: '40'"):
        model.predict(frame.rename(columns={40: 50}))
    model.fit(ARRAY, TARGET)  # which has no labels to compare
    assert same(model.predict(frame.rename(columns={40: 50})), right)
