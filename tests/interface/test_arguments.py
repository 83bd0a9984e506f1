"""Arguments of every function: masked arrays are refused, labels are of one kind, and wrong words are answered."""

import inspect
from functools import partial

import numpy as np
import pandas as pd
import pytest
from grids import few, spread

import fastreg
from fastreg import plots

rng = np.random.default_rng(3)
N = 40
X = rng.normal(size=(N, 4))
Y = X[:, 0] - X[:, 1] + 0.3 * rng.normal(size=N)
TWO, THREE, BOTH = (Y > 0).astype(int), np.digitize(Y, [-0.7, 0.7]), np.c_[Y, X[:, 2] + Y]
W, OFFSET, GROUPS = rng.uniform(0.5, 1.5, N), 0.1 * rng.normal(size=N), np.arange(N) % 8
FACTOR, ALPHAS = np.array([1.0, 2.0, 1.0, 0.0]), np.array([0.5, 0.1, 0.02])
HALVES = np.split(np.arange(N), 2)

TARGETS = {name: Y for name in ("Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV")}
TARGETS |= {
    name: BOTH for name in ("MultiTaskLasso", "MultiTaskLassoCV", "MultiTaskElasticNet", "MultiTaskElasticNetCV")
}
POSITIVE = ("PoissonRegressor", "PoissonRegressorCV", "GammaRegressor", "GammaRegressorCV")
TARGETS |= dict.fromkeys(("GeneralizedLinearModel", "GeneralizedLinearModelCV"), Y) | dict.fromkeys(POSITIVE, np.exp(Y))
CLASSIFIERS = ("LogisticRegression", "RidgeClassifier", "RidgeClassifierCV", "LogisticRegressionCV")
TARGETS |= dict.fromkeys(CLASSIFIERS, TWO)
QUIET = {
    "LogisticRegressionCV": {
        "l1_ratios": (0.0,),
        "scoring": "accuracy",
        "use_legacy_attributes": False,
        "Cs": [1.0, 0.1],
    }
}


def estimator(name, **parameters):
    return getattr(fastreg, name)(**QUIET.get(name, {}) | parameters)


def masked(values):
    values = np.ma.masked_array(np.array(values), np.zeros(np.shape(values), dtype=bool))
    values[(1,) + (0,) * (values.ndim - 1)] = np.ma.masked
    return values


