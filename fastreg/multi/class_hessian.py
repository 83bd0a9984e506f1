"""Second derivatives of the multinomial's loss in pairs of a column and a class, (j, k).

With intercepts eliminated, entry (j k, l m) is that of sum_i w_i x_ij x_il mean_ik (delta_km - mean_im).
"""

import numpy as np

from fastreg.design.working_columns import DenseBlock
from fastreg.multi.products import pair_products


def hessian_rows(problem, block, places, classes, mean, intercepts, start=0):
    """The rows from `start` on, for pairs of the columns `places` of a block and `classes`, at the means (K, n).

    `intercepts` is the pseudo-inverse of the intercepts' curvature.
    """
    products = _new_products if start > 0 and isinstance(block, DenseBlock) else _all_products
    gram, cross = products(block, places, classes, mean, problem.weight, start)
    if problem.fit_intercept:
        gram -= cross[start:] @ intercepts @ cross.T
    gram[:, start:] = 0.5 * (gram[:, start:] + gram[:, start:].T)
    return gram


def _all_products(block, places, classes, mean, weight, start):
    """(the rows from `start` on for given intercepts, products of all pairs with the intercepts); by scaled copies of
    the columns of all pairs."""
    K, weight = mean.shape[0], np.sqrt(weight)
    gram, cross = pair_products(block, places, classes, weight * mean, (weight * mean).T, start)
    np.negative(gram, out=gram)
    np.negative(cross, out=cross)
    for k in range(K):
        own = np.flatnonzero(classes == k)
        root = weight * np.sqrt(mean[k])
        none, known = np.zeros(own.size, dtype=np.int64), int(np.searchsorted(own, start))
        part, sums = pair_products(block, places[own], none, root[None], root[:, None], known)
        gram[np.ix_(own[known:] - start, own)] += part
        cross[own, k] += sums[:, 0]
    return gram, cross


def _new_products(block, places, classes, mean, weight, start):
    """`_all_products` by scaled copies of the columns of the new pairs alone, for each class; quicker if they are
    few."""
    K, m = mean.shape[0], block.columns.size
    columns, rows, fresh = block.take(places[start:]), block.rows[:m], classes[start:]
    gram, cross = np.empty((fresh.size, classes.size)), np.empty((classes.size, K))
    for k in range(K):
        curvature = -(weight * mean[k]) * mean
        curvature[k] += weight * mean[k]
        own = np.flatnonzero(classes == k)
        gram[:, own] = ((columns * curvature[fresh]) @ rows.T)[:, places[own]]
        cross[own] = block.correlate_each(curvature)[:, places[own]].T
    return gram, cross
