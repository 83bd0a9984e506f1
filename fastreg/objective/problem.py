"""Problem: the objective bound to its data. State: coefficients, linear predictor and residual of a fit."""

import math
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastreg.design.column_products import combine, correlate_columns, first_of
from fastreg.design.protocol import Design
from fastreg.numerics.jit import kernel
from fastreg.objective.bounds import Bounds, unbounded
from fastreg.objective.families import DEFAULTS, balance, constant_of, linearise, row_divergence, sum_of_losses
from fastreg.objective.penalties import PenaltyAt
from fastreg.objective.protocol import Family, Penalty

CONSTANT = 1e-10  # standard deviation over mean, below which a column is constant up to rounding
# Standard deviation (root mean square without an intercept) below which the square underflows in float64.
SMALLEST = 1e-150


@kernel
def judge(mean, deviation, factor, fit_intercept, norms, usable, tiny):
    """Write columns' norms, and whether they are usable and tiny, from their means and variances (`deviation`).

    Replaces `deviation` by its square root. Returns whether all moments are finite.
    """
    finite = True
    for j in range(mean.size):
        size, square = abs(mean[j]), deviation[j]
        finite = finite and math.isfinite(size) and math.isfinite(square)
        deviation[j] = math.sqrt(square)
        about = deviation[j] if fit_intercept else math.hypot(deviation[j], size)
        stored = square > 0.0 or size > 0.0
        tiny[j] = stored and about < SMALLEST and size < SMALLEST / CONSTANT
        varies = not fit_intercept or deviation[j] > CONSTANT * size
        usable[j] = stored and varies and not tiny[j] and math.isfinite(factor[j])
        norms[j] = about if usable[j] else 0.0
    return finite


@dataclass
class Work:
    """Counts of work done by a fit. `columns` are columns of X that were read for products; p of them are one pass."""

    columns: int = 0
    sweeps: int = 0
    iterations: int = 0
    epochs: int = 0
    pivots: int = 0
    grams: int = 0

    def add(self, columns=0, sweeps=0, iterations=0, epochs=0, pivots=0, grams=0):
        """Add to the counts."""
        self.columns += columns
        self.sweeps += sweeps
        self.iterations += iterations
        self.epochs += epochs
        self.pivots += pivots
        self.grams += grams

    def counts(self):
        return self.columns, self.sweeps, self.iterations, self.epochs, self.pivots, self.grams


class CalledOff(Exception):
    """Raised within a fit to end it, when its result is no longer needed."""


