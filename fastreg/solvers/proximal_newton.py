"""Proximal Newton on a working set: one loop for every family.

At the current point the loss is replaced by its quadratic model with curvature h, the penalised quadratic is solved
over the working set by an inner solver (pivots or coordinate descent), and a step t is taken along the direction
found. For least squares the model is the loss: t = 1 and one round is exact.

The Hessian H = X_W' diag(h) X_W may be kept while h drifts: the direction is then only nearly Newton's, but every step
still lowers the objective, since its length is chosen with the true curvature along it (line_search.py). Secants of the
steps make up for much of its age (anderson_newton.py); H is built anew when that costs less than the steps it saves
(choice.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastreg.solvers.coordinate_descent import CoordinateDescent

if TYPE_CHECKING:
    from fastreg.solvers.protocol import InnerSolver

ROUGH = 0.03  # share of the gap to which a model is solved; less by a factor of
ROUGHER, FINEST = 0.1, 1e-9  # after every round that leaves of the gap,
STALLED = 0.9  # which may be far above the objective itself
ASTRAY = 1e-12  # of the null model's loss: a rise of a quadratic objective beyond it is a step that rounding spoiled
CAREFUL = 100  # times the columns of the working set, that a descent after such a step reads


class ProximalNewton:
    """Newton steps on a working set; `inner` solves each quadratic model.

    Least squares takes each step in full. A Gram matrix of nearly dependent columns may be indefinite by its rounding,
    and a step lead uphill; it is taken back, and `careful` goes on, a descent on the residual, whose objective cannot
    rise. Its gap can: the least one on the way is gone back to.
    """

    careful: InnerSolver = CoordinateDescent("residual", passes=CAREFUL)

    def __init__(self, inner: InnerSolver):
        self.inner = inner

    def reduce(self, problem, state, working, target, max_iter):
        """Iterate until the working set's gap is at most `target` (absolute). Returns (gap, Newton steps).

        On entry and on return working.correlation is current.
        """
        exact = problem.family.quadratic
        old = not exact and working.age.begin(working.alpha)
        gap, rounds, anew = working.gap(state), 0, old or working.curvature is None
        share, inner, gaps = ROUGH, self.inner, [gap]
        least, best = gap, None  # of a quadratic loss: the least gap, and where it was if that is not here
        highest = max(target, ASTRAY * problem.scale)
        while gap > target and rounds < max_iter:
            before, pull = state.coef[working.columns], working.correlation
            precision = target if exact else max(target, share * gap)
            coef, correlation = inner.solve(working, state, anew and not exact, precision)
            plain, mixed = coef, False
            if not exact and correlation is not None:
                plain = coef.copy()
                mixed = working.mix_secants(before, coef, correlation)
            t = working.move(state, coef, exact)
            if t == 0.0 and mixed:  # the mix leads nowhere, which the model itself may not
                coef = plain
                t = working.move(state, coef, exact)
            working.follow(state, correlation if exact else None, coef - before, target)
            previous, gap = gap, working.gap(state)
            rounds += 1
            if exact and inner is self.inner and not working.rise(state, before, pull) <= highest:
                working.go_back(state, before)
                inner, gap = self.careful, previous
            if exact and gap < least:
                least, best = gap, None
            elif exact and best is None:
                best = before
            problem.count_steps(1, state, gap)
            if (t == 0.0 or (gap >= previous and (anew or exact))) and previous < 1e-11 * problem.scale:
                break  # rounding: a full step no longer helps
            share = ROUGH if gap <= STALLED * previous else max(ROUGHER * share, FINEST)
            gaps.append(gap)
            anew = not gap < previous
            if not exact and correlation is not None:
                anew = working.age.step(working.model_version, working.renewal(), gaps, target)
        if best is not None and not gap <= least:
            working.go_back(state, best)
            gap = working.gap(state)
        return gap, rounds
