"""Several responses: paths of the multi-task lasso and of the multinomial; single fits beside scikit-learn's."""

from functools import cache

import numpy as np

from . import Fit, datasets

ROWS = {"wide": (200, 5_000), "tall": (5_000, 100)}
RESPONSES = 5


@cache
def responses(name, family):
    """(X, Y) with RESPONSES noisy responses, or labels, of which ten columns decide."""
    n, p = ROWS[name]
    X, rng = datasets.dense(n, p).X, np.random.default_rng(1)
    eta = X[:, :10] @ rng.standard_normal((10, RESPONSES))
    if family == "multinomial":
        return X, (eta + rng.gumbel(size=eta.shape)).argmax(axis=1)
    return X, eta + rng.standard_normal(eta.shape)


class MultiTask(Fit):
    params = tuple(ROWS)
    family, l1_ratio, alpha_min_ratio = "gaussian", 1.0, 0.05

    def setup(self, name):
        if self.path is None:
            self.X, self.Y = responses(name, self.family)
            self.path = self.fit()

    def fit(self):
        from fastreg import fit_multi_path

        options = {"family": self.family, "l1_ratio": self.l1_ratio, "n_alphas": 30}
        return fit_multi_path(self.X, self.Y, alpha_min_ratio=self.alpha_min_ratio, **options)


class MultiTaskFar(MultiTask):
    """On wide data more rows are in than there are observations."""

    alpha_min_ratio = 1e-3


class Multinomial(MultiTask):
    family = "multinomial"


class MultinomialRidge(MultiTask):
    family, l1_ratio = "multinomial", 0.0


class Peers:
    """One fit by each library, at tolerances of its own: what a user gets who changes nothing but the import."""

    params = (("fastreg", "sklearn"), tuple(ROWS), ("multi-task lasso", "multinomial lasso", "multinomial ridge"))
    param_names = ("library", "data", "model")
    timeout = 120

    def setup(self, library, name, model):
        import sklearn.linear_model

        import fastreg

        self.X, self.Y = responses(name, "gaussian" if model == "multi-task lasso" else "multinomial")
        home = fastreg if library == "fastreg" else sklearn.linear_model
        if model == "multi-task lasso":
            self.model = home.MultiTaskLasso(alpha=0.2, tol=1e-6)
        elif model == "multinomial lasso":
            self.model = home.LogisticRegression(solver="saga", l1_ratio=1.0, C=0.5)
        else:
            self.model = home.LogisticRegression()
        if library == "fastreg":
            self.model.fit(self.X, self.Y)  # compiles

    def time_fit(self, library, name, model):
        self.model.fit(self.X, self.Y)
