"""The intercept: fitted from wherever an offset puts it, and asked by every certificate."""

import certified
import numpy as np
import pytest
from grids import each_value, few

import fastreg
from fastreg import fit_path
from fastreg.design.designs import as_design
from fastreg.multi.fit_multi_path import fit_multi_path
from fastreg.multi.losses import Softmax, SquaredError
from fastreg.objective.duality_gap import balanced, levelled
from fastreg.objective.families import FAMILIES, balance, linearise, with_intercept
from fastreg.objective.penalties import ElasticNet
from fastreg.objective.problem import Problem

GLMS = ["binomial", "poisson", "gamma"]
GRID = {"n_alphas": 8, "alpha_min_ratio": 0.02, "tol": 1e-12}


def assert_same(path, plain, constant=0.0, scale=1.0):
    """The same coefficients and certificates, with an intercept that takes up the constant."""
    assert path.reasons == plain.reasons == ["converged"] * plain.alphas.size
    assert np.abs((path.coefs - plain.coefs).toarray()).max() <= 1e-9 * np.abs(plain.coefs.toarray()).max()
    assert np.allclose(path.intercepts + constant, plain.intercepts, atol=1e-9)
    assert path.alpha_max == pytest.approx(scale * plain.alpha_max, rel=1e-12)


@few(2)
@pytest.mark.parametrize("constant", [100.0, 600.0, 700.0, -700.0, -5000.0])
@pytest.mark.parametrize("family", GLMS)
def test_a_constant_offset_changes_the_intercept_alone(family, constant):
    X, y = certified.draw(family, n=60, p=8, seed=1)
    factor = np.r_[0.0, np.ones(7)]
    for options in ({}, {"penalty_factor": factor}, {"l1_ratio": 0.0}, {"lower": -0.2, "upper": 0.3}):
        plain = certified.fit(X, y, family=family, **options, **GRID)
        moved = fit_path(X, y, family=family, offset=np.full(60, constant), **options, **GRID)
        assert_same(moved, plain, constant)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize("family", ["poisson", "gamma"])
def test_the_unit_of_y_changes_the_intercept_alone(family, scale):
    X, y = certified.draw(family, n=60, p=8, seed=2)
    plain = certified.fit(X, y, family=family, **GRID)
    units = scale if family == "poisson" else 1.0  # the loss of counts has their unit
    assert_same(fit_path(X, scale * y, family=family, **GRID), plain, -np.log(scale), units)


@pytest.mark.parametrize("shift", [1e5, 1e8, -1e10])
def test_least_squares_far_from_zero(shift):
    """Rounding of y leaves residuals that do not sum to zero; the certificate takes them as they are."""
    X, y = certified.draw("gaussian", n=60, p=8, seed=3)
    plain = certified.fit(X, y, **GRID)
    for solver in ("auto", "coordinate_descent"):
        path = fit_path(X, y + shift, tol=1e-6, n_alphas=8, alpha_min_ratio=0.02, solver=solver)
        assert path.converged
        assert np.allclose(
            path.coefs.toarray(), plain.coefs.toarray(), atol=1e-3 if solver != "auto" else 1e-6 * abs(shift) ** 0.5
        )


@pytest.mark.parametrize(("family", "offset"), [("poisson", 600.0), ("gamma", -600.0)])
def test_an_offset_that_no_intercept_takes_up_is_refused(family, offset):
    X, y = certified.draw(family, n=30, p=4)
    with pytest.raises(ValueError, match=r"overflow: .* row 0 is -?600, of which the offset is -?600"):
        fit_path(X, y, family=family, offset=np.full(30, offset), fit_intercept=False)


@few(1)
@pytest.mark.parametrize("family", GLMS)
def test_offsets_that_differ_by_hundreds(family):
    y = certified.draw(family, n=40, p=5, seed=4)[1]
    offset = np.linspace(-700, 700, 40)
    bound = FAMILIES[family](y, np.full(40, 1 / 40))
    eta = with_intercept(bound, offset)
    assert np.ptp(eta - offset) <= 1e-9
    residual = np.array([bound.derivatives(i, eta[i])[0] for i in range(40)])
    assert abs(residual.sum()) <= 1e-9 * np.abs(residual).sum()


def unbalanced(family="poisson", fit_intercept=True):
    """A problem and a state whose residuals do not sum to zero."""
    X, y = certified.draw(family, n=30, p=5, seed=5)
    weight = np.full(30, 1 / 30)
    args = np.zeros(30), fit_intercept, ElasticNet(1.0), np.ones(5), False
    problem = Problem(as_design(np.asfortranarray(X)), FAMILIES[family](y, weight), *args)
    state = problem.start()
    state.eta += 0.1
    residuals = [problem.family.derivatives(i, state.eta[i]) for i in range(30)]
    state.residual[:], state.curvature[:] = np.array(residuals).T
    return problem, state


