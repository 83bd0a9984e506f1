"""The multinomial of classes some of which may have no weight: those get the limit of their fit."""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from fastreg.interface import validation as check
from fastreg.interface.progress import Interrupted
from fastreg.multi.fit_multi_path import solve_multi_path
from fastreg.multi.result import MultiPath
from fastreg.paths.driver import NOBODY


def solve_classes(X, codes, terms, grid, start=None, watching=NOBODY):
    """`solve_multi_path` of the multinomial for classes numbered from 0, all of which occur in `codes` (n,).

    The grid is of given alphas. With an intercept the fit of a class without weight is reached at infinity only: its
    coefficients are zeros and its intercept is -inf, and the others' are those of the fit without it.
    """
    K, weight = int(codes.max()) + 1, check.check_weight(terms.sample_weight, codes.size)
    seen = np.bincount(codes, weights=weight, minlength=K) > 0.0
    if not terms.fit_intercept:
        seen[:] = True
    places = np.flatnonzero(seen)
    if places.size == 1:
        path = _certain(grid, sp.csc_array((X.shape[1], grid.size())), terms)
    else:
        codes = np.where(seen[codes], codes, places[0])  # rows without weight
        start = None if start is None else (start[0][:, places], start[1][places])
        terms = terms._replace(family="multinomial", sample_weight=weight)
        try:
            path = solve_multi_path(X, codes, terms, grid, start, watching)
        except Interrupted as stop:
            stop.path = None if stop.path is None else _with_all(stop.path, places, K)
            raise
    return _with_all(path, places, K)


def _with_all(path, places, K):
    """A path of some of K classes as one of all."""
    empty = sp.csc_array((path.coefs[0].shape[0], path.alphas.size))
    coefs, intercepts = [empty] * K, np.full((K, path.alphas.size), -np.inf)
    for k, place in enumerate(places):
        coefs[place], intercepts[place] = path.coefs[k], path.intercepts[k]
    return replace(path, coefs=coefs, intercepts=intercepts, classes=np.arange(K))


def _certain(grid, empty, terms):
    """The path of a single class: its probability is one whatever the penalty, and the loss zero."""
    k = grid.size()
    return MultiPath(
        alphas=check.check_alphas(grid.alphas), coefs=[empty], intercepts=np.zeros((1, k)), gaps=np.zeros(k),
        n_iters=np.zeros(k, dtype=int), reasons=["converged"] * k, deviance_ratio=np.zeros(k), family="multinomial",
        grouped=False, l1_ratio=terms.l1_ratio, tol=terms.tol, alpha_max=0.0, feature_names=terms.names,
        work={"columns_read": 0, "passes": 0.0, "null_loss": 0.0},
    )  # fmt: skip
