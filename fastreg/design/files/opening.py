"""`fastreg.open`: X in a file, read where it lies."""

import builtins
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastreg.design.files.formats import NPY, PARTS, ZIP, folder_members, npy_values, small_array, zip_members
from fastreg.design.files.mapped import MappedDesign
from fastreg.design.files.mapped_sparse import MappedSparse
from fastreg.design.files.stored import StoredFile, check_stamps
from fastreg.design.outer import OuterDesign
from fastreg.interface.compressed import check_pointers
from fastreg.interface.memory import allowance
from fastreg.interface.naming import explains_names

BED = b"\x6c\x1b"  # the first bytes of a .bed file


@explains_names
def open(
    path: str | os.PathLike[str],
    *,
    means: Sequence[float] | np.ndarray | None = None,
    bim: str | os.PathLike[str] | None = None,
    fam: str | os.PathLike[str] | None = None,
) -> OuterDesign:
    """Open X in a file, which may be larger than memory.

    What is returned takes the place of X: `fit_path(fastreg.open("x.npy"), y)`. The file is mapped, not loaded. A fit
    reads it in order some ten times, and keeps copies of the few columns that may enter the model. Values are
    multiplied in float64, whatever their type, so that the certificates are those of an array with the same numbers.

    Parameters
    ----------
    path : str or os.PathLike
        One of these, which its first bytes tell apart:

        - a .npy file of numbers of any real type, with two dimensions, in Fortran order, as
          `np.save(path, np.asfortranarray(X))` and `fastreg.spool` write it;
        - an uncompressed .npz file of compressed sparse columns, as
          `scipy.sparse.save_npz(path, X.tocsc(), compressed=False)` writes it;
        - a folder with the same arrays as files: shape.npy (rows, columns), indptr.npy (columns + 1), indices.npy, the
          row numbers, which ascend in each column, and data.npy, without which all values are one. Row numbers may be
          int32 where there are more values than int32 counts;
        - a .bed file of PLINK 1.9 or 2, variant by variant, with its .bim and .fam. X has a row for each person and a
          column for each variant: the number of copies (0, 1 or 2) of the variant's first allele, "allele 1" or A1 of
          the .bim, which PLINK and bed-reader count, too.
    means : array-like of shape (p,), optional
        For a .bed: the number that an unknown genotype of each variant counts as, such as the `means` of the file on
        which coefficients were fitted. Without it, the mean of the variant's known genotypes in this file, over all
        rows, whatever their weights are; 0 for a variant of which nothing is known.
    bim, fam : str or os.PathLike, optional
        For a .bed: its two tables, if they are called otherwise or lie elsewhere.

    Returns
    -------
    OuterDesign
        X, with `shape`, the numbers `reads` of reads of all of X and `bytes_read`. It can be pickled: the file is then
        opened again by its path, and must not have changed. `feature_names` are a list in a file of JSON beside it,
        called like it with ".names.json" added; of a .bed each variant's name and its counted allele ("rs1801133_A").
        A .bed has `people`, the names of the rows, and `means`, too.

    Raises
    ------
    ValueError
        If the file is empty, cut short, compressed, stored by rows, or of another kind; if a .bed does not belong to
        its tables.
    RuntimeError
        Later, by a fit, if the file is changed while it is read.

    See Also
    --------
    fit_path : Fit a path.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> import fastreg
    >>> X = np.asfortranarray(np.random.default_rng(0).normal(size=(50, 200)))
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "x.npy"
    >>> np.save(file, X)
    >>> stored = fastreg.open(file)
    >>> stored.shape
    (50, 200)
    >>> y = X[:, 0] - X[:, 1]
    >>> path = fastreg.fit_path(stored, y, n_alphas=10)
    >>> bool(np.allclose(path.coefs.toarray(), fastreg.fit_path(X, y, n_alphas=10).coefs.toarray()))
    True
    """
    path, begin = os.fspath(path), b""
    if not os.path.isdir(path):
        with builtins.open(path, "rb") as lines:
            begin = lines.read(len(NPY))
    if begin.startswith(BED) or path.endswith(".bed"):
        from fastreg.design.genotypes.bed_design import BedDesign, BedFile  # which few fits need

        return BedDesign(BedFile(path, bim, fam), means)
    if any(option is not None for option in (means, bim, fam)):
        raise ValueError(f"means, bim and fam are for .bed files, and {path} is none; leave them out")
    if os.path.isdir(path):
        return _parts(path, folder_members(path))
    if begin == NPY:
        return _dense(StoredFile(path))
    if begin.startswith(ZIP):
        return _parts(path, zip_members(StoredFile(path)))
    if not begin:
        raise ValueError(f"{path} is empty")
    raise ValueError(
        f"{path} is not a file that fastreg opens: it begins with {begin!r}. It opens .npy files, uncompressed .npz "
        "files of sparse columns, folders of their arrays, .bed files; fastreg.spool(path, 'x.npy') writes such a file "
        "from Parquet, CSV, Arrow, HDF5 and zarr"
    )


