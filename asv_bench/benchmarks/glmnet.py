"""R's glmnet as an engine of table.py, timed inside R; asv leaves it alone, since starting R is no part of a fit.

glmnet must be told to return the whole path, and that X is not to be standardised. Its lambda for the elastic net
depends on the deviation of y, see fastreg.convert_penalty.
"""

import os
import shutil
import subprocess
from multiprocessing import TimeoutError
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import scipy.sparse as sp

SCRIPT = r"""
suppressMessages({library(glmnet); library(Matrix)})
options <- commandArgs(TRUE)
folder <- options[1]; size <- as.integer(options[5:7])
read <- function(name, what, n) readBin(file.path(folder, name), what, n, endian = "little")
X <- if (size[3] < 0) matrix(read("values", "double", size[1] * size[2]), size[1]) else
  new("dgCMatrix", i = read("rows", "integer", size[3]), p = read("starts", "integer", size[2] + 1),
      x = read("values", "double", size[3]), Dim = size[1:2])
lambda <- read("lambda", "double", as.integer(options[8]))
y <- read("y", "double", size[1])
glmnet.control(fdev = 0, devmax = 1)
took <- system.time(fit <- glmnet(X, y, family = options[2], alpha = as.numeric(options[3]), lambda = lambda,
                                  thresh = as.numeric(options[4]), standardize = FALSE, maxit = 1e9))
stopifnot(length(fit$lambda) == length(lambda))
for (name in c("i", "p", "x")) writeBin(slot(fit$beta, name), file.path(folder, name), endian = "little")
cat(took[["elapsed"]])
"""


class Glmnet:
    name = "glmnet"
    ladder = tuple(10.0**-k for k in range(7, 17))
    limit = None  # seconds
    seconds = None  # of the last fit, as R saw it

    def solve(self, problem, tol):
        from fastreg import convert_penalty

        if (
            not shutil.which("Rscript")
            or subprocess.run(["Rscript", "-e", "library(glmnet)"], capture_output=True).returncode
        ):
            raise ImportError("R with glmnet")
        alphas = {"alphas": problem.alphas, "l1_ratio": problem.l1_ratio}
        penalty = convert_penalty(alphas, "fit_path", "glmnet", family=problem.family, y=problem.y)
        with TemporaryDirectory() as name:
            folder = Path(name)
            stored = write(folder, problem, penalty["lambda"])
            size = [*problem.X.shape, stored, problem.alphas.size]
            options = [folder, problem.family, penalty["alpha"], tol, *size]
            self.seconds = run(folder, options, self.limit)
            places = [np.fromfile(folder / each, "<i4") for each in ("i", "p")]
            parts = (np.fromfile(folder / "x", "<f8"), *places)
            return sp.csc_array(parts, shape=(problem.X.shape[1], problem.alphas.size))


def write(folder, problem, lambdas):
    """The problem in files of plain numbers; returns how many values X stores, -1 if all of them."""
    X, files = problem.X, {"y": problem.y, "lambda": lambdas}
    if sp.issparse(X):
        files |= {"values": X.data, "rows": X.indices.astype("<i4"), "starts": X.indptr.astype("<i4")}
    else:
        files["values"] = X.T
    for name, values in files.items():
        np.ascontiguousarray(values).tofile(folder / name)
    return X.nnz if sp.issparse(X) else -1


def run(folder, options, limit):
    """Seconds of the fit."""
    (folder / "fit.R").write_text(SCRIPT)
    command = ["Rscript", "--vanilla", str(folder / "fit.R"), *map(str, options)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, env=os.environ)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "R failed")
    return float(done.stdout)
