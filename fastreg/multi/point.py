"""One certified point of a path of several responses."""

import numpy as np

from fastreg.interface.reasons import SEPARABLE, reason_for
from fastreg.paths.fit import Point


def make_multi_point(fit, gap, iterations, alpha, method):
    """The state as a Point: values (columns, K), intercepts (K,), its relative gap and the reason why it ended."""
    problem, state = fit.problem, fit.state
    relative, loss = gap / problem.scale, problem.loss(state)
    units = np.flatnonzero(state.coef)
    held = problem.bounds is not None and np.all(np.isfinite(problem.bounds.on(units).distance(state.coef[units])))
    if (alpha == 0.0 or problem.unbounded) and not held and fit.null.separates(loss):
        reason = SEPARABLE
    else:
        reason = reason_for(relative, fit.tol, iterations, fit.max_iter)
    columns = np.flatnonzero(state.matrix.any(axis=1))
    values = state.matrix[columns]
    intercepts = problem.fitted_intercept(state.intercepts.copy(), columns, values)
    if not problem.family.quadratic:
        # The same number added to all classes changes no probability. Where neither a penalty nor bounds decide on it,
        # coefficients sum to zero over the classes.
        intercepts -= intercepts.mean()
        open_to_steps = problem.free if alpha > 0.0 else problem.unbounded_columns(problem.columns)
        moved = np.isin(columns, open_to_steps)
        values[moved] -= values[moved].mean(axis=1)[:, None]
    return Point(columns, values, intercepts, float(relative), iterations, reason, loss, method)
