"""Several responses: every solution certified by naive_multi, against a plain solver, and by relations."""

import pickle

import naive_multi as naive
import numpy as np
import pytest
import scipy.sparse as sp
from certified_multi import draw, fit, naive_options
from grids import few

from fastreg import ConvergenceWarning, fit_multi_path, fit_path
from fastreg.design.designs import as_design
from fastreg.multi import group_descent
from fastreg.multi.group_newton import Hessian
from fastreg.multi.group_penalties import Entries
from fastreg.multi.losses import Softmax
from fastreg.multi.problem import MultiProblem
from fastreg.multi.row_descent import descend_rows
from fastreg.multi.working_set import PairSet
from fastreg.objective.penalties import ElasticNet

FACTOR = np.r_[0.0, 2.0, np.inf, 0.5, np.ones(6)]
OPTIONS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "weights": {"sample_weight": np.r_[0.0, np.linspace(0.2, 3, 39)]},
    "factors": {"penalty_factor": FACTOR},
    "standardize": {"standardize": True},
    "all": {"sample_weight": np.linspace(0.2, 3, 40), "penalty_factor": FACTOR, "standardize": True},
}


@few(2)
@pytest.mark.parametrize("more", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_every_point_is_certified_dense_and_sparse_alike(family, l1_ratio, more):
    X, Y = draw(family, density=0.8)
    options = {"family": family, "l1_ratio": l1_ratio, "n_alphas": 6, "alpha_min_ratio": 0.03, **more}
    dense = fit(X, Y, **options)
    sparse = fit(sp.csc_array(X), Y, **options)
    for k in range(6):
        np.testing.assert_allclose(
            naive.FAMILIES[family].mean(dense.linear_predictor(X, dense.alphas[k])),
            naive.FAMILIES[family].mean(sparse.linear_predictor(X, dense.alphas[k])),
            atol=1e-3,
        )
        words = naive_options({"family": family, "l1_ratio": l1_ratio, **more})
        words.pop("fit_intercept", None)
        a, b = (naive.objective(X, Y, *path.point(k), path.alphas[k], **words) for path in (dense, sparse))
        assert a == pytest.approx(b, rel=1e-8)


@few(2)
@pytest.mark.parametrize("options", [OPTIONS["plain"], OPTIONS["all"]], ids=["plain", "all"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4, 0.0])
@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_no_worse_than_proximal_gradient(family, l1_ratio, options):
    X, Y = draw(family, seed=1)
    words = naive_options({"family": family, "l1_ratio": l1_ratio, **options})
    alpha = 0.2 * naive.alpha_max(X, Y, **{**words, "l1_ratio": max(l1_ratio, 0.1)})
    path = fit(X, Y, family=family, l1_ratio=l1_ratio, alphas=[alpha], tol=1e-12, **options)
    theirs = naive.solve(X, Y, alpha, **words)
    reached = naive.objective(X, Y, *theirs, alpha, **words)
    assert naive.objective(X, Y, *path.point(0), alpha, **words) <= reached * (1 + 1e-13)
    if l1_ratio < 1:  # one solution
        np.testing.assert_allclose(path.point(0)[0], theirs[0], atol=1e-4)


@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_alpha_max_is_where_the_first_unit_enters(family):
    X, Y = draw(family)
    for options in OPTIONS.values():
        words = naive_options({"family": family, **options})
        top = naive.alpha_max(X, Y, **words)
        path = fit(X, Y, family=family, alphas=[1.0001 * top, 0.99 * top], **options)
        assert path.alpha_max == pytest.approx(top, rel=1e-8)
        held = np.ones(10, dtype=bool) if "penalty_factor" not in options else FACTOR > 0
        assert not path.point(0)[0][held].any()
        assert path.point(1)[0][held].any()


def test_orthogonal_columns_have_a_closed_form():
    rng = np.random.default_rng(0)
    X = np.linalg.qr(rng.normal(size=(50, 6)))[0] * np.sqrt(50)
    Y = X @ rng.normal(size=(6, 4)) + rng.normal(size=(50, 4))
    C, alpha, ratio = X.T @ Y / 50, 0.8, 0.7
    shrink = np.maximum(1 - alpha * ratio / np.linalg.norm(C, axis=1), 0) / (1 + alpha * (1 - ratio))
    path = fit(X, Y, alphas=[alpha], l1_ratio=ratio, fit_intercept=False, tol=1e-14)
    np.testing.assert_allclose(path.point(0)[0], shrink[:, None] * C, atol=1e-12)


# ---- relations to problems with one response


@pytest.mark.parametrize("make", [np.asarray, sp.csc_array], ids=["dense", "csc"])
def test_one_response_is_the_elastic_net(make):
    X, Y = draw("gaussian", n=30, p=50, K=1)
    for ratio in (1.0, 0.6):
        several = fit(make(X), Y, n_alphas=20, l1_ratio=ratio, tol=1e-13)
        one = fit_path(make(X), Y[:, 0], n_alphas=20, l1_ratio=ratio, tol=1e-13)
        np.testing.assert_allclose(several.alphas, one.alphas)
        np.testing.assert_allclose(several.coefs[0].toarray(), one.coefs.toarray(), atol=1e-5)
        np.testing.assert_allclose(several.intercepts[0], one.intercepts, atol=1e-5)
        np.testing.assert_allclose(several.deviance_ratio, one.deviance_ratio, atol=1e-9)


@few(2)
@pytest.mark.parametrize("weight", [None, np.linspace(0.5, 2, 40)], ids=["plain", "weights"])
@pytest.mark.parametrize("ratio, share", [(1.0, 1.0), (0.0, 0.5)])
def test_two_classes_are_binomial(ratio, share, weight):
    """b = B_2 - B_1: sharing b out costs |b| of the lasso's penalty and half of ridge's."""
    X, y = draw("multinomial", K=2)
    alphas = np.geomspace(0.2, 0.01, 6)
    two = fit(X, y, family="multinomial", l1_ratio=ratio, alphas=alphas, sample_weight=weight, tol=1e-12)
    one = fit_path(X, y, family="binomial", l1_ratio=ratio, alphas=share * alphas, sample_weight=weight, tol=1e-12)
    np.testing.assert_allclose((two.coefs[1] - two.coefs[0]).toarray(), one.coefs.toarray(), atol=1e-5)
    np.testing.assert_allclose(two.intercepts[1] - two.intercepts[0], one.intercepts, atol=1e-5)
    np.testing.assert_allclose(two.deviance_ratio, one.deviance_ratio, atol=1e-8)


def test_ridge_of_several_responses_is_ridge_of_each():
    X, Y = draw("gaussian")
    several = fit(X, Y, l1_ratio=0.0, alphas=[1.0, 0.01], tol=1e-12)
    for k in range(3):
        one = fit_path(X, Y[:, k], l1_ratio=0.0, alphas=[1.0, 0.01], tol=1e-12)
        np.testing.assert_allclose(several.coefs[k].toarray(), one.coefs.toarray(), atol=1e-8)


def test_least_squares_at_alpha_zero():
    X, Y = draw("gaussian")
    path = fit(X, Y, alphas=[0.1, 0.0], tol=1e-12)
    exact = np.linalg.lstsq(np.column_stack([np.ones(40), X]), Y, rcond=None)[0]
    np.testing.assert_allclose(path.point(1)[0], exact[1:], atol=1e-9)


@pytest.mark.parametrize("p", [4, 30])  # by a factorisation of all unknowns, and by conjugate gradients
def test_no_penalty_is_maximum_likelihood(p):
    X, y = draw("multinomial", n=300, p=p)
    path = fit(X, y, family="multinomial", alphas=[0.0], tol=1e-12)
    coef, intercepts = path.point(0)
    residual = naive.one_hot(y) - naive.Multinomial.mean(intercepts + X @ coef)
    assert np.abs(np.column_stack([np.ones(300), X]).T @ residual).max() < 1e-6 * 300
    np.testing.assert_allclose(coef.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(intercepts.sum(), 0, atol=1e-12)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_weights_are_repeated_rows_and_proportions_are_weighted_classes(l1_ratio):
    X, y = draw("multinomial")
    options = {"family": "multinomial", "l1_ratio": l1_ratio, "alphas": [0.05], "tol": 1e-12}
    counts = np.arange(40) % 3
    weighted = fit(X, y, sample_weight=counts, **options)
    repeated = fit(np.repeat(X, counts, axis=0), np.repeat(y, counts), **options)
    np.testing.assert_allclose(weighted.deviance_ratio, repeated.deviance_ratio, rtol=1e-8)
    shares = 0.3 * naive.one_hot(y) + 0.7 / 3
    mixed = fit(X, shares, **options)
    rows = np.repeat(X, 3, axis=0)
    split = fit(rows, np.tile(np.arange(3), 40), sample_weight=shares.ravel(), **options)
    means = [naive.Multinomial.mean(path.linear_predictor(X, 0.05)) for path in (mixed, split)]
    np.testing.assert_allclose(*means, atol=1e-5)


RIDGES = [
    {}, {"standardize": True, "fit_intercept": False}, {"sample_weight": np.arange(30.0) % 4},
    {"penalty_factor": 0.5 + np.arange(60.0) % 3, "offset": np.sin(np.arange(90.0)).reshape(30, 3)},
]  # fmt: skip


@few(2)
@pytest.mark.parametrize("options", RIDGES)
@pytest.mark.parametrize("p", [20, 60], ids=["tall", "wide"])
def test_ridge_of_classes(p, options):
    X, y = draw("multinomial", n=30, p=p, seed=4)
    X[7] = X[8]  # so that the Gram matrix of rows is singular
    options = {name: value[:p] if name == "penalty_factor" else value for name, value in options.items()}
    path = fit(X, y, family="multinomial", l1_ratio=0.0, alphas=[1.0, 0.1, 1e-3, 1e-5], tol=1e-8, **options)
    again = fit_multi_path(X, y, family="multinomial", l1_ratio=0.0, alphas=[1e-3], tol=1e-8, trace=True, **options)
    assert np.all(
        np.abs(again.predict(X, 1e-3, **offset_of(options)) - path.predict(X, 1e-3, **offset_of(options))) < 1e-3
    )
    assert len(again.steps["objective"]) == again.n_iters.sum() and np.all(np.diff(again.steps["objective"]) <= 1e-9)


def offset_of(options):
    return {name: value for name, value in options.items() if name == "offset"}


# ---- hard data


@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_wide_data_far_down_the_path(family):
    X, Y = draw(family, n=30, p=200, K=4, seed=3)
    path = fit(X, Y, family=family, n_alphas=12, alpha_min_ratio=0.05)
    assert path.n_nonzero[-1] > 10


@few(2)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_duplicate_constant_and_zero_columns(family, l1_ratio):
    X, Y = draw(family)
    X[:, 1], X[:, 5], X[:, 6] = X[:, 0], 3.0, 0.0
    path = fit(X, Y, family=family, l1_ratio=l1_ratio, n_alphas=8, alpha_min_ratio=0.01)
    assert not path.point(7)[0][[5, 6]].any()


def test_columns_of_very_different_scale():
    for family in ("gaussian", "multinomial"):
        X, Y = draw(family)
        fit(X * np.geomspace(1e-4, 1e4, 10), Y, family=family, n_alphas=6, standardize=True)
        options = {"family": family, "n_alphas": 6, "alpha_min_ratio": 0.05, "tol": 1e-9}
        far, near = fit_multi_path(X + 1e4, Y, **options), fit(X, Y, **options)
        assert far.converged
        for k in range(6):
            coef, intercepts = far.point(k)
            moved = naive.objective(X, Y, coef, intercepts + 1e4 * coef.sum(axis=0), far.alphas[k], family=family)
            assert moved == pytest.approx(naive.objective(X, Y, *near.point(k), far.alphas[k], family=family), rel=1e-7)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("value", [1.0, 0.1, 0.7, 3e6, 1e-6])  # whose mean is not always the value itself, for rounding
def test_constant_responses_give_the_null_path(value, l1_ratio):
    X = draw("gaussian")[0]
    for weight in (None, np.linspace(0.1, 1.0, 40)):
        path = fit_multi_path(X, np.full((40, 2), value), n_alphas=3, l1_ratio=l1_ratio, sample_weight=weight)
        assert path.alpha_max == 0
        assert path.converged
        assert np.abs(path.predict(X, path.alphas[0]) - value).max() <= 1e-15 * value
    if l1_ratio > 0.0:
        assert not path.n_nonzero.any()


def test_a_separable_path_stops_and_says_so():
    X = np.repeat(np.eye(3), 5, axis=0)
    with pytest.warns(ConvergenceWarning, match="separable"):
        path = fit_multi_path(X, np.repeat([0, 1, 2], 5), family="multinomial", n_alphas=60)
    assert path.reasons[-1] == "separable"
    assert path.alphas.size < 60
    assert set(path.reasons[:-1]) == {"converged"}


def test_a_fit_that_is_cut_short_is_marked():
    X, y = draw("multinomial")
    with pytest.warns(ConvergenceWarning, match="not certified"):
        path = fit_multi_path(X, y, family="multinomial", alphas=[0.01], max_iter=1, tol=1e-9)
    assert path.reasons == ["max_iter"]
    assert not path.converged
    gap = naive.duality_gap(X, y, *path.point(0), 0.01, family="multinomial")
    assert gap <= path.gaps[0] * path.work["null_loss"] * (1 + 1e-9)
    best = naive.objective(X, y, *fit(X, y, family="multinomial", alphas=[0.01]).point(0), 0.01, family="multinomial")
    assert (
        naive.objective(X, y, *path.point(0), 0.01, family="multinomial") - best
        <= path.gaps[0] * path.work["null_loss"]
    )


# ---- work, memory and what a path offers


@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_most_points_need_no_sweep(family):
    X, Y = draw(family, n=60, p=2000, K=3)
    path = fit_multi_path(X, Y, family=family, n_alphas=40, alpha_min_ratio=0.1)
    assert path.converged
    assert path.work["sweeps"] <= 25


def test_steps_share_hessians_along_a_path():
    X, Y = draw("gaussian", n=40, p=400, K=4)
    path = fit(X, Y, n_alphas=40, alpha_min_ratio=1e-3)
    assert path.n_nonzero[-1] > 2 * 40
    assert path.work["pivots"] <= 50  # new Hessians: about one a point, rounding decides on some
    assert path.work["epochs"] <= 40 * 40
    X, Y = draw("multinomial", n=80, p=200)
    path = fit(X, Y, family="multinomial", n_alphas=40, alpha_min_ratio=0.05)
    assert path.work["grams"] <= 40
    assert path.n_iters.sum() <= 5 * 40


@few(2)
@pytest.mark.parametrize("more", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_rows_of_sparse_columns_descend_without_a_gram_matrix(l1_ratio, more, monkeypatch):
    X, Y = draw("gaussian", density=0.3)
    options = {"l1_ratio": l1_ratio, "n_alphas": 6, "alpha_min_ratio": 0.03, **more}
    by_gram = fit(sp.csc_array(X), Y, **options)
    monkeypatch.setattr("fastreg.solvers.choice.SCATTER", 0.0)
    by_residuals = fit(sp.csc_array(X), Y, **options)
    assert by_residuals.work["grams"] < by_gram.work["grams"]
    for k in range(6):
        (coef, intercept), (other, also) = by_gram.point(k), by_residuals.point(k)
        np.testing.assert_allclose(other, coef, atol=1e-4)
        np.testing.assert_allclose(also, intercept, atol=1e-4)


@pytest.mark.parametrize(("kind", "descends"), [(sp.csc_array, True), (sp.csc_array.toarray, False)])
def test_sparse_rows_have_a_gram_matrix_until_it_is_large(kind, descends, monkeypatch):
    rng, sizes = np.random.default_rng(0), []
    X = sp.random(200, 1000, 0.01, format="csc", rng=rng)
    Y = X[:, :5] @ rng.normal(size=(5, 3)) + rng.normal(size=(200, 3))
    monkeypatch.setattr(group_descent, "descend_rows", lambda *args: sizes.append(args[2].size) or descend_rows(*args))
    path = fit(kind(X), Y, n_alphas=10, alpha_min_ratio=0.1, tol=1e-6)
    assert path.n_nonzero[-1] > 200
    assert (min(sizes) > 100 and len(sizes) < path.n_iters.sum()) if descends else not sizes


def test_responses_that_are_multiples_of_one_another_are_fitted():
    """The Hessian of more such rows than X has is singular; descent goes on, and no part is solved for ever."""
    X, Y = draw("gaussian", n=40, p=400, K=1)
    Y = Y @ np.array([[1.0, -1.0, 2.0]])
    path = fit(X, Y, n_alphas=6, alpha_min_ratio=1e-3)
    assert path.converged
    assert path.n_iters.sum() <= 6 * 50
    for alpha in path.alphas:
        coef, _ = path.coef(alpha)
        np.testing.assert_allclose(coef[:, 1], -coef[:, 0], atol=1e-4 * abs(coef).max())


def test_a_goal_below_rounding_ends():
    X, Y = draw("gaussian", n=40, p=400, K=4)
    with pytest.warns(ConvergenceWarning):
        path = fit_multi_path(X, Y, n_alphas=10, alpha_min_ratio=0.01, tol=1e-19)
    assert path.gaps.max() < 1e-14
    assert path.work["epochs"] <= 3000 * 10


def test_newton_steps_on_rows_solve_the_full_system():
    rng, rows, K = np.random.default_rng(4), 6, 3
    Z, B = rng.normal(size=(20, rows)), rng.normal(size=(rows, K))
    gram, l1, l2 = Z.T @ Z, np.linspace(0.0, 2.0, rows), np.linspace(0.0, 1.0, rows)
    length = np.sqrt((B**2).sum(axis=1))
    H = np.kron(gram + np.diag(l2), np.eye(K))
    for j, (b, size) in enumerate(zip(B, length)):
        here = slice(j * K, (j + 1) * K)
        H[here, here] += l1[j] / size * (np.eye(K) - np.outer(b, b) / size**2)
    gradient = rng.normal(size=(rows, K))
    step = Hessian.of(gram, B / length[:, None], l1 / length, l2).solve(gradient)
    np.testing.assert_allclose(step.ravel(), np.linalg.solve(H, gradient.ravel()), rtol=1e-9)


@pytest.mark.parametrize("make", [np.asfortranarray, sp.csc_array])
def test_a_hessian_of_pairs_grows_to_what_it_would_be_at_once(make):
    X, y = draw("multinomial", density=0.5)
    Y = np.eye(3)[y].T.copy()
    grown, whole = (_pair_set(make(X), Y) for _ in range(2))
    for pairs in ([5, 3, 7], [4, 0, 28, 1]):
        grown[1].extend(np.array(pairs), grown[0].residual)
        grown[1].update_gram(grown[0], False)
    whole[1].extend(np.array([5, 3, 7, 4, 0, 28, 1]), whole[0].residual)
    whole[1].update_gram(whole[0], True)
    np.testing.assert_allclose(grown[1].gram, whole[1].gram, rtol=1e-11)
    np.testing.assert_array_equal(grown[1].gram, grown[1].gram.T)
    assert grown[1].problem.work.grams == 1


def _pair_set(X, Y):
    """(a state at the null model, an empty working set of its pairs)."""
    response = Softmax(Y, np.full(Y.shape[1], 1.0 / Y.shape[1]))
    problem = MultiProblem(as_design(X), response, Entries(3), True, ElasticNet(1.0), np.ones(X.shape[1]), False)
    return problem.start(), PairSet(problem)


def test_intercepts_are_balanced_where_a_class_has_vanished():
    rng = np.random.default_rng(5)
    eta, y = rng.normal(size=(3, 30)), np.eye(3)[rng.integers(0, 2, 30)].T.copy()
    eta[2] -= 800.0
    response, intercepts = Softmax(y, np.full(30, 1 / 30)), np.zeros(3)
    before = eta.copy()
    response.balance(eta, intercepts)
    np.testing.assert_allclose(eta, before + intercepts[:, None])
    assert np.abs(response.residual(response.mean(eta)).sum(axis=1)).max() < 1e-15


def test_x_is_neither_copied_nor_changed():
    import tracemalloc

    X, Y = draw("gaussian", n=50, p=4000)
    X = np.asfortranarray(X)
    X.flags.writeable = False
    fit_multi_path(X, Y, n_alphas=3, alpha_min_ratio=0.5)
    tracemalloc.start()
    fit_multi_path(X, Y, n_alphas=3, alpha_min_ratio=0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.8 * X.nbytes + 60 * 8 * 4000


@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_path_methods(family):
    X, Y = draw(family)
    path = fit(X, Y, family=family, n_alphas=8)
    middle = 0.5 * (path.alphas[3] + path.alphas[4])
    np.testing.assert_allclose(path.coef(middle)[0], 0.5 * (path.point(3)[0] + path.point(4)[0]))
    np.testing.assert_allclose(path.coef(2 * path.alphas[0])[0], path.point(0)[0])
    mean = path.predict(X, path.alphas[-1])
    assert mean.shape == (40, 3)
    if family == "multinomial":
        np.testing.assert_allclose(mean.sum(axis=1), 1)
        assert (mean.argmax(axis=1) == Y).mean() > 0.6
    assert path.support(path.alphas[4]) == np.flatnonzero(path.point(4)[0].any(axis=1)).tolist()
    assert path.n_nonzero[4] == len(path.support(path.alphas[4]))
    assert "8 of 8 points certified" in repr(path)
    assert len(path.summary().splitlines()) == 9
    again = pickle.loads(pickle.dumps(path))
    np.testing.assert_array_equal(again.intercepts, path.intercepts)
    with pytest.raises(ValueError, match="end of this path"):
        path.coef(0.5 * path.alphas[-1])


def test_labels_of_any_type_and_proportions():
    X, y = draw("multinomial")
    names = np.array(["ash", "birch", "cedar"])
    path = fit_multi_path(X, names[y], family="multinomial", n_alphas=3)
    assert list(path.classes) == list(names)
    shares = fit_multi_path(X, naive.one_hot(y), family="multinomial", n_alphas=3)
    np.testing.assert_allclose(shares.point(2)[0], path.point(2)[0], atol=1e-9)


@pytest.mark.parametrize(
    "Y, options, message",
    [
        (np.ones(40), {}, "Y must be a matrix"),
        (np.full((40, 2), np.nan), {}, "Y.*NaN"),
        (np.ones((39, 2)), {}, "39 values, but X has 40"),
        (np.zeros(40, dtype=int), {"family": "multinomial"}, "one class only: 0"),
        (np.full((40, 3), 0.5), {"family": "multinomial"}, "sum to one, but row 0"),
        (np.arange(39), {"family": "multinomial"}, "39 labels, but X has 40"),
        (np.arange(40) % 3, {"family": "multinomial", "sample_weight": np.arange(40) % 3 > 0}, "class 0 has no row"),
        (np.ones((40, 2)), {"family": "poisson"}, "family must be one of"),
        (np.ones((40, 2)), {"l1_ratio": 2}, "l1_ratio must be in"),
    ],
)
def test_bad_input(Y, options, message):
    with pytest.raises(ValueError, match=message):
        fit_multi_path(draw("gaussian")[0], Y, **options)


@few(2)
@pytest.mark.parametrize("share", [1e-6, 1e-9, 1e-11, 1e-13, 1e-16, 1e-30, 1e-100])
def test_a_class_of_next_to_no_weight_is_fitted_as_any_other(share):
    """Its intercept is the logarithm of its share, to the last digits, and every point is certified."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 4))
    y = np.digitize(X[:, 0] + rng.normal(size=60), [-0.5, 0.5])
    weight = np.where(y == 2, share, 1.0)
    path = fit_multi_path(X, y, family="multinomial", sample_weight=weight, n_alphas=6)
    weight = weight / weight.sum()
    shares = weight @ np.eye(3)[y]
    top = np.abs(X.T @ (weight[:, None] * (np.eye(3)[y] - shares))).max()
    assert path.alpha_max == pytest.approx(top, rel=1e-12)
    assert np.allclose(
        path.intercepts[:, 0] - path.intercepts[0, 0], np.log(shares / shares[0]), rtol=1e-12, atol=1e-12
    )
    assert path.converged and path.gaps.max() <= 1e-6
    for alpha in path.alphas:
        mean = path.predict(X, alpha)
        assert np.allclose(weight @ mean, shares, rtol=1e-9, atol=0.0)  # intercepts are optimal in each class
        correlation = X.T @ (weight[:, None] * (np.eye(3)[y] - mean))
        assert np.abs(correlation).max() <= alpha * (1.0 + 1e-2)


def test_class_weights_may_be_tiny():
    from fastreg import LogisticRegression

    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 4))
    y = np.digitize(X[:, 0] + rng.normal(size=60), [-0.5, 0.5])
    kept = y < 2
    two = LogisticRegression(tol=1e-12).fit(X[kept], y[kept])
    model = LogisticRegression(tol=1e-12, class_weight={2: 1e-14}).fit(X, y)
    odds = model.decision_function(X) @ [-1.0, 1.0, 0.0]
    # the symmetric penalty on two classes is that of their difference, halved
    half = LogisticRegression(tol=1e-12, C=2.0).fit(X[kept], y[kept])
    assert np.allclose(odds, half.decision_function(X), atol=1e-4) and not np.allclose(
        odds, two.decision_function(X), atol=1e-4
    )
