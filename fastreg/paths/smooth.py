"""Paths without an l1 part: ridge, or no penalty at all. Also the null model of every path.

For least squares a path of many alphas comes from one factorisation (solvers/ridge/spectrum.py), and is certified by
products of X with matrices: coefficients, fitted values and correlations of many points each read X once.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fastreg.objective.duality_gap import balanced, duality_gap, levelled, orthogonal
from fastreg.objective.families import FLAT
from fastreg.solvers.choice import Cheapest
from fastreg.solvers.ridge.krylov import RidgeKrylov
from fastreg.solvers.ridge.newton import LARGEST_FACTOR, RidgeSystem
from fastreg.solvers.ridge.spectrum import ridge_spectrum
from fastreg.solvers.working_set import ProximalNewton, WorkingSet

FACTORINGS = 25.0  # Cholesky factors that can be had for the price of an eigendecomposition
SLOW_READ = 12.0  # operations that a point fitted by itself takes beyond its factor, for each value of X
KRYLOV_SHARE = 0.2  # of the gap wanted, for the gap that a Krylov basis is to reach
LEAST_L1_RATIO = 1e-3  # of an automatic grid, whose top would be infinite for ridge
LEAST_WEIGHT = 1e-200  # with less, the curvature of a row may underflow
BATCH_VALUES = 2e7  # numbers in the coefficients, fitted values and correlations of points that are solved together


@dataclass
class Point:
    """One certified point of a path."""

    columns: np.ndarray
    values: np.ndarray
    intercept: float
    gap: float
    iterations: int
    reason: str
    loss: float


def top_of_grid(null_l1, l1_ratio, quadratic, null_loss):
    """Alpha at the top of an automatic grid, from the least l1 penalty at which every coefficient is zero.

    That is null_l1 / l1_ratio, with an l1_ratio of at least 1e-3. An l1 penalty has the unit of the response; that of
    ridge has none, so that for ridge least squares the response counts in units of its own spread, sqrt(2 null loss).
    """
    if l1_ratio == 0.0 and quadratic and null_l1 > 0.0:
        null_l1 /= np.sqrt(2.0 * null_loss)
    return float(null_l1 / max(l1_ratio, LEAST_L1_RATIO))


class SmoothPath:
    """Points without an l1 part, each from the last; or for least squares many at once, see `expect`.

    `alpha_max` is the top of an automatic grid, see `top_of_grid`.
    """

    def __init__(self, problem, tol, max_iter):
        self.problem, self.tol, self.max_iter = problem, tol, max_iter
        self.state = state = problem.start()
        self.intercept_loss = problem.loss(state)
        if not np.isfinite(self.intercept_loss):
            raise overflow(problem, state)
        flat = np.flatnonzero((state.curvature <= 0.0) & (problem.weight > LEAST_WEIGHT))
        if flat.size:
            raise no_curvature(problem, state, flat[0])
        if problem.fit_intercept and is_flat(problem, state):
            raise underflow(state)
        self.floor = perfect_loss(problem, state)
        problem.scale = max(self.intercept_loss, self.floor, 1e-300)
        if problem.unpenalised.size:
            # To rounding: alpha_max carries the root of the gap that is left.
            fit_unpenalised(problem, state, 1e-28 * problem.scale)
            problem.scale = max(problem.loss(state), self.floor, 1e-300)
            problem.unbounded = problem.family.separates(problem.loss(state))
        self.null_residual = levelled(problem, state).copy()
        self.system = None
        self.spectrum, self.grid, self.batch = None, np.empty(0), {}
        self.resumed = False

    def resume(self, coef, intercept, alpha):
        """Start from these coefficients, whatever their alpha, instead of the null model; unusable columns stay out."""
        self.state.coef[:] = np.where(self.problem.usable, coef, 0.0)
        self.state.intercept = intercept if self.problem.fit_intercept else 0.0
        self.problem.refresh(self.state)
        self.resumed = True

    @cached_property
    def null_correlation(self):
        """X'r of the null model, read when it is first asked for."""
        return self.problem.correlate(self.null_residual)

    @cached_property
    def null_l1(self):
        """max_j |x_j'r| / v_j of the null model: the least l1 penalty at which every penalised coefficient is zero."""
        penalised = self.problem.penalised
        if self.problem.scale <= self.floor or not penalised.any():
            return 0.0
        ratios = np.abs(self.problem.pull(self.null_correlation)[penalised]) / self.problem.lasso_factor[penalised]
        return float(ratios.max())

    @cached_property
    def alpha_max(self):
        """The top of an automatic grid."""
        return top_of_grid(self.null_l1, self.problem.l1_ratio, self.problem.family.quadratic, self.problem.scale)

    def expect(self, alphas):
        """Learn which alphas will be asked for: one factorisation serves them all where that takes less work.

        It is exact wherever a fit starts. A Krylov basis begins at nothing, so a fit that resumes goes on without one.
        """
        problem, positive = self.problem, alphas[alphas > 0.0]
        n, p = problem.n, int(np.count_nonzero(problem.penalised))
        size = min(n, p)
        if not problem.family.quadratic or positive.size < 2 or size == 0:
            return
        if size > LARGEST_FACTOR:
            if self.resumed:
                return
            self.grid = np.unique(positive)[::-1]
            self.spectrum = RidgeKrylov(problem, KRYLOV_SHARE * self.tol * problem.scale)
            return
        factor = size**3 / 3.0
        if positive.size * (factor + SLOW_READ * n * p) > FACTORINGS * factor:
            self.factorise(positive)

    def factorise(self, alphas, form="auto"):
        """Solve least squares at all of these alphas > 0 from one factorisation, however large. Returns it."""
        self.grid = np.unique(alphas)[::-1]
        self.spectrum = ridge_spectrum(self.problem, float(self.grid[-1]), form)
        return self.spectrum

    def fit(self, alpha):
        """Solve at `alpha` with the ridge part of the penalty alone, starting from the last point."""
        problem, state = self.problem, self.state
        columns = problem.columns
        if self.system is None:
            self.system = RidgeSystem(problem, columns)
        l2 = problem.penalty(alpha).on(columns)[1]
        wanted, steps = self.tol * problem.scale, 0
        if alpha in self.grid:
            gap, steps = self._take(alpha, columns, l2), 1
            problem.count_steps(1, state, gap)
            if gap <= wanted:
                return make_point(problem, state, gap, steps, self.tol, alpha, columns)
        for share in (0.5, 1e-2, 1e-4):  # of the tolerance: with weakly penalised columns the gap to steer by is rough
            gap, more = self.system.solve(state, l2, share * wanted, self.max_iter - steps)
            steps += more
            gap = self.system.proven(state, l2, gap)
            if gap <= wanted or (more == 0 and share < 0.5):
                break
        return make_point(problem, state, gap, steps, self.tol, alpha, columns)

    def given(self, spectrum, alpha, solved):
        """Take in one of the points of `solve_together`."""
        self.spectrum, self.grid, self.batch = spectrum, np.array([alpha]), {alpha: solved}

    def _take(self, alpha, columns, l2):
        """Make the point solved for `alpha` the state. Returns its gap."""
        if alpha not in self.batch:
            self._solve_batch(alpha)
        problem, state = self.problem, self.state
        coef, state.intercept, eta, correlation = self.batch[alpha]
        state.coef[:], state.eta[:] = coef, eta
        problem.linearise(state)
        weak, correlation = self.system.weak(l2), correlation[columns]
        if not weak.any() and balanced(problem, state.residual):
            return self.system.gap(state, correlation, l2)
        free = l2 == 0.0
        if (
            weak.any()
            and np.array_equal(weak, free)
            and orthogonal(problem, state.residual, columns[free], correlation[free])
        ):
            none = np.zeros(columns.size)
            args = state.residual, state.residual, correlation, state.coef[columns], none, l2
            return duality_gap(problem.family, state.eta, *args)
        return self.system.certify(state, l2)

    def _solve_batch(self, alpha):
        """Coefficients, intercept, eta and correlations at `alpha` and the alphas that follow it."""
        problem, start = self.problem, int(np.flatnonzero(self.grid == alpha)[0])
        alphas = self.grid[start : start + together(problem)]
        points = solve_together(problem, self.spectrum, problem.family.y[:, None], alphas)
        self.batch = dict(zip(alphas.tolist(), points))


