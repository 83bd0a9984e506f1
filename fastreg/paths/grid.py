"""The alphas of a path: an automatic grid, and the steps on a way that falls far."""

import numpy as np

from fastreg.interface import validation as check

FAR, STRIDE, LOOSE = 0.5, 0.7, 0.01  # a fall of alpha to less than FAR goes by factors of STRIDE, at a gap of LOOSE


def alphas_of(grid, alpha_max, wide):
    """The alphas of a checked grid: those given, or from alpha_max down to a share of it, 1e-2 if `wide`, else 1e-4."""
    if grid.alphas is not None:
        return grid.alphas
    ratio = (1e-2 if wide else 1e-4) if grid.alpha_min_ratio is None else grid.alpha_min_ratio
    ratio = check.check_number("alpha_min_ratio", ratio, 0.0, 1.0, low_open=True, high_open=True)
    top = alpha_max if alpha_max > 0 else float(np.finfo(float).resolution)  # if it is 0, a number close to it
    return top * np.geomspace(1.0, ratio, grid.n_alphas) if grid.n_alphas > 1 else np.array([top])


def alphas_between(last, alpha):
    """The steps on a way down from `last` to `alpha`, without its ends."""
    steps = int(np.ceil(np.log(alpha / last) / np.log(STRIDE)))
    return np.geomspace(last, alpha, steps + 1)[1:-1]


def with_steps(alphas, top):
    """The grid with steps added where it falls far at once, and which of its points were asked for."""
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
