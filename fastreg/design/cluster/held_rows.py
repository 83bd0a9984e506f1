"""ClusterRows: X as blocks of neighbouring rows, which the workers of a cluster hold or read, or this process."""

from typing import Any, NamedTuple

from fastreg.design.cluster.calls import LARGE
from fastreg.design.files.stored import StoredFile, verify_all
from fastreg.design.row_parts import part_of

ONLY = (
    "X is cut into blocks of rows, which fit_path and cv_path take; for other functions cut it by columns, "
    "fastreg.distribute(X, client), or pass a file or an array. New rows are predicted block by block, "
    "path.predict(block)"
)


class ClusterRows:
    """X of which each worker holds, or reads, some neighbouring rows: what `distribute(..., by="rows")` returns.

    `fit_path` and `cv_path` take it in the place of X. All numbers of a row stay where the row is; coefficients go
    there, and sums over rows come back, which are added in the order of the blocks: results do not depend on the
    workers, to the last bit. `reads` counts reads of all of X, `trips` calls of the workers, and `bytes_read` the bytes
    of arrays that were sent and came back.
    """

    in_blocks_of_rows = True

    def __init__(self, place, feature_names=None):
        self.place, self.reads = place, 0
        found = place.hold(held_part, [()] * len(place.blocks)).run(shape_of_part)
        widths, self.lengths = {shape[1] for shape in found}, [shape[0] for shape in found]
        if len(widths) > 1:
            raise ValueError(f"the blocks of rows have different numbers of columns: {sorted(widths)}")
        self.shape = sum(self.lengths), widths.pop()
        if 0 in self.shape:
            raise ValueError(f"X has shape {self.shape}; at least 1 row and 1 column are needed")
        self.feature_names = feature_names

    def __repr__(self):
        n, p = self.shape
        return f"<fastreg: {n:,} rows and {p:,} columns in {len(self.lengths)} blocks of rows on {self.place.name()}>"

    def __array__(self, *_, **__):
        raise TypeError(ONLY)

    def __getitem__(self, rows):
        raise TypeError(ONLY)

    def __iter__(self):
        raise TypeError(ONLY)

    def count_read(self):
        """Count a read of all of X."""
        self.reads += 1

    @property
    def trips(self):
        return self.place.trips

    @property
    def bytes_read(self):
        return self.place.moved()


class Workers:
    """The blocks of rows on the workers of a cluster; `sources` are what makes each: SentRows or ComputedRows. Files of
    blocks that are sent have to stand still."""

    def __init__(self, calls, sources):
        self.calls, self.sources = calls, sources
        self.files = files_of([getattr(source, "values", None) for source in sources])
        self.blocks: list[Any] = [None] * len(sources)
        self.begin_blocks(range(len(sources)))

    def name(self):
        """Where the workers are."""
        return self.calls.address()

    @property
    def trips(self):
        return self.calls.trips

    def moved(self):
        """Bytes that were sent and came back."""
        return self.calls.sent + self.calls.received

    def begin_blocks(self, numbers):
        """Begin the blocks of some numbers, spread over the workers."""
        workers = self.calls.workers()
        for k in numbers:
            self.blocks[k] = self.sources[k].begin(self.calls, workers[k % len(workers)])
        verify_all(self.files)

    def hold(self, make, own):
        """What make(block k, *own[k]) returns for every block, kept beside it: a Held."""
        return Held(self, make, own)


class SentRows(NamedTuple):
    """A block of rows in memory here, which is sent to a worker, and sent again if that is lost."""

    values: Any

    def begin(self, calls, worker):
        """The future of the block, at the worker if that is free."""
        data = calls.client.scatter(self.values, workers=[worker], hash=False)
        return calls.begin(part_of, data, worker=worker)


class ComputedRows(NamedTuple):
    """A block of rows that Dask computes, or reads from a file."""

    delayed: Any

    def begin(self, calls, worker):
        """The future of the block, at the worker if that is free."""
        return calls.begin(part_of, calls.client.compute(self.delayed), worker=worker)


class Held:
    """What lies beside the blocks of rows on workers, and is made again where a worker is lost."""

    def __init__(self, workers, make, own):
        self.workers, self.make, self.own = workers, make, own
        self.futures: list[Any] = [None] * len(own)
        self._begin(range(len(own)))

    def _begin(self, numbers):
        calls, blocks = self.workers.calls, self.workers.blocks
        lost = [k for k in numbers if blocks[k].status in ("cancelled", "lost")]
        if lost:
            self.workers.begin_blocks(lost)
        for k in numbers:
            self.futures[k] = calls.begin(self.make, blocks[k], *[value_of(calls, each) for each in self.own[k]])

    def run(self, function, *args):
        """The list of function(what lies beside block k, *args), one task each; those that were lost are sent again."""
        return self.workers.calls.run_on(self.futures, self._begin, function, *args)


def value_of(calls, value):
    """Delayed values, and large arrays, as futures of the client; others as they are."""
    if hasattr(value, "__dask_graph__"):
        return calls.client.compute(value)
    return calls.client.scatter(value, hash=False) if getattr(value, "nbytes", 0) > LARGE else value


class Here:
    """The blocks of rows in this process: RowParts, in memory or mapped. Files that are mapped have to stand still."""

    def __init__(self, parts):
        self.blocks, self.trips = parts, 0
        self.files = files_of([part.values for part in parts])

    def name(self):
        """Where the rows are."""
        return "this process"

    def moved(self):
        """Bytes that were sent: none."""
        return 0

    def hold(self, make, own):
        """What make(block k, *own[k]) returns for every block: a HeldHere."""
        values = [[each.compute() if hasattr(each, "__dask_graph__") else each for each in some] for some in own]
        return HeldHere(self, [make(part, *some) for part, some in zip(self.blocks, values)])

    def count(self):
        """Count a call of all blocks."""
        self.trips += 1


class HeldHere:
    """What belongs to the blocks of rows in this process."""

    def __init__(self, place, held):
        self.place, self.held = place, held

    def run(self, function, *args):
        """The list of function(what belongs to block k, *args)."""
        self.place.count()
        verify_all(self.place.files)
        found = [function(each, *args) for each in self.held]
        verify_all(self.place.files)
        return found


def files_of(arrays):
    """The files that arrays are mapped from, as StoredFiles."""
    mapped = [each for each in arrays if getattr(each, "mode", None) == "r"]
    return [StoredFile(name) for name in sorted({str(each.filename) for each in mapped})]


def held_part(part):
    """A block of rows itself, as what lies beside it."""
    return part


def shape_of_part(part):
    """The shape of a block of rows."""
    return part.shape
