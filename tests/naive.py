"""Obvious references for the tests: the formulas in plain NumPy, dense float64, nothing of fastreg.

    minimise  sum_i w_i loss(y_i, eta_i)  +  alpha sum_j v_j [ l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 ]
    with      eta = intercept + X b + offset,   w = weight / sum(weight),   lower <= b <= upper

and with a `penalty`, whose rates(p) are (l1, l2), l1_j in place of l1_ratio and l2_j in place of 1 - l1_ratio.
Functions of a problem take X, y, alpha and the keywords of `prepare` (family, l1_ratio, penalty, weight, offset,
factor, standardize, lower, upper); those to which it matters also `fit_intercept`. A `factor` of inf leaves a column
out.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, xlogy


class Gaussian:
    """y real, mean eta."""

    def loss(y, eta):
        return 0.5 * (y - eta) ** 2

    def mean(eta):
        return eta

    def residual(y, eta):
        return y - eta

    def curvature(y, eta):
        return np.ones_like(eta)

    def dual(y, u):
        return u * y - 0.5 * u**2

    def slack(y, eta, u):
        return 0.5 * (y - eta - u) ** 2


class Binomial:
    """y in [0, 1], mean 1 / (1 + exp(-eta))."""

    def loss(y, eta):
        return np.logaddexp(0, eta) - y * eta

    def mean(eta):
        return expit(eta)

    def residual(y, eta):
        return y * expit(-eta) - (1 - y) * expit(eta)

    def curvature(y, eta):
        return expit(eta) * expit(-eta)

    def dual(y, u):
        q = in_domain(y - u, upper=1)
        return -xlogy(q, q) - xlogy(1 - q, 1 - q)

    def slack(y, eta, u):
        q = in_domain(y - u, upper=1)
        return xlogy(q, q) + xlogy(1 - q, 1 - q) + q * np.logaddexp(0, -eta) + (1 - q) * np.logaddexp(0, eta)


class Poisson:
    """y >= 0, mean exp(eta)."""

    def loss(y, eta):
        return np.exp(eta) - y * eta

    def mean(eta):
        return np.exp(eta)

    def residual(y, eta):
        return y - np.exp(eta)

    def curvature(y, eta):
        return np.exp(eta)

    def dual(y, u):
        q = in_domain(y - u)
        return q - xlogy(q, q)

    def slack(y, eta, u):
        q = in_domain(y - u)
        return np.exp(eta) - q + xlogy(q, q) - q * eta


class Gamma:
    """y > 0, mean exp(eta)."""

    def loss(y, eta):
        return eta + y * np.exp(-eta)

    def mean(eta):
        return np.exp(eta)

    def residual(y, eta):
        return y * np.exp(-eta) - 1

    def curvature(y, eta):
        return y * np.exp(-eta)

    def dual(y, u):
        t = in_domain(1 + u)
        return t * (1 + np.log(y)) - xlogy(t, t)

    def slack(y, eta, u):
        t = in_domain(1 + u)
        return y * np.exp(-eta) - t + xlogy(t, t) - t * (np.log(y) - eta)


# A family's verbs, a row at a time: loss, mean, residual = -loss', curvature = loss'', and for u = nu / w
# dual(y, u) = min over eta of loss + u eta, slack(y, eta, u) = loss + u eta - dual >= 0 without cancellation.
FAMILIES = {"gaussian": Gaussian, "binomial": Binomial, "poisson": Poisson, "gamma": Gamma}


def in_domain(q, upper=np.inf):
    """q where 0 <= q <= upper up to rounding, NaN elsewhere."""
    return np.where((q > -1e-14) & (q < upper + 1e-14), np.clip(q, 0, upper), np.nan)


class Problem(NamedTuple):
    """A problem without zero weights, factors and scales; its coefficients are `scale` times the user's."""

    family: type
    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    offset: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    scale: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def prepare(
    X, y, alpha, *, family="gaussian", l1_ratio=1.0, penalty=None, weight=None, offset=None, factor=None,
    standardize=False, lower=None, upper=None,
):  # fmt: skip
    """The `Problem`: rows of positive weight, columns on the penalty's scale, zeros for a column left out."""
    n, p = X.shape
    weight = np.ones(n) if weight is None else np.asarray(weight, float)
    offset = np.zeros(n) if offset is None else np.asarray(offset, float)
    factor = np.ones(p) if factor is None else np.asarray(factor, float)
    rows = weight > 0
    X, y, offset, weight = X[rows], np.asarray(y, float)[rows], offset[rows], weight[rows] / weight.max()
    weight = weight / weight.sum()
    scale = column_scales(X, weight) if standardize else np.ones(p)
    left_out = np.isinf(factor)
    v = np.where(left_out, 1.0, factor)
    X = np.where(left_out, 0.0, X / scale)
    rates = (l1_ratio, 1 - l1_ratio) if penalty is None else penalty.rates(p)
    l1, l2 = (alpha * np.asarray(rate) * v for rate in rates)
    bounds = (np.broadcast_to(none if given is None else given, p) * scale for given, none in bounds_of(lower, upper))
    return Problem(FAMILIES[family], X, y, weight, offset, l1, l2, scale, *bounds)


