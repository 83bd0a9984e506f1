"""What the command line may write where: over no file that it reads, and over none that fastreg did not write.

fastreg knows its own files by their beginning: the first line of coefficients and predictions, the "format" of a model,
and a mark that its pictures carry. A file of another kind is not replaced either: a model is not lost to a picture.
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
BEGINNINGS = {
    "coefficients": re.escape(",".join(COLUMNS).encode()) + rb"[,\r\n]",
    "predictions": rb'(?s)row,("?probability of .{0,5000}?,)?prediction\r?\n',
    "a model": BEGINNING,
}
LONGEST = 10_000  # bytes looked at


@dataclass
class Output:
    """A file to write: the option that names it, and what it will hold."""

    option: str
    file: str
    kind: str


@dataclass
class Outputs:
    """The files that a command writes, and those that it reads, by what they are."""

    read: dict[str, str]
    overwrite: bool
    files: list[Output] = field(default_factory=list)

    def add(self, option, file, kind):
        """One more file to write. A ValueError where that would lose another: files are compared, not their names."""
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
        """Each file once more, after a fit and before the first of them is written."""
        for each in self.files:
            self.ready(each.option)

    def ready(self, option):
        """The file of an option, if nothing in its place would be lost; a ValueError otherwise."""
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
    """An error where no file can be written: told now, not when a long fit is done."""
    if os.path.isdir(file) or file.endswith((os.sep, os.altsep or os.sep)):
        raise ValueError(f"{option} {file}: this is a folder; name a file")
    try:
        os.stat(file)
    except (FileNotFoundError, NotADirectoryError):  # the folder is looked at below
        pass
    except OSError as error:  # a name that is too long, links in a circle
        raise ValueError(f"{option} {file}: {(error.strerror or str(error)).lower()}") from None
    place = os.path.realpath(file)
    folder = os.path.dirname(place)
    if os.path.exists(file) and (_found(file) is None or to_standard_output(file)):
        return  # a pipe or a device, which is written to as it is
    if not os.path.isdir(folder):
        raise ValueError(f"{option} {file}: there is no folder {os.path.dirname(file) or folder}")
    for needed in (folder, place):
        if os.path.exists(needed) and not os.access(needed, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), needed)


def to_standard_output(file):
    """Whether a file is where this process prints, whatever its name; where that is nowhere, it does not matter."""
    try:
        found = os.stat(file)
        return os.path.samestat(found, os.fstat(1)) and not os.path.samestat(found, os.stat(os.devnull))
    except (OSError, TypeError):  # no such file yet; a standard output that is closed; no file at all
        return False


def _found(file):
    """What os.stat says of an ordinary file, or None."""
    try:
        found = os.fstat(sys.stdin.fileno()) if file == STANDARD_INPUT else os.stat(file)
    except (OSError, ValueError, AttributeError):  # no such file; a standard input that is none
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _same(first, second):
    """Whether two names lead to one ordinary file."""
    first, second = _found(first), _found(second)
    return first is not None and second is not None and os.path.samestat(first, second)


def _same_place(first, second):
    """Whether two names, of which no file may exist yet, would lead to one."""
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
    """Whether a folder takes two names for one, as macOS and Windows do where only case differs: tried, not guessed.

    A file of a name that nothing else has is made, looked up by the other spelling, and taken away again.
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
    """Whether nothing is lost: there is no such file, or it is empty, or fastreg wrote it and it is of this kind."""
    found = _found(output.file)
    if found is None or found.st_size == 0 or to_standard_output(output.file):
        return True
    with open(output.file, "rb") as opened:
        if output.kind in BEGINNINGS:
            return re.match(BEGINNINGS[output.kind], opened.read(LONGEST)) is not None
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(DRAWN.encode()) >= 0
