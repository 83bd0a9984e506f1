"""Ridge: paths without an l1 part, in closed form or by Newton's method."""

from dataclasses import replace
from functools import cached_property

import numpy as np

from . import Fit, datasets


class Ridge(Fit):
    params = ("small", "nci60", "wide", "tall", "nci60 logistic", "tall logistic")

    def fit(self):
        from fastreg import fit_path

        problem = replace(self.problem, l1_ratio=0.0, depth=1e-4, n_alphas=20)
        return fit_path(**problem.options, alphas=problem.alphas)


class SparseRidge(Ridge):
    """One penalty: all 100,000 columns have a coefficient."""

    params = ("sparse", "sparse logistic")

    def fit(self):
        from fastreg import fit_path

        problem = replace(self.problem, l1_ratio=0.0)
        return fit_path(**problem.options, alphas=[1e-3 * problem.alphas[0]])


class LeaveOneOut:
    """RidgeCV by leave-one-out over 100 alphas, of fastreg and of scikit-learn, and whether they choose the same."""

    params = (("20000 x 300", "300 x 12000"), ("fastreg", "scikit-learn"))
    param_names = ("data", "engine")
    timeout = 300
    number, repeat, warmup_time = 1, 3, 0

    @cached_property
    def problems(self):
        return {"20000 x 300": datasets.dense(20_000, 300), "300 x 12000": datasets.dense(300, 12_000)}

    def model(self, engine):
        import sklearn.linear_model

        import fastreg

        module = fastreg if engine == "fastreg" else sklearn.linear_model
        return module.RidgeCV(np.geomspace(1e4, 1e-2, 100))

    def setup(self, data, engine):
        self.problem = self.problems[data]
        self.model("fastreg").fit(self.problem.X[:50, :20], self.problem.y[:50])  # compiles or loads the kernels

    def time_fit(self, data, engine):
        self.model(engine).fit(self.problem.X, self.problem.y)

    def track_alpha(self, data, engine):
        return float(self.model(engine).fit(self.problem.X, self.problem.y).alpha_)

    track_alpha.unit = "alpha chosen"
