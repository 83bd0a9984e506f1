"""A coefficient kept below 0.9 by a bound that holds exactly, with a certificate, not by a step smoothed into the loss.

Five inputs that go together, a response, noise. Fitted freely the first coefficient comes out above 0.9; with upper=0.9
it is 0.9 to the last bit, the others make up for it as well as they can, and the duality gap of the bounded problem
proves that no fit within the bound is better. The second part asks the other question: the lasso whose coefficients'
sizes sum to no more than t, which is a point of the path.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import fastreg


def main(picture="bounded_coefficients.png"):
    rng = np.random.default_rng(0)
    n, p = 120, 5
    X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    y = X @ np.array([1.05, 0.4, -0.3, 0.2, 0.0]) + 0.5 * rng.normal(size=n)
    upper = np.full(p, np.inf)
    upper[0] = 0.9

    free = fastreg.fit_path(X, y, alphas=[0.0])
    bounded = fastreg.fit_path(X, y, alphas=[0.0], upper=upper)
    print("least squares   " + np.array2string(free.coefs.toarray().ravel(), precision=3))
    print("first <= 0.9    " + np.array2string(bounded.coefs.toarray().ravel(), precision=3))
    print(f"relative duality gap of the bounded fit: {bounded.gaps[0]:.1e}")
    assert free.coefs[0, 0] > 0.9 and bounded.coefs[0, 0] == 0.9 and bounded.converged

    path, kept = fastreg.fit_path(X, y), fastreg.fit_path(X, y, upper=upper)
    budget = 1.5
    alpha = alpha_of(path, budget)
    sizes = np.abs(path.refit(X, y, alpha).coefs.toarray()).sum()
    print(f"sizes sum to {sizes:.6f} at alpha = {alpha:.4f}")
    assert abs(sizes - budget) < 1e-3 and kept.coefs.max() == 0.9

    figure = Figure(figsize=(9, 4), layout="constrained")
    for ax, fit, title in zip(figure.subplots(1, 2, sharey=True), (path, kept), ("free", "first coefficient <= 0.9")):
        for j, line in enumerate(fit.coefs.toarray()):
            ax.plot(fit.alphas, line, color="#0072b2" if j == 0 else "0.6", label="first" if j == 0 else None)
        ax.axhline(0.9, color="0.3", linewidth=0.8, linestyle=":")
        ax.set(xscale="log", xlabel="alpha", title=title)
        ax.invert_xaxis()
        ax.legend()
    figure.savefig(picture, dpi=120)


def alpha_of(path, budget):
    """The alpha at which the sizes of the coefficients sum to `budget`: they grow as alpha falls."""
    sizes = np.abs(path.coefs.toarray()).sum(axis=0)
    return float(np.interp(budget, sizes, path.alphas))


if __name__ == "__main__":
    main(*sys.argv[1:])
