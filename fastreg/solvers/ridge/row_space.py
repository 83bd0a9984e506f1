"""Newton's method for ridge GLMs with more columns than rows, in the dual: X is read at the start and at the end.

With K = (X - c) L2^-1 (X - c)' a point is b = L2^-1 (X - c)'a for a dual variable a (n,): eta is K a plus intercept and
offset, the penalty is a'K a / 2, and at the optimum a is the residual r. A Newton step, whose length is found by a line
search, solves a system in I + S K S, S = sqrt(h); the duality gap is (r - a)'K (r - a) / 2. K is computed once for a
path, since L2 changes by a multiplier alone. Coefficients, eta and the reported gap are then computed from X.

Source: Rasmussen and Williams (2006), section 3.4, for the stable system.
"""

import math

import numpy as np

from fastreg.numerics.threads import linalg
from fastreg.solvers.line_search import smooth_step_length

SHARE = 0.5  # gap at which steps end over the gap wanted, since the certified one may be larger
CURVATURE_FLOOR = 1e-10  # least curvature over the weight, so that rows that are fitted perfectly have a pivot


class RowSpace:
    """K of a set of penalised columns, and the dual variable of the last point."""

    def __init__(self, problem, columns, l2):
        self.problem, self.columns = problem, columns
        self.kernel = problem.row_gram(columns, l2)
        self.l2 = l2
        self.last = np.zeros(columns.size), np.zeros(problem.n), l2[0]  # coefficients, dual variable, l2[0]

    def kernel_at(self, l2):
        """K for the ridge penalties `l2`, a multiple of the first ones."""
        return self.kernel * (self.l2[0] / l2[0])

    def start(self, state, l2):
        """The dual variable of the state's coefficients at `l2`; None unless they are those of the last point."""
        coef, dual, scale = self.last
        return dual * (l2[0] / scale) if np.array_equal(state.coef[self.columns], coef) else None

    def solve(self, state, l2, target, max_iter):
        """Newton steps until the gap is at most `target`, or no step helps. Updates the state; returns the steps."""
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
            if problem.watcher is not None:  # a watcher is given the coefficients of every step
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
        """Set the state's coefficients, intercept and eta, computed from X."""
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
    """The duality gap, from the residual less the dual variable."""
    return 0.5 * float(distance @ (kernel @ distance))
