"""Linear predictors of held-out rows at every point of the folds' paths."""

import numpy as np

from fastreg.design.row_subsets import SHARE


def predictions_of(problem, paths, tests):
    """Yield (held-out rows, their linear predictors (points, rows)) of every fold."""
    longest = [max(point.columns.size for point in points) for points in paths]
    values = sum(len(points) * (size + test.size) for points, size, test in zip(paths, longest, tests))
    together = max(1, problem.stored * len(tests) // (SHARE * max(values, 1)))
    for first in range(0, len(tests), together):
        some, parts = paths[first : first + together], tests[first : first + together]
        columns = np.unique(np.concatenate([point.columns for points in some for point in points]))
        coefs = [coefficients(points, columns) for points in some]
        for points, test, product in zip(some, parts, problem.design.part_products(parts, columns, coefs)):
            product += np.array([point.intercept for point in points])
            product += problem.offset[test, None]
            yield test, product.T


def coefficients(points, columns):
    """The coefficients of some columns at every point: (columns, points)."""
    out, places = np.zeros((columns.size, len(points))), np.concatenate([point.columns for point in points])
    which = np.repeat(np.arange(len(points)), [point.columns.size for point in points])
    out[np.searchsorted(columns, places), which] = np.concatenate([point.values for point in points])
    return out
