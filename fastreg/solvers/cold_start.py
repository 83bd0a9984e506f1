"""What a cold start may spend on coordinate descent over columns where they lie in X, before pivots take over.

Some dozen epochs may end at the solution sooner than a Gram matrix is built, or come nowhere near it; which cannot be
told beforehand. So a round of them may cost about what pivots from the null model would, and another follows as long
as the gap, falling as in the last one, promises to close for less than that. In operations of a pivot (see choice),
with W columns in the working set:

    a pass      2 R v                      over the v stored values of the columns
    pivots      2 n (d W)^2 D + 2 c s (s + W) / 3 + steps * A_STEP
                                           for the Gram matrix (d the share of values stored, D = 1 where X is dense),
                                           c = 2 s pivots to a support of s that grows from none, and the alphas on
                                           the way with their sweeps
"""

import math

import numpy as np

from fastreg.solvers.choice import READ
from fastreg.solvers.coordinate_descent import SHARE, CoordinateDescent
from fastreg.solvers.proximal_newton import ProximalNewton

MOST_PASSES, FEWEST_PASSES = 25, 6  # of one descent, of columns that take longer than SMALL_PASS
SMALL_PASS, SMALL_PASSES = 2e5, 150  # operations of a pass that costs next to nothing, and as many as those may be
A_ROUND, A_STEP = 2e6, 1e7  # operations in the time of a round's and of an alpha's calls
STEPS = 5  # of one descent, where the loss is not quadratic
PATIENCE = 3  # rounds like the last that may be expected, where the loss is not quadratic
OPTIMISM = 2.0  # how many times longer than the last round lets hope, since the first epochs gain most
GUESS = 0.25  # share of the columns that may be in the support, before that is known
A_WORKING_SET = 4  # columns in it for one in the support


class FirstDescent:
    """Rounds of coordinate descent on one problem, and whether another pays."""

    def __init__(self, problem, on_the_way):
        """`on_the_way`: alphas that pivots would take from the null model to where the descent is to end."""
        self.problem, self.on_the_way = problem, on_the_way
        # The model of least squares is the loss itself. With a ridge part supports are too large to be solved exactly
        # in the end, and come nearer to that by a descent that goes further.
        share = 1.0 if problem.family.quadratic and problem.l1_ratio == 1.0 else SHARE
        self.inner = CoordinateDescent("residual", passes=MOST_PASSES, share=share)
        self.solver = ProximalNewton(self.inner)
        design = problem.design
        self.read = READ[design.working_block(problem.centre).form]

    def reduce(self, state, working, target, steps_left):
        """One descent: (the gap among its columns, Newton steps, or epochs where the loss is quadratic)."""
        problem = self.problem
        if not problem.family.quadratic:
            return self.solver.reduce(problem, state, working, target, min(STEPS, steps_left))
        self.inner.passes = self._passes(working.stored(), np.count_nonzero(state.coef))
        self.inner.max_epochs, before = steps_left, problem.work.epochs
        reached, _ = self.solver.reduce(problem, state, working, target, 1)
        return reached, problem.work.epochs - before

    def pays(self, before, reached, target, read, support):
        """Whether another round does, after one that read so many columns and brought the gap from `before`."""
        if reached <= target:
            return True
        if not reached < before:
            return False
        rounds = math.log(reached / target) / math.log(before / reached)
        if not self.problem.family.quadratic:
            return rounds <= PATIENCE
        values = read * self.problem.stored / self.problem.p
        return OPTIMISM * rounds * (2.0 * self.read * values + A_ROUND) <= self.otherwise(support)

    def otherwise(self, support):
        """Operations of pivots from the null model to such a support."""
        problem = self.problem
        size = min(max(support, GUESS * problem.p), problem.n)
        columns = min(A_WORKING_SET * size + 20, problem.p) if self.on_the_way else problem.p
        stored = problem.stored / problem.p / problem.n * columns
        gram = 2.0 * problem.n * stored**2 * self.read / READ["dense"]
        return gram + 4.0 * size**2 * (size + columns) / 3.0 + (1 + self.on_the_way) * A_STEP

    def _passes(self, stored, support):
        a_pass = 2.0 * self.read * stored
        if a_pass <= SMALL_PASS:
            return SMALL_PASSES
        return min(max(self.otherwise(support) / a_pass, FEWEST_PASSES), MOST_PASSES)
