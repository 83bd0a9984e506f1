"""Ridge with its leave-one-out errors: what each alpha predicts for rows it has not seen, from one factorisation."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface.arguments import RidgeOptions, bundles, framed
from fastreg.interface.naming import explains_names
from fastreg.interface.reasons import warn_of_points
from fastreg.interface.shared_options import takes_options_of
from fastreg.interface.summary import Shown, mark_of, shown_points
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective.families import Gaussian
from fastreg.paths.driver import answered, collect
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.fit_path import fit_path
from fastreg.paths.grid import alphas_of
from fastreg.paths.null_model import NullModel
from fastreg.paths.result import Path
from fastreg.paths.ridge import Ridge
from fastreg.paths.setup import build_problem, checked
from fastreg.selection.cross_validation.result import warn_of_grid_end


@explains_names
@dataclass
class RidgeLeaveOneOut(Shown):
    """A ridge path and what it predicts for each row when that row is left out.

    The result of `ridge_loo`; its parameters are its attributes.

    Parameters
    ----------
    path : Path
        The k points, certified: alphas, coefs, intercepts, gaps.
    errors : ndarray of shape (k,)
        Leave-one-out mean squared error, weighted as the rows are.
    standard_errors : ndarray of shape (k,)
        Standard error of that mean over rows (rows share their training data, so it is a rough one, as in every
        cross-validation).
    gcv : ndarray of shape (k,)
        Generalised cross-validation error, mean squared residual / (1 - degrees of freedom / rows)^2.
    degrees_of_freedom : ndarray of shape (k,)
        Trace of the hat matrix; the intercept and unpenalised columns count one each.
    predictions : ndarray of shape (n, k), default=None
        Prediction of each row by the fit to all others, offset included; None unless asked for.

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0]
    >>> found = fastreg.ridge_loo(X, y, alphas=[1.0, 0.01])
    >>> found.alpha_min, found.errors.shape
    (0.01, (2,))
    """

    path: Path
    errors: np.ndarray
    standard_errors: np.ndarray
    gcv: np.ndarray
    degrees_of_freedom: np.ndarray
    predictions: np.ndarray | None = None

    @property
    def alphas(self) -> np.ndarray:
        """Penalties, decreasing, (k,).

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0]
        >>> found = fastreg.ridge_loo(X, y, alphas=[1.0, 0.01])
        >>> found.alphas
        array([1.  , 0.01])
        """
        return self.path.alphas

    @property
    def alpha_min(self) -> float:
        """The penalty of least leave-one-out error; of ties the largest.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0]
        >>> found = fastreg.ridge_loo(X, y, alphas=[1.0, 0.01])
        >>> found.alpha_min
        0.01
        """
        return float(self.alphas[np.argmin(self.errors)])

    @property
    def alpha_1se(self) -> float:
        """The largest penalty whose error is within one standard error of the least.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0]
        >>> found = fastreg.ridge_loo(X, y, alphas=[1.0, 0.01])
        >>> found.alpha_1se >= found.alpha_min
        True
        """
        return float(self.alphas[within_one_se(-self.errors, self.standard_errors)[0]])

    @property
    def alpha_gcv(self) -> float:
        """The penalty of least generalised cross-validation error.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0]
        >>> found = fastreg.ridge_loo(X, y, alphas=[1.0, 0.01])
        >>> found.alpha_gcv
        0.01
        """
        return float(self.alphas[np.argmin(self.gcv)])

    def _chosen(self):
        """The points that are chosen, by the names of the rules."""
        alphas = {"min": self.alpha_min, "1se": self.alpha_1se, "gcv": self.alpha_gcv}
        return {name: int(np.flatnonzero(self.alphas == alpha)[0]) for name, alpha in alphas.items()}

    def summary(self, rows: int = 12) -> str:
        """A table for people: degrees of freedom and errors, the chosen points among them.

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
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0]
        >>> found = fastreg.ridge_loo(X, y, alphas=[1.0, 0.01])
        >>> found.summary().count(chr(10))
        3
        """
        chosen = self._chosen()
        lines = [
            f"leave-one-out mean squared error, least {self.errors.min():.5g}",
            "      alpha   degrees of freedom        error   std. error          gcv",
        ]
        for i in shown_points(self.alphas.size, rows, chosen.values()):
            lines.append(
                f"{self.alphas[i]:11.4g} {self.degrees_of_freedom[i]:20.1f} {self.errors[i]:12.5g} "
                f"{self.standard_errors[i]:12.3g} {self.gcv[i]:12.5g}{mark_of(i, chosen)}"
            )
        return "\n".join(lines)

    def to_frame(self, library: str = "pandas") -> Any:
        """The errors as a data frame, a row an alpha; `path.to_frame()` has the coefficients.

        The columns are "alpha", "degrees_of_freedom", "error", "standard_error", "gcv", and "chosen": "min", "1se",
        "gcv", several of them with commas, or empty.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            A row an alpha.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0]
        >>> fastreg.ridge_loo(X, y, alphas=[1.0, 0.01]).to_frame()["chosen"].tolist()
        ['', 'min, 1se, gcv']
        """
        from fastreg.interface.data_frames import frame_of, marks

        columns = {
            "alpha": self.alphas, "degrees_of_freedom": self.degrees_of_freedom, "error": self.errors,
            "standard_error": self.standard_errors, "gcv": self.gcv,
            "chosen": marks(range(self.alphas.size), self._chosen()),
        }  # fmt: skip
        return frame_of(columns, library)

    def __repr__(self) -> str:
        best = int(np.argmin(self.errors))
        return (
            f"<fastreg.RidgeLeaveOneOut: {self.alphas.size} alphas from {self.alphas[0]:.4g} to {self.alphas[-1]:.4g}\n"
            f" least error {self.errors[best]:.4g} (standard error {self.standard_errors[best]:.2g}) at "
            f"alpha_min={self.alpha_min:.4g}, alpha_1se={self.alpha_1se:.4g}\n"
            f" {self.degrees_of_freedom[best]:.1f} degrees of freedom at alpha_min>"
        )


def within_one_se(scores, standard_errors):
    """Positions whose score (the larger the better) is within one standard error of the best, that of the best."""
    best = int(np.argmax(scores))
    return np.flatnonzero(scores >= scores[best] - standard_errors[best])


@takes_options_of(fit_path)
@one_blas_thread()
def ridge_loo(
    X: Any,
    y: ArrayLike | str | None = None,
    *,
    keep_predictions: bool = False,
    **options: Unpack[RidgeOptions],
) -> RidgeLeaveOneOut:
    """Ridge at every alpha, with the exact leave-one-out error of each.

    For rows i with weight w_i (W their sum) and offset o_i, each point minimises

        1/(2 W) sum_i w_i (y_i - b0 - x_i'b - o_i)^2  +  alpha/2 sum_j v_j b_j^2

    which is `fit_path(..., l1_ratio=0)`. The leave-one-out prediction of row i is that of the minimiser of the same sum
    without row i's term: W and alpha stay as they are, and so do the scales of `standardize`; the intercept and every
    coefficient are fitted anew. It is had from the residuals r and leverages h of the fit to all rows, as
    y_i - r_i / (1 - h_i). One factorisation of size min(n, p) and a few matrix products serve all alphas.

    Parameters
    ----------
    X : as for `fit_path`
    y : array-like of shape (n,), default=None
        Real response. None is that of a formula.
    alphas : array-like of shape (k,), default=None
        Decreasing penalties > 0, or None for `n_alphas` of them, as in `fit_path`. scikit-learn's Ridge calls W
        * alpha its alpha.
    keep_predictions : bool, default=False
        Whether the (n, k) predictions are kept, for a metric of one's own.
    **options : as for `fit_path`

    Returns
    -------
    RidgeLeaveOneOut
        The certified path, errors, GCV, degrees of freedom, alpha_min and alpha_1se.

    Raises
    ------
    ValueError
        Where an argument is out of its range, and where leaving one row out leaves no unique fit: a single row
        with an intercept, or an unpenalised column that only one row holds.

    References
    ----------
    Allen (1974), Technometrics 16(1), for the errors; Golub, Heath and Wahba (1979), Technometrics 21(2), for GCV.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import ridge_loo
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> found = ridge_loo(X, y)
    >>> found.errors.shape, bool(found.alpha_1se >= found.alpha_min)
    ((100,), True)
    """
    begin = time.perf_counter()
    X, words, y = framed(X, options, y=y)
    given, asked, _ = bundles(X, words, family=Gaussian, l1_ratio=0.0)
    fit_options = checked(given)
    problem = build_problem(X, y, fit_options)
    null = NullModel(problem)
    grid = alphas_of(asked.checked(), null.alpha_max, problem.n < problem.p)
    check_positive(grid)
    fit = Fit(null, grid, Recorder(problem, begin, grid.size), fit_options.tol, fit_options.max_iter)
    ridge = Ridge(fit)
    spectrum = ridge.factorise(grid)
    kept = np.empty((problem.n, 1, grid.size)) if keep_predictions else None
    responses = problem.family.y[:, None]
    errors, standard_errors, gcv = (each[0] for each in left_out_errors(spectrum, responses, grid, kept))
    kept = None if kept is None else kept[:, 0]
    answered(ridge.advance(grid), problem)
    path = collect(fit, fit.points, problem, fit_options)
    warn_of_points(path)
    if asked.automatic():
        warn_of_grid_end(path, int(errors.argmin()))
    return RidgeLeaveOneOut(path, errors, standard_errors, gcv, spectrum.degrees_of_freedom(grid), kept)


def check_positive(alphas):
    """Raise ValueError for an alpha of 0, where a fit to fewer rows than columns is not unique."""
    if alphas.min() <= 0.0:
        raise ValueError("alphas must be positive: leave-one-out errors need a penalty, but the last alpha is 0")


def left_out_rows(spectrum, responses, alphas):
    """`spectrum.leave_one_out`, or a ValueError where the fit without one of the rows is not unique."""
    pinned = spectrum.undetermined()
    if pinned.size:
        n = spectrum.problem.n
        raise ValueError(
            f"leaving out row {pinned[0]} leaves no unique fit: it alone determines the intercept or an unpenalised "
            f"coefficient ({n} sample{'s' if n > 1 else ''} in all)"
        )
    return spectrum.leave_one_out(responses, alphas)


def left_out_errors(spectrum, responses, alphas, predictions=None, together=False):
    """Mean squared leave-one-out errors of t responses, their standard errors, and GCV errors, each (t, k).

    If `together`, the squares of a row are averaged over responses first: (1, k). `predictions` (n, t, k) are filled if
    they are given. Errors are summed over blocks of rows, so that those of all rows are never in memory.
    """
    weight = spectrum.problem.weight
    scale = scales_of(responses, spectrum.problem.offset, together)
    shape = 1 if together else responses.shape[1], alphas.size
    squares, fourth, spread, plain = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for rows, error, kept in left_out_rows(spectrum, responses, alphas):
        w = weight[rows]
        if predictions is not None:
            predictions[rows] = responses[rows][:, :, None] - np.moveaxis(error, 2, 0)
        error /= scale[:, None, None]  # so that its fourth power does not overflow or underflow
        np.square(error, out=error)
        if together and error.shape[0] > 1:
            error = error.mean(axis=0, keepdims=True)
        plain += (error * kept**2) @ w
        squares += error @ w
        spread += error @ w**2
        np.square(error, out=error)
        fourth += error @ w**2
    n = int(np.count_nonzero(weight))
    # the variance of a weighted mean of independent squares, about that mean
    variance = np.maximum(fourth - 2.0 * squares * spread + squares**2 * (weight @ weight), 0.0)
    left = 1.0 - spectrum.degrees_of_freedom(alphas) / n
    gcv = np.divide(plain, left**2, out=np.full(shape, np.inf), where=left > 0.0)
    unit = np.square(scale[:1] if together else scale)[:, None]
    return unit * squares, unit * np.sqrt(variance * (n / max(n - 1, 1))), unit * gcv


def scales_of(responses, offset, together):
    """A power of two near the largest value of each response (of all if `together`), (t,): division by it is exact."""
    size = np.maximum(np.abs(responses).max(axis=None if together else 0), np.abs(offset).max(initial=0.0))
    return np.broadcast_to(np.exp2(np.floor(np.log2(np.where(size > 0.0, size, 1.0)))), responses.shape[1])
