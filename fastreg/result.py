"""Path: what a fit returns. Plain arrays, no reference to the data."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from fastreg.agreement import columns_for, offset_for
from fastreg.families import FAMILIES, balance, total_loss
from fastreg.prediction import between, times
from fastreg.problem import LONGEST_STEP
from fastreg.summary import Summary, shown_points
from fastreg.validation import alpha_within, check_response, check_weight, read_only


@dataclass
class Path:
    """A certified regularisation path: k points over p columns.

    Attributes
    ----------
    alphas : (k,) penalties, decreasing.
    coefs : (p, k) scipy CSC array; column i belongs to alphas[i], on the scale of the X given.
    intercepts : (k,) intercepts (0 if none was fitted).
    gaps : (k,) duality gap of each point divided by the null model's loss: an upper bound of the relative
        suboptimality. The loss is half the deviance, and the null model holds the intercept, the offset and the
        columns that are not penalised.
    n_iters : (k,) Newton steps, pivot walks, proximal gradient steps, or epochs of a cold start by coordinate descent,
        that each point took.
    reasons : k strings: "converged" (gap <= tol), "max_iter", or "separable" (a logistic fit that runs away).
    deviance_ratio : (k,) share of the intercept-only model's deviance that is explained.
    feature_names : list of p names, or None.
    alpha_max : smallest penalty at which every penalised coefficient is zero.
    work : what the fit cost: "columns_read" (columns of X multiplied with a vector, or at once with a matrix),
        "passes" (the same divided by p), "sweeps" (products with all of X at once), "iterations", "epochs" (coordinate
        descent), "pivots", "grams". Also "null_loss", the null model's loss: gaps * work["null_loss"] are the gaps in
        units of the objective.
    trace : what each point cost: (k,) arrays by name, "seconds" and the counts of `work`. In cross-validation fits go
        side by side, so that seconds hold the others' work, too; points fitted together count at the first of them.
    steps : None, or of a fit with trace=True every solver step, arrays by name: "point" (from 1), "alpha",
        "objective" (at that alpha), "loss", "gap" (relative; of the working set, to first order), "support",
        "columns_read" and "seconds" so far.
    fit_intercept, standardize, penalty_factor : as the path was fitted.
    lower, upper : (p,) bounds of the coefficients, or None if there were none.
    has_offset : whether the fit had an offset. What predicts or fits again then asks for the offset of its rows;
        offset=0 leaves it out on purpose.
    weighted : whether the rows of the fit had weights that differ. What fits again then asks for weights.
    """

    alphas: np.ndarray
    coefs: sp.csc_array
    intercepts: np.ndarray
    gaps: np.ndarray
    n_iters: np.ndarray
    reasons: list[str]
    deviance_ratio: np.ndarray
    family: str
    l1_ratio: float
    tol: float
    alpha_max: float
    feature_names: list[str] | None = None
    work: dict[str, float] = field(default_factory=dict)
    family_class: type | None = None
    trace: dict[str, np.ndarray] = field(default_factory=dict)
    steps: dict[str, np.ndarray] | None = None
    fit_intercept: bool = True
    standardize: bool = False
    penalty_factor: np.ndarray | None = None
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    has_offset: bool = False
    weighted: bool = False

    @property
    def converged(self) -> bool:
        """Whether every point is certified."""
        return all(reason == "converged" for reason in self.reasons)

    def coef(self, alpha: float) -> tuple[np.ndarray, float]:
        """(coefficients (p,), intercept) at `alpha`, interpolated linearly between the path's points.

        Outside the grid alpha must lie above its top (every penalised coefficient of the first point is then kept,
        zero if the grid starts at alpha_max); below its bottom is an error, since nothing was fitted there.
        """
        low, high, share = self._between(alpha)
        coef = between(self._column(low), self._column(high), share)
        return coef, float(between(self.intercepts[low], self.intercepts[high], share))

    def _between(self, alpha):
        alpha = alpha_within(alpha, self.alphas)
        above = int(np.searchsorted(-self.alphas, -alpha, side="right"))  # points with alphas >= alpha
        if above == 0 or above == self.alphas.size:
            place = min(above, self.alphas.size - 1)
            return place, place, 0.0
        upper, lower = self.alphas[above - 1], self.alphas[above]
        return above - 1, above, float((upper - alpha) / (upper - lower))

    def _column(self, k):
        return self.coefs[:, [k]].toarray().ravel()

    def linear_predictor(self, X: Any, alpha: ArrayLike, offset: ArrayLike | None = None) -> np.ndarray:
        """eta = offset + intercept + X coef at `alpha`, shape (rows of X,); (rows of X, m) at m alphas.

        X is an array, sparse, or a data frame, with the columns of the fit. Where it is Fortran-ordered or CSC, only
        the columns with a coefficient are read.
        """
        X = columns_for(self, X, self.coefs.shape[0])
        shift = offset_for(self, offset, X.shape[0])
        if np.ndim(alpha) == 0:
            eta = times(X, *self.coef(alpha_within(alpha, self.alphas)))
        else:
            models = [self.coef(float(each)) for each in np.asarray(alpha)]
            eta = X @ np.column_stack([coef for coef, _ in models])
            eta += np.array([intercept for _, intercept in models])
        if shift is not None:
            eta += shift.reshape(-1, *[1] * (eta.ndim - 1))
        return eta

    def predict(self, X: Any, alpha: ArrayLike, offset: ArrayLike | None = None) -> np.ndarray:
        """The mean response at `alpha`: eta itself, a probability, or exp(eta), by family. Shapes as of eta."""
        return self._family().mean(self.linear_predictor(X, alpha, offset))

    def _family(self) -> Any:
        return self.family_class or FAMILIES[self.family]

    def score(
        self,
        X: Any,
        y: ArrayLike,
        alpha: float,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> float:
        """Share of the deviance of y that is explained at `alpha`: for least squares R squared, otherwise D squared.

        1 is perfect, 0 is as good as an intercept fitted to y (beside the offset), less is worse; nan where that
        intercept leaves nothing to explain.
        """
        eta, family_class = self.linear_predictor(X, alpha, offset), self._family()
        response, weight = check_response(y, eta.size, family_class), check_weight(sample_weight, eta.size)
        family = family_class(read_only(response), read_only(weight))
        shift = offset_for(self, offset, eta.size)
        null = np.zeros(eta.size) if shift is None else shift.copy()
        if family_class.degenerate(response[weight > 0]):
            return float("nan")
        longest = np.inf if family_class.quadratic else LONGEST_STEP
        balance(family, null, np.empty(eta.size), np.empty(eta.size), longest)
        worst = total_loss(family, null)
        return float(1.0 - total_loss(family, eta) / worst) if worst > 0.0 else float("nan")

    def refit(
        self,
        X: Any,
        y: ArrayLike,
        alphas: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        **options: Any,
    ) -> "Path":
        """Fit exactly at other alphas, starting from this path's interpolated solution: a Path of just those.

        `coef` and `predict` interpolate between points, which is quick, needs no data, and is exact for the lasso as
        long as no column enters or leaves between them. See fastreg.refit.refit_path.
        """
        from fastreg.refit import refit_path

        return refit_path(self, X, y, alphas, sample_weight=sample_weight, offset=offset, **options)

    def support(self, alpha: float) -> list[str] | list[int]:
        """Names (or numbers) of the columns with a coefficient at `alpha`."""
        columns = np.flatnonzero(self.coef(alpha)[0])
        return [self.feature_names[j] for j in columns] if self.feature_names else columns.tolist()

    @property
    def n_features_in(self) -> np.ndarray:
        """(k,) number of coefficients that are not zero."""
        return np.diff(self.coefs.indptr)

    def entry_order(self) -> list[str] | list[int]:
        """Names (or numbers) of the columns in the order in which they first enter; ties by size."""
        seen: dict[int, None] = {}
        for k in range(self.alphas.size):
            part = slice(self.coefs.indptr[k], self.coefs.indptr[k + 1])
            rows, sizes = self.coefs.indices[part], np.abs(self.coefs.data[part])
            for j in rows[np.argsort(-sizes, kind="stable")]:
                seen.setdefault(int(j))
        return [self.feature_names[j] for j in seen] if self.feature_names else list(seen)

    def summary(self, rows: int = 12) -> Summary:
        """A table for people: alpha, features in, deviance explained and gap at about `rows` points.

        A str that a notebook shows as HTML.
        """
        k = self.alphas.size
        points = shown_points(k, rows)
        body = [
            (
                f"{self.alphas[i]:.4g}", f"{self.n_features_in[i]:,}", f"{100 * self.deviance_ratio[i]:.1f}%",
                f"{self.gaps[i]:.1e}", "" if self.reasons[i] == "converged" else self.reasons[i],
            )
            for i in points
        ]  # fmt: skip
        return Summary(("alpha", "features", "deviance explained", "gap", ""), body)

    def save(self, file: Any) -> None:
        """Write the path as JSON, plain numbers that any language reads; fastreg.load_path reads it back."""
        from fastreg.stored import save_path

        save_path(self, file)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the coefficients against alpha; needs matplotlib. See fastreg.plots.plot_path."""
        from fastreg.plots import plot_path

        return plot_path(self, ax=ax, **options)

    def __repr__(self) -> str:
        return "<fastreg.Path: " + "\n ".join(self._head()) + ">"

    def _repr_html_(self) -> str:
        head = "<br>".join(self._head())
        return f"<div><p><b>fastreg.Path</b>: {head}</p>{self.summary()._repr_html_()}</div>"

    def _head(self) -> list[str]:
        """What the path is, in three lines."""
        k, certified = self.alphas.size, sum(reason == "converged" for reason in self.reasons)
        return [
            f"{self.family}, l1_ratio {self.l1_ratio:g}, {k} alphas from {self.alphas[0]:.4g} to {self.alphas[-1]:.4g}",
            f"{self.coefs.shape[0]} columns, {int(self.n_features_in.max(initial=0))} in at most, "
            f"deviance explained up to {100 * self.deviance_ratio.max(initial=0.0):.1f}%",
            f"{certified} of {k} points certified to {self.tol:g}, largest gap {self.gaps.max(initial=0.0):.1e}, "
            f"{self.work.get('passes', 0):.1f} passes over X",
        ]
