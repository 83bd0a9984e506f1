"""Debiased estimates against reference/inference.json, and by their formulas with dense matrices."""

import json
from pathlib import Path

import certified
import naive
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import few
from problems import base

from fastreg import cv_path, debiased, fit_path, table

STORED = json.loads((Path(__file__).parents[1] / "reference" / "inference.json").read_text())["debiased"]
P = base()


@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array], ids=["dense", "sparse"])
def test_nodewise_numbers_are_those_of_the_reference(kind):
    X, y = kind(P["X"]), P["gaussian"]
    path = fit_path(X, y, alphas=[0.3, STORED["alpha"]])
    given = {"method": "nodewise", "nodewise_alpha": STORED["nodewise_alpha"], "dispersion": STORED["sigma"] ** 2}
    found = debiased(path, X, y, STORED["alpha"], **given)
    for name, values in (
        ("estimate", found.estimate), ("se", found.se), ("p", found.p_value),
        ("bias_factor", found.more["bias_factor"]),
    ):  # fmt: skip
        np.testing.assert_allclose(values, [row[name] for row in STORED["table"]], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found.more["lasso"], STORED["coef"], atol=1e-13)
    some = debiased(path, X, y, STORED["alpha"], columns=[6, 1], **given)
    assert some.names == ["x6", "x1"] and np.array_equal(some.estimate, found.estimate[[6, 1]])


