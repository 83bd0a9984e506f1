"""`fastreg.sum_rows`: the sums of rows that lie on a cluster, from one read of each block."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any

import numpy as np

from fastreg.design.cluster.calls import Calls, Lost
from fastreg.design.cluster.tasks import threads_of_worker
from fastreg.design.files.stored import StoredFile, check_stamps
from fastreg.design.row_sums import RowSums
from fastreg.interface.frames import rows_of
from fastreg.interface.naming import explains_names
from fastreg.interface.scalars import check_count
from fastreg.interface.sources.arrays import mapped_array

ROWS = 100_000_000  # bytes of a block of rows of a file, about


@explains_names
def sum_rows(
    X: Any,
    y: Any,
    client: Any,
    *,
    sample_weight: Any = None,
    n_folds: int | None = None,
    random_state: int = 0,
) -> RowSums | list[RowSums]:
    """Sum rows on a Dask cluster, where they lie, for least squares with more rows than columns.

    `fit_path(sums=sum_rows(X, y, client))` fits the path of all rows. Each block of rows is read once, by one task, and
    only sums travel, which are added by a tree over the blocks' numbers: results depend on the blocks, not on the
    workers, to the last bit. Blocks that are lost with a worker are read again.

    Parameters
    ----------
    X : dask array or data frame of shape (n, p), str or path
        Blocks of rows: the chunks of a Dask array, or the partitions of a Dask data frame of numbers. A path is that of
        a .npy file, row by row (C order), which all workers can read under this name.
    y : dask array or series, array-like of shape (n,), str or path
        Response. In blocks of the same rows, if it is not here or in a .npy file.
    client : distributed.Client
        The client of a cluster whose workers have the same version of fastreg.
    sample_weight : as y, default=None
        Weights >= 0; None is 1 for every row.
    n_folds : int, default=None
        A number of folds over which the rows of each block are spread at random. None is no folds.
    random_state : int, default=0
        Seed of the folds.

    Returns
    -------
    RowSums or list of RowSums
        The sums of all rows; with `n_folds` those of each fold, for `cv_path(sums=...)`.

    Raises
    ------
    ValueError
        Where X, y and weights are not blocks of the same rows, or a block holds anything but finite numbers.
    RuntimeError
        If there are no workers, if one of them has no fastreg or another version, or if the scheduler is lost.

    See Also
    --------
    RowSums : Sums of rows that are in memory here.
    distribute : X with more columns than rows.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> rng = np.random.default_rng(0)
    >>> try:
    ...     import dask.array as da
    ...     from distributed import Client
    ...     X = da.from_array(rng.normal(size=(1000, 5)), chunks=(250, 5))
    ...     with Client(processes=False, n_workers=1, dashboard_address=None) as client:
    ...         sums = fastreg.sum_rows(X, X[:, 0], client)
    ...         print(sums.shape, fastreg.fit_path(sums=sums).support(0.5))
    ... except ImportError:
    ...     print((1000, 5), [0])  # the extra "dask" is not installed
    (1000, 5) [0]
    """
    calls = Calls(client)
    calls.workers()
    folds = 1 if n_folds is None else check_count("n_folds", n_folds, 2)
    blocks, lengths = blocks_of(X, calls)
    targets = parts_of(y, "y", blocks, lengths)
    weights = None if sample_weight is None else parts_of(sample_weight, "sample_weight", blocks, lengths)
    try:
        (found,) = calls.wait([client.compute(tree_of_sums(blocks, targets, weights, folds, random_state))])
    except Lost as error:
        raise RuntimeError(f"blocks of rows were lost with a worker and cannot be read again ({error})") from None
    return found[0] if n_folds is None else found


def tree_of_sums(blocks, targets, weights, folds, seed):
    """The delayed list of each fold's sums: one task a block, and tasks that add two of them."""
    from dask import delayed

    summed, added = delayed(sums_of_block, pure=False), delayed(added_sums, pure=False)
    weights = [None] * len(blocks) if weights is None else weights
    level = [
        summed(block, target, weight, number, folds, seed)
        for number, (block, target, weight) in enumerate(zip(blocks, targets, weights))
    ]
    while len(level) > 1:
        pairs = [added(left, right) for left, right in zip(level[::2], level[1::2])]
        level = pairs + level[len(level) - len(level) % 2 :]
    return level[0]


