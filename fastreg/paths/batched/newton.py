"""Batches of generalised linear models and elastic nets, on dense X that is wide or small.

A point takes a few proximal Newton steps. Each minimises, by primal-dual steps and homotopy, a quadratic model whose
matrix H + L2 is from an earlier point: H from the curvature there, L2 from its alpha. The gradient is that of the
current point, so that an old matrix only slows convergence. Anderson acceleration over steps with the same matrix
restores much of the speed, and the matrix is computed anew when that costs less than the steps that it saves. A step is
shortened until the objective falls.
"""

from typing import NamedTuple

import numpy as np

from fastreg.design.dense_products import row_dots
from fastreg.design.working_columns import correlate_vectors_some
from fastreg.interface.validation import read_only
from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import inner_kernel, kernel
from fastreg.objective.duality_gap import balanced, bend_of, smaller_gap, steering_gap
from fastreg.objective.families import balance, linearise, sum_of_losses
from fastreg.paths.batched.batch import EXCHANGES, BatchPoints
from fastreg.paths.plan import LOWEST_TARGET, ROUNDS
from fastreg.paths.predictor import NEAR
from fastreg.solvers.active_set.pivots import BEGIN_BY_STEP, FEW, GO_ON, NONE, Outcome, PivotResult, numbers_of
from fastreg.solvers.active_set.primal_dual import pivot_to_minimum
from fastreg.solvers.active_set.quadratic_model import by_factors, by_matrix
from fastreg.solvers.anderson_newton import forget, mix_secants, next_alpha, no_secants
from fastreg.solvers.choice import factors_pay, renewal_in_a_kernel, renewal_pays, served_long
from fastreg.solvers.line_search import ARMIJO, LOST_DIGITS, MODERATE, extent, growth

UNFINISHED = (Outcome.BUDGET, Outcome.EXCHANGE, Outcome.CROSSED)  # outcomes after which the same model goes on
MENDED = (Outcome.EXCHANGE, Outcome.CROSSED, Outcome.MET_DEPENDENT)  # after which Python changes the active set
STALE = 0.3  # ratio of the gaps after and before a step, above which convergence is slow
# Integers passed between kernels are np.int64, since Numba compiles a kernel again for a literal argument.
PIVOTS = 200  # pivots of one homotopy at most
WORK = 3e7  # products of two numbers in one kernel call, about, so that a fit can be interrupted
EXACT = 1e-20  # target gap of least squares over the null model's loss, where a step costs little


class Terms(NamedTuple):
    """What is constant while a batch is solved."""

    l1_rates: np.ndarray  # l1_j and l2_j of the working set at alpha = 1
    l2_rates: np.ndarray
    norms: np.ndarray
    fit_intercept: bool
    longest: float
    scale: float
    target: float  # gap on the working set to be reached
    finest: float  # gap aimed at as long as convergence is fast
    renewal: float  # cost of a new matrix, in steps
    most_steps: int  # steps at one point, after which it counts as stuck


class Iterate(NamedTuple):
    """The current point and scratch memory; updated in place."""

    coef: np.ndarray
    eta: np.ndarray
    residual: np.ndarray
    curvature: np.ndarray
    # LEVEL: change of the intercept. POINT_STEPS: steps of this point. GAP: before the last step. FRESH: 1 if the last
    # step's matrix was computed where the step began. SERVED: steps of this point with this matrix. SPENT: its cost and
    # its steps at earlier points of the batch. POINTS: their number. OLD: 1 if one of them took more than the mean.
    numbers: np.ndarray
    change: np.ndarray  # scratch memory: a step's change of eta
    beyond: np.ndarray  # eta after a trial step
    correlation: np.ndarray  # correlations at the point
    start: np.ndarray  # those of the model there
    l2: np.ndarray  # the ridge part of the penalty
    image: np.ndarray  # a step times the model's matrix
    plain: np.ndarray  # the model's solution before acceleration


LEVEL, POINT_STEPS, GAP, FRESH, SERVED, SPENT, POINTS, OLD = range(8)


class Kept(NamedTuple):
    """The points solved, one row for each."""

    coefs: np.ndarray
    correlations: np.ndarray
    etas: np.ndarray
    residuals: np.ndarray
    levels: np.ndarray
    steps: np.ndarray


