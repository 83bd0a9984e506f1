"""Cross-validation of rows that lie apart: the folds of rows in memory, certified, and every read for all of them."""

import pickle

import certified
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold

import fastreg
from fastreg import Interrupted, cv_path, distribute, fit_path
from fastreg.selection.cross_validation.rows_of_folds import rows_of_folds

N, P = 120, 5
RNG = np.random.default_rng(8)
WEIGHT, OFFSET = RNG.uniform(0.2, 2.0, size=N), 0.2 * RNG.normal(size=N)
WEIGHT[3] = 0.0
PAIRS = list(KFold(4, shuffle=True, random_state=1).split(np.zeros(N)))
OPTIONS = {"n_alphas": 8, "alpha_min_ratio": 0.02, "tol": 1e-9}


@few(2)
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
@pytest.mark.parametrize(
    "arrays", [{}, {"sample_weight": WEIGHT, "offset": OFFSET, "standardize": True}], ids=["", "arrays"]
)
def test_folds_are_those_of_rows_in_memory(family, arrays):
    X, y = certified.draw(family, n=N, p=P)
    rows = distribute(X, None, by="rows", n_blocks=3)
    found = cv_path(rows, y, family=family, cv=PAIRS, **OPTIONS, **arrays)
    same = cv_path(X, y, family=family, cv=PAIRS, **OPTIONS, **arrays)
    np.testing.assert_allclose(found.alphas, same.alphas, rtol=1e-9)
    np.testing.assert_allclose(found.fold_scores, same.fold_scores, rtol=1e-4)
    np.testing.assert_allclose(found.std_error, same.std_error, rtol=1e-3, atol=1e-6)
    assert found.fold_gaps.max() <= 1e-9 and (found.index_min, found.index_1se) == (same.index_min, same.index_1se)
    for path, (train, _) in zip(found.fold_paths, PAIRS):
        weight = arrays.get("sample_weight", np.ones(N)) * np.isin(np.arange(N), train)
        words = {"family": family, **arrays, "sample_weight": weight}
        gaps = certified.proven_gaps(path, X, y, enough=1.98e-9, **words)
        assert gaps.max() <= 2e-9 + certified.ROUNDING
    assert found.path.has_offset == ("offset" in arrays)


@few(1)
@pytest.mark.parametrize("metric", ["mse", "mae", "misclassification"])
def test_scores_are_means_over_rows(metric):
    X, y = certified.draw("binomial", n=N, p=P)
    found = cv_path(
        distribute(sp.csr_array(X), None, by="rows", n_blocks=2),
        y,
        family="binomial",
        cv=PAIRS,
        metric=metric,
        **OPTIONS,
    )
    same = cv_path(X, y, family="binomial", cv=PAIRS, metric=metric, **OPTIONS)
    np.testing.assert_allclose(found.fold_scores, same.fold_scores, atol=1e-5)


def test_every_read_serves_the_path_and_all_folds():
    X, y = certified.draw("binomial", n=600, p=20, seed=3)
    rows = distribute(X, None, by="rows", n_blocks=2)
    fit_path(rows, y, family="binomial", n_alphas=30)
    alone = rows.reads
    found = cv_path(rows, y, family="binomial", cv=10, n_alphas=30)
    assert rows.reads - alone <= 1.6 * alone and found.work["passes"] == rows.reads - alone
    before = rows.reads
    cv_path(rows, y, cv=10, n_alphas=30)
    assert rows.reads - before == 1


def test_folds_that_are_drawn_hold_each_row_once_and_spread_classes_evenly():
    part = distribute(np.ones((33, 2)), None, by="rows").place.blocks[0]
    y = (np.arange(33) < 11).astype(float)
    folds = pickle.loads(pickle.dumps(rows_of_folds(part, 1, y, None, None, None, 4, 0, 6)))[1:]
    held = [fold.held_out(0, 33) for fold in folds]
    assert np.array_equal(np.sort(np.concatenate(held)), np.arange(33))
    assert {len(each) for each in held} == {8, 9} and {int(y[each].sum()) for each in held} <= {2, 3}
    assert all(np.array_equal(fold.weight == 0.0, np.isin(np.arange(33), each)) for fold, each in zip(folds, held))
    again = rows_of_folds(part, 1, y, None, None, None, 4, 0, 6)[1]
    other = rows_of_folds(part, 2, y, None, None, None, 4, 0, 6)[1]
    assert np.array_equal(again.labels, folds[0].labels) and not np.array_equal(other.labels, folds[0].labels)


