"""Information criteria along a path: AIC, AICc, BIC and EBIC, and the alpha that each of them chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln, polygamma

from fastreg.interface import validation as check
from fastreg.interface.agreement import options_for, penalty_of
from fastreg.interface.arguments import FitOptions
from fastreg.interface.naming import explains_names
from fastreg.interface.summary import Shown, mark_of, shown_points
from fastreg.numerics.threads import one_blas_thread
from fastreg.paths.result import Path
from fastreg.selection.active_columns import active_problem
from fastreg.selection.degrees_of_freedom import degrees_of_freedom

NAMES = ("aic", "aicc", "bic", "ebic")


@explains_names
@dataclass
class Criteria(Shown):
    """Information criteria of the k points of a path. Smaller is better.

    With L the largest likelihood at a fit's means, K its number of parameters and N the number of observations::

        aic   -2 log L + 2 K
        aicc  aic + 2 K (K + 1) / (N - K - 1), infinite where N <= K + 1
        bic   -2 log L + K log N
        ebic  bic + 2 gamma log C(m, features), C the number of ways to choose that many of m penalised columns

    The result of `information_criteria`; its parameters are its attributes.

    Parameters
    ----------
    alphas : ndarray of shape (k,)
        Penalties, decreasing.
    df : ndarray of shape (k,)
        Degrees of freedom, the intercept included; see fastreg.selection.degrees_of_freedom for the formulas.
    parameters : ndarray of shape (k,)
        K: df, and one more where a variance or shape is estimated.
    features : ndarray of shape (k,)
        Penalised columns with a coefficient.
    minus_two_log_likelihood : ndarray of shape (k,)
        See `information_criteria`.
    n_observations : float
        N.
    n_candidates : int
        Penalised columns that could enter, m.
    gamma : float
        The gamma of the EBIC.
    certified : ndarray of shape (k,)
        Whether each point is certified; others are never chosen.

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
    >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
    >>> criteria = fastreg.information_criteria(path, X, y)
    >>> criteria.alpha_best("bic"), criteria.features
    (0.1, array([1, 1]))
    """

    alphas: np.ndarray
    df: np.ndarray
    parameters: np.ndarray
    features: np.ndarray
    minus_two_log_likelihood: np.ndarray
    n_observations: float
    n_candidates: int
    gamma: float
    certified: np.ndarray

    @property
    def aic(self) -> np.ndarray:
        """Akaike (1974), a number a point.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> criteria = fastreg.information_criteria(path, X, y)
        >>> criteria.aic.shape
        (2,)
        """
        return self.minus_two_log_likelihood + 2.0 * self.parameters

    @property
    def aicc(self) -> np.ndarray:
        """Hurvich and Tsai (1989), a number a point.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> criteria = fastreg.information_criteria(path, X, y)
        >>> criteria.aicc.shape
        (2,)
        """
        spare = self.n_observations - self.parameters - 1.0
        correction = 2.0 * self.parameters * (self.parameters + 1.0) / np.where(spare > 0.0, spare, 1.0)
        return np.where(spare > 0.0, self.aic + correction, np.inf)

    @property
    def bic(self) -> np.ndarray:
        """Schwarz (1978), a number a point.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> criteria = fastreg.information_criteria(path, X, y)
        >>> criteria.bic.shape
        (2,)
        """
        return self.minus_two_log_likelihood + np.log(self.n_observations) * self.parameters

    @property
    def ebic(self) -> np.ndarray:
        """Chen and Chen (2008), equation 3, a number a point.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> criteria = fastreg.information_criteria(path, X, y)
        >>> criteria.ebic.shape
        (2,)
        """
        m, chosen = self.n_candidates, self.features
        ways = gammaln(m + 1.0) - gammaln(chosen + 1.0) - gammaln(m - chosen + 1.0)
        return self.bic + 2.0 * self.gamma * ways

    def index_best(self, name: str = "bic") -> int:
        """The certified point of the smallest criterion, the one of larger alpha among equals.

        Parameters
        ----------
        name : {"aic", "aicc", "bic", "ebic"}, default="bic"
            The criterion.

        Returns
        -------
        int
            Its number, from 0.

        Raises
        ------
        ValueError
            Where the criterion is finite at no certified point.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> criteria = fastreg.information_criteria(path, X, y)
        >>> criteria.index_best()
        1
        """
        check.check_option("name", name, NAMES)
        values = np.where(self.certified, getattr(self, name), np.inf)
        if not np.any(np.isfinite(values)):
            raise ValueError(f"{name} is finite at no certified point of this path, so it chooses none")
        return int(np.argmin(values))

    def alpha_best(self, name: str = "bic") -> float:
        """The alpha that a criterion chooses.

        Parameters
        ----------
        name : {"aic", "aicc", "bic", "ebic"}, default="bic"
            The criterion.

        Returns
        -------
        float
            The alpha.

        Raises
        ------
        ValueError
            Where the criterion is finite at no certified point.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> criteria = fastreg.information_criteria(path, X, y)
        >>> criteria.alpha_best("bic")
        0.1
        """
        return float(self.alphas[self.index_best(name)])

    def _chosen(self):
        """The points that are chosen, by the names of the criteria that choose one."""
        known = [name for name in NAMES if np.any(np.isfinite(getattr(self, name)[self.certified]))]
        return {name: self.index_best(name) for name in known}

    def to_frame(self, library: str = "pandas") -> Any:
        """The criteria as a data frame, a row a point.

        The columns are "alpha", "df", "parameters", "features", "minus_two_log_likelihood", "aic", "aicc", "bic",
        "ebic", "certified", and "chosen": the criteria that choose the point, with commas between them.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            A row a point.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]
        >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
        >>> fastreg.information_criteria(path, X, y).to_frame()["features"].tolist()
        [1, 1]
        """
        from fastreg.selection.data_frames import criteria_frame

        return criteria_frame(self, library)

    def __repr__(self) -> str:
        chosen_text = ", ".join(f"{name} {self.alphas[i]:.4g}" for name, i in self._chosen().items()) or "nothing"
        return (
            f"<fastreg.Criteria: {self.alphas.size} points, {self.n_observations:g} observations, "
            f"{self.n_candidates} penalised columns\n alpha chosen: {chosen_text}>"
        )

    def summary(self, rows: int = 12) -> str:
        """A table for people; points that a criterion chooses are among them, and marked.

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
        >>> criteria = fastreg.information_criteria(path, X, y)
        >>> criteria.summary().count(chr(10))
        2
        """
        chosen = self._chosen()
        lines = ["      alpha   features        df        aic       aicc        bic       ebic"]
        for i in shown_points(self.alphas.size, rows, chosen.values()):
            values = " ".join(f"{getattr(self, name)[i]:10.5g}" for name in NAMES)
            end = mark_of(i, chosen)
            lines.append(f"{self.alphas[i]:11.4g} {self.features[i]:10d} {self.df[i]:9.2f} {values}{end}")
        return "\n".join(lines)


@explains_names
def information_criteria(
    path: Path,
    X: Any,
    y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    penalty_factor: ArrayLike | None = None,
    fit_intercept: bool | None = None,
    standardize: bool | None = None,
    gamma: float = 1.0,
    variance: float | None = None,
    n_observations: float | None = None,
) -> Criteria:
    """Degrees of freedom, AIC, AICc, BIC and EBIC of every point of a path.

    With N observations, loss the weighted mean of half the unit deviances (`fit_path`'s), -2 log L is::

        gaussian           N log(2 pi s2) + N,  s2 = 2 loss: the profile likelihood, with the variance that is
                           largest for each fit; or N log(2 pi variance) + 2 N loss / variance if `variance` is given
        gamma              the profile likelihood over the shape a, log(a) - digamma(a) = loss
        binomial, poisson  2 N loss, the deviance: the likelihood of the saturated model counts as one

    less terms that hold y and weights alone. A profiled variance or shape counts as one more parameter. The profile
    likelihood of a gaussian falls without bound as a fit reaches y: where p is near or above N use "aicc" or "ebic", or
    give a `variance` from elsewhere.

    Parameters
    ----------
    path : Path
        What `fit_path` returned for the same X, y, sample_weight and offset (checked).
    X : {array, sparse matrix, data frame} of shape (n, p)
        The rows that the path was fitted to.
    y : array-like of shape (n,), default=None
        Their response. None is that of the formula of a fit by one, from a data frame X.
    sample_weight, offset : as given to the path's fit
        A path does not keep them.
    penalty_factor, fit_intercept, standardize : default=None
        None is the path's own. Another value is an error.
    gamma : float, default=1.0
        Of the EBIC in [0, 1]: 0 is the BIC, 1 the choice for p growing like any power of N.
    variance : float, default=None
        Known variance of a gaussian y (of a row of mean weight).
    n_observations : float, default=None
        N; None is the number of rows of positive weight, weights being relative then. Where weights count
        repeated rows, or a proportion's trials, give their sum.

    Returns
    -------
    Criteria
        The criteria, and the alpha that each chooses.

    Raises
    ------
    ValueError
        Where the path was fitted on other data, with other columns or with other options.

    References
    ----------
    Zou, Hastie and Tibshirani (2007), Annals of Statistics 35, 2173-2192, for AIC and BIC of the lasso by its
    degrees of freedom. Chen and Chen (2008), Extended Bayesian information criteria for model selection with large
    model spaces, Biometrika 95, 759-771. Hurvich and Tsai (1989), Biometrika 76, 297-307.

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 3.0, 4.0]
    >>> path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
    >>> fastreg.information_criteria(path, X, y).alpha_best("bic")
    0.1
    """
    options = FitOptions(
        **options_for(path, penalty_factor=penalty_factor, fit_intercept=fit_intercept, standardize=standardize),
        sample_weight=sample_weight, offset=offset,
    )  # fmt: skip
    return criteria_of(path, X, y, options, gamma, variance, n_observations)


@one_blas_thread()
def criteria_of(path, X, y, options, gamma=1.0, variance=None, n_observations=None):
    """`information_criteria`, given the options of the fit."""
    gamma = check.check_number("gamma", gamma, 0.0, 1.0)
    active = active_problem(path, X, y, options._replace(**penalty_of(path)))
    problem, family = active.problem, path.family
    if n_observations is None:
        n_observations = float(np.count_nonzero(problem.weight))
    n_observations = check.check_number("n_observations", n_observations, 0.0, np.inf, low_open=True, high_open=True)
    if variance is not None:
        variance = check.check_number("variance", variance, 0.0, np.inf, low_open=True, high_open=True)
        if family != "gaussian":
            raise ValueError(f"variance is for family='gaussian', this path is of family {family!r}")
    loss = np.array([problem.loss_at(active.predictor(path, k)) for k in range(path.alphas.size)])
    df = degrees_of_freedom(path, active)
    estimated = family == "gamma" or (family == "gaussian" and variance is None)
    factor = check.check_factor(options.penalty_factor, path.coefs.shape[0])
    penalised = (factor > 0.0) & np.isfinite(factor)
    if path.penalty is not None:  # of columns in the model at every alpha none is chosen
        penalised &= path.penalty.l1 > 0.0 if path.penalty.l1.any() else path.penalty.l2 > 0.0
    return Criteria(
        alphas=path.alphas.copy(),
        df=df,
        parameters=df + float(estimated),
        features=np.array([np.count_nonzero(penalised[_rows(path, k)]) for k in range(path.alphas.size)]),
        minus_two_log_likelihood=_minus_two_log_likelihood(family, loss, n_observations, variance),
        n_observations=n_observations,
        n_candidates=int(np.count_nonzero(penalised)),
        gamma=gamma,
        certified=np.array([reason == "converged" for reason in path.reasons]),
    )


def _rows(path, k):
    return path.coefs.indices[path.coefs.indptr[k] : path.coefs.indptr[k + 1]]


def _minus_two_log_likelihood(family, loss, count, variance):
    with np.errstate(divide="ignore"):  # a perfect fit: minus infinity, the supremum
        if family == "gaussian":
            if variance is not None:
                return count * (np.log(2.0 * np.pi * variance) + 2.0 * loss / variance)
            return count * (np.log(4.0 * np.pi * loss) + 1.0)
        if family == "gamma":
            return count * np.array([gamma_profile(value) for value in loss])
    return 2.0 * count * loss


def gamma_profile(loss):
    """-2 log L of a gamma observation at the best shape a, without the term of 1/y in the density.

    loss is the mean of y/m - 1 - log(y/m), and a solves log(a) - digamma(a) = loss.
    """
    if loss <= 0.0:
        return -np.inf
    a = (3.0 - loss + np.sqrt((loss - 3.0) ** 2 + 24.0 * loss)) / (12.0 * loss)  # within 1.5 % (Minka 2002)
    for _ in range(20):
        step = (np.log(a) - digamma(a) - loss) / (1.0 / a - polygamma(1, a))
        a = a - step if a > step else 0.5 * a
        if abs(step) <= 1e-14 * a:
            break
    return -2.0 * float(a * np.log(a) - gammaln(a) - a * (1.0 + loss))