def reopened(path, stamps, start, stop):
    """Columns start to stop of a file that was open when it was pickled."""
    design: Any = open(path)
    check_stamps(design.files, stamps)
    return design if stop - start == design.shape[1] else design.part(start, stop)


def _dense(file):
    values, fortran = npy_values(file)
    if len(values.shape) != 2 or values.size == 0:
        raise ValueError(f"{file.path} has shape {values.shape}; X needs rows and columns, at least one of each")
    if not fortran and min(values.shape) > 1:
        advice = f"write it by columns once, fastreg.spool({file.path!r}, 'columns.npy'), and open that file"
        if values.size * 8 <= allowance():
            advice += " (np.load of it fits into memory, and may be passed as X, too)"
        raise ValueError(
            f"{file.path} is stored row by row (C order, {values.bytes / 1e9:.3g} GB), and fits read columns; {advice}"
        )
    return MappedDesign(file.path, values.transposed())


def _parts(path, members):
    lacking = [name for name in ("shape", "indptr", "indices") if name not in members]
    if lacking:
        raise ValueError(
            f"{path} has no {lacking[0]}.npy; the arrays of sparse columns are {', '.join(PARTS[1:])} (without data, "
            "all values are one), as scipy.sparse.save_npz(path, X.tocsc(), compressed=False) writes them"
        )
    form = small_array(*members["format"]).item() if "format" in members else "csc"
    form = form.decode() if isinstance(form, bytes) else form
    if form != "csc":
        raise ValueError(f"{path} is in {form!r} format; write columns of it, by fastreg.spool({path!r}, 'columns')")
    shape, pointers = (small_array(*members[name]) for name in ("shape", "indptr"))
    if shape.shape != (2,) or shape.dtype.kind not in "iu" or shape.min() < 1:
        raise ValueError(f"{path} has the shape {shape.tolist()}; X needs rows and columns, at least one of each")
    n, p = (int(size) for size in shape)
    rows = npy_values(*members["indices"])[0]
    values = npy_values(*members["data"])[0] if "data" in members else None
    _check_parts(path, pointers, rows, values, p)
    return MappedSparse(os.path.abspath(path), n, pointers.astype(np.int64), rows, values)


def _check_parts(path, pointers, rows, values, p):
    if rows.dtype.kind not in "iu" or len(rows.shape) != 1:
        raise ValueError(f"{path} has row numbers (indices) of type {rows.dtype} and shape {rows.shape}, not integers")
    if values is not None and values.shape != rows.shape:
        raise ValueError(f"{path} has {rows.size:,} row numbers (indices) and {values.size:,} values (data)")
    if pointers.shape != (p + 1,) or pointers.dtype.kind not in "iu":
        raise ValueError(
            f"{path} has {pointers.size} pointers (indptr) of type {pointers.dtype}; {p + 1} are needed, whole numbers"
        )
    check_pointers(f"indptr of {path}", pointers, rows.size)
    if pointers[-1] != rows.size:
        raise ValueError(f"{path} has {rows.size:,} row numbers (indices), and its last pointer is {pointers[-1]:,}")
