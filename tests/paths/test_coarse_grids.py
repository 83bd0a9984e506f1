"""One alpha far below the last, or far below alpha_max: the working set must stay small and the point certified."""

import numpy as np
import pytest

from fastreg import fit_path
from fastreg.paths.plan import WIDEST
from fastreg.paths.pointwise import WorkingSet


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
@pytest.mark.parametrize("ratios", [[0.05], [1.0, 0.3, 0.03]])
def test_a_jump_does_not_take_in_all_columns(family, ratios, monkeypatch):
    sizes = []
    extend = WorkingSet.extend

    def spy(self, columns, residual):
        extend(self, columns, residual)
        sizes.append(self.columns.size)

    monkeypatch.setattr(WorkingSet, "extend", spy)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 60 * WIDEST + 1))
    y = X[:, :3].sum(axis=1) + 0.5 * rng.normal(size=60)
    y = (y > 0).astype(float) if family == "binomial" else y
    top = fit_path(X, y, family=family, n_alphas=1).alpha_max
    sizes.clear()
    path = fit_path(X, y, family=family, alphas=top * np.array(ratios))
    assert path.converged and path.gaps.max() <= path.tol
    assert max(sizes) < 1000
    fine = fit_path(X, y, family=family, alphas=top * np.geomspace(1.0, ratios[-1], 40))
    np.testing.assert_allclose(path.predict(X, path.alphas[-1]), fine.predict(X, fine.alphas[-1]), atol=0.02)