@dataclass
class Problem:
    """Design, family with response and weights, offset, penalty and bounds, and each column's mean, norm and rates.

    Columns that are constant beside an intercept, zero, `tiny`, of infinite factor or bounded to zero are not `usable`:
    their coefficients are zero. At alpha column j has the penalty alpha (L_j |b_j| + R_j b_j^2 / 2), with L in
    `l1_rates` and R in `l2_rates`. Columns `with_l1` have L_j > 0; those `without_l1` are in the model at every alpha.
    The latter are `unpenalised` if R_j = 0, and `free` if they have no bounds either.
    """

    design: Design
    family: Family
    offset: np.ndarray
    fit_intercept: bool
    penalty: Penalty
    factor: np.ndarray
    standardize: bool
    work: Work = field(default_factory=Work)
    moments: tuple[np.ndarray, np.ndarray] | None = (
        None  # weighted mean and variance of every column, (p,) each, where they are known
    )
    watcher: Callable[["State", float], Any] | None = None  # called with (state, gap) after a solver's step
    bounds: Bounds | None = None  # of every unit; None where no coefficient has bounds
    called_off: bool = False  # set by another thread to end the fit
    scale: float = math.nan  # the null model's loss, the unit of relative gaps; set after it is fitted
    unbounded: bool = False  # whether unpenalised columns separate the classes
    wanted: np.ndarray | None = None  # residuals (k, n) whose products will be asked for
    read_first: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)  # residuals of known X'r, with these

    is_reduced = False  # whether it is the reduced problem of gram_reduction
    in_blocks_of_rows = False  # whether sums over rows are all that is known of X
    K = 1  # responses

    def __post_init__(self):
        n, p = self.design.shape
        self.n, self.p = n, p
        self.weight = self.family.weight
        self.loss_constant = constant_of(self.family)
        self.stored = max(self.design.stored_in(np.arange(p)), 1)
        own = {name: getattr(self.family, name, DEFAULTS[name]) for name in ("bend", "longest", "tight")}
        self.bend, self.longest, self.tight = own["bend"], own["longest"], own["tight"]
        self.begun: Any = None  # (family, the state that `start` returns for it), where that has been computed
        if self.moments is None:
            mean, deviation = self._read()
        else:
            mean, deviation = self.moments[0], self.moments[1].copy()
        self.norms, self.usable, self.tiny = np.empty(p), np.empty(p, dtype=bool), np.empty(p, dtype=bool)
        entering = self.factor
        if self.bounds is not None:  # bounds of zero on both sides leave a column out
            entering = np.where(self.bounds.movable(p), entering, np.inf)
        self.finite = judge(mean, deviation, entering, self.fit_intercept, self.norms, self.usable, self.tiny)
        self.columns, self.left_out = self.usable.nonzero()[0], (~self.usable).nonzero()[0]
        self.centre = mean if self.fit_intercept else np.zeros(p)
        factor = np.where(self.usable, self.factor, 1.0) if self.left_out.size else self.factor
        l1, l2 = self.penalty.rates(p)
        self.has_l1, self.has_ridge = bool(np.count_nonzero(l1)), bool(np.count_nonzero(l2))
        lasso = np.count_nonzero(l1 == 1.0) == p  # which keeps one vector of length p less
        self.l1_rates = factor if lasso else l1 * factor
        self.l2_rates = l2 * factor
        self.spread: float | np.ndarray = 1.0
        if self.standardize:
            self.spread = np.where(deviation <= CONSTANT * np.abs(mean), 1.0, deviation)
            self.l1_rates, self.l2_rates = self.l1_rates * self.spread, self.l2_rates * self.spread**2
        self.with_l1 = self.penalised = self.usable & (self.l1_rates > 0.0)
        self.free = self.unpenalised = self.without_l1 = (self.usable & ~self.with_l1).nonzero()[0]
        if self.has_ridge:
            self.penalised = self.with_l1 | (self.usable & (self.l2_rates > 0.0))
            self.free = self.unpenalised = np.flatnonzero(self.usable & ~self.penalised)
        if self.bounds is not None:
            self.free = self.free[self.bounds.absent(p)[self.free]]

    def _read(self):
        """Mean and variance of every column. The X'r that will be asked for are read together with them."""
        vectors = self._first_vectors()
        (mean,), (deviation,), products = first_of(self.design, self.weight[None], vectors)
        self.read_first = list(zip(vectors, products))
        self.work.add(columns=self.p * self.K, sweeps=int(len(vectors) > 0))
        return mean, deviation

    def _first_vectors(self):
        """Residuals (k, n) whose products are read together with the moments: at the start, and those `wanted`."""
        state = self.start()
        self.begun = self.family, state
        return np.array([state.residual, *(() if self.wanted is None else self.wanted)])

    def penalty_at(self, alpha: float) -> PenaltyAt:
        return PenaltyAt(alpha, self.l1_rates, self.l2_rates)

    def correlate(self, residual):
        """One sweep: X'r, with zeros at columns that are left out; (p, k) for the k rows of a matrix."""
        known = self._known_products(residual) if self.read_first else None
        if known is not None:
            out = known[0] if residual.ndim == 1 else np.array(known).T
        else:
            self.work.add(columns=self.p, sweeps=1)
            out = self.design.correlate(residual) if residual.ndim == 1 else self.design.correlate_each(residual).T
        self.read_first = []
        out[self.left_out] = 0.0
        return out

    def knows(self, residual):
        """Whether X'r, of every row of a matrix, was read together with the moments; until X'r is first asked for."""
        return self._known_products(residual) is not None

    def _known_products(self, residual):
        """X'r of every row of a matrix, a list, if all were read together with the moments; else None."""
        found = []
        for each in (residual,) if residual.ndim == 1 else residual:
            product = next((product for r, product in self.read_first if np.array_equal(r, each)), None)
            if product is None:
                return None
            found.append(product)
        return found

    def varies(self, j, rows):
        """Whether column j has distinct values in rows, a mask."""
        values = self.design.gather(np.array([j]))[rows, 0]
        return bool(np.any(values != values[0]))

    def units_of(self, columns):
        """The units of some columns: what an l1 penalty makes zero together. Here a unit is a column."""
        return columns

    def bounds_on(self, units):
        """The bounds of some units, infinite where there are none."""
        return unbounded(units.size) if self.bounds is None else self.bounds.on(units)

    def by_unit(self, correlation):
        """Correlations of the units, a view of those of the columns with each response."""
        return correlation

    def reach(self, radius):
        """(radius, norm of each unit): their product bounds the error of estimated correlations, see References."""
        return radius, self.norms

    @property
    def unit_norms(self):
        """The norm of the column that each unit belongs to."""
        return self.norms

    @property
    def unit_l1_rates(self):
        """L of each unit."""
        return self.l1_rates

    def loss_gap(self, state, dual, s):
        """The rows' terms of the duality gap at the dual point s * dual, see fastreg.objective.duality_gap."""
        if s == 1.0 and dual is state.residual and self.tight:
            return 0.0
        return row_divergence(self.family, state.eta, state.residual, dual, s)

    def pull(self, correlation, units=None):
        """X'r, of some units if given, with zeros where bounds forbid the coefficient's sign (Bounds.pull)."""
        if self.bounds is None:
            return correlation
        return (self.bounds if units is None else self.bounds.on(units)).pull(correlation)

    def share_of(self, columns):
        """The share of X's stored values that lie in some columns."""
        return self.design.stored_in(columns) / self.stored

    def correlate_many(self, residuals):
        """X'R for several residuals (n, k), in one pass; zeros at columns that are left out."""
        self.work.add(columns=self.p, sweeps=1)
        out = self.design.correlate_many(residuals)
        out[self.left_out] = 0.0
        return out

    def predict_many(self, coefs):
        """X C for several vectors of coefficients (p, k), in one pass."""
        self.work.add(columns=self.p, sweeps=1)
        return self.design.predict_many(coefs)

    def gram(self, columns, h=None):
        """(X - centre)' diag(h) (X - centre) over some columns, in one pass; h are the weights unless given."""
        self.work.add(columns=columns.size, grams=1)
        return self.design.gram(columns, self.weight if h is None else h, self.centre)

    def row_gram(self, columns, scale):
        """(X - centre) diag(1 / scale) (X - centre)' over some columns, in one pass."""
        self.work.add(columns=columns.size, grams=1)
        return self.design.row_gram(columns, scale, self.centre)

    def with_response(self, y):
        """The problem for another response; means, norms and rates of columns are shared."""
        other = copy(self)
        other.family, other.work = self.family._replace(y=y), Work()
        other.loss_constant = constant_of(other.family)
        return other

    def correlate_some(self, residual, columns):
        """x_j'r for some columns."""
        self.work.add(columns=columns.size)
        return correlate_columns(self.design, residual, columns)

    def predict(self, columns, steps):
        """(X - centre) steps over some columns: the change of eta, up to the intercept."""
        self.work.add(columns=int(np.count_nonzero(steps)))
        change = np.full(self.n, -float(self.centre[columns] @ steps))
        combine(self.design, columns, steps, change)
        return change

    def start(self):
        """The state with every coefficient zero and the intercept fitted."""
        begun, self.begun = self.begun, None
        if begun is not None and begun[0] is self.family:
            return begun[1]
        return start_of(self.family, self.offset, self.fit_intercept, self.p)

    def linearise(self, state):
        """Residual and curvature at state.eta, after fitting the intercept (which moves eta)."""
        linearise_at(self.family, state, self.fit_intercept, self.longest)

    def advance(self, state, columns, steps, change, t):
        """b += t steps and eta += t change, where `change` is (X - centre) steps; then linearise.

        eta also takes the intercept's Newton step, so that refitting the intercept takes few more.
        """
        state.coef[columns] += t * steps
        middle = go_along(state.eta, change, state.curvature, t, self.fit_intercept)
        if self.fit_intercept:
            state.shift(-t * (middle + float(self.centre[columns] @ steps)))
        self.linearise(state)

    def measure(self, scale, unbounded=False):
        """Set `scale`, the null model's loss, to which gaps are relative."""
        self.scale, self.unbounded = scale, unbounded

    def watch(self, watcher):
        """Set the function that is called after every step of a solver, or None."""
        self.watcher = watcher

    def call_off(self):
        """Make fits of this problem end soon."""
        self.called_off = True

    def stop_if_interrupted(self):
        """Raise CalledOff if the fit is to end. Called between kernel calls, which end within about 0.1 s."""
        if self.called_off:
            raise CalledOff

    def count_steps(self, steps, state, gap):
        """Count a solver's steps and call the watcher; `gap` is the steering gap."""
        self.stop_if_interrupted()
        self.work.add(iterations=steps)
        if self.watcher is not None:
            self.watcher(state, gap)

    def loss(self, state):
        """Half the deviance per unit of weight."""
        return self.loss_of(sum_of_losses(self.family, state.eta))

    @property
    def posed(self) -> "Problem":
        """The user's problem: itself, or for a reduced problem its original."""
        return self

    def spent(self):
        """Counts of the work done so far."""
        return self.work

    def fitted_intercept(self, intercept, columns, values):
        """The intercept of a fit with coefficients `values` in `columns`, on the scale of the data."""
        return intercept

    def square_of(self, eta):
        """Weighted mean square of a linear predictor."""
        return float(self.weight @ eta**2)

    def loss_at(self, eta):
        return self.loss_of(sum_of_losses(self.family, eta))

    def loss_of(self, total):
        """The loss from the sum of the family's, which leaves out a constant."""
        return max(total + self.loss_constant, 0.0)

    def refresh(self, state, block=None):
        """Recompute eta from the coefficients, so that rounding errors do not accumulate over a path; from a `block`
        of columns, if all coefficients outside of it are zero, else from X."""
        columns = np.flatnonzero(state.coef != 0.0) if block is None else block.columns  # Booleans are counted faster
        coef = state.coef[columns]
        if block is None:
            change = self.predict(columns, coef)
        else:
            change = block.predict(coef)
            self.work.add(columns=int(np.count_nonzero(coef)))
        state.eta[:] = self.offset + (state.intercept + float(self.centre[columns] @ coef)) + change
        self.linearise(state)


