"""fastreg: certified, fast penalised regression. Names are loaded when first used; scikit-learn only with an
estimator."""

import importlib

__version__ = "0.1.0"

_HOMES = {
    "fit_path": "fitting",
    "lasso_path": "peer_paths",
    "enet_path": "peer_paths",
    "fit_multi_path": "multi.fitting",
    "ridge_loo": "leave_one_out",
    "RidgeLeaveOneOut": "leave_one_out",
    "cv_path": "selection",
    "CVPath": "selection",
    "warmup": "warm",
    "get_num_threads": "threads",
    "set_num_threads": "threads",
    "Path": "result",
    "MultiPath": "multi.result",
    "load_path": "stored",
    "convert_penalty": "conventions",
    "Progress": "progress",
    "Interrupted": "progress",
    "relax_path": "relaxed",
    "RelaxedPath": "relaxed",
    "adaptive_factor": "adaptive",
    "cv_relaxed": "selection.relaxed_cv",
    "CVRelaxed": "selection.relaxed_surface",
    "nested_cv_relaxed": "selection.nested",
    "NestedCV": "selection.nested",
    "information_criteria": "criteria",
    "Criteria": "criteria",
    "stability_selection": "stability",
    "StabilityPath": "stability",
    "Ridge": "estimators",
    "RidgeCV": "estimators",
    "Lasso": "estimators",
    "ElasticNet": "estimators",
    "LogisticRegression": "estimators",
    "MultiTaskLasso": "estimators",
    "MultiTaskElasticNet": "estimators",
    "RidgeClassifier": "estimators",
    "LassoCV": "estimators",
    "ElasticNetCV": "estimators",
    "LogisticRegressionCV": "estimators",
    "MultiTaskLassoCV": "estimators",
    "MultiTaskElasticNetCV": "estimators",
    "RidgeClassifierCV": "estimators",
    "ConvergenceWarning": "validation",
    "DataWarning": "validation",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f"fastreg.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'fastreg' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
