"""The knockoff filter: copies whose joint covariance is right, statistics that change sign with a pair, the cut."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import few

from fastreg import fit_path, knockoffs
from fastreg.inference.gaussian_copies import METHODS, copies, equicorrelated, minimum_reconstructability
from fastreg.inference.knockoffs import compare, cut

STORED = json.loads((Path(__file__).parents[1] / "reference" / "inference.json").read_text())["knockoffs"]
R = 0.5 ** np.abs(np.subtract.outer(np.arange(5), np.arange(5)))


def drawn(n=200, p=12, relevant=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    return X, X[:, :relevant].sum(axis=1) + rng.normal(size=n)


def test_equicorrelated_copies_are_those_of_the_reference():
    s = equicorrelated(R)
    np.testing.assert_allclose(s, STORED["s"], rtol=1e-12)
    V = 2 * np.diag(s) - np.diag(s) @ np.linalg.inv(R) @ np.diag(s)
    np.testing.assert_allclose(V[0], STORED["V_first_row"], rtol=1e-12, atol=1e-15)
    assert np.linalg.eigvalsh(V)[0] == pytest.approx(STORED["least_eigenvalue_of_V"], abs=2e-15)  # rounding of V's


def test_mvr_is_at_its_minimum():
    def trace(s):
        values = np.linalg.eigvalsh(2 * R - np.diag(s))
        return np.sum(1 / s) + np.sum(1 / values) if min(values[0], s.min()) > 0 else np.inf

    s = minimum_reconstructability(R)
    rng = np.random.default_rng(0)
    assert all(trace(s) < trace(s * (1 + size * rng.normal(size=5))) for size in (1e-3, 1e-2, 0.1) for _ in range(50))
    A = np.linalg.inv(2 * R - np.diag(s))
    np.testing.assert_allclose(1 / s**2, np.diag(A @ A), rtol=1e-6)
    near = np.full((6, 6), 0.999) + 0.001 * np.eye(6)  # where equicorrelated copies hardly differ from their columns
    s = minimum_reconstructability(near)
    assert np.linalg.eigvalsh(2 * near - np.diag(s))[0] > 0 and s.min() > 0


@pytest.mark.parametrize("method", METHODS)
def test_copies_have_the_joint_covariance(method):
    s = METHODS[method](R)
    X = np.random.default_rng(0).multivariate_normal(np.zeros(5), R, size=400_000)
    both = np.cov(np.hstack([X, copies(X, R, s, np.random.default_rng(1))]).T)
    np.testing.assert_allclose(both, np.block([[R, R - np.diag(s)], [R - np.diag(s), R]]), atol=0.01)


@pytest.mark.parametrize("case", STORED["cuts"])
def test_the_cut_is_that_of_the_reference(case):
    statistics, wanted = np.array(STORED["statistics"]), STORED["cuts"][case]
    fdr, plus = (float(word.partition("=")[2]) for word in case.split(", "))
    threshold = cut(statistics, fdr, bool(plus))
    assert threshold == (np.inf if wanted["threshold"] is None else wanted["threshold"])
    assert np.flatnonzero(statistics >= threshold).tolist() == wanted["selected"]


@few(2)
@pytest.mark.parametrize("statistic, alpha", [("difference", None), ("difference", 0.1), ("entry", None)])
@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_swapped_pairs_change_the_sign_of_their_statistics_and_nothing_else(statistic, alpha, family):
    X, y = drawn(n=80)
    y = (y > 3 * np.random.default_rng(3).normal(size=80)).astype(float) if family == "binomial" else y
    other = copies(X, np.corrcoef(X.T), equicorrelated(np.corrcoef(X.T)), np.random.default_rng(1))
    options = {"family": family, "l1_ratio": 1.0}
    W, _ = compare(X, other, y, statistic, alpha, options, 5, 0)
    swap = np.arange(12) % 3 == 0
    moved, _ = compare(np.where(swap, other, X), np.where(swap, X, other), y, statistic, alpha, options, 5, 0)
    assert np.array_equal(moved, np.where(swap, -W, W)) and np.count_nonzero(W[swap]) > 0


def test_statistics_are_differences_of_coefficients_and_entries():
    X, y = drawn(n=80)
    other = np.random.default_rng(2).normal(size=X.shape)
    options = {"family": "gaussian", "l1_ratio": 0.7}
    path = fit_path(np.hstack([X, other]), y, l1_ratio=0.7)
    size = np.abs(path.refit(np.hstack([X, other]), y, 0.2).coef(0.2)[0])
    W, at = compare(X, other, y, "difference", 0.2, options, 10, 0)
    np.testing.assert_allclose(W, size[:12] - size[12:], atol=1e-4)
    assert at == 0.2
    entered = path.coefs.toarray() != 0
    first = np.where(entered.any(axis=1), path.alphas[entered.argmax(axis=1)], 0.0)
    W, at = compare(X, other, y, "entry", None, options, 10, 0)
    assert np.array_equal(W, np.sign(first[:12] - first[12:]) * np.maximum(first[:12], first[12:])) and np.isnan(at)


@few(2)
@pytest.mark.parametrize("options", [
    {}, {"method": "equicorrelated"}, {"alpha": 0.05}, {"plus": False},
])  # fmt: skip
def test_what_matters_is_selected(options):
    X, y = drawn()
    found = knockoffs(X, y, fdr=0.2, **options)
    assert {0, 1, 2, 3, 4, 5} <= set(found.columns.tolist()) and found.columns.size <= 8
    again = knockoffs(X * np.geomspace(1e-3, 1e3, 12) + 5.0, y, fdr=0.2, **options)
    assert again.selected == found.selected  # units and means do not matter
    assert np.array_equal(knockoffs(X, y, fdr=0.2, **options).statistics, found.statistics)


def test_copies_of_columns_drawn_with_the_same_seed_are_others():
    X = np.random.default_rng(7).normal(size=(100, 12))
    found = knockoffs(
        X, X[:, :6].sum(axis=1), fdr=0.2, alpha=0.1, covariance=np.eye(12), mean=np.zeros(12), random_state=7
    )
    assert found.columns.tolist() == [0, 1, 2, 3, 4, 5]
    rng = np.random.default_rng(3)
    assert knockoffs(X, X[:, 0], alpha=0.1, random_state=rng).statistics[0] > 0
    assert knockoffs(X, X[:, 0], alpha=0.1, random_state=None).statistics[0] > 0


def test_entries_select_columns_at_right_angles():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 30))
    y = X[:, :8].sum(axis=1) + rng.normal(size=300)
    found = knockoffs(X, y, fdr=0.2, statistic="entry", covariance=np.eye(30))
    assert set(range(8)) <= set(found.columns.tolist()) and "entry, mvr" in repr(found)


def test_a_given_distribution_names_and_how_it_is_shown():
    X, y = drawn()
    covariance = np.eye(12) + 0.25
    frame = pd.DataFrame(X).add_prefix("gene ")
    found = knockoffs(frame, y, fdr=0.2, covariance=covariance, mean=np.zeros(12), alpha=0.05)
    assert "gene 0" in found.selected and "covariance given" in repr(found)
    s = METHODS["mvr"](covariance / 1.25)
    np.testing.assert_allclose(found.s, s)
    text = repr(knockoffs(X, y, fdr=0.2, alpha=0.05))
    assert "estimated (Ledoit-Wolf)" in text and "rows of X are independent and Gaussian" in text
    assert found.summary().count("selected") == found.columns.size and "selected" in found._repr_html_()
    none = knockoffs(X, y, fdr=0.05, alpha=0.05)
    assert none.selected == [] and none.threshold == np.inf
    assert "fewer than 20 columns can never be selected at fdr=0.05" in repr(none)
    assert "about 0.2 (plus=False)" in repr(knockoffs(X, y, fdr=0.2, alpha=0.05, plus=False))


def test_weights_and_offsets_go_to_the_fit():
    X, y = drawn()
    weight, offset = np.repeat([0.0, 1.0], 100), np.repeat([0.0, 3.0], 100)
    given = {"fdr": 0.2, "alpha": 0.05, "covariance": np.cov(X.T), "mean": X.mean(axis=0)}
    found = knockoffs(X, y, sample_weight=weight, offset=offset, **given)
    changed = np.where(weight > 0, y, 1e3)
    assert np.array_equal(
        knockoffs(X, changed, sample_weight=weight, offset=offset, **given).statistics, found.statistics
    )
    shifted = knockoffs(X, y - offset, sample_weight=weight, **given)
    np.testing.assert_allclose(shifted.statistics, found.statistics, atol=1e-6)


def test_what_is_refused():
    X, y = drawn()
    with pytest.raises(ValueError, match=r"copies of sparse columns are not sparse: pass X\.toarray"):
        knockoffs(sp.csc_array(X), y)
    flat = X.copy()
    flat[:, 2] = 1.0
    with pytest.raises(ValueError, match="column 'x2' is constant, and has no copy"):
        knockoffs(flat, y)
    flat[3, 2] = np.nan
    with pytest.raises(ValueError, match=r"X\[3, 2\] is NaN|contains NaN"):
        knockoffs(flat, y)
    for options, words in (
        ({"covariance": np.ones((12, 12))}, "covariance is singular"),
        ({"covariance": np.eye(12) + np.triu(np.ones((12, 12)), 1)}, "covariance is not symmetric"),
        ({"covariance": np.diag([0.0, *[1.0] * 11])}, "variance that is not positive"),
        ({"covariance": np.eye(11)}, "covariance"), ({"mean": np.zeros(11)}, "mean has 11 values"),
        ({"fdr": 1.0}, "fdr must be in"), ({"alpha": 0.0}, "alpha must be in"),
        ({"l1_ratio": 0.0}, "l1_ratio must be in"), ({"statistic": "lsm"}, "statistic must be"),
        ({"method": "sdp"}, "method must be one of 'mvr', 'equicorrelated'"),
        ({"plus": 1}, "plus must be True or False"), ({"family": "cauchy"}, "family must be one of"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            knockoffs(X, y, **options)


def test_a_formula_takes_the_place_of_columns():
    pytest.importorskip("formulaic")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 12)), columns=[f"x{j}" for j in range(12)])
    y = frame.iloc[:, :6].sum(axis=1).to_numpy() + rng.normal(size=200)
    words = {"fdr": 0.2, "alpha": 0.3}
    found, plain = knockoffs("y ~ .", data=frame.assign(y=y), **words), knockoffs(frame, y, **words)
    np.testing.assert_array_equal(found.statistics, plain.statistics)
    assert found.names == plain.names
    for formula, message in (("y ~ x1 + C(x0 > 0)", "categories are not"), ("y ~ x0 + x1 - 1", "has an intercept")):
        with pytest.raises(ValueError, match=message):
            knockoffs(formula, data=frame.assign(y=y))
