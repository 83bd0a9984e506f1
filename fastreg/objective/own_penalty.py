"""Checks of a user's own penalty (`Penalty` in protocol.py) and of the rates that it returns."""

from typing import Any, NamedTuple

import numpy as np

from fastreg.interface import validation as check


class Rates(NamedTuple):
    """The rates of all columns as a penalty returned them, which a fit uses and its path stores."""

    name: str
    l1: np.ndarray  # (p,)
    l2: np.ndarray  # (p,)

    def rates(self, p: int) -> tuple[np.ndarray, np.ndarray]:
        """(l1, l2)."""
        return self.l1, self.l2

    def on(self, columns: np.ndarray) -> "Rates":
        """The rates of some columns."""
        return Rates(self.name, self.l1[columns], self.l2[columns])


def check_penalty(penalty: Any, l1_ratio: float) -> None:
    """Raise ParameterError if an argument is no penalty, or if l1_ratio is given as well."""
    if isinstance(penalty, type) and hasattr(penalty, "rates"):
        name = penalty.__name__
        raise check.ParameterError(f"penalty must be an object, not its class: pass penalty={name}(...)")
    if not callable(getattr(penalty, "rates", None)):
        raise check.ParameterError(
            "penalty must be an object whose method rates(p) returns the l1 and the l2 rates of p columns, got "
            f"{penalty!r}; strengths are alphas, the lasso, ridge and elastic nets l1_ratio, factors of columns "
            "penalty_factor"
        )
    if l1_ratio != 1.0:
        raise check.ParameterError(
            f"penalty and l1_ratio={l1_ratio:g} are given, but a penalty has l1 and l2 rates of its own; leave one out"
        )


def rates_of(penalty: Any, p: int) -> Rates:
    """The rates of p columns. Raises ParameterError if they are invalid."""
    name = penalty.name if isinstance(penalty, Rates) else type(penalty).__name__
    found, asked = penalty.rates(p), f"{name}.rates({p})"
    if not (isinstance(found, tuple | list) and len(found) == 2):
        raise check.ParameterError(f"{asked} must return two arrays, (l1, l2), but returned {found!r}")
    l1, l2 = (_rate(asked, which, each, p) for which, each in zip(("l1", "l2"), found))
    return Rates(name, l1, l2)


def _rate(asked, which, given, p):
    """The l1 or the l2 rates as read-only float64 (p,); a single number is repeated for every column."""
    try:
        rate = np.array(given, dtype=float)
    except (TypeError, ValueError):
        raise check.ParameterError(f"{asked} must return numbers, but its {which} is {given!r}") from None
    if rate.ndim == 0:
        rate = np.full(p, rate)
    if rate.shape != (p,):
        raise check.ParameterError(
            f"{asked} returned {which} of shape {rate.shape}, but X has {p} columns: return an array of shape ({p},), "
            "or one number for all columns"
        )
    bad = np.flatnonzero(~((rate >= 0.0) & np.isfinite(rate)))
    if bad.size:
        raise check.ParameterError(
            f"{asked} returned {which}[{bad[0]}] = {rate[bad[0]]:g}, and rates must be finite and 0 or more "
            "(penalty_factor=inf leaves a column out)"
        )
    return check.read_only(rate)
