"""Tables against R, statsmodels and brglm2 (reference/inference.json), and against dense matrices written down here."""

import json
import warnings
from pathlib import Path

import certified
import naive
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import each_value, few
from problems import base, digest
from scipy import stats

from fastreg import DataWarning, fit_path, relax_path, table
from fastreg.testing import check_family

STORED = json.loads((Path(__file__).parents[1] / "reference" / "inference.json").read_text())
P = base()
RESPONSES = {"gaussian": "gaussian", "binomial": "binary", "poisson": "count", "gamma": "positive"}
ROWS = {"sample_weight": P["weight"], "offset": P["offset"]}


def close(found, expected, size=2e-13):
    np.testing.assert_allclose(found, expected, rtol=0, atol=size)


def test_the_problem_is_the_one_of_the_reference():
    for name, sums in STORED["problem"]["digest"].items():
        np.testing.assert_allclose(digest({name: P[name]})[name], sums, rtol=1e-14)


@few(4)
@pytest.mark.parametrize("family", RESPONSES)
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array, pd.DataFrame], ids=["dense", "sparse", "frame"])
def test_unpenalised_fits_are_those_of_r_and_statsmodels(family, kind):
    X, y, wanted = kind(P["X"]), P[RESPONSES[family]], STORED["wald"][family]
    path = fit_path(X, y, family=family, alphas=[0.0], **ROWS)
    found = table(path, X, y, **ROWS)
    close(found.estimate, wanted["coef"])
    close(found.se, wanted["se"])
    assert found.dispersion == pytest.approx(wanted["dispersion"], rel=1e-13)
    close(table(path, X, y, covariance="HC0", **ROWS).se, wanted["se_sandwich_hc0"])
    if family == "gamma":
        close(table(path, X, y, information="observed", **ROWS).se, wanted["se_observed"])
    estimated = family in ("gaussian", "gamma")
    law = stats.t(60 - 9) if estimated else stats.norm
    assert found.test == ("t" if estimated else "z") and found.degrees_left == 60 - 9
    close(found.statistic, found.estimate / found.se)
    close(found.p_value, 2 * law.sf(np.abs(found.statistic)))
    close(found.interval, found.estimate[:, None] + np.outer(found.se, law.ppf([0.025, 0.975])))


def test_ridge_has_both_conventions():
    wanted = STORED["ridge"]
    path = fit_path(P["X"], P["binary"], family="binomial", l1_ratio=0.0, alphas=[1.0, wanted["alpha"]], **ROWS)
    found = table(path, P["X"], P["binary"], wanted["alpha"], **ROWS)
    close(found.estimate, wanted["coef"])
    close(found.se, wanted["se_posterior"])
    close(found.more["se_estimator"], wanted["se_estimator"])
    assert found.degrees_left == pytest.approx(60 - wanted["degrees_of_freedom"], rel=1e-13)
    other = table(path, P["X"], P["binary"], wanted["alpha"], ridge="estimator", **ROWS)
    close(other.se, wanted["se_estimator"])
    close(other.more["se_posterior"], wanted["se_posterior"])


def test_profiles_are_those_of_the_reference():
    path = fit_path(P["X"], P["binary"], family="binomial", alphas=[0.0], **ROWS)
    found = table(path, P["X"], P["binary"], interval="profile", **ROWS)
    close(found.interval, STORED["profile"]["intervals"], 2e-11)  # the reference's roots are good to 1e-12


def test_firth_is_brglm2s():
    path = fit_path(P["X"], P["binary"], family="binomial", n_alphas=3)
    close(table(path, P["X"], P["binary"], 0.0, correction="firth").estimate, STORED["firth"]["base"]["coef"])
    X, y = P["X"][:, :2], (P["X"][:, 0] > 0.2).astype(float)
    path = fit_path(X, y, family="binomial", alphas=[0.1])
    wanted = STORED["firth"]["separated"]["coef"]
    close(table(path, X, y, 0.0, correction="firth").estimate, wanted, 3e-11)  # R's own is 2e-11 away


