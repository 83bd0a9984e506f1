"""Coordinate descent with soft-thresholding on a penalised quadratic, in residual form and in Gram form.

Minimise over b on a working set, from a point with residual r and correlations c = X'r,

    -c'd + d'Hd/2 + sum_j [ l1_j |b_j| + l2_j b_j^2 / 2 ],     d = b - b_start,   H = X' diag(h) X about h-means.

One update: b_j <- S(H_jj b_j + c_j, l1_j) / (H_jj + l2_j), clipped to the bounds of b_j. Residual form updates r and
reads one column, which suits sparse columns; Gram form updates c and reads one row of H. Epochs over the whole set
alternate with epochs over the support. Friedman, Hastie and Tibshirani (2010), JSS 33(1). Epochs that do not change the
support are accelerated (solvers.anderson_descent).

The descent ends when, in an epoch over the whole set, the model's duality gap to first order is below the wanted
precision:  sum_j |b_j| |c_j - l1_j sign(b_j) - l2_j b_j|  +  max_j (|c_j| / l1_j - 1)_+  sum_j l1_j |b_j|  +  the
decrease. The maximum is over columns outside the support or, where the model is the loss itself, over all columns
without bounds, as in a certificate. Where l2_j > 0 a column's term may be that of the gap itself,
(c_j - l1_j sign - l2_j b_j)^2 / (2 l2_j), times a margin, if it is smaller: the descent then ends at the gap wanted,
and otherwise far below it. Columns at a bound do not count if c_j pushes them against it.
"""

import math

import numpy as np

from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import allocating_kernel, inlined_kernel, inner_kernel, kernel
from fastreg.numerics.threads import BLOCK
from fastreg.objective.penalties import soft_threshold
from fastreg.solvers.anderson_descent import DEPTH, equations, extrapolate_correlation, extrapolate_residual
from fastreg.solvers.choice import gram_form_pays

SUPPORT_EPOCHS = 10  # epochs over the support between two over the whole working set
MARGIN = 10.0  # growth allowed to a squared term while later columns of the epoch change
SHARE = 0.3  # gap of the model over the gap wanted


@allocating_kernel
def gram_epochs(gram, penalty, coef, correlation, max_epochs, precision, closely):
    """Epochs in Gram form until the model's gap is at most `precision`. Returns (epochs, converged).

    `penalty` is (l1_j, l2_j, lower_j, upper_j); with `closely` the gap is that of a certificate: the smaller terms
    where l2_j > 0, and elsewhere the largest excess of all columns, since it scales the dual point.
    """
    m = coef.size
    history = np.empty((DEPTH, m)), np.empty((DEPTH, m)), equations()
    return descend_by_gram(gram, penalty, coef, correlation, max_epochs, precision, closely, history)


@inner_kernel
def descend_by_gram(gram, penalty, coef, correlation, max_epochs, precision, closely, history):
    """`gram_epochs` with scratch memory `history`, (points, correlations, equations)."""
    l1, l2, lower, upper = penalty
    points, correlations, _ = history
    m, epochs, kept = l1.size, 0, 1
    copy_values(coef, points[0])
    copy_values(correlation, correlations[0])
    while epochs < max_epochs:
        decrease, first = 0.0, 0.0
        for inner in range(SUPPORT_EPOCHS):
            decrease, mismatch, excess, size, steady = 0.0, 0.0, 0.0, 0.0, True
            for j in range(m):
                old, curvature = coef[j], gram[j, j]
                if (inner > 0 and old == 0.0) or curvature <= 0.0:
                    continue
                mismatch, excess, size = violation(penalty, j, old, correlation[j], (mismatch, excess, size), closely)
                new = soft_threshold(curvature * old + correlation[j], l1[j]) / (curvature + l2[j])
                new = min(max(new, lower[j]), upper[j])
                if new != old:
                    coef[j] = new
                    steady = steady and old != 0.0 and new != 0.0
                    change, row = new - old, gram[j]
                    for k in range(m):
                        correlation[k] -= change * row[k]
                    decrease += 0.5 * (curvature + l2[j]) * change * change
            epochs += 1
            if inner == 0 and mismatch + excess * size + decrease <= precision:
                return epochs, True
            kept = kept if steady else 0
            copy_values(coef, points[kept])
            copy_values(correlation, correlations[kept])
            kept += 1
            if kept == DEPTH:
                extrapolate_correlation(penalty, history, coef, correlation)
                copy_values(coef, points[0])
                copy_values(correlation, correlations[0])
                kept = 1
            first = max(first, decrease)
            near = mismatch + decrease <= 0.1 * precision and excess * size <= precision
            if (inner > 0 and near) or decrease <= 1e-17 * first:
                break
            if epochs >= max_epochs:
                break
    return epochs, False


