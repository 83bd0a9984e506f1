"""Cross-validation of several responses and of classes: folds certified on their own problems, scores recomputed."""

import warnings

import naive_multi as naive
import numpy as np
import pytest
import scipy.sparse as sp
from certified_multi import draw, naive_options
from grids import few
from sklearn import metrics as sk
from sklearn.model_selection import GroupKFold, KFold

import fastreg
from fastreg import Interrupted, LogisticRegressionCV, MultiTaskLassoCV, cv_path, fit_multi_path

FAMILIES = ["gaussian", "multinomial"]
FACTOR = np.r_[0.0, 2.0, np.inf, 0.5, np.ones(6)]
OPTIONS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "all": {"sample_weight": np.linspace(0.2, 3, 40), "penalty_factor": FACTOR, "standardize": True},
    "offset": {"offset": np.random.default_rng(9).normal(size=(40, 3)), "sample_weight": np.linspace(0.2, 3, 40)},
}
GRID = {"n_alphas": 5, "alpha_min_ratio": 0.05}


def cross_validate(X, Y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return cv_path(X, Y, keep_predictions=True, **options)


def weights_of(found, f, weight):
    """The weights of fold f's fit."""
    return np.where(found.test_folds == f, 0.0, np.ones(40) if weight is None else weight)


@few(2)
@pytest.mark.parametrize("make", [np.asarray, sp.csc_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("more", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_point_of_every_fold_is_certified_on_its_own_problem(family, l1_ratio, more, make):
    X, Y = draw(family, density=0.8)
    options = {"family": family, "l1_ratio": l1_ratio, **more}
    found = cross_validate(make(X), Y, cv=4, tol=1e-9, **options, **GRID)
    assert len(found.fold_paths) == 4 and found.fold_gaps.max() <= 1e-9
    held = np.full((40, 5, 3), np.nan)
    for f, path in enumerate(found.fold_paths):
        np.testing.assert_array_equal(path.alphas, found.alphas)
        words = naive_options(options) | {"weight": weights_of(found, f, more.get("sample_weight"))}
        scale = naive.null_scale(X, Y, **words)
        for k, alpha in enumerate(path.alphas):
            assert naive.duality_gap(X, Y, *path.point(k), alpha, **words) <= (1e-9 + 1e-13) * scale
            test = found.test_folds == f
            eta = path.linear_predictor(X[test], alpha, 0)
            eta += more["offset"][test] if "offset" in more else 0.0
            held[test, k] = naive.FAMILIES[family].mean(eta)
    np.testing.assert_allclose(found.predictions, held, atol=1e-12)
    whole = fit_multi_path(make(X), Y, tol=1e-9, **options, **GRID)
    np.testing.assert_array_equal(found.alphas, whole.alphas)
    np.testing.assert_array_equal(found.path.point(4)[0], whole.point(4)[0])


SCORES = {
    "deviance": lambda Y, mean: ((Y - mean) ** 2).sum(axis=1),
    "mse": lambda Y, mean: ((Y - mean) ** 2).mean(axis=1),
    "mae": lambda Y, mean: np.abs(Y - mean).mean(axis=1),
    "misclassification": lambda Y, mean: Y.argmax(axis=1) != mean.argmax(axis=1),
}


@few(2)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("metric", SCORES)
@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_those_of_the_held_out_rows(family, metric, weighted):
    if family == "gaussian" and metric == "misclassification":
        return
    X, Y = draw(family)
    weight = np.linspace(0.5, 2.0, 40) if weighted else np.ones(40)
    given = {"sample_weight": weight} if weighted else {}
    found = cross_validate(X, Y, family=family, metric=metric, cv=4, **given, **GRID)
    targets, score = naive.one_hot(Y), SCORES[metric]
    if family == "multinomial" and metric == "deviance":
        score = lambda Y, mean: -2.0 * np.log((Y * mean).sum(axis=1))  # noqa: E731
    for f in range(4):
        test = found.test_folds == f
        for k in range(5):
            rows = score(targets[test], found.predictions[test, k])
            assert found.fold_scores[f, k] == pytest.approx(np.average(rows, weights=weight[test]), rel=1e-9)
    shares = [weight[found.test_folds == f].sum() / weight.sum() for f in range(4)]
    np.testing.assert_allclose(found.mean, shares @ found.fold_scores)
    assert found.metric == metric and not found.greater_is_better


def test_scorers_functions_and_several_l1_ratios():
    X, y = draw("multinomial", n=60)
    labels = np.array(["ash", "birch", "cedar"])[y]
    by_name = cross_validate(X, labels, family="multinomial", metric="neg_log_loss", cv=4, l1_ratio=[0.5, 1.0], **GRID)
    assert by_name.l1_ratios == [0.5, 1.0] and by_name.greater_is_better
    assert [curve.l1_ratio for curve in by_name.per_l1_ratio] == [0.5, 1.0]
    seen = []

    def error(codes, mean, weight):
        seen.append((codes.dtype.kind, mean.shape[1]))
        return weight @ (mean.argmax(axis=1) != codes)

    by_function = cross_validate(X, labels, family="multinomial", metric=error, cv=4, **GRID)
    own = cross_validate(X, labels, family="multinomial", metric="misclassification", cv=4, **GRID)
    np.testing.assert_allclose(by_function.fold_scores, own.fold_scores)
    assert set(seen) == {("i", 3)}
    test = own.test_folds == 0
    scored = cross_validate(X, labels, family="multinomial", metric="accuracy", cv=4, **GRID)
    np.testing.assert_allclose(scored.fold_scores, 1.0 - own.fold_scores)
    loss = cross_validate(X, labels, family="multinomial", metric="neg_log_loss", cv=4, **GRID)
    assert loss.fold_scores[0, 3] == pytest.approx(
        -sk.log_loss(labels[test], loss.predictions[test, 3], labels=list(loss.classes))
    )
    X, Y = draw("gaussian", n=60)
    r2 = cross_validate(X, Y, metric="r2", cv=4, **GRID)
    test = r2.test_folds == 1
    assert r2.fold_scores[1, 4] == pytest.approx(sk.r2_score(Y[test], r2.predictions[test, 4]))


def test_what_the_result_offers():
    X, y = draw("multinomial", n=60)
    labels = np.array(["ash", "birch", "cedar"])[y]
    found = cv_path(X, labels, family="multinomial", cv=5, n_alphas=10)
    assert list(found.classes) == list(found.path.classes) == ["ash", "birch", "cedar"]
    assert all(list(path.classes) == list(found.classes) for path in found.fold_paths)
    assert found.predict(X[:7], "min").shape == (7, 3) and found.coef("min")[0].shape == (10, 3)
    assert found.support("min") and "deviance over 5 folds, multinomial" in repr(found)
    assert found.plot().get_xscale() == "log" and len(found.summary().splitlines()) >= 10
    counts = [np.bincount(y[found.test_folds == f], minlength=3) for f in range(5)]
    assert np.ptp(counts, axis=0).max() <= 1  # classes are spread evenly
    shares = cv_path(X, naive.one_hot(y), family="multinomial", cv=[*KFold(5).split(X)], n_alphas=10)
    coded = cv_path(X, y, family="multinomial", cv=[*KFold(5).split(X)], n_alphas=10)
    np.testing.assert_allclose(shares.mean, coded.mean, rtol=1e-12)
    with_offset = cv_path(X, y, family="multinomial", cv=5, n_alphas=5, offset=np.zeros((60, 3)))
    with pytest.raises(ValueError, match="fitted with an offset"):
        with_offset.predict(X)
    groups = np.arange(60) // 6
    by_group = cv_path(X, y, family="multinomial", cv=GroupKFold(5), groups=groups, n_alphas=5)
    assert all(np.unique(by_group.test_folds[groups == g]).size == 1 for g in range(10))


@few(1)
@pytest.mark.parametrize("family", FAMILIES)
def test_folds_share_their_sweeps(family):
    X, Y = draw(family, n=60, p=800)
    found = cv_path(X, Y, family=family, cv=5, n_alphas=15, alpha_min_ratio=0.2)
    own = sum(path.work["columns_read"] for path in found.fold_paths)
    rounds = (found.work["columns_read"] - own) / (800 * 3)
    assert 0 < rounds <= 0.5 * sum(path.work["sweeps"] for path in found.fold_paths)
    assert found.work["passes"] == found.work["columns_read"] / 800


@few(1)
@pytest.mark.parametrize("family", FAMILIES)
def test_any_number_of_threads_gives_the_same_bits(family, monkeypatch):
    monkeypatch.setattr("fastreg.numerics.threads.SHARED", 1)
    X, Y = draw(family, n=60, p=80)
    results = []
    try:
        for count in (1, 3):
            fastreg.set_num_threads(count)
            results.append(cv_path(X, Y, family=family, cv=4, n_alphas=8, keep_predictions=True))
    finally:
        fastreg.set_num_threads(None)
    np.testing.assert_array_equal(results[0].predictions, results[1].predictions)
    np.testing.assert_array_equal(results[0].fold_gaps, results[1].fold_gaps)


@pytest.mark.parametrize("family", FAMILIES)
def test_progress_and_interrupts(family):
    X, Y = draw(family)
    heard = []
    cv_path(X, Y, family=family, cv=3, callback=heard.append, **GRID)
    stages = [each.stage for each in heard]
    assert stages[:5] == ["all rows"] * 5 and sorted(set(stages[5:])) == [f"fold {f} of 3" for f in (1, 2, 3)]
    assert [each.point for each in heard] == list(range(1, 21)) and {each.n_points for each in heard} == {20}

    def stop(progress):
        if progress.point == 12:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="points of folds") as caught:
        cv_path(X, Y, family=family, cv=3, callback=stop, **GRID)
    assert caught.value.path.alphas.size == 5 and len(caught.value.folds) == 3
    done = [path for path in caught.value.folds if path is not None]
    assert sum(path.alphas.size for path in done) >= 7 and all(path.gaps.max() <= 1e-6 for path in done)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_responses_may_be_a_frame(kind):
    module = pytest.importorskip(kind)
    X, Y = draw("gaussian")
    columns = {f"y{k}": Y[:, k] for k in range(3)}
    frame = module.table(columns) if kind == "pyarrow" else module.DataFrame(columns)
    np.testing.assert_array_equal(cv_path(X, frame, cv=3, **GRID).mean, cv_path(X, Y, cv=3, **GRID).mean)


def test_estimators_choose_what_cv_path_chooses():
    X, Y = draw("gaussian", n=60)
    folds = [*KFold(4).split(X)]
    model = MultiTaskLassoCV(cv=folds, alphas=12, tol=1e-9).fit(X, Y)
    found = cv_path(X, Y, cv=folds, alphas=model.alphas_, metric="mse", tol=1e-9)
    np.testing.assert_allclose(model.mse_path_.T, found.fold_scores, rtol=1e-6)
    X, y = draw("multinomial", n=60)
    options = {"l1_ratios": [1.0], "scoring": "neg_log_loss", "use_legacy_attributes": False}
    logistic = LogisticRegressionCV(Cs=[0.1, 1.0], cv=folds, tol=1e-9, **options).fit(X, y)
    assert list(logistic.cv_path_.path.classes) == [0, 1, 2]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"solver": "newton"}, "solver is for one response"),
        ({"metric": "auc"}, "auc' is for two classes.*roc_auc_ovr"),
        ({"offset": np.zeros(40)}, "offset must be a matrix"),
        ({"cv": 41}, "41"),
        ({"tol": -1.0}, "tol"),
    ],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_bad_arguments(family, options, message):
    X, Y = draw(family)
    with pytest.raises(ValueError, match=message):
        cv_path(X, Y, family=family, **{"cv": 3} | options)


@pytest.mark.parametrize(
    "Y, family, options, message",
    [
        (np.ones((39, 2)), "gaussian", {}, "39 values, but X has 40"),
        (np.full((40, 2), np.nan), "gaussian", {}, r"y\[:, 0\].*NaN"),
        (np.ones((40, 2)), "gaussian", {"metric": "misclassification"}, "needs labels of classes"),
        (np.ones((40, 2)) / 2, "multinomial", {"metric": "misclassification"}, "needs labels of classes"),
        (np.zeros(40), "multinomial", {}, "one class only"),
        (np.r_[np.zeros(30), np.ones(10)], "multinomial", {"cv": [(np.arange(30), np.arange(30, 40))]},
         r"training rows of fold 1 lack class 1\.0.*fewer or stratified"),
        (np.ones((40, 2)), "poisson", {}, "y must be"),
    ],
)  # fmt: skip
def test_bad_responses(Y, family, options, message):
    with pytest.raises(ValueError, match=message):
        cv_path(draw("gaussian")[0], Y, family=family, **{"cv": 3} | options)
