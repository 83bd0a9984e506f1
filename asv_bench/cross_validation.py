#!/usr/bin/env python3
"""The table of docs/speed.md: ten folds of a path of 100 points by fastreg, R's cv.glmnet and scikit-learn.

    pip install . scikit-learn                       # and R with glmnet; a peer that is missing is left out
    python asv_bench/cross_validation.py             # all problems; name some to print fewer
    python asv_bench/cross_validation.py nci60 wide --limit 600

A peer's tolerance is tightened until every point of its path on all rows lies within `target` of the optimum, relative
to the intercept-only model and bounded by the best dual value reached (benchmarks/optimality.py). With that tolerance
its ten folds and the fit on all rows are timed, in turns with fastreg's, whose fits of folds are certified to the same
target. Seconds are those of the processor, on one thread, medians of `rounds`; R's are without its start and reading.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA", "FASTREG"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import scipy.sparse as sp  # noqa: E402
from benchmarks import datasets  # noqa: E402
from benchmarks.optimality import bounds  # noqa: E402
from benchmarks.peers import Fastreg, ScikitLearn, fit_each  # noqa: E402

FOLDS = 10
DEFAULT = ("nci60", "wide", "wide elastic net", "sparse", "tall", "nci60 logistic", "wide logistic", "tall logistic")
GLMNET = """
suppressMessages({library(glmnet); library(Matrix)}); a <- commandArgs(TRUE)
n <- as.integer(a[2]); p <- as.integer(a[3]); stored <- as.integer(a[4]); k <- as.integer(a[5])
read <- function(name, what, count) readBin(file.path(a[1], name), what, count)
X <- if (stored > 0) new("dgCMatrix", i = read("i", "integer", stored), p = read("p", "integer", p + 1),
  x = read("x", "double", stored), Dim = c(n, p)) else matrix(read("X", "double", n * p), n, p)
y <- read("y", "double", n); lambda <- read("alphas", "double", k); folds <- read("folds", "double", n)
glmnet.control(fdev = 0, devmax = 1); o <- list(X, y, family = a[6], lambda = lambda, thresh = as.numeric(a[7]),
  standardize = FALSE, maxit = 1e9)
if (a[8] == "cv") o <- c(o, list(foldid = folds))
t <- system.time(f <- do.call(if (a[8] == "cv") cv.glmnet else glmnet, o))
cat("SECONDS", t[["user.self"]], "\\n")
if (a[8] != "cv") { B <- as(f$beta, "CsparseMatrix"); writeBin(B@i, file.path(a[1], "bi"))
  writeBin(B@p, file.path(a[1], "bp")); writeBin(as.double(B@x), file.path(a[1], "bx")) }
