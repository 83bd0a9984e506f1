"""Newton's method for ridge GLMs with more columns than rows, in the space of rows: X is read at the start and the end.

With K = (X - c) L2^-1 (X - c)' a point is b = L2^-1 (X - c)'a for a dual variable a of n numbers: eta is K a but for
intercept and offset, the penalty is a'K a / 2, and at the optimum a is the residual r. A Newton step solves a system in
I + S K S, S = sqrt(h); its length comes from a search along the line; the duality gap is (r - a)'K (r - a) / 2.
K serves a whole path, since along it only one multiplier of L2 changes. Coefficients, eta and the gap that is reported
are then computed from X.

Source: Rasmussen and Williams (2006), section 3.4, for the stable system.
"""

import math

import numpy as np

from fastreg.numerics.threads import linalg
from fastreg.solvers.line_search import smooth_step_length

SHARE = 0.5  # of the gap wanted, which leaves room for what a certificate asks for more
CURVATURE_FLOOR = 1e-10  # times the weight: rows that are fitted perfectly still need a pivot


class RowSpace:
    """K of one set of penalised columns, and the dual variable of the last point."""

    def __init__(self, problem, columns, l2):
        self.problem, self.columns = problem, columns
        self.kernel = problem.row_gram(columns, l2)
        self.l2 = l2
        self.last = np.zeros(columns.size), np.zeros(problem.n), l2[0]  # coefficients, dual variable, and its l2[0]

    def kernel_at(self, l2):
        """K for ridge `l2`, a multiple of that of the start."""
        return self.kernel * (self.l2[0] / l2[0])

    def start(self, state, l2):
        """The dual variable that gives the state's coefficients at `l2`; None if they are not the last point's."""
        coef, dual, scale = self.last
        return dual * (l2[0] / scale) if np.array_equal(state.coef[self.columns], coef) else None

    def solve(self, state, l2, target, max_iter):
        """Newton steps until the gap is at most `target`, or no more helps. Updates the state; returns the steps."""
        problem, kernel, dual = self.problem, self.kernel_at(l2), self.start(state, l2)
        steps, gap = 0, _gap(kernel, state.residual - dual)
        while steps < max_iter and gap > SHARE * target:
            step = self._direction(state, kernel, dual)
            change = kernel @ step
            t = smooth_step_length(problem, state, change, float(step @ change), float(dual @ change))
            if t == 0.0 or not math.isfinite(t):
                break
            dual += t * step
            state.eta[:] += t * change
            problem.linearise(state)
            gap = _gap(kernel, state.residual - dual)
            if problem.watcher is not None:  # whoever watches sees the coefficients of this step as well
                state.coef[self.columns] = self._coefs(l2, dual)
            problem.count_steps(1, state, gap)
            steps += 1
        self._return(state, l2, dual)
        return steps

    def _direction(self, state, kernel, dual):
        """The step of the dual variable to the minimum of the quadratic model."""
        problem, lapack = self.problem, linalg()
        h = np.maximum(state.curvature, CURVATURE_FLOOR * problem.weight)
        root = np.sqrt(h)
        inverse = np.divide(1.0, root, out=np.zeros(root.size), where=root > 0.0)
        system = kernel * root
        system *= root[:, None]
        system[np.diag_indices_from(system)] += 1.0
        factor = lapack.cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
        solved = lapack.cho_solve(factor, inverse * state.residual + root * (kernel @ dual), check_finite=False)
        if problem.fit_intercept:
            ones = lapack.cho_solve(factor, root, check_finite=False)
            solved -= ones * ((root @ solved) / (root @ ones))
        return root * solved - dual

    def _coefs(self, l2, dual):
        return self.problem.correlate_some(dual, self.columns) / l2

    def _return(self, state, l2, dual):
        """Coefficients, intercept and eta from X."""
        problem, columns = self.problem, self.columns
        coef, intercept = self._coefs(l2, dual), state.intercept
        fitted = problem.offset + problem.predict(columns, coef)
        if problem.fit_intercept:
            middle = float(problem.weight @ (state.eta - fitted))
            fitted += middle
            intercept = middle - float(problem.centre[columns] @ coef)
        state.place(columns, coef, intercept)
        state.eta[:] = fitted
        problem.linearise(state)
        self.last = coef, dual, l2[0]


def _gap(kernel, distance):
    """The duality gap of a dual variable at this distance from the residual."""
    return 0.5 * float(distance @ (kernel @ distance))
