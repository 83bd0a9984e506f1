"""Ten-fold cross-validation of paths of 100 points: fastreg, scikit-learn's LassoCV and R's cv.glmnet on one grid."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from . import datasets

FOLDS = 10
GLMNET = """
suppressMessages(library(glmnet))
arguments <- commandArgs(TRUE)
n <- as.integer(arguments[2]); p <- as.integer(arguments[3])
read <- function(name, count) readBin(file.path(arguments[1], name), "double", count)
X <- matrix(read("X", n * p), n, p); y <- read("y", n); folds <- read("folds", n)
lambda <- read("alphas", 1000)
seconds <- sapply(1:3, function(k) system.time(cv.glmnet(X, y, family = arguments[4], lambda = lambda,
  standardize = FALSE, foldid = folds, thresh = as.numeric(arguments[5])))["user.self"])
cat(min(seconds))
"""


class CrossValidation:
    """cv_path, its cost in single paths, and what bounds its accuracy."""

    param_names = ("data",)
    params = ("nci60", "nci60 logistic", "wide", "wide elastic net", "wide logistic", "sparse", "tall", "tall logistic")
    timeout = 300
    found = None

    def setup(self, name):
        if self.found is None:
            self.problem = datasets.load(name)
            self.found = self.fit()

    def fit(self):
        from fastreg import cv_path

        return cv_path(**self.problem.options, alphas=self.problem.alphas, cv=FOLDS)

    def time_cv(self, name):
        self.fit()

    def track_gap(self, name):
        return float(self.found.fold_gaps.max())

    def track_passes(self, name):
        return float(self.found.work["passes"] + self.found.path.work["passes"])

    track_gap.unit = "relative duality gap, worst of all folds"
    track_passes.unit = "reads of X"


class LassoCV:
    """scikit-learn, at a tolerance that brings its points within about 1e-6 of the optimum."""

    param_names = ("data",)
    params = ("nci60", "tall")
    timeout = 300

    def setup(self, name):
        self.problem = datasets.load(name)

    def time_cv(self, name):
        from sklearn.linear_model import LassoCV as Peer

        Peer(alphas=self.problem.alphas, cv=FOLDS, tol=1e-5, max_iter=100_000).fit(self.problem.X, self.problem.y)


class Glmnet:
    """cv.glmnet in a process of R: the shortest user time of three calls, without start and reading."""

    param_names = ("data",)
    params = ("nci60", "wide", "wide logistic", "tall")
    timeout = 600
    thresh = 1e-9

    def setup(self, name):
        if shutil.which("Rscript") is None:
            raise NotImplementedError("R is not installed")
        self.problem = datasets.load(name)

    def track_seconds(self, name):
        problem, n = self.problem, self.problem.y.size
        folds = np.random.default_rng(0).permutation(n) % FOLDS + 1.0
        with tempfile.TemporaryDirectory() as folder:
            arrays = {"X": problem.X.T, "y": problem.y, "folds": folds, "alphas": problem.alphas}
            for file, array in arrays.items():
                np.ascontiguousarray(array, dtype=float).tofile(Path(folder, file))
            command = ["Rscript", "-e", GLMNET, folder, str(n), str(problem.X.shape[1]), problem.family]
            done = subprocess.run([*command, str(self.thresh)], capture_output=True, text=True, check=True)
        return float(done.stdout)

    track_seconds.unit = "seconds"
