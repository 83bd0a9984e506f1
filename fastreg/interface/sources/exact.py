"""Types that fits read in place, and copies into them that change no value without being asked."""

import numpy as np

from fastreg.interface.scalars import ParameterError

STORED = tuple(np.dtype(each) for each in ("bool", "int8", "uint8", "int16", "float32", "float64"))  # read in place


class Refused(ValueError):
    """Values of a source that cannot be stored."""


def storable(dtype):
    """The first of `STORED` that holds all values of a type; of large whole numbers, those that it has exactly."""
    kept = next((each for each in STORED if dtype.kind in "biuf" and np.can_cast(dtype, each)), None)
    if kept is None:
        raise Refused(f"the source holds values of type {dtype}; only real numbers of at most 64 bits can be stored")
    return kept


def check_dtype(dtype):
    """A type to store values in as np.dtype. Raises a ParameterError for one that fits do not read in place."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in STORED:
        raise ParameterError(f"dtype must be None or one of {', '.join(map(str, STORED))}, got {dtype!r}")
    return found


def copy_exactly(values, out, place):
    """Copy an array into `out` of another type; only numbers of float64 may be rounded, where out is float32.

    Raises Refused with the first value that `out` cannot hold. `place(i)` words the position i in the array.
    """
    if np.can_cast(values.dtype, out.dtype) and (values.dtype.itemsize < 8 or values.dtype.kind == "f"):
        out[...] = values
        return
    with np.errstate(invalid="ignore", over="ignore"):
        out[...] = values
        if values.dtype.kind == out.dtype.kind == "f":
            lost = np.isfinite(values) & ~np.isfinite(out)
        else:
            lost = out.astype(values.dtype) != values
    if lost.any():
        first = tuple(np.argwhere(lost)[0].tolist())
        value = values[first].item()
        if value != value and out.dtype.kind != "f":
            raise Refused(f"{place(first)} is missing (NaN), which {out.dtype} cannot hold; fill it first, or "
                          "pass missing='mean' and dtype='float32'")  # fmt: skip
        raise Refused(f"{place(first)} is {value!r}, which {out.dtype} cannot hold exactly; choose another dtype")
