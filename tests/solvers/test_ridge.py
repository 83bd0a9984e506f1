"""Ridge for all alphas at once: leave-one-out against refits row by row, certificates at every point, and RidgeCV."""

import warnings

import certified
import naive
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peers
from grids import each_value, few, spread
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastreg
from fastreg import Ridge, RidgeCV, fit_path, ridge_loo
from fastreg.design.designs import as_design
from fastreg.estimators.to_sklearn import PEER_VERSION
from fastreg.interface.arguments import FitOptions
from fastreg.interface.validation import check_design
from fastreg.objective.families import Gaussian
from fastreg.paths import plan
from fastreg.paths.setup import build_problem
from fastreg.solvers.ridge.newton import RidgeSystem
from fastreg.solvers.ridge.spectrum import TallSpectrum, WideSpectrum, ridge_spectrum

SHAPES = [(30, 8), (12, 30), (15, 15)]
KINDS = [np.asarray, sp.csc_array]
ALPHAS = np.geomspace(3.0, 1e-3, 9)


def draw(n, p, seed=0):
    """Columns of different scales and means, a third of the values zero."""
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, p)) * np.geomspace(0.3, 3, p) + 1.0) * (rng.random((n, p)) < 0.7)
    y = X[:, :3] @ [1.0, -2.0, 0.5] + 2.0 + rng.normal(size=n)
    return X, y


def options_of(variant, n, p):
    """Arguments of a variant."""
    rng = np.random.default_rng(7)
    return {
        "plain": {},
        "no intercept": {"fit_intercept": False},
        "weights": {"sample_weight": rng.uniform(0.2, 3.0, n)},
        "zero weights": {"sample_weight": np.r_[0.0, 0.0, rng.uniform(0.2, 3.0, n - 2)]},
        "offset": {"offset": rng.normal(size=n)},
        "factors": {"penalty_factor": np.r_[0.0, 2.0, np.inf, 0.0, rng.uniform(0.5, 2.0, p - 4)]},
        "dependent free": {"penalty_factor": np.r_[0.0, 1.0, 0.0, np.ones(p - 3)]},
        "standardize": {"standardize": True},
        "all": {
            "sample_weight": np.r_[0.0, rng.uniform(0.2, 3.0, n - 1)], "offset": rng.normal(size=n),
            "penalty_factor": np.r_[0.0, 2.0, np.inf, rng.uniform(0.5, 2.0, p - 3)], "standardize": True,
        },
        "all without intercept": {
            "sample_weight": rng.uniform(0.2, 3.0, n), "offset": rng.normal(size=n), "fit_intercept": False,
            "penalty_factor": np.r_[0.0, 2.0, np.inf, rng.uniform(0.5, 2.0, p - 3)],
        },
    }[variant]  # fmt: skip


VARIANTS = ["plain", "no intercept", "weights", "zero weights", "offset", "factors", "dependent free", "standardize",
            "all", "all without intercept"]  # fmt: skip


# ---- leave-one-out


@few(2)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_leave_one_out_is_that_of_refits(variant, shape, kind):
    X, y = draw(*shape)
    if variant == "dependent free":
        X[:, 2] = 2.0 * X[:, 0]
    options = options_of(variant, *shape)
    found = ridge_loo(kind(X), y, alphas=ALPHAS, tol=1e-12, keep_predictions=True, **options)
    certified.assert_certified(found.path, X, y, tol=1e-12, l1_ratio=0.0, **options)
    assert found.path.work["grams"] <= 2  # one of X, one of the unpenalised columns
    words = certified.naive_options(options)
    for k in (0, 4, 8):
        expected = naive.ridge_left_out(X, y, ALPHAS[k], **words)
        np.testing.assert_allclose(found.predictions[:, k], expected, rtol=1e-8, atol=1e-8)
        trace, gcv = naive.ridge_hat(X, y, ALPHAS[k], **words)
        assert found.degrees_of_freedom[k] == pytest.approx(trace, rel=1e-9)
        assert found.gcv[k] == pytest.approx(gcv, rel=1e-7)
    weight = options.get("sample_weight", np.ones(shape[0]))
    squares = (y[:, None] - found.predictions) ** 2
    np.testing.assert_allclose(found.errors, np.average(squares, axis=0, weights=weight), rtol=1e-10)
    if variant == "plain":
        np.testing.assert_allclose(found.standard_errors, squares.std(axis=0, ddof=1) / np.sqrt(y.size), rtol=1e-9)


