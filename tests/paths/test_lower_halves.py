"""Parts of a path that begin far below alpha_max, or at the solution of another part, go by batches as a whole path."""

import certified
import numpy as np
import pytest
from grids import few

from fastreg import fit_multi_path, fit_path

CASES = [("gaussian", 1.0, "batched_lasso"), ("gaussian", 0.5, "batched_descent"), ("binomial", 1.0, "batched_newton")]


def problem(family):
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.normal(size=(80, 800)))
    y = X[:, :10] @ rng.normal(size=10) + rng.normal(size=80)
    return X, (y > 0).astype(float) if family == "binomial" else y


@few(1)
@pytest.mark.parametrize(("family", "l1_ratio", "strategy"), CASES)
def test_a_part_of_a_path_costs_no_more_reads_than_the_whole(family, l1_ratio, strategy):
    (X, y), options = problem(family), {"family": family, "l1_ratio": l1_ratio}
    whole = fit_path(X, y, **options)
    part = certified.fit(X, y, alphas=whole.alphas[50:], **options)
    assert set(part.methods) == {strategy} and part.work["passes"] <= whole.work["passes"] + 1
    alpha = whole.alphas[70]
    np.testing.assert_allclose(part.predict(X, alpha), whole.predict(X, alpha), atol=0.02)


@few(1)
@pytest.mark.parametrize(("family", "l1_ratio", "strategy"), CASES)
def test_a_part_of_a_path_goes_on_from_another_by_batches(family, l1_ratio, strategy):
    (X, y), options = problem(family), {"family": family, "l1_ratio": l1_ratio}
    whole = fit_path(X, y, **options)
    upper = fit_path(X, y, alphas=whole.alphas[:50], **options)
    lower = upper.refit(X, y, whole.alphas[50:], tol=1e-6)
    certified.assert_certified(lower, X, y, tol=1e-6, **options)
    assert set(lower.methods) == {strategy} and lower.work["passes"] < whole.work["passes"]
    between = np.sqrt(whole.alphas[20:60] * whole.alphas[21:61])
    fine = whole.refit(X, y, between)
    certified.assert_certified(fine, X, y, **options, tol=1e-9)
    assert set(fine.methods) == {strategy}


def test_a_path_may_go_on_above_its_start_and_with_another_response():
    X, y = problem("gaussian")
    path = fit_path(X, y, n_alphas=30)
    lower = fit_path(X, y, alphas=path.alphas[10:])
    certified.assert_certified(lower.refit(X, y, path.alphas[5:20]), X, y, tol=1e-9)
    certified.assert_certified(path.refit(X, y[::-1].copy(), path.alphas[5:20]), X, y[::-1], tol=1e-9)
    certified.assert_certified(path.refit(X, y, 1.2 * path.alphas[:8]), X, y, tol=1e-9)


def test_two_parts_are_one_path():
    X, y = problem("gaussian")
    whole = fit_path(X, y, n_alphas=30, trace=True)
    upper = fit_path(X, y, alphas=whole.alphas[:12], trace=True)
    lower = upper.refit(X, y, whole.alphas[12:], trace=True)
    both = upper.extend(lower)
    certified.assert_certified(both, X, y, tol=1e-6)
    np.testing.assert_array_equal(both.alphas, whole.alphas)
    np.testing.assert_allclose(both.coefs.toarray(), whole.coefs.toarray(), atol=1e-9)
    np.testing.assert_array_equal(both.gaps, np.concatenate([upper.gaps, lower.gaps]))
    assert both.tol == 1e-6 and both.work["sweeps"] == upper.work["sweeps"] + lower.work["sweeps"]
    assert both.work["null_loss"] == upper.work["null_loss"] and len(both.methods) == len(both.reasons) == 30
    assert both.trace["columns_read"].sum() == both.work["columns_read"] and both.steps["point"].max() == 30
    assert both.predict(X, whole.alphas[20]).shape == (80,)
    assert upper.alphas.size == 12  # unchanged


def test_parts_of_a_path_of_several_responses():
    X, y = problem("gaussian")
    Y = np.column_stack([y, y[::-1]])
    alphas = fit_multi_path(X, Y, n_alphas=6).alphas
    upper, lower = (fit_multi_path(X, Y, alphas=part) for part in (alphas[:3], alphas[3:]))
    both = upper.extend(lower)
    assert both.intercepts.shape == (2, 6) and [coef.shape for coef in both.coefs] == [(800, 6)] * 2
    with pytest.raises(ValueError, match="a MultiPath is extended by another, got a Path"):
        upper.extend(fit_path(X, y, alphas=alphas[3:]))


def test_what_is_not_of_one_path_is_not_joined():
    X, y = problem("gaussian")
    alphas = fit_path(X, y, n_alphas=6).alphas
    upper = fit_path(X, y, alphas=alphas[:3])
    others = {
        "l1_ratio differ": fit_path(X, y, alphas=alphas[3:], l1_ratio=0.9),
        "fit_intercept and lower and upper differ": fit_path(X, y, alphas=alphas[3:], lower=0.0, fit_intercept=False),
        "number of columns differ": fit_path(X[:, :700], y, alphas=alphas[3:]),
        "penalty_factor differ": fit_path(X, y, alphas=alphas[3:], penalty_factor=np.linspace(1.0, 2.0, 800)),
        "feature_names differ": fit_path(X, y, alphas=alphas[3:], feature_names=[f"x{j}" for j in range(800)]),
        "alpha_max is .* so that the data differ": fit_path(X, y[::-1].copy(), alphas=alphas[3:]),
        "must lie below this one": fit_path(X, y, alphas=alphas[2:]),
    }
    for message, other in others.items():
        with pytest.raises(ValueError, match=message):
            upper.extend(other)
    with pytest.raises(ValueError, match="or extend it by this one"):
        fit_path(X, y, alphas=alphas[3:]).extend(upper)
