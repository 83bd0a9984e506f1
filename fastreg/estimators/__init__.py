"""scikit-learn's classes over the engine: parameters in, `coef_` and a certificate out, no algebra."""

from fastreg.estimators.classification import LogisticRegression
from fastreg.estimators.regression import ElasticNet, Lasso, Ridge

__all__ = ["ElasticNet", "Lasso", "LogisticRegression", "Ridge"]
