"""The penalised quadratic of a working set, in two storages behind three verbs.

    minimise  -c'd + d'Hd/2 + sum_j [ l1_j |b_j + d_j| + l2_j (b_j + d_j)^2 / 2 ],   H = X_W' diag(h) X_W about h-means

GramModel holds H, |W| x |W|. ColumnModel holds the columns and multiplies with them: where |W| exceeds the rows' number
that is less memory, and for a GLM, whose h changes, less work than a Gram matrix of which few columns are used.

    hessian_row(j, columns, size, row)    row[a] = H_jk for k = columns[a], a < size
    hessian_diagonal(j)                   H_jj
    hessian_times(full, status, out)      out_j = (H full)_j for every column j that is not ACTIVE
"""

from typing import NamedTuple

import numpy as np

from fastreg._jit import verb

for _name, _arity in {"hessian_row": 4, "hessian_diagonal": 1, "hessian_times": 3}.items():
    verb(_name, _arity)

INACTIVE, ACTIVE, PARKED = 0, 1, 2


class GramModel(NamedTuple):
    """H as a matrix; its leading rows and columns belong to the working set."""

    gram: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    coef: np.ndarray
    correlation: np.ndarray  # c - H d at the present coefficients

    def hessian_row(self, j, columns, size, row):
        for a in range(size):
            row[a] = self.gram[j, columns[a]]

    def hessian_diagonal(self, j):
        return self.gram[j, j]

    def hessian_times(self, full, status, out):
        m, moving = full.size, 0
        for k in range(m):
            moving += full[k] != 0.0
        if 2 * moving < m:  # by rows of what moves, or by rows of what is asked for, whichever are fewer
            out[:] = 0.0
            for k in range(m):
                if full[k] != 0.0:
                    row, amount = self.gram[k], full[k]
                    for j in range(m):
                        out[j] += amount * row[j]
        else:
            for j in range(m):
                if status[j] != ACTIVE:
                    total, row = 0.0, self.gram[j]
                    for k in range(m):
                        total += full[k] * row[k]
                    out[j] = total

    def block(self, columns):
        """H of some columns, as a matrix."""
        return self.gram[np.ix_(columns, columns)]


class ColumnModel(NamedTuple):
    """H by its factors: the columns (held as rows of `values`), the curvature h and the columns' h-means."""

    values: np.ndarray
    h: np.ndarray
    mean: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    coef: np.ndarray
    correlation: np.ndarray

    def hessian_row(self, j, columns, size, row):
        weighted = np.empty(self.h.size)
        for i in range(self.h.size):
            weighted[i] = self.h[i] * (self.values[j, i] - self.mean[j])
        for a in range(size):
            total, values = 0.0, self.values[columns[a]]
            for i in range(weighted.size):
                total += weighted[i] * values[i]
            row[a] = total

    def hessian_diagonal(self, j):
        total = 0.0
        for i in range(self.h.size):
            total += self.h[i] * (self.values[j, i] - self.mean[j]) ** 2
        return total

    def hessian_times(self, full, status, out):
        change, middle = np.zeros(self.h.size), 0.0
        for k in range(full.size):
            if full[k] != 0.0:
                values, amount = self.values[k], full[k]
                middle += amount * self.mean[k]
                for i in range(change.size):
                    change[i] += amount * values[i]
        for i in range(change.size):
            change[i] = self.h[i] * (change[i] - middle)
        for j in range(full.size):
            if status[j] != ACTIVE:
                total, values = 0.0, self.values[j]
                for i in range(change.size):
                    total += change[i] * values[i]
                out[j] = total

    def block(self, columns):
        """H of some columns, as a matrix."""
        root = (self.values[columns] - self.mean[columns, None]) * np.sqrt(self.h)
        return root @ root.T
