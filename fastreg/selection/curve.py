"""CVPath: what cross-validation returns. Plain arrays, no reference to the data."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg.result import Path
from fastreg.summary import Shown, mark_of, shown_points
from fastreg.validation import is_offset, plain

SELECTIONS = ("min", "1se")
ROUNDING = 1e-12  # relative: scores closer than this are equal


@dataclass
class CVPath(Shown):
    """A cross-validated path: k alphas, F folds, n rows.

    Attributes
    ----------
    path : the Path on all rows, at the l1_ratio that was chosen; a MultiPath where an estimator cross-validates several
        responses or classes.
    alphas : (k,) penalties, decreasing, the same for every fold.
    mean : (k,) mean over folds of their scores, each weighted by its held-out weight.
    std_error : (k,) standard error of the mean: the weighted standard deviation of the folds' scores over
        sqrt(F - 1), as in glmnet; with folds of equal weight, their sample standard deviation over sqrt(F).
        NaN for a single fold.
    fold_scores : (F, k) score of each fold's held-out rows.
    fold_gaps : (F, k) relative duality gap of each fold's fit, certified on the fold's own problem.
    index_min, alpha_min : point of the best mean (the first of equals), and its alpha.
    index_1se, alpha_1se : the largest alpha whose mean is within one standard error of the best.
    metric, greater_is_better : name of the score, and which way is up.
    predictions : (n, k), of a MultiPath (n, k, K), mean response of each row by the fold that held it out (the last, if
        several did); NaN in rows that no fold held out.
    test_folds : (n,) number of the fold, from 0, that predictions come from; -1 for none.
    l1_ratio, l1_ratios : the one chosen, and those tried.
    per_l1_ratio : a CVPath for each of l1_ratios where there are several, else empty.
    fold_paths : a Path for each fold.
    classes : the labels of a response of classes, sorted; of two, the first counts as 0, the second as 1. Else None.
    work : "columns_read" by all folds together, a column multiplied for several folds at once counting once, and
        "passes", the same divided by p. The path on all rows counts its own, in path.work.

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, section 7.10.
    """

    path: Path
    alphas: np.ndarray
    mean: np.ndarray
    std_error: np.ndarray
    fold_scores: np.ndarray
    fold_gaps: np.ndarray
    index_min: int
    index_1se: int
    metric: str
    greater_is_better: bool
    predictions: np.ndarray
    test_folds: np.ndarray
    l1_ratio: float
    l1_ratios: list[float]
    per_l1_ratio: list["CVPath"] = field(default_factory=list)
    fold_paths: list[Path] = field(default_factory=list)
    classes: np.ndarray | None = None
    work: dict[str, float] = field(default_factory=dict)

    @property
    def feature_names(self) -> list[str] | None:
        """The p names of the columns of X, or None."""
        return self.path.feature_names

    @property
    def has_offset(self) -> bool:
        """Whether the fit had an offset, so that predictions ask for one; see `Path`."""
        return self.path.has_offset

    @property
    def alpha_min(self) -> float:
        """The alpha of the best mean score."""
        return float(self.alphas[self.index_min])

    @property
    def alpha_1se(self) -> float:
        """The largest alpha whose mean score is within one standard error of the best."""
        return float(self.alphas[self.index_1se])

    def alpha(self, selection: str | float = "1se") -> float:
        """The alpha that `selection` stands for: "min", "1se", or a number, which is itself."""
        if isinstance(selection, str):
            if selection not in SELECTIONS:
                raise ValueError(f"selection must be 'min', '1se' or a number, got {selection!r}")
            return self.alpha_min if selection == "min" else self.alpha_1se
        return float(selection)

    def coef(self, selection: str | float = "1se") -> tuple[np.ndarray, float]:
        """(coefficients (p,), intercept) of the fit on all rows at the alpha chosen; see `Path.coef`."""
        return self.path.coef(self.alpha(selection))

    def predict(self, X: Any, selection: str | float = "1se", offset: ArrayLike | None = None) -> np.ndarray:
        """The mean response at the alpha chosen: eta itself, a probability of classes[1], or exp(eta), by family."""
        if isinstance(self.path, Path):
            return self.path.predict(X, self.alpha(selection), offset)
        if is_offset(offset):
            raise ValueError("offset is for one response; fits of several responses or classes have none")
        return self.path.predict(X, self.alpha(selection))

    def support(self, selection: str | float = "1se") -> list[str] | list[int]:
        """Names (or numbers) of the columns with a coefficient at the alpha chosen."""
        return self.path.support(self.alpha(selection))

    def summary(self, rows: int = 12) -> str:
        """A table for people: the score, its standard error and the features in, at about `rows` points.

        The two points that are chosen are always among them, and marked.
        """
        chosen = {"min": self.index_min, "1se": self.index_1se}
        better = "larger" if self.greater_is_better else "smaller"
        folds = self.fold_scores.shape[0]
        lines = [
            f"{self.metric} of held-out rows over {folds} folds ({better} is better), l1_ratio {self.l1_ratio:g}",
            "      alpha   features        score   std. error",
        ]
        for i in shown_points(self.alphas.size, rows, chosen.values()):
            lines.append(
                f"{self.alphas[i]:11.4g} {self.path.n_features_in[i]:10d} {self.mean[i]:12.5g} "
                f"{self.std_error[i]:12.3g}{mark_of(i, chosen)}"
            )
        return "\n".join(lines)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the score against alpha with its standard errors; needs matplotlib. See fastreg.plots.plot_cv."""
        from fastreg.plots import plot_cv

        return plot_cv(self, ax=ax, **options)

    def __repr__(self) -> str:
        tried = "" if len(self.l1_ratios) == 1 else f" of {[plain(ratio) for ratio in self.l1_ratios]}"
        counts = self.path.n_features_in
        lines = [
            f"<fastreg.CVPath: {self.metric} over {self.fold_scores.shape[0]} folds, "
            f"{self.path.family}, l1_ratio {self.l1_ratio:g}{tried}"
        ]
        for name, i in (("min", self.index_min), ("1se", self.index_1se)):
            lines.append(
                f" {name}: alpha {self.alphas[i]:.4g}, {self.mean[i]:.5g} +- {self.std_error[i]:.2g}, "
                f"{counts[i]} features in"
            )
        return "\n".join(lines) + ">"


def averages(scores, weights):
    """(mean, standard error) over folds of scores (F, k), each fold with its weight."""
    share = weights / weights.sum()
    mean = share @ scores
    if weights.size < 2:
        return mean, np.full(mean.size, np.nan)
    return mean, np.sqrt(share @ (scores - mean) ** 2 / (weights.size - 1))


def at_most(loss, bound):
    """Where loss <= bound, but for rounding: the same errors summed in another order differ by it."""
    return loss <= bound + (ROUNDING * abs(bound) if np.isfinite(bound) else 0.0)


def first_least(loss):
    """The position of the smallest loss in its flattened array, of equals the first; NaN is passed over."""
    if np.all(np.isnan(loss)):
        raise ValueError("the metric is NaN everywhere, so nothing can be chosen by it")
    return int(np.flatnonzero(at_most(np.ravel(loss), np.nanmin(loss)))[0])


def choose(mean, std_error, greater_is_better):
    """(index of the best mean, index of the largest alpha within one standard error of it).

    Points whose mean is NaN are passed over. Without a standard error both are the best.
    """
    loss = -mean if greater_is_better else mean
    best = first_least(loss)
    slack = std_error[best] if np.isfinite(std_error[best]) else 0.0
    within = np.flatnonzero(at_most(loss, loss[best] + slack))
    return best, int(within[0])
