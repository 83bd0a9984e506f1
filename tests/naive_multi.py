"""Obvious references for problems with several responses: plain NumPy, dense float64, nothing of fastreg.

    minimise  sum_i w_i loss(y_i, eta_i) + alpha sum_j v_j [ l1_ratio |B_j| + (1 - l1_ratio)/2 |B_j|_2^2 ]

with eta_i = o_i + b0 + B'x_i, o_i the offset, and w = weight / sum(weight).
"gaussian": |y - eta|^2 / 2 and |B_j| a Euclidean length.
"multinomial": log sum_k exp(eta_k) - y'eta, y in the simplex, and |B_j| a sum of absolute values; lower <= B <= upper.
Y and eta are (n, K).
The gap is primal minus dual as they stand, not the sum of Fenchel-Young terms that the package uses.
"""

from typing import NamedTuple

import numpy as np
from naive import column_scales
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax, xlogy


class Gaussian:
    def loss(Y, eta):
        return 0.5 * ((Y - eta) ** 2).sum(axis=1)

    def mean(eta):
        return eta

    def curvature(eta):
        return np.broadcast_to(np.eye(eta.shape[1]), (*eta.shape, eta.shape[1]))

    def dual(Y, U):
        return (U * Y).sum(axis=1) - 0.5 * (U**2).sum(axis=1)

    def size(B):
        return np.sqrt((B**2).sum(axis=1))

    def prox(B, threshold):
        size = np.maximum(Gaussian.size(B), 1e-300)
        return np.maximum(1 - threshold / size, 0)[:, None] * B

    def excess(C, l1):
        """Distance of every row from the ball in which the conjugate of the l1 part is zero."""
        return np.maximum(Gaussian.size(C) - l1, 0)

    steepest = 1.0  # bound of the curvature


class Multinomial:
    def loss(Y, eta):
        return -(Y * log_softmax(eta, axis=1)).sum(axis=1)

    def mean(eta):
        return softmax(eta, axis=1)

    def curvature(eta):
        m = softmax(eta, axis=1)[:, :, None]
        return m * (np.eye(eta.shape[1]) - m.transpose(0, 2, 1))

    def dual(Y, U):
        q = Y - U
        assert np.all(q > -1e-12)
        q = np.maximum(q, 0)
        return -xlogy(q, q).sum(axis=1)

    def size(B):
        return np.abs(B).sum(axis=1)

    def prox(B, threshold):
        return np.sign(B) * np.maximum(np.abs(B) - threshold[:, None], 0)

    def excess(C, l1):
        return np.sqrt((np.maximum(np.abs(C) - l1[:, None], 0) ** 2).sum(axis=1))

    steepest = 0.5


FAMILIES = {"gaussian": Gaussian, "multinomial": Multinomial}


class Problem(NamedTuple):
    """Rows of positive weight, columns on the penalty's scale, zeros for a column left out."""

    family: type
    X: np.ndarray
    Y: np.ndarray
    weight: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    scale: np.ndarray
    offset: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def one_hot(y):
    """(n, K) from labels 0 .. K-1; a matrix stays as it is."""
    y = np.asarray(y)
    return y.astype(float) if y.ndim == 2 else np.eye(int(y.max()) + 1)[y]


def prepare(
    X, Y, alpha, *, family="gaussian", l1_ratio=1.0, weight=None, factor=None, standardize=False, offset=None,
    lower=None, upper=None,
):  # fmt: skip
    n, p = X.shape
    weight = np.ones(n) if weight is None else np.asarray(weight, float)
    factor = np.ones(p) if factor is None else np.asarray(factor, float)
    rows = weight > 0
    X, Y, weight = X[rows], one_hot(Y)[rows], weight[rows] / weight.sum()
    offset = np.zeros_like(Y) if offset is None else np.asarray(offset, float)[rows]
    scale = column_scales(X, weight) if standardize else np.ones(p)
    left_out = np.isinf(factor)
    v = np.where(left_out, 1.0, factor)
    return Problem(
        FAMILIES[family], np.where(left_out, 0.0, X / scale), Y, weight, alpha * l1_ratio * v,
        alpha * (1 - l1_ratio) * v, scale, offset, *bounds_of(lower, upper, p, Y.shape[1], scale),
    )  # fmt: skip


