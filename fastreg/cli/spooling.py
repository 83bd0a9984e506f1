"""`fastreg spool SOURCE PATH`: data of another kind written once as a file of columns, which fits read in place."""

import argparse
import contextlib
import os
import re
import sys
import time
from pathlib import Path

import fastreg
from fastreg.cli.report import error_text, noting, say
from fastreg.cli.tables import split_names
from fastreg.interface.memory import shown
from fastreg.interface.sources.exact import STORED

DESCRIPTION = """\
Write data into a file of columns, once, which fits read where it lies: fastreg PATH --target TABLE:COLUMN

  fastreg spool genes.parquet genes.npy --drop id,height
  fastreg spool counts.h5 counts.npy --dataset /counts/raw --dtype int8
  fastreg spool rows.npy columns.npy
  fastreg spool words.npz words
"""
EPILOG = """\
SOURCE is, by its ending, CSV (.csv, .tsv, also .gz), Parquet (.parquet, or a folder of such files), Arrow (.arrow,
.feather), an array of zarr (.zarr) or HDF5 (.h5), a .npy stored by rows, or sparse columns of SciPy (.npz). It is read
by blocks and may be larger than memory, but for .npz. Values keep their type, or take the next wider one of --dtype.
PATH ends in .npy, or is a folder for sparse columns. It appears when it is complete. After Ctrl-C, a killed process or
an error of reading, the same command goes on where it stopped, from the folder PATH.part.
"""


def parser(kind):
    """The command's arguments, a parser of a kind."""
    form = argparse.RawDescriptionHelpFormatter
    out = kind(prog="fastreg spool", description=DESCRIPTION, epilog=EPILOG, formatter_class=form)
    out.add_argument("source", metavar="SOURCE", help="the data to read")
    out.add_argument("path", metavar="PATH", help="the file to write, such as x.npy")
    out.add_argument(
        "--columns", metavar="COL,COL", help="the columns of a table to write, in this order (default: all)"
    )
    out.add_argument("--drop", metavar="COL,COL", help="columns of a table to leave out, such as text and the target")
    out.add_argument("--dataset", metavar="NAME", help="which array of an HDF5 file or a zarr store")
    out.add_argument(
        "--dtype", choices=tuple(map(str, STORED)), help="the type of the values; one that it cannot hold is an error"
    )
    out.add_argument(
        "--missing",
        choices=("error", "mean"),
        default="error",
        help="what becomes of missing values: an error (default), or the mean of the others in their column",
    )
    out.add_argument(
        "--overwrite", action="store_true", help="replace PATH, if it exists, when the new file is complete"
    )
    return out


PARAMETER = re.compile(
    r"\b(columns|drop|dataset|dtype|missing|overwrite)=(?:True|'(\w+)')?|^(columns|drop|dataset)(?= )"
)


@contextlib.contextmanager
def _in_a_line():
    """Within this, errors name options where `spool` names its parameters; one that tells how to go on is a ValueError,
    since libraries that read have errors of many kinds."""
    try:
        yield
    except Exception as error:
        notes = getattr(error, "__notes__", ())
        if not notes and not isinstance(error, OSError | ValueError):
            raise
        raise ValueError("; ".join([_with_options(error_text(error)), *notes])) from error


def _with_options(message):
    """A message of `spool` with --drop for drop=, and --missing mean for missing='mean'."""
    return PARAMETER.sub(lambda found: f"--{found[1] or found[3]}{' ' + found[2] if found[2] else ''}", message)


def spool_file(options):
    """Write the file that the options ask for, and tell of it."""
    begin = time.perf_counter()
    columns, drop = (None if text is None else split_names(text) for text in (options.columns, options.drop))
    with noting(), _in_a_line():
        path = fastreg.spool(
            options.source, options.path, options.dtype, columns=columns, drop=drop, dataset=options.dataset,
            missing=options.missing, overwrite=options.overwrite, verbose=sys.stderr.isatty(),
        )  # fmt: skip
    X, seconds = fastreg.open(path), time.perf_counter() - begin
    size = sum(os.path.getsize(each) for each in ([path] if os.path.isfile(path) else map(str, Path(path).iterdir())))
    n, p = X.shape
    say(f"Wrote {path}: {n:,} rows, {p:,} columns, {shown(size)}, in {seconds:.1f} s.")
    say(f"Fit it by: fastreg {path} --target TABLE:COLUMN")
