"""What is done with a path: criteria, relaxed and nested cross-validation, stability selection."""

from abc import ABC, abstractmethod
from functools import cache

from . import datasets

WIDE = {"n_alphas": 40, "alpha_min_ratio": 0.05}


@cache
def draw(name):
    """X and y of a named problem, and its path."""
    from fastreg import fit_path

    problem = datasets.dense(*{"wide": (200, 5_000), "tall": (10_000, 100)}[name])
    return problem.X, problem.y, fit_path(problem.X, problem.y, **WIDE)


class Choice(ABC):
    """How long a choice takes, and the worst gap of the fits behind it. A subclass says what is chosen."""

    param_names = ("data",)
    params = ("wide", "tall")
    timeout = 300
    gaps = None

    @abstractmethod
    def choose(self):
        """Choose, and return the gaps of all fits."""

    def setup(self, name):
        if self.gaps is None:
            self.X, self.y, self.path = draw(name)
            self.gaps = self.choose()

    def time_choice(self, name):
        self.choose()

    def track_gap(self, name):
        return float(self.gaps.max())

    track_gap.unit = "relative duality gap, worst of all fits"


class Criteria(Choice):
    def choose(self):
        from fastreg import information_criteria

        information_criteria(self.path, self.X, self.y)
        return self.path.gaps


class Relaxed(Choice):
    def choose(self):
        from fastreg import cv_relaxed

        return cv_relaxed(self.X, self.y, cv=5, ridges=(0.0, 0.1), **WIDE).fold_gaps


class Nested(Choice):
    def choose(self):
        import numpy as np

        from fastreg import nested_cv_relaxed

        found = nested_cv_relaxed(self.X, self.y, outer=3, cv=3, **WIDE)
        return np.array([model.fold_gaps for model in found.models])


class Stability(Choice):
    def choose(self):
        from fastreg import stability_selection

        return stability_selection(self.X, self.y, n_pairs=10, **WIDE).gaps
