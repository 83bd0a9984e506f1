"""Proximal Newton on a working set: one loop for every family.

At the current point the loss is replaced by its quadratic model with curvature h, an inner solver (pivots or coordinate
descent) minimises the penalised model over the working set, and a step of length t is taken towards its solution. For
least squares the model is the loss: t = 1, and one step is exact.

The Hessian H = X_W' diag(h) X_W may be kept while h changes. The direction is then only close to Newton's, but every
step lowers the objective, since its length uses the current curvature (line_search.py). Anderson acceleration restores
much of the speed (anderson_newton.py), and H is computed anew when that costs less than the steps that it saves
(choice.py). The first step of a point corrects for the error that is expected of an old H (hessian_refresh.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastreg.solvers.coordinate_descent import CoordinateDescent
from fastreg.solvers.newton_descent import FINEST, ROUGH, ROUGHER, STALLED

if TYPE_CHECKING:
    from fastreg.solvers.protocol import InnerSolver

ASTRAY = 1e-12  # rise of a quadratic objective over the null model's loss, beyond which rounding has spoiled a step
CAREFUL = 100  # times that a descent after such a step reads the working set, at most


class ProximalNewton:
    """Newton steps on a working set; `inner` solves each quadratic model.

    Least squares takes each step in full. With nearly dependent columns rounding errors may make the Gram matrix
    indefinite, and a step may raise the objective. It is then undone, and `careful` continues by descent in residual
    form, which cannot raise the objective. It may raise the gap: the point of the least gap is returned.
    """

    careful: InnerSolver = CoordinateDescent("residual", passes=CAREFUL)

    def __init__(self, inner: InnerSolver):
        self.inner = inner

    def reduce(self, problem, state, working, target, max_iter):
        """Iterate until the working set's gap is at most `target` (absolute). Returns (gap, Newton steps).

        On entry and on return working.correlation is that of the state.
        """
        exact = problem.family.quadratic
        old = not exact and working.age.begin(working.alpha)
        gap, rounds, anew = working.gap(state), 0, old or working.curvature is None
        error = None if exact else working.model_error.begin(working, state)
        share, inner, gaps = ROUGH, self.inner, [gap]
        least, best = gap, None  # for a quadratic loss: least gap, and its coefficients, None for the current ones
        highest = max(target, ASTRAY * problem.scale)
        while gap > target and rounds < max_iter:
            before, pull, intercept = state.coef[working.columns], working.correlation, state.intercept
            precision = target if exact else max(target, share * gap)
            corrected = not (error is None or anew or rounds)
            with working.expecting(error if corrected else None):
                coef, correlation = inner.solve(working, state, anew and not exact, precision)
            plain, mixed = coef, False
            if not (exact or corrected) and correlation is not None:
                plain = coef.copy()
                mixed = working.mix_secants(before, coef, correlation)
            t = working.move(state, coef, exact)
            if t == 0.0 and mixed:  # the accelerated step failed: try the plain one
                coef = plain
                t = working.move(state, coef, exact)
            working.update_correlation(state, correlation if exact else None, coef - before, target)
            previous, gap = gap, working.gap(state)
            rounds += 1
            if exact and inner is self.inner and not working.rise(state, before, pull) <= highest:
                working.go_back(state, before, intercept)
                inner, gap = self.careful, previous
            if exact and gap < least:
                least, best = gap, None
            elif exact and best is None:
                best = before, intercept
            problem.count_steps(1, state, gap)
            if (t == 0.0 or (gap >= previous and (anew or exact))) and previous < 1e-11 * problem.scale:
                break  # rounding errors prevent further progress
            share = ROUGH if gap <= STALLED * previous else max(ROUGHER * share, FINEST)
            gaps.append(gap)
            anew = not gap < previous
            if not exact and correlation is not None:
                anew = working.age.step(working.model_version, working.renewal(), gaps, target)
        if best is not None and not gap <= least:
            working.go_back(state, *best)
            gap = working.gap(state)
        return gap, rounds
