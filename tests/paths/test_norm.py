"""The point of a path with a given sum of absolute coefficients."""

import numpy as np
import pytest
from grids import few
from sklearn.linear_model import lars_path

import fastreg
from fastreg.paths.norm import on_line

rng = np.random.default_rng(11)
X = rng.normal(size=(90, 12)) @ (np.eye(12) + 0.3)
ETA = X[:, :4] @ [1.0, -0.7, 0.4, 0.2]
Y = ETA + rng.normal(size=90)


def lars_at(norm):
    """The lasso with this norm, on the line between two kinks of the path that least angle regression gives."""
    _, _, coefs = lars_path(X - X.mean(axis=0), Y - Y.mean(), method="lasso")
    norms = np.abs(coefs).sum(axis=0)
    k = int(np.flatnonzero(norms >= norm)[0])
    share = (norm - norms[k - 1]) / (norms[k] - norms[k - 1])
    return coefs[:, k - 1] + share * (coefs[:, k] - coefs[:, k - 1])


@few(3)
@pytest.mark.parametrize("norm", [0.01, 0.3, 0.9, 1.7, 2.3])
@pytest.mark.parametrize("n_alphas", [4, 60])
def test_a_lasso_of_least_squares_is_exact(norm, n_alphas):
    path = fastreg.fit_path(X, Y, n_alphas=n_alphas)
    coef, intercept = path.coef_at_norm(norm, X, Y)
    np.testing.assert_allclose(coef, lars_at(norm), atol=1e-9)
    assert np.abs(coef).sum() == pytest.approx(norm, rel=1e-12)
    assert intercept == pytest.approx(Y.mean() - X.mean(axis=0) @ coef, abs=1e-9)


def test_few_refits_meet_a_line(monkeypatch):
    path, counted = fastreg.fit_path(X, Y, n_alphas=60), []
    refit = fastreg.Path.refit
    monkeypatch.setattr(fastreg.Path, "refit", lambda *args, **own: counted.append(1) or refit(*args, **own))
    path.coef_at_norm(1.7, X, Y)
    assert len(counted) <= 8


@few(2)
@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("binomial", {}),
        ("poisson", {"l1_ratio": 0.5}),
        ("gamma", {"standardize": True}),
        ("gaussian", {"l1_ratio": 0.3}),
        ("gaussian", {"lower": 0.0}),
        ("gaussian", {"l1_ratio": 0.0}),
    ],
)
def test_other_fits_are_refitted_until_the_norm_is_met(family, options):
    y = {
        "gaussian": Y, "binomial": (Y > 0.0).astype(float), "poisson": np.floor(np.exp(0.3 * Y)),
        "gamma": np.exp(0.3 * Y),
    }[family]  # fmt: skip
    weight, offset = rng.uniform(0.5, 1.5, 90), 0.1 * rng.normal(size=90)
    rows = {"sample_weight": weight, "offset": offset}
    path = fastreg.fit_path(X, y, family=family, n_alphas=10, alpha_min_ratio=1e-3, **options, **rows)
    norms = np.abs(path.coefs.toarray()).sum(axis=0)
    norm = 0.4 * norms[5] + 0.6 * norms[6]
    coef, intercept = path.coef_at_norm(norm, X, y, **rows)
    assert np.abs(coef).sum() == pytest.approx(norm, rel=2e-9)
    alphas = np.linspace(path.alphas[5], path.alphas[6], 200)  # coefficients of a fit to the same data, at some alpha
    near = path.refit(X, y, alphas, **rows)
    away = np.abs(near.coefs.toarray() - coef[:, None]).max(axis=0)
    assert away.min() < 0.02 * np.abs(coef).max()
    exact = path.refit(X, y, float(np.interp(norm, np.abs(near.coefs.toarray()).sum(axis=0), near.alphas)), **rows)
    np.testing.assert_allclose(exact.coefs.toarray().ravel(), coef, atol=2e-3 * np.abs(coef).max())
    assert intercept == pytest.approx(float(exact.intercepts[0]), abs=5e-3)


def test_without_data_it_is_on_the_line_between_points():
    path = fastreg.fit_path(X, Y, n_alphas=20)
    norms = np.abs(path.coefs.toarray()).sum(axis=0)
    for k in (5, 10, 15):
        coef, intercept = path.coef_at_norm(float(norms[k]))
        np.testing.assert_array_equal(coef, path.coefs[:, [k]].toarray().ravel())
        assert intercept == path.intercepts[k]
        between = 0.5 * (norms[k] + norms[k + 1])
        coef, _ = path.coef_at_norm(between)
        assert np.abs(coef).sum() == pytest.approx(between, rel=1e-12)
        shares = [path.coef(alpha)[0] for alpha in np.linspace(path.alphas[k], path.alphas[k + 1], 201)]
        assert np.abs(np.array(shares) - coef).max(axis=1).min() < 1e-3
    assert not path.coef_at_norm(0.0)[0].any()


def test_a_line_with_changes_of_sign():
    class End:
        def __init__(self, coef, intercept):
            self.coef, self.intercept = np.array(coef), intercept

    coef, intercept = on_line(End([1.0, -1.0, 0.0], 0.0), End([-2.0, 1.0, 5.0], 1.0), 4.0)
    assert np.abs(coef).sum() == pytest.approx(4.0, rel=1e-14)
    np.testing.assert_allclose(coef, [1.0 - 3.0 * intercept, -1.0 + 2.0 * intercept, 5.0 * intercept], rtol=1e-14)


def test_norms_that_a_path_does_not_have_are_told():
    path = fastreg.fit_path(X, Y, alphas=[0.5, 0.1])
    with pytest.raises(ValueError, match=r"norm must be at most .* fit a path that goes on to a smaller alpha"):
        path.coef_at_norm(99.0)
    with pytest.raises(ValueError, match=r"norm must be at least .* fit a path that begins at a larger alpha"):
        path.coef_at_norm(0.001)
    with pytest.raises(ValueError, match="takes X and y together"):
        path.coef_at_norm(1.0, X)
    with pytest.raises(ValueError, match="norm must be"):
        path.coef_at_norm(-1.0)


def test_names_of_glmnet_stand_for_the_rules():
    found = fastreg.cv_path(X, Y, cv=4, n_alphas=20)
    relaxed = fastreg.cv_relaxed(X, Y, cv=4, n_alphas=10)
    for own in ("min", "1se"):
        theirs = f"lambda.{own}"
        for result in (found, relaxed):
            np.testing.assert_array_equal(result.coef(theirs)[0], result.coef(own)[0])
            np.testing.assert_array_equal(result.predict(X, theirs), result.predict(X, own))
            assert result.support(theirs) == result.support(own)
        assert found.alpha(theirs) == found.alpha(own)
    judged = [
        fastreg.nested_cv_relaxed(X, Y, outer=2, cv=2, n_alphas=5, selection=each) for each in ("min", "lambda.min")
    ]
    assert judged[0].choices == judged[1].choices
    with pytest.raises(ValueError, match="selection must be"):
        found.coef("lambda.best")
