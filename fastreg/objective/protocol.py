"""The methods of the terms of an objective: `Family`, the loss, and `Penalty`.

families.py and penalties.py define those of the package.
"""

from typing import Protocol, Self

import numpy as np


class WrittenFamily(Protocol):
    """The members that a loss must define: it is a NamedTuple of response and weights, with the methods below.

    `loss`, `derivatives` and `divergence` are functions of row i at its linear predictor eta, a number in the unit of
    the link. Kernels call them once a row, in loops without reference counting, so they return numbers and allocate no
    arrays. The others are called from Python. The engine relies on these properties, which
    fastreg.testing.check_family tests:

    - The loss is convex in eta, and its curvature is above zero wherever the weight is: Newton's method divides by it.
      A family whose second derivative vanishes returns a small number in its place, such as 1e-6 of the largest.
    - Loss, derivatives and divergence are proportional to the weight.
    - `quadratic` is True for least squares alone: the loss is w_i (y_i - eta)^2 / 2, with exactly the residual
      w_i (y_i - eta) and the curvature w_i, which solvers and certificates then use unseen. It is False for any other
      loss, such as twice this one; every fit tests a user's family that says True (paths/setup.py).

    A family may have a method `constant()` as well: half the deviance less the sum of `loss` over rows.
    """

    name: str
    quadratic: bool  # whether it is least squares
    admits: str  # the responses that `check` admits, in words

    def __init__(self, y: np.ndarray, weight: np.ndarray) -> None:
        """Bind the loss to its data, described at the properties."""

    @property
    def y(self) -> np.ndarray:
        """The response, (n,), read-only."""

    @property
    def weight(self) -> np.ndarray:
        """(n,), not negative, read-only; the sum is one."""

    def loss(self, i: int, eta: float, /) -> float:
        """w_i times half the unit deviance: the negative log-likelihood less its smallest value. Terms of y alone may
        be in `constant` instead. Infinite where it overflows."""

    def derivatives(self, i: int, eta: float, /) -> tuple[float, float]:
        """(residual, curvature): minus the first, and the second derivative of the loss in eta."""

    def divergence(self, i: int, eta: float, e: float, /) -> float:
        """Loss + conjugate at a dual point nu_i, given e = (residual_i - nu_i) / w_i: the row's share of the gap.

        Infinite where nu_i is outside of the conjugate's domain. It is a Bregman divergence: with d_i(nu) the infimum
        of loss + nu eta over eta it is loss + nu eta - d_i(nu), by Fenchel and Young never negative. It is computed
        without cancellation, so that duality gaps of 1e-14 have correct digits.
        """

    @staticmethod
    def mean(eta: np.ndarray, /) -> np.ndarray:
        """The inverse link, elementwise."""

    @staticmethod
    def check(y: np.ndarray, /) -> np.ndarray:
        """Which responses the family admits, Boolean (n,)."""

    @staticmethod
    def degenerate(y: np.ndarray, /) -> str | None:
        """Why no intercept can be fitted to this response, or None if one can."""

    def separates(self, loss: float, /) -> bool:
        """Whether a fit without a penalty diverges, judged by its mean loss."""


class Family(WrittenFamily, Protocol):
    """A family with all members that the engine uses, which `families.completed` makes from a `WrittenFamily`.

    The members below are optional; `families.DEFAULTS`, which are always safe, replace missing ones. They are set on
    the class itself, a user's as well, because Numba compiles kernels for a class.
    """

    # M: the third derivative is at most M times the second in size; 1 for a log or a logit link, infinite if unknown.
    # It gives Newton steps a safe length without a line search; where it is infinite every step needs one.
    bend: float
    # The longest change of eta in one step: 5 for a log or a logit link, since the quadratic model of an exponential
    # fails beyond; infinite where eta has the unit of y.
    longest: float
    # Whether the residual is minus the derivative of `loss`, so that the rows' terms of the gap are zero where the dual
    # point is the residual. False where the derivatives are those of a smoothed loss.
    tight: bool
    # Whether the curvature is the second derivative itself, but for FLAT where it underflows, and so the bound M holds
    # for it. Then the rows' terms of a gap need no exponentials where the dual point is near.
    true_curvature: bool

    def start(self) -> float:
        """A number near the intercept of the model without columns and offset."""

    def log_link_parts(self, i: int, eta: float, /) -> tuple[float, float]:
        """Two nonnegative numbers f and g with residual_i = f - g, that eta + s multiplies by exp(-c s) and exp(a s),
        a + c = 1. The intercept then has a closed form."""

    def _replace(self, *, y: np.ndarray) -> Self:
        """The family for another response; NamedTuples have this method."""


class Penalty(Protocol):
    """A separable penalty: alpha times  sum_j v_j ( l1_j |b_j| + l2_j b_j^2 / 2 ),  with the column's factor v_j."""

    def rates(self, p: int, /) -> tuple[np.ndarray, np.ndarray]:
        """(l1, l2), the rates of p columns, (p,) each, finite and not negative.

        alpha l1_j has the unit of the loss over that of the coefficient, alpha l2_j that of the loss over its square.
        Under `standardize` coefficients are those of columns divided by their standard deviations.
        """
