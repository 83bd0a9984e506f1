"""What scikit-learn's own test modules need from pytest, and the tests that are expected to fail."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from left_out import EITHER, LEFT_OUT

HERE = Path(__file__).parent
QUICK = {  # run by default
    "test_every_name_on_the_list_is_a_test_of_scikit_learns",
    "test_lasso_toy", "test_enet_toy", "test_lasso_cv", "test_enet_path",
    "test_predict_2_classes", "test_logreg_l1", "test_ridge_intercept", "test_ridgecv_sample_weight",
    "test_sparse_lasso_not_as_toy_dataset", "test_poisson_glmnet",
}  # fmt: skip


def pytest_generate_tests(metafunc):
    if "global_random_seed" in metafunc.fixturenames:
        metafunc.parametrize("global_random_seed", [42])  # as scikit-learn runs them by default


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == HERE and item.name.partition("[")[0] not in QUICK:
            item.add_marker(pytest.mark.peers)
        module = item.path.stem.removeprefix("test_own_")
        if item.path.parent == HERE and module in LEFT_OUT:
            for pattern, reason in LEFT_OUT[module].items():
                if matches(item.name, pattern):
                    item.add_marker(pytest.mark.xfail(reason=reason, strict=reason not in EITHER))


def matches(name, pattern):
    """Whether a test's name is the pattern's function, or one of the cases that it describes."""
    return name.partition("[")[0] == pattern or fnmatchcase(name, pattern.replace("[", "[[]"))
