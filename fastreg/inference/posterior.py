"""posterior: draws of coefficients, or their normal approximation, under the prior that a penalty is."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from fastreg.design.column_products import is_outer
from fastreg.inference.covariance import ESTIMATED
from fastreg.inference.dispersion import Dispersion
from fastreg.inference.draws import Posterior
from fastreg.inference.fitted import problem_of, sum_of
from fastreg.inference.hamiltonian import Target
from fastreg.inference.likelihood import is_known, log_likelihood
from fastreg.inference.posterior_mode import mode_of, mode_under, prior_sd_of
from fastreg.inference.sampling import Sampled, sample_chains
from fastreg.inference.smooth_objective import SmoothObjective
from fastreg.inference.wald import Request, listed
from fastreg.interface import validation as check
from fastreg.interface.agreement import rows_for
from fastreg.interface.arguments import FormulaOptions, bundles, framed
from fastreg.interface.by_column import by_name
from fastreg.interface.shared_options import takes_options_of
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective.families import sum_of_losses
from fastreg.paths.driver import solve_path
from fastreg.paths.fit_path import fit_path
from fastreg.paths.result import Path

MOST_COLUMNS = 3000  # of a dense metric


@takes_options_of(fit_path)
@one_blas_thread()
def posterior(
    path: Path | str,
    X: Any = None,
    y: ArrayLike | None = None,
    alpha: float | None = None,
    *,
    prior_sd: ArrayLike | dict[str, float] | None = None,
    draws: int = 2000,
    chains: int = 3,
    seed: int = 0,
    sample_weight: ArrayLike | str | None = None,
    offset: ArrayLike | str | None = None,
    weights: str = "precision",
    dispersion: float | str | None = None,
    **options: Unpack[FormulaOptions],
) -> Posterior:
    """Draws from the posterior of the coefficients of a fit, with the penalty as their prior.

    A penalised fit is the mode of the density::

        exp(-W / phi (sum_i w_i loss(y_i, eta_i) + alpha sum_j v_j (rho |b_j| + (1 - rho) b_j^2 / 2)))

    with W the sum of the weights as given, w_i the weights over W, phi the dispersion, rho the `l1_ratio` and v_j the
    penalty's factor, standardization included. The ridge part is a Gaussian prior of standard deviation
    sqrt(phi / (W alpha (1 - rho) v_j)), the l1 part a Laplace prior of rate W alpha rho v_j / phi, and what is not
    penalised, such as the intercept, has a flat one.

    **Weights are real here**: elsewhere in fastreg only their ratios matter, but twice the weights are twice the data,
    and a posterior that is narrower by sqrt(2). At an alpha of its own, more rows mean a narrower prior as well.

    The draws are by Hamiltonian dynamics in the coordinates of the Hessian at the mode, in which most posteriors of
    regressions are nearly standard normal: a few gradients a draw, nothing to tune. Each chain begins at a draw of the
    normal approximation and forgets 500 draws that tune its step.

    Parameters
    ----------
    path : Path or str
        What `fit_path` returned; its family, penalty and other options are used. Or a formula about the frame `data`,
        as for `fit_path`, with the options named below.
    X : {array, sparse matrix, data frame} of shape (n, p), default=None
        The rows, with the columns of the fit. A formula has them from `data`.
    y : array-like of shape (n,), default=None
        Their response. None is that of the formula of a fit by one, from a data frame X.
    alpha : float, default=None
        At which penalty; it need not be on the path. 0 is a flat prior. None is the only alpha of a path of one; of a
        formula it is 0.
    prior_sd : float, array-like of shape (p,) or dict, default=None
        Standard deviations of Gaussian priors of the coefficients, on the scale of X, in place of alpha and the path's
        penalty; infinite ones are flat, as are those of columns that a dict by names leaves out.
    draws : int, default=2000
        Draws of each chain that are kept. 0 is the Laplace approximation: normal about the mode, with the inverse
        Hessian, and the log evidence.
    chains : int, default=3
        How many chains; they run in threads (`set_num_threads`), and their number of threads changes no bit.
    seed : int, default=0
        Of the random numbers.
    sample_weight, offset : as given to the path's fit
        A path does not keep them.
    weights : {"precision", "frequency"}, default="precision"
        What weights are, as in `table`. It matters for an estimated dispersion and for constants of the likelihood.
    dispersion : float, "pearson" or "sample", default=None
        The dispersion phi. A number, or Pearson's statistic over n - k at the mode, is held fixed; None is "pearson"
        for "gaussian" and "gamma", and 1 for "binomial" and "poisson". "sample" draws it with the coefficients, whose
        prior is `prior_sd` or flat: that of sqrt(phi) is half-Cauchy, with the standard deviation of y as its scale for
        "gaussian", and with 1 for "gamma", where sqrt(phi) is the coefficient of variation. The mode is that under
        Pearson's.
    **options : as for `fit_path`
        Of a formula alone.

    Returns
    -------
    Posterior
        Draws, mode, `summary()`, `predict()`, `to_arviz()`.

    Raises
    ------
    ValueError
        For a path with bounds, for more than 3,000 columns, where the mode is not finite or not unique, and where the
        dispersion is not known.

    Notes
    -----
    Under a Laplace prior the mode has zeros and the draws have none: their means are not sparse. The dynamics lose
    accuracy at the kinks, and take more and shorter steps.

    References
    ----------
    Neal (2011), MCMC using Hamiltonian dynamics, Handbook of Markov Chain Monte Carlo, chapter 5. Hoffman and Gelman
    (2014), JMLR 15, 1593-1623, for the step. Tierney and Kadane (1986), JASA 81, 82-86, for Laplace's approximation.
    Park and Casella (2008), JASA 103, 681-686, for Laplace priors. Gelman (2006), Bayesian Analysis 1, 515-534, for
    half-Cauchy priors.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import fit_path, posterior
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2))
    >>> y = rng.gamma(2.0, np.exp(1.0 + 0.5 * X[:, 0]) / 2.0)
    >>> path = fit_path(X, y, family="gamma", alphas=[0.0])
    >>> found = posterior(path, X, y, prior_sd=10.0, draws=500)
    >>> found.names[1:], bool(found.summary()["r_hat"].max() < 1.02)
    (['x0', 'x1'], True)
    """
    fit: Any = path
    if isinstance(path, str):
        if X is not None:
            raise check.ParameterError("a formula is about data=; leave X out")
        fit, X, y, sample_weight, offset = _of_formula(path, y, alpha, prior_sd, sample_weight, offset, options)
    elif X is None:
        raise check.ParameterError("X is None: pass the rows of the path's fit, or a formula and data=")
    elif options:
        raise check.ParameterError(f"{next(iter(options))} is for a formula; a path has that of its fit")
    check.check_option("weights", weights, ("precision", "frequency"))
    if isinstance(dispersion, str):
        check.check_option("dispersion", dispersion, ("pearson", "sample"))
    draws, chains = check.check_count("draws", draws, 0), check.check_count("chains", chains, 1)
    seed = check.check_count("seed", seed, 0)
    if prior_sd is not None and alpha is not None:
        raise ValueError("alpha and prior_sd both say what the prior is; pass one of them")
    sampled = isinstance(dispersion, str) and dispersion == "sample"
    fixed = "pearson" if sampled else dispersion
    prior_sd = by_name("prior_sd", prior_sd, fit.feature_names, fit.encoding, np.inf)
    request = Request(weights == "frequency", fixed, True, "model", None, "posterior", None, 0.95)
    with check.each_once():
        y, sample_weight, offset = rows_for(fit, X, y=y, sample_weight=sample_weight, offset=offset)
        start = problem_of(fit, X, y, 1.0 if prior_sd is not None else alpha, sample_weight, offset)
        _refuse(start)
        given = y, sample_weight, offset
        if prior_sd is None:
            mode = mode_of(fit, start, given, request)
        else:
            mode = mode_under(fit, start, given, request, prior_sd)
    if sampled:
        _refuse_sampled(mode, prior_sd, draws)
    return _posterior_of(mode, request, draws, chains, seed, sampled)


def _of_formula(formula, y, alpha, prior_sd, sample_weight, offset, options):
    """(Path of one alpha, X as it was read, y, sample_weight, offset)."""
    if prior_sd is not None and "l1_ratio" in options:
        raise check.ParameterError("prior_sd and l1_ratio both say what the prior is; l1_ratio is that of alpha")
    rows = {"sample_weight": sample_weight, "offset": offset}
    flat = prior_sd is None and not alpha  # else categories keep all levels
    X, words, y = framed(formula, {**options, **rows, "alphas": [0.0] if flat else None}, y=y)
    words["alphas"] = [alpha or 0.0]
    if prior_sd is not None:
        p = len(words["feature_names"])
        sd = prior_sd_of(by_name("prior_sd", prior_sd, words["feature_names"], words["encoding"], np.inf), p)
        total = sum_of(words["sample_weight"], len(y))
        words |= {"l1_ratio": 0.0, "penalty_factor": np.broadcast_to(sd, p) ** -2.0, "alphas": [1.0 / total]}
    fit_options, grid, watching = bundles(X, words)
    path = solve_path(X, y, fit_options, grid, watching)
    return path, X, y, words["sample_weight"], words["offset"]


def _refuse_sampled(mode, prior_sd, draws):
    family = mode.fitted.problem.family
    if family.name not in ESTIMATED:
        raise ValueError(f"dispersion='sample' is for {' and '.join(map(repr, ESTIMATED))}, not for {family.name!r}")
    if prior_sd is None and (np.any(mode.l1 > 0.0) or np.any(mode.l2 > 0.0)):
        raise ValueError(
            "a penalty at alpha is a prior that depends on the dispersion, and dispersion='sample' needs one that does "
            "not: pass prior_sd=, or alpha=0 for a flat prior"
        )
    if not draws:
        raise ValueError("draws=0 draws nothing, nor a dispersion; pass dispersion='pearson'")


def _refuse(fitted):
    if fitted.problem.bounds is not None:
        raise ValueError(
            "bounds cut the posterior off, which the sampler does not know; pass a path without bounds, or use "
            "fastreg.table for intervals given which coefficients are at their bounds"
        )
    count = int(np.count_nonzero(fitted.problem.usable))
    if count > MOST_COLUMNS:
        raise ValueError(
            f"a posterior of {count:,} columns needs a dense metric of their square; at most {MOST_COLUMNS:,} are "
            "possible. Fit a path to the columns that a lasso keeps, on other rows than it was chosen on"
        )


def _posterior_of(mode, request, draws, chains, seed, sampled):
    problem, unit = mode.fitted.problem, mode.unit
    columns, first = np.flatnonzero(problem.usable), int(problem.fit_intercept)
    objective = SmoothObjective(problem, columns, mode.l2[first:], problem.offset)
    eta = objective.eta(mode.theta)
    loss = sum_of_losses(problem.family, eta)
    value = loss + mode.l1 @ np.abs(mode.theta) + 0.5 * mode.l2 @ mode.theta**2
    design, places = problem.design, columns
    if is_outer(design):  # draws read column by column
        design, places = design.whole(columns), np.arange(columns.size)
    target = Target(
        design, problem.family, places, problem.centre[columns], problem.offset, mode.l1, mode.l2, mode.theta,
        np.asfortranarray(mode.factor.root / np.sqrt(unit)), float(unit), float(unit * value), first,
    )  # fmt: skip
    if draws:
        law = None
        if sampled:
            total = mode.fitted.total
            law = Dispersion(
                problem.family, eta, total * problem.weight, total * loss, mode.dispersion, request.frequency
            )
        found = sample_chains(target, draws, chains, seed, law)
    else:
        if np.any(mode.l1 > 0.0):
            raise ValueError(
                "a posterior under a Laplace prior has no normal approximation at its mode, which is a kink: pass "
                "draws=2000, or prior_sd= for Gaussian priors"
            )
        found = Sampled(np.empty((chains, 0, mode.theta.size)), np.empty(0), np.empty(0), 0, 0)
    T = objective.to_user()
    title, notes = _words(mode, columns, found)
    return Posterior(
        [*["(intercept)"] * first, *(mode.fitted.names[j] for j in columns)], found.draws @ T.T, T @ mode.theta,
        T @ (mode.factor.inverse() / unit) @ T.T, mode.path, columns, mode.dispersion,
        np.nan if sampled else _log_evidence(mode, eta, request.frequency), request.frequency, found.acceptance,
        found.steps, found.gradients, found.divergent, title, notes, found.dispersions,
    )  # fmt: skip


def _log_evidence(mode, eta, frequency):
    """log of the integral of likelihood times prior about the mode."""
    problem = mode.fitted.problem
    if np.any(mode.l1 > 0.0) or not is_known(type(problem.family)):
        return np.nan
    weight = mode.fitted.total * problem.weight
    rows = log_likelihood(type(problem.family), problem.family.y, eta, weight, mode.dispersion, frequency)
    precision = mode.unit * mode.l2
    proper = precision > 0.0
    prior = 0.5 * np.log(precision[proper] / (2.0 * np.pi)).sum() - 0.5 * precision @ mode.theta**2
    size = mode.theta.size
    volume = 0.5 * (size * np.log(2.0 * np.pi / mode.unit) - mode.factor.log_determinant())
    return float(rows.sum() + prior + volume)


def _dispersion_words(mode, found):
    if found.dispersions is not None:
        return f"drawn, {found.dispersions.mean():.4g} on average"
    return f"{mode.dispersion:.4g}{' (Pearson, held fixed)' if mode.estimated else ''}"


def _words(mode, columns, found):
    problem, fitted = mode.fitted.problem, mode.fitted
    l1, ridge = bool(np.any(mode.l1 > 0.0)), bool(np.any(mode.l2 > 0.0))
    prior = " and ".join(["Laplace"] * l1 + ["Gaussian"] * ridge) + " prior" if l1 or ridge else "flat prior"
    chains, count = found.draws.shape[:2]
    kind = f"{chains} chains of {count:,} draws" if count else "Laplace approximation"
    title = (
        f"{problem.family.name}, {prior}, {fitted.rows:,} rows of total weight {fitted.total:,.10g}, dispersion "
        f"{_dispersion_words(mode, found)}, {kind}"
    )
    notes = [f"mode certified: relative duality gap {mode.path.gaps[0]:.1e} at alpha {fitted.alpha:.4g}"]
    if l1:
        notes.append("draws under a Laplace prior are never zero, though the mode is")
    if found.divergent:
        notes.append(
            f"{found.divergent:,} of {chains * count:,} trajectories diverged, so that parts of the density may be "
            "missing: a smaller prior_sd, or a larger alpha, makes it rounder"
        )
    if problem.left_out.size:
        notes.append(
            f"left out, being constant, excluded or the level of reference: {listed(fitted.names, problem.left_out)}"
        )
    return title, notes
