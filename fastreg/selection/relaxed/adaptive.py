"""The adaptive lasso: penalty factors from a pilot fit, so that weak columns are penalised more than strong ones."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.design.column_products import column_moments
from fastreg.design.designs import as_design
from fastreg.interface import validation as check
from fastreg.interface.arguments import Grid, PilotOptions, bundles, framed
from fastreg.interface.reasons import remedy_for
from fastreg.interface.shared_options import takes_options_of
from fastreg.paths.driver import solve_path
from fastreg.paths.fit_path import fit_path
from fastreg.paths.setup import warn_of_exposure
from fastreg.selection.criteria import NAMES, criteria_of

PILOTS = {"ridge": 0.0, "lasso": 1.0}  # their l1_ratio


@takes_options_of(fit_path)
def adaptive_factor(
    X: Any,
    y: ArrayLike | str | None = None,
    *,
    pilot: str | ArrayLike = "ridge",
    power: float = 1.0,
    pilot_alpha: float | None = None,
    criterion: str = "aicc",
    **options: Unpack[PilotOptions],
) -> np.ndarray:
    """Penalty factors of the adaptive lasso, learned from a pilot fit.

    fit_path(X, y, penalty_factor=adaptive_factor(X, y)) is the path of the adaptive lasso. With b the coefficients of
    the pilot, and s_j the standard deviation of column j under `standardize`, else 1,

        factor_j = penalty_factor_j / |b_j s_j|^power

    A column that the pilot leaves out has an infinite factor, and stays out. Unpenalised columns stay unpenalised.
    The factors are learned from y: inside cross-validation they belong into the fold (`cv_relaxed` does that).

    Parameters
    ----------
    X, y : as for `fit_path`
    pilot : {"ridge", "lasso"} or array-like of shape (p,), default="ridge"
        The pilot fit, or coefficients from elsewhere.
    power : float, default=1.0
        Above 0; larger powers tell strong from weak columns more sharply.
    pilot_alpha : float, default=None
        Penalty of the pilot; None is the one on a path of 100 that `criterion` chooses.
    criterion : {"aic", "aicc", "bic", "ebic"}, default="aicc"
        See `information_criteria`.
    **options : as for `fit_path`

    Returns
    -------
    ndarray of shape (p,)
        The factors.

    Raises
    ------
    ValueError
        Where an argument is out of its range, or the pilot could not be certified.

    References
    ----------
    Zou (2006), The adaptive lasso and its oracle properties, JASA 101, 1418-1429. Huang, Ma and Zhang (2008),
    Adaptive lasso for sparse high-dimensional regression models, Statistica Sinica 18, 1603-1618, for p > n.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import adaptive_factor, fit_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> factor = adaptive_factor(X, y)
    >>> np.argsort(factor)[:2].tolist() in ([0, 1], [1, 0])
    True
    >>> fit_path(X, y, penalty_factor=factor).converged
    True
    """
    X, words, y = framed(X, options, y=y)
    fit_options = bundles(X, words)[0]
    warn_of_exposure(y, fit_options)
    return learned_factor(X, y, fit_options, pilot, power, pilot_alpha, criterion)


@check.each_once()
def learned_factor(X, y, options, pilot, power=1.0, pilot_alpha=None, criterion="aicc"):
    """`adaptive_factor`, given the options of the fit; l1_ratio is that of the pilot."""
    power = check.check_number("power", power, 0.0, np.inf, low_open=True, high_open=True)
    check.check_option("criterion", criterion, NAMES)
    X = check.check_design(X)
    if isinstance(pilot, str):
        check.check_option("pilot", pilot, tuple(PILOTS))
        alphas = None if pilot_alpha is None else [check.check_number("pilot_alpha", pilot_alpha, 0.0, np.inf)]
        path = solve_path(X, y, options._replace(l1_ratio=PILOTS[pilot], penalty=None, solver="auto"), Grid(alphas))
        k = 0 if alphas else criteria_of(path, X, y, options).index_best(criterion)
        if path.reasons[k] != "converged":
            raise ValueError(
                f"the pilot at alpha={path.alphas[k]:g} is not certified ({path.reasons[k]!r}, gap "
                f"{path.gaps[k]:.1e}); {remedy_for([path.reasons[k]], larger='choose a larger pilot_alpha')}"
            )
        coef = path.coefs[:, [k]].toarray().ravel()
    else:
        coef = check.check_vector("pilot", pilot, X.shape[1])
    size = np.abs(coef)
    if options.standardize:
        size = size * np.sqrt(column_moments(as_design(X), check.check_weight(options.sample_weight, X.shape[0]))[1])
    factor = check.check_factor(options.penalty_factor, X.shape[1])
    with np.errstate(divide="ignore", over="ignore"):
        adapted = factor / size**power
    return np.where(factor == 0.0, 0.0, np.where(size > 0.0, adapted, np.inf))
