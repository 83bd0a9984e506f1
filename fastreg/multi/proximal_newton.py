"""Proximal Newton for the multinomial: quadratic models over pairs of column and class, solved by the active set.

The Hessian H is kept from step to step and from alpha to alpha, and extended by pairs that enter, as long as steps with
it gain enough. Steps that share one H are combined by their secants, which corrects much of what is out of date in it.
Where X is sparse and the support large, models are solved by coordinate descent, which needs no H.
"""

from fastreg.multi.class_descent import descend_classes
from fastreg.multi.group_descent import NOISE
from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.choice import STALE, classes_descend

PRECISION = 0.2, 0.02  # gap of a descent's model, over the gap wanted and over the present one


class ProximalNewton:
    """Newton steps on a working set of pairs. The Hessian is kept while steps with it still gain enough."""

    def __init__(self):
        self.inner = ActiveSet()

    def reduce(self, problem, state, working, target, max_iter):
        """Iterate until the working set's gap is at most `target` (absolute). Returns (gap, Newton steps).

        On entry and on return working.correlation is current.
        """
        gap, rounds, anew, stuck = working.gap(state), 0, False, False
        while gap > target and rounds < max_iter:
            descends = not stuck and classes_descend(problem, state)
            if descends:
                coef = descend_classes(working, state, max(PRECISION[0] * target, PRECISION[1] * gap))
                t = working.move(state, coef)
                stuck = t == 0.0
            else:
                t = self._pivot(working, state, anew, max(target, 0.01 * gap))
            working.correlate(state)
            previous, gap = gap, working.gap(state)
            rounds += 1
            problem.count_steps(1, state, gap)
            if (t == 0.0 or (gap >= previous and (anew or descends))) and previous < NOISE * problem.scale:
                break
            anew = gap > STALE * previous
        return gap, rounds

    def _pivot(self, working, state, anew, precision):
        """A step by pivots, with the Hessian that is kept unless `anew`. Returns its length."""
        before = state.coef[working.columns]
        coef, correlation = self.inner.solve(working, state, anew, precision)
        plain = coef.copy()
        mixed = working.mix_secants(before, coef, correlation)
        t = working.move(state, coef)
        if t == 0.0 and mixed:  # the mix leads nowhere, which the model itself may not
            t = working.move(state, plain)
        return t
