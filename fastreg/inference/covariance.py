"""Dispersion and the covariances of estimates: the model's, and sandwiches that do not rely on its variance.

In the units of a SmoothObjective, with J = sum_i h_i x_i x_i' (h: fisher information or curvature of the rows), M the
inverse of J + L2, and scores s_i = x_i r_i, whose weights sum to one and to W as they were given:

    posterior   phi / W M              estimator   phi / W M J M          phi: dispersion
    HC0         M (sum_i s_i s_i') M,  HC1 n / (n - k) times that
    cluster     M (sum_g s_g s_g') M G / (G - 1) (n - 1) / (n - k),  s_g the sum of a group's scores, G groups
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from fastreg.inference.smooth_objective import Factor, SmoothObjective
from fastreg.objective.families import FAMILIES

CANONICAL = ("gaussian", "binomial", "poisson")  # the curvature is its own expectation
ESTIMATED = ("gaussian", "gamma")  # families with a dispersion


def expected_curvature(family, curvature):
    """The mean of the rows' curvatures over the response, or None for a family that fastreg does not know."""
    if type(family) not in FAMILIES.values():
        return None
    return curvature if family.name in CANONICAL else family.weight


class Information(NamedTuple):
    """What covariances are made of."""

    objective: SmoothObjective
    J: np.ndarray  # (k, k)
    M: np.ndarray  # (k, k)
    residual: np.ndarray  # (n,)
    fisher: np.ndarray | None  # (n,) expected curvatures, where they are known
    total: float  # W
    n: float  # observations

    @property
    def degrees(self):
        """Degrees of freedom of the fit, trace(M J): k where there is no ridge part."""
        return self.J.shape[0] - float(self.objective.l2 @ np.diag(self.M))

    def pearson(self):
        """Pearson's statistic over n less the degrees of freedom."""
        if self.fisher is None:
            raise ValueError(
                f"the variance of family {self.objective.problem.family.name!r} is not known, so that its dispersion "
                "cannot be estimated; pass it as a number, or to a table a covariance that does not need it "
                "(covariance='HC0')"
            )
        left = self.n - self.degrees
        if left <= 0.0:
            raise ValueError(
                f"{self.n:g} observations and {self.degrees:g} degrees of freedom leave nothing to estimate the "
                "dispersion from; drop columns, penalise more, or give dispersion="
            )
        seen = self.objective.problem.weight > 0.0
        return self.total * float(np.sum(self.residual[seen] ** 2 / self.fisher[seen])) / left

    def posterior(self, dispersion):
        return dispersion / self.total * self.M

    def estimator(self, dispersion):
        return dispersion / self.total * (self.M @ self.J @ self.M)

    def heteroscedastic(self, frequency, corrected):
        """HC0, or HC1 if corrected. A row of weight m stands for m rows where weights are frequencies."""
        squares, weight = self.residual**2, self.objective.problem.weight
        if frequency:
            squares = np.divide(squares, weight * self.total, out=np.zeros(weight.size), where=weight > 0.0)
        meat = self.objective.gram(squares)
        return self.M @ meat @ self.M * (self.n / self._left() if corrected else 1.0)

    def clustered(self, codes):
        """By groups of rows, numbered 0 to G - 1; the numbers of rows without weight do not matter."""
        count = np.unique(codes[self.objective.problem.weight > 0.0]).size
        if count < 2:
            raise ValueError(f"groups holds {count} group of rows with a weight; standard errors by groups need 2")
        sums = np.zeros((int(codes.max()) + 1, self.J.shape[0]))
        for rows, part in self.objective.blocks():
            size = part.shape[1]
            pick = sp.csr_array((self.residual[rows], (codes[rows], np.arange(size))), shape=(len(sums), size))
            sums += pick @ part.T
        factor = count / (count - 1.0) * (self.n - 1.0) / self._left()
        return self.M @ (sums.T @ sums) @ self.M * factor

    def _left(self):
        left = self.n - self.degrees
        if left <= 0.0:
            raise ValueError(
                f"{self.n:g} observations and {self.degrees:g} degrees of freedom leave none to correct by; use "
                "covariance='HC0'"
            )
        return left


def information_of(objective, theta, best, fitted, observed, frequency):
    """Of a fit at theta, where the Evaluation is `best`. Raises a ValueError for an expectation that is not known."""
    _, residual, curvature = objective.linearised(theta)
    expected = expected_curvature(fitted.problem.family, curvature)
    if expected is None and not observed:
        raise ValueError(
            f"the expected information of family {fitted.problem.family.name!r} is not known; pass "
            "information='observed', which is that of its curvatures"
        )
    J, factor = best.gram, best.factor
    if not observed and expected is not curvature:
        J = objective.gram(expected)
        factor = Factor(J + np.diag(objective.l2))
    n = fitted.total if frequency else fitted.rows
    return Information(objective, J, factor.inverse(), residual, expected, fitted.total, n)
