"""Threads: their number, the blocks of work that they share, and BLAS limited to one thread.

The same data give the same bits for any number of threads. So work is cut into blocks whose edges depend on the data's
size alone, one thread computes a block in one order of operations, and sums over blocks are taken in the order of the
blocks. BLAS and LAPACK cut their work by the number of their own threads, so during a fit they have one
(`one_blas_thread`), and large products are shared here (`over_blocks`).
"""

import functools
import math
import os
import threading
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from fastreg.interface.naming import explains_names

# Values read, or work that takes as long: of a block (0.1 to 0.2 ms), and from which threads share blocks. Waking a
# thread takes 0.02 to 0.05 ms; on one, a product of 2^20 values takes 0.15 ms from cache and 0.5 ms from memory.
BLOCK, SHARED = 2**17, 2**20
GROUPS = 16  # partial sums of one matrix at most, each of some blocks
JOINED = 16  # blocks of one call if they are not shared: one or two milliseconds


@explains_names
def set_num_threads(n: int | None) -> None:
    """Set the number of threads of fits in this process. Results do not depend on it.

    Parameters
    ----------
    n : int or None
        At least 1. None returns to the default: the environment's FASTREG_NUM_THREADS, else its
        OMP_NUM_THREADS, else the CPUs that this process may run on.

    Raises
    ------
    ValueError
        Unless n is a whole number of at least 1.

    Examples
    --------
    >>> from fastreg import get_num_threads, set_num_threads
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(None)
    """
    if n is not None and (isinstance(n, bool) or int(n) != n or n < 1):
        raise ValueError(f"n must be a whole number of threads, at least 1, or None, got {n!r}")
    _pool.chosen = None if n is None else int(n)


@explains_names
def get_num_threads() -> int:
    """Number of threads that a fit may use at once, with the calling one; see `set_num_threads`.

    Returns
    -------
    int
        The number.

    Examples
    --------
    >>> from fastreg import get_num_threads
    >>> get_num_threads() >= 1
    True
    """
    allowed = getattr(_here, "allowed", None)
    if allowed is not None:
        return allowed
    return default_threads() if _pool.chosen is None else _pool.chosen


@contextmanager
def at_most(number):
    """Limit the threads of fits that this thread begins, and of fits within these; None changes nothing."""
    before = getattr(_here, "allowed", None)
    _here.allowed = before if number is None else number
    try:
        yield
    finally:
        _here.allowed = before


@functools.cache
def default_threads():
    """FASTREG_NUM_THREADS, else OMP_NUM_THREADS (which joblib sets for its workers), else the available CPUs."""
    own = os.environ.get("FASTREG_NUM_THREADS", "").strip()
    if own:
        if not own.isdecimal() or int(own) < 1:
            raise ValueError(f"FASTREG_NUM_THREADS must be a whole number of at least 1, got {own!r}")
        return int(own)
    common = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()  # a list has one for each level of nesting
    return int(common) if common.isdecimal() and int(common) > 0 else available_cpus()


def available_cpus(quota_file="/sys/fs/cgroup/cpu.max"):
    """Number of CPUs by this process's affinity and, in a container, by its quota of their time (cgroup v2)."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path(quota_file).read_text().split()
    except OSError:
        return count
    return count if quota == "max" else max(1, min(count, math.ceil(int(quota) / int(period))))


def even_edges(n_items, cost):
    """Edges of blocks of items that read `cost` values each: multiples of four, about BLOCK values per block."""
    size = max(BLOCK // max(cost, 1) // 4 * 4, 4)
    return [*range(0, n_items, size), n_items]


def edges_by_cost(cumulative):
    """Edges of blocks of columns with about BLOCK stored values each, from cumulative numbers of stored values."""
    cuts = np.searchsorted(cumulative, np.arange(cumulative[0] + BLOCK, cumulative[-1], BLOCK))
    return np.unique(np.concatenate([[0], cuts, [cumulative.size - 1]])).tolist()


def over_blocks(function, edges, work, apart=True):
    """Call function(start, stop) between all neighbouring edges; by several threads if `work` (values read) is large.

    Free threads take blocks in order; blocks that need not be `apart` are joined if one thread computes all. The
    calling thread takes part, and waits only for helpers that have begun, so that calls may nest, or come from many
    threads, without a deadlock. An exception or interrupt ends the call after the blocks in progress.
    """
    if work < SHARED or get_num_threads() == 1:
        for start, stop in pairwise(edges if apart else [*edges[:-1:JOINED], edges[-1]]):
            function(start, stop)
        return
    blocks = deque(pairwise(edges))

    def take():
        while blocks:
            try:
                start, stop = blocks.popleft()
            except IndexError:  # another thread took the last one
                return
            function(start, stop)

    allowed = getattr(_here, "allowed", None)

    def help_out():
        _blas.limit_helper()
        with at_most(allowed):
            take()

    futures = [_pool.submit(help_out) for _ in range(min(get_num_threads(), len(blocks)) - 1)]
    try:
        take()
    finally:
        blocks.clear()
        begun = [future for future in futures if not future.cancel()]
        wait(begun)
    for future in begun:
        future.result()


class Pool:
    """The helper threads of all fits: an executor for each number of threads, made at its first use."""

    def __init__(self):
        self.lock, self.chosen, self.executors = threading.Lock(), None, {}

    def submit(self, function):
        with self.lock:
            size = get_num_threads()
            if size not in self.executors:
                self.executors[size] = ThreadPoolExecutor(size, thread_name_prefix="fastreg")
            try:
                return self.executors[size].submit(function)
            except RuntimeError:  # Python is shutting down and starts no threads: the caller takes all blocks
                nothing: Future[None] = Future()
                nothing.cancel()
                return nothing

    def after_fork(self):
        """Start anew in a forked process, which has none of its parent's threads."""
        self.lock, self.executors = threading.Lock(), {}


