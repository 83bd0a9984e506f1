"""What the terms of an objective answer: `Family`, the loss, and `Penalty`.

families.py and penalties.py have those there are.
"""

from typing import Protocol, Self

import numpy as np


class WrittenFamily(Protocol):
    """What has to be written for a loss: a NamedTuple of the response and the weights, with the methods below.

    `loss`, `derivatives` and `divergence` are verbs of row i at its linear predictor eta, a number in the unit of the
    link: kernels call them once a row, in loops that count no references, so they return numbers and allocate no
    arrays. The rest serves Python. What the engine relies on, and fastreg.testing.check_family asks:

    - The loss is convex in eta, and its curvature is above zero wherever the weight is: Newton's method divides by it.
      A family whose second derivative vanishes returns a small number in its place, such as 1e-6 of the largest.
    - Loss, derivatives and divergence are proportional to the weight.
    - `quadratic` is True for least squares alone: the loss is w_i (y_i - eta)^2 / 2, with exactly the residual
      w_i (y_i - eta) and the curvature w_i, which solvers and certificates then take for granted. Any other loss says
      False, twice this one as well; where a family of a user's own says True, every fit asks it (paths/setup.py).

    A family may have a method `constant()` as well: the sum over rows of what `loss` lacks of half the deviance.
    """

    name: str
    quadratic: bool  # whether it is least squares
    admits: str  # the responses that `check` admits, in words

    def __init__(self, y: np.ndarray, weight: np.ndarray) -> None:
        """Bind the loss to its data, which are as the properties say."""

    @property
    def y(self) -> np.ndarray:
        """The response, (n,), read-only."""

    @property
    def weight(self) -> np.ndarray:
        """(n,), not negative, read-only; the sum is one."""

    def loss(self, i: int, eta: float, /) -> float:
        """w_i times half the unit deviance: the negative log-likelihood less its smallest value; what depends on y
        alone may be left to `constant`. Infinite where it overflows."""

    def derivatives(self, i: int, eta: float, /) -> tuple[float, float]:
        """(residual, curvature): minus the first, and the second derivative of the loss in eta."""

    def divergence(self, i: int, eta: float, e: float, /) -> float:
        """Loss + conjugate at a dual point nu_i, given e = (residual_i - nu_i) / w_i: the row's share of the gap.

        Infinite where nu_i lies outside of the conjugate's domain. It is a Bregman divergence: with d_i(nu) the infimum
        of loss + nu eta over eta it is loss + nu eta - d_i(nu), by Fenchel and Young never negative. Computed without
        cancellation, so that a duality gap of 1e-14 is still a number.
        """

    @staticmethod
    def mean(eta: np.ndarray, /) -> np.ndarray:
        """The inverse link, number by number."""

    @staticmethod
    def check(y: np.ndarray, /) -> np.ndarray:
        """Which responses the family admits, as truth values."""

    @staticmethod
    def degenerate(y: np.ndarray, /) -> str | None:
        """Why no intercept can be fitted to this response, or None if one can."""

    def separates(self, loss: float, /) -> bool:
        """Whether a fit without a penalty has run away, at this mean loss."""


class Family(WrittenFamily, Protocol):
    """A family with all that the engine asks, as `families.completed` makes it from one that is written.

    What a family does not say of the members below is as in `families.DEFAULTS`, which is always safe. Kernels are
    typed by the class, so that these are set on the class itself, on that of a user's family as well.
    """

    # M: the third derivative is at most M times the second in size; 1 for a log or a logit link, infinite if unknown.
    # Newton steps then have a safe length at no cost; where it is infinite every step asks for the objective.
    bend: float
    # The longest move of eta at once: 5 for a log or a logit link, beyond which the model of an exponential says
    # nothing; infinite where eta has the unit of y.
    longest: float
    # Whether residual and loss belong together, so that the rows' share of the gap is zero where the dual point is the
    # residual. False where the derivatives are those of a smoothed loss.
    tight: bool

    def start(self) -> float:
        """A number near the intercept of the model without columns and offset."""

    def log_link_parts(self, i: int, eta: float, /) -> tuple[float, float]:
        """Two numbers that are not negative, whose difference is the residual of row i, and which become exp(-c s) and
        exp(a s) times as large where eta grows by s, a + c = 1: the intercept is then fitted in closed form."""

    def _replace(self, *, y: np.ndarray) -> Self:
        """The same family for another response: NamedTuples have it."""


class Penalty(Protocol):
    """A separable penalty: alpha times  sum_j v_j ( l1_j |b_j| + l2_j b_j^2 / 2 ),  with the column's factor v_j."""

    def rates(self, p: int, /) -> tuple[np.ndarray, np.ndarray]:
        """(l1, l2), the rates of p columns, (p,) each, finite and not negative.

        l1_j is in the unit of the loss over that of the coefficient, l2_j in that of the loss over its square, a unit
        of alpha. Under `standardize` coefficients are those of columns divided by their standard deviations.
        """
