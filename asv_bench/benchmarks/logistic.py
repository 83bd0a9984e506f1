"""Logistic regression: paths of 100 points, by each solver that can pose them."""

from dataclasses import replace

from . import Fit


class Logistic(Fit):
    params = ("nci60 logistic", "wide logistic", "tall logistic")
    solver = "auto"

    def fit(self):
        from fastreg import fit_path

        return fit_path(**self.problem.options, alphas=self.problem.alphas, solver=self.solver)


class CoordinateDescent(Logistic):
    params = ("nci60 logistic", "wide logistic")
    solver = "coordinate_descent"


class ElasticNet(Fit):
    params = ("nci60 logistic", "wide logistic")

    def fit(self):
        from fastreg import fit_path

        problem = replace(self.problem, l1_ratio=0.5)
        return fit_path(**problem.options, alphas=problem.alphas)
