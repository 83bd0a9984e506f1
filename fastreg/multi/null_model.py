"""The null model of several responses: the intercepts and the columns without a penalty."""

import numpy as np

from fastreg.interface.validation import ParameterError
from fastreg.multi.duality_gap import levelled
from fastreg.multi.proximal_newton import ProximalNewton
from fastreg.multi.smooth_newton import NewtonSystem
from fastreg.multi.working_set import PairSet
from fastreg.paths.null_model import PERFECT, NullModel


class MultiNullModel(NullModel):
    """The NullModel of a MultiProblem; its residual is (K, n), its correlation (p, K)."""

    def _check(self):
        """Raise where float64 cannot hold the loss."""
        if not np.isfinite(self.loss):
            raise ParameterError(
                "overflow: the loss of the model without columns is not a number of float64; check the offset and the "
                "scale of Y"
            )

    def _perfect_loss(self):
        """Below this loss the null model is perfect up to rounding, in units of eta squared for least squares."""
        problem = self.problem
        return PERFECT * (problem.square_of(self.state.eta) if problem.family.quadratic else 1.0)

    def _fit_unpenalised(self):
        """Fit the columns without a penalty, within their bounds, to rounding."""
        problem, state, target = self.problem, self.state, PERFECT * self.problem.scale
        if problem.free.size == problem.unpenalised.size:
            NewtonSystem(problem, problem.free).solve(state, np.zeros(problem.free.size), target, 100)
            return
        working = PairSet(problem)
        working.extend(problem.units_of(problem.unpenalised), state.residual)
        working.set_penalty(problem.penalty_at(0.0))
        ProximalNewton().reduce(problem, state, working, target, 100)

    def _levelled(self):
        return levelled(self.problem, self.state)

    def resume(self, coef, intercept, alpha):
        """Move the state to these coefficients (p, K), near the solution at `alpha`."""
        problem, state = self.problem, self.state
        state.matrix[:] = np.where(problem.usable[:, None], coef, 0.0)
        state.intercepts[:] = intercept if problem.fit_intercept else 0.0
        if problem.bounds is not None:
            state.coef[:] = problem.bounds.clip(state.coef)
        if not problem.family.quadratic and (alpha == 0.0 or not problem.has_l1):
            # At a solution the coefficients of a column sum to zero over the classes; the probabilities do not change.
            columns = problem.unbounded_columns(problem.columns)
            state.matrix[columns] -= state.matrix[columns].mean(axis=1, keepdims=True)
        problem.refresh(state)

    def separates(self, loss):
        return self.problem.family.separates(loss, self.loss)

    def _alpha_of(self, rates):
        """(max_u |c_u| / rate_u, None) over the units that can enter and whose rate is not zero."""
        problem = self.problem
        rates = np.repeat(np.where(problem.usable, rates, 0.0), problem.units.a_column)
        held = rates > 0.0
        if problem.scale <= self.floor or not held.any():
            return 0.0, None
        return float((problem.pull(self.correlation)[held] / rates[held]).max()), None
