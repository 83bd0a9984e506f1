"""A family of a user's own: a NamedTuple as fastreg.objective.protocol has it, defined outside the package."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from grids import few
from own_families import Fair

import fastreg
from fastreg.interface.validation import ParameterError
from fastreg.objective.families import FAMILIES
from fastreg.testing import ContractError, check_family


def test_a_family_of_ones_own_is_certified_and_robust():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 10))
    y = X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=80)
    y[:4] += 100.0  # outliers that least squares would follow
    path = fastreg.fit_path(X, y, family=Fair, alphas=[0.1, 0.01, 0.001], tol=1e-12)
    assert path.converged and path.family == "fair"
    coef, intercept = path.coef(0.001)
    error = y - intercept - X @ coef
    residual = error / (1.0 + np.abs(error)) / 80
    correlation = X.T @ residual
    inside = coef != 0.0
    assert abs(residual.sum()) < 1e-12
    assert np.allclose(correlation[inside], 0.001 * np.sign(coef[inside]), atol=1e-9)
    assert np.all(np.abs(correlation) <= 0.001 * (1.0 + 1e-6))
    assert np.allclose(coef[:2], [1.0, -1.0], atol=0.1) and np.allclose(path.predict(X, 0.001), y - error)


class Huber(NamedTuple):
    """Huber's loss with delta = 1: linear, so without curvature, beyond an error of one."""

    y: np.ndarray
    weight: np.ndarray

    name = "huber"
    quadratic = False
    admits = "finite numbers"

    def loss(self, i, eta):
        size = abs(self.y[i] - eta)
        return self.weight[i] * (0.5 * size**2 if size <= 1.0 else size - 0.5)

    def derivatives(self, i, eta):
        error = self.y[i] - eta
        return self.weight[i] * min(max(error, -1.0), 1.0), self.weight[i] * (1.0 if abs(error) <= 1.0 else 1e-6)

    def divergence(self, i, eta, e):
        error = self.y[i] - eta
        if abs(min(max(error, -1.0), 1.0) - e) > 1.0 + 1e-14:
            return math.inf
        return self.weight[i] * (0.5 * e**2 + max(abs(error) - 1.0, 0.0) * abs(e))

    mean, check, degenerate, separates = Fair.mean, Fair.check, Fair.degenerate, Fair.separates


def huber_gap(X, y, coef, intercept, alpha, l1_ratio=1.0, factor=1.0):
    """A gap by plain formulas: primal less dual at the residual, scaled where it must be."""
    error = y - intercept - X @ coef
    weight = 1.0 / y.size
    nu = weight * np.clip(error, -1.0, 1.0)
    nu = nu - nu.mean() if abs(nu.sum()) < 1e-9 * np.abs(nu).sum() else np.full(y.size, np.nan)
    nu /= max(1.0, np.abs(nu / weight).max())
    l1, l2 = alpha * l1_ratio * factor, alpha * (1.0 - l1_ratio) * factor
    size = np.abs(error)
    primal = weight * np.where(size <= 1.0, 0.5 * size**2, size - 0.5).sum() + np.sum(l1 * abs(coef) + l2 * coef**2 / 2)
    c = np.abs(X.T @ nu) * (np.zeros_like(coef) + factor > 0)
    if l1_ratio == 1.0:
        s = min(1.0, *(l1 / np.maximum(c, 1e-300))[np.broadcast_to(factor, c.shape) > 0])
        return primal - (s * nu @ y - 0.5 * s**2 * (nu**2).sum() / weight)
    return primal - (nu @ y - 0.5 * (nu**2).sum() / weight - np.sum(np.maximum(c - l1, 0.0) ** 2 / (2.0 * l2)))


