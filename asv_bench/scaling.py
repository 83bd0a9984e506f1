#!/usr/bin/env python3
"""How a path of 100 points grows with the columns of sparse X, and with the rows of tall X: tables in docs/scaling.md.

    python asv_bench/scaling.py sparse            # 20,000 rows, 1 value in 1,000 stored; 10,000 to 10,000,000 columns
    python asv_bench/scaling.py tall              # 10 columns; 1,000 to 10,000,000 rows
    python asv_bench/scaling.py tall logistic 1000 100000

A pass is one product with all of X. Seconds are processor time, the least of three fits with compiled kernels, on one
thread. Memory is what the fit's arrays take at most, X aside. The largest problems need 16 GB.
"""

import os
import sys
import time
import tracemalloc

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA", "FASTREG"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import scipy.sparse as sp  # noqa: E402
from benchmarks import datasets  # noqa: E402

from fastreg import fit_path  # noqa: E402

ROUNDS = 3
GROWTH = {
    "sparse": ("columns", lambda p, family: datasets.sparse(20_000, p, family), tuple(10**k for k in range(4, 8))),
    "tall": ("rows", lambda n, family: datasets.dense(n, 10, family), tuple(10**k for k in range(3, 8))),
}
FAMILIES = {"lasso": "gaussian", "logistic": "binomial"}


def measure(problem):
    """(stored values, seconds, passes, seconds of one pass, largest memory beyond X, largest gap)."""
    options = problem.options | {"alphas": problem.alphas}
    stored = problem.X.nnz if sp.issparse(problem.X) else problem.X.size
    tracemalloc.start()
    path = fit_path(**options)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    seconds = min(processor_seconds(lambda: fit_path(**options)) for _ in range(ROUNDS))
    one = min(processor_seconds(lambda: problem.X.T @ problem.y) for _ in range(ROUNDS))
    return stored, seconds, path.work["passes"], one, memory, path.gaps.max()


def processor_seconds(call):
    start = time.process_time()
    call()
    return time.process_time() - start


def main(kind, loss, sizes):
    unit, generate, usual = GROWTH[kind]
    print(f"{kind} {loss}\n")
    print(
        f"| {unit} | stored values | seconds | a stored value | passes over X | one product with X | memory beyond X "
        "| a stored value | largest gap |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for size in sizes or usual:
        stored, seconds, passes, one, memory, gap = measure(generate(size, FAMILIES[loss]))
        print(
            f"| {size:,} | {stored:,} | {seconds:.3f} | {1e9 * seconds / stored:.1f} ns | {passes:.1f} | {one:.4f} s "
            f"| {memory / 1e6:,.1f} MB | {memory / stored:.1f} bytes | {gap:.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    kind, *words = sys.argv[1:] or ["sparse"]
    loss = words.pop(0) if words and words[0] in FAMILIES else "lasso"
    if kind not in GROWTH or not all(word.isdigit() for word in words):
        sys.exit(__doc__)
    main(kind, loss, [int(word) for word in words])
