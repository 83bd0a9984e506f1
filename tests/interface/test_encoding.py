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
