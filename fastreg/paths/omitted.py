"""Columns that a fit leaves out though their values differ: said once, by name."""

import numpy as np

from fastreg.interface import validation as check
from fastreg.objective.problem import CONSTANT

LISTED = 6  # columns that a message names


def warn_omitted(problem, names=None):
    """Warn of the usable columns of X that its problem leaves out: too small to square, or constant up to rounding.

    Columns of one value, which nobody misses, and those left out on purpose are passed over.
    """
    tiny = np.flatnonzero(problem.tiny)
    if tiny.size:
        label = f" ({names[tiny[0]]!r})" if names else ""
        check.warn(
            f"column {tiny[0]}{label} of X holds values so small that their squares underflow; it counts as "
            f"constant ({tiny.size} such columns); rescale it",
            check.DataWarning,
            topic="tiny columns",
        )
    rows = problem.weight > 0.0
    left = problem.left_out[np.isfinite(problem.factor[problem.left_out]) & ~problem.tiny[problem.left_out]]
    left = left[problem.centre[left] != 0.0]  # of mean zero and without spread is a column of zeros
    if problem.bounds is not None:
        left = left[problem.bounds.lower[left] < problem.bounds.upper[left]]
    near = [int(j) for j in left if _differs(problem.design, j, rows)]
    if near:
        listed = ", ".join(f"{j} ({names[j]!r})" if names else str(j) for j in near[:LISTED])
        more = f" and {len(near) - LISTED:,} more" if len(near) > LISTED else ""
        check.warn(
            f"constant but for rounding: column{'s' * (len(near) > 1)} {listed}{more} of X, whose values spread by "
            f"less than {CONSTANT:g} of their mean, left out of the fit; subtract the mean, X - X.mean(axis=0), to "
            "keep what spread there is",
            check.DataWarning,
            topic="constant columns",
        )


def _differs(design, j, rows):
    """Whether a column has several values in some rows."""
    values = design.gather(np.array([j]))[rows, 0]
    return bool(np.any(values != values[0]))
