"""Checks of what estimators get, as in scikit-learn: X, y, weights, offsets; data frames are read here."""

import numbers
import os
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_array, check_is_fitted, check_X_y, validate_data

from fastreg.interface import validation as check
from fastreg.interface.agreement import check_columns, offset_for, rows_for
from fastreg.interface.copies import refuse_large_copy
from fastreg.interface.encoding import Rules, encoded
from fastreg.interface.frames import (
    array_of,
    feature_names_of,
    is_chunked,
    is_storage,
    joined,
    keeps_form,
    label_array,
    labels_of,
    table_of,
)
from fastreg.interface.narrow import NARROW

# Formats that go to the engine unconverted: scikit-learn would convert others without checking their indices.
SPARSE_FORMATS = ("csc", "csr", "coo", "bsr")
FOR_X = {"accept_sparse": SPARSE_FORMATS, "dtype": [np.float64, *NARROW, np.bool_], "ensure_all_finite": False}


class Given(NamedTuple):
    """What a fit gets, checked. The arrays have the rows that are kept: missing="drop" leaves some out."""

    X: Any  # for the engine
    y: Any
    dtype: Any  # of the coefficients
    sample_weight: Any  # as it was given, like what follows
    offset: Any
    params: dict[str, Any]  # metadata
    # (rows kept, y and metadata of all rows) where some are left out; a formula's metadata are not known, None
    whole: tuple[np.ndarray, Any, dict[str, Any] | None] | None = None

    def weights(self):
        """(weights as a vector, or None; their sum)."""
        return total_weight(self.sample_weight, self.X.shape[0])


def check_fit(estimator, X, y, sample_weight=None, offset=None, params=None, **how):
    """The `Given` of a fit; `how` are arguments of scikit-learn's checks of y. Sets n_features_in_, feature_names_in_
    and, of a frame whose columns are not all numbers, encoding_.

    The engine looks for NaN and infinity itself, when it first reads X. Plain arrays of floats skip scikit-learn's
    checks, which cost as much as a small fit.
    """
    params, X = {} if params is None else params, in_memory(X)
    rules = Rules.of({name: getattr(estimator, name) for name in Rules._fields})
    if estimator.formula is not None:
        return _check_formula(
            estimator, X, {"y": y, "sample_weight": sample_weight, "offset": offset}, params, rules, how
        )
    if rules == Rules() and check.is_plain(X, y):
        remember(estimator, n_features_in_=X.shape[1], feature_names_in_=None, encoding_=None, _column_labels=None)
        return Given(X, y, X.dtype, sample_weight, offset, params)
    X = joined(X) if isinstance(X, tuple) else X
    check.refuse_masked("X", X)
    check.refuse_masked("y", y)
    if isinstance(X, (str, os.PathLike)):
        raise ValueError(f"X is a path; pass fastreg.open({str(X)!r}), which reads the file")
    refuse_large_copy(X)
    keep_labels(estimator, X)
    if is_classifier(estimator) and y is not None:  # scikit-learn refuses numbers in an array of objects as labels
        y = label_array("y", y)
    if is_storage(X):
        _keep_columns(estimator, X)
    rows, whole = {"y": y, "sample_weight": sample_weight, "offset": offset}, None
    if labels_of(X) is not None:
        refuse_repeated(X)
        validate_data(estimator, table_of(X), y, skip_check_array=True)
        n = len(X)
        rows |= {name: value for name, value in params.items() if np.ndim(value) and len(value) == n}
        rows["rows"] = np.arange(n)
    X, encoding, rows = encoded(X, rules, rows)
    remember(estimator, encoding_=encoding)
    kept = rows.pop("rows", None)
    if kept is not None and kept.size < n:
        whole = kept, y, params
    y, sample_weight, offset = (rows.pop(name) for name in ("y", "sample_weight", "offset"))
    X, y = validated(estimator, X, y, encoding is not None, **how)
    dtype = np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64
    return Given(check.check_design(X), y, dtype, sample_weight, offset, params | rows, whole)


