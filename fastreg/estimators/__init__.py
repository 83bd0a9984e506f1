"""scikit-learn's linear models with fastreg's solvers: the same parameters and attributes, and a certificate."""

from fastreg.estimators.least_squares import ElasticNet, Lasso
from fastreg.estimators.least_squares_cv import ElasticNetCV, LassoCV
from fastreg.estimators.logistic import LogisticRegression
from fastreg.estimators.logistic_cv import LogisticRegressionCV
from fastreg.estimators.multi_task import MultiTaskElasticNet, MultiTaskLasso
from fastreg.estimators.multi_task_cv import MultiTaskElasticNetCV, MultiTaskLassoCV
from fastreg.estimators.ridge import Ridge
from fastreg.estimators.ridge_classifier import RidgeClassifier
from fastreg.estimators.ridge_classifier_cv import RidgeClassifierCV
from fastreg.estimators.ridge_cv import RidgeCV

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
]
