"""Smooth problems (l1 = 0): ridge in closed form, ridge GLMs by Newton-IRLS, and fits without any penalty.

At each Newton step the weighted least-squares problem

    minimise over (b0, b)   sum_i h_i (z_i - b0 - x_i'b)^2 / 2 + sum_j l2_j b_j^2 / 2

is solved in the form that suits its size; for least squares the first step is the solution.

    columns   (X'hX + L2) d = X'r - L2 b by Cholesky, with X centred at its h-means       p <= n, or p small
    rows      (I + S K S) a = ..., K = X L2^-1 X', S = sqrt(h); one K for a whole path    n < p, few columns of l2_j = 0
    qr        QR with pivoting of the centred, scaled rows [sqrt(h) X; sqrt(L2)]          tiny l2, and least squares,
                                                                                          n < p or near dependence
    products  conjugate gradients on the first system, preconditioned by its diagonal     n and p both large

GLMs take cheaper steps first: L-BFGS if X is tall (lbfgs.py), Newton steps in the dual if it is wide (row_space.py).
Paths of least squares use spectrum.py or krylov.py instead.

Residual and correlations of the solution are computed from X in every form, and its certificate from these.
Sources: McCullagh and Nelder (1989), section 2.5; Rasmussen and Williams (2006), section 3.4 for the stable dual form.
"""

import math

import numpy as np

from fastreg.design.row_blocks import in_order
from fastreg.numerics.cholesky import LEAST_PIVOT
from fastreg.numerics.threads import linalg
from fastreg.objective.duality_gap import balanced, duality_gap, empty_gap, levelled, orthogonal, steering_gap
from fastreg.objective.duality_gap_bounded import WEAK
from fastreg.solvers.choice import qr_pays, quasi_newton_pays, quasi_newton_steps, ridge_form, row_space_pays
from fastreg.solvers.line_search import extent, smooth_step_length, step_length
from fastreg.solvers.ridge.lbfgs import QuasiNewton, preconditioner
from fastreg.solvers.ridge.row_space import CURVATURE_FLOOR, SHARE, RowSpace