def bounds_of(lower, upper, p, K, scale=1.0):
    """(lower, upper), each (p, K), on the penalty's scale."""
    given = (np.asarray(none if bound is None else bound, float) for bound, none in ((lower, -np.inf), (upper, np.inf)))
    return [(np.broadcast_to(b[:, None] if b.ndim == 1 else b, (p, K)).T * scale).T for b in given]


def is_bounded(problem):
    return np.isfinite(problem.lower).any() or np.isfinite(problem.upper).any()


def primal(problem, B, intercepts):
    eta = problem.offset + intercepts + problem.X @ B
    penalty = problem.l1 @ problem.family.size(B) + 0.5 * problem.l2 @ (B**2).sum(axis=1)
    return problem.weight @ problem.family.loss(problem.Y, eta) + penalty


def objective(X, Y, coef, intercepts, alpha, **options):
    """The minimised function at coefficients on the scale of X; infinite beyond their bounds."""
    problem = prepare(X, Y, alpha, **options)
    lower, upper = bounds_of(options.get("lower"), options.get("upper"), *coef.shape)
    if np.any(coef < lower) or np.any(coef > upper):
        return np.inf
    return primal(problem, coef * problem.scale[:, None], intercepts)


def free_columns(problem, fit_intercept):
    free = problem.X[:, problem.l1 + problem.l2 == 0]
    return np.column_stack([np.ones((len(problem.X), int(fit_intercept))), free])


def newton_step(problem, eta, columns, residual):
    """The change of eta along some columns that makes columns'residual zero, to first order; and H times it."""
    size = columns.shape[1] * eta.shape[1]
    H = problem.weight[:, None, None] * problem.family.curvature(eta)
    system = np.einsum("ia,ib,ikl->akbl", columns, columns, H, optimize=True).reshape(size, size)
    solution = np.linalg.pinv(system, rcond=1e-12, hermitian=True) @ (columns.T @ residual).ravel()
    change = columns @ solution.reshape(-1, eta.shape[1])
    return change, np.einsum("ikl,il->ik", H, change)


def residual_at(problem, eta):
    return problem.weight[:, None] * (problem.Y - problem.family.mean(eta))


def refit(problem, eta, columns):
    """eta moved along the columns by damped Newton steps until they are orthogonal to the residual."""
    for _ in range(100 if columns.shape[1] else 0):
        change, _ = newton_step(problem, eta, columns, residual_at(problem, eta))
        start, t = problem.weight @ problem.family.loss(problem.Y, eta), 1.0
        while t > 1e-9 and problem.weight @ problem.family.loss(problem.Y, eta + t * change) > start + 1e-15 * abs(
            start
        ):
            t /= 2
        eta = eta + t * change
        if np.abs(change).max() <= 1e-14 * (1 + np.abs(eta).max()):
            break
    return eta


def null_eta(X, Y, fit_intercept, **options):
    """eta of the null model, of intercepts and columns of factor zero within their bounds; and the problem."""
    problem = prepare(X, Y, 1.0, **options)
    free = problem.l1 + problem.l2 == 0
    if not np.isfinite(np.hstack([problem.lower[free], problem.upper[free]])).any():
        return refit(problem, problem.offset, free_columns(problem, fit_intercept)), problem
    Z = np.column_stack([np.ones((len(problem.X), int(fit_intercept))), problem.X[:, free]])
    K = problem.Y.shape[1]
    wide = np.full((int(fit_intercept), K), np.inf)
    box = [np.vstack([-wide, problem.lower[free]]).ravel(), np.vstack([wide, problem.upper[free]]).ravel()]

    def loss(b):
        eta = problem.offset + Z @ b.reshape(-1, K)
        return problem.weight @ problem.family.loss(problem.Y, eta), -(Z.T @ residual_at(problem, eta)).ravel()

    b, ends = np.zeros(Z.shape[1] * K), {"ftol": 0, "gtol": 1e-14}
    for _ in range(5):
        b = minimize(loss, b, jac=True, method="L-BFGS-B", bounds=np.transpose(box), options=ends).x
    return problem.offset + Z @ b.reshape(-1, K), problem


