"""The null model of a path: the intercept and the columns without a penalty. Every path starts at it.

It is fitted once for a problem, and handed to whatever fits points: its state, its loss, its residual and X'r.
"""

from functools import cached_property

import numpy as np

from fastreg.objective.duality_gap import levelled
from fastreg.objective.families import FLAT
from fastreg.solvers.automatic_choice import AutomaticChoice
from fastreg.solvers.proximal_newton import ProximalNewton
from fastreg.solvers.ridge.newton import RidgeSystem
from fastreg.solvers.working_set import WorkingSet

LEAST_WEIGHT = 1e-200  # share of the weights: a row with less may have a curvature that underflows
PERFECT = 1e-26  # of the loss's own unit: the square of an error of 1e-13, in eta or in alpha_max
LEAST_LOSS = 1e-300  # in the unit of the loss: so that gaps can be divided by it
LEAST_SHARE = 1e-3  # of an automatic grid, whose top would be infinite for ridge
ROOT, MOST_SECANTS = 1e-9, 60  # precision of alpha_max beside columns with a ridge part alone, relative, and steps
CLOSE = 0.5  # of the largest correlation over its rate, from which a column is read at each of these steps


class NullModel:
    """Intercept and unpenalised columns fitted to rounding; sets `problem.scale`, the unit of relative gaps.

    Attributes
    ----------
    state : State
        Where a fit starts. A fit moves it; what else is here stays.
    loss : float
        With the intercept alone, half the deviance per unit of weight.
    floor : float
        A loss below which the null model is perfect up to rounding, as for a constant response.
    residual : ndarray of shape (n,)
        Of the null model; sums to zero under an intercept.
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
        """Raise a ValueError where float64 cannot hold the null model, or the family breaks its contract."""
        problem, state = self.problem, self.state
        if not np.isfinite(self.loss):
            raise overflow(problem, state)
        flat = np.flatnonzero((state.curvature <= 0.0) & (problem.weight > LEAST_WEIGHT))
        if flat.size:
            raise no_curvature(problem, state, flat[0])
        if problem.fit_intercept and is_flat(problem, state):
            raise underflow(state)

    def _perfect_loss(self):
        """Below this loss the null model is perfect up to rounding, as for a constant y: in units of the loss, that of
        an error of 1e-13 in eta, or relative to eta where that has the unit of y."""
        problem, state = self.problem, self.state
        unit = problem.square_of(state.eta) if np.isinf(problem.longest) else 1.0
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
        """The residual, which sums to zero under an intercept."""
        return levelled(self.problem, self.state).copy()

    def resume(self, coef, intercept, alpha):
        """Move the state to these coefficients, near the solution at `alpha`; columns that cannot enter stay out."""
        problem, state = self.problem, self.state
        state.place(slice(None), np.where(problem.usable, coef, 0.0), intercept if problem.fit_intercept else 0.0)
        problem.refresh(state)

    def separates(self, loss):
        """Whether a fit of this loss tells the classes apart, so that coefficients would grow without bound."""
        return self.problem.family.separates(loss)

    @cached_property
    def correlation(self):
        """X'r, (p,), read when it is first asked for."""
        return self.problem.correlate(self.residual)

    def read(self, product):
        """Take in X'r, which was made for several null models at once."""
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

        An l1 penalty has the unit of the response; that of ridge has none, so that for ridge least squares the response
        counts in units of its own spread, sqrt(2 null loss).
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
        """(the alpha above which |x_j'r| <= alpha rate_j for all columns that can enter and whose rate is not zero, the
        solution there where it is not the null model: state, residual and X'r)."""
        problem = self.problem
        held = np.flatnonzero(problem.usable & (rates > 0.0))
        if problem.scale <= self.floor or not held.size:
            return 0.0, None
        alpha = float((np.abs(problem.pull(self.correlation)[held]) / rates[held]).max())
        if not problem.has_l1 or problem.without_l1.size == problem.unpenalised.size:
            return alpha, None
        return self._beside_ridge(rates, held, alpha)

    def _beside_ridge(self, rates, held, alpha):
        """The same given the columns with a ridge part alone, by a root in alpha; it begins at the `alpha` without.

        Only the columns that come near their threshold are read at every step, and all of them at the end.
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
        """(residual, X'r, alpha) of the solution at which a path begins; the state is moved there.

        That is the null model, but beside columns with a ridge part alone, which are then as at `entry`.
        """
        alpha = self.entry
        if self.first is None:
            return self.residual, self.correlation, alpha
        state, residual, correlation = self.first
        self.state.restore(state)
        return residual.copy(), correlation, alpha

    def explained(self, loss):
        """Shares of the deviance that losses (k,) explain, in [0, 1]."""
        if self.alpha_max > 0 or self.loss > self.floor:
            return np.clip(1.0 - loss / self.loss, 0.0, 1.0)
        return np.zeros(loss.size)


def falling_root(function, start):
    """A number just above the one at which a function falls through zero: by secants, in a bracket that shrinks."""
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
    """Whether all means lie so near one end of their range that the curvature is its least everywhere, not the loss's.

    Offsets that tell classes apart leave linear predictors on both sides of zero: there the null model is perfect.
    """
    eta = state.eta[problem.weight > 0.0]
    return float(state.curvature.sum()) <= 2.0 * FLAT and (eta.max() < 0.0 or eta.min() > 0.0)


def underflow(state):
    """The ValueError for a null model whose curvature is lost."""
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
    """The ValueError for a family that breaks its contract."""
    return ValueError(
        f"family {problem.family.name!r} returns a curvature of {state.curvature[row]:g} for row {row} at "
        f"eta = {state.eta[row]:g}; it must be above zero wherever the weight is: return a small number, such as 1e-6 "
        "of the largest curvature, where the second derivative vanishes (fastreg.testing.check_family tells more)"
    )
