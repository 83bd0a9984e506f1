"""Least squares with several responses under a penalty of rows: block coordinate descent, then Newton's method.

On the working set, with G its Gram matrix and C = X'R its correlations, row j's minimiser given the others is

    B_j <- (1 - l1_j / |z|)_+ z / (G_jj + l2_j),    z = G_jj B_j + C_j

which finds the rows that are not zero. On those, |B_j| is smooth, and Newton's method ends the fit: with
u_j = B_j / |B_j| and w_j = l1_j / |B_j| it solves

    H D = C - L2 B - l1 u,    H = M (x) I_K - U diag(w) U',    M = G + L2 + diag(w),   U = blocks u_j

directly: U has as many columns as there are rows, so by Woodbury's formula H needs the inverse of M and one more matrix
of its size, 1 / w - M^-1 o (u u'), whatever the number of responses. The two take turns by the work they cost.
Sources: Yuan and Lin (2006), JRSS-B 68; Simon, Friedman and Hastie (2013), arXiv:1311.6529.
"""

import math

import numpy as np

from fastreg._jit import kernel
from fastreg.multi.penalties import steering_terms, value
from fastreg.threads import linalg

EPOCHS = 10  # of descent in one call of the kernel
NEWTON_STEPS = 3  # at a time; a fit that is near needs no more
NEWTON_WORK = 3.0  # times the cube of the number of rows: operations of a step
MOST_ROUNDS = 2000
SHARE = 0.1  # of the wanted gap: the model need not be solved better than rounding lets its certificate see


@kernel
def row_epochs(gram, l1, l2, coef, correlation, max_epochs, precision):
    """Epochs of block descent until the gap, to first order, is at most `precision`.

    coef is (rows, K), correlation (K, rows). Returns (epochs, converged, operations).
    """
    m, K = coef.shape
    z, work = np.empty(K), 0.0
    for epoch in range(max_epochs):
        off, excess, size, decrease = 0.0, 0.0, 0.0, 0.0
        for j in range(m):
            curvature, reach, length, cc = gram[j, j], 0.0, 0.0, 0.0
            if curvature <= 0.0:
                continue
            for k in range(K):
                z[k] = curvature * coef[j, k] + correlation[k, j]
                reach += z[k] * z[k]
                length += coef[j, k] * coef[j, k]
                cc += correlation[k, j] * correlation[k, j]
            reach, length = math.sqrt(reach), math.sqrt(length)
            if length == 0.0:
                if reach <= l1[j]:
                    continue
                excess = max(excess, math.sqrt(cc) / l1[j] - 1.0) if l1[j] > 0.0 else excess
            size += l1[j] * length
            shrink = max(1.0 - l1[j] / reach, 0.0) / (curvature + l2[j]) if reach > 0.0 else 0.0
            moved = 0.0
            for k in range(K):
                change = shrink * z[k] - coef[j, k]
                moved += change * change
                coef[j, k] += change
                if change != 0.0:
                    for a in range(m):
                        correlation[k, a] -= change * gram[j, a]
            if moved > 0.0:
                work += 2.0 * K * m
                slope = curvature + l2[j]
                if length > 0.0:
                    slope += l1[j] / length
                off += slope * math.sqrt(moved) * length
                decrease += 0.5 * (curvature + l2[j]) * moved
        if off + excess * size + decrease <= precision:
            return epoch + 1, True, work
    return max_epochs, False, work


