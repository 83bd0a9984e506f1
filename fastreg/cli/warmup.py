"""warmup: compile the usual kernels ahead of time, by fits so small that they cost nothing else."""

import itertools
import time
import warnings
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from fastreg.design.categorical import coded_design
from fastreg.design.designs import DenseDesign, SparseDesign
from fastreg.interface.naming import explains_names
from fastreg.interface.narrow import NARROW
from fastreg.interface.validation import check_option, read_only
from fastreg.multi.fit_multi_path import fit_multi_path
from fastreg.numerics.jit import NOTICE
from fastreg.numerics.kernel_cache import cache_directories
from fastreg.objective.families import FAMILIES
from fastreg.paths.fit_path import fit_path
from fastreg.selection.cross_validation.cv_path import cv_path

DESIGNS = ("dense", "sparse", "coded")
SEVERAL = "several"  # responses, or classes
SHAPES_OF_FOLDS = (12, 400), (4000, 50)  # rows, columns: of wide folds, and of tall ones, which share Gram matrices


@explains_names
def warmup(verbose: bool = False, dtypes: str | Sequence[str] = "float64") -> float:
    """Compile the kernels of every family and of several responses: dense, sparse (32-bit indices), coded; of folds.

    Kernels are kept on disk: once this has run, no later process compiles anything for such fits. Takes one to
    three minutes the first time, a few seconds after that.

    Parameters
    ----------
    verbose : bool, default=False
        Whether each part's seconds are printed.
    dtypes : str or sequence of str, default="float64"
        Types of the numbers of X, of "float64", "float32", "int8", "uint8" (bool as well) and "int16"; each of the
        narrower ones, dense and sparse, takes some ten seconds more. They are compiled when first used otherwise.

    Returns
    -------
    float
        The seconds taken.

    Raises
    ------
    ValueError
        For another type.

    Examples
    --------
    >>> from fastreg import warmup
    >>> seconds = warmup()  # doctest: +SKIP
    >>> seconds = warmup(dtypes=["float64", "int8"])  # doctest: +SKIP
    """
    dtypes = [dtypes] if isinstance(dtypes, str) else list(dtypes)
    for dtype in dtypes:
        check_option("dtypes", dtype, ("float64", *map(str, NARROW)))
    NOTICE.advice = ""  # it advises to run warmup
    begin = time.perf_counter()
    for dtype, design in itertools.product(dtypes, DESIGNS):
        if design == "coded" and dtype != "float64":  # numbers beside categories are float64
            continue
        for family in (*FAMILIES, SEVERAL):
            seconds = prepare_several(design, dtype) if family == SEVERAL else prepare(family, design, dtype=dtype)
            if verbose:
                label = design if dtype == "float64" else f"{design} {dtype}"
                print(f"{label:>6} {family:<8} {seconds:6.2f} s", flush=True)
    total = time.perf_counter() - begin
    if verbose:
        directory = cache_directories()[0]
        kept = f"kept in {directory}" if directory else "not kept: set FASTREG_CACHE_DIR to a writable folder"
        print(f"{total:22.2f} s in all; kernels are {kept}")
    return total


def prepare(family, design="dense", l1_ratio=None, dtype="float64"):
    """Compile what fits of one family on one kind of design need; only a plain path's needs, given l1_ratio.

    Returns the seconds taken.
    """
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the data are noise
        plain = [(shape, {"l1_ratio": l1_ratio, "n_alphas": 40}) for shape in ((24, 6), (12, 100))]
        for shape, options in _fits() if l1_ratio is None else plain:
            X, y = _draw(*shape)
            fit_path(_stored(X, design, dtype), y, family=family, **options)
        for shape in SHAPES_OF_FOLDS if l1_ratio is None else ():
            X, y = _draw(*shape, dependent=False)
            cv_path(_stored(X, design, dtype), y, cv=3, family=family, n_alphas=10, alpha_min_ratio=0.05)
    return time.perf_counter() - begin


def prepare_several(design="dense", dtype="float64"):
    """Compile what fits with several responses or classes need on one kind of design. Returns the seconds taken."""
    begin = time.perf_counter()
    X, y = _draw(24, 6)
    X = _stored(X, design, dtype)
    targets = {"gaussian": np.column_stack([y, -y]), "multinomial": np.arange(24) % 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for family, Y in targets.items():
            for l1_ratio in (1.0, 0.5, 0.0):
                fit_multi_path(X, Y, family=family, l1_ratio=l1_ratio, n_alphas=10, alpha_min_ratio=0.01)
    return time.perf_counter() - begin


def _stored(X, design, dtype):
    """X in one of DESIGNS; "coded" has two categories of two levels in the place of four columns."""
    if dtype != "float64":  # not as users pass it: so small an X would be converted
        X = np.abs(np.round(2.0 * X)).astype(dtype)
        if design == "dense":
            return DenseDesign(read_only(np.ascontiguousarray(X.T)))
        parts = sp.csc_array(X)
        return SparseDesign(read_only(parts.data), read_only(parts.indices), read_only(parts.indptr), len(X))
    if design == "dense":
        return X
    if design == "sparse":
        return sp.csc_array(X)
    n, p = X.shape
    codes = (np.arange(n, dtype=np.int32) // np.array([[1], [2]], dtype=np.int32)) % 2
    numbers = np.ascontiguousarray(X[:, 4:].T)
    factor, place = [0, 0, 1, 1] + [-1] * (p - 4), [0, 1, 0, 1, *range(p - 4)]
    return coded_design(numbers, codes, [2, 2], [False, False], factor, place)


def _fits():
    """Shapes and options of the fits that together reach every kernel and every layout of its arguments."""
    shape, free = (24, 6), np.array([0.0, 1, 1, 1, 1, 1])
    for l1_ratio in (1.0, 0.5, 0.0):
        yield shape, {"l1_ratio": l1_ratio, "n_alphas": 20}
        yield shape, {"l1_ratio": l1_ratio, "n_alphas": 5, "fit_intercept": False}
        yield shape, {"l1_ratio": l1_ratio, "n_alphas": 5, "penalty_factor": free}
        yield (6, 40), {"l1_ratio": l1_ratio, "n_alphas": 20}  # more columns in than rows: no Gram matrix
        yield shape, {"l1_ratio": l1_ratio, "n_alphas": 5, "lower": -0.1, "upper": 0.1}
    yield shape, {"alphas": [1.0, 0.1, 0.0]}
    yield shape, {"n_alphas": 5, "solver": "coordinate_descent"}  # Gram form
    yield (2, 6), {"n_alphas": 5, "solver": "coordinate_descent"}  # few rows: residual form


def _draw(rows, columns, dependent=True):
    """A design with zeros in it, and a response that every family admits."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < 0.7)
    if dependent:  # such columns have kernels of their own
        X[:, 1] = X[:, 0]
    y = np.clip(0.5 + 0.2 * X[:, 0] - 0.1 * X[:, -1] + 0.1 * rng.normal(size=rows), 0.05, 0.95)
    return X, y
