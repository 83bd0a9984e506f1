"""A path at one alpha, fitted exactly to the data that are given again: where every statement begins."""

from typing import Any, NamedTuple

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.agreement import columns_for, offset_for, options_for, rows_for, weights_for
from fastreg.interface.arguments import FitOptions
from fastreg.interface.data_frames import named_columns
from fastreg.interface.reasons import CONVERGED
from fastreg.objective.problem import Problem
from fastreg.paths.setup import build_problem, checked

TOL = 1e-9  # relative duality gap from which Newton's method goes on to rounding
RUNAWAY = (
    "coefficients that grow without bound have no standard errors: penalise (l1_ratio=0), or for classes pass "
    "correction='firth'"
)


class Fitted(NamedTuple):
    """The problem and its solution at one alpha."""

    problem: Problem
    names: list[str]  # of the p columns
    alpha: float
    coef: np.ndarray  # (p,)
    intercept: float
    total: float  # sum of the weights as they were given; the problem's own sum to one
    X: Any  # checked

    def theta(self, columns):
        """The intercept about the centres, if there is one, and the coefficients of some columns."""
        first = [self.intercept + self.problem.centre @ self.coef] if self.problem.fit_intercept else []
        return np.concatenate([first, self.coef[columns]])

    @property
    def rows(self):
        """How many rows have a weight."""
        return int(np.count_nonzero(self.problem.weight))


def problem_of(path, X, y, alpha, sample_weight, offset):
    """Fitted with coefficients of zero, from the options of a path and data."""
    options = options_for(path)
    if path.refit_ridge is not None:
        raise ValueError(
            "this path holds refits on supports that the same rows chose, and standard errors do not know of the "
            "choice; pass the penalised path to fastreg.debiased or fastreg.selective, or fit the chosen columns to "
            "other rows"
        )
    X = columns_for(path, X, path.coefs.shape[0])
    alpha = _one_alpha(path, alpha)
    X = check.check_design(X)
    n, p = X.shape
    sample_weight, offset = weights_for(path, sample_weight), offset_for(path, offset, n)
    problem = build_problem(X, y, checked(FitOptions(
        **options, sample_weight=sample_weight, offset=offset, feature_names=path.feature_names,
    ).by_column(alpha)))  # fmt: skip
    names = named_columns(path.feature_names, p)
    return Fitted(problem, names, alpha, np.zeros(p), 0.0, sum_of(sample_weight, n), X)


def fit_at(path, X, y, alpha, sample_weight, offset, tol=TOL):
    """Fitted, certified to `tol`. Raises a ValueError where the fit is not, as for classes that can be separated."""
    y, sample_weight, offset = rows_for(path, X, y=y, sample_weight=sample_weight, offset=offset)
    start = problem_of(path, X, y, alpha, sample_weight, offset)
    return refitted(path, start, y, sample_weight, offset, tol)


def refitted(path, start, y, sample_weight, offset, tol=TOL):
    """What `problem_of` made, with the coefficients of its alpha."""
    coef, intercept = certified_path(path, start, y, sample_weight, offset, tol).coef(start.alpha)
    return start._replace(coef=coef, intercept=intercept)


def certified_path(path, start, y, sample_weight, offset, tol=TOL):
    """The path of the one alpha of what `problem_of` made. Raises a ValueError where it is not certified."""
    refit = path.refit(
        start.X, y, start.alpha, sample_weight=sample_weight, offset=_given(path, offset), tol=min(tol, path.tol)
    )
    if refit.reasons[0] == "separable":
        raise ValueError(f"at alpha={start.alpha:g} the classes are separable, and {RUNAWAY}")
    if refit.reasons[0] != CONVERGED:
        raise ValueError(
            f"the fit at alpha={start.alpha:g} could not be certified (gap {refit.gaps[0]:.1e}, reason "
            f"{refit.reasons[0]!r}), and statements about it would not hold; take a larger alpha, or drop columns "
            "that the others explain"
        )
    return refit


def _given(path, offset):
    """An offset as it was given, but for that which was left out on purpose."""
    return 0 if offset is None and path.has_offset else offset


def _one_alpha(path, alpha):
    if alpha is None:
        if path.alphas.size > 1:
            raise ValueError(f"this path has {path.alphas.size} alphas; say at which, as alpha=path.alphas[-1]")
        return float(path.alphas[0])
    return check.check_number("alpha", alpha, 0.0, np.inf, high_open=True)


def sum_of(sample_weight, n):
    """The sum of weights as they were given; of none, each is one."""
    if sample_weight is None:
        return float(n)
    if np.ndim(sample_weight) == 0:
        return float(n * sample_weight)
    return float(check.check_vector("sample_weight", sample_weight, n).sum())
