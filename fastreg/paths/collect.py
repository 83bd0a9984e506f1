"""What a fit has recorded, as a Path."""

import numpy as np
import scipy.sparse as sp

from fastreg.objective.families import FAMILIES
from fastreg.paths.result import Path


def collect(fit, problem, terms):
    """The points of a fit as a Path of the `problem` posed."""
    points, record, null, family_class = fit.points, fit.record, fit.null, type(problem.family)
    counts = [point.columns.size for point in points]
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    indices = np.concatenate([point.columns for point in points]).astype(np.int64)
    values = np.concatenate([point.values for point in points])
    coefs = sp.csc_array((values, indices, indptr), shape=(problem.p, len(points)))
    loss = np.array([point.loss for point in points])
    work = dict(zip(record.COUNTS, fit.problem.spent().counts()))
    work |= {"passes": work["columns_read"] / problem.p, "null_loss": fit.problem.scale}
    return Path(
        alphas=fit.alphas[: len(points)].copy(),
        coefs=coefs,
        intercepts=np.array([point.intercept for point in points]),
        gaps=np.array([point.gap for point in points]),
        n_iters=np.array([point.iterations for point in points]),
        reasons=[point.reason for point in points],
        deviance_ratio=null.explained(loss),
        family=family_class.name,
        l1_ratio=problem.l1_ratio,
        tol=terms.tol,
        alpha_max=null.alpha_max,
        feature_names=terms.names,
        methods=[point.method for point in points],
        work=work,
        family_class=None if family_class in FAMILIES.values() else family_class,
        trace=record.trace(),
        steps=record.table_of_steps(),
        fit_intercept=problem.fit_intercept,
        standardize=problem.standardize,
        penalty_factor=None if terms.penalty_factor is None else problem.factor.copy(),
        lower=None if problem.bounds is None else problem.bounds.lower.copy(),
        upper=None if problem.bounds is None else problem.bounds.upper.copy(),
        has_offset=terms.has_offset(),
        weighted=terms.sample_weight is not None and bool(problem.weight.min() < problem.weight.max()),
    )
