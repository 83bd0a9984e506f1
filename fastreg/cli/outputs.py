"""Which files the command line may write: none that it reads, and none that fastreg did not write itself.

fastreg recognises its own files: coefficients and predictions by their first line, a model by its "format", a picture
by a mark in its metadata. A file is replaced only by one of its kind, so that no picture replaces a model.
"""

import errno
import mmap
import os
import re
import stat
import sys
import unicodedata
import uuid
from dataclasses import dataclass, field

from fastreg.cli.table_files import STANDARD_INPUT
from fastreg.paths.storage import BEGINNING

DRAWN = "drawn by fastreg"  # in pictures: Software of PNG, Creator of PDF and SVG
COLUMNS = ("alpha", "features", "deviance_explained", "gap", "reason", "intercept")  # of coefficients
PEOPLE = ("FID", "IID")  # in predictions for files with people's names
BEGINNINGS = {
    "coefficients": re.escape(",".join(COLUMNS).encode()) + rb"[,\r\n]",
    "predictions": rb'(?s)row,(FID,IID,)?("?probability of .{0,5000}?,)?prediction\r?\n',
    "a model": BEGINNING,
    "a table of coefficients": rb"name,estimate,se,statistic,p_value,lower,upper[,\r\n]",
    "a summary of a posterior": rb"name,mean,sd,",
    "draws": rb"chain,draw,",
    "a checkpoint": rb"(?s)PK\x03\x04.{26}about\.npy",
}
LONGEST = 10_000  # bytes at the beginning of a file that tell its kind


@dataclass
class Output:
    """A file to write: the option that names it, and what it will hold."""

    option: str
    file: str
    kind: str


@dataclass
class Outputs:
    """The files that a command writes (`files`) and reads (`read`: description -> name)."""

    read: dict[str, str]
    overwrite: bool
    files: list[Output] = field(default_factory=list)

    def add(self, option, file, kind):
        """Add a file to write, or a ValueError where it is another of the files, under whatever name."""
        if not file:
            raise ValueError(f"{option} names no file")
        _check_place(option, file)
        for other in self.files:
            if _same(other.file, file) or _same_place(other.file, file):
                one = f"{file}" if other.file == file else f"{file}, which is {other.file} here"
                raise ValueError(f"{other.option} and {option} both name {one}")
        self.files.append(Output(option, file, kind))
        return self.ready(option)

    def check(self):
        """Check all files again, after a fit and before the first of them is written."""
        for each in self.files:
            self.ready(each.option)

    def ready(self, option):
        """The file of an option, or a ValueError where writing it would destroy another file."""
        output = next(each for each in self.files if each.option == option)
        for what, file in self.read.items():
            if _same(output.file, file):
                name = "the standard input" if file == STANDARD_INPUT else file
                this = what if output.file == file else f"the same file as {name}, {what}"
                raise ValueError(f"{option} {output.file}: this is {this}, which is read; name another file")
        if not self.overwrite and not _replaceable(output):
            raise ValueError(
                f"{option} {output.file}: this file exists and does not hold {output.kind} that fastreg wrote; "
                f"name another file by {option}, or add --overwrite to replace it"
            )
        return output.file


def _check_place(option, file):
    """An error where no file can be written, so that no long fit ends with it."""
    if os.path.isdir(file) or file.endswith((os.sep, os.altsep or os.sep)):
        raise ValueError(f"{option} {file}: this is a folder; name a file")
    try:
        os.stat(file)
    except (FileNotFoundError, NotADirectoryError):  # the folder is checked below
        pass
    except OSError as error:  # a name that is too long, links in a circle
        raise ValueError(f"{option} {file}: {(error.strerror or str(error)).lower()}") from None
    place = os.path.realpath(file)
    folder = os.path.dirname(place)
    if os.path.exists(file) and (_found(file) is None or to_standard_output(file)):
        return  # a pipe or a device
    if not os.path.isdir(folder):
        raise ValueError(f"{option} {file}: there is no folder {os.path.dirname(file) or folder}")
    for needed in (folder, place):
        if os.path.exists(needed) and not os.access(needed, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), needed)


def to_standard_output(file):
    """Whether a file is the standard output of this process, under whatever name; False if that is the null device."""
    try:
        found = os.stat(file)
        return os.path.samestat(found, os.fstat(1)) and not os.path.samestat(found, os.stat(os.devnull))
    except (OSError, TypeError):  # no such file yet; a standard output that is closed; no file at all
        return False


def _found(file):
    """The os.stat of an ordinary file; None for anything else."""
    try:
        found = os.fstat(sys.stdin.fileno()) if file == STANDARD_INPUT else os.stat(file)
    except (OSError, ValueError, AttributeError):  # no such file; a standard input without a descriptor
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _same(first, second):
    """Whether two names belong to the same ordinary file."""
    first, second = _found(first), _found(second)
    return first is not None and second is not None and os.path.samestat(first, second)


def _same_place(first, second):
    """Whether files written under two names would be the same file."""
    first, second = os.path.realpath(first), os.path.realpath(second)
    if first == second:
        return True
    (folder, name), (other_folder, other) = os.path.split(first), os.path.split(second)
    if _spelled_alike(name) != _spelled_alike(other):
        return False
    return os.path.samefile(folder, other_folder) and _one_name(folder, name, other)


def _spelled_alike(name):
    return unicodedata.normalize("NFC", name).casefold()


def _one_name(folder, name, other):
    """Whether a folder treats two names as one, as macOS and Windows do where only case differs.

    Tried with a temporary file: it is created with one spelling, looked up with the other, and removed.
    """
    mark = f".{uuid.uuid4().hex[:12]}."
    made = os.path.join(folder, mark + name)
    with open(made, "xb"):
        pass
    try:
        return os.path.exists(os.path.join(folder, mark + other))
    finally:
        os.unlink(made)


def _replaceable(output):
    """Whether a file may be replaced: it does not exist, is empty, or is one of this kind that fastreg wrote."""
    found = _found(output.file)
    if found is None or found.st_size == 0 or to_standard_output(output.file):
        return True
    with open(output.file, "rb") as opened:
        if output.kind in BEGINNINGS:
            return re.match(BEGINNINGS[output.kind], opened.read(LONGEST)) is not None
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(DRAWN.encode()) >= 0
