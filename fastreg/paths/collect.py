"""What a fit has recorded, as a Path."""

import numpy as np
import scipy.sparse as sp

from fastreg.objective.families import FAMILIES
from fastreg.objective.own_penalty import Rates
from fastreg.paths.result import Path


def collect(fit, problem, options):
    """The points of a fit as a Path of the `problem` posed."""
    points, family_class = fit.points, type(problem.family)
    return Path(
        coefs=as_columns([point.columns for point in points], [point.values for point in points], problem.p),
        intercepts=np.array([point.intercept for point in points]),
        family_class=None if family_class in FAMILIES.values() else family_class,
        penalty=problem.penalty if isinstance(problem.penalty, Rates) else None,
        lower=None if problem.bounds is None else problem.bounds.lower.copy(),
        upper=None if problem.bounds is None else problem.bounds.upper.copy(),
        **what_all_paths_hold(fit, problem, options),
    )


def what_all_paths_hold(fit, problem, options):
    """What a Path and a MultiPath have in common, by name."""
    points, recorder, null = fit.points, fit.recorder, fit.null
    work = dict(zip(recorder.COUNTS, fit.problem.spent().counts()))
    work |= {"passes": work["columns_read"] / problem.p, "null_loss": fit.problem.scale}
    return {
        "alphas": fit.alphas[: len(points)].copy(),
        "gaps": np.array([point.gap for point in points]),
        "n_iters": np.array([point.iterations for point in points]),
        "reasons": [point.reason for point in points],
        "deviance_ratio": null.explained(np.array([point.loss for point in points])),
        "family": problem.family.name,
        "l1_ratio": getattr(problem.penalty, "l1_ratio", np.nan),
        "tol": options.tol,
        "alpha_max": null.alpha_max,
        "feature_names": options.names,
        "methods": [point.method for point in points],
        "work": work,
        "trace": recorder.trace(),
        "steps": recorder.table_of_steps(),
        "fit_intercept": problem.fit_intercept,
        "standardize": problem.standardize,
        "penalty_factor": None if options.penalty_factor is None else problem.factor.copy(),
        "has_offset": options.has_offset(),
        "weighted": options.sample_weight is not None and bool(problem.weight.min() < problem.weight.max()),
    }


def as_columns(rows, values, p):
    """A sparse (p, k) array from the rows and values of each of its k columns."""
    indptr = np.concatenate([[0], np.cumsum([part.size for part in rows])]).astype(np.int64)
    parts = np.concatenate(values), np.concatenate(rows).astype(np.int64), indptr
    return sp.csc_array(parts, shape=(p, len(rows)))