class RidgeSystem:
    """The Newton systems of a set of columns, with matrices that are the same at every point."""

    def __init__(self, problem, columns, repeats=False):
        """`repeats` says that each solve is repeated at the same curvature, which corrects its rounding errors."""
        self.problem, self.columns = problem, columns
        self.fixed = repeats or problem.family.quadratic
        self.corrected = repeats or not problem.family.quadratic
        self.everything = in_order(columns, problem.p)
        self.norms = problem.norms[columns]
        self.kernel: tuple[np.ndarray, np.ndarray] | None = None  # K, and the l2_j for which it was computed
        self.gram: np.ndarray | None = None  # X'hX about the h-means
        self.rows: RowSpace | None = None

    def solve(self, state, l2, target, max_iter):
        """Newton's method from `state`, which is updated. Returns (absolute gap, Newton steps)."""
        problem, steps = self.problem, 0
        correlation = self._correlate(state.residual)
        gap = self.gap(state, correlation, l2)
        # For least squares one step is exact, so it is taken even from a start within the tolerance.
        required = 1 if problem.family.quadratic else 0
        if gap > target and quasi_newton_pays(problem, self.columns.size, bool(self.weak(l2).any())):
            gap, correlation, steps = self._quasi_newton(state, correlation, gap, l2, target, max_iter)
        rows = self._rows_from(state, l2) if gap > target else None
        if rows is not None:
            steps = rows.solve(state, l2, target, max_iter)
            correlation = self._correlate(state.residual)
            gap = self.gap(state, correlation, l2)
        while (gap > target or steps < required) and steps < max_iter:
            direction = self._direction(state, correlation, l2)
            t = self._move(state, correlation, direction, l2, problem.predict(self.columns, direction))
            correlation = self._correlate(state.residual)
            previous, gap = gap, self.gap(state, correlation, l2)
            steps += 1
            problem.count_steps(1, state, gap)
            settled = gap > 0.5 * previous and (gap < 1e-9 * problem.scale or problem.family.quadratic)
            if t == 0.0 or settled or not math.isfinite(gap):
                break  # rounding errors, or no finite solution
        return gap, steps

    def _rows_from(self, state, l2):
        """The RowSpace, or None if it does not pay or the state's dual variable is unknown."""
        if self.weak(l2).any() or not row_space_pays(self.problem, self.columns.size):
            return None
        if self.rows is None:
            if np.any(state.coef[self.columns]):
                return None  # a resumed fit, whose dual variable is unknown
            self.rows = RowSpace(self.problem, self.columns, l2)
        return None if self.rows.start(state, l2) is None else self.rows

    def _quasi_newton(self, state, correlation, gap, l2, target, max_iter):
        """Quasi-Newton steps as long as they pay. Returns (gap, correlation, steps).

        With the residual as dual point the gap is sum_j g_j^2 / (2 l2_j), g the gradient, which is far above the
        suboptimality if the ridge is weak. Once the predicted decrease is below the target, the gap is computed at the
        dual point r - h (X d) instead, where it is about this decrease.
        """
        problem, steps = self.problem, 0
        quasi = QuasiNewton(preconditioner(problem, self.columns, state, l2))
        while gap > target and steps < min(quasi_newton_steps(self.columns.size), max_iter):
            gradient = correlation - l2 * state.coef[self.columns]
            direction = quasi.direction(gradient)
            change = problem.predict(self.columns, direction)
            if 0.5 * float(gradient @ direction) < SHARE * target:
                gap = min(gap, self._gap_at_corrected(state, change, l2))
                if gap <= target:
                    break
            ridge = float(l2 @ direction**2), float(l2 @ (state.coef[self.columns] * direction))
            t = smooth_step_length(problem, state, change, *ridge)
            if t == 0.0:
                break
            problem.advance(state, self.columns, direction, change, t)
            correlation = self._correlate(state.residual)
            gap = self.gap(state, correlation, l2)
            steps += 1
            problem.count_steps(1, state, gap)
            quasi.learn(t * direction, gradient - (correlation - l2 * state.coef[self.columns]))
        return gap, correlation, steps

    def _gap_at_corrected(self, state, change, l2):
        """The duality gap at the dual point r - h (change - its h-mean)."""
        problem, coef = self.problem, state.coef[self.columns]
        middle = (state.curvature @ change) / state.curvature.sum() if problem.fit_intercept else 0.0
        dual = state.residual - state.curvature * (change - middle)
        return duality_gap(problem.family, state, dual, self._correlate(dual), coef, np.zeros(coef.size), l2)

    def gap(self, state, correlation, l2):
        """The steering gap."""
        coef = state.coef[self.columns]
        free = self.norms**2 * float(state.curvature.sum())
        return steering_gap(correlation, coef, np.zeros(coef.size), l2, free, self.problem.scale, False)

    def proven(self, state, l2, gap):
        """The certified gap: the steering gap `gap` if that is exact, else from `certify`."""
        problem = self.problem
        if np.any(self.weak(l2)) or not problem.family.tight or not balanced(problem, state.residual):
            return self.certify(state, l2)
        return gap

    def weak(self, l2):
        """Which columns have no ridge, or one so weak that its conjugate magnifies rounding errors."""
        return l2 <= WEAK * self.norms**2

    def certify(self, state, l2):
        """The certified gap of the current point: the smallest of up to three, which differ for `weak` columns.

        The first keeps their ridge, at a corrected dual point. The second drops it from the dual problem, which lowers
        the dual value: it is the gap without their ridge, plus l2_j b_j^2 / 2, for l2_j so small that rounding errors
        of c_j^2 / l2_j are large. The third is exact for least squares.
        """
        problem, weak = self.problem, self.weak(l2)
        gaps = [self._certify_at(state, l2, self.columns[weak], l2[weak], l2)]
        if np.any(l2[weak] > 0.0):
            dropped, coef = np.where(weak, 0.0, l2), state.coef[self.columns]
            extra = 0.5 * float(l2[weak] @ coef[weak] ** 2)
            gaps.append(extra + self._certify_at(state, l2, self.columns[weak], np.zeros(weak.sum()), dropped))
            if problem.family.quadratic and qr_pays(problem.n, self.columns.size):
                gaps.append(self._newton_decrement(state, l2))
        return min(gaps)

    def _newton_decrement(self, state, l2):
        """The suboptimality of a quadratic objective, (d'H d + d'L2 d) / 2 with d the step to its minimum, by QR."""
        coef = state.coef[self.columns]
        step = self._qr(state, l2, coef)
        change = self.problem.predict(self.columns, step)
        _, _, square = extent(state.curvature, change, self.problem.fit_intercept)
        return 0.5 * (square + float(l2 @ step**2))

    def _certify_at(self, state, l2, columns, dual_l2, kept):
        problem, coef = self.problem, state.coef[self.columns]
        dual, none = dual_direction(problem, state, columns, dual_l2), np.zeros(coef.size)
        correlation, free = self._correlate(dual), kept == 0.0
        if not orthogonal(problem, dual, self.columns[free], correlation[free]):
            return empty_gap(problem.family, state.eta, state.residual, coef, none, l2)
        return duality_gap(problem.family, state, dual, correlation, coef, none, kept)

    def _correlate(self, residual):
        if self.everything:
            return self.problem.correlate(residual)
        return self.problem.correlate_some(residual, self.columns)

    def _move(self, state, correlation, steps, l2, change):
        problem, coef = self.problem, state.coef[self.columns]
        t = 1.0
        if not problem.family.quadratic:
            t = step_length(problem, state, correlation, coef, coef + steps, (np.zeros(coef.size), l2), change)
        problem.advance(state, self.columns, steps, change, t)
        return t

    def _direction(self, state, correlation, l2):
        coef, free = state.coef[self.columns], np.flatnonzero(l2 == 0.0)
        gradient = correlation - l2 * coef
        form = ridge_form(self.problem, self.columns.size, free.size, bool(self.weak(l2).any()), self.corrected)
        if form == "qr":
            return self._qr(state, l2, coef)
        if form == "rows":
            return self._dual(state, l2, coef, free)
        if form == "columns":
            return self._primal(state, gradient, l2, coef)
        return self._conjugate_gradients(state, gradient, l2)

    def _primal(self, state, gradient, l2, coef):
        """The Newton step by normal equations, or by QR where columns with hardly any ridge nearly depend."""
        system, lapack = self._gram(state.curvature) + np.diag(l2), linalg()
        try:
            factor = lapack.cho_factor(system, lower=True)
            if not np.any(np.diag(factor[0]) ** 2 <= LEAST_PIVOT * np.diag(system)):
                return lapack.cho_solve(factor, gradient)
        except lapack.LinAlgError:
            pass
        if self.weak(l2).any() and qr_pays(self.problem.n, self.columns.size):
            return self._qr(state, l2, coef)
        return np.linalg.lstsq(system, gradient, rcond=1e-12)[0]

    def _gram(self, h):
        """X'hX about the h-means."""
        problem = self.problem
        if self.gram is None or not self.fixed:
            self.gram = problem.gram(self.columns, h)
            if problem.fit_intercept:  # about the h-means, instead of about the centre
                sums = problem.correlate_some(h, self.columns) - h.sum() * problem.centre[self.columns]
                self.gram -= np.outer(sums, sums / h.sum())
        return self.gram

    def _qr(self, state, l2, coef):
        """The Newton step by QR of [sqrt(h) (x - mean); sqrt(l2)], columns scaled to unit length; the shortest one
        where columns depend on each other."""
        problem, h = self.problem, state.curvature
        root = np.sqrt(h)
        n, m = problem.n, self.columns.size
        stacked = np.zeros((n + m, m), order="F")
        stacked[:n] = problem.design.gather(self.columns)
        if problem.fit_intercept:
            stacked[:n] -= (h @ stacked[:n]) / h.sum()
        stacked[:n] *= root[:, None]
        stacked[n:] = np.diag(np.sqrt(l2))
        length = np.sqrt(np.einsum("ij,ij->j", stacked, stacked))
        length[length == 0.0] = 1.0
        stacked /= length
        rows = np.divide(state.residual, root, out=np.zeros_like(root), where=root > 0.0)
        target = np.concatenate([rows, -np.sqrt(l2) * coef])
        options = {"cond": np.finfo(float).eps * max(stacked.shape), "overwrite_a": True, "check_finite": False}
        return linalg().lstsq(stacked, target, lapack_driver="gelsy", **options)[0] / length

    def _dual(self, state, l2, coef, free):
        """The Newton step from the dual variable a, the residual of the model's solution; b_j = x_j'a / l2_j."""
        problem = self.problem
        n, penalised = problem.n, np.flatnonzero(l2 > 0.0)
        if self.kernel is None:
            some = self.columns[penalised]
            self.kernel = problem.row_gram(some, l2[penalised]), l2[penalised]
        kernel, made_for = self.kernel
        kernel = kernel * (made_for[0] / l2[penalised][0])  # along a path all l2_j change by one factor
        some = self.columns[free]
        fixed = [problem.design.gather(some) - problem.centre[some]] if free.size else []
        fixed += [np.ones((n, 1))] if problem.fit_intercept else []
        h = np.maximum(state.curvature, CURVATURE_FLOOR * problem.weight)
        root = np.sqrt(h)
        inverse = np.divide(1.0, root, out=np.zeros(n), where=root > 0.0)
        lapack = linalg()
        factor = lapack.cho_factor(np.eye(n) + root[:, None] * kernel * root, lower=True)
        fitted = state.eta - problem.offset
        target = inverse * state.residual + root * fitted
        dual = lapack.cho_solve(factor, target)
        if fixed:
            Z = root[:, None] * np.hstack(fixed)
            solved = lapack.cho_solve(factor, Z)
            beta = np.linalg.lstsq(Z.T @ solved, Z.T @ dual, rcond=1e-14)[0]
            dual -= solved @ beta
        else:
            beta = np.empty(0)
        new = np.zeros(coef.size)
        new[penalised] = problem.correlate_some(root * dual, self.columns[penalised]) / l2[penalised]
        new[free] = beta[: free.size]
        return new - coef

    def _conjugate_gradients(self, state, gradient, l2):
        problem, h = self.problem, state.curvature
        total = h.sum()
        diagonal = self.norms**2 * total + l2
        diagonal[diagonal <= 0.0] = 1.0

        def product(d):
            change = problem.predict(self.columns, d)
            weighted = h * change
            if problem.fit_intercept:
                weighted -= h * (weighted.sum() / total)
            return self._correlate(weighted) + l2 * d

        solution, rest = np.zeros(gradient.size), gradient.copy()
        conditioned = rest / diagonal
        search, energy = conditioned.copy(), rest @ conditioned
        start, precision = energy, 1e-20 if problem.family.quadratic else 1e-6
        for _ in range(20 * int(math.sqrt(gradient.size)) + 200):
            if energy <= precision * start:
                break
            image = product(search)
            step = energy / (search @ image)
            solution += step * search
            rest -= step * image
            conditioned = rest / diagonal
            energy, old = rest @ conditioned, energy
            search = conditioned + (energy / old) * search
        return solution


def dual_direction(problem, state, columns, l2):
    """The levelled residual with some columns projected out: r - h (X a), a = (H + L2)^-1 (X'r - L2 b).

    For unpenalised columns (l2 = 0) this is the projection that makes them orthogonal to the dual point; for weakly
    penalised ones it is the dual point at which the gap is the Newton decrement. At a solution it differs from the
    residual by rounding errors. Done twice, to correct rounding errors of the first projection.
    """
    residual = levelled(problem, state)
    if columns.size == 0:
        return residual
    system, trial = RidgeSystem(problem, columns, repeats=True), state.copy()
    trial.residual[:] = residual
    for _ in range(2):
        correlation = problem.correlate_some(trial.residual, columns)
        change = problem.predict(columns, system._direction(trial, correlation, l2))
        if problem.fit_intercept:
            change -= (state.curvature @ change) / state.curvature.sum()
        trial.residual[:] -= state.curvature * change
    return trial.residual
