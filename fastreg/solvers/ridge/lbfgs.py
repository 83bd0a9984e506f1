"""Limited-memory BFGS for smooth GLMs, preconditioned by the Gram matrix of a sample of rows.

An iteration reads X twice; a Newton step needs a Gram matrix. With ten times as many sampled rows as columns, the
eigenvalues of the preconditioned Hessian are within about (1 +- 0.3)^2 at the start, for any correlations of the
columns. Later changes of the curvature are learnt from the steps.

Sources: Nocedal and Wright (2006), section 7.2; Erdogdu and Montanari (2015), arXiv 1508.02810, for sampled Hessians.
"""

import math

import numpy as np

from fastreg.numerics.threads import linalg
from fastreg.solvers.choice import LEAST_PATIENCE, SAMPLED, sample_pays

TOGETHER = 8  # neighbouring rows sampled together, which are in one cache line of every column


class QuasiNewton:
    """Quasi-Newton directions at one penalty; `learn` updates the inverse Hessian after a step.

    `precondition` multiplies a vector by an estimate of it.
    """

    def __init__(self, precondition):
        self.pairs = []
        self.renew(precondition)

    def renew(self, precondition):
        """Go on with another preconditioner."""
        self.precondition = precondition

    def direction(self, gradient):
        """The estimated inverse Hessian times `gradient`, minus that of the objective, by the two-loop recursion."""
        out, shares = gradient.copy(), []
        for step, change, scale in reversed(self.pairs):
            share = scale * (step @ out)
            out -= share * change
            shares.append(share)
        out = self.precondition(out)
        if self.pairs:
            step, change, scale = self.pairs[-1]
            out *= 1.0 / (scale * (change @ self.precondition(change)))
        for (step, change, scale), share in zip(self.pairs, reversed(shares)):
            out += (share - scale * (change @ out)) * step
        return out

    def learn(self, step, change):
        """Store a step and the change of the objective's gradient along it."""
        product = float(step @ change)
        if product > 1e-14 * math.sqrt(float(step @ step) * float(change @ change)):
            self.pairs = [*self.pairs[1 - LEAST_PATIENCE :], (step, change, 1.0 / product)]


def preconditioner(problem, columns, state, l2):
    """A function that solves systems in an estimate of the Hessian: from a sample of rows, or its diagonal."""
    if sample_pays(problem.n, columns.size):
        factor = _sampled_factor(problem, columns, state.curvature, l2, SAMPLED * columns.size)
        if factor is not None:
            return lambda vector: linalg().cho_solve(factor, vector, check_finite=False)
    diagonal = problem.norms[columns] ** 2 * float(state.curvature.sum()) + l2
    return lambda vector: vector / diagonal


def _sampled_factor(problem, columns, curvature, l2, size):
    """Cholesky factor of the Hessian estimated from a sample of rows; None if it is singular."""
    lapack = linalg()
    starts = np.sort(np.random.default_rng(0).choice(problem.n // TOGETHER, size // TOGETHER, replace=False))
    rows = (TOGETHER * starts[:, None] + np.arange(TOGETHER)).ravel()
    h = curvature[rows]
    total = h.sum()
    if not total > 0.0:
        return None
    gram, sums = problem.design.by_rows(columns, problem.centre).sampled_gram(rows, h)
    problem.work.add(columns=columns.size * size // problem.n)
    if problem.fit_intercept:  # the sample's own h-mean
        gram -= np.outer(sums, sums / total)
    gram *= float(curvature.sum()) / total
    gram[np.diag_indices_from(gram)] += l2
    try:
        return lapack.cho_factor(gram, lower=True, overwrite_a=True)
    except lapack.LinAlgError:
        return None
