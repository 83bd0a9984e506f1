"""`fastreg.distribute`: X as blocks on a cluster, from a file, a Dask array, or an array in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from fastreg.design.cluster import tasks
from fastreg.design.cluster.calls import Calls
from fastreg.design.cluster.columns import ClusterColumns
from fastreg.design.cluster.held_rows import ClusterRows
from fastreg.design.cluster.row_sources import rows_on
from fastreg.design.files.mapped import MappedDesign
from fastreg.design.files.mapped_sparse import MappedSparse
from fastreg.interface.frames import feature_names_of
from fastreg.interface.naming import explains_names
from fastreg.interface.scalars import check_count, check_option
from fastreg.interface.validation import check_design

TOGETHER = 4  # columns whose products may be computed at once: edges of blocks are multiples of it


@explains_names
def distribute(
    X: Any, client: Any, *, by: str = "columns", n_blocks: int | None = None
) -> ClusterColumns | ClusterRows:
    """Spread X over the workers of a Dask cluster, by blocks of columns or of rows.

    What is returned takes the place of X: `fit_path(distribute("x.npy", client), y)`. Coefficients and gaps do not
    depend on the workers, to the last bit, nor on whether some of them are lost: their blocks are made again from where
    they came.

    By columns, for data with more columns than rows: each worker multiplies its columns with the residuals that a fit
    sends, a few times for a whole path; what happens on few columns happens here. Every function takes such an X.

    By rows, for data with more rows than columns: everything of a row stays where it is, its response as well.
    Coefficients are sent, and sums over the rows come back: losses, X'r, and matrices of the columns in use.
    `fit_path` and `cv_path` take such an X, for every family. Least squares read it once, and others 40 to 90 times for
    a path, each time for several points, and of all folds.

    Parameters
    ----------
    X : str, path, dask array, or {array, sparse matrix} of shape (n, p)
        A file that all workers can read under this name: by columns of any form that `fastreg.open` reads, or what that
        has returned; by rows a .npy file in C order. A Dask array of two dimensions; by rows its chunks of rows are the
        blocks, or the partitions of a Dask data frame of numbers. An array or a sparse matrix in memory, whose blocks
        are sent to the workers; by rows a data frame of numbers, too, or a list of blocks, which are arrays or .npy
        files.
    client : distributed.Client or None
        The client of a cluster whose workers have the same version of fastreg. By rows None is this process, which
        reads one block after the other.
    by : {"columns", "rows"}, default="columns"
        What blocks are made of.
    n_blocks : int, default=None
        The number of blocks. None is one for each worker, or by rows blocks of 100 MB.

    Returns
    -------
    ClusterColumns or ClusterRows
        X, with `shape`, and counts of what was done so far: `reads` of all of X, `trips` to the workers, and
        `bytes_read`, to and from them.

    Raises
    ------
    RuntimeError
        If there are no workers, if one of them has no fastreg or another version, or, later by a fit, if the scheduler
        is lost.

    See Also
    --------
    open : X in a file of this machine.
    sum_rows : Sums of rows on a cluster, for least squares and their cross-validation.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(50, 400)), rng.normal(size=50)
    >>> try:
    ...     from distributed import Client
    ...     with Client(processes=False, n_workers=1, dashboard_address=None) as client:
    ...         spread = fastreg.distribute(X, client)
    ...         print(fastreg.fit_path(spread, y).converged, spread.reads < 20)
    ... except ImportError:
    ...     print(True, True)  # the extra "dask" is not installed
    True True

    >>> X = rng.normal(size=(1000, 5))
    >>> rows = fastreg.distribute([X[:600], X[600:]], None, by="rows")
    >>> counts = rng.poisson(np.exp(X[:, 0] - X[:, 1]))
    >>> path = fastreg.fit_path(rows, counts, family="poisson")
    >>> path.converged, path.support(0.5), rows.reads < 100
    (True, [0, 1], True)
    """
    check_option("by", by, ("columns", "rows"))
    if by == "rows":
        return rows_on(X, client, n_blocks)
    calls = Calls(client)
    number = len(calls.workers()) if n_blocks is None else check_count("n_blocks", n_blocks, 1)
    source = source_of(X, calls)
    p = source.shape[1]
    width = max(1, -(-p // (number * TOGETHER))) * TOGETHER
    edges = [*range(0, p, width), p]
    parts = [source.part(a, b) for a, b in pairwise(edges)]
    return ClusterColumns(calls, parts, edges, source.names)


def source_of(X, calls):
    """The Source of blocks of X."""
    if type(X) in (MappedDesign, MappedSparse):  # by name, since its copies on other machines may be of another time
        path, begin = X.path, X.begin
        return Source(X.shape, lambda a, b: Made(tasks.block_of_file, (path, begin + a, begin + b)), X.feature_names)
    if isinstance(X, str | os.PathLike):
        path = os.path.abspath(X) if os.path.exists(X) else os.fspath(X)
        ((shape, names),) = calls.wait([calls.begin(tasks.shape_and_names_of_file, path)])
        return Source(shape, lambda a, b: Made(tasks.block_of_file, (path, a, b)), names)
    if hasattr(X, "look") and hasattr(X, "part"):
        return Source(X.shape, lambda a, b: Made(tasks.block_of_design, (X, a, b)), X.feature_names)
    if isinstance(X, tuple):
        raise TypeError(
            "X is a tuple of parts, and blocks are those of one X; distribute the parts that are large, and pass such "
            "as (covariates, distribute(X, client)) to the fit"
        )
    if hasattr(X, "dask") and hasattr(X, "rechunk"):
        if X.ndim != 2:
            raise ValueError(f"X must have two dimensions (rows, columns), got a Dask array of shape {X.shape}")
        if np.isnan(X.shape).any():
            raise ValueError("the sizes of X's chunks are not known; call X.compute_chunk_sizes() before")
        return Source(X.shape, lambda a, b: Computed(X[:, a:b], X.shape[0] * X.shape[1]))
    near = check_design(X)
    return Source(near.shape, lambda a, b: Sent(near[:, a:b], near.shape[0] * near.shape[1]), feature_names_of(X))


class Source(NamedTuple):
    """What is cut into blocks: (n, p), a function of (start, stop) that returns a block's source, names of columns."""

    shape: tuple[int, int]
    part: Callable[[int, int], Any]
    names: list[str] | None = None


class Made(NamedTuple):
    """A block that a worker makes by a function."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def begin(self, calls, worker):
        """The future of the block, at the worker if that is free."""
        return calls.begin(self.function, *self.arguments, worker=worker)


class Computed(NamedTuple):
    """A block of a Dask array."""

    columns: Any
    size: int  # number of all values of X

    def begin(self, calls, worker):
        """The future of the block, at the worker if that is free."""
        from dask import delayed

        made = delayed(tasks.block_of, pure=False)(self.columns, self.size)
        return calls.reached(calls.client.compute, made, workers=[worker], allow_other_workers=True)


class Sent(NamedTuple):
    """A block in memory here, which is sent to a worker, and sent again if that is lost."""

    columns: Any
    size: int  # number of all values of X

    def begin(self, calls, worker):
        """The future of the block, at the worker if that is free."""
        data = calls.reached(calls.client.scatter, self.columns, workers=[worker], hash=False)
        return calls.begin(tasks.block_of, data, self.size, worker=worker)
