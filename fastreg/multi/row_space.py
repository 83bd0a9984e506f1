"""Ridge of several classes with more columns than rows: the same problem with a column for each row.

With a ridge penalty alpha sum_jk v_j B_jk^2 / 2, v_j > 0, solutions are B = V^-1 (X - c)'A, A (n, K), up to the
intercepts. With the Cholesky factor L of (X - c) V^-1 (X - c)' and C = L'A the linear predictors are L C and the
penalty is alpha |C|^2 / 2: a problem of n columns, in which X is not read. A matrix with the same number everywhere is
added before it is factorised where intercepts are fitted: these take it up, and the matrix would be singular without.

Source: Hastie and Tibshirani (2004), Biostatistics 5(3), 329-340.
"""

import numpy as np

from fastreg.design.designs import as_design
from fastreg.multi.problem import MultiProblem
from fastreg.numerics.threads import linalg
from fastreg.objective.penalties import ElasticNet


class RowSpace:
    """The problem of n columns, and its state."""

    def __init__(self, problem, columns, start):
        """`start` is a state of `problem`, at which this one begins."""
        self.problem, self.columns, self.rates = problem, columns, problem.l2_rates[columns, None]
        kernel = problem.row_gram(columns, self.rates[:, 0])
        unit = float(np.trace(kernel)) / problem.n
        kernel += unit if problem.fit_intercept else 0.0
        kernel[np.diag_indices_from(kernel)] += problem.n * np.finfo(float).eps * unit
        self.factor = np.asfortranarray(np.linalg.cholesky(kernel))
        self.small = MultiProblem(
            as_design(self.factor), problem.response, problem.units, problem.fit_intercept, ElasticNet(0.0),
            np.ones(problem.n), False, offset=problem.offset,
        )  # fmt: skip
        self.small.measure(problem.scale)
        self.state = self.small.start()
        if start.matrix.any():
            fitted = (start.eta - problem.offset).T - (start.intercepts + problem.centre @ start.matrix)
            self.state.matrix[:] = linalg().solve_triangular(self.factor, fitted, lower=True, check_finite=False)
            self.small.refresh(self.state)

    def watch(self, state):
        """Let steps count as those of the problem, whose `state` a watcher is given."""

        def seen(_, gap):
            if self.problem.watcher is not None:
                self.place(state)
            self.problem.count_steps(1, state, gap)

        self.small.watch(seen)

    def place(self, state):
        """Let `state` have the coefficients of the present point."""
        problem, here = self.problem, self.state
        dual = linalg().solve_triangular(self.factor, here.matrix, lower=True, trans=1, check_finite=False)
        products = problem.correlate_columns(dual.T, self.columns)
        state.matrix[self.columns] = (products - np.outer(problem.centre[self.columns], dual.sum(axis=0))) / self.rates
        state.intercepts[:] = here.intercepts - problem.centre @ state.matrix
        problem.refresh(state)
