"""MultiPath: what a fit with several responses returns. Plain arrays, no reference to the data."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from fastreg.interface.agreement import alpha_within, columns_for, offset_for
from fastreg.interface.naming import explains_names
from fastreg.interface.shared_options import described_by
from fastreg.interface.summary import Shown, shown_points
from fastreg.paths.prediction import between
from fastreg.paths.result import Path


@explains_names
@dataclass
@described_by(Path)
class MultiPath(Shown):
    """A certified regularisation path of k points over p columns and K responses (or classes).

    `fit_multi_path` makes it; what it is made of are its attributes.

    Parameters
    ----------
    alphas : as for `Path`
    coefs : list of K csc_array of shape (p, k)
        Coefficients, one array a response, on the scale of the X given.
    intercepts : ndarray of shape (K, k)
        Intercepts; 0 if none were fitted. Those of a multinomial sum to zero at each point.
    gaps : ndarray of shape (k,)
        Duality gap of each point divided by the null model's loss: an upper bound of the relative
        suboptimality. The loss is half the deviance, summed over responses; the null model holds the intercepts
        and the columns that are not penalised.
    n_iters : ndarray of shape (k,)
        Newton steps or rounds of block descent that each point took.
    reasons : list of str
        For each point "converged" (gap <= tol), "max_iter" (which was reached first), "stalled" (steps ended before
        it, by rounding or for want of a finite optimum: more do not help), or "separable" (a multinomial fit that
        runs away).
    deviance_ratio, family : as for `Path`
    grouped : bool
        Whether a column serves all responses or none.
    l1_ratio, tol, alpha_max : as for `Path`
    classes : ndarray of shape (K,), default=None
        Labels of a multinomial's classes, sorted; None for least squares.
    feature_names : as for `Path`
    work : dict
        What the fit cost; see `Path`. A column multiplied with K residuals counts K times.
    trace : dict
        What each point cost: arrays of shape (k,) by name, "seconds" and the counts of `work`.
    steps : dict, default=None
        Of a fit with trace=True every solver step; see `Path`.
    methods : list of str, default=None
        The strategy that found each point: "pointwise", or "ridge" for paths without an l1 part.
    fit_intercept, standardize, penalty_factor : as for `Path`
    has_offset : bool, default=False
        Whether the fit had an offset. Predictions then ask for the offset of their rows; offset=0 leaves it out on
        purpose.
    weighted : bool, default=False
        Whether the rows of the fit had weights that differ.

    Examples
    --------
    >>> import fastreg
    >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
    >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
    >>> path.alphas, path.converged, path.n_features_in
    (array([0.5, 0.1]), True, array([1, 1]))
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
    trace: dict[str, np.ndarray] = field(default_factory=dict)
    steps: dict[str, np.ndarray] | None = None
    methods: list[str] | None = None
    fit_intercept: bool = True
    standardize: bool = False
    penalty_factor: np.ndarray | None = None
    has_offset: bool = False
    weighted: bool = False

    @property
    def converged(self) -> bool:
        """Whether every point is certified.

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.converged
        True
        """
        return all(reason == "converged" for reason in self.reasons)

    def coef(self, alpha: float) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients and intercepts, interpolated linearly between the path's points.

        Above the top of the grid the first point is kept.

        Parameters
        ----------
        alpha : float
            Penalty, between the path's ends or above.

        Returns
        -------
        coef : ndarray of shape (p, K)
            Coefficients.
        intercepts : ndarray of shape (K,)
            Intercepts.

        Raises
        ------
        ValueError
            Below the last alpha, where nothing was fitted.

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.coef(0.3)[0].shape
        (1, 2)
        """
        alpha = alpha_within(alpha, self.alphas)
        above = int(np.searchsorted(-self.alphas, -alpha, side="right"))  # points with alphas >= alpha
        if above == 0 or above == self.alphas.size:
            return self.point(min(above, self.alphas.size - 1))
        upper, lower = self.alphas[above - 1], self.alphas[above]
        share = float((upper - alpha) / (upper - lower))
        (first, first_intercepts), (second, second_intercepts) = self.point(above - 1), self.point(above)
        return between(first, second, share), between(first_intercepts, second_intercepts, share)

    def point(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients and intercepts of one point.

        Parameters
        ----------
        i : int
            Number of the point, from 0.

        Returns
        -------
        coef : ndarray of shape (p, K)
            Coefficients.
        intercepts : ndarray of shape (K,)
            Intercepts.

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.point(0)[0].shape
        (1, 2)
        """
        return np.column_stack([coef[:, [i]].toarray() for coef in self.coefs]), self.intercepts[:, i].copy()

    def linear_predictor(self, X: Any, alpha: float, offset: ArrayLike | None = None) -> np.ndarray:
        """Linear predictors: offset + intercepts + X coef.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p)
            Rows with the columns of the fit.
        alpha : float
            Penalty, between the path's ends or above.
        offset : array-like of shape (n, K) or float, default=None
            Offset of the rows; asked for if the fit had one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n, K)
            A column a response.

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.linear_predictor(X, 0.3).shape
        (3, 2)
        """
        coef, intercepts = self.coef(alpha)
        X = columns_for(self, X, coef.shape[0])
        shift = offset_for(self, offset, X.shape[0], len(self.coefs))
        eta = X @ coef + intercepts
        return eta if shift is None else eta + shift

    def predict(self, X: Any, alpha: float, offset: ArrayLike | None = None) -> np.ndarray:
        """The mean responses: the linear predictors themselves, or the probabilities of the classes.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p)
            Rows with the columns of the fit.
        alpha : float
            Penalty, between the path's ends or above.
        offset : array-like of shape (n, K) or float, default=None
            Offset of the rows; asked for if the fit had one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n, K)
            A column a response.

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.predict([[3.0]], 0.3).shape
        (1, 2)
        """
        eta = self.linear_predictor(X, alpha, offset)
        if self.family != "multinomial":
            return eta
        mean = np.exp(eta - eta.max(axis=1, keepdims=True))
        return mean / mean.sum(axis=1, keepdims=True)

    def support(self, alpha: float) -> list[str] | list[int]:
        """The columns with a coefficient for any response at an alpha.

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
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.support(0.5)
        [0]
        """
        columns = np.flatnonzero(self.coef(alpha)[0].any(axis=1))
        return [self.feature_names[j] for j in columns] if self.feature_names else columns.tolist()

    @property
    def n_features_in(self) -> np.ndarray:
        """Number of columns with a coefficient for any response, (k,).

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.n_features_in
        array([1, 1])
        """
        together = abs(self.coefs[0])
        for coef in self.coefs[1:]:
            together = together + abs(coef)
        return np.diff(sp.csc_array(together).indptr)

    def summary(self, rows: int = 12) -> str:
        """A table for people: alpha, features in, deviance explained and gap.

        Parameters
        ----------
        rows : int, default=12
            About how many points are shown.

        Returns
        -------
        str
            The table.

        Examples
        --------
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.summary().count(chr(10))
        2
        """
        k, features = self.alphas.size, self.n_features_in
        lines = ["      alpha   features   deviance explained       gap"]
        for i in shown_points(k, rows):
            mark = "" if self.reasons[i] == "converged" else f"   {self.reasons[i]}"
            lines.append(
                f"{self.alphas[i]:11.4g} {features[i]:10d} {100 * self.deviance_ratio[i]:19.1f}% "
                f"{self.gaps[i]:9.1e}{mark}"
            )
        return "\n".join(lines)

    def save(self, file: Any) -> None:
        """Write the path as JSON, plain numbers that any language reads; `fastreg.load_path` reads it back.

        Parameters
        ----------
        file : str or path-like
            Name of the file.

        Raises
        ------
        ValueError
            For classes that are neither numbers nor text nor truth values.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import fastreg
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path.save(pathlib.Path(folder) / "model.json")
        ...     fastreg.load_path(pathlib.Path(folder) / "model.json").converged
        True
        """
        from fastreg.multi.storage import save_multi_path

        save_multi_path(self, file)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw a response's coefficients, or their norms, against alpha.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None is a new figure.
        **options : dict
            Those of `fastreg.plots.plot_path`.

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
        >>> X, Y = [[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]]
        >>> path = fastreg.fit_multi_path(X, Y, alphas=[0.5, 0.1])
        >>> path.plot().get_xscale()
        'log'
        """
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
