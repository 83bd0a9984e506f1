"""Frames of every library as codes and numbers: what the rows of a fit decided holds for every other frame."""

import datetime
import json

import numpy as np
import pandas as pd
import pytest

from fastreg.interface.encoding import Encoding, Rules, learnt
from fastreg.interface.frames import CodedTable
from fastreg.interface.scalars import ParameterError

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

DATES = [datetime.date(1970, 1, 1 + k) for k in range(4)]
COLUMNS = {"age": [30.0, 40.0, 50.0, 60.0], "region": ["south", "north", "south", "east"], "smokes": [True, False] * 2,
           "since": DATES}  # fmt: skip
KINDS = {"pandas": pd.DataFrame, "nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
         "polars": pl.DataFrame, "pyarrow": pa.table}  # fmt: skip
each_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
RULES = Rules(categories="text", dates="days")


def without(*names):
    return {name: values for name, values in COLUMNS.items() if name not in names}


def expanded(table):
    """X of a CodedTable, (n, p)."""
    if not isinstance(table, CodedTable):
        return table
    return np.stack(
        [
            table.numbers[k] if f < 0 else (table.codes[f] >= k if table.stepped[f] else table.codes[f] == k) * 1.0
            for f, k in zip(table.factor, table.place, strict=True)
        ],
        axis=1,
    )


def dated(make):
    """Dates as this library has them: pandas knows times of days alone."""
    since = pd.to_datetime(pd.Series(DATES)) if make in (KINDS["pandas"], KINDS["nullable"]) else DATES
    return make({**COLUMNS, "since": since})


@each_kind
def test_every_library_has_the_same_columns(make):
    frame = dated(make)
    found = learnt(frame, RULES)
    assert found.names() == ["age", "region[east]", "region[north]", "region[south]", "smokes", "since"]
    wanted = [[30, 0, 0, 1, 1, 0], [40, 0, 1, 0, 0, 1], [50, 0, 0, 1, 1, 2], [60, 1, 0, 0, 0, 3]]
    np.testing.assert_array_equal(expanded(found.read(frame)), wanted)


@each_kind
def test_columns_are_found_by_name(make):
    found = learnt(make(without("since")), RULES)
    other = make({"more": [1, 2], "smokes": [True, True], "region": ["north", "east"], "age": [1.0, 2.0]})
    np.testing.assert_array_equal(expanded(found.read(other)), [[1, 0, 1, 0, 1], [2, 1, 0, 0, 1]])
    with pytest.raises(ValueError, match="lacks 1 of the columns of the fit: 'age'"):
        found.read(make({"smokes": [True], "region": ["east"]}))


def categories(make):
    """A column with the declared levels low, middle, high, as this library has it."""
    values, levels = ["high", "low", "low"], ["low", "middle", "high"]
    if make is pl.DataFrame:
        return pl.DataFrame({"dose": pl.Series(values, dtype=pl.Enum(levels))})
    return pd.DataFrame({"dose": pd.Categorical(values, levels, ordered=True)})


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_declared_categories_need_no_option_and_keep_their_order(make):
    frame = categories(make)
    assert learnt(frame, Rules()).names() == ["dose[low]", "dose[high]"]
    steps = learnt(frame, Rules(ordered="step"))
    assert steps.names() == ["dose[>=high]"]
    np.testing.assert_array_equal(expanded(steps.read(frame)).ravel(), [1, 0, 0])


def test_gaps_in_arrow_dictionaries_whose_places_are_unsigned():
    """As polars makes them."""
    places = pa.array([1, None, 0, 1], pa.uint32())
    frame = pa.table({"region": pa.DictionaryArray.from_arrays(places, pa.array(["east", "west"]))})
    encoding = learnt(frame, Rules(missing="level"))
    assert encoding.names() == ["region[east]", "region[west]", "region[missing]"]
    np.testing.assert_array_equal(expanded(encoding.read(frame)), np.eye(3)[[1, 2, 0, 1]])


