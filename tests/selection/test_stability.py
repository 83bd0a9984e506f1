"""Stability selection against loops over the rows of each half, and its bounds against their formulas."""

import tracemalloc

import certified
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import few

import fastreg
from fastreg import stability_selection
from fastreg.design.designs import as_design
from fastreg.objective.families import FAMILIES
from fastreg.objective.penalties import ElasticNet
from fastreg.objective.problem import Problem
from fastreg.selection.stability import complementary_halves
from fastreg.selection.stability_bounds import error_bound, largest_selection


def halves_of(X, y, family="gaussian", weight=None, n_pairs=4, seed=0):
    weight = np.full(y.size, 1.0 / y.size) if weight is None else weight
    problem = Problem(
        as_design(np.asfortranarray(X)),
        FAMILIES[family](y, weight),
        0 * y,
        True,
        ElasticNet(1.0),
        np.ones(X.shape[1]),
        False,
    )
    return list(complementary_halves(problem, n_pairs, np.random.default_rng(seed)))


@few(1)
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("standardize", [True, False])
def test_probabilities_are_those_of_a_loop_over_halves(family, kind, standardize):
    X, y = certified.draw(family, n=61, p=30, density=0.8)
    rng = np.random.default_rng(3)
    weight, offset = rng.random(61) + 0.1, 0.2 * rng.normal(size=61)
    weight[5] = 0.0
    factor = np.ones(30)
    factor[[0, 7]] = 0.0, np.inf
    options = {"family": family, "standardize": standardize, "penalty_factor": factor, "l1_ratio": 0.9}
    stability = stability_selection(
        kind(X), y, n_pairs=4, n_alphas=20, expected_errors=3.0, threshold=0.9, tol=1e-9, sample_weight=weight,
        offset=offset, **options,
    )  # fmt: skip
    k, p = stability.alphas.size, 28
    counts, unions = np.zeros((30, k)), []
    for rows in halves_of(X, y, family, weight / weight.sum()):
        part = {"sample_weight": weight[rows], "offset": offset[rows], "alphas": stability.alphas}
        path = certified.fit(X[rows], y[rows], tol=1e-9, **part, **options)
        counts += path.coefs.toarray() != 0
        unions.append(np.count_nonzero((path.coefs.toarray() != 0).any(axis=1)) - 1)
    counts[0] = 0
    np.testing.assert_array_equal(stability.probabilities, counts / 8)
    np.testing.assert_array_equal(stability.largest, stability.probabilities.max(axis=1))
    assert stability.average_selected == np.mean(unions) and stability.n_candidates == p
    assert stability.error_bound == pytest.approx(np.mean(unions) ** 2 / (0.8 * p))
    assert stability.converged and stability.gaps.shape == (8, k)
    assert stability.selected == [j for j in np.argsort(-counts.max(axis=1), kind="stable") if counts[j].max() >= 7.2]
    longer = np.append(stability.alphas, stability.alphas[-1] * stability.alphas[-1] / stability.alphas[-2])
    again = stability_selection(
        kind(X), y, n_pairs=4, alphas=longer, expected_errors=3.0, threshold=0.9, tol=1e-9, sample_weight=weight,
        offset=offset, **options,
    )  # fmt: skip
    assert again.alphas.size == k  # the next alpha would break the promise


def test_halves_are_disjoint_of_one_size_and_hold_both_classes():
    X, y = certified.draw("binomial", n=41, p=3)
    y[:] = np.arange(41) % 5 == 0
    pairs = halves_of(X, y, "binomial", n_pairs=20)
    for first, second in zip(pairs[::2], pairs[1::2]):
        assert first.size == second.size == 20 and not np.intersect1d(first, second).size
        assert abs(y[first].sum() - y[second].sum()) <= 1
    assert any(not np.array_equal(pairs[0], other) for other in pairs[2::2])
    left_out = {int(np.setdiff1d(np.arange(41), np.concatenate(pair))[0]) for pair in zip(pairs[::2], pairs[1::2])}
    assert len(left_out) > 3


def test_strong_features_are_found_by_name_and_noise_is_not():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 300)), columns=[f"gene_{j}" for j in range(300)])
    y = X[["gene_7", "gene_20", "gene_100"]] @ [2.0, -2.0, 2.0] + rng.normal(size=120)
    stability = stability_selection(X, y, n_pairs=10)
    assert sorted(stability.selected) == ["gene_100", "gene_20", "gene_7"]
    assert "3 of 300 features reach 0.75" in repr(stability) and "gene_20" in stability.summary()
    again = stability_selection(X, y, n_pairs=10)
    np.testing.assert_array_equal(again.probabilities, stability.probabilities)
    other = stability_selection(X, y, n_pairs=10, random_state=1)
    assert np.any(other.probabilities[:, -1] != stability.probabilities[:, -1])


