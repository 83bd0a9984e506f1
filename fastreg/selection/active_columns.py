"""The problem on the columns that have a coefficient anywhere on a path, for refits and criteria.

These need the data again, but of X only such columns: they are copied once, and the rest of X is not read.
"""

from typing import NamedTuple

import numpy as np

from fastreg.design.column_products import combine
from fastreg.interface import validation as check
from fastreg.interface.agreement import columns_for, offset_for, rows_for, weights_for
from fastreg.interface.frames import columns_of
from fastreg.objective.own_penalty import rates_of
from fastreg.objective.problem import Problem
from fastreg.paths.setup import build_problem, checked

SAME = 1e-6  # difference of deviance ratios beyond which data are not those of the path's fit


class ActiveColumns(NamedTuple):
    """The problem on the columns with a coefficient anywhere, their numbers, and the loss of the null model."""

    problem: Problem
    columns: np.ndarray
    null: float

    def explained(self, loss):
        """The share of the intercept-only model's deviance that is explained."""
        return np.clip(1.0 - loss / self.null, 0.0, 1.0) if self.null > 0.0 else np.zeros(np.shape(loss))

    def predictor(self, path, k):
        """eta of point k."""
        coef = path.coefs[:, [k]].toarray().ravel()[self.columns]
        eta, used = self.problem.offset + path.intercepts[k], np.flatnonzero(coef)
        combine(self.problem.design, used, coef[used], eta)
        return eta


def active_problem(path, X, y, options):
    """The ActiveColumns of a path, with its family.

    Raises ValueError where X, y, weights or offset are not those of the fit: the deviance explained at the path's last
    point then differs from the one stored.
    """
    if path.lower is not None:
        raise ValueError("the path has bounds on its coefficients, which refits and information criteria do not know")
    y, weight, offset = rows_for(path, X, y=y, sample_weight=options.sample_weight, offset=options.offset)
    X = check.check_design(columns_for(path, X, path.coefs.shape[0]))
    options = checked(options._replace(family=path.family_class or path.family, solver="auto"))
    options = options._replace(sample_weight=weights_for(path, weight), offset=offset_for(path, offset, X.shape[0]))
    columns = np.unique(path.coefs.indices)
    chosen = columns if columns.size else np.array([0])  # a problem needs at least one column
    factor = check.check_factor(options.penalty_factor, X.shape[1])[chosen]
    penalty = None if options.penalty is None else rates_of(options.penalty, X.shape[1]).on(chosen)
    names = [path.feature_names[j] for j in chosen] if path.feature_names else None
    part = X if chosen.size == X.shape[1] else columns_of(X, chosen)
    problem = build_problem(part, y, options._replace(penalty_factor=factor, penalty=penalty, feature_names=names))
    active = ActiveColumns(problem, chosen, problem.loss(problem.start()))
    last = float(active.explained(problem.loss_at(active.predictor(path, -1))))
    if path.alpha_max > 0.0 and abs(last - path.deviance_ratio[-1]) > SAME:
        raise ValueError(
            f"the path's last point explains {100 * last:.4g} % of the deviance of these data, but says "
            f"{100 * path.deviance_ratio[-1]:.4g} %: pass the X, y, sample_weight and offset that it was fitted "
            "with"
        )
    problem.measure(path.work["null_loss"])
    return active


def support_of(path, columns, k):
    """The columns of point k, as ascending positions in `columns`."""
    part = path.coefs.indices[path.coefs.indptr[k] : path.coefs.indptr[k + 1]]
    return np.searchsorted(columns, np.sort(part))
