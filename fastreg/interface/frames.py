"""Data frames as arrays and names of columns: pandas, polars, pyarrow, and other libraries that narwhals knows.

An array imports nothing; a frame imports narwhals, which uses only libraries that are loaded already.
"""

from typing import NamedTuple

import numpy as np

NUMBERS = "fiub"  # kinds of NumPy's types that can be converted to float64 without looking at each value
PLAIN = {"b": bool, "i": int, "u": int, "f": float, "U": str}  # Python's type for labels of each of NumPy's kinds


def labels_of(X):
    """The labels of a data frame's columns, of whatever type; None for anything but a data frame."""
    if isinstance(X, np.ndarray) or keeps_form(X):
        return None
    if hasattr(X, "column_names"):  # pyarrow's, whose `columns` are data
        labels = X.column_names
    elif hasattr(X, "collect") and hasattr(X, "collect_schema"):  # lazy, and slow to tell its `columns`
        labels = X.collect_schema().names()
    else:
        labels = getattr(X, "columns", None)
    return None if labels is None or callable(labels) else list(labels)


def feature_names_of(X, given=None):
    """The `given` names of X's columns, checked; those of a data frame, or of a storage that has `feature_names`, as a
    list of str where none are; or None."""
    labels = labels_of(X)
    own = getattr(X, "feature_names", None) if labels is None else [str(label) for label in labels]
    return own if given is None else _checked_names(given, X, own, numbered=labels == [*range(len(labels or ()))])


def _checked_names(given, X, own, numbered):
    """Names as a list of str. Raises a ValueError where they are not one text for each column of X, all of them
    different, and where they are not X's `own`, of a frame whose columns pandas has not just `numbered`."""
    if isinstance(given, (str, bytes)) or not np.iterable(given):
        raise ValueError(f"feature_names must be a list of the names of X's columns, got {given!r}")
    names = list(given)
    shape = getattr(X, "shape", None) or np.shape(X)
    if len(shape) == 2 and len(names) != shape[1]:  # another X is refused where it is read
        raise ValueError(f"feature_names holds {len(names)} names, but X has {shape[1]} columns; give a name for each")
    place: dict[str, int] = {}
    for j, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(f"feature_names[{j}] is {name!r}, which is not text; pass it as a str")
        if place.setdefault(name, j) < j:
            raise ValueError(f"feature_names[{j}] is {name!r}, as is feature_names[{place[name]}]; make them differ")
        if own is not None and not numbered and own[j] != name:
            raise ValueError(
                f"feature_names[{j}] is {name!r}, but column {j} of X is called {own[j]!r}; leave feature_names out, "
                "and the names of X are used, or rename the columns of X"
            )
    return [str(name) for name in names]


def array_of(X, name="X"):
    """A data frame as an array, with NaN for missing values; anything else unchanged. Messages call it `name`.

    Raises ValueError with the place of the first value that is not a number, and for lazy frames.
    """
    labels = labels_of(X)
    if labels is None and is_chunked(X):
        from fastreg.interface.sources.loading import loaded  # which few fits need

        return loaded(X, name)
    if labels is None:
        return X.to_numpy() if hasattr(X, "to_numpy") and not isinstance(X, np.ndarray) else X
    if not labels:
        return np.empty((len(X), 0))
    frame = frame_view(X, labels)
    if frame is None:
        return X.to_numpy() if hasattr(X, "to_numpy") else X
    if all(is_numeric(dtype) for dtype in frame.schema.values()):  # else dates would become numbers of days silently
        array = frame.to_numpy()
        if array.dtype.kind in NUMBERS:
            return array
    return np.column_stack([numbers_of(name, column, j, labels[j]) for j, column in enumerate(frame.iter_columns())])


def is_chunked(X):
    """Whether X is an array of a library that reads arrays by parts, such as zarr, h5py, dask and xarray."""
    return not isinstance(X, np.ndarray) and all(hasattr(X, name) for name in ("chunks", "shape", "dtype"))


def vector_of(values):
    """A vector as an array, also from a Series; missing values are NaN, None or the library's own mark."""
    if hasattr(values, "__arrow_c_array__"):  # pyarrow's to_numpy refuses truth values and missing values
        return np.asarray(values)
    return values.to_numpy() if hasattr(values, "to_numpy") else values


