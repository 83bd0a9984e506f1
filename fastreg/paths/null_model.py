"""The null model: the intercept and the columns without a penalty, at which every path starts.

It is fitted once for a problem; strategies get its state, loss, residual and X'r.
"""

import math
from functools import cached_property

import numpy as np

from fastreg.objective.duality_gap import levelled
from fastreg.objective.families import FLAT
from fastreg.solvers.automatic_choice import AutomaticChoice
from fastreg.solvers.proximal_newton import ProximalNewton
from fastreg.solvers.ridge.newton import RidgeSystem
from fastreg.solvers.working_set import WorkingSet

LEAST_WEIGHT = 1e-200  # share of the weights, below which the curvature of a row may underflow
PERFECT = 1e-26  # loss that counts as zero, in its own unit: the square of an error of 1e-13 in eta or in alpha_max
LEAST_LOSS = 1e-300  # loss: smallest unit of relative gaps, so that they can be divided by it
LEAST_SHARE = 1e-3  # l1_ratio assumed at least for the top of an automatic grid, which is infinite for ridge
ROOT, MOST_SECANTS = 1e-9, 60  # relative error and secant steps of alpha_max if columns have ridge parts alone
CLOSE = 0.5  # |c_j| / l1_j over the largest, from which a column is read at each of these steps


class NullModel:
    """Intercept and unpenalised columns fitted to rounding; sets `problem.scale`, the unit of relative gaps.

    Attributes
    ----------
    state : State
        Start of a fit, which updates it; the other attributes stay.
    loss : float
        Half the deviance per unit of weight of the model with the intercept alone.
    floor : float
        Loss below which the null model is perfect up to rounding, as for a constant response.
    residual : ndarray of shape (n,)
        Residual of the null model; with an intercept it sums to zero.
    """

    def __init__(self, problem):
        self.problem, self.first = problem, None
        self.state = state = problem.start()
        self.loss = problem.loss(state)
        self._check()
        self.floor = self._perfect_loss()
        problem.measure(max(self.loss, self.floor, LEAST_LOSS))
        if problem.unpenalised.size:
            self._fit_unpenalised()
            loss = problem.loss(state)
            problem.measure(max(loss, self.floor, LEAST_LOSS), self.separates(loss))
        self.residual = self._levelled()

    def _check(self):
        """Raise a ValueError if the null model overflows or underflows float64, or the curvature is not positive."""
        problem, state = self.problem, self.state
        if not math.isfinite(self.loss):
            raise overflow(problem, state)
        flat = (state.curvature <= 0.0) & (problem.weight > LEAST_WEIGHT)
        if flat.any():
            raise no_curvature(problem, state, flat.argmax())
        if problem.fit_intercept and is_flat(problem, state):
            raise underflow(state)

    def _perfect_loss(self):
        """The loss below which the null model is perfect up to rounding, as for a constant y: that of an error of 1e-13
        in eta, relative to eta where that has the unit of y."""
        problem, state = self.problem, self.state
        unit = problem.square_of(state.eta) if math.isinf(problem.longest) else 1.0
        return PERFECT * float(state.curvature.sum()) * unit

    def _fit_unpenalised(self):
        """Fit the columns without a penalty."""
        self._fit(self.state, self.problem.unpenalised, 0.0)

    def _fit(self, state, columns, alpha):
        """Fit some columns without an l1 part at `alpha`, within their bounds, to rounding."""
        problem, penalty = self.problem, self.problem.penalty_at(alpha)
        target = PERFECT * problem.scale
        if problem.bounds is None or problem.bounds.on(columns).infinite().all():
            RidgeSystem(problem, columns).solve(state, penalty.on(columns)[1], target, 100)
            return
        working = WorkingSet(problem)
        working.extend(columns, state.residual)
        working.set_penalty(penalty)
        ProximalNewton(AutomaticChoice()).reduce(problem, state, working, target, 100)

    def _levelled(self):
        """The residual, (n,); with an intercept it sums to zero."""
        return levelled(self.problem, self.state).copy()

    def resume(self, coef, intercept, alpha):
        """Move the state to these coefficients, near the solution at `alpha`; unusable columns keep zero."""
        self._move(self.state, coef, intercept)

    def residual_at(self, coef, intercept):
        """The residual (n,) at these coefficients."""
        state = self.state.copy()
        self._move(state, coef, intercept)
        return state.residual

    def _move(self, state, coef, intercept):
        problem = self.problem
        state.place(slice(None), np.where(problem.usable, coef, 0.0), intercept if problem.fit_intercept else 0.0)
        problem.refresh(state)

    def separates(self, loss):
        """Whether a fit of this loss separates the classes, so that coefficients would grow without bound."""
        return self.problem.family.separates(loss)

    @cached_property
    def correlation(self):
        """X'r, (p,), computed at the first use."""
        return self.problem.correlate(self.residual)

    def read(self, product):
        """Set X'r, computed for several null models at once."""
        self.correlation = product

    @cached_property
    def entry(self):
        """The alpha above which every coefficient with an l1 part is zero; 0 if there is none."""
        if not self.problem.has_l1:
            return 0.0
        alpha, self.first = self._alpha_of(self.problem.l1_rates)
        return alpha

    @cached_property
    def alpha_max(self):
        """The top of an automatic grid: `entry`, with an l1 part of at least LEAST_SHARE of the penalty.

        An l1 penalty has the unit of the response and a ridge penalty has none. So for ridge least squares the response
        is in units of its standard deviation, sqrt(2 null loss).
        """
        problem = self.problem
        if not problem.has_ridge:
            return self.entry
        least = LEAST_SHARE * (problem.l1_rates + problem.l2_rates / problem.spread)
        if not problem.has_l1:
            return self._alpha_of(least)[0] / (np.sqrt(2.0 * problem.scale) if problem.family.quadratic else 1.0)
        least[problem.l1_rates == 0.0] = 0.0
        if np.all(least <= problem.l1_rates):
            return self.entry
        return self._alpha_of(np.maximum(problem.l1_rates, least))[0]

    def _alpha_of(self, rates):
        """(the smallest alpha with |x_j'r| <= alpha rate_j for all usable columns of rate > 0; the state, residual and
        X'r of the solution there, or None if it is the null model)."""
        problem = self.problem
        held = (problem.usable & (rates > 0.0)).nonzero()[0]
        if problem.scale <= self.floor or not held.size:
            return 0.0, None
        alpha = float((np.abs(problem.pull(self.correlation)[held]) / rates[held]).max())
        if not problem.has_l1 or problem.without_l1.size == problem.unpenalised.size:
            return alpha, None
        return self._beside_ridge(rates, held, alpha)

    def _beside_ridge(self, rates, held, alpha):
        """`_alpha_of` if columns have a ridge part alone: a root in alpha, by secants from the `alpha` without these.

        Only columns near their threshold are read at every step, and all of them at the end.
        """
        problem, state, residual, correlation = self.problem, self.state.copy(), self.residual, self.correlation

        def residual_at(alpha):
            self._fit(state, problem.without_l1, alpha)
            return levelled(problem, state)

        def beyond(alpha):
            found = problem.pull(problem.correlate_some(residual_at(alpha), near), near)
            return float((np.abs(found) / rates[near]).max()) - alpha

        near = held[:0]
        while True:
            sizes = np.abs(problem.pull(correlation)[held]) / rates[held]
            if near.size and np.isin(held[sizes > alpha], near).all():
                return alpha, (state, residual, correlation)
            near = np.union1d(near, held[sizes >= CLOSE * sizes.max()])
            alpha = falling_root(beyond, alpha)
            residual = residual_at(alpha)
            correlation = problem.correlate(residual)

    def begin(self):
        """(residual, X'r, alpha) of the solution at which a path begins, to which the state is moved.

        It is the null model, or the solution at `entry` if columns have a ridge part alone.
        """
        alpha = self.entry
        if self.first is None:
            return self.residual, self.correlation, alpha
        state, residual, correlation = self.first
        self.state.restore(state)
        return residual.copy(), correlation, alpha

    def explained(self, loss):
        """Shares of the deviance explained, (k,), in [0, 1], from losses (k,)."""
        if self.alpha_max > 0 or self.loss > self.floor:
            return np.clip(1.0 - loss / self.loss, 0.0, 1.0)
        return np.zeros(loss.size)