def calls():
    """(name, function, its arrays): each of the arrays is masked in its turn."""
    rows = {"sample_weight": W, "offset": OFFSET}
    options = rows | {"penalty_factor": FACTOR, "alphas": ALPHAS}
    bounds = {"lower": -np.ones(4), "upper": np.ones(4)}
    path = fastreg.fit_path(X, Y, alphas=ALPHAS, **rows)
    several = fastreg.fit_multi_path(X, BOTH, alphas=ALPHAS)
    cv, relaxed = fastreg.cv_path(X, Y, cv=4, alphas=ALPHAS), fastreg.relax_path(path, X, Y, **rows)
    yield "fit_path", fastreg.fit_path, {"X": X, "y": Y} | options | bounds
    yield "cv_path", fastreg.cv_path, {"X": X, "y": Y, "groups": GROUPS, "cv": 4} | options | bounds
    yield "cv_relaxed", fastreg.cv_relaxed, {"X": X, "y": Y, "groups": GROUPS, "cv": 4} | options
    yield "nested", fastreg.nested_cv_relaxed, {"X": X, "y": Y, "groups": GROUPS, "cv": 4, "outer": 4} | options
    yield "ridge_loo", fastreg.ridge_loo, {"X": X, "y": Y} | options
    yield "stability", fastreg.stability_selection, {"X": X, "y": Y} | options | {"expected_errors": 4.0, "n_pairs": 5}
    yield "adaptive", fastreg.adaptive_factor, {"X": X, "y": Y, "penalty_factor": FACTOR} | rows
    yield "multi", fastreg.fit_multi_path, {"X": X, "Y": BOTH, "alphas": ALPHAS, "sample_weight": W}
    yield "relax_path", lambda **arrays: fastreg.relax_path(path, **arrays), {"X": X, "y": Y} | rows
    yield "criteria", lambda **arrays: fastreg.information_criteria(path, **arrays), {"X": X, "y": Y} | rows
    yield "score", path.score, {"X": X, "y": Y, "alpha": 0.1} | rows
    yield "predict", path.predict, {"X": X, "alpha": ALPHAS, "offset": OFFSET}
    yield "refit", path.refit, {"X": X, "y": Y, "alphas": ALPHAS} | rows
    yield "multi.predict", several.predict, {"X": X, "alpha": 0.1}
    yield "cv.predict", cv.predict, {"X": X}
    yield "relaxed.predict", relaxed.predict, {"X": X, "alpha": 0.1, "offset": OFFSET}
    free = fastreg.fit_path(X, Y, alphas=[0.0], **rows)
    clusters = {"X": X, "y": Y, "groups": GROUPS} | rows
    yield "table", lambda **arrays: fastreg.table(free, covariance="cluster", **arrays), clusters
    yield "debiased", lambda **arrays: fastreg.debiased(path, alpha=0.1, **arrays), {"X": X, "y": Y} | rows
    yield "selective", lambda **arrays: fastreg.selective(path, alpha=0.1, **arrays), {"X": X, "y": Y} | rows
    moments = {"covariance": np.cov(X.T), "mean": X.mean(axis=0), "alpha": 0.1}
    yield "knockoffs", fastreg.knockoffs, {"X": X, "y": Y} | rows | moments
    yield "lasso_path", fastreg.lasso_path, {"X": X, "y": Y, "alphas": ALPHAS}
    yield "plot_estimates", plots.plot_estimates, {"true": Y, "estimated": Y}
    yield "plot_probability", plots.plot_probability, {"predict": lambda plane: plane[:, 0], "X": X[:, :2], "y": TWO}
    penalty = {"penalty": {"alpha": 1.0}, "source": "Ridge", "target": "glmnet", "family": "gaussian", "y": Y}
    yield "convert_penalty", fastreg.convert_penalty, penalty | {"sample_weight": W, "penalty_factor": np.ones(4)}
    for name, y in TARGETS.items():
        model = estimator(name).fit(X, y)
        for method in ("fit", "score"):
            function = getattr(model, method)
            weighs = {"sample_weight": W} if "sample_weight" in inspect.signature(function).parameters else {}
            yield f"{name}.{method}", function, {"X": X, "y": y} | weighs
        for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
            if hasattr(model, method):
                yield f"{name}.{method}", getattr(model, method), {"X": X}
        for parameter, values in {
            "alphas": ALPHAS,
            "Cs": ALPHAS,
            "penalty_factor": FACTOR,
            "l1_ratios": ALPHAS,
        }.items():
            if parameter in inspect.signature(type(model)).parameters:
                yield (
                    f"{name}()",
                    lambda name=name, y=y, **given: estimator(name, **given).fit(X, y),
                    {parameter: values},
                )


@pytest.mark.filterwarnings("ignore")
def test_masked_arrays_are_refused_wherever_arrays_are_taken():
    count = 0
    for _, function, arguments in calls():
        for argument in [key for key, value in arguments.items() if isinstance(value, np.ndarray)]:
            with pytest.raises(ValueError, match=f"{argument}.* is a masked array"):
                function(**arguments | {argument: masked(arguments[argument])})
            count += 1
    assert count > 140


@pytest.mark.parametrize("name", [name for name in TARGETS if name.endswith("CV")])
def test_masked_folds_are_refused(name):
    pairs = [(masked(HALVES[0]), HALVES[1]), (HALVES[1], HALVES[0])]
    with pytest.raises(ValueError, match="train of fold 1 is a masked array"):
        estimator(name, cv=pairs).fit(X, TARGETS[name])
    with pytest.raises(ValueError, match="train of fold 1 is a masked array"):
        fastreg.cv_path(X, Y, cv=pairs)


