"""Pictures of paths: what is on the axes. How they look was judged by eye."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import isolated
import matplotlib
import numpy as np
import pytest
from grids import few

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.collections import LineCollection

from fastreg import Table, fit_multi_path, fit_path
from fastreg.plots import (
    plot_convergence,
    plot_cv,
    plot_estimates,
    plot_path,
    plot_probability,
    plot_stability,
    plot_table,
)
from fastreg.plots.axes import spread_apart


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
    return [text for text in ax.texts if text.get_text() and hasattr(text, "xyann") and text.arrow_patch is not None]


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


@pytest.fixture(scope="module")
def classes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 12))
    kind = np.argmax(X[:, :3] + rng.normal(size=(90, 3)), axis=1)
    return fit_multi_path(X, np.array(["a", "b", "c"])[kind], family="multinomial", n_alphas=20)


def test_a_response_of_several(classes):
    ax = classes.plot(response="b", labels=3)
    grey, dark = lines_of(ax)
    dense = classes.coefs[1].toarray()
    assert len(grey) + len(dark) == np.count_nonzero(dense.any(axis=1))
    assert {segment[-1, 1] for segment in dark} <= set(dense[:, -1])
    assert ax.get_ylabel() == "coefficient for b"


def test_norms_over_responses(classes):
    ax = plot_path(classes, labels=12)
    norms = np.linalg.norm([coef.toarray() for coef in classes.coefs], axis=0)
    grey, dark = lines_of(ax)
    assert len(grey) + len(dark) == classes.n_nonzero[-1]
    np.testing.assert_allclose(sorted(s[-1, 1] for s in dark), sorted(norms[norms[:, -1] > 0, -1]), rtol=1e-12)
    assert ax.get_ylabel() == "norm of 3 coefficients"


def test_a_response_that_is_not_there(path, classes):
    with pytest.raises(ValueError, match="response must be one of 'a', 'b', 'c', got 1"):
        plot_path(classes, response=1)
    with pytest.raises(ValueError, match="this one has a single one"):
        plot_path(path, response=0)


def test_counts_on_top(path):
    ax = plot_path(path)
    top = ax.child_axes[0]
    ax.figure.draw_without_rendering()
    shown = [label.get_text() for label in top.get_xticklabels()]
    places = [np.argmin(np.abs(path.alphas - tick)) for tick in top.get_xticks()]
    assert shown == [str(path.n_nonzero[k]) for k in places] and len(shown) == 7


def test_one_point(path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 30))
    one = fit_path(X, X[:, 0] + rng.normal(size=60), alphas=[0.1])
    ax = plot_path(one)
    assert len(ax.lines[1].get_xdata()) == one.n_nonzero[0] > 0
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


def marks_of(ax):
    """{label: place} of the vertical lines."""
    return {text.get_text(): text.xy[0] for text in ax.texts if text.get_rotation() == 90}


@pytest.mark.parametrize("x", ["deviance", "norm"])
def test_against_deviance_or_norm(path, x):
    ax = plot_path(path, x=x, chosen={"here": path.alphas[20]})
    size = np.asarray(abs(path.coefs).sum(axis=0)).ravel()
    places = path.deviance_ratio if x == "deviance" else size
    assert ax.get_xscale() == "linear" and ax.get_xlim() == (places[0], places[-1])
    assert x in ax.get_xlabel() or "sizes" in ax.get_xlabel()
    grey, dark = lines_of(ax)
    dense = path.coefs.toarray()
    for segment in [*grey, *dark]:
        assert np.all(np.diff(segment[:, 0]) >= 0)
        columns = [int(np.abs(places - place).argmin()) for place in segment[:, 0]]
        assert any(np.array_equal(row[columns], segment[:, 1]) for row in dense)
    assert marks_of(ax) == {"here": pytest.approx(places[20])}
    with pytest.raises(ValueError, match="x must be one of 'alpha', 'deviance', 'norm'"):
        plot_path(path, x="lambda")


def test_chosen_alphas_are_marked(path):
    assert marks_of(plot_path(path, chosen=path.alphas[7])) == {f"alpha = {path.alphas[7]:.3g}": path.alphas[7]}
    assert marks_of(plot_path(path)) == {}
    assert marks_of(plot_path(path, chosen={"outside": 2 * path.alphas[0]})) == {}


def curve(path, best=25, within=12, **changes):
    """What cross-validation returns, as far as pictures look at it."""
    k = path.alphas.size
    mean = 1 + 0.01 * (np.arange(k) - best) ** 2
    fields = {
        "path": path, "alphas": path.alphas, "mean": mean, "std_error": np.full(k, 0.1), "fold_scores": np.ones((7, k)),
        "index_min": best, "index_1se": within, "metric": "mse", "greater_is_better": False,
    }  # fmt: skip
    fields |= changes
    chosen = {name: path.alphas[fields[f"index_{name[6:]}"]] for name in ("alpha_min", "alpha_1se")}
    return SimpleNamespace(**fields, **chosen)


def test_the_choices_of_cross_validation_are_marked_on_the_path(path):
    ax = plot_path(curve(path))
    assert marks_of(ax) == {"best": path.alphas[25], "1 SE": path.alphas[12]}
    assert marks_of(plot_path(curve(path, within=25))) == {"best and 1 SE": path.alphas[25]}


def test_a_cross_validation_curve(path):
    cv = curve(path)
    ax = plot_cv(cv, title="a curve")
    (points, _, (bars,)) = ax.containers[0].lines
    np.testing.assert_array_equal(points.get_xdata(), path.alphas)
    np.testing.assert_array_equal(points.get_ydata(), cv.mean)
    for segment, mean in zip(bars.get_segments(), cv.mean):
        np.testing.assert_allclose(segment[:, 1], [mean - 0.1, mean + 0.1])
    assert marks_of(ax) == {"best": path.alphas[25], "1 SE": path.alphas[12]}
    levels = [line.get_ydata()[0] for line in ax.lines if list(line.get_xdata()) == [0, 1]]
    np.testing.assert_allclose(levels, [1.1])  # one standard error above the best
    words = "mean squared error, mean of 7 folds\n(lower is better; bars: 1 standard error)"
    assert ax.get_ylabel() == words and ax.get_title() == "a curve"
    assert ax.get_xlim()[0] > path.alphas[0] and ax.get_xlim()[1] < path.alphas[-1] and ax.get_xscale() == "log"
    (top,) = ax.child_axes
    assert {tick.get_text() for tick in top.get_xticklabels()} <= {str(count) for count in path.n_nonzero}


def test_a_curve_to_be_raised_and_one_without_errors(path):
    ax = plot_cv(curve(path, metric="auc", greater_is_better=True))
    levels = [line.get_ydata()[0] for line in ax.lines if list(line.get_xdata()) == [0, 1]]
    np.testing.assert_allclose(levels, [0.9])
    assert "higher is better" in ax.get_ylabel() and "ROC" in ax.get_ylabel()
    ax = plot_cv(curve(path, std_error=np.full(40, np.nan), metric="my_score"))
    assert np.all(np.isfinite(ax.get_ylim())) and ax.get_ylabel().startswith("my_score")
    assert "standard error" not in ax.get_ylabel()


@few(1)
@pytest.mark.parametrize("x", ["alpha", "deviance"])
def test_nothing_is_written_over_anything_else(path, x):
    near = plot_path(curve(path, best=38, within=37), x=x)
    drawn = [near] if x == "deviance" else [near, plot_cv(curve(path, best=26, within=25))]
    for ax in drawn:
        ax.figure.canvas.draw()
        inside = [text.get_window_extent() for text in ax.texts if text.get_text() in ("best", "1 SE")]
        assert len(inside) == 2 and not inside[0].overlaps(inside[1])
        assert all(box.y0 > ax.get_window_extent().y0 for box in inside)


def test_names_are_not_read_as_formulas(path):
    names = [f"$\\nothing{{ {j}$" for j in range(30)]
    ax = plot_path(replace(path, feature_names=names), labels=3)
    ax.figure.canvas.draw()
    assert {text.get_text() for text in names_of(ax)} <= set(names)
    X = np.random.default_rng(0).normal(size=(20, 2))
    plot_probability(lambda Z: 1 / (1 + np.exp(-Z[:, 0])), X, X[:, 0] > 0, feature_names=names[:2]).figure.canvas.draw()
    plot_estimates(X[:, 0], X[:, 1], feature_names=names[:20]).figure.canvas.draw()


def test_true_against_estimated():
    true, estimated = np.zeros(10_000), np.zeros(10_000)
    true[[3, 50, 700]], estimated[[3, 50, 9000]] = [1, -2, 3], [0.5, -1.5, 0.25]
    ax = plot_estimates(true, estimated)
    drawn = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    np.testing.assert_array_equal(drawn["true"].get_xydata(), [[3, 1], [50, -2], [700, 3]])
    np.testing.assert_array_equal(drawn["estimated"].get_xydata(), [[3, 0.5], [50, -1.5], [9000, 0.25]])
    assert any(text.get_text() == "2 of 3 found, 1 others in, 10,000 columns" for text in ax.texts)
    ax = plot_estimates(true[:8], estimated[:8], feature_names=list("abcdefgh"))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list("abcdefgh")
    with pytest.raises(ValueError, match="true holds 8 coefficients, estimated 9"):
        plot_estimates(true[:8], estimated[:9])


def made_table(**changes):
    """An intercept and four columns: one with an effect, one without an interval, one with an infinite end."""
    columns = {
        "names": ["(intercept)", "dose", "held", "$\\nothing{", "loose"],
        "estimate": np.array([9.0, 1.0, 0.5, -0.2, 0.1]), "lower": np.array([8.0, 0.5, np.nan, -0.6, -np.inf]),
        "upper": np.array([10.0, 1.5, np.nan, 0.2, 0.4]), "p_value": np.array([0.0, 1e-4, np.nan, 0.3, 0.7]),
    }  # fmt: skip
    nothing = np.full(5, np.nan)
    rest = {"se": nothing, "statistic": nothing, "level": 0.9, "title": "", "notes": [], "test": "z"}
    return Table(**columns | rest | {"dispersion": 1.0, "degrees_left": 9.0} | changes)


def test_tables_are_drawn_row_by_row():
    ax = plot_table(made_table(), title="doses")
    ax.figure.canvas.draw()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["dose", "$\\nothing{", "loose"]
    assert ax.get_xlabel() == "coefficient, 90 % interval" and ax.get_title() == "doses"
    segments = [segment for each in ax.collections if hasattr(each, "get_segments") for segment in each.get_segments()]
    np.testing.assert_allclose(segments[:2], [[[0.5, 0], [1.5, 0]], [[-0.6, 1], [0.2, 1]]])
    assert ax.get_xlim()[0] < segments[2][0][0] < -0.5 and segments[2][1][0] == 0.4  # the infinite end, with an arrow
    points = [each.get_offsets() for each in ax.collections if not hasattr(each, "get_segments")]
    np.testing.assert_allclose(points[-1], [[1.0, 0], [-0.2, 1], [0.1, 2]])
    assert [len(each) for each in points] == [1, 0, 3]
    assert len(plot_table(made_table(), intercept=True).get_yticks()) == 4
    assert [tick.get_text() for tick in plot_table(made_table(), rows=1).get_yticklabels()] == ["dose"]
    ax = made_table().plot(ratios=True)
    assert ax.get_xscale() == "log" and ax.get_xlabel() == "ratio, 90 % interval"
    np.testing.assert_allclose(ax.lines[0].get_xdata(), 1.0)
    assert {"1", "2", "4"} <= {tick.get_text() for tick in ax.get_xticklabels()}
    wide = made_table(upper=np.array([10.0, 12.0, np.nan, 0.2, 0.4])).plot(ratios=True)
    assert {"1", "10", "100"} <= {tick.get_text() for tick in wide.get_xticklabels()}
    with pytest.raises(ValueError, match="no coefficient of this table has an interval"):
        plot_table(made_table(lower=np.full(5, np.nan)))
    with pytest.raises(ValueError, match=r"table must be a fastreg\.Table, got a list"):
        plot_table([1.0])


def test_contours_of_probability():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    y = np.where(X[:, 0] > 0, "yes", "no")

    def probability(plane):
        return 1 / (1 + np.exp(-2 * plane[:, 0]))

    ax = plot_probability(probability, X, y, feature_names=["dose", "age"])
    (contours,) = [c for c in ax.collections if hasattr(c, "levels")]
    half = contours.get_paths()[list(contours.levels).index(0.5)].vertices
    np.testing.assert_allclose(half[:, 0], 0.0, atol=0.05)
    drawn = {line.get_label(): line.get_xydata() for line in ax.lines}
    np.testing.assert_array_equal(drawn["yes"], X[y == "yes"])
    np.testing.assert_array_equal(drawn["no"], X[y == "no"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("dose", "age")
    both = plot_probability(lambda plane: np.column_stack([1 - probability(plane), probability(plane)]), X, y)
    (other,) = [c for c in both.collections if hasattr(c, "levels")]
    np.testing.assert_array_equal(other.get_paths()[3].vertices, contours.get_paths()[3].vertices)
    with pytest.raises(ValueError, match="two columns and two classes"):
        plot_probability(probability, np.ones((4, 3)), [0, 1, 0, 1])


def traced(**options):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 30))
    y = (X[:, 0] + rng.normal(size=60) > 0) * 1.0
    return fit_path(X, y, family="binomial", trace=True, **options)


@pytest.mark.parametrize("x", ["step", "seconds", "columns_read"])
def test_convergence(x):
    path = traced(alphas=[0.1, 0.05, 0.01])
    ax = plot_convergence(path, x=x)
    lines = [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata())]
    steps = np.concatenate([line.get_ydata() for line in lines])
    np.testing.assert_array_equal(steps, np.maximum(path.steps["gap"], 1e-16))
    (squares,) = [line for line in ax.lines if line.get_marker() == "s" and len(line.get_xdata())]
    np.testing.assert_array_equal(squares.get_ydata(), np.maximum(path.gaps, 1e-16))
    assert squares.get_xdata()[-1] >= lines[-1].get_xdata()[-1] and ax.get_yscale() == "log"
    assert {"0.1", "0.05", "0.01", "tol 1e-06"} <= {text.get_text() for text in ax.texts}


@pytest.mark.parametrize("y", ["objective", "loss", "support"])
def test_convergence_of_other_numbers(y):
    path = traced(n_alphas=20, alpha_min_ratio=0.1)
    ax = plot_convergence(path, y=y)
    lines = [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata())]
    np.testing.assert_array_equal(np.concatenate([line.get_ydata() for line in lines]), path.steps[y])
    (squares,) = [line for line in ax.lines if line.get_marker() == "s" and len(line.get_xdata())]
    assert squares.get_ydata()[-1] == path.steps[y][-1] and ax.get_yscale() == "linear"


def test_convergence_needs_a_trace(path):
    with pytest.raises(ValueError, match="trace=True"):
        plot_convergence(path)
    with pytest.raises(ValueError, match="x must be one of 'step', 'seconds', 'columns_read'"):
        plot_convergence(traced(alphas=[0.1]), x="time")


def test_stability():
    probabilities = np.zeros((1_500, 20))
    probabilities[:, 5:] = 0.1
    probabilities[:4, 5:] = np.linspace(0.2, 0.9, 15)
    probabilities[9, :] = 0.0
    names = [f"gene_{j}" for j in range(1_500)]
    stability = SimpleNamespace(
        alphas=np.geomspace(1, 0.1, 20), probabilities=probabilities, threshold=0.8, feature_names=names
    )
    ax = plot_stability(stability, labels=3)
    grey, dark = lines_of(ax)
    assert len(dark) == 4 and len(grey) == 1495  # but for the one that is never selected
    np.testing.assert_array_equal(dark[0][:, 1], probabilities[0])
    assert {text.get_text() for text in names_of(ax)} >= {"gene_0", "gene_1", "gene_2"}
    assert any("4 of 1,500 features reach the threshold of 0.8" in text.get_text() for text in ax.texts)
    assert 0.8 in [line.get_ydata()[0] for line in ax.lines] and ax.get_ylim()[0] == 0.0


def test_path_plot_draws_on_the_given_axes(path):
    _, ax = plt.subplots()
    assert path.plot(ax=ax, labels=0) is ax and not names_of(ax)


def test_spread_apart():
    wanted = np.array([5.0, 4.9, 4.8, 1.0])
    places = spread_apart(wanted, 1.0, 0.0, 6.0)
    np.testing.assert_allclose(places, [5.9, 4.9, 3.9, 1.0])
    assert np.all(spread_apart(np.zeros(4), 1.0, 0.0, 3.0) == [3, 2, 1, 0])


@pytest.mark.process
def test_without_matplotlib_the_extra_is_named():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import numpy as np, fastreg\n"
        "path = fastreg.fit_path(np.eye(3), np.arange(3.0), n_alphas=2)\n"
        "try:\n    path.plot()\nexcept ImportError as error:\n    print(error)\n"
    )
    assert isolated.run(code).stdout.strip() == "pictures need matplotlib: pip install 'fastreg-engine[plot]'"
