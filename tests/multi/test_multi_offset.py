"""Offsets of several responses and of classes: fits certified by naive_multi, and relations to fits without."""

import naive_multi as naive
import numpy as np
import pytest
import scipy.sparse as sp
from certified_multi import draw, fit
from grids import each_value, few

from fastreg import fit_multi_path, fit_path, load_path

FACTOR = np.r_[0.0, 2.0, np.inf, 0.5, np.ones(6)]
OPTIONS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "weights": {"sample_weight": np.r_[0.0, np.linspace(0.2, 3, 39)]},
    "all": {"sample_weight": np.linspace(0.2, 3, 40), "penalty_factor": FACTOR, "standardize": True},
}


def offsets(size=1.0, K=3):
    return size * np.random.default_rng(9).normal(size=(40, K))


@each_value
@pytest.mark.parametrize("more", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_every_point_is_certified(family, l1_ratio, more):
    X, Y = draw(family, density=0.8)
    options = {"family": family, "l1_ratio": l1_ratio, "offset": offsets(), "n_alphas": 5, "alpha_min_ratio": 0.05}
    path = fit(X, Y, **options, **more)
    assert path.has_offset
    fit(sp.csc_array(X), Y, **options, **more)
    words = {"sample_weight": "weight", "penalty_factor": "factor"}
    top = {words.get(name, name): value for name, value in more.items()} | {"l1_ratio": max(l1_ratio, 1e-3)}
    if family == "multinomial" or l1_ratio > 0.0:
        assert path.alpha_max == pytest.approx(naive.alpha_max(X, Y, family=family, offset=offsets(), **top), rel=1e-8)


@few(2)
@pytest.mark.parametrize("size", [10.0, 100.0])
@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_large_offsets_are_certified(family, size):
    X, Y = draw(family)
    fit(X, Y, family=family, offset=offsets(size), n_alphas=5, alpha_min_ratio=0.1)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.0])
def test_least_squares_with_an_offset_are_those_of_the_rest(l1_ratio):
    X, Y = draw("gaussian")
    path = fit(X, Y, offset=offsets(), l1_ratio=l1_ratio, n_alphas=5, tol=1e-12)
    rest = fit(X, Y - offsets(), l1_ratio=l1_ratio, alphas=path.alphas, tol=1e-12)
    for k in range(5):
        np.testing.assert_allclose(path.point(k)[0], rest.point(k)[0], atol=1e-5)
        np.testing.assert_allclose(path.point(k)[1], rest.point(k)[1], atol=1e-5)


def test_what_all_classes_share_changes_nothing():
    X, y = draw("multinomial")
    shared = np.repeat(np.linspace(-3, 3, 40)[:, None], 3, axis=1)
    options = {"family": "multinomial", "n_alphas": 5, "tol": 1e-10}
    plain = fit(X, y, **options)
    for offset in (shared, 7.0):
        path = fit_multi_path(X, y, offset=offset, **options)
        np.testing.assert_allclose(path.alphas, plain.alphas, rtol=1e-10)
        np.testing.assert_allclose(path.point(4)[0], plain.point(4)[0], atol=1e-5)


def test_two_classes_are_binomial_with_the_difference():
    X, y = draw("multinomial", K=2)
    offset = offsets(K=2)
    alphas = np.geomspace(0.2, 0.01, 5)
    two = fit(X, y, family="multinomial", alphas=alphas, offset=offset, tol=1e-12)
    one = fit_path(X, y, family="binomial", alphas=alphas, offset=offset[:, 1] - offset[:, 0], tol=1e-12)
    np.testing.assert_allclose((two.coefs[1] - two.coefs[0]).toarray(), one.coefs.toarray(), atol=1e-5)
    np.testing.assert_allclose(two.intercepts[1] - two.intercepts[0], one.intercepts, atol=1e-5)


@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_predictions_ask_for_the_offset_of_their_rows(family, tmp_path):
    X, Y = draw(family)
    path = fit_multi_path(X, Y, family=family, offset=offsets(), n_alphas=4)
    path.save(tmp_path / "path.json")
    alpha = path.alphas[2]
    for each in (path, load_path(tmp_path / "path.json")):
        with pytest.raises(ValueError, match="was fitted with an offset"):
            each.predict(X, alpha)
        coef, intercepts = each.coef(alpha)
        eta = X @ coef + intercepts
        np.testing.assert_allclose(each.linear_predictor(X, alpha, 0), eta)
        np.testing.assert_allclose(each.linear_predictor(X, alpha, offsets()), eta + offsets())
        np.testing.assert_allclose(
            each.predict(X, alpha, offset=offsets()), naive.FAMILIES[family].mean(eta + offsets())
        )
    plain = fit_multi_path(X, Y, family=family, n_alphas=4)
    assert not plain.has_offset and plain.predict(X, plain.alphas[2], offset=offsets()).shape == (40, 3)


@pytest.mark.parametrize(
    "offset, message",
    [
        (np.zeros(40), r"offset must be a matrix \(rows, 3 responses or classes\), got an array of shape \(40,\)"),
        (np.zeros((40, 2)), "offset must be a matrix"),
        (np.zeros((39, 3)), "39 values, but X has 40"),
        (np.full((40, 3), np.nan), r"offset\[:, 0\].*NaN"),
    ],
)
@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_bad_offsets_are_refused(family, offset, message):
    X, Y = draw(family)
    with pytest.raises(ValueError, match=message):
        fit_multi_path(X, Y, family=family, offset=offset)
    path = fit_multi_path(X, Y, family=family, n_alphas=3)
    with pytest.raises(ValueError, match=message):
        path.predict(X, path.alphas[0], offset=offset)


def test_a_class_without_weight_has_no_part_in_the_offset():
    from fastreg.interface.arguments import FitOptions, Grid
    from fastreg.multi.driver import solve_classes

    X, y = draw("multinomial")
    weight = np.where(y == 1, 0.0, 1.0)
    options = FitOptions("multinomial", sample_weight=weight, offset=offsets(), tol=1e-10)
    path = solve_classes(X, y, options, Grid([0.05]))
    kept = y != 1
    two = fit_multi_path(X[kept], y[kept], family="multinomial", alphas=[0.05], offset=offsets()[kept][:, [0, 2]],
                         tol=1e-10)  # fmt: skip
    assert path.has_offset and path.intercepts[1, 0] == -np.inf
    np.testing.assert_allclose(path.point(0)[0][:, [0, 2]], two.point(0)[0], atol=1e-5)
