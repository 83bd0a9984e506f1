"""Relaxed fits: columns chosen by the penalised path, coefficients blended with a refit on those columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.agreement import columns_for, offset_for, options_for, rows_for
from fastreg.interface.arguments import FitOptions
from fastreg.interface.naming import explains_names
from fastreg.interface.reasons import MAX_ITER as REACHED
from fastreg.interface.reasons import SEPARABLE, STALLED, remedy_for
from fastreg.interface.shared_options import described_by
from fastreg.interface.summary import shown_points
from fastreg.interface.validation import ConvergenceWarning
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective.families import FAMILIES
from fastreg.paths.prediction import times
from fastreg.paths.result import Path
from fastreg.selection.active_columns import active_problem, support_of
from fastreg.selection.criteria import information_criteria
from fastreg.selection.relaxed.refits import refit_sets
from fastreg.selection.saved import Saved
from fastreg.selection.with_path import WithPath

MAX_ITER = 100  # Newton steps for one refit


@explains_names
@dataclass
class RelaxedPath(Saved, WithPath):
    """A path and the refit on each of its supports; fits at any (alpha, gamma) lie between the two.

    The result of `relax_path`; its parameters are its attributes.

    Parameters
    ----------
    path : Path
        The penalised path (gamma = 1).
    refit : Path
        The refits (gamma = 0), of the same alphas. Its gaps bound the suboptimality of each refit on its own
        support, relative to the same null model as those of `path`; reason "separable" where classes are
        separated on a support, so that no finite refit exists.
    ridge : float
        The alpha of the ridge penalty that the refits carry; 0 for none.

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
    >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
    >>> relaxed = fastreg.relax_path(path, X, y)
    >>> relaxed.coef(0.5)[0].round(3)
    array([1.5])
    """

    path: Path
    refit: Path
    ridge: float

    @property
    def alphas(self) -> np.ndarray:
        """The path's penalties, (k,).

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> relaxed = fastreg.relax_path(path, X, y)
        >>> relaxed.alphas
        array([0.5, 0.1])
        """
        return self.path.alphas

    @property
    def converged(self) -> bool:
        """Whether every point and every refit is certified.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> relaxed = fastreg.relax_path(path, X, y)
        >>> relaxed.converged
        True
        """
        return self.path.converged and self.refit.converged

    def coef(self, alpha: float, gamma: float = 0.0) -> tuple[np.ndarray, float]:
        """Coefficients and intercept: gamma times the penalised fit plus 1 - gamma times the refit.

        Both are interpolated linearly between the path's alphas, as in `Path.coef`.

        Parameters
        ----------
        alpha : float
            Penalty, between the path's ends or above.
        gamma : float, default=0.0
            Share of the penalised fit, in [0, 1].

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
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> relaxed = fastreg.relax_path(path, X, y)
        >>> bool(abs(relaxed.coef(0.5, 1.0)[0][0]) < abs(relaxed.coef(0.5, 0.0)[0][0]))
        True
        """
        gamma = check.check_number("gamma", gamma, 0.0, 1.0)
        if gamma == 1.0:
            return self.path.coef(alpha)
        coef, intercept = self.refit.coef(alpha)
        if gamma == 0.0:
            return coef, intercept
        penalised, its_intercept = self.path.coef(alpha)
        return gamma * penalised + (1.0 - gamma) * coef, gamma * its_intercept + (1.0 - gamma) * intercept

    def linear_predictor(self, X: Any, alpha: float, gamma: float = 0.0, offset: ArrayLike | None = None) -> np.ndarray:
        """Linear predictors: offset + intercept + X coef.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p)
            Rows with the columns of the fit.
        alpha : float
            Penalty, between the path's ends or above.
        gamma : float, default=0.0
            Share of the penalised fit, in [0, 1].
        offset : array-like of shape (n,) or float, default=None
            Offset of the rows; required if the fit had one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n,)
            A value a row.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> relaxed = fastreg.relax_path(path, X, y)
        >>> relaxed.linear_predictor(X, 0.5).shape
        (3,)
        """
        coef, intercept = self.coef(alpha, gamma)
        (offset,), X = rows_for(self.path, X, offset=offset), columns_for(self.path, X, coef.size)
        offset = offset_for(self.path, offset, X.shape[0])
        eta = times(X, coef, intercept)
        return eta if offset is None else eta + offset

    @described_by(linear_predictor)
    def predict(self, X: Any, alpha: float, gamma: float = 0.0, offset: ArrayLike | None = None) -> np.ndarray:
        """The mean response: the linear predictor itself, a probability, or exp of it, by family.

        Parameters
        ----------
        X, alpha, gamma, offset : as for `RelaxedPath.linear_predictor`

        Returns
        -------
        ndarray of shape (n,)
            A value a row.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> relaxed = fastreg.relax_path(path, X, y)
        >>> relaxed.predict([[3.0]], 0.5).round(3)
        array([4.333])
        """
        family: Any = self.path.family_class or FAMILIES[self.path.family]
        return family.mean(self.linear_predictor(X, alpha, gamma, offset))

    def support(self, alpha: float) -> list[str] | list[int]:
        """The columns with a coefficient at an alpha, whatever gamma.

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
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> relaxed = fastreg.relax_path(path, X, y)
        >>> relaxed.support(0.5)
        [0]
        """
        return self.path.support(alpha)

    def summary(self, rows: int = 12) -> str:
        """A table for people: features in, and deviance explained and gap of the path and of its refits.

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
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> relaxed = fastreg.relax_path(path, X, y)
        >>> relaxed.summary().count(chr(10))
        3
        """
        lines = [
            "                       deviance explained             gap",
            "      alpha   features   path   refit       path     refit",
        ]
        for i in shown_points(self.alphas.size, rows):
            mark = "" if self.refit.reasons[i] == "converged" else f"   refit {self.refit.reasons[i]}"
            lines.append(
                f"{self.alphas[i]:11.4g} {self.path.n_nonzero[i]:10d} {100 * self.path.deviance_ratio[i]:5.1f}% "
                f"{100 * self.refit.deviance_ratio[i]:6.1f}%  {self.path.gaps[i]:9.1e} {self.refit.gaps[i]:9.1e}{mark}"
            )
        return "\n".join(lines)

    def to_frame(self, library: str = "pandas", *, what: str = "coefficients") -> Any:
        """Path and refits as a data frame: a row for each coefficient that is not zero, or for each point.

        The columns are those of `Path.to_frame`, with "gamma" before them: 1 in rows of the penalised path, 0 in
        those of the refits, which follow.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame.
        what : {"coefficients", "points"}, default="coefficients"
            What a row is.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            The rows, first those of the path.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> relaxed = fastreg.relax_path(path, X, y)
        >>> relaxed.to_frame(what="points")[["gamma", "alpha", "n_nonzero"]].values.tolist()
        [[1.0, 0.5, 1.0], [1.0, 0.1, 1.0], [0.0, 0.5, 1.0], [0.0, 0.1, 1.0]]
        """
        from fastreg.selection.data_frames import relaxed_frame

        return relaxed_frame(self, library, what)

    def __repr__(self) -> str:
        k, certified = self.alphas.size, self.refit.reasons.count("converged")
        penalty = f"ridge {self.ridge:g}" if self.ridge > 0.0 else "no penalty"
        return (
            f"<fastreg.RelaxedPath: {certified} of {k} refits ({penalty}) certified to {self.refit.tol:g}, "
            f"largest gap {self.refit.gaps.max(initial=0.0):.1e}\n of {self.path!r}>"
        )


@explains_names
@described_by(information_criteria)
def relax_path(
    path: Path,
    X: Any,
    y: ArrayLike | None = None,
    *,
    ridge: float = 0.0,
    sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    penalty_factor: ArrayLike | None = None,
    fit_intercept: bool | None = None,
    standardize: bool | None = None,
    tol: float | None = None,
    max_iter: int = MAX_ITER,
) -> RelaxedPath:
    """Refit a path on each of its supports, without its l1 part, every refit with its duality gap.

    With S the support of the path at one alpha, and weights, offset and intercept as in `fit_path`, the refit minimises
    over the coefficients of S alone

        (1/W) sum_i w_i loss(y_i, eta_i)  +  ridge / 2 sum_{j in S} v_j b_j^2

    With ridge = 0 the blend of the two, gamma b(path) + (1 - gamma) b(refit), is the relaxed lasso in the form of
    glmnet; with ridge > 0 it is "select by L1, then refit by L2". `cv_relaxed` chooses alpha, gamma and ridge.

    Parameters
    ----------
    path, X, y : as for `information_criteria`
    ridge : float, default=0.0
        Penalty of the refits, on the scale of alpha; on that of columns divided by their standard deviation if
        the path was fitted with `standardize`.
    sample_weight, offset, penalty_factor, fit_intercept, standardize : as for `information_criteria`
    tol : float, default=None
        Relative duality gap that every refit must reach; None is that of the path.
    max_iter : int, default=100
        Newton steps allowed for one refit.

    Returns
    -------
    RelaxedPath
        The path and its refits. Those that could not be certified are marked in `refit.reasons` and named in
        one ConvergenceWarning: "separable" where the classes of a logistic fit are separated on a support.

    Raises
    ------
    ValueError
        Where the path was fitted on other data, with other columns or with other options.

    References
    ----------
    Meinshausen (2007), Relaxed Lasso, Computational Statistics and Data Analysis 52, 374-393. Hastie, Tibshirani
    and Tibshirani (2020), Best subset, forward stepwise or lasso? Statistical Science 35, 579-592, for the blend.

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
    >>> relaxed = fastreg.relax_path(fastreg.fit_path(X, y), X, y)
    >>> relaxed.coef(0.5, gamma=0.0)[0].round(3)
    array([1.5])
    """
    options = FitOptions(
        **options_for(path, penalty_factor=penalty_factor, fit_intercept=fit_intercept, standardize=standardize),
        sample_weight=sample_weight, offset=offset, tol=path.tol if tol is None else tol, max_iter=max_iter,
    )  # fmt: skip
    relaxed = solve_relaxed(path, X, y, ridge, options)
    warn_refits(relaxed)
    return relaxed


@one_blas_thread()
def solve_relaxed(path, X, y, ridge, options):
    """relax_path without its warning."""
    ridge = check.check_number("ridge", ridge, 0.0, np.inf, high_open=True)
    options = options._replace(l1_ratio=0.0, penalty=None).checked()
    active = active_problem(path, X, y, options)
    sets = [support_of(path, active.columns, k) for k in range(path.alphas.size)]
    points = refit_sets(active.problem, sets, ridge, options.tol, options.max_iter)
    counts = [point.columns.size for point in points]
    rows = np.concatenate([active.columns[point.columns] for point in points])
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    values = np.concatenate([point.values for point in points])
    loss = np.array([point.loss for point in points])
    refit = replace(
        path,
        coefs=sp.csc_array((values, rows.astype(np.int64), indptr), shape=path.coefs.shape),
        intercepts=np.array([point.intercept for point in points]),
        gaps=np.array([point.gap for point in points]),
        n_iters=np.array([point.iterations for point in points]),
        reasons=[point.reason for point in points],
        deviance_ratio=active.explained(loss),
        l1_ratio=0.0,
        tol=options.tol,
        refit_ridge=ridge,
    )
    return RelaxedPath(path, refit, ridge)


def warn_refits(relaxed):
    """One warning for all refits that are not certified."""
    refit = relaxed.refit
    for reason, remedy in (
        (SEPARABLE, "the classes are separated there and no finite refit exists; keep to larger alphas, or refit "
         "with a ridge"),
        (REACHED, "raise max_iter or loosen tol"),
        (STALLED, remedy_for([STALLED], larger="refit with a ridge")),
    ):  # fmt: skip
        failed = [k for k, each in enumerate(refit.reasons) if each == reason]
        if failed:
            check.warn(
                f"{len(failed)} of {refit.alphas.size} refits are not certified ({reason!r}), the first at "
                f"alpha={refit.alphas[failed[0]]:.4g}: {remedy}",
                ConvergenceWarning,
            )
