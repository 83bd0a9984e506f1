"""The methods of a `Solver` for a working set, and of an `InnerSolver` for the quadratic models of Newton's method."""

from typing import Protocol

import numpy as np

from fastreg.objective.problem import Problem, State
from fastreg.solvers.working_set import WorkingSet


class Solver(Protocol):
    """Solves one alpha on a working set: proximal Newton, or proximal gradient."""

    def reduce(
        self, problem: Problem, state: State, working: WorkingSet, target: float, max_iter: int
    ) -> tuple[float, int]:
        """Update the state until the working set's gap is at most `target` (absolute). Returns (gap, steps).

        On entry and on return working.correlation is that of the state. Ends early after `max_iter` steps, or when
        rounding errors prevent progress.
        """


class InnerSolver(Protocol):
    """Solves the model of a working set: pivots, coordinate descent, or whichever is cheaper (choice.py).

    The model is -c'd + d'Hd/2 plus the penalty at b + d, with c = working.correlation at the state (see
    active_set/quadratic_model.py); for least squares it is the objective.
    """

    def solve(
        self, working: WorkingSet, state: State, anew: bool, precision: float
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """(coefficients b + d (m,), their correlations c - H d (m,) or None if the solver does not compute them).

        The state is not changed. The matrix that `working` keeps is computed `anew` at the current curvature, or used
        as it is; a solver without one uses the current curvature. `precision` is the gap wanted (absolute).
        """
