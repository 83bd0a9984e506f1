"""Threads: the same bits for any number of them, blocks that depend on the data alone, and no deadlock."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import isolated
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few
from threadpoolctl import threadpool_info, threadpool_limits

import fastreg
from fastreg.design.column_products import column_moments, correlate_columns
from fastreg.design.designs import as_design
from fastreg.estimators import job_count
from fastreg.numerics import threads


@pytest.fixture(autouse=True)
def default_number():
    yield
    fastreg.set_num_threads(None)


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


BITS = """
import hashlib, warnings
import numpy as np, scipy.sparse as sp
import fastreg
from fastreg.numerics import threads
warnings.simplefilter("ignore")
rng, shared = np.random.default_rng(0), []
submit = threads.Pool.submit
threads.Pool.submit = lambda self, function: shared.append(1) or submit(self, function)
def show(name, X, **options):
    before = len(shared)
    first = X[:, :20].toarray() if sp.issparse(X) else X[:, :20]
    y = (first * rng.normal(size=20)).sum(axis=1) + rng.normal(size=X.shape[0])
    y = (y > 0) * 1.0 if options.get("family") == "binomial" else y
    path = fastreg.fit_path(X, y, n_alphas=3, alpha_min_ratio=0.2, **options)
    assert path.gaps.max() <= 1e-6, path.gaps
    values = path.coefs.toarray().tobytes() + path.intercepts.tobytes() + path.gaps.tobytes()
    print(name, hashlib.sha256(values).hexdigest(), (len(shared) > before) == (fastreg.get_num_threads() > 1))
wide = np.asfortranarray(rng.normal(size=(300, 4500)))
tall = np.asfortranarray(rng.normal(size=(17000, 70)))
large = np.asfortranarray(rng.normal(size=(1300, 900)))
sparse = sp.random(6000, 900, 0.2, format="csc", random_state=0)
for kind in ({"l1_ratio": 1.0}, {"l1_ratio": 1.0, "family": "binomial"}, {"l1_ratio": 0.0}):
    for name, X in {"wide": wide, "tall": tall, "large": large, "sparse": sparse}.items():
        show(f"{name} {kind}", X, **kind)