def test_polars_and_arrow_categories():
    for frame in (
        pl.DataFrame({"a": pl.Series(["y", "x", "y"], dtype=pl.Categorical)}),
        pa.table({"a": pa.array(["y", "x", "y"]).dictionary_encode()}),
    ):
        found = learnt(frame, Rules())
        assert found.names() == ["a[x]", "a[y]"]
        np.testing.assert_array_equal(expanded(found.read(frame)), [[0, 1], [1, 0], [0, 1]])


@each_kind
def test_numbers_are_categories_where_named(make):
    frame = make({"code": [3, 1, 3], "z": [0.5, 1.0, 2.0]})
    found = learnt(frame, Rules(categories=["code"]))
    assert found.names() == ["code[1]", "code[3]", "z"]
    np.testing.assert_array_equal(expanded(found.read(frame)), [[0, 1, 0.5], [1, 0, 1], [0, 1, 2]])
    assert learnt(frame, Rules()) is None


@each_kind
def test_levels_that_the_fit_did_not_see(make):
    other = make({**without("since"), "region": ["south", "west", "west", "up"]})
    found = learnt(make(without("since")), RULES)
    with pytest.raises(
        ValueError, match=r"'region' of X has 2 levels that the fit did not see: 'up', 'west', .* row 1"
    ):
        found.read(other)
    zero = learnt(make(without("since")), RULES._replace(unseen="zero"))
    np.testing.assert_array_equal(expanded(zero.read(other))[:, 1:4], [[0, 0, 1], *[[0, 0, 0]] * 3])


GAPS = {"age": [30.0, None, 50.0, 70.0], "region": ["a", "b", None, "b"]}


@each_kind
def test_missing_values_are_an_error_unless_chosen(make):
    frame = make(GAPS)
    with pytest.raises(ValueError, match=r"'age' of X lacks 1 value, first in row 1.*'mean' puts the mean"):
        learnt(frame, RULES)
    with pytest.raises(ValueError, match=r"'region' of X lacks 1 value, first in row 2.*'level' makes them a level"):
        learnt(frame, RULES._replace(missing={"age": "mean"}))
    with pytest.raises(ValueError, match="'age' of X lacks 1 value"):
        learnt(frame, RULES._replace(missing="level"))


@each_kind
def test_means_and_levels_of_missing_values_are_those_of_the_fit(make):
    frame = make(GAPS)
    found = learnt(frame, RULES._replace(missing={"age": "mean", "region": "level"}))
    assert found == learnt(frame, RULES._replace(missing="mean"))._replace(columns=found.columns)
    assert found.names() == ["age", "age[missing]", "region[a]", "region[b]", "region[missing]"]
    wanted = [[30, 0, 1, 0, 0], [50, 1, 0, 1, 0], [50, 0, 0, 0, 1], [70, 0, 0, 1, 0]]
    np.testing.assert_array_equal(expanded(found.read(frame)), wanted)
    other = make({"age": [None, 1.0], "region": [None, "a"]})
    np.testing.assert_array_equal(expanded(found.read(other)), [[50, 1, 0, 0, 1], [1, 0, 1, 0, 0]])


@each_kind
def test_rows_are_dropped_where_chosen_columns_lack_values(make):
    found = learnt(make(GAPS), RULES._replace(missing={"age": "drop", "region": "level"}))
    np.testing.assert_array_equal(found.kept(make(GAPS)), [True, False, True, True])
    assert found.names() == ["age", "region[a]", "region[b]", "region[missing]"]
    with pytest.raises(ValueError, match="'age' of X lacks 1 value"):
        found.read(make(GAPS))


def test_a_column_without_gaps_in_the_fit_has_no_rule_for_them():
    whole = pd.DataFrame({"age": [1.0, 2.0], "region": ["a", "b"]})
    found = learnt(whole, RULES._replace(missing="mean"))
    assert found.names() == ["age", "region[a]", "region[b]"]
    with pytest.raises(ValueError, match="'region' of X lacks 1 value"):
        found.read(pd.DataFrame({"age": [1.0], "region": [None]}))


