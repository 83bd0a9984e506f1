"""One of the folds that take their Newton steps together: see joint_newton."""

import numpy as np

from fastreg.objective.screening import reaching_columns
from fastreg.paths.point import make_point
from fastreg.paths.pointwise import Pointwise
from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.working_set import WorkingSet

NAME = "joint_newton"  # in Path.methods
PREDICT, CORRELATE = 0, 1  # the products that folds share, by their number
PATIENCE, MOST = 5, 25  # steps with one Hessian, and in all, at one alpha
ASTRAY = 10.0  # times the gap before, that no step leaves on its way to the solution
PRECISE = 0.01  # share of the gap wanted, to which a model is solved where pivots cannot solve it exactly
CLOSE, FINER = 0.7, 0.1  # share of the gap wanted at which the certificate is asked, and where it asked for more


class NewtonFold:
    """A fold at its solution of one alpha, on its way to the next."""

    def __init__(self, fold, number, shared, hessians):
        self.fit, self.number, self.shared, self.hessians = fold.fit, number, shared, hessians
        self.problem, self.state, self.alphas = fold.problem, fold.fit.state, fold.grid
        self.working = HeldColumns(self.problem, shared)
        self.pointwise = Pointwise(fold.fit)  # which certifies
        self.pointwise.stand_on(self.working)
        self.solver, self.lost = ActiveSet(), False
        self.last = np.empty(0), np.empty(0)  # coefficients and correlations where the present way begins
        self.expected = np.empty(0)
        self.done, self.taken, self.violators = False, 0, np.empty(0, dtype=np.intp)

    def near(self, alpha):
        """Columns that would be over their threshold at `alpha` if nothing moved."""
        problem, estimate = self.problem, self.pointwise.estimate
        return reaching_columns(estimate, 0.0, problem, problem.penalty_at(alpha), self.working.contains)

    def extend(self):
        """Take in the columns that the shared ones have more."""
        working, problem = self.working, self.problem
        new = working.columns[working.correlation.size :]
        more = problem.correlate_some(self.state.residual, new)
        more[~problem.usable[new]] = 0.0
        working.correlation = np.concatenate([working.correlation, more])
        working.norms = np.concatenate([working.norms, problem.norms[new]])
        self.expected = np.concatenate([self.expected, np.zeros(new.size)])
        coef, correlation = self.last  # where those of the new columns are not known
        self.last = np.concatenate([coef, np.zeros(new.size)]), np.concatenate([correlation, np.full(new.size, np.nan)])

    def begin(self, k, error):
        """Be on the way to the k-th alpha, where the model is expected to err so."""
        self.k, self.alpha, self.taken, self.expected = k, float(self.alphas[k]), 0, error
        self.last = self.coef(), self.working.correlation.copy()
        self.intercept, self.done = self.state.intercept, False

    def refresh(self, change):
        """Take the linear predictor from the coefficients, whose columns give `change`."""
        means = float(self.shared.problem.centre[self.working.columns] @ self.coef())
        np.add(change, self.problem.offset + (self.state.intercept + means), out=self.state.eta)

    def coef(self):
        return self.state.coef[self.working.columns]

    def error(self):
        """What the model with the present Hessian would have missed on the way from the last point to this one."""
        coef, correlation = self.last
        missed = self.working.correlation - correlation + self._hessian() @ (self.coef() - coef)
        return np.where(np.isnan(correlation), 0.0, missed)

    def _hessian(self):
        return self.hessians.folds[self.number]

    def steps(self):
        """Step until the point is certified, columns or a newer Hessian are missing, or steps lead nowhere.

        A generator of requests for products.
        """
        working, state = self.working, self.state
        penalty, wanted = self.problem.penalty_at(self.alpha), self.fit.wanted
        working.set_penalty(penalty)
        self.violators, target, before = self.violators[:0], CLOSE * wanted, np.inf
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
            yield from self._step(PRECISE * wanted)
            gap = working.gap(state)
            self.problem.count_steps(1, state, gap)

    def _step(self, precision):
        """To the solution of the model, as it is expected to err."""
        problem, working, state = self.problem, self.working, self.state
        if self.taken == 0:
            working.correlation = working.correlation + np.where(problem.usable[working.columns], self.expected, 0.0)
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
        working.correlation = yield state.residual, CORRELATE
        working.correlation[~problem.usable[columns]] = 0.0

    def _keep(self, gap, penalty):
        """Record the point."""
        fit, columns = self.fit, np.sort(self.working.columns)
        point = make_point(self.problem, self.state, gap, self.taken, fit.tol, self.alpha, columns, NAME, fit.max_iter)
        fit.add(point, self.alpha)
        self.pointwise.previous, self.done = self.alpha, True

    def _leave(self):
        """Go back to the last point, from where the fold goes on by itself."""
        self.state.coef[self.working.columns] = self.last[0]
        self.state.intercept, self.violators, self.lost = self.intercept, self.violators[:0], True

    def hand_back(self):
        """Leave the fit where it can go on."""
        if self.fit.left().size:
            done = len(self.fit.points)
            alpha = self.alphas[done - 1] if done else self.fit.null.entry
            self.fit.resume(self.state.coef, self.state.intercept, alpha)


class HeldColumns(WorkingSet):
    """Shared columns as the working set of one fold, whose Hessian is made elsewhere."""

    def __init__(self, problem, shared):
        super().__init__(problem)
        self.block, self.contains, self.ages = shared.block, shared.contains, False

    def use(self, hessian, version):
        self.gram, self.model_version = hessian, version

    def update_gram(self, state, anew):
        """It is up to date."""
