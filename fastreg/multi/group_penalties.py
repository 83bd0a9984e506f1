"""Penalties on a (p, K) matrix of coefficients, by units that are zero or not as a whole.

    Entries     sum_jk l1_j |B_jk| + l2_j B_jk^2 / 2       a unit is one coefficient, number j K + k
    Rows        sum_j  l1_j |B_j|_2 + l2_j |B_j|_2^2 / 2   a unit is one column of X, number j: it enters for all
                                                           responses or none

with l1_j = alpha rho v_j s_j and l2_j = alpha (1 - rho) v_j s_j^2 as in fastreg.objective.penalties. A unit has a row
of a (units, size) matrix: size 1 for entries, K for rows. With c the correlations of a dual direction, its share of a
gap at the dual point s is

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

    def shaped(self, matrix):
        """The units of a (p, K) matrix, as a view (units, size)."""
        return matrix.reshape(-1, 1)

    def bounds(self, norms, radii):
        """(radius, norm of each unit) that bound the error of every unit's correlation by their product."""
        top = max(float(radii.max()), 1e-300)
        return top, np.outer(norms, radii / top).ravel()

    def columns_of(self, units):
        return units // self.K


class Rows:
    """The K coefficients of a column of X are one unit."""

    together = True

    def __init__(self, K):
        self.K, self.size, self.a_column = K, K, 1

    def shaped(self, matrix):
        return matrix

    def bounds(self, norms, radii):
        return float(np.sqrt(radii @ radii)), norms

    def columns_of(self, units):
        return units


@kernel
def unit_sizes(values, out):
    """Euclidean length of every unit."""
    for u in range(values.shape[0]):
        if values.shape[1] == 1:
            out[u] = abs(values[u, 0])
            continue
        total = 0.0
        for k in range(values.shape[1]):
            total += values[u, k] * values[u, k]
        out[u] = math.sqrt(total)


def lengths(values):
    """Euclidean length of every unit of a (units, size) matrix."""
    out = np.empty(values.shape[0])
    unit_sizes(values, out)
    return out


def value(coef, l1, l2):
    """The penalty of a (units, size) matrix."""
    size = lengths(coef)
    return float(l1 @ size + 0.5 * (l2 @ size**2))


@kernel
def unit_scale(correlation, l1, l2, only_lasso):
    """The largest s <= 1 with |s c_u| <= l1_u; over units with l2_u = 0 alone if `only_lasso`."""
    scale = 1.0
    for u in range(correlation.shape[0]):
        if l1[u] > 0.0 and (l2[u] == 0.0 or not only_lasso):
            size = 0.0
            for k in range(correlation.shape[1]):
                size += correlation[u, k] * correlation[u, k]
            size = math.sqrt(size)
            if size * scale > l1[u]:
                scale = l1[u] / size
    return scale


@kernel
def unit_terms(correlation, coef, l1, l2, s):
    """The units' share of the gap at the dual point s. Unpenalised units count as orthogonal to it.

    Where |c| > l1 and l2 > 0 it is |(1 - l1 / |c|) c - l2 b|^2 / (2 l2) + l1 (|b| - c'b / |c|), with nothing to cancel.
    """
    total = 0.0
    for u in range(correlation.shape[0]):
        if l1[u] == 0.0 and l2[u] == 0.0:
            continue
        cc, cb, bb = 0.0, 0.0, 0.0
        for k in range(correlation.shape[1]):
            c, b = s * correlation[u, k], coef[u, k]
            cc += c * c
            cb += c * b
            bb += b * b
        size, length = math.sqrt(cc), math.sqrt(bb)
        if l2[u] == 0.0:
            if size > l1[u] * (1.0 + 4e-16 * (2 + correlation.shape[1])):
                return math.inf
            total += max(l1[u] * length - cb, 0.0)
        elif size <= l1[u]:
            total += max(l1[u] * length - cb + 0.5 * l2[u] * bb, 0.0)
        else:
            rest, shrink = 0.0, 1.0 - l1[u] / size
            for k in range(correlation.shape[1]):
                rest += (shrink * s * correlation[u, k] - l2[u] * coef[u, k]) ** 2
            total += rest / (2.0 * l2[u]) + l1[u] * max(length - cb / size, 0.0)
    return total


@kernel
def steering_terms(correlation, coef, l1, l2, free, scale):
    """The gap to first order, from the units alone: see fastreg.objective.duality_gap.steering_gap."""
    mismatch, size, gain, s, exact = 0.0, 0.0, 0.0, 1.0, 0.0
    for u in range(correlation.shape[0]):
        cc, bb = 0.0, 0.0
        for k in range(correlation.shape[1]):
            cc += correlation[u, k] * correlation[u, k]
            bb += coef[u, k] * coef[u, k]
        reach, length = math.sqrt(cc), math.sqrt(bb)
        if l1[u] == 0.0 and l2[u] == 0.0:
            gain += cc / (2.0 * free[u]) if free[u] > 0.0 else 0.0
        elif length > 0.0 or l1[u] == 0.0:
            off = 0.0
            for k in range(correlation.shape[1]):
                direction = coef[u, k] / length if length > 0.0 else 0.0
                off += (correlation[u, k] - (l1[u] * direction + l2[u] * coef[u, k])) ** 2
            mismatch += off / (2.0 * l2[u]) if l1[u] == 0.0 else math.sqrt(off) * length
            size += l1[u] * length
        elif reach * s > l1[u]:
            s = l1[u] / reach
    exact = unit_terms(correlation, coef, l1, l2, 1.0)
    return gain + min(exact, mismatch + (1.0 - s) * size + (1.0 - s) ** 2 * scale)
