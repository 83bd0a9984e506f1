"""Inputs that make other libraries hang or crash, each in a process of its own with a limit of time."""

import isolated
import pytest

SMALL = """
import numpy as np, scipy.sparse as sp, warnings, certified, fastreg
X, y = certified.draw("gaussian", n=20, p=5, density=0.5)
def refused(parts, *args, **options):
    try:
        fastreg.fit_path(*args, **options)
    except ValueError as error:
        assert all(part in str(error) for part in parts), str(error)
    else:
        raise AssertionError("accepted")
"""


@pytest.mark.process
@pytest.mark.parametrize("kind", ["csc", "csr"])
def test_an_index_out_of_range_is_refused(kind):
    limit = 20 if kind == "csc" else 5
    isolated.run(
        SMALL
        + f"""
for bad in ({limit}, 2**31 - 1, -1, -2**31):
    for wrap in (sp.{kind}_array, sp.{kind}_matrix):
        S = wrap(X)
        S.indices[3] = bad
        refused(["X.indices[3]", str(bad), "0 to {limit - 1}"], S, y)
"""
    )


@pytest.mark.process
def test_a_coordinate_out_of_range_is_refused():
    isolated.run(
        SMALL
        + """
for name, limit in (("row", 20), ("col", 5)):
    for bad in (limit, 2**31 - 1, -1):
        S = sp.coo_array(X)
        getattr(S, name)[2] = bad
        refused([f"X.{name}[2]", str(bad), f"0 to {limit - 1}"], S, y)
"""
    )


@pytest.mark.process
def test_pointers_out_of_range_are_refused():
    isolated.run(
        SMALL
        + """
for place, bad in ((0, 1), (0, -1), (2, 10**6), (2, -5), (5, 10**6)):
    for make in (sp.csc_array, sp.csr_array):
        S = make(X)
        S.indptr[place] = bad
        refused(["X.indptr"], S, y)
"""
    )


@pytest.mark.process
def test_huge_values_are_refused_or_solved():
    isolated.run(
        SMALL
        + """
for scale in (1e300, 1.7e308):
    for make in (np.array, sp.csc_array):
        bad = X.copy()
        bad[:, 3] = np.clip(scale * X[:, 3], -1.7e308, 1.7e308)
        refused(["overflow", "column 3"], make(bad), y)
    big = np.clip(scale * y, -1.7e308, 1.7e308)
    refused(["overflow", "y["], X, big)
    refused(["overflow", "offset["], X, y, offset=big)
"""
    )


@pytest.mark.process
def test_indices_of_64_bits():
    isolated.run(
        SMALL
        + """
S = sp.csc_array(X)
wide = sp.csc_array(X)
wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
assert wide.indices.dtype == np.int64
for family in ("gaussian", "binomial"):
    options = {"family": family, "alphas": [0.1, 0.01]}
    target = y if family == "gaussian" else (y > 0).astype(float)
    a, b = (certified.fit(each, target, **options) for each in (S, wide))
    assert np.array_equal(a.coefs.toarray(), b.coefs.toarray())
"""
    )


@pytest.mark.process
def test_duplicate_entries_are_summed_on_a_copy():
    isolated.run(
        SMALL
        + """
S = sp.coo_array(X)
row, col = np.r_[S.row, S.row[:7]], np.r_[S.col, S.col[:7]]
value = np.r_[S.data, 0.5 * S.data[:7]]
value[:7] *= 0.5
coo = sp.coo_array((value, (row, col)), shape=X.shape)
order = np.lexsort((row, col))
indptr = np.searchsorted(col[order], np.arange(6)).astype(np.int32)
csc = sp.csc_array((value[order], row[order].astype(np.int32), indptr), shape=X.shape)
order = np.lexsort((col, row))
indptr = np.searchsorted(row[order], np.arange(21)).astype(np.int32)
csr = sp.csr_array((value[order], col[order].astype(np.int32), indptr), shape=X.shape)
wanted = certified.fit(sp.csc_array(X), y, alphas=[0.1, 0.01])
for twice in (coo, csc, csr):
    assert twice.nnz == S.nnz + 7
    found = certified.fit(twice, y, alphas=[0.1, 0.01], check=(X, y))
    assert np.array_equal(found.coefs.toarray(), wanted.coefs.toarray())
    assert twice.nnz == S.nnz + 7
"""
    )


@pytest.mark.process
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_separable_classes_stop_with_one_warning(l1_ratio):
    isolated.run(
        SMALL
        + f"""
from fastreg import ConvergenceWarning
labels = (X[:, 0] + X[:, 1] > 0.1).astype(float)
for alphas in (None, [0.1, 0.0]):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = fastreg.fit_path(X, labels, family="binomial", l1_ratio={l1_ratio}, alphas=alphas,
                                alpha_min_ratio=1e-9, n_alphas=60)
    assert path.reasons[-1] == "separable", path.reasons
    assert path.reasons[:-1] == ["converged"] * (len(path.reasons) - 1), path.reasons
    assert np.isfinite(path.coefs.data).all() and np.isfinite(path.intercepts).all()
    assert [w.category for w in caught] == [ConvergenceWarning], [str(w.message) for w in caught]
    assert "separable" in str(caught[0].message)
    gaps = certified.proven_gaps(path, X, labels, family="binomial", l1_ratio={l1_ratio})
    assert np.all(gaps[:-1] <= 1e-6), gaps
"""
    )


@pytest.mark.process
@pytest.mark.parametrize("l1_ratio", [1.0, 0.0])
def test_an_unpenalised_column_that_separates_is_named(l1_ratio):
    """No null model exists: a reason and a warning, not a huge coefficient that is called converged."""
    isolated.run(
        SMALL
        + f"""
from fastreg import ConvergenceWarning
labels = (X[:, 0] > 0.1).astype(float)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    path = fastreg.fit_path(X, labels, family="binomial", l1_ratio={l1_ratio}, alphas=[0.1, 0.01],
                            penalty_factor=[0, 1, 1, 1, 1])
assert path.reasons[-1] == "separable", (path.reasons, abs(path.coefs.data).max())
assert [w.category for w in caught] == [ConvergenceWarning], [str(w.message) for w in caught]
assert np.isfinite(path.coefs.data).all()
"""
    )
