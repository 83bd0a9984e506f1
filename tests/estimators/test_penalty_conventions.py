"""convert_penalty against the real thing: glmnet's stored fits, scikit-learn's own, and objectives written out."""

import json
from pathlib import Path

import certified
import numpy as np
import pytest
from grids import few
from hypothesis import given
from hypothesis import strategies as st
from sklearn import linear_model as peer

import fastreg
from fastreg import convert_penalty
from fastreg.estimators.penalty_conventions import CONVENTIONS

STORED = json.loads((Path(__file__).parents[1] / "reference" / "glmnet_terms.json").read_text())["cases"]
CASES = {case["name"]: case for case in STORED}
TIGHT = {"tol": 1e-13, "max_iter": 200_000}
FORMS = ("sum of losses", "mean of losses", "sum of squares", "mean of squares")


def arrays(case):
    """A stored case with arrays for lists; factors of "inf" as infinity."""
    return {name: np.array(value, float) if isinstance(value, list) else value for name, value in case.items()}


def converted(case, target):
    """What glmnet was given, in the target's terms."""
    factor = case["factor"]
    return convert_penalty(
        {"lambda": case["lambda"], "alpha": case["alpha"]}, "glmnet", target,
        family="poisson" if case["family"] == "gaussian()" else case["family"],  # an object's y is not scaled either
        y=case["y"], sample_weight=case["weight"], offset=case["offset"], fit_intercept=case["fit_intercept"],
        penalty_factor=factor,
    )  # fmt: skip


def agree(found, wanted):
    return np.allclose(found, wanted, rtol=0, atol=1e-6)


# R glmnet


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name]["family"] not in ("multinomial", "mgaussian")])
def test_fit_path_finds_what_glmnet_found(name):
    case = arrays(CASES[name])
    path = certified.fit(
        case["X"], case["y"], **converted(case, "fit_path"), family=case["family"].removesuffix("()"),
        sample_weight=case["weight"], offset=case["offset"], penalty_factor=case["factor"],
        fit_intercept=case["fit_intercept"], standardize=case["standardize"], tol=1e-13,
    )  # fmt: skip
    assert agree(path.coefs.toarray(), case["coefs"]) and agree(path.intercepts, case["intercepts"])


@pytest.mark.parametrize("name", ["multinomial", "mgaussian", "mgaussian-weights"])
def test_fit_multi_path_finds_what_glmnet_found(name):
    case = arrays(CASES[name])
    family = "gaussian" if case["family"] == "mgaussian" else "multinomial"
    path = fastreg.fit_multi_path(
        case["X"], case["y"], family=family, **converted(case, "fit_path"), sample_weight=case["weight"], tol=1e-13
    )
    assert path.gaps.max() <= 1e-13
    for k, alpha in enumerate(path.alphas):
        assert agree(path.coef(alpha)[0].ravel(order="F"), case["coefs"][:, k])


@pytest.mark.parametrize("k", [0, 1])
def test_scikit_learn_finds_what_glmnet_found(k):
    """At k-th lambda: every class that can pose a stored problem, weights among them."""

    def one(case, target):
        return {
            name: np.ravel(value)[k] if np.ndim(value) else value for name, value in converted(case, target).items()
        }

    case = arrays(CASES["gaussian"])
    model = peer.ElasticNet(**one(case, "ElasticNet"), **TIGHT).fit(case["X"], case["y"])
    assert agree(model.coef_, case["coefs"][:, k])
    case = arrays(CASES["gaussian-lasso"])
    model = peer.Lasso(**one(case, "Lasso"), **TIGHT).fit(case["X"], case["y"], sample_weight=case["weight"])
    assert agree(model.coef_, case["coefs"][:, k])
    case = arrays(CASES["gaussian-ridge"])
    model = peer.Ridge(**one(case, "Ridge")).fit(case["X"], case["y"], sample_weight=case["weight"])
    assert agree(model.coef_, case["coefs"][:, k])
    case = arrays(CASES["mgaussian"])
    model = peer.MultiTaskElasticNet(**one(case, "ElasticNet"), **TIGHT).fit(case["X"], case["y"])
    assert agree(model.coef_.ravel(), case["coefs"][:, k])
    case = arrays(CASES["multinomial"])
    model = peer.LogisticRegression(**one(case, "LogisticRegression"), solver="saga", tol=1e-10, max_iter=100_000)
    model.fit(case["X"], case["y"].argmax(axis=1), sample_weight=case["weight"])
    assert agree(model.coef_.ravel(), case["coefs"][:, k])
    case = arrays(CASES["binomial-plain"])
    model = peer.LogisticRegression(**one(case, "LogisticRegression"), solver="saga", tol=1e-10, max_iter=100_000)
    model.fit(np.vstack([case["X"]] * 2), *as_classes(case["y"], case["weight"]))
    assert agree(model.coef_[0], case["coefs"][:, k]) and agree(model.intercept_, case["intercepts"][k])


