"""RidgeClassifier with the parameters and attributes of scikit-learn's class."""

import numpy as np
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted, column_or_1d

from fastreg.estimators.linear import LinearClassifier
from fastreg.estimators.parameters import keeps_parameters
from fastreg.estimators.regression import Ridge
from fastreg.estimators.single_fit import check_fit, total_weight


class RidgeClassifier(LinearClassifier):
    """Classification by ridge regression on targets -1 and 1, as sklearn.linear_model.RidgeClassifier.

    For two classes one target, for more (or for several labels a row) one a class, each minimising

        sum_i w_i (z_i - b0 - x_i'b)^2  +  alpha sum_j v_j b_j^2

    with z_i = 1 where row i has the class and -1 where not, w_i the sample weights times the class weights (1 if none),
    and v_j the penalty factors (1 if none). The class of the largest prediction wins.

    Parameters
    ----------
    alpha, fit_intercept, copy_X, max_iter, tol, solver, positive, random_state, penalty_factor : as in fastreg.Ridge.
    class_weight : None, "balanced" (n / (K n_k) for class k, counting rows), or {label: weight}.

    Attributes
    ----------
    classes_ : (K,) the labels, sorted.
    coef_ : (n_features,) for two classes, else (K, n_features); float32 if X was.
    intercept_ : (1,) or (K,); 0.0 if fit_intercept is False.
    n_iter_, dual_gap_, solver_ : as in fastreg.Ridge, a value for each target.
    n_features_in_, feature_names_in_ : columns seen in fit; names only if all are strings.

    Examples
    --------
    >>> from fastreg import RidgeClassifier
    >>> model = RidgeClassifier().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]])
    array(['no', 'yes'], dtype='<U3')
    """

    @keeps_parameters
    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-6,
        class_weight=None,
        solver="auto",
        positive=False,
        random_state=None,
        penalty_factor=None,
    ): ...

    def fit(self, X, y, sample_weight=None):
        """Fit a ridge regression for each target.

        Parameters
        ----------
        X : (n_samples, n_features) array, sparse of any format, or data frame.
        y : (n_samples,) labels of any type, or (n_samples, n_labels) of 0 and 1.
        sample_weight : None, (n_samples,) weights >= 0, or a number for all rows.

        Returns
        -------
        self

        Raises
        ------
        ValueError where an argument is out of its range, with the first bad place.
        """
        X, _, targets, weight, dtype = self._binarised(X, y, sample_weight)
        params = {name: value for name, value in self.get_params().items() if name != "class_weight"}
        ridge = Ridge(**params).fit(X, targets, weight)
        self.coef_ = ridge.coef_.astype(dtype, copy=False)
        self.intercept_ = ridge.intercept_.astype(dtype, copy=False) if self.fit_intercept else 0.0
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

    def predict(self, X):
        """The class of the largest target, (n_samples,); for several labels a row all positive ones, 0 or 1 each."""
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
