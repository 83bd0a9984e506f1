"""Checks of parameters that are numbers, counts, flags or names; a ParameterError says what is allowed."""

import numbers

import numpy as np

from fastreg.interface.naming import meant

LISTED = 6  # names spelled out in a message


class ParameterError(ValueError, TypeError):
    """A parameter of the wrong type or out of its range; of both classes, as scikit-learn's InvalidParameterError."""


def listed(names):
    """Names for a message: the first few, and how many more there are."""
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(map(repr, list(names)[:LISTED])) + more


def plain(value):
    """A NumPy scalar as Python's own, whose repr is what a user wrote: 1, not np.int64(1)."""
    return value.item() if isinstance(value, np.generic) else value


def check_number(name, value, low, high, *, low_open=False, high_open=False):
    """A real number within bounds."""
    real = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))
    if real and (value > low if low_open else value >= low) and (value < high if high_open else value <= high):
        return float(value)
    interval = f"{'(' if low_open else '['}{low:g}, {high:g}{')' if high_open else ']'}"
    raise ParameterError(f"{name} must be {'' if real else 'a number '}in {interval}, got {plain(value)!r}")


def check_count(name, value, low):
    """An integer of at least `low`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral) or value < low:
        raise ParameterError(f"{name} must be an integer of at least {low}, got {plain(value)!r}")
    return int(value)


def check_option(name, value, options):
    """One of a set of words."""
    if not isinstance(value, str) or value not in options:
        allowed = ", ".join(map(repr, options))
        raise ParameterError(f"{name} must be one of {allowed}, got {plain(value)!r}{meant(value, options)}")
    return value


def check_flag(name, value):
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ParameterError(f"{name} must be True or False, got {plain(value)!r}")
    return bool(value)