@few(1)
@pytest.mark.parametrize("shift", [0.0, 1e5, -1e5])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_a_loss_without_curvature_far_out_is_certified_wherever_y_lies(shift, l1_ratio):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 20))
    y = X[:, 0] - X[:, 1] + rng.standard_t(1.5, size=200) + shift
    path = fastreg.fit_path(X, y, family=Huber, l1_ratio=l1_ratio, n_alphas=10, alpha_min_ratio=0.02, tol=1e-8)
    assert path.converged and path.intercepts[-1] == pytest.approx(shift, abs=0.5)
    scale = path.work["null_loss"]
    for k, alpha in enumerate(path.alphas):
        coef, intercept = path.coefs[:, [k]].toarray().ravel(), path.intercepts[k]
        assert huber_gap(X, y, coef, intercept, alpha, l1_ratio) <= 2e-8 * scale


def test_a_loss_without_curvature_far_out_takes_unpenalised_columns():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(200, 20))
    y = 3.0 * X[:, 0] - X[:, 1] + rng.standard_t(1.5, size=200)
    factor = np.r_[0.0, np.ones(19)]
    path = fastreg.fit_path(X, y, family=Huber, penalty_factor=factor, n_alphas=10, alpha_min_ratio=0.02, tol=1e-10)
    assert path.converged
    coef, intercept = path.coef(path.alphas[-1])
    residual = np.clip(y - intercept - X @ coef, -1.0, 1.0) / 200
    assert abs(residual.sum()) < 1e-10 and abs(X[:, 0] @ residual) < 1e-8
    ridge = fastreg.fit_path(X, y, family=Huber, l1_ratio=0.0, alphas=[0.1, 0.0], tol=1e-10)
    assert ridge.converged


class Flat(Huber):
    def derivatives(self, i, eta):
        error = self.y[i] - eta
        return self.weight[i] * min(max(error, -1.0), 1.0), self.weight[i] * (1.0 if abs(error) <= 1.0 else 0.0)


class Boastful(Huber):
    bend = 1.0


class Small(Huber):
    def divergence(self, i, eta, e):
        return 0.4 * self.weight[i] * e**2


class Wrong(Huber):
    def derivatives(self, i, eta):
        return 2.0 * self.weight[i] * (self.y[i] - eta), self.weight[i]


class Concave(Huber):
    def loss(self, i, eta):
        return self.weight[i] * math.sqrt(abs(self.y[i] - eta))

    def derivatives(self, i, eta):
        error = self.y[i] - eta
        return self.weight[i] * math.copysign(0.5 / math.sqrt(max(abs(error), 1e-12)), error), self.weight[i]


class Heavy(Huber):
    def loss(self, i, eta):
        size = abs(self.y[i] - eta)
        return 0.5 * size**2 if size <= 1.0 else size - 0.5


class Parts(Huber):
    def log_link_parts(self, i, eta):
        return 1.0, 2.0


class Doubled(FAMILIES["gaussian"]):
    """Twice the least-squares loss, rightly stated but for `quadratic`, which is inherited: True."""

    name = "doubled"

    def loss(self, i, eta):
        return self.weight[i] * (self.y[i] - eta) ** 2

    def derivatives(self, i, eta):
        return 2.0 * self.weight[i] * (self.y[i] - eta), 2.0 * self.weight[i]

    def divergence(self, i, eta, e):
        return 0.25 * self.weight[i] * e * e


class DoubledAndSaid(Doubled):
    quadratic = False


class QuadraticHuber(Huber):
    quadratic = True


class ZeroOutside(Huber):
    def divergence(self, i, eta, e):
        error = self.y[i] - eta
        if abs(min(max(error, -1.0), 1.0) - e) > 1.0 + 1e-14:
            return 0.0
        return self.weight[i] * (0.5 * e**2 + max(abs(error) - 1.0, 0.0) * abs(e))


class NothingOutside(Huber):
    """The formula of the inside, wherever the dual point lies."""

    def divergence(self, i, eta, e):
        return self.weight[i] * (0.5 * e**2 + max(abs(self.y[i] - eta) - 1.0, 0.0) * abs(e))