@few(2)
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson", "gamma"])
@pytest.mark.parametrize("method", ["nodewise", "inverse"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("standardize", [True, False])
def test_by_the_formulas(family, method, fit_intercept, l1_ratio, standardize):
    n, alpha, node = 70, 0.03, 0.2
    X, y = certified.draw(family, n=n, p=5)
    X[:, 1] *= 3.0
    rng = np.random.default_rng(0)
    weight, offset = rng.uniform(0.5, 2.0, n), 0.1 * rng.normal(size=n)
    rows = {"sample_weight": weight, "offset": offset}
    shared = {"fit_intercept": fit_intercept, "standardize": standardize}
    path = fit_path(X, y, family=family, l1_ratio=l1_ratio, alphas=[alpha], **shared, **rows)
    found = debiased(path, X, y, method=method, nodewise_alpha=node, **rows)
    tight = certified.fit(X, y, family=family, l1_ratio=l1_ratio, alphas=[alpha], tol=1e-12, **shared, **rows)
    b, intercept = tight.coef(alpha)
    kind, eta = naive.FAMILIES[family], offset + intercept + X @ b
    r, D = weight * kind.residual(y, eta), weight * (1.0 if family == "gamma" else kind.curvature(y, eta))
    count = np.count_nonzero(b) + fit_intercept
    phi = np.sum(r**2 / D) / (n - count) if family in ("gaussian", "gamma") else 1.0
    assert found.dispersion == pytest.approx(phi, rel=1e-6)
    for j in range(5):
        others = np.delete(np.arange(5), j)
        A = X[:, others]
        middle = D @ X / D.sum() if fit_intercept else np.zeros(5)
        if method == "inverse":
            B = np.column_stack([A, np.ones(n)]) if fit_intercept else A
            e = X[:, j] - B @ np.linalg.solve((B.T * D) @ B, (B.T * D) @ X[:, j])
        else:
            size = np.sqrt(D @ (X[:, j] - middle[j]) ** 2 / D.sum())
            fit = certified.fit(A, X[:, j], alphas=[node * size], sample_weight=D, tol=1e-13, **shared)
            e = X[:, j] - fit.predict(A, node * size)
        reach = (e * D) @ X[:, j]
        assert found.estimate[j] == pytest.approx(b[j] + e @ r / reach, abs=1e-6)
        assert found.se[j] == pytest.approx(np.sqrt(phi * (e * D) @ e) / reach, rel=1e-6)
        if method == "nodewise":
            bias = np.abs((e * D) @ A).max() / np.sqrt((e * D) @ e)
            assert found.more["bias_factor"][j] == pytest.approx(bias, rel=1e-6)
    assert method == "nodewise" or np.all(found.more["bias_factor"] == 0.0)


def test_the_inverse_of_least_squares_is_the_fit_without_a_penalty():
    X, y = certified.draw("gaussian", n=60, p=6)
    path = fit_path(X, y, alphas=[0.2])
    found = debiased(path, X, y, dispersion=0.7)
    wanted = table(path, X, y, 0.0, dispersion=0.7)
    assert "(inverse)" in found.title
    for name in ("estimate", "se", "p_value", "lower", "upper"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name)[1:], rtol=1e-9)
    assert "these are the estimates of the fit without a penalty" in repr(found)


def test_classes_of_weight_are_rows_repeated():
    X, y = certified.draw("binomial", n=50, p=4)
    counts = np.random.default_rng(2).integers(0, 4, 50)
    many = np.repeat(np.arange(50), counts)
    found = debiased(
        fit_path(X, y, family="binomial", alphas=[0.05], sample_weight=counts), X, y, sample_weight=counts,
        method="nodewise", nodewise_alpha=0.1,
    )  # fmt: skip
    path = fit_path(X[many], y[many], family="binomial", alphas=[0.05])
    wanted = debiased(path, X[many], y[many], method="nodewise", nodewise_alpha=0.1)
    for name in ("estimate", "se"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-6)


def test_more_columns_than_rows_and_names():
    X, y = certified.draw("gaussian", n=40, p=60)
    frame = pd.DataFrame(X).add_prefix("gene ")
    frame["flat"] = 1.0
    path = fit_path(frame, y)
    found = debiased(path, frame, y, 0.2, columns=["gene 0", 1])
    assert found.names == ["gene 0", "gene 1"] and "(nodewise)" in found.title and found.p_value[0] < 0.05
    assert len(debiased(path, frame, y, 0.2).names) == 60
    assert debiased(path, frame, y, 0.2, columns="gene 3").names == debiased(path, frame, y, 0.2, columns=3).names
    assert "number times log p small" in repr(found) and "bias_factor" in found.to_frame()
    for columns, words in (
        (["gene"], "columns.0. is 'gene', but X has no such column"), ([61], "has no such column"),
        ([0, "flat"], "columns.1., 'flat', is constant or excluded"), ([], "columns is empty"), ([-1], "at least 0"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            debiased(path, frame, y, 0.2, columns=columns)
    with pytest.raises(ValueError, match="are combinations of each other"):
        debiased(path, frame, y, 0.2, method="inverse")


def test_what_is_refused():
    X, y = certified.draw("gaussian", n=30, p=5)
    path = fit_path(X, y)
    with pytest.raises(ValueError, match="has bounds on its coefficients"):
        debiased(fit_path(X, y, lower=0.0, alphas=[0.1]), X, y)
    for name, value in (("method", "ols"), ("dispersion", 0.0), ("nodewise_alpha", -1.0), ("level", 95)):
        with pytest.raises(ValueError, match=f"{name} must be"):
            debiased(path, X, y, 0.1, **{name: value})
    with pytest.raises(ValueError, match="this path has 100 alphas; say at which"):
        debiased(path, X, y)
    with pytest.raises(ValueError, match=r"got a CVPath; pass its \.path"):
        debiased(cv_path(X, y, cv=3), X, y, 0.1)
    X, y = certified.draw("gaussian", n=6, p=5)
    with pytest.raises(ValueError, match="leave nothing to estimate the dispersion from"):
        debiased(fit_path(X, y, alphas=[0.0]), X, y)


def test_logistic_numbers_say_that_they_are_approximate():
    X, y = certified.draw("binomial", n=40, p=4)
    path = fit_path(X, y, family="binomial", alphas=[0.05])
    assert "may cover too seldom" in repr(debiased(path, X, y))
    assert "far too seldom" in repr(debiased(path, X, y, method="nodewise"))
