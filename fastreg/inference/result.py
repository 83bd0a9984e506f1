"""Table: estimates with what may be said of them, a row a coefficient."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from fastreg.interface.naming import explains_names
from fastreg.interface.summary import Summary, shown_points
from fastreg.selection.saved import Saved

ROWS = 60  # that are shown unless asked for more


@explains_names
class Shown:
    """How a table of coefficients shows itself: its title, about ROWS of its rows, and its notes."""

    names: list[str]
    title: str
    notes: list[str]

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the estimates, or the means of a posterior, with their intervals, a row a coefficient.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None is a new figure.
        **options : dict
            Those of `fastreg.plots.plot_table`.

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
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.table(fastreg.fit_path(X, y, alphas=[0.0]), X, y)
        >>> found.plot(intercept=True).get_xlabel()
        'coefficient, 95 % interval'
        """
        from fastreg.plots import plot_table

        return plot_table(self, ax=ax, **options)

    def _shown(self) -> Summary:
        """The rows."""
        raise NotImplementedError

    def _ends(self) -> list[str]:
        hidden = len(self.names) - len(shown_points(len(self.names), ROWS))
        return [*([f"and {hidden:,} more, in to_frame()"] if hidden else []), *self.notes]

    def __repr__(self) -> str:
        return "\n".join([self.title, str(self._shown()), *self._ends()])

    def _repr_html_(self) -> str:
        ends = "<br>".join(escape(line) for line in self._ends())
        return f"<div><p><b>{escape(self.title)}</b></p>{self._shown()._repr_html_()}<p>{ends}</p></div>"


@explains_names
@dataclass(repr=False)
class Table(Shown, Saved):
    """Coefficients with standard errors, statistics, p-values and intervals; NaN where one has none.

    The result of `table`, `debiased` or `selective`; its parameters are its attributes.

    Parameters
    ----------
    names : list of str of length k
        Of the coefficients; "(intercept)" is the first if one was fitted.
    estimate : ndarray of shape (k,)
        Estimates, on the scale of X.
    se : ndarray of shape (k,)
        Standard errors.
    statistic : ndarray of shape (k,)
        Estimates over their standard errors; of profiles the signed root of the likelihood ratio.
    p_value : ndarray of shape (k,)
        Two-sided p-values of the coefficient being zero.
    lower, upper : ndarray of shape (k,)
        Ends of the intervals.
    level : float
        Nominal coverage of each interval.
    title : str
        What the table is of.
    notes : list of str
        What the numbers rest on, and what they do not say.
    test : str
        The statistic's distribution: "z", "t", "root" (of a likelihood ratio) or "truncated normal".
    dispersion : float
        The dispersion that the standard errors hold, estimated or known.
    degrees_left : float
        Observations less degrees of freedom; of a t statistic its degrees.
    covariance : ndarray of shape (k, k), default=None
        Covariance of the estimates; NaN where they have none.
    more : dict of str to ndarray of shape (k,)
        Further columns.
    encoding : object, default=None
        How the fit read its data frame, as `Path.encoding`; None where all columns were numbers.

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
    >>> found = fastreg.table(fastreg.fit_path(X, y, alphas=[0.0]), X, y)
    >>> found.names, found.interval.shape
    (['(intercept)', 'x0'], (2, 2))
    """

    names: list[str]
    estimate: np.ndarray
    se: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    level: float
    title: str
    notes: list[str]
    test: str
    dispersion: float
    degrees_left: float
    covariance: np.ndarray | None = None
    more: dict[str, np.ndarray] = field(default_factory=dict)
    encoding: Any = None

    @property
    def interval(self) -> np.ndarray:
        """The ends of the intervals, (k, 2).

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.table(fastreg.fit_path(X, y, alphas=[0.0]), X, y)
        >>> found.interval[1].round(2)
        array([0.76, 1.32])
        """
        return np.column_stack([self.lower, self.upper])

    def to_frame(self, library: str = "pandas") -> Any:
        """The table as a data frame.

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
        >>> found = fastreg.table(fastreg.fit_path(X, y, alphas=[0.0]), X, y)
        >>> float(found.to_frame().loc["x0", "estimate"].round(2))
        1.04
        """
        from fastreg.interface.data_frames import frame_of

        return frame_of({"name": self.names, **columns_of(self)}, library, index="name")

    def summary(self, rows: int = ROWS) -> Summary:
        """A table for people.

        Parameters
        ----------
        rows : int, default=60
            About how many coefficients are shown.

        Returns
        -------
        Summary
            A str that a notebook shows as HTML.

        Examples
        --------
        >>> import fastreg
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
        >>> found = fastreg.table(fastreg.fit_path(X, y, alphas=[0.0]), X, y)
        >>> print(found.summary().splitlines()[0])
                      estimate        se       t         p      2.5%    97.5%
        """
        tail = 50.0 * (1.0 - self.level)
        statistic = {"z": "z", "t": "t", "root": "root"}.get(self.test, "statistic")
        columns = {
            "estimate": (self.estimate, ".4g"), "se": (self.se, ".4g"), statistic: (self.statistic, ".2f"),
            "p": (self.p_value, ".3g"), f"{tail:.3g}%": (self.lower, ".4g"),
            f"{100.0 - tail:.3g}%": (self.upper, ".4g"),
            **{name: (values, ".3g") for name, values in self.more.items()},
        }  # fmt: skip
        shown = {title: each for title, each in columns.items() if not np.all(np.isnan(each[0]))}
        body = [
            (self.names[i], *("" if np.isnan(values[i]) else f"{values[i]:{form}}" for values, form in shown.values()))
            for i in shown_points(len(self.names), rows)
        ]
        return Summary(("", *shown), body)

    def _shown(self) -> Summary:
        return self.summary()


def columns_of(found):
    """The columns of a Table, by name."""
    return {
        "estimate": found.estimate, "se": found.se, "statistic": found.statistic, "p_value": found.p_value,
        "lower": found.lower, "upper": found.upper, **found.more,
    }  # fmt: skip
