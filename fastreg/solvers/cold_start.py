"""Cold starts by coordinate descent over the columns of X, without copies, before the solver by pivots.

choice.py decides how long a round is and whether another pays.
"""

from functools import cached_property

import numpy as np

from fastreg.numerics.threads import BLOCK
from fastreg.solvers.choice import MOST_PASSES, cold_passes, round_pays
from fastreg.solvers.coordinate_descent import SHARE, SUPPORT_EPOCHS, CoordinateDescent
from fastreg.solvers.newton_descent import Iterate, Terms, newton_descents
from fastreg.solvers.proximal_newton import ProximalNewton

STEPS = 5  # Newton steps of one descent, for losses that are not quadratic
IN_A_KERNEL = 200_000  # values of X whose Newton steps are one kernel call: STEPS MOST_PASSES 4 of them in 0.1 s


class FirstDescent:
    """Rounds of coordinate descent on one problem."""

    def __init__(self, problem, on_the_way):
        """`on_the_way`: alphas that pivots would solve between the null model and the descent's alpha."""
        self.problem, self.on_the_way = problem, on_the_way
        # The model of least squares is the loss itself. With a ridge part, supports are too large for an exact solution
        # in the end, so the descent goes to a smaller gap.
        share = 1.0 if problem.family.quadratic and not problem.has_ridge else SHARE
        self.inner = CoordinateDescent("residual", passes=MOST_PASSES, share=share)

    @cached_property
    def form(self):
        """The form of X's columns."""
        return self.problem.design.working_block(self.problem.centre).form

    def reduce(self, state, working, target, steps_left):
        """One descent: (steering gap of its columns, Newton steps, or epochs if the loss is quadratic)."""
        problem = self.problem
        if not problem.family.quadratic:
            plain = problem.bounds is None and problem.without_l1.size == 0 and problem.watcher is None
            if plain and working.stored() <= IN_A_KERNEL:
                return self._steps_in_a_kernel(state, working, target, min(STEPS, steps_left))
            return ProximalNewton(self.inner).reduce(problem, state, working, target, min(STEPS, steps_left))
        reached = working.gap(state)
        if reached <= target:
            return reached, 0
        support, before = np.count_nonzero(state.coef), problem.work.epochs
        passes = cold_passes(problem, self.form, self.on_the_way, working.stored(), support)
        self.inner.limit(passes, steps_left)
        coef, _ = self.inner.solve(working, state, False, target)
        working.move(state, coef, True)
        working.correlate(state)
        reached = working.gap(state)
        problem.count_steps(1, state, reached)
        return reached, problem.work.epochs - before

    def _steps_in_a_kernel(self, state, working, target, most):
        """The same by one kernel call."""
        problem, columns = self.problem, working.columns
        problem.stop_if_interrupted()
        iterate = Iterate(state.coef[columns], working.correlation, state.eta, state.residual, state.curvature)
        terms = Terms(working.norms, problem.fit_intercept, problem.longest, problem.bend, problem.scale)
        chunk = max(SUPPORT_EPOCHS, BLOCK // max(problem.n * columns.size, 1))  # there may be no column
        gap, steps, epochs, read, shift = newton_descents(
            problem.family, problem.design, columns, working.penalty, terms, iterate, target,
            (most, MOST_PASSES * columns.size, chunk, working.stored() >= problem.n),
        )  # fmt: skip
        state.place(columns, iterate.coef, state.intercept + shift)
        problem.work.add(columns=read, iterations=steps, epochs=epochs)
        return gap, steps

    def goes_on(self, gaps, target, read, support):
        """Whether another round pays, by `choice.round_pays`."""
        return round_pays(self.problem, self.form, self.on_the_way, gaps, target, read, support)
