"""Posterior: draws of coefficients with their diagnostics, predictions by draws, and the normal approximation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from fastreg.design.designs import as_design
from fastreg.inference import diagnostics
from fastreg.inference.likelihood import is_known, log_likelihood
from fastreg.inference.posterior_summary import PosteriorSummary
from fastreg.interface import validation as check
from fastreg.interface.agreement import columns_for, offset_for, rows_for
from fastreg.interface.naming import explains_names
from fastreg.paths.result import Path

DRAWS = 256  # predicted from at once, so that room is needed for so many values a row


@explains_names
@dataclass(repr=False)
class Posterior:
    """Draws from the posterior of the coefficients, its mode with a certificate, and its normal approximation.

    The result of `posterior`; its parameters are its attributes.

    Parameters
    ----------
    names : list of str of length k
        Of the coefficients; "(intercept)" is the first if one was fitted. Columns that were left out, being constant or
        excluded, are not among them.
    draws : ndarray of shape (chains, draws, k)
        Draws, on the scale of X.
    mode : ndarray of shape (k,)
        The posterior's mode.
    covariance : ndarray of shape (k, k)
        The inverse Hessian at the mode: the covariance of the Laplace approximation.
    path : Path
        The fit at the mode, a path of one point, with its certificate: `path.gaps`.
    columns : ndarray of int
        Columns of X whose coefficients these are, those after the intercept.
    dispersion : float
        The dispersion that the posterior was given; where it is drawn, the one that the mode and the covariance are of.
    log_evidence : float
        Logarithm of the integral of likelihood times prior, by Laplace's approximation; a flat prior counts as density
        1. NaN under Laplace priors, for a family of one's own, and where the dispersion is drawn.
    frequency : bool
        Whether weights were frequencies.
    acceptance : ndarray of shape (chains,)
        Mean probability with which a trajectory was accepted.
    steps : ndarray of shape (chains,)
        Size of a leapfrog, in standard deviations of the Laplace approximation.
    gradients : int
        Gradients that all chains took, tuning included.
    divergent : int
        Trajectories after tuning whose energy rose without bound; where there are some, the draws may lack parts of
        the density.
    title : str
        What the posterior is of.
    notes : list of str
        What it rests on.
    dispersions : ndarray of shape (chains, draws), default=None
        Draws of the dispersion, where it is drawn with the coefficients. Summaries and frames call it "(dispersion)".

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
    >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=200)
    >>> found.draws.shape, found.names
    ((3, 200, 2), ['(intercept)', 'x0'])
    """

    names: list[str]
    draws: np.ndarray
    mode: np.ndarray
    covariance: np.ndarray
    path: Path
    columns: np.ndarray
    dispersion: float
    log_evidence: float
    frequency: bool
    acceptance: np.ndarray
    steps: np.ndarray
    gradients: int
    divergent: int
    title: str
    notes: list[str]
    dispersions: np.ndarray | None = None

    @property
    def map(self) -> dict[str, float]:
        """The mode, by name: the maximum a posteriori estimate, which is the penalised fit.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=0)
        >>> round(found.map["x0"], 2), bool(found.path.gaps[0] < 1e-9)
        (1.04, True)
        """
        return dict(zip(self.names, self.mode.tolist()))

    def summary(self, level: float = 0.94) -> PosteriorSummary:
        """Means, standard deviations, intervals and diagnostics.

        The interval is the shortest that holds the share `level` of the draws. `r_hat` is the rank-normalised split
        R-hat: above 1.01 the chains do not agree yet. `ess_bulk` and `ess_tail` say how many independent draws tell as
        much of the middle and of the tails; below 400 the other numbers are rough. The Laplace approximation has the
        mode as its mean, and no diagnostics.

        Parameters
        ----------
        level : float, default=0.94
            Probability of an interval.

        Returns
        -------
        PosteriorSummary
            It prints as a table; `to_frame()` is a data frame.

        References
        ----------
        Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Bayesian Analysis 16, 667-718.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=500)
        >>> bool(found.summary()["r_hat"].max() < 1.02)
        True
        """
        level = check.check_number("level", level, 0.0, 1.0, low_open=True, high_open=True)
        tail = 50.0 * (1.0 - level)
        low, high = f"hdi_{tail:.3g}%", f"hdi_{100.0 - tail:.3g}%"
        if not self.draws.size:
            sd = np.sqrt(np.diag(self.covariance))
            half = stats.norm.isf(0.5 * (1.0 - level)) * sd
            columns = {"mean": self.mode, "sd": sd, low: self.mode - half, high: self.mode + half}
            return PosteriorSummary(self.names, columns, self.title, self.notes, level)
        names, draws = self._everything()
        each = [np.ascontiguousarray(draws[:, :, j]) for j in range(len(names))]
        ends = np.array([diagnostics.highest_density(draws, level) for draws in each])
        spread = [draws.std(ddof=1) if draws.size > 1 else np.nan for draws in each]
        columns = {"mean": [draws.mean() for draws in each], "sd": spread}
        columns |= {low: ends[:, 0], high: ends[:, 1]}
        for name in ("ess_bulk", "ess_tail", "r_hat"):
            columns[name] = [getattr(diagnostics, name)(draws) for draws in each]
        numbers = {name: np.asarray(values, dtype=float) for name, values in columns.items()}
        return PosteriorSummary(names, numbers, self.title, self.notes, level)

    def _everything(self):
        """(names, draws) of the coefficients, and of a dispersion that is drawn."""
        if self.dispersions is None:
            return self.names, self.draws
        return [*self.names, "(dispersion)"], np.concatenate([self.draws, self.dispersions[:, :, None]], axis=2)

    def to_frame(self, library: str = "pandas") -> Any:
        """The draws as a data frame: "chain", "draw", and a column for each coefficient.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            A row a draw; none for a Laplace approximation, of which `summary().to_frame()` has the numbers.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=200)
        >>> found.to_frame().shape
        (600, 4)
        """
        from fastreg.interface.data_frames import frame_of

        names, draws = self._everything()
        chains, count, k = draws.shape
        places = {"chain": np.repeat(np.arange(chains), count), "draw": np.tile(np.arange(count), chains)}
        return frame_of(places | dict(zip(names, draws.reshape(-1, k).T)), library)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the density and the trace of the draws of each chain, a row a coefficient.

        Parameters
        ----------
        ax : ndarray of matplotlib.axes.Axes, default=None
            Two axes for each coefficient; None is a new figure.
        **options : dict
            Those of `fastreg.plots.plot_draws`.

        Returns
        -------
        ndarray of matplotlib.axes.Axes
            The axes.

        Raises
        ------
        ImportError
            Without matplotlib.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=200)
        >>> found.plot().shape
        (2, 2)
        """
        from fastreg.plots import plot_draws

        return plot_draws(self, ax=ax, **options)

    def predict(self, X: Any, kind: str = "mean", offset: ArrayLike | None = None) -> np.ndarray:
        """The mean response of rows under the posterior.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p)
            Rows with the columns of the fit.
        kind : {"mean", "draws", "linear"}, default="mean"
            The average over the draws; the mean response of every draw; or the linear predictor of every draw.
            Quantiles of "draws" are intervals for the mean response, not for a new response.
        offset : array-like of shape (n,) or float, default=None
            Offset of the rows; asked for if the fit had one. 0 leaves it out on purpose.

        Returns
        -------
        ndarray of shape (n,) or (chains, draws, n)
            A value a row, or one for every draw and row.

        Raises
        ------
        ValueError
            For a Laplace approximation, which has no draws.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=200)
        >>> found.predict(X).shape, found.predict(X, kind="draws").shape
        ((4,), (3, 200, 4))
        """
        check.check_option("kind", kind, ("mean", "draws", "linear"))
        (offset,), X = rows_for(self.path, X, offset=offset), columns_for(self.path, X, self.path.coefs.shape[0])
        offset = offset_for(self.path, offset, X.shape[0])
        mean = self.path._family().mean
        if kind == "mean":
            total = sum(mean(eta).sum(axis=0) for eta in self._linear(X, offset))
            return np.asarray(total) / (self.draws.shape[0] * self.draws.shape[1])
        eta = np.concatenate([*self._linear(X, offset)]).reshape(*self.draws.shape[:2], -1)
        return eta if kind == "linear" else np.asarray(mean(eta))

    def _linear(self, X, offset):
        """Linear predictors (some draws, n), for all draws in order."""
        if not self.draws.size:
            raise ValueError(
                "draws=0 holds no draws, only the normal approximation: pass draws=2000 to posterior, or predict at "
                "the mode by .path.predict(X, alpha=.path.alphas[0])"
            )
        design, first = as_design(check.check_design(X)), self.draws.shape[2] - self.columns.size
        flat = self.draws.reshape(-1, self.draws.shape[2])
        for start in range(0, len(flat), DRAWS):
            part = flat[start : start + DRAWS]
            coefs = np.zeros((X.shape[1], len(part)))
            coefs[self.columns] = part[:, first:].T
            eta = design.predict_many(coefs).T + part[:, :first].sum(axis=1)[:, None]
            yield eta if offset is None else eta + offset

    def to_arviz(
        self,
        X: Any = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> Any:
        """The draws as ArviZ keeps them: an InferenceData of ArviZ 0.x, a DataTree of 1.x.

        The group "posterior" has the variable "coef" with the coordinate "term", the names, and "dispersion" if that is
        drawn. With the data there are
        "log_likelihood" and "observed_data" as well, as `arviz.loo` and `arviz.waic` need them.

        Parameters
        ----------
        X : {array, sparse matrix, data frame} of shape (n, p), default=None
            The rows of the fit, for their log-likelihoods.
        y : array-like of shape (n,), default=None
            Their response. That of a formula is read from a data frame X.
        sample_weight, offset : as given to `posterior`, default=None
            For the log-likelihoods.

        Returns
        -------
        arviz.InferenceData or xarray.DataTree
            What ArviZ's functions take.

        Raises
        ------
        ImportError
            Without ArviZ: ``pip install 'fastreg-engine[bayes]'``.
        ValueError
            For a Laplace approximation, which has no draws; for log-likelihoods of a family of one's own.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=200)
        >>> data = found.to_arviz(X, y)  # doctest: +SKIP
        """
        if not self.draws.size:
            raise ValueError("draws=0 holds no draws for ArviZ; pass draws=2000 to posterior")
        if X is not None and hasattr(self.path.encoding, "row_values"):  # a formula's
            y, sample_weight, offset = rows_for(self.path, X, y=y, sample_weight=sample_weight, offset=offset)
        if (X is None) != (y is None):
            raise ValueError("log-likelihoods need X and y, both of them")
        import arviz

        groups: dict[str, dict[str, np.ndarray]] = {"posterior": {"coef": self.draws}}
        if self.dispersions is not None:
            groups["posterior"]["dispersion"] = self.dispersions
        if X is not None:
            response, values = self._log_likelihood(X, y, sample_weight, offset)
            groups |= {"log_likelihood": {"y": values}, "observed_data": {"y": response}}
        names = {"coords": {"term": self.names}, "dims": {"coef": ["term"]}}
        if int(arviz.__version__.split(".")[0]) >= 1:
            return arviz.from_dict(groups, **names)
        return arviz.from_dict(**groups, **names)

    def _log_likelihood(self, X, y, sample_weight, offset):
        """(response, log-likelihoods of rows under every draw)."""
        family = self.path._family()
        if not is_known(family):
            raise ValueError(f"the density of family {family.name!r} is not known; leave out X and y")
        eta = self.predict(X, "linear", offset)
        response = check.check_response(y, eta.shape[-1], family)
        weight = np.ones(response.size) if sample_weight is None else np.broadcast_to(sample_weight, response.shape)
        weight = np.asarray(weight, dtype=float)
        dispersion = self.dispersion if self.dispersions is None else self.dispersions[:, :, None]
        return response, log_likelihood(family, response, eta, weight, dispersion, self.frequency)

    def __repr__(self) -> str:
        return repr(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
