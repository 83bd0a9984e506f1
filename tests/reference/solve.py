"""A small, slow and exact solver: proximal Newton with coordinate descent on the full Hessian, in plain NumPy.

minimise f(theta, X b) + sum_j l1_j |b_j| + l2_j b_j^2 / 2, theta nuisance parameters that are not penalised (an
intercept). `objective(z)` returns (value, gradient, Hessian) of f at z = (theta, b).
"""

import numpy as np


def newton(objective, start, l1, l2, lower=None, upper=None, tol=1e-13, rounds=300):
    """z at which no condition of the optimum is violated by more than `tol` times its scale."""
    z = np.array(start, dtype=float)
    lower = np.full(z.size, -np.inf) if lower is None else lower
    upper = np.full(z.size, np.inf) if upper is None else upper

    def total(z, f):
        return f + l1 @ np.abs(z) + 0.5 * (l2 @ z**2)

    f, g, H = objective(z)
    damping = 0.0
    for _ in range(rounds):
        scale = np.trace(H) / z.size + 1e-12
        new = descend(H + damping * scale * np.eye(z.size), g, z, l1, l2, lower, upper)
        step, t, before, moved = new - z, 1.0, total(z, f), False
        slope = g @ step + l1 @ (np.abs(new) - np.abs(z)) + 0.5 * (l2 @ (new**2 - z**2))
        while t > 1e-4:
            trial = z + t * step if t < 1 else new
            value = objective(trial)
            if np.isfinite(value[0]) and total(trial, value[0]) <= before + 0.1 * t * slope + 4e-16 * abs(before):
                moved = True
                break
            t *= 0.5
        if moved:
            z, (f, g, H) = trial, value
            damping = 0.0 if damping < 1e-9 else 0.1 * damping
        else:  # a curvature of zero, or one that says nothing so far away
            damping = max(10.0 * damping, 1e-6)
        if violation(z, g, l1, l2, lower, upper) <= tol * max(1.0, np.abs(g).max()) or damping > 1e12:
            break
    return z


def descend(H, g, z, l1, l2, lower, upper, epochs=3000):
    """Coordinate descent on the quadratic model."""
    new, gradient = z.copy(), g.copy()
    diagonal = np.maximum(np.diag(H), 1e-300) + 1e-12 * np.trace(H) / len(z)
    for _ in range(epochs):
        largest = 0.0
        for j in range(z.size):
            a = diagonal[j]
            target = a * new[j] - gradient[j]
            value = np.sign(target) * max(abs(target) - l1[j], 0.0) / (a + l2[j])
            value = min(max(value, lower[j]), upper[j])
            change = value - new[j]
            if change != 0.0:
                gradient += change * H[:, j]
                new[j] = value
                largest = max(largest, abs(change) * np.sqrt(a))
        if largest < 1e-16:
            break
    return new


def violation(z, g, l1, l2, lower=None, upper=None):
    """The largest violation of the conditions of an optimum."""
    slope = g + l2 * z
    at_zero = np.sign(slope) * np.maximum(np.abs(slope) - l1, 0.0)
    out = np.where(z != 0, slope + l1 * np.sign(z), at_zero)
    if lower is not None:
        out = np.where((z <= lower) & (out > 0), 0.0, out)
        out = np.where((z >= upper) & (out < 0), 0.0, out)
    return float(np.abs(out).max())


def row_objective(family, X, weight, offset, intercept=True):
    """f of rows that are independent given eta, z = (b0, b) or b."""
    A = np.column_stack([np.ones(len(X)), X]) if intercept else X
    w = weight / weight.sum()

    def objective(z):
        eta = offset + A @ z
        return float(w @ family.loss(eta)), -A.T @ (w * family.residual(eta)), (A.T * (w * family.curvature(eta))) @ A

    return objective


def gap_of(family, X, weight, offset, b0, b, l1, l2):
    """The duality gap by the formulas of the design: (gap, s). The intercept must have been fitted, or be absent."""
    w = weight / weight.sum()
    eta = offset + b0 + X @ b
    r = w * family.residual(eta)
    c = X.T @ r
    best = (np.inf, 0.0)
    tight = {1.0, min(1.0, *(l1[j] / abs(c[j]) for j in range(b.size) if l1[j] > 0 and abs(c[j]) > 0), 1.0)}
    for s in sorted(tight, reverse=True):
        gap = float(w @ family.divergence(eta, (1.0 - s) * r / w))
        gap += columns_share(s * c, b, l1, l2)
        if gap < best[0]:
            best = (gap, s)
    return best


def columns_share(c, b, l1, l2):
    total = 0.0
    for j in range(b.size):
        if l1[j] == 0 and l2[j] == 0:
            continue
        excess = max(abs(c[j]) - l1[j], 0.0)
        if excess > 4e-16 * abs(c[j]) and l2[j] == 0:
            return np.inf
        term = l1[j] * abs(b[j]) + 0.5 * l2[j] * b[j] ** 2 - c[j] * b[j]
        if excess > 0 and l2[j] > 0:
            sign = np.sign(c[j])
            term = (excess - l2[j] * b[j] * sign) ** 2 / (2 * l2[j]) + l1[j] * (abs(b[j]) - b[j] * sign)
        total += max(term, 0.0)
    return total
