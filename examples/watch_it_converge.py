"""Watch a logistic lasso converge: cost, cross-entropy, gap and features in after every solver step.

`fit_path(trace=True)` records every step; `Path.trace` holds what each point of any fit cost; a callback hears of the
points as they come. Which of 6,830 genes tell melanoma from other cancers? The table has accuracy, cross-entropy and
time of each point.
"""

import sys

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import log_loss

import fastreg
from fastreg.datasets import load_nci60
from fastreg.plots import plot_convergence


def main(picture="watch_it_converge.png"):
    expression, tissue, _ = load_nci60()
    melanoma = (tissue == "MELANOMA").astype(float)
    heard = []
    path = fastreg.fit_path(
        expression, melanoma, family="binomial", alphas=[0.1, 0.03, 0.01, 0.003], tol=1e-10, trace=True,
        callback=heard.append,
    )  # fmt: skip
    print("alpha   gap      in  steps  columns read       ms  accuracy  cross-entropy")
    for k, progress in enumerate(heard):
        chance = path.predict(expression, progress.alpha)
        right, entropy = np.mean((chance > 0.5) == (melanoma > 0.5)), log_loss(melanoma, chance)
        steps, read, seconds = (path.trace[name][k] for name in ("iterations", "columns_read", "seconds"))
        told = (
            f"{progress.alpha:<7g} {progress.gap:.0e} {progress.support:4d} {steps:6d} {read:13,d} {1e3 * seconds:8.1f}"
        )
        print(f"{told} {right:9.2f} {entropy:14.4f}")
        last = np.flatnonzero(path.steps["point"] == k + 1)[-1]  # the loss of classes is their cross-entropy
        assert np.isclose(path.steps["loss"][last], entropy, rtol=1e-9)
    print(f"{path.work['passes']:.1f} passes over X in all")

    assert path.converged and [each.alpha for each in heard] == path.alphas.tolist()
    for k in range(4):  # the objective of a point falls, step by step
        falling = path.steps["objective"][path.steps["point"] == k + 1]
        assert falling.size > 2 and np.all(np.diff(falling) <= 1e-12)

    figure = Figure(figsize=(12, 8.4), layout="constrained")
    (upper_left, upper_right), (lower_left, lower_right) = figure.subplots(2, 2)
    plot_convergence(path, ax=upper_left, y="objective", title="Cost")
    plot_convergence(path, ax=upper_right, y="loss", title="Cross-entropy")
    plot_convergence(path, ax=lower_left, x="columns_read", title="Gap")
    plot_convergence(path, ax=lower_right, y="support", title="Genes in")
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:])