def test_choices_of_alpha():
    X, y = draw(60, 20)
    found = ridge_loo(X, y)
    assert found.alphas.size == 100 and found.path.converged
    best = int(np.argmin(found.errors))
    assert found.alpha_min == found.alphas[best]
    near = found.errors <= found.errors[best] + found.standard_errors[best]
    assert found.alpha_1se == found.alphas[near].max() >= found.alpha_min
    assert found.alpha_gcv == found.alphas[np.argmin(found.gcv)]
    assert np.all(np.diff(found.degrees_of_freedom) > 0)
    assert "alpha_1se" in repr(found) and found.predictions is None
    same = fit_path(X, y, l1_ratio=0.0, alphas=found.alphas)
    np.testing.assert_array_equal(same.coefs.toarray(), found.path.coefs.toarray())


def test_what_leave_one_out_cannot_do():
    X, y = draw(12, 5)
    with pytest.raises(ValueError, match="alphas must be positive"):
        ridge_loo(X, y, alphas=[1.0, 0.0])
    with pytest.raises(ValueError, match="1 sample"):
        ridge_loo(X[:1], y[:1], alphas=[1.0])
    X[:, 0] = np.eye(12)[3]
    with pytest.raises(ValueError, match="leaving out row 3"):
        ridge_loo(X, y, alphas=[1.0], penalty_factor=[0.0, 1, 1, 1, 1])
    with pytest.raises(ValueError, match="decrease"):
        ridge_loo(X, y, alphas=[1.0, 2.0])


# ---- the factorisation


@each_value
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", ["eigen", "svd", "cholesky"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_forms_agree(variant, form, shape, kind):
    X, y = draw(*shape)
    options = options_of(variant, *shape)
    problem = problem_of(kind(X), y, **options)
    spectrum = ridge_spectrum(problem, ALPHAS[-1], form)
    coefs, intercepts = spectrum.solve(y[:, None], ALPHAS)
    words = {"l1_ratio": 0.0, **certified.naive_options(options)}
    scale = naive.null_scale(X, y, **words)
    for coef, intercept, alpha in zip(coefs.T, intercepts, ALPHAS):
        gap = naive.duality_gap(X, y, coef, intercept, alpha, enough=0.99e-12 * scale, **words)
        assert gap <= 1e-12 * scale


def problem_of(X, y, **options):
    return build_problem(X, y, FitOptions(Gaussian, 0.0, **options))


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_choose_the_side(kind):
    for n, p, expected in [(30, 8, TallSpectrum), (12, 30, WideSpectrum), (15, 15, WideSpectrum)]:
        X, y = draw(n, p)
        spectrum = ridge_spectrum(problem_of(kind(X), y), 1.0)
        assert type(spectrum) is expected
        assert spectrum.values.size == (p if expected is TallSpectrum else n - 1)