@inlined_kernel
def violation(penalty, j, b, c, parts, closely):
    """Add one coordinate to the parts of the model's gap; `closely` as for `gram_epochs`."""
    mismatch, excess, size = parts
    l1, l2, lower, upper = penalty[0][j], penalty[1][j], penalty[2][j], penalty[3][j]
    if b != 0.0:
        slope = c - (l1 if b > 0.0 else -l1) - l2 * b
        limit = upper - b if slope > 0.0 else b - lower
        if closely and l2 == 0.0 and l1 > 0.0 and limit == math.inf:
            excess = max(excess, abs(c) / l1 - 1.0)
        term = min(abs(b), limit) * abs(slope)
        if closely and l2 > 0.0:
            term = min(term, MARGIN * slope * slope / (2.0 * l2))
        return mismatch + term, excess, size + l1 * abs(b)
    limit = upper if c > 0.0 else -lower
    if closely and l2 > 0.0:
        over = abs(c) - l1
        return mismatch + (MARGIN * over * over / (2.0 * l2) if over > 0.0 and limit > 0.0 else 0.0), excess, size
    if l1 > 0.0 and limit > 0.0:
        return mismatch, max(excess, abs(c) / l1 - 1.0), size
    return mismatch, excess, size


@allocating_kernel
def residual_epochs(design, columns, quadratic, penalty, coef, residual, lift, limits, closely):
    """Epochs in residual form until the model's gap is at most the precision.

    Returns (epochs, converged, lift, columns read).

    `residual` is r - lift * h: the scalar `lift` has the changes of the intercept, so that a sparse column changes only
    its own rows. `quadratic` is (h, H_jj, h-mean of x_j, x_j'h), `limits` (max_epochs, precision, whether to
    accelerate); the others as for `gram_epochs`."""
    depth = DEPTH if limits[2] else 0
    history = np.empty((depth, coef.size)), np.empty((depth, residual.size)), np.empty(depth), equations()
    return descend_by_residual(design, columns, quadratic, penalty, coef, residual, lift, limits, closely, history)


@inner_kernel
def descend_by_residual(design, columns, quadratic, penalty, coef, residual, lift, limits, closely, history):
    """`residual_epochs` with scratch memory `history`, (points, residuals, lifts, equations)."""
    h, curvature, mean, column_h = quadratic
    l1, l2, lower, upper = penalty
    max_epochs, precision, extrapolates = limits
    points, residuals, lifts, _ = history
    epochs, read, kept, level = 0, 0, 1, h[0]
    for i in range(h.size):
        level = level if h[i] == level else -1.0
    if extrapolates:
        copy_values(coef, points[0])
        copy_values(residual, residuals[0])
        lifts[0] = lift
    while epochs < max_epochs:
        decrease, first, support = 0.0, 0.0, 1
        for inner in range(SUPPORT_EPOCHS):
            decrease, mismatch, excess, size, steady = 0.0, 0.0, 0.0, 0.0, True
            if inner * support > columns.size:  # as long as an epoch over the whole set
                break
            support = 1
            for k in range(columns.size):
                old = coef[k]
                if (inner > 0 and old == 0.0) or curvature[k] <= 0.0:
                    continue
                j = columns[k]
                read += 1
                correlation = design.column_dot(j, residual) + lift * column_h[k]
                mismatch, excess, size = violation(penalty, k, old, correlation, (mismatch, excess, size), closely)
                new = soft_threshold(curvature[k] * old + correlation, l1[k]) / (curvature[k] + l2[k])
                new = min(max(new, lower[k]), upper[k])
                support += new != 0.0
                if new != old:
                    coef[k] = new
                    steady = steady and old != 0.0 and new != 0.0
                    read += 1
                    if level > 0.0:  # the same in every row
                        design.column_add(j, (old - new) * level, residual)
                    else:
                        design.column_add_weighted(j, old - new, h, residual)
                    lift += (new - old) * mean[k]
                    decrease += 0.5 * (curvature[k] + l2[k]) * (new - old) ** 2
            epochs += 1
            if inner == 0 and mismatch + excess * size + decrease <= precision:
                return epochs, True, lift, read
            if extrapolates:
                kept = kept if steady else 0
                copy_values(coef, points[kept])
                copy_values(residual, residuals[kept])
                lifts[kept] = lift
                kept += 1
                if kept == DEPTH:
                    lift = extrapolate_residual(h, penalty, history, coef, residual)
                    copy_values(coef, points[0])
                    copy_values(residual, residuals[0])
                    lifts[0], kept = lift, 1
            first = max(first, decrease)
            near = mismatch + decrease <= 0.1 * precision and excess * size <= precision
            if (inner > 0 and near) or decrease <= 1e-17 * first:
                break
            if epochs >= max_epochs:
                break
    return epochs, False, lift, read