"""


@pytest.mark.slow
def test_the_same_bits_for_any_number_of_threads():
    """Dense and sparse, lasso, logistic lasso and ridge, with BLAS told to use one thread or two; all share work."""
    found = {}  # the first run is not compared: it may compile kernels, which is another matter
    for own, blas in ((1, 1), (1, 1), (1, 2), (2, 1), (4, 2)):
        numbers = {"FASTREG_NUM_THREADS": str(own), "OPENBLAS_NUM_THREADS": str(blas), "OMP_NUM_THREADS": str(blas)}
        found[own, blas] = isolated.run(BITS, **numbers).stdout.splitlines()
    assert len(found[1, 1]) == 12 and all(line.endswith("True") for line in found[1, 1])
    for numbers, lines in found.items():
        assert lines == found[1, 1], numbers


def test_products_are_right_and_have_the_same_bits():
    rng = np.random.default_rng(0)
    for n, p in ((1300, 1100), (9000, 130), (200_000, 7), (130, 9000)):
        X, h, v = np.asfortranarray(rng.normal(size=(n, p))), rng.random(n), rng.normal(size=n)
        weight, centre, columns = np.full(n, 1.0 / n), X.mean(axis=0), np.arange(p)[::-2]
        centred, few = X - centre, min(p, 1100)
        wanted = [
            X.T @ v, X[:, columns].T @ v, centre, X.var(axis=0) * 1.0, (centred[:, :few].T * h) @ centred[:, :few],
            (centred[:, :few].T * h)[few // 3 :] @ centred[:, :few],
        ]  # fmt: skip
        seen = []
        for number in (1, 2, 5):
            fastreg.set_num_threads(number)
            design = as_design(X)
            block = design.working_block(centre)
            block.extend(np.arange(few))
            gram = design.gram(np.arange(few), h, centre)
            assert np.array_equal(gram, gram.T)
            with threads.one_blas_thread():
                found = [
                    design.correlate(v), correlate_columns(design, v, columns), *column_moments(design, weight),
                    block.gram(h), block.gram(h, few // 3),
                ]  # fmt: skip
            for value, true in zip(found, wanted):
                np.testing.assert_allclose(value, true, rtol=1e-9, atol=1e-9 * np.abs(true).max())
            np.testing.assert_allclose(gram, wanted[4], rtol=1e-9, atol=1e-9 * np.abs(gram).max())
            seen.append(found)
        for other in seen[1:]:
            assert all(np.array_equal(a, b) for a, b in zip(seen[0], other))


def test_blocks_depend_on_the_data_alone():
    def blocks(number, edges):
        fastreg.set_num_threads(number)
        seen = []
        threads.over_blocks(lambda a, b: seen.append((a, b)), edges, threads.SHARED)
        return sorted(seen)

    counts = np.random.default_rng(0).zipf(1.3, size=5000).clip(max=threads.BLOCK * 2)
    cumulative = np.concatenate([[0], np.cumsum(counts)])
    for edges in (threads.even_edges(7001, 3000), threads.edges_by_cost(cumulative)):
        alone = blocks(1, edges)
        assert len(alone) > 8 and alone == blocks(2, edges) == blocks(7, edges)
        assert [a for a, _ in alone] == [0, *(b for _, b in alone[:-1])]
    assert threads.even_edges(7001, 3000)[-1] == 7001 and threads.edges_by_cost(cumulative)[-1] == 5000
    for (a, b), stored in zip(alone, np.diff(cumulative[threads.edges_by_cost(cumulative)])):
        assert stored <= threads.BLOCK + counts[a:b].max()
    assert threads.even_edges(0, 10) == [0] and threads.edges_by_cost(np.array([0, 0, 0])) == [0, 2]


def test_blocks_that_need_not_be_apart_are_joined_by_one_thread():
    edges = threads.even_edges(7001, 3000)
    fastreg.set_num_threads(1)
    seen = []
    threads.over_blocks(lambda a, b: seen.append((a, b)), edges, threads.SHARED, apart=False)
    assert len(seen) == -(-(len(edges) - 1) // threads.JOINED)
    starts, stops = zip(*seen)
    assert starts[0] == 0 and stops[-1] == 7001 and starts[1:] == stops[:-1] and set(starts) <= set(edges)


def test_small_work_is_not_shared():
    fastreg.set_num_threads(4)
    seen = []
    threads.over_blocks(lambda a, b: seen.append(threading.get_ident()), range(100), threads.SHARED - 1)
    assert set(seen) == {threading.get_ident()} and len(seen) == 99


def test_several_threads_take_part_and_nesting_ends():
    """Both blocks wait for each other, so that one thread alone would not end."""
    fastreg.set_num_threads(2)
    meeting, inner = threading.Barrier(2, timeout=isolated.LIMIT), []

    def outer(start, stop):
        meeting.wait()
        threads.over_blocks(lambda a, b: inner.append((start, a)), range(51), threads.SHARED)

    threads.over_blocks(outer, [0, 1, 2], threads.SHARED)
    assert sorted(inner) == [(k, a) for k in range(2) for a in range(50)]


def test_many_callers_share_few_helpers():
    fastreg.set_num_threads(3)
    total = np.zeros(20)

    def call(k):
        parts = np.zeros(40)

        def nested(start, stop):
            threads.over_blocks(lambda a, b: parts.__setitem__(start, parts[start] + a), range(11), threads.SHARED)

        threads.over_blocks(nested, range(41), threads.SHARED)
        total[k] = parts.sum()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(20), timeout=isolated.LIMIT))
    assert np.all(total == 40 * 45)


@pytest.mark.parametrize("number", [1, 3])
def test_an_error_ends_the_call_and_the_next_one_works(number):
    fastreg.set_num_threads(number)
    seen = []

    def fail(start, stop):
        seen.append(start)
        raise ZeroDivisionError(f"block {start}")

    with pytest.raises(ZeroDivisionError, match="block"):
        threads.over_blocks(fail, range(1001), threads.SHARED)
    assert len(seen) <= number
    seen.clear()
    threads.over_blocks(lambda a, b: seen.append(a), range(1001), threads.SHARED)
    assert sorted(seen) == list(range(1000))


def test_blas_has_its_threads_back_after_overlapping_fits():
    with threadpool_limits(2):
        if 2 not in blas_threads():
            pytest.skip("this BLAS has one thread")
        before, inside = blas_threads(), []
        first_is_in, second_is_in, first_is_out = threading.Event(), threading.Event(), threading.Event()

        def first():
            with threads.one_blas_thread():
                first_is_in.set()
                assert second_is_in.wait(isolated.LIMIT)
            first_is_out.set()

        def second():
            assert first_is_in.wait(isolated.LIMIT)
            with threads.one_blas_thread(), threads.one_blas_thread():
                second_is_in.set()
                assert first_is_out.wait(isolated.LIMIT)
                threads.linalg()
                inside.extend(blas_threads())

        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(first), pool.submit(second)]:
                future.result(timeout=isolated.LIMIT)
        assert set(inside) == {1} and blas_threads()[: len(before)] == before


def test_a_failed_fit_lets_blas_go():
    with threadpool_limits(2):
        before = blas_threads()
        with pytest.raises(ValueError, match="solver"):
            fastreg.fit_path(np.eye(3), np.arange(3.0), solver="none")
        assert blas_threads() == before


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_after_use_has_helpers_and_blas_of_its_own():
    """Also where another thread of the parent was in a fit, whose holds and locks the child must not inherit."""
    isolated.run(
        """
