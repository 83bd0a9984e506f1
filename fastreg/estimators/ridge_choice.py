"""RidgeChoice: the alpha of a ridge by exact leave-one-out errors from one factorisation, or by folds."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.metrics import check_scoring, get_scorer
from sklearn.utils import check_scalar

from fastreg.estimators.checks import Given, keep_offset
from fastreg.estimators.cv_routing import RoutesMetadata, pairs_of, refuse_unrouted, routed, rule_of
from fastreg.estimators.fit_one import each_or_one, keep_targets, options_of
from fastreg.estimators.least_squares import ElasticNet
from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.interface.shared_options import described_by
from fastreg.multi.ridge_responses import fit_targets, fold_predictions, ridge_problem, shared_factors
from fastreg.numerics.threads import one_blas_thread
from fastreg.selection.leave_one_out import left_out_errors, within_one_se
from fastreg.solvers.ridge.spectrum import ridge_spectrum

GCV_MODES = {None: "auto", "auto": "auto", "eigen": "eigen", "svd": "svd"}


class Posed(NamedTuple):
    """The data of a fit of RidgeCV or RidgeClassifierCV."""

    given: Given  # its y as scorers get it
    responses: np.ndarray  # (n, t), to be fitted
    single: bool  # whether y was a vector of numbers


@explains_names
class RidgeChoice(RoutesMetadata):
    """Base class of RidgeCV and RidgeClassifierCV, which provide:

    _posed(X, y, sample_weight, offset, params)   the Posed of checked arrays
    _shown(predictions, truth, target)    (stand-in for a model, its X, true y) for a scorer, from (rows, t) predictions
    _usual_scorer()                       the name of the scorer for routing of weights where `scoring` is None
    """

    alphas: Any
    scoring: Any
    cv: Any
    store_cv_results: bool
    cv_results_: Any
    dual_gap_: float | np.ndarray
    _posed: Callable[..., Posed]
    _shown: Callable[..., tuple[Any, Any, Any]]
    _usual_scorer: Callable[[], str]
    gcv_mode: str | None = None
    alpha_per_target = False
    classifies = False  # whether folds given as a number are stratified

    @described_by(ElasticNet.fit)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None, **params: Any) -> Self:
        """Choose alpha and fit a ridge regression for each target.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows. Fortran-ordered float64 and canonical CSC are used where they lie; anything else is
            converted once.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Numbers; of a classifier labels of any type, or 0 and 1 for each of several labels.
        sample_weight : array-like of shape (n_samples,) or float, default=None
            Weights >= 0, or one for all rows. Their scale matters, as in Ridge. Errors and scores are
            weighted, too, unless `scoring` does not take weights.
        offset : as for `ElasticNet.fit`
        **params : Any
            Passed to the scorer and the splitter; only with scikit-learn's enable_metadata_routing=True.

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
        >>> from fastreg import RidgeCV
        >>> RidgeCV(alphas=[0.1, 10.0]).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]).alpha_
        0.1
        """
        alphas, form, rule = self._check_parameters()
        refuse_unrouted(self, "fit", params)
        posed = self._posed(X, y, sample_weight, offset, params)
        given = posed.given
        fits = self._fit_chosen(posed, alphas, form, rule, self._route(given.sample_weight, given.params))
        if self.store_cv_results and posed.single:
            self.cv_results_ = self.cv_results_[:, 0]
        keep_targets(self, fits, given.dtype, posed.single)
        return self

    @check.each_once()
    @one_blas_thread()
    def _fit_chosen(self, posed, alphas, form, rule, asked):
        """Choose alpha, set alpha_, best_score_ and dual_gap_, and fit. Returns RidgeTargets."""
        given = posed.given._replace(X=check.check_design(posed.given.X))  # once for all folds
        responses, truth, (weight, total) = posed.responses, given.y, given.weights()
        shift = keep_offset(self, given.offset, responses.shape)
        responses = responses if shift is None else responses - shift
        options = options_of(self, alphas, sample_weight=weight)
        problem = ridge_problem(given.X, responses, options)
        if self.cv is None:
            spectrum = ridge_spectrum(problem, float(alphas.min()) / total, form)
            asked = asked["scorer"]
            scores, spread = self._score_left_out(spectrum, responses, shift, truth, alphas / total, total, asked)
        else:
            scores, spread = self._score_folds(given, responses, shift, alphas, options, form, asked)
            spectrum = None
        best = [self._choose(*pair, alphas, rule) for pair in zip(scores, spread)]
        chosen = np.broadcast_to(alphas[best], responses.shape[1])
        per_target = self.alpha_per_target and truth.ndim == 2
        self.alpha_ = alphas[best] if per_target and len(best) > 1 else float(alphas[best[0]])
        self.best_score_ = scores[np.arange(len(best)), best] if per_target else scores[0, best[0]]
        if spectrum is None:
            spectrum = shared_factors(problem, chosen / total)
        fits = fit_targets(problem, responses, chosen / total, options.tol, spectrum=spectrum)
        self.dual_gap_ = each_or_one(2.0 * total * fits.dual_gaps)
        return fits

    def _check_parameters(self):
        """(alphas (k,), form of the factorisation, rule of the choice), after checks of all parameters."""
        check.refuse_masked("alphas", self.alphas)
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
        rule = rule_of(self)
        check.check_flag("store_cv_results", self.store_cv_results)
        check.check_flag("alpha_per_target", self.alpha_per_target)
        if self.cv is not None and self.store_cv_results:
            raise ValueError("cv!=None and store_cv_results=True are incompatible")
        if self.cv is not None and self.alpha_per_target:
            raise ValueError("cv!=None and alpha_per_target=True are incompatible")
        if self.cv is None and self.scoring is not None and rule == "1se":
            raise ValueError("rule='1se' with leave-one-out (cv=None) needs scoring=None: a score of all rows at "
                             "once has no standard error over rows")  # fmt: skip
        return grid, GCV_MODES[self.gcv_mode], rule

    def _choose(self, scores, spread, alphas, rule):
        """The position of the alpha to take."""
        scores = np.where(np.isnan(scores), -np.inf, scores)
        best = int(np.argmax(scores))
        if rule == "min" or not np.isfinite(scores[best]):
            return best
        near = within_one_se(scores, spread)
        return int(near[np.argmax(alphas[near])])

    def _score_left_out(self, spectrum, responses, shift, truth, alphas, total, score_params):
        """(scores, their standard errors) at each alpha: one row, or one for each target."""
        n, t = responses.shape
        keep = self.store_cv_results or self.scoring is not None
        predictions = np.empty((n, t, alphas.size)) if keep else None
        errors, spread, _ = left_out_errors(
            spectrum, responses, alphas, predictions, together=not self.alpha_per_target
        )
        if self.store_cv_results:
            self.cv_results_ = predictions
            if self.scoring is None:
                weight = total * spectrum.problem.weight[:, None, None]
                self.cv_results_ = weight * (responses[:, :, None] - predictions) ** 2
        if shift is not None and predictions is not None:
            predictions += shift[:, :, None]
        if self.scoring is None:
            return -errors * (total / n), spread * (total / n)
        targets = range(t) if self.alpha_per_target and truth.ndim == 2 else [None]
        scores = np.array([self._scores(predictions, truth, score_params, target) for target in targets])
        return scores, np.zeros(scores.shape)

    def _score_folds(self, given, responses, shift, alphas, options, form, asked):
        """(mean scores (1, k) over folds, their standard errors), by one factorisation per fold for all alphas."""
        weight, n, scores = options.sample_weight, given.X.shape[0], []

        def split(params):
            return self._route(given.sample_weight, params)["splitter"]

        for train, test in pairs_of(self.cv, given, self.classifies, split):
            rows = np.zeros(n)
            np.add.at(rows, np.arange(n)[train], 1.0)
            rows = rows if weight is None else rows * weight
            problem = ridge_problem(given.X, responses, options._replace(sample_weight=rows))
            fitted = np.moveaxis(fold_predictions(problem, responses, alphas / rows.sum(), form)[:, test], 0, 1)
            fitted = fitted if shift is None else fitted + shift[test][:, :, None]
            params = {name: _rows_of(value, n, test) for name, value in asked["scorer"].items()}
            scores.append(self._scores(fitted, given.y[test], params))
        folds = len(scores)
        spread = np.std(scores, axis=0, ddof=1) / np.sqrt(folds) if folds > 1 else np.zeros(alphas.size)
        return np.mean(scores, axis=0)[None], spread[None]

    def _scores(self, predictions, truth, params, target=None):
        """The scorer's value for the predictions (rows, t, k) at each of k alphas."""
        scorer = self._scorer()
        shown = [self._shown(predictions[:, :, k], truth, target) for k in range(predictions.shape[2])]
        return [scorer(model, X, y, **params) for model, X, y in shown]

    def _scorer(self):
        return check_scoring(estimator=self, scoring=self.scoring, allow_none=True)

    def _route(self, sample_weight, params):
        """Keyword arguments of the scorer and the splitter."""
        given = {} if sample_weight is None else {"sample_weight": sample_weight}
        asked = routed(self, "fit", params, **given)
        if asked:
            return {"scorer": asked.scorer.score, "splitter": asked.splitter.split}
        return {"scorer": given if self._scorer_takes_weights() else {}, "splitter": {}}

    def _scorer_takes_weights(self):
        """Whether the scorer has an argument for sample weights: scikit-learn passes them to every one that has."""
        if self.scoring is None:
            return True
        scorer = self._scorer()
        return "sample_weight" in signature(getattr(scorer, "_score_func", scorer)).parameters

    def _scorer_and_callers(self):
        if self.scoring is not None:
            return (self._scorer(),)
        return (get_scorer(self._usual_scorer()).set_score_request(sample_weight=True),)


def _rows_of(value, n, rows):
    """Some rows of an argument that has a value for each row; any other argument unchanged."""
    array = np.asarray(value)
    return array[rows] if array.ndim > 0 and array.shape[0] == n else value
