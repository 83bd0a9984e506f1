#!/usr/bin/env python3
"""How a sparse path of 100 points grows with the number of columns: the table in docs/scaling.md.

    python asv_bench/scaling.py            # p = 10,000, 100,000 and 1,000,000; 20,000 rows, 1 value in 1,000 stored

A pass is one product with all of X. Time is that of a second fit, kernels compiled, on one thread. Memory is what the
fit's arrays take at most, X aside.
"""

import os
import sys
import time
import tracemalloc

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA", "FASTREG"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

from benchmarks import datasets  # noqa: E402

from fastreg import fit_path  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)


def measure(p):
    """(stored values, seconds, passes, seconds of one pass, largest memory beyond X, largest gap)."""
    problem = datasets.sparse(20_000, p)
    options = problem.options | {"alphas": problem.alphas}
    tracemalloc.start()
    fit_path(**options)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    start = time.perf_counter()
    path = fit_path(**options)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    problem.X.T @ problem.y
    one = time.perf_counter() - start
    return problem.X.nnz, seconds, path.work["passes"], one, memory, path.gaps.max()


def main(sizes):
    print(
        "| columns | stored values | seconds | passes over X | one product with X | memory beyond X | X | largest gap |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for p in sizes:
        stored, seconds, passes, one, memory, gap = measure(p)
        print(
            f"| {p:,} | {stored:,} | {seconds:.2f} | {passes:.1f} | {one:.4f} s | {memory / 2**20:.0f} MB "
            f"| {12 * stored / 2**20:.0f} MB | {gap:.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or SIZES)