def bounds_of(lower, upper):
    """Each bound, and what it is where there is none."""
    return (lower, -np.inf), (upper, np.inf)


def column_scales(X, weight):
    """Weighted standard deviations (1/W, about the mean); 1 for a constant column."""
    mean = weight @ X
    sd = np.sqrt(weight @ (X - mean) ** 2)
    return np.where(sd > 1e-10 * np.abs(mean), sd, 1.0)


def on_problem(problem, coef, intercept):
    """The coefficients on the problem's scale and eta."""
    b = np.asarray(coef, float) * problem.scale
    return b, intercept + problem.X @ b + problem.offset


def primal(problem, b, eta):
    """Loss plus penalty."""
    loss = problem.weight @ problem.family.loss(problem.y, eta)
    return loss + problem.l1 @ np.abs(b) + 0.5 * problem.l2 @ b**2


def objective(X, y, coef, intercept, alpha, **options):
    """The minimised function; inf if a column that is left out has a coefficient, or one is beyond its bounds."""
    if not allowed(coef, **options):
        return np.inf
    problem = prepare(X, y, alpha, **options)
    return primal(problem, *on_problem(problem, coef, intercept))


def allowed(coef, *, factor=None, lower=None, upper=None, **options):
    """Whether no column that is left out has a coefficient, and none is beyond its bounds."""
    left_out = factor is not None and np.any(np.asarray(coef)[np.isinf(factor)] != 0)
    low, high = (np.asarray(none if given is None else given, float) for given, none in bounds_of(lower, upper))
    return not left_out and not np.any((coef < low) | (coef > high))


def unbounded(problem):
    """Which columns have no bounds."""
    return np.isinf(problem.lower) & np.isinf(problem.upper)


def inside(problem, b):
    """Which coefficients are within their bounds by more than rounding."""
    return (b - problem.lower > 1e-12 * np.abs(b)) & (problem.upper - b > 1e-12 * np.abs(b))


def free_columns(problem, fit_intercept, among=True):
    """Those columns that no penalty holds, the intercept's with them, with unit norms."""
    free = problem.X[:, (problem.l1 + problem.l2 == 0) & among]
    free = np.column_stack([np.ones(len(problem.y)), free]) if fit_intercept else free
    norms = np.sqrt((free**2).sum(axis=0))
    return free / np.where(norms > 0, norms, 1.0)


def newton_step(columns, curvature, residual):
    """The change of eta along the columns that makes columns'residual = 0 if the curvature is constant."""
    inverse = np.linalg.pinv(np.sqrt(curvature)[:, None] * columns, rcond=1e-12)
    return columns @ (inverse @ (inverse.T @ (columns.T @ residual)))


def refit(problem, eta, columns):
    """eta moved along the columns by damped Newton steps until they are orthogonal to the residual."""
    family, y, weight = problem.family, problem.y, problem.weight
    for _ in range(200):
        step = newton_step(columns, weight * family.curvature(y, eta), weight * family.residual(y, eta))
        eta, moved = descend(lambda at: weight @ family.loss(y, at), eta, step)
        if moved * np.abs(step).max() <= 1e-15 * (1 + np.abs(eta).max()):
            break
    return eta


def descend(function, at, step, size=0.0):
    """at + t step with the first t of 1, 1/2, 1/4, ... that does not raise the function, and t.

    `size` is that of the function's terms, whose rounding may hide that a step near the end lowers it.
    """
    start = function(at)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in 0.5 ** np.arange(60):
            if function(at + t * step) <= start + 1e-15 * abs(start) + 1e-14 * size:
                return at + t * step, t
    return at, 0.0