class NewtonBatch:
    """Solves batches for any family, if every column has an l1 part."""

    name = "batched_newton"
    products = 100.0  # of a column of the working set with vectors, in a batch, about

    def __init__(self, fit, working, pivoting):
        self.fit, self.problem, self.state = fit, fit.problem, fit.state
        self.working, self.pivoting = working, pivoting
        self.share = 0.5  # gap on the working set over the gap wanted
        self.model_alpha = 0.0

    def refine(self):
        self.share *= 0.1
        return self.share > LOWEST_TARGET

    def solve(self, alphas):
        """NewtonPoints at `alphas`, or at those before one got stuck; None if batches do not pay."""
        return None if self.pivoting.stops(self.state) else self.step_through(alphas)

    def step_through(self, alphas):
        """`solve` without the test whether batches pay."""
        problem, working, state, active = self.problem, self.working, self.state, self.pivoting.active
        n, m = problem.n, working.columns.size
        columns, target = working.columns, self.share * self.fit.wanted
        terms = Terms(
            problem.l1_rates[columns], problem.l2_rates[columns], working.norms,
            problem.fit_intercept, problem.longest, problem.scale, target,
            EXACT * problem.scale if problem.family.quadratic else target, renewal_in_a_kernel(n, m), ROUNDS,
        )  # fmt: skip
        iterate = Iterate(
            state.coef[columns], state.eta.copy(), state.residual.copy(), state.curvature.copy(),
            np.array([0.0, 0.0, np.inf, 0.0, 0.0, terms.renewal, 0.0, 0.0]), *np.empty((2, n)),
            *np.empty((5, m)),
        )  # fmt: skip
        kept = Kept(*(np.empty((alphas.size, size)) for size in (m, m, n, n)), *np.empty((2, alphas.size)))
        secants = no_secants(m)
        model, fresh = self._model(iterate, alphas[0], working.curvature is None)
        done, exchanges, how, going, here = 0, 0, BEGIN_BY_STEP, False, 0
        while done < alphas.size:
            self.problem.stop_if_interrupted()
            active._enlarge_factor(m, active.GROWTH // 2)
            before = done
            done, numbers = newton_points(
                problem.family, read_only(working.block.rows[:m]), model, active.active, active.size, terms,
                (alphas, done), iterate, secants, kept, (how, going, fresh),
            )  # fmt: skip
            result = PivotResult(*numbers)
            here = result.pivots if done > before else here + result.pivots
            how = self.pivoting.mend(model, iterate.coef, result)
            going = result.outcome in UNFINISHED
            fresh = result.outcome == Outcome.MET_DEPENDENT
            exchanges += result.outcome in MENDED
            if result.outcome == Outcome.REBUILD:
                model, fresh = self._model(iterate, alphas[done], True)
            if result.outcome == Outcome.STUCK or exchanges > EXCHANGES or self.pivoting.too_long(here):
                active.forget()
                if done == 0:
                    return None
                break
        return NewtonPoints(problem, working, state, Kept(*(each[:done] for each in kept)))

    def _model(self, iterate, alpha, anew):
        """(the quadratic model, whether its matrix was computed at this point)."""
        problem, working, active = self.problem, self.working, self.pivoting.active
        old = anew or alpha < NEAR * self.model_alpha or self.model_alpha == 0.0
        if old:
            self.model_alpha = alpha
        working.set_penalty(problem.penalty_at(self.model_alpha))
        anew = anew and not (problem.family.quadratic and working.curvature is not None)
        here = *working.penalty, iterate.coef.copy(), np.zeros(iterate.coef.size)
        if factors_pay(working):
            working.drop_gram()
            model = by_factors(working, iterate, anew, here)
        else:
            working.update_gram(iterate, anew)
            model = by_matrix(working, here)
        active._prepare(model, (working.model_version, working.ridge_alpha))
        return model, old


class NewtonPoints(BatchPoints):
    """The points of a batch for any family and penalty."""

    def __init__(self, problem, working, state, kept):
        super().__init__(working.columns, kept.coefs)
        self.problem, self.working = problem, working
        self.correlations, self.etas, self.residuals = kept[1:4]
        self.steps, intercepts = kept.steps, state.intercept + kept.levels
        if problem.fit_intercept:
            intercepts -= (self.coefs - state.coef[working.columns]) @ problem.centre[working.columns]
        self.intercepts = intercepts.tolist()
        losses = np.empty(self.size)
        losses_of_points(problem.family, self.etas, losses)
        self.losses = [problem.loss_of(total) for total in losses.tolist()]

    def residual(self, k):
        return self.residuals[k]

    def steps_of(self, k):
        """Quadratic models solved for point k."""
        return int(self.steps[k])

    def correlate(self, columns):
        """x_j'r for some columns outside the working set, at every point: (size, columns)."""
        return correlate_vectors_some(self.problem.design, self.residuals, columns)

    def products(self, references, count):
        """(inner products of the first `count` residuals with the references, squared norms), as in References."""
        scaled = self.residuals[:count] * references.unit
        return scaled @ references.residuals.T, np.sum(scaled**2, axis=1)

    def gaps(self, alphas):
        """The absolute duality gaps of the leading points, at `alphas`, if no other column violates its threshold."""
        problem, columns, gaps = self.problem, self.working.columns, np.empty(len(alphas))
        l1, l2 = problem.l1_rates[columns], problem.l2_rates[columns]
        points = self.etas, self.residuals, self.correlations, self.coefs
        here = *np.empty((2, l1.size)), *np.empty((2, problem.n))
        gaps_of_points(problem.family, points, alphas, (l1, l2), here, bend_of(problem.family), gaps)
        gaps[[not balanced(problem, residual) for residual in self.residuals[: gaps.size]]] = np.inf
        return gaps


@kernel
def gaps_of_points(family, points, alphas, rates, here, bend, gaps):
    """Write the duality gap of each point. `points` is (etas, residuals, correlations, coefficients), a row for each;
    `rates` is (l1, l2); `here` is scratch memory for a point's penalty, residual and curvature."""
    etas, residuals, correlations, coefs = points
    l1, l2 = rates
    here_l1, here_l2, residual, curvature = here
    for k in range(gaps.size):
        for j in range(l1.size):
            here_l1[j], here_l2[j] = alphas[k] * l1[j], alphas[k] * l2[j]
        columns = correlations[k], coefs[k], here_l1, here_l2
        linearise(family, etas[k], residual, curvature)
        rows = etas[k], residuals[k], curvature
        gaps[k] = smaller_gap(family, rows, residuals[k], columns, bend, True)


@kernel
def losses_of_points(family, etas, losses):
    """Write the sum of losses at each row of `etas`."""
    for k in range(losses.size):
        losses[k] = sum_of_losses(family, etas[k])


@kernel
def newton_points(family, rows, model, active, size, terms, grid, iterate, secants, kept, flags):
    """Solve at alpha after alpha, until all are done, about WORK multiplications are spent or Python is needed.

    `flags` is (how the homotopy starts, whether to go on within a model, whether the matrix is from this point).
    Returns (points done, the numbers of the PivotResult of them all).
    """
    (alphas, done), (how, going, fresh) = grid, flags
    m, n = rows.shape
    pivots, spent = 0, 0.0
    correlation, start, l2 = iterate.correlation, iterate.start, iterate.l2
    while done < alphas.size:
        for j in range(m):
            model.l1[j], l2[j] = alphas[done] * terms.l1_rates[j], alphas[done] * terms.l2_rates[j]
        row_dots(rows, iterate.residual, correlation)
        for j in range(m):
            start[j] = correlation[j] + (model.l2[j] - l2[j]) * iterate.coef[j]
        if not going:
            gap = steering_gap(correlation, iterate.coef, model.l1, l2, terms.norms, terms.scale, False)
            slow = gap > STALE * iterate.numbers[GAP]
            if gap <= terms.finest or (gap <= terms.target and slow and iterate.numbers[FRESH] > 0.0):
                copy_values(iterate.coef, kept.coefs[done])
                copy_values(correlation, kept.correlations[done])
                copy_values(iterate.eta, kept.etas[done])
                copy_values(iterate.residual, kept.residuals[done])
                kept.levels[done], kept.steps[done] = iterate.numbers[LEVEL], iterate.numbers[POINT_STEPS]
                end_point(iterate.numbers)
                next_alpha(secants)
                done += 1
                continue
            if iterate.numbers[POINT_STEPS] >= terms.most_steps:
                return done, numbers_of(PivotResult(Outcome.STUCK, size, pivots, NONE, 0.0))
            if not fresh and too_old(gap, slow, iterate.numbers, terms):
                forget(secants)
                iterate.numbers[SERVED], iterate.numbers[SPENT] = 0.0, terms.renewal
                iterate.numbers[POINTS] = iterate.numbers[OLD] = 0.0
                return done, numbers_of(PivotResult(Outcome.REBUILD, size, pivots, NONE, 0.0))
            if spent > WORK:
                return done, numbers_of(PivotResult(Outcome.PAUSE, size, pivots, NONE, 0.0))
            iterate.numbers[GAP], iterate.numbers[FRESH], fresh = gap, 1.0 if fresh else 0.0, False
            copy_values(iterate.coef, model.coef)
            copy_values(start, model.correlation)
        going = False
        most = FEW + size // 4 if how == BEGIN_BY_STEP else 0
        result = pivot_to_minimum(model, active, size, most, np.int64(PIVOTS), how != GO_ON)
        how, size = BEGIN_BY_STEP, result.size
        pivots += result.pivots
        spent += m * n + (1.0 + result.pivots) * size * (size + m)
        if result.outcome not in (Outcome.DONE, Outcome.STEPPED):
            return done, numbers_of(PivotResult(result.outcome, size, pivots, result.column, result.sign))
        take_step(family, rows, model, l2, terms, iterate, secants, (correlation, start))
        iterate.numbers[POINT_STEPS] += 1.0
        iterate.numbers[SERVED] += 1.0
    return done, numbers_of(PivotResult(Outcome.DONE, size, pivots, NONE, 0.0))


@inner_kernel
def end_point(numbers):
    """Reset the counts for the next point, and set OLD if the matrix has served long enough."""
    if numbers[SERVED] > 0.0:
        numbers[SPENT] += numbers[SERVED]
        numbers[POINTS] += 1.0
        if served_long(numbers[SERVED], numbers[SPENT], numbers[POINTS]):
            numbers[OLD] = 1.0
    numbers[POINT_STEPS], numbers[SERVED], numbers[GAP] = 0.0, 0.0, np.inf


@inner_kernel
def too_old(gap, slow, numbers, terms):
    """Whether to compute a new matrix: for the next points, or for this one if convergence is slow."""
    if numbers[OLD] > 0.0 or gap <= terms.target:
        return numbers[OLD] > 0.0 or slow
    return renewal_pays(gap, numbers[GAP], terms.target, terms.renewal)


@inner_kernel
def take_step(family, rows, model, l2, terms, iterate, secants, correlations):
    """Step to the accelerated solution of the model if the objective falls there, else towards the plain one."""
    (correlation, start), image, plain = correlations, iterate.image, iterate.plain
    copy_values(model.coef, plain)
    for j in range(plain.size):
        image[j] = start[j] - model.correlation[j] + model.l2[j] * (plain[j] - iterate.coef[j])
    if mix_secants(secants, iterate.coef, model.coef, image):
        if advance(family, rows, model, l2, terms, iterate, correlation, np.int64(1)):
            return
        copy_values(plain, model.coef)
    advance(family, rows, model, l2, terms, iterate, correlation, np.int64(40))


@inner_kernel
def advance(family, rows, model, l2, terms, iterate, correlation, trials):
    """Move towards model.coef by the first of the fractions 1, 1/2, 1/4 ... at which the objective falls enough.
    Returns whether it does at one of the first `trials`."""
    m, change, slope = iterate.coef.size, iterate.change, 0.0
    change[:] = 0.0
    for j in range(m):
        old, new = iterate.coef[j], model.coef[j]
        if new != old:
            slope += model.l1[j] * (abs(new) - abs(old)) + 0.5 * l2[j] * (new * new - old * old)
            slope -= correlation[j] * (new - old)
            row, step = rows[j], new - old
            for i in range(change.size):
                change[i] += step * row[i]
    middle, largest, square = extent(iterate.curvature, change, terms.fit_intercept)
    t = 1.0
    if not full_step_descends(slope, largest, square, terms.scale):
        t = search(family, model, l2, terms, iterate, middle, slope, trials)
        if t == 0.0:
            return False
    for j in range(m):
        b = iterate.coef[j] + t * (model.coef[j] - iterate.coef[j])
        iterate.coef[j] = model.coef[j] if t == 1.0 else b  # b + (b_new - b) may miss an exact zero
    for i in range(change.size):
        iterate.eta[i] += t * (change[i] - middle)
    iterate.numbers[LEVEL] -= t * middle
    if terms.fit_intercept:
        iterate.numbers[LEVEL] += balance(family, iterate.eta, iterate.residual, iterate.curvature, terms.longest)
    else:
        linearise(family, iterate.eta, iterate.residual, iterate.curvature)
    return True


@inner_kernel
def full_step_descends(slope, largest, square, scale):
    """Whether the objective falls enough over a full step, by the bound of solvers.line_search."""
    return slope + square * growth(min(largest, MODERATE)) <= ARMIJO * min(slope, 0.0) + LOST_DIGITS * scale


@inner_kernel
def search(family, model, l2, terms, iterate, middle, slope, trials):
    """The first of `trials` fractions 1, 1/2, 1/4 ... at which the objective falls enough; 0 if none."""
    eta, change, t, before = iterate.beyond, iterate.change, 1.0, sum_of_losses(family, iterate.eta)
    for j in range(l2.size):
        before += model.l1[j] * abs(iterate.coef[j]) + 0.5 * l2[j] * iterate.coef[j] * iterate.coef[j]
    for _ in range(trials):
        for i in range(change.size):
            eta[i] = iterate.eta[i] + t * (change[i] - middle)
        value = sum_of_losses(family, eta)
        for j in range(l2.size):
            b = iterate.coef[j] + t * (model.coef[j] - iterate.coef[j])
            value += model.l1[j] * abs(b) + 0.5 * l2[j] * b * b
        if value - before <= ARMIJO * t * min(slope, 0.0) + LOST_DIGITS * terms.scale:
            return t
        t *= 0.5
    return 0.0
