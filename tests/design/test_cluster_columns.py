"""X in blocks of columns on a Dask cluster: the same fits as on the array, whatever happens to the workers."""

import asyncio
import gc
import json
import pickle
import signal
import threading

import certified
import clusters
import numpy as np
import pytest
import scipy.sparse as sp
from genotype_files import draw_copies, write_bed
from grids import few

import fastreg
from fastreg import Interrupted, cv_path, distribute, fit_path, stability_selection
from fastreg.design.cluster import calls

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")

RNG = np.random.default_rng(3)
X = np.asfortranarray(RNG.normal(size=(50, 90)) + RNG.normal(size=(50, 1)))
y = X[:, 0] - X[:, 40] + X[:, 89] + RNG.normal(size=50)
GRID = {"n_alphas": 20, "alpha_min_ratio": 0.05}


@pytest.fixture(scope="module")
def client():
    with distributed.Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None) as found:
        yield found


def same(path, other):
    return np.array_equal(path.coefs.toarray(), other.coefs.toarray()) and np.array_equal(path.gaps, other.gaps)


def test_a_path_on_blocks_is_certified_and_has_the_same_bits_for_any_blocks(client):
    one = fit_path(distribute(X, client, n_blocks=1), y, **GRID)
    certified.assert_certified(one, X, y, tol=1e-6)
    for n_blocks in (2, 90):
        spread = distribute(X, client, n_blocks=n_blocks)
        assert same(fit_path(spread, y, **GRID), one)
        assert len(spread.blocks) == min(n_blocks, 23) and all(edge % 4 == 0 for edge in spread.edges[:-1])
        assert spread.shape == X.shape and 0 < spread.reads <= 12 and spread.trips > spread.reads


@few(1)
@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_a_path_takes_few_calls_of_the_workers(client, family):
    """Copies of columns that enter come with the products that say so."""
    wide = np.asfortranarray(np.random.default_rng(0).normal(size=(80, 3000)))
    target = wide[:, :20].sum(axis=1) + np.random.default_rng(1).normal(size=80)
    target = target if family == "gaussian" else (target > 0).astype(float)
    spread = distribute(wide, client)
    before = spread.trips
    path = fit_path(spread, target, family=family)
    certified.assert_certified(path, wide, target, family=family, tol=1e-6)
    assert spread.trips - before <= 20 and spread.reads == path.work["sweeps"] <= 10
    assert spread.trips - before <= 2 * spread.reads + 2


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_copies_that_come_along_are_those_of_the_columns(client, form):
    given = X if form == "dense" else sp.csc_array(X * (RNG.random(X.shape) < 0.3))
    spread, values, vectors = (
        distribute(given, client),
        given if form == "dense" else given.toarray(),
        RNG.normal(size=(3, 50)),
    )
    columns, likely = np.array([3, 41, 60, 88]), np.array([0, 89])
    products, rates = vectors @ values[:, columns], np.array([1.0, 2.0, 1.0, 1.0])
    limits = np.max(np.abs(products) / rates, axis=1)[:, None].min() * np.ones(3)
    found = spread.look_ahead(vectors, columns, limits, rates, 1, likely)
    np.testing.assert_allclose(found, products, atol=1e-12)
    beyond = columns[np.max(np.abs(products) / rates, axis=0) > limits[0]]
    brought = set(spread.brought.copies)
    assert {0, 89} <= brought <= {0, 89, *beyond} and 3 <= len(brought) <= 4  # one of each block at most
    before = spread.trips
    for chosen, calls_more in ((np.array([89, 0]), 0), (np.array([41, 0, 7]), 1)):
        copied = spread.in_memory(chosen)
        assert np.array_equal(copied.gather(np.arange(chosen.size)), values[:, chosen])
        assert spread.trips - before == calls_more


@pytest.mark.slow
def test_files_and_dask_arrays_are_read_by_the_workers(client, tmp_path):
    np.save(tmp_path / "x.npy", X)
    wanted = fit_path(distribute(X, client), y, **GRID)
    for source in (tmp_path / "x.npy", str(tmp_path / "x.npy"), da.from_array(X, chunks=(20, 30))):
        assert same(fit_path(distribute(source, client), y, **GRID), wanted)


