"""Newton steps of cold starts in one kernel call: the same solutions as step by step, certified."""

import certified
import numpy as np
import pytest
import scipy.sparse as sp

from fastreg import fit_path


@pytest.mark.parametrize("kind", [np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize(("family", "fit_intercept"), [("binomial", True), ("poisson", False)])
def test_one_call_finds_what_steps_from_python_find(family, fit_intercept, kind, monkeypatch):
    X, y = certified.draw(family, n=120, p=30, density=0.5)
    options = {"family": family, "fit_intercept": fit_intercept, "l1_ratio": 0.9, "tol": 1e-8}
    alphas = [0.02 * fit_path(X, y, n_alphas=1, **options).alpha_max]
    together = certified.fit(kind(X), y, check=(X, y), alphas=alphas, **options)
    assert together.work["iterations"] > 1 and together.work["pivots"] == together.work["grams"] == 0
    monkeypatch.setattr("fastreg.solvers.cold_start.IN_A_KERNEL", 0)
    each = certified.fit(kind(X), y, check=(X, y), alphas=alphas, **options)
    assert each.work["epochs"] > 0
    np.testing.assert_allclose(together.coefs.toarray(), each.coefs.toarray(), atol=1e-3)


def test_steps_are_cut_where_the_loss_would_rise():
    """A few extreme rows: the model's full step overshoots, and halves of it are tried."""
    X, y = certified.draw("poisson", n=60, p=10)
    X[:3] *= 30.0
    options = {"family": "poisson", "tol": 1e-8}
    alphas = [1e-3 * fit_path(X, y, n_alphas=1, **options).alpha_max]
    path = certified.fit(X, y, alphas=alphas, **options)
    assert path.work["iterations"] > 3


def test_there_may_be_no_column_to_descend_over():
    X, y = certified.draw("binomial", n=40, p=2)
    X[:] = 1.0
    path = certified.fit(X, y, family="binomial", alphas=[0.1])
    assert not path.coefs.nnz


@pytest.mark.parametrize("kind", [np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize("alpha", [1.0, 1e-2, 1e-6])
@pytest.mark.parametrize(("family", "n", "p"), [("binomial", 60, 8), ("poisson", 40, 20), ("binomial", 20, 60)])
def test_ridge_begins_by_descents_where_x_is_small(family, n, p, alpha, kind, monkeypatch):
    """And goes on by Newton steps where these are slow."""
    X, y = certified.draw(family, n=n, p=p, density=0.5)
    rng = np.random.default_rng(0)
    options = {
        "family": family, "l1_ratio": 0.0, "tol": 1e-9, "alphas": [alpha], "sample_weight": rng.uniform(0.5, 2.0, n),
        "penalty_factor": rng.uniform(0.5, 2.0, p),
    }  # fmt: skip
    descents = certified.fit(kind(X), y, check=(X, y), **options)
    assert descents.work["epochs"] > 0
    monkeypatch.setattr("fastreg.solvers.ridge.newton.descents_pay", lambda *_: False)
    newton = certified.fit(kind(X), y, check=(X, y), **options)
    assert newton.work["epochs"] == 0
    np.testing.assert_allclose(descents.predict(X, alpha), newton.predict(X, alpha), rtol=1e-3, atol=1e-4)


def test_ridge_without_descents_where_a_column_has_no_penalty():
    X, y = certified.draw("binomial", n=60, p=8)
    factor = np.r_[0.0, np.ones(7)]
    path = certified.fit(X, y, family="binomial", l1_ratio=0.0, alphas=[0.1], penalty_factor=factor)
    assert path.work["epochs"] == 0
