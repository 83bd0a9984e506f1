"""All columns of X in another order are not taken for all columns in theirs."""

import numpy as np
import pytest
import scipy.sparse as sp

from fastreg.design.designs import as_design

X = np.asfortranarray(np.random.default_rng(3).normal(size=(12, 5)))
ORDER = np.array([3, 0, 4, 1, 2])


@pytest.mark.parametrize("stored", [X, X.astype(np.float32), sp.csc_array(X), sp.csc_array(X.astype(np.float32))])
def test_products_of_all_columns_in_another_order(stored):
    design, h, centre, parts = (
        as_design(stored),
        np.linspace(1.0, 2.0, 12),
        X.mean(axis=0),
        [np.arange(4), np.arange(4, 12)],
    )
    values, scale, coefs = X[:, ORDER], np.linspace(1.0, 3.0, 5), np.arange(10.0).reshape(5, 2)
    centred = values - centre[ORDER]
    near = {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(design.gather(ORDER), values, **near)
    np.testing.assert_allclose(design.gram(ORDER, h, centre), (centred.T * h) @ centred, **near)
    np.testing.assert_allclose(design.row_gram(ORDER, scale, centre), (centred / scale) @ centred.T, **near)
    blocks = np.hstack([block for _, block in design.by_rows(ORDER, centre).blocks()])
    np.testing.assert_allclose(blocks, centred.T, **near)
    for rows, product in zip(parts, design.part_products(parts, ORDER, [coefs, coefs])):
        np.testing.assert_allclose(product, values[rows] @ coefs, **near)
