"""Cross-validations that are killed and called again go on with the points of every fold."""

import numpy as np
import pytest
from grids import few

from fastreg import cv_path

CASES = {
    "wide": (60, 200, {}),
    "logistic": (60, 200, {"family": "binomial"}),
    "bounds": (60, 20, {"lower": 0.0}),
    "reduced to sums": (6000, 40, {}),
    "joint Newton steps": (8000, 30, {"family": "binomial"}),
    "two penalties": (60, 20, {"l1_ratio": [1.0, 0.5]}),
}


class Killed(Exception):
    """In place of the end of a process."""


def data_for(name):
    n, p, options = CASES[name]
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.normal(size=(n, p)))
    y = X[:, :4] @ [1.0, -1.0, 0.5, 0.7] + 2.0 * rng.normal(size=n)
    return X, (y > 0).astype(float) if options.get("family") == "binomial" else y, {"cv": 3, "n_alphas": 12, **options}


@few(1)
@pytest.mark.parametrize("name", CASES)
def test_folds_go_on(name, tmp_path):
    (X, y, options), file = data_for(name), tmp_path / "folds.npz"
    whole, heard = cv_path(X, y, **options), []
    for point in (5, 20, 35, 47)[:: 1 if name == "wide" else 2]:

        def end(progress, point=point):
            heard.append(progress)
            if len(heard) == point:
                raise Killed

        with pytest.raises(Killed):
            cv_path(X, y, checkpoint=file, callback=end, **options)
        heard.clear()
        before = file.stat().st_size
        found = cv_path(X, y, checkpoint=file, callback=heard.append, **options)
        np.testing.assert_allclose(found.fold_scores, whole.fold_scores, rtol=1e-5, atol=1e-5)
        assert found.fold_gaps.max() <= 1e-6 and found.path.converged and before > 0
        kept = 0 if name == "reduced to sums" else point  # sums of folds are read again, and the rest takes a moment
        assert len(heard) < 48 * len(np.atleast_1d(options.get("l1_ratio", 1.0))) - kept + 15
        heard.clear()
        file.unlink()


def test_other_folds_are_refused(tmp_path):
    X, y, options = data_for("wide")
    cv_path(X, y, checkpoint=tmp_path / "folds.npz", **options)
    differ = r"another fit \(fold 1 of 3\): the choice of folds \(cv, groups or random_state\) differs"
    with pytest.raises(ValueError, match=differ):
        cv_path(X, y, checkpoint=tmp_path / "folds.npz", random_state=1, **options)
    with pytest.raises(ValueError, match="checkpoint is for one response"):
        cv_path(X, np.arange(60) % 3, family="multinomial", checkpoint=tmp_path / "folds.npz")
