#!/usr/bin/env python3
"""Single fits by the estimators of fastreg and of its peers, at several alphas, each equally accurate.

    python asv_bench/single_fits.py                                  # all problems: some minutes
    python asv_bench/single_fits.py lasso ridge --shapes 50x10 sparse-10000x20000

An engine's tolerance is tightened until its fit lies within `target` of the optimum, relative to the intercept-only
model, by a check in NumPy (benchmarks/optimality.py) against the best dual value that any engine reached. Then engines
are timed in turns, warm and on one thread, and the least processor time of each counts. Peers that are not installed
are left out. celer and liblinear fit no intercept without a penalty, so "no-intercept" compares them.
"""

import argparse
import os
import time
import warnings

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
from benchmarks import datasets, optimality  # noqa: E402
from benchmarks.peers import Adelie, Glmstar  # noqa: E402

SHAPES = ("50x10", "100x50", "500x100", "83x2308", "1000x1000", "10000x100", "100000x50", "200x20000")
SPARSE = ("sparse-1000x2000", "sparse-10000x20000")
SHARES = (0.5, 0.1, 0.01)  # of alpha_max
KINDS = {  # family, l1_ratio, whether there is an intercept
    "lasso": ("gaussian", 1.0, True),
    "elastic-net": ("gaussian", 0.5, True),
    "logistic": ("binomial", 1.0, True),
    "no-intercept": ("binomial", 1.0, False),
    "ridge": ("binomial", 0.0, True),
}
IN_A_TURN = 5  # fits of one engine after each other: the first finds its code in no cache
LONGEST = 20.0  # seconds after which an engine is tried with no smaller tolerance


def strength(problem):
    return 1.0 / (problem.y.size * problem.alphas[0])


def fastreg(problem, tol):
    import fastreg

    if problem.family == "gaussian":
        return fastreg.ElasticNet(problem.alphas[0], l1_ratio=problem.l1_ratio, tol=tol)
    options = {"l1_ratio": problem.l1_ratio, "fit_intercept": problem.intercept, "tol": tol}
    return fastreg.LogisticRegression(C=strength(problem), **options)


def scikit_learn(problem, tol, solver="saga"):
    from sklearn import linear_model

    if problem.family == "gaussian":
        options = {"l1_ratio": problem.l1_ratio, "tol": tol, "max_iter": 100_000}
        return linear_model.ElasticNet(problem.alphas[0], **options)
    options = {"l1_ratio": problem.l1_ratio, "fit_intercept": problem.intercept, "tol": tol, "max_iter": 10_000}
    return linear_model.LogisticRegression(C=strength(problem), solver=solver, **options)


def ridge_solver(solver):
    def make(problem, tol):
        allowed = problem.family == "binomial" and problem.l1_ratio == 0.0
        return scikit_learn(problem, tol, solver) if allowed else None

    return make


def liblinear(problem, tol):
    return None if problem.intercept else scikit_learn(problem, tol, "liblinear")


def celer(problem, tol):
    from celer import ElasticNet, LogisticRegression

    if problem.family == "gaussian":
        return ElasticNet(problem.alphas[0], l1_ratio=problem.l1_ratio, tol=tol, max_iter=200)
    return None if problem.intercept else LogisticRegression(C=strength(problem), tol=tol, max_iter=200)


def skglm(problem, tol):
    from skglm import ElasticNet, SparseLogisticRegression

    options = {"tol": tol, "max_iter": 200, "fit_intercept": problem.intercept}
    if problem.l1_ratio == 0.0:
        return None
    model = ElasticNet if problem.family == "gaussian" else SparseLogisticRegression
    return model(problem.alphas[0], l1_ratio=problem.l1_ratio, **options)


class PathEngine:
    """An engine of benchmarks/peers.py that is asked for one alpha."""

    def __init__(self, engine, problem, tol):
        self.engine, self.problem, self.tol = engine, problem, tol

    def fit(self, X, y):
        self.coef_ = self.engine().solve(self.problem, self.tol)


def path_engine(engine):
    def make(problem, tol):
        return PathEngine(engine, problem, tol) if problem.intercept else None

    return make


