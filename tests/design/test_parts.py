"""X in several parts: every function fits them as it fits their columns side by side."""

import pickle

import certified
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from genotype_files import draw_copies, imputed, write_bed

import fastreg
from fastreg import cv_path, fit_path
from fastreg.design.genotypes import bed_design

N = 103
RNG = np.random.default_rng(2)
AGES = pd.DataFrame({"age": RNG.normal(50.0, 9.0, N), "sex": RNG.integers(0, 2, N).astype(float)})
COPIES = [draw_copies(N, 30, seed=1), draw_copies(N, 20, seed=2)]
X = np.column_stack([AGES.to_numpy(), imputed(COPIES[0]), imputed(COPIES[1])])
Y = 0.1 * X[:, 0] + X[:, 4] - X[:, 40] + RNG.normal(size=N)
FACTOR = np.r_[0.0, 0.0, np.ones(50)]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    beds = []
    for number, copies in enumerate(COPIES, 1):
        path = write_bed(folder / f"chr{number}.bed", copies)
        lines = path.with_suffix(".bim").read_text().replace("rs", f"chr{number}rs")
        path.with_suffix(".bim").write_text(lines)
        beds.append(fastreg.open(path))
    return (AGES, *beds)


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_covariates_without_a_penalty_beside_two_files(parts, family):
    y = Y if family == "gaussian" else (np.median(Y) < Y).astype(float)
    options = {"family": family, "penalty_factor": FACTOR, "tol": 1e-9, "n_alphas": 15, "alpha_min_ratio": 0.1}
    path = certified.fit(parts, y, check=(X, y), **options)
    wanted = fit_path(X, y, **options)
    np.testing.assert_allclose(path.coefs.toarray(), wanted.coefs.toarray(), rtol=0, atol=1e-5)
    assert path.feature_names[:3] == ["age", "sex", "chr1rs0_A"] and path.feature_names[-1] == "chr2rs19_A"
    last = path.alphas[-1]
    np.testing.assert_allclose(path.predict(parts, last), path.predict(X, last), rtol=1e-10)
    by_name = fit_path(parts, y, **options | {"penalty_factor": {"age": 0.0, "sex": 0.0}})
    np.testing.assert_array_equal(by_name.coefs.toarray(), path.coefs.toarray())


def test_cross_validation_and_estimators_take_parts(parts):
    options = {"cv": 3, "n_alphas": 10, "penalty_factor": FACTOR}
    found, wanted = (cv_path(each, Y, random_state=0, **options) for each in (parts, X))
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-4)
    model, dense = fastreg.LassoCV(cv=3, alphas=5).fit(parts, Y), fastreg.LassoCV(cv=3, alphas=5).fit(X, Y)
    np.testing.assert_allclose(model.predict(parts), dense.predict(X), rtol=1e-3)
    assert model.feature_names_in_[0] == "age" and model.n_features_in_ == X.shape[1]


def test_products_are_those_of_the_columns_side_by_side(parts):
    design = parts[1].beside((*parts[1:], sp.csc_array(X[:, :2])))
    whole, columns = np.column_stack([X[:, 2:], X[:, :2]]), np.array([51, 3, 35, 0, 50])
    vectors, weights = RNG.normal(size=(2, N)), np.full((1, N), 1 / N)
    mean, variance, products = design.first(weights, vectors)
    np.testing.assert_allclose(mean[0], whole.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(variance[0], whole.var(axis=0), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(products, vectors @ whole, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(design.correlate_each(vectors), products, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(design.look(vectors, columns), products[:, columns], rtol=1e-12, atol=1e-11)
    np.testing.assert_array_equal(design.gather(columns), whole[:, columns])
    assert design.stored_in(columns) == 3 * N + sp.csc_array(X[:, :2]).nnz and design.reads == 2
    assert design.feature_names[-1] == "x51" and pickle.loads(pickle.dumps(design)).shape == (N, 52)


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_working_sets_stay_packed_beside_covariates(parts, family, monkeypatch):
    monkeypatch.setattr(bed_design, "allowance", lambda: 0)
    design, columns, h = parts[1].beside(parts), np.array([40, 0, 5, 1, 33]), RNG.random(N)
    centre, steps = X.mean(axis=0), RNG.normal(size=5)
    block, W = design.working_block(centre), (X - centre)[:, columns]
    block.extend(columns[:3])
    block.extend(columns[3:])
    np.testing.assert_allclose(block.correlate(h), h @ W, atol=1e-11)
    np.testing.assert_allclose(block.predict(steps), W @ steps, atol=1e-11)
    np.testing.assert_allclose(block.gram(h, 2), (W.T[2:] * h) @ W, atol=1e-9)
    np.testing.assert_allclose(block.take([4, 1, 0]), W.T[[4, 1, 0]], atol=1e-12)
    y = Y if family == "gaussian" else (np.median(Y) < Y).astype(float)
    options = {"family": family, "penalty_factor": FACTOR, "tol": 1e-9, "n_alphas": 10, "alpha_min_ratio": 0.1}
    path = certified.fit(parts, y, check=(X, y), **options)
    np.testing.assert_allclose(path.coefs.toarray(), fit_path(X, y, **options).coefs.toarray(), atol=1e-5)


def test_dense_columns_beside_sparse_ones_in_a_file(tmp_path):
    sparse = sp.csc_array(X[:, 2:] * (RNG.random((N, 50)) < 0.2))
    sp.save_npz(tmp_path / "x.npz", sparse, compressed=False)
    given = (X[:, :2], fastreg.open(tmp_path / "x.npz"))
    whole = np.column_stack([X[:, :2], sparse.toarray()])
    path = certified.fit(given, Y, check=(whole, Y), n_alphas=10, alpha_min_ratio=0.1)
    np.testing.assert_allclose(path.coefs.toarray(), fit_path(whole, Y, alphas=path.alphas).coefs.toarray(), atol=1e-3)
    assert path.feature_names is None


def test_parts_that_do_not_fit_together_are_refused(parts):
    with pytest.raises(ValueError, match="the parts of X have 102, 103, 103 rows"):
        fit_path((AGES[:-1], *parts[1:]), Y)
    with pytest.raises(ValueError, match="'chr1rs0_A' names columns of several parts"):
        fit_path((parts[1], parts[1]), Y)
    path = fit_path(parts, Y, n_alphas=3)
    with pytest.raises(ValueError, match="column 0 of X is 'x0', and the fit's is 'age'"):
        path.predict((AGES.to_numpy(), *parts[1:]), path.alphas[-1])
