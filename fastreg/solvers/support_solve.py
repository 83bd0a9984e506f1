"""The exact solution of least squares on the support of a descent, by one linear system.

On the support S with signs s the minimiser solves  (H_SS + L2) d = c_S - l1 s - L2 b_S,  if no sign changes.
Coefficients at a bound stay there, and the others must remain within theirs.
"""

import numpy as np

from fastreg.numerics.cholesky import LEAST_PIVOT
from fastreg.solvers.choice import support_solve_pays


def solve_support(working, state):
    """Move to the minimiser over the support of `working`, if that pays, its signs are the same and its columns are
    independent. Returns whether it has moved."""
    coef, problem = state.coef[working.columns], working.problem
    support = (coef if problem.bounds is None else (coef != 0.0) & working.bounds.inside(coef)).nonzero()[0]
    if not support_solve_pays(problem, support.size):
        return False
    part = working.part(support)
    part.update_gram(state, True)
    old, size = state.coef[part.columns], support.size
    system = part.gram[:size, :size] + np.diag(part.l2)
    try:
        pivots = np.diag(np.linalg.cholesky(system)) ** 2
    except np.linalg.LinAlgError:
        return False
    if np.all(pivots > LEAST_PIVOT * np.diag(system)):
        new = old + np.linalg.solve(system, part.correlation - part.l1 * np.sign(old) - part.l2 * old)
        within = problem.bounds is None or np.array_equal(problem.bounds.on(part.columns).clip(new), new)
        if within and np.all((new * old > 0.0) | (part.l1 == 0.0)):
            part.move(state, new, True)
            return True
    return False
