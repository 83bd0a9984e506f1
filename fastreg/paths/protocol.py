"""The methods of a `Strategy`, and for batches of points those of a `BatchSolver` and of `SolvedPoints`.

A strategy updates the state of a Fit and records points in it; the next strategy goes on from there. `plan.strategies`
returns the names of those that run, `driver.STRATEGIES` has their classes.
"""

from collections.abc import Generator
from typing import Protocol

import numpy as np

from fastreg.objective.duality_gap import References
from fastreg.paths.batched.batch import Pivoting
from fastreg.paths.fit import Fit

Request = tuple[np.ndarray, np.ndarray | None]  # a vector (n,) and columns of X, or None for all

# A generator that yields requests and is sent the products: x_j'v for the columns j of the request, or X'v.
Products = Generator[Request, np.ndarray, None]


class Strategy(Protocol):
    """Fits alphas from the state of a Fit."""

    fit: Fit

    @property
    def name(self) -> str:
        """Its name in `solver=` and `Path.methods`."""

    def advance(self, alphas: np.ndarray) -> Products:
        """Fit the leading points at `alphas`, which decrease: as many as the strategy can, perhaps none.

        Each is recorded by `fit.add`, with its gap, and `fit.alpha` is set. Products with X are requested by `yield`,
        so that several fits can share each read of X.
        """


class SolvedPoints(Protocol):
    """Points k = 0 to size - 1 of a batch, solved on the working set, at decreasing alphas."""

    size: int
    coefs: np.ndarray  # (size, m), in the order of the working set
    intercepts: list[float]  # of centred columns
    losses: list[float]

    def support(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(columns, nonzero coefficients) of point k, columns in ascending order."""

    def steps_of(self, k: int) -> int:
        """Quadratic models solved for point k."""

    def residual(self, k: int) -> np.ndarray:
        """The residual (n,) at point k, with the intercept fitted."""

    def correlate(self, columns: np.ndarray) -> np.ndarray:
        """x_j'r for some columns outside of the working set, at every point: (size, columns)."""

    def products(self, references: References, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(inner products of the first `count` residuals with the references, squared norms), see References."""

    def gaps(self, alphas: np.ndarray) -> np.ndarray:
        """The absolute duality gaps of the leading points, at `alphas`, if no other column violates its threshold."""


class BatchSolver(Protocol):
    """Solves batches of points on the working set of a path. Its arguments are a Fit, a WorkingSet and a Pivoting."""

    name: str  # of the strategy
    pivoting: Pivoting  # the active set, and the recent cost of pivots
    products: float  # of a column of the working set with vectors, in a batch, about

    def solve(self, alphas: np.ndarray) -> SolvedPoints | None:
        """The points at `alphas`, or those before the solver got stuck; None if batches do not pay."""

    def refine(self) -> bool:
        """Solve to smaller gaps from now on. Returns whether that is possible."""
