"""Pictures of draws and of effects: what is on the axes, against predictions. How they look was judged by eye."""

from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from grids import few

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.collections import LineCollection

from fastreg import Table, fit_path, load_result, posterior, selective, table
from fastreg.inference import diagnostics
from fastreg.plots import plot_draws, plot_effect, plot_table

N = 120
READ = {"categories": ["region", "rooms"], "dates": "days", "missing": "mean", "ordered": "step"}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    made = pd.DataFrame({
        "region": rng.choice(["coast", "plain", "town"], N), "power": rng.gamma(9.0, 10.0, N),
        "bonus": pd.Categorical(rng.choice(["A", "B", "C"], N), ordered=True), "garage": rng.random(N) < 0.4,
        "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, N), unit="D"),
        "rooms": rng.integers(1, 4, N),
    })  # fmt: skip
    made.loc[::9, "region"] = None
    made.loc[::7, "power"] = np.nan
    return made


@pytest.fixture(scope="module")
def y(frame):
    return np.random.default_rng(1).poisson(np.exp(0.5 * (frame["region"] == "town")))


@pytest.fixture(scope="module")
def path(frame, y):
    """Without a penalty but for a little ridge; "plain" has no coefficient."""
    factor = {"region[plain]": np.inf}
    return fit_path(frame, y, family="poisson", l1_ratio=0.0, alphas=[1e-3], penalty_factor=factor, **READ)


@pytest.fixture(scope="module")
def found(path, frame, y):
    return table(path, frame, y)


@pytest.fixture(scope="module")
def drawn(path, frame, y):
    return posterior(path, frame, y, draws=150, chains=2)


def rows_of(ax):
    """(labels, estimates, intervals) of a list of levels."""
    ax.figure.canvas.draw()
    (bars,) = [each for each in ax.collections if isinstance(each, LineCollection)]
    points = [each.get_offsets() for each in ax.collections if not isinstance(each, LineCollection)][-1]
    return [tick.get_text() for tick in ax.get_yticklabels()], points[:, 0], np.array(bars.get_segments())[:, :, 0]


def changed(path, frame, column, value):
    """Linear predictors with a value in place of a column's own."""
    return path.linear_predictor(frame.assign(**{column: value}), path.alphas[0])


@few(2)
@pytest.mark.parametrize("column, levels, reference", [
    ("region", ["coast", "plain", "town", "missing"], "plain"), ("bonus", ["A", "B", "C"], "A"),
    ("garage", ["False", "True"], "False"), ("rooms", ["1", "2", "3"], "the mean"),
])  # fmt: skip
def test_effects_of_levels_are_differences_of_predictions(path, found, frame, column, levels, reference):
    ax = plot_effect(found, frame, column)
    labels, estimate, interval = rows_of(ax)
    assert labels == levels and ax.get_title() == column
    assert ax.get_xlabel() == f"difference from {reference}, 95 % interval"
    values = [None if each == "missing" else each for each in levels]
    if column in ("garage", "rooms"):
        values = sorted(frame[column].unique().tolist())
    eta = np.array([changed(path, frame, column, value).mean() for value in values])
    at = changed(path, frame, column, frame[column]).mean() if reference == "the mean" else eta[levels.index(reference)]
    np.testing.assert_allclose(estimate, eta - at, atol=1e-6)  # the path's own tolerance
    assert np.all(interval[:, 0] <= estimate) and np.all(estimate <= interval[:, 1])


def test_intervals_are_those_of_the_sum_of_coefficients(found, frame):
    places = [found.names.index(name) for name in ("bonus[>=B]", "bonus[>=C]")]
    _, estimate, interval = rows_of(plot_effect(found, frame, "bonus"))
    sd = np.sqrt(found.covariance[np.ix_(places, places)].sum())
    assert estimate[2] == pytest.approx(found.estimate[places].sum(), rel=1e-12)
    np.testing.assert_allclose(interval[2], estimate[2] + 1.959963984540054 * sd * np.array([-1.0, 1.0]), rtol=1e-12)
    np.testing.assert_allclose(interval[1], found.interval[places[0]], rtol=1e-12)
    np.testing.assert_array_equal(interval[0], [0.0, 0.0])
    _, _, narrow = rows_of(plot_effect(found, frame, "bonus", level=0.5))
    np.testing.assert_allclose(np.diff(narrow[1]) / np.diff(interval[1]), 0.6744897501960817 / 1.959963984540054)
    _, against, _ = rows_of(plot_effect(found, frame, "bonus", reference="C", ratios=True))
    np.testing.assert_allclose(against, np.exp(estimate - estimate[2]), rtol=1e-12)


