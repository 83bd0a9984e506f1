"""Which columns may matter: the sequential strong rule, and the columns whose correlation bound reaches the threshold.

The strong rule (Tibshirani et al. 2012, JRSS-B 74) expects |c_j| to change no faster than alpha: a column can be active at
the next alpha only if |c_j| >= v_j rho (2 alpha_next - alpha). It may err, so every point is certified over all
columns afterwards and violators are taken in.
"""

import numpy as np


def strong_columns(estimate, problem, penalty, previous_l1, contains, most):
    """Columns outside the working set that the strong rule expects at `penalty`, from correlations at the last point.

    Where alpha falls by half or more at once the rule expects every column; then only the `most` of the largest
    correlations are taken, and the certificate brings in what they leave out.
    """
    threshold = (2.0 * penalty.l1 - previous_l1) * problem.lasso_factor
    expected = np.flatnonzero((np.abs(estimate) >= threshold) & problem.usable & ~contains)
    if expected.size > most:
        size = np.abs(estimate[expected]) / problem.lasso_factor[expected]
        expected = np.sort(expected[np.argpartition(-size, most)[:most]])
    return expected


def reaching_columns(estimate, radius, problem, penalty, contains):
    """Columns outside the working set whose correlation may exceed the threshold: |c_j| <= |estimate_j| + radius N_j."""
    bound = np.abs(estimate) + radius * problem.norms
    return np.flatnonzero((bound > penalty.l1 * problem.lasso_factor) & problem.usable & ~contains)