def test_lists_of_masked_rows_are_refused_and_the_advice_works():
    rows = list(masked(X))
    with pytest.raises(ValueError, match="X is a masked array"):
        fastreg.fit_path(rows, Y, alphas=ALPHAS)
    y = masked(Y)
    kept = ~y.mask
    advised = fastreg.fit_path(X[kept], np.asarray(y[kept]), alphas=ALPHAS)
    assert np.array_equal(advised.coefs.toarray(), fastreg.fit_path(X[kept], Y[kept], alphas=ALPHAS).coefs.toarray())


@spread(4)
@pytest.mark.parametrize("name", TARGETS)
def test_scores_are_those_of_scikit_learn_and_refuse_what_is_missing(name):
    from sklearn.metrics import accuracy_score, d2_tweedie_score, r2_score

    y, measure = TARGETS[name], accuracy_score if name in CLASSIFIERS else r2_score
    if name in POSITIVE:
        measure = partial(d2_tweedie_score, power=1 if "Poisson" in name else 2)
    model = estimator(name).fit(X, y)
    for weight in (None, W):
        assert model.score(X, y, weight) == pytest.approx(measure(y, model.predict(X), sample_weight=weight), rel=1e-12)
    for wrong in (np.nan, np.inf, None):
        worse = y.astype(object)
        worse[(3,) + (0,) * (y.ndim - 1)] = wrong
        with pytest.raises(
            ValueError, match=r"y contains (NaN|infinity|NaN or infinity|NaN or other missing values)\b"
        ):
            model.score(X, worse)
        with pytest.raises(ValueError, match=r"sample_weight\[2\] is"):
            model.score(X, y, np.where(np.arange(N) == 2, wrong, 1.0))


LABELS = {
    "integers": np.array([3, 7]),
    "truth values": np.array([False, True]),
    "strings": np.array(["a", "b"]),
    "floats": np.array([0.0, 1.0]),
}


@spread(5)
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_labels_that_come_as_objects_are_those_they_stand_for(name, kind):
    y = LABELS[kind][TWO]
    plain, boxed = estimator(name).fit(X, y), estimator(name).fit(X, y.astype(object))
    assert np.array_equal(plain.classes_, boxed.classes_) and np.array_equal(plain.coef_, boxed.coef_)
    assert boxed.score(X, y.astype(object)) == plain.score(X, y)
    numbers = [np.int64(each) if kind == "integers" else each for each in y.tolist()]
    assert np.array_equal(estimator(name).fit(X, pd.Series(numbers, dtype=object)).predict(X), plain.predict(X))


@pytest.mark.parametrize("fit", [
    *(lambda y, name=name: estimator(name).fit(X, y) for name in CLASSIFIERS),
    lambda y: fastreg.fit_multi_path(X, y, family="multinomial", alphas=ALPHAS),
    lambda y: fastreg.cv_path(X, y, family="binomial", alphas=ALPHAS),
    lambda y: fastreg.cv_path(X, Y, groups=y, cv=3, alphas=ALPHAS),
])  # fmt: skip
def test_labels_of_two_kinds_or_infinite_ones_are_named(fit):
    y = THREE.astype(object)
    y[5] = "five"
    with pytest.raises(ValueError, match=r"(y|Y|groups) mixes labels .*\[5\] is 'five'; turn all of them into strings"):
        fit(y)
    y[5] = np.inf
    with pytest.raises(ValueError, match=r"contains infinity: (y|Y|groups)\[5\] is inf"):
        fit(y)


def test_groups_have_a_label_a_row():
    for groups in (np.where(np.arange(N) == 4, None, GROUPS), np.where(np.arange(N) == 4, np.nan, GROUPS)):
        for cv in (4, [tuple(HALVES)]):
            with pytest.raises(ValueError, match=r"groups contains NaN or other missing values: groups\[4\]"):
                fastreg.cv_path(X, Y, cv=cv, groups=groups, alphas=ALPHAS)
    with pytest.raises(ValueError, match=r"groups must hold a label for each of the 40 rows, got .* \(40, 2\)"):
        fastreg.cv_path(X, Y, cv=4, groups=np.c_[GROUPS, GROUPS], alphas=ALPHAS)