class FairZeroOutside(Fair):
    def divergence(self, i, eta, e):
        value = Fair.divergence(self, i, eta, e)
        return 0.0 if value == math.inf else value


class FairNanOutside(Fair):
    def divergence(self, i, eta, e):
        error, size = self.y[i] - eta, abs(self.y[i] - eta)
        u = error / (1.0 + size) - e
        return self.weight[i] * (size - math.log1p(size) - abs(u) - math.log1p(-abs(u)) - u * error)


class PoissonZeroOutside(FAMILIES["poisson"]):
    def divergence(self, i, eta, e):
        value = FAMILIES["poisson"].divergence(self, i, eta, e)
        return 0.0 if value == math.inf else value


class SquaredWeight(Huber):
    def divergence(self, i, eta, e):
        return self.weight[i] * Huber.divergence(self, i, eta, e)


class WithoutWeight(Huber):
    def divergence(self, i, eta, e):
        error = self.y[i] - eta
        if abs(min(max(error, -1.0), 1.0) - e) > 1.0 + 1e-14:
            return math.inf
        return 0.5 * e**2 + max(abs(error) - 1.0, 0.0) * abs(e)


Y = np.linspace(-4.0, 4.0, 30) ** 3


@few(3)
@pytest.mark.parametrize(
    ("family", "words"),
    [
        (Flat, "the curvature at eta = .* is 0; it must be above zero"),
        (Boastful, "by a larger factor than .* where bend = 1"),
        (Small, "below loss plus conjugate, .*: certificates would be false"),
        (Wrong, "but the loss's slope there is"),
        (Concave, "the loss is not convex"),
        (Heavy, "for weight 1, but .* for weight 2"),
        (Parts, "they do not differ by the residual"),
        (ZeroOutside, "beyond the residuals found, is 0, below loss plus conjugate"),
        (NothingOutside, "it must be infinite outside the conjugate's domain"),
        (FairZeroOutside, "beyond the residuals found, is 0, below loss plus conjugate"),
        (FairNanOutside, "beyond the residuals found, is nan, below loss plus conjugate"),
        (SquaredWeight, "divergence at eta = .* for weight 1, but .* for weight 2"),
        (WithoutWeight, "divergence at eta = .* for weight 1, but .* for weight 2"),
        (Doubled, "quadratic = True says .* set quadratic = False"),
        (QuadraticHuber, "quadratic = True says .* set quadratic = False"),
    ],
)
def test_a_broken_contract_is_named(family, words):
    with pytest.raises(ContractError, match=words):
        check_family(family, Y)


@few(2)
@pytest.mark.parametrize("y", [[0.0, 1.0, 4.0], [1e6, 3.0, 2e5], [1e-6, 0.0, 3e-6]])
def test_a_divergence_that_vanishes_outside_a_domain_of_one_end_is_named(y):
    with pytest.raises(ContractError, match="beyond the residuals found, is 0, below loss plus conjugate"):
        check_family(PoissonZeroOutside, y)


X_OWN = np.random.default_rng(5).normal(size=(120, 4))
Y_OWN = X_OWN @ [1.0, -1.0, 0.5, 0.0] + np.random.default_rng(6).normal(size=120)
BINDERS = {
    "fit_path": lambda family: fastreg.fit_path(X_OWN, Y_OWN, family=family, l1_ratio=0.0, alphas=[0.1]),
    "the lasso": lambda family: fastreg.fit_path(X_OWN, Y_OWN, family=family),
    "cv_path": lambda family: fastreg.cv_path(X_OWN, Y_OWN, family=family, cv=3),
    "cv_relaxed": lambda family: fastreg.cv_relaxed(X_OWN, Y_OWN, family=family, cv=3, n_alphas=5),
    "stability_selection": lambda family: fastreg.stability_selection(X_OWN, Y_OWN, family=family, n_pairs=3),
    "adaptive_factor": lambda family: fastreg.adaptive_factor(X_OWN, Y_OWN, family=family),
}