@pytest.mark.parametrize("shape", [(40, 12), (12, 40)])
def test_little_ridge_on_dependent_columns_is_still_certified(shape):
    """Columns that differ by 1e-7: squared, the difference is rounding; by blocks of X it is not."""
    X, y = draw(*shape)
    rng = np.random.default_rng(3)
    X[:, 1] = X[:, 0] + 1e-7 * rng.normal(size=shape[0])
    alphas = np.geomspace(1e-6, 1e-11, 6)
    certified.assert_certified(fit_path(X, y, l1_ratio=0.0, alphas=alphas, tol=1e-9), X, y, l1_ratio=0.0, tol=1e-9)
    found = ridge_loo(X, y, alphas=alphas, keep_predictions=True)
    for k in (0, 2):
        expected = naive.ridge_left_out(X, y, alphas[k])
        np.testing.assert_allclose(found.predictions[:, k], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("distance", [1.0, 1e-7, 0.0])
def test_a_glm_without_a_penalty_is_solved_by_qr_only_where_columns_nearly_depend(distance, monkeypatch):
    """And is certified to 1e-12 by either."""
    X, y = certified.draw("binomial", n=120, p=6)
    y[::5] = 1.0 - y[::5]  # not separable
    X[:, 1] = X[:, 0] + distance * X[:, 1]
    steps, by_qr = [], RidgeSystem._qr
    monkeypatch.setattr(RidgeSystem, "_qr", lambda *arguments: steps.append(1) or by_qr(*arguments))
    certified.fit(X, y, family="binomial", alphas=[0.0], tol=1e-12)
    assert bool(steps) == (distance < 1.0)


@each_value
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(300, 40), (40, 300)])
def test_a_path_reads_x_a_few_times(shape, kind):
    X, y = draw(*shape)
    path = certified.fit(kind(X), y, l1_ratio=0.0, n_alphas=40, tol=1e-9)
    assert path.work["passes"] < 8 and path.work["grams"] == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_path_that_ends_without_a_penalty(shape):
    X, y = draw(*shape)
    path = fit_path(X, y, l1_ratio=0.0, alphas=[1.0, 0.1, 0.01, 0.0], tol=1e-9)
    assert path.converged
    certified.assert_certified(
        fit_path(X, y, l1_ratio=0.0, alphas=[1.0, 0.1, 0.01], tol=1e-9), X, y, l1_ratio=0.0, tol=1e-9
    )


def test_means_far_from_zero_cost_no_digits():
    X, y = draw(15, 40)
    close, far = ridge_loo(X, y, alphas=ALPHAS), ridge_loo(X + 1e4, y, alphas=ALPHAS)
    np.testing.assert_allclose(far.errors, close.errors, rtol=1e-8)
    tall, shifted = ridge_loo(X.T, X[0], alphas=ALPHAS), ridge_loo(X.T + 1e4, X[0], alphas=ALPHAS)
    np.testing.assert_allclose(shifted.errors, tall.errors, rtol=1e-8)


def test_no_column_that_can_be_used():
    X, y = np.ones((10, 3)), np.arange(10.0)
    found = ridge_loo(X, y, alphas=[1.0, 0.1], keep_predictions=True)
    np.testing.assert_allclose(found.predictions[:, 0], (y.sum() - y) / 9)
    assert found.path.coefs.nnz == 0 and found.degrees_of_freedom[0] == 1.0


# ---- X too large for a factorisation


@few(4)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_one_krylov_basis_serves_all_alphas(variant, shape, kind, monkeypatch):
    monkeypatch.setattr(plan, "LARGEST_FACTOR", 3)
    X, y = draw(*shape)
    options = {"l1_ratio": 0.0, "alphas": ALPHAS, **options_of(variant, *shape)}
    path = certified.fit(kind(X), y, tol=1e-8, **options)
    assert path.work["grams"] <= 1  # of the unpenalised columns
    assert path.work["passes"] < 12 * ALPHAS.size


def test_a_krylov_basis_ends_at_the_gap_wanted(monkeypatch):
    monkeypatch.setattr(plan, "LARGEST_FACTOR", 3)
    X, y = draw(120, 80)
    passes = [certified.fit(X, y, l1_ratio=0.0, alphas=ALPHAS, tol=tol).work["passes"] for tol in (1e-2, 1e-5, 1e-9)]
    assert passes[0] < passes[1] < passes[2] <= 2 * 80 + 10


# ---- GLMs


