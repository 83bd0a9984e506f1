"""ClusterColumns: X as blocks of neighbouring columns, which the workers of a cluster hold or read."""

import threading
from typing import Any

import numpy as np

from fastreg.design.cluster import tasks
from fastreg.design.designs import DenseDesign, SparseDesign
from fastreg.design.outer import OuterDesign
from fastreg.interface.validation import read_only

TRIP = 3e7  # values that are read from memory in the time that a call of all workers takes at least


class ClusterColumns(OuterDesign):
    """X of which each worker holds, or reads, some neighbouring columns: what `fastreg.distribute` returns.

    A read of X is one task for each block. Residuals are sent to the workers, and a number for each column comes back.
    Results are the same to the last bit for any number of workers, and any blocks whose edges are multiples of four.
    `parts` are the sources of the blocks: objects whose begin(calls, worker) returns the future of a `tasks.Block`.
    `trips` counts calls of the workers, `bytes_read` the bytes of arrays that were sent and came back.
    """

    looks_ahead = True

    def __init__(self, calls, parts, edges, feature_names=None):
        self.calls, self.parts, self.edges, self.feature_names = calls, parts, np.asarray(edges), feature_names
        self.reads, self.blocks = 0, [None] * len(parts)
        self.brought = threading.local()  # `copies` of columns by their numbers, see `look_ahead`
        workers = self._place(range(len(parts)))
        found = self._run(tasks.described)
        self.n = found[0][0]
        self.form = found[0][3]
        counts = np.concatenate([np.full(p, n) if stored is None else stored for n, p, stored, _ in found])
        self.starts = np.concatenate([[0], np.cumsum(counts)])
        if {(n, form) for n, _, _, form in found} != {(self.n, self.form)} or counts.size != self.edges[-1]:
            raise ValueError("the blocks of X do not have the same number of rows, or are not all dense or all sparse")
        # Of the size alone, not measured: what a fit does depends on it, and is to be the same in every run.
        self.price = 1.0 + TRIP / max(int(self.starts[-1]), 1)
        hosts = {worker.rpartition(":")[0]: k for k, worker in reversed(list(enumerate(workers)))}
        self._run(tasks.prepare, which=sorted(hosts.values()))  # kernels are compiled once a host

    def __repr__(self):
        n, p = self.shape
        return f"<fastreg: {n:,} rows and {p:,} columns in {len(self.blocks)} blocks on {self.calls.address()}>"

    def __reduce__(self):
        raise TypeError(
            "X on a cluster belongs to the Client of this process and cannot be sent to another; send what it was made "
            "of, and call fastreg.distribute there"
        )

    @property
    def trips(self):
        return self.calls.trips

    @property
    def bytes_read(self):  # type: ignore[override]  # the calls count them
        return self.calls.sent + self.calls.received

    @property
    def shape(self):
        return self.n, int(self.edges[-1])

    def stored_in(self, columns):
        columns = np.asarray(columns)
        return int(np.sum(self.starts[columns + 1] - self.starts[columns]))

    def first(self, weights, vectors):
        self.reads += 1
        found = self._run(tasks.first, weights, vectors)
        return tuple(np.concatenate(each, axis=1) for each in zip(*found))

    def correlate_each(self, vectors):
        self.reads += 1
        return np.concatenate(self._run(tasks.correlate_each, vectors), axis=1)

    def look(self, vectors, columns):
        out = np.empty((len(vectors), len(columns)))
        which, places = self._by_block(columns)
        own = [(columns[place] - self.edges[k],) for k, place in zip(which, places)]
        for place, found in zip(places, self._run(tasks.look, vectors, which=which, of_each=own)):
            out[:, place] = found
        return out

    def look_ahead(self, vectors, columns, limits, rates, most, likely):
        """`look`, which brings copies along of columns that `in_memory` is likely to be asked for next by this thread:
        the `likely` ones, and at most `most` of a block with |x_j'v_k| > limits[k] rates[j] for the k-th vector."""
        out = np.empty((len(vectors), len(columns)))
        which, places = self._by_block(np.concatenate([columns, likely]))
        inside = [place[place < len(columns)] for place in places]
        begins = self.edges[which]
        own = [
            (columns[some] - begin, rates[some], likely[place[some.size :] - len(columns)] - begin)
            for begin, place, some in zip(begins, places, inside)
        ]
        found = self._run(tasks.look_ahead, vectors, limits, most, which=which, of_each=own)
        brought: dict[int, Any] = {}
        for begin, some, (products, chosen, copies) in zip(begins, inside, found):
            out[:, some] = products
            brought |= self._by_number(begin + chosen, copies)
        vars(self.brought).update(copies=brought)
        return out

    def in_memory(self, columns):
        columns, have = np.asarray(columns), vars(self.brought).pop("copies", {})
        missing = np.array([j for j in columns.tolist() if j not in have], dtype=np.int64)
        which, places = self._by_block(missing)
        own = [(missing[place] - self.edges[k],) for k, place in zip(which, places)]
        for place, copies in zip(places, self._run(tasks.copies, which=which, of_each=own) if which else ()):
            have |= self._by_number(missing[place], copies)
        found = [have[j] for j in columns.tolist()]
        if self.form == "dense":
            out = np.empty((len(columns), self.n))
            for row, values in zip(out, found):
                row[:] = values
            return DenseDesign(read_only(out))
        rows, values = zip((np.empty(0, dtype=np.int32), np.empty(0)), *found)
        indices = np.concatenate(rows)
        ends = np.cumsum([each.size for each in rows]).astype(indices.dtype)
        return SparseDesign(read_only(np.concatenate(values)), read_only(indices), read_only(ends), self.n)

    def _by_number(self, columns, copies):
        """What `tasks.copies` returned, by the numbers of the columns in X: an array, or (rows, values)."""
        if self.form == "dense":
            return dict(zip(columns.tolist(), copies))
        pointers, rows, values = copies
        return dict(zip(columns.tolist(), zip(*(np.split(each, pointers[1:-1]) for each in (rows, values)))))

    def _by_block(self, columns):
        """(the numbers of the blocks in which some columns lie, the positions of its own among `columns` for each)."""
        home = np.searchsorted(self.edges, columns, side="right") - 1
        which = np.unique(home).tolist()
        return which, [np.flatnonzero(home == k) for k in which]

    def _run(self, function, *args, which=None, of_each=()):
        """The results of one task for each of the blocks `which`; those that were lost with a worker are sent again."""
        return self.calls.run_on(self.blocks, self._place, function, *args, which=which, of_each=of_each)

    def _place(self, numbers):
        """Begin the blocks of some numbers, spread over the workers, whose addresses are returned."""
        workers = self.calls.workers()
        where = [workers[k % len(workers)] for k in numbers]
        for k, worker in zip(numbers, where):
            self.blocks[k] = self.parts[k].begin(self.calls, worker)
        return where