def perfect_loss(problem, state):
    """Below this loss the null model is perfect up to rounding, as for a constant y: in units of the loss, that of an
    error of 1e-13 in eta, or relative to eta where that has the unit of y."""
    unit = problem.square_of(state.eta) if np.isinf(problem.longest) else 1.0
    return 1e-26 * float(state.curvature.sum()) * unit


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


def fit_unpenalised(problem, state, target):
    """Fit the columns without a penalty, within their bounds, to an absolute gap of `target` if rounding allows."""
    columns = problem.unpenalised
    if problem.free.size == columns.size:
        RidgeSystem(problem, columns).solve(state, np.zeros(columns.size), target, 100)
        return
    working = WorkingSet(problem)
    working.extend(columns, state.residual)
    working.set_penalty(problem.penalty(0.0))
    ProximalNewton(Cheapest()).reduce(problem, state, working, target, 100)


def together(problem):
    """How many points are solved at once."""
    return max(1, int(BATCH_VALUES / (2 * problem.p + 3 * problem.n)))


def solve_together(problem, spectrum, responses, alphas):
    """(coef, intercept, eta, correlations) at k alphas, in three passes; responses (n, 1), or one each: (n, k)."""
    weight = problem.weight[:, None]
    coefs, intercepts = spectrum.solve(responses, alphas)
    eta = problem.predict_many(coefs)
    eta += problem.offset[:, None] + intercepts
    residual = weight * (responses - eta)
    if problem.fit_intercept:  # so that residuals sum to zero to rounding
        shift = residual.sum(axis=0)
        eta, intercepts, residual = eta + shift, intercepts + shift, residual - weight * shift
    correlations = problem.correlate_many(residual)
    return list(zip(coefs.T, intercepts.tolist(), eta.T, correlations.T))


def make_point(problem, state, gap, iterations, tol, alpha, columns):
    """The state as a point, with its relative gap and the reason why it ended; coefficients lie in `columns`."""
    columns, relative = columns[state.coef[columns] != 0.0], gap / problem.scale
    loss = problem.loss(state)
    held = problem.bounds is not None and np.all(np.isfinite(problem.bounds.on(columns).room(state.coef[columns])))
    if (alpha == 0.0 or problem.unbounded) and not held and problem.family.separates(loss):
        reason = "separable"
    else:
        reason = "converged" if relative <= tol else "max_iter"
    values = state.coef[columns]
    intercept = problem.fitted_intercept(state.intercept, columns, values)
    return Point(columns, values, intercept, float(relative), iterations, reason, loss)
