"""What is known of a path at whose solution a fit begins: solutions before, and the columns to come."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fastreg.paths.plan import LONGEST, SHORTEST

NO_COLUMNS = np.empty(0, dtype=np.int64)


class Known(NamedTuple):
    """What is known besides the solution at which a fit begins."""

    earlier: Sequence[tuple[np.ndarray, np.ndarray, Any]] = ()  # solutions before: (columns, values, intercept)
    columns: np.ndarray = NO_COLUMNS  # that are likely to have coefficients soon
    expected: list | None = None  # see `Fit.expected`
    swept: Sequence[np.ndarray] = ()  # residuals (n,) whose products were known when points were kept, oldest first
    previous: float | None = None  # alpha of the last of these
    residuals: Sequence[np.ndarray] = ()  # (n,): `swept`, or of the solutions before and of that where the fit begins
    products: Sequence[np.ndarray] = ()  # X'r of each, (p,)


NOTHING = Known()


def residuals_of(null, known, here):
    """The residuals whose products are to be references; `here` is that of the solution at which the fit begins."""
    if len(known.swept):
        return list(known.swept)
    out = []
    for columns, values, intercept in known.earlier:
        coef = np.zeros(null.problem.p)
        coef[columns] = values
        out.append(null.residual_at(coef, intercept))
    return [*out, here]


def with_products(null, coef, intercept, alpha, known):
    """A start whose references have products, which are read together with that of the null model."""
    residuals = residuals_of(null, known, null.residual_at(coef, intercept))
    products = np.ascontiguousarray(null.problem.correlate(np.array([null.residual, *residuals])).T)
    null.read(products[0])
    return coef, intercept, alpha, known._replace(residuals=residuals, products=products[1:])


def known_of(path, alphas):
    """What a Path says about the solutions at other alphas; of few alphas, which need little, nothing."""
    if alphas.size < SHORTEST:
        return NOTHING
    coefs, last = path.coefs, path.alphas.size - 1
    above = np.searchsorted(-path.alphas, -alphas, side="right") - 1  # the point at each alpha, or the next above
    supports, values = (np.split(each, coefs.indptr[1:-1]) for each in (coefs.indices, coefs.data))
    earlier = [(supports[k], values[k], path.intercepts[k]) for k in ends_before(above[0])]
    return Known(earlier, expected=[supports[min(k + 1, last)] for k in above])


def ends_before(point):
    """The points at which the two batches before `point` may have ended, as far as there are any."""
    return [k for k in (point - 2 * LONGEST, point - LONGEST) if k >= 0]
