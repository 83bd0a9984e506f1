"""Ten measurements that share their causes: the multi-task lasso finds the columns that matter to all of them.

80 rows, 300 columns, of which five have an effect, another one on each of ten responses. A lasso of each response alone
looks at a tenth of the evidence; the multi-task lasso lets a column in for all responses or for none. Both are fitted
along a path, and compared at the point where they first hold the five.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import fastreg


def main(picture="shared_features.png"):
    rng = np.random.default_rng(0)
    n, p, K, causes = 80, 300, 10, np.arange(5)
    X = rng.normal(size=(n, p))
    B = np.zeros((p, K))
    B[causes] = 0.6 * rng.normal(size=(causes.size, K))
    Y = X @ B + 1.5 * rng.normal(size=(n, K))

    path = fastreg.fit_multi_path(X, Y, n_alphas=60, alpha_min_ratio=0.1)
    assert path.converged
    together = first_with(causes, [set(np.flatnonzero(path.point(k)[0].any(axis=1))) for k in range(60)])
    print(f"together: the {causes.size} causes are in, with {together - causes.size} others")
    alone = []
    for k in range(K):
        one = fastreg.fit_path(X, Y[:, k], n_alphas=60, alpha_min_ratio=1e-3)
        alone.append(first_with(causes, [set(one.coefs[:, [i]].indices) for i in range(one.alphas.size)]))
    print(f"one by one: the same takes between {min(alone) - causes.size} and {max(alone) - causes.size} others")
    assert together < np.median(alone)

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    ax = figure.subplots()
    lengths = np.sqrt(sum(coef.toarray() ** 2 for coef in path.coefs))
    ax.plot(path.alphas, np.delete(lengths, causes, axis=0).T, color="0.75", linewidth=0.8)
    for j, style in zip(causes, ["-", "--", "-.", ":", (0, (7, 2, 1, 2, 1, 2))]):
        ax.plot(path.alphas, lengths[j], color="#0072b2", linestyle=style, label=f"column {j}")
    ax.set(xscale="log", xlabel="alpha", ylabel="length of a column's coefficients", title="Five columns matter to all")
    ax.invert_xaxis()
    ax.legend()
    figure.savefig(picture, dpi=120)


def first_with(causes, supports):
    """The size of the first support that holds all causes; of all columns if none does."""
    return next((len(support) for support in supports if set(causes) <= support), 300)


if __name__ == "__main__":
    main(*sys.argv[1:])