def test_a_residual_that_does_not_sum_to_zero_is_no_dual_point():
    problem, state = unbalanced()
    assert not balanced(problem, state.residual)
    dual = levelled(problem, state)
    assert balanced(problem, dual) and dual is not state.residual
    assert not balanced(problem, np.full(30, np.nan))
    problem, state = unbalanced(fit_intercept=False)
    assert balanced(problem, state.residual) and levelled(problem, state) is state.residual


@each_value
@pytest.mark.parametrize(
    ("solver", "l1_ratio"), [("coordinate_descent", 1.0), ("proximal_gradient", 0.5), ("auto", 0.0)]
)
@pytest.mark.parametrize("bounds", [{}, {"lower": -1.0, "upper": 1.0}])
@pytest.mark.parametrize("family", ["gaussian", *GLMS])
def test_no_certificate_is_given_while_the_intercept_is_wrong(monkeypatch, family, bounds, solver, l1_ratio):
    """An intercept that is always off by a hundredth: no strategy may call a point converged."""
    X, y = certified.draw(family, n=60, p=8, seed=6)
    options = {"family": family, "l1_ratio": l1_ratio, "n_alphas": 6, "alpha_min_ratio": 0.05, **bounds}
    right = certified.fit(X, y, **options)

    def off(family, eta, residual, curvature, longest):
        shift = balance(family, eta, residual, curvature, longest)
        eta += 0.01
        linearise(family, eta, residual, curvature)
        return shift + 0.01

    monkeypatch.setattr("fastreg.objective.problem.balance", off)
    with pytest.warns(fastreg.ConvergenceWarning):
        wrong = fit_path(X, y, solver=solver, **options | {"alphas": right.alphas})
    scale = wrong.work["null_loss"]
    excess = certified.objectives(wrong, X, y, **options) - certified.objectives(right, X, y, **options)
    assert np.all(wrong.gaps * scale >= excess - 1e-6 * scale)
    assert not wrong.converged


@pytest.mark.parametrize("shift", [0.0, 1e10])
def test_several_responses_ask_their_intercepts_too(shift):
    rng = np.random.default_rng(7)
    X = rng.normal(size=(50, 6))
    Y = shift + X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(50, 3))
    path = fit_multi_path(X, Y, n_alphas=6, alpha_min_ratio=0.05, tol=1e-6)
    plain = fit_multi_path(X, Y - shift, n_alphas=6, alpha_min_ratio=0.05, tol=1e-6)
    assert path.converged and plain.converged
    assert np.allclose(path.alphas, plain.alphas, rtol=1e-4)


@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.0])
def test_several_responses_are_not_certified_while_intercepts_are_wrong(monkeypatch, family, l1_ratio):
    rng = np.random.default_rng(8)
    X, labels = rng.normal(size=(40, 4)), np.arange(40) % 3
    Y = labels if family == "multinomial" else np.eye(3)[labels] + X[:, :3]

    response = SquaredError if family == "gaussian" else Softmax
    balanced_well = response.balance

    def off(self, eta, intercepts):
        balanced_well(self, eta, intercepts)
        shift = np.array([0.02, -0.03, 0.01])
        eta += shift[:, None]
        intercepts += shift

    right = fit_multi_path(X, Y, family=family, l1_ratio=l1_ratio, n_alphas=4)
    monkeypatch.setattr(response, "balance", off)
    with pytest.warns(fastreg.ConvergenceWarning):
        wrong = fit_multi_path(X, Y, family=family, l1_ratio=l1_ratio, alphas=right.alphas)
    assert right.converged and wrong.reasons == ["stalled"] * 4


@pytest.mark.parametrize("scale", [1e-80, 1e-100, 1e-150, 1e-300])
@pytest.mark.parametrize("name", ["binomial", "poisson"])
def test_means_too_small_for_a_curvature_are_refused_and_others_fitted(name, scale):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(60, 3))
    y = rng.poisson(np.exp(0.5 * X[:, 0])).astype(float) / 10.0
    if scale < 1e-80:
        with pytest.raises(ValueError, match=r"underflow: .* rescale y"):
            fit_path(X, scale * y, family=name, n_alphas=4)
        return
    path, counts = (fit_path(X, s * y, family=name, n_alphas=4, tol=1e-12) for s in (scale, 1e-9))
    assert path.converged
    np.testing.assert_allclose(path.coefs.toarray(), counts.coefs.toarray(), rtol=0.0, atol=1e-6)


def test_an_intercept_is_fitted_from_anywhere():
    """From a linear predictor that is far away, whose rounding errors are larger than the residuals' sum in the end."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        family = FAMILIES["gaussian"](rng.normal(size=200), np.full(200, 1.0 / 200.0))
        eta = rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(0.0, 15.0) + 10.0 ** rng.uniform(-3.0, 3.0) * rng.normal(
            size=200
        )
        residual, curvature = np.empty(200), np.empty(200)
        balance(family, eta, residual, curvature, np.inf)
        assert abs(residual.sum()) <= 1e-10 * np.abs(residual).sum()