@pytest.mark.slow
def test_sparse_columns_stay_sparse(client, tmp_path):
    S = sp.csc_array(X * (RNG.random(X.shape) < 0.2))
    sp.save_npz(tmp_path / "x.npz", S, compressed=False)
    for source in (S, tmp_path / "x.npz"):
        spread = distribute(source, client)
        assert spread.form == "sparse" and spread.stored_in(np.arange(90)) == S.nnz
        certified.assert_certified(fit_path(spread, y, **GRID), S, y, tol=1e-6)
        chosen = spread.in_memory(np.array([70, 3, 41]))
        assert np.array_equal(chosen.gather(np.arange(3)), S.toarray()[:, [70, 3, 41]])


@pytest.mark.slow
def test_narrow_numbers_are_those_of_the_array(client):
    small = np.asfortranarray(np.round(3 * X).astype(np.int8))
    path = fit_path(distribute(small, client), y, **GRID)
    certified.assert_certified(path, small.astype(float), y, tol=1e-6)


@pytest.mark.slow
def test_other_fits_are_those_of_the_array(client):
    spread, labels = distribute(X, client), (y > 0).astype(float)
    options = {"n_alphas": 8, "alpha_min_ratio": 0.1}
    calls = {
        "logistic": lambda X: fit_path(X, labels, family="binomial", **options).deviance_ratio,
        "ridge": lambda X: fit_path(X, y, l1_ratio=0.0, **options).deviance_ratio,
        "bounds": lambda X: fit_path(X, y, lower=0.0, **options).deviance_ratio,
        "cv": lambda X: cv_path(X, y, cv=3, **options).mean,
        "stability": lambda X: stability_selection(X, y, n_pairs=2, **options).counts.toarray(),
        "predict": lambda X: fit_path(X, y, **options).predict(X, 0.5),
    }
    for name, call in calls.items():
        np.testing.assert_allclose(call(spread), call(X), rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_folds_share_their_reads(client):
    spread = distribute(X, client)
    fit_path(spread, y, **GRID)
    alone = spread.reads
    cv_path(spread, y, cv=5, **GRID)
    assert spread.reads - alone <= 3 * alone  # six fits, of which five share their sweeps


def test_names_of_columns_come_along(client, tmp_path):
    pd, names = pytest.importorskip("pandas"), [f"v{j}" for j in range(90)]
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "x.npy.names.json").write_text(json.dumps(names))
    write_bed(tmp_path / "g.bed", draw_copies(20, 12))
    file, genes = fastreg.open(tmp_path / "x.npy"), fastreg.open(tmp_path / "g.bed")
    for source in (tmp_path / "x.npy", file, pd.DataFrame(X, columns=names)):
        assert distribute(source, client).feature_names == names
    for source in (tmp_path / "g.bed", genes):
        assert distribute(source, client).feature_names == genes.feature_names


def test_a_part_of_a_file_is_that_part(client, tmp_path):
    np.save(tmp_path / "x.npy", X)
    part = distribute(fastreg.open(tmp_path / "x.npy").part(20, 50), client)
    assert part.shape == (50, 30) and np.array_equal(part.in_memory(np.array([29, 0])).columns, X.T[[49, 20]])


def test_what_cannot_be_distributed_is_refused(client, tmp_path):
    with pytest.raises(TypeError, match=r"X is a tuple of parts, .*distribute the parts that are large"):
        distribute((X, X), client)
    with pytest.raises(TypeError, match="X on a cluster belongs to the Client of this process"):
        pickle.dumps(distribute(X, client))
    with distributed.Client(client.scheduler.address) as other:
        spread = distribute(X, other)
    with pytest.raises(RuntimeError, match=r"does not answer any more \(client: closed\); connect a new Client"):
        spread.correlate_each(y[None])
    with pytest.raises(TypeError, match=r"must be a distributed\.Client, got a str"):
        distribute(X, "tcp://127.0.0.1:1")
    with pytest.raises(FileNotFoundError):
        distribute(tmp_path / "none.npy", client)
    with pytest.raises(ValueError, match="n_blocks must be an integer"):
        distribute(X, client, n_blocks=0)
    with pytest.raises(ValueError, match="two dimensions"):
        distribute(da.ones(3), client)
    with pytest.raises(ValueError, match=r"X\[4, 2\]"):
        fit_path(distribute(np.where(np.arange(4500).reshape(50, 90) == 362, np.nan, X), client), y)