def null_eta(X, y, *, fit_intercept=True, **options):
    """eta of the null model (intercept, offset, columns of factor 0), and the problem at alpha = 1."""
    problem = prepare(X, y, 1.0, **options)
    held = (problem.l1 + problem.l2 == 0) & ~unbounded(problem)
    if held.any():
        factor = np.where(problem.l1 + problem.l2 == 0, 0.0, np.inf)
        coef, intercept = solve(X, y, 0.0, fit_intercept=fit_intercept, scale=1.0, **options | {"factor": factor})
        return on_problem(problem, coef, intercept)[1], problem
    return refit(problem, problem.offset, free_columns(problem, fit_intercept, unbounded(problem))), problem


def null_scale(X, y, **options):
    """Half the null model's deviance per unit weight: its loss above the least loss row by row."""
    eta, problem = null_eta(X, y, **options)
    return problem.weight @ problem.family.slack(problem.y, eta, 0.0 * eta)


def alpha_max(X, y, *, l1_ratio=1.0, **options):
    """The least alpha at which every penalised coefficient is 0."""
    eta, problem = null_eta(X, y, l1_ratio=1.0, **options)
    c = problem.X.T @ (problem.weight * problem.family.residual(problem.y, eta))
    c = np.abs(np.where(room(problem, c) > 0, c, 0.0))
    held = problem.l1 > 0
    return (c[held] / problem.l1[held]).max() / l1_ratio


def room(problem, c):
    """How far coefficients may go from zero in the directions of c."""
    return np.where(c > 0, problem.upper, -problem.lower)


def orthogonal_residual(problem, eta, columns):
    """The residual after `refit`, what rounding leaves along the columns taken out."""
    at = refit(problem, eta, columns)
    r = problem.weight * problem.family.residual(problem.y, at)
    curvature = problem.weight * problem.family.curvature(problem.y, at)
    for _ in range(2):
        r = r - curvature * newton_step(columns, curvature, r)
    return r


def duality_gap(X, y, coef, intercept, alpha, *, fit_intercept=True, enough=-np.inf, **options):
    """A proven bound of objective(coef, intercept) - minimum: primal minus dual at the best of many nu.

    They are s r and, where columns have no l1 part, s `model_residual`. r is the residual with the unpenalised columns
    refitted, so that they are orthogonal to it. Rows and columns are summed as Fenchel-Young slacks, each >= 0, which
    is primal - dual without its cancellation.
    With l1_ratio < 1 the penalty's conjugate is finite everywhere and, at one s, never below the form that
    scales into the box of the lasso's dual; at l1_ratio = 1 an s outside that box proves nothing.
    Each nu proves a bound by itself: the first that is at most `enough` is returned.
    """
    problem = prepare(X, y, alpha, **options)
    b, eta = on_problem(problem, coef, intercept)
    if not allowed(coef, **options) or not np.isfinite(primal(problem, b, eta)):
        return np.inf
    assert fit_intercept or intercept == 0
    bounded = not np.all(unbounded(problem))
    best = np.inf
    for nu, c in dual_points(problem, b, eta, fit_intercept, bounded):
        rows = problem.weight @ np.maximum(problem.family.slack(problem.y, eta, nu / problem.weight), 0)
        slack = bounded_slack(problem, b, c, nu) if bounded else column_slack(b, c, problem.l1, problem.l2)
        best = min(best, rows + slack.sum() if np.isfinite(rows) else np.inf)
        if best <= enough:
            break
    return best


def dual_points(problem, b, eta, fit_intercept, bounded):
    """Every nu that `duality_gap` tries, with c = X'nu: those that are best near an optimum first."""
    l1, l2 = problem.l1, problem.l2
    projected = (l1 + l2 == 0) & inside(problem, b)
    free = free_columns(problem, fit_intercept, projected)
    r = orthogonal_residual(problem, eta, free)

    def correlations(nu):
        return np.where(projected, 0.0, problem.X.T @ nu)

    at_r = correlations(r)
    kinds = [np.isinf(room(problem, at_r)), room(problem, at_r) > 0] if bounded else [True]  # what has to be in the box
    size = problem.weight @ problem.X**2
    alone = [(l1 == 0) & weak for weak in (True, l2 <= 1e-3 * size, l2 <= 1e-7 * size)]
    for columns in (None, *(columns for columns in alone if columns.any())):
        nu = r if columns is None else model_residual(problem, eta, b, free, columns)
        c = correlations(nu)
        into_box = (into(np.where(kind & held, c, 0.0), l1) for kind in kinds for held in (True, l2 == 0))
        for s in {*into_box, 1.0}:
            yield s * nu, s * c
    for kind in kinds:
        for s in scalings(np.where(kind, at_r - l2 * b, 0.0), l1):
            yield s * r, s * at_r


