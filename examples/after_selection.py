"""A lasso chose some of 80 columns. What may be said of them? Three answers to three questions, beside the naive one.

The truth is known here: six columns matter. A naive table of the chosen columns, on the rows that chose them, calls
noise significant; debiased estimates, tests given the selection, and knockoffs do not, or rarely.
"""

import numpy as np
from scipy import stats

from fastreg import debiased, fit_path, knockoffs, selective, table

MATTER = 6


def report(name, columns, p_values):
    called = [j for j, p in zip(columns, p_values) if p < 0.05]
    false = [j for j in called if j >= MATTER]
    print(f"{name:48s} {len(called):2d} called at 0.05, {len(false)} of them false")
    return len(false)


def main():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(150, 80)) + 0.6 * rng.normal(size=(150, 1))
    truth = np.r_[np.array([0.8, -0.8, 0.6, 0.6, -0.5, 0.5]), np.zeros(80 - MATTER)]
    y = X @ truth + rng.normal(size=150)

    alpha = 0.15  # fixed beforehand, as `selective` wants it
    path = fit_path(X, y, alphas=[alpha])
    chosen = path.support(alpha)
    naive = table(fit_path(X[:, chosen], y, alphas=[0.0]), X[:, chosen], y)
    careful = debiased(path, X, y, alpha, method="nodewise")
    given = selective(path, X, y, alpha, sigma=1.0)
    columns = [int(name[1:]) for name in given.names]

    print(f"the lasso chose {len(chosen)} columns, {sum(j >= MATTER for j in chosen)} of which do not matter\n")
    false = report("naive: least squares on the same rows", chosen, naive.p_value[1:])
    adjusted = stats.false_discovery_control(careful.p_value)
    report("debiased: all 80 columns, adjusted for 80 tests", range(80), adjusted)
    assert report("selective: those chosen, given the choice", columns, given.p_value) < false
    filtered = knockoffs(X, y, fdr=0.2)
    print(f"knockoffs with at most a fifth false: {filtered.selected}\n")
    print(careful.summary(rows=8))
    assert set(range(MATTER)) <= set(np.flatnonzero(adjusted < 0.05))


if __name__ == "__main__":
    main()
