"""Copies of X that would not fit are refused before they are begun, with what to do."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

import fastreg
from fastreg.interface import copies, memory

N, P = 40, 60
X = np.asfortranarray(np.random.default_rng(0).integers(0, 9, size=(N, P)).astype(float))
Y = X[:, 0] + np.arange(N)
SPARSE = sp.csc_array(X)


@pytest.fixture(autouse=True)
def little_memory(monkeypatch):
    """10 kB, where X as float64 takes 19.2."""
    monkeypatch.setattr(copies, "LITTLE", 100)
    monkeypatch.setenv("FASTREG_MEMORY", "10KB")
    memory.allowance.cache_clear()
    yield
    memory.allowance.cache_clear()


FORMS = {
    "rows": (np.ascontiguousarray(X), "an array of float64 in C order"),
    "integers": (X.astype(np.int64), "an array of int64 in Fortran order"),
    "pandas": (pd.DataFrame(X.astype(np.int64)).add_prefix("x"), "a data frame"),
    "polars": (pl.DataFrame(X), "a data frame"),
    "csr": (SPARSE.tocsr(), "a sparse array of float64 in csr format"),
    "integers, sparse": (SPARSE.astype(np.int64), "a sparse array of int64 in csc format"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("fit", ["fit_path", "estimator"])
def test_a_copy_that_does_not_fit_is_refused(form, fit):
    given, what = FORMS[form]
    with pytest.raises(MemoryError, match=rf"X is {what}.*: a copy takes .* kB, and 10 kB .* fastreg.(spool|open)"):
        fastreg.fit_path(given, Y) if fit == "fit_path" else fastreg.Lasso(alpha=1.0).fit(given, Y)


@pytest.mark.parametrize(
    "given", [X, SPARSE, pd.DataFrame(X).add_prefix("x")], ids=["array", "columns", "pandas, one block"]
)
def test_what_needs_no_copy_is_fitted(given):
    assert fastreg.fit_path(given, Y, n_alphas=3).converged


def test_predictions_read_rows_as_well():
    path = fastreg.fit_path(X, Y, n_alphas=3)
    alpha = path.alphas[-1]
    rows = np.ascontiguousarray(X)
    np.testing.assert_allclose(path.predict(rows, alpha), path.predict(X, alpha), rtol=1e-12)
    with pytest.raises(MemoryError, match="an array of int64"):
        path.predict(X.astype(np.int64), alpha)
