"""Smooth problems with several responses (l1 = 0): multinomial and multi-response ridge, and fits without a penalty.

Newton's method over some columns of X. A step solves, with intercepts eliminated and H_i the K x K second derivative of
row i's loss,

    sum_i X'(H_i (X D)_i) + L2 D = X'R - L2 B

    separate     least squares: H_i = w_i, so that all responses share one Cholesky factor
    factored     softmax, few unknowns: the (columns K)^2 matrix by Cholesky
    iterated     otherwise: conjugate gradients in coefficients and intercepts together, by products with X

Where all columns have a ridge, quasi-Newton steps (fastreg.solvers.ridge.lbfgs) come before iterated ones: each takes
two products with X, where conjugate gradients take two for each of their iterations.

The preconditioner replaces every H_i by h_i C, with h_i its trace and C the mean of H_i / h_i. In the eigenvectors of C
the responses then separate: that of eigenvalue c has the matrix c X' diag(h) X + L2.
"""

import math
from functools import partial
from typing import Any

import numpy as np

from fastreg.multi.class_hessian import hessian_rows
from fastreg.multi.duality_gap import levelled
from fastreg.multi.line_search import smooth_step_length, step_length
from fastreg.multi.problem import pseudo_inverse
from fastreg.numerics.threads import linalg
from fastreg.objective.duality_gap import rounding_of_correlations
from fastreg.solvers.choice import LARGEST_FACTOR, factor_pays, preconditioner_pays
from fastreg.solvers.ridge.lbfgs import QuasiNewton

SINGULAR = 1e-13  # share of its diagonal entry: a matrix with a smaller squared pivot counts as singular
CORRECTIONS, CORRECTED = 5, 1e-6  # solves of a projection at most, and the relative residual of each
NEAR = 4  # factors of the preconditioner in an octave of eigenvalues
PATIENCE = 60  # quasi-Newton steps at most
CLEAR = 1e-3  # correlation of a projected residual with a free column, over that which counts as zero