def label_array(name, values):
    """Labels of rows as an array; objects that are all of one type become an array of that type.

    Raises ValueError with the place of the first label that is missing or infinite (it would become a class of its
    own) or of another kind than the first (labels of two kinds cannot be sorted).
    """
    array = np.asarray(vector_of(values))
    if array.dtype.kind not in "Of":
        return array
    labels = array.ravel().tolist()
    for place, label in enumerate(labels):
        if _is_missing(label):
            shown = "NaN" if isinstance(label, float) else label
            raise ValueError(
                f"Input {name} contains NaN or other missing values: {name}[{place}] is {shown}; drop such rows"
            )
        if isinstance(label, float) and np.isinf(label):
            raise ValueError(f"Input {name} contains infinity: {name}[{place}] is {label}; drop such rows")
    if array.dtype.kind == "f":
        return array
    examples = {type(label): label for label in labels}
    kind_of = {each: PLAIN.get(np.asarray(label).dtype.kind) for each, label in examples.items()}
    kinds = [kind_of[type(label)] for label in labels]
    other = next((place for place, kind in enumerate(kinds) if kind is not kinds[0]), None)
    if other is not None and not {*kinds} <= {int, float}:
        raise ValueError(
            f"{name} mixes labels that cannot be put in order: {name}[0] is {labels[0]!r} and {name}[{other}] is "
            f"{labels[other]!r}; turn all of them into strings"
        )
    return array if None in kinds or not kinds else np.array(array.tolist())


def _is_missing(label):
    """Whether a label is None, NaN or pandas.NA, whose comparison with itself has no truth value."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        return True
    except ValueError:  # an array, not a label
        return False


def table_of(X):
    """A pyarrow RecordBatch as a Table, which narwhals knows; any other data frame unchanged."""
    if not hasattr(X, "__arrow_c_array__"):
        return X
    import pyarrow

    return pyarrow.table(X)


def refuse_other_order(name, values, names):
    """Raise where the index of a Series holds the names of X's columns in another order."""
    labels = getattr(values, "index", None)
    if names is None or labels is None or callable(labels):
        return
    labels = [str(label) for label in labels]
    if labels != names and sorted(labels) == sorted(names):
        differ = len(set(names)) == len(names)  # else pandas cannot reindex
        remedy = f"pass {name}.reindex(X.columns), or an array" if differ else "pass an array in the order of X"
        raise ValueError(f"{name} is labelled by the columns of X in another order; {remedy}")


def rows_of(X, rows):
    """Some rows of an array, a sparse matrix, a data frame or a CodedTable, as an object of the same kind."""
    if hasattr(X, "of_rows"):
        return X.of_rows(rows)
    if is_storage(X):
        return X[rows]
    if hasattr(X, "tocsr"):
        return X.tocsr()[rows]
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    labels = labels_of(X)
    frame = None if labels is None else frame_view(X, labels)
    return np.asarray(X)[rows] if frame is None else frame[np.asarray(rows).tolist()].to_native()


def select(X, names):
    """Code, for a message, that selects the columns `names` (code, too) from a frame like X in this order."""
    if hasattr(X, "column_names"):
        return f"X.select({names})"
    if all(isinstance(label, str) for label in labels_of(X)):
        return f"X[{names}]"
    return f"X.set_axis([str(name) for name in X], axis=1)[{names}]"


