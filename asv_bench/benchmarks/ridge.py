"""Ridge: paths without an l1 part, in closed form or by Newton's method."""

from dataclasses import replace

from . import Fit


class Ridge(Fit):
    params = ("small", "nci60", "wide", "tall", "nci60 logistic", "tall logistic")

    def fit(self):
        from fastreg import fit_path

        problem = replace(self.problem, l1_ratio=0.0, depth=1e-4, n_alphas=20)
        return fit_path(**problem.terms, alphas=problem.alphas)


class SparseRidge(Ridge):
    """One penalty: all 100,000 columns have a coefficient."""

    params = ("sparse", "sparse logistic")

    def fit(self):
        from fastreg import fit_path

        problem = replace(self.problem, l1_ratio=0.0)
        return fit_path(**problem.terms, alphas=[1e-3 * problem.alphas[0]])