def _check_formula(estimator, X, rows, params, rules, how):
    """The `Given` of a fit by a formula about the frame X."""
    from fastreg.interface.formula import check_intercept, formulated

    check.refuse_masked("y", rows["y"])
    rows |= {name: value for name, value in params.items() if np.ndim(value) or isinstance(value, str)}
    full, n = getattr(estimator, "alpha", 1.0) != 0.0, len(X) if hasattr(X, "__len__") else 0
    X, encoding, rows, _ = formulated(estimator.formula, X, rules, rows | {"rows": np.arange(n)}, "y", full)
    check_intercept(encoding, estimator.fit_intercept)
    names = encoding.columns_read()
    remember(
        estimator, encoding_=encoding, _column_labels=None, n_features_in_=len(names),
        feature_names_in_=np.array(names, dtype=object),
    )  # fmt: skip
    y, sample_weight, offset, kept = (rows.pop(name, None) for name in ("y", "sample_weight", "offset", "rows"))
    whole = (kept, np.zeros(n), None) if kept.size < n else None
    X, y = validated(estimator, X, y, True, **how)
    return Given(check.check_design(X), y, np.float64, sample_weight, offset, params | rows, whole)


def validated(estimator, X, y, is_read, for_y=None, **how):
    """X and y, checked as in scikit-learn, y apart from X by the arguments `for_y` if these are given.

    Of a data frame scikit-learn gets the names only, and then an array: it does not read the missing values and truth
    values of every library. `is_read` says that X is what was read from one.
    """
    separately = {"validate_separately": (FOR_X, for_y)} if for_y else FOR_X | how
    if labels_of(X) is None and not is_read and not is_storage(X):
        return validate_data(estimator, X, y, **separately)
    array = np.zeros((X.shape[0], 1)) if keeps_form(X) else array_of(X)
    if for_y:
        array, y = (check_array(each, estimator=estimator, **how) for each, how in ((array, FOR_X), (y, for_y)))
    else:
        array, y = check_X_y(array, y, estimator=estimator, **FOR_X, **how)
    return X if keeps_form(X) else array, y


def in_memory(X):
    """An array of zarr, h5py, dask and the like as one of NumPy; scikit-learn would copy it as it comes."""
    return array_of(X) if is_chunked(X) else X


def remember(estimator, **attributes):
    """Set fitted attributes; those that are None are removed."""
    for name, value in attributes.items():
        if value is not None:
            setattr(estimator, name, value)
        elif hasattr(estimator, name):
            delattr(estimator, name)


def _keep_columns(estimator, X):
    """Keep the number and the names of the columns of a storage, which scikit-learn does not know."""
    names = feature_names_of(X)
    remember(
        estimator,
        n_features_in_=X.shape[1],
        feature_names_in_=None if names is None else np.array(names, dtype=object),
    )


def keep_labels(estimator, X):
    """Keep the labels of a frame's columns if they are not text: scikit-learn does not count them as names."""
    labels = labels_of(X) or ()
    named = all(isinstance(label, str) for label in labels)
    remember(estimator, _column_labels=None if named else [str(label) for label in labels])


def refuse_repeated(X):
    """Raise where two columns of a frame have the same name, as newer releases of scikit-learn do."""
    names = [str(label) for label in labels_of(X)]
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        places = ", ".join(str(j) for j, other in enumerate(names) if other == name)
        raise ValueError(
            f"columns {places} of X are all named {name!r}; give columns names that differ, or pass an array "
            "(X.to_numpy())"
        )


def check_labels(estimator, X):
    """Raise where the labels of a frame's columns differ from those of the fit; scikit-learn checks labels of text."""
    labels = labels_of(X)
    fitted = getattr(estimator, "_column_labels", None)
    if labels is not None and not hasattr(estimator, "feature_names_in_"):
        check_columns(Fitted(fitted), X, estimator.n_features_in_)


class Fitted(NamedTuple):
    """A stand-in for a fitted result, for fastreg.interface.agreement."""

    feature_names: list[str] | None = None
    has_offset: bool = False
    encoding: Any = None


def check_predict(estimator, X):
    """X to predict from, checked to have the columns of the fit."""
    X = joined(X) if isinstance(X, tuple) else in_memory(X)
    check.refuse_masked("X", X)
    for_X, encoding = FOR_X | {"ensure_all_finite": True}, getattr(estimator, "encoding_", None)
    if labels_of(X) is None:
        if encoding is not None:
            raise ValueError(
                f"this {type(estimator).__name__} was fitted on a data frame whose columns are not all numbers, and X "
                "is none: pass a frame with the columns of feature_names_in_"
            )
        if is_storage(X):
            names = getattr(estimator, "feature_names_in_", None)
            check_columns(Fitted(None if names is None else [*names]), X, estimator.n_features_in_)
            return X
        return validate_data(estimator, X, reset=False, **for_X)
    if estimator.formula is None:  # else the columns that it names are read, whatever others there are
        refuse_repeated(X)
        validate_data(estimator, table_of(X), reset=False, skip_check_array=True)
        check_labels(estimator, X)
    X = array_of(X) if encoding is None else encoding.read(X)
    if keeps_form(X) and not len(X.numbers):
        return X
    read = check_array(X.numbers.T if keeps_form(X) else X, estimator=estimator, input_name="X", **for_X)
    return X if keeps_form(X) else read


