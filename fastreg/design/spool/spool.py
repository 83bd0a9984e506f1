"""`fastreg.spool`: a source of another library as a file of columns, which fits read in place."""

import contextlib
import errno
import itertools
import os
import shutil
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fastreg.design.files.names import ENDING, write_names
from fastreg.design.spool.columns import PIECE, WHOLE, ColumnFile, TurnedFile, fill_with_means
from fastreg.design.spool.compressed import check_replaced, is_sparse_file, sparse_in, write_sparse
from fastreg.design.spool.part import DiskError, Part, told
from fastreg.interface.memory import shown
from fastreg.interface.naming import explains_names
from fastreg.interface.progress import WIDTH, Bar
from fastreg.interface.scalars import ParameterError, check_count, check_flag, check_option
from fastreg.interface.sources.exact import Refused, check_dtype
from fastreg.interface.sources.opening import source_of
from fastreg.interface.sources.tables import Chosen
from fastreg.interface.validation import DataWarning, warn


@explains_names
def spool(
    source: Any,
    path: str | os.PathLike[str],
    dtype: DTypeLike | None = None,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    dataset: str | None = None,
    missing: str = "error",
    block_bytes: int = 2**23,
    overwrite: bool = False,
    verbose: bool = False,
) -> str:
    """Write the data of another library, once, into a file of columns that fits read in place.

    A fit reads X some ten times, and decoding compressed chunks or text each time takes up to a hundred times as long
    as reading a file of plain columns. The source is read by blocks, so it may be larger than memory.

    Parameters
    ----------
    source : array, table, path or iterator
        What to read. An array (n, p) of zarr, h5py, dask or NumPy (also a memory map); a table, a Dataset or a
        RecordBatchReader of pyarrow; a ParquetFile; a frame of pandas, polars or dask; an iterator of frames, tables or
        arrays that hold the next rows each; a path of .npy, .csv, .tsv, .parquet, .arrow, .feather, .h5 or .zarr, or of
        a folder of Parquet files; or a sparse matrix of SciPy, or a path of one (.npz). Objects are known by what they
        can do: no library is imported that is not used already, but pyarrow for tables.
    path : str or path-like
        The file to write, whose name ends in ".npy"; of a sparse matrix, the folder to write. Names of columns are
        written beside it, to the same name with ".names.json" added.
    dtype : dtype, default=None
        The type of the values in the file: bool, int8, uint8, int16, float32 or float64. By default the source's own,
        or the next of these that holds its values. Values that the type does not hold exactly are an error, except
        that float64 is rounded where float32 is asked for. Text is read as float64 by default.
    columns : list of str, default=None
        The columns of a table to write, by name, in this order. All by default.
    drop : list of str, default=None
        The columns of a table to leave out, by name, such as the target and columns of text.
    dataset : str, default=None
        The name of an array in an HDF5 file or a zarr store that is given as a path. It may be left out where a file
        has one array of two dimensions.
    missing : {"error", "mean"}, default="error"
        What becomes of missing values (NaN, nulls): an error with the place of the first, or the mean of the other
        values of the column, of which a DataWarning tells.
    block_bytes : int, default=8388608
        About how many bytes of values are read at once. Some three times as much memory is used, and more only
        where single chunks of the source are larger.
    overwrite : bool, default=False
        Whether to replace a file that exists, when the new one is complete.
    verbose : bool, default=False
        Whether to show a bar on stderr, from the third second on.

    Returns
    -------
    str
        The path, for `fastreg.open`.

    Raises
    ------
    FileExistsError
        Where the path exists and `overwrite` is False.
    FileNotFoundError
        Where there is no such source, or no folder for the path.
    ValueError
        For values that cannot be stored, with the first row and column of one; for columns that are not numbers; and
        for a source that changes while it is read.
    OSError
        Where the disk is full, or is too small from the start.

    Notes
    -----
    The file appears under its name when it is complete. Until then its values are in the folder `path + ".part"`. After
    Ctrl-C, a killed process or an error of the source's library, the same call goes on from there, once the first
    block and the last one have been compared with the source. The folder is removed when the file is complete, and
    after a full disk or values that cannot be stored.

    The values lie in Fortran order, as ``numpy.save`` writes an array of that order, and ``numpy.load`` reads the file.
    Blocks of so few rows that a column's piece is below 4 KB are turned by way of a second file in that folder, which
    takes as much space again until the end.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import fastreg
    >>> folder = tempfile.mkdtemp()
    >>> X = np.arange(12, dtype=np.int64).reshape(4, 3)  # may as well be of zarr, h5py or dask
    >>> path = fastreg.spool(X, os.path.join(folder, "x.npy"), dtype="int8")
    >>> np.load(path, mmap_mode="r").flags.f_contiguous
    True
    """
    path = os.fspath(path)
    check_option("missing", missing, ("error", "mean"))
    size = check_count("block_bytes", block_bytes, 1)
    check_flag("overwrite", overwrite), check_flag("verbose", verbose)
    kept = None if dtype is None else check_dtype(dtype)
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        raise FileNotFoundError(f"there is no folder {folder} to write {os.path.basename(path)} into")
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(f"{path} exists; pass overwrite=True to replace it, or choose another path")
    source = sparse_in(source) if is_sparse_file(source) else source
    if hasattr(source, "tocsc"):
        if Chosen(columns, drop).option is not None or dataset is not None or missing != "error":
            raise ParameterError("columns, drop, dataset and missing are not for sparse matrices; leave them out")
        check_replaced(path)
        write_sparse(source, path, kept)
        return path
    if not path.endswith(".npy") or os.path.isdir(path):
        raise ParameterError(f"path must be that of a file, and end in '.npy', got {path!r}")
    if missing == "mean" and kept is not None and kept.kind != "f":
        raise ParameterError("missing='mean' needs dtype='float32' or 'float64', since means are no whole numbers")
    found = source_of(source, kept, Chosen(columns, drop), dataset)
    if missing == "mean" and found.dtype.kind != "f":
        found.dtype = np.dtype(np.float64)
    _Spooling(found, path, missing, size, Bar() if verbose else None).run()
    return path


