"""What happens around a fit: threads, forks, new processes, interruptions, memory, copies on disk."""

import copy
import os
import pickle
import pickletools
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import certified
import isolated
import numpy as np
import pytest
import scipy.sparse as sp

import fastreg

PATHS = os.pathsep.join([str(isolated.ROOT), str(Path(__file__).parents[1])])
ENVIRONMENT = os.environ | {"PYTHONPATH": PATHS}
CASES = [
    (family, l1_ratio, kind)
    for family in ("gaussian", "binomial", "poisson", "gamma")
    for l1_ratio in (1.0, 0.5, 0.0)
    for kind in (np.array, sp.csc_array)
]


def fit(case):
    family, l1_ratio, kind = case
    X, y = certified.draw(family, n=60, p=25, density=0.7)
    return certified.fit(kind(X), y, family=family, l1_ratio=l1_ratio, alphas=[0.2, 0.05, 0.02])


def assert_same_bits(a, b):
    assert np.array_equal(a.coefs.toarray(), b.coefs.toarray())
    assert np.array_equal(a.intercepts, b.intercepts) and np.array_equal(a.gaps, b.gaps)


def test_eight_threads_and_repeated_runs_give_the_same_bits():
    alone = [fit(case) for case in CASES]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(fit, CASES * 3))
    for wanted, found in zip(alone * 3, together):
        assert_same_bits(found, wanted)


@pytest.mark.process
def test_threads_that_start_cold():
    """Eight threads that meet kernels for the first time in a process."""
    isolated.run(
        """
from concurrent.futures import ThreadPoolExecutor
import numpy as np, certified
X, y = certified.draw("binomial", n=40, p=10)
go = lambda k: certified.fit(X, y, family="binomial", alphas=[0.1, 0.02]).coefs.toarray()
with ThreadPoolExecutor(8) as pool:
    found = list(pool.map(go, range(16)))
assert all(np.array_equal(each, found[0]) for each in found)
"""
    )


PROCESSES = """
import multiprocessing, sys
import numpy as np, certified
X, y = certified.draw("poisson", n=40, p=10)
def go(k):
    return certified.fit(X, y, family="poisson", alphas=[0.1, 0.02]).coefs.toarray()
if __name__ == "__main__":
    wanted = go(0)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        found = pool.map_async(go, range(4)).get(timeout=1200)
    assert all(np.array_equal(each, wanted) for each in found)
"""


@pytest.mark.process
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_new_processes_after_a_fit(method, tmp_path):
    script = tmp_path / "script.py"  # a file, since new processes import it as their main module
    script.write_text(PROCESSES)
    process = subprocess.run(
        [sys.executable, str(script), method], env=ENVIRONMENT, capture_output=True, text=True, timeout=isolated.LIMIT
    )
    assert process.returncode == 0, process.stderr


@pytest.mark.process
def test_joblib_workers():
    from joblib import Parallel, delayed

    X, y = certified.draw("gaussian", n=40, p=10)
    wanted = certified.fit(X, y, alphas=[0.1])
    for found in Parallel(n_jobs=2)(delayed(fastreg.fit_path)(X, y, alphas=[0.1]) for _ in range(4)):
        assert_same_bits(found, wanted)


def test_copies_of_a_path():
    X, y = certified.draw("binomial", n=40, p=6)
    path = certified.fit(X, y, family="binomial", n_alphas=10)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        same = pickle.loads(pickle.dumps(path, protocol))
        assert_same_bits(same, path)
        assert same.reasons == path.reasons and same.work == path.work
    same = copy.deepcopy(path)
    same.coefs.data[:] = 0
    assert np.any(path.coefs.data)
    assert np.array_equal(copy.copy(path).predict(X, path.alphas[3]), path.predict(X, path.alphas[3]))


def test_a_pickle_holds_plain_arrays_and_no_data():
    """Nothing of Numba, and of fastreg only Path: another version can read it. Its size does not grow with n."""
    sizes = []
    for n in (50, 5000):
        X, y = certified.draw("gaussian", n=n, p=5)
        stored = pickle.dumps(fastreg.fit_path(X, y, alphas=[0.1]))
        sizes.append(len(stored))
        words = [word for _, word, _ in pickletools.genops(stored) if isinstance(word, str)]
        modules = {word for word in words if word.split(".")[0] in ("fastreg", "numba", "llvmlite")}
        assert modules == {"fastreg.paths.result"}
    assert abs(sizes[1] - sizes[0]) < 200


