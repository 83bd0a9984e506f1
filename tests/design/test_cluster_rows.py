"""Rows on a Dask cluster: one read, and the same sums for any number of workers."""

import certified
import clusters
import numpy as np
import pytest

from fastreg import RowSums, cv_path, distribute, fit_path, sum_rows

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")

RNG = np.random.default_rng(1)
X = RNG.normal(size=(300, 6)).astype(np.float32) + 4.0
y = X[:, 0] - 2.0 * X[:, 1] + RNG.normal(size=300)
WEIGHT = RNG.uniform(0.5, 2.0, size=300)
CHUNKS = (70, 50, 100, 80)
BLOCKS = da.from_array(X, chunks=(CHUNKS, (4, 2)))


@pytest.fixture(scope="module")
def client():
    with distributed.Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as found:
        yield found


def same(sums, other):
    return np.array_equal(sums.products, other.products) and np.array_equal(sums.mean, other.mean)


def local(weight=None):
    parts = []
    for rows in np.split(np.arange(300), np.cumsum(CHUNKS)[:-1]):
        parts.append(RowSums())
        parts[-1].add(X[rows], y[rows], None if weight is None else weight[rows])
    return RowSums.total(parts)


def test_the_sums_are_those_of_the_blocks_and_their_path_is_certified(client):
    sums = sum_rows(BLOCKS, y, client, sample_weight=WEIGHT)
    assert same(sums, local(WEIGHT)) and sums.shape == (300, 6) and sums.weighted
    path = fit_path(sums=sums, tol=1e-12)
    certified.assert_certified(path, X, y, tol=1e-12, sample_weight=WEIGHT)


@pytest.mark.slow
def test_every_kind_of_blocks_is_read(client, tmp_path, monkeypatch):
    monkeypatch.setattr("fastreg.design.cluster.rows.ROWS", 8 * 6 * 100)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", y)
    reference = fit_path(X, y, alphas=[0.1], tol=1e-12)
    target = da.from_array(y, chunks=90)
    for source, response in [(BLOCKS, target), (tmp_path / "x.npy", tmp_path / "y.npy"), (tmp_path / "x.npy", target)]:
        path = fit_path(sums=sum_rows(source, response, client), alphas=[0.1], tol=1e-12)
        np.testing.assert_allclose(path.coefs.toarray(), reference.coefs.toarray(), atol=1e-10)
    pytest.importorskip("pandas")
    frames = pytest.importorskip("dask.dataframe").from_dask_array(BLOCKS.rechunk({1: -1}), columns=list("abcdef"))
    sums = sum_rows(frames, frames["a"], client)
    assert sums.feature_names == list("abcdef") and fit_path(sums=sums, alphas=[0.1]).support(0.1) == ["a"]


def test_folds_hold_all_rows_once(client):
    folds = sum_rows(BLOCKS, y, client, n_folds=3, random_state=4)
    assert [fold.n_rows for fold in folds] == [102, 100, 98] and sum(fold.n_rows for fold in folds) == 300
    np.testing.assert_allclose(RowSums.total(folds).products, local().products, rtol=1e-12)
    assert cv_path(sums=folds, n_alphas=10).support("min")[:2] == [0, 1]


def test_bad_blocks_are_refused(client, tmp_path):
    np.save(tmp_path / "rows.npy", X)
    (tmp_path / "rows.npy").write_bytes((tmp_path / "rows.npy").read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"rows\.npy is cut short, or no .npy file of numbers"):
        sum_rows(tmp_path / "rows.npy", y, client)
    bad = X.copy()
    bad[123, 2] = np.nan
    with pytest.raises(ValueError, match=r"block 2 of the rows: .*X\[3, 2\] is NaN"):
        sum_rows(da.from_array(bad, chunks=(CHUNKS, -1)), y, client)
    with pytest.raises(ValueError, match=r"y has shape \(299,\), but X has 300 rows"):
        sum_rows(BLOCKS, y[1:], client)
    with pytest.raises(ValueError, match="two dimensions"):
        sum_rows(BLOCKS[:, 0], y, client)
    with pytest.raises(TypeError, match=r"got a ndarray; rows that are in memory"):
        sum_rows(X, y, client)
    with pytest.raises(ValueError, match="n_folds must be an integer of at least 2"):
        sum_rows(BLOCKS, y, client, n_folds=1)


@pytest.mark.slow
def test_files_and_blocks_that_do_not_fit_are_refused(client, tmp_path):
    np.save(tmp_path / "columns.npy", np.asfortranarray(X))
    with pytest.raises(ValueError, match="rows of numbers in C order are needed"):
        sum_rows(tmp_path / "columns.npy", y, client)
    unknown = BLOCKS[da.from_array(y > 0, chunks=(CHUNKS,))]
    with pytest.raises(ValueError, match="lengths of X's blocks are not known"):
        sum_rows(unknown, y[y > 0], client)
    chosen = da.from_array(y, chunks=(CHUNKS,))[da.from_array(y > 0, chunks=(CHUNKS,))]
    assert sum_rows(unknown, chosen, client).n_rows == int(np.sum(y > 0))