@pytest.mark.slow
def test_false_selections_stay_within_the_bound():
    """Noise alone: all that is selected is false. The mean over 20 data sets stays below what is promised."""
    false = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        stability = stability_selection(
            rng.normal(size=(50, 60)), rng.normal(size=50), n_pairs=10, threshold=0.6, expected_errors=2.0
        )
        assert stability.error_bound <= 2.0
        false.append(len(stability.selected))
    assert 0 < np.mean(false) <= 2.0


def test_bounds_follow_their_formulas():
    assert error_bound(10, 200, 0.75, 50, "none") == pytest.approx(100 / 200 / 0.5)
    assert error_bound(10, 200, 0.75, 50, "unimodal") == pytest.approx(100 / 200 / (2 * (0.5 - 0.01)))
    assert error_bound(10, 200, 0.9, 50, "unimodal") == pytest.approx(100 / 200 * 4 * 0.11 / 1.02)
    assert error_bound(150, 200, 0.9, 50, "unimodal") == np.inf
    assert error_bound(10, 200, 0.501, 50, "unimodal") == np.inf
    for assumption in ("none", "unimodal"):
        q = largest_selection(1.5, 1000, 0.8, 50, assumption)
        assert error_bound(q, 1000, 0.8, 50, assumption) == pytest.approx(1.5)
    assert largest_selection(1e9, 1000, 0.8, 50, "none") == pytest.approx(1000)


def test_x_is_not_copied():
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.normal(size=(400, 6000)))
    y = X[:, 0] + rng.normal(size=400)
    options = {"n_pairs": 3, "n_alphas": 5, "alpha_min_ratio": 0.5}
    stability_selection(X, y, **options)
    tracemalloc.start()
    stability_selection(X, y, **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 3


def test_fits_that_are_not_certified_are_counted():
    X, y = certified.draw("poisson", n=60, p=20)
    with pytest.warns(fastreg.ConvergenceWarning, match="fits of halves are not certified"):
        stability = stability_selection(X, y, family="poisson", n_pairs=2, tol=1e-15, max_iter=1, expected_errors=5.0)
    assert not stability.converged


def test_errors_name_the_argument():
    X, y = certified.draw("gaussian", n=40, p=10)
    for options, message in [
        ({"threshold": 0.5}, "threshold must be in .0.5, 1."),
        ({"expected_errors": 0}, "expected_errors must be in"),
        ({"n_pairs": 0}, "n_pairs must be an integer"),
        ({"assumption": "r-concave"}, "assumption must be one of 'none', 'unimodal'"),
        ({"l1_ratio": 0.0}, "l1_ratio must be in .0, 1."),
        ({"alphas": [0.1, 0.0]}, "alphas ends at 0"),
        ({"alphas": [1e-3]}, "at the first alpha already"),
    ]:
        with pytest.raises(ValueError, match=message):
            stability_selection(X, y, **options)
    with pytest.raises(ValueError, match="in a half of the rows y holds one class only"):
        stability_selection(X, (np.arange(40) == 3).astype(float), family="binomial")


def test_plot_draws_the_probabilities():
    if not hasattr(pytest.importorskip("fastreg.plots"), "plot_stability"):
        pytest.skip("needs the picture")
    from matplotlib.figure import Figure

    X, y = certified.draw("gaussian", n=40, p=10)
    assert stability_selection(X, y, n_pairs=3, expected_errors=5.0).plot(ax=Figure().subplots()) is not None


def test_halves_share_their_reads_of_a_file(tmp_path):
    """Ten at a time, so that they need fewer than the two that each half needs for its moments and its null model."""
    X = np.asfortranarray(np.random.default_rng(0).normal(size=(60, 300)))
    y = X[:, :3].sum(axis=1) + np.random.default_rng(1).normal(size=60)
    np.save(tmp_path / "x.npy", X)
    stored = fastreg.open(tmp_path / "x.npy")
    found = stability_selection(stored, y, n_pairs=20)
    assert found.probabilities.max() > 0.5 and stored.reads < 2 * 40
