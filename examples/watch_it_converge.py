"""Watch a logistic lasso converge: objective, gap and features in after every solver step, and what each point cost.

`fit_path(trace=True)` records every step; `Path.trace` holds the cost of each point of any fit; a callback hears of
the points as they come. Which of 6,830 genes tell melanoma from other cancers?
"""

import sys

import numpy as np
from matplotlib.figure import Figure

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
    print("alpha    gap       in   steps  columns read  accuracy")
    for progress, steps, read in zip(heard, path.trace["iterations"], path.trace["columns_read"]):
        right = np.mean((path.predict(expression, progress.alpha) > 0.5) == (melanoma > 0.5))
        print(f"{progress.alpha:<7g}  {progress.gap:.1e} {progress.support:4d} {steps:7d} {read:13,d} {right:9.2f}")
    print(f"{path.work['passes']:.1f} passes over X in all")

    assert path.converged and [each.alpha for each in heard] == path.alphas.tolist()
    for k in range(4):  # the objective of a point falls, step by step
        falling = path.steps["objective"][path.steps["point"] == k + 1]
        assert falling.size > 2 and np.all(np.diff(falling) <= 1e-12)

    figure = Figure(figsize=(12, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_convergence(path, ax=left, y="objective", title="Objective")
    plot_convergence(path, ax=right, x="columns_read", title="Gap")
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:])
