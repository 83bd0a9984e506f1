"""What a storage of X answers: `Design`, and `WorkingBlock` for the columns of a working set.

designs.py and working_columns.py have the storages there are. A new one is a NamedTuple, so that kernels may take it,
with the methods below; `as_design` makes it.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np


class Design(Protocol):
    """X, (n, p) float64, read-only and neither centred nor copied. All that the engine asks of it.

    Rows are numbered by i and columns by j; `v`, `h` and `weight` are (n,), `columns` holds numbers of columns in any
    order, and `centre` (p,) is a number for each column that a product takes off it: zeros, or weighted means. Values
    of X are in the user's units; `stored_in` and the costs that follow from it count values of X. A result is the same
    to the last bit for any number of threads.

    The four `column_` methods are verbs: Python and kernels call them alike, so they are loops over one column.
    """

    # ---- asked by every fit

    @property
    def shape(self) -> tuple[int, int]:
        """(n, p)."""

    def stored_in(self, columns: np.ndarray) -> int:
        """How many values some columns store: what a product with them reads."""

    def column_dot(self, j: int, v: np.ndarray, /) -> float:
        """x_j'v."""

    def column_add(self, j: int, step: float, v: np.ndarray, /) -> None:
        """v += step x_j."""

    def column_add_weighted(self, j: int, step: float, h: np.ndarray, v: np.ndarray, /) -> None:
        """v += step h x_j, row by row."""

    def column_spread(self, j: int, centre: float, weight: np.ndarray, total: float, /) -> float:
        """sum_i w_i (x_ij - centre)^2, with `total` = sum_i w_i."""

    def part(self, start: int, stop: int) -> "Design":
        """The design of neighbouring columns, a view."""

    def edges(self) -> Sequence[int] | np.ndarray:
        """From 0 to p, where to cut the columns so that the parts take about as long."""

    def edges_among(self, columns: np.ndarray) -> Sequence[int] | np.ndarray:
        """From 0 to the number of `columns`, the same for these."""

    def correlate(self, v: np.ndarray) -> np.ndarray:
        """X'v, (p,): a sweep."""

    def working_block(self, centre: np.ndarray) -> "WorkingBlock":
        """An empty block, for the columns of a working set."""

    # ---- asked by fits without an l1 part, and by least squares with n >= 3 p (objective/gram_reduction.py)

    def gather(self, columns: np.ndarray) -> np.ndarray:
        """Some columns as an array (n, columns) of one's own."""

    def gram(self, columns: np.ndarray, h: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """(X - centre)' diag(h) (X - centre) over some columns; h >= 0."""

    def gram_passes(self) -> float:
        """What `gram` of all columns costs, in passes: the time in which `correlate` reads X once."""

    def row_gram(self, columns: np.ndarray, scale: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """(X - centre) diag(1 / scale) (X - centre)' over some columns, (n, n); `scale` has one number for each."""

    def by_rows(self, columns: np.ndarray, centre: np.ndarray) -> "RowBlocks":
        """Some columns less their centres, to be read by blocks of rows."""

    def correlate_many(self, vectors: np.ndarray) -> np.ndarray:
        """X'V, (p, k), for V (n, k), in one pass."""

    def predict_many(self, coefs: np.ndarray) -> np.ndarray:
        """X C, (n, k), for C (p, k), in one pass."""

    # ---- asked by cross-validation and stability selection

    def correlate_each(self, vectors: np.ndarray) -> np.ndarray:
        """X'v for every row v of `vectors`, (vectors, p), in one pass."""

    def part_grams(
        self, parts: Sequence[np.ndarray], weight: np.ndarray, centre: np.ndarray, response: np.ndarray
    ) -> list[np.ndarray]:
        """For some parts of the rows, ascending: U' diag(weight) U of U = (X - centre, response, 1) over each,
        (p + 2, p + 2)."""

    def part_products(
        self, parts: Sequence[np.ndarray], columns: np.ndarray, coefs: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """X c of some columns for every column c of coefs[k], over the rows of part k: (rows, coefficients) each."""


class ColumnBlock(Protocol):
    """Some columns X_W of X, less their centres, in the order in which they joined."""

    @property
    def columns(self) -> np.ndarray:
        """Their numbers in X, (m,)."""

    def extend(self, columns: np.ndarray) -> None:
        """Append columns, none of which is in."""

    def correlate(self, v: np.ndarray, start: int = 0) -> np.ndarray:
        """X_W'v, from the column at `start` on. A storage may leave out the centres where v sums to zero, or not."""

    def predict(self, steps: np.ndarray) -> np.ndarray:
        """X_W s, (n,), for s (m,)."""


class WorkingBlock(ColumnBlock, Protocol):
    """The columns of a working set, in the form that its Gram matrices are taken from. `Design.working_block` makes it.

    `form` is "dense" or "sparse": which of the measured costs of solvers/choice.py hold.
    """

    form: str

    def rounding(self, columns: np.ndarray, norms: np.ndarray) -> float:
        """The relative error of a product of two centred columns, in units of their norms N_j (of all p columns)."""

    def wide(self) -> bool:
        """Whether a Gram matrix would be larger than the columns themselves. Then they lie in `rows`, see Gathered."""

    def gram(self, h: np.ndarray, start: int = 0) -> np.ndarray:
        """Rows from `start` on of X_W' diag(h) X_W, (m - start, m); h >= 0. As to centres, see `correlate`."""

    # ---- asked by batches of points (paths/batched/): vectors and steps are rows of arrays

    def correlate_each(self, vectors: np.ndarray) -> np.ndarray:
        """X_W'v for every row v of `vectors`: (vectors, m)."""

    def respond(self, columns: np.ndarray, h: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """x_j' diag(h) X_W s for some columns j of X and every row s of `steps`: (steps, columns)."""

    def response_cost(self, columns: np.ndarray) -> float:
        """What `respond` costs for each step, in values of X read by a sweep."""


class Gathered(WorkingBlock, Protocol):
    """A block that holds copies of its columns. Asked where `wide`, and by Newton's batches, for dense X alone."""

    rows: np.ndarray  # (at least m, n): row k is column k of X_W, C-ordered

    def predict_each(self, steps: np.ndarray) -> np.ndarray:
        """X_W s for every row s of `steps`: (steps, n)."""


class RowBlocks(Protocol):
    """Some columns, less their centres, that are read by blocks of neighbouring rows."""

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """(slice of rows, the columns' values there: (columns, rows of the block))."""

    def products(self, factors: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """(slice of rows, (X F)' there: (k, rows of the block)), for F (columns, k)."""

    def sampled_gram(self, rows: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(X' diag(h) X, X'h) over some rows; h are theirs."""
