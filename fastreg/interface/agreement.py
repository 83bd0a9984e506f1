"""Checks that data and options agree with the fitted result that they are used with: columns, offset, weights."""

from collections import Counter

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.by_column import by_name
from fastreg.interface.frames import feature_names_of, is_storage, joined, labels_of, select
from fastreg.interface.scalars import listed

OWN = "leave it out, and the path's own is used"


def offset_for(result, offset, n, K=None):
    """The offset of n rows, checked, or None; `result.has_offset` says whether the fit had one.

    Raises ValueError where it had and none is given: predictions would be those of rows whose offset is 0.
    """
    if offset is None and result.has_offset:
        raise ValueError(
            "this model was fitted with an offset, and none is given here: pass the offset of these rows (such as "
            "offset=np.log(exposure)), or offset=0 to leave it out on purpose"
        )
    return check.check_offset(offset, n, K)


def rows_for(result, X, **given):
    """What belongs to the rows of X, in the order given: what is None, or text, as the fit's formula says of a frame.

    Raises a ParameterError where "y" is None and no formula has it.
    """
    encoding = getattr(result, "encoding", None)  # what is no path at all is refused with its columns
    formula = encoding if hasattr(encoding, "row_values") and labels_of(X) is not None else None
    found = []
    for name, values in given.items():
        if formula is not None and (values is None or isinstance(values, str)):
            values = formula.row_values(name, X, values)
        if name == "y" and values is None:
            raise check.ParameterError(
                "y is None: pass the response; that of a formula, where it names one, is read from data frames"
            )
        found.append(values)
    return found


def weights_for(path, sample_weight):
    """The weights given. Raises ValueError where the fit had weights that differ, and none are given."""
    if sample_weight is None and path.weighted:
        raise ValueError(
            "this path was fitted with weights, and none are given here: pass sample_weight of these rows, or "
            "sample_weight=1 to weigh them alike on purpose"
        )
    return sample_weight


def alpha_within(alpha, alphas):
    """alpha as a float, if a path over these alphas reaches it; else a ValueError."""
    if np.ndim(alpha) > 0 or np.asarray(alpha).dtype.kind not in "fiu":
        raise check.ParameterError(
            f"alpha must be one number ('min' and '1se' are for what cv_path returns), got {alpha!r}"
        )
    if not np.isfinite(alpha) or not reaches(alphas, alpha):
        raise ValueError(beyond_the_end(alpha, alphas))
    return float(alpha)


def reaches(alphas, alpha):
    """Whether the last of these alphas is at most alpha, up to rounding."""
    return bool(alpha >= alphas[-1] * (1.0 - 1e-12))


def beyond_the_end(alpha, alphas):
    """The message for an alpha below the last of these alphas."""
    return (
        f"alpha must be at least {alphas[-1]:g}, the end of this path, got {alpha!r}; "
        "fit a path that reaches it (alphas=, or a smaller alpha_min_ratio) or take a larger one"
    )


def options_for(path, *, penalty_factor=None, fit_intercept=None, standardize=None):
    """The options of a path as keyword arguments of FitOptions, for a fit or computation that builds on it.

    Raises ValueError where one that is given, not None, is not the path's own.
    """
    if not hasattr(path, "refit_ridge"):
        advice = "; pass its .path" if hasattr(path, "path") else ""
        raise check.ParameterError(f"path must be a fastreg.Path, got a {type(path).__name__}{advice}")
    for name, given in (("fit_intercept", fit_intercept), ("standardize", standardize)):
        own = getattr(path, name)
        if given is not None and check.check_flag(name, given) != own:
            raise ValueError(f"{name} is {given}, but the path was fitted with {name}={own}; {OWN}")
    if penalty_factor is not None:
        p = path.coefs.shape[0]
        penalty_factor = by_name("penalty_factor", penalty_factor, path.feature_names, path.encoding, 1.0)
        given, own = check.check_factor(penalty_factor, p), check.check_factor(path.penalty_factor, p)
        j = next(iter(np.flatnonzero(given != own)), None)
        if j is not None:
            raise ValueError(
                f"penalty_factor[{j}] is {given[j]:g}, but the path was fitted with {own[j]:g} there; {OWN}"
            )
    return {
        "family": path.family_class or path.family, **penalty_of(path), "penalty_factor": path.penalty_factor,
        "lower": path.lower, "upper": path.upper, "fit_intercept": path.fit_intercept,
        "standardize": path.standardize, "encoding": path.encoding,
    }  # fmt: skip


