"""Sparse designs: 20,000 x 100,000 with two million stored values, never densified or centred in memory."""

from . import Fit


class Sparse(Fit):
    params = ("sparse", "sparse logistic")

    def fit(self):
        from fastreg import fit_path

        return fit_path(**self.problem.options, alphas=self.problem.alphas)
