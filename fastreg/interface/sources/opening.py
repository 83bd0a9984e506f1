"""Which source is which: found by what an object can do, or by the name of a file, with the library that reads it."""

import importlib
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fastreg.interface.frames import is_chunked, labels_of
from fastreg.interface.scalars import ParameterError, listed
from fastreg.interface.sources.arrays import ArraySource, mapped_array
from fastreg.interface.sources.exact import Refused
from fastreg.interface.sources.tables import ALL, TableSource

PAGE = 2**20  # bytes of a text file that are parsed at once, where a line is not longer
APART = 8  # columns of Parquet that are read at once: each takes up to 2 MB, for a page and a dictionary
BUFFER = 2**15  # bytes of each that are read from the file at once
FORMATS = ".npy, .npz, .csv, .tsv (also .gz), .parquet, .arrow, .feather, .h5, .zarr, or a folder of Parquet files"
HDF5 = (".h5", ".hdf5", ".he5", ".h5ad")


def source_of(source, dtype=None, chosen=ALL, dataset=None):
    """What reads a source by blocks: an ArraySource or a TableSource.

    Raises a ParameterError for what neither reads, for columns of an array that are `chosen`, and for a `dataset` of
    what does not hold several arrays.
    """
    if isinstance(source, (str, os.PathLike)):
        source = Path(source)
        if not source.exists():
            raise FileNotFoundError(f"there is no file {str(source)!r} to spool")
        if source.suffix in (*HDF5, ".zarr"):
            return source_of(_array_of(source, dataset), dtype, chosen)
    if dataset is not None:
        raise ParameterError("dataset names an array of an HDF5 file or a zarr store, given as a path; leave it out")
    if isinstance(source, Path):
        return _of_file(source, dtype, chosen)
    if isinstance(source, np.ndarray) or is_chunked(source):
        if chosen.option is not None:
            raise ParameterError(f"{chosen.option} names columns of tables; of an array, pass the part that is wanted")
        return ArraySource(source, dtype)
    if hasattr(source, "iter_batches") and hasattr(source, "schema_arrow"):  # a ParquetFile
        n = source.metadata.num_rows
        return TableSource(source.schema_arrow, _of_parquet(source), n, dtype, chosen, apart=APART)
    if hasattr(source, "get_fragments"):  # a Dataset
        return _of_dataset(source, dtype, chosen)
    if hasattr(source, "collect_schema") and hasattr(source, "collect_batches"):  # a LazyFrame
        return source_of(source.collect_batches(maintain_order=True), dtype, chosen)
    if hasattr(source, "sink_parquet"):
        raise ParameterError("this polars gives no batches of a LazyFrame; spool the file that X.sink_parquet() writes")
    if hasattr(source, "partitions") and hasattr(source, "npartitions"):  # a frame of dask
        parts = (source.partitions[number].compute() for number in range(source.npartitions))
        return source_of(parts, dtype, chosen)
    if labels_of(source) is not None:
        table = _arrow(source)
        return TableSource(table.schema, _in_order(lambda rows: table.to_batches(rows)), len(table), dtype, chosen)
    if hasattr(source, "read_next_batch") and hasattr(source, "schema"):  # a RecordBatchReader
        return TableSource(source.schema, _in_order(lambda rows: source), None, dtype, chosen)
    if isinstance(source, Iterator):
        return _of_iterator(source, dtype, chosen)
    raise ParameterError(
        f"source is a {type(source).__module__}.{type(source).__name__}; spool reads arrays (NumPy, zarr, h5py, dask), "
        f"sparse matrices of SciPy, tables and files of Arrow, data frames, iterators of these, and paths of {FORMATS}"
    )