COUNTS = RNG.poisson(np.exp(0.3 * (X[:, 0] - X[:, 1]))).astype(float)


def same_path(path, other):
    return np.array_equal(path.coefs.toarray(), other.coefs.toarray()) and np.array_equal(path.gaps, other.gaps)


def test_glms_of_rows_are_certified_and_have_the_bits_of_this_process(client):
    here = distribute([X[rows] for rows in np.split(np.arange(300), np.cumsum(CHUNKS)[:-1])], None, by="rows")
    options = {"family": "poisson", "sample_weight": WEIGHT, "n_alphas": 10, "tol": 1e-9}
    wanted = fit_path(here, COUNTS, **options)
    certified.assert_certified(wanted, X, COUNTS, family="poisson", sample_weight=WEIGHT, tol=1e-9)
    spread = distribute(BLOCKS, client, by="rows")
    target, weight = da.from_array(COUNTS, chunks=90), da.from_array(WEIGHT, chunks=77)
    path = fit_path(spread, target, **options | {"sample_weight": weight})
    assert same_path(path, wanted) and 0 < spread.reads <= 60 and spread.bytes_read < 1e6
    least = fit_path(spread, target + 1.0)
    certified.assert_certified(least, X, COUNTS + 1.0, tol=1e-6)


@pytest.mark.slow
def test_every_source_of_rows_is_read(client, tmp_path, monkeypatch):
    monkeypatch.setattr("fastreg.design.cluster.row_sources.ROWS", 8 * 6 * 100)
    monkeypatch.setattr("fastreg.design.cluster.rows.ROWS", 8 * 6 * 100)
    np.save(tmp_path / "x.npy", X)
    options = {"family": "poisson", "n_alphas": 5}
    wanted = fit_path(distribute(X, None, by="rows"), COUNTS, **options)
    pandas = pytest.importorskip("pandas")
    frames = pytest.importorskip("dask.dataframe").from_pandas(
        pandas.DataFrame(X, columns=list("abcdef")), npartitions=3
    )
    for source in (X, tmp_path / "x.npy", frames):
        path = fit_path(distribute(source, client, by="rows"), COUNTS, **options)
        assert same_path(path, wanted), source
    assert path.feature_names == list("abcdef")
    with pytest.raises(ValueError, match="pass the client whose workers compute it"):
        distribute(BLOCKS, None, by="rows")


@pytest.mark.process
def test_a_glm_outlives_a_worker_and_has_the_same_bits(tmp_path):
    wanted = fit_path(distribute(X, None, by="rows", n_blocks=4), COUNTS, family="poisson", n_alphas=20)
    with clusters.Processes(tmp_path) as cluster:
        workers = [cluster.worker(), cluster.worker()]
        with cluster.client(2) as client:

            def kill(progress):
                if progress.point == 5:
                    workers[0].kill()

            spread = distribute(X, client, by="rows", n_blocks=4)
            path = fit_path(spread, COUNTS, family="poisson", n_alphas=20, callback=kill)
            assert same_path(path, wanted)


@pytest.mark.process
@pytest.mark.parametrize("blocks", [False, True])
def test_rows_that_changed_are_not_read_in_the_place_of_those_of_a_lost_worker(blocks, tmp_path):
    """Whether the workers read them, in a file, or they are sent, in files that are blocks."""
    half = len(X) // 2
    parts = [tmp_path / "top.npy", tmp_path / "below.npy"] if blocks else [tmp_path / "x.npy"]
    for file, rows in zip(parts, [X[:half], X[half:]] if blocks else [X]):
        np.save(file, np.ascontiguousarray(rows))
    with clusters.Processes(tmp_path) as cluster:
        workers = [cluster.worker(), cluster.worker()]
        with cluster.client(2) as client:

            def kill(progress):
                if progress.point == 5:
                    for file in parts:
                        np.save(file, np.load(file) + 1.0)
                    cluster.worker()
                    client.wait_for_workers(3)
                    for worker in workers:
                        worker.kill()

            spread = distribute(list(map(str, parts)) if blocks else parts[0], client, by="rows")
            with pytest.raises(RuntimeError, match=r"has changed since it was opened|was changed while it was open"):
                fit_path(spread, COUNTS, family="poisson", n_alphas=20, callback=kill)


@pytest.mark.process
def test_bits_are_the_same_with_two_workers_of_which_one_is_killed(tmp_path):
    with clusters.Processes(tmp_path) as cluster:
        workers = [cluster.worker(), cluster.worker()]
        with cluster.client(2) as client:
            assert same(sum_rows(BLOCKS, y, client), local())
            held = client.persist(BLOCKS)
            distributed.wait(held)
            workers[0].kill()
            assert same(sum_rows(held, y, client), local())
