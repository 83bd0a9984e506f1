"""One alpha, from nothing: what a call costs, and a fit without the warm start of a path."""

from . import Fit


class Single(Fit):
    params = ("small", "nci60", "nci60 logistic", "wide", "wide logistic", "tall")

    def fit(self):
        from fastreg import fit_path

        return fit_path(**self.problem.terms, alphas=[0.1 * self.problem.alphas[0]])