def as_classes(share, weight):
    """Classes and weights of twice the rows: proportions as scikit-learn takes them."""
    return np.repeat([1, 0], share.size), np.r_[weight * share, weight * (1 - share)]


# Objectives written out, and fastreg's and scikit-learn's classes at what they become

SLOPES = {  # of a row's loss in eta
    "gaussian": lambda y, eta: eta - y,
    "binomial": lambda y, eta: 1 / (1 + np.exp(-eta)) - y,
    "poisson": lambda y, eta: np.exp(eta) - y,
    "gamma": lambda y, eta: 1 - y * np.exp(-eta),
}
HALVES = {True: 1.0, False: 2.0}  # slope of b^2 / 2 and of b^2, by b


def violation(form, family, X, y, weight, coef, intercept, l1, l2, half_l2):
    """How far the slopes of J + l1 |b| + l2 |b|^2 (or l2/2) are from zero, relative to those of J at b = 0."""
    times = (2.0 if "squares" in form else 1.0) / (weight.sum() if "mean" in form else 1.0)
    slope = times * X.T @ (weight * SLOPES[family](y, intercept + X @ coef)) + HALVES[half_l2] * l2 * coef
    away = np.where(coef == 0, np.maximum(np.abs(slope) - l1, 0), np.abs(slope + l1 * np.sign(coef)))
    return away.max() / (times * np.abs(X.T @ (weight * SLOPES[family](y, intercept))).max())


@few(9)
@pytest.mark.parametrize("half_l2", [False, True])
@pytest.mark.parametrize(("l1", "l2"), [(2.0, 0.7), (2.0, 0.0), (0.0, 0.7)])
@pytest.mark.parametrize(
    ("family", "form"),
    [(family, form) for family in SLOPES for form in FORMS if family == "gaussian" or "squares" not in form],
)
def test_fit_path_minimises_the_objective_as_written(family, form, l1, l2, half_l2):
    X, y = certified.draw(family, n=40, p=6)
    weight = np.random.default_rng(0).uniform(0.2, 3.0, 40)
    if "mean" in form:
        l1, l2 = l1 / 40, l2 / 40
    options = convert_penalty(
        {"l1": l1, "l2": l2}, form, "fit_path", family=family, sample_weight=weight, half_l2=half_l2
    )  # fmt: skip
    path = certified.fit(X, y, **options, family=family, sample_weight=weight, tol=1e-14)
    coef, intercept = certified.column(path, 0)
    assert np.count_nonzero(coef) > 2
    assert violation(form, family, X, y, weight, coef, intercept, l1, l2, half_l2) < 1e-6
    assert violation(form, family, X, y, weight, coef, intercept, l1, l2, not half_l2) > 1e-4 or l2 == 0


@pytest.mark.parametrize("classes", [fastreg, peer], ids=["fastreg", "scikit-learn"])
def test_least_squares_classes_at_an_objective_as_written(classes):
    X, y = certified.draw("gaussian", n=40, p=6)
    weight = np.random.default_rng(1).uniform(0.2, 3.0, 40)
    for form in FORMS:
        scale = 1 / 40 if "mean" in form else 1.0
        for name, l1, l2 in (("Ridge", 0.0, 3.0), ("Lasso", 4.0, 0.0), ("ElasticNet", 4.0, 3.0)):
            l1, l2 = l1 * scale, l2 * scale
            options = {} if name == "Ridge" else TIGHT
            penalty = convert_penalty({"l1": l1, "l2": l2}, form, name, sample_weight=weight)
            model = getattr(classes, name)(**penalty, **options).fit(X, y, sample_weight=weight)
            assert violation(form, "gaussian", X, y, weight, model.coef_, model.intercept_, l1, l2, False) < 1e-6


