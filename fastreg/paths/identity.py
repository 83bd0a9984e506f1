"""What tells one fit from another: numbers that depend on every value of its data, and its options by name.

A vector v is represented by  sum_j cos(j) v_j,  the root of its sum of squares, and the same sum over the signs of its
infinite values. A value that differs, or lies elsewhere, changes the first; processors that round differently change it
far less than `SAME`. X is represented by its columns' means, norms and correlations with the null model's residual,
which a fit computes in any case, so that every value of X counts and none is read for this.
"""

import numpy as np

SAME = 1e-12  # difference of the first number of two vectors over the second, up to which they count as equal
SAME_X = 1e-10  # the same for what is computed from X, whose sums have rounding errors
SMALL = 1e-6  # norm over mean of a column, below which the norm has lost too many digits to be compared


def options_of(fit, problem, options):
    """The options by name, as plain data."""
    return {
        "shape of X": [problem.n, problem.p], "family": problem.family.name, "fit_intercept": problem.fit_intercept,
        "standardize": problem.standardize, "tol": options.tol, "solver": options.solver,
    }  # fmt: skip


def data_of(fit, problem, weights):
    """What represents the data by name, (vectors, 3) each; `problem` is the user's, of which `fit` may be a reduction,
    and `weights` names where the rows' weights are from.

    X is near the end, since correlations depend on y and weights, and the alphas on all.
    """
    l1, l2 = problem.penalty.rates(problem.p)
    limits = () if problem.bounds is None else (problem.bounds.lower, problem.bounds.upper)
    given = {
        "y": [problem.family.y], weights: [problem.weight], "offset": [problem.offset],
        "the penalty (l1_ratio, penalty or penalty_factor)": [problem.factor, l1, l2],
        "lower or upper": limits, "X": of_columns(fit, problem), "alphas": [fit.alphas],
    }  # fmt: skip
    return {name: np.array([represented(each) for each in vectors]) for name, vectors in given.items()}


def of_columns(fit, problem):
    """Vectors (p,) that depend on every value of X, with numbers of size one."""
    norms, centre, correlation = problem.norms, problem.centre, fit.null.correlation
    size = np.hypot(norms, centre)
    unit = np.sqrt(problem.weight @ problem.weight) + np.sqrt(fit.problem.scale)
    relative = np.divide(centre, size, out=np.zeros(size.size), where=size > 0.0)
    pull = np.divide(correlation, norms * unit, out=np.zeros(size.size), where=norms > 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.hypot(norms, SMALL * np.abs(centre))), relative, pull


def represented(vector):
    """Three numbers for a vector, see above."""
    finite = np.isfinite(vector)
    mixed, values = np.cos(np.arange(finite.size)), np.where(finite, vector, 0.0)
    signs = np.sign(np.where(finite, 0.0, vector))
    return float(mixed @ values), float(np.sqrt(values @ values)), float(mixed @ signs)


def differences(options, data, other_options, other_data):
    """The names of what differs; of the data the first alone, since what follows depends on it."""
    differ = [name for name, value in options.items() if other_options.get(name) != value]
    if differ:
        return differ
    given = [name for name in data if name not in ("X", "alphas") and differs(data[name], other_data.get(name), SAME)]
    later = [name for name in ("X", "alphas") if differs(data[name], other_data.get(name), SAME_X)]
    return given or later[:1]


def differs(data, other, same):
    """Whether two representations are of different vectors."""
    if other is None or other.shape != data.shape or not data.size:
        return other is None or other.shape != data.shape
    far = same * (np.sqrt(data.shape[1]) + data[:, 1]) if same == SAME_X else same * data[:, 1]
    return bool(np.any(~(np.abs(data[:, :2] - other[:, :2]) <= far[:, None])) or np.any(data[:, 2] != other[:, 2]))
