"""What functions of model choice pass on to each other: what is fitted, at which alphas, on which rows."""

from typing import Any, NamedTuple

import numpy as np


class FitTerms(NamedTuple):
    """The arguments of fit_path that say what is fitted and how well."""

    family_class: Any
    sample_weight: Any = None
    offset: Any = None
    penalty_factor: Any = None
    fit_intercept: bool = True
    standardize: bool = False
    tol: float = 1e-6
    max_iter: int = 1000
    solver: str = "auto"
    names: Any = None
    limits: tuple[Any, Any] = (None, None)  # lower and upper


class Grid(NamedTuple):
    """The arguments of fit_path that say at which alphas.

    With `of_sum` the penalty is one on the sum of losses, as scikit-learn's C is: a fold's mean loss is over less
    weight, so that its alpha is larger by that share.
    """

    alphas: Any = None
    n_alphas: int = 100
    alpha_min_ratio: float | None = None
    of_sum: bool = False

    def count(self):
        """How many alphas there will be, if a path does not end sooner."""
        return int(self.n_alphas) if self.alphas is None else np.size(self.alphas)


class Folding(NamedTuple):
    """The arguments of cv_path that say which rows are held out together."""

    cv: Any = 10
    groups: Any = None
    random_state: Any = 0
