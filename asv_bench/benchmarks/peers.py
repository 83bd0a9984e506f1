"""fastreg and its peers on the same paths, each at the loosest tolerance that brings it within 1e-6 of the optimum.

One class an engine; the tolerances were found by `python asv_bench/table.py`. An engine whose library is missing,
that cannot pose a problem (a family, an unpenalised intercept) or needs minutes for it is skipped there.
"""

from abc import ABC, abstractmethod

import numpy as np
import scipy.sparse as sp

from . import datasets
from .optimality import bounds

THREADS = 1
TOLERANCES = {
    "fastreg": dict.fromkeys(("nci60", "nci60 logistic", "wide", "tall logistic", "sparse"), 1e-6),
    "adelie": {"nci60": 1e-9, "nci60 logistic": 1e-7, "wide": 1e-10, "tall logistic": 1e-7, "sparse": 1e-7},
    "glmstar": {"nci60": 1e-9, "nci60 logistic": 1e-8, "wide": 1e-9, "tall logistic": 1e-7, "sparse": 1e-7},
    "celer": {"nci60": 1e-6, "wide": 1e-6, "sparse": 1e-4},
    "glum": {"tall logistic": 1e-3},
    "scikit-learn": {"nci60": 1e-5, "wide": 1e-6},
    "skglm": {"nci60": 1e-5, "nci60 logistic": 1e-4, "wide": 1e-4},
}


class Engine(ABC):
    """`solve` returns coefficients (p, k) at problem.alphas, or raises NotImplementedError or ImportError."""

    param_names = ("data",)
    params = ("nci60", "nci60 logistic", "wide", "tall logistic", "sparse")
    timeout = 120
    ladder = tuple(10.0**-k for k in range(3, 14))  # tolerances for table.py to try, loosest first
    coefs = None

    @abstractmethod
    def solve(self, problem, tol): ...

    def setup(self, name):
        if self.coefs is not None:
            return
        tolerances = TOLERANCES[self.name]
        if name not in tolerances:
            raise NotImplementedError
        self.problem, self.tol = datasets.load(name), tolerances[name]
        try:
            self.coefs = self.solve(self.problem, self.tol)  # compiles what must be compiled
        except ImportError as error:
            raise NotImplementedError from error

    def time_path(self, name):
        self.solve(self.problem, self.tol)

    def track_suboptimality(self, name):
        dual = bounds(self.problem, Fastreg().solve(self.problem, 1e-9))[1]
        primal, own_dual = bounds(self.problem, self.coefs)
        return float(np.max(primal - np.maximum(dual, own_dual)))

    track_suboptimality.unit = "relative suboptimality, worst of the path"


class Fastreg(Engine):
    name = "fastreg"
    ladder = tuple(10.0**-k for k in range(4, 13))
    passes = float("nan")

    def solve(self, problem, tol):
        from fastreg import fit_path

        path = fit_path(**problem.options, alphas=problem.alphas, tol=tol)
        self.passes = path.work["passes"]
        return path.coefs


class ScikitLearn(Engine):
    """Its l1 logistic regression penalises the intercept or takes minutes, so least squares only."""

    name = "scikit-learn"

    def solve(self, problem, tol):
        from sklearn.linear_model import ElasticNet, enet_path

        if problem.family != "gaussian":
            raise NotImplementedError
        if sp.issparse(problem.X):
            model = ElasticNet(l1_ratio=problem.l1_ratio, tol=tol, max_iter=100_000, warm_start=True)
            return fit_each(model, problem)
        X, y = centred(problem)
        options = {"precompute": False, "copy_X": False, "max_iter": 100_000}
        return enet_path(X, y, l1_ratio=problem.l1_ratio, alphas=problem.alphas, tol=tol, **options)[1]


class Celer(Engine):
    name = "celer"

    def solve(self, problem, tol):
        from celer import ElasticNet, celer_path

        if problem.family != "gaussian":
            raise NotImplementedError
        if sp.issparse(problem.X):
            return fit_each(ElasticNet(l1_ratio=problem.l1_ratio, tol=tol, max_iter=200, warm_start=True), problem)
        X, y = centred(problem)
        return celer_path(X, y, "lasso", alphas=problem.alphas, l1_ratio=problem.l1_ratio, tol=tol, max_iter=200)[1]