@pytest.mark.parametrize("classes", [fastreg, peer], ids=["fastreg", "scikit-learn"])
@pytest.mark.parametrize(("l1", "l2"), [(1.0, 0.5), (1.0, 0.0), (0.0, 0.5)])
def test_logistic_regression_at_an_objective_as_written(classes, l1, l2):
    X, y = certified.draw("binomial", n=40, p=6)
    weight = np.random.default_rng(2).uniform(0.2, 3.0, 40)
    options = {"solver": "saga" if l1 else "lbfgs", "tol": 1e-11, "max_iter": 200_000}
    for form, scale in (("sum of losses", 1.0), ("mean of losses", 1 / 40)):
        penalty = {"l1": l1 * scale, "l2": l2 * scale}
        penalty = convert_penalty(penalty, form, "LogisticRegression", total_weight=weight.sum())
        model = classes.LogisticRegression(**penalty, **options).fit(X, y, sample_weight=weight)
        found = model.coef_[0], model.intercept_[0]
        assert violation(form, "binomial", X, y, weight, *found, l1 * scale, l2 * scale, False) < 1e-5


@pytest.mark.parametrize(("name", "family"), [("PoissonRegressor", "poisson"), ("GammaRegressor", "gamma")])
def test_scikit_learns_glms_share_fit_paths_alpha(name, family):
    X, y = certified.draw(family, n=40, p=6)
    weight = np.random.default_rng(3).uniform(0.2, 3.0, 40)
    options = convert_penalty({"l2": 0.04}, "mean of losses", "fit_path", family=family, sample_weight=weight)
    assert options["l1_ratio"] == 0.0
    model = getattr(peer, name)(alpha=options["alphas"][0], solver="newton-cholesky", tol=1e-12)
    model.fit(X, y, sample_weight=weight)
    path = certified.fit(X, y, **options, family=family, sample_weight=weight, tol=1e-13)
    assert agree(certified.column(path, 0)[0], model.coef_)


# There and back


def written(name, share, strength, data):
    """A penalty of the convention `name` that has this l1 share, by way of fit_path's terms."""
    return convert_penalty({"alphas": strength, "l1_ratio": share}, "fit_path", name, **data)


@given(
    st.sampled_from(sorted(CONVENTIONS)), st.sampled_from(sorted(CONVENTIONS)), st.floats(0, 1), st.floats(1e-6, 1e6)
)
def test_there_and_back_again(first, second, share, strength):
    families = [set(CONVENTIONS[name].families) for name in (first, second)]
    if not families[0] & families[1]:
        with pytest.raises(ValueError, match="in common"):
            convert_penalty({}, first, second)
        return
    fixed = [{"Ridge": 0.0, "Lasso": 1.0}.get(name) for name in (first, second)]
    shares = {value for value in fixed if value is not None}
    if len(shares) == 2:
        return
    share = shares.pop() if shares else share
    data = {
        "family": sorted(families[0] & families[1])[0], "y": np.array([1.0, 3.0, 4.5]),
        "sample_weight": np.array([1.0, 0.5, 3.0]), "penalty_factor": np.array([1.0, 0.0, 3.0, np.inf]),
    }  # fmt: skip
    there = written(first, share, strength, data)
    back = convert_penalty(convert_penalty(there, first, second, **data), second, first, **data)
    assert there.keys() == back.keys()
    for name in there:
        assert np.allclose(there[name], back[name], rtol=1e-9, atol=1e-12 * strength)


