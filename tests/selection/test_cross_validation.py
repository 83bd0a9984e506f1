"""Cross-validation: every fold's fit certified on its own problem, nothing leaks, the numbers are the known ones."""

import pickle
import warnings

import certified
import naive
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few
from sklearn import metrics as sk
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold

from fastreg import (
    ConvergenceWarning,
    CVPath,
    DataWarning,
    ElasticNetCV,
    cv_path,
    fit_multi_path,
    fit_path,
    ridge_loo,
)
from fastreg.selection.cross_validation.result import averages, choose

FAMILIES = ["gaussian", "binomial", "poisson", "gamma"]
OPTIONS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "weights": {"sample_weight": "w"},
    "standardize": {"standardize": True},
    "offset": {"offset": "o"},
    "elastic net": {"l1_ratio": 0.5},
    "ridge": {"l1_ratio": 0.0},
    "factors": {"penalty_factor": np.array([0.0, 1.0, 2.0, np.inf, 1.0, 0.5, 1.0, 1.0])},
    "all": {"standardize": True, "sample_weight": "w", "offset": "o", "l1_ratio": 0.7},
}


def options_for(name, n, rows=slice(None)):
    """The options of a case, vectors cut to some rows."""
    rng = np.random.default_rng(5)
    vectors = {"w": rng.uniform(0.2, 3.0, n), "o": rng.normal(scale=0.3, size=n)}
    return {key: vectors[value][rows] if isinstance(value, str) else value for key, value in OPTIONS[name].items()}


