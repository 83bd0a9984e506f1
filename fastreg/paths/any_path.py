"""AnyPath: the methods that Path and MultiPath share."""

from typing import Any, Self

import numpy as np

from fastreg.interface.agreement import alpha_within
from fastreg.interface.naming import explains_names
from fastreg.interface.summary import Summary, penalty_shown, shown_points
from fastreg.interface.validation import warn


@explains_names
class AnyPath:
    """The points of a path, read at any alpha, and shown as text, as a table and as a picture."""

    alphas: np.ndarray
    gaps: np.ndarray
    reasons: list[str]
    deviance_ratio: np.ndarray
    family: str
    l1_ratio: float
    tol: float
    feature_names: list[str] | None
    work: dict[str, float]

    def coef(self, alpha: float) -> tuple[np.ndarray, Any]:
        raise NotImplementedError

    def _coefs(self) -> Any:
        """A csc_array (p, k) for each response."""
        raise NotImplementedError

    def _between(self, alpha: float) -> tuple[int, int, float]:
        """(point above, point below, weight of the one below) of the linear interpolation at alpha."""
        alpha = alpha_within(alpha, self.alphas)
        above = int(np.searchsorted(-self.alphas, -alpha, side="right"))  # points with alphas >= alpha
        if above == 0 or above == self.alphas.size:
            place = min(above, self.alphas.size - 1)
            return place, place, 0.0
        upper, lower = self.alphas[above - 1], self.alphas[above]
        return above - 1, above, float((upper - alpha) / (upper - lower))

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
    def n_nonzero(self) -> np.ndarray:
        """Number of columns with a coefficient that is not zero, for any response, (k,).

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> path.n_nonzero
        array([1, 1])
        """
        together, *others = self._coefs()
        for coef in others:
            together = abs(together) + abs(coef)
        return np.diff(together.indptr)

    @property
    def n_features_in(self) -> np.ndarray:
        """The name that `n_nonzero` had before, with a FutureWarning.

        Examples
        --------
        >>> import warnings
        >>> import fastreg
        >>> path = fastreg.fit_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], alphas=[0.5, 0.1])
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore", FutureWarning)
        ...     path.n_features_in
        array([1, 1])
        """
        warn("n_features_in of a path is called n_nonzero now, and the old name will go; use n_nonzero", FutureWarning)
        return self.n_nonzero

    def to_frame(self, library: str = "pandas", *, what: str = "coefficients") -> Any:
        """The path as a data frame: a row for each coefficient that is not zero, or a row for each point.

        "coefficients" is the long form of broom's `tidy` in R, which data frames filter, join and draw. The columns
        are "point" (from 0), "alpha", "response" (of several, its class or number), "name" (a column without one is
        "x" and its number) and "estimate". Where intercepts were fitted, the first row of a point, or of its response,
        is "(intercept)". A matrix of points and names is
        `frame.pivot(index="alpha", columns="name", values="estimate").fillna(0.0)` in pandas.

        "points" has "point", "alpha", "n_nonzero", "deviance_ratio", "gap", "n_iter" and "reason".

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame.
        what : {"coefficients", "points"}, default="coefficients"
            What a row is.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            The rows, in the order of the points, then of the responses and columns of X.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import fastreg
        >>> path = fastreg.fit_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], alphas=[0.5, 0.1])
        >>> path.to_frame().round(2).values.tolist()[:2]
        [[0, 0.5, '(intercept)', 0.58], [0, 0.5, 'x0', 0.75]]
        >>> path.to_frame(what="points")["n_nonzero"].tolist()
        [1, 1]
        """
        from fastreg.paths.frames import path_frame

        return path_frame(self, library, what)

    def extend(self, other: Self) -> Self:
        """This path and another part of it, fitted further down, as one path.

        So a fit that was interrupted becomes whole: `stopped.path.extend(stopped.path.refit(X, y, alphas))`.

        Parameters
        ----------
        other : Path or MultiPath
            A part of the same path: of the same data, family, penalty and options, at smaller alphas.

        Returns
        -------
        Path or MultiPath
            The points of both with their certificates, those of this path first. Its `tol` is the larger of both, and
            its `work` their sum.

        Raises
        ------
        ValueError
            Where something of the two differs, or where the alphas of both are not one decreasing sequence.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> upper = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> upper.extend(upper.refit(X, y, [0.05, 0.01])).alphas
        array([0.5 , 0.1 , 0.05, 0.01])
        """
        from fastreg.paths.joined import joined

        return joined(self, other)

    def support(self, alpha: float) -> list[str] | list[int]:
        """The columns with a coefficient that is not zero at an alpha, for any response.

        Parameters
        ----------
        alpha : float
            Penalty, between the path's ends or above.

        Returns
        -------
        list
            Their names, or their numbers if there are no names.

        Examples
        --------
        >>> import fastreg
        >>> path = fastreg.fit_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], alphas=[0.5, 0.1])
        >>> path.support(0.5)
        [0]
        """
        coef = self.coef(alpha)[0]
        columns = np.flatnonzero(coef if coef.ndim == 1 else coef.any(axis=1))
        return [self.feature_names[j] for j in columns] if self.feature_names else columns.tolist()

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
        features = self.n_nonzero
        body = [
            (
                f"{self.alphas[i]:.4g}", f"{features[i]:,}", f"{100 * self.deviance_ratio[i]:.1f}%",
                f"{self.gaps[i]:.1e}", "" if self.reasons[i] == "converged" else self.reasons[i],
            )
            for i in shown_points(self.alphas.size, rows)
        ]  # fmt: skip
        return Summary(("alpha", "features", "deviance explained", "gap", ""), body)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the coefficients against alpha; of several responses those of one, or their norms.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None is a new figure.
        **options : dict
            Options of `fastreg.plots.plot_path`.

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
        >>> import fastreg
        >>> path = fastreg.fit_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], alphas=[0.5, 0.1])
        >>> path.plot().get_xscale()
        'log'
        """
        from fastreg.plots import plot_path

        return plot_path(self, ax=ax, **options)  # type: ignore[arg-type]  # it is one of the two

    def __repr__(self) -> str:
        return f"<fastreg.{type(self).__name__}: " + "\n ".join(self._head()) + ">"

    def _repr_html_(self) -> str:
        head = "<br>".join(self._head())
        return f"<div><p><b>fastreg.{type(self).__name__}</b>: {head}</p>{self.summary()._repr_html_()}</div>"

    def _head(self) -> list[str]:
        """The path in three lines."""
        k, certified = self.alphas.size, sum(reason == "converged" for reason in self.reasons)
        return [
            f"{self._kind()}, {penalty_shown(self)}, {k} alphas from {self.alphas[0]:.4g} to {self.alphas[-1]:.4g}",
            f"{self._coefs()[0].shape[0]} columns, {int(self.n_nonzero.max(initial=0))} in at most, "
            f"deviance explained up to {100 * self.deviance_ratio.max(initial=0.0):.1f}%",
            f"{certified} of {k} points certified to {self.tol:g}, largest gap {self.gaps.max(initial=0.0):.1e}, "
            f"{self.work.get('passes', 0):.1f} passes over X",
        ]

    def _kind(self) -> str:
        """The model, in a few words."""
        return self.family
