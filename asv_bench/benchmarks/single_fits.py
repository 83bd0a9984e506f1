"""One alpha, from nothing: what a call costs, and a fit without the warm start of a path."""

from abc import ABC, abstractmethod

import numpy as np

from . import Fit, datasets

SHAPES = {"50 x 10": (50, 10), "100 x 50": (100, 50), "500 x 200": (500, 200), "2000 x 500": (2000, 500)}
WIDE = {"38 x 3051": (38, 3051), "200 x 2000": (200, 2000)}
SPARSE = {"sparse 500 x 200": (500, 200), "sparse 2000 x 5000": (2000, 5000)}
SHARES = (0.5, 0.1, 0.01)  # of alpha_max


class Single(Fit):
    params = ("small", "nci60", "nci60 logistic", "wide", "wide logistic", "tall", "sparse")

    def fit(self):
        from fastreg import fit_path

        return fit_path(**self.problem.options, alphas=[0.1 * self.problem.alphas[0]])


class Estimator(ABC):
    """An estimator's fit from 50 x 10 up, in a process that has fitted before: most of a small one is overhead."""

    params = (tuple(SHAPES | WIDE | SPARSE), SHARES)
    param_names = ("shape", "share")
    family = "gaussian"
    problem = None

    @abstractmethod
    def make(self, alpha, n):
        """The estimator."""

    def setup(self, shape, share):
        if self.problem is None:
            make, sizes = (datasets.sparse, SPARSE) if shape in SPARSE else (datasets.dense, SHAPES | WIDE)
            n, p = sizes[shape]
            self.problem = make(n, p, self.family, active=min(50, p // 2))
            self.model = self.make(share * self.problem.alphas[0], n)
            self.time_fit(shape, share)  # compiles or loads the kernels

    def time_fit(self, shape, share):
        self.model.fit(self.problem.X, self.problem.y)


class Lasso(Estimator):
    def make(self, alpha, n):
        from fastreg import Lasso

        return Lasso(alpha=alpha)


class Logistic(Estimator):
    family = "binomial"

    def make(self, alpha, n):
        from fastreg import LogisticRegression

        return LogisticRegression(C=1.0 / (n * alpha), l1_ratio=1.0)


class Poisson(Estimator):
    family = "poisson"

    def make(self, alpha, n):
        from fastreg import PoissonRegressor

        return PoissonRegressor(alpha=alpha, l1_ratio=1.0)


class Overhead:
    """Four rows and two columns: what is left is the call. Beside it, a point of a path of 100."""

    def setup(self):
        from fastreg import Lasso, Ridge, fit_path

        self.X, self.y = np.asfortranarray([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]]), np.array([0.0, 1, 3, 4])
        self.calls = {"path": fit_path, "lasso": Lasso(alpha=0.1).fit, "ridge": Ridge().fit}
        self.time_fit_path(), self.time_lasso(), self.time_ridge(), self.time_path_of_100()

    def time_fit_path(self):
        self.calls["path"](self.X, self.y, alphas=[0.1])

    def time_path_of_100(self):
        self.calls["path"](self.X, self.y, n_alphas=100)

    def time_lasso(self):
        self.calls["lasso"](self.X, self.y)

    def time_ridge(self):
        self.calls["ridge"](self.X, self.y)
