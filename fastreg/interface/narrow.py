"""The types of numbers in which X is read where it lies; arrays of others are converted to float64."""

import numpy as np

NARROW = tuple(map(np.dtype, ("float32", "int8", "uint8", "int16")))  # bool is read as uint8
SMALL = 2**18  # values up to which a conversion takes less time than kernels for another type take to compile


def is_kept(dtype):
    """Whether kernels read numbers of this type."""
    return dtype in (np.float64, np.bool_, *NARROW)


def kept(values, size=None, order="K"):
    """An array as kernels read it: as it is, bool as uint8, or a float64 copy in `order` if it is of another type, or
    of a narrow one and small. `size` is the number of all values of X, if these are a part."""
    if values.dtype == np.float64:
        return values
    if not is_kept(values.dtype) or (values.size if size is None else size) <= SMALL:
        return values.astype(np.float64, order=order)
    return values.view(np.uint8) if values.dtype == np.bool_ else values
