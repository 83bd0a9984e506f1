"""Lists of all columns, and copies of vectors inside kernels.

An assignment of slices would allocate a copy, in case that the two overlap.
"""

import numpy as np

from fastreg.numerics.jit import inlined_kernel


def in_order(columns, p):
    """Whether `columns` are all p columns in ascending order, so that they need not be taken one by one."""
    return len(columns) == p and bool(np.array_equal(columns, np.arange(p)))


@inlined_kernel
def copy_values(source, out):
    """Write out[:] = source."""
    for i in range(out.size):
        out[i] = source[i]
