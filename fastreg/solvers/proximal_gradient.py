"""Accelerated proximal gradient (FISTA) with restart: a simple method, independent of the others.

Minimise F(b) + sum_j [ l1_j |b_j| + l2_j b_j^2 / 2 ], where F is the loss with the intercept minimised out. From a
point z, b plus momentum, with steps 1 / (L N_j^2) scaled by the column norms N_j,

    b_new = S(z_j + c_j(z) / (L N_j^2), l1_j / (L N_j^2)) / (1 + l2_j / (L N_j^2)),   clipped to the bounds of b_j,

L found by backtracking until (grad F(b_new) - grad F(z))'(b_new - z) <= L sum_j N_j^2 (b_new - z)_j^2: for a convex F
this implies the usual quadratic upper bound, without its cancellation near the solution. Momentum is reset when it
opposes the step: <z - b_new, b_new - b> > 0. Beck and Teboulle (2009), SIAM J. Imaging Sci. 2; O'Donoghue and Candes
(2015), Found. Comput. Math. 15.
"""

import math

import numpy as np

from fastreg.numerics.jit import kernel
from fastreg.objective.penalties import soft_threshold

CHECK = 10  # iterations between two evaluations of the duality gap


@kernel
def proximal_step(point, correlation, metric, penalty, out):
    """out = prox of the penalty and bounds at point + correlation / metric. Returns sum metric (out - point)^2."""
    l1, l2, lower, upper = penalty
    square = 0.0
    for j in range(point.size):
        if metric[j] <= 0.0:
            out[j] = point[j]
            continue
        moved = soft_threshold(point[j] + correlation[j] / metric[j], l1[j] / metric[j])
        out[j] = min(max(moved / (1.0 + l2[j] / metric[j]), lower[j]), upper[j])
        change = out[j] - point[j]
        square += metric[j] * change * change
    return square


class ProximalGradient:
    """Solves one alpha on a working set by accelerated proximal gradient steps."""

    def __init__(self):
        self.lipschitz = 1.0

    def reduce(self, problem, state, working, target, max_iter):
        """Iterate until the gap on the working set is at most `target`. Returns (gap, iterations)."""
        gap, iterations, counted = working.gap(state), 0, 0
        if gap <= target:
            return gap, 0
        norms, columns = working.norms**2, working.columns
        current, ahead = state, state.copy()
        momentum = 1.0
        while iterations < max_iter:
            new = self._step(problem, working, ahead)
            iterations += 1
            b, b_new, z = current.coef[columns], new.coef[columns], ahead.coef[columns]
            if norms @ ((z - b_new) * (b_new - b)) > 0.0:
                momentum = 1.0
            following = 0.5 * (1.0 + math.sqrt(1.0 + 4.0 * momentum**2))
            weight = (momentum - 1.0) / following
            momentum = following
            if iterations % CHECK == 0 or iterations == max_iter:
                working.correlate(new)
                gap = working.gap(new)
                problem.count_steps(iterations - counted, new, gap)
                counted = iterations
                if gap <= target:
                    current = new
                    break
            ahead = _extrapolate(problem, columns, current, new, weight)
            current = new
        state.restore(current)
        working.correlate(state)
        return working.gap(state), iterations

    def _step(self, problem, working, ahead):
        """One backtracked proximal gradient step from `ahead`."""
        columns = working.columns
        working.correlate(ahead)
        point, out = ahead.coef[columns], np.empty(columns.size)
        self.lipschitz *= 0.9
        while True:
            metric = self.lipschitz * working.norms**2
            square = proximal_step(point, working.correlation, metric, working.penalty, out)
            new = ahead.copy()
            working.move(new, out, exact=True)
            rise = (ahead.residual - new.residual) @ (new.eta - ahead.eta)
            if rise <= square * (1.0 + 1e-10) or square <= 1e-32 * problem.scale:
                return new
            self.lipschitz *= 1.5


def _extrapolate(problem, columns, old, new, weight):
    """The state new + weight (new - old), in coefficients, intercept and eta."""
    ahead = new.copy()
    ahead.place(
        columns,
        new.coef[columns] + weight * (new.coef[columns] - old.coef[columns]),
        new.intercept + weight * (new.intercept - old.intercept),
    )
    ahead.eta[:] += weight * (new.eta - old.eta)
    problem.linearise(ahead)
    return ahead
