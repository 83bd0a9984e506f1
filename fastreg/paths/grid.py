"""The alphas of a path: an automatic grid, and intermediate alphas where a grid falls by a large factor."""

import numpy as np

from fastreg.interface import validation as check

FAR, STRIDE, LOOSE = 0.5, 0.7, 0.01  # ratio of alphas below which points between are solved; theirs; their gap


def alphas_of(grid, alpha_max, wide):
    """The alphas of a checked grid: those given, or from alpha_max down to a share of it, 1e-2 if `wide`, else 1e-4."""
    if grid.alphas is not None:
        return grid.alphas
    ratio = (1e-2 if wide else 1e-4) if grid.alpha_min_ratio is None else grid.alpha_min_ratio
    ratio = check.check_number("alpha_min_ratio", ratio, 0.0, 1.0, low_open=True, high_open=True)
    top = alpha_max if alpha_max > 0 else float(np.finfo(float).resolution)  # if it is 0, a number close to it
    return top * np.geomspace(1.0, ratio, grid.n_alphas) if grid.n_alphas > 1 else np.array([top])


def alphas_between(last, alpha):
    """Intermediate alphas from `last` down to `alpha`, without both."""
    steps = int(np.ceil(np.log(alpha / last) / np.log(STRIDE)))
    return np.geomspace(last, alpha, steps + 1)[1:-1]


def with_steps(alphas, top):
    """(the grid with intermediate alphas, which of these the user asked for)."""
    grid, wanted, last = [], [], top
    for alpha in alphas:
        if alpha < FAR * last:
            between = alphas_between(last, alpha)
            grid.extend(between)
            wanted.extend([False] * between.size)
        grid.append(alpha)
        wanted.append(True)
        last = alpha
    return np.array(grid), wanted
