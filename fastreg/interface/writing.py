"""Files are written completely or not at all: under a temporary name beside their place, then renamed."""

import contextlib
import errno
import io
import os
import re
import shutil
import stat
import sys
import time
import uuid

NAMED, DIGITS = 40, 12  # characters of a temporary name that are the file's, and random ones
OLD = 60.0  # seconds after which a temporary file counts as left behind


def remove_partial(file):
    """Remove temporary files that processes which were killed while they wrote `file` have left beside it."""
    folder, name = os.path.split(os.path.realpath(file))
    form = re.compile(rf"\.{re.escape(name[:NAMED])}\.[0-9a-f]{{{DIGITS}}}\.partial")
    for found in filter(form.fullmatch, os.listdir(folder)):
        with contextlib.suppress(OSError):  # another process may have finished or removed it
            if time.time() - os.stat(os.path.join(folder, found)).st_mtime > OLD:
                os.unlink(os.path.join(folder, found))


@contextlib.contextmanager
def whole_file(file, mode="w"):
    """A file to write (mode "w" is text in UTF-8, "wb" bytes), which appears under its name when the block ends.

    After an error in the block the old file is unchanged. The new file has the permissions of the one it replaces. A
    symbolic link stays, and the file that it points to is replaced; other hard links keep the old content. A pipe or
    the standard output is written to directly when the block ends.
    """
    stream = _stream(file)
    with _buffered(stream, os.fspath(file)) if stream is not None else _beside(os.fspath(file)) as opened:
        if mode == "wb":
            yield opened
        else:
            text = io.TextIOWrapper(opened, encoding="utf-8", newline="")
            yield text
            text.flush()
            text.detach()


def _stream(file):
    """An open descriptor for standard output and error (by any name), pipes and devices; None for a file."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        with contextlib.suppress(OSError):
            if os.path.samestat(found, os.fstat(descriptor)):
                with contextlib.suppress(AttributeError):
                    stream.flush()  # what was printed comes first
                return os.dup(descriptor)
    special = not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode)
    return os.open(file, os.O_WRONLY) if special else None


@contextlib.contextmanager
def _buffered(descriptor, file):
    """Bytes in memory, written to the open descriptor of a file when the block ends without an error."""
    content = io.BytesIO()
    with open(descriptor, "wb", buffering=0) as opened:
        yield content
        rest = memoryview(content.getvalue())
        try:
            while rest:
                rest = rest[opened.write(rest) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise type(error)(error.errno, error.strerror, file) from None


@contextlib.contextmanager
def _beside(file):
    """A new file beside `file`, which replaces it when the block ends without an error."""
    place = os.path.realpath(file)
    folder, name = os.path.split(place)
    old = _replaced(file, place)
    partial = os.path.join(folder, f".{name[:NAMED]}.{uuid.uuid4().hex[:DIGITS]}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, folder) from None
    try:
        with open(descriptor, "wb") as opened:
            if old is not None:
                _keep_permissions(place, old, partial)
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(partial, place)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        if isinstance(error, OSError) and error.filename in (None, partial):
            error.filename, error.filename2 = file, None
        raise


def _replaced(file, place):
    """The os.stat of the file that is to be replaced, or None; an OSError where it must not be written."""
    try:
        old = os.stat(place)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), file)
    if not os.access(place, os.W_OK):  # renaming would replace it all the same
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), file)
    return old


def _keep_permissions(place, old, partial):
    """Give a new file the permissions and, where this user is allowed to, the owner of the one that it replaces."""
    new = os.stat(partial)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        for owner in ((-1, old.st_gid), (old.st_uid, -1)):
            with contextlib.suppress(OSError, AttributeError):  # AttributeError: Windows has no owners
                os.chown(partial, *owner)
    shutil.copystat(place, partial)
