"""One certified point of a path of several responses."""

import numpy as np

from fastreg.interface.reasons import SEPARABLE, reason_for
from fastreg.paths.fit import Point


def make_multi_point(fit, gap, iterations, alpha, method):
    """The state as a Point: values (columns, K), intercepts (K,), its relative gap and the reason why it ended."""
    problem, state = fit.problem, fit.state
    relative, loss = gap / problem.scale, problem.loss(state)
    if (alpha == 0.0 or problem.unbounded) and fit.null.separates(loss):
        reason = SEPARABLE
    else:
        reason = reason_for(relative, fit.tol, iterations, fit.max_iter)
    columns = np.flatnonzero(state.matrix.any(axis=1))
    values, intercepts = state.matrix[columns], state.intercepts.copy()
    if not problem.family.quadratic:  # along equal steps of all classes, where nothing else decides
        intercepts -= intercepts.mean()
        unpenalised = np.isin(columns, problem.free) if alpha > 0.0 else np.ones(columns.size, dtype=bool)
        values[unpenalised] -= values[unpenalised].mean(axis=1)[:, None]
    return Point(columns, values, intercepts, float(relative), iterations, reason, loss, method)
