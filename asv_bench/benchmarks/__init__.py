"""Benchmarks of fastreg: times, and beside each the gap reached and counts of work that noise cannot touch."""

from abc import ABC, abstractmethod

from . import datasets


class Fit(ABC):
    """A fit of a named problem: how long it takes, how good it is and what it did.

    A subclass lists the problems in `params` and says how one is fitted. asv repeats `setup` before every timed call
    in one process, so that it fits only once: this compiles or loads the kernels and is not timed.
    """

    param_names = ("data",)
    timeout = 120
    path = None

    @abstractmethod
    def fit(self):
        """A Path for self.problem."""

    def setup(self, name):
        if self.path is None:
            self.problem = datasets.load(name)
            self.path = self.fit()

    def time_fit(self, name):
        self.fit()

    def track_gap(self, name):
        return float(self.path.gaps.max())

    def track_passes(self, name):
        return float(self.path.work["passes"])

    def track_sweeps(self, name):
        return int(self.path.work["sweeps"])

    def track_pivots(self, name):
        return int(self.path.work["pivots"])

    def track_epochs(self, name):
        return int(self.path.work["epochs"])

    track_gap.unit = "relative duality gap, worst of the path"
    track_passes.unit = "reads of X"
    track_sweeps.unit = "products with all of X"
    track_pivots.unit = "pivots"
    track_epochs.unit = "passes over a working set"
