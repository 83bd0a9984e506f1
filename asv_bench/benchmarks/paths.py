"""Paths of 100 points: least squares and Poisson, dense; and the memory that a path takes."""

import tracemalloc

from . import Fit, datasets


class Path(Fit):
    params = (
        "nci60",
        "wide",
        "wide correlated",
        "tall",
        "nci60 elastic net",
        "wide elastic net",
        "wide poisson",
    )

    def fit(self):
        from fastreg import fit_path

        return fit_path(**self.problem.options, alphas=self.problem.alphas)


class Memory:
    """Peak of the process, which holds X once, and what a fit allocates beyond X."""

    param_names = ("data",)
    params = ("wide", "sparse")
    timeout = 120

    def setup(self, name):
        from fastreg import fit_path

        small, self.problem = datasets.load("nci60" if name == "wide" else "sparse"), datasets.load(name)
        fit_path(**small.options, n_alphas=3, alpha_min_ratio=0.5)
        self.fit_path = fit_path

    def peakmem_fit(self, name):
        self.fit_path(**self.problem.options, alphas=self.problem.alphas)

    def track_beyond_X(self, name):
        tracemalloc.start()
        try:
            self.peakmem_fit(name)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    track_beyond_X.unit = "bytes"