"""


class Ours:
    """fastreg: cv_path."""

    name = "fastreg"
    ladder = (1e-6,)

    def path(self, problem, tol):
        begin = time.process_time()
        coefs = Fastreg().solve(problem, tol)
        return time.process_time() - begin, coefs

    def cross_validate(self, problem, tol):
        from fastreg import cv_path

        begin = time.process_time()
        found = cv_path(**problem.options, alphas=problem.alphas, cv=FOLDS, tol=tol)
        assert found.fold_gaps.max() <= tol
        return time.process_time() - begin


class Sklearn:
    """scikit-learn: LassoCV, ElasticNetCV, or LogisticRegressionCV by saga, which leaves the intercept unpenalised."""

    name = "scikit-learn"
    ladder = tuple(10.0**-k for k in range(3, 10))

    def path(self, problem, tol):
        begin = time.process_time()
        coefs = ScikitLearn().solve(problem, tol) if problem.family == "gaussian" else self._saga(problem, tol)
        return time.process_time() - begin, coefs

    def _saga(self, problem, tol):
        from sklearn.linear_model import LogisticRegression

        class Model(LogisticRegression):
            alpha = property(fset=lambda self, alpha: setattr(self, "C", 1.0 / (alpha * problem.y.size)))

        options = {"solver": "saga", "l1_ratio": problem.l1_ratio, "max_iter": 100_000, "warm_start": True}
        return fit_each(Model(tol=tol, **options), problem)

    def cross_validate(self, problem, tol):
        from sklearn.linear_model import ElasticNetCV, LogisticRegressionCV

        if problem.family == "gaussian":
            options = {"l1_ratio": problem.l1_ratio, "alphas": problem.alphas, "max_iter": 100_000}
            model = ElasticNetCV(cv=FOLDS, tol=tol, **options)
        else:
            options = {"Cs": 1.0 / (problem.alphas * problem.y.size), "l1_ratios": [problem.l1_ratio]}
            model = LogisticRegressionCV(cv=FOLDS, tol=tol, solver="saga", max_iter=100_000, **options)
        begin = time.process_time()
        model.fit(problem.X, problem.y)
        return time.process_time() - begin


class Glmnet:
    """R's cv.glmnet. Its gaussian elastic net scales the penalty by the response: another path."""

    name = "cv.glmnet"
    ladder = tuple(10.0**-k for k in range(7, 16))

    def path(self, problem, tol):
        return self._run(problem, tol, "path")

    def cross_validate(self, problem, tol):
        return self._run(problem, tol, "cv")[0]

    def _run(self, problem, tol, job):
        if shutil.which("Rscript") is None or (problem.family == "gaussian" and problem.l1_ratio < 1.0):
            raise NotImplementedError
        (n, p), k = problem.X.shape, problem.alphas.size
        folds = np.random.default_rng(0).permutation(n) % FOLDS + 1.0
        arrays = {"y": problem.y, "alphas": problem.alphas, "folds": folds}
        if sp.issparse(problem.X):
            arrays |= {"i": problem.X.indices, "p": problem.X.indptr, "x": problem.X.data}
        else:
            arrays["X"] = problem.X.T
        with tempfile.TemporaryDirectory() as folder:
            for name, array in arrays.items():
                np.ascontiguousarray(array).tofile(Path(folder, name))
            stored = problem.X.nnz if sp.issparse(problem.X) else 0
            given = [str(each) for each in (n, p, stored, k, problem.family, tol, job)]
            done = subprocess.run(["Rscript", "-e", GLMNET, folder, *given], capture_output=True, text=True)
            if "SECONDS" not in done.stdout:
                raise NotImplementedError(done.stderr[-300:])
            seconds, coefs = float(done.stdout.split("SECONDS")[1].split()[0]), None
            if job == "path":
                ends = np.fromfile(Path(folder, "bp"), np.int32)
                parts = np.fromfile(Path(folder, "bx")), np.fromfile(Path(folder, "bi"), np.int32), ends
                coefs = sp.csc_matrix(parts, shape=(p, ends.size - 1))
        return seconds, coefs


def calibrate(peer, problem, best, options):
    """The loosest tolerance of a peer that comes within the target of the optimum, or a word on why there is none."""
    closest = np.inf
    for tol in peer.ladder:
        try:
            seconds, coefs = peer.path(problem, tol)
        except (NotImplementedError, ImportError):
            return None
        if coefs.shape[1] == problem.alphas.size:
            closest = float(np.max(bounds(problem, coefs)[0] - best))
        if closest <= options.target:
            return tol
        if seconds * FOLDS > options.limit:
            return f"over {options.limit:g} s"
    return f"no closer than {closest:.0e}"


def compare(name, options):
    """One row of the table."""
    problem, ours = datasets.load(name), Ours()
    best = bounds(problem, Fastreg().solve(problem, 1e-10))[1]
    chosen = {peer: calibrate(peer, problem, best, options) for peer in (ours, Glmnet(), Sklearn())}
    ours.cross_validate(problem, chosen[ours])  # warm
    singles, seconds = [], {peer: [] for peer, tol in chosen.items() if isinstance(tol, float)}
    for _ in range(options.rounds):
        singles.append(ours.path(problem, chosen[ours])[0])
        for peer, times in seconds.items():
            times.append(peer.cross_validate(problem, chosen[peer]))
    single, own = statistics.median(singles), statistics.median(seconds[ours])
    cells = [f"{single:.3f}", f"**{own:.3f}**", f"{own / single:.1f}"]
    for peer, tol in list(chosen.items())[1:]:
        if peer in seconds:
            middle = statistics.median(seconds[peer])
            cells.append(f"{middle:.2f} ({tol:.0e}): {middle / own:.1f}")
        else:
            cells.append(tol or "–")
    n, p = problem.X.shape
    return f"| {name} | {n:,} × {p:,} | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=DEFAULT, help=f"some of: {', '.join(datasets.PROBLEMS)}")
    parser.add_argument("--target", type=float, default=1e-6, help="relative suboptimality to reach (1e-6)")
    parser.add_argument("--rounds", type=int, default=3, help="timed runs of each; the median counts")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds that a peer's ten folds may take")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    print("| problem | size | one path | ten folds and all rows | in paths | cv.glmnet (tolerance): times fastreg's |"
          " scikit-learn (tolerance): times fastreg's |")  # fmt: skip
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for name in options.problems:
        print(compare(name, options), flush=True)


if __name__ == "__main__":
    main()
