"""Second derivatives of the multinomial's loss in pairs of a column and a class, (j, k).

With intercepts eliminated, entry (j k, l m) is that of sum_i w_i x_ij x_il mean_ik (delta_km - mean_im).
"""

import numpy as np

from fastreg.multi.products import pair_products


def hessian_rows(problem, block, places, classes, mean, intercepts, start=0):
    """The rows from `start` on, for pairs of the columns `places` of a block and `classes`, at the means (K, n).

    `intercepts` is the pseudo-inverse of the intercepts' curvature.
    """
    K, weight = problem.K, np.sqrt(problem.weight)
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
    if problem.fit_intercept:
        gram -= cross[start:] @ intercepts @ cross.T
    gram[:, start:] = 0.5 * (gram[:, start:] + gram[:, start:].T)
    return gram
