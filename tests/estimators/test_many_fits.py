"""Searches of scikit-learn on the backends loky and dask of joblib: one result, kernels compiled once, few threads."""

from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.feature_selection import RFECV
from sklearn.model_selection import GridSearchCV, cross_val_score

import fastreg
from fastreg.numerics import kernel_cache

rng = np.random.default_rng(0)
X = np.asfortranarray(rng.integers(-2, 3, (120, 40)).astype(np.int8))
y = X[:, 0] - 2.0 * X[:, 1] + rng.normal(size=120)
GRID = {"alpha": [0.3, 0.1, 0.03], "l1_ratio": [0.5, 1.0]}


def searched(n_jobs=None):
    """What four searches find, as arrays."""
    grid = GridSearchCV(fastreg.ElasticNet(), GRID, cv=3, n_jobs=n_jobs).fit(X, y)
    model = fastreg.LogisticRegression(l1_ratio=1.0)
    classes = GridSearchCV(model, {"C": [0.1, 1.0]}, cv=3, n_jobs=n_jobs).fit(X, np.where(y > 0.0, "ill", "well"))
    scores = cross_val_score(fastreg.LassoCV(cv=3), X, y, cv=3, n_jobs=n_jobs)
    kept = RFECV(fastreg.Ridge(), step=10, cv=3, n_jobs=n_jobs).fit(X, y)
    return (
        grid.cv_results_["mean_test_score"],
        grid.best_estimator_.coef_,
        classes.cv_results_["mean_test_score"],
        scores,
        kept.support_,
    )


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None, processes=True) as found:
        yield distributed.Client(found)


def kernels():
    """The files of the cache of compiled kernels."""
    return {path for folder in kernel_cache.cache_directories()[1] for path in Path(folder).rglob("*")}


@pytest.mark.process
@pytest.mark.parametrize("backend", ["loky", "dask"])
def test_searches_find_what_one_process_finds(backend, request):
    if backend == "dask":
        request.getfixturevalue("cluster")
    alone, before = searched(), kernels()
    with joblib.parallel_config(backend):
        together = searched(n_jobs=2)
    for one, other in zip(alone, together):
        assert np.array_equal(one, other)
    assert kernels() == before  # workers read the kernels that this process has compiled


@pytest.mark.process
def test_workers_share_the_processors(cluster, monkeypatch):
    for name in ("FASTREG_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    with joblib.parallel_config("loky", inner_max_num_threads=3):
        found = joblib.Parallel(n_jobs=2)(joblib.delayed(fastreg.get_num_threads)() for _ in range(4))
    assert found == [3] * 4
    with joblib.parallel_config("dask"):
        found = joblib.Parallel(n_jobs=2)(joblib.delayed(fastreg.get_num_threads)() for _ in range(4))
    assert found == [1] * 4


@pytest.mark.process
def test_a_large_array_is_one_map_for_all_workers():
    large = np.asfortranarray(rng.integers(0, 3, (100, 20_000)).astype(np.int8))
    shown = joblib.Parallel(n_jobs=2)(joblib.delayed(layout)(large) for _ in range(2))
    assert shown == [("memmap", "int8", True)] * 2


def layout(array):
    return type(array).__name__, str(array.dtype), array.flags.f_contiguous
