"""What fits the points of a path answers: `Strategy`, and for batches of points `BatchSolver` and `SolvedPoints`.

A strategy moves the state of a Fit and records points in it, so that the next one goes on from there. `plan.strategies`
says which run, `driver.STRATEGIES` makes them.
"""

from collections.abc import Generator
from typing import Protocol

import numpy as np

from fastreg.objective.duality_gap import References
from fastreg.paths.batched.batch import Pivoting
from fastreg.paths.fit import Fit

Request = tuple[np.ndarray, np.ndarray | None]  # a vector (n,) and columns of X, or None for all

# A generator that yields requests and is sent the products: x_j'v for the columns j asked for, or X'v.
Products = Generator[Request, np.ndarray, None]


class Strategy(Protocol):
    """Fits alphas from where a Fit stands. `name` is what `Path.methods` has of its points."""

    fit: Fit

    @property
    def name(self) -> str:
        """What `solver=` and `Path.methods` call it."""

    def advance(self, alphas: np.ndarray) -> Products:
        """Fit the leading points at `alphas`, which decrease: as many as the strategy is good for, perhaps none.

        Each is recorded by `fit.add`, with its certificate, and `fit.alpha` follows. It asks for all products with X,
        so that whoever runs several fits can have theirs made together.
        """


class SolvedPoints(Protocol):
    """Points of a batch, solved on the working set W: `size` of them, k = 0, 1 ..., at falling alphas."""

    size: int
    coefs: np.ndarray  # (size, m), in the order of the working set
    intercepts: list[float]  # about the block's centres
    losses: list[float]

    def support(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(columns, coefficients) of point k, without zeros, by rising number of the column."""

    def steps_of(self, k: int) -> int:
        """Models solved for point k."""

    def residual(self, k: int) -> np.ndarray:
        """(n,) at point k, with the intercept fitted."""

    def correlate(self, columns: np.ndarray) -> np.ndarray:
        """x_j'r for some columns outside of the working set, at every point: (size, columns)."""

    def cost(self, columns: np.ndarray) -> float:
        """Of `correlate`, for each point: in values of X read by a sweep."""

    def products(self, references: References, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(products of the first `count` residuals with the references, their squares), in the weights' metric."""

    def gaps(self, alphas: np.ndarray) -> np.ndarray:
        """The absolute duality gaps of the leading points at `alphas`, where no other column violates its threshold."""


class BatchSolver(Protocol):
    """Solves batches of points on the working set of a path. It is made of a Fit, its WorkingSet and a Pivoting."""

    name: str  # the strategy's
    pivoting: Pivoting  # the active set, and what pivots have cost lately

    def solve(self, alphas: np.ndarray) -> SolvedPoints | None:
        """The points on the working set at `alphas`, or those before it got stuck; None if it does not pay."""

    def refine(self) -> bool:
        """Solve more finely from now on; whether that can be."""
