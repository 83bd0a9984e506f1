"""Cold starts by coordinate descent over the columns of X, without copies, before the solver by pivots.

choice.py decides how long a round is and whether another pays.
"""

from functools import cached_property

import numpy as np

from fastreg.solvers.choice import MOST_PASSES, cold_passes, round_pays
from fastreg.solvers.coordinate_descent import SHARE, CoordinateDescent
from fastreg.solvers.newton_descent import IN_A_KERNEL, STEPS, steps_in_a_kernel
from fastreg.solvers.proximal_newton import ProximalNewton


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
                columns, inside = working.columns, (working.correlation, working.penalty)
                return steps_in_a_kernel(problem, state, columns, inside, target, min(STEPS, steps_left))
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

    def goes_on(self, gaps, target, read, support):
        """Whether another round pays, by `choice.round_pays`."""
        return round_pays(self.problem, self.form, self.on_the_way, gaps, target, read, support)
