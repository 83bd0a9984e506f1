"""One column of a data frame as codes and levels, or as days: pandas, polars, pyarrow, each by its own fast way."""

import datetime

import numpy as np

EPOCH = datetime.datetime(1970, 1, 1)
DAY = 86_400_000_000  # microseconds


def coded(series):
    """(the code of each row, int32, -1 where it is missing; the values that codes stand for, in order).

    Levels are those that a type declares, in its order, or else the values of these rows, sorted.
    """
    native = series.to_native()
    if hasattr(native, "cat") and hasattr(native.cat, "codes"):  # pandas keeps codes
        return native.cat.codes.to_numpy().astype(np.int32), native.cat.categories.tolist()
    if series.implementation.is_pandas_like() and hasattr(native, "factorize"):
        codes, values = native.factorize()
        return _in_order(np.asarray(codes), values.tolist())
    if series.implementation.is_polars():
        return _of_polars(series)
    if series.implementation.is_pyarrow() and len(series):
        return _of_pyarrow(native)
    values, absent = series.to_list(), series.is_null().to_list()
    places: dict[object, int] = {}
    codes = [-1 if none else places.setdefault(value, len(places)) for value, none in zip(values, absent)]
    return _in_order(np.array(codes, dtype=np.int32), list(places))


def _of_polars(series):
    """By the numbers that polars keeps for text; Categorical has those of all columns, of which these rows use some."""
    import narwhals as nw

    declared = list(series.dtype.categories) if isinstance(series.dtype, nw.Enum) else None
    if declared is None and series.dtype not in (nw.String, nw.Categorical):
        values = series.drop_nulls().unique().to_list()
        places = {value: k for k, value in enumerate(values)}
        return _in_order(np.array([places.get(each, -1) for each in series.to_list()], dtype=np.int32), values)
    native = series.to_native() if series.dtype != nw.String else series.cast(nw.Categorical).to_native()
    numbers = native.to_physical()
    absent, numbers = numbers.is_null().to_numpy(), numbers.fill_null(0).to_numpy().astype(np.int64)
    if declared is not None:
        return np.where(absent, -1, numbers).astype(np.int32), declared
    some = native.drop_nulls().unique()
    keys, values = some.to_physical().to_list(), some.to_list()
    table = np.full(max([int(numbers.max(initial=0)), *keys]) + 1, -1, dtype=np.int32)
    table[keys] = np.arange(len(keys))
    return _in_order(np.where(absent, -1, table[numbers]), values)


def _of_pyarrow(native):
    """By Arrow's dictionary, which is made where the column has none."""
    encoded = native if str(native.type).startswith("dictionary") else native.dictionary_encode()
    chunks = encoded.unify_dictionaries().chunks
    places = [chunk.indices.cast("int64").fill_null(-1) for chunk in chunks]  # polars' are unsigned, without a -1
    codes = np.concatenate([each.to_numpy(zero_copy_only=False) for each in places])
    levels = chunks[0].dictionary.to_pylist()
    return (codes.astype(np.int32), levels) if encoded.type.ordered else _in_order(codes, levels)


def _in_order(codes, values):
    """Codes of values in whatever order, some of them missing, as codes of those that rows have, sorted."""
    codes = codes.astype(np.int32)
    used = np.bincount(codes + 1, minlength=len(values) + 1)[1:] > 0
    kept = [k for k in np.flatnonzero(used).tolist() if values[k] is not None and values[k] == values[k]]
    try:
        kept.sort(key=lambda k: values[k])
    except TypeError:
        kept.sort(key=lambda k: str(values[k]))
    table = np.full(len(values) + 1, -1, dtype=np.int32)  # its last is of rows without a value
    table[kept] = np.arange(len(kept), dtype=np.int32)
    return table[codes], [values[k] for k in kept]


def is_date(value):
    """Whether a value is a date, a time or a duration."""
    return isinstance(value, datetime.date | datetime.time | datetime.timedelta)


def days(series):
    """A column of dates, times or durations as float64 days, since 1970 for dates; NaN where it is missing."""
    import narwhals as nw

    if series.dtype in (nw.Date, nw.Datetime, nw.Duration):
        part = series.dt.total_microseconds() if series.dtype == nw.Duration else series.dt.timestamp("us")
        numbers = np.asarray(part.fill_null(0).to_numpy(), dtype=np.float64)
        return np.where(series.is_null().to_numpy(), np.nan, numbers / DAY)
    gaps = zip(series.to_list(), series.is_null().to_list())
    return np.array([np.nan if missing else _days(value) for value, missing in gaps], dtype=np.float64)


def _days(value):
    """A date, a time or a duration in days."""
    if isinstance(value, datetime.timedelta):
        return value / datetime.timedelta(days=1)
    if isinstance(value, datetime.datetime):
        epoch = EPOCH if value.tzinfo is None else EPOCH.replace(tzinfo=datetime.UTC)
        return (value - epoch) / datetime.timedelta(days=1)
    if isinstance(value, datetime.time):
        return (value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6) / 86400
    return float((value - EPOCH.date()).days)
