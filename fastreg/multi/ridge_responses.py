"""Ridge for several responses of one X: one factorisation serves all of them, and each fit is certified."""

from dataclasses import dataclass

import numpy as np

from fastreg.interface import validation as check
from fastreg.objective.families import Gaussian
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.null_model import NullModel
from fastreg.paths.plan import shared_factor_form
from fastreg.paths.ridge import Ridge, solve_together, together
from fastreg.paths.setup import build_problem, checked
from fastreg.solvers.ridge.spectrum import ridge_spectrum


@dataclass
class RidgeTargets:
    """Fits of t responses: coefs (t, p), and for each its intercept, relative and absolute gap, steps and reason."""

    coefs: np.ndarray
    intercepts: np.ndarray
    gaps: np.ndarray
    dual_gaps: np.ndarray
    n_iters: np.ndarray
    reasons: list[str]


def ridge_problem(X, responses, options):
    """The Problem of X and the first of t responses (n, t), all of them checked; `with_response` makes the others."""
    for column in responses.T[1:]:
        check.check_response(column, X.shape[0], Gaussian)
    return build_problem(X, responses[:, 0], checked(options._replace(family=Gaussian, l1_ratio=0.0)))


def shared_factors(problem, alphas):
    """What all fits at these alphas share: the factors that `shared_factor_form` chooses, or None if X is too large."""
    form = shared_factor_form(problem, alphas)
    return None if form is None else ridge_spectrum(problem, float(np.min(alphas)), form)


def fit_targets(problem, responses, alphas, tol, *, spectrum=None, max_iter=1000):
    """Fit every column of responses (n, t) at its own alpha (t,), on the scale of fit_path. Returns RidgeTargets."""
    points, scales, step = [], [], together(problem)
    for start in range(0, responses.shape[1], step):
        some, block = alphas[start : start + step], responses[:, start : start + step]
        solved = _solved(problem, spectrum, block, some)
        for alpha, column, known in zip(some.tolist(), block.T, solved):
            null = NullModel(problem.with_response(check.read_only(np.ascontiguousarray(column))))
            ridge = Ridge(Fit(null, np.array([alpha]), Recorder(null.problem, 0.0, 1), tol, max_iter))
            if known is not None:
                ridge.given(spectrum, alpha, known)
            points.append(ridge.solve(alpha))
            scales.append(null.problem.scale)
    coefs = np.zeros((len(points), problem.p))
    for row, point in zip(coefs, points):
        row[point.columns] = point.values
    gaps = np.array([point.gap for point in points])
    return RidgeTargets(
        coefs=coefs,
        intercepts=np.array([point.intercept for point in points]),
        gaps=gaps,
        dual_gaps=gaps * np.array(scales),
        n_iters=np.array([point.iterations for point in points]),
        reasons=[point.reason for point in points],
    )


def _solved(problem, spectrum, responses, alphas):
    """Points of `solve_together`; or none, each then to be solved by itself, where a Cholesky factor does not exist."""
    if spectrum is not None:
        try:
            return solve_together(problem, spectrum, responses, alphas)
        except np.linalg.LinAlgError:
            pass
    return [None] * alphas.size


def fold_predictions(problem, responses, alphas, form="auto"):
    """Predictions of every row, (t, n, k), by fits to the rows of positive weight at each alpha >= 0."""
    spectrum = ridge_spectrum(problem, float(alphas.min()), form)
    out = np.empty((responses.shape[1], problem.n, alphas.size))
    for fitted, column in zip(out, responses.T):
        coefs, intercepts = spectrum.solve(column[:, None], alphas)
        fitted[:] = problem.predict_many(coefs) + intercepts
    return out
