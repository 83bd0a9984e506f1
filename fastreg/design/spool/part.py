"""The folder `x.npy.part` of a file that is not complete: what is written of it, and a record of how far it goes."""

import contextlib
import errno
import io
import json
import os
import shutil
import sys
import time
import zlib
from typing import Any

PAUSE = 5.0  # seconds between records of what is done


class DiskError(OSError):
    """An error of writing, such as a full disk."""


class OtherSource(ValueError):
    """What is in the folder is not the beginning of this source."""


class Part:
    """The folder of a file that is not complete. Within `with`, it belongs to this process.

    When the block ends without an error, the folder is removed. It is kept, with a record from which to go on, after
    Ctrl-C and where `stay` was called; it is removed after any other error.
    """

    def __init__(self, path, facts):
        self.path, self.folder, self.facts = path, f"{path}.part", facts
        self.done: dict[str, Any] = {"blocks": [], "turned": 0, "missing": {}}
        self.digests: dict[str, int] = {}  # of the first block and the last, by their numbers
        self.keep, self.next_record, self.opened = False, 0.0, dict[str, Any]()

    def __enter__(self):
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.folder)
        self.lock = io.FileIO(os.path.join(self.folder, "lock"), "a+")
        try:
            _lock(self.lock, self.path)
            self._recall()
        except BaseException:
            self.lock.close()
            raise
        self.next_record = time.monotonic() + PAUSE
        return self

    def _recall(self):
        """Go on from the record of an earlier process. Raises an OtherSource where it is of another one."""
        try:
            with open(os.path.join(self.folder, "record.json"), encoding="utf-8") as file:
                record = json.load(file)
        except FileNotFoundError:
            return
        for name, value in self.facts.items():
            if record["facts"].get(name) != value:
                self.refuse(f"its {name} is {record['facts'].get(name)!r}, that of this call is {value!r}")
        self.done, self.digests = record["done"], record["digests"]

    def stay(self):
        """Keep the folder after whatever error comes now."""
        self.keep = True

    def refuse(self, reason):
        """Raise an OtherSource for a reason."""
        self.stay()
        raise OtherSource(
            f"{self.folder} is the unfinished part of another spool ({reason}); delete that folder to begin anew"
        )

    def compare(self, number, values):
        """Raise an OtherSource where a block of the source is not what an earlier process wrote."""
        if self.digests[str(number)] != digest(values):
            self.refuse(f"block {number} of the source holds other values")

    def file(self, name):
        """An open file in the folder, for reading and writing at any place."""
        if name not in self.opened:
            place = os.path.join(self.folder, name)
            self.opened[name] = io.FileIO(place, "r+" if os.path.exists(place) else "w+")
        return self.opened[name]

    def size(self):
        """How many bytes the files that `file` has opened take on the disk."""
        return sum(os.fstat(file.fileno()).st_blocks * 512 for file in self.opened.values())

    def close(self):
        """Close the files that `file` has opened."""
        for file in self.opened.values():
            file.close()

    def finished(self, number, values, rectangle):
        """Note that a block is written, and record it where the last record is some seconds old."""
        self.done["blocks"].append(rectangle)
        if number == 0 or time.monotonic() >= self.next_record:
            first = {"0": self.digests["0"]} if number else {}
            self.digests = first | {str(number): digest(values)}
            self.record()

    def turned(self, count):
        """Note how much of a TurnedFile is in columns, and record it where the last record is some seconds old."""
        self.done["turned"] = count
        if time.monotonic() >= self.next_record:
            self.record()

    def record(self):
        """Write what is done, after the values themselves have reached the disk."""
        for file in self.opened.values():
            with told(self.path):
                os.fsync(file.fileno())
        place = os.path.join(self.folder, "record.json")
        with told(self.path):
            with open(place + ".new", "w", encoding="utf-8") as file:
                json.dump({"facts": self.facts, "done": self.done, "digests": self.digests}, file)
            os.replace(place + ".new", place)
        self.next_record = time.monotonic() + PAUSE

    def __exit__(self, kind, error, trace):
        resumable = kind is not None and (self.keep or not issubclass(kind, Exception)) and self.done["blocks"]
        if resumable:
            with contextlib.suppress(OSError):
                self.record()
        self.close()
        self.lock.close()
        if not resumable:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif not isinstance(error, OtherSource):
            error.add_note(f"{self.folder} holds what is done, and the same call goes on from there")


def digest(values):
    """A number that two blocks of different values hardly ever share."""
    return zlib.crc32(values.reshape(-1, order="F").view("u1"))


@contextlib.contextmanager
def told(path):
    """Within this, errors of writing say which file was to be written, and what is the remedy of a full disk."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        remedy = "; nothing of it is left: free some space, or choose a path on another disk" if full else ""
        raise DiskError(error.errno, f"{error.strerror or error}{remedy}", path) from None


def write_at(file, place, values, path):
    """Write the bytes of a contiguous array at a place of a file."""
    rest = memoryview(values.reshape(-1, order="F").view("u1"))
    with told(path):
        file.seek(place)
        while rest:
            rest = rest[file.write(rest) :]


def read_at(file, place, out):
    """Fill a contiguous array with bytes from a place of a file."""
    rest = memoryview(out.reshape(-1, order="F").view("u1"))
    file.seek(place)
    while rest:
        count = file.readinto(rest)
        if not count:
            raise OSError(errno.EIO, "a file ends too early", file.name)
        rest = rest[count:]


def _lock(file, path):
    """Hold a file for this process until it is closed, or raise."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise BlockingIOError(error.errno, "another process spools into this file now", path) from None
        raise