def sums_of_block(X, y, weight, number, folds, seed):
    """The RowSums of each fold's rows of a block."""
    y, weight = np.asarray(y), None if weight is None else np.asarray(weight)
    out = [RowSums() for _ in range(folds)]
    where = np.random.default_rng([seed, number]).permutation(y.size) % folds
    try:
        with threads_of_worker():
            for k, sums in enumerate(out):
                rows = np.flatnonzero(where == k)
                some = X if folds == 1 else rows_of(X, rows)
                sums.add(some, y[rows], None if weight is None else weight[rows])
    except ValueError as error:
        raise ValueError(f"block {number} of the rows: {error}") from None
    return out


def added_sums(left, right):
    """The sums of two parts of the rows, fold by fold."""
    return [a + b for a, b in zip(left, right)]


def blocks_of(X, calls):
    """(delayed blocks of rows, their lengths or None where these are not known)."""
    if isinstance(X, str | os.PathLike):
        from dask import delayed

        path = os.path.abspath(X) if os.path.exists(X) else os.fspath(X)
        ((shape, stamp),) = calls.wait([calls.begin(file_of_rows, path)])
        size = max(1, ROWS // (8 * shape[1]))
        edges = [*range(0, shape[0], size), shape[0]]
        read = delayed(rows_of_file, pure=False)
        return [read(path, stamp, a, b) for a, b in pairwise(edges)], np.diff(edges).tolist()
    if not hasattr(X, "to_delayed"):
        raise TypeError(
            f"X must be a Dask array, a Dask data frame or the path of a .npy file, got a {type(X).__name__}; rows "
            "that are in memory here are summed by RowSums().add(X, y)"
        )
    if not hasattr(X, "chunks"):  # a data frame
        return list(X.to_delayed()), None
    if X.ndim != 2:
        raise ValueError(f"X must have two dimensions (rows, columns), got a Dask array of shape {X.shape}")
    lengths = None if np.isnan(X.shape[0]) else list(X.chunks[0])
    return X.rechunk({1: -1}).to_delayed().ravel().tolist(), lengths


def parts_of(values, name, blocks, lengths):
    """The parts of a vector that belong to the blocks, delayed or in memory."""
    if hasattr(values, "to_delayed"):
        if hasattr(values, "chunks") and lengths is not None and not np.isnan(values.shape[0]):
            if values.shape != (sum(lengths),):
                raise ValueError(f"{name} has shape {values.shape}, but X has {sum(lengths)} rows")
            values = values.rechunk((tuple(lengths),))
        parts = np.ravel(values.to_delayed()).tolist()
        if len(parts) != len(blocks):
            raise ValueError(f"{name} has {len(parts)} blocks, but X has {len(blocks)}; they must be of the same rows")
        return parts
    values = mapped_array(values) if isinstance(values, str | os.PathLike) else np.asarray(values)
    if lengths is None:
        raise ValueError(f"the lengths of X's blocks are not known; pass {name} as Dask blocks of the same rows")
    if values.shape != (sum(lengths),):
        raise ValueError(f"{name} has shape {values.shape}, but X has {sum(lengths)} rows")
    return [np.array(part) for part in np.split(values, np.cumsum(lengths)[:-1])]


def shape_of_rows(path):
    """The shape of a .npy file of rows."""
    rows = mapped_array(path)
    if rows.ndim != 2 or rows.dtype.kind not in "fiub" or not rows.flags.c_contiguous:
        raise ValueError(
            f"{path} holds {rows.dtype} of shape {rows.shape}, and rows of numbers in C order are needed; columns, in "
            "Fortran order, are for fastreg.open and fastreg.distribute"
        )
    return rows.shape


def file_of_rows(path):
    """(the shape of a .npy file of rows, by what a change of it is known)."""
    return shape_of_rows(path), StoredFile(path).stamp


def rows_of_file(path, stamp, start, stop):
    """Rows start to stop of a .npy file, as they are stored, if it is as it was: they are read again where a worker is
    lost."""
    file = StoredFile(path)
    check_stamps([file], [stamp])
    found = np.array(mapped_array(path)[start:stop])
    file.verify()
    return found
