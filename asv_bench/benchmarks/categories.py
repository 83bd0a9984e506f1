"""Categories, kept as codes: an insurance table with exposure, 200,000 rows, 10 factors of 100 levels, 20 numbers."""

import numpy as np

from . import Fit


class Insurance(Fit):
    params = ("insurance",)

    def setup(self, name):
        if self.path is None:
            rng, n, factors, size = np.random.default_rng(0), 200_000, 10, 100
            codes, numbers = rng.integers(0, size, (factors, n)), rng.normal(size=(20, n))
            effects = 0.1 * rng.normal(size=(factors, size)) * (rng.random((factors, size)) < 0.5)
            exposure = rng.uniform(0.2, 1.0, n)
            eta = 0.05 * rng.normal(size=20) @ numbers - 1.0
            for effect, code in zip(effects, codes):
                eta += effect[code]
            self.y, self.offset = rng.poisson(exposure * np.exp(eta)), np.log(exposure)
            self.X = self.table(codes, numbers, size)
            self.path = self.fit()

    @staticmethod
    def table(codes, numbers, size):
        import pandas as pd

        levels = [f"level {k}" for k in range(size)]
        columns = {f"factor {f}": pd.Categorical.from_codes(code, levels) for f, code in enumerate(codes)}
        return pd.DataFrame(columns | {f"number {k}": values for k, values in enumerate(numbers)})

    def fit(self):
        from fastreg import fit_path

        options = {"family": "poisson", "offset": self.offset, "n_alphas": 50, "alpha_min_ratio": 1e-3}
        return fit_path(self.X, self.y, **options)


class Expanded(Insurance):
    """The same by sparse columns of zeros and ones."""

    @staticmethod
    def table(codes, numbers, size):
        import scipy.sparse as sp

        n = codes.shape[1]
        columns = [sp.csc_array((np.ones(n), (np.arange(n), code)), shape=(n, size)) for code in codes]
        return sp.csc_array(sp.hstack([*columns, sp.csc_array(numbers.T)]))
