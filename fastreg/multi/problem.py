"""A problem with K responses, bound to its data, and the state of a fit."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fastreg.design.row_blocks import in_order
from fastreg.multi.products import correlate, expand
from fastreg.objective.penalties import PenaltyAt
from fastreg.objective.problem import Problem

RARE = 1e-4  # share of the weight: the residuals of a class with less are made to sum to zero by themselves,
LEVELLED, LEVELS = 1e-13, 20  # to this share of the sum of their sizes, in so many rounds at most


class MultiProblem(Problem):
    """Design, response and penalty of K responses; coefficients are a (p, K) matrix.

    What an l1 penalty makes zero together is a unit: one coefficient, or those of a column of X for all responses. l1
    and l2, norms and bounds are there for each unit; only units that are entries have bounds.
    """

    def __init__(self, design, response, units, fit_intercept, penalty, factor, standardize, *, offset=None, **more):
        """`offset` is (K, n), or None; `more` is as for Problem."""
        self.response, self.units, self.K = response, units, response.K
        offset = np.zeros(response.y.shape) if offset is None else offset
        super().__init__(design, response, offset, fit_intercept, penalty, factor, standardize, **more)
        shares = response.y @ response.weight
        self.rare = response.name == "multinomial" and fit_intercept and bool(np.any(shares < RARE))

    @cached_property
    def unit_l1_rates(self):
        return np.repeat(self.l1_rates, self.units.a_column)

    @cached_property
    def unit_l2_rates(self):
        return np.repeat(self.l2_rates, self.units.a_column)

    @cached_property
    def unit_norms(self):
        """The norm of the column that each unit belongs to; zero where bounds of zero leave the unit out."""
        norms = np.repeat(self.norms, self.units.a_column)
        if self.bounds is not None:
            norms[self.bounds.lower == self.bounds.upper] = 0.0
        return norms

    def _first_vectors(self):
        """None: products with many residuals are faster by BLAS, in a read of their own."""
        return np.empty((0, self.n))

    def pull(self, correlation, units=None):
        """The size of each unit's correlations, as far as they could move it away from zero.

        They are (p, K), or those of some units as `correlate_some` has them.
        """
        if self.bounds is None:
            return self.units.sizes(correlation)
        bounds = self.bounds if units is None else self.bounds.on(units)
        return np.abs(bounds.pull(self.units.by_unit(correlation)))

    def by_unit(self, correlation):
        return self.units.by_unit(correlation)

    def reach(self, radius):
        """(radius, norm of each unit), where correlations with response k are within radius_k of their estimates; or
        for the number 0 without any error."""
        return self.units.reach(self.unit_norms, radius) if np.ndim(radius) else (radius, self.unit_norms)

    def unbounded_columns(self, columns):
        """Those of some columns none of whose coefficients has a bound."""
        if self.bounds is None:
            return columns
        return columns[self.bounds.absent(self.p)[columns]]

    def loss_gap(self, state, dual, s):
        if s == 1.0 and dual is state.residual:
            return 0.0
        change = np.zeros(dual.shape)
        np.divide(state.residual - s * dual, self.weight, out=change, where=self.weight > 0.0)
        return self.response.divergence(state.mean, change)

    def penalty_at(self, alpha):
        """The penalty at `alpha`: (l1, l2) of each unit."""
        return PenaltyAt(alpha, self.unit_l1_rates, self.unit_l2_rates)

    def ridge(self, alpha, columns):
        """l2 of some columns of X."""
        return alpha * self.l2_rates[columns]

    def units_of(self, columns):
        """The units of some columns of X."""
        size = self.units.a_column
        return (size * columns[:, None] + np.arange(size)).ravel()

    def share_of(self, units):
        """The share of X's stored values, read once for each response, that lie in some units."""
        return self.design.stored_in(self.units.columns_of(units)) * self.units.size / (self.stored * self.K)

    def start(self):
        """The state with every coefficient zero and the intercepts fitted."""
        eta = self.offset.copy()
        state = MultiState(np.zeros((self.p, self.K)), np.zeros(self.K), eta, eta, eta)
        for _ in range(2):  # the second takes up the rounding of the first, so that constant y are met exactly
            self.linearise(state)
        return state

    def linearise(self, state):
        """Mean and residual at state.eta, after fitting the intercepts (which moves eta)."""
        if self.fit_intercept:
            state.update_mean(self.response, self.response.balance(state.eta, state.intercepts))
        else:
            state.update_mean(self.response)
        if self.rare:
            self.level(state)

    def level(self, state):
        """Fit intercepts of rare classes until each class's residuals sum to zero beside their own size.

        `balance` ends where sums are small beside all residuals. The probability of a rare class is nearly
        proportional to the exponential of its intercept, so that the ratio of sums gives its step.
        """
        weight, wanted = self.response.weight, self.response.y @ self.response.weight
        for _ in range(LEVELS):
            size = np.abs(state.residual).sum(axis=1)
            off = np.abs(state.residual.sum(axis=1)) > LEVELLED * size
            reached = state.mean @ weight
            off &= (wanted > 0.0) & (reached > 0.0)
            if not off.any():
                return
            step = np.log(np.divide(wanted, reached, out=np.ones(self.K), where=off))
            step -= step.mean()
            state.shift(step, step[:, None])
            state.update_mean(self.response)

    def advance(self, state, columns, steps, change, t):
        """Rows of B += t steps, with `change` as `along` has it, and its shift; then linearise."""
        change, shift = change
        state.matrix[columns] += t * steps
        shift = t * (shift - self.centre[columns] @ steps) if self.fit_intercept else 0.0
        state.shift(shift, t * change)
        self.linearise(state)

    def loss(self, state):
        return self.response.loss(state.mean)

    def square_of(self, eta):
        return float((eta**2 @ self.weight).sum())

    def refresh(self, state, block=None):
        """Recompute eta from the coefficients, so that rounding does not pile up over a path; from a `block` of
        columns, if all coefficients outside of it are zero, else from X."""
        columns = np.flatnonzero(state.matrix.any(axis=1)) if block is None else block.columns
        if block is None:
            state.eta[:] = self.expand(columns, state.matrix[columns])
        else:
            state.eta[:] = expand(block, state.matrix[columns])
            self.work.add(columns=int(np.count_nonzero(state.matrix[columns])))
        state.eta[:] += self.offset
        state.eta[:] += (state.intercepts + self.centre[columns] @ state.matrix[columns])[:, None]
        self.linearise(state)

    def correlate(self, residual):
        """One sweep: X'R as a (p, K) matrix, with zeros at columns that are left out."""
        self.work.add(columns=self.p * self.K, sweeps=1)
        out = correlate(self.design, residual)
        out[~self.usable] = 0.0
        return out

    def correlate_some(self, residual, units):
        """Correlations of some units: (units, K) of rows, (units,) of entries."""
        if self.units.together:
            return np.stack([super(MultiProblem, self).correlate_some(row, units) for row in residual], axis=1)
        columns, responses = np.divmod(units, self.K)
        out = np.empty(units.size)
        for k in range(self.K):
            out[responses == k] = super().correlate_some(residual[k], columns[responses == k])
        return out

    def correlate_columns(self, residual, columns):
        """X'R for some columns of X, as a (columns, K) matrix."""
        if in_order(columns, self.p):
            return self.correlate(residual)
        return np.stack([super(MultiProblem, self).correlate_some(row, columns) for row in residual], axis=1)

    def expand(self, columns, steps):
        """((X - centre) steps)', (K, n), for steps (columns, K)."""
        if in_order(columns, self.p):
            self.work.add(columns=self.p * self.K)
            return expand(self.design, steps) - (self.centre @ steps)[:, None]
        return np.stack([self.predict(columns, np.ascontiguousarray(row)) for row in steps.T])

    def along(self, mean, change):
        """(change of eta, shift of the intercepts in it): `change`, which is updated, with the Newton step of the
        intercepts.

        With it residuals go on summing to zero, to first order.
        """
        if not self.fit_intercept:
            return change, np.zeros(self.K)
        shift = self.response.level(mean, change)
        return change, shift


def pseudo_inverse(curvature):
    """The pseudo-inverse of the intercepts' curvature, which is zero along the same step of all classes."""
    values, vectors = np.linalg.eigh(curvature)
    kept = vectors[:, values > 1e-12 * values[-1]]
    return (kept / values[values > 1e-12 * values[-1]]) @ kept.T


@dataclass
class MultiState:
    """Where a fit stands: updated in place and owned by the fit."""

    matrix: np.ndarray  # (p, K) coefficients
    intercepts: np.ndarray  # (K,)
    eta: np.ndarray  # (K, n) linear predictors
    mean: np.ndarray  # (K, n)
    residual: np.ndarray  # (K, n) minus the derivative of the loss in eta

    def update_mean(self, response, mean=None):
        """Compute mean, unless it is given, and residual from eta."""
        self.mean = response.mean(self.eta) if mean is None else mean
        self.residual = response.residual(self.mean)

    def shift(self, intercepts, change):
        """Add to the intercepts and to eta."""
        self.intercepts += intercepts
        self.eta += change

    @property
    def coef(self):
        """The coefficients as a vector, entry j K + k; a view."""
        return self.matrix.reshape(-1)
