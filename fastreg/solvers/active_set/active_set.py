"""The active-set solver: a working set's quadratic model, solved exactly by primal-dual steps and the homotopy."""

import numpy as np

from fastreg.numerics.cholesky import LEAST_PIVOT
from fastreg.solvers.active_set.pivots import (
    BEGIN,
    BEGIN_BY_STEP,
    FEW,
    GO_ON,
    MIX,
    SCRATCH_ROWS,
    Active,
    Outcome,
    PivotResult,
    exchange,
    join_all,
    lay_out,
    mixture,
    outdated,
    set_signs,
    shift_along,
)
from fastreg.solvers.active_set.primal_dual import pivot_to_minimum_once
from fastreg.solvers.active_set.quadratic_model import ACTIVE, AT_BOUND, DEPENDENT, INACTIVE, make_quadratic
from fastreg.solvers.choice import lapack_pays
from fastreg.solvers.coordinate_descent import CoordinateDescent, descend_gram

LONGEST_WAIT = 15  # solves until a primal-dual step is tried again
SHARE = 0.25  # columns that a primal-dual step may change over active ones, besides FEW
BEYOND = 1e-10  # distance beyond a bound, over the largest coefficient, that counts as rounding


class ActiveSet:
    """Solves a working set's quadratic model exactly. Keeps the Cholesky factor as long as H + L2 is the same."""

    GROWTH = 100  # columns by which the factor grows
    MOST = 10_000  # pivots before coordinate descent takes over; each kernel call counts as a hundredth of them

    def __init__(self):
        self.size, self.key = 0, None
        self.failures = self.waiting = 0  # consecutive failures of primal-dual steps; solves to skip before the next
        nothing = np.empty(0)
        self.active = Active(
            np.empty(0, dtype=np.int64), np.empty((0, 0)), np.empty(0, dtype=np.int8), nothing, nothing,
            np.empty((SCRATCH_ROWS, 0)), np.empty(0, dtype=np.int8),
        )  # fmt: skip

    def solve(self, working, state, anew, precision):
        """(minimiser (m,) of the model, its correlations (m,)); by coordinate descent if pivots get stuck."""
        model = make_quadratic(working, state, anew)
        start = model.coef.copy(), model.correlation.copy()
        self._prepare(model, (working.model_version, working.ridge_alpha))
        bounds = None if working.problem.bounds is None else working.bounds
        within = keep_within(model, bounds)
        boxed = bounds is not None and bounds.boxed()
        solved = within and self._pivot(model, working, boxed)
        if not (within and keep_within(model, bounds)):  # after an exchange of dependent columns
            solved = False
            model.coef[:], model.correlation[:] = start
        if not solved:
            self.forget()
            if working.ages and not (anew or boxed):  # the model of an old matrix may have a far minimiser
                return self.solve(working, state, True, precision)
            return self._descend(model, working, state, precision)
        return model.coef, model.correlation

    def _pivot(self, model, working, boxed):
        """Solve the model in short kernel calls. Returns whether the optimum was reached."""
        work, outcome, spent = working.problem.work, Outcome.BUDGET, 0
        coef, correlation = model.coef.copy(), model.correlation.copy()
        begin = True
        while outcome not in (Outcome.DONE, Outcome.STEPPED, Outcome.STUCK) and spent < self.MOST:
            most = self._most() if spent == 0 and not boxed else 0
            self._enlarge_factor(model.l1.size, max(most, self.GROWTH // 4))
            budget = self._budget(model.l1.size)
            result = PivotResult(*pivot_to_minimum_once(model, self.active, self.size, most, budget, begin))
            outcome, self.size = result.outcome, result.size
            begin = outcome not in (Outcome.BUDGET, Outcome.EXCHANGE)
            self._learn(most, outcome)
            work.add(pivots=result.pivots)
            spent += result.pivots + self.MOST // 100
            if outcome == Outcome.EXCHANGE:
                if boxed:  # an exchange may pass a bound
                    return False
                self.size = exchange(model, self.active, self.size, result.column, result.sign)
            elif outcome == Outcome.MET_DEPENDENT:
                model.coef[:], model.correlation[:] = coef, correlation
                self._refactor(model, np.flatnonzero(coef))
            elif outcome == Outcome.CROSSED:
                self._release()
        return outcome in (Outcome.DONE, Outcome.STEPPED)

    def mend(self, model, coef, result):
        """Do what a kernel of several points left to Python; `coef` are its initial coefficients. Returns how it goes
        on: BEGIN, GO_ON or BEGIN_BY_STEP."""
        self.size, outcome = result.size, result.outcome
        if outcome == Outcome.EXCHANGE:
            self.size = exchange(model, self.active, self.size, result.column, result.sign)
        elif outcome == Outcome.CROSSED:
            self._release()
        elif outcome == Outcome.MET_DEPENDENT:
            self._refactor(model, np.flatnonzero(coef))
            return BEGIN
        return GO_ON if outcome in (Outcome.BUDGET, Outcome.EXCHANGE) else BEGIN_BY_STEP

    def _release(self):
        """Make dependent columns inactive, to be tested again."""
        self.active.status[self.active.status == DEPENDENT] = INACTIVE

    def forget(self):
        """Discard the factor."""
        self.key = None

    def _descend(self, model, working, state, precision):
        """Solve by coordinate descent, in Gram form from the last point if there is a Gram matrix."""
        if model.gram.size == 0:
            return CoordinateDescent("residual").solve(working, state, False, precision)
        epochs = descend_gram(model.gram, working.penalty, model.coef, model.correlation, precision)
        working.problem.work.add(epochs=epochs)
        return model.coef, model.correlation

    def _most(self):
        """Columns that a primal-dual step may change at most; 0 for some solves after failures, more after each."""
        if self.waiting > 0:
            self.waiting -= 1
            return 0
        return int(min(FEW + SHARE * self.size, max(1e8 / (self.size + 1.0) ** 2, 1)))

    def _learn(self, most, outcome):
        """Count successes and failures of primal-dual steps."""
        if most > 0:
            self.failures = 0 if outcome == Outcome.STEPPED else self.failures + 1
            self.waiting = min(2 ** max(self.failures - 1, 0) - 1, LONGEST_WAIT)

    def _budget(self, m):
        """Pivots of a kernel call that take about 0.1 s, so that a fit can be interrupted."""
        return int(min(max(5e7 / ((self.size + 25.0) * (self.size + m)), 1), 500))

    def _prepare(self, model, key):
        """Factorise for the current support, unless the factor is up to date."""
        self._extend(model.l1.size)
        if key != self.key or outdated(model, self.active):
            self._refactor(model, np.flatnonzero(model.coef))
            self.key = key

    def _extend(self, m):
        """Extend the arrays by columns that are new in the working set."""
        more, old = m - self.active.status.size, self.active
        if more > 0:
            self.active = old._replace(
                columns=np.concatenate([old.columns, np.zeros(more, dtype=np.int64)]),
                status=np.concatenate([old.status, np.zeros(more, dtype=np.int8)]),
                sign=np.concatenate([old.sign, np.zeros(more)]),
                shift=np.zeros(m),
                scratch=np.empty((SCRATCH_ROWS, m)),
                nobody=np.zeros(m, dtype=np.int8),
            )

    def _enlarge_factor(self, m, more):
        """Enlarge the factor for `more` columns, at most for the whole working set and one."""
        old = self.active.factor
        if old.shape[0] <= min(self.size + more, m):
            rows = min(self.size + max(more, self.GROWTH, self.size // 4), m + 1)
            factor = np.zeros((rows, rows))
            factor[: self.size, : self.size] = old[: self.size, : self.size]
            self.active = self.active._replace(factor=factor)

    def _refactor(self, model, columns):
        """Factorise H + L2 of the active columns: by LAPACK if it is large and well conditioned, else column by column.

        The coefficient of a dependent column is moved to those on which it depends, at the same fit, so that all
        columns with a coefficient are active.
        """
        self.size = 0
        if self.active.factor.shape[0] <= columns.size:
            self.active = self.active._replace(factor=np.zeros((columns.size + self.GROWTH,) * 2))
        active = self.active
        lay_out(model, active)
        columns = columns[active.status[columns] != AT_BOUND]
        lower = None if not lapack_pays(columns.size) else factored(model.block(columns))
        if lower is not None:
            self.size = columns.size
            active.factor[: self.size, : self.size] = lower
            active.columns[: self.size] = columns
            active.status[columns] = ACTIVE
        else:
            self.size = join_all(model, active, columns)
            for j in columns[active.status[columns] == DEPENDENT]:
                mix = active.scratch[MIX]
                mixture(model, active, self.size, j, mix)
                shift_along(model, active, mix, self.size, j, -model.coef[j])
                model.coef[j] = 0.0
        set_signs(model, active)


def factored(block):
    """The lower Cholesky factor of a matrix, or None if columns may be dependent."""
    try:
        lower = np.linalg.cholesky(block)
    except np.linalg.LinAlgError:
        return None
    return lower if np.all(np.diag(lower) ** 2 > LEAST_PIVOT * np.diag(block)) else None


def keep_within(model, bounds):
    """Clip coefficients to their bounds. Returns whether this changed them by no more than rounding."""
    if bounds is None:
        return True
    beyond = model.coef - bounds.clip(model.coef)
    model.coef[:] -= beyond
    return np.max(np.abs(beyond), initial=0.0) <= BEYOND * np.max(np.abs(model.coef), initial=0.0)
