"""What the workers of a cluster run: pure functions of a block of columns. They travel by name, data as arrays.

A block is computed from its source alone, so that Dask makes it again where a worker is lost. Products of a column do
not depend on the block that it is in.
"""

from contextlib import contextmanager

import numpy as np

from fastreg.design.column_products import correlate_columns, first_of, is_outer
from fastreg.design.designs import as_design
from fastreg.design.files.mapped import products_with
from fastreg.design.files.opening import open as opened
from fastreg.design.sparse_gram import stored_parts
from fastreg.interface.frames import feature_names_of
from fastreg.interface.narrow import is_kept, kept
from fastreg.interface.validation import check_design
from fastreg.numerics.threads import at_most


class Block:
    """Some neighbouring columns of X at a worker: a design in memory, whose bytes Dask counts, or one that reads files.

    `origin` is (a function, its arguments) that makes the same block at another worker; None where it has to be sent.
    """

    def __init__(self, design, origin=None, size=1):
        self.design, self.origin, self.size = design, origin, size

    def __sizeof__(self):
        return self.size

    def __reduce__(self):
        return self.origin or (Block, (self.design, None, self.size))


def form_of(design):
    """ "dense" or "sparse": the form of copies of a design's columns."""
    return design.form if is_outer(design) else design.working_block(np.zeros(design.shape[1])).form


def block_of(X, size):
    """The Block of an array or sparse matrix. Of `size`, the number of all values of X, depends whether narrow numbers
    are kept, so that products have the same bits in blocks of any size."""
    if isinstance(X, np.ndarray) and is_kept(X.dtype):
        X = np.asfortranarray(kept(X, size))
    else:
        X = check_design(X)
    parts = (X.data, X.indices, X.indptr) if hasattr(X, "indptr") else (X,)
    return Block(as_design(X), size=sum(each.nbytes for each in parts))


def block_of_file(path, start, stop):
    """The Block of columns start to stop of a file, which are read where they lie."""
    part = opened(path).part(start, stop)  # type: ignore[attr-defined]  # those that it opens have it
    return Block(part, (block_of_file, (path, start, stop)))


def block_of_design(design, start, stop):
    """The Block of columns start to stop of a design that is read by blocks, and opened anew by whom it is sent to."""
    return Block(design.part(start, stop), (block_of_design, (design, start, stop)))


def shape_and_names_of_file(path):
    """((n, p), the names of the columns or None) of a file."""
    X = opened(path)
    return X.shape, feature_names_of(X)


@contextmanager
def threads_of_worker():
    """Within this, products have as many threads as the worker that runs the task."""
    from distributed import get_worker

    try:
        threads = get_worker().state.nthreads
    except ValueError:  # outside of a worker
        threads = None
    with at_most(threads):
        yield


def described(block):
    """(n, p, values stored in each column or None where these are n, form) of a block."""
    design, form = block.design, form_of(block.design)
    stored = None if form == "dense" else [design.stored_in(np.array([j])) for j in range(design.shape[1])]
    return *design.shape, None if stored is None else np.array(stored, dtype=np.int64), form


def first(block, weights, vectors):
    """`OuterDesign.first` of a block's columns."""
    with threads_of_worker():
        return first_of(block.design, weights, vectors)


def correlate_each(block, vectors):
    """X'v of a block's columns for every row v of `vectors`."""
    design, vectors = block.design, np.ascontiguousarray(vectors)
    with threads_of_worker():
        return design.correlate_each(vectors) if is_outer(design) else products_with(design, vectors)


def look(block, vectors, columns):
    """x_j'v for every row v of `vectors` and some columns j of a block, numbered from its first."""
    with threads_of_worker():
        if is_outer(block.design):
            return block.design.look(vectors, columns)
        return np.array([correlate_columns(block.design, v, columns) for v in np.ascontiguousarray(vectors)])


def look_ahead(block, vectors, limits, most, columns, rates, likely):
    """(`look` of some columns, the numbers of columns that are likely to be copied next, `copies` of these).

    They are the `likely` ones, and at most `most` of `columns` with |x_j'v_k| > limits[k] rates[j] for the k-th vector.
    """
    products = look(block, vectors, columns)
    excess = np.max(np.abs(products) / limits[:, None], axis=0, initial=0.0) / rates
    beyond = np.flatnonzero(excess > 1.0)
    if beyond.size > most:
        beyond = beyond[np.argpartition(-excess[beyond], most)[:most]]
    chosen = np.union1d(columns[beyond], likely)
    return products, chosen, copies(block, chosen)


def copies(block, columns):
    """Copies of some columns of a block, an array of them as they are stored, or (pointers, rows, values)."""
    design = block.design
    near = design.in_memory(columns) if is_outer(design) else design
    some = np.arange(len(columns)) if is_outer(design) else columns
    return stored_parts(near, some) if hasattr(near, "indptr") else np.array(near.columns[some])


def prepare(block):
    """Load the kernels that the other functions call, or compile them, on a few columns."""
    few = Block(block.design.part(0, min(block.design.shape[1], 4)))
    n, p = few.design.shape
    weights = np.full((1, n), 1.0 / n)
    first(few, weights, weights)
    correlate_each(few, weights)
    look(few, weights, np.arange(p))
    copies(few, np.arange(p))
