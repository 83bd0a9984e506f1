"""Strategies of paths run by themselves, on a problem that a test has posed."""

import numpy as np

from fastreg.interface.arguments import FitOptions
from fastreg.paths.driver import answered
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.null_model import NullModel


def begin(problem, alphas=(), tol=1e-6, solver="auto", **more):
    """A Fit at the null model."""
    alphas = np.asarray(alphas, dtype=float)
    return Fit(NullModel(problem), alphas, Recorder(problem, 0.0, alphas.size), tol, 1000, solver, **more)


def points_of(strategy, alphas):
    """The points at `alphas` that a strategy fits."""
    answered(strategy.advance(np.asarray(alphas, dtype=float)), strategy.problem)
    return strategy.fit.points


def options(tol, **more):
    return FitOptions(tol=tol, **more)
