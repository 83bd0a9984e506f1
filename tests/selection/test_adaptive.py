"""Adaptive factors against their formula, and the adaptive lasso against the lasso on rescaled columns."""

import certified
import naive
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

from fastreg import adaptive_factor, fit_path, information_criteria


@few(2)
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson", "gamma"])
@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("standardize", [True, False])
def test_factors_are_those_of_the_pilot(family, kind, standardize):
    X, y = certified.draw(family, n=50, p=9, density=0.8)
    rng = np.random.default_rng(2)
    options = {"sample_weight": rng.random(50), "offset": 0.1 * rng.normal(size=50), "standardize": standardize,
               "penalty_factor": np.array([0, 2, 1, 1, 1, 1, 1, 1, np.inf])}  # fmt: skip
    factor = adaptive_factor(kind(X), y, family=family, pilot_alpha=0.1, power=1.5, tol=1e-10, **options)
    pilot = certified.fit(X, y, family=family, l1_ratio=0.0, alphas=[0.1], tol=1e-10, **options)
    scale = naive.column_scales(X, options["sample_weight"] / options["sample_weight"].sum()) if standardize else 1.0
    with np.errstate(divide="ignore"):
        expected = options["penalty_factor"] / np.abs(pilot.coefs.toarray().ravel() * scale) ** 1.5
    np.testing.assert_allclose(factor, expected, rtol=1e-5)
    assert factor[0] == 0.0 and np.isinf(factor[8])
    path = certified.fit(kind(X), y, family=family, n_alphas=10, check=(X, y), **options | {"penalty_factor": factor})
    assert path.n_nonzero[-1] >= 4


@pytest.mark.parametrize("pilot", ["ridge", "lasso"])
def test_the_adaptive_lasso_is_a_lasso_on_columns_scaled_by_the_pilot(pilot):
    X, y = certified.draw("gaussian", n=60, p=15)
    factor = adaptive_factor(X, y, pilot=pilot, pilot_alpha=0.05, power=2.0)
    pilot_fit = fit_path(X, y, l1_ratio=float(pilot == "lasso"), alphas=[0.05])
    scale = np.abs(pilot_fit.coefs.toarray().ravel()) ** 2
    np.testing.assert_array_equal(np.isinf(factor), scale == 0)
    one = certified.fit(X, y, penalty_factor=factor, n_alphas=12, tol=1e-12)
    two = certified.fit(X * scale, y, alphas=one.alphas, tol=1e-12)
    np.testing.assert_allclose(one.coefs.toarray(), two.coefs.toarray() * scale[:, None], atol=1e-8)


def test_the_pilot_is_chosen_by_a_criterion():
    X, y = certified.draw("gaussian", n=40, p=60)
    for criterion in ("aicc", "bic"):
        path = fit_path(X, y, l1_ratio=0.0)
        alpha = information_criteria(path, X, y).alpha_best(criterion)
        expected = 1.0 / np.abs(path.coef(alpha)[0])
        np.testing.assert_allclose(adaptive_factor(X, y, criterion=criterion), expected)
    given = np.arange(60.0)
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(adaptive_factor(X, y, pilot=given), 1.0 / given)


def test_standardised_factors_do_not_depend_on_units():
    X, y = certified.draw("gaussian", n=40, p=8)
    units = 10.0 ** np.arange(-3, 5)
    one = fit_path(X, y, standardize=True, penalty_factor=adaptive_factor(X, y, standardize=True), n_alphas=10)
    factor = adaptive_factor(X * units, y, standardize=True)
    two = fit_path(X * units, y, standardize=True, penalty_factor=factor, n_alphas=10)
    np.testing.assert_allclose(one.alphas, two.alphas, rtol=1e-6)
    np.testing.assert_allclose(one.coefs.toarray(), two.coefs.toarray() * units[:, None], atol=1e-6)


def test_fewer_noise_columns_enter_and_true_ones_shrink_less_than_in_the_lasso():
    truth = np.concatenate([[2.0, -2.0, 1.0, 1.0], np.zeros(26)])
    noise, error = {"lasso": 0, "adaptive": 0}, {"lasso": 0.0, "adaptive": 0.0}
    for seed in range(5):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(150, 30))
        y = X @ truth + rng.normal(size=150)
        for name, factor in (("lasso", None), ("adaptive", adaptive_factor(X, y))):
            path = fit_path(X, y, penalty_factor=factor)
            coef = path.coef(information_criteria(path, X, y, penalty_factor=factor).alpha_best("bic"))[0]
            assert np.all(coef[:4] != 0)
            noise[name] += np.count_nonzero(coef[4:])
            error[name] += np.sum((coef - truth) ** 2)
    assert noise["adaptive"] < noise["lasso"] and error["adaptive"] < error["lasso"], (noise, error)


def test_errors_name_the_argument():
    X, y = certified.draw("poisson", n=40, p=6)
    for options, message in [
        ({"pilot": "ols"}, "pilot must be one of 'ridge', 'lasso'"),
        ({"power": 0.0}, "power must be in"),
        ({"criterion": "cp"}, "criterion must be one of"),
        ({"pilot_alpha": -1.0}, "pilot_alpha must be in"),
        ({"pilot": np.ones(3)}, "pilot has 3 values"),
        ({"pilot_alpha": 1e-3, "max_iter": 1, "tol": 1e-12}, "the pilot at alpha=0.001 is not certified"),
    ]:
        with pytest.raises(ValueError, match=message):
            adaptive_factor(X, y, family="poisson", **options)