def test_effects_of_draws(drawn, frame):
    ax = plot_effect(drawn, frame, "bonus", level=0.8)
    _, estimate, interval = rows_of(ax)
    place = drawn.names.index("bonus[>=B]")
    both = drawn.draws[:, :, place] + drawn.draws[:, :, drawn.names.index("bonus[>=C]")]
    assert estimate[2] == pytest.approx(both.mean(), rel=1e-12)
    np.testing.assert_allclose(interval[2], diagnostics.highest_density(both, 0.8), rtol=1e-12)
    assert ax.get_xlabel() == "difference from A, 80 % interval"


def test_effects_of_a_normal_approximation_are_near_those_of_the_table(path, found, frame, y):
    """The same but for the information, which is the same for a canonical link, and for the level."""
    near = posterior(path, frame, y, draws=0)
    for column in ("region", "rooms"):
        one, other = rows_of(plot_effect(near, frame, column, level=0.95)), rows_of(plot_effect(found, frame, column))
        assert one[0] == other[0]
        np.testing.assert_allclose(one[2], other[2], atol=1e-7)


@few(1)
@pytest.mark.parametrize("ratios", [False, True])
def test_effects_of_numbers_and_dates_are_curves(path, found, frame, ratios):
    ax = plot_effect(found, frame, "power", ratios=ratios)
    _, curve, seen = ax.lines
    values, effect = curve.get_xdata(), curve.get_ydata()
    assert (values[0], values[-1]) == (frame["power"].min(), frame["power"].max()) == ax.get_xlim()
    known = frame.dropna(subset="power")
    own = changed(path, known, "power", known["power"])
    some = np.r_[0 : values.size : 9, -1]
    wanted = [changed(path, known, "power", value).mean() - own.mean() for value in values[some]]
    np.testing.assert_allclose((np.log(effect) if ratios else effect)[some], wanted, atol=1e-6)
    assert ax.get_ylabel() == f"{'ratio to' if ratios else 'difference from'} the mean, 95 % interval"
    np.testing.assert_array_equal(seen.get_xdata(), frame["power"].dropna())
    assert ax.get_yscale() == ("log" if ratios else "linear")
    dates = plot_effect(found, frame, "since", ax=plt.figure().subplots())
    np.testing.assert_allclose(np.diff(dates.lines[1].get_ydata()) / np.diff(dates.lines[1].get_ydata())[0], 1.0)
    ticks = [tick.get_text() for tick in (dates.figure.canvas.draw(), dates.get_xticklabels())[1]]
    assert any("2020" in tick or "2021" in tick for tick in ticks)


