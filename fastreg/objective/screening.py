"""Screening: the sequential strong rule, and the columns whose correlation may reach its threshold.

The strong rule (Tibshirani et al. 2012, JRSS-B 74) assumes that |c_j| changes no faster than the threshold alpha L_j:
column j can be active at the next alpha only if |c_j| >= L_j (2 alpha_next - alpha). It may err, so every point is
certified over all columns afterwards, and violators are added. Where a bound of zero forbids a sign, correlations of
that sign count as zero. With several responses the rule is for units: single coefficients, or rows of them.
"""

import numpy as np

from fastreg.numerics.jit import kernel

MANY = 8  # columns per column wanted, from which a heap is faster than a partition, as few columns change it
NEIGHBOURS = 128  # columns that are tested together, since most are far below their threshold
LONGEST = 2.0  # steps of extrapolated correlations, in steps between the alphas before
RISEN = 0.97  # extrapolated correlation over threshold, from which a column is added
NEAR = 0.7  # correlation over threshold, from which a column is a candidate


def strong_columns(estimate, problem, penalty, previous, contains, most):
    """Units outside the working set that the strong rule keeps at `penalty`, from correlations at alpha `previous`.

    Where alpha is halved or falls by more, the rule keeps every unit. So at most `most` are returned, those of the
    largest correlations; others are added if the certificate finds them in violation.
    """
    alpha, pull = 2.0 * penalty.alpha - previous, problem.pull(estimate)
    found = np.empty(pull.size, dtype=np.int64)
    count = columns_above(pull, 0.0, problem.unit_norms, alpha, problem.unit_l1_rates, contains, found)
    return largest_columns(found[:count], estimate, problem, most)


def rising_columns(earlier, last, problem, penalty, contains):
    """Units outside the working set whose correlations, extrapolated from those at two alphas, would nearly reach their
    threshold at `penalty`; `earlier` and `last` are (alpha, correlations). The strong rule misses those that rise fast.
    """
    (first, before), (second, estimate) = earlier, last
    length = (second - penalty.alpha) / (first - second) if second < first < np.inf else np.inf
    if not 0.0 < length <= LONGEST:
        return np.empty(0, dtype=np.int64)
    pull, found = problem.pull(estimate + length * (estimate - before)), np.empty(contains.size, dtype=np.int64)
    norms, rates = problem.unit_norms, problem.unit_l1_rates
    return found[: columns_above(pull, 0.0, norms, RISEN * penalty.alpha, rates, contains, found)]


def largest_columns(columns, estimate, problem, most):
    """The `most` of the units with the largest correlations, relative to their thresholds."""
    if columns.size <= most:
        return columns
    if columns.size < MANY * most:
        size = np.abs(problem.pull(estimate)[columns]) / problem.unit_l1_rates[columns]
        return np.sort(columns[np.argpartition(-size, most)[:most]])
    largest, sizes = np.full(most, -1), np.full(most, -1.0)
    keep_largest(problem.pull(estimate), problem.unit_l1_rates, columns, sizes, largest)
    return np.sort(largest[largest >= 0])


def reaching_columns(estimate, radius, problem, penalty, contains):
    """Units outside the working set that may exceed their threshold: |c_j| <= |estimate_j| + radius N_j."""
    pull, (radius, norms) = problem.pull(estimate), problem.reach(radius)
    found = np.empty(pull.size, dtype=np.int64)
    return found[: columns_above(pull, radius, norms, penalty.alpha, problem.unit_l1_rates, contains, found)]


def candidate_columns(estimate, problem, penalty, coef):
    """Columns with a nonzero coefficient, and those whose correlation is at least NEAR times their threshold."""
    found, inside, pull = np.empty(problem.p, dtype=np.int64), coef != 0.0, problem.pull(estimate)
    found = found[: columns_above(pull, 0.0, problem.norms, NEAR * penalty.alpha, problem.l1_rates, inside, found)]
    support = np.flatnonzero(coef)
    return np.sort(np.concatenate([support, found])) if support.size else found


@kernel
def columns_above(estimate, radius, norms, alpha, rates, contains, found):
    """Write to `found` the columns with |estimate| + radius * norm >= alpha * rate; returns their number.

    Columns of norm zero and those in `contains` are left out.
    """
    count = 0
    for start in range(0, estimate.size, NEIGHBOURS):
        stop, over = min(start + NEIGHBOURS, estimate.size), 0
        for j in range(start, stop):
            over += 1 if abs(estimate[j]) + radius * norms[j] >= alpha * rates[j] else 0
        if over == 0:
            continue
        for j in range(start, stop):
            if norms[j] > 0.0 and not contains[j] and abs(estimate[j]) + radius * norms[j] >= alpha * rates[j]:
                found[count] = j
                count += 1
    return count


@kernel
def keep_largest(estimate, rates, columns, sizes, largest):
    """Fill a min-heap (`sizes` and `largest`, sizes -1 before) with the columns of largest |estimate| / rate."""
    for j in columns:
        size = abs(estimate[j]) / rates[j]
        if size > sizes[0]:
            place, below = 0, 1
            while below < sizes.size:
                if below + 1 < sizes.size and sizes[below + 1] < sizes[below]:
                    below += 1
                if size <= sizes[below]:
                    break
                sizes[place], largest[place] = sizes[below], largest[below]
                place, below = below, 2 * below + 1
            sizes[place], largest[place] = size, j
