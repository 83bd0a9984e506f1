"""Least squares of several responses with many more rows than columns, as a problem of at most p rows."""

import numpy as np

from fastreg.design.designs import as_design
from fastreg.interface.validation import read_only
from fastreg.multi.losses import SquaredError
from fastreg.multi.problem import MultiProblem
from fastreg.objective.gram_reduction import Reduced, placeholders, reduction


class MultiCompressed(Reduced, MultiProblem):
    """The problem of fastreg.objective.gram_reduction with a z for each response."""

    def loss(self, state):
        return super().loss(state) + self.rest


def compress(problem):
    """The `MultiCompressed` of a problem. Reads X once for all responses, and once for the Gram matrix."""
    state = problem.start()
    factor, z, rest = reduction(problem, state)
    rank = len(z)
    response = SquaredError(read_only(np.ascontiguousarray(np.sqrt(rank) * z.T)), read_only(np.full(rank, 1.0 / rank)))
    small = MultiCompressed(
        as_design(factor), response, problem.units, False, problem.penalty, problem.factor, False,
        moments=placeholders(problem),
    )  # fmt: skip
    small.stand_for(problem, rest, state.intercepts, problem.square_of(state.eta))
    return small
