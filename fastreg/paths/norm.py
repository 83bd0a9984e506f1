"""`Path.coef_at_norm`: the point of a path whose coefficients have a given sum of absolute values."""

from typing import NamedTuple

import numpy as np

from fastreg.interface.scalars import ParameterError, check_number

NEAR = 1e-9  # relative: the norm of a refit, or the width of the interval of alphas, at which the search ends
MOST_REFITS = 100  # halving alone ends the search earlier


class End(NamedTuple):
    """A point of the path at an end of the interval that is searched."""

    alpha: float
    coef: np.ndarray
    intercept: float

    def excess(self, norm):
        """By how much its norm is larger than `norm`."""
        return float(np.abs(self.coef).sum()) - norm


def coef_at_norm(path, norm, X, y, **rows):
    """`Path.coef_at_norm`; `rows` are the weights and the offset."""
    norm = check_number("norm", norm, 0.0, np.inf, high_open=True)
    if (X is None) != (y is None):
        raise ParameterError("coef_at_norm takes X and y together, or neither")
    norms = np.asarray(abs(path.coefs).sum(axis=0)).ravel()
    k = next(iter(np.flatnonzero(norms >= norm)), None)
    if k is None:
        raise ValueError(
            f"norm must be at most {norms.max():g}, the largest of this path, got {norm:g}; fit a path that goes on to "
            "a smaller alpha (alphas=, or a smaller alpha_min_ratio)"
        )
    if norms[k] == norm:
        return path.coef(float(path.alphas[k]))
    if k == 0:
        raise ValueError(
            f"norm must be at least {norms[0]:g}, that of the first point of this path, got {norm:g}; fit a path that "
            "begins at a larger alpha"
        )
    if X is None:
        above, below = (End(float(alpha), *path.coef(float(alpha))) for alpha in path.alphas[[k - 1, k]])
        return on_line(above, below, norm)

    def refit(place):
        return refit_at(float(path.alphas[place]))

    def refit_at(alpha):
        return End(alpha, *path.refit(X, y, alpha, **rows).coef(alpha))

    first, last = k - 1, k  # the norms of refits differ by the accuracy of the path, and may lie beside `norm`
    while (above := refit(first)).excess(norm) >= 0.0 and first > 0:
        first -= 1
    while (below := refit(last)).excess(norm) < 0.0 and last < path.alphas.size - 1:
        last += 1
    return search(refit_at, above, below, norm, _is_linear(path))


def _is_linear(path):
    """Whether the path is a straight line in alpha where no coefficient enters, leaves or changes its sign."""
    no_ridge = path.l1_ratio == 1.0 if path.penalty is None else not path.penalty.l2.any()
    return path._family().quadratic and no_ridge and path.lower is None and path.upper is None


def search(refit, above, below, norm, linear):
    """The (coef, intercept) with this norm between two Ends: secant steps, with the height of an end that stays twice
    halved (the Illinois method).

    Coefficients with the same signs at both ends of a `linear` path have them in between, since their conditions of
    optimality are linear in alpha: the alphas of one pattern of signs are an interval, and the line is exact.
    """
    heights, stayed = [above.excess(norm), below.excess(norm)], None
    if heights[0] >= 0.0 or heights[1] <= 0.0:  # at an end of the path, or the point itself
        return (above if heights[0] >= 0.0 else below)[1:]
    logarithmic = below.alpha > 0.0 and not linear
    for _ in range(MOST_REFITS):
        same = np.array_equal(np.sign(above.coef), np.sign(below.coef))
        if (linear and same) or above.alpha - below.alpha <= NEAR * above.alpha:
            break
        share = heights[0] / (heights[0] - heights[1])
        if logarithmic:
            alpha = above.alpha * (below.alpha / above.alpha) ** share
        else:
            alpha = above.alpha + share * (below.alpha - above.alpha)
        if not below.alpha < alpha < above.alpha:
            alpha = 0.5 * (above.alpha + below.alpha)
        middle = refit(alpha)
        height = middle.excess(norm)
        if abs(height) <= NEAR * norm:
            return middle[1:]
        moved = 0 if height < 0.0 else 1
        heights[moved] = height
        if stayed == 1 - moved:
            heights[stayed] *= 0.5
        stayed = 1 - moved
        above, below = (middle, below) if moved == 0 else (above, middle)
    return on_line(above, below, norm)


def on_line(above, below, norm):
    """The (coef, intercept) with this norm on the line between two ends, of norms below and above it.

    Along the line the norm is convex and piecewise linear, with kinks where coefficients change sign, so that it takes
    the value once.
    """
    step = below.coef - above.coef
    with np.errstate(divide="ignore", invalid="ignore"):
        kinks = -above.coef / step
    shares = np.unique(np.r_[0.0, kinks[(kinks > 0.0) & (kinks < 1.0)], 1.0])
    low, high = 0, shares.size - 1  # the norm reaches the value between these
    while high - low > 1:
        middle = (low + high) // 2
        reached = np.abs(above.coef + shares[middle] * step).sum() >= norm
        low, high = (low, middle) if reached else (middle, high)
    first, last = (np.abs(above.coef + shares[each] * step).sum() for each in (low, high))
    share = shares[low] + (shares[high] - shares[low]) * (norm - first) / (last - first)
    return above.coef + share * step, above.intercept + share * (below.intercept - above.intercept)
