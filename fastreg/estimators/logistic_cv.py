"""LogisticRegressionCV with the parameters and attributes of scikit-learn's class, for two classes."""

import numbers
from typing import ClassVar

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter, MethodMapping
from sklearn.utils.multiclass import type_of_target

from fastreg import validation as check
from fastreg.estimators.classification import LOGISTIC_SOLVERS, PENALTIES, LogisticRegression, _classes, _deprecated
from fastreg.estimators.fold_fits import names_seen, routed, warn_folds
from fastreg.estimators.single_fit import check_fit, total_weight
from fastreg.families import Binomial
from fastreg.selection.cross_validation import FitTerms, Folding, Grid, cross_validate
from fastreg.selection.metrics import METRICS, Metric, Response, misclassification
from fastreg.selection.scorers import scorer_metric
from fastreg.solvers import SOLVERS

SELECTIONS = ("min", "1se")


class LogisticRegressionCV(LogisticRegression):
    """LogisticRegression with C, and l1_ratio of several, chosen by cross-validation, as LogisticRegressionCV.

    All fits minimise the objective of `LogisticRegression` for two classes, a fold's over its training rows at the
    same C, and are certified. What a fold leaves out is scored.

    Parameters
    ----------
    Cs : the number of values of C, geometric from 1e-4 to 1e4, or the values, > 0 (np.inf is no penalty).
    l1_ratios : numbers in [0, 1] to choose from: 0 is ridge, 1 the lasso. None is ridge, (0.0,).
    fit_intercept : whether an intercept is fitted, else it is 0.
    cv : None (5 stratified folds of consecutive rows), a number of folds, a splitter, or pairs of (train, test) rows.
    dual, intercept_scaling, random_state, verbose, n_jobs : no effect, as in `LogisticRegression`; folds share their
        products with X instead of running apart.
    penalty : deprecated by scikit-learn in favour of l1_ratios: "l1", "l2" or "elasticnet"; if given, it decides,
        with a FutureWarning.
    scoring : None for accuracy, the name of a scorer, or a function of (estimator, X, y), larger being better.
    solver : as for `LogisticRegression`.
    tol : > 0. Relative duality gap that every fit must reach.
    max_iter : Newton steps allowed at each C.
    class_weight : as for `LogisticRegression`; "balanced" is computed once from all rows. It counts in the fits, not in
        the scores.
    refit : True takes the fit on all rows at the best C; False averages, over folds, the coefficients at each fold's
        own best C.
    use_legacy_attributes : scikit-learn's shapes up to 1.9 (True) or from 1.10 on (False), see Attributes.
    selection : "min", the C of the best mean score, or "1se", the smallest C (strongest penalty) within one standard
        error of it. Only with refit=True.
    penalty_factor : (n_features,) v_j >= 0 or None: 0 leaves a column unpenalised, infinity leaves it out.

    Attributes
    ----------
    classes_ : (2,) the labels, sorted.
    coef_, intercept_ : (1, n_features) and (1,); float32 if X was.
    Cs_, l1_ratios_ : the values tried.
    C_, l1_ratio_ : those chosen: arrays (1,), or floats without legacy attributes.
    scores_ : {classes_[1]: (n_folds, n_Cs, n_l1_ratios)}, or an array (n_folds, n_l1_ratios, n_Cs).
    coefs_paths_ : {classes_[1]: (n_folds, n_Cs, n_l1_ratios, n_features + 1)} with the intercept last if one is fitted,
        or an array (n_folds, n_l1_ratios, n_Cs, 1, n_features + 1).
    n_iter_ : (1, n_folds, n_Cs, n_l1_ratios), or (n_folds, n_l1_ratios, n_Cs): solver steps. With l1_ratios=None the
        legacy shapes have no l1_ratio.
    dual_gap_ : proven bound of how far the objective of the fit on all rows at C_ lies over its minimum (refit=True).
    cv_path_ : the `fastreg.CVPath` of the l1_ratio chosen.
    n_features_in_, feature_names_in_ : columns seen in fit; names only if all are strings.

    Notes
    -----
    Fits that are not certified to `tol` are counted in one ConvergenceWarning. Defaults that scikit-learn 1.9 warns
    about (l1_ratios, scoring, use_legacy_attributes) have their values of 1.9, without the warnings.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import LogisticRegressionCV
    >>> X, noise = np.random.default_rng(0).normal(size=(60, 3)), np.random.default_rng(1).normal(size=60)
    >>> model = LogisticRegressionCV(l1_ratios=[1.0], scoring="neg_log_loss", selection="1se")
    >>> model.fit(X, X[:, 0] + 0.2 * noise > 0).coef_.round(1)[0, 1:]
    array([0., 0.])
    """

    # scikit-learn's score() leaves sample_weight out of its requests.
    __metadata_request__score: ClassVar[dict] = {"sample_weight": UNUSED}

    def __init__(
        self,
        *,
        Cs=10,
        l1_ratios=None,
        fit_intercept=True,
        cv=None,
        dual=False,
        penalty="deprecated",
        scoring=None,
        solver="auto",
        tol=1e-6,
        max_iter=100,
        class_weight=None,
        n_jobs=None,
        verbose=0,
        refit=True,
        intercept_scaling=1.0,
        random_state=None,
        use_legacy_attributes=True,
        selection="min",
        penalty_factor=None,
    ):
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
        self.selection = selection
        self.penalty_factor = penalty_factor

    def fit(self, X, y, sample_weight=None, **params):
        """Cross-validate the grid of C and keep the fit at the one chosen.

        Parameters
        ----------
        X : (n_samples, n_features) array, sparse of any format, or data frame. Fortran-ordered float64 and
            canonical CSC are used where they lie; anything else is converted once.
        y : (n_samples,) labels of two classes, of any type.
        sample_weight : None, (n_samples,) weights >= 0, or a number for all rows. Their scale matters, as that of C
            does. They count in the fits and, if the scorer takes them, in the scores.
        params : what the splitter and the scorer ask for, with scikit-learn's metadata routing enabled.

        Returns
        -------
        self

        Raises
        ------
        ValueError where an argument is out of its range, with the first bad place, and where y does not hold two
        classes.
        """
        check.check_option("selection", self.selection, SELECTIONS)
        check.check_option("solver", self.solver, (*SOLVERS, *LOGISTIC_SOLVERS))
        ratios, Cs = self._ratios(), self._strengths()
        X, y, dtype = check_fit(self, X, y)
        self.classes_, second = _two_classes(y)
        weight, total = total_weight(sample_weight, X.shape[0])
        fitted, fitted_total = self._fitted_weight(second, weight, total)
        asked = routed(self, "fit", params, sample_weight=sample_weight)
        split = asked.get("splitter", {"split": {}})["split"]
        folds = list(check_cv(self.cv, y, classifier=True).split(X, y, **split))
        self.Cs_, order = Cs, np.argsort(Cs, kind="stable")
        terms = FitTerms(
            Binomial, fitted, None, self.penalty_factor, self.fit_intercept, False, self.tol, self.max_iter,
            "auto" if self.solver in LOGISTIC_SOLVERS else self.solver, names_seen(self),
        )  # fmt: skip
        # With routing it is the scorer that says whether it wants the weights.
        weighs = not asked or "sample_weight" in asked["scorer"]["score"]
        response = Response(X, y, self.classes_, weight if weighs else None)
        with np.errstate(divide="ignore"):
            grid = Grid(1.0 / (Cs[order] * fitted_total), of_sum=True)
        curves = cross_validate(
            X, second.astype(float), terms, ratios, Folding(folds), self._metric(response), grid, response
        )
        self._keep(curves, order, dtype)
        warn_folds(self, curves)
        return self

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
        ratios = self.l1_ratios
        if self.penalty != "deprecated":
            check.check_option("penalty", self.penalty, (*PENALTIES, "elasticnet"))
            if self.penalty == "elasticnet" and ratios is None:
                raise ValueError("l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios=None)")
            _deprecated("'penalty' was deprecated in version 1.8", "l1_ratios ((0,) for 'l2', (1,) for 'l1')")
            if self.penalty in PENALTIES:
                ratios = [PENALTIES[self.penalty]]
        if ratios is None:
            return [0.0]
        if isinstance(ratios, (str, numbers.Number)) or len(ratios) == 0:
            raise ValueError(f"l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios={ratios!r})")
        return [check.check_number("l1_ratios", check.plain(ratio), 0.0, 1.0) for ratio in ratios]

    def _fitted_weight(self, second, weight, total):
        """(weights of the fits, their sum): the sample weights times those of the classes."""
        if self.class_weight is None:
            return weight, total
        weight = np.ones(second.size) if weight is None else weight
        return total_weight(weight * self._class_weights(second, weight)[second], second.size)

    def _metric(self, response):
        if self.scoring is None or self.scoring == "accuracy":
            metric = Metric("accuracy", True, lambda held: 1.0 - misclassification(held))
        else:
            metric = scorer_metric(self.scoring, response, tuple(METRICS))
        return metric._replace(equal_folds=True)

    def _keep(self, curves, order, dtype):
        """Attributes from the curves, whose points are in ascending order of C."""
        back = np.argsort(order)
        scores = np.stack([curve.fold_scores[:, back] for curve in curves], axis=2)  # folds, Cs, l1_ratios
        paths = np.stack([self._fold_coefs(curve)[:, back] for curve in curves], axis=2)
        steps = np.stack([[fold.n_iters[back] for fold in curve.fold_paths] for curve in curves], axis=2)
        steps = np.maximum(steps, 1)  # as scikit-learn counts: certifying the null model is one
        self.l1_ratios_ = np.array([curve.l1_ratio for curve in curves])
        # The first of equal scores in the order in which C and l1_ratio were given, as scikit-learn chooses.
        at_C, at_ratio = np.unravel_index(np.nanargmax(scores.mean(axis=0)), scores.shape[1:])
        self.cv_path_ = curves[at_ratio]
        self.cv_path_.index_min = int(back[at_C])
        if self.refit:
            place = self.cv_path_.index_1se if self.selection == "1se" else self.cv_path_.index_min
            path = self.cv_path_.path
            self.coef_ = path.coefs[:, [place]].toarray().T.astype(dtype)
            self.intercept_ = path.intercepts[[place]].astype(dtype)
            self.dual_gap_ = path.gaps[place] * path.work["null_loss"]
            C, l1_ratio = self.Cs_[order[place]], self.cv_path_.l1_ratio
        else:
            best = scores.reshape(len(scores), -1).argmax(axis=1)
            at_C, at_ratio = np.unravel_index(best, scores.shape[1:])
            mean = paths[np.arange(len(scores)), at_C, at_ratio].mean(axis=0)
            n = self.n_features_in_
            self.coef_ = mean[None, :n].astype(dtype)
            self.intercept_ = (mean[n:] if self.fit_intercept else np.zeros(1)).astype(dtype)
            C, l1_ratio = self.Cs_[at_C].mean(), self.l1_ratios_[at_ratio].mean()
        self._keep_grids(scores, paths, steps, float(C), float(l1_ratio))

    def _fold_coefs(self, curve):
        """(n_folds, n_Cs, n_features + 1): every fold's coefficients, the intercept last if one is fitted."""
        coefs = np.stack([fold.coefs.toarray().T for fold in curve.fold_paths])
        if not self.fit_intercept:
            return coefs
        return np.concatenate([coefs, np.stack([fold.intercepts for fold in curve.fold_paths])[:, :, None]], axis=2)

    def _keep_grids(self, scores, paths, steps, C, l1_ratio):
        """The attributes that differ between scikit-learn's old and new shapes."""
        if not self.use_legacy_attributes:
            self.C_, self.l1_ratio_ = C, l1_ratio
            self.scores_, self.n_iter_ = scores.swapaxes(1, 2), steps.swapaxes(1, 2)
            self.coefs_paths_ = paths.swapaxes(1, 2)[:, :, :, None, :]
            return
        if self.l1_ratios is None:
            scores, paths, steps = scores[:, :, 0], paths[:, :, 0], steps[:, :, 0]
        self.C_, self.l1_ratio_ = np.array([C]), np.array([l1_ratio])
        self.scores_, self.coefs_paths_ = {self.classes_[1]: scores}, {self.classes_[1]: paths}
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
        asked = routed(self, "score", score_params, **given)
        return self._scorer()(self, X, y, **(asked["scorer"]["score"] if asked else given))

    def _scorer(self):
        scoring = "accuracy" if self.scoring is None else self.scoring
        return get_scorer(scoring)

    def get_metadata_routing(self):
        """Which metadata `fit` and `score` hand to splitter and scorer; see scikit-learn's guide on routing."""
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(splitter=check_cv(self.cv), method_mapping=MethodMapping().add(caller="fit", callee="split"))
        both = MethodMapping().add(caller="score", callee="score").add(caller="fit", callee="score")
        return router.add(scorer=self._scorer(), method_mapping=both)

    def _peer_solver(self):
        return "saga" if np.any(self.l1_ratios_) else "lbfgs"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def _two_classes(y):
    """(the sorted labels, for each row 0 or 1), or a ValueError."""
    classes, codes = _classes(y)
    if classes.size > 2:
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {type_of_target(y)}: y holds "
            f"{classes.size} classes, which LogisticRegressionCV does not cross-validate; fastreg.LogisticRegression "
            "fits them at one C, sklearn.multiclass.OneVsRestClassifier cross-validates one model a class"
        )
    return classes, codes