@few(2)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", [(200, 30), (900, 25), (20, 60)])
@pytest.mark.parametrize("family", ["binomial", "poisson", "gamma"])
def test_ridge_glms_are_certified(family, shape, fit_intercept, weighted, kind):
    X, y = certified.draw(family, n=shape[0], p=shape[1], density=0.6)
    X = X + 0.5  # columns whose means are not zero
    weight = np.random.default_rng(0).uniform(0.2, 3, shape[0]) if weighted else None
    alphas = 0.1 * np.geomspace(1, 1e-3, 8)
    options = {"family": family, "l1_ratio": 0.0, "fit_intercept": fit_intercept, "sample_weight": weight}
    path = certified.fit(kind(X), y, alphas=alphas, tol=1e-7, **options)
    if shape[0] < shape[1]:
        assert path.work["grams"] == 1  # one matrix among rows serves every point and step
        assert path.work["passes"] < 8 * alphas.size


def test_a_tall_logistic_ridge_takes_few_gram_matrices():
    X, y = certified.draw("binomial", n=4000, p=40)
    path = certified.fit(X, y, family="binomial", l1_ratio=0.0, alphas=[1e-3, 1e-4], tol=1e-6)
    assert path.work["grams"] == 0 and path.work["passes"] < 60


@pytest.mark.parametrize("kind", KINDS)
def test_a_sampled_gram_matrix_is_that_of_the_rows(kind):
    X, _ = draw(40, 9)
    rng = np.random.default_rng(2)
    design, h, centre = as_design(check_design(kind(X))), rng.random(12), X.mean(axis=0)
    some, rows = np.array([0, 3, 8]), np.sort(rng.choice(40, 12, replace=False))
    part = X[np.ix_(rows, some)] - centre[some]
    gram, sums = design.by_rows(some, centre).sampled_gram(rows, h)
    np.testing.assert_allclose(gram, (part.T * h) @ part, atol=1e-12)
    np.testing.assert_allclose(sums, part.T @ h, atol=1e-12)
    for rows, block in design.by_rows(some, centre).blocks():
        np.testing.assert_allclose(block, (X[rows][:, some] - centre[some]).T)
    factors = rng.normal(size=(3, 2))
    for rows, block in design.by_rows(some, centre).products(factors):
        np.testing.assert_allclose(block, ((X[rows][:, some] - centre[some]) @ factors).T, atol=1e-12)


# ---- RidgeCV