def test_an_interrupt_cancels_tasks_and_keeps_points(client, caplog):
    spread = distribute(X, client)

    def stop(progress):
        if progress.point == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        fit_path(spread, y, solver="pointwise", callback=stop, **GRID)
    assert stopped.value.path.alphas.size == 2
    futures = [client.submit(wait_for_the_end, 60.0, pure=False) for _ in range(4)]
    heard = threading.Event()

    def press():
        """Ctrl-C until it is heard: an interrupt during a callback of the garbage collector is lost."""
        while not heard.wait(0.2):
            signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=press)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs without one
    with pytest.raises(KeyboardInterrupt):
        try:
            thread.start()
            spread.calls.wait(futures)
        finally:
            heard.set()
            thread.join()
            signal.signal(signal.SIGINT, before)
    assert all(future.cancelled() for future in futures)
    del futures
    client.sync(asyncio.sleep, 0.1)
    gc.collect()
    client.sync(asyncio.sleep, 0.1)
    assert not [record for record in caplog.records if record.name == "asyncio"]  # exceptions that nobody has taken
    distributed.Event("the end", client=client).set()  # so that the worker does not wait on


def wait_for_the_end(seconds):
    """What a worker does until a test is over."""
    return distributed.Event("the end").wait(seconds)


@pytest.mark.process
def test_a_killed_worker_is_survived_with_the_same_bits(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with clusters.Processes(tmp_path) as cluster:
        workers = [cluster.worker(), cluster.worker()]
        with cluster.client(2) as client:
            wanted = fit_path(distribute(X, client), y, **GRID)
            for source in (X, tmp_path / "x.npy", da.from_array(X, chunks=(50, 30))):
                spread = distribute(source, client)
                assert len(spread.blocks) == 2
                victim = workers.pop()

                def kill(progress, victim=victim):
                    if progress.point == 3:
                        victim.kill()

                path = fit_path(spread, y, callback=kill, solver="pointwise", **GRID)
                assert victim.poll() is not None or victim.wait(clusters.LIMIT) is not None
                assert same(fit_path(spread, y, **GRID), wanted)
                certified.assert_certified(path, X, y, tol=1e-6)
                workers.append(cluster.worker())
                client.wait_for_workers(2, timeout=clusters.LIMIT)


@pytest.mark.process
def test_tls_and_only_tls(tmp_path):
    pytest.importorskip("cryptography")
    pem, key = clusters.certificate(tmp_path)
    words = {
        f"tls_{who}_{what}": str(file)
        for who in ("client", "scheduler")
        for what, file in (("cert", pem), ("key", key))
    }
    security = distributed.Security(tls_ca_file=str(pem), require_encryption=True, **words)
    options = ["--tls-ca-file", pem, "--tls-cert", pem, "--tls-key", key, "--protocol", "tls"]
    with clusters.Processes(tmp_path, options) as cluster:
        cluster.worker()
        with cluster.client(1, security=security) as client:
            assert client.scheduler.address.startswith("tls://")
            certified.assert_certified(fit_path(distribute(X, client), y, **GRID), X, y, tol=1e-6)


@pytest.mark.process
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise ModuleNotFoundError(\"No module named 'fastreg'\")", "cannot import fastreg .*install fastreg"),
        ("__version__ = '0.0.1'", r"has fastreg 0\.0\.1, and this process"),
    ],
)
def test_a_worker_without_this_fastreg_is_named(tmp_path, source, message):
    other = tmp_path / "other"
    other.mkdir()
    (other / "fastreg.py").write_text(source)
    with clusters.Processes(tmp_path) as cluster:
        cluster.worker(path=other)
        with cluster.client(1) as client, pytest.raises(RuntimeError, match=message):
            distribute(X, client)


@pytest.mark.process
def test_lost_schedulers_and_workers_end_a_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(calls, "PATIENCE", 2.0)
    with clusters.Processes(tmp_path) as cluster:
        worker = cluster.worker()
        with cluster.client(1) as client:
            spread = distribute(X, client)

            def kill(progress):
                worker.kill()
                worker.wait()

            with pytest.raises(RuntimeError, match=r"has had no worker for|has no workers"):
                fit_path(spread, y, callback=kill, solver="pointwise", **GRID)
            cluster.worker()
            client.wait_for_workers(1, timeout=clusters.LIMIT)
            certified.assert_certified(fit_path(spread, y, **GRID), X, y, tol=1e-6)

            def kill_scheduler(progress):
                cluster.scheduler.kill()
                cluster.scheduler.wait()

            with pytest.raises(RuntimeError, match="does not answer any more"):
                fit_path(spread, y, callback=kill_scheduler, solver="pointwise", **GRID)
