"""From responses or classes to a MultiProblem: arrays that are checked; classes without weight, which get the limit of
their fit.
"""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.multi.group_penalties import Entries, Rows
from fastreg.multi.losses import Softmax, SquaredError
from fastreg.multi.problem import MultiProblem
from fastreg.multi.result import MultiPath
from fastreg.objective.bounds import Bounds
from fastreg.objective.penalties import ElasticNet
from fastreg.paths.setup import warn_omitted

RESPONSES: dict[str, type[SquaredError] | type[Softmax]] = {"gaussian": SquaredError, "multinomial": Softmax}
BOUNDED_ROWS = (
    "lower and upper hold single coefficients, but the penalty of several responses is on the length of a row of them, "
    "the coefficients of a column for all responses. Bound the coefficients of each response in a fit of its own: "
    "fit_path(X, Y[:, 0], lower=..., upper=...), and so on for the other columns of Y"
)


def build_multi_problem(X, Y, options):
    """(a MultiProblem, the labels of its classes or None) from arrays, which are checked, and from checked options."""
    family = check.check_option("family", options.family, tuple(RESPONSES))
    X = check.check_design(X)
    n = X.shape[0]
    weight = check.check_weight(options.sample_weight, n)
    if family == "multinomial":
        y, classes = check.check_classes(Y, n, weight, options.fit_intercept)
    else:
        y, classes = check.check_matrix("Y", Y, n), None
        check.refuse_tiny("Y", y)
    problem = pose(as_design(X), y, weight, options)
    if not problem.finite:
        raise check.explain_not_finite(X, options.feature_names)
    warn_omitted(problem, options.feature_names)
    return problem, classes


def pose(design, y, weight, options, moments=None):
    """The MultiProblem of responses, or shares of classes, y (n, K), with weights that sum to one.

    `moments` are those of the columns under these weights, if known.
    """
    response = RESPONSES[options.family](check.read_only(np.ascontiguousarray(y.T)), check.read_only(weight))
    units = Rows(response.K) if options.family == "gaussian" else Entries(response.K)
    n, p = design.shape
    offset, factor = check.check_offset(options.offset, n, response.K), check.check_factor(options.penalty_factor, p)
    limits = bounds_given(options, p, response.K)
    bounds = None if limits is None else Bounds(*(each.ravel() for each in limits))
    if bounds is not None and units.together:
        raise check.ParameterError(BOUNDED_ROWS)
    return MultiProblem(
        design, response, units, options.fit_intercept, ElasticNet(options.l1_ratio), factor, options.standardize,
        offset=None if offset is None else np.ascontiguousarray(offset.T), moments=moments, bounds=bounds,
    )  # fmt: skip


def bounds_given(options, p, K):
    """The (lower, upper) that options ask for, each (p, K), or None where there are none."""
    return check.check_bounds(options.lower, options.upper, p, K)


def shares_of(Y):
    """Shares of classes (n, K), from the number of each row's class (n,) or from shares, which stay as they are."""
    return Y if Y.ndim == 2 else np.eye(int(Y.max()) + 1)[Y]


def places_of(shares, weight, options):
    """The classes that are fitted: with an intercept those with rows of positive weight, else all."""
    return np.flatnonzero(weight @ shares > 0.0) if options.fit_intercept else np.arange(shares.shape[1])


def pose_some(design, shares, weight, options, places, moments=None):
    """The MultiProblem of some of the classes; rows of weight zero may belong to others."""
    n, K = shares.shape
    offset = check.check_offset(options.offset, n, K)
    lower, upper = bounds_given(options, design.shape[1], K) or (None, None)
    options = options._replace(
        family="multinomial",
        offset=None if offset is None else offset[:, places],
        lower=None if lower is None else lower[:, places],
        upper=None if upper is None else upper[:, places],
    )
    return pose(design, shares[:, places], weight, options, moments)


def with_all(path, places, options, K):
    """A path of some of K classes as one of all, with the bounds that options ask for."""
    lower, upper = bounds_given(options, path.coefs[0].shape[0], K) or (None, None)
    empty = sp.csc_array((path.coefs[0].shape[0], path.alphas.size))
    coefs, intercepts = [empty] * K, np.full((K, path.alphas.size), -np.inf)
    for k, place in enumerate(places):
        coefs[place], intercepts[place] = path.coefs[k], path.intercepts[k]
    return replace(path, coefs=coefs, intercepts=intercepts, classes=np.arange(K), lower=lower, upper=upper)


def certain_path(p, alphas, options):
    """The path of a single class: its probability is one whatever the penalty, and the loss zero."""
    k = alphas.size
    return MultiPath(
        alphas=alphas, coefs=[sp.csc_array((p, k))], intercepts=np.zeros((1, k)), gaps=np.zeros(k),
        n_iters=np.zeros(k, dtype=int), reasons=["converged"] * k, deviance_ratio=np.zeros(k), family="multinomial",
        grouped=False, l1_ratio=options.l1_ratio, tol=options.tol, alpha_max=0.0, feature_names=options.feature_names,
        work={"columns_read": 0, "passes": 0.0, "null_loss": 0.0}, has_offset=options.has_offset(),
    )  # fmt: skip
