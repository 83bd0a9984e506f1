"""What a solver answers: `Solver` for a working set, and `InnerSolver` for the quadratic models of Newton's method."""

from typing import Protocol

import numpy as np

from fastreg.objective.problem import Problem, State
from fastreg.solvers.working_set import WorkingSet


class Solver(Protocol):
    """Solves one alpha on a working set: proximal Newton, or proximal gradient."""

    def reduce(
        self, problem: Problem, state: State, working: WorkingSet, target: float, max_iter: int
    ) -> tuple[float, int]:
        """Move the state until the working set's gap is at most `target` (absolute): (that gap, steps taken).

        On entry and on return working.correlation is that of the state. It may end sooner: after `max_iter` steps, or
        where rounding lets none of them help.
        """


class InnerSolver(Protocol):
    """Solves the model of a working set: pivots, coordinate descent, or whichever is cheaper (choice.py).

    The model is -c'd + d'Hd/2 plus the penalty at b + d, with c = working.correlation at the state (see
    active_set/quadratic_model.py); for least squares it is the objective.
    """

    def solve(
        self, working: WorkingSet, state: State, anew: bool, precision: float
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """(coefficients b + d, (m,), and their correlations c - H d, or None where nothing keeps them).

        The state stays where it is. Matrices that `working` keeps are made `anew`, at the present curvature, or serve
        as they are; a solver without one takes the present curvature. `precision` is the gap wanted (absolute).
        """