@spread(12)
@parametrize_with_checks(
    [
        RidgeCV(),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.peers
@parametrize_with_checks(
    [
        RidgeCV(cv=3),
        RidgeCV(fit_intercept=False, gcv_mode="eigen"),
        RidgeCV(alphas=[1e-3, 0.1, 5], gcv_mode="svd", rule="1se"),
    ]
)
def test_scikit_learn_checks_with_other_parameters(estimator, check):
    check(estimator)


PEER_OPTIONS = [
    {},
    {"gcv_mode": "svd"},
    {"gcv_mode": "eigen"},
    {"scoring": "neg_mean_absolute_error"},
    {"alpha_per_target": True},
    {"scoring": "r2", "alpha_per_target": True},
    {"cv": 5},
    {"cv": KFold(4, shuffle=True, random_state=0), "scoring": "r2"},
]


@few(2)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("targets", ["one", "column", "three"])
@pytest.mark.parametrize("shape", [(40, 8), (15, 40)])
@pytest.mark.parametrize("options", PEER_OPTIONS, ids=str)
def test_equals_scikit_learn(options, shape, targets, fit_intercept, weighted):
    if targets == "one" and len(options) == 2 and "alpha_per_target" in options:
        pytest.skip("scikit-learn fails here")
    if PEER_VERSION < (1, 9) and weighted and "cv" in options:
        pytest.skip("older releases of scikit-learn do not weigh the rows that are held out")
    rng = np.random.default_rng(1)
    X, first = draw(*shape)
    y = np.column_stack([first, first + 3 * rng.normal(size=first.size), rng.normal(size=first.size)])
    y = {"one": y[:, 0], "column": y[:, :1], "three": y}[targets]
    weight = rng.uniform(0.2, 3, y.shape[0]) if weighted else None
    keep = {} if "cv" in options else {"store_cv_results": True}
    for alphas in ((0.1, 1, 10), np.geomspace(1000, 1e-3, 7), [2.0]):
        theirs = peers.RidgeCV(alphas, fit_intercept=fit_intercept, **options, **keep).fit(X, y, weight)
        for kind in (np.asarray, sp.csr_matrix):
            ours = RidgeCV(alphas, fit_intercept=fit_intercept, **options, **keep).fit(kind(X), y, weight)
            for name in ("coef_", "intercept_", "alpha_", "best_score_", *(["cv_results_"] if keep else [])):
                mine, other = getattr(ours, name), getattr(theirs, name)
                assert np.shape(mine) == np.shape(other), name
                np.testing.assert_allclose(mine, other, rtol=1e-7, atol=1e-9)
            assert np.all(ours.dual_gap_ <= 1e-6 * (y**2).sum(axis=0))
            np.testing.assert_allclose(ours.predict(kind(X)), theirs.predict(X), rtol=1e-7, atol=1e-8)


def test_rows_of_an_array_are_turned_once_for_all_folds(monkeypatch):
    X, y = draw(40, 8)
    turned, turn = [], np.asfortranarray
    monkeypatch.setattr(np, "asfortranarray", lambda X: turned.append(X.shape) or turn(X))
    RidgeCV(cv=5).fit(np.ascontiguousarray(X), y)
    assert turned.count(X.shape) == 1


def test_the_one_standard_error_rule():
    X, y = draw(40, 8)
    alphas = np.geomspace(1e-3, 1e4, 30)
    best, simple = RidgeCV(alphas).fit(X, y), RidgeCV(alphas, rule="1se").fit(X, y)
    found = ridge_loo(X, y, alphas=alphas[::-1] / 40)
    assert best.alpha_ == pytest.approx(found.alpha_min * 40)
    assert simple.alpha_ == pytest.approx(found.alpha_1se * 40)
    folds = RidgeCV(alphas, cv=5, rule="1se", scoring="neg_mean_squared_error").fit(X, y)
    search = GridSearchCV(Ridge(), {"alpha": alphas}, cv=5, scoring="neg_mean_squared_error").fit(X, y)
    scores = np.array([search.cv_results_[f"split{k}_test_score"] for k in range(5)])
    mean, spread = scores.mean(axis=0), scores.std(axis=0, ddof=1) / np.sqrt(5)
    near = mean >= mean.max() - spread[mean.argmax()]
    assert folds.alpha_ == alphas[near].max() > search.best_params_["alpha"]
    with pytest.raises(ValueError, match=r"rule='1se'.*scoring=None"):
        RidgeCV(rule="1se", scoring="r2").fit(X, y)


def test_repeated_rows_are_left_out_together_by_weights():
    X, y = draw(20, 6)
    times = np.random.default_rng(0).integers(1, 4, 20)
    rows = np.repeat(np.arange(20), times)
    folds = GroupKFold(20).split(X[rows], y[rows], groups=rows)
    alphas = np.geomspace(0.01, 1000, 12)
    repeated = RidgeCV(alphas, cv=folds, scoring="neg_mean_squared_error").fit(X[rows], y[rows])
    ours = RidgeCV(alphas, store_cv_results=True).fit(X, y, sample_weight=times)
    loo = ridge_loo(X, y, alphas=alphas[::-1] / times.sum(), sample_weight=times)
    np.testing.assert_allclose(ours.cv_results_.sum(axis=0)[::-1] / times.sum(), loo.errors)
    np.testing.assert_allclose(RidgeCV([repeated.alpha_]).fit(X, y, times).coef_, repeated.coef_, rtol=1e-9)


def test_penalty_factors_and_certificates():
    X, y = draw(30, 8)
    weight, factor = np.random.default_rng(0).uniform(0.2, 3, 30), np.r_[0.0, 2.0, np.inf, np.ones(5)]
    model = RidgeCV(np.geomspace(1e-2, 1e2, 9), penalty_factor=factor).fit(X, y, weight)
    options = {"l1_ratio": 0.0, "weight": weight, "factor": factor}
    gap = naive.duality_gap(X, y, model.coef_, model.intercept_, model.alpha_ / weight.sum(), **options)
    assert gap <= 1e-12 * naive.null_scale(X, y, **options) and model.coef_[2] == 0.0
    loo = [naive.ridge_left_out(X, y, a / weight.sum(), weight=weight, factor=factor) for a in model.alphas]
    scores = [-np.mean(weight * (y - each) ** 2) for each in loo]
    assert model.alpha_ == model.alphas[np.argmax(scores)]
    assert model.best_score_ == pytest.approx(max(scores))


def test_what_ridge_cv_refuses():
    X, y = draw(12, 5)
    for options, error, message in [
        ({"alphas": (1, -1)}, ValueError, r"alphas\[1\] == -1, must be > 0.0"),
        ({"alphas": (1, "1")}, TypeError, r"alphas\[1\] must be an instance of float, not str"),
        ({"alphas": ()}, ValueError, "at least one"),
        ({"alphas": (0.0, 1.0)}, ValueError, r"alphas\[0\] == 0.0, must be > 0.0"),
        ({"gcv_mode": "qr"}, ValueError, "gcv_mode"),
        ({"selection": "max"}, ValueError, "selection"),
        ({"cv": 3, "store_cv_results": True}, ValueError, "cv!=None and store_cv_results=True are incompatible"),
        ({"cv": 3, "alpha_per_target": True}, ValueError, "cv!=None and alpha_per_target=True are incompatible"),
    ]:
        with pytest.raises(error, match=message):
            RidgeCV(**options).fit(X, y)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        RidgeCV().fit(X, y, groups=np.ones(12))
    RidgeCV(alphas=(0.0, 1.0), cv=3).fit(X, y)
    assert RidgeCV(alphas=2).fit(X, y).alpha_ == 2.0


def test_metadata_goes_to_the_scorer_and_the_splitter():
    X, y = draw(30, 5)
    weight, groups = np.random.default_rng(0).uniform(0.5, 2, 30), np.arange(30) % 5
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(mean_absolute_error, greater_is_better=False).set_score_request(sample_weight=True)
        model = RidgeCV(cv=GroupKFold(5), scoring=scorer).fit(X, y, sample_weight=weight, groups=groups)
        RidgeCV().fit(X, y, sample_weight=weight)
        RidgeCV().get_metadata_routing()
    folds = list(GroupKFold(5).split(X, y, groups))
    plain = RidgeCV(cv=folds, scoring="neg_mean_absolute_error").fit(X, y, sample_weight=weight)
    assert model.alpha_ == plain.alpha_ and model.best_score_ == pytest.approx(plain.best_score_)


def test_float32_and_warnings():
    X, y = draw(30, 5)
    model = RidgeCV().fit(X.astype(np.float32), y)
    assert model.coef_.dtype == np.float32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RidgeCV([1e-16, 1e16]).fit(X, y)
        RidgeCV([1e-16, 1e16]).fit(X[:5], y[:5])


# ---- several responses of Ridge


@few(2)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("alpha", [1.5, np.geomspace(0.1, 10, 40), 1e-14, 0.0], ids=["one", "many", "tiny", "none"])
def test_responses_share_a_factorisation(alpha, shape, fit_intercept, weighted):
    X, _ = draw(*shape)
    rng = np.random.default_rng(5)
    Y = X[:, :4] @ rng.normal(size=(4, 40)) + rng.normal(size=(shape[0], 40))
    weight = rng.uniform(0.2, 3, shape[0]) if weighted else None
    for kind in KINDS:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            model = Ridge(alpha, fit_intercept=fit_intercept).fit(kind(X), Y, weight)
        assert model.coef_.shape == (40, shape[1]) and model.dual_gap_.shape == (40,)
        for t in (0, 17, 39):
            one = Ridge(np.broadcast_to(alpha, 40)[t], fit_intercept=fit_intercept).fit(kind(X), Y[:, t], weight)
            np.testing.assert_allclose(model.coef_[t], one.coef_, rtol=1e-6, atol=1e-7)


def test_public_names():
    assert fastreg.ridge_loo is ridge_loo and fastreg.RidgeCV is RidgeCV
