"""Pictures of paths: what is on the axes. How they look was judged by eye."""

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.collections import LineCollection

from fastreg import fit_path
from fastreg.plots import plot_path, spread_apart


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def path():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 30))
    return fit_path(X, X[:, :8] @ np.arange(1, 9) + rng.normal(size=60), n_alphas=40)


def lines_of(ax):
    """Polylines of the features: (grey, dark)."""
    return [c.get_segments() for c in ax.collections if isinstance(c, LineCollection)]


def names_of(ax):
    return [text for text in ax.texts if text.get_text() and hasattr(text, "xyann")]


def test_every_feature_ever_in_has_its_line(path):
    ax = plot_path(path, labels=5, title="a path")
    grey, dark = lines_of(ax)
    ever = np.unique(path.coefs.indices)
    assert len(grey) + len(dark) == ever.size and len(dark) == 5
    dense = path.coefs.toarray()
    for segment in [*grey, *dark]:
        columns = np.searchsorted(-path.alphas, -segment[:, 0])
        np.testing.assert_array_equal(path.alphas[columns], segment[:, 0])
        assert any(np.array_equal(dense[j, columns], segment[:, 1]) for j in ever)
    assert ax.get_title() == "a path" and "alpha" in ax.get_xlabel() and ax.get_ylabel() == "coefficient"


def test_the_path_unfolds_to_the_right(path):
    ax = plot_path(path)
    left, right = ax.get_xlim()
    assert (left, right) == (path.alphas[0], path.alphas[-1]) and ax.get_xscale() == "log"


def test_the_strongest_are_named(path):
    names = [f"feature {j}" for j in range(30)]
    ax = plot_path(replace(path, feature_names=names), labels=6)
    strongest = np.argsort(-np.abs(path.coefs.toarray()[:, -1]))[:6]
    assert {text.get_text() for text in names_of(ax)} == {names[j] for j in strongest}


def test_names_do_not_overlap():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 12))
    path = fit_path(X, X @ np.full(12, 1.0) + 0.1 * rng.normal(size=200))  # all lines end at about the same height
    ax = plot_path(path, labels=12)
    ax.figure.draw_without_rendering()
    boxes = [matplotlib.text.Text.get_window_extent(text) for text in names_of(ax)]  # without leader lines
    boxes.sort(key=lambda box: box.y0)
    assert len(boxes) == 12
    assert all(upper.y0 >= lower.y1 for lower, upper in pairwise(boxes))


def test_a_small_picture_keeps_fewer_names(path):
    _, ax = plt.subplots(figsize=(3, 1.2))
    plot_path(path, ax=ax, labels=30)
    assert 1 <= len(names_of(ax)) < 10


def test_long_names_are_cut(path):
    ax = plot_path(replace(path, feature_names=["n" * 90] * 30), labels=1)
    assert len(names_of(ax)[0].get_text()) < 30


def test_counts_on_top(path):
    ax = plot_path(path)
    top = ax.child_axes[0]
    ax.figure.draw_without_rendering()
    shown = [label.get_text() for label in top.get_xticklabels()]
    places = [np.argmin(np.abs(path.alphas - tick)) for tick in top.get_xticks()]
    assert shown == [str(path.n_features_in[k]) for k in places] and len(shown) == 7


def test_one_point(path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 30))
    one = fit_path(X, X[:, 0] + rng.normal(size=60), alphas=[0.1])
    ax = plot_path(one)
    assert len(ax.lines[1].get_xdata()) == one.n_features_in[0] > 0
    ax.figure.draw_without_rendering()


def test_nothing_in_and_no_points(path):
    nothing = replace(path, coefs=path.coefs * 0)
    nothing.coefs.eliminate_zeros()
    assert any("no feature" in text.get_text() for text in plot_path(nothing).texts)
    empty = replace(
        path, alphas=path.alphas[:0], coefs=path.coefs[:, :0], intercepts=path.intercepts[:0],
        gaps=path.gaps[:0], n_iters=path.n_iters[:0], reasons=[], deviance_ratio=path.deviance_ratio[:0],
    )  # fmt: skip
    ax = plot_path(empty)
    assert any("no point" in text.get_text() for text in ax.texts)
    ax.figure.draw_without_rendering()


def test_alpha_zero_is_left_out():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(50, 4))
    path = fit_path(X, X.sum(axis=1), alphas=[1.0, 0.1, 0.0])
    assert plot_path(path).get_xlim() == (1.0, 0.1)


def test_points_without_certificate_are_marked(path):
    reasons = ["converged"] * 39 + ["max_iter"]
    ax = plot_path(replace(path, reasons=reasons))
    marked = [line for line in ax.lines if line.get_label() == "not certified"]
    assert len(marked) == 1 and list(marked[0].get_xdata()) == [path.alphas[-1]]


def test_ten_thousand_features_are_drawn_at_once():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(20, 10_000))
    ax = plot_path(fit_path(X, X[:, 0], l1_ratio=0.0, n_alphas=10))
    grey, dark = lines_of(ax)
    assert len(grey) + len(dark) == 10_000 and len(ax.collections) == 2


def test_path_plot_draws_on_the_given_axes(path):
    _, ax = plt.subplots()
    assert path.plot(ax=ax, labels=0) is ax and not names_of(ax)


def test_spread_apart():
    wanted = np.array([5.0, 4.9, 4.8, 1.0])
    places = spread_apart(wanted, 1.0, 0.0, 6.0)
    np.testing.assert_allclose(places, [5.9, 4.9, 3.9, 1.0])
    assert np.all(spread_apart(np.zeros(4), 1.0, 0.0, 3.0) == [3, 2, 1, 0])


def test_without_matplotlib_the_extra_is_named():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import numpy as np, fastreg\n"
        "path = fastreg.fit_path(np.eye(3), np.arange(3.0), n_alphas=2)\n"
        "try:\n    path.plot()\nexcept ImportError as error:\n    print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.stdout.strip() == "pictures need matplotlib: pip install 'fastreg-engine[plot]'"