@pytest.mark.parametrize("name", ["age", "region"])
def test_a_column_of_gaps_alone_is_refused(name):
    frame = pd.DataFrame({"age": [1.0, 2.0], "region": ["a", "b"]}).assign(**{name: [None, None]})
    frame[name] = frame[name].astype(float if name == "age" else "category")
    with pytest.raises(ValueError, match=f"column '{name}' of X has no value in any row; leave it out"):
        learnt(frame, RULES._replace(missing="mean"))


@each_kind
def test_text_and_dates_are_refused_with_advice_that_works(make):
    with pytest.raises(ValueError, match=r"X must be numeric; X\[0, 1\] \('region'\) is 'south'; .*categories='text'"):
        learnt(make(without("since")), Rules())
    with pytest.raises(ValueError, match=r"X\[0, 3\] \('since'\) is .*dates='days'"):
        learnt(dated(make), Rules(categories=["region"]))
    assert learnt(dated(make), Rules(categories=["region"], dates="days")) is not None


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (Rules(categories="region"), r"pass \['region'\]"),
        (Rules(categories=["place"]), "categories names 'place', but X has no such column"),
        (Rules(missing={"place": "drop"}), "missing names 'place'"),
        (Rules(missing="zero"), "missing must be"),
        (Rules(unseen="drop"), "unseen must be"),
        (Rules(dates="years"), "dates must be"),
    ],
)
def test_rules_are_checked(rules, message):
    with pytest.raises(ParameterError, match=message):
        learnt(pd.DataFrame(without("since")), rules)


@each_kind
def test_an_encoding_is_plain_data(make):
    frame = make({"a": [1.5, None, 2.0], "b": [True, True, False], "c": ["x", "y", None], "d": [3, 1, 3]})
    found = learnt(frame, Rules(categories=["b", "c", "d"], missing="mean", unseen="zero"))
    again = Encoding.of_document(json.loads(json.dumps(found.document())))
    assert again == found
    np.testing.assert_array_equal(expanded(again.read(frame)), expanded(found.read(frame)))


def test_dates_and_times_of_every_kind():
    frame = pl.DataFrame({
        "day": [datetime.date(1970, 1, 3), None],
        "moment": [datetime.datetime(1970, 1, 2, 12), None],
        "wait": [datetime.timedelta(hours=6)] * 2,
        "clock": [datetime.time(6), datetime.time(18)],
    })  # fmt: skip
    found = learnt(frame, Rules(dates="days", missing="mean"))
    assert found.names() == ["day", "day[missing]", "moment", "moment[missing]", "wait", "clock"]
    np.testing.assert_allclose(found.read(frame), [[2, 0, 1.5, 0, 0.25, 0.25], [2, 1, 1.5, 1, 0.25, 0.75]])


MOMENTS = [datetime.datetime(2024, 3, 31, hour, tzinfo=datetime.UTC) for hour in (0, 6)]  # a clock goes forward between
ZONED = {
    "pandas": lambda: pd.DataFrame({"at": pd.to_datetime([*MOMENTS, None], utc=True).tz_convert("Europe/Berlin")}),
    "objects": lambda: pd.DataFrame({"at": pd.Series([*MOMENTS, None], dtype=object)}),
    "polars": lambda: pl.DataFrame({"at": pl.Series([*MOMENTS, None], dtype=pl.Datetime("ms", "Europe/Berlin"))}),
    "pyarrow": lambda: pa.table({"at": pa.array([*MOMENTS, None], pa.timestamp("ns", "Europe/Berlin"))}),
}  # fmt: skip


@pytest.mark.parametrize("make", ZONED.values(), ids=ZONED)
def test_times_with_a_zone_are_days_of_universal_time(make):
    with pytest.raises(ValueError, match=r"X\[0, 0\] \('at'\) is .*dates='days'"):
        learnt(make(), Rules())
    found = learnt(make(), Rules(dates="days", missing="mean")).read(make())
    wanted = (datetime.date(2024, 3, 31) - datetime.date(1970, 1, 1)).days + np.array([0.0, 0.25, 0.125])
    np.testing.assert_allclose(found, np.column_stack([wanted, [0, 0, 1]]), rtol=1e-12)