def frame_view(X, labels):
    """narwhals' view of a frame; None for a frame of a library that it does not know."""
    import narwhals as nw

    X = table_of(X)
    names = {label for label in labels if not isinstance(label, tuple)}
    if len(names) < len(labels):  # narwhals refuses labels that repeat and labels of several levels
        numbers = [str(number) for number in range(len(labels))]
        X = X.set_axis(numbers, axis=1) if hasattr(X, "set_axis") else X.rename_columns(numbers)
    frame = nw.from_native(X, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        library = type(X).__module__.partition(".")[0]
        advice = {"polars": "X.collect()", "dask": "X.compute()"}.get(library, "a pandas, polars or pyarrow table")
        raise ValueError(
            f"X is a {library} {type(X).__name__}, whose rows are yet to be computed; pass {advice}, or, if that is "
            "larger than memory, write it to a file by fastreg.spool(X, 'x.npy'), and pass fastreg.open('x.npy')"
        )
    if not isinstance(frame, nw.DataFrame) and hasattr(X, "__arrow_c_stream__"):  # pyarrow can read it
        import pyarrow

        frame = nw.from_native(pyarrow.table(X))
    return frame if isinstance(frame, nw.DataFrame) else None


def is_numeric(dtype):
    import narwhals as nw

    return dtype.is_numeric() or dtype == nw.Boolean


def columns_of_words(X):
    """The names of a data frame's columns that are neither numbers nor truth values; none of anything else."""
    labels = labels_of(X)
    frame = None if labels is None else frame_view(X, labels)
    if labels is None or frame is None:
        return []
    import narwhals as nw

    types = frame.schema.values()
    return [str(name) for name, dtype in zip(labels, types) if not (is_numeric(dtype) or dtype == nw.Object)]


def numbers_of(name, column, j, label):
    """A column as float64, or a ValueError with the place of its first value that is not a number."""
    import narwhals as nw

    if is_numeric(column.dtype):
        return np.asarray(column.cast(nw.Float64).to_numpy(), dtype=np.float64)
    other = column.dtype not in (nw.Object, nw.Unknown, nw.Categorical)  # columns of these types may hold numbers
    out = np.full(len(column), np.nan)
    for i, (value, missing) in enumerate(zip(column.to_list(), column.is_null().to_list())):
        if missing:
            continue
        try:
            if other or isinstance(value, (str, bytes)) or np.ndim(value):
                raise TypeError
            out[i] = float(value)
        except (TypeError, ValueError):
            place = f"{name}[{i}, {j}] ({label!r})"
            raise ValueError(
                f"{name} must be numeric; {place} is {value!r}; leave that column out, or encode it"
            ) from None
    return out


class CodedTable(NamedTuple):
    """X as plain arrays, with categories as codes; fastreg.design.categorical says what each is."""

    numbers: np.ndarray  # (D, n)
    codes: np.ndarray  # (F, n) int32
    sizes: list[int]
    stepped: list[bool]
    factor: list[int]
    place: list[int]

    @property
    def shape(self):
        return self.numbers.shape[1], len(self.factor)

    def expanded(self):
        """The columns of X as rows of an array, (p, n)."""
        out = np.empty(self.shape[::-1])
        for line, f, k in zip(out, self.factor, self.place):
            if f < 0:
                line[:] = self.numbers[k]
            else:
                (np.greater_equal if self.stepped[f] else np.equal)(self.codes[f], k, out=line, casting="unsafe")
        return out

    def expanded_numbers(self):
        """X with zeros in the columns of categories."""
        out = np.zeros(self.shape, order="F")
        for j, (f, k) in enumerate(zip(self.factor, self.place)):
            if f < 0:
                out[:, j] = self.numbers[k]
        return out

    def of_rows(self, rows):
        """The table of some rows."""
        return self._replace(numbers=self.numbers[:, rows], codes=self.codes[:, rows])

    def __matmul__(self, coefs):
        """X C, (n, k), for C (p, k), or (n,) for (p,)."""
        (n, p), factor, place = self.shape, np.array(self.factor), np.array(self.place)
        coefs = np.asarray(coefs)
        each, dense = coefs.reshape(p, -1), factor < 0
        out = self.numbers[place[dense]].T @ each[dense]
        for f, codes in enumerate(self.codes):
            inside, table = factor == f, np.zeros((self.sizes[f] + 1, each.shape[1]))
            table[place[inside] + 1] = each[inside]
            out += (np.cumsum(table, axis=0) if self.stepped[f] else table)[codes + 1]
        return out.reshape(n, *coefs.shape[1:])


def columns_of(X, chosen):
    """Some columns of an array, a sparse matrix, a CodedTable or an OuterDesign, of which they are copied."""
    if hasattr(X, "copied"):
        return X.copied(np.asarray(chosen))
    if not isinstance(X, CodedTable):
        return X[:, chosen]
    return X._replace(factor=[X.factor[j] for j in chosen], place=[X.place[j] for j in chosen])


def part_of(X, rows, columns):
    """Some rows of some columns of an array, a sparse matrix, a CodedTable or an OuterDesign."""
    if isinstance(X, CodedTable) or hasattr(X, "copied"):
        return rows_of(columns_of(X, columns), rows)
    return X[np.ix_(rows, columns)]


def joined(parts):
    """One storage of the parts side by side of a tuple, if one of them is read by blocks; any other tuple unchanged."""
    outer = next((part for part in parts if hasattr(part, "beside")), None)
    return parts if outer is None else outer.beside(parts)


def is_storage(X):
    """Whether X is an object with the methods of a Design (fastreg.design.protocol), used as X without conversion."""
    return hasattr(X, "working_block") and (hasattr(X, "column_dot") or hasattr(X, "look"))


def keeps_form(X):
    """Whether X is used without conversion to an array: a storage, or a CodedTable."""
    return is_storage(X) or isinstance(X, CodedTable)
