#!/usr/bin/env python3
"""The README's table of speed: fastreg and the peers that are installed, on the same paths and equally accurate.

    pip install . glmstar celer skglm adelie glum                # and R with glmnet, for which nothing need be done
    python asv_bench/table.py                                    # the problems of the README; name some to print fewer
    python asv_bench/table.py nci60 wide --target 1e-8
    python asv_bench/table.py X.npz,y.npy,binomial               # data of your own, see benchmarks/datasets.py

Each engine's tolerance is tightened until a check in NumPy (benchmarks/optimality.py) shows every point of its path
to lie within `target` of the optimum, relative to the intercept-only model. The optimum is bounded by the best dual
value that any engine reached: rigorous, and the same for all. Then the engines are timed in turns, in processes of
their own, warm, and on one thread; medians count. A read of X is one product with all its columns: fastreg counts what
it read; one such product takes the time printed in the last row of a problem. A table of all problems comes last.
"""

import argparse
import multiprocessing
import os
import statistics
import time
import warnings

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
from benchmarks import datasets, peers  # noqa: E402
from benchmarks.glmnet import Glmnet  # noqa: E402
from benchmarks.optimality import bounds  # noqa: E402

IN_THIS_ORDER = ("fastreg", "glmstar", "glmnet", "adelie")  # the columns of the README come first
ENGINES = dict.fromkeys(IN_THIS_ORDER) | peers.ENGINES | {Glmnet.name: Glmnet}
DEFAULT = (
    "nci60", "nci60 logistic", "wide", "wide elastic net", "wide logistic", "wide poisson", "tall", "tall logistic",
    "sparse", "sparse logistic",
)  # fmt: skip
AROUND = 30.0  # seconds that a process may take besides a fit: to start, load, compile and check


def measure(engine, name, tol, limit):
    """In the engine's own process: (seconds, reads of X, primal values, dual values). The first call warms up."""
    warnings.filterwarnings("ignore")
    problem, solver = datasets.load(name), ENGINES[engine]()
    solver.limit = limit
    if not hasattr(measure, "warm"):
        solver.solve(problem, solver.ladder[0])
        measure.warm = True
    start = time.perf_counter()
    coefs = solver.solve(problem, tol)
    seconds = time.perf_counter() - start
    return getattr(solver, "seconds", seconds), getattr(solver, "passes", None), *bounds(problem, coefs)


class Worker:
    """An engine in a process of its own, which is ended when it takes longer than `limit` seconds."""

    def __init__(self, engine, name, limit):
        self.engine, self.name, self.limit = engine, name, limit
        self.pool = multiprocessing.get_context("spawn").Pool(1)

    def run(self, tol):
        try:
            return self.pool.apply_async(measure, (self.engine, self.name, tol, self.limit)).get(self.limit + AROUND)
        except BaseException:
            self.pool.terminate()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.terminate()


class Judge:
    """The worst suboptimality of a path, against the best dual value that any engine has reached at each point."""

    best = -np.inf

    def see(self, primal, dual):
        self.best = np.maximum(self.best, dual)
        return float(np.max(primal - self.best))


def compare(name, engines, options):
    """Rows (engine, seconds, tol, suboptimality, certified gap, reads) of one problem, fastest first."""
    judge, chosen, workers = Judge(), {}, {}
    with Worker("fastreg", name, options.limit) as reference:
        judge.see(*reference.run(1e-10)[2:])
    try:
        for engine in engines:
            worker = workers[engine] = Worker(engine, name, options.limit)
            try:
                chosen[engine] = calibrate(worker, judge, options.target)
            except (NotImplementedError, ImportError):
                continue
            except (RuntimeError, multiprocessing.TimeoutError) as error:
                yield engine, str(error) or f"more than {options.limit:g} s"
        seconds = {engine: [] for engine in chosen}
        for _ in range(options.rounds):
            for engine in list(seconds):  # in turns, so that a slow minute hits all
                try:
                    seconds[engine].append(workers[engine].run(chosen[engine][0])[0])
                except multiprocessing.TimeoutError:
                    del seconds[engine]
                    yield engine, f"more than {options.limit:g} s"
    finally:
        for worker in workers.values():
            worker.pool.terminate()
    for engine in sorted(seconds, key=lambda engine: statistics.median(seconds[engine])):
        yield engine, statistics.median(seconds[engine]), *chosen[engine]


