"""PosteriorSummary: means, intervals and diagnostics of a posterior, a row a coefficient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastreg.inference.result import ROWS, Shown
from fastreg.interface.summary import Summary, shown_points


@dataclass(repr=False)
class PosteriorSummary(Shown):
    """Moments, intervals and diagnostics of a posterior, a row a coefficient.

    The result of `Posterior.summary`; its parameters are its attributes.

    Parameters
    ----------
    names : list of str of length k
        Of the coefficients; "(intercept)" is the first if one was fitted.
    columns : dict of str to ndarray of shape (k,)
        "mean", "sd", the ends of the intervals, and of draws "ess_bulk", "ess_tail" and "r_hat".
    title : str
        What the summary is of.
    notes : list of str
        What the numbers rest on.
    level : float
        Probability of an interval.

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
    >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=0)
    >>> [*found.summary().columns]
    ['mean', 'sd', 'hdi_3%', 'hdi_97%']
    """

    names: list[str]
    columns: dict[str, np.ndarray]
    title: str
    notes: list[str]
    level: float

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def to_frame(self, library: str = "pandas") -> Any:
        """The summary as a data frame.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame. pandas has the names as its index, polars as the column "name".

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            A row a coefficient.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=0)
        >>> float(found.summary().to_frame().loc["x0", "mean"].round(2))
        1.04
        """
        from fastreg.interface.data_frames import frame_of

        return frame_of({"name": self.names, **self.columns}, library, index="name")

    @property
    def interval(self) -> np.ndarray:
        """The ends of the intervals, (k, 2).

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=0)
        >>> found.summary(level=0.9).interval[1].round(2)
        array([0.93, 1.15])
        """
        return np.column_stack([ends for name, ends in self.columns.items() if name.startswith("hdi_")])

    def _shown(self) -> Summary:
        forms = {"ess_bulk": ",.0f", "ess_tail": ",.0f", "r_hat": ".4f"}
        body = [
            (self.names[i], *(f"{values[i]:{forms.get(name, '.4g')}}" for name, values in self.columns.items()))
            for i in shown_points(len(self.names), ROWS)
        ]
        return Summary(("", *self.columns), body)
