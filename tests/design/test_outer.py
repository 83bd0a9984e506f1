"""Designs that are read by blocks, as from a file: every function fits them as it fits the same array."""

import certified
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from fastreg import (
    Lasso,
    LassoCV,
    LogisticRegression,
    MultiTaskLasso,
    PoissonRegressor,
    Ridge,
    cv_path,
    fit_multi_path,
    fit_path,
    relax_path,
    stability_selection,
    table,
)
from fastreg.design.designs import as_design
from fastreg.design.outer import OuterDesign
from fastreg.interface.arguments import FitOptions
from fastreg.paths.batched import batches
from fastreg.paths.null_model import NullModel
from fastreg.paths.setup import build_problem, checked
from fastreg.solvers import choice

RNG = np.random.default_rng(5)
X = np.asfortranarray(RNG.normal(size=(60, 30)) + RNG.normal(size=30))
X[RNG.random(X.shape) < 0.5] = 0.0
Y = {
    "gaussian": X[:, 0] - 2.0 * X[:, 3] + RNG.normal(size=60),
    "binomial": (X[:, 0] - X[:, 3] + RNG.normal(size=60) > 0).astype(float),
    "poisson": RNG.poisson(np.exp(0.3 * X[:, 1])).astype(float),
}


class Counted(OuterDesign):
    """An array, or compressed columns, behind the methods of a source; it counts what is read."""

    def __init__(self, X):
        self.near = as_design(X)
        self.form = "sparse" if sp.issparse(X) else "dense"
        self.reads = self.copies = self.looked = 0

    @property
    def shape(self):
        return self.near.shape

    def stored_in(self, columns):
        return self.near.stored_in(columns)

    def first(self, weights, vectors):
        self.reads += 1
        dense = self.near.gather(np.arange(self.shape[1]))
        mean = weights @ dense
        variance = np.array([w @ (dense - m) ** 2 for w, m in zip(weights, mean)])
        return mean, variance, vectors @ dense

    def correlate_each(self, vectors):
        self.reads += 1
        return self.near.correlate_each(vectors)

    def look(self, vectors, columns):
        self.looked += len(columns)
        return vectors @ self.near.gather(columns)

    def in_memory(self, columns):
        self.copies += len(columns)
        values = self.near.gather(columns)
        return as_design(np.asfortranarray(values) if self.form == "dense" else sp.csc_array(values))


def both(form):
    """(X behind the methods of a source, X itself)."""
    given = X if form == "dense" else sp.csc_array(X)
    return Counted(given), given


@few(2)
@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("gaussian", {}),
        ("gaussian", {"l1_ratio": 0.5, "standardize": True, "sample_weight": np.linspace(1.0, 2.0, 60)}),
        ("gaussian", {"l1_ratio": 0.0}),
        ("gaussian", {"lower": 0.0}),
        ("binomial", {"penalty_factor": np.r_[0.0, np.ones(29)]}),
        ("binomial", {"l1_ratio": 0.0, "alphas": [0.1, 0.01]}),
        ("poisson", {"offset": np.linspace(0.0, 1.0, 60), "fit_intercept": False}),
    ],
)
def test_the_path_is_that_of_the_array(form, family, options):
    outer, given = both(form)
    grid = {} if "alphas" in options else {"n_alphas": 20, "alpha_min_ratio": 0.01}
    options = {"family": family, "tol": 1e-9, **grid, **options}
    path = certified.fit(outer, Y[family], check=(X, Y[family]), **options)
    wanted = fit_path(given, Y[family], **options)
    np.testing.assert_allclose(path.coefs.toarray(), wanted.coefs.toarray(), rtol=0, atol=2e-4)
    last, offset = path.alphas[-1], options.get("offset")
    np.testing.assert_allclose(path.predict(outer, last, offset), path.predict(given, last, offset), rtol=1e-10)
    assert 0 < outer.reads <= 40


@few(1)
@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_what_follows_a_path_is_that_of_the_array(form):
    outer, given = both(form)
    y, labels = Y["gaussian"], np.digitize(X[:, 2], [-0.5, 0.5])
    calls = {
        "cv_path": lambda X: cv_path(X, y, cv=3, n_alphas=10).mean,
        "logistic": lambda X: cv_path(X, Y["binomial"], family="binomial", cv=3, n_alphas=10).mean,
        "stability": lambda X: stability_selection(X, y, n_pairs=2, random_state=0).counts.toarray(),
        "relaxed": lambda X: relax_path(fit_path(X, y, n_alphas=10), X, y).refit.deviance_ratio,
        "classes": lambda X: fit_multi_path(X, labels, family="multinomial", n_alphas=5).point(4)[0],
        "table": lambda X: table(fit_path(X, y, alphas=[0.1, 0.0]), X, y, 0.0).se,
        "predict": lambda X: fit_path(X, y, alphas=[0.1]).predict(X, 0.1),
    }
    for name, call in calls.items():
        np.testing.assert_allclose(call(outer), call(given), rtol=1e-3, atol=1e-4, err_msg=name)


def test_descents_among_the_columns_of_a_working_set_run_on_copies():
    """In residual form, which reads columns one by one: sparse ones with few values take it where many are active."""
    rng = np.random.default_rng(0)
    sparse = sp.random_array((100, 200), density=0.05, rng=rng, format="csc")
    y = sparse @ rng.normal(size=200) + 0.1 * rng.normal(size=100)
    options = {"solver": "coordinate_descent", "n_alphas": 15, "alpha_min_ratio": 0.01, "tol": 1e-9}
    path = certified.fit(Counted(sparse), y, check=(sparse, y), **options)
    assert path.work["epochs"] > 0
    np.testing.assert_allclose(path.coefs.toarray(), fit_path(sparse, y, **options).coefs.toarray(), atol=1e-4)


