"""Which source is which: found by what an object can do, or by the name of a file, with the library that reads it."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fastreg.interface.frames import is_chunked, labels_of
from fastreg.interface.scalars import ParameterError
from fastreg.interface.sources.arrays import ArraySource
from fastreg.interface.sources.exact import Refused
from fastreg.interface.sources.tables import TableSource

PAGE = 2**20  # bytes of a text file that are parsed at once, where a line is not longer
APART = 8  # columns of Parquet that are read at once: each takes up to 2 MB, for a page and a dictionary
BUFFER = 2**15  # bytes of each that are read from the file at once
FORMATS = ".npy, .csv, .tsv (also .gz), .parquet, .arrow, .feather, .zarr, or a folder of Parquet files"


def source_of(source, dtype=None, columns=None):
    """What reads a source by blocks: an ArraySource or a TableSource.

    Raises a ParameterError for what neither reads, and for `columns` of an array.
    """
    if isinstance(source, (str, os.PathLike)):
        return _of_file(Path(source), dtype, columns)
    if isinstance(source, np.ndarray) or is_chunked(source):
        if columns is not None:
            raise ParameterError("columns names columns of tables; of an array, spool the part that is wanted")
        return ArraySource(source, dtype)
    if hasattr(source, "iter_batches") and hasattr(source, "schema_arrow"):  # a ParquetFile
        n = source.metadata.num_rows
        return TableSource(source.schema_arrow, _of_parquet(source), n, dtype, columns, apart=APART)
    if hasattr(source, "get_fragments"):  # a Dataset
        return _of_dataset(source, dtype, columns)
    if hasattr(source, "collect_schema") and hasattr(source, "collect_batches"):  # a LazyFrame
        return source_of(source.collect_batches(maintain_order=True), dtype, columns)
    if hasattr(source, "sink_parquet"):
        raise ParameterError("this polars gives no batches of a LazyFrame; spool the file that X.sink_parquet() writes")
    if hasattr(source, "partitions") and hasattr(source, "npartitions"):  # a frame of dask
        parts = (source.partitions[number].compute() for number in range(source.npartitions))
        return source_of(parts, dtype, columns)
    if labels_of(source) is not None:
        table = _arrow(source)
        return TableSource(table.schema, _in_order(lambda rows: table.to_batches(rows)), len(table), dtype, columns)
    if hasattr(source, "read_next_batch") and hasattr(source, "schema"):  # a RecordBatchReader
        return TableSource(source.schema, _in_order(lambda rows: source), None, dtype, columns)
    if isinstance(source, Iterator):
        return _of_iterator(source, dtype, columns)
    raise ParameterError(
        f"source is a {type(source).__module__}.{type(source).__name__}; spool reads arrays (NumPy, zarr, h5py, dask), "
        f"sparse matrices of SciPy, tables and files of Arrow, data frames, iterators of these, and paths of {FORMATS}"
    )


def _of_file(path, dtype, columns):
    kind = path.suffixes[-2] if path.suffix == ".gz" and len(path.suffixes) > 1 else path.suffix
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r} to spool")
    if kind == ".npy":
        return source_of(np.load(path, mmap_mode="r", allow_pickle=False), dtype, columns)
    if kind == ".zarr":
        import zarr

        return source_of(zarr.open_array(path, mode="r"), dtype, columns)
    if kind in (".h5", ".hdf5", ".h5ad"):
        raise ParameterError(f"{path.name} may hold several arrays; pass one of them: h5py.File({str(path)!r})['name']")
    pyarrow = _pyarrow(path.name)
    try:
        if kind in (".csv", ".tsv"):
            return _of_csv(path, "," if kind == ".csv" else "\t", dtype, columns)
        if path.is_dir() or kind in (".parquet", ".pq", ".arrow", ".feather", ".ipc"):
            import pyarrow.dataset as datasets

            form = "parquet" if path.is_dir() or kind in (".parquet", ".pq") else "ipc"
            found = datasets.dataset(path, format=form, partitioning="hive" if path.is_dir() else None)
            return _of_dataset(found, dtype, columns)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    raise ParameterError(f"{path.name} is of a kind that spool does not read; it reads {FORMATS}")


def _of_dataset(found, dtype, columns):
    """Files of Parquet or another of Arrow's formats, of which groups of rows that are not needed are left out."""
    import pyarrow.dataset as datasets

    apart = APART if "parquet" in str(getattr(getattr(found, "format", None), "default_extname", "")) else None
    options = dict(schema=found.schema, batch_readahead=0, fragment_readahead=0, use_threads=False)
    if apart:
        how = datasets.ParquetFragmentScanOptions(use_buffered_stream=True, buffer_size=BUFFER, pre_buffer=False)
        options["fragment_scan_options"] = how

    def batches(names, rows, needed):
        first = 0
        for piece, count in _pieces(found):
            if needed(first, first + max(count, 1)):
                yield from _numbered(piece.to_batches(columns=names, batch_size=rows, **options), first)
            first += count

    files = getattr(found, "files", ())
    return TableSource(found.schema, batches, found.count_rows(), dtype, columns, files, apart=apart)


