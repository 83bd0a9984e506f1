"""Fits certified by the independent formulas of naive.py: what every test of a solver goes through."""

import warnings

import naive
import numpy as np
import scipy.sparse as sp

from fastreg import fit_path

# Each term of a gap carries rounding in its own size; this share of the null model's loss is noise.
ROUNDING = 1e-14


def naive_options(options):
    """The keywords of naive for those of fit_path."""
    words = {"family": "family", "l1_ratio": "l1_ratio", "penalty": "penalty", "fit_intercept": "fit_intercept",
             "standardize": "standardize", "sample_weight": "weight", "offset": "offset",
             "penalty_factor": "factor", "lower": "lower", "upper": "upper"}  # fmt: skip
    return {words[name]: value for name, value in options.items() if name in words}


def options_of(case, **arrays):
    """The options of fit_path that a case states: its numbers and flags, and those of the arrays it has a flag for."""
    words = ("family", "l1_ratio", "standardize", "fit_intercept")
    flags = {"sample_weight": case.weighted, "offset": case.offset, "penalty_factor": case.factors}
    return {word: getattr(case, word) for word in words} | {k: v for k, v in arrays.items() if flags[k]}


def dense(X):
    """X as naive wants it."""
    return X.toarray() if sp.issparse(X) else np.asarray(X, dtype=float)


def column(path, k):
    """(coefficients, intercept) of point k."""
    return path.coefs[:, [k]].toarray().ravel(), path.intercepts[k]


def proven_gaps(path, X, y, *, enough=-np.inf, **options):
    """The gap of every point by naive.py, relative to the null model's loss as fastreg states it; or of a point the
    first bound that is at most `enough`."""
    X, y, words = dense(X), np.asarray(y, dtype=float), naive_options(options)
    scale = naive.null_scale(X, y, **words)
    points = zip(path.coefs.toarray().T, path.intercepts, path.alphas)
    return np.array([naive.duality_gap(X, y, *point, enough=enough * scale, **words) for point in points]) / scale


def assert_certified(path, X, y, *, tol, **options):
    """Every point says "converged", its reported gap is at most tol, and so is the gap computed here."""
    assert path.reasons == ["converged"] * path.alphas.size, path.reasons
    assert np.all(path.gaps >= 0) and np.all(path.gaps <= tol), path.gaps.max()
    gaps = proven_gaps(path, X, y, enough=0.99 * tol, **options)
    assert np.all(gaps <= tol + ROUNDING), (gaps.max(), path.alphas[gaps.argmax()])


def fit(X, y, *, tol=1e-6, check=None, **options):
    """fit_path, without warnings, certified on `check` = (X, y) or else on the arrays given."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = fit_path(X, y, tol=tol, **options)
    assert_certified(path, *(check or (X, y)), tol=tol, **options)
    return path


def objectives(path, X, y, **options):
    """The minimised function at every point."""
    X, y, words = dense(X), np.asarray(y, dtype=float), naive_options(options)
    words.pop("fit_intercept", None)
    return np.array([naive.objective(X, y, *column(path, k), alpha, **words) for k, alpha in enumerate(path.alphas)])


def draw(family, n=30, p=8, seed=0, density=1.0):
    """X with a common factor, and a response that a few of its columns explain."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1)) + 0.2
    X *= rng.random((n, p)) < density
    eta = 0.2 + X[:, : min(p, 4)] @ np.array([0.5, -0.4, 0.3, 0.2])[: min(p, 4)]
    y = {
        "gaussian": lambda: eta + rng.normal(size=n),
        "binomial": lambda: (rng.random(n) < naive.Binomial.mean(eta)).astype(float),
        "poisson": lambda: rng.poisson(np.exp(np.minimum(eta, 3))).astype(float),
        "gamma": lambda: rng.gamma(2, np.exp(np.minimum(eta, 3)) / 2),
    }[family]()
    if family == "binomial":
        y[:2] = [0, 1]
    return X, y