def cross_validate(X, y, **options):
    """cv_path without any warning, and with predictions."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return cv_path(X, y, keep_predictions=True, **options)


def rows_of(found, f):
    """(train, test) rows of fold f of a partition."""
    return np.flatnonzero(found.test_folds != f), np.flatnonzero(found.test_folds == f)


@few(2)
@pytest.mark.parametrize("make", [np.asarray, sp.csc_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("case", OPTIONS)
def test_fold_fits_are_those_of_the_training_rows(family, case, make):
    X, y = certified.draw(family, n=48, p=8, density=0.7)
    options = {"family": family, "n_alphas": 8, "alpha_min_ratio": 0.05}
    found = cross_validate(make(X), y, cv=4, tol=1e-12, **options, **options_for(case, 48))
    for f, fold in enumerate(found.fold_paths):
        train, test = rows_of(found, f)
        here = options_for(case, 48, train) | {"family": family}
        certified.assert_certified(fold, X[train], y[train], tol=1e-12, **here)
        alone = certified.fit(X[train], y[train], alphas=found.alphas, tol=1e-12, **here)
        ours = certified.objectives(fold, X[train], y[train], **here)
        theirs = certified.objectives(alone, X[train], y[train], **here)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)
        scale = np.abs(alone.coefs.toarray()).max()
        np.testing.assert_allclose(fold.coefs.toarray(), alone.coefs.toarray(), rtol=1e-3, atol=1e-4 * scale)
        offset = options_for(case, 48, test).get("offset", 0.0)
        eta = X[test] @ fold.coefs.toarray() + fold.intercepts + np.reshape(offset, (-1, 1))
        np.testing.assert_allclose(found.predictions[test], naive.FAMILIES[family].mean(eta), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(found.fold_gaps, [fold.gaps for fold in found.fold_paths])


@pytest.mark.parametrize("solver", ["coordinate_descent", "active_set", "proximal_gradient"])
def test_every_solver_goes_in_lockstep(solver):
    X, y = certified.draw("gaussian", n=40, p=60)
    found = cross_validate(X, y, cv=3, n_alphas=6, alpha_min_ratio=0.1, solver=solver, max_iter=100_000)
    for f, fold in enumerate(found.fold_paths):
        train, _ = rows_of(found, f)
        certified.assert_certified(fold, X[train], y[train], tol=1e-6)


@few(1)
@pytest.mark.parametrize("family", FAMILIES)
def test_wide_folds_are_certified(family):
    X, y = certified.draw(family, n=40, p=300)
    found = cross_validate(X, y, cv=5, family=family, n_alphas=30)
    for f, fold in enumerate(found.fold_paths):
        train, _ = rows_of(found, f)
        certified.assert_certified(fold, X[train], y[train], tol=1e-6, family=family)


def test_a_far_first_alpha_is_reached_in_steps_by_every_fold():
    X, y = certified.draw("gaussian", n=60, p=400)
    top = fit_path(X, y, n_alphas=1).alpha_max
    found = cross_validate(X, y, cv=3, alphas=[0.02 * top])
    for f, fold in enumerate(found.fold_paths):
        train, _ = rows_of(found, f)
        certified.assert_certified(fold, X[train], y[train], tol=1e-6)


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_held_out_rows_do_not_leak(family):
    """Whatever the held-out rows of a fold hold, its fit is the same: means, scales and null model, too."""
    X, y = certified.draw(family, n=40, p=10)
    pairs = list(KFold(4).split(X))
    options = {"cv": pairs, "family": family, "alphas": [0.1, 0.05, 0.01], "standardize": True, "tol": 1e-10}
    found = cross_validate(X, y, **options)
    test = pairs[1][1]
    other_X, other_y = X.copy(), y.copy()
    other_X[test] = 100.0 * np.random.default_rng(1).normal(size=(test.size, 10)) + 50.0
    other_y[test] = 1.0 - y[test]
    with pytest.warns(DataWarning, match="vary less in the rows that a fold is fitted to"):
        other = cv_path(other_X, other_y, **options)
    np.testing.assert_allclose(
        other.fold_paths[1].coefs.toarray(), found.fold_paths[1].coefs.toarray(), rtol=1e-6, atol=1e-8
    )
    assert np.abs(other.fold_paths[0].coefs.toarray() - found.fold_paths[0].coefs.toarray()).max() > 1e-3


def test_a_column_constant_in_the_training_rows_stays_out():
    X, y = certified.draw("gaussian", n=30, p=5)
    pairs = list(KFold(3).split(X))
    X[:, 2] = 3.0
    X[pairs[0][1], 2] = 1e6 * np.arange(10)
    found = cross_validate(X, y, cv=pairs, standardize=True, alphas=[0.01, 0.001])
    assert np.all(found.fold_paths[0].coefs.toarray()[2] == 0.0)
    assert np.any(found.fold_paths[1].coefs.toarray()[2] != 0.0)


# ---- scores


SCIKIT_LEARN = {
    "mse": sk.mean_squared_error,
    "mae": sk.mean_absolute_error,
    "auc": sk.roc_auc_score,
    "misclassification": lambda y, mean, sample_weight: sk.zero_one_loss(y, mean > 0.5, sample_weight=sample_weight),
}
DEVIANCES = {
    "gaussian": sk.mean_squared_error,
    "binomial": lambda y, mean, sample_weight: 2 * sk.log_loss(y, mean, sample_weight=sample_weight),
    "poisson": sk.mean_poisson_deviance,
    "gamma": sk.mean_gamma_deviance,
}


@few(2)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "metric, family",
    [("deviance", family) for family in FAMILIES]
    + [("mse", "poisson"), ("mae", "gaussian"), ("auc", "binomial"), ("misclassification", "binomial")],
)
def test_scores_are_those_of_scikit_learn(metric, family, weighted):
    X, y = certified.draw(family, n=60, p=6)
    X = np.round(X)  # ties
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 60) if weighted else None
    found = cross_validate(X, y, cv=4, family=family, metric=metric, sample_weight=weight, n_alphas=5)
    by_hand = SCIKIT_LEARN.get(metric) or DEVIANCES[family]
    for f in range(4):
        _, test = rows_of(found, f)
        w = np.ones(test.size) if weight is None else weight[test]
        expected = [by_hand(y[test], found.predictions[test, k], sample_weight=w) for k in range(5)]
        np.testing.assert_allclose(found.fold_scores[f], expected, rtol=1e-10)
    shares = np.array([(np.ones(60) if weight is None else weight)[found.test_folds == f].sum() for f in range(4)])
    np.testing.assert_allclose(found.mean, np.average(found.fold_scores, axis=0, weights=shares))
    spread = np.average((found.fold_scores - found.mean) ** 2, axis=0, weights=shares)
    np.testing.assert_allclose(found.std_error, np.sqrt(spread / 3), atol=1e-15)
    assert found.metric == metric and found.greater_is_better == (metric == "auc")


def test_standard_error_of_equal_folds_is_the_textbook_one():
    scores = np.random.default_rng(0).normal(size=(7, 3))
    mean, error = averages(scores, np.full(7, 2.0))
    np.testing.assert_allclose(mean, scores.mean(axis=0))
    np.testing.assert_allclose(error, scores.std(axis=0, ddof=1) / np.sqrt(7))


@few(2)
@pytest.mark.parametrize(
    "scorer", ["accuracy", "neg_log_loss", "roc_auc", "average_precision", sk.make_scorer(sk.f1_score, pos_label="yes")]
)
def test_scorers_see_classes_and_probabilities(scorer):
    X, y = certified.draw("binomial", n=80, p=6)
    labels = np.where(y > 0, "yes", "no")
    found = cross_validate(X, labels, cv=3, family="binomial", metric=scorer, n_alphas=5, alpha_min_ratio=0.05)
    assert found.greater_is_better
    assert found.classes.tolist() == ["no", "yes"]
    functions = {
        "accuracy": lambda t, p: sk.accuracy_score(t, p > 0.5),
        "neg_log_loss": lambda t, p: -sk.log_loss(t, p),
        "roc_auc": sk.roc_auc_score,
        "average_precision": sk.average_precision_score,
    }
    by_hand = functions.get(scorer if isinstance(scorer, str) else "", lambda t, p: sk.f1_score(t, p > 0.5))
    for f in range(3):
        _, test = rows_of(found, f)
        expected = [by_hand(y[test], found.predictions[test, k]) for k in range(5)]
        np.testing.assert_allclose(found.fold_scores[f], expected, rtol=1e-10)


def test_scorers_of_numbers_and_functions():
    X, y = certified.draw("gaussian", n=50, p=5)
    r2 = cross_validate(X, y, cv=5, metric="r2")
    _, test = rows_of(r2, 2)
    assert r2.fold_scores[2, 50] == pytest.approx(sk.r2_score(y[test], r2.predictions[test, 50]))

    def quartic(y, mean, weight):
        return weight @ (y - mean) ** 4

    found = cross_validate(X, y, cv=5, metric=quartic)
    assert found.metric == "quartic" and not found.greater_is_better
    assert found.fold_scores[2, 50] == pytest.approx(np.mean((y[test] - found.predictions[test, 50]) ** 4))
    quartic.greater_is_better = True
    worst = cross_validate(X, y, cv=5, metric=quartic)
    assert worst.index_min == worst.mean.argmax() != found.index_min


def test_scorers_are_given_weights_or_refused():
    X, y = certified.draw("gaussian", n=50, p=5)
    weight = np.random.default_rng(0).uniform(0.1, 5.0, 50)
    found = cross_validate(X, y, cv=5, metric="neg_mean_squared_error", sample_weight=weight)
    plain = cross_validate(X, y, cv=5, metric="mse", sample_weight=weight)
    np.testing.assert_allclose(found.fold_scores, -plain.fold_scores)
    assert found.index_min == plain.index_min and found.index_1se == plain.index_1se
    with pytest.raises(ValueError, match="scorer 'neg_max_error' takes no sample_weight"):
        cv_path(X, y, metric="neg_max_error", sample_weight=weight)


# ---- what is chosen


@pytest.mark.parametrize("greater", [False, True])
def test_one_standard_error_rule(greater):
    loss = np.array([9.0, 6.0, 5.4, 4.9, 5.0, 4.8, 5.2])
    error = np.array([9.0, 0.1, 0.1, 0.1, 0.1, 0.65, 0.1])
    assert choose(-loss if greater else loss, error, greater) == (5, 2)
    assert choose(-loss if greater else loss, np.full(7, np.nan), greater) == (5, 5)
    loss[5] = np.nan
    assert choose(-loss if greater else loss, error, greater) == (3, 3)
    with pytest.raises(ValueError, match="nothing can be chosen"):
        choose(np.full(3, np.nan), np.zeros(3), greater)


@few(1)
@pytest.mark.parametrize("greater", [False, True])
def test_of_scores_equal_but_for_rounding_the_first_is_chosen(greater):
    loss = np.array([0.5, 0.1 + 0.2, 0.3, 0.4])
    assert loss[1] > loss[2]
    assert choose(-loss if greater else loss, np.zeros(4), greater) == (1, 1)
    assert choose(-loss if greater else loss, np.array([0.0, 0.2, 0.2 - 1e-17, 0.0]), greater) == (1, 0)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(61, 8)), rng.integers(2, size=61)
    found = cv_path(
        X,
        y,
        family="binomial",
        metric="misclassification",
        cv=7,
        l1_ratio=[0.2, 0.6, 1.0],
        n_alphas=40,
        keep_predictions=True,
    )
    wrong = np.array([((each.predictions > 0.5) != (y == 1)[:, None]).sum(axis=0) for each in found.per_l1_ratio])
    assert np.count_nonzero(wrong == wrong.min()) > 1
    ratio, point = np.unravel_index(wrong.argmin(), wrong.shape)
    assert (found.l1_ratio, found.index_min) == (found.l1_ratios[ratio], point)


def test_choice_feeds_coefficients_predictions_and_names():
    pd = pytest.importorskip("pandas")
    X, y = certified.draw("gaussian", n=60, p=6)
    table = pd.DataFrame(X, columns=list("abcdef"))
    found = cross_validate(table, y)
    assert found.alpha_1se >= found.alpha_min and found.index_min == found.mean.argmin()
    for selection, place in (("min", found.index_min), ("1se", found.index_1se)):
        coef, intercept = found.coef(selection)
        np.testing.assert_allclose(coef, found.path.coefs[:, [place]].toarray().ravel())
        np.testing.assert_allclose(found.predict(table, selection), X @ coef + intercept)
        assert found.support(selection) == [name for name, value in zip("abcdef", coef) if value]
    np.testing.assert_array_equal(found.coef()[0], found.coef("1se")[0])
    np.testing.assert_array_equal(found.coef(found.alpha_min)[0], found.coef("min")[0])
    with pytest.raises(ValueError, match="selection must be 'min', '1se' or a number, got 'best'"):
        found.coef("best")


def test_several_l1_ratios():
    X, y = certified.draw("gaussian", n=60, p=20)
    found = cross_validate(X, y, l1_ratio=[0.2, 0.5, 1.0], n_alphas=10, cv=4)
    assert found.l1_ratios == [0.2, 0.5, 1.0] and len(found.per_l1_ratio) == 3
    best = [curve.mean.min() for curve in found.per_l1_ratio]
    chosen = found.per_l1_ratio[int(np.argmin(best))]
    assert found.l1_ratio == chosen.l1_ratio == found.path.l1_ratio
    np.testing.assert_array_equal(found.mean, chosen.mean)
    alone = cross_validate(X, y, l1_ratio=0.5, n_alphas=10, cv=4)
    np.testing.assert_allclose(found.per_l1_ratio[1].fold_scores, alone.fold_scores)
    np.testing.assert_array_equal(found.per_l1_ratio[1].alphas, fit_path(X, y, l1_ratio=0.5, n_alphas=10).alphas)
    assert alone.per_l1_ratio == []


def test_it_pickles_and_prints():
    X, y = certified.draw("binomial", n=60, p=6)
    found = cross_validate(X, y, family="binomial", metric="auc", n_alphas=20)
    again = pickle.loads(pickle.dumps(found))
    assert isinstance(again, CVPath) and again.alpha_1se == found.alpha_1se
    np.testing.assert_array_equal(again.predictions, found.predictions)
    text = found.summary(rows=4)
    assert "auc of held-out rows over 10 folds (larger is better)" in text
    assert text.count("min") == 1 and text.count("1se") == 1
    assert "fastreg.CVPath: auc over 10 folds, binomial" in repr(found)


# ---- folds


def test_splitters_groups_and_pairs():
    X, y = certified.draw("gaussian", n=40, p=4)
    groups = np.repeat(np.arange(8), 5)
    found = cross_validate(X, y, cv=4, groups=groups)
    assert all(np.unique(found.test_folds[groups == g]).size == 1 for g in range(8))
    by_splitter = cross_validate(X, y, cv=GroupKFold(4), groups=groups)
    pairs = list(GroupKFold(4).split(X, y, groups))
    np.testing.assert_array_equal(by_splitter.fold_scores, cross_validate(X, y, cv=pairs).fold_scores)
    masks = [(np.isin(np.arange(40), train), np.isin(np.arange(40), test)) for train, test in pairs]
    np.testing.assert_array_equal(by_splitter.fold_scores, cross_validate(X, y, cv=iter(masks)).fold_scores)


def test_folds_of_classes_are_stratified_and_seeded():
    X, y = certified.draw("binomial", n=70, p=4)
    found = cross_validate(X, y, cv=5, family="binomial")
    counts = [y[found.test_folds == f].sum() for f in range(5)]
    assert max(counts) - min(counts) <= 1
    pairs = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    np.testing.assert_array_equal(found.fold_scores, cross_validate(X, y, cv=pairs, family="binomial").fold_scores)
    other = cross_validate(X, y, cv=5, family="binomial", random_state=1)
    assert np.any(other.test_folds != found.test_folds)


def test_rows_in_no_test_fold_and_rows_in_several():
    X, y = certified.draw("gaussian", n=50, p=4)
    found = cross_validate(X, y, cv=ShuffleSplit(3, test_size=0.2, random_state=0))
    left_out = found.test_folds < 0
    assert left_out.any() and np.all(np.isnan(found.predictions[left_out]))
    assert np.all(np.isfinite(found.predictions[~left_out]))
    train, test = next(ShuffleSplit(1, test_size=0.2, random_state=0).split(X))
    only = cross_validate(X, y, cv=[(train, test)])
    assert np.all(np.isnan(only.std_error)) and only.index_1se == only.index_min
    twice = cross_validate(X, y, cv=[(np.concatenate([train, train]), test)])
    np.testing.assert_allclose(twice.fold_scores, only.fold_scores)


def test_labels_of_any_kind_are_classes():
    X, y = certified.draw("binomial", n=60, p=4)
    options = {"family": "binomial", "n_alphas": 10, "cv": 4}
    expected = cross_validate(X, y, **options)
    for labels in (y.astype(int), y > 0, np.where(y > 0, "b", "a"), np.where(y > 0, 7, -7)):
        found = cross_validate(X, labels, **options)
        np.testing.assert_array_equal(found.fold_scores, expected.fold_scores)
        assert found.classes.tolist() == np.unique(labels).tolist()
    proportions = cross_validate(X, 0.2 + 0.5 * y, **options)
    assert proportions.classes is None


# ---- errors and warnings


@pytest.mark.parametrize(
    "options, message",
    [
        ({"cv": 1}, "cv must be an integer of at least 2"),
        ({"cv": 50}, "cv=50 folds need at least 50 rows, but X has 30"),
        ({"groups": np.arange(30) % 4}, "cv=10 folds need at least 10 groups, but there are 4; pass a smaller cv"),
        (
            {"family": "binomial", "cv": 20, "y": np.arange(30) % 2},
            "cv=20 folds need a class of at least 20 rows, but the largest has 15; pass a smaller cv",
        ),
        ({"cv": "ten"}, "cv must be a number of folds, a splitter"),
        ({"cv": []}, "cv gives no folds"),
        ({"cv": [(np.arange(5), np.array([40]))]}, "fold 1 names test row 40, but X has 30 rows"),
        ({"cv": [(np.arange(5), [])]}, "test rows of fold 1 must be row numbers|fold 1 has no test rows"),
        ({"cv": [np.arange(5)]}, "fold 1 of cv is not a pair"),
        ({"cv": [(np.arange(5) / 2, np.arange(5))]}, "train rows of fold 1 must be row numbers"),
        ({"metric": "accurate"}, "metric='accurate' is neither one of deviance, mse"),
        ({"metric": 3}, "metric must be one of"),
        ({"metric": sk.mean_squared_error}, r"called as metric\(y, mean, weight\), which .* does not allow"),
        ({"metric": "auc"}, "metric='auc' needs classes"),
        ({"metric": "accuracy"}, "scorer 'accuracy' cannot score the test rows of fold 1: continuous is not supported"),
        ({"groups": [1, 2]}, r"groups must hold a label for each of the 30 rows, got an array of shape \(2,\)"),
        ({"alphas": []}, "alphas must be a non-empty vector"),
        ({"l1_ratio": []}, "l1_ratio is an empty list"),
        ({"l1_ratio": [0.5, 2.0]}, r"l1_ratio must be in \[0, 1\], got 2"),
        ({"family": "binomial", "y": np.arange(30).astype(str)}, "y holds 30 labels"),
        (
            {"family": "binomial", "y": np.arange(30) < 2, "cv": [(np.arange(2, 20), np.arange(20, 30))]},
            "in the training rows of fold 1 y holds one class only",
        ),
        (
            {"family": "binomial", "y": np.arange(30) < 2, "cv": [(np.arange(20), np.arange(20, 30))], "metric": "auc"},
            "auc is not defined in fold 1",
        ),
        (
            {"sample_weight": np.arange(30) > 14, "cv": [(np.arange(20), np.arange(0)), (np.arange(30), [1])]},
            "fold 1",
        ),
        ({"sample_weight": np.arange(30) > 14, "cv": [(np.arange(10), np.arange(20, 30))]}, "training rows of fold 1"),
        ({"sample_weight": np.arange(30) > 14, "cv": [(np.arange(20), np.arange(5))]}, "test rows of fold 1"),
    ],
)
def test_errors_say_what_is_wrong(options, message):
    X, y = certified.draw("gaussian", n=30, p=4)
    y = options.get("y", y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        with pytest.raises(ValueError, match=message):
            cv_path(X, y, **{name: value for name, value in options.items() if name != "y"})


def test_rows_that_train_and_test_are_named():
    X, y = certified.draw("gaussian", n=30, p=4)
    with pytest.warns(DataWarning, match=r"fold 1 tests on row 5, which it also trains on \(15 such rows\)"):
        cv_path(X, y, cv=[(np.arange(20), np.arange(5, 25))])


def test_folds_that_are_not_certified_are_counted_in_one_warning():
    X, y = certified.draw("gaussian", n=30, p=50)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = cv_path(X, y, cv=3, n_alphas=10, solver="proximal_gradient", max_iter=5)
    failed = np.count_nonzero(found.fold_gaps > 1e-6)
    assert failed > 0
    about = [str(each.message) for each in caught if issubclass(each.category, ConvergenceWarning)]
    assert len(about) == 2  # the path on all rows, and its folds
    assert f"{failed} of the 30 fits of folds are not certified" in about[1]
    assert all(each.filename == __file__ for each in caught)


# ---- the data stay where they are, and are read for all folds at once


@pytest.mark.parametrize("make", [np.asfortranarray, sp.csc_array], ids=["dense", "sparse"])
def test_X_is_not_modified(make):
    X, y = certified.draw("gaussian", n=40, p=60)
    given = make(X)
    values = given.data if sp.issparse(given) else given
    before = np.array(values)
    values.flags.writeable = False
    cross_validate(given, y, cv=4, standardize=True)
    np.testing.assert_array_equal(values, before)


def test_folds_share_their_reads_of_X():
    """Products with all of X are made for all folds at once: ten folds read less than ten paths do."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3000))
    y = X[:, :10] @ rng.normal(size=10) + rng.normal(size=100)
    found = cross_validate(X, y, cv=10)
    alone = sum(
        fit_path(X, y, alphas=found.alphas, sample_weight=1.0 * (found.test_folds != f)).work["passes"]
        for f in range(10)
    )
    assert found.work["passes"] < 0.8 * alone


