"""Columns that may violate their threshold at the points of a batch, from residuals r_k with known c_k = X'r_k.

For any coefficients a, a residual r has |x_j'r| <= |sum_k a_k c_kj| + N_j ||r - sum_k a_k r_k||, in the norm of
duality_gap.References. The coefficients of the smallest remainder solve the normal equations; approximate solutions
give valid bounds, too.

Most columns are far below their threshold at every point. As functions of alpha the coefficients, divided by alpha, are
close to a few chords of a curve. A bound at the ends of the chords, with a larger radius, therefore rules out all but a
few columns; these are then tested at every point.
"""

import math

from fastreg.design.dense_products import TILE
from fastreg.numerics.arrays import copy_values
from fastreg.numerics.cholesky import solve_factored
from fastreg.numerics.jit import inlined_kernel, inner_kernel, kernel
from fastreg.objective.duality_gap import ROUNDED

ENDS = 4  # end points of the three consecutive chords


@kernel
def mixtures(references, inner, squares, factor, mixes, radii):
    """Write the coefficients a of each point into `mixes` (zeros before), the norm of its remainder into `radii`.

    `references` is (products r_k'r_l, norms, number) of the reference residuals, `inner` (points, references) their
    products with the points' residuals, whose squared norms are `squares`; `factor` is scratch memory.
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
        radii[k] = math.sqrt(max(rest, 0.0) + ROUNDED * (squares[k] + size * size))


@inner_kernel
def decompose(products, count, factor):
    """Write the Cholesky factor of the first `count` rows and columns, with a small ridge for dependent ones."""
    jitter = 1e-300
    for i in range(count):
        jitter += ROUNDED * products[i, i]
    for i in range(count):
        for j in range(i + 1):
            value = products[i, j] + (jitter if i == j else 0.0)
            for l in range(j):
                value -= factor[i, l] * factor[j, l]
            factor[i, j] = math.sqrt(max(value, jitter)) if i == j else value / factor[j, j]


@kernel
def columns_reaching(references, points, exact, outside, scratch, found):
    """Write to `found` the columns outside the working set that exceed their threshold at the last point, where their
    correlations are known exactly (`exact`), or may do so at an earlier one. Returns their number.

    `references` is (products, norms, correlations), `points` (mixes, radii, alphas), `outside` (norms, factors, whether
    in the working set) of all columns; `scratch` is scratch memory.
    """
    (products, sizes, known), (mixes, radii, alphas), (norms, factor, contains) = references, points, outside
    ends, apart, excess = scratch
    radius = chords(products, sizes, points, ends, apart)
    count, last = 0, alphas.size - 1
    for q in range(columns_near(known, ends, radius, exact, alphas[last], norms, factor, excess, found)):
        j = found[q]
        first, second, third, fourth, norm = known[0, j], known[1, j], known[2, j], known[3, j], norms[j]
        over = 1 if abs(exact[j]) > alphas[last] * factor[j] else 0
        for k in range(last):
            there = abs(mixes[k, 0] * first + mixes[k, 1] * second + mixes[k, 2] * third + mixes[k, 3] * fourth)
            over += not there + radii[k] * norm <= alphas[k] * factor[j]  # NaN counts as a violation
        if over > 0 and norm > 0.0 and not contains[j]:
            found[count] = j
            count += 1
    return count


@inner_kernel
def columns_near(known, ends, radius, exact, least, norms, factor, excess, found):
    """Write to `found` the columns that exceed their threshold at the last point, or may do so at an earlier one by the
    bound from the chords (or whose bound is NaN). Returns their number."""
    count = 0
    (a, b, c, d), (e, f, g, h), (k, l, m, n), (p, q, r, s) = four(ends[0]), four(ends[1]), four(ends[2]), four(ends[3])
    for start in range(0, norms.size, TILE):
        size = min(TILE, norms.size - start)
        first, second, third, fourth = known[0, start:], known[1, start:], known[2, start:], known[3, start:]
        here, norm, weight = exact[start:], norms[start:], factor[start:]
        for j in range(size):
            w, x, y, z = first[j], second[j], third[j], fourth[j]
            left, right = abs(a * w + b * x + c * y + d * z), abs(e * w + f * x + g * y + h * z)
            left = left if left > right else right
            right = abs(k * w + l * x + m * y + n * z)
            left = left if left > right else right
            right = abs(p * w + q * x + r * y + s * z)
            left = (left if left > right else right) + radius * norm[j] - weight[j]
            right = abs(here[j]) - least * weight[j]
            excess[j] = left if left > right else right
        for j in range(size):
            if not excess[j] <= 0.0:
                found[count] = start + j
                count += 1
    return count


@inlined_kernel
def four(values):
    return values[0], values[1], values[2], values[3]


@inner_kernel
def chords(products, sizes, points, ends, apart):
    """Write the ends of the chords, coefficients over alpha. Returns a radius: at every point |c_j| / alpha exceeds the
    largest of column j at the ends by at most radius * N_j. `apart` is scratch memory.
    """
    mixes, radii, alphas = points
    chord, rest, last, radius = apart[0], apart[1], radii.size - 1, 0.0
    ends[:] = 0.0
    if last < 0:
        return radius
    for e in range(ENDS):
        k = last * e // (ENDS - 1)
        for i in range(sizes.size):
            ends[e, i] = mixes[k, i] / alphas[k]
    for e in range(ENDS - 1):
        for i in range(sizes.size):
            chord[i] = ends[e + 1, i] - ends[e, i]
        square = inner(products, chord, chord)
        for k in range(last * e // (ENDS - 1), last * (e + 1) // (ENDS - 1) + 1):
            size = 0.0
            for i in range(sizes.size):
                here = mixes[k, i] / alphas[k]
                rest[i] = here - ends[e, i]
                size += (abs(here) + abs(ends[e, i]) + abs(ends[e + 1, i])) * sizes[i]
            along = inner(products, rest, chord) / square if square > 0.0 else 0.0
            along = min(max(along, 0.0), 1.0)
            for i in range(sizes.size):
                rest[i] -= along * chord[i]
            wide = math.sqrt(max(inner(products, rest, rest), 0.0) + ROUNDED * size * size) + radii[k] / alphas[k]
            if not math.isfinite(wide):
                return math.inf
            radius = max(radius, wide)
    return radius


@inner_kernel
def inner(products, left, right):
    """left' products right: the inner product of two linear combinations of residuals."""
    total = 0.0
    for i in range(left.size):
        for l in range(right.size):
            total += left[i] * products[i, l] * right[l]
    return total
