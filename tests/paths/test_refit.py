"""Predictions at any alpha: interpolated, refitted, scored; and paths written to files."""

import json
from dataclasses import replace

import certified
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

import fastreg
from fastreg import fit_path, load_path, ridge_loo

CASES = [(family, l1) for family in ("gaussian", "binomial", "poisson", "gamma") for l1 in (1.0, 0.5, 0.0)]


@few(2)
@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array])
@pytest.mark.parametrize(("family", "l1_ratio"), CASES)
def test_a_refit_is_the_fit(family, l1_ratio, kind):
    X, y = certified.draw(family, n=60, p=12)
    rng = np.random.default_rng(1)
    data = {"sample_weight": rng.uniform(0.5, 2, 60), "offset": rng.normal(size=60) / 5}
    factor = np.ones(12)
    factor[[2, 5, 7]] = 0.0, 2.0, np.inf
    options = {"family": family, "l1_ratio": l1_ratio, "standardize": True, "penalty_factor": factor, "tol": 1e-8}
    path = fit_path(kind(X), y, n_alphas=20, alpha_min_ratio=1e-2, **options, **data)
    alphas = [1.1 * path.alphas[0], np.sqrt(path.alphas[8] * path.alphas[9]), path.alphas[15], 0.5 * path.alphas[-1]]
    again = path.refit(kind(X), y, alphas, **data)
    certified.assert_certified(again, X, y, **options, **data)
    np.testing.assert_array_equal(again.alphas, alphas)
    cold = fit_path(kind(X), y, alphas=alphas, **options, **data)
    np.testing.assert_allclose(again.coefs.toarray(), cold.coefs.toarray(), atol=2e-3)
    for alpha in alphas:  # each on its own starts at another place
        single = path.refit(kind(X), y, alpha, **data)
        certified.assert_certified(single, X, y, **options, **data)
    assert (again.fit_intercept, again.standardize, again.tol) == (True, True, 1e-9)


def test_a_refit_without_intercept_and_of_another_response():
    X, y = certified.draw("gaussian", n=60, p=12)
    options = {"fit_intercept": False, "tol": 1e-9}
    path = fit_path(X, y, n_alphas=20, **options)
    other = y[::-1].copy()  # a start that is far off
    for target in (y, other):
        certified.assert_certified(path.refit(X, target, [0.2, 0.05]), X, target, **options)


def test_the_path_of_leave_one_out_is_refitted_with_its_penalty_factors():
    X, y = certified.draw("gaussian", n=40, p=8)
    factors = np.array([0.0, 2.0, 1.0, 1.0, 0.5, 1.0, 3.0, 1.0])
    path = ridge_loo(X, y, penalty_factor=factors, n_alphas=5).path
    assert path.trace["iterations"].sum() == path.work["iterations"] and path.trace["seconds"].size == 5
    again = path.refit(X, y, 0.3)
    certified.assert_certified(again, X, y, tol=1e-9, l1_ratio=0.0, penalty_factor=factors)


def test_a_refit_starts_near_its_end():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2000))
    y = X[:, :10].sum(axis=1) + rng.normal(size=100)
    path = fit_path(X, y, n_alphas=50)
    alpha = np.sqrt(path.alphas[30] * path.alphas[31])
    warm, cold = path.refit(X, y, alpha), fit_path(X, y, alphas=[alpha])
    np.testing.assert_allclose(warm.coefs.toarray(), cold.coefs.toarray(), atol=1e-6)
    assert warm.work["columns_read"] < 0.7 * cold.work["columns_read"] and warm.n_iters[0] <= cold.n_iters[0]


def test_a_refit_says_what_is_wrong():
    path = fit_path(np.eye(4), np.arange(4.0), n_alphas=3)
    with pytest.raises(ValueError, match="fitted on 4 columns"):
        path.refit(np.ones((5, 3)), np.arange(5.0), 0.1)
    with pytest.raises(ValueError, match="finite and not negative"):
        path.refit(np.eye(4), np.arange(4.0), -1.0)
    with pytest.raises(TypeError, match=r"Path.refit\(\) got an unexpected keyword argument 'l1_ratio'"):
        path.refit(np.eye(4), np.arange(4.0), 0.1, l1_ratio=0.5)


