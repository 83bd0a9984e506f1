"""Solvers, and which one suits a problem.

    name                  solves                                        how
    active_set            least squares                                 pivots: exact, one column in or out at a time
    coordinate_descent    every family                                  soft-thresholding on each quadratic model
    newton                every family                                  proximal Newton with pivots; IRLS where l1 = 0
    proximal_gradient     every family                                  accelerated, with restart
    ridge                 least squares, l1_ratio = 0                   closed form, one factorisation a path

"auto", and the names of strategies for whole paths (paths/plan.py), leave the choice of the solver for a model to
`AutomaticChoice`: pivots, coordinate descent, or for elastic nets with more active columns than rows Newton steps among
the rows.
"""

from collections.abc import Callable

from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.automatic_choice import AutomaticChoice
from fastreg.solvers.coordinate_descent import CoordinateDescent
from fastreg.solvers.protocol import InnerSolver, Solver
from fastreg.solvers.proximal_gradient import ProximalGradient
from fastreg.solvers.proximal_newton import ProximalNewton

SOLVERS = ("auto", "active_set", "coordinate_descent", "newton", "proximal_gradient", "ridge")


def check_solver(name, family, has_l1, bounded=False):
    """A ValueError where the solver called `name` cannot solve such a problem."""
    if name == "ridge" and bounded:
        raise ValueError("solver='ridge' is a closed form, which knows no bounds; use solver='auto'")
    if name == "ridge" and (has_l1 or not family.quadratic):
        raise ValueError("solver='ridge' is for family='gaussian' with l1_ratio=0, or a penalty whose l1 rates are 0")
    if name == "active_set" and not family.quadratic:
        raise ValueError(f"solver='active_set' solves least squares; for family={family.name!r} use solver='newton'")


INNER: dict[str, Callable[[], InnerSolver]] = {
    "coordinate_descent": CoordinateDescent,
    "active_set": ActiveSet,
    "newton": ActiveSet,
}


def make_solver(name: str, changes: float | None = None) -> Solver:
    """The solver called `name` for working sets; `changes` are columns that have entered or left lately, if known."""
    if name == "proximal_gradient":
        return ProximalGradient()
    return ProximalNewton(INNER[name]() if name in INNER else AutomaticChoice(changes))
