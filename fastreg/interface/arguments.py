"""The arguments of fit_path in three bundles, as they travel: what is fitted, at which alphas, and who watches."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.frames import refuse_other_order


class FitOptions(NamedTuple):
    """The arguments of fit_path that say what is fitted and how well; of fit_multi_path those that it has."""

    family: Any = "gaussian"  # a name, or a class
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
    names: Any = None  # of the columns

    def checked(self):
        """The same with numbers and flags in their ranges, or a ParameterError."""
        for name in ("penalty_factor", "lower", "upper"):
            refuse_other_order(name, getattr(self, name), self.names)
        return self._replace(
            l1_ratio=check.check_number("l1_ratio", self.l1_ratio, 0.0, 1.0),
            tol=check.check_number("tol", self.tol, 0.0, np.inf, low_open=True, high_open=True),
            max_iter=check.check_count("max_iter", self.max_iter, 1),
            fit_intercept=check.check_flag("fit_intercept", self.fit_intercept),
            standardize=check.check_flag("standardize", self.standardize),
        )

    def has_offset(self):
        """Whether an offset is given."""
        return check.is_offset(self.offset)

    def bounded(self):
        """Whether any bounds are given."""
        return self.lower is not None or self.upper is not None


class Grid(NamedTuple):
    """The arguments of fit_path that say at which alphas.

    With `of_sum` the penalty is one on the sum of losses, as scikit-learn's C is: a fold's mean loss is over less
    weight, so that its alpha is larger by that share.
    """

    alphas: Any = None
    n_alphas: int = 100
    alpha_min_ratio: float | None = None
    of_sum: bool = False

    def checked(self):
        """The same with given alphas decreasing, or else their number in range."""
        if self.alphas is not None:
            return self._replace(alphas=check.check_alphas(self.alphas))
        return self._replace(n_alphas=check.check_count("n_alphas", self.n_alphas, 1))

    def size(self):
        """How many alphas there will be, if a path does not end sooner."""
        return int(self.n_alphas) if self.alphas is None else np.size(self.alphas)

    def lowest(self):
        """The last of given alphas; infinite if they are yet to be found."""
        return np.inf if self.alphas is None else float(np.min(self.alphas))


class Watching(NamedTuple):
    """The arguments of fit_path that say who hears of a fit while it runs, and whether its steps are kept."""

    verbose: bool | int = False
    callback: Callable[..., Any] | None = None
    trace: bool = False