def null_scale(X, Y, *, fit_intercept=True, **options):
    """The null model's loss above the least loss row by row."""
    eta, problem = null_eta(X, Y, fit_intercept, **options)
    least = 0.0 if problem.family is Gaussian else problem.weight @ -xlogy(problem.Y, problem.Y).sum(axis=1)
    return problem.weight @ problem.family.loss(problem.Y, eta) - least


def alpha_max(X, Y, *, fit_intercept=True, l1_ratio=1.0, **options):
    eta, problem = null_eta(X, Y, fit_intercept, **options)
    C = problem.X.T @ residual_at(problem, eta)
    C = np.where(np.where(C > 0, problem.upper, -problem.lower) > 0, C, 0.0)  # where a sign is not forbidden
    sizes = Gaussian.size(C) if problem.family is Gaussian else np.abs(C).max(axis=1)
    held = problem.l1 > 0
    return (sizes[held] / problem.l1[held]).max() / l1_ratio


def duality_gap(X, Y, coef, intercepts, alpha, *, fit_intercept=True, factor=None, **options):
    """primal - dual at the best of several nu = s R, R the residual after refitting what is not penalised."""
    if factor is not None and np.any(coef[np.isinf(factor)]):
        return np.inf
    assert fit_intercept or not np.any(intercepts)
    problem = prepare(X, Y, alpha, factor=factor, **options)
    B = coef * problem.scale[:, None]
    eta = problem.offset + intercepts + problem.X @ B
    if is_bounded(problem):
        if not np.isfinite(objective(X, Y, coef, intercepts, alpha, factor=factor, **options)):
            return np.inf
        return bounded_gap(problem, B, intercepts, eta, fit_intercept)
    columns = free_columns(problem, fit_intercept)
    R = residual_at(problem, refit(problem, eta, columns)) if columns.shape[1] else residual_at(problem, eta)
    C = problem.X.T @ R
    held, ridge = problem.l1 + problem.l2 > 0, problem.l2 > 0
    assert np.abs(C[~held]).max(initial=0.0) < 1e-9
    value = primal(problem, B, intercepts)
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = Gaussian.size(C) if problem.family is Gaussian else np.abs(C).max(axis=1)
        into_box = np.where(sizes > 0, problem.l1 / sizes, np.inf)
    best = value
    for s in {1.0, min(1.0, into_box[held].min(initial=1.0)), min(1.0, into_box[held & ~ridge].min(initial=1.0))}:
        excess = problem.family.excess(s * C, problem.l1)
        if np.any(excess[held & ~ridge] > 1e-13 * problem.l1[held & ~ridge]):
            continue
        U = s * R / problem.weight[:, None]
        dual = problem.weight @ (problem.family.dual(problem.Y, U) - (U * problem.offset).sum(axis=1))
        best = min(best, value - dual + (excess[ridge] ** 2 / (2 * problem.l2[ridge])).sum())
    return best


def bounded_gap(problem, B, intercepts, eta, fit_intercept):
    """primal - dual of a multinomial within bounds, at the best of several s R. R is made orthogonal to coefficients
    without a penalty that lie within their bounds, and to those that would otherwise be pulled off a bound for ever."""
    l1, l2 = (np.broadcast_to(each[:, None], B.shape) for each in (problem.l1, problem.l2))
    margin = 1e-12 * np.abs(B)
    within = (l1 + l2 == 0) & (B - problem.lower > margin) & (problem.upper - B > margin)
    for _ in range(4):
        R = residual_orthogonal_to(problem, eta, within, fit_intercept)
        C = np.where(within, 0.0, problem.X.T @ R)
        room = np.where(C > 0, problem.upper, -problem.lower)
        within = within | ((l1 + l2 == 0) & np.isinf(room) & (np.abs(C) > 0))
    C = np.where(within, 0.0, C)
    value, best = primal(problem, B, intercepts), np.inf
    for moving in (room > 0, np.isinf(room), np.isinf(room) & (l2 == 0), np.zeros(B.shape, dtype=bool)):
        moving = moving & (l1 > 0) & (C != 0)
        s = min(1.0, (l1[moving] / np.abs(C[moving])).min(initial=1.0))
        U = s * R / problem.weight[:, None]
        dual = problem.weight @ (problem.family.dual(problem.Y, U) - (U * problem.offset).sum(axis=1))
        best = min(best, value - dual + conjugate(s * C, l1, l2, problem.lower, problem.upper).sum())
    return best