# ---- the unit of the response


@few(1)
@pytest.mark.parametrize("unit", [1e-6, 1e3, 1e6])
def test_ridge_chooses_the_same_in_any_unit_of_y(unit):
    """Ridge's shrinkage does not depend on y's unit, so neither may its grid: one point, coefficients in y's unit."""
    X, y = certified.draw("gaussian", n=80, p=6)
    for choose_ridge in (
        lambda y: cv_path(X, y, l1_ratio=0.0, cv=5),
        lambda y: ridge_loo(X, y),
        lambda y: fit_path(X, y, l1_ratio=0.0),
        lambda y: fit_multi_path(X, np.column_stack([y, 2.0 * y]), l1_ratio=0.0),
    ):
        plain, scaled = choose_ridge(y), choose_ridge(unit * y)
        paths = [getattr(found, "path", found) for found in (plain, scaled)]
        assert all(path.converged for path in paths)
        np.testing.assert_allclose(paths[1].alphas, paths[0].alphas, rtol=1e-10)
        np.testing.assert_allclose(paths[1].deviance_ratio, paths[0].deviance_ratio, rtol=1e-5)
        if hasattr(plain, "alpha_min"):
            assert plain.alpha_min == pytest.approx(scaled.alpha_min)
            assert paths[1].deviance_ratio[-1] > 0.9 * paths[1].deviance_ratio.max()


