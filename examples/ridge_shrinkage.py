"""What alpha does in ridge regression, ||y - X w||^2 + a ||w||^2: shrinkage curves, and the closed form.

fastreg divides the squares by 2 n, so that its alpha is a / n.
"""

import sys

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_diabetes

import fastreg


def main(picture="ridge_shrinkage.png"):
    data = load_diabetes()
    X, y, n = data.data, data.target - data.target.mean(), data.target.size
    strength = np.geomspace(1e3, 1e-3, 60)
    path = fastreg.fit_path(X, y, l1_ratio=0.0, alphas=strength / n, fit_intercept=False, tol=1e-12)
    curves = path.coefs.toarray()

    closed = np.column_stack([np.linalg.solve(X.T @ X + a * np.eye(10), X.T @ y) for a in strength])
    difference = np.abs(curves - closed).max() / np.abs(closed).max()
    lengths = np.linalg.norm(curves, axis=0)
    for k in range(0, 60, 10):
        print(f"a = {strength[k]:9.4g}   ||w|| = {lengths[k]:8.2f}")
    print(f"largest relative difference from the closed form: {difference:.1e}")
    assert path.converged and difference < 1e-8
    assert np.all(np.diff(lengths) > 0) and np.all(curves != 0)  # it shrinks, and sets nothing to zero

    figure = Figure(figsize=(8, 5), layout="constrained")
    ax = figure.subplots()
    for j, name in enumerate(data.feature_names):
        ax.plot(strength, curves[j], label=name, linestyle=("-", "--", ":")[j % 3])
    ax.plot(strength[::6], closed[:, ::6].T, "k.", markersize=3)
    ax.set(
        xscale="log",
        xlabel="a in ||y - X w||² + a ||w||²",
        ylabel="w",
        title="Ridge shrinks (dots: closed form)",
    )
    ax.legend(ncols=2, fontsize=8)
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:])
