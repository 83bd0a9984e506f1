"""Path: what a fit returns. Plain arrays, no reference to the data."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from fastreg.families import FAMILIES
from fastreg.validation import check_columns


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
    n_iters : (k,) Newton steps, pivot walks or proximal gradient steps that each point took.
    reasons : k strings: "converged" (gap <= tol), "max_iter", or "separable" (a logistic fit that runs away).
    deviance_ratio : (k,) share of the intercept-only model's deviance that is explained.
    feature_names : list of p names, or None.
    alpha_max : smallest penalty at which every penalised coefficient is zero.
    work : what the fit cost: "columns_read" (columns of X multiplied with a vector, or at once with a matrix),
        "passes" (the same divided by p), "sweeps" (products with all of X at once), "iterations", "epochs" (coordinate
        descent), "pivots", "grams".
        Also "null_loss", the null model's loss: gaps * work["null_loss"] are the gaps in units of the objective.
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
        coef = (1.0 - share) * self._column(low) + share * self._column(high)
        return coef, float((1.0 - share) * self.intercepts[low] + share * self.intercepts[high])

    def _between(self, alpha):
        if not np.isfinite(alpha) or alpha < self.alphas[-1] * (1.0 - 1e-12):
            raise ValueError(f"alpha must be at least {self.alphas[-1]:g}, the end of this path, got {alpha!r}")
        above = int(np.searchsorted(-self.alphas, -alpha, side="right"))  # points with alphas >= alpha
        if above == 0 or above == self.alphas.size:
            place = min(above, self.alphas.size - 1)
            return place, place, 0.0
        upper, lower = self.alphas[above - 1], self.alphas[above]
        return above - 1, above, float((upper - alpha) / (upper - lower))

    def _column(self, k):
        return self.coefs[:, [k]].toarray().ravel()

    def linear_predictor(self, X: Any, alpha: float, offset: ArrayLike | None = None) -> np.ndarray:
        """eta = offset + intercept + X coef at `alpha`, shape (rows of X,)."""
        coef, intercept = self.coef(alpha)
        X = check_columns(X, coef.size)
        eta = X @ coef + intercept
        return eta if offset is None else eta + np.asarray(offset, dtype=float)

    def predict(self, X: Any, alpha: float, offset: ArrayLike | None = None) -> np.ndarray:
        """The mean response at `alpha`: eta itself, a probability, or exp(eta), by family."""
        family: Any = self.family_class or FAMILIES[self.family]
        return family.mean(self.linear_predictor(X, alpha, offset))

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

    def summary(self, rows: int = 12) -> str:
        """A table for people: alpha, features in, deviance explained and gap at about `rows` points."""
        k = self.alphas.size
        points = np.unique(np.linspace(0, k - 1, min(rows, k)).round().astype(int))
        lines = ["      alpha   features   deviance explained       gap"]
        for i in points:
            mark = "" if self.reasons[i] == "converged" else f"   {self.reasons[i]}"
            lines.append(
                f"{self.alphas[i]:11.4g} {self.n_features_in[i]:10d} {100 * self.deviance_ratio[i]:19.1f}% "
                f"{self.gaps[i]:9.1e}{mark}"
            )
        return "\n".join(lines)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the coefficients against alpha; needs matplotlib. See fastreg.plots.plot_path."""
        from fastreg.plots import plot_path

        return plot_path(self, ax=ax, **options)

    def __repr__(self) -> str:
        k, certified = self.alphas.size, sum(reason == "converged" for reason in self.reasons)
        return (
            f"<fastreg.Path: {self.family}, l1_ratio {self.l1_ratio:g}, "
            f"{k} alphas from {self.alphas[0]:.4g} to {self.alphas[-1]:.4g}\n"
            f" {self.coefs.shape[0]} columns, {int(self.n_features_in.max(initial=0))} in at most, "
            f"deviance explained up to {100 * self.deviance_ratio.max(initial=0.0):.1f}%\n"
            f" {certified} of {k} points certified to {self.tol:g}, largest gap {self.gaps.max(initial=0.0):.1e}, "
            f"{self.work.get('passes', 0):.1f} passes over X>"
        )
