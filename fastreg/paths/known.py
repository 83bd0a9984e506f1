"""What is known of a path at whose solution a fit begins: solutions before, and the columns to come."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fastreg.paths.plan import LONGEST

NO_COLUMNS = np.empty(0, dtype=np.int64)


class Known(NamedTuple):
    """What is known besides the solution at which a fit begins."""

    earlier: Sequence[tuple[np.ndarray, np.ndarray, Any]] = ()  # solutions before: (columns, values, intercept)
    columns: np.ndarray = NO_COLUMNS  # that are likely to have coefficients soon
    expected: list | None = None  # see `Fit.expected`


NOTHING = Known()


def known_of(path, alphas):
    """What a Path says about the solutions at other alphas."""
    coefs, last = path.coefs, path.alphas.size - 1
    above = np.searchsorted(-path.alphas, -alphas, side="right") - 1  # the point at each alpha, or the next above
    supports, values = (np.split(each, coefs.indptr[1:-1]) for each in (coefs.indices, coefs.data))
    earlier = [(supports[k], values[k], path.intercepts[k]) for k in ends_before(above[0])]
    return Known(earlier, expected=[supports[min(k + 1, last)] for k in above])


def ends_before(point):
    """The points at which the two batches before `point` may have ended, as far as there are any."""
    return [k for k in (point - 2 * LONGEST, point - LONGEST) if k >= 0]
