"""Working sets of a problem with several responses: the units a solver may move.

`PairSet` holds single coefficients (j, k) of a multinomial problem with an l1 penalty. To a solver of quadratic models
it looks like a working set of one response, a vector of coefficients and their Hessian: fastreg.solvers serves it.
`RowSet` holds rows of least squares with several responses; its Hessian is one Gram matrix for all of them.
"""

from abc import ABC, abstractmethod

import numpy as np

from fastreg.multi.group_penalties import steering_terms, value
from fastreg.multi.line_search import step_length
from fastreg.multi.problem import pseudo_inverse
from fastreg.multi.products import correlate, expand, pair_products
from fastreg.objective.bounds import unbounded
from fastreg.solvers.anderson_newton import SecantMemory

DAMPING = 1e-6  # share of its curvature, against moves of all classes of a column by the same amount


class MultiSet(ABC):
    """What both share: the columns of X in a block, the units' correlations and penalties."""

    def __init__(self, problem):
        self.problem = problem
        self.features = problem.design.working_block(problem.centre)
        self.place = np.full(problem.p, -1, dtype=np.int64)  # of a column of X in the block
        self.columns = np.empty(0, dtype=np.int64)  # the units
        self.contains = np.zeros(problem.unit_l1_rates.size, dtype=bool)
        self.correlation = np.empty((0, problem.units.size))
        self.gram = np.empty((0, 0))
        self.model_version = 0

    def extend(self, units, residual):
        """Take more units in, and their correlations with the residual."""
        if units.size == 0:
            return
        new = np.unique(self.problem.units.columns_of(units))
        new = new[self.place[new] < 0]
        self.place[new] = self.features.columns.size + np.arange(new.size)
        self.features.extend(new)
        self.problem.work.add(columns=new.size)
        self.columns = np.concatenate([self.columns, units])
        self.contains[units] = True
        self.correlate_all(residual)

    def set_penalty(self, penalty):
        """The penalties of the units."""
        self.l1, self.l2 = penalty.on(self.columns)
        self.alpha, self.ridge_alpha = penalty.alpha, penalty.alpha if self.problem.has_ridge else 0.0

    def correlate(self, state):
        self.correlate_all(state.residual)

    @abstractmethod
    def correlate_all(self, residual):
        """Exact correlations of the working set with the residuals (K, n)."""

    def coef_of(self, state):
        """(units, size) coefficients."""
        return self.problem.units.shaped(state.matrix)[self.columns]

    def gap(self, state):
        """Duality gap of the problem restricted to the working set, to steer by."""
        problem, units = self.problem, self.problem.units
        free = problem.norms[units.columns_of(self.columns)] ** 2
        correlation = self.correlation.reshape(self.columns.size, units.size)
        return float(steering_terms(correlation, self.coef_of(state), self.l1, self.l2, free, problem.scale))