class BlockDescent:
    """Solves least squares on a working set of rows."""

    def reduce(self, problem, state, working, target, max_iter):
        """Iterate until the working set's gap is at most `target` (absolute). Returns (gap, rounds).

        On entry and on return working.correlation is current.
        """
        gap, rounds = working.gap(state), 0
        while gap > target and rounds < max_iter:
            working.update_gram()
            coef = self._solve(working, working.coef_of(state), SHARE * target)
            working.move(state, coef)
            working.correlate(state)
            previous, gap = gap, working.gap(state)
            rounds += 1
            problem.work.iterations += 1
            if gap >= 0.5 * previous and previous < 1e-10 * problem.scale:
                break  # rounding
        return gap, rounds

    def _solve(self, working, coef, precision):
        """Coefficients of the working set at a gap, by the Gram matrix, within `precision`."""
        problem, gram = working.problem, working.gram
        correlation, free = np.ascontiguousarray(working.correlation.T), np.diag(gram).copy()
        chunk = int(min(max(1e8 / max(gram.shape[0] ** 2 * problem.K, 1), 1), EPOCHS))
        spent = 0.0  # on descent since Newton's method was tried last
        for _ in range(MOST_ROUNDS):
            epochs, done, work = row_epochs(gram, working.l1, working.l2, coef, correlation, chunk, precision)
            problem.work.epochs += epochs
            if done:
                break
            spent += work
            if spent >= NEWTON_STEPS * NEWTON_WORK * np.count_nonzero(coef.any(axis=1)) ** 3:
                coef, correlation = newton_tail(working, coef, correlation, precision)
                spent = 0.0
            by_row = np.ascontiguousarray(correlation.T)
            if steering_terms(by_row, coef, working.l1, working.l2, free, problem.scale) <= precision:
                break
        return coef


def newton_tail(working, coef, correlation, precision):
    """Newton steps on the rows that are not zero, as long as they help. Returns (coef, correlation)."""
    rows = np.flatnonzero(coef.any(axis=1))
    block, columns = working.gram[np.ix_(rows, rows)], working.gram[rows]
    l1, l2 = working.l1[rows], working.l2[rows]
    for _ in range(NEWTON_STEPS):
        B, C = coef[rows], correlation[:, rows].T
        length = np.sqrt((B**2).sum(axis=1))
        gradient = C - l2[:, None] * B - (l1 / length)[:, None] * B
        if float((np.sqrt((gradient**2).sum(axis=1)) * length).sum()) <= precision:
            break
        step = newton_step(block, B, gradient, l1 / length, l2)
        if step is None:
            break
        t = longest_step(block, B, C, step, l1, l2)
        working.problem.work.pivots += 1
        if t == 0.0:
            break
        coef = coef.copy()
        coef[rows] = B + t * step
        correlation = correlation - (t * step.T) @ columns
    return coef, correlation


def newton_step(block, B, gradient, pull, l2):
    """H^-1 gradient, or None where H is singular. `pull` is w."""
    length = np.sqrt((B**2).sum(axis=1))
    unit, root = B / length[:, None], np.sqrt(pull)
    lapack, middle = linalg(), block.copy()
    middle[np.diag_indices_from(block)] += l2 + pull
    try:
        factor = lapack.cho_factor(middle, overwrite_a=True, check_finite=False)
        inverse = lapack.cho_solve(factor, np.eye(pull.size), overwrite_b=True, check_finite=False)
        small = -np.outer(root, root) * inverse * (unit @ unit.T)
        small[np.diag_indices_from(small)] += 1.0
        outer = lapack.cho_factor(small, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    first = inverse @ gradient
    radial = root * lapack.cho_solve(outer, root * (unit * first).sum(axis=1), check_finite=False)
    return first + inverse @ (radial[:, None] * unit)


def longest_step(block, B, C, step, l1, l2):
    """1, 1/2, 1/4 ...: the first that lowers the objective and takes no row across zero; 0 if none does."""
    curved = float((step * (block @ step)).sum())
    slope, start, across = float((C * step).sum()), value(B, l1, l2), (B * step).sum(axis=1)
    square = (B**2).sum(axis=1)
    t = 1.0
    while t > 1e-3:
        change = value(B + t * step, l1, l2) - start - t * slope + 0.5 * t * t * curved
        if np.all(square + t * across > 1e-6 * square) and change <= 1e-15 * abs(start):
            return t
        t *= 0.5
    return 0.0
