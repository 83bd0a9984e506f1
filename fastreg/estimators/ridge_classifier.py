"""RidgeClassifier with the parameters and attributes of scikit-learn's class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted, column_or_1d

from fastreg.estimators.fit_one import check_fit, names_seen, total_weight
from fastreg.estimators.linear import LinearClassifier
from fastreg.estimators.ridge import Ridge
from fastreg.interface.frames import refuse_other_order
from fastreg.interface.naming import explains_names
from fastreg.interface.shared_options import described_by


@explains_names
@described_by(Ridge)
class RidgeClassifier(LinearClassifier):
    """Classification by ridge regression on targets -1 and 1, as sklearn.linear_model.RidgeClassifier.

    For two classes one target, for more (or for several labels a row) one a class, each minimising

        sum_i w_i (z_i - b0 - x_i'b)^2  +  alpha sum_j v_j b_j^2

    with z_i = 1 where row i has the class and -1 where not, w_i the sample weights times the class weights (1 if none),
    and v_j the penalty factors (1 if none). The class of the largest prediction wins.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, >= 0, as in `Ridge`.
    fit_intercept, copy_X, max_iter, tol : as for `Ridge`
    class_weight : dict, "balanced" or None, default=None
        {label: weight}, or "balanced": n / (K n_k) for class k, counting rows.
    solver, positive, random_state, penalty_factor : as for `Ridge`

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
        Coefficients, a vector for two classes; float32 if X was.
    intercept_ : float or ndarray of shape (1,) or (n_classes,)
        b0; 0.0 if fit_intercept is False.
    n_iter_, dual_gap_ : as for `Ridge`
    solver_ : str
        As in `Ridge`.
    n_features_in_, feature_names_in_ : as for `Ridge`

    Notes
    -----
    A fit that is not certified to `tol` warns with a ConvergenceWarning (scikit-learn's and fastreg's).

    Examples
    --------
    >>> from fastreg import RidgeClassifier
    >>> model = RidgeClassifier().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]]).tolist()
    ['no', 'yes']
    """

    coef_: np.ndarray
    intercept_: float | np.ndarray
    n_iter_: np.ndarray
    dual_gap_: float | np.ndarray
    solver_: str

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-6,
        class_weight: Mapping[Any, float] | str | None = None,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        penalty_factor: ArrayLike | None = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.penalty_factor = penalty_factor

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit a ridge regression for each target.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any type, or 0 and 1 for each of several labels.
        sample_weight : array-like of shape (n_samples,) or float, default=None
            Weights >= 0, or one for all rows.

        Returns
        -------
        Self
            The estimator, fitted.

        Raises
        ------
        ValueError
            Where an argument is out of its range, with the first bad place.

        Examples
        --------
        >>> from fastreg import RidgeClassifier
        >>> RidgeClassifier().fit([[0.0], [1.0], [2.0]], ["a", "a", "b"]).classes_.tolist()
        ['a', 'b']
        """
        X, _, targets, weight, dtype = self._binarised(X, y, sample_weight)
        refuse_other_order("penalty_factor", self.penalty_factor, names_seen(self))  # Ridge sees an array
        params = {name: value for name, value in self.get_params().items() if name != "class_weight"}
        ridge = Ridge(**params).fit(X, targets, weight)
        self.coef_ = ridge.coef_.astype(dtype, copy=False)
        self.intercept_ = np.asarray(ridge.intercept_).astype(dtype, copy=False) if self.fit_intercept else 0.0
        self.n_iter_, self.dual_gap_, self.solver_ = ridge.n_iter_, ridge.dual_gap_, ridge.solver_
        return self

    def _binarised(self, X, y, sample_weight):
        """(X, labels, targets (n, t) of -1 and 1, weights times class weights or None, dtype). Sets classes_."""
        X, y, dtype = check_fit(self, X, y, multi_output=True)
        self._label_binarizer = LabelBinarizer(pos_label=1, neg_label=-1)
        targets = self._label_binarizer.fit_transform(y)
        self.classes_ = self._label_binarizer.classes_
        y = y if self._several_labels() else column_or_1d(y, warn=True)
        weight, _ = total_weight(sample_weight, X.shape[0])
        if self.class_weight:
            share = compute_sample_weight(self.class_weight, y)
            weight = share if weight is None else weight * share
        return X, y, targets, weight, dtype

    def _several_labels(self):
        """Whether a row may have several labels."""
        return self._label_binarizer.y_type_.startswith("multilabel")

    def predict(self, X: Any) -> np.ndarray:
        """The class of the largest target.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows, with the columns seen in fit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels; for several labels a row 0 or 1 each, 1 where the target is positive.

        Examples
        --------
        >>> from fastreg import RidgeClassifier
        >>> RidgeClassifier().fit([[0.0], [1.0], [2.0]], ["a", "a", "b"]).predict([[2.5]]).tolist()
        ['b']
        """
        check_is_fitted(self)
        if self._several_labels():
            scores = self.decision_function(X)
            return self._label_binarizer.inverse_transform(np.where(scores > 0.0, 1.0, -1.0))
        return super().predict(X)

    _peer_solvers = Ridge._peer_solvers

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
