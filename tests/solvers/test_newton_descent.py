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
