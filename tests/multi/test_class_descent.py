"""Newton steps of classes by coordinate descent, and the rows' terms of a step, against plain sums."""

import numpy as np
import pytest
import scipy.sparse as sp
from certified_multi import draw, fit
from grids import each_value

import fastreg.solvers.choice as choice
from fastreg.multi.losses import Softmax

WORDS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "weights, factors, scales": {
        "sample_weight": np.r_[0.0, np.linspace(0.2, 3.0, 79)],
        "penalty_factor": np.r_[0.0, 2.0, np.inf, 0.5, np.ones(36)],
        "standardize": True,
    },
    "bounds": {"lower": -0.3, "upper": 0.2},
    "offset": {"offset": np.linspace(-1.0, 1.0, 240).reshape(80, 3)},
    "ridge": {"l1_ratio": 0.3},
}


@each_value
@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("density", [0.2, 1.0])
def test_descent_finds_every_certified_point_without_a_hessian(monkeypatch, words, density):
    monkeypatch.setattr(choice, "FEW_PAIRS", 0)
    X, y = draw("multinomial", n=80, p=40, density=density)
    path = fit(sp.csc_array(X), y, family="multinomial", n_alphas=8, alpha_min_ratio=0.05, **words)
    assert path.work["epochs"] > 0
    assert path.work["pivots"] == 0


def test_large_supports_of_sparse_columns_need_no_hessian():
    rng = np.random.default_rng(3)
    X = sp.random(400, 600, density=0.02, random_state=rng, format="csc")
    eta = X[:, :60] @ rng.normal(size=(60, 3)) * 6.0
    path = fit(X, (eta + rng.gumbel(size=eta.shape)).argmax(axis=1), family="multinomial", n_alphas=30, tol=1e-7)
    assert path.n_nonzero[-1] > 150
    assert 0 < path.work["grams"] <= 15  # while the support is small
    assert path.n_iters.max() <= 8  # a model that ignored other classes would take many steps
    assert path.work["epochs"] <= 200 * 30


def test_intercepts_keep_residuals_balanced_along_a_step():
    rng = np.random.default_rng(6)
    K, n = 4, 50
    weight, eta, change = rng.random(n), rng.normal(size=(K, n)), rng.normal(size=(K, n))
    weight[:5], change[:, :5] = 0.0, 50.0 * change[:, :5]
    response = Softmax(np.eye(K)[rng.integers(0, K, n)].T.copy(), weight / weight.sum())
    mean = response.mean(eta)
    moved = change.copy()
    shift = response.level(mean, moved)
    np.testing.assert_allclose(moved, change + shift[:, None])
    assert abs(shift.sum()) < 1e-12
    assert np.abs(response.curve(mean, moved).sum(axis=1)).max() < 1e-14
    spread, square = response.extent(mean, moved)
    assert spread == pytest.approx(np.ptp(moved[:, 5:], axis=0).max())
    assert square == pytest.approx((moved * response.curve(mean, moved)).sum())
    balanced = eta.copy()
    np.testing.assert_allclose(response.balance(balanced, np.zeros(K)), response.mean(balanced), rtol=1e-14)
