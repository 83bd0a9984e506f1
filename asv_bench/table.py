#!/usr/bin/env python3
"""The README's table of speed: fastreg and the peers that are installed, on the same paths and equally accurate.

    pip install . celer skglm adelie glum
    python asv_bench/table.py                       # all problems; name some to print fewer
    python asv_bench/table.py nci60 wide --target 1e-8

Each engine's tolerance is tightened until a check in NumPy (benchmarks/optimality.py) shows every point of its path
to lie within `target` of the optimum, relative to the intercept-only model. The optimum is bounded by the best dual
value that any engine reached: rigorous, and the same for all. Then the engines are timed in turns, in processes of
their own, warm, and on one thread. A read of X is one product with all its columns: fastreg counts what it read;
one such product takes the time printed in the last row of a problem.
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
from benchmarks import datasets  # noqa: E402
from benchmarks.optimality import bounds  # noqa: E402
from benchmarks.peers import ENGINES  # noqa: E402

DEFAULT = ("nci60", "nci60 logistic", "wide", "wide logistic", "tall", "tall logistic", "sparse", "sparse logistic")


def measure(engine, name, tol):
    """In the engine's own process: (seconds, reads of X, primal values, dual values). The first call warms up."""
    warnings.filterwarnings("ignore")
    problem, solver = datasets.load(name), ENGINES[engine]()
    if not hasattr(measure, "warm"):
        solver.solve(problem, solver.ladder[0])
        measure.warm = True
    start = time.perf_counter()
    coefs = solver.solve(problem, tol)
    return time.perf_counter() - start, getattr(solver, "passes", None), *bounds(problem, coefs)


class Worker:
    """An engine in a process of its own, which is ended when it takes longer than `limit` seconds."""

    def __init__(self, engine, name, limit):
        self.engine, self.name, self.limit = engine, name, limit
        self.pool = multiprocessing.get_context("spawn").Pool(1)

    def run(self, tol):
        try:
            return self.pool.apply_async(measure, (self.engine, self.name, tol)).get(self.limit)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=DEFAULT, help=f"some of: {', '.join(datasets.PROBLEMS)}")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--target", type=float, default=1e-6, help="relative suboptimality to reach (1e-6)")
    parser.add_argument("--rounds", type=int, default=3, help="timed runs of each engine; the median counts")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which an engine is given up")
    options = parser.parse_args()
    for name in options.problems:
        problem = datasets.load(name)
        shape = f"{problem.X.shape[0]:,} x {problem.X.shape[1]:,}"
        print(f"\n{name}: {problem.family}, {shape}, {problem.alphas.size} alphas\n")
        print("| engine | seconds | tolerance | suboptimality | certified gap | reads of X |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
        for engine, *row in compare(name, options.engines, options):
            if len(row) == 1:
                print(f"| {engine} | {row[0]} | | | | |", flush=True)
                continue
            seconds, tol, suboptimality, gap, reads = row
            reads = "" if reads is None else f"{reads:.1f}"
            print(f"| {engine} | {seconds:.3f} | {tol:.0e} | {suboptimality:.0e} | {gap:.0e} | {reads} |", flush=True)
        print(f"| one product with X | {product_time(problem):.4f} | | | | 1 |", flush=True)


if __name__ == "__main__":
    main()
