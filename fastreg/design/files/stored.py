"""StoredFile: an open file that is mapped, read by position, and known to have stood still. Values: an array in it."""

import mmap
import os
import weakref

import numpy as np

GAP = 2**14  # bytes between two ranges up to which both are read at once: a read by position costs as much


class StoredFile:
    """A file that is open for reading, with its size and its time of change when it was opened.

    Memory that is mapped beyond the end of a file kills the process when it is read, and a certificate holds for data
    that stood still. So callers check `verify` before they read the map and after it.
    """

    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self.descriptor)
        self.stamp = self._stamp()
        if self.stamp[0] == 0:
            raise ValueError(f"{self.path} is empty")
        self.map = mmap.mmap(self.descriptor, 0, access=mmap.ACCESS_READ)
        if hasattr(os, "posix_fadvise"):  # single columns are read: what lies around them would be read for nothing
            os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_RANDOM)

    def _stamp(self):
        found = os.fstat(self.descriptor)
        return found.st_size, found.st_mtime_ns

    def verify(self):
        """Raise RuntimeError if the file has changed since it was opened."""
        if self._stamp() != self.stamp:
            raise RuntimeError(
                f"{self.path} was changed while it was open: results would be those of no data at all. Write a file in "
                "full before it is opened, and write new data to another file"
            )

    def ahead(self, start, length):
        """Ask the system to read a range of bytes that will be needed."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.descriptor, start, length, os.POSIX_FADV_WILLNEED)

    def drop(self, start, stop):
        """Give memory back that holds a range of bytes. The system keeps its pages in larger units, of which it gives
        back whole ones: ranges should be some MB long, and begin at multiples of their length."""
        first, size = start - start % mmap.PAGESIZE, stop - start + start % mmap.PAGESIZE
        if hasattr(self.map, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
            self.map.madvise(mmap.MADV_DONTNEED, first, size)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.descriptor, first, size, os.POSIX_FADV_DONTNEED)

    def read(self, start, out):
        """Fill an array with the bytes from `start` on."""
        left = memoryview(out).cast("B")
        if not hasattr(os, "preadv"):
            self.verify()
            left[:] = self.map[start : start + len(left)]
            return
        while len(left):
            count = os.preadv(self.descriptor, [left], start)
            if count == 0:
                self.verify()
                raise RuntimeError(f"{self.path} ends before byte {start}")
            left, start = left[count:], start + count


def verify_all(files):
    """Raise RuntimeError if one of some files has changed since it was opened."""
    for file in files:
        file.verify()


def check_stamps(files, stamps):
    """Raise RuntimeError where files are not those, as their stamps tell, that another process had open."""
    for file, stamp in zip(files, stamps):
        if file.stamp != stamp:
            raise RuntimeError(f"{file.path} has changed since it was opened in another process; open it anew there")


class Values:
    """An array of numbers that lie one after another in a file, from byte `offset` on."""

    def __init__(self, file, offset, dtype, shape):
        self.file, self.offset, self.dtype, self.shape = file, offset, np.dtype(dtype), tuple(shape)
        self.size = int(np.prod(self.shape, dtype=object))
        self.bytes = self.size * self.dtype.itemsize

    def transposed(self):
        """The same numbers as rows of an array: of a Fortran-ordered array, its columns."""
        return Values(self.file, self.offset, self.dtype, self.shape[::-1])

    def between(self, start, stop):
        """The numbers of an array's rows start to stop."""
        each = self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=object))
        return Values(self.file, self.offset + start * each, self.dtype, (stop - start, *self.shape[1:]))

    def view(self):
        """The array, read-only, mapped into memory."""
        flat = np.frombuffer(self.file.map, dtype=self.dtype, count=self.size, offset=self.offset)
        return flat.reshape(self.shape)

    def load(self):
        """A copy of the array."""
        out = np.empty(self.shape, dtype=self.dtype)
        self.file.read(self.offset, out)
        return out

    def range(self, start, stop):
        """The bytes of the file where the values from `start` to `stop` lie."""
        return self.offset + start * self.dtype.itemsize, self.offset + stop * self.dtype.itemsize

    def pick(self, starts, stops):
        """The values from starts[k] to stops[k] for every k, one range after another; starts ascend."""
        places, size = np.concatenate([[0], np.cumsum(stops - starts)]), self.dtype.itemsize
        out, apart = np.empty(places[-1], dtype=self.dtype), starts[1:] != stops[:-1]
        cuts = np.flatnonzero((starts[1:] - stops[:-1]) * size > GAP) + 1
        first = np.concatenate([np.zeros(min(len(starts), 1), dtype=np.int64), cuts])
        last = np.concatenate([cuts, np.full(min(len(starts), 1), len(starts))])
        holes = np.concatenate([[0], np.cumsum(apart)])
        begins, ends = starts[first].tolist(), stops[last - 1].tolist()
        for begin, end in zip(begins, ends):
            self.file.ahead(self.offset + begin * size, (end - begin) * size)
        whole = (holes[last - 1] == holes[first]).tolist()
        for begin, end, a, b, at_once in zip(begins, ends, first.tolist(), last.tolist(), whole):
            part = out[places[a] : places[b]]
            if at_once:
                self.file.read(self.offset + begin * size, part)
            else:
                run = np.empty(end - begin, dtype=self.dtype)
                self.file.read(self.offset + begin * size, run)
                spans = zip((starts[a:b] - begin).tolist(), (stops[a:b] - begin).tolist())
                np.concatenate([run[low:high] for low, high in spans], out=part)
        return out
