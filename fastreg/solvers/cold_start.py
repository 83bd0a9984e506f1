"""Cold starts by coordinate descent over columns where they lie in X, before pivots take over.

How far a round goes, and whether another pays, is decided in choice.py.
"""

import numpy as np

from fastreg.solvers.choice import MOST_PASSES, cold_passes, round_pays
from fastreg.solvers.coordinate_descent import SHARE, CoordinateDescent
from fastreg.solvers.proximal_newton import ProximalNewton

STEPS = 5  # of one descent, where the loss is not quadratic


class FirstDescent:
    """Rounds of coordinate descent on one problem, and whether another pays."""

    def __init__(self, problem, on_the_way):
        """`on_the_way`: alphas that pivots would take from the null model to where the descent is to end."""
        self.problem, self.on_the_way = problem, on_the_way
        # The model of least squares is the loss itself. With a ridge part supports are too large to be solved exactly
        # in the end, and come nearer to that by a descent that goes further.
        share = 1.0 if problem.family.quadratic and not problem.has_ridge else SHARE
        self.inner = CoordinateDescent("residual", passes=MOST_PASSES, share=share)
        self.solver = ProximalNewton(self.inner)
        self.form = problem.design.working_block(problem.centre).form

    def reduce(self, state, working, target, steps_left):
        """One descent: (the gap among its columns, Newton steps, or epochs where the loss is quadratic)."""
        problem = self.problem
        if not problem.family.quadratic:
            return self.solver.reduce(problem, state, working, target, min(STEPS, steps_left))
        support, before = np.count_nonzero(state.coef), problem.work.epochs
        passes = cold_passes(problem, self.form, self.on_the_way, working.stored(), support)
        self.inner.limit(passes, steps_left)
        reached, _ = self.solver.reduce(problem, state, working, target, 1)
        return reached, problem.work.epochs - before

    def goes_on(self, gaps, target, read, support):
        """Whether another round does, see `choice.round_pays`."""
        return round_pays(self.problem, self.form, self.on_the_way, gaps, target, read, support)
