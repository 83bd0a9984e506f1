"""LogisticRegressionCV with the parameters and attributes of scikit-learn's class."""

import numbers
from typing import ClassVar

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.utils.metadata_routing import UNUSED

from fastreg import validation as check
from fastreg.estimators.classification import LOGISTIC_SOLVERS, OLD_PENALTY, PENALTIES, LogisticRegression, classes_of
from fastreg.estimators.fold_fits import cv_router, folds_of, refuse_unrouted, routed, warn_folds
from fastreg.estimators.parameters import keeps_parameters
from fastreg.estimators.single_fit import check_fit, terms_of, total_weight
from fastreg.peer_paths import deprecated
from fastreg.progress import Watch
from fastreg.selection.cross_validation import cross_validate
from fastreg.selection.curve import SELECTIONS, first_least
from fastreg.selection.folds import Folding
from fastreg.selection.metrics import Metric, Response, misclassification
from fastreg.selection.responses import Classes, TwoClasses, accuracy, cross_validate_responses
from fastreg.selection.scorers import scorer_metric
from fastreg.solvers import SOLVERS
from fastreg.terms import Grid


class LogisticRegressionCV(LogisticRegression):
    """LogisticRegression with C, and l1_ratio of several, chosen by cross-validation, as LogisticRegressionCV.

    All fits minimise the objective of `LogisticRegression`, for two classes or, of the multinomial, for K > 2, a fold's
    over its training rows at the same C, and are certified. What a fold leaves out is scored. A class that a fold's
    training rows lack has, there, the limit of its fit: coefficients of zero and an intercept of -inf.

    Parameters
    ----------
    Cs : the number of values of C, geometric from 1e-4 to 1e4, or the values, > 0 (np.inf is no penalty).
    l1_ratios : numbers in [0, 1] to choose from: 0 is ridge, 1 the lasso. Not given, or None, is ridge, (0.0,), with
        scikit-learn's FutureWarning.
    fit_intercept : whether an intercept is fitted, else it is 0.
    cv : None (5 stratified folds of consecutive rows), a number of folds, a splitter, or pairs of (train, test) rows.
    verbose : whether a fit that takes more than 2 s shows a bar on stderr.
    dual, intercept_scaling, random_state, n_jobs : no effect, as in `LogisticRegression`; folds share their
        products with X instead of running apart.
    penalty : deprecated by scikit-learn in favour of l1_ratios: "l1", "l2" or "elasticnet"; if given, it decides,
        with a FutureWarning.
    scoring : None for accuracy, the name of a scorer, or a function of (estimator, X, y), larger being better. Not
        given is accuracy, with scikit-learn's FutureWarning that it will be "neg_log_loss".
    solver : as for `LogisticRegression`.
    tol : >= 0. Relative duality gap that every fit must reach.
    max_iter : Newton steps allowed at each C.
    class_weight : as for `LogisticRegression`; "balanced" is computed once from all rows. It counts in the fits, not in
        the scores.
    refit : True takes the fit on all rows at the best C; False averages, over folds, the coefficients at each fold's
        own best C.
    use_legacy_attributes : scikit-learn's shapes up to 1.9 (True) or from 1.10 on (False), see Attributes. Not given is
        True, with scikit-learn's FutureWarning.
    selection : "min", the C of the best mean score, or "1se", the smallest C (strongest penalty) within one standard
        error of it. Only with refit=True.
    penalty_factor : (n_features,) v_j >= 0 or None: 0 leaves a column unpenalised, infinity leaves it out.

    Attributes
    ----------
    classes_ : (K,) the labels, sorted.
    coef_, intercept_ : (m, n_features) and (m,), with m = 1 for two classes, else K; float32 if X was.
    Cs_, l1_ratios_ : the values tried.
    C_, l1_ratio_ : those chosen: arrays (m,) of one value, or floats without legacy attributes.
    scores_ : {label: (n_folds, n_Cs, n_l1_ratios)}, the same for classes_[1] of two or all of K classes, or an array
        (n_folds, n_l1_ratios, n_Cs).
    coefs_paths_ : {label: (n_folds, n_Cs, n_l1_ratios, n_features + 1)} with the intercept last if one is fitted, or
        an array (n_folds, n_l1_ratios, n_Cs, m, n_features + 1).
    n_iter_ : (1, n_folds, n_Cs, n_l1_ratios), or (n_folds, n_l1_ratios, n_Cs): solver steps. With l1_ratios=None the
        legacy shapes have no l1_ratio.
    dual_gap_ : proven bound of how far the objective of the fit on all rows at C_ lies over its minimum (refit=True).
    cv_path_ : the `fastreg.CVPath` of the l1_ratio chosen.
    n_features_in_, feature_names_in_ : columns seen in fit; names only if all are strings.

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
    >>> terms = {"scoring": "neg_log_loss", "use_legacy_attributes": False}
    >>> model = LogisticRegressionCV(l1_ratios=[1.0], selection="1se", **terms)
    >>> model.fit(X, X[:, 0] + 0.2 * noise > 0).coef_.round(1)[0, 1:]
    array([0., 0.])
    """

    # scikit-learn's score() leaves sample_weight out of its requests.
    __metadata_request__score: ClassVar[dict] = {"sample_weight": UNUSED}

    @keeps_parameters
    def __init__(
        self,
        *,
        Cs=10,
        l1_ratios="warn",
        fit_intercept=True,
        cv=None,
        dual=False,
        penalty="deprecated",
        scoring="warn",
        solver="auto",
        tol=1e-6,
        max_iter=100,
        class_weight=None,
        n_jobs=None,
        verbose=0,
        refit=True,
        intercept_scaling=1.0,
        random_state=None,
        use_legacy_attributes="warn",
        selection="min",
        penalty_factor=None,
    ): ...

    def fit(self, X, y, sample_weight=None, **params):
        """Cross-validate the grid of C and keep the fit at the one chosen.

        Parameters
        ----------
        X : (n_samples, n_features) array, sparse of any format, or data frame. Fortran-ordered float64 and
            canonical CSC are used where they lie; anything else is converted once.
        y : (n_samples,) labels of two or more classes, of any type.
        sample_weight : None, (n_samples,) weights >= 0, or a number for all rows. Their scale matters, as that of C
            does. They count in the fits and, if the scorer takes them, in the scores.
        params : what the splitter and the scorer ask for, with scikit-learn's metadata routing enabled.

        Returns
        -------
        self

        Raises
        ------
        ValueError where an argument is out of its range, with the first bad place, and where y holds one class.
        """
        refuse_unrouted(self, "fit", params)
        check.check_option("selection", self.selection, SELECTIONS)
        check.check_option("solver", self.solver, (*SOLVERS, *LOGISTIC_SOLVERS))
        self._warn_of_defaults()
        ratios, Cs = self._ratios(), self._strengths()
        X, y, dtype = check_fit(self, X, y)
        self.classes_, codes = classes_of(y, self.solver)
        weight, total = total_weight(sample_weight, X.shape[0])
        fitted, fitted_total = self._fitted_weight(codes, weight, total)
        folds, asked = folds_of(self, X, y, params, sample_weight, classifier=True)
        self.Cs_, order = Cs, np.argsort(Cs, kind="stable")
        # With routing it is the scorer that says whether it wants the weights.
        weighs = not asked or "sample_weight" in asked["scorer"]["score"]
        response = Response(X, y, self.classes_, weight if weighs else None)
        with np.errstate(divide="ignore"):
            grid = Grid(1.0 / (Cs[order] * fitted_total), of_sum=True)
        curves = self._cross_validate(X, codes, fitted, ratios, folds, grid, response)
        self._keep(curves, order, dtype)
        warn_folds(self, curves)
        return self

    def _cross_validate(self, X, codes, weight, ratios, folds, grid, response):
        """The curve of each l1_ratio."""
        solver = "auto" if self.solver in LOGISTIC_SOLVERS else self.solver
        terms = terms_of(self, family="binomial", sample_weight=weight, solver=solver)
        metric, watch = self._metric(response), Watch(self.verbose)
        if self.classes_.size > 2:
            return cross_validate_responses(X, codes, Classes, terms, ratios, folds, metric, grid, response, watch)
        seen = codes if weight is None else np.where(weight > 0.0, codes, -1)
        if self.fit_intercept and not all(np.isin([0, 1], seen[train]).all() for train, _ in folds):
            y = codes.astype(float)
            return cross_validate_responses(X, y, TwoClasses, terms, ratios, folds, metric, grid, response, watch)
        return cross_validate(X, codes.astype(float), terms, ratios, Folding(folds), metric, grid, response, watch)

    def _warn_of_defaults(self):
        """scikit-learn 1.9's warnings about defaults that will change."""
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
        values = [check.check_number(f"Cs[{k}]", check.plain(C), 0.0, np.inf, low_open=True)
                  for k, C in enumerate(self.Cs)]  # fmt: skip
        if not values:
            raise ValueError("Cs is empty; give a number of values or at least one")
        return np.array(values)

    def _ratios(self):
        """The l1_ratios to try, after scikit-learn's deprecated `penalty`."""
        ratios = None if isinstance(self.l1_ratios, str) and self.l1_ratios == "warn" else self.l1_ratios
        if self.penalty != "deprecated":
            check.check_option("penalty", self.penalty, (*PENALTIES, "elasticnet"))
            if self.penalty == "elasticnet" and ratios is None:
                raise ValueError("l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios=None)")
            deprecated(OLD_PENALTY, "l1_ratios ((0,) for 'l2', (1,) for 'l1')")
            if self.penalty in PENALTIES:
                ratios = [PENALTIES[self.penalty]]
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

    def _keep(self, curves, order, dtype):
        """Attributes from the curves, whose points are in ascending order of C."""
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
            place = self.cv_path_.index_1se if self.selection == "1se" else self.cv_path_.index_min
            path = self.cv_path_.path
            coefs, intercepts = _points(path)
            self.coef_, self.intercept_ = coefs[place].astype(dtype), intercepts[place].astype(dtype)
            self.dual_gap_ = path.gaps[place] * path.work["null_loss"]
            C, l1_ratio = self.Cs_[order[place]], self.cv_path_.l1_ratio
        else:
            best = [first_least(-fold) for fold in scores]
            at_C, at_ratio = np.unravel_index(best, scores.shape[1:])
            mean = paths[np.arange(len(scores)), at_C, at_ratio].mean(axis=0)
            n = self.n_features_in_
            self.coef_ = mean[:, :n].astype(dtype)
            self.intercept_ = (mean[:, n] if self.fit_intercept else np.zeros(len(mean))).astype(dtype)
            C, l1_ratio = self.Cs_[at_C].mean(), self.l1_ratios_[at_ratio].mean()
        self._keep_grids(scores, paths, steps, float(C), float(l1_ratio))

    def _fold_coefs(self, curve):
        """(n_folds, n_Cs, m, n_features + 1): every fold's coefficients, the intercept last if one is fitted."""
        points = [_points(fold) for fold in curve.fold_paths]
        if not self.fit_intercept:
            return np.stack([coefs for coefs, _ in points])
        return np.stack([np.concatenate([coefs, intercepts[:, :, None]], axis=2) for coefs, intercepts in points])

    def _keep_grids(self, scores, paths, steps, C, l1_ratio):
        """The attributes that differ between scikit-learn's old and new shapes."""
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

    def score(self, X, y, sample_weight=None, **score_params):
        """The score of `scoring` (accuracy if None) on X and y.

        Parameters
        ----------
        X, y : rows and their labels.
        sample_weight : (n_samples,) weights of the score, or None.
        score_params : what the scorer asks for, with scikit-learn's metadata routing enabled.
        """
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        given = {"sample_weight": score_params.pop("sample_weight")} if sample_weight is not None else {}
        refuse_unrouted(self, "score", score_params)
        asked = routed(self, "score", score_params, **given)
        return self._get_scorer()(self, X, y, **(asked["scorer"]["score"] if asked else given))

    def _scoring(self):
        """The scorer's name, or the scorer."""
        unset = self.scoring is None or (isinstance(self.scoring, str) and self.scoring == "warn")
        return "accuracy" if unset else self.scoring

    def _get_scorer(self):
        return get_scorer(self._scoring())

    def get_metadata_routing(self):
        """Which metadata `fit` and `score` hand to splitter and scorer; see scikit-learn's guide on routing."""
        return cv_router(self, self._get_scorer(), callers=("score", "fit"))

    def _peer_solver(self):
        return "saga" if np.any(self.l1_ratios_) else "lbfgs"


def _points(path):
    """(coefficients (k, m, p), intercepts (k, m)) of a path: m = 1 for two classes, else their number."""
    if isinstance(path.coefs, list):
        return np.stack([coef.toarray().T for coef in path.coefs], axis=1), path.intercepts.T
    return path.coefs.toarray().T[:, None, :], path.intercepts[:, None]