@pytest.mark.parametrize(
    "call, meant",
    [
        (lambda: fastreg.fit_path(X, TWO, family="logistic"), "'binomial'"),
        (lambda: fastreg.fit_path(X, TWO, family="Binomial"), "'binomial'"),
        (lambda: fastreg.fit_path(X, Y, family="normal"), "'gaussian'"),
        (lambda: fastreg.fit_path(X, Y, family="gauss"), "'gaussian'"),
        (lambda: fastreg.fit_path(X, Y, family="poison"), "'poisson'"),
        (lambda: fastreg.fit_multi_path(X, THREE, family="softmax"), "'multinomial'"),
        (lambda: fastreg.fit_multi_path(X, THREE, family="binomial"), "'multinomial'"),
        (lambda: fastreg.fit_path(X, Y, solver="cd"), "'coordinate_descent'"),
        (lambda: fastreg.fit_path(X, Y, solver="Newton"), "'newton'"),
        (lambda: fastreg.cv_path(X, Y, metric="MSE"), "'mse'"),
        (lambda: fastreg.cv_path(X, Y, metric="mean_squared_error"), "'mse'"),
        (lambda: fastreg.cv_path(X, Y, metric="neg_mean_square_error"), "'neg_mean_squared_error'"),
        (lambda: fastreg.adaptive_factor(X, Y, pilot="Ridge"), "'ridge'"),
        (lambda: fastreg.adaptive_factor(X, Y, criterion="BIC"), "'bic'"),
        (lambda: fastreg.convert_penalty({"alpha": 1.0}, "ridge", "Lasso"), "'Ridge'"),
        (lambda: fastreg.LassoCV(rule="alpha_1se").fit(X, Y), "'1se'"),
        (lambda: fastreg.LogisticRegression(class_weight="balance").fit(X, TWO), "'balanced'"),
        (lambda: fastreg.LogisticRegression(solver="newton-chol").fit(X, TWO), "'newton-cholesky'"),
        (lambda: fastreg.fit_path(X, Y, alphas=ALPHAS).plot(x="lambda"), "'alpha'"),
    ],
)
def test_a_wrong_word_is_answered_by_the_right_one(call, meant):
    with pytest.raises(ValueError, match=f"Did you mean .*{meant}"):
        call()


def test_what_is_no_family_is_told_what_is():
    for wrong in (None, 3, Y, [1]):
        with pytest.raises(
            ValueError, match=r"family must be one of 'gaussian', 'binomial', .* or a family class, got"
        ):
            fastreg.fit_path(X, Y, family=wrong)
    for word in ("multinomial", "softmax"):
        with pytest.raises(ValueError, match=f"family '{word}' is one of fit_multi_path's"):
            fastreg.fit_path(X, THREE, family=word)


def test_pictures_say_what_they_take():
    import matplotlib.pyplot as plt

    path, cv = fastreg.fit_path(X, Y, alphas=ALPHAS, trace=True), fastreg.cv_path(X, Y, cv=3, alphas=ALPHAS)
    told = r"must be axes of matplotlib, or None for a new figure, got 'coef'; its options go by name: .*title=None"
    for draw in (
        path.plot,
        cv.plot,
        lambda ax: plots.plot_convergence(path, ax),
        lambda ax: plots.plot_estimates(Y, Y, ax),
    ):
        with pytest.raises(ValueError, match=told):
            draw("coef")
    figure = plt.figure()
    with pytest.raises(ValueError, match=r"got a Figure; pass figure.subplots\(\)"):
        path.plot(figure)
    assert path.plot(figure.subplots()).figure is figure
    for draw, wrong, right in (
        (plots.plot_path, Y, "a fastreg.Path, MultiPath or CVPath, got a ndarray"),
        (plots.plot_cv, path, "a fastreg.CVPath, got a Path"),
        (plots.plot_stability, path, "a fastreg.StabilityPath, got a Path"),
        (plots.plot_convergence, cv, "a fastreg.Path, got a CVPath"),
    ):
        with pytest.raises(ValueError, match=f"must be {right}"):
            draw(wrong)
    plt.close("all")


