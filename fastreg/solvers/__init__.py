"""Solvers, and which one suits a problem.

    name                  solves                                        how
    active_set            least squares                                 pivots: exact, one column in or out at a time
    coordinate_descent    every family                                  soft-thresholding on each quadratic model
    newton                every family                                  proximal Newton with pivots; IRLS where l1 = 0
    proximal_gradient     every family                                  accelerated, with restart
    ridge                 least squares, l1_ratio = 0                   closed form, one factorisation a path

"auto": without an l1 part, `ridge` or `newton` (IRLS in primal, dual or conjugate-gradient form by size); else proximal
Newton (one step for least squares) whose inner solver is chosen anew at every point by `Cheapest`: pivots, coordinate
descent, or for elastic nets with more active columns than rows Newton steps among the rows. Least squares with many
more rows than columns is solved on p rows that stand for all of them (fastreg.compression). A cold start where X has at
most n * n stored values, or is small, first tries coordinate descent, see `make_first`. Where coefficients have bounds
a fit without an l1 part goes the same way; pivots and descent both know them.
"""

import math

import numpy as np

from fastreg.solvers.active_set import ActiveSet
from fastreg.solvers.coordinate_descent import CoordinateDescent
from fastreg.solvers.proximal_gradient import ProximalGradient
from fastreg.solvers.semismooth import Semismooth
from fastreg.solvers.working_set import ProximalNewton

SOLVERS = ("auto", "active_set", "coordinate_descent", "newton", "proximal_gradient", "ridge")
LARGEST_GRAM = 12_000  # columns of a working set whose Gram matrix is kept (1.2 GB)
EPOCHS_A_DIGIT = 10.0  # passes over the working set that descent takes for a digit of the gap, the first aside
TINY = 1e-15  # tol that no descent reaches
SLOW_READ = 3.0  # a scattered read and write of a row costs as much as this many operations of a pivot
FEW = 500  # below this support pivots always win
FIRST_PASSES = 25  # over the columns, that one descent of a cold start may take


def descent_pays(changes, support, working, tol, refactor=False):
    """Whether coordinate descent is the cheaper for a model, by the work each would take on this working set.

    A pivot costs about 2 |A|^2 + 2 |W| |A| operations (triangular solves, and correlations along the new direction),
    and a model takes at least as many pivots as columns enter or leave. An epoch of coordinate descent reads the
    working set's stored values twice, at the pace of memory; how many it takes depends on the gap wanted, `tol`.
    Pivots are exact and need no second round, so they win until supports reach thousands.
    """
    m, size = working.columns.size, support + changes
    walking = 2.0 * changes * size * (size + m) + (size**3 / 3.0 if refactor else 0.0)
    epochs = EPOCHS_A_DIGIT * max(-math.log10(max(tol, TINY)) - 1.0, 1.0)
    descending = epochs * 4.0 * SLOW_READ * working.stored()
    return m > LARGEST_GRAM or (walking > descending and size > FEW)


class Cheapest:
    """Pivots, Newton steps among rows or coordinate descent, whichever takes least work for the model at hand."""

    def __init__(self):
        self.pivots, self.rows, self.descent = ActiveSet(), Semismooth(), CoordinateDescent("residual")
        self.changes = 5.0  # columns that enter or leave in one model, as seen lately
        self.descended = False  # then the factor is gone

    def solve(self, working, state, anew, precision):
        old = state.coef[working.columns]
        support = np.count_nonzero(old)
        bounded = working.problem.bounds is not None
        if bounded and working.l2_key > 0.0 and not working.l1.any():  # ridge within bounds: all change that may
            self.changes = max(self.changes, 0.25 * old.size)
        if not bounded and self.rows.suits(working, support):
            found = self.rows.solve(working, state, anew)
            if found is not None:
                return found
            anew = False  # the curvature is up to date
        tol = precision / working.problem.scale if working.problem.scale > 0.0 else TINY
        self.descended = descent_pays(self.changes, support, working, tol, refactor=self.descended)
        inner = self.descent if self.descended else self.pivots
        coef, correlation = inner.solve(working, state, anew, precision)
        changed = np.count_nonzero((coef != 0.0) != (old != 0.0))
        self.changes = max(0.9 * self.changes, changed, 2.0)  # a second model at a point changes little
        return coef, correlation


def make_solver(name, family, l1_ratio, bounded=False):
    """The solver called `name` for working sets, or None where the smooth (l1 = 0) path is to be taken."""
    if name == "ridge" and bounded:
        raise ValueError("solver='ridge' is a closed form, which knows no bounds; use solver='auto'")
    if name == "ridge" and not (family.quadratic and l1_ratio == 0.0):
        raise ValueError("solver='ridge' is for family='gaussian' with l1_ratio=0")
    if name == "active_set" and not family.quadratic:
        raise ValueError(f"solver='active_set' solves least squares; for family={family.name!r} use solver='newton'")
    if l1_ratio == 0.0 and not bounded and name in ("auto", "newton", "ridge"):
        return None
    if name == "proximal_gradient":
        return ProximalGradient()
    inner = {"coordinate_descent": CoordinateDescent, "auto": Cheapest}.get(name, ActiveSet)
    return ProximalNewton(inner())


def make_first(name):
    """What tries a cold start before a working set is formed, or None: coordinate descent, with bounded epochs.

    Where columns are nearly independent some dozen epochs end at the solution, sooner than a Gram matrix is built.
    """
    return ProximalNewton(CoordinateDescent("residual", passes=FIRST_PASSES)) if name == "auto" else None