def _pieces(found):
    """(part, its rows) of the groups of rows of Parquet files, or of files as they are."""
    for fragment in found.get_fragments():
        if hasattr(fragment, "split_by_row_group"):
            yield from ((part, part.row_groups[0].num_rows) for part in fragment.split_by_row_group())
        else:
            yield fragment, fragment.count_rows()


def _of_parquet(file):
    """Batches of an open ParquetFile, of which groups of rows that are not needed are left out."""

    def batches(names, rows, needed):
        first = 0
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if needed(first, first + max(count, 1)):
                yield from _numbered(file.iter_batches(rows, [group], names, use_threads=False), first)
            first += count

    return batches


def _of_csv(path, delimiter, dtype, columns):
    """A text file whose first line has names; all numbers are float64."""
    import pyarrow
    from pyarrow import csv

    with pyarrow.input_stream(str(path)) as opened:
        line = 0
        while part := opened.read(PAGE):
            line += part.find(b"\n") if b"\n" in part else len(part)
            if b"\n" in part:
                break
    reading = csv.ReadOptions(use_threads=False, block_size=max(PAGE, 4 * line))
    parsing = csv.ParseOptions(delimiter=delimiter)
    with csv.open_csv(path, reading, parsing) as opened:
        guessed = opened.schema

    def batches(names, rows, needed):
        kinds = {name: _as_text_has_it(guessed.field(name).type) for name in names}
        options = csv.ConvertOptions(column_types=kinds, include_columns=names)
        try:
            with csv.open_csv(path, reading, parsing, options) as opened:
                yield from _numbered(opened, 0)
        except pyarrow.ArrowInvalid as error:
            raise Refused(f"{path} cannot be read: {error}") from None

    kept = np.dtype(np.float64) if dtype is None else dtype
    return TableSource(guessed, batches, None, kept, columns, [str(path)])


def _as_text_has_it(guessed):
    """The type to read a column of text as: truth values, or numbers, which may be whole in the first lines alone."""
    import pyarrow

    return guessed if guessed == pyarrow.bool_() else pyarrow.float64()


def _of_iterator(parts, dtype, columns):
    """Frames, Arrow's tables or arrays that come one after the other, each with the next rows."""
    first = next(parts, None)
    if first is None:
        raise ValueError("the source has no rows; at least 1 is needed")
    schema = _arrow(first).schema
    parts = itertools.chain([first], parts)
    tables = (table for part in parts for table in _same(_arrow(part), schema).to_batches())
    named = not isinstance(first, np.ndarray)
    return TableSource(schema, _in_order(lambda rows: tables), None, dtype, columns, named=named)


def _same(table, schema):
    if table.schema.names != schema.names:
        raise ValueError(f"a part of the source has the columns {table.schema.names}, the first has {schema.names}")
    return table


def _in_order(parts):
    return lambda names, rows, needed: _numbered(parts(rows), 0)


def _numbered(batches, first):
    """(its first row, a batch) for each."""
    for batch in batches:
        yield first, batch
        first += batch.num_rows


def _arrow(frame):
    """A frame of any library, or an array, as a table of Arrow."""
    pyarrow = _pyarrow(f"a {type(frame).__name__}")
    if isinstance(frame, np.ndarray):
        return pyarrow.table({f"x{j}": column for j, column in enumerate(np.atleast_2d(frame).T)})
    if hasattr(frame, "iloc"):
        return pyarrow.Table.from_pandas(frame, preserve_index=False)
    return pyarrow.table(frame)


def _pyarrow(what):
    try:
        import pyarrow
    except ImportError:
        raise ImportError(f"to read {what} fastreg needs pyarrow: pip install pyarrow") from None
    return pyarrow
