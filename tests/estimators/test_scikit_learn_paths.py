"""lasso_path and enet_path: scikit-learn's signature, return values and units of the gap."""

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.datasets import load_diabetes

import fastreg
from fastreg.estimators.to_sklearn import in_older_words

X, y = load_diabetes(return_X_y=True)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_against_scikit_learn(l1_ratio):
    ours = fastreg.enet_path(X, y, l1_ratio=l1_ratio, alphas=[0.01, 1.0, 0.1], tol=1e-12, return_n_iter=True)
    theirs = linear_model.enet_path(X, y, l1_ratio=l1_ratio, alphas=[0.01, 1.0, 0.1], tol=1e-14, max_iter=10**6)
    assert len(ours) == 4 and len(fastreg.lasso_path(X, y, alphas=2)) == 3
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-4, atol=1e-3)
    assert ours[2].shape == (3,) and np.all(ours[2] >= 0)
    grid = linear_model.enet_path(X, y, **in_older_words({"alphas": 5}))[0]
    np.testing.assert_allclose(fastreg.enet_path(X, y, alphas=5)[0], grid)


def test_gaps_are_absolute():
    """In units of the objective: they scale with the square of y and bound the distance to the optimum."""

    def objective(coef, alpha):
        return np.sum((y - X @ coef) ** 2) / (2 * y.size) + alpha * np.abs(coef).sum()

    loose = fastreg.lasso_path(X, y, alphas=[0.1], tol=1e-2, solver="proximal_gradient")
    tight = fastreg.lasso_path(X, y, alphas=[0.1], tol=1e-13)
    excess = objective(loose[1][:, 0], 0.1) - objective(tight[1][:, 0], 0.1)
    assert 0 < excess <= loose[2][0] <= 1e-2 * np.mean(y**2) / 2