def penalty_of(path):
    """The l1_ratio of a path, or a penalty of one's own, as keyword arguments of FitOptions; refits have a ridge."""
    if path.penalty is None or path.refit_ridge is not None:
        return {"l1_ratio": path.l1_ratio, "penalty": None}
    return {"l1_ratio": 1.0, "penalty": path.penalty}


def columns_for(result, X, p):
    """X to predict from, checked to have the p columns of the fit: a sparse matrix unchanged, a frame as the fit read
    its own, else a float64 array."""
    X = joined(X) if isinstance(X, tuple) else X
    if result.encoding is not None and labels_of(X) is not None:
        return result.encoding.read(X)
    check_columns(result, X, p)
    return check.check_table(X)


def check_columns(result, X, p):
    """Raise ValueError where X does not have the p columns of the fit, compared by name where both have names.

    Names are compared as text. Column numbers of a data frame count as names only if the fit had them, too.
    """
    labels, fitted = labels_of(X), result.feature_names
    if labels is None and is_storage(X):
        _compare_names(feature_names_of(X), fitted)
    if labels is not None and fitted is not None and [*map(str, labels)] != fitted:
        _compare(X, labels, fitted)
    if labels is not None and fitted is None:
        refuse_reordered(X, labels)
    shape = X.shape if hasattr(X, "shape") else check.check_table(X).shape
    if len(shape) == 2 and shape[1] != p:
        raise ValueError(f"X has {shape[1]} columns, but the path was fitted on {p} columns")


def refuse_reordered(X, labels):
    """Raise where a frame's columns are numbered from 0, as those of an array are, but in another order.

    A model that was fitted on an array takes columns by position. pandas numbers columns 0, 1, ..., polars calls them
    "column_0", "column_1", ....
    """
    names = [str(label).removeprefix("column_") for label in labels]
    places = {str(j): j for j in range(len(names))}
    j = next((j for j, name in enumerate(names) if name != str(j)), None)
    if j is None or set(names) != places.keys():
        return
    key = "int" if str(labels[0]) == names[0] else "lambda name: int(name.removeprefix('column_'))"
    order = f"sorted({'X.column_names' if hasattr(X, 'column_names') else 'X.columns'}, key={key})"
    sort = f"X[{order}]" if hasattr(X, "iloc") else f"X.select({order})"
    raise ValueError(
        f"column {j} of X is number {names[j]}, but this model was fitted on an array, whose columns are taken by "
        f"their place: X seems to be in another order. Pass {sort} for the order of the numbers, or an array "
        "(X.to_numpy()) to take the columns as they stand"
    )


def _compare_names(names, fitted):
    """Raise where the names of a storage's columns differ from those of the fit, if both have names."""
    if names is None or fitted is None or names == fitted:
        return
    if len(names) != len(fitted):
        raise ValueError(f"X has {len(names):,} columns, but the path was fitted on {len(fitted):,} columns")
    j = next(j for j, pair in enumerate(zip(names, fitted)) if pair[0] != pair[1])
    raise ValueError(
        f"column {j} of X is {names[j]!r}, and the fit's is {fitted[j]!r}; pass the same columns in the same order"
    )


def _compare(X, labels, fitted):
    """Raise where the names of the columns, or their order, differ from those of the fit."""
    names = [str(label) for label in labels]
    if labels == [*range(len(labels))] and not set(names) & set(fitted):
        return
    given, known = Counter(names), Counter(fitted)
    lacking, more = list((known - given).elements()), list((given - known).elements())
    if lacking:
        besides = f", and has {listed(more)} instead" if more else ""
        advice = "; if they are the same columns under other names, in the order of the fit, pass an array of them"
        raise ValueError(
            f"X lacks {len(lacking)} of the {len(fitted)} columns that this path was fitted on: {listed(lacking)}"
            f"{besides}{advice if len(names) == len(fitted) else ''}"
        )
    message = f"X has {len(more)} columns that this path was not fitted on: {listed(more)}"
    if not more:
        j = next(j for j, (name, known_name) in enumerate(zip(names, fitted)) if name != known_name)
        message = f"column {j} of X is {names[j]!r}, but this path was fitted with {fitted[j]!r} there"
    for counts, remedy in (
        (known, "give columns names that differ, and fit again"),
        (given, "keep the one of the fit, and drop the others"),
    ):
        repeated = [name for name in known if counts[name] > 1]
        if repeated:  # to select this name would take all of its columns
            raise ValueError(f"{message}, and {repeated[0]!r} names several; {remedy}")
    raise ValueError(f"{message}: pass {select(X, 'path.feature_names')}")