class _Spooling:
    """One source on its way into one file."""

    def __init__(self, source, path, missing, size, bar):
        self.source, self.path, self.missing, self.size, self.bar = source, path, missing, size, bar
        self.begin, self.bytes, self.total = time.monotonic(), 0, 0
        self.stamps = [_stamp(file) for file in source.files()]

    def run(self):
        """Read the source and write the file; or leave what can be gone on from, or nothing, as `spool` says."""
        n, p = self.source.shape
        if n == 0 or p == 0:
            raise ValueError(f"the source has the shape {(n, p)}; at least 1 row and 1 column are needed")
        facts = {
            "shape": [n, p], "dtype": str(self.source.dtype), "names": self.source.names, "missing": self.missing,
            "block_bytes": self.size, "files": self.stamps,
        }  # fmt: skip
        try:
            with Part(self.path, facts) as part:
                counts = self._write(part)
                self._finish(part)
        finally:
            if self.bar is not None:
                self.bar.close()
        if counts:
            most = max(counts, key=counts.__getitem__)
            warn(
                f"missing='mean' put means in the place of {sum(counts.values()):,} values in {len(counts):,} columns, "
                f"most of them ({counts[most]:,}) in {self._name(int(most))}",
                DataWarning,
            )

    def _write(self, part):
        """Write all values, and return the number of filled ones in each column that has some."""
        (n, p), dtype, blocks, done = self.source.shape, self.source.dtype, self._blocks(part), part.done
        first = next(blocks, None)
        if first is None:
            raise ValueError("the source has no rows; at least 1 is needed")
        rows = first[-1].shape[0]
        turned = n is None or (rows < n and rows * dtype.itemsize < PIECE)
        into = TurnedFile(part, dtype) if turned else ColumnFile(part, (n, p), dtype)
        self._expect(part, n, turned)
        for number, row, column, values in itertools.chain([first], blocks):
            if number < len(done["blocks"]):
                part.compare(number, values)
                continue
            self._examine(values, row, column, done["missing"])
            into.put(row, column, values)
            part.finished(number, values, [row, values.shape[0], column, values.shape[1]])
            self._tell(values.nbytes)
        if isinstance(into, TurnedFile):
            n = max(row + rows for row, rows, _, _ in done["blocks"])
            self._expect(part, n, turned)
            whole = ColumnFile(part, (n, p), dtype)
            into.turn(whole, self.size, self._tell)
        else:
            whole = into
        fill_with_means(whole, done["missing"], self.size, self._name)
        return done["missing"]

    def _blocks(self, part):
        """The source's blocks that are not written yet, and those to compare with what is. Errors of reading keep the
        part, those of its values do not."""
        done, known = len(part.done["blocks"]), {int(number) for number in part.digests}
        blocks = self.source.blocks(self.size, lambda number: number >= done or number in known or number == 0)
        while True:
            try:
                block = next(blocks, None)
            except Refused:
                raise
            except Exception:
                part.stay()
                raise
            if block is None:
                return
            yield block

    def _examine(self, values, row, column, counts):
        """Raise Refused for infinity, and for missing values that are not to be filled; count the others by column."""
        if values.dtype.kind != "f" or np.isfinite(values).all():
            return
        absent = np.isnan(values)
        wrong = np.isinf(values) if self.missing == "mean" else ~np.isfinite(values)
        if wrong.any():
            i, j = np.argwhere(wrong)[0].tolist()
            kind = "missing (NaN)" if absent[i, j] else "infinite"
            advice = "fill such values, or pass missing='mean'" if absent[i, j] else "replace such values first"
            raise Refused(f"{self._name(column + j)} of the source, row {row + i}, is {kind}; {advice}")
        for j in np.flatnonzero(absent.any(axis=0)).tolist():
            place = str(column + j)
            counts[place] = counts.get(place, 0) + int(absent[:, j].sum())

    def _name(self, j):
        return f"column {j}" if self.source.names is None else f"column {self.source.names[j]!r}"

    def _expect(self, part, n, turned):
        """Note how many bytes will be written, if the number of rows is known. Raises an OSError where the disk is too
        small for them."""
        self.bytes = sum(rows * columns for _, rows, _, columns in part.done["blocks"]) * self.source.dtype.itemsize
        if n is None:
            return
        self.total = n * self.source.shape[1] * self.source.dtype.itemsize * (1 + turned)
        wanted, free = self.total - part.size(), shutil.disk_usage(part.folder).free
        if wanted > free:
            raise DiskError(
                errno.ENOSPC, f"{shown(wanted)} are still to be written, and the disk has {shown(free)} free; choose a "
                "path on another disk, or a narrower dtype", self.path,
            )  # fmt: skip

    def _tell(self, count):
        self.bytes += count
        if self.bar is not None:
            seconds = time.monotonic() - self.begin
            self.bar.write(seconds, lambda: _bar_text(self.bytes, self.total, seconds))

    def _finish(self, part):
        """Put the complete file, and the names of its columns, under their names."""
        if self.stamps != [_stamp(file) for file in self.source.files()]:
            raise Refused(
                "a file of the source has changed while it was being read; spool it again when it is complete"
            )
        part.record()
        with told(self.path):
            if self.source.names is None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.path + ENDING)
            else:
                write_names(self.path, self.source.names)
            part.close()
            os.replace(os.path.join(part.folder, WHOLE), self.path)


def _stamp(file):
    """What changes when a file is written to: its size, and when that was."""
    found = os.stat(file)
    return [os.path.abspath(file), found.st_size, found.st_mtime_ns]


def _bar_text(done, total, seconds):
    """How far a spool is, in less than 80 characters."""
    speed = done / max(seconds, 1e-9) / 1e6
    if not total:
        return f"{done / 1e9:.2f} GB read, {speed:.0f} MB/s, {seconds:.0f} s"
    full = round(WIDTH * min(done / total, 1.0))
    return (
        f"{100 * done / total:.0f}% [{'#' * full}{'.' * (WIDTH - full)}] {done / 1e9:.2f} of {total / 1e9:.2f} GB, "
        f"{speed:.0f} MB/s, {seconds:.0f} s"
    )
