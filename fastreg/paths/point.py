"""One certified point of a path."""

from dataclasses import dataclass

import numpy as np

from fastreg.interface.reasons import SEPARABLE, reason_for


@dataclass
class Point:
    """A point and its certificate; `method` is the strategy that found it."""

    columns: np.ndarray
    values: np.ndarray
    intercept: float
    gap: float
    iterations: int
    reason: str
    loss: float
    method: str


def make_point(problem, state, gap, iterations, tol, alpha, columns, method, max_iter=1):
    """The state as a point, with its relative gap and the reason why it ended; coefficients lie in `columns`.

    `max_iter` is how many iterations were allowed, which matters where the gap is above tol.
    """
    columns, relative = columns[state.coef[columns] != 0.0], gap / problem.scale
    loss = problem.loss(state)
    held = problem.bounds is not None and np.all(np.isfinite(problem.bounds.on(columns).room(state.coef[columns])))
    if (alpha == 0.0 or problem.unbounded) and not held and problem.family.separates(loss):
        reason = SEPARABLE
    else:
        reason = reason_for(relative, tol, iterations, max_iter)
    values = state.coef[columns]
    intercept = problem.fitted_intercept(state.intercept, columns, values)
    return Point(columns, values, intercept, float(relative), iterations, reason, loss, method)