@kernel
def weighted_columns(design, columns, h, total, centred, curvature, mean, column_h):
    """Write for each column x_j'h, its h-mean (0 unless centred) and H_jj, the h-weighted square about that mean."""
    for k in range(columns.size):
        j = columns[k]
        column_h[k] = design.column_dot(j, h)
        mean[k] = column_h[k] / total if centred else 0.0
        curvature[k] = design.column_spread(j, mean[k], h, total)


def descend_gram(gram, penalty, coef, correlation, precision, closely=False, max_epochs=20_000):
    """Coordinate descent in Gram form to a model gap of `precision`, in short kernel calls. Returns the epochs."""
    chunk, epochs, done = bounded_epochs(coef.size**2), 0, False
    while not done and epochs < max_epochs:
        most = min(chunk, math.ceil(max_epochs - epochs))
        ran, done = gram_epochs(gram, penalty, coef, correlation, most, SHARE * precision, closely)
        epochs += ran
    return epochs


def bounded_epochs(cost):
    """Epochs of a kernel call that take about 0.1 s, so that a fit can be interrupted."""
    return int(min(max(1e8 / max(cost, 1), 1), 10_000))


class CoordinateDescent:
    """Solves a working set's quadratic model by coordinate descent.

    `form` is "gram", "residual" or "auto", the cheaper of the two: an epoch in residual form reads the working set's
    stored values twice, one in Gram form a row of H for each coefficient that changes, at most |W| |support| values.
    Residual form solves the model to `share` times the gap wanted, and reads at most `passes` |W| columns. Without this
    limit, and with a ridge part, the descent may end at the gap wanted; cold starts, which have it, go on until the
    support is known, which is then solved exactly.
    """

    def __init__(self, form="auto", max_epochs=20_000, passes=np.inf, share=SHARE):
        self.form, self.max_epochs, self.passes, self.share = form, max_epochs, passes, share

    def limit(self, passes, max_epochs):
        """Set the passes and epochs of the next descents, at most."""
        self.passes, self.max_epochs = passes, max_epochs

    def solve(self, working, state, anew, precision, most=np.inf, share=None):
        """(coefficients (m,), their correlations (m,) or None in residual form), after at most `most` epochs."""
        old = state.coef[working.columns]
        most, ridge = min(most, self.max_epochs), working.ridge_alpha > 0.0
        closely = self.passes == np.inf and bool(ridge or working.problem.family.quadratic)
        if self.form == "gram" or (self.form == "auto" and gram_form_pays(working, np.count_nonzero(old))):
            working.update_gram(state, anew)
            coef, correlation = old, working.correlation.copy()
            epochs = descend_gram(working.gram, working.penalty, coef, correlation, precision, closely, most)
            working.problem.work.add(epochs=epochs)
            return coef, correlation
        precision *= self.share if share is None else share
        return self._descend_residual(working, state, precision, most, closely)

    def _descend_residual(self, working, state, precision, most, closely):
        problem, columns, h = working.problem, working.columns, state.curvature
        design, places, shift = working.block.for_kernels()
        quadratic = (h, *self._moments(working, h, design, places, shift))
        coef, residual, lift = state.coef[columns], state.residual.copy(), 0.0
        chunk, epochs, done = bounded_epochs(2 * working.stored()), 0, False
        if self.passes < np.inf:
            # Short calls, to test the columns read. The same for dense and sparse columns, so that results agree.
            chunk = min(chunk, max(SUPPORT_EPOCHS, BLOCK // (problem.n * columns.size)))
        limit = problem.work.columns + self.passes * columns.size
        while not done and epochs < most and problem.work.columns < limit:
            ran, done, lift, read = residual_epochs(
                design, places, quadratic, working.penalty, coef, residual, lift,
                (min(chunk, math.ceil(most - epochs)), precision, working.stored() >= problem.n), closely,
            )  # fmt: skip
            epochs += ran
            problem.work.add(columns=read)
        problem.work.add(epochs=epochs)
        if problem.family.quadratic and h.min() > 0.0:  # else the change in rows without curvature is not known
            working.note_change(coef, (state.residual - residual) / h - lift)
        return coef, None

    def _moments(self, working, h, design, places, shift):
        """(H_jj, h-means, x_j'h) of the columns, (m,) each; known beforehand if h are the weights."""
        problem, m = working.problem, places.size
        if problem.family.quadratic or np.array_equal(h, problem.weight):
            middle = problem.centre[working.columns] - shift
            return working.norms**2, middle, middle
        problem.work.add(columns=2 * m)
        curvature, mean, column_h = np.empty(m), np.empty(m), np.empty(m)
        weighted_columns(design, places, h, h.sum(), problem.fit_intercept, curvature, mean, column_h)
        return curvature, mean, column_h