class Blas:
    """Limits BLAS and LAPACK of NumPy and SciPy to one thread, for every thread that calls `hold`.

    OpenBLAS in its usual build has one number of threads for the process: the first `hold` saves it, the last `let_go`
    restores it. Other libraries have a number for each calling thread.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.holders: Counter[int] = Counter()  # number of holds by thread
        self.libraries: list[tuple[Any, bool]] = []  # (library, whether it has one number for the process)
        self.searched, self.complete = False, False
        self.before: dict[tuple[str, int | None], tuple[Any, int]] = {}  # (file, thread, or None for the process)

    def hold(self):
        with self.lock:
            if not self.searched:
                self._find()
            self.holders[threading.get_ident()] += 1
            self._limit()

    def let_go(self):
        with self.lock:
            mine = threading.get_ident()
            self.holders[mine] -= 1
            if not self.holders[mine]:
                del self.holders[mine]
                self._restore()

    def cover_new(self):
        """Limit libraries that were loaded later."""
        with self.lock:
            if not self.complete:
                self.complete = True
                self._find()
                if self.holders[threading.get_ident()]:
                    self._limit()

    def limit_helper(self):
        """In a helper thread: limit libraries that have a number for each thread."""
        for library, process_wide in self.libraries:
            if not process_wide:
                library.set_num_threads(1)

    def _find(self):
        from threadpoolctl import ThreadpoolController  # takes as long as a small fit

        found = ThreadpoolController().select(user_api="blas").lib_controllers
        self.libraries, self.searched = [(library, _process_wide(library)) for library in found], True

    def _limit(self):
        for library, process_wide in self.libraries:
            key = library.filepath, None if process_wide else threading.get_ident()
            number = library.get_num_threads()
            self.before.setdefault(key, (library, number))
            if number != 1:
                _set_blas_threads(library, 1)

    def _restore(self):
        """Restore this thread's numbers, and the process's if no thread holds them any more."""
        for file, thread in list(self.before):
            if thread == threading.get_ident() or (thread is None and not self.holders):
                library, number = self.before.pop((file, thread))
                if number != 1:
                    _set_blas_threads(library, number)

    def after_fork(self):
        """Drop the holds of other threads in a forked process, which has only the thread that forked."""
        self.lock, mine = threading.Lock(), threading.get_ident()
        self.before = {key: number for key, number in self.before.items() if key[1] in (None, mine)}
        self.holders = Counter({thread: holds for thread, holds in self.holders.items() if thread == mine})
        if not self.holders:
            self._restore()


def _process_wide(library):
    return library.internal_api == "openblas" and library.threading_layer != "openmp"


def _set_blas_threads(library, number):
    """Set a library's number of threads. Recent threadpoolctl ignores all threads but the first until it is cleared."""
    clear = getattr(library, "clear_controlling_thread", None)
    if clear:
        clear(force=True)
    library.set_num_threads(number)
    if clear:
        clear(force=True)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS and LAPACK of NumPy and SciPy to one thread in this process while any fit runs.

    Takes 5 to 30 us.
    """
    _blas.hold()
    try:
        yield
    finally:
        _blas.let_go()


def linalg():
    """scipy.linalg, imported at the first use, since that takes long; its LAPACK is limited to one thread as well."""
    import scipy.linalg

    _blas.cover_new()
    return scipy.linalg


_pool, _blas, _here = Pool(), Blas(), threading.local()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.after_fork)
    os.register_at_fork(after_in_child=_blas.after_fork)