class NewtonSystem:
    """Solves for Newton steps over some columns; keeps what stays the same from step to step, as a Gram matrix."""

    def __init__(self, problem, columns):
        self.problem, self.columns = problem, columns
        self.gram: Any = None
        self.block: Any = None  # the columns, where all unknowns are factorised together
        self.precondition: Any = None
        self.l2, self.iterations = np.empty(0), 0  # that of the preconditioner, and of the last conjugate gradients
        self.factored = factor_pays(problem.n, columns.size, problem.K)

    def solve(self, state, l2, target, max_iter):
        """Newton's method from `state`, which it updates. Returns (the gap that it reached, its steps)."""
        problem, steps, held = self.problem, 0, bool(np.all(l2 > 0.0))
        previous = math.inf
        if held and not (problem.response.quadratic or self.factored):
            gap, steps = self._quasi_newton(state, l2, target, max_iter)
            if gap <= target:
                return gap, steps
        while True:
            coef, gradient, bound = self.gradient(state, l2)
            if (bound <= target and not (problem.response.quadratic and steps == 0)) or steps >= max_iter:
                return bound, steps
            direction = self.direction(state, gradient, l2, min(0.1, math.sqrt(min(previous, 1.0) / problem.scale)))
            change, shift = problem.along(state.mean, problem.expand(self.columns, direction))
            decrement = 0.5 * float((gradient * direction).sum())
            gap = min(bound, decrement)
            settled = gap > 0.5 * previous and (gap < 1e-9 * problem.scale or problem.response.quadratic)
            if steps and (settled or not math.isfinite(gap) or (gap <= target and not held)):
                return gap, steps
            previous = gap
            t = step_length(problem, state, change, -2.0 * decrement, self._penalty(coef, direction, l2))
            if t == 0.0:
                return gap, steps
            problem.advance(state, self.columns, direction, (change, shift), t)
            steps += 1
            problem.count_steps(1, state, gap)

    def gradient(self, state, l2):
        """(coefficients, minus the objective's gradient in them, the gap at the residuals if all columns have a
        ridge)."""
        coef = state.matrix[self.columns]
        gradient = self.problem.correlate_columns(state.residual, self.columns) - l2[:, None] * coef
        held = bool(np.all(l2 > 0.0))
        return coef, gradient, float(((gradient**2).sum(axis=1) / (2.0 * l2)).sum()) if held else math.inf

    def _quasi_newton(self, state, l2, target, max_iter):
        """Quasi-Newton steps as long as they pay, as for one response. Returns (gap, steps).

        The preconditioner of conjugate gradients is exact at the null model, where the second derivatives of all rows
        are the same, and is computed anew when that costs no more than the steps since.
        """
        problem, columns, quasi, steps, since = self.problem, self.columns, None, 0, 0
        coef, gradient, gap = self.gradient(state, l2)
        while True:
            if gap <= target or steps >= min(PATIENCE, max_iter):
                return gap, steps
            if quasi is None:
                quasi = QuasiNewton(self._flat_preconditioner(state.mean, l2))
            elif preconditioner_pays(since, columns.size, problem.K):
                quasi.renew(self._flat_preconditioner(state.mean, l2))
                since = 0
            direction = quasi.direction(gradient.ravel()).reshape(gradient.shape)
            change, shift = problem.along(state.mean, problem.expand(columns, direction))
            ridge = float(l2 @ (direction**2).sum(axis=1)), float(l2 @ (coef * direction).sum(axis=1))
            t = smooth_step_length(problem, state, change, *ridge)
            if t == 0.0:
                return gap, steps
            problem.advance(state, columns, direction, (change, shift), t)
            steps, since, before = steps + 1, since + 1, gradient
            coef, gradient, gap = self.gradient(state, l2)
            problem.count_steps(1, state, gap)
            quasi.learn(t * direction.ravel(), (before - gradient).ravel())

    def _flat_preconditioner(self, mean, l2):
        """`_preconditioner` for vectors of the coefficients, without intercepts."""
        solve, m, K = self._preconditioner(mean, l2), self.columns.size, self.problem.K
        return lambda vector: solve(np.vstack([vector.reshape(m, K), np.zeros(K)]))[:m].ravel()

    def _penalty(self, coef, direction, l2):
        return lambda t: 0.5 * float(l2 @ ((coef + t * direction) ** 2).sum(axis=1))

    def project(self, state, l2):
        """The residual, less what the columns still explain of it: orthogonal to those of l2 = 0."""
        problem, mean = self.problem, state.mean
        dual, coef, free = levelled(problem, state), state.matrix[self.columns], l2 == 0.0
        for _ in range(CORRECTIONS):  # each takes up what the one before left, and its rounding
            gradient = problem.correlate_columns(dual, self.columns) - l2[:, None] * coef
            zero = CLEAR * rounding_of_correlations(problem, dual, problem.norms[self.columns[free]])
            if np.all(np.abs(gradient[free]) <= zero[:, None]):
                break
            direction = self.direction(state, gradient, l2, CORRECTED)
            change, _ = problem.along(mean, problem.expand(self.columns, direction))
            dual = dual - problem.response.curve(mean, change)
            coef = coef + direction
        return dual

    def direction(self, state, gradient, l2, accuracy):
        """The Newton step (columns, K)."""
        if self.problem.response.quadratic and self.columns.size <= LARGEST_FACTOR:
            return self._separate(gradient, l2)
        if self.factored:
            return self._factored(state, gradient, l2)
        return self._iterated(state, gradient, l2, accuracy)

    def _separate(self, gradient, l2):
        if self.gram is None:
            problem = self.problem
            problem.work.add(grams=1)
            self.gram = problem.design.gram(self.columns, problem.weight, problem.centre)
        return solve_positive(self.gram + np.diag(l2), gradient)

    def _factored(self, state, gradient, l2):
        """By the matrix of all pairs of a column and a class."""
        problem, K, m = self.problem, self.problem.K, self.columns.size
        if self.block is None:
            self.block = problem.design.working_block(problem.centre)
            self.block.extend(self.columns)
            problem.work.add(columns=m)
        inverse = pseudo_inverse(problem.response.intercept_curvature(state.mean))
        places, classes = np.divmod(np.arange(m * K), K)
        problem.work.add(grams=1)
        A = hessian_rows(problem, self.block, places, classes, state.mean, inverse)
        lift = A.diagonal().reshape(m, K).sum(axis=1) / K**2  # adding a constant to all classes changes no mean
        for j in range(m):
            A[j * K : (j + 1) * K, j * K : (j + 1) * K] += lift[j]
        A[np.diag_indices_from(A)] += np.repeat(l2, K)
        return solve_positive(A, gradient.ravel()).reshape(m, K)

    def _iterated(self, state, gradient, l2, accuracy):
        """Preconditioned conjugate gradients to a relative `accuracy` of the residual."""
        problem, response, mean = self.problem, self.problem.response, state.mean
        m, centre = self.columns.size, problem.centre[self.columns]

        def product(V):
            curved = response.curve(mean, problem.expand(self.columns, V[:m]) + V[m:].T)
            total = curved.sum(axis=1) if problem.fit_intercept else np.zeros(problem.K)
            image = problem.correlate_columns(curved, self.columns) - np.outer(centre, total) + l2[:, None] * V[:m]
            return np.vstack([image, total])

        if not np.array_equal(l2, self.l2) or preconditioner_pays(self.iterations, m, problem.K):
            self.precondition, self.l2 = self._preconditioner(mean, l2), l2
        target, most = np.vstack([gradient, np.zeros(problem.K)]), 10 * m * problem.K
        solution, self.iterations = conjugate_gradients(product, target, self.precondition, accuracy, most)
        return solution[:m]

    def _preconditioner(self, mean, l2):
        problem, columns, K = self.problem, self.columns, self.problem.K
        h = problem.weight * ((mean * (1.0 - mean)).sum(axis=0) if not problem.response.quadratic else float(K))
        total, free = max(float(h.sum()), 1e-300), np.append(l2 == 0.0, True)
        values, vectors = np.linalg.eigh(problem.response.intercept_curvature(mean) / total)
        values = np.maximum(values, 0.0)
        if K * columns.size**2 > LARGEST_FACTOR**2:
            values[:] = 1.0 / K
        moves = values > SINGULAR  # adding a constant to all classes does not: it is left out, but for ridge columns
        values = np.where(moves, 2.0 ** (np.rint(NEAR * np.log2(np.maximum(values, SINGULAR))) / NEAR), 0.0)
        if columns.size <= min(LARGEST_FACTOR, 2 * problem.n):
            problem.work.add(grams=1)
            gram = problem.design.gram(columns, h, problem.centre)
            slight = 1e-10 * max(float(gram.trace()), 1e-300) / columns.size
            solves = {c: solver_of(c * gram + np.diag(l2 + c * slight)) for c in set(values[moves].tolist())}
            solves[0.0] = partial(np.multiply, 1.0 / np.maximum(l2, SINGULAR * slight))
        else:
            scale = total * problem.norms[columns] ** 2
            solves = {c: partial(np.multiply, 1.0 / np.maximum(c * scale + l2, 1e-300)) for c in set(values.tolist())}

        def precondition(V):
            V = V @ vectors
            for k, c in enumerate(values.tolist()):
                V[:-1, k] = solves[c](V[:-1, k])
                V[-1, k] /= max(c, SINGULAR) * total
            V[np.ix_(free, ~moves)] = 0.0
            return V @ vectors.T

        return precondition


