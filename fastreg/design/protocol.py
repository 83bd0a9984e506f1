"""The methods of a storage of X: `Design`, and `WorkingBlock` for the columns of a working set.

designs.py and working_columns.py define the storages of the package. A new one is a NamedTuple, so that kernels can
take it as an argument, with the methods below; `as_design` returns it.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np


class Design(Protocol):
    """X, (n, p) float64, read-only and neither centred nor copied, with all that the engine calls on it.

    Rows are numbered by i and columns by j; `v`, `h` and `weight` are (n,), `columns` are numbers of columns in any
    order, and `centre` (p,) is what a product subtracts from each column: zero, or its weighted mean. Values of X are
    in the user's units; `stored_in`, and costs derived from it, count values of X. A result is the same to the last bit
    for any number of threads.

    The four `column_` methods are called by kernels as well as from Python: each is a loop over one column that Numba
    compiles.
    """

    # ---- used by every fit

    @property
    def shape(self) -> tuple[int, int]:
        """(n, p)."""

    def stored_in(self, columns: np.ndarray) -> int:
        """Number of values that some columns store, which a product with them reads."""

    def column_dot(self, j: int, v: np.ndarray, /) -> float:
        """x_j'v."""

    def column_add(self, j: int, step: float, v: np.ndarray, /) -> None:
        """v += step x_j."""

    def column_add_weighted(self, j: int, step: float, h: np.ndarray, v: np.ndarray, /) -> None:
        """v_i += step h_i x_ij."""

    def column_spread(self, j: int, centre: float, weight: np.ndarray, total: float, /) -> float:
        """sum_i w_i (x_ij - centre)^2, with `total` = sum_i w_i."""

    def part(self, start: int, stop: int) -> "Design":
        """The design of columns start to stop, a view."""

    def edges(self) -> Sequence[int] | np.ndarray:
        """Where to cut the columns into parts that take equally long to read, from 0 to p."""

    def edges_among(self, columns: np.ndarray) -> Sequence[int] | np.ndarray:
        """Where to cut `columns` into parts that take equally long to read, from 0 to their number."""

    def correlate(self, v: np.ndarray) -> np.ndarray:
        """X'v, (p,): one pass over X."""

    def working_block(self, centre: np.ndarray) -> "WorkingBlock":
        """A working set of no columns yet."""

    # ---- used by fits without an l1 part, and by least squares with n >= 3 p (objective/gram_reduction.py)

    def gather(self, columns: np.ndarray) -> np.ndarray:
        """A copy of some columns, (n, columns)."""

    def gram(self, columns: np.ndarray, h: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """(X - centre)' diag(h) (X - centre) over some columns, (m, m); h >= 0."""

    def gram_passes(self) -> float:
        """The cost of `gram` of all columns, in passes over X (calls of `correlate`)."""

    def row_gram(self, columns: np.ndarray, scale: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """(X - centre) diag(1 / scale) (X - centre)' over some columns, (n, n); `scale` (columns,)."""

    def by_rows(self, columns: np.ndarray, centre: np.ndarray) -> "RowBlocks":
        """Some columns, centred, that are read by blocks of rows."""

    def correlate_many(self, vectors: np.ndarray) -> np.ndarray:
        """X'V, (p, k), for V (n, k), in one pass."""

    def predict_many(self, coefs: np.ndarray) -> np.ndarray:
        """X C, (n, k), for C (p, k), in one pass."""

    # ---- used by cross-validation and stability selection

    def correlate_each(self, vectors: np.ndarray) -> np.ndarray:
        """X'v for every row v of `vectors`, (vectors, p), in one pass."""

    def part_grams(
        self, parts: Sequence[np.ndarray], weight: np.ndarray, centre: np.ndarray, response: np.ndarray
    ) -> list[np.ndarray]:
        """U' diag(weight) U of U = (X - centre, response, 1) over each part of the rows: (p + 2, p + 2) each. `parts`
        are row numbers in ascending order."""

    def part_products(
        self, parts: Sequence[np.ndarray], columns: np.ndarray, coefs: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """X coefs[k] over some columns and the rows of part k, for every k: (rows of the part, coefficients) each."""


class ColumnBlock(Protocol):
    """Some columns X_W of X, centred, in the order in which they were added."""

    @property
    def columns(self) -> np.ndarray:
        """The columns' numbers in X, (m,)."""

    def extend(self, columns: np.ndarray) -> None:
        """Append columns that the block does not have yet."""

    def correlate(self, v: np.ndarray, start: int = 0) -> np.ndarray:
        """X_W'v, from position `start` on, (m - start,). v sums to zero, so that centres may be left out."""

    def predict(self, steps: np.ndarray) -> np.ndarray:
        """X_W s, (n,), for s (m,)."""

    def for_kernels(self) -> tuple[Design, np.ndarray, np.ndarray]:
        """(a design that kernels read, the columns' numbers in it (m,), what has been subtracted from each (m,)): X, or
        copies where X is read by blocks or its columns are sparse."""


class WorkingBlock(ColumnBlock, Protocol):
    """The columns of a working set, stored for Gram matrices. `Design.working_block` returns it.

    `form` is "dense", "sparse" or "packed" and says which of the measured costs in solvers/choice.py apply.
    """

    form: str

    def rounding(self, columns: np.ndarray, norms: np.ndarray) -> float:
        """Bound on the rounding error of a product of two centred columns, over that of their norms; `norms` (p,)."""

    def wide(self) -> bool:
        """Whether a Gram matrix would have more numbers than the columns; the block is then a `Gathered`."""

    def gram(self, h: np.ndarray, start: int = 0) -> np.ndarray:
        """Rows from `start` on of X_W' diag(h) X_W, (m - start, m); h >= 0. Centres as in `correlate`."""

    # ---- used by batches of points (paths/batched/): vectors and steps are rows of arrays

    def correlate_each(self, vectors: np.ndarray) -> np.ndarray:
        """X_W'v for every row v of `vectors`: (vectors, m)."""

    def respond(self, columns: np.ndarray, v: np.ndarray, h: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """x_j'(v - diag(h) X_W s) for some columns j of X and every row s of `steps`: (steps, columns)."""


class Gathered(WorkingBlock, Protocol):
    """A block with copies of its columns, of dense X alone; needed where `wide`, and for batches of Newton steps."""

    rows: np.ndarray  # (at least m, n): row k is column k of X_W, C-ordered

    def predict_each(self, steps: np.ndarray) -> np.ndarray:
        """X_W s for every row s of `steps`: (steps, n)."""


class RowBlocks(Protocol):
    """Some columns, centred, that are read by blocks of neighbouring rows."""

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield (slice of rows, the columns' values there: (columns, rows of the block))."""

    def products(self, factors: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield (slice of rows, (X F)' there: (k, rows of the block)), for F (columns, k)."""

    def sampled_gram(self, rows: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(X' diag(h) X, X'h) over some rows; h (rows,)."""
