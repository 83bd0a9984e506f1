"""How far coefficients are from optimal, in plain NumPy and apart from fastreg: primal and dual values of each point.

With the loss A(eta) - y eta of a canonical family and the penalty l1 |b| + l2 b^2 / 2, any nu with sum(nu) = 0 bounds
the objective from below by

    D(nu) = - sum_i A*(y_i - nu_i) - sum_j (|x_j'nu| - l1)_+^2 / (2 l2)         (without l2: if |X'nu| <= l1)

Here nu is the residual y - A'(eta), shrunk for the lasso until it is admissible, after the intercept has been fitted
to the coefficients given. A* is the convex conjugate of A.
"""

import numpy as np
from scipy.special import expit, xlogy

FAMILIES = {  # A, A', A'', A*
    "gaussian": (lambda e: e * e / 2, lambda e: e, np.ones_like, lambda u: u * u / 2),
    "binomial": (
        lambda e: np.logaddexp(0.0, e),
        expit,
        lambda e: expit(e) * expit(-e),
        lambda u: xlogy(u, u) + xlogy(1 - u, 1 - u),
    ),
    "poisson": (np.exp, np.exp, np.exp, lambda u: xlogy(u, u) - u),
}


def bounds(problem, coefs):
    """(primal (k,), dual (k,)) of coefs (p, k), divided by the intercept-only model's loss (half its deviance)."""
    columns = coefs.tocsc() if hasattr(coefs, "tocsc") else coefs
    pairs = []
    for k, alpha in enumerate(problem.alphas):
        column = columns[:, [k]]
        coef = column.toarray().ravel() if hasattr(column, "toarray") else np.ravel(column)
        pairs.append(_bounds(problem, coef, problem.y.size * alpha))
    primal, dual = np.array(pairs).T
    return primal, dual


def _bounds(problem, coef, alpha):
    X, y = problem.X, problem.y - (problem.y.mean() if problem.family == "gaussian" else 0.0)
    loss, mean, variance, conjugate = FAMILIES[problem.family]
    l1, l2 = alpha * problem.l1_ratio, alpha * (1.0 - problem.l1_ratio)
    eta = X @ coef
    for _ in range(50 * problem.intercept):
        step = (y - mean(eta)).sum() / variance(eta).sum()
        eta = eta + np.clip(step, -5.0, 5.0)
        if abs(step) < 1e-14:
            break
    nu = y - mean(eta)
    correlation = np.abs(X.T @ nu)
    if l2 == 0.0:
        shrink = min(1.0, l1 / correlation.max())
        nu, conjugate_penalty = nu * shrink, 0.0
    else:
        conjugate_penalty = np.sum(np.maximum(correlation - l1, 0.0) ** 2) / (2.0 * l2)
    primal = np.sum(loss(eta) - y * eta) + l1 * np.abs(coef).sum() + 0.5 * l2 * coef @ coef
    dual = -np.sum(conjugate(y - nu)) - conjugate_penalty
    saturated = -np.sum(conjugate(y))  # the loss that no eta can go below: half the deviance counts from here
    null = -y.size * conjugate(y.mean()) if problem.intercept else np.sum(loss(np.zeros(y.size)))
    scale = null - saturated
    return (primal - saturated) / scale, (dual - saturated) / scale
