"""knockoffs: columns selected so that the expected share of false ones is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg.inference.gaussian_copies import METHODS, copies
from fastreg.interface import validation as check
from fastreg.interface.arguments import framed
from fastreg.interface.data_frames import named_columns
from fastreg.interface.frames import columns_of_words, feature_names_of
from fastreg.interface.naming import explains_names
from fastreg.interface.summary import Shown, Summary
from fastreg.numerics.threads import one_blas_thread
from fastreg.paths.fit_path import fit_path
from fastreg.paths.setup import family_named
from fastreg.selection.cross_validation.cv_path import cv_path

STATISTICS = ("difference", "entry")
SINGULAR = 1e-8  # least eigenvalue of the correlations


@explains_names
@dataclass(repr=False)
class Knockoffs(Shown):
    """Columns selected by the knockoff filter, and the statistic of each.

    `knockoffs` makes it; what it is made of are its attributes.

    Parameters
    ----------
    statistics : ndarray of shape (p,)
        W_j: positive where the column says more than its copy, negative where the copy does.
    threshold : float
        Columns with W_j at or above it are selected; infinite where none is.
    fdr : float
        Bound on the expected share of false ones among the columns selected.
    names : list of str of length p
        Of the columns.
    s : ndarray of shape (p,)
        How far copies are from their columns, in [0, 1] or somewhat above: one less their correlation.
    method, statistic, family : str
        As asked for.
    alpha : float
        The penalty at which coefficients were compared; NaN for statistic="entry".
    estimated : bool
        Whether the columns' covariance was estimated.
    plus : bool
        Whether one was added to the count of false ones, without which the bound is not quite fdr.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> X = np.random.default_rng(0).normal(size=(200, 20))
    >>> y = X[:, :6].sum(axis=1) + np.random.default_rng(1).normal(size=200)
    >>> found = fastreg.knockoffs(X, y, fdr=0.2, alpha=0.5)
    >>> found.selected
    ['x0', 'x1', 'x2', 'x3', 'x4', 'x5']
    """

    statistics: np.ndarray
    threshold: float
    fdr: float
    names: list[str]
    s: np.ndarray
    method: str
    statistic: str
    family: str
    alpha: float
    estimated: bool
    plus: bool

    @property
    def columns(self) -> np.ndarray:
        """Numbers of the columns selected.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(200, 20))
        >>> y = X[:, :6].sum(axis=1) + np.random.default_rng(1).normal(size=200)
        >>> fastreg.knockoffs(X, y, fdr=0.2, alpha=0.5).columns
        array([0, 1, 2, 3, 4, 5])
        """
        return np.flatnonzero(self.statistics >= self.threshold)

    @property
    def selected(self) -> list[str]:
        """Names of the columns selected.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(200, 20))
        >>> y = X[:, :6].sum(axis=1) + np.random.default_rng(1).normal(size=200)
        >>> fastreg.knockoffs(X, y, fdr=0.2, alpha=0.5).selected[:2]
        ['x0', 'x1']
        """
        return [self.names[j] for j in self.columns]

    def summary(self, rows: int = 20) -> Summary:
        """A table for people: the columns of the largest statistics.

        Parameters
        ----------
        rows : int, default=20
            How many columns are shown; all that are selected are.

        Returns
        -------
        Summary
            A str that a notebook shows as HTML.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(200, 20))
        >>> y = X[:, :6].sum(axis=1) + np.random.default_rng(1).normal(size=200)
        >>> fastreg.knockoffs(X, y, fdr=0.2, alpha=0.5).summary().count("selected")
        6
        """
        order = np.argsort(-np.abs(self.statistics), kind="stable")
        chosen = self.statistics >= self.threshold
        shown = [j for k, j in enumerate(order) if k < rows or chosen[j]]
        body = [(self.names[j], f"{self.statistics[j]:.4g}", "selected" if chosen[j] else "") for j in shown]
        return Summary(("", "W", ""), body)

    def to_frame(self, library: str = "pandas") -> Any:
        """The columns as a data frame: "name", "statistic" and "selected".

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            A row a column of X.

        Raises
        ------
        ImportError
            Without the library.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.random.default_rng(0).normal(size=(200, 20))
        >>> y = X[:, :6].sum(axis=1) + np.random.default_rng(1).normal(size=200)
        >>> int(fastreg.knockoffs(X, y, fdr=0.2, alpha=0.5).to_frame()["selected"].sum())
        6
        """
        from fastreg.interface.data_frames import frame_of

        reached = self.statistics >= self.threshold
        return frame_of({"name": self.names, "statistic": self.statistics, "selected": reached}, library)

    def __repr__(self) -> str:
        source = "estimated (Ledoit-Wolf)" if self.estimated else "given"
        kind = "" if np.isnan(self.alpha) else f" at alpha {self.alpha:.4g}"
        bound = f"at most {self.fdr:g}" if self.plus else f"about {self.fdr:g} (plus=False)"
        words = (
            f"<fastreg.Knockoffs: {self.columns.size} of {self.statistics.size:,} columns selected ({self.family}, "
            f"{self.statistic}{kind}, {self.method})\n"
            f" expected share of false ones {bound}, if rows of X are independent and Gaussian, covariance {source};\n"
            " nothing is assumed of y given X; another seed may select others"
        )
        least = int(np.ceil(1.0 / self.fdr - 1e-9))
        if self.plus and not self.columns.size:
            words += (
                f"\n fewer than {least} columns can never be selected at fdr={self.fdr:g}: a larger fdr needs fewer"
            )
        return words + ">"


@explains_names
@one_blas_thread()
def knockoffs(
    X: Any,
    y: ArrayLike | None = None,
    *,
    data: Any = None,
    fdr: float = 0.1,
    family: str | type = "gaussian",
    l1_ratio: float = 1.0,
    alpha: float | None = None,
    statistic: str = "difference",
    method: str = "mvr",
    covariance: ArrayLike | None = None,
    mean: ArrayLike | None = None,
    plus: bool = True,
    cv: Any = 10,
    sample_weight: ArrayLike | str | None = None,
    offset: ArrayLike | str | None = None,
    feature_names: Sequence[str] | None = None,
    random_state: Any = 0,
) -> Knockoffs:
    """Select columns so that the expected share of false ones among them is at most `fdr` (model-X knockoffs).

    A column is false if y does not depend on it given the others. Every column gets a copy that is drawn without
    looking at y and resembles the others as the column does; one lasso of columns and copies together, all in units of
    their standard deviations, tells by W_j how much more the column says. Copies are as false as false columns are, so
    that with V(t) the number of W_j <= -t and R(t) that of W_j >= t the threshold is the least t > 0 among the |W_j|
    with (1 + V(t)) / max(R(t), 1) <= fdr.

    **Conditions.** Rows of X are independent draws of a Gaussian distribution whose mean and covariance are known;
    estimated ones make the bound approximate. Nothing is assumed of how y depends on X, so that it holds for
    every family, even a wrong one. Selections are random: another seed draws other copies.

    Parameters
    ----------
    X : {array, data frame} of shape (n, p), or str
        Rows, dense: copies of sparse columns are not sparse. Categories have no normal distribution, and are refused.
        Text is a formula about `data`, as for `fit_path`.
    y : array-like of shape (n,), default=None
        Response, as for `fit_path`.
    data : data frame of n rows, default=None
        The frame of a formula.
    fdr : float, default=0.1
        The bound, in (0, 1). At least 1 / fdr columns are selected, or none.
    family, l1_ratio : as for `fit_path`
        Of the fit that compares columns with copies; l1_ratio is above 0.
    alpha : float, default=None
        Its penalty, for columns in units of their standard deviation. None is the best by cross-validation over the
        columns and copies.
    statistic : {"difference", "entry"}, default="difference"
        "difference": |b_j| of the column less that of its copy, at alpha. "entry": the larger of the two alphas at
        which they enter the path, negative if the copy enters first; it needs no alpha, and most often finds less.
    method : {"mvr", "equicorrelated"}, default="mvr"
        How copies differ from their columns: by minimum variance-based reconstructability, or all alike.
    covariance : array-like of shape (p, p), default=None
        Covariance of the columns. None estimates it (Ledoit and Wolf's shrinkage, by scikit-learn).
    mean : array-like of shape (p,), default=None
        Mean of the columns. None is that of X.
    plus : bool, default=True
        Whether one is added to V(t). False selects more, and bounds E[V / (R + 1 / fdr)].
    cv : int, splitter or iterable, default=10
        Folds, as for `cv_path`.
    sample_weight, offset : as for `fit_path`
        Of the fit.
    feature_names : list of str of length p, default=None
        Names of the columns of an array, all of them different. None is the names of a data frame, or "x" and numbers.
    random_state : int, Generator or None, default=0
        Seed of copies and folds; None draws others each time.

    Returns
    -------
    Knockoffs
        The columns selected, and all statistics.

    Raises
    ------
    ValueError
        Where X is sparse, a column constant, or the covariance singular.

    References
    ----------
    Candès, Fan, Janson and Lv (2018), Panning for gold: model-X knockoffs for high dimensional controlled variable
    selection, JRSS-B 80, 551-577. Barber and Candès (2015), Annals of Statistics 43, 2055-2085. Spector and Janson
    (2022), Annals of Statistics 50, 252-276, for "mvr". Barber, Candès and Samworth (2020), Annals of Statistics 48,
    1409-1431, for what an estimated covariance costs.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import knockoffs
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 30))
    >>> y = X[:, :8] @ np.ones(8) + rng.normal(size=300)
    >>> set(range(8)) <= set(knockoffs(X, y, fdr=0.2).columns.tolist())
    True
    """
    fdr = check.check_number("fdr", fdr, 0.0, 1.0, low_open=True, high_open=True)
    l1_ratio = check.check_number("l1_ratio", l1_ratio, 0.0, 1.0, low_open=True)
    if alpha is not None:
        alpha = check.check_number("alpha", alpha, 0.0, np.inf, low_open=True, high_open=True)
    check.check_option("statistic", statistic, STATISTICS)
    check.check_option("method", method, tuple(METHODS))
    check.check_flag("plus", plus)
    family_named(family)
    rows = {"sample_weight": sample_weight, "offset": offset}
    if isinstance(X, str) or data is not None or y is None:
        X, words, y = framed(X, {**rows, "data": data, "feature_names": feature_names}, y=y)
        feature_names, rows = words["feature_names"], {name: words[name] for name in rows}
        if not isinstance(X, np.ndarray):
            raise ValueError(
                "copies are of columns that are draws of a normal distribution, and a formula's categories are not"
            )
        if not words["fit_intercept"]:
            raise ValueError(
                "the fit that compares columns with copies has an intercept; leave '- 1' out of the formula"
            )
    names = feature_names_of(X, feature_names)
    if words := columns_of_words(X):
        raise ValueError(
            f"copies are of columns that are draws of a normal distribution, and {words[0]!r} of X holds no numbers: "
            f"leave it out ({len(words)} such columns)"
        )
    X = check.check_design(X)
    if not isinstance(X, np.ndarray):
        raise ValueError("copies of sparse columns are not sparse: pass X.toarray() if that fits into memory")
    X, names = np.asarray(X, dtype=np.float64), named_columns(names, X.shape[1])
    middle, size, R = _distribution(X, names, covariance, mean)
    s = METHODS[method](R)
    scaled = (X - middle) / size
    rng, seed = _seeds(random_state)
    options = {"family": family, "l1_ratio": l1_ratio, **rows}
    with check.each_once():
        W, at = compare(scaled, copies(scaled, R, s, rng), y, statistic, alpha, options, cv, seed)
    return Knockoffs(
        W, cut(W, fdr, plus), fdr, names, s, method, statistic, family_named(family).name, at, covariance is None, plus,
    )  # fmt: skip


def _seeds(random_state):
    """(generator of copies, seed of folds). A number's stream of copies is not that of default_rng(number), from which
    the columns themselves may have been drawn in a simulation: copies would be equal to them."""
    if isinstance(random_state, (int, np.integer)):
        return np.random.default_rng(np.random.SeedSequence(int(random_state)).spawn(1)[0]), int(random_state)
    rng = np.random.default_rng(random_state)
    return rng, int(rng.integers(2**31))


def _distribution(X, names, covariance, mean):
    """(means, standard deviations, correlations) of the columns. Raises a ValueError where they cannot be."""
    p = X.shape[1]
    spread = np.ptp(X, axis=0)
    if not np.all(np.isfinite(spread)):
        raise check.explain_not_finite(X, names)
    if np.any(spread == 0.0):
        raise ValueError(f"column {names[int(np.argmin(spread))]!r} is constant, and has no copy; leave it out")
    if covariance is None:
        from sklearn.covariance import LedoitWolf

        size = X.std(axis=0)
        estimate = LedoitWolf().fit(X / size).covariance_
        covariance = estimate * np.outer(size, size)
    else:
        covariance = check.check_matrix("covariance", covariance, p, p)
        if not np.allclose(covariance, covariance.T, rtol=1e-8, atol=1e-12 * np.abs(covariance).max()):
            raise ValueError("covariance is not symmetric")
        if np.any(np.diag(covariance) <= 0.0):
            raise ValueError(f"covariance[{np.argmin(np.diag(covariance))}, ...] has a variance that is not positive")
    mean = X.mean(axis=0) if mean is None else check.check_vector("mean", mean, p)
    size = np.sqrt(np.diag(covariance))
    R = covariance / np.outer(size, size)
    least = float(np.linalg.eigvalsh(R)[0])
    if least < SINGULAR:
        raise ValueError(
            f"covariance is singular (least eigenvalue of the correlations {least:.1e}): a column that the others "
            "determine cannot be told from its copy; leave such columns out"
        )
    return mean, size, R


def compare(X, other, y, statistic, alpha, options, cv, seed):
    """(W, alpha) of columns X and copies `other`.

    Within a pair the fit sees first whichever is smaller in the first row where they differ, so that W changes sign, to
    the last bit, if columns and copies change places.
    """
    p = X.shape[1]
    first = np.argmax(other != X, axis=0)
    turned = other[first, np.arange(p)] < X[first, np.arange(p)]
    pairs = np.asfortranarray(np.hstack([np.where(turned, other, X), np.where(turned, X, other)]))
    sign = np.where(turned, -1.0, 1.0)
    if statistic == "entry":
        path = fit_path(pairs, y, **options)
        coefs = path.coefs.tocsr()
        entry = np.zeros(2 * p)
        for j in range(2 * p):
            points = coefs.indices[coefs.indptr[j] : coefs.indptr[j + 1]]
            entry[j] = path.alphas[points.min()] if points.size else 0.0
        return sign * np.sign(entry[:p] - entry[p:]) * np.maximum(entry[:p], entry[p:]) + 0.0, np.nan
    if alpha is None:
        found = cv_path(pairs, y, cv=cv, random_state=seed, **options)
        alpha, path = found.alpha_min, found.path
    else:
        path = fit_path(pairs, y, alphas=[alpha], **options)
    size = np.abs(path.coef(alpha)[0])
    return sign * (size[:p] - size[p:]) + 0.0, float(alpha)


def cut(statistics, fdr, plus):
    """The least threshold with an estimated share of false ones of at most fdr; infinite if there is none."""
    for t in np.unique(np.abs(statistics[statistics != 0.0])):
        false, found = float(plus) + np.count_nonzero(statistics <= -t), np.count_nonzero(statistics >= t)
        if found and false / found <= fdr:
            return float(t)
    return float("inf")
