"""The objective without an l1 part in the intercept and some columns: value, gradient, Hessian, and its minimum.

With theta = (intercept about the centres, coefficients), or the coefficients alone, and x_i = (1, row i less the
centres):

    F(theta) = sum_i w_i loss(y_i, eta_i) + sum_j l2_j b_j^2 / 2,   eta = base + theta_0 + (X - centre) b
    gradient = -sum_i x_i r_i + L2 b,      Hessian = sum_i h_i x_i x_i' + L2

with residuals r and curvatures h of the family, in which the weights sum to one. X is read by the products of its
storage alone; nothing larger than the Hessian is made.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

from fastreg.numerics.threads import linalg
from fastreg.objective.families import linearise
from fastreg.selection.relaxed.refits import ScaledFactor

STEPS, HALVINGS, MEMORY = 200, 40, 10
TO_ROUNDING = 1e-29  # Newton decrement, over the loss of the intercept alone
FLOOR = 1e-13  # the same, from which on the objective falls by rounding alone, and steps are taken whole
TELLING = 1e-22  # the same, from which on a change of gradient says something of the Hessian
SUFFICIENT = 1e-4  # share of the decrease promised that a step must bring


class NoMinimum(Exception):
    """An objective's minimum was not reached: most often it has none."""


class Factor(ScaledFactor):
    """The Cholesky factor of an information matrix."""

    def __init__(self, matrix):
        super().__init__(matrix)
        inverse = self.lapack.solve_triangular(self.factor[0], np.eye(self.size.size), lower=True, check_finite=False)
        self.root = inverse.T / self.size[:, None]  # R, with R R' the inverse

    def inverse(self):
        return self.root @ self.root.T

    def log_determinant(self):
        return 2.0 * float(np.log(np.diag(self.factor[0])).sum() + np.log(self.size).sum())


class Evaluation(NamedTuple):
    """An objective at a point."""

    value: float
    gradient: np.ndarray
    gram: np.ndarray  # sum_i h_i x_i x_i'
    factor: Factor  # of that and L2: the Hessian, or what stands for it


class SmoothObjective:
    """F, over some columns; `base` (n,) is what eta has besides: the offset, and columns that are held fixed."""

    exact = True  # whether the factor is that of the Hessian

    def __init__(self, problem, columns, l2, base):
        self.problem, self.columns, self.base = problem, columns, base
        self.l2 = np.concatenate([np.zeros(int(problem.fit_intercept)), l2])
        self.scale = max(problem.loss(problem.start()), np.finfo(float).tiny)

    def eta(self, theta):
        first = int(self.problem.fit_intercept)
        return self.base + theta[:first].sum() + self.problem.predict(self.columns, theta[first:])

    def linearised(self, theta):
        """(eta, residual, curvature)."""
        eta = self.eta(theta)
        residual, curvature = np.empty(eta.size), np.empty(eta.size)
        linearise(self.problem.family, eta, residual, curvature)
        return eta, residual, curvature

    def correlate(self, v):
        """sum_i x_i v_i."""
        out, total = self.problem.correlate_some(v, self.columns), v.sum()
        if not self.problem.fit_intercept:
            return out
        return np.concatenate([[total], out - total * self.problem.centre[self.columns]])

    def gram(self, h):
        """sum_i h_i x_i x_i'."""
        problem, columns, first = self.problem, self.columns, int(self.problem.fit_intercept)
        out = np.empty((columns.size + first, columns.size + first))
        if columns.size:
            out[first:, first:] = problem.design.gram(columns, h, problem.centre)
        if first:
            out[0] = out[:, 0] = self.correlate(h)
        return out

    def evaluate(self, theta):
        eta, residual, curvature = self.linearised(theta)
        value = self.problem.loss_at(eta) + 0.5 * float(self.l2 @ theta**2)
        gram = self.gram(curvature)
        return Evaluation(value, self.l2 * theta - self.correlate(residual), gram, Factor(gram + np.diag(self.l2)))

    def to_user(self):
        """T, with T theta the intercept and coefficients on the scale of X: the intercept less centre'b."""
        out = np.eye(self.l2.size)
        if self.problem.fit_intercept:
            out[0, 1:] = -self.problem.centre[self.columns]
        return out

    def blocks(self):
        """(slice of rows, x_i as (parameters, rows of the block))."""
        first = int(self.problem.fit_intercept)
        for rows, part in self.problem.design.by_rows(self.columns, self.problem.centre).blocks():
            yield rows, np.vstack([np.ones((first, part.shape[1])), part])

    def squares(self, root):
        """x_i' R R' x_i of every row."""
        out, first = np.empty(self.problem.n), int(self.problem.fit_intercept)
        if not self.columns.size:
            return np.full(self.problem.n, float(np.sum(root**2)))
        for rows, product in self.problem.design.by_rows(self.columns, self.problem.centre).products(root[first:]):
            out[rows] = np.square(product + root[:first].sum(axis=0)[:, None]).sum(axis=0)
        return out


def minimise(objective, theta, along=None):
    """(theta, Evaluation) at the minimum, to rounding, by Newton's method with halved steps; `along`'theta stays.

    Where the factor is not that of the Hessian, BFGS's updates correct it (Nocedal and Wright 2006, algorithm 7.4).
    Raises NoMinimum where it is not reached.
    """
    pairs: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=MEMORY)
    here, previous = objective.evaluate(theta), np.inf
    for _ in range(STEPS):
        step = -_corrected(here.gradient, here.factor.solve, pairs, along)
        decrement = -float(here.gradient @ step)
        floor = decrement <= FLOOR * objective.scale
        if decrement <= TO_ROUNDING * objective.scale or (floor and decrement > 0.9 * previous):
            return theta, here
        previous, last = decrement, (theta, here.gradient)
        theta, here = _forward(objective, theta, here, step, 0.0 if floor else SUFFICIENT * decrement)
        if not objective.exact and decrement > TELLING * objective.scale:
            moved, change = theta - last[0], here.gradient - last[1]
            if moved @ change > 0.0:
                pairs.append((moved, change, 1.0 / float(moved @ change)))
    raise NoMinimum(f"not reached in {STEPS} steps")


def _corrected(gradient, solve, pairs, along):
    """The inverse Hessian times the gradient, by the pairs of the last moves and changes of gradient; less what would
    change `along`'theta."""
    reach = None if along is None else solve(along)

    def level(step):
        return step if along is None else step - reach * ((along @ step) / (along @ reach))

    shares = []
    for moved, change, rho in reversed(pairs):
        shares.append(rho * (moved @ gradient))
        gradient = gradient - shares[-1] * change
    out = level(solve(gradient))
    for (moved, change, rho), share in zip(pairs, reversed(shares)):
        out = out + moved * (share - rho * (change @ out))
    return level(out)


def _forward(objective, theta, here, step, wanted):
    """The point that a step leads to, halved until the objective falls by `wanted` a unit; a `wanted` of 0, near the
    minimum where a fall would be rounding, takes it whole."""
    t = 1.0
    for _ in range(HALVINGS):
        try:
            there = objective.evaluate(theta + t * step)
        except linalg().LinAlgError:  # so far off that curvatures vanish
            there = None
        if there is not None and (wanted == 0.0 or there.value <= here.value - t * wanted):
            return theta + t * step, there
        t *= 0.5
    raise NoMinimum("no step leads on")
