"""The same path with one thread and with two: two must never be slower."""

from . import datasets


class Threads:
    param_names = ("data", "threads")
    params = (("wide", "tall", "sparse", "nci60"), (1, 2))
    timeout = 120

    def setup(self, name, number):
        from fastreg import fit_path, set_num_threads

        set_num_threads(number)
        self.problem, self.fit_path = datasets.load(name), fit_path
        self.time_fit(name, number)  # compiles or loads the kernels

    def time_fit(self, name, number):
        self.fit_path(**self.problem.options, alphas=self.problem.alphas)