def model_residual(problem, eta, b, free, columns):
    """The residual of the quadratic model at its minimum over some columns without an l1 part: for ridge a dual point
    whose gap is the Newton decrement."""
    held = columns & (problem.l2 > 0) & inside(problem, b)
    Z = np.column_stack([free, problem.X[:, held]])
    l2 = np.concatenate([np.zeros(free.shape[1]), problem.l2[held]])
    r = problem.weight * problem.family.residual(problem.y, eta)
    h = problem.weight * problem.family.curvature(problem.y, eta)
    gradient = Z.T @ r - l2 * np.concatenate([np.zeros(free.shape[1]), b[held]])
    step = np.linalg.lstsq((Z.T * h) @ Z + np.diag(l2), gradient, rcond=1e-15)[0]
    return r - h * (Z @ step)


def dual_value(problem, nu):
    """D(nu) for a nu orthogonal to the unpenalised columns; -inf or NaN outside its domain."""
    c = np.abs(problem.X.T @ nu)
    beyond = np.maximum(c - problem.l1, 0)
    held, ridge = problem.l1 + problem.l2 > 0, problem.l2 > 0
    if np.any(beyond[held & ~ridge] > 1e-14 * problem.l1[held & ~ridge]):
        return -np.inf
    rows = problem.weight @ problem.family.dual(problem.y, nu / problem.weight) - nu @ problem.offset
    return rows - 0.5 * np.sum(beyond[ridge] ** 2 / problem.l2[ridge])


def column_slack(b, c, l1, l2):
    """penalty(b) + conjugate(c) - b c >= 0 for each column; inf outside the box of a pure lasso."""
    inside = np.clip(c, -l1, l1)
    ridge = l2 > 0
    beyond = np.where(ridge, (l2 * b - (c - inside)) ** 2 / np.where(ridge, 2 * l2, 1.0), 0.0)
    outside = ~ridge & (np.abs(c) > l1 * (1 + 1e-14))
    return np.where(outside, np.inf, beyond + l1 * np.abs(b) - inside * b)


def bounded_slack(problem, b, c, nu):
    """penalty(b) + conjugate(c) - b c, the conjugate a maximum over the bounds: it is at 0, at one of them, or between.

    Each candidate x counts with its gain over b, (x - b) (c - l2 (x + b) / 2) - l1 (|x| - |b|).
    """
    l1, l2, lower, upper = problem.l1, problem.l2, problem.lower, problem.upper
    beyond = np.abs(c) - l1 > 1e-14 * (np.abs(problem.X).T @ np.abs(nu))  # which is rounding of c = X'nu
    best = np.where((l2 == 0) & np.isinf(room(problem, c)) & beyond, np.inf, 0.0)
    between = np.sign(c) * np.maximum(np.abs(c) - l1, 0) / np.where(l2 > 0, l2, np.inf)
    for x in (np.zeros_like(b), lower, upper, np.clip(between, lower, upper)):
        x = np.where(np.isfinite(x), x, b)
        best = np.maximum(best, (x - b) * (c - l2 * (x + b) / 2) - l1 * (np.abs(x) - np.abs(b)))
    return best


def into(shifted, l1):
    """The largest s in [0, 1] that scales into the box."""
    ratio = l1[shifted != 0] / np.abs(shifted[shifted != 0])
    return min(1.0, ratio[ratio > 0].min(initial=1.0))


def scalings(shifted, l1):
    """Candidates for s in [0, 1]: the largest that scales into the box, and a grid that is fine near 1."""
    grid = np.concatenate([np.linspace(0, 1, 51), 1 - np.geomspace(1e-9, 1e-2, 15)])
    return np.append(into(shifted, l1), grid)


