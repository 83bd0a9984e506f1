"""fastreg: certified, fast penalised regression. Names are loaded when first used; scikit-learn only with an
estimator."""

import importlib
import sys

__version__ = "0.1.0"

_HOMES = {
    "fit_path": "paths.fit_path",
    "lasso_path": "estimators.sklearn_paths",
    "enet_path": "estimators.sklearn_paths",
    "fit_multi_path": "multi.fit_multi_path",
    "csc_design": "design.compressed_columns",
    "open": "design.files.opening",
    "spool": "design.spool.spool",
    "RowSums": "design.row_sums",
    "distribute": "design.cluster.distributing",
    "sum_rows": "design.cluster.rows",
    "ridge_loo": "selection.leave_one_out",
    "RidgeLeaveOneOut": "selection.leave_one_out",
    "cv_path": "selection.cross_validation.cv_path",
    "CVPath": "selection.cross_validation.result",
    "warmup": "cli.warmup",
    "get_num_threads": "numerics.threads",
    "set_num_threads": "numerics.threads",
    "Path": "paths.result",
    "MultiPath": "multi.result",
    "load_path": "multi.storage",
    "load_result": "inference.storage",
    "convert_penalty": "estimators.penalty_conventions",
    "Progress": "interface.progress",
    "Interrupted": "interface.interrupts",
    "relax_path": "selection.relaxed.relaxed",
    "RelaxedPath": "selection.relaxed.relaxed",
    "adaptive_factor": "selection.relaxed.adaptive",
    "cv_relaxed": "selection.relaxed.cv_relaxed",
    "CVRelaxed": "selection.relaxed.result",
    "nested_cv_relaxed": "selection.relaxed.nested",
    "NestedCV": "selection.relaxed.nested",
    "information_criteria": "selection.criteria",
    "Criteria": "selection.criteria",
    "stability_selection": "selection.stability",
    "StabilityPath": "selection.stability_path",
    "table": "inference.table",
    "Table": "inference.result",
    "debiased": "inference.debiased",
    "selective": "inference.selective",
    "posterior": "inference.posterior",
    "Posterior": "inference.draws",
    "knockoffs": "inference.knockoffs",
    "Knockoffs": "inference.knockoffs",
    "Ridge": "estimators.ridge",
    "RidgeCV": "estimators.ridge_cv",
    "Lasso": "estimators.least_squares",
    "ElasticNet": "estimators.least_squares",
    "LogisticRegression": "estimators.logistic",
    "GeneralizedLinearModel": "estimators.generalized",
    "PoissonRegressor": "estimators.one_family",
    "GammaRegressor": "estimators.one_family",
    "MultiTaskLasso": "estimators.multi_task",
    "MultiTaskElasticNet": "estimators.multi_task",
    "RidgeClassifier": "estimators.ridge_classifier",
    "LassoCV": "estimators.least_squares_cv",
    "ElasticNetCV": "estimators.least_squares_cv",
    "LogisticRegressionCV": "estimators.logistic_cv",
    "GeneralizedLinearModelCV": "estimators.generalized_cv",
    "PoissonRegressorCV": "estimators.generalized_cv",
    "GammaRegressorCV": "estimators.generalized_cv",
    "MultiTaskLassoCV": "estimators.multi_task_cv",
    "MultiTaskElasticNetCV": "estimators.multi_task_cv",
    "RidgeClassifierCV": "estimators.ridge_classifier_cv",
    "ConvergenceWarning": "interface.validation",
    "DataWarning": "interface.validation",
}

_ROOMS = ("datasets", "plots", "testing")

__all__ = ["__version__", *_HOMES, *_ROOMS]


def __getattr__(name):
    if name in _HOMES:
        found = globals()[name] = getattr(importlib.import_module(f"fastreg.{_HOMES[name]}"), name)
        return found  # and from now on it is a name of this module
    if name in _ROOMS:
        return importlib.import_module(f"fastreg.{name}")
    if name.startswith("__"):
        raise AttributeError(f"module 'fastreg' has no attribute {name!r}")
    raise _missing(name, importing=sys._getframe(1).f_code.co_name == "_handle_fromlist")


def _missing(name, importing):
    """The error for a name that is not here. `from fastreg import name` asks for an attribute before it looks for a
    module, and drops what an AttributeError says, so that it needs an ImportError."""
    from importlib.util import find_spec

    from fastreg.interface.naming import missing_name

    rooms = [room for room in _ROOMS if name in importlib.import_module(f"fastreg.{room}").__all__]
    advice = f". It is in fastreg.{rooms[0]}" if rooms else missing_name(name, __all__)
    if not importing:
        return AttributeError(f"module 'fastreg' has no attribute {name!r}{advice}")
    if find_spec(f"fastreg.{name}") is not None:
        return AttributeError(name)
    return ImportError(f"cannot import name {name!r} from 'fastreg'{advice}", name="fastreg")


def __dir__():
    return sorted(__all__)
