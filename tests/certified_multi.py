"""Fits of several responses, every point certified by naive_multi."""

import warnings

import naive_multi as naive
import numpy as np
import pytest
import scipy.sparse as sp

from fastreg import fit_multi_path

ROUNDING = 1e-13  # the naive gap is a difference of numbers of the size of the null model's loss


def draw(family, n=40, p=10, K=3, seed=0, density=1.0):
    """X with a common factor, and responses that a few of its columns explain."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1)) + 0.3
    X *= rng.random((n, p)) < density
    B = np.zeros((p, K))
    B[: min(p, 4)] = rng.normal(size=(min(p, 4), K))
    if family == "gaussian":
        return X, X @ B + 0.5 + rng.normal(size=(n, K))
    y = (X @ B + rng.gumbel(size=(n, K))).argmax(axis=1)
    y[:K] = np.arange(K)
    return X, y


def naive_options(options):
    same = ("family", "l1_ratio", "fit_intercept", "standardize", "offset", "lower", "upper")
    words = {"sample_weight": "weight", "penalty_factor": "factor"} | dict(zip(same, same))
    return {words[name]: value for name, value in options.items() if name in words}


def fit(X, Y, *, tol=1e-9, **options):
    """fit_multi_path without warnings, every point certified by naive_multi."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = fit_multi_path(X, Y, tol=tol, **options)
    assert path.reasons == ["converged"] * path.alphas.size
    assert np.all((path.gaps >= 0) & (path.gaps <= tol))
    X, words = X.toarray() if sp.issparse(X) else X, naive_options(options)
    scale = naive.null_scale(X, Y, **words)
    assert path.work["null_loss"] == pytest.approx(scale, rel=1e-9)
    for k, alpha in enumerate(path.alphas):
        gap = naive.duality_gap(X, Y, *path.point(k), alpha, **words)
        assert gap <= (tol + ROUNDING) * scale, (k, gap / scale)
    return path