def falling_root(function, start):
    """A number just above the root of a decreasing function, by secants safeguarded by a bracket."""
    low, high, at, last = 0.0, np.inf, start, None
    for _ in range(MOST_SECANTS):
        value = function(at)
        if abs(value) <= 0.1 * ROOT * at:
            return at * (1.0 + ROOT)
        low, high = (at, high) if value > 0.0 else (low, at)
        following = at + value
        if last is not None and value != last[1]:
            following = at - value * (at - last[0]) / (value - last[1])
        if not low < following < high:
            following = 2.0 * at if high == np.inf else 0.5 * (low + high)
        last, at = (at, value), following
    return high


def is_flat(problem, state):
    """Whether all means are so close to one end of their range that every curvature is the least value, FLAT.

    With offsets that separate the classes, linear predictors have both signs: then the null model is perfect instead.
    """
    if not float(state.curvature.sum()) <= 2.0 * FLAT:
        return False
    eta = state.eta[problem.weight > 0.0]
    return eta.max() < 0.0 or eta.min() > 0.0


def underflow(state):
    """The ValueError for a null model whose curvature underflows."""
    return ValueError(
        f"underflow: with its best intercept the model without columns has linear predictors near "
        f"{float(np.median(state.eta)):.0f}, where the loss is flat to float64: the weighted mean of y is too small, "
        "or too near its largest value; rescale y, or check sample_weight"
    )


def overflow(problem, state):
    """The ValueError for a null model whose loss is not finite."""
    size = np.where(problem.weight > 0.0, np.abs(state.eta), 0.0)
    row = int(np.argmax(size))
    return ValueError(
        f"overflow: the loss of the model without columns is not a number of float64: with its best intercept the "
        f"linear predictor of row {row} is {state.eta[row]:g}, of which the offset is {problem.offset[row]:g}; "
        "check the offset and the scale of y"
    )


def no_curvature(problem, state, row):
    """The ValueError for a family whose curvature is not above zero."""
    return ValueError(
        f"family {problem.family.name!r} returns a curvature of {state.curvature[row]:g} for row {row} at "
        f"eta = {state.eta[row]:g}; it must be above zero wherever the weight is: return a small number, such as 1e-6 "
        "of the largest curvature, where the second derivative vanishes (fastreg.testing.check_family tells more)"
    )
