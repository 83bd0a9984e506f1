"""Information criteria: degrees of freedom against derivatives of refitted responses, likelihoods against SciPy's."""

import certified
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few, pairwise
from scipy import optimize, special, stats

from fastreg import fit_path, information_criteria

STEP = 1e-5


def slope_of_fits(X, y, **options):
    """sum_i d fit_i / d y_i at every alpha, by refitting with each response moved up and down."""
    total = 0.0
    for i in range(y.size):
        moved = []
        for sign in (1.0, -1.0):
            near = y.copy()
            near[i] += sign * STEP
            path = certified.fit(X, near, tol=1e-13, check=(certified.dense(X), near), **options)
            moved.append(certified.dense(X)[i] @ path.coefs.toarray() + path.intercepts)
        total = total + (moved[0] - moved[1]) / (2 * STEP)
    return total


@few(1)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("shape", [(24, 6), (9, 20)], ids=["tall", "wide"])
@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array], ids=["dense", "sparse"])
def test_degrees_of_freedom_are_the_slope_of_the_fits(l1_ratio, shape, kind):
    n, p = shape
    X, y = certified.draw("gaussian", n=n, p=p, density=0.8)
    factor = np.ones(p)
    factor[[0, 2]] = 0.0, 2.0
    options = {"l1_ratio": l1_ratio, "penalty_factor": factor, "standardize": True, "alphas": [0.5, 0.2, 0.06],
               "sample_weight": np.linspace(0.5, 1.5, n)}  # fmt: skip
    path = certified.fit(kind(X), y, check=(X, y), tol=1e-13, **options)
    expected = slope_of_fits(kind(X), y, **options)
    del options["alphas"], options["l1_ratio"]
    criteria = information_criteria(path, kind(X), y, **options)
    np.testing.assert_allclose(criteria.df, expected, rtol=1e-5)
    assert criteria.n_candidates == p - 1