def by_hand(X, y, found, alpha, *, family, weight, offset, factor, fit_intercept, standardize, l1_ratio):
    """What the covariances are made of, with dense matrices: (A, J, M, W u, fisher) in the users' weights."""
    scale = np.ones(X.shape[1])
    if standardize:
        middle = weight @ X / weight.sum()
        scale = np.sqrt(weight @ (X - middle) ** 2 / weight.sum())
    kind = naive.FAMILIES[family]
    A = np.column_stack([np.ones(len(X)), X]) if fit_intercept else X
    eta = offset + A @ found.estimate
    fisher = np.ones(len(X)) if family == "gamma" else kind.curvature(y, eta)
    l2 = np.r_[np.zeros(int(fit_intercept)), alpha * (1 - l1_ratio) * factor * scale**2]
    J = (A.T * (weight * fisher)) @ A
    return A, J, np.linalg.inv(J + weight.sum() * np.diag(l2)), weight * kind.residual(y, eta), weight * fisher


@few(8)
@pytest.mark.parametrize("family", RESPONSES)
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("covariance", ["model", "HC0", "HC1", "cluster"])
def test_covariances_by_dense_matrices(family, l1_ratio, fit_intercept, standardize, kind, covariance):
    n, p, alpha = 80, 5, 0.1
    X, y = certified.draw(family, n=n, p=p, density=0.7)
    X[:, 2] = 40.0 + 3.0 * X[:, 2]
    rng = np.random.default_rng(1)
    weight, offset, groups = rng.uniform(0.5, 2.0, n), 0.1 * rng.normal(size=n), rng.integers(0, 9, n)
    weight[:4] = 0.0
    factor = np.array([1.0, 0.0, 2.0, 1.0, 0.5]) if l1_ratio == 0.0 else np.zeros(p)
    terms = {"l1_ratio": l1_ratio, "fit_intercept": fit_intercept, "standardize": standardize}
    path = fit_path(
        kind(X), y, family=family, penalty_factor=factor, alphas=[1.0, alpha], sample_weight=weight, offset=offset,
        **terms,
    )  # fmt: skip
    given = {"covariance": covariance} | ({"groups": groups.astype(str)} if covariance == "cluster" else {})
    found = table(path, kind(X), y, alpha, sample_weight=weight, offset=offset, **given)
    A, J, M, score, fisher = by_hand(
        X, y, found, alpha, family=family, weight=weight, offset=offset, factor=factor, **terms
    )
    assert np.abs(np.linalg.inv(M) @ (M @ (A.T @ score - (np.linalg.inv(M) - J) @ found.estimate))).max() < 1e-10 * n
    k, count = np.trace(M @ J), n - 4
    phi = np.nansum(np.where(weight > 0, score**2 / np.where(weight > 0, fisher, 1.0), 0.0)) / (count - k)
    phi = phi if family in ("gaussian", "gamma") else 1.0
    if covariance == "model":
        expected = phi * M
        if l1_ratio == 0.0:
            close(found.more["se_estimator"], np.sqrt(np.diag(phi * M @ J @ M)), 1e-11)
    else:
        S = A * score[:, None]
        correction = {"HC0": 1.0, "HC1": count / (count - k)}.get(covariance)
        if covariance == "cluster":
            S = np.array([S[groups == g].sum(axis=0) for g in range(9)])
            correction = 9 / 8 * (count - 1) / (count - k)
        expected = M @ S.T @ S @ M * correction
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-9, atol=1e-10 * np.abs(expected).max())
    close(found.se, np.sqrt(np.diag(expected)), 1e-10)


