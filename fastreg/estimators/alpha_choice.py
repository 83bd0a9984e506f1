"""ChoosesAlpha: what the estimators share that choose alpha, and l1_ratio of several, by cross-validation of paths."""

import numbers
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from fastreg.estimators.linear import LinearModel
from fastreg.interface import validation as check
from fastreg.interface.arguments import Grid
from fastreg.selection.cross_validation.cv_path import best_of
from fastreg.selection.cross_validation.result import CVPath


class ChoosesAlpha(LinearModel):
    """Linear models with parameters `alphas`, `eps` and `l1_ratio`; `_scores_name` is the attribute of fold scores."""

    alphas: Any
    eps: float | None
    l1_ratio: Any
    fit_intercept: bool

    alpha_: float
    l1_ratio_: float
    alphas_: np.ndarray
    dual_gap_: float
    n_iter_: int
    cv_path_: CVPath

    _scores_name = "mse_path_"

    def _grid(self):
        """The Grid of `alphas` and `eps`."""
        if isinstance(self.alphas, numbers.Integral) and not isinstance(self.alphas, bool):
            count, eps = check.check_count("alphas", self.alphas, 1), self.eps
            if eps is not None:
                eps = check.check_number("eps", eps, 0.0, 1.0, low_open=True, high_open=count > 1)
            return Grid(None, count, eps if count > 1 else None)  # the ratio of last to first needs two alphas
        if np.ndim(self.alphas) == 0:
            raise check.ParameterError(f"alphas must be how many, an integer, or their values, got {self.alphas!r}")
        check.refuse_masked("alphas", self.alphas)
        for k, alpha in enumerate(self.alphas):
            check_scalar(alpha, f"alphas[{k}]", numbers.Real, min_val=0.0, include_boundaries="left")
        return Grid(np.sort(np.asarray(self.alphas, dtype=float))[::-1])

    def _l1_ratios(self):
        check.refuse_masked("l1_ratio", self.l1_ratio)
        return [check.check_number("l1_ratio", check.plain(r), 0.0, 1.0) for r in np.atleast_1d(self.l1_ratio)]

    def _keep(self, curves, dtype, rule):
        """Set the fitted attributes from the CVPaths."""
        best = self.cv_path_ = best_of(curves)
        place = best.index_1se if rule == "1se" else best.index_min
        path = best.path
        self.alpha_, self.l1_ratio_ = float(path.alphas[place]), best.l1_ratio
        coef, intercept = self._point(path, place)
        self.coef_ = coef.astype(dtype)
        self.intercept_ = np.asarray(intercept).astype(dtype)[()] if self.fit_intercept else 0.0
        setattr(self, self._scores_name, np.squeeze(stacked([curve.fold_scores.T for curve in curves])))
        several = len(curves) > 1 and isinstance(self.alphas, numbers.Integral)
        self.alphas_ = stacked([curve.alphas for curve in curves]) if several else best.alphas
        self.dual_gap_ = float(path.gaps[place] * path.work["null_loss"])
        self.n_iter_ = max(int(path.n_iters[place]), 1)
        if "l1_ratio" not in self.get_params():
            del self.l1_ratio_

    def _point(self, path, place):
        """(coefficients, intercept) of a point."""
        return path.coefs[:, [place]].toarray().ravel(), path.intercepts[place]


def stacked(arrays):
    """Arrays of one number of columns above each other; those of paths that ended early are filled up with NaN."""
    longest = max(map(len, arrays))
    filled = [(0, 0)] * (np.ndim(arrays[0]) - 1)
    return np.stack([np.pad(each, [(0, longest - len(each)), *filled], constant_values=np.nan) for each in arrays])
