#!/usr/bin/env python3
"""Goals for data that lie in files or on several machines: a row of the table in docs/scaling.md each.

    python asv_bench/scale.py                       # lists the rows
    python asv_bench/scale.py 3                     # measures row 3 and says whether its goal holds
    python asv_bench/scale.py 3 --size 200 20000 --folder /data

One thread, unless a row is about several. Bytes are those that the system read from the disk; files are written to
`--folder`, and deleted. `--size` replaces the size of X: goals are meant for the size that a row has of its own.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from pathlib import Path

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA", "FASTREG"):
    os.environ.setdefault(f"{variable}_NUM_THREADS", "1")

import numpy as np  # noqa: E402

import fastreg  # noqa: E402
from fastreg.design.genotypes import rare  # noqa: E402

ROWS = {}
BLOCK, AHEAD = 2**20, 2**25  # bytes


def row(number, size):
    """Register a function(size, folder) that yields (what, measured, goal or None) as a row of the table."""

    def register(function):
        ROWS[number] = (function, size)
        return function

    return register


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("row", nargs="?", type=int, choices=sorted(ROWS))
    parser.add_argument("--size", nargs="+", type=int, help="rows and columns of X")
    parser.add_argument("--folder", type=Path, help="where files are written (a temporary folder)")
    given = parser.parse_args(arguments)
    if given.row is None:
        for number, (function, size) in sorted(ROWS.items()):
            print(f"{number:3}  {' x '.join(f'{each:,}' for each in size)}: {function.__doc__.splitlines()[0]}")
        return 0
    function, size = ROWS[given.row]
    missed = 0
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for what, measured, goal in function(tuple(given.size or size), Path(folder)):
            verdict = "" if goal is None else f"  goal {goal:g}: {'holds' if measured <= goal else 'MISSED'}"
            missed += goal is not None and measured > goal
            print(f"{what:55} {measured:12.4g}{verdict}", flush=True)
    return int(missed > 0)


# ---- what rows share


def draw(path, n, p, effects=50, seed=0):
    """Write X of normal numbers, (n, p) float64, by blocks of columns; returns y."""
    rng = np.random.default_rng(seed)
    y, step = rng.normal(size=n), max(1, 2**22 // n)
    header = {"descr": "<f8", "fortran_order": True, "shape": (n, p)}
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, p, step):
            block = rng.standard_normal(size=(min(step, p - start), n))
            some = np.arange(start, min(start + step, p)) % (p // effects) == 0
            y += block[some].T @ rng.choice([-1.0, 1.0], size=int(some.sum())) * (start + step <= p)
            block.tofile(file)
        file.flush()
        os.fsync(file.fileno())
    return y


def forget(path):
    """Drop a file from the system's cache."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bandwidth(path, most=2**32):
    """Bytes a second at which a file, or its first part, is read in order, in pieces that are asked for ahead."""
    forget(path)
    size, room, begin = min(path.stat().st_size, most), bytearray(BLOCK), time.perf_counter()
    with open(path, "rb", buffering=0) as file:
        for start in range(0, size, BLOCK):
            if start % AHEAD == 0:
                os.posix_fadvise(file.fileno(), start + AHEAD, AHEAD, os.POSIX_FADV_WILLNEED)
            file.readinto(room)
    seconds = time.perf_counter() - begin
    forget(path)
    return size / seconds


class Watched:
    """Within this, `peak` is the growth of private memory (bytes), `read` the bytes from disk, `seconds` the time."""

    def __enter__(self):
        self.begun, self.first, self.peak, self.before = time.perf_counter(), private(), 0, from_disk()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self):
        while not self.done.wait(0.02):
            self.peak = max(self.peak, private() - self.first)

    def __exit__(self, *_):
        self.seconds, self.read = time.perf_counter() - self.begun, from_disk() - self.before
        self.done.set()
        self.thread.join()


def private():
    """Private memory of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def from_disk():
    """Bytes that this process has read from disks."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


