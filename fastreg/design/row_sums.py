"""RowSums: all that least squares need of the rows, in (p + 1)^2 numbers, for rows that stream in or lie elsewhere.

Of rows (x_i, y_i) with weights w_i, whose sum is W, the sums hold the means m of the p columns and of y, and

    S = sum_i w_i u_i u_i',    u_i = (x_i, y_i) - m.

Sums of two sets of rows, with the difference d of their means, add up without loss of digits (Chan, Golub and LeVeque
1983):

    S = S_1 + S_2 + W_1 W_2 / (W_1 + W_2) d d',    m = m_1 + W_2 / (W_1 + W_2) d.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg.design.column_products import column_moments
from fastreg.design.dense_products import sum_of_products
from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.interface.scalars import listed
from fastreg.interface.validation import read_only
from fastreg.interface.writing import whole_file
from fastreg.numerics.threads import one_blas_thread

FORMAT = "fastreg row sums 1"
ROWS = 2048  # rows that are centred at a time
COPIED = 500_000  # numbers that are centred at a time, about


@explains_names
class RowSums:
    """Sums over rows of data from which least squares are fitted exactly: `fit_path(sums=...)`, `cv_path(sums=...)`.

    Rows are added in any number of chunks, and each is read once. Sums of other rows, made elsewhere, are added by `+`.
    The size of the sums, 8 (p + 1)^2 bytes, does not depend on the number of rows; up to some thousand columns are
    practical. Other families need the rows themselves.

    Parameters
    ----------
    feature_names : list of str of length p, default=None
        Names of the columns. None is the names of the first data frame that is added, if it is one.

    Attributes
    ----------
    n_rows : int
        Number of rows so far.
    weight : float
        Sum of their weights.
    mean : ndarray of shape (p + 1,)
        Weighted means of the columns, and last of y.
    products : ndarray of shape (p + 1, p + 1)
        Weighted sums of products of the columns, and last y, about their means.
    weighted : bool
        Whether any weights were given.

    References
    ----------
    Chan, Golub and LeVeque (1983), The American Statistician 37(3), for the addition.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> rng = np.random.default_rng(0)
    >>> sums = fastreg.RowSums()
    >>> for _ in range(10):
    ...     X = rng.normal(size=(1000, 5))
    ...     sums.add(X, X[:, 0] - X[:, 1] + rng.normal(size=1000))
    >>> path = fastreg.fit_path(sums=sums)
    >>> path.converged, path.support(0.5), sums.shape
    (True, [0, 1], (10000, 5))
    """

    feature_names: list[str] | None
    n_rows: int
    weight: float
    mean: np.ndarray
    products: np.ndarray
    weighted: bool

    def __init__(self, feature_names: Sequence[str] | None = None):
        self.feature_names = None if feature_names is None else list(feature_names)
        self.n_rows, self.weight, self.weighted = 0, 0.0, False
        self.mean, self.products = np.zeros(0), np.zeros((0, 0))

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows so far, and of columns; (0, 0) before the first chunk.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> sums = fastreg.RowSums()
        >>> sums.add(np.eye(3), [0.0, 1.0, 2.0])
        >>> sums.shape
        (3, 3)
        """
        return self.n_rows, max(self.mean.size - 1, 0)

    def add(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Add a chunk of rows.

        Nothing is added if the chunk is refused. Its values may be of any numeric type and order of memory; products
        are taken in float64. An offset is subtracted from y beforehand.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (rows, p)
            The rows, never modified; numbers only.
        y : array-like of shape (rows,)
            Response.
        sample_weight : array-like of shape (rows,), default=None
            Weights >= 0, on the same scale in all chunks; None is 1 for every row.

        Raises
        ------
        ValueError
            Where the chunk holds anything but finite numbers, or has other columns than those before.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> sums = fastreg.RowSums()
        >>> sums.add(np.eye(3), [0.0, 1.0, 2.0])
        >>> sums.add(np.ones((1, 3)), [3.0], sample_weight=[2.0])
        >>> sums.n_rows, sums.weight, float(sums.mean[-1])
        (4, 5.0, 1.8)
        """
        names = self._names(X)
        if np.shape(y) == (0,) and getattr(X, "shape", (1,))[0] == 0:  # a part of a stream may be empty
            return
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype.kind in "fiub" and X.dtype.itemsize <= 8
        X = X if plain and X.size else check.check_design(X)
        n, p = X.shape
        if self.n_rows and p != self.shape[1]:
            raise ValueError(f"X has {p} columns, but the rows added before have {self.shape[1]}")
        y = check.check_numbers(y, n)
        weighted = sample_weight is not None
        weight = check.check_vector("sample_weight", sample_weight, n, allow_negative=False) if weighted else np.ones(n)
        with (
            one_blas_thread(),
            np.errstate(over="ignore", invalid="ignore"),
        ):  # refused below, with the place
            mean, products = sums_of(X, y, weight) if plain else sums_of_design(as_design(X), y, weight)
        if not np.isfinite(products).all():
            raise check.explain_not_finite(X, names)
        self.feature_names = names
        self._take(n, float(weight.sum()), mean, products, weighted)

    def _names(self, X):
        """The names of the columns with this chunk; a ValueError where it has others than those before."""
        names = check.feature_names_of(X)
        if names is None or self.feature_names is None:
            return check.feature_names_of(X, self.feature_names)
        if names != self.feature_names:
            raise ValueError(
                f"the columns of X are called {listed(names)}, but those of the rows added before "
                f"{listed(self.feature_names)}; select these from X, in this order"
            )
        return names

    def _take(self, n_rows, weight, mean, products, weighted):
        """Add sums of other rows."""
        self.n_rows, self.weighted = self.n_rows + n_rows, self.weighted or weighted
        if weight == 0.0 and self.mean.size:
            return
        if self.weight == 0.0:
            self.weight, self.mean, self.products = weight, mean.copy(), products.copy()
            return
        apart, share = mean - self.mean, weight / (self.weight + weight)
        self.products += products
        self.products += np.outer(apart, self.weight * share * apart)
        self.mean += share * apart
        self.weight += weight

    def __add__(self, other: RowSums) -> RowSums:
        """The sums over both sets of rows."""
        if not isinstance(other, RowSums):
            return NotImplemented
        both = [each.mean.size - 1 for each in (self, other) if each.n_rows]
        if len(set(both)) > 1:
            raise ValueError(f"sums of {both[0]} and of {both[1]} columns cannot be added; they must be of the same")
        named = [each.feature_names for each in (self, other) if each.feature_names is not None]
        if len(named) == 2 and named[0] != named[1]:
            raise ValueError("sums of columns of different names cannot be added; order the columns alike before")
        out = RowSums(named[0] if named else None)
        for each in (self, other):
            if each.n_rows:
                out._take(each.n_rows, each.weight, each.mean, each.products, each.weighted)
        return out

    @staticmethod
    def total(parts: Sequence[RowSums]) -> RowSums:
        """The sums over the rows of all parts, added by a tree over their places.

        The result depends on the parts and their order alone, to the last bit.

        Parameters
        ----------
        parts : list of RowSums
            Sums of the same columns over different rows.

        Returns
        -------
        RowSums
            The sums over all of them.

        Raises
        ------
        ValueError
            Without a part, or where columns differ.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> parts = [fastreg.RowSums() for _ in range(3)]
        >>> for k, part in enumerate(parts):
        ...     part.add(np.full((2, 1), float(k)), [0.0, 1.0])
        >>> fastreg.RowSums.total(parts).mean.tolist()
        [1.0, 0.5]
        """
        level = list(parts)
        if not level:
            raise ValueError("there are no sums to add up; pass a list of at least one RowSums")
        while len(level) > 1:
            pairs = [left + right for left, right in zip(level[::2], level[1::2])]
            level = pairs + level[len(level) - len(level) % 2 :]
        return level[0]

    def save(self, file: Any) -> None:
        """Write the sums to a file in NumPy's npz format; `RowSums.load` reads them back to the same bits.

        Parameters
        ----------
        file : str or path-like
            Name of the file, which is written completely or not at all.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> import fastreg
        >>> sums = fastreg.RowSums()
        >>> sums.add(np.eye(3), [0.0, 1.0, 2.0])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sums.save(pathlib.Path(folder) / "monday.npz")
        ...     same = fastreg.RowSums.load(pathlib.Path(folder) / "monday.npz")
        >>> (same.products == sums.products).all(), same.n_rows
        (np.True_, 3)
        """
        names = {} if self.feature_names is None else {"feature_names": np.array(self.feature_names, dtype=str)}
        numbers = {"n_rows": self.n_rows, "weight": self.weight, "weighted": self.weighted}
        with whole_file(file, "wb") as opened:
            np.savez(opened, format=FORMAT, mean=self.mean, products=self.products, **numbers, **names)  # type: ignore[arg-type]

    @classmethod
    def load(cls, file: Any) -> RowSums:
        """Read sums that `save` has written. No code in a file is run.

        Parameters
        ----------
        file : str or path-like
            Name of the file.

        Returns
        -------
        RowSums
            The sums, to which more rows may be added.

        Raises
        ------
        ValueError
            Where the file holds something else, or is damaged.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import fastreg
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fastreg.RowSums(["age"]).save(pathlib.Path(folder) / "sums.npz")
        ...     fastreg.RowSums.load(pathlib.Path(folder) / "sums.npz").feature_names
        ['age']
        """
        wrong = f"{file} holds no sums of rows: only what RowSums.save has written can be loaded"
        try:
            with open(file, "rb") as opened:
                stored = np.load(opened, allow_pickle=False)
                entries = {name: stored[name] for name in stored.files} if hasattr(stored, "files") else {}
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{wrong} ({error})") from None
        if str(entries.get("format")) != FORMAT:
            raise ValueError(wrong)
        try:
            return cls._of_entries(entries)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file} is damaged: {error}") from None

    @classmethod
    def _of_entries(cls, entries):
        """The sums of a file's arrays by name."""
        names = entries.get("feature_names")
        n_rows, weight, weighted = (entries[name].item() for name in ("n_rows", "weight", "weighted"))
        mean, products = (np.array(entries[name], dtype=np.float64) for name in ("mean", "products"))
        out, width = cls(None if names is None else [str(name) for name in names]), mean.size
        fits = products.shape == (width, width) and (names is None or width in (0, len(names) + 1))
        if not (fits and np.isfinite(products).all() and np.isfinite(mean).all()):
            raise ValueError("its entries do not fit together")
        out._take(n_rows, weight, mean, products, weighted)
        return out

    def __repr__(self) -> str:
        return f"<fastreg.RowSums: {self.n_rows:,} rows, {self.shape[1]:,} columns>"


def sums_of(X, y, weight):
    """(m, S) of an array of any numeric type and order, of which few rows at a time are copied."""
    (n, p), total = X.shape, float(weight.sum())
    mean, length = np.zeros(p + 1), max(64, min(ROWS, COPIED // (p + 1)))
    if total == 0.0:
        return mean, np.zeros((p + 1, p + 1))
    for start in range(0, n, length):
        part, w = X[start : start + length], weight[start : start + length]
        mean[:p] += w @ part.astype(np.float64, copy=False)
    mean[p] = weight @ y
    mean /= total
    root = np.sqrt(weight)

    def centred(start, stop):
        out = np.empty((p + 1, stop - start))
        np.subtract(X[start:stop].T, mean[:p, None], out=out[:p])
        np.subtract(y[start:stop], mean[p], out=out[p])
        out *= root[start:stop]
        return out, out

    return mean, sum_of_products(centred, n, length, p + 1, p + 1)


def sums_of_design(design, y, weight):
    """(m, S) of a design, such as sparse columns, of which only what is stored is read."""
    total, p = float(weight.sum()), design.shape[1]
    if total == 0.0:
        return np.zeros(p + 1), np.zeros((p + 1, p + 1))
    share = read_only(weight / total)
    mean = np.append(column_moments(design, share)[0], share @ y)
    products = design.part_grams([np.arange(y.size)], weight, mean[:p], y - mean[p])[0]
    return mean, np.ascontiguousarray(products[:-1, :-1])