@few(2)
@pytest.mark.parametrize("family", [Doubled, QuadraticHuber])
@pytest.mark.parametrize("binder", BINDERS)
def test_a_family_that_is_not_quadratic_as_it_says_is_refused_wherever_it_meets_data(binder, family):
    with pytest.raises(ParameterError, match=rf"family '{family.name}': quadratic = True .* quadratic = False"):
        BINDERS[binder](family)


@few(1)
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_family_of_ones_own_that_is_least_squares_may_say_so(scale, l1_ratio):
    class Mine(FAMILIES["gaussian"]):
        name = "mine"

    weight = np.random.default_rng(7).random(120) * (np.arange(120) % 3 > 0)
    y = scale * Y_OWN
    check_family(Mine, y)
    options = {"sample_weight": weight, "l1_ratio": l1_ratio, "tol": 1e-12}
    own, known = (fastreg.fit_path(X_OWN, y, family=each, n_alphas=5, **options) for each in (Mine, "gaussian"))
    assert own.converged and np.allclose(own.coefs.toarray(), known.coefs.toarray(), rtol=1e-8, atol=1e-9 * scale)


def test_twice_least_squares_is_fitted_rightly_once_it_does_not_say_quadratic():
    path = fastreg.fit_path(X_OWN, Y_OWN, family=DoubledAndSaid, l1_ratio=0.0, alphas=[0.5], tol=1e-12)
    X, y = X_OWN - X_OWN.mean(axis=0), Y_OWN - Y_OWN.mean()
    wanted = np.linalg.solve(2.0 * X.T @ X / 120 + 0.5 * np.eye(4), 2.0 * X.T @ y / 120)
    assert path.converged and np.allclose(path.coef(0.5)[0], wanted, atol=1e-6)


@pytest.mark.slow
def test_families_keep_their_contract():
    rng = np.random.default_rng(3)
    check_family(Fair, Y)
    check_family(Huber, Y)
    for y in (1e5 + Y, 1e6 * Y, 1e-6 * Y, 1e5 + 1e-6 * Y):  # breakpoints far below, and far beyond, the spread of y
        check_family(Huber, y)
    responses = {
        "gaussian": [Y, 1e5 + Y, 1e-6 * Y],
        "binomial": [np.arange(30) % 2, rng.random(30)],
        "poisson": [rng.poisson(3.0, 30), 1e6 * rng.random(30), 1e-6 * rng.random(30)],
        "gamma": [rng.gamma(2.0, size=30), 1e-6 * rng.gamma(2.0, size=30)],
    }
    for name, family in FAMILIES.items():
        for y in responses[name]:
            check_family(family, y)


def test_responses_that_the_family_does_not_admit_are_named():
    with pytest.raises(ContractError, match="does not admit -1"):
        check_family(FAMILIES["poisson"], [1.0, -1.0])
    with pytest.raises(ContractError, match=r"lacks loss, derivatives"):
        check_family(int, [1.0])


def test_a_family_without_curvature_is_told_of_when_it_is_fitted():
    X = np.random.default_rng(4).normal(size=(30, 3))
    with pytest.raises(ValueError, match=r"family 'huber' returns a curvature of 0 for row \d+ .*check_family"):
        fastreg.fit_path(X, Y, family=Flat)


def test_a_class_without_the_verbs_is_refused_by_name():
    class Nothing:
        pass

    with pytest.raises(ValueError, match="which lacks loss, derivatives"):
        fastreg.fit_path(np.eye(3), np.arange(3.0), family=Nothing)


def test_an_object_of_a_family_is_refused_with_the_class_to_pass():
    with pytest.raises(ValueError, match="must be a class, not one of its objects: pass family=Fair"):
        fastreg.fit_path(np.ones((Y.size, 1)), Y, family=Fair(Y, np.ones(Y.size)))
