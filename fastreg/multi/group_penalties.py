"""Penalties on a (p, K) matrix B of coefficients, by units: what an l1 penalty makes zero together.

    Entries     sum_jk l1_j |B_jk| + l2_j B_jk^2 / 2       a unit is one coefficient, number j K + k
    Rows        sum_j  l1_j |B_j|_2 + l2_j |B_j|_2^2 / 2   a unit is a row of B, number j: the coefficients of column j
                                                           of X for all responses

with l1_j = alpha L_j and l2_j = alpha R_j as in fastreg.objective.penalties. Entries are penalised as the coefficients
of one response are, and the kernels for those serve them; the kernels here are for rows. With c the correlations of a
row's column with the K residuals, and b its coefficients, the row's share of the gap at the dual point s is

    l1 |b| + l2 |b|^2 / 2 + (|s c| - l1)_+^2 / (2 l2) - s c'b     (l2 = 0: |s c| <= l1, or it is infinite)
"""

import math

import numpy as np

from fastreg.numerics.jit import kernel


class Entries:
    """Each coefficient is a unit of its own."""

    together = False

    def __init__(self, K):
        self.K, self.size, self.a_column = K, 1, K

    def by_unit(self, matrix):
        """The entries of a (p, K) matrix, (p K,); a view."""
        return matrix.reshape(-1)

    def sizes(self, matrix):
        """Absolute values of the entries of a (p, K) matrix, (p K,)."""
        return np.abs(matrix.reshape(-1))

    def reach(self, norms, radii):
        """(radius, norm of each unit) whose product bounds the error of every unit's correlation, where response k's
        correlations are within radii_k times the norms of their columns."""
        top = max(float(radii.max()), 1e-300)
        return top, norms * np.tile(radii / top, norms.size // self.K)

    def columns_of(self, units):
        """The columns of X that units belong to."""
        return units // self.K


class Rows:
    """The K coefficients of a column of X are one unit."""

    together = True

    def __init__(self, K):
        self.K, self.size, self.a_column = K, K, 1

    def by_unit(self, matrix):
        """The rows of a (p, K) matrix, which they are."""
        return matrix

    def sizes(self, matrix):
        """Euclidean length of each row of a (p, K) matrix."""
        return lengths(matrix)

    def reach(self, norms, radii):
        """(radius, norm of each unit) whose product bounds the error of every unit's correlation, where response k's
        correlations are within radii_k times the norms of their columns."""
        return float(np.sqrt(radii @ radii)), norms

    def columns_of(self, units):
        """The columns of X that units belong to."""
        return units


def lengths(rows):
    """Euclidean length of each row of a matrix."""
    out = np.empty(rows.shape[0])
    row_lengths(rows, out)
    return out


def value(coef, l1, l2):
    """The penalty of rows (m, K)."""
    size = lengths(coef)
    return float(l1 @ size + 0.5 * (l2 @ size**2))


@kernel
def row_lengths(rows, out):
    """out[j] = |row j|."""
    for j in range(rows.shape[0]):
        total = 0.0
        for k in range(rows.shape[1]):
            total += rows[j, k] * rows[j, k]
        out[j] = math.sqrt(total)


@kernel
def row_scale(correlation, l1, l2, only_lasso):
    """The largest s <= 1 with |s c_j| <= l1_j; over rows with l2_j = 0 alone if `only_lasso`."""
    scale = 1.0
    for j in range(correlation.shape[0]):
        if l1[j] > 0.0 and (l2[j] == 0.0 or not only_lasso):
            size = 0.0
            for k in range(correlation.shape[1]):
                size += correlation[j, k] * correlation[j, k]
            size = math.sqrt(size)
            if size * scale > l1[j]:
                scale = l1[j] / size
    return scale


@kernel
def row_terms(correlation, coef, l1, l2, s):
    """The rows' share of the gap at the dual point s. Unpenalised rows count as orthogonal to it.

    Where |c| > l1 and l2 > 0 it is |(1 - l1 / |c|) c - l2 b|^2 / (2 l2) + l1 (|b| - c'b / |c|), with nothing to cancel.
    """
    total = 0.0
    for j in range(correlation.shape[0]):
        if l1[j] == 0.0 and l2[j] == 0.0:
            continue
        cc, cb, bb = 0.0, 0.0, 0.0
        for k in range(correlation.shape[1]):
            c, b = s * correlation[j, k], coef[j, k]
            cc += c * c
            cb += c * b
            bb += b * b
        size, length = math.sqrt(cc), math.sqrt(bb)
        if l2[j] == 0.0:
            if size > l1[j] * (1.0 + 4e-16 * (2 + correlation.shape[1])):
                return math.inf
            total += max(l1[j] * length - cb, 0.0)
        elif size <= l1[j]:
            total += max(l1[j] * length - cb + 0.5 * l2[j] * bb, 0.0)
        else:
            rest, shrink = 0.0, 1.0 - l1[j] / size
            for k in range(correlation.shape[1]):
                rest += (shrink * s * correlation[j, k] - l2[j] * coef[j, k]) ** 2
            total += rest / (2.0 * l2[j]) + l1[j] * max(length - cb / size, 0.0)
    return total


@kernel
def row_steering_gap(correlation, coef, l1, l2, free, scale):
    """The gap to first order, from the rows alone: see fastreg.objective.duality_gap.steering_gap."""
    mismatch, size, gain, s, exact = 0.0, 0.0, 0.0, 1.0, 0.0
    for j in range(correlation.shape[0]):
        cc, bb = 0.0, 0.0
        for k in range(correlation.shape[1]):
            cc += correlation[j, k] * correlation[j, k]
            bb += coef[j, k] * coef[j, k]
        reach, length = math.sqrt(cc), math.sqrt(bb)
        if l1[j] == 0.0 and l2[j] == 0.0:
            gain += cc / (2.0 * free[j]) if free[j] > 0.0 else 0.0
        elif length > 0.0 or l1[j] == 0.0:
            off = 0.0
            for k in range(correlation.shape[1]):
                direction = coef[j, k] / length if length > 0.0 else 0.0
                off += (correlation[j, k] - (l1[j] * direction + l2[j] * coef[j, k])) ** 2
            mismatch += off / (2.0 * l2[j]) if l1[j] == 0.0 else math.sqrt(off) * length
            size += l1[j] * length
        elif reach * s > l1[j]:
            s = l1[j] / reach
    exact = row_terms(correlation, coef, l1, l2, 1.0)
    return gain + min(exact, mismatch + (1.0 - s) * size + (1.0 - s) ** 2 * scale)
