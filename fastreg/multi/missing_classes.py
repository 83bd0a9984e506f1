"""The multinomial of classes some of which may have no weight: those get the limit of their fit."""

import time
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.interface.progress import Interrupted, interruptible
from fastreg.multi.fit_multi_path import follow_multi_path, pose
from fastreg.multi.result import MultiPath
from fastreg.numerics.threads import one_blas_thread
from fastreg.paths.driver import NOBODY
from fastreg.paths.omitted import warn_omitted


@interruptible()
@one_blas_thread()
def solve_classes(X, Y, options, grid, start=None, watching=NOBODY):
    """`solve_multi_path` of the multinomial for classes numbered from 0, all of which occur in Y (n,), or shares.

    The grid is of given alphas. With an intercept the fit of a class without weight is reached at infinity only: its
    coefficients are zeros and its intercept is -inf, and the others' are those of the fit without it.
    """
    begin, options, X, shares = time.perf_counter(), options.checked(), check.check_design(X), shares_of(Y)
    weight, K = check.check_weight(options.sample_weight, X.shape[0]), shares.shape[1]
    places = places_of(shares, weight, options)
    if places.size == 1:
        return with_all(certain_path(X.shape[1], check.check_alphas(grid.alphas), options), places, K)
    problem = pose_some(as_design(X), shares, weight, options, places)
    if not problem.finite:
        raise check.explain_not_finite(X, options.names)
    warn_omitted(problem, options.names)
    start = None if start is None else (start[0][:, places], start[1][places])
    try:
        path = follow_multi_path(problem, options, grid, watching, begin=begin, start=start)
    except Interrupted as stop:
        stop.path = None if stop.path is None else with_all(stop.path, places, K)
        raise
    return with_all(path, places, K)


def shares_of(Y):
    """Shares of classes (n, K) from the numbers of classes (n,); a matrix stays."""
    return Y if Y.ndim == 2 else np.eye(int(Y.max()) + 1)[Y]


def places_of(shares, weight, options):
    """The classes that a fit has: with an intercept those of some weight, else all."""
    return np.flatnonzero(weight @ shares > 0.0) if options.fit_intercept else np.arange(shares.shape[1])


def pose_some(design, shares, weight, options, places, moments=None):
    """The MultiProblem of some of the classes; rows of weight zero may hold others."""
    n, K = shares.shape
    offset = check.check_offset(options.offset, n, K)
    options = options._replace(family="multinomial", offset=None if offset is None else offset[:, places])
    return pose(design, shares[:, places], weight, options, moments)


def with_all(path, places, K):
    """A path of some of K classes as one of all."""
    empty = sp.csc_array((path.coefs[0].shape[0], path.alphas.size))
    coefs, intercepts = [empty] * K, np.full((K, path.alphas.size), -np.inf)
    for k, place in enumerate(places):
        coefs[place], intercepts[place] = path.coefs[k], path.intercepts[k]
    return replace(path, coefs=coefs, intercepts=intercepts, classes=np.arange(K))


def certain_path(p, alphas, options):
    """The path of a single class: its probability is one whatever the penalty, and the loss zero."""
    k = alphas.size
    return MultiPath(
        alphas=alphas, coefs=[sp.csc_array((p, k))], intercepts=np.zeros((1, k)), gaps=np.zeros(k),
        n_iters=np.zeros(k, dtype=int), reasons=["converged"] * k, deviance_ratio=np.zeros(k), family="multinomial",
        grouped=False, l1_ratio=options.l1_ratio, tol=options.tol, alpha_max=0.0, feature_names=options.names,
        work={"columns_read": 0, "passes": 0.0, "null_loss": 0.0}, has_offset=options.has_offset(),
    )  # fmt: skip