def test_a_column_is_copied_once():
    """The linear predictor and the correlations of a working set are computed from its copies."""
    outer, _ = both("dense")
    path = fit_path(outer, Y["gaussian"], alpha_min_ratio=1e-3)
    assert path.methods[-1] == "batched_lasso" and path.n_nonzero[-1] > 20 and outer.copies <= 30


def test_moments_and_the_first_products_take_one_read():
    """Which residual the null model has is known before X is read."""
    for family, most in (("gaussian", 6), ("binomial", 7)):
        outer, _ = both("dense")
        path = fit_path(outer, Y[family], family=family, alpha_min_ratio=0.1)
        assert outer.reads == path.work["sweeps"] <= most and path.work["columns_read"] >= 30 * outer.reads


def test_a_read_is_shared_by_the_null_models_of_folds_and_their_moments():
    outer, given = both("dense")
    fit_path(outer, Y["gaussian"])
    alone = outer.reads
    found = cv_path(outer, Y["gaussian"], cv=4)
    assert outer.reads <= 3 * alone and found.work["passes"] >= outer.reads - alone - found.path.work["sweeps"]
    outer.reads = 0
    stability_selection(outer, Y["gaussian"], n_pairs=2, random_state=0)
    assert outer.reads <= 2 * alone + 1
    near = NullModel(build_problem(given, Y["gaussian"], checked(FitOptions())))
    np.testing.assert_allclose(near.correlation, given.T @ near.residual, atol=1e-12)
    assert near.problem.work.counts()[:2] == (30, 1)


def test_a_second_residual_of_a_batch_saves_looking_at_columns(monkeypatch):
    """Where reading takes long."""
    wide = np.asfortranarray(np.random.default_rng(1).normal(size=(80, 1500)))
    y = wide[:, :20].sum(axis=1) + np.random.default_rng(2).normal(size=80)
    looked = []
    for pays in (choice.second_residual_pays, lambda *_: False):
        monkeypatch.setattr(batches, "second_residual_pays", pays)
        outer = Counted(wide)
        outer.price = 30.0
        assert set(certified.fit(outer, y, check=(wide, y)).methods) == {"batched_lasso"}
        looked.append((outer.looked, outer.reads))
    assert looked[0][0] < 0.6 * looked[1][0] and looked[0][1] <= looked[1][1]


def test_few_columns_are_copied():
    outer, _ = both("dense")
    path = fit_path(outer, Y["gaussian"], n_alphas=5, alpha_min_ratio=0.5)
    assert outer.copies <= 20 * np.diff(path.coefs.indptr).max()


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_estimators_take_them(form):
    outer, given = both(form)
    outer.feature_names = [f"snp{j}" for j in range(30)]
    models = [
        (Lasso(alpha=0.1), Y["gaussian"]),
        (Ridge(alpha=1.0), Y["gaussian"]),
        (LassoCV(cv=3), Y["gaussian"]),
        (LogisticRegression(l1_ratio=1, C=1.0), np.where(Y["binomial"] > 0, "yes", "no")),
        (LogisticRegression(l1_ratio=1, C=0.1), np.digitize(X[:, 2], [-0.5, 0.5])),
        (PoissonRegressor(alpha=0.1), Y["poisson"]),
        (MultiTaskLasso(alpha=0.1), np.column_stack([Y["gaussian"], X[:, 5]])),
    ]
    for model, y in models:
        ours, theirs = clone(model).fit(outer, y), clone(model).fit(given, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-3, atol=1e-4, err_msg=str(model))
        predicted = ours.predict(outer)
        if predicted.dtype.kind == "f":
            np.testing.assert_allclose(predicted, theirs.predict(given), rtol=1e-3, atol=1e-3, err_msg=str(model))
        else:
            assert np.array_equal(predicted, theirs.predict(given)), model
        assert list(ours.feature_names_in_) == outer.feature_names and ours.n_features_in_ == 30
        other, _ = both(form)
        other.feature_names = outer.feature_names[::-1]
        with pytest.raises(ValueError, match="column 0 of X is 'snp29', and the fit's is 'snp0'"):
            ours.predict(other)


def test_names_of_columns_are_compared():
    outer, _ = both("dense")
    outer.feature_names = [f"snp{j}" for j in range(30)]
    path = fit_path(outer, Y["gaussian"], alphas=[0.1], penalty_factor={"snp0": 0.0})
    assert path.feature_names == outer.feature_names and path.coef(0.1)[0][0] != 0.0
    other, _ = both("dense")
    other.feature_names = ["rs1", *outer.feature_names[1:]]
    with pytest.raises(ValueError, match="column 0 of X is 'rs1', and the fit's is 'snp0'"):
        path.predict(other, 0.1)


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_an_array_of_them_is_a_copy_that_is_refused_where_it_does_not_fit(form, monkeypatch):
    outer, X = both(form)
    values = X.toarray() if form == "sparse" else X
    assert np.array_equal(np.asarray(outer), values) and np.asarray(outer, dtype=np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="becomes an array by a copy alone"):
        outer.__array__(copy=False)
    monkeypatch.setenv("FASTREG_MEMORY", "1KB")
    with pytest.raises(MemoryError, match=r"as an array takes .* may be used; pass it as X as it is"):
        np.asarray(outer)


def test_rows_are_not_taken():
    outer, _ = both("dense")
    with pytest.raises(ValueError, match="rows cannot be taken from a Counted, which is read by columns"):
        cross_val_score(Lasso(), outer, Y["gaussian"], error_score="raise")