def conjugate(C, l1, l2, lower, upper):
    """max over lower <= x <= upper of c x - l1 |x| - l2 x^2 / 2: it is at 0, at one of them, or between."""
    room = np.where(C > 0, upper, -lower)
    best = np.where((l2 == 0) & np.isinf(room) & (np.abs(C) > l1 * (1 + 1e-13)), np.inf, 0.0)
    between = np.sign(C) * np.maximum(np.abs(C) - l1, 0) / np.where(l2 > 0, l2, np.inf)
    for x in (lower, upper, np.clip(between, lower, upper)):
        x = np.where(np.isfinite(x), x, 0.0)
        best = np.maximum(best, C * x - l1 * np.abs(x) - l2 * x**2 / 2)
    return best


def residual_orthogonal_to(problem, eta, entries, fit_intercept):
    """w (Y - mean) after Newton steps from eta along single coefficients, and the intercepts, that make it so."""
    n, K = eta.shape
    j, k = np.nonzero(np.vstack([np.full((int(fit_intercept), K), True), entries]))
    columns = np.column_stack([np.ones((n, int(fit_intercept))), problem.X])[:, j]
    for _ in range(30 if k.size else 0):
        mean = problem.family.mean(eta)[:, k]
        weighted = columns * (problem.weight[:, None] * mean)
        hessian = (weighted.T @ columns) * (k[:, None] == k) - weighted.T @ (columns * mean)
        gradient = (columns * residual_at(problem, eta)[:, k]).sum(axis=0)
        steps = np.zeros((k.size, K))
        steps[np.arange(k.size), k] = np.linalg.pinv(hessian, rcond=1e-12, hermitian=True) @ gradient
        eta = eta + columns @ steps
        if np.abs(columns @ steps).max() <= 1e-15 * (1 + np.abs(eta).max()):
            break
    return residual_at(problem, eta)


def solve(X, Y, alpha, *, fit_intercept=True, max_iter=200_000, tol=1e-10, **options):
    """(coef, intercepts) by accelerated proximal gradient with restart, to a gap of tol times the null model's loss."""
    problem = prepare(X, Y, alpha, **options)
    family, K = problem.family, problem.Y.shape[1]
    ones = np.full((len(problem.X), 1), float(fit_intercept))
    Z = np.column_stack([ones, problem.X])
    step = 1.0 / (family.steepest * np.linalg.eigvalsh(Z.T @ (problem.weight[:, None] * Z))[-1])
    l1, l2 = np.r_[0.0, problem.l1], np.r_[0.0, problem.l2]
    target = tol * null_scale(X, Y, fit_intercept=fit_intercept, **options)
    B = ahead = np.zeros((Z.shape[1], K))
    momentum = 1.0
    for iteration in range(max_iter):
        gradient = Z.T @ residual_at(problem, problem.offset + Z @ ahead)
        new = family.prox(ahead + step * gradient, step * l1) / (1 + step * l2)[:, None]
        new[1:] = np.clip(new[1:], problem.lower, problem.upper)
        if np.sum((ahead - new) * (new - B)) > 0:
            momentum, new = 1.0, B
            ahead = B
            continue
        following = 0.5 * (1 + np.sqrt(1 + 4 * momentum**2))
        ahead, B, momentum = new + (momentum - 1) / following * (new - B), new, following
        if iteration % 500 == 499:
            coef = B[1:] / problem.scale[:, None]
            if duality_gap(X, Y, coef, B[0] * fit_intercept, alpha, fit_intercept=fit_intercept, **options) <= target:
                return coef, B[0] * fit_intercept
    raise RuntimeError("the reference solver did not reach its tolerance")