class PairSet(MultiSet):
    """Coefficients (j, k), numbered j K + k, of a softmax. H is that of some earlier mean as long as it serves."""

    ages = True  # the matrix of the model, as the solution moves
    mean: np.ndarray | None = None  # at which H was built

    def __init__(self, problem):
        super().__init__(problem)
        self.secants = SecantMemory()

    @property
    def block(self):
        """For solvers that ask whether a Gram matrix would be too wide: here it never is."""
        return self

    def wide(self):
        return False

    @property
    def penalty(self):
        """(l1_j, l2_j, lower_j, upper_j) of every pair, as kernels take them; there are no bounds."""
        return self.l1, self.l2, *unbounded(self.columns.size)

    def correlate_all(self, residual):
        """Exact correlations of the working set."""
        K = self.problem.K
        self.problem.work.add(columns=self.features.columns.size * K)
        every = correlate(self.features, residual)
        self.correlation = every[self.place[self.columns // K], self.columns % K]

    def update_gram(self, state, anew):
        """H over the pairs at the present mean if `anew`, else extended by new pairs; the intercepts are eliminated.

        Entry (j k, l m) is sum_i w_i x_ij x_il mean_ik (delta_km - mean_im).
        """
        problem, m = self.problem, self.columns.size
        if anew or self.mean is None:
            self.mean, self.gram = state.mean, np.empty((0, 0))  # advancing a state replaces its mean
            self.intercepts = pseudo_inverse(problem.response.intercept_curvature(self.mean))
            self.model_version += 1
        start = self.gram.shape[0]
        if start == m:
            return
        problem.work.add(grams=start == 0)
        fresh = self._rows_of_gram(self.mean, start)
        gram = np.empty((m, m))
        gram[:start, :start] = self.gram
        gram[start:] = fresh
        gram[:start, start:] = fresh[:, :start].T
        self.gram = gram

    def _rows_of_gram(self, mean, start):
        """H's rows from `start` on."""
        problem, K = self.problem, self.problem.K
        places, classes = self.place[self.columns // K], self.columns % K
        weight = np.sqrt(problem.weight)
        gram, cross = pair_products(self.features, places, classes, weight * mean, (weight * mean).T, start)
        np.negative(gram, out=gram)
        np.negative(cross, out=cross)
        for k in range(K):
            own = np.flatnonzero(classes == k)
            root = weight * np.sqrt(mean[k])
            none, known = np.zeros(own.size, dtype=np.int64), int(np.searchsorted(own, start))
            block, sums = pair_products(self.features, places[own], none, root[None], root[:, None], known)
            gram[np.ix_(own[known:] - start, own)] += block
            cross[own, k] += sums[:, 0]
        if problem.fit_intercept:
            gram -= cross[start:] @ self.intercepts @ cross.T
        new = np.arange(start, self.columns.size)
        diagonal = gram[new - start, new]
        gram[:, start:] = 0.5 * (gram[:, start:] + gram[:, start:].T)
        damped = np.sqrt(np.outer(diagonal, np.concatenate([np.diag(self.gram), diagonal])))
        gram += (places[new][:, None] == places) * (DAMPING * damped)
        return gram

    def move(self, state, coef):
        """Step from the current coefficients towards `coef`. Updates the state; returns the length of the step."""
        problem, K = self.problem, self.problem.K
        old = state.coef[self.columns]
        steps = np.zeros((self.features.columns.size, K))
        steps[self.place[self.columns // K], self.columns % K] = coef - old
        problem.work.add(columns=int(np.count_nonzero(steps)))
        change, shift = problem.along(state.mean, expand(self.features, steps))

        def penalty(t):
            return value((old + t * (coef - old))[:, None], self.l1, self.l2)

        # term by term: the difference of two sums would lose the digits of a short step
        move = coef - old
        rise = self.l1 * (np.abs(coef) - np.abs(old)) + 0.5 * self.l2 * (coef + old) * move - self.correlation * move
        slope = float(rise.sum())
        noise = 1e-15 * float(self.l1 @ (np.abs(coef) + np.abs(old)) + np.abs(self.correlation) @ np.abs(move))
        if slope >= 0.0 and slope <= noise:  # coefficients may move far at an unchanged fit; what that adds is rounding
            slope = -noise
        t = step_length(problem, state, change, slope, penalty)
        problem.advance(state, self.features.columns, steps, (change, shift), t)
        if t == 1.0:
            state.coef[self.columns] = coef  # b + (b_new - b) may miss an exact zero
        return t


class RowSet(MultiSet):
    """Rows of the coefficients of least squares with several responses."""

    def correlate_all(self, residual):
        """Exact correlations of the working set, (rows, K)."""
        self.problem.work.add(columns=self.columns.size * self.problem.K)
        self.correlation = np.ascontiguousarray(correlate(self.features, residual))

    def update_gram(self):
        """X_W'WX_W about the means, extended by what is new."""
        problem, m, start = self.problem, self.columns.size, self.gram.shape[0]
        if start == m:
            return
        problem.work.add(grams=start == 0)
        fresh = self.features.gram(problem.weight, start)
        if problem.fit_intercept:  # zero already for columns that are held centred
            sums = self.features.correlate(np.asarray(problem.weight))
            fresh -= np.outer(sums[start:], sums)
        gram = np.empty((m, m))
        gram[:start, :start] = self.gram
        gram[start:] = fresh
        gram[:start, start:] = fresh[:, :start].T
        self.gram = gram

    def move(self, state, coef):
        """Step to `coef`. Updates the state."""
        problem, steps = self.problem, coef - state.matrix[self.columns]
        problem.work.add(columns=int(np.count_nonzero(steps)))
        change, shift = problem.along(state.mean, expand(self.features, steps))
        problem.advance(state, self.columns, steps, (change, shift), 1.0)
        state.matrix[self.columns] = coef
