"""StabilityPath: the result of `stability_selection`, as plain arrays without a reference to the data."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from fastreg.interface.naming import explains_names
from fastreg.interface.summary import Shown
from fastreg.paths.result import Path


@explains_names
@dataclass
class StabilityPath(Shown):
    """Selection probabilities of p features at k alphas, from B complementary pairs of halves of the rows.

    The result of `stability_selection`; its parameters are its attributes.

    Parameters
    ----------
    alphas : ndarray of shape (k,)
        Penalties, decreasing: the region over which features are selected.
    counts : csc_array of shape (p, k)
        How many of the 2 B halves select a feature at an alpha.
    threshold : float
        Share of the halves that must select a feature, at one alpha at least.
    n_pairs : int
        B.
    average_selected : float
        The mean number of features that one half selects anywhere in the region.
    error_bound : float
        Bound on the expected number of falsely selected features, under `assumption`.
    assumption : {"none", "unimodal"}
        See fastreg.selection.stability_bounds.
    n_candidates : int
        Features that are penalised and so take part; those that are not are never counted as selected.
    gaps : ndarray of shape (2 B, k)
        Relative duality gap of every fit.
    reasons : ndarray of str of shape (2 B, k)
        Why every fit ended, as in `Path.reasons`.
    tol : float
        The gap that was asked for.
    path : Path
        The path on all rows, over the whole grid.
    feature_names : list of str, default=None
        Names of the p columns, if there were any.
    work : dict
        "columns_read" by the halves, and "passes", the same divided by p.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> X = np.random.default_rng(0).normal(size=(60, 8))
    >>> stable = fastreg.stability_selection(X, X[:, 0] - X[:, 1], n_pairs=10)
    >>> sorted(stable.selected), bool(stable.error_bound <= 1.0)
    ([0, 1], True)
    """

    alphas: np.ndarray
    counts: sp.csc_array
    threshold: float
    n_pairs: int
    average_selected: float
    error_bound: float
    assumption: str
    n_candidates: int
    gaps: np.ndarray
    reasons: np.ndarray
    tol: float
    path: Path
    feature_names: list[str] | None = None
    work: dict[str, float] = field(default_factory=dict)

    @property
    def probabilities(self) -> np.ndarray:
        """Share of the halves that select a feature at an alpha, (p, k).

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(60, 8))
        >>> stable = fastreg.stability_selection(X, X[:, 0] - X[:, 1], n_pairs=10)
        >>> stable.probabilities.shape[0]
        8
        """
        return self.counts.toarray() / (2 * self.n_pairs)

    @property
    def largest(self) -> np.ndarray:
        """Largest probability of each feature over the alphas, (p,).

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(60, 8))
        >>> stable = fastreg.stability_selection(X, X[:, 0] - X[:, 1], n_pairs=10)
        >>> bool(stable.largest[:2].min() >= 0.75)
        True
        """
        return self.counts.max(axis=1).toarray().ravel() / (2 * self.n_pairs)

    @property
    def selected(self) -> list[str] | list[int]:
        """Features whose probability reaches the threshold, the most probable first: names, or numbers without names.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(60, 8))
        >>> stable = fastreg.stability_selection(X, X[:, 0] - X[:, 1], n_pairs=10)
        >>> sorted(stable.selected)
        [0, 1]
        """
        largest = self.largest
        reached = np.flatnonzero(self._reached(largest))
        reached = reached[np.argsort(-largest[reached], kind="stable")]
        return [self.feature_names[j] for j in reached] if self.feature_names else reached.tolist()

    def _reached(self, largest):
        """Whether the largest probabilities reach the threshold."""
        return largest >= self.threshold - 1e-12

    @property
    def converged(self) -> bool:
        """Whether every fit is certified.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(60, 8))
        >>> stable = fastreg.stability_selection(X, X[:, 0] - X[:, 1], n_pairs=10)
        >>> stable.converged
        True
        """
        return bool(np.all(self.gaps <= self.tol))

    def summary(self, rows: int = 12) -> str:
        """A table for people: the most probable features, and what the selection promises.

        Parameters
        ----------
        rows : int, default=12
            How many features are shown at most.

        Returns
        -------
        str
            The table.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(60, 8))
        >>> stable = fastreg.stability_selection(X, X[:, 0] - X[:, 1], n_pairs=10)
        >>> stable.summary().count("   selected")
        2
        """
        largest = self.largest
        order = np.argsort(-largest, kind="stable")[:rows]
        lines = ["feature                        probability   reached at alpha"]
        for j in order[largest[order] > 0.0]:
            name = self.feature_names[j] if self.feature_names else f"[{j}]"
            values = self.counts[[j]].toarray().ravel()
            mark = "   selected" if self._reached(largest[j]) else ""
            lines.append(f"{name!s:28.28} {largest[j]:13.2f} {self.alphas[values.argmax()]:18.4g}{mark}")
        return "\n".join([*lines, self._promise()])

    def _promise(self):
        given = "whatever the data" if self.assumption == "none" else "if selection proportions are unimodal"
        return (
            f"{len(self.selected)} of {self.n_candidates} features reach {self.threshold:g}; a half selects "
            f"{self.average_selected:.1f} on average, so at most {self.error_bound:.3g} of them are expected to be "
            f"false ({given})."
        )

    def to_frame(self, library: str = "pandas", *, what: str = "features") -> Any:
        """The probabilities as a data frame: a row for each feature, or for each feature and alpha.

        "features" has "name" (a column without one is "x" and its number), "probability" (the largest over the alphas)
        and "selected". "points" has "point" (from 0), "alpha", "name" and "probability", without those that are zero.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame.
        what : {"features", "points"}, default="features"
            What a row is.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            The rows, in the order of the columns of X.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(60, 8))
        >>> stable = fastreg.stability_selection(X, X[:, 0] - X[:, 1], n_pairs=10)
        >>> frame = stable.to_frame()
        >>> frame.loc[frame["selected"], "name"].tolist()
        ['x0', 'x1']
        """
        from fastreg.selection.data_frames import stability_frame

        return stability_frame(self, library, what)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the probabilities against alpha.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None is a new figure.
        **options : dict
            Those of `fastreg.plots.plot_stability`.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.

        Raises
        ------
        ImportError
            Without matplotlib.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(60, 8))
        >>> stable = fastreg.stability_selection(X, X[:, 0] - X[:, 1], n_pairs=10)
        >>> stable.plot().get_xscale()
        'log'
        """
        from fastreg.plots import plot_stability

        return plot_stability(self, ax=ax, **options)

    def __repr__(self) -> str:
        return (
            f"<fastreg.StabilityPath: {self.n_pairs} complementary pairs, {self.alphas.size} alphas from "
            f"{self.alphas[0]:.4g} to {self.alphas[-1]:.4g}\n {self._promise()}>"
        )