@each_kind
def test_truth_values_with_gaps_are_numbers_or_categories(make):
    frame = make({"a": [True, None, False, True], "b": [1, 2, None, 1]})
    found = learnt(frame, Rules(missing="mean"))
    wanted = [[1, 0, 1, 0], [2 / 3, 1, 2, 0], [0, 0, 4 / 3, 1], [1, 0, 1, 0]]
    np.testing.assert_allclose(found.read(frame), wanted)
    found = learnt(frame, Rules(categories=["a", "b"], missing="level"))
    assert [level for column in found.columns for level in column.levels] == [False, True, 1, 2]
    wanted = [[0, 1, 0, 1, 0, 0], [0, 0, 1, 0, 1, 0], [1, 0, 0, 0, 0, 1], [0, 1, 0, 1, 0, 0]]
    np.testing.assert_array_equal(expanded(found.read(frame)), wanted)


CODED = {
    "a dictionary for each chunk": lambda values: pa.chunked_array(
        [pa.array(part).dictionary_encode() for part in (values[:3], values[3:])]
    ),
    "text in chunks": lambda values: pa.chunked_array([values[:3], values[3:]], pa.large_string()),
    "numbers of another column": lambda values: pl.Series(["z", "c", "y", *values], dtype=pl.Categorical)[3:],
    "polars text": pl.Series,
    "objects": lambda values: pd.Series(values, dtype=object),
    "pandas text": lambda values: pd.Series(values, dtype="string"),
    "text of Arrow": lambda values: pd.Series(values, dtype=pd.ArrowDtype(pa.string())),
    "unused levels": lambda values: pd.Series(pd.Categorical(values, ["a", "b", "c", "d"])),
}


@pytest.mark.parametrize("make", CODED.values(), ids=CODED)
def test_text_is_coded_alike_however_it_is_kept(make):
    values = ["c", None, "a", "b", "c", None]
    column = make(values)
    frame = pd.DataFrame({"x": column}) if isinstance(column, pd.Series) else (
        pl.DataFrame({"x": column}) if isinstance(column, pl.Series) else pa.table({"x": column}))  # fmt: skip
    found = learnt(frame, Rules(categories="text", missing="level"))
    assert found.columns[0].levels == ("a", "b", "c")
    table = found.read(frame)
    np.testing.assert_array_equal(table.codes, [[2, -1, 0, 1, 2, -1]])
    np.testing.assert_array_equal(table.numbers, [[0, 1, 0, 0, 0, 1]])


def test_levels_of_several_kinds_are_sorted_as_text():
    frame = pd.DataFrame({"x": pd.Series([2, "b", 10, "a"], dtype=object)})
    found = learnt(frame, Rules(categories=["x"]))
    assert found.columns[0].levels == (10, 2, "a", "b")
    np.testing.assert_array_equal(found.read(frame).codes, [[1, 3, 0, 2]])


def test_columns_that_repeat_are_refused_where_a_frame_is_read():
    found = learnt(pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}), RULES)
    with pytest.raises(ValueError, match="'a' names several columns of X"):
        found.read(pd.DataFrame([[1.0, 2.0, "x"]], columns=["a", "a", "b"]))


@pytest.mark.parametrize("kind", ["int8", "uint32"])
def test_ordered_levels_of_arrow_keep_their_order(kind):
    codes = pa.array([2, 0, None, 1], kind)
    sizes = pa.DictionaryArray.from_arrays(codes, ["S", "M", "L"], ordered=True)
    encoding = learnt(pa.table({"size": sizes}), Rules(ordered="step", missing="level"))
    assert encoding.names() == ["size[>=M]", "size[>=L]", "size[missing]"]
    assert encoding.read(pa.table({"size": sizes})).codes.tolist() == [[2, 0, -1, 1]]
