"""LogisticRegressionCV with the parameters and attributes of scikit-learn's class."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import get_scorer
from sklearn.utils.metadata_routing import UNUSED

from fastreg.estimators.checks import check_fit, checked_weight
from fastreg.estimators.cv_routing import RoutesMetadata, folds_of, refuse_unrouted, routed, rule_of, warn_folds
from fastreg.estimators.fit_one import options_of
from fastreg.estimators.job_count import uses_its_threads
from fastreg.estimators.logistic import LOGISTIC_SOLVERS, OLD_PENALTY, PENALTIES, LogisticRegression, classes_of
from fastreg.estimators.sklearn_paths import deprecated
from fastreg.interface import validation as check
from fastreg.interface.arguments import BoundedOptions, Grid
from fastreg.interface.progress import Watch
from fastreg.interface.shared_options import described_by, takes_options_of
from fastreg.paths.fit_path import fit_path
from fastreg.paths.plan import SOLVERS
from fastreg.selection.cross_validation.cv_path import cross_validate
from fastreg.selection.cross_validation.folds import Folding
from fastreg.selection.cross_validation.metrics import Metric, Response, misclassification
from fastreg.selection.cross_validation.result import CVPath, first_least
from fastreg.selection.cross_validation.several_metrics import accuracy
from fastreg.selection.cross_validation.several_responses import Classes, TwoClasses, cross_validate_responses
from fastreg.selection.cross_validation.sklearn_scorers import PredictedClasses, scorer_metric


@takes_options_of(fit_path, LogisticRegression)
class LogisticRegressionCV(RoutesMetadata, LogisticRegression):
    """LogisticRegression with C, and l1_ratio of several, chosen by cross-validation, as LogisticRegressionCV.

    All fits minimise the objective of `LogisticRegression`, for two classes or, of the multinomial, for K > 2, a fold's
    over its training rows at the same C, and are certified. What a fold leaves out is scored. A class that a fold's
    training rows lack has, there, the limit of its fit: coefficients of zero and an intercept of -inf.

    Parameters
    ----------
    Cs : int or array-like, default=10
        The number of values of C, geometric from 1e-4 to 1e4, or the values, > 0 (np.inf is no penalty).
    l1_ratios : array-like or None, default=None
        Numbers in [0, 1] to choose from: 0 is ridge, 1 the lasso. Not given, or None, is ridge, (0.0,), with
        scikit-learn's FutureWarning.
    fit_intercept : bool, default=True
        Whether an intercept is fitted; else it is 0.
    cv : int, splitter, iterable or None, default=None
        A number of folds, a splitter, or pairs of (train, test) rows. None is 5 stratified folds of consecutive
        rows.
    dual : as for `LogisticRegression`
    penalty : {"l1", "l2", "elasticnet"}, default="deprecated"
        Deprecated by scikit-learn in favour of l1_ratios. If given, it decides, with a FutureWarning.
    scoring : str, callable or None, default=None
        The name of a scorer, or a function of (estimator, X, y), larger being better. None is accuracy; so is
        not given, with scikit-learn's FutureWarning that it will be "neg_log_loss".
    solver : str, default="auto"
        As for `LogisticRegression`.
    tol : float, default=1e-6
        Relative duality gap that every fit must reach, >= 0.
    max_iter : int, default=100
        Newton steps allowed at each C.
    class_weight : dict, "balanced" or None, default=None
        As for `LogisticRegression`; "balanced" is computed once from all rows. It counts in the fits, not in
        the scores.
    n_jobs : int or None, default=None
        Threads that a fit may use: 1 is one, -1 as many as there are CPUs, None what `fastreg.set_num_threads`
        says. Results do not depend on it.
    verbose : as for `LogisticRegression`
    refit : bool, default=True
        True takes the fit on all rows at the best C; False averages, over folds, the coefficients at each
        fold's own best C.
    intercept_scaling : float, default=1.0
        No effect; scikit-learn's liblinear penalises the intercept, and that is not copied.
    random_state : as for `LogisticRegression`
    use_legacy_attributes : bool, default=True
        Shapes of scikit-learn up to 1.9 (True) or from 1.10 on (False), see Attributes. Not given is True, with
        scikit-learn's FutureWarning.
    rule : {"min", "1se"}, default="min"
        "min" takes the C of the best mean score, "1se" the smallest C (strongest penalty) within one standard
        error of it. Only with refit=True.
    selection : str or None, default=None
        An older name of `rule`, accepted with a FutureWarning.
    standardize : as for `fit_path`
        The deviations of a fold are those of its training rows.
    lower, upper : as for `LogisticRegression`
    missing : as for `fit_path`
        Means are those of all rows, as levels of categories are; they never depend on y.
    **options : as for `fit_path`

    Attributes
    ----------
    classes_, coef_, coef_names_ : as for `LogisticRegression`
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    Cs_ : ndarray of shape (n_Cs,)
        The values of C tried.
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
        The l1_ratios tried.
    C_ : float or ndarray of shape (m,)
        The C chosen; an array of one value for each row of coef_ with legacy attributes.
    l1_ratio_ : float or ndarray of shape (m,)
        The l1_ratio chosen, likewise.
    scores_ : dict or ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        Scores of what each fold leaves out. With legacy attributes {label: (n_folds, n_Cs, n_l1_ratios)}, the
        same for classes_[1] of two or all of K classes.
    coefs_paths_ : dict or ndarray of shape (n_folds, n_l1_ratios, n_Cs, m, p + 1)
        Coefficients of the folds, the intercept last if one is fitted. With legacy attributes {label: (n_folds,
        n_Cs, n_l1_ratios, p + 1)}.
    n_iter_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs) or (1, n_folds, n_Cs, n_l1_ratios)
        Solver steps; the second with legacy attributes, which for l1_ratios=None have no l1_ratio.
    dual_gap_ : float
        Proven bound of how far the objective of the fit on all rows at C_ lies over its minimum (refit=True).
    cv_path_ : fastreg.CVPath
        The cross-validated path of the l1_ratio chosen.
    n_features_in_, feature_names_in_, encoding_ : as for `LogisticRegression`

    Notes
    -----
    Fits that are not certified to `tol` are counted in one ConvergenceWarning.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import LogisticRegressionCV
    >>> X, noise = np.random.default_rng(0).normal(size=(60, 3)), np.random.default_rng(1).normal(size=60)
    >>> options = {"scoring": "neg_log_loss", "use_legacy_attributes": False}
    >>> model = LogisticRegressionCV(l1_ratios=[1.0], rule="1se", **options)
    >>> model.fit(X, X[:, 0] + 0.2 * noise > 0).coef_.round(1)[0, 1:]
    array([0., 0.])
    """

    Cs_: np.ndarray
    l1_ratios_: np.ndarray
    C_: float | np.ndarray
    l1_ratio_: float | np.ndarray
    scores_: dict[Any, np.ndarray] | np.ndarray
    coefs_paths_: dict[Any, np.ndarray] | np.ndarray
    cv_path_: CVPath

    # scikit-learn's score() leaves sample_weight out of its requests.
    __metadata_request__score: ClassVar[dict] = {"sample_weight": UNUSED}

    def __init__(
        self,
        *,
        Cs: int | ArrayLike = 10,
        l1_ratios: ArrayLike | str | None = "warn",
        fit_intercept: bool = True,
        cv: Any = None,
        dual: bool = False,
        penalty: str | None = "deprecated",
        scoring: Callable[..., float] | str | None = "warn",
        solver: str = "auto",
        tol: float = 1e-6,
        max_iter: int = 100,
        class_weight: Mapping[Any, float] | str | None = None,
        n_jobs: int | None = None,
        verbose: bool | int = 0,
        refit: bool = True,
        intercept_scaling: float = 1.0,
        random_state: Any = None,
        use_legacy_attributes: bool | str = "warn",
        rule: str = "min",
        selection: str | None = None,
        **options: Unpack[BoundedOptions],
    ) -> None:
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes
        self.rule = rule
        self.selection = selection

    @uses_its_threads
    @described_by(LogisticRegression.fit)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None, **params: Any) -> Self:
        """Cross-validate the grid of C and keep the fit at the one chosen.

        Parameters
        ----------
        X, y : as for `LogisticRegression.fit`
        sample_weight : array-like of shape (n_samples,) or float, default=None
            Weights >= 0, or one for all rows. Their scale matters, as that of C does. They count in the
            fits and, if the scorer takes them, in the scores.
        offset : as for `LogisticRegression.fit`
        **params : Any
            What the splitter and the scorer ask for, with scikit-learn's metadata routing enabled.

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
        >>> import numpy as np
        >>> from fastreg import LogisticRegressionCV
        >>> X = np.random.default_rng(0).normal(size=(40, 2))
        >>> options = {"l1_ratios": [1.0], "scoring": "neg_log_loss", "use_legacy_attributes": False}
        >>> LogisticRegressionCV(Cs=[0.01, 1.0], **options).fit(X, X[:, 0] > 0).C_
        1.0
        """
        refuse_unrouted(self, "fit", params)
        rule = rule_of(self)
        check.check_option("solver", self.solver, (*SOLVERS, *LOGISTIC_SOLVERS))
        self._warn_of_defaults()
        ratios, Cs = self._ratios(), self._strengths()
        given = check_fit(self, X, y, sample_weight, offset, params)
        X, y = given.X, given.y
        self.classes_, codes = classes_of(y, self.solver)
        weight, total = given.weights()
        fitted, fitted_total = self._fitted_weight(codes, weight, total)
        folds, asked = folds_of(self, given, classifier=True)
        self.Cs_, order = Cs, np.argsort(Cs, kind="stable")
        # With routing it is the scorer that says whether it wants the weights.
        weighs = not asked or "sample_weight" in asked["scorer"]["score"]
        response = Response(X, y, self.classes_, weight if weighs else None)
        with np.errstate(divide="ignore"):
            grid = Grid(1.0 / (Cs[order] * fitted_total), of_sum=True)
        options = {"family": "binomial", "sample_weight": fitted, "offset": self._kept_offset(given)}
        curves = self._cross_validate(X, codes, options, ratios, folds, grid, response)
        self._keep(curves, order, given.dtype, rule)
        warn_folds(self, curves)
        return self

    def _cross_validate(self, X, codes, options, ratios, folds, grid, response):
        """The CVPath of each l1_ratio."""
        weight = options["sample_weight"]
        options = options_of(
            self, grid.alphas, **options, solver="auto" if self.solver in LOGISTIC_SOLVERS else self.solver
        )
        asked = options, ratios, Folding(folds), self._metric(response), grid, response, Watch(self.verbose)
        if self.classes_.size > 2:
            return cross_validate_responses(X, codes, Classes, *asked)
        seen = codes if weight is None else np.where(weight > 0.0, codes, -1)
        if self.fit_intercept and not all(np.isin([0, 1], seen[train]).all() for train, _ in folds):
            return cross_validate_responses(X, codes.astype(float), TwoClasses, *asked)
        return cross_validate(X, codes.astype(float), *asked)

    def _warn_of_defaults(self):
        """The warnings of scikit-learn 1.9 about defaults that will change."""
        messages = []
        if isinstance(self.l1_ratios, str) and self.l1_ratios == "warn":
            messages.append(
                "The default value for l1_ratios will change from None to (0.0,) in version 1.10. To avoid this "
                "warning, explicitly set a value, e.g. l1_ratios=(0,)"
            )
        elif self.l1_ratios is None and self.penalty == "deprecated":
            messages.append(
                "'l1_ratios=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use an array-like "
                "with values in [0, 1] instead"
            )
        if isinstance(self.scoring, str) and self.scoring == "warn":
            messages.append(
                "The default value of the parameter 'scoring' will change from None, i.e. accuracy, to 'neg_log_loss' "
                "in version 1.11. To silence this warning, explicitly set the scoring parameter: "
                "scoring='neg_log_loss' for the new, scoring='accuracy' or scoring=None for the old default"
            )
        if self.use_legacy_attributes == "warn":
            messages.append(
                f"The fitted attributes of {type(self).__name__} will be simplified in scikit-learn 1.10 to remove "
                "redundancy. Set `use_legacy_attributes=False` to enable the new behavior now, or True to silence this "
                "warning while keeping the deprecated behavior. The default value of use_legacy_attributes will change "
                "from True to False in scikit-learn 1.10"
            )
        for message in messages:
            check.warn(message, FutureWarning)

    def _strengths(self):
        """The values of C, as given."""
        if isinstance(self.Cs, numbers.Integral) and not isinstance(self.Cs, bool):
            return np.logspace(-4, 4, check.check_count("Cs", self.Cs, 1))
        check.refuse_masked("Cs", self.Cs)
        given: Any = self.Cs
        values = [check.check_number(f"Cs[{k}]", check.plain(C), 0.0, np.inf, low_open=True)
                  for k, C in enumerate(given)]  # fmt: skip
        if not values:
            raise ValueError("Cs is empty; give a number of values or at least one")
        return np.array(values)

    def _ratios(self):
        """The l1_ratios to try, by scikit-learn's deprecated `penalty` where it is given."""
        ratios: Any = None if isinstance(self.l1_ratios, str) and self.l1_ratios == "warn" else self.l1_ratios
        if self.penalty != "deprecated":
            check.check_option("penalty", self.penalty, (*PENALTIES, "elasticnet"))
            if self.penalty == "elasticnet" and ratios is None:
                raise ValueError("l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios=None)")
            deprecated(OLD_PENALTY, "l1_ratios ((0,) for 'l2', (1,) for 'l1')")
            if self.penalty in PENALTIES:
                ratios = [PENALTIES[self.penalty]]
        check.refuse_masked("l1_ratios", ratios)
        if ratios is None:
            return [0.0]
        if isinstance(ratios, (str, numbers.Number)) or len(ratios) == 0:
            raise ValueError(f"l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios={ratios!r})")
        return [check.check_number("l1_ratios", check.plain(ratio), 0.0, 1.0) for ratio in ratios]

    def _metric(self, response):
        scoring = self._scoring()
        if scoring != "accuracy":
            return scorer_metric(scoring, response)._replace(equal_folds=True)
        score = accuracy if self.classes_.size > 2 else lambda held: 1.0 - misclassification(held)
        return Metric("accuracy", True, score, equal_folds=True)

    def _keep(self, curves, order, dtype, rule):
        """Set the fitted attributes from the CVPaths, whose points are in ascending order of C."""
        back = np.argsort(order)
        scores = np.stack([curve.fold_scores[:, back] for curve in curves], axis=2)  # folds, Cs, l1_ratios
        paths = np.stack([self._fold_coefs(curve)[:, back] for curve in curves], axis=2)
        steps = np.stack([[fold.n_iters[back] for fold in curve.fold_paths] for curve in curves], axis=2)
        steps = np.maximum(steps, 1).astype(np.int32)  # as scikit-learn counts: certifying the null model is one
        self.l1_ratios_ = np.array([curve.l1_ratio for curve in curves])
        # The first of equal scores in the order in which C and l1_ratio were given, as scikit-learn chooses.
        at_C, at_ratio = np.unravel_index(first_least(-scores.mean(axis=0)), scores.shape[1:])
        self.cv_path_ = curves[at_ratio]
        self.cv_path_.index_min = int(back[at_C])
        if self.refit:
            place = self.cv_path_.index_1se if rule == "1se" else self.cv_path_.index_min
            path = self.cv_path_.path
            coefs, intercepts = _points(path)
            self.coef_, self.intercept_ = coefs[place].astype(dtype), intercepts[place].astype(dtype)
            self.dual_gap_ = path.gaps[place] * path.work["null_loss"]
            C, l1_ratio = self.Cs_[order[place]], self.cv_path_.l1_ratio
        else:
            best = [first_least(-fold) for fold in scores]
            at_C, at_ratio = np.unravel_index(best, scores.shape[1:])
            mean = paths[np.arange(len(scores)), at_C, at_ratio].mean(axis=0)
            p = mean.shape[1] - int(self.fit_intercept)
            self.coef_ = mean[:, :p].astype(dtype)
            self.intercept_ = (mean[:, p] if self.fit_intercept else np.zeros(len(mean))).astype(dtype)
            C, l1_ratio = self.Cs_[at_C].mean(), self.l1_ratios_[at_ratio].mean()
        self._keep_grids(scores, paths, steps, float(C), float(l1_ratio))

    def _fold_coefs(self, curve):
        """(n_folds, n_Cs, m, p + 1): every fold's coefficients, the intercept last if one is fitted."""
        points = [_points(fold) for fold in curve.fold_paths]
        if not self.fit_intercept:
            return np.stack([coefs for coefs, _ in points])
        return np.stack([np.concatenate([coefs, intercepts[:, :, None]], axis=2) for coefs, intercepts in points])

    def _keep_grids(self, scores, paths, steps, C, l1_ratio):
        """Set the attributes whose shapes differ between scikit-learn up to 1.9 and from 1.10 on."""
        if not self.use_legacy_attributes:
            self.C_, self.l1_ratio_ = C, l1_ratio
            self.scores_, self.n_iter_ = scores.swapaxes(1, 2), steps.swapaxes(1, 2)
            self.coefs_paths_ = paths.swapaxes(1, 2)
            return
        if self.l1_ratios is None or isinstance(self.l1_ratios, str):
            scores, paths, steps = scores[:, :, 0], paths[:, :, 0], steps[:, :, 0]
        labels = self.classes_[-paths.shape[-2] :]  # of two classes, the second
        self.C_, self.l1_ratio_ = np.full(labels.size, C), np.full(labels.size, l1_ratio)
        self.scores_ = dict.fromkeys(labels, scores)
        self.coefs_paths_ = {label: paths[..., k, :] for k, label in enumerate(labels)}
        self.n_iter_ = steps[None]

    @described_by(LogisticRegression.predict)
    def score(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, *, offset: Any = None, **score_params: Any
    ) -> float:
        """The score of `scoring` on other rows; accuracy if that is None.

        Parameters
        ----------
        X : as for `LinearClassifier.predict`
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the score.
        offset : as for `LinearClassifier.predict`
        **score_params : Any
            What the scorer asks for, with scikit-learn's metadata routing enabled.

        Returns
        -------
        float
            The score; larger is better.

        Examples
        --------
        >>> import numpy as np
        >>> from fastreg import LogisticRegressionCV
        >>> X = np.random.default_rng(0).normal(size=(40, 2))
        >>> options = {"l1_ratios": [1.0], "scoring": "accuracy", "use_legacy_attributes": False}
        >>> model = LogisticRegressionCV(Cs=[0.01, 1.0], **options).fit(X, X[:, 0] > 0)
        >>> bool(model.score(X, X[:, 0] > 0) > 0.9)
        True
        """
        y, sample_weight = check.check_labels("y", y), checked_weight(sample_weight, X)
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        given = {"sample_weight": score_params.pop("sample_weight")} if sample_weight is not None else {}
        refuse_unrouted(self, "score", score_params)
        asked = routed(self, "score", score_params, **given)
        model: Any = self
        if offset is not None:  # scorers call a model's methods without one
            shares = self.predict_proba(X, offset=offset)
            mean = shares[:, 1] if self.classes_.size == 2 else shares
            model = PredictedClasses(mean, self.decision_function(X, offset=offset), self.classes_)
        return self._get_scorer()(model, X, y, **(asked["scorer"]["score"] if asked else given))

    def _scoring(self):
        """The scorer or its name."""
        unset = self.scoring is None or (isinstance(self.scoring, str) and self.scoring == "warn")
        return "accuracy" if unset else self.scoring

    def _get_scorer(self):
        return get_scorer(self._scoring())

    def _scorer_and_callers(self):
        return self._get_scorer(), ("score", "fit")

    def _peer_solver(self):
        return "saga" if np.any(self.l1_ratios_) else "lbfgs"


def _points(path):
    """(coefficients (k, m, p), intercepts (k, m)) of a path: m = 1 for two classes, else their number."""
    if isinstance(path.coefs, list):
        return np.stack([coef.toarray().T for coef in path.coefs], axis=1), path.intercepts.T
    return path.coefs.toarray().T[:, None, :], path.intercepts[:, None]
