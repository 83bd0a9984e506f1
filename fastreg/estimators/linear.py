"""What fitted linear models do: predict numbers or classes from `coef_` and `intercept_`."""

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from fastreg.estimators.conversion import Convertible
from fastreg.estimators.single_fit import check_predict


class LinearModel(Convertible, BaseEstimator):
    """An estimator that takes dense and sparse X."""

    def _linear_predictor(self, X):
        """X coef_' + intercept_."""
        check_is_fitted(self)
        X, coef = check_predict(self, X), self.coef_
        if isinstance(coef, np.ndarray) and coef.ndim == 2 and len(coef) == 1:  # a vector's product is twice as fast
            eta = safe_sparse_dot(X, coef[0]).reshape(-1, 1)
        else:
            eta = safe_sparse_dot(X, coef.T, dense_output=True)
        eta += self.intercept_
        return eta

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class LinearPredictor(RegressorMixin, LinearModel):
    """One that predicts numbers."""

    def predict(self, X):
        """Predict the response.

        Parameters
        ----------
        X : (n_samples, n_features) array, sparse of any format, or data frame with the names seen in fit.

        Returns
        -------
        (n_samples,) or (n_samples, n_targets) array, X coef_' + intercept_.
        """
        return self._linear_predictor(X)


class SparseCoefficients:
    """Estimators whose l1 part leaves coefficients at zero."""

    @property
    def sparse_coef_(self):
        """`coef_` as a CSR matrix of shape (n_targets, n_features)."""
        return sp.csr_matrix(np.atleast_2d(self.coef_))


class LinearClassifier(ClassifierMixin, LinearModel):
    """One that predicts classes."""

    def decision_function(self, X):
        """Linear predictors X coef_' + intercept_.

        (n_samples,) for two classes, where positive means the second; else (n_samples, K), the largest wins.
        """
        eta = self._linear_predictor(X)
        return eta.ravel() if eta.ndim == 2 and eta.shape[1] == 1 else eta

    def predict(self, X):
        """The most likely class of each row of X, shape (n_samples,)."""
        eta = self.decision_function(X)
        return self.classes_[(eta > 0.0).astype(np.intp) if eta.ndim == 1 else eta.argmax(axis=1)]
