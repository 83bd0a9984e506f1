"""Which columns may violate their threshold at the points of a block, from residuals whose products with X are known.

A residual r is a mixture of those, sum_k a_k r_k, and a rest: |x_j'r| <= |sum_k a_k c_kj| + N_j ||rest||, in the metric
of the weights (certificates.References). The mixture of least rest solves the normal equations; whatever solves them
roughly gives a bound, too.
"""

import math

from fastreg._jit import kernel
from fastreg.solvers.cholesky import solve_factored
from fastreg.vectors import copy_values

STRIPE = 512  # columns whose bounds are taken at all points of a block while they are in the cache
LOST_DIGITS = 1e-14  # of the squares whose difference is a radius squared


@kernel
def mixtures(references, inner, squares, factor, mixes, radii):
    """The mixture a of the references for each point, and the norm of what is left.

    `references` are the (products, sizes, number) of those that are kept, `inner` (points, references) their products
    with the points' residuals, whose `squares` are known; `factor` is room. `mixes` holds zeros.
    """
    products, sizes, count = references
    decompose(products, count, factor)
    for k in range(radii.size):
        mix, here = mixes[k], inner[k]
        copy_values(here, mix)
        solve_factored(factor, count, mix)
        rest, size = squares[k], 0.0
        for i in range(count):
            product = 0.0
            for l in range(count):
                product += products[i, l] * mix[l]
            rest += mix[i] * (product - 2.0 * here[i])
            size += abs(mix[i]) * sizes[i]
        radii[k] = math.sqrt(max(rest, 0.0) + LOST_DIGITS * (squares[k] + size * size))


@kernel
def decompose(products, count, factor):
    """The Cholesky factor of the first `count` rows and columns, with enough on the diagonal for dependent ones."""
    jitter = 1e-300
    for i in range(count):
        jitter += LOST_DIGITS * products[i, i]
    for i in range(count):
        for j in range(i + 1):
            value = products[i, j] + (jitter if i == j else 0.0)
            for l in range(j):
                value -= factor[i, l] * factor[j, l]
            factor[i, j] = math.sqrt(max(value, jitter)) if i == j else value / factor[j, j]


@kernel
def columns_reaching(bounds, exact, alphas, norms, factor, contains, excess, found):
    """List the columns outside the working set that exceed their threshold at the last point, where they are known
    exactly, or may do so at an earlier one; `excess` is room for a stripe. Returns how many."""
    known, mixes, radii = bounds
    count, last = 0, alphas.size - 1
    for start in range(0, norms.size, STRIPE):
        size = min(STRIPE, norms.size - start)
        first, second, third, fourth = known[0, start:], known[1, start:], known[2, start:], known[3, start:]
        norm, weight = norms[start:], factor[start:]
        for j in range(size):
            excess[j] = abs(exact[start + j]) - alphas[last] * weight[j]
        for k in range(last):
            a, b, c, d, radius, alpha = mixes[k, 0], mixes[k, 1], mixes[k, 2], mixes[k, 3], radii[k], alphas[k]
            for j in range(size):
                there = abs(a * first[j] + b * second[j] + c * third[j] + d * fourth[j]) + radius * norm[j]
                excess[j] = max(excess[j], there - alpha * weight[j])
        for j in range(size):
            if excess[j] > 0.0 and norm[j] > 0.0 and not contains[start + j]:
                found[count] = start + j
                count += 1
    return count
