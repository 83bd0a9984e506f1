"""RowSums: rows that stream in are summed once, and least squares fitted to the sums are those of the rows."""

from itertools import pairwise

import certified
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

import fastreg
from fastreg import RowSums, fit_path

X, y = certified.draw("gaussian", n=120, p=6, seed=3)
X, y = X + 5.0, y + 20.0
WEIGHT = np.random.default_rng(1).uniform(0.5, 2.0, size=120)
EDGES = (0, 50, 51, 120)


def summed(X, y, weight=None, edges=EDGES, form=np.asarray):
    sums = RowSums()
    for start, stop in pairwise(edges):
        some = slice(start, stop)
        sums.add(form(X[some]), y[some], None if weight is None else weight[some])
    return sums


def naive_sums(X, y, weight):
    """(W, means, products) by the formula."""
    u = np.column_stack([X, y])
    mean = weight @ u / weight.sum()
    return weight.sum(), mean, (u - mean).T @ ((u - mean) * weight[:, None])


def assert_equals(sums, expected):
    weight, mean, products = expected
    scale = np.sqrt(np.outer(np.diag(products), np.diag(products)))
    assert sums.weight == pytest.approx(weight, rel=1e-14)
    np.testing.assert_allclose(sums.mean, mean, rtol=1e-13)
    np.testing.assert_allclose(sums.products / scale, products / scale, atol=1e-13)


