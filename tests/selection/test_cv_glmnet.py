"""cv_path on given folds finds what R's cv.glmnet found: means, standard errors, the two choices, predictions."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import PredefinedSplit

from fastreg import cv_path

CASES = json.loads((Path(__file__).parents[1] / "reference" / "cv_glmnet.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['family']}-{case['metric']}")
def test_agrees_with_cv_glmnet(case):
    found = cv_path(
        np.array(case["X"]), np.array(case["y"]), family=case["family"], metric=case["metric"],
        l1_ratio=case["l1_ratio"], cv=PredefinedSplit(np.array(case["fold"], int)), sample_weight=case["weight"],
        alphas=case["lambda"], standardize=True, tol=1e-12, keep_predictions=True,
    )  # fmt: skip
    assert found.fold_gaps.max() <= 1e-12
    assert np.allclose(found.mean, case["mean"], rtol=0, atol=1e-6)
    assert np.allclose(found.std_error, case["std_error"], rtol=0, atol=1e-6)
    assert np.allclose([found.alpha_min, found.alpha_1se], case["chosen"], rtol=1e-12)
    assert np.allclose(found.predictions, case["predictions"], rtol=0, atol=1e-6)