def test_a_choice_at_the_end_of_an_automatic_grid_is_told_where_the_fit_still_improves():
    """As for an elastic net whose ridge part has grown with the unit of y."""
    X, y = certified.draw("gaussian", n=80, p=6)
    with pytest.warns(DataWarning, match=r"last alpha of the grid.*divide y by its standard deviation"):
        cv_path(X, 1e6 * y, l1_ratio=0.5, cv=5)
    with pytest.warns(DataWarning, match="last alpha of the grid"):
        ElasticNetCV(cv=5).fit(X, 1e6 * y)
    wide = np.random.default_rng(0).normal(size=(40, 200))
    with pytest.warns(DataWarning, match="last alpha of the grid.*go further down$"):
        ridge_loo(wide, wide[:, 0] + 0.01 * wide[:, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cv_path(X, y / y.std(), l1_ratio=0.5, cv=5)
        cv_path(X, X[:, 0], cv=5)  # no noise: the last alpha is the best, and all is explained
        cv_path(X, 1e6 * y, l1_ratio=0.5, cv=5, alphas=[1e6, 1e5])


def test_columns_that_vanish_in_a_fold_are_named_where_they_are_standardised():
    """As of rare variants: the carriers are held out, and what is left are the means of unknown genotypes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 60))
    X[:, 3] = np.r_[np.ones(3), np.zeros(47), np.full(10, 0.03), np.zeros(60)]
    y = X[:, 0] + 3.0 * (X[:, 3] == 0.03) + rng.normal(size=120)
    options = {"cv": [(np.arange(40, 120), np.arange(40)), (np.arange(80), np.arange(80, 120))], "n_alphas": 10}
    with pytest.warns(DataWarning, match="1 of the columns of X, such as 3, vary less .* use standardize=False"):
        cv_path(X, y, standardize=True, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cv_path(X, y, **options)
