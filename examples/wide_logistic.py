"""As many columns as rows: logistic lasso finds three true weights among fifty, the others are exactly zero.

50 rows of 50 numbers, uniform on [-5, 5]; true weights 1, 0.5, -0.5, then zeros. The penalty is lambda
||w||_1 on the summed loss, for lambda = 2 and 10; fastreg averages the loss, so that alpha = lambda / n.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import fastreg
from fastreg.plots import plot_estimates


def main(picture="wide_logistic.png"):
    rng = np.random.default_rng(0)
    n = p = 50
    X = rng.uniform(-5, 5, size=(n, p))
    truth = np.zeros(p)
    truth[:3] = 1.0, 0.5, -0.5
    y = (rng.random(n) < 1 / (1 + np.exp(-X @ truth))).astype(float)

    penalties = np.array([10.0, 2.0])
    path = fastreg.fit_path(X, y, family="binomial", alphas=penalties / n)
    assert path.converged
    figure = Figure(figsize=(8, 5), layout="constrained")
    for ax, penalty in zip(figure.subplots(2, 1, sharex=True, sharey=True), penalties):
        coef, _ = path.coef(penalty / n)
        zeros = np.count_nonzero(coef == 0.0)
        first = np.round(coef[:3], 3)
        print(f"lambda = {penalty:g}: {zeros} of {p} weights exactly zero; the first three are {first}")
        assert zeros >= p / 2 and np.all(coef[:3] * [1, 1, -1] > 0) and coef[0] == np.abs(coef).max()
        plot_estimates(truth, coef, ax=ax, title=f"lambda = {penalty:g}: {zeros} of {p} weights exactly zero")
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:])
