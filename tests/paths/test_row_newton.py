"""GLMs whose rows lie apart: certified as in memory, from few reads, and from sums over the rows alone."""

import warnings

import certified
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

import fastreg
from fastreg import Interrupted, distribute, fit_path
from fastreg.objective import rows_apart

N, P = 120, 7
FACTOR = np.array([1.0, 0.0, np.inf, 2.0, 1.0, 0.5, 1.0])
RNG = np.random.default_rng(5)
WEIGHT, OFFSET = RNG.uniform(0.0, 2.0, size=N), 0.3 * RNG.normal(size=N)
WEIGHT[4] = 0.0
ARRAYS = {
    "plain": {},
    "weights": {"sample_weight": WEIGHT, "offset": OFFSET},
    "factors": {"penalty_factor": FACTOR},
    "bounds": {"lower": -0.1, "upper": 0.2, "penalty_factor": FACTOR},
}


def certify(path, X, y, tol, **options):
    """The path's own gaps, and those of naive.py: its dual point is corrected for the intercept at another curvature,
    which may double them."""
    assert path.converged and path.gaps.max() <= tol, path.gaps.max()
    assert certified.proven_gaps(path, X, y, enough=1.98 * tol, **options).max() <= 2.0 * tol + certified.ROUNDING


@few(2)
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("arrays", list(ARRAYS))
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", ["binomial", "poisson", "gamma"])
def test_paths_are_certified_and_those_of_the_array(family, l1_ratio, arrays, fit_intercept, standardize):
    X, y = certified.draw(family, n=N, p=P)
    options = {"family": family, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept, "standardize": standardize}
    options |= ARRAYS[arrays]
    rows = distribute(X, None, by="rows", n_blocks=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = fit_path(rows, y, tol=1e-9, n_alphas=12, **options)
    certify(path, X, y, 1e-9, **options)
    same = fit_path(X, y, tol=1e-9, alphas=path.alphas, **options)
    np.testing.assert_allclose(path.alpha_max, same.alpha_max, rtol=1e-9)
    np.testing.assert_allclose(path.coefs.toarray(), same.coefs.toarray(), atol=2e-3)
    np.testing.assert_allclose(path.deviance_ratio, same.deviance_ratio, atol=1e-4)
    assert path.has_offset == ("offset" in options) and path.weighted == ("sample_weight" in options)


@pytest.mark.parametrize("alphas", [[1e-3], [0.05, 0.0]], ids=["far", "zero"])
def test_far_alphas_and_zero(alphas):
    X, y = certified.draw("poisson", n=N, p=P)
    path = fit_path(distribute(X, None, by="rows", n_blocks=2), y, family="poisson", alphas=alphas, tol=1e-10)
    certify(path, X, y, 1e-10, family="poisson")


@few(1)
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"penalty_factor": np.r_[0.0, np.ones(29)]}])
def test_classes_that_are_almost_separated_are_certified(seed, options):
    """Rows that fit almost perfectly have the least curvature, which is larger than their residuals."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1000, 30))
    y = (X[:, :10] @ rng.normal(scale=30.0, size=10) + rng.logistic(size=1000) > 0.0).astype(float)
    options = options | {"family": "binomial"}
    rows = distribute(X, None, by="rows", n_blocks=2)
    path = fit_path(rows, y, alpha_min_ratio=1e-4, tol=1e-8, **options)
    certify(path, X, y, 1e-8, **options)
    assert path.converged and rows.reads < 1500


def test_columns_enter_the_model_as_they_are_needed_and_few_reads_serve_many_points():
    X, y = certified.draw("binomial", n=1500, p=150, seed=2)
    rows = distribute(X, None, by="rows", n_blocks=2)
    path = fit_path(rows, y, family="binomial", n_alphas=60)
    certify(path, X, y, 1e-6, family="binomial")
    assert rows.reads <= 60 and path.work["passes"] == rows.reads and set(path.methods) == {"row_newton"}


@pytest.mark.parametrize("kind", ["sparse", "float32", "int8", "list", "file", "frame"])
def test_every_storage_of_rows(kind, tmp_path):
    X, y = certified.draw("poisson", n=N, p=P)
    X = np.round(2.0 * X)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "end.npy", X[50:])
    source = {
        "sparse": lambda: sp.csc_array(X),
        "float32": lambda: X.astype(np.float32),
        "int8": lambda: np.asfortranarray(X.astype(np.int8)),
        "list": lambda: [X[:50], tmp_path / "end.npy"],
        "file": lambda: tmp_path / "x.npy",
        "frame": lambda: pytest.importorskip("pandas").DataFrame(X, columns=list("abcdefg")),
    }[kind]()
    rows = distribute(source, None, by="rows")
    path = fit_path(rows, y, family="poisson", alphas=[0.1, 0.05], tol=1e-9)
    certify(path, X, y, 1e-9, family="poisson")
    assert path.feature_names == (list("abcdefg") if kind == "frame" else None)
    assert f"{N} rows and {P} columns" in repr(rows)


def test_least_squares_are_fitted_from_one_read():
    X, y = certified.draw("gaussian", n=N, p=P)
    rows = distribute(X, None, by="rows", n_blocks=4)
    path = fit_path(rows, y, offset=OFFSET, sample_weight=WEIGHT, tol=1e-12)
    certified.assert_certified(path, X, y, tol=1e-12, offset=OFFSET, sample_weight=WEIGHT)
    assert rows.reads == 1 and path.has_offset


def test_a_penalty_and_a_family_of_ones_own():
    class Poisson(fastreg.objective.families.Poisson):
        bend = np.inf

    class RidgeOnTwo:
        def rates(self, p):
            return np.where(np.arange(p) < 2, 0.0, 1.0), np.where(np.arange(p) < 2, 1.0, 0.0)

    X, y = certified.draw("poisson", n=N, p=P)
    rows, options = distribute(X, None, by="rows"), {"penalty": RidgeOnTwo(), "tol": 1e-9, "n_alphas": 8}
    path = fit_path(rows, y, family=Poisson, **options)
    assert path.converged
    same = fit_path(X, y, family="poisson", **options)
    np.testing.assert_allclose(path.alpha_max, same.alpha_max, rtol=1e-6)
    np.testing.assert_allclose(path.coefs.toarray(), same.coefs.toarray(), atol=1e-3)


def test_points_done_are_kept_when_a_fit_ends_early():
    X, y = certified.draw("binomial", n=N, p=P)
    rows = distribute(X, None, by="rows")

    def stop(progress):
        assert progress.path().alphas.size == progress.point
        if progress.point == 7:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        fit_path(rows, y, family="binomial", callback=stop)
    assert caught.value.path.alphas.size == 7 and caught.value.path.converged
    traced = fit_path(rows, y, family="binomial", trace=True, n_alphas=5)
    assert traced.steps["point"][-1] == 5 and traced.trace["columns_read"].sum() == traced.work["columns_read"]


def test_numbers_that_were_lost_are_computed_again(monkeypatch):
    """As on another worker: nothing is kept beside the rows between two calls."""
    X, y = certified.draw("gamma", n=N, p=P)
    rows = distribute(X, None, by="rows", n_blocks=2)
    wanted = fit_path(rows, y, family="gamma", penalty_factor=FACTOR, n_alphas=10)

    def forgetful(function):
        return lambda block, *args: (block.kept.clear(), function(block, *args))[1]

    for name in ("evaluate", "curve", "divergences"):
        monkeypatch.setattr(rows_apart, name, forgetful(getattr(rows_apart, name)))
    again = fit_path(rows, y, family="gamma", penalty_factor=FACTOR, n_alphas=10)
    assert np.array_equal(again.coefs.toarray(), wanted.coefs.toarray()) and np.array_equal(again.gaps, wanted.gaps)


def test_threads_do_not_change_the_bits():
    X, y = certified.draw("binomial", n=60_000, p=10)
    rows = distribute(X, None, by="rows")
    found = []
    for threads in (1, 2):
        fastreg.set_num_threads(threads)
        found.append(fit_path(rows, y, family="binomial", n_alphas=5))
    fastreg.set_num_threads(None)
    assert np.array_equal(found[0].coefs.toarray(), found[1].coefs.toarray())
    assert np.array_equal(found[0].gaps, found[1].gaps)


def test_bad_input_is_refused_with_its_place_and_what_to_do(tmp_path):
    X, y = certified.draw("binomial", n=N, p=P)
    rows = distribute(X, None, by="rows", n_blocks=3)

    def refused(match, X=rows, y=y, error=ValueError, call=fit_path, **options):
        with pytest.raises(error, match=match):
            call(X, y, **{"family": "binomial", **options})

    bad = X.copy()
    bad[85, 2] = np.nan
    refused(r"block 2 of the rows: .*X\[5, 2\] is NaN", X=distribute(bad, None, by="rows", n_blocks=3))
    refused(r"block 1 of the rows: y must hold numbers in \[0, 1\].*y\[2\] = 2", y=np.where(np.arange(N) == 42, 2.0, y))
    labels = np.where(y == 1.0, "ill", "well")
    coded = rf"coded 0 and 1, but y\[0\] is '{labels[0]}'; pass \(y == '{labels[0]}'\)\.astype\(float\)"
    for call in (fit_path, fastreg.cv_path, lambda X, y, family: fastreg.RowSums().add(np.zeros((N, 1)), y)):
        refused(coded, y=labels, call=call)
    refused(coded, y=labels, call=fastreg.cv_path, groups=np.arange(N) % 4)
    refused(r"y\[\d+\] = 2; of two classes, pass \(y == 2\)\.astype\(float\)", y=y + 1.0, call=fastreg.cv_path)
    refused(r"y has shape \(119,\), but X has 120 rows", y=y[1:])
    refused("y holds one class only", y=np.ones(N))
    refused("sample_weight is zero everywhere", sample_weight=np.zeros(N))
    refused("block 0 of the rows: .*sample_weight", sample_weight=-np.ones(N))
    refused("checkpoint is given, but X lies in blocks of rows", checkpoint=tmp_path / "fit.npz")
    for words in (
        {"categories": "text"},
        {"ordered": "step"},
        {"dates": "days"},
        {"missing": "mean"},
        {"unseen": "zero"},
    ):
        refused(f"{next(iter(words))} is given, but X lies in blocks of rows", **words)
        refused(f"{next(iter(words))} is given, but X lies in blocks of rows", call=fastreg.cv_path, **words)
    refused("solver='coordinate_descent' needs columns", solver="coordinate_descent")
    refused("y is None", y=None)
    refused("blocks of rows, which fit_path and cv_path take", error=TypeError, call=fastreg.stability_selection)
    refused("blocks of rows, which fit_path and cv_path take", error=TypeError, call=lambda X, y, family: X[:3])
    with pytest.raises(ValueError, match="by must be one of 'columns', 'rows'"):
        distribute(X, None, by="row")
    with pytest.raises(ValueError, match=r"different numbers of columns: \[6, 7\]"):
        distribute([X, X[:, 1:]], None, by="rows")
    with pytest.raises(ValueError, match="has blocks of its own"):
        distribute([X], None, by="rows", n_blocks=2)
    with pytest.raises(ValueError, match="empty list"):
        distribute([], None, by="rows")


def test_columns_that_are_constant_but_for_rounding_are_named():
    X, y = certified.draw("poisson", n=N, p=P)
    X[:, 3] = 1e6 + 1e-9 * np.arange(N)
    with pytest.warns(fastreg.DataWarning, match="constant but for rounding: column 3 of X"):
        fit_path(distribute(X, None, by="rows", n_blocks=2), y, family="poisson", n_alphas=3)
