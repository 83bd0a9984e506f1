"""The penalised quadratic model of a working set, with H as a matrix or by its factors.

    minimise  -c'd + d'Hd/2 + sum_j [ l1_j |b_j + d_j| + l2_j (b_j + d_j)^2 / 2 ],   H = X_W' diag(h) X_W about h-means

with b + d within the bounds. A bound of zero makes the threshold on its side infinite; at any other bound a column can
be AT_BOUND. H is stored as a matrix, |W| x |W|, or by its factors: the columns, the curvature h and the columns'
h-means. If |W| exceeds the number of rows, the factors take less memory and, for a GLM, whose h changes, less work than
a Gram matrix of which few columns are used. Both have one type, so that kernels compile once.
"""

import math
from typing import NamedTuple

import numpy as np

from fastreg.numerics.jit import inlined_kernel, inner_kernel, kernel

INACTIVE, ACTIVE, DEPENDENT, AT_BOUND = range(4)


class Quadratic(NamedTuple):
    """The model, with the current coefficients."""

    gram: np.ndarray  # H in its leading rows and columns; of size 0 with factors
    rows: np.ndarray  # the columns of the working set, as rows; of size 0 with a matrix
    h: np.ndarray
    mean: np.ndarray  # h-means of the columns
    spare: np.ndarray  # scratch memory (n,); of size 0 with a matrix
    l1: np.ndarray
    l2: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    coef: np.ndarray
    correlation: np.ndarray  # c - H d at the current coefficients

    def block(self, columns):
        """H + L2 of some columns, (columns, columns); the lower triangle alone is valid."""
        if self.gram.size:
            out = np.empty((columns.size, columns.size))
            gather_lower(self.gram, columns, out)
        else:
            root = (self.rows[columns] - self.mean[columns, None]) * np.sqrt(self.h)
            out = root @ root.T
        out[np.diag_indices(columns.size)] += self.l2[columns]
        return out


def make_quadratic(working, state, anew):
    """The model at the working set's coefficients, with H in the form that takes less memory."""
    here = *working.penalty, state.coef[working.columns], working.correlation.copy()
    if working.block.wide():
        working.drop_gram()
        return by_factors(working, state, anew, here)
    working.update_gram(state, anew)
    return by_matrix(working, here)


def by_factors(working, state, anew, here):
    """The model with H by its factors; `here` are its fields from l1 on."""
    h, mean = working.update_curvature(state, anew)
    return Quadratic(np.empty((0, 0)), working.block.rows, h, mean, np.empty(h.size), *here)


def by_matrix(working, here):
    """The model with H as the working set's Gram matrix; `here` are its fields from l1 on."""
    nothing = np.empty(0)
    return Quadratic(working.gram, np.empty((0, 0)), nothing, nothing, nothing, *here)


@inlined_kernel
def threshold(model, j, sign):
    """The size of the correlation of this sign at which b_j leaves zero: l1_j, or infinite where a bound forbids it."""
    allowed = model.upper[j] > 0.0 if sign > 0.0 else model.lower[j] < 0.0
    return model.l1[j] if allowed else math.inf


@inlined_kernel
def stops_at_zero(model, j):
    """Whether b_j has a breakpoint at zero: an l1 penalty, or a bound of zero."""
    return model.l1[j] > 0.0 or model.lower[j] == 0.0 or model.upper[j] == 0.0


@kernel
def gather_lower(gram, columns, out):
    """Write the lower triangle of gram[columns][:, columns]; the upper one is not changed."""
    for a in range(columns.size):
        row, line = gram[columns[a]], out[a]
        for b in range(a + 1):
            line[b] = row[columns[b]]


@inner_kernel
def hessian_row(model, j, columns, size, row):
    """Write row[a] = H_jk for k = columns[a], a < size. Returns H_jj."""
    if model.gram.size > 0:
        for a in range(size):
            row[a] = model.gram[j, columns[a]]
        return model.gram[j, j]
    n, diagonal = model.h.size, 0.0
    weighted, own = model.spare, model.rows[j]
    for i in range(n):
        weighted[i] = model.h[i] * (own[i] - model.mean[j])
        diagonal += weighted[i] * (own[i] - model.mean[j])
    for a in range(size):
        total, other = 0.0, model.rows[columns[a]]
        for i in range(n):
            total += weighted[i] * other[i]
        row[a] = total
    return diagonal


@inner_kernel
def hessian_times(model, full, status, out):
    """Write out_j = (H full)_j for every column j that is not ACTIVE."""
    if model.gram.size > 0:
        gram_times(model.gram, full, status, out)
    else:
        factors_times(model, full, status, out)


@inner_kernel
def gram_times(gram, full, status, out):
    """`hessian_times` from the matrix: by rows of nonzero entries of `full`, or of entries of `out`, if fewer."""
    m, moving = full.size, 0
    for k in range(m):
        moving += full[k] != 0.0
    if 2 * moving < m:
        out[:] = 0.0
        for k in range(m):
            if full[k] != 0.0:
                row, amount = gram[k], full[k]
                for j in range(m):
                    out[j] += amount * row[j]
        return
    for j in range(m):
        if status[j] != ACTIVE:
            total, row = 0.0, gram[j]
            for k in range(m):
                total += full[k] * row[k]
            out[j] = total


@inner_kernel
def factors_times(model, full, status, out):
    """`hessian_times` from the factors: X_W' h (X_W full) about the means."""
    change, middle = model.spare, 0.0
    change[:] = 0.0
    for k in range(full.size):
        if full[k] != 0.0:
            values, amount = model.rows[k], full[k]
            middle += amount * model.mean[k]
            for i in range(change.size):
                change[i] += amount * values[i]
    for i in range(change.size):
        change[i] = model.h[i] * (change[i] - middle)
    for j in range(full.size):
        if status[j] != ACTIVE:
            total, values = 0.0, model.rows[j]
            for i in range(change.size):
                total += change[i] * values[i]
            out[j] = total