class Skglm(Engine):
    name = "skglm"

    def solve(self, problem, tol):
        from skglm import ElasticNet, SparseLogisticRegression

        models = {"gaussian": ElasticNet, "binomial": SparseLogisticRegression}
        if problem.family not in models:
            raise NotImplementedError
        options = {"tol": tol, "max_iter": 200, "warm_start": True}
        return fit_each(models[problem.family](l1_ratio=problem.l1_ratio, **options), problem)


class Adelie(Engine):
    name = "adelie"
    ladder = tuple(10.0**-k for k in range(7, 16))

    def solve(self, problem, tol):
        import adelie

        response = getattr(adelie.glm, problem.family)(problem.y)
        if sp.issparse(problem.X):
            X = adelie.matrix.sparse(problem.X, n_threads=THREADS)
        else:
            X = adelie.matrix.dense(problem.X, method="naive", n_threads=THREADS)
        whole_path = {"early_exit": False, "adev_tol": 1.0, "ddev_tol": 0.0, "progress_bar": False}
        options = {"alpha": problem.l1_ratio, "lmda_path": problem.alphas, "tol": tol, "n_threads": THREADS}
        state = adelie.grpnet(X=X, glm=response, **options, **whole_path)
        if state.betas.shape[0] < problem.alphas.size:
            raise RuntimeError("the path stopped early")
        return state.betas.T.tocsc()


class Glmstar(Engine):
    """Stanford's glmnet for Python (distribution glmstar, module glmnet), told as R's to return the whole path."""

    name = "glmstar"
    ladder = tuple(10.0**-k for k in range(7, 17))

    def solve(self, problem, tol):
        import glmnet
        from glmnet.paths.fastnet import FastNetControl

        from fastreg import convert_penalty

        alphas = {"alphas": problem.alphas, "l1_ratio": problem.l1_ratio}
        penalty = convert_penalty(alphas, "fit_path", "glmnet", family=problem.family, y=problem.y)
        net = {"gaussian": glmnet.GaussNet, "binomial": glmnet.LogNet, "poisson": glmnet.FishNet}[problem.family]
        control = FastNetControl(thresh=tol, fdev=0.0, devmax=1.0, maxit=10**9)
        options = {"lambda_values": penalty["lambda"], "alpha": penalty["alpha"], "standardize": False}
        model = net(control=control, **options).fit(problem.X, problem.y)
        if model.coefs_.shape[0] < problem.alphas.size:
            raise RuntimeError("the path stopped early")
        return model.coefs_.T


class Glum(Engine):
    """Its Hessian is p x p, so up to some thousand columns."""

    name = "glum"

    def solve(self, problem, tol):
        from glum import GeneralizedLinearRegressor

        if problem.X.shape[1] > 2000:
            raise NotImplementedError
        family = "normal" if problem.family == "gaussian" else problem.family
        options = {"gradient_tol": tol, "max_iter": 1000, "warm_start": True}
        model = GeneralizedLinearRegressor(family=family, l1_ratio=problem.l1_ratio, **options)
        return fit_each(model, problem)


ENGINES = {engine.name: engine for engine in (Fastreg, Glmstar, Adelie, Celer, Glum, ScikitLearn, Skglm)}


def centred(problem):
    """X and y less their means: for solvers of dense least squares that fit no intercept."""
    return np.asfortranarray(problem.X - problem.X.mean(axis=0)), problem.y - problem.y.mean()


def fit_each(model, problem):
    """A path by an estimator that starts each fit from the last."""
    coefs = np.empty((problem.X.shape[1], problem.alphas.size), order="F")
    for k, alpha in enumerate(problem.alphas):
        model.alpha = alpha
        coefs[:, k] = np.ravel(model.fit(problem.X, problem.y).coef_)
    return coefs