def resident(path):
    """Bytes of a file that are in memory."""
    from ctypes import CDLL, c_size_t, c_void_p

    content = np.memmap(path, mode="r")
    pages = np.empty(-(-content.size // 4096), dtype=np.uint8)
    CDLL(None).mincore(c_void_p(content.ctypes.data), c_size_t(content.size), c_void_p(pages.ctypes.data))
    return 4096 * int(np.sum(pages & 1))


# ---- narrow numbers


@row(1, (500, 100_000))
def narrow_numbers(size, folder):
    """A lasso path of int8 and float32 against float64: private memory, time, coefficients, time to compile."""
    os.environ["FASTREG_CACHE_DIR"] = str(folder)  # without any kernels
    rng = np.random.default_rng(0)
    genes = rng.integers(0, 3, size=size[::-1], dtype=np.int8).T
    y = genes[:, :20].astype(float) @ rng.normal(size=20) + 3.0 * rng.normal(size=size[0])
    wide = np.asfortranarray(genes, dtype=float)
    fastreg.fit_path(wide, y)
    own, expected = allocated(wide, y)
    yield "float64: memory beyond X (MB)", own / 1e6, None
    for dtype, most in (("int8", 0.6), ("float32", 0.9)):
        X = np.asfortranarray(genes, dtype=dtype)
        first, _ = timed(X, y)
        peak, path = allocated(X, y)
        pairs = [(timed(X, y)[0], timed(wide, y)[0]) for _ in range(5)]
        yield f"{dtype}: memory beyond X (MB)", peak / 1e6, None
        yield f"{dtype}: the same, less that of float64 (MB)", (peak - own) / 1e6, 15
        yield f"{dtype}: time over that of float64, median of 5", np.median([a / b for a, b in pairs]), most
        difference = abs(path.coefs - expected.coefs).max() / abs(expected.coefs).max()
        yield f"{dtype}: largest difference of coefficients", difference, 1e-12
        yield f"{dtype}: seconds of the first fit more", first - min(pairs)[0], 3


def allocated(X, y):
    """(the most memory that a path allocates at a time, the path)."""
    tracemalloc.start()
    path = fastreg.fit_path(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak, path


def timed(X, y, **options):
    """(seconds of a path, the path)."""
    begin = time.perf_counter()
    path = fastreg.fit_path(X, y, **options)
    return time.perf_counter() - begin, path


@row(13, (2_000_000, 2_200_000))
def sparse_parts(size, folder):
    """A lasso path of mapped parts of sparse columns: int32 rows, int8 values, 2^31 + 1 of them.

    --size is rows, columns and values.
    """
    n, p, stored = size if len(size) > 2 else (*size, 2**31 + 1)
    y = draw_sparse(folder, n, p, stored)
    names = ("data", "indices", "indptr")
    for reader in ("csc_design", "open"):
        with Watched() as watched:
            if reader == "open":
                X = fastreg.open(folder)
            else:
                X = fastreg.csc_design(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in names), n_rows=n)
            path = fastreg.fit_path(X, y, alpha_min_ratio=0.1, n_alphas=50)
        yield f"{reader}: private memory (MB)", watched.peak / 1e6, 2000
        yield f"{reader}: seconds", watched.seconds, None
        yield f"{reader}: columns in the model", path.n_nonzero[-1], None
        yield f"{reader}: largest gap", path.gaps.max(), 1e-6
        del X


def draw_sparse(folder, n, p, stored):
    """Write the parts of sparse columns, by blocks; returns y."""
    rng, counts = np.random.default_rng(0), np.full(p, stored // p)
    counts[: stored - int(counts.sum())] += 1
    pointers = np.concatenate([[0], np.cumsum(counts)])
    np.save(folder / "shape.npy", np.array([n, p]))
    np.save(folder / "indptr.npy", pointers)
    parts = {"indices": np.int32, "data": np.int8}
    maps = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=dtype, shape=(stored,))
        for name, dtype in parts.items()
    }
    y, step = rng.normal(size=n), max(1, 2**24 // int(counts.max()))
    for start in range(0, p, step):
        some = counts[start : start + step]
        width = n // int(some.max())  # one row out of each of as many stretches of rows
        rows = np.arange(some.max()) * width + rng.integers(0, width, size=(some.size, some.max()), dtype=np.int64)
        kept = np.arange(some.max()) < some[:, None]
        values = rng.integers(1, 4, size=rows.shape, dtype=np.int8)
        span = slice(pointers[start], pointers[start + some.size])
        maps["indices"][span], maps["data"][span] = rows[kept], values[kept]
        for k in range(-start % (p // 40), some.size, p // 40):
            y[rows[k][kept[k]]] += 3.0 * values[k][kept[k]]
    for each in maps.values():
        each.flush()
    return y


# ---- files


@row(2, (1000, 400_000))
def in_memory(size, folder):
    """A path of float64 in memory: sweeps, and X read in all, of which the moments are one read."""
    n, p = size
    rng = np.random.default_rng(5)
    X = rng.standard_normal((p, n)).T
    X += 0.3 * rng.standard_normal((n, 1))
    y = X[:, :20] @ rng.standard_normal(20) + rng.standard_normal(n)
    begin = time.perf_counter()
    path = fastreg.fit_path(X, y)
    yield "seconds", time.perf_counter() - begin, None
    yield "sweeps", path.work["sweeps"], 9
    yield "columns read / p, moments included", path.work["passes"] + 1, 10
    yield "largest relative gap", path.gaps.max(), 1e-12


@row(3, (1000, 400_000))
def pages_dropped(size, folder):
    """A lasso path of a mapped file of which 0.6 GB may stay in memory."""
    yield from mapped_path(size, folder, memory=600e6 * size[0] * size[1] / 4e8, most=(11, 15, 400))


@row(4, (3000, 1_340_000))
def beyond_memory(size, folder):
    """A lasso path of a file larger than memory."""
    yield from mapped_path(size, folder, memory=None, most=(12, None, None), seconds=300)


def mapped_path(size, folder, memory, most, seconds=None):
    path, (n, p) = folder / "x.npy", size
    if memory is not None:  # before the first fit, which asks
        os.environ["FASTREG_MEMORY"] = str(int(memory))
    begin = time.perf_counter()
    y = draw(path, n, p)
    yield "seconds to write the file", time.perf_counter() - begin, None
    fastreg.fit_path(np.asfortranarray(np.random.default_rng(0).normal(size=(50, 300))), np.arange(50.0))  # compiles
    whole, speed = path.stat().st_size, bandwidth(path)
    yield "GB of X", whole / 1e9, None
    yield "GB a second that the disk delivers", speed / 1e9, None
    with Watched() as watched:
        design = fastreg.open(path)
        fit = fastreg.fit_path(design, y, alpha_min_ratio=0.01 if seconds is None else 0.1)
    yield "points, of 100", fit.alphas.size, None
    yield "columns in at most", np.diff(fit.coefs.indptr).max(), None
    yield "largest gap", fit.gaps.max(), 1e-6
    yield "reads of all of X", design.reads, None
    yield "bytes asked for / X", design.bytes_read / whole, most[0]
    yield "bytes from disk / X", watched.read / whole, most[0]
    yield "seconds", watched.seconds, seconds
    yield "seconds / time to read X once", watched.seconds * speed / whole, most[1]
    yield "MB of private memory", watched.peak / 1e6, most[2]
    yield "GB of the file in memory at the end", resident(path) / 1e9, None
    yield "price", design.price, None


@row(12, (500, 20_000))
def folds_on_a_file(size, folder):
    """Ten folds of a mapped file, over the reads of one path."""
    path, (n, p) = folder / "x.npy", size
    y = draw(path, n, p)
    one = fastreg.open(path)
    fastreg.fit_path(one, y)
    both = fastreg.open(path)
    fastreg.cv_path(both, y)  # the path on all rows first, then its ten folds together
    yield "reads of one path", one.reads, None
    yield "reads of its ten folds", both.reads - one.reads, None
    yield "reads of the folds / those of the path", (both.reads - one.reads) / one.reads, 1.6
    yield "bytes of the folds / those of the path", (both.bytes_read - one.bytes_read) / one.bytes_read, None


# ---- clusters


@row(8, (500, 100_000))
def blocks_of_columns(size, folder):
    """A lasso path on a Dask cluster of two processes: calls of the workers, bytes to and from them, time."""
    X, y = draw_genotypes(*size)
    local = least_seconds(lambda: fastreg.fit_path(X, y))
    with cluster(2) as client:
        spread = fastreg.distribute(X, client)
        fastreg.fit_path(spread, y)  # so that kernels are loaded
        trips, moved = spread.trips, spread.bytes_read
        spent, path = [], None
        for _ in range(3):
            begin = time.perf_counter()
            path = fastreg.fit_path(spread, y)
            spent.append(time.perf_counter() - begin)
        yield "calls of the workers", (spread.trips - trips) / 3, 20
        yield "bytes moved over those of X as float64, %", 100 * (spread.bytes_read - moved) / 3 / (8 * X.size), 4
        yield "time over that of the same fit in memory here", min(spent) / local, 2
        yield "largest gap", path.gaps.max(), 1e-12


@row(9, (500, 100_000))
def same_bits(size, folder):
    """A lasso path on clusters of 1, 2 and 3 processes, and of 2 of which one is killed: paths with other bits."""
    X, y = draw_genotypes(*size)
    wanted, others = None, 0
    for workers, killed in ((1, False), (2, False), (3, False), (2, True)):
        with cluster(workers) as client:
            spread = fastreg.distribute(X, client)

            def lose_one(progress, client=client, killed=killed):
                if killed and progress.point == 10:
                    pids = client.run(os.getpid)
                    os.kill(sorted(pids.values())[0], signal.SIGKILL)

            path = fastreg.fit_path(spread, y, callback=lose_one)
            wanted = path if wanted is None else wanted
            others += not np.array_equal(path.coefs.toarray(), wanted.coefs.toarray())
            others += not np.array_equal(path.gaps, wanted.gaps)
    yield "paths whose coefficients or gaps have other bits", others, 0
    yield "largest gap", wanted.gaps.max(), 1e-12


@row(10, (400_000, 300))
def blocks_of_rows(size, folder):
    """Least squares of rows on a Dask cluster, on one process and on two: other bits, and the largest gap."""
    import dask.array as da

    (n, p), found = size, []
    for workers in (1, 2):
        with cluster(workers) as client:
            state = da.random.RandomState(0)
            X = state.normal(size=(n, p), chunks=(max(n // 20, 1), p)).astype(np.float32)
            y = X[:, :10].sum(axis=1) + state.normal(size=n, chunks=max(n // 20, 1))
            begin = time.perf_counter()
            found.append(fastreg.sum_rows(X, y, client))
            seconds = time.perf_counter() - begin
    path = fastreg.fit_path(sums=found[0])
    yield "rows summed over rows of X: reads", found[0].n_rows / n, 1
    yield "numbers of the sums with other bits", np.sum(found[0].products != found[1].products), 0
    yield "largest gap", path.gaps.max(), 1e-12
    yield "seconds of the sums, data drawn by the workers", seconds, None


@row(11, (2_000_000, 200))
def glm_of_rows(size, folder):
    """A logistic path of float32 rows in a file, on one process and on two: reads, other bits, the largest gap."""
    n, found = size[0], []
    X = np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=np.float32, shape=size)
    rng, effects = np.random.default_rng(0), np.random.default_rng(1).normal(size=20) / 4
    y = np.empty(n)
    for start in range(0, n, 50_000):
        some = slice(start, start + 50_000)
        X[some] = rng.normal(size=X[some].shape)
        y[some] = rng.random(len(X[some])) < 1.0 / (1.0 + np.exp(-X[some, :20] @ effects))
    X.flush()
    for workers in (1, 2):
        with cluster(workers) as client:
            spread = fastreg.distribute(folder / "x.npy", client, by="rows")
            begin = time.perf_counter()
            found.append(fastreg.fit_path(spread, y, family="binomial"))
            yield f"seconds on {workers}", time.perf_counter() - begin, None
            yield f"calls of the workers, on {workers}", spread.trips, None
            yield f"MB moved, on {workers}", spread.bytes_read / 1e6, None
    yield "reads of X", spread.reads, 60
    same = np.array_equal(found[0].coefs.toarray(), found[1].coefs.toarray())
    yield "paths with other bits", not (same and np.array_equal(found[0].gaps, found[1].gaps)), 0
    yield "largest gap", found[0].gaps.max(), 1e-6


def draw_genotypes(n, p, seed=0):
    """(X of int8 counts 0, 1, 2 by columns, y that 30 of them explain)."""
    rng = np.random.default_rng(seed)
    X = np.asfortranarray(rng.binomial(2, rng.uniform(0.05, 0.5, size=p), size=(n, p)).astype(np.int8))
    return X, X[:, rng.choice(p, 30, replace=False)] @ rng.normal(size=30) + rng.normal(size=n)


def least_seconds(call):
    """The least of three times of a call, after a first, in seconds."""
    call()
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


@contextlib.contextmanager
def cluster(workers):
    """The client of a cluster of so many processes of one thread on this machine."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as here,
        Client(here) as client,
    ):
        client.wait_for_workers(workers)
        yield client


# ---- fits that are killed

KILLED = """
import os, signal, sys
import numpy as np
import fastreg

design, last = fastreg.open(sys.argv[1]), int(sys.argv[4])


class Dying(type(design)):
    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name == "reads" and value == last:
            os.kill(os.getpid(), signal.SIGKILL)


design.__class__ = Dying
fastreg.fit_path(design, np.load(sys.argv[2]), family=sys.argv[5], checkpoint=sys.argv[3])
"""


@row(14, (500, 100_000))
def killed_at_every_read(size, folder):
    """A lasso and a logistic path of a file, killed at each read of X, and resumed: reads more than unbroken."""
    x, targets, kept, (n, p) = folder / "x.npy", folder / "y.npy", folder / "fit.npz", size
    y = draw(x, n, p)
    for family in ("gaussian", "binomial"):
        target = y if family == "gaussian" else (y > np.median(y)).astype(float)
        np.save(targets, target)
        design = fastreg.open(x)
        whole = fastreg.fit_path(design, target, family=family)
        yield f"{family}: reads of the unbroken fit", design.reads, None
        more, kept_points = [], []
        for last in range(1, design.reads + 1):
            kept.unlink(missing_ok=True)
            command = [sys.executable, "-c", KILLED, *map(str, (x, targets, kept, last)), family]
            if subprocess.run(command, check=False).returncode != -signal.SIGKILL:
                continue  # it had ended: the number of reads depends on what a read costs, which each process measures
            again, heard = fastreg.open(x), []
            path = fastreg.fit_path(again, target, family=family, checkpoint=kept, callback=heard.append)
            if not (path.converged and np.allclose(path.deviance_ratio, whole.deviance_ratio, atol=1e-4)):
                raise RuntimeError("the path that was resumed is another")
            more.append(last + again.reads - design.reads)
            kept_points.append(101 - len(heard) if len(heard) < 100 else 0)
        yield f"{family}: reads more, at most", max(more), 3
        yield f"{family}: reads more, on average", sum(more) / len(more), None
        yield f"{family}: points kept at the last read", kept_points[-1], None


# ---- genotypes


@row(5, (100_000, 1000))
def packed_products(size, folder):
    """Products of packed genotypes with a vector (--size 500000 400 for longer columns)."""
    n, p = size
    for unknown, goal in ((0.0, 1 / 7), (0.01, 1 / 4)):
        path = folder / "x.bed"
        draw_bed(path, n, p, unknown=unknown)
        seconds = {}
        for threads in (1, 2):
            fastreg.set_num_threads(threads)
            design, times, clock = fastreg.open(path), [], time.process_time if threads == 1 else time.perf_counter
            for _ in range(20):
                begin = clock()
                design.correlate(np.ones(n))
                times.append(clock() - begin)
            seconds[threads] = min(times)
        fastreg.set_num_threads(None)
        yield f"seconds for 1e9 genotypes, {unknown:.0%} unknown", seconds[1] / (n * p) * 1e9, goal
        yield "  the same with two threads / with one", seconds[2] / seconds[1], 1 / 1.7


@row(6, (20_000, 50_000))
def genotypes_against_adelie(size, folder):
    """A lasso path of a .bed with 1 % unknown, to some 11 % of the rows in, beside adelie's where it is installed."""
    path, (n, p) = folder / "x.bed", size
    fit, y, own = yield from path_of_genotypes(path, size, p // 17, 0.235, gap=1e-12, memory=1.0)
    try:
        import adelie
    except ImportError:
        return
    copies = fastreg.open(path).in_memory(np.arange(p)).columns.T if n * p <= 1e8 else None
    handler = adelie.io.snp_unphased(str(folder / "x.snpdat"))
    handler.write(as_calls(path, n, p))
    handler.read()
    begin = time.process_time()
    theirs = adelie.grpnet(
        adelie.matrix.snp_unphased(handler), adelie.glm.gaussian(y), lmda_path=fit.alphas, tol=1e-8,
        early_exit=False, progress_bar=False,
    )  # fmt: skip
    other = time.process_time() - begin
    if copies is not None:
        yield "largest difference of coefficients", np.abs(fit.coefs.toarray() - theirs.betas.T.toarray()).max(), None
    yield "processor seconds of adelie, tol 1e-8", other, None
    yield "fastreg's / adelie's", own / other, 0.5


@row(7, (100_000, 100_000))
def large_genotypes(size, folder):
    """A lasso path of a .bed of 2.5 GB down to 0.2 alpha_max."""
    yield from path_of_genotypes(folder / "x.bed", size, 200, 0.2, gap=1e-6, memory=0.5, reads=10, seconds=25)


@row(16, (50_000, 20_000))
def rare_variants(size, folder):
    """A lasso path of a .bed whose frequencies have density 1/x, with carriers of rare variants apart and without."""
    path, times, used = folder / "x.bed", {}, rare.RARE
    y = draw_bed(path, *size, unknown=0.001, lowest=1e-5)
    for number in range(8):
        rare.RARE = used if number % 2 else -1.0  # share of rows, which no column has less than
        design = fastreg.open(path)
        with Watched() as watched:
            begin = time.process_time()
            fit = fastreg.fit_path(design, y, alpha_min_ratio=0.2)
            spent = time.process_time() - begin
        if number > 1:  # the first two load kernels
            times.setdefault(rare.RARE, []).append((spent, watched.peak))
    rare.RARE = used
    yield "columns in at most", np.diff(fit.coefs.indptr).max(), None
    yield "largest gap", fit.gaps.max(), 1e-6
    yield "reads of all of X", design.reads, None
    for kind, each in times.items():
        what = "without" if kind < 0 else "with"
        yield f"processor seconds {what}", min(spent for spent, _ in each), None
        yield f"GB of private memory {what}", max(peak for _, peak in each) / 1e9, None
    yield "seconds with / without", min(times[used])[0] / min(times[-1.0])[0], 0.9


def path_of_genotypes(path, size, effects, alpha_min_ratio, gap, memory, reads=None, seconds=None):
    """What a lasso path of a .bed with 1 % unknown takes, with goals. Returns (the fit, y, its processor seconds)."""
    y = draw_bed(path, *size, unknown=0.01, effects=effects)
    small = draw_bed(path.with_name("small.bed"), 200, 300)
    fastreg.fit_path(fastreg.open(path.with_name("small.bed")), small)  # compiles
    with Watched() as watched:
        begin, design = time.process_time(), fastreg.open(path)
        fit = fastreg.fit_path(design, y, alpha_min_ratio=alpha_min_ratio)
        spent = time.process_time() - begin
    yield "columns in at most", np.diff(fit.coefs.indptr).max(), None
    yield "largest gap", fit.gaps.max(), gap
    yield "reads of all of X", design.reads, reads
    yield "bytes read / X", design.bytes_read / path.stat().st_size, None
    yield "GB of private memory", watched.peak / 1e9, memory
    yield "seconds", watched.seconds, seconds
    yield "processor seconds", spent, None
    return fit, y, spent


def draw_bed(path, n, p, unknown=0.0, effects=20, seed=0, lowest=None):
    """Write a .bed of frequencies from 0.05 to 0.5 with its tables; returns a trait, half of which they explain.

    Frequencies are uniform, or from `lowest` on with a density of 1/x, as those of sequenced people are about.
    """
    rng, codes = np.random.default_rng(seed), np.array([0b11, 0b10, 0b00, 0b01], dtype=np.uint8)
    causal = dict(zip(rng.choice(p, min(effects, p), replace=False).tolist(), rng.normal(size=effects)))
    score, packed = np.zeros(n), np.zeros(-(-n // 4) * 4, dtype=np.uint8)
    with open(path, "wb") as file:
        file.write(b"\x6c\x1b\x01")
        for j in range(p):
            limit = rng.integers(13, 128)  # frequency times 256
            if lowest is None:
                copies = (rng.integers(0, 256, size=(2, n), dtype=np.uint8) < limit).sum(axis=0, dtype=np.uint8)
            else:
                alleles = rng.binomial(2 * n, lowest * (0.5 / lowest) ** rng.random())
                copies = np.minimum(np.bincount(rng.integers(0, n, size=alleles), minlength=n), 2).astype(np.uint8)
            if j in causal:
                score += causal[j] * (copies - copies.mean()) / max(copies.std(), 0.1)
            copies[rng.integers(0, n, size=rng.binomial(n, unknown))] = 3
            packed[:n] = codes[copies]
            file.write((packed.reshape(-1, 4) @ np.array([1, 4, 16, 64], dtype=np.uint8)).tobytes())
    path.with_suffix(".fam").write_text("".join(f"{i} {i} 0 0 0 -9\n" for i in range(n)))
    path.with_suffix(".bim").write_text("".join(f"1 v{j} 0 {j} A C\n" for j in range(p)))
    return score / score.std() + rng.normal(size=n)


def as_calls(path, n, p):
    """The genotypes as int8 in Fortran order, -9 where unknown, as adelie reads them."""
    packed = np.fromfile(path, dtype=np.uint8, offset=3).reshape(p, -1)
    out = np.empty((p, n), dtype=np.int8)
    for j, column in enumerate(packed):
        out[j] = np.array([2, -9, 1, 0], dtype=np.int8)[(column[:, None] >> [0, 2, 4, 6]) & 3].ravel()[:n]
    return out.T


# ---- data of other libraries

SOURCES = {  # by the library: how the array, or the file, is found in a folder
    "zarr": "import zarr; source = zarr.open_array(folder + '/x.zarr', mode='r')",
    "zarr, wide chunks": "import zarr; source = zarr.open_array(folder + '/wide.zarr', mode='r')",
    "dask": "import zarr, dask.array; source = dask.array.from_zarr(folder + '/x.zarr')",
    "h5py": "import h5py; source = h5py.File(folder + '/x.h5', 'r')['x']",
    "Parquet": "source = folder + '/x.parquet'",
}
SPOOLED = """
import sys
import fastreg
folder = sys.argv[1]
{source}
fastreg.spool(source, folder + "/columns.npy", overwrite=True)
lines = open("/proc/self/status").read().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""
REFUSED = """
import sys
import numpy as np
import fastreg
folder = sys.argv[1]
{source}
try:
    fastreg.fit_path(source, np.arange(float(source.shape[0])))
except MemoryError as error:
    print(int("fastreg.spool" not in str(error)))
"""


@row(15, (2000, 200_000))
def spooled(size, folder):
    """Arrays of zarr, h5py and dask, and Parquet of 100 columns, of float32, spooled: memory at most; refused as X."""
    write_sources(folder, *size)
    for name, source in SOURCES.items():
        begun = time.perf_counter()
        peak = int(in_a_process(SPOOLED.format(source=source), folder))
        yield f"{name}: seconds", time.perf_counter() - begun, None
        yield f"{name}: MB of memory at most, libraries included", peak / 1000, 200
        if np.load(folder / "columns.npy", mmap_mode="r").dtype != np.float32:
            raise RuntimeError("the type has changed")
    for name in ("zarr", "dask", "h5py"):
        yield (
            f"{name}: refusals as X that name no remedy",
            int(in_a_process(REFUSED.format(source=SOURCES[name]), folder)),
            0,
        )


def in_a_process(script, folder):
    """What a script prints that runs in a process of its own, which may use 100 MB for copies of X."""
    command = [sys.executable, "-c", script, str(folder)]
    environment = os.environ | {"FASTREG_MEMORY": "100MB"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def write_sources(folder, n, p):
    """The same number of random values as zarr, by near squares and by wide chunks, as HDF5 and as tall Parquet."""
    import h5py
    import pyarrow as pa
    import pyarrow.parquet as pq
    import zarr

    rng = np.random.default_rng(0)
    square = zarr.open(str(folder / "x.zarr"), mode="w", shape=(n, p), chunks=(1000, 1000), dtype="f4")
    wide = zarr.open(str(folder / "wide.zarr"), mode="w", shape=(n, p), chunks=(4, p), dtype="f4")
    with h5py.File(folder / "x.h5", "w") as file:
        deflated = file.create_dataset("x", (n, p), "f4", chunks=(100, 1000), compression="gzip", compression_opts=1)
        for start in range(0, n, 1000):
            rows = rng.normal(size=(min(1000, n - start), p)).astype(np.float32)
            square[start : start + 1000] = wide[start : start + 1000] = deflated[start : start + 1000] = rows
    names = [f"x{j}" for j in range(100)]
    with pq.ParquetWriter(folder / "x.parquet", pa.schema([(name, pa.float32()) for name in names])) as file:
        for _ in range(0, n * p // 100, 100_000):
            values = rng.normal(size=(100, 100_000)).astype(np.float32)
            file.write_table(pa.table(dict(zip(names, values))))


if __name__ == "__main__":
    sys.exit(main())
