"""NewtonFold: one of the folds whose Newton steps are taken together by joint_newton."""

import numpy as np

from fastreg.objective.screening import reaching_columns
from fastreg.paths.fit import make_point
from fastreg.paths.pointwise import ENOUGH, Pointwise
from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.proximal_newton import ROUGH
from fastreg.solvers.working_set import WorkingSet

NAME = "joint_newton"  # in Path.methods
PREDICT, CORRELATE = range(2)  # numbers of the two products that folds share
PATIENCE, MOST = 5, 25  # steps at one alpha: with one Hessian, and in all
ASTRAY = 10.0  # ratio of the gap after a step to that before, beyond which the step has failed
FINER = 0.1  # of the gap reached, the one aimed at after a certificate failed


class NewtonFold:
    """A fold: its solution at one alpha, and the steps to that at the next."""

    def __init__(self, fold, number, shared, hessians):
        self.fit, self.number, self.shared, self.hessians = fold.fit, number, shared, hessians
        self.problem, self.state, self.alphas = fold.problem, fold.fit.state, fold.grid
        self.working = HeldColumns(self.problem, shared)
        self.pointwise = Pointwise(fold.fit)  # which certifies
        self.pointwise.stand_on(self.working)
        self.solver, self.lost = ActiveSet(), False
        self.last = np.empty(0), np.empty(0)  # coefficients and correlations at the last alpha
        self.expected = np.empty(0)
        self.done, self.taken, self.violators = False, 0, np.empty(0, dtype=np.intp)

    def near(self, alpha):
        """Columns whose present correlation exceeds their threshold at `alpha`."""
        problem, estimate = self.problem, self.pointwise.estimate
        return reaching_columns(estimate, 0.0, problem, problem.penalty_at(alpha), self.working.contains)

    def extend(self):
        """Add the columns that were added to the shared ones."""
        working, problem = self.working, self.problem
        new = working.columns[working.correlation.size :]
        more = problem.correlate_some(self.state.residual, new)
        more[~problem.usable[new]] = 0.0
        working.take(more, problem.norms[new])
        self.expected = np.concatenate([self.expected, np.zeros(new.size)])
        coef, correlation = self.last  # the correlations of the new columns are not known there
        self.last = np.concatenate([coef, np.zeros(new.size)]), np.concatenate([correlation, np.full(new.size, np.nan)])

    def begin(self, k, error):
        """Begin the k-th alpha; `error` is the predicted error of the model up to it."""
        self.k, self.alpha, self.taken, self.expected = k, float(self.alphas[k]), 0, error
        self.last = self.coef(), self.working.correlation.copy()
        self.intercept, self.done = self.state.intercept, False

    def refresh(self, change):
        """Compute the linear predictor from the coefficients b and `change` = X b of the shared columns."""
        means = float(self.shared.problem.centre[self.working.columns] @ self.coef())
        np.add(change, self.problem.offset + (self.state.intercept + means), out=self.state.eta)

    def coef(self):
        return self.state.coef[self.working.columns]

    def error(self):
        """The error of the model with the present Hessian from the last alpha to this one."""
        coef, correlation = self.last
        missed = self.working.correlation - correlation + self._hessian() @ (self.coef() - coef)
        return np.where(np.isnan(correlation), 0.0, missed)

    def _hessian(self):
        return self.hessians.folds[self.number]

    def steps(self):
        """Take steps until the point is certified, columns or a newer Hessian are needed, or the steps fail.

        A generator that asks for products with X.
        """
        working, state = self.working, self.state
        penalty, wanted = self.problem.penalty_at(self.alpha), self.fit.wanted
        working.set_penalty(penalty)
        self.violators, target, before = self.violators[:0], ENOUGH * wanted, np.inf
        working.use(self._hessian(), self.hessians.version)
        last, gap = self.taken + PATIENCE, working.gap(state)
        while True:
            if gap <= target:
                gap, self.violators = yield from self.pointwise.certify(penalty)
                if gap <= wanted:
                    return self._keep(gap, penalty)
                if self.violators.size:
                    return None
                target = FINER * min(target, working.gap(state))
            elif not (gap <= ASTRAY * before and gap < np.inf):
                return self._leave()
            if self.taken == min(MOST, self.fit.max_iter):
                return self._leave()
            if self.taken == last:
                return None
            before = gap
            yield from self._step(ROUGH * wanted)
            gap = working.gap(state)
            self.problem.count_steps(1, state, gap)

    def _step(self, precision):
        """Step to the solution of the model; the first one corrects for the predicted error."""
        problem, working, state = self.problem, self.working, self.state
        if self.taken == 0:
            working.replace_correlation(
                working.correlation + np.where(problem.usable[working.columns], self.expected, 0.0)
            )
        old = self.coef()
        coef, correlation = self.solver.solve(working, state, False, precision)
        if self.taken:
            working.mix_secants(old, coef, correlation)
        steps = coef - old
        change = yield steps, PREDICT
        columns = working.columns
        change += float((self.shared.problem.centre - problem.centre)[columns] @ steps)
        problem.advance(state, columns, steps, change, 1.0)
        state.coef[columns] = coef
        self.taken += 1
        correlation = yield state.residual, CORRELATE
        correlation[~problem.usable[columns]] = 0.0
        working.replace_correlation(correlation)

    def _keep(self, gap, penalty):
        """Record the point."""
        fit, columns = self.fit, np.sort(self.working.columns)
        point = make_point(self.problem, self.state, gap, self.taken, fit.tol, self.alpha, columns, NAME, fit.max_iter)
        fit.add(point, self.alpha)
        fit.keep(columns)
        self.pointwise.pass_by(self.alpha)
        self.done = True

    def _leave(self):
        """Go back to the last point, from where the fold is fitted by itself."""
        self.state.place(self.working.columns, self.last[0], self.intercept)
        self.violators, self.lost = self.violators[:0], True

    def hand_back(self):
        """Set the Fit to the last point, so that it can continue."""
        if self.fit.left().size:
            done = len(self.fit.points)
            alpha = self.alphas[done - 1] if done else self.fit.null.entry
            self.fit.resume(self.state.coef, self.state.intercept, alpha)


class HeldColumns(WorkingSet):
    """The shared columns as the working set of one fold; its Hessian is computed by FoldHessians."""

    def __init__(self, problem, shared):
        super().__init__(problem)
        self.block, self.contains, self.ages = shared.block, shared.contains, False

    def use(self, hessian, version):
        self.gram, self.model_version = hessian, version

    def take(self, correlation, norms):
        """What is known of columns that the shared ones have more."""
        self.correlation = np.concatenate([self.correlation, correlation])
        self.norms = np.concatenate([self.norms, norms])

    def replace_correlation(self, correlation):
        """Let the correlations be these."""
        self.correlation = correlation

    def update_gram(self, state, anew):
        """Do nothing: FoldHessians keeps the Hessian up to date."""