def test_paths_and_defaults():
    found = convert_penalty({"C": [0.1, 1.0, np.inf]}, "LogisticRegression", "fit_path", total_weight=10)
    assert found.keys() == {"alphas", "l1_ratio"} and found["l1_ratio"] == 0.0
    assert np.allclose(found["alphas"], [1.0, 0.1, 0.0], rtol=1e-15)
    back = convert_penalty(found, "fit_path", "LogisticRegression", total_weight=10)
    assert np.allclose(back["C"], [0.1, 1.0, np.inf], rtol=1e-15)
    assert convert_penalty({"alpha": 0.3}, "ElasticNet", "sum of losses", total_weight=10) == {"l1": 1.5, "l2": 0.75}
    assert convert_penalty({"l2": 0.0}, "sum of losses", "LogisticRegression")["C"] == np.inf
    assert convert_penalty({"l1": 0.0}, "sum of squares", "Ridge") == {"alpha": 0.0}
    assert convert_penalty({"lambda": 0.0}, "glmnet", "Ridge", y=[1.0, 2.0]) == {"alpha": 0.0}
    found = convert_penalty({"l1": [2.0, 1.0, 0.0], "l2": [4.0, 2.0, 0.0]}, "mean of losses", "fit_path")
    assert np.allclose(found["alphas"], [10.0, 5.0, 0.0]) and np.isclose(found["l1_ratio"], 0.2)


@pytest.mark.parametrize(
    ("penalty", "source", "target", "more", "message"),
    [
        ({"alpha": 1.0}, "ridge", "Lasso", {}, "source must be one of"),
        ({"alpha": 1.0}, "Ridge", "lasso", {}, "target must be one of"),
        ({"alpha": 1.0}, "Ridge", "LogisticRegression", {}, "in common"),
        ({"l1": 1.0}, "sum of squares", "glmnet", {"family": "poisson"}, "in common"),
        ({"l1": 1.0}, "sum of losses", "glmnet", {"family": "normal"}, "family must be one of"),
        ({"alpha": 1.0}, "Ridge", "Lasso", {"total_weight": 3}, "has no l2 part"),
        ({"alpha": 1.0}, "Lasso", "Ridge", {"total_weight": 3}, "has no l1 part"),
        ({"alpha": 1.0}, "Ridge", "ElasticNet", {}, "pass total_weight"),
        ({"alpha": 1.0}, "Ridge", "ElasticNet", {"total_weight": 0}, "total_weight must be in"),
        ({"alpha": -1.0}, "Ridge", "ElasticNet", {"total_weight": 3}, "alpha must be in"),
        ({"alpha": [1.0, np.nan]}, "Ridge", "ElasticNet", {"total_weight": 3}, "alpha must be in"),
        ({"C": 0.0}, "LogisticRegression", "glmnet", {"total_weight": 3}, "C must be in"),
        ({"alphas": 1.0, "l1_ratio": 2.0}, "fit_path", "ElasticNet", {}, "l1_ratio must be in"),
        ({"alpha": 1.0, "C": 1.0}, "Lasso", "ElasticNet", {}, "must hold 'alpha' and nothing else"),
        ({"l1_ratio": 0.5}, "ElasticNet", "fit_path", {}, "must hold 'alpha', 'l1_ratio'"),
        ({}, "sum of losses", "fit_path", {}, "l1 or l2"),
        ({"l1": [1.0, 1.0], "l2": [1.0, 2.0]}, "mean of losses", "fit_path", {}, "several proportions"),
        ({"lambda": 1.0, "alpha": 0.5}, "glmnet", "fit_path", {}, "family is needed"),
        ({"lambda": 1.0, "alpha": 0.5}, "glmnet", "ElasticNet", {}, "y is needed"),
        ({"lambda": 1.0, "alpha": 0.5}, "glmnet", "ElasticNet", {"y": [2.0, 2.0]}, "y is constant"),
        ({"lambda": 1.0}, "glmnet", "Lasso", {"penalty_factor": [0.0, 0.0]}, "zero everywhere"),
        ({"l1": 1.0}, "sum of losses", "Lasso", {"half_l2": 1, "total_weight": 3}, "half_l2 must be True or False"),
    ],
)
def test_refusals(penalty, source, target, more, message):
    with pytest.raises(ValueError, match=message):
        convert_penalty(penalty, source, target, **more)