@pytest.mark.parametrize("kind", [np.ascontiguousarray, np.asfortranarray, sp.csc_array, sp.csr_array, np.float32])
def test_prediction_reads_any_layout(kind):
    X, y = certified.draw("poisson", n=50, p=9)
    path = fit_path(X, y, family="poisson", n_alphas=20)
    alpha, offset = path.alphas[12], np.linspace(-1, 1, 50)
    coef, intercept = path.coef(alpha)
    wanted = X @ coef + intercept
    rtol = 1e-5 if kind is np.float32 else 1e-12
    np.testing.assert_allclose(path.linear_predictor(kind(X), alpha), wanted, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(path.linear_predictor(kind(X), alpha, offset), wanted + offset, rtol=rtol, atol=rtol)
    several = path.predict(kind(X), path.alphas[[3, 12]], offset)
    assert several.shape == (50, 2)
    np.testing.assert_allclose(several[:, 1], np.exp(wanted + offset), rtol=10 * rtol)


def test_only_columns_with_a_coefficient_are_read():
    """A column that is not in may hold anything: it is not even looked at."""
    X, y = certified.draw("gaussian", n=50, p=9)
    path = fit_path(X, y, n_alphas=20)
    alpha = path.alphas[3]
    out = np.flatnonzero(path.coef(alpha)[0] == 0)
    assert 0 < out.size < 9
    hole = np.asfortranarray(X)
    hole[:, out] = np.nan
    np.testing.assert_allclose(path.predict(hole, alpha), path.predict(X, alpha), rtol=1e-12)


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson", "gamma"])
def test_score_is_the_deviance_explained(family):
    X, y = certified.draw(family, n=60, p=6)
    weight = np.random.default_rng(2).uniform(0.5, 2, 60)
    path = fit_path(X, y, family=family, n_alphas=20, sample_weight=weight)
    for k in (0, 7, 19):
        score = path.score(X, y, path.alphas[k], sample_weight=weight)
        assert abs(score - path.deviance_ratio[k]) < 1e-9


def test_nothing_to_explain_has_no_score():
    X, y = certified.draw("binomial", n=60, p=6)
    path = fit_path(X, y, family="binomial", n_alphas=5)
    assert np.isnan(path.score(X, np.ones(60), path.alphas[3]))


def test_score_of_least_squares_is_r_squared():
    from sklearn.metrics import r2_score

    X, y = certified.draw("gaussian", n=60, p=6)
    path = fit_path(X[:40], y[:40], n_alphas=20)
    predicted = path.predict(X[40:], path.alphas[10])
    np.testing.assert_allclose(path.score(X[40:], y[40:], path.alphas[10]), r2_score(y[40:], predicted))


@few(5)
@pytest.mark.parametrize(("family", "l1_ratio"), CASES)
def test_a_saved_path_is_the_path(family, l1_ratio, tmp_path):
    X, y = certified.draw(family, n=40, p=6)
    factor = np.array([0.0, 1, 1, 2, 1, np.inf])
    names = [f"naïve {j}" for j in range(6)]
    path = fit_path(X, y, family=family, l1_ratio=l1_ratio, n_alphas=10, penalty_factor=factor, trace=True)
    path.feature_names = names
    file = tmp_path / "path.json"
    path.save(file)
    same = load_path(file)
    for name, value in vars(path).items():
        other = getattr(same, name)
        if name == "coefs":
            assert np.array_equal(other.toarray(), value.toarray()) and other.format == "csc"
        elif isinstance(value, dict):
            assert list(value) == list(other) and all(np.array_equal(value[each], other[each]) for each in value)
        else:
            assert np.array_equal(other, value), name
    np.testing.assert_array_equal(same.predict(X, path.alphas[4]), path.predict(X, path.alphas[4]))
    document = json.loads(file.read_text())
    assert document["fastreg"] == fastreg.__version__ and document["feature_names"] == names
    assert document["penalty_factor"][-1] == "inf"


DAMAGE = {
    "is not a JSON file": lambda text: text[:-20],
    "holds no fastreg path": lambda text: "[1, 2]",
    "is of version 99": lambda text: text.replace('"version": 1', '"version": 99'),
    "lacks the entry 'gaps'": lambda text: text.replace('"gaps"', '"gasp"'),
    "is damaged": lambda text: text.replace('"alphas": [', '"alphas": [7.0, '),
    "p.json is damaged": lambda text: text.replace('"shape": [4', '"shape": [1'),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_a_damaged_file_is_refused(message, tmp_path):
    file = tmp_path / "p.json"
    fit_path(np.eye(4), np.arange(4.0), n_alphas=3).save(file)
    file.write_text(DAMAGE[message](file.read_text()))
    with pytest.raises(ValueError, match=message):
        load_path(file)


def test_a_family_of_ones_own_is_not_saved(tmp_path):
    own = type("Own", (), {"name": "own"})
    path = replace(fit_path(np.eye(4), np.arange(4.0), n_alphas=3), family="own", family_class=own)
    with pytest.raises(ValueError, match="cannot be saved as JSON"):
        path.save(tmp_path / "p.json")