def of_formula(estimator, X, **given):
    """What belongs to the rows of X, in the order given: what is None, or text, as the formula says of a frame."""
    if estimator.formula is None:
        return [*given.values()]
    check_is_fitted(estimator)
    return rows_for(Fitted(encoding=estimator.encoding_), X, **given)


def keep_offset(estimator, offset, shape):
    """The offset of a fit as an array of the shape of the linear predictors, (n,) or (n, K), or None.

    The estimator keeps whether there is one: `shift_for` then asks for that of the rows to predict.
    """
    remember(estimator, _has_offset=check.is_offset(offset))
    return shift_for(estimator, offset, shape) if estimator._has_offset else None


def shift_for(estimator, offset, shape):
    """The offset of rows to predict, checked, as an array of this shape, or None."""
    single = len(shape) == 1 or (shape[1] == 1 and np.ndim(offset) < 2)
    offset = offset_for(Fitted(has_offset=estimator._has_offset), offset, shape[0], None if single else shape[1])
    return None if offset is None else offset.reshape(shape)


def less_offset(estimator, y, offset):
    """y less the offset: a fit of least squares to it is the fit with the offset."""
    offset = keep_offset(estimator, offset, y.shape)
    return y if offset is None else y - offset


def total_weight(sample_weight, n):
    """(weights as a vector, or None; their sum). A single number is the weight of every row."""
    if sample_weight is None:
        return None, float(n)
    check.refuse_masked("sample_weight", sample_weight)
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n, sample_weight)
    sample_weight = np.asarray(sample_weight)
    if sample_weight.ndim != 1:
        raise ValueError(f"Sample weights must be 1D array or scalar, got an array of shape {sample_weight.shape}")
    weight = check.check_vector("sample_weight", sample_weight, n, allow_negative=False)
    with np.errstate(over="ignore"):
        total = float(weight.sum())
    if not 0.0 < total < np.inf:
        problem = "zero everywhere; at least one weight must be positive" if total == 0.0 else "too large to sum"
        raise ValueError(f"sample_weight is {problem}")
    return weight, total


def checked_weight(sample_weight, X):
    """Weights of the rows of X for a score, or None."""
    return (
        None if sample_weight is None else total_weight(sample_weight, X.shape[0] if hasattr(X, "shape") else len(X))[0]
    )


def check_gram(precompute, X, fit_intercept, sample_weight):
    """Raise ValueError where one entry of the Gram matrix `precompute` is not that of a dense X.

    With an intercept it has to be that of centred columns. If X is not centred, a warning says that it is not used.
    """
    check.refuse_masked("precompute", precompute)
    if not hasattr(precompute, "__array__") or not isinstance(X, np.ndarray):
        return
    weight = np.full(len(X), 1.0 / len(X)) if sample_weight is None else sample_weight / sample_weight.sum()
    if fit_intercept and not np.allclose(weight @ X, 0.0):
        check.warn(
            "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix.",
            UserWarning,
        )
        return
    precompute, p = np.asarray(precompute), X.shape[1]
    if precompute.shape != (p, p):
        raise ValueError(f"Gram matrix passed in via 'precompute' has shape {precompute.shape}, but X has {p} columns")
    i, j = p // 2, min(p // 2 + 1, p - 1)
    expected = len(X) * float(weight @ (X[:, i].astype(float) * X[:, j]))
    if not np.isclose(precompute[i, j], expected, rtol=1e-4 if X.dtype == np.float32 else 1e-7, atol=1e-5):
        raise ValueError(
            "Gram matrix passed in via 'precompute' parameter did not pass validation when a single element was "
            f"checked - please check that it was computed properly. For element ({i},{j}) we computed {expected} but "
            f"the user-supplied value was {precompute[i, j]}."
        )