import os, threading
import numpy as np, fastreg
from fastreg.numerics import threads
from threadpoolctl import threadpool_info, threadpool_limits
def used():
    idents, meeting = set(), threading.Barrier(2)
    def note(start, stop):
        meeting.wait()
        idents.add(threading.get_ident())
    threads.over_blocks(note, [0, 1, 2], threads.SHARED)
    return len(idents)
threads.linalg()
threadpool_limits(2)
fastreg.set_num_threads(2)
assert used() == 2
held, leave = threading.Event(), threading.Event()
def other():
    with threads.one_blas_thread(), threads._pool.lock:
        held.set()
        leave.wait()
thread = threading.Thread(target=other)
thread.start()
held.wait()
with threads.one_blas_thread():
    child = os.fork()
    if child == 0:
        inside = {library["num_threads"] for library in threadpool_info()}
        os._exit(0 if used() == 2 and inside == {1} and len(threads._blas.holders) == 1 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
child = os.fork()
if child == 0:
    os._exit(0 if {library["num_threads"] for library in threadpool_info()} == {2} else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
leave.set()
thread.join()
assert used() == 2 and {library["num_threads"] for library in threadpool_info()} == {2}
"""
    )


@pytest.mark.process
def test_a_fit_while_python_shuts_down():
    process = isolated.run(
        """
import atexit
import numpy as np, fastreg
fastreg.set_num_threads(2)
X = np.asfortranarray(np.random.default_rng(0).normal(size=(200, 8000)))
wanted = fastreg.fit_path(X, X[:, 0], n_alphas=3).coefs.toarray()
def late():
    assert np.array_equal(fastreg.fit_path(X, X[:, 0], n_alphas=3).coefs.toarray(), wanted)
    print("right")
atexit.register(late)
"""
    )
    assert process.stdout == "right\n"


@pytest.mark.process
def test_how_many_threads(tmp_path):
    number = "import fastreg; print(fastreg.get_num_threads())"
    cpus = threads.available_cpus()
    for own, common, wanted in (("3", "5", 3), ("", "5,2", 5), ("", "", cpus), ("", "many", cpus)):
        found = isolated.run(number, FASTREG_NUM_THREADS=own, OMP_NUM_THREADS=common).stdout
        assert int(found) == wanted
    failed = isolated.run(number, FASTREG_NUM_THREADS="0", check=False)
    assert "FASTREG_NUM_THREADS must be a whole number of at least 1, got '0'" in failed.stderr
    for content, wanted in (("max 100000", cpus), ("50000 100000", 1), ("100000000 100000", cpus)):
        (tmp_path / "cpu.max").write_text(content)
        assert threads.available_cpus(tmp_path / "cpu.max") == wanted
    fastreg.set_num_threads(6)
    assert fastreg.get_num_threads() == 6
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="whole number of threads"):
            fastreg.set_num_threads(wrong)
    assert fastreg.get_num_threads() == 6


def test_sparse_grams_have_the_same_bits():
    X = sp.random(3000, 400, 0.2, format="csc", random_state=0)
    h, found = np.random.default_rng(0).random(3000), []
    for number in (1, 2, 5):
        fastreg.set_num_threads(number)
        block = as_design(X).working_block(np.zeros(400))
        block.extend(np.arange(400))
        found.append(block.gram(h))
        np.testing.assert_allclose(found[-1], (X.T @ sp.diags(h) @ X).toarray(), atol=1e-10)
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


def counted_helpers(monkeypatch):
    """How many helpers each call of the pool was given, once work of any size is shared."""
    given, submit = [], threads.Pool.submit
    monkeypatch.setattr(threads, "SHARED", 0)
    monkeypatch.setattr(threads.Pool, "submit", lambda self, function: given.append(1) or submit(self, function))
    return given


JOBS = {
    "LassoCV": ({"cv": 4, "alphas": 5}, "numbers"),
    "ElasticNetCV": ({"cv": 4, "alphas": 5}, "numbers"),
    "MultiTaskLassoCV": ({"cv": 4, "alphas": 5}, "two"),
    "GeneralizedLinearModelCV": ({"cv": 4, "alphas": 5, "l1_ratio": 1.0}, "numbers"),
    "LogisticRegressionCV": (
        {"Cs": 3, "l1_ratios": [1.0], "scoring": "accuracy", "use_legacy_attributes": False, "cv": 4}, "classes",
    ),
    "LogisticRegression": ({"C": 0.1, "l1_ratio": 1.0}, "classes"),
}  # fmt: skip


@few(1)
@pytest.mark.parametrize("name", JOBS)
@pytest.mark.filterwarnings("ignore:'n_jobs' has no effect:FutureWarning")
def test_n_jobs_is_the_number_of_threads(name, monkeypatch):
    params, kind = JOBS[name]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 2000))  # of several blocks
    y = X[:, 0] + rng.normal(size=150)
    target = {"numbers": y, "two": np.column_stack([y, -y]), "classes": y > 0}[kind]
    helpers, fits = counted_helpers(monkeypatch), {}
    for n_jobs in (1, 2, None):
        helpers.clear()
        fastreg.set_num_threads(1 if n_jobs == 2 else 2)
        fits[n_jobs] = getattr(fastreg, name)(n_jobs=n_jobs, **params).fit(X, target)
        assert bool(helpers) == (n_jobs != 1)
        assert fastreg.get_num_threads() == (1 if n_jobs == 2 else 2)
    assert np.array_equal(fits[1].coef_, fits[2].coef_) and np.array_equal(fits[1].coef_, fits[None].coef_)
    for wrong in (0, 1.5, "all", True):
        with pytest.raises(ValueError, match="n_jobs must be None, a number of threads of at least 1, or -1"):
            getattr(fastreg, name)(n_jobs=wrong, **params).fit(X, target)


def test_what_numbers_of_jobs_mean(monkeypatch):
    monkeypatch.setattr(job_count, "available_cpus", lambda: 8)
    assert [job_count.threads_for(n) for n in (None, 1, 3, -1, -2, -8, -20)] == [None, 1, 3, 8, 7, 1, 1]


def test_helpers_have_no_more_threads_than_who_called_them(monkeypatch):
    """Blocks within blocks, by a caller that was given two."""
    monkeypatch.setattr(threads, "SHARED", 0)
    fastreg.set_num_threads(5)
    seen = []
    with threads.at_most(2):
        threads.over_blocks(lambda a, b: seen.append(threads.get_num_threads()), range(9), 1)
    assert set(seen) == {2} and fastreg.get_num_threads() == 5
    with threads.at_most(None):
        assert fastreg.get_num_threads() == 5