def kkt_violation(X, y, coef, intercept, alpha, *, fit_intercept=True, **options):
    """The largest violation of the conditions of an optimum, on the columns the penalty is measured on."""
    problem = prepare(X, y, alpha, **options)
    b, eta = on_problem(problem, coef, intercept)
    if not np.isfinite(objective(X, y, coef, intercept, alpha, **options)):
        return np.inf
    r = problem.weight * problem.family.residual(problem.y, eta)
    c = problem.X.T @ r - problem.l2 * b
    violation = violations(b, c, problem.l1, problem.lower, problem.upper).max(initial=0.0)
    return max(violation, abs(r.sum())) if fit_intercept else violation


def violations(b, c, l1, lower=-np.inf, upper=np.inf):
    """|c_j - l1_j sign(b_j)| where b_j != 0, what |c_j| has above l1_j where b_j = 0; 0 if a bound holds b_j there."""
    pull = np.where(b != 0, c - l1 * np.sign(b), np.sign(c) * np.maximum(np.abs(c) - l1, 0))
    return np.where((b >= upper) & (pull > 0) | (b <= lower) & (pull < 0), 0.0, np.abs(pull))


def solve(X, y, alpha, *, fit_intercept=True, tol=1e-13, max_iter=100, scale=None, **options):
    """(coef, intercept) by proximal Newton: a step beyond a gap <= tol * scale (None: null_scale), or RuntimeError."""
    problem = prepare(X, y, alpha, **options)
    family, n, first = problem.family, len(problem.y), int(fit_intercept)
    Z = np.column_stack([np.ones((n, first)), problem.X])
    l1, l2 = (np.concatenate([np.zeros(first), penalty]) for penalty in (problem.l1, problem.l2))
    lower, upper = (
        np.concatenate([np.full(first, none), bound])
        for bound, none in ((problem.lower, -np.inf), (problem.upper, np.inf))
    )
    target = tol * (null_scale(X, y, fit_intercept=fit_intercept, **options) if scale is None else scale)

    def value(b):
        return primal(problem, b[first:], problem.offset + Z @ b)

    b, done = np.zeros(Z.shape[1]), False
    for _ in range(max_iter):
        eta = problem.offset + Z @ b
        H = Z.T @ ((problem.weight * family.curvature(problem.y, eta))[:, None] * Z)
        gradient = Z.T @ (problem.weight * family.residual(problem.y, eta))
        step, size = (
            minimise_quadratic(H, gradient + H @ b, l1, l2, b, lower, upper) - b,
            np.abs(family.loss(problem.y, eta)),
        )
        b, _ = descend(value, b, step, problem.weight @ size)
        b = np.clip(b, lower, upper)
        coef, intercept = b[first:] / problem.scale, b[0] if fit_intercept else 0.0
        for bound, keep in ((options.get("lower"), np.maximum), (options.get("upper"), np.minimum)):
            coef = coef if bound is None else keep(coef, bound)  # scales round
        words = options | {"fit_intercept": fit_intercept, "enough": target}
        certified = duality_gap(X, y, coef, intercept, alpha, **words) <= target
        if certified and done:
            return coef, intercept
        done = certified
    raise RuntimeError("the reference solver did not reach its tolerance")


def minimise_quadratic(H, q, l1, l2, b, lower, upper, max_epochs=10_000):
    """argmin of x'Hx/2 - q'x + penalty by epochs of coordinate descent, each followed by `settle`."""
    unit = np.sqrt(np.where(np.diag(H) > 0, np.diag(H), 1.0))
    H, q, l1, l2, b = H / np.outer(unit, unit), q / unit, l1 / unit, l2 / unit**2, b * unit
    lower, upper = lower * unit, upper * unit
    for _ in range(max_epochs):
        for j in np.flatnonzero(np.diag(H)):
            c = q[j] - H[j] @ b + H[j, j] * b[j]
            b[j] = np.clip(np.sign(c) * max(abs(c) - l1[j], 0.0) / (H[j, j] + l2[j]), lower[j], upper[j])
        b = settle(H, q, l1, l2, b, lower, upper)
        if violations(b, q - H @ b - l2 * b, l1, lower, upper).max() <= 1e-12 * np.abs(q).max():
            break
    return b / unit