LONG = """
import signal, numpy as np, scipy.sparse as sp, warnings, certified, fastreg
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts with interrupts ignored
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
small = certified.draw("{family}", n=30, p=5)
options = dict(family="{family}", solver="{solver}")
wanted = fastreg.fit_path(*small, alphas=[0.1], **options)
X = rng.normal(size=(600, 6000))
X = sp.csc_array(X * (rng.random(X.shape) < 0.2)) if {sparse} else np.asfortranarray(X)
y = X @ np.where(rng.random(6000) < 0.05, 0.2, 0.0) + rng.normal(size=600)
y = dict(gaussian=y, binomial=(y > 0) * 1.0, poisson=np.round(np.exp(0.3 * y)))["{family}"]
for rows, columns in ((60, 300), (300, 60)):  # compile first: LLVM hears no interrupt
    fastreg.fit_path(X[:rows, :columns], y[:rows], alpha_min_ratio=1e-3, **options)
def hear(progress):
    if progress.point == 10:
        print("begun", flush=True)
def fit(**watching):
    fastreg.fit_path(X, y, n_alphas=20_000, alpha_min_ratio=1e-3, tol=1e-9, max_iter=10**7, **watching, **options)
try:
    fit(callback=hear)
except fastreg.Interrupted as stop:
    print("interrupted", stop.path.alphas.size < 5_000)
signal.signal(signal.SIGALRM, signal.default_int_handler)
for k in range(20):  # most of these meet a kernel
    signal.setitimer(signal.ITIMER_REAL, 0.05 + 0.02 * k)
    try:
        fit()
    except fastreg.Interrupted:
        continue
    print("not interrupted")
again = fastreg.fit_path(*small, alphas=[0.1], **options)
assert np.array_equal(again.coefs.toarray(), wanted.coefs.toarray())
print("right")
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("family", "solver", "sparse"),
    [
        ("gaussian", "auto", False), ("gaussian", "coordinate_descent", True), ("binomial", "auto", True),
        ("poisson", "proximal_gradient", False),
    ],
)  # fmt: skip
def test_an_interrupt_is_heard(family, solver, sparse):
    """Long before the end of a fit of minutes; and the next fit is right."""
    script = LONG.format(family=family, solver=solver, sparse=sparse)
    process = subprocess.Popen([sys.executable, "-c", script], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=isolated.LIMIT)[0] == "interrupted True\nright\n"
    finally:
        process.kill()
        process.wait()


MEMORY = """
import tracemalloc, resource, warnings
import numpy as np, certified, strategies
from fastreg.objective.families import FAMILIES
from fastreg.paths.setup import build_problem
from fastreg.paths.pointwise import Pointwise
from fastreg.interface.arguments import FitOptions
n, p = 200, 50_000
rng = np.random.default_rng(0)
X = np.empty((p, n))
rng.standard_normal(out=X)
X = X.T
y = X[:, :10].sum(axis=1) + rng.normal(size=n)
y = y if "{family}" == "gaussian" else (y > 0) * 1.0
family = FAMILIES["{family}"]
def fit(X, y):
    problem = build_problem(X, y, FitOptions(family))
    pointwise = Pointwise(strategies.begin(problem, solver="pointwise"))
    points = strategies.points_of(pointwise, pointwise.fit.null.alpha_max * np.geomspace(1.0, 0.1, 20))
    assert all(point.reason == "converged" for point in points)
    return pointwise
fit(np.asfortranarray(X[:, :500]), y)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
tracemalloc.start()
engine = fit(X, y)
peak = tracemalloc.get_traced_memory()[1]
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
working = engine.working.columns.size
allowed = 8 * (3 * n * working + {vectors} * p)
assert peak <= allowed, (peak, allowed, working)
assert after - before <= allowed + 2**24, (after - before, allowed, working)
assert allowed < X.nbytes
print(peak / 8 / p, working)
"""


@pytest.mark.process
@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_memory_of_a_wide_fit(family):
    """Besides X: 3 n |W| and some vectors of length p. No copy of X."""
    isolated.run(MEMORY.format(family=family, vectors=12))