def test_several_l1_ratios_groups_and_a_path_that_ends_early(monkeypatch):
    X, y = certified.draw("poisson", n=N, p=P)
    rows, groups = distribute(X, None, by="rows", n_blocks=3), np.arange(N) // 4
    found = cv_path(rows, y, family="poisson", cv=3, groups=groups, l1_ratio=[0.5, 1.0], **OPTIONS)
    assert found.l1_ratios == [0.5, 1.0] and len(found.per_l1_ratio) == 2 and found.fold_gaps.shape == (3, 8)
    monkeypatch.setattr("fastreg.paths.row_newton.null.RowsNull.separates", lambda null, loss: loss < 0.3 * null.loss)
    ended = cv_path(rows, np.where(X[:, 0] > 0.0, 1.0, 0.0), family="binomial", cv=3)
    assert ended.alphas.size < 100 and "separable" in ended.path.reasons[-1]
    assert {path.alphas.size for path in ended.fold_paths} == {ended.alphas.size}


def test_an_interrupt_keeps_the_points_of_all_folds():
    X, y = certified.draw("binomial", n=N, p=P)
    stages = set()

    def stop(progress):
        stages.add(progress.stage)
        if progress.point == 60:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        cv_path(distribute(X, None, by="rows"), y, family="binomial", cv=3, callback=stop, n_alphas=40)
    done = [caught.value.path, *caught.value.folds]
    assert sum(path.alphas.size for path in done) == 60 and stages == {
        "all rows",
        *(f"fold {k} of 3" for k in (1, 2, 3)),
    }


def test_what_rows_that_lie_apart_do_not_serve_is_refused_with_the_remedy():
    X, y = certified.draw("binomial", n=N, p=P)
    rows = distribute(X, None, by="rows", n_blocks=2)

    def refused(match, y=y, **options):
        with pytest.raises(ValueError, match=match):
            cv_path(rows, y, **{"family": "binomial", "cv": PAIRS, **options})

    refused("metric='auc' needs the predictions of all rows at once", metric="auc")
    refused("scored by sums, metric='mse' or 'deviance'", metric="mae", family="gaussian")
    refused("keep_predictions is for rows that are here", keep_predictions=True)
    refused("checkpoint is given, but X lies in blocks", checkpoint="fit.npz")
    refused("each row is held out once", cv=ShuffleSplit(3))
    refused("cv=121 folds need at least 121 rows", cv=121)
    refused("solver='coordinate_descent' needs columns", solver="coordinate_descent")
    refused("test rows of fold 1 have no weight", sample_weight=np.isin(np.arange(N), PAIRS[0][0]).astype(float))
    refused(
        "test rows of fold 1 have no weight",
        family="gaussian",
        sample_weight=np.isin(np.arange(N), PAIRS[0][0]).astype(float),
    )
    one = [(np.flatnonzero(y == 1), np.flatnonzero(y == 0)), (np.flatnonzero(y == 0), np.flatnonzero(y == 1))]
    refused("in the training rows of fold 1 .*one class", cv=one)
    refused("needs family='binomial'", family="poisson", metric="misclassification")
    bad = X.copy()
    bad[85, 2] = np.nan
    for family in ("gaussian", "binomial"):
        with pytest.raises(ValueError, match=r"block 1 of the rows: .*X\[25, 2\] is NaN"):
            cv_path(distribute(bad, None, by="rows", n_blocks=2), y, family=family, cv=3)


@pytest.mark.slow
def test_dask_and_this_process_have_the_same_bits():
    distributed, da = pytest.importorskip("distributed"), pytest.importorskip("dask.array")
    X, y = certified.draw("binomial", n=N, p=P)
    here = distribute([X[:50], X[50:]], None, by="rows")
    wanted = cv_path(here, y, family="binomial", cv=4, **OPTIONS)
    with distributed.Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        rows = distribute(da.from_array(X, chunks=((50, 70), 5)), client, by="rows")
        target = da.from_array(y, chunks=40)
        found = cv_path(rows, target, family="binomial", cv=4, **OPTIONS)
        assert np.array_equal(found.fold_scores, wanted.fold_scores) and np.array_equal(
            found.fold_gaps, wanted.fold_gaps
        )
        with pytest.raises(ValueError, match=r"cv splits by y, which is not here; pass pairs of rows"):
            cv_path(rows, target, family="binomial", cv=StratifiedKFold(3))
    assert fastreg.Path is type(found.path)
