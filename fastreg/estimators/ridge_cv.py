"""RidgeCV with the parameters and attributes of scikit-learn's class: leave-one-out by one factorisation, or folds."""

import numbers
from inspect import signature

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import check_scoring, get_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import check_scalar
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from fastreg import validation as check
from fastreg.estimators.regression import LinearRegressor
from fastreg.estimators.single_fit import check_fit, total_weight
from fastreg.leave_one_out import left_out_errors, within_one_se
from fastreg.ridge_targets import fit_targets, fold_predictions, ridge_problem, shared_factors
from fastreg.solvers.ridge_spectrum import ridge_spectrum
from fastreg.threads import one_blas_thread

GCV_MODES = {None: "auto", "auto": "auto", "eigen": "eigen", "svd": "svd"}


class RidgeCV(LinearRegressor):
    """Ridge with its penalty chosen by cross-validation, as sklearn.linear_model.RidgeCV.

    Each target minimises, over coefficients b and an intercept b0 that is not penalised,

        sum_i w_i (y_i - b0 - x_i'b)^2  +  alpha sum_j v_j b_j^2

    with w_i the sample weights (1 if none) and v_j the penalty factors (1 if none), at the alpha of best score. Leave-
    one-out predictions are exact, the intercept refitted, and come with all alphas from one factorisation of size
    min(n_samples, n_features). X is never copied as a whole nor made dense.

    Parameters
    ----------
    alphas : array of penalties to choose from, in any order, or one. > 0; 0 is allowed if cv is given.
    fit_intercept : whether b0 is fitted, else it is 0.
    scoring : None, a scorer's name, or a callable scorer(estimator, X, y): the larger the better. None is minus
        the squared error if cv is None, else R^2.
    cv : None for leave-one-out, or folds: their number, a splitter, or an iterable of (train, test) rows.
    gcv_mode : None or "auto" (by the condition of X), "eigen" (of X'X or XX'), or "svd" (of X by blocks, which
        squares no condition number; dense and sparse).
    store_cv_results : whether `cv_results_` is kept; for cv=None only.
    alpha_per_target : whether every target has its own alpha; for cv=None only.
    selection : "min" takes the alpha of best score, of ties the first; "1se" the largest alpha whose score is
        within one standard error of that (over rows for leave-one-out, which then needs scoring=None; over folds).
    tol : > 0. Duality gap that certifies the final fit, relative to the loss without penalised columns.
    penalty_factor : (n_features,) v_j >= 0 or None: 0 leaves a column unpenalised, infinity leaves it out.

    Attributes
    ----------
    alpha_ : float, or (n_targets,) with alpha_per_target.
    best_score_ : float, or (n_targets,) with alpha_per_target: the score at alpha_.
    cv_results_ : (n_samples, n_alphas) or (n_samples, n_targets, n_alphas): the squared leave-one-out errors,
        times the sample weight; with `scoring`, the leave-one-out predictions.
    coef_ : (n_features,), or (n_targets, n_features) if y has several columns; float32 if X was.
    intercept_ : float, or (n_targets,) if y is two-dimensional; 0.0 if fit_intercept is False.
    dual_gap_ : float, or (n_targets,): proven bound of how far the objective above lies over its minimum.
    n_features_in_, feature_names_in_ : columns seen in fit; names only if all are strings.

    References
    ----------
    Allen (1974), Technometrics 16(1), 125-127. Rifkin and Lippert (2007), MIT-CSAIL-TR-2007-025.

    Examples
    --------
    >>> from fastreg import RidgeCV
    >>> model = RidgeCV(alphas=[0.1, 1.0, 10.0]).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2])
    >>> model.alpha_
    0.1
    """

    # tol: as for Ridge; the factorisation is exact whatever it is.
    def __init__(
        self,
        alphas=(0.1, 1.0, 10.0),
        *,
        fit_intercept=True,
        scoring=None,
        cv=None,
        gcv_mode=None,
        store_cv_results=False,
        alpha_per_target=False,
        selection="min",
        tol=1e-6,
        penalty_factor=None,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target
        self.selection = selection
        self.tol = tol
        self.penalty_factor = penalty_factor

    @one_blas_thread()
    def fit(self, X, y, sample_weight=None, **params):
        """Choose alpha and fit the coefficients of every target.

        Parameters
        ----------
        X : (n_samples, n_features) array, sparse of any format, or data frame. Fortran-ordered float64 and
            canonical CSC are used where they lie; anything else is converted once.
        y : (n_samples,) or (n_samples, n_targets).
        sample_weight : None, (n_samples,) weights >= 0, or a number for all rows. Their scale matters, as in Ridge.
            Errors and scores are weighted, too, unless `scoring` does not take weights.
        params : passed to the scorer and the splitter; only with scikit-learn's enable_metadata_routing=True.

        Returns
        -------
        self

        Raises
        ------
        ValueError where an argument is out of its range, with the first bad place.
        """
        alphas, form = self._check_parameters()
        routed = self._route(sample_weight, params)
        X, y, dtype = check_fit(self, X, y, multi_output=True, y_numeric=True)
        X = check.check_design(X)  # once for all folds
        weight, total = total_weight(sample_weight, X.shape[0])
        responses = np.asarray(y[:, None] if y.ndim == 1 else y, dtype=float)
        problem = self._problem(X, responses, weight)
        if self.cv is None:
            spectrum = ridge_spectrum(problem, float(alphas.min()) / total, form)
            scores, spread = self._score_left_out(spectrum, responses, y, alphas / total, total, routed["scorer"])
        else:
            scores, spread = self._score_folds(X, responses, y, alphas, weight, form, routed)
            spectrum = None
        best = [self._choose(*pair, alphas) for pair in zip(scores, spread)]
        chosen = np.broadcast_to(alphas[best], responses.shape[1])
        per_target = self.alpha_per_target and y.ndim == 2
        self.alpha_ = alphas[best] if per_target and len(best) > 1 else float(alphas[best[0]])
        self.best_score_ = scores[np.arange(len(best)), best] if per_target else scores[0, best[0]]
        if spectrum is None:
            spectrum = shared_factors(problem, chosen / total)
        fits = fit_targets(problem, responses, chosen / total, self.tol, spectrum=spectrum)
        self.store_targets(fits, y, dtype)
        self.dual_gap_ = 2.0 * total * (fits.dual_gaps if len(fits.dual_gaps) > 1 else fits.dual_gaps[0])
        return self

    def _check_parameters(self):
        """(alphas (k,), form of the factorisation)."""
        alphas = np.atleast_1d(self.alphas).tolist() if isinstance(self.alphas, np.ndarray) else self.alphas
        alphas = [alphas] if np.ndim(alphas) == 0 else list(alphas)
        boundary = "neither" if self.cv is None else "left"
        for k, alpha in enumerate(alphas):
            name = f"alphas[{k}]" if len(alphas) > 1 else "alphas"
            check_scalar(alpha, name, numbers.Real, min_val=0.0, include_boundaries=boundary)
        grid = np.array(alphas, dtype=float)
        if not (grid.size and np.all(np.isfinite(grid))):
            raise ValueError(f"alphas must be finite numbers, at least one, got {self.alphas!r}")
        if self.gcv_mode is not None:
            check.check_option("gcv_mode", self.gcv_mode, ("auto", "svd", "eigen"))
        check.check_option("selection", self.selection, ("min", "1se"))
        check.check_flag("store_cv_results", self.store_cv_results)
        check.check_flag("alpha_per_target", self.alpha_per_target)
        check.check_number("tol", self.tol, 0.0, np.inf, low_open=True, high_open=True)
        if self.cv is not None and self.store_cv_results:
            raise ValueError("cv!=None and store_cv_results=True are incompatible")
        if self.cv is not None and self.alpha_per_target:
            raise ValueError("cv!=None and alpha_per_target=True are incompatible")
        if self.cv is None and self.scoring is not None and self.selection == "1se":
            raise ValueError("selection='1se' with leave-one-out (cv=None) needs scoring=None: a score of all rows at "
                             "once has no standard error over rows")  # fmt: skip
        return grid, GCV_MODES[self.gcv_mode]

    def _problem(self, X, responses, weight):
        names = getattr(self, "feature_names_in_", None)
        intercept = check.check_flag("fit_intercept", self.fit_intercept)
        return ridge_problem(X, responses, weight, self.penalty_factor, intercept, names)

    def _choose(self, scores, spread, alphas):
        """The position of the alpha to take."""
        scores = np.where(np.isnan(scores), -np.inf, scores)
        best = int(np.argmax(scores))
        if self.selection == "min" or not np.isfinite(scores[best]):
            return best
        near = within_one_se(scores, spread)
        return int(near[np.argmax(alphas[near])])

    def _score_left_out(self, spectrum, responses, y, alphas, total, score_params):
        """(scores, their standard errors) at each alpha: one row of them, or one a target."""
        n, t = responses.shape
        keep = self.store_cv_results or self.scoring is not None
        predictions = np.empty((n, t, alphas.size)) if keep else None
        errors, spread, _ = left_out_errors(
            spectrum, responses, alphas, predictions, together=not self.alpha_per_target
        )
        if self.store_cv_results:
            results = predictions
            if self.scoring is None:
                weight = total * spectrum.problem.weight[:, None, None]
                results = weight * (responses[:, :, None] - predictions) ** 2
            self.cv_results_ = results[:, 0] if y.ndim == 1 else results
        if self.scoring is None:
            return -errors * (total / n), spread * (total / n)
        scorer = self._scorer()
        targets = range(t) if self.alpha_per_target and y.ndim == 2 else [slice(None)]
        shaped = predictions[:, 0] if y.ndim == 1 else predictions
        scores = [
            [scorer(Predicted(), shaped[:, j, k] if y.ndim == 2 else shaped[:, k], y[:, j] if y.ndim == 2 else y,
                    **score_params) for k in range(alphas.size)]
            for j in targets
        ]  # fmt: skip
        return np.array(scores), np.zeros((len(scores), alphas.size))

    def _score_folds(self, X, responses, y, alphas, weight, form, routed):
        """(mean scores (1, k) over folds, their standard errors); one factorisation a fold serves all alphas."""
        scorer, n, scores = self._scorer(), X.shape[0], []
        splits = check_cv(self.cv, y, classifier=False).split(X, y, **routed["splitter"])
        for train, test in splits:
            rows = np.zeros(n)
            np.add.at(rows, np.arange(n)[train], 1.0)
            rows = rows if weight is None else rows * weight
            problem = self._problem(X, responses, rows)
            fitted = fold_predictions(problem, responses, alphas / rows.sum(), form)[:, test]
            shaped = fitted[0] if y.ndim == 1 else np.moveaxis(fitted, 0, 1)
            params = {name: _rows_of(value, n, test) for name, value in routed["scorer"].items()}
            scores.append([scorer(Predicted(), shaped[..., k], y[test], **params) for k in range(alphas.size)])
        folds = len(scores)
        spread = np.std(scores, axis=0, ddof=1) / np.sqrt(folds) if folds > 1 else np.zeros(alphas.size)
        return np.mean(scores, axis=0)[None], spread[None]

    def _scorer(self):
        return check_scoring(estimator=self, scoring=self.scoring, allow_none=True)

    def _route(self, sample_weight, params):
        """Keyword arguments of the scorer and the splitter."""
        given = {} if sample_weight is None else {"sample_weight": sample_weight}
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **params, **given)
            return {"scorer": routed.scorer.score, "splitter": routed.splitter.split}
        if params:
            raise ValueError(
                f"Passing extra keyword arguments to RidgeCV.fit is only supported if enable_metadata_routing=True, "
                f"which you can set using `sklearn.set_config`. Extra parameters passed are: {set(params)}"
            )
        return {"scorer": given if self._scorer_takes_weights() else {}, "splitter": {}}

    def _scorer_takes_weights(self):
        """Without metadata routing scikit-learn hands sample weights to every scorer that has an argument for them."""
        if self.scoring is None:
            return True
        scorer = self._scorer()
        return "sample_weight" in signature(getattr(scorer, "_score_func", scorer)).parameters

    def get_metadata_routing(self):
        """Where scikit-learn's metadata routing sends what `fit` is given: the scorer and the splitter."""
        scorer = self._scorer() if self.scoring is not None else get_scorer("r2").set_score_request(sample_weight=True)
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(scorer=scorer, method_mapping=MethodMapping().add(caller="fit", callee="score"))
            .add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        )


class Predicted(RegressorMixin, BaseEstimator):
    """What a scorer is given in place of a fitted model: predicts what it is shown."""

    def predict(self, X):
        return X


def _rows_of(value, n, rows):
    """The chosen rows of an argument that has one value for each row; any other argument as it is."""
    array = np.asarray(value)
    return array[rows] if array.ndim > 0 and array.shape[0] == n else value