def settle(H, q, l1, l2, b, lower, upper):
    """The minimum over the support of b with its signs, dropping what reaches 0 on the way; what is or comes to lie at
    a bound stays there."""

    def value(b):
        return 0.5 * b @ H @ b - q @ b + l1 @ np.abs(b) + 0.5 * l2 @ b**2

    while True:
        resting = (b <= lower) | (b >= upper)
        support, exact = ((b != 0) | (l1 == 0)) & (np.diag(H) > 0) & ~resting, np.where(resting, b, 0.0)
        A = H[np.ix_(support, support)] + np.diag(l2[support])
        rest = (q - l1 * np.sign(b) - H @ exact)[support]
        exact[support] = np.linalg.lstsq(A, rest, rcond=1e-14)[0]
        end = np.where((exact * b < 0) & (l1 > 0), 0.0, np.clip(exact, lower, upper))
        crossing = np.flatnonzero(end != exact)
        shares = (end - b)[crossing] / (exact - b)[crossing]
        new = b + shares.min(initial=1.0) * (exact - b)
        at_end = crossing[shares == shares.min(initial=1.0)]
        new[at_end] = end[at_end]
        if value(new) > value(b) + 1e-14 * abs(value(b)):
            return b
        b = new
        if len(crossing) == 0:
            return b


def stored(case):
    """X, y and keywords of a case of reference/glmnet.json, fit_intercept among them."""
    options = {name: case[name] for name in ("family", "l1_ratio", "fit_intercept", "standardize")}
    for name in ("weight", "offset", "factor"):
        options[name] = None if case[name] is None else np.array(case[name], float)
    return np.array(case["X"], float), np.array(case["y"], float), options


def ridge_normal_equations(X, y, alpha, fit_intercept, kept, options):
    """(intercept, coefficients) of the user by dense least squares on the rows `kept`; weights and scales of all rows.

    The rows are stacked on the penalty's: sqrt(w) (1, X) over sqrt(alpha v).
    """
    n, p = X.shape
    weight = np.ones(n) if options.get("weight") is None else np.asarray(options["weight"], float)
    weight = weight / weight.sum()
    offset = np.zeros(n) if options.get("offset") is None else options["offset"]
    factor = np.ones(p) if options.get("factor") is None else np.asarray(options["factor"], float)
    scale = column_scales(X[weight > 0], weight[weight > 0]) if options.get("standardize") else np.ones(p)
    columns = np.flatnonzero(np.isfinite(factor))
    root = np.sqrt(weight[kept])[:, None]
    rows = root * np.column_stack([np.full(len(kept), float(fit_intercept)), X[np.ix_(kept, columns)]])
    penalty = np.diag(np.r_[0.0, np.sqrt(alpha * factor[columns]) * scale[columns]])
    target = np.r_[root[:, 0] * (y - offset)[kept], np.zeros(columns.size + 1)]
    solution = np.linalg.lstsq(np.vstack([rows, penalty]), target, rcond=1e-14)[0]
    coef = np.zeros(p)
    coef[columns] = solution[1:]
    return solution[0] * fit_intercept, coef


def ridge_left_out(X, y, alpha, *, fit_intercept=True, **options):
    """Prediction of every row by the ridge fit to all other rows, refitted row by row; offset included."""
    n = X.shape[0]
    offset = np.zeros(n) if options.get("offset") is None else options["offset"]
    out = np.empty(n)
    for i in range(n):
        kept = np.delete(np.arange(n), i)
        intercept, coef = ridge_normal_equations(X, y, alpha, fit_intercept, kept, options)
        out[i] = offset[i] + intercept + X[i] @ coef
    return out


def ridge_hat(X, y, alpha, *, fit_intercept=True, **options):
    """(trace of the hat matrix by moving one response at a time, GCV error)."""
    n = X.shape[0]
    weight = np.ones(n) if options.get("weight") is None else np.asarray(options["weight"], float)
    offset = np.zeros(n) if options.get("offset") is None else options["offset"]
    everything = np.arange(n)

    def fitted(response):
        intercept, coef = ridge_normal_equations(X, response, alpha, fit_intercept, everything, options)
        return offset + intercept + X @ coef

    start = fitted(y)
    trace = sum(fitted(y + np.eye(n)[i])[i] - start[i] for i in range(n) if weight[i] > 0)
    rows = np.count_nonzero(weight)
    return trace, np.average((y - start) ** 2, weights=weight) / (1 - trace / rows) ** 2
