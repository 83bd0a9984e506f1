"""How a Path shows itself: in three lines and as a table."""

from typing import Any

import numpy as np

from fastreg.interface.naming import explains_names
from fastreg.interface.summary import Summary, shown_points


@explains_names
class ShownPath:
    """What `Path` has for people."""

    alphas: np.ndarray
    coefs: Any
    gaps: np.ndarray
    reasons: list[str]
    deviance_ratio: np.ndarray
    family: str
    l1_ratio: float
    tol: float
    work: dict[str, float]

    @property
    def converged(self) -> bool:
        """Whether every point is certified.

        Examples
        --------
        >>> import fastreg
        >>> path = fastreg.fit_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], alphas=[0.5, 0.1])
        >>> path.converged
        True
        """
        return all(reason == "converged" for reason in self.reasons)

    @property
    def n_features_in(self) -> np.ndarray:
        """Number of coefficients that are not zero, (k,).

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> path.n_features_in
        array([1, 1])
        """
        return np.diff(self.coefs.indptr)

    def summary(self, rows: int = 12) -> Summary:
        """A table for people: alpha, features in, deviance explained and gap.

        Parameters
        ----------
        rows : int, default=12
            About how many points are shown.

        Returns
        -------
        Summary
            A str that a notebook shows as HTML.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> print(path.summary().splitlines()[0])
        alpha   features   deviance explained       gap
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