@pairwise
@pytest.mark.parametrize("family", ["binomial", "poisson", "gamma"])
@pytest.mark.parametrize("shape", [(30, 6), (15, 40)], ids=["tall", "wide"])
@pytest.mark.parametrize("l1_ratio", [0.5, 0.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_degrees_of_freedom_of_other_families_are_the_trace(family, shape, l1_ratio, fit_intercept):
    n, p = shape
    X, y = certified.draw(family, n=n, p=p)
    factor = np.ones(p)
    factor[1] = 0.0
    options = {"penalty_factor": factor, "fit_intercept": fit_intercept}
    path = fit_path(X, y, family=family, l1_ratio=l1_ratio, alphas=[0.3, 0.1], tol=1e-10, **options)
    criteria = information_criteria(path, X, y, **options)
    for k, alpha in enumerate(path.alphas):
        coef, intercept = certified.column(path, k)
        eta = X @ coef + intercept
        mean = path.predict(X, alpha)
        h = {"binomial": mean * (1 - mean), "poisson": mean, "gamma": y / np.exp(eta)}[family] / n
        support = np.flatnonzero(coef)
        A, ridge = X[:, support], alpha * (1 - l1_ratio) * factor[support]
        if fit_intercept:
            A, ridge = np.column_stack([np.ones(n), A]), np.append(0.0, ridge)
        H = A.T @ (h[:, None] * A)
        assert criteria.df[k] == pytest.approx(np.trace(np.linalg.solve(H + np.diag(ridge), H)), rel=1e-8)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_least_squares_without_penalty_counts_its_columns(fit_intercept):
    X, y = certified.draw("gaussian", n=30, p=8)
    X[:, 7] = X[:, 0] + X[:, 1]
    path = fit_path(X, y, l1_ratio=0.0, alphas=[0.1, 0.0], fit_intercept=fit_intercept)
    criteria = information_criteria(path, X, y, fit_intercept=fit_intercept)
    assert criteria.df[1] == pytest.approx(7 + fit_intercept)


def log_likelihoods(family, y, mean, loss):
    """The log-likelihood of each point by SciPy's densities, a variance or shape at its best."""
    if family == "gaussian":
        return [stats.norm.logpdf(y, m, np.sqrt(np.mean((y - m) ** 2))).sum() for m in mean]
    if family == "binomial":
        return [stats.bernoulli.logpmf(y, m).sum() for m in mean]
    if family == "poisson":
        return [stats.poisson.logpmf(y, m).sum() - stats.poisson.logpmf(y, y).sum() for m in mean]

    def best(m):
        worst = lambda log_a: -stats.gamma.logpdf(y, np.exp(log_a), scale=m / np.exp(log_a)).sum()  # noqa: E731
        return -optimize.minimize_scalar(worst, bounds=(-5, 10), method="bounded", options={"xatol": 1e-10}).fun

    return [best(m) + np.log(y).sum() for m in mean]


@few(2)
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson", "gamma"])
def test_criteria_follow_their_formulas(family):
    X, y = certified.draw(family, n=40, p=10)
    path = fit_path(X, y, family=family, n_alphas=15)
    criteria = information_criteria(path, X, y, gamma=0.5)
    expected = log_likelihoods(family, y, [path.predict(X, alpha) for alpha in path.alphas], None)
    np.testing.assert_allclose(criteria.minus_two_log_likelihood, -2 * np.array(expected), rtol=1e-9)
    K, n, features = criteria.parameters, 40, path.n_nonzero
    np.testing.assert_array_equal(K, features + 1 + (family in ("gaussian", "gamma")))
    base = criteria.minus_two_log_likelihood
    np.testing.assert_allclose(criteria.aic, base + 2 * K)
    np.testing.assert_allclose(criteria.aicc, base + 2 * K + 2 * K * (K + 1) / (n - K - 1))
    np.testing.assert_allclose(criteria.bic, base + np.log(n) * K)
    np.testing.assert_allclose(criteria.ebic, criteria.bic + np.log(special.comb(10, features)))
    for name in ("aic", "aicc", "bic", "ebic"):
        values = getattr(criteria, name)
        assert criteria.alpha_best(name) == path.alphas[values.argmin()]
        assert name in criteria.summary(4)


def test_a_known_variance_takes_the_place_of_the_profile():
    X, y = certified.draw("gaussian", n=40, p=10)
    path = fit_path(X, y, n_alphas=5)
    criteria = information_criteria(path, X, y, variance=1.3)
    expected = [-2 * stats.norm.logpdf(y, path.predict(X, alpha), np.sqrt(1.3)).sum() for alpha in path.alphas]
    np.testing.assert_allclose(criteria.minus_two_log_likelihood, expected)
    np.testing.assert_array_equal(criteria.parameters, criteria.df)


@pytest.mark.parametrize("family", ["gaussian", "binomial", "gamma"])
def test_counts_as_weights_equal_repeated_rows(family):
    X, y = certified.draw(family, n=30, p=6)
    counts = np.arange(30) % 4
    path = fit_path(X, y, family=family, sample_weight=counts, l1_ratio=0.5, n_alphas=8, tol=1e-10)
    repeated = np.repeat(X, counts, axis=0), np.repeat(y, counts)
    other = fit_path(*repeated, family=family, l1_ratio=0.5, alphas=path.alphas, tol=1e-10)
    one = information_criteria(path, X, y, sample_weight=counts, n_observations=counts.sum())
    two = information_criteria(other, *repeated)
    for name in ("df", "aic", "aicc", "bic", "ebic"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-5)


def test_the_true_columns_are_chosen_by_the_extended_criterion():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 500))
    y = X[:, :3] @ [2.0, -2.0, 1.5] + rng.normal(size=100)
    path = fit_path(X, y)
    criteria = information_criteria(path, X, y)
    assert set(path.support(criteria.alpha_best("ebic"))) >= {0, 1, 2}
    assert len(path.support(criteria.alpha_best("ebic"))) <= 10
    assert np.isinf(criteria.aicc[-1]) or criteria.parameters[-1] < 99


def test_points_that_are_not_certified_are_not_chosen():
    X, y = certified.draw("gaussian", n=40, p=10)
    path = fit_path(X, y, n_alphas=15)
    best = information_criteria(path, X, y).index_best("aic")
    path.reasons[best] = "max_iter"
    assert information_criteria(path, X, y).index_best("aic") != best
    path.reasons = ["max_iter"] * 15
    with pytest.raises(ValueError, match="finite at no certified point"):
        information_criteria(path, X, y).alpha_best("aic")


def test_errors_name_the_argument():
    X, y = certified.draw("binomial")
    path = fit_path(X, y, family="binomial", n_alphas=5)
    with pytest.raises(ValueError, match="variance is for family='gaussian'"):
        information_criteria(path, X, y, variance=1.0)
    with pytest.raises(ValueError, match="name must be one of 'aic'"):
        information_criteria(path, X, y).alpha_best("cp")
    with pytest.raises(ValueError, match="gamma must be in"):
        information_criteria(path, X, y, gamma=2.0)
    with pytest.raises(ValueError, match="explains"):
        information_criteria(path, X, 1 - y)
