"""MultiPath: what a fit with several responses returns. Plain arrays, no reference to the data."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from fastreg.agreement import columns_for
from fastreg.prediction import between
from fastreg.summary import Shown, shown_points


@dataclass
class MultiPath(Shown):
    """A certified regularisation path of k points over p columns and K responses (or classes).

    Attributes
    ----------
    alphas : (k,) penalties, decreasing.
    coefs : K scipy CSC arrays (p, k), one a response: column i belongs to alphas[i], on the scale of the X given.
    intercepts : (K, k) intercepts (0 if none were fitted). Those of a multinomial sum to zero at each point.
    gaps : (k,) duality gap of each point divided by the null model's loss: an upper bound of the relative
        suboptimality. The loss is half the deviance, summed over responses; the null model holds the intercepts and the
        columns that are not penalised.
    n_iters : (k,) Newton steps or rounds of block descent that each point took.
    reasons : k strings: "converged" (gap <= tol), "max_iter", or "separable" (a multinomial fit that runs away).
    deviance_ratio : (k,) share of the intercept-only model's deviance that is explained.
    classes : (K,) labels of a multinomial's classes, sorted; None for least squares.
    feature_names : list of p names, or None.
    alpha_max : smallest penalty at which every penalised coefficient is zero.
    work : what the fit cost; see fastreg.Path. A column multiplied with K residuals counts K times.
    """

    alphas: np.ndarray
    coefs: list[sp.csc_array]
    intercepts: np.ndarray
    gaps: np.ndarray
    n_iters: np.ndarray
    reasons: list[str]
    deviance_ratio: np.ndarray
    family: str
    grouped: bool
    l1_ratio: float
    tol: float
    alpha_max: float
    classes: np.ndarray | None = None
    feature_names: list[str] | None = None
    work: dict[str, float] = field(default_factory=dict)

    has_offset = False  # several responses take none

    @property
    def converged(self) -> bool:
        """Whether every point is certified."""
        return all(reason == "converged" for reason in self.reasons)

    def coef(self, alpha: float) -> tuple[np.ndarray, np.ndarray]:
        """(coefficients (p, K), intercepts (K,)) at `alpha`, interpolated linearly between the path's points.

        Above the grid's top the first point is kept; below its bottom is an error, since nothing was fitted there.
        """
        if not np.isfinite(alpha) or alpha < self.alphas[-1] * (1.0 - 1e-12):
            raise ValueError(f"alpha must be at least {self.alphas[-1]:g}, the end of this path, got {alpha!r}")
        above = int(np.searchsorted(-self.alphas, -alpha, side="right"))  # points with alphas >= alpha
        if above == 0 or above == self.alphas.size:
            return self.point(min(above, self.alphas.size - 1))
        upper, lower = self.alphas[above - 1], self.alphas[above]
        share = float((upper - alpha) / (upper - lower))
        (first, first_intercepts), (second, second_intercepts) = self.point(above - 1), self.point(above)
        return between(first, second, share), between(first_intercepts, second_intercepts, share)

    def point(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """(coefficients (p, K), intercepts (K,)) of point i."""
        return np.column_stack([coef[:, [i]].toarray() for coef in self.coefs]), self.intercepts[:, i].copy()

    def linear_predictor(self, X: Any, alpha: float) -> np.ndarray:
        """eta = intercepts + X coef at `alpha`, (rows of X, K)."""
        coef, intercepts = self.coef(alpha)
        return columns_for(self, X, coef.shape[0]) @ coef + intercepts

    def predict(self, X: Any, alpha: float) -> np.ndarray:
        """The mean responses at `alpha`, (rows of X, K): eta itself, or the probabilities of the classes."""
        eta = self.linear_predictor(X, alpha)
        if self.family != "multinomial":
            return eta
        mean = np.exp(eta - eta.max(axis=1, keepdims=True))
        return mean / mean.sum(axis=1, keepdims=True)

    def support(self, alpha: float) -> list[str] | list[int]:
        """Names (or numbers) of the columns with a coefficient for any response at `alpha`."""
        columns = np.flatnonzero(self.coef(alpha)[0].any(axis=1))
        return [self.feature_names[j] for j in columns] if self.feature_names else columns.tolist()

    @property
    def n_features_in(self) -> np.ndarray:
        """(k,) number of columns with a coefficient for any response."""
        together = abs(self.coefs[0])
        for coef in self.coefs[1:]:
            together = together + abs(coef)
        return np.diff(sp.csc_array(together).indptr)

    def summary(self, rows: int = 12) -> str:
        """A table for people: alpha, features in, deviance explained and gap at about `rows` points."""
        k, features = self.alphas.size, self.n_features_in
        lines = ["      alpha   features   deviance explained       gap"]
        for i in shown_points(k, rows):
            mark = "" if self.reasons[i] == "converged" else f"   {self.reasons[i]}"
            lines.append(
                f"{self.alphas[i]:11.4g} {features[i]:10d} {100 * self.deviance_ratio[i]:19.1f}% "
                f"{self.gaps[i]:9.1e}{mark}"
            )
        return "\n".join(lines)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw a response's coefficients, or their norms, against alpha; needs matplotlib. See plots.plot_path."""
        from fastreg.plots import plot_path

        return plot_path(self, ax=ax, **options)

    def __repr__(self) -> str:
        k, certified = self.alphas.size, sum(reason == "converged" for reason in self.reasons)
        return (
            f"<fastreg.MultiPath: {self.family}{', grouped' if self.grouped else ''}, {len(self.coefs)} responses, "
            f"l1_ratio {self.l1_ratio:g}, {k} alphas from {self.alphas[0]:.4g} to {self.alphas[-1]:.4g}\n"
            f" {self.coefs[0].shape[0]} columns, {int(self.n_features_in.max(initial=0))} in at most, "
            f"deviance explained up to {100 * self.deviance_ratio.max(initial=0.0):.1f}%\n"
            f" {certified} of {k} points certified to {self.tol:g}, largest gap {self.gaps.max(initial=0.0):.1e}, "
            f"{self.work.get('passes', 0):.1f} passes over X>"
        )
