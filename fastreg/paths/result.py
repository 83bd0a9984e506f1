"""Path: the result of `fit_path`, as plain arrays without a reference to the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from fastreg.interface.agreement import alpha_within, columns_for, offset_for, rows_for
from fastreg.interface.arguments import Watching
from fastreg.interface.naming import explains_names
from fastreg.interface.progress import Progress
from fastreg.interface.shared_options import described_by
from fastreg.interface.validation import check_design, check_several, explain_not_finite
from fastreg.objective.families import FAMILIES
from fastreg.objective.own_penalty import Rates
from fastreg.paths.any_path import AnyPath
from fastreg.paths.explained import deviance_explained
from fastreg.paths.prediction import between, times


@explains_names
@dataclass(repr=False)
class Path(AnyPath):
    """A certified regularisation path: k points over p columns.

    The result of `fit_path`; its parameters are its attributes.

    Parameters
    ----------
    alphas : ndarray of shape (k,)
        Penalties, decreasing.
    coefs : csc_array of shape (p, k)
        Coefficients, a column for each point, on the scale of the X given.
    intercepts : ndarray of shape (k,)
        Intercepts; 0 if none was fitted.
    gaps : ndarray of shape (k,)
        Duality gap of each point divided by the null model's loss: an upper bound of the relative
        suboptimality. The loss is half the deviance, and the null model has the intercept, the offset and the
        columns that are not penalised.
    n_iters : ndarray of shape (k,)
        Steps of each point: Newton steps, rounds of pivots, proximal gradient steps, or epochs of a cold start.
    reasons : list of str
        For each point "converged" (gap <= tol), "max_iter" (reached first), "stalled" (rounding or no finite optimum:
        more steps do not help), or "separable" (a logistic fit whose coefficients diverge).
    deviance_ratio : ndarray of shape (k,)
        Share of the intercept-only model's deviance that is explained.
    family : str
        Name of the family.
    l1_ratio : float
        Share of the l1 part; NaN with a `penalty` of the user's.
    tol : float
        Relative duality gap that was to be reached.
    alpha_max : float
        Smallest alpha at which every penalised coefficient is zero, or the top of an automatic grid for an l1_ratio
        below 1e-3. Beside columns with a ridge part alone, which are in the model at every alpha, the one above which
        every other penalised coefficient is zero.
    feature_names : list of str, default=None
        Names of the p columns, if there were any.
    work : dict
        Counts of the fit's work: "columns_read" (columns of X multiplied with a vector, or at once with a matrix),
        "passes" (the same divided by p), "sweeps" (products with all of X at once), "iterations", "epochs" (coordinate
        descent), "pivots", "grams". Also "null_loss", the null model's loss: gaps times it have the objective's unit.
    family_class : type, default=None
        The class of a user's own family.
    trace : dict
        Cost of each point: arrays of shape (k,) by name, "seconds" and the counts of `work`. In cross-validation
        several fits run at the same time, and seconds include the others' work. The cost of points that were fitted
        together is counted at the first of them.
    steps : dict, default=None
        Every solver step of a fit with trace=True, arrays by name: "point" (from 1), "alpha", "objective" (there),
        "loss", "gap" (relative; of the working set, to first order), "support", "columns_read", "seconds" so far.
    fit_intercept, standardize, penalty_factor : as given to the fit
        Options of the fit.
    penalty : object, default=None
        The user's own penalty, if the fit had one: its `name`, and the rates `l1` and `l2` of the columns. Refits on
        supports keep the penalty that selected the supports.
    lower, upper : ndarray of shape (p,), default=None
        Bounds of the coefficients, if there were any.
    has_offset : bool, default=False
        Whether the fit had an offset. Methods that predict or fit again then require the offset of their rows;
        offset=0 leaves it out on purpose.
    weighted : bool, default=False
        Whether the rows of the fit had unequal weights. Methods that fit again then require weights.
    refit_ridge : float, default=None
        Ridge penalty of the refits on supports in RelaxedPath.refit.
    encoding : object, default=None
        How a data frame with categories, dates or missing values was read, or a frame by a formula. What predicts reads
        other frames in the same way; its `names()` are the `feature_names`.
    methods : list of str, default=None
        The strategy that found each point: "pointwise", "batched_lasso", "batched_newton", "batched_descent",
        "ridge", or for a fold "joint_newton". fastreg.paths.plan says when each is chosen.

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
    >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
    >>> path.alphas, path.converged, path.n_nonzero
    (array([0.5, 0.1]), True, array([1, 1]))
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
    penalty: Rates | None = None
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    has_offset: bool = False
    weighted: bool = False
    refit_ridge: float | None = None
    encoding: Any = None
    methods: list[str] | None = None

    def coef(self, alpha: float) -> tuple[np.ndarray, float]:
        """Coefficients and intercept, interpolated linearly between the path's points.

        Above the top of the grid every penalised coefficient of the first point is kept, zero if the grid starts at
        alpha_max.

        Parameters
        ----------
        alpha : float
            Penalty, between the path's ends or above.

        Returns
        -------
        coef : ndarray of shape (p,)
            Coefficients.
        intercept : float
            Intercept.

        Raises
        ------
        ValueError
            Below the last alpha, where nothing was fitted.

        Examples
        --------
        >>> import fastreg
        >>> path = fastreg.fit_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], alphas=[0.5, 0.1])
        >>> coef, intercept = path.coef(0.3)
        >>> coef.round(3)
        array([1.05])
        """
        low, high, share = self._between(alpha)
        coef = between(self._column(low), self._column(high), share)
        return coef, float(between(self.intercepts[low], self.intercepts[high], share))

    def _coefs(self):
        return [self.coefs]

    def _column(self, k):
        return self.coefs[:, [k]].toarray().ravel()

    def linear_predictor(self, X: Any, alpha: ArrayLike, offset: ArrayLike | None = None) -> np.ndarray:
        """Linear predictors: offset + intercept + X coef.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p)
            Rows with the columns of the fit. Of Fortran-ordered and CSC data only the columns with a
            coefficient are read.
        alpha : float or array-like of shape (m,)
            Penalty, or several, between the path's ends or above.
        offset : array-like of shape (n,) or float, default=None
            Offset of the rows; required if the fit had one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n,) or (n, m)
            A value a row; a column an alpha where several are given.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> path.linear_predictor(X, [0.5, 0.1]).shape
        (3, 2)
        """
        (offset,), X = rows_for(self, X, offset=offset), columns_for(self, X, self.coefs.shape[0])
        shift = offset_for(self, offset, X.shape[0])
        if np.ndim(alpha) == 0:
            eta = times(X, *self.coef(alpha_within(alpha, self.alphas)))
        else:
            models = [self.coef(float(each)) for each in check_several("alpha", alpha, 0.0, np.inf)]
            eta = times(X, np.column_stack([coef for coef, _ in models]), np.array([each for _, each in models]))
        if shift is not None:
            eta += shift.reshape(-1, *[1] * (eta.ndim - 1))
        return eta

    @described_by(linear_predictor)
    def predict(self, X: Any, alpha: ArrayLike, offset: ArrayLike | None = None) -> np.ndarray:
        """The mean response: the linear predictor itself, a probability, or exp of it, by family.

        Parameters
        ----------
        X, alpha, offset : as for `Path.linear_predictor`

        Returns
        -------
        ndarray of shape (n,) or (n, m)
            A value a row; a column an alpha where several are given.

        Examples
        --------
        >>> import fastreg
        >>> path = fastreg.fit_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], alphas=[0.5, 0.1])
        >>> path.predict([[3.0]], 0.1).round(3)
        array([4.033])
        """
        return self._family().mean(self.linear_predictor(X, alpha, offset))

    def _family(self) -> Any:
        return self.family_class or FAMILIES[self.family]

    def score(
        self,
        X: Any,
        y: ArrayLike | None,
        alpha: float,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> float:
        """Share of the deviance of y that is explained: for least squares R squared, otherwise D squared.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p)
            Rows with the columns of the fit.
        y : array-like of shape (n,) or None
            Response of the rows. None is that of the formula of a fit by one, from a data frame X.
        alpha : float
            Penalty, between the path's ends or above.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows.
        offset : array-like of shape (n,) or float, default=None
            Offset of the rows; required if the fit had one. 0 leaves it out on purpose.

        Returns
        -------
        float
            1 is perfect, 0 is as good as an intercept fitted to y (beside the offset), less is worse; nan if the
            deviance with that intercept is zero.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> bool(path.score(X, y, 0.1) > 0.9)
        True
        """
        y, sample_weight, offset = rows_for(self, X, y=y, sample_weight=sample_weight, offset=offset)
        eta = self.linear_predictor(X, alpha, offset)
        if not np.all(np.isfinite(eta)):
            raise explain_not_finite(check_design(X), self.feature_names)
        return deviance_explained(self._family(), eta, y, sample_weight, offset_for(self, offset, eta.size))

    def refit(
        self,
        X: Any,
        y: ArrayLike | None,
        alphas: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        tol: float | None = None,
        max_iter: int = 1000,
        solver: str = "auto",
        verbose: bool | int = False,
        callback: Callable[[Progress], Any] | None = None,
        trace: bool = False,
    ) -> Path:
        """Fit exactly at other alphas, starting from this path's interpolated solution.

        `coef` and `predict` interpolate between points, which is quick, needs no data, and is exact for the lasso as
        long as no column enters or leaves between them. Options of the fit, such as standardize, are the path's own.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p)
            Rows with the columns of the fit.
        y : array-like of shape (n,) or None
            Response of the rows. None is that of the formula of a fit by one, from a data frame X.
        alphas : float or array-like
            A penalty, or several that decrease.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows.
        offset : array-like of shape (n,) or float, default=None
            Offset of the rows; required if the fit had one. 0 leaves it out on purpose.
        tol : float, default=None
            Relative duality gap to reach. None is 1e-9, or the path's if smaller.
        max_iter, solver, verbose, callback, trace : as for `fit_path`
            See there.

        Returns
        -------
        Path
            The points of just these alphas.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> path.refit(X, y, 0.3).converged
        True
        """
        from fastreg.paths.refit import refit_path

        return refit_path(
            self, X, y, alphas, sample_weight=sample_weight, offset=offset, tol=tol, max_iter=max_iter, solver=solver,
            watching=Watching(verbose, callback, trace),
        )  # fmt: skip

    @described_by(refit)
    def coef_at_norm(
        self,
        norm: float,
        X: Any = None,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> tuple[np.ndarray, float]:
        """Coefficients whose absolute values sum to `norm`, and their intercept: the first such point of the path.

        Without data they lie on the line between two points of the grid, as those of `coef`. With the data of the fit
        it is refitted in between: a lasso of least squares until both ends have the same signs, between which the line
        is exact; others by secant steps on log alpha, until the norm is met to 1e-9.

        Parameters
        ----------
        norm : float
            Sum of the absolute coefficients, on the scale of X and without the intercept, that the path reaches.
        X, y, sample_weight, offset : as for `Path.refit`

        Returns
        -------
        coef : ndarray of shape (p,)
            Coefficients.
        intercept : float
            Intercept.

        Raises
        ------
        ValueError
            Where no point of the path has this norm.

        Examples
        --------
        >>> import fastreg
        >>> path = fastreg.fit_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], alphas=[0.5, 0.1])
        >>> path.coef_at_norm(1.0)[0].round(3)
        array([1.])
        """
        from fastreg.paths.norm import coef_at_norm

        return coef_at_norm(self, norm, X, y, sample_weight=sample_weight, offset=offset)

    def entry_order(self) -> list[str] | list[int]:
        """The columns in the order in which they first enter; ties by size.

        Returns
        -------
        list
            Their names, or their numbers if there are no names.

        Examples
        --------
        >>> import fastreg
        >>> path = fastreg.fit_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], alphas=[0.5, 0.1])
        >>> path.entry_order()
        [0]
        """
        seen: dict[int, None] = {}
        for k in range(self.alphas.size):
            part = slice(self.coefs.indptr[k], self.coefs.indptr[k + 1])
            rows, sizes = self.coefs.indices[part], np.abs(self.coefs.data[part])
            for j in rows[np.argsort(-sizes, kind="stable")]:
                seen.setdefault(int(j))
        return [self.feature_names[j] for j in seen] if self.feature_names else list(seen)

    def save(self, file: Any) -> None:
        """Write the path as JSON; `fastreg.load_path` reads it back to the same bits.

        Parameters
        ----------
        file : str or path-like
            Name of the file.

        Raises
        ------
        ValueError
            For a user's own family, which is code and cannot be stored.

        Examples
        --------
        >>> import fastreg
        >>> path = fastreg.fit_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], alphas=[0.5, 0.1])
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path.save(pathlib.Path(folder) / "model.json")
        """
        from fastreg.paths.storage import save_path

        save_path(self, file)