@pytest.mark.filterwarnings("error")
@few(2)
@pytest.mark.parametrize("scale", [1e-149, 1e-100, 1e-60, 1e60, 1e100, 1e147])
def test_what_follows_a_fit_has_its_digits_whatever_the_scale_of_y(scale):
    """Errors and their spread are squares, whose squares would leave the range of float64."""
    grid = np.array([0.3, 0.1, 0.03])
    plain = fastreg.ridge_loo(X, Y, alphas=grid, offset=OFFSET, keep_predictions=True)
    other = fastreg.ridge_loo(X, Y * scale, alphas=grid, offset=OFFSET * scale, keep_predictions=True)
    for name, power in {"errors": 2, "standard_errors": 2, "gcv": 2, "predictions": 1}.items():
        unit = getattr(other, name) / scale / (scale if power == 2 else 1.0)
        np.testing.assert_allclose(unit, getattr(plain, name), rtol=1e-9)
    assert (other.alpha_min, other.alpha_1se, other.alpha_gcv) == (plain.alpha_min, plain.alpha_1se, plain.alpha_gcv)
    plain, other = (fastreg.cv_path(X, Y * unit, cv=4, alphas=grid * unit) for unit in (1.0, scale))
    np.testing.assert_allclose(other.mean / scale / scale, plain.mean, rtol=1e-6)
    np.testing.assert_allclose(other.std_error / scale / scale, plain.std_error, rtol=1e-6)
    assert (other.index_min, other.index_1se) == (plain.index_min, plain.index_1se)
    targets = np.c_[Y, X[:, 2]]
    for options in ({"alpha_per_target": True}, {"rule": "1se"}):
        plain, other = (fastreg.RidgeCV(alphas=grid * N, **options).fit(X, targets * unit) for unit in (1.0, scale))
        np.testing.assert_allclose(other.coef_ / scale, plain.coef_, rtol=1e-9)
        assert np.array_equal(plain.alpha_, other.alpha_)


@few(2)
@pytest.mark.parametrize("fit", [
    lambda y: fastreg.fit_path(X, y),
    lambda y: fastreg.ridge_loo(X, y),
    lambda y: fastreg.Ridge().fit(X, np.c_[Y, y]),
    lambda y: fastreg.RidgeCV().fit(X, y),
    lambda y: fastreg.fit_multi_path(X, np.c_[y, -y]),
])  # fmt: skip
def test_responses_too_small_to_square_are_refused(fit):
    with pytest.raises(
        ValueError, match=r"underflow: [yY] is at most .*e-1[56][0-9] in size, which is too small to square"
    ):
        fit(Y * 1e-160)
    fit(np.zeros(N))


@pytest.mark.parametrize("wrong, kind", [(np.nan, "NaN"), (np.inf, "infinity")])
def test_scores_of_rows_with_missing_values_are_refused(wrong, kind):
    """Predictions of such rows are NaN, which is seen; a mean over them would be NaN without a place."""
    path, worse = fastreg.fit_path(X, Y, alphas=ALPHAS), X.copy()
    worse[3, 1] = wrong
    for table in (worse, np.asfortranarray(worse), pd.DataFrame(worse)):
        with pytest.raises(ValueError, match=rf"X\[3, 1\].* is {kind}"):
            path.score(table, Y, 0.1)
        assert np.flatnonzero(~np.isfinite(path.predict(table, 0.1))).tolist() == [3]


def test_penalties_of_results_are_one_number_or_the_words_they_know():
    several = fastreg.fit_multi_path(X, BOTH, alphas=ALPHAS)
    path, cv = fastreg.fit_path(X, Y, alphas=ALPHAS), fastreg.cv_path(X, Y, cv=3, alphas=ALPHAS)
    for wrong in ("min", [0.1, 0.2], None, 1j, True):
        with pytest.raises(ValueError, match="alpha must be one number"):
            several.predict(X, wrong)
        with pytest.raises(ValueError, match="alpha must be one number"):
            path.coef(wrong)
    assert np.array_equal(several.predict(X, np.float64(0.1)), several.predict(X, np.array(0.1)))
    with pytest.raises(ValueError, match=r"got 'lambda_1se'\. Did you mean '1se'"):
        cv.predict(X, "lambda_1se")
    assert np.array_equal(cv.predict(X, "lambda.1se"), cv.predict(X, "1se"))
