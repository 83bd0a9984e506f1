"""LogisticRegression with the parameters and attributes of scikit-learn's class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, Unpack

import numpy as np
import scipy.sparse as sp
from scipy.special import log_expit, log_softmax
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fastreg.estimators.checks import check_fit, keep_offset, total_weight
from fastreg.estimators.fit_one import SingleFit, fit_multi_point, fit_point, last_fit, warn_uncertified
from fastreg.estimators.job_count import uses_its_threads
from fastreg.estimators.linear import LinearClassifier, LinearModel
from fastreg.estimators.sklearn_paths import deprecated
from fastreg.estimators.to_sklearn import PEER_VERSION
from fastreg.interface import validation as check
from fastreg.interface.arguments import BoundedOptions
from fastreg.interface.frames import keeps_form
from fastreg.interface.shared_options import described_by, takes_options_of
from fastreg.paths.fit_path import fit_path
from fastreg.paths.plan import SOLVERS
from fastreg.paths.prediction import probabilities

# scikit-learn's names
SINCE_1_10 = ("newton-cd", "newton-cd-gram")
LOGISTIC_SOLVERS = ("lbfgs", "liblinear", *SINCE_1_10, "newton-cg", "newton-cholesky", "sag", "saga")
OLD_PENALTY = "'penalty' was deprecated in version 1.8 and will be removed in 1.10"
PENALTIES: dict[Any, float] = {"l1": 1.0, "l2": 0.0}  # l1_ratio of scikit-learn's penalties


@takes_options_of(fit_path, LinearModel)
class LogisticRegression(LinearClassifier):
    """Logistic regression with an elastic-net penalty, as scikit-learn's LogisticRegression.

    Of two classes it minimises, over coefficients b and an intercept b0 that is not penalised,

        1/W sum_i w_i [ log(1 + exp(eta_i)) - z_i eta_i ]
            +  1/(C W) sum_j v_j ( l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 )

    with eta_i = b0 + x_i'b + o_i, o_i the offsets (0 if none), z_i = 1 for the second of the sorted classes and 0 for
    the first, w_i the sample weights times the class weights (1 if none), W their sum, and v_j the penalty factors (1
    if none). p is the number of coefficients: of columns of X, where no column of a data frame is a category.

    Of K > 2 classes it fits the multinomial model: coefficients and an intercept for each class, with loss
    log sum_k exp(eta_ik) - eta_i(y_i) and the penalty summed over classes (`fastreg.fit_multi_path`). Where that
    leaves a sum over classes open, as for the intercepts, it is zero.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet"} or None, default="deprecated"
        Deprecated by scikit-learn in favour of C and l1_ratio. If given, it decides, with a FutureWarning.
    C : float, default=1.0
        Inverse strength of the penalty, > 0; np.inf is no penalty. Its effect grows with the number of rows: in
        the terms of `fastreg.fit_path`, alpha = 1 / (C W).
    l1_ratio : float, default=0.0
        Share of the l1 part in [0, 1]: 0 is ridge, 1 the lasso. Any value goes with any solver.
    dual : bool, default=False
        No effect: primal and dual problem have the same solution.
    tol : float, default=1e-6
        Duality gap that certifies a fit, >= 0, relative to the loss without penalised columns. scikit-learn's
        tol bounds a gradient instead, for which 1e-4 stops at gaps of about 1e-6.
    fit_intercept : bool, default=True
        Whether b0 is fitted; else it is 0.
    intercept_scaling : float, default=1
        No effect; scikit-learn's liblinear penalises the intercept, and that is not copied.
    class_weight : dict, "balanced" or None, default=None
        {label: weight}, labels not in it weighing 1, or "balanced": W / (K W_k) for class k of weight W_k.
    random_state : int, RandomState or None, default=None
        No effect; nothing is random.
    solver : str, default="auto"
        "auto", another of fastreg's ("newton", "coordinate_descent", "proximal_gradient"), or one of
        scikit-learn's names ("newton-cd" and "newton-cd-gram" of 1.10 among them), which are accepted and mean
        "auto". Of more than two classes proximal Newton solves all, but for "liblinear", which scikit-learn has
        for two.
    max_iter : int, default=100
        Newton steps allowed (or proximal gradient steps). 0 keeps the start: zeros, or the last fit with
        warm_start, of which nothing is proven (dual_gap_ is inf).
    verbose : bool or int, default=0
        Whether a fit that takes more than 2 s shows a bar on stderr.
    warm_start : bool, default=False
        Whether a further fit starts from the `coef_` and `intercept_` at hand. It saves steps, and changes no
        certified solution by more than tol.
    n_jobs : int or None, default=None
        Deprecated by scikit-learn, where it has no effect. Here, with a FutureWarning, the threads that a fit may
        use: 1 is one, -1 as many as there are CPUs, None what `fastreg.set_num_threads` says.
    lower, upper : as for `fit_path`
        More than two classes may have one for each column and class, (p, K).
    **options : as for `fit_path`

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (1, p) or (n_classes, p)
        Coefficients, one row for two classes; float32 if X was.
    coef_names_ : as for `LinearModel`
    intercept_ : ndarray of shape (1,) or (n_classes,)
        b0.
    n_iter_ : ndarray of shape (1,)
        Newton or proximal gradient steps.
    dual_gap_ : float
        Proven bound of how far the objective above lies over its minimum.
    n_features_in_, feature_names_in_, encoding_ : as for `LinearModel`

    Notes
    -----
    A fit that is not certified to `tol`, or of separable classes without a penalty, warns with a
    ConvergenceWarning (scikit-learn's and fastreg's). Proportions as targets: `fastreg.fit_path(...,
    family="binomial")` and `fastreg.fit_multi_path(..., family="multinomial")`.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1), section 3.

    Examples
    --------
    >>> from fastreg import LogisticRegression
    >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]]).tolist()
    ['no', 'yes']
    """

    coef_: Any  # an array, or sparse after `sparsify`
    intercept_: np.ndarray
    n_iter_: np.ndarray
    dual_gap_: float

    # Defaults are scikit-learn's but for two: tol is a gap, see above; solver="lbfgs" would name another.
    def __init__(
        self,
        penalty: str | None = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-6,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Mapping[Any, float] | str | None = None,
        random_state: Any = None,
        solver: str = "auto",
        max_iter: int = 100,
        verbose: bool | int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
        **options: Unpack[BoundedOptions],
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    @uses_its_threads
    @described_by(LinearClassifier.decision_function)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> Self:
        """Fit the coefficients.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows. Fortran-ordered float64 and canonical CSC are used where they lie; anything else is
            converted once.
        y : array-like of shape (n_samples,)
            Labels of two or more classes, of any type.
        sample_weight : array-like of shape (n_samples,) or float, default=None
            Weights >= 0, or one for all rows. Their scale matters: see `C`.
        offset : as for `LinearClassifier.decision_function`
            Numbers o_i added to the linear predictor of each row.

        Returns
        -------
        Self
            The estimator, fitted.

        Raises
        ------
        ValueError
            Where an argument is out of its range, with the first bad place, and where y holds one class.

        Examples
        --------
        >>> from fastreg import LogisticRegression
        >>> LogisticRegression().fit([[0.0], [1.0], [2.0]], ["a", "a", "b"]).classes_.tolist()
        ['a', 'b']
        """
        strength, l1_ratio = self._penalty()
        check.check_option("solver", self.solver, (*SOLVERS, *LOGISTIC_SOLVERS))
        given = check_fit(self, X, y, sample_weight, offset)
        self.classes_, codes = classes_of(given.y, self.solver)
        weight, total = self._fitted_weight(codes, *given.weights())
        options = {"l1_ratio": l1_ratio, "sample_weight": weight, "offset": self._kept_offset(given)}
        fit = self._fit_point(given.X, codes, strength / total, options)
        m = 1 if self.classes_.size == 2 else self.classes_.size
        self.coef_ = fit.coef.T.reshape(m, -1).astype(given.dtype)
        self.intercept_ = np.array(fit.intercept, dtype=given.dtype, ndmin=1)
        self.n_iter_ = np.array([fit.iterations], dtype=np.int32)
        self.dual_gap_ = fit.excess
        warn_uncertified(self, [fit])
        return self

    def _kept_offset(self, given):
        """The offset as an array (n,), or (n, K) of K > 2 classes, or None."""
        K, n = self.classes_.size, given.X.shape[0]
        return keep_offset(self, given.offset, (n, K) if K > 2 else (n,))

    def _fit_point(self, X, codes, alpha, options):
        """The fit at `alpha`. A class without weight has coefficients of zero and an intercept of -inf."""
        K = self.classes_.size
        start = last_fit(self, (1 if K == 2 else K, X.shape[1]))
        if self.max_iter == 0:
            assert_all_finite(X.numbers if keeps_form(X) else X)
            coef, intercept = (np.zeros((K if K > 2 else 1, X.shape[1])), 0.0) if start is None else start
            return SingleFit(coef.T, np.broadcast_to(intercept, len(coef)), np.inf, 1.0, 0, "max_iter")
        if K > 2:
            return fit_multi_point(self, X, codes, alpha, family="multinomial", start=start, **options)
        start = None if start is None else (start[0][0], start[1][0])
        solver = "auto" if self.solver in LOGISTIC_SOLVERS else self.solver
        return fit_point(self, X, codes.astype(float), alpha, start=start, family="binomial", solver=solver, **options)

    def _fitted_weight(self, codes, weight, total):
        """(weights of the fit, their sum): sample weights times class weights."""
        if self.class_weight is None:
            return weight, total
        weight = np.ones(codes.size) if weight is None else weight
        return total_weight(weight * self._class_weights(codes, weight)[codes], codes.size)

    def _penalty(self):
        """(1 / C, l1_ratio), by scikit-learn's deprecated `penalty` where it is given."""
        strength = 1.0 / check.check_number("C", self.C, 0.0, np.inf, low_open=True)
        l1_ratio, penalty = self.l1_ratio, self.penalty
        if self.n_jobs is not None:
            deprecated(
                "'n_jobs' has no effect in scikit-learn since 1.8 and will be removed in 1.10 (here it limits threads)",
                "fastreg.set_num_threads",
            )
        if penalty == "deprecated":
            if l1_ratio is None:
                deprecated("'l1_ratio=None' was deprecated in version 1.8 and will be removed in 1.10", "l1_ratio=0")
            return strength, 0.0 if l1_ratio is None else l1_ratio
        if penalty is not None:
            check.check_option("penalty", penalty, (*PENALTIES, "elasticnet"))
        if penalty == "elasticnet" and l1_ratio is None:
            raise ValueError("l1_ratio must be specified when penalty is elasticnet")
        deprecated(OLD_PENALTY, "l1_ratio (0 for 'l2', 1 for 'l1') and C=np.inf for penalty=None")
        ignored = []
        if penalty is None:
            if self.C != 1.0:
                ignored.append("Setting penalty=None will ignore the C and l1_ratio parameters")
            strength = 0.0
        if penalty != "elasticnet" and l1_ratio is not None and 0 < l1_ratio < 1:
            ignored.append(f"l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={penalty})")
        if penalty in PENALTIES and l1_ratio != PENALTIES[penalty]:
            ignored.append(f"Inconsistent values: penalty={penalty} with l1_ratio={l1_ratio}; please use l1_ratio only")
        for message in ignored:
            check.warn(message, check.DataWarning)
        return strength, PENALTIES.get(penalty, 0.0 if l1_ratio is None else l1_ratio)

    def _class_weights(self, codes, weight):
        """The weights of the classes."""
        K = self.classes_.size
        if isinstance(self.class_weight, str):
            check.check_option("class_weight", self.class_weight, ("balanced",))
            sums = np.bincount(codes, weights=weight, minlength=K)
            return np.divide(sums.sum() / K, sums, out=np.zeros(K), where=sums > 0.0)
        if not isinstance(self.class_weight, dict):
            raise ValueError(f"class_weight must be None, 'balanced' or a dict, got {self.class_weight!r}")
        labels = self.classes_.tolist()
        unknown = [label for label in self.class_weight if label not in labels]
        if unknown and len(self.class_weight) - len(unknown) < K:
            raise ValueError(f"class_weight names {unknown}, which y does not hold; its classes are {labels}")
        return np.array([self.class_weight.get(label, 1.0) for label in labels], dtype=float)

    @described_by(LinearClassifier.decision_function)
    def predict_proba(self, X: Any, *, offset: Any = None) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X, offset : as for `LinearClassifier.decision_function`

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            One column a class, in the order of `classes_`.

        Examples
        --------
        >>> from fastreg import LogisticRegression
        >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
        >>> model.predict_proba([[1.5]]).round(3)
        array([[0.5, 0.5]])
        """
        return probabilities(self.decision_function(X, offset=offset))

    @described_by(LinearClassifier.decision_function)
    def predict_log_proba(self, X: Any, *, offset: Any = None) -> np.ndarray:
        """Logarithms of `predict_proba`, finite also where a probability underflows.

        Parameters
        ----------
        X, offset : as for `LinearClassifier.decision_function`

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            One column a class, in the order of `classes_`.

        Examples
        --------
        >>> from fastreg import LogisticRegression
        >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
        >>> model.predict_log_proba([[1.5]]).round(3)
        array([[-0.693, -0.693]])
        """
        eta = self.decision_function(X, offset=offset)
        return np.column_stack([log_expit(-eta), log_expit(eta)]) if eta.ndim == 1 else log_softmax(eta, axis=1)

    def sparsify(self) -> Self:
        """Turn `coef_` into a CSR matrix; prediction works as before.

        Returns
        -------
        Self
            The estimator.

        Examples
        --------
        >>> from fastreg import LogisticRegression
        >>> model = LogisticRegression(l1_ratio=1.0).fit([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]], [0, 1, 1])
        >>> model.sparsify().coef_.format
        'csr'
        """
        check_is_fitted(self)
        self.coef_ = sp.csr_matrix(self.coef_)
        return self

    def densify(self) -> Self:
        """Turn `coef_` back into an array.

        Returns
        -------
        Self
            The estimator.

        Examples
        --------
        >>> from fastreg import LogisticRegression
        >>> model = LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]], [0, 1, 1])
        >>> model.sparsify().densify().coef_.shape
        (1, 2)
        """
        check_is_fitted(self)
        self.coef_ = self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_
        return self

    def _peer_solvers(self):
        return [solver for solver in LOGISTIC_SOLVERS if PEER_VERSION >= (1, 10) or solver not in SINCE_1_10]

    def _peer_solver(self):
        return "saga" if self.l1_ratio else "lbfgs"


def classes_of(y, solver):
    """(the sorted labels, for each row the number of its label), or a ValueError.

    Two whole numbers, of any type, need neither to be sorted nor scikit-learn's check, which takes as long as a small
    fit.
    """
    if isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "biuf" and y.size:
        low, high = y.min(), y.max()
        second, whole = y == high, y.dtype.kind != "f" or all(float(each).is_integer() for each in (low, high))
        if whole and low != high and np.all(second | (y == low)):
            return np.array([low, high], dtype=y.dtype), second.astype(np.intp)
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if classes.size < 2:
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the data contains only one "
            f"class: {check.plain(classes[0])!r}"
        )
    if classes.size > 2 and solver == "liblinear":
        raise ValueError("The 'liblinear' solver does not support multiclass classification (n_classes >= 3)")
    return classes, codes
