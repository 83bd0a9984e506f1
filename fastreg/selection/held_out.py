"""What the points of a fold's path say about the rows that it holds out."""

import numpy as np


def predictions_of(problem, points, rows):
    """The linear predictor of some rows at every point: (points, rows)."""
    columns = np.unique(np.concatenate([point.columns for point in points]))
    coefs = np.zeros((columns.size, len(points)))
    for k, point in enumerate(points):
        coefs[np.searchsorted(columns, point.columns), k] = point.values
    eta = problem.design.rows(rows, columns).predict_many(coefs).T
    eta += problem.offset[rows]
    eta += np.array([point.intercept for point in points])[:, None]
    return eta
