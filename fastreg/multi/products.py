"""Products of X, or of a working set's columns, with many vectors at once: one read of X serves all of them."""

from functools import singledispatch

import numpy as np
import scipy.sparse as sp

from fastreg.design.column_products import combine
from fastreg.design.dense_products import sum_over_rows
from fastreg.design.designs import DenseDesign, SparseDesign
from fastreg.design.panels import Panels
from fastreg.design.working_columns import DenseBlock, PlainBlock


@singledispatch
def correlate(design, residual):
    """X'R, (p, K), for residuals (K, n)."""
    return design.correlate_each(residual).T


@correlate.register
def _(design: DenseDesign, residual):
    return design.correlate_many(residual.T)


@correlate.register(SparseDesign)
@correlate.register(PlainBlock)
def _(design, residual):
    return np.stack([design.correlate(row) for row in residual], axis=1)


@correlate.register
def _(design: DenseBlock, residual):
    return design.rows[: design.columns.size] @ residual.T


@singledispatch
def expand(design, steps):
    """(X steps)', (K, n), for steps (p, K); a working set's columns are centred."""
    return design.predict_many(steps).T


@expand.register
def _(design: DenseDesign, steps):
    return sum_over_rows(design.columns, lambda some, part: steps[some].T @ part)


@expand.register
def _(design: SparseDesign, steps):
    out = np.zeros((steps.shape[1], design.n_rows))
    for row, values in zip(out, np.ascontiguousarray(steps.T)):
        combine(design, np.arange(values.size), values, row)
    return out


@expand.register(PlainBlock)
def _(design, steps):
    return np.stack([design.predict(row) for row in np.ascontiguousarray(steps.T)])


@expand.register
def _(design: DenseBlock, steps):
    return design.predict_each(steps.T)


@singledispatch
def pair_products(block, places, classes, factors, others, start):
    """(rows from `start` on of Z Z', Z others): row q of Z is column places[q] of X, scaled by factors[classes[q]]."""
    pointer, rows, values = block.stored_values(places)
    scaled = values * factors[np.repeat(classes, np.diff(pointer)), rows]
    Z = sp.csr_array((scaled, rows, pointer), shape=(classes.size, factors.shape[1]))
    return (Z[start:] @ Z.T).toarray(), Z @ others


@pair_products.register(DenseBlock)
@pair_products.register(Panels)
def _(block, places, classes, factors, others, start):
    Z = block.take(places)
    Z *= factors[classes]
    return Z[start:] @ Z.T, Z @ others
