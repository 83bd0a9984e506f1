"""The alphas of a path: an automatic grid, and intermediate alphas where a grid falls by a large factor."""

import numpy as np

from fastreg.interface import validation as check

FAR, STRIDE, LOOSE = 0.5, 0.7, 0.01  # ratio of alphas below which points between are solved; theirs; their gap
SHORT = 0.95  # their ratio in batches on wide X, about that of an automatic grid, at which the strong rule is strong


def alphas_of(grid, alpha_max, wide):
    """The alphas of a checked grid: those given, or from alpha_max down to a share of it, 1e-2 if `wide`, else 1e-4."""
    if grid.alphas is not None:
        return grid.alphas
    ratio = (1e-2 if wide else 1e-4) if grid.alpha_min_ratio is None else grid.alpha_min_ratio
    ratio = check.check_number("alpha_min_ratio", ratio, 0.0, 1.0, low_open=True, high_open=True)
    top = alpha_max if alpha_max > 0 else float(np.finfo(float).resolution)  # if it is 0, a number close to it
    return top * np.geomspace(1.0, ratio, grid.n_alphas) if grid.n_alphas > 1 else np.array([top])


def alphas_between(last, alpha, stride=STRIDE):
    """Intermediate alphas from `last` down to `alpha`, without both."""
    steps = int(np.ceil(np.log(alpha / last) / np.log(stride)))
    return np.geomspace(last, alpha, steps + 1)[1:-1]


def with_steps(alphas, top, wide):
    """(the grid with intermediate alphas, closer for `wide` X; which of these the user asked for)."""
    grid, wanted, last = [], [], top
    for alpha in alphas:
        if alpha < FAR * last:
            between = alphas_between(last, alpha, SHORT if wide else STRIDE)
            grid.extend(between)
            wanted.extend([False] * between.size)
        grid.append(alpha)
        wanted.append(True)
        last = alpha
    return np.array(grid), wanted