def calibrate(worker, judge, target):
    """The loosest tolerance at which the engine is accurate enough: (tol, suboptimality, certified gap, reads)."""
    best = np.inf
    for tol in ENGINES[worker.engine].ladder:
        _, reads, primal, dual = worker.run(tol)
        best = min(best, judge.see(primal, dual))
        if best <= target:
            return tol, max(best, 0.0), max(float(np.max(primal - dual)), 0.0), reads
    raise RuntimeError(f"comes no closer than {best:.0e}")


def product_time(problem):
    """Seconds of one product X'r."""
    times, residual = [], problem.y - problem.y.mean()
    for _ in range(7):
        start = time.perf_counter()
        problem.X.T @ residual
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def show(name, rows):
    """Print the table of one problem, row by row as they come. Returns {engine: row} of those that got there."""
    problem = datasets.load(name)
    n, p = problem.X.shape
    print(f"\n{name}: {problem.family}, {n:,} x {p:,}, {problem.alphas.size} alphas\n")
    print("| engine | seconds | tolerance | suboptimality | certified gap | reads of X |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
    done = {}
    for engine, *row in rows:
        if len(row) == 1:
            print(f"| {engine} | {row[0]} | | | | |", flush=True)
            continue
        done[engine] = row
        seconds, tol, suboptimality, gap, reads = row
        reads = "" if reads is None else f"{reads:.1f}"
        print(f"| {engine} | {seconds:.3f} | {tol:.0e} | {suboptimality:.0e} | {gap:.0e} | {reads} |", flush=True)
    print(f"| one product with X | {product_time(problem):.4f} | | | | 1 |", flush=True)
    return done


def show_all(results, engines):
    """Print the table of all problems: seconds by engine, fastreg against the fastest peer, gaps, reads of X."""
    used = [engine for engine in engines if any(engine in done for done in results.values())]
    compared = "fastest peer / fastreg | gap certified: fastreg, fastest peer | reads of X"
    print(f"\n| problem | size | {' | '.join(used)} | {compared} |")
    print("| --- | --- |" + " ---: |" * len(used) + " ---: | --- | ---: |")
    for name, done in results.items():
        n, p = datasets.load(name).X.shape
        fastest = min(done, key=lambda engine: done[engine][0], default=None)
        times = [f"{done[engine][0]:.3f}" if engine in done else "–" for engine in used]
        times = [f"**{cell}**" if engine == fastest else cell for engine, cell in zip(used, times)]
        print(f"| {name} | {n:,} × {p:,} | {' | '.join(times)} | {' | '.join(against_peers(done))} |")


def against_peers(done):
    """The cells that set fastreg beside the fastest peer."""
    if "fastreg" not in done:
        return ["–"] * 3
    seconds, _, _, gap, reads = done["fastreg"]
    peer = min((row for engine, row in done.items() if engine != "fastreg"), default=None)
    if peer is None:
        return ["–", f"{gap:.0e}", f"{reads:.0f}"]
    return [f"{peer[0] / seconds:.1f}", f"{gap:.0e}, {peer[3]:.0e}", f"{reads:.0f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=DEFAULT, help=f"some of: {', '.join(datasets.PROBLEMS)}")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--target", type=float, default=1e-6, help="relative suboptimality to reach (1e-6)")
    parser.add_argument("--rounds", type=int, default=3, help="timed runs of each engine; the median counts")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which an engine is given up")
    options = parser.parse_args()
    results = {name: show(name, compare(name, options.engines, options)) for name in options.problems}
    show_all(results, options.engines)


if __name__ == "__main__":
    main()
