"""The options of fit_path in the three bundles that are passed on (what is fitted, at which alphas, what is reported
meanwhile), and which of them other functions take."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.by_column import by_name, without_references
from fastreg.interface.encoding import Rules, encoded
from fastreg.interface.frames import joined, labels_of, refuse_other_order
from fastreg.interface.progress import Progress

ABOUT_FRAMES = {*Rules._fields, "data"}  # options that give way to how a frame was read


class FitOptions(NamedTuple):
    """Options of `fit_path`, and those of them that `fit_multi_path` has: the model, its data, and the accuracy."""

    family: Any = "gaussian"  # a name or a class
    l1_ratio: float = 1.0
    sample_weight: Any = None
    offset: Any = None
    penalty_factor: Any = None
    lower: Any = None
    upper: Any = None
    fit_intercept: bool = True
    standardize: bool = False
    tol: float = 1e-6
    max_iter: int = 1000
    solver: str = "auto"
    feature_names: Any = None  # of X's columns
    penalty: Any = None  # an object with rates of its own, in place of l1_ratio
    encoding: Any = None  # how a data frame with categories, dates or gaps was read

    def checked(self):
        """The same, if numbers and flags are in their ranges; else a ParameterError."""
        for name in ("penalty_factor", "lower", "upper"):
            refuse_other_order(name, getattr(self, name), self.feature_names)
        return self._replace(
            l1_ratio=check.check_number("l1_ratio", self.l1_ratio, 0.0, 1.0),
            tol=check.check_number("tol", self.tol, 0.0, np.inf, low_open=True, high_open=True),
            max_iter=check.check_count("max_iter", self.max_iter, 1),
            fit_intercept=check.check_flag("fit_intercept", self.fit_intercept),
            standardize=check.check_flag("standardize", self.standardize),
        )

    def by_column(self, alphas=None):
        """The same for a fit at these alphas: with arrays for dicts by name, and without reference levels."""
        named = any([isinstance(each, Mapping) for each in (self.penalty_factor, self.lower, self.upper)])
        if self.encoding is None and not named:
            return self
        starts = {"penalty_factor": 1.0, "lower": -np.inf, "upper": np.inf}
        arrays = {
            name: by_name(name, getattr(self, name), self.feature_names, self.encoding, rest)
            for name, rest in starts.items()
        }
        return without_references(self._replace(**arrays), alphas)

    def has_offset(self):
        """Whether an offset is given."""
        return check.is_offset(self.offset)

    def bounded(self):
        """Whether any bounds are given."""
        return self.lower is not None or self.upper is not None


class Grid(NamedTuple):
    """Options of `fit_path` that set the grid of alphas.

    With `of_sum` the penalty belongs to the sum of losses instead of their mean, as scikit-learn's C does: a fold has
    less weight than all rows, and its alphas are larger in proportion.
    """

    alphas: Any = None
    n_alphas: int = 100
    alpha_min_ratio: float | None = None
    of_sum: bool = False

    def checked(self):
        """The same, if the alphas given decrease or their number is in its range; else a ValueError."""
        if self.alphas is not None:
            return self._replace(alphas=check.check_alphas(self.alphas))
        return self._replace(n_alphas=check.check_count("n_alphas", self.n_alphas, 1))

    def size(self):
        """The number of alphas; a path may end sooner."""
        return int(self.n_alphas) if self.alphas is None else np.size(self.alphas)

    def automatic(self):
        """Whether neither the alphas nor the ratio of the last to the first are given."""
        return self.alphas is None and self.alpha_min_ratio is None

    def lowest(self):
        """The last of the alphas given; infinity for an automatic grid, which depends on the data."""
        return np.inf if self.alphas is None else float(np.min(self.alphas))


class Watching(NamedTuple):
    """Options of `fit_path` for the reports of a running fit, whether its solver steps are recorded, and the file that
    keeps its points."""

    verbose: bool | int = False
    callback: Callable[..., Any] | None = None
    trace: bool = False
    checkpoint: Any = None


def framed(X: Any, options: Mapping[str, Any], **of_rows: Any) -> tuple[Any, ...]:
    """(X, options, values of `of_rows`): a data frame with categories, dates or gaps as `Encoding.read` returns it, a
    formula with the frame `data` as `FormulaEncoding.read` does.

    `of_rows`, of which the first is the response, and the weights and offset among the options lose the rows that are
    dropped. The options that say how a frame is read give way to its encoding.
    """
    rules = Rules.of(options)
    rest = {name: value for name, value in options.items() if name not in ABOUT_FRAMES}
    data, response = options.get("data"), next(iter(of_rows))
    X = joined(X) if isinstance(X, tuple) else X
    of_rows |= {name: rest[name] for name in ("sample_weight", "offset") if name in rest}
    if X is None and data is None:
        raise check.ParameterError(
            f"X is None: pass X and {response}, or a formula '{response} ~ age + C(group)' with data="
        )
    if isinstance(X, str):
        X, encoding, rows, rest["fit_intercept"] = _by_formula(X, data, rules, of_rows, response, rest)
    elif data is not None:
        raise check.ParameterError(
            f"data is the frame of a formula, which is the first argument, a text such as '{response} ~ age + C(group)'"
        )
    elif labels_of(X) is None and rules == Rules():
        encoding, rows = None, of_rows
    else:
        X, encoding, rows = encoded(X, rules, of_rows)
    if rows.get(response) is None:
        raise check.ParameterError(
            f"{response} is None: pass the response, or a formula '{response} ~ age + C(group)' with data="
        )
    rest |= {name: rows.get(name) for name in ("sample_weight", "offset") if name in rest or name in rows}
    if encoding is not None:
        rest |= {"encoding": encoding, "feature_names": encoding.names_with(rest.get("feature_names"))}
    return X, rest, *[rows.get(name) for name in of_rows if name not in ("sample_weight", "offset")]


def _by_formula(formula, data, rules, of_rows, response, options):
    """(X, its encoding, `of_rows`, whether there is an intercept)."""
    from fastreg.interface.formula import check_intercept, formulated

    full = options.get("alphas") is None or bool(np.any(np.asarray(options["alphas"]) != 0.0))
    X, encoding, rows, intercept = formulated(formula, data, rules, of_rows, response, full)
    check_intercept(encoding, options.get("fit_intercept", True))
    return X, encoding, rows, intercept


def bundles(X: Any, options: Mapping[str, Any], **fixed: Any) -> tuple[FitOptions, Grid, Watching]:
    """Options by name in their bundles, those left out at their defaults; `feature_names` are those of X's columns.

    What is given by names of columns is in arrays, and the reference levels of categories without a penalty are left
    out.
    """
    given = {**options, **fixed, "feature_names": check.feature_names_of(X, options.get("feature_names"))}

    def part(kind: Any) -> Any:
        return kind(**{name: given[name] for name in kind._fields if name in given})

    grid = part(Grid).checked()
    return part(FitOptions).by_column(grid.alphas), grid, part(Watching)


class GridOptions(TypedDict, total=False):
    """Options of `fit_path` that set the grid of alphas.

    This class and those below list the options that other functions share with `fit_path`, for their `**options`
    (fastreg.interface.shared_options). Defaults are those of `fit_path`.
    """

    alphas: ArrayLike | None
    n_alphas: int
    alpha_min_ratio: float | None


class FrameOptions(TypedDict, total=False):
    """Options of `fit_path` that say how a data frame is read."""

    categories: str | Sequence[str] | None
    ordered: str
    dates: str
    missing: str | dict[str, str]
    unseen: str


class EstimatorOptions(FrameOptions, total=False):
    """Options of `fit_path` that are parameters of every estimator."""

    penalty_factor: ArrayLike | dict[str, float] | None
    standardize: bool


class BoundedOptions(EstimatorOptions, total=False):
    """Options of `fit_path` that estimators and functions have whose coefficients may have bounds."""

    lower: ArrayLike | dict[str, float] | None
    upper: ArrayLike | dict[str, float] | None


class ProblemOptions(EstimatorOptions, total=False):
    """Options of `fit_path` that every function which fits has, too."""

    sample_weight: ArrayLike | str | None
    offset: ArrayLike | str | None
    fit_intercept: bool
    tol: float
    feature_names: Sequence[str] | None
    data: Any


class RidgeOptions(GridOptions, ProblemOptions):
    """Options of `fit_path` that `ridge_loo` has."""


class PilotOptions(ProblemOptions, total=False):
    """Options of `fit_path` that `adaptive_factor` has."""

    family: str | type
    max_iter: int


class FormulaOptions(FrameOptions, total=False):
    """Options of `fit_path` that `posterior` has for a fit by a formula."""

    family: str | type
    l1_ratio: float
    data: Any


class FoldOptions(GridOptions, PilotOptions, total=False):
    """Options of `fit_path` that every function which fits folds or halves of the rows has."""

    solver: str
    verbose: bool | int
    callback: Callable[[Progress], Any] | None


class CVOptions(FoldOptions, BoundedOptions, total=False):
    """Options of `fit_path` that `cv_path` has; its l1_ratio may be several."""

    penalty: Any
    checkpoint: str | os.PathLike[str] | None


class SelectionOptions(FoldOptions, total=False):
    """Options of `fit_path` that `cv_relaxed`, `nested_cv_relaxed` and `stability_selection` have."""

    l1_ratio: float
    penalty: Any


class MultiOptions(GridOptions, ProblemOptions, BoundedOptions, total=False):
    """Options of `fit_path` that `fit_multi_path` has; it has families of its own."""

    l1_ratio: float
    max_iter: int
    verbose: bool | int
    callback: Callable[[Progress], Any] | None
    trace: bool
