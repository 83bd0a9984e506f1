"""RidgeClassifier with the parameters and attributes of scikit-learn's class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, Unpack

import numpy as np
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted, column_or_1d

from fastreg.estimators.checks import check_fit, less_offset
from fastreg.estimators.linear import LinearClassifier
from fastreg.estimators.ridge import Ridge, RidgeTargetByTarget, check_ridge_solver
from fastreg.interface.arguments import BoundedOptions
from fastreg.interface.shared_options import described_by, takes_options_of
from fastreg.paths.fit_path import fit_path


@takes_options_of(fit_path, Ridge)
class RidgeClassifier(RidgeTargetByTarget, LinearClassifier):
    """Classification by ridge regression on targets -1 and 1, as sklearn.linear_model.RidgeClassifier.

    For two classes one target, for more (or for several labels a row) one a class, each minimising

        sum_i w_i (z_i - b0 - x_i'b - o_i)^2  +  alpha sum_j v_j b_j^2

    with z_i = 1 where row i has the class and -1 where not, w_i the sample weights times the class weights (1 if none),
    o_i the offsets and v_j the penalty factors; see `ElasticNet`. The class of the largest prediction wins.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, >= 0, as in `Ridge`.
    fit_intercept, copy_X, max_iter, tol : as for `Ridge`
    class_weight : dict, "balanced" or None, default=None
        {label: weight}, or "balanced": n / (K n_k) for class k, counting rows.
    solver, positive, random_state : as for `Ridge`
    **options : as for `fit_path`

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (p,) or (n_classes, p)
        Coefficients, a vector for two classes; float32 if X was.
    coef_names_ : as for `Ridge`
    intercept_ : float or ndarray of shape (1,) or (n_classes,)
        b0; 0.0 if fit_intercept is False.
    n_iter_, dual_gap_ : as for `Ridge`
    solver_ : str
        As in `Ridge`.
    n_features_in_, feature_names_in_, encoding_ : as for `Ridge`

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
        **options: Unpack[BoundedOptions],
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

    @described_by(LinearClassifier.decision_function)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> Self:
        """Fit a ridge regression for each target.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any type, or 0 and 1 for each of several labels.
        sample_weight : array-like of shape (n_samples,) or float, default=None
            Weights >= 0, or one for all rows.
        offset : as for `LinearClassifier.decision_function`
            Numbers o_i added to the linear predictor of each row.

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
        check_ridge_solver(self)
        given, targets = self._binarised(X, y, sample_weight, offset)
        self._fit_ridges(given, less_offset(self, targets, given.offset))
        return self

    def _binarised(self, *given):
        """(the `Given` of a fit with labels y, and weights times class weights or None; targets (n, t) of -1 and 1).

        Sets classes_.
        """
        checked = check_fit(self, *given, multi_output=True)
        y = checked.y
        self._label_binarizer = LabelBinarizer(pos_label=1, neg_label=-1)
        targets = self._label_binarizer.fit_transform(y)
        self.classes_ = self._label_binarizer.classes_
        y = y if self._several_labels() else column_or_1d(y, warn=True)
        weight, _ = checked.weights()
        if self.class_weight:
            share = compute_sample_weight(self.class_weight, y)
            weight = share if weight is None else weight * share
        return checked._replace(y=y, sample_weight=weight), targets.astype(float)

    def _several_labels(self):
        """Whether a row may have several labels."""
        return self._label_binarizer.y_type_.startswith("multilabel")

    @described_by(LinearClassifier.decision_function)
    def predict(self, X: Any, *, offset: Any = None) -> np.ndarray:
        """The class of the largest target.

        Parameters
        ----------
        X, offset : as for `LinearClassifier.decision_function`

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
            scores = self.decision_function(X, offset=offset)
            return self._label_binarizer.inverse_transform(np.where(scores > 0.0, 1.0, -1.0))
        return super().predict(X, offset=offset)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