def _of_file(path, dtype, chosen):
    kind = path.suffixes[-2] if path.suffix == ".gz" and len(path.suffixes) > 1 else path.suffix
    if kind == ".npy":
        return source_of(mapped_array(path), dtype, chosen)
    pyarrow = _library("pyarrow", path.name)
    try:
        if kind in (".csv", ".tsv"):
            return _of_csv(path, dtype, chosen)
        if path.is_dir() or kind in (".parquet", ".pq", ".arrow", ".feather", ".ipc"):
            import pyarrow.dataset as datasets

            form = "parquet" if path.is_dir() or kind in (".parquet", ".pq") else "ipc"
            found = datasets.dataset(path, format=form, partitioning="hive" if path.is_dir() else None)
            return _of_dataset(found, dtype, chosen)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    raise ParameterError(f"{path.name} is of a kind that spool does not read; it reads {FORMATS}")


def _array_of(path, name):
    """The array called `name` of an HDF5 file or a zarr store; without a name the only one of two dimensions."""
    library = _library("zarr" if path.suffix == ".zarr" else "h5py", path.name)
    opened = library.open(str(path), mode="r") if path.suffix == ".zarr" else library.File(path, "r")
    if hasattr(opened, "shape"):
        if name is not None:
            raise ParameterError(f"{path} holds one array, which has no name; leave dataset= out")
        return opened
    found = dict(_arrays_in(opened))
    tables = [key for key, each in found.items() if len(each.shape) == 2]
    if not tables:
        raise ParameterError(f"{path} holds no array of two dimensions, as X has")
    wanted = (tables[0] if len(tables) == 1 else "") if name is None else name.strip("/")
    if wanted not in found:
        absent = f"holds {len(tables)} arrays" if name is None else f"holds no array {name!r}"
        raise ParameterError(f"{path} {absent}; name one by dataset=, of {listed(tables)}")
    return found[wanted]


def _arrays_in(group, before=""):
    """(name, array) of all arrays in a group of an HDF5 file or a zarr store, and in its groups."""
    for key in sorted(group):
        each = group.get(key)  # None for a link to nothing
        if hasattr(each, "shape"):
            yield before + key, each
        elif each is not None:
            yield from _arrays_in(each, f"{before}{key}/")


def _of_dataset(found, dtype, chosen):
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
    return TableSource(found.schema, batches, found.count_rows(), dtype, chosen, files, apart=apart)


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


def _of_csv(path, dtype, chosen):
    """A text file whose first line has names, set apart by commas, semicolons or tabs; all numbers are float64."""
    import pyarrow
    from pyarrow import csv

    with pyarrow.input_stream(str(path)) as opened:
        line = b""
        while b"\n" not in line and (part := opened.read(PAGE)):
            line += part
    line = re.sub(rb'"[^"]*"', b"", line.partition(b"\n")[0])
    delimiter = max(b",", b";", b"\t", key=line.count).decode()
    reading = csv.ReadOptions(use_threads=False, block_size=max(PAGE, 4 * len(line)))
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
    return TableSource(guessed, batches, None, kept, chosen, [str(path)])


def _as_text_has_it(guessed):
    """The type to read a column of text as: truth values, or numbers, which may be whole in the first lines alone."""
    import pyarrow

    return guessed if guessed == pyarrow.bool_() else pyarrow.float64()


def _of_iterator(parts, dtype, chosen):
    """Frames, Arrow's tables or arrays that come one after the other, each with the next rows."""
    first = next(parts, None)
    if first is None:
        raise ValueError("the source has no rows; at least 1 is needed")
    schema = _arrow(first).schema
    parts = itertools.chain([first], parts)
    tables = (table for part in parts for table in _same(_arrow(part), schema).to_batches())
    named = not isinstance(first, np.ndarray)
    return TableSource(schema, _in_order(lambda rows: tables), None, dtype, chosen, named=named)


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
    pyarrow = _library("pyarrow", f"a {type(frame).__name__}")
    if isinstance(frame, np.ndarray):
        return pyarrow.table({f"x{j}": column for j, column in enumerate(np.atleast_2d(frame).T)})
    if hasattr(frame, "iloc"):
        return pyarrow.Table.from_pandas(frame, preserve_index=False)
    return pyarrow.table(frame)


def _library(name, what):
    """A library that reads `what`, or an ImportError that says how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ImportError(f"to read {what} fastreg needs {name}: pip install {name}") from None
