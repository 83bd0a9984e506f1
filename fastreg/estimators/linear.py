"""Base classes of linear models: predictions of numbers or classes from `coef_` and `intercept_`."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from fastreg.estimators.checks import check_predict, checked_weight, of_formula, shift_for
from fastreg.estimators.to_sklearn import Convertible
from fastreg.interface import validation as check
from fastreg.interface.frames import keeps_form
from fastreg.interface.naming import explains_names
from fastreg.interface.narrow import kept
from fastreg.interface.shared_options import described_by
from fastreg.paths.prediction import times


@explains_names
class LinearModel(Convertible):
    """A linear model of dense or sparse X, or of a data frame.

    Attributes
    ----------
    coef_names_ : ndarray of shape (p,)
        Names of the coefficients; only of a data frame.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names; only if all are strings.
    encoding_ : object
        How categories, dates and missing values of a data frame were read; only if it has such columns.
    """

    n_features_in_: int
    feature_names_in_: np.ndarray
    coef_: Any
    intercept_: Any

    penalty_factor: Any
    standardize: bool
    lower: Any = None
    upper: Any = None
    positive: bool = False
    formula: str | None = None

    _doc_link_module = (
        "fastreg"  # scikit-learn shows tooltips in a notebook only where there is a link to documentation
    )

    def _doc_link_url_param_generator(self, *_):
        """The page of scikit-learn's class of the same name, whose parameters and attributes mean the same."""
        return {"estimator_module": "sklearn.linear_model", "estimator_name": type(self).__name__}

    @property
    def coef_names_(self) -> np.ndarray:
        """Names of the coefficients: of a data frame's columns, or "column[level]" for a level of a category.

        There are none (an AttributeError) where fit got no data frame, or one whose columns are not named by text.

        Returns
        -------
        ndarray of shape (n_coefficients,)
            One name a coefficient.

        Examples
        --------
        >>> import pandas as pd
        >>> from fastreg import Ridge
        >>> table = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "tree": ["ash", "elm", "ash", "elm"]})
        >>> Ridge(categories="text").fit(table, [1.0, 3.0, 2.0, 4.0]).coef_names_.tolist()
        ['size', 'tree[ash]', 'tree[elm]']
        """
        encoding = getattr(self, "encoding_", None)
        return self.feature_names_in_ if encoding is None else np.array(encoding.names(), dtype=object)

    def _linear_predictor(self, X, offset):
        """X coef_' + intercept_ + offset."""
        check_is_fitted(self)
        (offset,) = of_formula(self, X, offset=offset)
        X, coef = check_predict(self, X), self.coef_
        if keeps_form(X):
            eta = X @ (coef.toarray() if hasattr(coef, "toarray") else coef).T
        elif isinstance(X, np.ndarray) and X.dtype != coef.dtype:  # narrower numbers are not converted all at once
            eta = times(kept(X), coef.T.toarray() if hasattr(coef, "toarray") else coef.T, 0.0)
        elif isinstance(coef, np.ndarray) and coef.ndim == 2 and len(coef) == 1:  # a vector's product is twice as fast
            eta = safe_sparse_dot(X, coef[0]).reshape(-1, 1)
        else:
            eta = safe_sparse_dot(X, coef.T, dense_output=True)
        eta += self.intercept_
        shift = shift_for(self, offset, eta.shape)
        return eta if shift is None else eta + shift

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@explains_names
class LinearPredictor(RegressorMixin, LinearModel):
    """A linear model that predicts numbers."""

    def predict(self, X: Any, *, offset: Any = None) -> np.ndarray:
        """Predict the response: X coef_' + intercept_ + offset.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows, with the columns seen in fit.
        offset : array-like of shape (n_samples,) or (n_samples, n_targets), or float, default=None
            That of these rows, as in fit; required if fit got one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions.

        Examples
        --------
        >>> from fastreg import Ridge
        >>> Ridge(alpha=0.0).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).predict([[3.0]]).round(6)
        array([3.])
        """
        return self._linear_predictor(X, offset)

    @described_by(predict)
    def score(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> float:
        """R squared of the predictions, averaged over targets if there are several.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows, with the columns seen in fit.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their responses.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        offset : as for `LinearPredictor.predict`

        Returns
        -------
        float
            1 is perfect, 0 is as good as the mean of y, less is worse.

        Raises
        ------
        ValueError
            For masked arrays, and where y or a weight is missing or infinite.

        Examples
        --------
        >>> from fastreg import Ridge
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
        >>> Ridge(alpha=0.0).fit(X, y).score(X, y)
        1.0
        """
        weight = checked_weight(sample_weight, X)
        return r2_score(check.check_targets("y", y), self.predict(X, offset=offset), sample_weight=weight)


class SparseCoefficients:
    """Estimators whose l1 part leaves coefficients at zero."""

    coef_: Any

    @property
    def sparse_coef_(self) -> sp.csr_matrix:
        """`coef_` as a CSR matrix of shape (n_targets, n_features).

        Examples
        --------
        >>> from fastreg import Lasso
        >>> Lasso(alpha=0.1).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).sparse_coef_.shape
        (1, 1)
        """
        return sp.csr_matrix(np.atleast_2d(self.coef_))


@explains_names
class LinearClassifier(ClassifierMixin, LinearModel):
    """A linear model that predicts classes."""

    classes_: np.ndarray

    def decision_function(self, X: Any, *, offset: Any = None) -> np.ndarray:
        """Linear predictors X coef_' + intercept_ + offset.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows, with the columns seen in fit.
        offset : array-like of shape (n_samples,), (n_samples, n_classes) for more than two, or float, default=None
            That of these rows, as in fit; required if fit got one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Of two classes one value a row, where positive means the second; of more, the largest wins.

        Examples
        --------
        >>> from fastreg import LogisticRegression
        >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
        >>> (model.decision_function([[0.0], [3.0]]) > 0).tolist()
        [False, True]
        """
        eta = self._linear_predictor(X, offset)
        return eta.ravel() if eta.ndim == 2 and eta.shape[1] == 1 else eta

    @described_by(decision_function)
    def predict(self, X: Any, *, offset: Any = None) -> np.ndarray:
        """The most likely class of each row.

        Parameters
        ----------
        X, offset : as for `LinearClassifier.decision_function`

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.

        Examples
        --------
        >>> from fastreg import LogisticRegression
        >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
        >>> model.predict([[0.0], [3.0]]).tolist()
        ['a', 'b']
        """
        eta = self.decision_function(X, offset=offset)
        return self.classes_[(eta > 0.0).astype(np.intp) if eta.ndim == 1 else eta.argmax(axis=1)]

    @described_by(decision_function)
    def score(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> float:
        """Accuracy: the share of rows whose class is predicted.

        Parameters
        ----------
        X : as for `LinearClassifier.decision_function`
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        offset : as for `LinearClassifier.decision_function`

        Returns
        -------
        float
            1 is perfect.

        Raises
        ------
        ValueError
            For masked arrays, and where y or a weight is missing or infinite.

        Examples
        --------
        >>> from fastreg import LogisticRegression
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"]
        >>> LogisticRegression().fit(X, y).score(X, y)
        1.0
        """
        weight = checked_weight(sample_weight, X)
        return accuracy_score(check.check_labels("y", y), self.predict(X, offset=offset), sample_weight=weight)
