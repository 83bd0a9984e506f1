"""Tests given a selection: reference/inference.json, and the ends of what leads to the same selection, by refits."""

import json
from pathlib import Path

import certified
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import few
from problems import base

from fastreg import fit_path, selective, table

STORED = json.loads((Path(__file__).parents[1] / "reference" / "inference.json").read_text())["selective"]
P = base()


@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array, pd.DataFrame], ids=["dense", "sparse", "frame"])
def test_numbers_are_those_of_the_reference(kind):
    X, y = kind(P["X"]), P["gaussian"]
    path = fit_path(X, y, alphas=[1.0, 0.3, STORED["alpha"]])
    found = selective(path, X, y, STORED["alpha"], sigma=STORED["sigma"], level=0.9)
    assert found.names == [
        str(j) if kind is pd.DataFrame else f"x{j}" for j in (row["column"] for row in STORED["tests"])
    ]
    for name, values in (
        ("estimate", found.estimate), ("sd", found.se), ("low", found.more["low"]), ("high", found.more["high"]),
        ("p_two_sided", found.p_value), ("p_by_mpmath", found.p_value), ("interval_90", found.interval),
    ):  # fmt: skip
        np.testing.assert_allclose(values, [row[name] for row in STORED["tests"]], rtol=2e-12)
    np.testing.assert_allclose(found.more["lasso"], [value for value in STORED["coef"] if value], rtol=1e-12)


def selected(X, y, given, alpha):
    """The columns that a lasso selects, with their signs."""
    coef = fit_path(X, y, alphas=[alpha], tol=1e-13, **given).coef(alpha)[0]
    return np.sign(coef)


@few(2)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("factors", [True, False])
@pytest.mark.parametrize("shape", [(40, 8), (25, 40)], ids=["tall", "wide"])
def test_the_ends_are_where_the_selection_changes(l1_ratio, fit_intercept, standardize, factors, shape):
    n, p = shape
    X, y = certified.draw("gaussian", n=n, p=p, seed=3)
    rng = np.random.default_rng(0)
    weight, offset = rng.uniform(0.5, 2.0, n), 0.3 * rng.normal(size=n)
    factor = np.ones(p)
    if factors:
        factor[:3] = 0.0, 2.0, 0.5
    given = {"l1_ratio": l1_ratio, "fit_intercept": fit_intercept, "standardize": standardize, "sample_weight": weight,
             "penalty_factor": factor, "offset": offset}  # fmt: skip
    alpha = 0.3
    path = fit_path(X, y, alphas=[alpha], **given)
    found = selective(path, X, y, alpha, sigma=1.0, sample_weight=weight, offset=offset)
    signs = selected(X, y, given, alpha)
    if factors:
        signs[0] = 0.0  # its sign is not given
    M = [int(name[1:]) for name in found.names]
    assert set(M) == {*np.flatnonzero(signs), *([0] if factors else [])}
    A = np.column_stack([np.ones(n), X[:, M]]) if fit_intercept else X[:, M]
    pinv = np.linalg.inv((A.T * weight) @ A) @ (A.T * weight)
    np.testing.assert_allclose((pinv @ (y - offset))[-len(M) :], found.estimate, rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.sum(pinv[-len(M) :] ** 2 / weight, axis=1)), found.se, rtol=1e-9)
    checked = 0
    for k, (low, high) in enumerate(zip(found.more["low"], found.more["high"])):
        eta = pinv[-len(M) :][k]
        direction = eta / weight / (eta @ (eta / weight))
        for end, beyond in ((low, -1.0), (high, 1.0)):
            if np.isfinite(end):
                for side in (1e-4, -1e-4):
                    move = end - found.estimate[k] + beyond * side * found.se[k]
                    now = selected(X, y + move * direction, given, alpha)
                    if factors:
                        now[0] = 0.0
                    assert np.array_equal(now, signs) == (side < 0), (k, end)
                    checked += 1
    assert checked > 4


def test_a_column_without_any_condition_has_its_ordinary_test():
    """Of columns at right angles the unpenalised one is neither selected nor shrunk."""
    X = np.linalg.qr(np.column_stack([np.ones(30), np.random.default_rng(0).normal(size=(30, 3))]))[0][:, 1:]
    y = X @ [1.0, 2.0, 0.0] + 0.1 * np.random.default_rng(1).normal(size=30)
    path = fit_path(X, y, alphas=[0.01], penalty_factor=[0.0, 1.0, 1.0])
    found = selective(path, X, y, sigma=0.1)
    wanted = table(path, X, y, 0.0, dispersion=0.01)
    assert found.more["low"][0] < -1e15 and found.more["high"][0] > 1e15
    for name in ("estimate", "se", "lower", "upper"):
        np.testing.assert_allclose(getattr(found, name)[0], getattr(wanted, name)[1], rtol=1e-9)


def test_sigma_is_estimated_from_all_columns():
    X, y = certified.draw("gaussian", n=60, p=8)
    path = fit_path(X, y, alphas=[0.1])
    found = selective(path, X, y)
    assert "(estimated: approximate)" in found.title
    assert found.dispersion == pytest.approx(table(path, X, y, 0.0).dispersion, rel=1e-10)
    with pytest.raises(ValueError, match=r"12 rows are too few for 8 columns to estimate sigma from; give sigma="):
        selective(fit_path(X[:12], y[:12], alphas=[0.3]), X[:12], y[:12])


def test_long_intervals_stay_in_order_and_may_be_infinite():
    """An estimate at the very end of what leads to its selection says nothing of its target on one side."""
    X = np.ones((4, 1))
    for beyond, infinite in ((1e-2, False), (1e-5, True)):
        y = np.full(4, 1.0 + beyond)
        found = selective(fit_path(X, y, alphas=[1.0], fit_intercept=False), X, y, sigma=1.0)
        assert found.lower[0] < found.upper[0] < 3.0 and np.isinf(found.lower[0]) == infinite


def test_what_is_refused():
    X, y = certified.draw("gaussian", n=30, p=5)
    with pytest.raises(ValueError, match="no column is selected at alpha=100"):
        selective(fit_path(X, y, alphas=[100.0]), X, y, sigma=1.0)
    with pytest.raises(ValueError, match="least squares without bounds; debiased has other families"):
        selective(fit_path(X, y, alphas=[0.1], lower=0.0), X, y, sigma=1.0)
    with pytest.raises(ValueError, match="least squares without bounds"):
        selective(
            fit_path(X, (y > 0).astype(float), family="binomial", alphas=[0.1]), X, (y > 0).astype(float), sigma=1.0
        )
    with pytest.raises(ValueError, match="sigma must be"):
        selective(fit_path(X, y, alphas=[0.1]), X, y, sigma=0.0)
    twice = np.column_stack([X[:, 0], X])
    with pytest.raises(ValueError, match="combinations of each other"):
        selective(fit_path(twice, y, l1_ratio=0.5, alphas=[0.1]), twice, y, sigma=1.0)


def test_it_says_that_cross_validation_is_not_covered():
    X, y = certified.draw("gaussian", n=30, p=5)
    text = repr(selective(fit_path(X, y, alphas=[0.1]), X, y, sigma=1.0))
    assert "cross-validation chose on these rows is not covered" in text and "low" in text.splitlines()[1]
