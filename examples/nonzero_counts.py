"""lasso_path with scikit-learn's signature and return values: coefficients that are not zero at each alpha."""

import sys

import numpy as np
from matplotlib.figure import Figure
from sklearn import linear_model
from sklearn.datasets import load_diabetes

import fastreg


def main(picture="nonzero_counts.png"):
    X, y = load_diabetes(return_X_y=True)
    y = y - y.mean()  # as in scikit-learn, lasso_path fits no intercept
    alphas, coefs, gaps = fastreg.lasso_path(X, y, alphas=np.logspace(-4, 1, 50))
    counts = np.count_nonzero(coefs, axis=0)
    for k in range(0, 50, 7):
        print(f"alpha = {alphas[k]:9.4g}   {counts[k]:2d} not zero")

    expected = linear_model.lasso_path(X, y, alphas=np.logspace(-4, 1, 50), tol=1e-10, max_iter=100_000)
    np.testing.assert_array_equal(alphas, expected[0])
    np.testing.assert_allclose(coefs, expected[1], atol=0.1)
    np.testing.assert_array_equal(counts, np.count_nonzero(expected[1], axis=0))
    assert coefs.shape == (10, 50) and gaps.shape == (50,) and counts[0] == 0 and counts[-1] == 10
    print("the same alphas and counts as scikit-learn's lasso_path")

    figure = Figure(figsize=(7, 4), layout="constrained")
    ax = figure.subplots()
    ax.step(alphas, counts, where="mid", color="black")
    ax.set(xscale="log", xlabel="alpha", ylabel="coefficients that are not zero", title="Diabetes data, lasso")
    ax.invert_xaxis()
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:])