def solver_of(A):
    """A function that returns A^-1 b."""
    lapack = linalg().lapack  # whose functions take a tenth of the time of those that check their arguments
    factor, _ = lapack.dpotrf(A, overwrite_a=True)
    return lambda b: lapack.dpotrs(factor, b)[0]


def conjugate_gradients(product, target, precondition, accuracy, most):
    """(An approximate solution of product(D) = target, a positive semidefinite system over matrices; iterations)."""
    solution, residual = np.zeros(target.shape), target.copy()
    iterations = 0
    wanted = accuracy * float(np.linalg.norm(target))
    towards = precondition(residual)
    direction, size = towards.copy(), float((residual * towards).sum())
    for _ in range(most):
        if size <= 0.0 or np.linalg.norm(residual) <= wanted:
            break
        iterations += 1
        image = product(direction)
        curvature = float((direction * image).sum())
        if curvature <= SINGULAR * float((direction * direction).sum()) * size:
            break
        step = size / curvature
        solution += step * direction
        residual -= step * image
        towards = precondition(residual)
        previous, size = size, float((residual * towards).sum())
        direction = towards + (size / previous) * direction
    return solution, iterations


def solve_positive(A, b):
    """A^-1 b by Cholesky, its rows and columns scaled to a unit diagonal; the shortest solution where A is singular."""
    unit = np.sqrt(np.maximum(np.diag(A), 1e-300))
    scaled = A / np.outer(unit, unit)
    b = b / (unit[:, None] if b.ndim == 2 else unit)
    try:
        factor = linalg().cho_factor(scaled, check_finite=False)
        solvable = not A.size or np.diag(factor[0]).min() ** 2 > SINGULAR
    except np.linalg.LinAlgError:
        solvable = False
    if solvable:
        out = linalg().cho_solve(factor, b, check_finite=False)
    else:
        out = linalg().lstsq(scaled, b, cond=SINGULAR, check_finite=False)[0]
    return out / (unit[:, None] if b.ndim == 2 else unit)
