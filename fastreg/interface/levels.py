"""One column of a data frame as codes and levels, or as days: pandas, polars, pyarrow, each by its own fast way."""

import datetime

import numpy as np

EPOCH = datetime.datetime(1970, 1, 1)
DAY = 86_400_000_000  # microseconds


def coded(series):
    """(the code of each row, int32, -1 where it is missing; the values of these rows that codes stand for, in order).

    The order of levels is that which a type declares, or else values are sorted.
    """
    native = series.to_native()
    if hasattr(native, "cat") and hasattr(native.cat, "codes"):  # pandas keeps codes
        codes, levels = native.cat.codes.to_numpy(), native.cat.categories.tolist()
        return _renumbered(codes, levels, _used(codes, len(levels)))
    if series.implementation.is_pandas_like() and hasattr(native, "factorize"):
        codes, values = native.factorize()
        return _in_order(np.asarray(codes), values.tolist())
    if series.implementation.is_polars():
        return _of_polars(series)
    if series.implementation.is_pyarrow() and len(series):
        return _of_pyarrow(native)
    return _of_values(series)


def _of_values(series):
    """By the values one after the other, for any type."""
    values, absent = series.to_list(), series.is_null().to_list()
    places: dict[object, int] = {}
    codes = [-1 if none else places.setdefault(value, len(places)) for value, none in zip(values, absent)]
    return _in_order(np.array(codes, dtype=np.int32), list(places))


def _of_polars(series):
    """By the numbers that polars keeps for text; Categorical has those of all columns, of which these rows use some."""
    import narwhals as nw

    declared = list(series.dtype.categories) if isinstance(series.dtype, nw.Enum) else None
    if series.dtype.is_integer() and not series.null_count():
        values, codes = np.unique(series.to_numpy(), return_inverse=True)
        return codes.astype(np.int32), values.tolist()
    if declared is None and series.dtype not in (nw.String, nw.Categorical):
        return _of_values(series)
    native = series.to_native() if series.dtype != nw.String else series.cast(nw.Categorical).to_native()
    numbers = native.to_physical()
    codes = numbers.fill_null(0).to_numpy().astype(np.int64)
    if numbers.null_count():
        codes[numbers.is_null().to_numpy()] = -1
    if declared is not None:
        return _renumbered(codes, declared, _used(codes, len(declared)))
    first = np.full(codes.max(initial=-1) + 2, -1, dtype=np.int64)  # the last row of each number, -1 for none
    first[codes] = np.arange(codes.size)
    first[-1] = -1
    numbers = np.flatnonzero(first >= 0)
    place = np.zeros(first.size, dtype=np.int64)
    place[numbers], place[-1] = np.arange(numbers.size), -1
    return _in_order(place[codes], native[first[numbers].tolist()].to_list())


def _of_pyarrow(native):
    """By Arrow's dictionary, which is made where the column has none."""
    encoded = native if str(native.type).startswith("dictionary") else native.dictionary_encode()
    codes, values = of_dictionary(encoded)
    return (_renumbered if encoded.type.ordered else _in_order)(codes, values, _used(codes, len(values)))


def of_dictionary(encoded):
    """(the code of each row, -1 where it is missing; the values that codes stand for) of a pyarrow ChunkedArray."""
    chunks = encoded.unify_dictionaries().chunks
    places = [chunk.indices.cast("int64").fill_null(-1) for chunk in chunks]  # polars' are unsigned, without a -1
    return np.concatenate([each.to_numpy(zero_copy_only=False) for each in places]), chunks[0].dictionary.to_pylist()


def _used(codes, size):
    """Which of the numbers below `size` some row has."""
    seen = np.zeros(size + 1, dtype=bool)  # its last is of rows without a value, whose code is -1
    seen[codes] = True
    return np.flatnonzero(seen[:-1]).tolist()


def _in_order(codes, values, used=None):
    """Codes of values in whatever order, some of them missing, as codes of those that rows have (`used`), sorted."""
    used = [k for k in (range(len(values)) if used is None else used) if values[k] is not None]
    used = [k for k in used if values[k] == values[k]]
    try:
        used.sort(key=lambda k: values[k])
    except TypeError:
        used.sort(key=lambda k: str(values[k]))
    return _renumbered(codes, values, used)


def _renumbered(codes, values, kept):
    """(codes of the `kept` values, which are renumbered in this order, and of others -1; these values)."""
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