@each_value
@pytest.mark.parametrize("family", RESPONSES)
@pytest.mark.parametrize("given", [
    {}, {"covariance": "HC0"}, {"covariance": "HC1"}, {"covariance": "cluster"}, {"dispersion": "pearson"},
    {"interval": "profile"}, {"information": "observed"},
])  # fmt: skip
def test_frequencies_are_rows_repeated(family, given):
    X, y = certified.draw(family, n=40, p=3)
    counts = np.random.default_rng(2).integers(0, 4, 40)
    many = np.repeat(np.arange(40), counts)
    labels = np.arange(40) % 11
    groups = {"groups": labels} if given.get("covariance") == "cluster" else {}
    path = fit_path(X, y, family=family, alphas=[0.0], sample_weight=counts)
    found = table(path, X, y, sample_weight=counts, weights="frequency", **given, **groups)
    groups = {"groups": labels[many]} if groups else {}
    wanted = table(fit_path(X[many], y[many], family=family, alphas=[0.0]), X[many], y[many], **given, **groups)
    for name in ("estimate", "se", "statistic", "p_value", "lower", "upper", "dispersion", "degrees_left"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-8, atol=1e-9)


def test_firth_takes_frequencies_and_offsets():
    X, y = certified.draw("binomial", n=40, p=3)
    counts, offset = np.random.default_rng(2).integers(0, 4, 40), np.linspace(-1, 1, 40)
    many = np.repeat(np.arange(40), counts)
    path = fit_path(X, y, family="binomial", alphas=[0.0], sample_weight=counts, offset=offset)
    found = table(path, X, y, sample_weight=counts, offset=offset, correction="firth", interval="profile")
    path = fit_path(X[many], y[many], family="binomial", alphas=[0.0], offset=offset[many])
    wanted = table(path, X[many], y[many], offset=offset[many], correction="firth", interval="profile")
    for name in ("estimate", "se", "statistic", "lower", "upper"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-8)


def penalised_likelihood(A, y, z):
    """The logarithm of Firth's likelihood."""
    mean = naive.Binomial.mean(A @ z)
    return -naive.Binomial.loss(y, A @ z).sum() + 0.5 * np.linalg.slogdet((A.T * (mean * (1 - mean))) @ A)[1]


@pytest.mark.slow
def test_profiles_of_separable_classes_end_where_firths_likelihood_has_fallen():
    from scipy.optimize import minimize

    X, y = P["X"][:, :2], (P["X"][:, 0] > 0.2).astype(float)
    path = fit_path(X, y, family="binomial", alphas=[0.1])
    found = table(path, X, y, 0.0, correction="firth", interval="profile")
    A = np.column_stack([np.ones(60), X])
    best = penalised_likelihood(A, y, found.estimate)
    for j in range(3):
        others = np.delete(np.arange(3), j)

        def fall(value, j=j, others=others):
            def objective(rest):
                return -penalised_likelihood(A, y, np.insert(rest, j, value))

            size = value / found.estimate[j] * np.array([[0.3], [1.0], [3.0]])
            starts = [found.estimate[others], *(size * found.estimate[others])]
            options = {"maxiter": 4000, "xatol": 1e-9, "fatol": 1e-12}
            for _ in range(2):  # begun again, since a simplex may collapse
                runs = [minimize(objective, start, method="Nelder-Mead", options=options) for start in starts]
                starts = [run.x for run in runs]
            return 2.0 * (best + min(run.fun for run in runs))

        for end in found.interval[j]:
            assert fall(end) == pytest.approx(stats.chi2.ppf(0.95, 1), abs=1e-4)
        assert fall(0.0) == pytest.approx(found.statistic[j] ** 2, abs=1e-3)