FORMS = {
    "rows": np.ascontiguousarray, "columns": np.asfortranarray, "strided": lambda part: np.repeat(part, 2, axis=0)[::2],
    "CSR": sp.csr_array, "CSC": sp.csc_array, "list": lambda part: part.tolist(),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_sums_of_chunks_in_any_form_are_those_of_all_rows(form):
    sparse = X * (np.random.default_rng(0).random(X.shape) < 0.5)
    assert_equals(summed(sparse, y, WEIGHT, form=FORMS[form]), naive_sums(sparse, y, WEIGHT))


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8", "int64", "bool"])
def test_narrow_numbers_are_summed_in_float64(dtype):
    narrow = (X > 5.0) if dtype == "bool" else np.round(X).astype(dtype)
    assert_equals(summed(narrow, y), naive_sums(narrow.astype(float), y, np.ones(120)))


def test_a_large_chunk_is_summed_by_parts():
    rng = np.random.default_rng(0)
    long = rng.normal(size=(20_000, 3)) + 1e4
    sums = RowSums()
    sums.add(long, long[:, 0])
    assert_equals(sums, naive_sums(long, long[:, 0], np.ones(20_000)))


OPTIONS = {
    "lasso": {}, "elastic net": {"l1_ratio": 0.5, "standardize": True}, "ridge": {"l1_ratio": 0.0},
    "no intercept": {"fit_intercept": False}, "bounds": {"lower": 0.0},
    "free": {"penalty_factor": [0, 1, 1, 1, 2, np.inf]},
}  # fmt: skip


@few(2)
@pytest.mark.parametrize("options, weighted", [(name, k % 2 == 0) for k, name in enumerate(OPTIONS)])
def test_a_path_of_sums_is_certified_on_the_rows(options, weighted):
    weight = WEIGHT if weighted else None
    words = OPTIONS[options]
    path = fit_path(sums=summed(X, y, weight), tol=1e-9, n_alphas=20, **words)
    certified.assert_certified(path, X, y, tol=1e-9, sample_weight=weight, **words)
    other = fit_path(X, y, tol=1e-9, n_alphas=20, sample_weight=weight, **words)
    np.testing.assert_allclose(path.alphas, other.alphas, rtol=1e-12)
    np.testing.assert_allclose(path.deviance_ratio, other.deviance_ratio, atol=1e-9)
    assert path.weighted == weighted and path.fit_intercept == words.get("fit_intercept", True)


def test_the_gap_of_a_path_of_sums_contains_their_rounding():
    """Columns that nearly cancel have large coefficients at alpha=0, of which sums do not know all digits."""
    near = X.copy()
    near[:, 1] = near[:, 0] + 1e-6 * X[:, 1]
    target = y + near @ [1e5, -1e5, 0, 0, 0, 0]
    with pytest.warns(fastreg.ConvergenceWarning, match="not certified"):
        path = fit_path(sums=summed(near, target), alphas=[1e-3, 0.0], tol=1e-9)
    proven = certified.proven_gaps(path, near, target)
    assert path.reasons[-1] == "stalled" and path.gaps[-1] > 1e-9
    assert np.all(path.gaps >= np.nan_to_num(proven) - certified.ROUNDING)


def test_sums_are_added_in_any_grouping():
    parts = [summed(X[a:b], y[a:b], edges=(0, b - a)) for a, b in pairwise(EDGES)]
    expected = naive_sums(X, y, np.ones(120))
    for sums in (RowSums.total(parts), parts[0] + parts[1] + parts[2], RowSums() + parts[2] + (parts[1] + parts[0])):
        assert_equals(sums, expected)
        assert sums.shape == (120, 6) and not sums.weighted
    assert parts[0].shape == (50, 6)  # which is not changed
    assert np.array_equal(RowSums.total(parts).products, (parts[0] + parts[1] + parts[2]).products)


def test_rows_without_weight_and_empty_chunks_add_nothing():
    sums = RowSums()
    sums.add(X[:2], y[:2], sample_weight=[0.0, 0.0])
    sums.add(X, y)
    sums.add(X[:3], y[:3], sample_weight=np.zeros(3))
    sums.add(X[:0], y[:0])
    assert sums.shape == (125, 6) and sums.weighted
    assert_equals(sums, naive_sums(X, y, np.ones(120)))


def test_saved_sums_are_read_back_to_the_same_bits(tmp_path):
    sums = RowSums(list("abcdef"))
    sums.add(X, y, WEIGHT)
    sums.save(tmp_path / "sums.npz")
    same = RowSums.load(tmp_path / "sums.npz")
    for name in ("feature_names", "n_rows", "weight", "weighted"):
        assert getattr(same, name) == getattr(sums, name)
    assert np.array_equal(same.products, sums.products) and np.array_equal(same.mean, sums.mean)
    assert fit_path(sums=same).feature_names == list("abcdef")


def test_files_that_hold_no_sums_are_refused(tmp_path):
    (tmp_path / "text").write_text("no sums")
    np.save(tmp_path / "array.npy", X)
    np.savez(tmp_path / "other.npz", X=X)
    summed(X, y).save(tmp_path / "sums.npz")
    (tmp_path / "short.npz").write_bytes((tmp_path / "sums.npz").read_bytes()[:300])
    for name in ("text", "array.npy", "other.npz", "short.npz"):
        with pytest.raises(ValueError, match="no sums of rows"):
            RowSums.load(tmp_path / name)
    stored = dict(np.load(tmp_path / "sums.npz"))
    np.savez(tmp_path / "damaged.npz", **stored | {"mean": stored["mean"][1:]})
    with pytest.raises(ValueError, match=r"damaged\.npz is damaged: its entries do not fit together"):
        RowSums.load(tmp_path / "damaged.npz")


def test_data_frames_are_summed_by_name():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcdef"))
    sums = RowSums()
    sums.add(frame[:50], y[:50])
    with pytest.raises(ValueError, match=r"called .b., .a., .* in this order"):
        sums.add(frame[list("bacdef")], y)
    with pytest.raises(ValueError, match="called 'g', 'b', "):
        sums.add(frame.rename(columns={"a": "g"}), y)
    sums.add(frame[50:], y[50:])
    assert_equals(sums, naive_sums(X, y, np.ones(120)))
    path = fit_path(sums=sums, penalty_factor={"a": 0.0})
    assert path.feature_names == list("abcdef") and "a" in path.support(path.alpha_max)


@pytest.mark.parametrize(
    "chunk, message",
    [
        ((np.where(np.arange(6) == 2, np.nan, X), y), r"X\[0, 2\] is NaN"),
        ((X, np.where(np.arange(120) == 7, np.inf, y)), r"y\[7\] is infinity"),
        ((X * 1e200, y), "overflow: column"),
        ((X[:, :5], y), "X has 5 columns, but the rows added before have 6"),
        ((X, y[:-1]), "y has 119 values, but X has 120 rows"),
        ((X, y, -WEIGHT), "sample_weight must not be negative"),
        ((X[0], y), "two dimensions"),
    ],
)
def test_a_bad_chunk_is_refused_and_adds_nothing(chunk, message):
    sums = summed(X, y)
    before = sums.products.copy()
    with pytest.raises(ValueError, match=message):
        sums.add(*chunk)
    assert np.array_equal(sums.products, before) and sums.shape == (120, 6)


def test_what_does_not_go_with_sums_is_refused():
    sums = summed(X, y)
    for words, message in [
        ({"y": y}, "sums and y are given"), ({"offset": y}, "subtract it from y"), ({"X": X}, "sums and X"),
        ({"missing": "mean"}, "sums and missing"), ({"dates": "days"}, "sums and dates"),
        ({"sample_weight": WEIGHT}, "pass it to RowSums.add"), ({"family": "binomial"}, "needs the rows themselves"),
        ({"penalty_factor": [1.0]}, "penalty_factor has shape"), ({"feature_names": ["a"]}, "feature_names holds 1"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            fit_path(sums=sums, **words)
    with pytest.raises(ValueError, match=r"must be a fastreg\.RowSums, got a list"):
        fit_path(sums=[sums])
    with pytest.raises(ValueError, match="hold 0 rows"):
        fit_path(sums=RowSums())
    with pytest.raises(ValueError, match="at least one RowSums"):
        RowSums.total([])
    other = RowSums()
    other.add(X[:, :3], y)
    with pytest.raises(ValueError, match="sums of 6 and of 3 columns"):
        _ = sums + other
    named, turned = (RowSums(names) for names in ("abcdef", "bacdef"))
    named.add(X, y), turned.add(X, y)
    with pytest.raises(ValueError, match="different names"):
        _ = named + turned


def test_an_interrupt_keeps_the_points():
    def stop(progress):
        if progress.point == 3:
            raise KeyboardInterrupt

    with pytest.raises(fastreg.Interrupted) as stopped:
        fit_path(sums=summed(X, y), callback=stop)
    assert stopped.value.path.alphas.size == 3
