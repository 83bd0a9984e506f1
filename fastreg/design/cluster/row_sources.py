"""Where blocks of rows come from: Dask arrays and data frames, files, lists of blocks, or what is in memory."""

import os
from itertools import pairwise
from typing import Any

import numpy as np

from fastreg.design.cluster.calls import Calls
from fastreg.design.cluster.held_rows import ClusterRows, ComputedRows, Here, SentRows, Workers
from fastreg.design.cluster.rows import ROWS, blocks_of, shape_of_rows
from fastreg.design.row_parts import part_of
from fastreg.interface.frames import rows_of
from fastreg.interface.scalars import check_count
from fastreg.interface.validation import ParameterError, check_table, feature_names_of


def rows_on(X, client, n_blocks=None):
    """The ClusterRows of X on the workers of a client, or for None in this process."""
    names = None if isinstance(X, list | str | os.PathLike) else feature_names_of(X)
    if client is None:
        return ClusterRows(Here([part_of(block) for block in blocks_here(X, n_blocks)]), names)
    calls = Calls(client)
    if hasattr(X, "to_delayed") or isinstance(X, str | os.PathLike):
        refuse_number(n_blocks, X)
        sources: list[Any] = [ComputedRows(block) for block in blocks_of(X, calls)[0]]
    else:
        sources = [SentRows(block) for block in blocks_here(X, n_blocks)]
    return ClusterRows(Workers(calls, sources), names)


def blocks_here(X, n_blocks):
    """The blocks of rows of what is in memory, or in files of rows, which are mapped."""
    if hasattr(X, "to_delayed"):
        raise ParameterError("X is Dask's: pass the client whose workers compute it, or fastreg.spool it into a file")
    if isinstance(X, list):
        refuse_number(n_blocks, X)
        if not X:
            raise ParameterError("X is an empty list; pass at least one block of rows, an array or a .npy file")
        return [mapped(each) if isinstance(each, str | os.PathLike) else each for each in X]
    if isinstance(X, str | os.PathLike):
        shape_of_rows(X)
        X = mapped(X)
    near: Any = X.tocsr() if hasattr(X, "tocsr") else X if isinstance(X, np.memmap) else check_table(X)
    n, p = near.shape
    count = -(-n * p * 8 // ROWS) if n_blocks is None else check_count("n_blocks", n_blocks, 1)
    edges = np.unique(np.linspace(0, n, max(min(count, n), 1) + 1).astype(int)).tolist()
    plain = isinstance(near, np.ndarray) or hasattr(near, "tocsr")
    return [near[a:b] if plain else rows_of(near, np.arange(a, b)) for a, b in pairwise(edges)]


def mapped(path):
    """The rows of a .npy file, which are read where they lie."""
    return np.load(path, mmap_mode="r", allow_pickle=False)


def refuse_number(n_blocks, X):
    """Raise where a number of blocks is given for an X that has blocks of its own."""
    if n_blocks is not None:
        raise ParameterError(f"n_blocks is given, but a {type(X).__name__} has blocks of its own; leave n_blocks out")