def test_the_profile_of_least_squares_is_walds_interval():
    X, y = certified.draw("gaussian", n=30, p=4)
    path = fit_path(X, y, alphas=[0.0])
    found, wald = (table(path, X, y, interval=each) for each in ("profile", "wald"))
    for name in ("statistic", "p_value", "lower", "upper"):
        np.testing.assert_allclose(getattr(found, name), getattr(wald, name), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("family", ["poisson", "gamma"])
def test_profiles_by_fits_that_hold_a_coefficient_in_the_offset(family):
    X, y = certified.draw(family, n=50, p=3)
    path = fit_path(X, y, family=family, l1_ratio=0.0, alphas=[0.02], standardize=True)
    found = table(path, X, y, interval="profile", level=0.8)
    kind = naive.FAMILIES[family]
    l2 = 0.02 * X.var(axis=0)

    def objective(intercept, coef):
        return kind.loss(y, intercept + X @ coef).mean() + 0.5 * l2 @ coef**2

    best, j, others = objective(found.estimate[0], found.estimate[1:]), 1, [0, 2]
    q = stats.norm.ppf(0.9) if family == "poisson" else stats.t(found.degrees_left).ppf(0.9)
    for end in found.interval[1 + j]:
        held = certified.fit(
            X[:, others],
            y,
            family=family,
            l1_ratio=0.0,
            alphas=[0.02],
            standardize=True,
            offset=end * X[:, j],
            tol=1e-13,
        )
        coef = np.insert(held.coef(0.02)[0], j, end)
        ratio = 2 * 50 * (objective(held.intercepts[0], coef) - best) / found.dispersion
        assert ratio == pytest.approx(q**2, rel=1e-8)


def test_coefficients_at_a_bound_are_held_there():
    X, y = certified.draw("poisson", n=60, p=4)
    path = fit_path(
        X, y, family="poisson", alphas=[0.0], lower=[-0.05, -0.1, 0.0, -np.inf], upper=[0.1, 0.0, 1.0, np.inf]
    )
    found = table(path, X, y)
    coef = path.coef(0.0)[0]
    held = np.isnan(found.se[1:])
    assert held.tolist() == [True, True, False, False] and np.array_equal(found.estimate[1:][held], coef[held])
    offset = X[:, held] @ coef[held]
    wanted = table(
        fit_path(X[:, ~held], y, family="poisson", alphas=[0.0], offset=offset), X[:, ~held], y, offset=offset
    )
    keep = np.r_[True, ~held]
    for name in ("estimate", "se", "p_value", "lower"):
        np.testing.assert_allclose(getattr(found, name)[keep], getattr(wanted, name), rtol=1e-9)
    assert "at a bound, so that they have no standard error: x0, x1" in repr(found)
    with pytest.raises(ValueError, match="does not know bounds"):
        table(path, X, y, interval="profile")


def test_columns_that_are_left_out_are_told():
    X, y = certified.draw("gaussian", n=30, p=4)
    X[:, 1] = 3.0
    path = fit_path(X, y, alphas=[0.0], penalty_factor=[0.0, 0.0, np.inf, 0.0])
    found = table(path, X, y)
    assert np.isnan(found.se).tolist() == [False, False, True, True, False] and found.estimate[2] == 0.0
    wanted = table(fit_path(X[:, [0, 3]], y, alphas=[0.0]), X[:, [0, 3]], y)
    np.testing.assert_allclose(found.se[[0, 1, 4]], wanted.se, rtol=1e-12)
    assert "left out, being constant, excluded or the level of reference" in repr(found)
    assert found.covariance.shape == (5, 5)


def test_the_fit_is_made_anew_wherever_the_path_was():
    """Coarse, loose, far from the alpha asked for: the table is of the minimum all the same."""
    X, y = certified.draw("gamma", n=60, p=5)
    rough = fit_path(X, y, family="gamma", l1_ratio=0.0, alphas=[10.0, 1.0], tol=0.1)
    fine = fit_path(X, y, family="gamma", l1_ratio=0.0, alphas=[0.3, 0.03], tol=1e-12)
    for alpha in (0.3, 0.03, 0.0):
        np.testing.assert_allclose(table(rough, X, y, alpha).estimate, table(fine, X, y, alpha).estimate, rtol=1e-10)


def test_weights_are_real():
    X, y = certified.draw("poisson", n=60, p=3)
    path = fit_path(X, y, family="poisson", alphas=[0.0])
    one, four = table(path, X, y), table(path, X, y, sample_weight=4.0)
    np.testing.assert_allclose(one.se, 2.0 * four.se, rtol=1e-12)
    same = table(path, X, y, sample_weight=4.0, dispersion="pearson")
    np.testing.assert_allclose(table(path, X, y, dispersion="pearson").se, same.se, rtol=1e-12)
    assert same.test == "t" and table(path, X, y, dispersion="pearson", test="z").test == "z"


class Rates:
    """A penalty of one's own: l1 and l2 rates for each column."""

    def __init__(self, l1, l2):
        self.l1, self.l2 = l1, l2

    def rates(self, p):
        return np.full(p, self.l1), np.full(p, 1.0) * self.l2


def test_a_penalty_of_ones_own():
    X, y = certified.draw("poisson", n=60, p=3)
    factor = np.array([0.0, 1.0, 3.0])
    found = table(fit_path(X, y, family="poisson", penalty=Rates(0.0, factor), alphas=[0.1]), X, y)
    path = fit_path(X, y, family="poisson", l1_ratio=0.0, penalty_factor=factor, alphas=[0.1])
    wanted = table(path, X, y)
    for name in ("estimate", "se", "upper"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-10)
    with pytest.raises(ValueError, match="3 of 3 columns are under an l1 penalty"):
        table(fit_path(X, y, family="poisson", penalty=Rates(0.5, 0.0), alphas=[0.1]), X, y)


class Doubled(naive.NamedTuple):
    """A family of one's own: least squares that does not say so."""

    y: np.ndarray
    weight: np.ndarray

    name, quadratic, admits = "doubled", False, "finite numbers"

    def loss(self, i, eta):
        return self.weight[i] * (self.y[i] - eta) ** 2

    def derivatives(self, i, eta):
        return 2.0 * self.weight[i] * (self.y[i] - eta), 2.0 * self.weight[i]

    def divergence(self, i, eta, e):
        return 0.25 * self.weight[i] * e * e

    mean = staticmethod(lambda eta: np.asarray(eta, dtype=float))
    check = staticmethod(np.isfinite)
    degenerate = staticmethod(lambda y: None)

    def separates(self, loss):
        return False


def test_a_family_of_ones_own():
    X, y = certified.draw("gaussian", n=40, p=3)
    check_family(Doubled, y)
    path = fit_path(X, y, family=Doubled, alphas=[0.0])
    plain = fit_path(X, y, alphas=[0.0])
    with pytest.raises(ValueError, match="information='observed'"):
        table(path, X, y, dispersion=1.0)
    with pytest.raises(ValueError, match="pass dispersion= as a number"):
        table(path, X, y, information="observed")
    with pytest.raises(ValueError, match="cannot be estimated"):
        table(path, X, y, information="observed", dispersion="pearson")
    found = table(path, X, y, information="observed", dispersion=2.0)
    np.testing.assert_allclose(found.se, table(plain, X, y, dispersion=1.0).se, rtol=1e-12)
    found = table(path, X, y, information="observed", covariance="HC0")
    np.testing.assert_allclose(found.se, table(plain, X, y, covariance="HC0").se, rtol=1e-12)


X, Y = certified.draw("binomial", n=40, p=4)
LASSO, SMOOTH = {"alphas": [0.1, 0.01]}, {"alphas": [1.0, 0.1], "l1_ratio": 0.0}
REFUSED = [
    (LASSO, {"alpha": 0.01}, "4 of 4 columns are under an l1 penalty.*fastreg.debiased.*fastreg.selective"),
    (SMOOTH, {}, "this path has 2 alphas; say at which"),
    (SMOOTH, {"alpha": -1.0}, "alpha must be in"),
    (SMOOTH, {"alpha": 0.1, "covariance": "HC0", "ridge": "posterior"}, "pass ridge='estimator'"),
    (SMOOTH, {"alpha": 0.1, "covariance": "HC3"}, "covariance must be one of 'model', 'HC0', 'HC1', 'cluster'"),
    (SMOOTH, {"alpha": 0.1, "covariance": "cluster"}, "needs groups="),
    (SMOOTH, {"alpha": 0.1, "groups": np.arange(40)}, "needs groups="),
    (SMOOTH, {"alpha": 0.1, "covariance": "cluster", "groups": np.zeros(40)}, "groups holds 1 group"),
    (SMOOTH, {"alpha": 0.1, "covariance": "cluster", "groups": np.arange(39)}, "a label for each of the 40 rows"),
    (SMOOTH, {"alpha": 0.1, "covariance": "HC1", "interval": "profile"}, "needs covariance='model'"),
    (SMOOTH, {"alpha": 0.1, "correction": "firth"}, "takes the place of a penalty: pass alpha=0"),
    (SMOOTH, {"alpha": 0.1, "dispersion": 0.0}, "dispersion must be in"),
    (SMOOTH, {"alpha": 0.1, "dispersion": "deviance"}, "dispersion must be one of 'pearson'"),
    (SMOOTH, {"alpha": 0.1, "level": 1.0}, "level must be in"),
    (SMOOTH, {"alpha": 0.1, "weights": "counts"}, "weights must be one of 'precision', 'frequency'"),
]  # fmt: skip


@pytest.mark.parametrize("options, given, words", REFUSED)
def test_what_is_refused(options, given, words):
    path = fit_path(X, Y, family="binomial", **options)
    with pytest.raises(ValueError, match=words):
        table(path, X, Y, **given)


def test_other_results_and_families_are_refused():
    x, y = certified.draw("gaussian", n=40, p=4)
    path = fit_path(x, y)
    with pytest.raises(ValueError, match="holds refits on supports"):
        table(relax_path(path, x, y).refit, x, y, 0.1)
    with pytest.raises(ValueError, match=r"path must be a fastreg.Path, got a RelaxedPath; pass its \.path"):
        table(relax_path(path, x, y), x, y, 0.1)
    with pytest.raises(ValueError, match="is that of logistic regression, this is family 'gaussian'"):
        table(path, x, y, 0.0, correction="firth")
    with pytest.raises(ValueError, match="X has 3 columns"):
        table(path, x[:, :3], y, 0.0)


def test_columns_that_depend_on_each_other_are_named():
    frame = pd.DataFrame(certified.draw("poisson", n=40, p=3)[0], columns=["a", "b", "c"])
    frame["sum"] = frame["a"] + 2.0 * frame["c"]
    y = certified.draw("poisson", n=40, p=3)[1]
    path = fit_path(frame, y, family="poisson", l1_ratio=0.0, alphas=[0.1])
    assert np.all(table(path, frame, y).se > 0.0)
    with pytest.raises(ValueError, match="columns 'a', 'c', 'sum' are combinations of each other"):
        table(path, frame, y, 0.0)
    x, y = certified.draw("gaussian", n=10, p=20)
    with pytest.raises(ValueError, match="are combinations of each other"):
        table(fit_path(x, y), x, y, 0.0)
    with pytest.raises(ValueError, match="leave nothing to estimate the dispersion from"):
        table(fit_path(x[:, :9], y, alphas=[0.0]), x[:, :9], y)


@pytest.mark.parametrize("classes", ["all", "some"])
def test_separable_classes_have_no_standard_errors(classes):
    x, _ = certified.draw("binomial", n=60, p=2)
    y = (x[:, 0] > 0.2).astype(float)
    if classes == "some":  # those of a category that has one class only
        y = (np.arange(60) % 3 == 0).astype(float)
        x[:, 0] = np.arange(60) % 5 == 0
        y[x[:, 0] == 1.0] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = fit_path(x, y, family="binomial", alphas=[0.1])
    with pytest.raises(ValueError, match=r"grow without bound have no standard errors.*correction='firth'"):
        table(path, x, y, 0.0)
    assert np.all(np.isfinite(table(path, x, y, 0.0, correction="firth").se))


def test_counts_of_a_category_that_is_always_zero_have_no_standard_errors():
    x, y = certified.draw("poisson", n=60, p=2)
    x[:, 0] = np.arange(60) % 5 == 0
    y[x[:, 0] == 1.0] = 0.0
    path = fit_path(x, y, family="poisson", alphas=[0.1])
    with pytest.raises(ValueError, match="the fit has no finite optimum"):
        table(path, x, y, 0.0)


def test_offsets_and_weights_of_the_fit_are_asked_for():
    x, y = certified.draw("poisson", n=60, p=2)
    path = fit_path(x, y, family="poisson", alphas=[0.0], sample_weight=np.arange(1, 61), offset=np.ones(60))
    with pytest.raises(ValueError, match="fitted with weights"):
        table(path, x, y, offset=0)
    with pytest.raises(ValueError, match="fitted with an offset"):
        table(path, x, y, sample_weight=1)
    table(path, x, y, sample_weight=1, offset=0)


def test_how_it_is_shown():
    x, y = certified.draw("gaussian", n=60, p=3)
    frame = pd.DataFrame(x, columns=["age", "<b>", "sex"])
    found = table(fit_path(frame, y, l1_ratio=0.0, alphas=[0.1]), frame, y, level=0.9)
    lines = repr(found).splitlines()
    assert lines[0].startswith("gaussian, ridge at alpha 0.1, 60 rows, dispersion")
    assert lines[1].split() == ["estimate", "se", "t", "p", "5%", "95%", "se_estimator"]
    assert lines[2].startswith("(intercept)   ") and lines[3].startswith("age           ")
    assert "intervals cover on average" in lines[-1] and len(lines) == 7
    html = found._repr_html_()
    assert "&lt;b&gt;" in html and "<b>" not in html.replace("<b>gaussian", "")
    frame = found.to_frame()
    assert frame.loc["sex", "se"] == found.se[3] and [*frame.columns][-1] == "se_estimator"
    polars = pytest.importorskip("polars")
    assert found.to_frame("polars").filter(polars.col("name") == "age")["upper"][0] == found.upper[1]
    with pytest.raises(ValueError, match="library must be one of"):
        found.to_frame("excel")
    x, y = certified.draw("gaussian", n=200, p=100)
    text = repr(table(fit_path(x, y, alphas=[0.0]), x, y))
    assert "and 41 more, in to_frame()" in text and len(text.splitlines()) == 63


def test_a_constant_column_is_warned_of_once():
    x, y = certified.draw("gaussian", n=30, p=3)
    x[:, 1] = 1.0 + 1e-13 * x[:, 1]
    with pytest.warns(DataWarning, match="constant but for rounding"):
        path = fit_path(x, y, alphas=[0.0], upper=100.0)
    with pytest.warns(DataWarning) as told:
        table(path, x, y)
    assert len(told) == 1


def test_nothing_larger_than_the_information_is_made_of_sparse_columns():
    """150,000 x 300 would take 360 megabytes."""
    import tracemalloc

    rng = np.random.default_rng(0)
    n, p = 150_000, 300
    columns = sp.random_array((n, p), density=1e-3, format="csc", rng=rng, data_sampler=lambda size: np.ones(size))
    y = rng.poisson(np.exp(0.3 * columns[:, [0]].toarray().ravel()))
    path = fit_path(columns, y, family="poisson", l1_ratio=0.0, alphas=[0.01])
    tracemalloc.start()
    for covariance in ("model", "HC0"):
        table(path, columns, y, covariance=covariance)
    table(path, columns, y, covariance="cluster", groups=np.arange(n) % 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80e6