def start_of(family, offset, fit_intercept, p):
    """The state with p coefficients of zero, and the intercept fitted."""
    intercept = family.start() - float(family.weight @ offset) if fit_intercept else 0.0
    state = State(np.zeros(p), intercept, offset + intercept, *np.empty((2, offset.size)))
    linearise_at(family, state, fit_intercept, getattr(family, "longest", DEFAULTS["longest"]))
    return state


def linearise_at(family, state, fit_intercept, longest):
    """`Problem.linearise` for a family."""
    if fit_intercept:
        state.shift(balance(family, state.eta, state.residual, state.curvature, longest))
    else:
        linearise(family, state.eta, state.residual, state.curvature)


@kernel
def go_along(eta, change, curvature, t, fit_intercept):
    """eta += t (change - m), m the curvature-weighted mean of the change beside an intercept, else 0. Returns m."""
    total, moved = 0.0, 0.0
    if fit_intercept:
        for i in range(eta.size):
            total += curvature[i]
            moved += curvature[i] * change[i]
    middle = moved / total if total > 0.0 else 0.0
    if not math.isfinite(middle):
        middle = 0.0
    for i in range(eta.size):
        eta[i] += t * (change[i] - middle)
    return middle


@dataclass
class State:
    """The current point of a fit, updated in place."""

    coef: np.ndarray  # (p,)
    intercept: float
    eta: np.ndarray  # (n,) offset + intercept + X coef
    residual: np.ndarray  # (n,) minus the derivative of the loss in eta
    curvature: np.ndarray  # (n,) the second derivative of the loss in eta

    def shift(self, step):
        """Add to the intercept a number that eta already includes."""
        self.intercept += step

    def place(self, columns, coef, intercept):
        """Set some coefficients and the intercept; eta is not updated."""
        self.coef[columns] = coef
        self.intercept = intercept

    def restore(self, other):
        """Copy another state's values into this one's arrays."""
        for name in ("coef", "eta", "residual", "curvature"):
            getattr(self, name)[:] = getattr(other, name)
        self.intercept = other.intercept

    def copy(self):
        return State(self.coef.copy(), self.intercept, self.eta.copy(), self.residual.copy(), self.curvature.copy())