LADDER = tuple(10.0**-k for k in range(3, 13))
ENGINES = {
    "fastreg": (fastreg, (1e-6, 1e-7)),
    "glmstar": (path_engine(Glmstar), (*LADDER[3:], 1e-14, 1e-16)),
    "adelie": (path_engine(Adelie), (*LADDER[3:], 1e-14, 1e-16)),
    "celer": (celer, LADDER),
    "skglm": (skglm, LADDER),
    "scikit-learn": (scikit_learn, LADDER),
    "liblinear": (liblinear, LADDER),
    "lbfgs": (ridge_solver("lbfgs"), LADDER),
    "newton-cholesky": (ridge_solver("newton-cholesky"), LADDER),
}


def column(coef):
    return np.reshape(coef.toarray() if hasattr(coef, "toarray") else coef, (-1, 1))


def calibrate(name, problem, judge, target):
    """A model at the loosest tolerance that is accurate enough; None if there is none."""
    make, ladder = ENGINES[name]
    for tol in ladder:
        model = make(problem, tol)
        if model is None:
            return None
        start = time.process_time()
        model.fit(problem.X, problem.y)
        seconds = time.process_time() - start
        primal, dual = optimality.bounds(problem, column(model.coef_))
        judge["best"] = max(judge["best"], dual[0])
        if primal[0] - judge["best"] <= target:
            return model
        if seconds > LONGEST:
            return None
    return None


def times(models, problem, least):
    """{engine: least processor time} of fits in turns of 5, at least 15 of each, for `least` seconds in all."""
    best, begin, rounds = dict.fromkeys(models, np.inf), time.process_time(), 0
    while rounds < 3 or (rounds < 200 and time.process_time() - begin < least):
        for name, model in models.items():
            for _ in range(IN_A_TURN):
                start = time.process_time()
                model.fit(problem.X, problem.y)
                best[name] = min(best[name], time.process_time() - start)
                if best[name] > least:
                    break
        rounds += 1
    return best


def compare(kind, shape, share, options):
    """{engine: seconds} of one problem; engines that do not get there are left out."""
    family, l1_ratio, intercept = KINDS[kind]
    n, p = map(int, shape.removeprefix("sparse-").split("x"))
    make, extra = (datasets.sparse, {"density": 2e-3}) if shape.startswith("sparse") else (datasets.dense, {})
    active = min(options.active, p // 2)
    problem = make(
        n, p, family, active=active, seed=options.seed, l1_ratio=max(l1_ratio, 1e-3), intercept=intercept, **extra
    )
    alpha = (1e-3 if l1_ratio == 0.0 else 1.0) * share * problem.alphas[0]
    problem = datasets.Problem(problem.X, problem.y, family, l1_ratio, intercept=intercept)
    problem.__dict__["alphas"] = np.array([alpha])
    judge, models = {"best": -np.inf}, {}
    reference = fastreg(problem, 1e-11).fit(problem.X, problem.y)
    judge["best"] = optimality.bounds(problem, column(reference.coef_))[1][0]
    for name in options.engines:
        try:
            model = calibrate(name, problem, judge, options.target)
        except (ImportError, NotImplementedError, RuntimeError):
            continue
        if model is not None:
            models[name] = model
    return times(models, problem, options.seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help=f"some of: {', '.join(KINDS)}")
    parser.add_argument("--shapes", nargs="+", default=(*SHAPES, *SPARSE), help="such as 50x10 or sparse-1000x2000")
    parser.add_argument("--shares", nargs="+", type=float, default=SHARES, help="alphas, as shares of alpha_max")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--target", type=float, default=1e-6, help="relative suboptimality to reach (1e-6)")
    parser.add_argument("--seconds", type=float, default=1.0, help="time for the rounds of a problem")
    parser.add_argument("--active", type=int, default=50, help="columns with an effect")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    print("| problem | alpha / alpha_max | fastest peer / fastreg | milliseconds |\n| --- | ---: | ---: | --- |")
    for kind in options.kinds:
        for shape in options.shapes:
            for share in options.shares:
                best = compare(kind, shape, share, options)
                peers = [seconds for name, seconds in best.items() if name != "fastreg"]
                ratio = f"{min(peers) / best['fastreg']:.2f}" if peers and "fastreg" in best else "–"
                each = ", ".join(f"{name} {1e3 * best[name]:.2f}" for name in sorted(best, key=best.get))
                print(f"| {kind} {shape} | {share:g} | {ratio} | {each} |", flush=True)


if __name__ == "__main__":
    main()