@pytest.mark.slow
def test_effects_of_formulas_are_differences_of_predictions(tmp_path):
    """Of a spline, of a category that C makes, and of a product, after a table was saved and read."""
    pytest.importorskip("formulaic")
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"age": rng.uniform(18.0, 80.0, N), "rooms": rng.integers(1, 4, N), "garage": rng.random(N)})
    data["claims"] = rng.poisson(np.exp(0.001 * (data["age"] - 50.0) ** 2))
    formula = "claims ~ bs(age, df=4) + C(rooms) * garage"
    fitted = fit_path(formula, data=data, family="poisson", alphas=[0.0], tol=1e-12)
    table(fitted, data).save(tmp_path / "table.json")
    found = load_result(tmp_path / "table.json")
    curve = plot_effect(found, data, "age").lines[1]
    wanted = [changed(fitted, data, "age", value).mean() for value in curve.get_xdata()]
    wanted = np.array(wanted) - changed(fitted, data, "age", data["age"]).mean()
    np.testing.assert_allclose(curve.get_ydata(), wanted, atol=1e-5)
    labels, estimate, _ = rows_of(plot_effect(found, data, "rooms"))
    eta = np.array([changed(fitted, data, "rooms", value).mean() for value in (1, 2, 3)])
    assert labels == ["1", "2", "3"]
    np.testing.assert_allclose(estimate, eta - eta[0], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_frames_of_other_libraries_show_the_same(library, found, frame):
    polars = pytest.importorskip("polars")
    other = polars.from_pandas(frame) if library == "polars" else polars.from_pandas(frame).to_arrow()
    for column in ("region", "rooms", "garage"):
        one, same = rows_of(plot_effect(found, frame, column)), rows_of(plot_effect(found, other, column))
        assert one[0] == same[0]
        np.testing.assert_array_equal(one[1], same[1])
    np.testing.assert_array_equal(
        plot_effect(found, other, "power").lines[1].get_ydata(), plot_effect(found, frame, "power").lines[1].get_ydata()
    )


def test_columns_may_be_numbered(found, frame, y):
    """As those of pandas are without names."""
    numbered = frame[["region", "power"]].set_axis([0, 1], axis=1)
    read = {"categories": ["0"], "missing": "mean"}
    own = table(fit_path(numbered, y, family="poisson", l1_ratio=0.0, alphas=[0.01], **read), numbered, y)
    assert rows_of(plot_effect(own, numbered, "0"))[0] == ["coast", "plain", "town", "missing"]
    assert plot_effect(own, numbered, "1").get_xlabel() == "1"


def test_the_most_frequent_levels_are_drawn(found, frame):
    most = frame["region"].value_counts().index[:1].tolist()
    assert rows_of(plot_effect(found, frame, "region", rows=1))[0] in (most, ["missing"])


def test_a_table_with_a_single_coefficient_of_a_column_needs_no_covariance():
    rng = np.random.default_rng(0)
    made = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    y = made["a"] + rng.normal(size=60)
    found = selective(fit_path(made, y, alphas=[0.6]), made, y, sigma=1.0)
    assert found.names == ["a"] and found.covariance is None
    ax = plot_effect(found, made, "a")
    (band,) = ax.collections
    ends = band.get_paths()[0].vertices
    away = made["a"] - made["a"].mean()
    assert ends[:, 1].max() == pytest.approx(max(away.max() * found.upper[0], away.min() * found.lower[0]))
    assert ends[:, 1].min() == pytest.approx(min(away.min() * found.upper[0], away.max() * found.lower[0]))
    with pytest.raises(ValueError, match="no coefficient of the result depends on this column"):
        plot_effect(found, made, "b")


def test_what_cannot_be_drawn_is_told(found, drawn, frame, path, y):
    with pytest.raises(ValueError, match="column is 'reigon', but X has no such column"):
        plot_effect(found, frame, "reigon")
    with pytest.raises(ValueError, match="X must be the data frame of the fit, got a ndarray"):
        plot_effect(found, frame.to_numpy(), "region")
    with pytest.raises(ValueError, match=r"result must be a fastreg\.Table or fastreg\.Posterior, got a Path"):
        plot_effect(path, frame, "region")
    lacking = Table(**{name: getattr(found, name) for name in found.__dataclass_fields__} | {"covariance": None})
    with pytest.raises(ValueError, match="this table has no covariances"):
        plot_effect(lacking, frame, "bonus")
    with pytest.raises(ValueError, match="names holds 'dose', and the posterior has"):
        plot_draws(drawn, names=["dose"])
    with pytest.raises(ValueError, match=r"an array of 4 axes.*figure\.subplots\(2, 2\)"):
        plot_draws(drawn, ax=plt.figure().subplots(1, 2), rows=2)
    with pytest.raises(ValueError, match=r"draws=0 holds no draws to show; plot_table\(posterior\.summary\(\)\)"):
        plot_draws(posterior(path, frame, y, draws=0))


def test_draws_are_shown_chain_by_chain(drawn):
    axes = drawn.plot(names=["bonus[>=B]", "garage"], level=0.8, title="draws")
    summary = drawn.summary(0.8)
    assert axes.shape == (2, 2) and axes[0, 0].get_title(loc="left") == "bonus[>=B]"
    for (density, trace), name in zip(axes, ["bonus[>=B]", "garage"]):
        j = drawn.names.index(name)
        np.testing.assert_array_equal([line.get_ydata() for line in trace.lines], drawn.draws[:, :, j])
        bars = [each for each in density.collections if isinstance(each, LineCollection)]
        np.testing.assert_array_equal(bars[0].get_segments()[0][:, 0], summary.interval[j])
        curves = [line for line in density.lines if len(line.get_xdata()) == 200]
        assert len(curves) == 2 and len({line.get_linestyle() for line in curves}) == 2
        for line in curves:
            grid, height = line.get_data()
            assert np.sum(height) * (grid[1] - grid[0]) == pytest.approx(1.0, abs=0.05)
        assert trace.get_title(loc="right") == (
            f"R-hat {summary['r_hat'][j]:.3f}, {summary['ess_bulk'][j]:,.0f} effective draws"
        )
    assert axes[-1, 0].get_xlabel() == "coefficient; bar: 80 % interval"
    assert plot_draws(drawn, rows=3).shape == (3, 2)
    given = plt.figure().subplots(1, 2)
    assert plot_draws(drawn, ax=given, names="garage")[0, 1] is given[1]
    sampled = replace(drawn, dispersions=drawn.draws[:, :, 0] ** 2)
    trace = plot_draws(sampled, names="(dispersion)")[0, 1]
    np.testing.assert_array_equal([line.get_ydata() for line in trace.lines], sampled.dispersions)


def test_summaries_of_posteriors_are_drawn_as_tables(drawn):
    summary = drawn.summary(0.9)
    labels, estimate, interval = rows_of(summary.plot(intercept=True))
    assert labels == drawn.names
    np.testing.assert_array_equal(estimate, summary["mean"])
    np.testing.assert_array_equal(interval, summary.interval)
    with_dispersion = replace(summary, names=[*summary.names[:-1], "(dispersion)"])
    assert rows_of(with_dispersion.plot())[0] == drawn.names[1:-1]
    two = rows_of(plot_table(summary, rows=2))[0]
    certain = np.argsort(-np.abs(summary["mean"] / summary["sd"])[1:])[:2] + 1
    assert set(two) == {drawn.names[j] for j in certain}
