"""Firth's bias reduction of logistic regression: half the logarithm of the information's determinant as a bonus.

    F(theta) = sum_i w_i loss_i - log det(X'HX) / (2 W),   gradient = -sum_i x_i (r_i + l_i (1/2 - mean_i) / W)

with leverages l_i = h_i x_i'(X'HX)^-1 x_i and W the sum of the weights as they were given. F grows without bound in
every direction, so that its minimum is finite where classes can be separated. X'HX takes the Hessian's place.
"""

import numpy as np

from fastreg.inference.smooth_objective import Evaluation, Factor, SmoothObjective


class FirthObjective(SmoothObjective):
    """F, over all usable columns; no ridge part."""

    exact = False

    def __init__(self, problem, columns, base, total):
        super().__init__(problem, columns, np.zeros(columns.size), base)
        self.total = total

    def evaluate(self, theta):
        eta, residual, curvature = self.linearised(theta)
        gram = self.gram(curvature)
        factor = Factor(gram)
        leverage = curvature * self.squares(factor.root)
        bonus = leverage * (0.5 - self.problem.family.mean(eta)) / self.total
        value = self.problem.loss_at(eta) - 0.5 * factor.log_determinant() / self.total
        return Evaluation(value, -self.correlate(residual + bonus), gram, factor)

    def start(self):
        """The null model: eta at the intercept alone."""
        theta = np.zeros(self.l2.size)
        if self.problem.fit_intercept:
            theta[0] = self.problem.start().intercept
        return theta
